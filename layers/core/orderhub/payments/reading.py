"""Providers' JSON, read field by field as far as we need it: strict about types, deaf to the rest.

What was signed can still be nonsense. It is a :class:`~orderhub.wire.contract.MalformedBody` then,
never anything else.
"""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Annotated, Final, TypeVar

import msgspec

from orderhub.domain.errors import InvalidField
from orderhub.wire.contract import MalformedBody

LONGEST_TEXT: Final = 200
"""Of what a provider says for humans, in characters. More is cut off."""

Name = Annotated[str, msgspec.Meta(pattern=r"\A[!-~]{1,255}\Z")]
"""A provider's id for something."""

_T = TypeVar("_T")


def read(kind: type[_T], content: bytes | msgspec.Raw) -> _T:
    """``content`` as a ``kind``; fields that it doesn't name are passed over."""
    try:
        return msgspec.json.decode(content, type=kind)
    # ValueError covers text that is no UTF-8; nesting without end is a RecursionError.
    except (msgspec.MsgspecError, ValueError, RecursionError):
        raise MalformedBody("The notification is not what its sender documents.") from None


def time(field: str, given: str) -> datetime:
    """ISO 8601 with a zone, in UTC. Raises :class:`InvalidField` naming ``field``."""
    try:
        at = datetime.fromisoformat(given)
        if at.tzinfo is not None:
            return at.astimezone(UTC)
    except (ValueError, OverflowError):
        pass
    raise InvalidField(field, "invalid")


def short(text: str | None) -> str:
    return (text or "").strip()[:LONGEST_TEXT]


def failure(code: str | None, description: str | None) -> str:
    """``code: description``, or whichever of the two is there."""
    return ": ".join(filter(None, (short(code), short(description))))


def first(values: Iterable[str | None]) -> str:
    """The first that is not blank; empty when all are."""
    return next((value.strip() for value in values if value and value.strip()), "")


def named_in(metadata: Mapping[str, str] | None, names: Iterable[str]) -> str:
    """The first of ``names`` that ``metadata`` has something under."""
    return first((metadata or {}).get(name) for name in names)
