"""What a line without events says happened to its order, told to the core as commands.

Each happening has its time. What says none happens as soon as it can: money comes with the order,
goods go out and money goes back after the money came, the order closes after all of that, and what
people wrote was written last.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import IntEnum
from functools import partial
from typing import Final

from orderhub.domain import brought_in, commands
from orderhub.domain.commands import Change
from orderhub.domain.correspondence import Rating
from orderhub.domain.details import Actor
from orderhub.domain.errors import InvalidField, Refused
from orderhub.domain.lines import LineRequest
from orderhub.domain.money import Money
from orderhub.domain.payment import Payment, PaymentState
from orderhub.domain.refund import RefundedLine, RefundState
from orderhub.domain.shipment import ShipmentState, ShippedLine
from orderhub.domain.status import OrderStatus
from orderhub_cli.failures import in_words, reason_in_words

from .entries import (
    FeedbackEntry,
    HistoryEntry,
    MessageEntry,
    NoteEntry,
    PaymentEntry,
    RefundEntry,
    ShipmentEntry,
)
from .line import BadLine
from .placing import Problems

_BEGINNING: Final = datetime(2000, 1, 1, tzinfo=UTC)


class _Rank(IntEnum):
    """What comes first of what happened at the same time."""

    PLACED = 0
    PAYMENT_BEGUN = 1
    PAID = 2
    SENT = 3
    REFUNDED = 4
    ARRIVED = 5
    CLOSED = 6
    WRITTEN = 7


@dataclass(frozen=True, slots=True)
class _Happening:
    """``at`` is ``None`` for what has no time of its own: it happens when the last did of what has
    that rank or comes before it."""

    at: datetime | None
    rank: _Rank
    path: str
    tell: Callable[[Change], object]
    field: str = ""
    """Where the domain's own name of a field stands in for one of the line's."""


def earliest(entry: HistoryEntry) -> datetime | None:
    """The first time that the line says; ``None`` where it says none."""
    times = [
        *(each.at for each in entry.payments),
        *(each.at for each in entry.refunds),
        *(each.at for each in entry.notes),
        *(each.sent_at for each in entry.shipments),
        *(each.sent_at for each in entry.messages),
        *(each.rated_at for each in entry.feedback),
        entry.closed_at,
        entry.thanked_at,
    ]
    return min((at for at in times if at is not None), default=None)


def told_by(
    entry: HistoryEntry, batches: Sequence[Sequence[LineRequest]], currency: str, problems: Problems
) -> Callable[[Change], None]:
    """What ``entry`` says happened to an order since it was placed, for the change that places it.

    ``batches`` are the lines that came on after the first. What can't be goes to ``problems``; what
    is called then raises :class:`BadLine` for what the order's rules refuse.
    """
    list(_happenings(entry, batches, currency, problems))

    def tell(change: Change) -> None:
        # Made anew each time: they remember what they began.
        _tell(_in_time(_happenings(entry, batches, currency, Problems([]))), change)

    return tell


def _happenings(
    entry: HistoryEntry, batches: Sequence[Sequence[LineRequest]], currency: str, problems: Problems
) -> Iterator[_Happening]:
    yield from _placed(entry, batches, currency, problems)
    yield from _payments(entry.payments, currency, problems)
    yield from _shipments(entry.shipments, problems)
    yield from _refunds(entry.refunds, currency, problems)
    yield from _closed(entry)
    yield from _remarks(entry)
    yield from _notes(entry.notes)
    yield from _messages(entry.messages)
    yield from _feedback(entry.feedback, problems)


def _in_time(happenings: Iterable[_Happening]) -> list[tuple[datetime, _Happening]]:
    """The happenings in their order, each with its time."""
    timed: list[tuple[datetime, _Happening]] = []
    latest = _BEGINNING
    for each in sorted(happenings, key=lambda each: each.rank):
        at = each.at or latest
        if each.rank is not _Rank.WRITTEN:
            latest = max(latest, at)
        timed.append((at, each))
    return sorted(timed, key=lambda pair: (pair[0], pair[1].rank))


def _tell(happenings: Sequence[tuple[datetime, _Happening]], change: Change) -> None:
    actor = change.actor
    created_at = change.order.created_at
    for at, happening in happenings:
        if happening.at is not None and at < created_at:
            raise BadLine([f"{happening.path}: before the order was made"])
        try:
            change.now = max(at, change.now)
            happening.tell(change)
        except InvalidField as error:
            names = {"updated_at": "at"}
            field = happening.field or names.get(error.field, error.field)
            raise BadLine([f"{happening.path}: {_said(field, error)}"]) from error
        except Refused as error:
            raise BadLine([f"{happening.path}: {in_words(error)}"]) from error
        finally:
            change.actor = actor


def _said(field: str, error: InvalidField) -> str:
    return f"{field}: {reason_in_words(error)}" if field else reason_in_words(error)


# -- the order itself ------------------------------------------------------------------------------


def _placed(
    entry: HistoryEntry, batches: Sequence[Sequence[LineRequest]], currency: str, problems: Problems
) -> Iterator[_Happening]:
    for batch in batches:
        yield _Happening(None, _Rank.PLACED, "lines", partial(commands.add_lines, requests=batch))
    if entry.agreed_total is not None:
        total = problems.money("agreed_total", entry.agreed_total, currency)
        agree = partial(commands.agree_on_total, total=total)
        yield _Happening(None, _Rank.PLACED, "agreed_total", agree)


def _closed(entry: HistoryEntry) -> Iterator[_Happening]:
    closing: dict[OrderStatus, Callable[[Change], object]] = {
        OrderStatus.COMPLETED: commands.complete,
        OrderStatus.CANCELLED: partial(commands.cancel, reason=entry.cancel_reason),
        OrderStatus.EXPIRED: brought_in.expire,
    }
    if entry.status in closing:
        close = closing[entry.status]
        yield _Happening(entry.closed_at, _Rank.CLOSED, "status", close)


def _remarks(entry: HistoryEntry) -> Iterator[_Happening]:
    if entry.seller_mark is not None:
        mark = partial(commands.mark, seller_mark=entry.seller_mark)
        yield _Happening(None, _Rank.WRITTEN, "seller_mark", mark)
    if entry.is_filed:
        file = partial(commands.file, is_filed=True)
        yield _Happening(None, _Rank.WRITTEN, "is_filed", file)
    if entry.remarks:
        remark = partial(commands.remark, text=entry.remarks)
        yield _Happening(None, _Rank.WRITTEN, "remarks", remark)
    if entry.thanked_at is not None:
        yield _Happening(entry.thanked_at, _Rank.WRITTEN, "thanked_at", commands.thank)


# -- money -----------------------------------------------------------------------------------------


def _payments(
    entries: Sequence[PaymentEntry], currency: str, problems: Problems
) -> Iterator[_Happening]:
    known: set[tuple[str, str]] = set()
    for index, entry in enumerate(entries):
        path = f"payments[{index}]"
        if (entry.provider, entry.transaction_id) in known:
            problems.add(f"{path}.transaction_id", "another payment of the order has it")
        if entry.transaction_id:
            known.add((entry.provider, entry.transaction_id))
        if entry.failure and entry.state is not PaymentState.FAILED:
            problems.add(f"{path}.failure", f"a payment that is {entry.state.value} has none")
        payment = Payment(
            id=0,
            provider=entry.provider,
            transaction_id=entry.transaction_id,
            amount=problems.money(f"{path}.amount", entry.amount, currency),
            state=entry.state,
            # The command fills them in.
            created_at=_BEGINNING,
            updated_at=_BEGINNING,
            method=entry.method,
            subject=entry.subject,
            payer=entry.payer,
            attributes=entry.attributes,
        )
        is_captured = entry.state is PaymentState.CAPTURED
        decided_at = entry.updated_at or entry.at
        if not is_captured or decided_at != entry.at:
            if not entry.transaction_id:
                # Of those without one, nobody could tell which was decided.
                problems.add(f"{path}.transaction_id", "needed for what isn't captured at once")
            start = partial(commands.start_payment, payment=payment, payment_due_at=None)
            yield _Happening(entry.at, _Rank.PAYMENT_BEGUN, path, start, "amount")
        if is_captured:
            capture = partial(commands.capture_payment, payment=payment)
            yield _Happening(decided_at, _Rank.PAID, path, capture, "amount")
        elif entry.state is PaymentState.FAILED:
            fail = partial(
                commands.fail_payment,
                provider=entry.provider,
                transaction_id=entry.transaction_id,
                failure=entry.failure,
            )
            yield _Happening(decided_at, _Rank.PAYMENT_BEGUN, path, fail)
        elif decided_at != entry.at:
            problems.add(f"{path}.updated_at", "a payment that is pending has not been decided")


def _refunds(
    entries: Sequence[RefundEntry], currency: str, problems: Problems
) -> Iterator[_Happening]:
    for index, entry in enumerate(entries):
        path = f"refunds[{index}]"
        amount = problems.money(f"{path}.amount", entry.amount, currency)
        if entry.failure and entry.state is not RefundState.FAILED:
            problems.add(f"{path}.failure", f"a refund that is {entry.state.value} has none")
        begun: list[int] = []
        request = partial(_request, entry=entry, amount=amount, begun=begun)
        yield _Happening(entry.at, _Rank.REFUNDED, path, request)
        if entry.state is not RefundState.REQUESTED:
            failure = entry.failure if entry.state is RefundState.FAILED else None
            settle = partial(_settle, begun=begun, failure=failure)
            yield _Happening(entry.updated_at or entry.at, _Rank.REFUNDED, path, settle)


def _request(change: Change, entry: RefundEntry, amount: Money, begun: list[int]) -> None:
    if entry.payment is not None and entry.payment > len(change.order.payments):
        raise InvalidField("payment", "unknown", f"the order has no payment {entry.payment} then")
    known = len(change.order.refunds)
    refund = commands.request_refund(
        change,
        amount,
        provider=entry.provider,
        transaction_id=entry.transaction_id,
        reason=entry.reason,
        payment_id=entry.payment,
        lines=[RefundedLine(each.line, each.quantity) for each in entry.lines],
    )
    if len(change.order.refunds) == known:
        raise InvalidField("transaction_id", "taken", f"refund {refund.id} has it")
    begun[:] = [refund.id]


def _settle(change: Change, begun: Sequence[int], failure: str | None) -> None:
    commands.settle_refund(change, begun[0], failure=failure)


# -- goods -----------------------------------------------------------------------------------------


def _shipments(entries: Sequence[ShipmentEntry], problems: Problems) -> Iterator[_Happening]:
    for index, entry in enumerate(entries):
        path = f"shipments[{index}]"
        sent: list[int] = []
        yield _Happening(entry.sent_at, _Rank.SENT, path, partial(_send, entry=entry, sent=sent))
        state = entry.state or _state_of(entry)
        if entry.returned_at and state is not ShipmentState.RETURNED:
            problems.add(f"{path}.returned_at", f"a shipment that is {state.value} has none")
        if entry.received_at and state is ShipmentState.SENT:
            problems.add(f"{path}.received_at", "a shipment that is sent has none")
        if entry.received_at or state is ShipmentState.RECEIVED:
            at = entry.received_at or entry.sent_at
            yield _Happening(at, _Rank.ARRIVED, path, partial(_receive, sent=sent))
        if state is ShipmentState.RETURNED:
            at = entry.returned_at or entry.received_at or entry.sent_at
            yield _Happening(at, _Rank.ARRIVED, path, partial(_take_back, sent=sent))


def _state_of(entry: ShipmentEntry) -> ShipmentState:
    """As its times tell."""
    if entry.returned_at:
        return ShipmentState.RETURNED
    return ShipmentState.RECEIVED if entry.received_at else ShipmentState.SENT


def _send(change: Change, entry: ShipmentEntry, sent: list[int]) -> None:
    known = len(change.order.shipments)
    lines = None
    if entry.lines is not None:
        lines = [ShippedLine(each.line, each.quantity) for each in entry.lines]
    commands.ship(
        change,
        lines,
        carrier=entry.carrier,
        tracking_number=entry.tracking_number,
        tracking_url=entry.tracking_url,
    )
    if len(change.order.shipments) == known:
        raise InvalidField("tracking_number", "taken", "another shipment of the order has it")
    sent[:] = [change.order.shipments[-1].id]


def _receive(change: Change, sent: Sequence[int]) -> None:
    commands.receive(change, sent[0])


def _take_back(change: Change, sent: Sequence[int]) -> None:
    commands.take_back(change, sent[0])


# -- what people wrote -----------------------------------------------------------------------------


def _notes(entries: Sequence[NoteEntry]) -> Iterator[_Happening]:
    for index, entry in enumerate(entries):
        note = partial(_note, entry=entry)
        yield _Happening(entry.at, _Rank.WRITTEN, f"notes[{index}]", note, "text")


def _note(change: Change, entry: NoteEntry) -> None:
    if entry.author:
        change.actor = Actor(change.actor.kind, name=entry.author)
    commands.add_note(change, entry.text)


def _messages(entries: Sequence[MessageEntry]) -> Iterator[_Happening]:
    for index, entry in enumerate(entries):
        message = partial(
            commands.add_message,
            subject=entry.subject,
            body=entry.body,
            sender=entry.sender,
            recipient=entry.recipient,
        )
        yield _Happening(entry.sent_at, _Rank.WRITTEN, f"messages[{index}]", message)


def _feedback(entries: Sequence[FeedbackEntry], problems: Problems) -> Iterator[_Happening]:
    sides = [entry.side for entry in entries]
    for index, entry in enumerate(entries):
        if entry.side in sides[:index]:
            problems.add(f"feedback[{index}].side", f"the {entry.side.value} has feedback already")
        rate = partial(
            commands.give_feedback,
            side=entry.side,
            rating=Rating[entry.rating.upper()],
            sender=entry.sender,
            recipient=entry.recipient,
            comment=entry.comment,
        )
        path = f"feedback[{index}]"
        yield _Happening(entry.rated_at, _Rank.WRITTEN, path, rate)
        if entry.reply:
            reply = partial(commands.reply_to_feedback, side=entry.side, reply=entry.reply)
            yield _Happening(entry.rated_at, _Rank.WRITTEN, path, reply)
