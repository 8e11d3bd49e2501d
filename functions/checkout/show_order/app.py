"""GET /checkout/{order_id}/{token}: an order's page, for whoever has its link."""

from orderhub.bootstrap import application
from orderhub.http.endpoint import open_endpoint
from orderhub.pages import checkout
from orderhub.services.desk import Desk
from orderhub.services.visit_checkout import visit_checkout
from orderhub.wire.contract import OpenRequest, Response


@open_endpoint(checkout.PAGE)
def handler(request: OpenRequest, desk: Desk) -> Response:
    known = application()
    name, token = checkout.link(request)
    visit = visit_checkout(desk, known.shops, known.payment_account_store, name, token)
    return checkout.show(visit, request)
