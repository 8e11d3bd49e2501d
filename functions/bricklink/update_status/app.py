"""PUT /orders/{order_id}/status: where a seller says an order stands."""

from orderhub.http.endpoint import signed_endpoint
from orderhub.services.desk import Desk
from orderhub.wire.bricklink import inbound, outbound
from orderhub.wire.bricklink.api import API
from orderhub.wire.contract import Request, Response


@signed_endpoint(API, scope="write_orders")
def handler(request: Request, desk: Desk) -> Response:
    order_id, wanted = inbound.order_id(request), inbound.status_patch(request)
    change = desk.change(request.shop.id, order_id, request.actor, wanted)
    return outbound.done(change.order)
