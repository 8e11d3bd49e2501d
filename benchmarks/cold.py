"""How long a function that was never called takes to its first answer, from the start of its
process, over the same for one call by boto3, and how much memory it takes.

Both are started one after the other, in rounds. What else the machine does only adds to a start, so
that the fastest one says most; the processor's time, which that disturbs less, is the median's.
"""

import statistics
from collections.abc import Callable, Sequence
from functools import partial
from typing import Final

from benchmarks.operations import Run
from benchmarks.processes import First, Stage, Timed
from benchmarks.times import ColdStart

ROUNDS: Final = 11
FLOOR: Final = 'import boto3; boto3.client("dynamodb"); one GetItem'


def measure(run: Run, rounds: int = ROUNDS) -> list[ColdStart]:
    """The floor first, then each operation."""
    with Stage(run) as stage:
        starts: dict[str, Callable[[], Timed]] = {FLOOR: stage.floor}
        starts |= {each.operation.name: partial(stage.handler, each) for each in run.recordings}
        for start in starts.values():
            _first(start)  # what is compiled and read only once is so now
        taken = [{name: _first(start) for name, start in starts.items()} for _ in range(rounds)]
    floors = [each[FLOOR] for each in taken]
    return [_row(name, [each[name] for each in taken], floors) for name in starts]


def _first(start: Callable[[], Timed]) -> First:
    timed = start()
    timed.end()
    return timed.first


def _row(name: str, taken: Sequence[First], floors: Sequence[First]) -> ColdStart:
    milliseconds = min(each.milliseconds for each in taken)
    floor_milliseconds = min(each.milliseconds for each in floors)
    busy = statistics.median(
        a.busy_milliseconds / b.busy_milliseconds for a, b in zip(taken, floors, strict=True)
    )
    memory, floor_memory = _mebibytes(taken), _mebibytes(floors)
    return ColdStart(
        operation=name,
        milliseconds=round(milliseconds, 1),
        over_floor=round(milliseconds / floor_milliseconds, 2),
        busy_over_floor=round(busy, 2),
        memory_mib=round(memory, 1),
        memory_over_floor_mib=round(memory - floor_memory, 1),
    )


def _mebibytes(taken: Sequence[First]) -> float:
    return statistics.median(each.memory_kib for each in taken) / 1024
