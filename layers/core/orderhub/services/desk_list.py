"""The orders on a seller's desk, and those that a shop placed at others."""

from collections.abc import Callable, Collection, Iterable, Iterator
from heapq import merge
from itertools import islice
from typing import Final, TypeVar

from orderhub.domain.errors import AmbiguousReference, NotFound
from orderhub.domain.order import Order
from orderhub.domain.status import OrderStatus

from .desk import Desk

LIMIT: Final = 500
_BATCH: Final = 100

_T = TypeVar("_T")


def _all(_: Order) -> bool:
    return True


def orders_on_desk(
    desk: Desk,
    shop_id: str,
    *,
    is_filed: bool,
    statuses: Collection[OrderStatus] = tuple(OrderStatus),
    fits: Callable[[Order], bool] = _all,
    limit: int = LIMIT,
) -> list[Order]:
    """The newest ``limit`` orders of a shop that are filed, or not, and in one of ``statuses``,
    newest first, as everybody must see them now. ``fits`` says which of those are wanted.

    One query per status, merged, and a batch read per 100 orders. Open orders are looked at for
    ``expired`` too: past its deadline an order is expired before anybody has written that down.
    """
    now = desk.clock.now()
    stored = set(statuses)
    if OrderStatus.EXPIRED in stored:
        stored.add(OrderStatus.OPEN)
    partitions = [
        desk.orders.on_desk(shop_id, is_filed=is_filed, status=status) for status in sorted(stored)
    ]
    found = (
        seen
        for ids in _batches(merge(*partitions, reverse=True), limit)
        for seen in (order.as_of(now) for order in desk.orders.get_many(shop_id, ids))
        # The index may be a moment behind the orders.
        if seen.is_filed is is_filed and seen.status in statuses and fits(seen)
    )
    return list(islice(found, limit))


def orders_bought(
    desk: Desk,
    buying_shop_id: str,
    *,
    fits: Callable[[Order], bool] = _all,
    limit: int = LIMIT,
) -> list[Order]:
    """The newest ``limit`` orders that a shop placed at other shops, newest first, as everybody
    must see them now. ``fits`` says which of those are wanted.

    This reads across tenants: nothing but orders that name the shop as their buyer.
    """
    now = desk.clock.now()
    found = (
        seen
        for keys in _batches(desk.orders.bought_by(buying_shop_id), limit)
        for seen in (order.as_of(now) for order in desk.orders.get_each(keys))
        if seen.buying_shop_id == buying_shop_id and fits(seen)
    )
    return list(islice(found, limit))


def find_bought_order(desk: Desk, buying_shop_id: str, order_id: int) -> Order:
    """The order with this id that a shop placed at another one, as it is stored. Two reads.

    An id alone doesn't tell which shop sells. Raises :class:`NotFound`, also for orders of other
    buyers, or :class:`AmbiguousReference` when the shop bought at two shops under the same id.
    """
    keys = desk.orders.bought(buying_shop_id, order_id)
    if len(keys) > 1:
        raise AmbiguousReference("order", order_id)
    order = desk.orders.get(keys[0].shop_id, order_id) if keys else None
    if order is None or order.buying_shop_id != buying_shop_id:
        raise NotFound("order", order_id)
    return order


def _batches(given: Iterable[_T], limit: int) -> Iterator[list[_T]]:
    remaining = iter(given)
    while batch := list(islice(remaining, min(limit, _BATCH))):
        yield batch
