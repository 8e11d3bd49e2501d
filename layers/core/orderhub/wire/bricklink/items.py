"""Lots as this API shows them, whatever API they came by.

What BrickLink's sellers know of a lot stands in its attributes. Goods of other APIs are in no
catalogue of BrickLink's: they read as an unsorted lot, new, and without a colour.
"""

import hashlib
from decimal import Decimal
from typing import TYPE_CHECKING, Final

from orderhub.domain.lines import Line

from .values import integer_in, money, number_in, present, text_in, weight

if TYPE_CHECKING:
    from . import answers

INVENTORY_ID: Final = "inventory_id"
ITEM_TYPE: Final = "type"
CATEGORY_ID: Final = "category_id"
COLOR_ID: Final = "color_id"
COLOR_NAME: Final = "color_name"
NEW_OR_USED: Final = "new_or_used"
COMPLETENESS: Final = "completeness"
DESCRIPTION: Final = "description"
REMARKS: Final = "remarks"
WEIGHT: Final = "weight"

UNSORTED_LOT: Final = "UNSORTED_LOT"
"""The one type whose goods are in no catalogue."""
NEW: Final = "N"
NO_COLOR: Final = 0
NO_COLOR_NAME: Final = "(Not Applicable)"

_DERIVED_BITS: Final = 30
"""Inventory ids are 32-bit integers to some clients. Those that stand for other systems' ids are
2³⁰ and above, which the vendor's are far from."""
_ITEM_BYTES: Final = 600
"""Of an item without the texts in it, escaped as Lambda hands it over."""


def item(line: Line, currency: str, *, is_bought: bool) -> "answers.Item":
    """A lot. ``remarks`` are the seller's own: a buyer doesn't see them."""
    known = line.attributes
    color_id = integer_in(known, COLOR_ID)
    price, final = money(line.list_price or line.unit_price), money(line.unit_price)
    grams = weight_of(line)
    shown: answers.Item = {
        "inventory_id": number_of(line),
        "item": _catalog_item(line),
        "color_id": NO_COLOR if color_id is None else color_id,
        "color_name": text_in(known, COLOR_NAME) or ("" if color_id else NO_COLOR_NAME),
        "quantity": line.quantity,
        "new_or_used": text_in(known, NEW_OR_USED) or NEW,
        "completeness": text_in(known, COMPLETENESS),
        "unit_price": price,
        "unit_price_final": final,
        "disp_unit_price": price,
        "disp_unit_price_final": final,
        "currency_code": currency,
        "disp_currency_code": currency,
        "remarks": "" if is_bought else text_in(known, REMARKS),
        "description": text_in(known, DESCRIPTION) or line.options,
        "weight": "" if grams is None else weight(grams),
    }
    return present(shown)


def _catalog_item(line: Line) -> "answers.CatalogItem":
    known = line.attributes
    shown: answers.CatalogItem = {
        "no": line.product_id,
        "name": line.name,
        "type": text_in(known, ITEM_TYPE) or UNSORTED_LOT,
    }
    category_id = integer_in(known, CATEGORY_ID)
    if category_id is not None:
        shown["category_id"] = category_id
    return present(shown)


def number_of(line: Line) -> int:
    """The lot's inventory id, or the number that stands for what else it is known by."""
    given = integer_in(line.attributes, INVENTORY_ID)
    if given is not None:
        return given
    name = f"{line.product_id}/{line.variant_id}"
    digest = hashlib.sha256(name.encode(errors="surrogatepass")).digest()
    return 1 << _DERIVED_BITS | int.from_bytes(digest[:8]) >> 64 - _DERIVED_BITS


def weight_of(line: Line) -> Decimal | None:
    """Of one piece, in grams; ``None`` when it isn't known."""
    given = number_in(line.attributes, WEIGHT)
    if given is not None:
        return given
    return Decimal(line.weight_grams) if line.weight_grams else None


def size(line: Line) -> int:
    """At most so many bytes of an answer show the lot."""
    said = (line.product_id, line.name, line.options, *map(str, line.attributes.values()))
    return _ITEM_BYTES + sum(map(_escaped, said))


def _escaped(text: str) -> int:
    r"""How long a text is as JSON within JSON, with ``\u`` for what isn't ASCII."""
    if text.isascii():
        return len(text) + 3 * (text.count('"') + text.count("\\"))
    return 3 * len(text.encode("utf-16-le", errors="surrogatepass"))
