"""``orderhub order accept-payment``: money that came in otherwise than it was due."""

from typing import Annotated

import typer

from orderhub.domain.payment import PaymentState
from orderhub.services.accept_payment import accept_payment
from orderhub_cli.arguments import AsJson, OrderName, ShopId
from orderhub_cli.connection import connected_for_writing
from orderhub_cli.console import print_done, print_note
from orderhub_cli.help import examples
from orderhub_cli.order_changes import operator, print_change
from orderhub_cli.orders import find

app = typer.Typer()


@app.command(
    "accept-payment",
    no_args_is_help=True,
    epilog=examples("orderhub order accept-payment demo R4273491837312 --payment 2"),
)
def accept(
    context: typer.Context,
    shop_id: ShopId,
    name: OrderName,
    payment_id: Annotated[
        int, typer.Option("--payment", min=1, help="The payment's number in 'order show'.")
    ],
    as_json: AsJson = False,
) -> None:
    """Take held money for the order after all.

    A provider captured another amount than was due, so the payment is held and pays for nothing.
    Once accepted it counts: the order is paid if that is enough, what is too much is flagged.
    Otherwise give the money back at the provider, which reports that.
    """
    at = connected_for_writing(context)
    change = accept_payment(at.desk, find(at, shop_id, name), payment_id, operator())
    if as_json:
        print_change(change)
        return
    order = change.visible
    payment = next(p for p in order.payments if p.id == payment_id)
    if not change.recorded:
        print_done(f"Payment {payment_id} of order {order.number} counts already.")
    elif payment.state is PaymentState.CAPTURED:
        print_done(f"Payment {payment_id} of order {order.number}, {payment.amount}, counts now.")
    if order.outstanding:
        print_note(f"Not paid: {order.outstanding} outstanding.")
    if order.excess:
        print_note(f"{order.excess} more than it costs.")
