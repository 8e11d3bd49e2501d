"""A shop for one API, on which time stands still and chance can be foreseen, so that the same
requests always get the same answers."""

import hashlib
import json
import secrets
from base64 import b64decode
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

import httpx
import pytest

from orderhub.adapters.dynamodb import stream
from orderhub.adapters.dynamodb.orders import DynamoOrders
from orderhub.adapters.dynamodb.stray_reports import DynamoStrayReports
from orderhub.adapters.system import SystemClock, SystemEntropy
from orderhub.adapters.webhook_client import HttpWebhookClient
from orderhub.bootstrap import Application
from orderhub.domain.events import Terms
from orderhub.domain.money import UnitPrice
from orderhub.domain.shop import Credential, Price, Product, Scope, Shop, Variant
from orderhub.domain.subscription import Subscription, SubscriptionKind
from orderhub.services.authenticate import token_hash
from orderhub.webhooks.contract import occurrence_in
from orderhub.webhooks.kinds import kind_of
from tests.support.api import payload
from tests.support.conformity import operation
from tests.support.fakes import FakeMailer
from tests.support.gateway import Gateway
from tools.openapi.document import APIS
from tools.openapi.routes import described_routes
from tools.openapi.vocabulary import JSON

SHOP = "demo"
URL = "https://api.example.com"

Recorded = dict[str, dict[str, dict[str, Any]]]
"""The operation's id, or the API's name for what its operations share → status → name → body."""


@dataclass
class Stage:
    application: Application
    api: str
    begin: datetime
    patch: pytest.MonkeyPatch
    outbox: FakeMailer = field(default_factory=FakeMailer)
    recorded: Recorded = field(default_factory=dict)
    auth: httpx.Auth | None = None
    """How requests are signed, where no header does it."""
    headers: dict[str, str] = field(default_factory=dict)
    """What presents the credential."""
    tail: int = 1
    """Of the next id."""
    number: int = 1
    """Of the next order, where its number is no id."""

    def __post_init__(self) -> None:
        self.now = self.begin
        drawn = count(1)

        def token(length: int) -> str:
            return hashlib.sha256(f"{self.api} {next(drawn)}".encode()).hexdigest()[:length]

        patch = self.patch
        patch.setattr(SystemClock, "now", lambda _: self.now)
        patch.setattr(SystemEntropy, "order_id_tail", lambda _: self._next_tail())
        patch.setattr(SystemEntropy, "digits", lambda _, size: f"{self.number:0{size}d}")
        patch.setattr(secrets, "token_hex", lambda size=32: token(2 * size))
        patch.setattr(secrets, "token_urlsafe", lambda size=32: token(size))
        patch.setattr(Application, "mailer", self.outbox)
        made = HttpWebhookClient.__init__
        patch.setattr(
            HttpWebhookClient,
            "__init__",
            lambda client, networks: made(client, networks, resolve=lambda _: ["93.184.216.34"]),
        )
        self._http = httpx.Client(transport=Gateway.of_wire(self.api), base_url=URL)
        self._make_shop()

    def _next_tail(self) -> int:
        self.tail += 1
        return self.tail - 1

    def wait(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)

    def _make_shop(self) -> None:
        terms = Terms(payment_timeout=86_400, refund_window=30 * 86_400, auto_receive=14 * 86_400)
        self.application.shops.put(
            Shop(
                id=SHOP,
                name="Demo shop",
                currency="CNY",
                created_at=self.begin,
                email="shop@example.com",
                cod_enabled=True,
                terms=dict.fromkeys(("marketplace", "shoplazza", "brandcloud"), terms),
            )
        )
        price = Price(price=UnitPrice.of("64.00", "CNY"))
        self.application.desk.catalog.put_product(
            SHOP,
            Product(
                id="3531",
                name="梵·SCP200",
                variants=(
                    Variant(id="12177", name="颜色:黑", sku="SPC00001", prices={"CNY": price}),
                ),
            ),
        )

    def issue(self, token: str, *scopes: Scope, user: int | None = None) -> None:
        """Let somebody in by ``token``, for everything unless told."""
        self.application.shops.add_credential(
            Credential(
                id=f"cred_{token_hash(token)[:12]}",
                shop_id=SHOP,
                wire=self.api,
                label="Warehouse",
                token_hash=token_hash(token),
                scopes=scopes or tuple(Scope),
                created_at=self.begin,
                user_id=user,
            )
        )

    # -- requests

    def ask(
        self,
        event: str,
        *,
        route: str | None = None,
        raw: str | None = None,
        media: str | None = None,
        headers: Mapping[str, str] | None = None,
        is_known: bool = True,
        **changes: Any,
    ) -> httpx.Response:
        """Send the request of ``events/<api>/<event>.json``.

        ``route`` is another method and path, ``raw`` another body; ``changes`` are fields of the
        body that are others, or that are left out for ``None``. Unless ``is_known``, no credential
        is presented.
        """
        sent = payload(f"{self.api}/{event}")
        method, path = (
            route or f"{sent['requestContext']['http']['method']} {sent['rawPath']}"
        ).split()
        query = "" if route else sent["rawQueryString"]
        body = sent.get("body")
        if body is not None and sent["isBase64Encoded"]:
            body = b64decode(body).decode()
        if changes:
            wanted = {**json.loads(body or "{}"), **changes}
            body = json.dumps({name: value for name, value in wanted.items() if value is not None})
        if raw is not None:
            body = raw
        given = {"content-type": media or sent["headers"].get("content-type", JSON)}
        given |= {**(self.headers if is_known else {}), **(headers or {})}
        return self._http.request(
            method,
            f"{path}?{query}" if query else path,
            content=body,
            headers={
                name: value for name, value in given.items() if body or name != "content-type"
            },
            auth=self.auth if is_known else None,
        )

    def show(self, name: str, event: str, **request: Any) -> Any:
        """Like :meth:`ask`, and keep the answer as the example ``name``. Its body."""
        answer = self.ask(event, **request)
        key = operation(answer.request.url.path, answer.request.method)
        (route,) = (each for each in described_routes() if each.key == key)
        (api,) = (each for each in APIS if each.name == self.api)
        described = api.operations.get(f"{route.operation}/{route.event}")
        described = described or api.operations[route.operation]
        own = answer.status_code in described.answers
        is_json = answer.headers["content-type"].startswith(JSON)
        body = answer.json() if is_json else answer.text
        kept = self.recorded.setdefault(route.name if own else self.api, {})
        kept.setdefault(str(answer.status_code), {})[name] = body
        return body

    @contextmanager
    def failing(self, error: Exception) -> Iterator[None]:
        """The table answers nothing but ``error``."""

        def fail(*_: object, **__: object) -> None:
            raise error

        with pytest.MonkeyPatch.context() as patch:
            for repository in (DynamoOrders, DynamoStrayReports):
                for name in vars(repository):
                    if not name.startswith("_"):
                        patch.setattr(repository, name, fail)
            yield

    # -- what subscribers get

    def tell(self, name: str, kind: SubscriptionKind, topic: str, event: str, table: Any) -> None:
        """Keep the latest message about ``event`` as the example ``name``: its headers and body."""
        subscription = Subscription(
            shop_id=SHOP,
            id=1,
            kind=kind,
            url="https://erp.example.com/orders",
            topics=("*",),
            created_at=self.begin,
            updated_at=self.begin,
        )
        items = table.scan(TableName=self.application.settings.table_name)["Items"]
        happened = [
            occurrence_in(json.loads(told.detail))
            for item in sorted(items, key=lambda item: item["sk"]["S"])
            if item["sk"]["S"].startswith("EVENT#")
            for told in stream.outgoing(item)
            if told.type == event
        ]
        shop = self.application.shops.get(SHOP)
        assert shop
        assert happened[-1].order_id
        message = kind_of(kind).message(
            subscription=subscription,
            secrets=["whsec_" + "c2VjcmV0" * 4],
            topic=topic,
            occurrence=happened[-1],
            shop=shop,
            order=self.application.desk.orders.get(SHOP, happened[-1].order_id),
            base_url=URL,
            now=self.now,
        )
        assert message
        kept = self.recorded.setdefault(f"webhook.{name}", {}).setdefault("sent", {})
        kept[topic] = {"headers": dict(message.headers), "body": json.loads(message.body)}


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)
