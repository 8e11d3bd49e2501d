"""What an order made through Shoplazza costs: the document's formulas, for any order."""

from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orderhub.domain.details import Actor
from orderhub.domain.errors import InvalidField
from orderhub.domain.money import MINOR_UNIT_DIGITS, UnitPrice
from orderhub.domain.shop import Price, Principal, Product, Shop, Variant
from orderhub.services.place_product_order import place_product_order
from orderhub.wire.contract import Request
from orderhub.wire.shoplazza import inbound, outbound
from tests.support.fakes import NOON, FakeDesk
from tests.support.properties import examples

CURRENCIES = ("JPY", "USD", "KWD")


@dataclass(frozen=True)
class Case:
    currency: str
    lines: tuple[tuple[Decimal, int], ...]
    """Price and pieces of each."""
    tax: Decimal
    shipping: Decimal | None
    discount: str | None
    tax_included: bool


def amounts(currency: str, most: int) -> st.SearchStrategy[Decimal]:
    digits = MINOR_UNIT_DIGITS[currency]
    return st.integers(0, most).map(lambda units: Decimal(units).scaleb(-digits))


@st.composite
def cases(draw: st.DrawFn) -> Case:
    currency = draw(st.sampled_from(CURRENCIES))
    prices = st.integers(0, 10**9).map(lambda units: Decimal(units).scaleb(-4))
    lines = draw(st.lists(st.tuples(prices, st.integers(1, 1000)), min_size=1, max_size=6))
    percentage = st.decimals(0, 110, places=2).map(lambda share: f"{share}%")
    return Case(
        currency=currency,
        lines=tuple(lines),
        tax=draw(amounts(currency, 10**6)),
        shipping=draw(st.none() | amounts(currency, 10**6)),
        discount=draw(st.none() | percentage | amounts(currency, 10**7).map(str)),
        tax_included=draw(st.booleans()),
    )


def request(case: Case) -> Request:
    shop = Shop(id="s", name="S", currency="USD", created_at=NOON, tax_included=case.tax_included)
    body: dict[str, Any] = {
        "line_items": [
            {"product_id": f"p{n}", "variant_id": "v", "quantity": pieces}
            for n, (_, pieces) in enumerate(case.lines)
        ],
        "shipping_address": {
            "last_name": "Han",
            "email": "han@example.com",
            "country": "Japan",
            "country_code": "JP",
            "province_code": "13",
            "city": "Tokyo",
            "address": "1-1",
        },
        "tax_total": str(case.tax),
        "currency_code": case.currency,
        "discount": case.discount,
    }
    if case.shipping is not None:
        body["shipping_line"] = {"name": "Post", "shipping_price": str(case.shipping)}
    return Request(
        now=NOON,
        route="POST /openapi/2022-01/orders",
        path={},
        query={},
        headers={},
        body=body,
        base_url="https://api.example.com",
        principal=Principal(shop, "c", "c", frozenset()),
        actor=Actor("shoplazza"),
    )


def shelved(case: Case) -> FakeDesk:
    desk = FakeDesk()
    for n, (price, _) in enumerate(case.lines):
        prices = {case.currency: Price(price=UnitPrice.of(price, case.currency))}
        product = Product(id=f"p{n}", name="P", variants=(Variant(id="v", prices=prices),))
        desk.catalog.put_product("s", product)
    return desk


@examples(300)
@given(cases())
def test_the_total_is_the_sum_of_its_rounded_parts(case: Case) -> None:
    smallest = Decimal(1).scaleb(-MINOR_UNIT_DIGITS[case.currency])
    sub_total = sum(
        ((price * pieces).quantize(smallest, ROUND_HALF_UP) for price, pieces in case.lines),
        Decimal(0),
    )
    discount = Decimal(case.discount.rstrip("%")) if case.discount else Decimal(0)
    too_much = discount > sub_total
    if case.discount and case.discount.endswith("%"):
        too_much = discount > 100
        discount = (sub_total * discount / 100).quantize(smallest, ROUND_HALF_UP)
    asked, desk = request(case), shelved(case)
    wanted = inbound.product_order(asked)
    if too_much or (case.tax_included and case.tax > sub_total):
        with pytest.raises(InvalidField, match="exceeds_price"):
            place_product_order(desk.desk, "s", wanted, asked.actor)
        assert not desk.orders.snapshots
        return
    placed = place_product_order(desk.desk, "s", wanted, asked.actor)
    shown: Any = outbound.created(placed, asked).body
    order = {
        name: Decimal(value)
        for name, value in shown["order"].items()
        if isinstance(value, str) and name.endswith(("_total", "_tax", "_discount", "_price"))
    }
    total_shipping = Decimal(shown["order"]["total_shipping"])
    assert order["sub_total"] == sub_total
    assert order["sub_total"] == sum(
        Decimal(line["total"]) for line in shown["order"]["line_items"]
    )
    assert order["total_discount"] == discount <= sub_total
    assert (order["total_tax"], total_shipping) == (case.tax, case.shipping or 0)
    tax_on_top = Decimal(0) if case.tax_included else order["total_tax"]
    assert order["total_price"] == (
        order["sub_total"]
        + tax_on_top
        + total_shipping
        + order["shipping_tax_total"]
        + order["additional_total"]
        - order["total_discount"]
    )
    assert order["total_price"] >= 0
    digits = MINOR_UNIT_DIGITS[case.currency]
    for name in ("sub_total", "total_price", "total_tax", "total_discount", "total_shipping"):
        assert len(shown["order"][name].partition(".")[2]) == digits
