"""``orderhub order timeline``: what happened to an order and what is still to come, in one list."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Annotated, Any, Final

import typer

from orderhub.domain.delivery import Delivery
from orderhub.domain.events import Recorded
from orderhub.domain.order import Deadline, DeadlineKind, Order
from orderhub.domain.shipment import ShipmentState
from orderhub.domain.subscription import Subscription
from orderhub.services.trace_deliveries import deliveries_of_order
from orderhub_cli.arguments import AsJson, OrderName, ShopId
from orderhub_cli.connection import connected
from orderhub_cli.console import print_json, print_note, print_table
from orderhub_cli.help import examples
from orderhub_cli.order_view import by, distance, states, summary
from orderhub_cli.orders import events_of, find
from orderhub_cli.plain import plain

app = typer.Typer()

_CLOCK: Final = "clock"


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One thing that happened, or that will. ``after`` is the order once it had happened; ``None``
    for what is to come, and where the events don't yield an order."""

    at: datetime
    type: str
    who: str
    what: str
    sequence: int | None = None
    after: Order | None = None
    told: Sequence[Delivery] = field(default_factory=list)

    @property
    def is_to_come(self) -> bool:
        """Whether it is not written down, due or not."""
        return self.sequence is None


@app.command(
    no_args_is_help=True,
    epilog=examples(
        "orderhub order timeline demo R4273491837312",
        "orderhub order timeline demo R4273491837312 --deliveries",
        "orderhub order timeline demo R4273491837312 --json",
    ),
)
def timeline(
    context: typer.Context,
    shop_id: ShopId,
    name: OrderName,
    deliveries: Annotated[
        bool, typer.Option("--deliveries", help="Also how subscribers were told of each event.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Show what happened to an order, who did it, its money at each time, and what is to come.

    What is to come happens by itself, when its time is there, unless something else does before.
    """
    at = connected(context)
    order = find(at, shop_id, name)
    history = events_of(at, order)
    now = at.desk.clock.now()
    entries = [*_happened(order, history), *to_come(order, now)]
    subscribers: dict[int, Subscription] = {}
    if deliveries:
        subscribers = {one.id: one for one in at.subscriptions.of_shop(shop_id)}
        told = deliveries_of_order(at.desk.orders, at.delivery_log, shop_id, order.id, subscribers)
        entries = [replace(each, told=told.get(each.sequence or 0, ())) for each in entries]
    if as_json:
        listed = [_plain(each, now, deliveries) for each in entries]
        about = {"order_id": order.id, "number": order.number, "as_of": plain(now)}
        print_json({**about, "entries": listed})
        return
    _print(order, entries, subscribers, now)


def to_come(order: Order, now: datetime) -> Iterator[Entry]:
    """What the clock will do to the order, soonest first, and what it has yet to write down."""
    for deadline in order.deadlines:
        what = _consequence(order, deadline)
        if deadline.at <= now:
            what += " (it holds already; to be written down)"
        yield Entry(at=deadline.at, type=deadline.kind.value, who=_CLOCK, what=what)


def _consequence(order: Order, deadline: Deadline) -> str:
    match deadline.kind:
        case DeadlineKind.PAYMENT:
            return f"expires unless it is paid: {order.outstanding} outstanding"
        case DeadlineKind.REFUND:
            return "from here on no refund can be asked for"
        case DeadlineKind.RECEIPT:
            numbers = [
                str(shipment.id)
                for shipment in order.shipments
                if shipment.state is ShipmentState.SENT and shipment.auto_receive_at == deadline.at
            ]
            return f"shipment {', '.join(numbers)} counts as received"


def _happened(order: Order, history: Sequence[Recorded]) -> Iterator[Entry]:
    for recorded, after in zip(history, _replayed(order, history), strict=True):
        yield Entry(
            at=recorded.at,
            type=recorded.event.TYPE,
            who=by(recorded.actor),
            what=summary(recorded.event),
            sequence=recorded.sequence,
            after=after,
        )


def _replayed(order: Order, history: Iterable[Recorded]) -> Iterator[Order | None]:
    """The order after each event; nothing from the first on that does not follow."""
    seen: Order | None = None
    is_whole = True
    for recorded in history:
        if is_whole:
            try:
                seen = (
                    Order.place(order.shop_id, order.id, recorded)
                    if seen is None
                    else seen.apply(recorded)
                )
            except ValueError:
                is_whole, seen = False, None
        yield seen


def _print(
    order: Order, entries: Sequence[Entry], subscribers: dict[int, Subscription], now: datetime
) -> None:
    rows = [
        (
            each.sequence or "",
            each.at,
            distance(each.at, now),
            each.who,
            ": ".join(filter(None, [each.type, each.what])),
            _money(each.after),
            *([_told(each.told, subscribers)] if subscribers else []),
        )
        for each in entries
    ]
    columns = ["#", "Time", "When", "Who", "What", "Paid"]
    if subscribers:
        columns.append("Told")
    title = f"Order {order.number}, in {order.currency}: {states(order.as_of(now))}"
    print_table(title, columns, rows, numeric="# Paid")
    if not any(each.is_to_come for each in entries):
        print_note("Nothing is still to come by itself.")


def _money(order: Order | None) -> str:
    """What the shop has of what the order costs."""
    if order is None:
        return ""
    return f"{(order.captured - order.refunded).decimal_text} of {order.total.decimal_text}"


def _told(told: Iterable[Delivery], subscribers: dict[int, Subscription]) -> str:
    return ", ".join(
        f"{_called(subscribers[each.subscription_id])}: {each.state.value}"
        + (f" ({each.status or each.reason})" if each.status or each.reason else "")
        for each in told
    )


def _called(subscription: Subscription) -> str:
    return subscription.label or str(subscription.id)


def _plain(entry: Entry, now: datetime, deliveries: bool) -> dict[str, Any]:  # noqa: FBT001
    told: dict[str, Any] = {
        "at": plain(entry.at),
        "seconds_from_now": round((entry.at - now).total_seconds(), 3),
        "is_to_come": entry.is_to_come,
        "sequence": entry.sequence,
        "type": entry.type,
        "who": entry.who,
        "details": entry.what,
        "total": plain(entry.after.total) if entry.after else None,
        "captured": plain(entry.after.captured) if entry.after else None,
        "refunded": plain(entry.after.refunded) if entry.after else None,
    }
    return {**told, "deliveries": plain(entry.told)} if deliveries else told
