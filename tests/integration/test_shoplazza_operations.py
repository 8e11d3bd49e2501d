"""The Shoplazza operation in process: handler, domain and an emulated table.

What is sent is what the document lists; what comes back is checked
whole, keys and types, against its table of response fields and the vendor's order reference.
"""

import copy
import io
import json
import logging
import re
from base64 import b64decode
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from itertools import product
from types import NoneType
from typing import Any

import pytest

from orderhub import bootstrap
from orderhub.adapters.dynamodb.orders import DynamoOrders
from orderhub.adapters.system import SystemClock
from orderhub.bootstrap import Application
from orderhub.domain.errors import Busy, Unavailable
from orderhub.domain.events import Terms
from orderhub.domain.money import UnitPrice
from orderhub.domain.order import Order
from orderhub.domain.shop import Credential, Price, Product, Scope, Shop, Variant
from orderhub.domain.status import FulfilmentStatus, OrderStatus, PaymentStatus
from orderhub.http import answering
from orderhub.services.authenticate import token_hash
from orderhub.services.find_order import find_order
from orderhub.services.manage_payment_accounts import set_account
from orderhub.services.place_order import as_placed
from orderhub.services.replay_order import replay_order
from orderhub.wire.shoplazza import errors, status
from orderhub.wire.shoplazza.inbound import WIRE
from orderhub.wire.statuses import Do, InboundTable, Intent, Refuse, State
from tests.integration.conftest import TOKENS
from tests.support.api import Client, invoke, payload
from tests.support.fakes import NOON

TOKEN = "shoplazza-token-00001"
SHOP = "station-b"
ROUTES = {version: f"POST /openapi/{version}/orders" for version in ("2022-01", "2026-01")}

# -- the document's shapes -------------------------------------------------------------------------

TIME = "time"
TIME_OR_NULL = "time or null"
AMOUNT = "amount"
URL = "url"

LINE_ITEM = {
    "id": str,
    "product_id": str,
    "variant_id": str,
    "product_title": str,
    "variant_title": str,
    "product_handle": str,
    "quantity": int,
    "note": str,
    "fulfillment_status": str,
    "sku": str,
    "weight": str,
    "weight_unit": str,
    "vendor": str,
    "product_url": str,
    "compare_at_price": AMOUNT,
    "image": str,
    "price": AMOUNT,
    "total": AMOUNT,
    "total_price": AMOUNT,
    "properties": [{"name": str, "value": str}],
    "custom_properties": {},
    "refund_quantity": int,
    "refund_total": AMOUNT,
    "taxable": bool,
    "requires_shipping": bool,
}
ADDRESS = {
    "first_name": str,
    "last_name": str,
    "name": str,
    "address": str,
    "address1": str,
    "address2": str,
    "phone": str,
    "phone_area_code": str,
    "email": str,
    "city": str,
    "area": str,
    "zip": str,
    "province": str,
    "province_code": str,
    "country": str,
    "country_code": str,
    "company": str,
    "latitude": str,
    "longitude": str,
    "extra_info": {"cpf": str},
}
ORDER: dict[str, Any] = {
    "id": str,
    "number": str,
    "note": (str, NoneType),
    "status": str,
    "financial_status": str,
    "fulfillment_status": str,
    "email_status": str,
    "cancel_reason": (str, NoneType),
    "recovery_status": str,
    "payment_method": str,
    "discount_applications": str,
    "customer_note": str,
    "buyer_accepts_marketing": bool,
    "currency": str,
    "total_price": AMOUNT,
    "sub_total": AMOUNT,
    "total_discount": AMOUNT,
    "total_tax": AMOUNT,
    "total_shipping": AMOUNT,
    "code_discount_total": AMOUNT,
    "gift_card_total": AMOUNT,
    "total_refund_price": AMOUNT,
    "additional_total": AMOUNT,
    "addtional_prices": [{"name": str, "price": AMOUNT}],
    "shipping_tax_total": AMOUNT,
    "customer_deleted_at": TIME_OR_NULL,
    "created_at": TIME,
    "updated_at": TIME,
    "deleted_at": TIME_OR_NULL,
    "canceled_at": TIME_OR_NULL,
    "placed_at": TIME_OR_NULL,
    "total_tip_received": AMOUNT,
    "tags": str,
    "total_paid": AMOUNT,
    "shipping_line": {"name": str, "desc": str, "shipping_price": AMOUNT},
    "customer": {
        "id": str,
        "email": str,
        "first_name": str,
        "last_name": str,
        "phone": str,
        "created_at": TIME,
        "updated_at": TIME,
        "orders_count": int,
        "total_spent": AMOUNT,
    },
    "shipping_address": ADDRESS,
    "billing_address": ADDRESS,
    "payment_line": {
        "payment_channel": str,
        "payment_method": str,
        "transaction_no": str,
        "merchant_id": str,
        "merchant_email": str,
    },
    "line_items": [LINE_ITEM],
    "fulfillments": [
        {
            "id": str,
            "order_id": str,
            "status": str,
            "tracking_company": str,
            "tracking_number": str,
            "tracking_company_code": str,
            "tracking_url": str,
            "created_at": TIME,
            "updated_at": TIME,
            "line_items": [{**LINE_ITEM, "shipping_quantity": int}],
        }
    ],
    "logistics_code": str,
    "refer_info": str,
    "config": {
        "page_type": str,
        "requires_shipping": bool,
        "checkout_business_type": int,
        "product_tax_included": bool,
        "checkout_template_type": int,
        "market_setting": {
            "market_currency": str,
            "market_base_currency": str,
            "primary_market_currency": str,
            "market_country": str,
        },
    },
    "checkout_url": URL,
    "location_line": {"id": str, "location_id": str, "location_name": str},
    "invoice_url": URL,
}
NEWER_ORDER = {
    **ORDER,
    "cancelled_at": TIME_OR_NULL,
    "additional_prices": ORDER["addtional_prices"],
}

_PATTERNS = {
    TIME: r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ",
    AMOUNT: r"-?\d+(\.\d+)?",
    URL: r"https://[\w.-]+/checkout/station-b-\d+/[\w-]{43}",
}


def has_shape(value: Any, shape: Any, at: str = "order") -> None:
    """Exactly these keys, these types, everywhere."""
    if isinstance(shape, dict):
        assert isinstance(value, dict), at
        assert set(value) == set(shape), at
        for name, part in shape.items():
            has_shape(value[name], part, f"{at}.{name}")
    elif isinstance(shape, list):
        assert isinstance(value, list), at
        for index, part in enumerate(value):
            has_shape(part, shape[0], f"{at}[{index}]")
    elif isinstance(shape, str):
        if shape == TIME_OR_NULL:
            if value is None:
                return
            shape = TIME
        assert isinstance(value, str), at
        assert re.fullmatch(_PATTERNS[shape], value), f"{at}: {value!r}"
    else:
        assert isinstance(value, bool) is (shape is bool), at
        assert isinstance(value, shape), f"{at}: {value!r}"


# -- a store ---------------------------------------------------------------------------------------


def order(**changed: Any) -> dict[str, Any]:
    """A request with everything that an order made today has. ``None`` leaves a field out."""
    body: dict[str, Any] = {
        "line_items": [
            {"product_id": "shirt", "variant_id": "shirt-L", "quantity": 2},
            {"product_id": "mug", "variant_id": "mug-1", "quantity": 1},
        ],
        "shipping_address": {
            "first_name": "Mei",
            "last_name": "Han",
            "phone": "+86 150 1447 1143",
            "email": "mei.han@example.com",
            "country": "United States",
            "country_code": "US",
            "province": "New Mexico",
            "province_code": "NM",
            "city": "San Jose",
            "address": "1 Rue des Carrieres",
            "address1": "Suite 1234",
            "zip": "87036",
            "latitude": "22.54",
            "longitude": "114.06",
        },
        "tags": ["vip", "phone order"],
        "tax_total": "9.99",
        "currency_code": "USD",
        "discount": "10.00",
        "note": "Gift wrap, please.",
        "payment_line": "COD",
        "shipping_line": {"name": "Free Shipping", "shipping_price": "5.00", "desc": "slow"},
    }
    body |= changed
    return {name: value for name, value in body.items() if value is not None}


def moved(body: dict[str, Any], **changed: Any) -> dict[str, Any]:
    """``body`` with another address: ``None`` leaves a field of it out."""
    address = {**body["shipping_address"], **changed}
    address = {name: value for name, value in address.items() if value is not None}
    return {**body, "shipping_address": address}


@dataclass(frozen=True)
class Reply:
    status: int
    text: str
    headers: dict[str, str]

    @property
    def body(self) -> Any:
        return json.loads(self.text)

    @property
    def order(self) -> dict[str, Any]:
        assert self.status == 200, self.text
        body = self.body
        found: dict[str, Any] = body["order"] if "order" in body else body["data"]["order"]
        return found

    @property
    def errors(self) -> list[str]:
        assert self.status == 422, (self.status, self.text)
        found: list[Any] = self.body["errors"]
        assert set(self.body) == {"errors"}
        assert all(isinstance(message, str) for message in found)
        assert all(found)
        return found


@dataclass
class Store:
    """A shop, and a system that makes orders in it."""

    application: Application
    shop_id: str = SHOP
    token: str | None = TOKEN

    def post(
        self,
        body: object = None,
        *,
        version: str = "2022-01",
        raw: str | None = None,
        headers: dict[str, str] | None = None,
        **fields: Any,
    ) -> Reply:
        event = copy.deepcopy(payload("shoplazza/create_order"))
        event["routeKey"] = ROUTES[version]
        event["headers"] |= {name.lower(): value for name, value in (headers or {}).items()}
        event["headers"].pop("access-token")
        if self.token is not None:
            event["headers"]["access-token"] = self.token
        event["body"] = json.dumps(order(**fields) if body is None else body)
        if raw is not None:
            event["body"] = raw
        answer = invoke("shoplazza/create_order", event)
        assert not answer.get("isBase64Encoded")
        return Reply(answer["statusCode"], answer["body"], answer["headers"])

    def change(self, **settings: Any) -> None:
        """Change the shop's settings, at once."""
        shop = self.application.shops.get(self.shop_id)
        assert shop
        self.application.shops.put(replace(shop, **settings))
        self.forget()

    def forget(self) -> None:
        """As a minute later: what was cached of the shop is read again."""
        self.application.__dict__.pop("authenticator", None)

    def stored(self, reply: Reply | dict[str, Any]) -> Order:
        """The order as it is in the table, after proving that its events replay to it."""
        body = reply if isinstance(reply, dict) else reply.order
        desk = self.application.desk
        found = find_order(desk, self.shop_id, body["number"].lstrip("0"))
        assert replay_order(desk, self.shop_id, found.id).agrees
        return found

    def count(self) -> int:
        return len(self.application.desk.orders.page(self.shop_id, limit=500).orders)

    def stock(self, product_id: str, variant_id: str) -> int:
        item = (product_id, variant_id)
        return self.application.desk.catalog.stock(self.shop_id, [item])[item]

    def set_stock(self, quantity: int) -> None:
        self.application.desk.catalog.set_stock(self.shop_id, "lamp", "lamp-1", quantity)

    def look(self, url: str) -> Reply:
        """Open a checkout page."""
        event = payload("checkout/show_order")
        _, _, _, _, name, token = url.split("/")
        event["pathParameters"] = {"order_id": name, "token": token}
        answer = invoke("checkout/show_order", event)
        assert answer["isBase64Encoded"]
        return Reply(answer["statusCode"], b64decode(answer["body"]).decode(), answer["headers"])


def usd(amount: str) -> UnitPrice:
    return UnitPrice.of(amount, "USD")


LAMPS = [{"product_id": "lamp", "variant_id": "lamp-1", "quantity": 3}]


@pytest.fixture
def store(application: Application) -> Store:
    """Sells shirts at 81.00, 70.50 discounted, mugs at 12.25, and lamps that are counted."""
    application.shops.put(
        Shop(id=SHOP, name="Station <B>", currency="USD", created_at=NOON, given_number=11218)
    )
    application.shops.add_credential(
        Credential(
            id="cred-shoplazza",
            shop_id=SHOP,
            wire=WIRE,
            label="import",
            token_hash=token_hash(TOKEN),
            scopes=tuple(Scope),
            created_at=NOON,
        )
    )
    put = application.desk.catalog.put_product
    put(
        SHOP,
        Product(
            id="shirt",
            name="Shirt",
            image_url="https://images.example/shirt.jpeg",
            variants=(
                Variant(
                    id="shirt-L",
                    name="size:L,color:blue",
                    sku="T-L",
                    weight_grams=180,
                    prices={
                        "USD": Price(price=usd("81.00"), discount_price=usd("70.50")),
                        "JPY": Price(price=UnitPrice.of("1200", "JPY")),
                        "KWD": Price(price=UnitPrice.of("1.255", "KWD")),
                    },
                ),
            ),
        ),
    )
    put(
        SHOP,
        Product(
            id="mug",
            name="Mug",
            variants=(
                Variant(id="mug-1", name="Mug", prices={"USD": Price(price=usd("12.25"))}),
                Variant(id="mug-free", name="Gift", prices={"USD": Price(price=usd("0"))}),
            ),
        ),
    )
    lamp = Variant(id="lamp-1", prices={"USD": Price(price=usd("30.00"))}, tracks_stock=True)
    put(SHOP, Product(id="lamp", name="Lamp", variants=(lamp,)))
    store = Store(application)
    store.set_stock(10)
    return store


# -- making an order -------------------------------------------------------------------------------


def test_an_order_is_answered_with_every_field_of_the_document(store: Store) -> None:
    made = store.post().order
    has_shape(made, ORDER)
    # (70.50 × 2 + 12.25) + 9.99 + 5.00 - 10.00
    assert made["sub_total"] == "153.25"
    assert made["total_price"] == "158.24"
    assert made["total_tax"] == "9.99"
    assert made["total_shipping"] == "5.00"
    assert made["total_discount"] == "10.00"
    assert (made["currency"], made["total_paid"]) == ("USD", "0.00")
    assert (made["status"], made["financial_status"]) == ("opened", "waiting")
    assert made["fulfillment_status"] == "initialled"
    assert (made["email_status"], made["recovery_status"]) == ("waiting", "waiting")
    assert made["note"] == "Gift wrap, please."
    assert made["tags"] == "vip, phone order"
    assert made["shipping_line"] == {
        "name": "Free Shipping",
        "desc": "slow",
        "shipping_price": "5.00",
    }
    assert json.loads(made["discount_applications"]) == [
        {
            "type": "manual",
            "title": "10.00",
            "discount_code": "",
            "value": "10.00",
            "value_type": "fixed_amount",
            "amount": "10.00",
        }
    ]
    assert made["config"]["product_tax_included"] is False
    assert made["fulfillments"] == []
    for unset in ("cancel_reason", "canceled_at", "placed_at", "deleted_at", "customer_deleted_at"):
        assert made[unset] is None


def test_ids_are_the_shops_number_and_the_orders(store: Store) -> None:
    made = store.post().order
    stored = store.stored(made)
    assert made["number"] == f"{stored.id:08d}"
    assert made["id"] == f"11218-{made['number']}"
    assert stored.number == f"R{stored.id}"


def test_line_items_show_the_product_as_it_was_sold(store: Store) -> None:
    shirt, mug = store.post().order["line_items"]
    assert shirt["product_id"] == "shirt"
    assert shirt["variant_id"] == "shirt-L"
    assert (shirt["product_title"], shirt["variant_title"]) == ("Shirt", "size:L,color:blue")
    assert shirt["properties"] == [
        {"name": "size", "value": "L"},
        {"name": "color", "value": "blue"},
    ]
    assert (shirt["price"], shirt["compare_at_price"], shirt["total"]) == (
        "70.50",
        "81.00",
        "141.00",
    )
    assert (shirt["quantity"], shirt["sku"]) == (2, "T-L")
    assert (shirt["weight"], shirt["weight_unit"]) == ("180", "g")
    assert shirt["image"] == "https://images.example/shirt.jpeg"
    assert (mug["price"], mug["compare_at_price"], mug["properties"]) == ("12.25", "12.25", [])


def test_the_buyer_and_the_address_come_back_as_they_were_sent(store: Store) -> None:
    sent = order()["shipping_address"]
    made = store.post().order
    address = made["shipping_address"]
    assert made["billing_address"] == address
    same = set(sent) - {"address", "address1"}
    assert {name: address[name] for name in same} == {name: sent[name] for name in same}
    assert address["name"] == "Mei Han"
    # The vendor's 2022-01: the street and what is added to it.
    assert (address["address1"], address["address2"]) == ("1 Rue des Carrieres", "Suite 1234")
    assert address["address"] == "1 Rue des Carrieres"
    customer = made["customer"]
    assert (customer["first_name"], customer["last_name"]) == ("Mei", "Han")
    assert (customer["email"], customer["phone"]) == (sent["email"], sent["phone"])
    again = store.post(body=moved(order(), email="MEI.HAN@example.com")).order["customer"]
    other = store.post(body=moved(order(), email="li@example.com")).order["customer"]
    assert again["id"] == customer["id"] != other["id"]


def test_what_the_vendors_clients_send_beside_the_document_is_shown(store: Store) -> None:
    extra = {"area": "sz", "company": "ABC", "phone_area_code": "86", "cpf": "123"}
    address = store.post(body=moved(order(), **extra)).order["shipping_address"]
    assert {name: address[name] for name in ("area", "company", "phone_area_code")} == {
        "area": "sz",
        "company": "ABC",
        "phone_area_code": "86",
    }
    assert address["extra_info"] == {"cpf": "123"}


@pytest.mark.parametrize("wrapped", [False, True])
@pytest.mark.parametrize("version", ROUTES)
def test_both_versions_take_the_order_flat_or_wrapped(
    store: Store, version: str, *, wrapped: bool
) -> None:
    body: dict[str, Any] = {"order": order()} if wrapped else order()
    reply = store.post(body=body, version=version)
    if version == "2022-01":
        assert set(reply.body) == {"order"}
        has_shape(reply.order, ORDER)
    else:
        assert set(reply.body) == {"code", "data"}
        assert reply.body["code"] == "Success"
        assert set(reply.body["data"]) == {"order"}
        has_shape(reply.order, NEWER_ORDER)
        address = reply.order["shipping_address"]
        assert (address["address"], address["address1"]) == ("1 Rue des Carrieres", "Suite 1234")


def test_the_documents_heading_and_the_newer_clients_spellings_are_understood(
    store: Store,
) -> None:
    body = order(shipping_line={"shipping_name": "DHL", "shipping_price": 3, "shipping_desc": "x"})
    body["LineItems"] = body.pop("line_items")
    made = store.post(body=body).order
    assert len(made["line_items"]) == 2
    assert made["shipping_line"] == {"name": "DHL", "desc": "x", "shipping_price": "3.00"}


def test_what_is_optional_may_be_left_out_or_null(store: Store) -> None:
    before, after = ["tags", "discount", "note", "payment_line"], ["shipping_line"]
    after += ["refund_total", "refund_line_items"]
    texts = ["created_at", "updated_at", "order_status", "financial_status"]
    for absent in (
        order(tags=None, discount=None, note=None, payment_line=None, shipping_line=None),
        {**order(), **dict.fromkeys([*before, *after, *texts])},
        {**order(), **dict.fromkeys([*before, "refund_total", *texts], ""), "shipping_line": None},
    ):
        made = store.post(body=absent).order
        assert (made["total_price"], made["total_discount"]) == ("163.24", "0.00")
        assert (made["note"], made["tags"], made["total_shipping"]) == (None, "", "0.00")
        assert made["shipping_line"]["name"] == ""
        assert made["discount_applications"] == "[]"
    bare = moved(
        order(), first_name=None, phone=None, province=None, address1=None, zip=None, latitude=None
    )
    address = store.post(body=bare).order["shipping_address"]
    assert (address["first_name"], address["name"], address["zip"]) == ("", "Han", "")


@pytest.mark.parametrize("tags", [["a", "b", "a", " ", "c "], "a, b,c", ["a,b", "c"]])
def test_tags_are_an_array_or_one_text_with_commas(store: Store, tags: object) -> None:
    assert store.post(tags=tags).order["tags"] == "a, b, c"


def test_amounts_may_be_json_numbers_and_ids_may_be_too(store: Store) -> None:
    product = Product(
        id="42", name="N", variants=(Variant(id="7", prices={"USD": Price(price=usd("1"))}),)
    )
    store.application.desk.catalog.put_product(SHOP, product)
    made = store.post(
        line_items=[{"product_id": 42, "variant_id": 7, "quantity": "3"}],
        tax_total=0.5,
        discount=1,
        shipping_line={"name": "x", "shipping_price": 2.25},
    ).order
    assert made["total_price"] == "4.75"


# -- prices ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("currency", "pieces", "discount", "expected"),
    [
        # sub_total, total_discount, total_price with 1 of tax and 2 of shipping
        ("JPY", 1, "12.5%", ("1200", "150", "1053")),
        ("JPY", 3, "0.05%", ("3600", "2", "3601")),  # 1.8, half up once
        ("KWD", 1, "50%", ("1.255", "0.628", "3.627")),  # 0.6275
        ("USD", 1, "33.3333%", ("70.50", "23.50", "50.00")),  # 23.49997…
        ("USD", 1, "100%", ("70.50", "70.50", "3.00")),
        ("USD", 1, "70.50", ("70.50", "70.50", "3.00")),
        ("USD", 1, " 10 % ", ("70.50", "7.05", "66.45")),
        ("USD", 1, "0", ("70.50", "0.00", "73.50")),
    ],
)
def test_a_discount_is_rounded_once_to_the_currencys_own_decimals(
    store: Store, currency: str, pieces: int, discount: str, expected: tuple[str, str, str]
) -> None:
    made = store.post(
        currency_code=currency,
        line_items=[{"product_id": "shirt", "variant_id": "shirt-L", "quantity": pieces}],
        discount=discount,
        tax_total="1",
        shipping_line={"name": "Post", "shipping_price": "2"},
    ).order
    assert (made["sub_total"], made["total_discount"], made["total_price"]) == expected


def test_tax_that_prices_contain_is_shown_and_not_added(store: Store) -> None:
    store.change(tax_included=True)
    made = store.post(discount=None, shipping_line=None).order
    assert made["config"]["product_tax_included"] is True
    assert (made["sub_total"], made["total_tax"], made["total_price"]) == (
        "153.25",
        "9.99",
        "153.25",
    )


@pytest.mark.parametrize("discount", ["153.26", "100.01%", "1000%", "99999999999"])
def test_a_discount_of_more_than_the_lines_cost_can_not_be_calculated(
    store: Store, discount: str
) -> None:
    assert store.post(discount=discount).errors == [errors.NOT_CALCULABLE]
    assert store.count() == 0


def test_prices_can_not_contain_more_tax_than_they_are(store: Store) -> None:
    store.change(tax_included=True)
    assert store.post(tax_total="153.26").errors == [errors.NOT_CALCULABLE]
    assert store.post(tax_total="153.25").order["total_price"] == "148.25"


def test_a_total_beyond_all_reason_can_not_be_calculated(store: Store) -> None:
    many = [{"product_id": "shirt", "variant_id": "shirt-L", "quantity": 1_000_000_000}] * 1000
    # A thousand times 70.5 billion.
    assert store.post(line_items=many, tax_total="90071992547409.91").errors == [
        errors.NOT_CALCULABLE
    ]


def test_an_order_that_costs_nothing_is_paid_at_once(store: Store) -> None:
    free = [{"product_id": "mug", "variant_id": "mug-free", "quantity": 1}]
    made = store.post(line_items=free, tax_total="0", discount=None, shipping_line=None).order
    assert (made["total_price"], made["financial_status"]) == ("0.00", "paid")
    assert made["placed_at"] == made["created_at"]


# -- payment line ----------------------------------------------------------------------------------


@pytest.mark.parametrize("given", ["COD", "cod", " Cod "])
def test_cash_on_delivery_counts_where_the_shop_takes_it(store: Store, given: str) -> None:
    assert store.post(payment_line=given).order["payment_method"] == "online"
    store.change(cod_enabled=True)
    made = store.post(payment_line=given).order
    assert made["payment_method"] == "cod"
    assert made["payment_line"]["payment_channel"] == "cod"


def test_other_wishes_count_where_the_shop_takes_cash_on_delivery(store: Store) -> None:
    made = store.post(payment_line="paypal").order
    assert (made["payment_method"], made["payment_line"]["payment_channel"]) == ("online", "")
    store.change(cod_enabled=True)
    assert store.post(payment_line="paypal").order["payment_method"] == "paypal"
    assert store.post(payment_line=None).order["payment_method"] == "online"


def test_what_an_order_was_paid_by_is_a_fact(store: Store) -> None:
    made = store.post(payment_line="COD", financial_status="paid").order
    assert made["payment_method"] == "cod"
    made = store.post(payment_line="apple_pay", financial_status="paid").order
    assert made["payment_line"]["payment_method"] == "apple_pay"
    (payment,) = store.stored(made).payments
    assert (payment.provider, payment.method) == ("shoplazza", "apple_pay")


# -- stock -----------------------------------------------------------------------------------------


def test_an_order_takes_its_pieces_from_stock(store: Store) -> None:
    assert store.post(line_items=LAMPS).status == 200
    assert store.stock("lamp", "lamp-1") == 7
    assert store.post(line_items=LAMPS * 2).status == 200
    assert store.stock("lamp", "lamp-1") == 1
    assert store.post(line_items=LAMPS).errors == ["DecreaseInventory failed"]
    assert store.stock("lamp", "lamp-1") == 1
    assert store.count() == 2


def test_ninety_different_items_can_be_taken_at_once_and_no_more(store: Store) -> None:
    catalog = store.application.desk.catalog
    price = {"USD": Price(price=usd("1"))}
    variants = tuple(Variant(id=f"v{n}", prices=price, tracks_stock=True) for n in range(91))
    catalog.put_product(SHOP, Product(id="bulk", name="Bulk", variants=variants))
    for variant in variants:
        catalog.set_stock(SHOP, "bulk", variant.id, 1)
    lines = [{"product_id": "bulk", "variant_id": each.id, "quantity": 1} for each in variants]
    assert store.post(line_items=lines).errors == [
        "LineItems has too many different items for one order"
    ]
    history: dict[str, Any] = {"financial_status": "partially_refunded", "refund_total": "1"}
    assert store.post(line_items=lines[:90], headers=KEY, **history).status == 200
    assert store.stock("bulk", "v89") == 0


@pytest.mark.parametrize(
    ("told", "takes"),
    [
        ({}, True),
        ({"order_status": "pending", "financial_status": "unpaid"}, True),
        ({"financial_status": "paid"}, True),
        ({"order_status": "placed", "financial_status": "paid"}, True),
        ({"order_status": "fulfilled", "financial_status": "paid"}, False),
        ({"order_status": "finished", "financial_status": "paid"}, False),
        ({"order_status": "canceled"}, False),
        ({"order_status": "cancelled", "financial_status": "refunded"}, False),
        ({"financial_status": "refunded"}, False),
        ({"financial_status": "cancelled"}, False),
    ],
)
def test_orders_whose_goods_are_not_to_be_sent_any_more_take_no_stock(
    store: Store, told: dict[str, Any], *, takes: bool
) -> None:
    store.set_stock(3 if takes else 0)
    assert store.post(line_items=LAMPS, **told).status == 200
    assert store.stock("lamp", "lamp-1") == 0


# -- wrong requests --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("field", "message"),
    [
        ("line_items", "LineItems is required"),
        ("shipping_address", "The shipping address does not pass;ShippingAddress is nil"),
        ("tax_total", "TaxTotal is required"),
        ("currency_code", "CurrencyCode is required"),
    ],
)
def test_each_required_field_is_asked_for(store: Store, field: str, message: str) -> None:
    body = order()
    del body[field]
    assert store.post(body=body).errors == [message]
    assert store.post(body={**body, field: None}).errors == [message]
    assert store.count() == 0


@pytest.mark.parametrize(
    "field", ["last_name", "email", "country", "country_code", "province_code", "city", "address"]
)
def test_each_required_field_of_the_address_is_asked_for(store: Store, field: str) -> None:
    camel = "".join(word.capitalize() for word in field.split("_"))
    for body in (moved(order(), **{field: None}), moved(order(), **{field: " "})):
        assert store.post(body=body).errors == [f"ShippingAddress.{camel} is required"]


def test_each_required_field_of_a_line_is_asked_for(store: Store) -> None:
    lines = [{"product_id": "shirt", "variant_id": "shirt-L", "quantity": 1}, {}]
    assert store.post(line_items=lines).errors == [
        "LineItems[1].VariantID is required",
        "LineItems[1].ProductID is required",
        "LineItems[1].Quantity is required",
    ]
    assert store.post(shipping_line={"desc": "x"}).errors == [
        "ShippingLine.Name is required",
        "ShippingLine.ShippingPrice is required",
    ]


def test_all_problems_are_told_at_once(store: Store) -> None:
    assert store.post(body={"shipping_address": {"email": "nobody"}}).errors == [
        "LineItems is required",
        "ShippingAddress.LastName is required",
        "ShippingAddress.Email is invalid",
        "ShippingAddress.Country is required",
        "ShippingAddress.CountryCode is required",
        "ShippingAddress.ProvinceCode is required",
        "ShippingAddress.City is required",
        "ShippingAddress.Address is required",
        "TaxTotal is required",
        "CurrencyCode is required",
    ]


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"tax_total": "-1"}, "TaxTotal must be greater than or equal to 0"),
        ({"tax_total": "abc"}, "TaxTotal is not a number"),
        ({"tax_total": "NaN"}, "TaxTotal is not a number"),
        ({"tax_total": "Infinity"}, "TaxTotal is not a number"),
        ({"tax_total": "1e3"}, "TaxTotal is not a number"),
        ({"tax_total": True}, "TaxTotal is not a number"),
        ({"tax_total": "0.001"}, "TaxTotal has too many decimals"),
        ({"tax_total": "9" * 30}, "TaxTotal is out of range"),
        ({"currency_code": "ZZZ"}, "CurrencyCode is unknown"),
        ({"currency_code": "DOLLAR"}, "CurrencyCode is too long (maximum is 3 characters)"),
        ({"discount": "-1"}, "Discount must be greater than or equal to 0"),
        ({"discount": "ten"}, "Discount is not a number"),
        ({"discount": "-5%"}, "Discount is not a number"),
        ({"discount": "1.00001%"}, "Discount has too many decimals"),
        ({"discount": "0.001"}, "Discount has too many decimals"),
        ({"note": "x" * 1001}, "Note is too long (maximum is 1000 characters)"),
        ({"tags": {"a": 1}}, "Tags is invalid"),
        ({"tags": ["x" * 65]}, "Tags is too long"),
        ({"payment_line": {"payment_channel": "paypal"}}, errors.NOT_BUILDABLE),
        ({"payment_line": "x" * 65}, errors.NOT_BUILDABLE),
        (
            {"shipping_line": {"name": "x", "shipping_price": "1.999"}},
            "ShippingLine.ShippingPrice has too many decimals",
        ),
        ({"shipping_line": "x"}, "ShippingLine is invalid"),
        ({"shipping_address": "x"}, "ShippingAddress must be an object"),
        ({"line_items": {}}, "LineItems must be an array"),
        ({"line_items": ["x"]}, "LineItems[0] is invalid"),
        ({"line_items": []}, "LineItems is required"),
        ({"line_items": LAMPS * 1001}, "LineItems has too many entries (maximum is 1000)"),
        (
            {"line_items": [{**LAMPS[0], "quantity": 0}]},
            "LineItems[0].Quantity must be greater than or equal to 1",
        ),
        (
            {"line_items": [{**LAMPS[0], "quantity": 1.5}]},
            "LineItems[0].Quantity must be an integer",
        ),
        (
            {"line_items": [{**LAMPS[0], "quantity": 10**10}]},
            "LineItems[0].Quantity is out of range",
        ),
        ({"order_status": "shipped?"}, "OrderStatus is not included in the list"),
        ({"financial_status": "free"}, "FinancialStatus is not included in the list"),
        ({"created_at": "yesterday"}, "CreatedAt must be a time like 2022-01-02T03:04:05Z"),
        ({"created_at": 1640995200}, "CreatedAt must be a time like 2022-01-02T03:04:05Z"),
        (
            {"created_at": "2022-13-02T03:04:05Z"},
            "CreatedAt must be a time like 2022-01-02T03:04:05Z",
        ),
        (
            {"created_at": "2022-01-02T03:04:05"},
            "CreatedAt must be a time like 2022-01-02T03:04:05Z",
        ),
        ({"created_at": "1999-01-02T03:04:05Z"}, "CreatedAt must be from 2000-01-02 to now"),
        ({"created_at": "2999-01-02T03:04:05Z"}, "CreatedAt must be from 2000-01-02 to now"),
        (
            {"created_at": "2022-01-02T03:04:05Z", "updated_at": "2022-01-02T03:04:04Z"},
            "UpdatedAt is before CreatedAt",
        ),
        ({"updated_at": "2022-01-02T03:04:05Z"}, "UpdatedAt is before CreatedAt"),
        (
            {"created_at": "2022-01-02T03:04:05Z", "updated_at": "2999-01-02T03:04:04Z"},
            "UpdatedAt must be from CreatedAt to now",
        ),
        ({"refund_total": "-1"}, "RefundTotal must be greater than or equal to 0"),
        ({"refund_line_items": {}}, "RefundLineItems must be an array"),
        ({"refund_line_items": [{}]}, "RefundLineItems[0].Quantity is required"),
    ],
)
def test_what_can_not_be_taken_is_named(store: Store, fields: dict[str, Any], message: str) -> None:
    assert store.post(**fields).errors == [message]
    assert store.count() == 0


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"email": "nobody at home"}, "ShippingAddress.Email is invalid"),
        ({"last_name": "x" * 256}, "ShippingAddress.LastName is too long (maximum is 255 char"),
        ({"city": ["x"]}, "ShippingAddress.City is invalid"),
        ({"latitude": "91"}, "ShippingAddress.Latitude is out of range"),
        ({"longitude": "east"}, "ShippingAddress.Longitude is not a number"),
    ],
)
def test_what_can_not_be_taken_of_an_address_is_named(
    store: Store, changed: dict[str, Any], message: str
) -> None:
    (told,) = store.post(body=moved(order(), **changed)).errors
    assert told.startswith(message)


def test_a_thousand_bad_lines_are_told_by_their_first(store: Store) -> None:
    assert len(store.post(line_items=[{}] * 1000).errors) == errors.MOST_ERRORS


@pytest.mark.parametrize(
    "line",
    [
        {"product_id": "nothing", "variant_id": "shirt-L"},
        {"product_id": "shirt", "variant_id": "nothing"},
        {"product_id": "shirt", "variant_id": "mug-1"},
        {"product_id": "3531", "variant_id": "12177"},  # another shop's
        {"product_id": "shirt#PRODUCT", "variant_id": "shirt-L"},
    ],
)
def test_products_must_be_the_shops_own(store: Store, line: dict[str, str]) -> None:
    reply = store.post(line_items=[{**line, "quantity": 1}])
    assert reply.errors == ["Failed to create order line items;record_not_found"]
    assert store.count() == 0


def test_a_currency_that_the_shop_has_no_price_in_has_no_checkout_setting(store: Store) -> None:
    reply = store.post(currency_code="EUR")
    assert reply.errors == ["Get transaction settings error;not exists checkout setting"]
    # One of them is enough.
    assert store.post(currency_code="JPY", tax_total="0", discount=None).errors == reply.errors


@pytest.mark.parametrize(
    ("raw", "content_type"),
    [
        ("", "application/json"),
        ("{", "application/json"),
        ("[]", "application/json"),
        ('"text"', "application/json"),
        ("null", "application/json"),
        ('{"order": []}', "application/json"),
        ('{"order": null}', "application/json"),
        ('{"tax_total": NaN}', "application/json"),
        ('{"a": 1, "a": 2}', "application/json"),
        ("[" * 100_000, "application/json"),
        ('{"note": "\\ud800"}', "application/json"),
        ("tax_total=1", "application/x-www-form-urlencoded"),
        ("<order/>", "application/xml"),
        (" " * (513 * 1024), "application/json"),
        (json.dumps({"note": "x" * (513 * 1024)}), "application/json"),
    ],
)
def test_what_is_no_order_at_all_can_not_be_created(
    store: Store, raw: str, content_type: str
) -> None:
    reply = store.post(raw=raw, headers={"content-type": content_type})
    assert (reply.status, reply.body) == (406, {"errors": ["Create order failed"]})


# -- who may ---------------------------------------------------------------------------------------


def test_a_token_is_needed(store: Store) -> None:
    for token in (None, "", "nobodys-token-00000001"):
        reply = replace(store, token=token).post()
        assert reply.status == 401
        assert list(reply.body) == ["errors"]
    assert store.post(headers={"Authorization": "Bearer x"}).status == 200


def test_a_token_of_another_api_is_none_here(store: Store) -> None:
    assert replace(store, token=TOKENS["demo"]).post().status == 401


def test_a_token_without_the_scope_may_not(store: Store) -> None:
    store.application.shops.add_credential(
        Credential(
            id="cred-reader",
            shop_id=SHOP,
            wire=WIRE,
            label="reader",
            token_hash=token_hash("reader-token-00000001"),
            scopes=(Scope.READ_ORDERS,),
            created_at=NOON,
        )
    )
    reply = replace(store, token="reader-token-00000001").post()
    assert (reply.status, reply.body) == (
        403,
        {"errors": ["The access-token lacks the scope write_order"]},
    )


def test_a_store_that_is_gone_is_not_active(store: Store) -> None:
    store.application.shops.add_credential(
        Credential(
            id="cred-gone",
            shop_id="closed",
            wire=WIRE,
            label="gone",
            token_hash=token_hash("gone-token-0000000001"),
            scopes=tuple(Scope),
            created_at=NOON,
        )
    )
    reply = replace(store, token="gone-token-0000000001").post()
    assert (reply.status, reply.body) == (401, {"error": "store is not active"})


def test_nobody_learns_what_is_wrong_with_a_request_that_may_not_be_made(store: Store) -> None:
    assert replace(store, token="nobodys-token-00000001").post(raw="{").status == 401


@pytest.mark.parametrize(
    ("error", "status_code", "word"),
    [
        (Busy("secret"), 503, "Aborted"),
        (Unavailable("secret"), 503, "DeadlineExceeded"),
        (RuntimeError("secret"), 500, "Aborted"),
        (KeyError("secret"), 500, "Aborted"),
    ],
)
def test_our_own_failures_say_nothing_but_the_documents_word(
    store: Store,
    monkeypatch: pytest.MonkeyPatch,
    error: Exception,
    status_code: int,
    word: str,
) -> None:
    def fail(*_: object) -> None:
        raise error

    monkeypatch.setattr(DynamoOrders, "commit", fail)
    reply = store.post()
    assert (reply.status, reply.body) == (status_code, {"errors": [word]})
    assert ("retry-after" in reply.headers) is (status_code == 503)


# -- idempotency -----------------------------------------------------------------------------------

KEY = {"Idempotency-Key": "8e03978e-40d5-43e8-bc93-6894a57f9324"}


def test_the_same_key_and_body_get_the_first_answer_byte_for_byte(
    store: Store, later: Callable[[float], None]
) -> None:
    body = order(line_items=LAMPS)
    first = store.post(body=body, headers=KEY)
    stored = store.stored(first)
    store.application.desk.catalog.put_product(SHOP, Product(id="lamp", name="Gone", variants=()))
    store.change(given_number=99999, domain="other.example", tax_included=True, name="Renamed")
    marketplace_pays(store, stored)
    later(3600)
    again = store.post(body=body, headers=KEY)
    assert (again.status, again.text) == (200, first.text)
    assert (store.count(), store.stock("lamp", "lamp-1")) == (1, 7)
    # However it was written.
    wrapped = store.post(raw=json.dumps({"order": body}, indent=2, sort_keys=True), headers=KEY)
    assert wrapped.text == first.text
    newer = store.post(body=body, headers=KEY, version="2026-01")
    assert newer.order["id"] == first.order["id"]


def test_the_same_key_with_another_body_changes_nothing(store: Store) -> None:
    first = store.post(headers=KEY)
    for other in (
        order(note="other"),
        order(line_items=LAMPS),
        order(line_items=[{"product_id": "nothing", "variant_id": "x", "quantity": 1}]),
    ):
        assert store.post(body=other, headers=KEY).errors == [
            "Idempotency-Key was used before with another request body"
        ]
    assert (store.count(), store.stock("lamp", "lamp-1")) == (1, 10)
    assert store.post(headers=KEY).text == first.text


def test_a_migrated_order_is_repeated_as_it_came_in(
    store: Store, later: Callable[[float], None]
) -> None:
    # Sent ten days ago: it will have been received by itself before the repeat.
    store.change(terms={WIRE: Terms(payment_timeout=86400, refund_window=86400, auto_receive=10)})
    long_ago = (datetime.now(UTC) - timedelta(days=10)).isoformat()
    body = order(
        created_at=long_ago, updated_at=long_ago, order_status="fulfilled", financial_status="paid"
    )
    first = store.post(body=body, headers=KEY)
    assert first.order["fulfillment_status"] == "finished"
    later(86400 * 0.5)
    assert store.post(body=body, headers=KEY).text == first.text


def test_a_repeat_finds_its_order_when_the_stock_is_gone(store: Store) -> None:
    store.set_stock(3)
    first = store.post(line_items=LAMPS, headers=KEY)
    assert store.post(line_items=LAMPS, headers=KEY).text == first.text
    assert store.post(line_items=LAMPS).errors == ["DecreaseInventory failed"]


def test_a_key_whose_request_failed_may_be_used_again(store: Store) -> None:
    store.set_stock(2)
    assert store.post(line_items=LAMPS, headers=KEY).status == 422
    store.set_stock(3)
    assert store.post(line_items=LAMPS, headers=KEY).status == 200


def test_without_a_key_every_request_is_an_order(store: Store) -> None:
    assert store.post().order["id"] != store.post().order["id"]


def test_keys_are_each_shops_own(store: Store, application: Application) -> None:
    first = store.post(headers=KEY).order
    application.shops.put(
        Shop(id="station-c", name="C", currency="USD", created_at=NOON, given_number=1)
    )
    application.shops.add_credential(
        Credential(
            id="cred-c",
            shop_id="station-c",
            wire=WIRE,
            label="c",
            token_hash=token_hash("station-c-token-00001"),
            scopes=tuple(Scope),
            created_at=NOON,
        )
    )
    other = Store(application, "station-c", "station-c-token-00001")
    # Another shop's products are unknown here.
    assert other.post(headers=KEY).errors == [errors.NO_RECORD]
    for name in ("shirt", "mug"):
        sold = application.desk.catalog.product(SHOP, name)
        assert sold
        application.desk.catalog.put_product("station-c", sold)
    second = other.post(headers=KEY).order
    assert (first["id"][:6], second["id"][:2]) == ("11218-", "1-")
    assert first["number"] != second["number"]


@pytest.mark.parametrize("key", ["", "x" * 256, "tab\there", "line\nbreak", "\x7f"])
def test_a_key_is_1_to_255_printable_characters(store: Store, key: str) -> None:
    assert store.post(headers={"Idempotency-Key": key}).errors == ["Idempotency-Key is invalid"]
    assert store.count() == 0


@pytest.mark.parametrize("key", ["x", "x" * 255, "with blanks #1", "é#ORDER#1"])
def test_any_printable_key_will_do(store: Store, key: str) -> None:
    first = store.post(headers={"Idempotency-Key": key})
    assert store.post(headers={"Idempotency-Key": key}).text == first.text


def test_an_order_that_can_not_be_read_back_says_so(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.post(headers=KEY)
    monkeypatch.setattr(DynamoOrders, "history", lambda *_: iter(()))
    assert store.post(headers=KEY).errors == ["Get Order Detail failed"]


# -- migrated orders -------------------------------------------------------------------------------

LONG_AGO = "2022-01-02T03:04:05Z"
A_DAY_LATER = "2022-01-03T03:04:05+00:00"
RECENTLY = datetime.now(UTC).replace(microsecond=0) - timedelta(days=2)


def test_a_migrated_order_keeps_its_time(store: Store) -> None:
    made = store.post(
        created_at="2022-01-02T11:04:05.678+08:00",
        updated_at=A_DAY_LATER,
        order_status="finished",
        financial_status="paid",
    ).order
    assert (made["created_at"], made["updated_at"]) == (LONG_AGO, "2022-01-03T03:04:05Z")
    assert made["placed_at"] == LONG_AGO
    assert (made["status"], made["financial_status"]) == ("finished", "paid")
    assert (made["total_paid"], made["total_price"]) == ("158.24", "158.24")
    stored = store.stored(made)
    assert stored.closed_at == datetime(2022, 1, 3, 3, 4, 5, tzinfo=UTC)
    # It stands where orders of that day stand.
    newer = store.stored(store.post())
    assert stored.id < newer.id


@pytest.mark.parametrize("financial_status", ["unpaid", "paid"])
def test_a_migrated_order_was_last_updated_when_it_says(
    store: Store, financial_status: str
) -> None:
    told: dict[str, Any] = {
        "created_at": LONG_AGO,
        "order_status": "pending",
        "financial_status": financial_status,
    }
    made = store.post(**told, updated_at=A_DAY_LATER).order
    assert (made["created_at"], made["updated_at"]) == (LONG_AGO, "2022-01-03T03:04:05Z")
    left_out = store.post(**told).order
    assert left_out["created_at"] == LONG_AGO
    since = datetime.now(UTC) - datetime.fromisoformat(left_out["updated_at"])
    assert since < timedelta(minutes=5), "absent means now"


def test_a_migrated_order_is_written_in_one_transaction(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    commits = []
    commit = DynamoOrders.commit

    def counted(self: DynamoOrders, change: Any) -> None:
        commits.append([entry.event.TYPE for entry in change.recorded])
        commit(self, change)

    monkeypatch.setattr(DynamoOrders, "commit", counted)
    store.post(
        created_at=LONG_AGO,
        updated_at=A_DAY_LATER,
        order_status="canceled",
        financial_status="refunded",
    )
    assert commits == [
        [
            "order.placed",
            "payment.captured",
            "order.paid",
            "refund.requested",
            "refund.succeeded",
            "order.cancelled",
            "order.note_added",
        ]
    ]


# What each word does to the statuses of an order, told apart from the code under test.
PAID_BY = {
    "paid": PaymentStatus.PAID,
    "refunded": PaymentStatus.REFUNDED,
    "partially_refunded": PaymentStatus.PARTIALLY_REFUNDED,
    "paying": PaymentStatus.CONFIRMING,
}


def expected(financial: str | None, told: str | None) -> State | str:
    """What the tables say becomes of the two words; a refusal's reason."""
    state = State(OrderStatus.OPEN, PaymentStatus.UNPAID, FulfilmentStatus.UNFULFILLED)
    tables: list[tuple[InboundTable[Any], str | None]] = [
        (status.FINANCIAL_STATUS_REQUEST, financial),
        (status.ORDER_STATUS_REQUEST, told),
    ]
    for table, word in tables:
        if word is None:
            continue
        meaning = table.meaning(table.vocabulary(word), state)
        if isinstance(meaning, Refuse):
            return meaning.reason
        assert isinstance(meaning, Do)
        for intent in meaning.intents:
            if intent is Intent.CANCEL:
                voided = state.payment is PaymentStatus.UNPAID
                payment = PaymentStatus.VOIDED if voided else state.payment
                state = state._replace(order=OrderStatus.CANCELLED, payment=payment)
            elif intent is Intent.SHIP:
                state = state._replace(fulfilment=FulfilmentStatus.SHIPPED)
            elif intent is Intent.COMPLETE:
                state = state._replace(order=OrderStatus.COMPLETED)
            elif intent is not Intent.NOTHING:
                assert financial
                state = state._replace(payment=PAID_BY[financial])
    return state


FINANCIAL_WORDS = [None, *(word.value for word in status.FinancialStatusRequest)]
ORDER_WORDS = [None, *(word.value for word in status.OrderStatusRequest)]


@pytest.mark.parametrize(("financial", "told"), list(product(FINANCIAL_WORDS, ORDER_WORDS)))
def test_a_migrated_order_arrives_in_the_state_that_the_tables_say(
    store: Store, financial: str | None, told: str | None
) -> None:
    fields: dict[str, Any] = {
        "created_at": RECENTLY.isoformat(),
        "updated_at": (RECENTLY + timedelta(days=1)).isoformat(),
        "order_status": told,
        "financial_status": financial,
    }
    if financial == "partially_refunded":
        fields["refund_total"] = "58.24"
    reply = store.post(**fields)
    becomes = expected(financial, told)
    if isinstance(becomes, str):
        (message,) = reply.errors
        assert message.endswith(becomes)
        assert message.startswith(("FinancialStatus ", "OrderStatus "))
        assert store.count() == 0
        return
    made = reply.order
    assert made["status"] == status.STATUS.word(becomes)
    assert made["financial_status"] == status.FINANCIAL_STATUS.word(becomes)
    assert made["fulfillment_status"] == status.FULFILLMENT_STATUS.word(becomes)
    stored = store.stored(made)
    assert State.of(stored) == becomes
    assert {line["fulfillment_status"] for line in made["line_items"]} == {
        made["fulfillment_status"]
    }
    has_shape(made, ORDER)
    paid = becomes.payment not in (
        PaymentStatus.UNPAID,
        PaymentStatus.VOIDED,
        PaymentStatus.CONFIRMING,
    )
    assert made["total_paid"] == ("158.24" if paid else "0.00")
    refunded = {PaymentStatus.REFUNDED: "158.24", PaymentStatus.PARTIALLY_REFUNDED: "58.24"}
    assert made["total_refund_price"] == refunded.get(becomes.payment, "0.00")
    assert (made["canceled_at"] is not None) is (becomes.order is OrderStatus.CANCELLED)


def test_a_sent_order_shows_what_was_sent(store: Store) -> None:
    made = store.post(
        created_at=RECENTLY.isoformat(),
        updated_at=(RECENTLY + timedelta(days=1)).isoformat(),
        order_status="fulfilled",
        financial_status="paid",
    ).order
    (parcel,) = made["fulfillments"]
    assert (parcel["order_id"], parcel["status"]) == (made["id"], "shipped")
    assert parcel["created_at"] == f"{RECENTLY + timedelta(days=1):%Y-%m-%dT%H:%M:%SZ}"
    assert [(line["id"], line["shipping_quantity"]) for line in parcel["line_items"]] == [
        (line["id"], line["quantity"]) for line in made["line_items"]
    ]


@pytest.mark.parametrize(
    ("financial", "refund_total", "message"),
    [
        ("refunded", "158.25", "RefundTotal is more than what was paid"),
        (
            "refunded",
            "158.23",
            "RefundTotal is less than what was paid: send partially_refunded",
        ),
        ("partially_refunded", None, "RefundTotal is required"),
        ("partially_refunded", "0.00", "RefundTotal is required"),
        ("partially_refunded", "158.24", "RefundTotal is all that was paid: send refunded"),
        ("partially_refunded", "1000", "RefundTotal is more than what was paid"),
        ("paid", "158.25", "RefundTotal is more than what was paid"),
        ("unpaid", "0.01", "RefundTotal is more than what was paid"),
        ("cancelled", "0.01", "RefundTotal is more than what was paid"),
        (None, "0.01", "RefundTotal is more than what was paid"),
        ("refunded", "0.001", "RefundTotal has too many decimals"),
    ],
)
def test_a_refund_must_fit_what_was_paid(
    store: Store, financial: str | None, refund_total: str | None, message: str
) -> None:
    reply = store.post(financial_status=financial, refund_total=refund_total)
    assert reply.errors == [message]
    assert store.count() == 0


@pytest.mark.parametrize(
    ("financial", "refund_total", "reads", "refunded"),
    [
        ("refunded", "158.24", "refunded", "158.24"),
        ("refunded", None, "refunded", "158.24"),
        ("partially_refunded", "15.00", "partially_refunded", "15.00"),
        # The document has no word for it.
        ("paid", "15.00", "partially_refunded", "15.00"),
        ("paid", "0.00", "paid", "0.00"),
        ("unpaid", "0", "waiting", "0.00"),
    ],
)
def test_a_refund_is_recorded(
    store: Store, financial: str, refund_total: str | None, reads: str, refunded: str
) -> None:
    made = store.post(financial_status=financial, refund_total=refund_total).order
    assert (made["financial_status"], made["total_refund_price"]) == (reads, refunded)
    stored = store.stored(made)
    assert stored.refunded.decimal_text == refunded
    assert all(refund.provider == "shoplazza" for refund in stored.refunds)


def test_refunded_lines_are_told_by_their_place_or_variant(store: Store) -> None:
    made = store.post(
        financial_status="partially_refunded",
        refund_total="80.00",
        refund_line_items=[
            {"variant_id": "shirt-L", "quantity": 1, "total": "67.75", "tax": "1"},
            {"line_item_index": 1, "refund_quantity": 1},
        ],
    ).order
    shirt, mug = made["line_items"]
    assert (shirt["refund_quantity"], shirt["refund_total"]) == (1, "67.75")
    assert (mug["refund_quantity"], mug["refund_total"]) == (1, "12.25")
    (refund,) = store.stored(made).refunds
    assert [(line.line_id, line.quantity) for line in refund.lines] == [(1, 1), (2, 1)]


def test_the_same_variant_on_several_lines_is_refunded_where_pieces_are_left(
    store: Store,
) -> None:
    shirts = {"product_id": "shirt", "variant_id": "shirt-L"}
    made = store.post(
        line_items=[{**shirts, "quantity": 1}, {**shirts, "quantity": 2}],
        financial_status="partially_refunded",
        refund_total="20",
        refund_line_items=[
            {"variant_id": "shirt-L", "product_id": "shirt", "quantity": 2},
            {"variant_id": "shirt-L", "quantity": 1, "total": "0.50"},
        ],
    ).order
    assert [line["refund_quantity"] for line in made["line_items"]] == [1, 2]


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        (
            [{"variant_id": "lamp-1", "quantity": 1}],
            "RefundLineItems[0].VariantID is unknown",
        ),
        ([{"quantity": 1}], "RefundLineItems[0].VariantID is unknown"),
        (
            [{"line_item_index": 2, "quantity": 1}],
            "RefundLineItems[0].VariantID is unknown",
        ),
        (
            [{"line_item_index": 0, "quantity": 2}, {"line_item_index": 0, "quantity": 1}],
            "RefundLineItems[1].Quantity has more pieces than were ordered",
        ),
        (
            [{"line_item_index": 0, "quantity": 1, "tax": "0.001"}],
            "RefundLineItems[0].Tax has too many decimals",
        ),
    ],
)
def test_refunded_lines_must_be_the_orders_own(
    store: Store, lines: list[dict[str, Any]], message: str
) -> None:
    reply = store.post(financial_status="refunded", refund_line_items=lines)
    assert reply.errors == [message]


def test_refunded_lines_need_a_refund(store: Store) -> None:
    lines = [{"line_item_index": 0, "quantity": 1}]
    assert store.post(financial_status="paid", refund_line_items=lines).errors == [
        "RefundLineItems needs a refund: send refund_total, or refunded"
    ]


def test_windows_that_the_history_kept_do_not_stand_in_its_way(store: Store) -> None:
    """It was paid, refunded and sent in time, wherever that was."""
    store.change(terms={WIRE: Terms(payment_timeout=60, refund_window=60, auto_receive=86400)})
    told: dict[str, Any] = {"created_at": LONG_AGO, "updated_at": A_DAY_LATER}
    refunded = store.post(**told, financial_status="refunded").order
    assert refunded["financial_status"] == "refunded"
    sent = store.post(**told, order_status="fulfilled").order
    assert (sent["status"], sent["fulfillment_status"]) == ("placed", "finished")
    assert store.post(**told, order_status="canceled").order["status"] == "cancelled"


def test_an_unpaid_order_of_long_ago_is_expired_where_the_shop_does_not_wait(
    store: Store,
) -> None:
    store.change(terms={WIRE: Terms(payment_timeout=60)})
    made = store.post(line_items=LAMPS, created_at=LONG_AGO, order_status="pending").order
    assert (made["status"], made["financial_status"]) == ("cancelled", "cancelled")
    assert made["canceled_at"] == "2022-01-02T03:05:05Z"
    assert store.stored(made).status is OrderStatus.EXPIRED
    assert store.stock("lamp", "lamp-1") == 10


def test_an_expected_payment_can_be_confirmed_by_the_orders_own_id(store: Store) -> None:
    made = store.post(financial_status="paying").order
    (payment,) = store.stored(made).payments
    assert payment.transaction_id == made["number"]


@pytest.mark.parametrize(
    ("told", "reads"),
    [
        ({"financial_status": "unpaid", "order_status": "opened"}, ("placed", "paid")),
        ({"financial_status": "paying", "order_status": "pending"}, ("placed", "paid")),
        ({"financial_status": "paid", "order_status": "finished"}, ("finished", "paid")),
        ({"financial_status": "paid", "order_status": "placed"}, ("placed", "paid")),
        ({"order_status": "canceled"}, ("cancelled", "paid")),
    ],
)
def test_an_order_that_cost_nothing_can_be_migrated(
    store: Store, told: dict[str, Any], reads: tuple[str, str]
) -> None:
    free = [{"product_id": "mug", "variant_id": "mug-free", "quantity": 1}]
    made = store.post(
        line_items=free, tax_total="0", discount=None, shipping_line=None, **told
    ).order
    assert (made["status"], made["financial_status"]) == reads


# -- links -----------------------------------------------------------------------------------------


def test_links_lead_to_the_shops_domain_and_to_this_api(store: Store) -> None:
    made = store.post().order
    assert made["checkout_url"] == made["invoice_url"]
    assert made["invoice_url"].startswith(f"https://api.example.com/checkout/{SHOP}-")
    store.change(domain="shop.example.com")
    made = store.post().order
    assert made["checkout_url"].startswith(f"https://shop.example.com/checkout/{SHOP}-")
    assert made["invoice_url"].startswith(f"https://api.example.com/checkout/{SHOP}-")
    path = made["invoice_url"].removeprefix("https://api.example.com")
    assert made["checkout_url"].endswith(path)


def test_the_checkout_page_shows_the_order_and_what_is_to_be_paid(store: Store) -> None:
    made = store.post().order
    page = store.look(made["checkout_url"])
    assert page.status == 200
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert "default-src 'none'" in page.headers["content-security-policy"]
    assert "script" not in page.headers["content-security-policy"]
    assert page.headers["referrer-policy"] == "no-referrer"
    assert page.headers["cache-control"] == "no-store"
    for shown in ("Station &lt;B&gt;", "Shirt, size:L,color:blue", "141.00", "Free Shipping"):
        assert shown in page.text
    assert "not paid yet" in page.text
    assert re.search(r"Still to pay</td><td class=n>158\.24", page.text)
    assert "<script" not in page.text
    for private in ("Han", "mei.han", "Carrieres", "1447 1143"):
        assert private not in page.text


def test_a_shop_with_an_account_at_paypal_is_paid_on_the_checkout_page(store: Store) -> None:
    made = store.post().order
    application = store.application
    set_account(
        application.shops,
        application.payment_account_store,
        lambda: application.vault,
        SystemClock(),
        SHOP,
        "paypal",
        settings={"webhook_id": "1JE4291016473214C", "client_id": "AZ-client_1"},
    )
    page = store.look(made["checkout_url"])
    assert '"amount":{"currency_code":"USD","value":"158.24"}' in page.text
    assert "script-src 'nonce-" in page.headers["content-security-policy"]
    marketplace_pays(store, store.stored(made))
    assert "<script" not in store.look(made["checkout_url"]).text


def test_the_checkout_page_follows_the_order(store: Store) -> None:
    made = store.post().order
    marketplace_pays(store, store.stored(made))
    page = store.look(made["checkout_url"])
    assert "This order is paid." in page.text
    assert re.search(r"Still to pay</td><td class=n>0\.00", page.text)
    gone = store.post(order_status="canceled").order
    page = store.look(gone["checkout_url"])
    assert "cancelled" in page.text
    assert "Still to pay" not in page.text


def test_a_long_order_is_shown_in_part(store: Store) -> None:
    lines = [{"product_id": "mug", "variant_id": "mug-1", "quantity": 1}] * 150
    made = store.post(line_items=lines).order
    assert "and 50 more" in store.look(made["checkout_url"]).text


def test_markup_in_what_others_wrote_is_text(store: Store) -> None:
    evil = "<script>alert(1)</script>"
    product = Product(
        id="evil",
        name=evil,
        variants=(Variant(id="v", name=evil, prices={"USD": Price(price=usd("1"))}),),
    )
    store.application.desk.catalog.put_product(SHOP, product)
    made = store.post(
        line_items=[{"product_id": "evil", "variant_id": "v", "quantity": 20}],
        shipping_line={"name": evil, "shipping_price": "1"},
    ).order
    page = store.look(made["checkout_url"])
    assert page.status == 200
    assert "<script" not in page.text
    assert page.text.count("&lt;script&gt;") == 3


def test_only_the_orders_own_token_opens_its_page(store: Store) -> None:
    first, second = store.post().order, store.post().order
    base, _, name, token = first["invoice_url"].rsplit("/", 3)
    other_name, other_token = second["invoice_url"].rsplit("/", 2)[1:]
    for url in (
        f"{base}/checkout/{name}/{other_token}",
        f"{base}/checkout/{other_name}/{token}",
        f"{base}/checkout/{name}/{token[:-1]}",
        f"{base}/checkout/{name}/{token}x",
        f"{base}/checkout/{name}/{'x' * 500}",
        f"{base}/checkout/{name}/ü\ud800",
        f"{base}/checkout/{name}x/{token}",
        f"{base}/checkout/demo-{name.rsplit('-')[-1]}/{token}",
        f"{base}/checkout/-/{token}",
        f"{base}/checkout/{SHOP}-{'9' * 40}/{token}",
        f"{base}/checkout/{SHOP}#ORDER-1/{token}",
        f"{base}/checkout/nobody-1/{token}",
    ):
        page = store.look(url)
        assert page.status == 404, url
        assert page.headers["content-type"] == "text/html; charset=utf-8"
        assert "Page not found" in page.text
    assert store.look(first["invoice_url"]).status == 200


def test_orders_without_a_link_have_no_page(store: Store, marketplace: Client) -> None:
    notification = json.loads(payload("marketplace/create_order")["body"])
    made = marketplace.call("create_order", body=notification).body
    for token in ("None", "", "x"):
        page = store.look(f"https://x/checkout/demo-{made['id']}/{token}")
        assert page.status == 404


def test_a_failure_of_ours_is_a_page_too(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    url = store.post().order["invoice_url"]
    for error, status_code in ((Busy("secret"), 503), (RuntimeError("secret"), 500)):

        def fail(*_: object, error: Exception = error) -> None:
            raise error

        monkeypatch.setattr(DynamoOrders, "get", fail)
        page = store.look(url)
        assert page.status == status_code
        assert "secret" not in page.text


def test_tokens_and_people_stay_out_of_the_log(store: Store) -> None:
    lines = io.StringIO()
    handler = logging.StreamHandler(lines)
    handler.setFormatter(answering.logger.registered_formatter)
    logger = logging.getLogger(answering.logger.name)
    logger.addHandler(handler)
    try:
        made = store.post(headers=KEY).order
        store.look(made["invoice_url"])
        store.look(made["invoice_url"] + "x")
    finally:
        logger.removeHandler(handler)
    logged = lines.getvalue()
    assert [json.loads(line)["status"] for line in logged.splitlines()] == [200, 200, 404]
    for secret in (made["invoice_url"].rsplit("/", 1)[1], TOKEN, *KEY.values(), "mei.han", "Han"):
        assert secret not in logged


# -- the other APIs --------------------------------------------------------------------------------


def marketplace_pays(store: Store, stored: Order) -> None:
    """The order is paid through another API."""
    shops = store.application.shops
    token = "station-b-marketplace-001"
    if shops.credential(token_hash(token)) is None:
        shops.add_credential(
            Credential(
                id="cred-b-marketplace",
                shop_id=SHOP,
                wire="marketplace",
                label="m",
                token_hash=token_hash(token),
                scopes=tuple(Scope),
                created_at=NOON,
            )
        )
    client = Client("marketplace", {"authorization": f"Bearer {token}"})
    body = {"merchant_trade_no": f"T{stored.id}", "payment": stored.total.decimal_text}
    answer = client.call("pay_order", path={"id": str(stored.id)}, body=body)
    assert (answer.status, answer.body["payment_state"]) == (200, "paid")
    seen = client.call("get_order", path={"id": stored.number}).body
    assert seen["channel"] == "shoplazza"
    assert seen["address_address"] == "1 Rue des Carrieres"
    assert seen["total"] == stored.total.decimal_text


def test_an_order_made_here_is_read_and_paid_through_another_api(store: Store) -> None:
    made = store.post()
    marketplace_pays(store, store.stored(made))
    stored = store.stored(made)
    assert stored.is_paid
    # The first answer is what a repeat would get, whatever came after.
    first = as_placed(store.application.desk, SHOP, stored.id)
    assert not first.is_paid


# -- hostile input ---------------------------------------------------------------------------------

HOSTILE: list[Any] = [
    None,
    True,
    False,
    0,
    -1,
    1.5,
    10**40,
    -(10**40),
    "",
    " ",
    "\x00",
    "\u202e\u0000",
    "a" * 20_000,
    "9" * 400,
    "-0",
    "1e999",
    "NaN",
    "Infinity",
    "٣",
    "0x10",
    "' OR 1=1 --",
    "<script>alert(1)</script>",
    "${jndi:ldap://x}",
    "{{7*7}}",
    "../../etc/passwd",
    "💥" * 50,
    [],
    [[]],
    [None],
    [{}],
    {},
    {"$ne": 1},
    {"order": {}},
    {"S": "x"},
]


def everywhere(body: Any, at: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The paths of all parts of ``body``."""
    if at:
        yield at
    parts: Iterable[tuple[Any, Any]] = ()
    if isinstance(body, dict):
        parts = body.items()
    elif isinstance(body, list):
        parts = enumerate(body)
    for name, part in parts:
        yield from everywhere(part, (*at, name))


FULL = order(
    created_at=LONG_AGO,
    updated_at=A_DAY_LATER,
    order_status="placed",
    financial_status="partially_refunded",
    refund_total="10.00",
    refund_line_items=[{"line_item_index": 0, "variant_id": "shirt-L", "quantity": 1, "tax": "0"}],
)


@pytest.mark.parametrize("at", list(everywhere(FULL)), ids=lambda at: ".".join(map(str, at)))
def test_hostile_values_are_refused_or_taken_and_never_a_failure_of_ours(
    store: Store, at: tuple[Any, ...]
) -> None:
    for value in HOSTILE:
        body = copy.deepcopy(FULL)
        part = body
        for name in at[:-1]:
            part = part[name]
        part[at[-1]] = value
        reply = store.post(body=body)
        assert reply.status in (200, 422), (value, reply.text)
        if reply.status == 200:
            has_shape(reply.order, ORDER)
        else:
            assert reply.errors
            assert "Traceback" not in reply.text
            assert "orderhub" not in reply.text
            assert len(reply.text) < 20_000


def test_json_numbers_beyond_all_reason_are_refused(store: Store) -> None:
    for number in ("1e400", "1E+999999999", "-1e400", "0.1e-400", "9" * 5000):
        body = json.dumps(order()).replace('"9.99"', number)
        assert store.post(raw=body).status in (406, 422)


def test_the_longest_order_fits_into_an_answer(store: Store) -> None:
    name = "名" * 200
    variant = Variant(id="v", name=name, sku="s" * 200, prices={"USD": Price(price=usd("1"))})
    store.application.desk.catalog.put_product(
        SHOP, Product(id="long", name=name, image_url="u" * 500, variants=(variant,))
    )
    lines = [{"product_id": "long", "variant_id": "v", "quantity": 1}] * 1000
    reply = store.post(line_items=lines, order_status="fulfilled")
    assert len(reply.order["line_items"]) == 1000
    assert len(reply.order["fulfillments"][0]["line_items"]) == 1000
    # What Lambda hands over is JSON once more.
    assert len(json.dumps(reply.text, ensure_ascii=False).encode()) < 6 * 1024 * 1024


def test_unknown_fields_are_ignored(store: Store) -> None:
    body = {**order(), "fulfillment_status": "shipped", "id": "1", "total_price": "0", "x": [1]}
    made = store.post(body=body).order
    assert (made["fulfillment_status"], made["total_price"]) == ("initialled", "158.24")


def test_the_handler_needs_nothing_but_its_environment(store: Store) -> None:
    assert bootstrap.application() is store.application
