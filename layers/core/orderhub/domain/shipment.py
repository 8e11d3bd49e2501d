"""Goods that went out."""

from datetime import datetime
from enum import StrEnum
from typing import Final

from .dataclass import dataclass

MAX_SHIPMENTS: Final = 90
"""All parcels of an order may be received at once, each by an event of its own, and one transaction
holds 100 items: with more, the order could never be closed."""
LONGEST_CARRIER: Final = 100
LONGEST_TRACKING_NUMBER: Final = 100
LONGEST_TRACKING_URL: Final = 1000
"""In characters, like the two before. Parcels must never crowd out the snapshot's room for
money."""


class ShipmentState(StrEnum):
    SENT = "sent"
    RECEIVED = "received"
    RETURNED = "returned"


@dataclass(frozen=True, slots=True)
class ShippedLine:
    line_id: int
    quantity: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Shipment:
    """One parcel. ``id`` counts from 1 within the order; each line stands in ``lines`` once."""

    id: int
    lines: tuple[ShippedLine, ...]
    state: ShipmentState
    sent_at: datetime
    updated_at: datetime
    carrier: str = ""
    tracking_number: str = ""
    tracking_url: str = ""
    auto_receive_at: datetime | None = None
    """From this second on the shipment counts as received, whoever says so or not."""
