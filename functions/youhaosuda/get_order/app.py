"""GET /v1/orders/{id}: one order."""

from orderhub.http.endpoint import endpoint
from orderhub.services.desk import Desk
from orderhub.services.find_order import find_order_by_id
from orderhub.wire.contract import Request, Response
from orderhub.wire.youhaosuda import inbound, outbound
from orderhub.wire.youhaosuda.api import API


@endpoint(API, scope="read_orders")
def handler(request: Request, desk: Desk) -> Response:
    names = inbound.names(request)
    order = find_order_by_id(desk, request.shop.id, inbound.order_id(request))
    return outbound.order(order, request, names)
