"""Find an order by any name it has: its id, its number, or what another system calls it."""

from collections.abc import Callable, Sequence
from typing import Final, TypeVar

from orderhub.domain import identity
from orderhub.domain.errors import AmbiguousReference, NotFound
from orderhub.domain.events import Recorded
from orderhub.domain.order import Order

from .desk import Desk

NUMBER_SCOPE: Final = "number"
"""The scope of references that are an order's own number, for wires with a format of their own."""

LONGEST_NAME: Final = 255

_T = TypeVar("_T")


def find_order(desk: Desk, shop_id: str, name: str, *, preferred_scope: str | None = None) -> Order:
    """The order that ``name`` means in this shop.

    An id or a number wins over external references; among those, ``preferred_scope`` wins. One
    read for an id or a number that holds an id, one or two more for any other name.

    Raises :class:`NotFound`, or :class:`AmbiguousReference` when several orders share the name.
    """
    return _found(desk, shop_id, name, preferred_scope, desk.orders.get)


def find_order_by_id(desk: Desk, shop_id: str, order_id: int) -> Order:
    """The order with this id and no other name; one read. Raises :class:`NotFound`."""
    return _require(desk.orders.get, shop_id, order_id)


def find_order_with_history(
    desk: Desk, shop_id: str, name: str, *, preferred_scope: str | None = None
) -> tuple[Order, Sequence[Recorded]]:
    """Like :func:`find_order`, with the events that led to the order, in as many reads."""
    return _found(desk, shop_id, name, preferred_scope, desk.orders.get_with_history)


def _found(
    desk: Desk,
    shop_id: str,
    name: str,
    preferred_scope: str | None,
    read: Callable[[str, int], _T | None],
) -> _T:
    if not 0 < len(name) <= LONGEST_NAME:
        raise NotFound("order", name[:LONGEST_NAME])
    order_id = identity.order_id_in(name)
    if order_id is not None:
        order = read(shop_id, order_id)
        if order is not None:
            return order
    named = desk.orders.named(shop_id, "order", name)
    found = {reference.scope: order_id for reference, order_id in named}
    for scope in (NUMBER_SCOPE, preferred_scope):
        if scope is not None and scope in found:
            return _require(read, shop_id, found[scope])
    if not found:
        raise NotFound("order", name)
    if len(set(found.values())) > 1:
        raise AmbiguousReference("order", name)
    return _require(read, shop_id, next(iter(found.values())))


def _require(read: Callable[[str, int], _T | None], shop_id: str, order_id: int) -> _T:
    order = read(shop_id, order_id)
    if order is None:
        raise NotFound("order", order_id)
    return order
