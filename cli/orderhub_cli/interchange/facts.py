"""An order as its line shows it to readers.

docs/OPERATING.md describes the fields ("Orders as JSON Lines"). What is empty is left out.
"""

from typing import Any

from orderhub.adapters.dynamodb.codec import lean
from orderhub.adapters.dynamodb.keys import timestamp
from orderhub.domain.details import BUYING_SHOP, Contact
from orderhub.domain.dispute import Dispute
from orderhub.domain.lines import Charge, Discount, Line
from orderhub.domain.money import Money
from orderhub.domain.order import Order
from orderhub.domain.payment import Payment
from orderhub.domain.refund import EarlyRefund, Refund
from orderhub.domain.shipment import Shipment, ShipmentState

Facts = dict[str, Any]


def facts(order: Order) -> Facts:
    """What a line says of ``order``, its events apart."""
    details = order.details
    adjusted = order.price_adjustment is not None
    return _without_empty(
        id=order.id,
        number=order.number,
        wire=order.wire,
        references=[
            {"kind": each.kind, "scope": each.scope, "value": each.value}
            for each in order.references
        ],
        currency=order.currency,
        created_at=timestamp(order.created_at),
        updated_at=timestamp(order.updated_at),
        windows=lean(order.terms),
        status=order.status.value,
        payment_status=order.payment_status.value,
        fulfilment_status=order.fulfilment_status.value,
        total=order.total.decimal_text,
        captured=order.captured.decimal_text,
        refunded=order.refunded.decimal_text,
        paid_at=order.paid_at and timestamp(order.paid_at),
        closed_at=order.closed_at and timestamp(order.closed_at),
        cancel_reason=order.cancel_reason,
        payment_due_at=order.payment_due_at and timestamp(order.payment_due_at),
        refundable_until=order.refundable_until and timestamp(order.refundable_until),
        seller_mark=order.seller_mark and order.seller_mark.value,
        is_filed=order.is_filed,
        customer=details.customer and _customer(details.customer),
        sender=lean(details.sender),
        shipping_address=lean(details.shipping_address),
        billing_address=lean(details.billing_address),
        customer_note=details.customer_note,
        payment_method=details.payment_method,
        tags=list(order.tags),
        remarks=order.remarks,
        extensions=lean(details.extensions),
        lines=[_line(each) for each in order.lines],
        charges=[_charge(each) for each in order.charges],
        discounts=[_discount(each) for each in order.discounts],
        agreed_total=order.total.decimal_text if adjusted else "",
        payments=[_payment(order, each) for each in order.payments],
        refunds=[_refund(order, each) for each in order.refunds],
        held_refunds=[_refund(order, each) for each in order.held_refunds],
        early_refunds=[_reported(each) for each in order.early_refunds],
        disputes=[_reported(each) for each in order.disputes],
        shipments=[_shipment(each) for each in order.shipments],
        notes=[
            _without_empty(text=each.text, at=timestamp(each.at), author=each.author)
            for each in order.notes
        ],
        messages=lean(order.messages),
        feedback=[
            _without_empty(
                side=each.side.value,
                rating=each.rating.name.lower(),
                sender=each.sender,
                recipient=each.recipient,
                rated_at=timestamp(each.rated_at),
                comment=each.comment,
                reply=each.reply,
            )
            for each in order.feedback
        ],
        thanked_at=order.thanked_at and timestamp(order.thanked_at),
        invoicing=lean(order.invoicing),
        invoices=lean(order.invoices),
        stock_taken=lean(order.stock_taken),
    )


def _without_empty(**given: Any) -> Facts:
    return {name: value for name, value in given.items() if value}


def _customer(customer: Contact) -> Facts:
    shown: Any = lean(customer)
    shop_id = customer.attributes.get(BUYING_SHOP)
    if isinstance(shop_id, str) and shop_id:
        others = {name: fact for name, fact in shown["attributes"].items() if name != BUYING_SHOP}
        shown = {**shown, "attributes": others, "shop_id": shop_id}
    return _without_empty(**shown)


def _line(line: Line) -> Facts:
    return _without_empty(
        product_id=line.product_id,
        quantity=line.quantity,
        unit_price=line.unit_price.decimal_text,
        variant_id=line.variant_id,
        name=line.name,
        sku=line.sku,
        options=line.options,
        image_url=line.image_url,
        list_price=line.list_price and line.list_price.decimal_text,
        weight_grams=line.weight_grams,
        attributes=dict(line.attributes),
        batch=line.batch if line.batch > 1 else None,
    )


def _charge(charge: Charge) -> Facts:
    return _without_empty(
        kind=charge.kind.value,
        amount=charge.amount.decimal_text,
        name=charge.name,
        description=charge.description,
        included=charge.included,
    )


def _discount(discount: Discount) -> Facts:
    return _without_empty(
        amount=discount.amount.decimal_text,
        kind=discount.kind,
        code=discount.code,
        name=discount.name,
    )


def _payment(order: Order, payment: Payment) -> Facts:
    return _without_empty(
        amount=payment.amount.decimal_text,
        currency=_foreign(order, payment.amount),
        provider=payment.provider,
        transaction_id=payment.transaction_id,
        state=payment.state.value,
        at=timestamp(payment.created_at),
        updated_at=timestamp(payment.updated_at),
        method=payment.method,
        subject=payment.subject,
        payer=payment.payer,
        failure=payment.failure,
        attributes=dict(payment.attributes),
    )


def _refund(order: Order, refund: Refund) -> Facts:
    return _without_empty(
        amount=refund.amount.decimal_text,
        currency=_foreign(order, refund.amount),
        provider=refund.provider,
        transaction_id=refund.transaction_id,
        reported_as=refund.reported_as,
        state=refund.state.value,
        at=timestamp(refund.created_at),
        updated_at=timestamp(refund.updated_at),
        reason=refund.reason,
        failure=refund.failure,
        payment=refund.payment_id,
        lines=[{"line": each.line_id, "quantity": each.quantity} for each in refund.lines],
    )


def _reported(reported: EarlyRefund | Dispute) -> Facts:
    shown: Any = lean(reported)
    amount = reported.amount
    if amount is None:
        return _without_empty(**shown)
    return {**shown, "amount": amount.decimal_text, "currency": amount.currency}


def _foreign(order: Order, amount: Money) -> str:
    """The currency, where it isn't the order's."""
    return "" if amount.currency == order.currency else amount.currency


def _shipment(shipment: Shipment) -> Facts:
    moved = timestamp(shipment.updated_at)
    return _without_empty(
        lines=[{"line": each.line_id, "quantity": each.quantity} for each in shipment.lines],
        carrier=shipment.carrier,
        tracking_number=shipment.tracking_number,
        tracking_url=shipment.tracking_url,
        state=shipment.state.value,
        sent_at=timestamp(shipment.sent_at),
        received_at=moved if shipment.state is ShipmentState.RECEIVED else "",
        returned_at=moved if shipment.state is ShipmentState.RETURNED else "",
    )
