"""The order repository's promises, to be inherited by a test class that has ``client``,
``table_name`` and ``orders`` fixtures over a table of the template's shape."""

import json
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from functools import partial
from threading import Barrier
from typing import Any, Final, TypeVar
from uuid import uuid4

import pytest

from orderhub.adapters.dynamodb import items, keys
from orderhub.adapters.dynamodb.catalog import DynamoCatalog
from orderhub.adapters.dynamodb.orders import DynamoOrders
from orderhub.adapters.dynamodb.ranks import DynamoRanks
from orderhub.adapters.system import SystemClock
from orderhub.domain import commands
from orderhub.domain.commands import Change, Placement
from orderhub.domain.details import IDEMPOTENCY, Details, Reference
from orderhub.domain.errors import (
    Busy,
    NameIsAnId,
    OrderHubError,
    OutOfStock,
    Reason,
    ReferenceTaken,
    Refused,
)
from orderhub.domain.events import OrderPlaced, Terms
from orderhub.domain.identity import MAX_ORDER_ID
from orderhub.domain.lines import LineRequest
from orderhub.domain.money import Money, UnitPrice
from orderhub.domain.numbers import number_of
from orderhub.domain.order import DeadlineKind, Order
from orderhub.domain.refund import RefundedLine
from orderhub.domain.status import OrderStatus
from orderhub.domain.stock import MAX_STOCK_ITEMS, StockItem, StockTaken
from orderhub.ports import (
    Frontier,
    IdTaken,
    Milestone,
    OrderKey,
    OrderSummary,
    VersionConflict,
)
from orderhub.services.cancel_order import cancel_order
from orderhub.services.changed_orders import made_or_changed
from orderhub.services.desk import Desk
from orderhub.services.place_order import place_order
from tests.support.fakes import NOON, FakeClock
from tests.support.orders import TESTER, payment, placed, requests

_T = TypeVar("_T")


@pytest.fixture
def shop() -> str:
    """A shop of its own for every test, so that they may share a table."""
    return f"shop-{uuid4().hex[:12]}"


class OrderRanksContract:
    @pytest.fixture
    def ranks(self, client: Any, table_name: str) -> DynamoRanks:
        return DynamoRanks(client, table_name)

    def _laid(self, ranks: DynamoRanks, shop: str, count: int) -> list[Milestone]:
        laid = []
        for number in range(1, count + 1):
            milestone = Milestone(100 * number, 5000 * number)
            assert ranks.lay(shop, ranks.frontier(shop), milestone.id, milestone.rank)
            laid.append(milestone)
        return laid

    def test_a_milestone_is_found_by_id_and_by_rank(self, ranks: DynamoRanks, shop: str) -> None:
        first, second = self._laid(ranks, shop, 2)
        start = Milestone(0, 0)
        assert [ranks.before_id(shop, i) for i in (1, 4999, 5000, 5001)] == [
            start,
            start,
            first,
            first,
        ]
        assert ranks.before_id(shop, MAX_ORDER_ID + 1) == second
        assert [ranks.before_rank(shop, i) for i in (0, 99, 100, 200, 10**20)] == [
            start,
            start,
            first,
            second,
            second,
        ]
        assert ranks.before_id(f"{shop}-2", MAX_ORDER_ID) == start

    def test_the_frontier_is_the_last_milestone(self, ranks: DynamoRanks, shop: str) -> None:
        assert ranks.frontier(shop) == Frontier(Milestone(0, 0), 0)
        *_, last = self._laid(ranks, shop, 2)
        assert ranks.frontier(shop) == Frontier(last, 2)

    def test_of_two_who_lay_the_same_milestone_one_succeeds(
        self, ranks: DynamoRanks, shop: str
    ) -> None:
        seen = ranks.frontier(shop)
        assert ranks.lay(shop, seen, 5000, 100)
        assert not ranks.lay(shop, seen, 6000, 100)
        assert ranks.before_id(shop, MAX_ORDER_ID) == Milestone(100, 5000)

    @pytest.mark.parametrize("in_batches", [False, True], ids=["one by one", "in batches"])
    def test_a_retreat_takes_away_what_is_beyond_and_holds(
        self, ranks: DynamoRanks, shop: str, *, in_batches: bool
    ) -> None:
        first, *_ = self._laid(ranks, shop, 4)
        seen = ranks.frontier(shop)
        assert ranks.retreat(shop, seen, 5001, NOON, in_batches=in_batches)
        assert ranks.frontier(shop) == Frontier(first, 5, NOON)
        assert ranks.before_id(shop, MAX_ORDER_ID) == first
        assert ranks.before_rank(shop, 10**9) == first
        assert not ranks.lay(shop, seen, 9000, 500)
        assert not ranks.retreat(shop, seen, 1, NOON, in_batches=in_batches)

    def test_a_retreat_that_broke_off_is_finished_by_the_next(
        self, ranks: DynamoRanks, shop: str, client: Any, table_name: str
    ) -> None:
        first, *_ = self._laid(ranks, shop, 3)
        for number in (2, 3):
            for sk in (keys.milestone_by_id(5000 * number), keys.milestone_by_rank(100 * number)):
                key = {"pk": {"S": keys.ranks(shop)}, "sk": {"S": sk}}
                client.delete_item(TableName=table_name, Key=key)
        assert ranks.retreat(shop, ranks.frontier(shop), 7000, NOON)
        assert ranks.frontier(shop).milestone == first

    def test_a_hold_alone_moves_nothing(self, ranks: DynamoRanks, shop: str) -> None:
        *_, last = self._laid(ranks, shop, 2)
        assert ranks.retreat(shop, ranks.frontier(shop), last.id + 1, NOON)
        assert ranks.frontier(shop) == Frontier(last, 3, NOON)
        assert ranks.before_id(shop, MAX_ORDER_ID) == last


class OrderRepositoryContract:
    @pytest.fixture
    def orders(self, client: Any, table_name: str) -> DynamoOrders:
        return DynamoOrders(client, table_name, due_shards=2)

    def test_an_order_is_read_as_it_was_written(self, orders: DynamoOrders, shop: str) -> None:
        change = placed(shop, lines=3)
        orders.commit(change)
        assert orders.get(shop, change.order.id) == change.order
        assert list(orders.history(shop, change.order.id)) == change.recorded

    @pytest.mark.parametrize("lines", [3, 60])
    def test_an_order_and_its_history_are_read_at_once(
        self, orders: DynamoOrders, shop: str, lines: int
    ) -> None:
        first = placed(shop, lines=lines)
        orders.commit(first)
        paying = Change(first.order, NOON, TESTER)
        commands.capture_payment(paying, payment("1.50"))
        orders.commit(paying)
        orders.commit(placed(shop, tail=2))
        history = [*first.recorded, *paying.recorded]
        assert orders.get_with_history(shop, first.order.id) == (paying.order, history)
        assert orders.get_with_history(f"{shop}-2", first.order.id) is None

    def test_a_history_read_with_its_order_ends_where_the_order_stands(
        self, orders: DynamoOrders, shop: str, client: Any, table_name: str
    ) -> None:
        """What was written between two pages of the query, or half of it, is not shown."""
        first = placed(shop)
        orders.commit(first)
        later = Change(first.order, NOON, TESTER)
        commands.add_note(later, "later")
        [event] = items.events(later.order, later.recorded)
        client.put_item(TableName=table_name, Item=event)
        assert orders.get_with_history(shop, first.order.id) == (first.order, first.recorded)
        client.delete_item(
            TableName=table_name,
            Key={"pk": {"S": keys.order(shop, first.order.id)}, "sk": {"S": keys.event(1)}},
        )
        client.delete_item(
            TableName=table_name,
            Key={"pk": {"S": keys.order(shop, first.order.id)}, "sk": {"S": keys.event(2)}},
        )
        with pytest.raises(Busy):
            orders.get_with_history(shop, first.order.id)

    def test_many_orders_are_read_in_the_order_asked_for(
        self, orders: DynamoOrders, shop: str
    ) -> None:
        made = [placed(shop, tail=tail, lines=lines) for tail, lines in enumerate((1, 51, 0, 2))]
        for change in made:
            orders.commit(change)
        orders.commit(placed(f"{shop}-2", tail=99))
        ids = [change.order.id for change in made]
        stranger = placed(f"{shop}-2", tail=99).order.id
        asked = [ids[3], stranger, ids[0], 12345, ids[1], ids[2], ids[0]]
        expected = [made[index].order for index in (3, 0, 1, 2, 0)]
        assert orders.get_many(shop, asked) == expected
        assert orders.get_many(shop, []) == []

    def test_more_orders_than_one_batch_holds_are_read(
        self, orders: DynamoOrders, shop: str
    ) -> None:
        made = [placed(shop, tail=tail) for tail in range(1, 121)]
        for change in made:
            orders.commit(change)
        found = orders.get_many(shop, [change.order.id for change in made])
        assert found == [change.order for change in made]

    def test_orders_that_are_put_in_batches_are_as_if_they_had_been_committed(
        self, orders: DynamoOrders, shop: str
    ) -> None:
        made = [placed(shop, tail=tail, lines=1 + tail * 10) for tail in range(1, 13)]
        orders.put_all(made)
        for change in made:
            assert orders.get(shop, change.order.id) == change.order
            assert list(orders.history(shop, change.order.id)) == change.recorded
            assert [id_ for _, id_ in orders.named(shop, "order", f"TB{change.order.id}")] == [
                change.order.id
            ]
        assert [order.id for order in orders.page(shop).orders] == [c.order.id for c in made]
        with pytest.raises(IdTaken):
            orders.commit(placed(shop, tail=1, name="TB-other"))

    def test_an_unknown_order_is_none_with_no_history(
        self, orders: DynamoOrders, shop: str
    ) -> None:
        assert orders.get(shop, 12345) is None
        assert list(orders.history(shop, 12345)) == []

    def test_orders_of_another_shop_are_not_seen(self, orders: DynamoOrders, shop: str) -> None:
        change = placed(shop)
        orders.commit(change)
        assert orders.get(f"{shop}-2", change.order.id) is None

    def test_a_change_is_on_top_of_what_was_read(self, orders: DynamoOrders, shop: str) -> None:
        first = placed(shop)
        orders.commit(first)
        change = Change(first.order, NOON + timedelta(seconds=5), TESTER)
        commands.capture_payment(change, payment("2.00"))
        orders.commit(change)
        stored = orders.get(shop, first.order.id)
        assert stored == change.order
        history = [*first.recorded, *change.recorded]
        assert list(orders.history(shop, first.order.id)) == history
        assert Order.replay(shop, first.order.id, history) == stored

    def test_of_two_changes_on_the_same_version_the_second_is_refused(
        self, orders: DynamoOrders, shop: str
    ) -> None:
        first = placed(shop)
        orders.commit(first)
        one, two = (Change(first.order, NOON, TESTER) for _ in range(2))
        commands.add_note(one, "one")
        commands.capture_payment(two, payment("1.00", "lost"))
        orders.commit(one)
        with pytest.raises(VersionConflict):
            orders.commit(two)
        assert orders.get(shop, first.order.id) == one.order
        # Nothing of the refused change was left behind, its reference included.
        assert orders.named(shop, "payment", "lost") == []
        assert len(list(orders.history(shop, first.order.id))) == 2

    def test_a_reference_belongs_to_the_first_order_that_claims_it(
        self, orders: DynamoOrders, shop: str
    ) -> None:
        first, second = placed(shop, tail=1, name="TB1"), placed(shop, tail=2, name="TB1")
        orders.commit(first)
        with pytest.raises(ReferenceTaken) as taken:
            orders.commit(second)
        assert taken.value.order_id == first.order.id
        assert orders.get(shop, second.order.id) is None

    def test_a_transaction_pays_one_order_only(self, orders: DynamoOrders, shop: str) -> None:
        for tail in (1, 2):
            orders.commit(placed(shop, tail=tail))
        first, second = (placed(shop, tail=tail).order for tail in (1, 2))
        paying = Change(first, NOON, TESTER)
        commands.capture_payment(paying, payment("1.50"))
        orders.commit(paying)
        again = Change(second, NOON, TESTER)
        commands.capture_payment(again, payment("1.50"))
        with pytest.raises(ReferenceTaken) as taken:
            orders.commit(again)
        assert (taken.value.kind, taken.value.order_id) == ("payment", first.id)
        assert orders.get(shop, second.id) == second

    def test_an_id_that_is_taken_is_told_from_a_reference_that_is(
        self, orders: DynamoOrders, shop: str
    ) -> None:
        orders.commit(placed(shop, tail=7, name="TB1"))
        with pytest.raises(IdTaken):
            orders.commit(placed(shop, tail=7, name="TB2"))

    def test_the_same_creation_twice_is_told_apart_from_anothers(
        self, orders: DynamoOrders, shop: str
    ) -> None:
        change = placed(shop)
        orders.commit(change)
        with pytest.raises(VersionConflict):
            orders.commit(change)

    def test_a_name_finds_all_orders_that_have_it(self, orders: DynamoOrders, shop: str) -> None:
        taobao = placed(shop, tail=1, name="N#1")
        tencent = placed(shop, tail=2, name="N#1")
        reference = Reference("order", "marketplace:tencent", "N#1")
        event = tencent.recorded[0].event
        assert isinstance(event, OrderPlaced)
        event = replace(event, references=(reference,))
        tencent.recorded[0] = replace(tencent.recorded[0], event=event)
        orders.commit(taobao)
        orders.commit(tencent)
        assert set(orders.named(shop, "order", "N#1")) == {
            (Reference("order", "marketplace:taobao", "N#1"), taobao.order.id),
            (reference, tencent.order.id),
        }
        assert orders.named(shop, "order", "N") == []

    def test_another_orders_id_or_number_can_not_become_a_name(
        self, orders: DynamoOrders, shop: str
    ) -> None:
        first = placed(shop, tail=1)
        orders.commit(first)
        for name in (str(first.order.id), first.order.number):
            second = placed(shop, tail=2, name=name)
            with pytest.raises(NameIsAnId):
                orders.commit(second)
            assert orders.get(shop, second.order.id) is None
        orders.commit(placed(shop, tail=3, name=str(first.order.id + 1)))

    @pytest.mark.parametrize("count", [0, 50, 51, 200, 201, 2000])
    def test_long_orders_survive_whole(self, orders: DynamoOrders, shop: str, count: int) -> None:
        change = placed(shop, lines=count)
        orders.commit(change)
        stored = orders.get(shop, change.order.id)
        assert stored == change.order
        assert list(orders.history(shop, change.order.id)) == change.recorded
        more = Change(stored, NOON, TESTER)
        commands.add_lines(more, requests(3))
        orders.commit(more)
        assert orders.get(shop, change.order.id) == more.order

    def test_a_change_rewrites_only_the_chunks_it_touches(
        self, orders: DynamoOrders, shop: str, client: Any, table_name: str
    ) -> None:
        first = placed(shop, lines=450)
        orders.commit(first)
        chunk = {
            "pk": {"S": keys.order(shop, first.order.id)},
            "sk": {"S": keys.lines_chunk(0)},
        }
        # A mark that only a rewrite would remove.
        client.update_item(
            TableName=table_name,
            Key=chunk,
            UpdateExpression="SET mark = :m",
            ExpressionAttributeValues={":m": {"S": "untouched"}},
        )
        change = Change(first.order, NOON, TESTER)
        commands.add_lines(change, requests(1))
        orders.commit(change)
        stored = client.get_item(TableName=table_name, Key=chunk, ConsistentRead=True)
        assert stored["Item"]["mark"] == {"S": "untouched"}
        assert orders.get(shop, first.order.id) == change.order

    def test_an_order_too_large_for_the_table_is_refused_before_it_is_written(
        self, orders: DynamoOrders, shop: str
    ) -> None:
        noise = [
            LineRequest(
                product_id="1",
                name="".join(uuid4().hex for _ in range(200)),
                quantity=1,
                unit_price=UnitPrice.of(1, "CNY"),
            )
            for _ in range(150)
        ]
        change = placed(shop)
        orders.commit(change)
        more = Change(change.order, NOON, TESTER)
        commands.add_lines(more, noise)
        with pytest.raises(Refused) as refused:
            orders.commit(more)
        assert refused.value.reason == Reason.ORDER_TOO_LARGE
        assert orders.get(shop, change.order.id) == change.order

    def test_orders_are_listed_by_the_time_they_were_made(
        self, orders: DynamoOrders, shop: str
    ) -> None:
        made = [placed(shop, at=NOON + timedelta(seconds=n), tail=9 - n) for n in range(5)]
        for change in reversed(made):
            orders.commit(change)
        orders.commit(placed(f"{shop}-2"))
        ids = [change.order.id for change in made]
        first = orders.page(shop, limit=2)
        assert [summary.id for summary in first.orders] == ids[:2]
        assert first.next_after_id == ids[1]
        rest = orders.page(shop, after_id=ids[1], limit=10)
        assert [summary.id for summary in rest.orders] == ids[2:]
        assert rest.next_after_id is None
        between = orders.page(shop, after_id=ids[0], before_id=ids[4])
        assert [summary.id for summary in between.orders] == ids[1:4]
        assert orders.page(shop, after_id=ids[4]).orders == ()
        assert orders.page(shop, after_id=ids[1], before_id=ids[2]).orders == ()
        assert orders.page(shop, after_id=ids[3], before_id=ids[1]).orders == ()

    def test_a_sellers_orders_come_newest_first(self, orders: DynamoOrders, shop: str) -> None:
        made = [
            placed(shop, at=NOON + timedelta(seconds=n), tail=9 - n, seller_id="7")
            for n in range(5)
        ]
        nobodys = placed(shop, at=NOON + timedelta(seconds=9))
        for change in (*made, nobodys, placed(f"{shop}-2", seller_id="7")):
            orders.commit(change)
        ids = [change.order.id for change in reversed(made)]
        assert orders.sold_by(shop, "7", limit=2) == ids[:2]
        assert orders.sold_by(shop, "7", before_id=ids[1], limit=3) == ids[2:]
        assert orders.sold_by(shop, "7", before_id=ids[-1], limit=3) == []
        assert orders.sold_by(shop, "", limit=3) == [nobodys.order.id]

    def test_a_customers_orders_come_oldest_first(self, orders: DynamoOrders, shop: str) -> None:
        made = [placed(shop, at=NOON + timedelta(seconds=n), customer_id="kim") for n in range(4)]
        strangers = placed(shop, at=NOON + timedelta(seconds=9), customer_id="kimberley")
        for change in (*made, strangers, placed(shop, at=NOON + timedelta(seconds=10))):
            orders.commit(change)
        ids = [change.order.id for change in made]

        def of_kim(after_id: int, before_id: int) -> list[int]:
            kim = number_of("kim") or 0
            return list(orders.of_customer(shop, kim, after_id=after_id, before_id=before_id))

        assert of_kim(0, MAX_ORDER_ID) == ids
        assert of_kim(ids[0], ids[3]) == ids[1:3]
        assert of_kim(ids[1], ids[2]) == []

    def test_an_order_of_a_customer_with_an_endless_name_is_kept(
        self, orders: DynamoOrders, shop: str
    ) -> None:
        change = placed(shop, customer_id="k" * 3000)
        orders.commit(change)
        assert orders.get(shop, change.order.id) == change.order

    def test_orders_lie_on_the_desk_by_status_and_filed_apart_newest_first(
        self, orders: DynamoOrders, shop: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("orderhub.adapters.dynamodb.orders._NEWEST", 2)  # in one read
        made = [placed(shop, at=NOON + timedelta(seconds=n), tail=9 - n) for n in range(4)]
        for change in (*made, placed(f"{shop}-2")):
            orders.commit(change)
        filing = Change(made[1].order, NOON, TESTER)
        commands.file(filing, True)
        orders.commit(filing)
        cancelling = Change(made[2].order, NOON, TESTER)
        commands.cancel(cancelling)
        orders.commit(cancelling)
        first, filed, cancelled, last = [change.order.id for change in made]

        def on_desk(status: OrderStatus, *, is_filed: bool = False) -> list[int]:
            return list(orders.on_desk(shop, is_filed=is_filed, status=status))

        assert on_desk(OrderStatus.OPEN) == [last, first]
        assert on_desk(OrderStatus.OPEN, is_filed=True) == [filed]
        assert on_desk(OrderStatus.CANCELLED) == [cancelled]
        assert on_desk(OrderStatus.CANCELLED, is_filed=True) == []
        assert on_desk(OrderStatus.COMPLETED) == []

        back = Change(filing.order, NOON, TESTER)
        commands.file(back, False)
        orders.commit(back)
        assert on_desk(OrderStatus.OPEN) == [last, filed, first], "in two reads"
        assert on_desk(OrderStatus.OPEN, is_filed=True) == []

    def test_what_a_shop_bought_is_found_across_the_shops_that_sold_it(
        self, orders: DynamoOrders, shop: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("orderhub.adapters.dynamodb.orders._NEWEST", 1)  # in one read
        buyer, other = f"{shop}-buyer", f"{shop}-sells-too"
        made = [
            placed(shop, at=NOON, buying_shop_id=buyer),
            placed(other, at=NOON + timedelta(seconds=1), buying_shop_id=buyer),
            placed(other, at=NOON + timedelta(seconds=2), buying_shop_id=f"{buyer}-2"),
            placed(other, at=NOON + timedelta(seconds=3)),
            placed(buyer, at=NOON + timedelta(seconds=4)),
        ]
        for change in made:
            orders.commit(change)
        first, second = [OrderKey(c.order.shop_id, c.order.id) for c in made[:2]]

        assert list(orders.bought_by(buyer)) == [second, first]
        assert list(orders.bought_by(shop)) == []
        assert orders.bought(buyer, first.order_id) == [first]
        assert orders.bought(buyer, made[2].order.id) == []
        assert orders.get_each([first, OrderKey(shop, second.order_id), second]) == [
            made[0].order,
            made[1].order,
        ]
        assert list(orders.bought_by("b" * 3000)) == orders.bought("b" * 3000, 1) == []

    def test_an_order_that_names_no_shop_as_its_buyer_is_kept_all_the_same(
        self, orders: DynamoOrders, shop: str
    ) -> None:
        change = placed(shop, buying_shop_id="b" * 3000)
        orders.commit(change)
        assert orders.get(shop, change.order.id) == change.order

    def test_changes_are_found_by_when_they_happened(self, orders: DynamoOrders, shop: str) -> None:
        first, second = (placed(shop, at=NOON + timedelta(seconds=n)) for n in range(2))
        for change in (first, second, placed(f"{shop}-2")):
            orders.commit(change)
        later = NOON + timedelta(minutes=1)
        paying = Change(first.order, later, TESTER)
        commands.capture_payment(paying, payment("1.50"))
        assert len(paying.recorded) > 1
        orders.commit(paying)
        one, two = first.order.id, second.order.id

        assert list(orders.changed(shop, NOON, None)) == [one], "two was only made"
        assert list(orders.changed(shop, later, later)) == [one]
        assert list(orders.changed(shop, later + timedelta(milliseconds=1), None)) == []
        assert list(orders.changed(shop, later, NOON)) == []
        assert list(made_or_changed(orders, shop, NOON, None)) == [one, two]
        assert list(made_or_changed(orders, shop, NOON, NOON)) == [one]
        assert list(made_or_changed(orders, shop, NOON + timedelta(microseconds=1), later)) == [
            one,
            two,
        ]
        assert list(made_or_changed(orders, shop, later, NOON)) == []

    def test_orders_are_counted_between_two_of_them(self, orders: DynamoOrders, shop: str) -> None:
        made = [placed(shop, at=NOON + timedelta(seconds=n)) for n in range(5)]
        for change in (*made, placed(f"{shop}-2")):
            orders.commit(change)
        ids = [change.order.id for change in made]
        assert orders.count(shop, after_id=0, before_id=MAX_ORDER_ID + 1) == 5
        assert orders.count(shop, after_id=ids[0], before_id=ids[4]) == 3
        assert orders.count(shop, after_id=ids[0], before_id=ids[0] + 1) == 0
        assert orders.count(shop, after_id=ids[4], before_id=ids[0]) == 0

    def test_the_list_shows_by_what_orders_are_searched(
        self, orders: DynamoOrders, shop: str
    ) -> None:
        made = [
            placed(shop),
            placed(shop, tail=2, number="NO-1"),
            placed(shop, tail=3, customer_id="kim"),
        ]
        for change in made:
            orders.commit(change)
        assert orders.page(shop).orders == tuple(OrderSummary.of(change.order) for change in made)

    def test_what_happens_to_an_order_leaves_its_entry_in_the_list_alone(
        self, orders: DynamoOrders, shop: str, client: Any, table_name: str
    ) -> None:
        def entry() -> dict[str, Any]:
            key = {"pk": {"S": keys.order(shop, change.order.id)}, "sk": {"S": "ORDER"}}
            item = client.get_item(TableName=table_name, Key=key)["Item"]
            return {name: item[name] for name in ("listing_pk", "listing_sk", "listing")}

        change = placed(shop, customer_id="kim")
        orders.commit(change)
        before = entry()
        paying = Change(change.order, NOON, TESTER)
        commands.capture_payment(paying, payment("1.50"))
        orders.commit(paying)
        assert entry() == before

    def test_an_entry_that_says_more_than_is_searched_by_is_read(
        self, orders: DynamoOrders, shop: str, client: Any, table_name: str
    ) -> None:
        change = placed(shop)
        orders.commit(change)
        told = {"id": change.order.id, "number": "NO-1", "status": "open", "customer_number": 7}
        client.update_item(
            TableName=table_name,
            Key={"pk": {"S": keys.order(shop, change.order.id)}, "sk": {"S": "ORDER"}},
            UpdateExpression="SET listing = :listing",
            ExpressionAttributeValues={":listing": {"S": json.dumps(told)}},
        )
        wanted = OrderSummary(id=change.order.id, number="NO-1", customer_number=7)
        assert orders.page(shop).orders == (wanted,)

    def test_what_is_due_is_found_from_its_millisecond_on(
        self, orders: DynamoOrders, shop: str
    ) -> None:
        change = placed(shop, payment_timeout=60)
        orders.commit(change)
        due_at = NOON + timedelta(seconds=60)
        assert self.due(orders, shop, due_at - timedelta(milliseconds=1)) == []
        assert self.due(orders, shop, due_at) == [change.order.id]

    def test_what_was_paid_or_closed_is_no_longer_due(
        self, orders: DynamoOrders, shop: str
    ) -> None:
        late = NOON + timedelta(days=400)
        change = placed(shop, payment_timeout=60)
        orders.commit(change)
        paying = Change(change.order, NOON, TESTER)
        commands.capture_payment(paying, payment("1.50"))
        orders.commit(paying)
        assert self.due(orders, shop, late) == []
        assert self.due(orders, shop, late, DeadlineKind.REFUND) == [change.order.id]
        closing = Change(paying.order, late, TESTER)
        commands.close_what_is_due(closing)
        orders.commit(closing)
        assert self.due(orders, shop, late, DeadlineKind.REFUND) == []

    def test_due_orders_come_page_by_page_soonest_first(
        self, orders: DynamoOrders, shop: str
    ) -> None:
        made = [placed(shop, tail=tail * 2, payment_timeout=100 - tail) for tail in range(1, 6)]
        for change in made:
            orders.commit(change)
        found: list[int] = []
        cursor = None
        until = NOON + timedelta(days=1)
        while True:
            page = orders.due(DeadlineKind.PAYMENT, 0, until, limit=2, cursor=cursor)
            found += [key.order_id for key in page.orders if key.shop_id == shop]
            cursor = page.cursor
            if cursor is None:
                break
        assert found == [change.order.id for change in reversed(made)]

    def test_reading_an_order_that_is_being_written_never_shows_half_of_it(
        self, orders: DynamoOrders, shop: str, client: Any, table_name: str
    ) -> None:
        change = placed(shop, lines=60)
        orders.commit(change)
        stored = client.query(
            TableName=table_name,
            KeyConditionExpression="pk = :pk AND begins_with(sk, :o)",
            ExpressionAttributeValues={
                ":pk": {"S": keys.order(shop, change.order.id)},
                ":o": {"S": keys.ORDER_HEADER},
            },
            ConsistentRead=True,
        )["Items"]
        with pytest.raises(items.TornRead):
            items.order(stored[:1])
        with pytest.raises(items.TornRead):
            items.order(stored[1:])

    def due(
        self,
        orders: DynamoOrders,
        shop: str,
        until: Any,
        kind: DeadlineKind = DeadlineKind.PAYMENT,
    ) -> list[int]:
        """Ids of this shop's due orders, whichever shard they are in."""
        found: list[OrderKey] = []
        for shard in range(2):
            cursor = None
            while True:
                page = orders.due(kind, shard, until, limit=500, cursor=cursor)
                found += page.orders
                cursor = page.cursor
                if cursor is None:
                    break
        return [key.order_id for key in found if key.shop_id == shop]


class StockContract:
    """Also needs a ``desk`` fixture over the same table, whose waits are real."""

    @pytest.fixture
    def orders(self, client: Any, table_name: str) -> DynamoOrders:
        return DynamoOrders(client, table_name, due_shards=2)

    @pytest.fixture
    def catalog(self, client: Any, table_name: str, shop: str) -> DynamoCatalog:
        """Ten red pots and two blue ones are there."""
        catalog = DynamoCatalog(client, table_name)
        catalog.set_stock(shop, *RED, 10)
        catalog.set_stock(shop, *BLUE, 2)
        return catalog

    def test_pieces_are_counted_by_shop_product_and_variant(
        self, catalog: DynamoCatalog, shop: str
    ) -> None:
        assert catalog.stock(shop, [RED, BLUE, WHITE]) == {RED: 10, BLUE: 2, WHITE: 0}
        assert catalog.stock(f"{shop}-2", [RED]) == {RED: 0}
        assert catalog.stock(shop, []) == {}
        catalog.set_stock(shop, *RED, 7)
        assert catalog.stock(shop, [RED]) == {RED: 7}

    def test_an_order_takes_its_pieces_and_gives_them_back(
        self, orders: DynamoOrders, catalog: DynamoCatalog, shop: str
    ) -> None:
        change = placed(shop, stock=taking(RED, BLUE, pieces=2))
        orders.commit(change)
        assert orders.get(shop, change.order.id) == change.order
        assert catalog.stock(shop, [RED, BLUE]) == {RED: 8, BLUE: 0}
        cancelling = Change(change.order, NOON, TESTER)
        commands.cancel(cancelling)
        orders.commit(cancelling)
        assert catalog.stock(shop, [RED, BLUE]) == {RED: 10, BLUE: 2}
        assert list(orders.history(shop, change.order.id)) == [
            *change.recorded,
            *cancelling.recorded,
        ]

    def test_an_order_that_expires_gives_its_pieces_back(
        self, orders: DynamoOrders, catalog: DynamoCatalog, shop: str
    ) -> None:
        change = placed(shop, stock=taking(RED), payment_timeout=60)
        orders.commit(change)
        closing = Change(change.order, NOON + timedelta(seconds=60), TESTER)
        commands.close_what_is_due(closing)
        orders.commit(closing)
        assert catalog.stock(shop, [RED]) == {RED: 10}
        assert orders.get(shop, change.order.id) == closing.order

    def test_a_change_that_loses_a_race_moves_no_pieces(
        self, orders: DynamoOrders, catalog: DynamoCatalog, shop: str
    ) -> None:
        first = placed(shop, stock=taking(RED))
        orders.commit(first)
        one, two = (Change(first.order, NOON, TESTER) for _ in range(2))
        for change in (one, two):
            commands.cancel(change)
        orders.commit(one)
        with pytest.raises(VersionConflict):
            orders.commit(two)
        assert catalog.stock(shop, [RED]) == {RED: 10}

    def test_all_that_is_short_is_named_and_nothing_is_written(
        self, orders: DynamoOrders, catalog: DynamoCatalog, shop: str
    ) -> None:
        change = placed(shop, stock=taking(RED, BLUE, WHITE, pieces=3), name="TB1")
        with pytest.raises(OutOfStock) as refused:
            orders.commit(change)
        assert refused.value.items == (BLUE, WHITE)
        assert orders.get(shop, change.order.id) is None
        assert orders.named(shop, "order", "TB1") == []
        assert catalog.stock(shop, [RED, BLUE]) == {RED: 10, BLUE: 2}

    def test_a_repeat_of_the_order_that_took_the_last_piece_is_a_repeat(
        self, orders: DynamoOrders, catalog: DynamoCatalog, shop: str
    ) -> None:
        first, again = (
            placed(shop, tail=tail, stock=taking(BLUE, pieces=2), references=(key("K1"),))
            for tail in (1, 2)
        )
        orders.commit(first)
        with pytest.raises(ReferenceTaken) as taken:
            orders.commit(again)
        assert (taken.value.kind, taken.value.order_id) == (IDEMPOTENCY, first.order.id)

    def test_what_is_no_longer_counted_holds_up_no_cancelling(
        self, orders: DynamoOrders, catalog: DynamoCatalog, shop: str, client: Any, table_name: str
    ) -> None:
        change = placed(shop, stock=taking(RED, pieces=3))
        orders.commit(change)
        client.delete_item(
            TableName=table_name,
            Key={"pk": {"S": keys.stock(shop, *RED)}, "sk": {"S": keys.STOCK_ITEM}},
        )
        cancelling = Change(change.order, NOON, TESTER)
        commands.cancel(cancelling)
        orders.commit(cancelling)
        assert catalog.stock(shop, [RED]) == {RED: 3}

    def test_an_order_of_as_many_items_as_there_may_be_is_placed_and_cancelled(
        self, orders: DynamoOrders, catalog: DynamoCatalog, shop: str
    ) -> None:
        items_ = [("8802", str(number)) for number in range(MAX_STOCK_ITEMS)]
        for item in items_:
            catalog.set_stock(shop, *item, 1)
        change = placed(shop, lines=MAX_STOCK_ITEMS, stock=taking(*items_), references=(key("K"),))
        orders.commit(change)
        assert set(catalog.stock(shop, items_).values()) == {0}
        cancelling = Change(change.order, NOON, TESTER)
        commands.cancel(cancelling)
        orders.commit(cancelling)
        assert set(catalog.stock(shop, items_).values()) == {1}

    def test_more_than_one_transaction_holds_is_refused_before_it_is_sent(
        self, orders: DynamoOrders, shop: str
    ) -> None:
        change = placed(shop, references=tuple(key(f"K{number}") for number in range(97)))
        orders.commit(change)
        more = placed(shop, tail=2, references=tuple(key(f"L{number}") for number in range(98)))
        with pytest.raises(Refused) as refused:
            orders.commit(more)
        assert refused.value.reason == Reason.ORDER_TOO_LARGE

    def test_a_hundred_at_once_for_the_last_ten_make_ten_orders(
        self, desk: Desk, catalog: DynamoCatalog, shop: str
    ) -> None:
        outcomes = at_once([partial(buys_a_red_pot, desk, shop) for _ in range(100)])
        assert Counter(map(type, outcomes)) == {Order: 10, OutOfStock: 90}
        assert catalog.stock(shop, [RED]) == {RED: 0}
        assert len(desk.orders.page(shop, limit=100).orders) == 10

    def test_a_hundred_at_once_for_enough_are_all_served(
        self, desk: Desk, catalog: DynamoCatalog, shop: str
    ) -> None:
        catalog.set_stock(shop, *RED, 120)
        outcomes = at_once([partial(buys_a_red_pot, desk, shop) for _ in range(100)])
        assert Counter(map(type, outcomes)) == {Order: 100}
        assert catalog.stock(shop, [RED]) == {RED: 20}

    def test_buying_and_cancelling_at_once_loses_no_piece(
        self, desk: Desk, catalog: DynamoCatalog, shop: str
    ) -> None:
        def thinks_better_of_it() -> Order | Exception:
            order = buys_a_red_pot(desk, shop)
            if isinstance(order, Order):
                cancel_order(desk, order, TESTER)
            return order

        outcomes = at_once([thinks_better_of_it] * 40)
        assert set(map(type, outcomes)) <= {Order, OutOfStock}
        assert catalog.stock(shop, [RED]) == {RED: 10}


RED: Final = ("8802", "red")
BLUE: Final = ("8802", "blue")
WHITE: Final = ("8810", "white")


def taking(*items_: StockItem, pieces: int = 1) -> tuple[StockTaken, ...]:
    return tuple(StockTaken(*item, pieces) for item in items_)


def key(text: str) -> Reference:
    return Reference(IDEMPOTENCY, "shoplazza", text)


def buys_a_red_pot(desk: Desk, shop: str) -> Order | Exception:
    """The order, or why there is none."""
    placement = Placement(
        wire="shoplazza",
        currency="CNY",
        terms=Terms(),
        details=Details(),
        lines=requests(1),
        stock=taking(RED),
    )
    try:
        return place_order(desk, shop, placement, TESTER).order
    except OrderHubError as refusal:
        return refusal


def at_once(calls: Sequence[Callable[[], _T]]) -> list[_T]:
    """What all calls return, begun at the same moment."""
    gate = Barrier(len(calls))

    def run(call: Callable[[], _T]) -> _T:
        gate.wait()
        return call()

    with ThreadPoolExecutor(len(calls)) as pool:
        return list(pool.map(run, calls))


class PlacingContract:
    """Orders under a request's own name, and orders that were made elsewhere."""

    @pytest.fixture
    def clock(self) -> FakeClock:
        """It begins now, or the table would forget what has expired by its own clock."""
        return FakeClock(SystemClock().now().replace(microsecond=0))

    @pytest.fixture
    def orders(self, client: Any, table_name: str, clock: FakeClock) -> DynamoOrders:
        return DynamoOrders(client, table_name, due_shards=2, clock=clock)

    def test_a_requests_name_is_taken_for_a_day(
        self, orders: DynamoOrders, shop: str, clock: FakeClock
    ) -> None:
        first, second = (placed(shop, tail=tail, references=(key("K1"),)) for tail in (1, 2))
        clock.advance(0.250)
        orders.commit(first)
        # Whole seconds are stored, rounded up.
        clock.advance(24 * 60 * 60 + 0.749)
        with pytest.raises(ReferenceTaken) as taken:
            orders.commit(second)
        assert taken.value.order_id == first.order.id
        assert orders.named(shop, IDEMPOTENCY, "K1") == [(key("K1"), first.order.id)]

        clock.advance(0.001)
        assert orders.named(shop, IDEMPOTENCY, "K1") == []
        orders.commit(second)
        assert orders.named(shop, IDEMPOTENCY, "K1") == [(key("K1"), second.order.id)]
        third = placed(shop, tail=3, references=(key("K1"),))
        with pytest.raises(ReferenceTaken) as taken:
            orders.commit(third)
        assert taken.value.order_id == second.order.id

    def test_the_table_is_told_when_to_forget_it(
        self,
        orders: DynamoOrders,
        shop: str,
        clock: FakeClock,
        client: Any,
        table_name: str,
    ) -> None:
        change = placed(shop, name="TB1", references=(key("K1"),))
        orders.commit(change)

        def stored(name: Reference) -> dict[str, Any]:
            item: dict[str, Any] = client.get_item(
                TableName=table_name,
                Key={
                    "pk": {"S": keys.reference(shop, name.kind, name.value)},
                    "sk": {"S": keys.scope(name.scope)},
                },
                ConsistentRead=True,
            )["Item"]
            return item

        tomorrow = int((clock.now() + timedelta(days=1)).timestamp())
        assert stored(key("K1"))["expires_at"] == {"N": str(tomorrow)}
        assert "expires_at" not in stored(Reference("order", "marketplace:taobao", "TB1"))

    def test_a_name_that_lasts_is_never_free_again(
        self, orders: DynamoOrders, shop: str, clock: FakeClock
    ) -> None:
        orders.commit(placed(shop, tail=1, name="TB1"))
        clock.advance(400 * 24 * 60 * 60)
        with pytest.raises(ReferenceTaken):
            orders.commit(placed(shop, tail=2, name="TB1"))

    def test_an_order_made_elsewhere_is_read_as_it_was_written(
        self, orders: DynamoOrders, shop: str
    ) -> None:
        then = NOON - timedelta(days=500)
        change = placed(shop, at=then, payment_timeout=None, refund_window=None)
        commands.capture_payment(change, payment("1.50"))
        change.now = then + timedelta(days=3)
        refund = commands.request_refund(
            change,
            Money.of("0.50", "CNY"),
            lines=[RefundedLine(1, 1)],
        )
        commands.settle_refund(change, refund.id)
        change.now = then + timedelta(days=4)
        commands.ship(change)
        commands.complete(change)
        orders.commit(change)
        history = list(orders.history(shop, change.order.id))
        assert orders.get(shop, change.order.id) == change.order
        assert history == change.recorded
        assert [entry.continues for entry in history] == [False] + [True] * (len(history) - 1)
        assert Order.replay(shop, change.order.id, history) == change.order
        [listed] = orders.page(shop).orders
        assert listed.id == change.order.id
        assert change.order.updated_at == then + timedelta(days=4)

    def test_an_order_made_elsewhere_that_was_paid_long_ago_is_not_due(
        self, orders: DynamoOrders, shop: str
    ) -> None:
        then = NOON - timedelta(days=500)
        change = placed(shop, at=then, payment_timeout=60)
        commands.capture_payment(change, payment("1.50"))
        orders.commit(change)
        page = orders.due(DeadlineKind.PAYMENT, 0, NOON, limit=500, cursor=None)
        assert all(found.shop_id != shop for found in page.orders)
