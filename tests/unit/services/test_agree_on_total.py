"""Another price for a whole order, over fakes."""

from decimal import Decimal

import pytest

from orderhub.domain import commands
from orderhub.domain.commands import Change
from orderhub.domain.details import Actor
from orderhub.domain.errors import InvalidField, Reason, Refused
from orderhub.domain.money import Money
from orderhub.domain.order import Order
from orderhub.domain.status import PaymentStatus
from orderhub.services.agree_on_total import agree_on_total
from tests.support.fakes import FakeDesk
from tests.support.orders import payment, placed

CLERK = Actor("youhaosuda", "cred_1")


class Office(FakeDesk):
    """A desk with one order over 3.00 CNY."""

    def __init__(self) -> None:
        super().__init__()
        change = placed(lines=2)
        self.orders.commit(change)
        self.order: Order = change.order

    def agree(self, total: str) -> Change:
        return agree_on_total(self.desk, self.order, Decimal(total), CLERK)

    def pay(self, amount: str) -> None:
        def decide(change: Change) -> None:
            commands.capture_payment(change, payment(amount))

        self.desk.change("demo", self.order.id, CLERK, decide)


@pytest.fixture
def office() -> Office:
    return Office()


def test_one_write_sets_what_is_to_be_paid(office: Office) -> None:
    reads = office.orders.reads
    order = office.agree("2.50").order
    assert (order.total, order.calculated_total) == (Money(250, "CNY"), Money(300, "CNY"))
    assert order.outstanding == Money(250, "CNY")
    assert office.orders.reads == reads
    assert office.agree("2.50").order.version == 2


def test_a_price_may_go_up(office: Office) -> None:
    assert office.agree("99.99").order.outstanding == Money(9999, "CNY")


@pytest.mark.parametrize(
    ("total", "reason"),
    [
        ("-0.01", "too_small"),
        ("0.001", "too_precise"),
        ("NaN", "not_a_number"),
        ("Infinity", "not_a_number"),
        ("1E+400", "out_of_range"),
        ("99999999999999.99", "out_of_range"),
    ],
)
def test_what_is_no_price_is_refused(office: Office, total: str, reason: str) -> None:
    with pytest.raises(InvalidField) as refused:
        office.agree(total)
    assert (refused.value.field, refused.value.reason) == ("total", reason)
    assert office.orders.commits == 1


def test_an_order_that_was_paid_meanwhile_is_judged_as_it_is(office: Office) -> None:
    office.orders.meanwhile = [lambda: office.pay("3.00")]
    with pytest.raises(Refused) as refused:
        office.agree("2.50")
    assert refused.value.reason == Reason.ORDER_PAID


def test_who_asks_may_have_rules_of_their_own_for_the_order_as_it_is_then(office: Office) -> None:
    seen: list[PaymentStatus] = []

    def permit(order: Order) -> None:
        seen.append(order.payment_status)
        if order.payment_status is PaymentStatus.PARTIALLY_PAID:
            raise PermissionError

    office.orders.meanwhile = [lambda: office.pay("1.00")]
    with pytest.raises(PermissionError):
        agree_on_total(office.desk, office.order, Decimal(2), CLERK, permit=permit)
    assert seen == [PaymentStatus.UNPAID, PaymentStatus.PARTIALLY_PAID]


def test_an_order_past_its_deadline_has_no_price_any_more(office: Office) -> None:
    office.clock.advance(900)
    with pytest.raises(Refused) as refused:
        office.agree("2.50")
    assert refused.value.reason == Reason.ORDER_EXPIRED


def test_money_that_came_in_counts_towards_the_new_price(office: Office) -> None:
    office.pay("2.00")
    order = _agreed(office, "1.50")
    assert order.is_paid
    assert order.refund_due == Money(50, "CNY")


def _agreed(office: Office, total: str) -> Order:
    stored = office.orders.get("demo", office.order.id)
    assert stored
    return agree_on_total(office.desk, stored, Decimal(total), CLERK).order
