"""moto's DynamoDB, fit for tens of thousands of requests in one process.

By itself it copies a whole table, deeply, for each item of a transaction, and keeps every item and
every such copy that it ever made: gigabytes in a run of these tests.
"""

import copy
from collections import defaultdict
from typing import Any

import pytest
from moto.core.common_models import BaseModel
from moto.dynamodb.models import DynamoDBBackend
from moto.dynamodb.models.dynamo_type import DynamoType
from moto.dynamodb.models.table import Table

_update_item = DynamoDBBackend.update_item
_transact_write_items = DynamoDBBackend.transact_write_items


def make_light(patch: pytest.MonkeyPatch) -> None:
    """Have moto share what does not change between a table and its copies, and forget what nobody
    uses any longer; and have a transaction that fails leave the tables the objects that they are.

    It is for tables with a sort key.
    """
    patch.setattr(BaseModel, "__new__", staticmethod(_untracked))
    patch.setattr(Table, "__deepcopy__", _shallow, raising=False)
    patch.setattr(DynamoDBBackend, "update_item", _update_a_copy)
    patch.setattr(DynamoDBBackend, "transact_write_items", _transact_in_place)


def _untracked(cls: type, *_given: object, **_more: object) -> Any:
    # moto would list every instance on its class, for its dashboard.
    return object.__new__(cls)


def _shallow(table: Table, _memo: dict[int, Any]) -> Table:
    """A table with the same items: none of them is ever changed in place."""
    found = copy.copy(table)
    found.items = defaultdict(dict, {key: dict(rows) for key, rows in table.items.items()})
    if table.stream_shard:
        found.stream_shard = copy.copy(table.stream_shard)
        found.stream_shard.items = list(table.stream_shard.items)
    return found


def _update_a_copy(
    backend: DynamoDBBackend, table_name: str, key: dict[str, Any], *given: Any, **more: Any
) -> Any:
    """moto changes the item where it stands; its place is taken by a copy before."""
    items = backend.tables[table_name].items
    pk, sk = DynamoType(key["pk"]), DynamoType(key["sk"])
    if pk in items and sk in items[pk]:
        items[pk][sk] = copy.deepcopy(items[pk][sk])
    return _update_item(backend, table_name, key, *given, **more)


def _transact_in_place(backend: DynamoDBBackend, transact_items: list[dict[str, Any]]) -> None:
    """Where moto puts back its copy of a table, the table gets what is in the copy."""
    tables = dict(backend.tables)
    try:
        _transact_write_items(backend, transact_items)
    except Exception:
        for name, table in tables.items():
            put_back = backend.tables[name]
            table.items, table.stream_shard = put_back.items, put_back.stream_shard
            backend.tables[name] = table
        raise
