"""Names that must be unique in a file of orders, and lines that are not to be brought in: as many
as there are, in a file of their own that goes with the process."""

import hashlib
import sqlite3
from collections.abc import Iterable
from typing import Final

from orderhub.domain.details import Reference
from orderhub.domain.identity import default_number
from orderhub.domain.order import Order

_TABLES: Final = """
    PRAGMA journal_mode = OFF;
    PRAGMA synchronous = OFF;
    PRAGMA cache_size = -16384;
    CREATE TABLE names (digest BLOB PRIMARY KEY, line INTEGER) WITHOUT ROWID;
    CREATE TABLE bad (line INTEGER PRIMARY KEY);
"""


class Names:
    """Of the lines of one file that were looked at so far."""

    def __init__(self) -> None:
        # Without a name it is a temporary file, of which a part is in memory.
        self._store = sqlite3.connect("", isolation_level=None, check_same_thread=False)
        self._store.executescript(_TABLES)
        self._store.execute("BEGIN")

    def close(self) -> None:
        self._store.close()

    def taken(self, line: int, names: Iterable[str]) -> list[tuple[str, int]]:
        """Take these names for a line. Those that another line has already, with that line."""
        found = []
        for name in names:
            digest = hashlib.blake2b(name.encode(errors="surrogatepass"), digest_size=16).digest()
            done = self._store.execute(
                "INSERT INTO names VALUES (?, ?) ON CONFLICT DO NOTHING", (digest, line)
            )
            if not done.rowcount:
                query = "SELECT line FROM names WHERE digest = ?"
                ((first,),) = self._store.execute(query, (digest,))
                if first != line:
                    found.append((name, first))
        return found

    def note_bad(self, line: int) -> None:
        """This line is not to be brought in."""
        self._store.execute("INSERT INTO bad VALUES (?)", (line,))

    def is_bad(self, line: int) -> bool:
        query = "SELECT 1 FROM bad WHERE line = ?"
        return self._store.execute(query, (line,)).fetchone() is not None


def names_of(order: Order, claimed: Iterable[Reference], *, has_id: bool) -> list[str]:
    """What no other order of the shop can have: the id if the line says it, and references."""
    names = [f"id {order.id}"] if has_id else []
    names += [f"{name.kind} {name.value} ({name.scope})" for name in claimed]
    if has_id and order.number != default_number(order.id):
        names.append(f"number {order.number}")
    return names
