"""Show an order to whoever has its link.

A wire that hands out links keeps the order's token in its own extension, as ``checkout_token``.
The token is all the proof that its holder has, so it stands in no log and no mail of ours.
"""

import hmac
import secrets
from typing import Final

from orderhub.domain.dataclass import dataclass
from orderhub.domain.errors import InvalidField, NotFound
from orderhub.domain.identity import MAX_ORDER_ID
from orderhub.domain.order import Order
from orderhub.domain.shop import Shop, require_identifier
from orderhub.ports import PaymentAccounts, ShopRepository

from .desk import Desk
from .paypal_offer import PayPalOffer, paypal_offer

CHECKOUT_TOKEN: Final = "checkout_token"  # noqa: S105 - the attribute's name
_TOKEN_BYTES: Final = 32
_LONGEST_TOKEN: Final = 128


def new_checkout_token() -> str:
    """256 random bits, safe in a URL."""
    return secrets.token_urlsafe(_TOKEN_BYTES)


def checkout_path(order: Order, token: str) -> str:
    """Where the order's page is, below the URL of this API or of the shop's storefront."""
    return f"/checkout/{order.shop_id}-{order.id}/{token}"


@dataclass(frozen=True, slots=True)
class Visit:
    shop: Shop
    order: Order
    """As everybody must see it now."""
    offer: PayPalOffer | None = None
    """How it can be paid on the page."""


def visit_checkout(
    desk: Desk, shops: ShopRepository, accounts: PaymentAccounts, name: str, token: str
) -> Visit:
    """The order at :func:`checkout_path`, which has ``name`` and ``token`` in it. At most three
    reads; looking changes nothing.

    Raises :class:`NotFound` (``checkout``), the same for orders that never were and for tokens
    that aren't theirs.
    """
    shop_id, order_id = _parsed(name)
    order = desk.orders.get(shop_id, order_id)
    if order is None or not _opens(order, token):
        raise NotFound("checkout")
    shop = shops.get(shop_id)
    if shop is None:
        raise NotFound("checkout")
    now = desk.clock.now()
    seen = order.as_of(now)
    return Visit(shop, seen, paypal_offer(accounts, seen, now))


def _parsed(name: str) -> tuple[str, int]:
    """The ids of the shop and of the order."""
    shop_id, _, digits = name.rpartition("-")
    if not (digits.isascii() and digits.isdecimal() and len(digits) <= len(str(MAX_ORDER_ID))):
        raise NotFound("checkout")
    try:
        return require_identifier("shop", shop_id), int(digits)
    except InvalidField:
        raise NotFound("checkout") from None


def _opens(order: Order, token: str) -> bool:
    if len(token) > _LONGEST_TOKEN:
        return False
    given = token.encode(errors="replace")
    tokens = (facts.get(CHECKOUT_TOKEN) for facts in order.details.extensions.values())
    return any(
        isinstance(own, str) and own and hmac.compare_digest(own.encode(), given) for own in tokens
    )
