"""Webhooks by the Standard Webhooks specification, signed by its own library."""

import json
import re
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final

from orderhub.domain.events import EVENT_TYPES
from orderhub.domain.order import Order
from orderhub.domain.shop import Shop
from orderhub.domain.subscription import DISABLED_EVENT, Subscription

from .contract import Message, Occurrence

_NOT_IN_IDS: Final = re.compile(r"[^A-Za-z0-9_-]")
_TOPICS: Final = (*EVENT_TYPES, DISABLED_EVENT)


class _Standard:
    """:class:`~orderhub.webhooks.contract.WebhookKind`. Topics are the types of events; the body
    is the event as ``docs/EVENTS.md`` has it, without its actor, who may be a person."""

    allows_http = False
    needs_order = False

    @property
    def topics(self) -> Sequence[str]:
        return _TOPICS

    def topics_of(self, occurrence: Occurrence) -> Sequence[str]:
        return (occurrence.type,)

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
    ) -> Message:
        # Who only asks for topics does without the library.
        from standardwebhooks import Webhook  # noqa: PLC0415

        message_id = webhook_id(occurrence)
        body = _body(occurrence)
        # The library reads the datetime's figures as UTC, whatever its zone.
        sent_at = now.astimezone(UTC)
        signatures = [Webhook(secret).sign(message_id, sent_at, body) for secret in secrets]
        headers = {
            "content-type": "application/json",
            "webhook-id": message_id,
            "webhook-timestamp": str(int(sent_at.timestamp())),
            "webhook-signature": " ".join(signatures),
        }
        return Message(headers, body.encode())


STANDARD: Final = _Standard()


def webhook_id(occurrence: Occurrence) -> str:
    """``evt_<order>_<sequence>``: the same for each attempt, unique within the shop."""
    within_shop = occurrence.id.removeprefix(f"{occurrence.shop_id}/")
    return f"evt_{_NOT_IN_IDS.sub('_', within_shop)}"


def _body(occurrence: Occurrence) -> str:
    content: dict[str, object] = {
        "type": occurrence.type,
        "timestamp": occurrence.occurred_at,
        "id": occurrence.id,
        "shop_id": occurrence.shop_id,
    }
    if occurrence.order_id is not None:
        content |= {"order_id": occurrence.order_id, "sequence": occurrence.sequence}
    content["data"] = occurrence.data
    if occurrence.truncated:
        content["truncated"] = True
    return json.dumps(content, ensure_ascii=False, separators=(",", ":"))
