"""BrickLink's status words.

One field tells of money, goods and complaints alike, and sellers set it by hand. What each word
means is in the vendor's help pages. A word that is accepted is the word that is read back, in
every state: where another fact would hide it, it is refused, with what to set instead.
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import Final

from orderhub.domain.status import FulfilmentStatus, OrderStatus, PaymentStatus, SellerMark
from orderhub.wire.statuses import (
    NOTHING,
    InboundRow,
    InboundTable,
    Intent,
    ReadsAs,
    Refuse,
    Row,
    StatusTable,
    WireStatuses,
    do,
    mark,
    when,
)


class StatusWord(StrEnum):
    """``status``."""

    PENDING = "PENDING"
    UPDATED = "UPDATED"
    PROCESSING = "PROCESSING"
    READY = "READY"
    PAID = "PAID"
    PACKED = "PACKED"
    SHIPPED = "SHIPPED"
    RECEIVED = "RECEIVED"
    COMPLETED = "COMPLETED"
    OCR = "OCR"
    """Order cancel request, by either side."""
    NPB = "NPB"
    """Non-paying buyer alert, by the seller."""
    NPX = "NPX"
    """The same, and the buyer wishes to cancel and accepts the penalty."""
    NRS = "NRS"
    """Non-responding seller alert, by the buyer."""
    NSS = "NSS"
    """Non-shipping seller alert, by the buyer."""
    CANCELLED = "CANCELLED"
    PURGED = "PURGED"


class PaymentWord(StrEnum):
    """``payment.status``."""

    NONE = "None"
    SENT = "Sent"
    RECEIVED = "Received"
    CLEARING = "Clearing"
    RETURNED = "Returned"
    BOUNCED = "Bounced"
    COMPLETED = "Completed"


# An alert complains of the very facts that the other words state (goods that were shipped and never
# came), and stays visible until it is settled.
_ALERTS: Final[Mapping[StatusWord, SellerMark]] = {
    StatusWord.OCR: SellerMark.CANCELLATION_REQUESTED,
    StatusWord.NPB: SellerMark.NON_PAYING_BUYER,
    StatusWord.NPX: SellerMark.NON_PAYMENT_CONCEDED,
    StatusWord.NRS: SellerMark.NON_RESPONDING_SELLER,
    StatusWord.NSS: SellerMark.NON_SHIPPING_SELLER,
}

# Steps of the seller's own work, which shipping the goods makes obsolete.
_STEPS: Final[Mapping[StatusWord, SellerMark]] = {
    StatusWord.UPDATED: SellerMark.UPDATED,
    StatusWord.PROCESSING: SellerMark.PROCESSING,
    StatusWord.READY: SellerMark.READY,
    StatusWord.PACKED: SellerMark.PACKED,
}

_DEAD = (OrderStatus.CANCELLED, OrderStatus.EXPIRED)
_PAID = (PaymentStatus.PAID, PaymentStatus.REFUNDING, PaymentStatus.PARTIALLY_REFUNDED)
_NOT_PAID_YET = (PaymentStatus.UNPAID, PaymentStatus.CONFIRMING, PaymentStatus.PARTIALLY_PAID)
_NEVER_PAID = (*_NOT_PAID_YET, PaymentStatus.VOIDED)
_AT_THE_BUYERS = (FulfilmentStatus.RECEIVED, FulfilmentStatus.RETURNED)
_NOT_ALL_SENT = (FulfilmentStatus.UNFULFILLED, FulfilmentStatus.PARTIALLY_SHIPPED)

STATUS: Final = StatusTable(
    "status",
    StatusWord,
    (
        Row(
            StatusWord.PURGED,
            when(mark=SellerMark.PURGED),
            "The one mark that hides every fact, in this API only: a purged order is out of the "
            "seller's sight, and `?status=-purged` must leave it out even if it was cancelled.",
        ),
        Row(StatusWord.CANCELLED, when(order=_DEAD), "An expired order has no word of its own."),
        Row(StatusWord.COMPLETED, when(order=OrderStatus.COMPLETED)),
        *(Row(word, when(mark=alert)) for word, alert in _ALERTS.items()),
        Row(
            StatusWord.RECEIVED,
            when(fulfilment=_AT_THE_BUYERS),
            "Goods that came back have no word; they were received before.",
        ),
        Row(StatusWord.SHIPPED, when(fulfilment=FulfilmentStatus.SHIPPED)),
        Row(
            StatusWord.PACKED,
            when(fulfilment=FulfilmentStatus.PARTIALLY_SHIPPED),
            "There is no word for partly shipped, and SHIPPED would have the rest forgotten.",
        ),
        *(Row(word, when(mark=step)) for word, step in _STEPS.items()),
        Row(
            StatusWord.PAID, when(payment=_PAID), "Marks outrank it: payment.status says paid too."
        ),
        Row(
            StatusWord.PENDING,
            because="Also when an open order's money went back: PAID would have it sent.",
        ),
    ),
)

PAYMENT_STATUS: Final = StatusTable(
    "payment.status",
    PaymentWord,
    (
        Row(PaymentWord.NONE, when(payment=(PaymentStatus.UNPAID, PaymentStatus.VOIDED))),
        Row(PaymentWord.CLEARING, when(payment=PaymentStatus.CONFIRMING)),
        Row(
            PaymentWord.CLEARING,
            when(payment=PaymentStatus.PARTIALLY_PAID),
            "There is no word for partly paid; only Completed has the goods sent.",
        ),
        Row(PaymentWord.COMPLETED, when(payment=PaymentStatus.PAID)),
        Row(
            PaymentWord.COMPLETED,
            when(payment=(PaymentStatus.REFUNDING, PaymentStatus.PARTIALLY_REFUNDED)),
            "There is no word for money on its way back, or for a part of it.",
        ),
        Row(PaymentWord.RETURNED, when(payment=PaymentStatus.REFUNDED)),
    ),
    never={
        PaymentWord.SENT: "Only the seller says so; kept as said while the order reads None.",
        PaymentWord.BOUNCED: "Only the seller says so; kept as said while the order reads None.",
        PaymentWord.RECEIVED: "The core does not tell money received from money cleared; kept as "
        "said while the order reads Completed.",
    },
    kept={
        PaymentWord.SENT: PaymentWord.NONE,
        PaymentWord.BOUNCED: PaymentWord.NONE,
        PaymentWord.RECEIVED: PaymentWord.COMPLETED,
    },
)

_OTHERS_ON_DEAD = tuple(
    word for word in StatusWord if word not in (StatusWord.PURGED, StatusWord.CANCELLED)
)
_OTHERS_ON_COMPLETED = tuple(
    word for word in StatusWord if word not in (StatusWord.PURGED, StatusWord.COMPLETED)
)

STATUS_REQUEST: Final = InboundTable(
    "PUT /orders/{id}/status",
    StatusWord,
    (
        InboundRow((StatusWord.PURGED,), mark(SellerMark.PURGED)),
        # Closed orders keep their status; what was purged can be brought back into sight.
        InboundRow(
            (StatusWord.CANCELLED,),
            do(Intent.UNMARK),
            when(order=_DEAD, mark=SellerMark.PURGED),
        ),
        # Any other mark stays on a cancelled order, unseen: it tells why.
        InboundRow((StatusWord.CANCELLED,), NOTHING, when(order=_DEAD)),
        InboundRow(_OTHERS_ON_DEAD, Refuse("the order is cancelled"), when(order=_DEAD)),
        InboundRow((StatusWord.COMPLETED,), do(Intent.UNMARK), when(order=OrderStatus.COMPLETED)),
        InboundRow(
            _OTHERS_ON_COMPLETED,
            Refuse("the order is completed"),
            when(order=OrderStatus.COMPLETED),
        ),
        # Ending an open order.
        InboundRow(
            (StatusWord.CANCELLED,),
            Refuse("the order holds money: set payment_status Returned first"),
            when(payment=(*_PAID, PaymentStatus.PARTIALLY_PAID)),
        ),
        InboundRow(
            (StatusWord.CANCELLED,),
            Refuse("a payment is clearing: wait for its outcome, or set payment_status Bounced"),
            when(payment=PaymentStatus.CONFIRMING),
        ),
        InboundRow(
            (StatusWord.CANCELLED,),
            do(Intent.CANCEL, Intent.UNMARK),
            when(mark=SellerMark.PURGED),
        ),
        InboundRow((StatusWord.CANCELLED,), do(Intent.CANCEL)),
        InboundRow(
            (StatusWord.COMPLETED,),
            Refuse("the order is not paid: set payment_status Completed first"),
            when(payment=_NEVER_PAID),
        ),
        InboundRow((StatusWord.COMPLETED,), do(Intent.COMPLETE, Intent.UNMARK)),
        # Complaints, which any open order can be under.
        *(InboundRow((word,), mark(alert)) for word, alert in _ALERTS.items()),
        # The goods.
        InboundRow(
            (StatusWord.RECEIVED,),
            do(Intent.SHIP, Intent.RECEIVE, Intent.UNMARK),
            when(fulfilment=_NOT_ALL_SENT),
        ),
        InboundRow(
            (StatusWord.RECEIVED,),
            do(Intent.RECEIVE, Intent.UNMARK),
            when(fulfilment=FulfilmentStatus.SHIPPED),
        ),
        InboundRow((StatusWord.RECEIVED,), do(Intent.UNMARK)),
        InboundRow(
            (StatusWord.SHIPPED,),
            do(Intent.SHIP, Intent.UNMARK),
            when(fulfilment=_NOT_ALL_SENT),
        ),
        InboundRow(
            (StatusWord.SHIPPED,),
            do(Intent.UNMARK),
            when(fulfilment=FulfilmentStatus.SHIPPED),
        ),
        InboundRow((StatusWord.SHIPPED,), Refuse("the goods have been received")),
        # The seller's work before the goods leave.
        InboundRow(
            (StatusWord.PACKED,),
            mark(SellerMark.PACKED),
            when(fulfilment=FulfilmentStatus.PARTIALLY_SHIPPED),
        ),
        InboundRow(
            (*_STEPS, StatusWord.PAID, StatusWord.PENDING),
            Refuse("a part of the goods has been shipped: set PACKED or SHIPPED"),
            when(fulfilment=FulfilmentStatus.PARTIALLY_SHIPPED),
        ),
        InboundRow(
            (*_STEPS, StatusWord.PAID, StatusWord.PENDING),
            Refuse("the goods have been shipped; payment_status tells of the money"),
            when(fulfilment=(FulfilmentStatus.SHIPPED, *_AT_THE_BUYERS)),
        ),
        *(InboundRow((word,), mark(step)) for word, step in _STEPS.items()),
        # The money.
        InboundRow(
            (StatusWord.PAID,),
            do(Intent.RECORD_PAYMENT, Intent.UNMARK),
            when(payment=_NOT_PAID_YET),
        ),
        InboundRow((StatusWord.PAID,), do(Intent.UNMARK), when(payment=_PAID)),
        InboundRow((StatusWord.PAID,), Refuse("the money has been returned")),
        InboundRow(
            (StatusWord.PENDING,), Refuse("the order is paid: set PAID"), when(payment=_PAID)
        ),
        InboundRow((StatusWord.PENDING,), do(Intent.UNMARK)),
    ),
    {word: ReadsAs(STATUS, (word,)) for word in StatusWord},
)

_MONEY_IN = (PaymentWord.RECEIVED, PaymentWord.COMPLETED)
_NO_MONEY = (PaymentWord.NONE, PaymentWord.BOUNCED)

PAYMENT_STATUS_REQUEST: Final = InboundTable(
    "PUT /orders/{id}/payment_status",
    PaymentWord,
    (
        # BrickLink moves no money: "Returned" tells of a refund that the seller made elsewhere.
        InboundRow((PaymentWord.RETURNED,), NOTHING, when(payment=PaymentStatus.REFUNDED)),
        InboundRow(
            (PaymentWord.RETURNED,),
            Refuse("a refund is under way: its outcome will be shown"),
            when(payment=PaymentStatus.REFUNDING),
        ),
        InboundRow(
            (PaymentWord.RETURNED,),
            Refuse("no money has been received"),
            when(payment=(PaymentStatus.UNPAID, PaymentStatus.CONFIRMING, PaymentStatus.VOIDED)),
        ),
        InboundRow((PaymentWord.RETURNED,), do(Intent.RECORD_REFUND)),
        InboundRow(_NO_MONEY, NOTHING, when(payment=(PaymentStatus.UNPAID, PaymentStatus.VOIDED))),
        InboundRow(_NO_MONEY, do(Intent.FAIL_PAYMENT), when(payment=PaymentStatus.CONFIRMING)),
        InboundRow(
            _NO_MONEY,
            Refuse("money has been received: set Returned when it has gone back"),
        ),
        # What is so already may be said again, whatever became of the order.
        InboundRow(
            (PaymentWord.CLEARING,),
            NOTHING,
            when(payment=(PaymentStatus.CONFIRMING, PaymentStatus.PARTIALLY_PAID)),
        ),
        InboundRow(_MONEY_IN, NOTHING, when(payment=_PAID)),
        InboundRow(
            (PaymentWord.SENT, PaymentWord.CLEARING, *_MONEY_IN),
            Refuse("the order is cancelled and takes no payment"),
            when(order=_DEAD),
        ),
        # The buyer says that he paid: no fact about the money yet, so only the word is kept.
        InboundRow((PaymentWord.SENT,), NOTHING, when(payment=PaymentStatus.UNPAID)),
        InboundRow((PaymentWord.SENT,), Refuse("the payment is past being sent")),
        InboundRow(
            (PaymentWord.CLEARING,),
            do(Intent.EXPECT_PAYMENT),
            when(order=OrderStatus.OPEN, payment=PaymentStatus.UNPAID),
        ),
        InboundRow((PaymentWord.CLEARING,), Refuse("there is no payment left to clear")),
        # "Paid - payment received", say the help pages; so Received is money in hand.
        InboundRow(_MONEY_IN, do(Intent.RECORD_PAYMENT), when(payment=_NOT_PAID_YET)),
        InboundRow(_MONEY_IN, Refuse("the money has been returned")),
    ),
    {word: ReadsAs(PAYMENT_STATUS, (word,)) for word in PaymentWord},
)

STATUSES: Final = WireStatuses(
    "bricklink",
    "Sellers set both statuses by hand. A word that is accepted is the word that is read back; "
    "where a fact would hide it, it is refused (422 `RESOURCE_UPDATE_NOT_ALLOWED`) and the reason "
    "says what to set instead.",
    outbound=(STATUS, PAYMENT_STATUS),
    inbound=(STATUS_REQUEST, PAYMENT_STATUS_REQUEST),
)
