"""DELETE /v1/webhooks/{id}: a webhook, for good."""

from orderhub.bootstrap import application
from orderhub.http.endpoint import endpoint
from orderhub.services.desk import Desk
from orderhub.services.subscriptions import remove_subscription
from orderhub.wire.contract import Request, Response
from orderhub.wire.youhaosuda import subscriptions
from orderhub.wire.youhaosuda.api import API


@endpoint(API, scope="write_orders")
def handler(request: Request, _desk: Desk) -> Response:
    wanted = subscriptions.webhook_id(request)
    desk = application().subscription_desk
    removed = remove_subscription(desk, request.shop.id, wanted, kind=subscriptions.KIND)
    return subscriptions.webhook(removed, request)
