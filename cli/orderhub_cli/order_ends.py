"""``orderhub order complete``, ``cancel`` and ``mark``: how an order ends, and where its seller
says that it stands."""

from typing import Annotated

import typer

from orderhub.domain.status import OrderStatus, SellerMark
from orderhub.services.cancel_order import cancel_order
from orderhub.services.complete_order import complete_order
from orderhub.services.mark_order import mark_order
from orderhub_cli.arguments import AsJson, OrderName, ShopId
from orderhub_cli.connection import connected_for_writing
from orderhub_cli.console import print_done, print_note
from orderhub_cli.help import examples
from orderhub_cli.order_changes import operator, print_change
from orderhub_cli.orders import find

app = typer.Typer()


@app.command(no_args_is_help=True, epilog=examples("orderhub order complete demo R4273491837312"))
def complete(
    context: typer.Context, shop_id: ShopId, name: OrderName, as_json: AsJson = False
) -> None:
    """Close a paid order well. What is on its way counts as received."""
    at = connected_for_writing(context)
    change = complete_order(at.desk, find(at, shop_id, name), operator())
    if as_json:
        print_change(change)
        return
    already = "" if change.recorded else " already"
    print_done(f"Order {change.order.number} is completed{already}.")


@app.command(
    no_args_is_help=True,
    epilog=examples(
        "orderhub order cancel demo R4273491837312",
        "orderhub order cancel demo R4273491837312 --reason 'the buyer changed his mind'",
    ),
)
def cancel(
    context: typer.Context,
    shop_id: ShopId,
    name: OrderName,
    reason: Annotated[str, typer.Option(help="Why, as it is to be shown.")] = "",
    as_json: AsJson = False,
) -> None:
    """Call an order off. It must not hold any money: give that back first ('order refund').

    What it took from the stock and was not sent goes back there.
    """
    at = connected_for_writing(context)
    change = cancel_order(at.desk, find(at, shop_id, name), operator(), reason=reason)
    if as_json:
        print_change(change)
        return
    number, status = change.order.number, change.visible.status
    if change.recorded and status is OrderStatus.CANCELLED:
        print_done(f"Cancelled order {number}.")
    else:
        print_done(f"Order {number} is {status.value} already.")
    if change.visible.refund_due:
        print_note(f"{change.visible.refund_due} must go back: 'order refund'.")


@app.command(
    no_args_is_help=True,
    epilog=examples(
        "orderhub order mark demo R4273491837312 --as packed",
        "orderhub order mark demo R4273491837312 --remove",
    ),
)
def mark(
    context: typer.Context,
    shop_id: ShopId,
    name: OrderName,
    wanted: Annotated[
        SellerMark | None, typer.Option("--as", help="Where it stands.", show_default=False)
    ] = None,
    remove: Annotated[bool, typer.Option("--remove", help="Take the mark off.")] = False,
    as_json: AsJson = False,
) -> None:
    """Mark where an order stands between its two parties. It moves neither money nor goods.

    Some order APIs show such a mark as the order's status.
    """
    if (wanted is None) != remove:
        raise typer.BadParameter("give --as or --remove", ctx=context)
    at = connected_for_writing(context)
    change = mark_order(at.desk, find(at, shop_id, name), wanted, operator())
    if as_json:
        print_change(change)
        return
    how = f"is marked {wanted.value}" if wanted else "has no mark"
    already = "" if change.recorded else " already"
    print_done(f"Order {change.order.number} {how.replace('_', ' ')}{already}.")
