"""``make deploy``: from a look at the account to what to do next."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import boto3
from rich.markup import escape

from local import account, environments, project
from local.account import Clients, Finding
from local.aliases import aliases_of, lead
from local.console import Progress
from local.deployment import Target, build, fingerprint_of, release_of, tool
from local.environments import RELEASE, Environment
from local.errors import LocalError

BUILD = project.ROOT / ".aws-sam" / "build"


def session_of(environment: Environment) -> boto3.Session:
    """The AWS session that an environment is deployed with."""
    region = environment.region or os.environ.get("AWS_REGION")
    return boto3.Session(profile_name=environment.profile, region_name=region)


def build_environment(name: str, progress: Progress) -> None:
    """Build for an environment, into ``.aws-sam/build``."""
    target = Target.of_environment(name)
    with progress.step(f"Building for {target.runtime} on {target.architecture}"):
        build(target, BUILD, log=BUILD.with_name("build.log"))


def release(name: str, *, confirmed: bool, progress: Progress) -> None:
    """Deploy an environment to the account of the caller's credentials.

    Args:
        name: the environment.
        confirmed: whether nobody need be asked, also where ``samconfig.toml`` wants it.
        progress: where to report.

    Raises:
        LocalError: it can't work as it is, the build failed, or ``sam deploy`` did.
    """
    environment = environments.read(name)
    session = session_of(environment)
    caller = account.caller_of(session)
    stack = environment.stack_name
    progress.note(
        f"Deploying [bold]{escape(stack)}[/] to account [bold]{caller.account}[/] in"
        f" [bold]{caller.region}[/], as {escape(caller.arn)}"
    )
    # The session's overloads know the services that stubs are installed for.
    clients: Clients = session.client  # type: ignore[assignment]
    _look_before(environment, caller.region, clients, progress)
    build_environment(name, progress)
    _sam_deploy(environment, caller.region, confirmed=confirmed)
    _protect(environment, clients, progress)
    _tell(environment, caller.region, clients, progress)


def take_back(name: str, *, confirmed: bool, progress: Progress) -> None:
    """Have every function of an environment run the version before the one that it runs.

    Args:
        name: the environment.
        confirmed: whether it is meant; else it is only said what would be done.
        progress: where to report.

    Raises:
        LocalError: there is no stack, or a release is going out right now.
    """
    environment = environments.read(name)
    session = session_of(environment)
    caller = account.caller_of(session)
    clients: Clients = session.client  # type: ignore[assignment]
    stack = environment.stack_name
    progress.note(f"[bold]{escape(stack)}[/] in account {caller.account}, {caller.region}")
    take_back_stack(stack, clients, confirmed=confirmed, progress=progress)


def take_back_stack(
    stack_name: str, clients: Clients, *, confirmed: bool, progress: Progress
) -> None:
    """The same of a stack, by clients of its account."""
    if account.find_stack(stack_name, clients) is None:
        raise LocalError(f"There is no stack {stack_name} here.")
    found = list(aliases_of(stack_name, clients))
    if any(alias.is_split for alias in found):
        raise LocalError(
            "A release is going out right now.",
            hint=f"aws cloudformation cancel-update-stack --stack-name {stack_name}"
            " takes it back, and waits for its end.",
        )
    for alias in found:
        function = alias.function.rpartition(":")[2]
        if alias.before is None:
            progress.note(f"{escape(function)} has no version before {alias.version}: left")
        else:
            progress.note(f"{escape(function)} {alias.version} → {alias.before}")
            if confirmed:
                lead(alias, alias.before, clients)
    if not confirmed:
        progress.note("Nothing was changed; with --yes it is.")


def _look_before(
    environment: Environment, region: str, clients: Clients, progress: Progress
) -> None:
    found = [
        *account.findings(environment, region, clients),
        *_moved_back(environment, clients),
    ]
    for finding in found:
        mark = "[red]✗[/]" if finding.is_grave else "[yellow]![/]"
        progress.note(f"{mark} {escape(finding.text)}")
    if any(finding.is_grave for finding in found):
        raise LocalError(
            "Nothing was deployed.", hint="docs/DEPLOY.md says what each parameter is for."
        )


def _moved_back(environment: Environment, clients: Clients) -> Iterator[Finding]:
    """CodeDeploy takes no alias that leads elsewhere than CloudFormation believes."""
    if environment.parameters["GradualDeployment"] == "none":
        return
    if account.find_stack(environment.stack_name, clients) is None:
        return
    if any(alias.is_moved_back for alias in aliases_of(environment.stack_name, clients)):
        yield Finding(
            "Functions were moved back to an older version by hand, and no release goes out"
            " gradually from there: deploy this one with GradualDeployment=none.",
            is_grave=True,
        )


def _sam_deploy(environment: Environment, region: str, *, confirmed: bool) -> None:
    parameters = environment.parameters
    parameters[RELEASE] = release_of(fingerprint_of(project.ROOT, parameters))
    result = subprocess.run(
        [
            str(part)
            for part in (
                tool("sam"),
                "deploy",
                *("--config-file", project.ROOT / "samconfig.toml"),
                *("--config-env", environment.name),
                *("--template-file", BUILD / "template.yaml"),
                *("--region", region),
                *(["--no-confirm-changeset"] if confirmed else []),
                "--parameter-overrides",
                *environments.as_overrides(parameters),
            )
        ],
        cwd=project.ROOT,
        env={**os.environ, "PATH": _path(), "SAM_CLI_TELEMETRY": "0"},
        check=False,
    )
    if result.returncode != 0:
        raise LocalError(
            "sam deploy failed or was declined; what it said stands above.",
            hint="CloudFormation takes back what a failed deployment changed:"
            " docs/DEPLOY.md#when-a-deployment-fails",
        )


def _path() -> str:
    tools = Path(sys.executable).parent
    return os.pathsep.join([str(tools), os.environ.get("PATH", os.defpath)])


def _protect(environment: Environment, clients: Clients, progress: Progress) -> None:
    """Whoever protects the table means the stack as well. Nothing here takes protection away."""
    if environment.parameters["DeletionProtection"] == "true":
        clients("cloudformation").update_termination_protection(
            StackName=environment.stack_name, EnableTerminationProtection=True
        )
        progress.note("The stack and its table are protected from deletion.")


def _tell(environment: Environment, region: str, clients: Clients, progress: Progress) -> None:
    stack = account.find_stack(environment.stack_name, clients)
    if stack is None:
        # A change set that was not carried out leaves none.
        raise LocalError(f"There is no stack {environment.stack_name}.")
    outputs: Mapping[str, str] = {
        each["OutputKey"]: each["OutputValue"] for each in stack.get("Outputs", [])
    }
    progress.note(f"The API answers at [bold]{escape(outputs['ApiUrl'])}[/]")
    if "DomainTarget" in outputs and not environment.parameters["HostedZoneId"]:
        domain = environment.parameters["DomainName"]
        progress.note(f"Have a DNS record lead {domain} to {outputs['DomainTarget']}.")
    name, given = outputs["TableName"], f"--region {region}"
    progress.note(f"Look whether it lives:  make smoke ENV={environment.name}")
    progress.note(
        f"The first shop:         ./orderhub --table {name} {given}"
        " shop create acme --name Acme --currency CNY"
    )
