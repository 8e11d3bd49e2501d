"""How this API writes money, times, weights and countries, and how it reads what wires know of a
line or an order."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Final, TypeVar, cast

from orderhub.domain.money import Money, UnitPrice

_Shape = TypeVar("_Shape", bound=Mapping[str, object])

_NUMBER: Final = re.compile(r"[0-9]{1,12}(\.[0-9]{1,6})?")
_INTEGER: Final = re.compile(r"[0-9]{1,18}")
_TWO_DECIMALS: Final = Decimal("0.01")

UNITED_KINGDOM: Final = {"GB": "UK"}
"""The one country whose code here is not ISO's."""


def money(amount: Money | UnitPrice) -> str:
    """Four decimals, whatever the currency has: ``10.0000``."""
    return four_decimals(Decimal(amount.decimal_text))


def four_decimals(value: Decimal) -> str:
    return f"{value:.4f}"


def time(at: datetime) -> str:
    """``2013-12-01T18:05:46.123Z``."""
    return f"{at.astimezone(UTC).replace(tzinfo=None).isoformat(timespec='milliseconds')}Z"


def weight(grams: Decimal) -> str:
    """With two decimals, and more only where it has them: ``2.50``, ``0.035``."""
    shortest = grams.normalize()
    return str(max(shortest, shortest.quantize(_TWO_DECIMALS), key=_decimals))


def _decimals(value: Decimal) -> int:
    return -int(value.as_tuple().exponent)


def country(code: str) -> str:
    code = code.upper()
    return UNITED_KINGDOM.get(code, code)


def present(values: _Shape) -> _Shape:
    """Those that there are: empty texts, of fields that may be absent, are left out of answers."""
    return cast("_Shape", {name: value for name, value in values.items() if value != ""})


# -- facts that wires keep -------------------------------------------------------------------------


def text_in(facts: Mapping[str, object], name: str) -> str:
    """A fact as text, empty when it isn't known."""
    value = facts.get(name)
    return "" if value is None else str(value)


def integer_in(facts: Mapping[str, object], name: str) -> int | None:
    """A fact as a whole number; ``None`` when it isn't known, or isn't one."""
    given = text_in(facts, name)
    return int(given) if _INTEGER.fullmatch(given) else None


def number_in(facts: Mapping[str, object], name: str) -> Decimal | None:
    """A fact as a number that is not negative; ``None`` when it isn't known, or isn't one."""
    given = text_in(facts, name)
    return Decimal(given) if _NUMBER.fullmatch(given) else None


def moment_in(facts: Mapping[str, object], name: str) -> datetime | None:
    """A fact as a moment; ``None`` when it isn't known, or isn't one."""
    try:
        return datetime.fromisoformat(text_in(facts, name)).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def flag_in(facts: Mapping[str, object], name: str) -> bool:
    """A fact that holds; one that isn't known doesn't."""
    return facts.get(name) is True
