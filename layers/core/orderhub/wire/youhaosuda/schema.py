"""Requests, field for field as the document lists them: query parameters and bodies.

What a change doesn't name stays: there ``said`` matters, and not the defaults.
"""

import re
from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any, Final

from orderhub.domain.identity import MAX_ORDER_ID
from orderhub.domain.metafield import (
    LARGEST_NUMBER,
    LONGEST_DESCRIPTION,
    LONGEST_KEY,
    LONGEST_NAME,
    MAX_FIELDS,
    ORDER,
    FieldValue,
)
from orderhub.wire.contract import Problem, Unprocessable
from orderhub.wire.fields import (
    AS_NULL,
    Check,
    Form,
    JsonSchema,
    Number,
    as_text,
    integer,
    optional,
    problem,
    required_text,
    text,
)

DEFAULT_LIMIT: Final = 10
LARGEST_LIMIT: Final = 50
GRANT_TYPE: Final = "client_credentials"

_LARGEST_PAGE: Final = 10**9
_ANY: Final = 10**19 - 1
_LONGEST: Final = 255
_LONGEST_LIST: Final = 10_000

_DAY: Final = (
    r"(?!0000)[0-9]{4}-("
    r"(0[13578]|1[02])-(0[1-9]|[12][0-9]|3[01])|"
    r"(0[469]|11)-(0[1-9]|[12][0-9]|30)|"
    r"02-(0[1-9]|1[0-9]|2[0-8]))"
)
_MINUTE: Final = r"([01][0-9]|2[0-3]):[0-5][0-9]"
_MOMENT: Final = rf"{_DAY}([T ]{_MINUTE}(:[0-5][0-9](\.[0-9]{{1,6}})?)?(Z|[+ -]{_MINUTE})?)?"
"""A time as a pattern, without leap days."""
_ID_OR_NOTHING: Final = r"[\t ]*([+-]?[0-9]{1,19}[\t ]*)?"

# What a '+' that nobody encoded becomes in a query: '2014-09-01T01:00:01 08:00'.
_LOST_PLUS: Final = re.compile(r"(.*\d:\d\d.*) (\d\d:?\d\d)")


def _time(value: Any) -> datetime:
    """ISO 8601, with or without an offset."""
    given = text(64).func(value)
    if lost := _LOST_PLUS.fullmatch(given):
        given = f"{lost[1]}+{lost[2]}"
    try:
        return datetime.fromisoformat(given)
    except ValueError:
        raise problem("not_a_time") from None


def _ids(value: Any) -> tuple[int, ...]:
    """Numbers between commas."""
    given = text(_LONGEST_LIST).func(value)
    check = integer(-_ANY, _ANY).func
    return tuple(check(part) for part in given.split(",") if part.strip())


def _names(value: Any) -> frozenset[str]:
    """Names between commas."""
    given = text(_LONGEST_LIST).func(value)
    return frozenset(name.strip() for name in given.split(",") if name.strip())


def _field_values(value: Any) -> dict[str, FieldValue]:
    """Keys and plain values: text, numbers, ``true``, ``false``, ``null``."""
    if value is None:
        return {}
    if not isinstance(value, Mapping):
        raise problem("not_an_object")
    return {key: _field_value(part) for key, part in value.items()}


def _field_value(value: Any) -> FieldValue:
    if isinstance(value, Decimal):
        return float(value)
    if value is None or isinstance(value, str | int):
        return value
    raise problem("invalid")


def _plain_values() -> JsonSchema:
    number = {"type": "number", "minimum": -LARGEST_NUMBER, "maximum": LARGEST_NUMBER}
    values = {
        "type": "object",
        "maxProperties": MAX_FIELDS,
        "propertyNames": {"minLength": 1, "maxLength": LONGEST_KEY},
        "additionalProperties": {"anyOf": [{"type": ["string", "boolean", "null"]}, number]},
    }
    return {"anyOf": [values, {"type": "null"}]}


TIMES: Final = Check(_time, takes=lambda: as_text(_MOMENT))
IDS: Final = Check(_ids, takes=lambda: as_text(f"{_ID_OR_NOTHING}(,{_ID_OR_NOTHING})*"))
NAMES: Final = Check(_names, takes=text(_LONGEST_LIST).takes)
FIELD_VALUES: Final = Check(_field_values, takes=_plain_values)
"""Of metafields: at most 48 KB together, which no schema can say."""
METAFIELD_NAME: Final = Check(
    required_text(_LONGEST).func,
    takes=lambda: {
        "type": ["string", "integer"],
        "pattern": rf"^[\t-\r ]*[a-z0-9_-]{{1,{LONGEST_NAME}}}[\t-\r ]*$",
    },
)
_OWNER: Final = Check(
    required_text(_LONGEST).func, takes=lambda: {"type": "string", "enum": [ORDER]}
)

_Text = Annotated[str | None, optional(text(_LONGEST))]
_Id = Annotated[int | None, optional(integer(-_ANY, _ANY))]
_Time = Annotated[datetime | None, optional(TIMES)]
_Fields = Annotated[dict[str, Any], FIELD_VALUES]
_MetafieldName = Annotated[str, METAFIELD_NAME]
_Owner = Annotated[str, _OWNER]
_OwnerId = Annotated[int, Check(integer(-_ANY, _ANY).func, takes=integer(1, MAX_ORDER_ID).takes)]
_Description = Annotated[str | None, optional(text(LONGEST_DESCRIPTION, multiline=True))]


class Shown(Form):
    """Which attributes are shown."""

    fields: Annotated[frozenset[str] | None, optional(NAMES)] = None
    """Names of attributes between commas; all of them unless told. Names that don't exist show
    nothing."""


class Paging(Shown):
    limit: Annotated[int | None, optional(integer(1, _LARGEST_PAGE))] = None
    """How many at once: 10 unless told, at most 50; more are 50."""
    page: Annotated[int | None, optional(integer(1, _LARGEST_PAGE))] = None
    """From 1, which it is unless told."""

    @property
    def size(self) -> int:
        """How many at once: more than the largest limit are the largest limit."""
        return min(self.limit or DEFAULT_LIMIT, LARGEST_LIMIT)

    @property
    def offset(self) -> int:
        return ((self.page or 1) - 1) * self.size


class Filters(Form):
    """What all lists are filtered by alike."""

    since_id: _Id = None
    """Only ids greater than this."""
    id: _Id = None
    """Only this one."""
    ids: Annotated[tuple[int, ...] | None, optional(IDS)] = None
    """Only these, between commas."""
    created_at_min: _Time = None
    """``2014-09-01T01:00:01``, with an offset or as the shop's own; the time is optional. Bounds
    are inclusive."""
    created_at_max: _Time = None
    """Made then, or before."""
    updated_at_min: _Time = None
    """Changed last then, or later."""
    updated_at_max: _Time = None
    """Changed last then, or before."""


class OrderFilters(Filters):
    customer_id: _Text = None
    """As ``customer.id`` shows it, or as the customer's own system writes it."""
    order_no: _Text = None
    """A part of the order's number."""


class MetafieldFilters(Filters):
    name: _Text = None
    """The whole name."""
    owner_resource: _Text = None
    """``order``; of anything else there are none."""
    owner_id: _Id = None
    """The order that they are of."""


class OrderEdit(Form):
    """Another price. All else is ignored."""

    total_amount: Number
    """In yuan, 0 or more, with the decimals of the order's currency at most."""


class NewMeta(Form):
    """A new metafield."""

    name: _MetafieldName
    """Once per order."""
    owner_resource: _Owner
    """``order``."""
    owner_id: _OwnerId
    """An order of the shop."""
    fields: _Fields = AS_NULL
    """At most 48 KB together."""
    description: _Description = None


class MetaEdit(Form):
    """Changes of a metafield. What is not named stays."""

    name: _MetafieldName = ""
    owner_resource: _Owner = ""
    owner_id: _OwnerId = 0
    fields: _Fields = AS_NULL
    """They replace all that there are."""
    description: _Description = None


class FieldsForm(Form):
    """Fields that are added, or replace those of the same key."""

    fields: _Fields
    """At most 48 KB together with those that stay."""


def part(body: object, name: str) -> object:
    """What an API of this kind wraps its bodies in: ``{"order": {…}}``.

    Raises :class:`Unprocessable` when it isn't there.
    """
    if not isinstance(body, Mapping) or body.get(name) is None:
        raise Unprocessable(Problem(name, "blank"))
    if not isinstance(body[name], Mapping):
        raise Unprocessable(Problem(name, "not_an_object"))
    return body[name]
