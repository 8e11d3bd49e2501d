"""Orders as the single table holds them, whole or damaged, for reconciliation."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from botocore.exceptions import ClientError

from orderhub.domain.details import Reference
from orderhub.domain.errors import Busy
from orderhub.domain.events import Recorded
from orderhub.domain.identity import MAX_ORDER_ID
from orderhub.domain.order import DeadlineKind, Order
from orderhub.ports import Contention, OrderKey, StoredOrder, VersionConflict

from . import items, keys
from .client import DynamoDBClient, batch_get, query, translated
from .codec import decode

_READ_ATTEMPTS: Final = 5
_BESIDE_THE_SNAPSHOT: Final = (
    "version",
    "listing_pk",
    "listing_sk",
    "listing",
    "seller_pk",
    "customer_pk",
    "buyer_pk",
    "desk_pk",
    "due_pk",
    "due_sk",
    keys.MILESTONE_HINT,
)
_INDEXES: Final = {
    keys.BY_TIME_INDEX: ("listing_pk", "listing_sk"),
    keys.BY_SELLER_INDEX: ("seller_pk", "listing_sk"),
    keys.BY_CUSTOMER_INDEX: ("customer_pk", "listing_sk"),
    keys.BY_BUYER_INDEX: ("buyer_pk", "listing_sk"),
    keys.DESK_INDEX: ("desk_pk", "listing_sk"),
    keys.DUE_INDEX: ("due_pk", "due_sk"),
}


class DynamoAudit:
    """:class:`orderhub.ports.OrderAudit` over one table."""

    def __init__(self, client: DynamoDBClient, table: str, due_shards: int) -> None:
        self._client = client
        self._table = table
        self._due_shards = due_shards

    # -- reading -------------------------------------------------------------------------------

    def stored(self, shop_id: str, order_id: int) -> StoredOrder | None:
        seen: StoredOrder | None = None
        for _ in range(_READ_ATTEMPTS):
            found = list(query(self._client, self._table, keys.order(shop_id, order_id)))
            if not found:
                return None
            before, seen = seen, self._judged(found)
            last = max((entry.sequence for entry in seen.events), default=0)
            if seen.snapshot and seen.version == seen.snapshot.version == last:
                return seen
            # A write at the same time looks like damage; damage looks the same twice.
            if before == seen:
                return seen
        raise Busy("this order is being written all the time; try again")

    def _judged(self, found: Sequence[dict[str, Any]]) -> StoredOrder:
        parts = [item for item in found if item["sk"]["S"].startswith(keys.ORDER_HEADER)]
        happened = [item for item in found if item["sk"]["S"].startswith(keys.EVENT_PREFIX)]
        head = next((item for item in parts if item["sk"]["S"] == keys.ORDER_HEADER), None)
        snapshot = self._readable(parts)
        events: list[Recorded] = []
        unreadable: list[int] = []
        strange: list[str] = []
        listed: set[int] = set()
        for item in happened:
            sequence = _sequence(item)
            if sequence is None:
                strange.append(item["sk"]["S"])
                continue
            try:
                entries = items.recorded(item)
            # Whatever is wrong with it, the others are to be seen.
            except Exception:  # noqa: BLE001
                unreadable += range(sequence, sequence + items.event_count(item))
                continue
            events += entries
            if _is_listed(item, entries[-1].at):
                listed.add(entries[-1].sequence)
        return StoredOrder(
            snapshot=snapshot,
            version=_version_beside(head) if head else None,
            version_inside=_version_inside(head) if head else None,
            events=tuple(events),
            unreadable=tuple(unreadable),
            strange=tuple(strange),
            wrong=self._wrong(head, snapshot) if head and snapshot else (),
            not_found_in=tuple(self._not_found_in(head)) if head else (),
            unlisted=tuple(_unlisted(keys.order_key(found[0]["pk"]["S"]), events, listed)),
        )

    def _readable(self, parts: Sequence[dict[str, Any]]) -> Order | None:
        try:
            order = items.order(parts)
            if order:
                items.header(order, self._due_shards)
        # Whatever is wrong with it: it can't be read, or nothing can be made of it.
        except Exception:  # noqa: BLE001
            return None
        return order

    def _wrong(self, head: dict[str, Any], order: Order) -> tuple[str, ...]:
        wanted = items.header(order, self._due_shards)
        wrong = {name for name in _BESIDE_THE_SNAPSHOT if head.get(name) != wanted.get(name)}
        if "listing" in wrong and _summary(head) == items.summary(wanted):
            wrong.remove("listing")  # the same, as another version wrote it
        if "due_pk" in wrong and "due_pk" in wanted:
            # Every shard is swept, whichever it was when the order was written.
            kind = order.deadlines[0].kind
            if head.get("due_pk") in self._shards(kind):
                wrong.remove("due_pk")
        return tuple(sorted(wrong))

    def _shards(self, kind: DeadlineKind) -> list[dict[str, str]]:
        return [{"S": keys.due_partition(kind, shard)} for shard in range(self._due_shards)]

    def _not_found_in(self, head: dict[str, Any]) -> Iterator[str]:
        for index, (partition, sort) in _INDEXES.items():
            if partition not in head or sort not in head:
                continue
            with translated():
                answer = self._client.query(
                    TableName=self._table,
                    IndexName=index,
                    KeyConditionExpression="#partition = :partition AND #sort = :sort",
                    ExpressionAttributeNames={"#partition": partition, "#sort": sort},
                    ExpressionAttributeValues={":partition": head[partition], ":sort": head[sort]},
                )
            if not any(item["pk"] == head["pk"] for item in answer["Items"]):
                yield index

    def listed(
        self, shop_id: str, *, after_id: int = 0, before_id: int | None = None
    ) -> Iterator[int]:
        last = MAX_ORDER_ID if before_id is None else before_id - 1
        if last <= after_id:
            return
        asked: dict[str, Any] = {
            "TableName": self._table,
            "IndexName": keys.BY_TIME_INDEX,
            "KeyConditionExpression": "listing_pk = :shop AND listing_sk BETWEEN :first AND :last",
            "ExpressionAttributeValues": {
                ":shop": {"S": keys.shop(shop_id)},
                ":first": {"N": str(after_id + 1)},
                ":last": {"N": str(last)},
            },
            "ProjectionExpression": "listing_sk",
        }
        while True:
            with translated():
                answer = self._client.query(**asked)
            for item in answer["Items"]:
                yield int(item["listing_sk"]["N"])
            if not (start := answer.get("LastEvaluatedKey")):
                return
            asked["ExclusiveStartKey"] = start

    def owners(self, shop_id: str, names: Sequence[Reference]) -> Mapping[Reference, int]:
        wanted = [
            (keys.reference(shop_id, name.kind, name.value), keys.scope(name.scope))
            for name in dict.fromkeys(names)
        ]
        return {
            keys.reference_in(item["pk"]["S"], item["sk"]["S"]): order_id
            for item in batch_get(self._client, self._table, wanted, consistent=True)
            if (order_id := items.leads_to(item)) is not None
        }

    # -- writing -------------------------------------------------------------------------------

    def rewrite(self, order: Order, read_version: int | None) -> None:
        pk = keys.order(order.shop_id, order.id)
        put: dict[str, Any] = {
            "TableName": self._table,
            "Item": items.header(order, self._due_shards),
            "ConditionExpression": "attribute_not_exists(version)",
        }
        if read_version is not None:
            put["ConditionExpression"] = "version = :read"
            put["ExpressionAttributeValues"] = {":read": {"N": str(read_version)}}
        writes: list[Any] = [{"Put": put}]
        wanted = items.chunks(order.lines)
        for sk, lines in wanted.items():
            item = items.lines_chunk(order, sk, lines)
            writes.append({"Put": {"TableName": self._table, "Item": item}})
        for item in query(self._client, self._table, pk, keys.lines_chunks()):
            if item["sk"]["S"] not in wanted:
                key = {"pk": item["pk"], "sk": item["sk"]}
                writes.append({"Delete": {"TableName": self._table, "Key": key}})
        try:
            with translated():
                self._client.transact_write_items(TransactItems=writes)
        except ClientError as error:
            code = error.response["Error"]["Code"]
            if code == "TransactionInProgressException":
                raise Contention from error
            if code != "TransactionCanceledException":
                raise
            raise VersionConflict from error

    def list_change(self, order: Order, recorded: Recorded, *, is_last: bool) -> None:
        pk = {"S": keys.order(order.shop_id, order.id)}
        update: dict[str, Any] = {"UpdateExpression": "REMOVE change_pk, change_sk"}
        if is_last:
            update["UpdateExpression"] = "SET change_pk = :shop, change_sk = :at"
            update["ExpressionAttributeValues"] = {
                ":shop": {"S": keys.shop(order.shop_id)},
                ":at": {"S": keys.timestamp(recorded.at)},
            }
        with translated():
            self._client.update_item(
                TableName=self._table,
                Key={"pk": pk, "sk": self._holding(pk, recorded.sequence)},
                ConditionExpression="attribute_exists(pk)",
                **update,
            )

    def _holding(self, pk: dict[str, str], sequence: int) -> dict[str, str]:
        """The sort key of the item that an event stands in, with others of its change or alone."""
        answer = self._client.query(
            TableName=self._table,
            KeyConditionExpression="pk = :pk AND sk BETWEEN :first AND :event",
            ExpressionAttributeValues={
                ":pk": pk,
                ":first": {"S": keys.event(1)},
                ":event": {"S": keys.event(sequence)},
            },
            ProjectionExpression="sk",
            ConsistentRead=True,
            ScanIndexForward=False,
            Limit=1,
        )
        found = answer["Items"]
        return {"S": found[0]["sk"]["S"] if found else keys.event(sequence)}

    def claim(self, order: Order, name: Reference) -> None:
        item = items.reference(order.shop_id, name, order.id, order.updated_at)
        try:
            with translated():
                self._client.put_item(
                    TableName=self._table,
                    Item=item,
                    ConditionExpression=(
                        "attribute_not_exists(pk) OR NOT attribute_type(order_id, :number)"
                    ),
                    ExpressionAttributeValues={":number": {"S": "N"}},
                )
        except ClientError as error:
            if error.response["Error"]["Code"] != "ConditionalCheckFailedException":
                raise


def _unlisted(key: OrderKey, events: Sequence[Recorded], listed: set[int]) -> Iterator[int]:
    """Those that are listed though another event of their change follows, or aren't though none
    does and their order's id doesn't find them. What stands before a gap can't be judged."""
    for entry, following in zip(events, [*events[1:], None], strict=True):
        if following and following.sequence != entry.sequence + 1:
            continue
        is_last = following is None or not following.continues
        is_found = entry.sequence in listed
        if is_found != is_last and (is_found or items.stands_in_changes(key.order_id, entry.at)):
            yield entry.sequence


def _sequence(item: dict[str, Any]) -> int | None:
    """An event's sequence, ``None`` where its sort key is not that of an event."""
    sk = item["sk"]["S"]
    try:
        sequence = keys.event_sequence(sk)
    except ValueError:
        return None
    return sequence if keys.event(sequence) == sk else None


def _version_beside(head: dict[str, Any]) -> int | None:
    try:
        return int(head["version"]["N"])
    except (KeyError, ValueError):
        return None


def _version_inside(head: dict[str, Any]) -> int | None:
    try:
        version = decode(items.body_of(head), dict[str, Any])["version"]
    # Whatever is wrong with it: it doesn't say.
    except Exception:  # noqa: BLE001
        return None
    return version if isinstance(version, int) else None


def _summary(head: dict[str, Any]) -> object:
    try:
        return items.summary(head)
    except Exception:  # noqa: BLE001
        return None


def _is_listed(item: dict[str, Any], at: datetime) -> bool:
    """Whether a change stands in the index of changes, under its shop and the time of its last
    event."""
    shop_id = keys.order_key(item["pk"]["S"]).shop_id
    place = (item.get("change_pk"), item.get("change_sk"))
    return place == ({"S": keys.shop(shop_id)}, {"S": keys.timestamp(at)})
