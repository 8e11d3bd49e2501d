"""The order repository's promises, to be inherited by a test class that has ``client``,
``table_name`` and ``orders`` fixtures over a table of the template's shape."""

from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest

from orderhub.adapters.dynamodb import items, keys
from orderhub.adapters.dynamodb.orders import DynamoOrders
from orderhub.domain import commands
from orderhub.domain.commands import Change
from orderhub.domain.details import Reference
from orderhub.domain.errors import Busy, NameIsAnId, Reason, ReferenceTaken, Refused
from orderhub.domain.events import OrderPlaced
from orderhub.domain.lines import LineRequest
from orderhub.domain.money import UnitPrice
from orderhub.domain.order import DeadlineKind, Order
from orderhub.ports import IdTaken, OrderKey, VersionConflict
from tests.support.fakes import NOON
from tests.support.orders import TESTER, payment, placed, requests


@pytest.fixture
def shop() -> str:
    """A shop of its own for every test, so that they may share a table."""
    return f"shop-{uuid4().hex[:12]}"


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
        [event] = later.recorded
        client.put_item(TableName=table_name, Item=items.event(later.order, event))
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

    def test_the_latest_orders_come_newest_first(self, orders: DynamoOrders, shop: str) -> None:
        made = [placed(shop, at=NOON + timedelta(seconds=n), tail=9 - n) for n in range(5)]
        for change in made:
            orders.commit(change)
        orders.commit(placed(f"{shop}-2"))
        ids = [change.order.id for change in reversed(made)]
        assert [summary.id for summary in orders.latest(shop, limit=2)] == ids[:2]
        rest = orders.latest(shop, before_id=ids[1], limit=3)
        assert [summary.id for summary in rest] == ids[2:]
        assert orders.latest(shop, before_id=ids[-1]) == []
        assert len(orders.latest(shop)) == 5

    def test_the_list_shows_each_order_as_it_now_is(self, orders: DynamoOrders, shop: str) -> None:
        change = placed(shop)
        orders.commit(change)
        paying = Change(change.order, NOON, TESTER)
        commands.capture_payment(paying, payment("1.50"))
        orders.commit(paying)
        (summary,) = orders.page(shop).orders
        assert (summary.status, summary.payment_status, summary.total) == ("open", "paid", 150)
        assert summary.number == change.order.number

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
