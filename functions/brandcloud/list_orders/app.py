"""POST /user/company/order/list: the orders of the salesperson's company."""

from orderhub.http.endpoint import endpoint
from orderhub.services.desk import Desk
from orderhub.services.identify import identify_salesperson
from orderhub.services.read_order import newest_orders
from orderhub.wire.brandcloud import api, inbound, outbound
from orderhub.wire.contract import Request, Response


@endpoint(api.LIST, scope="read_orders")
def handler(request: Request, desk: Desk) -> Response:
    form = inbound.listing(request)
    seller = identify_salesperson(desk, request.principal)
    orders = newest_orders(
        desk,
        request.shop.id,
        inbound.sellers(seller),
        before=form.before,
        limit=inbound.LONGEST_LIST,
    )
    return outbound.orders(orders, seller, request.now)
