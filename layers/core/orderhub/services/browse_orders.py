"""Go through a shop's orders as an operator does: from either end, by status, customer or part of
a number, with damaged orders shown and not in the way."""

from collections.abc import Callable, Collection, Iterable, Iterator
from datetime import datetime
from heapq import merge
from itertools import islice, takewhile
from typing import Final

from orderhub.domain.dataclass import dataclass
from orderhub.domain.errors import Busy, InvalidField
from orderhub.domain.identity import MAX_ORDER_ID, last_id_before, last_order_id
from orderhub.domain.numbers import number_of
from orderhub.domain.order import Order
from orderhub.domain.status import OrderStatus, PaymentStatus
from orderhub.ports import DAMAGE, OrderKey

from .desk import Desk
from .search_numbers import with_part

_BATCH: Final = 100
_PAGE: Final = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which orders, from which end. What is not given doesn't matter.

    Times have a zone and are those of the order's making, both included; ids are excluded.
    ``customer`` is what the customer is known by (an id, else an e-mail address, telephone or
    name) or the number that stands for it; ``part`` is part of a number. Statuses are those of
    now.
    """

    after_id: int = 0
    before_id: int | None = None
    since: datetime | None = None
    until: datetime | None = None
    status: OrderStatus | None = None
    payment: PaymentStatus | None = None
    is_filed: bool | None = None
    customer: str = ""
    part: str = ""
    newest_first: bool = False


@dataclass(frozen=True, slots=True)
class Browsed:
    """An order as everybody must see it now; ``None`` for one that can't be read. ``number`` is
    empty where nothing tells it."""

    id: int
    number: str
    order: Order | None


def browse_orders(
    desk: Desk,
    shop_id: str,
    wanted: Wanted,
    *,
    limit: int,
    on_read: Callable[[int], None] = lambda _: None,
) -> tuple[list[Browsed], int | None]:
    """The first ``limit`` orders that are wanted, and the id behind which to read on: as
    ``after_id``, or with ``newest_first`` as ``before_id``. ``None`` at the end.

    The narrowest index that fits is read; where that doesn't decide, orders are read and looked
    at, and ``on_read`` hears of how many. Damaged orders are left out where something about them
    would have to be known.

    Raises :class:`InvalidField` (``status``) for orders by status or desk, oldest first: their
    index is read from its end.
    """
    if _by_desk(wanted) and not wanted.newest_first:
        raise InvalidField("status", "wrong_order", "orders by status come newest first")
    first = max(wanted.after_id, last_id_before(wanted.since) if wanted.since else 0)
    end = MAX_ORDER_ID + 1 if wanted.before_id is None else wanted.before_id
    if wanted.until is not None:
        end = min(end, last_order_id(wanted.until) + 1)
    if end <= first + 1:
        return [], None
    now = desk.clock.now()
    found: list[Browsed] = []
    # Where every order is wanted, no more entries are read than orders.
    size = min(_PAGE, limit + 1) if wanted.payment is None else _PAGE
    for batch in _batches(_candidates(desk, shop_id, wanted, first, end, size), limit + 1):
        on_read(len(batch))
        read = _read(desk, shop_id, [order_id for order_id, _ in batch])
        for order_id, number in batch:
            order = read.get(order_id)
            seen = order.as_of(now) if order else None
            if _fits(seen, wanted):
                found.append(Browsed(order_id, seen.number if seen else number, seen))
        if len(found) > limit:
            return found[:limit], found[limit - 1].id
    return found, None


def _by_desk(wanted: Wanted) -> bool:
    """Whether the index of desks is the narrowest."""
    narrow = wanted.status is not None or wanted.is_filed is not None
    return narrow and not wanted.customer and not wanted.part


def _candidates(
    desk: Desk, shop_id: str, wanted: Wanted, first: int, end: int, size: int
) -> Iterator[tuple[int, str]]:
    """Ids between these, from the wanted end, with the number where the index tells it. ``size``
    is how many entries of the index of times are read at once."""
    number = number_of(wanted.customer)
    if number is not None:
        ids: Iterable[int] = desk.orders.of_customer(shop_id, number, after_id=first, before_id=end)
        named = ((order_id, "") for order_id in ids)
        return iter(sorted(named, reverse=True)) if wanted.newest_first else named
    if wanted.part:
        parts = with_part(desk, shop_id, wanted.part, after_id=first, before_id=end)
        return iter(sorted(parts, reverse=True)) if wanted.newest_first else parts
    if _by_desk(wanted):
        return ((order_id, "") for order_id in _on_desks(desk, shop_id, wanted, first, end))
    return _by_time(desk, shop_id, wanted, first, end, size)


def _by_time(
    desk: Desk, shop_id: str, wanted: Wanted, first: int, end: int, size: int
) -> Iterator[tuple[int, str]]:
    while True:
        page = desk.orders.page(
            shop_id,
            after_id=first,
            before_id=end,
            limit=size,
            newest_first=wanted.newest_first,
        )
        yield from ((each.id, each.number) for each in page.orders)
        if page.next_after_id is None:
            return
        if wanted.newest_first:
            end = page.next_after_id
        else:
            first = page.next_after_id


def _on_desks(desk: Desk, shop_id: str, wanted: Wanted, first: int, end: int) -> Iterator[int]:
    """Newest first. An order that expired by itself still stands among the open ones."""
    statuses = set(OrderStatus) if wanted.status is None else {wanted.status}
    if wanted.status is OrderStatus.EXPIRED:
        statuses.add(OrderStatus.OPEN)
    filed = (False, True) if wanted.is_filed is None else (wanted.is_filed,)
    partitions = (
        desk.orders.on_desk(shop_id, is_filed=is_filed, status=status)
        for is_filed in filed
        for status in sorted(statuses)
    )
    newest = merge(*partitions, reverse=True)
    until_first = takewhile(lambda order_id: order_id > first, newest)
    last = 0
    for order_id in until_first:
        # One that moves from desk to desk meanwhile may stand on both.
        if order_id < end and order_id != last:
            last = order_id
            yield order_id


def _read(desk: Desk, shop_id: str, ids: Collection[int]) -> dict[int, Order]:
    """Those that can be read."""
    orders = desk.orders.glimpse([OrderKey(shop_id, order_id) for order_id in ids])
    found = {order.id: order for order in orders}
    for order_id in ids:
        if order_id not in found and (order := _closer(desk, shop_id, order_id)):
            found[order_id] = order
    return found


def _closer(desk: Desk, shop_id: str, order_id: int) -> Order | None:
    """A long order, read alone; ``None`` for a damaged one."""
    try:
        return desk.orders.get(shop_id, order_id)
    except DAMAGE:
        return None
    except Busy as error:
        if error.__cause__:
            raise  # the table's own; without a cause the order's parts don't go together
        return None


def _fits(order: Order | None, wanted: Wanted) -> bool:
    if order is None:
        return wanted.status is None and wanted.payment is None and wanted.is_filed is None
    return (
        (wanted.status is None or order.status is wanted.status)
        and (wanted.payment is None or order.payment_status is wanted.payment)
        and (wanted.is_filed is None or order.is_filed is wanted.is_filed)
        and (not wanted.customer or order.customer_number == number_of(wanted.customer))
        and wanted.part in order.number
    )


def _batches(given: Iterable[tuple[int, str]], first_size: int) -> Iterator[list[tuple[int, str]]]:
    remaining = iter(given)
    while batch := list(islice(remaining, min(first_size, _BATCH))):
        yield batch
