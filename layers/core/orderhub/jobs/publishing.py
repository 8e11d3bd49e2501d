"""The table's stream to the event bus: the event items are the outbox.

Lambda retries everything from the lowest failed record on, so naming that one is enough; what
was already published is published again, with the same id. Consumers tell repeats by ``id`` and
restore the order by ``sequence``.
"""

from typing import Any

from aws_lambda_powertools.logging import Logger
from aws_lambda_powertools.metrics import Metrics, MetricUnit

from orderhub import bootstrap
from orderhub.ports import OutgoingEvent

logger = Logger(service="orderhub")
metrics = Metrics(namespace="OrderHub", service="orderhub")


@metrics.log_metrics
def publish_events(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Publish a batch of stream records; answer as ``ReportBatchItemFailures`` wants it.

    Logs which record failed and why: a dead letter says neither.
    """
    records: list[dict[str, Any]] = event["Records"]
    events: list[OutgoingEvent] = []
    for record in records:
        try:
            events.append(bootstrap.outgoing_event(record))
        except Exception:
            # What came before it still goes out; this one is retried, then dead-lettered.
            logger.exception("unreadable event", extra={"keys": record["dynamodb"].get("Keys")})
            break
    published = bootstrap.application().bus.publish(events)
    if published.failure:
        failed = {"order": events[published.count].resource, "why": published.failure}
        logger.error("event not published", extra=failed)
    for sent in events[: published.count]:
        if sent.type in _METRIC_NAMES:
            metrics.add_metric(_METRIC_NAMES[sent.type], MetricUnit.Count, 1)
    metrics.add_metric("EventsPublished", MetricUnit.Count, published.count)
    logger.info("published", extra={"records": len(records), "published": published.count})
    if published.count == len(records):
        return {"batchItemFailures": []}
    return {"batchItemFailures": [{"itemIdentifier": _sequence_number(records[published.count])}]}


_METRIC_NAMES = {
    "order.placed": "OrdersPlaced",
    "order.paid": "OrdersPaid",
    "order.completed": "OrdersCompleted",
    "order.cancelled": "OrdersCancelled",
    "order.expired": "OrdersExpired",
    "payment.captured": "PaymentsCaptured",
    "payment.confirmed": "PaymentsCaptured",
    "payment.refund_due": "RefundsFellDue",
    "payment.overpaid": "PaymentsOverpaid",
    "refund.succeeded": "RefundsSucceeded",
}


def _sequence_number(record: dict[str, Any]) -> str:
    number: str = record["dynamodb"]["SequenceNumber"]
    return number
