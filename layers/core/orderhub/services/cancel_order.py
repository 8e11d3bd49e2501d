"""Call an order off, before it holds any money."""

from orderhub.domain import commands
from orderhub.domain.commands import Change
from orderhub.domain.details import Actor
from orderhub.domain.order import Order
from orderhub.domain.status import OrderStatus

from .desk import Desk, Permit, anything_goes


def cancel_order(
    desk: Desk, order: Order, actor: Actor, *, reason: str = "", permit: Permit = anything_goes
) -> Change:
    """Cancel an order. One that is cancelled or expired already is as dead as this can make it,
    and stays as it is; that it expired is written down by then.

    Raises what ``permit`` raises, or :class:`Refused`: ``order_completed``, ``payment_confirming``
    while a payment is under way, ``money_captured`` until the money is back.
    """

    def decide(change: Change) -> None:
        seen = change.visible
        permit(seen)
        if seen.status is OrderStatus.EXPIRED:
            commands.let_expire(change)
        else:
            commands.cancel(change, reason)

    return desk.change(order.shop_id, order.id, actor, decide, loaded=order)
