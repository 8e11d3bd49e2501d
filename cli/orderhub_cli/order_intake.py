"""``orderhub order place`` and ``add-lines``: orders that were agreed on elsewhere."""

from pathlib import Path
from typing import Annotated

import typer

from orderhub.services import manage_shops
from orderhub.services.add_lines import add_lines as adding
from orderhub.services.bring_in_order import bring_in_order
from orderhub_cli.arguments import AsJson, OrderName, ShopId
from orderhub_cli.connection import connected_for_writing
from orderhub_cli.console import counted, print_done, print_json, print_note
from orderhub_cli.help import examples
from orderhub_cli.order_changes import operator, print_change
from orderhub_cli.orders import find
from orderhub_cli.plain import order_as_of

app = typer.Typer()

_File = Annotated[
    Path,
    typer.Option(
        "--file", metavar="FILE", help="A JSON file; - is stdin. docs/OPERATING.md describes it."
    ),
]


@app.command(
    no_args_is_help=True,
    epilog=examples(
        "orderhub order place demo --file order.json",
        "orderhub order place demo --file - < order.json",
    ),
)
def place(context: typer.Context, shop_id: ShopId, file: _File, as_json: AsJson = False) -> None:
    """Place an order from a file.

    With a reference in the file the same again makes no second order. Products need not be in the
    catalogue, and nothing is taken from stock.
    """
    from orderhub_cli import order_file  # noqa: PLC0415 - others need not wait for it

    at = connected_for_writing(context)
    shop = manage_shops.require_shop(at.shops, shop_id)
    placed = bring_in_order(at.desk, shop.id, order_file.read_order(file, shop), operator())
    if as_json:
        now = at.desk.clock.now()
        print_json({**order_as_of(placed.order, now), "is_new": placed.is_new})
    elif placed.is_new:
        count = counted(len(placed.order.lines), "line")
        print_done(f"Placed order {placed.order.number}: {count}, {placed.order.total}.")
    else:
        print_done(f"Order {placed.order.number} has that reference: nothing was changed.")


@app.command(
    "add-lines",
    no_args_is_help=True,
    epilog=examples("orderhub order add-lines demo R4273491837312 --file lines.json"),
)
def add_lines(
    context: typer.Context,
    shop_id: ShopId,
    name: OrderName,
    file: _File,
    as_json: AsJson = False,
) -> None:
    """Add the lines of a file to an unpaid order, as a new batch.

    Asking twice adds them twice.
    """
    from orderhub_cli import order_file  # noqa: PLC0415

    at = connected_for_writing(context)
    order = find(at, shop_id, name)
    lines = order_file.read_lines(file, order.currency)
    change = adding(at.desk, order, lines, operator())
    if as_json:
        print_change(change)
        return
    batch = change.order.lines[-1].batch
    added = counted(len(lines), "line")
    print_done(f"Added {added} to order {change.order.number}, as batch {batch}.")
    print_note(f"It has {len(change.order.lines)} now and costs {change.order.total}.")
