"""Figures as CloudWatch reads them from log lines (embedded metric format)."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Figure:
    """A metric of a line, with all that CloudWatch tells it from others by."""

    name: str
    namespace: str
    unit: str
    dimensions: tuple[tuple[str, str], ...]
    values: tuple[float, ...]

    @property
    def names(self) -> frozenset[str]:
        """Of its dimensions."""
        return frozenset(name for name, _ in self.dimensions)


def figures(lines: Iterable[str]) -> Iterator[Figure]:
    """What is measured in these lines; those that hold no figures are passed over.

    Raises ``AssertionError`` for what CloudWatch would pass over.
    """
    for line in lines:
        if '"_aws"' in line:
            yield from _of(json.loads(line[line.index("{") :]))


def _of(line: dict[str, Any]) -> Iterator[Figure]:
    assert line["_aws"]["Timestamp"] > 1_500_000_000_000
    for directive in line["_aws"]["CloudWatchMetrics"]:
        for dimensions in directive["Dimensions"]:
            for metric in directive["Metrics"]:
                values = line[metric["Name"]]
                yield Figure(
                    name=metric["Name"],
                    namespace=directive["Namespace"],
                    unit=metric.get("Unit", "None"),
                    dimensions=tuple((name, line[name]) for name in sorted(dimensions)),
                    values=tuple(values if isinstance(values, list) else [values]),
                )
