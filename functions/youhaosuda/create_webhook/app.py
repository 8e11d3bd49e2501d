"""POST /v1/webhooks: tells an address of a topic's events from now on."""

from orderhub.bootstrap import application
from orderhub.http.endpoint import endpoint
from orderhub.services.desk import Desk
from orderhub.services.subscriptions import subscribe
from orderhub.wire.contract import Request, Response
from orderhub.wire.youhaosuda import subscriptions
from orderhub.wire.youhaosuda.api import API


@endpoint(API, scope="write_orders")
def handler(request: Request, _desk: Desk) -> Response:
    wanted = subscriptions.new_webhook(request)
    made = subscribe(application().subscription_desk, request.shop.id, wanted)
    return subscriptions.subscribed(made, request)
