"""Youhaosuda's webhooks: an event's order, payment or shipment, signed by the webhook's token.

The vendor says of the body that it is the object of the event, so it stands there by itself,
without the ``{"order": …}`` that answers have around it.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import ClassVar, Final

from orderhub.domain import events as happened
from orderhub.domain.order import Order
from orderhub.domain.shop import Shop
from orderhub.domain.subscription import Subscription
from orderhub.webhooks import showing
from orderhub.webhooks.contract import Message, Occurrence

from . import outbound, parts
from .parts import Seen
from .values import Json, part_number, zone_of

HMAC_HEADER: Final = "x-yhsd-hmac-sha256"
ID_HEADER: Final = "webhook-id"
TOPIC_HEADER: Final = "x-orderhub-topic"
SHOP_HEADER: Final = "x-orderhub-shop"

CANCELLED: Final = "orders/cancelled"
REFUND_REQUESTED: Final = "orders/request_refund"
REFUNDED: Final = "orders/refunded"
REFUND_REFUSED: Final = "orders/refuse_refund"
PAID: Final = "orders/paid"
DELIVERED: Final = "orders/delivered"
PARTIALLY_DELIVERED: Final = "orders/partially_delivered"
ACHIEVED: Final = "orders/achieved"
PAYMENT_CREATED: Final = "payments/create"
PAYMENT_UPDATED: Final = "payments/update"
SHIPMENT_CREATED: Final = "shipments/create"
SHIPMENT_UPDATED: Final = "shipments/update"

_TOPICS: Final[Mapping[str, Sequence[str]]] = {
    happened.OrderPlaced.TYPE: (PAYMENT_CREATED, SHIPMENT_CREATED),
    happened.LinesAdded.TYPE: (PAYMENT_UPDATED, SHIPMENT_UPDATED),
    happened.ChargesChanged.TYPE: (PAYMENT_UPDATED, SHIPMENT_UPDATED),
    happened.PriceAdjusted.TYPE: (PAYMENT_UPDATED,),
    happened.PaymentConfirmed.TYPE: (PAYMENT_UPDATED,),
    happened.PaymentFailed.TYPE: (PAYMENT_UPDATED,),
    happened.PaymentAccepted.TYPE: (PAYMENT_UPDATED,),
    happened.OrderPaid.TYPE: (PAID,),
    happened.RefundRequested.TYPE: (REFUND_REQUESTED,),
    happened.RefundSucceeded.TYPE: (REFUNDED,),
    happened.RefundFailed.TYPE: (REFUND_REFUSED,),
    happened.ShipmentReceived.TYPE: (SHIPMENT_UPDATED,),
    happened.ShipmentReturned.TYPE: (SHIPMENT_UPDATED,),
    happened.ShipmentCorrected.TYPE: (SHIPMENT_UPDATED,),
    happened.OrderCompleted.TYPE: (ACHIEVED,),
    happened.OrderCancelled.TYPE: (CANCELLED, PAYMENT_UPDATED),
    happened.OrderExpired.TYPE: (PAYMENT_UPDATED,),
}
"""What else than ``orders/create`` or ``orders/update`` an event is. An expired order is none that
was cancelled: its status says so."""

_MADE_KNOWN: Final[Mapping[str, tuple[str, str, str]]] = {
    happened.PaymentStarted.TYPE: ("payment", PAYMENT_CREATED, PAYMENT_UPDATED),
    happened.PaymentCaptured.TYPE: ("payment", PAYMENT_CREATED, PAYMENT_UPDATED),
    happened.PaymentHeld.TYPE: ("payment", PAYMENT_CREATED, PAYMENT_UPDATED),
    happened.LinesShipped.TYPE: ("shipment", SHIPMENT_CREATED, SHIPMENT_UPDATED),
}
"""Events that bring a payment or a parcel: its kind, and the topics of a further one and of the
first, which was there from the beginning as the one that is awaited."""

_LISTS: Final[Mapping[str, tuple[str, Callable[[Seen], Sequence[Json]]]]] = {
    "payments": ("payment", parts.payments),
    "shipments": ("shipment", parts.shipments),
}
"""What stands before a topic's slash → what an event calls it, and what shows all of an order."""


class Youhaosuda:
    """A webhook has one topic there. Where a subscription has several, a header names it."""

    allows_http: ClassVar = True
    """The vendor's own examples subscribe such addresses."""
    needs_order: ClassVar = True
    topics: ClassVar[Sequence[str]] = (
        showing.CREATE,
        showing.UPDATE,
        CANCELLED,
        REFUND_REQUESTED,
        REFUNDED,
        REFUND_REFUSED,
        PAID,
        DELIVERED,
        PARTIALLY_DELIVERED,
        ACHIEVED,
        PAYMENT_CREATED,
        PAYMENT_UPDATED,
        SHIPMENT_CREATED,
        SHIPMENT_UPDATED,
    )

    def topics_of(self, occurrence: Occurrence) -> Sequence[str]:
        """All that an event may be. Whether a parcel was the last one, its order tells."""
        if occurrence.order_id is None:
            return ()
        topics = [showing.order_topic(occurrence), *_TOPICS.get(occurrence.type, ())]
        if occurrence.type == happened.LinesShipped.TYPE:
            topics += DELIVERED, PARTIALLY_DELIVERED
        if occurrence.type in _MADE_KNOWN:
            part, further, first = _MADE_KNOWN[occurrence.type]
            was_known = occurrence.data.get("was_known")
            topics.append(
                first if was_known or showing.position(occurrence, part) == 1 else further
            )
        return topics

    def message(
        self,
        *,
        subscription: Subscription,
        secrets: Sequence[str],
        topic: str,
        occurrence: Occurrence,
        shop: Shop,
        order: Order | None,
        base_url: str,
        now: datetime,
    ) -> Message | None:
        if order is None:
            return None
        shown = _shown(topic, occurrence, shop, order, now)
        if shown is None:
            return None
        body = showing.json_body(shown)
        headers = {
            "content-type": "application/json",
            HMAC_HEADER: showing.signature(secrets[0], body),
            ID_HEADER: showing.message_id(occurrence, topic),
            TOPIC_HEADER: topic,
            SHOP_HEADER: shop.id,
            showing.SEQUENCE_HEADER: str(occurrence.sequence),
        }
        return Message(headers, body)


def _shown(
    topic: str, occurrence: Occurrence, shop: Shop, order: Order, now: datetime
) -> Json | None:
    """The object that a topic is about; ``None`` where there is none (any more)."""
    if topic in (DELIVERED, PARTIALLY_DELIVERED):
        all_sent = showing.is_all_sent(order, showing.position(occurrence, "shipment"))
        if all_sent != (topic == DELIVERED):
            return None
    listed = _LISTS.get(topic.partition("/")[0])
    if listed is None:
        return outbound.whole(order, shop, now)
    part, show_all = listed
    at = _which(occurrence, part)
    shown = show_all(Seen(order.as_of(now), zone_of(shop)))
    if at is None:
        chosen = shown[-1:]
    else:
        wanted = part_number(order.id, part, at)
        chosen = [each for each in shown if each["id"] == wanted]
    # By itself a part doesn't tell which order it is of.
    return {**chosen[0], "order_id": order.id, "order_no": order.number} if chosen else None


def _which(occurrence: Occurrence, part: str) -> int | None:
    """The part that an event names, the first of a new order; ``None`` for the last, which is the
    one that is awaited where one is."""
    if occurrence.type == happened.OrderPlaced.TYPE:
        return 1
    return showing.position(occurrence, part)


YOUHAOSUDA: Final = Youhaosuda()
