"""From the table's stream to the event bus where there is one, and to whoever listens there."""

import json
import time
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest

from orderhub.adapters.dynamodb import keys
from tests.e2e.conftest import ON_THE_CLOUD, Deployment, Shop, make_order

pytestmark = ON_THE_CLOUD


class Listener:
    """A queue that a rule on the bus feeds, as a subscriber of ours would have one."""

    def __init__(self, deployment: Deployment, shop_id: str) -> None:
        self._queues = deployment.aws("sqs")
        self._events = deployment.aws("events")
        self._bus = deployment.outputs["EventBusName"]
        self._name = f"listener-{uuid4().hex[:8]}"
        self._url = self._queues.create_queue(QueueName=self._name)["QueueUrl"]
        attributes = self._queues.get_queue_attributes(
            QueueUrl=self._url, AttributeNames=["QueueArn"]
        )["Attributes"]
        arn = attributes["QueueArn"]
        pattern = {"source": ["orderhub.orders"], "detail": {"shop_id": [shop_id]}}
        rule = self._events.put_rule(
            Name=self._name, EventBusName=self._bus, EventPattern=json.dumps(pattern)
        )["RuleArn"]
        policy = {
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Effect": "Allow",
                    "Principal": {"Service": "events.amazonaws.com"},
                    "Action": "sqs:SendMessage",
                    "Resource": arn,
                    "Condition": {"ArnEquals": {"aws:SourceArn": rule}},
                }
            ],
        }
        self._queues.set_queue_attributes(
            QueueUrl=self._url, Attributes={"Policy": json.dumps(policy)}
        )
        self._events.put_targets(
            Rule=self._name, EventBusName=self._bus, Targets=[{"Id": "queue", "Arn": arn}]
        )

    def hear(self, count: int, patience: float = 30) -> list[dict[str, Any]]:
        """At least ``count`` different events, in the order of their sequence."""
        heard: dict[str, dict[str, Any]] = {}
        end = time.monotonic() + patience
        while len(heard) < count:
            assert time.monotonic() < end, f"only {sorted(heard)} came"
            answer = self._queues.receive_message(
                QueueUrl=self._url, MaxNumberOfMessages=10, WaitTimeSeconds=1
            )
            for message in answer.get("Messages", []):
                event = json.loads(message["Body"])
                heard[event["detail"]["id"]] = event
        return sorted(heard.values(), key=lambda event: event["detail"]["sequence"])

    def hear_more(self, seconds: float) -> set[str]:
        """The ids of whatever comes within ``seconds``."""
        heard = set()
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            answer = self._queues.receive_message(
                QueueUrl=self._url, MaxNumberOfMessages=10, WaitTimeSeconds=1, VisibilityTimeout=0
            )
            for message in answer.get("Messages", []):
                heard.add(json.loads(message["Body"])["detail"]["id"])
        return heard

    def close(self) -> None:
        self._events.remove_targets(Rule=self._name, EventBusName=self._bus, Ids=["queue"])
        self._events.delete_rule(Name=self._name, EventBusName=self._bus)
        self._queues.delete_queue(QueueUrl=self._url)


@pytest.fixture
def listener(deployment: Deployment, shop: Shop) -> Iterator[Listener]:
    listener = Listener(deployment, shop.id)
    yield listener
    listener.close()


def test_every_event_of_an_order_reaches_the_bus_with_its_sequence(
    shop: Shop, listener: Listener
) -> None:
    with shop.client() as api:
        order = make_order(api, pieces=1)
        path = f"/orders/{order['id']}"
        api.post(f"{path}/pay", json={"merchant_trade_no": "T1", "payment": "12"})
        api.post(f"{path}/complete")
    heard = listener.hear(6)
    assert [event["detail-type"] for event in heard] == [
        "order.placed",
        "order.lines_added",
        "payment.captured",
        "order.paid",
        "payment.overpaid",
        "order.completed",
    ]
    details = [event["detail"] for event in heard]
    assert [detail["sequence"] for detail in details] == [1, 2, 3, 4, 5, 6]
    assert {detail["order_id"] for detail in details} == {order["id"]}
    assert details[0]["id"] == f"{shop.id}/{order['id']}/1"
    assert details[4]["data"] == {"excess": [200, "CNY"]}
    assert heard[0]["source"] == "orderhub.orders"
    assert heard[0]["resources"] == [f"{shop.id}/{order['id']}"]


def test_repeats_that_change_nothing_tell_nothing(shop: Shop, listener: Listener) -> None:
    with shop.client() as api:
        order = make_order(api)
        for _ in range(3):
            api.post(
                f"/orders/{order['id']}/pay", json={"merchant_trade_no": "T1", "payment": "50"}
            )
    heard = {event["detail"]["id"] for event in listener.hear(4)}
    assert len(heard) == 4
    assert listener.hear_more(seconds=3) <= heard


def test_an_item_that_is_no_event_is_filtered_out_and_an_unreadable_one_ends_in_the_dead_letters(
    deployment: Deployment, shop: Shop, listener: Listener
) -> None:
    queues = deployment.aws("sqs")
    url = deployment.outputs["UnpublishedEventsUrl"]
    unreadable = f"SHOP#{shop.id}#ORDER#nonsense"
    deployment.table.put_item(
        TableName=deployment.outputs["TableName"],
        Item={"pk": {"S": unreadable}, "sk": {"S": keys.event(1)}},
    )
    end = time.monotonic() + 60
    while True:
        answer = queues.receive_message(
            QueueUrl=url, MaxNumberOfMessages=10, WaitTimeSeconds=1, VisibilityTimeout=1
        )
        ours = [m for m in answer.get("Messages", []) if unreadable in m["Body"]]
        if ours:
            break
        assert time.monotonic() < end, "the unreadable record never reached the dead letters"
    letter = json.loads(ours[0]["Body"])
    assert letter["unreadable_event"] == {"pk": unreadable, "sk": keys.event(1)}
    for message in ours:
        queues.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
    # The stream goes on behind it.
    with shop.client() as api:
        make_order(api)
    assert len(listener.hear(2)) == 2
