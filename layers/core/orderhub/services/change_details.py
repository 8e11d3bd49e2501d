"""Correct what describes an order: people, addresses, notes, the names others have for it."""

from collections.abc import Callable, Iterable

from orderhub.domain import commands
from orderhub.domain.commands import Change
from orderhub.domain.details import Actor, Details, Reference
from orderhub.domain.order import Order

from .desk import Desk


def change_details(
    desk: Desk,
    order: Order,
    revise: Callable[[Details], Details],
    actor: Actor,
    references: Iterable[Reference] = (),
) -> Change:
    """Apply ``revise`` to the order's details and add ``references`` to its names.

    Details that come out as they were record nothing. Raises :class:`Refused` for closed orders
    and :class:`ReferenceTaken` when another order has one of the names.
    """
    added = tuple(references)

    def decide(change: Change) -> None:
        commands.change_details(change, revise(change.order.details), added)

    return desk.change(order.shop_id, order.id, actor, decide, loaded=order)
