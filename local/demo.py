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
from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from http import HTTPStatus
from pathlib import Path
from typing import Any, Final
from uuid import uuid4

import httpx
from oauthlib.oauth1 import Client as Signing
from rich.console import Console
from rich.table import Table
from standardwebhooks import Webhook, WebhookVerificationError

from local import logs, mail, project, providers, shell_file, stack_file
from local.cloud import LocalCloud
from local.console import Progress
from local.errors import LocalError
from local.subscriber import Subscriber, Told, subscriber
from orderhub.bootstrap import Application
from orderhub.domain.commands import Placement
from orderhub.domain.details import Actor, Address, Contact, Details
from orderhub.domain.events import Terms
from orderhub.domain.lines import LineRequest
from orderhub.domain.money import UnitPrice
from orderhub.domain.order import Order
from orderhub.domain.payment_account import STRIPE
from orderhub.domain.shop import CartLine, Price, Product, Variant
from orderhub.domain.subscription import SubscriptionKind
from orderhub.services import manage_people, manage_shops
from orderhub.services.add_lines import add_lines
from orderhub.services.annotate_order import add_note, tag
from orderhub.services.authenticate import token_hash
from orderhub.services.authenticate_signed import signer_hash
from orderhub.services.bring_in_order import bring_in_order
from orderhub.services.correspond import Letter, add_message
from orderhub.services.find_order import find_order
from orderhub.services.issue_app import issue_app
from orderhub.services.issue_signer import issue_signer
from orderhub.services.manage_payment_accounts import webhook_path
from orderhub.services.replay_order import replay_order
from orderhub.services.ship_order import WantedShipment, ship_order
from orderhub.services.subscriptions import (
    NewSubscription,
    Subscribed,
    remove_subscription,
    subscribe,
)
from orderhub.settings import Settings
from orderhub.wire.shoplazza.outbound import resource

SHOP: Final = "demo"
HASTY_SHOP: Final = "demo-hasty"
"""A shop whose unpaid marketplace orders expire after a second, so that nobody has to wait."""

CARTS: Final = 24
_CURRENCY: Final = "CNY"
_EXPIRY_PATIENCE: Final = 30.0

_PRODUCTS: Final = (
    ("3531", "梵·SCP200", "12177", "SPC00001", "64.00", "58.00"),
    ("3532", "Desk lamp, brass", "12180", "LMP00001", "299.00", None),
    ("3533", "Teapot 0.8 l", "12181", "TEA00001", "129.50", "99.50"),
    ("3534", "Cotton scarf", "12182", "SCF00001", "45.90", None),
    ("3535", "Notebook, dotted", "12183", "NTB00001", "12.05", None),
)
"""Nobody counts them: there is always another one."""
_COUNTED: Final = ("3536", "Mug, numbered by hand", "12184", "MUG00001", "39.00", None)
"""What the Shoplazza walk sells: so many pieces, and none that aren't there."""
_FULL_SHELF: Final = 100
_EMPTY_SHELF: Final = 20


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
    access_token: str = ""
    """The demo shop's Shoplazza token."""
    app: dict[str, str] = field(default_factory=dict)
    """The demo shop's Youhaosuda app: ``app_key``, ``app_secret``, ``access_token``."""
    signer: dict[str, str] = field(default_factory=dict)
    """What the demo shop signs its requests to BrickLink with: ``consumer_key``,
    ``consumer_secret``, ``token_value``, ``token_secret``."""
    webhook_secrets: dict[str, Any] = field(default_factory=dict)
    """What the payment providers of the demo shop sign their notifications with, by provider."""
    cart_ids: list[str] = field(default_factory=list)
    """Carts that became no order yet."""
    page_url: str = ""
    """Where a buyer sees the order that the Shoplazza walk made."""
    heard: str = ""
    """What a subscriber was told."""
    pay_line: str = ""
    """What the reader may paste to pay an order as Stripe would report it."""

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
                due_shards=stack["due_shards"],
                secrets_key=stack["secrets_key"],
                webhook_networks=("127.0.0.0/8",),
            )
        )
        demo = Demo(cloud, stack, application)
        with progress.step("Making the demo shop"):
            _make_shops(demo)
            earlier = _earlier_orders(demo)
            _write_contract(demo, home)
        with progress.step("Walking orders through the marketplace API"):
            walks = list(_walk_marketplace(demo))
        with progress.step("Paying an order by a webhook of Stripe's"), _listening(demo) as hear:
            payments = list(_walk_payments(demo))
            walks += payments
            demo.heard = hear(payments[0].order)
        with progress.step("Walking orders through the BrandCloud API"):
            walks += _walk_brandcloud(demo)
        with progress.step("Walking orders through the Shoplazza API"):
            walks += _walk_shoplazza(demo)
        with progress.step("Walking orders through the Youhaosuda API"):
            walks += _walk_youhaosuda(demo)
        with progress.step("Walking orders through the BrickLink API"):
            walks += _walk_bricklink(demo)
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
            currency=_CURRENCY,
            timezone="Asia/Shanghai",
        )
        _fill_shelves(demo, shop_id)
        demo.tokens[shop_id] = _good(demo, known.get(shop_id)) or _issue(demo, shop_id)
        _make_counter(demo, shop_id)
    known_token = _good(demo, demo.stack.get("demo_access_token"))
    demo.access_token = known_token or _issue(demo, SHOP, "shoplazza")
    known_app = demo.stack.get("demo_app", {})
    demo.app = known_app if _good(demo, known_app.get("access_token")) else _make_app(demo)
    known_signer = demo.stack.get("demo_signer", {})
    demo.signer = known_signer if _is_good(demo, known_signer) else _make_signer(demo)
    known_secrets = demo.stack.get("webhook_secrets", {})
    demo.webhook_secrets = providers.make_accounts(demo.application, SHOP, known_secrets)
    manage_shops.change_settings(shops, SHOP, email=_STORE_MAIL)
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


def _fill_shelves(demo: Demo, shop_id: str) -> None:
    """Products that aren't there yet; what an operator changed of the others stays."""
    shops, catalog = demo.application.shops, demo.application.desk.catalog
    rows = (*_PRODUCTS, _COUNTED)
    known = catalog.products(shop_id, [row[0] for row in rows])
    missing = [_product(*row) for row in rows if row[0] not in known]
    manage_shops.put_products(shops, catalog, shop_id, missing)
    if _pieces_left(demo, shop_id) < _EMPTY_SHELF:
        manage_shops.set_stock(
            shops,
            catalog,
            shop_id,
            product_id=_COUNTED[0],
            variant_id=_COUNTED[2],
            quantity=_FULL_SHELF,
        )


def _pieces_left(demo: Demo, shop_id: str) -> int:
    item = _COUNTED[0], _COUNTED[2]
    return demo.application.desk.catalog.stock(shop_id, [item])[item]


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
            _good(demo, known.get(name))
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


def _make_app(demo: Demo) -> dict[str, str]:
    app = issue_app(
        demo.application.shops,
        demo.application.desk.clock,
        SHOP,
        wire="youhaosuda",
        label="Demo warehouse",
    )
    return {"app_key": app.key, "app_secret": app.secret, "access_token": app.token}


def _make_signer(demo: Demo) -> dict[str, str]:
    application = demo.application
    issued = issue_signer(
        application.shops,
        application.vault,
        application.desk.clock,
        SHOP,
        wire="bricklink",
        label="Demo brick store",
    )
    return asdict(issued.values)


def _is_good(demo: Demo, signer: Mapping[str, str]) -> bool:
    """Whether these values still let somebody in."""
    if not signer:
        return False
    hashed = signer_hash(signer["consumer_key"], signer["token_value"])
    issued = demo.application.shops.credential(hashed)
    return issued is not None and issued.holds_at(demo.application.desk.clock.now())


def _good(demo: Demo, token: str | None) -> str | None:
    """``token``, if it still lets somebody in: a cloud that was killed may have forgotten it, an
    operator may have revoked it, or it expired."""
    issued = demo.application.shops.credential(token_hash(token)) if token else None
    return token if issued and issued.holds_at(demo.application.desk.clock.now()) else None


def _issue(demo: Demo, shop_id: str, wire: str = "marketplace") -> str:
    return manage_shops.issue_credential(
        demo.application.shops,
        demo.application.desk.clock,
        shop_id,
        wire=wire,
        label=f"Demo {wire}",
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
                    _CURRENCY: Price(
                        price=UnitPrice.of(price, _CURRENCY),
                        discount_price=UnitPrice.of(discount, _CURRENCY) if discount else None,
                    )
                },
            ),
        ),
    )


def _write_contract(demo: Demo, home: Path) -> None:
    """The keys of ``.local/stack.json`` that outside programs rely on, for shells in ``env.sh``."""
    stack = stack_file.update(
        home,
        shop_id=SHOP,
        credentials={
            "marketplace": {"token": demo.tokens[SHOP]},
            "brandcloud": {
                "api_key": demo.api_keys[SHOP],
                "consumer_api_key": demo.api_keys[f"{SHOP} consumer"],
            },
            "shoplazza": {"access_token": demo.access_token},
            "youhaosuda": demo.app,
            "bricklink": demo.signer,
        },
        webhook_secrets=demo.webhook_secrets,
        samples={"products": _samples(demo), "cart_ids": demo.cart_ids},
        demo_tokens=demo.tokens,
        demo_api_keys=demo.api_keys,
        demo_access_token=demo.access_token,
        demo_app=demo.app,
        demo_signer=demo.signer,
    )
    shell_file.write(home, stack)


def _samples(demo: Demo) -> list[dict[str, str]]:
    """What may be ordered, at the prices that the shop has for it now."""
    products = demo.application.desk.catalog.products(SHOP, [row[0] for row in _PRODUCTS])
    return [
        {
            "product_id": product.id,
            "variant_id": variant.id,
            "price": (price.discount_price or price.price).decimal_text,
            "currency": currency,
        }
        for _, product in sorted(products.items())
        for variant in product.variants
        for currency, price in variant.prices.items()
        if currency == _CURRENCY
    ]


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
_SHIPPED: Final = "paid; shipped in two parcels, noted and tagged by an operator"
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

        order = _send(api, "POST", "/orders", json=_notification(f"TB{run}06"))
        path = f"/orders/{order['id']}"
        _send(api, "POST", f"{path}/line_items", json=_line(0, 2))
        rest = _send(api, "POST", f"{path}/line_items", json=_line(2, 1))["outstanding_balance"]
        _send(api, "POST", f"{path}/pay", json=_payment(f"T{run}06", rest))
        _ship_in_parts(demo, order["number"], run)
        yield _walked(demo, SHOP, _SHIPPED, _send(api, "GET", path))

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


def _ship_in_parts(demo: Demo, number: str, run: str) -> None:
    """What ``./orderhub order ship``, ``order note`` and ``order tag`` do."""
    desk, operator = demo.application.desk, Actor("operator", "demo")
    order = _find(demo, SHOP, number)
    for count, lines in enumerate(([(1, 1)], None), start=1):
        parcel = WantedShipment(
            lines=lines,
            carrier="SF Express",
            tracking_number=f"SF{run}{count}",
            tracking_url=f"https://track.example/SF{run}{count}",
        )
        order = ship_order(desk, order, parcel, operator).order
    order = add_note(desk, order, "客户要求放在门卫处 (leave it at the gate)", operator).order
    tag(desk, order, operator, add=["vip", "gift"])


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


# -- payment providers ---------------------------------------------------------------------------

_PAID_BY_STRIPE: Final = "paid by a signed webhook of Stripe's, sent twice"
_LEFT_TO_PAY: Final = "unpaid: the last line below pays it"


def _walk_payments(demo: Demo) -> Iterator[Walk]:
    """An order that Stripe says is paid, and one that the reader may pay."""
    run = f"{datetime.now(UTC):%Y%m%d%H%M%S}"
    secret = demo.webhook_secrets[STRIPE]
    with _marketplace(demo, SHOP) as api:
        order = _unpaid(demo, api, f"TB{run}09")
        event = providers.stripe_event(order)
        for _ in range(2):
            answer = api.post(
                webhook_path(SHOP, STRIPE),
                content=event,
                headers=providers.stripe_headers(secret, event),
            )
            if answer.status_code != HTTPStatus.OK:
                raise LocalError(f"Stripe's webhook was answered {answer.text}")
        walk = _walked(demo, SHOP, _PAID_BY_STRIPE, _send(api, "GET", f"/orders/{order.id}"))
        if walk.order.captured != walk.order.total:
            raise LocalError(f"Stripe's webhook did not pay order {order.number}.")
        yield walk

        order = _unpaid(demo, api, f"TB{run}10")
        demo.pay_line = providers.stripe_line(demo.api_url, secret, order)
        yield _walked(demo, SHOP, _LEFT_TO_PAY, _send(api, "GET", f"/orders/{order.id}"))


def _unpaid(demo: Demo, api: httpx.Client, number: str) -> Order:
    made = _send(api, "POST", "/orders", json=_notification(number))
    _send(api, "POST", f"/orders/{made['id']}/line_items", json=_line(0, 1))
    return _find(demo, SHOP, made["number"])


# -- a subscriber --------------------------------------------------------------------------------

_HEARING_PATIENCE: Final = 30.0


@contextmanager
def _listening(demo: Demo) -> Iterator[Callable[[Order], str]]:
    """Somebody who wants to hear of paid orders. What is yielded waits until they heard of one, and
    says so."""
    desk = demo.application.subscription_desk
    with subscriber() as listener:
        wanted = NewSubscription(
            kind=SubscriptionKind.STANDARD,
            url=listener.url,
            topics=("order.paid",),
            label="Demo subscriber",
        )
        made = subscribe(desk, SHOP, wanted)
        try:
            yield partial(_hear, listener, made)
        finally:
            # Nobody listens there any more.
            remove_subscription(desk, SHOP, made.subscription.id)


def _hear(listener: Subscriber, made: Subscribed, order: Order) -> str:
    def told_of_it(one: Subscriber) -> list[Told]:
        return [told for told in one.taken if told.content["order_id"] == order.id]

    try:
        listener.wait(lambda one: bool(told_of_it(one)), _HEARING_PATIENCE)
    except TimeoutError as error:
        raise LocalError(f"No subscriber was told that order {order.number} is paid.") from error
    (told, *_) = told_of_it(listener)
    try:
        # As subscribers check it: by the library that the specification gives them.
        content = Webhook(made.secret).verify(told.body, dict(told.headers))
    except WebhookVerificationError as error:
        raise LocalError(f"A subscriber was told what is not signed well: {error}") from error
    message_id = told.headers["webhook-id"]
    return f"{content['type']} for {order.number}, signature good ({message_id})"


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
        link = next(word for word in message.text.split() if "/pay/" in word)
        if httpx.get(link, timeout=30).status_code != HTTPStatus.OK:
            raise LocalError("The mailed payment link leads to no page.")
        result = _send(api, "GET", f"/transaction/{link.rpartition('/')[2]}/result")
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


# -- the Shoplazza API ---------------------------------------------------------------------------

_SHOPLAZZA_ORDERS: Final = "/openapi/2022-01/orders"


def _walk_shoplazza(demo: Demo) -> Iterator[Walk]:
    """An order for a buyer, who gets a page to see it on, and one that another system closed."""
    headers = {"access-token": demo.access_token, "Idempotency-Key": str(uuid4())}
    with (
        _marketplace(demo, SHOP) as marketplace,
        httpx.Client(base_url=demo.api_url, headers=headers, timeout=30) as api,
    ):
        wanted = _store_order(discount="10%", tags=["vip"])
        before = _pieces_left(demo, SHOP)
        made = _send(api, "POST", _SHOPLAZZA_ORDERS, json=wanted)["order"]
        if _send(api, "POST", _SHOPLAZZA_ORDERS, json=wanted)["order"] != made:
            raise LocalError("A repeated request was not answered as the first time.")
        left = _pieces_left(demo, SHOP)
        # A shop with a domain of its own has the page there; the other link always leads here.
        links = made["checkout_url"], made["invoice_url"]
        demo.page_url = next(link for link in links if link.startswith(demo.api_url))
        page = httpx.get(demo.page_url, timeout=30)
        if page.status_code != HTTPStatus.OK or made["total_price"] not in page.text:
            raise LocalError(f"The page of order {made['id']} can't be seen.")
        payment = _payment(f"T{uuid4().hex[:12]}", made["total_price"])
        _send(marketplace, "POST", f"/orders/{made['number']}/pay", json=payment)
        what = f"10% off, tax, shipping; stock {before} → {left}; sent twice; page opened, paid"
        yield _made_for_buyer(demo, made, what)

        api.headers.pop("Idempotency-Key")
        then = datetime.now(UTC) - timedelta(days=30)
        wanted = _store_order(
            created_at=then.isoformat(timespec="seconds"),
            updated_at=(then + timedelta(days=7)).isoformat(timespec="seconds"),
            order_status="finished",
            financial_status="partially_refunded",
            refund_total="15.00",
        )
        made = _send(api, "POST", _SHOPLAZZA_ORDERS, json=wanted)["order"]
        yield _made_for_buyer(demo, made, "migrated: paid, refunded in part and closed elsewhere")


def _store_order(**fields: object) -> dict[str, object]:
    return {
        "line_items": [{"product_id": _COUNTED[0], "variant_id": _COUNTED[2], "quantity": 2}],
        "shipping_address": {
            "first_name": "Mei",
            "last_name": "Han",
            "email": "mei.han@example.com",
            "country": "United States",
            "country_code": "US",
            "province_code": "NM",
            "city": "San Jose",
            "address": "1 Rue des Carrieres",
        },
        "shipping_line": {"name": "Standard Shipping", "shipping_price": "10.00"},
        "tax_total": "9.99",
        "currency_code": _CURRENCY,
        **fields,
    }


def _made_for_buyer(demo: Demo, made: dict[str, Any], what: str) -> Walk:
    stored, events = _proved(demo, SHOP, int(made["number"]))
    seen = resource(stored)
    words = str(seen["status"]), str(seen["financial_status"])
    return Walk("shoplazza", what, stored, *words, events)


# -- the Youhaosuda API --------------------------------------------------------------------------


def _walk_youhaosuda(demo: Demo) -> Iterator[Walk]:
    """An order of the marketplace, which a shop system finds and works on."""
    trade = f"{datetime.now(UTC):%Y%m%d%H%M%S}08"
    with (
        _marketplace(demo, SHOP) as marketplace,
        httpx.Client(base_url=demo.api_url, timeout=30) as api,
    ):
        made = _send(marketplace, "POST", "/orders", json=_notification(f"TB{trade}"))
        _send(marketplace, "POST", f"/orders/{made['id']}/line_items", json=_line(0, 1))

        granted = api.post(
            "/oauth2/token",
            auth=(demo.app["app_key"], demo.app["app_secret"]),
            data={"grant_type": "client_credentials"},
        )
        api.headers["X-API-ACCESS-TOKEN"] = granted.json()["token"]
        counted = _told(api, "GET", "/v1/orders/count")["count"]
        (order,) = _told(api, "GET", f"/v1/orders?order_no={made['number']}")["orders"]
        path = f"/v1/orders/{order['id']}"
        if _told(api, "GET", path)["order"] != order:
            raise LocalError(f"Order {order['order_no']} is not what the list says it is.")
        _told(api, "PUT", path, json={"order": {"total_amount": 58.8}})
        meta = {
            "name": "warehouse",
            "owner_resource": "order",
            "owner_id": order["id"],
            "fields": {"shelf": "A-14", "picked": True},
        }
        _told(api, "POST", "/v1/metas", json={"meta": meta})

        payment = _payment(f"T{trade}", "58.80")
        _send(marketplace, "POST", f"/orders/{order['id']}/pay", json=payment)
        seen = _told(api, "GET", path)["order"]
        stored, events = _proved(demo, SHOP, order["id"])
        yield Walk(
            "youhaosuda",
            f"found among {counted}, repriced from {order['total_amount']}, a metafield, paid",
            stored,
            seen["status"],
            seen["payment_status"],
            events,
        )


def _told(api: httpx.Client, method: str, path: str, **content: Any) -> dict[str, Any]:
    """Like :func:`_send`, for an API that tells failures in bodies of answers with 200."""
    body = _send(api, method, path, **content)
    if "code" in body:
        raise LocalError(f"{method} {path} was answered {body}")
    return body


# -- the BrickLink API ---------------------------------------------------------------------------

_BRICKLINK: Final = "/api/store/v1"
_REFERENCE: Final = project.ROOT / "docs" / "reference" / "index.html"
_BUYER: Final = "brickfan@example.com"
_STORE_MAIL: Final = "store@example.com"
_LOTS: Final = (("3001", "Brick 2 x 4", "0.3750", 120), ("3023", "Plate 1 x 2", "0.0375", 400))


def _walk_bricklink(demo: Demo) -> Iterator[Walk]:
    """An order that an operator brought in, whose seller works on it by hand."""
    mail.allow_sender(demo.cloud, _MAIL_SENDER)
    desk, operator = demo.application.desk, Actor("operator", "demo")
    wanted = Placement(
        wire="bricklink",
        currency=_CURRENCY,
        terms=Terms(),
        details=Details(
            customer=Contact(id="brickfan", name="brickfan", email=_BUYER),
            shipping_address=Address(full_name="Ada Brick", city="London", country_code="GB"),
            payment_method="PayPal",
        ),
        lines=[_lot(number, *lot) for number, lot in enumerate(_LOTS)],
    )
    order = bring_in_order(desk, SHOP, wanted, operator).order
    more = [_lot(len(_LOTS), "3626", "Head", "1.2500", 3)]
    order = add_lines(desk, order, more, operator).order
    letter = Letter(subject="Parcel", body="By Friday?", sender="brickfan", recipient=SHOP)
    add_message(desk, order, letter, operator)

    path = f"/orders/{order.id}"
    with httpx.Client(
        base_url=f"{demo.api_url}{_BRICKLINK}", auth=_Signature(demo.signer), timeout=30
    ) as api:
        listed = len(_enveloped(api, "GET", "/orders?status=pending"))
        batches = _enveloped(api, "GET", f"{path}/items")
        letters = _enveloped(api, "GET", f"{path}/messages")
        body = {"cost": {"shipping": "12.5000"}, "shipping": {"tracking_no": f"RR{order.id}"}}
        _enveloped(api, "PUT", path, json=body)
        for field_name, value in (
            ("status", "READY"),
            ("payment_status", "Received"),
            ("status", "SHIPPED"),
        ):
            patch = {"field": field_name, "value": value}
            _enveloped(api, "PUT", f"{path}/{field_name}", json=patch)
        _enveloped(api, "POST", f"{path}/drive_thru?mail_me=true")
        seen = _enveloped(api, "GET", path)
    if not any(str(order.number) in sent.subject for sent in mail.messages(demo.cloud, _BUYER)):
        raise LocalError(f"The buyer of order {order.number} was not thanked.")
    stored, events = _proved(demo, SHOP, order.id)
    yield Walk(
        "bricklink",
        f"{sum(map(len, batches))} lots in {len(batches)} batches, one of {listed} pending; "
        f"{len(letters)} letter; shipping charged, paid, sent, thanked",
        stored,
        seen["status"],
        seen["payment"]["status"],
        events,
    )


class _Signature(httpx.Auth):
    """Signs each request by OAuth 1.0; a body in JSON is no part of what is signed."""

    def __init__(self, signer: Mapping[str, str]) -> None:
        self._signing = Signing(
            signer["consumer_key"],
            signer["consumer_secret"],
            signer["token_value"],
            signer["token_secret"],
        )

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        _, headers, _ = self._signing.sign(str(request.url), request.method)
        request.headers["Authorization"] = headers["Authorization"]
        yield request


def _lot(number: int, item: str, name: str, price: str, quantity: int) -> LineRequest:
    return LineRequest(
        product_id=item,
        name=name,
        unit_price=UnitPrice.of(price, _CURRENCY),
        quantity=quantity,
        attributes={"inventory_id": 1_000_001 + number, "type": "PART", "new_or_used": "U"},
    )


def _enveloped(api: httpx.Client, method: str, path: str, **content: Any) -> Any:
    """``data`` of an answer, whose ``meta`` tells failures."""
    body = _send(api, method, path, **content)
    if body["meta"]["code"] != HTTPStatus.OK:
        raise LocalError(f"{method} {path} was answered {body}")
    return body["data"]


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
    console.print(f"A subscriber received {demo.heard}.", soft_wrap=True, markup=False)
    apis = Table(title="Base URLs", title_justify="left", show_header=False)
    apis.add_row("marketplace", demo.api_url)
    apis.add_row("brandcloud", demo.api_url)
    apis.add_row("shoplazza", f"{demo.api_url}/openapi/2022-01")
    apis.add_row("youhaosuda", f"{demo.api_url}/v1")
    apis.add_row("youhaosuda's tokens", f"{demo.api_url}/oauth2/token")
    apis.add_row("bricklink", f"{demo.api_url}{_BRICKLINK}")
    console.print()
    console.print(apis)
    console.print("\nTry it:\n")
    for command in _curl_lines(demo, walks):
        console.print(command, soft_wrap=True, markup=False)
    console.print(f"\nWhat a buyer sees: {demo.page_url}", soft_wrap=True, markup=False)
    reference = f"Every operation, in a browser: {_REFERENCE.as_uri()}"
    console.print(reference, soft_wrap=True, markup=False)
    console.print(
        "\nThe addresses and credentials stand in .local/stack.json, and for shells in"
        " .local/env.sh; README.md walks on from there. `make logs` shows what the functions say,"
        " `make stop` stops it all.",
        soft_wrap=True,
    )


def _curl_lines(demo: Demo, walks: list[Walk]) -> list[str]:
    order = walks[0].order
    unpaid = next(walk.order for walk in walks if walk.what == _FORM)
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
    bought, token = json.dumps(_store_order()), f"-H 'access-token: {demo.access_token}'"
    listing = "/v1/orders?limit=2&fields=id,order_no,status,total_amount"
    app, price = demo.app, json.dumps({"order": {"total_amount": 29.9}})
    as_app = f"-H 'X-API-ACCESS-TOKEN: {app['access_token']}'"
    trade = f"-u {app['app_key']}:{app['app_secret']} -d grant_type=client_credentials"
    return [
        f"curl {bearer} {demo.api_url}/orders/{order.number}",
        f"curl {bearer} {fields} {demo.api_url}/orders",
        f"curl {as_json} -d '{cart}' {demo.api_url}/user/company/order/create",
        f"curl {as_json} {token} -d '{bought}' {demo.api_url}{_SHOPLAZZA_ORDERS}",
        f"curl {trade} {demo.api_url}/oauth2/token",
        f"curl {as_app} '{demo.api_url}{listing}'",
        f"curl -X PUT {as_json} {as_app} -d '{price}' {demo.api_url}/v1/orders/{unpaid.id}",
        f"./orderhub order show {SHOP} {order.number}",
        demo.pay_line,
    ]


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    main()
