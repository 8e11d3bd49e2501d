"""Alipay's asynchronous notifications (open platform, RSA2), of trades paid in China.

A notification is a form: every field is text, and the signature is over all of them but ``sign``
and ``sign_type``, decoded, sorted by name and joined as ``name=value`` by ``&``. It is of bytes in
whatever charset the form is in (UTF-8 or GBK), so no text needs decoding to verify it, and what is
read here is ASCII in both.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from typing import Final
from urllib.parse import unquote_to_bytes

from orderhub.domain import payment_account
from orderhub.domain.dataclass import dataclass
from orderhub.domain.errors import InvalidField, SignatureRefused
from orderhub.domain.money import Money
from orderhub.domain.payment_account import OpenedAccount
from orderhub.domain.report import PaymentReport, ReportKind
from orderhub.services.payment_accounts import ALIPAY_KEY
from orderhub.wire.contract import MalformedBody, Response

from . import rsa
from .answers import refusal_status
from .contract import Notification

CHINA: Final = timezone(timedelta(hours=8))
"""Times come without a zone. China has had this one since 1991."""

_MAX_AGE: Final = timedelta(days=2)
"""Alipay repeats a notification for 25 hours and says nowhere whether ``notify_time`` is then of
the first attempt. What is older is a replay."""
_MAX_AHEAD: Final = timedelta(minutes=5)

_MAX_FIELDS: Final = 200
_UNSIGNED: Final = (b"sign", b"sign_type")
_ALGORITHM: Final = "RSA2"

_NAME: Final = re.compile(r"[!-~]{1,128}")
_AMOUNT: Final = re.compile(r"[0-9]{1,12}(\.[0-9]{1,4})?")
_TIME: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,6})?")

_TEXT: Final[Mapping[str, str]] = {"content-type": "text/plain; charset=utf-8"}


class _Status:
    WAIT_BUYER_PAY = "WAIT_BUYER_PAY"
    TRADE_CLOSED = "TRADE_CLOSED"
    """Not paid in time, or paid and refunded in full."""
    TRADE_SUCCESS = "TRADE_SUCCESS"
    TRADE_FINISHED = "TRADE_FINISHED"
    """Paid, and can't be refunded any more."""


@dataclass(frozen=True, slots=True)
class _Form:
    """A notification's fields, decoded to bytes."""

    fields: Mapping[bytes, bytes]

    @classmethod
    def read(cls, body: bytes) -> "_Form":
        """Raises :class:`MalformedBody` for what is no form, or gives a field twice."""
        if body.count(b"&") >= _MAX_FIELDS:
            raise MalformedBody("The form has too many fields.")
        fields: dict[bytes, bytes] = {}
        for pair in body.split(b"&") if body else ():
            name, equals, value = pair.replace(b"+", b" ").partition(b"=")
            name = unquote_to_bytes(name)
            if not equals or name in fields:
                raise MalformedBody("The request body is not a form of fields that come once.")
            fields[name] = unquote_to_bytes(value)
        return cls(fields)

    def signed_contents(self) -> Iterable[bytes]:
        """What the signature may be of: Alipay's own libraries don't agree whether fields without
        a value belong to it."""
        signed = sorted((n, v) for n, v in self.fields.items() if n not in _UNSIGNED)
        filled = [(n, v) for n, v in signed if v]
        yield _joined(filled)
        if len(filled) < len(signed):
            yield _joined(signed)

    def text(self, name: str) -> str:
        """A field's value, empty when it is not there. Raises :class:`InvalidField` for one that
        is not an identifier, word or number."""
        given = self._given(name)
        if given and not _NAME.fullmatch(given):
            raise InvalidField(name, "invalid")
        return given

    def required(self, name: str) -> str:
        given = self.text(name)
        if not given:
            raise InvalidField(name, "blank")
        return given

    def time(self, name: str) -> datetime | None:
        given = self._given(name)
        if not given:
            return None
        if not _TIME.fullmatch(given):
            raise InvalidField(name, "invalid")
        try:
            return datetime.fromisoformat(given).replace(tzinfo=CHINA).astimezone(UTC)
        except (ValueError, OverflowError):
            raise InvalidField(name, "invalid") from None

    def amount(self, name: str, currency: str) -> Money | None:
        given = self._given(name)
        if not given:
            return None
        if not _AMOUNT.fullmatch(given):
            raise InvalidField(name, "not_a_number")
        return Money.of(Decimal(given), currency, name)

    def _given(self, name: str) -> str:
        try:
            return self.fields.get(name.encode(), b"").decode("ascii")
        except UnicodeDecodeError:
            raise InvalidField(name, "invalid") from None


def _joined(fields: Iterable[tuple[bytes, bytes]]) -> bytes:
    return b"&".join(name + b"=" + value for name, value in fields)


class Alipay:
    """Verified with the public key that Alipay's console shows for the app."""

    name: Final = payment_account.ALIPAY
    max_body_bytes: Final = 256 * 1024

    def reports(
        self, notification: Notification, account: OpenedAccount
    ) -> Sequence[PaymentReport]:
        form = _Form.read(notification.body)
        _require_signature(form, account)
        _require_account(form, account.account.settings)
        sent_at = _require_time(form, notification.now)
        return _reports(form, sent_at)

    def accepted(self) -> Response:
        """Alipay takes nothing but these seven characters for an answer."""
        return Response(200, b"success", headers=_TEXT)

    def refused(self, error: Exception) -> Response:
        """Any other body makes Alipay try again; the status is for our metrics."""
        return Response(refusal_status(error), b"failure", headers=_TEXT)


ALIPAY: Final = Alipay()


def _require_signature(form: _Form, account: OpenedAccount) -> None:
    written = form.fields.get(b"sign", b"")
    if not written:
        raise SignatureRefused(SignatureRefused.UNSIGNED)
    if form.fields.get(b"sign_type") != _ALGORITHM.encode():
        raise SignatureRefused(SignatureRefused.UNSUPPORTED)
    signature = rsa.signature(written.decode("latin-1"))
    key = rsa.public_key(account.account.public_keys.get(ALIPAY_KEY, ""))
    if not any(rsa.has_signed(key, signature, content) for content in form.signed_contents()):
        raise SignatureRefused(SignatureRefused.WRONG_SIGNATURE)


def _require_account(form: _Form, settings: Mapping[str, str]) -> None:
    """Alipay signs for all that use its app with the same key, and an app has many shops."""
    if form.text("app_id") != settings.get("app_id"):
        raise SignatureRefused(SignatureRefused.UNKNOWN)
    seller_id = settings.get("seller_id")
    if seller_id and form.text("seller_id") != seller_id:
        raise SignatureRefused(SignatureRefused.UNKNOWN)


def _require_time(form: _Form, now: datetime) -> datetime:
    sent_at = form.time("notify_time")
    if sent_at is None or not now - _MAX_AGE <= sent_at <= now + _MAX_AHEAD:
        raise SignatureRefused(SignatureRefused.OUT_OF_TIME)
    return sent_at


def _reports(form: _Form, sent_at: datetime) -> list[PaymentReport]:
    """A refund is told by a notification of the trade with ``refund_fee``, all that went back so
    far; it proves as well that the trade was paid. The refund's own number is not reported: which
    part of the sum it stands for is not told.
    """
    status = form.text("trade_status")
    currency = form.text("trans_currency") or "CNY"
    total = form.amount("total_amount", currency)
    refunded = form.amount("refund_fee", currency)
    paid_at = form.time("gmt_payment")

    def report(
        kind: ReportKind,
        at: datetime | None,
        *,
        amount: Money | None = None,
        refunded_total: Money | None = None,
        failure: str = "",
    ) -> PaymentReport:
        return PaymentReport(
            kind=kind,
            provider=payment_account.ALIPAY,
            event_id=form.required("notify_id"),
            at=at or sent_at,
            transaction_id=form.required("trade_no"),
            reference=form.text("out_trade_no"),
            amount=amount,
            refunded_total=refunded_total,
            failure=failure,
        )

    match status:
        case _Status.WAIT_BUYER_PAY:
            return [report(ReportKind.PENDING, form.time("gmt_create"), amount=total)]
        case _Status.TRADE_SUCCESS | _Status.TRADE_FINISHED:
            was_paid = True
        case _Status.TRADE_CLOSED:
            was_paid = bool(paid_at or refunded)
            refunded = refunded or (total if was_paid else None)
        case _:
            return []
    told = []
    if was_paid:
        told.append(report(ReportKind.CAPTURED, paid_at, amount=_required(total)))
    if refunded:
        refunded_at = form.time("gmt_refund")
        told.append(report(ReportKind.REFUNDED, refunded_at, refunded_total=refunded))
    if not told:
        told.append(report(ReportKind.FAILED, form.time("gmt_close"), amount=total, failure=status))
    return told


def _required(total: Money | None) -> Money:
    if not total:
        raise InvalidField("total_amount", "blank")
    return total
