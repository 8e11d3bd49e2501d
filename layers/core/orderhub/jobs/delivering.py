"""Queued deliveries out to subscribers' endpoints."""

from collections import Counter
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, Final, TypeAlias

from aws_lambda_powertools.logging import Logger
from aws_lambda_powertools.metrics import Metrics, MetricUnit

from orderhub import bootstrap
from orderhub.domain.dataclass import dataclass
from orderhub.domain.delivery import Delivery, DeliveryState, taken_together
from orderhub.ports import DeliveryQueue, QueuedDelivery, SealedSubscription
from orderhub.services.deliver import Deliverer, Outcome

from .invocation import names_itself
from .measuring import NAMESPACE, causes

logger = Logger()
metrics = Metrics(namespace=NAMESPACE)

_AT_ONCE: Final = 10
"""As many as a batch has."""

_OF_THE_EVENT: Final = ("order_id", "correlation_id")

_Known: TypeAlias = Mapping[tuple[str, int], SealedSubscription]


@metrics.log_metrics
@names_itself(logger)
def deliver_webhook(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Send a batch of deliveries, all at once, and say when to try again what failed.

    Answers as ``ReportBatchItemFailures`` wants it, so that one bad message holds up no other.
    What was delivered stands in the log of deliveries; lines are for the rest.
    """
    application = bootstrap.application()
    # Both are made here: clients may be used by several threads, but not be made by several.
    deliverer, queue = application.deliverer, application.delivery_queue
    records: list[dict[str, Any]] = event["Records"]
    batch = [_queued(record) for record in records]
    known = _known(deliverer, batch)

    def attempt(record: dict[str, Any], queued: QueuedDelivery | None) -> _Attempt:
        if queued is None or known is None:
            return _Attempt(record["messageId"], None, None)
        found = known.get((queued.shop_id, queued.subscription_id))
        return _attempt(deliverer, queue, record, queued, found)

    with ThreadPoolExecutor(_AT_ONCE) as threads:
        attempts = list(threads.map(attempt, records, batch))
    attempts = _logged(deliverer, attempts)
    failed = [each.message_id for each in attempts if not each.is_done]
    _measure(attempts)
    found = causes(str(queued.event.get("correlation_id", "")) for queued in batch if queued)
    for name, value in found.items():
        metrics.add_metadata(name, value)
    return {"batchItemFailures": [{"itemIdentifier": found} for found in failed]}


def _queued(record: Mapping[str, Any]) -> QueuedDelivery | None:
    try:
        return bootstrap.queued_delivery(record["body"])
    except Exception:
        logger.exception("webhook not attempted", extra={"message_id": record["messageId"]})
        return None


def _known(deliverer: Deliverer, batch: Sequence[QueuedDelivery | None]) -> _Known | None:
    try:
        return deliverer.known([queued for queued in batch if queued])
    except Exception:
        logger.exception("webhooks not attempted")
        return None


@dataclass(frozen=True, slots=True)
class _Attempt:
    """``outcome`` is ``None`` where something of ours went wrong. ``lag`` is how many seconds the
    delivery had waited for its first attempt; ``None`` for later ones, which wait for a reason."""

    message_id: str
    outcome: Outcome | None
    lag: float | None

    @property
    def is_done(self) -> bool:
        return self.outcome is not None and self.outcome.retry_in is None


def _attempt(
    deliverer: Deliverer,
    queue: DeliveryQueue,
    record: Mapping[str, Any],
    queued: QueuedDelivery,
    known: SealedSubscription | None,
) -> _Attempt:
    count = int(record["attributes"]["ApproximateReceiveCount"])
    lag: float | None = None
    told: dict[str, object] = {"message_id": record["messageId"], "attempt": count}
    told |= _about(queued.shop_id, queued.subscription_id)
    told |= {name: queued.event[name] for name in _OF_THE_EVENT if name in queued.event}
    if count == 1:
        lag = max(0.0, (datetime.now(UTC) - queued.queued_at).total_seconds())
    try:
        outcome = deliverer.deliver(queued, count, known)
        if outcome.retry_in is not None:
            queue.try_again(record["receiptHandle"], outcome.retry_in)
    except Exception:
        # The queue hands it out again when it has been hidden for long enough.
        logger.exception("webhook not attempted", extra=told)
        return _Attempt(record["messageId"], None, lag)
    told |= {"topic": queued.topic, "event": queued.event.get("id")}
    told |= {"state": outcome.state.value, "status": outcome.status, "reason": outcome.reason}
    if outcome.state is not DeliveryState.DELIVERED:
        logger.info("webhook", extra=told)
    if outcome.switched_off:
        logger.warning("subscription switched off", extra=told)
    return _Attempt(record["messageId"], outcome, lag)


def _about(shop_id: str, subscription_id: int) -> dict[str, object]:
    return {"shop_id": shop_id, "subscription_id": subscription_id}


def _logged(deliverer: Deliverer, attempts: Sequence[_Attempt]) -> list[_Attempt]:
    """The attempts, after what went well at once was logged, in few writes. What could not be
    logged counts as not attempted."""
    unlogged = [each.outcome.unlogged for each in attempts if each.outcome]
    failed: set[Delivery] = set()
    for group in taken_together(delivery for delivery in unlogged if delivery):
        try:
            deliverer.log(group)
        except Exception:
            told = _about(group[0].shop_id, group[0].subscription_id)
            logger.exception("webhooks not logged", extra=told)
            failed.update(group)
    return [
        replace(each, outcome=None) if each.outcome and each.outcome.unlogged in failed else each
        for each in attempts
    ]


def _measure(attempts: Sequence[_Attempt]) -> None:
    # Counts are summed: each value would stand in the log by itself.
    counts: Counter[str] = Counter()
    for attempt in attempts:
        if attempt.lag is not None:
            metrics.add_metric("WebhookLag", MetricUnit.Seconds, round(attempt.lag, 3))
        counts[_METRIC_NAMES[attempt.outcome.state if attempt.outcome else None]] += 1
        if attempt.outcome and attempt.outcome.switched_off:
            counts["WebhooksSwitchedOff"] += 1
    for name, count in counts.items():
        metrics.add_metric(name, MetricUnit.Count, count)


_METRIC_NAMES: Final = {
    DeliveryState.DELIVERED: "WebhooksDelivered",
    DeliveryState.RETRYING: "WebhooksFailed",
    DeliveryState.DEAD: "WebhooksDead",
    DeliveryState.SKIPPED: "WebhooksSkipped",
    None: "WebhooksNotAttempted",
}
