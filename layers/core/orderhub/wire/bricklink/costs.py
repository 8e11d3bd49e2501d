"""An order's costs as this API breaks them down.

``grand_total`` is the sum of what stands beside it, and ``final_total`` that and the sales tax that
the marketplace collects: what the buyer pays. What other APIs charge and this one has no name for
is shown as ``etc2``, what they take off as ``coupon``, so that the sums always hold.

Amounts are those that the core counts: a lot's price is rounded half up to the currency's minor
unit, and ``subtotal`` is the sum of those.
"""

from collections.abc import Callable
from typing import Final

from orderhub.domain.lines import Charge, ChargeKind
from orderhub.domain.money import Money
from orderhub.domain.order import Order
from orderhub.services.change_costs import ETC1, order_credit, rest_of_charges

from . import facts
from .values import Json, four_decimals, money, number_in, present

_TAXES: Final = (ChargeKind.TAX, ChargeKind.SHIPPING_TAX)


def summary(order: Order) -> Json:
    """What the list of orders shows. The document spells the total ``grandtotal`` there, clients
    read the resource's name: it has both."""
    total = money(order.total - _sales_tax(order))
    return {
        "currency_code": order.currency,
        "subtotal": money(order.item_total),
        "grand_total": total,
        "grandtotal": total,
    }


def resource(order: Order) -> Json:
    sales_tax = _sales_tax(order)
    shipping = _added(order, lambda charge: charge.kind is ChargeKind.SHIPPING)
    insurance = _added(order, lambda charge: charge.kind is ChargeKind.INSURANCE)
    etc1 = _added(order, lambda charge: (charge.kind, charge.name) == (ChargeKind.OTHER, ETC1))
    credit = order_credit(order)
    waived = _waived(order)
    vat = _sum(order, [c.amount for c in order.charges if c.included and c.kind in _TAXES])
    vat_rate = number_in(facts.of(order), facts.VAT_RATE)
    return present(
        currency_code=order.currency,
        subtotal=money(order.item_total),
        grand_total=money(order.total - sales_tax),
        salesTax_collected_by_BL=money(sales_tax),
        final_total=money(order.total),
        etc1=money(etc1),
        etc2=money(rest_of_charges(order)),
        insurance=money(insurance),
        shipping=money(shipping),
        credit=money(credit),
        coupon=money(order.discount_total - credit + waived),
        vat_rate=None if vat_rate is None else four_decimals(vat_rate),
        vat_amount=None if vat_rate is None and not vat else money(vat),
    )


def _sales_tax(order: Order) -> Money:
    """What the marketplace collects; other taxes are the seller's own."""
    if facts.TAX_RATE not in facts.of(order):
        return Money.zero(order.currency)
    return _added(order, lambda charge: charge.kind is ChargeKind.TAX)


def _waived(order: Order) -> Money:
    """By how much the seller agreed on less than the parts sum up to."""
    agreed = order.price_adjustment or Money.zero(order.currency)
    return Money(max(0, -agreed.amount), order.currency)


def _added(order: Order, is_meant: Callable[[Charge], bool]) -> Money:
    amounts = [each.amount for each in order.charges if not each.included and is_meant(each)]
    return _sum(order, amounts)


def _sum(order: Order, amounts: list[Money]) -> Money:
    return Money.total(amounts, order.currency)
