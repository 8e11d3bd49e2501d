"""``orderhub reconcile``: hold orders against their events, and mend what follows from these."""

from collections.abc import Iterable
from typing import Annotated, Final

import typer

from orderhub.services import manage_shops
from orderhub.services.reconcile import (
    Auditor,
    Finding,
    Reconciled,
    order_id_of,
    reconcile_order,
    reconcile_shop,
)
from orderhub_cli.arguments import AsJson, ShopId
from orderhub_cli.connection import connected_for_sweeping
from orderhub_cli.console import counted, print_done, print_json, print_note, print_table
from orderhub_cli.failures import REFUSED, complain
from orderhub_cli.help import examples
from orderhub_cli.moments import Since, Until, bounds
from orderhub_cli.progress import progress

app = typer.Typer()

_EXAMPLES: Final = examples(
    "orderhub reconcile demo",
    "orderhub reconcile demo --order R4273491837312",
    "orderhub reconcile demo --since 2026-11-21T00:00:00Z --repair",
    "orderhub reconcile demo --json | jq '.findings[] | select(.state == \"wrong\")'",
)

_MENDED, _MENDABLE, _WRONG, _TO_DO = "mended", "mendable", "wrong", "to do"


@app.command(no_args_is_help=True, epilog=_EXAMPLES)
def reconcile(
    context: typer.Context,
    shop_id: ShopId,
    name: Annotated[
        str,
        typer.Option(
            "--order",
            metavar="NAME",
            help="One order: its id, its number, or another system's name for it.",
            show_default="all",
        ),
    ] = "",
    since: Since = None,
    until: Until = None,
    repair: Annotated[
        bool, typer.Option("--repair", help="Mend what follows from the events.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Check a shop's orders: do their events yield what is stored, do their names lead to them,
    are they where the indexes should have them, does their money add up.

    --since and --until narrow it to orders that were made or changed between them. Changes nothing
    without --repair, which makes right what follows from the events, and never
    overwrites what others write meanwhile. Exits with 1 when something stays wrong. Refunds that
    are due, held payments, open disputes and reports without an order are listed, and are no
    damage. Where events are missing, or the money is not the same in the order and in its events,
    nothing of the order is mended.
    """
    first, last = bounds(since, until)
    if name and (first or last):
        raise typer.BadParameter("an order has no range of times", param_hint="'--order'")
    at = connected_for_sweeping(context)
    manage_shops.require_shop(at.shops, shop_id)
    auditor = Auditor(at.desk, at.audit)
    outcomes: Iterable[Reconciled]
    told: dict[str, object] = {}
    if name:
        order_id = order_id_of(auditor, shop_id, name)
        one = reconcile_order(auditor, shop_id, order_id, name=name, repair=repair)
        outcomes = [one]
        told = {"order_id": one.order_id, "number": one.number}
    else:
        outcomes = reconcile_shop(auditor, shop_id, since=first, until=last, repair=repair)
    checked, found, is_clean = _followed(outcomes)
    if as_json:
        findings = [_plain(*each) for each in found]
        print_json({"orders": checked, **told, "clean": is_clean, "findings": findings})
    else:
        _print(counted(checked, "order") if not told else f"order {_shown(told)}", found)
    if not is_clean:
        if not as_json:
            wrong = sum(state in (_WRONG, _MENDABLE) for state, _ in found)
            of = f"order {_shown(told)} of shop {shop_id}" if told else f"shop {shop_id}"
            complain(f"{counted(wrong, 'thing')} wrong with {of}")
        raise typer.Exit(REFUSED)


def _followed(outcomes: Iterable[Reconciled]) -> tuple[int, list[tuple[str, Finding]], bool]:
    """How many orders there were, what was found, and whether nothing stays wrong."""
    checked, is_clean = 0, True
    found: list[tuple[str, Finding]] = []
    with progress("Checking", "order") as step:
        for outcome in outcomes:
            checked += outcome.order_id is not None
            is_clean = is_clean and outcome.is_clean
            found += [(_MENDED, finding) for finding in outcome.mended]
            found += [(_state(finding), finding) for finding in outcome.left]
            step.reach(checked)
    return checked, found, is_clean


def _shown(told: dict[str, object]) -> object:
    """What a person calls the order."""
    return told["number"] or told["order_id"]


def _state(finding: Finding) -> str:
    if finding.flaw.is_to_do:
        return _TO_DO
    return _MENDABLE if finding.is_mendable else _WRONG


def _print(checked: str, found: list[tuple[str, Finding]]) -> None:
    if found:
        rows = [
            (each.number or each.order_id or "", state, each.flaw.replace("_", " "), each.told)
            for state, each in found
        ]
        print_table("Findings", ("Order", "State", "What", "Details"), rows)
    states = [state for state, _ in found]
    if _WRONG not in states and _MENDABLE not in states:
        print_done(f"{checked} found: all that was looked at agrees with the events.")
    elif _MENDABLE in states:
        print_note("What is mendable, --repair mends.")


def _plain(state: str, finding: Finding) -> dict[str, object]:
    return {
        "state": state.replace(" ", "_"),
        "what": finding.flaw,
        "order_id": finding.order_id,
        "number": finding.number,
        "details": finding.told,
    }
