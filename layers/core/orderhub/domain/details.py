"""Who ordered, where it goes, and all that describes an order without moving money or goods."""

from collections.abc import Mapping
from dataclasses import field
from typing import Final

from .dataclass import dataclass
from .lines import Attributes

BUYING_SHOP: Final = "shop_id"
"""The attribute of an order's customer that names another shop which buys: it sees the order."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Contact:
    """A person, as far as an order needs to know them."""

    id: str = ""
    name: str = ""
    email: str = ""
    phone: str = ""
    attributes: Attributes = field(default_factory=dict)

    @property
    def known_by(self) -> str:
        """What tells this person from others, as far as it is known; empty for nobody."""
        return self.id or self.email or self.phone or self.name


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """A postal address. Regions are kept as the wire gave them: names, codes, or both."""

    full_name: str = ""
    given_name: str = ""
    family_name: str = ""
    phone: str = ""
    email: str = ""
    line1: str = ""
    line2: str = ""
    city: str = ""
    city_code: str = ""
    district: str = ""
    district_code: str = ""
    province: str = ""
    province_code: str = ""
    country: str = ""
    country_code: str = ""
    postal_code: str = ""
    attributes: Attributes = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Details:
    """All of an order that its owner may correct while it is worked on.

    ``extensions`` holds, per wire, the facts that only that wire's own API shows.
    """

    customer: Contact | None = None
    sender: Contact | None = None
    shipping_address: Address | None = None
    billing_address: Address | None = None
    customer_note: str = ""
    payment_method: str = ""
    extensions: Mapping[str, Attributes] = field(default_factory=dict)

    @property
    def buyer(self) -> Contact | None:
        """Who ordered: the customer, else who sends it."""
        for contact in (self.customer, self.sender):
            if contact and contact.known_by:
                return contact
        return None


@dataclass(frozen=True, slots=True)
class Actor:
    """Who caused an event. ``kind`` is a wire's name, ``provider``, ``operator`` or ``clock``."""

    kind: str
    id: str = ""
    name: str = ""


@dataclass(frozen=True, slots=True)
class Reference:
    """A name that another system has for an order or a part of it, unique within its shop.

    ``kind`` says what it names (``order``, ``payment``, ``refund``, …), ``scope`` whose naming it
    is (a marketplace, a payment provider; ``number`` for an order's own number). Some kinds can be
    taken again after their ``lifetime``, in seconds; ``None`` never.
    """

    kind: str
    scope: str
    value: str

    @property
    def lifetime(self) -> int | None:
        return _LIFETIMES.get(self.kind)


IDEMPOTENCY: Final = "idempotency"
"""The kind of references that are a request's own name, chosen by who sent it."""

_LIFETIMES: Final = {IDEMPOTENCY: 24 * 60 * 60}
