"""What pages show of an order: how it stands, what was ordered, and what is still to be paid.

It names nobody and no address: links are passed on.
"""

from collections.abc import Iterator
from typing import Final

from orderhub.domain.lines import ChargeKind, Line
from orderhub.domain.money import Money
from orderhub.domain.order import Order
from orderhub.domain.status import FulfilmentStatus, OrderStatus, PaymentStatus

from .document import escape

MOST_LINES: Final = 100
"""Longer orders show so many, and say how many more there are."""

_CHARGES: Final = {
    ChargeKind.SHIPPING: "Shipping",
    ChargeKind.SHIPPING_TAX: "Tax on shipping",
    ChargeKind.TAX: "Tax",
    ChargeKind.INSURANCE: "Insurance",
    ChargeKind.HANDLING: "Handling",
    ChargeKind.TIP: "Tip",
    ChargeKind.OTHER: "Other charges",
}
_CLOSED: Final = {
    OrderStatus.COMPLETED: "This order is complete.",
    OrderStatus.CANCELLED: "This order was cancelled.",
    OrderStatus.EXPIRED: "This order was not paid in time and has expired.",
}
_MONEY: Final = {
    PaymentStatus.UNPAID: "This order is not paid yet.",
    PaymentStatus.CONFIRMING: "A payment is being confirmed.",
    PaymentStatus.PARTIALLY_PAID: "This order is paid in part.",
    PaymentStatus.PAID: "This order is paid.",
    PaymentStatus.REFUNDING: "A refund is under way.",
    PaymentStatus.PARTIALLY_REFUNDED: "Part of the money was refunded.",
    PaymentStatus.REFUNDED: "The money was refunded.",
    PaymentStatus.VOIDED: "",
}
_GOODS: Final = {
    FulfilmentStatus.UNFULFILLED: "",
    FulfilmentStatus.PARTIALLY_SHIPPED: "Part of it has been sent.",
    FulfilmentStatus.SHIPPED: "It is on its way.",
    FulfilmentStatus.RECEIVED: "It has arrived.",
    FulfilmentStatus.RETURNED: "It came back.",
}


def headed(seller: str, order: Order) -> str:
    """The top of the page: whose order it is, which, and how it stands."""
    return (
        f"<h1>{escape(seller)}</h1>"
        f"<p>Order {escape(order.number)}, {order.created_at:%Y-%m-%d}</p>"
        f"<p>{escape(_state(order))}</p>"
    )


def bill(order: Order) -> str:
    return (
        "<table><thead><tr><th>Item</th><th class=n>Price</th><th class=n>Pieces</th>"
        f"<th class=n>{escape(order.currency)}</th></tr></thead>"
        f"<tbody>{''.join(_lines(order))}</tbody>"
        f"<tfoot>{''.join(_sums(order))}</tfoot></table>"
    )


def _state(order: Order) -> str:
    words = [_CLOSED.get(order.status, ""), _MONEY[order.payment_status]]
    if order.held_payments:
        words.append("A payment came in that is not what was due. The seller looks into it.")
    if order.status is not OrderStatus.COMPLETED:
        words.append(_GOODS[order.fulfilment_status])
    return " ".join(filter(None, words))


def _lines(order: Order) -> Iterator[str]:
    yield from map(_line, order.lines[:MOST_LINES])
    more = len(order.lines) - MOST_LINES
    if more > 0:
        yield f"<tr><td colspan=4>and {more} more</td></tr>"


def _line(line: Line) -> str:
    name = ", ".join(filter(None, [line.name or line.product_id, line.options]))
    return (
        f"<tr><td>{escape(name)}</td><td class=n>{line.unit_price.decimal_text}</td>"
        f"<td class=n>{line.quantity}</td><td class=n>{line.total.decimal_text}</td></tr>"
    )


def _sums(order: Order) -> Iterator[str]:
    yield _sum("Items", order.item_total)
    for charge in order.charges:
        label = _CHARGES[charge.kind]
        if charge.name:
            label += f" ({charge.name})"
        yield _sum(f"{label}, included" if charge.included else label, charge.amount)
    for discount in order.discounts:
        taken_off = Money.zero(order.currency) - discount.amount
        yield _sum(f"Discount {discount.code or discount.name}".strip(), taken_off)
    if order.price_adjustment:
        yield _sum("Agreed adjustment", order.price_adjustment)
    yield _sum("Total", order.total)
    if order.captured:
        yield _sum("Paid", order.captured)
    if order.refunded:
        yield _sum("Refunded", order.refunded)
    if order.status is OrderStatus.OPEN:
        yield _sum("Still to pay", order.outstanding, "due")


def _sum(label: str, amount: Money, style: str = "") -> str:
    row = f'<tr class="{style}">' if style else "<tr>"
    return f"{row}<td colspan=3>{escape(label)}</td><td class=n>{amount.decimal_text}</td></tr>"
