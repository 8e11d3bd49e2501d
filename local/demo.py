"""``make run``'s last step: a demo shop, and real orders walked through every wire that exists.

Orders go over HTTP, as an outside system would send them. Running it again keeps everything that
is there, places new orders and looks the earlier ones up.
"""

from __future__ import annotations

import json
import os
import random
import signal
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from http import HTTPStatus
from pathlib import Path
from typing import Any, Final
from uuid import uuid4

import httpx
from rich.console import Console
from rich.table import Table

from local import logs, mail, project, stack_file
from local.cloud import LocalCloud
from local.console import Progress
from local.errors import LocalError
from orderhub.bootstrap import Application
from orderhub.domain.details import Address
from orderhub.domain.money import UnitPrice
from orderhub.domain.order import Order
from orderhub.domain.shop import CartLine, Price, Product, Variant
from orderhub.services import manage_people, manage_shops
from orderhub.services.find_order import find_order
from orderhub.services.replay_order import replay_order
from orderhub.settings import Settings

SHOP: Final = "demo"
HASTY_SHOP: Final = "demo-hasty"
"""A shop whose unpaid marketplace orders expire after a second, so that nobody has to wait."""

CARTS: Final = 24
_EXPIRY_PATIENCE: Final = 30.0

_PRODUCTS: Final = (
    ("3531", "梵·SCP200", "12177", "SPC00001", "64.00", "58.00"),
    ("3532", "Desk lamp, brass", "12180", "LMP00001", "299.00", None),
    ("3533", "Teapot 0.8 l", "12181", "TEA00001", "129.50", "99.50"),
    ("3534", "Cotton scarf", "12182", "SCF00001", "45.90", None),
    ("3535", "Notebook, dotted", "12183", "NTB00001", "12.05", None),
)


@dataclass
class Walk:
    """One order's way through an API, for the table at the end."""

    api: str
    what: str
    order: Order
    state: str
    """In the API's own words, as are ``payment`` and the rest of what the caller sees."""
    payment: str
    events: tuple[str, ...]


@dataclass
class Demo:
    """What the demo needs to know of the running stack."""

    cloud: LocalCloud
    stack: Mapping[str, Any]
    application: Application
    tokens: dict[str, str] = field(default_factory=dict)
    """Marketplace tokens by shop."""
    api_keys: dict[str, str] = field(default_factory=dict)
    """BrandCloud api keys: the salesperson's by shop, and the demo shop's ``consumer``'s."""
    cart_ids: list[str] = field(default_factory=list)
    """Carts that became no order yet."""

    @property
    def api_url(self) -> str:
        url: str = self.stack["api_url"]
        return url


def main() -> None:
    """Make the demo shop if it isn't there, walk orders, print what happened."""
    # A pipe has no width; a table squeezed into 80 columns can't be read.
    console = Console(highlight=False, width=None if sys.stdout.isatty() else 170)
    try:
        _run(console)
    except LocalError as error:
        Console(stderr=True, highlight=False).print(f"[red]{error}[/]", soft_wrap=True)
        sys.exit(1)
    except KeyboardInterrupt:
        sys.exit(130)


def _run(console: Console) -> None:
    progress = Progress()
    home = project.HOME
    cloud = LocalCloud(home)
    stack = stack_file.read(home)
    started = datetime.now(UTC)
    with _aws_environment(cloud):
        application = Application(
            Settings(
                table_name=stack["table_name"],
                event_bus_name=stack["event_bus_name"],
                due_shards=4,
            )
        )
        demo = Demo(cloud, stack, application)
        with progress.step("Making the demo shop"):
            _make_shops(demo)
            earlier = _earlier_orders(demo)
            _write_contract(demo, home)
        with progress.step("Walking orders through the marketplace API"):
            walks = list(_walk_marketplace(demo))
        with progress.step("Walking orders through the BrandCloud API"):
            walks += _walk_brandcloud(demo)
        _remember(home, [walk.order.id for walk in walks if walk.order.shop_id == SHOP])
    trouble = _trouble_since(cloud, stack["stack_name"], started)
    _print(console, demo, walks, earlier, trouble)
    if trouble:
        raise LocalError(
            f"{len(trouble)} errors in the functions' logs.", hint="`make logs ARGS=--errors`"
        )


@contextmanager
def _aws_environment(cloud: LocalCloud) -> Iterator[None]:
    """The operator's credentials, where boto3 looks for them."""
    given = cloud.credentials
    before = {name: os.environ.get(name) for name in given}
    os.environ.update(given)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


# -- the shop ------------------------------------------------------------------------------------


def _make_shops(demo: Demo) -> None:
    shops, desk = demo.application.shops, demo.application.desk
    known = demo.stack.get("demo_tokens", {})
    for shop_id, name in ((SHOP, "Demo shop"), (HASTY_SHOP, "Demo shop in a hurry")):
        manage_shops.create_shop(
            shops,
            desk.clock,
            shop_id=shop_id,
            name=name,
            currency="CNY",
            timezone="Asia/Shanghai",
        )
        manage_shops.put_products(
            shops, desk.catalog, shop_id, [_product(*row) for row in _PRODUCTS]
        )
        demo.tokens[shop_id] = known.get(shop_id) or _issue(demo, shop_id)
        _make_counter(demo, shop_id)
    for wire in ("marketplace", "brandcloud"):
        manage_shops.change_windows(
            shops, HASTY_SHOP, wire, lambda terms: replace(terms, payment_timeout=1)
        )
    number = 0
    while len(demo.cart_ids) < CARTS:
        number += 1
        cart_id = f"C{number:05d}"
        if desk.orders.named(SHOP, "cart", cart_id):
            continue  # somebody ordered it
        if desk.catalog.cart(SHOP, cart_id) is None:
            _put_cart(demo, SHOP, cart_id)
        demo.cart_ids.append(cart_id)


def _put_cart(demo: Demo, shop_id: str, cart_id: str) -> None:
    desk = demo.application.desk
    first, second = random.sample(_PRODUCTS, 2)
    manage_shops.put_cart(
        demo.application.shops,
        desk.catalog,
        desk.clock,
        shop_id,
        cart_id=cart_id,
        lines=[CartLine(first[0], first[2], 1), CartLine(second[0], second[2], 2)],
    )


def _make_counter(demo: Demo, shop_id: str) -> None:
    """A company with a salesperson, and a consumer, each with an api_key."""
    shops, people = demo.application.shops, demo.application.people
    manage_people.put_company(
        shops,
        people,
        shop_id,
        company_id=1,
        code="AAAA",
        name="Company A",
        address=Address(
            line1="333 West San Carlos Street Suite 1500",
            city="San Jose",
            province="CA",
            postal_code="95110",
            country="United States",
        ),
    )
    for user_id, given, family in ((_SELLER, "QQ", "Wang"), (_CONSUMER, "CC", "Lee")):
        user = manage_people.put_user(
            shops,
            people,
            shop_id,
            user_id=user_id,
            given_name=given,
            family_name=family,
            email=f"{given.lower()}@example.com",
            title=1,
            phone="0912345678",
            default_address=Address(
                line1="ABC st.", city="Taichung", postal_code="30123", country="R.O.C."
            ),
        )
        name = shop_id if user_id == _SELLER else f"{shop_id} consumer"
        known = demo.stack.get("demo_api_keys", {})
        demo.api_keys[name] = (
            known.get(name)
            or manage_shops.issue_credential(
                shops,
                demo.application.desk.clock,
                shop_id,
                wire="brandcloud",
                label=user.full_name,
                user=user,
            ).token
        )
    manage_people.add_member(shops, people, shop_id, company_id=1, user_id=_SELLER)
    manage_people.select_company(shops, people, shop_id, company_id=1, user_id=_SELLER)


def _issue(demo: Demo, shop_id: str) -> str:
    return manage_shops.issue_credential(
        demo.application.shops,
        demo.application.desk.clock,
        shop_id,
        wire="marketplace",
        label="Demo marketplace",
    ).token


def _product(
    product_id: str, name: str, variant_id: str, sku: str, price: str, discount: str | None
) -> Product:
    return Product(
        id=product_id,
        name=name,
        number=f"{product_id}PD",
        variants=(
            Variant(
                id=variant_id,
                name="Standard",
                sku=sku,
                prices={
                    "CNY": Price(
                        price=UnitPrice.of(price, "CNY"),
                        discount_price=UnitPrice.of(discount, "CNY") if discount else None,
                    )
                },
            ),
        ),
    )


def _write_contract(demo: Demo, home: Path) -> None:
    """The keys of ``.local/stack.json`` that outside programs rely on."""
    stack_file.update(
        home,
        shop_id=SHOP,
        credentials={
            "marketplace": {"token": demo.tokens[SHOP]},
            "brandcloud": {
                "api_key": demo.api_keys[SHOP],
                "consumer_api_key": demo.api_keys[f"{SHOP} consumer"],
            },
        },
        webhook_secrets={},
        samples={
            "products": [
                {"product_id": row[0], "variant_id": row[2], "price": row[4], "currency": "CNY"}
                for row in _PRODUCTS
            ],
            "cart_ids": demo.cart_ids,
        },
        demo_tokens=demo.tokens,
        demo_api_keys=demo.api_keys,
    )


def _remember(home: Path, order_ids: list[int]) -> None:
    known = stack_file.read(home).get("demo_order_ids", [])
    stack_file.update(home, demo_order_ids=[*known, *order_ids][-200:])


def _earlier_orders(demo: Demo) -> list[Order]:
    """The orders of earlier runs that the table still has: a cloud that was killed, rather than
    stopped, forgets what came since it was started."""
    known = (
        demo.application.desk.orders.get(SHOP, order_id)
        for order_id in demo.stack.get("demo_order_ids", [])
    )
    return [order for order in known if order is not None]


# -- the marketplace API -------------------------------------------------------------------------

_COMPLETED: Final = "paid in two parts, completed"
_REDELIVERED: Final = "every notification sent twice"
_OVERPAID: Final = "paid more than it costs: kept, flagged"
_FORM: Final = "sent as a form, address corrected, unpaid"
_EXPIRED: Final = f"never paid, expired by the state machine (shop {HASTY_SHOP})"


def _walk_marketplace(demo: Demo) -> Iterator[Walk]:
    run = f"{datetime.now(UTC):%Y%m%d%H%M%S}"
    with _marketplace(demo, SHOP) as api:
        order = _send(api, "POST", "/orders", json=_notification(f"TB{run}01"))
        path = f"/orders/{order['id']}"
        _send(api, "POST", f"{path}/line_items", json=_line(0, 2))
        order = _send(api, "POST", f"{path}/line_items", json=_line(2, 1))
        _send(api, "POST", f"{path}/pay", json=_payment(f"T{run}01a", "100.00"))
        rest = _send(api, "GET", path)["outstanding_balance"]
        _send(api, "POST", f"{path}/pay", json=_payment(f"T{run}01b", rest))
        yield _walked(demo, SHOP, _COMPLETED, _send(api, "POST", f"{path}/complete"))

        for _ in range(2):
            order = _send(api, "POST", "/orders", json=_notification(f"TB{run}02"))
        by_number = f"/orders/TB{run}02"
        for _ in range(2):
            order = _send(api, "POST", f"{by_number}/line_items", json=_line(1, 1))
        for _ in range(2):
            order = _send(api, "POST", f"{by_number}/pay", json=_payment(f"T{run}02", "299.00"))
        yield _walked(demo, SHOP, _REDELIVERED, order)

        order = _send(api, "POST", "/orders", json=_notification(f"TB{run}03", kind="tencent"))
        path = f"/orders/{order['number']}"
        _send(api, "POST", f"{path}/line_items", json=_line(3, 1))
        order = _send(api, "POST", f"{path}/pay", json=_payment(f"T{run}03", "50.00"))
        yield _walked(demo, SHOP, _OVERPAID, order)

        form = _notification(f"TB{run}04")
        order = _send(api, "POST", "/orders", data=form)
        path = f"/orders/{order['id']}"
        _send(api, "POST", f"{path}/line_items", data=_line(4, 3))
        order = _send(api, "PUT", path, data={**form, "address_phone": "13900000099"})
        yield _walked(demo, SHOP, _FORM, order)

    with _marketplace(demo, HASTY_SHOP) as api:
        order = _send(api, "POST", "/orders", json=_notification(f"TB{run}05"))
        _send(api, "POST", f"/orders/{order['id']}/line_items", json=_line(0, 1))
        time.sleep(1.1)
        _expire(demo, order["id"])
        yield _walked(demo, HASTY_SHOP, _EXPIRED, _send(api, "GET", f"/orders/{order['id']}"))


def _marketplace(demo: Demo, shop_id: str) -> httpx.Client:
    return httpx.Client(
        base_url=demo.api_url,
        headers={"Authorization": f"Bearer {demo.tokens[shop_id]}"},
        timeout=30,
    )


def _send(api: httpx.Client, method: str, path: str, **content: Any) -> dict[str, Any]:
    answer = api.request(method, path, **content)
    if answer.status_code >= 300:
        raise LocalError(f"{method} {path} was answered {answer.status_code}: {answer.text}")
    body: dict[str, Any] = answer.json()
    return body


def _notification(number: str, kind: str = "taobao") -> dict[str, Any]:
    return {
        "kind": kind,
        "merchant_order_no": number,
        "sender_name": "李雷",
        "sender_email": "lilei@example.com",
        "ship_method_id": 2,
        "address_fullname": "韩梅梅",
        "address_phone": "13900000002",
        "address_province_id": 440000,
        "address_city_id": 440300,
        "address_area_id": 440305,
        "address_post_code": "518057",
        "address_address": "科技园新西路7号",
    }


def _line(index: int, quantity: int) -> dict[str, Any]:
    row = _PRODUCTS[index]
    return {"product_id": row[0], "price": row[4], "quantity": quantity}


def _payment(trade_no: str, amount: str) -> dict[str, str]:
    return {"merchant_trade_no": trade_no, "payment": amount, "subject_text": "OrderHub demo"}


def _expire(demo: Demo, order_id: int) -> None:
    """Start the machine that the schedule starts every minute; wait until it wrote the expiry."""
    demo.cloud.client("stepfunctions").start_execution(
        stateMachineArn=demo.stack["state_machines"]["payment_timeout"]
    )
    deadline = time.monotonic() + _EXPIRY_PATIENCE
    while "order.expired" not in _proved(demo, HASTY_SHOP, order_id)[1]:
        if time.monotonic() > deadline:
            raise LocalError("The payment_timeout state machine expired nothing.")
        time.sleep(0.2)


def _proved(demo: Demo, shop_id: str, order_id: int) -> tuple[Order, tuple[str, ...]]:
    """An order and the types of its events, after replaying these."""
    proof = replay_order(demo.application.desk, shop_id, order_id)
    if not proof.agrees:
        raise LocalError(f"The events of order {order_id} don't replay to its snapshot.")
    return proof.snapshot, tuple(entry.event.TYPE for entry in proof.events)


def _walked(demo: Demo, shop_id: str, what: str, order: dict[str, Any]) -> Walk:
    stored, events = _proved(demo, shop_id, order["id"])
    return Walk("marketplace", what, stored, order["state"], order["payment_state"], events)


# -- the BrandCloud API --------------------------------------------------------------------------

_SELLER: Final = 1
_CONSUMER: Final = 2
_MAIL_SENDER: Final = "orders@example.com"


def _walk_brandcloud(demo: Demo) -> Iterator[Walk]:
    mail.allow_sender(demo.cloud, _MAIL_SENDER)
    with httpx.Client(base_url=demo.api_url, timeout=30) as api:
        seller = _Till(demo, api, SHOP)
        number = seller.ring_up("cash_consumer_app")
        consumer = {"api_key": demo.api_keys[f"{SHOP} consumer"], "order_number": number}
        _send(api, "POST", "/order/confirmpurchase", json=consumer)
        seller.ask("payment", number, transaction_id=f"UX{uuid4().hex[:12].upper()}")
        (invoice,) = seller.ask("detail", number)["invoices"]
        document = api.get(invoice["download"], headers={"Authorization": seller.api_key})
        if document.status_code != HTTPStatus.OK or not document.content.startswith(b"%PDF"):
            raise LocalError(f"The invoice {invoice['number']} can't be downloaded.")
        seller.ask("refund", number, transaction_id="")
        size = f"{len(document.content) // 1024} KB PDF"
        yield seller.walked(number, f"rung up with a QR code, paid, invoiced ({size}), refunded")

        number = seller.ring_up("PayPal")
        email = f"{uuid4().hex[:8]}@example.com"
        seller.ask("paypal/send", number, email=email)
        (message,) = mail.messages(demo.cloud, email)
        token = message.text.split("/transaction/")[1].split("/")[0]
        result = _send(api, "GET", f"/transaction/{token}/result")
        yield seller.walked(number, f"payment link mailed; its result: {result['status']}")

        hasty = _Till(demo, api, HASTY_SHOP)
        number = hasty.ring_up("credit_card")
        time.sleep(1.1)
        _expire(demo, _find(demo, HASTY_SHOP, number).id)
        yield hasty.walked(number, f"timed out (shop {HASTY_SHOP})")


@dataclass
class _Till:
    """A salesperson's device."""

    demo: Demo
    api: httpx.Client
    shop_id: str

    @property
    def api_key(self) -> str:
        return self.demo.api_keys[self.shop_id]

    def ring_up(self, method: str) -> str:
        """Order a cart of its own; return the order's number."""
        cart_id = f"D{uuid4().hex[:10]}"
        _put_cart(self.demo, self.shop_id, cart_id)
        body = {"api_key": self.api_key, "cart_id": cart_id, "type": method}
        made = _send(self.api, "POST", "/user/company/order/create", json=body)
        number: str = made["order_number"]
        return number

    def ask(self, operation: str, number: str, **fields: str) -> dict[str, Any]:
        body = {"api_key": self.api_key, "order_number": number, **fields}
        return _send(self.api, "POST", f"/user/company/order/{operation}", json=body)

    def walked(self, number: str, what: str) -> Walk:
        seen = self.ask("detail", number)
        stored, events = _proved(self.demo, self.shop_id, _find(self.demo, self.shop_id, number).id)
        return Walk(
            "brandcloud", what, stored, seen["order_status"], seen["payment_status"], events
        )


def _find(demo: Demo, shop_id: str, number: str) -> Order:
    return find_order(demo.application.desk, shop_id, number)


# -- what happened -------------------------------------------------------------------------------


def _trouble_since(cloud: LocalCloud, stack_name: str, since: datetime) -> list[str]:
    wanted = logs.Filter(trouble_only=True)
    return [
        line.message
        for line in logs.lines(cloud, stack_name, since=since, follow=False)
        if wanted.admits(line)
    ]


def _print(
    console: Console,
    demo: Demo,
    walks: list[Walk],
    earlier: list[Order],
    trouble: list[str],
) -> None:
    table = Table(title="Orders placed over HTTP, just now", title_justify="left")
    for heading in ("API", "Order", "What was done", "State", "Payment", "Total", "Paid", "Events"):
        table.add_column(
            heading,
            justify="right" if heading in ("Total", "Paid") else "left",
            no_wrap=heading not in ("What was done", "Events"),
        )
    for walk in walks:
        order = walk.order
        table.add_row(
            walk.api,
            order.number,
            walk.what,
            walk.state,
            walk.payment,
            f"{order.total.decimal_text} {order.currency}",
            order.captured.decimal_text + (" !" if order.excess else ""),
            ", ".join(name.removeprefix("order.") for name in walk.events),
        )
    console.print()
    console.print(table)
    console.print(
        f"Events replay to every order's snapshot. Earlier orders found: {len(earlier)}"
        f" of {len(demo.stack.get('demo_order_ids', []))}. "
        f"Errors in the functions' logs: {len(trouble)}."
    )
    apis = Table(title="Base URLs", title_justify="left", show_header=False)
    apis.add_row("marketplace", demo.api_url)
    apis.add_row("brandcloud", demo.api_url)
    console.print()
    console.print(apis)
    console.print("\nTry it:\n")
    for command in _curl_lines(demo, walks[0].order):
        console.print(command, soft_wrap=True, markup=False)
    console.print(
        "\nThe addresses and credentials stand in .local/stack.json."
        " `make logs` shows what the functions say, `make stop` stops it all.",
        soft_wrap=True,
    )


def _curl_lines(demo: Demo, order: Order) -> list[str]:
    bearer = f"-H 'Authorization: Bearer {demo.tokens[SHOP]}'"
    fields = " ".join(
        f"-d {name}={value}"
        for name, value in (
            ("kind", "taobao"),
            ("merchant_order_no", f"CURL{int(time.time())}"),
            ("address_fullname", "Mei"),
            ("address_phone", "139"),
            ("address_province_id", 440000),
            ("address_city_id", 440300),
            ("address_post_code", 518057),
            ("address_address", "Road-7"),
        )
    )
    as_json = "-H 'Content-Type: application/json'"
    cart = json.dumps(
        {"api_key": demo.api_keys[SHOP], "cart_id": demo.cart_ids[0], "type": "PayPal"}
    )
    return [
        f"curl {bearer} {demo.api_url}/orders/{order.number}",
        f"curl {bearer} {fields} {demo.api_url}/orders",
        f"curl {as_json} -d '{cart}' {demo.api_url}/user/company/order/create",
        f"./orderhub order show {SHOP} {order.number}",
    ]


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    main()
