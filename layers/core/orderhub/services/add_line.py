"""Put a product on an order that is still unpaid."""

from decimal import Decimal

from orderhub.domain import commands
from orderhub.domain.commands import Change
from orderhub.domain.dataclass import dataclass
from orderhub.domain.details import Actor
from orderhub.domain.errors import InvalidField
from orderhub.domain.lines import MAX_QUANTITY, LineRequest
from orderhub.domain.money import Money, UnitPrice
from orderhub.domain.order import Order
from orderhub.domain.shop import Product, Variant

from .desk import Desk


@dataclass(frozen=True, slots=True, kw_only=True)
class WantedLine:
    """``price`` is per piece, in major units of the order's currency."""

    product_id: str
    price: Decimal
    quantity: int
    variant_id: str = ""


def add_line(desk: Desk, shop_id: str, order: Order, wanted: WantedLine, actor: Actor) -> Change:
    """Add one line, once: an order that has this very line already stays as it is.

    The product must be in the shop's catalogue; the price is the caller's. Raises
    :class:`InvalidField` naming the field, or :class:`Refused` once the order is paid or closed.
    """
    product = desk.catalog.product(shop_id, wanted.product_id)
    if product is None:
        raise InvalidField("product_id", "unknown")
    request = _request(order, wanted, product)

    def decide(change: Change) -> None:
        if not any(_is_same(line, request) for line in change.order.lines):
            commands.add_lines(change, [request])

    return desk.change(shop_id, order.id, actor, decide, loaded=order)


def _request(order: Order, wanted: WantedLine, product: Product) -> LineRequest:
    if not 0 < wanted.quantity <= MAX_QUANTITY:
        raise InvalidField("quantity", "too_small" if wanted.quantity <= 0 else "out_of_range")
    if Money.of(wanted.price, order.currency, "price").amount < 0:
        raise InvalidField("price", "negative")
    variant = _variant(product, wanted.variant_id)
    return LineRequest(
        product_id=product.id,
        quantity=wanted.quantity,
        unit_price=UnitPrice.of(wanted.price, order.currency, "price"),
        variant_id=variant.id if variant else "",
        name=product.name,
        sku=variant.sku if variant else "",
        options=variant.name if variant else "",
        image_url=(variant.image_url if variant else "") or product.image_url,
        weight_grams=variant.weight_grams if variant else 0,
    )


def _variant(product: Product, variant_id: str) -> Variant | None:
    """The variant that is meant. Without an id it is the only one there is; of several, none can
    be told, and the line stays with the product."""
    if not variant_id:
        return product.variants[0] if len(product.variants) == 1 else None
    for variant in product.variants:
        if variant.id == variant_id:
            return variant
    raise InvalidField("variant_id", "unknown")


def _is_same(line: LineRequest, other: LineRequest) -> bool:
    def identity(given: LineRequest) -> tuple[str, str, UnitPrice, int]:
        return given.product_id, given.variant_id, given.unit_price, given.quantity

    return identity(line) == identity(other)
