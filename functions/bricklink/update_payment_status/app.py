"""PUT /orders/{order_id}/payment_status: what a seller says of an order's money."""

from orderhub.http.endpoint import signed_endpoint
from orderhub.services.desk import Desk
from orderhub.wire.bricklink import inbound, outbound
from orderhub.wire.bricklink.api import API
from orderhub.wire.contract import Request, Response


@signed_endpoint(API, scope="write_orders")
def handler(request: Request, desk: Desk) -> Response:
    order_id, wanted = inbound.order_id(request), inbound.payment_status_patch(request)
    change = desk.change(request.shop.id, order_id, request.actor, wanted)
    return outbound.done(change.order)
