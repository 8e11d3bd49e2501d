"""The dashboard and the alarms of the template, as what they look at."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

from tests.support.table import template

STACK: Final = "AWS::StackName"
_SEARCH: Final = re.compile(r"SEARCH\('\{(?P<schema>[^}]*)\} (?P<terms>.*)', '(?P<stat>\w+)'\)")
_TERM: Final = re.compile(r'(\w+)="([^"]*)"')


@dataclass(frozen=True)
class Metric:
    """What is looked at. Values of dimensions are logical ids, or names of pseudo parameters."""

    namespace: str
    name: str
    dimensions: tuple[tuple[str, str], ...]


@cache
def alarms() -> Mapping[str, dict[str, Any]]:
    """Properties by logical id."""
    return {
        name: resource["Properties"]
        for name, resource in template()["Resources"].items()
        if resource["Type"] == "AWS::CloudWatch::Alarm"
    }


def alarm_metric(alarm: str) -> Metric:
    """What it is on."""
    properties = alarms()[alarm]
    dimensions = {each["Name"]: each["Value"] for each in properties.get("Dimensions", [])}
    return _metric(properties["Namespace"], properties["MetricName"], dimensions)


def alarm_metrics() -> Iterator[Metric]:
    for alarm in alarms():
        yield alarm_metric(alarm)


@cache
def widgets() -> list[dict[str, Any]]:
    """As CloudWatch gets them, what the stack knows aside."""
    body, _words = template()["Resources"]["Dashboard"]["Properties"]["DashboardBody"]
    found: list[dict[str, Any]] = json.loads(body)["widgets"]
    return found


def metrics_of(widget: Mapping[str, Any]) -> Iterator[Metric]:
    """What a graph shows. A search for a currency finds each; here it is one."""
    for metric, _ in metrics_and_periods(widget):
        yield metric


def metrics_and_periods(widget: Mapping[str, Any]) -> Iterator[tuple[Metric, int]]:
    """The same, with the seconds that each of its values stands for."""
    usual = widget["properties"].get("period", 300)
    for *told, options in widget["properties"].get("metrics", []):
        if "expression" in options:
            yield _searched(options["expression"]), usual
            continue
        namespace, name, *dimensions = told
        known = dict(zip(dimensions[::2], dimensions[1::2], strict=True))
        yield _metric(namespace, name, known), options.get("period", usual)


def dashboard_metrics() -> Iterator[Metric]:
    for widget in widgets():
        yield from metrics_of(widget)


def _searched(expression: str) -> Metric:
    found = _SEARCH.fullmatch(expression)
    assert found, expression
    namespace, *names = found["schema"].split(",")
    terms = dict(_TERM.findall(found["terms"]))
    name = terms.pop("MetricName")
    known = {each: terms.get(each, "CNY" if each == "currency" else "*") for each in names}
    return _metric(namespace, name, known)


def _metric(namespace: str, name: str, dimensions: Mapping[str, str]) -> Metric:
    """Both spell names of resources in their own way: ``${X}``, ``${X.Y}`` and ``X.Y``."""
    plain = {key: re.sub(r"^\$\{(.*)\}$", r"\1", value) for key, value in dimensions.items()}
    return Metric(namespace, name, tuple(sorted(plain.items())))
