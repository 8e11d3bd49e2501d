"""Find a shop's orders by what is known of them, and count them.

A search is driven by the narrowest index that fits and checks the rest of its filters on what
that index yields. What nothing but its position narrows is found by its rank, so that a page far
back costs what the first one does (:mod:`orderhub.services.rank_orders`).
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Final

from orderhub.domain.identity import MAX_ORDER_ID, first_order_id, last_order_id
from orderhub.domain.numbers import number_of
from orderhub.domain.order import Order
from orderhub.ports import OrderSummary

from .desk import Desk
from .rank_orders import STEP, rank_of

_PAGE: Final = 500
"""Index entries in one read: about 150 KB."""
_BATCH: Final = 100
_FEW_CHANGES: Final = 2000
"""Up to so many changes within its bounds make the index of changes the narrower one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderQuery:
    """What the orders looked for have in common.

    All bounds are inclusive but ``since_id``, which the orders' ids exceed; times have a zone.
    ``customer_id`` is what the customer is known by (an id, else an e-mail address, telephone or
    name) or the number that stands for it (:mod:`orderhub.domain.numbers`); ``number_contains`` is
    part of a number.
    """

    since_id: int = 0
    ids: tuple[int, ...] | None = None
    customer_id: str = ""
    number_contains: str = ""
    created_from: datetime | None = None
    created_until: datetime | None = None
    updated_from: datetime | None = None
    updated_until: datetime | None = None

    @property
    def after_id(self) -> int:
        """All ids are greater."""
        if self.created_from is None:
            return max(0, self.since_id)
        # Ids know milliseconds: an order of the millisecond that the bound cuts is too early.
        is_whole = self.created_from.microsecond % 1000 == 0
        earlier = first_order_id(self.created_from) - 1
        return max(0, self.since_id, earlier if is_whole else last_order_id(self.created_from))

    @property
    def before_id(self) -> int:
        """All ids are smaller. An order is never changed before it is created."""
        ends = [at for at in (self.created_until, self.updated_until) if at is not None]
        if not ends:
            return MAX_ORDER_ID + 1
        return min(MAX_ORDER_ID, last_order_id(min(ends))) + 1

    @property
    def is_by_position(self) -> bool:
        """Whether nothing but the order's place in time matters."""
        return (
            self.ids is None
            and not self.customer_id
            and not self.number_contains
            and self.updated_from is None
            and self.updated_until is None
        )

    def fits(self, summary: OrderSummary) -> bool:
        """Whether the order is one of those looked for."""
        return (
            self.after_id < summary.id < self.before_id
            and (self.ids is None or summary.id in self.ids)
            and (not self.customer_id or summary.customer_number == number_of(self.customer_id))
            and self.number_contains in summary.number
            and (self.updated_from is None or summary.updated_at >= self.updated_from)
            and (self.updated_until is None or summary.updated_at <= self.updated_until)
        )


def search_orders(
    desk: Desk, shop_id: str, query: OrderQuery, *, offset: int, limit: int
) -> list[Order]:
    """The orders that fit, by id, after the first ``offset`` of them and ``limit`` at most.

    As they are stored: :meth:`~orderhub.domain.order.Order.as_of` says how they must be shown.
    """
    if query.is_by_position:
        summaries: Iterable[OrderSummary] = _at(desk, shop_id, query, offset, limit)
    else:
        summaries = islice(_fitting(desk, shop_id, query), offset, offset + limit)
    return list(desk.orders.get_many(shop_id, [summary.id for summary in summaries]))


def count_orders(desk: Desk, shop_id: str, query: OrderQuery) -> int:
    """How many orders fit."""
    if not query.is_by_position:
        return sum(1 for _ in _fitting(desk, shop_id, query))
    if query.before_id <= query.after_id + 1:
        return 0
    upto = rank_of(desk, shop_id, query.before_id - 1)
    return upto - rank_of(desk, shop_id, query.after_id)


# -- by position -----------------------------------------------------------------------------------


def _at(
    desk: Desk, shop_id: str, query: OrderQuery, offset: int, limit: int
) -> Iterator[OrderSummary]:
    after_id, to_skip = query.after_id, offset
    if offset >= STEP:
        wanted = rank_of(desk, shop_id, after_id) + offset
        milestone = desk.ranks.before_rank(shop_id, wanted)
        if milestone.id > after_id:
            after_id, to_skip = milestone.id, wanted - milestone.rank
    found = _by_time(desk, shop_id, after_id, query.before_id, page=min(_PAGE, to_skip + limit))
    return islice(found, to_skip, to_skip + limit)


def _by_time(
    desk: Desk, shop_id: str, after_id: int, before_id: int, page: int = _PAGE
) -> Iterator[OrderSummary]:
    while True:
        found = desk.orders.page(shop_id, after_id=after_id, before_id=before_id, limit=page)
        yield from found.orders
        if found.next_after_id is None:
            return
        after_id = found.next_after_id


# -- by other things -------------------------------------------------------------------------------


def _fitting(desk: Desk, shop_id: str, query: OrderQuery) -> Iterator[OrderSummary]:
    """All that fit, by id."""
    return filter(query.fits, _candidates(desk, shop_id, query))


def _candidates(desk: Desk, shop_id: str, query: OrderQuery) -> Iterator[OrderSummary]:
    """What the narrowest index yields within the bounds of ``query``, by id."""
    after_id, before_id = query.after_id, query.before_id
    if before_id <= after_id + 1:
        return iter(())
    if query.ids is not None:
        return _summaries(desk, shop_id, sorted({i for i in query.ids if i > 0}))
    customer = number_of(query.customer_id)
    if customer is not None:
        ids = desk.orders.of_customer(shop_id, customer, after_id=after_id, before_id=before_id)
        return _summaries(desk, shop_id, ids)
    # Otherwise the bounds on creation leave less than those on changes.
    if query.updated_from is not None and after_id < first_order_id(query.updated_from):
        changed = desk.orders.changed(shop_id, query.updated_from, query.updated_until)
        few = list(islice(changed, _FEW_CHANGES + 1))
        if len(few) <= _FEW_CHANGES:
            return _summaries(desk, shop_id, sorted(set(few)))
    return _by_time(desk, shop_id, after_id, before_id)


def _summaries(desk: Desk, shop_id: str, ids: Iterable[int]) -> Iterator[OrderSummary]:
    remaining = iter(ids)
    while batch := list(islice(remaining, _BATCH)):
        yield from map(OrderSummary.of, desk.orders.get_many(shop_id, batch))
