"""From orders to this API's answers. ``docs/apis/bricklink.md`` lists their fields."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from itertools import groupby
from typing import Final

from orderhub.domain.correspondence import Feedback, Message, Party
from orderhub.domain.events import Recorded
from orderhub.domain.order import Order
from orderhub.domain.payment import PaymentState
from orderhub.domain.shop import Shop
from orderhub.services.view_orders import Viewed, ViewedClosely
from orderhub.wire.contract import Problem, Response, Unprocessable
from orderhub.wire.statuses import State

from . import costs, facts, status
from .errors import HTTP_OK, Meta, envelope
from .items import item, number_of, size, weight_of
from .people import address, buyer_email, buyer_name
from .values import Json, flag_in, integer_in, present, text_in, time, weight

_LARGEST_ANSWER: Final = 5_000_000
"""In bytes: Lambda hands over 6 MB at most."""

_SIDES: Final = {Party.SELLER: "S", Party.BUYER: "B"}


# -- answers ---------------------------------------------------------------------------------------


def orders(found: Iterable[Viewed], now: datetime) -> Response:
    """The summaries of orders as of ``now``."""
    return _answer([_summary(_Seen.of(viewed, now)) for viewed in found])


def order(viewed: ViewedClosely, now: datetime) -> Response:
    """One order as of ``now``."""
    shown = _order(
        _Seen.of(viewed, now),
        status_changed_at=_status_changed_at(viewed.order, viewed.history, now),
        purchases=viewed.purchases,
    )
    return _answer(shown, order_id=viewed.order.id, version=viewed.order.version)


def items(viewed: Viewed) -> Response:
    """An order's lots, those that were added later as later batches.

    Raises :class:`Unprocessable` (``order_id``, ``too_large``) for more than an answer can hold.
    """
    lines = viewed.order.lines
    if sum(map(size, lines)) > _LARGEST_ANSWER:
        raise Unprocessable(Problem("order_id", "too_large"))
    batches = [
        [item(line, viewed.order.currency, is_bought=viewed.is_bought) for line in batch]
        for _, batch in groupby(lines, key=lambda line: line.batch)
    ]
    return _answer(batches, order_id=viewed.order.id)


def messages(viewed: Viewed) -> Response:
    """Those that the caller received as a seller: of an order that it placed, none."""
    received = () if viewed.is_bought else viewed.order.messages
    return _answer([_message(each) for each in received], order_id=viewed.order.id)


def feedback(viewed: Viewed) -> Response:
    given = viewed.order.feedback
    return _answer([_feedback(each, viewed.order.id) for each in given], order_id=viewed.order.id)


def done(order: Order) -> Response:
    """Of changes that answer with an empty ``data``."""
    return _answer({}, order_id=order.id, version=order.version)


def _answer(data: object, **about: object) -> Response:
    return Response(HTTP_OK, envelope(Meta.OK, Meta.OK.message, data), about=about)


# -- orders ----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Seen:
    """An order as everybody must see it now."""

    order: Order
    seller: Shop | None
    is_bought: bool

    @classmethod
    def of(cls, viewed: Viewed, now: datetime) -> "_Seen":
        return cls(viewed.order.as_of(now), viewed.seller, viewed.is_bought)


def _summary(seen: _Seen) -> Json:
    return present(
        **_heading(seen),
        payment=_payment(seen.order),
        cost=costs.summary(seen.order),
    )


def _order(seen: _Seen, *, status_changed_at: datetime, purchases: int | None) -> Json:
    order = seen.order
    known = facts.of(order)
    cost = costs.resource(order)
    return present(
        **_heading(seen),
        date_status_changed=time(status_changed_at),
        buyer_email=buyer_email(order),
        buyer_order_count=purchases,
        require_insurance=flag_in(known, facts.REQUIRE_INSURANCE),
        is_invoiced=bool(order.invoices),
        # Filing and remarks are the seller's own.
        is_filed=order.is_filed and not seen.is_bought,
        drive_thru_sent=order.thanked_at is not None,
        salesTax_collected_by_bl=facts.TAX_RATE in known,
        remarks="" if seen.is_bought else order.remarks,
        total_weight=_total_weight(order),
        payment=_payment(order),
        shipping=_shipping(order),
        cost=cost,
        # Orders are shown in the currency in which they were made.
        disp_cost=cost,
    )


def _heading(seen: _Seen) -> Json:
    """What summary and resource begin with."""
    order = seen.order
    return present(
        order_id=order.id,
        date_ordered=time(order.created_at),
        seller_name=order.shop_id,
        store_name=seen.seller.name if seen.seller else None,
        buyer_name=buyer_name(order),
        total_count=sum(line.quantity for line in order.lines),
        unique_count=len({number_of(line) for line in order.lines}),
        status=_word(order).value,
    )


def _payment(order: Order) -> Json:
    said = text_in(facts.of(order), facts.PAYMENT_SAID)
    return present(
        method=order.details.payment_method or _method_paid_by(order),
        currency_code=order.currency,
        date_paid=time(order.paid_at) if order.paid_at else None,
        status=status.PAYMENT_STATUS.word(State.of(order), said=said).value,
    )


def _method_paid_by(order: Order) -> str:
    methods = [each.method for each in order.payments if each.state is PaymentState.CAPTURED]
    return methods[-1] if methods else ""


def _shipping(order: Order) -> Json:
    """The last parcel; before there is one, what was told of it."""
    known = facts.of(order)
    parcel = order.shipments[-1] if order.shipments else None
    announced = text_in(known, facts.DATE_SHIPPED)
    shipped_at = datetime.fromisoformat(announced) if announced else None
    if parcel:
        shipped_at = parcel.sent_at
    link = text_in(known, facts.TRACKING_LINK)
    number = text_in(known, facts.TRACKING_NUMBER)
    return present(
        method=text_in(known, facts.METHOD) or (parcel.carrier if parcel else ""),
        method_id=integer_in(known, facts.METHOD_ID),
        tracking_no=(parcel.tracking_number if parcel else "") or number,
        tracking_link=(parcel.tracking_url if parcel else "") or link,
        date_shipped=time(shipped_at) if shipped_at else None,
        address=address(order.details.shipping_address),
    )


def _total_weight(order: Order) -> str:
    """``0.00`` when the weight of a lot is not known, as the vendor has it."""
    whole = Decimal(0)
    for line in order.lines:
        grams = weight_of(line)
        if grams is None:
            return weight(Decimal(0))
        whole += grams * line.quantity
    return weight(whole)


def _status_changed_at(stored: Order, history: Sequence[Recorded], now: datetime) -> datetime:
    """When the order began to read as it does at ``now``: by an event, or by a deadline that
    passed, whether and whenever that was written down."""
    order = Order.place(stored.shop_id, stored.id, history[0])
    word, since = _word(order), history[0].at
    for recorded in (*history[1:], None):
        until = recorded.at if recorded else now
        for deadline in order.deadlines:
            if deadline.at <= until and _word(order.as_of(deadline.at)) is not word:
                word, since = _word(order.as_of(deadline.at)), deadline.at
        if recorded:
            order = order.apply(recorded)
            if _word(order.as_of(recorded.at)) is not word:
                word, since = _word(order.as_of(recorded.at)), recorded.at
    return since


def _word(order: Order) -> status.StatusWord:
    return status.STATUS.word(State.of(order))


# -- what was written ------------------------------------------------------------------------------


def _message(message: Message) -> Json:
    written = {"from": message.sender, "to": message.recipient}
    return present(
        subject=message.subject, body=message.body, **written, dateSent=time(message.sent_at)
    )


def _feedback(given: Feedback, order_id: int) -> Json:
    parties = {"from": given.sender, "to": given.recipient}
    return present(
        feedback_id=given.id,
        order_id=order_id,
        **parties,
        date_rated=time(given.rated_at),
        rating=given.rating.value,
        rating_of_bs=_SIDES[given.side],
        comment=given.comment,
        reply=given.reply,
    )
