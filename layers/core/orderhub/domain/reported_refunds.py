"""Refunds as providers report them: exactly once, in any order, before their payments even.

A provider tells of a refund by its own name for it, or tells no more than the total that went back
of a payment. The same refund may be known here already, from whoever asked for it. So of each
payment there are refunds with the provider's name (*named* here), refunds that somebody asked for,
and what a total has beyond those. A name that is reported is given to one of the same amount, or
taken out of what only the total knew, before it is added. Thus what went back is the greater of the
total and the sum of the parts. It never exceeds the payment.
"""

from collections.abc import Callable
from functools import partial
from typing import Final

from . import events as happened
from .change import Change
from .dataclass import dataclass
from .dispute import Dispute
from .errors import InvalidField, Reason, Refused
from .money import Money
from .order import Order
from .payment import Payment, PaymentState
from .refund import MAX_REFUNDS, EarlyRefund, Refund, RefundedLine, RefundState
from .report import DisputeState, RefundOutcome
from .settling import flag_excess, settle
from .status import OrderStatus

SUPERSEDED: Final = "superseded"
"""The failure of a refund in whose place its provider named others."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportedRefund:
    """``amount`` is of the refund called ``refund_id``; ``total`` is all that went back of the
    payment so far. One of the two at least is there."""

    provider: str
    transaction_id: str
    refund_id: str = ""
    amount: Money | None = None
    outcome: RefundOutcome = RefundOutcome.SUCCEEDED
    total: Money | None = None
    reason: str = ""
    failure: str = ""


def report_refund(change: Change, told: ReportedRefund) -> None:
    """Take note of a refund; of what is known already, record nothing.

    Raises :class:`InvalidField` for an amount that can't be of this payment, :class:`Refused`
    (``refund_exceeds_captured``, ``too_many_refunds``).
    """
    payment = change.order.payment_of(told.provider, told.transaction_id)
    if payment is None or not payment.state.has_money:
        _keep_for_later(change, told)
        return
    for amount in (told.amount, told.total):
        if amount is not None and amount.currency != payment.amount.currency:
            raise InvalidField("refund", "wrong_currency")
    rehearsal = Change(change.order, change.now, change.actor)
    if told.refund_id:
        _report_named(rehearsal, payment, told)
    if told.total is not None:
        _report_total(rehearsal, payment, told.total, told)
    _take_over(change, rehearsal)


def _take_over(change: Change, rehearsal: Change) -> None:
    for entry in rehearsal.recorded:
        change.record(entry.event)


def apply_early_refunds(change: Change, payment: Payment) -> None:
    """Let what was reported before ``payment`` take effect on it: refunds, and disputes that were
    lost. What can't be of this payment is left as it is; the money that came in comes first."""
    known = change.order.payment_of(payment.provider, payment.transaction_id)
    if known is None:
        return
    # Failures first: they make room.
    for early in sorted(change.order.early_refunds, key=lambda each: not each.has_failed):
        if _is_of(change.order, early, known):
            told = ReportedRefund(
                provider=early.provider,
                transaction_id=early.transaction_id,
                refund_id=early.refund_id,
                amount=None if early.is_total else early.amount,
                total=early.amount if early.is_total else None,
                outcome=RefundOutcome.FAILED if early.has_failed else RefundOutcome.SUCCEEDED,
                reason=early.reason,
            )
            _try(change, partial(report_refund, told=told))
    for dispute in change.order.disputes:
        if dispute.state is DisputeState.LOST and _is_of(change.order, dispute, known):
            _try(change, partial(lose_dispute, dispute=dispute))


def _is_of(order: Order, reported: EarlyRefund | Dispute, payment: Payment) -> bool:
    found = order.payment_of(reported.provider, reported.transaction_id)
    return found is not None and found.id == payment.id


def _try(change: Change, command: Callable[[Change], None]) -> None:
    """Record what a command records, unless it refuses."""
    rehearsal = Change(change.order, change.now, change.actor)
    try:
        command(rehearsal)
    except (InvalidField, Refused):
        return
    _take_over(change, rehearsal)


def lose_dispute(change: Change, dispute: Dispute) -> None:
    """Money went back by a dispute. Providers don't call that a refund, or tell of one besides.
    What was asked for and not done gives way; no more goes back than there is."""
    payment = change.order.payment_of(dispute.provider, dispute.transaction_id)
    if payment is None or payment.state is not PaymentState.CAPTURED:
        return
    if dispute.amount is None or dispute.amount.currency != change.order.currency:
        return
    for refund in _of(change.order, payment):
        is_since = refund.created_at >= dispute.opened_at
        if is_since and refund.amount == dispute.amount and refund.state is RefundState.SUCCEEDED:
            return
    _give_way(change, payment, _asked_for(change.order, payment), dispute.amount)
    amount = min(dispute.amount, _left(change.order, payment))
    if amount:
        _add(change, payment, amount, reason=dispute.reason or "dispute lost")


# -- before the payment --------------------------------------------------------------------------


def _keep_for_later(change: Change, told: ReportedRefund) -> None:
    known = [
        each
        for each in change.order.early_refunds
        if (each.provider, each.transaction_id) == (told.provider, told.transaction_id)
    ]
    failed = told.outcome is RefundOutcome.FAILED
    # What is only under way says nothing that its end won't say.
    if told.refund_id and told.amount is not None and told.outcome is not RefundOutcome.UNDER_WAY:
        same = (each for each in known if each.refund_id == told.refund_id)
        if not any(each.has_failed or not failed for each in same):
            _record_early(change, told, told.amount, refund_id=told.refund_id, has_failed=failed)
    if told.total is not None:
        totals = [each.amount for each in known if each.is_total]
        if not any(told.total.currency == t.currency and told.total <= t for t in totals):
            _record_early(change, told, told.total, is_total=True)


def _record_early(
    change: Change,
    told: ReportedRefund,
    amount: Money,
    *,
    refund_id: str = "",
    is_total: bool = False,
    has_failed: bool = False,
) -> None:
    if len(change.order.early_refunds) >= MAX_REFUNDS:
        raise Refused(Reason.TOO_MANY_REFUNDS)
    if amount.amount <= 0:
        raise InvalidField("refund", "too_small")
    change.record(
        happened.RefundReportedEarly(
            refund=EarlyRefund(
                provider=told.provider,
                transaction_id=told.transaction_id,
                amount=amount,
                refund_id=refund_id,
                is_total=is_total,
                has_failed=has_failed,
                reason=told.reason,
            )
        )
    )


# -- of a payment ---------------------------------------------------------------------------------


def _of(order: Order, payment: Payment) -> list[Refund]:
    """Refunds of this payment: those that name it, and those of orders with one payment."""
    if payment.state is not PaymentState.CAPTURED:
        return [refund for refund in order.held_refunds if refund.payment_id == payment.id]
    captured = [p for p in order.payments if p.state is PaymentState.CAPTURED]
    return [
        refund
        for refund in order.refunds
        if refund.payment_id == payment.id or (refund.payment_id is None and len(captured) == 1)
    ]


def _is_named(refund: Refund, payment: Payment) -> bool:
    return bool(refund.reported_as) or (
        refund.provider == payment.provider
        and refund.transaction_id not in ("", payment.transaction_id)
    )


def _report_named(change: Change, payment: Payment, told: ReportedRefund) -> None:
    for refund in (*change.order.refunds, *change.order.held_refunds):
        if told.refund_id in (refund.reported_as, refund.transaction_id):
            _follow(change, refund, told)
            return
    if told.amount is None:
        raise InvalidField("refund", "blank")
    for refund in _unnamed(change.order, payment):
        has_room = refund.payment_id is not None or refund.amount <= _room(change.order, payment)
        if refund.amount == told.amount and has_room:
            change.record(
                happened.RefundIdentified(
                    refund_id=refund.id,
                    provider=told.provider,
                    reported_as=told.refund_id,
                    payment_id=payment.id,
                )
            )
            _follow(change, refund, told)
            return
    if told.outcome is not RefundOutcome.FAILED:
        _give_way(change, payment, _unnamed(change.order, payment), told.amount)
    _add(
        change,
        payment,
        told.amount,
        refund_id=told.refund_id,
        provider=told.provider,
        outcome=told.outcome,
        reason=told.reason,
        failure=told.failure,
    )


def _unnamed(order: Order, payment: Payment) -> list[Refund]:
    """Refunds that may be what the provider has another name for: first what only its total knew,
    then what was asked for, then what others told as done."""
    found = [
        refund
        for refund in (*order.refunds, *order.held_refunds)
        if refund.state is not RefundState.FAILED
        and not _is_named(refund, payment)
        and (refund.payment_id == payment.id or _may_be_of(refund, payment))
    ]
    return sorted(
        found, key=lambda r: (not r.is_of_total, r.state is not RefundState.REQUESTED, r.id)
    )


def _may_be_of(refund: Refund, payment: Payment) -> bool:
    return refund.payment_id is None and payment.state is PaymentState.CAPTURED


def _asked_for(order: Order, payment: Payment) -> list[Refund]:
    return [r for r in _unnamed(order, payment) if r.state is RefundState.REQUESTED]


def _give_way(change: Change, payment: Payment, unnamed: list[Refund], amount: Money) -> None:
    """Take ``amount`` out of refunds without a name, since it is likely a part of them; out of what
    others told as done only where both have no room. The rest of the last one stays."""
    for refund in unnamed:
        is_done = refund.state is RefundState.SUCCEEDED and not refund.is_of_total
        if is_done and amount <= _left(change.order, payment):
            return
        change.record(happened.RefundFailed(refund_id=refund.id, failure=SUPERSEDED))
        if refund.amount > amount:
            _add(
                change,
                payment,
                refund.amount - amount,
                provider=refund.provider,
                is_of_all=refund.payment_id is None,
                outcome=(
                    RefundOutcome.SUCCEEDED
                    if refund.state is RefundState.SUCCEEDED
                    else RefundOutcome.UNDER_WAY
                ),
                reason=refund.reason,
                is_of_total=refund.is_of_total,
                lines=refund.lines,
            )
            return
        amount = amount - refund.amount
        if not amount:
            return


def _follow(change: Change, refund: Refund, told: ReportedRefund) -> None:
    """The outcome of a refund that is known. A failure is final, whenever it is told."""
    if refund.state is RefundState.FAILED:
        return
    if told.outcome is RefundOutcome.FAILED:
        fail_refund(change, refund.id, told.failure or told.reason)
        payment = change.order.payment_of(told.provider, told.transaction_id)
        if payment:
            # There is room now for what was told before its payment, and of which this took it.
            apply_early_refunds(change, payment)
    elif told.outcome is RefundOutcome.SUCCEEDED and refund.state is RefundState.REQUESTED:
        change.record(happened.RefundSucceeded(refund_id=refund.id, amount=refund.amount))


def fail_refund(change: Change, refund_id: int, failure: str) -> None:
    """The money of a refund did not go back, or came back to us."""
    is_of_held = any(refund.id == refund_id for refund in change.order.held_refunds)
    change.record(happened.RefundFailed(refund_id=refund_id, failure=failure))
    if is_of_held:
        return
    if change.visible.status is OrderStatus.OPEN and not change.order.is_paid:
        # What stays after all may cover the total.
        settle(change)
        flag_excess(change)
    elif change.order.status in (OrderStatus.CANCELLED, OrderStatus.EXPIRED):
        change.record(happened.RefundFellDue(amount=change.order.refund_due))


def _report_total(change: Change, payment: Payment, total: Money, told: ReportedRefund) -> None:
    """Add what a total has that is not known yet."""
    known = (r.amount for r in _of(change.order, payment) if _is_known(r, payment))
    missing = total - Money.total(known, total.currency)
    mine = {refund.id for refund in _of(change.order, payment)}
    for refund in _asked_for(change.order, payment):
        if refund.id in mine and refund.amount <= missing:
            change.record(
                happened.RefundSucceeded(
                    refund_id=refund.id, is_of_total=True, amount=refund.amount
                )
            )
            missing = missing - refund.amount
    if missing.amount > 0:
        _give_way(change, payment, _asked_for(change.order, payment), missing)
        _add(change, payment, missing, reason=told.reason, is_of_total=True)


def _is_known(refund: Refund, payment: Payment) -> bool:
    """Whether a total may count it already. It may be an old one, of a time when what failed since
    had succeeded; and what its provider has a name for is counted as soon as it is under way."""
    match refund.state:
        case RefundState.REQUESTED:
            return _is_named(refund, payment)
        case RefundState.FAILED:
            return refund.failure != SUPERSEDED
        case RefundState.SUCCEEDED:
            return True


def _left(order: Order, payment: Payment) -> Money:
    """What of a payment can still be said to have gone back."""
    room = _room(order, payment)
    return min(room, order.refundable) if payment.state is PaymentState.CAPTURED else room


def _room(order: Order, payment: Payment) -> Money:
    """What of a payment has not gone back and is not on its way, as far as that is known to be of
    this payment."""
    gone = (r.amount for r in _of(order, payment) if r.state is not RefundState.FAILED)
    return payment.amount - Money.total(gone, payment.amount.currency)


def _add(
    change: Change,
    payment: Payment,
    amount: Money,
    *,
    refund_id: str = "",
    provider: str = "",
    outcome: RefundOutcome = RefundOutcome.SUCCEEDED,
    reason: str = "",
    failure: str = "",
    is_of_total: bool = False,
    lines: tuple[RefundedLine, ...] = (),
    is_of_all: bool = False,
) -> None:
    """Record a refund that its provider made, whatever window the order has; ``is_of_all`` says
    that it is of no payment in particular."""
    order = change.order
    if amount.amount <= 0:
        raise InvalidField("refund", "too_small")
    if len(order.refunds) + len(order.held_refunds) >= MAX_REFUNDS:
        raise Refused(Reason.TOO_MANY_REFUNDS, f"an order has at most {MAX_REFUNDS} refunds")
    room = order.refundable if is_of_all else _left(order, payment)
    if outcome is not RefundOutcome.FAILED and not amount <= room:
        raise Refused(Reason.REFUND_EXCEEDS_CAPTURED)
    is_of_held = payment.state is not PaymentState.CAPTURED
    beyond_sale = order.excess if order.is_paid and not is_of_held else amount
    refund = Refund(
        id=order.next_refund_id,
        provider=provider or payment.provider,
        transaction_id=refund_id,
        amount=amount,
        state=RefundState.REQUESTED,
        created_at=change.now,
        updated_at=change.now,
        reason=reason,
        payment_id=None if is_of_all else payment.id,
        beyond_sale=min(amount, beyond_sale),
        is_of_held=is_of_held,
        is_of_total=is_of_total,
        lines=lines,
    )
    change.record(happened.RefundRequested(refund=refund))
    if outcome is RefundOutcome.SUCCEEDED:
        change.record(happened.RefundSucceeded(refund_id=refund.id, amount=refund.amount))
    elif outcome is RefundOutcome.FAILED:
        change.record(happened.RefundFailed(refund_id=refund.id, failure=failure or reason))
