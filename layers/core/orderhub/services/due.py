"""What the clock has to close: what is due now, and what falls due next.

Reads the due index alone, as the closing machines do, and no more of it than is asked for.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from heapq import merge
from typing import Final

from orderhub.domain.dataclass import dataclass
from orderhub.domain.order import DeadlineKind
from orderhub.ports import OrderKey

from .desk import Desk

MOST_READ: Final = 10_000
"""Index entries of one kind that are read at most."""
_PAGE: Final = 1000


@dataclass(frozen=True, slots=True)
class Waiting:
    """An order whose next deadline is ``at``. ``number`` is empty where nobody looked it up, or
    the order can't be read."""

    key: OrderKey
    at: datetime
    number: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class DueOfKind:
    """What of one kind is due at ``now``, and what comes next, each soonest first.

    ``was_cut`` says that there are more than could be read: ``overdue`` counts at least so many.
    ``late`` is for how many seconds the oldest has been due, 0 when none is. ``listed`` are the
    first of all, due or still to come. ``unreadable`` are the keys of damaged entries, of whatever
    shop, which name no order.
    """

    kind: DeadlineKind
    now: datetime
    overdue: int
    coming: int
    was_cut: bool
    late: float
    listed: tuple[Waiting, ...]
    unreadable: tuple[str, ...] = ()


def what_is_due(
    desk: Desk,
    kind: DeadlineKind,
    *,
    shards: int,
    within: timedelta = timedelta(),
    shop_id: str = "",
    listed: int = 20,
    most_read: int = MOST_READ,
) -> DueOfKind:
    """What of ``kind`` is due, or will be ``within`` a time, of all shops or of one.

    ``shards`` is how many the due index has. The deadlines of one shop are found among those of
    all.
    """
    now = desk.clock.now()
    share = max(1, most_read // max(1, shards))
    of_shards = [_of_shard(desk, kind, shard, now + within, share) for shard in range(shards)]
    found = [
        waiting
        for waiting in merge(*(shard.entries for shard in of_shards), key=lambda each: each.at)
        if not shop_id or waiting.key.shop_id == shop_id
    ]
    first = [waiting.key for waiting in found[:listed]]
    numbers = {(o.shop_id, o.id): o.number for o in desk.orders.glimpse(first)} if first else {}
    overdue = sum(waiting.at <= now for waiting in found)
    return DueOfKind(
        kind=kind,
        now=now,
        overdue=overdue,
        coming=len(found) - overdue,
        was_cut=any(shard.was_cut for shard in of_shards),
        late=(now - found[0].at).total_seconds() if overdue else 0.0,
        listed=tuple(
            replace(each, number=numbers.get((each.key.shop_id, each.key.order_id), ""))
            for each in found[:listed]
        ),
        unreadable=tuple(key for shard in of_shards for key in shard.unreadable),
    )


@dataclass(frozen=True, slots=True)
class _Shard:
    """A shard's entries, soonest first, and whether there are more than these."""

    entries: Sequence[Waiting]
    unreadable: Sequence[str]
    was_cut: bool


def _of_shard(desk: Desk, kind: DeadlineKind, shard: int, until: datetime, most: int) -> _Shard:
    """Up to ``until``, and ``most`` entries."""
    entries: list[Waiting] = []
    unreadable: list[str] = []
    cursor: str | None = None
    while True:
        read = len(entries) + len(unreadable)
        limit = min(_PAGE, most - read)
        page = desk.orders.due(kind, shard, until, limit=limit, cursor=cursor)
        entries.extend(Waiting(*each) for each in zip(page.orders, page.times, strict=True))
        unreadable.extend(page.unreadable)
        cursor = page.cursor
        if cursor is None or len(entries) + len(unreadable) >= most:
            return _Shard(entries, unreadable, was_cut=cursor is not None)
