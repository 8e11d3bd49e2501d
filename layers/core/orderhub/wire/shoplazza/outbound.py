"""From an order to this API's order resource. ``docs/apis/shoplazza.md`` lists its fields.

The order's own fields are the document's, except those that it calls deprecated. What stands in
``customer``, ``line_items`` and the like the document leaves open; those are the fields of the
vendor's order reference.
"""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Final, Literal

from orderhub.domain.details import Address, Contact
from orderhub.domain.lines import Attributes, ChargeKind, Line
from orderhub.domain.money import Money
from orderhub.domain.order import Order
from orderhub.domain.payment import PaymentState
from orderhub.domain.refund import RefundState
from orderhub.domain.shipment import Shipment, ShipmentState
from orderhub.domain.status import FulfilmentStatus, OrderStatus, PaymentStatus
from orderhub.services.place_order import Placed
from orderhub.services.visit_checkout import CHECKOUT_TOKEN, checkout_path
from orderhub.wire.contract import Request, Response
from orderhub.wire.statuses import State

from . import inbound, status
from .inbound import WIRE
from .status import FulfillmentWord

if TYPE_CHECKING:
    from . import answers

USUAL_METHOD: Final = "online"
"""The vendor's word for the shop's own checkout, whatever is used there."""
WAITING: Final = "waiting"
NOTHING: Final = ""

_NUMBER_DIGITS: Final = 8
_ADDITIONAL: Final = (ChargeKind.INSURANCE, ChargeKind.HANDLING, ChargeKind.OTHER)
_NEWER: Final = "/2026-01/"


def created(placed: Placed, request: Request) -> Response:
    """The order as it was when it was made, so that a repeat gets what the first request got.

    2022-01 answers ``{"order": …}``; 2026-01 puts that into ``data``.
    """
    order = placed.order
    inbound.require_same_request(request, order)
    answered_at = datetime.fromisoformat(str(_facts(order)[inbound.ANSWERED_AT]))
    about = {"order_id": order.id, "version": order.version}
    body = resource(order.as_of(answered_at))
    if _NEWER in request.route:
        newer: answers.NewerAnswer = {"code": "Success", "data": {"order": _newer(body)}}
        return Response(200, newer, about=about)
    answer: answers.OrderAnswer = {"order": body}
    return Response(200, answer, about=about)


def resource(order: Order) -> "answers.Order":
    """Every field, always."""
    facts, state, lines = _facts(order), State.of(order), _line_items(order)
    details, number = order.details, _number(order)
    is_dead = order.status in (OrderStatus.CANCELLED, OrderStatus.EXPIRED)
    recall = _recall(order)
    tax_included = bool(facts.get(inbound.TAX_INCLUDED))
    return {
        "id": _order_id(order),
        "number": number,
        "note": order.notes[-1].text if order.notes else None,
        "status": status.STATUS.word(state),
        "financial_status": status.FINANCIAL_STATUS.word(state),
        "fulfillment_status": status.FULFILLMENT_STATUS.word(state),
        "email_status": recall,
        "cancel_reason": order.cancel_reason or None,
        "recovery_status": recall,
        "payment_method": _payment_method(order),
        "discount_applications": _discount_applications(order),
        "customer_note": details.customer_note,
        "buyer_accepts_marketing": False,
        "currency": order.currency,
        "total_price": order.total.decimal_text,
        "sub_total": order.item_total.decimal_text,
        "total_discount": order.discount_total.decimal_text,
        "total_tax": _charged(order, ChargeKind.TAX),
        "total_shipping": _charged(order, ChargeKind.SHIPPING),
        "code_discount_total": _zero(order),
        "gift_card_total": _zero(order),
        "total_refund_price": order.refunded.decimal_text,
        "additional_total": _charged(order, *_ADDITIONAL),
        "addtional_prices": [
            {"name": charge.name or charge.kind.value, "price": charge.amount.decimal_text}
            for charge in order.charges
            if charge.kind in _ADDITIONAL
        ],
        "shipping_tax_total": _charged(order, ChargeKind.SHIPPING_TAX),
        "customer_deleted_at": None,
        "created_at": _written(order.created_at),
        "updated_at": _written(order.updated_at),
        "deleted_at": None,
        "canceled_at": _time(order.closed_at) if is_dead else None,
        "placed_at": _time(order.paid_at),
        "total_tip_received": _charged(order, ChargeKind.TIP),
        "tags": ", ".join(order.tags),
        "total_paid": order.captured.decimal_text,
        "shipping_line": _shipping_line(order),
        "customer": _customer(order),
        "shipping_address": _address(details.shipping_address),
        "billing_address": _address(details.billing_address or details.shipping_address),
        "payment_line": _payment_line(order),
        "line_items": list(lines.values()),
        "fulfillments": [_fulfillment(order, shipment, lines) for shipment in order.shipments],
        "logistics_code": "",
        "refer_info": "",
        "config": {
            "page_type": "single_page",
            "requires_shipping": True,
            "checkout_business_type": 0,
            "product_tax_included": tax_included,
            "checkout_template_type": 0,
            "market_setting": {
                "market_currency": order.currency,
                "market_base_currency": order.currency,
                "primary_market_currency": order.currency,
                "market_country": _country(order),
            },
        },
        "checkout_url": _link(order, inbound.CHECKOUT_BASE),
        "location_line": {"id": "", "location_id": "", "location_name": ""},
        "invoice_url": _link(order, inbound.INVOICE_BASE),
    }


def _newer(body: "answers.Order") -> "answers.NewerOrder":
    """With the names that 2026-01 has for some fields; the document's stay."""
    return {
        **body,
        "cancelled_at": body["canceled_at"],
        "additional_prices": body["addtional_prices"],
        "shipping_address": _newer_address(body["shipping_address"]),
        "billing_address": _newer_address(body["billing_address"]),
    }


def _newer_address(address: "answers.Address") -> "answers.Address":
    return {**address, "address1": address["address2"]}


def _recall(order: Order) -> Literal["waiting", ""]:
    """How far the reminders of an order are that was not paid."""
    return WAITING if order.status is OrderStatus.OPEN and not order.is_paid else NOTHING


# -- names and links -------------------------------------------------------------------------------


def _facts(order: Order) -> Attributes:
    return order.details.extensions.get(WIRE, {})


def _text(facts: Attributes, name: str, otherwise: str = "") -> str:
    value = facts.get(name)
    return otherwise if value is None else str(value)


def _number(order: Order) -> str:
    return str(order.id).zfill(_NUMBER_DIGITS)


def _order_id(order: Order) -> str:
    return f"{_facts(order).get(inbound.SHOP_NUMBER)}-{_number(order)}"


def _link(order: Order, base: str) -> str:
    """Empty for orders of other APIs, which have no page."""
    facts = _facts(order)
    if CHECKOUT_TOKEN not in facts:
        return ""
    return f"{facts.get(base)}{checkout_path(order, str(facts.get(CHECKOUT_TOKEN)))}"


# -- money -----------------------------------------------------------------------------------------


def _charged(order: Order, *kinds: ChargeKind) -> str:
    parts = (charge.amount for charge in order.charges if charge.kind in kinds)
    return Money.total(parts, order.currency).decimal_text


def _zero(order: Order) -> str:
    return Money.zero(order.currency).decimal_text


def _discount_applications(order: Order) -> str:
    """JSON, as a text. ``value`` is the discount as it was asked for."""
    applied = [
        {
            "type": discount.kind,
            "title": discount.name,
            "discount_code": discount.code,
            "value": discount.name or discount.amount.decimal_text,
            "value_type": "percentage" if discount.name.endswith("%") else "fixed_amount",
            "amount": discount.amount.decimal_text,
        }
        for discount in order.discounts
    ]
    return json.dumps(applied, separators=(",", ":"), ensure_ascii=False)


def _payment_method(order: Order) -> str:
    """The one that was paid by, else the one that was suggested, else the shop's usual one."""
    paid_by = (p.method for p in order.payments if p.state is PaymentState.CAPTURED and p.method)
    return next(paid_by, order.details.payment_method) or USUAL_METHOD


def _payment_line(order: Order) -> "answers.PaymentLine":
    method = _payment_method(order)
    named = (
        payment.transaction_id
        for payment in order.payments
        if payment.state is PaymentState.CAPTURED and payment.transaction_id
    )
    return {
        "payment_channel": "" if method == USUAL_METHOD else method,
        "payment_method": method,
        "transaction_no": next(named, ""),
        "merchant_id": "",
        "merchant_email": "",
    }


def _shipping_line(order: Order) -> "answers.ShippingLine":
    for charge in order.charges:
        if charge.kind is ChargeKind.SHIPPING:
            return {
                "name": charge.name,
                "desc": charge.description,
                "shipping_price": charge.amount.decimal_text,
            }
    return {"name": "", "desc": "", "shipping_price": _zero(order)}


# -- who and where ---------------------------------------------------------------------------------


def _customer(order: Order) -> "answers.Customer":
    """Counts and sums are of this order: nobody's others are looked up for it."""
    customer = order.details.customer or Contact()
    return {
        "id": customer.id,
        "email": customer.email,
        "first_name": _text(customer.attributes, "first_name"),
        "last_name": _text(customer.attributes, "last_name", customer.name),
        "phone": customer.phone,
        "created_at": _written(order.created_at),
        "updated_at": _written(order.created_at),
        "orders_count": 1,
        "total_spent": (order.captured - order.refunded).decimal_text,
    }


def _address(address: Address | None) -> "answers.Address":
    """``address1`` is the street and ``address2`` what is added to it, as the vendor's 2022-01
    has them; ``address`` is the street as the request calls it."""
    address = address or Address()
    told = address.attributes
    return {
        "first_name": address.given_name,
        "last_name": address.family_name,
        "name": address.full_name,
        "address": address.line1,
        "address1": address.line1,
        "address2": address.line2,
        "phone": address.phone,
        "phone_area_code": _text(told, "phone_area_code"),
        "email": address.email,
        "city": address.city,
        "area": address.district,
        "zip": address.postal_code,
        "province": address.province,
        "province_code": address.province_code,
        "country": address.country,
        "country_code": address.country_code,
        "company": _text(told, "company"),
        "latitude": _text(told, "latitude"),
        "longitude": _text(told, "longitude"),
        "extra_info": {"cpf": _text(told, "cpf")},
    }


def _country(order: Order) -> str:
    address = order.details.shipping_address
    return address.country_code if address else ""


# -- goods -----------------------------------------------------------------------------------------


def _line_items(order: Order) -> dict[int, "answers.LineItem"]:
    """By the lines' ids, in their order."""
    sent: dict[int, list[tuple[ShipmentState, int]]] = {}
    for shipment in order.shipments:
        for part in shipment.lines:
            sent.setdefault(part.line_id, []).append((shipment.state, part.quantity))
    refunded = _refunded_pieces(order)
    word, payment = status.FULFILLMENT_STATUS.word, order.payment_status
    return {
        line.id: _line_item(
            order,
            line,
            # The order's word, were this line all of it.
            word(State(order.status, payment, _fulfilment(line, sent.get(line.id, [])))),
            refunded.get(line.id, 0),
        )
        for line in order.lines
    }


def _refunded_pieces(order: Order) -> dict[int, int]:
    """All of them where all money went back, whatever was said to be for what."""
    if order.payment_status is PaymentStatus.REFUNDED:
        return {line.id: line.quantity for line in order.lines}
    pieces: dict[int, int] = {}
    for refund in order.refunds:
        if refund.state is RefundState.SUCCEEDED:
            for part in refund.lines:
                pieces[part.line_id] = pieces.get(part.line_id, 0) + part.quantity
    return pieces


def _fulfilment(line: Line, sent: Sequence[tuple[ShipmentState, int]]) -> FulfilmentStatus:
    states = {state for state, _ in sent}
    if not states:
        return FulfilmentStatus.UNFULFILLED
    if states == {ShipmentState.RETURNED}:
        return FulfilmentStatus.RETURNED
    if sum(pieces for _, pieces in sent) < line.quantity:
        return FulfilmentStatus.PARTIALLY_SHIPPED
    is_under_way = ShipmentState.SENT in states
    return FulfilmentStatus.SHIPPED if is_under_way else FulfilmentStatus.RECEIVED


def _line_item(
    order: Order, line: Line, fulfillment_status: FulfillmentWord, refunded: int
) -> "answers.LineItem":
    told = _text(line.attributes, inbound.REFUND_TOTAL) if refunded else ""
    return {
        "id": f"{_number(order)}-{line.id}",
        "product_id": line.product_id,
        "variant_id": line.variant_id,
        "product_title": line.name,
        "variant_title": line.options,
        "product_handle": "",
        "quantity": line.quantity,
        "note": "",
        "fulfillment_status": fulfillment_status,
        "sku": line.sku,
        "weight": str(line.weight_grams),
        "weight_unit": "g",
        "vendor": "",
        "product_url": "",
        "compare_at_price": (line.list_price or line.unit_price).decimal_text,
        "image": line.image_url,
        "price": line.unit_price.decimal_text,
        "total": line.total.decimal_text,
        "total_price": line.total.decimal_text,
        "properties": _properties(line.options),
        "custom_properties": {},
        "refund_quantity": refunded,
        "refund_total": told or line.unit_price.times(refunded).decimal_text,
        "taxable": True,
        "requires_shipping": True,
    }


def _properties(options: str) -> list["answers.Property"]:
    """A variant's name that is written like ``size:L,color:blue``, taken apart; others are none."""
    pairs = [part.split(":") for part in options.replace("：", ":").replace("，", ",").split(",")]
    if not all(len(pair) == 2 for pair in pairs):
        return []
    return [{"name": name.strip(), "value": value.strip()} for name, value in pairs]


def _fulfillment(
    order: Order, shipment: Shipment, lines: Mapping[int, "answers.LineItem"]
) -> "answers.Fulfillment":
    return {
        "id": f"{_number(order)}-F{shipment.id}",
        "order_id": _order_id(order),
        "status": status.FULFILLMENTS_STATUS.words[shipment.state],
        "tracking_company": shipment.carrier,
        "tracking_number": shipment.tracking_number,
        "tracking_company_code": "",
        "tracking_url": shipment.tracking_url,
        "created_at": _written(shipment.sent_at),
        "updated_at": _written(shipment.updated_at),
        "line_items": [
            {**lines[part.line_id], "shipping_quantity": part.quantity} for part in shipment.lines
        ],
    }


def _time(at: datetime | None) -> str | None:
    return None if at is None else _written(at)


def _written(at: datetime) -> str:
    """UTC, to the second."""
    return f"{at:%Y-%m-%dT%H:%M:%SZ}"
