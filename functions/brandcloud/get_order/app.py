"""POST /user/company/order/detail: all of an order."""

from orderhub.http.endpoint import endpoint
from orderhub.services.desk import Desk
from orderhub.services.find_order import find_order_with_history
from orderhub.services.identify import identify_salesperson
from orderhub.wire.brandcloud import api, inbound, outbound
from orderhub.wire.contract import Request, Response


@endpoint(api.DETAIL, scope="read_orders")
def handler(request: Request, desk: Desk) -> Response:
    number = inbound.order_number(request)
    seller = identify_salesperson(desk, request.principal, selling=True)
    order, history = find_order_with_history(desk, request.shop.id, number)
    inbound.require_own(order, seller)
    return outbound.detail(order, history, seller, request.base_url, request.now)
