"""Room for many orders of the past at once, in a shop's milestones and its index of numbers.

:func:`~orderhub.services.place_order.place_order` makes room for each order that it makes in the
past: four calls beside the one that makes the order, and a note that every search reads. For many
orders, both frontiers go back to before the oldest of them once, and are held there while they are
written. To milestones and segments they are new orders then, which nothing overlooks.

Whoever is stopped at any moment leaves frontiers that are held for a while and then move on; what
they have passed by then is in the table. Until they have caught up, counting and searching read
more.
"""

from datetime import datetime, timedelta
from threading import Lock
from typing import Final

from .desk import Desk
from .index_numbers import hold_back
from .rank_orders import is_settled, retreat

HOLD: Final = timedelta(minutes=4)
MARGIN: Final = timedelta(minutes=2)
"""For so long is a frontier held at least when an order is about to be written: longer than any
write takes, the index lags and clocks are apart."""
_LAG: Final = timedelta(minutes=1)
"""For so long is it held at least once the order is written: the index lags, and who moves the
frontier may have a clock that is ahead."""


class HeldRoom:
    """One shop's, kept by one process; its threads may share it."""

    def __init__(self, desk: Desk, shop_id: str) -> None:
        self._desk = desk
        self._shop_id = shop_id
        self._lock = Lock()
        self._oldest: int | None = None
        self._until: datetime | None = None

    @property
    def held_until(self) -> datetime | None:
        """``None`` where nothing was held."""
        return self._until

    def prepare(self, order_id: int) -> None:
        """See that an order with this id can be written now. Most often that is so already.

        For the first of many orders, ask with the oldest: each older one costs as much again.
        Raises what the table does; then nothing may be written.
        """
        if is_settled(self._desk.clock.now(), order_id) and not self._is_held(order_id):
            with self._lock:
                if not self._is_held(order_id):
                    self._hold(order_id)

    def was_kept(self, order_id: int) -> bool:
        """Whether there was room all the time until now, since :meth:`prepare`. A process that was
        suspended meanwhile may have written when there was none: it must see to it again."""
        now, oldest, until = self._desk.clock.now(), self._oldest, self._until
        if not is_settled(now, order_id):
            return True
        return (
            oldest is not None and until is not None and oldest <= order_id and now + _LAG < until
        )

    def _is_held(self, order_id: int) -> bool:
        oldest, until = self._oldest, self._until
        if oldest is None or until is None or order_id < oldest:
            return False
        return self._desk.clock.now() + MARGIN < until

    def _hold(self, order_id: int) -> None:
        oldest = order_id if self._oldest is None else min(order_id, self._oldest)
        until = self._desk.clock.now() + HOLD
        while not hold_back(self._desk, self._shop_id, oldest, until):
            pass
        ranks = self._desk.ranks
        while not retreat(
            self._desk,
            self._shop_id,
            ranks.frontier(self._shop_id),
            oldest,
            until,
            in_batches=True,
        ):
            pass
        self._oldest, self._until = oldest, until
