"""What was ordered and what is charged or taken off on top of it."""

from collections.abc import Mapping
from dataclasses import field
from enum import StrEnum
from typing import Final

from .dataclass import dataclass
from .money import Money, UnitPrice

MAX_LINES: Final = 10_000
MAX_QUANTITY: Final = 1_000_000_000

Attributes = Mapping[str, str | int | bool | None]
"""Facts that only one wire knows the meaning of. The core stores them and never looks inside."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LineRequest:
    """A line that somebody wants on an order, before the order has given it its number."""

    product_id: str
    quantity: int
    unit_price: UnitPrice
    variant_id: str = ""
    name: str = ""
    sku: str = ""
    options: str = ""
    image_url: str = ""
    list_price: UnitPrice | None = None
    """The price before the product's own discount, where a wire shows both."""
    weight_grams: int = 0
    attributes: Attributes = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Line(LineRequest):
    """A line of an order. ``id`` counts from 1 within the order; ``batch`` too: lines that were
    added later than the order was placed are a later batch."""

    id: int
    batch: int = 1

    @property
    def total(self) -> Money:
        return self.unit_price.times(self.quantity)


class ChargeKind(StrEnum):
    SHIPPING = "shipping"
    SHIPPING_TAX = "shipping_tax"
    TAX = "tax"
    INSURANCE = "insurance"
    HANDLING = "handling"
    TIP = "tip"
    OTHER = "other"


@dataclass(frozen=True, slots=True, kw_only=True)
class Charge:
    """What is charged on top of the lines. ``included`` ones are already in the lines' prices
    (tax in gross prices): shown, never added."""

    kind: ChargeKind
    amount: Money
    name: str = ""
    description: str = ""
    included: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Discount:
    """What is taken off the whole order. ``amount`` is positive."""

    amount: Money
    kind: str = "coupon"
    code: str = ""
    name: str = ""
