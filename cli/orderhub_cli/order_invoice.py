"""``orderhub order invoice``: an order's invoice as a file."""

import re
import sys
from pathlib import Path
from typing import Annotated, Final

import typer

from orderhub.domain.errors import NotFound
from orderhub.domain.order import Order
from orderhub.services import manage_shops
from orderhub.services.invoices import invoice_document
from orderhub_cli.arguments import AsJson, OrderName, ShopId
from orderhub_cli.connection import connected
from orderhub_cli.console import print_done, print_json
from orderhub_cli.failures import MISUSED, CommandFailed
from orderhub_cli.help import examples
from orderhub_cli.orders import find

app = typer.Typer()

STDOUT: Final = Path("-")
_NOT_IN_NAMES: Final = re.compile(r"[^\w.-]|^\.")


@app.command(
    no_args_is_help=True,
    epilog=examples(
        "orderhub order invoice demo AAAA160401000002OD",
        "orderhub order invoice demo AAAA160401000002OD --file - > invoice.pdf",
    ),
)
def invoice(
    context: typer.Context,
    shop_id: ShopId,
    name: OrderName,
    number: Annotated[
        str, typer.Option(help="The invoice's number.", show_default="the only one")
    ] = "",
    file: Annotated[
        Path | None,
        typer.Option(help="Where to write it; '-' is stdout.", show_default="NUMBER.pdf, here"),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Write an order's invoice as a PDF. It is drawn anew, and the same, each time.

    Invoices are issued by the API on which the order was placed, when it is paid.
    """
    if as_json and file == STDOUT:
        raise typer.BadParameter("the file is on stdout already", param_hint="'--json'")
    at = connected(context)
    order = find(at, shop_id, name)
    shop = manage_shops.require_shop(at.shops, shop_id)
    drawn = invoice_document(at.invoice_renderer, shop, order, number or _only_one(order))
    if file == STDOUT:
        sys.stdout.buffer.write(drawn.content)
        return
    # Others may have chosen the number, slashes included.
    target = file or Path(_NOT_IN_NAMES.sub("-", drawn.filename))
    try:
        target.write_bytes(drawn.content)
    except OSError as error:
        message = f"can't write {target}: {error.strerror}"
        raise CommandFailed(message, exit_code=MISUSED) from None
    if as_json:
        print_json({"number": drawn.filename.removesuffix(".pdf"), "file": str(target)})
    else:
        print_done(f"Wrote {target}.")


def _only_one(order: Order) -> str:
    if not order.invoices:
        raise NotFound("invoice", f"of order {order.number}")
    if len(order.invoices) > 1:
        numbers = ", ".join(each.number for each in order.invoices)
        raise CommandFailed(f"order {order.number} has several: give --number ({numbers})")
    return order.invoices[0].number
