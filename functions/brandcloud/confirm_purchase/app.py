"""POST /order/confirmpurchase: a consumer makes an order theirs."""

from orderhub.http.endpoint import endpoint
from orderhub.services.bind_consumer import bind_consumer
from orderhub.services.desk import Desk
from orderhub.services.find_order import find_order
from orderhub.services.identify import identify_user
from orderhub.wire.brandcloud import api, inbound, outbound
from orderhub.wire.contract import Request, Response


@endpoint(api.CONFIRM, scope="write_orders")
def handler(request: Request, desk: Desk) -> Response:
    number = inbound.order_number(request)
    user = identify_user(desk, request.principal)
    order = find_order(desk, request.shop.id, number)
    change = bind_consumer(desk, order, user, inbound.actor(user))
    return outbound.person(change.order, user)
