"""The page behind a mailed payment link: what there is to pay, PayPal's button, what came of it."""

from collections.abc import Iterator

from orderhub.domain.report import payment_reference
from orderhub.services.payment_link import RefusedBy
from orderhub.services.visit_payment import PaymentVisit
from orderhub.wire.contract import OpenRequest, Response

from .bill import bill, headed
from .document import escape, page
from .paypal_button import approvals, paying


def token(request: OpenRequest) -> str:
    """``GET /pay/{token}``."""
    return request.path["token"]


def show(visit: PaymentVisit, request: OpenRequest) -> Response:
    order = visit.order
    part = paying(order, visit.offer, approvals(request))
    told = "".join(f"<p>{escape(text)}</p>" for text in _told(visit))
    return page(
        200,
        f"{visit.seller}: pay order {order.number}",
        headed(visit.seller, order) + told + part.html + bill(order) + part.scripts,
        part.headers,
        shop_id=order.shop_id,
        order_id=order.id,
    )


def _told(visit: PaymentVisit) -> Iterator[str]:
    """What is to be known beside the order's own state."""
    failure = visit.failure
    if failure and failure.refused_by is RefusedBy.PROVIDER:
        why = ": ".join(filter(None, (failure.code, failure.description)))
        yield f"PayPal refused the payment{f' ({why})' if why else ''}."
    if visit.awaits_payment and visit.has_expired:
        yield "This link has expired. Ask the seller for a new one."
    elif visit.awaits_payment and visit.offer is None:
        reference = payment_reference(visit.order.id)
        yield f"The seller takes the payment elsewhere. Its reference: {reference}"
