"""GET /v1/webhooks/count: how many webhooks fit."""

from orderhub.bootstrap import application
from orderhub.http.endpoint import endpoint
from orderhub.services.desk import Desk
from orderhub.services.subscriptions import list_subscriptions
from orderhub.wire.contract import Request, Response
from orderhub.wire.youhaosuda import outbound, subscriptions
from orderhub.wire.youhaosuda.api import API


@endpoint(API, scope="read_orders")
def handler(request: Request, _desk: Desk) -> Response:
    wanted = subscriptions.webhook_listing(request)
    desk = application().subscription_desk
    found = list_subscriptions(desk, request.shop.id, kind=subscriptions.KIND)
    return outbound.count(len(wanted.query.among(found)))
