"""The page behind an order's link: what was ordered, and what is still to be paid."""

from collections.abc import Mapping
from typing import Final

from orderhub.domain.errors import Busy, NotFound, Unavailable
from orderhub.services.visit_checkout import Visit
from orderhub.wire.contract import OpenRequest, RequestError, Response

from .bill import bill, headed
from .document import escape, page
from .paypal_button import approvals, paying


class CheckoutPage:
    """What the HTTP layer must know: anybody may look, and failures are pages as well."""

    name: Final = "checkout"
    takes_forms: Final = False
    max_body_bytes: Final = 1024

    def token(self, headers: Mapping[str, str], body: object) -> None:
        """Nobody presents a credential here; the link itself is one."""

    def error(self, error: Exception) -> Response:
        match error:
            case NotFound() | RequestError():
                return _notice(404, "Page not found", "This link leads nowhere (any more).")
            case Busy() | Unavailable():
                return _notice(503, "Not now", "Please try again in a moment.")
            case _:
                return _notice(500, "Something went wrong", "Please try again later.")


PAGE: Final = CheckoutPage()


def link(request: OpenRequest) -> tuple[str, str]:
    """``GET /checkout/{order_id}/{token}``: the order's name and the token."""
    return request.path["order_id"], request.path["token"]


def show(visit: Visit, request: OpenRequest) -> Response:
    order = visit.order
    part = paying(order, visit.offer, approvals(request))
    return page(
        200,
        f"{visit.shop.name}: order {order.number}",
        headed(visit.shop.name, order) + part.html + bill(order) + part.scripts,
        part.headers,
        shop_id=order.shop_id,
        order_id=order.id,
    )


def _notice(status: int, title: str, text: str) -> Response:
    return page(status, title, f"<h1>{escape(title)}</h1><p>{escape(text)}</p>")
