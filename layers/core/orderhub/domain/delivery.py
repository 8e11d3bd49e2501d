"""What became of telling a subscriber of an event."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class DeliveryState(StrEnum):
    DELIVERED = "delivered"
    RETRYING = "retrying"
    DEAD = "dead"
    """Given up. It waits among the dead letters."""
    SKIPPED = "skipped"
    """Not sent: the subscription was switched off, or what the message shows is gone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """How the latest attempt went to tell a subscription of an event under one topic.

    ``status`` is the HTTP status of the answer, if there was one, ``reason`` a stable word for why
    it was no success. ``attempts`` counts all requests, those of repeats and of operators included.
    """

    shop_id: str
    subscription_id: int
    topic: str
    event_id: str
    event_type: str
    occurred_at: str
    state: DeliveryState
    at: datetime
    attempts: int = 1
    status: int | None = None
    reason: str = ""
    seconds: float | None = None
    answer: str = ""
    """How the subscriber's answer began, where it was no success."""
    next_at: datetime | None = None
    """When it is tried again, at the earliest."""
