"""Shoplazza's status words.

The document names the answer's three fields without their words; those, and what each means, are
in the vendor's order reference. The request's two fields are for orders migrated from elsewhere.
Take ``financial_status`` first: what ``order_status`` may say depends on the money.
"""

from enum import StrEnum
from typing import Final

from orderhub.domain.shipment import ShipmentState
from orderhub.domain.status import FulfilmentStatus, OrderStatus, PaymentStatus
from orderhub.wire.statuses import (
    NOTHING,
    InboundRow,
    InboundTable,
    Intent,
    PartTable,
    ReadsAs,
    Refuse,
    Row,
    StatusTable,
    WireStatuses,
    do,
    when,
)


class StatusWord(StrEnum):
    """``status`` of the answer."""

    OPENED = "opened"
    PLACED = "placed"
    FINISHED = "finished"
    CANCELLED = "cancelled"


class FinancialWord(StrEnum):
    """``financial_status`` of the answer."""

    WAITING = "waiting"
    PAYING = "paying"
    PAID = "paid"
    CANCELLED = "cancelled"
    FAILED = "failed"
    REFUNDING = "refunding"
    REFUND_FAILED = "refund_failed"
    REFUNDED = "refunded"
    PARTIALLY_REFUNDED = "partially_refunded"


class FulfillmentWord(StrEnum):
    """``fulfillment_status`` of the answer."""

    INITIALLED = "initialled"
    WAITING = "waiting"
    PARTIALLY_SHIPPED = "partially_shipped"
    SHIPPED = "shipped"
    PARTIALLY_FINISHED = "partially_finished"
    FINISHED = "finished"
    CANCELLED = "cancelled"
    RETURNING = "returning"
    RETURNED = "returned"


class ParcelWord(StrEnum):
    """``status`` of one of the answer's ``fulfillments``."""

    SHIPPED = "shipped"
    FINISHED = "finished"
    RETURNED = "returned"


class OrderStatusRequest(StrEnum):
    """``order_status`` of the request: the document's three words, and the answer's."""

    PENDING = "pending"
    FULFILLED = "fulfilled"
    CANCELED = "canceled"
    OPENED = "opened"
    PLACED = "placed"
    FINISHED = "finished"
    CANCELLED = "cancelled"


class FinancialStatusRequest(StrEnum):
    """``financial_status`` of the request: the document's three words, and the answer's."""

    UNPAID = "unpaid"
    PAID = "paid"
    REFUNDED = "refunded"
    WAITING = "waiting"
    PAYING = "paying"
    CANCELLED = "cancelled"
    FAILED = "failed"
    REFUNDING = "refunding"
    REFUND_FAILED = "refund_failed"
    PARTIALLY_REFUNDED = "partially_refunded"


_DEAD = (OrderStatus.CANCELLED, OrderStatus.EXPIRED)
_PAID_ONCE = (
    PaymentStatus.PAID,
    PaymentStatus.REFUNDING,
    PaymentStatus.PARTIALLY_REFUNDED,
    PaymentStatus.REFUNDED,
)
_NOT_PAID_YET = (PaymentStatus.UNPAID, PaymentStatus.CONFIRMING, PaymentStatus.PARTIALLY_PAID)
_SENT = (
    FulfilmentStatus.PARTIALLY_SHIPPED,
    FulfilmentStatus.SHIPPED,
    FulfilmentStatus.RECEIVED,
    FulfilmentStatus.RETURNED,
)

STATUS: Final = StatusTable(
    "status",
    StatusWord,
    (
        Row(
            StatusWord.CANCELLED,
            when(order=_DEAD),
            "Also when the money went back first, which the vendor calls finished: who cancels an "
            "order must find it cancelled, and financial_status tells of the money.",
        ),
        Row(StatusWord.FINISHED, when(order=OrderStatus.COMPLETED)),
        Row(
            StatusWord.FINISHED,
            when(payment=PaymentStatus.REFUNDED, fulfilment=FulfilmentStatus.RETURNED),
            "The vendor's definition: fully refunded, with all goods returned.",
        ),
        Row(StatusWord.PLACED, when(payment=_PAID_ONCE), "The vendor's placed is our paid."),
        Row(
            StatusWord.PLACED,
            when(fulfilment=_SENT),
            "Goods sent before the money came (cash on delivery): more than merely opened.",
        ),
        Row(StatusWord.OPENED),
    ),
)

FINANCIAL_STATUS: Final = StatusTable(
    "financial_status",
    FinancialWord,
    (
        Row(FinancialWord.REFUNDED, when(payment=PaymentStatus.REFUNDED)),
        Row(FinancialWord.PARTIALLY_REFUNDED, when(payment=PaymentStatus.PARTIALLY_REFUNDED)),
        Row(FinancialWord.REFUNDING, when(payment=PaymentStatus.REFUNDING)),
        Row(FinancialWord.PAID, when(payment=PaymentStatus.PAID)),
        Row(FinancialWord.CANCELLED, when(order=_DEAD)),
        Row(FinancialWord.CANCELLED, when(payment=PaymentStatus.VOIDED)),
        Row(
            FinancialWord.PAYING,
            when(payment=(PaymentStatus.CONFIRMING, PaymentStatus.PARTIALLY_PAID)),
            "Our decision for partly paid: this vocabulary has no such word, and the payment is "
            "under way.",
        ),
        Row(FinancialWord.WAITING),
    ),
    never={
        FinancialWord.FAILED: "A failed attempt leaves the order unpaid, and it can be paid again: "
        "it reads waiting. The attempt itself stands in the order's events.",
        FinancialWord.REFUND_FAILED: "The money is still there and can be refunded again: it reads "
        "paid, or partially_refunded.",
    },
)

FULFILLMENT_STATUS: Final = StatusTable(
    "fulfillment_status",
    FulfillmentWord,
    (
        Row(FulfillmentWord.RETURNED, when(fulfilment=FulfilmentStatus.RETURNED)),
        Row(FulfillmentWord.FINISHED, when(fulfilment=FulfilmentStatus.RECEIVED)),
        Row(
            FulfillmentWord.FINISHED,
            when(order=OrderStatus.COMPLETED),
            "Nothing more will be sent: any word of waiting would make a warehouse send goods.",
        ),
        Row(FulfillmentWord.SHIPPED, when(fulfilment=FulfilmentStatus.SHIPPED)),
        Row(FulfillmentWord.PARTIALLY_SHIPPED, when(fulfilment=FulfilmentStatus.PARTIALLY_SHIPPED)),
        Row(FulfillmentWord.CANCELLED, when(order=_DEAD)),
        Row(
            FulfillmentWord.CANCELLED,
            when(payment=PaymentStatus.REFUNDED),
            "All money went back before anything was sent: nothing is to be sent.",
        ),
        Row(
            FulfillmentWord.WAITING, when(payment=_PAID_ONCE), "The vendor's waiting is after paid."
        ),
        Row(FulfillmentWord.INITIALLED),
    ),
    never={
        FulfillmentWord.PARTIALLY_FINISHED: "The core tells what was received per shipment; the "
        "order counts as received when all of it is.",
        FulfillmentWord.RETURNING: "The core learns of a return when the goods are back.",
    },
)

FULFILLMENTS_STATUS: Final = PartTable(
    "fulfillments[].status",
    ParcelWord,
    {
        ShipmentState.SENT: ParcelWord.SHIPPED,
        ShipmentState.RECEIVED: ParcelWord.FINISHED,
        ShipmentState.RETURNED: ParcelWord.RETURNED,
    },
    "The vendor's examples show a parcel as shipped, and as finished once it is there.",
)

_ONLY_AT_CREATION = Refuse("can only be told when the order is created")
_JUST_PLACED = when(
    order=OrderStatus.OPEN,
    payment=PaymentStatus.UNPAID,
    fulfilment=FulfilmentStatus.UNFULFILLED,
)

FINANCIAL_STATUS_REQUEST: Final = InboundTable(
    "financial_status",
    FinancialStatusRequest,
    (
        InboundRow(
            (FinancialStatusRequest.UNPAID, FinancialStatusRequest.WAITING), NOTHING, _JUST_PLACED
        ),
        InboundRow((FinancialStatusRequest.PAYING,), do(Intent.EXPECT_PAYMENT), _JUST_PLACED),
        InboundRow((FinancialStatusRequest.PAID,), do(Intent.RECORD_PAYMENT), _JUST_PLACED),
        InboundRow(
            (FinancialStatusRequest.REFUNDED,),
            do(Intent.RECORD_PAYMENT, Intent.RECORD_REFUND),
            _JUST_PLACED,
        ),
        InboundRow(
            (FinancialStatusRequest.PARTIALLY_REFUNDED,),
            do(Intent.RECORD_PAYMENT, Intent.RECORD_PARTIAL_REFUND),
            _JUST_PLACED,
        ),
        # A payment that will never come is a cancelled order: the core has no other.
        InboundRow((FinancialStatusRequest.CANCELLED,), do(Intent.CANCEL), _JUST_PLACED),
        InboundRow(
            (FinancialStatusRequest.FAILED,),
            Refuse("failed does not say whether it can still be paid: send unpaid, or cancelled"),
            _JUST_PLACED,
        ),
        InboundRow(
            (FinancialStatusRequest.REFUNDING,),
            Refuse("the outcome of a refund that began elsewhere would never be told: send paid"),
            _JUST_PLACED,
        ),
        InboundRow(
            (FinancialStatusRequest.REFUND_FAILED,),
            Refuse("a refund that failed left the order paid: send paid, or partially_refunded"),
            _JUST_PLACED,
        ),
        InboundRow(tuple(FinancialStatusRequest), _ONLY_AT_CREATION),
    ),
    {
        FinancialStatusRequest.UNPAID: ReadsAs(FINANCIAL_STATUS, (FinancialWord.WAITING,)),
        **{
            FinancialStatusRequest(word): ReadsAs(FINANCIAL_STATUS, (word,))
            for word in FinancialWord
        },
    },
)

_CANCEL_WORDS = (OrderStatusRequest.CANCELED, OrderStatusRequest.CANCELLED)
_UNSENT = FulfilmentStatus.UNFULFILLED

ORDER_STATUS_REQUEST: Final = InboundTable(
    "order_status",
    OrderStatusRequest,
    (
        # ``financial_status: cancelled`` came first and has closed the order already.
        InboundRow(_CANCEL_WORDS, NOTHING, when(order=OrderStatus.CANCELLED)),
        InboundRow(
            tuple(OrderStatusRequest),
            Refuse("contradicts financial_status cancelled"),
            when(order=OrderStatus.CANCELLED),
        ),
        InboundRow(
            tuple(OrderStatusRequest),
            _ONLY_AT_CREATION,
            when(order=(OrderStatus.COMPLETED, OrderStatus.EXPIRED)),
        ),
        InboundRow(tuple(OrderStatusRequest), _ONLY_AT_CREATION, when(fulfilment=_SENT)),
        InboundRow((OrderStatusRequest.PENDING,), NOTHING),
        # "Fulfilled" claims that the goods were sent, not that they came or that all is over.
        InboundRow((OrderStatusRequest.FULFILLED,), do(Intent.SHIP)),
        InboundRow(
            (OrderStatusRequest.OPENED,),
            Refuse("contradicts financial_status: a paid order is placed"),
            when(payment=_PAID_ONCE),
        ),
        InboundRow((OrderStatusRequest.OPENED,), NOTHING),
        InboundRow((OrderStatusRequest.PLACED,), NOTHING, when(payment=_PAID_ONCE)),
        InboundRow((OrderStatusRequest.FINISHED,), do(Intent.COMPLETE), when(payment=_PAID_ONCE)),
        # Money is recorded when financial_status says so, never by inference.
        InboundRow(
            (OrderStatusRequest.PLACED, OrderStatusRequest.FINISHED),
            Refuse("needs financial_status paid, refunded or partially_refunded"),
        ),
        InboundRow(
            _CANCEL_WORDS,
            do(Intent.CANCEL),
            when(payment=(PaymentStatus.UNPAID, PaymentStatus.REFUNDED, PaymentStatus.VOIDED)),
        ),
        InboundRow(
            _CANCEL_WORDS,
            Refuse(
                "an order that holds or awaits money can't be cancelled: send refunded, or unpaid"
            ),
        ),
    ),
    {
        OrderStatusRequest.PENDING: ReadsAs(STATUS, (StatusWord.OPENED, StatusWord.PLACED)),
        OrderStatusRequest.FULFILLED: ReadsAs(FULFILLMENT_STATUS, (FulfillmentWord.SHIPPED,)),
        OrderStatusRequest.CANCELED: ReadsAs(STATUS, (StatusWord.CANCELLED,)),
        **{OrderStatusRequest(word): ReadsAs(STATUS, (word,)) for word in StatusWord},
    },
)

STATUSES: Final = WireStatuses(
    "shoplazza",
    "The answer's words are those of the vendor's order reference. A request may say where a "
    "migrated order stood; financial_status is taken first, then order_status. The document's "
    "request has no word about the goods but `fulfilled`, so a `fulfillment_status` sent along is "
    "ignored like every unknown field.",
    outbound=(STATUS, FINANCIAL_STATUS, FULFILLMENT_STATUS),
    inbound=(FINANCIAL_STATUS_REQUEST, ORDER_STATUS_REQUEST),
    parts=(FULFILLMENTS_STATUS,),
)
