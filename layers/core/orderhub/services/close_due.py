"""Write down the deadlines that have passed: what the scheduled state machines call.

Level-triggered: whatever is due is found again until it is closed, so a run that fails loses
nothing, and closing twice changes nothing.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

from orderhub.domain import commands
from orderhub.domain.commands import Change
from orderhub.domain.details import Actor
from orderhub.domain.order import DeadlineKind
from orderhub.ports import OrderKey

from .desk import Desk

CLOCK: Final = Actor("clock")


@dataclass(frozen=True, slots=True)
class Due:
    """Orders with something due, and per shard where to read on (absent: its end).

    ``lag`` is for how many seconds the oldest of them has been due, 0 when none is.
    """

    orders: tuple[OrderKey, ...]
    cursors: dict[int, str]
    lag: float


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
    read_on = {}
    lag = 0.0
    share = max(1, limit // max(1, len(cursors)))
    for shard, cursor in cursors.items():
        page = desk.orders.due(kind, shard, now, limit=share, cursor=cursor)
        found.extend(page.orders)
        if page.oldest:
            lag = max(lag, (now - page.oldest).total_seconds())
        if page.cursor:
            read_on[shard] = page.cursor
    return Due(tuple(found), read_on, lag)


def close_due(desk: Desk, orders: Iterable[OrderKey]) -> Closed:
    """Close what is due on each order. One that fails is reported, and stays due."""
    outcome = Closed()
    for key in orders:
        try:
            change = desk.change(key.shop_id, key.order_id, CLOCK, _close_what_is_due)
        # Also what nobody foresaw: an order that can't be read must not keep the others open.
        except Exception as error:  # noqa: BLE001
            outcome.failed.append((key, error))
            continue
        if not change.recorded or change.before is None:
            outcome.not_due += 1
            continue
        outcome.closed += 1
        late = (change.now - change.before.deadlines[0].at).total_seconds()
        outcome.latest = max(outcome.latest, late)
    return outcome


def _close_what_is_due(change: Change) -> None:
    commands.close_what_is_due(change)
