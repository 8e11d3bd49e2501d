"""``orderhub export``: a shop's orders as JSON Lines, for ``orderhub import`` and for programs."""

import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from orderhub.domain.identity import MAX_ORDER_ID, last_id_before, last_order_id
from orderhub.services import manage_shops
from orderhub.services.manage_shops import require_wire
from orderhub.services.rank_orders import rank_of
from orderhub_cli.arguments import AsJson, ShopId, understood
from orderhub_cli.connection import connected
from orderhub_cli.console import counted, errors, print_done, print_json, visible
from orderhub_cli.export_file import Asked, Begun, ExportFile, PassedOver, opened
from orderhub_cli.export_reading import Exported, exported
from orderhub_cli.failures import MISUSED, REFUSED, CommandFailed, complain
from orderhub_cli.help import examples
from orderhub_cli.moments import Since, Until, bounds
from orderhub_cli.progress import progress

if TYPE_CHECKING:
    from orderhub.services.desk import Desk

app = typer.Typer()

_STDOUT: Final = Path("-")
_SHOWN: Final = 20


@app.command(
    "export",
    no_args_is_help=True,
    epilog=examples(
        "orderhub export demo --file orders.jsonl",
        "orderhub export demo --file may.jsonl --since 2026-05-01T00:00:00Z"
        " --until 2026-05-31T23:59:59Z",
        "orderhub export demo --file - --wire bricklink | gzip > orders.jsonl.gz",
    ),
)
def export_orders(
    context: typer.Context,
    shop_id: ShopId,
    file: Annotated[
        Path, typer.Option("--file", metavar="FILE", help="Where to write them; - is stdout.")
    ],
    since: Since = None,
    until: Until = None,
    wire: Annotated[
        str | None, typer.Option(metavar="WIRE", help="Only orders of this API.")
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Write over FILE.")] = False,
    restart: Annotated[
        bool, typer.Option("--restart", help="Forget how far an earlier run came.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Write a shop's orders to a file, oldest first: one a line, each with all that happened to it.

    --since and --until narrow it to orders that were made between them. Stopped at any moment, the
    same command goes on where it was; FILE is there only once it is whole. An order that can't be
    read is told and passed over. 'orderhub import' takes the file.
    """
    first, last = bounds(since, until)
    if wire is not None:
        understood("--wire", lambda: require_wire(wire))
    if file == _STDOUT and as_json:
        raise typer.BadParameter("stdout can't have both", param_hint="'--json'")
    at = connected(context)
    manage_shops.require_shop(at.shops, shop_id)
    asked = Asked(
        table=at.settings.table_name, shop_id=shop_id, since=since, until=until, wire=wire
    )
    begin = Begun(
        asked=asked,
        after_id=0 if first is None else max(0, last_id_before(first)),
        before_id=None if last is None else last_order_id(last) + 1,
    )
    if file == _STDOUT:
        passed_over = _to_stdout(at.desk, begin)
        _complain(passed_over)
        return
    if file.exists() and not force:
        message = f"{file} is there already: give --force to write over it"
        raise CommandFailed(message, exit_code=MISUSED)
    with opened(file, begin, restart=restart) as target:
        written_before = target.orders
        _to_file(at.desk, target)
    if as_json:
        print_json(
            {
                "shop_id": shop_id,
                "file": str(file),
                "orders": target.orders,
                "written_before": written_before,
                "passed_over": target.begun.passed_over,
            }
        )
    else:
        print_done(f"Wrote {counted(target.orders, 'order')} to {file}.")
    _complain(target.begun.passed_over, told=as_json)


def _to_file(desk: "Desk", target: ExportFile) -> None:
    if target.orders:
        so_far = f"Going on behind the {counted(target.orders, 'order')} that are written."
        errors().print(visible(so_far), soft_wrap=True)
    try:
        _followed(desk, target.begun, target.last_id, target.write, target.pass_over)
    except KeyboardInterrupt:
        errors().print("Stopped. The same command goes on here.", soft_wrap=True)
        raise
    target.finish()


def _to_stdout(desk: "Desk", begun: Begun) -> Sequence[PassedOver]:
    passed_over: list[PassedOver] = []
    stdout = sys.stdout.buffer

    def pass_over(order_id: int, why: str) -> None:
        passed_over.append(PassedOver(order_id=order_id, why=why))

    try:
        _followed(desk, begun, 0, stdout.write, pass_over)
        stdout.flush()
    except BrokenPipeError:
        # Nobody reads any more. Python would complain again when it flushes at its end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise typer.Exit(REFUSED) from None
    return passed_over


def _followed(
    desk: "Desk",
    begun: Begun,
    behind_id: int,
    write: Callable[[bytes], object],
    pass_over: Callable[[int, str], None],
) -> None:
    """Read the orders from behind ``behind_id`` on and hand on what becomes of each."""
    shop_id, wire = begun.asked.shop_id, begun.asked.wire or ""
    after_id = max(begun.after_id, behind_id)
    before = rank_of(desk, shop_id, begun.after_id)
    last_id = MAX_ORDER_ID if begun.before_id is None else begun.before_id - 1
    done = rank_of(desk, shop_id, after_id) - before
    total = max(done, rank_of(desk, shop_id, last_id) - before)
    found = exported(desk, shop_id, after_id=after_id, before_id=begun.before_id, wire=wire)
    with progress("Exporting", "order", total=total, done=done) as step:
        for each in found:
            _handed_on(each, write, pass_over)
            step.advance()


def _handed_on(
    each: Exported, write: Callable[[bytes], object], pass_over: Callable[[int, str], None]
) -> None:
    if each.trouble:
        pass_over(each.order_id, each.trouble)
    elif each.line:
        write(each.line)


def _complain(passed_over: Sequence[PassedOver], *, told: bool = False) -> None:
    """Exit with 1 where an order was passed over, which is said unless it was ``told``."""
    if not passed_over:
        return
    if not told:
        shown = [f"{each.order_id}: {each.why}" for each in passed_over[:_SHOWN]]
        if len(passed_over) > _SHOWN:
            shown.append(f"and {len(passed_over) - _SHOWN} more")
        complain(
            f"{counted(len(passed_over), 'order')} could not be read and are not in it;"
            " 'orderhub reconcile' says more",
            *shown,
        )
    raise typer.Exit(REFUSED)
