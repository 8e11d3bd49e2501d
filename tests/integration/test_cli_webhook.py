"""``orderhub webhook`` and ``orderhub republish`` on an emulated table."""

import json
import shlex
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import boto3
import pytest
from standardwebhooks import Webhook

from orderhub import bootstrap
from orderhub.adapters import eventbridge, sqs
from orderhub.adapters.system import SystemClock
from orderhub.bootstrap import Application
from orderhub.domain.delivery import DeliveryState
from orderhub.services.subscriptions import unsealed
from orderhub_cli import connection
from tests.integration.test_cli import Operator
from tests.integration.test_cli import _environment as _environment
from tests.integration.test_cli import operator as operator
from tests.integration.test_cli import orderhub as orderhub
from tests.integration.test_webhooks_in_the_table import ATTEMPT, Queues
from tests.support.fakes import NOON
from tests.support.orders import placed
from tests.support.table import ROOT
from tests.support.webhooks import FakeEndpoint, order_event

URL = "http://127.0.0.1:9099/orders"


@pytest.fixture
def queues(
    operator: Operator,
    orderhub: Application,
    table: Any,
    secrets_key: str,
    monkeypatch: pytest.MonkeyPatch,
) -> Queues:
    """A shop, and a table with the template's tags."""
    client, bus = boto3.client("sqs"), boto3.client("events")
    name = f"bus-{uuid4().hex[:8]}"
    bus.create_event_bus(Name=name)
    made = Queues(
        client,
        *(client.create_queue(QueueName=f"q-{uuid4().hex}")["QueueUrl"] for _ in range(2)),
    )
    found = table.describe_table(TableName=orderhub.settings.table_name)["Table"]
    tags = {
        connection.SECRETS_KEY_TAG: secrets_key,
        connection.WEBHOOK_NETWORKS_TAG: "127.0.0.0/8",
        connection.EVENT_BUS_TAG: name,
        connection.DELIVERIES_TAG: made.live,
        connection.DEAD_DELIVERIES_TAG: made.dead,
    }
    table.tag_resource(
        ResourceArn=found["TableArn"],
        Tags=[{"Key": key, "Value": value} for key, value in tags.items()],
    )
    monkeypatch.setattr(sqs, "connect", lambda: client)
    monkeypatch.setattr(eventbridge, "connect", lambda: bus)
    operator.make_shop()
    return made


def add(operator: Operator, *options: str) -> Any:
    topics = options or ("--topic", "*")
    return operator.ask("webhook", "add", "demo", URL, *topics)


def test_a_webhook_is_added_listed_and_shown_without_its_secret(
    operator: Operator, queues: Queues
) -> None:
    made = add(operator, "--topic", "order.paid", "--label", "ERP")
    assert made["secret"].startswith("whsec_")
    assert (made["kind"], made["topics"], made["is_enabled"]) == ("standard", ["order.paid"], True)
    (listed,) = operator.ask("webhook", "list", "demo")["webhooks"]
    assert listed == {name: value for name, value in made.items() if name != "secret"}
    shown = operator.run("webhook", "show", "demo", str(made["id"])).stdout
    assert "order.paid" in shown
    assert made["secret"] not in shown


def test_the_secret_is_printed_once_for_people_too(operator: Operator, queues: Queues) -> None:
    said = operator.run("webhook", "add", "demo", URL, "--topic", "*").stdout
    assert "Secret: whsec_" in said
    assert "can't be shown again" in said


def test_a_subscriber_may_bring_its_secret(
    operator: Operator, orderhub: Application, queues: Queues, tmp_path: Path
) -> None:
    file = tmp_path / "secret"
    file.write_text("shop-token-0001\n")
    options = ("--kind", "youhaosuda", "--topic", "orders/paid", "--secret-file", str(file))
    made = operator.ask("webhook", "add", "demo", URL, *options)
    found = orderhub.subscriptions.get("demo", made["id"])
    assert found
    assert [one.text for one in unsealed(orderhub.vault, found)] == ["shop-token-0001"]


@pytest.mark.parametrize(
    ("url", "topic", "said"),
    [
        ("https://10.1.2.3/", "*", "url"),
        ("http://erp.example/", "*", "must be https"),
        ("no url", "*", "url"),
        (URL, "order.bought", "no such topic"),
    ],
)
def test_what_can_not_be_subscribed_is_refused(
    operator: Operator, queues: Queues, url: str, topic: str, said: str
) -> None:
    assert said in operator.complaint("webhook", "add", "demo", url, "--topic", topic)
    assert operator.ask("webhook", "list", "demo")["webhooks"] == []


def test_a_webhook_is_changed_switched_off_and_on_and_removed(
    operator: Operator, queues: Queues
) -> None:
    made = str(add(operator)["id"])
    changed = operator.ask("webhook", "change", "demo", made, "--topic", "order.paid")
    assert (changed["topics"], changed["url"]) == (["order.paid"], URL)
    assert operator.ask("webhook", "disable", "demo", made)["is_enabled"] is False
    assert "off (operator)" in operator.run("webhook", "list", "demo").stdout
    assert operator.ask("webhook", "enable", "demo", made)["is_enabled"] is True
    operator.run("webhook", "remove", "demo", made)
    assert "does not exist" in operator.complaint("webhook", "show", "demo", made)
    operator.complaint("webhook", "change", "demo", made, exit_code=2)


def test_a_rotated_secret_is_printed_and_the_old_one_signs_on_unless_it_leaked(
    operator: Operator, orderhub: Application, queues: Queues
) -> None:
    made = add(operator)

    def held() -> list[str]:
        found = orderhub.subscriptions.get("demo", made["id"])
        assert found
        return [one.text for one in unsealed(orderhub.vault, found)]

    rotate = ("webhook", "rotate-secret", "demo", str(made["id"]))
    second = operator.ask(*rotate)["secret"]
    assert held() == [second, made["secret"]]
    third = operator.ask(*rotate, "--at-once")["secret"]
    assert held() == [third]


def test_deliveries_are_shown_page_by_page(
    operator: Operator, orderhub: Application, queues: Queues
) -> None:
    made = add(operator)
    for second in range(3):
        at = f"2026-11-21T12:00:0{second}.000Z"
        delivery = replace(ATTEMPT, subscription_id=made["id"], occurred_at=at)
        orderhub.delivery_log.record(delivery, kept_until=NOON)
    shown = ("webhook", "deliveries", "demo", str(made["id"]))
    first = operator.ask(*shown, "--limit", "2")
    rest = operator.ask(*shown, "--before", first["next"])
    assert [one["occurred_at"][17:19] for one in first["deliveries"]] == ["02", "01"]
    assert len(rest["deliveries"]) == 1
    assert rest["next"] is None
    said = operator.run(*shown, "--limit", "2").stdout
    assert "http_500" in said
    assert "--before" in said


def test_events_are_sent_again_one_or_all_of_a_time(
    operator: Operator, orderhub: Application, queues: Queues
) -> None:
    made = str(add(operator, "--topic", "order.placed")["id"])
    changes = [placed(tail=tail) for tail in (1, 2)]
    for change in changes:
        orderhub.desk.orders.commit(change)
    resend = ("webhook", "resend", "demo", made)
    assert operator.ask(*resend, "--event", f"{changes[0].order.id}/1") == {"queued": 1}
    assert operator.ask(*resend, "--since", "2026-11-21T12:00:00Z") == {"queued": 2}
    assert operator.ask(*resend, "--order", changes[0].order.number) == {"queued": 1}
    until = ("--until", "2026-11-21T11:59:59Z")
    assert operator.ask(*resend, "--since", "2026-11-21T11:00:00Z", *until) == {"queued": 0}
    assert len(queues.bodies(queues.live)) == 4
    operator.run("webhook", "disable", "demo", made)
    assert "off" in operator.complaint(*resend, "--since", "2026-11-21T12:00:00Z")
    for wrong in ((), ("--event", "4"), ("--since", "noon"), ("--until", "2026-11-21T12:00:00Z")):
        operator.complaint(*resend, *wrong, exit_code=2)
    backwards = ("--since", "2026-11-21T12:00:00Z", *until)
    assert "before --since" in operator.complaint(*resend, *backwards, exit_code=2)


def test_what_was_given_up_is_queued_again(operator: Operator, queues: Queues) -> None:
    for shop in ("demo", "demo", "other"):
        content = {
            "shop_id": shop,
            "subscription_id": 7,
            "topic": "order.paid",
            "queued_at": NOON.isoformat(),
            "event": order_event(),
        }
        queues.put(queues.dead, json.dumps(content))
    redrive = ("webhook", "redrive")
    assert operator.ask(*redrive, "--shop", "demo", "--webhook", "8") == {"queued": 0}
    assert operator.ask(*redrive, "--shop", "demo") == {"queued": 2}
    assert operator.ask(*redrive) == {"queued": 1}
    operator.complaint(*redrive, "--webhook", "7", exit_code=2)
    assert "shop nosuch does not exist" in operator.complaint(*redrive, "--shop", "nosuch")


@pytest.mark.parametrize("has_bus", [True, False])
def test_all_events_of_a_time_are_told_again(
    operator: Operator, orderhub: Application, queues: Queues, table: Any, *, has_bus: bool
) -> None:
    if not has_bus:
        found = table.describe_table(TableName=orderhub.settings.table_name)["Table"]
        table.untag_resource(ResourceArn=found["TableArn"], TagKeys=[connection.EVENT_BUS_TAG])
    made = add(operator)
    orderhub.desk.orders.commit(placed())
    republish = ("republish", "demo", "--since")
    assert operator.ask(*republish, "2026-11-21T12:00:00Z") == {"published": 1}
    (queued,) = queues.bodies(queues.live)
    assert (queued["subscription_id"], queued["topic"]) == (made["id"], "order.placed")
    assert "Published 0 events" in operator.run(*republish, "2026-11-22T12:00:00Z").stdout
    backwards = ("2026-11-21T12:00:00Z", "--until", "2026-11-21T11:00:00Z")
    assert "before --since" in operator.complaint(*republish, *backwards, exit_code=2)
    nowhere = ("republish", "nosuch", "--since", "2026-11-21T12:00:00Z")
    assert "shop nosuch does not exist" in operator.complaint(*nowhere)


def test_a_table_without_tags_is_told_apart(operator: Operator, orderhub: Application) -> None:
    operator.make_shop()
    assert connection.DELIVERIES_TAG in operator.complaint("webhook", "redrive")
    assert connection.SECRETS_KEY_TAG in operator.complaint(
        "webhook", "add", "demo", URL, "--topic", "*"
    )


def test_the_examples_in_the_handbook_work(
    operator: Operator, orderhub: Application, queues: Queues
) -> None:
    order = placed()
    orderhub.desk.orders.commit(order)
    handbook = (ROOT / "docs" / "WEBHOOKS.md").read_text(encoding="utf-8")
    written = [line for line in handbook.splitlines() if line.startswith("./orderhub ")]
    assert len(written) > 10
    for line in written:
        if line.startswith("./orderhub webhook test "):
            continue  # nobody delivers anything here
        # Some remove it.
        made = str(add(operator)["id"])
        command = shlex.split(line)[1:]
        told = {
            "https://erp.example/orders": URL,
            "3475921619881989": made,
            "3475921619899999/4": f"{order.order.id}/1",
            "R3475921619899999": order.order.number,
        }
        operator.run(*(told.get(word, word) for word in command))


@pytest.fixture
def stack(orderhub: Application, queues: Queues, monkeypatch: pytest.MonkeyPatch) -> FakeEndpoint:
    """A subscriber's endpoint, told of what is queued whenever somebody waits for it."""
    endpoint = FakeEndpoint()
    application = Application(orderhub.settings, webhook_client=endpoint)

    def deliver(_: object, __: float) -> None:
        for body in queues.bodies(queues.live):
            queued = bootstrap.queued_delivery(json.dumps(body))
            outcome = application.deliverer.deliver(queued, 1)
            if outcome.unlogged:
                application.deliverer.log([outcome.unlogged])

    monkeypatch.setattr(SystemClock, "sleep", deliver)
    return endpoint


def test_a_test_message_goes_the_way_of_all_and_says_what_came_of_it(
    operator: Operator, stack: FakeEndpoint
) -> None:
    secure = URL.replace("http:", "https:")
    made = operator.ask("webhook", "add", "demo", secure, "--topic", "order.paid")
    test = ("webhook", "test", "demo", str(made["id"]))

    told = operator.ask(*test)
    assert told["delivery"]["state"] == "delivered"
    ((url, headers, body),) = stack.sent
    assert url == secure
    assert json.loads(body)["type"] == "webhook.test"
    Webhook(made["secret"]).verify(body, dict(headers))
    assert "answered 204" in operator.run(*test).stdout

    stack.answers, stack.says = [500], "no way"
    assert "http_500: no way" in operator.complaint(*test)
    shown = operator.ask("webhook", "show", "demo", str(made["id"]))
    assert shown["failing_since"] is None
    (last, *_) = operator.ask("webhook", "deliveries", "demo", str(made["id"]))["deliveries"]
    assert (last["state"], last["next_at"]) == ("skipped", None)


def test_a_test_that_nobody_delivers_or_that_shows_an_order_says_so(
    operator: Operator, queues: Queues, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = str(add(operator)["id"])
    monkeypatch.setattr(SystemClock, "sleep", lambda *_: None)
    assert "within 1s" in operator.complaint("webhook", "test", "demo", made, "--wait", "1s")
    other = add(operator, "--kind", "youhaosuda", "--topic", "orders/paid")
    assert "resend" in operator.complaint("webhook", "test", "demo", str(other["id"]))
    operator.run("webhook", "disable", "demo", made)
    assert "off" in operator.complaint("webhook", "test", "demo", made)


def test_deliveries_are_found_by_state_time_and_order(
    operator: Operator, orderhub: Application, queues: Queues
) -> None:
    made = add(operator)
    orders = [placed(tail=tail, at=NOON + timedelta(seconds=tail)) for tail in range(1, 5)]
    for change, state in zip(orders, ("dead", "delivered", "dead", "retrying"), strict=True):
        orderhub.desk.orders.commit(change)
        (event,) = orderhub.desk.orders.outgoing("demo", change.order.id)
        detail = json.loads(event.detail)
        delivery = replace(
            ATTEMPT,
            subscription_id=made["id"],
            topic="order.placed",
            event_id=detail["id"],
            occurred_at=detail["occurred_at"],
            state=DeliveryState(state),
        )
        orderhub.delivery_log.record(delivery, kept_until=NOON)
    ids = [f"demo/{change.order.id}/1" for change in orders]

    def found(*options: str) -> list[str]:
        told = operator.ask("webhook", "deliveries", "demo", str(made["id"]), *options)
        return [each["event_id"] for each in told["deliveries"]]

    assert found("--state", "dead") == [ids[2], ids[0]]
    assert found("--since", "2026-11-21T12:00:02Z", "--until", "2026-11-21T12:00:03Z") == [
        ids[2],
        ids[1],
    ]
    assert found("--order", orders[1].order.number) == [ids[1]]
    assert found("--order", orders[1].order.number, "--state", "dead") == []
    shown = ("webhook", "deliveries", "demo", str(made["id"]), "--state", "dead", "--limit", "1")
    first = operator.ask(*shown)
    rest = operator.ask(*shown, "--before", first["next"])
    assert [each["event_id"] for each in rest["deliveries"]] == [ids[0]]
    assert "--before" in operator.complaint(*shown, "--before", "nothing", exit_code=2)
    told = operator.ask("order", "timeline", "demo", orders[1].order.number, "--deliveries")
    assert [each["state"] for each in told["entries"][0]["deliveries"]] == ["delivered"]
    said = operator.run("order", "timeline", "demo", orders[1].order.number, "--deliveries").stdout
    assert f"{made['id']}: delivered" in said
