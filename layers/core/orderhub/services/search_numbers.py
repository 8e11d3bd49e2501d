"""Find orders by part of their number, in the index that :mod:`.index_numbers` writes.

A search looks a part up in every segment. What is no longer than a segment's grams stands there as
it is; of a longer part, pieces are looked up until few orders have all of them, and the numbers of
these are looked at. Orders that came since the last segment are read from the index of orders by
time.
"""

from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Sequence
from heapq import heapify, heappop, heapreplace
from itertools import islice
from typing import Final, TypeVar

from orderhub.domain.errors import Busy
from orderhub.ports import LateOrder, NumberedOrder, NumberManifest, NumberSegment, SegmentGone

from .desk import Desk
from .index_numbers import by_time, listed

_ATTEMPTS: Final = 5
_FEW: Final = 2
"""So many orders are looked at rather than told apart by one more piece."""
_PIECES: Final = 8
"""So many tell any orders apart whose numbers are no riddle."""
_SHORT: Final = 2
FIRST_LOOK: Final = 200
"""So many orders are looked at for a short part before the index is: about 20 KB."""
_AT_FIRST: Final = 4
"""Orders of a segment that are read at once; then twice as many each time."""

_T = TypeVar("_T")


def with_part(
    desk: Desk, shop_id: str, part: str, *, after_id: int, before_id: int
) -> Iterator[NumberedOrder]:
    """Each order between these ids whose number contains ``part``, by id. Not empty."""
    if len(part) <= _SHORT:
        # Most likely the first orders that there are have it, and who asks wants no more.
        page = desk.orders.page(shop_id, after_id=after_id, before_id=before_id, limit=FIRST_LOOK)
        yield from ((each.id, each.number) for each in page.orders if part in each.number)
        if page.next_after_id is None:
            return
        after_id = page.next_after_id
    for _ in range(_ATTEMPTS):
        search = _Search(desk, shop_id, part, after_id, before_id)
        try:
            for order in search.found():
                after_id = order[0]
                yield order
        except SegmentGone:
            continue  # merged into another meanwhile: go on from here
        return
    raise Busy("the index of order numbers is being written all the time; try again")


def count_with_part(desk: Desk, shop_id: str, part: str, *, after_id: int, before_id: int) -> int:
    """How many orders between these ids have numbers that contain ``part``."""
    for _ in range(_ATTEMPTS):
        search = _Search(desk, shop_id, part, after_id, before_id)
        try:
            return search.count()
        except SegmentGone:
            continue
    raise Busy("the index of order numbers is being written all the time; try again")


class _Search:
    """One look at a shop's index as it is just now."""

    def __init__(self, desk: Desk, shop_id: str, part: str, after_id: int, before_id: int) -> None:
        self._desk = desk
        self._shop_id = shop_id
        self._part = part
        # What no number can have is found nowhere.
        self._text = part.encode(errors="surrogatepass")
        self._after_id = after_id
        self._before_id = before_id
        manifest, late = as_they_are(desk, shop_id)
        self._segments = [
            each
            for each in manifest.segments
            if each.last_id > after_id and each.first_id < before_id
        ]
        taken_up = set(manifest.taken_up)
        self._late = [
            each
            for each in late
            if each.id <= manifest.frontier_id
            and each.id not in taken_up
            and after_id < each.id < before_id
            and part in each.number
        ]
        self._read_from = max(after_id, manifest.frontier_id)

    def found(self) -> Iterator[NumberedOrder]:
        """Those that fit, by id."""
        streams = [(each.first_id, self._in_segment(each)) for each in self._segments]
        if self._late:
            streams.append((self._late[0].id, self._in_notes()))
        streams.append((self._read_from + 1, self._in_the_rest()))
        return _by_id(streams)

    def count(self) -> int:
        counts = [self._count_in(each) for each in self._segments]
        return sum(counts) + _length(self._in_notes()) + _length(self._in_the_rest())

    # -- what no segment holds -----------------------------------------------------------------

    def _in_the_rest(self) -> Iterator[NumberedOrder]:
        if self._before_id <= self._read_from + 1:
            return
        for order in by_time(self._desk, self._shop_id, self._read_from, self._before_id):
            if self._part in order.number:
                yield order.id, order.number

    def _in_notes(self) -> Iterator[NumberedOrder]:
        """Orders that are noted may never have been made, or with another number."""
        for late in self._late:
            order = listed(self._desk, self._shop_id, late.id)
            if order and self._part in order.number:
                yield order.id, order.number

    # -- one segment ---------------------------------------------------------------------------

    def _count_in(self, segment: NumberSegment) -> int:
        if not self._is_exact(segment):
            return _length(self._in_segment(segment))
        return len(self._within_bounds(segment, self._candidates(segment)))

    def _in_segment(self, segment: NumberSegment) -> Iterator[NumberedOrder]:
        if not segment.gram:
            return self._among_all(segment)
        return self._at(segment, self._within_bounds(segment, self._candidates(segment)))

    def _among_all(self, segment: NumberSegment) -> Iterator[NumberedOrder]:
        for order_id, number in self._desk.numbers.all_orders(self._shop_id, segment):
            if self._part in number and self._after_id < order_id < self._before_id:
                yield order_id, number

    def _is_exact(self, segment: NumberSegment) -> bool:
        """Whether what is found by grams needs no look at the numbers."""
        return len(self._text) <= segment.gram

    def _candidates(self, segment: NumberSegment) -> Sequence[int]:
        """Positions of all orders that may fit."""
        if self._is_exact(segment):
            return self._positions(segment, self._text)
        last = len(self._text) - segment.gram
        # From the end on: numbers begin alike.
        starts = (*range(last, 0, -segment.gram), 0)
        pieces = dict.fromkeys(self._text[at : at + segment.gram] for at in starts)
        first, *more = islice(pieces, _PIECES)
        found = set(self._positions(segment, first))
        for piece in more:
            if len(found) <= _FEW:
                break
            found.intersection_update(self._positions(segment, piece))
        return sorted(found)

    def _positions(self, segment: NumberSegment, prefix: bytes) -> Sequence[int]:
        lists = self._desk.numbers.postings(self._shop_id, segment, prefix)
        return sorted({position for each in lists for position in each})

    def _within_bounds(self, segment: NumberSegment, positions: Sequence[int]) -> Sequence[int]:
        begin, end = 0, len(positions)
        if segment.first_id <= self._after_id:
            begin = bisect_right(positions, self._after_id, key=self._ids_of(segment))
        if segment.last_id >= self._before_id:
            end = bisect_right(positions, self._before_id - 1, key=self._ids_of(segment))
        return positions[begin:end]

    def _ids_of(self, segment: NumberSegment) -> Callable[[int], int]:
        def order_id(position: int) -> int:
            ((found, _),) = self._desk.numbers.orders(self._shop_id, segment, [position])
            return found

        return order_id

    def _at(self, segment: NumberSegment, positions: Sequence[int]) -> Iterator[NumberedOrder]:
        begin, size = 0, _AT_FIRST
        while batch := positions[begin : begin + size]:
            for order in self._desk.numbers.orders(self._shop_id, segment, batch):
                if self._part in order[1]:
                    yield order
            begin, size = begin + size, size * 2


def as_they_are(desk: Desk, shop_id: str) -> tuple[NumberManifest, Sequence[LateOrder]]:
    """The manifest and what was noted as late at one and the same time: an order that is taken up
    in between must be in one of them, and not in both."""
    late, manifest = desk.numbers.late(shop_id), desk.numbers.manifest(shop_id)
    # What was taken up before the notes were read is in the manifest that was read after them.
    while late:
        late, after = desk.numbers.late(shop_id), desk.numbers.manifest(shop_id)
        if after.version == manifest.version:
            break
        manifest = after
    return manifest, late


def _by_id(streams: Iterable[tuple[int, Iterator[NumberedOrder]]]) -> Iterator[NumberedOrder]:
    """Merge streams, each by id, from the first id that it can have: none is begun before that."""
    waiting = sorted(streams, key=lambda stream: stream[0], reverse=True)
    begun: list[tuple[NumberedOrder, int, Iterator[NumberedOrder]]] = []
    while waiting or begun:
        while waiting and (not begun or waiting[-1][0] <= begun[0][0][0]):
            _, stream = waiting.pop()
            if (order := next(stream, None)) is not None:
                begun.append((order, len(waiting), stream))
                heapify(begun)
        if not begun:
            continue
        order, number, stream = begun[0]
        yield order
        if (following := next(stream, None)) is None:
            heappop(begun)
        else:
            heapreplace(begun, (following, number, stream))


def _length(items: Iterable[_T]) -> int:
    return sum(1 for _ in items)
