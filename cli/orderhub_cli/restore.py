"""``orderhub restore``: bring back what orders lost, from a table that DynamoDB restored."""

import re
from typing import Annotated, Final

import typer

from orderhub.domain import identity
from orderhub.services import manage_shops
from orderhub.services.reconcile import Auditor, order_id_of
from orderhub.services.restore_orders import RestoredOrder, restore_order, restore_shop
from orderhub_cli.arguments import AsJson, ShopId
from orderhub_cli.connection import connected_for_sweeping
from orderhub_cli.console import counted, print_done, print_json, print_note, print_table
from orderhub_cli.failures import REFUSED, complain
from orderhub_cli.help import examples
from orderhub_cli.progress import followed

_TABLE: Final = re.compile(r"[\w.-]{3,255}", re.ASCII)
app = typer.Typer()

_EXAMPLES: Final = examples(
    "orderhub restore demo --from orderhub-restored",
    "orderhub restore demo --from orderhub-restored --order R4273491837312 --apply",
    "orderhub restore demo --from orderhub-restored --apply",
)


@app.command(no_args_is_help=True, epilog=_EXAMPLES)
def restore(
    context: typer.Context,
    shop_id: ShopId,
    source: Annotated[
        str, typer.Option("--from", metavar="TABLE", help="The table that DynamoDB restored.")
    ],
    name: Annotated[
        str,
        typer.Option(
            "--order",
            metavar="NAME",
            help="One order: its id, its number, or another system's name for it.",
            show_default="all that the backup has",
        ),
    ] = "",
    apply: Annotated[
        bool, typer.Option("--apply", help="Bring back what is missing or can't be read.")
    ] = False,
    overwrite: Annotated[
        bool,
        typer.Option(
            "--overwrite", help="With --apply: also events of which the table tells another story."
        ),
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Hold a shop's orders against a backup of the table, and bring back the events that they lost.

    The table in use stays, with all that happened since the backup. Changes nothing without
    --apply. Exits with 1 while something is to be brought back or wrong.
    """
    if not _TABLE.fullmatch(source):
        raise typer.BadParameter("is no name of a table", param_hint="'--from'")
    if overwrite and not apply:
        raise typer.BadParameter("says nothing without --apply", param_hint="'--overwrite'")
    at = connected_for_sweeping(context)
    if source == at.settings.table_name:
        raise typer.BadParameter("is the table in use", param_hint="'--from'")
    manage_shops.require_shop(at.shops, shop_id)
    auditor, backup = Auditor(at.desk, at.audit), at.backup(source)
    if name:
        order_id = identity.order_id_in(name)
        if order_id is None or not backup.stored(shop_id, order_id):
            order_id = order_id_of(auditor, shop_id, name)
        outcomes = [
            restore_order(auditor, backup, shop_id, order_id, apply=apply, overwrite=overwrite)
        ]
    else:
        restored = restore_shop(auditor, backup, shop_id, apply=apply, overwrite=overwrite)
        outcomes = list(followed(restored, "Bringing back" if apply else "Comparing", "order"))
    differing = [each for each in outcomes if not each.is_same]
    if as_json:
        print_json({"orders": len(outcomes), "differing": [_plain(each) for each in differing]})
    else:
        _print(len(outcomes), differing)
        if differing and not apply:
            print_note("--apply brings back what is missing or unreadable.")
        if any(each.differing for each in differing) and not overwrite:
            print_note("--apply --overwrite brings back the others too.")
    unfinished = [each for each in differing if not (apply and each.is_whole)]
    if unfinished:
        if not as_json:
            complain(f"{counted(len(unfinished), 'order')} of shop {shop_id} not as in the backup")
        raise typer.Exit(REFUSED)


def _print(checked: int, differing: list[RestoredOrder]) -> None:
    if differing:
        rows = [
            (
                each.number or each.order_id,
                _listed(each.missing),
                _listed(each.unreadable),
                _listed(each.differing),
                _listed(each.restored),
                ", ".join(finding.flaw.replace("_", " ") for finding in each.left),
            )
            for each in differing
        ]
        columns = ("Order", "Missing", "Unreadable", "Other", "Brought back", "Wrong still")
        print_table("Events", columns, rows)
    else:
        print_done(f"{counted(checked, 'order')} in the backup: the table has all of their events.")


def _listed(sequences: tuple[int, ...]) -> str:
    return ", ".join(str(sequence) for sequence in sequences)


def _plain(each: RestoredOrder) -> dict[str, object]:
    return {
        "order_id": each.order_id,
        "number": each.number,
        "missing": each.missing,
        "unreadable": each.unreadable,
        "differing": each.differing,
        "other_snapshot": each.has_other_snapshot,
        "restored": each.restored,
        "left": [finding.flaw for finding in each.left],
    }
