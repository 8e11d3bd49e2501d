"""Telling of events: whom, by which ways, and how far when something is in the way."""

import json
from dataclasses import dataclass, field
from typing import Any

import pytest

from orderhub.domain.errors import Unavailable
from orderhub.ports import OutgoingEvent, UnreadableSubscription
from orderhub.services.publish import Dispatcher, Publisher, Untellable
from orderhub.services.subscriptions import disable_subscription
from orderhub.webhooks.kinds import kind_of
from tests.support.fakes import NOON
from tests.support.webhooks import FakeOutlet, FakeQueue, Office, order_event


@pytest.fixture
def office() -> Office:
    return Office()


def dispatcher(office: Office) -> Dispatcher:
    return Dispatcher(office.subscriptions, office.clock, kind_of)


# -- whom of what ----------------------------------------------------------------------------------


def test_an_event_goes_to_those_who_subscribed_to_it(office: Office) -> None:
    paid = office.subscribe("order.paid").subscription
    office.subscribe("order.expired")
    everything = office.subscribe("*").subscription
    queued = dispatcher(office).dispatch(order_event())
    assert [(one.subscription_id, one.topic) for one in queued] == [
        (paid.id, "order.paid"),
        (everything.id, "order.paid"),
    ]
    assert {one.queued_at for one in queued} == {NOON}
    assert queued[0].event == order_event()


def test_a_subscription_that_is_off_gets_nothing(office: Office) -> None:
    made = office.subscribe().subscription
    disable_subscription(office.desk, "demo", made.id)
    assert dispatcher(office).dispatch(order_event()) == []


def test_an_event_of_another_shop_goes_to_none_of_this_one(office: Office) -> None:
    office.subscribe()
    assert dispatcher(office).dispatch({**order_event(), "shop_id": "other"}) == []


def test_a_type_that_nobody_knows_yet_goes_to_those_who_want_everything(office: Office) -> None:
    everything = office.subscribe("*").subscription
    queued = dispatcher(office).dispatch(order_event(kind="order.teleported"))
    assert [one.subscription_id for one in queued] == [everything.id]


@pytest.mark.parametrize("missing", ["id", "shop_id", "type", "occurred_at"])
def test_what_is_no_event_is_told_apart(office: Office, missing: str) -> None:
    event = order_event()
    del event[missing]
    with pytest.raises(Untellable):
        dispatcher(office).dispatch(event)


def test_a_shop_s_subscriptions_are_read_once_a_batch(office: Office) -> None:
    office.subscribe()
    office.subscriptions.reads.clear()
    batch = dispatcher(office)
    for sequence in range(5):
        assert batch.dispatch(order_event(sequence))
        assert not batch.dispatch({**order_event(sequence), "shop_id": "other"})
    assert office.subscriptions.reads == ["demo", "other"]


# -- by which ways, and how far --------------------------------------------------------------------


@dataclass
class Desk:
    """A publisher, and where it tells of events: to the queue, and to a bus if it has one."""

    office: Office
    queue: FakeQueue = field(default_factory=FakeQueue)
    bus: FakeOutlet | None = field(default_factory=FakeOutlet)

    @property
    def publisher(self) -> Publisher:
        return Publisher(
            subscriptions=self.office.subscriptions,
            queue=self.queue,
            clock=self.office.clock,
            kind_of=kind_of,
            bus=self.bus,
        )

    @property
    def queued(self) -> list[int]:
        """The sequences of the events that were queued."""
        return [one.event["sequence"] for one in self.queue.sent]

    @property
    def on_the_bus(self) -> list[int]:
        assert self.bus
        return [json.loads(event.detail)["sequence"] for event in self.bus.events]


@pytest.fixture
def desk(office: Office) -> Desk:
    office.subscribe()
    office.subscriptions.reads.clear()
    return Desk(office)


def outgoing(sequence: int, **changed: Any) -> OutgoingEvent:
    return OutgoingEvent(
        type="order.paid",
        occurred_at="2026-11-21T11:59:58.000Z",
        resource="demo/1",
        detail=json.dumps({**order_event(sequence), **changed}),
    )


def test_events_are_queued_and_go_to_the_bus(desk: Desk) -> None:
    told = desk.publisher.tell([outgoing(1), outgoing(2)])
    assert (told.count, told.failure, told.deliveries, told.untellable) == (2, "", 2, {})
    assert desk.queued == desk.on_the_bus == [1, 2]


def test_without_a_bus_subscribers_are_told_all_the_same(desk: Desk) -> None:
    desk.bus = None
    assert desk.publisher.tell([outgoing(1)]).deliveries == 1
    assert desk.queued == [1]


def test_a_shop_without_subscribers_has_events_too(desk: Desk) -> None:
    told = desk.publisher.tell([outgoing(1, shop_id="other")])
    assert (told.count, told.deliveries) == (1, 0)
    assert desk.on_the_bus == [1]


def test_behind_what_the_bus_does_not_take_nobody_is_told(desk: Desk) -> None:
    assert desk.bus
    desk.bus.room = 2
    told = desk.publisher.tell([outgoing(each) for each in range(5)])
    assert (told.count, told.failure) == (2, "no room")
    assert desk.queued == [0, 1]


def test_what_the_queue_does_not_take_is_where_it_ends(desk: Desk) -> None:
    """To ten deliveries."""
    desk.queue.room = 25
    told = desk.publisher.tell([outgoing(each) for each in range(40)])
    assert (told.count, told.deliveries) == (20, 20)
    assert "the queue is full" in told.failure


def test_a_table_that_does_not_answer_is_waited_for(desk: Desk) -> None:
    """What comes before it is told of, and nothing behind it."""
    desk.office.subscriptions.broken["silent"] = Unavailable("the table did not answer")
    told = desk.publisher.tell([outgoing(1), outgoing(2, shop_id="silent"), outgoing(3)])
    assert (told.count, told.untellable) == (1, {})
    assert "the table did not answer" in told.failure
    assert desk.queued == desk.on_the_bus == [1]


def test_a_shop_whose_subscriptions_can_not_be_read_holds_up_no_other(desk: Desk) -> None:
    damage = UnreadableSubscription("SUBSCRIPTION#1")
    desk.office.subscriptions.broken["damaged"] = damage
    told = desk.publisher.tell(
        [outgoing(1, shop_id="damaged"), outgoing(2), outgoing(3, shop_id="damaged")]
    )
    assert (told.count, told.untellable) == (3, {0: damage, 2: damage})
    assert desk.queued == [2]
    assert desk.on_the_bus == [1, 2, 3]
    assert desk.office.subscriptions.reads == ["damaged", "demo"]


def test_what_can_not_be_told_counts_only_as_far_as_all_else_went(desk: Desk) -> None:
    """What comes again is put aside then."""
    assert desk.bus
    desk.office.subscriptions.broken["damaged"] = UnreadableSubscription("SUBSCRIPTION#1")
    desk.bus.room = 1
    told = desk.publisher.tell([outgoing(1), outgoing(2, shop_id="damaged")])
    assert (told.count, told.untellable) == (1, {})


def test_to_who_can_put_nothing_aside_such_an_event_is_a_failure(desk: Desk) -> None:
    desk.office.subscriptions.broken["damaged"] = UnreadableSubscription("SUBSCRIPTION#1")
    published = desk.publisher.publish([outgoing(1), outgoing(2, shop_id="damaged")])
    assert (published.count, published.failure) == (1, "UnreadableSubscription")
    assert desk.publisher.publish([outgoing(1)]).failure == ""
