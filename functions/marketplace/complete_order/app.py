"""POST /orders/{id}/complete: the buyer has the goods, or the marketplace closed the order."""

from orderhub.http.endpoint import endpoint
from orderhub.services.complete_order import complete_order
from orderhub.services.desk import Desk
from orderhub.services.find_order import find_order
from orderhub.wire.contract import Request, Response
from orderhub.wire.marketplace import inbound, outbound
from orderhub.wire.marketplace.api import API


@endpoint(API, scope="write_orders")
def handler(request: Request, desk: Desk) -> Response:
    order = find_order(desk, request.shop.id, inbound.order_name(request))
    change = complete_order(desk, order, request.actor)
    return outbound.answer(change.order, request.now)
