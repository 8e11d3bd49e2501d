"""Payment providers notify the deployed functions: signed as each signs, over HTTP."""

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import httpx
import pytest

from orderhub.adapters.dynamodb.orders import DynamoOrders
from orderhub.adapters.system import SystemClock
from orderhub.domain.money import Money
from orderhub.domain.order import Order
from orderhub.domain.status import OrderStatus, PaymentStatus
from orderhub.services.manage_payment_accounts import set_account
from tests.e2e.conftest import ON_THE_CLOUD, Deployment, Shop, make_order
from tests.support.providers import (
    ALIPAY_APP_ID,
    PAYPAL_CERTIFICATE_URL,
    PAYPAL_WEBHOOK_ID,
    STRIPE_SECRET,
    WECHATPAY_KEY,
    WECHATPAY_MCHID,
    SignedRequest,
    alipay_refund,
    alipay_request,
    alipay_trade_success,
    key_pair,
    paypal_capture_completed,
    paypal_keys,
    paypal_refund,
    paypal_request,
    stripe_payment_succeeded,
    stripe_refund,
    stripe_request,
    wechatpay_refund,
    wechatpay_request,
    wechatpay_transaction,
)

pytestmark = ON_THE_CLOUD

PRICE, PART = Money(5000, "CNY"), Money(2000, "CNY")
"""What an order costs here, and what of it goes back."""


@dataclass(frozen=True)
class Provider:
    """``paid`` and ``refunded`` sign what it would tell of an order, each of a payment."""

    name: str
    account: Mapping[str, Any]
    paid: Callable[[int, Money, str], SignedRequest]
    refunded: Callable[[int, Money, Money, str], SignedRequest]
    transaction: str
    accepted: bytes
    content_type: str = "application/json; charset=utf-8"
    refused: frozenset[int] = field(default=frozenset((401,)))


def _stripe() -> Provider:
    sign = partial(stripe_request, STRIPE_SECRET)
    return Provider(
        name="stripe",
        account={"secrets": [STRIPE_SECRET]},
        paid=lambda order, amount, of: sign(stripe_payment_succeeded(order, amount, payment=of)),
        refunded=lambda _order, _amount, part, of: sign(stripe_refund(part, payment=of)),
        transaction="pi_3PxT2eLkdIwHu7ix",
        accepted=b'{"received":true}',
        refused=frozenset((400,)),
    )


def _paypal() -> Provider:
    sign = partial(paypal_request, paypal_keys(), PAYPAL_WEBHOOK_ID)
    return Provider(
        name="paypal",
        account={
            "settings": {"webhook_id": PAYPAL_WEBHOOK_ID},
            "public_keys": {PAYPAL_CERTIFICATE_URL: paypal_keys().certificate_pem},
        },
        paid=lambda order, amount, of: sign(paypal_capture_completed(order, amount, capture=of)),
        refunded=lambda order, _, part, of: sign(paypal_refund(order, part, capture=of)),
        transaction="42311647XV020574X",
        accepted=b"{}",
    )


def _alipay() -> Provider:
    keys = key_pair("alipay")
    sign = partial(alipay_request, keys)
    return Provider(
        name="alipay",
        account={
            "settings": {"app_id": ALIPAY_APP_ID},
            "public_keys": {"alipay": keys.public_pem},
        },
        paid=lambda order, amount, of: sign(alipay_trade_success(order, amount, trade_no=of)),
        refunded=lambda order, amount, part, of: sign(
            alipay_refund(order, amount, part, trade_no=of)
        ),
        transaction="2026112122001437001400123456",
        accepted=b"success",
        content_type="text/plain; charset=utf-8",
    )


def _wechatpay() -> Provider:
    keys = key_pair("wechatpay")
    sign = partial(wechatpay_request, keys, WECHATPAY_KEY)
    return Provider(
        name="wechatpay",
        account={
            "settings": {"mchid": WECHATPAY_MCHID},
            "public_keys": {keys.serial: keys.certificate_pem},
            "secrets": [WECHATPAY_KEY],
        },
        paid=lambda order, amount, of: sign(
            "TRANSACTION.SUCCESS", wechatpay_transaction(order, amount, transaction_id=of)
        ),
        refunded=lambda order, amount, part, of: sign(
            "REFUND.SUCCESS", wechatpay_refund(order, amount, part, transaction_id=of)
        ),
        transaction="4200002026202611211234567890",
        accepted='{"code":"SUCCESS","message":"成功"}'.encode(),
    )


PROVIDERS = {"stripe": _stripe, "paypal": _paypal, "alipay": _alipay, "wechatpay": _wechatpay}


@pytest.fixture(params=sorted(PROVIDERS))
def provider(request: pytest.FixtureRequest) -> Provider:
    return PROVIDERS[request.param]()


@pytest.fixture
def stripe() -> Provider:
    return _stripe()


def account_with(deployment: Deployment, shop: Shop, provider: Provider, **changed: Any) -> None:
    application = deployment.application
    set_account(
        application.shops,
        application.payment_account_store,
        lambda: application.vault,
        SystemClock(),
        shop.id,
        provider.name,
        **{**provider.account, **changed},
    )


def unpaid(shop: Shop) -> int:
    with shop.client() as api:
        return int(make_order(api)["id"])


def notify(shop: Shop, provider: Provider, request: SignedRequest) -> httpx.Response:
    return httpx.post(
        f"{shop.api_url}/webhooks/payments/{provider.name}/{shop.id}",
        content=request.body,
        headers=dict(request.headers),
        timeout=60,
    )


def read(orders: DynamoOrders, shop: Shop, order_id: int) -> Order:
    order = orders.get(shop.id, order_id)
    assert order is not None
    return order


def test_a_notification_pays_an_order_once(
    deployment: Deployment, orders: DynamoOrders, shop: Shop, provider: Provider
) -> None:
    account_with(deployment, shop, provider)
    order_id = unpaid(shop)
    request = provider.paid(order_id, PRICE, provider.transaction)
    for _ in range(3):
        answer = notify(shop, provider, request)
        assert (answer.status_code, answer.content) == (200, provider.accepted)
        assert answer.headers["content-type"] == provider.content_type
    order = read(orders, shop, order_id)
    assert (order.payment_status, order.captured) == (PaymentStatus.PAID, PRICE)
    (payment,) = order.payments
    assert (payment.provider, payment.transaction_id) == (provider.name, provider.transaction)


def test_a_refund_that_comes_first_takes_effect_with_its_payment(
    deployment: Deployment, orders: DynamoOrders, shop: Shop, provider: Provider
) -> None:
    account_with(deployment, shop, provider)
    order_id, of = unpaid(shop), provider.transaction
    refund = provider.refunded(order_id, PRICE, PART, of)
    for request in (refund, provider.paid(order_id, PRICE, of), refund):
        assert notify(shop, provider, request).content == provider.accepted
    order = read(orders, shop, order_id)
    assert order.payment_status is PaymentStatus.PARTIALLY_REFUNDED
    assert (order.captured, order.refunded) == (PRICE, PART)


def test_another_amount_is_kept_and_pays_nothing(
    deployment: Deployment, orders: DynamoOrders, shop: Shop, provider: Provider
) -> None:
    account_with(deployment, shop, provider)
    order_id = unpaid(shop)
    assert notify(shop, provider, provider.paid(order_id, PART, provider.transaction)).is_success
    order = read(orders, shop, order_id)
    assert order.payment_status is not PaymentStatus.PAID
    assert [payment.state.value for payment in order.payments] == ["held"]


def test_what_is_not_signed_for_this_shop_changes_nothing(
    deployment: Deployment,
    orders: DynamoOrders,
    make_shop: Callable[..., Shop],
    provider: Provider,
) -> None:
    ours, theirs = make_shop(), make_shop()
    account_with(deployment, ours, provider)
    order_id = unpaid(ours)
    before = read(orders, ours, order_id)
    good = provider.paid(order_id, PRICE, provider.transaction)
    # Nobody has told us of an account there.
    assert notify(theirs, provider, good).status_code in provider.refused | {404}
    last = bytes((good.body[-1] ^ 1,))
    changed = SignedRequest(good.headers, good.body[:-1] + last)
    assert notify(ours, provider, changed).status_code in provider.refused | {400}
    unsigned = SignedRequest({"content-type": good.headers["content-type"]}, good.body)
    if provider.name != "alipay":  # whose signature stands in the body
        assert notify(ours, provider, unsigned).status_code in provider.refused
    assert read(orders, ours, order_id) == before


def test_one_shops_notifications_are_none_of_anothers(
    deployment: Deployment, orders: DynamoOrders, make_shop: Callable[..., Shop], stripe: Provider
) -> None:
    ours, theirs = make_shop(), make_shop()
    account_with(deployment, ours, stripe)
    account_with(deployment, theirs, stripe, secrets=["whsec_" + "t" * 32])
    order_id = unpaid(ours)
    request = stripe.paid(order_id, PRICE, stripe.transaction)
    assert notify(theirs, stripe, request).status_code == 400
    assert notify(ours, stripe, request).status_code == 200
    assert read(orders, ours, order_id).is_paid


def test_an_old_notification_is_refused(
    deployment: Deployment, orders: DynamoOrders, shop: Shop, stripe: Provider
) -> None:
    account_with(deployment, shop, stripe)
    order_id = unpaid(shop)
    event = stripe_payment_succeeded(order_id, PRICE)
    at = datetime.now(UTC) - timedelta(minutes=6)
    assert notify(shop, stripe, stripe_request(STRIPE_SECRET, event, at=at)).status_code == 400
    assert not read(orders, shop, order_id).is_paid


def test_money_for_an_order_that_expired_is_recorded_and_due_back(
    deployment: Deployment,
    orders: DynamoOrders,
    make_shop: Callable[..., Shop],
    stripe: Provider,
) -> None:
    shop = make_shop(payment_timeout=1)
    account_with(deployment, shop, stripe)
    order_id = unpaid(shop)
    due = read(orders, shop, order_id).payment_due_at
    assert due is not None
    time.sleep(max(0.0, (due - datetime.now(UTC)).total_seconds()))
    assert notify(shop, stripe, stripe.paid(order_id, PRICE, stripe.transaction)).is_success
    order = read(orders, shop, order_id)
    assert (order.status, order.refund_due) == (OrderStatus.EXPIRED, PRICE)


@pytest.mark.parametrize(
    "body",
    [
        b"\xff\xfe",
        b"[" * 100_000,
        b'{"type": "payment_intent.succeeded", "data": NaN}',
        b'{"type": "payment_intent.succeeded", "created": ' + b"9" * 10_000 + b"}",
        b"x" * (256 * 1024 + 1),
    ],
)
def test_hostile_bodies_are_no_fault_of_ours(
    deployment: Deployment, shop: Shop, stripe: Provider, body: bytes
) -> None:
    account_with(deployment, shop, stripe)
    headers = {"content-type": "application/json", "stripe-signature": "t=1,v1=00,v1"}
    answer = notify(shop, stripe, SignedRequest(headers, body))
    assert answer.status_code in (400, 413)
    assert json.loads(answer.content)["error"]["type"] == "invalid_request_error"
