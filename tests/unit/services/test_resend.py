"""Telling again: one event, a time, what was given up, and all that happened."""

import json
from dataclasses import replace
from datetime import timedelta

import pytest

from orderhub.domain import commands
from orderhub.domain.commands import Change
from orderhub.domain.errors import NotFound, Refused, Unavailable
from orderhub.services.resend import Resender, redrive, republish
from orderhub.services.subscriptions import disable_subscription
from orderhub.webhooks.kinds import kind_of
from tests.support.fakes import NOON
from tests.support.orders import TESTER, payment, placed
from tests.support.webhooks import FakeOutlet, FakeQueue, Office

MINUTE = timedelta(minutes=1)


@pytest.fixture
def office() -> Office:
    return Office()


@pytest.fixture
def queue() -> FakeQueue:
    return FakeQueue()


def resender(office: Office, queue: FakeQueue) -> Resender:
    return Resender(office.orders, queue, office.clock, kind_of)


def paid_order(office: Office, tail: int = 1, after: timedelta = MINUTE) -> int:
    """Placed at noon, paid some time after."""
    change = placed(tail=tail)
    office.orders.commit(change)
    paying = Change(change.order, NOON + after, TESTER)
    commands.capture_payment(paying, payment("1.50", f"P{tail}"))
    office.orders.commit(paying)
    return change.order.id


def test_one_event_is_queued_as_it_was(office: Office, queue: FakeQueue) -> None:
    made = office.subscribe("order.placed").subscription
    order_id = paid_order(office)
    assert resender(office, queue).one(made, order_id, 1) == 1
    (queued,) = queue.sent
    assert queued.event["id"] == f"demo/{order_id}/1"
    assert queued.topic == "order.placed"


def test_what_it_does_not_subscribe_to_is_not_queued(office: Office, queue: FakeQueue) -> None:
    made = office.subscribe("order.paid").subscription
    assert resender(office, queue).one(made, paid_order(office), 1) == 0
    assert queue.sent == []


def test_an_event_that_never_was_is_not_found(office: Office, queue: FakeQueue) -> None:
    made = office.subscribe().subscription
    order_id = paid_order(office)
    for wanted, sequence in ((order_id, 99), (order_id + 1, 1)):
        with pytest.raises(NotFound):
            resender(office, queue).one(made, wanted, sequence)


def test_a_time_has_the_events_within_it_and_each_once(office: Office, queue: FakeQueue) -> None:
    made = office.subscribe("*").subscription
    early = paid_order(office, 1, after=MINUTE)
    late = paid_order(office, 2, after=10 * MINUTE)
    work = resender(office, queue)
    count = work.between(made, NOON, NOON + MINUTE)
    told = [(one.event["order_id"], one.event["type"]) for one in queue.sent]
    assert count == len(told) == len(set(told))
    assert {order_id for order_id, _ in told} == {early, late}
    assert (early, "order.paid") in told
    assert (late, "order.paid") not in told


def test_a_time_without_an_end_has_all_since(office: Office, queue: FakeQueue) -> None:
    made = office.subscribe("order.paid").subscription
    late = paid_order(office, 2, after=10 * MINUTE)
    assert resender(office, queue).between(made, NOON + MINUTE) == 1
    assert queue.sent[0].event["order_id"] == late


def test_a_subscription_that_is_off_is_not_told_again(office: Office, queue: FakeQueue) -> None:
    made = disable_subscription(office.desk, "demo", office.subscribe().subscription.id)
    with pytest.raises(Refused):
        resender(office, queue).between(made, NOON)
    with pytest.raises(Refused):
        resender(office, queue).one(made, paid_order(office), 1)


def dead(office: Office, queue: FakeQueue, count: int) -> None:
    made = office.subscribe().subscription
    for index in range(count):
        delivery = office.queued(made, index + 1)
        other = replace(delivery, shop_id="other", subscription_id=7)
        queue.letters[f"demo {index}"] = delivery
        queue.letters[f"other {index}"] = other


def test_all_that_was_given_up_is_queued_again(office: Office, queue: FakeQueue) -> None:
    dead(office, queue, 150)
    assert redrive(queue, office.clock) == 300
    assert queue.letters == {}
    assert len(queue.sent) == 300


def test_what_is_queued_again_waits_from_now_on(office: Office, queue: FakeQueue) -> None:
    dead(office, queue, 1)
    office.clock.advance(3 * 24 * 3600)
    redrive(queue, office.clock)
    assert {one.queued_at for one in queue.sent} == {office.clock.now()}


def test_only_what_is_meant_is_queued_again_and_the_rest_is_let_go(
    office: Office, queue: FakeQueue
) -> None:
    dead(office, queue, 150)
    assert redrive(queue, office.clock, shop_id="other", subscription_id=8) == 0
    assert redrive(queue, office.clock, shop_id="other", subscription_id=7) == 150
    assert {one.shop_id for one in queue.sent} == {"other"}
    assert {one.shop_id for one in queue.letters.values()} == {"demo"}
    assert queue.in_hand.isdisjoint(queue.letters)


def test_what_can_not_be_queued_stays_dead(office: Office, queue: FakeQueue) -> None:
    dead(office, queue, 3)
    queue.broken = Unavailable("silent")
    with pytest.raises(Unavailable):
        redrive(queue, office.clock)
    assert len(queue.letters) == 6


def test_events_are_republished_as_they_were(office: Office) -> None:
    order_id = paid_order(office)
    outlet = FakeOutlet()
    assert republish(office.orders, outlet, "demo", NOON, NOON) == 1
    (event,) = outlet.events
    assert (event.type, event.source) == ("order.placed", "orderhub.orders")
    assert json.loads(event.detail)["id"] == f"demo/{order_id}/1"


def test_an_event_that_can_not_go_out_is_told_apart(office: Office) -> None:
    paid_order(office)
    outlet = FakeOutlet()
    outlet.failure = "InternalFailure"
    with pytest.raises(Unavailable):
        republish(office.orders, outlet, "demo", NOON)
