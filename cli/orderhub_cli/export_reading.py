"""A shop's orders with their histories, oldest first, read ahead by several threads."""

from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Final, TypeVar

from botocore.exceptions import BotoCoreError, ClientError

from orderhub.domain.errors import Busy, Unavailable
from orderhub.domain.order import Order
from orderhub.ports import OrderPage
from orderhub.services.desk import Desk
from orderhub_cli.interchange.writing import line_of

_T = TypeVar("_T")

AT_ONCE: Final = 8
_AHEAD: Final = 4 * AT_ONCE
"""Orders that are read and not yet taken: so few that memory doesn't grow with their number."""
_PAGE: Final = 1000
_ATTEMPTS: Final = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class Exported:
    """``line`` is the order's, empty for one that isn't wanted. ``trouble`` is why there is none
    of an order that is."""

    order_id: int
    line: bytes = b""
    trouble: str = ""


def exported(
    desk: Desk, shop_id: str, *, after_id: int, before_id: int | None, wire: str = ""
) -> Iterator[Exported]:
    """Every order between the two ids, in their order; only those of ``wire``, if one is given.

    Raises what the table has against being read at all, :class:`Unavailable` among it.
    """

    def read(order_id: int) -> Exported:
        return _read(desk, shop_id, order_id, wire)

    pool = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="export")
    waiting: deque[Future[Exported]] = deque()
    try:
        for order_id in _ids(desk, shop_id, after_id, before_id, pool):
            waiting.append(pool.submit(read, order_id))
            if len(waiting) >= _AHEAD:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    finally:
        pool.shutdown(cancel_futures=True)


def _ids(
    desk: Desk, shop_id: str, after_id: int, before_id: int | None, pool: ThreadPoolExecutor
) -> Iterator[int]:
    """Each page is asked for while the one before it is worked off."""

    def page(after: int) -> OrderPage:
        return _patiently(
            desk,
            lambda: desk.orders.page(shop_id, after_id=after, before_id=before_id, limit=_PAGE),
        )

    found = page(after_id)
    while True:
        rest = None if found.next_after_id is None else pool.submit(page, found.next_after_id)
        yield from (order.id for order in found.orders)
        if rest is None:
            return
        found = rest.result()


def _read(desk: Desk, shop_id: str, order_id: int, wire: str) -> Exported:
    try:
        found = _patiently(desk, lambda: desk.orders.get_with_history(shop_id, order_id))
        if found is None:
            return Exported(order_id=order_id, trouble="the order itself is missing")
        order, history = found
        if wire and order.wire != wire:
            return Exported(order_id=order_id)
        if Order.replay(shop_id, order_id, history) != order:
            return Exported(order_id=order_id, trouble="its events yield another order")
        return Exported(order_id=order_id, line=line_of(order, history))
    except Busy as error:
        if error.__cause__:
            raise  # it is the table that is
        return Exported(order_id=order_id, trouble="its events are not complete")
    except (Unavailable, BotoCoreError, ClientError):
        raise
    # What is stored may say anything.
    except Exception as error:  # noqa: BLE001
        return Exported(order_id=order_id, trouble=f"unreadable: {type(error).__name__}")


def _patiently(desk: Desk, read: Callable[[], _T]) -> _T:
    """What ``read`` returns, however busy the table is for a while."""
    for attempt in range(_ATTEMPTS - 1):
        try:
            return read()
        except Busy:
            desk.pause(attempt)
    return read()
