"""Tell of events: all who hear of them, up to the first event that has to wait.

An event becomes one queued delivery per subscription and topic (:meth:`Dispatcher.dispatch`), and
goes to the event bus where there is one.
"""

from __future__ import annotations

import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import field
from datetime import datetime
from typing import Any, Final

from orderhub.domain.dataclass import dataclass
from orderhub.domain.subscription import EVERYTHING, Subscription
from orderhub.ports import (
    Clock,
    DeliveryQueue,
    EventOutlet,
    OutgoingEvent,
    Published,
    QueuedDelivery,
    Subscriptions,
    UnreadableSubscription,
)
from orderhub.webhooks.contract import occurrence_in

from .subscriptions import KindOf

_AT_ONCE: Final = 10
"""As many deliveries as one call to the queue takes."""
_LONGEST: Final = 30.0
"""Seconds after which no more deliveries are queued: a run that is cut off queues all of them
again."""


class Untellable(Exception):
    """An event that subscribers can't be told of, however often it is tried. Its cause says why."""


@dataclass(frozen=True, slots=True)
class Told:
    """How far telling of events came.

    ``count`` is how many were told of before the first that wasn't, ``failure`` why that one
    wasn't, and ``deliveries`` how many were queued. ``untellable`` are those among the ``count``
    that no subscriber was told of, by their place, with the reason.
    """

    count: int
    failure: str = ""
    deliveries: int = 0
    untellable: Mapping[int, Exception] = field(default_factory=dict)


class Dispatcher:
    """Finds out whom an event is for. One per batch: a shop's subscriptions are read once."""

    def __init__(self, subscriptions: Subscriptions, clock: Clock, kind_of: KindOf) -> None:
        self._subscriptions = subscriptions
        self._clock = clock
        self._kind_of = kind_of
        self._found: dict[str, Sequence[Subscription] | UnreadableSubscription] = {}

    def dispatch(self, event: Mapping[str, Any]) -> list[QueuedDelivery]:
        """The deliveries that an event asks for.

        Raises :class:`Untellable` for what is no event of ours, and for one of a shop with a
        subscription that can't be read. What the table raises is worth another try.
        """
        try:
            shop_id = occurrence_in(event).shop_id
        except Exception as error:
            raise Untellable from error
        found = self._of_shop(shop_id)
        try:
            return [
                delivery
                for subscription in found
                if subscription.is_enabled
                for delivery in deliveries_for(
                    subscription, event, kind_of=self._kind_of, now=self._clock.now()
                )
            ]
        except Exception as error:
            raise Untellable from error

    def _of_shop(self, shop_id: str) -> Sequence[Subscription]:
        if shop_id not in self._found:
            try:
                self._found[shop_id] = self._subscriptions.of_shop(shop_id)
            except UnreadableSubscription as error:
                self._found[shop_id] = error
        found = self._found[shop_id]
        if isinstance(found, UnreadableSubscription):
            raise Untellable from found
        return found


def deliveries_for(
    subscription: Subscription, event: Mapping[str, Any], *, kind_of: KindOf, now: datetime
) -> list[QueuedDelivery]:
    """What one subscription is told of an event: once per topic of its own that it falls under."""
    topics = kind_of(subscription.kind).topics_of(occurrence_in(event))
    return [
        QueuedDelivery(subscription.shop_id, subscription.id, topic, now, event)
        for topic in topics
        if EVERYTHING in subscription.topics or topic in subscription.topics
    ]


class Publisher:
    """Queues what subscribers are to be told of events, and puts these on the ``bus``, if any.

    It is an :class:`~orderhub.ports.EventOutlet` itself.
    """

    def __init__(
        self,
        *,
        subscriptions: Subscriptions,
        queue: DeliveryQueue,
        clock: Clock,
        kind_of: KindOf,
        bus: EventOutlet | None,
    ) -> None:
        self._subscriptions = subscriptions
        self._queue = queue
        self._clock = clock
        self._kind_of = kind_of
        self._bus = bus

    def tell(self, events: Sequence[OutgoingEvent]) -> Told:
        """Tell of a batch of events, in their order, up to the first that can't be told for now.

        When the bus or the queue takes no more, events from there on may have been told of all
        the same, and are told again with the same ids when they are tried again.
        """
        batch = self._read(events)
        if self._bus:
            published = self._bus.publish(events[: batch.count])
            if published.failure:
                batch.stop(published.count, published.failure)
        queued = self._send(batch)
        return Told(
            batch.count,
            batch.failure,
            queued,
            {place: why for place, why in batch.untellable.items() if place < batch.count},
        )

    def publish(self, events: Sequence[OutgoingEvent]) -> Published:
        """:meth:`tell`, for those to whom an event that subscribers can't be told of is a failure
        like others."""
        told = self.tell(events)
        if told.untellable:
            place, why = next(iter(told.untellable.items()))
            return Published(place, type(why).__name__, is_lasting=True)
        return Published(told.count, told.failure)

    def _read(self, events: Sequence[OutgoingEvent]) -> _Batch:
        """Whom to tell of what. It ends where the table doesn't answer."""
        batch = _Batch(len(events))
        dispatcher = Dispatcher(self._subscriptions, self._clock, self._kind_of)
        for place, event in enumerate(events):
            try:
                found = dispatcher.dispatch(json.loads(event.detail))
            except Untellable as error:
                cause = error.__cause__
                batch.untellable[place] = cause if isinstance(cause, Exception) else error
            except Exception as error:  # noqa: BLE001 - Lambda tries again, whatever it is
                batch.stop(place, f"{type(error).__name__}: {error}")
                break
            else:
                batch.deliveries += [(place, delivery) for delivery in found]
        return batch

    def _send(self, batch: _Batch) -> int:
        """Queue the deliveries of a batch; return how many."""
        waiting = [each for each in batch.deliveries if each[0] < batch.count]
        give_up_at = time.monotonic() + _LONGEST
        for start in range(0, len(waiting), _AT_ONCE):
            some = waiting[start : start + _AT_ONCE]
            if start and time.monotonic() > give_up_at:
                batch.stop(some[0][0], "out of time; the rest is for the next run")
                return start
            try:
                self._queue.send([delivery for _, delivery in some])
            except Exception as error:  # noqa: BLE001 - Lambda tries again, whatever it is
                batch.stop(some[0][0], f"{type(error).__name__}: {error}")
                return start
        return len(waiting)


@dataclass(slots=True)
class _Batch:
    """``count`` is how many events of it, from the first on, can be told of; ``failure`` is why
    the next can't. Deliveries come with the place of their event."""

    count: int
    failure: str = ""
    deliveries: list[tuple[int, QueuedDelivery]] = field(default_factory=list)
    untellable: dict[int, Exception] = field(default_factory=dict)

    def stop(self, place: int, failure: str) -> None:
        self.count, self.failure = place, failure
