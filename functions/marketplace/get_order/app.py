"""GET /orders/{id}: the order resource. Ours, not the document's: senders may look back."""

from orderhub.http.endpoint import endpoint
from orderhub.services.desk import Desk
from orderhub.services.find_order import find_order
from orderhub.wire.contract import Request, Response
from orderhub.wire.marketplace import inbound, outbound
from orderhub.wire.marketplace.api import API


@endpoint(API, scope="read_orders")
def handler(request: Request, desk: Desk) -> Response:
    order = find_order(desk, request.shop.id, inbound.order_name(request))
    return outbound.answer(order, request.now)
