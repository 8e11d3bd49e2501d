"""``orderhub order list`` and ``find``: which orders there are."""

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

from orderhub.domain.errors import AmbiguousReference, Busy, NotFound
from orderhub.domain.order import Order
from orderhub.domain.status import OrderStatus, PaymentStatus
from orderhub.ports import DAMAGE
from orderhub.services import manage_shops
from orderhub.services.browse_orders import Browsed, Wanted, browse_orders
from orderhub.services.find_order import LONGEST_NAME, find_order
from orderhub_cli.arguments import AsJson, ShopId
from orderhub_cli.connection import connected
from orderhub_cli.console import counted, print_json, print_note, print_table
from orderhub_cli.help import examples
from orderhub_cli.moments import Since, Until, bounds
from orderhub_cli.order_view import states
from orderhub_cli.plain import plain
from orderhub_cli.progress import progress

if TYPE_CHECKING:
    from orderhub.bootstrap import Application

app = typer.Typer()

_Limit = Annotated[int, typer.Option(min=1, max=1000, help="How many at most.")]
_After = Annotated[
    int, typer.Option(metavar="ID", min=0, help="Only orders after this id: where to read on.")
]


@app.command(
    "list",
    no_args_is_help=True,
    epilog=examples(
        "orderhub order list demo --newest",
        "orderhub order list demo --status open --payment unpaid",
        "orderhub order list demo --since 2d --customer kim@buyer.example",
        "orderhub order list demo --limit 200 --after 4273491837312 --json",
    ),
)
def list_(
    context: typer.Context,
    shop_id: ShopId,
    status: Annotated[
        OrderStatus | None, typer.Option(help="Orders that stand so, newest first.")
    ] = None,
    payment: Annotated[
        PaymentStatus | None, typer.Option(help="Orders whose money stands so.")
    ] = None,
    is_filed: Annotated[
        bool | None,
        typer.Option(
            "--filed/--not-filed", help="Orders that were put away, or not, newest first."
        ),
    ] = None,
    customer: Annotated[
        str,
        typer.Option(help="Orders of one customer: the id, else the e-mail, telephone or name."),
    ] = "",
    since: Since = None,
    until: Until = None,
    newest: Annotated[bool, typer.Option("--newest", help="The newest first.")] = False,
    limit: _Limit = 50,
    after: _After = 0,
    before: Annotated[
        int | None,
        typer.Option(metavar="ID", min=1, help="Only orders before this id: with --newest."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """List a shop's orders as of now, oldest first, or the newest first.

    --since and --until go by when they were made. --payment looks at each order in turn; the others
    are found by an index.
    """
    first, last = bounds(since, until)
    at = connected(context)
    manage_shops.require_shop(at.shops, shop_id)
    wanted = Wanted(
        after_id=after,
        before_id=before,
        since=first,
        until=last,
        status=status,
        payment=payment,
        is_filed=is_filed,
        customer=customer,
        newest_first=newest or (not customer and (status is not None or is_filed is not None)),
    )
    found, read_on = _browsed(at, shop_id, wanted, limit)
    if as_json:
        ends = {"next_after": read_on, "next_before": None}
        if wanted.newest_first:
            ends = {"next_after": None, "next_before": read_on}
        print_json({**_plain(found), **ends})
        return
    _print(f"Orders of shop {shop_id}", found)
    if read_on is not None:
        option = "--before" if wanted.newest_first else "--after"
        print_note(f"Read on with {option} {read_on}.")


@app.command(
    no_args_is_help=True,
    epilog=examples("orderhub order find demo 491837", "orderhub order find demo TB-1 --json"),
)
def find(
    context: typer.Context,
    shop_id: ShopId,
    text: Annotated[str, typer.Argument(metavar="TEXT", help="Part of a number, or a whole name.")],
    limit: _Limit = 20,
    after: _After = 0,
    as_json: AsJson = False,
) -> None:
    """Find orders by part of their number, or by another system's whole name for them."""
    if not 0 < len(text) <= LONGEST_NAME:
        raise typer.BadParameter(f"from 1 to {LONGEST_NAME} characters", param_hint="'TEXT'")
    at = connected(context)
    manage_shops.require_shop(at.shops, shop_id)
    named = [] if after else _named(at, shop_id, text)
    wanted = Wanted(part=text, after_id=after)
    found, read_on = _browsed(at, shop_id, wanted, limit)
    known = {each.id for each in named}
    found = [*named, *(each for each in found if each.id not in known)]
    if as_json:
        print_json({**_plain(found), "next_after": read_on})
        return
    _print(f"Orders found by {text}", found)
    if read_on is not None:
        print_note(f"Read on with --after {read_on}.")


def _browsed(
    at: "Application", shop_id: str, wanted: Wanted, limit: int
) -> tuple[list[Browsed], int | None]:
    with progress("Looking", "order") as step:
        return browse_orders(at.desk, shop_id, wanted, limit=limit, on_read=step.advance)


def _named(at: "Application", shop_id: str, name: str) -> list[Browsed]:
    """The order with that whole name."""
    try:
        order = find_order(at.desk, shop_id, name)
    except AmbiguousReference:
        names = at.desk.orders.named(shop_id, "order", name)
        ids = sorted({order_id for _, order_id in names})
        orders: Iterable[Order] = at.desk.orders.get_many(shop_id, ids)
    except (NotFound, *DAMAGE):
        orders = ()  # a damaged one is found by its number
    except Busy as error:
        if error.__cause__:
            raise
        orders = ()
    else:
        orders = (order,)
    now = at.desk.clock.now()
    return [Browsed(order.id, order.number, order.as_of(now)) for order in orders]


def _print(title: str, found: Sequence[Browsed]) -> None:
    if not found:
        print_note("No orders.")
        return
    rows = [_row(each.order) if each.order else (each.number or each.id,) for each in found]
    columns = ("Number", "Made", "Customer", "State", "Total", "Unpaid")
    rows = [(*row, *("" for _ in columns[len(row) :])) for row in rows]
    print_table(title, columns, rows, numeric="Total Unpaid")
    unreadable = [each for each in found if each.order is None]
    if unreadable:
        named = ", ".join(str(each.number or each.id) for each in unreadable[:3])
        more = f" and {len(unreadable) - 3} more" if len(unreadable) > 3 else ""
        print_note(
            f"{counted(len(unreadable), 'order')} can't be read: {named}{more}. "
            "'orderhub reconcile' tells why."
        )


def _row(order: Order) -> tuple[object, ...]:
    return (
        order.number,
        order.created_at,
        _customer(order),
        states(order),
        order.total,
        order.outstanding if order.outstanding and not order.status.is_closed else "",
    )


def _customer(order: Order) -> str:
    buyer = order.details.buyer
    return (buyer.name or buyer.known_by) if buyer else ""


def _plain(found: Sequence[Browsed]) -> dict[str, Any]:
    return {
        "orders": [_in_short(each.order) for each in found if each.order],
        "unreadable": [
            {"id": each.id, "number": each.number} for each in found if each.order is None
        ],
    }


def _in_short(order: Order) -> dict[str, Any]:
    return {
        "id": order.id,
        "number": order.number,
        "wire": order.wire,
        "status": order.status,
        "payment_status": order.payment_status,
        "fulfilment_status": order.fulfilment_status,
        "currency": order.currency,
        "total": plain(order.total),
        "outstanding": plain(order.outstanding),
        "created_at": plain(order.created_at),
        "updated_at": plain(order.updated_at),
        "seller_mark": order.seller_mark or "",
        "is_filed": order.is_filed,
        "customer": _customer(order),
        "customer_number": order.customer_number,
    }
