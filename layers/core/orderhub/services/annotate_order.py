"""The seller's own remarks on an order, whatever state it is in."""

from collections.abc import Iterable

from orderhub.domain import commands
from orderhub.domain.commands import Change
from orderhub.domain.details import Actor
from orderhub.domain.order import Order

from .desk import Desk


def add_note(desk: Desk, order: Order, text: str, actor: Actor) -> Change:
    """Add a note, which shows ``actor`` as its author. The same again is another note.

    Raises :class:`InvalidField` (``note``: ``blank``, ``too_long``, ``invalid``), or
    :class:`Refused` (``too_many_notes``).
    """

    def decide(change: Change) -> None:
        commands.add_note(change, text)

    return desk.change(order.shop_id, order.id, actor, decide, loaded=order)


def tag(
    desk: Desk,
    order: Order,
    actor: Actor,
    *,
    replace: Iterable[str] | None = None,
    remove: Iterable[str] = (),
    add: Iterable[str] = (),
) -> Change:
    """Change the order's tags: ``replace`` them, then ``remove`` some, then ``add`` some.

    They are told apart by their spelling, capitals included. Tags that come out as they were
    change nothing. Raises :class:`InvalidField` (``tags``: ``too_long``, ``invalid``).
    """
    new = None if replace is None else tuple(replace)
    removed = {text.strip() for text in remove}
    added = tuple(add)

    def decide(change: Change) -> None:
        tags = change.order.tags if new is None else new
        kept = (text for text in tags if text.strip() not in removed)
        commands.tag(change, [*kept, *added])

    return desk.change(order.shop_id, order.id, actor, decide, loaded=order)
