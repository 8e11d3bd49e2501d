"""Domain objects as items of the table, and back."""

import math
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, Final

from orderhub.domain.dataclass import dataclass
from orderhub.domain.details import Actor, Reference
from orderhub.domain.errors import Reason, Refused
from orderhub.domain.events import EVENT_TYPES, Recorded
from orderhub.domain.identity import created_at, default_number
from orderhub.domain.lines import Line
from orderhub.domain.order import Order
from orderhub.ports import OrderKey, OrderSummary

from . import keys
from .codec import convert, decode, encode
from .vocabulary import VOCABULARY

Item = dict[str, Any]

INLINE_LINES: Final = 50
"""Up to so many lines stand in the header; a longer order's lines stand in chunks of their own."""
CHUNK_LINES: Final = 200

ORDERS_PER_HINT: Final = 64
"""One order in so many, by chance, has the milestones laid (``services/rank_orders.py``)."""

_LARGEST_BODY: Final = 380_000
_COMPRESS_FROM: Final = 4_096


def _body(text: bytes) -> Item:
    """The attribute that holds a JSON text: plain to read in the console while it is small."""
    if len(text) < _COMPRESS_FROM:
        return {"body": {"S": text.decode()}}
    return _packed(zlib.compress(text))


def _terse(text: bytes) -> Item:
    """The attribute that holds a JSON text of which there are millions."""
    packer = zlib.compressobj(zdict=VOCABULARY)
    return _packed(packer.compress(text) + packer.flush())


def _packed(content: bytes) -> Item:
    if len(content) > _LARGEST_BODY:
        raise Refused(Reason.ORDER_TOO_LARGE)
    return {"packed": {"B": content}}


def body_of(item: Mapping[str, Any]) -> str | bytes:
    """The JSON text of an item as the client gives it. Raises ``zlib.error`` for one that is
    damaged, and ``KeyError`` for one that has none."""
    if "body" in item:
        text: str = item["body"]["S"]
        return text
    # Texts that were packed without the vocabulary don't ask for it.
    unpacker = zlib.decompressobj(zdict=VOCABULARY)
    content = unpacker.decompress(item["packed"]["B"])
    if not unpacker.eof:
        raise zlib.error("the packed text is cut off")
    return content


# -- orders --------------------------------------------------------------------------------------


def chunks(lines: Sequence[Line]) -> dict[str, Sequence[Line]]:
    """Sort key → lines, for the lines that don't stand in the header."""
    if len(lines) <= INLINE_LINES:
        return {}
    return {
        keys.lines_chunk(start // CHUNK_LINES): lines[start : start + CHUNK_LINES]
        for start in range(0, len(lines), CHUNK_LINES)
    }


@dataclass(frozen=True, slots=True, kw_only=True)
class _Listing:
    """What the index of orders by time shows beside the id; ``number`` where it doesn't follow
    from that. Stored ones may say more, which nobody reads."""

    number: str = ""
    customer_number: int | None = None

    @classmethod
    def of(cls, order: Order) -> "_Listing":
        number = "" if order.number == default_number(order.id) else order.number
        return cls(number=number, customer_number=order.customer_number)


def header(order: Order, due_shards: int) -> Item:
    inline = len(order.lines) <= INLINE_LINES
    item = {
        "pk": {"S": keys.order(order.shop_id, order.id)},
        "sk": {"S": keys.ORDER_HEADER},
        "version": {"N": str(order.version)},
        "line_count": {"N": str(len(order.lines))},
        "listing_pk": {"S": keys.shop(order.shop_id)},
        "listing_sk": {"N": str(order.id)},
        "listing": {"S": encode(_Listing.of(order)).decode()},
        "seller_pk": {"S": keys.seller(order.shop_id, order.seller_id)},
        "desk_pk": {"S": keys.desk(order.shop_id, is_filed=order.is_filed, status=order.status)},
        **_terse(encode(order if inline else replace(order, lines=()))),
    }
    if order.customer_number is not None:
        item["customer_pk"] = {"S": keys.customer(order.shop_id, order.customer_number)}
    buying_shop_id = order.buying_shop_id
    if 0 < len(buying_shop_id.encode()) <= keys.LONGEST_SHOP_ID:
        item["buyer_pk"] = {"S": keys.bought_by(buying_shop_id)}
    if order.id % ORDERS_PER_HINT == 0:
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
    return {"pk": {"S": pk}, "sk": {"S": sk}, **_terse(encode(tuple(lines)))}


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
    order_id = int(item["listing_sk"]["N"])
    shown = decode(item["listing"]["S"], _Listing)
    return OrderSummary(
        id=order_id,
        number=shown.number or default_number(order_id),
        customer_number=shown.customer_number,
    )


# -- events --------------------------------------------------------------------------------------


def events(
    order: Order, recorded: Sequence[Recorded], *, is_quiet: bool = False, cause: str = ""
) -> list[Item]:
    """The events of one change: one item for them all, or for each where that would be too large.

    The last of its change stands in the index of changes, unless the order was only made then,
    which its id tells. The stream's publisher passes over those of a change that ``is_quiet``.
    ``cause`` is the correlation id of what the change follows from, if anybody knows.
    Raises :class:`Refused` for an event that is too large by itself.
    """
    try:
        items = [_events(order, recorded)]
    except Refused:
        if len(recorded) == 1:
            raise
        items = [_events(order, [entry]) for entry in recorded]
    if stands_in_changes(order.id, recorded[-1].at):
        items[-1] |= {
            "change_pk": {"S": keys.shop(order.shop_id)},
            "change_sk": {"S": keys.timestamp(recorded[-1].at)},
        }
    if is_quiet:
        for item in items:
            item[keys.QUIET] = {"BOOL": True}
    if cause:
        for item in items:
            item[keys.CAUSE] = {"S": cause}
    return items


def stands_in_changes(order_id: int, at: datetime) -> bool:
    """Whether a change at that time is found by the index of changes, not by the order's id."""
    return keys.timestamp(at) > keys.timestamp(created_at(order_id))


def _events(order: Order, recorded: Sequence[Recorded]) -> Item:
    first = recorded[0]
    item = {
        "pk": {"S": keys.order(order.shop_id, order.id)},
        "sk": {"S": keys.event(first.sequence)},
        # For people who look at the table; the text repeats none of it.
        "types": {"S": " ".join(entry.event.TYPE for entry in recorded)},
        **_terse(encode(list(_told(recorded)))),
    }
    if first.continues:
        item["continues"] = {"BOOL": True}
    return item


def _told(recorded: Sequence[Recorded]) -> Iterator[dict[str, object]]:
    """What the text says of events, of each what differs from the one before it."""
    before: Recorded | None = None
    for entry in recorded:
        told: dict[str, object] = {"data": entry.event}
        if before is None or entry.at != before.at:
            told["at"] = entry.at
        if before is None or entry.actor != before.actor:
            told["actor"] = entry.actor
        yield told
        before = entry


def happened(item: Mapping[str, Any]) -> list[dict[str, Any]]:
    """What an ``EVENT#`` item says of each of its events, as builtins: ``sequence``, ``type``,
    ``at``, ``actor`` and ``data``. Raises whatever a damaged one leads to."""
    sequence = keys.event_sequence(item["sk"]["S"])
    if "type" in item:  # as they were written once: one alone
        content = decode(body_of(item), dict[str, Any])
        known = {"sequence": sequence, "type": item["type"]["S"], "at": item["at"]["S"]}
        return [{**known, **content}]
    entries = decode(body_of(item), list[dict[str, Any]])
    found: list[dict[str, Any]] = []
    for kind, entry in zip(item["types"]["S"].split(" "), entries, strict=True):
        before = found[-1] if found else {}
        told = {"sequence": sequence + len(found), "type": kind}
        for name in ("at", "actor"):
            told[name] = entry[name] if name in entry else before[name]
        found.append({**told, "data": entry["data"]})
    return found


def cause(item: Mapping[str, Any]) -> str:
    """What the events of an ``EVENT#`` item follow from; empty where it doesn't say."""
    found: str = item.get(keys.CAUSE, {}).get("S", "")
    return found


def event_count(item: Mapping[str, Any]) -> int:
    """How many events an ``EVENT#`` item holds, as far as one that is damaged says so."""
    try:
        return len(item["types"]["S"].split(" "))
    except (KeyError, AttributeError):
        return 1


def recorded(item: Mapping[str, Any]) -> list[Recorded]:
    """The events in an ``EVENT#`` item. Raises whatever a damaged one leads to."""
    return [
        Recorded(
            sequence=told["sequence"],
            at=convert(told["at"], datetime),
            actor=convert(told["actor"], Actor),
            event=convert(told["data"], EVENT_TYPES[told["type"]]),
            continues=place > 0 or "continues" in item,
        )
        for place, told in enumerate(happened(item))
    ]


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
