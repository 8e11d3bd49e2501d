"""GET /v1/metas/count: how many metafields fit."""

from orderhub.http.endpoint import endpoint
from orderhub.services.desk import Desk
from orderhub.services.metafields import count_metafields
from orderhub.wire.contract import Request, Response
from orderhub.wire.youhaosuda import inbound, outbound
from orderhub.wire.youhaosuda.api import API


@endpoint(API, scope="read_orders")
def handler(request: Request, desk: Desk) -> Response:
    query = inbound.metafield_query(request)
    return outbound.count(count_metafields(desk, request.shop.id, query))
