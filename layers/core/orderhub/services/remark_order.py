"""Write the seller's remarks on an order over."""

from orderhub.domain import commands
from orderhub.domain.commands import Change
from orderhub.domain.details import Actor
from orderhub.domain.order import Order

from .desk import Desk


def remark_order(desk: Desk, order: Order, text: str, actor: Actor) -> Change:
    """Replace the remarks, in whatever state the order is; an empty text removes them.

    Raises :class:`InvalidField` (``remarks``: ``too_long``, ``invalid``).
    """
    return desk.change(
        order.shop_id, order.id, actor, lambda change: commands.remark(change, text), loaded=order
    )
