"""Shoplazza's webhooks: the order as creating it answers, signed by the app's client secret."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import ClassVar, Final
from uuid import UUID, uuid5

from orderhub.domain import events as happened
from orderhub.domain.lines import ChargeKind
from orderhub.domain.order import Order
from orderhub.domain.shop import Shop
from orderhub.domain.subscription import Subscription
from orderhub.webhooks import showing
from orderhub.webhooks.contract import Message, Occurrence
from orderhub.wire.statuses import State

from . import inbound, outbound, status
from .inbound import WIRE
from .status import FinancialWord

API_VERSION: Final = "2022-01"

TOPIC_HEADER: Final = "x-shoplazza-topic"
HMAC_HEADER: Final = "x-shoplazza-hmac-sha256"
DOMAIN_HEADER: Final = "x-shoplazza-shop-domain"
VERSION_HEADER: Final = "x-shoplazza-api-version"
ID_HEADER: Final = "x-shoplazza-deduplication-id"

PAID: Final = "orders/paid"
CANCELLED: Final = "orders/cancelled"
FULFILLED: Final = "orders/fulfilled"
PARTIALLY_FULFILLED: Final = "orders/partially_fulfilled"
FINISHED: Final = "orders/finished"
REFUNDED: Final = "orders/refunded"
PARTIALLY_REFUNDED: Final = "orders/partially_refunded"

_MESSAGES: Final = UUID("5f0e3a52-6e0f-5b5c-8f0a-9a3c7d1b2e64")
"""The namespace of messages' ids."""

_TOPICS: Final[Mapping[str, Sequence[str]]] = {
    happened.OrderPaid.TYPE: (PAID,),
    happened.OrderCancelled.TYPE: (CANCELLED,),
    happened.OrderExpired.TYPE: (CANCELLED,),
    happened.LinesShipped.TYPE: (FULFILLED, PARTIALLY_FULFILLED),
    happened.OrderCompleted.TYPE: (FINISHED,),
    happened.RefundSucceeded.TYPE: (REFUNDED, PARTIALLY_REFUNDED),
}
"""What else than ``orders/create`` or ``orders/update`` an event is. Expired orders read cancelled
in this API."""


class Shoplazza:
    """Every message shows the whole order."""

    allows_http: ClassVar = False
    needs_order: ClassVar = True
    topics: ClassVar[Sequence[str]] = (
        showing.CREATE,
        showing.UPDATE,
        PAID,
        CANCELLED,
        FULFILLED,
        PARTIALLY_FULFILLED,
        FINISHED,
        REFUNDED,
        PARTIALLY_REFUNDED,
    )

    def topics_of(self, occurrence: Occurrence) -> Sequence[str]:
        """All that an event may be. Whether it was all of the goods or of the money, its order
        tells."""
        if occurrence.order_id is None:
            return ()
        return (showing.order_topic(occurrence), *_TOPICS.get(occurrence.type, ()))

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
        if order is None or not _is_about(topic, occurrence, order):
            return None
        body = showing.json_body({"order": outbound.resource(_known_here(order, shop).as_of(now))})
        headers = {
            "content-type": "application/json",
            TOPIC_HEADER: topic,
            HMAC_HEADER: showing.signature(secrets[0], body),
            DOMAIN_HEADER: shop.domain or shop.id,
            VERSION_HEADER: API_VERSION,
            ID_HEADER: str(uuid5(_MESSAGES, showing.message_id(occurrence, topic))),
            showing.SEQUENCE_HEADER: str(occurrence.sequence),
        }
        return Message(headers, body)


def _is_about(topic: str, occurrence: Occurrence, order: Order) -> bool:
    """Whether a topic for all, or for a part, is true of the order."""
    if topic in (FULFILLED, PARTIALLY_FULFILLED):
        all_sent = showing.is_all_sent(order, showing.position(occurrence, "shipment"))
        return all_sent == (topic == FULFILLED)
    if topic in (REFUNDED, PARTIALLY_REFUNDED):
        word = status.FINANCIAL_STATUS.word(State.of(order))
        return (word is FinancialWord.REFUNDED) == (topic == REFUNDED)
    return True


def _known_here(order: Order, shop: Shop) -> Order:
    """An order of another API with what only this one shows. It has no page for its buyer."""
    extensions = order.details.extensions
    if WIRE in extensions:
        return order
    taxes = (charge for charge in order.charges if charge.kind is ChargeKind.TAX)
    facts = {
        inbound.SHOP_NUMBER: shop.number,
        inbound.TAX_INCLUDED: any(charge.included for charge in taxes),
    }
    details = replace(order.details, extensions={**extensions, WIRE: facts})
    return replace(order, details=details)


SHOPLAZZA: Final = Shoplazza()
