"""Read orders for those who sell them."""

from collections.abc import Callable

from orderhub.domain.order import Order
from orderhub.domain.people import Company

from .desk import Desk
from .find_order import find_order
from .list_orders import list_orders


def company_of(desk: Desk, shop_id: str, company_id: object) -> Company | None:
    """The company with this id; ``None`` for what is no id, and for a company that is gone."""
    return desk.people.company(shop_id, company_id) if isinstance(company_id, int) else None


def newest_orders(
    desk: Desk,
    shop_id: str,
    keep: Callable[[Order], bool],
    *,
    before: str | None = None,
    limit: int,
) -> list[Order]:
    """The newest ``limit`` orders that ``keep`` likes, newest first; of those made before the one
    called ``before``, if that is given.

    Raises :class:`NotFound` when no order is called so.
    """
    before_id = find_order(desk, shop_id, before).id if before else None
    kept: list[Order] = []
    while True:
        page = list_orders(desk, shop_id, before_id=before_id)
        kept += filter(keep, page.orders)
        before_id = page.next_before_id
        if before_id is None or len(kept) >= limit:
            return kept[:limit]
