"""The table's stream to the event bus: the event items are the outbox.

Lambda retries everything from the lowest failed record on, so naming that one is enough; what
was already published is published again, with the same id. Consumers tell repeats by ``id`` and
restore the order by ``sequence``.

Only the bus is waited for. A record that no event can be read from would fail for ever, and
nobody would hear of anything until it was given up: it is put aside at once.
"""

from collections.abc import Mapping
from typing import Any

from aws_lambda_powertools.logging import Logger
from aws_lambda_powertools.metrics import Metrics, MetricUnit

from orderhub import bootstrap
from orderhub.ports import OutgoingEvent, UnreadableEvent

from .invocation import names_itself

logger = Logger(service="orderhub")
metrics = Metrics(namespace="OrderHub", service="orderhub")


@metrics.log_metrics
@names_itself(logger)
def publish_events(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Publish a batch of stream records; answer as ``ReportBatchItemFailures`` wants it.

    Logs which record failed and why: a dead letter says neither.
    """
    records: list[dict[str, Any]] = event["Records"]
    events: list[OutgoingEvent] = []
    places: list[int] = []
    unreadable: dict[int, UnreadableEvent] = {}
    for place, record in enumerate(records):
        try:
            events.append(bootstrap.outgoing_event(record))
            places.append(place)
        except Exception as error:
            unreadable[place] = bootstrap.unreadable_event(record, error)
            logger.exception("unreadable event", extra={"keys": unreadable[place].keys})
    published = bootstrap.application().bus.publish(events)
    end = len(records)
    if published.failure:
        end = places[published.count]
        failed = {"order": events[published.count].resource, "why": published.failure}
        logger.error("event not published", extra=failed)
    for sent in events[: published.count]:
        if sent.type in _METRIC_NAMES:
            metrics.add_metric(_METRIC_NAMES[sent.type], MetricUnit.Count, 1)
    metrics.add_metric("EventsPublished", MetricUnit.Count, published.count)
    end = _put_aside({place: found for place, found in unreadable.items() if place < end}, end)
    logger.info("published", extra={"records": len(records), "published": published.count})
    if end == len(records):
        return {"batchItemFailures": []}
    return {"batchItemFailures": [{"itemIdentifier": _sequence_number(records[end])}]}


def _put_aside(unreadable: Mapping[int, UnreadableEvent], end: int) -> int:
    """Up to which record nothing is to be retried: ``end``, or the first that is not kept."""
    for place, found in unreadable.items():
        try:
            bootstrap.application().unreadable_events.put_aside(found)
        except Exception:
            logger.exception("unreadable event not put aside", extra={"keys": found.keys})
            return place
        metrics.add_metric("EventsUnreadable", MetricUnit.Count, 1)
    return end


_METRIC_NAMES = {
    "order.placed": "OrdersPlaced",
    "order.paid": "OrdersPaid",
    "order.completed": "OrdersCompleted",
    "order.cancelled": "OrdersCancelled",
    "order.expired": "OrdersExpired",
    "payment.captured": "PaymentsCaptured",
    "payment.confirmed": "PaymentsCaptured",
    "payment.held": "PaymentsHeld",
    "payment.disputed": "PaymentsDisputed",
    "payment.refund_due": "RefundsFellDue",
    "payment.overpaid": "PaymentsOverpaid",
    "refund.succeeded": "RefundsSucceeded",
}


def _sequence_number(record: dict[str, Any]) -> str:
    number: str = record["dynamodb"]["SequenceNumber"]
    return number
