"""Builds the template with ``sam build``, deploys it with ``sam deploy``, and finds its address.

For the local cloud both are skipped when nothing that goes into them has changed since the stack
was deployed. :func:`build` alone also builds for a real account, on any machine and without
Docker; see layers/dependencies/Makefile.
"""

from __future__ import annotations

import hashlib
import os
import platform
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from local import environments, project, stack_file
from local.cloud import ACCESS_KEY_ID, REGION, SECRET_ACCESS_KEY, LocalCloud
from local.console import Progress, run_logged
from local.errors import LocalError
from local.routes import import_routes

if TYPE_CHECKING:
    from mypy_boto3_cloudformation.type_defs import StackTypeDef

DEFAULT_STACK_NAME = "orderhub"
_ARTIFACTS_BUCKET = "orderhub-artifacts"
_SOURCES = (
    "template.yaml",
    "samconfig.toml",
    "functions",
    "layers",
    "workflows",
    "local/deployment.py",
    "local/ministack_fixes.py",
    "local/routes.py",
    "requirements/cloud.txt",
)
_SETTLE_SECONDS = 60.0
_POLL_SECONDS = 0.5
# A stack whose creation failed never held data; CloudFormation only lets one delete it.
_NEVER_CREATED = frozenset({"ROLLBACK_COMPLETE", "ROLLBACK_FAILED", "CREATE_FAILED"})


@dataclass(frozen=True)
class Target:
    """What the layers are built for."""

    runtime: str
    """The Lambda runtime: ``python3.13``."""
    architecture: str
    """``arm64`` or ``x86_64``."""
    native: bool
    """For the very Python and machine that build, which is where the local cloud runs them."""

    @classmethod
    def here(cls) -> Target:
        """Return the target that the local cloud runs: this Python on this machine."""
        machine = platform.machine().lower()
        return cls(
            runtime=f"python{sys.version_info.major}.{sys.version_info.minor}",
            architecture="arm64" if machine in {"arm64", "aarch64"} else "x86_64",
            native=True,
        )

    @classmethod
    def of_environment(cls, name: str, root: Path = project.ROOT) -> Target:
        """Return the target that samconfig.toml names for an environment (``prod``).

        Raises:
            LocalError: there is no such environment.
        """
        values = environments.read(name, root).parameters
        return cls(values["PythonRuntime"], values["Architecture"], native=False)

    @property
    def parameters(self) -> dict[str, str]:
        """The template's parameters that say so."""
        return {"PythonRuntime": self.runtime, "Architecture": self.architecture}


@dataclass(frozen=True)
class Stack:
    """A deployed stack."""

    name: str
    api_url: str
    """Where the HTTP API answers, without a slash at the end."""
    outputs: Mapping[str, str]
    """The stack's outputs, as the template names them."""
    resources: Mapping[str, str]
    """The physical id of each resource, by its logical id."""
    changed: bool
    """Whether this call built and deployed it, rather than finding it as wanted."""


def deploy(
    cloud: LocalCloud,
    *,
    stack_name: str = DEFAULT_STACK_NAME,
    parameters: Mapping[str, str] | None = None,
    progress: Progress | None = None,
    root: Path = project.ROOT,
    build_folder: Path | None = None,
) -> Stack:
    """Have the template of the working copy run on a started cloud, and write its stack file.

    Args:
        cloud: a running cloud.
        stack_name: the stack's name.
        parameters: values of the template's parameters; the runtime and architecture are this
            machine's.
        progress: where to report; nowhere by default.
        root: the working copy.
        build_folder: where to build; below the cloud's home by default. One that outlives the
            cloud makes the next build quick.

    Raises:
        LocalError: the build or the deployment failed.
    """
    progress = progress or Progress(quiet=True)
    target = Target.here()
    values = {
        **target.parameters,
        # The form of the URL that every resolver understands; see _describe.
        "PublicUrl": f"{cloud.endpoint_url}/_aws/execute-api/{{api_id}}",
        # Subscribers on this machine are no strangers.
        "WebhookPrivateNetworks": "127.0.0.0/8",
        # All that there is is there.
        "PublishToEventBus": "true",
        # A day of attempts takes a quarter of an hour.
        "WebhookRetryScale": "0.01",
        **(parameters or {}),
    }
    fingerprint = fingerprint_of(root, values)
    values["Release"] = release_of(fingerprint)

    stack = _settled_stack(cloud, stack_name, progress)
    deployed = stack is not None and _deployed_fingerprint(cloud, stack_name) == fingerprint
    if not deployed:
        build_folder = build_folder or cloud.home / "build"
        with progress.step("Building the layers and the template (sam build)"):
            build(target, build_folder, log=cloud.home / "log" / "sam-build.log", root=root)
        with progress.step(f"Deploying the stack {stack_name} (sam deploy)"):
            _sam_deploy(cloud, stack_name, values, build_folder / "template.yaml", root)

    # Also for an unchanged stack: it costs little, and mends a run that stopped right before it.
    changes = import_routes(
        cloud.client("cloudformation"), cloud.client("apigatewayv2"), stack_name
    )
    if not deployed:
        progress.note(f"  {changes.total} routes")
        _remember_fingerprint(cloud, stack_name, fingerprint)
        cloud.checkpoint()
    return _describe(cloud, stack_name, changed=not deployed)


def build(target: Target, folder: Path, *, log: Path, root: Path = project.ROOT) -> None:
    """Build the template and its layers into a folder.

    Raises:
        LocalError: the build failed.
    """
    overrides = [f"{key}={value}" for key, value in target.parameters.items()]
    run_logged(
        [
            tool("sam"),
            "build",
            *("--template-file", root / "template.yaml"),
            *("--build-dir", folder),
            *("--cached", "--cache-dir", folder.with_name(f"{folder.name}-cache")),
            "--parallel",
            *("--parameter-overrides", *overrides),
        ],
        log=log,
        env={
            **_tool_environment(),
            "ORDERHUB_TARGET": "native" if target.native else "lambda",
            "ORDERHUB_RUNTIME": target.runtime,
            "ORDERHUB_ARCHITECTURE": target.architecture,
            "ORDERHUB_PYTHON": sys.executable,
        },
        cwd=root,
        failure="sam build failed.",
    )


def _sam_deploy(
    cloud: LocalCloud, stack_name: str, parameters: Mapping[str, str], template: Path, root: Path
) -> None:
    # Instead of --resolve-s3, which would deploy a stack of its own for the bucket first.
    cloud.client("s3").create_bucket(Bucket=_ARTIFACTS_BUCKET)
    run_logged(
        [
            tool("sam"),
            "deploy",
            *("--config-env", "local"),
            *("--template-file", template),
            *("--stack-name", stack_name),
            *("--s3-bucket", _ARTIFACTS_BUCKET),
            *("--region", REGION),
            *("--capabilities", "CAPABILITY_IAM", "CAPABILITY_NAMED_IAM"),
            *("--no-confirm-changeset", "--no-fail-on-empty-changeset", "--no-progressbar"),
            *("--parameter-overrides", *(f"{key}={value}" for key, value in parameters.items())),
        ],
        log=cloud.home / "log" / "sam-deploy.log",
        env={
            **_tool_environment(),
            **cloud.credentials,
            # The emulator is done in a second or two; sam would look every five.
            "SAM_CLI_POLL_DELAY": "0.3",
        },
        cwd=root,
        failure=f"sam deploy of the stack {stack_name} failed.",
    )


def tool(name: str) -> Path:
    """A command of the developers' environment, the one that runs this.

    Raises:
        LocalError: it is not there.
    """
    tool = Path(sys.executable).with_name(name)
    if not tool.exists():
        raise LocalError(f"{tool} is missing.", hint="`make run` installs it.")
    return tool


def _tool_environment() -> dict[str, str]:
    """This shell's environment, without what would lead sam to a real account or confuse make."""
    unwanted = ("AWS_", "SAM_", "MAKE", "MFLAGS", "ORDERHUB_")
    environment = {
        name: value for name, value in os.environ.items() if not name.startswith(unwanted)
    }
    tools = Path(sys.executable).parent
    return {
        **environment,
        "PATH": os.pathsep.join([str(tools), environment.get("PATH", os.defpath)]),
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_DEFAULT_REGION": REGION,
        "AWS_ACCESS_KEY_ID": ACCESS_KEY_ID,
        "AWS_SECRET_ACCESS_KEY": SECRET_ACCESS_KEY,
        "NO_PROXY": ",".join(filter(None, ["127.0.0.1,localhost", environment.get("NO_PROXY")])),
        "SAM_CLI_TELEMETRY": "0",
    }


def _settled_stack(cloud: LocalCloud, stack_name: str, progress: Progress) -> StackTypeDef | None:
    """Return the stack, once nothing is under way on it; None when there is none to keep."""
    stack = _find_stack(cloud, stack_name)
    if stack is not None and _under_way(stack):
        # The run before this one was interrupted; the emulator went on without it.
        with progress.step(f"Waiting for the stack {stack_name} to settle"):
            deadline = time.monotonic() + _SETTLE_SECONDS
            while stack is not None and _under_way(stack) and time.monotonic() < deadline:
                time.sleep(_POLL_SECONDS)
                stack = _find_stack(cloud, stack_name)
    if stack is None:
        return None

    status = stack["StackStatus"]
    if status in _NEVER_CREATED or status == "CREATE_IN_PROGRESS":
        with progress.step(f"Removing the stack {stack_name}, which was never complete"):
            cloudformation = cloud.client("cloudformation")
            cloudformation.delete_stack(StackName=stack_name)
            cloudformation.get_waiter("stack_delete_complete").wait(
                StackName=stack_name, WaiterConfig={"Delay": 1, "MaxAttempts": 60}
            )
        return None
    if _under_way(stack) or status.endswith("_FAILED"):
        raise LocalError(
            f"The stack {stack_name} is in the state {status} and can't be deployed to.",
            hint="`make clean` forgets it and all its data; `make run` then makes a new one.",
        )
    return stack


def _under_way(stack: StackTypeDef) -> bool:
    # A stack under review is one whose first change set was never carried out; sam takes it on.
    status = stack["StackStatus"]
    return status.endswith("_IN_PROGRESS") and status != "REVIEW_IN_PROGRESS"


def _find_stack(cloud: LocalCloud, stack_name: str) -> StackTypeDef | None:
    try:
        stacks = cloud.client("cloudformation").describe_stacks(StackName=stack_name)["Stacks"]
    except ClientError as error:
        if "does not exist" in str(error):
            return None
        raise
    return stacks[0]


def _describe(cloud: LocalCloud, stack_name: str, *, changed: bool) -> Stack:
    cloudformation = cloud.client("cloudformation")
    resources: dict[str, str] = {}
    apis: list[str] = []
    for page in cloudformation.get_paginator("list_stack_resources").paginate(StackName=stack_name):
        for resource in page["StackResourceSummaries"]:
            physical_id = resource.get("PhysicalResourceId", "")
            resources[resource["LogicalResourceId"]] = physical_id
            if resource["ResourceType"] == "AWS::ApiGatewayV2::Api":
                apis.append(physical_id)
    if len(apis) != 1:
        raise LocalError(f"The stack has {len(apis)} HTTP APIs where one was expected.")

    described = cloudformation.describe_stacks(StackName=stack_name)["Stacks"][0]
    stack = Stack(
        name=stack_name,
        # The form that every resolver and every client understands; names below .localhost
        # are left to curl and browsers.
        api_url=f"{cloud.endpoint_url}/_aws/execute-api/{apis[0]}",
        outputs={
            output["OutputKey"]: output["OutputValue"] for output in described.get("Outputs", [])
        },
        resources=resources,
        changed=changed,
    )
    _write_stack_file(cloud, stack)
    return stack


def _write_stack_file(cloud: LocalCloud, stack: Stack) -> None:
    """What the deployment knows of the keys that outside programs read; the demo adds the rest."""
    outputs = stack.outputs
    stack_file.update(
        cloud.home,
        stack_name=stack.name,
        api_url=stack.api_url,
        table_name=outputs["TableName"],
        event_bus_name=outputs.get("EventBusName", ""),
        due_shards=int(outputs["DueShards"]),
        secrets_key=outputs["SecretsKeyArn"],
        state_machines={
            "payment_timeout": outputs["PaymentTimeoutArn"],
            "refund_window": outputs["RefundWindowArn"],
            "auto_receive": outputs["AutoReceiveArn"],
        },
        aws={
            "endpoint_url": cloud.endpoint_url,
            "region": REGION,
            "access_key_id": ACCESS_KEY_ID,
            "secret_access_key": SECRET_ACCESS_KEY,
        },
    )


def release_of(fingerprint: str) -> str:
    """What the stack is told of a fingerprint, so that functions get a new version with each."""
    return fingerprint[:12]


def fingerprint_of(root: Path, parameters: Mapping[str, str]) -> str:
    """A hash of everything that a deployed stack follows from: the sources, the template's
    parameters, and the Python that builds it."""
    digest = hashlib.sha256()
    for line in (sys.version, *sorted(f"{key}={value}" for key, value in parameters.items())):
        digest.update(line.encode() + b"\0")
    for path in _source_files(root):
        digest.update(str(path.relative_to(root)).encode() + b"\0")
        digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()


def _source_files(root: Path) -> Iterator[Path]:
    for source in _SOURCES:
        path = root / source
        if path.is_file():
            yield path
        for file in sorted(path.rglob("*")):
            if file.is_file() and "__pycache__" not in file.parts:
                yield file


# Kept in the cloud itself, not beside it: a cloud that was killed comes back with an older stack,
# and then with that stack's fingerprint.
def _fingerprint_name(stack_name: str) -> str:
    return f"/local/{stack_name}/fingerprint"


def _deployed_fingerprint(cloud: LocalCloud, stack_name: str) -> str | None:
    ssm = cloud.client("ssm")
    try:
        parameter: Any = ssm.get_parameter(Name=_fingerprint_name(stack_name))["Parameter"]
    except ssm.exceptions.ParameterNotFound:
        return None
    value: str = parameter["Value"]
    return value


def _remember_fingerprint(cloud: LocalCloud, stack_name: str, fingerprint: str) -> None:
    cloud.client("ssm").put_parameter(
        Name=_fingerprint_name(stack_name), Value=fingerprint, Type="String", Overwrite=True
    )
