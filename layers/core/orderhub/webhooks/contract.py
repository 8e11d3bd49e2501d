"""What every kind of webhook has in common."""

from collections.abc import Mapping, Sequence
from dataclasses import field
from datetime import datetime
from typing import Any, Protocol

from orderhub.domain.dataclass import dataclass
from orderhub.domain.order import Order
from orderhub.domain.shop import Shop
from orderhub.domain.subscription import Subscription


@dataclass(frozen=True, slots=True, kw_only=True)
class Occurrence:
    """An event as the bus tells it (``docs/EVENTS.md``).

    Events that are of no order (``webhook.disabled``) have neither ``order_id`` nor ``sequence``.
    """

    id: str
    shop_id: str
    type: str
    occurred_at: str
    order_id: int | None = None
    sequence: int | None = None
    actor: Mapping[str, Any] = field(default_factory=dict)
    data: Mapping[str, Any] = field(default_factory=dict)
    truncated: bool = False


def occurrence_in(detail: Mapping[str, Any]) -> Occurrence:
    """The event that the bus tells by ``detail``. What it has beside our own fields is ignored.

    Raises ``KeyError`` for what is no event.
    """
    return Occurrence(
        id=detail["id"],
        shop_id=detail["shop_id"],
        type=detail["type"],
        occurred_at=detail["occurred_at"],
        order_id=detail.get("order_id"),
        sequence=detail.get("sequence"),
        actor=detail.get("actor", {}),
        data=detail.get("data", {}),
        truncated=detail.get("truncated", False),
    )


@dataclass(frozen=True, slots=True)
class Message:
    """A request's headers and body, ready to be sent by POST."""

    headers: Mapping[str, str]
    body: bytes


class WebhookKind(Protocol):
    """How webhooks of one kind are made."""

    @property
    def allows_http(self) -> bool:
        """Whether its subscribers may have plain ``http`` addresses."""
        ...

    @property
    def needs_order(self) -> bool:
        """Whether a message shows the order as it stands, and not just the event."""
        ...

    @property
    def topics(self) -> Sequence[str]:
        """All that can be subscribed to, ``*`` aside."""
        ...

    def topics_of(self, occurrence: Occurrence) -> Sequence[str]:
        """Under which of its topics an event goes out; under none, most of them."""
        ...

    def message(
        self,
        *,
        subscription: Subscription,
        secrets: Sequence[str],
        topic: str,
        occurrence: Occurrence,
        shop: Shop,
        order: Order | None,
        base_url: str,
        now: datetime,
    ) -> Message | None:
        """The request that tells a subscriber. ``order`` is there where ``needs_order`` is.

        ``None`` where, as the order shows, there is nothing to tell under this topic: a parcel
        is under the topics for all and for some of the goods alike until its order is looked at.

        ``secrets`` are all that hold, the newest first: several while one replaces another. Kinds
        that know no more than one signature sign with the newest.

        The same for each attempt, but for what says when this one was made.
        """
        ...
