"""Put the seller's mark on an order, or take it off."""

from orderhub.domain import commands
from orderhub.domain.commands import Change
from orderhub.domain.details import Actor
from orderhub.domain.order import Order
from orderhub.domain.status import SellerMark

from .desk import Desk


def mark_order(desk: Desk, order: Order, mark: SellerMark | None, actor: Actor) -> Change:
    """``None`` takes it off. The same mark again changes nothing."""

    def decide(change: Change) -> None:
        commands.mark(change, mark)

    return desk.change(order.shop_id, order.id, actor, decide, loaded=order)
