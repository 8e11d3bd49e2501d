"""What a provider's report does to an order: exactly once, whenever it comes and in any order.

Money that a provider captured is always recorded. It pays for the order when it is what was due
when it came; else it is flagged: held (another amount or currency), overpaid (the order is paid),
or due back (the order is dead).
"""

from dataclasses import replace
from datetime import timedelta
from typing import Final

from . import commands
from . import events as happened
from .change import Change
from .dispute import MAX_DISPUTES, Dispute
from .errors import InvalidField, Reason, Refused
from .order import Order
from .payment import Payment, PaymentState
from .report import DisputeState, PaymentReport, ReportKind
from .reported_refunds import ReportedRefund, lose_dispute, report_refund
from .status import OrderStatus

PENDING_FOR: Final = timedelta(days=3)
"""How long an order waits for the outcome of a payment that its provider holds: as long as
providers try to tell it."""


def apply_report(change: Change, report: PaymentReport) -> None:
    """Record what is new in a report; of what is known already, record nothing.

    Raises :class:`InvalidField` or :class:`Refused` for what can't be of this order. Nothing that
    its state forbids is refused: money came in, or went back, whatever we think of it.
    """
    match report.kind:
        case ReportKind.CAPTURED:
            _capture(change, report)
        case ReportKind.PENDING:
            _start(change, report)
        case ReportKind.FAILED:
            _fail(change, report)
        case ReportKind.REFUNDED:
            report_refund(
                change,
                ReportedRefund(
                    provider=report.provider,
                    transaction_id=report.transaction_id,
                    refund_id=report.refund_id,
                    amount=report.amount,
                    outcome=report.refund_outcome,
                    total=report.refunded_total,
                    reason=report.reason,
                    failure=report.failure,
                ),
            )
        case ReportKind.DISPUTED:
            _dispute(change, report)


def _capture(change: Change, report: PaymentReport) -> None:
    order = change.visible
    payment = _payment(change, report)
    if not payment.amount and order.outstanding:
        # Nothing came in, whatever it is called.
        return
    is_due = order.status is OrderStatus.OPEN and not order.is_paid
    if payment.amount.currency != order.currency or (
        is_due and payment.amount != order.outstanding
    ):
        commands.hold_payment(change, payment, order.outstanding)
    else:
        commands.keep_reported_payment(change, payment)


def _start(change: Change, report: PaymentReport) -> None:
    """A payment that could pay the order lets it wait. Others are of no consequence yet."""
    order = change.visible
    if _is_known(order, report) or not _could_pay(order, report):
        return
    commands.start_payment(change, _payment(change, report), change.now + PENDING_FOR)


def _fail(change: Change, report: PaymentReport) -> None:
    """A payment that has money, or had failed, is none the worse for another attempt at it."""
    order = change.visible
    known = order.payment_of(report.provider, report.transaction_id)
    if known is None and _could_pay(order, report):
        commands.start_payment(change, _payment(change, report), None)
        known = change.order.payments[-1]
    if known and known.state is PaymentState.PENDING:
        change.record(happened.PaymentFailed(payment_id=known.id, failure=report.failure))


def _is_known(order: Order, report: PaymentReport) -> bool:
    return order.payment_of(report.provider, report.transaction_id) is not None


def _could_pay(order: Order, report: PaymentReport) -> bool:
    return (
        order.status is OrderStatus.OPEN
        and not order.is_paid
        and bool(order.lines and report.transaction_id)
        and report.amount in (None, order.outstanding)
    )


def _dispute(change: Change, report: PaymentReport) -> None:
    """A decision is final. Lost money went back."""
    if not report.dispute_id:
        raise InvalidField("dispute_id", "blank")
    known = next(
        (
            each
            for each in change.order.disputes
            if (each.provider, each.id) == (report.provider, report.dispute_id)
        ),
        None,
    )
    if known is None:
        if len(change.order.disputes) >= MAX_DISPUTES:
            raise Refused(Reason.TOO_MANY_DISPUTES)
        known = Dispute(
            provider=report.provider,
            id=report.dispute_id,
            transaction_id=report.transaction_id,
            state=report.dispute_state,
            opened_at=change.now,
            updated_at=change.now,
            amount=report.amount,
            reason=report.reason,
        )
        change.record(happened.PaymentDisputed(dispute=known))
    elif known.state is DisputeState.OPEN and report.dispute_state is not DisputeState.OPEN:
        change.record(
            happened.DisputeDecided(
                provider=known.provider,
                dispute_id=known.id,
                state=report.dispute_state,
                amount=report.amount,
            )
        )
        known = replace(known, amount=report.amount or known.amount)
    else:
        return
    if report.dispute_state is DisputeState.LOST:
        lose_dispute(change, known)


def _payment(change: Change, report: PaymentReport) -> Payment:
    known = change.order.payment_of(report.provider, report.transaction_id)
    if not report.transaction_id:
        raise InvalidField("transaction_id", "blank")
    amount = report.amount
    if amount is None:
        amount = known.amount if known else change.visible.outstanding
    return Payment(
        id=0,
        provider=known.provider if known else report.provider,
        transaction_id=report.transaction_id,
        amount=amount,
        state=PaymentState.PENDING,
        created_at=change.now,
        updated_at=change.now,
        method=report.method,
    )
