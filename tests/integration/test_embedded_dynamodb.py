"""The benchmarks' DynamoDB keeps what the order repository is promised, and answers as AWS does."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Final

import pytest
from botocore.exceptions import ClientError
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from benchmarks.embedded import EmbeddedDynamoDB, UnknownRequest
from orderhub.bootstrap import Application
from orderhub.services.desk import Desk
from orderhub.settings import Settings
from tests.support.metafields import MetafieldsContract
from tests.support.storage import (
    OrderRanksContract,
    OrderRepositoryContract,
    PlacingContract,
    StockContract,
    shop,
)
from tests.support.table import create_table

__all__ = ["shop"]

NAME: Final = "orderhub-embedded"


@pytest.fixture(scope="module")
def client() -> Iterator[Any]:
    store = EmbeddedDynamoDB()
    client = store.client()
    create_table(client, NAME)
    yield client
    store.close()


@pytest.fixture
def table_name() -> str:
    return NAME


class TestEmbedded(OrderRepositoryContract):
    pass


class TestRanksEmbedded(OrderRanksContract):
    pass


class TestPlacingEmbedded(PlacingContract):
    pass


class TestMetafieldsEmbedded(MetafieldsContract):
    pass


class TestStockEmbedded(StockContract):
    @pytest.fixture
    def desk(self, client: Any) -> Desk:
        settings = Settings(table_name=NAME, event_bus_name="", due_shards=2)
        return Application(settings, client=client).desk


# -- queries, against a plain list -----------------------------------------------------------------


@dataclass(frozen=True)
class Path:
    """A way into the table: by its own keys (``index`` is empty), or by an index's."""

    index: str
    partition_key: str
    sort_key: str
    sort_values: tuple[Any, ...]
    """Of the entries under ``partition``, in no order."""
    partition: str = "P"

    def value(self, sort_value: Any) -> dict[str, str]:
        return {"N": str(sort_value)} if isinstance(sort_value, int) else {"S": sort_value}


# By their bytes "A#10" comes before "A#9" and "Ö" behind "~".
BY_KEY: Final = Path(
    "", "pk", "sk", ("A#1", "A#10", "A#9", "A#é", "A", "B#1", "Bz", "Ö", "😀", "a", "~", "A#1#x")
)
# As text, 9 would come after 10.
BY_TIME: Final = Path(
    "orders-by-time", "listing_pk", "listing_sk", (7, -5, 10, 9, 100, 0, 2**53 - 1, 11, 12, 1)
)
COMPARISONS: Final[dict[str, Callable[[Any, Any, Any], bool]]] = {
    "": lambda _key, _low, _high: True,
    " AND {} = :low": lambda key, low, _high: key == low,
    " AND {} < :low": lambda key, low, _high: key < low,
    " AND {} <= :low": lambda key, low, _high: key <= low,
    " AND {} > :low": lambda key, low, _high: key > low,
    " AND {} >= :low": lambda key, low, _high: key >= low,
    " AND {} BETWEEN :low AND :high": lambda key, low, high: low <= key <= high,
    " AND begins_with({}, :low)": lambda key, low, _high: key.startswith(low),
}


@pytest.fixture(scope="module")
def filled(client: Any) -> Any:
    """Entries for both paths, each with a twin in another partition."""
    for sort_value in BY_KEY.sort_values:
        for partition in ("P", "Q"):
            put(client, {"pk": {"S": partition}, "sk": {"S": sort_value}, "body": {"S": "{}"}})
    for number in BY_TIME.sort_values:
        for partition in ("P", "Q"):
            listed = {"listing_pk": {"S": partition}, "listing_sk": {"N": str(number)}}
            put(client, {"pk": {"S": f"L{partition}"}, "sk": {"S": f"{number}"}, **listed})
    return client


def put(client: Any, item: dict[str, Any]) -> None:
    client.put_item(TableName=NAME, Item=item)


def pages(client: Any, **asked: Any) -> list[list[dict[str, Any]]]:
    found = []
    start: dict[str, Any] = {}
    while True:
        answer = client.query(TableName=NAME, **asked, **start)
        assert answer["Count"] == len(answer["Items"])
        found.append(answer["Items"])
        if "LastEvaluatedKey" not in answer:
            return found
        start = {"ExclusiveStartKey": answer["LastEvaluatedKey"]}


@settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(data=st.data())
def test_all_pages_of_any_query_are_what_a_look_at_every_item_finds(
    filled: Any, data: st.DataObject
) -> None:
    path = data.draw(st.sampled_from([BY_KEY, BY_TIME]))
    drawn = [data.draw(st.sampled_from(path.sort_values)) for _ in range(2)]
    low, high = sorted(drawn, key=_sortable)
    kinds = [kind for kind in COMPARISONS if path is BY_KEY or "begins_with" not in kind]
    kind = data.draw(st.sampled_from(kinds))
    values = {":low": path.value(low), ":high": path.value(high)}
    is_forward = data.draw(st.booleans())
    limit = data.draw(st.integers(1, 13))
    asked: dict[str, Any] = {
        "KeyConditionExpression": f"{path.partition_key} = :p" + kind.format(path.sort_key),
        "ExpressionAttributeValues": {
            ":p": {"S": path.partition},
            **{name: value for name, value in values.items() if name in kind},
        },
        "ScanIndexForward": is_forward,
        "Limit": limit,
        **({"IndexName": path.index} if path.index else {}),
    }

    fitting = [
        value
        for value in path.sort_values
        if COMPARISONS[kind](*(_sortable(each) for each in (value, low, high)))
    ]
    fitting.sort(key=_sortable, reverse=not is_forward)
    found = pages(filled, **asked)
    assert [item[path.sort_key] for page in found for item in page] == [
        path.value(value) for value in fitting
    ]
    assert all(len(page) == limit for page in found[:-1])
    assert len(found[-1]) < limit


def _sortable(value: Any) -> Any:
    return value.encode() if isinstance(value, str) else value


def test_a_page_ends_with_the_item_that_fills_a_megabyte(client: Any) -> None:
    for number in range(9):
        put(client, {"pk": {"S": "big"}, "sk": {"S": f"{number}"}, "body": {"S": "x" * 300_000}})
    asked = {"KeyConditionExpression": "pk = :p", "ExpressionAttributeValues": {":p": {"S": "big"}}}
    assert [len(page) for page in pages(client, **asked)] == [4, 4, 1]
    assert client.query(TableName=NAME, Select="COUNT", **asked)["Count"] == 4


def test_entries_of_equal_sort_keys_are_on_one_page_each(client: Any) -> None:
    for number in range(5):
        listed = {"desk_pk": {"S": "equal"}, "listing_sk": {"N": "7"}}
        put(client, {"pk": {"S": f"E{number}"}, "sk": {"S": "ORDER"}, **listed})
    asked = {
        "IndexName": "desk",
        "KeyConditionExpression": "desk_pk = :p",
        "ExpressionAttributeValues": {":p": {"S": "equal"}},
    }
    for is_forward in (True, False):
        found = pages(client, ScanIndexForward=is_forward, Limit=2, **asked)
        keys = [item["pk"]["S"] for page in found for item in page]
        assert sorted(keys) == [f"E{number}" for number in range(5)]


def test_an_index_holds_keys_and_what_is_projected_of_items_that_have_its_keys(client: Any) -> None:
    common = {"sk": {"S": "ORDER"}, "listing_pk": {"S": "sparse"}, "body": {"S": "not in it"}}
    whole = {"pk": {"S": "S1"}, "listing_sk": {"N": "1"}, "listing": {"S": "{}"}, **common}
    put(client, whole)
    put(client, {"pk": {"S": "S2"}, **common})
    asked = {
        "IndexName": "orders-by-time",
        "KeyConditionExpression": "listing_pk = :p",
        "ExpressionAttributeValues": {":p": {"S": "sparse"}},
    }
    [[entry]] = pages(client, **asked)
    assert entry == {name: value for name, value in whole.items() if name != "body"}
    client.update_item(
        TableName=NAME,
        Key={"pk": {"S": "S1"}, "sk": {"S": "ORDER"}},
        UpdateExpression="REMOVE listing_sk",
    )
    assert pages(client, **asked) == [[]]


# -- what it refuses -------------------------------------------------------------------------------


def test_what_dynamodb_refuses_is_refused(client: Any) -> None:
    def item(**more: Any) -> dict[str, Any]:
        return {"TableName": NAME, "Item": {"pk": {"S": "R"}, "sk": {"S": "R"}, **more}}

    by_time = {
        "TableName": NAME,
        "IndexName": "orders-by-time",
        "KeyConditionExpression": "listing_pk = :p",
        "ExpressionAttributeValues": {":p": {"S": "P"}},
    }
    too_large = item(body={"S": "x" * 400 * 1024})
    key = {"pk": {"S": "R"}, "sk": {"S": "R"}}
    requests: list[tuple[Callable[..., Any], dict[str, Any]]] = [
        (client.put_item, too_large),
        (client.put_item, item(listing_sk={"S": "not a number"})),
        (client.put_item, item(sk={"S": ""})),
        (client.put_item, {"TableName": NAME, "Item": {"pk": {"S": "R"}}}),
        (client.query, {**by_time, "ConsistentRead": True}),
        (client.query, {**by_time, "IndexName": "none"}),
        (client.query, {**by_time, "KeyConditionExpression": "pk = :p"}),
        (client.get_item, {"TableName": NAME, "Key": {"pk": {"S": "R"}}}),
        (client.batch_get_item, {"RequestItems": {NAME: {"Keys": [key, key]}}}),
        (client.transact_write_items, {"TransactItems": [{"Put": item()}, {"Put": item()}]}),
        (client.transact_write_items, {"TransactItems": [{"Put": item()}, {"Put": too_large}]}),
    ]
    for call, request in requests:
        with pytest.raises(ClientError) as refused:
            call(**request)
        assert refused.value.response["Error"]["Code"] == "ValidationException"
    assert "Item" not in client.get_item(TableName=NAME, Key=key)
    with pytest.raises(ClientError) as refused:
        client.get_item(TableName="another-table", Key=key)
    assert refused.value.response["Error"]["Code"] == "ResourceNotFoundException"


def test_what_it_does_not_know_is_no_silent_success(client: Any) -> None:
    with pytest.raises(UnknownRequest, match="Scan"):
        client.scan(TableName=NAME)
    with pytest.raises(UnknownRequest, match="ReturnValues"):
        client.put_item(
            TableName=NAME, Item={"pk": {"S": "R"}, "sk": {"S": "R"}}, ReturnValues="ALL_OLD"
        )


def test_a_batch_that_goes_past_the_client_is_written_as_one_through_it() -> None:
    store = EmbeddedDynamoDB()
    client = store.client()
    create_table(client, NAME)
    put_requests = [
        {"PutRequest": {"Item": {"pk": {"S": "B"}, "sk": {"S": sk}, "packed": {"B": b"\0\xff"}}}}
        for sk in ("1", "2")
    ]
    store.batch_write_item(RequestItems={NAME: put_requests[:1]})
    client.batch_write_item(RequestItems={NAME: put_requests[1:]})
    one, two = client.query(
        TableName=NAME,
        KeyConditionExpression="pk = :p",
        ExpressionAttributeValues={":p": {"S": "B"}},
    )["Items"]
    assert one["packed"] == two["packed"] == {"B": b"\0\xff"}
    client.delete_table(TableName=NAME)
    with pytest.raises(ClientError, match="not found"):
        client.describe_table(TableName=NAME)
    store.close()
