"""What the template grants and promises, read from the template itself."""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from orderhub.adapters.dynamodb import client as dynamodb
from orderhub.http.endpoint import SLASH
from orderhub.services.authenticate_signed import PURPOSE
from orderhub.services.desk import MAX_SECONDS
from orderhub_cli.connection import DUE_SHARDS_TAG, SECRETS_KEY_TAG
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


REJECTED = "/api/store/v1/{proxy+}"
"""What no operation of this API takes is told in its own envelope."""


def test_routes_that_take_a_slash_at_the_end_take_nothing_else() -> None:
    """What such a route calls ``slash`` the endpoint answers as a path without a route."""
    for properties in FUNCTIONS.values():
        for event in properties.get("Events", {}).values():
            path = event["Properties"].get("Path", "")
            if path == REJECTED:
                continue
            assert "+}" not in path or path.endswith(f"/{{{SLASH}+}}"), path


SIGNED = sorted(
    str(app.parent.relative_to(ROOT))
    for app in (ROOT / "functions").glob("*/*/app.py")
    if "signed_endpoint" in app.read_text(encoding="utf-8")
)


@pytest.mark.parametrize("folder", SIGNED)
def test_functions_with_signed_requests_open_secrets_for_that_alone(folder: str) -> None:
    (name,) = (name for name, each in FUNCTIONS.items() if each["CodeUri"] == folder)
    (decrypts,) = (each for each in statements(name) if actions(each) == ["kms:Decrypt"])
    condition = {"StringEquals": {"kms:EncryptionContext:purpose": PURPOSE}}
    assert decrypts["Condition"] == condition


@pytest.mark.parametrize("folder", [folder for folder in SIGNED if "/get_" in folder])
def test_functions_that_read_signed_requests_write_nonces_alone(folder: str) -> None:
    (name,) = (name for name, each in FUNCTIONS.items() if each["CodeUri"] == folder)
    (writes,) = (each for each in statements(name) if "dynamodb:PutItem" in actions(each))
    keys = {"ForAllValues:StringLike": {"dynamodb:LeadingKeys": "NONCE#*"}}
    assert (actions(writes), writes["Condition"]) == (["dynamodb:PutItem"], keys)


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


def test_the_table_says_into_how_many_shards_its_deadlines_go() -> None:
    """Who writes orders beside the functions must use the shards that they sweep."""
    variables = template()["Globals"]["Function"]["Environment"]["Variables"]
    tag = {"Key": DUE_SHARDS_TAG, "Value": variables["DUE_SHARDS"]}
    assert tag in RESOURCES["Table"]["Properties"]["Tags"]


def test_the_table_says_which_key_its_secrets_are_encrypted_under() -> None:
    variables = template()["Globals"]["Function"]["Environment"]["Variables"]
    tag = {"Key": SECRETS_KEY_TAG, "Value": variables["SECRETS_KEY"]}
    assert tag in RESOURCES["Table"]["Properties"]["Tags"]


def test_the_key_for_secrets_is_never_lost_with_the_stack() -> None:
    key = RESOURCES["SecretsKey"]
    assert key["DeletionPolicy"] == key["UpdateReplacePolicy"] == "Retain"
    assert key["Properties"]["EnableKeyRotation"] is True


def test_functions_may_only_read_secrets_and_only_those_for_a_purpose() -> None:
    for function in FUNCTIONS:
        for statement in statements(function):
            if any(action.startswith("kms:") for action in actions(statement)):
                assert actions(statement) == ["kms:Decrypt"], function
                assert statement["Resource"] == "SecretsKey.Arn", function
                condition = statement["Condition"]["StringEquals"]
                assert condition["kms:EncryptionContext:purpose"], function


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
