"""What all providers have in common, whatever their notifications look like."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime

import pytest

from orderhub.domain.errors import SignatureRefused, Unavailable
from orderhub.domain.money import Money
from orderhub.domain.payment_account import PROVIDERS, OpenedAccount, PaymentAccount
from orderhub.domain.report import PaymentReport, ReportKind
from orderhub.payments.alipay import ALIPAY
from orderhub.payments.contract import Provider
from orderhub.payments.paypal import PAYPAL
from orderhub.payments.stripe import STRIPE
from orderhub.payments.wechatpay import WECHATPAY
from tests.support import providers
from tests.support.providers import SignedRequest

ORDER_ID = "1766543210987654"
PAID = Money(12800, "CNY")
BACK = Money(2800, "CNY")
PAYMENT = "PAY1766543210"


@dataclass(frozen=True)
class Sender:
    """A provider, an account with it, and how it tells of :data:`PAID` and of :data:`BACK`."""

    provider: Provider
    account: OpenedAccount
    payment: Callable[[], SignedRequest]
    refund: Callable[[], SignedRequest]


def _account(
    provider: str, settings: dict[str, str], public_keys: dict[str, str], *secrets: str
) -> OpenedAccount:
    now = datetime.now(UTC)
    account = PaymentAccount(
        shop_id="demo",
        provider=provider,
        created_at=now,
        updated_at=now,
        settings=settings,
        public_keys=public_keys,
    )
    return OpenedAccount(account, secrets)


def _stripe() -> Sender:
    def signed(event: providers.Fields) -> SignedRequest:
        return providers.stripe_request(providers.STRIPE_SECRET, event)

    return Sender(
        STRIPE,
        _account("stripe", {}, {}, providers.STRIPE_SECRET),
        lambda: signed(providers.stripe_payment_succeeded(ORDER_ID, PAID, payment=PAYMENT)),
        lambda: signed(providers.stripe_refund(BACK, payment=PAYMENT)),
    )


def _paypal() -> Sender:
    keys = providers.paypal_keys()

    def signed(event: providers.Fields) -> SignedRequest:
        return providers.paypal_request(keys, providers.PAYPAL_WEBHOOK_ID, event)

    return Sender(
        PAYPAL,
        _account(
            "paypal",
            {"webhook_id": providers.PAYPAL_WEBHOOK_ID},
            {providers.PAYPAL_CERTIFICATE_URL: keys.certificate_pem},
        ),
        lambda: signed(providers.paypal_capture_completed(ORDER_ID, PAID, capture=PAYMENT)),
        lambda: signed(providers.paypal_refund(ORDER_ID, BACK, capture=PAYMENT)),
    )


def _alipay() -> Sender:
    keys = providers.key_pair("alipay")
    settings = {"app_id": providers.ALIPAY_APP_ID, "seller_id": providers.ALIPAY_SELLER_ID}

    def signed(fields: dict[str, str]) -> SignedRequest:
        return providers.alipay_request(keys, fields)

    return Sender(
        ALIPAY,
        _account("alipay", settings, {"alipay": keys.public_base64}),
        lambda: signed(providers.alipay_trade_success(ORDER_ID, PAID, trade_no=PAYMENT)),
        lambda: signed(providers.alipay_refund(ORDER_ID, PAID, BACK, trade_no=PAYMENT)),
    )


def _wechatpay() -> Sender:
    keys = providers.key_pair("wechatpay")
    settings = {"mchid": providers.WECHATPAY_MCHID, "appid": providers.WECHATPAY_APPID}

    def signed(event_type: str, resource: providers.Fields) -> SignedRequest:
        key = providers.WECHATPAY_KEY
        return providers.wechatpay_request(keys, key, event_type, resource)

    return Sender(
        WECHATPAY,
        _account(
            "wechatpay",
            settings,
            {keys.serial: keys.certificate_pem},
            providers.WECHATPAY_KEY,
        ),
        lambda: signed(
            "TRANSACTION.SUCCESS",
            providers.wechatpay_transaction(ORDER_ID, PAID, transaction_id=PAYMENT),
        ),
        lambda: signed(
            "REFUND.SUCCESS",
            providers.wechatpay_refund(ORDER_ID, PAID, BACK, transaction_id=PAYMENT),
        ),
    )


SENDERS = {"stripe": _stripe, "paypal": _paypal, "alipay": _alipay, "wechatpay": _wechatpay}


@pytest.fixture(params=PROVIDERS)
def sender(request: pytest.FixtureRequest) -> Sender:
    return SENDERS[request.param]()


def read(sender: Sender, request: SignedRequest) -> list[PaymentReport]:
    return list(sender.provider.reports(request.notification(), sender.account))


def test_a_payment_is_told_with_its_order_and_amount(sender: Sender) -> None:
    [report] = read(sender, sender.payment())
    assert report.kind is ReportKind.CAPTURED
    assert report.provider == sender.provider.name
    assert (report.reference, report.amount) == (ORDER_ID, PAID)
    assert abs((report.at - datetime.now(UTC)).total_seconds()) < 60
    assert report.event_id


def test_a_refund_names_the_payment_as_the_payment_named_itself(sender: Sender) -> None:
    [payment] = read(sender, sender.payment())
    *_, refund = read(sender, sender.refund())
    assert refund.kind is ReportKind.REFUNDED
    assert refund.transaction_id == payment.transaction_id == PAYMENT
    assert BACK in (refund.amount, refund.refunded_total)


def test_each_event_has_a_name_of_its_own(sender: Sender) -> None:
    first, second = (read(sender, sender.payment())[0] for _ in range(2))
    assert first.event_id != second.event_id
    assert first.transaction_id == second.transaction_id


def test_the_same_request_tells_the_same_again(sender: Sender) -> None:
    request = sender.payment()
    assert read(sender, request) == read(sender, request)


def test_an_account_without_anything_takes_nothing(sender: Sender) -> None:
    bare = OpenedAccount(replace(sender.account.account, settings={}, public_keys={}))
    with pytest.raises((SignatureRefused, Unavailable)):
        sender.provider.reports(sender.payment().notification(), bare)


def test_a_body_without_its_headers_or_signature_is_refused(sender: Sender) -> None:
    with pytest.raises(SignatureRefused):
        read(sender, SignedRequest({}, b"{}=x"))


def test_nothing_is_said_of_why_a_signature_is_wrong(sender: Sender) -> None:
    answers = {
        repr(sender.provider.refused(SignatureRefused(reason)))
        for reason in (SignatureRefused.WRONG_SIGNATURE, SignatureRefused.OUT_OF_TIME)
    }
    assert len(answers) == 1
