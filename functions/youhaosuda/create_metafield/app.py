"""POST /v1/metas: fields beside an order."""

from orderhub.http.endpoint import endpoint
from orderhub.services.desk import Desk
from orderhub.services.metafields import create_metafield
from orderhub.wire.contract import Request, Response
from orderhub.wire.youhaosuda import inbound, outbound
from orderhub.wire.youhaosuda.api import API


@endpoint(API, scope="write_orders")
def handler(request: Request, desk: Desk) -> Response:
    made = create_metafield(desk, request.shop.id, inbound.new_metafield(request))
    return outbound.metafield(made, request)
