"""What people and programs get to see: tables for the ones, JSON for the others."""

import json
import os
import sys
from collections.abc import Collection, Iterable, Sequence
from datetime import UTC, datetime
from typing import Final

from rich import box
from rich.cells import cell_len
from rich.console import Console
from rich.table import Table
from rich.text import Text

from orderhub_cli.plain import plain

_PIPED_WIDTH: Final = 200
"""Where nobody's terminal sets a width, lines should not be cut to a terminal's."""

_BETWEEN_COLUMNS: Final = 3
_LONGEST_WORD: Final = 40
"""Longer ones are broken rather than making a table too wide."""


def output() -> Console:
    """The console for answers. Stored text is never read as markup."""
    return _console(to_stderr=False)


def errors() -> Console:
    """The console for complaints and progress."""
    return _console(to_stderr=True)


def _console(*, to_stderr: bool) -> Console:
    stream = sys.stderr if to_stderr else sys.stdout
    fixed = stream.isatty() or "COLUMNS" in os.environ
    return Console(
        stderr=to_stderr,
        markup=False,
        emoji=False,
        highlight=False,
        width=None if fixed else _PIPED_WIDTH,
    )


def print_json(value: object) -> None:
    """Write ``value``, domain objects included, as JSON to stdout."""
    print(json.dumps(plain(value), ensure_ascii=False, indent=2))


def print_done(message: str) -> None:
    """Tell a person that something was done."""
    output().print(Text.assemble(("✓ ", "green"), visible(message)), soft_wrap=True)


def print_note(message: str) -> None:
    """Tell a person something beside the matter."""
    output().print(visible(message), style="dim", soft_wrap=True)


def print_table(
    title: str,
    columns: Sequence[str],
    rows: Iterable[Sequence[object]],
    *,
    numeric: str | Collection[str] = "",
) -> None:
    """Write a table, without the columns in which nothing stands. Columns named in ``numeric``, as
    words in a text or each by itself, stand to the right; the first one is a name to copy, and
    never folded.

    Where the terminal is too narrow for the words in it, each row is written as a list of its own.
    """
    right = numeric.split() if isinstance(numeric, str) else numeric
    texts = [[shown(cell) for cell in row] for row in rows]
    used = [i for i in range(len(columns)) if i == 0 or any(row[i] for row in texts)]
    widths = _widths([[columns[i], *(row[i] for row in texts)] for i in used], output().width)
    if widths is None:
        _print_records(title, [[(columns[i], row[i]) for i in used] for row in texts])
        return
    table = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False)
    for index, width in zip(used, widths, strict=True):
        table.add_column(
            columns[index],
            justify="right" if columns[index] in right else "left",
            overflow="fold",
            no_wrap=index == 0,
            width=width,
        )
    for row in texts:
        table.add_row(*(row[index] for index in used))
    _print_section(title, table)


def _widths(columns: Sequence[Sequence[str]], available: int) -> list[int] | None:
    """How wide each column is, so that all fit and no word is broken but very long ones; ``None``
    where that can't be. Columns are their texts, the title first."""
    widths = [max(map(_longest_line, texts)) for texts in columns]
    least = [
        width if place == 0 else min(max(map(_longest_word, texts)), _LONGEST_WORD)
        for place, (width, texts) in enumerate(zip(widths, columns, strict=True))
    ]
    available -= _BETWEEN_COLUMNS * (len(columns) - 1)
    if sum(least) > available:
        return None
    while sum(widths) > available:
        # The widest gives way, of those that can.
        place = max(range(len(widths)), key=lambda i: (widths[i] > least[i], widths[i]))
        widths[place] -= 1
    return widths


def _longest_line(text: str) -> int:
    return max(map(cell_len, text.split("\n")))


def _longest_word(text: str) -> int:
    return max(map(cell_len, text.split()), default=0)


def _print_records(title: str, records: Iterable[Iterable[tuple[str, str]]]) -> None:
    grid = _facts_grid()
    for index, record in enumerate(records):
        if index:
            grid.add_row("", "")
        for name, text in record:
            if text:
                grid.add_row(name, text)
    _print_section(title, grid)


def print_facts(title: str, facts: Iterable[tuple[str, object]]) -> None:
    """Write names with their values below each other, without those that are empty."""
    grid = _facts_grid()
    for name, value in facts:
        text = shown(value)
        if text:
            grid.add_row(name, text)
    _print_section(title, grid)


def _facts_grid() -> Table:
    grid = Table(box=None, show_header=False, pad_edge=False)
    grid.add_column(style="dim", no_wrap=True)
    grid.add_column(overflow="fold")
    return grid


def _print_section(title: str, content: Table) -> None:
    output().print()
    output().print(visible(title), style="bold")
    output().print(content)


def shown(value: object) -> str:
    """A value as people read it: UTC times to the second, money with its currency."""
    if value is None:
        return ""
    if isinstance(value, datetime):
        return f"{value.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
    if isinstance(value, tuple | list):
        return ", ".join(shown(part) for part in value)
    return visible(str(value))


def counted(count: int, noun: str) -> str:
    """``1 piece``, ``2,000 pieces``."""
    return f"{count:,} {noun if count == 1 else plural(noun)}"


def plural(noun: str) -> str:
    """``orders``, ``companies``, ``days``."""
    if noun.endswith("y") and noun[-2] not in "aeiou":
        return f"{noun[:-1]}ies"
    return f"{noun}s"


def visible(text: str) -> str:
    """``text`` without what would steer a terminal: others wrote it."""
    text = text.expandtabs(4)
    return "".join(char if char.isprintable() or char == "\n" else "�" for char in text)
