"""Lengths of time as operators write them: ``90s``, ``15m``, ``36h``, ``2d``, ``1w``, ``never``."""

import re
from typing import Final

NEVER: Final = "never"

_UNITS: Final = {"w": 7 * 86_400, "d": 86_400, "h": 3_600, "m": 60, "s": 1}
_PATTERN: Final = re.compile(r"([1-9][0-9]{0,9})([wdhms])")


def seconds_in(text: str) -> int | None:
    """The seconds that ``text`` says, ``None`` for ``never``. Raises ``ValueError``."""
    if text == NEVER:
        return None
    found = _PATTERN.fullmatch(text)
    if found is None:
        raise ValueError(f"{text!r} is not a duration like 90s, 15m, 36h, 2d or never")
    return int(found[1]) * _UNITS[found[2]]


def roughly(seconds: float) -> str:
    """As people say it, in two units at most: ``45s``, ``3h20m``, ``13d4h``."""
    left = max(0, round(seconds))
    if left >= 60:
        left = left // 60 * 60  # from a minute on nobody counts seconds
    parts: list[tuple[int, str]] = []
    for unit in "dhms":
        count, left = divmod(left, _UNITS[unit])
        if count or parts:
            parts.append((count, unit))
    said = [f"{count}{unit}" for count, unit in parts[:2] if count]
    return "".join(said) or "0s"


def written(seconds: int | None) -> str:
    """The shortest way to write it, in days at most: the inverse of :func:`seconds_in`."""
    if seconds is None:
        return NEVER
    unit = next(unit for unit in "dhms" if seconds % _UNITS[unit] == 0)
    return f"{seconds // _UNITS[unit]}{unit}"
