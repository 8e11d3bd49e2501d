"""What may be asked of an order, and when: each command records events, or refuses.

A :class:`Change` is one unit of work: the order as it was read, and the events that the commands
recorded on it. Nothing is written before the repository commits the change as a whole. Commands
that ask for what is already so record nothing: repeating one is harmless.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Final

from . import events as happened
from .details import Actor, Address, Contact, Details, Reference
from .errors import InvalidField, Reason, Refused
from .events import Event, Recorded, Terms
from .identity import milliseconds_precise
from .invoice import Invoice, Invoicing
from .lines import MAX_LINES, MAX_QUANTITY, Charge, Discount, Line, LineRequest
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
from .refund import MAX_REFUNDS, Refund, RefundState
from .shipment import MAX_SHIPMENTS, Shipment, ShipmentState, ShippedLine
from .status import OrderStatus, SellerMark


class Change:
    """The events that commands add to an order, and the order that they lead to."""

    def __init__(self, order: Order, now: datetime, actor: Actor) -> None:
        self.before: Order | None = order
        self.order = order
        self.now = now
        self.actor = actor
        self.recorded: list[Recorded] = []

    @property
    def visible(self) -> Order:
        """The order as everybody must see it now, deadlines that passed included."""
        return self.order.as_of(self.now)

    def record(self, event: Event, require: Callable[[Order], None] | None = None) -> None:
        """Add ``event``, unless ``require`` refuses the order that it leads to."""
        entry = Recorded(
            sequence=self.order.version + 1, at=self.now, actor=self.actor, event=event
        )
        order = self.order.apply(entry)
        if require:
            require(order)
        self.order = order
        self.recorded.append(entry)


@dataclass(frozen=True, slots=True, kw_only=True)
class Placement:
    """All that a new order starts with.

    ``number`` and the invoice's number are filled in once the order has its id.
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


def place(shop_id: str, order_id: int, placement: Placement, now: datetime, actor: Actor) -> Change:
    """A change that makes a new order. ``before`` is ``None``."""
    first = Recorded(
        sequence=1,
        at=now,
        actor=actor,
        event=happened.OrderPlaced(
            number=placement.number,
            wire=placement.wire,
            currency=placement.currency,
            terms=placement.terms,
            details=placement.details,
            created_at=now,
            payment_due_at=window_end(now, placement.terms.payment_timeout),
            references=placement.references,
            lines=_numbered(placement.lines, first_id=1, batch=1),
            charges=placement.charges,
            discounts=placement.discounts,
            tags=placement.tags,
            invoicing=placement.invoicing,
        ),
    )
    order = Order.place(shop_id, order_id, first)
    _require_sane_prices(order, placement.lines, placement.charges, placement.discounts)
    _require_payable_total(order)
    change = Change(order, now, actor)
    change.before = None
    change.recorded.append(first)
    # What was placed whole and costs nothing has nothing left to be paid.
    _settle(change)
    return change


def add_lines(change: Change, requests: Sequence[LineRequest]) -> None:
    """Add a batch of lines. The total follows; refused once the order is paid or closed."""
    order = _require_open(change)
    if order.is_paid:
        raise Refused(Reason.ORDER_PAID, "a paid order's lines can't change")
    if not requests:
        return
    _require_sane_prices(order, requests)
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


def change_charges(
    change: Change, charges: tuple[Charge, ...], discounts: tuple[Discount, ...]
) -> None:
    order = change.visible
    if (charges, discounts) == (order.charges, order.discounts):
        return
    _require_open(change)
    if order.is_paid:
        raise Refused(Reason.ORDER_PAID, "a paid order's prices can't change")
    _require_sane_prices(order, (), charges, discounts)
    change.record(
        happened.ChargesChanged(charges=charges, discounts=discounts),
        require=_require_payable_total,
    )
    _settle(change)
    _flag_excess(change)


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
    _settle(change)
    _flag_excess(change)


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
        due = max(due, _in_utc(payment_due_at))
    change.record(happened.PaymentStarted(payment=payment, payment_due_at=due))


def capture_payment(change: Change, payment: Payment) -> None:
    """Add money that came in. Partial payments add up; what exceeds the total is kept and flagged.

    The same transaction again records nothing. Refused for closed orders, except that a completed
    one takes (and flags) what arrives late, since the money is there.
    """
    order = change.visible
    known = _known_payment(order, payment)
    if known and known.state is PaymentState.CAPTURED:
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
    _settle(change)
    _flag_excess(change)


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
    if known and known.state is PaymentState.CAPTURED:
        return
    _require_amount(order, payment.amount, "payment")
    _require_room_for(order, payment)
    if change.order.payment_overdue(change.now):
        # Written down first, or the payment would seem to have come in time.
        close_what_is_due(change)
    _record_capture(change, known, payment)
    change.record(happened.RefundFellDue(amount=change.order.refund_due))


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
) -> Refund:
    """Begin to give money back. All refunds together never exceed what was captured.

    The window only binds orders that stand: what a cancelled or expired order holds, or what was
    paid beyond the total, can go back at any time. The same ``transaction_id`` again returns the
    refund that exists.
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
    beyond_sale = order.excess if order.is_paid else amount
    refund = Refund(
        id=len(order.refunds) + 1,
        provider=provider,
        transaction_id=transaction_id,
        amount=amount,
        state=RefundState.REQUESTED,
        created_at=change.now,
        updated_at=change.now,
        reason=reason,
        payment_id=payment_id,
        beyond_sale=min(amount, beyond_sale),
    )
    change.record(happened.RefundRequested(refund=refund))
    return refund


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
        change.record(happened.RefundSucceeded(refund_id=refund_id))
    else:
        change.record(happened.RefundFailed(refund_id=refund_id, failure=failure))
        if change.visible.status is OrderStatus.OPEN and not change.order.is_paid:
            # What stays after all may cover the total.
            _settle(change)
            _flag_excess(change)


def ship(
    change: Change,
    lines: Sequence[ShippedLine] | None = None,
    *,
    carrier: str = "",
    tracking_number: str = "",
    tracking_url: str = "",
    sent_at: datetime | None = None,
) -> None:
    """Send ``lines``, or all that is left when ``None``."""
    order = _require_open(change)
    left = order.unshipped()
    if lines is None:
        lines = [ShippedLine(line_id, pieces) for line_id, pieces in left.items() if pieces]
    if not lines:
        raise Refused(Reason.NOTHING_TO_SHIP)
    for shipped in lines:
        left[shipped.line_id] = left.get(shipped.line_id, 0) - shipped.quantity
        if shipped.quantity < 1 or left[shipped.line_id] < 0:
            raise Refused(Reason.NOTHING_TO_SHIP, "more pieces than are left to ship")
    if len(order.shipments) >= MAX_SHIPMENTS:
        raise Refused(Reason.TOO_MANY_SHIPMENTS, f"an order has at most {MAX_SHIPMENTS} shipments")
    sent_at = _in_utc(sent_at or change.now)
    change.record(
        happened.LinesShipped(
            shipment=Shipment(
                id=len(order.shipments) + 1,
                lines=tuple(lines),
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


def receive(change: Change, shipment_id: int | None = None) -> None:
    """Note that the buyer has the goods: of one shipment, or of all that are on their way."""
    found = False
    for shipment in change.order.shipments:
        if shipment_id in (None, shipment.id):
            found = True
            if shipment.state is ShipmentState.SENT:
                change.record(happened.ShipmentReceived(shipment_id=shipment.id))
    if not found:
        raise Refused(Reason.NOT_SHIPPED if shipment_id is None else Reason.SHIPMENT_UNKNOWN)


def take_back(change: Change, shipment_id: int | None = None) -> None:
    """Note that the goods came back: of one shipment, or of all."""
    found = False
    for shipment in change.order.shipments:
        if shipment_id in (None, shipment.id):
            found = True
            if shipment.state is not ShipmentState.RETURNED:
                change.record(happened.ShipmentReturned(shipment_id=shipment.id))
    if not found:
        raise Refused(Reason.NOT_SHIPPED if shipment_id is None else Reason.SHIPMENT_UNKNOWN)


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
    change.record(happened.OrderCancelled(reason=reason))


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
                change.record(happened.OrderExpired(refund_due=change.visible.refund_due))
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


def add_note(change: Change, text: str) -> None:
    """Add a remark of the seller's, of at most ``LONGEST_NOTE`` characters."""
    if not text.strip():
        raise InvalidField("note", "blank")
    if len(text) > LONGEST_NOTE:
        raise InvalidField("note", "too_long")
    if len(change.order.notes) >= MAX_NOTES:
        raise Refused(Reason.TOO_MANY_NOTES, f"an order has at most {MAX_NOTES} notes")
    change.record(happened.NoteAdded(text=text))


def tag(change: Change, tags: Sequence[str]) -> None:
    """Replace the order's tags."""
    if len(tags) > MAX_TAGS or any(len(text) > LONGEST_TAG for text in tags):
        raise InvalidField("tags", "too_long")
    if tuple(tags) != change.order.tags:
        change.record(happened.OrderTagged(tags=tuple(tags)))


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


def _require_sane_prices(
    order: Order,
    lines: Sequence[LineRequest],
    charges: Sequence[Charge] = (),
    discounts: Sequence[Discount] = (),
) -> None:
    """Whatever wire they come by: pieces are counted, nothing is priced below zero, and an order
    has one currency."""
    for line in lines:
        if not 0 < line.quantity <= MAX_QUANTITY:
            raise InvalidField("quantity", "out_of_range" if line.quantity > 0 else "too_small")
        if line.unit_price.currency != order.currency:
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


def _settle(change: Change) -> None:
    """Record the one moment in which the total is covered."""
    order = change.order
    if order.is_paid or not order.lines or order.outstanding:
        return
    change.record(
        happened.OrderPaid(
            total=order.total,
            refundable_until=window_end(change.now, order.terms.refund_window),
        )
    )
    if order.invoicing:
        invoice = Invoice(
            number=order.invoicing.number,
            issued_at=change.now,
            seller=order.invoicing.seller,
            recipient=_recipient(order.details),
        )
        change.record(happened.InvoiceIssued(invoice=invoice))


def _recipient(details: Details) -> Address | None:
    customer = details.customer
    known = details.billing_address or details.shipping_address
    if known or customer is None:
        return known
    return Address(full_name=customer.name, email=customer.email, phone=customer.phone)


def _flag_excess(change: Change) -> None:
    if change.order.excess:
        change.record(happened.OverpaymentDetected(excess=change.order.excess))


def _require_room_for(order: Order, payment: Payment) -> None:
    if order.captured.amount + payment.amount.amount > MAX_MINOR_UNITS:
        raise InvalidField("payment", "out_of_range")


def _require_room_for_payment(order: Order) -> None:
    if len(order.payments) >= MAX_PAYMENTS:
        raise Refused(Reason.TOO_MANY_PAYMENTS, f"an order has at most {MAX_PAYMENTS} payments")


def _known_payment(order: Order, payment: Payment) -> Payment | None:
    """The order's payment of the same transaction. Cash has no transactions to tell apart."""
    if not payment.transaction_id:
        return None
    for known in order.payments:
        if (known.provider, known.transaction_id) == (payment.provider, payment.transaction_id):
            return known
    return None


def _next_payment(change: Change, payment: Payment, state: PaymentState) -> Payment:
    return replace(
        payment,
        id=len(change.order.payments) + 1,
        state=state,
        created_at=change.now,
        updated_at=change.now,
    )


def _in_utc(at: datetime) -> datetime:
    """A time that others told, as precise as all of the order's times."""
    return milliseconds_precise(at.astimezone(UTC))


def _refund_window_is_over(order: Order, now: datetime) -> bool:
    return order.refundable_until is not None and order.refundable_until <= now
