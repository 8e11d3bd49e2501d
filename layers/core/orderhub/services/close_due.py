"""Write down the deadlines that have passed: what the scheduled state machines call.

Level-triggered: whatever is due is found again until it is closed, so a run that fails loses
nothing, and closing twice changes nothing.
"""

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import field
from functools import partial
from typing import Final

from orderhub.correlation import in_threads
from orderhub.domain import commands
from orderhub.domain.commands import Change
from orderhub.domain.dataclass import dataclass
from orderhub.domain.details import Actor
from orderhub.domain.order import DeadlineKind, Order
from orderhub.ports import OrderKey

from .desk import Desk

CLOCK: Final = Actor("clock")

AT_ONCE: Final = 4
"""Orders of a batch that are written at the same time: most of it is waiting for the table."""


@dataclass(frozen=True, slots=True)
class Due:
    """Orders with something due, and per shard where to read on (absent: its end).

    ``lag`` is for how many seconds the oldest of them has been due, 0 when none is.
    ``unreadable`` are the keys of damaged entries, which name no order.
    """

    orders: tuple[OrderKey, ...]
    cursors: dict[int, str]
    lag: float
    unreadable: tuple[str, ...] = ()


@dataclass(slots=True)
class Closed:
    """What one batch came to. ``latest`` is how many seconds late the latest closing was."""

    closed: int = 0
    not_due: int = 0
    latest: float = 0.0
    failed: list[tuple[OrderKey, Exception]] = field(default_factory=list)


def find_due(desk: Desk, kind: DeadlineKind, cursors: dict[int, str | None], limit: int) -> Due:
    """About ``limit`` due orders, of each shard in ``cursors`` its share, from its cursor on."""
    now = desk.clock.now()
    found: list[OrderKey] = []
    unreadable: list[str] = []
    read_on = {}
    lag = 0.0
    share = max(1, limit // max(1, len(cursors)))
    for shard, cursor in cursors.items():
        page = desk.orders.due(kind, shard, now, limit=share, cursor=cursor)
        found.extend(page.orders)
        unreadable.extend(page.unreadable)
        if page.oldest:
            lag = max(lag, (now - page.oldest).total_seconds())
        if page.cursor:
            read_on[shard] = page.cursor
    return Due(tuple(found), read_on, lag, tuple(unreadable))


def close_due(desk: Desk, orders: Sequence[OrderKey]) -> Closed:
    """Close what is due on each order. One that fails is reported, and stays due."""
    outcome = Closed()
    glimpsed = {OrderKey(order.shop_id, order.id): order for order in desk.orders.glimpse(orders)}
    with ThreadPoolExecutor(AT_ONCE) as pool:
        close = in_threads(partial(_close, desk, glimpsed))
        ended = list(pool.map(close, orders))
    for key, change in zip(orders, ended, strict=True):
        if isinstance(change, Exception):
            outcome.failed.append((key, change))
            continue
        if not change.recorded or change.before is None:
            outcome.not_due += 1
            continue
        outcome.closed += 1
        late = (change.now - change.before.deadlines[0].at).total_seconds()
        outcome.latest = max(outcome.latest, late)
    return outcome


def _close(desk: Desk, glimpsed: Mapping[OrderKey, Order], key: OrderKey) -> Change | Exception:
    """What was committed, or why nothing was. A glimpse that is out of date can't be committed
    over: the order is read again then."""
    loaded = glimpsed.get(key)
    try:
        return desk.change(key.shop_id, key.order_id, CLOCK, _close_what_is_due, loaded=loaded)
    # Also what nobody foresaw: an order that can't be read must not keep the others open.
    except Exception as error:  # noqa: BLE001
        return error


def _close_what_is_due(change: Change) -> None:
    commands.close_what_is_due(change)
