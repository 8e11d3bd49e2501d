"""Types are looked through by one thread at a time."""

import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import make_dataclass
from threading import Lock
from typing import Any

import msgspec
import pytest

from orderhub.adapters.dynamodb import codec


def test_no_two_threads_look_through_types_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """msgspec would crash the process where both come to the same class."""
    turn, overlaps = Lock(), []

    real = msgspec.json.Decoder

    def slow(*args: Any, **options: Any) -> Any:
        overlaps.append(not turn.acquire(blocking=False))
        time.sleep(0.002)
        turn.release()
        return real(*args, **options)

    monkeypatch.setattr(msgspec.json, "Decoder", slow)
    kinds = [make_dataclass(f"Kind{n}", [("size", int)]) for n in range(4)]
    calls: list[tuple[Any, object]] = [
        (codec.decode, b'{"size":3}'),
        (codec.convert, {"size": 3}),
    ]
    with ThreadPoolExecutor(16) as threads:
        told = [threads.submit(call, what, kind) for kind in kinds for call, what in calls * 2]
    assert {each.result().size for each in told} == {3}
    assert overlaps == [False] * len(kinds), "each once, one after the other"
