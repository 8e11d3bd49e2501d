"""The figures of the last comparison, as the documents show them."""

import json
import os
import platform
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

from benchmarks.peers.timing import Comparison

RECORDED: Final = Path(__file__).with_suffix(".json")

_STEPS: Final = {
    "open": "the first call for an order",
    "create": "all calls until it can be paid",
    "pay": "pay it",
    "read": "read it back",
}


def record(compared: Sequence[Comparison], *, peer: str, orders: int) -> None:
    """Write a comparison down, with what it was measured on."""
    content = {
        "machine": f"{os.cpu_count()} processors, Python {platform.python_version()}",
        "peer": peer,
        "orders": orders,
        "steps": [
            {
                **asdict(each),
                "milliseconds": round(each.milliseconds, 1),
                "peer_milliseconds": round(each.peer_milliseconds, 1),
                "ratio": round(each.ratio, 2),
            }
            for each in compared
        ],
    }
    RECORDED.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")


def recorded() -> dict[str, Any]:
    """What :func:`record` wrote: ``machine``, ``peer``, ``orders`` and ``steps``."""
    found: dict[str, Any] = json.loads(RECORDED.read_text(encoding="utf-8"))
    return found


def markdown() -> str:
    """What was recorded: a sentence and a table."""
    found = recorded()
    told = (
        f"OrderHub on the local cloud beside {found['peer']}, by turns in one run, one client over"
        f" HTTP: the median of {found['orders']} orders in ms, on {found['machine']}."
    )
    lines = [
        told,
        "",
        "| | calls | OrderHub | calls | Vendure | ratio |",
        "| --- | ---: | ---: | ---: | ---: | ---: |",
    ]
    lines += [
        f"| {_STEPS[each['step']]} | {each['calls']} | {each['milliseconds']}"
        f" | {each['peer_calls']} | {each['peer_milliseconds']} | {each['ratio']} |"
        for each in found["steps"]
    ]
    return "\n".join(lines)
