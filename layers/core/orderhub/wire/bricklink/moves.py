"""What a seller's words do to an order: the tables of :mod:`.status`, told to the core as commands.

BrickLink moves no money and no goods itself: its sellers write down what happened.
"""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Final

from orderhub.domain import commands
from orderhub.domain.commands import Change
from orderhub.domain.order import Order
from orderhub.domain.payment import Payment, PaymentState
from orderhub.wire.statuses import Do, InboundTable, Intent, Refuse, State

from . import facts, status
from .errors import NotAllowed
from .status import PaymentWord, StatusWord
from .values import moment_in

PROVIDER: Final = facts.WIRE
"""Of payments and refunds that a seller wrote down."""

_ANOTHERS_PAYMENT: Final = "another payment provider is asked to tell how the payment ended"


def set_status(change: Change, word: StatusWord) -> None:
    """Raises :class:`NotAllowed`, or what the core refuses."""
    _follow(change, status.STATUS_REQUEST, word)
    if word is StatusWord.CANCELLED:
        commands.let_expire(change)


def set_payment_status(change: Change, word: PaymentWord) -> None:
    """Raises :class:`NotAllowed`, or what the core refuses."""
    _follow(change, status.PAYMENT_STATUS_REQUEST, word)
    said = word.value if word in status.PAYMENT_STATUS.kept else None
    commands.keep_facts(change, facts.WIRE, {facts.PAYMENT_SAID: said})


def _follow(change: Change, table: InboundTable[Any], word: StatusWord | PaymentWord) -> None:
    meaning = table.meaning(word, State.of(change.visible))
    if isinstance(meaning, Refuse):
        raise NotAllowed(f"{word} is not possible: {meaning.reason}")
    for intent in meaning.intents:
        _COMMANDS[intent](change, meaning)


# -- money -----------------------------------------------------------------------------------------


def _expect_payment(change: Change, _: Do) -> None:
    payment = _payment(change, PaymentState.PENDING, _transaction_id(change.order))
    commands.start_payment(change, payment, None)


def _record_payment(change: Change, _: Do) -> None:
    announced = _announced(change.order)
    transaction_id = announced.transaction_id if announced else ""
    commands.capture_payment(change, _payment(change, PaymentState.CAPTURED, transaction_id))


def _fail_payment(change: Change, _: Do) -> None:
    announced = _announced(change.order)
    if announced is None:
        raise NotAllowed(_ANOTHERS_PAYMENT)
    commands.fail_payment(change, PROVIDER, announced.transaction_id, "")


def _record_refund(change: Change, _: Do) -> None:
    refund = commands.request_refund(change, change.order.refundable, provider=PROVIDER)
    commands.settle_refund(change, refund.id)


def _payment(change: Change, state: PaymentState, transaction_id: str) -> Payment:
    order = change.order
    return Payment(
        id=0,
        provider=PROVIDER,
        transaction_id=transaction_id,
        amount=order.outstanding,
        state=state,
        created_at=change.now,
        updated_at=change.now,
        method=order.details.payment_method,
    )


def _transaction_id(order: Order) -> str:
    """Of the next payment: whoever learns how it ended can name it."""
    return f"{order.id}-{len(order.payments) + 1}"


def _announced(order: Order) -> Payment | None:
    """The payment that a seller said is clearing."""
    for payment in order.payments:
        if payment.provider == PROVIDER and payment.state is PaymentState.PENDING:
            return payment
    return None


# -- goods, and the end ----------------------------------------------------------------------------


def _ship(change: Change, _: Do) -> None:
    """All that is left, with what was told of the parcel before there was one."""
    known = facts.of(change.order)
    commands.ship(
        change,
        tracking_number=str(known.get(facts.TRACKING_NUMBER) or ""),
        tracking_url=str(known.get(facts.TRACKING_LINK) or ""),
        sent_at=_sent_at(change, moment_in(known, facts.DATE_SHIPPED)),
    )
    told = (facts.TRACKING_NUMBER, facts.TRACKING_LINK, facts.DATE_SHIPPED)
    commands.keep_facts(change, facts.WIRE, dict.fromkeys(told))


def _sent_at(change: Change, announced: datetime | None) -> datetime | None:
    """A day that was announced and has not come yet is not when the goods went."""
    return announced if announced and announced <= change.now else None


def _receive(change: Change, _: Do) -> None:
    commands.receive(change)


def _complete(change: Change, _: Do) -> None:
    commands.complete(change)


def _cancel(change: Change, _: Do) -> None:
    commands.cancel(change)


def _mark(change: Change, meaning: Do) -> None:
    commands.mark(change, meaning.mark)


def _unmark(change: Change, _: Do) -> None:
    commands.mark(change, None)


def _do_nothing(_change: Change, _: Do) -> None:
    pass


_COMMANDS: Final[Mapping[Intent, Callable[[Change, Do], None]]] = {
    Intent.NOTHING: _do_nothing,
    Intent.EXPECT_PAYMENT: _expect_payment,
    Intent.RECORD_PAYMENT: _record_payment,
    Intent.FAIL_PAYMENT: _fail_payment,
    Intent.RECORD_REFUND: _record_refund,
    Intent.SHIP: _ship,
    Intent.RECEIVE: _receive,
    Intent.COMPLETE: _complete,
    Intent.CANCEL: _cancel,
    Intent.MARK: _mark,
    Intent.UNMARK: _unmark,
}
"""Those that this API's tables ask for."""
