"""The marketplace API's status words.

Its document has no status field and three notifications that change one. The answer's three
fields are ours: the core's own words, since there are no vendor's to keep to.
"""

from enum import StrEnum
from typing import Final

from orderhub.domain.status import FulfilmentStatus, OrderStatus, PaymentStatus
from orderhub.wire.statuses import (
    InboundRow,
    InboundTable,
    Intent,
    ReadsAs,
    Row,
    StatusTable,
    WireStatuses,
    do,
    when,
)


class OrderState(StrEnum):
    """``state``."""

    OPEN = "open"
    COMPLETED = "completed"
    CANCELLED = "cancelled"
    EXPIRED = "expired"


class PaymentState(StrEnum):
    """``payment_state``."""

    UNPAID = "unpaid"
    CONFIRMING = "confirming"
    PARTIALLY_PAID = "partially_paid"
    PAID = "paid"
    REFUNDING = "refunding"
    PARTIALLY_REFUNDED = "partially_refunded"
    REFUNDED = "refunded"
    VOIDED = "voided"


class ShipmentState(StrEnum):
    """``shipment_state``."""

    UNFULFILLED = "unfulfilled"
    PARTIALLY_SHIPPED = "partially_shipped"
    SHIPPED = "shipped"
    RECEIVED = "received"
    RETURNED = "returned"


class Notification(StrEnum):
    """What the other system tells: ``POST /orders``, ``…/pay`` and ``…/complete``."""

    CREATED = "created"
    PAID = "paid"
    COMPLETED = "completed"


STATE: Final = StatusTable(
    "state",
    OrderState,
    (
        Row(OrderState.OPEN, when(order=OrderStatus.OPEN)),
        Row(OrderState.COMPLETED, when(order=OrderStatus.COMPLETED)),
        Row(OrderState.CANCELLED, when(order=OrderStatus.CANCELLED)),
        Row(OrderState.EXPIRED, when(order=OrderStatus.EXPIRED)),
    ),
)

PAYMENT_STATE: Final = StatusTable(
    "payment_state",
    PaymentState,
    (
        Row(PaymentState.UNPAID, when(payment=PaymentStatus.UNPAID)),
        Row(PaymentState.CONFIRMING, when(payment=PaymentStatus.CONFIRMING)),
        Row(PaymentState.PARTIALLY_PAID, when(payment=PaymentStatus.PARTIALLY_PAID)),
        Row(PaymentState.PAID, when(payment=PaymentStatus.PAID)),
        Row(PaymentState.REFUNDING, when(payment=PaymentStatus.REFUNDING)),
        Row(PaymentState.PARTIALLY_REFUNDED, when(payment=PaymentStatus.PARTIALLY_REFUNDED)),
        Row(PaymentState.REFUNDED, when(payment=PaymentStatus.REFUNDED)),
        Row(PaymentState.VOIDED, when(payment=PaymentStatus.VOIDED)),
    ),
)

SHIPMENT_STATE: Final = StatusTable(
    "shipment_state",
    ShipmentState,
    (
        Row(ShipmentState.UNFULFILLED, when(fulfilment=FulfilmentStatus.UNFULFILLED)),
        Row(ShipmentState.PARTIALLY_SHIPPED, when(fulfilment=FulfilmentStatus.PARTIALLY_SHIPPED)),
        Row(ShipmentState.SHIPPED, when(fulfilment=FulfilmentStatus.SHIPPED)),
        Row(ShipmentState.RECEIVED, when(fulfilment=FulfilmentStatus.RECEIVED)),
        Row(ShipmentState.RETURNED, when(fulfilment=FulfilmentStatus.RETURNED)),
    ),
)

# No row looks at the state. Notifications are redelivered, also long after the order has moved on,
# and only the core knows a repeat (which succeeds and changes nothing) from news (which it may
# refuse).
NOTIFICATIONS: Final = InboundTable(
    "notification",
    Notification,
    (
        InboundRow((Notification.CREATED,), do(Intent.PLACE)),
        InboundRow((Notification.PAID,), do(Intent.RECORD_PAYMENT)),
        InboundRow((Notification.COMPLETED,), do(Intent.COMPLETE)),
    ),
    {
        Notification.CREATED: ReadsAs(STATE, (OrderState.OPEN,)),
        Notification.PAID: ReadsAs(PAYMENT_STATE, (PaymentState.PAID,)),
        Notification.COMPLETED: ReadsAs(STATE, (OrderState.COMPLETED,)),
    },
)

STATUSES: Final = WireStatuses(
    "marketplace",
    "The document has no status field; a client learns the status from the order resource, whose "
    "three fields are ours and use the core's own words. Requests are notifications: an order was "
    "created, paid or completed elsewhere.",
    outbound=(STATE, PAYMENT_STATE, SHIPMENT_STATE),
    inbound=(NOTIFICATIONS,),
)
