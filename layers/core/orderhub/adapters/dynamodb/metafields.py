"""Metafields in the single table.

Each stands in its shop's partition, by its id. Its name stands in the partition of its owner and
says its id: a name is taken once, and an owner's metafields are found by one query.
"""

from collections.abc import Iterator, Sequence
from typing import Any

from botocore.exceptions import ClientError

from orderhub.domain.errors import Busy, InvalidField
from orderhub.domain.metafield import Metafield
from orderhub.ports import Contention, IdTaken, VersionConflict

from . import items, keys
from .client import DynamoDBClient, batch_get, is_throttling, query, translated
from .codec import decode

_FAILED = "ConditionalCheckFailed"


class DynamoMetafields:
    """:class:`orderhub.ports.Metafields` over one table."""

    def __init__(self, client: DynamoDBClient, table: str) -> None:
        self._client = client
        self._table = table

    # -- reading -------------------------------------------------------------------------------

    def get(self, shop_id: str, metafield_id: int) -> Metafield | None:
        with translated():
            answer = self._client.get_item(
                TableName=self._table, Key=_key(shop_id, metafield_id), ConsistentRead=True
            )
        item = answer.get("Item")
        return _metafield(item) if item else None

    def get_many(self, shop_id: str, metafield_ids: Sequence[int]) -> Sequence[Metafield]:
        wanted = [
            (keys.metafields(shop_id), keys.metafield(i)) for i in dict.fromkeys(metafield_ids)
        ]
        found = map(_metafield, batch_get(self._client, self._table, wanted, consistent=True))
        return sorted(found, key=lambda metafield: metafield.id)

    def of_owner(self, shop_id: str, owner_resource: str, owner_id: int) -> Sequence[Metafield]:
        pk = keys.owned_metafields(shop_id, owner_resource, owner_id)
        names = query(self._client, self._table, pk, keys.METAFIELD_NAME_PREFIX)
        return self.get_many(shop_id, [int(item["metafield_id"]["N"]) for item in names])

    def between(self, shop_id: str, *, after_id: int, before_id: int) -> Iterator[Metafield]:
        for page in self._pages(shop_id, after_id, before_id):
            yield from map(_metafield, page["Items"])

    def count(self, shop_id: str, *, after_id: int, before_id: int) -> int:
        pages = self._pages(shop_id, after_id, before_id, Select="COUNT")
        return sum(page["Count"] for page in pages)

    def _pages(
        self, shop_id: str, after_id: int, before_id: int, **asked: Any
    ) -> Iterator[dict[str, Any]]:
        if before_id <= after_id + 1:
            return
        start: dict[str, Any] = {}
        while True:
            with translated():
                answer = self._client.query(
                    TableName=self._table,
                    KeyConditionExpression="pk = :shop AND sk BETWEEN :first AND :last",
                    ExpressionAttributeValues={
                        ":shop": {"S": keys.metafields(shop_id)},
                        ":first": {"S": keys.metafield(after_id + 1)},
                        ":last": {"S": keys.metafield(before_id - 1)},
                    },
                    ConsistentRead=True,
                    **asked,
                    **start,
                )
            yield dict(answer)
            last = answer.get("LastEvaluatedKey")
            if not last:
                return
            start = {"ExclusiveStartKey": last}

    # -- writing -------------------------------------------------------------------------------

    def add(self, metafield: Metafield) -> None:
        writes = [self._put(metafield, None), self._claim(metafield)]
        codes = self._transact(writes)
        if codes and codes[1] == _FAILED:
            raise InvalidField("name", "taken")
        if codes and codes[0] == _FAILED:
            raise IdTaken
        _require_written(codes)

    def replace(self, before: Metafield, after: Metafield) -> None:
        writes = [self._put(after, before)]
        if _name(before) != _name(after):
            writes += [self._claim(after), self._release(before)]
        codes = self._transact(writes)
        if codes and codes[0] == _FAILED:
            raise VersionConflict
        # The name is written where it changes only.
        if len(writes) > 1 and codes and codes[1] == _FAILED:
            raise InvalidField("name", "taken")
        _require_written(codes)

    def remove(self, metafield: Metafield) -> None:
        head = {
            "TableName": self._table,
            "Key": _key(metafield.shop_id, metafield.id),
            **_unchanged(metafield),
        }
        codes = self._transact([{"Delete": head}, self._release(metafield)])
        if codes and codes[0] == _FAILED:
            raise VersionConflict
        _require_written(codes)

    def _put(self, after: Metafield, before: Metafield | None) -> dict[str, Any]:
        item = {
            **items.document(keys.metafields(after.shop_id), keys.metafield(after.id), after),
            "version": {"N": str(after.version)},
        }
        condition = {"ConditionExpression": "attribute_not_exists(pk)"}
        return {
            "Put": {
                "TableName": self._table,
                "Item": item,
                **(_unchanged(before) if before else condition),
            }
        }

    def _claim(self, metafield: Metafield) -> dict[str, Any]:
        return {
            "Put": {
                "TableName": self._table,
                "Item": {**_name(metafield), "metafield_id": {"N": str(metafield.id)}},
                "ConditionExpression": "attribute_not_exists(pk)",
            }
        }

    def _release(self, metafield: Metafield) -> dict[str, Any]:
        return {"Delete": {"TableName": self._table, "Key": _name(metafield)}}

    def _transact(self, writes: Sequence[Any]) -> list[str]:
        """Write all or nothing: nothing is returned, or why each part was not written."""
        try:
            with translated():
                self._client.transact_write_items(TransactItems=writes)
        except ClientError as error:
            code = error.response["Error"]["Code"]
            if code == "TransactionInProgressException":
                raise Contention from error
            if code != "TransactionCanceledException":
                raise
            reasons: list[dict[str, Any]] = error.response.get("CancellationReasons", [])  # type: ignore[assignment]
            return [reason.get("Code", "None") for reason in reasons]
        return []


def _key(shop_id: str, metafield_id: int) -> dict[str, Any]:
    return {"pk": {"S": keys.metafields(shop_id)}, "sk": {"S": keys.metafield(metafield_id)}}


def _name(metafield: Metafield) -> dict[str, Any]:
    pk = keys.owned_metafields(metafield.shop_id, metafield.owner_resource, metafield.owner_id)
    return {"pk": {"S": pk}, "sk": {"S": keys.METAFIELD_NAME_PREFIX + metafield.name}}


def _unchanged(metafield: Metafield) -> dict[str, Any]:
    return {
        "ConditionExpression": "version = :read",
        "ExpressionAttributeValues": {":read": {"N": str(metafield.version)}},
    }


def _metafield(item: dict[str, Any]) -> Metafield:
    return decode(items.body_of(item), Metafield)


def _require_written(codes: Sequence[str]) -> None:
    if not codes:
        return
    if any(is_throttling(code) for code in codes):
        raise Busy("the table is throttled; try again")
    if "TransactionConflict" in codes:
        raise Contention
    # Nothing that another attempt would mend.
    raise RuntimeError(f"the table refused a transaction: {list(codes)}")
