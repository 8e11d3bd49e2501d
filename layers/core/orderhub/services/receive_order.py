"""Note that goods arrived, or came back."""

from collections.abc import Callable

from orderhub.domain import commands
from orderhub.domain.commands import Change
from orderhub.domain.details import Actor
from orderhub.domain.order import DeadlineKind, Order

from .close_due import CLOCK
from .desk import Desk


def receive(desk: Desk, order: Order, actor: Actor, *, shipment_id: int | None = None) -> Change:
    """Note that the buyer has a shipment, or all that are on their way. The order may be closed.

    What was received already, by itself too, stays as it is, and so does what came back. Raises
    :class:`Refused`: ``not_shipped`` or ``shipment_unknown``.
    """
    return _move(desk, order, actor, lambda change: commands.receive(change, shipment_id))


def take_back(desk: Desk, order: Order, actor: Actor, *, shipment_id: int | None = None) -> Change:
    """Note that a shipment came back, or all did, received or not. The order may be closed.

    What came back before stays as it is. No money moves and no stock. Raises :class:`Refused`:
    ``not_shipped`` or ``shipment_unknown``.
    """
    return _move(desk, order, actor, lambda change: commands.take_back(change, shipment_id))


def _move(desk: Desk, order: Order, actor: Actor, decide: Callable[[Change], None]) -> Change:
    """Change shipments as everybody sees them: those that received themselves did so first, and
    the history must say so, whether a job came round to writing it or not."""
    now = desk.clock.now()
    if any(due.kind is DeadlineKind.RECEIPT and due.at <= now for due in order.deadlines):
        order = desk.change(order.shop_id, order.id, CLOCK, _close_what_is_due, loaded=order).order
    return desk.change(order.shop_id, order.id, actor, decide, loaded=order)


def _close_what_is_due(change: Change) -> None:
    commands.close_what_is_due(change)
