"""A table that DynamoDB restored from a backup, beside the table that is in use."""

from collections.abc import Iterator, Sequence
from typing import Any

from botocore.exceptions import ClientError

from orderhub.ports import Contention, StoredOrder

from . import keys
from .audit import DynamoAudit
from .client import DynamoDBClient, batch_get, translated


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
            self._put(item, present.get(item["sk"]["S"]))

    def _put(self, item: dict[str, Any], present: dict[str, Any] | None) -> None:
        """Over what was read, and nothing else."""
        put: dict[str, Any] = {"ConditionExpression": "attribute_not_exists(pk)"}
        if present is not None:
            names = {f"#{number}": name for number, name in enumerate(sorted(present))}
            values = {f":{number}": present[name] for number, name in enumerate(sorted(present))}
            put = {
                "ConditionExpression": " AND ".join(f"{name} = :{name[1:]}" for name in names),
                "ExpressionAttributeNames": names,
                "ExpressionAttributeValues": values,
            }
        try:
            with translated():
                self._client.put_item(TableName=self._table, Item=item, **put)
        except ClientError as error:
            if error.response["Error"]["Code"] != "ConditionalCheckFailedException":
                raise
            raise Contention from error
