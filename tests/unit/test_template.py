"""What the template grants and promises, read from the template itself."""

import importlib
import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from orderhub.adapters.dynamodb import client as dynamodb
from orderhub.adapters.dynamodb import keys
from orderhub.domain.order import DeadlineKind
from orderhub.http.answering import SLASH
from orderhub.services import close_due
from orderhub.services.authenticate_signed import PURPOSE
from orderhub.services.desk import MAX_SECONDS
from orderhub.services.manage_payment_accounts import NEEDS
from orderhub.services.payment_accounts import PURPOSE as PAYMENT_NOTIFICATIONS
from orderhub.settings import networks_in
from orderhub_cli.connection import (
    DEAD_DELIVERIES_TAG,
    DELIVERIES_TAG,
    DUE_SHARDS_TAG,
    EVENT_BUS_TAG,
    SECRETS_KEY_TAG,
    WEBHOOK_NETWORKS_TAG,
)
from tests.support.table import ROOT, template

RESOURCES: dict[str, dict[str, Any]] = template()["Resources"]
FUNCTIONS = {
    name: resource["Properties"]
    for name, resource in RESOURCES.items()
    if resource["Type"] == "AWS::Serverless::Function"
}


def statements(function: str) -> list[dict[str, Any]]:
    """What it is granted."""
    found = [policy["Statement"] for policy in FUNCTIONS[function]["Policies"]]
    return [statement for statement in found if statement["Effect"] == "Allow"]


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


@pytest.mark.parametrize("provider", NEEDS)
def test_functions_with_notifications_open_the_secrets_of_accounts_that_have_any(
    provider: str,
) -> None:
    folder = f"functions/payment_webhooks/{provider}"
    (name,) = (name for name, each in FUNCTIONS.items() if each["CodeUri"] == folder)
    allowed = [each["Condition"] for each in statements(name) if actions(each) == ["kms:Decrypt"]]
    condition = {"StringEquals": {"kms:EncryptionContext:purpose": PAYMENT_NOTIFICATIONS}}
    assert allowed == ([condition] if NEEDS[provider].has_secrets else [])


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
    assert properties["SSESpecification"]["SSEType"] == "KMS"


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


def test_every_event_that_is_not_quiet_is_published_from_the_first_on() -> None:
    """Also those that were written before there was a function to publish them, and for as long
    as the queue may be out."""
    stream = FUNCTIONS["PublishEvents"]["Events"]["Stream"]["Properties"]
    (pattern,) = stream["FilterCriteria"]["Filters"]
    assert json.loads(pattern["Pattern"]) == {
        "eventName": ["INSERT"],
        "dynamodb": {
            "Keys": {"sk": {"S": [{"prefix": "EVENT#"}]}},
            "NewImage": {keys.QUIET: {"BOOL": [{"exists": False}]}},
        },
    }
    assert stream["StartingPosition"] == "TRIM_HORIZON"
    assert stream["MaximumRecordAgeInSeconds"] >= 6 * 3600


def test_what_a_queue_hands_out_is_hidden_while_its_function_may_run() -> None:
    """For six times as long, as Lambda wants it, and no message holds up others."""
    source = FUNCTIONS["DeliverWebhook"]["Events"]["Queue"]["Properties"]
    assert source["Queue"] == "Deliveries.Arn"
    assert source["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
    hidden = RESOURCES["Deliveries"]["Properties"]["VisibilityTimeout"]
    longest = 6 * FUNCTIONS["DeliverWebhook"]["Timeout"]
    assert hidden >= longest + source["MaximumBatchingWindowInSeconds"]


@pytest.mark.parametrize("queue", ["Deliveries", "DeadDeliveries"])
def test_what_subscribers_are_to_be_told_is_kept_for_two_weeks_and_encrypted(queue: str) -> None:
    properties = RESOURCES[queue]["Properties"]
    assert properties["MessageRetentionPeriod"] == 14 * 24 * 3600
    assert properties["SqsManagedSseEnabled"] is True
    if queue.startswith("Dead"):
        assert alarms_on("ApproximateNumberOfMessagesVisible", "QueueName", f"{queue}.QueueName")
    else:
        dead = properties["RedrivePolicy"]["deadLetterTargetArn"]
        assert dead == f"Dead{queue}.Arn"


def test_queues_and_bus_take_what_the_functions_send_and_nobody_else_s() -> None:
    """Who may is said by roles alone."""
    types = {resource["Type"] for resource in RESOURCES.values()}
    assert not types & {"AWS::SQS::QueuePolicy", "AWS::Events::EventBusPolicy"}


def test_there_is_a_bus_only_for_those_who_want_one() -> None:
    """Each event on it costs more than telling a subscriber."""
    assert template()["Parameters"]["PublishToEventBus"]["Default"] == "false"
    assert RESOURCES["EventBus"]["Condition"] == "HasEventBus"
    for name, function in FUNCTIONS.items():
        variables = function.get("Environment", {}).get("Variables", {})
        puts = {action for each in statements(name) for action in actions(each)}
        assert ("EVENT_BUS_NAME" in variables) == ("events:PutEvents" in puts), name


def test_nothing_is_traced_or_told_by_lambda_itself_that_nobody_asked_for() -> None:
    assert template()["Parameters"]["Tracing"]["Default"] == "PassThrough"
    logging = template()["Globals"]["Function"]["LoggingConfig"]
    assert (logging["SystemLogLevel"], logging["ApplicationLogLevel"]) == ("WARN", "INFO")


def test_the_table_says_by_which_bus_and_queues_subscribers_are_told() -> None:
    tags = {tag["Key"]: tag["Value"] for tag in RESOURCES["Table"]["Properties"]["Tags"]}
    assert tags[EVENT_BUS_TAG] == "EventBus"
    assert tags[DELIVERIES_TAG] == "Deliveries"
    assert tags[DEAD_DELIVERIES_TAG] == "DeadDeliveries"


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


def test_webhooks_go_to_no_private_network_that_nobody_allowed() -> None:
    """Whoever subscribes beside the functions is refused what they refuse."""
    parameter = template()["Parameters"]["WebhookPrivateNetworks"]
    assert networks_in(parameter["Default"]) == ()
    tag = {"Key": WEBHOOK_NETWORKS_TAG, "Value": "WebhookPrivateNetworks"}
    assert tag in RESOURCES["Table"]["Properties"]["Tags"]
    for function in FUNCTIONS.values():
        given = function.get("Environment", {}).get("Variables", {})
        assert given.get("WEBHOOK_PRIVATE_NETWORKS", tag["Value"]) == tag["Value"]


@pytest.mark.parametrize(
    ("networks", "is_taken"),
    [
        ("none", True),
        ("10.1.0.0/16", True),
        ("10.1.0.0/16 fd12::/48", True),
        ("", False),
        ("10.1.0.0", False),
        # No tag may hold a comma.
        ("10.1.0.0/16,10.2.0.0/16", False),
    ],
)
def test_private_networks_are_given_as_tags_can_hold_them(networks: str, *, is_taken: bool) -> None:
    pattern = template()["Parameters"]["WebhookPrivateNetworks"]["AllowedPattern"]
    assert bool(re.search(pattern, networks)) == is_taken


def test_the_key_for_secrets_is_never_lost_with_the_stack() -> None:
    key = RESOURCES["SecretsKey"]
    assert key["DeletionPolicy"] == key["UpdateReplacePolicy"] == "Retain"
    assert key["Properties"]["EnableKeyRotation"] is True


def test_functions_open_secrets_for_a_purpose_and_two_make_some() -> None:
    makers = set()
    for function in FUNCTIONS:
        for statement in statements(function):
            if any(action.startswith("kms:") for action in actions(statement)):
                assert set(actions(statement)) <= {"kms:Decrypt", "kms:Encrypt"}, function
                assert statement["Resource"] == "SecretsKey.Arn", function
                condition = statement["Condition"]["StringEquals"]
                assert condition["kms:EncryptionContext:purpose"], function
                if "kms:Encrypt" in actions(statement):
                    makers.add(function)
    assert makers == {"YouhaosudaCreateWebhook", "YouhaosudaUpdateWebhook"}


ALARMS = [
    name for name, resource in RESOURCES.items() if resource["Type"] == "AWS::CloudWatch::Alarm"
]


@pytest.mark.parametrize("alarm", ALARMS)
def test_every_alarm_wakes_somebody_who_finds_it_in_the_runbook(alarm: str) -> None:
    # One takes back a release while it goes out, and `make deploy` says so.
    wakes = alarm != "ReleaseFaultsAlarm"
    assert bool(RESOURCES[alarm]["Properties"].get("AlarmActions")) == wakes
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


MACHINES = {
    resource["Properties"]["DefinitionSubstitutions"]["DeadlineKind"]: (name, resource)
    for name, resource in RESOURCES.items()
    if resource["Type"] == "AWS::Serverless::StateMachine"
}


def alarms_on(metric: str, name: str, value: str) -> list[dict[str, Any]]:
    return [
        resource["Properties"]
        for resource in RESOURCES.values()
        if resource["Type"] == "AWS::CloudWatch::Alarm"
        and resource["Properties"].get("MetricName") == metric
        and {"Name": name, "Value": value} in resource["Properties"].get("Dimensions", [])
    ]


def test_however_much_is_due_only_so_many_orders_are_written_at_once() -> None:
    machine = yaml.safe_load((ROOT / "workflows/close_due.asl.yaml").read_text(encoding="utf-8"))
    assert 1 <= machine["States"]["CloseBatches"]["MaxConcurrency"] * close_due.AT_ONCE <= 20


def test_every_kind_of_deadline_has_a_machine() -> None:
    assert set(MACHINES) == {kind.value for kind in DeadlineKind}
    (definition,) = {machine["Properties"]["DefinitionUri"] for _, machine in MACHINES.values()}
    assert definition == "workflows/close_due.asl.yaml"


@pytest.mark.parametrize("kind", DeadlineKind)
def test_closing_that_is_late_fails_or_does_not_run_raises_an_alarm(kind: DeadlineKind) -> None:
    name, machine = MACHINES[kind.value]
    schedule = machine["Properties"]["Events"]["Schedule"]["Properties"]["ScheduleExpression"]
    count, unit = schedule.removeprefix("rate(").removesuffix(")").split()
    interval = int(count) * {"minute": 60, "minutes": 60, "hour": 3600}[unit]

    (lag,) = alarms_on("DueLag", "kind", kind.value)
    # One run that is missed is nothing yet, and silence is not golden.
    assert 2 * interval <= lag["Threshold"] <= 5 * interval
    assert lag["Period"] >= interval
    assert lag["TreatMissingData"] == "breaching"
    (failed,) = alarms_on("DueFailed", "kind", kind.value)
    (runs,) = alarms_on("ExecutionsFailed", "StateMachineArn", name)
    (timeouts,) = alarms_on("ExecutionsTimedOut", "StateMachineArn", name)
    assert [each["Threshold"] for each in (failed, runs, timeouts)] == [0, 0, 0]


def test_damaged_deadlines_of_whatever_kind_raise_an_alarm() -> None:
    (unreadable,) = alarms_on("DueUnreadable", "service", "AWS::StackName")
    assert unreadable["Threshold"] == 0
    assert len(unreadable["Dimensions"]) == 1


def test_unpaid_orders_that_are_closed_late_raise_an_alarm() -> None:
    (late,) = alarms_on("ClosingLag", "kind", DeadlineKind.PAYMENT.value)
    assert late["Threshold"] == 300
    assert late["Statistic"] == "Maximum"
    # Most minutes nothing is closed.
    assert late["TreatMissingData"] == "notBreaching"


# -- limits ----------------------------------------------------------------------------------------

API: dict[str, Any] = RESOURCES["Api"]["Properties"]
ROUTES = {
    f"{event['Properties']['Method']} {event['Properties']['Path']}": name
    for name, function in FUNCTIONS.items()
    for event in function.get("Events", {}).values()
    if event["Type"] == "HttpApi"
}
GATEWAY_SECONDS = 30
"""After which API Gateway answers 503 whatever the function does."""
PAYLOAD_BYTES = 6 * 1024 * 1024
"""Of a whole event that Lambda takes, with the body in base64 at worst."""


def test_every_limit_of_a_route_is_of_a_route_that_there_is() -> None:
    limits = API["RouteSettings"]
    assert set(limits) <= set(ROUTES)
    default = API["DefaultRouteSettings"]
    for route, limit in limits.items():
        assert 0 < limit["ThrottlingRateLimit"] < default["ThrottlingRateLimit"], route
        assert limit["ThrottlingRateLimit"] <= limit["ThrottlingBurstLimit"], route


def test_what_is_dear_or_could_be_guessed_at_is_limited() -> None:
    """Functions that send mail or make documents, and those that trade secrets for tokens."""
    dear = {
        name
        for name, function in FUNCTIONS.items()
        if "MAIL_SENDER" in function.get("Environment", {}).get("Variables", {})
        or "DocumentsLayer" in function.get("Layers", [])
        or name == "YouhaosudaIssueToken"
    }
    assert len(dear) >= 4
    for route, name in ROUTES.items():
        if name in dear:
            assert route in API["RouteSettings"], route


def test_a_function_gives_up_before_the_gateway_does() -> None:
    default = template()["Globals"]["Function"]["Timeout"]
    for name in ROUTES.values():
        assert FUNCTIONS[name].get("Timeout", default) < GATEWAY_SECONDS, name


def test_no_api_takes_bodies_that_could_not_reach_its_function() -> None:
    readers = [
        importlib.import_module(f"orderhub.{module}")
        for package in ("wire", "payments", "pages")
        for path in (ROOT / "layers/core/orderhub" / package).rglob("*.py")
        if "max_body_bytes: Final" in (text := path.read_text(encoding="utf-8"))
        or "max_body_bytes: ClassVar" in text
        for module in [
            ".".join(path.relative_to(ROOT / "layers/core/orderhub").with_suffix("").parts)
        ]
    ]
    limits = [
        limit
        for module in readers
        for each in vars(module).values()
        if isinstance(limit := getattr(each, "max_body_bytes", None), int)
    ]
    assert len(limits) >= len(readers) >= 10
    assert max(limits) <= PAYLOAD_BYTES / 2


def test_what_reads_queues_takes_no_more_places_than_it_is_given() -> None:
    """So that a flood of events leaves room for requests."""
    places = 0
    for function in FUNCTIONS.values():
        for event in function.get("Events", {}).values():
            if event["Type"] == "SQS":
                places += event["Properties"]["ScalingConfig"]["MaximumConcurrency"]
    assert 0 < places <= 200


PERSONAL = ("sourceIp", "userAgent", "path", "authorizer", "identity", "header", "queryString")


def test_the_access_log_says_what_was_refused_and_nothing_of_whom() -> None:
    settings = API["AccessLogSettings"]
    assert settings["DestinationArn"] == "AccessLogs.Arn"
    assert RESOURCES["AccessLogs"]["Properties"]["RetentionInDays"] == "LogRetentionDays"
    variables = re.findall(r"\$context\.([A-Za-z.]+)", settings["Format"])
    assert {"routeKey", "status", "error.responseType"} <= {*variables}
    assert not [each for each in variables if any(word in each for word in PERSONAL)]
    assert json.loads(settings["Format"])
    assert RESOURCES["ThrottledRequests"]["Properties"]["LogGroupName"] == "AccessLogs"


@pytest.mark.parametrize("alarm", ["ThrottledRequests", "FunctionThrottles", "TableThrottles"])
def test_what_is_throttled_raises_an_alarm(alarm: str) -> None:
    assert RESOURCES[f"{alarm}Alarm"]["Properties"]["TreatMissingData"] == "notBreaching"


# -- roles that only AWS enforces ------------------------------------------------------------------


def test_closing_machines_may_call_what_their_definition_calls_and_nothing_else() -> None:
    text = (ROOT / "workflows/close_due.asl.yaml").read_text(encoding="utf-8")
    called = {
        name.removesuffix("FunctionArn") for name in re.findall(r"\$\{(\w+FunctionArn)\}", text)
    }
    role = RESOURCES["ClosingRole"]["Properties"]
    (policy,) = role["Policies"]
    invoking, delivering = policy["PolicyDocument"]["Statement"]
    assert invoking["Action"] == "lambda:InvokeFunction"
    assert invoking["Resource"] == sorted(f"{name}.Alias" for name in called)[::-1]
    services = set(re.findall(r"arn:\$\{Partition\}:states:::(\w+):", text))
    assert services == {"lambda"}
    # Log delivery and tracing, which have no resources to name.
    assert {action.partition(":")[0] for action in delivering["Action"]} == {"logs", "xray"}
    (trust,) = role["AssumeRolePolicyDocument"]["Statement"]
    assert trust["Principal"] == {"Service": "states.amazonaws.com"}


def test_no_role_may_hand_on_a_role_or_change_what_roles_may_do() -> None:
    granted = [
        action for name in FUNCTIONS for each in statements(name) for action in actions(each)
    ]
    for policy in RESOURCES["ClosingRole"]["Properties"]["Policies"]:
        for statement in policy["PolicyDocument"]["Statement"]:
            granted += actions(statement)
    assert not [action for action in granted if action.partition(":")[0] in ("iam", "sts")]
    roles = [name for name, each in RESOURCES.items() if each["Type"] == "AWS::IAM::Role"]
    assert roles == ["ClosingRole"]


def test_only_the_closing_machine_goes_by_a_role_that_is_not_made_for_it_alone() -> None:
    """SAM makes the others: a role for each function, which its own stream or queue is read with,
    and one for each schedule, which may start its machine."""
    for name, function in FUNCTIONS.items():
        assert "Role" not in function, name
    for _, machine in MACHINES.values():
        assert machine["Properties"]["Role"] == "ClosingRole.Arn"
        assert "RoleArn" not in machine["Properties"]["Events"]["Schedule"]["Properties"]


@pytest.mark.parametrize(
    "function",
    sorted(
        name
        for name, function in FUNCTIONS.items()
        if {"SQS", "DynamoDB"} & {event["Type"] for event in function.get("Events", {}).values()}
    ),
)
def test_a_function_that_reads_a_queue_or_a_stream_reads_no_other(function: str) -> None:
    """SAM attaches policies of AWS to such roles that grant all queues, or all streams."""
    (event,) = FUNCTIONS[function]["Events"].values()
    source = event["Properties"].get("Queue") or event["Properties"]["Stream"]
    denied = [
        policy["Statement"]
        for policy in FUNCTIONS[function]["Policies"]
        if policy["Statement"]["Effect"] == "Deny"
    ]
    assert [each["NotResource"] for each in denied] == [source]
    reading = {
        "SQS": {"sqs:DeleteMessage", "sqs:GetQueueAttributes", "sqs:ReceiveMessage"},
        "DynamoDB": {"dynamodb:DescribeStream", "dynamodb:GetRecords", "dynamodb:GetShardIterator"},
    }
    assert {*actions(denied[0])} == reading[event["Type"]]
