"""``orderhub due``: what the clock has to close."""

from datetime import timedelta
from typing import Annotated, Final

import typer

from orderhub.domain.order import DeadlineKind
from orderhub.services import manage_shops
from orderhub.services.due import DueOfKind, what_is_due
from orderhub_cli import arguments, durations
from orderhub_cli.arguments import AsJson
from orderhub_cli.connection import connected_for_sweeping
from orderhub_cli.console import print_json, print_note, print_table
from orderhub_cli.failures import REFUSED, complain
from orderhub_cli.help import examples

app = typer.Typer()

_EXAMPLES: Final = examples(
    "orderhub due",
    "orderhub due --kind payment_timeout --within 1h",
    "orderhub due --shop demo --json",
    "orderhub due --late 10m",
)


@app.command(epilog=_EXAMPLES)
def due(
    context: typer.Context,
    kind: Annotated[
        DeadlineKind | None, typer.Option(help="One kind of deadline.", show_default="all")
    ] = None,
    shop_id: Annotated[
        str,
        typer.Option(
            "--shop",
            metavar="SHOP",
            help="One shop.",
            show_default="all",
            callback=lambda text: arguments.identifier(text) if text else text,
        ),
    ] = "",
    within: Annotated[str, arguments.window("--within", "Also what falls due so soon.")] = "1h",
    late: Annotated[
        str | None,
        arguments.window("--late", "Exit with 1 if anything has been due for longer than this."),
    ] = None,
    limit: Annotated[int, typer.Option(min=0, max=1000, help="How many orders to list.")] = 20,
    as_json: AsJson = False,
) -> None:
    """Show which orders' deadlines have passed and are not written down yet, and which come next.

    Deadlines hold from their millisecond on, whatever stands here: these are what the closing
    machines take up next. Up to 10,000 entries of each kind are read.
    """
    ahead = timedelta(seconds=_seconds("--within", within))
    longest = _seconds("--late", late) if late else None
    at = connected_for_sweeping(context)
    if shop_id:
        manage_shops.require_shop(at.shops, shop_id)
    found = [
        what_is_due(
            at.desk,
            each,
            shards=at.settings.due_shards,
            within=ahead,
            shop_id=shop_id,
            listed=limit,
        )
        for each in ([kind] if kind else DeadlineKind)
    ]
    if as_json:
        print_json({"now": found[0].now, "within": within, "kinds": [_plain(of) for of in found]})
    else:
        _print(found, within)
    too_late = [of.kind.value for of in found if longest is not None and of.late > longest]
    if too_late:
        complain(f"due for longer than {late}: {', '.join(too_late)}")
        raise typer.Exit(REFUSED)


def _seconds(option: str, text: str) -> int:
    seconds = durations.seconds_in(text)
    if seconds is None:
        raise typer.BadParameter("must have an end", param_hint=f"'{option}'")
    return seconds


def _print(found: list[DueOfKind], within: str) -> None:
    rows = [
        (of.kind.value, f"{'more than ' if of.was_cut else ''}{of.overdue}", _age(of), of.coming)
        for of in found
    ]
    columns = ("Kind", "Due", "For", f"Within {within}")
    print_table("Deadlines", columns, rows, numeric=columns[1:])
    listed = [
        (
            waiting.number or waiting.key.order_id,
            waiting.key.shop_id,
            of.kind.value,
            waiting.at,
            "due" if waiting.at <= of.now else "",
        )
        for of in found
        for waiting in of.listed
    ]
    if listed:
        print_table("Next", ("Order", "Shop", "Kind", "At", ""), listed)
    unreadable = [(of.kind.value, key) for of in found for key in of.unreadable]
    if unreadable:
        print_table("Unreadable entries", ("Kind", "Key"), unreadable)
    if any(of.was_cut for of in found):
        print_note("There are more than were read; the closing machines take up the oldest first.")


def _age(of: DueOfKind) -> str:
    return durations.written(round(of.late)) if of.overdue else ""


def _plain(of: DueOfKind) -> dict[str, object]:
    return {
        "kind": of.kind,
        "overdue": of.overdue,
        "late_seconds": of.late,
        "coming": of.coming,
        "was_cut": of.was_cut,
        "unreadable": of.unreadable,
        "orders": [
            {
                "shop_id": waiting.key.shop_id,
                "order_id": waiting.key.order_id,
                "number": waiting.number,
                "at": waiting.at,
                "is_due": waiting.at <= of.now,
            }
            for waiting in of.listed
        ],
    }
