"""What scenarios find in place: a shop, its credentials, orders made past the functions."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from orderhub.domain import commands
from orderhub.domain.commands import Change
from orderhub.domain.events import Terms
from orderhub.domain.money import UnitPrice
from orderhub.domain.order import Order
from orderhub.domain.shop import Price, Product, Variant
from orderhub.domain.stock import StockTaken
from orderhub.services import manage_shops
from tests.support.orders import payment, placed

from .stage import SHOP, Stage

PIECES = (StockTaken("lamp", "lamp-1", 2),)
"""What orders take from the stock where they take anything."""
LEFT = 10
"""So many are in stock when everything is prepared."""


def shop(stage: Stage, shop_id: str = SHOP) -> None:
    """A shop with a product that is not counted, and lamps, which are."""
    application = stage.application
    shops, catalog = application.shops, application.desk.catalog
    clock = application.desk.clock
    manage_shops.create_shop(shops, clock, shop_id=shop_id, name="Demo", currency="CNY")
    prices = {"CNY": Price(price=UnitPrice.of(10, "CNY"))}
    lamp = Variant(id="lamp-1", prices=prices, tracks_stock=True)
    products = [
        Product(id="1", name="Brick", variants=(Variant(id="v1", prices=prices),)),
        Product(id="lamp", name="Lamp", variants=(lamp,)),
    ]
    manage_shops.put_products(shops, catalog, shop_id, products)
    catalog.set_stock(shop_id, "lamp", "lamp-1", LEFT)


def windows(stage: Stage, wire: str) -> None:
    terms = Terms(payment_timeout=900, refund_window=86400)
    manage_shops.change_windows(stage.application.shops, SHOP, wire, lambda _: terms)


def credential(stage: Stage, wire: str) -> str:
    """A new token."""
    application = stage.application
    clock = application.desk.clock
    issued = manage_shops.issue_credential(application.shops, clock, SHOP, wire=wire, label="tests")
    return issued.token


def order(
    stage: Stage,
    *,
    paid: str = "",
    age: int = 0,
    then: Callable[[Change], object] | None = None,
    shop_id: str = SHOP,
    **told: Any,
) -> Order:
    """An order made so many seconds ago, past the functions: of lines at 1.50, and with 1.50
    ``paid`` if told so. ``then`` goes on with it."""
    change = placed(shop_id, at=stage.now - timedelta(seconds=age), **told)
    if paid:
        commands.capture_payment(change, payment(paid, "P0", change.now))
    if then:
        then(change)
    stage.application.desk.orders.commit(change)
    return change.order
