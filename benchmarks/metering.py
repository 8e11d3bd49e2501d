"""Counts what a DynamoDB client is asked for, and what that costs.

Two figures for each kind of unit: what the table reported (``ReturnConsumedCapacity``), and what
AWS's published rules make of the bytes that went over the wire. The rules are needed beside the
report, because an emulator doesn't size everything as AWS does.
"""

import math
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Final

READ_UNIT: Final = 4096
WRITE_UNIT: Final = 1024
COUNTED_ENTRY: Final = 400
"""Bytes of an entry of the index of orders by time: a count reads entries and returns none."""
_READS: Final = frozenset({"GetItem", "Query"})


@dataclass
class Meter:
    calls: list[str] = field(default_factory=list)
    reported_reads: float = 0.0
    reported_writes: float = 0.0
    reads: float = 0.0
    """Read units by AWS's rules: 4 KB each, half for eventually consistent reads."""
    writes: float = 0.0
    """Write units by AWS's rules: 1 KB each, twice in a transaction, indexes not included."""
    bytes_read: int = 0
    bytes_written: int = 0


@contextmanager
def metered(client: Any) -> Iterator[Meter]:
    """Meter every call of ``client`` while in this context."""
    meter = Meter()
    events = client.meta.events
    asked: dict[str, Any] = {}

    def ask(params: dict[str, Any], **_: Any) -> None:
        params["ReturnConsumedCapacity"] = "TOTAL"
        asked.clear()
        asked.update(params)

    def count(parsed: dict[str, Any], model: Any, **_: Any) -> None:
        meter.calls.append(model.name)
        if model.name in _READS:
            _count_read(meter, asked, parsed)
        elif model.name == "BatchGetItem":
            _count_batch(meter, asked, parsed)
        else:
            _count_write(meter, asked, parsed)

    events.register("provide-client-params.dynamodb.*", ask)
    events.register("after-call.dynamodb.*", count)
    try:
        yield meter
    finally:
        events.unregister("provide-client-params.dynamodb.*", ask)
        events.unregister("after-call.dynamodb.*", count)


def _count_read(meter: Meter, asked: Mapping[str, Any], parsed: Mapping[str, Any]) -> None:
    found = parsed.get("Items") or [parsed["Item"]] if parsed.get("Item") else parsed.get("Items")
    size = sum(item_size(item) for item in found or [])
    if asked.get("Select") == "COUNT":
        size = parsed["Count"] * COUNTED_ENTRY
    share = 1.0 if asked.get("ConsistentRead") else 0.5
    meter.bytes_read += size
    meter.reads += max(1, math.ceil(size / READ_UNIT)) * share
    meter.reported_reads += parsed["ConsumedCapacity"]["CapacityUnits"]


def _count_batch(meter: Meter, asked: Mapping[str, Any], parsed: Mapping[str, Any]) -> None:
    """Each item of a batch is a read of its own, those that are not there included."""
    for table, request in asked["RequestItems"].items():
        sizes = [item_size(item) for item in parsed["Responses"].get(table, [])]
        sizes += [0] * (len(request["Keys"]) - len(sizes))
        share = 1.0 if request.get("ConsistentRead") else 0.5
        meter.bytes_read += sum(sizes)
        meter.reads += sum(max(1, math.ceil(size / READ_UNIT)) for size in sizes) * share
    for capacity in parsed.get("ConsumedCapacity", []):  # which the emulator leaves out
        meter.reported_reads += capacity["CapacityUnits"]


def _count_write(meter: Meter, asked: Mapping[str, Any], parsed: Mapping[str, Any]) -> None:
    if "TransactItems" in asked:
        written = [write["Put"]["Item"] for write in asked["TransactItems"] if "Put" in write]
        factor = 2
        # What is counted (the stock) is far below a unit.
        meter.writes += factor * sum("Update" in write for write in asked["TransactItems"])
    elif "UpdateExpression" in asked:
        # What an update leaves of an item is no smaller than what it writes.
        names = asked.get("ExpressionAttributeNames", {}).values()
        values = asked.get("ExpressionAttributeValues", {}).values()
        size = item_size(asked["Key"]) + sum(len(name) for name in names)
        size += sum(_value_size(value) for value in values)
        meter.bytes_written += size
        meter.writes += math.ceil(size / WRITE_UNIT)
        written, factor = [], 1
    else:
        written, factor = [asked["Item"]], 1
    for item in written:
        size = item_size(item)
        meter.bytes_written += size
        meter.writes += math.ceil(size / WRITE_UNIT) * factor
    consumed = parsed.get("ConsumedCapacity", [])
    for capacity in consumed if isinstance(consumed, list) else [consumed]:
        meter.reported_writes += capacity["CapacityUnits"]


def item_size(item: Mapping[str, Any]) -> int:
    """Bytes of an item as AWS counts them: names and values."""
    return sum(len(name.encode()) + _value_size(value) for name, value in item.items())


def _value_size(value: Mapping[str, Any]) -> int:
    ((kind, content),) = value.items()
    if kind == "S":
        return len(content.encode())
    if kind == "N":
        return len(content.lstrip("-")) // 2 + 2
    if kind == "B":
        return len(content)
    if kind == "BOOL":
        return 1
    raise ValueError(f"no item of ours has an attribute of type {kind}")
