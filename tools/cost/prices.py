"""List prices, and the pages that they are from."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final

FILE: Final = Path(__file__).with_name("prices.json")


@dataclass(frozen=True, slots=True)
class Source:
    """A public page of prices."""

    page: str
    url: str


@dataclass(frozen=True, slots=True)
class Price:
    """``dollars`` for each ``per`` of what is counted; ``unit`` names that in words."""

    dollars: float
    per: int
    unit: str
    source: Source

    def of(self, quantity: float) -> float:
        """Dollars for so many of what is counted."""
        return self.dollars * quantity / self.per


@dataclass(frozen=True, slots=True)
class PriceList:
    """Prices by name, such as ``table_write``."""

    region: str
    known_on: str
    """ISO 8601: when the prices were last looked up."""
    prices: Mapping[str, Price]

    def __getitem__(self, name: str) -> Price:
        return self.prices[name]


@cache
def price_list() -> PriceList:
    """What ``prices.json`` says. Raises ``KeyError`` for a price whose source isn't there."""
    content: dict[str, Any] = json.loads(FILE.read_text(encoding="utf-8"))
    sources = {name: Source(**source) for name, source in content["sources"].items()}
    return PriceList(
        region=content["region"],
        known_on=content["known_on"],
        prices={
            name: Price(**{**price, "source": sources[price["source"]]})
            for name, price in content["prices"].items()
        },
    )
