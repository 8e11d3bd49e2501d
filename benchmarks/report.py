"""Tables for people to read."""

from collections.abc import Sequence
from typing import Final

from rich.table import Table

from benchmarks.costs import Cost
from benchmarks.times import ColdStart, WarmTime

COLD_TARGET: Final = "≤ 1.4"
WARM_TARGET: Final = "≤ 1.5"
_UNITS: Final = ("Read units", "Write units", "of indexes", "Bytes read", "written")


def operations(rows: Sequence[Cost]) -> Table:
    return _costs("Operations, in a warm function", rows)


def patterns(rows: Sequence[Cost]) -> Table:
    return _costs("Access patterns", rows)


def _costs(title: str, rows: Sequence[Cost]) -> Table:
    table = _table(f"{title}: what each asks of the table", ["", "Calls"], _UNITS)
    for row in rows:
        table.add_row(
            row.name,
            row.calls,
            f"{row.read_units:g}",
            f"{row.write_units:g}",
            f"{row.index_units:g}",
            f"{row.bytes_read:,}",
            f"{row.bytes_written:,}",
        )
    return table


def cold_starts(rows: Sequence[ColdStart]) -> Table:
    table = _table(
        "Cold: from the start of a process to its first answer, over the floor",
        [""],
        ["ms", "× floor", "× (processor)", "Target", "MiB", "over the floor"],
    )
    for row in rows:
        table.add_row(
            row.operation,
            f"{row.milliseconds:.0f}",
            f"{row.over_floor:.2f}",
            f"{row.busy_over_floor:.2f}",
            cold_target(row),
            f"{row.memory_mib:.1f}",
            f"{row.memory_over_floor_mib:+.1f}",
        )
    return table


def warm_times(rows: Sequence[WarmTime]) -> Table:
    table = _table(
        "Warm: handlers over the same calls by bare boto3",
        [""],
        ["ms", "bare", "× bare", "× (processor)", "Target"],
    )
    for row in rows:
        table.add_row(
            row.operation,
            f"{row.handler_ms:.2f}",
            f"{row.bare_ms:.2f}",
            f"{row.ratio:.2f}",
            f"{row.busy_ratio:.2f}",
            warm_target(row),
        )
    return table


def cold_target(row: ColdStart) -> str:
    return COLD_TARGET if "create" in row.operation else ""


def warm_target(row: WarmTime) -> str:
    return WARM_TARGET if "five lines" in row.operation else ""


def _table(title: str, left: Sequence[str], right: Sequence[str]) -> Table:
    table = Table(title=title, title_justify="left")
    for heading in left:
        table.add_column(heading)
    for heading in right:
        table.add_column(heading, justify="right")
    return table
