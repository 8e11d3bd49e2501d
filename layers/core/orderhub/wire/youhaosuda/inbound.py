"""From requests to what the core is asked to do."""

import base64
import binascii
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from typing import Any, Final, Generic, TypeVar

from orderhub.domain.dataclass import dataclass
from orderhub.domain.errors import NotFound, Unauthenticated
from orderhub.domain.identity import MAX_ORDER_ID
from orderhub.domain.metafield import Metafield
from orderhub.domain.order import Order
from orderhub.services.metafields import METAFIELD, MetafieldQuery, NewMetafield
from orderhub.services.search_orders import OrderQuery
from orderhub.wire.contract import OpenRequest, Problem, Request, Unprocessable
from orderhub.wire.fields import parse
from orderhub.wire.statuses import State

from . import status
from .errors import NOT_EDITABLE, NotEditable
from .schema import (
    GRANT_TYPE,
    FieldsForm,
    Filters,
    MetaEdit,
    MetafieldFilters,
    NewMeta,
    OrderEdit,
    OrderFilters,
    Paging,
    Shown,
    part,
)
from .status import PaymentWord
from .usage import METER
from .values import in_utc, zone_of

_Q = TypeVar("_Q")

Names = frozenset[str] | None
"""The attributes to be shown; ``None`` for all of them."""

_LONGEST_ID: Final = len(str(MAX_ORDER_ID))


@dataclass(frozen=True, slots=True)
class Listing(Generic[_Q]):
    """A page of what fits ``query``."""

    query: _Q
    offset: int
    limit: int
    names: Names


# -- orders ----------------------------------------------------------------------------------------


def order_id(request: Request) -> int:
    """``#{id}``. Raises :class:`NotFound` for what is no id."""
    return id_in_path(request, "order")


def names(request: Request) -> Names:
    return parse(Shown, request.query).fields


def order_listing(request: Request) -> Listing[OrderQuery]:
    paging = parse(Paging, request.query)
    return Listing(order_query(request), paging.offset, paging.size, paging.fields)


def order_query(request: Request) -> OrderQuery:
    """All filters, of lists and counts alike."""
    given = parse(OrderFilters, request.query)
    return OrderQuery(
        since_id=since(given),
        ids=ids(given),
        customer_id=given.customer_id or "",
        number_contains=given.order_no or "",
        **bounds(request, given),
    )


def total(request: Request) -> Decimal:
    """``PUT /orders/#{id}``: the new price."""
    return parse(OrderEdit, part(request.body, "order")).total_amount


def require_editable(order: Order) -> None:
    """That the price may be edited: only while ``payment_status`` reads pending."""
    if status.PAYMENT_STATUS.word(State.of(order)) is not PaymentWord.PENDING:
        raise NotEditable(NOT_EDITABLE)


# -- metafields ------------------------------------------------------------------------------------


def metafield_id(request: Request) -> int:
    """``#{id}``. Raises :class:`NotFound` for what is no id."""
    return id_in_path(request, METAFIELD)


def metafield_listing(request: Request) -> Listing[MetafieldQuery]:
    paging = parse(Paging, request.query)
    return Listing(metafield_query(request), paging.offset, paging.size, paging.fields)


def metafield_query(request: Request) -> MetafieldQuery:
    given = parse(MetafieldFilters, request.query)
    return MetafieldQuery(
        since_id=since(given),
        ids=ids(given),
        name=given.name or "",
        owner_resource=given.owner_resource or "",
        owner_id=given.owner_id,
        **bounds(request, given),
    )


def new_metafield(request: Request) -> NewMetafield:
    """``POST /metas``."""
    given = parse(NewMeta, part(request.body, "meta"))
    return NewMetafield(
        name=given.name,
        owner_resource=given.owner_resource,
        owner_id=given.owner_id,
        fields=given.fields,
        description=given.description or "",
    )


Revise = Callable[[Metafield], Metafield]


def metafield_edit(request: Request) -> Revise:
    """``PUT /metas/#{id}``: what it names is replaced, what it doesn't name stays."""
    given = parse(MetaEdit, part(request.body, "meta"))
    said: dict[str, Any] = {name: getattr(given, name) for name in given.said}
    if "description" in said:
        said["description"] = said["description"] or ""
    return lambda metafield: replace(metafield, **said)


def set_fields(request: Request) -> Revise:
    """``POST /metas/#{id}/fields``: adds fields, or replaces those of the same key."""
    given = parse(FieldsForm, request.body).fields
    return lambda metafield: replace(metafield, fields={**metafield.fields, **given})


def without_fields(request: Request) -> Revise:
    """``DELETE /metas/#{id}/fields``: those whose keys ``fields`` names, in the query or the body;
    all of them when nothing is said.

    Raises :class:`Unprocessable` for what names no keys: it must not remove more than was meant.
    """
    keys = _keys_to_remove(request)
    if keys is None:
        return lambda metafield: replace(metafield, fields={})
    return lambda metafield: replace(
        metafield,
        fields={key: value for key, value in metafield.fields.items() if key not in keys},
    )


def _keys_to_remove(request: Request) -> Names:
    said: Mapping[Any, Any] = request.query
    if not said and request.body is not None:
        if not isinstance(request.body, Mapping):
            raise Unprocessable(Problem("base", "not_an_object"))
        said = request.body
    if not said:
        return None
    given = said.get("fields")
    if isinstance(given, list | Mapping) and given and all(isinstance(key, str) for key in given):
        return frozenset(given)
    keys = parse(Shown, {"fields": given}).fields
    if not keys:
        raise Unprocessable(Problem("fields", "blank"))
    return keys


# -- tokens ----------------------------------------------------------------------------------------


def client(request: OpenRequest) -> tuple[str, str]:
    """The app's key and secret, from HTTP's Basic authentication, for the one grant there is.

    Raises :class:`Unauthenticated`, and :class:`Unprocessable` for another ``grant_type``.
    """
    key, secret = _basic(request.headers.get("authorization", ""))
    METER.count(key)
    body = request.body
    if not isinstance(body, Mapping) or body.get("grant_type") != GRANT_TYPE:
        raise Unprocessable(Problem("grant_type", "not_listed"))
    return key, secret


def _basic(authorization: str) -> tuple[str, str]:
    scheme, _, encoded = authorization.partition(" ")
    # One of the vendor's own libraries writes the URL's alphabet, and no padding.
    encoded = encoded.strip().replace("-", "+").replace("_", "/").rstrip("=")
    try:
        decoded = base64.b64decode(encoded + "=" * (-len(encoded) % 4), validate=True).decode()
    except (binascii.Error, ValueError):
        decoded = ""
    key, colon, secret = decoded.partition(":")
    if scheme.lower() != "basic" or not colon:
        raise Unauthenticated("no key and secret were given")
    return key, secret


# -- what they share -------------------------------------------------------------------------------


def id_in_path(request: Request, kind: str) -> int:
    """``#{id}``. Raises :class:`NotFound` for what is no id."""
    given = request.path["id"]
    if not (given.isascii() and given.isdecimal() and len(given) <= _LONGEST_ID):
        raise NotFound(kind, given[:_LONGEST_ID])
    return int(given)


def since(given: Filters) -> int:
    """The id that all others exceed."""
    return max(0, min(given.since_id or 0, MAX_ORDER_ID))


def ids(given: Filters) -> tuple[int, ...] | None:
    """``id`` and ``ids`` combine as all filters do."""
    if given.id is None:
        return given.ids
    return (given.id,) if given.ids is None or given.id in given.ids else ()


def bounds(request: Request, given: Filters) -> dict[str, Any]:
    """The times between which what is looked for was made and last changed."""
    zone = zone_of(request.shop)

    def moment(at: datetime | None) -> datetime | None:
        return None if at is None else in_utc(at, zone)

    return {
        "created_from": moment(given.created_at_min),
        "created_until": moment(given.created_at_max),
        "updated_from": moment(given.updated_at_min),
        "updated_until": moment(given.updated_at_max),
    }
