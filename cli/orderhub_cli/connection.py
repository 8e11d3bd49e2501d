"""Which table to work on, and how to reach it.

In this order:

1. ``--table`` (with ``--region``, ``--profile``), or ``--stack``, or both: the stack says how to
   reach AWS, ``--table`` which table there.
2. ``ORDERHUB_TABLE``, with the usual AWS environment and ``--region``, ``--profile``.
3. ``.local/stack.json`` in the current folder or one above: the local cloud of ``make run``.
"""

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import typer

from orderhub.settings import Settings, networks_in
from orderhub_cli.failures import MISUSED, CommandFailed

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

    from orderhub.bootstrap import Application

TABLE_VARIABLE: Final = "ORDERHUB_TABLE"
STACK_FILE: Final = Path(".local") / "stack.json"

DUE_SHARDS_TAG: Final = "orderhub:due-shards"
"""The template tags the table with its parameter ``DueShards``."""
SECRETS_KEY_TAG: Final = "orderhub:secrets-key"
"""The template tags the table with the KMS key for secrets that must be readable."""
WEBHOOK_NETWORKS_TAG: Final = "orderhub:webhook-networks"
"""The template tags the table with the private networks that webhooks may go to."""
EVENT_BUS_TAG: Final = "orderhub:event-bus"
"""The template tags the table with the bus that events go to, where there is one,"""
DELIVERIES_TAG: Final = "orderhub:deliveries-queue"
"""with the queue of what subscribers are to be told,"""
DEAD_DELIVERIES_TAG: Final = "orderhub:dead-deliveries-queue"
"""and with the queue of what was given up."""
ALWAYS_SWEPT: Final = 1
"""A number of shards that is right for every table: sweeps read from the first shard on."""

_ENDPOINT_VARIABLES: Final = (
    "AWS_ENDPOINT_URL",
    "AWS_ENDPOINT_URL_DYNAMODB",
    "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS",
)
_KEY_VARIABLES: Final = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN")
_REGION_VARIABLES: Final = ("AWS_REGION", "AWS_DEFAULT_REGION")


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What stands before the command: ``orderhub --table … shop …``."""

    table: str | None = None
    stack: Path | None = None
    region: str | None = None
    profile: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """A table, and the environment in which AWS's client finds it: variables to set, or to remove
    (``None``). ``api_url`` is where its API is, if a stack's file tells."""

    table_name: str
    environment: Mapping[str, str | None] = field(default_factory=dict)
    api_url: str = ""

    @property
    def region(self) -> str:
        """Where the table is looked for, as far as this environment or that one says."""
        chosen = self.environment.get(_REGION_VARIABLES[0])
        return chosen or next(filter(None, map(os.environ.get, _REGION_VARIABLES)), "")

    def enter(self) -> None:
        """Make it this process's environment."""
        for name, value in self.environment.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


def resolve(options: Options, environment: Mapping[str, str], folder: Path) -> Target:
    """The table that ``options`` mean, seen from ``folder``. Raises :class:`CommandFailed`."""
    if options.stack is not None:
        if options.region or options.profile:
            raise _misused("--stack says how to reach AWS: leave out --region and --profile")
        return _target_in(options.stack, options.table)
    table = options.table or environment.get(TABLE_VARIABLE)
    if table:
        return Target(table_name=table, environment=_chosen(options, environment))
    if options.region or options.profile:
        # Falling back to the local stack would answer for another table than the one meant.
        raise _misused("--region and --profile need a table: give --table too")
    for above in (folder, *folder.parents):
        if (above / STACK_FILE).is_file():
            return _target_in(above / STACK_FILE, None)
    raise _misused(
        f"no table: give --table, set {TABLE_VARIABLE}, or start a local stack with 'make run'"
    )


class Connection:
    """What commands get from typer's context. Nothing is reached before it is needed."""

    def __init__(self, options: Options) -> None:
        self._options = options
        self.tells_shards = False
        """Whether the table that is written to says how many shards its deadlines have."""

    @property
    def where(self) -> Target | None:
        """:attr:`target`, if a command has asked for it."""
        return self.__dict__.get("target")

    @cached_property
    def target(self) -> Target:
        """The table that the options mean. Raises :class:`CommandFailed`."""
        return resolve(self._options, os.environ, Path.cwd())

    @cached_property
    def application(self) -> "Application":
        """OrderHub's services, on the table that the options mean."""
        return self._application(writing=False)

    @cached_property
    def writing_application(self) -> "Application":
        """The same, for commands that change orders or keep secrets: an order's deadline is kept in
        a shard of the due index, a secret under a key, and the table says how many shards there
        are and which key that is."""
        return self._application(writing=True)

    def _application(self, *, writing: bool) -> "Application":
        target = self.target
        target.enter()
        # They import botocore, which --help and mistakes in a command need not wait for.
        from orderhub.adapters.dynamodb import client as dynamodb  # noqa: PLC0415
        from orderhub.bootstrap import Application  # noqa: PLC0415

        client = dynamodb.connect()
        tags = _tags(client, target.table_name) if writing else {}
        self.tells_shards = self.tells_shards or DUE_SHARDS_TAG in tags
        settings = Settings(
            table_name=target.table_name,
            event_bus_name=tags.get(EVENT_BUS_TAG, ""),
            due_shards=_due_shards(tags),
            secrets_key=tags.get(SECRETS_KEY_TAG, ""),
            deliveries_queue=tags.get(DELIVERIES_TAG, ""),
            dead_deliveries_queue=tags.get(DEAD_DELIVERIES_TAG, ""),
            webhook_networks=networks_in(tags.get(WEBHOOK_NETWORKS_TAG, "")),
        )
        return Application(settings, client=client)


def connected(context: typer.Context) -> "Application":
    """The application that the command with this context works on."""
    return _connection(context).application


def connected_for_writing(context: typer.Context) -> "Application":
    """:func:`connected`, for commands that change orders."""
    return _connection(context).writing_application


def connected_for_secrets(context: typer.Context) -> "Application":
    """:func:`connected`, for commands that store secrets which must be readable. Raises
    :class:`CommandFailed` where the table doesn't say under which key."""
    application = _connection(context).writing_application
    if not application.settings.secrets_key:
        message = (
            f"the table doesn't say which key encrypts secrets (its tag {SECRETS_KEY_TAG}), or not"
            " to you: this needs dynamodb:DescribeTable and dynamodb:ListTagsOfResource"
        )
        raise CommandFailed(message)
    return application


def connected_for_sweeping(context: typer.Context) -> "Application":
    """:func:`connected`, for commands that read the whole due index. Raises
    :class:`CommandFailed` where the table doesn't say how many shards it has: a part would pass
    for all of it."""
    connection = _connection(context)
    application = connection.writing_application
    if not connection.tells_shards:
        message = (
            f"the table doesn't say how many shards its deadlines have (its tag {DUE_SHARDS_TAG}),"
            " or not to you: this needs dynamodb:DescribeTable and dynamodb:ListTagsOfResource"
        )
        raise CommandFailed(message)
    return application


def connected_for_events(context: typer.Context) -> "Application":
    """:func:`connected`, for commands that tell of events again. Raises :class:`CommandFailed`
    where the table doesn't say by which queues."""
    application = _connection(context).writing_application
    known = application.settings
    if not (known.deliveries_queue and known.dead_deliveries_queue):
        tags = f"{DELIVERIES_TAG}, {DEAD_DELIVERIES_TAG}"
        message = (
            f"the table doesn't say where events go (its tags {tags}), or not to you: this needs"
            " dynamodb:DescribeTable and dynamodb:ListTagsOfResource"
        )
        raise CommandFailed(message)
    return application


def api_url(context: typer.Context) -> str:
    """Where the API of the command's table is, without a slash at its end; nothing where no stack's
    file tells."""
    return _connection(context).target.api_url.rstrip("/")


def _connection(context: typer.Context) -> Connection:
    connection = context.find_object(Connection)
    if connection is None:
        raise RuntimeError("the command stands outside of orderhub")
    return connection


def _tags(client: "DynamoDBClient", table_name: str) -> Mapping[str, str]:
    """What the table's stack says of itself; nothing without leave to see it."""
    try:
        table = client.describe_table(TableName=table_name)["Table"]
        tags = client.list_tags_of_resource(ResourceArn=table["TableArn"])["Tags"]
    except client.exceptions.ClientError as error:
        if error.response["Error"]["Code"] != "AccessDeniedException":
            raise
        return {}
    return {tag["Key"]: tag["Value"] for tag in tags}


def _due_shards(tags: Mapping[str, str]) -> int:
    """How many shards the table's stack sweeps, as its tag says. Without that one: what is in the
    first shard is found whatever their number."""
    said = tags.get(DUE_SHARDS_TAG, "")
    return int(said) if said.isdecimal() and int(said) else ALWAYS_SWEPT


def _chosen(options: Options, given: Mapping[str, str]) -> dict[str, str | None]:
    environment: dict[str, str | None] = {}
    # AWS's own command line knows both names for it, botocore the second one alone.
    region = options.region or (
        given.get(_REGION_VARIABLES[0]) if not given.get(_REGION_VARIABLES[1]) else None
    )
    if region:
        environment |= dict.fromkeys(_REGION_VARIABLES, region)
    if options.profile:
        # Keys in the environment would win over the profile.
        environment |= {"AWS_PROFILE": options.profile} | dict.fromkeys(_KEY_VARIABLES)
    return environment


def _target_in(file: Path, table: str | None) -> Target:
    try:
        stack: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
        aws: dict[str, str] = stack["aws"]
        return Target(
            table_name=table or stack["table_name"],
            api_url="" if table else stack.get("api_url", ""),
            environment={
                **dict.fromkeys((*_ENDPOINT_VARIABLES, "AWS_PROFILE", "AWS_SESSION_TOKEN")),
                **dict.fromkeys(_REGION_VARIABLES, aws["region"]),
                "AWS_ENDPOINT_URL": aws["endpoint_url"],
                "AWS_ACCESS_KEY_ID": aws["access_key_id"],
                "AWS_SECRET_ACCESS_KEY": aws["secret_access_key"],
            },
        )
    except OSError as error:
        raise _misused(f"can't read {file}: {error.strerror}") from None
    except (ValueError, KeyError, TypeError, AttributeError):
        raise _misused(f"{file} does not describe a stack") from None


def _misused(message: str) -> CommandFailed:
    return CommandFailed(message, exit_code=MISUSED)
