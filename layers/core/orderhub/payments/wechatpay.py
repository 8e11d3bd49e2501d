"""WeChat Pay's notifications (APIv3), of payments and refunds of merchants connected directly.

The request is signed with a key that its ``Wechatpay-Serial`` names: the platform certificate's
serial number, or the id of the public key that took its place (``PUB_KEY_ID_…``). What it tells is
encrypted with the merchant's APIv3 key. Each attempt is signed anew, with the time of that attempt.
"""

import base64
import binascii
import re
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Annotated, Final

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from orderhub.domain import payment_account
from orderhub.domain.errors import InvalidField, SignatureRefused
from orderhub.domain.money import MAX_MINOR_UNITS, Money, require_currency
from orderhub.domain.payment_account import OpenedAccount
from orderhub.domain.report import PaymentReport, RefundOutcome, ReportKind
from orderhub.wire.contract import MalformedBody, Response

from . import rsa
from .answers import refusal_status
from .contract import Notification
from .reading import Name, failure, read, short, time

if TYPE_CHECKING:
    from . import shapes

_TOLERANCE: Final = timedelta(minutes=5)
_KEY_BYTES: Final = 32
_PROBE: Final = "WECHATPAY/SIGNTEST/"
"""WeChat Pay sends now and then a wrong signature that begins so, to see whether it is refused."""
_SCHEME: Final = "WECHATPAY2-SHA256-RSA2048"
_ALGORITHM: Final = "AEAD_AES_256_GCM"
_SECONDS: Final = re.compile(r"[0-9]{1,11}")

_Fen = Annotated[int, msgspec.Meta(ge=1, le=MAX_MINOR_UNITS)]


class _Kind(msgspec.Struct):
    event_type: str


class _Sealed(msgspec.Struct):
    algorithm: str
    ciphertext: str
    nonce: str
    associated_data: str | None = None


class _Event(msgspec.Struct):
    id: Name
    resource: _Sealed
    create_time: str = ""


class _Paid(msgspec.Struct):
    total: _Fen
    currency: str = "CNY"


class _Transaction(msgspec.Struct):
    mchid: str
    out_trade_no: Name
    trade_state: str
    appid: str = ""
    transaction_id: Name | None = None
    trade_state_desc: str = ""
    trade_type: str = ""
    success_time: str = ""
    amount: _Paid | None = None


class _Refunded(msgspec.Struct):
    refund: _Fen
    currency: str = "CNY"


class _Refund(msgspec.Struct):
    mchid: str
    out_trade_no: Name
    transaction_id: Name
    refund_id: Name
    amount: _Refunded
    success_time: str = ""


_PAYMENTS: Final[Mapping[str, ReportKind]] = {
    "SUCCESS": ReportKind.CAPTURED,
    # Paid first; what went back of it has notifications of its own.
    "REFUND": ReportKind.CAPTURED,
    "NOTPAY": ReportKind.PENDING,
    "USERPAYING": ReportKind.PENDING,
    "ACCEPT": ReportKind.PENDING,
    "CLOSED": ReportKind.FAILED,
    "REVOKED": ReportKind.FAILED,
    "PAYERROR": ReportKind.FAILED,
}
"""``trade_state`` → what it says of the payment."""

_PAYMENT_EVENT: Final = "TRANSACTION.SUCCESS"
_REFUND_EVENTS: Final[Mapping[str, RefundOutcome]] = {
    "REFUND.SUCCESS": RefundOutcome.SUCCEEDED,
    # The buyer's card takes no money. It waits at WeChat Pay until the merchant sends it elsewhere,
    # and a success may follow.
    "REFUND.ABNORMAL": RefundOutcome.UNDER_WAY,
    "REFUND.CLOSED": RefundOutcome.FAILED,
}


class WeChatPay:
    """Verified with the public key that the request names, opened with any of the account's APIv3
    keys."""

    name: Final = payment_account.WECHATPAY
    max_body_bytes: Final = 256 * 1024

    def reports(
        self, notification: Notification, account: OpenedAccount
    ) -> Sequence[PaymentReport]:
        _require_signature(notification, account.account.public_keys)
        kind = read(_Kind, notification.body).event_type
        if kind != _PAYMENT_EVENT and kind not in _REFUND_EVENTS:
            return []
        event = read(_Event, notification.body)
        told = _opened(event.resource, account.secrets)
        settings = account.account.settings
        if kind == _PAYMENT_EVENT:
            return [_payment(event, read(_Transaction, told), settings)]
        return [_refund(event, kind, read(_Refund, told), settings)]

    def accepted(self) -> Response:
        body: shapes.WeChatPayTaken = {"code": "SUCCESS", "message": "成功"}
        return Response(200, body)

    def refused(self, error: Exception) -> Response:
        body: shapes.WeChatPayRefused = {"code": "FAIL", "message": "失败"}
        return Response(refusal_status(error), body)


WECHATPAY: Final = WeChatPay()


def _require_signature(notification: Notification, public_keys: Mapping[str, str]) -> None:
    headers = notification.headers
    timestamp = headers.get("wechatpay-timestamp", "")
    nonce = headers.get("wechatpay-nonce", "")
    written = headers.get("wechatpay-signature", "")
    serial = headers.get("wechatpay-serial", "")
    if not (timestamp and nonce and written and serial):
        raise SignatureRefused(SignatureRefused.UNSIGNED)
    if headers.get("wechatpay-signature-type", _SCHEME) != _SCHEME:
        raise SignatureRefused(SignatureRefused.UNSUPPORTED)
    if written.startswith(_PROBE):
        raise SignatureRefused(SignatureRefused.WRONG_SIGNATURE)
    if not _SECONDS.fullmatch(timestamp):
        raise SignatureRefused(SignatureRefused.MALFORMED)
    if abs(notification.now.timestamp() - int(timestamp)) > _TOLERANCE.total_seconds():
        raise SignatureRefused(SignatureRefused.OUT_OF_TIME)
    if serial not in public_keys:
        raise SignatureRefused(SignatureRefused.UNKNOWN)
    try:
        message = f"{timestamp}\n{nonce}\n".encode() + notification.body + b"\n"
    except UnicodeEncodeError:
        raise SignatureRefused(SignatureRefused.MALFORMED) from None
    signature = rsa.signature(written)
    if not rsa.has_signed(rsa.public_key(public_keys[serial]), signature, message):
        raise SignatureRefused(SignatureRefused.WRONG_SIGNATURE)


def _opened(sealed: _Sealed, secrets: Sequence[str]) -> bytes:
    """The plain text. Raises :class:`SignatureRefused` when no key of this account opens it: it was
    encrypted for another one."""
    if sealed.algorithm != _ALGORITHM:
        raise MalformedBody("The resource is encrypted by an algorithm that is not taken here.")
    try:
        ciphertext = base64.b64decode(sealed.ciphertext, validate=True)
    except (binascii.Error, ValueError):
        raise MalformedBody("The resource is not base64.") from None
    nonce, associated = sealed.nonce.encode(), (sealed.associated_data or "").encode()
    for key in (secret.encode() for secret in secrets):
        if len(key) != _KEY_BYTES:
            continue
        try:
            return AESGCM(key).decrypt(nonce, ciphertext, associated)
        except (InvalidTag, ValueError):  # ValueError: a nonce of an impossible length
            continue
    raise SignatureRefused(SignatureRefused.UNKNOWN)


def _require_account(settings: Mapping[str, str], told: _Transaction | _Refund) -> None:
    if told.mchid != settings.get("mchid"):
        raise SignatureRefused(SignatureRefused.UNKNOWN)
    appid = settings.get("appid")
    if appid and isinstance(told, _Transaction) and told.appid != appid:
        raise SignatureRefused(SignatureRefused.UNKNOWN)


def _payment(event: _Event, told: _Transaction, settings: Mapping[str, str]) -> PaymentReport:
    _require_account(settings, told)
    kind = _PAYMENTS.get(told.trade_state)
    if kind is None:
        raise InvalidField("trade_state", "unknown")
    if kind is ReportKind.CAPTURED and not (told.amount and told.transaction_id):
        raise InvalidField("amount" if told.transaction_id else "transaction_id", "blank")
    return PaymentReport(
        kind=kind,
        provider=payment_account.WECHATPAY,
        event_id=event.id,
        at=time("success_time", told.success_time or event.create_time),
        transaction_id=told.transaction_id or "",
        reference=told.out_trade_no,
        amount=_money(told.amount.total, told.amount.currency) if told.amount else None,
        method=short(told.trade_type),
        failure=failure(told.trade_state, told.trade_state_desc)
        if kind is ReportKind.FAILED
        else "",
    )


def _refund(event: _Event, kind: str, told: _Refund, settings: Mapping[str, str]) -> PaymentReport:
    """``amount.total`` proves the payment as well, but tells neither when it was made nor how: its
    own notification is left to do that."""
    _require_account(settings, told)
    outcome = _REFUND_EVENTS[kind]
    return PaymentReport(
        kind=ReportKind.REFUNDED,
        provider=payment_account.WECHATPAY,
        event_id=event.id,
        at=time("success_time", told.success_time or event.create_time),
        transaction_id=told.transaction_id,
        reference=told.out_trade_no,
        amount=_money(told.amount.refund, told.amount.currency),
        refund_id=told.refund_id,
        refund_outcome=outcome,
        reason="" if outcome is RefundOutcome.SUCCEEDED else kind,
        failure=kind if outcome is RefundOutcome.FAILED else "",
    )


def _money(amount: int, currency: str) -> Money:
    return Money(amount, require_currency(currency))
