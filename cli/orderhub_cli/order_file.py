"""Files of orders and of lines for ``orderhub order place`` and ``add-lines``: JSON, described for
people in docs/OPERATING.md.

A file is read to its end whatever is wrong with it, so that all of that can be told at once.
"""

import json
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any, Final, TypeVar

from pydantic import (
    AwareDatetime,
    BaseModel,
    ConfigDict,
    Field,
    StrictBool,
    StrictStr,
    ValidationError,
)

from orderhub.domain.commands import Placement
from orderhub.domain.details import BUYING_SHOP, Address, Contact, Details, Reference
from orderhub.domain.errors import InvalidField
from orderhub.domain.lines import Attributes, Charge, ChargeKind, Discount, LineRequest
from orderhub.domain.money import Money, UnitPrice, require_currency
from orderhub.domain.shop import Shop, require_identifier
from orderhub.services.change_costs import COUPON, CREDIT, SALES_TAX_RATE, require_rate
from orderhub.services.manage_shops import require_wire
from orderhub_cli.failures import MISUSED, CommandFailed, reason_in_words

STDIN: Final = Path("-")

_LONGEST_TEXT: Final = 1000

_Amount = Annotated[Decimal, Field(allow_inf_nan=False)]
_Text = Annotated[StrictStr, Field(max_length=_LONGEST_TEXT)]
_Facts = dict[str, str | int | bool | None]
_T = TypeVar("_T")


class _Entry(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=False, hide_input_in_errors=True)


class _LineEntry(_Entry):
    product_id: StrictStr
    quantity: int
    unit_price: _Amount
    variant_id: _Text = ""
    name: _Text = ""
    sku: _Text = ""
    options: _Text = ""
    image_url: _Text = ""
    list_price: _Amount | None = None
    weight_grams: Annotated[int, Field(ge=0)] = 0
    attributes: _Facts = {}


class _ContactEntry(_Entry):
    id: _Text = ""
    name: _Text = ""
    email: _Text = ""
    phone: _Text = ""
    attributes: _Facts = {}


class _CustomerEntry(_ContactEntry):
    shop_id: StrictStr = ""


class _AddressEntry(_Entry):
    full_name: _Text = ""
    given_name: _Text = ""
    family_name: _Text = ""
    phone: _Text = ""
    email: _Text = ""
    line1: _Text = ""
    line2: _Text = ""
    city: _Text = ""
    city_code: _Text = ""
    district: _Text = ""
    district_code: _Text = ""
    province: _Text = ""
    province_code: _Text = ""
    country: _Text = ""
    country_code: _Text = ""
    postal_code: _Text = ""
    attributes: _Facts = {}


class _ChargeEntry(_Entry):
    kind: ChargeKind
    amount: _Amount
    name: _Text = ""
    description: _Text = ""
    included: StrictBool = False


class _DiscountEntry(_Entry):
    amount: _Amount
    kind: Annotated[StrictStr, Field(pattern=f"^({COUPON}|{CREDIT})$")] = COUPON
    code: _Text = ""
    name: _Text = ""


class _OrderEntry(_Entry):
    wire: StrictStr
    reference: Annotated[StrictStr, Field(max_length=255)] = ""
    currency: StrictStr | None = None
    created_at: AwareDatetime | None = None
    customer: _CustomerEntry | None = None
    sender: _ContactEntry | None = None
    shipping_address: _AddressEntry | None = None
    billing_address: _AddressEntry | None = None
    customer_note: _Text = ""
    payment_method: _Text = ""
    tags: list[StrictStr] = []
    lines: list[_LineEntry] = []
    charges: list[_ChargeEntry] = []
    discounts: list[_DiscountEntry] = []
    extensions: dict[str, _Facts] = {}


@dataclass(frozen=True, slots=True)
class _Problems:
    """Where something is wrong, and what."""

    found: list[str]

    def taken(self, path: str, read: Callable[[], _T], instead: _T) -> _T:
        """What ``read`` returns; ``instead`` where it can't take something."""
        try:
            return read()
        except InvalidField as problem:
            self.found.append(f"{path}: {reason_in_words(problem)}")
            return instead


def read_order(file: Path, shop: Shop) -> Placement:
    """The order of a file (``-``: of stdin), to be placed at ``shop``.

    Raises :class:`CommandFailed` with every problem, each with the place where it is.
    """
    problems = _Problems([])
    entry = _valid(_OrderEntry, _json(file), "", problems)
    placement = _placement(entry, shop, problems) if entry else None
    if placement is None or problems.found:
        raise _bad(file, problems.found)
    return placement


def read_lines(file: Path, currency: str) -> list[LineRequest]:
    """The lines of a file (``-``: of stdin), with prices in ``currency``.

    Raises :class:`CommandFailed` with every problem, each with the place where it is.
    """
    listed = _json(file)
    if not isinstance(listed, list) or not listed:
        raise CommandFailed(f"{file} is not a list of lines")
    problems = _Problems([])
    entries = [
        _valid(_LineEntry, each, f"[{index}]", problems) for index, each in enumerate(listed)
    ]
    lines = [
        _line(entry, currency, f"[{index}]", problems)
        for index, entry in enumerate(entries)
        if entry
    ]
    if problems.found:
        raise _bad(file, problems.found)
    return lines


def _json(file: Path) -> Any:
    try:
        text = sys.stdin.read() if file == STDIN else file.read_text(encoding="utf-8")
        return json.loads(text, parse_float=Decimal)
    except OSError as error:
        raise CommandFailed(f"can't read {file}: {error.strerror}", exit_code=MISUSED) from None
    except (ValueError, RecursionError) as error:
        raise CommandFailed(f"{file} is not JSON: {error}") from None


def _bad(file: Path, problems: Sequence[str]) -> CommandFailed:
    count = "1 problem" if len(problems) == 1 else f"{len(problems)} problems"
    return CommandFailed(f"nothing was written, {file} has {count}:", *problems)


_Model = TypeVar("_Model", bound=_Entry)


def _valid(model: type[_Model], entry: object, path: str, problems: _Problems) -> _Model | None:
    try:
        return model.model_validate(entry)
    except ValidationError as error:
        for found in error.errors():
            place = f"{path}{_path(found['loc'])}".removeprefix(".")
            problems.found.append(f"{place or 'the file'}: {found['msg']}")
        return None


def _placement(entry: _OrderEntry, shop: Shop, problems: _Problems) -> Placement | None:
    wire = problems.taken("wire", lambda: require_wire(entry.wire), "")
    currency = entry.currency or shop.currency
    currency = problems.taken("currency", lambda: require_currency(currency), "")
    if not wire or not currency:
        return None

    def money(path: str, amount: Decimal) -> Money:
        zero = Money.zero(currency)
        taken = problems.taken(path, lambda: Money.of(amount, currency), zero)
        if taken < zero:
            problems.found.append(f"{path}: negative")
        return taken

    return Placement(
        wire=wire,
        currency=currency,
        terms=shop.terms_for(wire),
        details=_details(entry, problems),
        references=(Reference("order", wire, entry.reference),) if entry.reference else (),
        lines=[
            _line(each, currency, f"lines[{index}]", problems)
            for index, each in enumerate(entry.lines)
        ],
        charges=tuple(
            Charge(
                kind=each.kind,
                amount=money(f"charges[{index}].amount", each.amount),
                name=each.name,
                description=each.description,
                included=each.included,
            )
            for index, each in enumerate(entry.charges)
        ),
        discounts=tuple(
            Discount(
                amount=money(f"discounts[{index}].amount", each.amount),
                kind=each.kind,
                code=each.code,
                name=each.name,
            )
            for index, each in enumerate(entry.discounts)
        ),
        tags=tuple(entry.tags),
        created_at=entry.created_at,
    )


def _line(entry: _LineEntry, currency: str, path: str, problems: _Problems) -> LineRequest:
    def price(name: str, amount: Decimal) -> UnitPrice:
        zero = UnitPrice(0, currency)
        taken = problems.taken(f"{path}.{name}", lambda: UnitPrice.of(amount, currency), zero)
        if taken.ten_thousandths < 0:
            problems.found.append(f"{path}.{name}: negative")
        return taken

    _identifier(f"{path}.product_id", entry.product_id, problems)
    if entry.quantity < 1:
        problems.found.append(f"{path}.quantity: too small")
    return LineRequest(
        product_id=entry.product_id,
        quantity=entry.quantity,
        unit_price=price("unit_price", entry.unit_price),
        variant_id=entry.variant_id,
        name=entry.name,
        sku=entry.sku,
        options=entry.options,
        image_url=entry.image_url,
        list_price=None if entry.list_price is None else price("list_price", entry.list_price),
        weight_grams=entry.weight_grams,
        attributes=entry.attributes,
    )


def _details(entry: _OrderEntry, problems: _Problems) -> Details:
    extension, rate = SALES_TAX_RATE
    percentage = entry.extensions.get(extension, {}).get(rate)
    if percentage is not None:
        place = f"extensions.{extension}.{rate}"
        problems.taken(place, lambda: require_rate(str(percentage)), Decimal(0))
    for name in entry.extensions:
        problems.taken(f"extensions.{name}", lambda name=name: require_wire(name), "")  # type: ignore[misc]
    return Details(
        customer=_customer(entry.customer, problems),
        sender=Contact(**entry.sender.model_dump()) if entry.sender else None,
        shipping_address=_address(entry.shipping_address),
        billing_address=_address(entry.billing_address),
        customer_note=entry.customer_note,
        payment_method=entry.payment_method,
        extensions=entry.extensions,
    )


def _customer(entry: _CustomerEntry | None, problems: _Problems) -> Contact | None:
    if entry is None:
        return None
    facts: Attributes = entry.attributes
    if entry.shop_id:
        _identifier("customer.shop_id", entry.shop_id, problems)
        facts = {**facts, BUYING_SHOP: entry.shop_id}
    return Contact(**{**entry.model_dump(exclude={"shop_id"}), "attributes": facts})


def _address(entry: _AddressEntry | None) -> Address | None:
    return Address(**entry.model_dump()) if entry else None


def _identifier(path: str, text: str, problems: _Problems) -> None:
    problems.taken(path, lambda: require_identifier(path, text), "")


def _path(location: tuple[Any, ...]) -> str:
    return "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in location)
