"""Shops (the tenants), what they sell, and who may act for them."""

import hashlib
from collections.abc import Mapping
from dataclasses import field
from datetime import datetime
from enum import StrEnum
from typing import Final

from .dataclass import dataclass
from .errors import InvalidField
from .events import Terms
from .lines import Attributes
from .money import UnitPrice

DAY: Final = 24 * 60 * 60

DEFAULT_TERMS: Final[Mapping[str, Terms]] = {
    "marketplace": Terms(payment_timeout=3 * DAY, refund_window=30 * DAY, auto_receive=14 * DAY),
    "brandcloud": Terms(payment_timeout=15 * 60, refund_window=30 * DAY, auto_receive=14 * DAY),
    "shoplazza": Terms(payment_timeout=None, refund_window=None, auto_receive=14 * DAY),
    "youhaosuda": Terms(payment_timeout=2 * DAY, refund_window=30 * DAY, auto_receive=14 * DAY),
    "bricklink": Terms(payment_timeout=None, refund_window=None, auto_receive=None),
}
"""What holds for a shop that set no windows of its own, per wire: the document's windows where
it names some (BrandCloud 15 minutes and 30 days, Youhaosuda 2 days and 2 weeks), else ours."""

WIRES: Final = tuple(DEFAULT_TERMS)

SMALLEST_NUMBER: Final = 10_000
LARGEST_NUMBER: Final = 99_999
"""Of shops."""


class Scope(StrEnum):
    READ_ORDERS = "read_orders"
    WRITE_ORDERS = "write_orders"


@dataclass(frozen=True, slots=True, kw_only=True)
class Shop:
    """A tenant. ``terms`` holds the windows that differ from :data:`DEFAULT_TERMS`, per wire."""

    id: str
    name: str
    currency: str
    timezone: str = "UTC"
    created_at: datetime
    terms: Mapping[str, Terms] = field(default_factory=dict)
    given_number: int | None = None
    domain: str = ""
    """The host of its storefront."""
    cod_enabled: bool = False
    """Whether buyers may pay on delivery."""
    tax_included: bool = False
    """Whether its prices contain the tax."""
    trusts_terminal: bool = False
    """Whether a refund is taken by a transaction of its card terminal's own, which nobody here can
    know beforehand."""
    email: str = ""
    """Where mail to the seller goes."""

    @property
    def number(self) -> int:
        """Five digits, for systems that know shops by number: the one that was given, or one that
        follows from the id. Not unique among shops."""
        if self.given_number is not None:
            return self.given_number
        digest = hashlib.sha256(self.id.encode()).digest()
        return SMALLEST_NUMBER + int.from_bytes(digest[:8]) % (LARGEST_NUMBER - SMALLEST_NUMBER + 1)

    def terms_for(self, wire: str) -> Terms:
        return self.terms.get(wire) or DEFAULT_TERMS[wire]


@dataclass(frozen=True, slots=True, kw_only=True)
class Credential:
    """Leave for one external system to use one wire for one shop.

    Its token is never stored; ``token_hash`` is the SHA-256 of it, in hex.
    """

    id: str
    shop_id: str
    wire: str
    label: str
    token_hash: str
    scopes: tuple[str, ...]
    created_at: datetime
    revoked_at: datetime | None = None
    user_id: int | None = None
    """Whose it is, on wires where requests come from a person."""
    app_key: str = ""
    """By which an app trades its secret for its token, or names itself on what it signs."""
    expires_at: datetime | None = None
    """From when on it lets nobody in; never, if there is no such time."""

    def holds_at(self, now: datetime) -> bool:
        """Whether it lets anybody in: neither revoked nor expired."""
        return self.revoked_at is None and (self.expires_at is None or now < self.expires_at)


@dataclass(frozen=True, slots=True)
class Principal:
    """Who a request comes from, once its credential has been checked."""

    shop: Shop
    credential_id: str
    label: str
    scopes: frozenset[str]
    user_id: int | None = None
    expires_at: datetime | None = None
    """The credential's own; :meth:`is_expired` tells more."""

    def is_expired(self, now: datetime) -> bool:
        """Whether the credential's time is over: it may have come after the check."""
        return self.expires_at is not None and self.expires_at <= now


@dataclass(frozen=True, slots=True, kw_only=True)
class Price:
    price: UnitPrice
    discount_price: UnitPrice | None = None
    """The price after the product's own discount, where it has one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Variant:
    """One sellable form of a product. ``prices`` is keyed by currency."""

    id: str
    name: str = ""
    sku: str = ""
    prices: Mapping[str, Price] = field(default_factory=dict)
    image_url: str = ""
    weight_grams: int = 0
    tracks_stock: bool = False
    """Whether its pieces are counted, and none are sold that aren't there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Product:
    id: str
    name: str
    number: str = ""
    image_url: str = ""
    variants: tuple[Variant, ...] = ()
    attributes: Attributes = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class CartLine:
    product_id: str
    variant_id: str
    quantity: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Cart:
    """What somebody gathered to order. A cart becomes at most one order."""

    id: str
    currency: str
    lines: tuple[CartLine, ...]
    created_at: datetime


def require_identifier(field_name: str, text: str) -> str:
    """Return ``text`` if it can stand in a key: 1 to 64 letters, digits, ``-``, ``_`` or ``.``."""
    if not (
        0 < len(text) <= 64
        and text.isascii()
        and text.replace("-", "").replace("_", "").replace(".", "").isalnum()
    ):
        raise InvalidField(field_name, "invalid", f"{text!r}: use letters, digits, '-', '_', '.'")
    return text
