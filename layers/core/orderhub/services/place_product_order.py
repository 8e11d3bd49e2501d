"""Make an order of a shop's products at the shop's own prices."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import field
from datetime import datetime
from decimal import Decimal
from typing import Final

from orderhub.domain.commands import Change, Placement
from orderhub.domain.dataclass import dataclass
from orderhub.domain.details import Actor, Details, Reference
from orderhub.domain.errors import InvalidField, NotFound, OrderHubError
from orderhub.domain.events import Terms
from orderhub.domain.lines import Attributes, Charge, Discount, LineRequest
from orderhub.domain.money import Money
from orderhub.domain.shop import Product

from .catalogue_lines import catalogue_line, variant_of
from .desk import Desk
from .place_order import Placed, as_placed, place_order
from .stock import stock_for

DISCOUNT_KIND: Final = "manual"


@dataclass(frozen=True, slots=True, kw_only=True)
class WantedProduct:
    """``attributes`` are facts of the wire's own, kept beside the product's."""

    product_id: str
    variant_id: str
    quantity: int
    attributes: Attributes = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class WantedDiscount:
    """What is taken off the lines together: an amount in major units, or a percentage."""

    value: Decimal
    is_percentage: bool = False
    name: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProductOrder:
    """Products to be ordered through ``wire``, priced in ``currency``.

    The references are the request's own names; one that is known makes it a repeat. Orders whose
    goods are not to be sent any more take nothing from stock. ``created_at`` and ``follow_up`` as
    for :func:`place_order`.
    """

    wire: str
    currency: str
    terms: Terms
    details: Details
    products: Sequence[WantedProduct]
    charges: tuple[Charge, ...] = ()
    discount: WantedDiscount | None = None
    tags: tuple[str, ...] = ()
    references: tuple[Reference, ...] = ()
    created_at: datetime | None = None
    takes_stock: bool = True
    follow_up: Callable[[Change], None] | None = None


def place_product_order(desk: Desk, shop_id: str, wanted: ProductOrder, actor: Actor) -> Placed:
    """Order products, once per reference: a repeat gets the order as it was when it was made,
    whatever became of it, of its products or of their stock since.

    Two calls for a new order: its products, and one transactional write that takes them from
    stock.

    Raises :class:`NotFound` (``product``, ``variant``), :class:`InvalidField` (``currency`` as
    ``unpriced`` for a variant without a price in it; ``discount`` or ``tax`` as ``exceeds_price``
    when more is taken off, or contained in the prices, than the lines cost), and what
    :func:`place_order` raises.
    """
    try:
        placed = _place(desk, shop_id, wanted, actor)
    except OrderHubError:
        order_id = _made_before(desk, shop_id, wanted.references)
        if order_id is None:
            raise
    else:
        if placed.is_new:
            return placed
        order_id = placed.order.id
    return Placed(as_placed(desk, shop_id, order_id), is_new=False)


def _place(desk: Desk, shop_id: str, wanted: ProductOrder, actor: Actor) -> Placed:
    ids = dict.fromkeys(each.product_id for each in wanted.products)
    products = desk.catalog.products(shop_id, ids)
    lines = [_line(products, each, wanted.currency) for each in wanted.products]
    cost = Money.total((line.unit_price.times(line.quantity) for line in lines), wanted.currency)
    for charge in wanted.charges:
        if charge.included and not charge.amount <= cost:
            raise InvalidField(charge.kind.value, "exceeds_price")
    placement = Placement(
        wire=wanted.wire,
        currency=wanted.currency,
        terms=wanted.terms,
        details=wanted.details,
        references=wanted.references,
        lines=lines,
        charges=wanted.charges,
        discounts=_discounts(wanted.discount, cost),
        tags=wanted.tags,
        created_at=wanted.created_at,
        stock=stock_for(products, lines) if wanted.takes_stock else (),
    )
    return place_order(desk, shop_id, placement, actor, follow_up=wanted.follow_up)


def _line(products: Mapping[str, Product], wanted: WantedProduct, currency: str) -> LineRequest:
    product = products.get(wanted.product_id)
    if product is None:
        raise NotFound("product", wanted.product_id)
    variant = variant_of(product, wanted.variant_id)
    if variant is None:
        raise NotFound("variant", wanted.variant_id)
    price = variant.prices.get(currency)
    if price is None:
        message = f"variant {variant.id} of product {product.id} has no price in {currency}"
        raise InvalidField("currency", "unpriced", message)
    return catalogue_line(product, variant, price, wanted.quantity, wanted.attributes)


def _discounts(wanted: WantedDiscount | None, cost: Money) -> tuple[Discount, ...]:
    """Rounded once, on all lines together."""
    if wanted is None:
        return ()
    if wanted.is_percentage:
        is_too_much = wanted.value > 100
        amount = cost if is_too_much else cost.percent(wanted.value)
    else:
        amount = Money.of(wanted.value, cost.currency, "discount")
        is_too_much = not amount <= cost
    if is_too_much:
        raise InvalidField("discount", "exceeds_price")
    return (Discount(amount=amount, kind=DISCOUNT_KIND, name=wanted.name),) if amount else ()


def _made_before(desk: Desk, shop_id: str, references: Iterable[Reference]) -> int | None:
    for reference in references:
        for known, order_id in desk.orders.named(shop_id, reference.kind, reference.value):
            if known == reference:
                return order_id
    return None
