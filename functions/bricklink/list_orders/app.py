"""GET /orders: the orders that a shop received, or those that it placed at others."""

from orderhub.bootstrap import application
from orderhub.http.endpoint import signed_endpoint
from orderhub.services.desk import Desk
from orderhub.services.view_orders import list_orders
from orderhub.wire.bricklink import inbound, outbound
from orderhub.wire.bricklink.api import API
from orderhub.wire.contract import Request, Response


@signed_endpoint(API, scope="read_orders")
def handler(request: Request, desk: Desk) -> Response:
    wanted = inbound.listing(request)
    found = list_orders(desk, application().shops, request.shop, wanted)
    return outbound.orders(found, request.now)
