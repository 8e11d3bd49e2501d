"""Youhaosuda's status words, in the vendor's spelling.

An order's goods are ``recieved``, a shipment is ``recieve``: both misspellings, and the difference
between them, are part of the wire format.
"""

from enum import StrEnum
from typing import Final

from orderhub.domain.payment import PaymentState
from orderhub.domain.refund import RefundState
from orderhub.domain.shipment import ShipmentState
from orderhub.domain.status import FulfilmentStatus, OrderStatus, PaymentStatus
from orderhub.wire.statuses import PartTable, Row, StatusTable, WireStatuses, when


class OrderWord(StrEnum):
    """``status``."""

    PROCESSING = "processing"
    ACHIEVED = "achieved"
    CANCEL = "cancel"
    EXPIRED = "expired"
    REFUNDING = "refunding"
    REFUNDED = "refunded"


class PaymentWord(StrEnum):
    """``payment_status``, and ``payments[].status``."""

    PENDING = "pending"
    PAID = "paid"
    EXPIRED = "expired"


class ShipmentStatusWord(StrEnum):
    """``shipment_status``, of all the goods."""

    PENDING = "pending"
    PARTIAL = "partial"
    SENDING = "sending"
    RECEIVED = "recieved"


class ShipmentWord(StrEnum):
    """``shipments[].status``, of one shipment."""

    PENDING = "pending"
    SENDING = "sending"
    RECEIVED = "recieve"


class RefundWord(StrEnum):
    """``refunds[].status``.

    The document shows ``success`` only; the other two are our decision, after the fields
    ``is_dealing`` and ``fail_reason`` beside it.
    """

    DEALING = "dealing"
    SUCCESS = "success"
    FAIL = "fail"


_PAID_ONCE = (
    PaymentStatus.PAID,
    PaymentStatus.REFUNDING,
    PaymentStatus.PARTIALLY_REFUNDED,
    PaymentStatus.REFUNDED,
)

STATUS: Final = StatusTable(
    "status",
    OrderWord,
    (
        Row(
            OrderWord.EXPIRED,
            when(order=OrderStatus.EXPIRED),
            "Never paid in time, whatever part of the money came in and went back.",
        ),
        Row(OrderWord.REFUNDING, when(payment=PaymentStatus.REFUNDING)),
        Row(
            OrderWord.REFUNDED,
            when(payment=PaymentStatus.REFUNDED),
            "The vendor's word for an order given back, so it outranks cancel, which is for "
            "orders that were never paid.",
        ),
        Row(OrderWord.CANCEL, when(order=OrderStatus.CANCELLED)),
        Row(
            OrderWord.ACHIEVED,
            when(order=OrderStatus.COMPLETED),
            "Also when a part was refunded, as in the document's example.",
        ),
        Row(OrderWord.PROCESSING),
    ),
)

PAYMENT_STATUS: Final = StatusTable(
    "payment_status",
    PaymentWord,
    (
        Row(
            PaymentWord.EXPIRED,
            when(order=OrderStatus.EXPIRED),
        ),
        Row(PaymentWord.PAID, when(payment=_PAID_ONCE), "Refunds show in status and refunds."),
        Row(
            PaymentWord.EXPIRED,
            when(order=OrderStatus.CANCELLED),
            "Our decision: a price may be edited while this reads pending, and this one can't be "
            "paid any more.",
        ),
        Row(PaymentWord.EXPIRED, when(payment=PaymentStatus.VOIDED)),
        Row(PaymentWord.PENDING),
    ),
)

SHIPMENT_STATUS: Final = StatusTable(
    "shipment_status",
    ShipmentStatusWord,
    (
        Row(
            ShipmentStatusWord.RECEIVED,
            when(order=OrderStatus.COMPLETED),
            "Nothing more will be sent: pending or partial would make a warehouse send goods.",
        ),
        Row(ShipmentStatusWord.RECEIVED, when(fulfilment=FulfilmentStatus.RECEIVED)),
        Row(
            ShipmentStatusWord.RECEIVED,
            when(fulfilment=FulfilmentStatus.RETURNED),
            "There is no word for goods that came back; they were received before.",
        ),
        Row(ShipmentStatusWord.SENDING, when(fulfilment=FulfilmentStatus.SHIPPED)),
        Row(ShipmentStatusWord.PARTIAL, when(fulfilment=FulfilmentStatus.PARTIALLY_SHIPPED)),
        Row(ShipmentStatusWord.PENDING),
    ),
)

PAYMENTS_STATUS: Final = PartTable(
    "payments[].status",
    PaymentWord,
    {
        None: PaymentWord.PENDING,
        PaymentState.PENDING: PaymentWord.PENDING,
        PaymentState.CAPTURED: PaymentWord.PAID,
        PaymentState.FAILED: PaymentWord.EXPIRED,
        PaymentState.HELD: PaymentWord.PENDING,
        PaymentState.RETURNED: PaymentWord.EXPIRED,
    },
    "An order shows a payment before there is one. A failed one has lost its validity, which "
    "this vocabulary calls expired, and so has money that was held and went back. While it is "
    "held, nobody has decided.",
)

SHIPMENTS_STATUS: Final = PartTable(
    "shipments[].status",
    ShipmentWord,
    {
        None: ShipmentWord.PENDING,
        ShipmentState.SENT: ShipmentWord.SENDING,
        ShipmentState.RECEIVED: ShipmentWord.RECEIVED,
        ShipmentState.RETURNED: ShipmentWord.RECEIVED,
    },
    "What is left to send shows as one pending shipment. The document shows pending and recieve; "
    "sending is the word of shipment_status.",
)

REFUNDS_STATUS: Final = PartTable(
    "refunds[].status",
    RefundWord,
    {
        RefundState.REQUESTED: RefundWord.DEALING,
        RefundState.SUCCEEDED: RefundWord.SUCCESS,
        RefundState.FAILED: RefundWord.FAIL,
    },
    "The document shows success only; the other two are our decision.",
)

STATUSES: Final = WireStatuses(
    "youhaosuda",
    "Misspellings are the vendor's: an order's goods are `recieved`, one shipment is `recieve`.",
    outbound=(STATUS, PAYMENT_STATUS, SHIPMENT_STATUS),
    inbound=(),
    parts=(PAYMENTS_STATUS, SHIPMENTS_STATUS, REFUNDS_STATUS),
    no_inbound="The document lets a client change an order's price and no status, and its list of "
    "orders filters by no status either.",
)
