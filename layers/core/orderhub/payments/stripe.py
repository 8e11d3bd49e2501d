"""Stripe's webhooks (snapshot events): payment intents, charges, Checkout, refunds and disputes.

The same payment is told by several kinds of events. Whichever it is, its ``transaction_id`` is the
payment intent's id, or the charge's where a charge was made without one. Test mode and live mode
have secrets of their own, so which of them an event is of has been decided by its signature.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Annotated, Final

import msgspec
from stripe import SignatureVerificationError, WebhookSignature

from orderhub.domain import payment_account
from orderhub.domain.errors import InvalidField, NotFound, SignatureRefused, Unauthenticated
from orderhub.domain.money import MAX_MINOR_UNITS, Money
from orderhub.domain.payment_account import OpenedAccount
from orderhub.domain.report import DisputeState, PaymentReport, RefundOutcome, ReportKind
from orderhub.wire.contract import Response

from .answers import refusal_status
from .contract import Notification
from .reading import Name, failure, first, named_in, read, short

if TYPE_CHECKING:
    from . import shapes

_TOLERANCE: Final = timedelta(minutes=5)
"""Stripe's own. Each attempt is signed anew, with the time of that attempt."""

_REFERENCES: Final = ("order_id", "order_number", "order")
"""Metadata that may name the order, the likeliest first."""

# https://docs.stripe.com/currencies: the others have two decimals, whatever ISO 4217 says. ISK and
# UGX have none, but amounts of them are given as if they had two.
_ZERO_DECIMALS: Final = "BIF CLP DJF GNF JPY KMF KRW MGA PYG RWF VND VUV XAF XOF XPF"
_THREE_DECIMALS: Final = "BHD JOD KWD OMR TND"
_DECIMALS: Final = {
    **dict.fromkeys(_ZERO_DECIMALS.split(), 0),
    **dict.fromkeys(_THREE_DECIMALS.split(), 3),
}

_Amount = Annotated[int, msgspec.Meta(ge=0, le=MAX_MINOR_UNITS)]
_Seconds = Annotated[int, msgspec.Meta(ge=0, le=4_102_444_800)]
_Metadata = dict[str, str] | None


class _Kind(msgspec.Struct):
    type: str = ""


class _Data(msgspec.Struct):
    object: msgspec.Raw


class _Event(msgspec.Struct):
    id: Name
    created: _Seconds
    data: _Data


class _Error(msgspec.Struct):
    code: str | None = None
    decline_code: str | None = None
    message: str | None = None


class _PaymentIntent(msgspec.Struct):
    id: Name
    amount: _Amount
    currency: str
    amount_received: _Amount = 0
    payment_method_types: list[str] = []
    metadata: _Metadata = None
    last_payment_error: _Error | None = None
    cancellation_reason: str | None = None


class _Method(msgspec.Struct):
    type: str = ""


class _Refund(msgspec.Struct):
    id: Name
    amount: _Amount
    currency: str
    status: str | None = None
    payment_intent: Name | None = None
    charge: Name | None = None
    reason: str | None = None
    failure_reason: str | None = None
    metadata: _Metadata = None


class _Refunds(msgspec.Struct):
    data: list[_Refund] = []


class _Charge(msgspec.Struct):
    id: Name
    amount: _Amount
    currency: str
    captured: bool = False
    amount_captured: _Amount = 0
    amount_refunded: _Amount = 0
    payment_intent: Name | None = None
    payment_method_details: _Method | None = None
    failure_code: str | None = None
    failure_message: str | None = None
    metadata: _Metadata = None
    refunds: _Refunds | None = None


class _Session(msgspec.Struct):
    payment_status: str
    payment_intent: Name | None = None
    client_reference_id: str | None = None
    amount_total: _Amount | None = None
    currency: str | None = None
    payment_method_types: list[str] = []
    metadata: _Metadata = None


class _Dispute(msgspec.Struct):
    id: Name
    amount: _Amount
    currency: str
    status: str
    payment_intent: Name | None = None
    charge: Name | None = None
    reason: str | None = None
    metadata: _Metadata = None


_REFUND_STATUSES: Final[Mapping[str, RefundOutcome]] = {
    "pending": RefundOutcome.UNDER_WAY,
    "requires_action": RefundOutcome.UNDER_WAY,
    "succeeded": RefundOutcome.SUCCEEDED,
    "failed": RefundOutcome.FAILED,
    "canceled": RefundOutcome.FAILED,
}
_DISPUTE_STATUSES: Final[Mapping[str, DisputeState]] = {
    "won": DisputeState.WON,
    # An inquiry that never became a dispute.
    "warning_closed": DisputeState.WON,
    "lost": DisputeState.LOST,
}
"""Whatever else a dispute's status is, it is not decided."""


class Stripe:
    """Verified with any of the account's signing secrets, so that one can follow another."""

    name: Final = payment_account.STRIPE
    max_body_bytes: Final = 256 * 1024

    def reports(
        self, notification: Notification, account: OpenedAccount
    ) -> Sequence[PaymentReport]:
        _require_signature(notification, account.secrets)
        reader = _READERS.get(read(_Kind, notification.body).type)
        if reader is None:
            return []
        event = read(_Event, notification.body)
        return reader(event)

    def accepted(self) -> Response:
        body: shapes.StripeTaken = {"received": True}
        return Response(200, body)

    def refused(self, error: Exception) -> Response:
        """In the shape of Stripe's own errors: the dashboard shows answers to whoever set the
        webhook up."""
        if isinstance(error, Unauthenticated | NotFound):
            return _invalid(400, "No webhook secret of this shop fits the signature.")
        status = refusal_status(error)
        if status < 500:
            return _invalid(status, "The event can't be read.")
        message = "The event was not taken. Please try again."
        return _refused(status, {"type": "api_error", "message": message})


STRIPE: Final = Stripe()


def _invalid(status: int, message: str) -> Response:
    return _refused(status, {"type": "invalid_request_error", "message": message})


def _refused(status: int, problem: "shapes.StripeProblem") -> Response:
    body: shapes.StripeRefused = {"error": problem}
    return Response(status, body)


def _require_signature(notification: Notification, secrets: Sequence[str]) -> None:
    header = notification.headers.get("stripe-signature", "")
    if not header:
        raise SignatureRefused(SignatureRefused.UNSIGNED)
    try:
        payload = notification.body.decode()
    except UnicodeDecodeError:
        raise SignatureRefused(SignatureRefused.MALFORMED) from None
    # The library compares text, which fails on anything but ASCII.
    if not header.isascii():
        raise SignatureRefused(SignatureRefused.MALFORMED)
    if not any(_is_signed(payload, header, secret) for secret in secrets):
        raise SignatureRefused(SignatureRefused.WRONG_SIGNATURE)
    if abs(notification.now - _timestamp(header)) > _TOLERANCE:
        raise SignatureRefused(SignatureRefused.OUT_OF_TIME)


def _is_signed(payload: str, header: str, secret: str) -> bool:
    """The library's own tolerance is not asked for: it looks at the past alone."""
    try:
        WebhookSignature.verify_header(payload, header, secret)
    except SignatureVerificationError:
        return False
    return True


def _timestamp(header: str) -> datetime:
    """Of a header whose signature is good, as the library reads it."""
    seconds = next(part.split("=")[1] for part in header.split(",") if part.startswith("t="))
    try:
        return datetime.fromtimestamp(int(seconds), UTC)
    except (ValueError, OverflowError, OSError):
        raise SignatureRefused(SignatureRefused.OUT_OF_TIME) from None


# -- events as reports -----------------------------------------------------------------------------

_Reader = Callable[[_Event], list[PaymentReport]]


def _money(amount: int, currency: str) -> Money:
    code = currency.upper()
    return Money.of(Decimal(amount).scaleb(-_DECIMALS.get(code, 2)), code)


def _at(event: _Event) -> datetime:
    return datetime.fromtimestamp(event.created, UTC)


def _of_payment_intent(kind: ReportKind) -> _Reader:
    def reports(event: _Event) -> list[PaymentReport]:
        intent = read(_PaymentIntent, event.data.object)
        amount = intent.amount_received if kind is ReportKind.CAPTURED else intent.amount
        return [
            PaymentReport(
                kind=kind,
                provider=payment_account.STRIPE,
                event_id=event.id,
                at=_at(event),
                transaction_id=intent.id,
                reference=named_in(intent.metadata, _REFERENCES),
                amount=_money(amount, intent.currency),
                method=_only(intent.payment_method_types),
                failure=_failure_of(intent) if kind is ReportKind.FAILED else "",
            )
        ]

    return reports


def _failure_of(intent: _PaymentIntent) -> str:
    if intent.cancellation_reason:
        return failure("canceled", intent.cancellation_reason)
    error = intent.last_payment_error or _Error()
    return failure(error.decline_code or error.code, error.message)


def _only(methods: Sequence[str]) -> str:
    """Several were on offer, unless there is one."""
    return short(methods[0]) if len(methods) == 1 else ""


def _of_charge(event: _Event) -> list[PaymentReport]:
    """A charge that went well. Until it is captured, money is set aside and nothing more."""
    charge = read(_Charge, event.data.object)
    if charge.captured:
        return [_charge_report(event, charge, ReportKind.CAPTURED, charge.amount_captured)]
    return [_charge_report(event, charge, ReportKind.PENDING, charge.amount)]


def _of_charge_under_way(event: _Event) -> list[PaymentReport]:
    charge = read(_Charge, event.data.object)
    return [_charge_report(event, charge, ReportKind.PENDING, charge.amount)]


def _of_failed_charge(event: _Event) -> list[PaymentReport]:
    charge = read(_Charge, event.data.object)
    return [_charge_report(event, charge, ReportKind.FAILED, charge.amount)]


def _charge_report(event: _Event, charge: _Charge, kind: ReportKind, amount: int) -> PaymentReport:
    return PaymentReport(
        kind=kind,
        provider=payment_account.STRIPE,
        event_id=event.id,
        at=_at(event),
        transaction_id=charge.payment_intent or charge.id,
        reference=named_in(charge.metadata, _REFERENCES),
        amount=_money(amount, charge.currency),
        method=short(charge.payment_method_details.type) if charge.payment_method_details else "",
        failure=(
            failure(charge.failure_code, charge.failure_message)
            if kind is ReportKind.FAILED
            else ""
        ),
    )


def _of_refunded_charge(event: _Event) -> list[PaymentReport]:
    """Versions of the API before 2022-11-15 list the charge's refunds, later ones leave them to
    events of their own and tell the total."""
    charge = read(_Charge, event.data.object)
    reference = named_in(charge.metadata, _REFERENCES)
    transaction_id = charge.payment_intent or charge.id
    if charge.refunds and charge.refunds.data:
        return [
            _refund_report(event, refund, transaction_id, reference)
            for refund in charge.refunds.data
        ]
    return [
        PaymentReport(
            kind=ReportKind.REFUNDED,
            provider=payment_account.STRIPE,
            event_id=event.id,
            at=_at(event),
            transaction_id=transaction_id,
            reference=reference,
            refunded_total=_money(charge.amount_refunded, charge.currency),
        )
    ]


def _of_refund(event: _Event) -> list[PaymentReport]:
    refund = read(_Refund, event.data.object)
    transaction_id = refund.payment_intent or refund.charge
    if transaction_id is None:
        # Of a customer's balance, which no order was paid into.
        return []
    return [_refund_report(event, refund, transaction_id, "")]


def _refund_report(
    event: _Event, refund: _Refund, transaction_id: str, reference: str
) -> PaymentReport:
    outcome = _REFUND_STATUSES.get(refund.status or "succeeded")
    if outcome is None:
        raise InvalidField("status", "unknown")
    return PaymentReport(
        kind=ReportKind.REFUNDED,
        provider=payment_account.STRIPE,
        event_id=event.id,
        at=_at(event),
        transaction_id=transaction_id,
        reference=reference or named_in(refund.metadata, _REFERENCES),
        amount=_money(refund.amount, refund.currency),
        refund_id=refund.id,
        refund_outcome=outcome,
        reason=short(refund.reason),
        failure=(
            short(refund.failure_reason or refund.status) if outcome is RefundOutcome.FAILED else ""
        ),
    )


def _of_session(kind: ReportKind | None, failure: str = "") -> _Reader:
    """``kind`` of what a Checkout session came to; ``None`` where its payment status says it."""

    def reports(event: _Event) -> list[PaymentReport]:
        session = read(_Session, event.data.object)
        # Without a payment intent nobody began to pay, there was nothing to pay, or Stripe bills
        # for a subscription.
        if session.payment_intent is None or session.payment_status == "no_payment_required":
            return []
        told = kind or (
            ReportKind.CAPTURED if session.payment_status == "paid" else ReportKind.PENDING
        )
        if session.amount_total is None or session.currency is None:
            raise InvalidField("amount_total", "blank")
        return [
            PaymentReport(
                kind=told,
                provider=payment_account.STRIPE,
                event_id=event.id,
                at=_at(event),
                transaction_id=session.payment_intent,
                reference=first(
                    (named_in(session.metadata, _REFERENCES), session.client_reference_id)
                ),
                amount=_money(session.amount_total, session.currency),
                method=_only(session.payment_method_types),
                failure=failure,
            )
        ]

    return reports


def _of_dispute(event: _Event) -> list[PaymentReport]:
    dispute = read(_Dispute, event.data.object)
    return [
        PaymentReport(
            kind=ReportKind.DISPUTED,
            provider=payment_account.STRIPE,
            event_id=event.id,
            at=_at(event),
            transaction_id=first((dispute.payment_intent, dispute.charge)),
            reference=named_in(dispute.metadata, _REFERENCES),
            amount=_money(dispute.amount, dispute.currency),
            reason=short(dispute.reason),
            dispute_id=dispute.id,
            dispute_state=_DISPUTE_STATUSES.get(dispute.status, DisputeState.OPEN),
        )
    ]


_READERS: Final[Mapping[str, _Reader]] = {
    "payment_intent.succeeded": _of_payment_intent(ReportKind.CAPTURED),
    "payment_intent.processing": _of_payment_intent(ReportKind.PENDING),
    "payment_intent.amount_capturable_updated": _of_payment_intent(ReportKind.PENDING),
    "payment_intent.payment_failed": _of_payment_intent(ReportKind.FAILED),
    "payment_intent.canceled": _of_payment_intent(ReportKind.FAILED),
    "charge.succeeded": _of_charge,
    "charge.captured": _of_charge,
    "charge.pending": _of_charge_under_way,
    "charge.failed": _of_failed_charge,
    "charge.expired": _of_failed_charge,
    "charge.refunded": _of_refunded_charge,
    "charge.refund.updated": _of_refund,
    "refund.created": _of_refund,
    "refund.updated": _of_refund,
    "refund.failed": _of_refund,
    "checkout.session.completed": _of_session(None),
    "checkout.session.async_payment_succeeded": _of_session(ReportKind.CAPTURED),
    "checkout.session.async_payment_failed": _of_session(ReportKind.FAILED, "payment failed"),
    "checkout.session.expired": _of_session(ReportKind.FAILED, "expired"),
    "charge.dispute.created": _of_dispute,
    "charge.dispute.updated": _of_dispute,
    "charge.dispute.closed": _of_dispute,
    "charge.dispute.funds_withdrawn": _of_dispute,
    "charge.dispute.funds_reinstated": _of_dispute,
}
"""By the event's type. Others, thin events among them, are none of our business."""
