"""Make an order, once: a repeat of the same external reference returns the order that exists."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import chain, takewhile
from typing import Final

from orderhub.domain import commands, identity
from orderhub.domain.commands import Change, Placement
from orderhub.domain.dataclass import dataclass
from orderhub.domain.details import Actor, Reference
from orderhub.domain.errors import Busy, InvalidField, NotFound, ReferenceTaken
from orderhub.domain.order import Order
from orderhub.ports import Contention, IdTaken

from .desk import MAX_ATTEMPTS, MAX_SECONDS, Desk
from .find_order import NUMBER_SCOPE
from .rank_orders import is_settled, make_room, note_late

CLOCK_SKEW: Final = timedelta(minutes=5)
"""So far ahead of ours may the clocks of others be."""


@dataclass(frozen=True, slots=True)
class Placed:
    """``is_new`` tells a first time from a repeat."""

    order: Order
    is_new: bool


def place_order(
    desk: Desk,
    shop_id: str,
    placement: Placement,
    actor: Actor,
    number_of: Callable[[int], str] = identity.default_number,
    invoice_number_of: Callable[[str], str] = identity.default_invoice_number,
    *,
    follow_up: Callable[[Change], None] | None = None,
) -> Placed:
    """One transactional write and no read, unless the order exists already or is of the past.

    ``number_of`` makes the order's number from its id. A number of a wire's own format is claimed
    as one of the order's names; when another order has it already, the next draw gives another.
    ``invoice_number_of`` makes the number of the invoice that is due once the order is paid from
    the order's number. It must give different numbers for different orders.

    For an order that was made elsewhere, ``placement.created_at`` says when; its id is drawn from
    that time. ``follow_up`` gives further commands to the change that makes the order, all of which
    are written with it: what was paid, refunded and sent before the order came here. It runs on
    every attempt and must depend on the change alone; it may move ``change.now`` on, up to the
    present. Deadlines that have passed by then are written down as well.

    Raises :class:`InvalidField` (``created_at``, ``updated_at``) for times before 2000-01-02 or in
    the future, :class:`~orderhub.domain.errors.OutOfStock`, :class:`Busy` when nothing could be
    written, what :func:`orderhub.domain.commands.place` refuses, and what ``follow_up`` raises.
    """
    started = desk.clock.monotonic()
    for attempt in range(MAX_ATTEMPTS):
        now = desk.clock.now()
        created_at = now
        if placement.created_at is not None:
            created_at = past("created_at", placement.created_at, now)
        order_id = identity.order_id(created_at, desk.entropy.order_id_tail())
        made = numbered(placement, order_id, number_of(order_id), invoice_number_of)
        change = commands.place(shop_id, order_id, made, now, actor)
        if follow_up:
            follow_up(change)
            past("updated_at", change.now, now)
            commands.close_what_is_due(change)
        try:
            if is_settled(now, order_id):
                make_room(desk, shop_id, order_id)
                note_late(desk, shop_id, order_id, made.number)
            desk.orders.commit(change)
        except IdTaken:
            continue
        except Contention:
            # The same notification, delivered twice at once: the other one wins. Or others take
            # the same things from the stock.
            if desk.clock.monotonic() - started > MAX_SECONDS:
                break
            desk.pause(attempt)
            continue
        except ReferenceTaken as taken:
            if taken.scope == NUMBER_SCOPE:
                continue  # not a repeat, but another order that drew the same number
            return Placed(_existing(desk, shop_id, taken), is_new=False)
        return Placed(change.order, is_new=True)
    raise Busy("others wrote the same things each time; nothing was changed, try again")


def as_placed(desk: Desk, shop_id: str, order_id: int) -> Order:
    """The order as the change that made it left it, whatever happened to it since: what a repeat
    of the request that made it is answered with. One read. Raises :class:`NotFound`.
    """
    history = iter(desk.orders.history(shop_id, order_id))
    first = next(history, None)
    if first is None:
        raise NotFound("order", order_id)
    rest = takewhile(lambda recorded: recorded.continues, history)
    return Order.replay(shop_id, order_id, chain([first], rest))


def past(field: str, at: datetime, now: datetime) -> datetime:
    """``at`` in UTC, if an order's time can be that."""
    if not (identity.in_range(at) and at <= now + CLOCK_SKEW):
        message = f"{at.isoformat()} is not a time from 2000-01-02 to now"
        raise InvalidField(field, "out_of_range", message)
    return at.astimezone(UTC)


def numbered(
    placement: Placement, order_id: int, number: str, invoice_number_of: Callable[[str], str]
) -> Placement:
    """``placement`` with the number of its order and that of its invoice; a number of a format of
    its own is a name that is claimed."""
    references = placement.references
    invoicing = placement.invoicing
    if invoicing:
        invoicing = replace(invoicing, number=invoice_number_of(number))
    if number != identity.default_number(order_id):
        references = (*references, Reference("order", NUMBER_SCOPE, number))
    return replace(placement, number=number, references=references, invoicing=invoicing)


def _existing(desk: Desk, shop_id: str, taken: ReferenceTaken) -> Order:
    order = desk.orders.get(shop_id, taken.order_id)
    if order is None:
        raise NotFound("order", taken.order_id) from taken
    return order
