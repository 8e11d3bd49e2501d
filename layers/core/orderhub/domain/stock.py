"""What orders take from a shop's stock, and give back when nothing comes of them."""

from collections.abc import Iterable
from typing import Final

from .dataclass import dataclass

MAX_STOCK_ITEMS: Final = 90
"""Of one order. They change in the order's own transaction, which has a hundred parts at most."""

StockItem = tuple[str, str]
"""A product's id and the id of one of its variants: what is counted."""


@dataclass(frozen=True, slots=True)
class StockTaken:
    """``quantity`` pieces, 1 at least, of a product's variant."""

    product_id: str
    variant_id: str
    quantity: int

    @property
    def item(self) -> StockItem:
        return self.product_id, self.variant_id


def summed(taken: Iterable[StockTaken]) -> tuple[StockTaken, ...]:
    """Each product's variant once, with all of its pieces, in the order of first mention."""
    pieces: dict[StockItem, int] = {}
    for each in taken:
        pieces[each.item] = pieces.get(each.item, 0) + each.quantity
    return tuple(StockTaken(*item, quantity) for item, quantity in pieces.items())


def without(taken: Iterable[StockTaken], less: Iterable[StockTaken]) -> tuple[StockTaken, ...]:
    """``taken`` with the pieces of ``less`` gone from it; what has no piece left is left out."""
    gone = {each.item: each.quantity for each in summed(less)}
    left = (
        StockTaken(*each.item, each.quantity - gone.get(each.item, 0)) for each in summed(taken)
    )
    return tuple(each for each in left if each.quantity > 0)
