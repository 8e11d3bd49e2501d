"""Tell again: what an operator does for those that missed events."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime
from itertools import islice
from typing import Any, Final

from orderhub.domain.dataclass import dataclass
from orderhub.domain.errors import NotFound, Refused, Unavailable
from orderhub.domain.subscription import TEST_EVENT, Subscription
from orderhub.ports import (
    Clock,
    DeadDelivery,
    DeliveryQueue,
    EventOutlet,
    OrderRepository,
    OutgoingEvent,
    QueuedDelivery,
)

from .changed_orders import made_or_changed
from .publish import deliveries_for
from .subscriptions import KindOf

DISABLED: Final = "subscription_disabled"
SHOWS_ORDERS: Final = "shows_orders"
_BATCH: Final = 100


@dataclass(frozen=True, slots=True)
class Resender:
    """What it takes to queue events again that happened before."""

    orders: OrderRepository
    queue: DeliveryQueue
    clock: Clock
    kind_of: KindOf

    def one(self, subscription: Subscription, order_id: int, sequence: int) -> int:
        """Tell a subscription of one event again, if it is one that it subscribes to.

        Returns how many deliveries were queued: one per topic. Raises :class:`NotFound`, or
        :class:`Refused` for a subscription that is off.
        """
        for event in self.orders.outgoing(subscription.shop_id, order_id):
            detail = json.loads(event.detail)
            if detail["sequence"] == sequence:
                return self._queue(subscription, iter([detail]))
        raise NotFound("event", f"{order_id}/{sequence}")

    def between(
        self,
        subscription: Subscription,
        since: datetime,
        until: datetime | None = None,
        on_sent: Callable[[int], None] = lambda _: None,
    ) -> int:
        """Tell a subscription again of all that it subscribes to and that happened between these
        moments, both included. Returns how many deliveries were queued. Raises :class:`Refused`
        for a subscription that is off."""
        found = events_between(self.orders, subscription.shop_id, since, until)
        details = (json.loads(event.detail) for event in found)
        return self._queue(subscription, details, on_sent)

    def order(self, subscription: Subscription, order_id: int) -> int:
        """Tell a subscription again of all that happened to an order and that it subscribes to.
        Returns and raises as :meth:`between` does."""
        events = self.orders.outgoing(subscription.shop_id, order_id)
        return self._queue(subscription, (json.loads(event.detail) for event in events))

    def test(self, subscription: Subscription, name: str) -> QueuedDelivery:
        """Send a subscription a message that tells of nothing, by the way that all take. Returns
        what was queued; ``name`` tells it from other tests.

        Raises :class:`Refused` for a subscription that is off, and for kinds whose messages show
        an order: there is none to show.
        """
        _require_on(subscription)
        if self.kind_of(subscription.kind).needs_order:
            message = "its messages show orders: resend it one of an order's events"
            raise Refused(SHOWS_ORDERS, message)
        now = self.clock.now()
        queued = QueuedDelivery(
            shop_id=subscription.shop_id,
            subscription_id=subscription.id,
            topic=TEST_EVENT,
            queued_at=now,
            event={
                "id": f"{subscription.shop_id}/webhooks/{subscription.id}/test-{name}",
                "shop_id": subscription.shop_id,
                "type": TEST_EVENT,
                "occurred_at": now.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
                "data": {"subscription_id": subscription.id},
            },
        )
        self.queue.send([queued])
        return queued

    def _queue(
        self,
        subscription: Subscription,
        details: Iterator[dict[str, Any]],
        on_sent: Callable[[int], None] = lambda _: None,
    ) -> int:
        _require_on(subscription)
        deliveries = (
            delivery
            for detail in details
            for delivery in deliveries_for(
                subscription, detail, kind_of=self.kind_of, now=self.clock.now()
            )
        )
        count = 0
        while batch := list(islice(deliveries, _BATCH)):
            self.queue.send(batch)
            count += len(batch)
            on_sent(len(batch))
        return count


def _require_on(subscription: Subscription) -> None:
    if not subscription.is_enabled:
        raise Refused(DISABLED, "the subscription is off: it would be told of nothing")


def redrive(
    queue: DeliveryQueue,
    clock: Clock,
    *,
    shop_id: str | None = None,
    subscription_id: int | None = None,
    on_sent: Callable[[int], None] = lambda _: None,
) -> int:
    """Queue dead deliveries again: all, those of a shop, or those of one subscription of it.

    Returns how many; ``on_sent`` hears of them as they are queued. Should it stop halfway, some
    may be both dead and queued.
    """

    def is_meant(dead: DeadDelivery) -> bool:
        delivery = dead.delivery
        return (shop_id is None or delivery.shop_id == shop_id) and (
            subscription_id is None or delivery.subscription_id == subscription_id
        )

    count = 0
    others: list[str] = []
    found = queue.dead()
    try:
        while batch := list(islice(found, _BATCH)):
            meant = [dead for dead in batch if is_meant(dead)]
            others += [dead.receipt for dead in batch if not is_meant(dead)]
            now = clock.now()
            queue.send([replace(dead.delivery, queued_at=now) for dead in meant])
            queue.bury([dead.receipt for dead in meant])
            count += len(meant)
            on_sent(len(meant))
    finally:
        queue.put_back(others)
    return count


def republish(
    orders: OrderRepository,
    outlet: EventOutlet,
    shop_id: str,
    since: datetime,
    until: datetime | None = None,
    on_sent: Callable[[int], None] = lambda _: None,
) -> int:
    """Let a shop's events of that time go out again, as they were. Returns how many.

    Raises :class:`Unavailable` when one can't.
    """
    events = events_between(orders, shop_id, since, until)
    count = 0
    while batch := list(islice(events, _BATCH)):
        published = outlet.publish(batch)
        if published.failure:
            message = f"{count + published.count} events went out, then no more"
            raise Unavailable(f"{message}: {published.failure}")
        count += len(batch)
        on_sent(len(batch))
    return count


def events_between(
    orders: OrderRepository, shop_id: str, since: datetime, until: datetime | None
) -> Iterator[OutgoingEvent]:
    """A shop's events that happened between these moments, each once, order by order. Those that
    were told to nobody at their time, because they came as history, are left out.

    What an order brought along from elsewhere is found by the latest of it.
    """
    for order_id in made_or_changed(orders, shop_id, since, until):
        for event in orders.outgoing(shop_id, order_id):
            at = datetime.fromisoformat(event.occurred_at)
            if not event.is_quiet and since <= at and (until is None or at <= until):
                yield event
