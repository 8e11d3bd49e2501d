"""POST /orders: a marketplace notifies us of a new order."""

from orderhub.http.endpoint import endpoint
from orderhub.services.desk import Desk
from orderhub.services.place_order import place_order
from orderhub.wire.contract import Request, Response
from orderhub.wire.marketplace import inbound, outbound
from orderhub.wire.marketplace.api import API


@endpoint(API, scope="write_orders")
def handler(request: Request, desk: Desk) -> Response:
    placed = place_order(desk, request.shop.id, inbound.placement(request), request.actor)
    return outbound.answer(placed.order, request.now, created=placed.is_new)
