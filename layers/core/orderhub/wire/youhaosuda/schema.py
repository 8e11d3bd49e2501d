"""Requests, field for field as the document lists them: query parameters and bodies."""

import re
from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any, Final

from pydantic import BeforeValidator, Field

from orderhub.domain.metafield import LONGEST_DESCRIPTION, FieldValue
from orderhub.wire.contract import Problem, Unprocessable
from orderhub.wire.fields import (
    Form,
    Number,
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
_ANY: Final = 10**19
_LONGEST: Final = 255
_LONGEST_LIST: Final = 10_000

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


_Text = Annotated[str | None, optional(text(_LONGEST))]
_Id = Annotated[int | None, optional(integer(-_ANY, _ANY))]
_Time = Annotated[datetime | None, optional(BeforeValidator(_time))]
_Fields = Annotated[dict[str, Any], BeforeValidator(_field_values)]
_Description = Annotated[str | None, optional(text(LONGEST_DESCRIPTION, multiline=True))]


class Shown(Form):
    """``fields``: the names to be shown; ``None`` for all of them."""

    fields: Annotated[frozenset[str] | None, optional(BeforeValidator(_names))] = None


class Paging(Shown):
    limit: Annotated[int | None, optional(integer(1, _LARGEST_PAGE))] = None
    page: Annotated[int | None, optional(integer(1, _LARGEST_PAGE))] = None

    @property
    def size(self) -> int:
        """How many at once: more than the largest limit are the largest limit."""
        return min(self.limit or DEFAULT_LIMIT, LARGEST_LIMIT)

    @property
    def offset(self) -> int:
        return ((self.page or 1) - 1) * self.size


class Filters(Form):
    """What lists of orders and of metafields are filtered by alike."""

    since_id: _Id = None
    id: _Id = None
    ids: Annotated[tuple[int, ...] | None, optional(BeforeValidator(_ids))] = None
    created_at_min: _Time = None
    created_at_max: _Time = None
    updated_at_min: _Time = None
    updated_at_max: _Time = None


class OrderFilters(Filters):
    customer_id: _Text = None
    order_no: _Text = None


class MetafieldFilters(Filters):
    name: _Text = None
    owner_resource: _Text = None
    owner_id: _Id = None


class OrderEdit(Form):
    """``PUT /orders/#{id}``: all but the price is ignored."""

    total_amount: Number


class NewMeta(Form):
    """``POST /metas``."""

    name: Annotated[str, required_text(_LONGEST)]
    owner_resource: Annotated[str, required_text(_LONGEST)]
    owner_id: Annotated[int, integer(-_ANY, _ANY)]
    fields: _Fields = Field(default_factory=dict)
    description: _Description = None


class MetaEdit(Form):
    """``PUT /metas/#{id}``: what isn't named stays, so ``model_fields_set`` matters."""

    name: Annotated[str, required_text(_LONGEST)] = ""
    owner_resource: Annotated[str, required_text(_LONGEST)] = ""
    owner_id: Annotated[int, integer(-_ANY, _ANY)] = 0
    fields: _Fields = Field(default_factory=dict)
    description: _Description = None


class FieldsForm(Form):
    """``POST /metas/#{id}/fields``."""

    fields: _Fields


def part(body: object, name: str) -> object:
    """What an API of this kind wraps its bodies in: ``{"order": {…}}``.

    Raises :class:`Unprocessable` when it isn't there.
    """
    if not isinstance(body, Mapping) or body.get(name) is None:
        raise Unprocessable(Problem(name, "blank"))
    if not isinstance(body[name], Mapping):
        raise Unprocessable(Problem(name, "not_an_object"))
    return body[name]
