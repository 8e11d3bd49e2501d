"""Each permission of each function is needed: without it, what the function is for fails.

IAM is enforced by the local cloud, so removing one action from a role shows at once.
"""

import json
import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from decimal import Decimal
from functools import partial
from typing import Any

import httpx
import pytest

from local import mail
from local.subscriber import subscriber
from orderhub.adapters.dynamodb import items, stream
from orderhub.adapters.dynamodb.items import ORDERS_PER_HINT
from orderhub.adapters.dynamodb.orders import DynamoOrders
from orderhub.adapters.system import SystemClock
from orderhub.domain import commands, identity
from orderhub.domain.commands import Change
from orderhub.domain.details import Contact, Details
from orderhub.domain.events import Terms
from orderhub.domain.invoice import Invoicing, Seller
from orderhub.domain.lines import Attributes
from orderhub.domain.order import Order
from orderhub.domain.stock import StockTaken
from orderhub.domain.subscription import Subscription, SubscriptionKind
from orderhub.ports import LateOrder, Mail, NumberManifest
from orderhub.services.index_numbers import SMALLEST
from orderhub.services.manage_payment_accounts import set_account
from orderhub.services.metafields import NewMetafield, create_metafield
from orderhub.services.number_orders import dated_numbers
from orderhub.services.payment_link import LinkRequest, send_payment_link
from orderhub.services.place_cart_order import CartOrder, place_cart_order
from orderhub.services.rank_orders import STEP
from orderhub.services.record_payment import ReceivedPayment, record_payment
from orderhub.services.subscriptions import (
    NewSubscription,
    remove_subscription,
    subscribe,
)
from orderhub.services.visit_checkout import CHECKOUT_TOKEN, checkout_path, new_checkout_token
from tests.e2e.conftest import (
    AGENT,
    COMPANY,
    COMPANY_CODE,
    ON_THE_CLOUD,
    Counter,
    Deployment,
    Shop,
    new_app,
    new_signer,
    new_store,
    notification,
)
from tests.support.api import payload
from tests.support.figures import tried
from tests.support.oauth import SignedClient
from tests.support.orders import TESTER, payment, placed
from tests.support.providers import (
    ALIPAY_APP_ID,
    PAYPAL_CERTIFICATE_URL,
    PAYPAL_WEBHOOK_ID,
    STRIPE_SECRET,
    WECHATPAY_KEY,
    WECHATPAY_MCHID,
    SignedRequest,
    alipay_request,
    alipay_trade_success,
    key_pair,
    paypal_capture_completed,
    paypal_keys,
    paypal_request,
    stripe_payment_succeeded,
    stripe_request,
    wechatpay_request,
    wechatpay_transaction,
)
from tests.support.store_orders import store_order
from tests.support.table import streamed

pytestmark = ON_THE_CLOUD


@dataclass(frozen=True)
class Site:
    """Where scenarios run. What they make is known to no warm function."""

    deployment: Deployment
    make_shop: Callable[..., Shop]
    make_counter: Callable[..., Counter]


Scenario = Callable[[Site], bool]
"""Does all that a function is for, with a shop nobody knows yet; returns whether it worked."""


def good(*answers: httpx.Response) -> bool:
    assert all(answer.status_code < 300 or answer.status_code == 500 for answer in answers)
    return all(answer.status_code < 300 for answer in answers)


def unpaid_order(deployment: Deployment, shop: Shop, *, paid: bool = False) -> str:
    """An order written past the functions, since one of them lacks a permission now."""
    change = placed(shop.id, at=SystemClock().now(), payment_timeout=600)
    deployment.application.desk.orders.commit(change)
    if paid:
        paying = Change(change.order, change.now, TESTER)
        commands.capture_payment(paying, payment("1.50", f"P{change.order.id}"))
        deployment.application.desk.orders.commit(paying)
    return f"/orders/{change.order.id}"


PIECES = (StockTaken("3000", "3000", 1),)
"""What orders of these scenarios take from the stock."""


def stock_up(deployment: Deployment, shop_id: str) -> None:
    for taken in PIECES:
        deployment.application.desk.catalog.set_stock(shop_id, *taken.item, taken.quantity)


def creates(site: Site) -> bool:
    # A name that could be an id takes one more look.
    body = notification(str(identity.order_id(SystemClock().now(), 1) + 1))
    with site.make_shop().client() as api:
        return good(api.post("/orders", json=body), api.post("/orders", json=body))


def reads(site: Site) -> bool:
    shop = site.make_shop()
    with shop.client() as api:
        return good(api.get(unpaid_order(site.deployment, shop)))


def updates(site: Site) -> bool:
    shop = site.make_shop()
    with shop.client() as api:
        name = str(identity.order_id(SystemClock().now(), 1) + 1)
        return good(api.put(unpaid_order(site.deployment, shop), json=notification(name)))


def adds_lines(site: Site) -> bool:
    shop = site.make_shop()
    line = {"product_id": "1", "price": 1, "quantity": 1}
    with shop.client() as api:
        return good(api.post(f"{unpaid_order(site.deployment, shop)}/line_items", json=line))


def pays(site: Site) -> bool:
    shop = site.make_shop()
    body = {"merchant_trade_no": "T1", "payment": 1}
    with shop.client() as api:
        return good(api.post(f"{unpaid_order(site.deployment, shop)}/pay", json=body))


def completes(site: Site) -> bool:
    shop = site.make_shop()
    with shop.client() as api:
        return good(api.post(f"{unpaid_order(site.deployment, shop, paid=True)}/complete"))


def invoked(deployment: Deployment, function: str, event: object) -> Any:
    """What a function returned; ``None`` when it failed."""
    answer = deployment.aws("lambda").invoke(
        FunctionName=deployment.stack.resources[function], Payload=json.dumps(event).encode()
    )
    result = json.loads(answer["Payload"].read())
    return None if "FunctionError" in answer else result


def finds_due(site: Site) -> bool:
    return invoked(site.deployment, "FindDue", payload("workflows/find_due")) is not None


def closes_due(site: Site) -> bool:
    past = SystemClock().now() - timedelta(hours=1)
    # So long that its lines stand beside it.
    change = placed(site.make_shop().id, at=past, payment_timeout=60, stock=PIECES, lines=60)
    stock_up(site.deployment, change.order.shop_id)
    site.deployment.application.desk.orders.commit(change)
    event = {
        **payload("workflows/close_due"),
        "orders": [f"{change.order.shop_id}/{change.order.id}"],
    }
    return invoked(site.deployment, "CloseDue", event) is not None


def publishes(site: Site) -> bool:
    shop = site.make_shop()
    made = subscribed(site, shop, "http://127.0.0.1:9099/")
    change = placed(shop.id)
    record = payload("streams/publish_events")["Records"][0]
    (item,) = items.events(change.order, change.recorded)
    record["dynamodb"]["NewImage"] = streamed(item)
    unreadable = payload("streams/publish_events")["Records"][0]
    unreadable["dynamodb"]["NewImage"] = {}
    answer = invoked(site.deployment, "PublishEvents", {"Records": [record, unreadable]})
    # What was queued is for nobody then.
    desk = site.deployment.application.subscription_desk
    remove_subscription(desk, shop.id, made.id)
    return bool(answer == {"batchItemFailures": []})


def lays_milestones(site: Site) -> bool:
    """And indexes numbers, beside what one that was cut off left: a segment, and a note."""
    shop = site.make_shop()
    desk = site.deployment.application.desk
    past = SystemClock().now() - timedelta(hours=1)
    before = identity.first_order_id(past) - 1
    # Of ids that don't have the function run by itself.
    tails = [tail for tail in range(2 * SMALLEST) if tail % ORDERS_PER_HINT]
    made = [placed(shop.id, at=past, tail=tail) for tail in tails[:SMALLEST]]
    stored = DynamoOrders(site.deployment.table, site.deployment.outputs["TableName"], 4)
    stored.put_all(made)
    desk.numbers.write(shop.id, "cut-off", [(before, "x")], [])
    desk.numbers.note_late(shop.id, LateOrder(before, "x", past))
    begun = NumberManifest(frontier_id=before, building="cut-off")
    assert desk.numbers.replace(shop.id, NumberManifest(), begun)
    record = payload("streams/lay_milestones")["Records"][0]
    record["dynamodb"]["Keys"]["pk"]["S"] = f"SHOP#{shop.id}#ORDER#{made[0].order.id}"
    event = {"Records": [record]}
    answer = site.deployment.aws("lambda").invoke(
        FunctionName=site.deployment.stack.resources["LayMilestones"],
        Payload=json.dumps(event).encode(),
    )
    laid = desk.ranks.before_rank(shop.id, STEP)
    indexed = desk.numbers.manifest(shop.id).segments
    return (
        "FunctionError" not in answer
        and laid.rank == STEP
        and [segment.count for segment in indexed] == [SMALLEST]
        and not desk.numbers.late(shop.id)
    )


# -- webhooks --------------------------------------------------------------------------------------


def subscribed(site: Site, shop: Shop, url: str, *, kind: str = "standard") -> Subscription:
    wanted = NewSubscription(kind=SubscriptionKind(kind), url=url, topics=("*",))
    desk = site.deployment.application.subscription_desk
    return subscribe(desk, shop.id, wanted).subscription


def event_of(change: Change) -> dict[str, Any]:
    """The first event of an order, as the bus has it."""
    found: dict[str, Any] = json.loads(
        stream.outgoing(items.events(change.order, change.recorded)[0])[0].detail
    )
    return found


def delivers(site: Site) -> bool:
    """One that is taken and shows its order, one that fails, and one that fails for too long."""
    shop = site.make_shop()
    application = site.deployment.application
    change = placed(shop.id, at=SystemClock().now())
    application.desk.orders.commit(change)
    with subscriber() as good_one:
        taken = subscribed(site, shop, good_one.url, kind="youhaosuda")
        failing = subscribed(site, shop, "http://127.0.0.1:9099/")
        failed = subscribed(site, shop, "http://127.0.0.1:9099/")
        days_ago = SystemClock().now() - timedelta(days=4)
        application.subscriptions.replace(failed, replace(failed, failing_since=days_ago))
        template = payload("streams/deliver_webhook")["Records"][0]
        with idle_queue(site.deployment) as queue:
            records = []
            for made, topic in (
                (taken, "orders/create"),
                (failing, "order.placed"),
                (failed, "order.placed"),
            ):
                body = {
                    **json.loads(template["body"]),
                    "shop_id": shop.id,
                    "subscription_id": made.id,
                    "topic": topic,
                    "event": event_of(change),
                }
                records.append({**template, "messageId": str(made.id), "body": json.dumps(body)})
            records[1]["receiptHandle"] = queue.receipt()
            answer = invoked(site.deployment, "DeliverWebhook", {"Records": records})
            expected = {"batchItemFailures": [{"itemIdentifier": str(failing.id)}]}
            # It is to be handed out again at once, and not when its time is up.
            return bool(answer == expected) and queue.hands_out()


class IdleQueue:
    """The deliveries' queue while no function reads it, with a message of the test's own."""

    def __init__(self, deployment: Deployment) -> None:
        self._sqs, self._url = deployment.aws("sqs"), deployment.outputs["DeliveriesUrl"]

    def receipt(self) -> str:
        """Of a message that is hidden for longer than a test takes."""
        self._id = self._sqs.send_message(QueueUrl=self._url, MessageBody="{}")["MessageId"]
        while (receipt := self._received()) is None:
            pass
        return receipt

    def hands_out(self) -> bool:
        """Whether the message is there again."""
        return any(self._received() for _ in range(3))

    def _received(self) -> str | None:
        """The message's receipt, if it is handed out; what events of orders brought is not it."""
        answer = self._sqs.receive_message(
            QueueUrl=self._url, VisibilityTimeout=60, WaitTimeSeconds=1, MaxNumberOfMessages=10
        )
        receipts = {one["MessageId"]: one["ReceiptHandle"] for one in answer.get("Messages", [])}
        return receipts.get(self._id)


@contextmanager
def idle_queue(deployment: Deployment) -> Iterator[IdleQueue]:
    functions = deployment.aws("lambda")
    (mapping,) = functions.list_event_source_mappings(
        FunctionName=deployment.stack.resources["DeliverWebhook"]
    )["EventSourceMappings"]
    functions.update_event_source_mapping(UUID=mapping["UUID"], Enabled=False)
    try:
        time.sleep(0.5)  # for a batch that was on its way
        deployment.aws("sqs").purge_queue(QueueUrl=deployment.outputs["DeliveriesUrl"])
        yield IdleQueue(deployment)
    finally:
        deployment.aws("sqs").purge_queue(QueueUrl=deployment.outputs["DeliveriesUrl"])
        functions.update_event_source_mapping(UUID=mapping["UUID"], Enabled=True)


# -- payment providers -----------------------------------------------------------------------------


class Notifier:
    """A provider that tells twice that an order of a new shop was paid: before anybody heard of the
    order, and once it has expired."""

    def __init__(self, site: Site, provider: str, **account: Any) -> None:
        self._site, self._provider = site, provider
        self._shop = site.make_shop()
        application = site.deployment.application
        set_account(
            application.shops,
            application.payment_account_store,
            lambda: application.vault,
            SystemClock(),
            self._shop.id,
            provider,
            **account,
        )
        hour_ago = SystemClock().now() - timedelta(hours=1)
        self._order = placed(self._shop.id, at=hour_ago, payment_timeout=60, stock=PIECES)
        self.order_id, self.amount = self._order.order.id, self._order.order.total

    def notifies(self, request: SignedRequest) -> bool:
        path = f"/webhooks/payments/{self._provider}/{self._shop.id}"
        with self._shop.client(**request.headers) as api:
            if not good(api.post(path, content=request.body)):
                return False
            stock_up(self._site.deployment, self._shop.id)
            self._site.deployment.application.desk.orders.commit(self._order)
            return good(api.post(path, content=request.body))


def takes_stripe(site: Site) -> bool:
    sender = Notifier(site, "stripe", secrets=[STRIPE_SECRET])
    event = stripe_payment_succeeded(sender.order_id, sender.amount)
    return sender.notifies(stripe_request(STRIPE_SECRET, event))


def takes_paypal(site: Site) -> bool:
    keys = paypal_keys()
    sender = Notifier(
        site,
        "paypal",
        settings={"webhook_id": PAYPAL_WEBHOOK_ID},
        public_keys={PAYPAL_CERTIFICATE_URL: keys.certificate_pem},
    )
    event = paypal_capture_completed(sender.order_id, sender.amount)
    return sender.notifies(paypal_request(keys, PAYPAL_WEBHOOK_ID, event))


def takes_alipay(site: Site) -> bool:
    keys = key_pair("alipay")
    sender = Notifier(
        site,
        "alipay",
        settings={"app_id": ALIPAY_APP_ID},
        public_keys={"alipay": keys.public_pem},
    )
    return sender.notifies(
        alipay_request(keys, alipay_trade_success(sender.order_id, sender.amount))
    )


def takes_wechatpay(site: Site) -> bool:
    keys = key_pair("wechatpay")
    sender = Notifier(
        site,
        "wechatpay",
        settings={"mchid": WECHATPAY_MCHID},
        public_keys={keys.serial: keys.certificate_pem},
        secrets=[WECHATPAY_KEY],
    )
    paid = wechatpay_transaction(sender.order_id, sender.amount)
    return sender.notifies(wechatpay_request(keys, WECHATPAY_KEY, "TRANSACTION.SUCCESS", paid))


# -- brandcloud ------------------------------------------------------------------------------------

TRANSACTION = "UXI2KS784JOC9A0"


def rung_up(counter: Counter, *, method: str = "credit_card", paid: bool = False) -> Order:
    """An order of a new cart, written past the functions."""
    desk = counter.deployment.application.desk
    sold_by: Attributes = {"agent_id": AGENT, "retailer_id": COMPANY, "retailer_name": "Company A"}
    wanted = CartOrder(
        cart_id=counter.cart(),
        wire="brandcloud",
        terms=Terms(payment_timeout=900, refund_window=86400),
        details=Details(payment_method=method, extensions={"brandcloud": sold_by}),
        number_of=dated_numbers(desk, "UTC", prefix=COMPANY_CODE, suffix="OD"),
        invoicing=Invoicing(seller=Seller(id=str(COMPANY), name="Company A")),
    )
    order = place_cart_order(desk, counter.shop.id, wanted, TESTER).order
    if not paid:
        return order
    received = ReceivedPayment(
        provider="payworks",
        # A payment is one of the shop's, and this is its only order that is paid.
        transaction_id=TRANSACTION,
        amount=Decimal(order.outstanding.decimal_text),
    )
    return record_payment(desk, order, received, TESTER).order


def went(answer: httpx.Response, error_name: str | None = None) -> bool:
    """Whether it was answered as it should be; a failure of ours is the only other way."""
    if answer.status_code != 500:
        expected = 403 if error_name else 200
        assert answer.status_code == expected, answer.text
        assert error_name is None or answer.json()["error_name"] == error_name
    return answer.status_code != 500


def lists_orders(site: Site) -> bool:
    counter = site.make_counter()
    rung_up(counter)
    newest = rung_up(counter)
    return went(counter.sell("list")) and went(counter.sell("list", before=newest.number))


def creates_order(site: Site) -> bool:
    counter = site.make_counter()
    create = partial(counter.sell, "create", cart_id=counter.cart(), type="PayPal")
    return went(create()) and went(create(), "repeat")


def pays_order(site: Site) -> bool:
    counter = site.make_counter()
    number = rung_up(counter).number
    return went(counter.sell("payment", order_number=number, transaction_id="T1"))


def cancels_order(site: Site) -> bool:
    counter = site.make_counter()
    # Another API's, which took its pieces from the stock.
    change = placed(counter.shop.id, at=SystemClock().now(), stock=PIECES)
    stock_up(site.deployment, counter.shop.id)
    site.deployment.application.desk.orders.commit(change)
    return went(counter.sell("cancel", order_number=change.order.number))


def refunds_order(site: Site) -> bool:
    counter = site.make_counter()
    number = rung_up(counter, paid=True).number
    refund = partial(counter.sell, "refund", order_number=number)
    if not went(refund(transaction_id="unknown"), "transaction not found"):
        return False
    return went(refund(transaction_id=TRANSACTION))


def queries_refund(site: Site) -> bool:
    counter = site.make_counter()
    number = rung_up(counter, paid=True).number
    return went(counter.sell("refund/query", order_number=number))


def gets_order(site: Site) -> bool:
    counter = site.make_counter()
    return went(counter.sell("detail", order_number=rung_up(counter).number))


def sends_link(site: Site) -> bool:
    mail.allow_sender(site.deployment.cloud, "orders@example.com")
    counter = site.make_counter()
    number = rung_up(counter, method="paypal").number
    return went(counter.sell("paypal/send", order_number=number, email="c@example.com"))


class Outbox:
    """A mailer that keeps the last mail."""

    def send(self, mail: Mail) -> None:
        self.last = mail


def mailed_token(site: Site, counter: Counter) -> str:
    outbox, order = Outbox(), rung_up(counter, method="paypal")
    wanted = LinkRequest(email="c@example.com", seller="A", page_url="token={token}")
    send_payment_link(site.deployment.application.desk, outbox, order, wanted)
    token = re.search(r"token=(\S+)", outbox.last.text)
    assert token
    return token[1]


def tells_result(site: Site) -> bool:
    counter = site.make_counter()
    return went(counter.api.get(f"/transaction/{mailed_token(site, counter)}/result"))


def shows_payment(site: Site) -> bool:
    counter = site.make_counter()
    return good(counter.api.get(f"/pay/{mailed_token(site, counter)}"))


def gets_partial_order(site: Site) -> bool:
    counter = site.make_counter()
    return went(counter.look(f"/order/{rung_up(counter).number}/detail"))


def confirms_purchase(site: Site) -> bool:
    counter = site.make_counter()
    return went(counter.buy("confirmpurchase", order_number=rung_up(counter).number))


def edits_order(site: Site) -> bool:
    counter = site.make_counter()
    address = {"given_name": "CC", "family_name": "Wang", "title": 1}
    number = rung_up(counter).number
    return went(counter.buy("edit", order_number=number, billing_address=address))


def downloads_invoice(site: Site) -> bool:
    counter = site.make_counter()
    order = rung_up(counter, paid=True)
    (invoice,) = order.invoices
    path = f"/order/{order.number}/invoice/{invoice.number}/download"
    return went(counter.look(path, counter.agent_key))


# -- youhaosuda ------------------------------------------------------------------------------------


class ShopSystem:
    """A shop system of a new shop, which has one long order of customer 4028 and a metafield
    beside it, all written past the functions."""

    def __init__(self, site: Site) -> None:
        desk = site.deployment.application.desk
        shop = site.make_shop()
        self.app = new_app(site.deployment, shop)
        self.application, self.shop_id = site.deployment.application, shop.id
        change = placed(
            shop.id, at=SystemClock().now(), lines=51, customer_id="4028", payment_timeout=600
        )
        desk.orders.commit(change)
        other = placed(shop.id, at=SystemClock().now(), tail=2)
        desk.orders.commit(other)
        self.order_id, self.other_id = change.order.id, other.order.id
        wanted = NewMetafield(
            name="erp", owner_resource="order", owner_id=self.order_id, fields={"a": 1}
        )
        self.metafield_id = create_metafield(desk, shop.id, wanted).id
        self.url = site.deployment.api_url

    def asks(self, method: str, path: str, **options: Any) -> bool:
        """Whether it was answered as it should be; a failure of ours is the only other way."""
        options = {"headers": {"X-API-ACCESS-TOKEN": self.app.token}, "timeout": 60, **options}
        answer = httpx.request(method, f"{self.url}{path}", **options)
        assert answer.status_code in (200, 500), answer.text
        assert answer.status_code == 500 or "code" not in answer.json(), answer.text
        return answer.status_code == 200

    def searches(self, path: str) -> bool:
        since = (SystemClock().now() - timedelta(minutes=1)).isoformat(timespec="seconds")
        ways: tuple[dict[str, str], ...] = (
            {},
            {"customer_id": "4028"},
            {"updated_at_min": since},
            {"customer_id": "4028", "updated_at_min": since},
        )
        return all(self.asks("GET", path, params=params) for params in ways)

    @property
    def metafield(self) -> str:
        return f"/v1/metas/{self.metafield_id}"

    def webhook(self) -> str:
        """A new one, subscribed past the functions."""
        wanted = NewSubscription(
            kind=SubscriptionKind.YOUHAOSUDA,
            url="http://127.0.0.1:9099/orders",
            topics=("orders/paid",),
        )
        desk = self.application.subscription_desk
        return f"/v1/webhooks/{subscribe(desk, self.shop_id, wanted).subscription.id}"


def issues_token(site: Site) -> bool:
    system = ShopSystem(site)
    return system.asks(
        "POST",
        "/oauth2/token",
        auth=(system.app.key, system.app.secret),
        data={"grant_type": "client_credentials"},
    )


def lists_shop_orders(site: Site) -> bool:
    return ShopSystem(site).searches("/v1/orders")


def counts_shop_orders(site: Site) -> bool:
    return ShopSystem(site).searches("/v1/orders/count")


def gets_shop_order(site: Site) -> bool:
    system = ShopSystem(site)
    return system.asks("GET", f"/v1/orders/{system.order_id}")


def sets_price(site: Site) -> bool:
    system = ShopSystem(site)
    body = {"order": {"total_amount": 63.8}}
    return system.asks("PUT", f"/v1/orders/{system.order_id}", json=body)


def lists_metafields(site: Site) -> bool:
    system = ShopSystem(site)
    return system.asks("GET", f"/v1/metas?owner_id={system.order_id}")


def counts_metafields(site: Site) -> bool:
    system = ShopSystem(site)
    return system.asks("GET", f"/v1/metas/count?owner_id={system.order_id}")


def creates_metafield(site: Site) -> bool:
    system = ShopSystem(site)
    meta = {"name": "new", "owner_resource": "order", "owner_id": system.order_id}
    return system.asks("POST", "/v1/metas", json={"meta": meta})


def gets_metafield(site: Site) -> bool:
    system = ShopSystem(site)
    return system.asks("GET", system.metafield)


def moves_metafield(site: Site) -> bool:
    system = ShopSystem(site)
    return system.asks("PUT", system.metafield, json={"meta": {"owner_id": system.other_id}})


def deletes_metafield(site: Site) -> bool:
    system = ShopSystem(site)
    return system.asks("DELETE", system.metafield)


def gets_fields(site: Site) -> bool:
    system = ShopSystem(site)
    return system.asks("GET", f"{system.metafield}/fields")


def sets_fields(site: Site) -> bool:
    system = ShopSystem(site)
    return system.asks("POST", f"{system.metafield}/fields", json={"fields": {"b": 2}})


def deletes_fields(site: Site) -> bool:
    system = ShopSystem(site)
    return system.asks("DELETE", f"{system.metafield}/fields?fields=a")


def lists_webhooks(site: Site) -> bool:
    return ShopSystem(site).asks("GET", "/v1/webhooks")


def counts_webhooks(site: Site) -> bool:
    return ShopSystem(site).asks("GET", "/v1/webhooks/count")


def creates_webhook(site: Site) -> bool:
    webhook = {"address": "http://127.0.0.1:9099/orders", "topic": "orders/paid"}
    return ShopSystem(site).asks("POST", "/v1/webhooks", json={"webhook": webhook})


def gets_webhook(site: Site) -> bool:
    system = ShopSystem(site)
    return system.asks("GET", system.webhook())


def updates_webhook(site: Site) -> bool:
    system = ShopSystem(site)
    webhook = {"topic": "orders/create", "token": "another-token"}
    return system.asks("PUT", system.webhook(), json={"webhook": webhook})


def deletes_webhook(site: Site) -> bool:
    system = ShopSystem(site)
    return system.asks("DELETE", system.webhook())


# -- shoplazza -------------------------------------------------------------------------------------


def makes_product_order(site: Site) -> bool:
    store, desk = new_store(site.deployment), site.deployment.application.desk
    # An order of the past takes away a milestone of later ones.
    yesterday = SystemClock().now() - timedelta(days=1)
    shop_id, later = store.shop.id, identity.order_id(yesterday, 0)
    assert desk.ranks.lay(shop_id, desk.ranks.frontier(shop_id), later, STEP)
    past = store_order(
        created_at=(yesterday - timedelta(days=9)).isoformat(timespec="seconds"),
        financial_status="paid",
    )
    with store.client(**{"Idempotency-Key": "k"}) as api:
        make = partial(api.post, "/openapi/2022-01/orders", json=store_order())
        # The second is a repeat, which reads the order back.
        if not good(make(), make()):
            return False
    with store.client(**{"Idempotency-Key": "l"}) as api:
        return good(api.post("/openapi/2022-01/orders", json=past))


def shows_checkout(site: Site) -> bool:
    shop, token = site.make_shop(), new_checkout_token()
    change = placed(shop.id, at=SystemClock().now())
    details = replace(change.order.details, extensions={"shoplazza": {CHECKOUT_TOKEN: token}})
    commands.change_details(change, details)
    site.deployment.application.desk.orders.commit(change)
    with shop.client() as api:
        return good(api.get(checkout_path(change.order, token)))


# -- bricklink -------------------------------------------------------------------------------------


class Storekeeper:
    """A seller's system of a new shop, which has one long order and bought another at another
    shop, both written past the functions."""

    def __init__(self, site: Site) -> None:
        desk, shop, at = site.deployment.application.desk, site.make_shop(), site.make_shop()
        self.values = new_signer(site.deployment, shop)
        change = placed(
            shop.id, at=SystemClock().now(), lines=51, customer_id="57", payment_timeout=None
        )
        desk.orders.commit(change)
        buyer = Contact(name="brickfan", email="fan@example.com", attributes={"shop_id": shop.id})
        bought = placed(at.id, at=SystemClock().now(), tail=2)
        commands.bind_customer(bought, buyer)
        desk.orders.commit(bought)
        # What takes its pieces from the stock gives them back when it is called off.
        stock_up(site.deployment, shop.id)
        stocked = placed(shop.id, at=SystemClock().now(), tail=3, stock=PIECES)
        commands.bind_customer(stocked, buyer)
        desk.orders.commit(stocked)
        self.order, self.bought = f"/orders/{change.order.id}", f"/orders/{bought.order.id}"
        self.stocked = f"/orders/{stocked.order.id}"
        self.url = site.deployment.api_url

    def asks(self, method: str, path: str, **options: Any) -> bool:
        """Whether it was answered as it should be; a failure of ours is the only other way."""
        with SignedClient(self.values, base_url=f"{self.url}/api/store/v1") as client:
            answer = client.request(method, path, **options)
        assert answer.status_code in (200, 500), answer.text
        code = answer.json()["meta"]["code"] if answer.status_code == 200 else 500
        assert code in (200, 500), answer.text
        return bool(code == 200)

    def patches(self, field: str, value: str) -> bool:
        body = {"field": field, "value": value}
        return self.asks("PUT", f"{self.stocked}/{field}", json=body)


def lists_both_ways(site: Site) -> bool:
    seller = Storekeeper(site)
    return seller.asks("GET", "/orders") and seller.asks("GET", "/orders?direction=out")


def looks_at(part: str) -> Scenario:
    def look(site: Site) -> bool:
        seller = Storekeeper(site)
        paths = (seller.order, seller.bought)
        return all(seller.asks("GET", f"{path}{part}") for path in paths)

    return look


def remarks(site: Site) -> bool:
    seller = Storekeeper(site)
    return seller.asks("PUT", seller.order, json={"remarks": "x"})


def calls_off(site: Site) -> bool:
    return Storekeeper(site).patches("status", "CANCELLED")


def receives_money(site: Site) -> bool:
    return Storekeeper(site).patches("payment_status", "Received")


def thanks(site: Site) -> bool:
    mail.allow_sender(site.deployment.cloud, "orders@example.com")
    seller = Storekeeper(site)
    return seller.asks("POST", f"{seller.stocked}/drive_thru")


SCENARIOS: dict[str, Scenario] = {
    "MarketplaceCreateOrder": creates,
    "MarketplaceGetOrder": reads,
    "MarketplaceUpdateOrder": updates,
    "MarketplaceCreateLineItem": adds_lines,
    "MarketplacePayOrder": pays,
    "MarketplaceCompleteOrder": completes,
    "BrandCloudListOrders": lists_orders,
    "BrandCloudCreateOrder": creates_order,
    "BrandCloudPayOrder": pays_order,
    "BrandCloudCancelOrder": cancels_order,
    "BrandCloudRefundOrder": refunds_order,
    "BrandCloudQueryRefund": queries_refund,
    "BrandCloudGetOrder": gets_order,
    "BrandCloudSendPaypalLink": sends_link,
    "BrandCloudGetTransactionResult": tells_result,
    "BrandCloudGetPartialOrder": gets_partial_order,
    "BrandCloudConfirmPurchase": confirms_purchase,
    "BrandCloudEditOrder": edits_order,
    "BrandCloudDownloadInvoice": downloads_invoice,
    "YouhaosudaIssueToken": issues_token,
    "YouhaosudaListOrders": lists_shop_orders,
    "YouhaosudaCountOrders": counts_shop_orders,
    "YouhaosudaGetOrder": gets_shop_order,
    "YouhaosudaUpdateOrder": sets_price,
    "YouhaosudaListMetafields": lists_metafields,
    "YouhaosudaCountMetafields": counts_metafields,
    "YouhaosudaCreateMetafield": creates_metafield,
    "YouhaosudaGetMetafield": gets_metafield,
    "YouhaosudaUpdateMetafield": moves_metafield,
    "YouhaosudaDeleteMetafield": deletes_metafield,
    "YouhaosudaGetFields": gets_fields,
    "YouhaosudaSetFields": sets_fields,
    "YouhaosudaDeleteFields": deletes_fields,
    "YouhaosudaListWebhooks": lists_webhooks,
    "YouhaosudaCountWebhooks": counts_webhooks,
    "YouhaosudaCreateWebhook": creates_webhook,
    "YouhaosudaGetWebhook": gets_webhook,
    "YouhaosudaUpdateWebhook": updates_webhook,
    "YouhaosudaDeleteWebhook": deletes_webhook,
    "ShoplazzaCreateOrder": makes_product_order,
    "CheckoutShowOrder": shows_checkout,
    "CheckoutShowPayment": shows_payment,
    "BrickLinkListOrders": lists_both_ways,
    "BrickLinkGetOrder": looks_at(""),
    "BrickLinkGetItems": looks_at("/items"),
    "BrickLinkGetMessages": looks_at("/messages"),
    "BrickLinkGetFeedback": looks_at("/feedback"),
    "BrickLinkUpdateOrder": remarks,
    "BrickLinkUpdateStatus": calls_off,
    "BrickLinkUpdatePaymentStatus": receives_money,
    "BrickLinkSendDriveThru": thanks,
    "NotifyStripe": takes_stripe,
    "NotifyPayPal": takes_paypal,
    "NotifyAlipay": takes_alipay,
    "NotifyWeChatPay": takes_wechatpay,
    "FindDue": finds_due,
    "CloseDue": closes_due,
    "PublishEvents": publishes,
    "LayMilestones": lays_milestones,
    "DeliverWebhook": delivers,
}


NEEDS_NOTHING = {"BrickLinkRejectRequest"}
"""It knows what to say without asking anybody."""


def granted(deployment: Deployment, function: str) -> set[tuple[str, str]]:
    """The actions that the template grants the function, each with what it may be done to."""
    iam, role = deployment.aws("iam"), deployment.stack.resources[f"{function}Role"]
    found: set[tuple[str, str]] = set()
    for name in iam.list_role_policies(RoleName=role)["PolicyNames"]:
        document = iam.get_role_policy(RoleName=role, PolicyName=name)["PolicyDocument"]
        for statement in _listed(document["Statement"]):
            if statement["Effect"] == "Deny":
                continue
            for action in _listed(statement["Action"]):
                found |= {(action, resource) for resource in _listed(statement["Resource"])}
    return found


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


@contextmanager
def without(deployment: Deployment, function: str, action: str, resource: str) -> Iterator[None]:
    """Deny the role one action on one thing, whatever its policies grant."""
    iam, role = deployment.aws("iam"), deployment.stack.resources[f"{function}Role"]
    denying = {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Deny", "Action": action, "Resource": resource}],
    }
    iam.put_role_policy(RoleName=role, PolicyName="deprived", PolicyDocument=json.dumps(denying))
    try:
        yield
    finally:
        iam.delete_role_policy(RoleName=role, PolicyName="deprived")


@pytest.mark.parametrize("function", SCENARIOS)
def test_a_function_needs_each_of_its_permissions(
    deployment: Deployment,
    make_shop: Callable[..., Shop],
    make_counter: Callable[..., Counter],
    function: str,
) -> None:
    site = Site(deployment, make_shop, make_counter)
    scenario = SCENARIOS[function]
    assert scenario(site)
    permissions = granted(deployment, function)
    assert permissions
    for action, resource in sorted(permissions):
        with without(deployment, function, action, resource):
            assert not scenario(site), f"{function} works without {action} on {resource}"
    tried("permissions removed, functions", len(permissions))
    assert scenario(site)


def test_every_function_has_a_scenario(deployment: Deployment) -> None:
    roles = {name for name in deployment.stack.resources if name.endswith("Role")}
    functions = {name.removesuffix("Role") for name in roles if not name.startswith("Closing")}
    schedules = {name for name in functions if "Schedule" in name}
    assert functions - schedules - NEEDS_NOTHING == set(SCENARIOS)
    for function in NEEDS_NOTHING:
        assert granted(deployment, function) == set()
