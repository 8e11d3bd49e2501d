"""What a seller hands out once an order is paid. Never changed again."""

from datetime import datetime

from .dataclass import dataclass
from .details import Address


@dataclass(frozen=True, slots=True, kw_only=True)
class Seller:
    """Who sells, as it was when the order was placed: later moves don't rewrite old invoices."""

    id: str = ""
    name: str = ""
    address: Address | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Invoicing:
    """That an order gets an invoice when it is paid, and from whom.

    ``number`` is settled with the order's own number, so that whoever reports the payment needs
    to know nothing about invoices, and a payment never fails for want of a free number.
    """

    seller: Seller
    number: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Invoice:
    """``recipient`` is the billing address as it stood when the order was paid; where there was
    none the shipping address, else what was known of the customer. ``ship_to`` is the shipping
    address as it stood then, if it is another one."""

    number: str
    issued_at: datetime
    seller: Seller
    recipient: Address | None = None
    ship_to: Address | None = None
