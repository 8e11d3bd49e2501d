"""``orderhub order``: look at orders and their histories, and prove them.

The commands that change an order are in ``order_changes.py``.
"""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from orderhub.domain.errors import NotFound
from orderhub.domain.order import Order
from orderhub.services import find_order as finding
from orderhub.services import manage_shops
from orderhub.services.replay_order import Replayed, replay_order
from orderhub_cli import order_view
from orderhub_cli.arguments import AsJson, OrderName, ShopId
from orderhub_cli.connection import connected
from orderhub_cli.console import print_done, print_json, print_note, print_table
from orderhub_cli.differences import Difference, differences
from orderhub_cli.failures import REFUSED, complain
from orderhub_cli.help import examples
from orderhub_cli.plain import attributes, order_as_of, plain

if TYPE_CHECKING:
    from orderhub.bootstrap import Application

app = typer.Typer(
    help="Look at orders and their histories, prove them, ship them and make remarks.",
    no_args_is_help=True,
)


@app.command(
    no_args_is_help=True,
    epilog=examples(
        "orderhub order show demo R4273491837312",
        "orderhub order show demo 2026112112345678 --json",
    ),
)
def show(context: typer.Context, shop_id: ShopId, name: OrderName, as_json: AsJson = False) -> None:
    """Show an order as of now, with its events."""
    at = connected(context)
    order = find(at, shop_id, name)
    events = tuple(at.desk.orders.history(shop_id, order.id))
    now = at.desk.clock.now()
    if as_json:
        print_json({**order_as_of(order, now), "events": events})
        return
    order_view.print_order(order, now)
    order_view.print_events(events)


@app.command(no_args_is_help=True, epilog=examples("orderhub order events demo R4273491837312"))
def events(
    context: typer.Context, shop_id: ShopId, name: OrderName, as_json: AsJson = False
) -> None:
    """Show all that happened to an order."""
    at = connected(context)
    order = find(at, shop_id, name)
    recorded = tuple(at.desk.orders.history(shop_id, order.id))
    if as_json:
        print_json({"order_id": order.id, "number": order.number, "events": recorded})
    else:
        order_view.print_events(recorded)


@app.command(
    no_args_is_help=True,
    epilog=examples(
        "orderhub order replay demo R4273491837312",
        "orderhub order replay demo R4273491837312 --json | jq .agrees",
    ),
)
def replay(
    context: typer.Context, shop_id: ShopId, name: OrderName, as_json: AsJson = False
) -> None:
    """Replay an order's events and compare what they yield with what is stored.

    Exits with 1 when they differ, and shows where. Nothing is changed.
    """
    at = connected(context)
    order = find(at, shop_id, name)
    replayed: Replayed | None = None
    trouble = ""
    found: list[Difference] = []
    try:
        replayed = replay_order(at.desk, shop_id, order.id)
        found = differences(attributes(replayed.snapshot), attributes(replayed.replayed))
    except ValueError as error:
        trouble = str(error)
    agrees = replayed is not None and replayed.agrees
    if as_json:
        print_json(
            {
                "order_id": order.id,
                "number": order.number,
                "version": order.version if replayed is None else replayed.snapshot.version,
                "events": None if replayed is None else len(replayed.events),
                "agrees": agrees,
                "trouble": trouble,
                "differences": found,
            }
        )
    elif replayed is not None and agrees:
        count = len(replayed.events)
        print_done(f"Order {order.number}: replaying its events ({count}) yields the stored order.")
    elif replayed is None:
        complain(f"the events of order {order.number} can't be replayed: {trouble}")
    else:
        complain(f"the events of order {order.number} yield another order than the stored one")
        columns = ("Field", "Stored", "Replayed")
        print_table("Differences", columns, [(d.path, d.stored, d.replayed) for d in found])
    if not agrees:
        raise typer.Exit(REFUSED)


@app.command(
    "list",
    no_args_is_help=True,
    epilog=examples(
        "orderhub order list demo",
        "orderhub order list demo --limit 200 --after 4273491837312 --json",
    ),
)
def list_(
    context: typer.Context,
    shop_id: ShopId,
    limit: Annotated[int, typer.Option(min=1, max=1000, help="How many at most.")] = 50,
    after: Annotated[
        int, typer.Option(min=0, help="Only orders after this id: where to read on.")
    ] = 0,
    as_json: AsJson = False,
) -> None:
    """List a shop's orders, oldest first, with their statuses as they were last written."""
    at = connected(context)
    manage_shops.require_shop(at.shops, shop_id)
    page = at.desk.orders.page(shop_id, after_id=after, limit=limit)
    orders = at.desk.orders.get_many(shop_id, [order.id for order in page.orders])
    if as_json:
        listed = [_in_short(order) for order in orders]
        print_json({"orders": listed, "next_after": page.next_after_id})
        return
    rows = [
        (
            order.number,
            order.wire,
            order.status,
            order.payment_status,
            order.fulfilment_status,
            order.total,
        )
        for order in orders
    ]
    if rows:
        columns = ("Number", "Wire", "Status", "Payment", "Fulfilment", "Total")
        print_table(f"Orders of shop {shop_id}", columns, rows, numeric="Total")
    else:
        print_note("No orders.")
    if page.next_after_id is not None:
        print_note(f"Read on with --after {page.next_after_id}.")


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
        "updated_at": plain(order.updated_at),
        "seller_mark": order.seller_mark or "",
        "customer_number": order.customer_number,
    }


def find(at: "Application", shop_id: str, name: str) -> Order:
    """The order that answers to ``name``. Raises :class:`NotFound`, for the shop or for it."""
    try:
        return finding.find_order(at.desk, shop_id, name)
    except NotFound:
        # The better complaint, when it is the shop that doesn't exist.
        manage_shops.require_shop(at.shops, shop_id)
        raise
