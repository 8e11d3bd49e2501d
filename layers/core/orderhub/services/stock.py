"""What an order takes from the shop's stock."""

from collections.abc import Iterable, Mapping

from orderhub.domain.lines import LineRequest
from orderhub.domain.shop import Product
from orderhub.domain.stock import StockTaken, summed


def stock_for(
    products: Mapping[str, Product], lines: Iterable[LineRequest]
) -> tuple[StockTaken, ...]:
    """The pieces of ``lines`` whose variants track stock, for :class:`Placement`'s ``stock``.

    ``products`` are by id; lines of products and variants that it doesn't have take nothing.
    """
    tracked = {
        (product_id, variant.id)
        for product_id, product in products.items()
        for variant in product.variants
        if variant.tracks_stock
    }
    return summed(
        StockTaken(line.product_id, line.variant_id, line.quantity)
        for line in lines
        if (line.product_id, line.variant_id) in tracked
    )
