"""Hold what is stored of orders against their events, and mend what follows from these.

An order's events are the truth. The snapshot, what stands beside it for the indexes, and the names
that lead to the order are derived from them and can be made again. What events are missing, or say
something impossible, is listed for people.

Where an order's money is one thing in its events and another in its snapshot, or events are
missing, nothing can tell which is right: the order stays as it is, whatever else is wrong with it.

Nothing here reads the whole table: a shop's orders are found by the index of their times, the index
of changes and the desk, so that an order which one of them has lost is found by another. A name
which leads to an order that doesn't claim it shows when the order is asked for by it, or when the
order that does claim it is looked at.
"""

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import fields, replace
from datetime import UTC, datetime
from enum import StrEnum
from itertools import chain, islice, takewhile
from typing import Final

from orderhub.domain import identity, ledger
from orderhub.domain.dataclass import dataclass
from orderhub.domain.details import Reference
from orderhub.domain.errors import Busy, NotFound, Unavailable
from orderhub.domain.events import OrderPlaced, claims
from orderhub.domain.money import Money
from orderhub.domain.order import Order
from orderhub.domain.payment_account import PROVIDERS
from orderhub.domain.report import DisputeState, PaymentReport, order_named_in
from orderhub.domain.status import OrderStatus
from orderhub.domain.stock import StockItem
from orderhub.ports import Contention, OrderAudit, StoredOrder

from .apply_report import NO_ORDER, orders_meant
from .check_numbers import wrong_with_numbers
from .desk import Desk
from .index_numbers import drop_index
from .rank_orders import SETTLED_AFTER, STEP, retreat

LOOKS: Final = 3
"""How often an order is looked at before something counts as wrong: indexes lag behind."""
_BETWEEN_LOOKS: Final = 0.3
_REPAIRS: Final = 5
AT_ONCE: Final = 4
_BATCH: Final = 100
_SHOWN: Final = 5
_THE_BEGINNING: Final = datetime(2000, 1, 1, tzinfo=UTC)


class Flaw(StrEnum):
    """What can be wrong."""

    EVENTS_MISSING = "events_missing"
    EVENT_UNREADABLE = "event_unreadable"
    EVENTS_IMPOSSIBLE = "events_impossible"
    """They are there and can't be replayed."""
    SNAPSHOT_UNREADABLE = "snapshot_unreadable"
    SNAPSHOT_DIFFERS = "snapshot_differs"
    """It is not what the events yield."""
    INDEX_DIFFERS = "index_differs"
    """What stands beside the snapshot for the indexes is not what it demands."""
    INDEX_MISSES = "index_misses"
    """An index doesn't show the order, though all that stands beside its snapshot is right."""
    CHANGE_NOT_LISTED = "change_not_listed"
    REFERENCE_MISSING = "reference_missing"
    REFERENCE_ELSEWHERE = "reference_elsewhere"
    """A name that this order claims leads to another one."""
    REFERENCE_UNCLAIMED = "reference_unclaimed"
    """The name that it was asked for by leads to it, and it never claimed it."""
    MONEY_DIFFERS = "money_differs"
    """Its events and its snapshot don't tell the same of captures and refunds."""
    REFUNDED_TOO_MUCH = "refunded_too_much"
    PAID_UNCOVERED = "paid_uncovered"
    """It was marked as paid before its total was captured."""
    REPORT_NOT_APPLIED = "report_not_applied"
    """A provider reported something of an order that it could not be: the order's money is not what
    the provider says."""
    CHECK_FAILED = "check_failed"
    """What is stored is damaged so that it could not be looked at."""
    STOCK_BELOW_ZERO = "stock_below_zero"
    RANKS_DIFFER = "ranks_differ"
    NUMBERS_DIFFER = "numbers_differ"
    # Nothing is wrong with these: somebody has to do something.
    REFUND_DUE = "refund_due"
    PAYMENT_HELD = "payment_held"
    DISPUTE_OPEN = "dispute_open"
    REPORT_STRAYED = "report_strayed"

    @property
    def is_to_do(self) -> bool:
        """Whether it is somebody's task rather than damage."""
        return self in _TO_DO


_TO_DO: Final = frozenset(
    {Flaw.REFUND_DUE, Flaw.PAYMENT_HELD, Flaw.DISPUTE_OPEN, Flaw.REPORT_STRAYED}
)
_UNDECIDED: Final = frozenset(
    {Flaw.EVENTS_MISSING, Flaw.EVENT_UNREADABLE, Flaw.EVENTS_IMPOSSIBLE, Flaw.MONEY_DIFFERS}
)
"""With one of these nobody knows what the order should be, so nothing of it is mended."""
_REWRITTEN: Final = frozenset({Flaw.SNAPSHOT_UNREADABLE, Flaw.SNAPSHOT_DIFFERS, Flaw.INDEX_DIFFERS})
_MENDABLE: Final = _REWRITTEN | {Flaw.CHANGE_NOT_LISTED, Flaw.REFERENCE_MISSING}


@dataclass(frozen=True, slots=True)
class Finding:
    """``order_id`` is ``None`` for what concerns the shop. ``told`` names no persons.

    ``is_mendable`` says that it follows from the events, so that ``--repair`` makes it right.
    """

    flaw: Flaw
    told: str
    order_id: int | None = None
    number: str = ""
    is_mendable: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Reconciled:
    """What is the matter with one order, or with a shop (``order_id`` ``None``): what was mended,
    and what is left."""

    order_id: int | None
    number: str = ""
    left: tuple[Finding, ...] = ()
    mended: tuple[Finding, ...] = ()

    @property
    def is_clean(self) -> bool:
        """Whether nothing is wrong any more."""
        return all(finding.flaw.is_to_do for finding in self.left)


@dataclass(frozen=True, slots=True)
class Auditor:
    desk: Desk
    audit: OrderAudit


@dataclass(frozen=True, slots=True)
class _Look:
    """One look at an order: how it is stored, what its events yield, and what is wrong with it."""

    order_id: int
    stored: StoredOrder
    replayed: Order | None
    missing: tuple[Reference, ...]
    findings: tuple[Finding, ...]
    number: str = ""


def order_id_of(at: Auditor, shop_id: str, name: str) -> int:
    """The id of the order that ``name`` means, though the order itself may be damaged. Raises
    :class:`NotFound`."""
    order_id = identity.order_id_in(name)
    if order_id is not None and at.audit.stored(shop_id, order_id):
        return order_id
    owners = {owner for _, owner in at.desk.orders.named(shop_id, "order", name)}
    if len(owners) != 1:
        raise NotFound("order", name)
    return owners.pop()


# -- one order -----------------------------------------------------------------------------------


def reconcile_order(
    at: Auditor, shop_id: str, order_id: int, *, name: str = "", repair: bool = False
) -> Reconciled:
    """Check one order with the reports of it that could not be applied, and mend it. ``name`` is
    what it was asked for by. Raises :class:`NotFound`, or
    :class:`~orderhub.domain.errors.Busy` for one that is written all the time."""
    outcome, look = _reconciled(at, shop_id, order_id, repair=repair)
    told = [
        *(_unclaimed(at, shop_id, look, name) if name else ()),
        *((flaw, text) for flaw, text, owner in _strays(at, shop_id, look) if owner == order_id),
    ]
    added = (Finding(flaw, text, order_id, outcome.number) for flaw, text in told)
    return replace(outcome, left=(*outcome.left, *added))


def _unclaimed(at: Auditor, shop_id: str, look: _Look, name: str) -> Iterator[tuple[Flaw, str]]:
    if look.replayed is None:
        return  # what claims the name may be among the events that are missing
    claimed = {each for entry in look.stored.events for each in claims(entry.event)}
    for reference, owner in at.desk.orders.named(shop_id, "order", name):
        if owner == look.order_id and reference not in claimed:
            yield Flaw.REFERENCE_UNCLAIMED, f"{_named(reference)} leads here"


def _reconciled(
    at: Auditor, shop_id: str, order_id: int, *, repair: bool
) -> tuple[Reconciled, _Look]:
    look = _settled_look(at, shop_id, order_id)
    before = look.findings
    for attempt in range(_REPAIRS if repair else 0):
        if not any(finding.is_mendable for finding in look.findings):
            break
        try:
            _mend(at, look)
        except Contention:
            # Somebody changed the order: what they wrote decides what is still to mend.
            at.desk.pause(attempt)
        look = _settled_look(at, shop_id, order_id)
    left = {finding.flaw for finding in look.findings}
    mended = tuple(f for f in before if f.is_mendable and f.flaw not in left)
    outcome = Reconciled(order_id=order_id, number=look.number, left=look.findings, mended=mended)
    return outcome, look


def _settled_look(at: Auditor, shop_id: str, order_id: int) -> _Look:
    """What several looks, with a pause between them, have in common."""
    look = _look(at, shop_id, order_id)
    for _ in range(LOOKS - 1):
        if all(finding.flaw.is_to_do for finding in look.findings):
            break
        at.desk.clock.sleep(_BETWEEN_LOOKS)
        again = _look(at, shop_id, order_id)
        if again.findings == look.findings:
            break
        look = again
    return look


def _look(at: Auditor, shop_id: str, order_id: int) -> _Look:
    stored = at.audit.stored(shop_id, order_id)
    if stored is None:
        raise NotFound("order", order_id)
    try:
        return _judged(at, shop_id, order_id, stored)
    except (Busy, Unavailable):
        raise
    # What is stored may say anything.
    except Exception as error:  # noqa: BLE001
        failed = Finding(Flaw.CHECK_FAILED, type(error).__name__, order_id)
        return _Look(order_id, stored, None, (), (failed,))


def _judged(at: Auditor, shop_id: str, order_id: int, stored: StoredOrder) -> _Look:
    flaws: list[tuple[Flaw, str]] = list(_gaps(stored))
    replayed: Order | None = None
    if not flaws:
        try:
            replayed = Order.replay(shop_id, order_id, stored.events)
        # Events that were damaged may fail in any way.
        except Exception as error:  # noqa: BLE001
            flaws.append((Flaw.EVENTS_IMPOSSIBLE, type(error).__name__))
    flaws.extend(_snapshot_flaws(stored, replayed))
    order = replayed or stored.snapshot
    missing: tuple[Reference, ...] = ()
    if order:
        names = [name for entry in stored.events for name in claims(entry.event)]
        lasting = [name for name in dict.fromkeys(names) if name.lifetime is None]
        owners = at.audit.owners(shop_id, lasting) if lasting else {}
        missing = tuple(name for name in lasting if name not in owners)
        flaws.extend((Flaw.REFERENCE_MISSING, _named(name)) for name in missing)
        flaws.extend(
            (Flaw.REFERENCE_ELSEWHERE, f"{_named(name)} leads to {owner}")
            for name, owner in owners.items()
            if owner != order_id
        )
        flaws.extend(_money_flaws(stored, replayed))
        flaws.extend(_tasks(order))
    number = order.number if order else ""
    mendable = frozenset() if {flaw for flaw, _ in flaws} & _UNDECIDED else _MENDABLE
    findings = tuple(
        Finding(flaw, told, order_id, number, flaw in mendable) for flaw, told in flaws
    )
    return _Look(order_id, stored, replayed, missing, findings, number)


def _gaps(stored: StoredOrder) -> Iterator[tuple[Flaw, str]]:
    there = {entry.sequence for entry in stored.events} | set(stored.unreadable)
    last = max([stored.version or 0, stored.version_inside or 0, *there])
    absent = [sequence for sequence in range(1, last + 1) if sequence not in there]
    if absent or not there:
        yield Flaw.EVENTS_MISSING, _listed(absent) or "all"
    if stored.unreadable:
        yield Flaw.EVENT_UNREADABLE, _listed(stored.unreadable)
    if stored.strange:
        yield Flaw.EVENT_UNREADABLE, _listed(stored.strange)


def _snapshot_flaws(stored: StoredOrder, replayed: Order | None) -> Iterator[tuple[Flaw, str]]:
    if stored.snapshot is None:
        yield Flaw.SNAPSHOT_UNREADABLE, "there is none" if stored.version is None else "unreadable"
    elif replayed and replayed != stored.snapshot:
        names = (each.name for each in fields(Order))
        yield (
            Flaw.SNAPSHOT_DIFFERS,
            ", ".join(n for n in names if getattr(replayed, n) != getattr(stored.snapshot, n)),
        )
    if stored.wrong:
        yield Flaw.INDEX_DIFFERS, ", ".join(stored.wrong)
    elif stored.not_found_in:
        yield Flaw.INDEX_MISSES, ", ".join(stored.not_found_in)
    if stored.unlisted:
        yield Flaw.CHANGE_NOT_LISTED, _listed(stored.unlisted)


def _money_flaws(stored: StoredOrder, replayed: Order | None) -> Iterator[tuple[Flaw, str]]:
    if replayed:
        try:
            told = ledger.of_events(stored.events)
        except (LookupError, ValueError):
            yield Flaw.EVENTS_IMPOSSIBLE, "one moves money that was not there"
            return
        # Once the order's own arithmetic is held against its events, once what was stored.
        for held in filter(None, (replayed, stored.snapshot)):
            if text := _apart(ledger.of_order(held), told.balances):
                yield Flaw.MONEY_DIFFERS, text
                break
        if told.uncovered:
            yield Flaw.PAID_UNCOVERED, f"{told.uncovered} were missing"
    order = replayed or stored.snapshot
    if order is None:
        return
    back = order.refunded + order.refunds_pending
    if back > order.captured:
        yield Flaw.REFUNDED_TOO_MUCH, f"{back} of {order.captured}"


def _apart(in_order: ledger.Balances, in_events: ledger.Balances) -> str:
    """The balances that differ, with both sides; empty where none does."""
    return "; ".join(
        f"{account.value} {provider or 'unknown'} {Money(in_order[key], key[2])} in the order,"
        f" {Money(in_events[key], key[2])} in its events"
        for key in sorted(in_order.keys() | in_events.keys())
        for account, provider, _ in [key]
        if in_order[key] != in_events[key]
    )


def _tasks(order: Order) -> Iterator[tuple[Flaw, str]]:
    if order.refund_due:
        yield Flaw.REFUND_DUE, str(order.refund_due)
    for payment in order.held_payments:
        left = payment.amount - order.returned_of(payment)
        yield Flaw.PAYMENT_HELD, f"{left} by {payment.provider} {payment.transaction_id}"
    for dispute in order.disputes:
        if dispute.state is DisputeState.OPEN:
            amount = f" about {dispute.amount}" if dispute.amount else ""
            yield Flaw.DISPUTE_OPEN, f"{dispute.provider} {dispute.id}{amount}"


def _mend(at: Auditor, look: _Look) -> None:
    """Write what follows from the events. Raises :class:`Contention`."""
    order, stored = look.replayed, look.stored
    if order is None:
        return
    if any(finding.flaw in _REWRITTEN for finding in look.findings):
        at.audit.rewrite(order, stored.version)
    entries = {entry.sequence: entry for entry in stored.events}
    for sequence in stored.unlisted:
        following = entries.get(sequence + 1)
        is_last = following is None or not following.continues
        at.audit.list_change(order, entries[sequence], is_last=is_last)
    for name in look.missing:
        at.audit.claim(order, name)


# -- a shop --------------------------------------------------------------------------------------


def reconcile_shop(
    at: Auditor,
    shop_id: str,
    *,
    since: datetime | None = None,
    until: datetime | None = None,
    repair: bool = False,
) -> Iterator[Reconciled]:
    """Check a shop's orders, those alone that were made or changed between these moments (both
    included) if told so, and at last the shop itself: its stock, its ranks and the index of its
    numbers (of all orders), and reports that wait. A few orders are looked at side by side; one
    that can't be looked at keeps nobody from the others."""

    def one(order_id: int) -> tuple[Reconciled, set[StockItem]] | None:
        try:
            outcome, look = _reconciled(at, shop_id, order_id, repair=repair)
        except NotFound:
            return None  # an index still showed what is gone
        except Busy as error:
            failed = Finding(Flaw.CHECK_FAILED, str(error), order_id)
            return Reconciled(order_id=order_id, left=(failed,)), set()
        return outcome, _stock_of(look.stored)

    by_time: list[int] = []
    stock: set[StockItem] = set()
    ids = _order_ids(at, shop_id, since, until, by_time)
    with ThreadPoolExecutor(AT_ONCE) as pool:
        while batch := list(islice(ids, _BATCH)):
            for looked_at in filter(None, pool.map(one, batch)):
                outcome, taken = looked_at
                stock |= taken
                yield outcome
    findings = list(_stock_findings(at.desk, shop_id, stock))
    findings += [
        Finding(flaw, told, owner, _number_of(at, shop_id, owner) if owner else "")
        for flaw, told, owner in _strays(at, shop_id)
    ]
    mended: list[Finding] = []
    if since is None and until is None:
        for finding, order_id in _rank_findings(at.desk, shop_id, by_time):
            is_mended = repair and _forget_ranks(at.desk, shop_id, order_id)
            (mended if is_mended else findings).append(finding)
        if told := wrong_with_numbers(at.desk, shop_id, by_time):
            finding = Finding(Flaw.NUMBERS_DIFFER, told, is_mendable=True)
            is_mended = repair and drop_index(at.desk, shop_id)
            (mended if is_mended else findings).append(finding)
    yield Reconciled(order_id=None, left=tuple(findings), mended=tuple(mended))


def _order_ids(
    at: Auditor,
    shop_id: str,
    since: datetime | None,
    until: datetime | None,
    by_time: list[int],
) -> Iterator[int]:
    """Each order once. Those that the index of times has are put into ``by_time`` as well."""
    after_id = identity.first_order_id(since) - 1 if since else 0
    before_id = identity.last_order_id(until) + 1 if until else None
    for order_id in at.audit.listed(shop_id, after_id=after_id, before_id=before_id):
        by_time.append(order_id)
        yield order_id
    seen = set(by_time)
    changed = at.desk.orders.changed(shop_id, since or _THE_BEGINNING, until)
    for order_id in chain(changed, _on_desk(at, shop_id, after_id, before_id)):
        if order_id not in seen:
            seen.add(order_id)
            yield order_id


def _on_desk(at: Auditor, shop_id: str, after_id: int, before_id: int | None) -> Iterator[int]:
    """Orders between these ids, by an index of its own."""
    for is_filed in (False, True):
        for status in OrderStatus:
            newest_first = at.desk.orders.on_desk(shop_id, is_filed=is_filed, status=status)
            for order_id in takewhile(lambda order_id: order_id > after_id, newest_first):
                if before_id is None or order_id < before_id:
                    yield order_id


def _stock_of(stored: StoredOrder) -> set[StockItem]:
    """What the order took from the shop's stock, whether it holds it still or not."""
    return {
        taken.item
        for entry in stored.events
        if isinstance(entry.event, OrderPlaced)
        for taken in entry.event.stock
    }


def _stock_findings(desk: Desk, shop_id: str, stock: set[StockItem]) -> Iterator[Finding]:
    for (product_id, variant_id), quantity in sorted(desk.catalog.stock(shop_id, stock).items()):
        if quantity < 0:
            yield Finding(Flaw.STOCK_BELOW_ZERO, f"{product_id} {variant_id}: {quantity}")


def _strays(
    at: Auditor, shop_id: str, look: _Look | None = None
) -> Iterator[tuple[Flaw, str, int | None]]:
    """Reports that wait, each with the id of the order that it is of, if one is: the one that was
    looked at before all others."""
    for stray in at.desk.strays.of_shop(shop_id):
        report = stray.report
        name = report.transaction_id or report.reference
        told = f"{report.provider} {name}: {report.kind.value}, {stray.why}"
        flaw = Flaw.REPORT_STRAYED if stray.why == NO_ORDER else Flaw.REPORT_NOT_APPLIED
        if look and _is_of(report, look):
            yield flaw, told, look.order_id
        else:
            yield flaw, told, _order_of(at, shop_id, report)


def _is_of(report: PaymentReport, look: _Look) -> bool:
    """Whether a report names this order or one of its payments. Asks no names in the table: they
    may be what the order has lost."""
    name = order_named_in(report.reference)
    if identity.order_id_in(name) == look.order_id:
        return True
    order = look.replayed or look.stored.snapshot
    return order is not None and (
        order.number in {report.reference, name}
        or any(
            payment.transaction_id == report.transaction_id
            and (payment.provider == report.provider or payment.provider not in PROVIDERS)
            for payment in order.payments
        )
    )


def _order_of(at: Auditor, shop_id: str, report: PaymentReport) -> int | None:
    """The id of the order that a report means, damaged or not."""
    meant = orders_meant(at.desk, shop_id, report)
    return next((each for each in meant if at.audit.stored(shop_id, each)), None)


def _number_of(at: Auditor, shop_id: str, order_id: int) -> str:
    """Empty where the order can't be read."""
    stored = at.audit.stored(shop_id, order_id)
    return stored.snapshot.number if stored and stored.snapshot else ""


def _rank_findings(
    desk: Desk, shop_id: str, by_time: Sequence[int]
) -> Iterator[tuple[Finding, int]]:
    """The first milestone that is wrong, if one is, with the id from which on none can be right."""
    last = desk.ranks.frontier(shop_id).milestone.rank
    for rank in range(STEP, last + 1, STEP):
        milestone = desk.ranks.before_rank(shop_id, rank)
        wanted = by_time[rank - 1] if rank <= len(by_time) else None
        if milestone.id == wanted and desk.ranks.before_id(shop_id, wanted) == milestone:
            continue
        # Orders that came meanwhile count; only what is wrong now as well is wrong.
        counted = desk.orders.count(shop_id, after_id=0, before_id=milestone.id + 1)
        twin = desk.ranks.before_id(shop_id, milestone.id)
        if not (milestone.rank == rank == counted and twin == milestone):
            told = f"{counted} orders up to {milestone.id}, not {rank}"
            first = min(milestone.id, wanted or milestone.id)
            yield Finding(Flaw.RANKS_DIFFER, told, is_mendable=True), first
            return


def _forget_ranks(desk: Desk, shop_id: str, order_id: int) -> bool:
    """Take milestones away, to be laid again once the time that they cover is settled."""
    frontier = desk.ranks.frontier(shop_id)
    held_until = desk.clock.now() + SETTLED_AFTER
    return retreat(desk, shop_id, frontier, max(1, order_id), held_until)


# -- in words ------------------------------------------------------------------------------------


def _named(name: Reference) -> str:
    return f"{name.kind} {name.scope} {name.value}"


def _listed(sequences: Sequence[int | str]) -> str:
    shown = ", ".join(map(str, sequences[:_SHOWN]))
    return f"{shown} and {len(sequences) - _SHOWN} more" if len(sequences) > _SHOWN else shown
