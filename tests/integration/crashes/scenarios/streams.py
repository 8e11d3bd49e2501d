"""The table's stream and the queues."""

import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

from orderhub.adapters.dynamodb import items, stream
from orderhub.domain.commands import Change
from orderhub.domain.subscription import Subscription, SubscriptionKind
from orderhub.ports import LateOrder
from orderhub.services import index_numbers, rank_orders, reconcile
from orderhub.services.subscriptions import NewSubscription, subscribe
from tests.integration.crashes.callers import Batch, InTurn
from tests.integration.crashes.scenario import Scenario
from tests.integration.crashes.setting import order, shop
from tests.integration.crashes.stage import ENDPOINT, SENDS, SHOP, Stage
from tests.support.api import payload
from tests.support.orders import placed
from tests.support.table import streamed

GROUP = "streams"


def changes(stage: Stage, count: int) -> list[Change]:
    return [placed(SHOP, at=stage.now, tail=tail) for tail in range(1, count + 1)]


def event_of(change: Change) -> dict[str, Any]:
    """An order's first event."""
    (item,) = items.events(change.order, change.recorded)
    found: dict[str, Any] = json.loads(stream.outgoing(item)[0].detail)
    return found


def subscribed(stage: Stage, kind: str = "standard", url: str = ENDPOINT) -> Subscription:
    wanted = NewSubscription(kind=SubscriptionKind(kind), url=url, topics=("*",))
    return subscribe(stage.application.subscription_desk, SHOP, wanted).subscription


def publishes(stage: Stage) -> Batch:
    """Two calls' worth of events to the bus, three to the queue; one nobody can read."""
    shop(stage)
    subscribed(stage)
    subscribed(stage, "youhaosuda")
    images = [*(items.events(each.order, each.recorded)[0] for each in changes(stage, 12))]
    images[4] = {"pk": {"S": "nonsense"}}
    records = []
    for number, image in enumerate(images, start=1):
        record = payload("streams/publish_events")["Records"][0]
        record["dynamodb"] |= {"NewImage": streamed(image), "SequenceNumber": str(number)}
        records.append(record)
    return Batch("streams/publish_events", records)


def lays(stage: Stage) -> InTurn:
    """Two milestones, and an index of numbers that takes up and merges. What one batch missed, the
    next one finds."""
    for module in (rank_orders, reconcile):
        stage.patch.setattr(module, "STEP", 2)
    for name, size in {"SMALLEST": 2, "FAN": 2, "LARGEST": 4, "UNINDEXED": 0}.items():
        stage.patch.setattr(index_numbers, name, size)
    shop(stage)
    made = [order(stage, age=3600, tail=tail) for tail in range(1, 4)]
    for _ in range(2):
        index_numbers.index_numbers(stage.application.desk, SHOP)
    made += [order(stage, age=1800, tail=tail) for tail in range(4, 6)]
    late = order(stage, age=7200, tail=6)
    # As whoever made it noted it before.
    note = LateOrder(late.id, late.number, stage.now - timedelta(hours=1))
    stage.application.desk.numbers.note_late(SHOP, note)
    record = payload("streams/lay_milestones")["Records"][0]
    record["dynamodb"]["Keys"]["pk"]["S"] = f"SHOP#{SHOP}#ORDER#{made[0].id}"
    return InTurn([Batch("streams/lay_milestones", [record])] * 2)


def delivers(stage: Stage, *wanted: tuple[Subscription, str]) -> Batch:
    """A message for each subscription and topic about one order."""
    made = placed(SHOP, at=stage.now)
    stage.application.desk.orders.commit(made)
    template = payload("streams/deliver_webhook")["Records"][0]
    records = []
    for subscription, topic in wanted:
        body = {
            "shop_id": SHOP,
            "subscription_id": subscription.id,
            "topic": topic,
            "queued_at": stage.now.isoformat(),
            "event": event_of(made),
        }
        name = f"{subscription.id} {topic}"
        receipt = _receipt(stage)
        records.append(
            {**template, "messageId": name, "receiptHandle": receipt, "body": json.dumps(body)}
        )
    return Batch("streams/deliver_webhook", records, is_queue=True)


def _receipt(stage: Stage) -> str:
    """Of a message that the deliveries' queue has handed out."""
    queue = stage.application.delivery_queue
    client: Any = queue._client  # type: ignore[attr-defined]
    url = stage.application.settings.deliveries_queue
    client.send_message(QueueUrl=url, MessageBody="{}")
    (message,) = client.receive_message(QueueUrl=url, VisibilityTimeout=3600)["Messages"]
    receipt: str = message["ReceiptHandle"]
    return receipt


def delivered(stage: Stage) -> Batch:
    shop(stage)
    return delivers(stage, (subscribed(stage), "order.placed"))


def delivered_with_its_order(stage: Stage) -> Batch:
    shop(stage)
    return delivers(stage, (subscribed(stage, "youhaosuda"), "orders/create"))


def delivered_at_last(stage: Stage) -> Batch:
    """The endpoint refuses it once."""
    shop(stage)
    stage.endpoint = [500, 204]
    return delivers(stage, (subscribed(stage), "order.placed"))


def delivered_together(stage: Stage) -> Batch:
    shop(stage)
    both: Sequence[Subscription] = [subscribed(stage), subscribed(stage, url=f"{ENDPOINT}/2")]
    return delivers(stage, *((each, "order.placed") for each in both))


def logged_together(stage: Stage) -> Batch:
    """Two messages to one subscriber, which takes both."""
    shop(stage)
    made = subscribed(stage, "youhaosuda")
    return delivers(stage, (made, "orders/create"), (made, "orders/update"))


def given_up(stage: Stage) -> Batch:
    """The endpoint has refused everything for too long."""
    shop(stage)
    stage.endpoint = [500]
    made = subscribed(stage)
    failing = replace(made, failing_since=stage.now - timedelta(days=4))
    stage.application.subscriptions.replace(made, failing)
    return delivers(stage, (made, "order.placed"))


SCENARIOS = [
    Scenario(GROUP, "publish", "PublishEvents", publishes),
    Scenario(GROUP, "lay milestones", "LayMilestones", lays),
    Scenario(GROUP, "deliver", "DeliverWebhook", delivered),
    Scenario(GROUP, "deliver with its order", "DeliverWebhook", delivered_with_its_order),
    Scenario(GROUP, "deliver at last", "DeliverWebhook", delivered_at_last),
    Scenario(GROUP, "deliver together", "DeliverWebhook", delivered_together, in_any_order=True),
    Scenario(GROUP, "log together", "DeliverWebhook", logged_together, in_any_order=True),
    # An attempt that never gets there is one more failure, and tells the endpoint nothing.
    Scenario(GROUP, "give up", "DeliverWebhook", given_up, spared=frozenset({SENDS})),
]
