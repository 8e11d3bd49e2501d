"""Requests, field for field as the document lists them: query parameters and bodies.

Fields that a body may hold and nobody may set are ignored, whatever they are.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Any, Final

from pydantic import BeforeValidator

from orderhub.domain.correspondence import LONGEST_REMARKS
from orderhub.domain.shipment import LONGEST_TRACKING_NUMBER, LONGEST_TRACKING_URL
from orderhub.wire.fields import Form, integer, number, optional, problem, required_text, text

from .status import StatusWord

LARGEST_METHOD_ID: Final = 2**31 - 1

_LONGEST_WORD: Final = 32
_LONGEST_LIST: Final = 1000
_LONGEST_TIME: Final = 64
_TRUTHS: Final = {"true": True, "false": False}
_WORDS: Final = {word.value.lower(): word for word in StatusWord}
_EXCLUDES: Final = "-"


class Direction(StrEnum):
    """Whose orders: those that a shop received, or those that it placed."""

    IN = "in"
    OUT = "out"


@dataclass(frozen=True, slots=True)
class StatusFilter:
    """The words that are wanted; ``None`` for any but the ``excluded``."""

    included: frozenset[StatusWord] | None
    excluded: frozenset[StatusWord]

    def wants(self, word: StatusWord) -> bool:
        return word not in self.excluded and (self.included is None or word in self.included)


ANY_STATUS: Final = StatusFilter(None, frozenset())


def _truth(value: Any) -> bool:
    """``true`` and ``false``, in any case; clients write Python's and C#'s too."""
    if isinstance(value, bool):
        return value
    known = _TRUTHS.get(value.strip().lower()) if isinstance(value, str) else None
    if known is None:
        raise problem("not_a_boolean")
    return known


def _direction(value: Any) -> Direction:
    try:
        return Direction(text(_LONGEST_WORD).func(value).lower())
    except ValueError:
        raise problem("not_listed", choices=", ".join(Direction)) from None


def _statuses(value: Any) -> StatusFilter:
    """Words between commas; those behind a minus sign are not wanted."""
    included: set[StatusWord] = set()
    excluded: set[StatusWord] = set()
    for part in text(_LONGEST_LIST).func(value).split(","):
        given = part.strip().lower()
        if not given:
            continue
        word = _WORDS.get(given.removeprefix(_EXCLUDES).strip())
        if word is None:
            raise problem("not_listed", choices=", ".join(StatusWord))
        (excluded if given.startswith(_EXCLUDES) else included).add(word)
    return StatusFilter(frozenset(included) if included else None, frozenset(excluded))


def _object(value: Any) -> Any:
    if not isinstance(value, Mapping):
        raise problem("not_an_object")
    return value


def _time(value: Any) -> datetime:
    """ISO 8601, in UTC unless it says otherwise."""
    given = text(_LONGEST_TIME).func(value)
    try:
        at = datetime.fromisoformat(given)
        return (at if at.tzinfo else at.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        raise problem("not_a_time") from None


def _unless_null(check: Callable[[Any], Any]) -> Any:
    """``null`` says nothing; an empty text does."""
    return BeforeValidator(lambda value: None if value is None else check(value))


_Truth = Annotated[bool | None, optional(BeforeValidator(_truth))]
_Amount = Annotated[Decimal | None, optional(number())]
_Part = _unless_null(_object)


class OrderFilters(Form):
    """``GET /orders``."""

    direction: Annotated[Direction | None, optional(BeforeValidator(_direction))] = None
    status: Annotated[StatusFilter | None, optional(BeforeValidator(_statuses))] = None
    filed: _Truth = None


class DriveThru(Form):
    """``POST /orders/{order_id}/drive_thru``."""

    mail_me: _Truth = None


class ShippingEdit(Form):
    """``None`` is what wasn't said; an empty text removes what there is."""

    date_shipped: Annotated[datetime | None, optional(BeforeValidator(_time))] = None
    tracking_no: Annotated[str | None, _unless_null(text(LONGEST_TRACKING_NUMBER).func)] = None
    tracking_link: Annotated[str | None, _unless_null(text(LONGEST_TRACKING_URL).func)] = None
    method_id: Annotated[int | None, optional(integer(0, LARGEST_METHOD_ID))] = None


class CostEdit(Form):
    """Amounts in major units of the order's currency."""

    shipping: _Amount = None
    insurance: _Amount = None
    credit: _Amount = None
    etc1: _Amount = None
    etc2: _Amount = None


class OrderEdit(Form):
    """``PUT /orders/{order_id}``."""

    shipping: Annotated[ShippingEdit | None, _Part] = None
    cost: Annotated[CostEdit | None, _Part] = None
    is_filed: _Truth = None
    remarks: Annotated[str | None, _unless_null(text(LONGEST_REMARKS, multiline=True).func)] = None


class Patch(Form):
    """``PUT …/status`` and ``PUT …/payment_status``: which field is to be what."""

    field: Annotated[str, required_text(_LONGEST_WORD)]
    value: Annotated[str, required_text(_LONGEST_WORD)]
