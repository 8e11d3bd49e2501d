"""The BrickLink operations in process: handler, domain and an emulated table.

The methods are those of the document, the resources those of the
vendor's other public pages. What comes back is checked whole, keys and types.
"""

import io
import json
import logging
import re
from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from itertools import product
from typing import Any

import httpx
import pytest

from orderhub.adapters.dynamodb.orders import DynamoOrders
from orderhub.adapters.system import SystemClock
from orderhub.bootstrap import Application
from orderhub.domain import commands
from orderhub.domain.commands import Change
from orderhub.domain.correspondence import Party, Rating
from orderhub.domain.errors import Busy, InvalidField, Unavailable
from orderhub.domain.events import Terms
from orderhub.domain.identity import MAX_ORDER_ID
from orderhub.domain.lines import Charge, ChargeKind, LineRequest
from orderhub.domain.money import Money, UnitPrice
from orderhub.domain.order import Order
from orderhub.domain.payment import Payment, PaymentState
from orderhub.domain.shipment import ShippedLine
from orderhub.domain.shop import Scope
from orderhub.domain.status import OrderStatus, SellerMark
from orderhub.http import answering
from orderhub.ports import Mail, OrderKey
from orderhub.services import manage_shops
from orderhub.services.add_lines import add_lines
from orderhub.services.bring_in_order import bring_in_order
from orderhub.services.close_due import close_due
from orderhub.services.issue_app import issue_app
from orderhub.services.issue_signer import issue_signer
from orderhub.services.replay_order import replay_order
from orderhub.wire.brandcloud import status as brandcloud
from orderhub.wire.bricklink import errors, status
from orderhub.wire.bricklink.status import PaymentWord, StatusWord
from orderhub.wire.marketplace import status as marketplace_words
from orderhub.wire.shoplazza import status as shoplazza
from orderhub.wire.statuses import Do as Meaning
from orderhub.wire.statuses import State
from orderhub.wire.youhaosuda import status as youhaosuda
from tests.support.api import Client
from tests.support.bricklink import BUYER, SELLER, URL, WIRE, Do, Seller, lot, make, placement
from tests.support.oauth import header, signed

MONEY = re.compile(r"-?\d+\.\d{4}")
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")
WEIGHT = re.compile(r"\d+\.\d{2,6}")

# -- the documented shapes -------------------------------------------------------------------------

Shape = dict[str, Any]
"""Key → type, shape, or pattern; keys that end in ``?`` may be absent."""

COST: Shape = {
    "currency_code": str,
    "subtotal": MONEY,
    "grand_total": MONEY,
    "salesTax_collected_by_BL": MONEY,
    "final_total": MONEY,
    "etc1": MONEY,
    "etc2": MONEY,
    "insurance": MONEY,
    "shipping": MONEY,
    "credit": MONEY,
    "coupon": MONEY,
    "vat_rate?": MONEY,
    "vat_amount?": MONEY,
}
PAYMENT: Shape = {"method?": str, "currency_code": str, "date_paid?": TIME, "status": str}
HEADING: Shape = {
    "order_id": int,
    "date_ordered": TIME,
    "seller_name": str,
    "store_name": str,
    "buyer_name?": str,
    "total_count": int,
    "unique_count": int,
    "status": str,
    "payment": PAYMENT,
}
SUMMARY: Shape = {
    **HEADING,
    "cost": {"currency_code": str, "subtotal": MONEY, "grand_total": MONEY, "grandtotal": MONEY},
}
ORDER: Shape = {
    **HEADING,
    "date_status_changed": TIME,
    "buyer_email?": str,
    "buyer_order_count?": int,
    "require_insurance": bool,
    "is_invoiced": bool,
    "is_filed": bool,
    "drive_thru_sent": bool,
    "salesTax_collected_by_bl": bool,
    "remarks?": str,
    "total_weight": WEIGHT,
    "shipping": {
        "method?": str,
        "method_id?": int,
        "tracking_no?": str,
        "tracking_link?": str,
        "date_shipped?": TIME,
        "address?": {
            "name?": {"full?": str, "first?": str, "last?": str},
            "full?": str,
            "address1?": str,
            "address2?": str,
            "country_code?": str,
            "city?": str,
            "state?": str,
            "postal_code?": str,
            "phone_number?": str,
        },
    },
    "cost": COST,
    "disp_cost": COST,
}
ITEM: Shape = {
    "inventory_id": int,
    "item": {"no": str, "name?": str, "type": str, "category_id?": int},
    "color_id": int,
    "color_name?": str,
    "quantity": int,
    "new_or_used": re.compile("[NU]"),
    "completeness?": re.compile("[CBS]"),
    "unit_price": MONEY,
    "unit_price_final": MONEY,
    "disp_unit_price": MONEY,
    "disp_unit_price_final": MONEY,
    "currency_code": str,
    "disp_currency_code": str,
    "remarks?": str,
    "description?": str,
    "weight?": WEIGHT,
}
MESSAGE: Shape = {"subject?": str, "body": str, "from": str, "to": str, "dateSent": TIME}
FEEDBACK: Shape = {
    "feedback_id": int,
    "order_id": int,
    "from": str,
    "to": str,
    "date_rated": TIME,
    "rating": int,
    "rating_of_bs": re.compile("[SB]"),
    "comment?": str,
    "reply?": str,
}


def has_shape(value: Any, shape: Any, at: str = "data") -> None:
    """Exactly the documented keys, nothing null, each value of its type."""
    if isinstance(shape, dict):
        assert isinstance(value, dict), f"{at}: {value!r}"
        known = {key.removesuffix("?") for key in shape}
        assert not set(value) - known, f"{at} has {set(value) - known}"
        for key, part in shape.items():
            name = key.removesuffix("?")
            assert name in value or key.endswith("?"), f"{at} lacks {name}"
            if name in value:
                has_shape(value[name], part, f"{at}.{name}")
    elif isinstance(shape, re.Pattern):
        assert isinstance(value, str), f"{at}: {value!r}"
        assert shape.fullmatch(value), f"{at}: {value!r}"
    else:
        assert type(value) is shape, f"{at}: {value!r} is no {shape.__name__}"


def said(answer: httpx.Response) -> dict[str, Any]:
    """The envelope that every answer is."""
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/json; charset=utf-8"
    body: dict[str, Any] = answer.json()
    assert set(body) == {"meta", "data"}
    assert set(body["meta"]) == {"description", "message", "code"}
    return body


def data(answer: httpx.Response) -> Any:
    body = said(answer)
    assert body["meta"] == {"description": "OK", "message": "OK", "code": 200}, body
    return body["data"]


def failed(answer: httpx.Response, code: int, message: str) -> str:
    """The description of a failure."""
    body = said(answer)
    assert (body["meta"]["code"], body["meta"]["message"]) == (code, message), body
    assert body["data"] == {}
    description: str = body["meta"]["description"]
    assert description
    return description


def invalid(answer: httpx.Response) -> str:
    return failed(answer, 400, "PARAMETER_MISSING_OR_INVALID")


def not_allowed(answer: httpx.Response) -> str:
    return failed(answer, 422, "RESOURCE_UPDATE_NOT_ALLOWED")


def not_found(answer: httpx.Response) -> str:
    return failed(answer, 404, "RESOURCE_NOT_FOUND")


# -- the shop --------------------------------------------------------------------------------------


def seller_of(application: Application, shop_id: str, *scopes: Scope) -> Seller:
    issued = issue_signer(
        application.shops,
        application.vault,
        application.desk.clock,
        shop_id,
        wire=WIRE,
        label="Desk",
        scopes=scopes or tuple(Scope),
    )
    return Seller(issued.values)


@pytest.fixture
def api(application: Application) -> Seller:
    return seller_of(application, "demo")


@pytest.fixture
def other(application: Application) -> Seller:
    """The same API with another shop's signer."""
    return seller_of(application, "other")


def get(api: Seller, order: Order) -> Any:
    shown = data(api.get(f"/orders/{order.id}"))
    has_shape(shown, ORDER)
    return shown


def put(api: Seller, order: Order, **fields: Any) -> Any:
    shown = data(api.put(f"/orders/{order.id}", fields))
    has_shape(shown, ORDER)
    return shown


def patch(api: Seller, order: Order, field: str, value: object) -> httpx.Response:
    return api.put(f"/orders/{order.id}/{field}", {"field": field, "value": value})


def set_status(api: Seller, order: Order, word: str) -> None:
    assert data(patch(api, order, "status", word)) == {}


def set_payment(api: Seller, order: Order, word: str) -> None:
    assert data(patch(api, order, "payment_status", word)) == {}


def words(api: Seller, order: Order) -> tuple[str, str]:
    shown = get(api, order)
    return shown["status"], shown["payment"]["status"]


def listed(api: Seller, query: str = "") -> list[int]:
    found = data(api.get("/orders", query))
    for summary in found:
        has_shape(summary, SUMMARY)
    return [summary["order_id"] for summary in found]


def stored(application: Application, order: Order) -> Order:
    """The order, whose history proves it."""
    proof = replay_order(application.desk, order.shop_id, order.id)
    assert proof.agrees
    return proof.snapshot


# Steps of an order's history.


def paid(amount: str | None = None) -> Do:
    def step(change: Change) -> None:
        total = change.order.outstanding if amount is None else Money.of(amount, "EUR")
        commands.capture_payment(change, payment(change, total, PaymentState.CAPTURED))

    return step


def payment(change: Change, amount: Money, state: PaymentState) -> Payment:
    return Payment(
        id=0,
        provider="paypal",
        transaction_id=f"T{change.order.id}",
        amount=amount,
        state=state,
        created_at=change.now,
        updated_at=change.now,
    )


def paying(change: Change) -> None:
    """Another provider holds a payment."""
    commands.start_payment(
        change, payment(change, change.order.outstanding, PaymentState.PENDING), None
    )


def sent(*lines: ShippedLine, number: str = "", **facts: Any) -> Do:
    return lambda change: commands.ship(change, lines or None, tracking_number=number, **facts)


def moved_on(**time: float) -> Do:
    def step(change: Change) -> None:
        change.now = change.now + timedelta(**time)

    return step


def bought_by(shop_id: str, application: Application, *steps: Do, at: str = "demo") -> Order:
    """An order that one shop placed at another."""
    buyer = replace(BUYER, attributes={"shop_id": shop_id})
    details = replace(placement().details, customer=buyer)
    return make(application, *steps, shop_id=at, details=details)


# -- an order --------------------------------------------------------------------------------------


def test_an_order_reads_whole(application: Application, api: Seller) -> None:
    order = make(application)

    shown = get(api, order)

    at = order.created_at.isoformat(timespec="milliseconds").replace("+00:00", "Z")
    cost = {
        "currency_code": "EUR",
        "subtotal": "6.7500",
        "grand_total": "12.0000",
        "salesTax_collected_by_BL": "0.0000",
        "final_total": "12.0000",
        "etc1": "0.0000",
        "etc2": "0.0000",
        "insurance": "1.0000",
        "shipping": "4.9000",
        "credit": "0.1500",
        "coupon": "0.5000",
    }
    assert shown == {
        "order_id": order.id,
        "date_ordered": at,
        "date_status_changed": at,
        "seller_name": "demo",
        "store_name": "Demo",
        "buyer_name": "brickfan",
        "buyer_email": "fan@example.com",
        "buyer_order_count": 1,
        "require_insurance": True,
        "status": "PENDING",
        "is_invoiced": False,
        "is_filed": False,
        "drive_thru_sent": False,
        "salesTax_collected_by_bl": False,
        "total_count": 102,
        "unique_count": 2,
        "total_weight": "236.64",
        "payment": {"method": "PayPal", "currency_code": "EUR", "status": "None"},
        "shipping": {
            "method": "Royal Mail",
            "method_id": 17862,
            "address": {
                "name": {"full": "Ada Brick", "first": "Ada", "last": "Brick"},
                "full": "1 Stud Street\nFlat 2\nE1 6AN London\nGreater London\nUnited Kingdom",
                "address1": "1 Stud Street",
                "address2": "Flat 2",
                "country_code": "UK",
                "city": "London",
                "state": "Greater London",
                "postal_code": "E1 6AN",
                "phone_number": "+44 20 7946 0000",
            },
        },
        "cost": cost,
        "disp_cost": cost,
    }
    assert order.id < 2**53


def test_the_list_has_the_documents_summary(application: Application, api: Seller) -> None:
    order = make(application, paid())

    (summary,) = data(api.get("/orders"))

    has_shape(summary, SUMMARY)
    whole = get(api, order)
    assert summary["cost"] == {
        "currency_code": "EUR",
        "subtotal": "6.7500",
        "grand_total": "12.0000",
        "grandtotal": "12.0000",
    }
    for name in set(summary) - {"cost"}:
        assert summary[name] == whole[name], name
    assert set(summary["payment"]) == {"method", "status", "date_paid", "currency_code"}


def test_lots_read_in_batches_as_they_were_added(application: Application, api: Seller) -> None:
    order = make(application)
    add_lines(application.desk, order, [lot(3, "0.9999", 1)], SELLER)

    batches = data(api.get(f"/orders/{order.id}/items"))

    assert [[item["quantity"] for item in batch] for batch in batches] == [[100, 2], [1]]
    for batch in batches:
        for item in batch:
            has_shape(item, ITEM)
    assert batches[0][0] == {
        "inventory_id": 180_000_001,
        "item": {"no": "3001", "name": "Brick 2 x 1", "type": "PART", "category_id": 5},
        "color_id": 2,
        "color_name": "Color 2",
        "quantity": 100,
        "new_or_used": "U",
        "unit_price": "0.0375",
        "unit_price_final": "0.0375",
        "disp_unit_price": "0.0375",
        "disp_unit_price_final": "0.0375",
        "currency_code": "EUR",
        "disp_currency_code": "EUR",
        "remarks": "box 7",
        "description": "light scratches",
        "weight": "2.32",
    }
    assert batches[0][1]["completeness"] == "C"
    assert batches[1][0]["unit_price"] == "0.9999"


def test_the_price_before_a_reduction_stands_beside_the_price(
    application: Application, api: Seller
) -> None:
    reduced = replace(lot(1, "0.8", 1), list_price=UnitPrice.of("1", "EUR"))
    order = make(application, lines=[reduced], charges=(), discounts=())

    ((item,),) = data(api.get(f"/orders/{order.id}/items"))

    assert (item["unit_price"], item["unit_price_final"]) == ("1.0000", "0.8000")
    assert get(api, order)["cost"]["subtotal"] == "0.8000"


def test_an_order_without_anything_leaves_out_what_is_not_there(
    application: Application, api: Seller
) -> None:
    details = replace(
        placement().details,
        customer=None,
        shipping_address=None,
        payment_method="",
        extensions={},
    )
    order = make(application, details=details, lines=[], charges=(), discounts=())

    shown = get(api, order)

    assert "buyer_name" not in shown
    assert "buyer_order_count" not in shown
    assert shown["shipping"] == {}
    assert shown["payment"] == {"currency_code": "EUR", "status": "None"}
    assert (shown["total_weight"], shown["unique_count"]) == ("0.00", 0)
    assert shown["require_insurance"] is False
    assert data(api.get(f"/orders/{order.id}/items")) == []
    assert data(api.get(f"/orders/{order.id}/messages")) == []
    assert data(api.get(f"/orders/{order.id}/feedback")) == []
    (summary,) = data(api.get("/orders"))
    has_shape(summary, SUMMARY)


def test_an_order_weighs_nothing_when_the_weight_of_a_lot_is_unknown(
    application: Application, api: Seller
) -> None:
    unknown = replace(lot(1, "1", 1), attributes={})
    grams = replace(lot(2, "1", 3, weight="0.035"), weight_grams=7)
    order = make(application, lines=[unknown, grams])
    known = make(application, lines=[grams, lot(3, "1", 2, weight="1")])

    assert get(api, order)["total_weight"] == "0.00"
    assert get(api, known)["total_weight"] == "2.105"
    ((first, second),) = data(api.get(f"/orders/{order.id}/items"))
    assert "weight" not in first
    assert second["weight"] == "0.035"


def test_a_buyers_orders_are_counted_purged_ones_too(application: Application, api: Seller) -> None:
    first, second = make(application), make(application)
    set_status(api, first, "PURGED")
    make(application, details=replace(placement().details, customer=replace(BUYER, id="58")))

    assert get(api, second)["buyer_order_count"] == 2


def test_an_order_of_another_api_reads_in_this_one(
    application: Application, api: Seller, marketplace: Client
) -> None:
    body = {
        "kind": "taobao",
        "merchant_order_no": "TB1",
        "address_fullname": "韩梅梅",
        "address_phone": "13900000002",
        "address_province_id": 440000,
        "address_city_id": 440300,
        "address_post_code": "518057",
        "address_address": "科技园新西路7号",
    }
    made = marketplace.call("create_order", body=body).body
    line = {"product_id": "3531", "price": "10.05", "quantity": 3}
    marketplace.call("create_line_item", path={"id": str(made["id"])}, body=line)
    order = application.desk.orders.get("demo", made["id"])
    assert order

    shown = get(api, order)
    assert shown["buyer_name"] == "韩梅梅"
    assert shown["cost"]["grand_total"] == "30.1500"
    ((item,),) = data(api.get(f"/orders/{order.id}/items"))
    has_shape(item, ITEM)
    assert item["item"]["no"] == "3531"
    assert item["item"]["type"] == "UNSORTED_LOT"
    assert (item["color_id"], item["color_name"]) == (0, "(Not Applicable)")
    assert item["new_or_used"] == "N"
    assert 2**30 <= item["inventory_id"] < 2**31
    ((again,),) = data(api.get(f"/orders/{order.id}/items"))
    assert again["inventory_id"] == item["inventory_id"]


OTHER_COSTS = (
    Charge(kind=ChargeKind.SHIPPING, amount=Money.of("4.90", "EUR")),
    Charge(kind=ChargeKind.SHIPPING_TAX, amount=Money.of("0.10", "EUR")),
    Charge(kind=ChargeKind.TAX, amount=Money.of("1.00", "EUR")),
    Charge(kind=ChargeKind.TIP, amount=Money.of("0.20", "EUR")),
    Charge(kind=ChargeKind.OTHER, name="etc1", amount=Money.of("0.30", "EUR")),
    Charge(kind=ChargeKind.OTHER, name="etc2", amount=Money.of("0.40", "EUR")),
    Charge(kind=ChargeKind.TAX, amount=Money.of("0.99", "EUR"), included=True),
)
ADDING = ("subtotal", "shipping", "insurance", "etc1", "etc2")


def adds_up(cost: dict[str, str]) -> None:
    """What the buyer pays is the sum of what is shown, to the last decimal."""
    value = {name: Decimal(text) for name, text in cost.items() if MONEY.fullmatch(text)}
    total = sum(value[name] for name in ADDING) - value["credit"] - value["coupon"]
    assert value["grand_total"] == total
    assert value["final_total"] == total + value["salesTax_collected_by_BL"]


@pytest.mark.parametrize("agreed", [None, "14.00", "13.00"])
def test_an_order_that_is_sent_back_as_it_was_read_stays_as_it_is(
    application: Application, api: Seller, agreed: str | None
) -> None:
    def agree(change: Change) -> None:
        if agreed:
            commands.agree_on_total(change, Money.of(agreed, "EUR"))

    order = make(application, agree, charges=OTHER_COSTS)
    shown = get(api, order)

    assert put(api, order, cost=shown["cost"])["cost"] == shown["cost"]
    assert stored(application, order).charges == order.charges


@pytest.mark.parametrize("agreed", [None, "14.00", "13.00", "0.00"])
def test_costs_that_have_no_name_here_are_in_the_sums(
    application: Application, api: Seller, agreed: str | None
) -> None:
    def agree(change: Change) -> None:
        if agreed:
            commands.agree_on_total(change, Money.of(agreed, "EUR"))

    order = make(application, agree, charges=OTHER_COSTS)

    cost = get(api, order)["cost"]

    adds_up(cost)
    assert cost["final_total"] == f"{Decimal(agreed or '13.00'):.4f}"
    assert (cost["shipping"], cost["etc1"]) == ("4.9000", "0.3000")
    assert cost["vat_amount"] == "0.9900"
    assert cost["salesTax_collected_by_BL"] == "0.0000"


def test_a_vat_rate_is_shown_where_it_is_known(application: Application, api: Seller) -> None:
    extensions = {WIRE: {"vat_rate": "21"}}
    order = make(application, details=replace(placement().details, extensions=extensions))

    cost = get(api, order)["cost"]

    assert (cost["vat_rate"], cost["vat_amount"]) == ("21.0000", "0.0000")


@pytest.mark.parametrize(
    ("currency", "price", "total"), [("JPY", "3", "6"), ("KWD", "1.005", "2.010")]
)
def test_money_has_four_decimals_whatever_its_currency_has(
    application: Application, api: Seller, currency: str, price: str, total: str
) -> None:
    lines = [lot(1, price, 2, currency)]
    order = make(application, currency=currency, lines=lines, charges=(), discounts=())

    assert get(api, order)["cost"]["final_total"] == f"{Decimal(total):.4f}"


# -- the list --------------------------------------------------------------------------------------


def test_orders_are_listed_newest_first(application: Application, api: Seller) -> None:
    orders = [make(application).id for _ in range(3)]

    assert listed(api) == orders[::-1]
    assert listed(api, "direction=in") == orders[::-1]


def test_a_shop_without_orders_has_an_empty_list(api: Seller) -> None:
    assert listed(api) == []
    assert listed(api, "direction=out&filed=true") == []


@pytest.fixture
def desk_of_orders(application: Application, api: Seller) -> dict[str, int]:
    """An order in each of several statuses."""
    orders = {}
    for word in ("PENDING", "READY", "NPB", "PAID", "SHIPPED", "COMPLETED", "CANCELLED", "PURGED"):
        order = make(application, *([paid()] if word in ("PAID", "COMPLETED") else []))
        if word not in ("PENDING", "PAID"):
            set_status(api, order, word)
        orders[word] = order.id
    return orders


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("status=pending,completed", {"PENDING", "COMPLETED"}),
        ("status=Pending%2CCompleted", {"PENDING", "COMPLETED"}),
        ("status=PENDING&status=NPB", {"PENDING", "NPB"}),
        ("status=cancelled", {"CANCELLED"}),
        ("status=purged", {"PURGED"}),
        ("status=ocr", set()),
        (
            "status=-purged",
            {"PENDING", "READY", "NPB", "PAID", "SHIPPED", "COMPLETED", "CANCELLED"},
        ),
        ("status=-purged,-cancelled,-completed,-npb", {"PENDING", "READY", "PAID", "SHIPPED"}),
        ("status=pending,ready,-ready", {"PENDING"}),
        ("status=-Pending%2C%20paid", {"PAID"}),
        ("status=pending,,", {"PENDING"}),
        ("filed=false&status=shipped", {"SHIPPED"}),
        ("filed=true&status=shipped", set()),
    ],
)
def test_statuses_are_included_and_excluded(
    api: Seller, desk_of_orders: dict[str, int], query: str, expected: set[str]
) -> None:
    named = {order_id: word for word, order_id in desk_of_orders.items()}

    found = listed(api, query)

    assert {named[order_id] for order_id in found} == expected
    assert found == sorted(found, reverse=True)


@pytest.mark.parametrize("query", ["", "status=", "direction=&filed=", "unknown=1"])
def test_without_a_filter_all_orders_are_listed(
    api: Seller, desk_of_orders: dict[str, int], query: str
) -> None:
    assert set(listed(api, query)) == set(desk_of_orders.values())


@pytest.mark.parametrize("word", StatusWord, ids=str)
def test_every_word_finds_what_reads_as_it(
    application: Application, api: Seller, word: StatusWord
) -> None:
    """Whatever the order's facts are: paid or not, sent or not, marked or not."""
    orders = [make(application), make(application, paid()), make(application, sent())]
    for order in orders:
        patch(api, order, "status", word.value)
    reading = {summary["order_id"]: summary["status"] for summary in data(api.get("/orders"))}

    assert set(listed(api, f"status={word.value.lower()}")) == {
        order_id for order_id, read in reading.items() if read == word
    }
    assert set(listed(api, f"status=-{word}")) == {
        order_id for order_id, read in reading.items() if read != word
    }


def test_an_order_past_its_deadline_is_listed_as_cancelled(
    application: Application, api: Seller, later: Callable[[float], None]
) -> None:
    order = make(application, terms=Terms(payment_timeout=3600))
    assert listed(api, "status=pending") == [order.id]
    later(3601)

    assert listed(api, "status=pending") == []
    assert listed(api, "status=cancelled") == [order.id]
    shown = get(api, order)
    assert shown["status"] == "CANCELLED"
    due = order.created_at + timedelta(hours=1)
    assert shown["date_status_changed"].startswith(f"{due:%Y-%m-%dT%H:%M:%S}")
    later(7200)
    close_due(application.desk, [OrderKey("demo", order.id)])
    assert stored(application, order).status is OrderStatus.EXPIRED
    assert get(api, order)["date_status_changed"] == shown["date_status_changed"]
    assert "cancelled" in not_allowed(patch(api, order, "status", "SHIPPED"))
    set_status(api, order, "CANCELLED")


def test_filed_orders_are_listed_apart(application: Application, api: Seller) -> None:
    filed, unfiled = make(application), make(application)
    put(api, filed, is_filed=True)

    for truth in ("true", "True", "TRUE"):
        assert listed(api, f"filed={truth}") == [filed.id]
    for falsehood in ("false", "False"):
        assert listed(api, f"filed={falsehood}") == [unfiled.id]
    assert listed(api) == [unfiled.id]


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("direction=up", "direction"),
        ("direction=in&direction=out", "direction"),
        ("status=sent", "status"),
        ("status=-", "status"),
        ("status=pending%3Bready", "status"),
        (f"status={'pending,' * 200}", "status"),
        ("filed=yes", "filed"),
        ("filed=1", "filed"),
        ("filed=true&filed=false", "filed"),
    ],
)
def test_a_filter_that_can_not_be_is_named(api: Seller, query: str, field: str) -> None:
    assert invalid(api.get("/orders", query)).startswith(field)


def test_all_filters_that_are_wrong_are_named(api: Seller) -> None:
    said = invalid(api.get("/orders", "direction=up&filed=maybe"))

    assert "direction must be one of in, out" in said
    assert "filed must be true or false" in said


# -- both sides of an order ------------------------------------------------------------------------


def test_a_shop_sees_what_it_placed_at_others(
    application: Application, api: Seller, other: Seller
) -> None:
    order = bought_by("other", application)
    own = make(application, shop_id="other")
    make(application)

    assert listed(other, "direction=out") == [order.id]
    assert listed(other, "direction=out&status=pending,paid") == [order.id]
    assert listed(other, "direction=out&status=-pending") == []
    assert listed(other, "direction=out&filed=true") == []
    assert listed(other) == [own.id]
    assert listed(api, "direction=out") == []
    (summary,) = data(other.get("/orders", "direction=out"))
    assert (summary["seller_name"], summary["store_name"]) == ("demo", "Demo")


def test_a_buyer_sees_the_order_without_what_is_the_sellers_own(
    application: Application, api: Seller, other: Seller
) -> None:
    order = bought_by("other", application, paid())
    put(api, order, remarks="slow payer", is_filed=True)
    add_message(application, order)
    give_feedback(application, order)

    seen, own = get(other, order), get(api, order)

    assert "remarks" not in seen
    assert "buyer_order_count" not in seen
    assert seen["is_filed"] is False
    kept = set(seen) - {"is_filed"}
    assert {name: seen[name] for name in kept} == {name: own[name] for name in kept}
    ((first, _),) = data(other.get(f"/orders/{order.id}/items"))
    assert "remarks" not in first
    assert first["description"] == "light scratches"
    # "that the user receives as a seller"
    assert data(other.get(f"/orders/{order.id}/messages")) == []
    assert len(data(api.get(f"/orders/{order.id}/messages"))) == 1
    assert data(other.get(f"/orders/{order.id}/feedback")) == data(
        api.get(f"/orders/{order.id}/feedback")
    )


CHANGES = [
    ("PUT", "", {"remarks": "mine"}),
    ("PUT", "/status", {"field": "status", "value": "PAID"}),
    ("PUT", "/payment_status", {"field": "payment_status", "value": "Completed"}),
    ("POST", "/drive_thru", None),
]
READS = [
    ("GET", "", None),
    *(("GET", f"/{part}", None) for part in ("items", "messages", "feedback")),
]


@pytest.mark.parametrize(("method", "path", "body"), CHANGES)
def test_a_buyer_changes_nothing(
    application: Application, other: Seller, method: str, path: str, body: object
) -> None:
    order = bought_by("other", application)

    not_found(called(other, method, order.id, path, body))

    assert stored(application, order) == order


@pytest.mark.parametrize(("method", "path", "body"), [*READS, *CHANGES])
def test_another_shops_order_is_not_told_from_one_that_does_not_exist(
    application: Application, other: Seller, method: str, path: str, body: object
) -> None:
    order = make(application)

    foreign = called(other, method, order.id, path, body)
    missing = called(other, method, order.id + 1, path, body)

    not_found(foreign)
    assert said(foreign) == said(missing)
    assert stored(application, order) == order


def called(api: Seller, method: str, order_id: object, path: str, body: object) -> httpx.Response:
    raw = None if body is None else json.dumps(body)
    return api.call(method, f"/orders/{order_id}{path}", raw=raw)


# -- letters and opinions --------------------------------------------------------------------------


def add_message(application: Application, order: Order, subject: str = "Parcel") -> None:
    change = Change(stored(application, order), SystemClock().now(), SELLER)
    commands.add_message(
        change, subject=subject, body="Where is it?\nAda", sender="brickfan", recipient="demo"
    )
    application.desk.orders.commit(change)


def give_feedback(application: Application, order: Order) -> None:
    change = Change(stored(application, order), SystemClock().now(), SELLER)
    for side, rating in ((Party.SELLER, Rating.PRAISE), (Party.BUYER, Rating.COMPLAINT)):
        sender, recipient = ("brickfan", "demo") if side is Party.SELLER else ("demo", "brickfan")
        commands.give_feedback(
            change, side, rating, sender=sender, recipient=recipient, comment="Well …"
        )
    commands.reply_to_feedback(change, Party.BUYER, "No!")
    application.desk.orders.commit(change)


def test_messages_read_as_they_were_written(application: Application, api: Seller) -> None:
    order = make(application)
    add_message(application, order)
    add_message(application, order, subject="")

    first, second = data(api.get(f"/orders/{order.id}/messages"))

    has_shape(first, MESSAGE)
    has_shape(second, MESSAGE)
    assert {name: first[name] for name in first if name != "dateSent"} == {
        "subject": "Parcel",
        "body": "Where is it?\nAda",
        "from": "brickfan",
        "to": "demo",
    }
    assert "subject" not in second


def test_feedback_reads_from_both_sides(application: Application, api: Seller) -> None:
    order = make(application)
    give_feedback(application, order)

    of_seller, of_buyer = data(api.get(f"/orders/{order.id}/feedback"))

    has_shape(of_seller, FEEDBACK)
    has_shape(of_buyer, FEEDBACK)
    assert of_seller["feedback_id"] != of_buyer["feedback_id"]
    assert [
        (each["order_id"], each["from"], each["to"], each["rating"], each["rating_of_bs"])
        for each in (of_seller, of_buyer)
    ] == [(order.id, "brickfan", "demo", 0, "S"), (order.id, "demo", "brickfan", 2, "B")]
    assert "reply" not in of_seller
    assert of_buyer["reply"] == "No!"


# -- PUT /orders/{order_id} ------------------------------------------------------------------------

DOCUMENTED: dict[str, Any] = {
    "shipping": {
        "date_shipped": "2013-12-01T18:05:46.123Z",
        "tracking_no": "RR123456785GB",
        "tracking_link": "https://carrier.example/RR123456785GB",
        "method_id": 7,
    },
    "cost": {
        "shipping": "5.9000",
        "insurance": "2.0000",
        "credit": "0.2500",
        "etc1": "1.1000",
        "etc2": "2.2000",
    },
    "is_filed": True,
    "remarks": "Buyer asked for\na small box",
}


def test_all_documented_fields_change_in_one_write(application: Application, api: Seller) -> None:
    order = make(application)

    shown = put(api, order, **DOCUMENTED)

    assert {name: shown["cost"][name] for name in DOCUMENTED["cost"]} == DOCUMENTED["cost"]
    assert {name: shown["shipping"][name] for name in DOCUMENTED["shipping"]} == (
        DOCUMENTED["shipping"]
    )
    assert (shown["is_filed"], shown["remarks"]) == (True, DOCUMENTED["remarks"])
    adds_up(shown["cost"])
    assert shown["cost"]["grand_total"] == "17.2000"
    assert shown["disp_cost"] == shown["cost"]
    assert get(api, order) == shown
    events = replay_order(application.desk, "demo", order.id).events
    added = events[order.version :]
    assert [event.continues for event in added] == [False] + [True] * (len(added) - 1)
    assert stored(application, order).details.extensions[WIRE]["shipping_method"] == "Royal Mail"


def test_the_same_again_changes_nothing(application: Application, api: Seller) -> None:
    order = make(application)
    shown = put(api, order, **DOCUMENTED)
    version = stored(application, order).version

    assert put(api, order, **DOCUMENTED) == shown
    assert stored(application, order).version == version


@pytest.mark.parametrize(
    "body", [{}, {"cost": {}, "shipping": {}}, {"cost": None, "remarks": None}]
)
def test_what_is_not_named_stays(
    application: Application, api: Seller, body: dict[str, Any]
) -> None:
    order = make(application)

    put(api, order, **body)

    assert stored(application, order) == order


@pytest.mark.parametrize("value", [None, True, 12, "12.0000", [1], {"a": {"b": []}}])
def test_other_fields_are_ignored_whatever_they_are(
    application: Application, api: Seller, value: object
) -> None:
    order = make(application)
    names = ("order_id", "status", "buyer_name", "total_count", "payment", "disp_cost", "x")
    cost = dict.fromkeys(("subtotal", "grand_total", "final_total", "coupon", "vat_rate"), value)
    shipping = dict.fromkeys(("method", "address", "x"), value)

    put(api, order, cost=cost, shipping=shipping, **dict.fromkeys(names, value))

    assert stored(application, order) == order


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"cost": "5"}, "cost"),
        ({"cost": ["5"]}, "cost"),
        ({"shipping": 1}, "shipping"),
        ({"cost": {"shipping": "five"}}, "cost.shipping"),
        ({"cost": {"shipping": True}}, "cost.shipping"),
        ({"cost": {"etc1": []}}, "cost.etc1"),
        ({"cost": {"etc1": "1e3"}}, "cost.etc1"),
        ({"cost": {"etc2": "NaN"}}, "cost.etc2"),
        ({"cost": {"insurance": "-1"}}, "cost.insurance"),
        ({"cost": {"credit": "0.0050"}}, "cost.credit"),
        ({"cost": {"credit": "99999999999999999999"}}, "cost.credit"),
        ({"shipping": {"date_shipped": "yesterday"}}, "shipping.date_shipped"),
        ({"shipping": {"date_shipped": 1385921146}}, "shipping.date_shipped"),
        ({"shipping": {"date_shipped": "0001-01-01T00:00:00+14:00"}}, "shipping.date_shipped"),
        ({"shipping": {"tracking_no": ["x"]}}, "shipping.tracking_no"),
        ({"shipping": {"tracking_no": "x" * 101}}, "shipping.tracking_no"),
        ({"shipping": {"tracking_link": "javascript:alert(1)"}}, "shipping.tracking_link"),
        ({"shipping": {"tracking_link": {}}}, "shipping.tracking_link"),
        ({"shipping": {"method_id": "seven"}}, "shipping.method_id"),
        ({"shipping": {"method_id": 1.5}}, "shipping.method_id"),
        ({"shipping": {"method_id": 2**31}}, "shipping.method_id"),
        ({"is_filed": "perhaps"}, "is_filed"),
        ({"is_filed": 1}, "is_filed"),
        ({"remarks": {}}, "remarks"),
        ({"remarks": "x" * 1001}, "remarks"),
        ({"remarks": "a\x00b"}, "remarks"),
        ({"remarks": "a\u0085b"}, "remarks"),
    ],
)
def test_a_value_that_can_not_be_is_named_and_nothing_changes(
    application: Application, api: Seller, body: dict[str, Any], field: str
) -> None:
    order = make(application)

    said = invalid(api.put(f"/orders/{order.id}", {"is_filed": True, **body}))

    assert re.match(rf"{re.escape(field)} ", said), said
    assert stored(application, order) == order


def test_every_wrong_field_is_named(application: Application, api: Seller) -> None:
    order = make(application)
    body = {"cost": {"shipping": "x", "etc1": True}, "is_filed": "maybe"}

    said = invalid(api.put(f"/orders/{order.id}", body))

    for field in ("cost.shipping", "cost.etc1", "is_filed"):
        assert f"{field} must be" in said


def test_values_are_taken_as_clients_spell_them(application: Application, api: Seller) -> None:
    order = make(application)

    shown = put(
        api,
        order,
        cost={"shipping": 5, "etc1": 0.1, "insurance": "", "credit": None},
        shipping={"method_id": "7", "date_shipped": "2013-12-01T19:05:46.1239999+01:00"},
        is_filed="True",
    )

    cost = shown["cost"]
    assert (cost["shipping"], cost["etc1"]) == ("5.0000", "0.1000")
    assert (cost["insurance"], cost["credit"]) == ("1.0000", "0.1500")
    assert shown["shipping"]["method_id"] == 7
    assert shown["shipping"]["date_shipped"] == "2013-12-01T18:05:46.123Z"
    assert shown["is_filed"] is True
    assert put(api, order, is_filed=False)["is_filed"] is False


def test_costs_of_a_paid_order_are_ignored(application: Application, api: Seller) -> None:
    order = make(application, paid())
    cost = get(api, order)["cost"]

    shown = put(api, order, cost=DOCUMENTED["cost"], remarks="late")

    assert shown["cost"] == cost
    assert shown["remarks"] == "late"


def test_a_cost_of_nothing_takes_the_cost_away(application: Application, api: Seller) -> None:
    order = make(application)

    cost = put(api, order, cost=dict.fromkeys(DOCUMENTED["cost"], "0.0000"))["cost"]

    assert cost["grand_total"] == "6.2500"
    assert {cost[name] for name in DOCUMENTED["cost"]} == {"0.0000"}


def test_credit_can_not_exceed_what_is_charged(application: Application, api: Seller) -> None:
    order = make(application)

    not_allowed(api.put(f"/orders/{order.id}", {"cost": {"credit": "100"}}))

    assert stored(application, order) == order


def test_the_sales_tax_follows_the_costs(application: Application, api: Seller) -> None:
    extensions = {WIRE: {"sales_tax_rate": "8.25"}}
    wanted = placement(details=replace(placement().details, extensions=extensions))
    order = bring_in_order(application.desk, "demo", wanted, SELLER).order
    shown = get(api, order)
    assert shown["salesTax_collected_by_bl"] is True
    assert shown["cost"]["salesTax_collected_by_BL"] == "0.9900"
    assert (shown["cost"]["grand_total"], shown["cost"]["final_total"]) == ("12.0000", "12.9900")
    adds_up(shown["cost"])

    cost = put(api, order, cost={"shipping": "10.00"})["cost"]

    # 17.10 · 8.25 % = 1.41075
    assert (cost["grand_total"], cost["salesTax_collected_by_BL"]) == ("17.1000", "1.4100")
    assert cost["final_total"] == "18.5100"
    adds_up(cost)
    set_status(api, order, "PAID")
    assert stored(application, order).captured == Money.of("18.51", "EUR")


def test_filing_and_remarks_change_on_closed_orders_too(
    application: Application, api: Seller
) -> None:
    for word in ("CANCELLED", "COMPLETED"):
        order = make(application, *([paid()] if word == "COMPLETED" else []))
        set_status(api, order, word)

        shown = put(api, order, is_filed=True, remarks="done", shipping={"method_id": 3})

        assert (shown["status"], shown["is_filed"], shown["remarks"]) == (word, True, "done")
        assert shown["shipping"]["method_id"] == 3
        assert "remarks" not in put(api, order, remarks="")


# -- the parcel ------------------------------------------------------------------------------------


def test_what_was_told_of_a_parcel_goes_with_it(application: Application, api: Seller) -> None:
    order = make(application)
    told = {name: DOCUMENTED["shipping"][name] for name in ("tracking_no", "tracking_link")}
    put(api, order, shipping={**told, "date_shipped": "2026-01-01T00:00:00Z"})
    assert stored(application, order).shipments == ()

    set_status(api, order, "SHIPPED")

    (parcel,) = stored(application, order).shipments
    assert (parcel.tracking_number, parcel.tracking_url) == tuple(told.values())
    assert parcel.sent_at.isoformat() == "2026-01-01T00:00:00+00:00"
    shown = get(api, order)["shipping"]
    assert shown["date_shipped"] == "2026-01-01T00:00:00.000Z"
    assert shown["tracking_no"] == told["tracking_no"]
    facts = stored(application, order).details.extensions[WIRE]
    assert not {"tracking_no", "tracking_link", "date_shipped"} & set(facts)


def test_a_day_that_was_announced_and_has_not_come_is_not_when_goods_went(
    application: Application, api: Seller
) -> None:
    order = make(application)
    planned = put(api, order, shipping={"date_shipped": "2099-01-01"})
    assert planned["shipping"]["date_shipped"] == "2099-01-01T00:00:00.000Z"

    set_status(api, order, "SHIPPED")

    (parcel,) = stored(application, order).shipments
    assert parcel.sent_at == parcel.updated_at


def test_the_last_parcel_is_corrected_on_closed_orders_too(
    application: Application, api: Seller
) -> None:
    half = sent(ShippedLine(1, 50), number="A1")
    order = make(application, paid(), half, sent(number="A2"))
    set_status(api, order, "COMPLETED")

    shown = put(api, order, shipping={"tracking_no": "A3", "date_shipped": "2026-01-02T00:00:00Z"})

    first, last = stored(application, order).shipments
    assert (first.tracking_number, last.tracking_number) == ("A1", "A3")
    assert shown["shipping"]["tracking_no"] == "A3"
    assert shown["shipping"]["date_shipped"] == "2026-01-02T00:00:00.000Z"
    body = {"shipping": {"tracking_no": "A1"}}
    assert "another parcel" in invalid(api.put(f"/orders/{order.id}", body))
    body = {"shipping": {"date_shipped": "2099-01-01T00:00:00Z"}}
    assert "date_shipped" in invalid(api.put(f"/orders/{order.id}", body))
    assert "tracking_no" not in put(api, order, shipping={"tracking_no": ""})["shipping"]


def test_what_was_told_before_another_system_sent_the_parcel_is_still_shown(
    application: Application, api: Seller
) -> None:
    order = make(application)
    put(api, order, shipping={"tracking_no": "K1"})
    change = Change(stored(application, order), SystemClock().now(), SELLER)
    commands.ship(change, [ShippedLine(1, 1)])
    application.desk.orders.commit(change)

    assert get(api, order)["shipping"]["tracking_no"] == "K1"
    assert put(api, order, shipping={"tracking_no": "K2"})["shipping"]["tracking_no"] == "K2"
    assert stored(application, order).shipments[0].tracking_number == "K2"
    set_status(api, order, "SHIPPED")
    assert get(api, order)["status"] == "SHIPPED"


# -- statuses --------------------------------------------------------------------------------------

SITUATIONS: dict[str, tuple[Do, ...]] = {
    "placed": (),
    "clearing": (paying,),
    "partly paid": (paid("1.00"),),
    "paid": (paid(),),
    "sent": (sent(),),
    "partly sent": (sent(ShippedLine(1, 1)),),
    "paid and received": (paid(), sent(), commands.receive),
    "refunded": (
        paid(),
        lambda change: commands.settle_refund(
            change, commands.request_refund(change, change.order.captured).id
        ),
    ),
    "refund under way": (
        paid(),
        lambda change: commands.request_refund(change, change.order.captured),
    ),
    "completed": (paid(), commands.complete),
    "cancelled": (commands.cancel,),
    "marked": (lambda change: commands.mark(change, SellerMark.NON_PAYING_BUYER),),
    "purged": (lambda change: commands.mark(change, SellerMark.PURGED),),
}


@pytest.mark.parametrize("situation", SITUATIONS)
def test_a_status_that_is_accepted_is_read_back_and_no_other(
    application: Application, api: Seller, situation: str
) -> None:
    """By the tables: what they refuse is refused with their reason, and changes nothing."""
    for word in StatusWord:
        order = make(application, *SITUATIONS[situation])
        before = State.of(order)
        meaning = status.STATUS_REQUEST.meaning(word, before)
        answer = patch(api, order, "status", word.value)
        if isinstance(meaning, Meaning):
            assert data(answer) == {}, word
            assert get(api, order)["status"] == word
            version = stored(application, order).version
            set_status(api, order, word.value)
            assert stored(application, order).version == version
        else:
            assert meaning.reason in not_allowed(answer), word
            assert stored(application, order) == order


@pytest.mark.parametrize("situation", SITUATIONS)
def test_a_payment_status_that_is_accepted_is_read_back_and_no_other(
    application: Application, api: Seller, situation: str
) -> None:
    for word in PaymentWord:
        order = make(application, *SITUATIONS[situation])
        meaning = status.PAYMENT_STATUS_REQUEST.meaning(word, State.of(order))
        answer = patch(api, order, "payment_status", word.value)
        others = situation == "clearing" and word in (PaymentWord.NONE, PaymentWord.BOUNCED)
        if isinstance(meaning, Meaning) and not others:
            assert data(answer) == {}, word
            assert get(api, order)["payment"]["status"] == word
            version = stored(application, order).version
            set_payment(api, order, word.value)
            assert stored(application, order).version == version
        else:
            reason = "provider" if isinstance(meaning, Meaning) else meaning.reason
            assert reason in not_allowed(answer), word
            assert stored(application, order) == order


def test_words_are_taken_in_any_case(application: Application, api: Seller) -> None:
    order = make(application)

    set_status(api, order, "ready")
    set_payment(api, order, "SENT")

    assert words(api, order) == ("READY", "Sent")


def test_paid_records_all_that_is_still_to_be_paid(application: Application, api: Seller) -> None:
    order = make(application, paid("2.00"))

    set_status(api, order, "PAID")

    kept = stored(application, order)
    assert [str(each.amount.decimal_text) for each in kept.payments] == ["2.00", "10.00"]
    assert kept.payments[1].provider == WIRE
    assert kept.payments[1].method == "PayPal"
    shown = get(api, order)
    assert shown["payment"]["status"] == "Completed"
    assert kept.paid_at
    assert shown["payment"]["date_paid"].startswith(f"{kept.paid_at:%Y-%m-%dT%H:%M:%S}")


def test_a_payment_clears_bounces_and_comes_after_all(
    application: Application, api: Seller
) -> None:
    order = make(application)

    set_payment(api, order, "Clearing")
    assert "clearing" in not_allowed(patch(api, order, "status", "CANCELLED"))
    set_payment(api, order, "Bounced")
    assert words(api, order) == ("PENDING", "Bounced")
    set_payment(api, order, "Clearing")
    assert words(api, order) == ("PENDING", "Clearing")
    set_payment(api, order, "Received")
    assert words(api, order) == ("PAID", "Received")
    set_payment(api, order, "Completed")

    assert words(api, order) == ("PAID", "Completed")
    kept = stored(application, order)
    assert [each.state for each in kept.payments] == [PaymentState.FAILED, PaymentState.CAPTURED]
    assert kept.captured == kept.total


def test_returned_money_leaves_the_order_to_be_cancelled(
    application: Application, api: Seller
) -> None:
    order = make(application, paid())
    assert "Returned" in not_allowed(patch(api, order, "status", "CANCELLED"))

    set_payment(api, order, "Returned")
    set_status(api, order, "CANCELLED")

    assert words(api, order) == ("CANCELLED", "Returned")
    kept = stored(application, order)
    assert kept.refunded == kept.captured


def test_a_word_on_the_payment_is_kept_on_closed_orders_too(
    application: Application, api: Seller
) -> None:
    order = make(application, paid())
    set_status(api, order, "COMPLETED")

    set_payment(api, order, "Received")
    assert words(api, order) == ("COMPLETED", "Received")
    set_payment(api, order, "Completed")

    assert words(api, order) == ("COMPLETED", "Completed")
    assert "payment_said" not in stored(application, order).details.extensions[WIRE]


def test_cash_that_comes_after_the_goods_counts(application: Application, api: Seller) -> None:
    order = make(application)
    set_status(api, order, "RECEIVED")
    assert words(api, order) == ("RECEIVED", "None")

    set_payment(api, order, "Received")
    set_status(api, order, "COMPLETED")

    assert words(api, order) == ("COMPLETED", "Received")


def test_an_order_without_lots_can_not_be_paid(application: Application, api: Seller) -> None:
    order = make(application, lines=[], charges=(), discounts=())

    assert "pay for" in not_allowed(patch(api, order, "status", "PAID"))


def test_the_moment_of_the_last_change_of_status_is_told(
    application: Application, api: Seller, later: Callable[[float], None]
) -> None:
    order = make(application)
    later(100)
    set_status(api, order, "READY")
    changed = get(api, order)["date_status_changed"]
    later(200)

    shown = put(api, order, remarks="later", cost={"etc1": "1"})

    assert shown["date_status_changed"] == changed > shown["date_ordered"]


def test_goods_that_received_themselves_did_so_when_that_was_due(
    application: Application, api: Seller, later: Callable[[float], None]
) -> None:
    order = make(application, paid(), sent(), terms=Terms(auto_receive=60))
    later(100)

    shown = get(api, order)

    assert shown["status"] == "RECEIVED"
    due = order.shipments[0].auto_receive_at
    assert due
    assert shown["date_status_changed"].startswith(f"{due:%Y-%m-%dT%H:%M:%S}")
    set_status(api, order, "RECEIVED")
    set_status(api, order, "NSS")
    assert get(api, order)["date_status_changed"] > shown["date_status_changed"]


@pytest.mark.parametrize("field", ["status", "payment_status"])
@pytest.mark.parametrize(
    ("body", "at"),
    [
        ({"field": "remarks", "value": "x"}, "field"),
        ({"value": "PAID"}, "field"),
        ({"field": "", "value": "PAID"}, "field"),
        ({"field": ["status"], "value": "PAID"}, "field"),
        ({"field": None, "value": None}, "field"),
    ],
)
def test_a_patch_of_another_field_is_refused(
    application: Application, api: Seller, field: str, body: dict[str, Any], at: str
) -> None:
    order = make(application)

    assert invalid(api.put(f"/orders/{order.id}/{field}", body)).startswith(at)

    assert stored(application, order) == order


@pytest.mark.parametrize(
    ("field", "other"), [("status", "payment_status"), ("payment_status", "status")]
)
@pytest.mark.parametrize("value", ["", None, "DONE", "PENDING ", 5, True, [], {}, "x" * 100])
def test_a_word_that_is_none_is_refused(
    application: Application, api: Seller, field: str, other: str, value: object
) -> None:
    order = make(application)

    wrong = api.put(f"/orders/{order.id}/{field}", {"field": other, "value": "PAID"})
    assert invalid(wrong) == f"field must be one of {field}"
    answer = patch(api, order, field, value)
    if (field, value) == ("status", "PENDING "):
        assert data(answer) == {}
    else:
        assert invalid(answer).startswith("value")

    assert stored(application, order) == order


# -- what the other APIs see -----------------------------------------------------------------------

YOUHAOSUDA = (youhaosuda.STATUS, youhaosuda.PAYMENT_STATUS, youhaosuda.SHIPMENT_STATUS)
BRANDCLOUD = (brandcloud.ORDER_STATUS, brandcloud.PAYMENT_STATUS)
SHOPLAZZA = (shoplazza.STATUS, shoplazza.FINANCIAL_STATUS, shoplazza.FULFILLMENT_STATUS)
MARKETPLACE = (
    marketplace_words.STATE,
    marketplace_words.PAYMENT_STATE,
    marketplace_words.SHIPMENT_STATE,
)

# docs/STATUSES.md, "The situations that matter, in all five APIs".
SEEN_AS: dict[tuple[str, ...], tuple[str, str, str, str]] = {
    ("PENDING",): (
        "open unpaid unfulfilled",
        "Open Open",
        "opened waiting initialled",
        "processing pending pending",
    ),
    ("PAID",): (
        "open paid unfulfilled",
        "Finished Paid",
        "placed paid waiting",
        "processing paid pending",
    ),
    ("SHIPPED",): (
        "open unpaid shipped",
        "Open Open",
        "placed waiting shipped",
        "processing pending sending",
    ),
    ("PAID", "SHIPPED"): (
        "open paid shipped",
        "Finished Paid",
        "placed paid shipped",
        "processing paid sending",
    ),
    ("PAID", "RECEIVED"): (
        "open paid received",
        "Finished Paid",
        "placed paid finished",
        "processing paid recieved",
    ),
    ("PAID", "RECEIVED", "COMPLETED"): (
        "completed paid received",
        "Finished Paid",
        "finished paid finished",
        "achieved paid recieved",
    ),
    ("CANCELLED",): (
        "cancelled voided unfulfilled",
        "Cancelled Closed",
        "cancelled cancelled cancelled",
        "cancel expired pending",
    ),
    # Marks are seen in this API alone.
    **{
        (mark,): (
            "open unpaid unfulfilled",
            "Open Open",
            "opened waiting initialled",
            "processing pending pending",
        )
        for mark in ("UPDATED", "READY", "OCR", "NPB", "NPX", "NRS", "NSS", "PURGED")
    },
    ("CANCELLED", "PURGED"): (
        "cancelled voided unfulfilled",
        "Cancelled Closed",
        "cancelled cancelled cancelled",
        "cancel expired pending",
    ),
    ("PAID", "NSS"): (
        "open paid unfulfilled",
        "Finished Paid",
        "placed paid waiting",
        "processing paid pending",
    ),
}


@pytest.mark.parametrize("steps", SEEN_AS, ids=" ".join)
def test_the_other_apis_see_what_a_seller_says(
    application: Application, api: Seller, marketplace: Client, steps: tuple[str, ...]
) -> None:
    order = make(application)
    for word in steps:
        set_status(api, order, word)
    assert get(api, order)["status"] == steps[-1]

    state = State.of(stored(application, order))

    read = tuple(
        " ".join(table.word(state).value for table in tables)
        for tables in (MARKETPLACE, BRANDCLOUD, SHOPLAZZA, YOUHAOSUDA)
    )
    assert read == SEEN_AS[steps]
    shown = marketplace.call("get_order", path={"id": str(order.id)}).body
    assert f"{shown['state']} {shown['payment_state']} {shown['shipment_state']}" == read[0]
    app = issue_app(
        application.shops, application.desk.clock, "demo", wire="youhaosuda", label="Warehouse"
    )
    client = Client("youhaosuda", {"x-api-access-token": app.token})
    shown = client.call("get_order", path={"id": str(order.id)}).body["order"]
    assert f"{shown['status']} {shown['payment_status']} {shown['shipment_status']}" == read[3]


# -- thanks ----------------------------------------------------------------------------------------


class Outbox:
    """A mailer that keeps what it is given; ``failure`` is what it raises instead."""

    def __init__(self) -> None:
        self.sent: list[Mail] = []
        self.failure: Exception | None = None

    def send(self, mail: Mail) -> None:
        if self.failure:
            raise self.failure
        self.sent.append(mail)


@pytest.fixture
def outbox(application: Application) -> Outbox:
    box = Outbox()
    application.mailer = box
    return box


def thank(api: Seller, order: Order, query: str = "", raw: str | None = None) -> httpx.Response:
    return api.call("POST", f"/orders/{order.id}/drive_thru", query=query, raw=raw)


def test_thanks_go_to_the_buyer_and_are_told(
    application: Application, api: Seller, outbox: Outbox
) -> None:
    order = make(application, paid(), sent(number="RR1"))
    assert get(api, order)["drive_thru_sent"] is False

    assert data(thank(api, order)) == {}

    (mail,) = outbox.sent
    assert (mail.to, mail.copy_to) == ("fan@example.com", "")
    assert mail.subject.startswith("Thank You, Drive Thru!")
    assert "brickfan" in mail.text
    assert "RR1" in mail.text
    assert get(api, order)["drive_thru_sent"] is True


def test_thanks_go_out_again_when_they_are_asked_for_again(
    application: Application, api: Seller, outbox: Outbox
) -> None:
    order = make(application)

    data(thank(api, order))
    data(thank(api, order))

    assert len(outbox.sent) == 2


@pytest.mark.parametrize("spelling", ["true", "True", "TRUE"])
def test_the_seller_gets_a_copy_on_request(
    application: Application, api: Seller, outbox: Outbox, spelling: str
) -> None:
    manage_shops.change_settings(application.shops, "demo", email="shop@example.com")
    order = make(application)

    data(thank(api, order, f"mail_me={spelling}"))
    data(thank(api, order, "mail_me=False"))

    assert [mail.copy_to for mail in outbox.sent] == ["shop@example.com", ""]


def test_thanks_that_can_not_be_sent_are_refused(
    application: Application, api: Seller, outbox: Outbox
) -> None:
    details = replace(placement().details, customer=replace(BUYER, email=""))
    order = make(application, details=details)

    assert "the buyer's e-mail address" in not_allowed(thank(api, order))
    assert "the shop has no e-mail" in not_allowed(thank(api, make(application), "mail_me=true"))
    assert invalid(thank(api, make(application), "mail_me=often")).startswith("mail_me")

    assert outbox.sent == []
    assert get(api, order)["drive_thru_sent"] is False


@pytest.mark.parametrize("failure", [Busy("x"), Unavailable("x"), InvalidField("email", "invalid")])
def test_thanks_that_were_not_sent_are_not_told(
    application: Application, api: Seller, outbox: Outbox, failure: Exception
) -> None:
    order = make(application)
    outbox.failure = failure

    assert said(thank(api, order))["meta"]["code"] in (422, 500)

    assert get(api, order)["drive_thru_sent"] is False


def test_an_empty_body_may_come_along(
    application: Application, api: Seller, outbox: Outbox
) -> None:
    assert data(thank(api, make(application), raw="")) == {}
    assert data(thank(api, make(application), raw="null")) == {}


# -- size ------------------------------------------------------------------------------------------


def test_an_order_of_2000_lots_in_5_batches_is_read_and_updated_whole(
    application: Application, api: Seller
) -> None:
    def batch(number: int) -> list[LineRequest]:
        return [
            lot(n, f"{(n % 97 + 1) / 10_000:.4f}", n % 13 + 1)
            for n in range(400 * number, 400 * number + 400)
        ]

    order = make(application, lines=batch(0))
    for number in range(1, 5):
        order = add_lines(application.desk, order, batch(number), SELLER).order

    batches = data(api.get(f"/orders/{order.id}/items"))
    shown = get(api, order)

    assert [len(each) for each in batches] == [400] * 5
    lots = [item for each in batches for item in each]
    for item in lots:
        has_shape(item, ITEM)
    assert [item["inventory_id"] for item in lots] == [180_000_000 + n for n in range(2000)]
    assert [item["unit_price"] for item in lots] == [
        f"{Decimal(n % 97 + 1) / 10_000:.4f}" for n in range(2000)
    ]
    assert (shown["unique_count"], shown["total_count"]) == (
        2000,
        sum(n % 13 + 1 for n in range(2000)),
    )
    # Each lot is charged in whole cents, half a cent rounded up.
    charged = sum(
        (Decimal(item["unit_price"]) * item["quantity"] + Decimal("0.005")).quantize(
            Decimal("0.01"), rounding="ROUND_FLOOR"
        )
        for item in lots
    )
    assert shown["cost"]["subtotal"] == f"{charged:.4f}"
    adds_up(shown["cost"])

    changed = put(api, order, **DOCUMENTED)

    adds_up(changed["cost"])
    assert changed["cost"]["subtotal"] == f"{charged:.4f}"
    assert data(api.get(f"/orders/{order.id}/items")) == batches
    set_status(api, order, "SHIPPED")
    assert stored(application, order).unshipped() == dict.fromkeys(range(1, 2001), 0)


def test_more_lots_than_an_answer_holds_are_refused(application: Application, api: Seller) -> None:
    many = [replace(lot(n, "1", 1), name="x" * 300) for n in range(6000)]
    order = make(application, lines=many)

    assert "larger than an answer" in invalid(api.get(f"/orders/{order.id}/items"))
    assert get(api, order)["unique_count"] == 6000


# -- failures --------------------------------------------------------------------------------------


def test_every_failure_has_a_pair_of_its_own(
    application: Application, api: Seller, monkeypatch: pytest.MonkeyPatch
) -> None:
    order = make(application)
    path = f"/orders/{order.id}"
    seen = {
        (meta["code"], meta["message"])
        for meta in (
            said(answer)["meta"]
            for answer in (
                api.get(path),
                api.get("/coupons"),
                api.call("PUT", path, raw="{"),
                api.get("/orders", "direction=up"),
                api.call("GET", path, signature="OAuth x"),
                seller_of(application, "demo", Scope.READ_ORDERS).put(path, {}),
                api.get(f"{path}1"),
                api.call("DELETE", path),
                api.call("PUT", path, raw="a=b", media="application/x-www-form-urlencoded"),
                patch(api, order, "status", "COMPLETED"),
            )
        )
    }
    monkeypatch.setattr(DynamoOrders, "get_with_history", lambda *_: 1 / 0)
    meta = said(api.get(path))["meta"]
    seen.add((meta["code"], meta["message"]))

    # No method of this document creates or deletes anything.
    creating = {(201, "OK_CREATED"), (204, "OK_NO_CONTENT")}
    assert seen == {(meta.code, meta.message) for meta in errors.Meta} - creating


@pytest.mark.parametrize("method", ["GET", "PUT"])
def test_a_wrong_signature_is_refused_and_a_second_use_of_one_too(
    application: Application, api: Seller, method: str
) -> None:
    order = make(application)
    path = f"/orders/{order.id}"
    url = f"{URL}{path}"
    raw = json.dumps({"remarks": "x"}) if method == "PUT" else None
    good = header(signed(api.values, method, url))
    wrong = header(signed(api.values, method, f"{url}0"))

    refused = api.call(method, path, raw=raw, signature=wrong)
    first = api.call(method, path, raw=raw, signature=good)
    again = api.call(method, path, raw=raw, signature=good)

    assert failed(refused, 401, "BAD_OAUTH_REQUEST") == failed(again, 401, "BAD_OAUTH_REQUEST")
    assert data(first)["order_id"] == order.id


def test_a_revoked_signer_is_refused(
    application: Application, later: Callable[[float], None]
) -> None:
    order = make(application)
    issued = issue_signer(
        application.shops,
        application.vault,
        application.desk.clock,
        "demo",
        wire=WIRE,
        label="Desk",
    )
    manage_shops.revoke_credential(
        application.shops, application.desk.clock, "demo", issued.credential.id
    )

    answer = Seller(issued.values).get(f"/orders/{order.id}")

    failed(answer, 401, "BAD_OAUTH_REQUEST")


@pytest.mark.parametrize(("method", "path", "body"), CHANGES)
def test_who_may_only_read_changes_nothing(
    application: Application, method: str, path: str, body: object
) -> None:
    order = make(application)
    reader = seller_of(application, "demo", Scope.READ_ORDERS)

    failed(called(reader, method, order.id, path, body), 403, "PERMISSION_DENIED")

    assert stored(application, order) == order
    assert get(reader, order)["order_id"] == order.id


@pytest.mark.parametrize(
    "order_id", ["abc", "1.5", "-1", "0x10", "1" * 20, "１２", "%20", "null", "R1", "1 2"]
)
@pytest.mark.parametrize(("method", "path", "body"), [*READS, *CHANGES])
def test_an_order_id_is_an_integer(
    api: Seller, outbox: Outbox, order_id: str, method: str, path: str, body: object
) -> None:
    assert invalid(called(api, method, order_id, path, body)) == "order_id must be an integer"


@pytest.mark.parametrize("order_id", [0, 1, 1234, MAX_ORDER_ID, MAX_ORDER_ID + 1, 10**18])
@pytest.mark.parametrize(("method", "path", "body"), [*READS, *CHANGES])
def test_an_order_that_does_not_exist_is_not_found(
    api: Seller, outbox: Outbox, order_id: int, method: str, path: str, body: object
) -> None:
    assert not_found(called(api, method, order_id, path, body)) == "There is no such order."


@pytest.mark.parametrize("path", ["", "/status", "/payment_status"])
@pytest.mark.parametrize(
    "raw",
    [
        "{",
        "[]",
        '"x"',
        "1",
        "null",
        "",
        '{"a": NaN}',
        '{"remarks": "a", "remarks": "b"}',
        "[" * 100 + "]" * 100,
        '{"x": ' + "1" * 5000 + "}",
        '{"remarks": "\\ud800"}',
        '{"x": "' + "y" * 70_000 + '"}',
    ],
)
def test_a_body_that_is_no_object_is_refused(
    application: Application, api: Seller, path: str, raw: str
) -> None:
    order = make(application)

    answer = api.call("PUT", f"/orders/{order.id}{path}", raw=raw)

    assert failed(answer, 400, "INVALID_REQUEST_BODY")
    assert stored(application, order) == order


@pytest.mark.parametrize(
    "media", ["text/plain", "application/xml", "application/x-www-form-urlencoded", "a/b; c=d"]
)
def test_bodies_are_json(application: Application, api: Seller, media: str) -> None:
    answer = api.call("PUT", f"/orders/{make(application).id}", raw="a=b", media=media)

    failed(answer, 415, "UNSUPPORTED_MEDIA_TYPE")


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/orders"),
        ("DELETE", "/orders/1"),
        ("PATCH", "/orders/1"),
        ("POST", "/orders/1/status"),
        ("GET", "/orders/1/drive_thru"),
        ("PUT", "/orders/1/items"),
    ],
)
def test_another_method_is_told(api: Seller, method: str, path: str) -> None:
    failed(api.call(method, path), 405, "METHOD_NOT_ALLOWED")


@pytest.mark.parametrize(
    "path", ["/coupons", "/orders/1/payment", "/orders/1/items/2", "/order", "/x", "/orders/1/2/3"]
)
@pytest.mark.parametrize("method", ["GET", "PUT", "POST", "DELETE"])
def test_another_path_is_told(api: Seller, method: str, path: str) -> None:
    failed(api.call(method, path), 400, "INVALID_URI")


def test_what_nobody_foresaw_is_told_opaquely_and_logged_whole(
    application: Application, api: Seller, monkeypatch: pytest.MonkeyPatch
) -> None:
    order = make(application)
    lines = io.StringIO()
    handler = logging.StreamHandler(lines)
    handler.setFormatter(answering.logger.registered_formatter)
    logger = logging.getLogger(answering.logger.name)
    logger.addHandler(handler)

    def fails(*_: object) -> None:
        raise RuntimeError("secret of the house")

    monkeypatch.setattr(DynamoOrders, "get_with_history", fails)
    try:
        answer = api.get(f"/orders/{order.id}")
    finally:
        logger.removeHandler(handler)

    assert "secret" not in answer.text
    failed(answer, 500, "INTERNAL_SERVER_ERROR")
    line = json.loads(lines.getvalue().splitlines()[-1])
    assert line["level"] == "ERROR"
    assert "secret of the house" in line["trace"]
    assert line["meta"] == "500 INTERNAL_SERVER_ERROR"
    assert line["shop_id"] == "demo"


@pytest.mark.parametrize("failure", [Busy("x"), Unavailable("x")])
def test_what_may_go_well_another_time_says_so(
    application: Application, api: Seller, monkeypatch: pytest.MonkeyPatch, failure: Exception
) -> None:
    order = make(application)

    def fails(*_: object, **__: object) -> None:
        raise failure

    monkeypatch.setattr(DynamoOrders, "get", fails)

    answer = patch(api, order, "status", "READY")

    assert "try again" in failed(answer, 500, "INTERNAL_SERVER_ERROR")


# -- hostile input ---------------------------------------------------------------------------------

NASTY = ["", " ", "\x00", "\ud83d\ude00", "'; --", "../..", "{}", "%00", "𝟙", "a" * 5000, "\u202e"]


@pytest.mark.parametrize("text", NASTY, ids=range(len(NASTY)))
def test_hostile_text_is_taken_or_refused_and_never_breaks_anything(
    application: Application, api: Seller, text: str
) -> None:
    order = make(application)
    path = f"/orders/{order.id}"
    bodies = [
        {"remarks": text},
        {"cost": {"shipping": text}},
        {"shipping": {"tracking_no": text, "tracking_link": text, "date_shipped": text}},
        {"shipping": {"method_id": text}, "is_filed": text},
    ]
    answers = [api.put(path, body) for body in bodies]
    for field, given in product(("status", "payment_status"), (text, [text])):
        answers.append(api.put(f"{path}/{field}", {"field": field, "value": given}))
        answers.append(api.put(f"{path}/{field}", {"field": given, "value": "PAID"}))

    assert {said(answer)["meta"]["code"] for answer in answers} <= {200, 400}
    stored(application, order)
    assert get(api, order)["order_id"] == order.id


def all_texts(value: Any) -> Iterable[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        for part in value.values() if isinstance(value, dict) else value:
            yield from all_texts(part)


def test_nothing_of_ours_is_in_a_refusal(application: Application, api: Seller) -> None:
    order = make(application)
    texts = all_texts(said(patch(api, order, "status", "COMPLETED")))

    assert not any("SHOP#" in text or "Traceback" in text for text in texts)
