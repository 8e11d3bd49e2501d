"""Correct what is known of a parcel that is out."""

from datetime import datetime

from orderhub.domain import commands
from orderhub.domain.commands import Change
from orderhub.domain.dataclass import dataclass
from orderhub.domain.details import Actor
from orderhub.domain.order import Order

from .desk import Desk


@dataclass(frozen=True, slots=True, kw_only=True)
class ShipmentFacts:
    """``None`` leaves what there is; an empty text removes it. ``sent_at`` has a time zone."""

    carrier: str | None = None
    tracking_number: str | None = None
    tracking_url: str | None = None
    sent_at: datetime | None = None


def correct_shipment(
    desk: Desk, order: Order, shipment_id: int, facts: ShipmentFacts, actor: Actor
) -> Change:
    """Change a parcel's facts, in whatever state it and the order are.

    The goods in it stay, and so does the moment from which they count as received. Raises
    :class:`InvalidField` naming the fact (``too_long``, ``invalid``, ``out_of_range``, or
    ``tracking_number`` as ``taken`` by another parcel), or :class:`Refused`
    (``shipment_unknown``).
    """

    def decide(change: Change) -> None:
        apply_facts(change, shipment_id, facts)

    return desk.change(order.shop_id, order.id, actor, decide, loaded=order)


def apply_facts(change: Change, shipment_id: int, facts: ShipmentFacts) -> None:
    """:func:`correct_shipment`, as a part of a larger change."""
    commands.correct_shipment(
        change,
        shipment_id,
        carrier=facts.carrier,
        tracking_number=facts.tracking_number,
        tracking_url=facts.tracking_url,
        sent_at=facts.sent_at,
    )
