"""Domain objects to JSON text and back, as small as it goes.

What equals its dataclass's default is not written, so a default that is once stored must never
change its meaning. Money is ``[minor units, currency]``, times are ISO 8601 with milliseconds.
"""

from collections.abc import Mapping
from dataclasses import MISSING, Field, fields, is_dataclass
from datetime import datetime
from threading import Lock
from typing import Any, Final, TypeVar

import msgspec

from orderhub.domain.money import Money, UnitPrice

from .keys import timestamp

_T = TypeVar("_T")
_UNSET = object()
_looking: Final = Lock()
"""msgspec notes on a class what it finds there, before it has found all of it: another thread that
looks at the same class meanwhile crashes the process."""
_decoders: dict[type[Any], msgspec.json.Decoder[Any]] = {}
_PLAIN = frozenset({str, int, bool, type(None)})
_fields: dict[type[Any], tuple[tuple[str, object], ...]] = {}
"""Names and defaults, of the dataclasses that came so far."""


def encode(value: object) -> bytes:
    return msgspec.json.encode(lean(value))


def decode(text: str | bytes, kind: type[_T]) -> _T:
    return decoder(kind).decode(text)


def convert(value: object, kind: type[_T]) -> _T:
    """Like :func:`decode`, from what was already read as builtins."""
    decoder(kind)
    return msgspec.convert(value, kind, dec_hook=_from_json)


def decoder(kind: type[_T]) -> msgspec.json.Decoder[_T]:
    """The decoder for ``kind``, built once: looking through the types costs a millisecond."""
    if kind not in _decoders:
        with _looking:
            if kind not in _decoders:
                _decoders[kind] = msgspec.json.Decoder(kind, dec_hook=_from_json)
    return _decoders[kind]


def lean(value: object) -> object:
    """``value`` as JSON-ready builtins, without what equals its default."""
    kind = type(value)
    # Nearly all there is, so that the many questions below are seldom asked.
    if kind in _PLAIN:
        return value
    if kind in _fields:
        return _lean_fields(value, kind)
    if isinstance(value, Money):
        return [value.amount, value.currency]
    if isinstance(value, UnitPrice):
        return [value.ten_thousandths, value.currency]
    if isinstance(value, datetime):
        return timestamp(value)
    if isinstance(value, tuple | list):
        return [lean(part) for part in value]
    if isinstance(value, Mapping):
        return {key: lean(part) for key, part in value.items()}
    if is_dataclass(value):
        _fields[kind] = tuple((field.name, _default(field)) for field in fields(value))
        return _lean_fields(value, kind)
    return value


def _lean_fields(value: object, kind: type[Any]) -> dict[str, object]:
    return {
        name: lean(part)
        for name, default in _fields[kind]
        if (part := getattr(value, name)) != default
    }


def _default(field: Field[Any]) -> object:
    if field.default is not MISSING:
        return field.default
    if field.default_factory is not MISSING:
        return field.default_factory()
    return _UNSET


def _from_json(kind: type[Any], value: Any) -> Any:
    if kind is Money or kind is UnitPrice:
        amount, currency = value
        return kind(amount, currency)
    raise TypeError(f"no way to read a {kind.__name__}")
