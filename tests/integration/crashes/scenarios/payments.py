"""Payment providers, which send a notification until it is taken."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

from orderhub.domain.money import Money
from orderhub.domain.order import Order
from orderhub.services.manage_payment_accounts import set_account
from tests.integration.crashes.callers import Request
from tests.integration.crashes.scenario import Prepare, Scenario
from tests.integration.crashes.setting import PIECES, order, shop
from tests.integration.crashes.stage import SHOP, Stage
from tests.support import providers
from tests.support.orders import placed
from tests.support.providers import SignedRequest

GROUP = "payment webhooks"
PAID = Money.of("1.50", "CNY")
PART = Money.of("0.50", "CNY")
NAME = "4BW12345AB1234567"


@dataclass(frozen=True)
class Provider:
    """How one signs that a payment was captured, or that a part of it went back."""

    function: str
    name: str
    account: Callable[[], dict[str, Any]]
    captured: Callable[[int, Money], SignedRequest]
    refunded: Callable[[int, Money], SignedRequest]


def _stripe(event: Any) -> SignedRequest:
    return providers.stripe_request(providers.STRIPE_SECRET, event)


def _paypal(event: Any) -> SignedRequest:
    return providers.paypal_request(providers.paypal_keys(), providers.PAYPAL_WEBHOOK_ID, event)


def _alipay(fields: Any) -> SignedRequest:
    return providers.alipay_request(providers.key_pair("alipay"), fields)


def _wechatpay(kind: str, resource: Any) -> SignedRequest:
    keys = providers.key_pair("wechatpay")
    return providers.wechatpay_request(keys, providers.WECHATPAY_KEY, kind, resource)


STRIPE = Provider(
    "NotifyStripe",
    "stripe",
    lambda: {"secrets": [providers.STRIPE_SECRET]},
    lambda id_, paid: _stripe(providers.stripe_payment_succeeded(id_, paid, payment=NAME)),
    lambda id_, back: _stripe(providers.stripe_charge_refunded(id_, PAID, back, payment=NAME)),
)
PAYPAL = Provider(
    "NotifyPayPal",
    "paypal",
    lambda: {
        "settings": {"webhook_id": providers.PAYPAL_WEBHOOK_ID},
        "public_keys": {providers.PAYPAL_CERTIFICATE_URL: providers.paypal_keys().certificate_pem},
    },
    lambda id_, paid: _paypal(providers.paypal_capture_completed(id_, paid, capture=NAME)),
    lambda id_, back: _paypal(providers.paypal_refund(id_, back, capture=NAME)),
)
ALIPAY = Provider(
    "NotifyAlipay",
    "alipay",
    lambda: {
        "settings": {"app_id": providers.ALIPAY_APP_ID},
        "public_keys": {"alipay": providers.key_pair("alipay").public_pem},
    },
    lambda id_, paid: _alipay(providers.alipay_trade_success(id_, paid, trade_no=NAME)),
    lambda id_, back: _alipay(providers.alipay_refund(id_, PAID, back, trade_no=NAME)),
)
WECHATPAY = Provider(
    "NotifyWeChatPay",
    "wechatpay",
    lambda: {
        "settings": {"mchid": providers.WECHATPAY_MCHID},
        "public_keys": {
            providers.key_pair("wechatpay").serial: providers.key_pair("wechatpay").certificate_pem
        },
        "secrets": [providers.WECHATPAY_KEY],
    },
    lambda id_, paid: _wechatpay(
        "TRANSACTION.SUCCESS", providers.wechatpay_transaction(id_, paid, transaction_id=NAME)
    ),
    lambda id_, back: _wechatpay(
        "REFUND.SUCCESS", providers.wechatpay_refund(id_, PAID, back, transaction_id=NAME)
    ),
)
ALL = (STRIPE, PAYPAL, ALIPAY, WECHATPAY)

Told = Callable[[Provider, int], SignedRequest]
Made = Callable[[Stage], Order]


def tells(
    provider: Provider, what: Told, *before: Told, order_is: Made = lambda s: order(s, stock=PIECES)
) -> Prepare:
    """A provider tells ``what`` of an order, of which others were told ``before``."""

    def prepare(stage: Stage) -> Request:
        shop(stage)
        application = stage.application
        set_account(
            application.shops,
            application.payment_account_store,
            lambda: application.vault,
            application.desk.clock,
            SHOP,
            provider.name,
            **provider.account(),
        )
        made = order_is(stage)
        for told in before:
            assert _post(stage, provider, told(provider, made.id)).status_code < 300
        return Request(partial(_post, stage, provider, what(provider, made.id)))

    return prepare


def _post(stage: Stage, provider: Provider, request: SignedRequest) -> Any:
    path = f"/webhooks/payments/{provider.name}/{SHOP}"
    return stage.api.post(path, content=request.body, headers=request.headers)


def captured(paid: Money = PAID) -> Told:
    return lambda provider, order_id: provider.captured(order_id, paid)


def refunded(back: Money = PAID) -> Told:
    return lambda provider, order_id: provider.refunded(order_id, back)


def again(provider: Provider, order_id: int) -> SignedRequest:
    """Another payment of the same."""
    event = providers.stripe_payment_succeeded(order_id, PAID, payment="pi_0002")
    return _stripe(event)


def disputed(provider: Provider, order_id: int) -> SignedRequest:
    return _stripe(providers.stripe_dispute(PAID, payment=NAME))


def failed(provider: Provider, order_id: int) -> SignedRequest:
    return _stripe(providers.stripe_payment_failed(order_id, PAID, payment=NAME))


def begun(provider: Provider, order_id: int) -> SignedRequest:
    return _stripe(providers.stripe_payment_processing(order_id, PAID, payment=NAME))


def nowhere(stage: Stage) -> Order:
    """An order that nobody has made yet."""
    return placed(SHOP, at=stage.now).order


def expired(stage: Stage) -> Order:
    return order(stage, age=3600, stock=PIECES)


def told_before_it_was_made(provider: Provider) -> Prepare:
    """The payment is told once more, when its order is there."""

    def prepare(stage: Stage) -> Request:
        caller = tells(provider, captured(), captured(), order_is=nowhere)(stage)
        order(stage, stock=PIECES)
        assert isinstance(caller, Request)
        return caller

    return prepare


def _of(provider: Provider, name: str, prepare: Prepare) -> Scenario:
    return Scenario(GROUP, f"{provider.name} {name}", provider.function, prepare)


SCENARIOS = [
    *(_of(each, "captured", tells(each, captured())) for each in ALL),
    *(_of(each, "refunded", tells(each, refunded(), captured())) for each in ALL),
    *(_of(each, "stray", tells(each, captured(), order_is=nowhere)) for each in ALL),
    *(_of(each, "stray, then made", told_before_it_was_made(each)) for each in ALL),
    _of(STRIPE, "refunded before it was captured", tells(STRIPE, captured(), refunded())),
    _of(STRIPE, "refunded in part", tells(STRIPE, refunded(PART), captured())),
    _of(PAYPAL, "refunded in part", tells(PAYPAL, refunded(PART), captured())),
    _of(STRIPE, "another amount", tells(STRIPE, captured(PART))),
    _of(STRIPE, "too late", tells(STRIPE, captured(), order_is=expired)),
    _of(STRIPE, "paid twice", tells(STRIPE, again, captured())),
    _of(STRIPE, "disputed", tells(STRIPE, disputed, captured())),
    _of(STRIPE, "disputed before", tells(STRIPE, captured(), disputed)),
    _of(STRIPE, "begun", tells(STRIPE, begun)),
    _of(STRIPE, "begun and captured", tells(STRIPE, captured(), begun)),
    _of(STRIPE, "failed", tells(STRIPE, failed, begun)),
]
