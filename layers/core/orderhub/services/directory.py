"""What is there: a table's shops, and the products, carts, users and companies of a shop."""

from itertools import islice
from typing import Final

from orderhub.ports import Directory, Listed, ListKind, ShopRepository

from .manage_shops import require_shop

_NUMBERED: Final = (ListKind.USERS, ListKind.COMPANIES)


def list_shops(directory: Directory) -> list[Listed]:
    """All shops by id, but for those that were last written before there was a list."""
    return list(directory.shops())


def list_of_shop(
    directory: Directory,
    shops: ShopRepository,
    shop_id: str,
    kind: ListKind,
    *,
    part: str = "",
    after: str = "",
    limit: int | None = None,
) -> tuple[list[Listed], str | None]:
    """A shop's things of one kind by id, ``limit`` at most, and the id to read on after; ``None``
    at the end.

    With ``part``, those alone that have it in their id, name or number, in capitals or not. Only
    those behind the one with the id ``after``. Raises :class:`NotFound` for the shop.
    """
    require_shop(shops, shop_id)
    sought = part.casefold()
    fitting = (
        each
        for each in directory.of_shop(shop_id, kind)
        if sought in _text(each) and (not after or _place(kind, each.id) > _place(kind, after))
    )
    if limit is None:
        return list(fitting), None
    page = list(islice(fitting, limit + 1))
    if len(page) <= limit:
        return page, None
    return page[:limit], page[limit - 1].id


def _place(kind: ListKind, thing_id: str) -> tuple[int, str]:
    """Where the list has it: by numbers where ids are numbers."""
    return (int(thing_id), "") if kind in _NUMBERED else (0, thing_id)


def _text(listed: Listed) -> str:
    number = listed.facts.get("number") or listed.facts.get("code") or ""
    return f"{listed.id}\n{listed.name}\n{number}".casefold()
