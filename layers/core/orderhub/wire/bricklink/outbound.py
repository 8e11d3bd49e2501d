"""From orders to this API's answers. ``docs/apis/bricklink.md`` lists their fields."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from itertools import groupby
from typing import TYPE_CHECKING, Final

from orderhub.domain.correspondence import Feedback, Message, Party
from orderhub.domain.dataclass import dataclass
from orderhub.domain.events import Recorded
from orderhub.domain.order import Order
from orderhub.domain.payment import PaymentState
from orderhub.domain.shop import Shop
from orderhub.services.view_orders import Viewed, ViewedClosely
from orderhub.wire.contract import Problem, Response, Unprocessable
from orderhub.wire.statuses import State

from . import costs, facts, status
from .errors import HTTP_OK
from .items import item, number_of, size, weight_of
from .people import address, buyer_email, buyer_name
from .values import flag_in, integer_in, moment_in, present, text_in, time, weight

if TYPE_CHECKING:
    from . import answers

_LARGEST_ANSWER: Final = 5_000_000
"""In bytes: Lambda hands over 6 MB at most."""

_SIDES: Final[Mapping[Party, "answers.Side"]] = {Party.SELLER: "S", Party.BUYER: "B"}

_DONE: Final["answers.Done"] = {"description": "OK", "message": "OK", "code": 200}


# -- answers ---------------------------------------------------------------------------------------


def orders(found: Iterable[Viewed], now: datetime) -> Response:
    """The summaries of orders as of ``now``."""
    shown = [_summary(_Seen.of(viewed, now)) for viewed in found]
    body: answers.OrdersAnswer = {"meta": _DONE, "data": shown}
    return Response(HTTP_OK, body)


def order(viewed: ViewedClosely, now: datetime) -> Response:
    """One order as of ``now``."""
    shown = _order(
        _Seen.of(viewed, now),
        status_changed_at=_status_changed_at(viewed.order, viewed.history, now),
        purchases=viewed.purchases,
    )
    body: answers.OrderAnswer = {"meta": _DONE, "data": shown}
    return Response(HTTP_OK, body, about=_about(viewed.order))


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
    body: answers.ItemsAnswer = {"meta": _DONE, "data": batches}
    return Response(HTTP_OK, body, about={"order_id": viewed.order.id})


def messages(viewed: Viewed) -> Response:
    """Those that the caller received as a seller: of an order that it placed, none."""
    received = () if viewed.is_bought else viewed.order.messages
    body: answers.MessagesAnswer = {"meta": _DONE, "data": [_message(each) for each in received]}
    return Response(HTTP_OK, body, about={"order_id": viewed.order.id})


def feedback(viewed: Viewed) -> Response:
    order_id = viewed.order.id
    given = [_feedback(each, order_id) for each in viewed.order.feedback]
    body: answers.FeedbackAnswer = {"meta": _DONE, "data": given}
    return Response(HTTP_OK, body, about={"order_id": order_id})


def done(order: Order) -> Response:
    """Of changes that answer with an empty ``data``."""
    body: answers.DoneAnswer = {"meta": _DONE, "data": {}}
    return Response(HTTP_OK, body, about=_about(order))


def _about(order: Order) -> dict[str, object]:
    return {"order_id": order.id, "version": order.version}


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


def _summary(seen: _Seen) -> "answers.Summary":
    return {**_heading(seen), "cost": costs.summary(seen.order)}


def _order(seen: _Seen, *, status_changed_at: datetime, purchases: int | None) -> "answers.Order":
    order = seen.order
    known = facts.of(order)
    cost = costs.resource(order)
    shown: answers.Order = {
        **_heading(seen),
        "date_status_changed": time(status_changed_at),
        "buyer_email": buyer_email(order),
        **_purchases(purchases),
        "require_insurance": flag_in(known, facts.REQUIRE_INSURANCE),
        "is_invoiced": bool(order.invoices),
        # Filing and remarks are the seller's own.
        "is_filed": order.is_filed and not seen.is_bought,
        "drive_thru_sent": order.thanked_at is not None,
        "salesTax_collected_by_bl": facts.TAX_RATE in known,
        "remarks": "" if seen.is_bought else order.remarks,
        "total_weight": _total_weight(order),
        "shipping": _shipping(order),
        "cost": cost,
        # Orders are shown in the currency in which they were made.
        "disp_cost": cost,
    }
    return present(shown)


def _purchases(count: int | None) -> "answers.Purchases":
    return {} if count is None else {"buyer_order_count": count}


def _heading(seen: _Seen) -> "answers.Heading":
    """What summary and resource begin with."""
    order = seen.order
    shown: answers.Heading = {
        "order_id": order.id,
        "date_ordered": time(order.created_at),
        "seller_name": order.shop_id,
        "store_name": seen.seller.name if seen.seller else "",
        "buyer_name": buyer_name(order),
        "total_count": sum(line.quantity for line in order.lines),
        "unique_count": len({number_of(line) for line in order.lines}),
        "status": _word(order),
        "payment": _payment(order),
    }
    return present(shown)


def _payment(order: Order) -> "answers.Payment":
    said = text_in(facts.of(order), facts.PAYMENT_SAID)
    shown: answers.Payment = {
        "method": order.details.payment_method or _method_paid_by(order),
        "currency_code": order.currency,
        "date_paid": time(order.paid_at) if order.paid_at else "",
        "status": status.PAYMENT_STATUS.word(State.of(order), said=said),
    }
    return present(shown)


def _method_paid_by(order: Order) -> str:
    methods = [each.method for each in order.payments if each.state is PaymentState.CAPTURED]
    return methods[-1] if methods else ""


def _shipping(order: Order) -> "answers.Shipping":
    """The last parcel; before there is one, what was told of it."""
    known = facts.of(order)
    parcel = order.shipments[-1] if order.shipments else None
    shipped_at = parcel.sent_at if parcel else moment_in(known, facts.DATE_SHIPPED)
    link = text_in(known, facts.TRACKING_LINK)
    number = text_in(known, facts.TRACKING_NUMBER)
    shown: answers.Shipping = {
        "method": text_in(known, facts.METHOD) or (parcel.carrier if parcel else ""),
        "tracking_no": (parcel.tracking_number if parcel else "") or number,
        "tracking_link": (parcel.tracking_url if parcel else "") or link,
        "date_shipped": time(shipped_at) if shipped_at else "",
    }
    method_id, where = integer_in(known, facts.METHOD_ID), order.details.shipping_address
    if method_id is not None:
        shown["method_id"] = method_id
    if where is not None:
        shown["address"] = address(where)
    return present(shown)


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


def _message(message: Message) -> "answers.Message":
    shown: answers.Message = {
        "subject": message.subject,
        "body": message.body,
        "from": message.sender,
        "to": message.recipient,
        "dateSent": time(message.sent_at),
    }
    return present(shown)


def _feedback(given: Feedback, order_id: int) -> "answers.Feedback":
    shown: answers.Feedback = {
        "feedback_id": given.id,
        "order_id": order_id,
        "from": given.sender,
        "to": given.recipient,
        "date_rated": time(given.rated_at),
        "rating": given.rating,
        "rating_of_bs": _SIDES[given.side],
        "comment": given.comment,
        "reply": given.reply,
    }
    return present(shown)
