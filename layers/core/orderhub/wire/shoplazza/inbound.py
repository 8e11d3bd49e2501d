"""From requests to what the core is asked to do."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import field
from datetime import datetime
from decimal import Decimal
from functools import partial
from typing import Any, Final
from uuid import UUID, uuid5

from orderhub.domain.dataclass import dataclass
from orderhub.domain.details import IDEMPOTENCY, Address, Contact, Details, Reference
from orderhub.domain.errors import InvalidField
from orderhub.domain.lines import Attributes, Charge, ChargeKind
from orderhub.domain.money import Money
from orderhub.domain.order import Order
from orderhub.domain.refund import RefundedLine
from orderhub.domain.shop import Shop
from orderhub.services.place_order import CLOCK_SKEW
from orderhub.services.place_product_order import ProductOrder, WantedDiscount, WantedProduct
from orderhub.services.visit_checkout import CHECKOUT_TOKEN, new_checkout_token
from orderhub.wire.contract import Problem, Request, Unprocessable
from orderhub.wire.fields import parse

from . import history
from .errors import IDEMPOTENCY_KEY
from .history import PAID_WORDS, History
from .schema import GivenDiscount, NewOrder, RefundLineItem, ShippingAddress, WantedLineItem

WIRE: Final = "shoplazza"

# What only this API's answers show, in the order's extension: as it was when the order was made, so
# that an order keeps its id and its links, and a repeat is answered as the first time.
SHOP_NUMBER: Final = "shop_number"
TAX_INCLUDED: Final = "tax_included"
CHECKOUT_BASE: Final = "checkout_base"
INVOICE_BASE: Final = "invoice_base"
ANSWERED_AT: Final = "answered_at"
BODY_HASH: Final = "body_hash"

# Of a line, in its attributes.
REFUND_TOTAL: Final = "refund_total"
REFUND_TAX: Final = "refund_tax"
REFUND_DISCOUNT: Final = "refund_discount"

CASH_ON_DELIVERY: Final = "cod"

LONGEST_KEY: Final = 255

_CUSTOMERS: Final = UUID("1c0f6c4e-8a2b-5d0e-9a64-4b1d5f0b7c21")
"""The namespace of customers' ids."""

_RESPELLED: Final[Mapping[str, Mapping[str, str]]] = {
    "": {"LineItems": "line_items"},
    "shipping_line": {"shipping_name": "name", "shipping_desc": "desc"},
    "refund_line_items": {"refund_quantity": "quantity"},
}
"""Fields that the document's heading, or clients of 2026-01, spell differently, by where they
stand."""


def product_order(request: Request) -> ProductOrder:
    """``POST /openapi/…/orders``: the order, flat or wrapped in ``order``.

    Raises :class:`Unprocessable` with every problem that can be seen without the catalogue.
    """
    body = _order_in(request.body)
    form = parse(NewOrder, _respelled(body))
    amounts = _Amounts(form.currency_code)
    charges = _charges(form, amounts, tax_included=request.shop.tax_included)
    refund_total = amounts.optional("refund_total", form.refund_total)
    refunded = _refunded_lines(form, amounts)
    amounts.problems += _time_problems(form, request.now)
    references = _references(request, amounts.problems)
    if amounts.problems:
        raise Unprocessable(*amounts.problems)
    told = History(
        until=form.updated_at or request.now,
        financial_status=form.financial_status,
        order_status=form.order_status,
        refund_total=refund_total,
        refunded_lines=tuple(RefundedLine(id_, each.pieces) for id_, each in refunded.items()),
        payment_method=_payment_method(form, request.shop),
        note=form.note or "",
    )
    return ProductOrder(
        wire=WIRE,
        currency=form.currency_code,
        terms=request.shop.terms_for(WIRE),
        details=_details(form, request, told, body_hash(body) if references else ""),
        products=_products(form.line_items, refunded),
        charges=charges,
        discount=_discount(form.discount),
        tags=form.tags,
        references=references,
        created_at=form.created_at,
        takes_stock=told.has_goods_to_send,
        follow_up=partial(history.tell, history=told) if _has_history(form) else None,
    )


def require_same_request(request: Request, order: Order) -> None:
    """A known Idempotency-Key must come with the body that it came with first.

    Raises :class:`Unprocessable`.
    """
    if IDEMPOTENCY_KEY.lower() in request.headers:
        facts = order.details.extensions.get(WIRE, {})
        if facts.get(BODY_HASH) != body_hash(_order_in(request.body)):
            raise Unprocessable(Problem(IDEMPOTENCY_KEY, "another_body"))


def body_hash(body: Mapping[str, Any]) -> str:
    """SHA-256 of what an order's request says, however it was wrapped, spaced and sorted."""
    text = json.dumps(body, sort_keys=True, separators=(",", ":"), default=str)
    return hashlib.sha256(text.encode()).hexdigest()


# -- bodies ----------------------------------------------------------------------------------------


def _order_in(body: object) -> Mapping[str, Any]:
    if isinstance(body, Mapping) and "order" in body:
        body = body["order"]
    if not isinstance(body, Mapping):
        raise Unprocessable(Problem("base", "not_an_object"))
    return body


def _respelled(body: Mapping[str, Any]) -> dict[str, Any]:
    known = _rename(body, _RESPELLED[""])
    for name in ("shipping_line", "refund_line_items"):
        names, value = _RESPELLED[name], known.get(name)
        if isinstance(value, Mapping):
            known[name] = _rename(value, names)
        elif isinstance(value, list):
            known[name] = [
                _rename(each, names) if isinstance(each, Mapping) else each for each in value
            ]
    return known


def _rename(fields: Mapping[str, Any], names: Mapping[str, str]) -> dict[str, Any]:
    """The document's own spelling wins where both are there."""
    respelled = {names[name]: value for name, value in fields.items() if name in names}
    return {**respelled, **{name: value for name, value in fields.items() if name not in names}}


class _Amounts:
    """Amounts in the order's currency; what it can't hold is kept as a problem."""

    def __init__(self, currency: str) -> None:
        self.currency = currency
        self.problems: list[Problem] = []

    def of(self, field: str, value: Decimal) -> Money:
        try:
            return Money.of(value, self.currency, field)
        except InvalidField as invalid:
            self.problems.append(Problem(field, invalid.reason))
            return Money.zero(self.currency)

    def optional(self, field: str, value: Decimal | None) -> Money | None:
        return None if value is None else self.of(field, value)


def _time_problems(form: NewOrder, now: datetime) -> list[Problem]:
    # An order without a time is made now, give or take what clocks differ.
    created_at = form.created_at or now - CLOCK_SKEW
    if form.updated_at is not None and form.updated_at < created_at:
        return [Problem("updated_at", "before_created_at")]
    return []


def _references(request: Request, problems: list[Problem]) -> tuple[Reference, ...]:
    key = request.headers.get(IDEMPOTENCY_KEY.lower())
    if key is None:
        return ()
    if not (0 < len(key) <= LONGEST_KEY and key.isprintable()):
        problems.append(Problem(IDEMPOTENCY_KEY, "invalid"))
        return ()
    return (Reference(IDEMPOTENCY, WIRE, key),)


def _has_history(form: NewOrder) -> bool:
    told = (
        form.created_at,
        form.updated_at,
        form.order_status,
        form.financial_status,
        form.refund_total,
        form.note,
    )
    return any(told) or bool(form.refund_line_items)


# -- money -----------------------------------------------------------------------------------------


def _charges(form: NewOrder, amounts: _Amounts, *, tax_included: bool) -> tuple[Charge, ...]:
    charges = []
    tax = amounts.of("tax_total", form.tax_total)
    if tax:
        charges.append(Charge(kind=ChargeKind.TAX, amount=tax, included=tax_included))
    if form.shipping_line:
        # Kept also when it is free, since its name is told.
        charges.append(
            Charge(
                kind=ChargeKind.SHIPPING,
                amount=amounts.of(
                    "shipping_line.shipping_price", form.shipping_line.shipping_price
                ),
                name=form.shipping_line.name,
                description=form.shipping_line.desc or "",
            )
        )
    if form.discount and not form.discount.is_percentage:
        amounts.of("discount", form.discount.value)
    return tuple(charges)


def _discount(given: GivenDiscount | None) -> WantedDiscount | None:
    if given is None:
        return None
    return WantedDiscount(value=given.value, is_percentage=given.is_percentage, name=given.text)


def _payment_method(form: NewOrder, shop: Shop) -> str:
    """Empty for the shop's usual one.

    What an order was paid by is a fact. Otherwise it is a wish, which counts in shops that take
    cash on delivery; the others' usual method takes the place of whatever was entered.
    """
    given = form.payment_line or ""
    if not (shop.cod_enabled or form.financial_status in PAID_WORDS):
        return ""
    return CASH_ON_DELIVERY if given.lower() == CASH_ON_DELIVERY else given


# -- lines -----------------------------------------------------------------------------------------


@dataclass(slots=True)
class _Refunded:
    """Of one line: so many pieces, and the amounts that were told for them."""

    pieces: int = 0
    amounts: dict[str, Money] = field(default_factory=dict)

    def add(self, pieces: int, told: Mapping[str, Money | None]) -> None:
        self.pieces += pieces
        for name, amount in told.items():
            if amount is not None:
                known = self.amounts.get(name, Money.zero(amount.currency))
                self.amounts[name] = known + amount

    @property
    def attributes(self) -> Attributes:
        return {name: amount.decimal_text for name, amount in self.amounts.items()}


def _products(
    items: Sequence[WantedLineItem], refunded: Mapping[int, _Refunded]
) -> list[WantedProduct]:
    return [
        WantedProduct(
            product_id=item.product_id,
            variant_id=item.variant_id,
            quantity=item.quantity,
            attributes=refunded[line_id].attributes if line_id in refunded else {},
        )
        for line_id, item in enumerate(items, start=1)
    ]


def _refunded_lines(form: NewOrder, amounts: _Amounts) -> dict[int, _Refunded]:
    """By the ids that the order will give its lines: from 1, in the order in which they came."""
    found: dict[int, _Refunded] = {}
    left = [item.quantity for item in form.line_items]
    for number, wanted in enumerate(form.refund_line_items):
        at = f"refund_line_items.{number}"
        index = _line_of(wanted, form.line_items, left)
        if index is None:
            amounts.problems.append(Problem(f"{at}.variant_id", "unknown"))
            continue
        left[index] -= wanted.quantity
        if left[index] < 0:
            amounts.problems.append(Problem(f"{at}.quantity", "too_many_pieces"))
        told = {
            REFUND_TOTAL: amounts.optional(f"{at}.total", wanted.total),
            REFUND_TAX: amounts.optional(f"{at}.tax", wanted.tax),
            REFUND_DISCOUNT: amounts.optional(f"{at}.discount", wanted.discount),
        }
        found.setdefault(index + 1, _Refunded()).add(wanted.quantity, told)
    return found


def _line_of(
    wanted: RefundLineItem, items: Sequence[WantedLineItem], left: Sequence[int]
) -> int | None:
    """Where the refunded line stands: of several with the same variant, the first that still has
    the pieces."""
    if wanted.line_item_index is not None:
        return wanted.line_item_index if wanted.line_item_index < len(items) else None
    same = [
        index
        for index, item in enumerate(items)
        if item.variant_id == wanted.variant_id and wanted.product_id in (None, item.product_id)
    ]
    enough = (index for index in same if left[index] >= wanted.quantity)
    return next(enough, same[0] if same else None)


# -- who and where ---------------------------------------------------------------------------------


def _details(form: NewOrder, request: Request, told: History, body: str) -> Details:
    shop = request.shop
    facts: dict[str, str | int | bool | None] = {
        CHECKOUT_TOKEN: new_checkout_token(),
        CHECKOUT_BASE: f"https://{shop.domain}" if shop.domain else request.base_url,
        INVOICE_BASE: request.base_url,
        SHOP_NUMBER: shop.number,
        TAX_INCLUDED: shop.tax_included,
        ANSWERED_AT: request.now.isoformat(timespec="milliseconds"),
    }
    if body:
        facts[BODY_HASH] = body
    given = form.shipping_address
    return Details(
        customer=_customer(given, shop.id),
        shipping_address=_address(given),
        payment_method=told.payment_method,
        extensions={WIRE: facts},
    )


def _customer(given: ShippingAddress, shop_id: str) -> Contact:
    """Who is told by an e-mail address: the same one is the same customer of the shop."""
    first_name, last_name = given.first_name or "", given.last_name
    return Contact(
        id=str(uuid5(_CUSTOMERS, f"{shop_id} {given.email.casefold()}")),
        name=f"{first_name} {last_name}".strip(),
        email=given.email,
        phone=given.phone or "",
        attributes={"first_name": first_name, "last_name": last_name},
    )


def _address(given: ShippingAddress) -> Address:
    first_name = given.first_name or ""
    told = ("latitude", "longitude", "company", "phone_area_code", "cpf")
    return Address(
        full_name=f"{first_name} {given.last_name}".strip(),
        given_name=first_name,
        family_name=given.last_name,
        phone=given.phone or "",
        email=given.email,
        line1=given.address,
        line2=given.address1 or "",
        city=given.city,
        district=given.area or "",
        province=given.province or "",
        province_code=given.province_code,
        country=given.country,
        country_code=given.country_code,
        postal_code=given.zip or "",
        attributes={name: getattr(given, name) for name in told if getattr(given, name)},
    )
