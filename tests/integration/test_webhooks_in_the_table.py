"""Subscriptions, the log of deliveries and the queues, emulated, and the functions over them."""

import json
import random
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import boto3
import pytest
from standardwebhooks import Webhook

from local.subscriber import Subscriber, subscriber
from orderhub import bootstrap
from orderhub.adapters import sqs
from orderhub.adapters.dynamodb import keys
from orderhub.adapters.sqs import SqsDeliveries
from orderhub.bootstrap import Application
from orderhub.domain.delivery import Delivery, DeliveryState, taken_together
from orderhub.domain.errors import Unavailable
from orderhub.domain.subscription import Subscription, SubscriptionKind
from orderhub.ports import (
    DeliveryLog,
    IdTaken,
    OutgoingEvent,
    QueuedDelivery,
    Subscriptions,
    UnreadableSubscription,
    VersionConflict,
)
from orderhub.services.subscriptions import NewSubscription, Subscribed, subscribe
from tests.support.api import invoke, payload
from tests.support.fakes import NOON
from tests.support.table import template
from tests.support.webhooks import URL, order_event

MADE = Subscription(
    shop_id="demo",
    id=3475921619880001,
    kind=SubscriptionKind.STANDARD,
    url=URL,
    topics=("order.paid", "order.expired"),
    created_at=NOON,
    updated_at=NOON,
)
ATTEMPT = Delivery(
    shop_id="demo",
    subscription_id=MADE.id,
    topic="order.paid",
    event_id="demo/3475921619881989/4",
    event_type="order.paid",
    occurred_at="2026-11-21T11:59:58.000Z",
    state=DeliveryState.RETRYING,
    at=NOON,
    status=500,
    reason="http_500",
    seconds=0.25,
    next_at=NOON + timedelta(seconds=5),
)


@dataclass
class Queues:
    client: Any
    live: str
    dead: str

    @property
    def deliveries(self) -> SqsDeliveries:
        return SqsDeliveries(self.client, self.live, self.dead)

    def bodies(self, url: str) -> list[Any]:
        found: list[Any] = []
        while messages := self.client.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get(
            "Messages"
        ):
            found += [json.loads(message["Body"]) for message in messages]
        return found

    def put(self, url: str, body: str) -> None:
        self.client.send_message(QueueUrl=url, MessageBody=body)


@pytest.fixture
def queues(table: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Queues]:
    client = boto3.client("sqs")
    urls = [client.create_queue(QueueName=f"q-{uuid4().hex}")["QueueUrl"] for _ in range(2)]
    monkeypatch.setenv("DELIVERIES_QUEUE", urls[0])
    monkeypatch.setenv("WEBHOOK_PRIVATE_NETWORKS", "127.0.0.0/8")
    monkeypatch.setattr(sqs, "connect", lambda: client)
    yield Queues(client, *urls)
    for url in urls:
        client.delete_queue(QueueUrl=url)


@pytest.fixture
def office(queues: Queues, application: Application) -> Application:
    """The application as functions see it that deliver."""
    return application


@pytest.fixture
def subscriptions(application: Application) -> Subscriptions:
    return application.subscriptions


@pytest.fixture
def log(application: Application) -> DeliveryLog:
    return application.delivery_log


# -- subscriptions ---------------------------------------------------------------------------------


def test_a_subscription_is_read_as_it_was_written(subscriptions: Subscriptions) -> None:
    assert subscriptions.get("demo", MADE.id) is None
    subscriptions.add(MADE, b"\x00sealed")
    found = subscriptions.get("demo", MADE.id)
    assert found
    assert (found.subscription, found.sealed) == (MADE, b"\x00sealed")
    assert subscriptions.get("other", MADE.id) is None


def test_an_id_is_taken_once(subscriptions: Subscriptions) -> None:
    subscriptions.add(MADE, b"first")
    with pytest.raises(IdTaken):
        subscriptions.add(MADE, b"second")
    found = subscriptions.get("demo", MADE.id)
    assert found
    assert found.sealed == b"first"


def test_several_subscriptions_are_read_at_once(subscriptions: Subscriptions) -> None:
    others = replace(MADE, shop_id="other")
    for one in (MADE, others):
        subscriptions.add(one, b"s")
    names = {(MADE.shop_id, MADE.id), (others.shop_id, others.id), ("demo", 7)}
    found = subscriptions.recent(names)
    assert {name: each.subscription for name, each in found.items()} == {
        (MADE.shop_id, MADE.id): MADE,
        (others.shop_id, others.id): others,
    }
    assert subscriptions.recent(set()) == {}


@pytest.mark.parametrize("damage", [{"body": {"S": "{"}}, {"body": {"S": "{}"}}, {}])
def test_a_damaged_subscription_is_told_from_one_that_is_gone(
    subscriptions: Subscriptions, application: Application, damage: dict[str, Any]
) -> None:
    key = {"pk": keys.subscriptions("demo"), "sk": keys.subscription(MADE.id)}
    item = {name: {"S": value} for name, value in key.items()}
    application._dynamodb.put_item(
        TableName=application.settings.table_name, Item={**item, **damage, "sealed": {"B": b"s"}}
    )
    for read in (lambda: subscriptions.get("demo", MADE.id), lambda: subscriptions.of_shop("demo")):
        with pytest.raises(UnreadableSubscription):
            read()
    assert subscriptions.recent({("demo", MADE.id)}) == {}


def test_a_shop_s_subscriptions_come_by_id_and_none_of_other_shops(
    subscriptions: Subscriptions,
) -> None:
    later = replace(MADE, id=MADE.id + 1)
    for one in (later, MADE, replace(MADE, shop_id="demo2")):
        subscriptions.add(one, b"s")
    assert subscriptions.of_shop("demo") == [MADE, later]


@pytest.mark.parametrize("label", ["", "x" * 5000])
def test_a_change_keeps_the_secret_unless_another_is_given(
    subscriptions: Subscriptions, label: str
) -> None:
    subscriptions.add(MADE, b"old")
    long, short = replace(MADE, label="y" * 5000, version=2), replace(MADE, label=label, version=3)
    subscriptions.replace(MADE, long)
    found = subscriptions.get("demo", MADE.id)
    assert found
    assert (found.subscription, found.sealed) == (long, b"old")
    subscriptions.replace(long, short, b"new")
    found = subscriptions.get("demo", MADE.id)
    assert found
    assert (found.subscription, found.sealed) == (short, b"new")


def test_what_changed_since_it_was_read_is_neither_replaced_nor_removed(
    subscriptions: Subscriptions,
) -> None:
    subscriptions.add(MADE, b"s")
    changed = replace(MADE, label="theirs", version=2)
    subscriptions.replace(MADE, changed)
    with pytest.raises(VersionConflict):
        subscriptions.replace(MADE, replace(MADE, label="ours", version=2))
    with pytest.raises(VersionConflict):
        subscriptions.remove(MADE)
    subscriptions.remove(changed)
    with pytest.raises(VersionConflict):
        subscriptions.replace(changed, replace(changed, version=3))
    assert subscriptions.of_shop("demo") == []


# -- the log ---------------------------------------------------------------------------------------


def test_attempts_add_up_and_the_last_one_counts(log: DeliveryLog) -> None:
    for _ in range(3):
        log.record(ATTEMPT, kept_until=NOON)
    done = replace(
        ATTEMPT,
        state=DeliveryState.DELIVERED,
        at=NOON + timedelta(minutes=1),
        status=204,
        reason="",
        next_at=None,
    )
    log.record(done, kept_until=NOON)
    assert log.page("demo", MADE.id, limit=10).deliveries == (replace(done, attempts=4),)


def test_the_log_is_read_page_by_page_newest_first(log: DeliveryLog) -> None:
    times = [f"2026-11-21T12:00:{second:02d}.000Z" for second in range(5)]
    for at in times:
        log.record(replace(ATTEMPT, occurred_at=at), kept_until=NOON)
    log.record(replace(ATTEMPT, subscription_id=7), kept_until=NOON)
    seen: list[str] = []
    cursor = None
    while True:
        page = log.page("demo", MADE.id, limit=2, cursor=cursor)
        seen += [one.occurred_at for one in page.deliveries]
        cursor = page.cursor
        if cursor is None:
            break
    assert seen == times[::-1]


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("limit", [1, 7, 100])
def test_what_was_logged_together_reads_as_if_each_had_been_logged(
    log: DeliveryLog, seed: int, limit: int
) -> None:
    """Newest first, every event once, whichever page it comes on, and however often it was told."""
    chance = random.Random(seed)  # noqa: S311 - a shuffle
    every = [
        replace(
            ATTEMPT,
            state=DeliveryState.DELIVERED,
            event_id=f"demo/{chance.randrange(12)}/1",
            occurred_at=f"2026-11-21T12:00:{chance.randrange(20):02d}.000Z",
            at=NOON + timedelta(seconds=number),
            status=200,
            reason="",
            next_at=None,
        )
        for number in range(60)
    ]
    wanted: dict[tuple[str, str], Delivery] = {}
    for one in every:
        key = (one.occurred_at, one.event_id)
        before = wanted[key].attempts if key in wanted else 0
        wanted[key] = replace(one, attempts=before + 1)
    while every:
        count = min(len(every), chance.randrange(1, 11))
        batch, every = every[:count], every[count:]
        for group in taken_together(batch):
            if len(group) == 1:
                log.record(group[0], kept_until=NOON)
            else:
                log.record_together(group, kept_until=NOON)
    seen: list[Delivery] = []
    cursor = None
    while True:
        page = log.page("demo", MADE.id, limit=limit, cursor=cursor)
        assert len(page.deliveries) <= limit
        seen += page.deliveries
        cursor = page.cursor
        if cursor is None:
            break
    assert seen == [wanted[key] for key in sorted(wanted, reverse=True)]


def test_an_attempt_that_failed_shows_behind_a_success_of_before(log: DeliveryLog) -> None:
    """As when an operator sends it again."""
    done = replace(ATTEMPT, state=DeliveryState.DELIVERED, status=200, reason="", next_at=None)
    other = replace(done, event_id="demo/3475921619881989/5")
    log.record_together([other, done], kept_until=NOON)
    failed_later = replace(ATTEMPT, at=NOON + timedelta(seconds=1))
    log.record(failed_later, kept_until=NOON)
    page = log.page("demo", MADE.id, limit=10)
    assert page.deliveries == (other, replace(failed_later, attempts=2))


def test_a_cursor_that_is_none_is_refused(log: DeliveryLog) -> None:
    with pytest.raises(ValueError, match="nonsense"):
        log.page("demo", MADE.id, limit=1, cursor="nonsense")


def test_the_table_forgets_deliveries(
    log: DeliveryLog, table: Any, application: Application
) -> None:
    log.record(ATTEMPT, kept_until=NOON + timedelta(days=30))
    both = [ATTEMPT, replace(ATTEMPT, topic="*")]
    log.record_together(both, kept_until=NOON + timedelta(days=30))
    items = logged(table, application)
    ttl = template()["Resources"]["Table"]["Properties"]["TimeToLiveSpecification"]
    forgotten = {
        datetime.fromtimestamp(int(item[ttl["AttributeName"]]["N"]), UTC) for item in items
    }
    assert (len(items), forgotten) == (2, {NOON + timedelta(days=30)})


def logged(table: Any, application: Application) -> list[Any]:
    """The log's items."""
    return [
        item
        for item in table.scan(TableName=application.settings.table_name)["Items"]
        if "#DELIVERIES#" in item["pk"]["S"]
    ]


# -- the queues ------------------------------------------------------------------------------------


def queued(sequence: int = 4, **data: Any) -> QueuedDelivery:
    event = order_event(sequence, **data)
    return QueuedDelivery("demo", MADE.id, "order.paid", NOON, event)


def test_a_delivery_comes_out_of_the_queue_as_it_went_in(queues: Queues) -> None:
    queues.deliveries.send([queued(note="韩梅梅")])
    (message,) = queues.client.receive_message(QueueUrl=queues.live)["Messages"]
    assert sqs.queued_delivery(message["Body"]) == queued(note="韩梅梅")


def test_a_delivery_may_hold_what_the_queue_takes_for_no_characters(queues: Queues) -> None:
    queues.deliveries.send([queued(note="a\uffffb\ufffe")])
    (message,) = queues.client.receive_message(QueueUrl=queues.live)["Messages"]
    assert not {"\ufffe", "\uffff"} & {*message["Body"]}
    assert sqs.queued_delivery(message["Body"]) == queued(note="a\uffffb\ufffe")


def test_many_and_large_deliveries_go_in_batches_that_fit(queues: Queues) -> None:
    large = [queued(index, note="x" * 100_000) for index in range(5)]
    small = [queued(index) for index in range(5, 30)]
    queues.deliveries.send([*large, *small])
    found = {body["event"]["sequence"] for body in queues.bodies(queues.live)}
    assert found == set(range(30))


def test_dead_deliveries_are_taken_up_and_buried_or_put_back(queues: Queues) -> None:
    for sequence in range(25):
        content = {
            "shop_id": "demo",
            "subscription_id": MADE.id,
            "topic": "order.paid",
            "queued_at": NOON.isoformat(),
            "event": order_event(sequence),
        }
        queues.put(queues.dead, json.dumps(content))
    queues.put(queues.dead, "no delivery")
    found = list(queues.deliveries.dead())
    assert {one.delivery.event["sequence"] for one in found} == set(range(25))
    queues.deliveries.bury([one.receipt for one in found[:20]])
    queues.deliveries.put_back([one.receipt for one in found[20:]])
    left = list(queues.deliveries.dead())
    assert {one.delivery.event["sequence"] for one in left} == {
        one.delivery.event["sequence"] for one in found[20:]
    }


# -- the functions ---------------------------------------------------------------------------------


def subscribed(office: Application, url: str, *topics: str) -> Subscribed:
    wanted = NewSubscription(
        kind=SubscriptionKind.STANDARD, url=url, topics=topics or ("order.paid",)
    )
    return subscribe(office.subscription_desk, "demo", wanted)


def published(*sequences: int, **data: Any) -> None:
    """Events of an order of the demo shop, as the stream's function tells of them."""
    events = [
        OutgoingEvent(
            type="order.paid",
            occurred_at="2026-11-21T11:59:58.000Z",
            resource="demo/3475921619881989",
            detail=json.dumps(order_event(sequence, **data)),
        )
        for sequence in sequences
    ]
    assert not bootstrap.application().publisher.publish(events).failure


def delivered(*bodies: str, attempt: int = 1, receipt: str = "r") -> Any:
    record = payload("streams/deliver_webhook")["Records"][0]
    attributes = {**record["attributes"], "ApproximateReceiveCount": str(attempt)}
    records = [
        {
            **record,
            "messageId": f"m{index}",
            "body": body,
            "attributes": attributes,
            "receiptHandle": receipt,
        }
        for index, body in enumerate(bodies)
    ]
    return invoke("streams/deliver_webhook", {"Records": records})


def failed(*message_ids: str) -> dict[str, Any]:
    return {"batchItemFailures": [{"itemIdentifier": found} for found in message_ids]}


@pytest.fixture
def listener() -> Iterator[Subscriber]:
    with subscriber() as listening:
        yield listening


def queue_bodies(office: Application, queues: Queues, *sequences: int) -> list[str]:
    published(*sequences)
    return [json.dumps(body) for body in queues.bodies(queues.live)]


def test_a_batch_is_delivered_signed_and_logged_in_one_write(
    office: Application, queues: Queues, listener: Subscriber, table: Any
) -> None:
    made = subscribed(office, listener.url)
    bodies = queue_bodies(office, queues, *range(1, 11))
    assert delivered(*bodies) == failed()
    told = {
        Webhook(made.secret).verify(one.body, dict(one.headers))["sequence"]
        for one in listener.told
    }
    assert told == set(range(1, 11))
    page = office.delivery_log.page("demo", made.subscription.id, limit=20)
    assert [(one.state, one.attempts) for one in page.deliveries] == [
        (DeliveryState.DELIVERED, 1)
    ] * 10
    assert len(logged(table, office)) == 1


def test_what_can_not_be_logged_counts_as_not_attempted(
    office: Application, queues: Queues, listener: Subscriber, monkeypatch: pytest.MonkeyPatch
) -> None:
    subscribed(office, listener.url)

    def silent(*_: object, **__: object) -> None:
        raise Unavailable("the table did not answer")

    bodies = queue_bodies(office, queues, 1, 2)
    monkeypatch.setattr(office.delivery_log, "record_together", silent)
    assert delivered("{}", *bodies) == failed("m0", "m1", "m2")
    assert len(listener.taken) == 2


def test_what_failed_is_handed_out_again_later(office: Application, queues: Queues) -> None:
    with subscriber(lambda _: 503) as listener:
        subscribed(office, listener.url)
        (body,) = queue_bodies(office, queues, 4)
        queues.put(queues.live, body)
        (message,) = queues.client.receive_message(QueueUrl=queues.live)["Messages"]
        receipt = message["ReceiptHandle"]
        assert delivered(body, receipt=receipt) == failed("m0")
        assert delivered(body, attempt=12, receipt=receipt) == failed("m0")
        # The last attempt leaves it to the queue to give it up, at once.
        assert "Messages" in queues.client.receive_message(QueueUrl=queues.live)


@pytest.mark.parametrize(
    "nonsense",
    [
        {"shop_id": None},
        {"shop_id": ["demo"]},
        {"shop_id": "x" * 3000},
        {"subscription_id": [7]},
        {"subscription_id": "7"},
        {"subscription_id": -1},
        {"subscription_id": 10**3000},
        {"queued_at": "2026-11-21T12:00:00"},
        {"queued_at": 7},
        {"event": {}},
        {"event": None},
    ],
    ids=lambda nonsense: f"{nonsense}"[:40],
)
def test_a_delivery_that_nobody_can_read_holds_up_no_other(
    office: Application, queues: Queues, listener: Subscriber, nonsense: dict[str, Any]
) -> None:
    subscribed(office, listener.url)
    (body,) = queue_bodies(office, queues, 4)
    bad = json.dumps({**json.loads(body), **nonsense})
    assert delivered("{}", "no JSON", bad, body) == failed("m0", "m1", "m2")
    assert len(listener.taken) == 1


def test_a_table_that_does_not_answer_makes_all_of_a_batch_come_again(
    office: Application, queues: Queues, listener: Subscriber, monkeypatch: pytest.MonkeyPatch
) -> None:
    subscribed(office, listener.url)

    def silent(*_: object) -> None:
        raise Unavailable("the table did not answer")

    bodies = queue_bodies(office, queues, 1, 2)
    monkeypatch.setattr(office.subscriptions, "recent", silent)
    assert delivered(*bodies) == failed("m0", "m1")
    assert listener.told == []


def test_logs_tell_neither_secrets_nor_addresses_nor_what_happened(
    office: Application, queues: Queues, caplog: pytest.LogCaptureFixture
) -> None:
    with subscriber(lambda count: 204 if count == 1 else 503) as listener:
        made = subscribed(office, f"{listener.url}?key=hidden")
        published(4, note="private")
        (body,) = (json.dumps(found) for found in queues.bodies(queues.live))
        assert delivered(body) == failed()
        queues.put(queues.live, body)
        (message,) = queues.client.receive_message(QueueUrl=queues.live)["Messages"]
        assert delivered(body, receipt=message["ReceiptHandle"]) == failed("m0")
        delivered("{}")
    logged = caplog.text + str([vars(record) for record in caplog.records])
    assert "order.paid" in logged
    for secret in (made.secret, "hidden", "private", "Mei Han", listener.url):
        assert secret not in logged
