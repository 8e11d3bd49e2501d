"""Who is woken finds what to do, and what the runbook says can be pasted."""

import re
import textwrap
from typing import Any

import pytest

from tests.support.dashboard import alarms, widgets
from tests.support.silence import KEYS
from tests.support.table import ROOT, template

TEXT = (ROOT / "docs/RUNBOOK.md").read_text(encoding="utf-8")
ROWS = dict(re.findall(r"^\| \[(\w+)\]\(#\w+\) \| ([a-z ]+) \|", TEXT, re.MULTILINE))
WAKING = {name: each for name, each in alarms().items() if each.get("AlarmActions")}
OF_JOBS = {
    *("correlation_ids", "orders", "state", "subscription_id", "currency", "exception"),
    *("MoneyCaptured", "MoneyRefunded"),
}
"""What their lines have beside those of requests."""
RESULTS = {"requests", "p50", "p99", "slowest", "orders", "captured", "refunded", "attempts"}


@pytest.mark.parametrize("alarm", WAKING)
def test_an_alarm_says_what_is_wrong_how_soon_and_where_to_read(alarm: str) -> None:
    said = " ".join(str(WAKING[alarm]["AlarmDescription"]).split())
    what, _, where = said.rpartition(". ")
    assert len(what) > 20
    when, _, section = where.partition(": ")
    assert section == f"docs/RUNBOOK.md, {alarm}"
    assert when.lower() == ROWS[alarm]
    assert f"\n## {alarm}\n" in TEXT


def test_the_table_has_every_alarm_once_and_links_to_its_section() -> None:
    assert ROWS.keys() == WAKING.keys()
    links = re.findall(r"^\| \[(\w+)\]\(#(\w+)\)", TEXT, re.MULTILINE)
    assert len(links) == len(WAKING)
    assert all(name.lower() == anchor for name, anchor in links)
    assert set(ROWS.values()) == {"now", "in the morning"}


QUERIES = [
    textwrap.dedent(block)
    for language, block in re.findall(r"^ *```(\w*)\n(.*?)^ *```$", TEXT, re.DOTALL | re.MULTILINE)
    if not language
]
SHOWN = [
    str(widget["properties"]["query"]).partition(" | ")[2]
    for widget in widgets()
    if widget["type"] == "log"
]


@pytest.mark.parametrize("query", QUERIES + SHOWN, ids=range(len(QUERIES) + len(SHOWN)))
def test_queries_ask_for_what_lines_have(query: str) -> None:
    """Each command is one of Logs Insights', each field one that functions write."""
    commands = [part.strip() for part in re.split(r"\n?\|", query)]
    assert {command.split(" ", 1)[0] for command in commands} <= {
        *("fields", "filter", "stats", "sort", "limit")
    }
    without_text = re.sub(r'"(\\.|[^"\\])*"', "", query)
    words = set(re.findall(r"(?<![@\w.])([A-Za-z_]\w*)(?!\()\b", without_text))
    grammar = {
        *("fields", "filter", "stats", "sort", "limit", "by", "as", "and", "or", "like"),
        *("asc", "desc", "count", "sum", "pct", "max", "ispresent"),
    }
    assert not words - grammar - KEYS - OF_JOBS - RESULTS


def test_there_are_queries_for_what_is_asked_at_night() -> None:
    assert len(QUERIES) >= 10
    for word in ("correlation_id =", "order_id =", "pct(milliseconds", "by currency"):
        assert any(word in query for query in QUERIES), word


BEHIND_THE_SCENES = sorted(
    name
    for name, resource in template()["Resources"].items()
    if resource["Type"] == "AWS::Serverless::Function"
    and "HttpApi" not in {e["Type"] for e in resource["Properties"].get("Events", {}).values()}
)
RUNS = {
    "FindDue": ("ClosingRunsAlarm", "RefundWindowRunsAlarm", "AutoReceiveRunsAlarm"),
    # One that dies without a word leaves its orders due.
    "CloseDue": ("ClosingFailedAlarm", "ClosingLagAlarm", "RefundWindowLagAlarm"),
}


@pytest.mark.parametrize("function", BEHIND_THE_SCENES)
def test_a_function_that_nobody_waits_for_does_not_fail_in_silence(function: str) -> None:
    on_errors: list[dict[str, Any]] = [
        each
        for each in WAKING.values()
        if each["MetricName"] == "Errors"
        and {"Name": "FunctionName", "Value": function} in each["Dimensions"]
    ]
    assert bool(on_errors) != all(name in WAKING for name in RUNS.get(function, ("",)))
