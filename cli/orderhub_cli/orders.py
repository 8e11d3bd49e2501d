"""``orderhub order show``, ``events`` and ``replay``: one order and its history, and the proof."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import typer

from orderhub.domain.errors import Busy, NotFound
from orderhub.domain.events import Recorded
from orderhub.domain.order import Order
from orderhub.ports import DAMAGE
from orderhub.services import find_order as finding
from orderhub.services import manage_shops
from orderhub.services.replay_order import Replayed, replay_order
from orderhub_cli import order_view
from orderhub_cli.arguments import AsJson, OrderName, ShopId
from orderhub_cli.connection import connected
from orderhub_cli.console import print_done, print_json, print_table
from orderhub_cli.differences import Difference, differences
from orderhub_cli.failures import REFUSED, CommandFailed, complain
from orderhub_cli.help import examples
from orderhub_cli.plain import attributes, order_as_of, plain

if TYPE_CHECKING:
    from orderhub.bootstrap import Application

app = typer.Typer()


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
    now = at.desk.clock.now()
    if as_json:
        print_json(
            {**order_as_of(order, now), "events": with_causes(at, order, events_of(at, order))}
        )
        return
    order_view.print_order(order, now)
    order_view.print_events(events_of(at, order))


@app.command(no_args_is_help=True, epilog=examples("orderhub order events demo R4273491837312"))
def events(
    context: typer.Context, shop_id: ShopId, name: OrderName, as_json: AsJson = False
) -> None:
    """Show all that happened to an order."""
    at = connected(context)
    order = find(at, shop_id, name)
    recorded = events_of(at, order)
    if as_json:
        events = with_causes(at, order, recorded)
        print_json({"order_id": order.id, "number": order.number, "events": events})
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
    except DAMAGE as error:
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


def find(at: "Application", shop_id: str, name: str) -> Order:
    """The order that answers to ``name``. Raises :class:`NotFound`, for the shop or for it, and
    :class:`CommandFailed` for one that is damaged."""
    try:
        return finding.find_order(at.desk, shop_id, name)
    except NotFound:
        # The better complaint, when it is the shop that doesn't exist.
        manage_shops.require_shop(at.shops, shop_id)
        raise
    except Busy as error:
        if error.__cause__:
            raise
        message = f"order {name} can't be read: it is written all the time, or damaged"
    except DAMAGE:
        message = f"order {name} can't be read"
    raise CommandFailed(f"{message}; see 'orderhub reconcile {shop_id} --order {name}'")


def events_of(at: "Application", order: Order) -> tuple[Recorded, ...]:
    """All that happened to it. Raises :class:`CommandFailed` where an event is damaged."""
    try:
        return tuple(at.desk.orders.history(order.shop_id, order.id))
    except DAMAGE:
        named = f"{order.shop_id} --order {order.number}"
        message = f"the events of order {order.number} can't be read"
        raise CommandFailed(f"{message}; see 'orderhub reconcile {named}'") from None


def with_causes(
    at: "Application", order: Order, events: Sequence[Recorded]
) -> list[dict[str, Any]]:
    """Events as builtins, each with the ``correlation_id`` of what it follows from, which leads to
    the lines of the log; ``None`` for those that nobody knows it of."""
    outgoing = at.desk.orders.outgoing(order.shop_id, order.id)
    causes = {place: each.correlation_id for place, each in enumerate(outgoing, start=1)}
    return [{**plain(each), "correlation_id": causes.get(each.sequence) or None} for each in events]
