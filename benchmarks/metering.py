"""Counts what a DynamoDB client is asked for, and what AWS bills for that.

Units follow from the items themselves (:mod:`benchmarks.units`): of each item that is written the
meter looks up what was there before and what is there afterwards, and of each query what it looked
at, so that any DynamoDB, emulated or not, gives the same figures.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any

from benchmarks.units import (
    Index,
    Item,
    index_units,
    indexes,
    item_size,
    read_units,
    total_size,
    write_units,
)

Request = Mapping[str, Any]
Answer = Mapping[str, Any]
Ask = Callable[[str, Request], Answer]
"""Asks the table itself: an action of DynamoDB, such as ``GetItem``, and its request."""

_NARROWING = frozenset(
    {"Select", "ProjectionExpression", "FilterExpression", "ReturnConsumedCapacity"}
)
"""What keeps a query from returning all that it reads, and is billed for."""
_PLACEHOLDER = re.compile(r"[:#]\w+")


@dataclass(frozen=True)
class _Written:
    """One item that a call writes: where it stands and what stood there."""

    table: str
    key: Item
    before: Item | None


@dataclass
class Meter:
    """What was asked, and what is billed for it; ``ask`` is how the meter itself looks."""

    ask: Ask = field(repr=False)
    calls: list[str] = field(default_factory=list)
    reads: float = 0.0
    """Read units."""
    writes: float = 0.0
    """Write units of the table itself."""
    index_writes: float = 0.0
    """Write units of its indexes."""
    bytes_read: int = 0
    bytes_written: int = 0
    _described: dict[str, Answer] = field(default_factory=dict, repr=False)

    def begin(self, action: str, request: Request) -> Callable[[Answer | None], None]:
        """To be told of a call before it is made. What is returned takes its answer, or None when
        it was refused."""
        written = [
            _Written(table, key, self._item(table, key))
            for table, key in self._to_write(action, request)
        ]

        def told(answer: Answer | None) -> None:
            self.calls.append(action)
            if action in _WRITES:
                self._count_writes(written, request, is_refused=answer is None)
            elif answer is not None:
                self._count_reads(action, request, answer)

        return told

    # -- writes

    def _to_write(self, action: str, request: Request) -> Iterator[tuple[str, Item]]:
        if action not in _WRITES:
            return
        for write in _single_writes(request):
            key = write.get("Key") or self._key_of(write["TableName"], write["Item"])
            yield write["TableName"], key

    def _count_writes(
        self, written: Sequence[_Written], request: Request, *, is_refused: bool
    ) -> None:
        factor = 2 if "TransactItems" in request else 1
        for each, write in zip(written, _single_writes(request), strict=True):
            # What is refused is billed all the same, by the size of what was to be written.
            after = write.get("Item") if is_refused else self._item(each.table, each.key)
            if not is_refused:
                known = self._indexes(each.table)
                self.index_writes += index_units(each.before, after, known)
            self.writes += factor * write_units(each.before, after)
            self.bytes_written += item_size(after or {})

    # -- reads

    def _count_reads(self, action: str, request: Request, answer: Answer) -> None:
        if action == "BatchGetItem":
            for table, asked in request["RequestItems"].items():
                found = answer["Responses"].get(table, [])
                self._count_each(found, len(asked["Keys"]), asked)
        elif action == "GetItem":
            self._count_each([answer["Item"]] if "Item" in answer else [], 1, request)
        elif action == "Query":
            size = total_size(self._looked_at(request, answer))
            self.bytes_read += size
            self.reads += read_units(size, consistent=request.get("ConsistentRead", False))

    def _count_each(self, found: Sequence[Item], asked: int, request: Request) -> None:
        """Each item is a read of its own, those that are not there included."""
        sizes = [item_size(item) for item in found] + [0] * (asked - len(found))
        consistent = request.get("ConsistentRead", False)
        self.bytes_read += sum(sizes)
        self.reads += sum(read_units(size, consistent=consistent) for size in sizes)

    def _looked_at(self, request: Request, answer: Answer) -> Sequence[Item]:
        if _NARROWING & request.keys():
            answer = self.ask("Query", _unnarrowed(request))
        index = self._index(request)
        return [
            entry for item in answer["Items"] if (entry := index.entry(item) if index else item)
        ]

    # -- the table

    def _item(self, table: str, key: Item) -> Item | None:
        wanted = {"TableName": table, "Key": key, "ConsistentRead": True}
        found: Item | None = self.ask("GetItem", wanted).get("Item")
        return found

    def _key_of(self, table: str, item: Item) -> Item:
        return {key["AttributeName"]: item[key["AttributeName"]] for key in self._keys(table)}

    def _keys(self, table: str) -> Sequence[Mapping[str, str]]:
        keys: Sequence[Mapping[str, str]] = self._description(table)["KeySchema"]
        return keys

    def _indexes(self, table: str) -> tuple[Index, ...]:
        return indexes(self._description(table))

    def _index(self, request: Request) -> Index | None:
        known = self._indexes(request["TableName"]) if "IndexName" in request else ()
        return next((index for index in known if index.name == request["IndexName"]), None)

    def _description(self, table: str) -> Answer:
        if table not in self._described:
            self._described[table] = self.ask("DescribeTable", {"TableName": table})["Table"]
        return self._described[table]


_WRITES = frozenset({"PutItem", "UpdateItem", "DeleteItem", "TransactWriteItems", "BatchWriteItem"})


def _single_writes(request: Request) -> list[Request]:
    """Each with its ``TableName``, and ``Item`` or ``Key``."""
    if "TransactItems" in request:
        return [write for item in request["TransactItems"] for write in item.values()]
    if "RequestItems" in request:
        return [
            {"TableName": table, **write}
            for table, items in request["RequestItems"].items()
            for item in items
            for write in item.values()
        ]
    return [request]


def _unnarrowed(request: Request) -> Request:
    """The query that returns all that ``request`` looks at."""
    whole = {name: value for name, value in request.items() if name not in _NARROWING}
    used = set(_PLACEHOLDER.findall(request["KeyConditionExpression"]))
    for given in ("ExpressionAttributeNames", "ExpressionAttributeValues"):
        # DynamoDB refuses those that no expression has.
        kept = {name: value for name, value in whole.pop(given, {}).items() if name in used}
        if kept:
            whole[given] = kept
    return whole


def in_words(calls: Sequence[str]) -> str:
    """``2 GetItem + Query`` for two reads of an item and then a query."""
    runs = ((name, len(list(same))) for name, same in groupby(calls))
    return " + ".join(name if n == 1 else f"{n} {name}" for name, n in runs) or "none"


@contextmanager
def metered(client: Any) -> Iterator[Meter]:
    """Meter every call of a boto3 ``client`` while in this context."""
    names = {action: method for method, action in client.meta.method_to_api_mapping.items()}
    is_ours = False

    def ask(action: str, request: Request) -> Answer:
        nonlocal is_ours
        is_ours = True
        try:
            answer: Answer = getattr(client, names[action])(**request)
        finally:
            is_ours = False
        return answer

    meter, events = Meter(ask), client.meta.events
    under_way: list[Any] = []

    def begin(params: Request, model: Any, **_: Any) -> None:
        if not is_ours:
            under_way.append(meter.begin(model.name, dict(params)))

    def end(parsed: Answer, http_response: Any, **_: Any) -> None:
        if not is_ours:
            under_way.pop()(parsed if http_response.status_code == 200 else None)

    events.register("provide-client-params.dynamodb.*", begin)
    events.register("after-call.dynamodb.*", end)
    try:
        yield meter
    finally:
        events.unregister("provide-client-params.dynamodb.*", begin)
        events.unregister("after-call.dynamodb.*", end)
