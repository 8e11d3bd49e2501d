"""How an order begins, as it was written down: checked, and told to the core."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, Final, TypeVar

from pydantic import ValidationError

from orderhub.domain.commands import Placement
from orderhub.domain.details import BUYING_SHOP, Address, Contact, Details, Reference
from orderhub.domain.errors import InvalidField
from orderhub.domain.events import Terms
from orderhub.domain.lines import Attributes, Charge, Discount, LineRequest
from orderhub.domain.money import Money, UnitPrice, require_currency
from orderhub.domain.shop import Shop, require_identifier
from orderhub.services.change_costs import SALES_TAX_RATE, require_rate
from orderhub.services.manage_shops import require_wire
from orderhub_cli.failures import reason_in_words

from .entries import AddressEntry, CustomerEntry, Entry, LineEntry, OrderEntry

_T = TypeVar("_T")
_Model = TypeVar("_Model", bound=Entry)

_IN_WORDS: Final = {
    "extra_forbidden": "there is no such field",
    "model_type": "not an object, like {…}",
    "timezone_aware": "no time zone; Z at its end is UTC",
}
"""Where pydantic speaks to programmers, by its types of errors."""


@dataclass(frozen=True, slots=True)
class Problems:
    """Where something is wrong, and what."""

    found: list[str]

    def add(self, path: str, what: str) -> None:
        self.found.append(f"{path}: {what}")

    def taken(self, path: str, read: Callable[[], _T], instead: _T) -> _T:
        """What ``read`` returns; ``instead`` where it can't take something."""
        try:
            return read()
        except InvalidField as problem:
            self.add(path, reason_in_words(problem))
            return instead

    def money(self, path: str, amount: Decimal, currency: str) -> Money:
        """``amount`` major units, not negative."""
        zero = Money.zero(currency)
        taken = self.taken(path, lambda: Money.of(amount, currency), zero)
        if taken < zero:
            self.add(path, "negative")
        return taken


def valid(
    model: type[_Model],
    entry: object,
    path: str,
    whole: str,
    problems: Problems,
    now: datetime | None = None,
) -> _Model | None:
    """``entry`` as a ``model``. What is wrong with all of it is said of ``whole``. Times are held
    against ``now``, ``None`` the clock's."""
    try:
        return model.model_validate(entry, context=now)
    except ValidationError as error:
        for found in error.errors():
            place = f"{path}{_path(found['loc'])}".removeprefix(".")
            what = _IN_WORDS.get(found["type"]) or found["msg"].removeprefix("Value error, ")
            problems.add(place or whole, what)
        return None


def placement_of(
    entry: OrderEntry, shop: Shop, problems: Problems, terms: Terms | None = None
) -> Placement | None:
    """What the order is made as, under the shop's windows where there are no ``terms``; ``None``
    where not even its wire and currency are known."""
    wire = problems.taken("wire", lambda: require_wire(entry.wire), "")
    currency = entry.currency or shop.currency
    currency = problems.taken("currency", lambda: require_currency(currency), "")
    if not wire or not currency:
        return None
    return Placement(
        wire=wire,
        currency=currency,
        terms=terms or shop.terms_for(wire),
        details=_details(entry, problems),
        references=(Reference("order", wire, entry.reference),) if entry.reference else (),
        lines=lines_of(entry.lines, currency, "lines", problems),
        charges=tuple(
            Charge(
                kind=each.kind,
                amount=problems.money(f"charges[{index}].amount", each.amount, currency),
                name=each.name,
                description=each.description,
                included=each.included,
            )
            for index, each in enumerate(entry.charges)
        ),
        discounts=tuple(
            Discount(
                amount=problems.money(f"discounts[{index}].amount", each.amount, currency),
                kind=each.kind,
                code=each.code,
                name=each.name,
            )
            for index, each in enumerate(entry.discounts)
        ),
        tags=tuple(entry.tags),
        created_at=entry.created_at,
    )


def lines_of(
    entries: Sequence[LineEntry], currency: str, path: str, problems: Problems
) -> list[LineRequest]:
    """The lines at ``path``, with prices in ``currency``."""
    return [
        line_of(entry, currency, f"{path}[{index}]", problems)
        for index, entry in enumerate(entries)
    ]


def line_of(entry: LineEntry, currency: str, path: str, problems: Problems) -> LineRequest:
    """One line, at ``path``."""

    def price(name: str, amount: Decimal) -> UnitPrice:
        zero = UnitPrice(0, currency)
        taken = problems.taken(f"{path}.{name}", lambda: UnitPrice.of(amount, currency), zero)
        if taken.ten_thousandths < 0:
            problems.add(f"{path}.{name}", "negative")
        return taken

    _identifier(f"{path}.product_id", entry.product_id, problems)
    if entry.quantity < 1:
        problems.add(f"{path}.quantity", "too small")
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


def _details(entry: OrderEntry, problems: Problems) -> Details:
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
        shipping_address=address_of(entry.shipping_address),
        billing_address=address_of(entry.billing_address),
        customer_note=entry.customer_note,
        payment_method=entry.payment_method,
        extensions=entry.extensions,
    )


def _customer(entry: CustomerEntry | None, problems: Problems) -> Contact | None:
    if entry is None:
        return None
    facts: Attributes = entry.attributes
    if entry.shop_id:
        _identifier("customer.shop_id", entry.shop_id, problems)
        facts = {**facts, BUYING_SHOP: entry.shop_id}
    return Contact(**{**entry.model_dump(exclude={"shop_id"}), "attributes": facts})


def address_of(entry: AddressEntry | None) -> Address | None:
    return Address(**entry.model_dump()) if entry else None


def _identifier(path: str, text: str, problems: Problems) -> None:
    problems.taken(path, lambda: require_identifier(path, text), "")


def _path(location: tuple[Any, ...]) -> str:
    return "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in location)
