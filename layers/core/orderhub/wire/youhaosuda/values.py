"""How this API writes numbers, money and times, and how it reads times.

Everything has an integer for its id here (:mod:`orderhub.domain.numbers`), parts of orders too.
"""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from decimal import Decimal
from functools import cache
from typing import Final

from orderhub.domain.money import Money, UnitPrice
from orderhub.domain.numbers import derived_number
from orderhub.domain.shop import Shop

Json = Mapping[str, object]

_CHINA: Final = timezone(timedelta(hours=8))
_VENDORS_ZONE: Final = "Asia/Shanghai"
_NOT_SET: Final = "UTC"
"""The zone of shops whose operator set none."""


# -- ids -----------------------------------------------------------------------------------------


def part_number(order_id: int, kind: str, position: int) -> int:
    """The id of an order's part: its ``position`` among those of its ``kind``, counted from 1."""
    return derived_number(f"{order_id}/{kind}/{position}")


# -- money ---------------------------------------------------------------------------------------


def yuan(amount: Money | UnitPrice) -> int | Decimal:
    """In major units, as short as it goes: ``63.8``, ``8``, ``0``."""
    return number(Decimal(amount.decimal_text))


def fen(amount: Money) -> int:
    """In minor units."""
    return amount.amount


def number(value: Decimal) -> int | Decimal:
    """``value`` without zeros at its end."""
    whole = value.to_integral_value()
    return int(whole) if whole == value else value.normalize()


# -- times ---------------------------------------------------------------------------------------


def zone_of(shop: Shop) -> tzinfo:
    """The shop's time zone; China's, which is the vendor's, where the operator set none."""
    return _zone(shop.timezone)


_FIRST: Final = datetime.min.replace(tzinfo=UTC)
_LAST: Final = datetime.max.replace(tzinfo=UTC)


@cache
def _zone(name: str) -> tzinfo:
    if name in (_NOT_SET, _VENDORS_ZONE):
        return _CHINA
    # Few shops need it, and it is slow to import.
    from zoneinfo import ZoneInfo  # noqa: PLC0415

    return ZoneInfo(name)


def written(at: datetime, zone: tzinfo) -> str:
    """``2015-04-29T23:09:51.200+08:00``."""
    return at.astimezone(zone).isoformat(timespec="milliseconds")


def written_or_null(at: datetime | None, zone: tzinfo) -> str | None:
    return None if at is None else written(at, zone)


def in_utc(at: datetime, zone: tzinfo) -> datetime:
    """A time that a client told, in the shop's zone unless it says otherwise. What the calendar
    can't hold in UTC is its first or last moment."""
    local = at if at.tzinfo else at.replace(tzinfo=zone)
    try:
        return local.astimezone(UTC)
    except OverflowError:
        return _FIRST if at.year == 1 else _LAST


def text(facts: Mapping[str, object], name: str) -> str:
    """A fact as text, empty when it isn't known."""
    value = facts.get(name)
    return "" if value is None else str(value)
