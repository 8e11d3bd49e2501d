"""Check the index of a shop's order numbers against its orders."""

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Final

from orderhub.domain.errors import Busy
from orderhub.ports import NumberedOrder, NumberSegment, SegmentGone

from .desk import Desk
from .index_numbers import listed, postings_of
from .search_numbers import as_they_are

_ATTEMPTS: Final = 5


def wrong_with_numbers(desk: Desk, shop_id: str, by_time: Sequence[int]) -> str:
    """What is wrong with the index, in words; empty if nothing is.

    ``by_time`` are the ids of all orders as they were just now. The whole index is read.
    Raises :class:`Busy` where it is written all the time.
    """
    for _ in range(_ATTEMPTS):
        read = desk.numbers.manifest(shop_id)
        try:
            return next(_wrong(desk, shop_id, by_time), "")
        except SegmentGone as gone:
            if desk.numbers.manifest(shop_id) == read:
                return f"segment {gone} has lost some of its pages"
    raise Busy("the index of order numbers is being written all the time; try again")


def _wrong(desk: Desk, shop_id: str, by_time: Sequence[int]) -> Iterator[str]:
    manifest, late = as_they_are(desk, shop_id)
    held: Counter[int] = Counter()
    for segment in manifest.segments:
        orders = desk.numbers.all_orders(shop_id, segment)
        held.update(order_id for order_id, _ in orders)
        if not _are_found(desk, shop_id, segment, orders):
            yield f"segment {segment.name} has other grams than its orders' numbers"
    # Those that are taken up may be noted still.
    held.update(
        {note.id for note in late if note.id <= manifest.frontier_id} - set(manifest.taken_up)
    )
    missing = [i for i in by_time if i <= manifest.frontier_id and i not in held]
    if missing:
        yield f"missing orders: {len(missing)}, {missing[0]} first"
    twice = [order_id for order_id, times in held.items() if times > 1]
    if twice:
        yield f"orders that are there twice: {len(twice)}, {twice[0]} first"
    noted = {note.id for note in late}
    for order_id in held.keys() - set(by_time) - noted:
        # It may have been made since those were listed.
        if listed(desk, shop_id, order_id) is None:
            yield f"order {order_id} is there and doesn't exist"


def _are_found(
    desk: Desk, shop_id: str, segment: NumberSegment, orders: Sequence[NumberedOrder]
) -> bool:
    """Whether the segment has each gram of its orders as often as it should."""
    wanted = sum(len(positions) for _, positions in postings_of(orders, segment.gram))
    return wanted == sum(map(len, desk.numbers.postings(shop_id, segment, b"")))
