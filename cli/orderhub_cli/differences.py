"""Where two orders differ, field by field."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Difference:
    """``path`` is like ``payments[0].state``; what one side lacks is ``None`` there."""

    path: str
    stored: Any
    replayed: Any


def differences(stored: Any, replayed: Any) -> list[Difference]:
    """All places where two values made of builtins differ, as deep as they can be told apart."""
    return list(_walk("", stored, replayed))


def _walk(path: str, stored: Any, replayed: Any) -> Iterator[Difference]:
    if stored == replayed:
        return
    match stored, replayed:
        case dict(), dict():
            for name in {**stored, **replayed}:
                inner = f"{path}.{name}" if path else name
                yield from _walk(inner, stored.get(name), replayed.get(name))
        case list(), list():
            for index in range(max(len(stored), len(replayed))):
                yield from _walk(
                    f"{path}[{index}]",
                    stored[index] if index < len(stored) else None,
                    replayed[index] if index < len(replayed) else None,
                )
        case _:
            yield Difference(path, stored, replayed)
