"""All orders of a shop, newest first, page by page and whole."""

from dataclasses import dataclass
from typing import Final

from orderhub.domain.order import Order

from .desk import Desk

PAGE: Final = 50


@dataclass(frozen=True, slots=True)
class OrdersPage:
    """``next_before_id`` begins the next page; ``None`` at the end."""

    orders: tuple[Order, ...]
    next_before_id: int | None


def list_orders(
    desk: Desk, shop_id: str, *, before_id: int | None = None, limit: int = PAGE
) -> OrdersPage:
    """The newest orders, or the newest made before ``before_id``: one query and one batch read.

    For APIs that list orders with their parts; where the listing's own columns are enough,
    ``desk.orders.latest`` alone costs a fraction.
    """
    listed = desk.orders.latest(shop_id, before_id=before_id, limit=limit)
    orders = desk.orders.get_many(shop_id, [summary.id for summary in listed])
    return OrdersPage(tuple(orders), listed[-1].id if len(listed) == limit else None)
