"""``orderhub order ship``, ``receive``, ``return``, ``note`` and ``tag``: an operator's work on an
order. What is changed shows who was logged in."""

import getpass
from collections.abc import Sequence
from typing import Annotated, Final

import typer

from orderhub.domain.commands import Change
from orderhub.domain.details import Actor
from orderhub.domain.events import ShipmentReceived, ShipmentReturned
from orderhub.domain.shipment import Shipment, ShipmentState
from orderhub.services import annotate_order, receive_order
from orderhub.services.ship_order import WantedShipment, ship_order
from orderhub_cli import arguments
from orderhub_cli.arguments import AsJson, OrderName, ShipmentId, ShopId
from orderhub_cli.connection import connected_for_writing
from orderhub_cli.console import counted, print_done, print_json, print_note, shown
from orderhub_cli.help import examples
from orderhub_cli.order_view import pieces_of_lines
from orderhub_cli.orders import find
from orderhub_cli.plain import order_as_of

app = typer.Typer()

_LONGEST_LOGIN: Final = 64


@app.command(
    no_args_is_help=True,
    epilog=examples(
        "orderhub order ship demo R4273491837312",
        "orderhub order ship demo R4273491837312 --carrier SF --tracking SF1002003004",
        "orderhub order ship demo TB20261121001 --line 1=2 --line 3=1 --carrier EMS "
        "--tracking EA123456789CN --url https://ems.example/EA123456789CN",
    ),
)
def ship(
    context: typer.Context,
    shop_id: ShopId,
    name: OrderName,
    line: Annotated[
        list[str] | None,
        typer.Option(
            metavar="LINE=PIECES",
            help="A line's number, and how many pieces of it; repeatable.",
            show_default="all that is left",
        ),
    ] = None,
    carrier: arguments.Carrier = "",
    tracking_number: arguments.TrackingNumber = "",
    tracking_url: arguments.TrackingUrl = "",
    as_json: AsJson = False,
) -> None:
    """Send an order's goods: all that is left, or some lines.

    An order need not be paid; from then on it is paid on delivery and doesn't expire. With the
    carrier and tracking number of a shipment that is out already, nothing is sent again. Without a
    tracking number, asking twice sends twice.
    """
    lines = arguments.understood(
        "--line", lambda: [arguments.shipped_line(text) for text in line or ()]
    )
    wanted = WantedShipment(
        lines=lines or None,
        carrier=carrier,
        tracking_number=tracking_number,
        tracking_url=tracking_url,
    )
    at = connected_for_writing(context)
    change = ship_order(at.desk, find(at, shop_id, name), wanted, operator())
    shipment = _shipment_of(change, carrier, tracking_number)
    if as_json:
        print_change(change, shipment=shipment)
        return
    order = change.visible
    if change.recorded:
        pieces = counted(sum(each.quantity for each in shipment.lines), "piece")
        told = ", ".join(filter(None, [pieces, f"{carrier} {tracking_number}".strip()]))
        print_done(f"Sent shipment {shipment.id} of order {order.number}: {told}.")
    else:
        what = f"Shipment {shipment.id} of order {order.number} has that tracking number already"
        print_done(f"{what}: nothing was changed.")
    left = {line_id: pieces for line_id, pieces in order.unshipped().items() if pieces}
    print_note(f"Still to ship: {pieces_of_lines(left.items())}." if left else "All of it is out.")
    if order.outstanding:
        print_note(f"Not paid: {order.outstanding} outstanding.")
    if shipment.state is ShipmentState.SENT and shipment.auto_receive_at:
        print_note(f"It counts as received from {shown(shipment.auto_receive_at)} on.")


@app.command(
    no_args_is_help=True,
    epilog=examples(
        "orderhub order receive demo R4273491837312",
        "orderhub order receive demo R4273491837312 --shipment 2",
    ),
)
def receive(
    context: typer.Context,
    shop_id: ShopId,
    name: OrderName,
    shipment_id: ShipmentId = None,
    as_json: AsJson = False,
) -> None:
    """Note that the buyer has the goods: all that are on their way, or one shipment.

    Shipments receive themselves when their shop's window for that is over; saying it again is
    harmless.
    """
    at = connected_for_writing(context)
    order = find(at, shop_id, name)
    change = receive_order.receive(at.desk, order, operator(), shipment_id=shipment_id)
    _print_moved(change, shipment_id, "arrived", as_json=as_json)


@app.command(
    "return",
    no_args_is_help=True,
    epilog=examples(
        "orderhub order return demo R4273491837312",
        "orderhub order return demo R4273491837312 --shipment 2",
    ),
)
def return_(
    context: typer.Context,
    shop_id: ShopId,
    name: OrderName,
    shipment_id: ShipmentId = None,
    as_json: AsJson = False,
) -> None:
    """Note that goods came back, received or not: all shipments, or one.

    No money goes back by that, and nothing into stock.
    """
    at = connected_for_writing(context)
    order = find(at, shop_id, name)
    change = receive_order.take_back(at.desk, order, operator(), shipment_id=shipment_id)
    _print_moved(change, shipment_id, "came back", as_json=as_json)


@app.command(
    no_args_is_help=True,
    epilog=examples(
        "orderhub order note demo R4273491837312 'Called the buyer: leave it next door'"
    ),
)
def note(
    context: typer.Context,
    shop_id: ShopId,
    name: OrderName,
    text: arguments.NoteText,
    as_json: AsJson = False,
) -> None:
    """Put a note on an order, for those who work on it. Notes are never removed."""
    at = connected_for_writing(context)
    change = annotate_order.add_note(at.desk, find(at, shop_id, name), text, operator())
    if as_json:
        print_change(change)
    else:
        author = change.order.notes[-1].author
        print_done(f"Noted on order {change.order.number}, by {author}.")


@app.command(
    no_args_is_help=True,
    epilog=examples(
        "orderhub order tag demo R4273491837312 --add vip --add gift",
        "orderhub order tag demo R4273491837312 --remove gift",
        "orderhub order tag demo R4273491837312 --set vip,fragile",
        "orderhub order tag demo R4273491837312 --set ''",
    ),
)
def tag(
    context: typer.Context,
    shop_id: ShopId,
    name: OrderName,
    add: Annotated[
        list[str] | None, typer.Option(metavar="TAG", help="Add a tag; repeatable.")
    ] = None,
    remove: Annotated[
        list[str] | None, typer.Option(metavar="TAG", help="Remove a tag; repeatable.")
    ] = None,
    replace: Annotated[
        str | None,
        typer.Option("--set", metavar="TAGS", help="Replace all tags; '' leaves none."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Change an order's tags. A comma divides tags, in every option."""
    if replace is not None and (add or remove):
        raise typer.BadParameter("it says all tags: give it alone", param_hint="'--set'")
    if replace is None and not add and not remove:
        raise typer.BadParameter("give --add, --remove or --set", ctx=context)
    at = connected_for_writing(context)
    change = annotate_order.tag(
        at.desk,
        find(at, shop_id, name),
        operator(),
        replace=None if replace is None else replace.split(","),
        remove=_divided(remove),
        add=_divided(add),
    )
    if as_json:
        print_change(change)
    elif change.order.tags:
        print_done(f"Tags of order {change.order.number}: {', '.join(change.order.tags)}.")
    else:
        print_done(f"Order {change.order.number} has no tags.")


def _divided(given: Sequence[str] | None) -> list[str]:
    return [tag for text in given or () for tag in text.split(",")]


def operator() -> Actor:
    """Whoever is logged in on this machine; nobody in particular where users have no names."""
    try:
        login = getpass.getuser()
    except (KeyError, OSError):
        login = ""
    return Actor("operator", "".join(filter(str.isprintable, login))[:_LONGEST_LOGIN])


def _shipment_of(change: Change, carrier: str, tracking_number: str) -> Shipment:
    """The shipment that was just sent; else the one that had the tracking number before."""
    shipments = change.visible.shipments
    if change.recorded:
        return shipments[-1]
    parcel = (carrier.strip(), tracking_number.strip())
    return next(each for each in shipments if (each.carrier, each.tracking_number) == parcel)


def _print_moved(change: Change, shipment_id: int | None, how: str, *, as_json: bool) -> None:
    if as_json:
        print_change(change)
        return
    moved = [
        entry.event.shipment_id
        for entry in change.recorded
        if isinstance(entry.event, ShipmentReceived | ShipmentReturned)
    ]
    number = change.order.number
    if moved:
        noun = "Shipment" if len(moved) == 1 else "Shipments"
        print_done(f"{noun} {', '.join(map(str, moved))} of order {number} {how}.")
        return
    states = [
        f"shipment {each.id} is {each.state.value}"
        for each in change.visible.shipments
        if shipment_id in (None, each.id)
    ]
    print_done(f"Nothing was changed on order {number}: {', '.join(states)}.")


def print_change(change: Change, **more: object) -> None:
    """The order as it is now, ``changed`` to tell a repeat, and ``more``."""
    print_json({**order_as_of(change.order, change.now), "changed": bool(change.recorded), **more})
