"""POST /openapi/2022-01/orders and /openapi/2026-01/orders: an order on a buyer's behalf."""

from orderhub.http.endpoint import endpoint
from orderhub.services.desk import Desk
from orderhub.services.place_product_order import place_product_order
from orderhub.wire.contract import Request, Response
from orderhub.wire.shoplazza import inbound, outbound
from orderhub.wire.shoplazza.api import API


@endpoint(API, scope="write_orders")
def handler(request: Request, desk: Desk) -> Response:
    wanted = inbound.product_order(request)
    placed = place_product_order(desk, request.shop.id, wanted, request.actor)
    return outbound.created(placed, request)
