"""Files of products for ``orderhub product put --file``: a JSON list, described for people in
docs/OPERATING.md.

::

    [{"id": "8802", "name": "Tea pot",
      "variants": [{"id": "white", "prices": {"CNY": {"price": "64.00"}, "JPY": "1280"}}]}]

A file is read to its end whatever is wrong with it, so that all of that can be told at once.
"""

import json
import sys
from collections import Counter
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any, Final

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StrictStr, ValidationError

from orderhub.domain.errors import InvalidField
from orderhub.domain.money import UnitPrice
from orderhub.domain.shop import Price, Product, Variant
from orderhub.services.manage_shops import product_problems
from orderhub_cli.failures import MISUSED, CommandFailed, reason_in_words

STDIN: Final = Path("-")

Amount = Annotated[Decimal, Field(allow_inf_nan=False)]


class _Entry(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=False, hide_input_in_errors=True)


class _PriceEntry(_Entry):
    price: Amount
    discount_price: Amount | None = None


def _spelled_out(value: object) -> object:
    """``"64.00"`` is short for ``{"price": "64.00"}``."""
    return value if isinstance(value, dict) else {"price": value}


class _VariantEntry(_Entry):
    id: StrictStr
    name: StrictStr = ""
    sku: StrictStr = ""
    image_url: StrictStr = ""
    weight_grams: int = 0
    tracks_stock: bool = False
    prices: dict[str, Annotated[_PriceEntry, BeforeValidator(_spelled_out)]]


class _ProductEntry(_Entry):
    id: StrictStr
    name: StrictStr
    number: StrictStr = ""
    image_url: StrictStr = ""
    variants: list[_VariantEntry] = []
    attributes: dict[str, str | int | bool | None] = {}


def read(file: Path) -> list[Product]:
    """The products of a file (``-``: of stdin), all of them good.

    Raises :class:`CommandFailed` with every problem, each with the place where it is.
    """
    try:
        text = sys.stdin.read() if file == STDIN else file.read_text(encoding="utf-8")
        listed = json.loads(text, parse_float=Decimal)
    except OSError as error:
        raise CommandFailed(f"can't read {file}: {error.strerror}", exit_code=MISUSED) from None
    except ValueError as error:
        raise CommandFailed(f"{file} is not JSON: {error}") from None
    if not isinstance(listed, list) or not listed:
        raise CommandFailed(f"{file} is not a list of products")
    problems: list[str] = []
    products = [_product(index, entry, problems) for index, entry in enumerate(listed)]
    problems.extend(_repeated_ids(products))
    if problems:
        count = "1 problem" if len(problems) == 1 else f"{len(problems)} problems"
        raise CommandFailed(f"nothing was written, {file} has {count}:", *problems)
    return [product for product in products if product is not None]


def _product(index: int, entry: object, problems: list[str]) -> Product | None:
    """The product of ``entry`` if it can be made; what is wrong with it goes to ``problems``."""
    try:
        parsed = _ProductEntry.model_validate(entry)
    except ValidationError as error:
        problems.extend(
            f"[{index}]{_path(found['loc'])}: {found['msg']}" for found in error.errors()
        )
        return None
    found: list[InvalidField] = []
    variants = tuple(_variant(at, each, found) for at, each in enumerate(parsed.variants))
    product = Product(
        id=parsed.id,
        name=parsed.name,
        number=parsed.number,
        image_url=parsed.image_url,
        variants=variants,
        attributes=parsed.attributes,
    )
    found = found or product_problems(product)
    problems.extend(f"[{index}].{problem.field}: {reason_in_words(problem)}" for problem in found)
    return product


def _variant(at: int, entry: _VariantEntry, found: list[InvalidField]) -> Variant:
    prices = {}
    for currency, price in entry.prices.items():
        path = f"variants[{at}].prices.{currency}"
        try:
            prices[currency] = Price(
                price=UnitPrice.of(price.price, currency, f"{path}.price"),
                discount_price=(
                    UnitPrice.of(price.discount_price, currency, f"{path}.discount_price")
                    if price.discount_price is not None
                    else None
                ),
            )
        except InvalidField as problem:
            at_fault = path if problem.field == "currency" else problem.field
            found.append(InvalidField(at_fault, problem.reason, reason_in_words(problem)))
    return Variant(
        id=entry.id,
        name=entry.name,
        sku=entry.sku,
        image_url=entry.image_url,
        weight_grams=entry.weight_grams,
        tracks_stock=entry.tracks_stock,
        prices=prices,
    )


def _repeated_ids(products: list[Product | None]) -> Iterator[str]:
    seen: Counter[str] = Counter()
    for index, product in enumerate(products):
        if product is not None:
            if seen[product.id]:
                yield f"[{index}].id: {product.id} is in the file already"
            seen[product.id] += 1


def _path(location: tuple[Any, ...]) -> str:
    return "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in location)
