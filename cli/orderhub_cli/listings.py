"""What the commands that list things of a shop have in common."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from orderhub.ports import Listed, ListKind
from orderhub.services.directory import list_of_shop
from orderhub_cli.connection import connected
from orderhub_cli.console import print_json, print_note, print_table
from orderhub_cli.plain import plain

if TYPE_CHECKING:
    from orderhub.bootstrap import Application

Search = Annotated[
    str,
    typer.Option(
        metavar="TEXT", help="Those with this in their id, name or number, in capitals or not."
    ),
]
Limit = Annotated[int, typer.Option(min=1, max=10_000, help="How many at most.")]
After = Annotated[str, typer.Option(metavar="ID", help="Where to read on: behind this id.")]
AfterNumber = Annotated[
    int | None, typer.Option(metavar="ID", min=1, help="Where to read on: behind this id.")
]


def print_listed(
    context: typer.Context,
    shop_id: str,
    kind: ListKind,
    columns: Sequence[tuple[str, str]],
    *,
    search: str,
    limit: int,
    after: str,
    as_json: bool,
    numeric: str = "",
) -> None:
    """Write what a shop has of one kind. ``columns`` are titles with the names of facts; ``id``
    and ``name`` are such."""
    at: Application = connected(context)
    found, read_on = list_of_shop(
        at.directory, at.shops, shop_id, kind, part=search, after=after, limit=limit
    )
    if as_json:
        print_json({kind.value: [as_plain(each) for each in found], "next_after": read_on})
        return
    if not found:
        print_note(f"No {kind.value}.")
        return
    rows = [[_fact(each, fact) for _, fact in columns] for each in found]
    title = f"{kind.value.capitalize()} of shop {shop_id}"
    print_table(title, [column for column, _ in columns], rows, numeric=numeric)
    if read_on is not None:
        print_note(f"Read on with --after {read_on}.")


def as_plain(listed: Listed) -> dict[str, object]:
    """An entry with its facts beside its id."""
    named: dict[str, object] = {"id": listed.id}
    if listed.name:
        named["name"] = listed.name
    told: dict[str, object] = plain({**named, **listed.facts})
    return told


def _fact(listed: Listed, fact: str) -> object:
    return {"id": listed.id, "name": listed.name, **listed.facts}.get(fact)
