"""BrandCloud's status words and the errors it names after them.

The document shows order_status ``Open``, ``Cancelled`` and ``Error``, payment_status ``Open`` and
``Closed``, and no list of either. The other words are our decision, taken from its error names:
``confirming``, ``paid``, ``closed``, ``refunded`` and ``open`` are what payment_status can be when
an endpoint refuses, ``order_is_finished``, ``order_is_aborted`` and ``order_is_timeout`` what
order_status can be. So the errors follow from the same rows as the words, and can't contradict
what the client just read.
"""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Any, Final

from orderhub.domain.status import OrderStatus, PaymentStatus
from orderhub.services.payment_link import Outcome
from orderhub.wire.statuses import (
    NOTHING,
    Do,
    InboundRow,
    InboundTable,
    Intent,
    PartTable,
    ReadsAs,
    Refuse,
    Row,
    StatusTable,
    When,
    WireStatuses,
    do,
    when,
)


class OrderWord(StrEnum):
    """``order_status``, also in ``histories``."""

    OPEN = "Open"
    FINISHED = "Finished"
    CANCELLED = "Cancelled"
    ERROR = "Error"


class PaymentWord(StrEnum):
    """``payment_status``, also in ``histories``."""

    OPEN = "Open"
    CONFIRMING = "Confirming"
    PAID = "Paid"
    CLOSED = "Closed"
    REFUNDED = "Refunded"


class TransactionWord(StrEnum):
    """``status`` of ``transaction/{token}/result``."""

    SUCCESS = "success"
    FAIL = "fail"
    INFO = "info"


class ProductWord(StrEnum):
    """``product_status``, "the location of work flow of product"."""

    INITIAL = "initial"


class StateError(StrEnum):
    """The error names that say where the order's money stands."""

    OPEN = "open"
    CONFIRMING = "confirming"
    PAID = "paid"
    CLOSED = "closed"
    REFUNDED = "refunded"


class OrderIs(StrEnum):
    """The error names of the consumer's endpoints."""

    FINISHED = "order_is_finished"
    ABORTED = "order_is_aborted"
    TIMEOUT = "order_is_timeout"


class Endpoint(StrEnum):
    """The requests whose outcome depends on the order's state."""

    PAYMENT = "user/company/order/payment"
    CANCEL = "user/company/order/cancel"
    REFUND = "user/company/order/refund"
    PAYPAL_SEND = "user/company/order/paypal/send"
    REFUND_QUERY = "user/company/order/refund/query"
    PARTIAL_DETAIL = "order/{order_number}/detail"
    EDIT = "order/edit"


_PAID_ONCE = (
    PaymentStatus.PAID,
    PaymentStatus.REFUNDING,
    PaymentStatus.PARTIALLY_REFUNDED,
    PaymentStatus.REFUNDED,
)

ORDER_STATUS: Final = StatusTable(
    "order_status",
    OrderWord,
    (
        Row(OrderWord.ERROR, when(order=OrderStatus.EXPIRED), "The document's own example."),
        Row(OrderWord.CANCELLED, when(order=OrderStatus.CANCELLED)),
        Row(OrderWord.FINISHED, when(order=OrderStatus.COMPLETED), "Our decision, as below."),
        Row(
            OrderWord.FINISHED,
            when(payment=_PAID_ONCE),
            "Our decision: this API sells over the counter and knows nothing after the payment, "
            "so its order_is_finished can only mean paid.",
        ),
        Row(OrderWord.OPEN),
    ),
)

PAYMENT_STATUS: Final = StatusTable(
    "payment_status",
    PaymentWord,
    (
        Row(
            PaymentWord.CLOSED,
            when(order=OrderStatus.EXPIRED),
            "A timed-out order reads Error and Closed, whatever part of the money came in.",
        ),
        Row(PaymentWord.REFUNDED, when(payment=PaymentStatus.REFUNDED)),
        Row(
            PaymentWord.CONFIRMING,
            when(payment=PaymentStatus.REFUNDING),
            "Our decision: an outcome is awaited, and until it is known there is nothing to pay, "
            "cancel or refund.",
        ),
        Row(
            PaymentWord.PAID,
            when(payment=(PaymentStatus.PAID, PaymentStatus.PARTIALLY_REFUNDED)),
            "Our decision for partly refunded: the rest can still go back.",
        ),
        Row(PaymentWord.CLOSED, when(order=(OrderStatus.CANCELLED, OrderStatus.COMPLETED))),
        Row(PaymentWord.CLOSED, when(payment=PaymentStatus.VOIDED)),
        Row(
            PaymentWord.CONFIRMING,
            when(payment=(PaymentStatus.CONFIRMING, PaymentStatus.PARTIALLY_PAID)),
            "Our decision for partly paid: this API pays an order with one transaction, so the "
            "missing part can only come from elsewhere.",
        ),
        Row(PaymentWord.OPEN),
    ),
)

TRANSACTION_STATUS: Final = PartTable(
    "transaction result: status",
    TransactionWord,
    {
        Outcome.PAID: TransactionWord.SUCCESS,
        Outcome.FAILED: TransactionWord.FAIL,
        Outcome.PENDING: TransactionWord.INFO,
    },
    "What came of one payment link. Once the order is paid, every link to it has succeeded, "
    "whoever paid and whatever was refunded since. Until then a link has failed when PayPal "
    "refused a payment since the link was sent, as in the document's example, also while the "
    "order is open and the consumer may try again (refused by PayPal); or when the order was "
    "cancelled or timed out, or the link itself ended (refused by Server). It is pending while "
    "PayPal is at work on a payment, and until anything has happened.",
)

PRODUCT_STATUS: Final = StatusTable(
    "products[].product_status",
    ProductWord,
    (Row(ProductWord.INITIAL, because="The only word that the document shows."),),
)

_ERROR_OF: Final[Mapping[StrEnum, StrEnum]] = {
    PaymentWord.OPEN: StateError.OPEN,
    PaymentWord.CONFIRMING: StateError.CONFIRMING,
    PaymentWord.PAID: StateError.PAID,
    PaymentWord.CLOSED: StateError.CLOSED,
    PaymentWord.REFUNDED: StateError.REFUNDED,
}

_ORDER_ERROR_OF: Final[Mapping[StrEnum, StrEnum]] = {
    OrderWord.FINISHED: OrderIs.FINISHED,
    OrderWord.CANCELLED: OrderIs.ABORTED,
    OrderWord.ERROR: OrderIs.TIMEOUT,
}


def _request(
    endpoint: Endpoint,
    meaning: Do,
    table: StatusTable[Any],
    error_of: Mapping[StrEnum, StrEnum],
    listed: tuple[StrEnum, ...],
    *,
    but: Mapping[When, Do] = MappingProxyType({}),
) -> tuple[InboundRow[Endpoint], ...]:
    """One endpoint, by the rows of ``table``: refused with the errors that its section lists.

    ``but`` holds the rows of the table that this endpoint takes otherwise.
    """
    rows = []
    for row in table.rows:
        error = error_of.get(row.word)
        usual = Refuse(error) if error in listed else meaning
        rows.append(InboundRow((endpoint,), but.get(row.when, usual), row.when))
    return tuple(rows)


_NOT_OPEN = (StateError.CONFIRMING, StateError.PAID, StateError.CLOSED, StateError.REFUNDED)
_NOT_PAID = (StateError.OPEN, StateError.CONFIRMING, StateError.CLOSED, StateError.REFUNDED)

REQUESTS: Final = InboundTable(
    "endpoint",
    Endpoint,
    (
        *_request(
            Endpoint.PAYMENT, do(Intent.RECORD_PAYMENT), PAYMENT_STATUS, _ERROR_OF, _NOT_OPEN
        ),
        *_request(
            Endpoint.CANCEL,
            do(Intent.CANCEL),
            PAYMENT_STATUS,
            _ERROR_OF,
            _NOT_OPEN,
            # "To cancel order which not pay yet or error": a timed-out order is already as dead
            # as this can make it, so the request succeeds and changes nothing.
            but={when(order=OrderStatus.EXPIRED): NOTHING},
        ),
        *_request(Endpoint.REFUND, do(Intent.REQUEST_REFUND), PAYMENT_STATUS, _ERROR_OF, _NOT_PAID),
        *_request(Endpoint.PAYPAL_SEND, NOTHING, PAYMENT_STATUS, _ERROR_OF, _NOT_OPEN),
        *_request(Endpoint.REFUND_QUERY, NOTHING, PAYMENT_STATUS, _ERROR_OF, _NOT_PAID),
        *_request(Endpoint.PARTIAL_DETAIL, NOTHING, ORDER_STATUS, _ORDER_ERROR_OF, tuple(OrderIs)),
        *_request(Endpoint.EDIT, NOTHING, ORDER_STATUS, _ORDER_ERROR_OF, (OrderIs.TIMEOUT,)),
    ),
    {
        Endpoint.PAYMENT: ReadsAs(PAYMENT_STATUS, (PaymentWord.PAID,)),
        Endpoint.CANCEL: ReadsAs(ORDER_STATUS, (OrderWord.CANCELLED, OrderWord.ERROR)),
        Endpoint.REFUND: ReadsAs(PAYMENT_STATUS, (PaymentWord.CONFIRMING, PaymentWord.REFUNDED)),
    },
)

STATUSES: Final = WireStatuses(
    "brandcloud",
    "The document shows a few status words in its examples and lists none; the rest is our "
    "decision, from the names of its errors. No request carries a status word: the endpoint itself "
    "says what is asked, and a refusal (always HTTP 403) names the state that forbids it.",
    outbound=(ORDER_STATUS, PAYMENT_STATUS, PRODUCT_STATUS),
    parts=(TRANSACTION_STATUS,),
    inbound=(REQUESTS,),
)
