"""GET /order/{order_number}/detail: what a consumer who scanned the QR code sees."""

from orderhub.http.endpoint import endpoint
from orderhub.services.bind_consumer import require_consumer
from orderhub.services.desk import Desk
from orderhub.services.find_order import find_order
from orderhub.services.identify import identify_user
from orderhub.services.read_order import company_of
from orderhub.wire.brandcloud import api, inbound, outbound
from orderhub.wire.brandcloud.status import Endpoint
from orderhub.wire.contract import Request, Response


@endpoint(api.PARTIAL_DETAIL, scope="read_orders")
def handler(request: Request, desk: Desk) -> Response:
    user = identify_user(desk, request.principal)
    order = find_order(desk, request.shop.id, inbound.order_in_path(request))
    require_consumer(order, user)
    inbound.require_state(Endpoint.PARTIAL_DETAIL, order.as_of(request.now))
    retailer = company_of(desk, request.shop.id, inbound.retailer_id(order))
    return outbound.partial_detail(order, retailer, request.shop.name)
