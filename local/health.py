"""What AWS says of a deployed stack: whether its parts are on, and which alarms ring."""

from __future__ import annotations

from collections.abc import Iterator

from local.account import Clients, find_stack
from local.aliases import aliases_of
from local.errors import LocalError


def troubles(stack_name: str, clients: Clients) -> Iterator[str]:
    """All that is not as it should be, each in a sentence; nothing when all is well.

    Raises:
        LocalError: there is no such stack.
    """
    stack = find_stack(stack_name, clients)
    if stack is None:
        raise LocalError(f"There is no stack {stack_name}.", hint="`make deploy` makes one.")
    if not stack["StackStatus"].endswith("_COMPLETE") or "ROLLBACK" in stack["StackStatus"]:
        yield f"The stack {stack_name} is in the state {stack['StackStatus']}."
    parts = _parts(stack_name, clients)
    yield from _switched_off(parts, clients)
    yield from _ringing(stack_name, clients)
    yield from _versions(stack_name, clients)


def _parts(stack_name: str, clients: Clients) -> dict[str, list[str]]:
    """The physical ids of the stack's resources, by their type."""
    found: dict[str, list[str]] = {}
    pages = clients("cloudformation").get_paginator("list_stack_resources")
    for page in pages.paginate(StackName=stack_name):
        for resource in page["StackResourceSummaries"]:
            if physical_id := resource.get("PhysicalResourceId"):
                found.setdefault(resource["ResourceType"], []).append(physical_id)
    return found


def _switched_off(parts: dict[str, list[str]], clients: Clients) -> Iterator[str]:
    functions, schedules = clients("lambda"), clients("scheduler")
    for uuid in parts.get("AWS::Lambda::EventSourceMapping", []):
        mapping = functions.get_event_source_mapping(UUID=uuid)
        if mapping["State"] != "Enabled":
            name = mapping["FunctionArn"].split(":")[6]
            yield f"What {name} reads is in the state {mapping['State']}."
    for name in parts.get("AWS::Scheduler::Schedule", []):
        state = schedules.get_schedule(Name=name)["State"]
        if state != "ENABLED":
            yield f"The schedule {name} is {state}: what is due is not closed."


def _ringing(stack_name: str, clients: Clients) -> Iterator[str]:
    pages = clients("cloudwatch").get_paginator("describe_alarms")
    for page in pages.paginate(AlarmNamePrefix=f"{stack_name}-", StateValue="ALARM"):
        for alarm in page["MetricAlarms"]:
            # What CloudFormation names ends in an id of its own.
            name = alarm["AlarmName"].removeprefix(f"{stack_name}-").partition("-")[0]
            yield f"{name} rings: {alarm.get('AlarmDescription', '')} (docs/RUNBOOK.md)"


def _versions(stack_name: str, clients: Clients) -> Iterator[str]:
    aliases = list(aliases_of(stack_name, clients))
    split = sum(alias.is_split for alias in aliases)
    if split:
        yield f"A release is going out: {split} of {len(aliases)} functions have two versions."
    moved = sum(alias.is_moved for alias in aliases)
    if moved:
        yield f"{moved} of {len(aliases)} functions were moved to another version by hand."
