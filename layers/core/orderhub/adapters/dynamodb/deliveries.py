"""The log of deliveries in the single table, which the table forgets by itself.

There is an item per event, subscription and topic, and one for several that went well together:
a write costs as much for one as for half a dozen.
"""

import json
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from itertools import groupby, islice, takewhile
from typing import Any, Final

from orderhub.domain.delivery import TOGETHER, Delivery, DeliveryState
from orderhub.ports import DeliveryPage

from . import keys
from .client import DynamoDBClient, translated

_TOPICS: Final = 8
"""An event has few topics, and so few rows."""
_TOGETHER: Final = "told"
"""What several deliveries in one item have, each as a list."""


class DynamoDeliveries:
    """:class:`orderhub.ports.DeliveryLog` over one table."""

    def __init__(self, client: DynamoDBClient, table: str) -> None:
        self._client = client
        self._table = table

    def record(self, delivery: Delivery, *, kept_until: datetime) -> None:
        told = {
            "event_id": {"S": delivery.event_id},
            "event_type": {"S": delivery.event_type},
            "occurred_at": {"S": delivery.occurred_at},
            "topic": {"S": delivery.topic},
            "state": {"S": delivery.state.value},
            "at": {"S": keys.timestamp(delivery.at)},
            "status": _number(delivery.status),
            "reason": {"S": delivery.reason} if delivery.reason else None,
            "seconds": _number(delivery.seconds),
            "answer": {"S": delivery.answer} if delivery.answer else None,
            "next_at": {"S": keys.timestamp(delivery.next_at)} if delivery.next_at else None,
            keys.EXPIRES_AT: _number(math.ceil(kept_until.timestamp())),
        }
        # Several of them are reserved words of DynamoDB.
        names = {f"#{name}": name for name in told}
        kept = {name: value for name, value in told.items() if value is not None}
        dropped = [f"#{name}" for name, value in told.items() if value is None]
        change = f"SET {', '.join(f'#{name} = :{name}' for name in kept)}"
        if dropped:
            change += f" REMOVE {', '.join(dropped)}"
        with translated():
            self._client.update_item(
                TableName=self._table,
                Key={
                    "pk": {"S": keys.deliveries(delivery.shop_id, delivery.subscription_id)},
                    "sk": {"S": _key(delivery)},
                },
                UpdateExpression=f"{change} ADD attempts :attempts",
                ExpressionAttributeNames=names,
                ExpressionAttributeValues={
                    **{f":{name}": value for name, value in kept.items()},
                    ":attempts": {"N": str(delivery.attempts)},
                },
            )

    def record_together(self, deliveries: Sequence[Delivery], *, kept_until: datetime) -> None:
        newest = deliveries[0]
        at = max(delivery.at for delivery in deliveries)
        told = [
            [
                delivery.occurred_at,
                delivery.event_id,
                delivery.topic,
                delivery.event_type,
                keys.timestamp(delivery.at),
                delivery.status,
                delivery.seconds,
            ]
            for delivery in deliveries
        ]
        with translated():
            self._client.update_item(
                TableName=self._table,
                Key={
                    "pk": {"S": keys.deliveries(newest.shop_id, newest.subscription_id)},
                    "sk": {"S": keys.deliveries_together(_key(newest), at)},
                },
                UpdateExpression=f"SET {_TOGETHER} = :told, {keys.EXPIRES_AT} = :expires_at",
                ExpressionAttributeValues={
                    ":told": {"S": json.dumps(told, ensure_ascii=False, separators=(",", ":"))},
                    ":expires_at": {"N": str(math.ceil(kept_until.timestamp()))},
                },
            )

    def page(
        self, shop_id: str, subscription_id: int, *, limit: int, cursor: str | None = None
    ) -> DeliveryPage:
        rows = self._rows(shop_id, subscription_id, cursor, limit + 1)
        found = list(islice(rows, limit + 1))
        page = tuple(found[:limit])
        return DeliveryPage(page, _key(page[-1]) if len(found) > limit else None)

    def of_event(
        self, shop_id: str, subscription_id: int, occurred_at: str, event_id: str
    ) -> Sequence[Delivery]:
        first = keys.delivery(occurred_at, event_id, "")
        # Behind all topics of the event, before the next event.
        rows = self._rows(shop_id, subscription_id, f"{first}~", _TOPICS)
        return list(takewhile(lambda row: _key(row) >= first, rows))

    def _rows(
        self, shop_id: str, subscription_id: int, before: str | None, expected: int
    ) -> Iterator[Delivery]:
        """What stands before a key, newest event first, each event and topic once."""
        waiting: list[Delivery] = []
        for item in self._items(keys.deliveries(shop_id, subscription_id), before, expected):
            # What else is found from here on has this key at most.
            yield from _merged([each for each in waiting if _key(each) > item["sk"]["S"]])
            waiting = [each for each in waiting if _key(each) <= item["sk"]["S"]]
            waiting += [
                each
                for each in _deliveries(shop_id, subscription_id, item)
                if before is None or _key(each) < before
            ]
        yield from _merged(waiting)

    def _items(self, pk: str, before: str | None, expected: int) -> Iterator[dict[str, Any]]:
        condition, values = "pk = :pk", {":pk": {"S": pk}}
        if before is not None:
            at = datetime.fromisoformat(before.partition("#")[0])
            # Those of older events may stand with newer ones.
            condition += " AND sk < :end"
            values[":end"] = {"S": keys.deliveries_until(keys.timestamp(at + TOGETHER))}
        start: dict[str, Any] = {}
        while True:
            with translated():
                answer = self._client.query(
                    TableName=self._table,
                    KeyConditionExpression=condition,
                    ExpressionAttributeValues=values,
                    ScanIndexForward=False,
                    ConsistentRead=True,
                    Limit=expected,
                    **start,
                )
            yield from answer["Items"]
            if "LastEvaluatedKey" not in answer:
                return
            start = {"ExclusiveStartKey": answer["LastEvaluatedKey"]}


def _key(delivery: Delivery) -> str:
    return keys.delivery(delivery.occurred_at, delivery.event_id, delivery.topic)


def _merged(deliveries: Iterable[Delivery]) -> Iterator[Delivery]:
    """By key, greatest first. What was told several times counts as of the last."""
    ordered = sorted(deliveries, key=lambda each: (_key(each), each.at), reverse=True)
    for _, same in groupby(ordered, key=_key):
        latest, *others = same
        yield replace(latest, attempts=latest.attempts + sum(each.attempts for each in others))


def _number(value: float | None) -> dict[str, Any] | None:
    return None if value is None else {"N": str(value)}


def _deliveries(shop_id: str, subscription_id: int, item: Mapping[str, Any]) -> Iterator[Delivery]:
    if _TOGETHER not in item:
        yield _delivery(shop_id, subscription_id, item)
        return
    for occurred_at, event_id, topic, event_type, at, status, seconds in json.loads(
        item[_TOGETHER]["S"]
    ):
        yield Delivery(
            shop_id=shop_id,
            subscription_id=subscription_id,
            topic=topic,
            event_id=event_id,
            event_type=event_type,
            occurred_at=occurred_at,
            state=DeliveryState.DELIVERED,
            at=datetime.fromisoformat(at),
            status=status,
            seconds=seconds,
        )


def _delivery(shop_id: str, subscription_id: int, item: Mapping[str, Any]) -> Delivery:
    def text(name: str) -> str:
        return item[name]["S"] if name in item else ""

    next_at = text("next_at")
    return Delivery(
        shop_id=shop_id,
        subscription_id=subscription_id,
        topic=text("topic"),
        event_id=text("event_id"),
        event_type=text("event_type"),
        occurred_at=text("occurred_at"),
        state=DeliveryState(text("state")),
        at=datetime.fromisoformat(text("at")),
        attempts=int(item["attempts"]["N"]),
        status=int(item["status"]["N"]) if "status" in item else None,
        reason=text("reason"),
        seconds=float(item["seconds"]["N"]) if "seconds" in item else None,
        answer=text("answer"),
        next_at=datetime.fromisoformat(next_at) if next_at else None,
    )
