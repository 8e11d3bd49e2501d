"""Request bodies, field for field as the document lists them.

Their JSON Schemas forbid what the operation refuses whatever else it is told: words that it never
takes, and times before the year 2000.

Beside them stand the few fields that the vendor's own clients send and the answer shows. Where the
2026-01 clients spell a field differently, :mod:`.inbound` respells it before it comes here.
"""

import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Any, Final

from orderhub.domain.dataclass import dataclass
from orderhub.domain.lines import MAX_QUANTITY
from orderhub.domain.money import MINOR_UNIT_DIGITS
from orderhub.domain.order import LONGEST_NOTE
from orderhub.wire.fields import (
    Check,
    Form,
    JsonSchema,
    Wrong,
    as_text,
    email,
    integer,
    number,
    optional,
    problem,
    required_text,
    text,
)
from orderhub.wire.statuses import InboundTable, Refuse

from .status import (
    FINANCIAL_STATUS_REQUEST,
    ORDER_STATUS_REQUEST,
    FinancialStatusRequest,
    OrderStatusRequest,
)

MAX_LINE_ITEMS: Final = 1000
"""So that the answer, which shows the lines of a sent order twice, stays within Lambda's 6 MB."""
MAX_PERCENT_DECIMALS: Final = 4

_PERCENTAGE: Final = re.compile(r"([0-9]{1,9}(?:\.[0-9]{1,9})?)\s*%")
_MOMENT: Final = re.compile(
    r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(\.\d{1,9})?([Zz]|[+-]\d\d:\d\d)", re.ASCII
)

# The same, and amounts and more, as patterns of JSON Schema.
_LEAP_YEAR: Final = "2([0-9](0[48]|[2468][048]|[13579][26])|[048]00)"
_DAY: Final = (
    "(2[0-9]{3}-("
    "(0[13578]|1[02])-(0[1-9]|[12][0-9]|3[01])|"
    "(0[469]|11)-(0[1-9]|[12][0-9]|30)|"
    "02-(0[1-9]|1[0-9]|2[0-8]))|"
    f"{_LEAP_YEAR}-02-29)"
)
_MINUTE: Final = "([01][0-9]|2[0-3]):[0-5][0-9]"
_MOMENTS: Final = rf"{_DAY}[Tt ]{_MINUTE}:[0-5][0-9](\.[0-9]{{1,9}})?([Zz]|[+-]{_MINUTE})"
_AMOUNTS: Final = r"(\+?[0-9]{1,40}(\.[0-9]{1,40})?|-0{1,40}(\.0{1,40})?)"
_PERCENTAGES: Final = rf"[0-9]{{1,9}}(\.[0-9]{{1,{MAX_PERCENT_DECIMALS}}}0{{0,5}})?[\t ]*%"
_BELOW_90: Final = "[1-8]?[0-9]"
_BELOW_180: Final = "(1[0-7]|[1-9])?[0-9]"


@dataclass(frozen=True, slots=True)
class GivenDiscount:
    """``"10.00"`` or ``"10%"``; ``text`` is how it was written."""

    value: Decimal
    is_percentage: bool
    text: str


# -- field types -----------------------------------------------------------------------------------


def _amounts() -> JsonSchema:
    return {"anyOf": [{"type": "number", "minimum": 0}, as_text(_AMOUNTS)]}


def _amount(value: Any) -> Decimal:
    given: Decimal = number().func(value)
    if not given.is_finite():
        raise problem("not_a_number")
    if given < 0:
        raise problem("negative")
    return given


def _required_email(value: Any) -> str:
    given: str = required_text(254).func(value)
    checked: str = email().func(given)
    return checked


def _addresses() -> JsonSchema:
    """As :func:`email` has them, but not nothing."""
    part = r"[^@\s\x00-\x1f\x7f\ufffd]+"
    return {"maxLength": 254, **as_text(f"{part}@{part}")}


def _currency(value: Any) -> str:
    given: str = required_text(3).func(value).upper()
    if given not in MINOR_UNIT_DIGITS:
        raise problem("unknown")
    return given


def _currencies() -> JsonSchema:
    return {"type": "string", "enum": sorted(MINOR_UNIT_DIGITS)}


def _discount(value: Any) -> GivenDiscount:
    written: str = text(64).func(str(value) if isinstance(value, Decimal) else value)
    percentage = _PERCENTAGE.fullmatch(written)
    if percentage is None:
        return GivenDiscount(_amount(value), is_percentage=False, text=written)
    share = Decimal(percentage[1])
    if len(percentage[1].partition(".")[2].rstrip("0")) > MAX_PERCENT_DECIMALS:
        raise problem("too_precise")
    return GivenDiscount(share, is_percentage=True, text=written)


def _discounts() -> JsonSchema:
    written = as_text(f"({_AMOUNTS}|{_PERCENTAGES})")
    return {"anyOf": [{"type": "number", "minimum": 0}, {**written, "maxLength": 64}]}


def _moment(value: Any) -> datetime:
    given: str = text(64).func(value) if isinstance(value, str) else ""
    if not _MOMENT.fullmatch(given):
        raise problem("not_a_time")
    try:
        return datetime.fromisoformat(given.upper()).astimezone(UTC)
    except (ValueError, OverflowError):
        raise problem("not_a_time") from None


def _word(table: InboundTable[Any]) -> Check:
    def check(value: Any) -> StrEnum:
        given: str = text(64).func(value)
        try:
            word: StrEnum = table.vocabulary(given.lower())
        except ValueError:
            raise problem("not_listed") from None
        return word

    def takes() -> JsonSchema:
        rows = [row for row in table.rows if not isinstance(row.meaning, Refuse)]
        words = [word.value for word in table.vocabulary if any(word in row.words for row in rows)]
        return {"type": "string", "enum": words}

    return Check(check, takes=takes)


def _tags(value: Any) -> list[str]:
    """Several texts, or one with commas; either way the answer's one string has commas."""
    if value is None:
        return []
    given = value if isinstance(value, list) else [value]
    one: Callable[[Any], str] = text(10_000).func
    return [tag.strip() for each in given for tag in one(each).split(",")]


def _several_or_one() -> JsonSchema:
    one: JsonSchema = text(10_000).takes()
    return {"anyOf": [{"type": "array", "items": one}, one, {"type": "null"}]}


def _payment_line(value: Any) -> str:
    try:
        given: str = text(64).func(value)
    except Wrong:
        # The document's own words for it; other requests take an object by this name.
        raise problem("unusable_payment_line") from None
    return given


def _degrees(most: int, below: str) -> Check:
    """A latitude or longitude, kept as it is written. ``below`` fits the whole numbers that are
    less than ``most``."""

    def check(value: Any) -> str:
        given: Decimal = number().func(value)
        written = str(value).strip()
        if not (given.is_finite() and -most <= given <= most and len(written) <= 32):
            raise problem("out_of_range")
        return written

    def takes() -> JsonSchema:
        number = {"type": "number", "minimum": -most, "maximum": most}
        written = rf"[+-]?0{{0,28}}({below}(\.[0-9]{{1,30}})?|{most}(\.0{{1,30}})?)"
        return {"anyOf": [number, {**as_text(written), "maxLength": 32}]}

    return Check(check, takes=takes)


def _list(longest: int, *, required: bool = False) -> Check:
    def check(value: Any) -> Any:
        if required and (value is None or value == []):
            raise problem("blank")
        if value is None:
            return []
        if not isinstance(value, list):
            raise problem("not_a_list")
        if len(value) > longest:
            raise problem("too_many", longest=longest)
        return value

    def around(behind: JsonSchema) -> JsonSchema:
        listed = {**behind, "maxItems": longest}
        return {**listed, "minItems": 1} if required else {"anyOf": [listed, {"type": "null"}]}

    return Check(check, around=around)


def _required_object(value: Any) -> Any:
    if value is None:
        raise problem("blank")
    if not isinstance(value, Mapping):
        raise problem("not_an_object")
    return value


AMOUNT: Final = Check(_amount, takes=_amounts)
EMAIL: Final = Check(_required_email, takes=_addresses)
CURRENCY: Final = Check(_currency, takes=_currencies)
DISCOUNT: Final = Check(_discount, takes=_discounts)
MOMENT: Final = Check(_moment, takes=lambda: as_text(_MOMENTS))
ORDER_STATUS: Final = _word(ORDER_STATUS_REQUEST)
FINANCIAL_STATUS: Final = _word(FINANCIAL_STATUS_REQUEST)
TAGS: Final = Check(_tags, takes=_several_or_one)
PAYMENT_LINE: Final = Check(_payment_line, takes=text(64).takes)
LATITUDE: Final = _degrees(90, _BELOW_90)
LONGITUDE: Final = _degrees(180, _BELOW_180)

Amount = Annotated[Decimal, AMOUNT]
OptionalAmount = Annotated[Decimal | None, optional(AMOUNT)]
OptionalMoment = Annotated[datetime | None, optional(MOMENT)]


def _optional_text(longest: int) -> Any:
    return optional(text(longest))


# -- bodies ----------------------------------------------------------------------------------------


class WantedLineItem(Form):
    """A product of the shop's catalogue, at the shop's own price."""

    variant_id: Annotated[str, required_text(64)]
    product_id: Annotated[str, required_text(64)]
    quantity: Annotated[int, integer(1, MAX_QUANTITY)]
    """Pieces."""


class ShippingAddress(Form):
    """Where the order goes, and who it is for."""

    first_name: Annotated[str | None, _optional_text(255)] = None
    last_name: Annotated[str, required_text(255)]
    phone: Annotated[str | None, _optional_text(64)] = None
    email: Annotated[str, EMAIL]
    """Who has the same one is the same customer."""
    country: Annotated[str, required_text(255)]
    country_code: Annotated[str, required_text(16)]
    province: Annotated[str | None, _optional_text(255)] = None
    province_code: Annotated[str, required_text(32)]
    city: Annotated[str, required_text(255)]
    address: Annotated[str, required_text(1000)]
    """The street."""
    address1: Annotated[str | None, _optional_text(1000)] = None
    """What is added to the street."""
    zip: Annotated[str | None, _optional_text(32)] = None
    latitude: Annotated[str | None, optional(LATITUDE)] = None
    """In at most 32 characters."""
    longitude: Annotated[str | None, optional(LONGITUDE)] = None
    """In at most 32 characters."""
    area: Annotated[str | None, _optional_text(255)] = None
    """This and what follows are not in the vendor's document; its clients send them."""
    company: Annotated[str | None, _optional_text(255)] = None
    phone_area_code: Annotated[str | None, _optional_text(16)] = None
    """Such as ``+86``."""
    cpf: Annotated[str | None, _optional_text(64)] = None
    """A Brazilian taxpayer's number."""


class WantedShipping(Form):
    """How the order is to be sent. `shipping_name` and `shipping_desc` do as well."""

    name: Annotated[str, required_text(255)]
    shipping_price: Amount
    desc: Annotated[str | None, optional(text(1000, multiline=True))] = None


class RefundLineItem(Form):
    """What a refund was for. The line is told by its place or by its variant."""

    line_item_index: Annotated[int | None, optional(integer(0, MAX_LINE_ITEMS - 1))] = None
    """The line's place in `line_items`, from 0."""
    variant_id: Annotated[str | None, _optional_text(64)] = None
    product_id: Annotated[str | None, _optional_text(64)] = None
    """Where several lines have the variant."""
    quantity: Annotated[int, integer(1, MAX_QUANTITY)]
    """`refund_quantity` does as well."""
    tax: OptionalAmount = None
    discount: OptionalAmount = None
    total: OptionalAmount = None


class NewOrder(Form):
    """An order on a buyer's behalf, or one that lived elsewhere until now.

    Amounts have no more decimals than the currency. `null` and blank text leave an optional field
    out.
    """

    line_items: Annotated[tuple[WantedLineItem, ...], _list(MAX_LINE_ITEMS, required=True)]
    """`LineItems`, as the vendor's document heads it, does as well."""
    shipping_address: Annotated[ShippingAddress, Check(_required_object)]
    tax_total: Amount
    """0 or more, for the whole order."""
    currency_code: Annotated[str, CURRENCY]
    """In upper or lower case. Every variant must have a price in it."""
    tags: Annotated[tuple[str, ...], TAGS] = ()
    """Several, or one text with commas: up to 250 of 64 characters."""
    discount: Annotated[GivenDiscount | None, optional(DISCOUNT)] = None
    """`10.00`, or `10%` with up to four decimals; not more than the lines cost."""
    note: Annotated[str | None, optional(text(LONGEST_NOTE, multiline=True))] = None
    payment_line: Annotated[str | None, optional(PAYMENT_LINE)] = None
    """`COD` or another method: what was paid by, or is suggested."""
    shipping_line: WantedShipping | None = None
    refund_total: OptionalAmount = None
    """What went back before the order came here."""
    refund_line_items: Annotated[tuple[RefundLineItem, ...], _list(MAX_LINE_ITEMS)] = ()
    """What that was for."""
    created_at: OptionalMoment = None
    """From 2000-01-02 to now; now where it is left out."""
    updated_at: OptionalMoment = None
    """When the last of the order's history happened: from `created_at` to now."""
    order_status: Annotated[OrderStatusRequest | None, optional(ORDER_STATUS)] = None
    """In upper or lower case. Taken after `financial_status`, which it must agree with."""
    financial_status: Annotated[FinancialStatusRequest | None, optional(FINANCIAL_STATUS)] = None
    """In upper or lower case."""
