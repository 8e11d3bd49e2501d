"""``orderhub provider`` on an emulated table: what operators set verifies what providers send."""

import json
import os
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from orderhub.bootstrap import Application
from orderhub.domain.errors import NotFound, SignatureRefused
from orderhub.domain.money import Money
from orderhub.domain.report import PaymentReport
from orderhub.payments.alipay import ALIPAY
from orderhub.payments.contract import Provider
from orderhub.payments.paypal import PAYPAL
from orderhub.payments.stripe import STRIPE
from orderhub.payments.wechatpay import WECHATPAY
from tests.integration.test_cli import Operator
from tests.integration.test_cli import _environment as _environment
from tests.integration.test_cli import key_named as key_named
from tests.integration.test_cli import operator as operator
from tests.integration.test_cli import orderhub as orderhub
from tests.support import providers
from tests.support.providers import SignedRequest, key_pair, paypal_keys

pytestmark = pytest.mark.usefixtures("key_named")

SECRET, NEXT_SECRET = providers.STRIPE_SECRET, "whsec_5WbX5kEWLlfzsGNjH64I8lOOqUB6e8FH"
NEXT_API_V3_KEY = providers.WECHATPAY_KEY[::-1]
PRICE = Money(12_800, "CNY")
SET_STRIPE = ("provider", "set", "demo", "stripe", "--secret", SECRET)
SET_PAYPAL = ("provider", "set", "demo", "paypal", "--webhook-id", providers.PAYPAL_WEBHOOK_ID)
SET_ALIPAY = ("provider", "set", "demo", "alipay", "--app-id", providers.ALIPAY_APP_ID)
SET_WECHATPAY = ("provider", "set", "demo", "wechatpay", "--mchid", providers.WECHATPAY_MCHID)


Reported = Callable[[Provider, SignedRequest], PaymentReport]


@pytest.fixture(autouse=True)
def _shop_and_files(operator: Operator, tmp_path: Path) -> None:
    """What an operator has from the providers, in the current folder."""
    operator.make_shop()
    alipay, wechatpay = key_pair("alipay"), key_pair("wechatpay")
    for name, content in {
        "alipay.pem": alipay.public_pem,
        "alipay.txt": alipay.public_base64,
        "paypal.pem": paypal_keys().certificate_pem,
        "wechatpay.crt": wechatpay.certificate_pem,
        "wechatpay.pem": wechatpay.public_pem,
        "private.pem": wechatpay.private_pem,
        "api-v3-key.txt": providers.WECHATPAY_KEY + "\n",
        "next-api-v3-key.txt": NEXT_API_V3_KEY,
        "secret.txt": SECRET + "\n",
        "next-secret.txt": NEXT_SECRET + "\n",
        "two-lines.txt": f"{SECRET}\n{NEXT_SECRET}\n",
        "empty.txt": "\n",
    }.items():
        (tmp_path / name).write_text(content, encoding="utf-8")


@pytest.fixture
def reported(orderhub: Application) -> Reported:
    """What a function that starts now makes of a request of a provider's."""

    def report(provider: Provider, request: SignedRequest) -> PaymentReport:
        orderhub.__dict__.pop("payment_accounts", None)
        account = orderhub.payment_accounts.open("demo", provider.name)
        (first, *_) = provider.reports(request.notification(), account)
        return first

    return report


def paid_by_stripe(*secrets: str) -> SignedRequest:
    event = providers.stripe_payment_succeeded("7", PRICE)
    return providers.stripe_request(secrets[0], event, more_secrets=secrets[1:])


def paid_by_wechatpay(api_v3_key: str = providers.WECHATPAY_KEY, serial: str = "") -> SignedRequest:
    resource = providers.wechatpay_transaction("7", PRICE)
    keys = key_pair("wechatpay")
    return providers.wechatpay_request(
        keys, api_v3_key, "TRANSACTION.SUCCESS", resource, serial=serial
    )


# -- each provider ---------------------------------------------------------------------------------


def test_stripe_s_webhooks_are_taken_with_its_signing_secret(
    operator: Operator, reported: Reported
) -> None:
    shown = operator.ask(*SET_STRIPE)

    assert reported(STRIPE, paid_by_stripe(SECRET)).amount == PRICE
    assert shown["webhook_path"] == "/webhooks/payments/stripe/demo"
    assert [secret["number"] for secret in shown["secrets"]] == [1]
    with pytest.raises(SignatureRefused):
        reported(STRIPE, paid_by_stripe(NEXT_SECRET))


def test_paypal_s_webhooks_are_taken_with_a_certificate_kept_here(
    operator: Operator, reported: Reported
) -> None:
    url = providers.PAYPAL_CERTIFICATE_URL
    operator.run(*SET_PAYPAL, "--certificate", f"{url}=paypal.pem", "--client-id", "AZ-client")

    event = providers.paypal_capture_completed("7", PRICE)
    request = providers.paypal_request(paypal_keys(), providers.PAYPAL_WEBHOOK_ID, event)
    assert reported(PAYPAL, request).amount == PRICE

    operator.run("provider", "set", "demo", "paypal", "--remove-key", url, "--client-id", "")
    shown = operator.ask("provider", "show", "demo", "paypal")
    assert shown["settings"] == {"webhook_id": providers.PAYPAL_WEBHOOK_ID}
    assert shown["public_keys"] == {}


@pytest.mark.parametrize("file", ["alipay.pem", "alipay.txt"])
def test_alipay_s_notifications_are_taken_with_its_key_however_it_is_written(
    operator: Operator, reported: Reported, file: str
) -> None:
    operator.run(*SET_ALIPAY, "--public-key", file, "--seller-id", providers.ALIPAY_SELLER_ID)

    fields = providers.alipay_trade_success("7", PRICE)
    assert reported(ALIPAY, providers.alipay_request(key_pair("alipay"), fields)).amount == PRICE
    kept = operator.ask("provider", "show", "demo", "alipay")["public_keys"]["alipay"]
    assert kept == key_pair("alipay").public_pem.strip()


def test_wechat_pay_s_notifications_are_taken_with_certificates_and_keys_beside_each_other(
    operator: Operator, reported: Reported
) -> None:
    serial, key_id = key_pair("wechatpay").serial, "PUB_KEY_ID_0119000001092024"
    operator.run(
        *SET_WECHATPAY,
        *("--api-v3-key-file", "api-v3-key.txt", "--appid", providers.WECHATPAY_APPID),
        *("--public-key", f"{serial.lower()}=wechatpay.crt"),
    )
    assert reported(WECHATPAY, paid_by_wechatpay()).amount == PRICE
    with pytest.raises(SignatureRefused):
        reported(WECHATPAY, paid_by_wechatpay(serial=key_id))

    operator.run("provider", "set", "demo", "wechatpay", "--public-key", f"{key_id}=wechatpay.pem")
    assert reported(WECHATPAY, paid_by_wechatpay()).amount == PRICE
    assert reported(WECHATPAY, paid_by_wechatpay(serial=key_id)).amount == PRICE

    operator.run(
        "provider", "add-secret", "demo", "wechatpay", "--secret-file", "next-api-v3-key.txt"
    )
    assert reported(WECHATPAY, paid_by_wechatpay()).amount == PRICE
    assert reported(WECHATPAY, paid_by_wechatpay(NEXT_API_V3_KEY)).amount == PRICE


# -- rotation --------------------------------------------------------------------------------------


def test_secrets_are_rotated_without_a_gap(operator: Operator, reported: Reported) -> None:
    operator.run(*SET_STRIPE)

    shown = operator.ask(
        "provider", "add-secret", "demo", "stripe", "--secret-file", "next-secret.txt"
    )
    assert [secret["number"] for secret in shown["secrets"]] == [1, 2]
    for secrets in ((SECRET,), (NEXT_SECRET,), (SECRET, NEXT_SECRET)):
        assert reported(STRIPE, paid_by_stripe(*secrets)).amount == PRICE

    operator.run("provider", "remove-secret", "demo", "stripe", "1")
    assert reported(STRIPE, paid_by_stripe(NEXT_SECRET)).amount == PRICE
    with pytest.raises(SignatureRefused):
        reported(STRIPE, paid_by_stripe(SECRET))
    assert "only secret" in operator.complaint("provider", "remove-secret", "demo", "stripe", "2")
    assert "payment secret 1 does not exist" in operator.complaint(
        "provider", "remove-secret", "demo", "stripe", "1"
    )


def test_secrets_come_from_files_or_another_program(operator: Operator, reported: Reported) -> None:
    set_it = ("provider", "set", "demo", "stripe", "--secret-file")
    operator.run(*set_it, "secret.txt")
    assert reported(STRIPE, paid_by_stripe(SECRET)).amount == PRICE

    operator.run(*set_it, "-", stdin=f"{NEXT_SECRET}\n")
    assert reported(STRIPE, paid_by_stripe(NEXT_SECRET)).amount == PRICE
    with pytest.raises(SignatureRefused):
        reported(STRIPE, paid_by_stripe(SECRET))


def test_secrets_are_never_shown(operator: Operator) -> None:
    said = operator.run(*SET_STRIPE).output
    said += operator.run(
        "provider", "add-secret", "demo", "stripe", "--secret", NEXT_SECRET, "--json"
    ).output
    for command in (("show", "demo", "stripe"), ("list", "demo")):
        for form in ((), ("--json",)):
            said += operator.run("provider", *command, *form).output
    said += operator.run("provider", "remove", "demo", "stripe", "--json").output

    for secret in (SECRET, NEXT_SECRET):
        assert secret.removeprefix("whsec_")[:8] not in said
        assert secret[-8:] not in said
    assert "sealed" not in said


# -- what is shown ---------------------------------------------------------------------------------


def test_accounts_are_listed_until_they_are_removed(
    operator: Operator, orderhub: Application
) -> None:
    assert "No accounts" in operator.run("provider", "list", "demo").stdout
    operator.run(*SET_STRIPE)
    operator.run(*SET_PAYPAL)
    listed = operator.ask("provider", "list", "demo")["accounts"]
    assert [account["provider"] for account in listed] == ["paypal", "stripe"]
    assert listed[1] == operator.ask("provider", "show", "demo", "stripe")
    table = operator.run("provider", "list", "demo").stdout
    assert providers.PAYPAL_WEBHOOK_ID in table

    operator.run("provider", "remove", "demo", "stripe")

    listed = operator.ask("provider", "list", "demo")["accounts"]
    assert [account["provider"] for account in listed] == ["paypal"]
    with pytest.raises(NotFound):
        orderhub.payment_accounts.open("demo", "stripe")
    assert "payment account stripe does not exist" in operator.complaint(
        "provider", "show", "demo", "stripe"
    )


def test_people_see_where_notifications_go_and_since_when_secrets_hold(operator: Operator) -> None:
    said = operator.run(*SET_STRIPE).stdout

    assert "/webhooks/payments/stripe/demo" in said
    assert f"{datetime.now(UTC):%Y-%m-%d}" in said
    assert "Secrets that hold" in said
    assert "Secrets that hold" not in operator.run(*SET_PAYPAL).stdout


def test_on_a_local_stack_the_whole_address_is_told(
    operator: Operator, orderhub: Application, tmp_path: Path
) -> None:
    stack: dict[str, Any] = {
        "api_url": "http://127.0.0.1:4566/_aws/execute-api/abc/",
        "table_name": orderhub.settings.table_name,
        "aws": {
            "endpoint_url": "http://127.0.0.1:4566",
            "region": os.environ["AWS_DEFAULT_REGION"],
            "access_key_id": "test",
            "secret_access_key": "test",
        },
    }
    file = tmp_path / "stack.json"
    file.write_text(json.dumps(stack), encoding="utf-8")
    operator.run(*SET_PAYPAL)
    show = ("provider", "show", "demo", "paypal")
    url = "http://127.0.0.1:4566/_aws/execute-api/abc/webhooks/payments/paypal/demo"

    assert operator.ask(*show)["webhook_url"] is None
    assert operator.ask("--stack", str(file), *show)["webhook_url"] == url
    assert url in operator.run("--stack", str(file), *show).stdout
    # The stack's API is another table's.
    other = ("--stack", str(file), "--table", orderhub.settings.table_name)
    assert operator.ask(*other, *show)["webhook_url"] is None


# -- mistakes --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("command", "said"),
    [
        (("set", "demo", "telex", "--secret", SECRET), "telex"),
        (("set", "demo", "stripe"), "--secret"),
        (("set", "demo", "stripe", "--secret", "sk_live_0123456789abcdef"), "whsec_"),
        (("set", "demo", "stripe", "--secret", SECRET, "--webhook-id", "1"), "--webhook-id"),
        (("set", "demo", "stripe", "--secret-file", "nowhere.txt"), "nowhere.txt"),
        (("set", "demo", "stripe", "--secret-file", "two-lines.txt"), "one line"),
        (("set", "demo", "stripe", "--secret-file", "empty.txt"), "one line"),
        (("set", "demo", "paypal", "--secret", SECRET), "--secret"),
        (
            ("set", "demo", "paypal", "--certificate", "https://x.example/c=paypal.pem"),
            "api.paypal.com",
        ),
        (
            (
                *("set", "demo", "paypal", "--certificate"),
                f"{providers.PAYPAL_CERTIFICATE_URL}=alipay.pem",
            ),
            "certificate",
        ),
        (("set", "demo", "alipay", "--public-key", "secret.txt"), "RSA"),
        (("set", "demo", "alipay", "--public-key", "private.pem"), "RSA"),
        (("set", "demo", "alipay", "--public-key", "short.pem"), "2048"),
        (("set", "demo", "alipay", "--public-key", "curve.pem"), "RSA"),
        (("set", "demo", "alipay", "--public-key", "binary.pem"), "text"),
        (("set", "demo", "wechatpay", "--public-key", "wechatpay.pem"), "SERIAL=FILE"),
        (("set", "demo", "wechatpay", "--public-key", "00AB12CD=wechatpay.crt"), "serial number"),
        (("set", "demo", "wechatpay", "--api-v3-key-file", "secret.txt"), "32"),
        (("add-secret", "demo", "stripe"), "--secret-file"),
        (
            ("add-secret", "demo", "stripe", "--secret", SECRET, "--secret-file", "secret.txt"),
            "--secret-file",
        ),
        (("add-secret", "demo", "stripe", "--secret", ""), "whsec_"),
        (("add-secret", "demo", "paypal", "--secret", SECRET), "no secrets"),
        (("remove-secret", "demo", "stripe", "first"), "NUMBER"),
    ],
)
def test_a_mistake_is_told_before_anything_is_written(
    operator: Operator, tmp_path: Path, command: tuple[str, ...], said: str
) -> None:
    pem = Encoding.PEM, PublicFormat.SubjectPublicKeyInfo
    short = rsa.generate_private_key(65537, 1024).public_key()  # noqa: S505 - as it must not be
    (tmp_path / "short.pem").write_bytes(short.public_bytes(*pem))
    curve = ed25519.Ed25519PrivateKey.generate().public_key()
    (tmp_path / "curve.pem").write_bytes(curve.public_bytes(*pem))
    (tmp_path / "binary.pem").write_bytes(b"\xff\xfe\x00")

    complaint = operator.complaint("provider", *command, exit_code=2)

    assert said in complaint
    assert "--help" in complaint
    assert SECRET not in complaint
    assert operator.ask("provider", "list", "demo")["accounts"] == []


@pytest.mark.parametrize(
    ("command", "said"),
    [
        (("set", "demo", "paypal", "--client-id", "x"), "webhook_id"),
        ((*SET_PAYPAL[1:-1], "two words"), "webhook_id"),
        ((*SET_ALIPAY[1:],), "public"),
        ((*SET_WECHATPAY[1:], "--api-v3-key-file", "api-v3-key.txt"), "public"),
        (
            (*SET_WECHATPAY[1:], "--public-key", "PUB_KEY_ID_011900000109=wechatpay.pem"),
            "secret",
        ),
    ],
)
def test_an_account_that_lacks_something_is_not_kept(
    operator: Operator, command: tuple[str, ...], said: str
) -> None:
    assert said in operator.complaint("provider", *command)
    assert operator.ask("provider", "list", "demo")["accounts"] == []
