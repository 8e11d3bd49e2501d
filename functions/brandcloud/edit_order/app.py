"""POST /order/edit: a consumer says whom the invoice is for."""

from orderhub.http.endpoint import endpoint
from orderhub.services.desk import Desk
from orderhub.services.edit_billing_address import edit_billing_address
from orderhub.services.find_order import find_order
from orderhub.services.identify import identify_user
from orderhub.wire.brandcloud import api, inbound, outbound
from orderhub.wire.brandcloud.status import Endpoint
from orderhub.wire.contract import Request, Response


@endpoint(api.EDIT, scope="write_orders")
def handler(request: Request, desk: Desk) -> Response:
    number = inbound.order_number(request)
    user = identify_user(desk, request.principal)
    order = find_order(desk, request.shop.id, number)
    address = inbound.billing_address(request)
    permit = inbound.consumers(Endpoint.EDIT)
    change = edit_billing_address(desk, order, user, address, inbound.actor(user), permit=permit)
    return outbound.nothing(change.order)
