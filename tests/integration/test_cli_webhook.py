"""``orderhub webhook`` and ``orderhub republish`` on an emulated table."""

import json
import shlex
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import uuid4

import boto3
import pytest

from orderhub.adapters import eventbridge, sqs
from orderhub.bootstrap import Application
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
from tests.support.webhooks import order_event

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
    until = ("--until", "2026-11-21T11:59:59Z")
    assert operator.ask(*resend, "--since", "2026-11-21T11:00:00Z", *until) == {"queued": 0}
    assert len(queues.bodies(queues.live)) == 3
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
        # Some remove it.
        made = str(add(operator)["id"])
        command = shlex.split(line)[1:]
        told = {
            "https://erp.example/orders": URL,
            "3475921619881989": made,
            "3475921619899999/4": f"{order.order.id}/1",
        }
        operator.run(*(told.get(word, word) for word in command))
