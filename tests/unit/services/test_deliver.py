"""Telling subscribers: how, when again, and when no more."""

import json
from dataclasses import replace
from datetime import timedelta

import pytest

from orderhub.domain.delivery import DeliveryState
from orderhub.domain.errors import Unavailable
from orderhub.domain.subscription import SubscriptionKind
from orderhub.ports import EndpointFailed, EndpointRefused
from orderhub.services.deliver import ATTEMPTS, RETRIES
from orderhub.services.publish import Dispatcher
from orderhub.services.subscriptions import disable_subscription, remove_subscription
from orderhub.webhooks.kinds import kind_of
from tests.support.fakes import NOON
from tests.support.table import template
from tests.support.webhooks import URL, Office

HOUR = 3600
LONGEST_HIDDEN = 12 * HOUR
"""By SQS."""


@pytest.fixture
def office() -> Office:
    return Office()


# -- one attempt -----------------------------------------------------------------------------------


@pytest.mark.parametrize("status", [200, 201, 204, 299])
def test_any_success_is_a_delivery(office: Office, status: int) -> None:
    made = office.subscribe().subscription
    office.endpoint.answers = [status]
    outcome = office.deliverer.deliver(office.queued(made), 1)
    assert (outcome.state, outcome.retry_in) == (DeliveryState.DELIVERED, None)
    ((url, _, body),) = office.endpoint.sent
    assert url == URL
    assert json.loads(body)["sequence"] == 4
    assert outcome.unlogged
    office.deliverer.log([outcome.unlogged])
    (record,) = office.log.records
    assert (record.state, record.status, record.attempts) == (DeliveryState.DELIVERED, status, 1)
    assert (record.event_id, record.topic) == ("demo/3475921619881989/4", "order.paid")
    assert office.log.kept_until == [NOON + timedelta(days=30)]


def test_what_went_well_at_once_is_logged_together(office: Office) -> None:
    made = office.subscribe().subscription
    outcomes = [office.deliverer.deliver(office.queued(made, each), 1) for each in (1, 2)]
    assert office.log.records == []
    done = [outcome.unlogged for outcome in outcomes if outcome.unlogged]
    office.deliverer.log(done)
    assert office.log.together == [done]
    assert office.log.kept_until == [NOON + timedelta(days=30)]


def test_what_went_well_at_last_is_logged_by_itself(office: Office) -> None:
    made = office.subscribe().subscription
    assert office.deliverer.deliver(office.queued(made), 2).unlogged is None
    (record,) = office.log.records
    assert record.state is DeliveryState.DELIVERED


def test_what_a_subscriber_says_of_a_failure_is_logged(office: Office) -> None:
    made = office.subscribe().subscription
    office.endpoint.answers, office.endpoint.says = [500, 200], "no such table: inbox"
    for attempt in (1, 2):
        office.deliverer.deliver(office.queued(made), attempt)
    assert [record.answer for record in office.log.records] == ["no such table: inbox", ""]


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (302, "http_302"),
        (404, "http_404"),
        (500, "http_500"),
        (199, "http_199"),
        (EndpointFailed("timeout"), "timeout"),
        (EndpointRefused("address"), "refused_address"),
    ],
)
def test_anything_else_is_tried_again(office: Office, answer: int | Exception, reason: str) -> None:
    made = office.subscribe().subscription
    office.endpoint.answers = [answer]
    outcome = office.deliverer.deliver(office.queued(made), 1)
    assert (outcome.state, outcome.reason) == (DeliveryState.RETRYING, reason)
    assert outcome.retry_in in (5, 6)
    (record,) = office.log.records
    assert (record.state, record.reason) == (DeliveryState.RETRYING, reason)
    assert record.next_at == NOON + timedelta(seconds=outcome.retry_in or 0)
    assert office.current(made).failing_since == NOON


def test_it_is_tried_for_more_than_a_day_at_growing_distances(office: Office) -> None:
    made = office.subscribe().subscription
    office.endpoint.answers = [500]
    waits = []
    for attempt in range(1, ATTEMPTS):
        wait = office.deliverer.deliver(office.queued(made), attempt).retry_in
        assert wait is not None
        waits.append(wait)
    assert waits == sorted(waits)
    assert sum(RETRIES) >= 24 * HOUR
    # A little is left for the time from when SQS hands it out to when it hears of the failure.
    assert max(waits) < LONGEST_HIDDEN - 60
    last = office.deliverer.deliver(office.queued(made), ATTEMPTS)
    assert (last.state, last.retry_in) == (DeliveryState.DEAD, 0)
    assert office.log.records[-1].state is DeliveryState.DEAD


def test_the_queue_gives_up_when_the_service_does() -> None:
    queue = template()["Resources"]["Deliveries"]["Properties"]
    assert queue["RedrivePolicy"]["maxReceiveCount"] == ATTEMPTS


def test_waits_can_be_shortened(office: Office) -> None:
    made = office.subscribe().subscription
    office.endpoint.answers = [500]
    deliverer = office.new_deliverer(scale=0.0)
    assert deliverer.deliver(office.queued(made), 11).retry_in == 0


def test_a_subscription_that_went_off_or_away_meanwhile_is_passed_by(office: Office) -> None:
    off, gone = office.subscribe().subscription, office.subscribe().subscription
    disable_subscription(office.desk, "demo", off.id)
    remove_subscription(office.desk, "demo", gone.id)
    for made in (off, gone):
        outcome = office.deliverer.deliver(office.queued(made), 1)
        assert (outcome.state, outcome.retry_in) == (DeliveryState.SKIPPED, None)
    assert office.endpoint.sent == []
    (record,) = office.log.records
    assert (record.subscription_id, record.attempts, record.reason) == (off.id, 0, "disabled")


def test_what_was_known_of_a_subscription_a_moment_ago_is_enough_while_it_is_on(
    office: Office,
) -> None:
    made = office.subscribe().subscription
    key = (made.shop_id, made.id)
    office.subscriptions.stale[key] = office.subscriptions.kept.pop(key)
    queued = office.queued(made)
    known = office.deliverer.known([queued, queued])
    assert office.deliverer.deliver(queued, 1, known[key]).state is DeliveryState.DELIVERED


@pytest.mark.parametrize("known", ["missing", "off"])
def test_a_subscription_that_was_not_in_force_a_moment_ago_is_looked_at_again(
    office: Office, known: str
) -> None:
    """It may just have been made, or switched on."""
    made = office.subscribe().subscription
    found = office.subscriptions.kept[made.shop_id, made.id]
    off = replace(found, subscription=replace(made, is_enabled=False))
    stale = off if known == "off" else None
    assert office.deliverer.deliver(office.queued(made), 1, stale).state is DeliveryState.DELIVERED


def test_an_order_that_is_gone_can_not_be_shown(office: Office) -> None:
    made = office.subscribe().subscription
    key = ("demo", made.id)
    found = office.subscriptions.kept[key]
    youhaosuda = replace(made, kind=SubscriptionKind.YOUHAOSUDA)
    office.subscriptions.kept[key] = replace(found, subscription=youhaosuda)
    outcome = office.deliverer.deliver(office.queued(made), 1)
    assert (outcome.state, outcome.reason) == (DeliveryState.SKIPPED, "order_gone")


def test_a_vault_that_is_silent_makes_no_attempt(office: Office) -> None:
    made = office.subscribe().subscription
    office.vault.broken = Unavailable("silent")
    with pytest.raises(Unavailable):
        office.deliverer.deliver(office.queued(made), 1)
    assert office.endpoint.sent == []
    assert office.current(made).failing_since is None


# -- how the endpoint does -------------------------------------------------------------------------


def test_an_endpoint_fails_since_its_first_failure_until_its_next_success(
    office: Office,
) -> None:
    made = office.subscribe().subscription
    office.endpoint.answers = [500, 500, 204]
    office.deliverer.deliver(office.queued(made), 1)
    office.clock.advance(HOUR)
    office.deliverer.deliver(office.queued(made), 2)
    assert office.current(made).failing_since == NOON
    office.deliverer.deliver(office.queued(made), 3)
    assert office.current(made).failing_since is None


def test_an_endpoint_that_fails_for_days_is_switched_off_and_the_shop_is_told(
    office: Office,
) -> None:
    made = office.subscribe("*", url=f"{URL}?key=k").subscription
    office.endpoint.answers = [500]
    office.deliverer.deliver(office.queued(made), 1)
    office.clock.advance(3 * 24 * HOUR)
    outcome = office.deliverer.deliver(office.queued(made), 2)
    assert outcome.switched_off
    assert outcome.retry_in is None
    current = office.current(made)
    assert (current.is_enabled, current.disabled_because) == (False, "failing")
    (event,) = office.outlet.events
    assert (event.source, event.type) == ("orderhub.webhooks", "webhook.disabled")
    detail = json.loads(event.detail)
    assert detail["shop_id"] == "demo"
    assert detail["data"] == {
        "subscription_id": made.id,
        "url": URL,
        "failing_since": "2026-11-21T12:00:00.000Z",
        "reason": "failing",
    }
    # Whoever wants everything hears of it.
    watcher = office.subscribe("webhook.disabled").subscription
    dispatcher = Dispatcher(office.subscriptions, office.clock, kind_of)
    assert [one.subscription_id for one in dispatcher.dispatch(detail)] == [watcher.id]


def test_days_without_news_do_not_count_as_failures(office: Office) -> None:
    made = office.subscribe().subscription
    office.deliverer.deliver(office.queued(made), 1)
    office.clock.advance(30 * 24 * HOUR)
    office.endpoint.answers = [500]
    office.deliverer.deliver(office.queued(made), 1)
    assert office.current(made).is_enabled


def test_an_endpoint_that_is_gone_is_switched_off_at_once(office: Office) -> None:
    made = office.subscribe().subscription
    office.endpoint.answers = [410]
    outcome = office.deliverer.deliver(office.queued(made), 1)
    assert (outcome.state, outcome.retry_in) == (DeliveryState.SKIPPED, None)
    assert office.current(made).disabled_because == "gone"
    assert json.loads(office.outlet.events[0].detail)["data"]["reason"] == "gone"


def test_nobody_is_switched_off_without_a_word(office: Office) -> None:
    made = office.subscribe().subscription
    office.endpoint.answers = [410]
    office.outlet.failure = "ThrottlingException"
    with pytest.raises(Unavailable):
        office.deliverer.deliver(office.queued(made), 1)
    assert office.current(made).is_enabled


def test_a_subscription_that_was_repaired_meanwhile_stays_on(office: Office) -> None:
    made = office.subscribe().subscription
    office.edit(made, failing_since=NOON - timedelta(days=4))
    office.endpoint.answers = [500]
    office.subscriptions.interfere = lambda: office.edit(made, failing_since=None)
    office.deliverer.deliver(office.queued(made), 1)
    current = office.current(made)
    assert current.is_enabled
    assert current.failing_since == NOON


def test_the_disabled_event_of_one_breakdown_has_one_id(office: Office) -> None:
    made = office.subscribe().subscription
    office.edit(made, failing_since=NOON - timedelta(days=4))
    office.endpoint.answers = [500]
    office.subscriptions.interfere = lambda: office.edit(made, label="theirs")
    office.deliverer.deliver(office.queued(made), 1)
    first, second = (json.loads(event.detail)["id"] for event in office.outlet.events)
    assert first == second
    assert not office.current(made).is_enabled
    assert office.current(made).label == "theirs"
