"""Put an order away, or take it out again."""

from orderhub.domain import commands
from orderhub.domain.commands import Change
from orderhub.domain.details import Actor
from orderhub.domain.order import Order

from .desk import Desk


def file_order(desk: Desk, order: Order, actor: Actor, *, is_filed: bool) -> Change:
    """Whatever state the order is in. One that lies there already stays as it is."""
    return desk.change(
        order.shop_id,
        order.id,
        actor,
        lambda change: commands.file(change, is_filed),
        loaded=order,
    )
