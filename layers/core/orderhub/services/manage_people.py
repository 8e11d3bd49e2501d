"""What an operator does for people and companies: put them, join them, part them."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Final

from orderhub.domain.details import Address
from orderhub.domain.errors import InvalidField, NotFound
from orderhub.domain.people import COVER_IMAGE_SIZES, TITLES, Company, Membership, User
from orderhub.ports import PeopleRepository, ShopRepository

from .manage_shops import LONGEST_LABEL, require_shop

LARGEST_ID: Final = 2**53 - 1
CODE_LENGTH: Final = 4
LONGEST_EMAIL: Final = 254
LONGEST_URL: Final = 2000


def require_code(code: str) -> str:
    """Return ``code`` if it can begin order numbers: four capitals or digits (ASCII)."""
    if not (
        len(code) == CODE_LENGTH and code.isascii() and code.isalnum() and code == code.upper()
    ):
        message = f"{code!r} is not {CODE_LENGTH} capital letters or digits"
        raise InvalidField("code", "invalid", message)
    return code


def require_email(email: str) -> str:
    """Return ``email`` if it could be one; only mail that arrives proves more."""
    name, at, host = email.rpartition("@")
    if not (at and name and host) or not email.isprintable() or " " in email:
        raise InvalidField("email", "invalid", f"{email!r} is not an e-mail address")
    if len(email) > LONGEST_EMAIL:
        raise InvalidField("email", "too_long")
    return email


def require_cover_image(size: str, url: str) -> str:
    """Return ``url`` if a client could load it and ``size`` is one that there is."""
    if size not in COVER_IMAGE_SIZES:
        message = f"{size!r} is none of {', '.join(COVER_IMAGE_SIZES)}"
        raise InvalidField("cover_images", "unknown", message)
    if not url.startswith(("http://", "https://")) or len(url) > LONGEST_URL:
        raise InvalidField("cover_images", "invalid", f"{url!r} is not a URL")
    return url


def require_user(people: PeopleRepository, shop_id: str, user_id: int) -> User:
    """The user with this id. Raises :class:`NotFound`."""
    user = people.user(shop_id, user_id)
    if user is None:
        raise NotFound("user", user_id)
    return user


def require_company(people: PeopleRepository, shop_id: str, company_id: int) -> Company:
    """The company with this id. Raises :class:`NotFound`."""
    company = people.company(shop_id, company_id)
    if company is None:
        raise NotFound("company", company_id)
    return company


def put_user(
    shops: ShopRepository,
    people: PeopleRepository,
    shop_id: str,
    *,
    user_id: int,
    given_name: str,
    family_name: str,
    email: str,
    title: int | None = None,
    phone: str = "",
    default_address: Address | None = None,
) -> User:
    """Put a user. It replaces what had its id, except for the company they have chosen.

    Raises :class:`NotFound` for the shop, or :class:`InvalidField`.
    """
    require_shop(shops, shop_id)
    if title is not None and title not in TITLES:
        raise InvalidField("title", "unknown", f"a title is one of {', '.join(map(str, TITLES))}")
    before = people.user(shop_id, _require_id("user_id", user_id))
    user = User(
        id=user_id,
        shop_id=shop_id,
        given_name=_require_text("given_name", given_name),
        family_name=_require_text("family_name", family_name),
        email=require_email(email),
        title=title,
        phone=_require_short("phone", phone),
        default_address=_sane(default_address),
        current_company_id=before.current_company_id if before else None,
    )
    people.put_user(user)
    return user


def put_company(
    shops: ShopRepository,
    people: PeopleRepository,
    shop_id: str,
    *,
    company_id: int,
    code: str,
    name: str,
    address: Address | None = None,
    cover_images: Mapping[str, str] | None = None,
) -> Company:
    """Put a company. It replaces what had its id; its members stay.

    Raises :class:`NotFound` for the shop, or :class:`InvalidField`.
    """
    require_shop(shops, shop_id)
    company = Company(
        id=_require_id("company_id", company_id),
        shop_id=shop_id,
        code=require_code(code),
        name=_require_text("name", name),
        address=_sane(address),
        cover_images={
            size: require_cover_image(size, url) for size, url in (cover_images or {}).items()
        },
    )
    people.put_company(company)
    return company


def remove_company(
    shops: ShopRepository, people: PeopleRepository, shop_id: str, company_id: int
) -> Company:
    """Close a company down. Its orders stay; so do its memberships, should it be put again.

    Raises :class:`NotFound`.
    """
    require_shop(shops, shop_id)
    company = require_company(people, shop_id, company_id)
    people.remove_company(shop_id, company_id)
    return company


def add_member(
    shops: ShopRepository,
    people: PeopleRepository,
    shop_id: str,
    *,
    company_id: int,
    user_id: int,
    may_sell: bool = True,
) -> Membership:
    """Make a user a member of a company, or change whether they may sell there.

    Raises :class:`NotFound` for the shop, the company or the user.
    """
    require_shop(shops, shop_id)
    require_company(people, shop_id, company_id)
    require_user(people, shop_id, user_id)
    membership = Membership(company_id=company_id, user_id=user_id, may_sell=may_sell)
    people.put_membership(shop_id, membership)
    return membership


def remove_member(
    shops: ShopRepository,
    people: PeopleRepository,
    shop_id: str,
    *,
    company_id: int,
    user_id: int,
) -> Membership:
    """End a membership. The company stays their chosen one, where they can now do nothing.

    Raises :class:`NotFound`, for the membership too.
    """
    require_shop(shops, shop_id)
    membership = _require_membership(people, shop_id, company_id, user_id)
    people.remove_membership(shop_id, company_id, user_id)
    return membership


def select_company(
    shops: ShopRepository,
    people: PeopleRepository,
    shop_id: str,
    *,
    company_id: int,
    user_id: int,
) -> User:
    """Make a company the one that a user acts for. They must be its member.

    Raises :class:`NotFound` for the shop, the company, the user or the membership.
    """
    require_shop(shops, shop_id)
    require_company(people, shop_id, company_id)
    user = require_user(people, shop_id, user_id)
    _require_membership(people, shop_id, company_id, user_id)
    user = replace(user, current_company_id=company_id)
    people.put_user(user)
    return user


def list_members(
    shops: ShopRepository, people: PeopleRepository, shop_id: str, company_id: int
) -> Sequence[Membership]:
    """A company's members by user id. Raises :class:`NotFound` for the shop or the company."""
    require_shop(shops, shop_id)
    require_company(people, shop_id, company_id)
    return people.members(shop_id, company_id)


def _require_membership(
    people: PeopleRepository, shop_id: str, company_id: int, user_id: int
) -> Membership:
    membership = people.membership(shop_id, company_id, user_id)
    if membership is None:
        raise NotFound("membership", f"of user {user_id} in company {company_id}")
    return membership


def _require_id(field: str, identifier: int) -> int:
    if not 0 < identifier <= LARGEST_ID:
        raise InvalidField(field, "out_of_range", f"an id is from 1 to {LARGEST_ID}")
    return identifier


def _require_text(field: str, text: str) -> str:
    if not text.strip():
        raise InvalidField(field, "required")
    return _require_short(field, text)


def _require_short(field: str, text: str) -> str:
    if len(text) > LONGEST_LABEL:
        raise InvalidField(field, "too_long", f"{field} has at most {LONGEST_LABEL} characters")
    return text


def _sane(address: Address | None) -> Address | None:
    """``address``, or ``None`` for one that says nothing."""
    if address is None or address == Address():
        return None
    for field in ("line1", "line2", "city", "province", "postal_code", "country"):
        _require_short(field, getattr(address, field))
    return address
