"""What is timed, and the times that the documents show: those of the last run that was told so."""

import json
import platform
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

RECORDED: Final = Path(__file__).with_name("times.json")


@dataclass(frozen=True)
class ColdStart:
    """From the start of a process to its first answer: of the fastest rounds, and their ratio."""

    operation: str
    milliseconds: float
    over_floor: float
    busy_over_floor: float
    """Of the processor's time alone: the median of starts in the same round."""
    memory_mib: float
    """The most that the process had until its first answer."""
    memory_over_floor_mib: float


@dataclass(frozen=True)
class WarmTime:
    """A handler and the same calls by bare boto3: what a tenth of all times stay below."""

    operation: str
    handler_ms: float
    bare_ms: float
    ratio: float
    busy_ratio: float
    """Of the processor's time alone: the median of neighbouring blocks."""


@dataclass(frozen=True)
class Times:
    python: str
    """Its version, such as ``3.13``."""
    cold: tuple[ColdStart, ...]
    warm: tuple[WarmTime, ...]


def record(cold: Sequence[ColdStart], warm: Sequence[WarmTime]) -> None:
    """Have the documents show these."""
    python = ".".join(platform.python_version_tuple()[:2])
    times = asdict(Times(python, tuple(cold), tuple(warm)))
    RECORDED.write_text(json.dumps(times, indent=2) + "\n", encoding="utf-8")


def recorded() -> Times:
    """What the documents show."""
    told = json.loads(RECORDED.read_text(encoding="utf-8"))
    return Times(
        python=told["python"],
        cold=tuple(ColdStart(**row) for row in told["cold"]),
        warm=tuple(WarmTime(**row) for row in told["warm"]),
    )
