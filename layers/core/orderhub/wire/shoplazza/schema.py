"""Request bodies, field for field as the document lists them.

Beside them stand the few fields that the vendor's own clients send and the answer shows. Where the
2026-01 clients spell a field differently, :mod:`.inbound` respells it before it comes here.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Any, Final

from pydantic import BeforeValidator
from pydantic_core import PydanticCustomError

from orderhub.domain.lines import MAX_QUANTITY
from orderhub.domain.money import MINOR_UNIT_DIGITS
from orderhub.domain.order import LONGEST_NOTE
from orderhub.wire.fields import (
    Form,
    email,
    integer,
    number,
    optional,
    problem,
    required_text,
    text,
)

from .status import FinancialStatusRequest, OrderStatusRequest

MAX_LINE_ITEMS: Final = 1000
"""So that the answer, which shows the lines of a sent order twice, stays within Lambda's 6 MB."""
MAX_PERCENT_DECIMALS: Final = 4

_PERCENTAGE: Final = re.compile(r"([0-9]{1,9}(?:\.[0-9]{1,9})?)\s*%")
_MOMENT: Final = re.compile(
    r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(\.\d{1,9})?([Zz]|[+-]\d\d:\d\d)", re.ASCII
)


@dataclass(frozen=True, slots=True)
class GivenDiscount:
    """``"10.00"`` or ``"10%"``; ``text`` is how it was written."""

    value: Decimal
    is_percentage: bool
    text: str


# -- field types -----------------------------------------------------------------------------------


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


def _currency(value: Any) -> str:
    given: str = required_text(3).func(value).upper()
    if given not in MINOR_UNIT_DIGITS:
        raise problem("unknown")
    return given


def _discount(value: Any) -> GivenDiscount:
    written: str = text(64).func(str(value) if isinstance(value, Decimal) else value)
    percentage = _PERCENTAGE.fullmatch(written)
    if percentage is None:
        return GivenDiscount(_amount(value), is_percentage=False, text=written)
    share = Decimal(percentage[1])
    if len(percentage[1].partition(".")[2].rstrip("0")) > MAX_PERCENT_DECIMALS:
        raise problem("too_precise")
    return GivenDiscount(share, is_percentage=True, text=written)


def _moment(value: Any) -> datetime:
    given: str = text(64).func(value) if isinstance(value, str) else ""
    if not _MOMENT.fullmatch(given):
        raise problem("not_a_time")
    try:
        return datetime.fromisoformat(given.upper()).astimezone(UTC)
    except (ValueError, OverflowError):
        raise problem("not_a_time") from None


def _word(vocabulary: type[StrEnum]) -> BeforeValidator:
    def check(value: Any) -> StrEnum:
        given: str = text(64).func(value)
        try:
            return vocabulary(given.lower())
        except ValueError:
            raise problem("not_listed") from None

    return BeforeValidator(check)


def _tags(value: Any) -> list[str]:
    """Several texts, or one with commas; either way the answer's one string has commas."""
    if value is None:
        return []
    given = value if isinstance(value, list) else [value]
    one: Callable[[Any], str] = text(10_000).func
    return [tag.strip() for each in given for tag in one(each).split(",")]


def _payment_line(value: Any) -> str:
    try:
        given: str = text(64).func(value)
    except PydanticCustomError:
        # The document's own words for it; other requests take an object by this name.
        raise problem("unusable_payment_line") from None
    return given


def _degrees(most: int) -> BeforeValidator:
    """A latitude or longitude, kept as it is written."""

    def check(value: Any) -> str:
        given: Decimal = number().func(value)
        written = str(value).strip()
        if not (given.is_finite() and abs(given) <= most and len(written) <= 32):
            raise problem("out_of_range")
        return written

    return BeforeValidator(check)


def _list(longest: int, *, required: bool = False) -> BeforeValidator:
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

    return BeforeValidator(check)


def _required_object(value: Any) -> Any:
    if value is None:
        raise problem("blank")
    if not isinstance(value, Mapping):
        raise problem("not_an_object")
    return value


AMOUNT: Final = BeforeValidator(_amount)
Amount = Annotated[Decimal, AMOUNT]
OptionalAmount = Annotated[Decimal | None, optional(AMOUNT)]
OptionalMoment = Annotated[datetime | None, optional(BeforeValidator(_moment))]


def _optional_text(longest: int) -> Any:
    return optional(text(longest))


# -- bodies ----------------------------------------------------------------------------------------


class LineItem(Form):
    variant_id: Annotated[str, required_text(64)]
    product_id: Annotated[str, required_text(64)]
    quantity: Annotated[int, integer(1, MAX_QUANTITY)]


class ShippingAddress(Form):
    """The last four fields are not in the document; the vendor's clients send them, and the
    answer's address shows them."""

    first_name: Annotated[str | None, _optional_text(255)] = None
    last_name: Annotated[str, required_text(255)]
    phone: Annotated[str | None, _optional_text(64)] = None
    email: Annotated[str, BeforeValidator(_required_email)]
    country: Annotated[str, required_text(255)]
    country_code: Annotated[str, required_text(16)]
    province: Annotated[str | None, _optional_text(255)] = None
    province_code: Annotated[str, required_text(32)]
    city: Annotated[str, required_text(255)]
    address: Annotated[str, required_text(1000)]
    address1: Annotated[str | None, _optional_text(1000)] = None
    zip: Annotated[str | None, _optional_text(32)] = None
    latitude: Annotated[str | None, optional(_degrees(90))] = None
    longitude: Annotated[str | None, optional(_degrees(180))] = None
    area: Annotated[str | None, _optional_text(255)] = None
    company: Annotated[str | None, _optional_text(255)] = None
    phone_area_code: Annotated[str | None, _optional_text(16)] = None
    cpf: Annotated[str | None, _optional_text(64)] = None


class ShippingLine(Form):
    name: Annotated[str, required_text(255)]
    shipping_price: Amount
    desc: Annotated[str | None, optional(text(1000, multiline=True))] = None


class RefundLineItem(Form):
    """The document leaves its fields open. The line is told by its place in ``line_items`` (from
    0) or by its variant; the rest is as the vendor's refunds have it."""

    line_item_index: Annotated[int | None, optional(integer(0, MAX_LINE_ITEMS - 1))] = None
    variant_id: Annotated[str | None, _optional_text(64)] = None
    product_id: Annotated[str | None, _optional_text(64)] = None
    quantity: Annotated[int, integer(1, MAX_QUANTITY)]
    tax: OptionalAmount = None
    discount: OptionalAmount = None
    total: OptionalAmount = None


class NewOrder(Form):
    """``POST /openapi/…/orders``."""

    line_items: Annotated[tuple[LineItem, ...], _list(MAX_LINE_ITEMS, required=True)]
    shipping_address: Annotated[ShippingAddress, BeforeValidator(_required_object)]
    tax_total: Amount
    currency_code: Annotated[str, BeforeValidator(_currency)]
    tags: Annotated[tuple[str, ...], BeforeValidator(_tags)] = ()
    discount: Annotated[GivenDiscount | None, optional(BeforeValidator(_discount))] = None
    note: Annotated[str | None, optional(text(LONGEST_NOTE, multiline=True))] = None
    payment_line: Annotated[str | None, optional(BeforeValidator(_payment_line))] = None
    shipping_line: ShippingLine | None = None
    refund_total: OptionalAmount = None
    refund_line_items: Annotated[tuple[RefundLineItem, ...], _list(MAX_LINE_ITEMS)] = ()
    created_at: OptionalMoment = None
    updated_at: OptionalMoment = None
    order_status: Annotated[OrderStatusRequest | None, optional(_word(OrderStatusRequest))] = None
    financial_status: Annotated[
        FinancialStatusRequest | None, optional(_word(FinancialStatusRequest))
    ] = None
