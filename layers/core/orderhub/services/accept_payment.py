"""An operator takes held money for its order."""

from orderhub.domain import commands
from orderhub.domain.commands import Change
from orderhub.domain.details import Actor
from orderhub.domain.order import Order

from .desk import Desk


def accept_payment(desk: Desk, order: Order, payment_id: int, actor: Actor) -> Change:
    """Raises what :func:`orderhub.domain.commands.accept_payment` does."""

    def decide(change: Change) -> None:
        commands.accept_payment(change, payment_id)

    return desk.change(order.shop_id, order.id, actor, decide, loaded=order)
