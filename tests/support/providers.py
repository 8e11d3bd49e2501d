"""Payment providers as they call us: what each would send, signed by its published scheme.

Nothing here signs by our code, or by the libraries that our code verifies with. Each request is
made in two steps: an event (``stripe_payment_succeeded`` …), then the request that carries it
(:func:`stripe_request` …). Amounts of Stripe's events are its minor units, which are ours for most
currencies (not for those that it treats in its own way: ISK, UGX, three decimals).

An ``order_id`` is what the payment request carried (``payment_reference``).
"""

import base64
import hashlib
import hmac
import json
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from functools import cache
from typing import Any
from urllib.parse import quote_plus
from uuid import uuid4

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from orderhub.domain.money import Money
from orderhub.payments.contract import Notification

Fields = dict[str, Any]

STRIPE_SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
PAYPAL_WEBHOOK_ID = "8PT597110X687430LKGECATA"
PAYPAL_CERTIFICATE_URL = (
    "https://api.sandbox.paypal.com/v1/notifications/certs/CERT-360caa42-fca2a594-5a29e601"
)
ALIPAY_APP_ID = "2021000122671234"
ALIPAY_SELLER_ID = "2088102119685838"
WECHATPAY_MCHID = "1900000109"
WECHATPAY_APPID = "wxd678efh567hg6787"
WECHATPAY_KEY = "0123456789abcdefghijklmnopqrstuv"
"""An APIv3 key: 32 characters."""

CHINA = timezone(timedelta(hours=8))


@dataclass(frozen=True)
class SignedRequest:
    """A POST. Header names are in lower case."""

    headers: Mapping[str, str]
    body: bytes

    def notification(self, now: datetime | None = None) -> Notification:
        """As a provider's code gets it from the HTTP layer."""
        return Notification(
            body=self.body, headers=self.headers, query={}, now=now or datetime.now(UTC)
        )


# -- keys ------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class KeyPair:
    """An RSA key of 2048 bits, with a certificate for it that nobody but itself vouches for."""

    private: RSAPrivateKey
    certificate: x509.Certificate

    @property
    def public_pem(self) -> str:
        return self._public(Encoding.PEM).decode()

    @property
    def public_base64(self) -> str:
        """As Alipay's console shows it: without PEM's lines."""
        return base64.b64encode(self._public(Encoding.DER)).decode()

    @property
    def private_pem(self) -> str:
        return self.private.private_bytes(
            Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()
        ).decode()

    @property
    def certificate_pem(self) -> str:
        return self.certificate.public_bytes(Encoding.PEM).decode()

    @property
    def serial(self) -> str:
        """As WeChat Pay names its certificates."""
        return f"{self.certificate.serial_number:X}"

    def sign(self, message: bytes) -> str:
        return base64.b64encode(self.private.sign(message, PKCS1v15(), SHA256())).decode()

    def _public(self, encoding: Encoding) -> bytes:
        return self.private.public_key().public_bytes(encoding, PublicFormat.SubjectPublicKeyInfo)


_VALID_FROM = datetime(2020, 1, 1, tzinfo=UTC)
_VALID_UNTIL = datetime(2045, 1, 1, tzinfo=UTC)


@cache
def key_pair(owner: str) -> KeyPair:
    """The key of ``owner``, the same all through a test run."""
    private = _new_key()
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, owner)])
    certificate = _builder(name, name, private).sign(private, SHA256())
    return KeyPair(private, certificate)


@dataclass(frozen=True)
class SignedKeyPair(KeyPair):
    """A key with a certificate that ``authority`` vouches for."""

    authority: KeyPair


@cache
def paypal_keys(host: str = "messageverificationcerts.paypal.com") -> SignedKeyPair:
    """What PayPal signs with: a certificate for ``host`` by an authority of its own."""
    ca_key = _new_key()
    ca_name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Test Root CA")])
    ca_usage = _key_usage(key_cert_sign=True, crl_sign=True)
    ca = (
        _builder(ca_name, ca_name, ca_key)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(ca_usage, critical=True)
        .add_extension(
            x509.SubjectKeyIdentifier.from_public_key(ca_key.public_key()), critical=False
        )
        .sign(ca_key, SHA256())
    )
    private = _new_key()
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, host)])
    certificate = (
        _builder(name, ca_name, private)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_key_usage(digital_signature=True), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(host)]), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(ca_key.public_key()),
            critical=False,
        )
        .sign(ca_key, SHA256())
    )
    return SignedKeyPair(private, certificate, KeyPair(ca_key, ca))


def _new_key() -> RSAPrivateKey:
    return generate_private_key(public_exponent=65537, key_size=2048)


def _builder(
    subject: x509.Name, issuer: x509.Name, private: RSAPrivateKey
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(private.public_key())
        # All of 40 digits, as WeChat Pay's are.
        .serial_number(x509.random_serial_number() | 1 << 158)
        .not_valid_before(_VALID_FROM)
        .not_valid_after(_VALID_UNTIL)
    )


def _key_usage(
    *, digital_signature: bool = False, key_cert_sign: bool = False, crl_sign: bool = False
) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=digital_signature,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=key_cert_sign,
        crl_sign=crl_sign,
        encipher_only=False,
        decipher_only=False,
    )


# -- Stripe ----------------------------------------------------------------------------------------


def stripe_request(
    secret: str,
    event: Mapping[str, Any] | str,
    *,
    at: datetime | None = None,
    more_secrets: Sequence[str] = (),
) -> SignedRequest:
    """Signed with every secret that the endpoint has while one follows another. Text is sent as it
    is."""
    body = _written(event, indent=2)
    timestamp = str(int(_moment(at).timestamp()))
    signatures = (
        hmac.new(each.encode(), timestamp.encode() + b"." + body, hashlib.sha256).hexdigest()
        for each in (secret, *more_secrets)
    )
    header = ",".join((f"t={timestamp}", *(f"v1={signature}" for signature in signatures)))
    return SignedRequest(
        {"content-type": "application/json; charset=utf-8", "stripe-signature": header}, body
    )


def stripe_event(
    kind: str, thing: Mapping[str, Any], *, event_id: str = "", at: datetime | None = None
) -> Fields:
    """An event of API version 2024-06-20 about ``thing``."""
    return {
        "id": event_id or f"evt_{_token()}",
        "object": "event",
        "api_version": "2024-06-20",
        "created": int(_moment(at).timestamp()),
        "data": {"object": dict(thing)},
        "livemode": False,
        "pending_webhooks": 1,
        "request": {"id": None, "idempotency_key": None},
        "type": kind,
    }


def stripe_payment_intent(
    order_id: str | int, amount: Money, *, payment: str, status: str, **more: Any
) -> Fields:
    return {
        "id": payment,
        "object": "payment_intent",
        "amount": amount.amount,
        "amount_capturable": 0,
        "amount_received": amount.amount if status == "succeeded" else 0,
        "currency": amount.currency.lower(),
        "created": int(datetime.now(UTC).timestamp()),
        "last_payment_error": None,
        "latest_charge": f"ch_{payment.removeprefix('pi_')}",
        "livemode": False,
        "metadata": {"order_id": str(order_id)},
        "payment_method_types": ["card"],
        "status": status,
        **more,
    }


def stripe_payment_succeeded(
    order_id: str | int,
    amount: Money,
    *,
    payment: str = "",
    event_id: str = "",
    at: datetime | None = None,
) -> Fields:
    intent = stripe_payment_intent(
        order_id, amount, payment=payment or f"pi_{_token()}", status="succeeded"
    )
    return stripe_event("payment_intent.succeeded", intent, event_id=event_id, at=at)


def stripe_payment_processing(
    order_id: str | int, amount: Money, *, payment: str = "", at: datetime | None = None
) -> Fields:
    intent = stripe_payment_intent(
        order_id, amount, payment=payment or f"pi_{_token()}", status="processing"
    )
    return stripe_event("payment_intent.processing", intent, at=at)


def stripe_payment_failed(
    order_id: str | int, amount: Money, *, payment: str = "", at: datetime | None = None
) -> Fields:
    error = {
        "code": "card_declined",
        "decline_code": "insufficient_funds",
        "message": "Your card has insufficient funds.",
        "type": "card_error",
    }
    intent = stripe_payment_intent(
        order_id,
        amount,
        payment=payment or f"pi_{_token()}",
        status="requires_payment_method",
        last_payment_error=error,
    )
    return stripe_event("payment_intent.payment_failed", intent, at=at)


def stripe_charge_refunded(
    order_id: str | int,
    amount: Money,
    refunded: Money,
    *,
    payment: str,
    event_id: str = "",
    at: datetime | None = None,
) -> Fields:
    """``refunded`` is all that went back of ``amount``; the charge doesn't list its refunds."""
    charge = {
        "id": f"ch_{payment.removeprefix('pi_')}",
        "object": "charge",
        "amount": amount.amount,
        "amount_captured": amount.amount,
        "amount_refunded": refunded.amount,
        "captured": True,
        "currency": amount.currency.lower(),
        "metadata": {"order_id": str(order_id)},
        "paid": True,
        "payment_intent": payment,
        "refunded": refunded == amount,
        "status": "succeeded",
    }
    return stripe_event("charge.refunded", charge, event_id=event_id, at=at)


def stripe_refund(
    amount: Money,
    *,
    payment: str,
    refund: str = "",
    status: str = "succeeded",
    kind: str = "refund.created",
    event_id: str = "",
    at: datetime | None = None,
    **more: Any,
) -> Fields:
    """Stripe doesn't copy the payment's metadata to its refunds."""
    thing = {
        "id": refund or f"re_{_token()}",
        "object": "refund",
        "amount": amount.amount,
        "charge": f"ch_{payment.removeprefix('pi_')}",
        "created": int(_moment(at).timestamp()),
        "currency": amount.currency.lower(),
        "metadata": {},
        "payment_intent": payment,
        "reason": "requested_by_customer",
        "status": status,
        **more,
    }
    return stripe_event(kind, thing, event_id=event_id, at=at)


def stripe_dispute(
    amount: Money,
    *,
    payment: str,
    dispute: str = "",
    status: str = "needs_response",
    kind: str = "charge.dispute.created",
    event_id: str = "",
    at: datetime | None = None,
) -> Fields:
    thing = {
        "id": dispute or f"dp_{_token()}",
        "object": "dispute",
        "amount": amount.amount,
        "charge": f"ch_{payment.removeprefix('pi_')}",
        "created": int(_moment(at).timestamp()),
        "currency": amount.currency.lower(),
        "metadata": {},
        "payment_intent": payment,
        "reason": "fraudulent",
        "status": status,
    }
    return stripe_event(kind, thing, event_id=event_id, at=at)


# -- PayPal ----------------------------------------------------------------------------------------


def paypal_request(
    keys: KeyPair,
    webhook_id: str,
    event: Mapping[str, Any] | str,
    *,
    at: datetime | None = None,
    certificate_url: str = PAYPAL_CERTIFICATE_URL,
) -> SignedRequest:
    """Text is sent as it is."""
    body = _written(event)
    transmission_id, sent_at = str(uuid4()), _zulu(_moment(at))
    message = f"{transmission_id}|{sent_at}|{webhook_id}|{zlib.crc32(body)}"
    return SignedRequest(
        {
            "content-type": "application/json",
            "paypal-auth-algo": "SHA256withRSA",
            "paypal-cert-url": certificate_url,
            "paypal-transmission-id": transmission_id,
            "paypal-transmission-sig": keys.sign(message.encode()),
            "paypal-transmission-time": sent_at,
        },
        body,
    )


def paypal_event(
    kind: str,
    about: str,
    thing: Mapping[str, Any],
    *,
    event_id: str = "",
    at: datetime | None = None,
) -> Fields:
    """An event about ``thing``, which is a ``capture``, ``refund`` or ``dispute``."""
    return {
        "id": event_id or f"WH-{_token()[:17].upper()}-{_token()[:17].upper()}",
        "event_version": "1.0",
        "create_time": _zulu(_moment(at)),
        "resource_type": about,
        "resource_version": "2.0",
        "event_type": kind,
        "summary": f"{kind} of a test",
        "resource": dict(thing),
        "links": [],
    }


def paypal_capture(
    order_id: str | int,
    amount: Money,
    *,
    capture: str = "",
    kind: str = "PAYMENT.CAPTURE.COMPLETED",
    event_id: str = "",
    at: datetime | None = None,
) -> Fields:
    """What became of a capture: ``PAYMENT.CAPTURE.`` and ``PENDING``, ``COMPLETED``, ``DENIED``,
    ``DECLINED``."""
    capture = capture or _token()[:17].upper()
    thing = {
        "id": capture,
        "amount": _paypal_amount(amount),
        "final_capture": True,
        "custom_id": str(order_id),
        "status": kind.rpartition(".")[2],
        "create_time": _zulu(_moment(at)),
        "update_time": _zulu(_moment(at)),
        "links": [
            {
                "href": f"https://api.paypal.com/v2/payments/captures/{capture}",
                "rel": "self",
                "method": "GET",
            }
        ],
    }
    return paypal_event(kind, "capture", thing, event_id=event_id, at=at)


def paypal_capture_completed(
    order_id: str | int,
    amount: Money,
    *,
    capture: str = "",
    event_id: str = "",
    at: datetime | None = None,
) -> Fields:
    return paypal_capture(order_id, amount, capture=capture, event_id=event_id, at=at)


def paypal_refund(
    order_id: str | int,
    amount: Money,
    *,
    capture: str,
    refund: str = "",
    kind: str = "PAYMENT.CAPTURE.REFUNDED",
    event_id: str = "",
    at: datetime | None = None,
) -> Fields:
    """``amount`` is of this refund. It tells its capture by a link alone."""
    refund = refund or _token()[:17].upper()
    api = "https://api.paypal.com/v2/payments"
    thing = {
        "id": refund,
        "amount": _paypal_amount(amount),
        "custom_id": str(order_id),
        "status": "COMPLETED",
        "create_time": _zulu(_moment(at)),
        "update_time": _zulu(_moment(at)),
        "links": [
            {"href": f"{api}/refunds/{refund}", "rel": "self", "method": "GET"},
            {"href": f"{api}/captures/{capture}", "rel": "up", "method": "GET"},
        ],
    }
    return paypal_event(kind, "refund", thing, event_id=event_id, at=at)


def paypal_dispute(
    order_id: str | int,
    amount: Money,
    *,
    capture: str,
    dispute: str = "",
    outcome: str = "",
    kind: str = "CUSTOMER.DISPUTE.CREATED",
    event_id: str = "",
    at: datetime | None = None,
) -> Fields:
    """``outcome`` is a resolved dispute's ``outcome_code``, such as ``RESOLVED_BUYER_FAVOUR``."""
    thing: Fields = {
        "dispute_id": dispute or f"PP-D-{_token()[:5]}",
        "create_time": _zulu(_moment(at)),
        "update_time": _zulu(_moment(at)),
        "disputed_transactions": [
            {
                "seller_transaction_id": capture,
                "create_time": _zulu(_moment(at)),
                "transaction_status": "COMPLETED",
                "gross_amount": _paypal_amount(amount),
                "custom": str(order_id),
            }
        ],
        "reason": "MERCHANDISE_OR_SERVICE_NOT_RECEIVED",
        "status": "RESOLVED" if outcome else "OPEN",
        "dispute_amount": _paypal_amount(amount),
        "dispute_life_cycle_stage": "INQUIRY",
        "dispute_channel": "INTERNAL",
    }
    if outcome:
        thing["dispute_outcome"] = {
            "outcome_code": outcome,
            "amount_refunded": _paypal_amount(amount),
        }
    return paypal_event(kind, "dispute", thing, event_id=event_id, at=at)


def _paypal_amount(amount: Money) -> Fields:
    return {"currency_code": amount.currency, "value": amount.decimal_text}


# -- Alipay ----------------------------------------------------------------------------------------


def alipay_request(
    keys: KeyPair,
    fields: Mapping[str, str],
    *,
    charset: str = "utf-8",
    sign_type: str = "RSA2",
    signs_blanks: bool = False,
) -> SignedRequest:
    """``signs_blanks`` says whether fields without a value belong to what is signed."""
    sent = {**fields, "charset": charset}
    signed = "&".join(f"{k}={v}" for k, v in sorted(sent.items()) if v or signs_blanks)
    sent |= {"sign": keys.sign(signed.encode(charset)), "sign_type": sign_type}
    body = "&".join(f"{name}={quote_plus(value.encode(charset))}" for name, value in sent.items())
    return SignedRequest(
        {"content-type": f"application/x-www-form-urlencoded; text/html; charset={charset}"},
        body.encode("ascii"),
    )


def alipay_trade(
    order_id: str | int,
    amount: Money,
    status: str,
    *,
    trade_no: str = "",
    at: datetime | None = None,
    **more: str,
) -> dict[str, str]:
    """The fields of a notification of a trade. It was made, and paid if it was, at ``at``."""
    now = _beijing(_moment(at))
    fields = {
        "app_id": ALIPAY_APP_ID,
        "auth_app_id": ALIPAY_APP_ID,
        "buyer_id": "2088102116773037",
        "buyer_pay_amount": amount.decimal_text,
        "fund_bill_list": json.dumps(
            [{"amount": amount.decimal_text, "fundChannel": "ALIPAYACCOUNT"}]
        ),
        "gmt_create": now,
        "invoice_amount": amount.decimal_text,
        "notify_id": uuid4().hex + "nd",
        "notify_time": now,
        "notify_type": "trade_status_sync",
        "out_trade_no": str(order_id),
        "point_amount": "0.00",
        "receipt_amount": amount.decimal_text,
        "seller_id": ALIPAY_SELLER_ID,
        "subject": "梵·SCP200 白色 & more",
        "total_amount": amount.decimal_text,
        "trade_no": trade_no or f"2026{uuid4().int % 10**24:024d}",
        "trade_status": status,
        "version": "1.0",
    }
    if status in ("TRADE_SUCCESS", "TRADE_FINISHED"):
        fields["gmt_payment"] = now
    return fields | more


def alipay_trade_success(
    order_id: str | int,
    amount: Money,
    *,
    trade_no: str = "",
    at: datetime | None = None,
    **more: str,
) -> dict[str, str]:
    return alipay_trade(order_id, amount, "TRADE_SUCCESS", trade_no=trade_no, at=at, **more)


def alipay_trade_closed(
    order_id: str | int,
    amount: Money,
    *,
    trade_no: str = "",
    at: datetime | None = None,
    **more: str,
) -> dict[str, str]:
    """Nobody paid it."""
    closed = _beijing(_moment(at))
    return alipay_trade(
        order_id, amount, "TRADE_CLOSED", trade_no=trade_no, at=at, gmt_close=closed, **more
    )


def alipay_refund(
    order_id: str | int,
    amount: Money,
    refunded: Money,
    *,
    trade_no: str,
    at: datetime | None = None,
    **more: str,
) -> dict[str, str]:
    """``refunded`` is all that went back of ``amount``. A trade that was refunded in full is
    closed."""
    moment = _moment(at)
    return alipay_trade(
        order_id,
        amount,
        "TRADE_CLOSED" if refunded == amount else "TRADE_SUCCESS",
        trade_no=trade_no,
        at=at,
        gmt_payment=_beijing(moment),
        gmt_refund=f"{_beijing(moment)}.{moment.microsecond // 1000:03d}",
        out_biz_no=f"R{_token()[:12]}",
        refund_fee=refunded.decimal_text,
        **more,
    )


# -- WeChat Pay ------------------------------------------------------------------------------------


def wechatpay_request(
    keys: KeyPair,
    api_v3_key: str,
    event_type: str,
    resource: Mapping[str, Any] | str,
    *,
    serial: str = "",
    event_id: str = "",
    at: datetime | None = None,
) -> SignedRequest:
    """``serial`` is the certificate's unless a public key's id is given. A resource that is text
    is sealed as it is."""
    original = "refund" if event_type.startswith("REFUND.") else "transaction"
    nonce = _token()[:12]
    plain = _written(resource)
    sealed = AESGCM(api_v3_key.encode()).encrypt(nonce.encode(), plain, original.encode())
    event = {
        "id": event_id or str(uuid4()),
        "create_time": _rfc3339(_moment(at)),
        "resource_type": "encrypt-resource",
        "event_type": event_type,
        "summary": "支付成功" if original == "transaction" else "退款通知",
        "resource": {
            "original_type": original,
            "algorithm": "AEAD_AES_256_GCM",
            "ciphertext": base64.b64encode(sealed).decode(),
            "associated_data": original,
            "nonce": nonce,
        },
    }
    body = json.dumps(event, separators=(",", ":"), ensure_ascii=False).encode()
    return wechatpay_signed(keys, body, serial=serial, at=at)


def wechatpay_signed(
    keys: KeyPair, body: bytes, *, serial: str = "", at: datetime | None = None
) -> SignedRequest:
    """Any body at all, signed as WeChat Pay does."""
    timestamp, nonce = str(int(_moment(at).timestamp())), _token()
    message = f"{timestamp}\n{nonce}\n".encode() + body + b"\n"
    return SignedRequest(
        {
            "content-type": "application/json",
            "wechatpay-nonce": nonce,
            "wechatpay-serial": serial or keys.serial,
            "wechatpay-signature": keys.sign(message),
            "wechatpay-signature-type": "WECHATPAY2-SHA256-RSA2048",
            "wechatpay-timestamp": timestamp,
        },
        body,
    )


def wechatpay_transaction(
    order_id: str | int,
    amount: Money,
    *,
    transaction_id: str = "",
    trade_state: str = "SUCCESS",
    at: datetime | None = None,
    **more: Any,
) -> Fields:
    return {
        "mchid": WECHATPAY_MCHID,
        "appid": WECHATPAY_APPID,
        "out_trade_no": str(order_id),
        "transaction_id": transaction_id or f"4200{uuid4().int % 10**24:024d}",
        "trade_type": "JSAPI",
        "trade_state": trade_state,
        "trade_state_desc": "支付成功" if trade_state == "SUCCESS" else "支付失败",
        "bank_type": "CMB_DEBIT",
        "attach": "",
        "success_time": _rfc3339(_moment(at)),
        "payer": {"openid": "oUpF8uMuAJO_M2pxb1Q9zNjWeS6o"},
        "amount": {
            "total": amount.amount,
            "payer_total": amount.amount,
            "currency": amount.currency,
            "payer_currency": amount.currency,
        },
        **more,
    }


def wechatpay_refund(
    order_id: str | int,
    amount: Money,
    refunded: Money,
    *,
    transaction_id: str,
    refund_id: str = "",
    refund_status: str = "SUCCESS",
    at: datetime | None = None,
    **more: Any,
) -> Fields:
    """``refunded`` is of this refund, ``amount`` what was paid."""
    return {
        "mchid": WECHATPAY_MCHID,
        "out_trade_no": str(order_id),
        "transaction_id": transaction_id,
        "out_refund_no": f"R{_token()[:12]}",
        "refund_id": refund_id or f"5030{uuid4().int % 10**24:024d}",
        "refund_status": refund_status,
        "success_time": _rfc3339(_moment(at)),
        "user_received_account": "招商银行信用卡0403",
        "amount": {
            "total": amount.amount,
            "refund": refunded.amount,
            "payer_total": amount.amount,
            "payer_refund": refunded.amount,
        },
        **more,
    }


# -- times and names -------------------------------------------------------------------------------


def _written(told: Mapping[str, Any] | str, indent: int | None = None) -> bytes:
    if isinstance(told, str):
        return told.encode()
    separators = None if indent else (",", ":")
    return json.dumps(told, indent=indent, separators=separators, ensure_ascii=False).encode()


def _moment(at: datetime | None) -> datetime:
    return at or datetime.now(UTC)


def _zulu(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _beijing(at: datetime) -> str:
    return at.astimezone(CHINA).strftime("%Y-%m-%d %H:%M:%S")


def _rfc3339(at: datetime) -> str:
    return at.astimezone(CHINA).isoformat(timespec="seconds")


def _token() -> str:
    return uuid4().hex
