"""Record money that went back, or is to go back: all that there is, or a part."""

from collections.abc import Sequence
from decimal import Decimal

from orderhub.domain import commands
from orderhub.domain.commands import Change
from orderhub.domain.dataclass import dataclass
from orderhub.domain.details import Actor
from orderhub.domain.errors import Reason, Refused
from orderhub.domain.money import Money
from orderhub.domain.order import Order
from orderhub.domain.payment import Payment, PaymentState
from orderhub.domain.refund import RefundedLine, RefundState

from .desk import Desk


@dataclass(frozen=True, slots=True, kw_only=True)
class GivenBack:
    """``amount`` is in major units of the order's currency; ``None`` for all that can go back, of
    its payment if it is of one.

    ``transaction_id`` is the refund's own name: the same again records nothing. ``provider`` is
    whose name that is: not the payment's provider, unless it is that one's own name for the
    refund, or its report would be taken for another refund. ``payment_id`` is the payment that it
    is of, which need not be said of the only one; ``lines`` say what it is for. Where it is not
    ``is_settled``, the payment's provider is yet to tell.
    """

    amount: Decimal | None = None
    provider: str
    transaction_id: str = ""
    reason: str = ""
    payment_id: int | None = None
    lines: Sequence[RefundedLine] = ()
    is_settled: bool = True


def record_refund(desk: Desk, order: Order, given: GivenBack, actor: Actor) -> Change:
    """Record a refund, once per name; one that waits for its outcome is settled by the same name.

    Raises :class:`InvalidField` (``amount``, ``refund_lines``), :class:`Refused` with
    ``nothing_captured``, ``nothing_to_refund`` (all of it went back or is on its way),
    ``payment_unknown``, ``refund_exceeds_captured`` or ``refund_window_closed``, and
    :class:`ReferenceTaken` when the name is that of another order's refund.
    """
    told = None if given.amount is None else Money.of(given.amount, order.currency, "amount")

    def decide(change: Change) -> None:
        payment = _payment(change.order, given.payment_id)
        amount = _left(change.visible, payment) if told is None else told
        if told is None and not _is_known(change.order, given):
            _require_something_left(change.visible, amount)
        if payment and amount.currency == payment.amount.currency and amount > payment.amount:
            message = f"payment {payment.id} was {payment.amount}"
            raise Refused(Reason.REFUND_EXCEEDS_CAPTURED, message)
        refund = commands.request_refund(
            change,
            amount,
            provider=given.provider,
            transaction_id=given.transaction_id,
            reason=given.reason,
            payment_id=payment.id if payment else None,
            lines=given.lines,
        )
        if given.is_settled:
            commands.settle_refund(change, refund.id)

    return desk.change(order.shop_id, order.id, actor, decide, loaded=order)


def _payment(order: Order, payment_id: int | None) -> Payment | None:
    """The one that is meant, or the only one that there is."""
    counting = [each for each in order.payments if each.state is PaymentState.CAPTURED]
    if payment_id is None:
        return counting[0] if len(counting) == 1 else None
    for payment in counting:
        if payment.id == payment_id:
            return payment
    raise Refused(Reason.PAYMENT_UNKNOWN, f"the order has no payment {payment_id} that counts")


def _is_known(order: Order, given: GivenBack) -> bool:
    named = (given.provider, given.transaction_id)
    return bool(given.transaction_id) and any(
        (known.provider, known.transaction_id) == named for known in order.refunds
    )


def _left(order: Order, payment: Payment | None) -> Money:
    """All that can go back, of that payment if it is of one."""
    if payment is None:
        return order.refundable
    went = Money.total(
        (
            refund.amount
            for refund in order.refunds
            if refund.payment_id == payment.id and refund.state is not RefundState.FAILED
        ),
        order.currency,
    )
    return min(order.refundable, max(payment.amount - went, Money.zero(order.currency)))


def _require_something_left(order: Order, left: Money) -> None:
    if order.captured and not left:
        raise Refused(Reason.NOTHING_TO_REFUND, "nothing is left to give back")
