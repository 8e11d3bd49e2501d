"""GET /v1/orders/count: how many orders fit."""

from orderhub.http.endpoint import endpoint
from orderhub.services.desk import Desk
from orderhub.services.search_orders import count_orders
from orderhub.wire.contract import Request, Response
from orderhub.wire.youhaosuda import inbound, outbound
from orderhub.wire.youhaosuda.api import API


@endpoint(API, scope="read_orders")
def handler(request: Request, desk: Desk) -> Response:
    query = inbound.order_query(request)
    return outbound.count(count_orders(desk, request.shop.id, query))
