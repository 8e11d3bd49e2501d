"""What functions logged is read to its end."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, cast

import pytest

from local import logs

if TYPE_CHECKING:
    from mypy_boto3_logs import CloudWatchLogsClient


class Emulator:
    """Answers as the emulator does: the oldest events, and no way to the next page."""

    def __init__(self, times: Sequence[int]) -> None:
        self._events = [{"timestamp": at, "message": f"{n}"} for n, at in enumerate(times)]

    def filter_log_events(self, **wanted: Any) -> Mapping[str, Any]:
        found = [event for event in self._events if event["timestamp"] >= wanted["startTime"]]
        return {"events": found[: wanted["limit"]]}


@pytest.mark.parametrize(
    "times",
    [
        [],
        [5],
        [5, 6, 7],
        [5, 6, 7, 8, 9, 10, 11],
        [5, 6, 6, 6, 7, 7, 8, 8, 8, 9],
        [5, 5, 5, 6],
        [4, 5, 5, 6, 7, 8],
    ],
)
def test_nothing_is_left_out_or_told_twice_however_much_there_is(
    times: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(logs, "_PAGE", 3)
    client = cast("CloudWatchLogsClient", Emulator(times))
    found = [event["message"] for event in logs.events_since(client, "group", 5)]
    assert found == [str(n) for n, at in enumerate(times) if at >= 5]


def test_more_of_one_moment_than_a_call_returns_does_not_hold_up_what_came_after(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(logs, "_PAGE", 3)
    client = cast("CloudWatchLogsClient", Emulator([5, 6, 6, 6, 6, 7]))
    found = [event["message"] for event in logs.events_since(client, "group", 5)]
    assert found == ["0", "1", "2", "3", "5"]


REQUEST = {"message": "request", "correlation_id": "req-1=", "caller_id": "erp-1", "order_id": 17}
PUBLISHED = {"_aws": {}, "correlation_ids": ["req-0=", "req-1="]}
CLOSED = {"message": "closed", "correlation_id": "run-1", "orders": ["demo/17", "demo/170"]}


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        (logs.Filter(correlation="req-1="), [REQUEST, PUBLISHED]),
        (logs.Filter(correlation="erp-1"), [REQUEST]),
        (logs.Filter(correlation="run-1"), [CLOSED]),
        (logs.Filter(order="17"), [REQUEST, CLOSED]),
        (logs.Filter(order="170"), [CLOSED]),
        (logs.Filter(order="17", correlation="run-1"), [CLOSED]),
        (logs.Filter(order="7"), []),
        (logs.Filter(), [REQUEST, PUBLISHED, CLOSED]),
    ],
    ids=range(8),
)
def test_lines_are_found_by_what_they_follow_from_and_by_their_order(
    wanted: logs.Filter, found: list[dict[str, Any]]
) -> None:
    said = [REQUEST, PUBLISHED, CLOSED]
    lines = [logs.Line(datetime.now(UTC), "F", json.dumps(each)) for each in said]
    assert [json.loads(line.message) for line in lines if wanted.admits(line)] == found


def test_a_line_that_is_no_json_is_about_no_order() -> None:
    line = logs.Line(datetime.now(UTC), "F", "Task timed out 17")
    assert not logs.Filter(order="17").admits(line)
    assert logs.Filter().admits(line)
