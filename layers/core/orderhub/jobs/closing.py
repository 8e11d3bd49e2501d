"""The two steps of a closing state machine (``workflows/close_due.asl.yaml``).

Orders travel between them as ``"<shop id>/<order id>"``; cursors are keyed by the shard's number
as text, since that is what JSON objects can do.
"""

from typing import Any, Final, NotRequired, TypedDict

from aws_lambda_powertools.logging import Logger
from aws_lambda_powertools.metrics import EphemeralMetrics, Metrics, MetricUnit

from orderhub import bootstrap
from orderhub.domain.order import DeadlineKind
from orderhub.ports import OrderKey
from orderhub.services import close_due as service

from .invocation import names_its_run
from .measuring import NAMESPACE

logger = Logger()
metrics = Metrics(namespace=NAMESPACE)

BATCH_SIZE: Final = 25
PASS_SIZE: Final = 1000
"""Due orders found in one pass over all shards. Their names stay far below the 256 KB that a state
may pass on, whatever the number of shards."""


class FindDue(TypedDict):
    kind: str
    cursors: dict[str, str | None] | None
    """``None`` at first: every shard from its beginning."""
    run: NotRequired[str]
    """The name of the machine's run."""


class DueFound(TypedDict):
    batches: list[dict[str, list[str]]]
    cursors: dict[str, str]
    found: int
    more: bool


class CloseBatch(TypedDict):
    kind: str
    orders: list[str]
    run: NotRequired[str]


class BatchFailed(Exception):
    """Some orders of a batch could not be closed. The state machine tries the batch again:
    those that were closed stay closed, and the rest stay due whatever happens."""


@metrics.log_metrics
@names_its_run(logger)
def find_due(event: FindDue, context: Any) -> DueFound:
    """One pass over the due index: all shards, a page of each."""
    metrics.add_dimension("kind", event["kind"])
    application = bootstrap.application()
    cursors: dict[int, str | None]
    if event["cursors"] is None:
        cursors = dict.fromkeys(range(application.settings.due_shards))
    else:
        cursors = {int(shard): cursor for shard, cursor in event["cursors"].items()}
    due = service.find_due(application.desk, DeadlineKind(event["kind"]), cursors, PASS_SIZE)
    orders = [f"{key.shop_id}/{key.order_id}" for key in due.orders]
    metrics.add_metric("DueFound", MetricUnit.Count, len(orders))
    if due.unreadable:
        # Of whatever kind: one alarm is on all of them.
        unreadable = EphemeralMetrics(namespace=NAMESPACE)
        unreadable.add_metric("DueUnreadable", MetricUnit.Count, len(due.unreadable))
        unreadable.flush_metrics()
    for key in due.unreadable:
        logger.error("due entry unreadable", extra={"kind": event["kind"], "key": key})
    if event["cursors"] is None:
        # Told by every run, so that silence means that nobody looks any more.
        metrics.add_metric("DueLag", MetricUnit.Seconds, due.lag)
    logger.info("due", extra={"kind": event["kind"], "found": len(orders), "lag": due.lag})
    return DueFound(
        batches=[
            {"orders": orders[start : start + BATCH_SIZE]}
            for start in range(0, len(orders), BATCH_SIZE)
        ],
        cursors={str(shard): cursor for shard, cursor in due.cursors.items()},
        found=len(orders),
        more=bool(due.cursors),
    )


@metrics.log_metrics
@names_its_run(logger)
def close_due(event: CloseBatch, context: Any) -> dict[str, int]:
    """Close what is due on each order of a batch. Raises :class:`BatchFailed` after trying all."""
    outcome = service.close_due(
        bootstrap.application().desk, [_order_key(text) for text in event["orders"]]
    )
    metrics.add_dimension("kind", event["kind"])
    metrics.add_metric("DueClosed", MetricUnit.Count, outcome.closed)
    metrics.add_metric("DueFailed", MetricUnit.Count, len(outcome.failed))
    if outcome.closed:
        metrics.add_metric("ClosingLag", MetricUnit.Seconds, outcome.latest)
    logger.info(
        "closed",
        extra={
            "kind": event["kind"],
            "closed": outcome.closed,
            "not_due": outcome.not_due,
            "orders": event["orders"],
            "seconds_late": outcome.latest,
        },
    )
    for key, error in outcome.failed:
        logger.error(
            "order stays due",
            extra={
                "kind": event["kind"],
                "shop_id": key.shop_id,
                "order_id": key.order_id,
                "error": getattr(error, "code", type(error).__name__),
            },
        )
    if outcome.failed:
        first = outcome.failed[0][1]
        raise BatchFailed(f"{len(outcome.failed)} orders stay due, the first because: {first}")
    return {"closed": outcome.closed, "not_due": outcome.not_due}


def _order_key(text: str) -> OrderKey:
    shop_id, _, order_id = text.rpartition("/")
    return OrderKey(shop_id, int(order_id))
