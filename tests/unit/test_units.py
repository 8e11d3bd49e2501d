"""What DynamoDB bills: AWS's published rules, item by item and call by call."""

from typing import Any

import pytest

from benchmarks.metering import in_words, metered
from benchmarks.units import (
    Index,
    index_units,
    indexes,
    item_size,
    read_units,
    write_units,
)

SMALL = {"pk": {"S": "p"}, "sk": {"S": "s"}}
BY_DAY = Index("by-day", keys=("day", "at"), table_keys=("pk", "sk"), projected=("what",))
ENTRY = {**SMALL, "day": {"S": "1"}, "at": {"N": "5"}, "what": {"S": "a"}}


@pytest.mark.parametrize(
    ("value", "size"),
    [
        ({"S": "梅"}, 3),
        ({"N": "0"}, 1),
        ({"N": "7"}, 2),
        ({"N": "-12.30"}, 4),
        ({"N": "3476112059736063"}, 9),
        ({"B": b"abc"}, 3),
        ({"B": "YWJj"}, 3),
        ({"B": "YWI="}, 2),
        ({"BOOL": True}, 1),
        ({"NULL": True}, 1),
        ({"SS": ["ab", "c"]}, 3),
        ({"L": [{"S": "ab"}, {"BOOL": False}]}, 3 + 1 + 2 + 1 + 1),
        ({"M": {"key": {"S": "ab"}}}, 3 + 1 + 3 + 2),
    ],
)
def test_an_attribute_weighs_its_name_and_its_value(value: dict[str, Any], size: int) -> None:
    assert item_size({"ab": value}) == 2 + size


def test_a_type_that_nobody_has_is_refused() -> None:
    with pytest.raises(ValueError, match="X"):
        item_size({"a": {"X": 1}})


def test_reads_are_billed_by_4_kb_and_at_half_when_they_may_be_behind() -> None:
    assert read_units(0, consistent=True) == 1
    assert read_units(4096, consistent=True) == 1
    assert read_units(4097, consistent=True) == 2
    assert read_units(4097, consistent=False) == 1
    assert read_units(0, consistent=False) == 0.5


def test_writes_are_billed_by_the_larger_of_what_was_there_and_what_is() -> None:
    large = {**SMALL, "a": {"S": "x" * 1024}}
    assert write_units(None, SMALL) == 1
    assert write_units(SMALL, large) == write_units(large, SMALL) == write_units(large, None) == 2


@pytest.mark.parametrize(
    ("before", "after", "units"),
    [
        (None, SMALL, 0),
        (None, ENTRY, 1),
        (ENTRY, None, 1),
        (ENTRY, SMALL, 1),
        (ENTRY, ENTRY, 0),
        (ENTRY, {**ENTRY, "elsewhere": {"S": "new"}}, 0),
        (ENTRY, {**ENTRY, "what": {"S": "b"}}, 1),
        (ENTRY, {**ENTRY, "at": {"N": "6"}}, 2),
        (None, {**ENTRY, "what": {"S": "x" * 1024}}, 2),
    ],
)
def test_an_index_is_billed_for_what_changes_of_its_entries(
    before: dict[str, Any] | None, after: dict[str, Any] | None, units: int
) -> None:
    assert index_units(before, after, [BY_DAY]) == units


def test_indexes_are_what_the_table_says_they_are() -> None:
    def keys(*names: str) -> list[dict[str, str]]:
        return [{"AttributeName": name, "KeyType": "any"} for name in names]

    described = {
        "KeySchema": keys("pk", "sk"),
        "GlobalSecondaryIndexes": [
            {
                "IndexName": "by-day",
                "KeySchema": keys("day", "at"),
                "Projection": {"ProjectionType": "INCLUDE", "NonKeyAttributes": ["what"]},
            },
            {
                "IndexName": "whole",
                "KeySchema": keys("day"),
                "Projection": {"ProjectionType": "ALL"},
            },
        ],
    }
    by_day, whole = indexes(described)
    assert by_day == BY_DAY
    item = {**ENTRY, "more": {"S": "of it"}}
    assert by_day.entry(item) == ENTRY
    assert whole.entry(item) == item
    assert whole.entry(SMALL) is None


def test_calls_are_told_in_order_with_runs_of_the_same_counted() -> None:
    assert in_words([]) == "none"
    assert in_words(["GetItem", "GetItem", "Query", "GetItem"]) == "2 GetItem + Query + GetItem"


# -- a client's calls


@pytest.fixture
def client() -> Any:
    from benchmarks.embedded import EmbeddedDynamoDB

    table = EmbeddedDynamoDB()
    client = table.client()
    client.create_table(
        TableName="t",
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[
            {"AttributeName": name, "AttributeType": kind}
            for name, kind in (("pk", "S"), ("sk", "S"), ("day", "S"), ("at", "N"))
        ],
        KeySchema=[
            {"AttributeName": "pk", "KeyType": "HASH"},
            {"AttributeName": "sk", "KeyType": "RANGE"},
        ],
        GlobalSecondaryIndexes=[
            {
                "IndexName": "by-day",
                "KeySchema": [
                    {"AttributeName": "day", "KeyType": "HASH"},
                    {"AttributeName": "at", "KeyType": "RANGE"},
                ],
                "Projection": {"ProjectionType": "INCLUDE", "NonKeyAttributes": ["what"]},
            }
        ],
    )
    yield client
    table.close()


def test_a_transaction_costs_twice_and_its_indexes_once(client: Any) -> None:
    with metered(client) as meter:
        client.transact_write_items(
            TransactItems=[
                {"Put": {"TableName": "t", "Item": ENTRY}},
                {"Put": {"TableName": "t", "Item": {**SMALL, "sk": {"S": "2"}}}},
            ]
        )
    assert meter.calls == ["TransactWriteItems"]
    assert (meter.writes, meter.index_writes, meter.reads) == (4, 1, 0)
    assert meter.bytes_written == item_size(ENTRY) + item_size(SMALL)


def test_a_write_that_is_refused_is_billed_but_changes_no_index(client: Any) -> None:
    client.put_item(TableName="t", Item=SMALL)
    with metered(client) as meter, pytest.raises(client.exceptions.ConditionalCheckFailedException):
        client.put_item(TableName="t", Item=ENTRY, ConditionExpression="attribute_not_exists(pk)")
    assert (meter.writes, meter.index_writes) == (1, 0)


def test_an_update_is_billed_by_what_it_leaves(client: Any) -> None:
    client.put_item(TableName="t", Item={**ENTRY, "large": {"S": "x" * 2000}})
    with metered(client) as meter:
        client.update_item(
            TableName="t",
            Key=SMALL,
            UpdateExpression="SET what = :new",
            ExpressionAttributeValues={":new": {"S": "b"}},
        )
    assert (meter.writes, meter.index_writes) == (2, 1)


def test_each_item_of_a_batch_is_a_read_of_its_own(client: Any) -> None:
    client.put_item(TableName="t", Item={**SMALL, "large": {"S": "x" * 5000}})
    keys = [SMALL, {**SMALL, "sk": {"S": "not there"}}]
    with metered(client) as meter:
        client.batch_get_item(RequestItems={"t": {"Keys": keys}})
    assert meter.reads == 1.5


def test_a_query_is_billed_for_all_that_it_looks_at(client: Any) -> None:
    for number in range(3):
        client.put_item(
            TableName="t",
            Item={
                **ENTRY,
                "sk": {"S": str(number)},
                "what": {"S": "x" * 4000},
                "not projected": {"S": "x" * 9000},
            },
        )
    asked = {
        "TableName": "t",
        "IndexName": "by-day",
        "KeyConditionExpression": "#day = :day",
        "ExpressionAttributeNames": {"#day": "day"},
        "ExpressionAttributeValues": {":day": {"S": "1"}},
    }
    with metered(client) as meter:
        client.query(**asked)
        client.query(**asked, Select="COUNT")
    assert meter.calls == ["Query", "Query"]
    assert meter.reads == 2 * 1.5
