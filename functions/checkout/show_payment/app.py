"""GET /pay/{token}: the page behind a mailed payment link. Its token is all that one needs."""

from orderhub.bootstrap import application
from orderhub.http.endpoint import open_endpoint
from orderhub.pages import checkout, payment
from orderhub.services.desk import Desk
from orderhub.services.visit_payment import visit_payment
from orderhub.wire.contract import OpenRequest, Response


@open_endpoint(checkout.PAGE)
def handler(request: OpenRequest, desk: Desk) -> Response:
    known = application()
    token = payment.token(request)
    visit = visit_payment(desk, known.shops, known.payment_account_store, token)
    return payment.show(visit, request)
