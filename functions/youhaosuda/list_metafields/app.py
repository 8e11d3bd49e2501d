"""GET /v1/metas: a shop's metafields, page by page."""

from orderhub.http.endpoint import endpoint
from orderhub.services.desk import Desk
from orderhub.services.metafields import search_metafields
from orderhub.wire.contract import Request, Response
from orderhub.wire.youhaosuda import inbound, outbound
from orderhub.wire.youhaosuda.api import API


@endpoint(API, scope="read_orders")
def handler(request: Request, desk: Desk) -> Response:
    wanted = inbound.metafield_listing(request)
    found = search_metafields(
        desk, request.shop.id, wanted.query, offset=wanted.offset, limit=wanted.limit
    )
    return outbound.metafields(found, request, wanted.names)
