"""An index of a shop's order numbers by their parts, so that a part is found without reading all.

The index is segments, each an inverted index of some orders: for each *gram* (so many bytes of a
number, from each byte on) the positions of the orders that have it. Segments never change. New
orders gather until there are :data:`SMALLEST` and become a segment; :data:`FAN` segments of about
one size become one, up to :data:`LARGEST` orders. So there are few, and each order is written a
few times, in all some hundred bytes. Nobody who makes an order writes any of it: a function on the
table's stream does, once the time that a segment covers is past and settled
(:data:`~orderhub.services.rank_orders.SETTLED_AFTER`).

What is missing costs reading; nothing in it is ever wrong:

* The manifest says which segments there are and up to which id they hold every order. What comes
  after is looked for in the index of orders by time.
* A segment is written first, under a name of its own, and put into the manifest by one
  conditional write. A name that was begun and never finished is removed by the next one at work.
* An order that is made for a moment in the past is noted before it is made
  (:func:`orderhub.services.rank_orders.note_late`), and notes are searched too, until a segment
  takes the order up. Its note goes after that.
* Before many orders of the past are made, the segments that reach beyond the first of them go, and
  the frontier is held while they come (:func:`hold_back`): they are new orders then.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from heapq import merge
from itertools import islice
from typing import Final

from orderhub.domain.dataclass import dataclass
from orderhub.domain.identity import first_order_id
from orderhub.ports import (
    LateOrder,
    NumberedOrder,
    NumberManifest,
    NumberSegment,
    OrderSummary,
    SegmentGone,
)

from .desk import Desk
from .rank_orders import SETTLED_AFTER

SMALLEST: Final = 200
FAN: Final = 4
LARGEST: Final = SMALLEST * FAN**6
"""Orders in a segment: what a function can sort in its memory within seconds."""
MOST_LATE: Final = 10_000
"""Late orders that one step takes up, at most."""
UNINDEXED: Final = 1024
"""So many orders are as soon read as what grams say of them."""
_PAGE: Final = 500
"""Index entries in one read: about 50 KB."""


def index_numbers(desk: Desk, shop_id: str) -> int:
    """Take up what orders are due, merge segments, and return how many orders were written.

    Bounded: what is left is for the next time. Harmless at any time and beside others at it.
    Raises :class:`SegmentGone` where a segment has lost some of its pages: see :func:`drop_index`.
    """
    written = 0
    while written < LARGEST:
        manifest = desk.numbers.manifest(shop_id)
        if manifest.held_until and manifest.held_until > desk.clock.now():
            break
        _forget_taken_up(desk, shop_id, manifest)
        try:
            step = _merging(desk, shop_id, manifest) or _taking_up(desk, shop_id, manifest)
        except SegmentGone:
            if desk.numbers.manifest(shop_id) == manifest:
                raise  # it is damaged
            break  # somebody else merged it
        if not (step and _carry_out(desk, shop_id, manifest, step)):
            break
        written += len(step.orders)
    return written


def drop_index(desk: Desk, shop_id: str) -> bool:
    """Forget all segments, to be written anew; ``False`` if somebody else is at work.

    Notes of orders of the past stay: they will be of orders that segments have, which is harmless.
    """
    manifest = desk.numbers.manifest(shop_id)
    names = tuple(segment.name for segment in manifest.segments)
    empty = NumberManifest(retired=(*_not_needed(manifest), *names), held_until=manifest.held_until)
    return desk.numbers.replace(shop_id, manifest, empty)


def hold_back(desk: Desk, shop_id: str, order_id: int, until: datetime) -> bool:
    """Let no segment hold an order from ``order_id`` on, and take up none before ``until``;
    ``False`` if somebody else is at work.

    What segments held is written anew after that. A hold is never made shorter.
    """
    manifest = desk.numbers.manifest(shop_id)
    kept, bound = manifest.segments, order_id
    # An order of the past may stand in a segment far beyond it: then those go that hold what
    # comes after it, too.
    while beyond := [each for each in kept if each.last_id >= bound]:
        bound = min(bound, *(each.first_id for each in beyond))
        kept = tuple(each for each in kept if each not in beyond)
    dropped = tuple(each.name for each in manifest.segments if each not in kept)
    held = replace(
        manifest,
        frontier_id=min(manifest.frontier_id, bound - 1),
        segments=kept,
        building="",
        retired=(*_not_needed(manifest), *dropped),
        held_until=max(until, manifest.held_until or until),
    )
    return desk.numbers.replace(shop_id, manifest, held)


def by_time(
    desk: Desk, shop_id: str, after_id: int, before_id: int, page: int = _PAGE
) -> Iterator[OrderSummary]:
    """Orders between these ids, by id, from the index of orders by time, ``page`` in one read."""
    while True:
        found = desk.orders.page(shop_id, after_id=after_id, before_id=before_id, limit=page)
        yield from found.orders
        if found.next_after_id is None:
            return
        after_id = found.next_after_id


def listed(desk: Desk, shop_id: str, order_id: int) -> OrderSummary | None:
    """One order, from the index of orders by time."""
    return next(by_time(desk, shop_id, order_id - 1, order_id + 1, page=1), None)


def grams_of(number: str, length: int) -> set[bytes]:
    """All that is ``length`` bytes long in a number, and what is left from each byte near its
    end on."""
    text = number.encode()
    return {text[at : at + length] for at in range(len(text))}


# -- what is to be done ----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class _Step:
    """``orders``, by id, become a segment in place of ``merged``. It takes up late orders with
    these ids, and everything up to ``frontier_id`` is held by segments then."""

    orders: Sequence[NumberedOrder]
    frontier_id: int
    merged: Sequence[NumberSegment] = ()
    taken_up: tuple[int, ...] = ()


def _merging(desk: Desk, shop_id: str, manifest: NumberManifest) -> _Step | None:
    """The smallest segments that are to become one."""
    by_level: defaultdict[int, list[NumberSegment]] = defaultdict(list)
    for segment in manifest.segments:
        by_level[_level(segment.count)].append(segment)
    for level, segments in sorted(by_level.items()):
        if len(segments) >= FAN and level < _level(LARGEST):
            merged = segments[:FAN]
            found = [desk.numbers.all_orders(shop_id, segment) for segment in merged]
            return _Step(
                orders=list(merge(*found)), frontier_id=manifest.frontier_id, merged=merged
            )
    return None


def _taking_up(desk: Desk, shop_id: str, manifest: NumberManifest) -> _Step | None:
    """Settled orders that no segment holds, if there are enough of them."""
    settled = desk.clock.now() - SETTLED_AFTER
    frontier_id = manifest.frontier_id
    coming = by_time(desk, shop_id, frontier_id, first_order_id(settled))
    new = [(order.id, order.number) for order in islice(coming, LARGEST)]
    # Read after those: an order is noted before it is made, so that none is new and not noted yet.
    notes = desk.numbers.late(shop_id)
    beyond = sorted(late.id for late in notes if late.id > frontier_id)
    if len(beyond) > MOST_LATE:
        # What is taken up of them stands in the manifest, which is one item.
        new = [order for order in new if order[0] < beyond[MOST_LATE]]
    due = [late for late in notes if late.id <= frontier_id and late.noted_at <= settled]
    due = due[:SMALLEST]
    if len(new) + len(due) < SMALLEST:
        return None
    late = _made(desk, shop_id, due)
    waiting = len(new) + len(late)
    if waiting < SMALLEST:
        return None
    new = new[: _fullest(waiting) - len(late)]
    orders = sorted(late + new)
    held = {order_id for order_id, _ in orders}
    return _Step(
        orders=orders,
        frontier_id=new[-1][0] if new else frontier_id,
        taken_up=tuple(note.id for note in notes if note.id in held),
    )


def _made(desk: Desk, shop_id: str, due: Sequence[LateOrder]) -> list[NumberedOrder]:
    """Those orders of the past that were made in the end. Notes of others are forgotten."""
    made = []
    for late in due:
        order = listed(desk, shop_id, late.id)
        if order:
            made.append((order.id, order.number))
        else:
            desk.numbers.forget_late(shop_id, late)
    return made


def _forget_taken_up(desk: Desk, shop_id: str, manifest: NumberManifest) -> None:
    if manifest.taken_up:
        taken_up = set(manifest.taken_up)
        for late in desk.numbers.late(shop_id):
            if late.id in taken_up:
                desk.numbers.forget_late(shop_id, late)


def _level(count: int) -> int:
    """How often segments of :data:`SMALLEST` were merged to one of so many orders."""
    level = 0
    while count > SMALLEST * FAN**level:
        level += 1
    return level


def _fullest(waiting: int) -> int:
    """The largest size of segments that so many orders fill; there are enough for the smallest."""
    size = SMALLEST
    while size * FAN <= min(waiting, LARGEST):
        size *= FAN
    return size


# -- doing it --------------------------------------------------------------------------------------


def _carry_out(desk: Desk, shop_id: str, manifest: NumberManifest, step: _Step) -> bool:
    """``False`` where somebody else is at work."""
    # Whoever was writing a segment can't put it into the manifest any more: its pages may go.
    old = _not_needed(manifest)
    begun = replace(manifest, building=str(manifest.version + 1), retired=old)
    if not desk.numbers.replace(shop_id, manifest, begun):
        return False
    begun = replace(begun, version=manifest.version + 1)
    for name in old:
        desk.numbers.remove(shop_id, name)
    segment = _segment(begun.building, step.orders)
    desk.numbers.write(shop_id, segment.name, step.orders, postings_of(step.orders, segment.gram))
    kept = [each for each in begun.segments if each not in step.merged]
    done = NumberManifest(
        frontier_id=step.frontier_id,
        segments=(*kept, segment),
        retired=tuple(each.name for each in step.merged),
        taken_up=step.taken_up,
    )
    return desk.numbers.replace(shop_id, begun, done)


def _segment(name: str, orders: Sequence[NumberedOrder]) -> NumberSegment:
    return NumberSegment(
        name=name,
        count=len(orders),
        first_id=orders[0][0],
        last_id=orders[-1][0],
        gram=_gram(len(orders)),
    )


def _gram(count: int) -> int:
    """How long grams should be among so many orders."""
    if count <= UNINDEXED:
        return 0
    # Of digits alone, so that some hundred orders share one: its list is a fraction of a page.
    return max(2, len(str(count // 3)) - 1)


def postings_of(
    orders: Sequence[NumberedOrder], length: int
) -> Iterator[tuple[bytes, Sequence[int]]]:
    """The positions of each gram of so many bytes, by gram. None where that is 0."""
    found: defaultdict[bytes, list[int]] = defaultdict(list)
    if not length:
        return
    for position, (_, number) in enumerate(orders):
        for gram in grams_of(number, length):
            found[gram].append(position)
    for gram in sorted(found):
        yield gram, found[gram]


def _not_needed(manifest: NumberManifest) -> tuple[str, ...]:
    """Names of segments that no search reads."""
    return (*manifest.retired, *filter(None, [manifest.building]))
