"""Notifications of all providers shuffled, repeated, lost, and racing each other, the closing job
and a cancellation: through the deployed handlers, on an emulated table."""

import base64
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import partial
from itertools import count
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orderhub.adapters.system import SystemClock
from orderhub.bootstrap import Application
from orderhub.domain import commands
from orderhub.domain.commands import Change
from orderhub.domain.errors import OrderHubError
from orderhub.domain.events import OrderPaid
from orderhub.domain.money import Money
from orderhub.domain.order import Order
from orderhub.domain.payment import PaymentState
from orderhub.domain.refund import RefundState
from orderhub.ports import OrderKey
from orderhub.services.close_due import close_due
from orderhub.services.manage_payment_accounts import set_account
from orderhub.services.replay_order import replay_order
from tests.support import providers
from tests.support.api import invoke, payload
from tests.support.orders import TESTER, placed
from tests.support.properties import examples
from tests.support.providers import SignedRequest

_tails = count(1)
_runs = count(1)


@pytest.fixture
def accounts(application: Application) -> Application:
    """The shop ``demo`` with an account at each provider."""
    wechatpay = providers.key_pair("wechatpay")
    told: dict[str, dict[str, Any]] = {
        "stripe": {"secrets": [providers.STRIPE_SECRET]},
        "paypal": {
            "settings": {"webhook_id": providers.PAYPAL_WEBHOOK_ID},
            "public_keys": {
                providers.PAYPAL_CERTIFICATE_URL: providers.key_pair("paypal").certificate_pem
            },
        },
        "alipay": {
            "settings": {"app_id": providers.ALIPAY_APP_ID},
            "public_keys": {"alipay": providers.key_pair("alipay").public_pem},
        },
        "wechatpay": {
            "settings": {"mchid": providers.WECHATPAY_MCHID},
            "public_keys": {wechatpay.serial: wechatpay.certificate_pem},
            "secrets": [providers.WECHATPAY_KEY],
        },
    }
    for provider, fields in told.items():
        set_account(
            application.shops,
            application.payment_account_store,
            lambda: application.vault,
            SystemClock(),
            "demo",
            provider,
            **fields,
        )
    return application


@dataclass(frozen=True)
class Payment:
    """What truly happened at a provider: captured, and in part refunded perhaps."""

    provider: str
    name: str
    amount: Money
    refunds: tuple[int, ...]

    @property
    def refunded(self) -> int:
        return sum(self.refunds)

    def notifications(self, order_id: int) -> list[SignedRequest]:
        told = [self._captured(order_id)]
        gone = 0
        for index, part in enumerate(self.refunds):
            gone += part
            amount = Money(part, self.amount.currency)
            told.append(self._refunded(order_id, f"{self.name}R{index}", amount, gone))
        return told

    def _captured(self, order_id: int) -> SignedRequest:
        match self.provider:
            case "stripe":
                return self._stripe(
                    providers.stripe_payment_succeeded(order_id, self.amount, payment=self.name)
                )
            case "paypal":
                return self._paypal(
                    providers.paypal_capture_completed(order_id, self.amount, capture=self.name)
                )
            case "alipay":
                return self._alipay(
                    providers.alipay_trade_success(order_id, self.amount, trade_no=self.name)
                )
            case _:
                resource = providers.wechatpay_transaction(
                    order_id, self.amount, transaction_id=self.name
                )
                return self._wechatpay("TRANSACTION.SUCCESS", resource)

    def _refunded(self, order_id: int, name: str, amount: Money, gone: int) -> SignedRequest:
        match self.provider:
            case "stripe":
                return self._stripe(providers.stripe_refund(amount, payment=self.name, refund=name))
            case "paypal":
                return self._paypal(
                    providers.paypal_refund(order_id, amount, capture=self.name, refund=name)
                )
            case "alipay":
                total = Money(gone, amount.currency)
                return self._alipay(
                    providers.alipay_refund(order_id, self.amount, total, trade_no=self.name)
                )
            case _:
                resource = providers.wechatpay_refund(
                    order_id, self.amount, amount, transaction_id=self.name, refund_id=name
                )
                return self._wechatpay("REFUND.SUCCESS", resource)

    @staticmethod
    def _stripe(event: Mapping[str, Any]) -> SignedRequest:
        return providers.stripe_request(providers.STRIPE_SECRET, event)

    @staticmethod
    def _paypal(event: Mapping[str, Any]) -> SignedRequest:
        keys = providers.key_pair("paypal")
        return providers.paypal_request(keys, providers.PAYPAL_WEBHOOK_ID, event)

    @staticmethod
    def _alipay(fields: Mapping[str, str]) -> SignedRequest:
        return providers.alipay_request(providers.key_pair("alipay"), fields)

    @staticmethod
    def _wechatpay(kind: str, resource: Mapping[str, Any]) -> SignedRequest:
        keys = providers.key_pair("wechatpay")
        return providers.wechatpay_request(keys, providers.WECHATPAY_KEY, kind, resource)


def post(provider: str, request: SignedRequest, shop_id: str = "demo") -> int:
    """Deliver a notification; return the status of the answer."""
    event = payload(f"payment_webhooks/{provider}")
    event["headers"] = request.headers
    event["pathParameters"] = {"shop_id": shop_id}
    event["body"] = base64.b64encode(request.body).decode()
    event["isBase64Encoded"] = True
    status: int = invoke(f"payment_webhooks/{provider}", event)["statusCode"]
    return status


def new_order(application: Application, *, due_in: int) -> Order:
    change = placed("demo", at=SystemClock().now(), tail=next(_tails), payment_timeout=due_in)
    application.desk.orders.commit(change)
    return change.order


@st.composite
def payments(draw: st.DrawFn) -> tuple[Payment, ...]:
    made = []
    for index in range(draw(st.integers(1, 2))):
        amount = draw(st.sampled_from([150, 150, 149, 200]))
        left, refunds = amount, []
        for _ in range(draw(st.integers(0, 2))):
            part = draw(st.integers(1, left)) if left else 0
            if part:
                refunds.append(part)
                left -= part
        provider = draw(st.sampled_from(["stripe", "paypal", "alipay", "wechatpay"]))
        made.append(Payment(provider, f"{index}", Money(amount, "CNY"), tuple(refunds)))
    return tuple(made)


def cancelled(application: Application, order: Order) -> None:
    def decide(change: Change) -> None:
        commands.cancel(change)

    try:
        application.desk.change("demo", order.id, TESTER, decide)
    except OrderHubError:
        return


def all_at_once(calls: Sequence[Callable[[], object]]) -> list[object]:
    with ThreadPoolExecutor(4) as pool:
        return [future.result() for future in [pool.submit(call) for call in calls]]


def require_money(order: Order, truth: Sequence[Payment], *, whole: bool) -> None:
    """What the order holds is what was reported of payments that were; all of it if ``whole``."""
    true = {payment.name: payment for payment in truth}
    with_money = [p for p in order.payments if p.state.has_money]
    assert len({p.transaction_id for p in with_money}) == len(with_money)
    for payment in with_money:
        assert payment.amount == true[payment.transaction_id].amount
    captured = [p.amount for p in with_money if p.state is PaymentState.CAPTURED]
    assert order.captured == Money.total(captured, order.currency)
    refunds = (*order.refunds, *order.held_refunds)
    gone = sum(r.amount.amount for r in refunds if r.state is RefundState.SUCCEEDED)
    assert gone <= sum(payment.refunded for payment in truth)
    if whole:
        assert len(with_money) == len(truth)
        assert gone == sum(payment.refunded for payment in truth)


@pytest.mark.parametrize("due_in", [3600, 1])
def test_racing_notifications_lead_to_what_truly_happened(
    accounts: Application, due_in: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk = accounts.desk
    if due_in == 1:
        # The order expires while its payments are under way.
        real = SystemClock.now
        monkeypatch.setattr(SystemClock, "now", lambda self: real(self) + timedelta(seconds=2))

    @examples(12)
    @given(truth=payments(), data=st.data())
    def race(truth: tuple[Payment, ...], data: st.DataObject) -> None:
        run = next(_runs)
        truth = tuple(replace(p, name=f"P{run}X{p.name}") for p in truth)
        order = new_order(accounts, due_in=due_in)
        told = [(p.provider, n) for p in truth for n in p.notifications(order.id)]
        repeated = data.draw(st.lists(st.sampled_from(told), max_size=3))
        lost = data.draw(st.booleans())
        arriving = data.draw(st.permutations(told + repeated))
        arriving = arriving[: len(arriving) // 2] if lost else arriving
        others: list[Callable[[], object]] = [
            lambda: close_due(desk, [OrderKey("demo", order.id)]),
            lambda: cancelled(accounts, order),
        ]
        calls: list[Callable[[], object]] = [
            partial(post, provider, request) for provider, request in arriving
        ]
        cut = data.draw(st.integers(0, len(calls)))
        chosen = data.draw(st.lists(st.sampled_from(others), max_size=2))
        answers = all_at_once(calls[:cut] + chosen + calls[cut:])
        assert [a for a in answers if isinstance(a, int) and a != 200] == []
        found = desk.orders.get("demo", order.id)
        assert found is not None
        require_money(found, truth, whole=not lost)
        history = list(desk.orders.history("demo", order.id))
        assert sum(isinstance(entry.event, OrderPaid) for entry in history) <= 1
        assert replay_order(desk, "demo", order.id).agrees

    race()
