"""What a request says happened to its order before it came here, told to the core as commands.

The tables of :mod:`.status` say what a word asks for. Nobody says when it happened: money is taken
to have come with the order, all else to have happened at ``updated_at``, but never after a
deadline that it met.
"""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Final

from orderhub.domain import commands
from orderhub.domain.commands import Change
from orderhub.domain.dataclass import dataclass
from orderhub.domain.money import Money
from orderhub.domain.payment import Payment, PaymentState
from orderhub.domain.refund import RefundedLine
from orderhub.domain.status import FulfilmentStatus, OrderStatus, PaymentStatus
from orderhub.wire.contract import Problem, Unprocessable
from orderhub.wire.statuses import InboundTable, Intent, Refuse, State

from . import status
from .status import FinancialStatusRequest, OrderStatusRequest

PROVIDER: Final = "shoplazza"
"""Of payments that happened elsewhere."""

_AS_PLACED: Final = State(OrderStatus.OPEN, PaymentStatus.UNPAID, FulfilmentStatus.UNFULFILLED)
PAID_WORDS: Final = (
    FinancialStatusRequest.PAID,
    FinancialStatusRequest.REFUNDED,
    FinancialStatusRequest.PARTIALLY_REFUNDED,
)
_NOTHING_LEFT_TO_SEND: Final = (
    FinancialStatusRequest.REFUNDED,
    FinancialStatusRequest.CANCELLED,
    OrderStatusRequest.FULFILLED,
    OrderStatusRequest.FINISHED,
    OrderStatusRequest.CANCELED,
    OrderStatusRequest.CANCELLED,
)
_MILLISECOND: Final = timedelta(milliseconds=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """``until`` is when the last of it happened. ``refund_total`` of nothing is no refund.

    ``refunded_lines`` are the refund's, as the new order numbers its lines.
    """

    until: datetime
    financial_status: FinancialStatusRequest | None = None
    order_status: OrderStatusRequest | None = None
    refund_total: Money | None = None
    refunded_lines: tuple[RefundedLine, ...] = ()
    payment_method: str = ""
    note: str = ""

    @property
    def has_goods_to_send(self) -> bool:
        """Whether goods are still to be sent, so that the order takes them from stock."""
        return not {self.financial_status, self.order_status} & {*_NOTHING_LEFT_TO_SEND}

    @property
    def was_paid(self) -> bool:
        return self.financial_status in PAID_WORDS


def tell(change: Change, history: History) -> None:
    """Give ``change`` what the tables say that the words mean.

    Raises :class:`Unprocessable` for words and amounts that don't go together, and what the
    commands refuse.
    """
    if history.financial_status is not None:
        table = status.FINANCIAL_STATUS_REQUEST
        _follow(change, history, table, history.financial_status, _AS_PLACED)
    _require_refund_told(change, history)
    if history.order_status is not None:
        state = State.of(change.visible)
        if not change.order.total and not history.was_paid:
            # What costs nothing is paid from the start, whatever its history says of the money.
            state = state._replace(payment=PaymentStatus.UNPAID)
        _follow(change, history, status.ORDER_STATUS_REQUEST, history.order_status, state)
    _move_on(change, history.until)
    if history.note:
        commands.add_note(change, history.note)
    commands.close_history(change)


def _follow(
    change: Change, history: History, table: InboundTable[Any], word: StrEnum, state: State
) -> None:
    meaning = table.meaning(word, state)
    if isinstance(meaning, Refuse):
        raise Unprocessable(Problem(table.name, "refused", {"why": meaning.reason}))
    for intent in meaning.intents:
        _COMMANDS[intent](change, history)


# -- money -----------------------------------------------------------------------------------------


def _expect_payment(change: Change, history: History) -> None:
    if change.order.outstanding:
        # The order's own id, so that whoever learns of the outcome can name the payment.
        payment = _payment(change, history, PaymentState.PENDING, str(change.order.id))
        commands.start_payment(change, payment, None)


def _record_payment(change: Change, history: History) -> None:
    if change.order.outstanding:
        commands.capture_payment(change, _payment(change, history, PaymentState.CAPTURED))
    if history.financial_status is FinancialStatusRequest.PAID and history.refund_total:
        # The document has no word for it but the amount.
        _refund(change, history, history.refund_total)


def _payment(
    change: Change, history: History, state: PaymentState, transaction_id: str = ""
) -> Payment:
    return Payment(
        id=0,
        provider=PROVIDER,
        transaction_id=transaction_id,
        amount=change.order.outstanding,
        state=state,
        created_at=change.now,
        updated_at=change.now,
        method=history.payment_method,
    )


def _record_refund(change: Change, history: History) -> None:
    told, paid = history.refund_total, change.order.captured
    if told is not None and told < paid:
        raise Unprocessable(Problem("refund_total", "not_all_refunded"))
    _refund(change, history, paid if told is None else told)


def _record_partial_refund(change: Change, history: History) -> None:
    if not history.refund_total:
        raise Unprocessable(Problem("refund_total", "blank"))
    if history.refund_total == change.order.captured:
        raise Unprocessable(Problem("refund_total", "all_refunded"))
    _refund(change, history, history.refund_total)


def _refund(change: Change, history: History, amount: Money) -> None:
    _move_on(change, history.until, change.order.refundable_until)
    refund = commands.request_refund(
        change, amount, provider=PROVIDER, lines=history.refunded_lines
    )
    commands.settle_refund(change, refund.id)


def _require_refund_told(change: Change, history: History) -> None:
    if change.order.refunds:
        return
    if history.refund_total:
        raise Unprocessable(Problem("refund_total", "exceeds_paid"))
    if history.refunded_lines:
        raise Unprocessable(Problem("refund_line_items", "nothing_refunded"))


# -- goods, and the end ----------------------------------------------------------------------------


def _ship(change: Change, history: History) -> None:
    _move_on(change, history.until, change.order.payment_due_at)
    commands.ship(change)


def _complete(change: Change, history: History) -> None:
    _move_on(change, history.until)
    commands.complete(change)


def _cancel(change: Change, history: History) -> None:
    _move_on(change, history.until, change.order.payment_due_at)
    commands.cancel(change)


def _do_nothing(_change: Change, _history: History) -> None:
    pass


def _move_on(change: Change, until: datetime, deadline: datetime | None = None) -> None:
    """To ``until``, but to before ``deadline``; never back."""
    if deadline is not None and deadline <= until:
        until = deadline - _MILLISECOND
    change.now = max(change.now, until)


_COMMANDS: Final[Mapping[Intent, Callable[[Change, History], None]]] = {
    Intent.NOTHING: _do_nothing,
    Intent.EXPECT_PAYMENT: _expect_payment,
    Intent.RECORD_PAYMENT: _record_payment,
    Intent.RECORD_REFUND: _record_refund,
    Intent.RECORD_PARTIAL_REFUND: _record_partial_refund,
    Intent.SHIP: _ship,
    Intent.COMPLETE: _complete,
    Intent.CANCEL: _cancel,
}
