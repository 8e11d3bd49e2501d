"""``make deploy``: from a look at the account to what to do next."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

import boto3
import botocore.session
from botocore.config import Config
from botocore.exceptions import ProfileNotFound
from rich.markup import escape

from local import account, environments, project
from local.account import Clients, Finding
from local.aliases import Alias, aliases_of, forget, lead
from local.console import Progress
from local.deployment import Target, build, fingerprint_of, release_of, tool
from local.environments import RELEASE, Environment
from local.errors import LocalError

BUILD = project.ROOT / ".aws-sam" / "build"


def session_of(environment: Environment) -> boto3.Session:
    """The AWS session that an environment is deployed with.

    Raises:
        LocalError: there is no such profile.
    """
    region = environment.region or os.environ.get("AWS_REGION")
    core = botocore.session.Session()
    # Lambda takes 15 calls a second, of the whole account, and there are two or three a function.
    core.set_default_client_config(Config(retries={"mode": "standard", "max_attempts": 10}))
    try:
        return boto3.Session(
            botocore_session=core, profile_name=environment.profile, region_name=region
        )
    except ProfileNotFound as error:
        raise LocalError(
            f"There is no such AWS profile here: {error}",
            hint="`aws configure list-profiles` shows those that there are; AWS_PROFILE, or profile"
            ' = "…" in samconfig.toml, names one.',
        ) from error


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
        LocalError: it can't work as it is, the build failed, ``sam deploy`` did, or somebody
            declined the changes.
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
    before = _aliases_before(stack, clients)
    _look_before(environment, caller.region, clients, before, progress)
    build_environment(name, progress)
    _forget_failed(before, clients, progress)
    deployed = _sam_deploy(environment, caller.region, confirmed=confirmed)
    outputs = _outputs(stack, deployed, clients)
    _forget_taken_back(stack, before, clients, progress)
    _protect(environment, clients, progress)
    _tell(environment, caller.region, outputs, progress)


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
    # One that was cut off is finished: who has gone back already doesn't go back once more.
    is_begun = any(alias.is_taken_back for alias in found) and any(
        alias.before is not None and not alias.is_taken_back for alias in found
    )
    for alias in found:
        function = alias.function.rpartition(":")[2]
        if is_begun and alias.is_taken_back:
            progress.note(f"{escape(function)} has gone back to {alias.version} already: left")
        elif alias.before is None:
            progress.note(f"{escape(function)} has no version before {alias.version}: left")
        else:
            progress.note(f"{escape(function)} {alias.version} → {alias.before}")
            if confirmed:
                lead(alias, alias.before, clients)
    if not confirmed:
        progress.note("Nothing was changed; with --yes it is.")


def _aliases_before(stack_name: str, clients: Clients) -> list[Alias]:
    stack = account.find_stack(stack_name, clients)
    # One that was never complete lists functions that are gone.
    if stack is None or not stack["StackStatus"].startswith(("CREATE_COMPLETE", "UPDATE_")):
        return []
    return list(aliases_of(stack_name, clients))


def _look_before(
    environment: Environment,
    region: str,
    clients: Clients,
    aliases: Iterable[Alias],
    progress: Progress,
) -> None:
    found = [
        *account.findings(environment, region, clients),
        *_moved(environment, aliases),
    ]
    for finding in found:
        mark = "[red]✗[/]" if finding.is_grave else "[yellow]![/]"
        progress.note(f"{mark} {escape(finding.text)}")
    if any(finding.is_grave for finding in found):
        raise LocalError(
            "Nothing was deployed.", hint="docs/DEPLOY.md says what each parameter is for."
        )


def _moved(environment: Environment, aliases: Iterable[Alias]) -> Iterator[Finding]:
    """CodeDeploy takes no alias that leads elsewhere than CloudFormation believes."""
    if environment.parameters["GradualDeployment"] == "none":
        return
    if any(alias.is_moved for alias in aliases):
        yield Finding(
            "Functions were moved to another version by hand, and no release goes out"
            " gradually from there: deploy this one with GradualDeployment=none.",
            is_grave=True,
        )


def _forget_failed(aliases: Iterable[Alias], clients: Clients, progress: Progress) -> None:
    """Delete the versions of releases that were taken back while they went out.

    Lambda publishes no version like the last one, so that the same release could never be tried
    again; and going back from the next release would lead to them.
    """
    left = [(alias, each) for alias in aliases for each in alias.failed]
    for alias, version in left:
        forget(alias, version, clients)
    if left:
        progress.note(f"Deleted {len(left)} versions of functions that a failed release has left.")


def _forget_taken_back(
    stack_name: str, before: Iterable[Alias], clients: Clients, progress: Progress
) -> None:
    """Delete the versions that functions were moved back from by hand, once a release is out that
    needs them no more: going back from it would lead to them."""
    moved = {alias.function: alias for alias in before if alias.is_moved}
    if not moved:
        return
    left = [
        (alias, each)
        for alias in aliases_of(stack_name, clients)
        if alias.function in moved and not alias.is_moved
        for each in alias.versions
        if moved[alias.function].version < each < alias.version
    ]
    for alias, version in left:
        forget(alias, version, clients)
    if left:
        progress.note(f"Deleted {len(left)} versions of functions that were taken back.")


def _sam_deploy(environment: Environment, region: str, *, confirmed: bool) -> str:
    """Have it deployed, and return the release that the stack should say then."""
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
            "sam deploy failed; what it said stands above.",
            hint="CloudFormation takes back what a failed deployment changed:"
            " docs/DEPLOY.md#when-a-deployment-fails",
        )
    return parameters[RELEASE]


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


def _outputs(stack_name: str, deployed: str, clients: Clients) -> Mapping[str, str]:
    """The stack's outputs. ``sam deploy`` ends well too when somebody declines its changes."""
    stack = account.find_stack(stack_name, clients) or {}
    found = {each["OutputKey"]: each["OutputValue"] for each in stack.get("Outputs", [])}
    if found.get("Release") != deployed:
        raise LocalError(
            f"Nothing was deployed: {stack_name} is what it was before.",
            hint="The changes were declined. ARGS=--yes answers for you.",
        )
    return found


def _tell(
    environment: Environment, region: str, outputs: Mapping[str, str], progress: Progress
) -> None:
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
