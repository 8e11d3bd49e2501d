"""Close an order well, after it was paid."""

from orderhub.domain import commands
from orderhub.domain.commands import Change
from orderhub.domain.details import Actor
from orderhub.domain.order import Order

from .desk import Desk


def complete_order(desk: Desk, order: Order, actor: Actor) -> Change:
    """Completing twice changes nothing. Raises :class:`Refused` when it isn't paid or is closed."""
    return desk.change(order.shop_id, order.id, actor, commands.complete, loaded=order)
