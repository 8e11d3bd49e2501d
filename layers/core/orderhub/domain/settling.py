"""What follows from money, whichever command moved it."""

from . import events as happened
from .change import Change
from .details import Address, Details
from .invoice import Invoice
from .order import window_end


def settle(change: Change) -> None:
    """Record the one moment in which the total is covered."""
    order = change.order
    if order.is_paid or not order.lines or order.outstanding:
        return
    change.record(
        happened.OrderPaid(
            total=order.total,
            refundable_until=window_end(change.now, order.terms.refund_window),
        )
    )
    if order.invoicing:
        recipient, shipping = _recipient(order.details), order.details.shipping_address
        invoice = Invoice(
            number=order.invoicing.number,
            issued_at=change.now,
            seller=order.invoicing.seller,
            recipient=recipient,
            ship_to=None if shipping == recipient else shipping,
        )
        change.record(happened.InvoiceIssued(invoice=invoice))


def _recipient(details: Details) -> Address | None:
    customer = details.customer
    known = details.billing_address or details.shipping_address
    if known or customer is None:
        return known
    return Address(full_name=customer.name, email=customer.email, phone=customer.phone)


def flag_excess(change: Change) -> None:
    """Say so when more is held than the order costs."""
    if change.order.excess:
        change.record(happened.OverpaymentDetected(excess=change.order.excess))
