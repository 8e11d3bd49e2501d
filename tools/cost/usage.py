"""How much of what a month of orders uses: the formula behind the bill.

Orders come evenly over the month, or over some hours of each day. What comes in batches, or is
looked up once a minute, is counted by the rate at which it comes, so more at once cost less each:

* A batch whose window opens with its first member has ``1 + rate · window`` members
  (:func:`per_window`); so many requests share one look-up that is kept for as long.
* A poll at fixed intervals that finds anything finds ``x / (1 - e^-x)``, of ``x = rate · interval``
  (:func:`per_poll`).
"""

import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from orderhub.adapters.kms import KEPT_SECONDS
from orderhub.jobs.closing import BATCH_SIZE
from orderhub.services.authenticate import CACHE_SECONDS
from orderhub.services.close_due import AT_ONCE
from orderhub.services.rank_orders import STEP

from .assumptions import ASSUMED, Assumptions
from .bill import Charge, Part, Service
from .deployment import Deployment, Poll
from .lives import CLOSING, PAID, Caller, Life, Request
from .measured import Units

HOURS: Final = 730
MONTH: Final = HOURS * 3_600
"""Seconds."""

_DAY: Final = 24.0
_MONTH_DAYS: Final = 365 / 12
_GB: Final = 1e9
_FULL_CORE: Final = 1_769
"""MB of memory that come with one whole vCPU."""
_QUEUE_BATCH: Final = 10
"""Messages that one request to a queue sends."""
_LONG_POLL: Final = 20
"""Seconds for which Lambda waits at an empty queue."""
_POLLERS: Final = 2
_POLLERS_WHEN_LIMITED: Final = 5
"""How many batches Lambda fetches from a quiet queue at once; more where concurrency is limited."""


@dataclass(frozen=True, slots=True)
class Traffic:
    """``orders`` a month, of ``shops`` alike, which come in ``hours`` of each day."""

    orders: float
    life: Life = PAID
    shops: int = 1
    hours: float = _DAY


def month(
    traffic: Traffic,
    deployed: Deployment,
    units: Mapping[str, Units],
    assumed: Assumptions = ASSUMED,
) -> list[Charge]:
    """All that is billed for a month with this traffic."""
    return list(_Month(traffic, deployed, units, assumed).charges())


def per_window(rate: float, window: float, most: float = math.inf) -> float:
    """The mean size of batches that wait ``window`` seconds from their first member on."""
    return min(most, 1 + rate * window)


def per_poll(rate: float, interval: float, most: float = math.inf) -> float:
    """The mean size of what is found every ``interval`` seconds, where anything is."""
    expected = rate * interval
    return min(most, expected / -math.expm1(-expected)) if expected else 1.0


def distinct(shops: int, members: float) -> float:
    """Of how many shops the members of a batch are, on average."""
    return shops * (1 - math.pow(1 - 1 / shops, members))


def life_bytes(life: Life, units: Mapping[str, Units], assumed: Assumptions = ASSUMED) -> float:
    """Bytes that an order leaves in the table and its indexes, at the most: all that was ever
    written of it, as if nothing of that had been replaced."""
    patterns = [*(request.pattern for request in life.requests), life.closing.pattern]
    written = [units[pattern] for pattern in patterns]
    return sum(
        each.bytes_written + each.items * assumed.item_overhead + each.index_writes * assumed.entry
        for each in written
    )


def traced_share(rate: float) -> float:
    """Of so many runs of a function in a second, those that X-Ray is told of where it is told at
    all: the first in each second, and 5 % of the others."""
    first = min(1.0, rate)
    return (first + 0.05 * (rate - first)) / rate


class _Month:
    """A month's charges, in parts that each have a formula of their own."""

    def __init__(
        self,
        traffic: Traffic,
        deployed: Deployment,
        units: Mapping[str, Units],
        assumed: Assumptions,
    ) -> None:
        self._orders, self._life, self._shops = traffic.orders, traffic.life, traffic.shops
        self._busy = MONTH * traffic.hours / _DAY
        """Seconds of the month in which orders come."""
        self._deployed, self._units, self._assumed = deployed, units, assumed

    def charges(self) -> Iterator[Charge]:
        if self._orders:
            for request in self._life.requests:
                yield from self._request(request)
            yield from self._publishing()
            yield from self._ranking()
            yield from self._delivering()
            yield from self._closing()
            yield from self._kept()
        yield from self._sweeps()
        yield from self._standing()

    # -- what orders do

    def _request(self, request: Request) -> Iterator[Charge]:
        runs, units = self._orders * request.times, self._units[request.pattern]
        first = 1 / per_window(runs / self._busy / self._shops, CACHE_SECONDS)
        milliseconds = self._cpu(request.function, self._assumed.request_cpu)
        milliseconds += self._waiting(units.calls)
        what = request.what
        yield Charge(Part.ORDERS, Service.HTTP, what, runs, "http_request")
        yield from self._run(what, request.function, runs, milliseconds, self._assumed.request_log)
        yield from self._log(Part.ORDERS, what, runs * self._assumed.access_log)
        if request.caller is Caller.TOKEN:
            looked_up = self._units["Authenticate, first time in a minute"].reads
        else:
            looked_up = 1.0
            opened = 1 / per_window(runs / self._busy / self._shops, KEPT_SECONDS)
            yield Charge(Part.ORDERS, Service.KEYS, what, runs * opened, "key_request")
        yield from self._table(what, runs, units)
        yield self._reads(what, runs * first * looked_up)

    def _publishing(self) -> Iterator[Charge]:
        records = self._orders * self._life.changes
        batch = self._stream_batch(records, "PublishEvents")
        runs = records / batch
        deliveries = self._orders * self._life.webhooks
        # The subscriptions of each shop of a batch are read once.
        units, shops = self._units["publish a change"], distinct(self._shops, batch)
        milliseconds = self._batch_cpu("PublishEvents", batch)
        milliseconds += self._assumed.send + shops * self._waiting(units.calls)
        what = "events out"
        yield from self._run(what, "PublishEvents", runs, milliseconds, self._assumed.job_log)
        yield self._reads(what, runs * shops * units.reads)
        sends = max(runs, deliveries / _QUEUE_BATCH)
        yield Charge(Part.ORDERS, Service.QUEUE, what, sends, "queue_request")
        if self._deployed.has_bus:
            events = self._orders * self._life.events
            yield Charge(Part.ORDERS, Service.BUS, what, events, "bus_event")

    def _ranking(self) -> Iterator[Charge]:
        records = self._orders * self._assumed.marked_orders
        batch = self._stream_batch(records, "LayMilestones")
        runs, laid = records / batch, self._orders / STEP
        units = self._units["lay milestones, none due"]
        milliseconds = self._batch_cpu("LayMilestones", batch) + self._waiting(units.calls)
        milliseconds += laid / runs * self._assumed.transaction
        what = "ranks and search"
        yield from self._run(what, "LayMilestones", runs, milliseconds, self._assumed.job_log)
        yield self._reads(what, (runs * distinct(self._shops, batch) + laid) * units.reads)
        yield self._writes(what, laid * self._assumed.milestone_writes)

    def _delivering(self) -> Iterator[Charge]:
        deliveries = self._orders * self._life.webhooks
        poll = self._deployed.polls["DeliverWebhook"]
        rate = deliveries / self._busy
        batch = per_window(rate / _pollers(poll), poll.window, poll.batch_size)
        runs = deliveries / batch
        units = self._units["deliver a webhook"]
        milliseconds = self._batch_cpu("DeliverWebhook", batch) + self._waiting(units.calls)
        milliseconds += self._assumed.endpoint
        what = "webhooks"
        yield from self._run(what, "DeliverWebhook", runs, milliseconds, self._assumed.job_log)
        # A batch reads each of its subscriptions once, and logs what went well of each at once.
        subscriptions = runs * distinct(self._shops, batch)
        yield self._reads(what, subscriptions * units.reads)
        logged = subscriptions * max(
            1.0, deliveries / subscriptions / self._assumed.logged_together
        )
        yield self._writes(what, logged * (units.writes + units.index_writes))
        # Each batch is received and deleted at once.
        yield Charge(Part.ORDERS, Service.QUEUE, what, 2 * runs, "queue_request")
        first = 1 / per_window(rate / self._shops, KEPT_SECONDS)
        yield Charge(Part.ORDERS, Service.KEYS, what, deliveries * first, "key_request")

    def _closing(self) -> Iterator[Charge]:
        (every,) = (
            sweep.every
            for sweep in self._deployed.sweeps
            if sweep.kind == self._life.closing.deadline
        )
        due = self._orders * every / self._busy
        runs = self._busy / every * (due / BATCH_SIZE - math.expm1(-due))
        closed = self._orders / runs
        milliseconds = self._batch_cpu("CloseDue", closed) + self._assumed.read
        milliseconds += math.ceil(closed / AT_ONCE) * self._assumed.transaction
        yield from self._run(CLOSING, "CloseDue", runs, milliseconds, self._assumed.job_log)
        yield self._workflow_time(Part.ORDERS, CLOSING, runs * milliseconds)
        units = self._units[self._life.closing.pattern]
        yield from self._table(CLOSING, self._orders, units)

    def _kept(self) -> Iterator[Charge]:
        size = self._orders * life_bytes(self._life, self._units, self._assumed) / _GB
        yield Charge(Part.KEPT, Service.STORAGE, "orders", size, "table_gb")
        yield Charge(Part.KEPT, Service.STORAGE, "recovery", size, "table_backup_gb")

    # -- what is the same each month

    def _sweeps(self) -> Iterator[Charge]:
        units = self._units["find due orders, none due"]
        reads = units.reads / len(units.calls) * self._deployed.due_shards
        for sweep in self._deployed.sweeps:
            runs, what = MONTH / sweep.every, f"sweeps, {sweep.kind}"
            milliseconds = self._cpu("FindDue", self._assumed.job_cpu)
            milliseconds += self._deployed.due_shards * self._assumed.read
            yield Charge(Part.SWEEPS, Service.SCHEDULER, what, runs, "schedule")
            yield Charge(Part.SWEEPS, Service.WORKFLOWS, what, runs, "workflow_run")
            took = runs * (milliseconds + self._assumed.workflow_step)
            yield self._workflow_time(Part.SWEEPS, what, took)
            yield from self._run(
                what, "FindDue", runs, milliseconds, self._assumed.job_log, Part.SWEEPS
            )
            yield self._reads(what, runs * reads, Part.SWEEPS)

    def _standing(self) -> Iterator[Charge]:
        deployed = self._deployed
        metrics = len(deployed.sweeps) * self._assumed.sweep_metrics
        if self._orders:
            metrics += self._assumed.order_metrics
        yield Charge(Part.STANDING, Service.METRICS, "alarms", deployed.alarms, "alarm")
        yield Charge(Part.STANDING, Service.METRICS, "dashboard", deployed.dashboards, "dashboard")
        yield Charge(Part.STANDING, Service.METRICS, "custom metrics", metrics, "metric")
        yield Charge(Part.STANDING, Service.KEYS, "key", deployed.keys, "key")
        for function, poll in deployed.polls.items():
            if poll.kind == "SQS":
                polls = _pollers(poll) * MONTH / _LONG_POLL
                what = f"empty polls for {function}"
                yield Charge(Part.STANDING, Service.QUEUE, what, polls, "queue_request")

    # -- what several of them have

    def _run(
        self,
        what: str,
        function: str,
        runs: float,
        milliseconds: float,
        log_bytes: float,
        part: Part = Part.ORDERS,
    ) -> Iterator[Charge]:
        """So many runs of a function."""
        rate = runs / (self._busy if part is Part.ORDERS else MONTH)
        milliseconds += self._assumed.cold_start * self._cold_share(rate)
        gb_seconds = runs * milliseconds / 1_000 * self._deployed.memory[function] / 1_024
        yield Charge(part, Service.INVOCATIONS, what, runs, "function_request")
        yield Charge(part, Service.COMPUTE, what, gb_seconds, "function_gb_second")
        if self._deployed.is_traced:
            yield Charge(part, Service.TRACES, what, runs * traced_share(rate), "trace")
        yield from self._log(part, what, runs * log_bytes)

    def _cold_share(self, rate: float) -> float:
        """How often nobody came for so long that the environment is gone."""
        return math.exp(-rate * self._assumed.idle)

    def _table(self, what: str, times: float, units: Units) -> Iterator[Charge]:
        yield self._reads(what, times * units.reads)
        yield self._writes(what, times * (units.writes + units.index_writes))

    def _reads(self, what: str, units: float, part: Part = Part.ORDERS) -> Charge:
        return Charge(part, Service.READS, what, units, "table_read")

    def _writes(self, what: str, units: float) -> Charge:
        return Charge(Part.ORDERS, Service.WRITES, what, units, "table_write")

    def _log(self, part: Part, what: str, size: float) -> Iterator[Charge]:
        """So many bytes of log, taken in and kept; uncompressed, which is more than is billed."""
        months = self._deployed.log_days / _MONTH_DAYS
        yield Charge(part, Service.LOGS, what, size / _GB, "log_gb")
        yield Charge(part, Service.LOGS, what, size / _GB * months, "log_gb_kept")

    def _workflow_time(self, part: Part, what: str, milliseconds: float) -> Charge:
        gb_seconds = milliseconds / 1_000 * self._assumed.workflow_memory
        return Charge(part, Service.WORKFLOWS, what, gb_seconds, "workflow_gb_second")

    def _stream_batch(self, records: float, function: str) -> float:
        """Records of one shard that a function is given at once."""
        poll = self._deployed.polls[function]
        rate = records / self._busy / self._assumed.stream_shards
        if poll.window:
            return per_window(rate, poll.window, poll.batch_size)
        return per_poll(rate, 1 / self._assumed.stream_polls, poll.batch_size)

    def _batch_cpu(self, function: str, members: float) -> float:
        return self._cpu(function, self._assumed.job_cpu + members * self._assumed.member_cpu)

    def _cpu(self, function: str, milliseconds: float) -> float:
        """What takes so long on a whole core, on the share of one that the function has."""
        return milliseconds * max(1.0, _FULL_CORE / self._deployed.memory[function])

    def _waiting(self, calls: Iterable[str]) -> float:
        """Milliseconds for calls of the table, one after another."""
        return sum(self._call(call) for call in calls)

    def _call(self, call: str) -> float:
        if call == "TransactWriteItems":
            return self._assumed.transaction
        return self._assumed.read if call in _READING else self._assumed.write


_READING: Final = frozenset({"BatchGetItem", "GetItem", "Query"})


def _pollers(poll: Poll) -> int:
    return _POLLERS_WHEN_LIMITED if poll.is_limited else _POLLERS
