"""Subscriptions to a shop's events in the single table."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from typing import Any, Final

from botocore.exceptions import ClientError

from orderhub.domain.subscription import Subscription
from orderhub.ports import (
    IdTaken,
    SealedSubscription,
    UnreadableSubscription,
    VersionConflict,
)

from . import items, keys
from .client import DynamoDBClient, batch_get, query, translated
from .codec import decode

_SEALED: Final = "sealed"
_TEXTS: Final = ("body", "packed")
"""Where items have their JSON text, in the one or the other."""


class DynamoSubscriptions:
    """:class:`orderhub.ports.Subscriptions` over one table."""

    def __init__(self, client: DynamoDBClient, table: str) -> None:
        self._client = client
        self._table = table

    def add(self, subscription: Subscription, sealed: bytes) -> None:
        with _unless_failed(IdTaken), translated():
            self._client.put_item(
                TableName=self._table,
                Item={
                    **_key(subscription.shop_id, subscription.id),
                    **_content(subscription),
                    _SEALED: {"B": sealed},
                },
                # No two are sealed alike: who finds this one wrote it, and didn't hear of it.
                ConditionExpression="attribute_not_exists(pk) OR sealed = :sealed",
                ExpressionAttributeValues={":sealed": {"B": sealed}},
            )

    def get(self, shop_id: str, subscription_id: int) -> SealedSubscription | None:
        with translated():
            answer = self._client.get_item(
                TableName=self._table, Key=_key(shop_id, subscription_id), ConsistentRead=True
            )
        item = answer.get("Item")
        return _sealed(item) if item else None

    def recent(
        self, names: Collection[tuple[str, int]]
    ) -> Mapping[tuple[str, int], SealedSubscription]:
        wanted = [(keys.subscriptions(shop), keys.subscription(id_)) for shop, id_ in names]
        found: dict[tuple[str, int], SealedSubscription] = {}
        for item in batch_get(self._client, self._table, wanted):
            with suppress(UnreadableSubscription):
                sealed = _sealed(item)
                found[sealed.subscription.shop_id, sealed.subscription.id] = sealed
        return found

    def of_shop(self, shop_id: str) -> Sequence[Subscription]:
        pk = keys.subscriptions(shop_id)
        found = query(self._client, self._table, pk, keys.SUBSCRIPTION_PREFIX)
        return [_subscription(item) for item in found]

    def replace(
        self, before: Subscription, after: Subscription, sealed: bytes | None = None
    ) -> None:
        content = _content(after)
        if sealed is not None:
            content[_SEALED] = {"B": sealed}
        unused = [name for name in _TEXTS if name not in content]
        with _unless_failed(VersionConflict), translated():
            self._client.update_item(
                TableName=self._table,
                Key=_key(after.shop_id, after.id),
                UpdateExpression=(
                    f"SET {', '.join(f'{name} = :{name}' for name in content)}"
                    f" REMOVE {', '.join(unused)}"
                ),
                ConditionExpression="version = :read",
                ExpressionAttributeValues={
                    **{f":{name}": value for name, value in content.items()},
                    ":read": {"N": str(before.version)},
                },
            )

    def remove(self, subscription: Subscription) -> None:
        with _unless_failed(VersionConflict), translated():
            self._client.delete_item(
                TableName=self._table,
                Key=_key(subscription.shop_id, subscription.id),
                # What is gone may be gone by an attempt that was not heard of.
                ConditionExpression="attribute_not_exists(pk) OR version = :read",
                ExpressionAttributeValues={":read": {"N": str(subscription.version)}},
            )


def _key(shop_id: str, subscription_id: int) -> dict[str, Any]:
    pk, sk = keys.subscriptions(shop_id), keys.subscription(subscription_id)
    return {"pk": {"S": pk}, "sk": {"S": sk}}


def _content(subscription: Subscription) -> dict[str, Any]:
    return {**items.body(subscription), "version": {"N": str(subscription.version)}}


def _sealed(item: Mapping[str, Any]) -> SealedSubscription:
    subscription = _subscription(item)
    if _SEALED not in item:
        raise UnreadableSubscription(subscription.id)
    return SealedSubscription(subscription, item[_SEALED]["B"])


def _subscription(item: Mapping[str, Any]) -> Subscription:
    try:
        return decode(items.body_of(item), Subscription)
    except Exception as error:
        raise UnreadableSubscription(item["sk"]["S"]) from error


@contextmanager
def _unless_failed(refusal: type[Exception]) -> Iterator[None]:
    """Raise ``refusal`` where the item is not as it was expected to be."""
    try:
        yield
    except ClientError as error:
        if error.response["Error"]["Code"] == "ConditionalCheckFailedException":
            raise refusal from error
        raise
