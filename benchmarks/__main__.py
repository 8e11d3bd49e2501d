"""``make bench``: what operations ask of the table, and how long their functions take.

Parts, all of them by default, others by ``make bench ARGS="cold warm"``:

    costs       calls, read and write units and bytes of every operation and access pattern
    cold        from the start of a function's process to its first answer, and memory
    warm        a handler's time over that of the same calls by bare boto3

Everything goes to ``benchmarks/results/bench.json`` as well, whose times are those of this machine.
Costs are the same everywhere: ``benchmarks/operations.json`` and ``access_patterns.json`` get them,
which the documents show and tests compare with. With ``--record`` the documents show the times of
this run, too (``benchmarks/times.json``).
"""

import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any, Final

from rich.console import Console

from benchmarks import access_patterns, cold, costs, operations, report, times, warm
from benchmarks.access_patterns import Bench
from benchmarks.costs import Cost
from benchmarks.embedded import EmbeddedDynamoDB
from benchmarks.operations import Run
from local.console import Progress
from tests.support.table import create_table

PARTS: Final = ("costs", "cold", "warm")
RESULTS: Final = Path(__file__).with_name("results") / "bench.json"
_WIDTH: Final = 140
"""Columns, where there is no terminal that has some."""


def main() -> None:
    told, progress = _told(), Progress()
    console = Console(highlight=False, width=None if sys.stdout.isatty() else _WIDTH)
    with progress.step("Running every operation on an emulated cloud"):
        run = operations.record(told.only)
    if told.check:
        sys.exit(_check(run, _patterns(progress)))
    results: dict[str, Sequence[Any]] = {}
    if "costs" in told.parts:
        results["operations"] = [each.cost for each in run.recordings]
        console.print(report.operations(results["operations"]))
        if not told.only:
            results["access_patterns"] = _patterns(progress)
            console.print(report.patterns(results["access_patterns"]))
            operations.record_costs(results["operations"])
            access_patterns.record(results["access_patterns"])
    if "cold" in told.parts:
        with progress.step("Timing cold starts"):
            results["cold"] = cold.measure(_cold(run, told.only), told.rounds or cold.ROUNDS)
        console.print(report.cold_starts(results["cold"]))
    if "warm" in told.parts:
        with progress.step("Timing handlers"):
            results["warm"] = warm.measure(run, told.rounds or warm.ROUNDS)
        console.print(report.warm_times(results["warm"]))
    if told.record:
        times.record(results["cold"], results["warm"])
    _write(results)


def _told() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="benchmarks")
    parser.add_argument("parts", nargs="*", metavar="PART", help=f"of {', '.join(PARTS)}")
    parser.add_argument("--only", default="", metavar="TEXT", help="operations with this in them")
    parser.add_argument("--rounds", type=int, default=0, help="how often to time each")
    parser.add_argument("--record", action="store_true", help="have the documents show the times")
    parser.add_argument("--check", action="store_true", help="compare costs; change nothing")
    told = parser.parse_args()
    if unknown := set(told.parts) - set(PARTS):
        parser.error(f"there is no part {', '.join(sorted(unknown))}")
    told.parts = told.parts or PARTS
    if told.record and (told.only or not {"cold", "warm"} <= set(told.parts)):
        parser.error("--record wants all operations, cold and warm")
    return told


def _patterns(progress: Progress) -> list[Cost]:
    table = EmbeddedDynamoDB()
    try:
        client = table.client()
        create_table(client, "patterns")
        with progress.step("Metering access patterns"):
            return Bench(client, "patterns").run()
    finally:
        table.close()


def _check(run: Run, patterns: list[Cost]) -> str | None:
    """What costs something else than is written down; None for nothing."""
    found = [
        *costs.differences([each.cost for each in run.recordings], operations.recorded()),
        *costs.differences(patterns, access_patterns.recorded()),
    ]
    return (
        "\n".join([*found, "make bench ARGS=costs writes down what it is now"]) if found else None
    )


def _cold(run: Run, only: str) -> Run:
    """Those that are timed cold; all that were asked for by name."""
    chosen = [each for each in run.recordings if only or each.operation.is_timed_cold]
    return replace(run, recordings=chosen)


def _write(results: dict[str, Sequence[Any]]) -> None:
    told = {part: [asdict(row) for row in rows] for part, rows in results.items()}
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text(json.dumps(told, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
