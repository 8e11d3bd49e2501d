"""A table that DynamoDB restored from a backup, beside the table that is in use."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Final

from botocore.exceptions import ClientError

from orderhub.ports import Contention, StoredOrder

from . import items, keys
from .audit import DynamoAudit
from .client import DynamoDBClient, batch_get, translated

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
        pk = keys.order(shop_id, order_id)
        wanted = [(pk, keys.event(sequence)) for sequence in sequences]
        found = batch_get(self._client, self._backup, wanted, consistent=True)
        present = {
            item["sk"]["S"]: item
            for item in batch_get(self._client, self._table, wanted, consistent=True)
        }
        # From the first on, so that what is interrupted leaves no other hole than there was.
        for item in sorted(found, key=lambda each: each["sk"]["S"]):
            sk = item["sk"]["S"]
            with _contended():
                asked = _unchanged(present.pop(sk)) if sk in present else _ABSENT
                self._client.put_item(TableName=self._table, Item=item, **asked)
            first = keys.event_sequence(sk)
            for sequence in range(first + 1, first + items.event_count(item)):
                # What tells otherwise of events that now stand in this item.
                if other := present.pop(keys.event(sequence), None):
                    self._remove(other)

    def _remove(self, item: dict[str, Any]) -> None:
        key = {"pk": item["pk"], "sk": item["sk"]}
        with _contended():
            self._client.delete_item(TableName=self._table, Key=key, **_unchanged(item))


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
