"""What is asked of each API, in the order in which a client would."""

import re
from base64 import b64encode
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from orderhub.domain import commands
from orderhub.domain.commands import Change
from orderhub.domain.correspondence import Party, Rating
from orderhub.domain.details import Actor, Address, Contact, Details
from orderhub.domain.errors import Busy
from orderhub.domain.events import Terms
from orderhub.domain.lines import Attributes, Charge, ChargeKind, Discount, LineRequest
from orderhub.domain.money import Money, UnitPrice
from orderhub.domain.order import Order
from orderhub.domain.payment import Payment, PaymentState
from orderhub.domain.people import Company, Membership, User
from orderhub.domain.shop import Cart, CartLine, Price, Product, Scope, Variant
from orderhub.domain.subscription import SubscriptionKind
from orderhub.services.find_order import find_order
from orderhub.services.issue_app import issue_app
from orderhub.services.issue_signer import SignerValues, issue_signer
from orderhub.services.manage_payment_accounts import set_account
from orderhub.services.place_order import place_order
from tests.integration.answers.stage import SHOP, Stage, at
from tests.support import providers
from tests.support.oauth import OAuth1

SYSTEM: Final = Actor("system", "cred_1", "Desk")
_SIGNED_BY: Final = ("consumer-key", "consumer-secret", "token-value", "token-secret")
LARGE: Final = '{"note": "' + "x" * 600_000 + '"}'


@dataclass(frozen=True)
class Story:
    begin: datetime
    """When the order was made whose id the payloads of ``events/`` name."""
    play: Callable[[Stage, Any], None]


def marketplace(stage: Stage, table: Any) -> None:
    stage.issue("demo-marketplace-token")
    stage.issue("reader", Scope.READ_ORDERS)
    stage.headers = {"authorization": "Bearer demo-marketplace-token"}
    stage.show("new", "create_order")
    stage.wait(1.25)
    stage.show("new", "create_line_item")
    stage.show("repeat", "create_order")
    stage.show("repeat", "create_line_item")
    stage.show("order", "get_order")
    stage.wait(60)
    stage.show("order", "update_order")
    stage.wait(60)
    stage.show("order", "pay_order")
    stage.tell("event", SubscriptionKind.STANDARD, "order.paid", "order.paid", table)
    stage.tell("event", SubscriptionKind.STANDARD, "payment.captured", "payment.captured", table)
    stage.tell("youhaosuda.orders", SubscriptionKind.YOUHAOSUDA, "orders/paid", "order.paid", table)
    stage.tell(
        "youhaosuda.payments",
        SubscriptionKind.YOUHAOSUDA,
        "payments/update",
        "payment.captured",
        table,
    )
    stage.wait(3600)
    order = _order(stage, "TB20261121000001")
    _do(stage, order, lambda change: commands.ship(change, carrier="顺丰", tracking_number="SF1"))
    stage.tell("event", SubscriptionKind.STANDARD, "shipment.sent", "shipment.sent", table)
    stage.tell(
        "youhaosuda.shipments",
        SubscriptionKind.YOUHAOSUDA,
        "shipments/update",
        "shipment.sent",
        table,
    )
    stage.wait(86_400)
    stage.show("order", "complete_order")
    stage.show("state", "create_line_item", price="1.00")
    stage.show("fields", "create_line_item", price="cheap", quantity=None)
    stage.show("not JSON", "pay_order", raw='{"payment": ')
    stage.show("no token", "get_order", is_known=False)
    reader = {"authorization": "Bearer reader"}
    stage.show("no scope", "pay_order", headers=reader)
    stage.show("no such order", "get_order", route="GET /orders/TB20261121000009")
    stage.show("too large", "pay_order", raw=LARGE)
    stage.show("another content type", "pay_order", media="text/plain")
    _fail(stage, "get_order")


def shoplazza(stage: Stage, table: Any) -> None:
    stage.issue("demo-shoplazza-token")
    stage.issue("reader", Scope.READ_ORDERS)
    stage.headers = {"access-token": "demo-shoplazza-token"}
    stage.show("order", "create_order")
    stage.tail = 1
    stage.wait(0.001)
    newer = "POST /openapi/2026-01/orders"
    stage.show("order", "create_order", route=newer, headers={"idempotency-key": "B-000001"})
    paid = {"financial_status": "paid", "created_at": "2026-11-16T12:00:00Z"}
    stage.show("sold elsewhere", "create_order", route=newer, **paid)
    stage.tell("shoplazza.orders", SubscriptionKind.SHOPLAZZA, "orders/paid", "order.paid", table)
    stage.show(
        "key",
        "create_order",
        route=newer,
        headers={"idempotency-key": "B-000001"},
        note="Another.",
    )
    line = {"product_id": "3531", "variant_id": "12177", "quantity": 2}
    stage.show("fields", "create_order", tax_total=None, line_items=[{"quantity": 2}])
    stage.show("currency", "create_order", currency_code="EUR")
    stage.show("product", "create_order", line_items=[{**line, "product_id": "9"}])
    catalog = stage.application.desk.catalog
    counted = Variant(
        id="12180", prices={"CNY": Price(price=UnitPrice.of("39.00", "CNY"))}, tracks_stock=True
    )
    catalog.put_product(SHOP, Product(id="3536", name="Mug", variants=(counted,)))
    sold_out = {"product_id": "3536", "variant_id": "12180", "quantity": 1}
    stage.show("stock", "create_order", line_items=[sold_out])
    stage.show("no token", "create_order", is_known=False)
    stage.show("no scope", "create_order", headers={"access-token": "reader"})
    stage.show("no order", "create_order", raw="[]")
    _fail(stage, "create_order")


def brandcloud(stage: Stage, _table: Any) -> None:
    _company(stage)
    for token, user in (("e4cbcdc2faff41a7e311", 1), ("consumer", 5)):
        stage.issue(token, user=user)
    _carts(stage)
    made = stage.show("created", "create_order")
    first = made["order_number"]
    stage.show("repeat", "create_order")
    stage.show("lacking", "create_order", type=None)
    stage.show("cart", "create_order", cart_id="C00009")
    stage.show("products", "create_order", cart_id="C00005")
    stage.number = 2
    second = stage.ask("create_order", cart_id="C00002").json()["order_number"]
    stage.number = 3
    third = stage.ask("create_order", cart_id="C00003", type="credit_card_consumer_app").json()
    stage.number = 4
    mailed = stage.ask("create_order", cart_id="C00004", type="PayPal").json()["order_number"]
    stage.headers = {"authorization": "consumer"}
    detail = f"GET /order/{third['order_number']}/detail"
    stage.show("order", "get_partial_order", route=detail)
    stage.show("unknown", "get_partial_order", route="GET /order/AAAA160401000009OD/detail")
    stage.headers = {}
    stage.show("consumer", "confirm_purchase", api_key="consumer", order_number=first)
    stage.show("not signed in", "confirm_purchase", api_key="nobody")
    stage.show("nothing", "edit_order", api_key="consumer", order_number=first)
    stage.show("form", "edit_order", api_key="consumer", order_number=first, billing_address={})
    stage.show("not signed in", "edit_order", api_key="nobody")
    stage.wait(60)
    stage.show("open", "refund_order", order_number=first)
    stage.show("open", "query_refund", order_number=first)
    stage.show("nothing", "pay_order", order_number=first)
    stage.show("paid", "pay_order", order_number=first, transaction_id="UXI2KS784JOC9A1")
    stage.show("repeated", "pay_order", order_number=second)
    stage.show("paid", "cancel_order", order_number=first)
    stage.wait(60)
    stage.show("nothing", "query_refund", order_number=first)
    stage.headers = {"authorization": "e4cbcdc2faff41a7e311"}
    order = stage.show("order", "get_order", order_number=first)
    (invoice,) = order["invoices"]
    path = f"GET /order/{first}/invoice/{{}}/download"
    assert stage.ask("download_invoice", route=path.format(invoice["number"])).status_code == 200
    stage.show("unknown", "download_invoice", route=path.format("AAAA160401000009IN"))
    stage.headers = {}
    stage.show("unknown", "get_order", order_number="AAAA160401000009OD")
    stage.show("nothing", "refund_order", order_number=first)
    stage.show("refunded", "refund_order", order_number=first)
    stage.show("nothing", "cancel_order", order_number=second)
    stage.show("nothing", "send_paypal_link", order_number=mailed)
    stage.show("other means", "send_paypal_link", order_number=third["order_number"])
    found = re.search(r"/pay/(\S+)", stage.outbox.sent[-1].text)
    assert found
    result = f"GET /transaction/{found[1]}/result"
    stage.show("info", "get_transaction_result", route=result)
    _do(
        stage,
        _order(stage, mailed),
        lambda change: commands.capture_payment(
            change,
            Payment(
                id=0,
                provider="paypal",
                transaction_id="123546876",
                amount=change.order.total,
                state=PaymentState.CAPTURED,
                created_at=stage.now,
                updated_at=stage.now,
                payer="a@gmail.com",
            ),
        ),
    )
    stage.show("success", "get_transaction_result", route=result)
    stage.number = 6
    again = stage.ask("create_order", cart_id="C00006", type="PayPal").json()["order_number"]
    stage.ask("send_paypal_link", order_number=again)
    found = re.search(r"/pay/(\S+)", stage.outbox.sent[-1].text)
    assert found
    stage.wait(16 * 60)
    stage.show("fail", "get_transaction_result", route=f"GET /transaction/{found[1]}/result")
    unknown = "GET /transaction/e4cbcdc2faff41a7e312/result"
    stage.show("unknown", "get_transaction_result", route=unknown)
    stage.show("orders", "list_orders")
    stage.show("lacking", "list_orders", api_key="")
    _fail(stage, "get_order", order_number=first)


def youhaosuda(stage: Stage, _table: Any) -> None:
    desk = stage.application.desk
    app = issue_app(
        stage.application.shops,
        desk.clock,
        SHOP,
        wire="youhaosuda",
        label="ERP",
        key="demo-app-key",
        secret="demo-app-secret-0001",
    )
    stage.issue("reader", Scope.READ_ORDERS)
    basic = {"authorization": f"Basic {b64encode(f'{app.key}:{app.secret}'.encode()).decode()}"}
    stage.show("done", "issue_token", headers=basic)
    stage.show("refused", "issue_token", headers=basic, raw="grant_type=password")
    stage.show("refused", "issue_token", is_known=False)
    stage.headers = {"x-api-access-token": app.token}

    place_order(desk, SHOP, _placement("CNY"), SYSTEM)
    order = 3474690969600001
    stage.show("wrong", "update_order", order={"total_amount": -1})
    stage.show("done", "update_order")
    stage.show("some attributes", "get_order")
    stage.show("some attributes", "list_orders")
    stage.show("wrong", "list_orders", route="GET /v1/orders?limit=ten")
    wrong_time = "GET /v1/orders/count?created_at_min=yesterday"
    stage.show("wrong", "count_orders", route=wrong_time)
    stage.show("done", "count_orders", route="GET /v1/orders/count")
    _do(stage, _order(stage, str(order)), _pay)
    stage.show("done", "get_order", route=f"GET /v1/orders/{order}")
    stage.show("wrong", "update_order")
    for event in ("get_order", "update_order"):
        method = "PUT" if event == "update_order" else "GET"
        stage.show("missing", event, route=f"{method} /v1/orders/3474690969609999")
    stage.show("done", "list_orders", route="GET /v1/orders?limit=10")

    stage.tail = 1
    stage.show("done", "create_metafield")
    stage.show("wrong", "create_metafield")
    stage.show("done", "get_metafield")
    stage.show("done", "get_fields")
    stage.show("done", "set_fields")
    stage.show("wrong", "set_fields", fields={"a": [1]})
    stage.show("done", "delete_fields")
    no_query = "DELETE /v1/metas/3474690969600001/fields"
    stage.show("wrong", "delete_fields", route=no_query, fields=[])
    stage.show("done", "update_metafield")
    stage.show("done", "list_metafields")
    stage.show("wrong", "list_metafields", route="GET /v1/metas?limit=ten")
    stage.show("done", "count_metafields")
    stage.show("wrong", "count_metafields", route="GET /v1/metas/count?owner_id=mine")
    stage.show("done", "delete_metafield")
    meta = "/v1/metas/3474690969609999"
    for event, method, path in (
        ("get_metafield", "GET", meta),
        ("update_metafield", "PUT", meta),
        ("delete_metafield", "DELETE", meta),
        ("get_fields", "GET", f"{meta}/fields"),
        ("set_fields", "POST", f"{meta}/fields"),
        ("delete_fields", "DELETE", f"{meta}/fields"),
    ):
        stage.show("missing", event, route=f"{method} {path}")

    stage.tail = 2
    stage.show("done", "create_webhook")
    stage.show(
        "wrong", "create_webhook", webhook={"address": "https://127.0.0.1/", "topic": "orders/paid"}
    )
    stage.show("done", "get_webhook")
    stage.show("done", "list_webhooks")
    stage.show("wrong", "list_webhooks", route="GET /v1/webhooks?limit=ten")
    stage.show("done", "count_webhooks")
    stage.show("wrong", "count_webhooks", route="GET /v1/webhooks/count?limit=ten")
    stage.show("done", "update_webhook")
    stage.show("done", "delete_webhook")
    for event, method in (
        ("get_webhook", "GET"),
        ("update_webhook", "PUT"),
        ("delete_webhook", "DELETE"),
    ):
        stage.show("missing", event, route=f"{method} /v1/webhooks/3474690969609999")
    stage.show("refused", "get_order", is_known=False)
    stage.show("refused", "update_order", headers={"x-api-access-token": "reader"})
    _fail(stage, "get_order")


def bricklink(stage: Stage, _table: Any) -> None:
    application = stage.application
    values = SignerValues(*(f"demo-{name}-0001" for name in _SIGNED_BY))
    issue_signer(
        application.shops,
        application.vault,
        application.desk.clock,
        SHOP,
        wire="bricklink",
        label="Desk",
        values=values,
    )
    place_order(application.desk, SHOP, _placement("EUR"), SYSTEM)
    order = _order(stage, "3474690969600001")
    _do(stage, order, _correspond)
    drawn = iter(range(1_000))

    class Signed(OAuth1):
        def auth_flow(self, request: Any) -> Any:
            self._client.nonce = f"{next(drawn):08d}"
            self._client.timestamp = str(int(stage.now.timestamp()))
            return super().auth_flow(request)

    stage.auth = Signed(values, realm="")
    stage.show("done", "list_orders")
    stage.show("invalid", "list_orders", route="GET /api/store/v1/orders?direction=up")
    for event in ("get_order", "get_items", "get_messages", "get_feedback"):
        stage.show("done", event)
    stage.show("done", "update_order")
    stage.show("invalid", "update_order", cost={"shipping": "-1"})
    stage.show("done", "update_status")
    stage.show("done", "update_payment_status")
    stage.show("forbidden", "update_payment_status", value="Sent")
    stage.show("done", "send_drive_thru")
    place_order(application.desk, SHOP, _placement("EUR"), SYSTEM)
    cancelled = "PUT /api/store/v1/orders/3474690969600002/status"
    stage.ask("update_status", route=cancelled, value="CANCELLED")
    stage.show("forbidden", "update_status", route=cancelled, value="PAID")
    at_none = "/api/store/v1/orders/3474690969609999"
    for event, method, tail in (
        ("get_order", "GET", ""),
        ("get_items", "GET", "/items"),
        ("get_messages", "GET", "/messages"),
        ("get_feedback", "GET", "/feedback"),
        ("update_order", "PUT", ""),
        ("update_status", "PUT", "/status"),
        ("update_payment_status", "PUT", "/payment_status"),
        ("send_drive_thru", "POST", "/drive_thru"),
    ):
        stage.show("missing", event, route=f"{method} {at_none}{tail}")
    stage.show("not signed", "get_order", is_known=False)
    with stage.failing(Busy("throttled")):
        stage.show("busy", "get_order")


def payment_webhooks(stage: Stage, _table: Any) -> None:
    application, keys = stage.application, providers.key_pair("provider")
    paypal, url = providers.paypal_keys(), providers.PAYPAL_CERTIFICATE_URL
    accounts: dict[str, dict[str, Any]] = {
        "stripe": {"secrets": [providers.STRIPE_SECRET]},
        "paypal": {
            "settings": {"webhook_id": providers.PAYPAL_WEBHOOK_ID},
            "public_keys": {url: paypal.certificate_pem},
        },
        "alipay": {
            "settings": {"app_id": providers.ALIPAY_APP_ID},
            "public_keys": {"alipay": keys.public_pem},
        },
        "wechatpay": {
            "settings": {"mchid": providers.WECHATPAY_MCHID},
            "public_keys": {keys.serial: keys.certificate_pem},
            "secrets": [providers.WECHATPAY_KEY],
        },
    }
    for provider, account in accounts.items():
        set_account(
            application.shops,
            application.payment_account_store,
            lambda: application.vault,
            application.desk.clock,
            SHOP,
            provider,
            **account,
        )
    order, amount, now = 3474213212160001, Money.of("128.00", "CNY"), stage.now
    signed = {
        "stripe": providers.stripe_request(
            providers.STRIPE_SECRET, providers.stripe_payment_succeeded(order, amount), at=now
        ),
        "paypal": providers.paypal_request(
            paypal,
            providers.PAYPAL_WEBHOOK_ID,
            providers.paypal_capture_completed(order, amount),
            at=now,
        ),
        "alipay": providers.alipay_request(
            keys, providers.alipay_trade_success(order, amount, at=now)
        ),
        "wechatpay": providers.wechatpay_request(
            keys,
            providers.WECHATPAY_KEY,
            "TRANSACTION.SUCCESS",
            providers.wechatpay_transaction(order, amount),
            at=now,
        ),
    }
    unreadable = {
        "stripe": providers.stripe_request(providers.STRIPE_SECRET, "[]", at=now),
        "paypal": providers.paypal_request(paypal, providers.PAYPAL_WEBHOOK_ID, "[]", at=now),
        "alipay": providers.SignedRequest(signed["alipay"].headers, b"{}"),
        "wechatpay": providers.wechatpay_request(
            keys, providers.WECHATPAY_KEY, "TRANSACTION.SUCCESS", "[]", at=now
        ),
    }
    for provider, request in signed.items():
        sent = _notification(request)
        with stage.failing(Busy("throttled")):
            stage.show("busy", provider, **sent)
        with stage.failing(RuntimeError("a fault")):
            stage.show("fault", provider, **sent)
        stage.show("taken", provider, **sent)
        nowhere = f"POST /webhooks/payments/{provider}/nowhere"
        stage.show("no account", provider, route=nowhere, **sent)
        stage.show("changed on its way", provider, **{**sent, "raw": sent["raw"] + "&x=y"})
        stage.show("unreadable", provider, **_notification(unreadable[provider]))
        stage.show("too large", provider, **{**sent, "raw": LARGE})


def _notification(request: providers.SignedRequest) -> dict[str, Any]:
    return {
        "raw": request.body.decode(),
        "media": request.headers["content-type"],
        "headers": request.headers,
    }


STORIES: Final = {
    "marketplace": Story(at("2026-11-17T02:09:45"), marketplace),
    "shoplazza": Story(at("2026-11-17T02:09:45"), shoplazza),
    "brandcloud": Story(at("2016-04-01T06:23:17"), brandcloud),
    "youhaosuda": Story(at("2026-11-18T10:33:45"), youhaosuda),
    "bricklink": Story(at("2026-11-18T10:33:45"), bricklink),
    "payment_webhooks": Story(at("2026-11-21T09:00:00"), payment_webhooks),
}


# -- what is there ---------------------------------------------------------------------------------


def _fail(stage: Stage, event: str, **changes: Any) -> None:
    with stage.failing(Busy("throttled")):
        stage.show("busy", event, **changes)
    with stage.failing(RuntimeError("a fault")):
        stage.show("fault", event, **changes)


def _order(stage: Stage, name: str) -> Order:
    return find_order(stage.application.desk, SHOP, name)


def _do(stage: Stage, order: Order, step: Callable[[Change], object]) -> None:
    change = Change(order, stage.now, SYSTEM)
    step(change)
    stage.application.desk.orders.commit(change)


def _pay(change: Change) -> None:
    commands.capture_payment(
        change,
        Payment(
            id=0,
            provider="wechatpay",
            transaction_id="1001760211201504290098766161",
            amount=change.order.total,
            state=PaymentState.CAPTURED,
            created_at=change.order.created_at,
            updated_at=change.order.created_at,
        ),
    )


def _correspond(change: Change) -> None:
    commands.add_message(
        change,
        subject="Delivery",
        body="When will it be sent?",
        sender="brickfan",
        recipient="demo",
    )
    commands.give_feedback(
        change,
        Party.SELLER,
        Rating.PRAISE,
        sender="brickfan",
        recipient="demo",
        comment="Thank you!",
    )


def _placement(currency: str) -> commands.Placement:
    is_bricks = currency == "EUR"
    bricks: Attributes = {
        "inventory_id": 41907,
        "type": "PART",
        "category_id": 5,
        "color_id": 5,
        "color_name": "Red",
        "new_or_used": "N",
        "weight": "2.32",
    }
    return commands.Placement(
        wire="bricklink" if is_bricks else "marketplace",
        currency=currency,
        terms=Terms(),
        details=Details(
            customer=Contact(id="4028", name="brickfan", email="brickfan@example.com"),
            shipping_address=Address(
                full_name="Erika Mustermann",
                given_name="Erika",
                family_name="Mustermann",
                phone="+49 221 555 0100",
                line1="Heidestraße 17",
                city="Köln",
                postal_code="51147",
                country="Germany",
                country_code="DE",
            )
            if is_bricks
            else Address(
                full_name="友好速搭",
                phone="0755-83051027",
                line1="科技园新西路7号兰光科技园B801",
                district="南山区",
                city="深圳市",
                province="广东省",
                country="中国",
                country_code="CN",
            ),
            payment_method="PayPal" if is_bricks else "wechatpay",
        ),
        lines=[
            LineRequest(
                product_id="3001" if is_bricks else "3531",
                variant_id="" if is_bricks else "12177",
                quantity=10 if is_bricks else 3,
                unit_price=UnitPrice.of("2.5420" if is_bricks else "21.90", currency),
                name="Brick 2 x 4" if is_bricks else "梵·SCP200",
                sku="" if is_bricks else "SPC00001",
                options="" if is_bricks else "尺码:白色,颜色:L",
                attributes=bricks if is_bricks else {},
            )
        ],
        charges=(Charge(kind=ChargeKind.SHIPPING, amount=Money.of("4.90", currency)),),
        discounts=(Discount(amount=Money.of("0.50", currency), kind="credit"),),
    )


def _company(stage: Stage) -> None:
    people = stage.application.people
    people.put_company(
        Company(
            id=1,
            shop_id=SHOP,
            code="AAAA",
            name="Company A",
            address=Address(
                line1="333 West San Carlos Street Suite 1500",
                city="San Jose",
                province="CA",
                postal_code="95110",
                country="United States",
            ),
            cover_images={
                f"px{size}": f"https://images.example/{size}p.jpeg"
                for size in (240, 480, 720, 1080)
            },
        )
    )
    agent = User(
        id=1,
        shop_id=SHOP,
        given_name="QQ",
        family_name="Wang",
        email="a@gmail.com",
        current_company_id=1,
    )
    consumer = User(
        id=5,
        shop_id=SHOP,
        given_name="CC",
        family_name="Lee",
        title=1,
        phone="0912345678",
        email="cc@example.com",
        default_address=Address(
            line1="ABC st.",
            city="Taichung",
            province="Taiwan",
            postal_code="30123",
            country="R.O.C.",
        ),
    )
    for person in (agent, consumer):
        people.put_user(person)
    people.put_membership(SHOP, Membership(company_id=1, user_id=1, may_sell=True))


def _carts(stage: Stage) -> None:
    catalog = stage.application.desk.catalog
    prices = {
        "1": {
            "JPY": Price(
                price=UnitPrice.of(25300, "JPY"), discount_price=UnitPrice.of(24414, "JPY")
            )
        },
        "2": {
            "CHF": Price(
                price=UnitPrice.of("1358.85", "CHF"), discount_price=UnitPrice.of("1069.47", "CHF")
            )
        },
        "3": {"EUR": Price(price=UnitPrice.of(100, "EUR"))},
    }
    for item, price in prices.items():
        catalog.put_product(
            SHOP,
            Product(
                id=item,
                name=f"Test Item {item}",
                number=f"AAAA000000000{item}PD",
                attributes={
                    "company_id": 1,
                    "company_name": "Company Test",
                    "item_number": f"Test-Item-{item}",
                },
                variants=(Variant(id="2", name="Variant Test", sku=f"V{item}", prices=price),),
            ),
        )
    carts = {
        "C00001": ("JPY", "1"),
        "C00002": ("CHF", "2"),
        "C00003": ("JPY", "1"),
        "C00004": ("EUR", "3"),
        "C00005": ("EUR", "1"),
        "C00006": ("EUR", "3"),
    }
    for name, (currency, item) in carts.items():
        lines = (CartLine(item, "2", 1),)
        catalog.put_cart(
            SHOP, Cart(id=name, currency=currency, lines=lines, created_at=stage.begin)
        )
