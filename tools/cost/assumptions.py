"""What the bill takes for granted: times, sizes, and how Lambda polls."""

from dataclasses import dataclass, field
from typing import Final


def _assumed(value: float, told: str) -> float:
    """A field of :class:`Assumptions`; the document shows what is ``told`` of it."""
    told_of: float = field(default=value, metadata={"told": told})
    return told_of


@dataclass(frozen=True, slots=True)
class Assumptions:
    """What no benchmark here measures."""

    request_cpu: float = _assumed(4, "ms of work on a whole core for a request")
    job_cpu: float = _assumed(1.5, "ms of work on a whole core for a run on the stream or a queue")
    member_cpu: float = _assumed(0.3, "ms more for each member of its batch")
    read: float = _assumed(5, "ms for a read of the table")
    write: float = _assumed(5, "ms for a write of one item")
    transaction: float = _assumed(10, "ms for a transaction")
    send: float = _assumed(8, "ms for a request to a queue")
    endpoint: float = _assumed(150, "ms until a subscriber's endpoint has answered")
    cold_start: float = _assumed(500, "ms that a cold start adds")
    idle: float = _assumed(600, "seconds after which Lambda takes an idle environment away")
    workflow_step: float = _assumed(100, "ms that a run of a machine takes beside its functions")
    workflow_memory: float = _assumed(64 / 1024, "GB that such a run is billed")
    stream_shards: float = _assumed(4, "shards of the stream, as many as a new table's partitions")
    stream_polls: float = _assumed(4, "times a second that Lambda looks at each")
    marked_orders: float = _assumed(1 / 64, "share of orders that have milestones laid")
    milestone_writes: float = _assumed(
        24, "write units for laying a milestone, and for indexing the numbers until it"
    )
    logged_together: float = _assumed(6, "deliveries that fit a write unit of their log")
    access_log: float = _assumed(160, "bytes of access log for a request, 26 of CloudWatch's own")
    request_log: float = _assumed(430, "bytes of its function's log, counted likewise")
    job_log: float = _assumed(410, "bytes of log and metrics for a run of another function")
    sweep_metrics: float = _assumed(
        2, "custom metrics of each closing machine, with orders or without"
    )
    order_metrics: float = _assumed(
        14, "more custom metrics while there are orders, one of them for each currency"
    )
    item_overhead: float = _assumed(100, "bytes that AWS adds to each item it keeps")
    entry: float = _assumed(250, "bytes of an entry of an index, these included")


ASSUMED: Final = Assumptions()
