"""GET /v1/webhooks/{id}: one webhook."""

from orderhub.bootstrap import application
from orderhub.http.endpoint import endpoint
from orderhub.services.desk import Desk
from orderhub.services.subscriptions import find_subscription
from orderhub.wire.contract import Request, Response
from orderhub.wire.youhaosuda import inbound, subscriptions
from orderhub.wire.youhaosuda.api import API


@endpoint(API, scope="read_orders")
def handler(request: Request, _desk: Desk) -> Response:
    names, wanted = inbound.names(request), subscriptions.webhook_id(request)
    desk = application().subscription_desk
    found = find_subscription(desk, request.shop.id, wanted, kind=subscriptions.KIND)
    return subscriptions.webhook(found, request, names)
