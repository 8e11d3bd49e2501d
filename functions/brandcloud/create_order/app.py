"""POST /user/company/order/create: a till rings up a cart."""

from orderhub.bootstrap import application
from orderhub.http.endpoint import endpoint
from orderhub.services.desk import Desk
from orderhub.services.identify import identify_salesperson
from orderhub.services.place_cart_order import place_cart_order
from orderhub.wire.brandcloud import api, inbound, outbound
from orderhub.wire.contract import Request, Response


@endpoint(api.CREATE, scope="write_orders")
def handler(request: Request, desk: Desk) -> Response:
    form = inbound.creation(request)
    seller = identify_salesperson(desk, request.principal)
    wanted = inbound.cart_order(desk, request, form, seller)
    placed = place_cart_order(desk, request.shop.id, wanted, inbound.actor(seller.user))
    return outbound.created(placed, _qr_code, request.base_url)


def _qr_code(text: str) -> str:
    return application().qr_coder.png_base64(text)
