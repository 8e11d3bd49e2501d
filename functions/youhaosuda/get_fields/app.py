"""GET /v1/metas/{id}/fields: all fields of a metafield."""

from orderhub.http.endpoint import endpoint
from orderhub.services.desk import Desk
from orderhub.services.metafields import find_metafield
from orderhub.wire.contract import Request, Response
from orderhub.wire.youhaosuda import inbound, outbound
from orderhub.wire.youhaosuda.api import API


@endpoint(API, scope="read_orders")
def handler(request: Request, desk: Desk) -> Response:
    found = find_metafield(desk, request.shop.id, inbound.metafield_id(request))
    return outbound.fields(found)
