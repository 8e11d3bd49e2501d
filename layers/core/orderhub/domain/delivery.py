"""What became of telling a subscriber of an event."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from .dataclass import dataclass


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


TOGETHER: Final = timedelta(seconds=5)
"""How far apart events may have happened whose deliveries are logged as one."""


def taken_together(deliveries: Iterable[Delivery]) -> list[list[Delivery]]:
    """Deliveries in groups that may be logged as one: of one subscription, and of events that
    happened within :data:`TOGETHER`. The newest event of a group comes first."""
    groups: list[list[Delivery]] = []
    for delivery in sorted(deliveries, key=_by_subscription_and_time, reverse=True):
        if groups and _fits(groups[-1][0], delivery):
            groups[-1].append(delivery)
        else:
            groups.append([delivery])
    return groups


def _by_subscription_and_time(delivery: Delivery) -> tuple[str, int, str, str, str]:
    named = (delivery.occurred_at, delivery.event_id, delivery.topic)
    return (delivery.shop_id, delivery.subscription_id, *named)


def _fits(newest: Delivery, delivery: Delivery) -> bool:
    of_newest = (newest.shop_id, newest.subscription_id)
    if of_newest != (delivery.shop_id, delivery.subscription_id):
        return False
    latest, earlier = map(datetime.fromisoformat, (newest.occurred_at, delivery.occurred_at))
    return latest - earlier <= TOGETHER
