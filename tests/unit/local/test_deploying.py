"""`make deploy`, with an account and a `sam` of the tests' own."""

import subprocess
from typing import Any

import pytest
from samcli.cli.types import CfnParameterOverridesType  # type: ignore[import-untyped]

from local import account, environments, release
from local.aliases import Alias
from local.console import Progress
from local.errors import LocalError
from tests.support.table import template

REGION = "eu-central-1"


class Account:
    """An account with one stack at most, and what was done to it."""

    def __init__(self, **parameters: str) -> None:
        self.has_stack = False
        self.protected: list[str] = []
        self.sam: list[str] = []
        self.sam_ends_with = 0
        self.findings: list[account.Finding] = []
        self.aliases: list[Alias] = []
        self.region_name = REGION
        self.environment = environments.Environment("prod", "orderhub-prod", None, None, parameters)

    def client(self, _service: str) -> Any:
        return self

    def describe_stacks(self, **_named: str) -> dict[str, Any]:
        outputs = {"ApiUrl": "https://orders.example", "TableName": "orderhub-prod-Table"}
        told = [{"OutputKey": key, "OutputValue": value} for key, value in outputs.items()]
        return {"Stacks": [{"StackStatus": "CREATE_COMPLETE", "Outputs": told}]}

    def update_termination_protection(
        self,
        *,
        StackName: str,  # noqa: N803 - the SDK's own names
        EnableTerminationProtection: bool,  # noqa: N803
    ) -> None:
        assert EnableTerminationProtection
        self.protected.append(StackName)

    def run(self, command: list[str], **_options: Any) -> Any:
        self.sam = command
        return subprocess.CompletedProcess(command, self.sam_ends_with)

    def told_to_sam(self) -> dict[str, str]:
        start = self.sam.index("--parameter-overrides") + 1
        found: dict[str, str] = CfnParameterOverridesType().convert(
            tuple(self.sam[start:]), None, None
        )
        return found


@pytest.fixture
def deployed_to(monkeypatch: pytest.MonkeyPatch) -> Account:
    made = Account(DeletionProtection="true", LogRetentionDays="90")
    caller = account.Caller("123456789012", REGION, "arn:aws:sts::123456789012:assumed-role/me")
    monkeypatch.setattr(environments, "read", lambda _name: made.environment)
    monkeypatch.setattr(release, "session_of", lambda _environment: made)
    monkeypatch.setattr(account, "caller_of", lambda _session: caller)
    monkeypatch.setattr(account, "findings", lambda *_: iter(made.findings))
    monkeypatch.setattr(release, "aliases_of", lambda *_: iter(made.aliases))
    monkeypatch.setattr(release, "build_environment", lambda *_: None)
    monkeypatch.setattr(subprocess, "run", made.run)
    return made


def deploy(*, confirmed: bool = False) -> None:
    release.release("prod", confirmed=confirmed, progress=Progress(quiet=True))


def test_sam_is_told_every_parameter_where_to_and_the_release(deployed_to: Account) -> None:
    deploy()
    told = deployed_to.told_to_sam()
    assert set(told) == set(template()["Parameters"])
    assert (told["LogRetentionDays"], told["SignatureWindow"]) == ("90", "300")
    assert told["Release"] != "unnamed"
    assert deployed_to.sam[deployed_to.sam.index("--region") + 1] == REGION
    assert "--no-confirm-changeset" not in deployed_to.sam


def test_another_parameter_is_another_release_and_the_same_none(deployed_to: Account) -> None:
    deploy()
    first = deployed_to.told_to_sam()["Release"]
    deploy(confirmed=True)
    assert deployed_to.told_to_sam()["Release"] == first
    assert "--no-confirm-changeset" in deployed_to.sam

    deployed_to.environment = environments.Environment(
        "prod", "orderhub-prod", None, None, {"SignatureWindow": "60"}
    )
    deploy()
    assert deployed_to.told_to_sam()["Release"] != first


def test_who_protects_the_table_protects_the_stack_and_nobody_else(deployed_to: Account) -> None:
    deploy()
    assert deployed_to.protected == ["orderhub-prod"]
    deployed_to.environment = environments.Environment("prod", "orderhub-prod", None, None, {})
    deploy()
    assert deployed_to.protected == ["orderhub-prod"]


def test_advice_stops_nobody_and_what_can_not_work_stops_before_anything_is_done(
    deployed_to: Account,
) -> None:
    deployed_to.findings = [account.Finding("Alarms wake nobody.")]
    deploy()
    deployed_to.sam = []
    deployed_to.findings.append(account.Finding("No such certificate.", is_grave=True))
    with pytest.raises(LocalError, match="Nothing was deployed"):
        deploy()
    assert deployed_to.sam == []


def test_a_failed_deployment_is_said_and_protects_nothing(deployed_to: Account) -> None:
    deployed_to.sam_ends_with = 1
    with pytest.raises(LocalError, match="sam deploy failed"):
        deploy()
    assert deployed_to.protected == []


def test_after_functions_were_moved_back_by_hand_no_release_goes_out_gradually(
    deployed_to: Account,
) -> None:
    deployed_to.aliases = [Alias("arn:f", "live", 1, (1, 2), is_split=False)]
    deploy()
    deployed_to.sam = []
    deployed_to.environment = environments.Environment(
        "prod", "orderhub-prod", None, None, {"GradualDeployment": "Canary10Percent5Minutes"}
    )
    with pytest.raises(LocalError, match="Nothing was deployed"):
        deploy()
    assert deployed_to.sam == []


@pytest.mark.parametrize(
    ("version", "versions", "before", "is_moved_back"),
    [
        (2, (1, 2), 1, False),
        (2, (1, 2, 9, 10), 1, True),
        (10, (1, 2, 9, 10), 9, False),
        (1, (1,), None, False),
    ],
)
def test_an_alias_knows_the_version_before_its_own(
    version: int, versions: tuple[int, ...], before: int | None, *, is_moved_back: bool
) -> None:
    alias = Alias("arn:f", "live", version, versions, is_split=False)
    assert (alias.before, alias.is_moved_back) == (before, is_moved_back)
