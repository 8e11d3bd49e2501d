"""From notifications to what the core is asked to do."""

from collections.abc import Callable
from dataclasses import replace

from orderhub.domain.commands import Placement
from orderhub.domain.details import Address, Contact, Details, Reference
from orderhub.services.add_line import WantedLine
from orderhub.services.record_payment import ReceivedPayment
from orderhub.wire.contract import Request
from orderhub.wire.fields import parse

from .schema import LineItemNotification, OrderNotification, PaymentNotification

WIRE = "marketplace"


def order_name(request: Request) -> str:
    """``:id``: the order's id, its number, or its ``merchant_order_no``.

    API Gateway hands paths over decoded, but for ``%25``.
    """
    return request.path["id"].replace("%25", "%")


def placement(request: Request) -> Placement:
    """``POST /orders``: a new order, still without lines, in the shop's currency."""
    notification = parse(OrderNotification, request.body)
    return Placement(
        wire=WIRE,
        currency=request.shop.currency,
        terms=request.shop.terms_for(WIRE),
        details=_revised(Details(), notification),
        references=(reference(notification),),
    )


def notification(request: Request) -> OrderNotification:
    """``PUT /orders/:id``."""
    return parse(OrderNotification, request.body)


def revision(notification: OrderNotification) -> Callable[[Details], Details]:
    """What an update does to an order's details. Optional fields that it doesn't mention stay."""
    return lambda details: _revised(details, notification)


def scope(notification: OrderNotification) -> str:
    return f"{WIRE}:{notification.kind}"


def reference(notification: OrderNotification) -> Reference:
    """The name under which the marketplace knows the order."""
    return Reference("order", scope(notification), notification.merchant_order_no)


def line(request: Request) -> WantedLine:
    """``POST /orders/:id/line_items``."""
    item = parse(LineItemNotification, request.body)
    return WantedLine(product_id=item.product_id, price=item.price, quantity=item.quantity)


def payment(request: Request) -> ReceivedPayment:
    """``POST /orders/:id/pay``.

    Trade numbers are unique across all marketplaces of a shop: an order's ``kind`` may be
    corrected after it was paid, and the same payment must still be the same payment.
    """
    paid = parse(PaymentNotification, request.body)
    return ReceivedPayment(
        provider=WIRE,
        transaction_id=paid.merchant_trade_no,
        amount=paid.payment,
        subject=paid.subject_text or "",
    )


def _revised(details: Details, given: OrderNotification) -> Details:
    said = given.said
    sender = details.sender or Contact()
    known = details.extensions.get(WIRE, {})
    facts = {
        name: getattr(given, name) if name in said else known.get(name)
        for name in (
            "kind",
            "merchant_order_no",
            "merchant_trade_no",
            "coupon_code",
            "gift_card_text",
            "ship_method_id",
            "expected_date",
            "delivery_date",
        )
    }
    address = details.shipping_address or Address()
    return replace(
        details,
        sender=Contact(
            name=(given.sender_name or "") if "sender_name" in said else sender.name,
            email=(given.sender_email or "") if "sender_email" in said else sender.email,
            phone=(given.sender_phone or "") if "sender_phone" in said else sender.phone,
        ),
        shipping_address=replace(
            address,
            full_name=given.address_fullname,
            phone=given.address_phone,
            province_code=str(given.address_province_id),
            city_code=str(given.address_city_id),
            district_code=(
                str(given.address_area_id or "")
                if "address_area_id" in said
                else address.district_code
            ),
            postal_code=given.address_post_code,
            line1=given.address_address,
        ),
        customer_note=(
            given.special_instructions or ""
            if "special_instructions" in said
            else details.customer_note
        ),
        extensions={
            **details.extensions,
            WIRE: {name: value for name, value in facts.items() if value not in (None, "")},
        },
    )
