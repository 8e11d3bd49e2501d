"""The index of order numbers by their parts, in the single table.

A segment is pages of its orders and pages of postings, about 4 KB each, which never change: a
search reads one page for most of what it looks up. Pages of postings form a chain, since each says
where the next one begins. So a reader notices a page that the table doesn't show yet, or that was
removed, and may read without asking for consistency.
"""

import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from itertools import accumulate
from operator import sub
from typing import Any, Final

import msgspec
from botocore.exceptions import ClientError

from orderhub.domain.dataclass import dataclass
from orderhub.domain.identity import default_number
from orderhub.ports import (
    IdTaken,
    LateOrder,
    NumberedOrder,
    NumberManifest,
    NumberSegment,
    SegmentGone,
)

from . import keys
from .client import DynamoDBClient, batch_delete, batch_get, batch_put, query, translated
from .codec import decode, encode

_ORDERS_PAGE: Final = 512
_SPARSE: Final = 3
"""Among so many pages one that is wanted is read alone: alone, it counts as 4 KB."""
_POSTINGS_PAGE: Final = 2_400
"""Positions, and four for each gram: about 4 KB once compressed."""
_GRAM_WEIGHT: Final = 4

_Grams = list[tuple[bytes, list[int]]]
_grams: Final = msgspec.msgpack.Decoder(_Grams)
_orders: Final = msgspec.msgpack.Decoder(tuple[list[int], dict[int, str]])


@dataclass(frozen=True, slots=True)
class _Page:
    """Some grams and their positions; ``until`` is the key of the page that follows, or empty."""

    sk: str
    until: str
    grams: _Grams

    def item(self, shop_id: str) -> dict[str, Any]:
        item = _item(shop_id, self.sk, self.grams)
        item["until"] = {"S": self.until}
        return item


class DynamoNumberIndex:
    """:class:`orderhub.ports.NumberIndex` over one table."""

    def __init__(self, client: DynamoDBClient, table: str) -> None:
        self._client = client
        self._table = table

    # -- the manifest --------------------------------------------------------------------------

    def manifest(self, shop_id: str) -> NumberManifest:
        with translated():
            answer = self._client.get_item(
                TableName=self._table, Key=_key(shop_id, keys.MANIFEST), ConsistentRead=True
            )
        item = answer.get("Item")
        return decode(_unpacked(item), NumberManifest) if item else NumberManifest()

    def replace(self, shop_id: str, read: NumberManifest, new: NumberManifest) -> bool:
        kept = replace(new, version=read.version + 1)
        put: dict[str, Any] = {"ConditionExpression": "attribute_not_exists(pk)"}
        if read.version:
            put["ConditionExpression"] = "version = :read"
            put["ExpressionAttributeValues"] = {":read": {"N": str(read.version)}}
        item = {
            **_key(shop_id, keys.MANIFEST),
            "version": {"N": str(kept.version)},
            "content": {"B": zlib.compress(encode(kept))},
        }
        return self._if_still_so(self._client.put_item, Item=item, **put)

    # -- orders of the past --------------------------------------------------------------------

    def note_late(self, shop_id: str, late: LateOrder) -> None:
        item = {
            **_key(shop_id, keys.late_order(late.id)),
            "order_id": {"N": str(late.id)},
            "number": {"S": late.number},
            "noted_at": {"S": late.noted_at.isoformat()},
        }
        try:
            with translated():
                self._client.put_item(
                    TableName=self._table,
                    Item=item,
                    # Another order may be about to be made with this id.
                    ConditionExpression="attribute_not_exists(pk) OR #number = :number",
                    ExpressionAttributeNames={"#number": "number"},
                    ExpressionAttributeValues={":number": item["number"]},
                )
        except ClientError as error:
            if error.response["Error"]["Code"] == "ConditionalCheckFailedException":
                raise IdTaken from error
            raise

    def late(self, shop_id: str) -> Sequence[LateOrder]:
        found = query(self._client, self._table, keys.numbers(shop_id), keys.LATE_PREFIX)
        return [
            LateOrder(
                int(item["order_id"]["N"]),
                item["number"]["S"],
                datetime.fromisoformat(item["noted_at"]["S"]),
            )
            for item in found
        ]

    def forget_late(self, shop_id: str, late: LateOrder) -> None:
        self._if_still_so(
            self._client.delete_item,
            Key=_key(shop_id, keys.late_order(late.id)),
            ConditionExpression="noted_at = :then",
            ExpressionAttributeValues={":then": {"S": late.noted_at.isoformat()}},
        )

    def _if_still_so(self, write: Any, **asked: Any) -> bool:
        """Whether the condition of a write held."""
        try:
            with translated():
                write(TableName=self._table, **asked)
        except ClientError as error:
            if error.response["Error"]["Code"] == "ConditionalCheckFailedException":
                return False
            raise
        return True

    # -- writing a segment ---------------------------------------------------------------------

    def write(
        self,
        shop_id: str,
        name: str,
        orders: Sequence[NumberedOrder],
        postings: Iterable[tuple[bytes, Sequence[int]]],
    ) -> None:
        batch_put(self._client, self._table, _order_pages(shop_id, name, orders))
        pages = (page.item(shop_id) for page in _pages(name, postings))
        batch_put(self._client, self._table, pages)

    def remove(self, shop_id: str, name: str) -> None:
        pages = query(self._client, self._table, keys.numbers(shop_id), keys.number_segment(name))
        batch_delete(self._client, self._table, pages)

    # -- reading a segment ---------------------------------------------------------------------

    def orders(
        self, shop_id: str, segment: NumberSegment, positions: Sequence[int]
    ) -> Sequence[NumberedOrder]:
        wanted = sorted({position // _ORDERS_PAGE for position in positions})
        pages: dict[int, Sequence[NumberedOrder]] = {}
        for consistent in (False, True):
            if missing := [page for page in wanted if page not in pages]:
                found = self._order_pages(shop_id, segment.name, missing, consistent=consistent)
                pages.update(found)
        if len(pages) < len(wanted):
            raise SegmentGone(segment.name)
        return [pages[position // _ORDERS_PAGE][position % _ORDERS_PAGE] for position in positions]

    def _order_pages(
        self, shop_id: str, name: str, wanted: Sequence[int], *, consistent: bool
    ) -> Iterator[tuple[int, Sequence[NumberedOrder]]]:
        """Those of the pages ``wanted``, by number, that there are."""
        numbers = {keys.segment_orders(name, page): page for page in wanted}
        first, last = min(numbers), max(numbers)
        found: Iterable[dict[str, Any]]
        if wanted[-1] - wanted[0] < _SPARSE * len(wanted):
            found = self._items(shop_id, first, last, consistent=consistent)
        else:
            asked = [(keys.numbers(shop_id), sk) for sk in numbers]
            found = batch_get(self._client, self._table, asked, consistent=consistent)
        for item in found:
            page = numbers.get(item["sk"]["S"])
            if page is not None:
                yield page, _unpacked_orders(item)

    def all_orders(self, shop_id: str, segment: NumberSegment) -> Sequence[NumberedOrder]:
        first = keys.segment_orders(segment.name, 0)
        last = keys.segment_orders(segment.name, segment.count // _ORDERS_PAGE)
        for consistent in (False, True):
            pages = self._items(shop_id, first, last, consistent=consistent)
            found = [order for item in pages for order in _unpacked_orders(item)]
            if len(found) == segment.count:
                return found
        raise SegmentGone(segment.name)

    def postings(
        self, shop_id: str, segment: NumberSegment, prefix: bytes
    ) -> Iterator[Sequence[int]]:
        for page in self._pages_with(shop_id, segment.name, prefix):
            for gram, steps in page.grams:
                if gram.startswith(prefix):
                    yield list(accumulate(steps))

    def _pages_with(self, shop_id: str, name: str, prefix: bytes) -> Iterator[_Page]:
        """All pages that may have grams that begin with ``prefix``."""
        begin, end = keys.segment_grams(name, prefix, 0), keys.segment_grams_end(name, prefix)
        page = self._page_before(shop_id, name, begin)
        yield page
        until, consistent = page.until, False
        while until and until < end:
            reached = until
            for page in self._between(shop_id, until, end, consistent=consistent):
                if page.sk != until:
                    break
                yield page
                until = page.until
            if reached == until and consistent:
                raise SegmentGone(name)
            consistent = reached == until

    def _page_before(self, shop_id: str, name: str, sk: str) -> _Page:
        """The page that has what would stand at ``sk``."""
        first = keys.segment_grams(name, b"", 0)
        for consistent in (False, True):
            found = self._between(shop_id, first, sk, consistent=consistent, newest=True)
            page = next(found, None)
            if page and (not page.until or sk < page.until):
                return page
        raise SegmentGone(name)

    def _between(
        self, shop_id: str, first: str, last: str, *, consistent: bool, newest: bool = False
    ) -> Iterator[_Page]:
        """The pages of postings with these sort keys, or the last of them alone."""
        asked: dict[str, Any] = {"ScanIndexForward": False, "Limit": 1} if newest else {}
        for item in self._items(shop_id, first, last, consistent=consistent, **asked):
            yield _Page(item["sk"]["S"], item["until"]["S"], _grams.decode(_unpacked(item)))

    def _items(
        self, shop_id: str, first: str, last: str, *, consistent: bool, **asked: Any
    ) -> Iterator[dict[str, Any]]:
        """Those with these sort keys, or as many as ``Limit`` says."""
        while True:
            with translated():
                answer = self._client.query(
                    TableName=self._table,
                    KeyConditionExpression="pk = :numbers AND sk BETWEEN :first AND :last",
                    ExpressionAttributeValues={
                        ":numbers": {"S": keys.numbers(shop_id)},
                        ":first": {"S": first},
                        ":last": {"S": last},
                    },
                    ConsistentRead=consistent,
                    **asked,
                )
            yield from answer["Items"]
            if "Limit" in asked or "LastEvaluatedKey" not in answer:
                return
            asked["ExclusiveStartKey"] = answer["LastEvaluatedKey"]


# -- items -----------------------------------------------------------------------------------------


def _key(shop_id: str, sk: str) -> dict[str, Any]:
    return {"pk": {"S": keys.numbers(shop_id)}, "sk": {"S": sk}}


def _item(shop_id: str, sk: str, content: object) -> dict[str, Any]:
    return {**_key(shop_id, sk), "content": {"B": zlib.compress(msgspec.msgpack.encode(content))}}


def _unpacked(item: Mapping[str, Any]) -> bytes:
    return zlib.decompress(item["content"]["B"])


def _order_pages(
    shop_id: str, name: str, orders: Sequence[NumberedOrder]
) -> Iterator[dict[str, Any]]:
    for number, at in enumerate(range(0, len(orders), _ORDERS_PAGE)):
        packed = _packed_orders(orders[at : at + _ORDERS_PAGE])
        yield _item(shop_id, keys.segment_orders(name, number), packed)


def _packed_orders(orders: Sequence[NumberedOrder]) -> object:
    """Their ids, and the numbers that don't follow from these, by position."""
    own = {
        position: number
        for position, (order_id, number) in enumerate(orders)
        if number != default_number(order_id)
    }
    return _steps([order_id for order_id, _ in orders]), own


def _unpacked_orders(item: Mapping[str, Any]) -> Sequence[NumberedOrder]:
    steps, own = _orders.decode(_unpacked(item))
    return [
        (order_id, own.get(position) or default_number(order_id))
        for position, order_id in enumerate(accumulate(steps))
    ]


def _steps(rising: Sequence[int]) -> list[int]:
    """The first of these, and by how much each exceeds the one before it: small numbers."""
    return [*rising[:1], *map(sub, rising[1:], rising)]


def _pages(name: str, postings: Iterable[tuple[bytes, Sequence[int]]]) -> Iterator[_Page]:
    """A chain of pages. The first one's key comes before every gram's."""
    sk, weight = keys.segment_grams(name, b"", 0), 0
    grams: _Grams = []
    for gram, positions in postings:
        for at in range(0, len(positions), _POSTINGS_PAGE):
            piece = positions[at : at + _POSTINGS_PAGE]
            if grams and weight + len(piece) > _POSTINGS_PAGE:
                until = keys.segment_grams(name, gram, piece[0] if at else 0)
                yield _Page(sk, until, grams)
                sk, grams, weight = until, [], 0
            grams.append((gram, _steps(piece)))
            weight += len(piece) + _GRAM_WEIGHT
    yield _Page(sk, "", grams)
