"""Bring in orders that were made elsewhere, by the thousands, each with all that happened to it.

An order is written whole, in one transaction, or not at all. A repeat is known by the order's
reference or by its id, and changes nothing.
"""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from typing import Final

from orderhub.domain import commands, identity
from orderhub.domain.change import in_utc
from orderhub.domain.commands import Change, Placement
from orderhub.domain.dataclass import dataclass
from orderhub.domain.details import Actor
from orderhub.domain.errors import Busy, InvalidField, ReferenceTaken, Refused
from orderhub.domain.order import Order
from orderhub.ports import DAMAGE, Contention, IdTaken, VersionConflict

from .close_due import CLOCK
from .desk import MAX_ATTEMPTS, MAX_SECONDS, Desk
from .find_order import NUMBER_SCOPE
from .hold_room import HeldRoom
from .place_order import numbered, past

ANOTHER_ORDERS: Final = "another_orders"
"""Why an order is refused one of whose names another order has."""
TOO_MANY_AT_ONCE: Final = "too_many_at_once"
"""Why an order is refused for whose time there are no ids left."""


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """An order that was made elsewhere, and what happened to it.

    ``order_id`` and ``number`` are those that it is to have; ``None`` draws an id from the time
    that ``placement.created_at`` says, or from now, and makes the number from the id.
    ``continue_with`` gives further commands to the change that makes the order. It runs on every
    attempt and must depend on the change alone; it may move ``change.now`` on, up to the present.
    """

    placement: Placement
    order_id: int | None = None
    number: str | None = None
    continue_with: Callable[[Change], None] = lambda _: None


@dataclass(frozen=True, slots=True)
class Imported:
    """``is_new`` tells a first time from a repeat."""

    order_id: int
    number: str
    is_new: bool


def import_order(
    desk: Desk, room: HeldRoom, shop_id: str, history: History, actor: Actor, *, is_quiet: bool
) -> Imported:
    """One transactional write and no read, unless the order exists already.

    What was due before the present is written down with it, so that the closing machines find
    nothing to catch up on. Subscribers are told of none of that where ``is_quiet``, and of what
    happens to the order later as of any other's.

    Raises :class:`InvalidField`, :class:`Refused` (:data:`ANOTHER_ORDERS` where its id, a
    reference, a payment or a refund is another order's, which the message names),
    :class:`~orderhub.domain.errors.OutOfStock`, :class:`~orderhub.domain.errors.NameIsAnId` and
    what ``continue_with`` raises for what can't be taken; :class:`Busy` and
    :class:`~orderhub.domain.errors.Unavailable` where another try may help.
    """
    started = desk.clock.monotonic()
    crowded = 0
    for attempt in range(MAX_ATTEMPTS):
        change = as_change(desk, shop_id, history, actor)
        change.is_quiet = is_quiet
        order = change.order
        room.prepare(order.id)
        try:
            desk.orders.commit(change)
        except IdTaken:
            if history.order_id is not None:
                return _there(desk, shop_id, history, order.id)
            crowded += 1
            continue
        except VersionConflict:
            # An order with this id has its names: a repeat by id, or one that drew the same again.
            return _there(desk, shop_id, history, order.id)
        except Contention:
            if desk.clock.monotonic() - started > MAX_SECONDS:
                break
            desk.pause(attempt)
            continue
        except ReferenceTaken as taken:
            if _is_name_of_its_own(taken, history):
                continue  # another order that drew the same number
            return _known_by(desk, shop_id, history, taken)
        finally:
            if not room.was_kept(order.id):
                room.prepare(order.id)
        return Imported(order.id, order.number, is_new=True)
    if crowded == MAX_ATTEMPTS:
        message = "too many orders were made in that millisecond: tell their times more precisely"
        raise Refused(TOO_MANY_AT_ONCE, message)
    raise Busy("others wrote the same things each time; nothing was changed, try again")


def as_change(desk: Desk, shop_id: str, history: History, actor: Actor) -> Change:
    """The change that makes the order, as of now; nothing is read or written.

    Raises :class:`InvalidField` and :class:`Refused` for what can't be taken, and what
    ``history.continue_with`` raises.
    """
    now = desk.clock.now()
    created_at = past("created_at", _made_at(history, now), now)
    order_id = history.order_id
    if order_id is None:
        order_id = identity.order_id(created_at, desk.entropy.order_id_tail())
    number = history.number or identity.default_number(order_id)
    placement = numbered(
        replace(history.placement, created_at=created_at),
        order_id,
        number,
        lambda of: _told_invoice_number(history) or identity.default_invoice_number(of),
    )
    change = commands.place(shop_id, order_id, placement, now, actor)
    history.continue_with(change)
    past("updated_at", change.now, now)
    change.actor = CLOCK
    # At the end of its history first: what it brings along happened before deadlines passed since.
    commands.close_what_is_due(change)
    if change.now < now:
        change.now = now
        commands.close_what_is_due(change)
    return change


def _told_invoice_number(history: History) -> str:
    invoicing = history.placement.invoicing
    return invoicing.number if invoicing else ""


def _made_at(history: History, now: datetime) -> datetime:
    told = history.placement.created_at
    if history.order_id is None:
        return told or now
    if not identity.MIN_ORDER_ID <= history.order_id <= identity.MAX_ORDER_ID:
        raise InvalidField("id", "out_of_range", f"{history.order_id} is not an order's id")
    by_id = identity.created_at(history.order_id)
    if told is not None and in_utc(told) != by_id:
        message = f"it says that the order was made at {by_id.isoformat()}, not {told.isoformat()}"
        raise InvalidField("id", "other_time", message)
    return by_id


def _is_name_of_its_own(taken: ReferenceTaken, history: History) -> bool:
    """Whether the name that another order has was made from a drawn id."""
    is_number = (taken.kind, taken.scope) == ("order", NUMBER_SCOPE)
    return is_number and history.number is None and history.order_id is None


def _known_by(desk: Desk, shop_id: str, history: History, taken: ReferenceTaken) -> Imported:
    """The repeat of an order that has this name."""
    named = any(
        (name.kind, name.scope, name.value) == (taken.kind, taken.scope, taken.value)
        for name in history.placement.references
    )
    is_repeat = named and taken.kind == "order" and history.order_id is None
    if is_repeat or taken.order_id == history.order_id:
        return _there(desk, shop_id, history, taken.order_id)
    other = _read(desk, shop_id, taken.order_id)
    owner = other.number if other else taken.order_id
    raise Refused(ANOTHER_ORDERS, f"{taken.kind} {taken.value} is order {owner}'s already")


def _there(desk: Desk, shop_id: str, history: History, order_id: int) -> Imported:
    """The order that is there, if it is the one that was to be made."""
    order = _read(desk, shop_id, order_id)
    if order is None:
        raise Busy("this order is just being written; try again")
    apart = _apart(order, history)
    if apart:
        raise Refused(ANOTHER_ORDERS, f"order {order.number} is there already, {apart}")
    return Imported(order.id, order.number, is_new=False)


def _read(desk: Desk, shop_id: str, order_id: int) -> Order | None:
    try:
        return desk.orders.get(shop_id, order_id)
    except DAMAGE as error:
        message = f"order {order_id} is there already, and damaged: orderhub reconcile tells more"
        raise Refused(ANOTHER_ORDERS, message) from error


def _apart(order: Order, history: History) -> str:
    """What tells ``order`` from the one that was to be made, in words; empty where nothing does."""
    placement = history.placement
    if history.order_id is not None:
        number = history.number or identity.default_number(history.order_id)
        if order.number != number:
            return f"and its number is not {number}"
    elif history.number is not None and order.number != history.number:
        return f"and its number is not {history.number}"
    if order.currency != placement.currency:
        return f"in {order.currency}, not {placement.currency}"
    for name in placement.references:
        if name.lifetime is None and name not in order.references:
            return f"without the {name.kind} reference {name.value}"
    return ""
