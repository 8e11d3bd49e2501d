"""Tell subscribers of events: at least once, for about a day, and no longer than it makes sense.

Each delivery is sent by itself (:meth:`Deliverer.deliver`), so that no subscriber waits for
another. :mod:`orderhub.services.publish` queues them.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from http import HTTPStatus
from typing import Final

from orderhub.domain.dataclass import dataclass
from orderhub.domain.delivery import Delivery, DeliveryState
from orderhub.domain.errors import Unavailable
from orderhub.domain.order import Order
from orderhub.domain.shop import Shop
from orderhub.domain.subscription import DISABLED_EVENT, TEST_EVENT, Subscription
from orderhub.ports import (
    WEBHOOK_EVENTS,
    Clock,
    DeliveryLog,
    EndpointFailed,
    EndpointRefused,
    Entropy,
    EventOutlet,
    OrderRepository,
    OutgoingEvent,
    QueuedDelivery,
    SealedSubscription,
    ShopRepository,
    Subscriptions,
    Vault,
    VersionConflict,
    WebhookAnswer,
    WebhookClient,
)
from orderhub.webhooks.contract import Occurrence, occurrence_in

from .authenticate import Recent
from .subscriptions import KindOf, unsealed

RETRIES: Final = (5, 30, 120, 300, 900, 1_800, 3_600, 7_200, 14_400, 21_600, 39_000)
"""Seconds between one attempt and the next: 24 hours and 42 minutes in all. None may be longer
than the 12 hours for which SQS hides a message, the random tenth that comes on top included."""
ATTEMPTS: Final = len(RETRIES) + 1
"""The template's queue must hand a message out as often before it gives it up."""
_JITTER: Final = 0.1

KEPT: Final = timedelta(days=30)
"""How long the log remembers."""

GONE: Final = "gone"
"""Why a subscription is off whose endpoint said that it is gone (HTTP 410)."""
FAILING: Final = "failing"
"""Why a subscription is off whose endpoint failed for too long."""

_TRIES: Final = 5


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of an attempt.

    ``retry_in`` is in seconds; 0 after the last attempt, for the queue to give the delivery up;
    ``None`` when there is nothing left to do. ``switched_off`` says that this attempt was the one
    too many for the subscription. ``unlogged`` is for :meth:`Deliverer.log`.
    """

    state: DeliveryState
    retry_in: int | None = None
    status: int | None = None
    reason: str = ""
    switched_off: bool = False
    unlogged: Delivery | None = None


class Deliverer:
    """Sends deliveries. One per warm function; may be used by many threads at once.

    Args:
        outlet: where it goes that a subscription was switched off.
        base_url: where callers reach the API, for links that messages hold.
        patience: how long an endpoint may fail before its subscription is switched off.
        retry_scale: what the seconds between attempts are multiplied by.
    """

    def __init__(
        self,
        *,
        subscriptions: Subscriptions,
        orders: OrderRepository,
        shops: ShopRepository,
        vault: Vault,
        client: WebhookClient,
        log: DeliveryLog,
        outlet: EventOutlet,
        clock: Clock,
        entropy: Entropy,
        kind_of: KindOf,
        base_url: str,
        patience: timedelta,
        retry_scale: float = 1.0,
    ) -> None:
        self._subscriptions = subscriptions
        self._orders = orders
        self._shops = shops
        self._vault = vault
        self._client = client
        self._log = log
        self._outlet = outlet
        self._clock = clock
        self._entropy = entropy
        self._kind_of = kind_of
        self._base_url = base_url
        self._patience = patience
        self._retry_scale = retry_scale
        self._known_shops: Recent[str, Shop | None] = Recent(clock)

    def known(
        self, batch: Iterable[QueuedDelivery]
    ) -> Mapping[tuple[str, int], SealedSubscription]:
        """What :meth:`deliver` may be told of the subscriptions of a batch, each read once."""
        return self._subscriptions.recent({(one.shop_id, one.subscription_id) for one in batch})

    def deliver(
        self, queued: QueuedDelivery, attempt: int, known: SealedSubscription | None = None
    ) -> Outcome:
        """Try to tell a subscriber, for the ``attempt``-th time (from 1), and log how it went. What
        went well at once is left to be logged with others of its kind.

        ``known`` is the subscription as it was a moment ago. One that is missing or off is read
        again, for it may just have been made or switched on.

        Raises what a port raises that is busy or silent; the attempt may or may not have been made
        then, and must be repeated.
        """
        occurrence = occurrence_in(queued.event)
        found = known
        if found is None or not found.subscription.is_enabled:
            found = self._subscriptions.get(queued.shop_id, queued.subscription_id)
        if found is None:
            # Nobody is left to read a log.
            return Outcome(DeliveryState.SKIPPED, reason="removed")
        if not found.subscription.is_enabled:
            return self._skipped(queued, occurrence, "disabled")
        kind = self._kind_of(found.subscription.kind)
        shop = self._known_shops.get(queued.shop_id, lambda: self._shops.get(queued.shop_id))
        if shop is None:
            return self._skipped(queued, occurrence, "shop_gone")
        order: Order | None = None
        if kind.needs_order:
            if occurrence.order_id is not None:
                order = self._orders.get(queued.shop_id, occurrence.order_id)
            if order is None:
                return self._skipped(queued, occurrence, "order_gone")
        now = self._clock.now()
        message = kind.message(
            subscription=found.subscription,
            secrets=self._secrets(found, now),
            topic=queued.topic,
            occurrence=occurrence,
            shop=shop,
            order=order,
            base_url=self._base_url,
            now=now,
        )
        if message is None:
            return self._skipped(queued, occurrence, "nothing_to_show")
        send = partial(
            self._client.post,
            found.subscription.url,
            message.headers,
            message.body,
            allow_http=kind.allows_http,
        )
        return self._send(queued, occurrence, found.subscription, send, attempt)

    def log(self, group: Sequence[Delivery]) -> None:
        """Log what :meth:`deliver` left unlogged, a group of
        :func:`~orderhub.domain.delivery.taken_together`. Until that is done the attempts count as
        not made."""
        kept_until = self._clock.now() + KEPT
        if len(group) == 1:
            self._log.record(group[0], kept_until=kept_until)
        else:
            self._log.record_together(group, kept_until=kept_until)

    def _secrets(self, found: SealedSubscription, now: datetime) -> list[str]:
        return [secret.text for secret in unsealed(self._vault, found) if secret.holds(now)]

    def _send(
        self,
        queued: QueuedDelivery,
        occurrence: Occurrence,
        subscription: Subscription,
        send: Callable[[], WebhookAnswer],
        attempt: int,
    ) -> Outcome:
        started = self._clock.monotonic()
        status: int | None = None
        reason = answer = ""
        try:
            answered = send()
            status, answer = answered.status, answered.excerpt
        except EndpointRefused as refusal:
            # A name may stand for another address tomorrow.
            reason = f"refused_{refusal.reason}"
        except EndpointFailed as failure:
            reason = failure.reason
        seconds = round(self._clock.monotonic() - started, 3)
        if status is not None and 200 <= status < 300:
            self._note_success(subscription)
            outcome, answer = Outcome(DeliveryState.DELIVERED, status=status), ""
        else:
            reason = reason or f"http_{status}"
            if queued.topic == TEST_EVENT:
                # Somebody looks on: that says enough, and nothing about the endpoint's real work.
                outcome = Outcome(DeliveryState.SKIPPED, status=status, reason=reason)
            else:
                off = self._note_failure(subscription, is_gone=status == HTTPStatus.GONE)
                outcome = self._after_failure(attempt, status, reason, switched_off=off)
        # What a subscriber says of a failure helps whoever looks for it.
        made = self._made(queued, occurrence, outcome, seconds=seconds, attempts=1, answer=answer)
        if outcome.state is DeliveryState.DELIVERED and attempt == 1:
            return replace(outcome, unlogged=made)
        self.log([made])
        return outcome

    def _after_failure(
        self, attempt: int, status: int | None, reason: str, *, switched_off: bool
    ) -> Outcome:
        if switched_off:
            return Outcome(DeliveryState.SKIPPED, status=status, reason=reason, switched_off=True)
        if attempt >= ATTEMPTS:
            return Outcome(DeliveryState.DEAD, 0, status=status, reason=reason)
        wait = RETRIES[max(attempt, 1) - 1] * self._retry_scale
        wait += self._entropy.jitter(wait * _JITTER)
        return Outcome(DeliveryState.RETRYING, round(wait), status=status, reason=reason)

    def _skipped(self, queued: QueuedDelivery, occurrence: Occurrence, reason: str) -> Outcome:
        outcome = Outcome(DeliveryState.SKIPPED, reason=reason)
        self.log([self._made(queued, occurrence, outcome, seconds=None, attempts=0)])
        return outcome

    def _made(
        self,
        queued: QueuedDelivery,
        occurrence: Occurrence,
        outcome: Outcome,
        *,
        seconds: float | None,
        attempts: int,
        answer: str = "",
    ) -> Delivery:
        now = self._clock.now()
        is_retried = outcome.state is DeliveryState.RETRYING and outcome.retry_in is not None
        return Delivery(
            shop_id=queued.shop_id,
            subscription_id=queued.subscription_id,
            topic=queued.topic,
            event_id=occurrence.id,
            event_type=occurrence.type,
            occurred_at=occurrence.occurred_at,
            state=outcome.state,
            at=now,
            attempts=attempts,
            status=outcome.status,
            reason=outcome.reason,
            seconds=seconds,
            answer=answer,
            next_at=now + timedelta(seconds=outcome.retry_in or 0) if is_retried else None,
        )

    # -- how the endpoint does -----------------------------------------------------------------

    def _note_success(self, subscription: Subscription) -> None:
        current: Subscription | None = subscription
        for _ in range(_TRIES):
            if current is None or current.failing_since is None or not current.is_enabled:
                return
            after = replace(current, failing_since=None, version=current.version + 1)
            try:
                self._subscriptions.replace(current, after)
            except VersionConflict:
                current = self._again(current)
            else:
                return

    def _note_failure(self, subscription: Subscription, *, is_gone: bool) -> bool:
        """Whether this was one failure too many, and the subscription is off now."""
        current: Subscription | None = subscription
        for _ in range(_TRIES):
            if current is None or not current.is_enabled:
                return True
            now = self._clock.now()
            since = current.failing_since or now
            reason = GONE if is_gone else FAILING if now - since >= self._patience else ""
            if not reason and current.failing_since:
                return False
            after = replace(current, failing_since=since, version=current.version + 1)
            if reason:
                after = replace(after, is_enabled=False, disabled_because=reason, updated_at=now)
                # First, so that nobody is switched off without a word. Should the function stop
                # here, the next failure says it again, with the same id.
                self._tell_disabled(after, since, now)
            try:
                self._subscriptions.replace(current, after)
            except VersionConflict:
                current = self._again(current)
            else:
                return bool(reason)
        return False

    def _again(self, subscription: Subscription) -> Subscription | None:
        found = self._subscriptions.get(subscription.shop_id, subscription.id)
        return found.subscription if found else None

    def _tell_disabled(self, subscription: Subscription, since: datetime, now: datetime) -> None:
        shop_id, subscription_id = subscription.shop_id, subscription.id
        failing_since = _timestamp(since)
        period = int(since.timestamp() * 1000)
        detail = {
            "id": f"{shop_id}/webhooks/{subscription_id}/{period}",
            "shop_id": shop_id,
            "type": DISABLED_EVENT,
            "occurred_at": _timestamp(now),
            "actor": {"kind": "system", "id": "webhooks"},
            "data": {
                "subscription_id": subscription_id,
                # What follows the '?' may be a secret of the subscriber.
                "url": subscription.url.partition("?")[0],
                "failing_since": failing_since,
                "reason": subscription.disabled_because,
            },
        }
        event = OutgoingEvent(
            type=DISABLED_EVENT,
            occurred_at=_timestamp(now),
            resource=f"{shop_id}/webhooks/{subscription_id}",
            detail=json.dumps(detail, ensure_ascii=False, separators=(",", ":")),
            source=WEBHOOK_EVENTS,
        )
        published = self._outlet.publish([event])
        # Where nobody can be told, as of a damaged subscription beside this one, it goes off still.
        if published.failure and not published.is_lasting:
            raise Unavailable("an event did not go out; try again")


def _timestamp(at: datetime) -> str:
    """As orders' events have it."""
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")
