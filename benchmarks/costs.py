"""What something costs the table, and how two measurements of that differ."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Self

from benchmarks.metering import Meter, in_words


@dataclass(frozen=True)
class Cost:
    """Of an access pattern, or of an operation in a warm function."""

    name: str
    calls: str
    """In order, such as ``2 GetItem + TransactWriteItems``."""
    read_units: float
    write_units: float
    """Of the table itself."""
    index_units: float
    """Write units of its indexes."""
    bytes_read: int
    bytes_written: int

    @classmethod
    def of(cls, name: str, meter: Meter) -> Self:
        return cls(
            name=name,
            calls=in_words(meter.calls),
            read_units=meter.reads,
            write_units=meter.writes,
            index_units=meter.index_writes,
            bytes_read=meter.bytes_read,
            bytes_written=meter.bytes_written,
        )


def read(path: Path) -> list[Cost]:
    return [Cost(**row) for row in json.loads(path.read_text(encoding="utf-8"))]


def write(path: Path, costs: Sequence[Cost]) -> None:
    rows = [asdict(cost) for cost in costs]
    path.write_text(json.dumps(rows, indent=2) + "\n", encoding="utf-8")


def differences(measured: Sequence[Cost], known: Sequence[Cost]) -> Iterator[str]:
    """A line for each that does not cost what is known of it.

    Ids and times compress to a few bytes more or less each time, which may tip an item over a unit.
    """
    shown = {cost.name: cost for cost in known}
    for name in sorted({cost.name for cost in measured} ^ shown.keys()):
        yield f"{name}: only one of both knows it"
    for cost in measured:
        if cost.name in shown and not _is_alike(cost, shown[cost.name]):
            yield f"{cost.name}: {cost} and not {shown[cost.name]}"


def _is_alike(cost: Cost, shown: Cost) -> bool:
    return (
        cost.calls == shown.calls
        and abs(cost.read_units - shown.read_units) <= (0 if shown.read_units < 2 else 1)
        and abs(cost.write_units - shown.write_units) <= 2
        and abs(cost.index_units - shown.index_units) <= (0 if shown.index_units < 2 else 1)
    )
