"""Lines for what a shop sells, at its own prices."""

from typing import Final

from orderhub.domain.lines import Attributes, LineRequest
from orderhub.domain.shop import Price, Product, Variant

PRODUCT_NUMBER: Final = "product_number"
"""The line attribute that keeps the product's number, beside the product's own attributes."""


def variant_of(product: Product, variant_id: str) -> Variant | None:
    """The product's variant with this id."""
    return next((each for each in product.variants if each.id == variant_id), None)


def catalogue_line(
    product: Product,
    variant: Variant,
    price: Price,
    quantity: int,
    attributes: Attributes | None = None,
) -> LineRequest:
    """A line that shows ``product`` as it is now, whatever becomes of it: its names, its picture
    and its attributes, to which those given are added. It costs the discounted price, if the
    variant has one; ``list_price`` is the price without it."""
    discounted = price.discount_price
    facts = {**product.attributes, **(attributes or {})}
    if product.number:
        facts[PRODUCT_NUMBER] = product.number
    return LineRequest(
        product_id=product.id,
        quantity=quantity,
        unit_price=price.price if discounted is None else discounted,
        list_price=price.price,
        variant_id=variant.id,
        name=product.name,
        sku=variant.sku,
        options=variant.name,
        image_url=variant.image_url or product.image_url,
        weight_grams=variant.weight_grams,
        attributes=facts,
    )
