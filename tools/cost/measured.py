"""What the benchmarks measured of the table."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

from tools.docs import ROOT

_FILES: Final = ("access_patterns.json", "operations.json")
"""Of ``benchmarks/``."""


@dataclass(frozen=True, slots=True)
class Units:
    """What one use of an access pattern, or one run of an operation, asks of the table."""

    calls: tuple[str, ...]
    """Such as ``Query``, ``TransactWriteItems``."""
    reads: float
    """Read request units."""
    writes: float
    """Write request units of the table itself."""
    index_writes: float
    """Write request units of its indexes."""
    bytes_written: int

    @property
    def items(self) -> float:
        """That are written in a transaction, which is two units each where none is over 1 KB."""
        return self.writes / 2


@cache
def measured() -> Mapping[str, Units]:
    """By the names that ``docs/ACCESS_PATTERNS.md`` gives them."""
    return {
        row["name"]: _units(row)
        for file in _FILES
        for row in json.loads((ROOT / "benchmarks" / file).read_text(encoding="utf-8"))
    }


def _units(row: Mapping[str, Any]) -> Units:
    return Units(
        calls=tuple(_calls(row["calls"])),
        reads=row["read_units"],
        writes=row["write_units"],
        index_writes=row["index_units"],
        bytes_written=row["bytes_written"],
    )


def _calls(told: str) -> Iterator[str]:
    """``2 GetItem + Query`` is ``GetItem``, ``GetItem``, ``Query``."""
    for call in told.split(" + "):
        count, _, name = call.rpartition(" ")
        if name != "none":
            yield from [name] * int(count or 1)
