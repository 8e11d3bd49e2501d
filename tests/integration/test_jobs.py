"""Closing machines' steps and the stream's publisher, in process on emulated services."""

import copy
import json
import os
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any
from uuid import uuid4

import boto3
import pytest

from orderhub import bootstrap
from orderhub.adapters import sqs
from orderhub.adapters.dynamodb import items, keys
from orderhub.adapters.eventbridge import EventBridgeBus
from orderhub.adapters.system import SystemClock
from orderhub.bootstrap import Application
from orderhub.domain import commands
from orderhub.domain.commands import Change
from orderhub.domain.errors import Unavailable
from orderhub.domain.status import OrderStatus
from orderhub.domain.stock import StockTaken
from orderhub.domain.subscription import Subscription, SubscriptionKind
from orderhub.jobs import closing
from orderhub.ports import OutgoingEvent, Published
from orderhub.services.desk import Desk
from tests.support.api import invoke, payload
from tests.support.fakes import NOON
from tests.support.orders import TESTER, payment, placed, requests
from tests.support.table import streamed
from tests.support.webhooks import FakeOutlet, FakeQueue


@pytest.fixture
def past_noon(monkeypatch: pytest.MonkeyPatch) -> None:
    """The functions' clock stands an hour after the fixtures' orders were placed."""
    monkeypatch.setattr(SystemClock, "now", lambda self: NOON + timedelta(hours=1))


def find(cursors: Any = None) -> Any:
    return invoke("workflows/find_due", {**payload("workflows/find_due"), "cursors": cursors})


def close(orders: list[str]) -> Any:
    return invoke("workflows/close_due", {**payload("workflows/close_due"), "orders": orders})


def key(change: Change) -> str:
    return f"{change.order.shop_id}/{change.order.id}"


# -- closing -------------------------------------------------------------------------------------


def test_nothing_due_is_one_empty_pass(application: Application, past_noon: None) -> None:
    assert find() == {"batches": [], "cursors": {}, "found": 0, "more": False}


def test_due_orders_of_all_shops_are_found_in_batches(
    application: Application, past_noon: None
) -> None:
    made = [placed(shop, tail=tail) for shop in ("demo", "other") for tail in range(20)]
    for change in (*made, placed("demo", tail=100, payment_timeout=7200)):
        application.desk.orders.commit(change)
    answer = find()
    batches = [batch["orders"] for batch in answer["batches"]]
    assert sorted(order for batch in batches for order in batch) == sorted(map(key, made))
    assert [len(batch) for batch in batches] == [25, 15]
    assert (answer["found"], answer["more"]) == (40, False)


def test_passes_go_on_where_the_last_one_ended(
    application: Application, past_noon: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(closing, "PASS_SIZE", 12)
    made = {key(placed("demo", tail=tail)) for tail in range(20)}
    for tail in range(20):
        application.desk.orders.commit(placed("demo", tail=tail))
    found: list[str] = []
    answer = find()
    while True:
        found += [order for batch in answer["batches"] for order in batch["orders"]]
        if not answer["more"]:
            break
        answer = find(answer["cursors"])
    assert len(found) == len(made)
    assert set(found) == made


def test_damaged_entries_stop_nobody_and_are_counted(
    application: Application,
    past_noon: None,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Each page may end with one, so that the next begins behind it."""
    monkeypatch.setattr(closing, "PASS_SIZE", 1)
    client: Any = application._dynamodb
    made = [placed("demo", tail=tail) for tail in range(4)]
    for change in made:
        application.desk.orders.commit(change)
    sorts = ("2026-01-01T00:00:00.000Z", "2026-01-01#demo#1", "0", "2026-01-01T00:00:00Z#demo#x")
    for tail, sort in enumerate(sorts):
        item = items.header(placed("demo", tail=50 + tail).order, application.settings.due_shards)
        item["due_sk"] = {"S": sort}
        client.put_item(TableName=application.settings.table_name, Item=item)
    found: list[str] = []
    answer = find()
    while answer["more"]:
        found += [order for batch in answer["batches"] for order in batch["orders"]]
        answer = find(answer["cursors"])
    found += [order for batch in answer["batches"] for order in batch["orders"]]
    assert sorted(found) == sorted(map(key, made))
    told = [json.loads(line) for line in capsys.readouterr().out.splitlines() if "{" in line]
    assert sum(sum(line.get("DueUnreadable", [])) for line in told) == len(sorts)


def test_what_is_due_is_closed_once(application: Application, past_noon: None) -> None:
    change = placed("demo")
    application.desk.orders.commit(change)
    assert close([key(change)]) == {"closed": 1, "not_due": 0}
    assert close([key(change)]) == {"closed": 0, "not_due": 1}
    stored = application.desk.orders.get("demo", change.order.id)
    assert stored is not None
    assert stored.status is OrderStatus.EXPIRED
    assert stored.closed_at == change.order.payment_due_at
    history = [entry.event.TYPE for entry in application.desk.orders.history("demo", stored.id)]
    assert history == ["order.placed", "order.expired"]
    assert find()["found"] == 0


def test_what_an_expired_order_took_from_the_stock_is_there_again(
    application: Application, past_noon: None
) -> None:
    item = ("3531", "12177")
    catalog = application.desk.catalog
    catalog.set_stock("demo", *item, 5)
    change = placed("demo", stock=(StockTaken(*item, 5),))
    application.desk.orders.commit(change)
    assert catalog.stock("demo", [item]) == {item: 0}
    for _ in range(2):
        close([key(change)])
        assert catalog.stock("demo", [item]) == {item: 5}


def test_an_order_that_was_paid_meanwhile_is_left_alone(
    application: Application, past_noon: None
) -> None:
    change = placed("demo")
    application.desk.orders.commit(change)
    paying = Change(change.order, NOON, TESTER)
    commands.capture_payment(paying, payment("1.50"))
    application.desk.orders.commit(paying)
    assert close([key(change)]) == {"closed": 0, "not_due": 1}
    assert application.desk.orders.get("demo", change.order.id) == paying.order


def test_one_order_that_fails_does_not_keep_the_others_open(
    application: Application, past_noon: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = [placed("demo", tail=tail) for tail in range(3)]
    for change in made:
        application.desk.orders.commit(change)
    real = Desk.change

    def fails_for_the_second(
        self: Desk, shop_id: str, order_id: int, *rest: Any, **how: Any
    ) -> Change:
        if order_id == made[1].order.id:
            raise Unavailable("no answer")
        return real(self, shop_id, order_id, *rest, **how)

    monkeypatch.setattr(Desk, "change", fails_for_the_second)
    with pytest.raises(closing.BatchFailed):
        close([key(change) for change in made])
    monkeypatch.undo()
    monkeypatch.setattr(SystemClock, "now", lambda self: NOON + timedelta(hours=1))
    # It stays due, and the next run takes it up.
    assert find()["batches"] == [{"orders": [key(made[1])]}]


def test_long_and_damaged_orders_of_a_batch_hold_up_nobody(
    application: Application, past_noon: None
) -> None:
    plain, long, damaged = (
        placed("demo", tail=n, lines=lines) for n, lines in enumerate([1, 60, 1])
    )
    for change in (plain, long, damaged):
        application.desk.orders.commit(change)
    head = items.header(damaged.order, 4)
    application._dynamodb.put_item(
        TableName=os.environ["TABLE_NAME"], Item={**head, "body": {"S": "{"}}
    )
    with pytest.raises(closing.BatchFailed, match=r"^1 orders stay due"):
        close([key(change) for change in (damaged, long, plain)])
    closed = application.desk.orders.get_many("demo", [plain.order.id, long.order.id])
    assert [order.status.value for order in closed] == ["expired", "expired"]


def test_closing_says_how_late_it_was(
    application: Application, past_noon: None, capsys: pytest.CaptureFixture[str]
) -> None:
    change = placed("demo", payment_timeout=3590)
    application.desk.orders.commit(change)
    close([key(change)])
    metrics = [json.loads(line) for line in capsys.readouterr().out.splitlines() if "_aws" in line]
    assert metrics[-1]["ClosingLag"] == [10.0]
    assert metrics[-1]["kind"] == "payment_timeout"


# -- publishing ----------------------------------------------------------------------------------


@pytest.fixture
def queue() -> FakeQueue:
    """Of what subscribers are to be told."""
    return FakeQueue()


@pytest.fixture
def bus(application: Application, queue: FakeQueue, monkeypatch: pytest.MonkeyPatch) -> FakeOutlet:
    bus = FakeOutlet()
    deployed = Application(application.settings, bus=bus, delivery_queue=queue)
    monkeypatch.setattr(bootstrap, "application", lambda: deployed)
    return bus


@dataclass
class Aside:
    """The queue of what nobody could be told of."""

    client: Any
    url: str

    def letters(self) -> list[Any]:
        found = self.client.receive_message(QueueUrl=self.url, MaxNumberOfMessages=10)
        return [json.loads(message["Body"]) for message in found.get("Messages", [])]


@pytest.fixture
def aside(bus: FakeOutlet, queue: FakeQueue, monkeypatch: pytest.MonkeyPatch) -> Aside:
    client = boto3.client("sqs")
    url = client.create_queue(QueueName=f"unpublished-{uuid4().hex}")["QueueUrl"]
    monkeypatch.setattr(sqs, "connect", lambda: client)
    settings = replace(bootstrap.application().settings, unpublished_queue=url)
    deployed = Application(settings, bus=bus, delivery_queue=queue)
    monkeypatch.setattr(bootstrap, "application", lambda: deployed)
    return Aside(client, url)


def subscription(shop_id: str) -> Subscription:
    """One to everything, in the table."""
    made = Subscription(
        shop_id=shop_id,
        id=3475921619880001,
        kind=SubscriptionKind.STANDARD,
        url="https://erp.example/orders",
        topics=("*",),
        created_at=NOON,
        updated_at=NOON,
    )
    bootstrap.application().subscriptions.add(made, b"sealed")
    return made


def record(number: int, item: dict[str, Any]) -> dict[str, Any]:
    """A stream record as Lambda hands it over."""
    shown = copy.deepcopy(payload("streams/publish_events")["Records"][0])
    shown["dynamodb"] |= {"NewImage": streamed(item), "SequenceNumber": str(number)}
    return dict(shown)


def publish(records: list[dict[str, Any]]) -> Any:
    return invoke("streams/publish_events", {"Records": records})


def test_a_record_goes_out_with_its_place_in_the_order(bus: FakeOutlet) -> None:
    assert invoke("streams/publish_events", payload("streams/publish_events")) == {
        "batchItemFailures": []
    }
    (event,) = bus.events
    assert (event.type, event.resource) == ("payment.captured", "demo/3475921619881989")
    detail = json.loads(event.detail)
    assert detail["id"] == "demo/3475921619881989/3"
    assert (detail["shop_id"], detail["order_id"]) == ("demo", 3475921619881989)
    assert (detail["sequence"], detail["type"]) == (3, "payment.captured")
    assert detail["data"]["payment"]["amount"] == [12800, "CNY"]


def test_what_is_quiet_is_told_to_nobody_and_counts_for_nothing(
    bus: FakeOutlet, capsys: pytest.CaptureFixture[str]
) -> None:
    """It doesn't even get here where the event source filters; elsewhere it is passed over."""
    change = placed("demo")
    commands.capture_payment(change, payment("1.50"))
    (quiet,) = items.events(change.order, change.recorded, is_quiet=True)
    (loud,) = items.events(placed("demo", tail=2).order, placed("demo", tail=2).recorded)
    assert publish([record(1, quiet)]) == {"batchItemFailures": []}
    assert bus.events == []
    assert "OrdersPlaced" not in capsys.readouterr().out
    assert publish([record(1, quiet), record(2, loud)]) == {"batchItemFailures": []}
    assert [event.type for event in bus.events] == ["order.placed"]


def test_only_what_was_not_published_is_asked_for_again(bus: FakeOutlet) -> None:
    change = placed("demo")
    commands.add_lines(change, requests(2))
    records = [
        record(number, *items.events(change.order, [entry]))
        for number, entry in enumerate(change.recorded * 3, start=1)
    ]
    bus.room = 4
    assert publish(records) == {"batchItemFailures": [{"itemIdentifier": "5"}]}
    assert len(bus.events) == 4


def test_subscribers_are_told_whether_there_is_a_bus_or_not(
    application: Application, queue: FakeQueue, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = replace(application.settings, event_bus_name="")
    deployed = Application(settings, delivery_queue=queue)
    monkeypatch.setattr(bootstrap, "application", lambda: deployed)
    made = subscription("demo")
    assert invoke("streams/publish_events", payload("streams/publish_events")) == {
        "batchItemFailures": []
    }
    (told,) = queue.sent
    assert (told.subscription_id, told.topic) == (made.id, "payment.captured")
    assert told.event["id"] == "demo/3475921619881989/3"


def test_a_record_of_which_one_event_was_not_queued_comes_again_as_a_whole(
    bus: FakeOutlet, queue: FakeQueue
) -> None:
    subscription("demo")
    change = placed("demo")
    commands.add_lines(change, requests(2))
    (both,) = items.events(change.order, change.recorded)
    queue.room = 10
    records = [record(number, both) for number in range(1, 8)]
    assert publish(records) == {"batchItemFailures": [{"itemIdentifier": "6"}]}
    assert [one.event["sequence"] for one in queue.sent] == [1, 2] * 5


def test_a_shop_whose_subscriptions_are_damaged_holds_up_no_other(
    bus: FakeOutlet, queue: FakeQueue, aside: Aside, capsys: pytest.CaptureFixture[str]
) -> None:
    subscription("demo")
    damaged = subscription("other")
    application = bootstrap.application()
    application._dynamodb.update_item(
        TableName=application.settings.table_name,
        Key={
            "pk": {"S": keys.subscriptions("other")},
            "sk": {"S": keys.subscription(damaged.id)},
        },
        UpdateExpression="SET body = :damage REMOVE packed",
        ExpressionAttributeValues={":damage": {"S": "{"}},
    )
    changes = [placed("other"), placed("demo"), placed("other", tail=2)]
    records = [
        record(number, *items.events(change.order, change.recorded))
        for number, change in enumerate(changes, start=1)
    ]
    assert publish(records) == {"batchItemFailures": []}
    assert [one.shop_id for one in queue.sent] == ["demo"]
    assert len(bus.events) == 3
    assert [(letter["sequence_number"], letter["why"]) for letter in aside.letters()] == [
        ("1", "UnreadableSubscription"),
        ("3", "UnreadableSubscription"),
    ]
    metrics = [json.loads(line) for line in capsys.readouterr().out.splitlines() if "_aws" in line]
    assert sum(metrics[-1]["EventsUnreadable"]) == 2


def good_and_bad(*numbers: int, bad: int) -> list[dict[str, Any]]:
    change = placed("demo")
    (good,) = items.events(change.order, change.recorded)
    return [record(n, {"pk": {"S": "nonsense"}} if n == bad else good) for n in numbers]


def test_an_unreadable_record_is_put_aside_and_holds_up_no_other(
    bus: FakeOutlet, aside: Aside, capsys: pytest.CaptureFixture[str]
) -> None:
    records = good_and_bad(1, 2, 3, bad=2)
    assert publish(records) == {"batchItemFailures": []}
    assert len(bus.events) == 2
    keys = {name: key["S"] for name, key in records[1]["dynamodb"]["Keys"].items()}
    assert aside.letters() == [
        {
            "unreadable_event": keys,
            "why": "ValueError",
            "event_id": records[1]["eventID"],
            "sequence_number": "2",
        }
    ]
    metrics = [json.loads(line) for line in capsys.readouterr().out.splitlines() if "_aws" in line]
    assert (metrics[-1]["EventsUnreadable"], metrics[-1]["EventsPublished"]) == ([1.0], [2.0])


def test_an_unreadable_record_that_can_not_be_put_aside_is_asked_for_again(
    bus: FakeOutlet, aside: Aside
) -> None:
    aside.client.delete_queue(QueueUrl=aside.url)
    assert publish(good_and_bad(1, 2, 3, bad=2)) == {"batchItemFailures": [{"itemIdentifier": "2"}]}


@pytest.mark.parametrize(("bad", "letters"), [(1, 1), (3, 0)])
def test_what_comes_back_with_other_events_is_put_aside_then(
    bus: FakeOutlet, aside: Aside, bad: int, letters: int
) -> None:
    """Nothing is put aside twice because what stands before it could not go out."""
    bus.room = 0
    assert publish(good_and_bad(1, 2, 3, bad=bad)) == {
        "batchItemFailures": [{"itemIdentifier": "2" if bad == 1 else "1"}]
    }
    assert len(aside.letters()) == letters


def test_an_event_too_large_for_the_bus_goes_out_without_its_data(bus: FakeOutlet) -> None:
    change = placed("demo", lines=5000)
    publish([record(1, *items.events(change.order, change.recorded))])
    detail = json.loads(bus.events[0].detail)
    assert (detail["truncated"], detail["data"]) == (True, {})
    assert detail["sequence"] == 1


def test_events_reach_the_bus_in_calls_of_ten(application: Application) -> None:
    client = boto3.client("events")
    client.create_event_bus(Name="orders")
    calls: list[int] = []
    client.meta.events.register(
        "before-parameter-build.events.PutEvents",
        lambda params, **_: calls.append(len(params["Entries"])),
    )
    event = OutgoingEvent(
        type="order.paid", occurred_at="2026-11-21T12:00:00.000Z", resource="demo/1", detail="{}"
    )
    assert EventBridgeBus(client, "orders").publish([event] * 23) == Published(23)
    assert calls == [10, 10, 3]


def test_large_events_travel_in_smaller_calls(application: Application) -> None:
    client = boto3.client("events")
    client.create_event_bus(Name="large")
    calls: list[int] = []
    client.meta.events.register(
        "before-parameter-build.events.PutEvents",
        lambda params, **_: calls.append(len(params["Entries"])),
    )
    event = OutgoingEvent(
        type="order.placed",
        occurred_at="2026-11-21T12:00:00.000Z",
        resource="demo/1",
        detail=json.dumps({"x": "y" * 100_000}),
    )
    EventBridgeBus(client, "large").publish([event] * 5)
    assert calls == [2, 2, 1]
