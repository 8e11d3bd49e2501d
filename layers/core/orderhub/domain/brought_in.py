"""Orders that come from elsewhere: what happened to them there need not follow our rules of when,
but it has to add up."""

from collections.abc import Iterator, Sequence
from dataclasses import fields, is_dataclass
from datetime import MAXYEAR, datetime
from typing import Final

from . import commands, ledger
from . import events as happened
from .change import Change
from .errors import InvalidField, Reason, Refused
from .events import Event, Recorded
from .identity import in_range
from .money import MAX_MINOR_UNITS
from .order import Order
from .payment import MAX_PAYMENTS, PaymentState
from .refund import MAX_REFUNDS, Refund, RefundState
from .shipment import MAX_SHIPMENTS, Shipment, ShipmentState
from .status import OrderStatus

_ENDS: Final = (happened.OrderCompleted, happened.OrderCancelled, happened.OrderExpired)
_PRICES: Final = (happened.LinesAdded, happened.ChargesChanged, happened.PriceAdjusted)


def expire(change: Change) -> None:
    """Close an unpaid order whose time to pay was over elsewhere. What was paid in part is due
    back. An expired order stays as it is.

    Raises :class:`Refused` for orders that are paid or otherwise closed, and :class:`InvalidField`
    (``closed_at``) for one whose own deadline is still to come.
    """
    order = change.order
    if order.status is OrderStatus.EXPIRED:
        return
    if order.status is not OrderStatus.OPEN:
        raise Refused(f"order_{order.status.value}")
    if order.is_paid:
        raise Refused(Reason.ORDER_PAID, "a paid order doesn't expire")
    if order.payment_due_at is not None and change.now < order.payment_due_at:
        message = f"payment is due until {order.payment_due_at.isoformat()}"
        raise InvalidField("closed_at", "too_early", message)
    change.record(happened.OrderExpired(refund_due=order.refundable))


def replay(change: Change, history: Sequence[Recorded]) -> None:
    """Record an order's history from elsewhere on the change that places it: each event as it was,
    at its time, and of who caused it. What placing the order has recorded already must be how it
    begins.

    Raises :class:`InvalidField` naming the event (``events[3]``) that can't be, or ``events`` where
    all of them together don't add up.
    """
    actor = change.actor
    for index, (ours, told) in enumerate(zip(change.recorded, history, strict=False)):
        if (ours.event, ours.at) != (told.event, told.at):
            raise _impossible(index, "not how an order like this begins")
    if len(history) < len(change.recorded):
        raise _impossible(len(history), "missing: an order like this begins with more")
    try:
        for index in range(len(change.recorded), len(history)):
            _record(change, history[index], index)
        for flaw in _flaws(change.order, change.recorded):
            raise InvalidField("events", "impossible", flaw)
    except (ArithmeticError, LookupError, TypeError, ValueError) as error:
        # They may say anything, in currencies that don't mix.
        raise InvalidField("events", "impossible", f"can't be replayed: {error}") from error
    finally:
        change.actor = actor


def _record(change: Change, told: Recorded, index: int) -> None:
    flaw = next(_flaws_of(change.order, told.event), "")
    if flaw:
        raise _impossible(index, flaw)
    if told.at < change.now:
        raise _impossible(index, "it is from before the one before it")
    if not in_range(told.at):
        raise _impossible(index, "no order is of that time")
    change.actor = told.actor
    change.now = told.at
    change.record(told.event)


def _flaws_of(order: Order, event: Event) -> Iterator[str]:
    """What can't be about the next event of an order."""
    refunds = (*order.refunds, *order.held_refunds)
    if isinstance(event, happened.OrderPlaced):
        yield "an order is placed once"
    if isinstance(event, happened.OrderPaid) and order.is_paid:
        yield "the order was paid already"
    if isinstance(event, happened.OrderPaid) and event.total != order.total:
        yield f"the order costs {order.total}, not {event.total}"
    if isinstance(event, _ENDS) and order.status.is_closed:
        yield f"the order was {order.status.value} already"
    ids = {
        "payment": [payment.id for payment in order.payments],
        "refund": [refund.id for refund in refunds],
        "shipment": [shipment.id for shipment in order.shipments],
    }
    for name, known in ids.items():
        meant = getattr(event, f"{name}_id", None)
        added = getattr(getattr(event, name, None), "id", None)
        if added is not None and getattr(event, "was_known", False):
            meant, added = added, None
        if meant is not None and meant not in known:
            yield f"the order has no {name} {meant}"
        if added is not None and added != len(known) + 1:
            yield f"its next {name} is {len(known) + 1}, not {added}"
    if isinstance(event, happened.RefundSucceeded) and event.amount is not None:
        of = [refund.amount for refund in refunds if refund.id == event.refund_id]
        if event.amount not in of:
            yield f"refund {event.refund_id} is not of {event.amount}"
    if isinstance(event, happened.LinesAdded):
        first = len(order.lines) + 1
        if [line.id for line in event.lines] != list(range(first, first + len(event.lines))):
            yield f"its next line is {first}"
    yield from _flaws_of_prices(order, event)
    yield from _flaws_of_payment(order, event)
    if isinstance(event, happened.RefundRequested):
        yield from _flaws_of_refund(order, event.refund)
    if isinstance(event, happened.RefundReportedEarly) and event.refund.amount.amount <= 0:
        yield "a refund is of nothing"
    if isinstance(event, happened.LinesShipped):
        yield from _flaws_of_shipment(event.shipment)
    if any(at.year == MAXYEAR for at in _times_in(event)):
        # There are clocks that would show the year after the last.
        yield "it has to do with the end of time"


def _flaws_of_prices(order: Order, event: Event) -> Iterator[str]:
    if isinstance(event, _PRICES) and order.is_paid:
        yield "a paid order's price can't change"
    try:
        match event:
            case happened.LinesAdded(lines=lines):
                commands.require_sane_prices(order, lines)
            case happened.ChargesChanged(charges=charges, discounts=discounts):
                commands.require_sane_prices(order, (), charges, discounts)
    except InvalidField as error:
        yield f"{error.field}: {error.reason}"


def _flaws_of_payment(order: Order, event: Event) -> Iterator[str]:
    """What can't be about how a payment goes on, or begins."""
    states = {payment.id: payment.state for payment in order.payments}
    match event:
        case happened.PaymentStarted(payment=payment):
            begins = PaymentState.PENDING
            if payment.amount.currency != order.currency:
                yield f"the order is in {order.currency}"
        case happened.PaymentCaptured(payment=payment):
            begins = PaymentState.CAPTURED
        case happened.PaymentHeld(payment=payment, was_known=was_known):
            begins = PaymentState.HELD
            if was_known and states[payment.id].has_money:
                yield f"payment {payment.id} has come in already"
        case happened.PaymentConfirmed(payment_id=of) | happened.PaymentFailed(payment_id=of):
            if of in states and states[of].has_money:
                yield f"payment {of} has come in already"
            return
        case happened.PaymentAccepted(payment_id=of):
            if of in states and states[of] is not PaymentState.HELD:
                yield f"payment {of} is not held"
            return
        case _:
            return
    if payment.state is not begins:
        yield f"its payment is {payment.state.value}, not {begins.value}"


def _flaws_of_refund(order: Order, refund: Refund) -> Iterator[str]:
    """What can't be about one that begins."""
    if refund.state is not RefundState.REQUESTED:
        yield f"its refund is {refund.state.value} already"
    of = next((each for each in order.payments if each.id == refund.payment_id), None)
    if of is None and (refund.payment_id is not None or refund.is_of_held):
        yield f"the order has no payment {refund.payment_id}"
    elif of is not None and refund.is_of_held:
        if of.state is PaymentState.CAPTURED:
            yield f"payment {of.id} is not held"
        if of.amount.currency != refund.amount.currency:
            yield f"payment {of.id} was in {of.amount.currency}"
    beyond = refund.beyond_sale
    if beyond is not None and (
        beyond.currency != refund.amount.currency or not 0 <= beyond.amount <= refund.amount.amount
    ):
        yield f"{beyond} of it can't be beyond the sale"
    lines = {line.id for line in order.lines}
    if any(part.line_id not in lines or part.quantity < 1 for part in refund.lines):
        yield "it is for pieces that the order doesn't have"


def _flaws_of_shipment(shipment: Shipment) -> Iterator[str]:
    if shipment.state is not ShipmentState.SENT:
        yield f"its parcel is {shipment.state.value} already"
    if any(part.quantity < 1 for part in shipment.lines):
        yield "a line of its parcel has no pieces"


def _times_in(value: object) -> Iterator[datetime]:
    if isinstance(value, datetime):
        yield value
    elif isinstance(value, tuple):
        for part in value:
            yield from _times_in(part)
    elif is_dataclass(value):
        for each in fields(value):
            yield from _times_in(getattr(value, each.name))


def _flaws(order: Order, history: Sequence[Recorded]) -> Iterator[str]:
    """What does not add up about an order and its events."""
    told = ledger.of_events(history)
    if {each for each in told.balances.items() if each[1]} != {
        each for each in ledger.of_order(order).items() if each[1]
    }:
        yield f"its money is not what they tell: {told.text}"
    if told.uncovered:
        yield f"it was marked as paid when {told.uncovered} were missing"
    if order.refunded + order.refunds_pending > order.captured:
        yield f"more went back than the {order.captured} that came in"
    for name, many, most in (
        ("payments", len(order.payments), MAX_PAYMENTS),
        ("refunds", max(len(order.refunds), len(order.held_refunds)), MAX_REFUNDS),
        ("parcels", len(order.shipments), MAX_SHIPMENTS),
    ):
        if many > most:
            yield f"it has {many} {name}, and an order has at most {most}"
    for payment in order.payments:
        if not 0 <= payment.amount.amount <= MAX_MINOR_UNITS:
            yield f"payment {payment.id} is out of range"
        if payment.state is PaymentState.HELD and order.returned_of(payment) > payment.amount:
            yield f"more of payment {payment.id} went back than came in"
    if not 0 <= order.total.amount <= MAX_MINOR_UNITS:
        yield f"its total of {order.total} is out of range"
    if any(refund.amount.amount <= 0 for refund in (*order.refunds, *order.held_refunds)):
        yield "a refund is of nothing"
    if any(line.quantity < 1 for line in order.lines):
        yield "a line has no pieces"
    for line_id, left in order.unshipped().items():
        if left < 0:
            yield f"of line {line_id}, more was sent than ordered"


def _impossible(index: int, message: str) -> InvalidField:
    return InvalidField(f"events[{index}]", "impossible", message)
