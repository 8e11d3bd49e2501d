"""How long a handler takes in a function that has answered before, over the very same calls by bare
boto3, both against a server that answers at once.

Blocks of both take turns. What else the machine does only adds to a time, so that what counts is
the time that a tenth of them stay below; the processor's time, which that disturbs less, is the
median's.
"""

import statistics
from collections.abc import Iterable, Sequence
from typing import Final

from benchmarks.operations import Recording, Run
from benchmarks.processes import Block, Stage
from benchmarks.times import WarmTime

ROUNDS: Final = 30
BLOCK: Final = 10
"""How often one of the two runs before the other does."""


def measure(run: Run, rounds: int = ROUNDS) -> list[WarmTime]:
    with Stage(run) as stage:
        return [_measured(stage, recording, rounds) for recording in run.recordings]


def _measured(stage: Stage, recording: Recording, rounds: int) -> WarmTime:
    handler, bare = stage.handler(recording), stage.bare(recording)
    try:
        for each in (handler, bare):
            each.again(BLOCK)
        pairs = [(handler.again(BLOCK), bare.again(BLOCK)) for _ in range(rounds)]
    finally:
        handler.end()
        bare.end()
    return _row(recording, pairs)


def _row(recording: Recording, pairs: Sequence[tuple[Block, Block]]) -> WarmTime:
    handler_ms = _undisturbed(handler for handler, _ in pairs)
    bare_ms = _undisturbed(bare for _, bare in pairs)
    busy = statistics.median(a.busy_milliseconds / b.busy_milliseconds for a, b in pairs)
    return WarmTime(
        operation=recording.operation.name,
        handler_ms=round(handler_ms, 2),
        bare_ms=round(bare_ms, 2),
        ratio=round(handler_ms / bare_ms, 2),
        busy_ratio=round(busy, 2),
    )


def _undisturbed(blocks: Iterable[Block]) -> float:
    taken = [each for block in blocks for each in block.milliseconds]
    return statistics.quantiles(taken, n=10)[0]
