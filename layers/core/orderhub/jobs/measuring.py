"""Figures for CloudWatch, as log lines in its embedded metric format.

``docs/OPERATING.md`` lists them with their units and dimensions. Powertools adds the dimension
``service``, which is the stack's name (``POWERTOOLS_SERVICE_NAME``).
"""

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any, Final

from aws_lambda_powertools.metrics import EphemeralMetrics, Metrics

from orderhub.domain.money import MINOR_UNIT_DIGITS, Money

NAMESPACE: Final = "OrderHub"

CAUSES: Final = "correlation_ids"
"""Beside figures: what they follow from, so that who looks for one finds their line too."""


def causes(correlation_ids: Iterable[str]) -> dict[str, list[str]]:
    """Properties of a line of figures. Those who don't know their cause are left out."""
    found = sorted({each for each in correlation_ids if each})
    return {CAUSES: found} if found else {}


def summed(money: Iterable[tuple[str, Money]]) -> dict[str, dict[str, float]]:
    """Amounts by currency and name, in major units: each is exact until it has been summed."""
    sums: defaultdict[str, defaultdict[str, int]] = defaultdict(lambda: defaultdict(int))
    for name, each in money:
        sums[each.currency][name] += each.amount
    return {
        currency: {
            name: amount / 10 ** MINOR_UNIT_DIGITS[currency] for name, amount in named.items()
        }
        for currency, named in sums.items()
    }


def flush(metrics: Metrics | EphemeralMetrics, money: Mapping[str, Mapping[str, float]]) -> None:
    """Write what ``metrics`` has, and money by currency, in as few lines as it goes: a line may
    hold one currency, in a directive of its own."""
    line: dict[str, Any] = dict(metrics.serialize_metric_set())
    metrics.clear_metrics()
    stamp, service = line["_aws"]["Timestamp"], line.get("service")
    for currency, amounts in money.items():
        dimensions = {"service": service} if service else {}
        directive = {
            "Namespace": NAMESPACE,
            "Dimensions": [[*dimensions, "currency"]],
            "Metrics": [{"Name": name} for name in amounts],
        }
        line.setdefault("_aws", {"Timestamp": stamp, "CloudWatchMetrics": []})
        line["_aws"]["CloudWatchMetrics"].append(directive)
        _write({**line, **dimensions, "currency": currency, **amounts})
        line = {}
    if line:
        _write(line)


def _write(line: Mapping[str, Any]) -> None:
    print(json.dumps(line, separators=(",", ":")))  # noqa: T201 - what CloudWatch reads
