"""The payment providers as the demo plays them: accounts for its shop, and what Stripe would send.

No provider ever calls this machine. So the demo makes their keys itself, gives the shop accounts
with the public halves, and writes the private halves into ``.local/stack.json``: whoever reads that
can sign as each provider would.
"""

from __future__ import annotations

import json
import secrets
import shlex
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from uuid import uuid4

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)
from cryptography.x509.oid import NameOID
from stripe import WebhookSignature

from orderhub.bootstrap import Application
from orderhub.domain.errors import NotFound
from orderhub.domain.order import Order
from orderhub.domain.payment_account import ALIPAY, PAYPAL, PROVIDERS, STRIPE, WECHATPAY
from orderhub.ports import Unreadable
from orderhub.services.manage_payment_accounts import STRIPE_PREFIX, set_account, webhook_path
from orderhub.services.payment_accounts import ALIPAY_KEY, AccountKeeper

_CERTIFICATES: Final = "https://api.sandbox.paypal.com/v1/notifications/certs/"
_VALID_FOR: Final = timedelta(days=3650)

Secrets = dict[str, Any]
"""By provider, as ``webhook_secrets`` of ``.local/stack.json`` has them: Stripe's signing secret,
of the others an object with what they sign with."""


# -- accounts --------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Account:
    """What a shop must know to take what is signed with a provider's secrets."""

    settings: Mapping[str, str]
    public_keys: Mapping[str, str]
    secrets: tuple[str, ...] = ()


def make_accounts(application: Application, shop_id: str, known: Mapping[str, Any]) -> Secrets:
    """Give the shop an account with each provider, unless it takes what is signed with the
    ``known`` secrets already. Returns the secrets that hold."""
    made: Secrets = {}
    for provider in PROVIDERS:
        made[provider] = known.get(provider) or _MAKERS[provider]()
        account = _account_for(provider, made[provider])
        if not _is_kept(application, shop_id, provider, account):
            set_account(
                application.shops,
                application.payment_account_store,
                lambda: application.vault,
                application.desk.clock,
                shop_id,
                provider,
                settings=account.settings,
                public_keys=account.public_keys,
                secrets=account.secrets,
            )
    return made


def _is_kept(application: Application, shop_id: str, provider: str, wanted: _Account) -> bool:
    """Whether the account takes what is signed so, whatever else an operator added to it."""
    accounts = application.payment_account_store
    keeper = AccountKeeper(accounts, lambda: application.vault, application.desk.clock)
    try:
        kept = keeper.open(shop_id, provider)
    except (NotFound, Unreadable):
        return False
    return (
        wanted.settings.items() <= kept.account.settings.items()
        and wanted.public_keys.items() <= kept.account.public_keys.items()
        and set(wanted.secrets) <= set(kept.secrets)
    )


def _account_for(provider: str, told: Any) -> _Account:
    if provider == PAYPAL:
        keys = {told["certificate_url"]: told["certificate"]}
        return _Account({"webhook_id": told["webhook_id"]}, keys)
    if provider == ALIPAY:
        return _Account({"app_id": told["app_id"]}, {ALIPAY_KEY: told["public_key"]})
    if provider == WECHATPAY:
        keys = {told["serial"]: told["certificate"]}
        return _Account({"mchid": told["mchid"]}, keys, (told["api_v3_key"],))
    return _Account({}, {}, (told,))


def _make_stripe() -> str:
    return STRIPE_PREFIX + secrets.token_hex(16)


def _make_paypal() -> dict[str, str]:
    pair = _KeyPair("messageverificationcerts.sandbox.paypal.com")
    return {
        "webhook_id": secrets.token_hex(9)[:17].upper(),
        "certificate_url": f"{_CERTIFICATES}CERT-{uuid4()}",
        "certificate": pair.certificate_pem,
        "private_key": pair.private_pem,
    }


def _make_alipay() -> dict[str, str]:
    pair = _KeyPair("Alipay")
    return {
        "app_id": f"2021{_digits(12)}",
        "private_key": pair.private_pem,
        "public_key": pair.public_pem,
    }


def _make_wechatpay() -> dict[str, str]:
    pair = _KeyPair("Tenpay.com Root CA")
    return {
        "mchid": f"19{_digits(8)}",
        "api_v3_key": secrets.token_hex(16),
        "serial": pair.serial,
        "certificate": pair.certificate_pem,
        "private_key": pair.private_pem,
    }


_MAKERS: Final = {
    STRIPE: _make_stripe,
    PAYPAL: _make_paypal,
    ALIPAY: _make_alipay,
    WECHATPAY: _make_wechatpay,
}


def _digits(count: int) -> str:
    return f"{secrets.randbelow(10**count):0{count}d}"


class _KeyPair:
    """An RSA key, with a certificate that nobody but itself vouches for."""

    def __init__(self, owner: str) -> None:
        self._private = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, owner)])
        now = datetime.now(UTC)
        self._certificate = (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(name)
            .public_key(self._private.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(days=1))
            .not_valid_after(now + _VALID_FOR)
            .sign(self._private, SHA256())
        )

    @property
    def serial(self) -> str:
        return f"{self._certificate.serial_number:040X}"

    @property
    def private_pem(self) -> str:
        return self._private.private_bytes(
            Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()
        ).decode()

    @property
    def public_pem(self) -> str:
        public = self._private.public_key()
        return public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()

    @property
    def certificate_pem(self) -> str:
        return self._certificate.public_bytes(Encoding.PEM).decode()


# -- what Stripe sends -----------------------------------------------------------------------------


def stripe_event(order: Order) -> str:
    """The event that all that ``order`` costs was paid, as JSON."""
    intent = {
        "id": f"pi_{secrets.token_hex(12)}",
        "object": "payment_intent",
        "amount": order.outstanding.amount,
        "amount_received": order.outstanding.amount,
        "currency": order.currency.lower(),
        "metadata": {"order_id": str(order.id)},
        "payment_method_types": ["card"],
        "status": "succeeded",
    }
    event = {
        "id": f"evt_{secrets.token_hex(12)}",
        "object": "event",
        "type": "payment_intent.succeeded",
        "created": int(time.time()),
        "data": {"object": intent},
    }
    return json.dumps(event, separators=(",", ":"))


def stripe_headers(secret: str, body: str) -> dict[str, str]:
    signature = WebhookSignature.generate_signature_header(body, secret)
    return {"Content-Type": "application/json", "Stripe-Signature": signature}


def stripe_line(api_url: str, secret: str, order: Order) -> str:
    """A line for a shell that sends :func:`stripe_event`, signed when it is run."""
    digest = f'printf %s "$t.$body" | openssl dgst -sha256 -hmac {shlex.quote(secret)} -r'
    signature = f'"Stripe-Signature: t=$t,v1=$({digest} | cut -c1-64)"'
    url = shlex.quote(f"{api_url}{webhook_path(order.shop_id, STRIPE)}")
    return (
        f"t=$(date +%s) body={shlex.quote(stripe_event(order))};"
        f' curl -H {signature} -H "Content-Type: application/json" -d "$body" {url}'
    )
