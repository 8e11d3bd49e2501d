"""What Shoplazza's webhooks tell of an order, and how they are signed."""

import base64
import hashlib
import hmac
import json
from collections.abc import Sequence
from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest

from orderhub.adapters.dynamodb.codec import lean
from orderhub.domain import commands
from orderhub.domain.details import Details
from orderhub.domain.events import EVENT_TYPES
from orderhub.domain.lines import Attributes, Charge, ChargeKind
from orderhub.domain.shipment import ShippedLine
from orderhub.domain.shop import Shop
from orderhub.domain.subscription import Subscription, SubscriptionKind
from orderhub.webhooks.contract import Message, Occurrence
from orderhub.webhooks.kinds import kind_of
from orderhub.wire.shoplazza import outbound
from orderhub.wire.shoplazza.webhooks import SHOPLAZZA
from tests.support.fakes import NOON
from tests.support.story import DAY, Story, money

SECRET = "client-secret-of-the-app"
SHOP = Shop(
    id="demo", name="Demo", currency="CNY", created_at=NOON, given_number=11218, domain="demo.shop"
)
SUBSCRIPTION = Subscription(
    shop_id="demo",
    id=1,
    kind=SubscriptionKind.SHOPLAZZA,
    url="https://app.example.com/webhooks",
    topics=("*",),
    created_at=NOON,
    updated_at=NOON,
)
OWN: Attributes = {
    "shop_number": 11218,
    "checkout_base": "https://demo.shop",
    "invoice_base": "https://api.example.com",
    "checkout_token": "token",
    "tax_included": False,
}
"""What stands on an order that this API made."""


def last(story: Story) -> Occurrence:
    """The latest event as the bus tells it."""
    recorded = story.history[-1]
    data = lean(recorded.event)
    assert isinstance(data, dict)
    return Occurrence(
        id=f"demo/{story.order.id}/{recorded.sequence}",
        shop_id="demo",
        type=recorded.event.TYPE,
        occurred_at=recorded.at.isoformat(),
        order_id=story.order.id,
        sequence=recorded.sequence,
        data=data,
    )


def message(
    happened: Occurrence,
    topic: str,
    story: Story,
    *,
    secrets: Sequence[str] = (SECRET,),
    shop: Shop = SHOP,
) -> Message | None:
    return SHOPLAZZA.message(
        subscription=SUBSCRIPTION,
        secrets=secrets,
        topic=topic,
        occurrence=happened,
        shop=shop,
        order=story.order,
        base_url="https://api.example.com",
        now=story.now,
    )


def told(story: Story) -> dict[str, Any]:
    """The orders that are sent of the latest event, by topic."""
    happened = last(story)
    messages = {topic: message(happened, topic, story) for topic in SHOPLAZZA.topics_of(happened)}
    return {topic: json.loads(sent.body)["order"] for topic, sent in messages.items() if sent}


@pytest.fixture
def story() -> Story:
    """Two pieces for 100.00."""
    return Story(details=Details(extensions={"shoplazza": OWN}))


# -- how they are signed ---------------------------------------------------------------------------


def test_the_body_is_signed_as_it_is_sent_by_the_newest_secret(story: Story) -> None:
    sent = message(last(story), "orders/create", story, secrets=(SECRET, "old"))
    assert sent
    expected = hmac.new(SECRET.encode(), sent.body, hashlib.sha256).digest()
    assert base64.b64decode(sent.headers["x-shoplazza-hmac-sha256"]) == expected


def test_headers_are_the_vendors(story: Story) -> None:
    sent = message(last(story), "orders/create", story)
    assert sent
    headers = dict(sent.headers)
    assert UUID(headers.pop("x-shoplazza-deduplication-id")).version == 5
    assert headers.pop("x-shoplazza-hmac-sha256")
    assert headers == {
        "content-type": "application/json",
        "x-shoplazza-topic": "orders/create",
        "x-shoplazza-shop-domain": "demo.shop",
        "x-shoplazza-api-version": "2022-01",
        "x-orderhub-sequence": "1",
    }


def test_a_shop_without_a_domain_is_told_by_its_id(story: Story) -> None:
    sent = message(last(story), "orders/create", story, shop=replace(SHOP, domain=""))
    assert sent
    assert sent.headers["x-shoplazza-shop-domain"] == "demo"


def test_a_repeat_has_the_same_id_and_another_topic_another_one(story: Story) -> None:
    story.pay("100.00")
    ids = []
    for topic in ("orders/paid", "orders/paid", "orders/update"):
        sent = message(last(story), topic, story)
        assert sent
        ids.append(sent.headers["x-shoplazza-deduplication-id"])
    assert ids[0] == ids[1] != ids[2]


# -- topics ----------------------------------------------------------------------------------------


def test_it_is_the_kind_for_subscriptions_of_its_name() -> None:
    assert kind_of(SubscriptionKind.SHOPLAZZA) is SHOPLAZZA


@pytest.mark.parametrize("event_type", sorted(EVENT_TYPES))
def test_every_event_of_an_order_goes_out_under_topics_that_can_be_subscribed_to(
    event_type: str,
) -> None:
    happened = Occurrence(
        id="demo/1/1", shop_id="demo", type=event_type, occurred_at="", order_id=1, sequence=1
    )
    topics = SHOPLAZZA.topics_of(happened)
    assert topics[0] == ("orders/create" if event_type == "order.placed" else "orders/update")
    assert set(topics) <= set(SHOPLAZZA.topics)
    assert len(set(topics)) == len(topics)


def test_all_topics_are_used() -> None:
    used = set()
    for event_type in EVENT_TYPES:
        happened = Occurrence(
            id="x", shop_id="demo", type=event_type, occurred_at="", order_id=1, sequence=1
        )
        used |= set(SHOPLAZZA.topics_of(happened))
    assert used == set(SHOPLAZZA.topics)


def test_what_is_no_orders_event_is_not_told() -> None:
    happened = Occurrence(
        id="demo/webhooks/1/1", shop_id="demo", type="webhook.disabled", occurred_at=""
    )
    assert not SHOPLAZZA.topics_of(happened)


# -- an order's life -------------------------------------------------------------------------------


def test_the_order_is_told_as_creating_it_answers_it(story: Story) -> None:
    sent = told(story)
    expected = json.loads(json.dumps(outbound.resource(story.seen)))
    assert sent == {"orders/create": expected}
    order_id = story.order.id
    assert expected["id"] == f"11218-{order_id}"
    assert expected["checkout_url"] == f"https://demo.shop/checkout/demo-{order_id}/token"


def test_a_paid_order_is_told_once_it_is_paid(story: Story) -> None:
    story.pay("40.00", "T1")
    assert list(told(story)) == ["orders/update"]
    story.pay("60.00", "T2")
    sent = told(story)
    assert list(sent) == ["orders/update", "orders/paid"]
    assert sent["orders/paid"]["financial_status"] == "paid"


def test_a_part_of_the_goods_is_partially_fulfilled_and_the_rest_fulfilled(story: Story) -> None:
    story.pay("100.00")
    story.do(commands.ship, (ShippedLine(1, 1),), carrier="UPS", tracking_number="1")
    assert list(told(story)) == ["orders/update", "orders/partially_fulfilled"]
    story.do(commands.ship, None, carrier="UPS", tracking_number="2")
    sent = told(story)
    assert list(sent) == ["orders/update", "orders/fulfilled"]
    assert sent["orders/fulfilled"]["fulfillment_status"] == "shipped"
    story.do(commands.complete)
    assert list(told(story)) == ["orders/update", "orders/finished"]


def test_a_part_of_the_money_is_partially_refunded_and_the_rest_refunded(story: Story) -> None:
    story.pay("100.00")
    story.give_back("30.00")
    sent = told(story)
    assert list(sent) == ["orders/update", "orders/partially_refunded"]
    assert sent["orders/partially_refunded"]["total_refund_price"] == "30.00"
    story.give_back("70.00")
    assert list(told(story)) == ["orders/update", "orders/refunded"]


def test_a_refund_that_fails_is_an_update(story: Story) -> None:
    story.pay("100.00")
    story.refund("100.00")
    story.do(commands.settle_refund, 1, failure="declined")
    assert list(told(story)) == ["orders/update"]


def test_an_order_that_expired_is_cancelled_like_one_that_was(story: Story) -> None:
    other = Story(details=Details(extensions={"shoplazza": OWN}))
    story.do(commands.cancel)
    other.wait(DAY)
    other.do(commands.close_what_is_due)
    for each in (story, other):
        sent = told(each)
        assert list(sent) == ["orders/update", "orders/cancelled"]
        assert sent["orders/cancelled"]["status"] == "cancelled"


# -- orders of other APIs --------------------------------------------------------------------------


def test_an_order_of_another_api_has_an_id_and_no_page() -> None:
    tax = Charge(kind=ChargeKind.TAX, amount=money("5.00"), included=True)
    story = Story(charges=(tax,))
    order = told(story)["orders/create"]
    assert order["id"] == f"11218-{story.order.id}"
    assert order["checkout_url"] == order["invoice_url"] == ""
    assert order["config"]["product_tax_included"] is True
    assert (order["sub_total"], order["total_price"]) == ("100.00", "100.00")
