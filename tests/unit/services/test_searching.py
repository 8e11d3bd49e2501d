"""Searching and counting orders, against a plain list of them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orderhub.domain import commands, identity
from orderhub.domain.commands import Change
from orderhub.domain.numbers import number_of
from orderhub.domain.order import Order
from orderhub.ports import Milestone
from orderhub.services.rank_orders import (
    SETTLED_AFTER,
    STEP,
    is_settled,
    lay_milestones,
    make_room,
    rank_of,
)
from orderhub.services.search_orders import OrderQuery, count_orders, search_orders
from tests.support.fakes import NOON, FakeDesk
from tests.support.orders import TESTER, placed
from tests.support.search import expected, queries, some_orders

SHOP: Final = "demo"


class Shelf(FakeDesk):
    """A desk with orders on it."""

    def put(self, change: Change) -> Order:
        self.orders.commit(change)
        return change.order

    def put_many(self, count: int, *, since: datetime = NOON, every: float = 1.0) -> list[Order]:
        return [
            self.put(placed(SHOP, at=since + timedelta(seconds=every * n), tail=n % 4096))
            for n in range(count)
        ]

    def found(self, query: OrderQuery, offset: int = 0, limit: int = 10**6) -> Sequence[Order]:
        return search_orders(self.desk, SHOP, query, offset=offset, limit=limit)

    def count(self, query: OrderQuery) -> int:
        return count_orders(self.desk, SHOP, query)


@pytest.fixture
def shelf() -> Shelf:
    return Shelf()


# -- filters ---------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Shelved:
    shelf: Shelf
    orders: list[Order]


@pytest.fixture(scope="module")
def shelved() -> Shelved:
    shelf = Shelf()
    for change in some_orders(SHOP):
        shelf.orders.commit(change)
    orders = [o for key, o in shelf.orders.snapshots.items() if key.shop_id == SHOP]
    return Shelved(shelf, sorted(orders, key=lambda order: order.id))


@settings(max_examples=400, deadline=None)
@given(data=st.data())
def test_any_filters_together_find_what_a_look_at_every_order_finds(
    shelved: Shelved, data: st.DataObject
) -> None:
    query = data.draw(queries(shelved.orders))
    offset = data.draw(st.integers(0, 40))
    limit = data.draw(st.integers(0, 60))
    fitting = expected(shelved.orders, query)
    assert shelved.shelf.found(query, offset, limit) == fitting[offset : offset + limit]
    assert shelved.shelf.count(query) == len(fitting)


def test_bounds_at_the_ends_of_the_calendar_are_bounds(shelf: Shelf) -> None:
    order = shelf.put(placed(SHOP))
    first = datetime.min.replace(tzinfo=UTC)
    last = datetime.max.replace(tzinfo=UTC)
    everything = OrderQuery(
        created_from=first, created_until=last, updated_from=first, updated_until=last
    )
    assert shelf.found(everything) == [order]
    assert shelf.count(everything) == 1
    assert shelf.found(OrderQuery(created_from=last)) == []
    assert shelf.found(OrderQuery(created_until=first)) == []
    assert shelf.count(OrderQuery(updated_from=last)) == 0
    assert shelf.count(OrderQuery(since_id=2**80)) == 0
    assert shelf.count(OrderQuery(ids=(-1, 0, 2**80))) == 0


def test_a_bound_within_a_millisecond_is_kept(shelf: Shelf) -> None:
    order = shelf.put(placed(SHOP))
    a_microsecond = timedelta(microseconds=1)
    assert shelf.found(OrderQuery(created_from=NOON)) == [order]
    assert shelf.found(OrderQuery(created_from=NOON + a_microsecond)) == []
    assert shelf.found(OrderQuery(created_until=NOON)) == [order]
    assert shelf.found(OrderQuery(created_until=NOON - a_microsecond)) == []
    for query, count in (
        (OrderQuery(updated_from=NOON), 1),
        (OrderQuery(updated_from=NOON + a_microsecond), 0),
        (OrderQuery(updated_until=NOON), 1),
        (OrderQuery(updated_until=NOON + a_microsecond), 1),
        (OrderQuery(updated_until=NOON - a_microsecond), 0),
    ):
        assert len(shelf.found(query)) == shelf.count(query) == count


def test_orders_of_another_shop_are_neither_found_nor_counted(shelf: Shelf) -> None:
    foreign = placed("other", customer_id="kim")
    shelf.orders.commit(foreign)
    for query in (
        OrderQuery(),
        OrderQuery(ids=(foreign.order.id,)),
        OrderQuery(customer_id="kim"),
        OrderQuery(number_contains="R"),
        OrderQuery(updated_from=NOON - timedelta(days=1)),
    ):
        assert shelf.found(query) == []
        assert shelf.count(query) == 0


def test_a_customer_is_found_by_id_and_by_the_number_that_stands_for_it(shelf: Shelf) -> None:
    kims = shelf.put(placed(SHOP, customer_id="kim"))
    shelf.put(placed(SHOP, customer_id="lee", tail=2))
    numbered = shelf.put(placed(SHOP, customer_id="4028", tail=3))
    assert shelf.found(OrderQuery(customer_id="kim")) == [kims]
    assert shelf.found(OrderQuery(customer_id=str(number_of("kim")))) == [kims]
    assert shelf.found(OrderQuery(customer_id="4028")) == [numbered]
    assert shelf.count(OrderQuery(customer_id=str(number_of("kim")))) == 1
    assert shelf.found(OrderQuery(customer_id="k")) == []


def test_thousands_of_changes_since_a_moment_find_each_order_once(shelf: Shelf) -> None:
    busy = shelf.put(placed(SHOP, at=NOON - timedelta(days=9)))
    others = shelf.put_many(3)
    for second in range(2100):
        at = NOON + timedelta(seconds=second)
        change = Change(shelf.orders.snapshots[next(iter(shelf.orders.snapshots))], at, TESTER)
        commands.tag(change, [str(second)])
        shelf.orders.commit(change)
    found = shelf.found(OrderQuery(updated_from=NOON))
    assert [order.id for order in found] == [busy.id, *(order.id for order in others)]


# -- ranks -----------------------------------------------------------------------------------------


def test_milestones_are_laid_once_their_orders_are_settled(shelf: Shelf) -> None:
    orders = shelf.put_many(2 * STEP + 1)
    shelf.clock.time = orders[STEP - 1].created_at + SETTLED_AFTER
    assert lay_milestones(shelf.desk, SHOP) == 0

    shelf.clock.time = orders[STEP].created_at + SETTLED_AFTER
    assert lay_milestones(shelf.desk, SHOP) == 1
    assert lay_milestones(shelf.desk, SHOP) == 0

    shelf.clock.advance(3600)
    assert lay_milestones(shelf.desk, SHOP) == 1
    assert shelf.ranks.milestones[SHOP] == [
        Milestone(STEP, orders[STEP - 1].id),
        Milestone(2 * STEP, orders[2 * STEP - 1].id),
    ]


def test_a_rank_is_one_milestone_and_a_count_of_what_follows_it(shelf: Shelf) -> None:
    orders = shelf.put_many(5 * STEP + 7)
    shelf.clock.advance(10**6)
    lay_milestones(shelf.desk, SHOP)
    shelf.orders.entries_counted = 0

    assert rank_of(shelf.desk, SHOP, orders[-1].id) == 5 * STEP + 7
    assert shelf.orders.entries_counted == 7
    assert rank_of(shelf.desk, SHOP, orders[STEP - 1].id) == STEP
    assert rank_of(shelf.desk, SHOP, orders[STEP].id - 1) == STEP
    assert shelf.orders.entries_counted == 7
    assert rank_of(shelf.desk, SHOP, orders[0].id - 1) == 0
    assert shelf.count(OrderQuery()) == 5 * STEP + 7


def test_a_page_far_back_begins_at_the_milestone_before_it(shelf: Shelf) -> None:
    orders = shelf.put_many(6 * STEP)
    shelf.clock.advance(10**6)
    lay_milestones(shelf.desk, SHOP)
    since = orders[30].id

    assert shelf.found(OrderQuery(), 4 * STEP + 3, 5) == orders[4 * STEP + 3 : 4 * STEP + 8]
    found = shelf.found(OrderQuery(since_id=since), 4 * STEP, 5)
    assert found == orders[31 + 4 * STEP : 36 + 4 * STEP]
    assert shelf.found(OrderQuery(), 6 * STEP, 5) == []
    assert shelf.found(OrderQuery(), 10**15, 5) == []


def test_an_order_from_the_past_takes_away_what_would_overlook_it(shelf: Shelf) -> None:
    orders = shelf.put_many(3 * STEP)
    shelf.clock.advance(10**6)
    lay_milestones(shelf.desk, SHOP)
    late = placed(SHOP, at=orders[STEP].created_at + timedelta(milliseconds=1), tail=7)
    assert is_settled(shelf.clock.now(), late.order.id)

    make_room(shelf.desk, SHOP, late.order.id)
    assert shelf.ranks.milestones[SHOP] == [Milestone(STEP, orders[STEP - 1].id)]
    assert lay_milestones(shelf.desk, SHOP) == 0, "held until the order is surely seen"
    assert shelf.count(OrderQuery()) == 3 * STEP
    shelf.put(late)
    assert shelf.count(OrderQuery()) == 3 * STEP + 1

    shelf.clock.advance(SETTLED_AFTER.total_seconds())
    assert lay_milestones(shelf.desk, SHOP) == 2
    assert shelf.count(OrderQuery()) == 3 * STEP + 1
    page = shelf.found(OrderQuery(), 2 * STEP, 1)
    assert page == [orders[2 * STEP - 1]]


def test_room_is_made_once_for_many_orders_from_the_past(shelf: Shelf) -> None:
    shelf.put_many(2 * STEP)
    shelf.clock.advance(10**6)
    lay_milestones(shelf.desk, SHOP)
    long_ago = identity.first_order_id(NOON - timedelta(days=300))
    make_room(shelf.desk, SHOP, long_ago)
    version = shelf.ranks.frontier(SHOP).version
    for n in range(50):
        make_room(shelf.desk, SHOP, long_ago + n)
    assert shelf.ranks.frontier(SHOP).version == version
    shelf.clock.advance(SETTLED_AFTER.total_seconds() - 30)
    make_room(shelf.desk, SHOP, long_ago)
    assert shelf.ranks.frontier(SHOP).version == version + 1, "the hold would end too soon"


def test_room_is_made_though_a_milestone_is_laid_meanwhile(shelf: Shelf) -> None:
    orders = shelf.put_many(2 * STEP)
    shelf.clock.advance(10**6)
    shelf.ranks.meanwhile.append(lambda: lay_milestones(shelf.desk, SHOP))
    make_room(shelf.desk, SHOP, orders[3].id + 1)
    assert shelf.ranks.milestones[SHOP] == []
    assert lay_milestones(shelf.desk, SHOP) == 0


def test_new_orders_are_not_settled() -> None:
    assert not is_settled(NOON, identity.order_id(NOON, 0))
    assert not is_settled(NOON, identity.order_id(NOON - timedelta(seconds=30), 0))
    assert is_settled(NOON, identity.order_id(NOON - SETTLED_AFTER, 0))


@settings(max_examples=60, deadline=None)
@given(
    steps=st.lists(
        st.one_of(
            st.tuples(st.just("orders"), st.integers(1, 150)),
            st.tuples(st.just("migrated"), st.integers(1, 3000)),
            st.tuples(st.just("wait"), st.integers(1, 400)),
            st.tuples(st.just("lay"), st.just(0)),
        ),
        max_size=25,
    )
)
def test_whatever_comes_when_every_count_and_page_is_right(steps: list[tuple[str, int]]) -> None:
    shelf = Shelf()
    made: dict[int, Order] = {}
    for step, (kind, amount) in enumerate(steps):
        match kind:
            case "orders":
                for n in range(amount):
                    shelf.clock.advance(0.05)
                    order = shelf.put(placed(SHOP, at=shelf.clock.now(), tail=n))
                    made[order.id] = order
            case "migrated":
                at = shelf.clock.now() - timedelta(seconds=amount)
                change = placed(SHOP, at=at, tail=4000 + step)
                if is_settled(shelf.clock.now(), change.order.id):
                    make_room(shelf.desk, SHOP, change.order.id)
                made[change.order.id] = shelf.put(change)
            case "wait":
                shelf.clock.advance(amount)
            case "lay":
                lay_milestones(shelf.desk, SHOP)
        assert shelf.count(OrderQuery()) == len(made)
    ids = sorted(made)
    for offset in range(0, len(ids) + STEP, 73):
        found = [order.id for order in shelf.found(OrderQuery(), offset, 9)]
        assert found == ids[offset : offset + 9]
