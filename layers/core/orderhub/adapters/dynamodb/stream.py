"""Records of the table's stream, read as the events that they carry."""

import base64
import json
from collections.abc import Mapping
from typing import Any, Final

from orderhub.ports import OrderKey, OutgoingEvent, UnreadableEvent

from . import items, keys

_LARGEST_DETAIL: Final = 200_000
"""EventBridge takes 256 KB an event, the envelope included."""


def outgoing_event(record: Mapping[str, Any]) -> OutgoingEvent:
    """The event in a stream record of an ``EVENT#`` item."""
    image = record["dynamodb"]["NewImage"]
    if "packed" in image:
        # Lambda hands binary attributes over as base64 text.
        image = {**image, "packed": {"B": base64.b64decode(image["packed"]["B"])}}
    return outgoing(image)


def outgoing(item: Mapping[str, Any]) -> OutgoingEvent:
    """The event in an ``EVENT#`` item.

    ``detail.id`` is the same however often the item is read, ``detail.sequence`` counts an
    order's events from 1. Data too large for the bus is left out and ``truncated`` says so; the
    order's own record still has it.
    """
    key = keys.order_key(item["pk"]["S"])
    sequence = keys.event_sequence(item["sk"]["S"])
    content = json.loads(items.body_of(item))
    detail = {
        "id": f"{key.shop_id}/{key.order_id}/{sequence}",
        "shop_id": key.shop_id,
        "order_id": key.order_id,
        "sequence": sequence,
        "type": item["type"]["S"],
        "occurred_at": item["at"]["S"],
        **content,
    }
    text = _json(detail)
    if len(text.encode()) > _LARGEST_DETAIL:
        text = _json({**detail, "data": {}, "truncated": True})
    return OutgoingEvent(
        type=item["type"]["S"],
        occurred_at=item["at"]["S"],
        resource=f"{key.shop_id}/{key.order_id}",
        detail=text,
    )


def unreadable_event(record: Mapping[str, Any], error: Exception) -> UnreadableEvent:
    """What tells a stream record from others when :func:`outgoing_event` raised ``error``."""
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
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
