"""Requests, field for field as the document lists them: query parameters and bodies.

Fields that a body may hold and nobody may set are ignored, whatever they are.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Any, Final

from orderhub.domain.correspondence import LONGEST_REMARKS
from orderhub.domain.dataclass import dataclass
from orderhub.domain.shipment import LONGEST_TRACKING_NUMBER, LONGEST_TRACKING_URL
from orderhub.wire.fields import (
    Check,
    Form,
    JsonSchema,
    as_text,
    integer,
    number,
    optional,
    problem,
    required_text,
    text,
)

from .status import StatusWord

LARGEST_METHOD_ID: Final = 2**31 - 1

_LONGEST_WORD: Final = 32
_LONGEST_LIST: Final = 1000
_LONGEST_TIME: Final = 64
_TRUTHS: Final = {"true": True, "false": False}
_WORDS: Final = {word.value.lower(): word for word in StatusWord}
_EXCLUDES: Final = "-"

# What the core takes of texts, beyond what a form does, as parts of patterns.
_UNREADABLE: Final = r"\x7f-\x9f\u2028\u2029\ufffd"
_LINE: Final = rf"[^\x00-\x1f{_UNREADABLE}]*"
_LINES: Final = rf"[^\x00-\x08\x0b\x0c\x0e-\x1f{_UNREADABLE}]*"
_WEB_ADDRESS: Final = (
    r"(https?://[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?(:[0-9]{1,4})?"
    rf"([/?#][^\x00- \xa0\u1680\u2000-\u200a\u202f\u205f\u3000{_UNREADABLE}]*)?)?"
)
_AMOUNT: Final = r"\+?[0-9]{1,40}(\.[0-9]{1,40})?"
_BLANKS: Final = r"[\t ]*"


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


def _unless_null(validator: Any) -> Check:
    """``null`` says nothing; an empty text does."""
    check, takes = validator.func, validator.takes
    return Check(
        lambda value: None if value is None else check(value),
        takes=None if takes is None else lambda: {"anyOf": [takes(), {"type": "null"}]},
    )


# -- what they take, as JSON Schema ----------------------------------------------------------------


def in_any_case(*words: str) -> str:
    """A pattern for ASCII words, of whatever case."""
    return f"({'|'.join(map(_in_any_case, words))})"


def _in_any_case(word: str) -> str:
    return "".join(
        f"[{letter.upper()}{letter.lower()}]" if letter.isalpha() else letter for letter in word
    )


def _truths() -> JsonSchema:
    return {"anyOf": [{"type": "boolean"}, as_text(in_any_case(*_TRUTHS))]}


def _status_list() -> JsonSchema:
    part = f"{_BLANKS}((-{_BLANKS})?{in_any_case(*StatusWord)}{_BLANKS})?"
    return {
        **as_text(f"{part}(,{part})*"),
        "maxLength": _LONGEST_LIST,
        "examples": ["PENDING,READY", "-PURGED"],
    }


def _times() -> JsonSchema:
    written = [{"format": "date-time"}, {"format": "date"}]
    return {"type": "string", "pattern": "^[12]", "anyOf": written}


def _amounts() -> JsonSchema:
    return {"anyOf": [{"type": "number", "minimum": 0}, as_text(_AMOUNT)]}


def _texts(longest: int, pattern: str) -> JsonSchema:
    return {
        "type": ["string", "integer"],
        "maxLength": longest,
        "pattern": as_text(pattern)["pattern"],
    }


TRUTH: Final = Check(_truth, takes=_truths)
DIRECTION: Final = Check(
    _direction, takes=lambda: {**as_text(in_any_case(*Direction)), "examples": [*Direction]}
)
STATUSES: Final = Check(_statuses, takes=_status_list)
TIME: Final = Check(_time, takes=_times)
AMOUNT: Final = Check(number().func, takes=_amounts)
TRACKING_NUMBER: Final = Check(
    text(LONGEST_TRACKING_NUMBER).func, takes=lambda: _texts(LONGEST_TRACKING_NUMBER, _LINE)
)
TRACKING_LINK: Final = Check(
    text(LONGEST_TRACKING_URL).func,
    takes=lambda: {"maxLength": LONGEST_TRACKING_URL, **as_text(_WEB_ADDRESS)},
)
REMARKS: Final = Check(
    text(LONGEST_REMARKS, multiline=True).func, takes=lambda: _texts(LONGEST_REMARKS, _LINES)
)

_Truth = Annotated[bool | None, optional(TRUTH)]
_Amount = Annotated[Decimal | None, optional(AMOUNT)]
_Part = _unless_null(Check(_object))


class OrderFilters(Form):
    """Which orders are listed."""

    direction: Annotated[Direction | None, optional(DIRECTION)] = None
    """``in``, orders received, which it is unless told; or ``out``, those placed at other shops. In
    any case."""
    status: Annotated[StatusFilter | None, optional(STATUSES)] = None
    """Words between commas, in any case; those behind a ``-`` are left out. With both, what is
    named less what is left out."""
    filed: _Truth = None
    """``true`` for filed orders, ``false``, which it is unless told, for the others."""


class DriveThru(Form):
    """How the buyer is thanked."""

    mail_me: _Truth = None
    """Whether the shop gets a copy."""


class ShippingEdit(Form):
    """Of the last parcel that went out, or of the next one while there is none. ``null`` says
    nothing; an empty text removes what there is."""

    date_shipped: Annotated[datetime | None, optional(TIME)] = None
    """ISO 8601, in UTC unless it says otherwise. A parcel that went can't have gone in the future.
    An empty text says nothing."""
    tracking_no: Annotated[str | None, _unless_null(TRACKING_NUMBER)] = None
    """As the carrier writes it."""
    tracking_link: Annotated[str | None, _unless_null(TRACKING_LINK)] = None
    """An ``http`` or ``https`` URL."""
    method_id: Annotated[int | None, optional(integer(0, LARGEST_METHOD_ID))] = None
    """An empty text says nothing."""


class CostEdit(Form):
    """Amounts in major units of the order's currency, 0 or more, with its decimals at most. They
    count while the order is unpaid. ``null`` and empty texts say nothing."""

    shipping: _Amount = None
    insurance: _Amount = None
    credit: _Amount = None
    """It is taken off."""
    etc1: _Amount = None
    """A charge beside the others."""
    etc2: _Amount = None
    """Not below what other charges of the order come to, which it is shown with."""


class OrderEdit(Form):
    """What is to be changed; all else that an order has is ignored."""

    shipping: Annotated[ShippingEdit | None, _Part] = None
    cost: Annotated[CostEdit | None, _Part] = None
    is_filed: _Truth = None
    """Whether the seller has put it away."""
    remarks: Annotated[str | None, _unless_null(REMARKS)] = None
    """The seller's own. An empty text removes them."""


class Patch(Form):
    """Which field is to be what."""

    field: Annotated[str, required_text(_LONGEST_WORD)]
    value: Annotated[str, required_text(_LONGEST_WORD)]
