"""Read orders for those who sell them."""

from collections.abc import Iterable
from heapq import merge
from itertools import islice

from orderhub.domain.order import Order
from orderhub.domain.people import Company

from .desk import Desk
from .find_order import find_order


def company_of(desk: Desk, shop_id: str, company_id: object) -> Company | None:
    """The company with this id; ``None`` for what is no id, and for a company that is gone."""
    return desk.people.company(shop_id, company_id) if isinstance(company_id, int) else None


def newest_orders(
    desk: Desk, shop_id: str, seller_ids: Iterable[str], *, before: str | None = None, limit: int
) -> list[Order]:
    """The newest ``limit`` orders of these sellers, newest first; of those made before the one
    called ``before``, if that is given. The seller with the empty id is no one in particular.

    One query per seller and one batch read. Raises :class:`NotFound` when no order is called so.
    """
    before_id = find_order(desk, shop_id, before).id if before else None
    by_seller = [
        desk.orders.sold_by(shop_id, seller_id, before_id=before_id, limit=limit)
        for seller_id in dict.fromkeys(seller_ids)
    ]
    newest = islice(merge(*by_seller, reverse=True), limit)
    return list(desk.orders.get_many(shop_id, list(newest)))
