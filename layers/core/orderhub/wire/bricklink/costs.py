"""An order's costs as this API breaks them down.

``grand_total`` is the sum of what stands beside it, and ``final_total`` that and the sales tax that
the marketplace collects: what the buyer pays. What other APIs charge and this one has no name for
is shown as ``etc2``, what they take off as ``coupon``, so that the sums always hold.

Amounts are those that the core counts: a lot's price is rounded half up to the currency's minor
unit, and ``subtotal`` is the sum of those.
"""

from typing import TYPE_CHECKING, Final

from orderhub.domain.lines import ChargeKind
from orderhub.domain.money import Money
from orderhub.domain.order import Order
from orderhub.services.change_costs import (
    ETC1,
    charged,
    order_credit,
    rest_of_charges,
    sales_tax,
)

from . import facts
from .values import four_decimals, money, number_in

if TYPE_CHECKING:
    from . import answers

_TAXES: Final = (ChargeKind.TAX, ChargeKind.SHIPPING_TAX)


def summary(order: Order) -> "answers.SummaryCost":
    """What the list of orders shows. The document spells the total ``grandtotal`` there, clients
    read the resource's name: it has both."""
    total = money(order.total - sales_tax(order))
    return {
        "currency_code": order.currency,
        "subtotal": money(order.item_total),
        "grand_total": total,
        "grandtotal": total,
    }


def resource(order: Order) -> "answers.Cost":
    collected = sales_tax(order)
    credit = order_credit(order)
    included = (c.amount for c in order.charges if c.included and c.kind in _TAXES)
    vat = Money.total(included, order.currency)
    vat_rate = number_in(facts.of(order), facts.VAT_RATE)
    shown: answers.Cost = {
        "currency_code": order.currency,
        "subtotal": money(order.item_total),
        "grand_total": money(order.total - collected),
        "salesTax_collected_by_BL": money(collected),
        "final_total": money(order.total),
        "etc1": money(charged(order, ChargeKind.OTHER, ETC1)),
        "etc2": money(rest_of_charges(order)),
        "insurance": money(charged(order, ChargeKind.INSURANCE)),
        "shipping": money(charged(order, ChargeKind.SHIPPING)),
        "credit": money(credit),
        "coupon": money(order.discount_total - credit + _waived(order)),
    }
    if vat_rate is not None:
        shown["vat_rate"] = four_decimals(vat_rate)
    if vat_rate is not None or vat:
        shown["vat_amount"] = money(vat)
    return shown


def _waived(order: Order) -> Money:
    """By how much the seller agreed on less than the parts sum up to."""
    agreed = order.price_adjustment or Money.zero(order.currency)
    return Money(max(0, -agreed.amount), order.currency)
