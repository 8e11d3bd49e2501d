"""The page behind an order's link: what was ordered, and what is still to be paid.

It names nobody and no address: links are passed on.
"""

from collections.abc import Iterator, Mapping
from typing import Final

from orderhub.domain.errors import Busy, NotFound, Unavailable
from orderhub.domain.lines import ChargeKind, Line
from orderhub.domain.money import Money
from orderhub.domain.order import Order
from orderhub.domain.status import FulfilmentStatus, OrderStatus, PaymentStatus
from orderhub.services.visit_checkout import Visit
from orderhub.wire.contract import OpenRequest, RequestError, Response

from .document import escape, page

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


class CheckoutPage:
    """What the HTTP layer must know: anybody may look, and failures are pages as well."""

    name: Final = "checkout"
    takes_forms: Final = False
    max_body_bytes: Final = 1024

    def token(self, headers: Mapping[str, str], body: object) -> None:
        """Nobody presents a credential here; the link itself is one."""

    def error(self, error: Exception) -> Response:
        match error:
            case NotFound() | RequestError():
                return _notice(404, "Page not found", "This link leads nowhere (any more).")
            case Busy() | Unavailable():
                return _notice(503, "Not now", "Please try again in a moment.")
            case _:
                return _notice(500, "Something went wrong", "Please try again later.")


PAGE: Final = CheckoutPage()


def link(request: OpenRequest) -> tuple[str, str]:
    """``GET /checkout/{order_id}/{token}``: the order's name and the token."""
    return request.path["order_id"], request.path["token"]


def show(visit: Visit) -> Response:
    order = visit.order
    title = f"{visit.shop.name}: order {order.number}"
    body = (
        f"<h1>{escape(visit.shop.name)}</h1>"
        f"<p>Order {escape(order.number)}, {order.created_at:%Y-%m-%d}</p>"
        f"<p>{escape(_state(order))}</p>"
        "<table><thead><tr><th>Item</th><th class=n>Price</th><th class=n>Pieces</th>"
        f"<th class=n>{escape(order.currency)}</th></tr></thead>"
        f"<tbody>{''.join(_lines(order))}</tbody>"
        f"<tfoot>{''.join(_sums(order))}</tfoot></table>"
    )
    return page(200, title, body, shop_id=order.shop_id, order_id=order.id)


def _notice(status: int, title: str, text: str) -> Response:
    return page(status, title, f"<h1>{escape(title)}</h1><p>{escape(text)}</p>")


def _state(order: Order) -> str:
    words = [_CLOSED.get(order.status, ""), _MONEY[order.payment_status]]
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
