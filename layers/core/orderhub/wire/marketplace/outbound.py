"""From an order to this API's order resource. ``docs/apis/marketplace.md`` lists its fields."""

import re
from datetime import datetime
from typing import TYPE_CHECKING, Final

from orderhub.domain.details import Address, Contact
from orderhub.domain.lines import Attributes, Line
from orderhub.domain.money import Money
from orderhub.domain.order import Order
from orderhub.domain.payment import Payment
from orderhub.domain.refund import Refund
from orderhub.domain.shipment import Shipment
from orderhub.domain.status import OrderStatus
from orderhub.wire.contract import Response
from orderhub.wire.statuses import State

from . import status
from .inbound import WIRE
from .schema import SHIP_METHODS

if TYPE_CHECKING:
    from . import answers

_DIGITS: Final = re.compile("[0-9]{1,100}")
"""More are no number of a region, and thousands are no number that can be written."""


def answer(order: Order, now: datetime, *, created: bool = False) -> Response:
    """The order as of ``now``: 201 when this request made something new, else 200."""
    about = {"order_id": order.id, "version": order.version}
    return Response(201 if created else 200, resource(order.as_of(now)), about=about)


def resource(order: Order) -> "answers.OrderResource":
    """Every field, always; what is not known is ``null``."""
    facts = order.details.extensions.get(WIRE, {})
    sender = order.details.sender or order.details.customer or Contact()
    address = order.details.shipping_address or Address()
    ship_method = _integer(facts, "ship_method_id")
    state = State.of(order)
    return {
        "id": order.id,
        "number": order.number,
        "channel": order.wire,
        "kind": _text(facts, "kind"),
        "merchant_order_no": _text(facts, "merchant_order_no"),
        "merchant_trade_no": _text(facts, "merchant_trade_no"),
        "state": status.STATE.word(state),
        "payment_state": status.PAYMENT_STATE.word(state),
        "shipment_state": status.SHIPMENT_STATE.word(state),
        "currency": order.currency,
        "item_total": order.item_total.decimal_text,
        "adjustment_total": (order.total - order.item_total).decimal_text,
        "total": order.total.decimal_text,
        "payment_total": order.captured.decimal_text,
        "refund_total": order.refunded.decimal_text,
        "outstanding_balance": _still_to_pay(order).decimal_text,
        "refund_due": order.refund_due.decimal_text,
        "excess_payment": order.excess.decimal_text,
        "overpaid": bool(order.excess),
        "total_quantity": sum(line.quantity for line in order.lines),
        "line_items": [_line_item(line) for line in order.lines],
        "payments": [_payment(payment) for payment in order.payments],
        "refunds": [_refund(refund) for refund in order.refunds],
        "shipments": [_shipment(shipment) for shipment in order.shipments],
        "sender_name": sender.name or None,
        "sender_email": sender.email or None,
        "sender_phone": sender.phone or None,
        "coupon_code": _text(facts, "coupon_code"),
        "gift_card_text": _text(facts, "gift_card_text"),
        "special_instructions": order.details.customer_note or None,
        "ship_method_id": ship_method,
        "ship_method": None if ship_method is None else SHIP_METHODS.get(ship_method),
        "expected_date": _text(facts, "expected_date"),
        "delivery_date": _text(facts, "delivery_date"),
        "address_fullname": _full_name(address) or None,
        "address_phone": address.phone or None,
        "address_province_id": _region(address.province_code),
        "address_city_id": _region(address.city_code),
        "address_area_id": _region(address.district_code),
        "address_post_code": address.postal_code or None,
        "address_address": address.line1 or None,
        "created_at": _written(order.created_at),
        "updated_at": _written(order.updated_at),
        "payment_due_at": _time(order.payment_due_at),
        "paid_at": _time(order.paid_at),
        "completed_at": _time(order.closed_at if order.status is OrderStatus.COMPLETED else None),
        "cancelled_at": _time(order.closed_at if order.status is OrderStatus.CANCELLED else None),
        "expired_at": _time(order.closed_at if order.status is OrderStatus.EXPIRED else None),
    }


def _still_to_pay(order: Order) -> Money:
    """Nothing is to be paid for an order that is dead."""
    dead = order.status in (OrderStatus.CANCELLED, OrderStatus.EXPIRED)
    return Money.zero(order.currency) if dead else order.outstanding


def _line_item(line: Line) -> "answers.LineItem":
    return {
        "id": line.id,
        "product_id": line.product_id,
        "variant_id": line.variant_id or None,
        "name": line.name or None,
        "sku": line.sku or None,
        "price": line.unit_price.decimal_text,
        "quantity": line.quantity,
        "total": line.total.decimal_text,
    }


def _payment(payment: Payment) -> "answers.Payment":
    return {
        "id": payment.id,
        "merchant_trade_no": payment.transaction_id,
        "amount": payment.amount.decimal_text,
        "currency": payment.amount.currency,
        "state": payment.state,
        "subject_text": payment.subject or None,
        "created_at": _written(payment.created_at),
    }


def _refund(refund: Refund) -> "answers.Refund":
    return {
        "id": refund.id,
        "transaction_id": refund.transaction_id or None,
        "amount": refund.amount.decimal_text,
        "state": refund.state,
        "reason": refund.reason or None,
        "created_at": _written(refund.created_at),
    }


def _shipment(shipment: Shipment) -> "answers.Shipment":
    return {
        "id": shipment.id,
        "state": shipment.state,
        "carrier": shipment.carrier or None,
        "tracking": shipment.tracking_number or None,
        "shipped_at": _time(shipment.sent_at),
    }


def _full_name(address: Address) -> str:
    return address.full_name or f"{address.given_name} {address.family_name}".strip()


def _region(code: str) -> int | str | None:
    """Regions that came in as numbers go out as numbers; other wires' codes as they are."""
    if not code:
        return None
    return int(code) if _DIGITS.fullmatch(code) else code


def _text(facts: Attributes, name: str) -> str | None:
    value = facts.get(name)
    return None if value is None else str(value)


def _integer(facts: Attributes, name: str) -> int | None:
    value = facts.get(name)
    return value if isinstance(value, int) else None


def _time(at: datetime | None) -> str | None:
    return None if at is None else _written(at)


def _written(at: datetime) -> str:
    return f"{at:%Y-%m-%dT%H:%M:%S}.{at.microsecond // 1000:03d}Z"
