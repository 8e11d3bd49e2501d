"""What Youhaosuda's webhooks tell of an order, and how they are signed."""

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from orderhub.adapters.dynamodb.codec import lean
from orderhub.domain import commands
from orderhub.domain.details import Address, Contact, Details
from orderhub.domain.events import EVENT_TYPES, Recorded
from orderhub.domain.order import Order
from orderhub.domain.payment import PaymentState
from orderhub.domain.shipment import ShippedLine
from orderhub.domain.shop import Principal, Shop
from orderhub.domain.subscription import Subscription, SubscriptionKind
from orderhub.webhooks import showing
from orderhub.webhooks.contract import Message, Occurrence
from orderhub.webhooks.kinds import kind_of
from orderhub.wire.contract import Request
from orderhub.wire.youhaosuda import outbound
from orderhub.wire.youhaosuda.webhooks import YOUHAOSUDA
from tests.support.fakes import NOON
from tests.support.story import CLERK, DAY, MINUTE, Story, line, money, payment

TOKEN = "fbc7f83524f14e358a325a5066acd741"
SHOP = Shop(id="demo", name="Demo", currency="CNY", created_at=NOON)
SUBSCRIPTION = Subscription(
    shop_id="demo",
    id=1,
    kind=SubscriptionKind.YOUHAOSUDA,
    url="https://erp.example.com/orders",
    topics=("*",),
    created_at=NOON,
    updated_at=NOON,
)


def occurrence(recorded: Recorded, order_id: int = 1) -> Occurrence:
    """An event as the bus tells it."""
    data = lean(recorded.event)
    assert isinstance(data, dict)
    return Occurrence(
        id=f"demo/{order_id}/{recorded.sequence}",
        shop_id="demo",
        type=recorded.event.TYPE,
        occurred_at=recorded.at.isoformat(),
        order_id=order_id,
        sequence=recorded.sequence,
        data=data,
    )


def message(
    happened: Occurrence, topic: str, story: Story, *, secrets: tuple[str, ...] = (TOKEN,)
) -> Message | None:
    return YOUHAOSUDA.message(
        subscription=SUBSCRIPTION,
        secrets=secrets,
        topic=topic,
        occurrence=happened,
        shop=SHOP,
        order=story.order,
        base_url="https://api.example.com",
        now=story.now,
    )


def last(story: Story) -> Occurrence:
    return occurrence(story.history[-1], story.order.id)


def told(happened: Occurrence, story: Story) -> dict[str, Any]:
    """What is sent of an event, by topic."""
    messages = {topic: message(happened, topic, story) for topic in YOUHAOSUDA.topics_of(happened)}
    return {topic: json.loads(sent.body) for topic, sent in messages.items() if sent}


def shown(order: Order, now: Any) -> Any:
    """The order as ``GET /v1/orders/#{id}`` answers it."""
    request = Request(
        now=now,
        path={},
        query={},
        headers={},
        body=None,
        principal=Principal(SHOP, "cred", "ERP", frozenset()),
        actor=CLERK,
    )
    body = outbound.order(order, request).body
    assert isinstance(body, dict)
    return json.loads(showing.json_body(body["order"]))


DETAILS = Details(
    customer=Contact(id="4028", name="test", email="test@yeezon.com"),
    shipping_address=Address(full_name="友好速搭", city_code="440300"),
)


@pytest.fixture
def story() -> Story:
    """Two lines, one of two pieces and one of one."""
    return Story(line(), line("64.00", 1), details=DETAILS)


# -- how they are signed ---------------------------------------------------------------------------


def test_the_vendors_check_vector_holds() -> None:
    assert showing.signature(TOKEN, b"12345qwert") == "Fp6SL4UABMWhXojvSGBneRs0h0wEnqxQrqT/ko/mqg0="


def test_the_body_is_signed_as_it_is_sent_by_the_newest_token(story: Story) -> None:
    sent = message(last(story), "orders/create", story, secrets=("new-token", TOKEN))
    assert sent
    assert sent.headers["x-yhsd-hmac-sha256"] == showing.signature("new-token", sent.body)
    assert sent.headers["content-type"] == "application/json"


def test_headers_say_what_it_is_and_where_it_stands_in_the_orders_history(story: Story) -> None:
    story.pay("164.00")
    happened = last(story)
    sent = message(happened, "orders/paid", story)
    assert sent
    order_id = story.order.id
    assert sent.headers["webhook-id"] == f"demo/{order_id}/3/orders/paid"
    assert sent.headers["x-orderhub-topic"] == "orders/paid"
    assert sent.headers["x-orderhub-shop"] == "demo"
    assert sent.headers["x-orderhub-sequence"] == "3"


def test_a_repeat_has_the_same_id_and_another_topic_another_one(story: Story) -> None:
    story.pay("164.00")
    ids = []
    for topic in ("orders/paid", "orders/paid", "orders/update"):
        sent = message(last(story), topic, story)
        assert sent
        ids.append(sent.headers["webhook-id"])
    assert ids[0] == ids[1] != ids[2]


# -- topics ----------------------------------------------------------------------------------------


def test_it_is_the_kind_for_subscriptions_of_its_name() -> None:
    assert kind_of(SubscriptionKind.YOUHAOSUDA) is YOUHAOSUDA


def test_its_topics_are_the_vendors() -> None:
    orders = (
        "create update cancelled request_refund refunded refuse_refund paid delivered"
        " partially_delivered achieved"
    )
    parts = [
        f"{part}/{verb}" for part in ("payments", "shipments") for verb in ("create", "update")
    ]
    assert list(YOUHAOSUDA.topics) == [*(f"orders/{verb}" for verb in orders.split()), *parts]


@pytest.mark.parametrize("event_type", sorted(EVENT_TYPES))
def test_every_event_of_an_order_goes_out_under_topics_that_can_be_subscribed_to(
    event_type: str,
) -> None:
    happened = Occurrence(
        id="demo/1/1", shop_id="demo", type=event_type, occurred_at="", order_id=1, sequence=1
    )
    topics = YOUHAOSUDA.topics_of(happened)
    assert topics[0] == ("orders/create" if event_type == "order.placed" else "orders/update")
    assert set(topics) <= set(YOUHAOSUDA.topics)
    assert len(set(topics)) == len(topics)


def test_what_is_no_orders_event_is_not_told() -> None:
    happened = Occurrence(
        id="demo/webhooks/1/1", shop_id="demo", type="webhook.disabled", occurred_at=""
    )
    assert not YOUHAOSUDA.topics_of(happened)


def test_all_topics_are_used() -> None:
    """Each is what some event may be."""
    used = set()
    for event_type in EVENT_TYPES:
        for data in ({}, {"payment": {"id": 2}, "shipment": {"id": 2}}):
            happened = Occurrence(
                id="x", shop_id="demo", type=event_type, occurred_at="", order_id=1, data=data
            )
            used |= set(YOUHAOSUDA.topics_of(happened))
    assert used == set(YOUHAOSUDA.topics)


# -- an order's life -------------------------------------------------------------------------------


def test_a_new_order_comes_with_the_payment_and_the_parcel_that_are_awaited(story: Story) -> None:
    sent = told(last(story), story)
    assert list(sent) == ["orders/create", "payments/create", "shipments/create"]
    order = sent["orders/create"]
    owner = {"order_id": story.order.id, "order_no": "R1"}
    assert sent["payments/create"] == {**order["payments"][0], **owner}
    assert sent["payments/create"]["status"] == "pending"
    assert sent["shipments/create"] == {**order["shipments"][0], **owner}


def test_the_order_is_told_as_reading_it_shows_it(story: Story) -> None:
    story.pay("164.00")
    sent = told(last(story), story)
    assert list(sent) == ["orders/update", "orders/paid"]
    assert sent["orders/paid"] == sent["orders/update"] == shown(story.order, story.now)
    assert sent["orders/paid"]["payment_status"] == "paid"


def test_the_payment_that_was_awaited_is_updated_and_a_further_one_created(story: Story) -> None:
    story.pay("100.00", "T1")
    first = told(last(story), story)
    story.pay("64.00", "T2")
    second = told(occurrence(story.history[-2], story.order.id), story)
    assert (first["payments/update"]["gateway_payment_no"], "payments/create" in first) == (
        "T1",
        False,
    )
    assert (second["payments/create"]["gateway_payment_no"], "payments/update" in second) == (
        "T2",
        False,
    )


def test_a_payment_that_fails_is_told_by_itself(story: Story) -> None:
    story.do(commands.start_payment, payment("164.00"), None)
    assert told(last(story), story)["payments/update"]["status"] == "pending"
    story.do(commands.fail_payment, "alipay", "T1", "expired")
    sent = told(last(story), story)
    assert list(sent) == ["orders/update", "payments/update"]
    assert sent["payments/update"]["gateway_payment_no"] == "T1"
    assert sent["payments/update"]["status"] == "expired"


def test_another_price_updates_the_payment_that_is_awaited(story: Story) -> None:
    story.do(commands.agree_on_total, money("328"))
    sent = told(last(story), story)
    assert sent["payments/update"]["amount"] == 328
    assert sent["orders/update"]["total_amount"] == 328


def test_a_part_of_the_goods_is_partially_delivered_and_the_rest_delivered(story: Story) -> None:
    story.pay("164.00")
    story.do(commands.ship, (ShippedLine(1, 2),), carrier="shunfeng", tracking_number="SF1")
    first, sent_first = last(story), told(last(story), story)
    story.do(commands.ship, None, carrier="shunfeng", tracking_number="SF2")
    second = told(last(story), story)
    assert list(sent_first) == ["orders/update", "orders/partially_delivered", "shipments/update"]
    assert list(second) == ["orders/update", "orders/delivered", "shipments/create"]
    assert sent_first["shipments/update"]["ship_no"] == "SF1"
    assert second["shipments/create"]["ship_no"] == "SF2"
    assert second["orders/delivered"]["shipment_status"] == "sending"
    # A later attempt tells the same under the same topics.
    assert list(told(first, story)) == list(sent_first)


def test_a_parcel_that_arrives_is_told_with_the_end_of_the_order(story: Story) -> None:
    story.pay("164.00")
    story.do(commands.ship, None, carrier="shunfeng", tracking_number="SF1")
    story.do(commands.receive, 1)
    sent = told(last(story), story)
    assert sent["shipments/update"]["status"] == "recieve"
    story.do(commands.complete)
    sent = told(last(story), story)
    assert sent["orders/achieved"]["status"] == "achieved"


@pytest.mark.parametrize(
    ("failure", "topic"), [(None, "orders/refunded"), ("no", "orders/refuse_refund")]
)
def test_a_refund_is_requested_and_then_done_or_refused(
    story: Story, failure: str | None, topic: str
) -> None:
    story.pay("164.00")
    story.refund("64.00")
    assert list(told(last(story), story)) == ["orders/update", "orders/request_refund"]
    story.do(commands.settle_refund, 1, failure=failure)
    assert list(told(last(story), story)) == ["orders/update", topic]


def test_a_cancelled_order_is_no_order_that_expired(story: Story) -> None:
    other = Story(details=DETAILS)
    story.do(commands.cancel)
    other.wait(DAY)
    other.do(commands.close_what_is_due)
    assert list(told(last(story), story)) == [
        "orders/update",
        "orders/cancelled",
        "payments/update",
    ]
    sent = told(last(other), other)
    assert list(sent) == ["orders/update", "payments/update"]
    assert sent["orders/update"]["status"] == "expired"
    assert sent["payments/update"]["status"] == "expired"


def test_what_is_due_shows_before_it_is_written_down(story: Story) -> None:
    placed = last(story)
    story.wait(15 * MINUTE)
    assert told(placed, story)["orders/create"]["status"] == "expired"


# -- what can't be shown ---------------------------------------------------------------------------


def test_an_order_without_lines_has_no_parcel_to_tell_of() -> None:
    story = Story(empty=True)
    assert list(told(last(story), story)) == ["orders/create", "payments/create"]


def test_money_of_another_currency_is_not_told_as_if_it_were_the_orders(story: Story) -> None:
    held = replace(payment("99.00", currency="USD"), id=1, state=PaymentState.HELD)
    story.order = replace(story.order, payments=(held,))
    happened = replace(last(story), type="payment.held", data={"payment": {"id": 1}})
    assert list(told(happened, story)) == ["orders/update"]


def test_of_an_event_too_large_for_the_bus_the_latest_part_is_told(story: Story) -> None:
    story.pay("164.00")
    story.do(commands.ship, None, carrier="shunfeng", tracking_number="SF1")
    sent = told(replace(last(story), data={}, truncated=True), story)
    assert list(sent) == ["orders/update", "orders/delivered", "shipments/create"]
    assert sent["shipments/create"]["ship_no"] == "SF1"


def test_an_order_that_no_answer_could_hold_comes_without_its_items() -> None:
    story = Story(*(line("1.00", 1) for _ in range(4000)))
    sent = told(last(story), story)["orders/create"]
    assert "items" not in sent
    assert "shipments" not in sent
    assert sent["total_amount"] == 4000


def test_times_are_in_the_shops_zone(story: Story) -> None:
    sent = told(last(story), story)["orders/create"]
    china = (NOON + timedelta(hours=8)).strftime("%Y-%m-%dT%H:%M:%S.000+08:00")
    assert sent["created_at"] == china
