"""What ``template.yaml`` says of who calls, reads, writes and tells whom.

Nothing here knows how it looks: :mod:`tools.architecture.picture` draws it.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any, Final

from tools.template import template


class Use(Enum):
    """What a function's role lets it do with something that the stack has, or that AWS offers."""

    READ = "reads"
    WRITE = "writes"
    SEND = "sends"
    DECRYPT = "key"
    MAIL = "mail"
    PUBLISH = "bus"


_USES: Final = (
    (r"dynamodb:(Get|BatchGet|Query|Scan|ConditionCheck)", Use.READ),
    (r"dynamodb:(Put|Update|Delete|BatchWrite)", Use.WRITE),
    (r"sqs:SendMessage", Use.SEND),
    (r"kms:(Decrypt|Encrypt|GenerateDataKey)", Use.DECRYPT),
    (r"ses:Send", Use.MAIL),
    (r"events:PutEvents", Use.PUBLISH),
)
MAIL: Final = "SES"
"""What mail goes to: no resource of the template."""


@dataclass(frozen=True)
class Function:
    """A function, and all that the template says it has to do with others."""

    name: str
    folder: str
    """Below ``functions/``, without the operation: ``marketplace``."""
    routes: tuple[str, ...]
    uses: frozenset[tuple[Use, str]]
    """With the resource's name each."""
    streams_from: frozenset[str]
    polls: frozenset[str]
    fails_to: frozenset[str]

    def does(self, use: Use) -> bool:
        return any(each is use for each, _ in self.uses)


@dataclass(frozen=True)
class Machine:
    """A state machine, when it starts and which functions it calls."""

    name: str
    schedules: tuple[str, ...]
    calls: frozenset[str]


@dataclass(frozen=True)
class Queue:
    name: str
    attempts: int | None
    """How often a message is received before it is a dead letter; ``None``: as often as need be."""
    dead_letters: frozenset[str]


@dataclass(frozen=True)
class System:
    """The template's resources, as far as a picture tells of them."""

    functions: Mapping[str, Function]
    machines: Mapping[str, Machine]
    queues: Mapping[str, Queue]
    types: Mapping[str, str]
    """Type by name, of every resource."""
    indexes: int
    """Of the table."""

    def of(self, kind: str) -> list[str]:
        """The names of all resources whose type ends so."""
        return [name for name, each in self.types.items() if each.endswith(f"::{kind}")]

    @property
    def routes(self) -> int:
        return sum(len(each.routes) for each in self.functions.values())


def read(document: Mapping[str, Any] | None = None) -> System:
    """The system that the template (or another one, as :mod:`tools.template` reads it) describes.

    Raises:
        ValueError: a function has an event, or a permission, of a kind that is not known here.
    """
    resources: Mapping[str, Any] = (document or template())["Resources"]
    names = frozenset(resources)
    functions, machines, queues = {}, {}, {}
    for name, resource in resources.items():
        properties = resource.get("Properties", {})
        match resource["Type"]:
            case "AWS::Serverless::Function":
                functions[name] = _function(name, properties, names)
            case "AWS::Serverless::StateMachine":
                machines[name] = _machine(name, properties, names)
            case "AWS::SQS::Queue":
                queues[name] = _queue(name, properties, names)
    tables = [each for each in resources.values() if each["Type"] == "AWS::DynamoDB::Table"]
    return System(
        functions=functions,
        machines=machines,
        queues=queues,
        types={name: resource["Type"] for name, resource in resources.items()},
        indexes=sum(len(each["Properties"].get("GlobalSecondaryIndexes", ())) for each in tables),
    )


def _function(name: str, properties: Mapping[str, Any], names: frozenset[str]) -> Function:
    routes, streams, polls = [], set(), set()
    fails_to: set[str] = set()
    for event in properties.get("Events", {}).values():
        told = event["Properties"]
        match event["Type"]:
            case "HttpApi":
                routes.append(f"{told['Method']} {told['Path']}")
            case "DynamoDB":
                streams |= _named(told["Stream"], names)
                fails_to |= _named(told.get("DestinationConfig"), names)
            case "SQS":
                polls |= _named(told["Queue"], names)
            case other:
                raise ValueError(f"{name} has an event of an unknown kind: {other}")
    return Function(
        name=name,
        folder=properties["CodeUri"].split("/")[1],
        routes=tuple(routes),
        uses=frozenset(_uses(name, properties.get("Policies", ()), names)),
        streams_from=frozenset(streams),
        polls=frozenset(polls),
        fails_to=frozenset(fails_to),
    )


def _uses(name: str, policies: Any, names: frozenset[str]) -> Iterator[tuple[Use, str]]:
    for statement in _statements(policies):
        if statement["Effect"] != "Allow":
            continue
        actions = statement["Action"]
        for action in [actions] if isinstance(actions, str) else actions:
            use = next((use for form, use in _USES if re.match(form, action)), None)
            if use is Use.MAIL:
                yield use, MAIL
            elif use:
                for resource in _named(statement["Resource"], names):
                    yield use, resource
            elif action not in _NOT_DRAWN:
                raise ValueError(f"{name} may do what the picture has no word for: {action}")


_NOT_DRAWN: Final = {
    "sqs:ChangeMessageVisibility",
    "xray:PutTraceSegments",
    "xray:PutTelemetryRecords",
}
"""Of who reads a queue anyway, and of every function that is traced."""


def _statements(policies: Any) -> Iterator[Mapping[str, Any]]:
    """All statements, those under a condition too."""
    if isinstance(policies, list):
        for each in policies:
            yield from _statements(each)
    elif isinstance(policies, dict):
        if "Effect" in policies:
            yield policies
        else:
            for each in policies.values():
                yield from _statements(each)


def _machine(name: str, properties: Mapping[str, Any], names: frozenset[str]) -> Machine:
    return Machine(
        name=name,
        schedules=tuple(
            event["Properties"]["ScheduleExpression"]
            for event in properties.get("Events", {}).values()
        ),
        calls=frozenset(_named(properties.get("DefinitionSubstitutions"), names)),
    )


def _queue(name: str, properties: Mapping[str, Any], names: frozenset[str]) -> Queue:
    redrive = properties.get("RedrivePolicy", {})
    return Queue(
        name=name,
        attempts=redrive.get("maxReceiveCount"),
        dead_letters=frozenset(_named(redrive.get("deadLetterTargetArn"), names)),
    )


def _named(value: Any, names: frozenset[str]) -> set[str]:
    """The resources that a value refers to, however it does."""
    match value:
        case str():
            return {word for word in re.findall(r"\w+", value) if word in names}
        case dict():
            return set().union(*(_named(each, names) for each in value.values()))
        case list():
            return set().union(*(_named(each, names) for each in value))
        case _:
            return set()
