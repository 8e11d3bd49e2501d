"""Show whoever has a payment link what there is to pay, and what came of it."""

from orderhub.domain.dataclass import dataclass
from orderhub.domain.errors import NotFound
from orderhub.domain.order import Order
from orderhub.ports import PaymentAccounts, ShopRepository

from .desk import Desk
from .payment_link import Failure, FollowedLink, follow_link, result_of
from .paypal_offer import PayPalOffer, awaits_payment, paypal_offer


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentVisit:
    """``seller`` is the company that sent the link, else the shop. ``order`` is as everybody must
    see it now.

    ``offer`` is how the order can be paid on the page: never by a link that ``has_expired``, nor
    when nothing ``awaits_payment``, nor where the shop takes the money elsewhere. ``failure`` is
    why nothing was paid so far, which keeps nobody from trying again.
    """

    seller: str
    order: Order
    has_expired: bool
    awaits_payment: bool
    offer: PayPalOffer | None = None
    failure: Failure | None = None


def visit_payment(
    desk: Desk, shops: ShopRepository, accounts: PaymentAccounts, token: str
) -> PaymentVisit:
    """What the link with this token shows. At most four reads; looking changes nothing.

    Raises :class:`NotFound` as :func:`~orderhub.services.payment_link.follow_link` does.
    """
    followed = follow_link(desk, token)
    order, expires_at = followed.order, followed.link.expires_at
    return PaymentVisit(
        seller=_seller(shops, followed),
        order=order,
        has_expired=followed.has_expired,
        awaits_payment=awaits_payment(order),
        offer=paypal_offer(accounts, order, followed.at, expires_at),
        failure=result_of(followed).failure,
    )


def _seller(shops: ShopRepository, followed: FollowedLink) -> str:
    shop = shops.get(followed.link.shop_id)
    if shop is None:
        raise NotFound("payment_link")
    return followed.link.seller.strip() or shop.name
