"""Give back all of an order's money that can still go back."""

from collections.abc import Callable
from typing import Final

from orderhub.domain import commands
from orderhub.domain.commands import Change
from orderhub.domain.dataclass import dataclass
from orderhub.domain.details import Actor
from orderhub.domain.errors import Reason, Refused
from orderhub.domain.order import Order
from orderhub.domain.payment import Payment, PaymentState
from orderhub.domain.refund import RefundState

from .desk import Desk, Permit, anything_goes


def _at_once(_: Order) -> bool:
    return True


@dataclass(frozen=True, slots=True, kw_only=True)
class WantedRefund:
    """``transaction_id`` names the payment that goes back; empty for money without transactions
    (cash), and then all of the order's payments are meant.

    Where ``new_by`` names a provider, an id that nobody knows is that provider's own for the refund
    itself. ``is_settled`` says of the order as it is when it is decided whether the money went back
    already; otherwise its provider is yet to tell.
    """

    transaction_id: str = ""
    reason: str = ""
    new_by: str = ""
    is_settled: Callable[[Order], bool] = _at_once


def refund_order(
    desk: Desk,
    order: Order,
    wanted: WantedRefund,
    actor: Actor,
    *,
    permit: Permit = anything_goes,
) -> Change:
    """Refund what is refundable, once per transaction.

    Raises, in this order: what ``permit`` raises; :class:`Refused` with ``nothing_captured``,
    ``nothing_to_refund`` (all of it went back or is on its way) or ``refund_window_closed``; and
    for the transaction ``refund_repeated`` (it was refunded before, on whichever order),
    ``payment_of_another_order`` or ``payment_unknown``. So :func:`check_refundable` and this agree.
    """

    def decide(change: Change) -> None:
        _require_refundable(change, permit)
        payment = _named_payment(desk, change.order, wanted)
        amount = change.order.refundable
        covers_it = payment is not None and amount <= payment.amount
        refund = commands.request_refund(
            change,
            amount,
            provider=payment.provider if payment else _own_provider(wanted),
            transaction_id=_unclaimed(change.order, wanted.transaction_id),
            reason=wanted.reason,
            payment_id=payment.id if payment and covers_it else None,
        )
        if wanted.is_settled(change.order):
            commands.settle_refund(change, refund.id)

    return desk.change(order.shop_id, order.id, actor, decide, loaded=order)


def _own_provider(wanted: WantedRefund) -> str:
    return wanted.new_by if wanted.transaction_id else ""


def check_refundable(desk: Desk, order: Order, *, permit: Permit = anything_goes) -> None:
    """Whether :func:`refund_order` would refund this order now, transaction aside.

    Raises just what that would. Nothing is written and nothing read.
    """
    _require_refundable(Change(order, desk.clock.now(), Actor("rehearsal")), permit)


def _require_refundable(change: Change, permit: Permit) -> None:
    """The domain's own judgement, on a change that is thrown away."""
    permit(change.visible)
    order = change.order
    if order.captured and not order.refundable:
        raise Refused(Reason.NOTHING_TO_REFUND, "nothing is left to give back")
    rehearsal = Change(order, change.now, change.actor)
    commands.request_refund(rehearsal, order.refundable)


def _named_payment(desk: Desk, order: Order, wanted: WantedRefund) -> Payment | None:
    """The order's captured payment with this transaction id, unless it was refunded before."""
    transaction_id = wanted.transaction_id
    if not transaction_id:
        return None
    for refund in order.refunds:
        if refund.transaction_id == transaction_id and refund.state is not RefundState.FAILED:
            raise Refused(Reason.REFUND_REPEATED)
    for payment in order.payments:
        if payment.transaction_id == transaction_id and payment.state is PaymentState.CAPTURED:
            return payment
    for kind, reason in _OF_ANOTHER_ORDER.items():
        named = desk.orders.named(order.shop_id, kind, transaction_id)
        if any(order_id != order.id for _, order_id in named):
            raise Refused(reason)
    if wanted.new_by:
        return None
    raise Refused(Reason.PAYMENT_UNKNOWN)


_OF_ANOTHER_ORDER: Final = {
    "refund": Reason.REFUND_REPEATED,
    "payment": Reason.PAYMENT_OF_ANOTHER_ORDER,
}


def _unclaimed(order: Order, transaction_id: str) -> str:
    """Nothing for another attempt at a refund that failed: the order has the name already."""
    tried = any(refund.transaction_id == transaction_id for refund in order.refunds)
    return "" if tried else transaction_id
