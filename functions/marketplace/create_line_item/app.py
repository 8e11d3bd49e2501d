"""POST /orders/{id}/line_items: one product of an order."""

from orderhub.http.endpoint import endpoint
from orderhub.services.add_line import add_line
from orderhub.services.desk import Desk
from orderhub.services.find_order import find_order
from orderhub.wire.contract import Request, Response
from orderhub.wire.marketplace import inbound, outbound
from orderhub.wire.marketplace.api import API


@endpoint(API, scope="write_orders")
def handler(request: Request, desk: Desk) -> Response:
    wanted = inbound.line(request)
    order = find_order(desk, request.shop.id, inbound.order_name(request))
    change = add_line(desk, request.shop.id, order, wanted, request.actor)
    return outbound.answer(change.order, request.now, created=bool(change.recorded))
