"""Whether a page may offer PayPal's button, for how much and how long; what a link shows."""

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest

from orderhub.domain import commands
from orderhub.domain.commands import Change, Placement
from orderhub.domain.details import Actor, Details
from orderhub.domain.errors import NotFound
from orderhub.domain.events import Terms
from orderhub.domain.lines import LineRequest
from orderhub.domain.money import Money, UnitPrice
from orderhub.domain.order import Order
from orderhub.domain.payment import Payment, PaymentState
from orderhub.domain.report import payment_reference
from orderhub.domain.shop import Shop
from orderhub.services.manage_payment_accounts import set_account
from orderhub.services.payment_link import LinkRequest, RefusedBy, send_payment_link
from orderhub.services.paypal_offer import PayPalOffer, awaits_payment, paypal_amount, paypal_offer
from orderhub.services.place_order import place_order
from orderhub.services.visit_payment import PaymentVisit, visit_payment
from tests.support.fakes import (
    NOON,
    FakeDesk,
    FakeMailer,
    FakePaymentAccounts,
    FakeShops,
    FakeVault,
)

CLERK = Actor("brandcloud", "1", "QQ Wang")
CLIENT_ID = "AZ-client_1"


class Till:
    """A shop with a PayPal account, and an order of 100 EUR to be paid within the hour."""

    def __init__(self) -> None:
        self.fake, self.mailer = FakeDesk(), FakeMailer()
        self.shops, self.accounts = FakeShops(), FakePaymentAccounts()
        self.shops.put(Shop(id="demo", name="Demo", currency="EUR", created_at=NOON))
        self.set_account(client_id=CLIENT_ID)
        self.order = self.place()

    def set_account(self, **settings: str) -> None:
        set_account(
            self.shops,
            self.accounts,
            FakeVault,
            self.fake.clock,
            "demo",
            "paypal",
            settings={"webhook_id": "1JE4291016473214C", **settings},
        )
        self.accounts.reads = 0

    def place(self, currency: str = "EUR", lines: int = 1, timeout: int | None = 3600) -> Order:
        wanted = LineRequest(product_id="1", quantity=1, unit_price=UnitPrice.of("100", currency))
        placement = Placement(
            wire="brandcloud",
            currency=currency,
            terms=Terms(payment_timeout=timeout, refund_window=86400),
            details=Details(payment_method="PayPal"),
            lines=[wanted] * lines,
        )
        return place_order(self.fake.desk, "demo", placement, CLERK).order

    def after(self, decide: Callable[[Change], object]) -> Order:
        change = Change(self.stored(), self.now, CLERK)
        decide(change)
        self.fake.desk.orders.commit(change)
        return change.order

    def stored(self) -> Order:
        order = self.fake.desk.orders.get("demo", self.order.id)
        assert order
        return order

    @property
    def now(self) -> datetime:
        return self.fake.clock.now()

    def offer(self, order: Order | None = None, *ends: datetime | None) -> PayPalOffer | None:
        return paypal_offer(self.accounts, (order or self.order).as_of(self.now), self.now, *ends)

    def send(self, seller: str = "TW Shop") -> str:
        """The token that is in the mail."""
        wanted = LinkRequest(email="a@example.com", seller=seller, page_url="token={token}")
        send_payment_link(self.fake.desk, self.mailer, self.order, wanted)
        return self.mailer.sent[-1].text.split("token=")[1].split()[0]

    def visit(self, token: str) -> PaymentVisit:
        return visit_payment(self.fake.desk, self.shops, self.accounts, token)


@pytest.fixture
def till() -> Till:
    return Till()


def paid_by_paypal(amount: str, transaction_id: str = "T1", currency: str = "EUR") -> Payment:
    return Payment(
        id=0,
        provider="paypal",
        transaction_id=transaction_id,
        amount=Money.of(amount, currency),
        state=PaymentState.PENDING,
        created_at=NOON,
        updated_at=NOON,
    )


# -- amounts -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("amount", "currency", "written"),
    [
        ("128.00", "EUR", "128.00"),
        ("0.01", "USD", "0.01"),
        ("24288", "JPY", "24288"),
        ("128.00", "HUF", "128"),
        ("1000.00", "TWD", "1000"),
        ("128.50", "HUF", None),
        ("0.01", "TWD", None),
        ("1.500", "KWD", None),
        ("128.00", "CNY", None),
        ("5", "KRW", None),
    ],
)
def test_amounts_are_as_paypal_takes_them(amount: str, currency: str, written: str | None) -> None:
    assert paypal_amount(Money.of(amount, currency)) == written


# -- offers ------------------------------------------------------------------------------------


def test_what_is_due_is_offered_until_it_is_due(till: Till) -> None:
    till.fake.clock.advance(600)
    assert till.offer() == PayPalOffer(
        client_id=CLIENT_ID,
        reference=payment_reference(till.order.id),
        currency="EUR",
        amount="100.00",
        valid_for=timedelta(seconds=3000),
    )
    sooner = till.offer(None, till.now + timedelta(seconds=60), None)
    assert sooner
    assert sooner.valid_for == timedelta(seconds=60)


def test_an_order_without_a_deadline_is_offered_without_end(till: Till) -> None:
    offer = till.offer(till.place(timeout=None))
    assert offer
    assert offer.valid_for is None


def test_what_was_paid_in_part_is_offered_for_the_rest(till: Till) -> None:
    payment = paid_by_paypal("40.00")
    part = till.after(lambda change: commands.capture_payment(change, payment))
    offer = till.offer(part)
    assert offer
    assert offer.amount == "60.00"


def test_nothing_is_offered_at_the_very_end(till: Till) -> None:
    assert till.offer(None, till.now) is None
    till.fake.clock.advance(3600)
    assert till.offer() is None


def test_money_that_is_under_way_or_looked_into_is_not_asked_for_again(till: Till) -> None:
    assert awaits_payment(till.order)
    due = till.order.outstanding

    def hold(change: Change) -> None:
        commands.hold_payment(change, paid_by_paypal("99.00", "T2"), due)

    held = till.after(hold)
    assert till.offer(held) is None
    till = Till()
    pending = till.after(
        lambda change: commands.start_payment(change, paid_by_paypal("100.00"), None)
    )
    assert till.offer(pending) is None
    failed = till.after(lambda change: commands.fail_payment(change, "paypal", "T1", "declined"))
    assert till.offer(failed)


def test_paid_cancelled_and_empty_orders_are_not_offered(till: Till) -> None:
    assert till.offer(till.place(lines=0)) is None
    payment = paid_by_paypal("100.00")
    paid = till.after(lambda change: commands.capture_payment(change, payment))
    assert till.offer(paid) is None
    till = Till()
    cancelled = till.after(lambda change: commands.cancel(change, "no longer wanted"))
    assert till.offer(cancelled) is None


def test_without_an_account_that_says_its_client_there_is_no_offer(till: Till) -> None:
    till.set_account(client_id="")
    assert till.offer() is None
    till.accounts.kept.clear()
    assert till.offer() is None


def test_the_account_is_read_only_for_what_it_could_take(till: Till) -> None:
    assert till.offer(till.place("KWD")) is None
    assert till.offer(till.place(lines=0)) is None
    assert till.accounts.reads == 0
    assert till.offer()
    assert till.accounts.reads == 1


# -- payment links -----------------------------------------------------------------------------


def test_a_link_shows_the_seller_and_the_offer_while_it_holds(till: Till) -> None:
    visit = till.visit(till.send())
    assert (visit.seller, visit.order.id, visit.has_expired) == ("TW Shop", till.order.id, False)
    assert visit.failure is None
    assert visit.offer
    assert visit.offer.valid_for == timedelta(minutes=15)


def test_a_link_without_a_seller_shows_the_shop(till: Till) -> None:
    assert till.visit(till.send(seller=" ")).seller == "Demo"


def test_a_link_that_expired_offers_nothing_of_an_order_that_may_still_be_paid(till: Till) -> None:
    token = till.send()
    till.fake.clock.advance(15 * 60)
    visit = till.visit(token)
    assert (visit.has_expired, visit.awaits_payment, visit.offer) == (True, True, None)
    assert till.accounts.reads == 0


def test_who_was_refused_may_try_again(till: Till) -> None:
    token = till.send()
    till.after(lambda change: commands.start_payment(change, paid_by_paypal("100.00"), None))
    assert till.visit(token).offer is None
    till.after(lambda change: commands.fail_payment(change, "paypal", "T1", "012: card expired"))
    visit = till.visit(token)
    assert visit.offer
    assert visit.failure
    assert (visit.failure.refused_by, visit.failure.code) == (RefusedBy.PROVIDER, "012")


def test_a_link_of_a_paid_order_offers_nothing(till: Till) -> None:
    token = till.send()
    till.after(lambda change: commands.capture_payment(change, paid_by_paypal("100.00")))
    visit = till.visit(token)
    assert (visit.awaits_payment, visit.offer, visit.failure) == (False, None, None)


@pytest.mark.parametrize("token", ["", "nope", "x" * 5000, "\ud800", "../../etc", "\x00"])
def test_a_token_that_never_was_leads_nowhere(till: Till, token: str) -> None:
    with pytest.raises(NotFound):
        till.visit(token)


def test_a_link_of_a_shop_that_is_gone_leads_nowhere(till: Till) -> None:
    token = till.send()
    till.shops = FakeShops()
    with pytest.raises(NotFound):
        till.visit(token)
