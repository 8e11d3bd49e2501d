"""How many orders of a shop come before one of them, without counting them all.

Every :data:`STEP` orders there is a milestone, which says how many orders have ids up to its own.
A rank is then one milestone and a count of what follows it. Milestones cost an order next to
nothing: nobody who makes an order writes one. They are laid once the time that they cover is past
and settled, by a function on the table's stream, and are never wrong:

* :data:`SETTLED_AFTER` is longer than any write and the index's lag.
* An order that is made for a moment further back (one that was migrated) first takes away the
  milestones after it and holds the frontier for as long (:func:`make_room`). Nobody ever makes a
  hold shorter: others may rely on it. Many such orders share one (:mod:`.hold_room`).
* Laying a milestone and moving the frontier is one conditional write.

Milestones that lag behind cost reading, never correctness.
"""

from datetime import datetime, timedelta
from typing import Final

from orderhub.domain.identity import first_order_id
from orderhub.ports import Frontier, LateOrder

from .desk import Desk

STEP: Final = 100
SETTLED_AFTER: Final = timedelta(minutes=2)
_HOLD_AGAIN_BEFORE: Final = timedelta(minutes=1)


def rank_of(desk: Desk, shop_id: str, order_id: int) -> int:
    """How many orders of the shop have this id or a smaller one."""
    if order_id <= 0:
        return 0
    milestone = desk.ranks.before_id(shop_id, order_id)
    return milestone.rank + desk.orders.count(
        shop_id, after_id=milestone.id, before_id=order_id + 1
    )


def lay_milestones(desk: Desk, shop_id: str) -> int:
    """Lay what milestones there can be by now, and return how many. Harmless at any time."""
    laid = 0
    settled = first_order_id(desk.clock.now() - SETTLED_AFTER)
    while True:
        frontier = desk.ranks.frontier(shop_id)
        if frontier.held_until and frontier.held_until > desk.clock.now():
            return laid
        page = desk.orders.page(
            shop_id, after_id=frontier.milestone.id, before_id=settled, limit=STEP
        )
        if len(page.orders) < STEP:
            return laid
        last = page.orders[-1].id
        if not desk.ranks.lay(shop_id, frontier, last, frontier.milestone.rank + STEP):
            return laid  # somebody else is at it
        laid += 1


def make_room(desk: Desk, shop_id: str, order_id: int) -> None:
    """Before an order is made whose id is in the past: see that no milestone overlooks it.

    One read, and a write when the milestones after it must go or nobody asked lately.
    """
    now = desk.clock.now()
    while True:
        frontier = desk.ranks.frontier(shop_id)
        held_until = frontier.held_until
        is_held = held_until is not None and held_until > now + _HOLD_AGAIN_BEFORE
        if is_held and frontier.milestone.id < order_id:
            return
        if retreat(desk, shop_id, frontier, order_id, now + SETTLED_AFTER):
            return


def retreat(
    desk: Desk,
    shop_id: str,
    frontier: Frontier,
    order_id: int,
    until: datetime,
    *,
    in_batches: bool = False,
) -> bool:
    """Take away the milestones from ``order_id`` on, and hold the frontier until then at least;
    ``False`` if somebody else moved it."""
    held_until = max(until, frontier.held_until or until)
    return desk.ranks.retreat(shop_id, frontier, order_id, held_until, in_batches=in_batches)


def note_late(desk: Desk, shop_id: str, order_id: int, number: str) -> None:
    """Before an order is made whose id is in the past: see that searches by its number find it
    (:mod:`orderhub.services.index_numbers`).

    One read and one write. Raises :class:`~orderhub.ports.IdTaken` where somebody else is about to
    make another order with this id.
    """
    # Who made the order that has this id has seen to it.
    if desk.orders.get(shop_id, order_id) is None:
        desk.numbers.note_late(shop_id, LateOrder(order_id, number, desk.clock.now()))


def is_settled(now: datetime, order_id: int) -> bool:
    """Whether milestones may have been laid beyond this id by now, and numbers indexed."""
    return order_id < first_order_id(now - SETTLED_AFTER + _HOLD_AGAIN_BEFORE)
