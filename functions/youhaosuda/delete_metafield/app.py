"""DELETE /v1/metas/{id}: a metafield and all its fields."""

from orderhub.http.endpoint import endpoint
from orderhub.services.desk import Desk
from orderhub.services.metafields import remove_metafield
from orderhub.wire.contract import Request, Response
from orderhub.wire.youhaosuda import inbound, outbound
from orderhub.wire.youhaosuda.api import API


@endpoint(API, scope="write_orders")
def handler(request: Request, desk: Desk) -> Response:
    removed = remove_metafield(desk, request.shop.id, inbound.metafield_id(request))
    return outbound.metafield(removed, request)
