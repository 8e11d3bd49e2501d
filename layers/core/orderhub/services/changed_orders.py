"""Orders by when something happened to them.

The index of changes has what happened to an order after it was made; when it was made stands in its
id. So an order costs no entry there until something happens to it.
"""

from collections.abc import Iterator
from datetime import datetime
from typing import Final

from orderhub.domain.identity import MAX_ORDER_ID, last_id_before, last_order_id
from orderhub.ports import OrderRepository

_PAGE: Final = 500


def made_or_changed(
    orders: OrderRepository, shop_id: str, since: datetime, until: datetime | None
) -> Iterator[int]:
    """Ids of a shop's orders that were made or changed between these moments, both included, each
    once: first those that were changed."""
    seen: set[int] = set()
    for order_id in orders.changed(shop_id, since, until):
        if order_id not in seen:
            seen.add(order_id)
            yield order_id
    after_id: int | None = max(0, last_id_before(since))
    before_id = (MAX_ORDER_ID if until is None else last_order_id(until)) + 1
    while after_id is not None:
        page = orders.page(shop_id, after_id=after_id, before_id=before_id, limit=_PAGE)
        yield from (order.id for order in page.orders if order.id not in seen)
        after_id = page.next_after_id
