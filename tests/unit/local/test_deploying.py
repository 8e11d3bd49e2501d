"""`make deploy`, with an account and a `sam` of the tests' own."""

import subprocess
from collections.abc import Iterator
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
        self.is_declined = False
        self.status = "CREATE_COMPLETE"
        self.findings: list[account.Finding] = []
        self.aliases: list[Alias] = []
        self.after: list[Alias] = []
        self.deleted: list[tuple[str, str]] = []
        self.led: dict[str, int] = {}
        self.region_name = REGION
        self.environment = environments.Environment("prod", "orderhub-prod", None, None, parameters)

    def client(self, _service: str) -> Any:
        return self

    def describe_stacks(self, **_named: str) -> dict[str, Any]:
        outputs = {"ApiUrl": "https://orders.example", "TableName": "orderhub-prod-Table"}
        if self.sam and not self.is_declined:
            outputs["Release"] = self.told_to_sam()["Release"]
        told = [{"OutputKey": key, "OutputValue": value} for key, value in outputs.items()]
        return {"Stacks": [{"StackStatus": self.status, "Outputs": told}]}

    def update_termination_protection(
        self,
        *,
        StackName: str,  # noqa: N803 - the SDK's own names
        EnableTerminationProtection: bool,  # noqa: N803
    ) -> None:
        assert EnableTerminationProtection
        self.protected.append(StackName)

    def delete_function(
        self,
        *,
        FunctionName: str,  # noqa: N803 - the SDK's own names
        Qualifier: str,  # noqa: N803
    ) -> None:
        self.deleted.append((FunctionName, Qualifier))

    def update_alias(
        self,
        *,
        FunctionName: str,  # noqa: N803 - the SDK's own names
        FunctionVersion: str,  # noqa: N803
        **_further: Any,
    ) -> None:
        self.led[FunctionName] = int(FunctionVersion)

    def aliases_of(self, *_: Any) -> Iterator[Alias]:
        return iter(self.after if self.sam and self.after else self.aliases)

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
    monkeypatch.setattr(release, "aliases_of", made.aliases_of)
    monkeypatch.setattr(release, "build_environment", lambda *_: None)
    monkeypatch.setattr(subprocess, "run", made.run)
    return made


def test_a_profile_that_is_not_there_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_PROFILE", raising=False)
    environment = environments.Environment("prod", "orderhub-prod", REGION, "misspelt", {})
    with pytest.raises(LocalError, match="misspelt"):
        release.session_of(environment)


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


def test_changes_that_were_declined_are_no_deployment(deployed_to: Account) -> None:
    deployed_to.is_declined = True
    with pytest.raises(LocalError, match="Nothing was deployed"):
        deploy()
    assert deployed_to.protected == []


def test_of_a_stack_that_was_never_complete_no_function_is_looked_at(
    deployed_to: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    deployed_to.status = "ROLLBACK_COMPLETE"
    deployed_to.findings = [account.Finding("It can only be removed.", is_grave=True)]
    monkeypatch.setattr(release, "aliases_of", lambda *_: pytest.fail("they are gone"))
    with pytest.raises(LocalError, match="Nothing was deployed"):
        deploy()


def test_after_functions_were_moved_back_by_hand_no_release_goes_out_gradually(
    deployed_to: Account,
) -> None:
    deployed_to.aliases = [Alias("arn:f", "live", 1, (1, 2), deployed=2, is_split=False)]
    deploy()
    deployed_to.sam = []
    deployed_to.environment = environments.Environment(
        "prod", "orderhub-prod", None, None, {"GradualDeployment": "Canary10Percent5Minutes"}
    )
    with pytest.raises(LocalError, match="Nothing was deployed"):
        deploy()
    assert deployed_to.sam == []


def test_after_a_release_that_failed_the_next_goes_out_gradually_and_its_versions_are_gone(
    deployed_to: Account,
) -> None:
    deployed_to.environment = environments.Environment(
        "prod", "orderhub-prod", None, None, {"GradualDeployment": "Canary10Percent5Minutes"}
    )
    deployed_to.aliases = [
        Alias("arn:f", "live", 2, (1, 2, 3, 4), deployed=2, is_split=False),
        Alias("arn:g", "live", 2, (1, 2), deployed=2, is_split=False),
    ]
    deploy()
    assert deployed_to.sam
    assert deployed_to.deleted == [("arn:f", "3"), ("arn:f", "4")]


def test_versions_that_were_taken_back_by_hand_are_gone_once_the_next_release_is_out(
    deployed_to: Account,
) -> None:
    deployed_to.aliases = [Alias("arn:f", "live", 2, (1, 2, 3), deployed=3, is_split=False)]
    # CloudFormation would have the alias lead to 3 again, should it fail.
    deployed_to.is_declined = True
    with pytest.raises(LocalError):
        deploy()
    assert deployed_to.deleted == []
    deployed_to.is_declined, deployed_to.sam = False, []
    deployed_to.after = [Alias("arn:f", "live", 4, (1, 2, 3, 4), deployed=4, is_split=False)]
    deploy()
    assert deployed_to.deleted == [("arn:f", "3")]


def test_taking_back_that_was_cut_off_is_finished_and_a_second_time_goes_back_once_more(
    deployed_to: Account,
) -> None:
    def taken_back(*versions: int) -> dict[str, int]:
        deployed_to.aliases = [
            Alias(f"arn:{name}", "live", version, (1, 2, 3), deployed=3, is_split=False)
            for name, version in zip("fg", versions, strict=True)
        ]
        # One that the release brought has nothing to go back to, whatever the others do.
        deployed_to.aliases.append(Alias("arn:new", "live", 1, (1,), deployed=1, is_split=False))
        deployed_to.led = {}
        release.take_back("prod", confirmed=True, progress=Progress(quiet=True))
        return deployed_to.led

    assert taken_back(3, 3) == {"arn:f": 2, "arn:g": 2}
    assert taken_back(2, 3) == {"arn:g": 2}
    assert taken_back(2, 2) == {"arn:f": 1, "arn:g": 1}


@pytest.mark.parametrize(
    ("version", "versions", "deployed", "before", "is_moved", "failed"),
    [
        (2, (1, 2), 2, 1, False, []),
        (2, (1, 2, 9, 10), 10, 1, True, []),
        (10, (1, 2, 9, 10), 10, 9, False, []),
        (9, (1, 9, 10, 11), 9, 1, False, [10, 11]),
        (9, (1, 9, 10, 11), 10, 1, True, [11]),
        (1, (1,), 1, None, False, []),
    ],
)
def test_an_alias_knows_the_versions_around_its_own(
    version: int,
    versions: tuple[int, ...],
    deployed: int,
    before: int | None,
    *,
    is_moved: bool,
    failed: list[int],
) -> None:
    alias = Alias("arn:f", "live", version, versions, deployed=deployed, is_split=False)
    assert (alias.before, alias.is_moved, alias.failed) == (before, is_moved, failed)
