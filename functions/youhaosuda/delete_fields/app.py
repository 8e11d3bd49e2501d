"""DELETE /v1/metas/{id}/fields: takes fields from a metafield."""

from orderhub.http.endpoint import endpoint
from orderhub.services.desk import Desk
from orderhub.services.metafields import change_metafield
from orderhub.wire.contract import Request, Response
from orderhub.wire.youhaosuda import inbound, outbound
from orderhub.wire.youhaosuda.api import API


@endpoint(API, scope="write_orders")
def handler(request: Request, desk: Desk) -> Response:
    revise = inbound.without_fields(request)
    changed = change_metafield(desk, request.shop.id, inbound.metafield_id(request), revise)
    return outbound.fields(changed)
