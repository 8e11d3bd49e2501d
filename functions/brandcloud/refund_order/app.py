"""POST /user/company/order/refund: give all of an order's money back."""

from orderhub.http.endpoint import endpoint
from orderhub.services.desk import Desk
from orderhub.services.find_order import find_order
from orderhub.services.identify import identify_salesperson
from orderhub.services.refund_order import refund_order
from orderhub.wire.brandcloud import api, inbound, outbound
from orderhub.wire.brandcloud.status import Endpoint
from orderhub.wire.contract import Request, Response


@endpoint(api.REFUND, scope="write_orders")
def handler(request: Request, desk: Desk) -> Response:
    form = inbound.transaction(request)
    seller = identify_salesperson(desk, request.principal)
    order = find_order(desk, request.shop.id, form.order_number)
    wanted = inbound.refund(form, order, request.shop)
    permit = inbound.refund_permit(Endpoint.REFUND, seller, request)
    change = refund_order(desk, order, wanted, inbound.actor(seller.user), permit=permit)
    return outbound.nothing(change.order)
