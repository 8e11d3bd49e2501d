"""A table of DynamoDB in SQLite: items sorted by their keys, and by those of each index."""

import json
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from typing import Any, Final

from benchmarks.units import Index, Item, indexes

Key = str | int
"""Text or a whole number of 64 bits, as all of our keys are. SQLite sorts them as DynamoDB does:
text by its bytes, numbers by their value."""

_AFTER_EVERY_PREFIX: Final = "\U0010ffff"
_COMPARISONS: Final = {
    "=": "= ?",
    "<": "< ?",
    "<=": "<= ?",
    ">": "> ?",
    ">=": ">= ?",
    "BETWEEN": "BETWEEN ? AND ?",
    "BEGINS_WITH": "BETWEEN ? AND ?",
}


@dataclass(frozen=True)
class Range:
    """What a query asks of the sort key: a comparison of DynamoDB's and what to compare with."""

    comparison: str
    values: tuple[Key, ...]

    @property
    def sql(self) -> str:
        return _COMPARISONS[self.comparison]

    @property
    def bounds(self) -> tuple[Key, ...]:
        if self.comparison == "BEGINS_WITH":
            (prefix,) = self.values
            return prefix, f"{prefix}{_AFTER_EVERY_PREFIX}"
        return self.values


class SortedTable:
    """``description`` is what ``CreateTable`` was asked for. The table and all of its indexes have
    a partition key and a sort key."""

    def __init__(
        self, database: sqlite3.Connection, number: int, description: Mapping[str, Any]
    ) -> None:
        self.description = description
        self.types: Mapping[str, str] = {
            attribute["AttributeName"]: attribute["AttributeType"]
            for attribute in description["AttributeDefinitions"]
        }
        partition, sort = (key["AttributeName"] for key in description["KeySchema"])
        self.keys: tuple[str, ...] = (partition, sort)
        self.indexes = {index.name: index for index in indexes(description)}
        self.index_keys = {key for index in self.indexes.values() for key in index.keys}
        self._database = database
        self._name = f"items_{number}"
        self._columns = tuple(self.types)
        self._put = self._upsert()
        self._create()

    def _create(self) -> None:
        columns = ", ".join(_quoted(column) for column in self._columns)
        key = ", ".join(map(_quoted, self.keys))
        self._database.execute(f"CREATE TABLE {self._name} (item, {columns}, UNIQUE ({key}))")
        for number, index in enumerate(self.indexes.values()):
            order = ", ".join(map(_quoted, (*index.keys, *self.keys)))
            is_in = " AND ".join(f"{_quoted(name)} IS NOT NULL" for name in index.keys)
            self._database.execute(
                f"CREATE INDEX {self._name}_{number} ON {self._name} ({order}) WHERE {is_in}"
            )

    def _upsert(self) -> str:
        columns = ("item", *self._columns)
        names = ", ".join(map(_quoted, columns))
        key = ", ".join(map(_quoted, self.keys))
        values = ", ".join("?" * len(columns))
        changes = ", ".join(
            f"{_quoted(name)} = excluded.{_quoted(name)}"
            for name in columns
            if name not in self.keys
        )
        return (
            f"INSERT INTO {self._name} ({names}) VALUES ({values}) "  # noqa: S608 - our own names
            f"ON CONFLICT ({key}) DO UPDATE SET {changes}"
        )

    def drop(self) -> None:
        self._database.execute(f"DROP TABLE {self._name}")

    def key_of(self, item: Item) -> Item:
        return {name: item[name] for name in self.keys}

    def get(self, key: Item) -> Item | None:
        found = self._database.execute(
            f"SELECT item FROM {self._name} WHERE {self._is_this}",  # noqa: S608 - our own names
            self._values(key, self.keys),
        ).fetchone()
        return json.loads(found[0]) if found else None

    def put(self, item: Item) -> None:
        text = json.dumps(item, ensure_ascii=False, separators=(",", ":"))
        self._database.execute(self._put, (text, *self._values(item, self._columns)))

    def delete(self, key: Item) -> None:
        self._database.execute(
            f"DELETE FROM {self._name} WHERE {self._is_this}",  # noqa: S608 - our own names
            self._values(key, self.keys),
        )

    def find(
        self,
        index: Index | None,
        partition: Key,
        sort: Range | None,
        *,
        is_forward: bool,
        after: Item | None,
    ) -> Iterator[Item]:
        """The items of a partition, or what the index holds of them, in the order of their sort
        keys, from behind ``after`` on. Read as they are asked for."""
        partition_key, sort_key = index.keys if index else self.keys
        order = [sort_key, *self.keys] if index else [sort_key]
        where = [f"{_quoted(partition_key)} = ?"]
        values: list[Key | None] = [partition]
        where.append(f"{_quoted(sort_key)} {sort.sql if sort else 'IS NOT NULL'}")
        values += sort.bounds if sort else ()
        if after:
            behind = ", ".join(map(_quoted, order))
            marks = ", ".join("?" * len(order))
            where.append(f"({behind}) {'>' if is_forward else '<'} ({marks})")
            values += self._values(after, order)
        direction = "ASC" if is_forward else "DESC"
        ordered = ", ".join(f"{_quoted(name)} {direction}" for name in order)
        found = self._database.execute(
            f"SELECT item FROM {self._name} WHERE {' AND '.join(where)} "  # noqa: S608 - as above
            f"ORDER BY {ordered}",
            values,
        )
        with closing(found):
            for (text,) in found:
                item = json.loads(text)
                yield index.entry(item) or {} if index else item

    @property
    def _is_this(self) -> str:
        return " AND ".join(f"{_quoted(name)} = ?" for name in self.keys)

    def _values(self, item: Item, names: Sequence[str]) -> list[Key | None]:
        return [key_value(item[name]) if name in item else None for name in names]


def key_value(value: Mapping[str, str]) -> Key:
    """A key as it is stored: ``{"S": "demo"}`` is text, ``{"N": "17"}`` a number."""
    ((kind, content),) = value.items()
    return int(content) if kind == "N" else content


def _quoted(name: str) -> str:
    return '"{}"'.format(name.replace('"', '""'))
