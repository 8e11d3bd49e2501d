"""Look at a shop's orders from either side: those it received, and those it placed at others."""

from collections.abc import Callable, Collection, Iterable, Sequence

from orderhub.domain.dataclass import dataclass
from orderhub.domain.errors import NotFound
from orderhub.domain.events import Recorded
from orderhub.domain.identity import MAX_ORDER_ID
from orderhub.domain.order import Order
from orderhub.domain.shop import Shop
from orderhub.domain.status import OrderStatus
from orderhub.ports import ShopRepository

from .desk import Desk
from .desk_list import find_bought_order, orders_bought, orders_on_desk


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """Which orders are wanted: ``fits`` says it of each as it must be seen now, and only those in
    one of ``statuses`` can fit. What a shop placed at others nobody has filed for it."""

    is_bought: bool
    is_filed: bool
    statuses: Collection[OrderStatus]
    fits: Callable[[Order], bool]


@dataclass(frozen=True, slots=True, kw_only=True)
class Viewed:
    """An order as it is stored, seen by its seller or its buyer.

    ``seller`` is the shop that sells, ``None`` when it is not there any more.
    """

    order: Order
    seller: Shop | None
    is_bought: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ViewedClosely(Viewed):
    """``history`` are the events that led to the order; ``purchases`` how many orders the buyer
    has placed at this seller, this one too, where the buyer is known and the seller asks."""

    history: Sequence[Recorded]
    purchases: int | None


def list_orders(desk: Desk, shops: ShopRepository, shop: Shop, wanted: Listing) -> list[Viewed]:
    """The newest 500 orders that are wanted, newest first, as everybody must see them now.

    Of orders placed at others, each seller is read once.
    """
    if not wanted.is_bought:
        found = orders_on_desk(
            desk,
            shop.id,
            is_filed=wanted.is_filed,
            statuses=wanted.statuses,
            fits=wanted.fits,
        )
        return [Viewed(order=order, seller=shop, is_bought=False) for order in found]
    bought = [] if wanted.is_filed else orders_bought(desk, shop.id, fits=wanted.fits)
    sellers = _sellers(shops, bought)
    return [Viewed(order=order, seller=sellers[order.shop_id], is_bought=True) for order in bought]


def view_order(desk: Desk, shops: ShopRepository, shop: Shop, order_id: int) -> Viewed:
    """The shop's order with this id, or else the one that it placed at another shop.

    One read for its own. Raises :class:`NotFound`, for orders of others too.
    """
    own = desk.orders.get(shop.id, order_id)
    if own:
        return Viewed(order=own, seller=shop, is_bought=False)
    bought = find_bought_order(desk, shop.id, order_id)
    return Viewed(order=bought, seller=shops.get(bought.shop_id), is_bought=True)


def view_order_closely(
    desk: Desk, shops: ShopRepository, shop: Shop, order_id: int
) -> ViewedClosely:
    """:func:`view_order`, with the order's history and what is known of its buyer."""
    found = desk.orders.get_with_history(shop.id, order_id)
    if found:
        order, history = found
        return ViewedClosely(
            order=order,
            seller=shop,
            is_bought=False,
            history=history,
            purchases=_purchases(desk, order),
        )
    bought = find_bought_order(desk, shop.id, order_id)
    found = desk.orders.get_with_history(bought.shop_id, order_id)
    if found is None:
        raise NotFound("order", order_id)
    order, history = found
    return ViewedClosely(
        order=order,
        seller=shops.get(order.shop_id),
        is_bought=True,
        history=history,
        purchases=None,
    )


def _sellers(shops: ShopRepository, orders: Iterable[Order]) -> dict[str, Shop | None]:
    return {shop_id: shops.get(shop_id) for shop_id in {order.shop_id for order in orders}}


def _purchases(desk: Desk, order: Order) -> int | None:
    number = order.customer_number
    if number is None:
        return None
    ids = desk.orders.of_customer(order.shop_id, number, after_id=0, before_id=MAX_ORDER_ID + 1)
    # The index may be a moment behind the order itself.
    return len({order.id, *ids})
