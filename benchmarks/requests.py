"""What clients ask of each function: the operations that benchmarks run."""

import base64
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlencode
from uuid import uuid4

from benchmarks.shop import COUNTED, PAGE_TOKEN, SHOP, TERMS, BenchShop
from orderhub.domain.order import Order
from tests.support import providers
from tests.support.oauth import header, signed
from tests.support.providers import SignedRequest

EVENTS: Final = Path(__file__).parents[1] / "events"
_HOST: Final = "https://api.example.com"
_LATER: Final = timedelta(minutes=4)
"""Providers' requests hold for minutes before and after their time, and are sent for minutes."""

Event = dict[str, Any]
Make = Callable[[BenchShop], Event]


@dataclass(frozen=True)
class Operation:
    """What a client, the stream or a state machine asks a function for."""

    name: str
    function: str
    """Its folder below ``functions/``."""
    event: Make
    """Makes what there must be first, and then the event; another one each time."""
    status: int | None = 200
    """Which the answer must have; None where none is HTTP's."""
    is_timed_cold: bool = False


def _request(
    function: str,
    headers: Mapping[str, str],
    *,
    path: Mapping[str, str] | None = None,
    query: Mapping[str, str] | None = None,
    body: object = None,
) -> Event:
    """A request in the form of the function's payload in ``events/``, with other values in it."""
    event: Event = json.loads((EVENTS / f"{function}.json").read_text(encoding="utf-8"))
    event["headers"] |= headers
    if path is not None:
        event["rawPath"] = event["routeKey"].partition(" ")[2].format(**path)
        event["pathParameters"] = dict(path)
    if query is not None:
        event["rawQueryString"] = urlencode(query)
        event["queryStringParameters"] = dict(query)
    if body is not None:
        event["body"] = json.dumps(body)
    return event


def _told(function: str) -> dict[str, Any]:
    """The body that the function's payload in ``events/`` has."""
    told: dict[str, Any] = json.loads(_request(function, {})["body"])
    return told


# -- marketplace notifications ---------------------------------------------------------------------


def _marketplace(
    shop: BenchShop, operation: str, order: Order | None, body: object = None
) -> Event:
    headers = {"authorization": f"Bearer {shop.marketplace_token}"}
    path = {"id": str(order.id)} if order else None
    return _request(f"marketplace/{operation}", headers, path=path, body=body)


def _notify(shop: BenchShop) -> Event:
    body = {**_told("marketplace/create_order"), "merchant_order_no": uuid4().hex}
    return _marketplace(shop, "create_order", None, body)


def _add_line(shop: BenchShop) -> Event:
    body = {"product_id": "1", "price": "64.00", "quantity": 3}
    return _marketplace(shop, "create_line_item", shop.order(), body)


def _update(shop: BenchShop) -> Event:
    order = shop.order()
    (reference,) = order.references
    body = {**_told("marketplace/update_order"), "merchant_order_no": reference.value}
    return _marketplace(shop, "update_order", order, body)


def _pay(shop: BenchShop) -> Event:
    order = shop.order()
    body = {"merchant_trade_no": uuid4().hex, "payment": order.total.decimal_text}
    return _marketplace(shop, "pay_order", order, body)


def _complete(shop: BenchShop) -> Event:
    return _marketplace(shop, "complete_order", shop.paid(shop.order()))


def _get(shop: BenchShop) -> Event:
    return _marketplace(shop, "get_order", shop.order())


# -- BrandCloud ------------------------------------------------------------------------------------


def _till(shop: BenchShop, operation: str, **fields: object) -> Event:
    body = {"api_key": shop.till_key, **fields}
    return _request(f"brandcloud/{operation}", {}, body=body)


def _ring_up(shop: BenchShop) -> Event:
    return _till(shop, "create_order", cart_id=shop.cart(), type="cash")


def _at_till(operation: str, *, is_paid: bool = False, **fields: str) -> Make:
    """About an order of its own, which may be paid."""

    def make(shop: BenchShop) -> Event:
        order = shop.order()
        if is_paid:
            order = shop.paid(order)
        return _till(shop, operation, order_number=order.number, **fields)

    return make


# -- Shoplazza -------------------------------------------------------------------------------------


def _buy(prefix: str = "") -> Make:
    """Five products, whose ids begin with ``prefix``."""

    def make(shop: BenchShop) -> Event:
        lines = [
            {"product_id": f"{prefix}{number}", "variant_id": "v", "quantity": 2}
            for number in range(1, 6)
        ]
        function = "shoplazza/create_order"
        body = {**_told(function), "line_items": lines}
        return _request(function, {"access-token": shop.shoplazza_token}, body=body)

    return make


# -- Youhaosuda ------------------------------------------------------------------------------------


def _app(shop: BenchShop, operation: str, **given: Any) -> Event:
    headers = {"x-api-access-token": shop.youhaosuda_token}
    return _request(f"youhaosuda/{operation}", headers, **given)


def _asks(operation: str, **query: str) -> Make:
    return lambda shop: _app(shop, operation, query=query)


def _asks_for_one(shop: BenchShop) -> Event:
    return _app(shop, "get_order", path={"id": str(shop.order().id)}, query={})


def _asks_for_number(shop: BenchShop) -> Event:
    return _app(shop, "list_orders", query={"order_no": shop.order().number})


def _agree(shop: BenchShop) -> Event:
    body = {"order": {"total_amount": 600.5}}
    return _app(shop, "update_order", path={"id": str(shop.order().id)}, body=body)


def _note(shop: BenchShop) -> Event:
    meta = {**_told("youhaosuda/create_metafield")["meta"], "owner_id": shop.order().id}
    return _app(shop, "create_metafield", body={"meta": meta})


# -- BrickLink -------------------------------------------------------------------------------------


def _signed(
    shop: BenchShop,
    operation: str,
    *,
    order: Order | None = None,
    query: Mapping[str, str] | None = None,
    body: object = None,
) -> Event:
    path = {"order_id": str(order.id)} if order else None
    event = _request(f"bricklink/{operation}", {}, path=path, query=query or {}, body=body)
    method = event["requestContext"]["http"]["method"]
    url = f"{_HOST}{event['rawPath']}?{event['rawQueryString']}".removesuffix("?")
    event["headers"]["authorization"] = header(signed(shop.signer, method, url))
    return event


def _by_hand(operation: str, *, is_paid: bool = False, body: object = None) -> Make:
    """A seller works on an order of its own, which may be paid."""

    def make(shop: BenchShop) -> Event:
        order = shop.order()
        if is_paid:
            order = shop.paid(order)
        return _signed(shop, operation, order=order, body=body)

    return make


def _pending(shop: BenchShop) -> Event:
    return _signed(shop, "list_orders", query={"direction": "in", "filed": "false"})


# -- payment providers -----------------------------------------------------------------------------

_Sign = Callable[[providers.KeyPair, Order, datetime], SignedRequest]


def _reports(provider: str, sign: _Sign) -> Make:
    """That all of an order is paid."""

    def make(shop: BenchShop) -> Event:
        sent = sign(shop.provider_keys, shop.order(), datetime.now(UTC) + _LATER)
        event = _request(f"payment_webhooks/{provider}", sent.headers, path={"shop_id": SHOP})
        is_form = "form" in sent.headers["content-type"]
        body = base64.b64encode(sent.body) if is_form else sent.body
        return {**event, "body": body.decode(), "isBase64Encoded": is_form}

    return make


def _stripe(_: providers.KeyPair, order: Order, at: datetime) -> SignedRequest:
    event = providers.stripe_payment_succeeded(order.id, order.total)
    return providers.stripe_request(providers.STRIPE_SECRET, event, at=at)


def _paypal(keys: providers.KeyPair, order: Order, at: datetime) -> SignedRequest:
    event = providers.paypal_capture_completed(order.id, order.total)
    return providers.paypal_request(keys, providers.PAYPAL_WEBHOOK_ID, event, at=at)


def _alipay(keys: providers.KeyPair, order: Order, _: datetime) -> SignedRequest:
    return providers.alipay_request(keys, providers.alipay_trade_success(order.id, order.total))


def _wechatpay(keys: providers.KeyPair, order: Order, at: datetime) -> SignedRequest:
    paid = providers.wechatpay_transaction(order.id, order.total)
    secret = providers.WECHATPAY_KEY
    return providers.wechatpay_request(keys, secret, "TRANSACTION.SUCCESS", paid, at=at)


# -- the stream, queues and state machines ---------------------------------------------------------


def _record(item: Mapping[str, Any]) -> Event:
    """A stream's record of an item that is new."""
    return {
        "eventID": uuid4().hex,
        "eventName": "INSERT",
        "eventVersion": "1.1",
        "eventSource": "aws:dynamodb",
        "awsRegion": "eu-central-1",
        "dynamodb": {
            "ApproximateCreationDateTime": int(datetime.now(UTC).timestamp()),
            "Keys": {name: item[name] for name in ("pk", "sk")},
            "NewImage": {name: _on_the_wire(value) for name, value in item.items()},
            "SequenceNumber": str(uuid4().int),
            "StreamViewType": "NEW_IMAGE",
        },
    }


def _on_the_wire(value: Mapping[str, Any]) -> Mapping[str, Any]:
    return {"B": base64.b64encode(value["B"]).decode()} if "B" in value else value


def _streamed(prefix: str, order: Order, shop: BenchShop) -> Event:
    """The newest of an order's items whose sort keys begin so."""
    *_, newest = (item for item in shop.items(order) if item["sk"]["S"].startswith(prefix))
    return {"Records": [_record(newest)]}


def _publish(shop: BenchShop) -> Event:
    _ = shop.subscription
    return _streamed("EVENT#", shop.paid(shop.order()), shop)


def _milestones(shop: BenchShop) -> Event:
    return _streamed("ORDER", shop.order(), shop)


def _deliver(shop: BenchShop) -> Event:
    message = shop.queued_delivery()
    event = json.loads((EVENTS / "streams/deliver_webhook.json").read_text(encoding="utf-8"))
    event["Records"][0] |= {
        "messageId": message["MessageId"],
        "receiptHandle": message["ReceiptHandle"],
        "body": message["Body"],
    }
    return dict(event)


def _find_due(_: BenchShop) -> Event:
    return {"kind": "refund_window", "cursors": None}


def _close_due(shop: BenchShop) -> Event:
    order = shop.order(terms=replace(TERMS, payment_timeout=-1))
    return {"kind": "payment_timeout", "orders": [f"{SHOP}/{order.id}"]}


def _end_refund_window(shop: BenchShop) -> Event:
    order = shop.paid(shop.order(terms=replace(TERMS, refund_window=-1)))
    return {"kind": "refund_window", "orders": [f"{SHOP}/{order.id}"]}


def _page(shop: BenchShop) -> Event:
    path = {"order_id": f"{SHOP}-{shop.order().id}", "token": PAGE_TOKEN}
    return _request("checkout/show_order", {}, path=path)


OPERATIONS: Final = (
    Operation("marketplace: create", "marketplace/create_order", _notify, 201, is_timed_cold=True),
    Operation("marketplace: add a line", "marketplace/create_line_item", _add_line, 201),
    Operation("marketplace: update", "marketplace/update_order", _update),
    Operation("marketplace: pay", "marketplace/pay_order", _pay, is_timed_cold=True),
    Operation("marketplace: complete", "marketplace/complete_order", _complete),
    Operation("marketplace: get", "marketplace/get_order", _get, is_timed_cold=True),
    Operation("brandcloud: create, five lines", "brandcloud/create_order", _ring_up),
    Operation("brandcloud: pay", "brandcloud/pay_order", _at_till("pay_order", transaction_id="")),
    Operation("brandcloud: get", "brandcloud/get_order", _at_till("get_order")),
    Operation(
        "brandcloud: list", "brandcloud/list_orders", lambda shop: _till(shop, "list_orders")
    ),
    Operation("brandcloud: cancel", "brandcloud/cancel_order", _at_till("cancel_order")),
    Operation(
        "brandcloud: refund",
        "brandcloud/refund_order",
        _at_till("refund_order", is_paid=True, transaction_id=""),
    ),
    Operation(
        "shoplazza: create, five lines", "shoplazza/create_order", _buy(), is_timed_cold=True
    ),
    Operation("shoplazza: create, five from stock", "shoplazza/create_order", _buy(f"{COUNTED}-")),
    Operation("shoplazza: the buyer's page", "checkout/show_order", _page),
    Operation("youhaosuda: get", "youhaosuda/get_order", _asks_for_one),
    Operation(
        "youhaosuda: list 50",
        "youhaosuda/list_orders",
        _asks("list_orders", limit="50"),
        is_timed_cold=True,
    ),
    Operation(
        "youhaosuda: list 50, names of fields given",
        "youhaosuda/list_orders",
        _asks("list_orders", limit="50", fields="id,order_no,payment_status"),
    ),
    Operation("youhaosuda: find by number", "youhaosuda/list_orders", _asks_for_number),
    Operation("youhaosuda: count", "youhaosuda/count_orders", _asks("count_orders")),
    Operation("youhaosuda: agree on a price", "youhaosuda/update_order", _agree),
    Operation("youhaosuda: put a metafield", "youhaosuda/create_metafield", _note),
    Operation("bricklink: list", "bricklink/list_orders", _pending),
    Operation("bricklink: get", "bricklink/get_order", _by_hand("get_order"), is_timed_cold=True),
    Operation("bricklink: get items", "bricklink/get_items", _by_hand("get_items")),
    Operation(
        "bricklink: mark paid",
        "bricklink/update_payment_status",
        _by_hand("update_payment_status", body={"field": "payment_status", "value": "Received"}),
    ),
    Operation(
        "bricklink: ship",
        "bricklink/update_status",
        _by_hand("update_status", is_paid=True, body={"field": "status", "value": "SHIPPED"}),
    ),
    Operation(
        "Stripe reports a payment",
        "payment_webhooks/stripe",
        _reports("stripe", _stripe),
        is_timed_cold=True,
    ),
    Operation("PayPal reports a payment", "payment_webhooks/paypal", _reports("paypal", _paypal)),
    Operation("Alipay reports a payment", "payment_webhooks/alipay", _reports("alipay", _alipay)),
    Operation(
        "WeChat Pay reports a payment",
        "payment_webhooks/wechatpay",
        _reports("wechatpay", _wechatpay),
    ),
    Operation("publish a change", "streams/publish_events", _publish, None, is_timed_cold=True),
    Operation("deliver a webhook", "streams/deliver_webhook", _deliver, None, is_timed_cold=True),
    Operation("lay milestones, none due", "streams/lay_milestones", _milestones, None),
    Operation("find due orders, none due", "workflows/find_due", _find_due, None),
    Operation("expire an order", "workflows/close_due", _close_due, None, is_timed_cold=True),
    Operation("end a refund window", "workflows/close_due", _end_refund_window, None),
)
