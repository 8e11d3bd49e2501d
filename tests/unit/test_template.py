"""What the template grants and promises, read from the template itself."""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from orderhub.adapters.dynamodb import client as dynamodb
from orderhub.services.desk import MAX_SECONDS
from tests.support.table import ROOT, template

RESOURCES: dict[str, dict[str, Any]] = template()["Resources"]
FUNCTIONS = {
    name: resource["Properties"]
    for name, resource in RESOURCES.items()
    if resource["Type"] == "AWS::Serverless::Function"
}


def statements(function: str) -> list[dict[str, Any]]:
    return [policy["Statement"] for policy in FUNCTIONS[function]["Policies"]]


def actions(statement: dict[str, Any]) -> list[str]:
    action = statement["Action"]
    return [action] if isinstance(action, str) else list(action)


@pytest.mark.parametrize("function", FUNCTIONS)
def test_no_function_has_a_wildcard_or_may_scan(function: str) -> None:
    for statement in statements(function):
        assert statement["Resource"] != "*"
        for action in actions(statement):
            assert "*" not in action
            assert action.lower() != "dynamodb:scan"


@pytest.mark.parametrize("function", FUNCTIONS)
def test_every_function_says_what_it_is_for(function: str) -> None:
    assert FUNCTIONS[function]["Description"]


def test_nothing_in_the_code_scans_the_table() -> None:
    for source in (ROOT / "layers/core/orderhub").rglob("*.py"):
        text = source.read_text(encoding="utf-8")
        assert ".scan(" not in text, source
        # The direction of a query is called so too.
        text = text.replace("Scanner", "").replace("ScanIndexForward", "")
        assert "Scan" not in text, source


def test_every_function_folder_is_deployed_and_has_a_payload() -> None:
    folders = {
        str(app.parent.relative_to(ROOT / "functions"))
        for app in (ROOT / "functions").glob("*/*/app.py")
    }
    deployed = {
        properties["CodeUri"].removeprefix("functions/") for properties in FUNCTIONS.values()
    }
    payloads = {
        str(path.relative_to(ROOT / "events").with_suffix(""))
        for path in (ROOT / "events").glob("*/*.json")
    }
    assert folders == deployed == payloads


def test_every_payload_of_an_http_function_is_for_its_route() -> None:
    for properties in FUNCTIONS.values():
        route = properties.get("Events", {}).get("Request", {}).get("Properties")
        if route is None:
            continue
        name = properties["CodeUri"].removeprefix("functions/")
        event = json.loads((ROOT / "events" / f"{name}.json").read_text(encoding="utf-8"))
        assert event["routeKey"] == f"{route['Method']} {route['Path']}"


def test_handlers_are_read_at_one_glance() -> None:
    for app in (ROOT / "functions").glob("*/*/app.py"):
        assert len(app.read_text(encoding="utf-8").splitlines()) <= 30, app


def test_the_table_can_be_restored_and_is_encrypted() -> None:
    table = RESOURCES["Table"]
    assert table["DeletionPolicy"] == "Retain"
    properties = table["Properties"]
    assert properties["PointInTimeRecoverySpecification"]["PointInTimeRecoveryEnabled"] is True
    assert properties["SSESpecification"]["SSEEnabled"] is True


def test_events_that_can_not_be_published_are_kept_and_raise_an_alarm() -> None:
    stream = FUNCTIONS["PublishEvents"]["Events"]["Stream"]["Properties"]
    assert stream["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
    assert stream["DestinationConfig"]["OnFailure"]["Destination"] == "UnpublishedEvents.Arn"
    alarms = [r for r in RESOURCES.values() if r["Type"] == "AWS::CloudWatch::Alarm"]
    assert any(
        {"Name": "QueueName", "Value": "UnpublishedEvents.QueueName"}
        in a["Properties"]["Dimensions"]
        for a in alarms
    )


def test_no_machine_path_or_registry_stands_in_what_we_pin() -> None:
    for lock in (
        *Path(ROOT, "requirements").glob("*.txt"),
        *Path(ROOT, "layers/dependencies").glob("*.txt"),
    ):
        text = lock.read_text(encoding="utf-8")
        assert "://" not in text, lock
        assert "--hash=sha256:" in text, lock


ALARMS = [
    name for name, resource in RESOURCES.items() if resource["Type"] == "AWS::CloudWatch::Alarm"
]


@pytest.mark.parametrize("alarm", ALARMS)
def test_every_alarm_wakes_somebody_who_finds_it_in_the_runbook(alarm: str) -> None:
    assert RESOURCES[alarm]["Properties"]["AlarmActions"]
    runbook = (ROOT / "docs/RUNBOOK.md").read_text(encoding="utf-8")
    assert f"## {alarm}\n" in runbook


def test_schedules_are_named_for_their_stack() -> None:
    """A schedule's name is unique in its account and region; SAM leaves the stack out of it."""
    for resource in RESOURCES.values():
        if resource["Type"] == "AWS::Serverless::StateMachine":
            schedule = resource["Properties"]["Events"]["Schedule"]["Properties"]
            assert schedule["Name"].startswith("${AWS::StackName}-")


def test_a_table_that_does_not_answer_leaves_time_to_say_so() -> None:
    """Two attempts of a read timeout each, for the reads before a commit, fit into the function."""
    config: Any = dynamodb.connect().meta.config
    call = config.retries["total_max_attempts"] * (config.connect_timeout + config.read_timeout)
    timeout = template()["Globals"]["Function"]["Timeout"]
    assert call <= timeout / 2
    assert MAX_SECONDS + call < timeout


def test_a_batch_that_hangs_does_not_take_the_closing_machine_with_it() -> None:
    machine = yaml.safe_load((ROOT / "workflows/close_due.asl.yaml").read_text(encoding="utf-8"))
    batch = machine["States"]["CloseBatches"]["ItemProcessor"]["States"]["CloseBatch"]
    (retry,) = batch["Retry"]
    attempts = 1 + retry["MaxAttempts"]
    longest = attempts * batch["TimeoutSeconds"] + retry["MaxAttempts"] * retry["MaxDelaySeconds"]
    assert longest < machine["TimeoutSeconds"] / 2
    assert FUNCTIONS["CloseDue"]["Timeout"] < batch["TimeoutSeconds"]
    assert machine["TimeoutSeconds"] <= 300
