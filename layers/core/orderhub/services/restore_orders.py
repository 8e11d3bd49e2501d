"""Bring what an order lost back from a backup of the table.

Only events come back. They are written once and never change, so that an event which the backup has
and the table has not is a loss, whenever the backup was made; and what happened since stays. All
else that an order is follows from its events and is made again from them.
"""

from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from orderhub.domain.dataclass import dataclass
from orderhub.domain.errors import Busy, NotFound
from orderhub.domain.order import Order
from orderhub.ports import Contention, OrderBackup, StoredOrder

from .reconcile import Auditor, Finding, Flaw, reconcile_order

_ATTEMPTS: Final = 5
_NOTHING: Final = StoredOrder(snapshot=None, version=None, events=())


@dataclass(frozen=True, slots=True, kw_only=True)
class RestoredOrder:
    """One order that the backup and the table don't tell the same of, by the sequences of its
    events: those that the table lacks, those that can't be read in it, and those of which it tells
    something else. ``restored`` came back; ``left`` is what is wrong with the order still, as
    :mod:`orderhub.services.reconcile` sees it."""

    order_id: int
    number: str = ""
    missing: tuple[int, ...] = ()
    unreadable: tuple[int, ...] = ()
    differing: tuple[int, ...] = ()
    has_other_snapshot: bool = False
    """Its events are those of the backup, and its snapshot is not what they yield."""
    restored: tuple[int, ...] = ()
    left: tuple[Finding, ...] = ()

    @property
    def is_same(self) -> bool:
        """Whether the table has all that the backup has."""
        return not (self.missing or self.unreadable or self.differing or self.has_other_snapshot)

    @property
    def is_whole(self) -> bool:
        """Whether there is nothing more to bring back, and nothing else wrong."""
        behind = {*self.missing, *self.unreadable, *self.differing} - {*self.restored}
        return not behind and all(finding.flaw.is_to_do for finding in self.left)


def restore_shop(
    at: Auditor, backup: OrderBackup, shop_id: str, *, apply: bool = False, overwrite: bool = False
) -> Iterator[RestoredOrder]:
    """Go through all orders that the backup has of a shop; see :func:`restore_order`."""
    for order_id in backup.listed(shop_id):
        yield restore_order(at, backup, shop_id, order_id, apply=apply, overwrite=overwrite)


def restore_order(
    at: Auditor,
    backup: OrderBackup,
    shop_id: str,
    order_id: int,
    *,
    apply: bool = False,
    overwrite: bool = False,
) -> RestoredOrder:
    """Compare an order with the backup; with ``apply`` bring back events that are missing or can't
    be read, with ``overwrite`` also those of which the table tells something else, and mend what
    follows from them.

    Raises :class:`NotFound` where the backup has no such order, and
    :class:`~orderhub.domain.errors.Busy` for one that is written all the time.
    """
    kept = backup.stored(shop_id, order_id)
    if kept is None:
        raise NotFound("order", order_id)
    for attempt in range(_ATTEMPTS):
        stored = at.audit.stored(shop_id, order_id) or _NOTHING
        found = _compared(kept, stored, shop_id, order_id)
        if found.is_same or not apply:
            return found
        also = found.differing if overwrite else ()
        wanted = sorted({*found.missing, *found.unreadable, *also})
        try:
            backup.put_back(shop_id, order_id, wanted)
            break
        except Contention:
            # Somebody brings it back as well.
            at.desk.pause(attempt)
    else:
        raise Busy("this order is being written all the time; try again")
    outcome = reconcile_order(at, shop_id, order_id, repair=True)
    if any(finding.flaw is Flaw.MONEY_DIFFERS for finding in outcome.left):
        _trust(at, kept, shop_id, order_id)
        outcome = reconcile_order(at, shop_id, order_id, repair=True)
    return replace(
        found, number=outcome.number or found.number, restored=tuple(wanted), left=outcome.left
    )


def _compared(kept: StoredOrder, stored: StoredOrder, shop_id: str, order_id: int) -> RestoredOrder:
    there = {entry.sequence: entry for entry in stored.events}
    missing, unreadable, differing = [], [], []
    for entry in kept.events:
        if entry.sequence in stored.unreadable:
            unreadable.append(entry.sequence)
        elif entry.sequence not in there:
            missing.append(entry.sequence)
        elif there[entry.sequence] != entry:
            differing.append(entry.sequence)
    return RestoredOrder(
        order_id=order_id,
        number=next((each.number for each in (stored.snapshot, kept.snapshot) if each), ""),
        missing=tuple(missing),
        unreadable=tuple(unreadable),
        differing=tuple(differing),
        has_other_snapshot=_has_other_snapshot(kept, stored, shop_id, order_id),
    )


def _has_other_snapshot(
    kept: StoredOrder, stored: StoredOrder, shop_id: str, order_id: int
) -> bool:
    confirmed = _confirmed(kept, stored, shop_id, order_id)
    return confirmed is not None and confirmed != stored.snapshot


def _confirmed(kept: StoredOrder, stored: StoredOrder, shop_id: str, order_id: int) -> Order | None:
    """The order that both sides' events yield, where they are the same and the backup's own
    snapshot says so too."""
    is_torn = stored.unreadable or kept.unreadable or stored.strange or kept.strange
    if is_torn or kept.snapshot is None or kept.events != stored.events:
        return None
    if len(kept.events) != kept.snapshot.version:
        return None
    yielded = Order.replay(shop_id, order_id, kept.events)
    return yielded if yielded == kept.snapshot else None


def _trust(at: Auditor, kept: StoredOrder, shop_id: str, order_id: int) -> None:
    """Where an order's money is another in its snapshot than in its events, the backup decides:
    events that it confirms are right."""
    stored = at.audit.stored(shop_id, order_id)
    confirmed = _confirmed(kept, stored, shop_id, order_id) if stored else None
    if stored and confirmed:
        at.audit.rewrite(confirmed, stored.version)
