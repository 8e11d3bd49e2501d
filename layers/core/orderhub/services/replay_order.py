"""Prove an order: its events, replayed from the first, must yield its snapshot."""

from orderhub.domain.dataclass import dataclass
from orderhub.domain.errors import NotFound
from orderhub.domain.events import Recorded
from orderhub.domain.order import Order

from .desk import Desk


@dataclass(frozen=True, slots=True)
class Replayed:
    snapshot: Order
    events: tuple[Recorded, ...]
    replayed: Order

    @property
    def agrees(self) -> bool:
        return self.replayed == self.snapshot


def replay_order(desk: Desk, shop_id: str, order_id: int) -> Replayed:
    """Read an order with its history and replay it. Raises :class:`NotFound`."""
    snapshot = desk.orders.get(shop_id, order_id)
    if snapshot is None:
        raise NotFound("order", order_id)
    events = tuple(desk.orders.history(shop_id, order_id))
    # Events that came after the snapshot was read are left for the next time.
    events = tuple(entry for entry in events if entry.sequence <= snapshot.version)
    return Replayed(snapshot, events, Order.replay(shop_id, order_id, events))
