"""PayPal's webhooks: captures and refunds (Payments v2), sales (Payments v1) and disputes.

The ``transaction_id`` is the capture's or sale's id, which refunds name as what they are of.
Approved checkout orders and authorizations have ids of their own, which nothing that follows goes
by, and no money: they are not reported.
"""

import http.client
import re
import ssl
import warnings
import zlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

import certifi
import msgspec
from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.utils import CryptographyDeprecationWarning
from cryptography.x509.verification import PolicyBuilder, Store, VerificationError

from orderhub.domain import payment_account
from orderhub.domain.errors import InvalidField, SignatureRefused, Unavailable
from orderhub.domain.money import Money
from orderhub.domain.payment_account import OpenedAccount
from orderhub.domain.report import DisputeState, PaymentReport, RefundOutcome, ReportKind
from orderhub.wire.contract import Response

from . import rsa
from .answers import refusal_status
from .contract import Notification
from .reading import Name, failure, first, read, short, time

if TYPE_CHECKING:
    from . import shapes

_MAX_AGE: Final = timedelta(days=4)
"""PayPal tries for three days, and says nowhere whether a later attempt is signed with its own time
or with that of the first. What is older is a replay."""
_MAX_AHEAD: Final = timedelta(minutes=5)

_ALGORITHM: Final = "SHA256withRSA"
_CERTIFICATE_URL: Final = re.compile(
    r"https://(?:api|api-m)(\.sandbox)?\.paypal\.com/v1/notifications/certs/[A-Za-z0-9_-]{1,128}"
)
_SIGNER: Final = "messageverificationcerts.paypal.com"
_SANDBOX_SIGNER: Final = "messageverificationcerts.sandbox.paypal.com"

_LARGEST_CERTIFICATES: Final = 64 * 1024
FETCH_SECONDS: Final = 3
_MOST_KEPT: Final = 16
_GONE: Final = (400, 403, 404, 410)

Fetch = Callable[[str], bytes]
"""What is at a URL. Raises :class:`SignatureRefused` when nothing is, :class:`Unavailable` when
that can't be told now."""


# -- the signature ---------------------------------------------------------------------------------


def fetch(url: str) -> bytes:
    """What PayPal serves at ``url``, followed nowhere else and read up to a bound."""
    parts = urlsplit(url)
    connection = http.client.HTTPSConnection(
        parts.netloc,
        timeout=FETCH_SECONDS,
        context=ssl.create_default_context(cafile=certifi.where()),
    )
    try:
        connection.request("GET", parts.path)
        answer = connection.getresponse()
        content = answer.read(_LARGEST_CERTIFICATES + 1)
    except (OSError, http.client.HTTPException):
        raise Unavailable("PayPal did not serve its certificate") from None
    finally:
        connection.close()
    if answer.status in _GONE:
        raise SignatureRefused(SignatureRefused.UNKNOWN)
    if answer.status != http.client.OK:
        raise Unavailable("PayPal did not serve its certificate")
    if len(content) > _LARGEST_CERTIFICATES:
        raise SignatureRefused(SignatureRefused.MALFORMED)
    return content


@cache
def public_roots() -> tuple[x509.Certificate, ...]:
    """The root certificates that browsers trust."""
    bundle = Path(certifi.where()).read_bytes()
    end = b"-----END CERTIFICATE-----"
    roots = []
    with warnings.catch_warnings():
        # A few are older than the rules that they are held to now.
        warnings.simplefilter("ignore", CryptographyDeprecationWarning)
        for block in bundle.split(end)[:-1]:
            try:
                roots.append(x509.load_pem_x509_certificate(block + end))
            except ValueError:
                continue
    return tuple(roots)


class Certificates:
    """PayPal's signing certificates. What was fetched is kept while the function is warm."""

    def __init__(self, fetch: Fetch, roots: Callable[[], Sequence[x509.Certificate]]) -> None:
        self._fetch = fetch
        self._roots = roots
        self._kept: dict[str, x509.Certificate] = {}

    def key(self, url: str, own: Mapping[str, str], now: datetime) -> RSAPublicKey:
        """The public key of the certificate at ``url``, or of the one that the account has as its
        ``own`` under that URL.

        Raises :class:`SignatureRefused` for a URL that is not PayPal's, or a certificate that is
        not or does not hold ``now``; :class:`Unavailable` when it can't be fetched.
        """
        host = _CERTIFICATE_URL.fullmatch(url)
        if host is None:
            raise SignatureRefused(SignatureRefused.UNKNOWN)
        if url in own:
            certificate = _loaded(own[url].encode())[0]
        else:
            signers = (_SANDBOX_SIGNER, _SIGNER) if host[1] else (_SIGNER,)
            certificate = self._kept.get(url) or self._verified(url, signers, now)
        if not certificate.not_valid_before_utc <= now <= certificate.not_valid_after_utc:
            raise SignatureRefused(SignatureRefused.OUT_OF_TIME)
        key = certificate.public_key()
        if not isinstance(key, RSAPublicKey):
            raise SignatureRefused(SignatureRefused.UNSUPPORTED)
        return key

    def _verified(self, url: str, signers: Iterable[str], now: datetime) -> x509.Certificate:
        certificate, *others = _loaded(self._fetch(url))
        policy = PolicyBuilder().store(Store(list(self._roots()))).time(now)
        for signer in signers:
            try:
                policy.build_server_verifier(x509.DNSName(signer)).verify(certificate, others)
            except VerificationError:
                continue
            if len(self._kept) >= _MOST_KEPT:
                self._kept.clear()
            self._kept[url] = certificate
            return certificate
        raise SignatureRefused(SignatureRefused.UNKNOWN)


def _loaded(pem: bytes) -> list[x509.Certificate]:
    try:
        return x509.load_pem_x509_certificates(pem)
    except (UnsupportedAlgorithm, ValueError):
        raise SignatureRefused(SignatureRefused.MALFORMED) from None


# -- what is told ----------------------------------------------------------------------------------


class _Kind(msgspec.Struct):
    event_type: str = ""


class _Event(msgspec.Struct):
    id: Name
    create_time: str
    resource: msgspec.Raw


class _Amount(msgspec.Struct):
    """Of either version: ``value`` and ``currency_code``, or ``total`` and ``currency``."""

    value: str | None = None
    currency_code: str | None = None
    total: str | None = None
    currency: str | None = None


class _Link(msgspec.Struct):
    href: str = ""
    rel: str = ""


class _Related(msgspec.Struct):
    capture_id: Name | None = None


class _Supplement(msgspec.Struct):
    related_ids: _Related | None = None


class _StatusDetails(msgspec.Struct):
    reason: str | None = None


class _Resource(msgspec.Struct):
    """A capture, a sale, or a refund of one of them."""

    id: Name
    amount: _Amount
    status: str | None = None
    state: str | None = None
    status_details: _StatusDetails | None = None
    reason_code: str | None = None
    custom_id: str | None = None
    invoice_id: str | None = None
    custom: str | None = None
    invoice_number: str | None = None
    note_to_payer: str | None = None
    capture_id: Name | None = None
    sale_id: Name | None = None
    supplementary_data: _Supplement | None = None
    links: list[_Link] = []


class _DisputedTransaction(msgspec.Struct):
    seller_transaction_id: Name
    custom: str | None = None
    invoice_number: str | None = None
    gross_amount: _Amount | None = None


class _Outcome(msgspec.Struct):
    outcome_code: str | None = None
    amount_refunded: _Amount | None = None


class _Dispute(msgspec.Struct):
    dispute_id: Name
    disputed_transactions: list[_DisputedTransaction]
    dispute_amount: _Amount | None = None
    dispute_outcome: _Outcome | None = None
    reason: str | None = None


_PAID_WITH: Final = re.compile(r"/v[12]/payments/(?:captures?|sale)/([A-Za-z0-9-]{1,64})")
"""Where a link leads, for a refund from the payment that it is of."""

_AMOUNT: Final = re.compile(r"[0-9]{1,20}(\.[0-9]{1,4})?")

_REVERSED: Final = ".REVERSED"

_PAYMENTS: Final[Mapping[str, ReportKind]] = {
    "PAYMENT.CAPTURE.COMPLETED": ReportKind.CAPTURED,
    "PAYMENT.CAPTURE.PENDING": ReportKind.PENDING,
    "PAYMENT.CAPTURE.DECLINED": ReportKind.FAILED,
    "PAYMENT.CAPTURE.DENIED": ReportKind.FAILED,
    "PAYMENT.SALE.COMPLETED": ReportKind.CAPTURED,
    "PAYMENT.SALE.PENDING": ReportKind.PENDING,
    "PAYMENT.SALE.DENIED": ReportKind.FAILED,
}
_REFUNDS: Final = frozenset(
    (
        "PAYMENT.CAPTURE.REFUNDED",
        "PAYMENT.CAPTURE.REVERSED",
        "PAYMENT.SALE.REFUNDED",
        "PAYMENT.SALE.REVERSED",
        "PAYMENT.REFUND.COMPLETED",
        "PAYMENT.REFUND.PENDING",
        "PAYMENT.REFUND.FAILED",
    )
)
_DISPUTES: Final = frozenset(
    ("CUSTOMER.DISPUTE.CREATED", "CUSTOMER.DISPUTE.UPDATED", "CUSTOMER.DISPUTE.RESOLVED")
)
_REFUND_STATUSES: Final[Mapping[str, RefundOutcome]] = {
    "COMPLETED": RefundOutcome.SUCCEEDED,
    "PENDING": RefundOutcome.UNDER_WAY,
    "FAILED": RefundOutcome.FAILED,
    "CANCELLED": RefundOutcome.FAILED,
}
_DISPUTE_OUTCOMES: Final[Mapping[str, DisputeState]] = {
    "RESOLVED_BUYER_FAVOUR": DisputeState.LOST,
    "ACCEPTED": DisputeState.LOST,
    "RESOLVED_SELLER_FAVOUR": DisputeState.WON,
    # PayPal pays the buyer out of its own pocket.
    "RESOLVED_WITH_PAYOUT": DisputeState.WON,
    "CANCELED_BY_BUYER": DisputeState.WON,
    "DENIED": DisputeState.WON,
    # Opened in error.
    "NONE": DisputeState.WON,
}
"""Any other outcome is left to whoever looks after open disputes."""


class PayPal:
    """Verified with the certificate that the request names, for the account's own webhook.

    Args:
        certificates: PayPal's; those that the account has as its own come before them.
    """

    name: Final = payment_account.PAYPAL
    max_body_bytes: Final = 256 * 1024

    def __init__(self, certificates: Certificates) -> None:
        self._certificates = certificates

    def reports(
        self, notification: Notification, account: OpenedAccount
    ) -> Sequence[PaymentReport]:
        self._require_signature(notification, account)
        kind = read(_Kind, notification.body).event_type
        if kind in _PAYMENTS:
            return [_payment(kind, read(_Event, notification.body))]
        if kind in _REFUNDS:
            return [_refund(kind, read(_Event, notification.body))]
        if kind in _DISPUTES:
            return _dispute(read(_Event, notification.body))
        return []

    def accepted(self) -> Response:
        body: shapes.PayPalTaken = {}
        return Response(200, body)

    def refused(self, error: Exception) -> Response:
        status = refusal_status(error)
        body: shapes.PayPalRefused = {
            "name": "INTERNAL_SERVER_ERROR" if status >= 500 else "INVALID_REQUEST",
            "message": "The notification was not taken.",
        }
        return Response(status, body)

    def _require_signature(self, notification: Notification, account: OpenedAccount) -> None:
        headers = notification.headers
        transmission_id = headers.get("paypal-transmission-id", "")
        sent_at = headers.get("paypal-transmission-time", "")
        written = headers.get("paypal-transmission-sig", "")
        webhook_id = account.account.settings.get("webhook_id", "")
        if not (transmission_id and sent_at and written and webhook_id):
            raise SignatureRefused(SignatureRefused.UNSIGNED)
        if headers.get("paypal-auth-algo") != _ALGORITHM:
            raise SignatureRefused(SignatureRefused.UNSUPPORTED)
        _require_time(sent_at, notification.now)
        signature = rsa.signature(written)
        message = f"{transmission_id}|{sent_at}|{webhook_id}|{zlib.crc32(notification.body)}"
        # Last, since it may have to be fetched.
        key = self._certificates.key(
            headers.get("paypal-cert-url", ""), account.account.public_keys, notification.now
        )
        if not rsa.has_signed(key, signature, message.encode(errors="replace")):
            raise SignatureRefused(SignatureRefused.WRONG_SIGNATURE)


PAYPAL: Final = PayPal(Certificates(fetch, public_roots))


def _require_time(sent_at: str, now: datetime) -> None:
    try:
        at = time("paypal-transmission-time", sent_at)
    except InvalidField:
        raise SignatureRefused(SignatureRefused.MALFORMED) from None
    if not now - _MAX_AGE <= at <= now + _MAX_AHEAD:
        raise SignatureRefused(SignatureRefused.OUT_OF_TIME)


# -- events as reports -----------------------------------------------------------------------------


def _money(amount: _Amount, *, may_be_negative: bool = False) -> Money:
    """Refunds of sales are told as negative amounts."""
    value = amount.value if amount.value is not None else amount.total
    currency = first((amount.currency_code, amount.currency))
    if value is None or not currency:
        raise InvalidField("amount", "blank")
    if may_be_negative:
        value = value.removeprefix("-")
    if not _AMOUNT.fullmatch(value):
        raise InvalidField("amount", "not_a_number")
    return Money.of(value, currency)


def _reference(resource: _Resource) -> str:
    return first(
        (resource.custom_id, resource.invoice_id, resource.custom, resource.invoice_number)
    )


def _reason(resource: _Resource) -> str:
    details = resource.status_details or _StatusDetails()
    return short(details.reason or resource.reason_code)


def _payment(kind: str, event: _Event) -> PaymentReport:
    told = _PAYMENTS[kind]
    resource = read(_Resource, event.resource)
    return PaymentReport(
        kind=told,
        provider=payment_account.PAYPAL,
        event_id=event.id,
        at=time("create_time", event.create_time),
        transaction_id=resource.id,
        reference=_reference(resource),
        amount=_money(resource.amount),
        failure=(
            failure(first((resource.status, resource.state)), _reason(resource))
            if told is ReportKind.FAILED
            else ""
        ),
    )


def _refund(kind: str, event: _Event) -> PaymentReport:
    """A sale that PayPal reversed is told as the sale itself: all of it went back."""
    resource = read(_Resource, event.resource)
    paid_with = _payment_of(resource)
    amount = _money(resource.amount, may_be_negative=True)
    if not paid_with and not kind.endswith(_REVERSED):
        raise InvalidField("capture_id", "blank")
    outcome = _refund_outcome(kind, resource)
    return PaymentReport(
        kind=ReportKind.REFUNDED,
        provider=payment_account.PAYPAL,
        event_id=event.id,
        at=time("create_time", event.create_time),
        transaction_id=paid_with or resource.id,
        reference=_reference(resource),
        amount=amount if paid_with else None,
        refund_id=resource.id if paid_with else "",
        refunded_total=None if paid_with else amount,
        refund_outcome=outcome,
        reason="reversed" if kind.endswith(_REVERSED) else short(resource.note_to_payer),
        failure=_reason(resource) if outcome is RefundOutcome.FAILED else "",
    )


def _refund_outcome(kind: str, resource: _Resource) -> RefundOutcome:
    """What the refund says of itself, else what the event is called."""
    written = first((resource.status, resource.state)).upper()
    called = kind.rpartition(".")[2]
    return _REFUND_STATUSES.get(written) or _REFUND_STATUSES.get(called, RefundOutcome.SUCCEEDED)


def _payment_of(refund: _Resource) -> str:
    """The id of the capture or sale that a refund is of, empty when it doesn't say."""
    supplement = refund.supplementary_data or _Supplement()
    related = supplement.related_ids or _Related()
    linked = (
        _PAID_WITH.fullmatch(_path(link.href))
        for link in refund.links
        if link.rel in ("up", "sale", "capture")
    )
    named = first((refund.capture_id, refund.sale_id, related.capture_id))
    return named or next((link[1] for link in linked if link), "")


def _path(url: str) -> str:
    """A URL's path, empty for what is no URL."""
    try:
        return urlsplit(url).path
    except ValueError:
        return ""


def _dispute(event: _Event) -> list[PaymentReport]:
    """A report for each payment that is disputed: they may be of several orders."""
    dispute = read(_Dispute, event.resource)
    outcome = dispute.dispute_outcome or _Outcome()
    state = _DISPUTE_OUTCOMES.get(outcome.outcome_code or "", DisputeState.OPEN)
    disputed = dispute.disputed_transactions
    amount = dispute.dispute_amount
    if state is DisputeState.LOST and outcome.amount_refunded:
        amount = outcome.amount_refunded
    reports = []
    for transaction in disputed:
        told = amount if len(disputed) == 1 else transaction.gross_amount
        reports.append(
            PaymentReport(
                kind=ReportKind.DISPUTED,
                provider=payment_account.PAYPAL,
                event_id=event.id,
                at=time("create_time", event.create_time),
                transaction_id=transaction.seller_transaction_id,
                reference=first((transaction.custom, transaction.invoice_number)),
                amount=_money(told) if told else None,
                reason=short(dispute.reason),
                dispute_id=dispute.dispute_id,
                dispute_state=state,
            )
        )
    return reports
