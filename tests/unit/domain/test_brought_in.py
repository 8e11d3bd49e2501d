"""Ends and histories of orders that come from elsewhere."""

from dataclasses import replace
from typing import Any

import pytest

from orderhub.domain import brought_in, commands
from orderhub.domain.change import Change
from orderhub.domain.errors import InvalidField
from orderhub.domain.events import (
    Event,
    OrderExpired,
    Recorded,
    RefundRequested,
    RefundSucceeded,
    Terms,
)
from orderhub.domain.money import Money
from orderhub.domain.order import Order
from orderhub.domain.status import OrderStatus
from tests.support.story import CLERK, DAY, HOUR, Story, money

NO_WINDOWS = Terms()


def test_an_unpaid_order_expires_when_it_did_elsewhere_and_owes_back_what_was_paid_in_part() -> (
    None
):
    story = Story(terms=NO_WINDOWS)
    story.pay("30.00")
    story.wait(HOUR)
    assert story.do(brought_in.expire) == ["order.expired"]
    assert story.order.closed_at == story.now
    assert story.history[-1].event == OrderExpired(refund_due=money("30.00"))
    story.wait(HOUR)
    assert story.do(brought_in.expire) == []


def test_paid_and_closed_orders_and_those_with_a_deadline_to_come_do_not_expire() -> None:
    paid = Story(terms=NO_WINDOWS)
    paid.pay("100.00")
    assert paid.refusal(brought_in.expire) == "order_paid"
    cancelled = Story(terms=NO_WINDOWS)
    cancelled.do(commands.cancel)
    assert cancelled.refusal(brought_in.expire) == "order_cancelled"
    due = Story()
    assert due.refusal(brought_in.expire) == "closed_at too_early"
    due.wait_until(due.order.payment_due_at)
    assert due.do(brought_in.expire) == ["order.expired"]
    assert due.order.closed_at == due.order.payment_due_at


def sold() -> Story:
    story = Story(terms=NO_WINDOWS)
    story.pay("100.00")
    story.wait(DAY)
    story.give_back("40.00")
    story.do(commands.complete)
    return story


def replayed(story: Story, history: list[Recorded]) -> Order:
    """On a change that has placed the order, by somebody else."""
    first = Order.place("demo", story.order.id, history[0])
    change = Change(first, history[0].at, replace(CLERK, name="Importer"))
    change.recorded.append(history[0])
    brought_in.replay(change, history)
    assert change.actor.name == "Importer"
    assert [entry.actor for entry in change.recorded] == [entry.actor for entry in history]
    return change.order


def test_a_history_yields_the_order_that_it_is_of() -> None:
    story = sold()
    assert replayed(story, story.history) == story.order
    assert story.order.status is OrderStatus.COMPLETED


def _with_amount(event: Event, amount: Money) -> dict[str, Any]:
    if isinstance(event, RefundRequested):
        return {"refund": replace(event.refund, amount=amount)}
    return {"amount": amount}


def test_a_history_that_does_not_add_up_is_refused() -> None:
    story = sold()
    history = story.history
    for index in (1, 3):
        with pytest.raises(InvalidField):
            replayed(story, [*history[:index], *history[index + 1 :]])
    too_much = [
        replace(entry, event=replace(entry.event, **changes))
        if isinstance(entry.event, RefundRequested | RefundSucceeded)
        else entry
        for entry in history
        for changes in [_with_amount(entry.event, money("100.01"))]
    ]
    with pytest.raises(InvalidField, match=r"more went back than the 100\.00 CNY"):
        replayed(story, too_much)
    settled = RefundSucceeded(refund_id=2, amount=Money(1, "CNY"))
    with pytest.raises(InvalidField, match="no refund 2"):
        replayed(story, [*history, replace(history[-1], event=settled)])
    with pytest.raises(InvalidField, match="completed already"):
        replayed(story, [*history, history[-1]])
    with pytest.raises(InvalidField, match="before the one before it"):
        replayed(story, [*history[:-1], replace(history[-1], at=history[0].at)])
