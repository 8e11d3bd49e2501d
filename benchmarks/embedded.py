"""A DynamoDB in this process whose answers take as long in a large table as in a small one.

The emulators to be had look at every item for every query, or know no transactions. This one keeps
tables sorted in SQLite (:mod:`benchmarks.sorted_table`), and leaves expressions to moto's own
parsers and evaluators. Clients are botocore's; requests are answered where they would be sent.

It knows what OrderHub uses of the API, answers it as AWS documents it (pages of 1 MB, ``Limit``,
sparse indexes and their projections, numeric order, conditions and transactions, sizes), and
raises :class:`UnknownRequest` for everything else. Indexes are never behind; requests take
turns, so that nothing conflicts; there are no streams, and nothing expires.
"""

import base64
import json
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from threading import Lock
from types import SimpleNamespace
from typing import Any, Final

import boto3
from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from botocore.compat import HTTPHeaders
from moto.core.botocore_stubber import MockRawResponse
from moto.core.exceptions import JsonRESTError
from moto.dynamodb.comparisons import get_filter_expression
from moto.dynamodb.models.dynamo_type import DynamoType
from moto.dynamodb.models.dynamo_type import Item as MotoItem
from moto.dynamodb.parsing.executors import UpdateExpressionExecutor
from moto.dynamodb.parsing.expressions import UpdateExpressionParser  # type: ignore[attr-defined]
from moto.dynamodb.parsing.key_condition_expression import parse_expression
from moto.dynamodb.parsing.validators import UpdateExpressionValidator

from benchmarks.sorted_table import Key, Range, SortedTable, key_value
from benchmarks.units import Index, Item, item_size

PAGE_BYTES: Final = 1024 * 1024
LARGEST_ITEM: Final = 400 * 1024
LARGEST_BATCH_READ: Final = 100
LARGEST_BATCH_WRITE: Final = 25
LARGEST_TRANSACTION: Final = 100

Json = dict[str, Any]
Request = Mapping[str, Any]

_CHECKED: Final = frozenset(
    {"ConditionExpression", "ExpressionAttributeNames", "ExpressionAttributeValues"}
)
_UNDERSTOOD: Final[Mapping[str, frozenset[str]]] = {
    "CreateTable": frozenset(
        {
            "TableName",
            "BillingMode",
            "AttributeDefinitions",
            "KeySchema",
            "GlobalSecondaryIndexes",
            "StreamSpecification",
        }
    ),
    "DescribeTable": frozenset({"TableName"}),
    "DeleteTable": frozenset({"TableName"}),
    "GetItem": frozenset({"TableName", "Key", "ConsistentRead"}),
    "PutItem": _CHECKED | {"TableName", "Item"},
    "DeleteItem": _CHECKED | {"TableName", "Key"},
    "UpdateItem": _CHECKED | {"TableName", "Key", "UpdateExpression"},
    "Query": frozenset(
        {
            "TableName",
            "IndexName",
            "KeyConditionExpression",
            "ExpressionAttributeNames",
            "ExpressionAttributeValues",
            "ScanIndexForward",
            "Limit",
            "ExclusiveStartKey",
            "Select",
            "ConsistentRead",
        }
    ),
    "BatchGetItem": frozenset({"RequestItems"}),
    "BatchWriteItem": frozenset({"RequestItems"}),
    "TransactWriteItems": frozenset({"TransactItems", "ClientRequestToken"}),
}


class UnknownRequest(Exception):
    """One that OrderHub has never made: what AWS would answer, this table doesn't know."""


class Refusal(Exception):
    """An error of DynamoDB's, as a client sees it. ``details`` go into the answer as they are."""

    def __init__(self, code: str, message: str, **details: Any) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.answer = {"__type": code, "message": message, **details}


def _invalid(message: str) -> Refusal:
    return Refusal("ValidationException", message)


class EmbeddedDynamoDB:
    """All of it is in ``file``, which must not exist; ``:memory:`` is none. Close it after use.

    Many threads may use its clients.
    """

    def __init__(self, file: Path | str = ":memory:") -> None:
        self._database = sqlite3.connect(file, check_same_thread=False)
        # What a crash would leave of it is of no use to anybody.
        for pragma in ("synchronous = OFF", "journal_mode = MEMORY", "cache_size = -500000"):
            self._database.execute(f"PRAGMA {pragma}")
        self._tables: dict[str, SortedTable] = {}
        self._numbers = count(1)
        self._turn = Lock()
        self._actions: Mapping[str, Callable[[Request], Json]] = {
            "CreateTable": self._create_table,
            "DescribeTable": self._describe_table,
            "DeleteTable": self._delete_table,
            "GetItem": self._get_item,
            "PutItem": self._put_item,
            "DeleteItem": self._delete_item,
            "UpdateItem": self._update_item,
            "Query": self._query,
            "BatchGetItem": self._batch_get_item,
            "BatchWriteItem": self._batch_write_item,
            "TransactWriteItems": self._transact_write_items,
        }

    def close(self) -> None:
        self._database.close()

    def client(self) -> Any:
        """A boto3 client of it."""
        client: Any = boto3.client(
            "dynamodb",
            region_name="eu-central-1",
            aws_access_key_id="embedded",
            aws_secret_access_key="embedded",  # noqa: S106 - nothing checks it
            endpoint_url="http://embedded.invalid",
        )
        client.meta.events.register_first("before-send.dynamodb", self._send)
        return client

    def batch_write_item(self, **request: Any) -> Json:
        """What the client's method of this name does, in a tenth of the time."""
        return self.answer("BatchWriteItem", json.loads(json.dumps(request, default=_base64)))

    def answer(self, action: str, request: Request) -> Json:
        """The answer to a request as it goes over the wire. Raises :class:`Refusal`."""
        unknown = request.keys() - _UNDERSTOOD.get(action, frozenset())
        if action not in self._actions or unknown:
            raise UnknownRequest(f"{action} {', '.join(sorted(unknown))}")
        try:
            with self._turn, self._database:
                return self._actions[action](request)
        except JsonRESTError as error:  # moto's, of an expression
            raise Refusal(error.relative_error_type, error.message) from error

    def _send(self, request: AWSPreparedRequest, **_: Any) -> AWSResponse:
        target = request.headers["X-Amz-Target"]
        action = (target.decode() if isinstance(target, bytes) else target).partition(".")[2]
        body: Any = request.body
        try:
            status, answer = 200, self.answer(action, json.loads(body))
        except Refusal as refusal:
            status, answer = 400, refusal.answer
        text = json.dumps(answer, ensure_ascii=False, separators=(",", ":"))
        return AWSResponse(request.url, status, HTTPHeaders(), MockRawResponse(text))

    # -- tables --------------------------------------------------------------------------------

    def _create_table(self, request: Request) -> Json:
        name = request["TableName"]
        if name in self._tables:
            raise Refusal("ResourceInUseException", f"Table already exists: {name}")
        self._tables[name] = SortedTable(self._database, next(self._numbers), request)
        return {"TableDescription": self._description(name)}

    def _describe_table(self, request: Request) -> Json:
        return {"Table": self._description(request["TableName"])}

    def _delete_table(self, request: Request) -> Json:
        described = self._description(request["TableName"])
        self._tables.pop(request["TableName"]).drop()
        return {"TableDescription": described}

    def _description(self, name: str) -> Json:
        return {**self._table(name).description, "TableStatus": "ACTIVE"}

    def _table(self, name: str) -> SortedTable:
        try:
            return self._tables[name]
        except KeyError:
            raise Refusal("ResourceNotFoundException", f"Table: {name} not found") from None

    # -- reading -------------------------------------------------------------------------------

    def _get_item(self, request: Request) -> Json:
        table = self._table(request["TableName"])
        _check_key(table, request["Key"])
        found = table.get(request["Key"])
        return {"Item": found} if found is not None else {}

    def _batch_get_item(self, request: Request) -> Json:
        asked = request["RequestItems"]
        if sum(len(each["Keys"]) for each in asked.values()) > LARGEST_BATCH_READ:
            raise _invalid("Too many items requested for the BatchGetItem call")
        answers: dict[str, list[Item]] = {}
        for name, each in asked.items():
            table = self._table(name)
            if each.keys() - {"Keys", "ConsistentRead"}:
                raise UnknownRequest("BatchGetItem of parts of items")
            for key in each["Keys"]:
                _check_key(table, key)
            _check_different((table, key) for key in each["Keys"])
            found = (table.get(key) for key in each["Keys"])
            answers[name] = [item for item in found if item is not None]
        return {"Responses": answers, "UnprocessedKeys": {}}

    def _query(self, request: Request) -> Json:
        table = self._table(request["TableName"])
        index = _index(table, request)
        partition, sort = _key_condition(table, index, request)
        found = table.find(
            index,
            partition,
            sort,
            is_forward=request.get("ScanIndexForward", True),
            after=request.get("ExclusiveStartKey"),
        )
        page, is_cut = _page(found, request.get("Limit"))
        answer: Json = {"Count": len(page), "ScannedCount": len(page)}
        if request.get("Select") != "COUNT":
            answer["Items"] = page
        if is_cut:
            names = {*table.keys, *(index.keys if index else ())}
            answer["LastEvaluatedKey"] = {name: page[-1][name] for name in names}
        return answer

    # -- writing -------------------------------------------------------------------------------

    def _put_item(self, request: Request) -> Json:
        return self._write("Put", request)

    def _delete_item(self, request: Request) -> Json:
        return self._write("Delete", request)

    def _update_item(self, request: Request) -> Json:
        return self._write("Update", request)

    def _batch_write_item(self, request: Request) -> Json:
        writes = [
            self._checked(name, kind.removesuffix("Request"), write)
            for name, requests in request["RequestItems"].items()
            for each in requests
            for kind, write in each.items()
        ]
        if len(writes) > LARGEST_BATCH_WRITE:
            raise _invalid("Too many items requested for the BatchWriteItem call")
        _check_different((write.table, write.key) for write in writes)
        _apply(writes)
        return {"UnprocessedItems": {}}

    def _write(self, kind: str, request: Request) -> Json:
        write = self._checked(request["TableName"], kind, request)
        if not _holds(request, write.table.get(write.key)):
            raise Refusal("ConditionalCheckFailedException", "The conditional request failed")
        _apply([write])
        return {}

    def _transact_write_items(self, request: Request) -> Json:
        writes = [
            self._checked(write["TableName"], kind, write)
            for each in request["TransactItems"]
            for kind, write in each.items()
        ]
        if len(writes) > LARGEST_TRANSACTION:
            raise _invalid("Member must have length less than or equal to 100")
        _check_different((write.table, write.key) for write in writes)
        reasons = [_reason(write) for write in writes]
        if any(reason["Code"] != "None" for reason in reasons):
            codes = ", ".join(reason["Code"] for reason in reasons)
            raise Refusal(
                "TransactionCanceledException",
                "Transaction cancelled, please refer cancellation reasons for specific reasons "
                f"[{codes}]",
                CancellationReasons=reasons,
            )
        _apply(writes)
        return {}

    def _checked(self, name: str, kind: str, request: Request) -> "_Write":
        table = self._table(name)
        if kind == "Put":
            _check_item(table, request["Item"])
            return _Write(table, kind, request, table.key_of(request["Item"]))
        _check_key(table, request["Key"])
        return _Write(table, kind, request, request["Key"])


@dataclass(frozen=True)
class _Write:
    """A write of one item, or (``ConditionCheck``) a condition on it."""

    table: SortedTable
    kind: str
    request: Request
    key: Item


def _apply(writes: Sequence[_Write]) -> None:
    for write in writes:
        match write.kind:
            case "Put":
                write.table.put(write.request["Item"])
            case "Delete":
                write.table.delete(write.key)
            case "Update":
                item = _updated(write)
                _check_item(write.table, item)
                write.table.put(item)
            case "ConditionCheck":
                pass
            case _:
                raise UnknownRequest(write.kind)


# -- keys ------------------------------------------------------------------------------------------


def _index(table: SortedTable, request: Request) -> Index | None:
    name = request.get("IndexName")
    if name is None:
        return None
    if name not in table.indexes:
        raise _invalid(f"The table does not have the specified index: {name}")
    if request.get("ConsistentRead"):
        raise _invalid("Consistent reads are not supported on global secondary indexes")
    return table.indexes[name]


def _key_condition(
    table: SortedTable, index: Index | None, request: Request
) -> tuple[Key, Range | None]:
    partition_key, sort_key = index.keys if index else table.keys
    ((_, partition),), sorts, _ = parse_expression(
        request["KeyConditionExpression"],
        request.get("ExpressionAttributeValues", {}),
        request.get("ExpressionAttributeNames", {}),
        [
            {"AttributeName": partition_key, "KeyType": "HASH"},
            {"AttributeName": sort_key, "KeyType": "RANGE"},
        ],
    )
    _check_type(table, partition_key, partition)
    if not sorts:
        return key_value(partition), None
    ((_, comparison, values),) = sorts
    for value in values:
        _check_type(table, sort_key, value)
    return key_value(partition), Range(comparison.upper(), tuple(map(key_value, values)))


def _check_item(table: SortedTable, item: Item) -> None:
    _check_key(table, {name: item[name] for name in table.keys if name in item})
    for name in item.keys() & table.index_keys:
        _check_type(table, name, item[name])
    if item_size(item) > LARGEST_ITEM:
        raise _invalid("Item size has exceeded the maximum allowed size")


def _check_key(table: SortedTable, key: Item) -> None:
    if key.keys() != set(table.keys):
        raise _invalid("The provided key element does not match the schema")
    for name, value in key.items():
        _check_type(table, name, value)


def _check_type(table: SortedTable, name: str, value: Mapping[str, str]) -> None:
    ((kind, content),) = value.items()
    if kind != table.types[name]:
        raise _invalid(f"Type mismatch for key {name} expected: {table.types[name]} actual: {kind}")
    if not content:
        raise _invalid(f"A key attribute cannot contain an empty string value. Key: {name}")


def _check_different(keys: Iterable[tuple[SortedTable, Item]]) -> None:
    seen: set[tuple[int, tuple[Key, ...]]] = set()
    for table, key in keys:
        one = id(table), tuple(key_value(key[name]) for name in table.keys)
        if one in seen:
            raise _invalid("Provided list of item keys contains duplicates")
        seen.add(one)


# -- pages, conditions and updates -----------------------------------------------------------------


def _page(found: Iterator[Item], limit: int | None) -> tuple[list[Item], bool]:
    """The items up to ``limit`` and up to the one that fills the page, and whether one of both
    ended it."""
    page: list[Item] = []
    size = 0
    for item in found:
        page.append(item)
        size += item_size(item)
        if len(page) == limit or size >= PAGE_BYTES:
            return page, True
    return page, False


def _reason(write: _Write) -> Json:
    """Why a write must not happen, if so."""
    item = write.table.get(write.key)
    if _holds(write.request, item):
        return {"Code": "None"}
    reason: Json = {"Code": "ConditionalCheckFailed", "Message": "The conditional request failed"}
    if item is not None and write.request.get("ReturnValuesOnConditionCheckFailure") == "ALL_OLD":
        reason["Item"] = item
    return reason


def _holds(write: Request, item: Item | None) -> bool:
    """Whether a write's condition is met by the item that is there."""
    if "ConditionExpression" not in write:
        return True
    condition = get_filter_expression(
        write["ConditionExpression"],
        write.get("ExpressionAttributeNames"),
        write.get("ExpressionAttributeValues"),
    )
    return bool(condition.expr(None if item is None else _motos(item)))


def _updated(write: _Write) -> Item:
    """What an update makes of the item that is there, or of its key alone."""
    table, update = write.table, write.request
    item = _motos(table.get(write.key) or write.key)
    names = update.get("ExpressionAttributeNames", {})
    validator = UpdateExpressionValidator(
        UpdateExpressionParser.make(update["UpdateExpression"]),
        expression_attribute_names=names,
        expression_attribute_values=update.get("ExpressionAttributeValues", {}),
        item=item,
        table=SimpleNamespace(  # type: ignore[arg-type]
            table_key_attrs=list(table.keys),
            attribute_keys=list(table.types),
            attr=table.description["AttributeDefinitions"],
        ),
    )
    expression = validator.validate()
    expression.normalize()
    UpdateExpressionExecutor(expression, item, names).execute()
    attributes: Item = item.to_json()["Attributes"]
    return attributes


def _motos(item: Item) -> MotoItem:
    # Its keys stand among its attributes, where expressions look for them.
    nothing = DynamoType({"NULL": True})
    return MotoItem(nothing, None, dict(item))


def _base64(content: bytes) -> str:
    return base64.b64encode(content).decode()
