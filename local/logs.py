"""Shows what the functions of the local stack log, as one stream."""

from __future__ import annotations

import json
import re
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.text import Text

from local.cloud import LocalCloud

if TYPE_CHECKING:
    from mypy_boto3_logs import CloudWatchLogsClient
    from mypy_boto3_logs.type_defs import FilteredLogEventTypeDef

_POLL_SECONDS = 1.0
# CloudWatch may show an event some time after a later one; look back this far on every poll.
_OVERLAP_MS = 10_000
# As many events as one call returns at most.
_PAGE = 10_000
_PLATFORM_LINE = re.compile(r"^(START|END|REPORT|INIT_START) ")
_TROUBLE = re.compile(
    r'"level":\s*"(ERROR|CRITICAL)"|\[ERROR\]|Traceback \(most recent|Task timed out|errorMessage'
)
_LEVEL_STYLES = {"WARNING": "yellow", "ERROR": "bold red", "CRITICAL": "bold red"}
# Powertools repeats these in every line; the stream shows them elsewhere, or nobody needs them.
_LEFT_OUT = frozenset(
    {
        "function_arn",
        "function_memory_size",
        "function_name",
        "function_request_id",
        "level",
        "location",
        "message",
        "service",
        "timestamp",
        "trace_id",
        "xray_trace_id",
    }
)


@dataclass(frozen=True)
class Line:
    """One log event of one function."""

    at: datetime
    function: str
    """The function's logical id in the template; empty when its log group does not tell."""
    message: str


@dataclass(frozen=True)
class Filter:
    """Which lines to show."""

    function: str = ""
    """A part of the function's name."""
    pattern: str = ""
    """A regular expression, looked for in the message."""
    trouble_only: bool = False
    """Only errors: lines of that level, stack traces, time-outs."""
    platform: bool = False
    """Also Lambda's own START, END and REPORT lines."""
    order: str = ""
    """The id of an order: only lines about it."""
    correlation: str = ""
    """A request's id, ours or its caller's, or the name of a machine's run: only what follows from
    it."""

    def admits(self, line: Line) -> bool:
        """Whether to show the line."""
        if self.function.lower() not in line.function.lower():
            return False
        if not self.platform and _PLATFORM_LINE.match(line.message):
            return False
        if self.trouble_only and not _TROUBLE.search(line.message):
            return False
        if self.order or self.correlation:
            entry = _json_object(line.message) or {}
            if self.order and not _is_about(entry, self.order):
                return False
            if self.correlation and not _follows_from(entry, self.correlation):
                return False
        return re.search(self.pattern, line.message) is not None


def _is_about(entry: Mapping[str, Any], order: str) -> bool:
    """Lines of batches name orders with their shops."""
    named = [str(each).rpartition("/")[2] for each in entry.get("orders", [])]
    return order in (str(entry.get("order_id")), *named)


def _follows_from(entry: Mapping[str, Any], cause: str) -> bool:
    causes = [entry.get("correlation_id"), entry.get("caller_id")]
    return cause in (*causes, *entry.get("correlation_ids", []))


def lines(
    cloud: LocalCloud, stack_name: str, *, since: datetime, follow: bool = False
) -> Iterator[Line]:
    """Yield what the stack's functions logged since then, oldest first; ``follow`` never ends."""
    functions = _functions(cloud, stack_name)
    start = int(since.timestamp() * 1000)
    shown: Counter[Line] = Counter()
    while True:
        now: Counter[Line] = Counter()
        # A stable sort: lines of one millisecond stay in the order in which they were logged.
        for line in sorted(_read(cloud, functions, start), key=lambda line: line.at):
            # The emulator's events have no id; equal lines are told apart by counting them.
            now[line] += 1
            if now[line] > shown[line]:
                yield line
        if not follow:
            return
        if now:
            newest = max(line.at for line in now)
            start = max(start, int(newest.timestamp() * 1000) - _OVERLAP_MS)
        shown = now
        time.sleep(_POLL_SECONDS)


def _read(cloud: LocalCloud, functions: _Functions, start: int) -> Iterator[Line]:
    client = cloud.client("logs")
    for group, owner in functions.owners.items():
        try:
            events = list(events_since(client, group, start))
        except client.exceptions.ResourceNotFoundException:
            continue  # No function has logged there yet.

        # In a log group that functions share, a stream still belongs to one function, and one
        # structured line in it is enough to tell which.
        named: dict[str, str] = {}
        for event in events:
            entry = _json_object(event["message"]) or {}
            function = functions.names.get(str(entry.get("function_name")))
            if function:
                named[event["logStreamName"]] = function
        for event in events:
            yield Line(
                at=datetime.fromtimestamp(event["timestamp"] / 1000, UTC),
                function=owner or named.get(event["logStreamName"], ""),
                message=event["message"].rstrip(),
            )


def events_since(
    client: CloudWatchLogsClient, group: str, start: int
) -> Iterator[FilteredLogEventTypeDef]:
    """Yield all events of a log group from a moment on (milliseconds), oldest first.

    The emulator answers one page and no token for the next one, so that a full page is followed
    by the one that begins at its last moment.
    """
    while True:
        page = client.filter_log_events(logGroupName=group, startTime=start, limit=_PAGE)["events"]
        last = page[-1]["timestamp"] if len(page) == _PAGE else None
        if last is None or last == start:
            yield from page
        else:
            yield from (event for event in page if event["timestamp"] < last)
        if last is None:
            return
        # A full page of one moment is all that can be had of it.
        start = last + 1 if last == start else last


def render(line: Line) -> Text:
    """Lay a line out for reading: time, function, level, message, and the other keys."""
    text = Text()
    text.append(line.at.astimezone().strftime("%H:%M:%S.%f")[:-3], style="dim")
    text.append(f"  {line.function}  " if line.function else "  ", style="cyan")
    entry = _json_object(line.message)
    if entry is None:
        return text.append(line.message, style="red" if _TROUBLE.search(line.message) else "")
    level = str(entry.get("level", ""))
    text.append(f"{level} ", style=_LEVEL_STYLES.get(level, "green"))
    message = entry.get("message", "")
    text.append(message if isinstance(message, str) else json.dumps(message, ensure_ascii=False))
    for key, value in entry.items():
        if key in _LEFT_OUT or value is None:
            continue
        if key in {"exception", "stack_trace"} and isinstance(value, str):
            text.append(f"\n{value}", style="red")
            continue
        shown = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
        text.append(f"  {key}=", style="dim").append(shown)
    return text


def show(found: Iterator[Line], wanted: Filter, console: Console) -> None:
    """Print the lines that the filter admits."""
    for line in found:
        if wanted.admits(line):
            console.print(render(line), soft_wrap=True)


@dataclass(frozen=True)
class _Functions:
    """Where the stack's functions log."""

    names: Mapping[str, str]
    """Their logical ids, by their names."""
    owners: Mapping[str, str]
    """The log groups, each with the logical id of its function, or nothing when it has several."""


def _functions(cloud: LocalCloud, stack_name: str) -> _Functions:
    pages = (
        cloud.client("cloudformation")
        .get_paginator("list_stack_resources")
        .paginate(StackName=stack_name)
    )
    names = {
        resource.get("PhysicalResourceId", ""): resource["LogicalResourceId"].removesuffix(
            "Function"
        )
        for page in pages
        for resource in page["StackResourceSummaries"]
        if resource["ResourceType"] == "AWS::Lambda::Function"
    }
    owners: dict[str, str] = {}
    for page in cloud.client("lambda").get_paginator("list_functions").paginate():
        for function in page["Functions"]:
            name = function["FunctionName"]
            if name in names:
                group = function.get("LoggingConfig", {}).get("LogGroup", f"/aws/lambda/{name}")
                owners[group] = "" if group in owners else names[name]
    return _Functions(names, owners)


def _json_object(message: str) -> dict[str, Any] | None:
    try:
        entry = json.loads(message)
    except ValueError:
        return None
    return entry if isinstance(entry, dict) else None
