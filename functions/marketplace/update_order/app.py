"""PUT /orders/{id}: a marketplace corrects an order."""

from orderhub.http.endpoint import endpoint
from orderhub.services.change_details import change_details
from orderhub.services.desk import Desk
from orderhub.services.find_order import find_order
from orderhub.wire.contract import Request, Response
from orderhub.wire.marketplace import inbound, outbound
from orderhub.wire.marketplace.api import API


@endpoint(API, scope="write_orders")
def handler(request: Request, desk: Desk) -> Response:
    update = inbound.notification(request)
    name, scope = inbound.order_name(request), inbound.scope(update)
    order = find_order(desk, request.shop.id, name, preferred_scope=scope)
    change = change_details(
        desk, order, inbound.revision(update), request.actor, [inbound.reference(update)]
    )
    return outbound.answer(change.order, request.now)
