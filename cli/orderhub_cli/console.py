"""What people and programs get to see: tables for the ones, JSON for the others."""

import json
import os
import sys
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Final

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from orderhub_cli.plain import plain

_PIPED_WIDTH: Final = 200
"""Where nobody's terminal sets a width, lines should not be cut to a terminal's."""


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
    title: str, columns: Sequence[str], rows: Iterable[Sequence[object]], *, numeric: str = ""
) -> None:
    """Write a table. Columns named in ``numeric`` stand to the right; the first one is a name to
    copy, and never folded."""
    table = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False)
    for index, column in enumerate(columns):
        table.add_column(
            column,
            justify="right" if column in numeric.split() else "left",
            overflow="fold",
            no_wrap=index == 0,
        )
    for row in rows:
        table.add_row(*(shown(cell) for cell in row))
    _print_section(title, table)


def print_facts(title: str, facts: Iterable[tuple[str, object]]) -> None:
    """Write names with their values below each other, without those that are empty."""
    grid = Table(box=None, show_header=False, pad_edge=False)
    grid.add_column(style="dim", no_wrap=True)
    grid.add_column(overflow="fold")
    for name, value in facts:
        text = shown(value)
        if text:
            grid.add_row(name, text)
    _print_section(title, grid)


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


def visible(text: str) -> str:
    """``text`` without what would steer a terminal: others wrote it."""
    text = text.expandtabs(4)
    return "".join(char if char.isprintable() or char == "\n" else "�" for char in text)
