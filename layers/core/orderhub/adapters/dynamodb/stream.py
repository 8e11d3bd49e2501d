"""Records of the table's stream, read as the events that they carry."""

import base64
import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from orderhub.domain.money import MINOR_UNIT_DIGITS, Money
from orderhub.ports import OrderKey, OutgoingEvent, UnreadableEvent

from . import items, keys

_LARGEST_DETAIL: Final = 200_000
"""EventBridge takes 256 KB an event, the envelope included."""


def outgoing_events(record: Mapping[str, Any]) -> list[OutgoingEvent]:
    """The events in a stream record of an ``EVENT#`` item: those of one change, in their order;
    none of one that is quiet.

    Raises whatever a damaged one leads to.
    """
    image = record["dynamodb"]["NewImage"]
    if keys.QUIET in image:
        return []
    if "packed" in image:
        # Lambda hands binary attributes over as base64 text.
        image = {**image, "packed": {"B": base64.b64decode(image["packed"]["B"])}}
    return outgoing(image)


def outgoing(item: Mapping[str, Any]) -> list[OutgoingEvent]:
    """The events in an ``EVENT#`` item.

    ``detail.id`` is the same however often the item is read, ``detail.sequence`` counts an
    order's events from 1. Data too large for the bus is left out and ``truncated`` says so; the
    order's own record still has it.
    """
    key = keys.order_key(item["pk"]["S"])
    is_quiet, cause = keys.QUIET in item, items.cause(item)
    return [_outgoing(key, told, is_quiet=is_quiet, cause=cause) for told in items.happened(item)]


def _outgoing(
    key: OrderKey, told: Mapping[str, Any], *, is_quiet: bool, cause: str
) -> OutgoingEvent:
    if datetime.fromisoformat(told["at"]).tzinfo is None:
        raise ValueError("an event without a moment")
    detail = {
        "id": f"{key.shop_id}/{key.order_id}/{told['sequence']}",
        "shop_id": key.shop_id,
        "order_id": key.order_id,
        "sequence": told["sequence"],
        "type": told["type"],
        "occurred_at": told["at"],
        "actor": told["actor"],
        "data": told["data"],
    }
    if cause:
        detail["correlation_id"] = cause
    text = _json(detail)
    if len(text.encode()) > _LARGEST_DETAIL:
        text = _json({**detail, "data": {}, "truncated": True})
    return OutgoingEvent(
        type=told["type"],
        occurred_at=told["at"],
        resource=f"{key.shop_id}/{key.order_id}",
        detail=text,
        is_quiet=is_quiet,
        correlation_id=cause,
        money=_money(told["type"], told["data"]),
    )


_MONEY: Final = {
    "payment.captured": ("payment", "amount"),
    "payment.confirmed": ("amount",),
    "payment.held": ("payment", "amount"),
    "refund.succeeded": ("amount",),
}
"""Where in its data an event says how much money came in or went back by it."""


def _money(kind: str, data: Any) -> Money | None:
    """``None`` also where the data don't say it as they should: nobody waits for a figure."""
    for name in _MONEY.get(kind, ()):
        data = data.get(name) if isinstance(data, Mapping) else None
    match data:
        case [int(amount), str(currency)] if kind in _MONEY and currency in MINOR_UNIT_DIGITS:
            return Money(amount, currency)
    return None


def unreadable_event(record: Mapping[str, Any], error: Exception) -> UnreadableEvent:
    """What tells a stream record from others when :func:`outgoing_events` raised ``error``."""
    change = record["dynamodb"]
    return UnreadableEvent(
        event_id=record.get("eventID", ""),
        sequence_number=change["SequenceNumber"],
        keys={name: key["S"] for name, key in change["Keys"].items()},
        why=type(error).__name__,
    )


def order_of(record: Mapping[str, Any]) -> OrderKey:
    """Which order a stream record is about."""
    return keys.order_key(record["dynamodb"]["Keys"]["pk"]["S"])


def _json(value: object) -> str:
    """As it goes out: what queues refuse, though it is Unicode, is escaped and counted as such."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return text.replace("\ufffe", r"\ufffe").replace("\uffff", r"\uffff")
