"""GET /orders/{order_id}/feedback: what buyer and seller of an order say of each other."""

from orderhub.bootstrap import application
from orderhub.http.endpoint import signed_endpoint
from orderhub.services.desk import Desk
from orderhub.services.view_orders import view_order
from orderhub.wire.bricklink import inbound, outbound
from orderhub.wire.bricklink.api import API
from orderhub.wire.contract import Request, Response


@signed_endpoint(API, scope="read_orders")
def handler(request: Request, desk: Desk) -> Response:
    order_id = inbound.order_id(request)
    return outbound.feedback(view_order(desk, application().shops, request.shop, order_id))
