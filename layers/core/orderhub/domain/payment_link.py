"""A link by which somebody may pay one order, once, from afar."""

from datetime import datetime

from .dataclass import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentLink:
    """``token_hash`` is the SHA-256 of the token, in hex; the token itself is only in the mail.
    ``seller`` is the name of the company that sent it.

    From ``expires_at`` on nobody can pay by it any more; what came of it can be read until
    ``kept_until``.
    """

    token_hash: str
    shop_id: str
    order_id: int
    email: str
    seller: str = ""
    created_at: datetime
    expires_at: datetime
    kept_until: datetime
