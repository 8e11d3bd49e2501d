"""The log of deliveries in the single table: an item per event, subscription and topic, which the
table forgets by itself."""

import math
from datetime import datetime
from typing import Any

from orderhub.domain.delivery import Delivery, DeliveryState
from orderhub.ports import DeliveryPage

from . import keys
from .client import DynamoDBClient, translated


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
                    "sk": {
                        "S": keys.delivery(delivery.occurred_at, delivery.event_id, delivery.topic)
                    },
                },
                UpdateExpression=f"{change} ADD attempts :attempts",
                ExpressionAttributeNames=names,
                ExpressionAttributeValues={
                    **{f":{name}": value for name, value in kept.items()},
                    ":attempts": {"N": str(delivery.attempts)},
                },
            )

    def page(
        self, shop_id: str, subscription_id: int, *, limit: int, cursor: str | None = None
    ) -> DeliveryPage:
        pk = {"S": keys.deliveries(shop_id, subscription_id)}
        start: dict[str, Any] = {}
        if cursor is not None:
            start = {"ExclusiveStartKey": {"pk": pk, "sk": {"S": cursor}}}
        with translated():
            answer = self._client.query(
                TableName=self._table,
                KeyConditionExpression="pk = :pk",
                ExpressionAttributeValues={":pk": pk},
                ScanIndexForward=False,
                ConsistentRead=True,
                Limit=limit,
                **start,
            )
        last = answer.get("LastEvaluatedKey")
        return DeliveryPage(
            tuple(_delivery(shop_id, subscription_id, item) for item in answer["Items"]),
            last["sk"]["S"] if last else None,
        )


def _number(value: float | None) -> dict[str, Any] | None:
    return None if value is None else {"N": str(value)}


def _delivery(shop_id: str, subscription_id: int, item: dict[str, Any]) -> Delivery:
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
