"""POST /user/company/order/cancel: call off an order that is not paid yet."""

from orderhub.http.endpoint import endpoint
from orderhub.services.cancel_order import cancel_order
from orderhub.services.desk import Desk
from orderhub.services.find_order import find_order
from orderhub.services.identify import identify_salesperson
from orderhub.wire.brandcloud import api, inbound, outbound
from orderhub.wire.brandcloud.status import Endpoint
from orderhub.wire.contract import Request, Response


@endpoint(api.CANCEL, scope="write_orders")
def handler(request: Request, desk: Desk) -> Response:
    number = inbound.order_number(request)
    seller = identify_salesperson(desk, request.principal)
    order = find_order(desk, request.shop.id, number)
    permit = inbound.permit(Endpoint.CANCEL, seller)
    change = cancel_order(desk, order, inbound.actor(seller.user), permit=permit)
    return outbound.nothing(change.order)
