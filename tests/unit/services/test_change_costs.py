"""Costs on top of the lines, and the sales tax that follows them.

Orders have 3 lots at 0.0375 EUR a piece: 0.04, 0.38 and 3.75.
"""

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from orderhub.domain.commands import Placement
from orderhub.domain.details import Actor, Details
from orderhub.domain.errors import InvalidField, Refused
from orderhub.domain.events import Terms
from orderhub.domain.lines import Charge, ChargeKind, Discount, LineRequest
from orderhub.domain.money import Money, UnitPrice
from orderhub.domain.order import Order
from orderhub.services.add_lines import add_lines
from orderhub.services.bring_in_order import bring_in_order
from orderhub.services.cancel_order import cancel_order
from orderhub.services.change_costs import (
    SALES_TAX_RATE,
    Costs,
    change_costs,
    require_rate,
    rest_of_charges,
)
from orderhub.services.record_payment import ReceivedPayment, record_payment
from tests.support.fakes import FakeDesk

MEI = Actor("operator", "mei")
EXTENSION, RATE = SALES_TAX_RATE


def eur(amount: str) -> Money:
    return Money.of(amount, "EUR")


def lots(*quantities: int) -> list[LineRequest]:
    price = UnitPrice.of("0.0375", "EUR")
    return [
        LineRequest(product_id="3001", quantity=quantity, unit_price=price)
        for quantity in quantities
    ]


class Counter(FakeDesk):
    def order(self, rate: str | None = None, **more: Any) -> Order:
        facts = {EXTENSION: {RATE: rate}} if rate else {}
        placement = Placement(
            wire="bricklink",
            currency="EUR",
            terms=Terms(),
            details=Details(extensions=facts),
            lines=lots(1, 10, 100),
        )
        return bring_in_order(self.desk, "demo", replace(placement, **more), MEI).order

    def costs(self, order: Order, **costs: str) -> Order:
        wanted = Costs(**{name: Decimal(amount) for name, amount in costs.items()})
        return change_costs(self.desk, order, wanted, MEI).order


def by_name(order: Order) -> dict[str, str]:
    return {each.name or each.kind.value: each.amount.decimal_text for each in order.charges}


def test_costs_are_set_one_by_one_and_the_total_follows() -> None:
    counter = Counter()
    order = counter.order()
    assert order.item_total == eur("4.17")
    order = counter.costs(order, shipping="3.50", etc1="0.10")
    order = counter.costs(order, insurance="1", etc2="0.20", credit="0.77")
    assert by_name(order) == {
        "shipping": "3.50",
        "etc1": "0.10",
        "insurance": "1.00",
        "etc2": "0.20",
    }
    assert order.discounts == (Discount(amount=eur("0.77"), kind="credit"),)
    assert order.total == eur("8.20")
    order = counter.costs(order, shipping="4", etc1="0", credit="0.00")
    assert by_name(order) == {"shipping": "4.00", "insurance": "1.00", "etc2": "0.20"}
    assert (order.discounts, order.total) == ((), eur("9.37"))


def test_the_same_costs_again_record_nothing() -> None:
    counter = Counter()
    order = counter.costs(counter.order(rate="8.25"), shipping="3.50", credit="1")
    assert counter.costs(order, shipping="3.5", credit="1.00", etc1="0").version == order.version
    assert counter.costs(order).version == order.version


def test_what_others_charge_stays_beside_it() -> None:
    counter = Counter()
    order = counter.order(
        charges=(
            Charge(kind=ChargeKind.HANDLING, amount=eur("0.50")),
            Charge(kind=ChargeKind.SHIPPING, amount=eur("2"), name="Post", description="slow"),
            Charge(kind=ChargeKind.SHIPPING, amount=eur("1")),
            Charge(kind=ChargeKind.TAX, amount=eur("0.80"), included=True),
        ),
        discounts=(Discount(amount=eur("0.30"), code="WELCOME"),),
    )
    order = counter.costs(order, shipping="5", credit="0.10")
    assert order.charges == (
        Charge(kind=ChargeKind.HANDLING, amount=eur("0.50")),
        Charge(kind=ChargeKind.SHIPPING, amount=eur("5"), name="Post", description="slow"),
        Charge(kind=ChargeKind.TAX, amount=eur("0.80"), included=True),
    )
    assert [discount.kind for discount in order.discounts] == ["coupon", "credit"]


@pytest.mark.parametrize(
    ("rate", "costs", "tax"),
    [
        ("8.25", {"etc1": "0.01"}, "0.34"),  # 4.18 → 0.34485
        ("8.25", {"shipping": "3.50"}, "0.63"),  # 7.67 → 0.632775
        ("8.25", {"etc1": "0.01", "etc2": "0.06"}, "0.35"),  # 4.24 → 0.3498
        ("50", {"insurance": "0.02"}, "2.10"),  # 4.19 → 2.095
        ("8.25", {"credit": "4"}, "0.01"),  # 0.17 → 0.014025
        ("8.25", {"credit": "4.17"}, None),
        ("0", {"shipping": "3.50"}, None),
        ("0.0001", {"shipping": "9999999"}, "10.00"),
    ],
)
def test_sales_tax_follows_lines_and_costs_half_up_to_the_cent(
    rate: str, costs: dict[str, str], tax: str | None
) -> None:
    counter = Counter()
    order = counter.costs(counter.order(rate), **costs)
    assert by_name(order).get("tax") == tax
    charged = order.charge_total + order.item_total - order.discount_total
    assert order.total == charged


def test_costs_and_their_tax_are_one_event() -> None:
    counter = Counter()
    order = counter.order("8.25")
    change = change_costs(counter.desk, order, Costs(shipping=Decimal("3.50")), MEI)
    assert [entry.event.TYPE for entry in change.recorded] == ["order.charges_changed"]


def test_a_credit_beyond_everything_is_refused_and_taxes_nothing() -> None:
    counter = Counter()
    order = counter.order("8.25")
    with pytest.raises(Refused) as refused:
        counter.costs(order, credit="4.18")
    assert refused.value.reason == "total_out_of_range"


def test_added_lines_are_taxed_in_the_same_change() -> None:
    counter = Counter()
    order = counter.order("10")
    change = add_lines(counter.desk, order, lots(1000), MEI)
    recorded = [entry.event.TYPE for entry in change.recorded]
    assert recorded == ["order.lines_added", "order.charges_changed"]
    assert change.order.lines[-1].batch == 2
    assert change.order.total == eur("41.67") + eur("4.17")
    untaxed = add_lines(counter.desk, counter.order(), lots(1000), MEI)
    assert [entry.event.TYPE for entry in untaxed.recorded] == ["order.lines_added"]


def test_a_tax_that_was_told_with_the_order_stands_until_costs_change() -> None:
    counter = Counter()
    told = (Charge(kind=ChargeKind.TAX, amount=eur("9.99")),)
    order = counter.order("10", charges=told)
    assert order.charges == told
    for nothing in ({}, {"shipping": "0"}, {"credit": "0.00", "etc2": "0"}):
        assert counter.costs(order, **nothing) == order
    assert by_name(counter.costs(order, shipping="1"))["tax"] == "0.52"


def test_what_is_read_can_be_set_and_changes_nothing() -> None:
    counter = Counter()
    order = counter.order(
        charges=(
            Charge(kind=ChargeKind.TIP, amount=eur("2")),
            Charge(kind=ChargeKind.HANDLING, amount=eur("3")),
            Charge(kind=ChargeKind.SHIPPING, amount=eur("1")),
            Charge(kind=ChargeKind.SHIPPING, amount=eur("2")),
        )
    )
    assert rest_of_charges(order) == eur("5")
    assert counter.costs(order, etc2="5", shipping="3") == order
    more = counter.costs(order, etc2="6.50")
    assert (rest_of_charges(more), by_name(more)["etc2"]) == (eur("6.50"), "1.50")
    assert counter.costs(more, etc2="5").charges == order.charges
    with pytest.raises(InvalidField) as refused:
        counter.costs(more, etc2="4.99")
    assert (refused.value.field, refused.value.reason) == ("etc2", "below_others")


def test_costs_of_a_paid_or_closed_order_stay_as_they_are() -> None:
    counter = Counter()
    order = counter.order("8.25")
    money = ReceivedPayment(provider="paypal", transaction_id="1", amount=Decimal("4.51"))
    paid = record_payment(counter.desk, order, money, MEI).order
    assert paid.is_paid
    assert counter.costs(paid, shipping="3.50") == paid
    dead = cancel_order(counter.desk, counter.order(), MEI).order
    assert counter.costs(dead, shipping="3.50") == dead
    with pytest.raises(Refused):
        add_lines(counter.desk, paid, lots(1), MEI)


@pytest.mark.parametrize("field", ["shipping", "insurance", "etc1", "etc2", "credit"])
@pytest.mark.parametrize(
    ("amount", "reason"),
    [("0.001", "too_precise"), ("-0.01", "negative"), ("1e30", "out_of_range")],
)
def test_an_amount_that_can_not_be_is_refused_by_its_name_whatever_the_order(
    field: str, amount: str, reason: str
) -> None:
    counter = Counter()
    for order in (counter.order(), cancel_order(counter.desk, counter.order(), MEI).order):
        with pytest.raises(InvalidField) as refused:
            counter.costs(order, **{field: amount})
        assert (refused.value.field, refused.value.reason) == (field, reason)


@pytest.mark.parametrize("text", ["", "x", "-1", "100.0001", "8.12345", "NaN"])
def test_a_rate_is_a_percentage(text: str) -> None:
    with pytest.raises(InvalidField) as refused:
        require_rate(text)
    assert refused.value.field == "sales_tax_rate"


def test_rates_have_four_decimals_at_most() -> None:
    assert [require_rate(text) for text in ("0", "8.2500", "0.0001", "100")] == [
        Decimal(0),
        Decimal("8.25"),
        Decimal("0.0001"),
        Decimal(100),
    ]


def test_an_order_brought_in_twice_under_one_name_is_one() -> None:
    from orderhub.domain.details import Reference

    counter = Counter()
    named = {"references": (Reference("order", "bricklink", "BL-1"),)}
    assert counter.order("10", **named) == counter.order("10", **named)
    assert counter.order("10") != counter.order("10")
