"""PUT /orders/{order_id}: costs, parcel, remarks and filing."""

from orderhub.bootstrap import application
from orderhub.http.endpoint import signed_endpoint
from orderhub.services.desk import Desk
from orderhub.services.view_orders import view_order_closely
from orderhub.wire.bricklink import inbound, outbound
from orderhub.wire.bricklink.api import API
from orderhub.wire.contract import Request, Response


@signed_endpoint(API, scope="write_orders")
def handler(request: Request, desk: Desk) -> Response:
    order_id = inbound.order_id(request)
    desk.change(request.shop.id, order_id, request.actor, inbound.edit(request))
    viewed = view_order_closely(desk, application().shops, request.shop, order_id)
    return outbound.order(viewed, request.now)
