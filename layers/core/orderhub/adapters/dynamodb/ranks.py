"""Milestones of a shop's orders in the single table."""

from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any, Final

from botocore.exceptions import ClientError

from orderhub.domain.identity import MAX_ORDER_ID
from orderhub.ports import Frontier, Milestone

from . import keys
from .client import DynamoDBClient, batch_delete, translated

_START: Final = Milestone(0, 0)

Item = dict[str, Any]


class DynamoRanks:
    """:class:`orderhub.ports.OrderRanks` over one table.

    A milestone is two items, one found by its id and one by its rank, written and taken away
    together. All that exist are right: readers need no look at the frontier.
    """

    def __init__(self, client: DynamoDBClient, table: str) -> None:
        self._client = client
        self._table = table

    def before_id(self, shop_id: str, order_id: int) -> Milestone:
        until = keys.milestone_by_id(min(order_id, MAX_ORDER_ID))
        return self._last(shop_id, keys.milestone_by_id(0), until)

    def before_rank(self, shop_id: str, rank: int) -> Milestone:
        until = keys.milestone_by_rank(min(rank, MAX_ORDER_ID))
        return self._last(shop_id, keys.milestone_by_rank(0), until)

    def frontier(self, shop_id: str) -> Frontier:
        with translated():
            answer = self._client.get_item(
                TableName=self._table, Key=self._key(shop_id, keys.FRONTIER), ConsistentRead=True
            )
        item = answer.get("Item")
        if not item:
            return Frontier(_START, 0)
        held = item.get("held_until")
        return Frontier(
            _milestone(item),
            int(item["version"]["N"]),
            datetime.fromisoformat(held["S"]) if held else None,
        )

    def lay(self, shop_id: str, frontier: Frontier, order_id: int, rank: int) -> bool:
        milestone = Milestone(rank, order_id)
        writes: list[Any] = [
            {"Put": self._moved(shop_id, frontier, milestone, None)},
            *(
                {"Put": {"TableName": self._table, "Item": item}}
                for item in _items(shop_id, milestone)
            ),
        ]
        try:
            with translated():
                self._client.transact_write_items(TransactItems=writes)
        except ClientError as error:
            if error.response["Error"]["Code"] in (
                "TransactionCanceledException",
                "TransactionInProgressException",
            ):
                return False
            raise
        return True

    def retreat(
        self,
        shop_id: str,
        frontier: Frontier,
        order_id: int,
        held_until: datetime,
        *,
        in_batches: bool = False,
    ) -> bool:
        # Taken away first: a frontier without its milestones costs reading, milestones that
        # overlook an order would be wrong.
        self._take_away(shop_id, order_id, self._delete_batch if in_batches else self._delete)
        kept = frontier.milestone
        if kept.id >= order_id:
            kept = self.before_id(shop_id, order_id - 1)
        try:
            with translated():
                self._client.put_item(**self._moved(shop_id, frontier, kept, held_until))
        except ClientError as error:
            if error.response["Error"]["Code"] == "ConditionalCheckFailedException":
                return False
            raise
        return True

    def _take_away(
        self, shop_id: str, order_id: int, delete: Callable[[Iterable[Item]], None]
    ) -> None:
        since, until = keys.milestone_by_id(order_id), keys.milestone_by_id(MAX_ORDER_ID)
        while page := self._between(shop_id, since, until):
            pairs = [_items(shop_id, milestone) for milestone in page]
            # By its id last, as it is found: what is cut off in between goes on from here.
            delete(by_rank for _, by_rank in pairs)
            delete(by_id for by_id, _ in pairs)

    def _delete(self, items: Iterable[Item]) -> None:
        for item in items:
            with translated():
                self._client.delete_item(
                    TableName=self._table, Key={name: item[name] for name in ("pk", "sk")}
                )

    def _delete_batch(self, items: Iterable[Item]) -> None:
        batch_delete(self._client, self._table, iter(items))

    def _moved(
        self, shop_id: str, frontier: Frontier, milestone: Milestone, held_until: datetime | None
    ) -> dict[str, Any]:
        """A put of the frontier, at ``milestone``, unless it changed since it was read."""
        item: dict[str, Any] = {
            **self._key(shop_id, keys.FRONTIER),
            **_fields(milestone),
            "version": {"N": str(frontier.version + 1)},
        }
        if held_until:
            item["held_until"] = {"S": keys.timestamp(held_until)}
        return {
            "TableName": self._table,
            "Item": item,
            **(
                {
                    "ConditionExpression": "version = :seen",
                    "ExpressionAttributeValues": {":seen": {"N": str(frontier.version)}},
                }
                if frontier.version
                else {"ConditionExpression": "attribute_not_exists(pk)"}
            ),
        }

    def _last(self, shop_id: str, since: str, until: str) -> Milestone:
        found = self._between(shop_id, since, until, newest=True)
        return found[0] if found else _START

    def _between(
        self, shop_id: str, since: str, until: str, *, newest: bool = False
    ) -> list[Milestone]:
        """A page of the milestones with these sort keys, or the last one alone.

        Strongly consistent: a milestone that was taken away must not be seen beside the order
        that it overlooks.
        """
        asked: dict[str, Any] = {"ScanIndexForward": False, "Limit": 1} if newest else {}
        with translated():
            answer = self._client.query(
                TableName=self._table,
                KeyConditionExpression="pk = :ranks AND sk BETWEEN :since AND :until",
                ExpressionAttributeValues={
                    ":ranks": {"S": keys.ranks(shop_id)},
                    ":since": {"S": since},
                    ":until": {"S": until},
                },
                ConsistentRead=True,
                **asked,
            )
        return [_milestone(item) for item in answer["Items"]]

    def _key(self, shop_id: str, sk: str) -> dict[str, Any]:
        return {"pk": {"S": keys.ranks(shop_id)}, "sk": {"S": sk}}


def _items(shop_id: str, milestone: Milestone) -> list[Item]:
    """By its id, and by its rank."""
    return [
        {"pk": {"S": keys.ranks(shop_id)}, "sk": {"S": sk}, **_fields(milestone)}
        for sk in (keys.milestone_by_id(milestone.id), keys.milestone_by_rank(milestone.rank))
    ]


def _fields(milestone: Milestone) -> dict[str, Any]:
    return {"rank": {"N": str(milestone.rank)}, "order_id": {"N": str(milestone.id)}}


def _milestone(item: dict[str, Any]) -> Milestone:
    return Milestone(int(item["rank"]["N"]), int(item["order_id"]["N"]))
