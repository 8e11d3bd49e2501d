"""What of ``template.yaml`` the bill depends on."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

from tools.template import template

Json = Mapping[str, Any]

_RATE: Final = re.compile(r"rate\((\d+) (minute|hour|day)s?\)")
_SECONDS: Final = {"minute": 60, "hour": 3_600, "day": 86_400}
_DEFAULT_STREAM_BATCH: Final = 100
_DEFAULT_QUEUE_BATCH: Final = 10


@dataclass(frozen=True, slots=True)
class Poll:
    """How Lambda reads a stream or queue for a function."""

    kind: str
    """``DynamoDB`` or ``SQS``."""
    batch_size: int
    window: float
    """Seconds for which a batch is waited for; 0: none."""
    is_limited: bool
    """Whether ``MaximumConcurrency`` is set, which keeps Lambda from polling less when idle."""


@dataclass(frozen=True, slots=True)
class Sweep:
    """A state machine on a schedule."""

    kind: str
    """Of the deadlines that it closes."""
    every: int
    """Seconds."""


@dataclass(frozen=True, slots=True)
class Deployment:
    """``memory`` is in MB, by the functions' names in the template; so are ``polls``."""

    memory: Mapping[str, int]
    polls: Mapping[str, Poll]
    sweeps: tuple[Sweep, ...]
    alarms: int
    dashboards: int
    keys: int
    due_shards: int
    has_bus: bool
    """Whether events go to an event bus."""
    is_traced: bool
    """Whether X-Ray is told of requests."""
    log_days: int
    """For how long logs are kept."""


@cache
def deployment() -> Deployment:
    """As the template has it, its parameters at their defaults."""
    parameters, resources = template()["Parameters"], template()["Resources"]
    functions = dict(_of_type(resources, "AWS::Serverless::Function"))
    standard = template()["Globals"]["Function"]["MemorySize"]
    return Deployment(
        memory={name: each.get("MemorySize", standard) for name, each in functions.items()},
        polls={name: poll for name, each in functions.items() for poll in _polls(each)},
        sweeps=tuple(
            _sweep(machine) for _, machine in _of_type(resources, "AWS::Serverless::StateMachine")
        ),
        alarms=len(list(_of_type(resources, "AWS::CloudWatch::Alarm"))),
        dashboards=len(list(_of_type(resources, "AWS::CloudWatch::Dashboard"))),
        keys=len(list(_of_type(resources, "AWS::KMS::Key"))),
        due_shards=int(parameters["DueShards"]["Default"]),
        has_bus=parameters["PublishToEventBus"]["Default"] == "true",
        is_traced=parameters["Tracing"]["Default"] == "Active",
        log_days=int(parameters["LogRetentionDays"]["Default"]),
    )


def _of_type(resources: Json, kind: str) -> Iterator[tuple[str, Json]]:
    for name, resource in resources.items():
        if resource["Type"] == kind:
            yield name, resource["Properties"]


def _polls(function: Json) -> Iterator[Poll]:
    for event in function.get("Events", {}).values():
        told, kind = event["Properties"], event["Type"]
        if kind in {"DynamoDB", "SQS"}:
            default = _DEFAULT_QUEUE_BATCH if kind == "SQS" else _DEFAULT_STREAM_BATCH
            yield Poll(
                kind=kind,
                batch_size=told.get("BatchSize", default),
                window=told.get("MaximumBatchingWindowInSeconds", 0),
                is_limited="ScalingConfig" in told,
            )


def _sweep(machine: Json) -> Sweep:
    (event,) = machine["Events"].values()
    matched = _RATE.fullmatch(event["Properties"]["ScheduleExpression"])
    if matched is None:
        raise ValueError("only schedules of the form rate(…) are known here")
    return Sweep(
        kind=machine["DefinitionSubstitutions"]["DeadlineKind"],
        every=int(matched[1]) * _SECONDS[matched[2]],
    )
