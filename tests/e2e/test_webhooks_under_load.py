"""Many orders at once, one subscriber: all of it arrives, and each order's course can be told."""

from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor

from local.subscriber import Subscriber, subscriber
from orderhub.domain.subscription import SubscriptionKind
from orderhub.services import subscriptions
from orderhub.services.subscriptions import NewSubscription
from tests.e2e.conftest import ON_THE_CLOUD, Deployment, Shop, make_order

pytestmark = ON_THE_CLOUD

ORDERS = 20
AT_ONCE = 4


def test_each_event_of_many_orders_arrives_and_their_order_is_restored_by_sequence(
    deployment: Deployment, shop: Shop
) -> None:
    application = deployment.application

    def pay(_: int) -> int:
        with shop.client() as api:
            order = make_order(api, pieces=1)
            body = {"merchant_trade_no": f"T{order['id']}", "payment": "10.00"}
            assert api.post(f"/orders/{order['id']}/pay", json=body).status_code == 200
            return int(order["id"])

    # Every seventh request fails, so that what is told again comes late.
    with subscriber(lambda count: 503 if count % 7 == 0 else 204) as listener:
        wanted = NewSubscription(kind=SubscriptionKind.STANDARD, url=listener.url, topics=["*"])
        made = subscriptions.subscribe(application.subscription_desk, shop.id, wanted)
        with ThreadPoolExecutor(AT_ONCE) as buyers:
            order_ids = list(buyers.map(pay, range(ORDERS)))
        happened = {
            order_id: {
                entry.sequence: entry.event.TYPE
                for entry in application.desk.orders.history(shop.id, order_id)
            }
            for order_id in order_ids
        }
        events = sum(len(course) for course in happened.values())

        def is_told_of_all(one: Subscriber) -> bool:
            return len({told.headers["webhook-id"] for told in one.taken}) == events

        listener.wait(is_told_of_all, 120)
    heard: dict[int, dict[int, str]] = defaultdict(dict)
    for told in listener.taken:
        heard[told.content["order_id"]][told.content["sequence"]] = told.content["type"]
    assert heard == happened
    subscriptions.remove_subscription(application.subscription_desk, shop.id, made.subscription.id)
