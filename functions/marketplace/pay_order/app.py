"""POST /orders/{id}/pay: a marketplace received a payment for an order."""

from orderhub.http.endpoint import endpoint
from orderhub.services.desk import Desk
from orderhub.services.find_order import find_order
from orderhub.services.record_payment import record_payment
from orderhub.wire.contract import Request, Response
from orderhub.wire.marketplace import inbound, outbound
from orderhub.wire.marketplace.api import API


@endpoint(API, scope="write_orders")
def handler(request: Request, desk: Desk) -> Response:
    payment = inbound.payment(request)
    order = find_order(desk, request.shop.id, inbound.order_name(request))
    change = record_payment(desk, order, payment, request.actor)
    return outbound.answer(change.order, request.now)
