"""The order: a snapshot that its events yield, and the facts that follow from it."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Final, assert_never

from . import events as happened
from .correspondence import Feedback, Message, Party
from .dataclass import dataclass
from .details import BUYING_SHOP, Actor, Details, Reference
from .dispute import Dispute
from .events import Event, Recorded, Terms
from .invoice import Invoice, Invoicing
from .lines import Charge, Discount, Line
from .money import Money
from .numbers import number_of
from .payment import Payment, PaymentState
from .payment_account import PROVIDERS
from .refund import EarlyRefund, Refund, RefundState
from .shipment import Shipment, ShipmentState
from .status import FulfilmentStatus, OrderStatus, PaymentStatus, SellerMark
from .stock import StockTaken, without

MAX_NOTES: Final = 100
LONGEST_NOTE: Final = 1000
"""In characters. Remarks must never crowd out the snapshot's room for money."""
MAX_TAGS: Final = 250
LONGEST_TAG: Final = 64


class DeadlineKind(StrEnum):
    PAYMENT = "payment_timeout"
    REFUND = "refund_window"
    RECEIPT = "auto_receive"


@dataclass(frozen=True, slots=True)
class Deadline:
    kind: DeadlineKind
    at: datetime


@dataclass(frozen=True, slots=True)
class Note:
    at: datetime
    author: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """An order as of its last event. Immutable: :meth:`apply` gives the next one.

    ``version`` is the sequence of that event. All times are UTC with milliseconds; all money is
    in ``currency``.
    """

    shop_id: str
    id: int
    number: str
    wire: str
    currency: str
    version: int
    status: OrderStatus
    created_at: datetime
    updated_at: datetime
    terms: Terms
    details: Details
    references: tuple[Reference, ...] = ()
    lines: tuple[Line, ...] = ()
    charges: tuple[Charge, ...] = ()
    discounts: tuple[Discount, ...] = ()
    price_adjustment: Money | None = None
    payments: tuple[Payment, ...] = ()
    refunds: tuple[Refund, ...] = ()
    shipments: tuple[Shipment, ...] = ()
    notes: tuple[Note, ...] = ()
    tags: tuple[str, ...] = ()
    seller_mark: SellerMark | None = None
    paid_at: datetime | None = None
    closed_at: datetime | None = None
    cancel_reason: str = ""
    payment_due_at: datetime | None = None
    refundable_until: datetime | None = None
    refund_window_closed: bool = False
    invoicing: Invoicing | None = None
    invoices: tuple[Invoice, ...] = ()
    stock_taken: tuple[StockTaken, ...] = ()
    """What it holds of the shop's stock."""
    is_filed: bool = False
    """Whether the seller has put it away."""
    remarks: str = ""
    """The seller's, as one text that is written over; ``notes`` are only ever added to."""
    messages: tuple[Message, ...] = ()
    feedback: tuple[Feedback, ...] = ()
    """At most one of each party."""
    thanked_at: datetime | None = None
    """When a mail last thanked the buyer."""
    held_refunds: tuple[Refund, ...] = ()
    """Of money that was held. Like that, they count for nothing."""
    early_refunds: tuple[EarlyRefund, ...] = ()
    """Refunds that wait for the payments that they are of."""
    disputes: tuple[Dispute, ...] = ()

    @property
    def customer_number(self) -> int | None:
        """The number that stands for whoever ordered (:mod:`.numbers`); ``None`` for nobody in
        particular."""
        buyer = self.details.buyer
        return number_of(buyer.known_by) if buyer else None

    @property
    def seller_id(self) -> str:
        """Which of the shop's sellers sold it; empty when no one in particular did."""
        return self.invoicing.seller.id if self.invoicing else ""

    @property
    def buying_shop_id(self) -> str:
        """The shop that bought it from this one; empty when no shop did."""
        customer = self.details.customer
        return str(customer.attributes.get(BUYING_SHOP) or "") if customer else ""

    # -- money ---------------------------------------------------------------------------------

    @property
    def item_total(self) -> Money:
        return Money.total((line.total for line in self.lines), self.currency)

    @property
    def charge_total(self) -> Money:
        return Money.total((c.amount for c in self.charges if not c.included), self.currency)

    @property
    def discount_total(self) -> Money:
        return Money.total((discount.amount for discount in self.discounts), self.currency)

    @property
    def calculated_total(self) -> Money:
        """What the parts sum up to, before the seller agreed on another price."""
        return self.item_total + self.charge_total - self.discount_total

    @property
    def total(self) -> Money:
        """What the buyer has to pay."""
        if self.price_adjustment is None:
            return self.calculated_total
        return self.calculated_total + self.price_adjustment

    @property
    def captured(self) -> Money:
        return Money.total(
            (p.amount for p in self.payments if p.state is PaymentState.CAPTURED), self.currency
        )

    @property
    def refunded(self) -> Money:
        return Money.total(
            (r.amount for r in self.refunds if r.state is RefundState.SUCCEEDED), self.currency
        )

    @property
    def refunds_pending(self) -> Money:
        return Money.total(
            (r.amount for r in self.refunds if r.state is RefundState.REQUESTED), self.currency
        )

    @property
    def refundable(self) -> Money:
        """What could still be asked back: captured, less what went back or is on its way."""
        left = self.captured - self.refunded - self.refunds_pending
        return Money(max(0, left.amount), self.currency)

    @property
    def credited(self) -> Money:
        """What counts towards the total: captured, less what went back without undoing a sale."""
        taken_back = (
            r.beyond_sale
            for r in self.refunds
            if r.beyond_sale is not None and r.state is not RefundState.FAILED
        )
        return self.captured - Money.total(taken_back, self.currency)

    @property
    def outstanding(self) -> Money:
        """What is still to be paid, never negative."""
        missing = self.total - self.credited
        return Money(max(0, missing.amount), self.currency)

    @property
    def excess(self) -> Money:
        """What is held beyond the total, never negative. Kept, and flagged."""
        over = self.credited - self.total
        return Money(max(0, over.amount), self.currency)

    @property
    def refund_due(self) -> Money:
        """Money kept that no sale stands behind: an excess, or all that a dead order holds."""
        if self.status in (OrderStatus.CANCELLED, OrderStatus.EXPIRED):
            return self.refundable
        return min(self.excess, self.refundable)

    @property
    def held_payments(self) -> tuple[Payment, ...]:
        """Money that is here and counts for nothing: accept it, or give it back."""
        return tuple(p for p in self.payments if p.state is PaymentState.HELD)

    def returned_of(self, payment: Payment) -> Money:
        """What of a held payment went back."""
        return Money.total(
            (
                refund.amount
                for refund in self.held_refunds
                if refund.payment_id == payment.id and refund.state is RefundState.SUCCEEDED
            ),
            payment.amount.currency,
        )

    @property
    def next_refund_id(self) -> int:
        return len(self.refunds) + len(self.held_refunds) + 1

    def payment_of(self, provider: str, transaction_id: str) -> Payment | None:
        """The payment of a transaction; ``None`` without one.

        Those who pass on a provider's own name for a payment may call the provider otherwise than
        the provider itself does, and mean the same money.
        """
        if not transaction_id:
            return None
        same = [p for p in self.payments if p.transaction_id == transaction_id]
        for payment in same:
            if payment.provider == provider:
                return payment
        for payment in same:
            if (provider in PROVIDERS) != (payment.provider in PROVIDERS):
                return payment
        return None

    # -- statuses ------------------------------------------------------------------------------

    @property
    def is_paid(self) -> bool:
        """Whether the total was ever captured in full; refunds don't change that."""
        return self.paid_at is not None

    @property
    def payment_status(self) -> PaymentStatus:
        if self.refunds_pending:
            return PaymentStatus.REFUNDING
        if self.refunded:
            if self.refunded >= self.captured:
                return PaymentStatus.REFUNDED
            return PaymentStatus.PARTIALLY_REFUNDED
        if self.is_paid:
            return PaymentStatus.PAID
        if self.captured:
            return PaymentStatus.PARTIALLY_PAID
        if self.status.is_closed:
            return PaymentStatus.VOIDED
        if any(payment.state is PaymentState.PENDING for payment in self.payments):
            return PaymentStatus.CONFIRMING
        return PaymentStatus.UNPAID

    @property
    def fulfilment_status(self) -> FulfilmentStatus:
        if not self.shipments:
            return FulfilmentStatus.UNFULFILLED
        if all(shipment.state is ShipmentState.RETURNED for shipment in self.shipments):
            return FulfilmentStatus.RETURNED
        if any(self.unshipped().values()):
            return FulfilmentStatus.PARTIALLY_SHIPPED
        if any(shipment.state is ShipmentState.SENT for shipment in self.shipments):
            return FulfilmentStatus.SHIPPED
        return FulfilmentStatus.RECEIVED

    def feedback_on(self, side: Party) -> Feedback | None:
        """What was said of that party."""
        return next((each for each in self.feedback if each.side is side), None)

    def unshipped(self) -> dict[int, int]:
        """Line id → pieces that have not been sent yet."""
        left = {line.id: line.quantity for line in self.lines}
        for shipment in self.shipments:
            for shipped in shipment.lines:
                left[shipped.line_id] -= shipped.quantity
        return left

    # -- time ----------------------------------------------------------------------------------

    @property
    def deadlines(self) -> tuple[Deadline, ...]:
        """All that still has to happen by itself, soonest first."""
        pending = []
        if self.payment_due_at and self.status is OrderStatus.OPEN and not self.is_paid:
            pending.append(Deadline(DeadlineKind.PAYMENT, self.payment_due_at))
        if self.refundable_until and not self.refund_window_closed:
            pending.append(Deadline(DeadlineKind.REFUND, self.refundable_until))
        for shipment in self.shipments:
            if shipment.state is ShipmentState.SENT and shipment.auto_receive_at:
                pending.append(Deadline(DeadlineKind.RECEIPT, shipment.auto_receive_at))
        return tuple(sorted(pending, key=lambda deadline: deadline.at))

    def payment_overdue(self, now: datetime) -> bool:
        return (
            self.status is OrderStatus.OPEN
            and not self.is_paid
            and self.payment_due_at is not None
            and self.payment_due_at <= now
        )

    def as_of(self, now: datetime) -> "Order":
        """The order as everybody must see it at ``now``, whether a job has written it or not.

        Past its payment deadline it is expired; past a shipment's receipt deadline that shipment
        is received. Nothing else about it changes: the version is the stored one.
        """
        order = self
        if order.payment_overdue(now):
            order = replace(order, status=OrderStatus.EXPIRED, closed_at=order.payment_due_at)
        if any(_is_overdue(shipment, now) for shipment in order.shipments):
            order = replace(
                order,
                shipments=tuple(
                    replace(
                        shipment,
                        state=ShipmentState.RECEIVED,
                        updated_at=shipment.auto_receive_at or now,
                    )
                    if _is_overdue(shipment, now)
                    else shipment
                    for shipment in order.shipments
                ),
            )
        return order

    # -- history -------------------------------------------------------------------------------

    @classmethod
    def place(cls, shop_id: str, order_id: int, recorded: Recorded) -> "Order":
        """The order that its first event makes."""
        placed = recorded.event
        if not isinstance(placed, happened.OrderPlaced):
            raise ValueError(f"an order begins with order.placed, not with {placed.TYPE}")
        return cls(
            shop_id=shop_id,
            id=order_id,
            number=placed.number,
            wire=placed.wire,
            currency=placed.currency,
            version=recorded.sequence,
            status=OrderStatus.OPEN,
            created_at=placed.created_at,
            updated_at=recorded.at,
            terms=placed.terms,
            details=placed.details,
            references=placed.references,
            lines=placed.lines,
            charges=placed.charges,
            discounts=placed.discounts,
            tags=placed.tags,
            invoicing=placed.invoicing,
            stock_taken=placed.stock,
            payment_due_at=placed.payment_due_at,
        )

    @classmethod
    def replay(cls, shop_id: str, order_id: int, history: Iterable[Recorded]) -> "Order":
        """The order that its whole history yields, from the first event on."""
        events = iter(history)
        try:
            order = cls.place(shop_id, order_id, next(events))
        except StopIteration:
            raise ValueError("an order has at least one event") from None
        for recorded in events:
            order = order.apply(recorded)
        return order

    def apply(self, recorded: Recorded) -> "Order":
        """The order after one more event. Raises ``ValueError`` when the sequence has a gap."""
        if recorded.sequence != self.version + 1:
            raise ValueError(f"event {recorded.sequence} can't follow version {self.version}")
        order = replace(self, version=recorded.sequence, updated_at=recorded.at)
        return _apply(order, recorded.event, recorded.at, recorded.actor)


def _is_on_its_way(shipment: Shipment, now: datetime) -> bool:
    return shipment.state is ShipmentState.SENT and not _is_overdue(shipment, now)


def _is_overdue(shipment: Shipment, now: datetime) -> bool:
    return (
        shipment.state is ShipmentState.SENT
        and shipment.auto_receive_at is not None
        and shipment.auto_receive_at <= now
    )


def _apply(order: Order, event: Event, at: datetime, actor: Actor) -> Order:
    match event:
        case happened.OrderPlaced():
            raise ValueError("an order is placed once")
        case happened.LinesAdded():
            return replace(order, lines=order.lines + event.lines)
        case happened.DetailsChanged():
            return replace(
                order, details=event.details, references=order.references + event.references
            )
        case happened.ChargesChanged():
            return replace(order, charges=event.charges, discounts=event.discounts)
        case happened.PriceAdjusted():
            return replace(order, price_adjustment=event.adjustment)
        case happened.PaymentStarted():
            return replace(
                order,
                payments=(*order.payments, event.payment),
                payment_due_at=event.payment_due_at,
            )
        case happened.PaymentCaptured():
            return replace(order, payments=(*order.payments, event.payment))
        case happened.PaymentConfirmed():
            return _with_payment(
                order, event.payment_id, PaymentState.CAPTURED, at, amount=event.amount
            )
        case happened.PaymentFailed():
            return _with_payment(order, event.payment_id, PaymentState.FAILED, at, event.failure)
        case happened.PaymentHeld():
            others = (p for p in order.payments if p.id != event.payment.id)
            payments = sorted((*others, event.payment), key=lambda payment: payment.id)
            return replace(order, payments=tuple(payments))
        case happened.PaymentAccepted():
            return _with_payment(order, event.payment_id, PaymentState.CAPTURED, at)
        case happened.PaymentDisputed():
            return replace(order, disputes=(*order.disputes, event.dispute))
        case happened.DisputeDecided():
            return _with_dispute(order, event, at)
        case happened.OverpaymentDetected() | happened.RefundFellDue():
            return order
        case happened.OrderPaid():
            return replace(
                order,
                paid_at=at,
                payment_due_at=None,
                refundable_until=event.refundable_until,
            )
        case happened.InvoiceIssued():
            return replace(order, invoices=(*order.invoices, event.invoice))
        case happened.RefundRequested() if event.refund.is_of_held:
            return replace(order, held_refunds=(*order.held_refunds, event.refund))
        case happened.RefundRequested():
            return replace(order, refunds=(*order.refunds, event.refund))
        case happened.RefundSucceeded():
            changes = {"state": RefundState.SUCCEEDED, "updated_at": at, "failure": ""}
            if event.is_of_total:
                changes["is_of_total"] = True
            return _with_refund(order, event.refund_id, **changes)
        case happened.RefundFailed():
            return _with_refund(
                order,
                event.refund_id,
                state=RefundState.FAILED,
                updated_at=at,
                failure=event.failure,
            )
        case happened.RefundIdentified():
            return _with_refund(
                order,
                event.refund_id,
                reported_as=event.reported_as,
                payment_id=event.payment_id,
            )
        case happened.RefundReportedEarly():
            return replace(order, early_refunds=(*order.early_refunds, event.refund))
        case happened.RefundWindowClosed():
            return replace(order, refund_window_closed=True)
        case happened.LinesShipped():
            # What is out unpaid is paid on delivery, whenever that is.
            return replace(order, shipments=(*order.shipments, event.shipment), payment_due_at=None)
        case happened.ShipmentReceived():
            return _with_shipment(order, event.shipment_id, ShipmentState.RECEIVED, at)
        case happened.ShipmentReturned():
            return _with_shipment(order, event.shipment_id, ShipmentState.RETURNED, at)
        case happened.ShipmentCorrected():
            return _with_corrected_shipment(order, event, at)
        case happened.OrderCompleted():
            return replace(order, status=OrderStatus.COMPLETED, closed_at=at)
        case happened.OrderCancelled():
            return replace(
                order,
                status=OrderStatus.CANCELLED,
                closed_at=at,
                cancel_reason=event.reason,
                payment_due_at=None,
                stock_taken=without(order.stock_taken, event.stock_returned),
            )
        case happened.OrderExpired():
            # It expired when it was due, not when a job came round to saying so.
            return replace(
                order,
                status=OrderStatus.EXPIRED,
                closed_at=order.payment_due_at or at,
                stock_taken=without(order.stock_taken, event.stock_returned),
            )
        case happened.SellerMarked():
            return replace(order, seller_mark=event.mark)
        case happened.HistoryImported():
            return order
        case happened.NoteAdded():
            author = actor.name or actor.id or actor.kind
            return replace(order, notes=(*order.notes, Note(at, author, event.text)))
        case happened.OrderTagged():
            return replace(order, tags=event.tags)
        case happened.OrderFiled():
            return replace(order, is_filed=event.is_filed)
        case happened.OrderRemarked():
            return replace(order, remarks=event.remarks)
        case happened.MessageAdded():
            return replace(order, messages=(*order.messages, event.message))
        case happened.BuyerThanked():
            return replace(order, thanked_at=at)
        case happened.FeedbackGiven():
            return replace(order, feedback=(*order.feedback, event.feedback))
        case happened.FeedbackReplied():
            return replace(
                order,
                feedback=tuple(
                    replace(each, reply=event.reply) if each.side is event.side else each
                    for each in order.feedback
                ),
            )
        case _:
            assert_never(event)


def _with_payment(
    order: Order,
    payment_id: int,
    state: PaymentState,
    at: datetime,
    failure: str = "",
    amount: Money | None = None,
) -> Order:
    return replace(
        order,
        payments=tuple(
            replace(
                payment,
                state=state,
                updated_at=at,
                failure=failure,
                amount=payment.amount if amount is None else amount,
            )
            if payment.id == payment_id
            else payment
            for payment in order.payments
        ),
    )


def _with_dispute(order: Order, event: happened.DisputeDecided, at: datetime) -> Order:
    return replace(
        order,
        disputes=tuple(
            replace(
                dispute,
                state=event.state,
                updated_at=at,
                amount=dispute.amount if event.amount is None else event.amount,
            )
            if (dispute.provider, dispute.id) == (event.provider, event.dispute_id)
            else dispute
            for dispute in order.disputes
        ),
    )


def _with_refund(order: Order, refund_id: int, **changes: Any) -> Order:
    def after(refunds: tuple[Refund, ...]) -> tuple[Refund, ...]:
        return tuple(replace(r, **changes) if r.id == refund_id else r for r in refunds)

    refunds, held_refunds = after(order.refunds), after(order.held_refunds)
    if held_refunds == order.held_refunds:
        return replace(order, refunds=refunds)
    order = replace(order, held_refunds=held_refunds)
    return replace(order, payments=tuple(_held_or_returned(order, p) for p in order.payments))


def _held_or_returned(order: Order, payment: Payment) -> Payment:
    if payment.state not in (PaymentState.HELD, PaymentState.RETURNED):
        return payment
    is_whole = order.returned_of(payment) >= payment.amount
    return replace(payment, state=PaymentState.RETURNED if is_whole else PaymentState.HELD)


def _with_shipment(order: Order, shipment_id: int, state: ShipmentState, at: datetime) -> Order:
    return replace(
        order,
        shipments=tuple(
            replace(shipment, state=state, updated_at=_moved_at(shipment, state, at))
            if shipment.id == shipment_id
            else shipment
            for shipment in order.shipments
        ),
    )


def _with_corrected_shipment(
    order: Order, event: happened.ShipmentCorrected, at: datetime
) -> Order:
    return replace(
        order,
        shipments=tuple(
            replace(
                shipment,
                carrier=event.carrier,
                tracking_number=event.tracking_number,
                tracking_url=event.tracking_url,
                sent_at=event.sent_at,
                # Of what has arrived it says when that was.
                updated_at=at if _is_on_its_way(shipment, at) else shipment.updated_at,
            )
            if shipment.id == event.shipment_id
            else shipment
            for shipment in order.shipments
        ),
    )


def _moved_at(shipment: Shipment, state: ShipmentState, at: datetime) -> datetime:
    """It was received when that was due at the latest, not when a job came round to saying so."""
    due = shipment.auto_receive_at
    return min(at, due) if due and state is ShipmentState.RECEIVED else at


def window_end(start: datetime, seconds: int | None) -> datetime | None:
    """The end of a window of ``seconds`` that opened at ``start``; ``None`` never closes."""
    return None if seconds is None else start + timedelta(seconds=seconds)
