"""Make an order, once: a repeat of the same external reference returns the order that exists."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final

from orderhub.domain import commands, identity
from orderhub.domain.commands import Placement
from orderhub.domain.details import Actor, Reference
from orderhub.domain.errors import Busy, NotFound, ReferenceTaken
from orderhub.domain.order import Order
from orderhub.ports import Contention, IdTaken

from .desk import Desk
from .find_order import NUMBER_SCOPE

_MAX_ATTEMPTS: Final = 12


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
) -> Placed:
    """One transactional write and no read, unless the order exists already.

    ``number_of`` makes the order's number from its id. A number of a wire's own format is claimed
    as one of the order's names; when another order has it already, the next draw gives another.
    ``invoice_number_of`` makes the number of the invoice that is due once the order is paid from
    the order's number. It must give different numbers for different orders.

    Raises :class:`Busy` when nothing could
    be written, and what :func:`orderhub.domain.commands.place` refuses.
    """
    for attempt in range(_MAX_ATTEMPTS):
        now = desk.clock.now()
        order_id = identity.order_id(now, desk.entropy.order_id_tail())
        numbered = _numbered(placement, order_id, number_of(order_id), invoice_number_of)
        change = commands.place(shop_id, order_id, numbered, now, actor)
        try:
            desk.orders.commit(change)
        except IdTaken:
            continue
        except Contention:
            # Most likely the same notification, delivered twice at once: the other one wins.
            desk.pause(attempt)
            continue
        except ReferenceTaken as taken:
            if taken.scope == NUMBER_SCOPE:
                continue  # not a repeat, but another order that drew the same number
            return Placed(_existing(desk, shop_id, taken), is_new=False)
        return Placed(change.order, is_new=True)
    raise Busy("others wrote the same references each time; nothing was changed, try again")


def _numbered(
    placement: Placement, order_id: int, number: str, invoice_number_of: Callable[[str], str]
) -> Placement:
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
