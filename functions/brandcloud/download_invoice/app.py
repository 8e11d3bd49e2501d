"""GET /order/{order_number}/invoice/{invoice_number}/download: an invoice, as a PDF."""

from orderhub.bootstrap import application
from orderhub.http.endpoint import endpoint
from orderhub.services.desk import Desk
from orderhub.services.find_order import find_order
from orderhub.services.identify import identify_user
from orderhub.services.invoices import invoice_document
from orderhub.wire.brandcloud import api, inbound, outbound
from orderhub.wire.contract import Request, Response


@endpoint(api.INVOICE, scope="read_orders")
def handler(request: Request, desk: Desk) -> Response:
    user = identify_user(desk, request.principal)
    order = find_order(desk, request.shop.id, inbound.order_in_path(request))
    inbound.require_reader(desk, request, order, user)
    number = inbound.invoice_in_path(request)
    document = invoice_document(application().invoice_renderer, request.shop, order, number)
    return outbound.invoice(order, document)
