"""The BrandCloud operations in process: handler, domain and an emulated table.

What is sent is what the document shows; what comes back is checked
whole, keys and types, against its examples and tables.
"""

import base64
import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import pytest

from orderhub import bootstrap
from orderhub.adapters.system import SystemClock
from orderhub.bootstrap import Application
from orderhub.domain import commands
from orderhub.domain.commands import Change
from orderhub.domain.details import Actor, Address
from orderhub.domain.events import Terms
from orderhub.domain.money import Money, UnitPrice
from orderhub.domain.order import Order
from orderhub.domain.payment import Payment, PaymentState
from orderhub.domain.people import Company, Membership, User
from orderhub.domain.shop import Cart, CartLine, Credential, Price, Product, Scope, Variant
from orderhub.ports import Mail
from orderhub.services import manage_shops
from orderhub.services.authenticate import token_hash
from orderhub.services.find_order import find_order
from orderhub.services.manage_payment_accounts import set_account
from tests.support.api import Answer, Client, invoke, payload
from tests.support.fakes import NOON

DAY = 24 * 60 * 60

KEY = "e4cbcdc2faff41a7e311"
"""The document's own api_key: here the agent's."""
KEYS = {
    "agent": KEY,
    "colleague": "colleague-key-000002",
    "trainee": "trainee-key-00000003",
    "rival": "rival-key-0000000004",
    "consumer": "consumer-key-0000005",
    "other_consumer": "consumer-key-0000006",
    "homeless": "homeless-key-0000007",
    "orphan": "orphan-key-000000008",
    "outsider": "outsider-key-0000009",
    "ghost": "ghost-key-0000000010",
    "nobody": "nobody-key-000000011",
}
COVER = {
    size: f"https://images.example/{size}.jpeg" for size in ("px240", "px480", "px720", "px1080")
}

# -- the document's shapes -----------------------------------------------------------------------

DOUBLE = (int, float)
TEXT_OR_NULL = (str, type(None))
TIME_OR_NULL = (int, type(None))
NUMBER_OR_NULL = (int, type(None))

RETAILER = {"id": int, "name": str}
AGENT = {"id": int, "given_name": str, "family_name": str, "email": str}
LISTED = {
    "number": str,
    "currency": str,
    "total": DOUBLE,
    "order_status": str,
    "payment_status": str,
    "payment_method": str,
    "transaction_id": str,
    "create_at": int,
    "refund_at": TIME_OR_NULL,
    "retailer": RETAILER,
    "agent": AGENT,
}
ITEM = {"id": int, "number": str, "name": str}
ADDRESS = {
    "title": NUMBER_OR_NULL,
    "given_name": TEXT_OR_NULL,
    "family_name": TEXT_OR_NULL,
    "phone": TEXT_OR_NULL,
    "email": TEXT_OR_NULL,
    "street": TEXT_OR_NULL,
    "city": TEXT_OR_NULL,
    "state": TEXT_OR_NULL,
    "code": TEXT_OR_NULL,
    "country": TEXT_OR_NULL,
}
DETAIL = {
    **LISTED,
    "payment_method": TEXT_OR_NULL,
    "transaction_id": TEXT_OR_NULL,
    "products": [
        {
            "number": str,
            "company": RETAILER,
            "item": ITEM,
            "variants": [{"id": int, "name": str}],
            "price": DOUBLE,
            "discount_price": DOUBLE,
            "product_status": str,
        }
    ],
    "histories": [
        {
            "order_status": str,
            "payment_status": str,
            "comment": str,
            "create_at": int,
            "user": {"id": int, "given_name": str, "family_name": str},
        }
    ],
    "shipping_address": ADDRESS,
    "billing_address": ADDRESS,
    "invoices": [
        {
            "number": str,
            "brand": RETAILER,
            "create_at": int,
            "comment": str,
            "download": str,
        }
    ],
}
COVER_IMG = {"resource": {"px240": str, "px480": str, "px720": str, "px1080": str}}
PARTIAL = {
    "number": str,
    "currency": str,
    "subtotal": DOUBLE,
    "total_discount": DOUBLE,
    "total": DOUBLE,
    "order_status": str,
    "payment_status": str,
    "payment_method": TEXT_OR_NULL,
    "retailer": {
        "id": int,
        "name": str,
        "cover_img": COVER_IMG,
        "address": {
            "street": str,
            "city": str,
            "state": str,
            "postal_code": str,
            "country": str,
        },
    },
    "products": [
        {
            "number": str,
            "company": RETAILER,
            "item": ITEM,
            "variant": {"id": int, "name": str, "cover_img": COVER_IMG},
            "price": DOUBLE,
            "discount_price": DOUBLE,
            "selling_price": DOUBLE,
        }
    ],
}
CREATED = {"order_number": str, "payment_method": str, "qrcode": TEXT_OR_NULL}
PERSON = {
    "profile": {"given_name": str, "family_name": str, "title": int, "phone": str},
    "default_address": {"street": str, "city": str, "state": str, "code": str, "country": str},
}
SUCCESS = {
    "date": int,
    "status": str,
    "order": {
        "number": str,
        "payment_method": str,
        "transaction": str,
        "currency": str,
        "total": DOUBLE,
        "retailer": str,
        "payer": str,
    },
}
FAIL = {
    "date": int,
    "status": str,
    "fail": {"refused_by": str, "code": str, "description": str},
}
INFO = {"date": int, "status": str}


def has_shape(value: Any, shape: Any, at: str = "answer") -> None:
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
    else:
        assert not isinstance(value, bool), at
        assert isinstance(value, shape), f"{at}: {value!r}"


DOCUMENT_DETAIL = json.loads("""
{
  "number": "AAAA160401000003OD", "currency": "JPY", "total": 24414,
  "order_status": "Open", "payment_status": "Open", "payment_method": null,
  "transaction_id": null, "create_at": 1459491885, "refund_at": 1459491885,
  "retailer": {"id": 1, "name": "Company A"},
  "agent": {"id": 1, "given_name": "QQ", "family_name": "Wang", "email": "a@gmail.com"},
  "products": [{
    "number": "AAAA0000000004PD",
    "company": {"id": 1, "name": "Company Test"},
    "item": {"id": 1, "number": "Test-Item-1", "name": "Test Item 1"},
    "variants": [{"id": 1, "name": "mutiply k1"}, {"id": 2, "name": "mutiply k2"}],
    "price": 100, "discount_price": 85, "product_status": "initial"
  }, {
    "number": "AAAA0000000005PD",
    "company": {"id": 1, "name": "Company Test"},
    "item": {"id": 1, "number": "Test-Item-1", "name": "Test Item 1"},
    "variants": [{"id": 2, "name": "Variant Test"}],
    "price": 100, "discount_price": 85, "product_status": "initial"
  }],
  "histories": [{
    "order_status": "Open", "payment_status": "Open", "comment": "", "create_at": 1461312001,
    "user": {"id": 1, "given_name": "QQ", "family_name": "Wang"}
  }, {
    "order_status": "Error", "payment_status": "Closed", "comment": "request timeout",
    "create_at": 1461312055, "user": {"id": 1, "given_name": "QQ", "family_name": "Wang"}
  }],
  "shipping_address": {
    "title": null, "given_name": null, "family_name": null, "phone": null, "email": null,
    "street": null, "city": null, "state": null, "code": null, "country": null
  },
  "billing_address": {
    "title": null, "given_name": null, "family_name": null, "phone": null, "email": null,
    "street": null, "city": null, "state": null, "code": null, "country": null
  },
  "invoices": [{
    "number": "AAAA170329000006IN", "brand": {"id": 1, "name": "Company A"},
    "create_at": 1490776038, "comment": "AAAA170329000001OD",
    "download":
      "http://192.168.1.116/BrandCloud/order/AAAA170329000001OD/invoice/AAAA170329000006IN/download"
  }]
}
""")
DOCUMENT_PARTIAL = json.loads("""
{
  "number": "AAAA160401000003OD", "currency": "JPY", "subtotal": 25300, "total_discount": 886,
  "total": 24414, "order_status": "Open", "payment_status": "Open", "payment_method": null,
  "retailer": {
    "id": 1, "name": "Company A",
    "cover_img": {"resource": {
      "px240": "http://xxxx_240p.jpeg", "px480": "http://xxxx_480p.jpeg",
      "px720": "http://xxxx_720p.jpeg", "px1080": "http://xxxx_1080p.jpeg"}},
    "address": {
      "street": "333 West San Carlos Street Suite 1500", "city": " San Jose", "state": "CA",
      "postal_code": "95110", "country": "United States"}
  },
  "products": [{
    "number": "AAAA0000000005PD",
    "company": {"id": 1, "name": "Company Test"},
    "item": {"id": 1, "number": "Test-Item-1", "name": "Test Item 1"},
    "variant": {"id": 2, "name": "Variant Test", "cover_img": {"resource": {
      "px240": "http://xxxx_240p.png", "px480": "http://xxxx_480p.png",
      "px720": "http://xxxx_720p.png", "px1080": "http://xxxx_1080p.png"}}},
    "price": 1358.85, "discount_price": 289.38, "selling_price": 1069.47
  }]
}
""")


@pytest.mark.parametrize(
    ("example", "shape"), [(DOCUMENT_DETAIL, DETAIL), (DOCUMENT_PARTIAL, PARTIAL)]
)
def test_the_documents_own_examples_have_the_shapes_that_answers_are_held_to(
    example: object, shape: object
) -> None:
    has_shape(example, shape)


# -- a shop with people --------------------------------------------------------------------------


class Person(Client):
    """Somebody who calls with an api_key, in the body or in the header."""

    def __init__(self, key: str) -> None:
        super().__init__("brandcloud", {})
        self.key = key

    def ask(self, operation: str, **body: object) -> Answer:
        return self.call(operation, body={"api_key": self.key, **body})

    def look(self, operation: str, **path: str) -> Answer:
        return self.call(operation, path=path, headers={"authorization": self.key})


class Outbox:
    """A mailer that keeps what it was given."""

    def __init__(self) -> None:
        self.mails: list[Mail] = []

    def send(self, mail: Mail) -> None:
        self.mails.append(mail)

    def token(self) -> str:
        found = re.search(r"/pay/(\S+)", self.mails[-1].text)
        assert found
        return found[1]


def yen(amount: int) -> UnitPrice:
    return UnitPrice.of(amount, "JPY")


@pytest.fixture
def people(application: Application) -> dict[str, Person]:
    """Company A with an agent, a colleague and a trainee who may not sell; company B with a rival;
    two consumers; and those with whom something is wrong."""
    address = Address(
        line1="333 West San Carlos Street Suite 1500",
        city="San Jose",
        province="CA",
        postal_code="95110",
        country="United States",
    )
    for company_id, code in ((1, "AAAA"), (2, "BBBB")):
        application.people.put_company(
            Company(
                id=company_id,
                shop_id="demo",
                code=code,
                name=f"Company {code[0]}",
                address=address,
                cover_images=COVER,
            )
        )
    user = User(
        id=1,
        shop_id="demo",
        given_name="QQ",
        family_name="Wang",
        email="a@gmail.com",
        current_company_id=1,
    )
    consumer = replace(
        user,
        id=5,
        given_name="CC",
        family_name="Lee",
        title=1,
        phone="0912345678",
        email="cc@example.com",
        current_company_id=None,
        default_address=Address(
            line1="ABC st.",
            city="Taichung",
            province="Taiwan",
            postal_code="30123",
            country="R.O.C.",
        ),
    )
    users = {
        "agent": user,
        "colleague": replace(user, id=2, given_name="Mary Ann", family_name="Li"),
        "trainee": replace(user, id=3),
        "rival": replace(user, id=4, current_company_id=2),
        "consumer": consumer,
        "other_consumer": replace(consumer, id=6, default_address=None),
        "homeless": replace(user, id=7, current_company_id=None),
        "orphan": replace(user, id=8, current_company_id=99),
        "outsider": replace(user, id=9, current_company_id=2),
    }
    for person in users.values():
        application.people.put_user(person)
    for company_id, user_id, may_sell in ((1, 1, True), (1, 2, True), (1, 3, False), (2, 4, True)):
        membership = Membership(company_id=company_id, user_id=user_id, may_sell=may_sell)
        application.people.put_membership("demo", membership)
    for name, key in KEYS.items():
        owner = users[name].id if name in users else {"ghost": 1000}.get(name)
        application.shops.add_credential(
            Credential(
                id=f"cred-{name}",
                shop_id="demo",
                wire="brandcloud",
                label=name,
                token_hash=token_hash(key),
                scopes=tuple(Scope),
                created_at=NOON,
                user_id=owner,
            )
        )
    return {name: Person(key) for name, key in KEYS.items()}


@pytest.fixture
def carts(application: Application) -> Application:
    """Cart C00001 in JPY and C00002 in CHF, of what the document's examples sell."""
    catalog = application.desk.catalog
    for item, prices in (
        (1, {"JPY": Price(price=yen(25300), discount_price=yen(24414))}),
        (
            2,
            {
                "CHF": Price(
                    price=UnitPrice.of("1358.85", "CHF"),
                    discount_price=UnitPrice.of("1069.47", "CHF"),
                )
            },
        ),
        (3, {"CHF": Price(price=UnitPrice.of("0.10", "CHF"))}),
    ):
        catalog.put_product(
            "demo",
            Product(
                id=str(item),
                name=f"Test Item {item}",
                number=f"AAAA000000000{item}PD",
                image_url="https://images.example/item.png",
                attributes={
                    "company_id": 1,
                    "company_name": "Company Test",
                    "item_number": f"Test-Item-{item}",
                },
                variants=(Variant(id="2", name="Variant Test", sku=f"V{item}", prices=prices),),
            ),
        )
    put_cart(application, "C00001", "JPY", CartLine("1", "2", 1))
    put_cart(application, "C00002", "CHF", CartLine("2", "2", 1), CartLine("3", "2", 2))
    return application


def put_cart(application: Application, name: str, currency: str, *lines: CartLine) -> None:
    cart = Cart(id=name, currency=currency, lines=lines, created_at=NOON)
    application.desk.catalog.put_cart("demo", cart)


@pytest.fixture
def agent(people: dict[str, Person], carts: Application) -> Person:
    return people["agent"]


@pytest.fixture
def consumer(people: dict[str, Person]) -> Person:
    return people["consumer"]


@pytest.fixture
def outbox(monkeypatch: pytest.MonkeyPatch) -> Outbox:
    outbox = Outbox()
    monkeypatch.setattr(Application, "mailer", outbox)
    return outbox


@dataclass
class Sale:
    """An order that the agent rang up."""

    agent: Person
    number: str
    application: Application

    @property
    def order(self) -> Order:
        return find_order(self.application.desk, "demo", self.number)

    def pay(self, transaction_id: str = "UXI2KS784JOC9A0") -> Answer:
        return self.agent.ask("pay_order", order_number=self.number, transaction_id=transaction_id)

    def cancel(self) -> Answer:
        return self.agent.ask("cancel_order", order_number=self.number)

    def refund(self, transaction_id: str = "UXI2KS784JOC9A0") -> Answer:
        return self.agent.ask(
            "refund_order", order_number=self.number, transaction_id=transaction_id
        )

    def query(self) -> Answer:
        return self.agent.ask("query_refund", order_number=self.number)

    def detail(self) -> dict[str, Any]:
        answer = self.agent.ask("get_order", order_number=self.number)
        assert answer.status == 200, answer.body
        body: dict[str, Any] = answer.body
        return body

    def change(self, decide: Callable[[Change], object]) -> None:
        def run(change: Change) -> None:
            decide(change)

        order = self.order
        self.application.desk.change("demo", order.id, Actor("provider", "paypal"), run)


@pytest.fixture
def ring_up(agent: Person, application: Application) -> Callable[..., Sale]:
    """Sell a cart of its own."""
    count = iter(range(1000))

    def sell(method: str = "credit_card", by: Person | None = None) -> Sale:
        cart = f"cart-{next(count)}"
        put_cart(application, cart, "JPY", CartLine("1", "2", 1))
        seller = by or agent
        answer = seller.ask("create_order", cart_id=cart, type=method)
        assert answer.status == 200, answer.body
        return Sale(seller, answer.body["order_number"], application)

    return sell


@pytest.fixture
def sale(ring_up: Callable[..., Sale]) -> Sale:
    return ring_up()


def pending(sale: Sale) -> None:
    """A provider holds a payment."""
    sale.change(lambda change: commands.start_payment(change, payment_of(sale, "P1"), None))


def payment_of(sale: Sale, transaction_id: str) -> Payment:
    order = sale.order
    return Payment(
        id=0,
        provider="paypal",
        transaction_id=transaction_id,
        amount=order.outstanding,
        state=PaymentState.PENDING,
        created_at=NOON,
        updated_at=NOON,
        method="paypal",
        payer="payer@example.com",
    )


def failed(answer: Answer) -> str:
    """The error name, having checked that the failure is one as the document has them."""
    assert answer.status == 403, answer.body
    assert isinstance(answer.body["error_name"], str)
    name: str = answer.body["error_name"]
    return name


def nothing(answer: Answer) -> None:
    assert (answer.status, answer.body) == (200, {})


def seconds_now() -> int:
    return int(SystemClock().now().timestamp())


# -- Create Order --------------------------------------------------------------------------------


def test_the_documents_example_makes_an_order(agent: Person, application: Application) -> None:
    example = json.loads(payload("brandcloud/create_order")["body"])
    answer = agent.call("create_order", body=example)
    assert answer.status == 200
    has_shape(answer.body, CREATED)
    assert answer.body["payment_method"] == "credit_card"
    assert answer.body["qrcode"] is None
    today = SystemClock().now()
    assert re.fullmatch(rf"AAAA{today:%y%m%d}\d{{6}}OD", answer.body["order_number"])
    order = find_order(application.desk, "demo", answer.body["order_number"])
    assert order.total == Money.of(24414, "JPY")
    assert (order.payment_due_at or NOON) - order.created_at == timedelta(minutes=15)


@pytest.mark.parametrize("method", ["PayPal", "cash_consumer_app", "credit_card_consumer_app"])
def test_what_a_consumer_scans_comes_with_a_qr_code_of_the_order(
    agent: Person, method: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[str] = []
    coder = bootstrap.application().qr_coder
    real = type(coder).png_base64

    def noted(self: Any, text: str) -> str:
        read.append(text)
        return real(self, text)

    monkeypatch.setattr(type(coder), "png_base64", noted)
    answer = agent.ask("create_order", cart_id="C00001", type=method)
    has_shape(answer.body, CREATED)
    assert answer.body["payment_method"] == method
    assert base64.b64decode(answer.body["qrcode"]).startswith(b"\x89PNG")
    # Where the consumer's app finds the order, on the host that was asked.
    number = answer.body["order_number"]
    assert read == [f"https://api.example.com/order/{number}/detail"]


@pytest.mark.parametrize("method", ["cash", "credit_card"])
def test_what_nobody_scans_comes_without_a_qr_code(agent: Person, method: str) -> None:
    answer = agent.ask("create_order", cart_id="C00001", type=method)
    has_shape(answer.body, CREATED)
    assert answer.body["qrcode"] is None


@pytest.mark.parametrize("method", ["cash", "PayPal"])
def test_a_cart_becomes_one_order_and_a_repeat_is_told_which(agent: Person, method: str) -> None:
    first = agent.ask("create_order", cart_id="C00001", type=method).body
    # Whatever else the repeat says.
    again = agent.ask("create_order", cart_id="C00001", type="credit_card")
    assert failed(again) == "repeat"
    assert again.body == {"error_name": "repeat", **first}
    assert (first["qrcode"] is None) is (method == "cash")


def test_a_repeat_is_a_repeat_after_the_cart_and_its_products_are_gone(
    agent: Person, application: Application
) -> None:
    first = agent.ask("create_order", cart_id="C00001", type="cash").body
    put_cart(application, "C00001", "JPY")
    again = agent.ask("create_order", cart_id="C00001", type="cash")
    assert again.body == {"error_name": "repeat", **first}


def test_a_numeric_cart_id_as_the_table_has_it_is_taken(
    agent: Person, application: Application
) -> None:
    put_cart(application, "17", "JPY", CartLine("1", "2", 1))
    assert agent.ask("create_order", cart_id=17, type="cash").status == 200


def test_create_errors(agent: Person, application: Application) -> None:
    put_cart(application, "empty", "JPY")
    assert failed(agent.ask("create_order", cart_id="nope", type="cash")) == "cart not exist"
    assert failed(agent.ask("create_order", cart_id="a#b", type="cash")) == "cart not exist"
    assert failed(agent.ask("create_order", cart_id="x" * 999, type="cash")) == "cart not exist"
    assert failed(agent.ask("create_order", cart_id="empty", type="cash")) == "no products"
    for body in (
        {"cart_id": "C00001"},
        {"type": "cash"},
        {"cart_id": "", "type": "cash"},
        {"cart_id": "C00001", "type": "bitcoin"},
        {"cart_id": "C00001", "type": ["cash"]},
    ):
        assert failed(agent.ask("create_order", **body)) == "lack of parameters"


def test_a_cart_of_more_than_an_order_can_hold_is_none_to_order(
    agent: Person, application: Application
) -> None:
    product = application.desk.catalog.product("demo", "3")
    assert product
    price = Price(price=UnitPrice.of("900719925474.09", "CHF"))
    variant = replace(product.variants[0], prices={"CHF": price})
    application.desk.catalog.put_product("demo", replace(product, variants=(variant,)))
    put_cart(application, "huge", "CHF", CartLine("3", "2", 1000))
    assert failed(agent.ask("create_order", cart_id="huge", type="cash")) == "cart not exist"
    assert agent.ask("list_orders").body == {"orders": []}


def test_products_that_are_gone_are_named_by_number(
    agent: Person, application: Application
) -> None:
    # One whose option is gone, one without a price in this currency, one that is gone itself.
    put_cart(
        application,
        "bad",
        "JPY",
        CartLine("1", "gone", 1),
        CartLine("2", "2", 1),
        CartLine("404", "1", 1),
        CartLine("1", "2", 1),
    )
    answer = agent.ask("create_order", cart_id="bad", type="cash")
    assert failed(answer) == "product invalid"
    assert answer.body == {
        "error_name": "product invalid",
        "products": ["AAAA0000000001PD", "AAAA0000000002PD", "404"],
    }


# -- Order List ----------------------------------------------------------------------------------


def test_the_list_has_the_companys_orders_newest_first(
    agent: Person, ring_up: Callable[..., Sale], later: Callable[[float], None]
) -> None:
    first = ring_up("PayPal")
    second = ring_up("credit_card")
    second.pay()
    example = json.loads(payload("brandcloud/list_orders")["body"])
    answer = agent.call("list_orders", body=example)
    assert answer.status == 200
    assert list(answer.body) == ["orders"]
    has_shape(answer.body["orders"], [LISTED])
    by_number = {order["number"]: order for order in answer.body["orders"]}
    assert set(by_number) == {first.number, second.number}
    times = [order["create_at"] for order in answer.body["orders"]]
    assert times == sorted(times, reverse=True)
    unpaid = by_number[first.number]
    assert abs(unpaid.pop("create_at") - seconds_now()) < 60
    assert unpaid == {
        "number": first.number,
        "currency": "JPY",
        "total": 24414,
        "order_status": "Open",
        "payment_status": "Open",
        "payment_method": "PayPal",
        "transaction_id": "",
        "refund_at": None,
        "retailer": {"id": 1, "name": "Company A"},
        "agent": {"id": 1, "given_name": "QQ", "family_name": "Wang", "email": "a@gmail.com"},
    }
    paid = by_number[second.number]
    assert (paid["order_status"], paid["payment_status"]) == ("Finished", "Paid")
    assert paid["transaction_id"] == "UXI2KS784JOC9A0"


def test_the_list_is_the_same_for_everybody_in_the_company_and_nobody_else(
    people: dict[str, Person], sale: Sale
) -> None:
    def numbers(name: str) -> list[str]:
        return [order["number"] for order in people[name].ask("list_orders").body["orders"]]

    assert numbers("agent") == numbers("colleague") == numbers("trainee") == [sale.number]
    assert numbers("rival") == []


def test_a_long_list_goes_on_before_an_order(
    agent: Person, ring_up: Callable[..., Sale], monkeypatch: pytest.MonkeyPatch
) -> None:
    from orderhub.wire.brandcloud import inbound

    monkeypatch.setattr(inbound, "LONGEST_LIST", 2)
    numbers = {ring_up().number for _ in range(5)}
    seen: list[str] = []
    before = None
    while page := agent.ask("list_orders", before=before).body["orders"]:
        assert len(page) <= 2
        seen += [order["number"] for order in page]
        before = seen[-1]
    assert len(seen) == 5
    assert set(seen) == numbers
    assert failed(agent.ask("list_orders", before="nope")) == "order not exist"


# -- who may, in every section -------------------------------------------------------------------

SALES = {
    "list_orders": {},
    "create_order": {"cart_id": "C00001", "type": "cash"},
    "pay_order": {"order_number": "X", "transaction_id": "T"},
    "cancel_order": {"order_number": "X"},
    "refund_order": {"order_number": "X", "transaction_id": "T"},
    "get_order": {"order_number": "X"},
    "query_refund": {"order_number": "X"},
}


@pytest.mark.parametrize("operation", SALES)
@pytest.mark.parametrize(
    ("who", "error_name"),
    [
        ("ghost", "does not signin"),
        ("nobody", "does not signin"),
        ("homeless", "not select company yet"),
        ("orphan", "company not exist"),
        ("outsider", "not company member"),
    ],
)
def test_each_trouble_with_a_salesperson_has_its_own_name(
    people: dict[str, Person], carts: Application, operation: str, who: str, error_name: str
) -> None:
    assert failed(people[who].ask(operation, **SALES[operation])) == error_name


@pytest.mark.parametrize(
    ("operation", "wrong_key", "no_key"),
    [
        *((operation, "does not signin", "lack of parameters") for operation in SALES),
        ("send_paypal_link", "does not signin", "lack of parameters"),
        ("confirm_purchase", "not_sign_in", "lack of parameters"),
        ("edit_order", "not_sign_in", "not_sign_in"),
    ],
)
def test_a_missing_key_is_told_from_a_wrong_one(
    agent: Person, operation: str, wrong_key: str, no_key: str
) -> None:
    body = json.loads(payload(f"brandcloud/{operation}")["body"])
    assert failed(agent.call(operation, body={**body, "api_key": "wrong"})) == wrong_key
    for missing in ({}, {"api_key": ""}, {"api_key": None}, {"api_key": 17}):
        rest = {name: value for name, value in body.items() if name != "api_key"}
        assert failed(agent.call(operation, body={**rest, **missing})) == no_key
    for raw in ("", "{", "[]", "null", '{"api_key": "a", "api_key": "b"}'):
        assert failed(agent.call(operation, raw=raw)) == no_key


@pytest.mark.parametrize("operation", ["get_partial_order", "download_invoice"])
def test_a_key_may_stand_in_the_header_alone(agent: Person, sale: Sale, operation: str) -> None:
    wrong = "not_sign_in" if operation == "get_partial_order" else "does not signin"
    path = {"order_number": sale.number, "invoice_number": "x"}
    answer = agent.call(operation, path=path, headers={"authorization": "wrong"})
    assert failed(answer) == wrong
    for value in ("", "  "):
        answer = agent.call(operation, path=path, headers={"authorization": value})
        assert failed(answer) == "lack of parameters"
    assert failed(agent.call(operation, path=path)) == "lack of parameters"


def test_a_credential_without_the_scope_is_not_signed_in(
    people: dict[str, Person], sale: Sale, application: Application
) -> None:
    known = application.shops.credentials("demo")[0]
    application.shops.add_credential(
        replace(
            known,
            id="cred-reader",
            wire="brandcloud",
            token_hash=token_hash("reader-key-000000012"),
            scopes=(Scope.READ_ORDERS,),
            user_id=1,
        )
    )
    reader = Person("reader-key-000000012")
    assert reader.ask("list_orders").status == 200
    answer = reader.ask("cancel_order", order_number=sale.number)
    assert failed(answer) == "does not signin"


def test_another_wires_token_is_no_api_key(people: dict[str, Person]) -> None:
    person = Person("demo-marketplace-token-0001")
    assert failed(person.ask("list_orders")) == "does not signin"


@pytest.mark.parametrize(
    "operation",
    ["pay_order", "cancel_order", "refund_order", "get_order", "query_refund", "send_paypal_link"],
)
@pytest.mark.parametrize("number", ["AAAA000101000000OD", "0", "a#b", "x" * 300, "٣", "../x"])
def test_unknown_orders_do_not_exist(agent: Person, operation: str, number: str) -> None:
    body = {"transaction_id": "T", "email": "a@gmail.com", "order_number": number}
    assert failed(agent.ask(operation, **body)) == "order not exist"


@pytest.mark.parametrize(
    ("operation", "missing"),
    [
        ("pay_order", "order_number"),
        ("pay_order", "transaction_id"),
        ("cancel_order", "order_number"),
        ("refund_order", "order_number"),
        ("refund_order", "transaction_id"),
        ("get_order", "order_number"),
        ("query_refund", "order_number"),
        ("send_paypal_link", "order_number"),
        ("send_paypal_link", "email"),
        ("confirm_purchase", "order_number"),
    ],
)
def test_missing_parameters_are_lacking(agent: Person, operation: str, missing: str) -> None:
    body = json.loads(payload(f"brandcloud/{operation}")["body"])
    del body[missing]
    assert failed(agent.call(operation, body=body)) == "lack of parameters"


@pytest.mark.parametrize(
    ("operation", "error_name"),
    [
        ("pay_order", "order not exist"),
        ("cancel_order", "order not exist"),
        ("refund_order", "not reatiler order"),
        ("query_refund", "order not exist"),
        ("get_order", "order not exist"),
        ("send_paypal_link", "order not exist"),
    ],
)
def test_another_companys_order_is_out_of_reach(
    people: dict[str, Person], sale: Sale, operation: str, error_name: str, outbox: Outbox
) -> None:
    body = {"transaction_id": "T", "email": "a@gmail.com", "order_number": sale.number}
    assert failed(people["rival"].ask(operation, **body)) == error_name
    assert sale.detail()["order_status"] == "Open"
    assert not outbox.mails


@pytest.mark.parametrize("operation", ["pay_order", "cancel_order", "refund_order", "query_refund"])
def test_who_is_no_salesperson_finds_no_order(
    people: dict[str, Person], sale: Sale, operation: str
) -> None:
    body = {"transaction_id": "T", "order_number": sale.number}
    assert failed(people["trainee"].ask(operation, **body)) == "order not exist"


def test_a_colleague_may_take_over(people: dict[str, Person], sale: Sale) -> None:
    number = sale.number
    nothing(people["colleague"].ask("pay_order", order_number=number, transaction_id="T1"))
    last = sale.detail()["histories"][-1]
    assert last["user"] == {"id": 2, "given_name": "Mary Ann", "family_name": "Li"}


def test_what_a_member_rang_up_they_may_finish_though_they_may_not_sell(
    people: dict[str, Person], ring_up: Callable[..., Sale]
) -> None:
    nothing(ring_up(by=people["trainee"]).pay())


def test_detail_needs_the_right_to_sell(people: dict[str, Person], sale: Sale) -> None:
    answer = people["trainee"].ask("get_order", order_number=sale.number)
    assert failed(answer) == "no permission"


# -- Order Payment -------------------------------------------------------------------------------


def test_a_payment_pays_the_order_and_returns_nothing(sale: Sale) -> None:
    nothing(sale.pay())
    detail = sale.detail()
    assert (detail["order_status"], detail["payment_status"]) == ("Finished", "Paid")
    assert detail["transaction_id"] == "UXI2KS784JOC9A0"
    assert sale.order.captured == sale.order.total


def test_a_transaction_pays_once(ring_up: Callable[..., Sale]) -> None:
    first, second = ring_up(), ring_up()
    nothing(first.pay("T1"))
    assert failed(second.pay("T1")) == "repeated"
    assert failed(first.pay("T1")) == "repeated"
    assert failed(first.pay("T2")) == "paid"
    assert second.detail()["payment_status"] == "Open"


def test_cash_needs_no_transaction_and_a_card_does(ring_up: Callable[..., Sale]) -> None:
    nothing(ring_up("cash").pay(""))
    nothing(ring_up("cash_consumer_app").pay(""))
    # Cash has no transactions to tell apart, so a second cash sale is no repeat.
    nothing(ring_up("cash").pay(""))
    for method in ("credit_card", "credit_card_consumer_app"):
        assert failed(ring_up(method).pay("")) == "lack of parameters"
        assert failed(ring_up(method).pay(" ")) == "lack of parameters"


@pytest.mark.parametrize("behind", ["foo", "foo/bar", " ", "/"])
def test_what_stands_behind_the_slash_of_payment_is_no_route(sale: Sale, behind: str) -> None:
    body = {"api_key": KEY, "order_number": sale.number, "transaction_id": "T1"}
    for sent in (body, {}, {**body, "api_key": "wrong"}):
        answer = sale.agent.call("pay_order", path={"slash": behind}, body=sent)
        assert (answer.status, answer.body) == (404, {"message": "Not Found"})
    assert sale.detail()["payment_status"] == "Open"
    # The slash alone is the document's own path.
    nothing(sale.agent.call("pay_order", path={"slash": ""}, body=body))


def refused_states(
    ring_up: Callable[..., Sale], later: Callable[[float], None], method: str = "credit_card"
) -> Iterator[tuple[str, Sale]]:
    """A sale in each state that an error is named after; the last one moves the clock."""
    confirming, paid, closed, refunded, timed_out = (ring_up(method) for _ in range(5))
    pending(confirming)
    yield "confirming", confirming
    nothing(paid.pay("T-paid"))
    yield "paid", paid
    nothing(closed.cancel())
    yield "closed", closed
    nothing(refunded.pay("T-refunded"))
    nothing(refunded.refund("T-refunded"))
    yield "refunded", refunded
    later(15 * 60 + 1)
    yield "closed", timed_out


def test_an_order_is_paid_only_while_it_is_open(
    ring_up: Callable[..., Sale], later: Callable[[float], None]
) -> None:
    for error_name, sale in refused_states(ring_up, later):
        assert failed(sale.pay("T-new")) == error_name


def test_two_terminals_at_once_can_not_both_pay(
    sale: Sale, monkeypatch: pytest.MonkeyPatch
) -> None:
    orders = type(sale.application.desk.orders)
    real = orders.commit
    raced: list[str] = []

    def commit(self: Any, change: Change) -> None:
        if not raced:
            raced.append("once")
            nothing(sale.pay("FIRST"))
        real(self, change)

    monkeypatch.setattr(orders, "commit", commit)
    assert failed(sale.pay("SECOND")) == "paid"
    assert not sale.order.excess


# -- Cancel Order --------------------------------------------------------------------------------


def test_cancelling_returns_nothing(sale: Sale) -> None:
    nothing(sale.cancel())
    detail = sale.detail()
    assert (detail["order_status"], detail["payment_status"]) == ("Cancelled", "Closed")


def test_a_timed_out_order_may_be_cancelled_and_stays_timed_out(
    sale: Sale, later: Callable[[float], None]
) -> None:
    later(15 * 60 + 1)
    nothing(sale.cancel())
    assert sale.detail()["order_status"] == "Error"


def test_an_order_is_cancelled_only_before_it_is_paid(
    ring_up: Callable[..., Sale], later: Callable[[float], None]
) -> None:
    for error_name, sale in refused_states(ring_up, later):
        if sale.detail()["order_status"] != "Error":
            assert failed(sale.cancel()) == error_name


# -- Refund, and its query -----------------------------------------------------------------------


def test_a_refund_gives_all_back_and_returns_nothing(sale: Sale) -> None:
    sale.pay()
    nothing(sale.query())
    nothing(sale.refund())
    detail = sale.detail()
    assert (detail["order_status"], detail["payment_status"]) == ("Finished", "Refunded")
    assert abs(detail["refund_at"] - seconds_now()) < 60
    assert sale.order.refunded == sale.order.total


def test_refund_and_its_query_agree_in_every_state(
    ring_up: Callable[..., Sale], later: Callable[[float], None]
) -> None:
    untouched = ring_up()
    assert failed(untouched.query()) == failed(untouched.refund("T")) == "open"
    for state, sale in refused_states(ring_up, later):
        if state == "paid":
            nothing(sale.query())
        else:
            assert failed(sale.query()) == failed(sale.refund("T-new")) == state


def test_the_window_is_thirty_days_from_payment(sale: Sale, later: Callable[[float], None]) -> None:
    later(14 * 60)
    sale.pay()
    later(14 * 60 + 30 * DAY - 60)
    nothing(sale.query())
    later(14 * 60 + 30 * DAY + 60)
    assert failed(sale.query()) == failed(sale.refund()) == "refund expired"


def test_refund_transactions_are_checked(ring_up: Callable[..., Sale]) -> None:
    first, second, third = ring_up(), ring_up(), ring_up()
    for index, sale in enumerate((first, second, third)):
        nothing(sale.pay(f"T{index}"))
    assert failed(first.refund("T1")) == "invalid transaction id"
    assert failed(first.refund("nope")) == "transaction not found"
    assert failed(first.refund("x" * 999)) == "transaction not found"
    assert failed(first.refund("")) == "lack of parameters"
    nothing(second.refund("T1"))
    assert failed(third.refund("T1")) == "repeated"
    assert failed(second.refund("T1")) == "refunded"
    nothing(first.refund("T0"))


def test_a_shop_may_trust_its_terminals_with_refunds_of_their_own(
    application: Application, ring_up: Callable[..., Sale]
) -> None:
    first, second, third, cash = ring_up(), ring_up(), ring_up(), ring_up("cash")
    for index, sale in enumerate((first, second, third)):
        nothing(sale.pay(f"T{index}"))
    cash.pay("")
    assert failed(first.refund("R1")) == "transaction not found"
    manage_shops.change_settings(application.shops, "demo", trusts_terminal=True)
    bootstrap.application.cache_clear()
    assert failed(first.refund("T1")) == "invalid transaction id"
    assert failed(first.refund("")) == "lack of parameters"
    nothing(first.refund("R1"))
    assert first.detail()["payment_status"] == "Refunded"
    assert failed(second.refund("R1")) == "repeated"
    nothing(second.refund("R2"))
    nothing(third.refund("T2"))
    assert failed(cash.refund("R3")) == "transaction not found"


def test_cash_is_refunded_without_a_transaction(ring_up: Callable[..., Sale]) -> None:
    for empty in ("", None):
        sale = ring_up("cash")
        sale.pay("")
        answer = sale.agent.ask("refund_order", order_number=sale.number, transaction_id=empty)
        nothing(answer)
        assert sale.detail()["payment_status"] == "Refunded"


def test_what_a_provider_took_is_the_providers_to_give_back(ring_up: Callable[..., Sale]) -> None:
    sale = ring_up("PayPal")
    sale.change(lambda change: commands.capture_payment(change, payment_of(sale, "PP1")))
    nothing(sale.refund(""))
    assert sale.detail()["payment_status"] == "Confirming"
    assert sale.detail()["refund_at"] is None
    assert failed(sale.query()) == "confirming"
    sale.change(lambda change: commands.settle_refund(change, 1))
    assert sale.detail()["payment_status"] == "Refunded"


def test_cash_after_an_attempt_with_paypal_goes_back_at_once(
    ring_up: Callable[..., Sale],
) -> None:
    sale = ring_up("PayPal")
    pending(sale)
    sale.change(lambda change: commands.fail_payment(change, "paypal", "P1", "012: card expired"))
    nothing(sale.pay(""))
    nothing(sale.refund(""))
    # PayPal took nothing, so there is nothing to wait for.
    assert sale.detail()["payment_status"] == "Refunded"


# -- Order Detail --------------------------------------------------------------------------------


def test_the_detail_of_a_new_order(agent: Person, application: Application) -> None:
    number = agent.ask("create_order", cart_id="C00002", type="PayPal").body["order_number"]
    example = json.loads(payload("brandcloud/get_order")["body"])
    answer = agent.call("get_order", body={**example, "order_number": number})
    assert answer.status == 200
    detail = answer.body
    free = {"variants", "quantity"}
    plain = {**detail, "products": [detail["products"][0]]}
    has_shape(plain, DETAIL)
    assert set(detail["products"][1]) - {"quantity"} == set(detail["products"][0])
    created = detail["create_at"]
    assert {k: v for k, v in detail.items() if k not in free} == {
        "number": number,
        "currency": "CHF",
        "total": 1069.67,
        "order_status": "Open",
        "payment_status": "Open",
        "payment_method": "PayPal",
        "transaction_id": None,
        "create_at": created,
        "refund_at": None,
        "retailer": {"id": 1, "name": "Company A"},
        "agent": {"id": 1, "given_name": "QQ", "family_name": "Wang", "email": "a@gmail.com"},
        "products": [
            {
                "number": "AAAA0000000002PD",
                "company": {"id": 1, "name": "Company Test"},
                "item": {"id": 2, "number": "Test-Item-2", "name": "Test Item 2"},
                "variants": [{"id": 2, "name": "Variant Test"}],
                "price": 1358.85,
                "discount_price": 289.38,
                "product_status": "initial",
            },
            {
                "number": "AAAA0000000003PD",
                "quantity": 2,
                "company": {"id": 1, "name": "Company Test"},
                "item": {"id": 3, "number": "Test-Item-3", "name": "Test Item 3"},
                "variants": [{"id": 2, "name": "Variant Test"}],
                "price": 0.1,
                "discount_price": 0,
                "product_status": "initial",
            },
        ],
        "histories": [
            {
                "order_status": "Open",
                "payment_status": "Open",
                "comment": "",
                "create_at": created,
                "user": {"id": 1, "given_name": "QQ", "family_name": "Wang"},
            }
        ],
        "shipping_address": dict.fromkeys(ADDRESS),
        "billing_address": dict.fromkeys(ADDRESS),
        "invoices": [],
    }


def test_the_detail_of_a_refunded_order_has_history_and_invoice(
    sale: Sale, consumer: Person
) -> None:
    consumer.ask("confirm_purchase", order_number=sale.number)
    sale.pay()
    sale.refund()
    detail = sale.detail()
    has_shape(detail, DETAIL)
    assert [
        (entry["order_status"], entry["payment_status"], entry["user"]["id"])
        for entry in detail["histories"]
    ] == [("Open", "Open", 1), ("Finished", "Paid", 1), ("Finished", "Refunded", 1)]
    invoice = detail["invoices"][0]
    invoice_number = sale.number.removesuffix("OD") + "IN"
    assert {**invoice, "create_at": 0} == {
        "number": invoice_number,
        "brand": {"id": 1, "name": "Company A"},
        "create_at": 0,
        "comment": sale.number,
        "download": f"https://api.example.com/order/{sale.number}/invoice/{invoice_number}/download",
    }


@pytest.mark.parametrize("written", [False, True], ids=["before the job", "after the job"])
def test_an_order_that_is_not_paid_in_time_reads_as_the_documents_example(
    sale: Sale, later: Callable[[float], None], written: bool
) -> None:
    created = sale.detail()["create_at"]
    later(20 * 60)
    if written:
        order = sale.order
        sale.application.desk.change("demo", order.id, Actor("clock"), _close)
    detail = sale.detail()
    assert (detail["order_status"], detail["payment_status"]) == ("Error", "Closed")
    assert detail["histories"][1:] == [
        {
            "order_status": "Error",
            "payment_status": "Closed",
            "comment": "request timeout",
            "create_at": created + 15 * 60,
            "user": {"id": 1, "given_name": "QQ", "family_name": "Wang"},
        }
    ]


def _close(change: Change) -> None:
    commands.close_what_is_due(change)


def test_amounts_are_exact_numbers(agent: Person, application: Application) -> None:
    total = "83766953069090.37"
    # By way of a float it would have come out a cent off.
    assert repr(float(total)) != total
    product = application.desk.catalog.product("demo", "3")
    assert product
    price = Price(price=UnitPrice.of("900719925474.09", "CHF"))
    variant = replace(product.variants[0], prices={"CHF": price})
    application.desk.catalog.put_product("demo", replace(product, variants=(variant,)))
    put_cart(application, "dear", "CHF", CartLine("3", "2", 93))
    number = agent.ask("create_order", cart_id="dear", type="cash").body["order_number"]
    event = payload("brandcloud/get_order")
    event["body"] = json.dumps({"api_key": KEY, "order_number": number})
    assert f'"total":{total},' in invoke("brandcloud/get_order", event)["body"]


# -- across wires --------------------------------------------------------------------------------


@pytest.fixture
def notified(marketplace: Client) -> dict[str, Any]:
    """An order over 128.00 CNY that a marketplace told us of."""
    body = json.loads(payload("marketplace/create_order")["body"])
    created = marketplace.call("create_order", body=body).body
    line = {"product_id": "3531", "price": "64.00", "quantity": 2}
    path = {"id": str(created["id"])}
    order: dict[str, Any] = marketplace.call("create_line_item", path=path, body=line).body
    return order


def test_orders_that_their_own_api_gives_back_for_ever_have_this_apis_window_here(
    application: Application,
    agent: Person,
    marketplace: Client,
    later: Callable[[float], None],
) -> None:
    manage_shops.change_windows(
        application.shops, "demo", "marketplace", lambda terms: replace(terms, refund_window=None)
    )
    bootstrap.application.cache_clear()
    body = json.loads(payload("marketplace/create_order")["body"])
    created = marketplace.call("create_order", body=body).body
    path = {"id": str(created["id"])}
    line = {"product_id": "3531", "price": "64.00", "quantity": 1}
    marketplace.call("create_line_item", path=path, body=line)
    marketplace.call("pay_order", path=path, body={"merchant_trade_no": "T", "payment": "64.00"})
    sale = Sale(agent, created["number"], bootstrap.application())
    nothing(sale.query())
    later(30 * DAY + 60)
    assert failed(sale.query()) == failed(sale.refund("T")) == "refund expired"


def test_a_marketplaces_order_is_listed_shown_paid_and_refunded_here(
    agent: Person, marketplace: Client, notified: dict[str, Any]
) -> None:
    sale = Sale(agent, notified["number"], bootstrap.application())
    listed = agent.ask("list_orders").body["orders"]
    has_shape(listed, [LISTED])
    assert [order["number"] for order in listed] == [notified["number"]]
    assert listed[0]["agent"] == {"id": 0, "given_name": "", "family_name": "", "email": ""}
    assert listed[0]["retailer"] == {"id": 1, "name": "Company A"}
    detail = sale.detail()
    assert detail["total"] == 128
    assert detail["products"][0]["quantity"] == 2
    has_shape({**detail, "products": []}, DETAIL)
    assert detail["shipping_address"]["given_name"] == "韩梅梅"
    assert detail["histories"][0]["user"]["id"] == 0
    nothing(sale.pay("T1"))
    path = {"id": str(notified["id"])}
    assert marketplace.call("get_order", path=path).body["payment_state"] == "paid"
    nothing(sale.refund("T1"))
    assert marketplace.call("get_order", path=path).body["payment_state"] == "refunded"


def test_an_order_of_ours_is_shown_and_paid_by_the_marketplace_api(
    sale: Sale, marketplace: Client
) -> None:
    shown = marketplace.call("get_order", path={"id": sale.number})
    assert shown.status == 200
    assert (shown.body["channel"], shown.body["total"]) == ("brandcloud", "24414")
    body = {"merchant_trade_no": "M1", "payment": 24414}
    marketplace.call("pay_order", path={"id": sale.number}, body=body)
    detail = sale.detail()
    assert (detail["payment_status"], detail["transaction_id"]) == ("Paid", "M1")
    assert detail["invoices"]


def test_a_marketplaces_order_can_be_looked_at_by_a_consumer(
    people: dict[str, Person], notified: dict[str, Any]
) -> None:
    answer = people["consumer"].look("get_partial_order", order_number=notified["number"])
    assert answer.status == 200
    assert answer.body["retailer"]["name"] == "Demo"
    assert answer.body["retailer"]["cover_img"] == {"resource": {}}
    assert (answer.body["subtotal"], answer.body["total_discount"]) == (128, 0)


def test_another_shops_orders_do_not_exist(
    agent: Person, other_marketplace: Client, consumer: Person
) -> None:
    body = json.loads(payload("marketplace/create_order")["body"])
    number = other_marketplace.call("create_order", body=body).body["number"]
    assert failed(agent.ask("get_order", order_number=number)) == "order not exist"
    answer = consumer.look("get_partial_order", order_number=number)
    assert failed(answer) == "order_not_exist"
    assert agent.ask("list_orders").body == {"orders": []}


# -- Send PayPal Payment Link, Transaction Result ------------------------------------------------


@pytest.fixture
def paypal(ring_up: Callable[..., Sale], outbox: Outbox) -> Sale:
    return ring_up("PayPal")


def send(sale: Sale, **more: object) -> Answer:
    example = json.loads(payload("brandcloud/send_paypal_link")["body"])
    return sale.agent.call(
        "send_paypal_link", body={**example, "order_number": sale.number, **more}
    )


def result(token: str) -> Answer:
    return Client("brandcloud", {}).call("get_transaction_result", path={"token": token})


def test_the_link_is_mailed_and_says_what_came_of_it(paypal: Sale, outbox: Outbox) -> None:
    nothing(send(paypal))
    assert [mail.to for mail in outbox.mails] == ["a@gmail.com"]
    token = outbox.token()
    assert f"https://api.example.com/pay/{token}\n" in outbox.mails[0].text
    answer = result(token)
    assert answer.status == 200
    has_shape(answer.body, INFO)
    assert answer.body["status"] == "info"

    paypal.change(lambda change: commands.capture_payment(change, payment_of(paypal, "123546876")))
    answer = result(token)
    has_shape(answer.body, SUCCESS)
    date = answer.body["date"]
    assert answer.body == {
        "date": date,
        "status": "success",
        "order": {
            "number": paypal.number,
            "payment_method": "PayPal",
            "transaction": "123546876",
            "currency": "JPY",
            "total": 24414,
            "retailer": "Company A",
            "payer": "payer@example.com",
        },
    }
    assert abs(date - seconds_now()) < 60


def test_a_refusal_of_paypals_is_told_with_its_code(paypal: Sale, outbox: Outbox) -> None:
    send(paypal)
    pending(paypal)
    paypal.change(lambda change: commands.fail_payment(change, "paypal", "P1", "012: card expired"))
    answer = result(outbox.token())
    has_shape(answer.body, FAIL)
    assert answer.body["status"] == "fail"
    assert answer.body["fail"] == {
        "refused_by": "PayPal",
        "code": "012",
        "description": "card expired",
    }


def page(token: str) -> tuple[int, str]:
    """The status and the HTML of the page behind a mailed link."""
    event = payload("checkout/show_payment")
    event["pathParameters"] = {"token": token}
    answer = invoke("checkout/show_payment", event)
    assert answer["headers"]["content-type"] == "text/html; charset=utf-8"
    assert answer["headers"]["cache-control"] == "no-store"
    return answer["statusCode"], base64.b64decode(answer["body"]).decode()


@pytest.fixture
def paypal_account(application: Application) -> None:
    set_account(
        application.shops,
        application.payment_account_store,
        lambda: application.vault,
        SystemClock(),
        "demo",
        "paypal",
        settings={"webhook_id": "1JE4291016473214C", "client_id": "AZ-client_1"},
    )


def test_the_link_leads_to_a_page_with_paypals_button(
    paypal: Sale, outbox: Outbox, paypal_account: None
) -> None:
    send(paypal)
    status, shown = page(outbox.token())
    assert status == 200
    assert "Company A" in shown
    assert paypal.number in shown
    assert '"amount":{"currency_code":"JPY","value":"24414"}' in shown
    assert f'"custom_id":"{paypal.order.id}"' in shown
    assert "client-id=AZ-client_1&amp;currency=JPY" in shown
    assert outbox.mails[0].to not in shown

    paypal.change(lambda change: commands.capture_payment(change, payment_of(paypal, "1")))
    status, shown = page(outbox.token())
    assert status == 200
    assert "This order is paid." in shown
    assert "<script" not in shown


def test_a_shop_without_an_account_at_paypal_takes_the_payment_elsewhere(
    paypal: Sale, outbox: Outbox
) -> None:
    send(paypal)
    status, shown = page(outbox.token())
    assert status == 200
    assert f"Its reference: {paypal.order.id}" in shown
    assert "<script" not in shown


def test_a_refusal_and_the_end_of_a_link_are_shown_on_its_page(
    paypal: Sale, outbox: Outbox, paypal_account: None, later: Callable[[float], None]
) -> None:
    send(paypal)
    pending(paypal)
    assert "A payment is being confirmed." in page(outbox.token())[1]
    paypal.change(lambda change: commands.fail_payment(change, "paypal", "P1", "012: card expired"))
    shown = page(outbox.token())[1]
    assert "PayPal refused the payment (012: card expired)." in shown
    assert "<script" in shown
    later(16 * 60)
    shown = page(outbox.token())[1]
    assert "has expired" in shown
    assert "<script" not in shown
    later(40 * 86400)
    assert page(outbox.token())[0] == 404


@pytest.mark.parametrize("token", ["nope", "x" * 9000, "\ud800", "..%2F", "#", "LINK#1", "\x00"])
def test_a_token_that_never_was_has_no_page(application: Application, token: str) -> None:
    status, shown = page(token)
    assert status == 404
    assert "Page not found" in shown


def test_a_link_that_ended_before_its_order_has_failed(
    ring_up: Callable[..., Sale],
    outbox: Outbox,
    application: Application,
    later: Callable[[float], None],
) -> None:
    shop = application.shops.get("demo")
    assert shop
    application.shops.put(replace(shop, terms={"brandcloud": Terms(payment_timeout=3600)}))
    sale = ring_up("PayPal")
    send(sale)
    later(16 * 60)
    answer = result(outbox.token())
    has_shape(answer.body, FAIL)
    assert answer.body["fail"] == {
        "refused_by": "Server",
        "code": "link_expired",
        "description": "link expired",
    }
    assert sale.detail()["order_status"] == "Open"


def test_a_result_names_the_company_that_asked_for_the_money(
    agent: Person,
    application: Application,
    marketplace: Client,
    notified: dict[str, Any],
    outbox: Outbox,
) -> None:
    # Another API's order, which no company sold: the one whose salesperson sent the link.
    sale = Sale(agent, notified["number"], application)
    sale.change(
        lambda change: commands.change_details(
            change, replace(change.order.details, payment_method="paypal")
        )
    )
    nothing(send(sale))
    sale.change(lambda change: commands.capture_payment(change, payment_of(sale, "PP1")))
    told = result(outbox.token()).body
    has_shape(told, SUCCESS)
    assert told["order"]["retailer"] == "Company A"


def test_a_link_to_an_order_that_timed_out_was_refused_by_the_server(
    paypal: Sale, outbox: Outbox, later: Callable[[float], None]
) -> None:
    send(paypal)
    later(16 * 60)
    answer = result(outbox.token())
    has_shape(answer.body, FAIL)
    assert answer.body["fail"]["refused_by"] == "Server"


def test_a_result_is_kept_for_a_while(
    paypal: Sale, outbox: Outbox, later: Callable[[float], None]
) -> None:
    send(paypal)
    token = outbox.token()
    for unknown in ("nope", "x" * 999, token[:-1], token + "x"):
        assert failed(result(unknown)) == "result not exist"
    later(40 * DAY)
    assert failed(result(token)) == "log expired"


def test_paypal_link_errors(
    ring_up: Callable[..., Sale], outbox: Outbox, later: Callable[[float], None]
) -> None:
    sale = ring_up("PayPal")
    for email in ("nobody", "a b@c.example", "a@b@c", "x" * 300 + "@example.com", 17):
        assert failed(send(sale, email=email)) == "invalid email"
    for method in ("cash", "credit_card", "cash_consumer_app", "credit_card_consumer_app"):
        assert failed(send(ring_up(method))) == "invalid payment"
    for error_name, refused in refused_states(ring_up, later, "PayPal"):
        assert failed(send(refused)) == error_name
    assert not outbox.mails


@pytest.mark.parametrize("who", ["homeless", "orphan", "outsider"])
def test_who_sells_for_no_company_finds_no_order_to_mail_about(
    people: dict[str, Person], paypal: Sale, who: str
) -> None:
    body = {"order_number": paypal.number, "email": "a@gmail.com"}
    assert failed(people[who].ask("send_paypal_link", **body)) == "order not exist"


# -- Partial Order Detail ------------------------------------------------------------------------


def test_the_partial_detail_shows_prices_and_pictures(agent: Person, consumer: Person) -> None:
    made = agent.ask("create_order", cart_id="C00001", type="credit_card_consumer_app").body
    answer = consumer.look("get_partial_order", order_number=made["order_number"])
    assert answer.status == 200
    has_shape(answer.body, PARTIAL)
    body = answer.body
    # The document's own figures.
    assert (body["subtotal"], body["total_discount"], body["total"]) == (25300, 886, 24414)
    assert body["payment_method"] == "credit_card_consumer_app"
    assert body["retailer"] == {
        "id": 1,
        "name": "Company A",
        "cover_img": {"resource": COVER},
        "address": {
            "street": "333 West San Carlos Street Suite 1500",
            "city": "San Jose",
            "state": "CA",
            "postal_code": "95110",
            "country": "United States",
        },
    }
    product = body["products"][0]
    assert product["variant"] == {
        "id": 2,
        "name": "Variant Test",
        "cover_img": {"resource": dict.fromkeys(COVER, "https://images.example/item.png")},
    }
    prices = product["price"], product["discount_price"], product["selling_price"]
    assert prices == (25300, 886, 24414)


def test_discounts_are_what_is_taken_off(agent: Person, consumer: Person) -> None:
    made = agent.ask("create_order", cart_id="C00002", type="PayPal").body
    body = consumer.look("get_partial_order", order_number=made["order_number"]).body
    first, second = body["products"]
    assert first["price"] == 1358.85
    assert first["discount_price"] == 289.38
    assert first["selling_price"] == 1069.47
    assert (second["price"], second["discount_price"], second["selling_price"]) == (0.1, 0, 0.1)
    assert (body["subtotal"], body["total_discount"], body["total"]) == (1359.05, 289.38, 1069.67)


URLS = {size: f"https://images.example/item_{size}.png" for size in COVER}


@pytest.mark.parametrize(
    ("pictures", "shown"),
    [
        (URLS, URLS),
        # A size that is missing is the product's own picture, or else the largest size there is.
        (
            {"px240": URLS["px240"]},
            {**dict.fromkeys(URLS, "https://images.example/item.png"), "px240": URLS["px240"]},
        ),
        ({}, dict.fromkeys(URLS, "https://images.example/item.png")),
    ],
    ids=["all", "one", "none"],
)
def test_an_items_picture_is_shown_in_four_sizes(
    agent: Person,
    consumer: Person,
    application: Application,
    pictures: dict[str, str],
    shown: dict[str, str],
) -> None:
    product = application.desk.catalog.product("demo", "1")
    assert product
    covers = {f"cover_{size}": url for size, url in pictures.items()}
    pictured = replace(product, attributes={**product.attributes, **covers})
    application.desk.catalog.put_product("demo", pictured)
    made = agent.ask("create_order", cart_id="C00001", type="PayPal").body
    body = consumer.look("get_partial_order", order_number=made["order_number"]).body
    assert body["products"][0]["variant"]["cover_img"] == {"resource": shown}


def test_names_and_numbers_of_items_are_text_however_the_product_has_them(
    agent: Person, application: Application
) -> None:
    product = application.desk.catalog.product("demo", "1")
    assert product
    stated = replace(
        product,
        attributes={
            "item_number": 4711,
            "item_name": 501,
            "company_id": "JP1",
            "company_name": 1969,
        },
    )
    application.desk.catalog.put_product("demo", stated)
    made = agent.ask("create_order", cart_id="C00001", type="cash").body
    detail = agent.ask("get_order", order_number=made["order_number"]).body
    (shown,) = detail["products"]
    assert shown["item"] == {"id": 1, "number": "4711", "name": "501"}
    assert shown["company"] == {"id": "JP1", "name": "1969"}


@pytest.mark.parametrize(
    ("set_sizes", "shown_sizes"),
    [
        ("px240 px480 px720 px1080", "px240 px480 px720 px1080"),
        ("px480", "px480 px480 px480 px480"),
        ("px240 px720", "px240 px720 px720 px720"),
    ],
)
def test_a_retailers_picture_is_shown_in_four_sizes(
    sale: Sale, consumer: Person, set_sizes: str, shown_sizes: str
) -> None:
    people = sale.application.people
    company = people.company("demo", 1)
    assert company
    covers = {size: COVER[size] for size in set_sizes.split()}
    people.put_company(replace(company, cover_images=covers))
    body = consumer.look("get_partial_order", order_number=sale.number).body
    shown = [COVER[size] for size in shown_sizes.split()]
    assert body["retailer"]["cover_img"] == {"resource": dict(zip(COVER, shown, strict=True))}


def test_a_missing_picture_is_an_empty_resource(
    agent: Person, consumer: Person, application: Application
) -> None:
    company = application.people.company("demo", 1)
    product = application.desk.catalog.product("demo", "1")
    assert company
    assert product
    application.people.put_company(replace(company, cover_images={}, address=None))
    application.desk.catalog.put_product("demo", replace(product, image_url=""))
    made = agent.ask("create_order", cart_id="C00001", type="PayPal").body
    body = consumer.look("get_partial_order", order_number=made["order_number"]).body
    assert body["retailer"]["cover_img"] == {"resource": {}}
    assert body["products"][0]["variant"]["cover_img"] == {"resource": {}}
    assert set(body["retailer"]["address"].values()) == {""}


def test_partial_detail_errors(
    people: dict[str, Person], ring_up: Callable[..., Sale], later: Callable[[float], None]
) -> None:
    consumer, other = people["consumer"], people["other_consumer"]

    def look(who: Person, sale: Sale) -> Answer:
        return who.look("get_partial_order", order_number=sale.number)

    bound, paid, cancelled, timed_out = (ring_up() for _ in range(4))
    assert look(other, bound).status == 200  # nobody's yet
    consumer.ask("confirm_purchase", order_number=bound.number)
    assert look(consumer, bound).status == 200
    assert failed(look(other, bound)) == "order_not_bound_same_user"
    paid.pay()
    assert failed(look(consumer, paid)) == "order_is_finished"
    cancelled.cancel()
    assert failed(look(consumer, cancelled)) == "order_is_aborted"
    unknown = consumer.look("get_partial_order", order_number="nope")
    assert failed(unknown) == "order_not_exist"
    for who in ("ghost", "nobody"):
        assert failed(look(people[who], bound)) == "not_sign_in"
    later(15 * 60 + 1)
    assert failed(look(consumer, timed_out)) == "order_is_timeout"


# -- Confirm Purchase ----------------------------------------------------------------------------


def test_confirming_binds_the_order_and_tells_who_one_is(sale: Sale, consumer: Person) -> None:
    example = json.loads(payload("brandcloud/confirm_purchase")["body"])
    body = {**example, "api_key": consumer.key, "order_number": sale.number}
    for _ in range(2):
        answer = consumer.call("confirm_purchase", body=body)
        assert answer.status == 200
        has_shape(answer.body, PERSON)
        assert answer.body == {
            "profile": {
                "given_name": "CC",
                "family_name": "Lee",
                "title": 1,
                "phone": "0912345678",
            },
            "default_address": {
                "street": "ABC st.",
                "city": "Taichung",
                "state": "Taiwan",
                "code": "30123",
                "country": "R.O.C.",
            },
        }
    assert sale.order.details.customer
    assert sale.order.details.customer.id == "5"


def test_confirm_errors(people: dict[str, Person], sale: Sale) -> None:
    number = sale.number
    assert failed(people["ghost"].ask("confirm_purchase", order_number=number)) == "not_sign_in"
    answer = people["consumer"].ask("confirm_purchase", order_number="nope")
    assert failed(answer) == "order_not_exist"
    people["consumer"].ask("confirm_purchase", order_number=number)
    answer = people["other_consumer"].ask("confirm_purchase", order_number=number)
    assert failed(answer) == "order_not_bound_same_user"


def test_who_has_no_default_address_gets_an_empty_one(
    people: dict[str, Person], sale: Sale
) -> None:
    answer = people["other_consumer"].ask("confirm_purchase", order_number=sale.number)
    has_shape(answer.body, PERSON)
    assert set(answer.body["default_address"].values()) == {""}


# -- Edit Order ----------------------------------------------------------------------------------

ADDRESS_EXAMPLE = json.loads(payload("brandcloud/edit_order")["body"])["billing_address"]


def test_the_billing_address_is_replaced(sale: Sale, consumer: Person) -> None:
    consumer.ask("confirm_purchase", order_number=sale.number)
    for _ in range(2):
        answer = consumer.ask(
            "edit_order", order_number=sale.number, billing_address=ADDRESS_EXAMPLE
        )
        nothing(answer)
    assert sale.detail()["billing_address"] == {
        "title": 0,
        "given_name": "Lee",
        "family_name": "CC",
        "phone": "0912345678",
        "email": None,
        "street": "ABC st., ABC st.",
        "city": "Taichung",
        "state": "Taiwan",
        "code": "30123",
        "country": "R.O.C.",
    }
    # Whom the invoice is for is no change of the order's status.
    assert len(sale.detail()["histories"]) == 1


@pytest.mark.parametrize(
    ("change", "validation"),
    [
        (
            {"given_name": "", "family_name": " ", "title": "Mr"},
            {"given_name": ["required"], "family_name": ["required"], "title": ["invalid"]},
        ),
        ({"given_name": None}, {"given_name": ["required"]}),
        ({"title": None}, {"title": ["required"]}),
        ({"title": ""}, {"title": ["required"]}),
        ({"title": 2}, {"title": ["invalid"]}),
        ({"title": True}, {"title": ["invalid"]}),
        ({"title": 0.5}, {"title": ["invalid"]}),
        ({"phone": ["1"]}, {"phone": ["invalid"]}),
        ({"city": "x" * 300}, {"city": ["invalid"]}),
    ],
)
def test_a_form_that_does_not_pass_is_explained_input_by_input(
    sale: Sale, consumer: Person, change: dict[str, object], validation: dict[str, list[str]]
) -> None:
    answer = consumer.ask(
        "edit_order", order_number=sale.number, billing_address={**ADDRESS_EXAMPLE, **change}
    )
    assert failed(answer) == "illegal_form_input"
    assert answer.body == {"error_name": "illegal_form_input", "validation": validation}


def test_a_form_beyond_all_bounds_is_no_matter_of_the_api_key(sale: Sale, consumer: Person) -> None:
    endless = {**ADDRESS_EXAMPLE, "given_name": "x" * 100_000}
    answer = consumer.ask("edit_order", order_number=sale.number, billing_address=endless)
    assert failed(answer) == "illegal_form_input"


@pytest.mark.parametrize("body", [{}, {"billing_address": None}, {"billing_address": {}}])
def test_without_an_address_all_that_is_required_is_missing(
    sale: Sale, consumer: Person, body: dict[str, object]
) -> None:
    answer = consumer.ask("edit_order", order_number=sale.number, **body)
    assert answer.body["validation"] == {
        "given_name": ["required"],
        "family_name": ["required"],
        "title": ["required"],
    }


def test_what_is_no_form_at_all_is_illegal(sale: Sale, consumer: Person) -> None:
    for address in ("ABC st.", ["ABC st."], 17):
        answer = consumer.ask("edit_order", order_number=sale.number, billing_address=address)
        assert answer.body["validation"] == {"billing_address": ["invalid"]}


def test_edit_errors(
    people: dict[str, Person], ring_up: Callable[..., Sale], later: Callable[[float], None]
) -> None:
    def edit(who: str, number: object) -> Answer:
        return people[who].ask("edit_order", order_number=number, billing_address=ADDRESS_EXAMPLE)

    bound, cancelled, paid, timed_out = (ring_up() for _ in range(4))
    assert failed(edit("ghost", bound.number)) == "not_sign_in"
    assert failed(edit("consumer", "nope")) == "order_not_exist"
    assert failed(edit("consumer", "")) == "order_not_exist"
    assert failed(edit("consumer", None)) == "order_not_exist"
    people["consumer"].ask("confirm_purchase", order_number=bound.number)
    assert failed(edit("other_consumer", bound.number)) == "order_not_bound_same_user"
    cancelled.cancel()
    assert failed(edit("consumer", cancelled.number)) == "order_is_aborted"
    paid.pay()
    nothing(edit("consumer", paid.number))
    later(15 * 60 + 1)
    assert failed(edit("consumer", timed_out.number)) == "order_is_timeout"


# -- the invoice ---------------------------------------------------------------------------------


def test_the_invoice_that_the_detail_points_to_is_a_pdf_for_its_own_people(
    people: dict[str, Person], sale: Sale
) -> None:
    people["consumer"].ask("confirm_purchase", order_number=sale.number)
    nothing(sale.pay())
    url = sale.detail()["invoices"][0]["download"]
    route = re.fullmatch(r"https://api\.example\.com/order/(\w+)/invoice/(\w+)/download", url)
    assert route
    path = {"order_number": route[1], "invoice_number": route[2]}
    for who in ("agent", "colleague", "consumer"):
        answer = people[who].look("download_invoice", **path)
        assert answer.status == 200
        assert answer.headers["content-type"] == "application/pdf"
        assert answer.body.startswith(b"%PDF-")
    for who, error_name in (
        ("rival", "order not exist"),
        ("trainee", "order not exist"),
        ("other_consumer", "not select company yet"),
        ("ghost", "does not signin"),
        ("outsider", "not company member"),
    ):
        assert failed(people[who].look("download_invoice", **path)) == error_name
    unknown = people["agent"].look("download_invoice", **{**path, "invoice_number": "nope"})
    assert failed(unknown) == "invoice not exist"
    unknown = people["agent"].look("download_invoice", **{**path, "order_number": "nope"})
    assert failed(unknown) == "order not exist"


# -- what nobody foresaw -------------------------------------------------------------------------


def test_an_unforeseen_error_is_an_opaque_500(
    agent: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError("secret detail")

    monkeypatch.setattr(type(bootstrap.application().desk.orders), "commit", broken)
    answer = agent.ask("create_order", cart_id="C00001", type="cash")
    assert (answer.status, answer.body) == (500, {"error_name": "internal error"})


def test_an_order_without_lines_can_not_be_paid_yet(agent: Person, marketplace: Client) -> None:
    body = json.loads(payload("marketplace/create_order")["body"])
    number = marketplace.call("create_order", body=body).body["number"]
    answer = agent.ask("pay_order", order_number=number, transaction_id="T")
    assert failed(answer) == "confirming"
