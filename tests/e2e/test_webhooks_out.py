"""From what happens to an order to those who subscribed to it, over the whole way."""

import json
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from standardwebhooks import Webhook

from local.subscriber import Told, subscriber
from orderhub.adapters.system import SystemClock
from orderhub.domain.delivery import Delivery, DeliveryState
from orderhub.domain.subscription import Subscription, SubscriptionKind
from orderhub.services import resend, subscriptions
from orderhub.services.deliver import ATTEMPTS
from orderhub.services.subscriptions import NewSubscription, Subscribed
from tests.e2e.conftest import ON_THE_CLOUD, Deployment, Shop, make_order
from tests.support.api import payload

pytestmark = ON_THE_CLOUD

SOON = 60.0


def subscribed(
    deployment: Deployment, shop: Shop, url: str, *topics: str, label: str = ""
) -> Subscribed:
    wanted = NewSubscription(
        kind=SubscriptionKind.STANDARD, url=url, topics=topics or ("*",), label=label
    )
    return subscriptions.subscribe(deployment.application.subscription_desk, shop.id, wanted)


def current(deployment: Deployment, subscription: Subscription) -> Subscription:
    found = deployment.application.subscriptions.get(subscription.shop_id, subscription.id)
    assert found
    return found.subscription


def log_of(deployment: Deployment, subscription: Subscription) -> Sequence[Delivery]:
    log = deployment.application.delivery_log
    return log.page(subscription.shop_id, subscription.id, limit=100).deliveries


def eventually(holds: Callable[[], Any], seconds: float = SOON) -> Any:
    end = time.monotonic() + seconds
    while not (found := holds()):
        assert time.monotonic() < end, "it did not come true"
        time.sleep(0.1)
    return found


def verified(made: Subscribed, told: Told) -> Any:
    """What a subscriber reads that checks signatures by the specification's own library."""
    return Webhook(made.secret).verify(told.body, dict(told.headers))


def paid(shop: Shop) -> dict[str, Any]:
    """An order over 10.00, with a line, paid: four events."""
    with shop.client() as api:
        order = make_order(api, pieces=1)
        body = {"merchant_trade_no": f"T{order['id']}", "payment": "10.00"}
        assert api.post(f"/orders/{order['id']}/pay", json=body).status_code == 200
    return order


def paid_before(deployment: Deployment, shop: Shop, count: int) -> list[dict[str, Any]]:
    """So many orders, of which all is told that will be told by itself."""
    with subscriber() as first:
        made = subscribed(deployment, shop, first.url, "order.paid").subscription
        orders = [paid(shop) for _ in range(count)]
        ids = {order["id"] for order in orders}
        first.wait(lambda one: {told.content["order_id"] for told in one.taken} == ids)
        desk = deployment.application.subscription_desk
        subscriptions.remove_subscription(desk, shop.id, made.id)
    return orders


def sequences(told: Sequence[Told]) -> list[int]:
    return [one.content["sequence"] for one in told]


def test_a_subscriber_that_fails_five_times_gets_each_event_in_an_order_it_can_restore(
    deployment: Deployment, shop: Shop
) -> None:
    with subscriber(lambda count: 500 if count <= 5 else 204) as listener:
        made = subscribed(deployment, shop, listener.url)
        order = paid(shop)
        history = list(deployment.application.desk.orders.history(shop.id, order["id"]))
        wanted = {entry.sequence for entry in history}
        listener.wait(lambda one: set(sequences(one.taken)) == wanted)
        assert len(listener.told) >= 5 + len(wanted)
        types = {}
        for told in listener.taken:
            content = verified(made, told)
            assert content["id"] == f"{shop.id}/{order['id']}/{content['sequence']}"
            assert told.headers["webhook-id"] == f"evt_{order['id']}_{content['sequence']}"
            types[content["sequence"]] = content["type"]
        assert [types[entry.sequence] for entry in history] == [
            entry.event.TYPE for entry in history
        ]

    def is_well() -> bool:
        return current(deployment, made.subscription).failing_since is None

    eventually(is_well)
    log = log_of(deployment, made.subscription)
    assert {entry.state for entry in log} == {DeliveryState.DELIVERED}
    assert sum(entry.attempts for entry in log) == len(listener.told)


def test_a_subscriber_hears_of_its_topics_alone(deployment: Deployment, shop: Shop) -> None:
    with subscriber() as some, subscriber() as everything:
        subscribed(deployment, shop, some.url, "order.paid", "order.completed")
        subscribed(deployment, shop, everything.url)
        order = paid(shop)
        count = len(list(deployment.application.desk.orders.history(shop.id, order["id"])))
        everything.wait(lambda one: len(set(sequences(one.taken))) == count)
        some.wait(lambda one: bool(one.taken))
        assert {told.content["type"] for told in some.told} == {"order.paid"}


def test_a_subscriber_that_never_takes_one_is_given_up_and_told_again_by_command(
    deployment: Deployment, shop: Shop
) -> None:
    answers = [503]
    with subscriber(lambda _: answers[0]) as listener:
        made = subscribed(deployment, shop, listener.url, "order.paid")
        paid(shop)

        def is_dead() -> bool:
            return [entry.state for entry in log_of(deployment, made.subscription)] == [
                DeliveryState.DEAD
            ]

        eventually(is_dead)
        assert len(listener.told) == ATTEMPTS
        assert len({told.headers["webhook-id"] for told in listener.told}) == 1
        answers[0] = 204
        queue = deployment.application.delivery_queue

        def is_redriven() -> bool:
            # The queue gives it up when it would hand it out once more.
            return bool(resend.redrive(queue, SystemClock(), shop_id=shop.id))

        eventually(is_redriven)
        listener.wait(lambda one: bool(one.taken))
        verified(made, listener.taken[0])
        assert resend.redrive(queue, SystemClock(), shop_id=shop.id) == 0


def test_redriving_one_shop_leaves_what_others_have(
    deployment: Deployment, make_shop: Callable[..., Shop]
) -> None:
    queue = deployment.application.delivery_queue
    shops = [make_shop(), make_shop()]
    body = payload("streams/deliver_webhook")["Records"][0]["body"]
    url = deployment.outputs["DeadDeliveriesUrl"]
    sqs = deployment.aws("sqs")
    for shop in shops:
        sqs.send_message(
            QueueUrl=url, MessageBody=json.dumps({**json.loads(body), "shop_id": shop.id})
        )
    assert resend.redrive(queue, SystemClock(), shop_id=shops[0].id) == 1
    assert resend.redrive(queue, SystemClock(), shop_id=shops[0].id) == 0
    assert resend.redrive(queue, SystemClock(), shop_id=shops[1].id) == 1


def test_an_endpoint_that_fails_for_days_is_switched_off_and_others_hear_of_it(
    deployment: Deployment, shop: Shop
) -> None:
    with subscriber(lambda _: 500) as broken, subscriber() as watching:
        failing = subscribed(deployment, shop, f"{broken.url}?key=k", "order.paid").subscription
        watcher = subscribed(deployment, shop, watching.url, "webhook.disabled")
        store = deployment.application.subscriptions
        days_ago = datetime.now(UTC) - timedelta(days=4)
        store.replace(failing, replace(failing, failing_since=days_ago, version=2))
        paid(shop)
        watching.wait(lambda one: bool(one.taken))
        content = verified(watcher, watching.taken[0])
        assert content["data"]["subscription_id"] == failing.id
        assert content["data"]["reason"] == "failing"
        assert content["data"]["url"] == broken.url
        assert "order_id" not in content

        def is_off() -> bool:
            return not current(deployment, failing).is_enabled

        eventually(is_off)
        told = len(broken.told)
        paid(shop)
        paid(shop)
        # What is told to the one says that the other was passed by.
        subscribed(deployment, shop, watching.url, "order.paid")
        paid(shop)
        watching.wait(lambda one: one.taken[-1].content["type"] == "order.paid")
        assert len(broken.told) == told


def test_an_endpoint_that_is_gone_is_switched_off_at_once(
    deployment: Deployment, shop: Shop
) -> None:
    with subscriber(lambda _: 410) as gone:
        made = subscribed(deployment, shop, gone.url, "order.paid")
        paid(shop)
        eventually(lambda: not current(deployment, made.subscription).is_enabled)
        assert current(deployment, made.subscription).disabled_because == "gone"
        assert len(gone.told) == 1


def test_the_same_event_twice_has_the_same_id(deployment: Deployment, shop: Shop) -> None:
    with subscriber() as listener:
        subscribed(deployment, shop, listener.url, "order.paid")
        order = paid(shop)
        listener.wait(lambda one: bool(one.taken))
        # As when a function stops between sending and saying so.
        (event,) = [
            event
            for event in deployment.application.desk.orders.outgoing(shop.id, order["id"])
            if event.type == "order.paid"
        ]
        assert not deployment.application.publisher.publish([event]).failure
        listener.wait(lambda one: len(one.taken) == 2)
        first, second = listener.taken
        assert first.headers["webhook-id"] == second.headers["webhook-id"]
        assert first.body == second.body


def test_an_operator_tells_again_of_one_event_or_of_a_time(
    deployment: Deployment, shop: Shop
) -> None:
    since = datetime.now(UTC) - timedelta(seconds=1)
    orders = paid_before(deployment, shop, 2)
    until = datetime.now(UTC)
    with subscriber() as listener:
        made = subscribed(deployment, shop, listener.url, "order.paid")
        resender = deployment.application.resender
        assert resender.between(made.subscription, since, until) == 2
        listener.wait(lambda one: len(one.taken) == 2)
        assert {told.content["order_id"] for told in listener.taken} == {
            order["id"] for order in orders
        }
        told = listener.taken[0]
        content = told.content
        assert resender.one(made.subscription, content["order_id"], content["sequence"]) == 1
        listener.wait(lambda one: len(one.taken) == 3)
        again = listener.taken[2]
        assert again.headers["webhook-id"] == told.headers["webhook-id"]
        assert verified(made, again) == content


def test_events_are_told_again_to_all(deployment: Deployment, shop: Shop) -> None:
    since = datetime.now(UTC) - timedelta(seconds=1)
    (order,) = paid_before(deployment, shop, 1)
    with subscriber() as listener:
        made = subscribed(deployment, shop, listener.url)
        application = deployment.application
        count = resend.republish(application.desk.orders, application.publisher, shop.id, since)
        history = list(application.desk.orders.history(shop.id, order["id"]))
        assert count == len(history)
        listener.wait(
            lambda one: set(sequences(one.taken)) == {entry.sequence for entry in history}
        )
        verified(made, listener.taken[0])


def test_a_message_that_nobody_can_read_holds_up_no_other(
    deployment: Deployment, shop: Shop
) -> None:
    sqs = deployment.aws("sqs")
    with subscriber() as listener:
        subscribed(deployment, shop, listener.url, "order.paid")
        sqs.send_message(QueueUrl=deployment.outputs["DeliveriesUrl"], MessageBody="{}")
        paid(shop)
        listener.wait(lambda one: bool(one.taken))
