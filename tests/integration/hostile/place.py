"""A shop with a good request for every operation of the template, all of which would be taken."""

import copy
import importlib
import json
import re
from base64 import b64decode, b64encode
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal
from time import thread_time
from typing import Any, Final
from urllib.parse import quote, urlencode

from moto.dynamodb.models.table import Table

from orderhub.adapters.system import SystemClock
from orderhub.bootstrap import Application
from orderhub.domain.details import Address, Details
from orderhub.domain.events import Terms
from orderhub.domain.invoice import Invoicing, Seller
from orderhub.domain.lines import Attributes
from orderhub.domain.money import Money, UnitPrice
from orderhub.domain.order import Order
from orderhub.domain.people import Company, Membership, User
from orderhub.domain.shop import Cart, CartLine, Price, Product, Variant
from orderhub.domain.subscription import SubscriptionKind
from orderhub.services import manage_shops
from orderhub.services.issue_app import issue_app
from orderhub.services.issue_signer import issue_signer
from orderhub.services.manage_payment_accounts import set_account
from orderhub.services.metafields import NewMetafield, create_metafield
from orderhub.services.number_orders import dated_numbers
from orderhub.services.payment_link import LinkRequest, send_payment_link
from orderhub.services.place_cart_order import CartOrder, place_cart_order
from orderhub.services.record_payment import ReceivedPayment, record_payment
from orderhub.services.subscriptions import NewSubscription, subscribe
from tests.support import providers
from tests.support.api import LambdaContext, payload
from tests.support.bricklink import make
from tests.support.fakes import NOON, FakeMailer
from tests.support.hostile import FORM, JSON
from tests.support.oauth import header, signed
from tests.support.orders import TESTER, placed
from tests.support.silence import LISTENER

URL: Final = "https://api.example.com"
AGENT, CONSUMER, COMPANY = 1, 5, 1
TRANSACTION: Final = "UXI2KS784JOC9A0"

Event = dict[str, Any]
Sign = Callable[[Event], None]


@dataclass(frozen=True)
class Operation:
    """One route, and a request that it takes. ``body`` is what JSON bodies say, whole; ``fields``
    are an HTML form's. ``query`` has all parameters of the document.

    ``sign`` proves whose the request is, once all else stands; ``reseal`` makes a provider's
    request of other content.
    """

    function: str
    route: str
    path: Mapping[str, str] = field(default_factory=dict)
    query: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    body: Any = None
    max_body_bytes: int = 64 * 1024
    sign: Sign | None = field(default=None, repr=False)
    reseal: Callable[[Any], Event] | None = field(default=None, repr=False)

    @property
    def wire(self) -> str:
        return self.function.partition("/")[0]

    def request(self) -> Event:
        """API Gateway's event, not signed yet."""
        event = copy.deepcopy(payload(self.function))
        event["routeKey"] = event["requestContext"]["routeKey"] = self.route
        for name in ("authorization", "access-token", "x-api-access-token", "content-type"):
            event["headers"].pop(name, None)
        event["headers"] |= self.headers
        for name in ("body", "pathParameters", "queryStringParameters"):
            event.pop(name, None)
        event["rawQueryString"] = ""
        if self.path:
            event["pathParameters"] = dict(self.path)
            event["rawPath"] = re.sub(
                r"\{(\w+)\+?\}", lambda found: self.path[found[1]], self.route.split()[1]
            )
        if self.query:
            set_query(event, self.query)
        if self.body is not None:
            event["headers"].setdefault("content-type", JSON)
            event["body"] = json.dumps(self.body)
            event["isBase64Encoded"] = False
        return event


def set_query(event: Event, query: Mapping[str, str]) -> None:
    event["queryStringParameters"] = dict(query)
    event["rawQueryString"] = urlencode(query, errors="surrogatepass")


@dataclass(frozen=True)
class Answer:
    """``seconds`` are of this thread's processor time."""

    status: int
    headers: Mapping[str, str]
    text: str
    seconds: float

    @property
    def body(self) -> Any:
        return json.loads(self.text)


def answer(operation: Operation, event: Event) -> Answer:
    """What the function answers, the request signed at last."""
    if operation.sign:
        operation.sign(event)
    handler = importlib.import_module(
        f"functions.{operation.function.replace('/', '.')}.app"
    ).handler
    LISTENER.see_event(event)
    started = thread_time()
    given = handler(event, LambdaContext())
    seconds = thread_time() - started
    text = given["body"]
    if given.get("isBase64Encoded"):
        text = b64decode(text).decode("utf-8", "replace")
    assert set(given) <= {"statusCode", "headers", "body", "isBase64Encoded"}
    return Answer(given["statusCode"], given["headers"], text, seconds)


class Items:
    """What stands in an emulated table. Nonces of signatures aside: each request spends one."""

    def __init__(self, table: Table) -> None:
        self._table = table
        self._kept = copy.deepcopy(table.items)
        self._seen = self._look()

    def _look(self) -> dict[tuple[str, str], Any]:
        return {
            (str(pk.value), str(sk.value)): item.attrs
            for pk, of_key in self._table.items.items()
            for sk, item in of_key.items()
            if not str(pk.value).startswith("NONCE#")
        }

    def are_unchanged(self) -> bool:
        return self._look() == self._seen

    def changed(self) -> list[tuple[str, str]]:
        """The keys of what came, went or is another."""
        now = self._look()
        return [key for key in {**now, **self._seen} if now.get(key) != self._seen.get(key)]

    def restore(self) -> None:
        self._table.items = copy.deepcopy(self._kept)
        if self._table.stream_shard:
            # It grows, and moto copies it for every transaction.
            self._table.stream_shard.items.clear()
        self._seen = self._look()


class Place:
    """The shop ``demo`` of an application, and the operations on it by their routes."""

    def __init__(self, application: Application, outbox: FakeMailer) -> None:
        self._application, self._desk = application, application.desk
        self._clock, self._outbox = SystemClock(), outbox
        self.operations: dict[str, Operation] = {}
        for add in (
            self._marketplace,
            self._shoplazza,
            self._brandcloud,
            self._youhaosuda,
            self._bricklink,
            self._providers,
        ):
            add()

    def _add(self, function: str, route: str, **more: Any) -> None:
        self.operations[route] = Operation(function, route, **more)

    def _order(self, tail: int, **more: Any) -> Order:
        change = placed("demo", at=self._clock.now(), tail=tail, payment_timeout=3600, **more)
        self._desk.orders.commit(change)
        return change.order

    def _token(self, wire: str, **more: Any) -> str:
        issued = manage_shops.issue_credential(
            self._application.shops, self._clock, "demo", wire=wire, label=wire, **more
        )
        return issued.token

    # -- each API ----------------------------------------------------------------------------------

    def _marketplace(self) -> None:
        headers = {"authorization": f"Bearer {self._token('marketplace')}"}
        order, paid = self._order(1, name="TB1"), self._order(2, name="TB2")
        received = ReceivedPayment(
            provider="marketplace", transaction_id="T2", amount=Decimal("1.50")
        )
        record_payment(self._desk, paid, received, TESTER)
        new = json.loads(payload("marketplace/create_order")["body"])
        line = json.loads(payload("marketplace/create_line_item")["body"])
        pay = json.loads(payload("marketplace/pay_order")["body"])
        path = {"id": str(order.id)}
        edit = {**new, "merchant_order_no": "TB1", "kind": "taobao"}
        for function, route, more in (
            ("create_order", "POST /orders", {"body": new}),
            ("get_order", "GET /orders/{id}", {"path": path}),
            ("update_order", "PUT /orders/{id}", {"path": path, "body": edit}),
            ("create_line_item", "POST /orders/{id}/line_items", {"path": path, "body": line}),
            (
                "pay_order",
                "POST /orders/{id}/pay",
                {"path": path, "body": {**pay, "payment": "1.50"}},
            ),
            ("complete_order", "POST /orders/{id}/complete", {"path": {"id": str(paid.id)}}),
        ):
            self._add(f"marketplace/{function}", route, headers=headers, **more)

    def _shoplazza(self) -> None:
        price = Price(price=UnitPrice.of(64, "CNY"))
        variant = Variant(id="12177", name="M", prices={"CNY": price}, tracks_stock=True)
        catalog = self._desk.catalog
        catalog.put_product("demo", Product(id="3531", name="SCP200", variants=(variant,)))
        catalog.set_stock("demo", "3531", "12177", 100)
        body = json.loads(payload("shoplazza/create_order")["body"])
        address = {"area": "A", "company": "C", "phone_area_code": "86", "cpf": "1"}
        body["shipping_address"] |= address
        hour_ago = self._clock.now() - timedelta(hours=1)
        moment = hour_ago.isoformat(timespec="seconds").replace("+00:00", "Z")
        refund = {
            "line_item_index": 0,
            "product_id": "3531",
            "variant_id": "12177",
            "quantity": 1,
            "tax": "0.00",
            "discount": "0.00",
            "total": "5.00",
        }
        elsewhere = {
            "created_at": moment,
            "updated_at": moment,
            "order_status": "placed",
            "financial_status": "partially_refunded",
            "refund_total": "5.00",
            "refund_line_items": [refund],
        }
        headers = {"access-token": self._token("shoplazza")}
        for version, told in (("2022-01", body), ("2026-01", {**body, **elsewhere})):
            self._add(
                "shoplazza/create_order",
                f"POST /openapi/{version}/orders",
                headers={**headers, "idempotency-key": "a-key"},
                body=told,
                max_body_bytes=512 * 1024,
            )
        made = self.operations["POST /openapi/2022-01/orders"]
        shown = answer(made, {**made.request(), "headers": {**headers, "content-type": JSON}})
        assert shown.status == 200, shown.text
        found = re.search(r"/checkout/([\w-]+-\d+)/([\w-]+)", shown.text)
        assert found
        self._add(
            "checkout/show_order",
            "GET /checkout/{order_id}/{token}",
            path={"order_id": found[1], "token": found[2]},
            max_body_bytes=1024,
        )

    def _brandcloud(self) -> None:
        people, shops = self._application.people, self._application.shops
        company = Company(id=COMPANY, shop_id="demo", code="AAAA", name="Company A")
        people.put_company(company)
        user = User(
            id=AGENT,
            shop_id="demo",
            given_name="QQ",
            family_name="Wang",
            email="agent@example.com",
            current_company_id=COMPANY,
        )
        consumer = User(
            id=CONSUMER,
            shop_id="demo",
            given_name="CC",
            family_name="Lee",
            email="cc@example.com",
            default_address=Address(line1="ABC st.", city="Taichung"),
        )
        for person in (user, consumer):
            people.put_user(person)
        people.put_membership("demo", Membership(company_id=COMPANY, user_id=AGENT, may_sell=True))
        terms = Terms(payment_timeout=900, refund_window=86400)
        manage_shops.change_windows(shops, "demo", "brandcloud", lambda _: terms)
        agent, buyer = (
            self._token("brandcloud", user=user),
            self._token("brandcloud", user=consumer),
        )
        sale = self._rung_up("C1")
        paid = self._rung_up("C2", pays=True)
        by_paypal = self._rung_up("C3", method="paypal")
        self._cart("C00001")
        seller = "/user/company/order"
        number = {"order_number": sale.number}
        address = json.loads(payload("brandcloud/edit_order")["body"])["billing_address"]
        address["email"] = "lee@example.com"
        (invoice,) = paid.invoices
        for function, route, key, body in (
            ("list_orders", f"POST {seller}/list", agent, {"before": paid.number}),
            ("create_order", f"POST {seller}/create", agent, {"cart_id": "C00001", "type": "cash"}),
            ("pay_order", f"POST {seller}/payment", agent, {**number, "transaction_id": "T1"}),
            ("cancel_order", f"POST {seller}/cancel", agent, number),
            (
                "refund_order",
                f"POST {seller}/refund",
                agent,
                {"order_number": paid.number, "transaction_id": TRANSACTION},
            ),
            (
                "query_refund",
                f"POST {seller}/refund/query",
                agent,
                {"order_number": paid.number},
            ),
            ("get_order", f"POST {seller}/detail", agent, number),
            (
                "send_paypal_link",
                f"POST {seller}/paypal/send",
                agent,
                {"order_number": by_paypal.number, "email": "a@example.com"},
            ),
            ("confirm_purchase", "POST /order/confirmpurchase", buyer, number),
            ("edit_order", "POST /order/edit", buyer, {**number, "billing_address": address}),
        ):
            self._add(f"brandcloud/{function}", route, body={"api_key": key, **body})
        self._add(
            "brandcloud/get_partial_order",
            "GET /order/{order_number}/detail",
            path={"order_number": sale.number},
            headers={"authorization": buyer},
        )
        self._add(
            "brandcloud/download_invoice",
            "GET /order/{order_number}/invoice/{invoice_number}/download",
            path={"order_number": paid.number, "invoice_number": invoice.number},
            headers={"authorization": agent},
        )
        wanted = LinkRequest(email="c@example.com", seller="A", page_url="token={token}")
        send_payment_link(self._desk, self._outbox, by_paypal, wanted)
        token = re.search(r"token=(\S+)", self._outbox.sent[-1].text)
        assert token
        path = {"token": token[1]}
        self._add("brandcloud/get_transaction_result", "GET /transaction/{token}/result", path=path)
        self._add("checkout/show_payment", "GET /pay/{token}", path=path, max_body_bytes=1024)

    def _cart(self, name: str) -> None:
        lines = (CartLine("3531", "12177", 1),)
        cart = Cart(id=name, currency="CNY", lines=lines, created_at=NOON)
        self._desk.catalog.put_cart("demo", cart)

    def _rung_up(self, cart: str, *, method: str = "credit_card", pays: bool = False) -> Order:
        self._cart(cart)
        sold_by: Attributes = {
            "agent_id": AGENT,
            "retailer_id": COMPANY,
            "retailer_name": "Company A",
        }
        wanted = CartOrder(
            cart_id=cart,
            wire="brandcloud",
            terms=Terms(payment_timeout=3600, refund_window=86400),
            details=Details(payment_method=method, extensions={"brandcloud": sold_by}),
            number_of=dated_numbers(self._desk, "UTC", prefix="AAAA", suffix="OD"),
            invoicing=Invoicing(seller=Seller(id=str(COMPANY), name="Company A")),
        )
        order = place_cart_order(self._desk, "demo", wanted, TESTER).order
        if not pays:
            return order
        amount = Decimal(order.outstanding.decimal_text)
        received = ReceivedPayment(provider="payworks", transaction_id=TRANSACTION, amount=amount)
        return record_payment(self._desk, order, received, TESTER).order

    def _youhaosuda(self) -> None:
        app = issue_app(
            self._application.shops, self._clock, "demo", wire="youhaosuda", label="ERP"
        )
        headers = {"x-api-access-token": app.token}
        order, other = self._order(11, customer_id="4028"), self._order(12)
        beside = NewMetafield(
            name="erp", owner_resource="order", owner_id=order.id, fields={"shelf": 14}
        )
        metafield = create_metafield(self._desk, "demo", beside)
        told = NewSubscription(
            kind=SubscriptionKind.YOUHAOSUDA,
            url="http://93.184.216.34/orders",
            topics=("orders/paid",),
        )
        webhook = subscribe(self._application.subscription_desk, "demo", told).subscription
        id_of = {"order": order.id, "meta": metafield.id, "webhook": webhook.id}
        path = {kind: {"id": str(found)} for kind, found in id_of.items()}
        since = (self._clock.now() - timedelta(hours=1)).isoformat(timespec="seconds")
        filters = {
            "since_id": "1",
            "ids": f"{order.id},{other.id}",
            "id": str(order.id),
            "created_at_min": since,
            "created_at_max": "2099-01-01T00:00:00",
            "updated_at_min": since,
            "updated_at_max": "2099-01-01T00:00:00",
        }
        shown, paging = {"fields": "id"}, {"limit": "10", "page": "1"}
        of_orders = {**filters, "customer_id": "4028", "order_no": order.number}
        of_metas = {**filters, "name": "erp", "owner_resource": "order", "owner_id": str(order.id)}
        of_webhooks = {"since_id": "1", "topic": "orders/paid", "ids": str(webhook.id)}
        meta = {
            "name": "erp2",
            "owner_resource": "order",
            "owner_id": order.id,
            "fields": {"warehouse": "SZ-2"},
            "description": "单",
        }
        hook = {
            "address": "http://93.184.216.34/paid",
            "topic": "orders/create",
            "token": "a-token-of-its-own",
        }
        for function, route, more in (
            ("list_orders", "GET /v1/orders", {"query": {**of_orders, **shown, **paging}}),
            ("count_orders", "GET /v1/orders/count", {"query": of_orders}),
            ("get_order", "GET /v1/orders/{id}", {"path": path["order"], "query": shown}),
            (
                "update_order",
                "PUT /v1/orders/{id}",
                {"path": path["order"], "body": {"order": {"total_amount": 1.2}}},
            ),
            ("list_metafields", "GET /v1/metas", {"query": {**of_metas, **shown, **paging}}),
            ("count_metafields", "GET /v1/metas/count", {"query": of_metas}),
            ("create_metafield", "POST /v1/metas", {"body": {"meta": meta}}),
            ("get_metafield", "GET /v1/metas/{id}", {"path": path["meta"], "query": shown}),
            (
                "update_metafield",
                "PUT /v1/metas/{id}",
                {"path": path["meta"], "body": {"meta": {**meta, "owner_id": other.id}}},
            ),
            ("delete_metafield", "DELETE /v1/metas/{id}", {"path": path["meta"]}),
            ("get_fields", "GET /v1/metas/{id}/fields", {"path": path["meta"]}),
            (
                "set_fields",
                "POST /v1/metas/{id}/fields",
                {"path": path["meta"], "body": {"fields": {"warehouse": "SZ-2"}}},
            ),
            (
                "delete_fields",
                "DELETE /v1/metas/{id}/fields",
                {"path": path["meta"], "query": {"fields": "shelf"}},
            ),
            ("list_webhooks", "GET /v1/webhooks", {"query": {**of_webhooks, **shown, **paging}}),
            ("count_webhooks", "GET /v1/webhooks/count", {"query": of_webhooks}),
            ("create_webhook", "POST /v1/webhooks", {"body": {"webhook": hook}}),
            ("get_webhook", "GET /v1/webhooks/{id}", {"path": path["webhook"], "query": shown}),
            (
                "update_webhook",
                "PUT /v1/webhooks/{id}",
                {"path": path["webhook"], "body": {"webhook": hook}},
            ),
            ("delete_webhook", "DELETE /v1/webhooks/{id}", {"path": path["webhook"]}),
        ):
            self._add(f"youhaosuda/{function}", route, headers=headers, **more)
        basic = b64encode(f"{app.key}:{app.secret}".encode()).decode()
        self._add(
            "youhaosuda/issue_token",
            "POST /oauth2/token",
            headers={"authorization": f"Basic {basic}"},
            body={"grant_type": "client_credentials"},
        )

    def _bricklink(self) -> None:
        issued = issue_signer(
            self._application.shops,
            self._application.vault,
            self._clock,
            "demo",
            wire="bricklink",
            label="Desk",
        )

        def sign(event: Event) -> None:
            base = "/api/store/v1"
            path = re.sub(
                r"\{(\w+)\+?\}",
                lambda found: _quoted(event.get("pathParameters", {}).get(found[1], "")),
                event["routeKey"].split()[1],
            )
            assert path.startswith(base)
            query = event.get("rawQueryString")
            url = f"{URL}{path}?{query}" if query else f"{URL}{path}"
            method = event["requestContext"]["http"]["method"]
            is_form = event["headers"].get("content-type", "").startswith(FORM)
            form = event.get("body") or "" if is_form else ""
            if event.get("isBase64Encoded"):
                form = ""
            event["headers"].setdefault(
                "authorization", header(signed(issued.values, method, url, form=form))
            )

        order = make(self._application)
        path = {"order_id": str(order.id)}
        edit = json.loads(payload("bricklink/update_order")["body"])
        filters = {"direction": "in", "status": "pending,-purged", "filed": "false"}
        one = "/api/store/v1/orders/{order_id}"
        for function, route, more in (
            ("list_orders", "GET /api/store/v1/orders", {"query": filters}),
            ("get_order", f"GET {one}", {"path": path}),
            ("get_items", f"GET {one}/items", {"path": path}),
            ("get_messages", f"GET {one}/messages", {"path": path}),
            ("get_feedback", f"GET {one}/feedback", {"path": path}),
            ("update_order", f"PUT {one}", {"path": path, "body": edit}),
            (
                "update_status",
                f"PUT {one}/status",
                {"path": path, "body": {"field": "status", "value": "PACKED"}},
            ),
            (
                "update_payment_status",
                f"PUT {one}/payment_status",
                {"path": path, "body": {"field": "payment_status", "value": "Received"}},
            ),
            (
                "send_drive_thru",
                f"POST {one}/drive_thru",
                {"path": path, "query": {"mail_me": "false"}},
            ),
            (
                "reject_request",
                "ANY /api/store/v1/{proxy+}",
                {"path": {"proxy": "coupons"}},
            ),
            ("reject_request", "ANY /api/store/v1", {}),
        ):
            self._add(f"bricklink/{function}", route, sign=sign, **more)

    def _providers(self) -> None:
        order = self._order(21)
        amount = Money.of("1.50", "CNY")
        paypal, alipay, wechatpay = map(providers.key_pair, ("paypal", "alipay", "wechatpay"))
        accounts: dict[str, dict[str, Any]] = {
            "stripe": {"secrets": [providers.STRIPE_SECRET]},
            "paypal": {
                "settings": {"webhook_id": providers.PAYPAL_WEBHOOK_ID},
                "public_keys": {providers.PAYPAL_CERTIFICATE_URL: paypal.certificate_pem},
            },
            "alipay": {
                "settings": {"app_id": providers.ALIPAY_APP_ID},
                "public_keys": {"alipay": alipay.public_pem},
            },
            "wechatpay": {
                "settings": {"mchid": providers.WECHATPAY_MCHID},
                "public_keys": {wechatpay.serial: wechatpay.certificate_pem},
                "secrets": [providers.WECHATPAY_KEY],
            },
        }
        shops, store = self._application.shops, self._application.payment_account_store
        for provider, account in accounts.items():
            set_account(
                shops,
                store,
                lambda: self._application.vault,
                self._clock,
                "demo",
                provider,
                **account,
            )
        for provider, content, seal in (
            (
                "stripe",
                providers.stripe_payment_succeeded(order.id, amount),
                lambda text: providers.stripe_request(providers.STRIPE_SECRET, text),
            ),
            (
                "paypal",
                providers.paypal_capture_completed(order.id, amount),
                lambda text: providers.paypal_request(paypal, providers.PAYPAL_WEBHOOK_ID, text),
            ),
            (
                "alipay",
                providers.alipay_trade_success(order.id, amount),
                lambda text: providers.alipay_request(alipay, _texts(text)),
            ),
            (
                "wechatpay",
                providers.wechatpay_transaction(order.id, amount),
                lambda text: providers.wechatpay_request(
                    wechatpay, providers.WECHATPAY_KEY, "TRANSACTION.SUCCESS", text
                ),
            ),
        ):
            function = f"payment_webhooks/{provider}"
            self._add(
                function,
                f"POST /webhooks/payments/{provider}/{{shop_id}}",
                path={"shop_id": "demo"},
                body=content,
                max_body_bytes=256 * 1024,
                reseal=_resealed(function, seal),
            )


def _quoted(value: str) -> str:
    # What no client could send, a lone surrogate, is signed as something else.
    return quote(value, safe="", errors="replace")


Seal = Callable[[str], providers.SignedRequest]


def _resealed(function: str, seal: Seal) -> Callable[[Any], Event]:
    def reseal(content: Any) -> Event:
        event = copy.deepcopy(payload(function))
        event["pathParameters"] = {"shop_id": "demo"}
        request = seal(content if isinstance(content, str) else json.dumps(content))
        event["headers"] = dict(request.headers)
        event["body"] = b64encode(request.body).decode()
        event["isBase64Encoded"] = True
        return event

    return reseal


def _texts(text: str) -> dict[str, str]:
    """A JSON object as a form's fields."""
    told = json.loads(text, parse_float=str, parse_int=str, parse_constant=str)
    return {
        name: value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
        for name, value in told.items()
    }
