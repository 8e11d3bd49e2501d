"""Subscriptions, the log of deliveries and the queues, emulated, and the functions over them."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import boto3
import pytest
from standardwebhooks import Webhook

from local.subscriber import Subscriber, subscriber
from orderhub.adapters import sqs
from orderhub.adapters.sqs import SqsDeliveries
from orderhub.bootstrap import Application
from orderhub.domain.delivery import Delivery, DeliveryState
from orderhub.domain.subscription import Subscription, SubscriptionKind
from orderhub.ports import DeliveryLog, IdTaken, QueuedDelivery, Subscriptions, VersionConflict
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


def test_the_table_forgets_deliveries(
    log: DeliveryLog, table: Any, application: Application
) -> None:
    log.record(ATTEMPT, kept_until=NOON + timedelta(days=30))
    (item,) = (
        item
        for item in table.scan(TableName=application.settings.table_name)["Items"]
        if "#DELIVERIES#" in item["pk"]["S"]
    )
    ttl = template()["Resources"]["Table"]["Properties"]["TimeToLiveSpecification"]
    forgotten_at = datetime.fromtimestamp(int(item[ttl["AttributeName"]]["N"]), UTC)
    assert forgotten_at == NOON + timedelta(days=30)


# -- the queues ------------------------------------------------------------------------------------


def queued(sequence: int = 4, **data: Any) -> QueuedDelivery:
    event = order_event(sequence, **data)
    return QueuedDelivery("demo", MADE.id, "order.paid", NOON, event)


def test_a_delivery_comes_out_of_the_queue_as_it_went_in(queues: Queues) -> None:
    queues.deliveries.send([queued(note="韩梅梅")])
    (message,) = queues.client.receive_message(QueueUrl=queues.live)["Messages"]
    assert sqs.queued_delivery(message["Body"]) == queued(note="韩梅梅")


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


def dispatched(*bodies: str) -> Any:
    record = payload("streams/dispatch_events")["Records"][0]
    records = [
        {**record, "messageId": f"m{index}", "body": body} for index, body in enumerate(bodies)
    ]
    return invoke("streams/dispatch_events", {"Records": records})


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


def test_the_sample_event_is_queued_for_its_subscriber(
    office: Application, queues: Queues, listener: Subscriber
) -> None:
    made = subscribed(office, listener.url).subscription
    assert invoke("streams/dispatch_events", payload("streams/dispatch_events")) == failed()
    (body,) = queues.bodies(queues.live)
    assert (body["subscription_id"], body["topic"]) == (made.id, "order.paid")


def test_what_is_no_event_holds_up_no_other(
    office: Application, queues: Queues, listener: Subscriber
) -> None:
    subscribed(office, listener.url)
    good = json.dumps({"detail": order_event()})
    bad = ("{}", "no JSON", '{"detail": {"id": 1}}')
    assert dispatched(*bad, good) == failed("m0", "m1", "m2")
    assert len(queues.bodies(queues.live)) == 1


def test_events_that_can_not_be_queued_come_again(
    office: Application, queues: Queues, listener: Subscriber
) -> None:
    subscribed(office, listener.url)
    office.delivery_queue = SqsDeliveries(queues.client, "https://sqs.example.com/1/none")
    assert dispatched(json.dumps({"detail": order_event()})) == failed("m0")


def queue_bodies(office: Application, queues: Queues, *sequences: int) -> list[str]:
    dispatched(*(json.dumps({"detail": order_event(sequence)}) for sequence in sequences))
    return [json.dumps(body) for body in queues.bodies(queues.live)]


def test_a_batch_is_delivered_and_signed(
    office: Application, queues: Queues, listener: Subscriber
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
    assert {one.state for one in page.deliveries} == {DeliveryState.DELIVERED}


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


def test_a_delivery_that_nobody_can_read_holds_up_no_other(
    office: Application, queues: Queues, listener: Subscriber
) -> None:
    subscribed(office, listener.url)
    (body,) = queue_bodies(office, queues, 4)
    assert delivered("{}", body) == failed("m0")
    assert len(listener.taken) == 1


def test_logs_tell_neither_secrets_nor_addresses_nor_what_happened(
    office: Application,
    queues: Queues,
    listener: Subscriber,
    caplog: pytest.LogCaptureFixture,
) -> None:
    made = subscribed(office, f"{listener.url}?key=hidden")
    detail = {**order_event(), "data": {"note": "private"}}
    dispatched(json.dumps({"detail": detail}))
    (body,) = (json.dumps(found) for found in queues.bodies(queues.live))
    assert delivered(body) == failed()
    delivered("{}")
    logged = caplog.text + str([vars(record) for record in caplog.records])
    assert "order.paid" in logged
    for secret in (made.secret, "hidden", "private", "Mei Han", listener.url):
        assert secret not in logged
