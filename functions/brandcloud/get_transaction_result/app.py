"""GET /transaction/{token}/result: what came of a payment link. Its token is all that one needs."""

from orderhub.http.endpoint import open_endpoint
from orderhub.services.desk import Desk
from orderhub.services.payment_link import transaction_result
from orderhub.wire.brandcloud import api, inbound, outbound
from orderhub.wire.contract import OpenRequest, Response


@open_endpoint(api.TRANSACTION_RESULT)
def handler(request: OpenRequest, desk: Desk) -> Response:
    return outbound.result(transaction_result(desk, inbound.link_token(request)))
