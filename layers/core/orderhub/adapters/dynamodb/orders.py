"""Orders in the single table: a header, chunks of lines, events and references.

A change is written as one transaction, whatever it holds; an order is read by one query.
"""

import json
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from itertools import islice
from typing import Any, Final

from botocore.exceptions import ClientError

from orderhub.adapters.system import SystemClock
from orderhub.correlation import correlation_id, note_order
from orderhub.domain import identity
from orderhub.domain.commands import Change
from orderhub.domain.details import Reference
from orderhub.domain.errors import (
    Busy,
    NameIsAnId,
    OutOfStock,
    Reason,
    ReferenceTaken,
    Refused,
)
from orderhub.domain.events import Recorded, claims
from orderhub.domain.identity import MAX_ORDER_ID
from orderhub.domain.order import DeadlineKind, Order
from orderhub.domain.status import OrderStatus
from orderhub.domain.stock import StockItem
from orderhub.ports import (
    Clock,
    Contention,
    DuePage,
    IdTaken,
    OrderKey,
    OrderPage,
    OutgoingEvent,
    VersionConflict,
)

from . import items, keys, stream
from .client import DynamoDBClient, batch_get, batch_put, is_throttling, query, translated

_READ_ATTEMPTS: Final = 5
_LONGEST_TRANSACTION: Final = 100
_NEWEST: Final = 500
"""Keys in one read of an index whose end few readers want."""


class DynamoOrders:
    """:class:`orderhub.ports.OrderRepository` over one table.

    ``due_shards`` is how many partitions the due index is spread over. It may grow, never shrink:
    sweeps read the shards from 0 on. By ``clock`` references outlive their time.
    """

    def __init__(
        self,
        client: DynamoDBClient,
        table: str,
        due_shards: int,
        clock: Clock | None = None,
    ) -> None:
        self._client = client
        self._table = table
        self._due_shards = due_shards
        self._clock = clock or SystemClock()

    # -- reading -------------------------------------------------------------------------------

    def get(self, shop_id: str, order_id: int) -> Order | None:
        for _ in range(_READ_ATTEMPTS):
            found = list(self._query(keys.order(shop_id, order_id), keys.ORDER_HEADER))
            try:
                order = items.order(found)
            except items.TornRead:
                continue
            if order:
                note_order(shop_id, order_id)
            return order
        raise Busy("this order is being written all the time; try again")

    def get_many(self, shop_id: str, order_ids: Sequence[int]) -> Sequence[Order]:
        return self.get_each([OrderKey(shop_id, order_id) for order_id in order_ids])

    def get_each(self, keys_: Sequence[OrderKey]) -> Sequence[Order]:
        wanted = [
            (keys.order(key.shop_id, key.order_id), keys.ORDER_HEADER)
            for key in dict.fromkeys(keys_)
        ]
        found = {}
        for head in batch_get(self._client, self._table, wanted):
            key = keys.order_key(head["pk"]["S"])
            try:
                order = items.order([head])
            except items.TornRead:
                # A long one, whose lines stand beside it.
                order = self.get(key.shop_id, key.order_id)
            if order:
                found[key] = order
        return [found[key] for key in keys_ if key in found]

    def glimpse(self, keys_: Sequence[OrderKey]) -> Sequence[Order]:
        wanted = [
            (keys.order(key.shop_id, key.order_id), keys.ORDER_HEADER)
            for key in dict.fromkeys(keys_)
        ]
        heads = batch_get(self._client, self._table, wanted)
        return [order for head in heads if (order := _order_of(head))]

    def get_with_history(
        self, shop_id: str, order_id: int
    ) -> tuple[Order, Sequence[Recorded]] | None:
        for _ in range(_READ_ATTEMPTS):
            history: list[Recorded] = []
            parts = []
            for item in self._query(keys.order(shop_id, order_id)):
                sk = item["sk"]["S"]
                if sk.startswith(keys.EVENT_PREFIX):
                    history += items.recorded(item)
                elif sk.startswith(keys.ORDER_HEADER):
                    parts.append(item)
            try:
                order = items.order(parts)
            except items.TornRead:
                continue
            if order is None:
                return None
            if len(history) >= order.version:
                note_order(shop_id, order_id)
                # What was written between two pages of the query is left for the next time.
                return order, history[: order.version]
        raise Busy("this order is being written all the time; try again")

    def named(self, shop_id: str, kind: str, value: str) -> Sequence[tuple[Reference, int]]:
        now = self._clock.now()
        return [
            (keys.reference_in(item["pk"]["S"], item["sk"]["S"]), order_id)
            for item in self._query(keys.reference(shop_id, kind, value), keys.scope(""))
            if not items.has_expired(item, now) and (order_id := items.leads_to(item)) is not None
        ]

    def history(self, shop_id: str, order_id: int) -> Iterator[Recorded]:
        for item in self._query(keys.order(shop_id, order_id), keys.EVENT_PREFIX):
            yield from items.recorded(item)

    def outgoing(self, shop_id: str, order_id: int) -> Iterator[OutgoingEvent]:
        for item in self._query(keys.order(shop_id, order_id), keys.EVENT_PREFIX):
            yield from stream.outgoing(item)

    def page(
        self,
        shop_id: str,
        *,
        after_id: int = 0,
        before_id: int | None = None,
        limit: int = 50,
        newest_first: bool = False,
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
                ScanIndexForward=not newest_first,
                Limit=limit,
            )
        last = answer.get("LastEvaluatedKey")
        return OrderPage(
            tuple(items.summary(item) for item in answer["Items"]),
            int(last["listing_sk"]["N"]) if last else None,
        )

    def count(self, shop_id: str, *, after_id: int, before_id: int) -> int:
        if before_id <= after_id + 1:
            return 0
        pages = self._pages(
            IndexName=keys.BY_TIME_INDEX,
            Select="COUNT",
            KeyConditionExpression="listing_pk = :shop AND listing_sk BETWEEN :first AND :last",
            ExpressionAttributeValues={
                ":shop": {"S": keys.shop(shop_id)},
                ":first": {"N": str(after_id + 1)},
                ":last": {"N": str(before_id - 1)},
            },
        )
        return sum(page["Count"] for page in pages)

    def sold_by(
        self, shop_id: str, seller_id: str, *, before_id: int | None = None, limit: int
    ) -> Sequence[int]:
        before = MAX_ORDER_ID + 1 if before_id is None else before_id
        pages = self._pages(
            IndexName=keys.BY_SELLER_INDEX,
            KeyConditionExpression="seller_pk = :seller AND listing_sk < :before",
            ExpressionAttributeValues={
                ":seller": {"S": keys.seller(shop_id, seller_id)},
                ":before": {"N": str(before)},
            },
            ScanIndexForward=False,
            Limit=limit,
        )
        return list(islice(_listed_ids(pages), limit))

    def of_customer(
        self, shop_id: str, number: int, *, after_id: int, before_id: int
    ) -> Iterator[int]:
        if before_id <= after_id + 1:
            return iter(())
        return _listed_ids(
            self._pages(
                IndexName=keys.BY_CUSTOMER_INDEX,
                KeyConditionExpression=(
                    "customer_pk = :customer AND listing_sk BETWEEN :first AND :last"
                ),
                ExpressionAttributeValues={
                    ":customer": {"S": keys.customer(shop_id, number)},
                    ":first": {"N": str(after_id + 1)},
                    ":last": {"N": str(before_id - 1)},
                },
            )
        )

    def on_desk(self, shop_id: str, *, is_filed: bool, status: OrderStatus) -> Iterator[int]:
        partition = keys.desk(shop_id, is_filed=is_filed, status=status)
        return _listed_ids(
            self._pages(
                IndexName=keys.DESK_INDEX,
                KeyConditionExpression="desk_pk = :desk",
                ExpressionAttributeValues={":desk": {"S": partition}},
                ScanIndexForward=False,
                Limit=_NEWEST,
            )
        )

    def bought_by(self, buying_shop_id: str) -> Iterator[OrderKey]:
        if len(buying_shop_id.encode()) > keys.LONGEST_SHOP_ID:
            return
        pages = self._pages(
            IndexName=keys.BY_BUYER_INDEX,
            KeyConditionExpression="buyer_pk = :buyer",
            ExpressionAttributeValues={":buyer": {"S": keys.bought_by(buying_shop_id)}},
            ScanIndexForward=False,
            Limit=_NEWEST,
        )
        for page in pages:
            for item in page["Items"]:
                yield keys.order_key(item["pk"]["S"])

    def bought(self, buying_shop_id: str, order_id: int) -> Sequence[OrderKey]:
        if len(buying_shop_id.encode()) > keys.LONGEST_SHOP_ID:
            return []
        pages = self._pages(
            IndexName=keys.BY_BUYER_INDEX,
            KeyConditionExpression="buyer_pk = :buyer AND listing_sk = :id",
            ExpressionAttributeValues={
                ":buyer": {"S": keys.bought_by(buying_shop_id)},
                ":id": {"N": str(order_id)},
            },
        )
        return [keys.order_key(item["pk"]["S"]) for page in pages for item in page["Items"]]

    def changed(self, shop_id: str, since: datetime, until: datetime | None) -> Iterator[int]:
        # Text order is time order; '~' comes after every digit.
        last = keys.timestamp(until) if until else "~"
        first = keys.timestamp(since)
        if last < first:
            return
        pages = self._pages(
            IndexName=keys.CHANGES_INDEX,
            KeyConditionExpression="change_pk = :shop AND change_sk BETWEEN :first AND :last",
            ExpressionAttributeValues={
                ":shop": {"S": keys.shop(shop_id)},
                ":first": {"S": first},
                ":last": {"S": last},
            },
        )
        for page in pages:
            for item in page["Items"]:
                yield keys.order_key(item["pk"]["S"]).order_id

    def _pages(self, **asked: Any) -> Iterator[dict[str, Any]]:
        """The answers to a query, read as they are asked for."""
        start: dict[str, Any] = {}
        while True:
            with translated():
                answer = self._client.query(TableName=self._table, **asked, **start)
            yield dict(answer)
            last = answer.get("LastEvaluatedKey")
            if not last:
                return
            start = {"ExclusiveStartKey": last}

    def due(
        self, kind: DeadlineKind, shard: int, until: datetime, *, limit: int, cursor: str | None
    ) -> DuePage:
        partition = keys.due_partition(kind, shard)
        start: dict[str, Any] = {}
        if cursor:
            start["ExclusiveStartKey"] = {"due_pk": {"S": partition}, **_due_key(cursor)}
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
        found: list[tuple[OrderKey, datetime]] = []
        unreadable: list[str] = []
        for item in answer["Items"]:
            sort = item["due_sk"]["S"]
            try:
                found.append((keys.due_order(sort), keys.due_time(sort)))
            except ValueError:
                unreadable.append(f"{item['pk']['S']} {sort}")
        last = answer.get("LastEvaluatedKey")
        return DuePage(
            tuple(key for key, _ in found),
            _due_cursor(last) if last else None,
            tuple(at for _, at in found),
            tuple(unreadable),
        )

    def _query(self, pk: str, prefix: str = "") -> Iterator[dict[str, Any]]:
        return query(self._client, self._table, pk, prefix)

    # -- writing -------------------------------------------------------------------------------

    def commit(self, change: Change) -> None:
        writes, claimed = self._writes(change)
        note_order(change.order.shop_id, change.order.id)
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

    def put_all(self, changes: Iterable[Change]) -> None:
        """Write new orders in batches: what :meth:`commit` writes of each, on no condition.

        For ids and names that are known to be free, and while nobody reads the orders: one may be
        there in part until all are. They take nothing from the stock.
        """
        batch_put(
            self._client,
            self._table,
            (
                write["Put"]["Item"]
                for change in changes
                for write in self._writes(change)[0]
                if "Put" in write
            ),
        )

    def _claim(self, order: Order, name: Reference) -> dict[str, Any]:
        now = self._clock.now()
        claim: dict[str, Any] = {
            "TableName": self._table,
            "Item": items.reference(order.shop_id, name, order.id, now),
            "ConditionExpression": "attribute_not_exists(pk)",
            "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
        }
        if name.lifetime is not None:
            # The table deletes what expired within days; it is free at once.
            claim["ConditionExpression"] += f" OR {keys.EXPIRES_AT} <= :now"
            claim["ExpressionAttributeValues"] = {":now": {"N": str(math.floor(now.timestamp()))}}
        return {"Put": claim}

    def _stock_update(self, shop_id: str, item: StockItem, taken: int) -> dict[str, Any]:
        """Take so many pieces, or give them back where that is negative."""
        update: dict[str, Any] = {
            "TableName": self._table,
            "Key": {"pk": {"S": keys.stock(shop_id, *item)}, "sk": {"S": keys.STOCK_ITEM}},
            "UpdateExpression": "ADD quantity :pieces",
            "ExpressionAttributeValues": {":pieces": {"N": str(abs(taken))}},
        }
        if taken > 0:
            update["UpdateExpression"] = "SET quantity = quantity - :pieces"
            update["ConditionExpression"] = "quantity >= :pieces"
        return {"Update": update}

    def _writes(self, change: Change) -> tuple[list[Any], list[Reference]]:
        """The transaction's items: the header first, then the references and what they must not
        be, then the stock, then the rest."""
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
        writes.extend(self._claim(after, name) for name in claimed)
        writes.extend(self._no_such_order(after.shop_id, id_) for _, id_ in _ids_in(claimed, after))
        writes.extend(
            self._stock_update(after.shop_id, item, taken)
            for item, taken in _stock_changes(change).items()
        )
        happened = items.events(
            after, change.recorded, is_quiet=change.is_quiet, cause=correlation_id()
        )
        for item in happened:
            event: dict[str, Any] = {
                "TableName": self._table,
                "Item": item,
                "ConditionExpression": "attribute_not_exists(pk)",
            }
            writes.append({"Put": event})
        stored = items.chunks(before.lines) if before else {}
        for sk, lines in items.chunks(after.lines).items():
            if stored.get(sk) != lines:
                item = items.lines_chunk(after, sk, lines)
                writes.append({"Put": {"TableName": self._table, "Item": item}})
        if len(writes) > _LONGEST_TRANSACTION:
            raise Refused(Reason.ORDER_TOO_LARGE, "too much for one transaction")
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


def _order_of(head: dict[str, Any]) -> Order | None:
    """The order of a header that holds all of it and can be read."""
    try:
        return items.order([head])
    # Whatever is wrong with it: who needs it reads it alone, and is told.
    except Exception:  # noqa: BLE001
        return None


def _listed_ids(pages: Iterable[dict[str, Any]]) -> Iterator[int]:
    for page in pages:
        for item in page["Items"]:
            yield int(item["listing_sk"]["N"])


def _ids_in(claimed: Sequence[Reference], order: Order) -> list[tuple[Reference, int]]:
    """Those names for ``order`` that could be another order's id or number, with that id."""
    found = []
    for name in claimed:
        order_id = identity.order_id_in(name.value) if name.kind == "order" else None
        if order_id is not None and order_id != order.id:
            found.append((name, order_id))
    return found


def _stock_changes(change: Change) -> dict[StockItem, int]:
    """How many pieces of what the order holds more than before; negative where it is less."""
    held = {} if change.before is None else {t.item: t.quantity for t in change.before.stock_taken}
    holds = {taken.item: taken.quantity for taken in change.order.stock_taken}
    more = {item: holds.get(item, 0) - held.get(item, 0) for item in {**held, **holds}}
    return {item: taken for item, taken in more.items() if taken}


_DUE_KEY: Final = ("due_sk", "pk", "sk")


def _due_cursor(last: Mapping[str, Any]) -> str:
    """Where to read on. It holds the whole key, since that of a damaged entry may say anything."""
    return json.dumps([last[name]["S"] for name in _DUE_KEY])


def _due_key(cursor: str) -> dict[str, Any]:
    """The inverse of :func:`_due_cursor`."""
    return {name: {"S": value} for name, value in zip(_DUE_KEY, json.loads(cursor), strict=True)}


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
            owner = items.leads_to(reasons[index]["Item"])
            if owner is None:
                # A damaged name that leads nowhere: another attempt can't have it either.
                return Busy("this name is damaged in the table; try again later")
            if owner == change.order.id:
                # This very change was written before and its answer was lost.
                return VersionConflict()
            return ReferenceTaken(name.kind, name.scope, name.value, owner)
    ids = _ids_in(claimed, change.order)
    for index, (name, _) in enumerate(ids, start=1 + len(claimed)):
        if codes[index] == failed:
            return NameIsAnId(name.value)
    if codes[0] == failed:
        return IdTaken()
    stock_begins = 1 + len(claimed) + len(ids)
    short = tuple(
        item
        for index, item in enumerate(_stock_changes(change), start=stock_begins)
        if codes[index] == failed
    )
    # A name that is just being claimed may be a repeat of this very order, which took the stock.
    if short and "TransactionConflict" not in codes[:stock_begins]:
        return OutOfStock(short)
    if "TransactionConflict" in codes or failed in codes:
        return Contention()
    if any(is_throttling(code) for code in codes):
        return Busy("the table is throttled; try again")
    # Nothing that another attempt would mend.
    return RuntimeError(f"the table refused a transaction: {codes}")
