"""From requests to what the core is asked to do."""

import re
from typing import Final, NoReturn, TypeVar

from orderhub.domain import commands
from orderhub.domain.commands import Change
from orderhub.domain.dataclass import dataclass
from orderhub.domain.errors import InvalidField, NotFound
from orderhub.domain.identity import MAX_ORDER_ID
from orderhub.domain.lines import Attributes
from orderhub.domain.order import Order
from orderhub.domain.shipment import LONGEST_TRACKING_NUMBER, LONGEST_TRACKING_URL
from orderhub.domain.text import readable, web_address
from orderhub.services.change_costs import Costs, apply_costs
from orderhub.services.desk import Decide
from orderhub.services.thank_buyer import ThankYou
from orderhub.services.view_orders import Listing
from orderhub.wire.contract import OpenRequest, Problem, Request, Unprocessable
from orderhub.wire.fields import parse
from orderhub.wire.statuses import State, all_states

from . import facts, moves, status
from .errors import NoSuchPath, WrongMethod
from .schema import (
    ANY_STATUS,
    Direction,
    DriveThru,
    OrderEdit,
    OrderFilters,
    Patch,
    ShippingEdit,
    StatusFilter,
)
from .status import PaymentWord, StatusWord

_W = TypeVar("_W", StatusWord, PaymentWord)

DRIVE_THRU: Final = "Thank You, Drive Thru!"

_ID: Final = re.compile(r"[0-9]{1,19}")
_KNOWN_PATHS: Final = re.compile(
    r"orders(/[^/]+(/(items|messages|feedback|status|payment_status|drive_thru))?)?/?"
)


def order_id(request: OpenRequest) -> int:
    """``{order_id}``. Raises :class:`Unprocessable` for what is no integer, and
    :class:`NotFound` for one that no order can have."""
    given = request.path["order_id"]
    if not _ID.fullmatch(given):
        raise Unprocessable(Problem("order_id", "not_an_integer"))
    if int(given) > MAX_ORDER_ID:
        raise NotFound("order", given)
    return int(given)


def listing(request: Request) -> Listing:
    """``GET /orders``: which of them, and whose."""
    given = parse(OrderFilters, request.query)
    wanted = given.status or ANY_STATUS
    return Listing(
        is_bought=given.direction is Direction.OUT,
        is_filed=given.filed or False,
        statuses=frozenset(
            state.order for state in all_states() if wanted.wants(status.STATUS.word(state))
        ),
        fits=_Reads(wanted),
    )


@dataclass(frozen=True, slots=True)
class _Reads:
    """Whether an order, as it must be seen now, reads as a word that is wanted."""

    wanted: StatusFilter

    def __call__(self, order: Order) -> bool:
        return self.wanted.wants(status.STATUS.word(State.of(order)))


# -- changes ---------------------------------------------------------------------------------------


def edit(request: Request) -> Decide:
    """``PUT /orders/{order_id}``: all that it names, in one change.

    Costs change while the order is unpaid, and are ignored from then on. What is told of a parcel
    is told of the last one that went out; before there is one, it is kept for it.
    """
    given = parse(OrderEdit, request.body)
    cost, shipping = given.cost, given.shipping

    def decide(change: Change) -> None:
        if cost is not None:
            apply_costs(
                change,
                Costs(
                    shipping=cost.shipping,
                    insurance=cost.insurance,
                    credit=cost.credit,
                    etc1=cost.etc1,
                    etc2=cost.etc2,
                ),
            )
        if shipping is not None:
            _tell_of_parcel(change, shipping)
        if given.is_filed is not None:
            commands.file(change, given.is_filed)
        if given.remarks is not None:
            commands.remark(change, given.remarks)

    return decide


def _tell_of_parcel(change: Change, told: ShippingEdit) -> None:
    if told.method_id is not None:
        commands.keep_facts(change, facts.WIRE, {facts.METHOD_ID: told.method_id})
    if not change.order.shipments:
        commands.keep_facts(change, facts.WIRE, _of_coming_parcel(told))
        return
    commands.correct_shipment(
        change,
        change.order.shipments[-1].id,
        tracking_number=told.tracking_no,
        tracking_url=told.tracking_link,
        sent_at=told.date_shipped,
    )
    # What was kept for a parcel that another system sent, and is said again now.
    commands.keep_facts(change, facts.WIRE, dict.fromkeys(_of_coming_parcel(told)))


def _of_coming_parcel(told: ShippingEdit) -> Attributes:
    """What was said, as it is kept; an empty text is forgotten."""
    kept: dict[str, str | None] = {}
    if told.tracking_no is not None:
        number = readable("tracking_number", told.tracking_no, LONGEST_TRACKING_NUMBER)
        kept[facts.TRACKING_NUMBER] = number or None
    if told.tracking_link is not None:
        link = web_address("tracking_url", told.tracking_link, LONGEST_TRACKING_URL)
        kept[facts.TRACKING_LINK] = link or None
    if told.date_shipped is not None:
        kept[facts.DATE_SHIPPED] = told.date_shipped.isoformat()
    return kept


def status_patch(request: Request) -> Decide:
    """``PUT /orders/{order_id}/status``."""
    word = _word(request, "status", StatusWord)
    return lambda change: moves.set_status(change, word)


def payment_status_patch(request: Request) -> Decide:
    """``PUT /orders/{order_id}/payment_status``."""
    word = _word(request, "payment_status", PaymentWord)
    return lambda change: moves.set_payment_status(change, word)


def _word(request: Request, field: str, vocabulary: type[_W]) -> _W:
    """The value of a patch for ``field`` and no other, in whatever case."""
    patch = parse(Patch, request.body)
    if patch.field != field:
        raise Unprocessable(Problem("field", "not_listed", {"choices": field}))
    for word in vocabulary:
        if word.value.lower() == patch.value.lower():
            return word
    raise Unprocessable(Problem("value", "not_listed", {"choices": ", ".join(vocabulary)}))


def thank_you(request: Request) -> ThankYou:
    """``POST /orders/{order_id}/drive_thru``.

    Raises :class:`InvalidField` (``copy_to``) for a copy to a shop that has no address.
    """
    wants_copy = parse(DriveThru, request.query).mail_me or False
    if wants_copy and not request.shop.email:
        raise InvalidField("copy_to", "blank")
    return ThankYou(
        seller=request.shop.name,
        copy_to=request.shop.email if wants_copy else "",
        title=DRIVE_THRU,
    )


# -- paths that no operation has -------------------------------------------------------------------


def reject(request: OpenRequest) -> NoReturn:
    """Say what is wrong with a request that has no operation: its method, or its path."""
    path = request.path.get("proxy", "")
    if _KNOWN_PATHS.fullmatch(path):
        raise WrongMethod("The method is not one of those that this URI takes.")
    raise NoSuchPath("The URI is none of this API.")
