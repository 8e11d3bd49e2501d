"""Request bodies, field for field as the document lists them."""

from typing import Annotated, Final

from orderhub.wire.fields import (
    Form,
    Number,
    day,
    email,
    integer,
    one_of,
    optional,
    required_text,
    text,
)

SHIP_METHODS: Final = {4: "EMS", 3: "人工", 2: "顺风", 1: "联邦", 5: "申通"}
"""``ship_method_id`` → carrier, spelled as in the document."""

_REGION = integer(1, 2**53 - 1)


class OrderNotification(Form):
    """``POST /orders`` and ``PUT /orders/:id``."""

    # Fields that were not sent stay out of ``said``, so an update can tell "not said" from "none".
    kind: Annotated[str, required_text(64)]
    """Which marketplace: ``taobao``, ``tencent``, …"""
    merchant_order_no: Annotated[str, required_text(255)]
    """The marketplace's number for the order."""
    address_fullname: Annotated[str, required_text(255)]
    """Who receives the goods."""
    address_phone: Annotated[str, required_text(64)]
    """The receiver's."""
    address_province_id: Annotated[int, _REGION]
    """The marketplace's own numbers of regions, here and below."""
    address_city_id: Annotated[int, _REGION]
    address_post_code: Annotated[str, required_text(32)]
    address_address: Annotated[str, required_text(1000)]
    """Street and house."""
    address_area_id: Annotated[int | None, optional(_REGION)] = None
    merchant_trade_no: Annotated[str | None, optional(text(255))] = None
    """Kept as told. A payment is only what ``pay`` reports."""
    sender_name: Annotated[str | None, optional(text(255))] = None
    sender_email: Annotated[str | None, optional(email())] = None
    sender_phone: Annotated[str | None, optional(text(64))] = None
    coupon_code: Annotated[str | None, optional(text(255))] = None
    gift_card_text: Annotated[str | None, optional(text(2000, multiline=True))] = None
    special_instructions: Annotated[str | None, optional(text(4000, multiline=True))] = None
    ship_method_id: Annotated[int | None, optional(one_of(*SHIP_METHODS))] = None
    """1 联邦, 2 顺风, 3 人工, 4 EMS, 5 申通."""
    expected_date: Annotated[str | None, optional(day())] = None
    """ISO 8601, such as ``2026-11-25``."""
    delivery_date: Annotated[str | None, optional(day())] = None
    """ISO 8601, such as ``2026-11-25``."""


class LineItemNotification(Form):
    """``POST /orders/:id/line_items``."""

    product_id: Annotated[str, required_text(64)]
    """In the shop's catalogue."""
    price: Number
    """Of one piece, 0 or more, in the shop's currency and with its decimals at most."""
    quantity: Annotated[int, integer(1, 1_000_000_000)]
    """Pieces."""


class PaymentNotification(Form):
    """``POST /orders/:id/pay``."""

    merchant_trade_no: Annotated[str, required_text(255)]
    """The marketplace's number for the payment: the same again changes nothing."""
    payment: Number
    """The amount, in the shop's currency."""
    subject_text: Annotated[str | None, optional(text(1000, multiline=True))] = None
    """What it was paid for, as told."""
