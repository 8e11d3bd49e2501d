"""The demo's payment providers: what ``.local/stack.json`` tells is enough to sign as each."""

import shutil
import subprocess
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from local import providers as demo
from orderhub.bootstrap import Application
from orderhub.domain.money import Money
from orderhub.domain.order import Order
from orderhub.domain.payment_account import PROVIDERS
from orderhub.domain.report import PaymentReport
from orderhub.payments.alipay import ALIPAY
from orderhub.payments.contract import Provider
from orderhub.payments.paypal import PAYPAL
from orderhub.payments.stripe import STRIPE
from orderhub.payments.wechatpay import WECHATPAY
from orderhub.services.manage_payment_accounts import add_secret, remove_account
from orderhub.services.payment_accounts import AccountKeeper
from tests.support import providers
from tests.support.orders import placed
from tests.support.providers import KeyPair, SignedRequest

PRICE = Money(12_800, "CNY")


def opened(application: Application, provider: str) -> Any:
    """As a function that starts now sees the account."""
    accounts, clock = application.payment_account_store, application.desk.clock
    return AccountKeeper(accounts, lambda: application.vault, clock).open("demo", provider)


def taken(application: Application, provider: Provider, request: SignedRequest) -> PaymentReport:
    account = opened(application, provider.name)
    (first, *_) = provider.reports(request.notification(), account)
    return first


def keys(told: dict[str, str]) -> KeyPair:
    private = load_pem_private_key(told["private_key"].encode(), None)
    assert isinstance(private, RSAPrivateKey)
    certificate = told.get("certificate", "") or providers.key_pair("any").certificate_pem
    return KeyPair(private, x509.load_pem_x509_certificate(certificate.encode()))


def test_who_reads_the_secrets_signs_as_each_provider(application: Application) -> None:
    told = demo.make_accounts(application, "demo", {})

    paid = providers.stripe_payment_succeeded("7", PRICE)
    request = providers.stripe_request(told["stripe"], paid)
    assert taken(application, STRIPE, request).amount == PRICE

    paypal = told["paypal"]
    captured = providers.paypal_capture_completed("7", PRICE)
    request = providers.paypal_request(
        keys(paypal), paypal["webhook_id"], captured, certificate_url=paypal["certificate_url"]
    )
    assert taken(application, PAYPAL, request).amount == PRICE

    alipay = told["alipay"]
    fields = {**providers.alipay_trade_success("7", PRICE), "app_id": alipay["app_id"]}
    request = providers.alipay_request(keys(alipay), fields)
    assert taken(application, ALIPAY, request).amount == PRICE

    wechatpay = told["wechatpay"]
    resource = {**providers.wechatpay_transaction("7", PRICE), "mchid": wechatpay["mchid"]}
    request = providers.wechatpay_request(
        keys(wechatpay),
        wechatpay["api_v3_key"],
        "TRANSACTION.SUCCESS",
        resource,
        serial=wechatpay["serial"],
    )
    assert taken(application, WECHATPAY, request).amount == PRICE


def test_secrets_stay_while_the_accounts_take_them(application: Application) -> None:
    told = demo.make_accounts(application, "demo", {})
    add_secret(
        application.shops,
        application.payment_account_store,
        lambda: application.vault,
        application.desk.clock,
        "demo",
        "stripe",
        providers.STRIPE_SECRET,
    )
    before = [opened(application, provider) for provider in PROVIDERS]

    assert demo.make_accounts(application, "demo", told) == told

    assert [opened(application, provider) for provider in PROVIDERS] == before
    assert before[0].secrets == (told["stripe"], providers.STRIPE_SECRET)


def test_accounts_that_a_killed_cloud_forgot_are_made_again_for_the_same_secrets(
    application: Application,
) -> None:
    told = demo.make_accounts(application, "demo", {})
    for provider in PROVIDERS:
        remove_account(application.shops, application.payment_account_store, "demo", provider)

    assert demo.make_accounts(application, "demo", told) == told

    request = providers.stripe_request(
        told["stripe"], providers.stripe_payment_succeeded("7", PRICE)
    )
    assert taken(application, STRIPE, request).amount == PRICE


@pytest.fixture
def order() -> Order:
    return placed().order


def test_stripe_s_event_pays_what_is_outstanding(application: Application, order: Order) -> None:
    secret = demo.make_accounts(application, "demo", {})["stripe"]
    event = demo.stripe_event(order)
    headers = {name.lower(): text for name, text in demo.stripe_headers(secret, event).items()}

    report = taken(application, STRIPE, SignedRequest(headers, event.encode()))

    assert (report.reference, report.amount) == (str(order.id), order.total)


@pytest.mark.skipif(not shutil.which("openssl"), reason="the line signs with openssl")
def test_the_line_to_paste_sends_a_signed_event(application: Application, order: Order) -> None:
    secret = demo.make_accounts(application, "demo", {})["stripe"]
    line = demo.stripe_line("http://127.0.0.1:1/api", secret, order)

    script = 'curl() { printf "%s\\n" "$@"; }; ' + line
    done = subprocess.run(["sh", "-c", script], capture_output=True, text=True, check=True)  # noqa: S603, S607 - our own text

    _, signature, _, content_type, _, body, url = done.stdout.splitlines()
    assert url == f"http://127.0.0.1:1/api/webhooks/payments/stripe/{order.shop_id}"
    headers = {
        name.lower(): text
        for name, text in (header.split(": ") for header in (signature, content_type))
    }
    report = taken(application, STRIPE, SignedRequest(headers, body.encode()))
    assert report.amount == order.total
