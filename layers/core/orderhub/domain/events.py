"""What can happen to an order. Past tense, immutable, never edited once written.

Each class's ``TYPE`` is the name under which the event is stored, published and subscribed to.
An event carries all that applying it needs, so replaying an order's events yields its snapshot.
"""

from dataclasses import field
from datetime import datetime
from typing import ClassVar, Final

from .correspondence import Feedback, Message, Party
from .dataclass import dataclass
from .details import Actor, Details, Reference
from .dispute import Dispute
from .invoice import Invoice, Invoicing
from .lines import Charge, Discount, Line
from .money import Money
from .payment import Payment
from .refund import EarlyRefund, Refund
from .report import DisputeState
from .shipment import Shipment
from .status import SellerMark
from .stock import StockTaken


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """The shop's windows for orders of this wire, in seconds, as they stood when the order was
    placed. ``None`` means never."""

    payment_timeout: int | None = None
    refund_window: int | None = None
    auto_receive: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderPlaced:
    TYPE: ClassVar[str] = "order.placed"

    number: str
    wire: str
    currency: str
    terms: Terms
    details: Details
    created_at: datetime
    payment_due_at: datetime | None
    references: tuple[Reference, ...] = ()
    lines: tuple[Line, ...] = ()
    charges: tuple[Charge, ...] = ()
    discounts: tuple[Discount, ...] = ()
    tags: tuple[str, ...] = ()
    invoicing: Invoicing | None = None
    stock: tuple[StockTaken, ...] = ()
    """What the order takes from the shop's stock."""

    @property
    def claims(self) -> tuple[Reference, ...]:
        return self.references


@dataclass(frozen=True, slots=True, kw_only=True)
class LinesAdded:
    TYPE: ClassVar[str] = "order.lines_added"

    lines: tuple[Line, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class DetailsChanged:
    """``details`` is the whole new state; ``references`` are the names that were added."""

    TYPE: ClassVar[str] = "order.details_changed"

    details: Details
    references: tuple[Reference, ...] = ()

    @property
    def claims(self) -> tuple[Reference, ...]:
        return self.references


@dataclass(frozen=True, slots=True, kw_only=True)
class ChargesChanged:
    TYPE: ClassVar[str] = "order.charges_changed"

    charges: tuple[Charge, ...]
    discounts: tuple[Discount, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class PriceAdjusted:
    """The seller agreed on another total: ``adjustment`` is added to what the parts sum up to."""

    TYPE: ClassVar[str] = "order.price_adjusted"

    adjustment: Money


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentStarted:
    """A provider holds a payment whose outcome it has not told yet. ``payment_due_at`` is the
    order's new deadline, so that a slow provider doesn't let a good order expire."""

    TYPE: ClassVar[str] = "payment.started"

    payment: Payment
    payment_due_at: datetime | None

    @property
    def claims(self) -> tuple[Reference, ...]:
        return payment_claims(self.payment)


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentCaptured:
    """Money came in, by a payment that was not known before."""

    TYPE: ClassVar[str] = "payment.captured"

    payment: Payment

    @property
    def claims(self) -> tuple[Reference, ...]:
        return payment_claims(self.payment)


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentConfirmed:
    """A payment that had been started was captured. ``amount`` is what came in, whatever had been
    announced."""

    TYPE: ClassVar[str] = "payment.confirmed"

    payment_id: int
    amount: Money


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentFailed:
    TYPE: ClassVar[str] = "payment.failed"

    payment_id: int
    failure: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentHeld:
    """Money came in that is not what was ``expected``, by its amount or its currency. It pays for
    nothing. ``was_known`` says that ``payment`` takes the place of one that had been started."""

    TYPE: ClassVar[str] = "payment.held"

    payment: Payment
    expected: Money
    was_known: bool = False

    @property
    def claims(self) -> tuple[Reference, ...]:
        return () if self.was_known else payment_claims(self.payment)


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentAccepted:
    """Held money counts for the order after all."""

    TYPE: ClassVar[str] = "payment.accepted"

    payment_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentDisputed:
    """A buyer asks for money back by way of the bank or the provider."""

    TYPE: ClassVar[str] = "payment.disputed"

    dispute: Dispute


@dataclass(frozen=True, slots=True, kw_only=True)
class DisputeDecided:
    """``amount`` is what it came to, where the provider told that with the decision."""

    TYPE: ClassVar[str] = "payment.dispute_decided"

    provider: str
    dispute_id: str
    state: DisputeState
    amount: Money | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class OverpaymentDetected:
    """More was captured than the order costs. ``excess`` is what is kept beyond the total now."""

    TYPE: ClassVar[str] = "payment.overpaid"

    excess: Money


@dataclass(frozen=True, slots=True, kw_only=True)
class RefundFellDue:
    """Money came in for an order that can't use it any more. ``amount`` is all that is due back."""

    TYPE: ClassVar[str] = "payment.refund_due"

    amount: Money


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderPaid:
    """All of the total is captured: the one moment from which lines and prices are fixed."""

    TYPE: ClassVar[str] = "order.paid"

    total: Money
    refundable_until: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class InvoiceIssued:
    """Recorded with ``order.paid``, for orders that were placed with :class:`Invoicing`."""

    TYPE: ClassVar[str] = "invoice.issued"

    invoice: Invoice


@dataclass(frozen=True, slots=True, kw_only=True)
class RefundRequested:
    TYPE: ClassVar[str] = "refund.requested"

    refund: Refund

    @property
    def claims(self) -> tuple[Reference, ...]:
        return refund_claims(self.refund)


@dataclass(frozen=True, slots=True, kw_only=True)
class RefundSucceeded:
    """``is_of_total`` says that its provider told no more than a total that has room for it.
    ``amount`` is what went back; events of long ago don't say it."""

    TYPE: ClassVar[str] = "refund.succeeded"

    refund_id: int
    is_of_total: bool = False
    amount: Money | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RefundFailed:
    TYPE: ClassVar[str] = "refund.failed"

    refund_id: int
    failure: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class RefundIdentified:
    """The provider's own name for a refund that was asked for without, and of which payment it
    is."""

    TYPE: ClassVar[str] = "refund.identified"

    refund_id: int
    provider: str
    reported_as: str
    payment_id: int | None = None

    @property
    def claims(self) -> tuple[Reference, ...]:
        return (Reference("refund", self.provider, self.reported_as),)


@dataclass(frozen=True, slots=True, kw_only=True)
class RefundReportedEarly:
    """A refund of a payment that nobody has reported yet. It takes effect when somebody does."""

    TYPE: ClassVar[str] = "refund.reported_early"

    refund: EarlyRefund


@dataclass(frozen=True, slots=True, kw_only=True)
class RefundWindowClosed:
    TYPE: ClassVar[str] = "order.refund_window_closed"


@dataclass(frozen=True, slots=True, kw_only=True)
class LinesShipped:
    """Goods went out. An order that was not paid by then is no longer due: it is paid on
    delivery."""

    TYPE: ClassVar[str] = "shipment.sent"

    shipment: Shipment


@dataclass(frozen=True, slots=True, kw_only=True)
class ShipmentReceived:
    TYPE: ClassVar[str] = "shipment.received"

    shipment_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ShipmentReturned:
    TYPE: ClassVar[str] = "shipment.returned"

    shipment_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ShipmentCorrected:
    """What was told of a parcel was wrong, or came late. The fields are the whole new state; when
    it counts as received stays as it was."""

    TYPE: ClassVar[str] = "shipment.corrected"

    shipment_id: int
    sent_at: datetime
    carrier: str = ""
    tracking_number: str = ""
    tracking_url: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderCompleted:
    TYPE: ClassVar[str] = "order.completed"


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderCancelled:
    """``stock_returned`` is what went back to the shop's stock by it."""

    TYPE: ClassVar[str] = "order.cancelled"

    reason: str = ""
    stock_returned: tuple[StockTaken, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderExpired:
    """The payment deadline passed. ``refund_due`` is what was captured in part until then and is
    not on its way back already, ``stock_returned`` what went back to the shop's stock by it."""

    TYPE: ClassVar[str] = "order.expired"

    refund_due: Money
    stock_returned: tuple[StockTaken, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class SellerMarked:
    TYPE: ClassVar[str] = "order.marked"

    mark: SellerMark | None


@dataclass(frozen=True, slots=True, kw_only=True)
class HistoryImported:
    """What happened so far was told when the order came here from elsewhere."""

    TYPE: ClassVar[str] = "order.history_imported"


@dataclass(frozen=True, slots=True, kw_only=True)
class NoteAdded:
    TYPE: ClassVar[str] = "order.note_added"

    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderTagged:
    """``tags`` is the whole new set, in order."""

    TYPE: ClassVar[str] = "order.tagged"

    tags: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderFiled:
    """The seller put the order away, or took it out again."""

    TYPE: ClassVar[str] = "order.filed"

    is_filed: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderRemarked:
    """``remarks`` is the seller's whole new text, which may be empty."""

    TYPE: ClassVar[str] = "order.remarked"

    remarks: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageAdded:
    TYPE: ClassVar[str] = "order.message_added"

    message: Message


@dataclass(frozen=True, slots=True, kw_only=True)
class BuyerThanked:
    """A mail that thanks the buyer went out."""

    TYPE: ClassVar[str] = "order.buyer_thanked"


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedbackGiven:
    TYPE: ClassVar[str] = "feedback.given"

    feedback: Feedback


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedbackReplied:
    """``side`` is the party that was rated, and now answers."""

    TYPE: ClassVar[str] = "feedback.replied"

    side: Party
    reply: str


Event = (
    OrderPlaced
    | LinesAdded
    | DetailsChanged
    | ChargesChanged
    | PriceAdjusted
    | PaymentStarted
    | PaymentCaptured
    | PaymentConfirmed
    | PaymentFailed
    | PaymentHeld
    | PaymentAccepted
    | PaymentDisputed
    | DisputeDecided
    | OverpaymentDetected
    | RefundFellDue
    | OrderPaid
    | InvoiceIssued
    | RefundRequested
    | RefundSucceeded
    | RefundFailed
    | RefundIdentified
    | RefundReportedEarly
    | RefundWindowClosed
    | LinesShipped
    | ShipmentReceived
    | ShipmentReturned
    | ShipmentCorrected
    | OrderCompleted
    | OrderCancelled
    | OrderExpired
    | SellerMarked
    | HistoryImported
    | NoteAdded
    | OrderTagged
    | OrderFiled
    | OrderRemarked
    | MessageAdded
    | BuyerThanked
    | FeedbackGiven
    | FeedbackReplied
)

EVENT_TYPES: Final[dict[str, type[Event]]] = {kind.TYPE: kind for kind in Event.__args__}


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    """An event with its place in the order's history.

    ``sequence`` counts from 1 without gaps and equals the version of the order that it led to.
    ``at`` is never before the event before it. ``continues`` says that it is of the same change
    as that one: they were written together.
    """

    sequence: int
    at: datetime
    actor: Actor = field(default_factory=lambda: Actor("unknown"))
    event: Event
    continues: bool = False


def payment_claims(payment: Payment) -> tuple[Reference, ...]:
    if not payment.transaction_id:
        return ()
    return (Reference("payment", payment.provider, payment.transaction_id),)


def refund_claims(refund: Refund) -> tuple[Reference, ...]:
    if not refund.transaction_id:
        return ()
    return (Reference("refund", refund.provider, refund.transaction_id),)


def claims(event: Event) -> tuple[Reference, ...]:
    """The external references that ``event`` takes for its order, unique within the shop."""
    return getattr(event, "claims", ())
