"""What the operator is told of deadlines."""

from datetime import timedelta

import pytest

from orderhub.domain.order import DeadlineKind
from orderhub.services.close_due import close_due
from orderhub.services.due import what_is_due
from tests.support.fakes import NOON
from tests.unit.services.test_use_cases import SHOP, Office


@pytest.fixture
def office() -> Office:
    return Office()


def test_what_is_due_and_what_comes_next(office: Office) -> None:
    first = office.new()
    office.clock.advance(60)
    second = office.new()
    office.clock.time = NOON + timedelta(seconds=907)
    due = what_is_due(office.desk, DeadlineKind.PAYMENT, shards=2, within=timedelta(minutes=5))
    assert (due.overdue, due.coming, due.late, due.was_cut) == (1, 1, 7, False)
    assert [(w.key.order_id, w.number) for w in due.listed] == [
        (first.id, first.number),
        (second.id, second.number),
    ]
    assert what_is_due(office.desk, DeadlineKind.PAYMENT, shards=2).coming == 0
    assert what_is_due(office.desk, DeadlineKind.REFUND, shards=2).listed == ()


def test_what_was_closed_is_not_due_any_more(office: Office) -> None:
    office.new()
    office.clock.advance(1000)
    due = what_is_due(office.desk, DeadlineKind.PAYMENT, shards=1)
    close_due(office.desk, [waiting.key for waiting in due.listed])
    assert what_is_due(office.desk, DeadlineKind.PAYMENT, shards=1).overdue == 0


def test_reading_stops_and_says_so(office: Office) -> None:
    for _ in range(5):
        office.new()
    office.clock.advance(1000)
    due = what_is_due(office.desk, DeadlineKind.PAYMENT, shards=1, most_read=3, listed=2)
    assert (due.overdue, due.was_cut, len(due.listed)) == (3, True, 2)
    all_of_them = what_is_due(office.desk, DeadlineKind.PAYMENT, shards=1, most_read=5)
    assert (all_of_them.overdue, all_of_them.was_cut) == (5, False)


def test_the_deadlines_of_one_shop_alone(office: Office) -> None:
    office.new()
    office.clock.advance(1000)
    assert what_is_due(office.desk, DeadlineKind.PAYMENT, shards=1, shop_id=SHOP).overdue == 1
    assert what_is_due(office.desk, DeadlineKind.PAYMENT, shards=1, shop_id="other").overdue == 0


def test_an_order_that_can_not_be_read_is_listed_without_its_number(office: Office) -> None:
    order = office.new()
    office.clock.advance(1000)
    (waiting,) = what_is_due(office.desk, DeadlineKind.PAYMENT, shards=1).listed
    office.orders.broken[waiting.key] = ValueError("damaged")
    (waiting,) = what_is_due(office.desk, DeadlineKind.PAYMENT, shards=1).listed
    assert (waiting.key.order_id, waiting.number) == (order.id, "")
