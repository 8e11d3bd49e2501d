"""A table that DynamoDB restored from a backup, beside the table that is in use."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Final

from botocore.exceptions import ClientError

from orderhub.ports import Contention, StoredOrder

from . import items, keys
from .audit import DynamoAudit
from .client import DynamoDBClient, query, translated

_ABSENT: Final = {"ConditionExpression": "attribute_not_exists(pk)"}


class DynamoBackup:
    """:class:`orderhub.ports.OrderBackup` over two tables of one account and region."""

    def __init__(self, client: DynamoDBClient, table: str, backup: str, due_shards: int) -> None:
        self._client = client
        self._table = table
        self._backup = backup
        self._kept = DynamoAudit(client, backup, due_shards)

    def listed(self, shop_id: str) -> Iterator[int]:
        return self._kept.listed(shop_id)

    def stored(self, shop_id: str, order_id: int) -> StoredOrder | None:
        return self._kept.stored(shop_id, order_id)

    def put_back(self, shop_id: str, order_id: int, sequences: Sequence[int]) -> None:
        wanted = set(sequences)
        kept = self._events(self._backup, shop_id, order_id)
        present = self._events(self._table, shop_id, order_id)
        # From the first on, so that what is interrupted leaves no other hole than there was.
        for sk, item in kept.items():
            held = _sequences(item)
            if wanted.isdisjoint(held):
                continue
            with _contended():
                asked = _unchanged(present.pop(sk)) if sk in present else _ABSENT
                self._client.put_item(TableName=self._table, Item=item, **asked)
            for sequence in held[1:]:
                # What tells otherwise of events that now stand in this item.
                if other := present.pop(keys.event(sequence), None):
                    self._remove(other)

    def _events(self, table: str, shop_id: str, order_id: int) -> dict[str, dict[str, Any]]:
        """The items of an order's events in a table, by their sort keys and in their order."""
        found = query(self._client, table, keys.order(shop_id, order_id), keys.EVENT_PREFIX)
        return {item["sk"]["S"]: item for item in found}

    def _remove(self, item: dict[str, Any]) -> None:
        key = {"pk": item["pk"], "sk": item["sk"]}
        with _contended():
            self._client.delete_item(TableName=self._table, Key=key, **_unchanged(item))


def _sequences(item: dict[str, Any]) -> range:
    """Of the events that an item holds; none where it is no such item."""
    try:
        first = keys.event_sequence(item["sk"]["S"])
    except ValueError:
        return range(0)
    return range(first, first + items.event_count(item))


def _unchanged(item: dict[str, Any]) -> dict[str, Any]:
    """The condition that an item still is what was read."""
    names = {f"#{number}": name for number, name in enumerate(sorted(item))}
    return {
        "ConditionExpression": " AND ".join(f"{name} = :{name[1:]}" for name in names),
        "ExpressionAttributeNames": names,
        "ExpressionAttributeValues": {f":{place[1:]}": item[name] for place, name in names.items()},
    }


@contextmanager
def _contended() -> Iterator[None]:
    try:
        with translated():
            yield
    except ClientError as error:
        if error.response["Error"]["Code"] != "ConditionalCheckFailedException":
            raise
        raise Contention from error
