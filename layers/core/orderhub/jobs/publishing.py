"""The table's stream to all who hear of events: the event items are the outbox.

Lambda retries everything from the lowest failed record on, so naming that one is enough; what
already went out goes out again, with the same id. Consumers tell repeats by ``id`` and restore the
order by ``sequence``.

Only the cloud is waited for. A record that nobody can be told of would fail for ever, and nobody
would hear of anything until it was given up: it is put aside at once.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from aws_lambda_powertools.logging import Logger
from aws_lambda_powertools.metrics import Metrics, MetricUnit

from orderhub import bootstrap
from orderhub.ports import OutgoingEvent, UnreadableEvent

from .invocation import names_itself
from .measuring import NAMESPACE, causes, flush, summed

logger = Logger()
metrics = Metrics(namespace=NAMESPACE)


@names_itself(logger)
def publish_events(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Tell of a batch of stream records; answer as ``ReportBatchItemFailures`` wants it.

    Logs which record failed and why: a dead letter says neither.
    """
    records: list[dict[str, Any]] = event["Records"]
    events: list[OutgoingEvent] = []
    places: list[int] = []
    aside: dict[int, UnreadableEvent] = {}

    def put_aside_later(place: int, error: Exception) -> None:
        aside[place] = bootstrap.unreadable_event(records[place], error)
        logger.error("unreadable event", exc_info=error, extra=_about(aside[place]))

    for place, record in enumerate(records):
        try:
            found = bootstrap.outgoing_events(record)
        except Exception as error:  # noqa: BLE001 - whatever it is, it would be so again
            put_aside_later(place, error)
        else:
            events += found
            places += [place] * len(found)
    told = bootstrap.application().publisher.tell(events)
    for index, why in told.untellable.items():
        put_aside_later(places[index], why)
    end = len(records)
    if told.failure:
        end = places[told.count]
        first = events[told.count]
        shop_id, _, order_id = first.resource.rpartition("/")
        failed = {"shop_id": shop_id, "order_id": int(order_id)}
        failed |= {"correlation_id": first.correlation_id, "why": told.failure}
        logger.error("event not published", extra=failed)
    end = _put_aside({place: kept for place, kept in aside.items() if place < end}, end)
    _measure(events[: told.count], told.deliveries)
    if end == len(records):
        return {"batchItemFailures": []}
    return {"batchItemFailures": [{"itemIdentifier": _sequence_number(records[end])}]}


def _measure(told: Sequence[OutgoingEvent], deliveries: int) -> None:
    # Summed, since each value would stand in the log by itself.
    counts = Counter(_METRIC_NAMES[each.type] for each in told if each.type in _METRIC_NAMES)
    counts["EventsPublished"] = len(told)
    if deliveries:
        counts["WebhooksQueued"] = deliveries
    for name, count in counts.items():
        metrics.add_metric(name, MetricUnit.Count, count)
    for name, value in causes(each.correlation_id for each in told).items():
        metrics.add_metadata(name, value)
    money = [(_MONEY_NAMES[each.type], each.money) for each in told if each.money]
    flush(metrics, summed(money))


def _put_aside(aside: Mapping[int, UnreadableEvent], end: int) -> int:
    """Up to which record nothing is to be retried: ``end``, or the first that is not kept."""
    for place, found in sorted(aside.items()):
        try:
            bootstrap.application().unreadable_events.put_aside(found)
        except Exception:
            logger.exception("unreadable event not put aside", extra=_about(found))
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


_MONEY_NAMES = {
    "payment.captured": "MoneyCaptured",
    "payment.confirmed": "MoneyCaptured",
    "payment.held": "MoneyCaptured",
    "refund.succeeded": "MoneyRefunded",
}


def _about(found: UnreadableEvent) -> dict[str, Any]:
    """Its keys, and the order that they name if they do."""
    try:
        key = bootstrap.order_of({"dynamodb": {"Keys": {"pk": {"S": found.keys["pk"]}}}})
    except (KeyError, ValueError):
        return {"keys": found.keys}
    return {"keys": found.keys, "shop_id": key.shop_id, "order_id": key.order_id}


def _sequence_number(record: dict[str, Any]) -> str:
    number: str = record["dynamodb"]["SequenceNumber"]
    return number
