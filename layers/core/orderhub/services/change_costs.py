"""Change what is charged on top of an order's lines, and the sales tax that follows from it."""

from collections.abc import Iterable
from decimal import Decimal
from typing import Final

from orderhub.domain import commands
from orderhub.domain.commands import Change
from orderhub.domain.dataclass import dataclass
from orderhub.domain.details import Actor, Details
from orderhub.domain.errors import InvalidField
from orderhub.domain.lines import Charge, ChargeKind, Discount
from orderhub.domain.money import Money, UnitPrice
from orderhub.domain.order import Order
from orderhub.domain.status import OrderStatus

from .desk import Desk

SALES_TAX_RATE: Final = ("bricklink", "sales_tax_rate")
"""Where an order's details (``extensions``) have the sales tax that the marketplace collects: a
percentage as text, like ``8.25``. Without it no tax is calculated here."""

ETC1: Final = "etc1"
ETC2: Final = "etc2"
"""The names of two charges of kind ``other``, whatever they are for."""
CREDIT: Final = "credit"
COUPON: Final = "coupon"
"""The kinds of discounts."""

_HIGHEST_RATE: Final = Decimal(100)


@dataclass(frozen=True, slots=True, kw_only=True)
class Costs:
    """Amounts in major units of the order's currency; ``None`` leaves what there is. ``credit`` is
    what is taken off, as a positive amount."""

    shipping: Decimal | None = None
    insurance: Decimal | None = None
    etc1: Decimal | None = None
    etc2: Decimal | None = None
    credit: Decimal | None = None


def change_costs(desk: Desk, order: Order, costs: Costs, actor: Actor) -> Change:
    """Set some of an order's costs while it is unpaid; from then on nothing changes any more.

    The sales tax is calculated anew in the same change. Raises :class:`InvalidField` naming the
    field of :class:`Costs` for amounts below zero or finer than the currency's minor unit, and
    :class:`Refused` (``total_out_of_range``).
    """
    _require_amounts(order, costs)
    return desk.change(
        order.shop_id, order.id, actor, lambda change: apply_costs(change, costs), loaded=order
    )


def apply_costs(change: Change, costs: Costs) -> None:
    """:func:`change_costs`, as a part of a larger change.

    What is set to what it is already stays as it is, and where nothing changes the tax does
    neither.
    """
    order = change.visible
    _require_amounts(order, costs)
    if not is_unpaid(order):
        return
    charges, discounts = order.charges, order.discounts
    for kind, name, wanted in (
        (ChargeKind.SHIPPING, None, costs.shipping),
        (ChargeKind.INSURANCE, None, costs.insurance),
        (ChargeKind.OTHER, ETC1, costs.etc1),
        (ChargeKind.OTHER, ETC2, _own_etc2(order, costs.etc2)),
    ):
        if wanted is not None:
            amount = Money.of(wanted, order.currency)
            if amount != charged(order, kind, name):
                charges = _with_charge(charges, kind, amount, name)
    if costs.credit is not None:
        credit = Money.of(costs.credit, order.currency)
        if credit != order_credit(order):
            kept = tuple(each for each in discounts if each.kind != CREDIT)
            discounts = (*kept, Discount(amount=credit, kind=CREDIT)) if credit else kept
    if (charges, discounts) != (order.charges, order.discounts):
        _charge(change, charges, discounts)


def order_credit(order: Order) -> Money:
    """All credits that the seller gave."""
    given = (each.amount for each in order.discounts if each.kind == CREDIT)
    return Money.total(given, order.currency)


def rest_of_charges(order: Order) -> Money:
    """All that is charged under no name of :class:`Costs` but ``etc2``, that included: what other
    APIs charge, and what the seller agreed on beyond what the parts sum up to. The sales tax that
    the marketplace collects stands apart."""
    named = charged(order, ChargeKind.SHIPPING) + charged(order, ChargeKind.INSURANCE)
    named += charged(order, ChargeKind.OTHER, ETC1) + sales_tax(order)
    agreed = order.price_adjustment or Money.zero(order.currency)
    return order.charge_total - named + Money(max(0, agreed.amount), order.currency)


def sales_tax(order: Order) -> Money:
    """What the marketplace collects; other taxes are the seller's own."""
    wire, name = SALES_TAX_RATE
    if name not in order.details.extensions.get(wire, {}):
        return Money.zero(order.currency)
    return charged(order, ChargeKind.TAX)


def _own_etc2(order: Order, wanted: Decimal | None) -> Decimal | None:
    """What ``etc2`` itself must be, so that with the charges shown beside it that is ``wanted``."""
    if wanted is None:
        return None
    beside = rest_of_charges(order) - charged(order, ChargeKind.OTHER, ETC2)
    own = Money.of(wanted, order.currency, "etc2") - beside
    if own.amount < 0:
        message = f"other charges of the order come to {beside.decimal_text} {order.currency}"
        raise InvalidField("etc2", "below_others", message)
    return Decimal(own.decimal_text)


def charged(order: Order, kind: ChargeKind, name: str | None = None) -> Money:
    """All that is charged of that kind, and under that name if one is given, on top of prices."""
    meant = (
        each.amount
        for each in order.charges
        if each.kind is kind and name in (None, each.name) and _adds(each)
    )
    return Money.total(meant, order.currency)


def apply_sales_tax(change: Change) -> None:
    """Calculate an unpaid order's sales tax anew, where the marketplace collects it: after its
    lines changed."""
    if is_unpaid(change.visible):
        _charge(change, change.order.charges, change.order.discounts)


def is_unpaid(order: Order) -> bool:
    """Whether its costs may change still; ``order`` as it must be seen now."""
    return order.status is OrderStatus.OPEN and not order.is_paid


def sales_tax_rate(order: Order) -> Decimal | None:
    """The percentage that the marketplace collects; ``None`` where it collects nothing.

    Raises :class:`InvalidField` (``sales_tax_rate``) for what is no percentage.
    """
    return sales_tax_rate_in(order.details)


def sales_tax_rate_in(details: Details) -> Decimal | None:
    """:func:`sales_tax_rate` of an order with these details."""
    wire, name = SALES_TAX_RATE
    text = details.extensions.get(wire, {}).get(name)
    return None if text is None else require_rate(str(text))


def require_rate(text: str) -> Decimal:
    """A percentage from 0 to 100 with at most four decimals. Raises :class:`InvalidField`."""
    # Written as prices per piece are.
    rate = Decimal(UnitPrice.of(text, "USD", "sales_tax_rate").ten_thousandths).scaleb(-4)
    if not 0 <= rate <= _HIGHEST_RATE:
        raise InvalidField("sales_tax_rate", "out_of_range", f"{text} is not a percentage")
    return rate


def _charge(change: Change, charges: tuple[Charge, ...], discounts: tuple[Discount, ...]) -> None:
    rate = sales_tax_rate(change.order)
    if rate is not None:
        tax = _taxable(change.order, charges, discounts).percent(rate)
        charges = _with_charge(charges, ChargeKind.TAX, tax, None)
    commands.change_charges(change, charges, discounts)


def _taxable(order: Order, charges: Iterable[Charge], discounts: Iterable[Discount]) -> Money:
    """The lines and all charges but the tax, less the discounts; never below zero."""
    charged = (each.amount for each in charges if each.kind is not ChargeKind.TAX and _adds(each))
    base = order.item_total + Money.total(charged, order.currency)
    base -= Money.total((each.amount for each in discounts), order.currency)
    return Money(max(0, base.amount), order.currency)


def _with_charge(
    charges: tuple[Charge, ...], kind: ChargeKind, amount: Money, name: str | None
) -> tuple[Charge, ...]:
    """``charges`` with one of that kind (and name, if given) in the place of all there were, or
    with none where it is nothing."""

    def is_meant(charge: Charge) -> bool:
        return charge.kind is kind and name in (None, charge.name) and _adds(charge)

    known = next((each for each in charges if is_meant(each)), None)
    others = tuple(each for each in charges if not is_meant(each))
    if not amount:
        return others
    if known is None:
        return (*others, Charge(kind=kind, amount=amount, name=name or ""))
    return tuple(
        Charge(kind=kind, amount=amount, name=each.name, description=each.description)
        if each is known
        else each
        for each in charges
        if each is known or not is_meant(each)
    )


def _adds(charge: Charge) -> bool:
    return not charge.included


def _require_amounts(order: Order, costs: Costs) -> None:
    for field in ("shipping", "insurance", "etc1", "etc2", "credit"):
        wanted: Decimal | None = getattr(costs, field)
        if wanted is not None and Money.of(wanted, order.currency, field).amount < 0:
            raise InvalidField(field, "negative")
