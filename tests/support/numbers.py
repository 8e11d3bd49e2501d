"""What the index of order numbers promises, to be inherited by a test class that has ``client``,
``table_name`` and ``shop`` fixtures over a table of the template's shape."""

import zlib
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from itertools import chain
from typing import Any, Final

import pytest

from orderhub.adapters.dynamodb import keys
from orderhub.adapters.dynamodb.numbers import DynamoNumberIndex
from orderhub.domain.identity import default_number, order_id
from orderhub.ports import (
    IdTaken,
    LateOrder,
    NumberedOrder,
    NumberManifest,
    NumberSegment,
    SegmentGone,
)
from tests.support.fakes import NOON

FIRST: Final = order_id(NOON, 0)
PIECE: Final = NumberSegment(name="1", count=3700, first_id=FIRST, last_id=FIRST + 25893, gram=2)
ORDERS: Final[Sequence[NumberedOrder]] = [
    (FIRST + 7 * n, f"NO-{n}-é" if n % 3 else default_number(FIRST + 7 * n)) for n in range(3700)
]
POSTINGS: Final[Sequence[tuple[bytes, Sequence[int]]]] = [
    *((bytes([33 + n // 90, 33 + n % 90]), range(n, 1300, 1 + n % 7)) for n in range(0, 540, 20)),
    (b"AB", range(9_000)),
    (b"AC", [0, 599]),
    ("é".encode(), [5]),
]


class NumberIndexContract:
    @pytest.fixture
    def numbers(self, client: Any, table_name: str) -> DynamoNumberIndex:
        return DynamoNumberIndex(client, table_name)

    @pytest.fixture
    def segment(self, numbers: DynamoNumberIndex, shop: str) -> NumberSegment:
        numbers.write(shop, PIECE.name, ORDERS, POSTINGS)
        return PIECE

    def test_a_manifest_is_what_was_put_last(self, numbers: DynamoNumberIndex, shop: str) -> None:
        first = numbers.manifest(shop)
        assert first == NumberManifest()
        second = NumberManifest(
            frontier_id=FIRST,
            segments=(PIECE,),
            building="2",
            retired=("0",),
            taken_up=(FIRST,),
            held_until=NOON,
        )
        assert numbers.replace(shop, first, second)
        assert numbers.manifest(shop) == replace(second, version=1)
        assert not numbers.replace(shop, first, NumberManifest())
        assert numbers.replace(shop, numbers.manifest(shop), NumberManifest())
        assert not numbers.replace(shop, replace(second, version=1), second)
        assert numbers.manifest(shop) == NumberManifest(version=2)

    def test_a_manifest_from_before_there_were_holds_is_read(
        self, numbers: DynamoNumberIndex, shop: str, client: Any, table_name: str
    ) -> None:
        content = b'{"version":3,"frontier_id":7,"building":"4"}'
        item = {
            "pk": {"S": keys.numbers(shop)},
            "sk": {"S": keys.MANIFEST},
            "version": {"N": "3"},
            "content": {"B": zlib.compress(content)},
        }
        client.put_item(TableName=table_name, Item=item)
        found = numbers.manifest(shop)
        assert found == NumberManifest(version=3, frontier_id=7, building="4")
        assert numbers.replace(shop, found, replace(found, held_until=NOON))
        assert numbers.manifest(shop) == replace(found, version=4, held_until=NOON)

    def test_late_orders_stay_noted_until_they_are_forgotten(
        self, numbers: DynamoNumberIndex, shop: str
    ) -> None:
        assert numbers.late(shop) == []
        one = LateOrder(FIRST, "a#é", NOON)
        other = LateOrder(FIRST - 1, "", NOON)
        anew = replace(one, noted_at=NOON + timedelta(seconds=1))
        for late in (one, other, anew):
            numbers.note_late(shop, late)
        assert numbers.late(shop) == [other, anew]
        numbers.forget_late(shop, one)
        numbers.forget_late(shop, other)
        assert numbers.late(shop) == [anew]

    def test_orders_of_a_segment_are_found_by_position(
        self, numbers: DynamoNumberIndex, shop: str, segment: NumberSegment
    ) -> None:
        assert numbers.all_orders(shop, segment) == ORDERS
        positions = [0, 511, 512, 1, 1299, 511, 3699]
        assert numbers.orders(shop, segment, positions) == [ORDERS[at] for at in positions]
        assert numbers.orders(shop, segment, [3600, 0]) == [ORDERS[3600], ORDERS[0]]
        assert numbers.orders(shop, segment, []) == []

    def test_postings_are_found_by_what_their_grams_begin_with(
        self, numbers: DynamoNumberIndex, shop: str, segment: NumberSegment
    ) -> None:
        prefixes = {b"", b"A", b"AB", b"AC", b"AD", b"\xc3", "é".encode(), b"~~", b"!!", b" "}
        for prefix in prefixes | {gram for gram, _ in POSTINGS}:
            found = list(chain.from_iterable(numbers.postings(shop, segment, prefix)))
            wanted = [list(at) for gram, at in POSTINGS if gram.startswith(prefix)]
            assert found == list(chain.from_iterable(wanted)), prefix

    def test_segments_whose_names_begin_alike_are_apart(
        self, numbers: DynamoNumberIndex, shop: str, segment: NumberSegment
    ) -> None:
        longer = replace(segment, name="11")
        numbers.write(shop, longer.name, ORDERS[:1], [(b"AB", [0])])
        numbers.remove(shop, segment.name)
        assert list(numbers.postings(shop, longer, b"A")) == [[0]]
        assert numbers.orders(shop, longer, [0]) == ORDERS[:1]

    def test_an_id_that_is_noted_for_one_order_is_nobody_elses(
        self, numbers: DynamoNumberIndex, shop: str
    ) -> None:
        first = LateOrder(7, "AAA", NOON)
        numbers.note_late(shop, first)
        with pytest.raises(IdTaken):
            numbers.note_late(shop, LateOrder(7, "BBB", NOON))
        again = LateOrder(7, "AAA", NOON + timedelta(minutes=1))
        numbers.note_late(shop, again)
        assert numbers.late(shop) == [again]

    def test_a_segment_that_is_removed_is_gone(
        self, numbers: DynamoNumberIndex, shop: str, segment: NumberSegment
    ) -> None:
        for _ in range(2):
            numbers.remove(shop, segment.name)
        with pytest.raises(SegmentGone):
            numbers.all_orders(shop, segment)
        with pytest.raises(SegmentGone):
            numbers.orders(shop, segment, [3])
        with pytest.raises(SegmentGone):
            list(numbers.postings(shop, segment, b"AB"))

    def test_no_page_can_be_missing_unnoticed(
        self,
        numbers: DynamoNumberIndex,
        shop: str,
        segment: NumberSegment,
        client: Any,
        table_name: str,
    ) -> None:
        pk = {"S": keys.numbers(shop)}
        answer = client.query(
            TableName=table_name,
            KeyConditionExpression="pk = :pk AND begins_with(sk, :grams)",
            ExpressionAttributeValues={":pk": pk, ":grams": {"S": "SEGMENT#1#GRAMS#"}},
        )
        pages = answer["Items"]
        assert len(pages) > 3
        for page in pages:
            client.delete_item(TableName=table_name, Key={"pk": pk, "sk": page["sk"]})
            with pytest.raises(SegmentGone):
                list(numbers.postings(shop, segment, b""))
            client.put_item(TableName=table_name, Item=page)
        assert len(list(numbers.postings(shop, segment, b""))) >= len(POSTINGS)

    def test_pages_cost_little_to_read(
        self,
        numbers: DynamoNumberIndex,
        shop: str,
        segment: NumberSegment,
        client: Any,
        table_name: str,
    ) -> None:
        """At most a read unit or so, so that it is half of one without consistency."""
        answer = client.query(
            TableName=table_name,
            KeyConditionExpression="pk = :pk",
            ExpressionAttributeValues={":pk": {"S": keys.numbers(shop)}},
        )
        assert max(len(item["content"]["B"]) for item in answer["Items"]) < 5_000
