"""Standard Webhooks, checked by the specification's own library as subscribers have it."""

import json
import re
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from standardwebhooks import Webhook, WebhookVerificationError

from orderhub.domain.events import EVENT_TYPES
from orderhub.domain.shop import Shop
from orderhub.domain.subscription import Subscription, SubscriptionKind
from orderhub.services.subscriptions import random_secret
from orderhub.webhooks.contract import Message, Occurrence, occurrence_in
from orderhub.webhooks.standard import STANDARD
from tests.support.fakes import NOON
from tests.support.webhooks import URL, order_event

SHOP = Shop(id="demo", name="Demo", currency="CNY", created_at=NOON)
SECRET = random_secret(SubscriptionKind.STANDARD)


def message(
    *secrets: str, occurrence: Occurrence | None = None, now: datetime | None = None
) -> Message:
    occurrence = occurrence or occurrence_in(order_event())
    return STANDARD.message(
        subscription=Subscription(
            shop_id="demo",
            id=1,
            kind=SubscriptionKind.STANDARD,
            url=URL,
            topics=("*",),
            created_at=NOON,
            updated_at=NOON,
        ),
        secrets=secrets or (SECRET,),
        topic=occurrence.type,
        occurrence=occurrence,
        shop=SHOP,
        order=None,
        base_url="",
        now=now or datetime.now(UTC),
    )


def verify(made: Message, secret: str = SECRET) -> Any:
    return Webhook(secret).verify(made.body, dict(made.headers))


def test_a_message_tells_the_event_and_is_signed() -> None:
    content = verify(message())
    assert content == {
        "type": "order.paid",
        "timestamp": "2026-11-21T11:59:58.000Z",
        "id": "demo/3475921619881989/4",
        "shop_id": "demo",
        "order_id": 3475921619881989,
        "sequence": 4,
        "data": {"total": [12800, "CNY"]},
    }


def test_who_did_it_is_not_told() -> None:
    assert b"Mei Han" not in message().body


def test_text_of_all_languages_is_signed_as_it_is_sent() -> None:
    made = message(occurrence=occurrence_in(order_event(note="韩梅梅 ✓")))
    assert "韩梅梅 ✓".encode() in made.body
    assert verify(made)["data"]["note"] == "韩梅梅 ✓"


def test_data_that_was_too_large_is_said_to_be_missing() -> None:
    occurrence = occurrence_in({**order_event(), "data": {}, "truncated": True})
    assert verify(message(occurrence=occurrence))["truncated"] is True


def test_the_id_is_the_same_for_each_attempt_and_the_time_is_not() -> None:
    first, second = message(now=NOON), message(now=NOON + timedelta(hours=3))
    assert first.headers["webhook-id"] == "evt_3475921619881989_4"
    assert first.headers["webhook-id"] == second.headers["webhook-id"]
    assert first.body == second.body
    assert int(second.headers["webhook-timestamp"]) - int(
        first.headers["webhook-timestamp"]
    ) == int(timedelta(hours=3).total_seconds())
    assert first.headers["webhook-signature"] != second.headers["webhook-signature"]


@pytest.mark.parametrize(
    "event_id", ["demo/webhooks/347/1795251600000", "demo/x y", "demo/é#1", "other/1/2"]
)
def test_ids_have_no_characters_that_headers_might_lose(event_id: str) -> None:
    occurrence = Occurrence(
        id=event_id, shop_id="demo", type="webhook.disabled", occurred_at="2026-11-21T09:00:00Z"
    )
    made = message(occurrence=occurrence)
    assert re.fullmatch("evt_[A-Za-z0-9_-]+", made.headers["webhook-id"])
    assert "order_id" not in verify(made)


def test_the_zone_of_our_clock_does_not_matter() -> None:
    now = datetime.now(UTC).astimezone(timezone(timedelta(hours=8)))
    verify(message(now=now))


def test_both_secrets_verify_while_one_takes_the_place_of_the_other() -> None:
    new = random_secret(SubscriptionKind.STANDARD)
    made = message(new, SECRET)
    assert verify(made, new) == verify(made, SECRET)


def test_any_change_on_the_way_is_noticed() -> None:
    made = message()
    for index in range(len(made.body)):
        changed = bytearray(made.body)
        # Of bytes that are no text the library makes a mistake of its own.
        changed[index] ^= 1 << index % 7
        with pytest.raises(WebhookVerificationError):
            verify(Message(made.headers, bytes(changed)))
    for name in ("webhook-id", "webhook-timestamp"):
        headers = {**made.headers, name: made.headers[name] + "0"}
        with pytest.raises(WebhookVerificationError):
            verify(Message(headers, made.body))
    with pytest.raises(WebhookVerificationError):
        verify(made, random_secret(SubscriptionKind.STANDARD))


def test_every_type_of_event_can_be_subscribed_to_and_goes_out_as_itself() -> None:
    for kind in EVENT_TYPES:
        assert kind in STANDARD.topics
        assert list(STANDARD.topics_of(occurrence_in(order_event(kind=kind)))) == [kind]
    assert "webhook.disabled" in STANDARD.topics


def test_the_body_is_json_of_one_line() -> None:
    made = message()
    assert b"\n" not in made.body
    assert made.headers["content-type"] == "application/json"
    assert json.loads(made.body)["type"] == "order.paid"
