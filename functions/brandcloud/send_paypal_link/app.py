"""POST /user/company/order/paypal/send: mail the consumer a link to pay by."""

from orderhub.bootstrap import application
from orderhub.http.endpoint import endpoint
from orderhub.services.desk import Desk
from orderhub.services.find_order import find_order
from orderhub.services.identify import identify_salesperson
from orderhub.services.payment_link import send_payment_link
from orderhub.wire.brandcloud import api, inbound, outbound
from orderhub.wire.brandcloud.status import Endpoint
from orderhub.wire.contract import Request, Response


@endpoint(api.PAYPAL_SEND, scope="write_orders")
def handler(request: Request, desk: Desk) -> Response:
    form = inbound.paypal(request)
    seller = identify_salesperson(desk, request.principal)
    order = find_order(desk, request.shop.id, form.order_number)
    wanted = inbound.link(request, form, seller)
    permit = inbound.permit(Endpoint.PAYPAL_SEND, seller, besides=inbound.by_paypal)
    send_payment_link(desk, application().mailer, order, wanted, permit=permit)
    return outbound.nothing(order)
