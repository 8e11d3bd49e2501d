"""The people who sell and buy, and the companies that they sell for.

Only some wires know them: there, a request comes from a person, who sells for the company that
they have currently chosen.
"""

from collections.abc import Mapping
from dataclasses import field
from typing import Final

from .dataclass import dataclass
from .details import Address

COVER_IMAGE_SIZES: Final = ("px240", "px480", "px720", "px1080")
"""A company's picture comes in these heights, in pixels."""

TITLES: Final = {0: "Mr.", 1: "Ms."}


@dataclass(frozen=True, slots=True, kw_only=True)
class User:
    """A person of one shop. ``title`` is a key of :data:`TITLES`, or ``None``.

    ``current_company_id`` is the company that they sell for until they choose another.
    """

    id: int
    shop_id: str
    given_name: str
    family_name: str
    email: str
    title: int | None = None
    phone: str = ""
    default_address: Address | None = None
    current_company_id: int | None = None

    @property
    def full_name(self) -> str:
        return f"{self.given_name} {self.family_name}".strip()


@dataclass(frozen=True, slots=True, kw_only=True)
class Company:
    """A seller within a shop. ``code``, four capitals or digits, begins its orders' numbers.

    ``cover_images`` holds URLs by size (:data:`COVER_IMAGE_SIZES`).
    """

    id: int
    shop_id: str
    code: str
    name: str
    address: Address | None = None
    cover_images: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Membership:
    """Whether a user belongs to a company, and may sell for it."""

    company_id: int
    user_id: int
    may_sell: bool = True


@dataclass(frozen=True, slots=True)
class Salesperson:
    """A user who acts for the company that they have chosen."""

    user: User
    company: Company
    membership: Membership
