"""When things happened to an order: also before it came here, and never before what came before."""

from datetime import datetime, timedelta, timezone
from typing import Final

import pytest

from orderhub.domain import commands, identity
from orderhub.domain.commands import Change, Placement
from orderhub.domain.details import Details
from orderhub.domain.errors import InvalidField
from orderhub.domain.events import Terms
from orderhub.domain.order import Order
from tests.support.fakes import NOON
from tests.support.story import CLERK, DAY, HOUR, MINUTE, Story, line, money, payment

MAY: Final = datetime.fromisoformat("2024-05-01T10:00:00.000+00:00")


def migrated(created_at: datetime = MAY, **windows: int | None) -> Change:
    """An order over 100.00 that was made elsewhere."""
    placement = Placement(
        number="R1",
        wire="shoplazza",
        currency="CNY",
        terms=Terms(**windows),
        details=Details(),
        lines=[line()],
        created_at=created_at,
    )
    return commands.place("demo", identity.order_id(MAY, 1), placement, NOON, CLERK)


def test_an_order_made_elsewhere_keeps_its_time() -> None:
    change = migrated()
    [first] = change.recorded
    assert first.at == change.now == change.order.created_at == change.order.updated_at == MAY


def test_its_time_is_kept_in_utc_with_milliseconds() -> None:
    shanghai = datetime(2024, 5, 1, 18, 0, 0, 999, tzinfo=timezone(timedelta(hours=8)))
    order = migrated(shanghai).order
    assert order.created_at == MAY
    assert order.created_at.utcoffset() == timedelta(0)


def test_its_payment_was_due_from_then_on() -> None:
    order = migrated(payment_timeout=2 * DAY).order
    assert order.payment_due_at == MAY + timedelta(days=2)
    assert order.as_of(NOON).status == "expired"


def test_what_happened_to_it_elsewhere_happened_then() -> None:
    change = migrated()
    commands.capture_payment(change, payment("100.00"))
    change.now = MAY + timedelta(days=3)
    refund = commands.request_refund(change, money("30.00"), reason="broken")
    commands.settle_refund(change, refund.id)
    change.now = MAY + timedelta(days=4)
    commands.ship(change)
    order = change.order
    assert order.paid_at == MAY
    assert order.refunds[0].created_at == MAY + timedelta(days=3)
    assert order.shipments[0].sent_at == order.updated_at == MAY + timedelta(days=4)
    assert (order.payment_status, order.refunded) == ("partially_refunded", money("30.00"))
    assert Order.replay("demo", order.id, change.recorded) == order


@pytest.mark.parametrize(
    "at",
    [
        MAY - timedelta(milliseconds=1),
        datetime.min.replace(tzinfo=timezone(timedelta(hours=8))),
        datetime.max.replace(tzinfo=timezone(-timedelta(hours=8))),
    ],
)
def test_its_time_never_goes_back_and_stays_within_reason(at: datetime) -> None:
    change = migrated()
    with pytest.raises(InvalidField) as refused:
        change.now = at
    assert (refused.value.field, refused.value.reason) == ("updated_at", "out_of_range")
    assert change.now == MAY


def test_a_clock_that_is_behind_turns_no_time_back() -> None:
    story = Story()
    story.wait(MINUTE)
    story.do(commands.add_note, "first")
    story.wait(-0.250)
    story.do(commands.add_note, "second")
    [first, second] = story.order.notes
    assert first.at == second.at == story.order.updated_at == NOON + timedelta(minutes=1)


def test_events_know_which_of_them_were_written_together() -> None:
    story = Story()
    story.pay("100.00")
    story.wait(HOUR)
    story.do(commands.ship)
    assert [(entry.event.TYPE, entry.continues) for entry in story.history] == [
        ("order.placed", False),
        ("payment.captured", False),
        ("order.paid", True),
        ("shipment.sent", False),
    ]


def test_an_order_that_is_paid_as_it_is_placed_is_one_change() -> None:
    story = Story(line("0.00", 1))
    assert [entry.continues for entry in story.history] == [False, True]
