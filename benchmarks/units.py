"""What DynamoDB bills, by AWS's published rules, from the items that a call reads or writes.

Items are as clients send them (``{"pk": {"S": "…"}}``); binary values may be bytes, or base64 as
they go over the wire. An emulator's own report is no use here: none sizes everything as AWS does.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

READ_UNIT: Final = 4096
WRITE_UNIT: Final = 1024

Item = Mapping[str, Any]

_DOCUMENT: Final = 3
"""Bytes that a list or a map costs beside what it holds; each of its elements costs one more."""


@dataclass(frozen=True)
class Index:
    """A global secondary index: its keys, and what it holds beside all keys."""

    name: str
    keys: tuple[str, ...]
    table_keys: tuple[str, ...]
    projected: tuple[str, ...] | None
    """Attributes beside keys; None: the whole item."""

    def entry(self, item: Item | None) -> Item | None:
        """What the index holds of an item: nothing when a key of the index is missing."""
        if item is None or not all(key in item for key in self.keys):
            return None
        if self.projected is None:
            return item
        held = {*self.keys, *self.table_keys, *self.projected}
        return {name: value for name, value in item.items() if name in held}


def indexes(description: Mapping[str, Any]) -> tuple[Index, ...]:
    """The indexes of a table, from what ``DescribeTable`` says of it."""
    table_keys = tuple(key["AttributeName"] for key in description["KeySchema"])
    return tuple(
        Index(
            name=index["IndexName"],
            keys=tuple(key["AttributeName"] for key in index["KeySchema"]),
            table_keys=table_keys,
            projected=_projected(index["Projection"]),
        )
        for index in description.get("GlobalSecondaryIndexes", [])
    )


def _projected(projection: Mapping[str, Any]) -> tuple[str, ...] | None:
    if projection["ProjectionType"] == "ALL":
        return None
    return tuple(projection.get("NonKeyAttributes", ()))


def read_units(size: int, *, consistent: bool) -> float:
    """For ``size`` bytes that are read at once: one item, or all that a query looks at."""
    return max(1, math.ceil(size / READ_UNIT)) * (1.0 if consistent else 0.5)


def write_units(before: Item | None, after: Item | None) -> int:
    """For one item that is put, updated or deleted, its indexes aside: the larger of what was
    there and what is there now. A transaction doubles it."""
    size = max(item_size(item) for item in (before or {}, after or {}))
    return max(1, math.ceil(size / WRITE_UNIT))


def index_units(before: Item | None, after: Item | None, known: Iterable[Index]) -> int:
    """What a write of one item costs in the table's indexes: an entry that is new or gone is one
    write, one whose key changes two, one whose attributes change one, any other none. Transactions
    double nothing here."""
    return sum(_entry_units(index, index.entry(before), index.entry(after)) for index in known)


def _entry_units(index: Index, before: Item | None, after: Item | None) -> int:
    if before == after:
        return 0
    if before is None or after is None or all(before[key] == after[key] for key in index.keys):
        return write_units(before, after)
    return write_units(before, None) + write_units(None, after)


def total_size(items: Sequence[Item]) -> int:
    return sum(item_size(item) for item in items)


def item_size(item: Item) -> int:
    """Bytes of an item as AWS counts them: names and values."""
    return sum(len(name.encode()) + _value_size(value) for name, value in item.items())


def _value_size(value: Mapping[str, Any]) -> int:
    ((kind, content),) = value.items()
    match kind:
        case "S":
            return len(content.encode())
        case "N":
            return _number_size(content)
        case "B":
            return _binary_size(content)
        case "BOOL" | "NULL":
            return 1
        case "SS" | "NS" | "BS":
            return sum(_value_size({kind[0]: element}) for element in content)
        case "L":
            return _DOCUMENT + sum(1 + _value_size(element) for element in content)
        case "M":
            return _DOCUMENT + len(content) + item_size(content)
    raise ValueError(f"DynamoDB has no attributes of type {kind}")


def _number_size(digits: str) -> int:
    """One byte for two significant digits, one more, and one for a minus."""
    significant = digits.lstrip("-+").lower().partition("e")[0].replace(".", "").strip("0")
    return (len(significant) + 1) // 2 + 1 + digits.startswith("-")


def _binary_size(content: bytes | str) -> int:
    if isinstance(content, str):
        return len(content) * 3 // 4 - content.count("=")
    return len(content)
