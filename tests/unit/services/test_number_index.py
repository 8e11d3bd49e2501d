"""Finding orders by part of their number, against a look at every number."""

from collections.abc import Iterator
from contextlib import suppress
from datetime import timedelta
from typing import Any, Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orderhub.domain.errors import Busy
from orderhub.domain.identity import MAX_ORDER_ID, first_order_id
from orderhub.domain.order import Order
from orderhub.ports import IdTaken, LateOrder, NumberManifest, SegmentGone
from orderhub.services import index_numbers, search_numbers
from orderhub.services.rank_orders import SETTLED_AFTER, is_settled, note_late
from orderhub.services.search_orders import OrderQuery, count_orders, search_orders
from tests.support.fakes import NOON, FakeDesk
from tests.support.orders import placed

SHOP: Final = "demo"


class Shelf(FakeDesk):
    """A desk with orders on it, all of them known here too."""

    def __init__(self) -> None:
        super().__init__()
        self.made: dict[int, Order] = {}
        self.tails = 0

    def put(self, number: str = "", *, ago: float = 0) -> Order:
        """An order with an id of so many seconds ago."""
        self.tails += 1
        at = self.clock.now() - timedelta(seconds=ago)
        change = placed(SHOP, at=at, tail=self.tails % 4096, number=number)
        if is_settled(self.clock.now(), change.order.id):
            note_late(self.desk, SHOP, change.order.id, change.order.number)
        self.orders.commit(change)
        self.made[change.order.id] = change.order
        return change.order

    def put_many(self, count: int, number: str = "{n:05d}") -> None:
        for n in range(count):
            self.clock.advance(1)
            self.put(number.format(n=n))

    def settle(self) -> None:
        self.clock.advance(SETTLED_AFTER.total_seconds() + 1)

    def index(self) -> int:
        """Index until there is nothing to do."""
        written = 0
        while more := index_numbers.index_numbers(self.desk, SHOP):
            written += more
        return written

    def manifest(self) -> NumberManifest:
        return self.numbers.manifest(SHOP)

    def found(self, part: str, **bounds: Any) -> list[int]:
        query = OrderQuery(number_contains=part, **bounds)
        return [o.id for o in search_orders(self.desk, SHOP, query, offset=0, limit=10**6)]

    def count(self, part: str, **bounds: Any) -> int:
        return count_orders(self.desk, SHOP, OrderQuery(number_contains=part, **bounds))

    def expected(self, part: str, after_id: int = 0, before_id: int = MAX_ORDER_ID) -> list[int]:
        return sorted(
            order.id
            for order in self.made.values()
            if part in order.number and after_id < order.id < before_id
        )

    def check(self, *parts: str) -> None:
        for part in parts:
            wanted = self.expected(part)
            assert self.found(part) == wanted
            assert self.count(part) == len(wanted)


@pytest.fixture(autouse=True)
def small_segments() -> Iterator[None]:
    """Segments of so few orders that tests see many of them."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(index_numbers, "SMALLEST", 4)
        patch.setattr(index_numbers, "FAN", 2)
        patch.setattr(index_numbers, "LARGEST", 32)
        patch.setattr(index_numbers, "UNINDEXED", 4)
        patch.setattr(search_numbers, "FIRST_LOOK", 3)
        yield


@pytest.fixture
def shelf() -> Shelf:
    return Shelf()


# -- whatever comes when ---------------------------------------------------------------------------

NUMBERS: Final = st.text("01R", max_size=7) | st.text("0é#~", min_size=1, max_size=4)
PARTS: Final = ("0", "1", "R", "01", "10", "001", "0110", "01R1", "00000", "é", "#", "~0", "0é")


class Stopped(Exception):
    """The process ended here."""


def stop_at(shelf: Shelf, patch: pytest.MonkeyPatch, write: int) -> None:
    """Let the process end before its ``write``-th write to the index from now on."""
    remaining = [write]

    def stopping(name: str) -> Any:
        real = getattr(shelf.numbers, name)

        def call(*args: Any) -> Any:
            remaining[0] -= 1
            if remaining[0] < 0:
                raise Stopped
            return real(*args)

        return call

    for name in ("replace", "note_late", "forget_late", "write", "remove"):
        patch.setattr(shelf.numbers, name, stopping(name))


@settings(max_examples=150, deadline=None)
@given(
    steps=st.lists(
        st.one_of(
            st.tuples(st.just("orders"), st.lists(NUMBERS, min_size=1, max_size=12)),
            st.tuples(st.just("migrated"), st.tuples(NUMBERS, st.integers(1, 900))),
            st.tuples(st.just("noted only"), st.tuples(NUMBERS, st.integers(200, 900))),
            st.tuples(st.just("wait"), st.integers(1, 400)),
            st.tuples(st.just("index"), st.just(0)),
            st.tuples(st.just("index, and stop"), st.integers(0, 8)),
            st.tuples(st.just("drop"), st.just(0)),
        ),
        max_size=25,
    ),
    parts=st.lists(st.sampled_from(PARTS) | NUMBERS.filter(bool), min_size=3, max_size=3),
)
def test_whatever_comes_when_a_part_finds_and_counts_what_has_it(
    steps: list[tuple[str, Any]], parts: list[str]
) -> None:
    shelf = Shelf()
    for kind, given_ in steps:
        match kind:
            case "orders":
                for number in given_:
                    shelf.clock.advance(0.5)
                    shelf.put(number)
            case "migrated":
                number, ago = given_
                shelf.put(number, ago=ago)
            case "noted only":
                number, ago = given_
                order_id = first_order_id(shelf.clock.now() - timedelta(seconds=ago)) + 4095
                with suppress(IdTaken):  # noted for another order
                    note_late(shelf.desk, SHOP, order_id, number)
            case "wait":
                shelf.clock.advance(given_)
            case "index":
                index_numbers.index_numbers(shelf.desk, SHOP)
            case "index, and stop":
                with pytest.MonkeyPatch.context() as patch:
                    stop_at(shelf, patch, given_)
                    with suppress(Stopped):
                        index_numbers.index_numbers(shelf.desk, SHOP)
            case "drop":
                index_numbers.drop_index(shelf.desk, SHOP)
        shelf.check(*parts)
    shelf.settle()
    shelf.index()
    shelf.check(*parts, *PARTS)
    assert sum(each.count for each in shelf.manifest().segments) > len(shelf.made) - 4


@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_bounds_hold_whether_a_segment_holds_the_orders_or_none(data: st.DataObject) -> None:
    shelf = Shelf()
    for number in data.draw(st.lists(NUMBERS, min_size=10, max_size=60)):
        shelf.clock.advance(1)
        shelf.put(number)
    shelf.clock.advance(100)
    shelf.index()
    ids = sorted(shelf.made)
    around = st.sampled_from([0, *ids, *(i - 1 for i in ids), MAX_ORDER_ID])
    part = data.draw(st.sampled_from(PARTS))
    after_id = data.draw(around)
    wanted = shelf.expected(part, after_id)
    assert shelf.found(part, since_id=after_id) == wanted
    assert shelf.count(part, since_id=after_id) == len(wanted)
    until = shelf.made[data.draw(st.sampled_from(ids))].created_at
    wanted = [i for i in wanted if shelf.made[i].created_at <= until]
    assert shelf.found(part, since_id=after_id, created_until=until) == wanted
    assert shelf.count(part, since_id=after_id, created_until=until) == len(wanted)


# -- segments --------------------------------------------------------------------------------------


def sizes(shelf: Shelf) -> list[int]:
    return [segment.count for segment in shelf.manifest().segments]


def test_orders_become_segments_and_small_segments_larger_ones(shelf: Shelf) -> None:
    shelf.put_many(3)
    shelf.settle()
    assert shelf.index() == 0, "too few"
    seen = []
    for _ in range(18):
        shelf.put_many(4)
        shelf.settle()
        shelf.index()
        seen.append(sizes(shelf))
    assert seen[:8] == [[4], [8], [8, 4], [16], [16, 4], [16, 8], [16, 8, 4], [32]]
    assert seen[-1] == [32, 32, 8], "the largest are merged no more"
    assert len(shelf.numbers.segments) <= 3 + 2, "what was merged goes"


def test_a_shop_that_was_never_indexed_is_in_few_steps(shelf: Shelf) -> None:
    shelf.put_many(60)
    shelf.settle()
    assert index_numbers.index_numbers(shelf.desk, SHOP) == 32, "bounded at once"
    assert shelf.index() == 28
    assert sizes(shelf) == [32, 16, 8, 4]
    shelf.check("0004", "7", "00059")


def test_what_is_not_settled_is_indexed_by_nobody(shelf: Shelf) -> None:
    shelf.put_many(8)
    assert shelf.index() == 0
    shelf.check("0", "0000", "7")


def test_a_rare_part_reads_no_more_orders_than_came_since_the_last_segment(shelf: Shelf) -> None:
    shelf.put_many(64 + 3)
    shelf.settle()
    shelf.index()
    shelf.orders.reads = 0
    assert len(shelf.found("00031")) == 1
    assert shelf.orders.reads == 1 + 1, "the rest of the index of times, and the order"
    shelf.orders.reads = 0
    assert shelf.count("31") == 1
    assert shelf.orders.reads == 1


def test_segments_far_from_what_is_asked_for_are_not_looked_into(shelf: Shelf) -> None:
    shelf.put_many(160)
    shelf.settle()
    shelf.index()
    assert sizes(shelf) == [32] * 5
    shelf.numbers.reads = 0
    shelf.check("00003")
    everywhere = shelf.numbers.reads
    order = shelf.made[shelf.expected("00003")[0]]
    shelf.numbers.reads = 0
    assert shelf.found("00003", created_until=order.created_at) == [order.id]
    assert shelf.numbers.reads < everywhere / 2
    shelf.numbers.reads = 0
    query = OrderQuery(number_contains="000")
    assert len(search_orders(shelf.desk, SHOP, query, offset=0, limit=5)) == 5
    assert shelf.numbers.reads < everywhere / 2, "a page that is full needs no further segment"


# -- orders of the past ----------------------------------------------------------------------------


def test_an_order_of_the_past_is_found_before_and_after_a_segment_takes_it_up(
    shelf: Shelf,
) -> None:
    shelf.put_many(16)
    shelf.settle()
    shelf.index()
    late = shelf.put("late-1", ago=130)
    assert late.id < shelf.manifest().frontier_id
    shelf.check("late", "00003")
    shelf.put_many(3, "new{n}")
    shelf.settle()
    shelf.index()
    assert shelf.numbers.late(SHOP) == [] or shelf.manifest().taken_up == (late.id,)
    shelf.check("late", "e", "new")
    shelf.put_many(4)
    shelf.settle()
    shelf.index()
    assert shelf.numbers.late(SHOP) == []
    shelf.check("late", "e", "new")


def test_a_note_of_an_order_that_was_never_made_goes(shelf: Shelf) -> None:
    shelf.put_many(8)
    shelf.settle()
    shelf.index()
    note_late(shelf.desk, SHOP, min(shelf.made) + 1, "never")
    shelf.check("never", "0")
    shelf.put_many(4)
    shelf.settle()
    shelf.index()
    assert shelf.numbers.late(SHOP) == []


def test_a_note_that_is_made_anew_meanwhile_stays(shelf: Shelf) -> None:
    note_late(shelf.desk, SHOP, 7, "x")
    (seen,) = shelf.numbers.late(SHOP)
    shelf.clock.advance(1)
    note_late(shelf.desk, SHOP, 7, "x")
    shelf.numbers.forget_late(SHOP, seen)
    assert shelf.numbers.late(SHOP) == [LateOrder(7, "x", NOON + timedelta(seconds=1))]


def test_an_id_that_an_order_has_is_not_noted_as_late(shelf: Shelf) -> None:
    order = shelf.put("x")
    shelf.settle()
    note_late(shelf.desk, SHOP, order.id, "y")
    assert shelf.numbers.late(SHOP) == []


# -- others at the same time -----------------------------------------------------------------------


def test_of_two_that_index_at_the_same_time_one_does(shelf: Shelf) -> None:
    shelf.put_many(12)
    shelf.settle()
    shelf.numbers.meanwhile.append(lambda: index_numbers.index_numbers(shelf.desk, SHOP))
    assert index_numbers.index_numbers(shelf.desk, SHOP) == 0
    shelf.index()
    assert sum(sizes(shelf)) == 12
    shelf.check("0", "00007")


def test_one_that_is_overtaken_while_it_writes_leaves_nothing_behind(shelf: Shelf) -> None:
    shelf.put_many(12)
    shelf.settle()
    # The first change of the manifest is its own, the second one comes too late.
    others = [lambda: None, lambda: index_numbers.index_numbers(shelf.desk, SHOP)]
    shelf.numbers.meanwhile.extend(others)
    index_numbers.index_numbers(shelf.desk, SHOP)
    shelf.put_many(8)
    shelf.settle()
    shelf.index()
    assert sum(sizes(shelf)) == 20
    manifest = shelf.manifest()
    live = {segment.name for segment in manifest.segments} | set(manifest.retired)
    assert {name for _, name in shelf.numbers.segments} <= live
    shelf.check("0", "00007")


def test_one_whose_segments_are_merged_by_another_leaves_it_at_that(shelf: Shelf) -> None:
    shelf.put_many(8)
    shelf.settle()
    _take_up_four(shelf)
    _take_up_four(shelf)
    assert sizes(shelf) == [4, 4]

    def others() -> None:
        shelf.put_many(16)
        shelf.settle()
        shelf.index()

    shelf.numbers.between_reads.append(others)
    assert index_numbers.index_numbers(shelf.desk, SHOP) == 0
    shelf.check("0", "00007")


def _take_up_four(shelf: Shelf) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(index_numbers, "LARGEST", 4)
        index_numbers.index_numbers(shelf.desk, SHOP)


@pytest.mark.parametrize("read", range(12))
def test_a_search_goes_on_where_segments_are_merged_under_its_hands(
    shelf: Shelf, read: int
) -> None:
    shelf.put_many(4 * 7)
    shelf.settle()
    for _ in range(7):
        index_numbers.index_numbers(shelf.desk, SHOP)
    late = shelf.put("late-0", ago=140)

    def others() -> None:
        shelf.put_many(4, "7{n}")
        shelf.settle()
        shelf.index()
        shelf.put_many(4, "8{n}")
        shelf.settle()
        shelf.index()

    wanted = shelf.expected("0", before_id=first_order_id(shelf.clock.now()))
    quiet: list[Any] = [lambda: None] * read
    shelf.numbers.between_reads = [*quiet, others]
    found = shelf.found("0")
    assert [i for i in found if i <= max(wanted)] == wanted
    assert late.id in found
    assert len(found) == len(set(found))


def test_a_segment_that_stays_damaged_is_told_as_busy(shelf: Shelf) -> None:
    shelf.put_many(8)
    shelf.settle()
    shelf.index()
    shelf.numbers.segments.clear()
    with pytest.raises(Busy):
        shelf.found("0000")
    with pytest.raises(Busy):
        shelf.count("0000")
    shelf.put_many(8)
    shelf.settle()
    with pytest.raises(SegmentGone):
        shelf.index()
    index_numbers.drop_index(shelf.desk, SHOP)
    shelf.check("0000")
    shelf.index()
    shelf.check("0000")
