"""Whatever a job says of a shop or an order, it names both, and what it followed from."""

import io
import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from orderhub import bootstrap
from orderhub.adapters.dynamodb import items, keys
from orderhub.adapters.system import SystemClock
from orderhub.bootstrap import Application
from orderhub.correlation import caused_by
from orderhub.domain import commands
from orderhub.domain.commands import Change
from orderhub.domain.errors import Unavailable
from orderhub.jobs import closing, delivering, publishing
from orderhub.services.desk import Desk
from tests.integration.test_jobs import aside, bus, publish, queue, record, subscription
from tests.support.api import invoke, payload
from tests.support.fakes import NOON
from tests.support.orders import TESTER, payment, placed
from tests.support.webhooks import FakeOutlet, FakeQueue

__all__ = ["aside", "bus", "queue"]

Lines = Callable[[str], list[dict[str, Any]]]


@pytest.fixture
def lines(monkeypatch: pytest.MonkeyPatch) -> Lines:
    """What jobs logged under that message."""
    written = io.StringIO()
    for job in (closing, delivering, publishing):
        for handler in job.logger.handlers:
            monkeypatch.setattr(handler, "stream", written)

    def found(message: str) -> list[dict[str, Any]]:
        told = [json.loads(line) for line in written.getvalue().splitlines()]
        return [line for line in told if line["message"] == message]

    return found


def test_a_change_goes_out_with_what_it_follows_from(
    application: Application, bus: FakeOutlet, queue: FakeQueue
) -> None:
    """From the request that made it, by way of the table and its stream, to the webhook's queue."""
    subscription("demo")
    change = placed("demo")
    with caused_by("req-1="):
        application.desk.orders.commit(change)
    paying = Change(change.order, NOON + timedelta(minutes=1), TESTER)
    commands.capture_payment(paying, payment("1.50"))
    # An operator did this.
    application.desk.orders.commit(paying)
    stored = application._dynamodb.query(
        TableName=application.settings.table_name,
        KeyConditionExpression="pk = :pk AND begins_with(sk, :event)",
        ExpressionAttributeValues={
            ":pk": {"S": keys.order("demo", change.order.id)},
            ":event": {"S": keys.EVENT_PREFIX},
        },
    )["Items"]
    publish([record(n, item) for n, item in enumerate(stored, start=1)])
    assert [event.correlation_id for event in bus.events] == ["req-1=", "", ""]
    details = [json.loads(event.detail) for event in bus.events]
    assert [detail.get("correlation_id") for detail in details] == ["req-1=", None, None]
    assert [one.event.get("correlation_id") for one in queue.sent] == ["req-1=", None, None]
    outgoing = application.desk.orders.outgoing("demo", change.order.id)
    assert [event.detail for event in outgoing] == [event.detail for event in bus.events]


def test_an_event_that_waits_is_named_with_its_cause(bus: FakeOutlet, lines: Lines) -> None:
    change = placed("demo")
    bus.room = 0
    publish([record(1, *items.events(change.order, change.recorded, cause="req-1="))])
    (line,) = lines("event not published")
    assert (line["shop_id"], line["order_id"]) == ("demo", change.order.id)
    assert line["correlation_id"] == "req-1="


def test_an_event_that_can_not_be_read_names_its_order_if_its_key_does(
    bus: FakeOutlet, aside: object, lines: Lines
) -> None:
    change = placed("demo")
    (item,) = items.events(change.order, change.recorded)
    damaged = record(1, {**item, "packed": {"B": b"damage"}})
    damaged["dynamodb"]["Keys"] = {"pk": item["pk"], "sk": item["sk"]}
    nonsense = record(2, {"pk": {"S": "nonsense"}})
    nonsense["dynamodb"]["Keys"] = {"pk": {"S": "nonsense"}, "sk": {"S": "EVENT#1"}}
    publish([damaged, nonsense])
    first, second = lines("unreadable event")
    assert (first["shop_id"], first["order_id"]) == ("demo", change.order.id)
    assert second["keys"]["pk"] == "nonsense"
    assert "order_id" not in second


def test_a_webhook_that_is_not_attempted_names_its_event(
    application: Application, monkeypatch: pytest.MonkeyPatch, lines: Lines
) -> None:
    class Broken:
        def known(self, _batch: object) -> dict[Any, Any]:
            return {}

        def deliver(self, *_: object) -> None:
            raise ValueError("a fault of ours")

    monkeypatch.setitem(vars(bootstrap.application()), "deliverer", Broken())
    shown = payload("streams/deliver_webhook")["Records"][0]
    body = json.loads(shown["body"])
    body["event"]["correlation_id"] = "req-1="
    invoke("streams/deliver_webhook", {"Records": [{**shown, "body": json.dumps(body)}]})
    (line,) = lines("webhook not attempted")
    assert (line["shop_id"], line["order_id"]) == ("demo", 3475921619881989)
    assert (line["subscription_id"], line["correlation_id"]) == (3475921619880001, "req-1=")


@pytest.mark.parametrize(("told", "cause"), [({"run": "run-1"}, "run-1"), ({}, "test-request")])
def test_orders_are_closed_by_the_run_and_those_that_are_not_are_named(
    application: Application,
    monkeypatch: pytest.MonkeyPatch,
    lines: Lines,
    told: dict[str, str],
    cause: str,
) -> None:
    """A machine of an earlier version doesn't say which run it is."""
    monkeypatch.setattr(SystemClock, "now", lambda self: NOON + timedelta(hours=1))
    made = [placed("demo", tail=tail) for tail in range(2)]
    for change in made:
        application.desk.orders.commit(change)
    real = Desk.change

    def fails_for_the_first(
        self: Desk, shop_id: str, order_id: int, *rest: Any, **how: Any
    ) -> Change:
        if order_id == made[0].order.id:
            raise Unavailable("no answer")
        return real(self, shop_id, order_id, *rest, **how)

    monkeypatch.setattr(Desk, "change", fails_for_the_first)
    orders = [f"demo/{change.order.id}" for change in made]
    with pytest.raises(closing.BatchFailed):
        invoke("workflows/close_due", {"kind": "payment_timeout", "orders": orders, **told})
    *_, closed = application.desk.orders.outgoing("demo", made[1].order.id)
    assert (closed.type, closed.correlation_id) == ("order.expired", cause)
    (stays,) = lines("order stays due")
    assert (stays["shop_id"], stays["order_id"]) == ("demo", made[0].order.id)
    assert (stays["error"], stays["correlation_id"]) == ("unavailable", cause)
    (batch,) = lines("closed")
    assert (batch["orders"], batch["correlation_id"]) == (orders, cause)
