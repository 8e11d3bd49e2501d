"""The events of an order in its line: as docs/EVENTS.md shows them to subscribers, without what
the line says already."""

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any, Final

import msgspec

from orderhub.adapters.dynamodb.codec import lean
from orderhub.adapters.dynamodb.keys import timestamp
from orderhub.domain.details import Actor
from orderhub.domain.events import EVENT_TYPES, Event, Recorded
from orderhub.domain.money import MINOR_UNIT_DIGITS, Money, UnitPrice

from .comparing import differences
from .placing import Problems

_FIELDS: Final = {"type", "at", "actor", "data"}


def told(history: Iterable[Recorded]) -> Iterator[dict[str, object]]:
    """Each event; its time and who caused it only where they differ from the one before it."""
    before: Recorded | None = None
    for entry in history:
        said: dict[str, object] = {"type": entry.event.TYPE}
        if before is None or entry.at != before.at:
            said["at"] = timestamp(entry.at)
        if before is None or entry.actor != before.actor:
            said["actor"] = lean(entry.actor)
        data = lean(entry.event)
        if data:
            said["data"] = data
        yield said
        before = entry


def read_history(listed: object, problems: Problems) -> list[Recorded]:
    """The events that :func:`told` wrote, as they were recorded. What is wrong with them goes to
    ``problems``, and such events are left out."""
    if not isinstance(listed, list) or not listed:
        problems.add("events", "not a list of events")
        return []
    found: list[Recorded] = []
    at: object = None
    actor: object = None
    for index, said in enumerate(listed):
        path = f"events[{index}]"
        if not isinstance(said, dict) or not said.keys() <= _FIELDS:
            problems.add(path, f"not an event: it has {', '.join(sorted(_FIELDS))} alone")
            continue
        at, actor = said.get("at", at), said.get("actor", actor)
        kind = said.get("type")
        event_type = EVENT_TYPES.get(kind) if isinstance(kind, str) else None
        if event_type is None:
            problems.add(f"{path}.type", "no type of event")
            continue
        when = _read(at, datetime, f"{path}.at", problems)
        who = _read(actor, Actor, f"{path}.actor", problems)
        event: Event | None = _read(said.get("data", {}), event_type, f"{path}.data", problems)
        if when and who and event:
            found.append(Recorded(sequence=index + 1, at=when, actor=who, event=event))
    return found


def _read(said: object, kind: type[Any], path: str, problems: Problems) -> Any:
    """``said`` as a ``kind``, if writing that gives the same again: what would be passed over, or
    taken for something else, must not be lost."""
    try:
        value = msgspec.convert(said, kind, dec_hook=_from_json)
        written = lean(value)
    except (msgspec.ValidationError, ValueError, OverflowError) as error:
        problems.add(path, str(error))
        return None
    for place, what in differences(said, written, path):
        problems.add(place, what)
        return None
    return value


def _from_json(kind: type[Any], value: Any) -> Any:
    match value:
        case [int() as amount, str() as currency] if currency in MINOR_UNIT_DIGITS:
            if kind in (Money, UnitPrice) and not isinstance(amount, bool):
                return kind(amount, currency)
    raise ValueError("not money, like [12800, 'CNY']")
