"""ANY /api/store/v1/{proxy+}: what no operation takes, told in this API's envelope."""

from orderhub.http.endpoint import open_endpoint
from orderhub.services.desk import Desk
from orderhub.wire.bricklink import inbound
from orderhub.wire.bricklink.api import API
from orderhub.wire.contract import OpenRequest, Response


@open_endpoint(API)
def handler(request: OpenRequest, _desk: Desk) -> Response:
    inbound.reject(request)
