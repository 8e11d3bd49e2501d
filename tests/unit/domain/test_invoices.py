"""When an invoice is issued, and what it fixes."""

from dataclasses import replace

import pytest

from orderhub.adapters.dynamodb.codec import decode, encode
from orderhub.domain import commands
from orderhub.domain.details import Address, Contact, Details
from orderhub.domain.invoice import Invoice, Invoicing, Seller
from orderhub.domain.order import Order
from orderhub.domain.payment import Payment, PaymentState
from orderhub.domain.status import OrderStatus
from tests.support.fakes import NOON
from tests.support.story import DAY, HOUR, MINUTE, Story, line, money, payment

SELLER = Seller(id="1", name="Company A", address=Address(city="Taichung"))
INVOICING = Invoicing(seller=SELLER, number="AAAA170329000006IN")
BILLING = Address(given_name="CC", family_name="Lee", city="Taichung")
SHIPPING = Address(full_name="QQ Wang", city="Taipei")


def story(details: Details | None = None, *, price: str = "50.00") -> Story:
    return Story(line(price), invoicing=INVOICING, details=details or Details())


def test_an_invoice_is_issued_in_the_change_that_makes_an_order_paid() -> None:
    told = story()
    told.wait(MINUTE)
    assert told.pay("40.00") == ["payment.captured"]
    assert not told.order.invoices
    assert told.pay("60.00", "T2") == ["payment.captured", "order.paid", "invoice.issued"]
    assert told.order.invoices == (
        Invoice(number="AAAA170329000006IN", issued_at=told.now, seller=SELLER),
    )
    assert told.order.invoices[0].issued_at == told.order.paid_at


def test_a_payment_that_a_provider_confirms_later_issues_it_then() -> None:
    told = story()
    told.do(commands.start_payment, payment("100.00"), None)
    assert told.order.invoices == ()
    assert told.pay("100.00") == ["payment.confirmed", "order.paid", "invoice.issued"]


def test_an_order_that_costs_nothing_has_its_invoice_from_the_start() -> None:
    told = story(price="0")
    assert [entry.event.TYPE for entry in told.history] == [
        "order.placed",
        "order.paid",
        "invoice.issued",
    ]


def test_orders_that_were_placed_without_invoicing_get_none() -> None:
    told = Story()
    assert told.pay("100.00") == ["payment.captured", "order.paid"]
    assert told.order.invoices == ()


def test_an_order_that_is_never_paid_gets_none() -> None:
    told = story()
    told.wait(HOUR)
    told.do(commands.close_what_is_due)
    told.do(commands.keep_reported_payment, payment("100.00"))
    assert told.status() is OrderStatus.EXPIRED
    assert told.order.invoices == ()


def test_an_overpayment_and_a_refund_issue_no_second_one() -> None:
    told = story()
    told.pay("100.00")
    told.pay("10.00", "T2")
    told.give_back("110.00")
    assert len(told.order.invoices) == 1


@pytest.mark.parametrize(
    ("details", "recipient", "ship_to"),
    [
        (Details(billing_address=BILLING, shipping_address=SHIPPING), BILLING, SHIPPING),
        (Details(billing_address=BILLING, shipping_address=BILLING), BILLING, None),
        (Details(billing_address=BILLING), BILLING, None),
        (Details(shipping_address=SHIPPING), SHIPPING, None),
        (
            Details(customer=Contact(id="7", name="CC Lee", email="cc@example.com", phone="09")),
            Address(full_name="CC Lee", email="cc@example.com", phone="09"),
            None,
        ),
        (Details(), None, None),
    ],
)
def test_it_is_made_out_to_the_best_known_address(
    details: Details, recipient: Address | None, ship_to: Address | None
) -> None:
    told = story(details)
    told.pay("100.00")
    (invoice,) = told.order.invoices
    assert (invoice.recipient, invoice.ship_to) == (recipient, ship_to)


def test_what_is_corrected_later_does_not_rewrite_it() -> None:
    told = story(Details(billing_address=BILLING, shipping_address=SHIPPING))
    told.pay("100.00")
    told.wait(DAY)
    moved = replace(BILLING, city="Tainan")
    told.do(
        commands.change_details,
        replace(told.order.details, billing_address=moved, shipping_address=moved),
    )
    assert told.order.details.billing_address == moved
    (invoice,) = told.order.invoices
    assert (invoice.recipient, invoice.ship_to) == (BILLING, SHIPPING)


def test_it_is_stored_with_the_order_and_its_events() -> None:
    told = story(Details(billing_address=BILLING))
    told.pay("100.00")
    assert decode(encode(told.order), Order) == told.order
    for entry in told.history:
        assert decode(encode(entry.event), type(entry.event)) == entry.event


def test_a_payment_of_nothing_for_lines_that_came_later_issues_it() -> None:
    told = Story(invoicing=INVOICING, empty=True)
    told.do(commands.add_lines, [line("0")])
    nothing = Payment(
        id=0,
        provider="cash",
        transaction_id="",
        amount=money("0"),
        state=PaymentState.PENDING,
        created_at=NOON,
        updated_at=NOON,
    )
    assert told.do(commands.capture_payment, nothing)[-1] == "invoice.issued"
