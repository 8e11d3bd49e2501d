"""docs/DEPLOY.md says what is there: parameters, outputs, targets, commands, and who may deploy."""

import fnmatch
import json
import re
import tomllib
from functools import cache
from typing import Any

import pytest
import typer

from local import environments
from local.__main__ import app as local_app
from orderhub_cli.main import app as orderhub_app
from tests.support.table import ROOT, template
from tests.unit.test_release import gradually, watched_by

DOCUMENT = (ROOT / "docs/DEPLOY.md").read_text(encoding="utf-8")
POLICY = (ROOT / "docs/deployer-policy.json").read_text(encoding="utf-8")
PARAMETERS: dict[str, dict[str, Any]] = template()["Parameters"]
OUTPUTS: dict[str, Any] = template()["Outputs"]
MOST_OF_A_POLICY = 6144
"""Characters of a managed policy, blanks aside."""


def table_after(heading: str) -> list[list[str]]:
    """The cells of the first table below a heading, head and rule left out."""
    lines = DOCUMENT.partition(f"\n## {heading}\n")[2].splitlines()
    start = next(number for number, line in enumerate(lines) if line.startswith("| ---"))
    rows = []
    for line in lines[start + 1 :]:
        if not line.startswith("|"):
            break
        rows.append([cell.strip() for cell in line.strip("|").split(" | ")])
    return rows


def test_every_parameter_is_in_the_table_with_its_default_and_what_it_is_for() -> None:
    told = {
        name.strip("`"): (default, meaning) for name, default, meaning in table_after("Parameters")
    }
    assert set(told) == set(PARAMETERS)
    for name, (default, meaning) in told.items():
        assert default == (
            f"`{PARAMETERS[name]['Default']}`" if PARAMETERS[name]["Default"] != "" else "none"
        ), name
        assert meaning, name


def test_every_parameter_says_in_the_template_what_it_is_for() -> None:
    for name, parameter in PARAMETERS.items():
        assert parameter.get("Description") or name == "Architecture", name


def test_the_environments_differ_as_the_document_says() -> None:
    text = DOCUMENT.partition("| | dev | staging | prod |")[2].partition("\n\n")[0]
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in text.splitlines()[2:]]
    names = ("dev", "staging", "prod")
    read = {name: environments.read(name) for name in names}
    told = {row[0].strip("`"): dict(zip(names, row[1:], strict=True)) for row in rows}
    asked = told.pop("is asked before a change")
    config = tomllib.loads((ROOT / "samconfig.toml").read_text(encoding="utf-8"))
    for name in names:
        confirmed = config[name]["deploy"]["parameters"]["confirm_changeset"]
        assert asked[name] == ("yes" if confirmed else "no")
        for parameter, values in told.items():
            assert values[name] == f"`{read[name].parameters[parameter]}`", (name, parameter)
        # And in nothing else.
        assert set(read[name].given) <= {*told, "PythonRuntime", "Architecture"}


def test_what_stands_in_for_an_output_is_one() -> None:
    named = set(re.findall(r"<([A-Z]\w+)>", DOCUMENT))
    assert named
    assert named <= set(OUTPUTS)
    for name in re.findall(r"output `(\w+)`", DOCUMENT):
        assert name in OUTPUTS


def test_every_parameter_that_is_named_is_one() -> None:
    given = re.findall(r"`([A-Z][A-Za-z]+)=\w+`", DOCUMENT)
    assert given
    assert set(given) <= set(PARAMETERS) | {"ARGS"}


def test_every_alarm_that_is_named_is_one_that_releases_are_watched_by() -> None:
    named = set(re.findall(r"`(\w+Alarm)`", DOCUMENT))
    watched = {
        alarm
        for group in gradually().values()
        if group["Type"] == "AWS::CodeDeploy::DeploymentGroup"
        for alarm in watched_by(group)
    }
    assert named == watched


@cache
def commands(app_of: str) -> dict[str, Any]:
    """The commands of a command line, and of its groups, by name."""
    group: Any = typer.main.get_command(orderhub_app if app_of == "orderhub" else local_app)
    found: dict[str, Any] = group.commands
    return found


def test_every_command_that_is_named_is_there() -> None:
    named = re.findall(r"\./orderhub ((?:--\S+ \S+ )*)([a-z]+)(?: ([a-z-]+))?", DOCUMENT)
    assert len(named) >= 5
    for _, name, further in named:
        command = commands("orderhub")[name]
        assert further in getattr(command, "commands", [further]), f"{name} {further}"


def test_every_target_that_is_named_is_there() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = set(re.findall(r"^([a-z-]+):", makefile, re.MULTILINE))
    named = set(re.findall(r"\bmake ([a-z-]+)", "\n".join(_code())))
    assert {"deploy", "smoke", "rollback"} <= named <= targets
    for target in ("deploy", "smoke", "rollback"):
        assert target in commands("local")
        assert f"-m local {target}" in makefile


@pytest.mark.parametrize("option", ["--yes", "--rounds", "--url"])
def test_every_option_that_targets_are_given_is_one(option: str) -> None:
    of = {"--yes": ("deploy", "rollback"), "--rounds": ("smoke",), "--url": ("smoke",)}[option]
    assert option in DOCUMENT
    for name in of:
        assert option in {each for param in commands("local")[name].params for each in param.opts}


def _code() -> list[str]:
    return re.findall(r"```(?:sh|yaml)\n(.*?)```", DOCUMENT, re.DOTALL) + re.findall(
        r"`([^`\n]+)`", DOCUMENT
    )


# -- who may deploy --------------------------------------------------------------------------------

STATEMENTS: list[dict[str, Any]] = json.loads(POLICY)["Statement"]
ACTIONS = [
    action
    for statement in STATEMENTS
    for action in (
        statement["Action"] if isinstance(statement["Action"], list) else [statement["Action"]]
    )
]


def allowed(action: str) -> bool:
    return any(fnmatch.fnmatchcase(action, pattern) for pattern in ACTIONS)


def test_the_deployer_s_policy_is_one_that_iam_takes() -> None:
    assert len(re.sub(r"\s", "", POLICY)) <= MOST_OF_A_POLICY
    for action in ACTIONS:
        assert re.fullmatch(r"[a-z0-9]+:[A-Za-z*]+", action), action


CREATING = {
    "AWS::ApiGatewayV2::Api": "apigateway:POST",
    "AWS::ApiGatewayV2::ApiMapping": "apigateway:POST",
    "AWS::ApiGatewayV2::DomainName": "apigateway:POST",
    "AWS::ApiGatewayV2::Stage": "apigateway:POST",
    "AWS::CloudWatch::Alarm": "cloudwatch:PutMetricAlarm",
    "AWS::CloudWatch::Dashboard": "cloudwatch:PutDashboard",
    "AWS::CodeDeploy::Application": "codedeploy:CreateApplication",
    "AWS::CodeDeploy::DeploymentGroup": "codedeploy:CreateDeploymentGroup",
    "AWS::DynamoDB::Table": "dynamodb:CreateTable",
    "AWS::Events::EventBus": "events:CreateEventBus",
    "AWS::IAM::Role": "iam:CreateRole",
    "AWS::KMS::Alias": "kms:CreateAlias",
    "AWS::KMS::Key": "kms:CreateKey",
    "AWS::Lambda::Alias": "lambda:CreateAlias",
    "AWS::Lambda::EventSourceMapping": "lambda:CreateEventSourceMapping",
    "AWS::Lambda::Function": "lambda:CreateFunction",
    "AWS::Lambda::LayerVersion": "lambda:PublishLayerVersion",
    "AWS::Lambda::Permission": "lambda:AddPermission",
    "AWS::Lambda::Version": "lambda:PublishVersion",
    "AWS::Logs::LogGroup": "logs:CreateLogGroup",
    "AWS::Logs::MetricFilter": "logs:PutMetricFilter",
    "AWS::Route53::RecordSet": "route53:ChangeResourceRecordSets",
    "AWS::SQS::Queue": "sqs:CreateQueue",
    "AWS::Scheduler::Schedule": "scheduler:CreateSchedule",
    "AWS::StepFunctions::StateMachine": "states:CreateStateMachine",
}
"""What making a resource of each type takes, at the least."""


def test_the_deployer_may_make_whatever_the_stack_has() -> None:
    types = {resource["Type"] for resource in gradually().values()}
    assert types == set(CREATING)
    assert [action for action in CREATING.values() if not allowed(action)] == []


@pytest.mark.parametrize(
    "action",
    [
        "dynamodb:GetItem",
        "dynamodb:Query",
        "dynamodb:PutItem",
        "dynamodb:DeleteTable",
        "kms:Decrypt",
        "kms:ScheduleKeyDeletion",
        "sqs:ReceiveMessage",
        "sqs:SendMessage",
        "ses:SendEmail",
        "iam:CreateUser",
    ],
)
def test_the_deployer_reads_no_orders_and_deletes_neither_table_nor_key(action: str) -> None:
    assert not allowed(action)


def test_roles_are_the_deployer_s_only_where_they_are_named_for_a_stack() -> None:
    for statement in STATEMENTS:
        if any(action.startswith("iam:") for action in _listed(statement["Action"])):
            assert statement["Resource"] == "arn:aws:iam::*:role/orderhub-*"
    for name in environments.names():
        assert environments.read(name).stack_name.startswith("orderhub-")


def _listed(value: str | list[str]) -> list[str]:
    return value if isinstance(value, list) else [value]
