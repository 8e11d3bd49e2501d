"""Orders in the single table: a header, chunks of lines, events and references.

A change is written as one transaction, whatever it holds; an order is read by one query.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any, Final

from botocore.exceptions import ClientError

from orderhub.domain import identity
from orderhub.domain.commands import Change
from orderhub.domain.details import Reference
from orderhub.domain.errors import Busy, NameIsAnId, ReferenceTaken
from orderhub.domain.events import Recorded, claims
from orderhub.domain.identity import MAX_ORDER_ID
from orderhub.domain.order import DeadlineKind, Order
from orderhub.ports import (
    Contention,
    DuePage,
    IdTaken,
    OrderPage,
    OrderSummary,
    VersionConflict,
)

from . import items, keys
from .client import DynamoDBClient, batch_get, is_throttling, query, translated

_READ_ATTEMPTS: Final = 5


class DynamoOrders:
    """:class:`orderhub.ports.OrderRepository` over one table.

    ``due_shards`` is how many partitions the due index is spread over. It may grow, never shrink:
    sweeps read the shards from 0 on.
    """

    def __init__(self, client: DynamoDBClient, table: str, due_shards: int) -> None:
        self._client = client
        self._table = table
        self._due_shards = due_shards

    # -- reading -------------------------------------------------------------------------------

    def get(self, shop_id: str, order_id: int) -> Order | None:
        for _ in range(_READ_ATTEMPTS):
            found = list(self._query(keys.order(shop_id, order_id), keys.ORDER_HEADER))
            try:
                return items.order(found)
            except items.TornRead:
                continue
        raise Busy("this order is being written all the time; try again")

    def get_many(self, shop_id: str, order_ids: Sequence[int]) -> Sequence[Order]:
        wanted = [(keys.order(shop_id, i), keys.ORDER_HEADER) for i in dict.fromkeys(order_ids)]
        found = {}
        for head in batch_get(self._client, self._table, wanted):
            order_id = keys.order_key(head["pk"]["S"]).order_id
            try:
                order = items.order([head])
            except items.TornRead:
                order = self.get(shop_id, order_id)  # a long one, whose lines stand beside it
            if order:
                found[order_id] = order
        return [found[order_id] for order_id in order_ids if order_id in found]

    def get_with_history(
        self, shop_id: str, order_id: int
    ) -> tuple[Order, Sequence[Recorded]] | None:
        for _ in range(_READ_ATTEMPTS):
            history: list[Recorded] = []
            parts = []
            for item in self._query(keys.order(shop_id, order_id)):
                sk = item["sk"]["S"]
                if sk.startswith(keys.EVENT_PREFIX):
                    history.append(items.recorded(item))
                elif sk.startswith(keys.ORDER_HEADER):
                    parts.append(item)
            try:
                order = items.order(parts)
            except items.TornRead:
                continue
            if order is None:
                return None
            if len(history) >= order.version:
                # What was written between two pages of the query is left for the next time.
                return order, history[: order.version]
        raise Busy("this order is being written all the time; try again")

    def named(self, shop_id: str, kind: str, value: str) -> Sequence[tuple[Reference, int]]:
        return [
            (keys.reference_in(item["pk"]["S"], item["sk"]["S"]), int(item["order_id"]["N"]))
            for item in self._query(keys.reference(shop_id, kind, value), keys.scope(""))
        ]

    def history(self, shop_id: str, order_id: int) -> Iterator[Recorded]:
        for item in self._query(keys.order(shop_id, order_id), keys.EVENT_PREFIX):
            yield items.recorded(item)

    def page(
        self, shop_id: str, *, after_id: int = 0, before_id: int | None = None, limit: int = 50
    ) -> OrderPage:
        condition = "listing_pk = :shop AND listing_sk > :after"
        values: dict[str, Any] = {
            ":shop": {"S": keys.shop(shop_id)},
            ":after": {"N": str(after_id)},
        }
        if before_id is not None and before_id <= after_id + 1:
            return OrderPage((), None)
        if before_id is not None:
            condition = "listing_pk = :shop AND listing_sk BETWEEN :after AND :before"
            values[":after"] = {"N": str(after_id + 1)}
            values[":before"] = {"N": str(before_id - 1)}
        with translated():
            answer = self._client.query(
                TableName=self._table,
                IndexName=keys.BY_TIME_INDEX,
                KeyConditionExpression=condition,
                ExpressionAttributeValues=values,
                Limit=limit,
            )
        last = answer.get("LastEvaluatedKey")
        return OrderPage(
            tuple(items.summary(item) for item in answer["Items"]),
            int(last["listing_sk"]["N"]) if last else None,
        )

    def latest(
        self, shop_id: str, *, before_id: int | None = None, limit: int = 50
    ) -> Sequence[OrderSummary]:
        before = MAX_ORDER_ID + 1 if before_id is None else before_id
        with translated():
            answer = self._client.query(
                TableName=self._table,
                IndexName=keys.BY_TIME_INDEX,
                KeyConditionExpression="listing_pk = :shop AND listing_sk < :before",
                ExpressionAttributeValues={
                    ":shop": {"S": keys.shop(shop_id)},
                    ":before": {"N": str(before)},
                },
                ScanIndexForward=False,
                Limit=limit,
            )
        return [items.summary(item) for item in answer["Items"]]

    def due(
        self, kind: DeadlineKind, shard: int, until: datetime, *, limit: int, cursor: str | None
    ) -> DuePage:
        partition = keys.due_partition(kind, shard)
        start: dict[str, Any] = {}
        if cursor:
            key = keys.due_order(cursor)
            start["ExclusiveStartKey"] = {
                "due_pk": {"S": partition},
                "due_sk": {"S": cursor},
                "pk": {"S": keys.order(key.shop_id, key.order_id)},
                "sk": {"S": keys.ORDER_HEADER},
            }
        with translated():
            answer = self._client.query(
                TableName=self._table,
                IndexName=keys.DUE_INDEX,
                KeyConditionExpression="due_pk = :shard AND due_sk < :bound",
                ExpressionAttributeValues={
                    ":shard": {"S": partition},
                    ":bound": {"S": keys.due_bound(until)},
                },
                Limit=limit,
                **start,
            )
        last = answer.get("LastEvaluatedKey")
        return DuePage(
            tuple(keys.due_order(item["due_sk"]["S"]) for item in answer["Items"]),
            last["due_sk"]["S"] if last else None,
            keys.due_time(answer["Items"][0]["due_sk"]["S"]) if answer["Items"] else None,
        )

    def _query(self, pk: str, prefix: str = "") -> Iterator[dict[str, Any]]:
        return query(self._client, self._table, pk, prefix)

    # -- writing -------------------------------------------------------------------------------

    def commit(self, change: Change) -> None:
        writes, claimed = self._writes(change)
        try:
            with translated():
                self._client.transact_write_items(TransactItems=writes)
        except ClientError as error:
            if error.response["Error"]["Code"] == "TransactionInProgressException":
                raise Contention from error
            if error.response["Error"]["Code"] != "TransactionCanceledException":
                raise
            reasons: list[dict[str, Any]] = error.response.get("CancellationReasons", [])  # type: ignore[assignment]
            raise _refusal(change, reasons, claimed) from error

    def _writes(self, change: Change) -> tuple[list[Any], list[Reference]]:
        """The transaction's items: the header first, then the references and what they must not
        be, then the rest."""
        before, after = change.before, change.order
        head: dict[str, Any] = {
            "TableName": self._table,
            "Item": items.header(after, self._due_shards),
            "ConditionExpression": "attribute_not_exists(pk)",
        }
        if before is not None:
            head["ConditionExpression"] = "version = :read"
            head["ExpressionAttributeValues"] = {":read": {"N": str(before.version)}}
        writes = [{"Put": head}]
        claimed = list(
            dict.fromkeys(name for entry in change.recorded for name in claims(entry.event))
        )
        for name in claimed:
            writes.append(
                {
                    "Put": {
                        "TableName": self._table,
                        "Item": items.reference(after.shop_id, name, after.id),
                        "ConditionExpression": "attribute_not_exists(pk)",
                        "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
                    }
                }
            )
        writes.extend(self._no_such_order(after.shop_id, id_) for _, id_ in _ids_in(claimed, after))
        for entry in change.recorded:
            writes.append(
                {
                    "Put": {
                        "TableName": self._table,
                        "Item": items.event(after, entry),
                        "ConditionExpression": "attribute_not_exists(pk)",
                    }
                }
            )
        stored = items.chunks(before.lines) if before else {}
        for sk, lines in items.chunks(after.lines).items():
            if stored.get(sk) != lines:
                item = items.lines_chunk(after, sk, lines)
                writes.append({"Put": {"TableName": self._table, "Item": item}})
        return writes, claimed

    def _no_such_order(self, shop_id: str, order_id: int) -> dict[str, Any]:
        """A condition that nothing has the id that another system's name for an order could be."""
        return {
            "ConditionCheck": {
                "TableName": self._table,
                "Key": {
                    "pk": {"S": keys.order(shop_id, order_id)},
                    "sk": {"S": keys.ORDER_HEADER},
                },
                "ConditionExpression": "attribute_not_exists(pk)",
            }
        }


def _ids_in(claimed: Sequence[Reference], order: Order) -> list[tuple[Reference, int]]:
    """Those names for ``order`` that could be another order's id or number, with that id."""
    found = []
    for name in claimed:
        order_id = identity.order_id_in(name.value) if name.kind == "order" else None
        if order_id is not None and order_id != order.id:
            found.append((name, order_id))
    return found


def _refusal(
    change: Change, reasons: Sequence[dict[str, Any]], claimed: Sequence[Reference]
) -> Exception:
    """What a cancelled transaction means. ``reasons`` stand in the order of its items."""
    codes = [reason.get("Code", "None") for reason in reasons]
    failed = "ConditionalCheckFailed"
    if change.before is not None and codes[0] == failed:
        return VersionConflict()
    for index, name in enumerate(claimed, start=1):
        if codes[index] == failed:
            owner = int(reasons[index]["Item"]["order_id"]["N"])
            if owner == change.order.id:
                # This very change was written before and its answer was lost.
                return VersionConflict()
            return ReferenceTaken(name.kind, name.scope, name.value, owner)
    for index, (name, _) in enumerate(_ids_in(claimed, change.order), start=1 + len(claimed)):
        if codes[index] == failed:
            return NameIsAnId(name.value)
    if codes[0] == failed:
        return IdTaken()
    if "TransactionConflict" in codes or failed in codes:
        return Contention()
    if any(is_throttling(code) for code in codes):
        return Busy("the table is throttled; try again")
    # Nothing that another attempt would mend.
    return RuntimeError(f"the table refused a transaction: {codes}")
