"""Send an order's goods, all at once or in parcels."""

from collections.abc import Sequence
from datetime import datetime

from orderhub.domain import commands
from orderhub.domain.commands import Change
from orderhub.domain.dataclass import dataclass
from orderhub.domain.details import Actor
from orderhub.domain.order import Order
from orderhub.domain.shipment import ShippedLine

from .desk import Desk


@dataclass(frozen=True, slots=True, kw_only=True)
class WantedShipment:
    """``lines`` are ids of the order's lines, each with a number of pieces; ``None`` means all
    that is left. ``sent_at`` has a time zone; ``None`` is now.
    """

    lines: Sequence[tuple[int, int]] | None = None
    carrier: str = ""
    tracking_number: str = ""
    tracking_url: str = ""
    sent_at: datetime | None = None


def ship_order(desk: Desk, order: Order, wanted: WantedShipment, actor: Actor) -> Change:
    """Send one parcel. The order need not be paid: from then on it is paid on delivery.

    A parcel is the same as another one of the order when both carrier and tracking number are; the
    same again changes nothing. Without a tracking number, asking twice sends twice.

    Raises :class:`InvalidField`: ``lines`` as ``unknown``, ``quantity`` as ``too_small``,
    ``carrier``, ``tracking_number`` or ``tracking_url`` as ``too_long`` or ``invalid``,
    ``tracking_number`` as ``taken`` by a parcel with other lines, ``sent_at`` as
    ``out_of_range``; or :class:`Refused`: ``nothing_to_ship`` for more pieces than are left,
    ``too_many_shipments``, or what the order is closed by.
    """
    lines = None if wanted.lines is None else [ShippedLine(*line) for line in wanted.lines]

    def decide(change: Change) -> None:
        commands.ship(
            change,
            lines,
            carrier=wanted.carrier,
            tracking_number=wanted.tracking_number,
            tracking_url=wanted.tracking_url,
            sent_at=wanted.sent_at,
        )

    return desk.change(order.shop_id, order.id, actor, decide, loaded=order)
