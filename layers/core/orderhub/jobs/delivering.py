"""Events out to subscribers: from the bus to one message each, and from there to their endpoints.

Both functions answer as ``ReportBatchItemFailures`` wants it, so that one bad message holds up no
other.
"""

import json
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from aws_lambda_powertools.logging import Logger
from aws_lambda_powertools.metrics import Metrics, MetricUnit

from orderhub import bootstrap
from orderhub.domain.delivery import DeliveryState
from orderhub.ports import DeliveryQueue, QueuedDelivery
from orderhub.services.deliver import Deliverer, Outcome

from .invocation import names_itself

logger = Logger(service="orderhub")
metrics = Metrics(namespace="OrderHub", service="orderhub")

_AT_ONCE: Final = 10
"""As many as a batch has."""


@metrics.log_metrics
@names_itself(logger)
def dispatch_events(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Queue a message per subscription and topic for each event of a batch from the bus."""
    application = bootstrap.application()
    dispatcher = application.dispatcher()
    failed: list[str] = []
    deliveries: list[QueuedDelivery] = []
    read: list[str] = []
    for record in event["Records"]:
        try:
            deliveries += dispatcher.dispatch(json.loads(record["body"])["detail"])
            read.append(record["messageId"])
        except Exception:
            logger.exception("event not dispatched", extra={"message_id": record["messageId"]})
            failed.append(record["messageId"])
    try:
        application.delivery_queue.send(deliveries)
    except Exception:
        # What was queued is told twice, with the same id.
        logger.exception("deliveries not queued", extra={"deliveries": len(deliveries)})
        failed += read
    metrics.add_metric("WebhooksQueued", MetricUnit.Count, len(deliveries))
    logger.info("dispatched", extra={"events": len(read), "deliveries": len(deliveries)})
    return _failures(failed)


@metrics.log_metrics
@names_itself(logger)
def deliver_webhook(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Send a batch of deliveries, all at once, and say when to try again what failed."""
    application = bootstrap.application()
    # Both are made here: clients may be used by several threads, but not be made by several.
    deliverer, queue = application.deliverer, application.delivery_queue
    records: list[dict[str, Any]] = event["Records"]
    with ThreadPoolExecutor(_AT_ONCE) as threads:
        attempts = list(threads.map(lambda record: _attempt(deliverer, queue, record), records))
    failed = [attempt.message_id for attempt in attempts if not attempt.is_done]
    _measure(attempts)
    return _failures(failed)


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


def _attempt(deliverer: Deliverer, queue: DeliveryQueue, record: dict[str, Any]) -> _Attempt:
    count = int(record["attributes"]["ApproximateReceiveCount"])
    lag: float | None = None
    told: dict[str, object] = {"message_id": record["messageId"], "attempt": count}
    try:
        queued = bootstrap.queued_delivery(record["body"])
        told |= {"shop": queued.shop_id, "subscription": queued.subscription_id}
        if count == 1:
            lag = max(0.0, (datetime.now(UTC) - queued.queued_at).total_seconds())
        outcome = deliverer.deliver(queued, count)
        if outcome.retry_in is not None:
            queue.try_again(record["receiptHandle"], outcome.retry_in)
    except Exception:
        # The queue hands it out again when it has been hidden for long enough.
        logger.exception("webhook not attempted", extra=told)
        return _Attempt(record["messageId"], None, lag)
    told |= {"topic": queued.topic, "event": queued.event.get("id")}
    told |= {"state": outcome.state.value, "status": outcome.status, "reason": outcome.reason}
    logger.info("webhook", extra=told)
    if outcome.switched_off:
        logger.warning("subscription switched off", extra=told)
    return _Attempt(record["messageId"], outcome, lag)


def _measure(attempts: Sequence[_Attempt]) -> None:
    for attempt in attempts:
        if attempt.lag is not None:
            metrics.add_metric("WebhookLag", MetricUnit.Seconds, attempt.lag)
        state = attempt.outcome.state if attempt.outcome else None
        metrics.add_metric(_METRIC_NAMES[state], MetricUnit.Count, 1)
        if attempt.outcome and attempt.outcome.switched_off:
            metrics.add_metric("WebhooksSwitchedOff", MetricUnit.Count, 1)


_METRIC_NAMES: Final = {
    DeliveryState.DELIVERED: "WebhooksDelivered",
    DeliveryState.RETRYING: "WebhooksFailed",
    DeliveryState.DEAD: "WebhooksDead",
    DeliveryState.SKIPPED: "WebhooksSkipped",
    None: "WebhooksNotAttempted",
}


def _failures(message_ids: Sequence[str]) -> dict[str, Any]:
    return {"batchItemFailures": [{"itemIdentifier": found} for found in message_ids]}
