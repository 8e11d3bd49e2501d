"""POST /user/company/order/payment: the card terminal, or the till, took the money."""

from orderhub.http.endpoint import endpoint
from orderhub.services.desk import Desk
from orderhub.services.find_order import find_order
from orderhub.services.identify import identify_salesperson
from orderhub.services.record_payment import record_payment
from orderhub.wire.brandcloud import api, inbound, outbound
from orderhub.wire.brandcloud.status import Endpoint
from orderhub.wire.contract import Request, Response


@endpoint(api.PAYMENT, scope="write_orders")
def handler(request: Request, desk: Desk) -> Response:
    form = inbound.transaction(request)
    seller = identify_salesperson(desk, request.principal)
    order = find_order(desk, request.shop.id, form.order_number)
    payment = inbound.received(form, order)
    permit = inbound.permit(Endpoint.PAYMENT, seller, besides=inbound.not_yet_by(form))
    change = record_payment(desk, order, payment, inbound.actor(seller.user), permit=permit)
    return outbound.nothing(change.order)
