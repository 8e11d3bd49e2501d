"""POST /user/company/order/refund/query: whether an order could be refunded now."""

from orderhub.http.endpoint import endpoint
from orderhub.services.desk import Desk
from orderhub.services.find_order import find_order
from orderhub.services.identify import identify_salesperson
from orderhub.services.refund_order import check_refundable
from orderhub.wire.brandcloud import api, inbound, outbound
from orderhub.wire.brandcloud.status import Endpoint
from orderhub.wire.contract import Request, Response


@endpoint(api.REFUND_QUERY, scope="read_orders")
def handler(request: Request, desk: Desk) -> Response:
    number = inbound.order_number(request)
    seller = identify_salesperson(desk, request.principal)
    order = find_order(desk, request.shop.id, number)
    permit = inbound.refund_permit(Endpoint.REFUND_QUERY, seller, request)
    check_refundable(desk, order, permit=permit)
    return outbound.nothing(order)
