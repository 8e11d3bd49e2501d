"""What may be asked of an order, and when: each command records events, or refuses.

A :class:`Change` is one unit of work: the order as it was read, and the events that the commands
recorded on it. Nothing is written before the repository commits the change as a whole. Commands
that ask for what is already so record nothing: repeating one is harmless.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from . import events as happened
from .change import Change as Change
from .change import in_utc
from .correspondence import (
    LONGEST_BODY,
    LONGEST_COMMENT,
    LONGEST_PERSON,
    LONGEST_REMARKS,
    LONGEST_SUBJECT,
    MAX_MESSAGES,
    MOST_MESSAGE_BYTES,
    Feedback,
    Message,
    Party,
    Rating,
)
from .dataclass import dataclass
from .details import Actor, Contact, Details, Reference
from .errors import InvalidField, Reason, Refused
from .events import Recorded, Terms
from .identity import MAX_TAIL, in_range, order_id
from .invoice import Invoicing
from .lines import MAX_LINES, MAX_QUANTITY, Attributes, Charge, Discount, Line, LineRequest
from .money import MAX_MINOR_UNITS, Money
from .order import (
    LONGEST_NOTE,
    LONGEST_TAG,
    MAX_NOTES,
    MAX_TAGS,
    DeadlineKind,
    Order,
    window_end,
)
from .payment import MAX_PAYMENTS, Payment, PaymentState
from .refund import MAX_REFUNDS, Refund, RefundedLine, RefundState
from .reported_refunds import apply_early_refunds, fail_refund
from .settling import flag_excess, settle
from .shipment import (
    LONGEST_CARRIER,
    LONGEST_TRACKING_NUMBER,
    LONGEST_TRACKING_URL,
    MAX_SHIPMENTS,
    Shipment,
    ShipmentState,
    ShippedLine,
)
from .status import OrderStatus, SellerMark
from .stock import MAX_STOCK_ITEMS, StockTaken, summed, without
from .text import readable, web_address


@dataclass(frozen=True, slots=True, kw_only=True)
class Placement:
    """All that a new order starts with.

    ``number`` and the invoice's number are filled in once the order has its id. ``created_at``
    (with a time zone) is for orders that were made elsewhere before; ``None`` is now. ``stock`` is
    what the order takes from the shop's stock, so that it is made only if all of that is there.
    """

    number: str = ""
    wire: str
    currency: str
    terms: Terms
    details: Details
    references: tuple[Reference, ...] = ()
    lines: Sequence[LineRequest] = ()
    charges: tuple[Charge, ...] = ()
    discounts: tuple[Discount, ...] = ()
    tags: tuple[str, ...] = ()
    invoicing: Invoicing | None = None
    created_at: datetime | None = None
    stock: tuple[StockTaken, ...] = ()


def place(shop_id: str, order_id: int, placement: Placement, now: datetime, actor: Actor) -> Change:
    """A change that makes a new order. ``before`` is ``None``.

    The change's time is the placement's ``created_at`` where it has one, and payment is due from
    then on. Raises :class:`InvalidField` or :class:`Refused` (``too_many_lines``,
    ``total_out_of_range``).
    """
    created_at = now if placement.created_at is None else in_utc(placement.created_at)
    first = Recorded(
        sequence=1,
        at=created_at,
        actor=actor,
        event=happened.OrderPlaced(
            number=placement.number,
            wire=placement.wire,
            currency=placement.currency,
            terms=placement.terms,
            details=placement.details,
            created_at=created_at,
            payment_due_at=window_end(created_at, placement.terms.payment_timeout),
            references=placement.references,
            lines=_numbered(placement.lines, first_id=1, batch=1),
            charges=placement.charges,
            discounts=placement.discounts,
            tags=_tags(placement.tags),
            invoicing=placement.invoicing,
            stock=_stock(placement.stock),
        ),
    )
    order = Order.place(shop_id, order_id, first)
    require_sane_prices(order, placement.lines, placement.charges, placement.discounts)
    _require_payable_total(order)
    change = Change(order, created_at, actor)
    change.before = None
    change.recorded.append(first)
    # What was placed whole and costs nothing has nothing left to be paid.
    settle(change)
    return change


def add_lines(change: Change, requests: Sequence[LineRequest]) -> None:
    """Add a batch of lines. The total follows; refused once the order is paid or closed."""
    order = _require_open(change)
    if order.is_paid:
        raise Refused(Reason.ORDER_PAID, "a paid order's lines can't change")
    if not requests:
        return
    require_sane_prices(order, requests)
    first_id = len(order.lines) + 1
    batch = order.lines[-1].batch + 1 if order.lines else 1
    lines = _numbered(requests, first_id=first_id, batch=batch)
    change.record(happened.LinesAdded(lines=lines), require=_require_payable_total)


def change_details(change: Change, details: Details, references: Iterable[Reference] = ()) -> None:
    """Replace what describes the order. The same details again record nothing."""
    order = change.visible
    new = tuple(r for r in references if r not in order.references)
    if details == order.details and not new:
        return
    _require_open(change)
    change.record(happened.DetailsChanged(details=details, references=new))


def bind_customer(change: Change, customer: Contact) -> None:
    """Say whose order it is. Whatever state it is in: that moves neither money nor goods."""
    details = replace(change.order.details, customer=customer)
    if details != change.order.details:
        change.record(happened.DetailsChanged(details=details))


def keep_facts(change: Change, wire: str, facts: Attributes) -> None:
    """Keep what only the API of ``wire`` shows of the order; ``None`` forgets a fact, and those
    that aren't named stay. Whatever state the order is in: that moves neither money nor goods."""
    details = change.order.details
    known = dict(details.extensions.get(wire, {}))
    kept = {name: value for name, value in {**known, **facts}.items() if value is not None}
    if kept != known:
        extensions = {**details.extensions, wire: kept}
        details = replace(details, extensions=extensions)
        change.record(happened.DetailsChanged(details=details))


def change_charges(
    change: Change, charges: tuple[Charge, ...], discounts: tuple[Discount, ...]
) -> None:
    order = change.visible
    if (charges, discounts) == (order.charges, order.discounts):
        return
    _require_open(change)
    if order.is_paid:
        raise Refused(Reason.ORDER_PAID, "a paid order's prices can't change")
    require_sane_prices(order, (), charges, discounts)
    change.record(
        happened.ChargesChanged(charges=charges, discounts=discounts),
        require=_require_payable_total,
    )
    settle(change)
    flag_excess(change)


def agree_on_total(change: Change, total: Money) -> None:
    """Set what the buyer has to pay, whatever the parts sum up to."""
    order = change.visible
    if total == order.total:
        return
    _require_open(change)
    if order.is_paid:
        raise Refused(Reason.ORDER_PAID, "a paid order's price can't change")
    _require_amount(order, total, "total", zero_allowed=True)
    change.record(
        happened.PriceAdjusted(adjustment=total - order.calculated_total),
        require=_require_payable_total,
    )
    settle(change)
    flag_excess(change)


def start_payment(change: Change, payment: Payment, payment_due_at: datetime | None) -> None:
    """Note that a provider holds a payment, whose outcome is expected by ``payment_due_at``.

    The order's deadline moves there if that is later, so that a slow provider doesn't let a good
    order expire. It never comes sooner, and an order never loses it.
    """
    if _known_payment(change.order, payment):
        return
    order = _require_unpaid(change)
    _require_amount(order, payment.amount, "payment", zero_allowed=not order.total)
    _require_room_for_payment(order)
    payment = _next_payment(change, payment, PaymentState.PENDING)
    due = order.payment_due_at
    if due is not None and payment_due_at is not None:
        due = max(due, in_utc(payment_due_at))
    change.record(happened.PaymentStarted(payment=payment, payment_due_at=due))


def capture_payment(change: Change, payment: Payment) -> None:
    """Add money that came in. Partial payments add up; what exceeds the total is kept and flagged.

    The same transaction again records nothing. Refused for closed orders, except that a completed
    one takes (and flags) what arrives late, since the money is there.
    """
    order = change.visible
    known = _known_payment(order, payment)
    if known and known.state.has_money:
        return
    if order.status is OrderStatus.CANCELLED:
        raise Refused(Reason.ORDER_CANCELLED)
    if order.status is OrderStatus.EXPIRED:
        raise Refused(Reason.ORDER_EXPIRED)
    if not order.lines:
        raise Refused(Reason.NOTHING_TO_PAY, "the order has no lines to pay for")
    _require_amount(order, payment.amount, "payment", zero_allowed=not order.total)
    _require_room_for(order, payment)
    if not known:
        _require_room_for_payment(order)
    _record_capture(change, known, payment)
    settle(change)
    flag_excess(change)
    apply_early_refunds(change, payment)


def keep_reported_payment(change: Change, payment: Payment) -> None:
    """Add money that a provider proves to have captured, whatever state the order is in.

    Unlike :func:`capture_payment` it can't be told to take the money back: what comes for an order
    that is dead, or has nothing to pay, is kept and flagged as due back. The order's status stays.
    """
    order = change.visible
    if order.lines and order.status in (OrderStatus.OPEN, OrderStatus.COMPLETED):
        capture_payment(change, payment)
        return
    known = _known_payment(order, payment)
    if known and known.state.has_money:
        return
    _require_amount(order, payment.amount, "payment")
    _require_room_for(order, payment)
    # Written down first, or the payment would seem to have come in time.
    let_expire(change)
    _record_capture(change, known, payment)
    change.record(happened.RefundFellDue(amount=change.order.refund_due))
    apply_early_refunds(change, payment)


def hold_payment(change: Change, payment: Payment, expected: Money) -> None:
    """Add money that a provider captured although it is not ``expected``, in whatever currency. It
    counts for nothing: see :attr:`PaymentState.HELD`. The same transaction again records nothing.
    """
    known = _known_payment(change.order, payment)
    if known and known.state.has_money:
        return
    if not 0 < payment.amount.amount <= MAX_MINOR_UNITS:
        raise InvalidField("payment", "out_of_range")
    if known:
        held = replace(
            known, amount=payment.amount, state=PaymentState.HELD, updated_at=change.now, failure=""
        )
    else:
        _require_room_for_payment(change.order)
        held = _next_payment(change, payment, PaymentState.HELD)
    change.record(
        happened.PaymentHeld(payment=held, expected=expected, was_known=known is not None)
    )
    apply_early_refunds(change, payment)


def accept_payment(change: Change, payment_id: int) -> None:
    """Take held money for the order after all, as if it had been asked for. What exceeds the total
    is flagged. Asking again records nothing.

    Raises :class:`Refused`: ``payment_unknown``, ``payment_not_held``, or why the order is closed;
    :class:`InvalidField` (``wrong_currency``) for money that the order can't count.
    """
    payment = next((each for each in change.order.payments if each.id == payment_id), None)
    if payment is None:
        raise Refused(Reason.PAYMENT_UNKNOWN)
    if payment.state is PaymentState.CAPTURED:
        return
    stand = (r for r in change.order.held_refunds if r.state is not RefundState.FAILED)
    if payment.state is not PaymentState.HELD or any(r.payment_id == payment_id for r in stand):
        message = f"payment {payment_id} is not held as a whole; give back what is left of it"
        raise Refused(Reason.PAYMENT_NOT_HELD, message)
    order = _require_open(change)
    _require_amount(order, payment.amount, "payment")
    _require_room_for(order, payment)
    change.record(happened.PaymentAccepted(payment_id=payment_id))
    settle(change)
    flag_excess(change)


def _record_capture(change: Change, known: Payment | None, payment: Payment) -> None:
    if known:
        change.record(happened.PaymentConfirmed(payment_id=known.id, amount=payment.amount))
    else:
        payment = _next_payment(change, payment, PaymentState.CAPTURED)
        change.record(happened.PaymentCaptured(payment=payment))


def fail_payment(change: Change, provider: str, transaction_id: str, failure: str) -> None:
    for payment in change.order.payments:
        if (payment.provider, payment.transaction_id) == (provider, transaction_id):
            if payment.state is PaymentState.PENDING:
                change.record(happened.PaymentFailed(payment_id=payment.id, failure=failure))
            return
    raise Refused(Reason.PAYMENT_UNKNOWN)


def request_refund(
    change: Change,
    amount: Money,
    *,
    provider: str = "",
    transaction_id: str = "",
    reason: str = "",
    payment_id: int | None = None,
    lines: Sequence[RefundedLine] = (),
) -> Refund:
    """Begin to give money back. All refunds together never exceed what was captured.

    The window only binds orders that stand: what a cancelled or expired order holds, or what was
    paid beyond the total, can go back at any time. The same ``transaction_id`` again returns the
    refund that exists.

    ``lines`` say what it is for; :class:`InvalidField` (``refund_lines``) for lines that the order
    doesn't have and for more pieces than it has, those of its other refunds included.
    """
    order = change.visible
    for known in order.refunds:
        if transaction_id and (known.provider, known.transaction_id) == (provider, transaction_id):
            return known
    if not order.captured:
        raise Refused(Reason.NOTHING_CAPTURED)
    _require_amount(order, amount, "amount")
    if len(order.refunds) >= MAX_REFUNDS:
        raise Refused(Reason.TOO_MANY_REFUNDS, f"an order has at most {MAX_REFUNDS} refunds")
    if not amount <= order.refundable:
        raise Refused(Reason.REFUND_EXCEEDS_CAPTURED)
    if not amount <= order.refund_due and _refund_window_is_over(order, change.now):
        raise Refused(Reason.REFUND_WINDOW_CLOSED)
    _require_refundable_pieces(order, lines)
    beyond_sale = order.excess if order.is_paid else amount
    refund = Refund(
        id=order.next_refund_id,
        provider=provider,
        transaction_id=transaction_id,
        amount=amount,
        state=RefundState.REQUESTED,
        created_at=change.now,
        updated_at=change.now,
        reason=reason,
        payment_id=payment_id,
        beyond_sale=min(amount, beyond_sale),
        lines=tuple(lines),
    )
    change.record(happened.RefundRequested(refund=refund))
    return refund


def _require_refundable_pieces(order: Order, lines: Sequence[RefundedLine]) -> None:
    left = {line.id: line.quantity for line in order.lines}
    stand = (refund for refund in order.refunds if refund.state is not RefundState.FAILED)
    for earlier in (line for refund in stand for line in refund.lines):
        left[earlier.line_id] -= earlier.quantity
    for line in lines:
        if line.line_id not in left:
            message = f"the order has no line {line.line_id}"
            raise InvalidField("refund_lines", "unknown", message)
        left[line.line_id] -= line.quantity
        if line.quantity < 1 or left[line.line_id] < 0:
            message = f"{line.quantity} pieces of line {line.line_id} can't be refunded"
            raise InvalidField(
                "refund_lines", "out_of_range" if line.quantity > 0 else "too_small", message
            )


def settle_refund(change: Change, refund_id: int, *, failure: str | None = None) -> None:
    """Record a refund's outcome. The first outcome stands; telling it again records nothing."""
    for refund in change.order.refunds:
        if refund.id == refund_id:
            break
    else:
        raise Refused(Reason.REFUND_UNKNOWN)
    if refund.state is not RefundState.REQUESTED:
        return
    if failure is None:
        change.record(happened.RefundSucceeded(refund_id=refund_id, amount=refund.amount))
    else:
        fail_refund(change, refund_id, failure)


def ship(
    change: Change,
    lines: Sequence[ShippedLine] | None = None,
    *,
    carrier: str = "",
    tracking_number: str = "",
    tracking_url: str = "",
    sent_at: datetime | None = None,
) -> None:
    """Send ``lines``, or all that is left when ``None``. Pieces of the same line add up.

    Goods may go out before the money came in (cash on delivery); from then on the order has no
    payment deadline. The same parcel again, by its carrier and tracking number, records nothing;
    parcels without a tracking number can't be told apart.

    Raises :class:`InvalidField` for what can't be (``tracking_number`` as ``taken`` when another
    parcel of the order has it), and :class:`Refused` for closed orders and for more pieces than
    are left.
    """
    carrier = readable("carrier", carrier, LONGEST_CARRIER)
    tracking_number = readable("tracking_number", tracking_number, LONGEST_TRACKING_NUMBER)
    tracking_url = web_address("tracking_url", tracking_url, LONGEST_TRACKING_URL)
    wanted = None if lines is None else _pieces_by_line(change.order, lines)
    known = _shipment_tracked_as(change.order, carrier, tracking_number)
    if known:
        _require_same_parcel(change.order, known, wanted)
        return
    order = _require_open(change)
    left = order.unshipped()
    if wanted is None:
        wanted = {line_id: pieces for line_id, pieces in left.items() if pieces}
    if not wanted:
        raise Refused(Reason.NOTHING_TO_SHIP, "nothing is left to ship")
    for line_id, pieces in wanted.items():
        if pieces > left[line_id]:
            raise Refused(
                Reason.NOTHING_TO_SHIP,
                f"of line {line_id}, {left[line_id]} can still be shipped, not {pieces}",
            )
    if len(order.shipments) >= MAX_SHIPMENTS:
        raise Refused(Reason.TOO_MANY_SHIPMENTS, f"an order has at most {MAX_SHIPMENTS} shipments")
    sent_at = _past("sent_at", sent_at or change.now, change.now)
    change.record(
        happened.LinesShipped(
            shipment=Shipment(
                id=len(order.shipments) + 1,
                lines=tuple(ShippedLine(*each) for each in wanted.items()),
                state=ShipmentState.SENT,
                sent_at=sent_at,
                updated_at=change.now,
                carrier=carrier,
                tracking_number=tracking_number,
                tracking_url=tracking_url,
                auto_receive_at=window_end(sent_at, order.terms.auto_receive),
            )
        )
    )


_CLOCKS_DIFFER: Final = timedelta(days=1)
"""By how much others' clocks may be ahead, time zones mistaken for UTC included."""


def _past(field: str, at: datetime, now: datetime) -> datetime:
    """``at`` in UTC, unless it is in the future."""
    at = in_utc(at)
    if at > now + _CLOCKS_DIFFER:
        raise InvalidField(field, "out_of_range", f"{at.isoformat()} is in the future")
    return at


def _pieces_by_line(order: Order, lines: Sequence[ShippedLine]) -> dict[int, int]:
    """Line id → pieces, of lines that the order has."""
    known = {line.id for line in order.lines}
    pieces: dict[int, int] = {}
    for line in lines:
        if line.line_id not in known:
            raise InvalidField("lines", "unknown", f"the order has no line {line.line_id}")
        if line.quantity < 1:
            message = f"{line.quantity} pieces of line {line.line_id} can't be shipped"
            raise InvalidField("quantity", "too_small", message)
        pieces[line.line_id] = pieces.get(line.line_id, 0) + line.quantity
    return pieces


def _shipment_tracked_as(order: Order, carrier: str, tracking_number: str) -> Shipment | None:
    if tracking_number:
        for shipment in order.shipments:
            if (shipment.carrier, shipment.tracking_number) == (carrier, tracking_number):
                return shipment
    return None


def _require_same_parcel(order: Order, known: Shipment, wanted: dict[int, int] | None) -> None:
    """A parcel has been sent already; whoever means other goods must not think that they went."""
    if wanted is None:
        is_same = not any(order.unshipped().values())
    else:
        is_same = wanted == _pieces_by_line(order, known.lines)
    if not is_same:
        message = f"shipment {known.id} has it already, with other lines"
        raise InvalidField("tracking_number", "taken", message)


def receive(change: Change, shipment_id: int | None = None) -> None:
    """Note that the buyer has the goods: of one shipment, or of all that are on their way."""
    found = False
    for shipment in change.order.shipments:
        if shipment_id in (None, shipment.id):
            found = True
            if shipment.state is ShipmentState.SENT:
                change.record(happened.ShipmentReceived(shipment_id=shipment.id))
    if not found:
        raise _no_shipment(shipment_id)


def take_back(change: Change, shipment_id: int | None = None) -> None:
    """Note that the goods came back: of one shipment, or of all."""
    found = False
    for shipment in change.order.shipments:
        if shipment_id in (None, shipment.id):
            found = True
            if shipment.state is not ShipmentState.RETURNED:
                change.record(happened.ShipmentReturned(shipment_id=shipment.id))
    if not found:
        raise _no_shipment(shipment_id)


def correct_shipment(
    change: Change,
    shipment_id: int,
    *,
    carrier: str | None = None,
    tracking_number: str | None = None,
    tracking_url: str | None = None,
    sent_at: datetime | None = None,
) -> None:
    """Change what is known of a parcel, in whatever state it and the order are; ``None`` leaves it.

    The goods in it stay, and so does the moment from which they count as received. Raises
    :class:`InvalidField` as :func:`ship` does, or :class:`Refused` (``shipment_unknown``).
    """
    known = next((each for each in change.order.shipments if each.id == shipment_id), None)
    if known is None:
        raise _no_shipment(shipment_id)
    new = happened.ShipmentCorrected(
        shipment_id=shipment_id,
        sent_at=known.sent_at if sent_at is None else _past("sent_at", sent_at, change.now),
        carrier=_kept(known.carrier, "carrier", carrier, LONGEST_CARRIER),
        tracking_number=_kept(
            known.tracking_number, "tracking_number", tracking_number, LONGEST_TRACKING_NUMBER
        ),
        tracking_url=known.tracking_url
        if tracking_url is None
        else web_address("tracking_url", tracking_url, LONGEST_TRACKING_URL),
    )
    if not in_range(new.sent_at):
        raise InvalidField("sent_at", "out_of_range")
    other = _shipment_tracked_as(change.order, new.carrier, new.tracking_number)
    if other and other.id != shipment_id:
        raise InvalidField("tracking_number", "taken", f"shipment {other.id} has it")
    facts = (known.sent_at, known.carrier, known.tracking_number, known.tracking_url)
    if (new.sent_at, new.carrier, new.tracking_number, new.tracking_url) != facts:
        change.record(new)


def _kept(known: str, field: str, text: str | None, longest: int) -> str:
    return known if text is None else readable(field, text, longest)


def _no_shipment(shipment_id: int | None) -> Refused:
    if shipment_id is None:
        return Refused(Reason.NOT_SHIPPED, "nothing of the order was shipped")
    return Refused(Reason.SHIPMENT_UNKNOWN, f"the order has no shipment {shipment_id}")


def complete(change: Change) -> None:
    """Close a paid order well. What was on its way is thereby received."""
    if change.order.status is OrderStatus.COMPLETED:
        return
    order = _require_open(change)
    if not order.is_paid:
        raise Refused(Reason.PAYMENT_REQUIRED, "an order is completed after it is paid")
    if order.shipments:
        receive(change)
    change.record(happened.OrderCompleted())


def cancel(change: Change, reason: str = "") -> None:
    """Close an order that holds no money. What was captured must go back first."""
    if change.order.status is OrderStatus.CANCELLED:
        return
    order = _require_open(change)
    if any(payment.state is PaymentState.PENDING for payment in order.payments):
        raise Refused(Reason.PAYMENT_CONFIRMING, "a payment is under way")
    if order.captured - order.refunded:
        raise Refused(Reason.MONEY_CAPTURED, "give the money back before cancelling")
    change.record(
        happened.OrderCancelled(reason=reason, stock_returned=_unsent_stock(change.order))
    )


def let_expire(change: Change) -> None:
    """Write down that the time to pay is over, if it is: for who is told that the order is dead.
    Until then a payment that was decided in time could still be written."""
    if change.order.payment_overdue(change.now):
        close_what_is_due(change)


def close_what_is_due(change: Change) -> list[DeadlineKind]:
    """Write down every deadline of the order that has passed; what the jobs call.

    Returns what was closed, empty when nothing was due (any more): calling it twice is harmless.
    """
    closed = []
    for deadline in change.order.deadlines:
        if deadline.at > change.now:
            break
        closed.append(deadline.kind)
        match deadline.kind:
            case DeadlineKind.PAYMENT:
                change.record(
                    happened.OrderExpired(
                        refund_due=change.visible.refund_due,
                        stock_returned=_unsent_stock(change.order),
                    )
                )
            case DeadlineKind.REFUND:
                change.record(happened.RefundWindowClosed())
            case DeadlineKind.RECEIPT:
                for shipment in change.order.shipments:
                    if (
                        shipment.state is ShipmentState.SENT
                        and shipment.auto_receive_at == deadline.at
                    ):
                        change.record(happened.ShipmentReceived(shipment_id=shipment.id))
    return closed


def mark(change: Change, seller_mark: SellerMark | None) -> None:
    if seller_mark is not change.order.seller_mark:
        change.record(happened.SellerMarked(mark=seller_mark))


def close_history(change: Change) -> None:
    """Note that an order's history up to ``change.now`` came from elsewhere, where nothing that it
    tells happened as late as that."""
    if change.order.updated_at < change.now:
        change.record(happened.HistoryImported())


def add_note(change: Change, text: str) -> None:
    """Add a remark of the seller's, of at most ``LONGEST_NOTE`` characters."""
    text = readable("note", text, LONGEST_NOTE, multiline=True)
    if not text:
        raise InvalidField("note", "blank")
    if len(change.order.notes) >= MAX_NOTES:
        raise Refused(Reason.TOO_MANY_NOTES, f"an order has at most {MAX_NOTES} notes")
    change.record(happened.NoteAdded(text=text))


def tag(change: Change, tags: Iterable[str]) -> None:
    """Replace the order's tags: each once, in the order given, without blank ones."""
    wanted = _tags(tags)
    if wanted != change.order.tags:
        change.record(happened.OrderTagged(tags=wanted))


def _tags(given: Iterable[str]) -> tuple[str, ...]:
    readable_ones = (readable("tags", text, LONGEST_TAG) for text in given)
    tags = tuple(dict.fromkeys(filter(None, readable_ones)))
    if len(tags) > MAX_TAGS:
        raise InvalidField("tags", "too_long", f"at most {MAX_TAGS} tags")
    return tags


def file(change: Change, is_filed: bool) -> None:  # noqa: FBT001 -- there is nothing else
    """Put the order away, or take it out again."""
    if is_filed != change.order.is_filed:
        change.record(happened.OrderFiled(is_filed=is_filed))


def remark(change: Change, text: str) -> None:
    """Write the seller's remarks over, with at most ``LONGEST_REMARKS`` characters or none."""
    text = readable("remarks", text, LONGEST_REMARKS, multiline=True)
    if text != change.order.remarks:
        change.record(happened.OrderRemarked(remarks=text))


def add_message(
    change: Change,
    *,
    subject: str,
    body: str,
    sender: str,
    recipient: str,
    sent_at: datetime | None = None,
) -> None:
    """Add a letter between the parties. ``sent_at`` has a time zone; ``None`` is now. The same
    again is another letter.

    Raises :class:`InvalidField` naming the parameter (``blank`` body, sender or recipient,
    ``too_long``, ``invalid``, ``out_of_range``), or :class:`Refused` (``too_many_messages``).
    """
    sent_at = _past("sent_at", sent_at or change.now, change.now)
    if not in_range(sent_at):
        raise InvalidField("sent_at", "out_of_range")
    message = Message(
        subject=readable("subject", subject, LONGEST_SUBJECT),
        body=_written("body", body, LONGEST_BODY, multiline=True),
        sender=_written("sender", sender, LONGEST_PERSON),
        recipient=_written("recipient", recipient, LONGEST_PERSON),
        sent_at=sent_at,
    )
    messages = (*change.order.messages, message)
    if len(messages) > MAX_MESSAGES:
        raise Refused(Reason.TOO_MANY_MESSAGES, f"an order has at most {MAX_MESSAGES} messages")
    size = sum(len(f"{each.subject}{each.body}".encode()) for each in messages)
    if size > MOST_MESSAGE_BYTES:
        raise Refused(
            Reason.TOO_MANY_MESSAGES,
            f"an order's messages have at most {MOST_MESSAGE_BYTES} bytes together",
        )
    change.record(happened.MessageAdded(message=message))


def give_feedback(
    change: Change, side: Party, rating: Rating, *, sender: str, recipient: str, comment: str = ""
) -> None:
    """Rate one party, once: the same again records nothing.

    Raises :class:`InvalidField` naming the parameter (``blank`` sender or recipient, ``too_long``,
    ``invalid``), or :class:`Refused` (``feedback_given``) when it was rated otherwise.
    """
    known = change.order.feedback_on(side)
    feedback = Feedback(
        id=_feedback_id(change) if known is None else known.id,
        side=side,
        rating=rating,
        sender=_written("sender", sender, LONGEST_PERSON),
        recipient=_written("recipient", recipient, LONGEST_PERSON),
        rated_at=change.now if known is None else known.rated_at,
        comment=readable("comment", comment, LONGEST_COMMENT, multiline=True),
    )
    if known is None:
        change.record(happened.FeedbackGiven(feedback=feedback))
    elif feedback != replace(known, reply=""):
        raise Refused(Reason.FEEDBACK_GIVEN, f"the {side.value} has feedback already")


def _feedback_id(change: Change) -> int:
    """From its time, as an order's id is, and the order's tail: other orders draw other ones."""
    tail = change.order.id & MAX_TAIL
    drawn = order_id(change.now, tail)
    taken = {each.id for each in change.order.feedback}
    return drawn if drawn not in taken else order_id(change.now, tail ^ 1)


def reply_to_feedback(change: Change, side: Party, reply: str) -> None:
    """Give the answer of the party that was rated, once: the same again records nothing.

    Raises :class:`InvalidField` (``reply``: ``blank``, ``too_long``, ``invalid``), or
    :class:`Refused`: ``no_feedback`` to answer, ``feedback_replied`` otherwise before.
    """
    reply = _written("reply", reply, LONGEST_COMMENT, multiline=True)
    known = change.order.feedback_on(side)
    if known is None:
        raise Refused(Reason.NO_FEEDBACK, f"the {side.value} has no feedback")
    if known.reply == reply:
        return
    if known.reply:
        raise Refused(Reason.FEEDBACK_REPLIED, f"the {side.value} has replied already")
    change.record(happened.FeedbackReplied(side=side, reply=reply))


def _written(field: str, text: str, longest: int, *, multiline: bool = False) -> str:
    """:func:`~.text.readable` text that is not empty."""
    text = readable(field, text, longest, multiline=multiline)
    if not text:
        raise InvalidField(field, "blank")
    return text


def thank(change: Change) -> None:
    """Note that a mail has thanked the buyer, again perhaps."""
    change.record(happened.BuyerThanked())


def _stock(taken: Sequence[StockTaken]) -> tuple[StockTaken, ...]:
    for each in taken:
        if not 0 < each.quantity <= MAX_QUANTITY:
            raise InvalidField("stock", "out_of_range" if each.quantity > 0 else "too_small")
    stock = summed(taken)
    if len(stock) > MAX_STOCK_ITEMS:
        message = f"an order takes at most {MAX_STOCK_ITEMS} different items from stock"
        raise Refused(Reason.TOO_MANY_LINES, message)
    return stock


def _unsent_stock(order: Order) -> tuple[StockTaken, ...]:
    """What the order holds of the stock and has not sent: pieces that still lie on the shelf."""
    items = {line.id: (line.product_id, line.variant_id) for line in order.lines}
    sent = (
        StockTaken(*items[shipped.line_id], shipped.quantity)
        for shipment in order.shipments
        for shipped in shipment.lines
    )
    return without(order.stock_taken, sent)


def _numbered(requests: Sequence[LineRequest], *, first_id: int, batch: int) -> tuple[Line, ...]:
    return tuple(
        Line(
            id=first_id + index,
            batch=batch,
            product_id=request.product_id,
            quantity=request.quantity,
            unit_price=request.unit_price,
            variant_id=request.variant_id,
            name=request.name,
            sku=request.sku,
            options=request.options,
            image_url=request.image_url,
            list_price=request.list_price,
            weight_grams=request.weight_grams,
            attributes=request.attributes,
        )
        for index, request in enumerate(requests)
    )


_WHY_CLOSED: Final = {
    OrderStatus.COMPLETED: Reason.ORDER_COMPLETED,
    OrderStatus.CANCELLED: Reason.ORDER_CANCELLED,
    OrderStatus.EXPIRED: Reason.ORDER_EXPIRED,
}


def _require_open(change: Change) -> Order:
    order = change.visible
    if order.status is OrderStatus.OPEN:
        return order
    raise Refused(_WHY_CLOSED[order.status])


def _require_unpaid(change: Change) -> Order:
    order = _require_open(change)
    if order.is_paid:
        raise Refused(Reason.ORDER_PAID)
    return order


def _require_payable_total(order: Order) -> None:
    """Totals stay within what clients can read as a JSON number, and never below zero."""
    if len(order.lines) > MAX_LINES:
        raise Refused(Reason.TOO_MANY_LINES, f"an order has at most {MAX_LINES} lines")
    if not 0 <= order.total.amount <= MAX_MINOR_UNITS:
        raise Refused(Reason.TOTAL_OUT_OF_RANGE)


def require_sane_prices(
    order: Order,
    lines: Sequence[LineRequest],
    charges: Sequence[Charge] = (),
    discounts: Sequence[Discount] = (),
) -> None:
    """Whatever wire they come by: pieces are counted, nothing is priced below zero, and an order
    has one currency. Raises :class:`InvalidField` for others."""
    for line in lines:
        if not 0 < line.quantity <= MAX_QUANTITY:
            raise InvalidField("quantity", "out_of_range" if line.quantity > 0 else "too_small")
        if any(
            price is not None and price.currency != order.currency
            for price in (line.unit_price, line.list_price)
        ):
            raise InvalidField("price", "wrong_currency")
        if line.unit_price.ten_thousandths < 0:
            raise InvalidField("price", "negative")
    for charge in charges:
        _require_amount(order, charge.amount, charge.kind.value, zero_allowed=True)
    for discount in discounts:
        _require_amount(order, discount.amount, "discount", zero_allowed=True)


def _require_amount(order: Order, amount: Money, field: str, *, zero_allowed: bool = False) -> None:
    if amount.currency != order.currency:
        raise InvalidField(field, "wrong_currency", f"this order is in {order.currency}")
    if amount.amount < 0 or not (amount.amount or zero_allowed):
        raise InvalidField(field, "too_small")


def _require_room_for(order: Order, payment: Payment) -> None:
    if order.captured.amount + payment.amount.amount > MAX_MINOR_UNITS:
        raise InvalidField("payment", "out_of_range")


def _require_room_for_payment(order: Order) -> None:
    if len(order.payments) >= MAX_PAYMENTS:
        raise Refused(Reason.TOO_MANY_PAYMENTS, f"an order has at most {MAX_PAYMENTS} payments")


def _known_payment(order: Order, payment: Payment) -> Payment | None:
    """The order's payment of the same transaction. Cash has no transactions to tell apart."""
    return order.payment_of(payment.provider, payment.transaction_id)


def _next_payment(change: Change, payment: Payment, state: PaymentState) -> Payment:
    return replace(
        payment,
        id=len(change.order.payments) + 1,
        state=state,
        created_at=change.now,
        updated_at=change.now,
    )


def _refund_window_is_over(order: Order, now: datetime) -> bool:
    return order.refundable_until is not None and order.refundable_until <= now
