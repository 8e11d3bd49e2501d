"""What a line says, held against what it yields."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

import msgspec

_LONGEST: Final = 60


def differences(said: Any, yields: Any, path: str) -> Iterator[tuple[str, str]]:
    """Where two values of JSON differ, and what stands on either side."""
    if isinstance(said, Mapping) and isinstance(yields, Mapping):
        for name in {**said, **yields}:
            place = f"{path}.{name}" if path else str(name)
            if name not in yields:
                yield place, f"{_short(said[name])} is said here, and nothing by the events"
            elif name not in said:
                yield place, f"is missing; the events say {_short(yields[name])}"
            else:
                yield from differences(said[name], yields[name], place)
    elif isinstance(said, list) and isinstance(yields, list) and len(said) == len(yields):
        for index, (one, other) in enumerate(zip(said, yields, strict=True)):
            yield from differences(one, other, f"{path}[{index}]")
    elif said != yields or isinstance(said, bool) is not isinstance(yields, bool):
        yield path, f"{_short(said)} is said here, but the events say {_short(yields)}"


def _short(value: object) -> str:
    text = msgspec.json.encode(value).decode()
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"
