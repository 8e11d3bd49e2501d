"""How subscribers were told of what happened to one order."""

import json
from collections.abc import Collection, Mapping

from orderhub.domain.delivery import Delivery
from orderhub.ports import DeliveryLog, OrderRepository


def deliveries_of_order(
    orders: OrderRepository,
    log: DeliveryLog,
    shop_id: str,
    order_id: int,
    subscription_ids: Collection[int],
) -> Mapping[int, list[Delivery]]:
    """By the sequence of the event, what became of it for each of these subscriptions, as far as
    the log remembers. A small read for each event and subscription."""
    found: dict[int, list[Delivery]] = {}
    for event in orders.outgoing(shop_id, order_id):
        detail = json.loads(event.detail)
        found[detail["sequence"]] = [
            delivery
            for subscription_id in subscription_ids
            for delivery in log.of_event(
                shop_id, subscription_id, detail["occurred_at"], detail["id"]
            )
        ]
    return found
