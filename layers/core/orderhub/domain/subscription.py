"""Whom a shop wants to be told of what happens to its orders."""

from datetime import datetime
from enum import StrEnum
from typing import Final

from .dataclass import dataclass

EVERYTHING: Final = "*"
"""The topic of subscriptions to all events."""

DISABLED_EVENT: Final = "webhook.disabled"
"""The type of the event that says that a subscription was switched off."""

TEST_EVENT: Final = "webhook.test"
"""The type and topic of a message that an operator sends to see whether messages arrive. Nobody
subscribes to it, and it is tried once."""


class SubscriptionKind(StrEnum):
    """Whose webhooks the subscriber understands: how they are signed and what they look like."""

    STANDARD = "standard"
    """Standard Webhooks. Topics are our event types."""
    YOUHAOSUDA = "youhaosuda"
    SHOPLAZZA = "shoplazza"


@dataclass(frozen=True, slots=True, kw_only=True)
class Subscription:
    """``topics`` are words of its kind; ``*`` is all of them. ``id`` is a number as orders' ids
    are. Its secret stands beside it, encrypted."""

    shop_id: str
    id: int
    kind: SubscriptionKind
    url: str
    topics: tuple[str, ...]
    label: str = ""
    created_at: datetime
    updated_at: datetime
    is_enabled: bool = True
    failing_since: datetime | None = None
    """When the first delivery failed since the last that went well."""
    disabled_because: str = ""
    version: int = 1
