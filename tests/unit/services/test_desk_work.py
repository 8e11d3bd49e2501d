"""Filing, remarks, letters, feedback, corrected parcels, and mails of thanks."""

from decimal import Decimal

import pytest

from orderhub.domain.commands import Change, Placement
from orderhub.domain.correspondence import Party, Rating
from orderhub.domain.details import Actor, Address, Contact, Details
from orderhub.domain.errors import InvalidField, Unavailable
from orderhub.domain.events import Terms
from orderhub.domain.lines import LineRequest
from orderhub.domain.money import UnitPrice
from orderhub.domain.order import Order
from orderhub.services.cancel_order import cancel_order
from orderhub.services.correct_shipment import ShipmentFacts, correct_shipment
from orderhub.services.correspond import (
    Letter,
    Opinion,
    add_message,
    give_feedback,
    reply_to_feedback,
)
from orderhub.services.file_order import file_order
from orderhub.services.place_order import place_order
from orderhub.services.record_payment import ReceivedPayment, record_payment
from orderhub.services.remark_order import remark_order
from orderhub.services.ship_order import WantedShipment, ship_order
from orderhub.services.thank_buyer import ThankYou, thank_buyer
from tests.support.fakes import FakeDesk, FakeMailer

MEI = Actor("operator", "mei")
KIM = Contact(name="Kim", email="kim@buyer.example")
THANKS = ThankYou(seller="Brick  Shop\n", title="Thank You, Drive Thru!")


class Office(FakeDesk):
    def __init__(self) -> None:
        super().__init__()
        self.mailer = FakeMailer()

    def order(self, details: Details | None = None) -> Order:
        placement = Placement(
            wire="bricklink",
            currency="EUR",
            terms=Terms(),
            details=details or Details(customer=KIM),
            lines=[
                LineRequest(product_id="3001", quantity=4, unit_price=UnitPrice.of("2.5", "EUR"))
            ],
        )
        return place_order(self.desk, "demo", placement, MEI).order

    def thank(self, order: Order, wanted: ThankYou = THANKS, *, again: bool = False) -> Change:
        return thank_buyer(self.desk, self.mailer, order, wanted, MEI, again=again)


def test_a_closed_order_is_filed_remarked_discussed_and_rated() -> None:
    office = Office()
    order = cancel_order(office.desk, office.order(), MEI).order
    order = file_order(office.desk, order, MEI, is_filed=True).order
    order = remark_order(office.desk, order, "never again", MEI).order
    letter = Letter(subject="Why", body="Why?", sender="kim", recipient="brickshop")
    order = add_message(office.desk, order, letter, MEI).order
    opinion = Opinion(
        side=Party.BUYER, rating=Rating.COMPLAINT, sender="brickshop", recipient="kim"
    )
    order = give_feedback(office.desk, order, opinion, MEI).order
    order = reply_to_feedback(office.desk, order, Party.BUYER, "Sorry", MEI).order

    assert office.orders.get("demo", order.id) == order
    assert (order.is_filed, order.remarks) == (True, "never again")
    assert [message.body for message in order.messages] == ["Why?"]
    assert [(each.rating, each.reply) for each in order.feedback] == [(2, "Sorry")]


def test_a_parcel_is_corrected_after_the_order_is_paid_and_closed() -> None:
    office = Office()
    money = ReceivedPayment(provider="paypal", transaction_id="1", amount=Decimal(10))
    order = record_payment(office.desk, office.order(), money, MEI).order
    order = ship_order(office.desk, order, WantedShipment(carrier="DHL"), MEI).order
    facts = ShipmentFacts(tracking_number="D1", tracking_url="https://dhl.example/D1")
    order = correct_shipment(office.desk, order, 1, facts, MEI).order
    parcel = order.shipments[0]
    assert (parcel.carrier, parcel.tracking_number) == ("DHL", "D1")
    assert parcel.tracking_url == "https://dhl.example/D1"


# -- thanks ----------------------------------------------------------------------------------------


def test_the_buyer_is_thanked_once_with_what_was_ordered() -> None:
    office = Office()
    order = office.order()
    order = ship_order(
        office.desk, order, WantedShipment(carrier="DHL", tracking_number="D1"), MEI
    ).order
    thanked = office.thank(order).order

    (mail,) = office.mailer.sent
    assert (mail.to, mail.copy_to) == ("kim@buyer.example", "")
    assert mail.subject == f"Thank You, Drive Thru!: order {order.number} at Brick Shop"
    assert "Dear Kim," in mail.text
    assert "4 pieces for 10.00 EUR" in mail.text
    assert "by DHL D1." in mail.text
    assert thanked.thanked_at == office.clock.now()
    assert office.thank(thanked).recorded == []
    assert len(office.mailer.sent) == 1


def test_whoever_asks_for_it_again_gets_it_again_and_a_copy() -> None:
    office = Office()
    order = office.thank(office.order()).order
    office.clock.advance(60)
    copied = ThankYou(seller="Brick Shop", copy_to="me@shop.example")
    order = office.thank(order, copied, again=True).order
    assert [mail.copy_to for mail in office.mailer.sent] == ["", "me@shop.example"]
    assert order.thanked_at == office.clock.now()


def test_mail_goes_to_the_first_address_that_is_known() -> None:
    office = Office()
    shipping = Address(email="parcel@buyer.example")
    office.thank(office.order(Details(customer=Contact(name="Kim"), shipping_address=shipping)))
    office.thank(office.order(Details(billing_address=Address(email="bill@buyer.example"))))
    assert [mail.to for mail in office.mailer.sent] == [
        "parcel@buyer.example",
        "bill@buyer.example",
    ]
    assert office.mailer.sent[1].text.startswith("Hello,")


@pytest.mark.parametrize(
    ("email", "copy_to", "field", "reason"),
    [
        ("", "", "email", "blank"),
        ("kim", "", "email", "invalid"),
        ("kim@buyer.example", "me", "copy_to", "invalid"),
    ],
)
def test_without_a_good_address_nothing_is_sent_or_noted(
    email: str, copy_to: str, field: str, reason: str
) -> None:
    office = Office()
    order = office.order(Details(customer=Contact(email=email)))
    with pytest.raises(InvalidField) as refused:
        office.thank(order, ThankYou(seller="Brick Shop", copy_to=copy_to))
    assert (refused.value.field, refused.value.reason) == (field, reason)
    assert office.mailer.sent == []


def test_what_was_not_sent_is_not_noted() -> None:
    office = Office()
    office.mailer.broken = Unavailable("no answer")
    order = office.order()
    with pytest.raises(Unavailable):
        office.thank(order)
    assert office.orders.get("demo", order.id) == order
