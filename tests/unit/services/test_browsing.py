"""Going through orders and deliveries as an operator does."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from orderhub.domain import commands
from orderhub.domain.delivery import Delivery, DeliveryState
from orderhub.domain.errors import Busy, InvalidField, ReferenceTaken, Refused
from orderhub.domain.order import Order
from orderhub.domain.refund import RefundState
from orderhub.domain.status import OrderStatus
from orderhub.ports import DeliveryPage, OrderKey
from orderhub.services.browse_orders import Wanted, browse_orders
from orderhub.services.find_deliveries import WantedDeliveries, find_deliveries
from orderhub.services.record_refund import GivenBack, record_refund
from tests.support.fakes import NOON, FakeDesk
from tests.support.orders import TESTER, payment, placed
from tests.support.webhooks import FakeLog


@pytest.fixture
def desk() -> FakeDesk:
    return FakeDesk()


def kept(desk: FakeDesk, count: int) -> list[Order]:
    """A minute apart, every third cancelled."""
    orders = []
    for index in range(count):
        change = placed(
            at=NOON + timedelta(minutes=index), tail=index, payment_timeout=None, customer_id="kim"
        )
        if index % 3 == 0:
            commands.cancel(change)
        desk.orders.commit(change)
        orders.append(change.order)
    return orders


@pytest.mark.parametrize("newest_first", [False, True])
@pytest.mark.parametrize("narrowing", [Wanted(), Wanted(customer="kim"), Wanted(part="R")])
def test_pages_of_any_size_hold_each_order_once_from_either_end(
    desk: FakeDesk, narrowing: Wanted, *, newest_first: bool
) -> None:
    expected = [order.id for order in kept(desk, 7)]
    if newest_first:
        expected.reverse()
    for size in range(1, 9):
        found: list[int] = []
        wanted = replace(narrowing, newest_first=newest_first)
        while True:
            page, read_on = browse_orders(desk.desk, "demo", wanted, limit=size)
            found += [each.id for each in page]
            if read_on is None:
                break
            assert len(page) == size
            if newest_first:
                wanted = replace(wanted, before_id=read_on)
            else:
                wanted = replace(wanted, after_id=read_on)
        assert found == expected


def test_orders_by_status_come_newest_first_or_not_at_all(desk: FakeDesk) -> None:
    orders = kept(desk, 7)
    wanted = Wanted(status=OrderStatus.CANCELLED, newest_first=True)

    found, _ = browse_orders(desk.desk, "demo", wanted, limit=10)

    assert [each.id for each in found] == [orders[index].id for index in (6, 3, 0)]
    with pytest.raises(InvalidField, match="newest first"):
        browse_orders(desk.desk, "demo", replace(wanted, newest_first=False), limit=10)


@pytest.mark.parametrize("damage", [Busy("written all the time"), ValueError("cut off")])
def test_an_order_that_is_damaged_is_shown_as_such(desk: FakeDesk, damage: Exception) -> None:
    orders = kept(desk, 3)
    desk.orders.broken[OrderKey("demo", orders[1].id)] = damage

    found, _ = browse_orders(desk.desk, "demo", Wanted(), limit=10)
    open_ones, _ = browse_orders(
        desk.desk, "demo", Wanted(status=OrderStatus.OPEN, newest_first=True), limit=10
    )

    assert [each.order is None for each in found] == [False, True, False]
    assert [each.number for each in found] == [order.number for order in orders]
    assert [each.id for each in open_ones] == [orders[2].id]


def test_a_table_that_is_busy_passes_for_no_damage(desk: FakeDesk) -> None:
    orders = kept(desk, 1)
    throttled = Busy("throttled")
    throttled.__cause__ = OSError("slow down")
    desk.orders.broken[OrderKey("demo", orders[0].id)] = throttled

    with pytest.raises(Busy, match="throttled"):
        browse_orders(desk.desk, "demo", Wanted(), limit=10)


# -- deliveries ------------------------------------------------------------------------------------


class _Pages(FakeLog):
    """Pages as the table has them: a cursor is where the page before ended."""

    def page(
        self, shop_id: str, subscription_id: int, *, limit: int, cursor: str | None = None
    ) -> DeliveryPage:
        start = int(cursor) + 1 if cursor else 0
        found = self.records[start : start + limit]
        end = start + len(found)
        return DeliveryPage(tuple(found), str(end - 1) if end < len(self.records) else None)


def test_deliveries_that_are_wanted_come_in_pages_that_follow_each_other() -> None:
    log = _Pages()
    for number in range(40, 0, -1):
        at = NOON + timedelta(seconds=number)
        log.records.append(
            Delivery(
                shop_id="demo",
                subscription_id=1,
                topic="order.paid",
                event_id=f"demo/{number}/1",
                event_type="order.paid",
                occurred_at=at.isoformat(),
                state=DeliveryState.DEAD if number % 3 == 0 else DeliveryState.DELIVERED,
                at=at,
            )
        )
    wanted = WantedDeliveries(
        state=DeliveryState.DEAD,
        since=NOON + timedelta(seconds=6),
        until=NOON + timedelta(seconds=30),
    )
    found: list[str] = []
    cursor = None
    while True:
        page = find_deliveries(log, "demo", 1, wanted, limit=2, cursor=cursor)
        found += [each.event_id for each in page.deliveries]
        cursor = page.cursor
        if cursor is None:
            break
        assert len(page.deliveries) == 2

    assert found == [f"demo/{number}/1" for number in range(30, 5, -3)]


# -- money that goes back --------------------------------------------------------------------------


def paid(desk: FakeDesk, tail: int = 1) -> Order:
    change = placed(tail=tail, lines=2, refund_window=None)
    commands.capture_payment(change, payment("3.00", f"P-{tail}"))
    desk.orders.commit(change)
    return change.order


def test_a_refund_by_name_is_recorded_once_and_settled_later(desk: FakeDesk) -> None:
    order = paid(desk)
    given = GivenBack(provider="manual", transaction_id="R-1", payment_id=1, is_settled=False)

    first = record_refund(desk.desk, order, given, TESTER)
    again = record_refund(desk.desk, first.order, given, TESTER)
    settled = record_refund(desk.desk, first.order, replace(given, is_settled=True), TESTER)

    assert first.order.refunds[0].state is RefundState.REQUESTED
    assert again.recorded == []
    assert [each.state for each in settled.order.refunds] == [RefundState.SUCCEEDED]
    assert settled.order.refunded == order.captured


def test_another_orders_refund_keeps_its_name(desk: FakeDesk) -> None:
    first, second = paid(desk, 1), paid(desk, 2)
    given = GivenBack(provider="manual", transaction_id="R-1")
    record_refund(desk.desk, first, given, TESTER)

    with pytest.raises(ReferenceTaken):
        record_refund(desk.desk, second, given, TESTER)


def test_when_all_went_back_nothing_is_left(desk: FakeDesk) -> None:
    change = record_refund(desk.desk, paid(desk), GivenBack(provider="manual"), TESTER)

    with pytest.raises(Refused, match="nothing is left"):
        record_refund(desk.desk, change.order, GivenBack(provider="manual"), TESTER)


def test_all_that_can_go_back_of_one_payment_is_what_is_left_of_it(desk: FakeDesk) -> None:
    change = placed(lines=2, refund_window=None)
    commands.capture_payment(change, payment("3.00", "P-1"))
    commands.capture_payment(change, payment("2.00", "P-2"))
    desk.orders.commit(change)
    part = GivenBack(provider="manual", payment_id=2, amount=Decimal("0.50"))
    order = record_refund(desk.desk, change.order, part, TESTER).order

    order = record_refund(desk.desk, order, replace(part, amount=None), TESTER).order

    assert [each.amount.decimal_text for each in order.refunds] == ["0.50", "1.50"]
    with pytest.raises(Refused, match="nothing is left"):
        record_refund(desk.desk, order, replace(part, amount=None), TESTER)
    order = record_refund(desk.desk, order, replace(part, amount=None, payment_id=1), TESTER).order
    assert order.refunded == order.captured
