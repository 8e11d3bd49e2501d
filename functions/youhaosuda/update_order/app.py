"""PUT /v1/orders/{id}: another price for an order that is not paid yet."""

from orderhub.http.endpoint import endpoint
from orderhub.services.agree_on_total import agree_on_total
from orderhub.services.desk import Desk
from orderhub.services.find_order import find_order_by_id
from orderhub.wire.contract import Request, Response
from orderhub.wire.youhaosuda import inbound, outbound
from orderhub.wire.youhaosuda.api import API


@endpoint(API, scope="write_orders")
def handler(request: Request, desk: Desk) -> Response:
    total = inbound.total(request)
    order = find_order_by_id(desk, request.shop.id, inbound.order_id(request))
    change = agree_on_total(desk, order, total, request.actor, permit=inbound.require_editable)
    return outbound.changed(change, request)
