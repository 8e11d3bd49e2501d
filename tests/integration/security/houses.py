"""Two shops that have everything, and everybody who may act for them.

Each is made by its own systems' requests, so that what is attacked is what callers make.
"""

import itertools
import json
import os
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

import httpx
from moto.core.models import DEFAULT_ACCOUNT_ID
from moto.dynamodb.models import dynamodb_backends

from orderhub.adapters.dynamodb import keys
from orderhub.adapters.dynamodb.codec import lean
from orderhub.adapters.dynamodb.items import body_of
from orderhub.adapters.system import SystemClock
from orderhub.bootstrap import Application
from orderhub.domain.details import Address
from orderhub.domain.events import Terms
from orderhub.domain.money import Money, UnitPrice
from orderhub.domain.people import Company, Membership, User
from orderhub.domain.shop import Cart, CartLine, Price, Product, Scope, Shop, Variant
from orderhub.services.issue_app import issue_app
from orderhub.services.issue_signer import SignerValues, issue_signer
from orderhub.services.manage_payment_accounts import set_account
from orderhub.services.manage_shops import issue_credential
from tests.support import bricklink, providers
from tests.support.fakes import NOON, FakeMailer
from tests.support.gateway import Gateway
from tests.support.oauth import OAuth1
from tests.support.store_orders import ADDRESS

URL = "https://api.example.com"
WIRES = ("marketplace", "brandcloud", "shoplazza", "youhaosuda", "bricklink")
NOT_OF_SHOPS = (keys.nonce(""),)


# -- who asks --------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Key:
    """What a system proves with who it is: a token, or four values to sign with.

    ``app`` are an app's key and secret, which it trades for its token.
    """

    token: str = ""
    signer: SignerValues | None = None
    app: tuple[str, str] = ("", "")
    credential_id: str = ""


@dataclass(frozen=True)
class Sent:
    """A request without a credential."""

    method: str
    path: str
    query: Mapping[str, str] = field(default_factory=dict)
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Answer:
    status: int
    headers: Mapping[str, str]
    text: str

    @property
    def body(self) -> Any:
        return json.loads(self.text)


class Callers:
    """Sends requests to the whole API in process."""

    def __init__(self) -> None:
        self._http = httpx.Client(transport=Gateway.of_template(), base_url=URL)

    def send(
        self, sent: Sent, auth: httpx.Auth | None = None, *, content: bytes | None = None
    ) -> Answer:
        """``content`` is sent as it is, in place of a body."""
        if sent.body is not None:
            content = json.dumps(sent.body).encode()
        headers = dict(sent.headers)
        if content is not None:
            headers.setdefault("content-type", "application/json")
        answer = self._http.request(
            sent.method,
            sent.path,
            params=dict(sent.query),
            content=content,
            headers=headers,
            auth=auth,
        )
        return Answer(answer.status_code, answer.headers, answer.content.decode(errors="replace"))

    def ask(self, wire: str, key: Key, sent: Sent, *, in_header: bool = False) -> Answer:
        """As a system of ``wire`` asks."""
        if wire == "bricklink":
            return self.send(sent, signature(key.signer) if key.signer else None)
        return self.send(signed_with(wire, key.token, sent, in_header=in_header))


def signature(values: SignerValues, seconds: float = 0) -> httpx.Auth:
    """Of a request that is sent so many seconds from now, by the clock that functions see."""
    return OAuth1(values, timestamp=str(int(SystemClock().now().timestamp() + seconds)))


def signed_with(wire: str, token: str, sent: Sent, *, in_header: bool) -> Sent:
    """``sent`` with a token where ``wire`` takes it."""
    if wire == "brandcloud" and not in_header:
        return replace(sent, body={"api_key": token, **(sent.body or {})})
    header = {
        "marketplace": ("authorization", f"Bearer {token}"),
        "brandcloud": ("authorization", token),
        "shoplazza": ("access-token", token),
        "youhaosuda": ("x-api-access-token", token),
    }[wire]
    return replace(sent, headers={**sent.headers, header[0]: header[1]})


# -- a shop ----------------------------------------------------------------------------------------


@dataclass
class House:
    """A shop with its keys by wire, and the ids of what is in it, by kind."""

    id: str
    keys: dict[str, Key] = field(default_factory=dict)
    readers: dict[str, Key] = field(default_factory=dict)
    writers: dict[str, Key] = field(default_factory=dict)
    consumer: Key = field(default_factory=Key)
    ids: dict[str, list[str]] = field(default_factory=dict)
    notify: dict[str, Callable[[str], providers.SignedRequest]] = field(default_factory=dict)
    """What each provider tells of an order, signed for this shop."""
    own: dict[str, str] = field(default_factory=dict)
    """One id of each slot that requests fill with their own, where nothing else is tried."""
    secrets: list[str] = field(default_factory=list)

    def add(self, kind: str, *values: object) -> None:
        self.ids.setdefault(kind, []).extend(str(value) for value in values)

    def everything(self) -> set[str]:
        """What nobody else may learn: ids, names and secrets that are long enough to be found."""
        told = {value for values in self.ids.values() for value in values if len(value) >= 5}
        tokens = {
            part
            for key in (*self.keys.values(), *self.readers.values(), *self.writers.values())
            for part in (key.token, key.credential_id, *key.app)
            if part
        }
        return told | tokens | set(self.secrets) | {f"{self.id} House", f"keeper@{self.id}.example"}


def build(
    application: Application, callers: Callers, outbox: FakeMailer, name: str, seed: int
) -> House:
    """A shop named ``name``; ``seed``, from 1 to 9, keeps its ids apart from other shops'."""
    house = House(id=name)
    builder = _Builder(application, callers, outbox, house, seed)
    builder.settle()
    builder.issue()
    builder.stock()
    builder.sell_by_marketplace()
    builder.sell_by_brandcloud()
    builder.sell_by_shoplazza()
    builder.sell_by_bricklink()
    builder.annotate()
    builder.open_accounts()
    return house


class _Builder:
    def __init__(
        self,
        application: Application,
        callers: Callers,
        outbox: FakeMailer,
        house: House,
        seed: int,
    ) -> None:
        self.application = application
        self.callers = callers
        self.outbox = outbox
        self.house = house
        self.seed = seed

    def settle(self) -> None:
        shop_id = self.house.id
        self.application.shops.put(
            Shop(
                id=shop_id,
                name=f"{shop_id} House",
                currency="CNY",
                created_at=NOON,
                email=f"keeper@{shop_id}.example",
                cod_enabled=True,
                terms=dict.fromkeys(WIRES, Terms(payment_timeout=86400, refund_window=86400)),
            )
        )
        people = self.application.people
        number = self.number(1)
        people.put_company(
            Company(
                id=number,
                shop_id=shop_id,
                code="ABCDEFGHI"[self.seed] * 4,
                name=f"{shop_id} Retail",
                address=Address(line1=f"{number} Main Street", city="San Jose"),
            )
        )
        for user_id, company in ((number, number), (number + 1, None)):
            people.put_user(
                User(
                    id=user_id,
                    shop_id=shop_id,
                    given_name=f"{shop_id} given",
                    family_name="Wang",
                    email=f"user{user_id}@{shop_id}.example",
                    current_company_id=company,
                )
            )
        people.put_membership(shop_id, Membership(company_id=number, user_id=number, may_sell=True))
        self.house.add("company", number)
        self.house.add("user", number, number + 1)

    def number(self, count: int) -> int:
        return self.seed * 100_000 + count * 10

    def issue(self) -> None:
        house = self.house
        seller = self.application.people.user(house.id, self.number(1))
        consumer = self.application.people.user(house.id, self.number(1) + 1)
        assert seller
        assert consumer
        for wire in WIRES:
            house.keys[wire] = self.key(wire, seller)
            house.readers[wire] = self.key(wire, seller, Scope.READ_ORDERS)
            house.writers[wire] = self.key(wire, seller, Scope.WRITE_ORDERS)
        house.consumer = self.key("brandcloud", consumer)

    def key(self, wire: str, user: User, *scopes: Scope) -> Key:
        return issue_key(
            self.application,
            self.house.id,
            wire,
            scopes=scopes or tuple(Scope),
            user=user if wire == "brandcloud" else None,
        )

    def stock(self) -> None:
        house, catalog = self.house, self.application.desk.catalog
        product, variant = f"{self.seed}3531", f"{self.seed}12177"
        counted = f"{self.seed}8802"
        prices = {"CNY": Price(price=UnitPrice.of("64.00", "CNY"))}
        for product_id, tracks in ((product, False), (counted, True)):
            catalog.put_product(
                house.id,
                Product(
                    id=product_id,
                    name=f"{house.id} pot",
                    number=f"{house.id}{product_id}PD",
                    variants=(Variant(id=variant, sku="SPC", prices=prices, tracks_stock=tracks),),
                ),
            )
        catalog.set_stock(house.id, counted, variant, 1000)
        house.add("product", product, counted)
        house.add("variant", variant)
        for count in range(1, 7):
            name = f"{house.id}-C{count:05d}"
            lines = (CartLine(product, variant, count),)
            catalog.put_cart(house.id, Cart(id=name, currency="CNY", lines=lines, created_at=NOON))
            house.add("cart", name)
        house.own |= {
            "product_id": product,
            "variant_id": variant,
            "cart_id": house.ids["cart"][-1],
        }

    # -- orders

    def did(self, answer: Answer) -> Any:
        assert answer.status in (200, 201), answer
        return json.loads(answer.text) if answer.text else None

    def ask(self, wire: str, method: str, path: str, body: Any = None, **options: Any) -> Any:
        in_header = options.pop("in_header", False)
        key = options.pop("key", self.house.keys[wire])
        sent = Sent(method, path, body=body, **options)
        return self.did(self.callers.ask(wire, key, sent, in_header=in_header))

    def sell_by_marketplace(self) -> None:
        """One new, one with lines, one paid, one complete."""
        house = self.house
        for steps in range(4):
            name = f"TB{self.seed}0261121{steps:06d}"
            made = self.ask("marketplace", "POST", "/orders", notification(name))
            house.add("order", made["id"])
            house.add("merchant_order_no", name)
            at = f"/orders/{made['id']}"
            line = {"product_id": house.own["product_id"], "price": "64.00", "quantity": 2}
            trade = f"20{self.seed}6112122001{steps:06d}"
            paid = {"merchant_trade_no": trade, "payment": "128.00"}
            for step in [("line_items", line), ("pay", paid), ("complete", None)][:steps]:
                self.ask("marketplace", "POST", f"{at}/{step[0]}", step[1])
            if steps >= 2:
                house.add("trade_no", trade)
            if steps in (1, 2):
                house.own["id" if steps == 1 else "paid_id"] = str(made["id"])
            order = self.application.desk.orders.get(house.id, int(made["id"]))
            assert order
            house.add("number", order.number)

    def sell_by_brandcloud(self) -> None:
        """One open, one paid, one given back, one called off, one to be paid by PayPal, and a
        consumer's own; each made of a cart."""
        house = self.house
        post = "/user/company/order"
        for count, cart in enumerate(house.ids["cart"][:5]):
            kind = ["credit_card", "credit_card", "credit_card", "cash", "PayPal"][count]
            wanted = {"cart_id": cart, "type": kind}
            number = self.ask("brandcloud", "POST", f"{post}/create", wanted)["order_number"]
            house.add("number", number)
            named = {"order_number": number}
            trade = f"UXI{self.seed}KS784JOC{count:04d}"
            if count in (1, 2):
                paid = {**named, "transaction_id": trade}
                self.ask("brandcloud", "POST", f"{post}/payment", paid)
                house.add("trade_no", trade)
                if count == 1:
                    house.own |= {"paid_number": number, "paid_trade": trade}
                if count == 2:
                    self.ask("brandcloud", "POST", f"{post}/refund", paid)
            if count == 0:
                self.ask("brandcloud", "POST", "/order/confirmpurchase", named, key=house.consumer)
                house.own["order_number"] = number
            if count == 3:
                self.ask("brandcloud", "POST", f"{post}/cancel", named)
            if count == 4:
                mail = {**named, "email": f"payer@{house.id}.example"}
                self.ask("brandcloud", "POST", f"{post}/paypal/send", mail)
                found = re.search(r"/pay/(\S+)", self.outbox.sent[-1].text)
                assert found
                house.add("link_token", found[1])
                house.own["paypal_number"] = number
            if count == 1:
                detail = self.ask("brandcloud", "POST", f"{post}/detail", named)
                house.add("invoice_number", *(each["number"] for each in detail["invoices"]))
        house.own["invoice_number"] = house.ids["invoice_number"][0]

    def sell_by_shoplazza(self) -> None:
        """One to be paid, and one that another system sold."""
        house = self.house
        path = "/openapi/2026-01/orders"
        for told in ({}, {"financial_status": "paid", "created_at": "2026-11-20T12:00:00Z"}):
            name = f"{house.id}-idempotency-{len(told)}"
            made = self.ask(
                "shoplazza",
                "POST",
                path,
                {**whole_order(house), **told},
                headers={"idempotency-key": name},
            )
            order_id = made["data"]["order"]["id"].rpartition("-")[2]
            house.add("order", order_id)
            house.add("idempotency_key", name)
            order = self.application.desk.orders.get(house.id, int(order_id))
            assert order
            facts = order.details.extensions["shoplazza"]
            house.add("checkout_token", facts["checkout_token"])
            house.add("checkout", f"{house.id}-{order_id}")
            assert order.details.customer
            house.add("customer", order.details.customer.id)

    def sell_by_bricklink(self) -> None:
        house = self.house
        made = bricklink.make(self.application, shop_id=house.id)
        house.add("order", made.id)
        house.own["order_id"] = str(made.id)

    # -- beside orders

    def annotate(self) -> None:
        house = self.house
        for count, owner in enumerate(house.ids["order"][:2]):
            meta = {
                "name": f"{house.id}-erp-{count}",
                "owner_resource": "order",
                "owner_id": int(owner),
                "fields": {"shelf": f"{house.id}-shelf"},
            }
            made = self.ask("youhaosuda", "POST", "/v1/metas", {"meta": meta})
            house.add("metafield", made["meta"]["id"])
            house.add("metafield_name", meta["name"])
        for topic in ("orders/paid", "orders/create"):
            hook = {"address": f"https://erp.example.com/{house.id}/{topic}", "topic": topic}
            made = self.ask("youhaosuda", "POST", "/v1/webhooks", {"webhook": hook})
            house.add("webhook", made["webhook"]["id"])
            house.add("address", hook["address"])
            house.secrets.append(made["webhook"]["token"])
        house.own |= {
            "metafield": house.ids["metafield"][0],
            "webhook": house.ids["webhook"][0],
            "youhaosuda_order": house.ids["order"][-3],
            "merchant_order_no": f"TB{self.seed}-new",
            "trade_no": f"trade-{house.id}",
            "transaction_id": f"transaction-{house.id}",
            "name": f"{house.id}-new",
            "address": f"https://erp.example.com/{house.id}",
            "idempotency_key": f"{house.id}-new",
        }

    def open_accounts(self) -> None:
        house, seed = self.house, self.seed
        alipay, wechat = providers.key_pair(f"alipay {seed}"), providers.key_pair(f"wechat {seed}")
        secret, api_key = (
            f"{providers.STRIPE_SECRET}{seed}",
            f"{providers.WECHATPAY_KEY[:-1]}{seed}",
        )
        webhook, app_id = f"{providers.PAYPAL_WEBHOOK_ID}{seed}", f"202100012267123{seed}"
        paypal, url = providers.paypal_keys(), providers.PAYPAL_CERTIFICATE_URL
        mchid = f"190000010{seed}"
        amount = Money.of("64.00", "CNY")
        self.open_account("stripe", secrets=[secret])
        self.open_account(
            "paypal",
            settings={"webhook_id": webhook},
            public_keys={url: paypal.certificate_pem},
        )
        self.open_account(
            "alipay", settings={"app_id": app_id}, public_keys={"alipay": alipay.public_pem}
        )
        self.open_account(
            "wechatpay",
            settings={"mchid": mchid},
            public_keys={wechat.serial: wechat.certificate_pem},
            secrets=[api_key],
        )
        house.notify = {
            "stripe": lambda order: providers.stripe_request(
                secret, providers.stripe_payment_succeeded(order, amount)
            ),
            "paypal": lambda order: providers.paypal_request(
                paypal, webhook, providers.paypal_capture_completed(order, amount)
            ),
            "alipay": lambda order: providers.alipay_request(
                alipay, providers.alipay_trade_success(order, amount) | {"app_id": app_id}
            ),
            "wechatpay": lambda order: providers.wechatpay_request(
                wechat,
                api_key,
                "TRANSACTION.SUCCESS",
                providers.wechatpay_transaction(order, amount) | {"mchid": mchid},
            ),
        }
        house.secrets += [secret, api_key]

    def open_account(self, provider: str, **account: Any) -> None:
        application = self.application
        set_account(
            application.shops,
            application.payment_account_store,
            lambda: application.vault,
            application.desk.clock,
            self.house.id,
            provider,
            **account,
        )


def issue_key(
    application: Application,
    shop_id: str,
    wire: str,
    *,
    scopes: tuple[Scope, ...] = tuple(Scope),
    user: User | None = None,
    expires_in: timedelta | None = None,
) -> Key:
    """A new credential of one wire."""
    shops, clock = application.shops, application.desk.clock
    label = f"{shop_id} {wire}"
    expires_at = clock.now() + expires_in if expires_in else None
    if wire == "bricklink":
        signer = issue_signer(
            shops,
            application.vault,
            clock,
            shop_id,
            wire=wire,
            label=label,
            scopes=scopes,
            expires_at=expires_at,
        )
        return Key(signer=signer.values, credential_id=signer.credential.id)
    if wire == "youhaosuda":
        app = issue_app(
            shops, clock, shop_id, wire=wire, label=label, scopes=scopes, expires_at=expires_at
        )
        return Key(app.token, app=(app.key, app.secret), credential_id=app.credential.id)
    issued = issue_credential(
        shops,
        clock,
        shop_id,
        wire=wire,
        label=label,
        scopes=scopes,
        user=user,
        expires_at=expires_at,
    )
    return Key(issued.token, credential_id=issued.credential.id)


# -- bodies ----------------------------------------------------------------------------------------


def notification(name: str) -> dict[str, Any]:
    """A marketplace's new order."""
    return {
        "kind": "taobao",
        "merchant_order_no": name,
        "address_fullname": "韩梅梅",
        "address_phone": "13900000002",
        "address_province_id": 440000,
        "address_city_id": 440300,
        "address_post_code": "518057",
        "address_address": "科技园新西路7号",
    }


def whole_order(house: House) -> dict[str, Any]:
    """An order as Shoplazza's clients make one."""
    line = {
        "product_id": house.own["product_id"],
        "variant_id": house.own["variant_id"],
        "quantity": 2,
    }
    return {
        "line_items": [line],
        "shipping_address": {**ADDRESS, "email": f"buyer@{house.id}.example"},
        "tax_total": "9.99",
        "currency_code": "CNY",
    }


# -- what is stored --------------------------------------------------------------------------------


def emulated(table: str) -> Any:
    """moto's own table."""
    return dynamodb_backends[DEFAULT_ACCOUNT_ID][os.environ["AWS_DEFAULT_REGION"]].tables[table]


def stored(application: Application) -> dict[tuple[str, str], str]:
    """All items of the table but spent nonces, by their keys."""
    table = emulated(application.settings.table_name)
    items: Iterator[Any] = itertools.chain.from_iterable(
        part.values() for part in table.items.values()
    )
    return {
        (pk, item.range_key.value): json.dumps(_readable(item), sort_keys=True, default=str)
        for item in items
        if not (pk := item.hash_key.value).startswith(NOT_OF_SHOPS)
    }


def _readable(item: Any) -> object:
    """An item with what it holds packed as what that says."""
    attributes = {name: value.to_regular_json() for name, value in item.attrs.items()}
    shown = item.to_json()
    if "packed" in attributes:
        packed = body_of(attributes)
        shown["Attributes"]["packed"] = packed.decode() if isinstance(packed, bytes) else packed
    return lean(shown)


def of_shop(items: Mapping[tuple[str, str], str], shop_id: str) -> dict[tuple[str, str], str]:
    """What of them is the shop's, or names it."""
    return {key: text for key, text in items.items() if shop_id in key[0] or shop_id in text}


def changes(before: Mapping[Any, str], after: Mapping[Any, str]) -> list[Any]:
    """The keys of what was added, changed or removed."""
    return sorted(key for key in before.keys() | after.keys() if before.get(key) != after.get(key))
