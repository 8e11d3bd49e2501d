"""Hand out the invoices of paid orders.

They are issued by the domain, in the same change in which an order becomes paid, whoever reports
the payment; here they are only found and drawn.
"""

from orderhub.domain.dataclass import dataclass
from orderhub.domain.errors import NotFound
from orderhub.domain.invoice import Invoice
from orderhub.domain.order import Order
from orderhub.domain.shop import Shop
from orderhub.ports import InvoiceRenderer


@dataclass(frozen=True, slots=True)
class InvoiceDocument:
    """A PDF and the name to save it under."""

    filename: str
    content: bytes


def find_invoice(order: Order, number: str) -> Invoice:
    """The order's invoice with this number. Raises :class:`NotFound`."""
    for invoice in order.invoices:
        if invoice.number == number:
            return invoice
    raise NotFound("invoice", number)


def invoice_document(
    renderer: InvoiceRenderer, shop: Shop, order: Order, number: str
) -> InvoiceDocument:
    """The invoice as a PDF, with days of the shop's time zone. No read, no write.

    Drawn anew each time from what can't change any more, so it is the same each time. Raises
    :class:`NotFound`.
    """
    invoice = find_invoice(order, number)
    content = renderer.render(invoice, order, timezone=shop.timezone)
    return InvoiceDocument(f"{invoice.number}.pdf", content)
