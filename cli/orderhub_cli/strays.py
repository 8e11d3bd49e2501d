"""``orderhub stray``: reports of payment providers that could not be applied."""

from typing import Annotated, Final

import typer

from orderhub.bootstrap import Application
from orderhub.domain.report import PaymentReport
from orderhub.ports import StrayReport
from orderhub.services.apply_report import Applied, retry_stray
from orderhub.services.manage_shops import require_shop
from orderhub_cli.arguments import AsJson, ShopId
from orderhub_cli.connection import connected, connected_for_writing
from orderhub_cli.console import counted, print_done, print_json, print_note, print_table
from orderhub_cli.failures import REFUSED, CommandFailed, complain
from orderhub_cli.help import examples
from orderhub_cli.plain import plain
from orderhub_cli.progress import followed

app = typer.Typer(
    help="Reports of payment providers that could not be applied.", no_args_is_help=True
)

EventId = Annotated[
    str, typer.Option("--event", metavar="ID", help="The provider's name for its notification.")
]
_WHY: Final = {"no_order": "names no order of this shop"}


@app.command(
    "list",
    no_args_is_help=True,
    epilog=examples("orderhub stray list demo", "orderhub stray list demo --json"),
)
def list_(context: typer.Context, shop_id: ShopId, as_json: AsJson = False) -> None:
    """Show the reports that wait, and why.

    A refund or dispute waits for its payment, and is applied with it. What names no order of the
    shop, or can't be of the one it names, waits for you; after 90 days it is forgotten.
    """
    at = connected(context)
    require_shop(at.shops, shop_id)
    strays = list(at.desk.strays.of_shop(shop_id))
    unreadable = at.desk.strays.unreadable(shop_id)
    if as_json:
        print_json([plain(stray) for stray in strays])
    if unreadable:
        keys = ", ".join(unreadable)
        complain(f"{counted(len(unreadable), 'report')} can't be read; their sort keys: {keys}")
    if as_json:
        return
    if not strays:
        print_note("No reports wait.")
        return
    columns = ("Event", "Provider", "What", "Amount", "Payment", "Reference", "Why", "Since")
    print_table("Reports that wait", columns, [_row(stray) for stray in strays], numeric="Amount")


def _row(stray: StrayReport) -> tuple[object, ...]:
    report = stray.report
    return (
        report.event_id,
        report.provider,
        report.kind.value,
        _amount(report),
        report.transaction_id,
        report.reference,
        _WHY.get(stray.why, stray.why.replace("_", " ")),
        stray.kept_at,
    )


def _amount(report: PaymentReport) -> object:
    return report.amount or report.refunded_total or ""


@app.command(
    no_args_is_help=True,
    epilog=examples("orderhub stray retry demo", "orderhub stray retry demo --event evt_1P3…"),
)
def retry(
    context: typer.Context, shop_id: ShopId, event_id: EventId = "", as_json: AsJson = False
) -> None:
    """Try to apply the reports that wait, or those of one notification.

    Exit code 1 if any still waits.
    """
    at = connected_for_writing(context)
    chosen = _chosen(at, shop_id, event_id)
    tried = followed(chosen, "Trying", "report", total=len(chosen))
    outcomes = [(stray, retry_stray(at.desk, shop_id, stray)) for stray in tried]
    if as_json:
        print_json([{"report": plain(s.report), "outcome": plain(o)} for s, o in outcomes])
    else:
        for stray, outcome in outcomes:
            print_done(f"{stray.report.event_id}: {outcome.value}.")
        if not outcomes:
            print_note("No reports wait.")
    if any(outcome is Applied.KEPT for _, outcome in outcomes):
        raise typer.Exit(REFUSED)


@app.command(no_args_is_help=True, epilog=examples("orderhub stray dismiss demo --event evt_1P3…"))
def dismiss(
    context: typer.Context, shop_id: ShopId, event_id: EventId, as_json: AsJson = False
) -> None:
    """Forget the reports of one notification: money that is none of this shop's orders'."""
    at = connected(context)
    chosen = _chosen(at, shop_id, event_id)
    for stray in chosen:
        at.desk.strays.remove(shop_id, stray.report)
    if as_json:
        print_json({"dismissed": [plain(stray.report) for stray in chosen]})
        return
    for stray in chosen:
        told = f"{stray.report.kind.value} {_amount(stray.report)}".strip()
        print_done(f"Forgot {told} of {event_id}.")


def _chosen(at: Application, shop_id: str, event_id: str) -> list[StrayReport]:
    require_shop(at.shops, shop_id)
    strays = at.desk.strays.of_shop(shop_id)
    found = [s for s in strays if event_id in ("", s.report.event_id)]
    if event_id and not found:
        raise CommandFailed(f"no report of {event_id} waits in shop {shop_id}")
    return found
