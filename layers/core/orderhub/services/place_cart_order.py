"""Make the one order that a cart becomes."""

from collections.abc import Callable
from typing import Final

from orderhub.domain import identity
from orderhub.domain.commands import Placement
from orderhub.domain.dataclass import dataclass
from orderhub.domain.details import Actor, Details, Reference
from orderhub.domain.errors import (
    InvalidField,
    InvalidProducts,
    NotFound,
    OrderHubError,
    Reason,
    Refused,
)
from orderhub.domain.events import Terms
from orderhub.domain.invoice import Invoicing
from orderhub.domain.lines import LineRequest
from orderhub.domain.shop import Cart, Price, Product, Variant, require_identifier

from .catalogue_lines import catalogue_line, variant_of
from .desk import Desk
from .place_order import Placed, place_order

CART_KIND: Final = "cart"
"""The kind of references that say which order a cart became."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CartOrder:
    """A cart to be ordered through ``wire``. ``number_of`` and ``invoice_number_of`` as for
    :func:`place_order`; without ``invoicing`` there will be no invoice."""

    cart_id: str
    wire: str
    terms: Terms
    details: Details
    number_of: Callable[[int], str] = identity.default_number
    invoicing: Invoicing | None = None
    invoice_number_of: Callable[[str], str] = identity.default_invoice_number


def place_cart_order(desk: Desk, shop_id: str, wanted: CartOrder, actor: Actor) -> Placed:
    """Order what is in a cart, once: for a cart that became an order, that order.

    Prices are the products' own as they are now, in the cart's currency. Three calls for a new
    order: the cart, its products, and one transactional write that claims the cart. A cart that
    was ordered is a repeat whatever became of it or of its products since.

    Raises :class:`NotFound` (``cart``), :class:`Refused` (``cart_empty``),
    :class:`InvalidProducts` for products, variants or prices that are gone, all at once, and what
    :func:`place_order` raises.
    """
    try:
        cart = _cart(desk, shop_id, wanted.cart_id)
        lines = _lines(desk, shop_id, cart)
    except OrderHubError:
        existing = _ordered_before(desk, shop_id, wanted.cart_id)
        if existing is None:
            raise
        return existing
    placement = Placement(
        wire=wanted.wire,
        currency=cart.currency,
        terms=wanted.terms,
        details=wanted.details,
        references=(_reference(cart.id),),
        lines=lines,
        invoicing=wanted.invoicing,
    )
    return place_order(desk, shop_id, placement, actor, wanted.number_of, wanted.invoice_number_of)


def _reference(cart_id: str) -> Reference:
    return Reference(CART_KIND, "", cart_id)


def _cart(desk: Desk, shop_id: str, cart_id: str) -> Cart:
    try:
        cart = desk.catalog.cart(shop_id, require_identifier("cart", cart_id))
    except InvalidField:
        cart = None  # no cart can have such an id
    if cart is None:
        raise NotFound("cart", cart_id)
    if not cart.lines:
        raise Refused(Reason.CART_EMPTY, "there is nothing in the cart")
    return cart


def _lines(desk: Desk, shop_id: str, cart: Cart) -> list[LineRequest]:
    products = desk.catalog.products(shop_id, dict.fromkeys(line.product_id for line in cart.lines))
    lines = []
    invalid: dict[str, None] = {}
    for line in cart.lines:
        product = products.get(line.product_id)
        found = _sellable(product, line.variant_id, cart.currency) if product else None
        if product is None or found is None:
            invalid[(product.number if product else "") or line.product_id] = None
        else:
            lines.append(catalogue_line(product, *found, line.quantity))
    if invalid:
        raise InvalidProducts(tuple(invalid))
    return lines


def _sellable(product: Product, variant_id: str, currency: str) -> tuple[Variant, Price] | None:
    variant = variant_of(product, variant_id)
    price = variant.prices.get(currency) if variant else None
    return (variant, price) if variant and price else None


def _ordered_before(desk: Desk, shop_id: str, cart_id: str) -> Placed | None:
    for _, order_id in desk.orders.named(shop_id, CART_KIND, cart_id):
        order = desk.orders.get(shop_id, order_id)
        return Placed(order, is_new=False) if order else None
    return None
