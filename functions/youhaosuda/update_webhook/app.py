"""PUT /v1/webhooks/{id}: another address, topic or token."""

from orderhub.bootstrap import application
from orderhub.http.endpoint import endpoint
from orderhub.services.desk import Desk
from orderhub.services.subscriptions import change_subscription, rotate_secret
from orderhub.wire.contract import Request, Response
from orderhub.wire.youhaosuda import subscriptions
from orderhub.wire.youhaosuda.api import API


@endpoint(API, scope="write_orders")
def handler(request: Request, _desk: Desk) -> Response:
    wanted, shop_id = subscriptions.webhook_id(request), request.shop.id
    edit, desk = subscriptions.webhook_edit(request), application().subscription_desk
    changed = change_subscription(desk, shop_id, wanted, edit.revise, kind=subscriptions.KIND)
    if edit.token:
        changed = rotate_secret(desk, shop_id, wanted, secret=edit.token).subscription
    return subscriptions.webhook(changed, request)
