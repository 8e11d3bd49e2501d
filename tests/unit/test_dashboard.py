"""The dashboard shows what it should, where it can be seen, and what alarms are on."""

import re
from itertools import combinations
from typing import Any

import pytest

from tests.support.dashboard import (
    alarm_metric,
    alarms,
    metrics_and_periods,
    metrics_of,
    widgets,
)
from tests.support.table import template

RESOURCES: dict[str, dict[str, Any]] = template()["Resources"]
WIDGETS = widgets()
GRAPHS = [widget for widget in WIDGETS if widget["type"] == "metric"]
COLUMNS = 24
KNOWN = {
    "OrderHub": None,
    "AWS/ApiGateway": {"Count", "4xx", "5xx", "Latency", "IntegrationLatency", "DataProcessed"},
    "AWS/Lambda": {
        *("Invocations", "Errors", "Duration", "Throttles", "IteratorAge"),
        *("ConcurrentExecutions", "DeadLetterErrors", "DestinationDeliveryFailures"),
    },
    "AWS/DynamoDB": {
        *("ConsumedReadCapacityUnits", "ConsumedWriteCapacityUnits", "ReadThrottleEvents"),
        *("WriteThrottleEvents", "TransactionConflict", "SuccessfulRequestLatency"),
        *("SystemErrors", "ThrottledRequests", "UserErrors"),
    },
    "AWS/SQS": {
        *("ApproximateNumberOfMessagesVisible", "ApproximateNumberOfMessagesNotVisible"),
        *("ApproximateAgeOfOldestMessage", "NumberOfMessagesSent"),
    },
    "AWS/States": {
        *("ExecutionsSucceeded", "ExecutionsFailed", "ExecutionsTimedOut"),
        *("ExecutionsStarted", "ExecutionTime", "ExecutionThrottled"),
    },
}
"""Of AWS, what their pages list for these services."""
DIMENSIONS = {
    "AWS/ApiGateway": [{"ApiId"}],
    "AWS/Lambda": [{"FunctionName"}, set()],
    "AWS/DynamoDB": [{"TableName"}, {"TableName", "Operation"}],
    "AWS/SQS": [{"QueueName"}],
    "AWS/States": [{"StateMachineArn"}],
}


def title(widget: dict[str, Any]) -> str:
    return str(widget["properties"].get("title", "text"))


def test_widgets_fill_their_rows_and_cover_no_other() -> None:
    taken: dict[tuple[int, int], str] = {}
    for widget in WIDGETS:
        x, y, width, height = (widget[name] for name in ("x", "y", "width", "height"))
        assert 0 <= x < x + width <= COLUMNS, title(widget)
        for cell in ((x + i, y + j) for i in range(width) for j in range(height)):
            assert cell not in taken, (title(widget), taken[cell])
            taken[cell] = title(widget)
    assert len(taken) % COLUMNS == 0
    assert len(taken) == COLUMNS * (1 + max(y for _, y in taken))


@pytest.mark.parametrize("widget", WIDGETS, ids=title)
def test_a_widget_is_as_cloudwatch_wants_it(widget: dict[str, Any]) -> None:
    properties = widget["properties"]
    if widget["type"] == "text":
        assert set(properties) == {"markdown"}
        return
    assert len(properties["title"]) > 3
    if widget["type"] == "alarm":
        assert set(properties) == {"title", "alarms"}
        return
    assert properties["region"] == "${AWS::Region}"
    if widget["type"] == "log":
        assert set(properties) == {"title", "region", "view", "query"}
        assert re.match(r"SOURCE '\$\{(\w+)\}' \| (filter|stats|fields) ", properties["query"])
        return
    assert properties["view"] in ("timeSeries", "singleValue")
    assert properties["period"] in (60, 300, 900, 3600)
    assert properties["stat"] in ("Sum", "Maximum", "Average")
    for each in properties["metrics"]:
        assert isinstance(each[-1], dict)
        if "expression" not in each[-1]:
            assert each[-1]["label"], "a legend in words"
            assert len(each) % 2 == 1


def test_everything_that_is_shown_is_in_the_stack() -> None:
    body, words = RESOURCES["Dashboard"]["Properties"]["DashboardBody"]
    for name in re.findall(r"\$\{([^}]+)\}", body):
        logical = name.partition(".")[0]
        assert logical in RESOURCES or name.startswith("AWS::") or name in words, name


def test_every_metric_of_aws_is_one_that_there_is() -> None:
    for widget in GRAPHS:
        for metric in metrics_of(widget):
            known = KNOWN[metric.namespace]
            assert known is None or metric.name in known, metric
            if known:
                assert {name for name, _ in metric.dimensions} in DIMENSIONS[metric.namespace]


def test_a_stack_shows_nothing_of_another_one_in_the_same_account() -> None:
    for metric in (metric for widget in GRAPHS for metric in metrics_of(widget)):
        if metric.namespace == "OrderHub":
            named = ("service", "AWS::StackName") in metric.dimensions
            assert named or metric.name.startswith("${AWS::StackName}-"), metric


def test_every_alarm_has_its_light_and_its_line() -> None:
    """One in the table of all, and one drawn where it rings, in the graph of what it is on."""
    (lights,) = [widget for widget in WIDGETS if widget["type"] == "alarm"]
    assert sorted(lights["properties"]["alarms"]) == sorted(f"${{{name}.Arn}}" for name in alarms())
    drawn = {
        line["label"]: (line["value"], set(metrics_of(widget)))
        for widget in GRAPHS
        for line in widget["properties"].get("annotations", {}).get("horizontal", [])
    }
    ringing = {name for name, properties in alarms().items() if properties.get("AlarmActions")}
    assert drawn.keys() == ringing
    for name, (value, shown) in drawn.items():
        assert value == alarms()[name]["Threshold"], name
        assert alarm_metric(name) in shown, name


def test_no_line_of_an_alarm_stands_in_a_graph_of_another_period() -> None:
    """A sum over five minutes says nothing about one over an hour."""
    for widget in GRAPHS:
        periods = dict(metrics_and_periods(widget))
        for line in widget["properties"].get("annotations", {}).get("horizontal", []):
            alarm = alarms()[line["label"]]
            if alarm.get("Statistic") == "Sum" and alarm["Threshold"] > 0:
                assert periods[alarm_metric(line["label"])] == alarm["Period"], line


def test_graphs_differ() -> None:
    for one, other in combinations(GRAPHS, 2):
        assert title(one) != title(other)
