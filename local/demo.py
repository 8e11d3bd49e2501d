"""``make run``'s last step: a demo shop, and real orders walked through every wire that exists.

Orders go over HTTP, as an outside system would send them. Running it again keeps everything that
is there, places new orders and looks the earlier ones up.
"""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import httpx
from rich.console import Console
from rich.table import Table

from local import logs, project, stack_file
from local.cloud import LocalCloud
from local.console import Progress
from local.errors import LocalError
from orderhub.bootstrap import Application
from orderhub.domain.money import UnitPrice
from orderhub.domain.order import Order
from orderhub.domain.shop import CartLine, Price, Product, Variant
from orderhub.services import manage_shops
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

    what: str
    order: Mapping[str, Any]
    events: tuple[str, ...] = ()


@dataclass
class Demo:
    """What the demo needs to know of the running stack."""

    cloud: LocalCloud
    stack: Mapping[str, Any]
    application: Application
    tokens: dict[str, str] = field(default_factory=dict)
    """Marketplace tokens by shop."""

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
        _remember(home, [walk.order["id"] for walk in walks if walk.what != _EXPIRED])
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
    manage_shops.change_windows(
        shops,
        HASTY_SHOP,
        "marketplace",
        lambda terms: type(terms)(
            payment_timeout=1, refund_window=terms.refund_window, auto_receive=terms.auto_receive
        ),
    )
    for number in range(1, CARTS + 1):
        cart_id = f"C{number:05d}"
        if desk.catalog.cart(SHOP, cart_id) is None:
            first, second = (_PRODUCTS[(number + step) % len(_PRODUCTS)] for step in (0, 1))
            manage_shops.put_cart(
                shops,
                desk.catalog,
                desk.clock,
                SHOP,
                cart_id=cart_id,
                lines=[CartLine(first[0], first[2], 1), CartLine(second[0], second[2], 2)],
            )


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
        credentials={"marketplace": {"token": demo.tokens[SHOP]}},
        webhook_secrets={},
        samples={
            "products": [
                {"product_id": row[0], "variant_id": row[2], "price": row[4], "currency": "CNY"}
                for row in _PRODUCTS
            ],
            "cart_ids": [f"C{number:05d}" for number in range(1, CARTS + 1)],
        },
        demo_tokens=demo.tokens,
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
    while "order.expired" not in _events(demo, HASTY_SHOP, order_id):
        if time.monotonic() > deadline:
            raise LocalError("The payment_timeout state machine expired nothing.")
        time.sleep(0.2)


def _events(demo: Demo, shop_id: str, order_id: int) -> tuple[str, ...]:
    proof = replay_order(demo.application.desk, shop_id, order_id)
    if not proof.agrees:
        raise LocalError(f"The events of order {order_id} don't replay to its snapshot.")
    return tuple(entry.event.TYPE for entry in proof.events)


def _walked(demo: Demo, shop_id: str, what: str, order: dict[str, Any]) -> Walk:
    return Walk(what, order, _events(demo, shop_id, order["id"]))


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
    for heading in ("Order", "What was done", "State", "Payment", "Total", "Paid", "Events"):
        table.add_column(
            heading,
            justify="right" if heading in ("Total", "Paid") else "left",
            no_wrap=heading not in ("What was done", "Events"),
        )
    for walk in walks:
        order = walk.order
        paid = order["payment_total"] + (" !" if order["overpaid"] else "")
        table.add_row(
            order["number"],
            walk.what,
            order["state"],
            order["payment_state"],
            f"{order['total']} {order['currency']}",
            paid,
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


def _curl_lines(demo: Demo, order: Mapping[str, Any]) -> list[str]:
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
    return [
        f"curl {bearer} {demo.api_url}/orders/{order['number']}",
        f"curl {bearer} {fields} {demo.api_url}/orders",
        f"./orderhub order show {SHOP} {order['number']}",
    ]


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    main()
