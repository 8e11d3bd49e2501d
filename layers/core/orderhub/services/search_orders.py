"""Find a shop's orders by what is known of them, and count them.

A search is driven by the narrowest index that fits; where that doesn't decide, the orders that it
yields are read and looked at. What nothing but its position narrows is found by its rank, so that
a page far back costs what the first one does (:mod:`orderhub.services.rank_orders`). Parts of
numbers have an index of their own (:mod:`orderhub.services.search_numbers`).
"""

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from itertools import chain, islice
from typing import Final

from orderhub.domain.dataclass import dataclass
from orderhub.domain.identity import (
    MAX_ORDER_ID,
    last_id_before,
    last_order_id,
    milliseconds_precise,
)
from orderhub.domain.numbers import number_of
from orderhub.domain.order import Order

from .desk import Desk
from .index_numbers import by_time
from .rank_orders import STEP, rank_of
from .search_numbers import count_with_part, with_part

_PAGE: Final = 500
"""Index entries in one read, at most."""
_BATCH: Final = 100
_MILLISECOND: Final = timedelta(milliseconds=1)
"""Nothing that is stored is more precise."""
_LAST: Final = datetime.max.replace(tzinfo=UTC) - timedelta(days=2)
"""Nothing is changed later, and times near the calendar's end can't be moved on."""


class Filter(StrEnum):
    """What narrows a search beside bounds on ids and on the time of creation."""

    IDS = "ids"
    CUSTOMER = "customer"
    NUMBER = "number"
    UPDATED_FROM = "updated_from"
    UPDATED_UNTIL = "updated_until"


_CERTAIN: Final = frozenset({Filter.CUSTOMER, Filter.NUMBER, Filter.UPDATED_FROM})
"""Filters that an index decides: no order needs to be looked at."""


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
        return max(0, self.since_id, last_id_before(self.created_from))

    @property
    def before_id(self) -> int:
        """All ids are smaller. An order is never changed before it is created."""
        ends = [at for at in (self.created_until, self.updated_until) if at is not None]
        if not ends:
            return MAX_ORDER_ID + 1
        return min(MAX_ORDER_ID, last_order_id(min(ends))) + 1

    @property
    def filters(self) -> frozenset[Filter]:
        """What matters beside the order's place in time."""
        found = {
            Filter.IDS: self.ids is not None,
            Filter.CUSTOMER: bool(self.customer_id),
            Filter.NUMBER: bool(self.number_contains),
            # Orders that were created since then were changed since then.
            Filter.UPDATED_FROM: self.updated_from is not None
            and self.after_id < last_id_before(self.updated_from),
            Filter.UPDATED_UNTIL: self.updated_until is not None,
        }
        return frozenset(name for name, matters in found.items() if matters)

    def fits(self, order: Order) -> bool:
        """Whether the order is one of those looked for."""
        return (
            self.after_id < order.id < self.before_id
            and (self.ids is None or order.id in self.ids)
            and (not self.customer_id or order.customer_number == number_of(self.customer_id))
            and self.number_contains in order.number
            and (self.updated_from is None or order.updated_at >= self.updated_from)
            and (self.updated_until is None or order.updated_at <= self.updated_until)
        )


def search_orders(
    desk: Desk, shop_id: str, query: OrderQuery, *, offset: int, limit: int
) -> list[Order]:
    """The orders that fit, by id, after the first ``offset`` of them and ``limit`` at most.

    As they are stored: :meth:`~orderhub.domain.order.Order.as_of` says how they must be shown.
    """
    if not query.filters:
        ids: Iterable[int] = _at(desk, shop_id, query, offset, limit)
    elif query.filters <= _CERTAIN and len(query.filters) == 1:
        ids = islice(_candidates(desk, shop_id, query), offset, offset + limit)
    else:
        fitting = _fitting(desk, shop_id, query, batch=offset + limit)
        return list(islice(fitting, offset, offset + limit))
    return list(desk.orders.get_many(shop_id, list(ids)))


def count_orders(desk: Desk, shop_id: str, query: OrderQuery) -> int:
    """How many orders fit. Orders are read only where several filters, or ids, must be decided."""
    after_id, before_id = query.after_id, query.before_id
    if before_id <= after_id + 1:
        return 0
    match sorted(query.filters):
        case []:
            return _count_between(desk, shop_id, after_id, before_id)
        case [Filter.UPDATED_UNTIL]:
            all_of_them = _count_between(desk, shop_id, after_id, before_id)
            return all_of_them - len(_changed_later(desk, shop_id, query))
        case [Filter.NUMBER]:
            part = query.number_contains
            return count_with_part(desk, shop_id, part, after_id=after_id, before_id=before_id)
        case [Filter.UPDATED_FROM]:
            return _count_changed_since(desk, shop_id, query)
        case [Filter.CUSTOMER]:
            return sum(1 for _ in _candidates(desk, shop_id, query))
    return sum(1 for _ in _fitting(desk, shop_id, query, batch=_BATCH))


# -- by position -----------------------------------------------------------------------------------


def _at(desk: Desk, shop_id: str, query: OrderQuery, offset: int, limit: int) -> Iterator[int]:
    after_id, to_skip = query.after_id, offset
    if offset >= STEP:
        wanted = rank_of(desk, shop_id, after_id) + offset
        milestone = desk.ranks.before_rank(shop_id, wanted)
        if milestone.id > after_id:
            after_id, to_skip = milestone.id, wanted - milestone.rank
    page = min(_PAGE, to_skip + limit)
    found = by_time(desk, shop_id, after_id, query.before_id, page=page)
    return (order.id for order in islice(found, to_skip, to_skip + limit))


def _count_between(desk: Desk, shop_id: str, after_id: int, before_id: int) -> int:
    return rank_of(desk, shop_id, before_id - 1) - rank_of(desk, shop_id, after_id)


# -- by other things -------------------------------------------------------------------------------


def _fitting(desk: Desk, shop_id: str, query: OrderQuery, batch: int) -> Iterator[Order]:
    """All that fit, by id. ``batch`` of the candidates are read at first, then more at once."""
    remaining = _candidates(desk, shop_id, query)
    while ids := list(islice(remaining, min(batch, _BATCH))):
        yield from filter(query.fits, desk.orders.get_many(shop_id, ids))
        batch *= 2


def _candidates(desk: Desk, shop_id: str, query: OrderQuery) -> Iterator[int]:
    """Ids of all that fit and maybe of others, by id, from the narrowest index.

    With one filter alone that is :data:`_CERTAIN`, of no others.
    """
    after_id, before_id = query.after_id, query.before_id
    if before_id <= after_id + 1:
        return iter(())
    if query.ids is not None:
        return iter(sorted({i for i in query.ids if after_id < i < before_id}))
    customer = number_of(query.customer_id)
    if customer is not None:
        return desk.orders.of_customer(shop_id, customer, after_id=after_id, before_id=before_id)
    if query.updated_from is not None and Filter.UPDATED_FROM in query.filters:
        # Whatever was made since then was changed since then.
        made_since = max(after_id, last_id_before(query.updated_from))
        changed = _changed(desk, shop_id, query, query.updated_from, query.updated_until)
        made = by_time(desk, shop_id, made_since, before_id)
        older = sorted(order_id for order_id in changed if order_id <= made_since)
        return chain(older, (order.id for order in made))
    if query.number_contains:
        found = with_part(
            desk, shop_id, query.number_contains, after_id=after_id, before_id=before_id
        )
        return (order_id for order_id, _ in found)
    return (order.id for order in by_time(desk, shop_id, after_id, before_id))


def _count_changed_since(desk: Desk, shop_id: str, query: OrderQuery) -> int:
    """By the index of changes up to what was made since then, and by ranks from there on."""
    if query.updated_from is None:
        raise ValueError("changed since when?")
    made_since = max(query.after_id, last_id_before(query.updated_from))
    changed = _changed(desk, shop_id, query, query.updated_from, None)
    older = sum(1 for order_id in changed if order_id <= made_since)
    if made_since >= query.before_id - 1:
        return older
    return older + _count_between(desk, shop_id, made_since, query.before_id)


def _changed_later(desk: Desk, shop_id: str, query: OrderQuery) -> set[int]:
    """Orders within the bounds of ``query`` on ids that were changed after those on changes."""
    if query.updated_until is None or query.updated_until > _LAST:
        return set()
    after = milliseconds_precise(query.updated_until) + _MILLISECOND
    return _changed(desk, shop_id, query, after, None)


def _changed(
    desk: Desk, shop_id: str, query: OrderQuery, since: datetime, until: datetime | None
) -> set[int]:
    """Orders within the bounds of ``query`` on ids that were changed from ``since`` to ``until``,
    both included."""
    if since > _LAST:
        return set()
    first = milliseconds_precise(since)
    if first < since:
        first += _MILLISECOND  # what the index has of the millisecond that it cuts is too early
    changed = desk.orders.changed(shop_id, first, until)
    return {i for i in changed if query.after_id < i < query.before_id}
