"""POST /orders/{order_id}/drive_thru: thanks the buyer by mail, each time that is asked for."""

from orderhub.bootstrap import application
from orderhub.http.endpoint import signed_endpoint
from orderhub.services.desk import Desk
from orderhub.services.find_order import find_order_by_id
from orderhub.services.thank_buyer import thank_buyer
from orderhub.wire.bricklink import inbound, outbound
from orderhub.wire.bricklink.api import API
from orderhub.wire.contract import Request, Response


@signed_endpoint(API, scope="write_orders")
def handler(request: Request, desk: Desk) -> Response:
    order = find_order_by_id(desk, request.shop.id, inbound.order_id(request))
    mailer, wanted = application().mailer, inbound.thank_you(request)
    change = thank_buyer(desk, mailer, order, wanted, request.actor, again=True)
    return outbound.done(change.order)
