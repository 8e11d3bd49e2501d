"""An order's items, payments, shipments, refunds and remarks, as the document shows them.

Every part has an integer for its id that follows from the order's id and the part's place in it.
"""

from collections.abc import Callable, Iterable
from datetime import datetime, tzinfo
from decimal import Decimal
from typing import TYPE_CHECKING, Final
from urllib.parse import unquote, urlsplit

from orderhub.domain.dataclass import dataclass
from orderhub.domain.lines import Attributes, ChargeKind, Discount, Line
from orderhub.domain.money import Money
from orderhub.domain.numbers import derived_number, number_of
from orderhub.domain.order import Order, window_end
from orderhub.domain.payment import Payment, PaymentState
from orderhub.domain.refund import Refund, RefundState
from orderhub.domain.shipment import Shipment
from orderhub.domain.status import OrderStatus

from . import methods, people, status
from .api import WIRE
from .status import PaymentWord, ShipmentWord
from .values import fen, number, part_number, text, written, written_or_null, yuan

if TYPE_CHECKING:
    from . import answers

_GRAMS: Final = 1000
_PREFERENCES: "Final[dict[str, answers.Preference]]" = {
    "promotion": "promotion",
    "customer_level": "customer_level",
    "coupon": "coupon",
    "reward_point": "reward_point",
}
"""Kinds of discounts → how they read here, where they do."""
_SUPPLIERS: Final = dict.fromkeys(
    ("shunfeng", "顺丰", "顺丰速递", "sf", "sf express"), (2, "shunfeng", "顺丰速递")
)
"""Carriers, in lower case → id, code and name: the document's one."""


@dataclass(frozen=True, slots=True)
class Seen:
    """An order as it must be seen now, and the zone its times are written in."""

    order: Order
    zone: tzinfo

    @property
    def created_at(self) -> str:
        return written(self.order.created_at, self.zone)

    @property
    def facts(self) -> Attributes:
        """What only this API knows of the order."""
        return self.order.details.extensions.get(WIRE, {})


# -- items ---------------------------------------------------------------------------------------


def items(seen: Seen) -> "list[answers.Item]":
    show = _item_shower(seen)
    return [show(line, line.quantity) for line in seen.order.lines]


def _item_shower(seen: Seen) -> "Callable[[Line, int], answers.Item]":
    """What shows so many pieces of a line. When lines were added is not known: with the order."""
    at = seen.created_at

    def show(line: Line, quantity: int) -> "answers.Item":
        product_id, variant_id = number_of(line.product_id), number_of(line.variant_id)
        return {
            "barcode": line.sku,
            "created_at": at,
            "id": part_number(seen.order.id, "item", line.id),
            "image": _image(line, at, product_id, variant_id),
            "name": line.name,
            "options_desc": line.options,
            "price": yuan(line.unit_price),
            "product_id": product_id,
            "quantity": quantity,
            "updated_at": at,
            "variant_id": variant_id,
            "volume": 0,
            "weight": number(Decimal(line.weight_grams) / _GRAMS),
        }

    return show


def _image(line: Line, at: str, product_id: int | None, variant_id: int | None) -> "answers.Image":
    """The line's picture; its ``src`` is empty when there is none."""
    return {
        "alt": "",
        "created_at": at,
        "file_name": _file_name(line.image_url),
        "id": derived_number(f"image/{line.product_id}/{line.image_url}"),
        "position": 1,
        "product_id": product_id,
        "src": line.image_url,
        "updated_at": at,
        "variant_ids": [] if variant_id is None else [variant_id],
    }


def _file_name(url: str) -> str:
    try:
        path = urlsplit(url).path
    except ValueError:  # others wrote it
        path = ""
    return unquote(path.rpartition("/")[2])


# -- payments --------------------------------------------------------------------------------------


def payments(seen: Seen) -> "list[answers.Payment]":
    """Each attempt to pay; and the one that is awaited, before there is one. Amounts have no
    currency here, so money of another one can't be shown."""
    order = seen.order
    shown = [
        _payment(payment, seen)
        for payment in order.payments
        if payment.amount.currency == order.currency
    ]
    is_under_way = any(payment.state is PaymentState.PENDING for payment in order.payments)
    if not shown or not (order.is_paid or is_under_way):
        shown.append(_awaited_payment(seen))
    return shown


def _payment(payment: Payment, seen: Seen) -> "answers.Payment":
    return _payment_resource(
        seen,
        position=payment.id,
        amount=payment.amount,
        method=methods.of_payment(payment, seen.order),
        word=status.PAYMENTS_STATUS.words[payment.state],
        gateway_payment_no=payment.transaction_id or None,
        bank_code=text(payment.attributes, "bank_code"),
        created_at=payment.created_at,
        updated_at=payment.updated_at,
    )


def _awaited_payment(seen: Seen) -> "answers.Payment":
    """It has the id that the next payment gets. Of a dead order it has expired; an order that
    cost nothing was paid without one."""
    order = seen.order
    if order.is_paid:
        word = PaymentWord.PAID
    else:
        awaited = status.PAYMENTS_STATUS.words[None]
        word = PaymentWord.EXPIRED if order.status.is_closed else awaited
    return _payment_resource(
        seen,
        position=len(order.payments) + 1,
        amount=order.total if order.is_paid else order.outstanding,
        method=methods.of_order(order),
        word=word,
        gateway_payment_no=None,
        bank_code=text(seen.facts, "bank_code"),
        created_at=order.created_at,
        updated_at=order.paid_at or order.closed_at or order.created_at,
    )


def _payment_resource(
    seen: Seen,
    *,
    position: int,
    amount: Money,
    method: methods.Method,
    word: PaymentWord,
    gateway_payment_no: str | None,
    bank_code: str,
    created_at: datetime,
    updated_at: datetime,
) -> "answers.Payment":
    order = seen.order
    due_at = order.payment_due_at
    if due_at is None and (order.is_paid or order.status.is_closed):
        # The deadline that it had. What went out unpaid is paid whenever it arrives.
        due_at = window_end(order.created_at, order.terms.payment_timeout)
    return {
        "amount": yuan(amount),
        "bank_code": bank_code,
        "created_at": written(created_at, seen.zone),
        "exipired_at": written_or_null(due_at, seen.zone),
        "gateway_payment_no": gateway_payment_no,
        "id": part_number(order.id, "payment", position),
        "mode": method.type,
        "payment_method": method.resource(),
        "status": word,
        "updated_at": written(updated_at, seen.zone),
    }


# -- shipments -------------------------------------------------------------------------------------


def shipments(seen: Seen) -> "list[answers.Shipment]":
    """Each parcel; and what is left to send as one that is pending, unless the order is done."""
    order = seen.order
    lines = {line.id: line for line in order.lines}
    show = _item_shower(seen)

    def shown(pieces: Iterable[tuple[int, int]]) -> "list[answers.Item]":
        return [show(lines[line_id], quantity) for line_id, quantity in pieces]

    found = [
        _shipment(each, seen, shown((part.line_id, part.quantity) for part in each.lines))
        for each in order.shipments
    ]
    left = [(line_id, pieces) for line_id, pieces in order.unshipped().items() if pieces]
    if left and order.status is not OrderStatus.COMPLETED:
        found.append(_pending_shipment(seen, shown(left)))
    return found


def shipping_price(order: Order) -> Money:
    """What is charged for shipping on top of the lines, taxes aside."""
    charges = (
        charge.amount
        for charge in order.charges
        if charge.kind is ChargeKind.SHIPPING and not charge.included
    )
    return Money.total(charges, order.currency)


def _shipment(shipment: Shipment, seen: Seen, contents: "list[answers.Item]") -> "answers.Shipment":
    return _shipment_resource(
        seen,
        position=shipment.id,
        contents=contents,
        received_by=shipment.auto_receive_at,
        ship_no=shipment.tracking_number,
        supplier=_supplier(shipment.carrier),
        word=status.SHIPMENTS_STATUS.words[shipment.state],
        updated_at=shipment.updated_at,
    )


def _pending_shipment(seen: Seen, contents: "list[answers.Item]") -> "answers.Shipment":
    """Receipt is due as if it had gone out with the order; the real window begins with sending."""
    order = seen.order
    return _shipment_resource(
        seen,
        position=len(order.shipments) + 1,
        contents=contents,
        received_by=window_end(order.created_at, order.terms.auto_receive),
        ship_no="",
        supplier=None,
        word=status.SHIPMENTS_STATUS.words[None],
        updated_at=order.created_at,
    )


def _shipment_resource(
    seen: Seen,
    *,
    position: int,
    contents: "list[answers.Item]",
    received_by: datetime | None,
    ship_no: str,
    supplier: "answers.Supplier | None",
    word: ShipmentWord,
    updated_at: datetime,
) -> "answers.Shipment":
    order = seen.order
    # The order has one price for shipping, whatever it takes: the first parcel bears it.
    price = shipping_price(order) if position == 1 else Money.zero(order.currency)
    return {
        "amount": yuan(price),
        "auto_received_at": written_or_null(received_by, seen.zone),
        "created_at": seen.created_at,
        "id": part_number(order.id, "shipment", position),
        "items": contents,
        "serial_number": f"{position:02d}",
        "ship_no": ship_no,
        "ship_type": "express",
        "shipment_supplier": supplier,
        "status": word,
        "updated_at": written(updated_at, seen.zone),
    }


def _supplier(carrier: str) -> "answers.Supplier | None":
    if not carrier:
        return None
    known = _SUPPLIERS.get(carrier.lower())
    supplier_id, code, name = known or (derived_number(f"carrier/{carrier}"), carrier, carrier)
    return {"id": supplier_id, "code": code, "name": name}


# -- refunds ---------------------------------------------------------------------------------------


def refunds(seen: Seen) -> "list[answers.Refund]":
    return [_refund(refund, seen) for refund in seen.order.refunds]


def _refund(refund: Refund, seen: Seen) -> "answers.Refund":
    """``amount`` is in fen. Who asked for it, and for which item, is not known: 0."""
    order = seen.order
    payment = _refunded_payment(refund, order)
    method = methods.of_payment(payment, order) if payment else methods.of_order(order)
    local = refund.created_at.astimezone(seen.zone)
    return {
        "account_id": 0,
        "amount": fen(refund.amount),
        "batch_no": f"{local:%Y%m%d%H%M%S}{local.microsecond // 1000:03d}{refund.id:06d}",
        "created_at": written(refund.created_at, seen.zone),
        "fail_reason": refund.failure or None,
        "gateway_trade_no": (payment.transaction_id if payment else "") or refund.transaction_id,
        "id": part_number(order.id, "refund", refund.id),
        "is_dealing": refund.state is RefundState.REQUESTED,
        "pay_type": method.pay_type,
        "payment_id": part_number(order.id, "payment", payment.id if payment else 1),
        "payment_method_id": method.number,
        "payment_no": order.number,
        "reason": refund.reason,
        "site_id": order.shop_id,
        "status": status.REFUNDS_STATUS.words[refund.state],
        "trade_item_id": 0,
        "trade_no": order.number,
        "updated_at": written(refund.updated_at, seen.zone),
    }


def _refunded_payment(refund: Refund, order: Order) -> Payment | None:
    """The payment that goes back: the one it names, else the last that came in."""
    captured = [p for p in order.payments if p.state is PaymentState.CAPTURED]
    for payment in captured:
        if payment.id == refund.payment_id:
            return payment
    return captured[-1] if captured else None


# -- the rest --------------------------------------------------------------------------------------


def notes(seen: Seen) -> "list[answers.Note]":
    return [
        {
            "account": note.author,
            "created_at": written(note.at, seen.zone),
            "id": part_number(seen.order.id, "note", position),
            "note": note.text,
        }
        for position, note in enumerate(seen.order.notes, start=1)
    ]


def preferential_records(seen: Seen) -> "list[answers.PreferentialRecord]":
    """What was taken off the order, one entry per discount."""
    return [
        _preferential_record(discount, position, seen)
        for position, discount in enumerate(seen.order.discounts, start=1)
    ]


def _preferential_record(
    discount: Discount, position: int, seen: Seen
) -> "answers.PreferentialRecord":
    kind = _PREFERENCES.get(discount.kind) or ("coupon" if discount.code else "promotion")
    return {
        "amount": yuan(discount.amount),
        "coupon_code": discount.code,
        "created_at": seen.created_at,
        "customer_level_id": None,
        "customer_level_name": discount.name if kind == "customer_level" else "",
        "delivery_type": 0,
        "id": part_number(seen.order.id, "discount", position),
        "promotion_id": None,
        "promotion_name": discount.name if kind == "promotion" else "",
        "shipment_id": None,
        "type": kind,
        "updated_at": seen.created_at,
    }


def invoice(seen: Seen) -> "answers.Invoice | None":
    """Whom the invoice is made out to: what this API was told, else the billing address, or the
    recipient of the invoice that was issued. ``null`` when nobody asked for one."""
    told = seen.facts
    order = seen.order
    issued = order.invoices[-1].recipient if order.invoices else None
    billed = order.details.billing_address or issued
    title = text(told, "invoice_title") or (people.name_of(billed) if billed else "")
    if not title:
        return None
    kind, style = told.get("invoice_type"), told.get("invoice_style")
    content = told.get("invoice_content")
    return {
        "type": kind if isinstance(kind, int) and kind else _PERSONAL,
        "title": title,
        "tax_number": told.get("invoice_tax_number"),
        "invoice_style": style if isinstance(style, int) else _ELECTRONIC,
        "invoice_content": content if isinstance(content, int) else _LIST_OF_GOODS,
        "e_invoice_mobile": text(told, "e_invoice_mobile") or (billed.phone if billed else ""),
        "e_invoice_email": text(told, "e_invoice_email") or (billed.email if billed else ""),
    }


_PERSONAL: Final = 1
_ELECTRONIC: Final = 0
_LIST_OF_GOODS: Final = 0
