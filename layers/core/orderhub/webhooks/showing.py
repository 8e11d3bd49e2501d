"""What kinds of webhooks share that show the order rather than its event, and sign by one HMAC."""

import base64
import hashlib
import hmac
from collections.abc import Mapping
from typing import Any, Final

import msgspec

from orderhub.domain.events import OrderPlaced
from orderhub.domain.order import Order

from .contract import Occurrence

SEQUENCE_HEADER: Final = "x-orderhub-sequence"
"""The place of the event in its order's history, by which a receiver restores the order."""

CREATE: Final = "orders/create"
UPDATE: Final = "orders/update"

# An amount goes out as the number that it is, as in answers.
_JSON: Final = msgspec.json.Encoder(decimal_format="number")


def order_topic(occurrence: Occurrence) -> str:
    """Every event after the first changes an order: its ``updated_at`` at least."""
    return CREATE if occurrence.type == OrderPlaced.TYPE else UPDATE


def position(occurrence: Occurrence, part: str) -> int | None:
    """Which payment or which shipment of its order an event is about, counted from 1.

    ``None`` for events that name none, and for those whose data was too large for the bus.
    """
    whole, named = occurrence.data.get(part), occurrence.data.get(f"{part}_id")
    found = whole.get("id") if isinstance(whole, Mapping) else named
    return found if isinstance(found, int) else None


def is_all_sent(order: Order, shipment_id: int | None) -> bool:
    """Whether nothing was left to send once this parcel had gone out; the last one for ``None``."""
    left = {line.id: line.quantity for line in order.lines}
    for shipment in order.shipments:
        if shipment_id is None or shipment.id <= shipment_id:
            for part in shipment.lines:
                left[part.line_id] -= part.quantity
    return not any(pieces > 0 for pieces in left.values())


def message_id(occurrence: Occurrence, topic: str) -> str:
    """The same for every attempt and every repeat. An event under two topics is two messages."""
    return f"{occurrence.id}/{topic}"


def json_body(shown: Mapping[str, Any]) -> bytes:
    return _JSON.encode(shown)


def signature(secret: str, body: bytes) -> str:
    """HMAC-SHA256 in base64."""
    digest = hmac.new(secret.encode(), body, hashlib.sha256).digest()
    return base64.b64encode(digest).decode()
