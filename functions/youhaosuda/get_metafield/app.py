"""GET /v1/metas/{id}: one metafield."""

from orderhub.http.endpoint import endpoint
from orderhub.services.desk import Desk
from orderhub.services.metafields import find_metafield
from orderhub.wire.contract import Request, Response
from orderhub.wire.youhaosuda import inbound, outbound
from orderhub.wire.youhaosuda.api import API


@endpoint(API, scope="read_orders")
def handler(request: Request, desk: Desk) -> Response:
    names = inbound.names(request)
    found = find_metafield(desk, request.shop.id, inbound.metafield_id(request))
    return outbound.metafield(found, request, names)
