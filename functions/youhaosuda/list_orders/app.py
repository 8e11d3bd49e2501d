"""GET /v1/orders: a shop's orders, page by page."""

from orderhub.http.endpoint import endpoint
from orderhub.services.desk import Desk
from orderhub.services.search_orders import search_orders
from orderhub.wire.contract import Request, Response
from orderhub.wire.youhaosuda import inbound, outbound
from orderhub.wire.youhaosuda.api import API


@endpoint(API, scope="read_orders")
def handler(request: Request, desk: Desk) -> Response:
    wanted = inbound.order_listing(request)
    found = search_orders(
        desk, request.shop.id, wanted.query, offset=wanted.offset, limit=wanted.limit
    )
    return outbound.orders(found, request, wanted.names)
