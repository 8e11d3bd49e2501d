"""Room for many orders of the past, whatever else is going on in the shop."""

from collections.abc import Iterator
from contextlib import suppress
from datetime import timedelta
from typing import Any, Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orderhub.domain.identity import MAX_ORDER_ID, first_order_id
from orderhub.domain.order import Order
from orderhub.ports import NumberManifest, NumberSegment
from orderhub.services import check_numbers, index_numbers, rank_orders, search_numbers
from orderhub.services.hold_room import HOLD, MARGIN, HeldRoom
from orderhub.services.index_numbers import hold_back
from orderhub.services.rank_orders import (
    SETTLED_AFTER,
    is_settled,
    make_room,
    note_late,
    rank_of,
    retreat,
)
from tests.support.fakes import NOON, FakeDesk
from tests.support.orders import placed

SHOP: Final = "demo"
LONG_AGO: Final = NOON - timedelta(days=30)


class Shelf(FakeDesk):
    """A desk with orders on it, all of them known here too."""

    def __init__(self) -> None:
        super().__init__()
        self.made: dict[int, Order] = {}
        self.room = HeldRoom(self.desk, SHOP)

    def order(self, ago: float = 0) -> Order:
        """One with an id of so many seconds ago, that nobody has made yet."""
        tail = len(self.made) % 4096
        return placed(SHOP, at=self.clock.now() - timedelta(seconds=ago), tail=tail).order

    def put(self, ago: float = 0) -> None:
        """As a request makes one."""
        order = self.order(ago)
        if is_settled(self.clock.now(), order.id):
            make_room(self.desk, SHOP, order.id)
            note_late(self.desk, SHOP, order.id, order.number)
        self._commit(order)

    def bring_in(self, ago: float) -> None:
        """As an import makes one."""
        order = self.order(ago)
        self.room.prepare(order.id)
        self._commit(order)

    def _commit(self, order: Order) -> None:
        change = placed(SHOP, at=order.created_at, tail=order.id % 4096)
        self.orders.commit(change)
        self.made[order.id] = change.order

    def check(self) -> None:
        ids = sorted(self.made)
        for rank, order_id in enumerate(ids, start=1):
            assert rank_of(self.desk, SHOP, order_id) == rank
        for part in ("R", "0", "12"):
            bounds = {"after_id": 0, "before_id": MAX_ORDER_ID}
            found = search_numbers.with_part(self.desk, SHOP, part, **bounds)
            wanted = [i for i in ids if part in self.made[i].number]
            assert [order_id for order_id, _ in found] == wanted
        assert check_numbers.wrong_with_numbers(self.desk, SHOP, ids) == ""

    def catch_up(self) -> None:
        """What the function on the stream does, sooner or later."""
        rank_orders.lay_milestones(self.desk, SHOP)
        while index_numbers.index_numbers(self.desk, SHOP):
            pass


@pytest.fixture(autouse=True)
def small_steps() -> Iterator[None]:
    """So few orders in a segment and between milestones that tests see many of them."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(rank_orders, "STEP", 3)
        for name, size in (("SMALLEST", 4), ("FAN", 2), ("LARGEST", 32), ("UNINDEXED", 4)):
            patch.setattr(index_numbers, name, size)
        patch.setattr(search_numbers, "FIRST_LOOK", 3)
        yield


@pytest.fixture
def shelf() -> Shelf:
    return Shelf()


class Stopped(Exception):
    """The process ended here."""


def stop_at(shelf: Shelf, patch: pytest.MonkeyPatch, write: int) -> None:
    """Let the process end before its ``write``-th write beside orders from now on."""
    remaining = [write]

    def stopping(target: object, name: str) -> None:
        real = getattr(target, name)

        def call(*args: Any, **more: Any) -> Any:
            remaining[0] -= 1
            if remaining[0] < 0:
                raise Stopped
            return real(*args, **more)

        patch.setattr(target, name, call)

    for name in ("replace", "note_late", "forget_late", "write", "remove"):
        stopping(shelf.numbers, name)
    for name in ("lay", "retreat"):
        stopping(shelf.ranks, name)


@settings(max_examples=60, deadline=None)
@given(
    steps=st.lists(
        st.one_of(
            st.tuples(st.just("orders"), st.integers(1, 9)),
            st.tuples(st.just("an order of the past"), st.integers(100, 900)),
            st.tuples(st.just("imported"), st.lists(st.integers(70, 2000), max_size=6)),
            st.tuples(st.just("imported, and stopped"), st.integers(0, 3)),
            st.tuples(st.just("another process"), st.just(0)),
            st.tuples(st.just("wait"), st.integers(1, 400)),
            st.tuples(st.just("catch up"), st.just(0)),
            st.tuples(st.just("catch up, and stop"), st.integers(0, 6)),
            st.tuples(st.just("forget"), st.just(0)),
        ),
        max_size=20,
    )
)
def test_whatever_comes_when_ranks_and_searches_are_right(steps: list[tuple[str, Any]]) -> None:
    shelf = Shelf()
    for kind, given_ in steps:
        match kind:
            case "orders":
                for _ in range(given_):
                    shelf.clock.advance(0.5)
                    shelf.put()
            case "an order of the past":
                shelf.put(ago=given_)
            case "imported":
                for ago in given_:
                    shelf.bring_in(ago)
            case "imported, and stopped":
                with pytest.MonkeyPatch.context() as patch:
                    stop_at(shelf, patch, given_)
                    with suppress(Stopped):
                        shelf.bring_in(3000)
            case "another process":
                shelf.room = HeldRoom(shelf.desk, SHOP)
            case "wait":
                shelf.clock.advance(given_)
            case "catch up":
                shelf.catch_up()
            case "catch up, and stop":
                with pytest.MonkeyPatch.context() as patch:
                    stop_at(shelf, patch, given_)
                    with suppress(Stopped):
                        shelf.catch_up()
            case "forget":
                index_numbers.drop_index(shelf.desk, SHOP)
        shelf.check()
    shelf.clock.advance(1000)
    shelf.catch_up()
    shelf.check()
    laid = shelf.ranks.milestones.get(SHOP, [])
    assert len(laid) == len(shelf.made) // 3
    assert sum(each.count for each in shelf.numbers.manifest(SHOP).segments) > len(shelf.made) - 4


def test_room_for_many_is_made_once_and_renewed_in_time(shelf: Shelf) -> None:
    for ago in range(1000, 900, -1):
        shelf.put(ago=ago)
    shelf.clock.advance(1000)
    shelf.catch_up()
    assert shelf.ranks.milestones[SHOP]
    shelf.room.prepare(shelf.order(5000).id)
    assert shelf.ranks.milestones[SHOP] == []
    assert shelf.numbers.manifest(SHOP).segments == ()
    version = shelf.ranks.frontier(SHOP).version
    manifest = shelf.numbers.manifest(SHOP).version
    while shelf.ranks.frontier(SHOP).version == version:
        shelf.bring_in(3000)
        shelf.clock.advance(1)
        held = shelf.ranks.frontier(SHOP).held_until
        assert held is not None
        assert held == shelf.numbers.manifest(SHOP).held_until
        assert held > shelf.clock.now() + MARGIN - timedelta(seconds=2)
    assert len(shelf.made) >= 100 + (HOLD - MARGIN).total_seconds()
    assert shelf.numbers.manifest(SHOP).version == manifest + 1
    assert not shelf.numbers.late(SHOP), "no order was noted by itself"


def test_an_older_order_than_the_oldest_makes_room_for_itself(shelf: Shelf) -> None:
    shelf.bring_in(1000)
    version = shelf.ranks.frontier(SHOP).version
    shelf.bring_in(2000)
    assert shelf.ranks.frontier(SHOP).version == version + 1
    shelf.bring_in(1500)
    assert shelf.ranks.frontier(SHOP).version == version + 1


def test_new_orders_need_no_room(shelf: Shelf) -> None:
    shelf.bring_in(0)
    assert shelf.room.held_until is None
    assert shelf.ranks.frontiers == {}


def test_nothing_is_laid_or_indexed_while_it_is_held_and_all_after_it(shelf: Shelf) -> None:
    for ago in range(1000, 980, -1):
        shelf.bring_in(ago)
    shelf.catch_up()
    assert shelf.ranks.milestones.get(SHOP, []) == []
    assert shelf.numbers.manifest(SHOP).segments == ()
    shelf.clock.advance(HOLD.total_seconds() + 1)
    shelf.catch_up()
    assert len(shelf.ranks.milestones[SHOP]) == 6
    assert sum(each.count for each in shelf.numbers.manifest(SHOP).segments) == 20
    shelf.check()


def test_nobody_makes_anothers_hold_shorter(shelf: Shelf) -> None:
    shelf.room.prepare(shelf.order(1000).id)
    until = shelf.room.held_until
    assert until
    oldest = shelf.order(5000).id
    make_room(shelf.desk, SHOP, oldest)
    assert shelf.ranks.frontier(SHOP).held_until == until
    soon = shelf.clock.now() + timedelta(seconds=1)
    assert retreat(shelf.desk, SHOP, shelf.ranks.frontier(SHOP), oldest, soon)
    assert shelf.ranks.frontier(SHOP).held_until == until
    assert hold_back(shelf.desk, SHOP, oldest, soon)
    assert index_numbers.drop_index(shelf.desk, SHOP)
    assert shelf.numbers.manifest(SHOP).held_until == until


def test_a_process_that_slept_through_its_hold_sees_to_it_again(shelf: Shelf) -> None:
    for _ in range(12):
        shelf.clock.advance(1)
        shelf.put()
    order = shelf.order(500)
    shelf.room.prepare(order.id)
    assert shelf.room.was_kept(order.id)
    shelf.clock.advance(3600)  # the machine is closed; others go on
    shelf.catch_up()
    assert shelf.ranks.milestones[SHOP]
    shelf._commit(order)
    assert not shelf.room.was_kept(order.id)
    shelf.room.prepare(order.id)
    shelf.check()


def test_a_new_order_that_was_slept_over_is_seen_to_as_well(shelf: Shelf) -> None:
    order = shelf.order()
    shelf.room.prepare(order.id)
    assert shelf.room.was_kept(order.id)
    shelf.clock.advance(3600)
    assert not shelf.room.was_kept(order.id)


def test_an_order_that_was_written_just_before_its_hold_was_over_is_seen_to_again(
    shelf: Shelf,
) -> None:
    """The clock of who moves the frontier may be ahead, and the index is behind."""
    order = shelf.order()
    shelf.room.prepare(order.id)
    shelf.clock.advance(3600)
    shelf.room.prepare(order.id)
    shelf.clock.advance(HOLD.total_seconds() - 30)
    assert not shelf.room.was_kept(order.id)


def segment(name: str, first: int, last: int) -> NumberSegment:
    return NumberSegment(name=name, count=last - first + 1, first_id=first, last_id=last, gram=0)


@pytest.mark.parametrize(
    ("oldest", "kept", "frontier"),
    [
        (1000, "abc", 400),
        (401, "abc", 400),
        (400, "ab", 300),
        (250, "", 49),
        (150, "", 49),
        (50, "", 49),
        (10, "", 9),
    ],
)
def test_segments_go_that_hold_what_comes_after_the_first_to_come(
    shelf: Shelf, oldest: int, kept: str, frontier: int
) -> None:
    """The second one has an order of the past in it, which overlaps the first."""
    segments = (segment("a", 100, 200), segment("b", 50, 300), segment("c", 301, 400))
    before = NumberManifest(
        frontier_id=400, segments=segments, building="9", retired=("8",), taken_up=(120,)
    )
    assert shelf.numbers.replace(SHOP, NumberManifest(), before)
    assert hold_back(shelf.desk, SHOP, oldest, NOON)
    after = shelf.numbers.manifest(SHOP)
    assert "".join(each.name for each in after.segments) == kept
    assert after.frontier_id == frontier
    assert set(after.retired) == {"8", "9", *(set("abc") - set(kept))}
    assert (after.building, after.held_until, after.taken_up) == ("", NOON, (120,))


def test_an_index_that_is_being_written_is_written_for_nothing(shelf: Shelf) -> None:
    for _ in range(20):
        shelf.clock.advance(1)
        shelf.put()
    shelf.clock.advance(SETTLED_AFTER.total_seconds())
    # Between its beginning and its end.
    shelf.numbers.meanwhile += [lambda: None, lambda: shelf.room.prepare(first_order_id(LONG_AGO))]
    index_numbers.index_numbers(shelf.desk, SHOP)
    assert shelf.numbers.manifest(SHOP).segments == ()
    shelf.check()
    shelf.clock.advance(HOLD.total_seconds() + 1)
    shelf.catch_up()
    shelf.check()
    assert {name for _, name in shelf.numbers.segments} == {
        each.name for each in shelf.numbers.manifest(SHOP).segments
    } | set(shelf.numbers.manifest(SHOP).retired)
