"""Domain objects as items of the table, and back."""

import math
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, Final

from orderhub.domain.details import Actor, Reference
from orderhub.domain.errors import Reason, Refused
from orderhub.domain.events import EVENT_TYPES, Event, Recorded
from orderhub.domain.lines import Line
from orderhub.domain.order import Order
from orderhub.ports import OrderKey, OrderSummary

from . import keys
from .codec import convert, decode, encode, lean

Item = dict[str, Any]

INLINE_LINES: Final = 50
"""Up to so many lines stand in the header; a longer order's lines stand in chunks of their own."""
CHUNK_LINES: Final = 200

_ORDERS_PER_HINT: Final = 64
"""One order in so many, by chance, has the milestones laid (``services/rank_orders.py``)."""

_LARGEST_BODY: Final = 380_000
_COMPRESS_FROM: Final = 4_096


def _body(text: bytes) -> Item:
    """The attribute that holds a JSON text: plain to read in the console while it is small."""
    if len(text) < _COMPRESS_FROM:
        return {"body": {"S": text.decode()}}
    packed = zlib.compress(text)
    if len(packed) > _LARGEST_BODY:
        raise Refused(Reason.ORDER_TOO_LARGE)
    return {"packed": {"B": packed}}


def body_of(item: Mapping[str, Any]) -> str | bytes:
    """The JSON text of an item as the client or the stream gives it."""
    if "body" in item:
        text: str = item["body"]["S"]
        return text
    return zlib.decompress(item["packed"]["B"])


# -- orders --------------------------------------------------------------------------------------


def chunks(lines: Sequence[Line]) -> dict[str, Sequence[Line]]:
    """Sort key → lines, for the lines that don't stand in the header."""
    if len(lines) <= INLINE_LINES:
        return {}
    return {
        keys.lines_chunk(start // CHUNK_LINES): lines[start : start + CHUNK_LINES]
        for start in range(0, len(lines), CHUNK_LINES)
    }


def header(order: Order, due_shards: int) -> Item:
    inline = len(order.lines) <= INLINE_LINES
    item = {
        "pk": {"S": keys.order(order.shop_id, order.id)},
        "sk": {"S": keys.ORDER_HEADER},
        "version": {"N": str(order.version)},
        "line_count": {"N": str(len(order.lines))},
        "listing_pk": {"S": keys.shop(order.shop_id)},
        "listing_sk": {"N": str(order.id)},
        "listing": {"S": encode(OrderSummary.of(order)).decode()},
        "seller_pk": {"S": keys.seller(order.shop_id, order.seller_id)},
        "desk_pk": {"S": keys.desk(order.shop_id, is_filed=order.is_filed, status=order.status)},
        **_body(encode(order if inline else replace(order, lines=()))),
    }
    if order.customer_number is not None:
        item["customer_pk"] = {"S": keys.customer(order.shop_id, order.customer_number)}
    buying_shop_id = order.buying_shop_id
    if 0 < len(buying_shop_id.encode()) <= keys.LONGEST_SHOP_ID:
        item["buyer_pk"] = {"S": keys.bought_by(buying_shop_id)}
    if order.id % _ORDERS_PER_HINT == 0:
        item[keys.MILESTONE_HINT] = {"BOOL": True}
    deadlines = order.deadlines
    if deadlines:
        key = OrderKey(order.shop_id, order.id)
        partition = keys.due_partition(deadlines[0].kind, order.id % due_shards)
        item["due_pk"] = {"S": partition}
        item["due_sk"] = {"S": keys.due_sort(deadlines[0], key)}
    return item


def lines_chunk(order: Order, sk: str, lines: Sequence[Line]) -> Item:
    pk = keys.order(order.shop_id, order.id)
    return {"pk": {"S": pk}, "sk": {"S": sk}, **_body(encode(tuple(lines)))}


class TornRead(Exception):
    """A long order was read while it was being written: header and chunks don't fit together."""


def order(items: Sequence[Mapping[str, Any]]) -> Order | None:
    """The order whose header and chunks were read, in the order of their sort keys."""
    if not items:
        return None
    head, *rest = items
    if head["sk"]["S"] != keys.ORDER_HEADER:
        raise TornRead
    found = decode(body_of(head), Order)
    if rest:
        lines = tuple(line for item in rest for line in decode(body_of(item), tuple[Line, ...]))
        found = replace(found, lines=lines)
    if len(found.lines) != int(head["line_count"]["N"]):
        raise TornRead
    return found


def summary(item: Mapping[str, Any]) -> OrderSummary:
    return decode(item["listing"]["S"], OrderSummary)


# -- events --------------------------------------------------------------------------------------


def event(order: Order, recorded: Recorded, *, is_last: bool = False) -> Item:
    """``is_last`` of its change: that one alone stands in the index of changes."""
    content = {"actor": lean(recorded.actor), "data": lean(recorded.event)}
    item = {
        "pk": {"S": keys.order(order.shop_id, order.id)},
        "sk": {"S": keys.event(recorded.sequence)},
        "type": {"S": recorded.event.TYPE},
        "at": {"S": keys.timestamp(recorded.at)},
        **_body(encode(content)),
    }
    if recorded.continues:
        item["continues"] = {"BOOL": True}
    if is_last:
        item["change_pk"] = {"S": keys.shop(order.shop_id)}
        item["change_sk"] = item["at"]
    return item


def recorded(item: Mapping[str, Any]) -> Recorded:
    content = decode(body_of(item), dict[str, Any])
    happened: Event = convert(content["data"], EVENT_TYPES[item["type"]["S"]])
    return Recorded(
        sequence=keys.event_sequence(item["sk"]["S"]),
        at=convert(item["at"]["S"], datetime),
        actor=convert(content["actor"], Actor),
        event=happened,
        continues="continues" in item,
    )


# -- shops, credentials, products, carts ---------------------------------------------------------


def body(value: object) -> Item:
    """The attribute that holds any domain object."""
    return _body(encode(value))


def document(pk: str, sk: str, value: object) -> Item:
    """Any domain object that needs no attributes of its own beside its keys."""
    return {"pk": {"S": pk}, "sk": {"S": sk}, **body(value)}


def reference(shop_id: str, named: Reference, order_id: int, now: datetime) -> Item:
    item = {
        "pk": {"S": keys.reference(shop_id, named.kind, named.value)},
        "sk": {"S": keys.scope(named.scope)},
        "order_id": {"N": str(order_id)},
    }
    if named.lifetime is not None:
        expires_at = now + timedelta(seconds=named.lifetime)
        item[keys.EXPIRES_AT] = {"N": str(math.ceil(expires_at.timestamp()))}
    return item


def leads_to(item: Mapping[str, Any]) -> int | None:
    """The id of the order that a reference leads to, ``None`` where it is damaged and doesn't say.

    The order itself need not exist.
    """
    try:
        return int(item["order_id"]["N"])
    except (KeyError, ValueError):
        return None


def has_expired(item: Mapping[str, Any], now: datetime) -> bool:
    """Whether an item is past its time, deleted or not."""
    expires_at = item.get(keys.EXPIRES_AT)
    return expires_at is not None and int(expires_at["N"]) <= now.timestamp()
