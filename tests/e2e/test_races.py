"""Many at once on one order, over HTTP, in as many execution environments."""

import threading
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx

from orderhub.services.replay_order import replay_order
from tests.e2e.conftest import ON_THE_CLOUD, Deployment, Shop, make_order, notification

pytestmark = ON_THE_CLOUD

MANY = 50


def at_once(calls: list[Callable[[], httpx.Response]]) -> list[httpx.Response]:
    """All calls, begun at the same moment."""
    gate = threading.Barrier(len(calls))

    def run(call: Callable[[], httpx.Response]) -> httpx.Response:
        gate.wait()
        return call()

    with ThreadPoolExecutor(len(calls)) as pool:
        return list(pool.map(run, calls))


def statuses(answers: list[httpx.Response]) -> dict[int, int]:
    return dict(Counter(answer.status_code for answer in answers))


def history(deployment: Deployment, shop: Shop, order_id: int) -> list[str]:
    """The order's event types, after proving that they replay to its snapshot."""
    proof = replay_order(deployment.application.desk, shop.id, order_id)
    assert proof.agrees
    return [entry.event.TYPE for entry in proof.events]


def test_fifty_identical_creations_make_one_order(deployment: Deployment, shop: Shop) -> None:
    body = notification()
    with shop.client() as api:
        answers = at_once([lambda: api.post("/orders", json=body)] * MANY)
    assert statuses(answers) == {201: 1, 200: MANY - 1}
    assert len({answer.json()["id"] for answer in answers}) == 1
    assert len(deployment.application.desk.orders.page(shop.id).orders) == 1


def test_fifty_identical_payments_make_one_payment(deployment: Deployment, shop: Shop) -> None:
    with shop.client() as api:
        order = make_order(api)
        body = {"merchant_trade_no": "T1", "payment": "20.00"}
        path = f"/orders/{order['id']}/pay"
        answers = at_once([lambda: api.post(path, json=body)] * MANY)
        assert statuses(answers) == {200: MANY}
        assert api.get(f"/orders/{order['id']}").json()["payment_total"] == "20.00"
    assert history(deployment, shop, order["id"]).count("payment.captured") == 1


def test_fifty_different_payments_all_count(deployment: Deployment, shop: Shop) -> None:
    with shop.client() as api:
        order = make_order(api, pieces=MANY)
        path = f"/orders/{order['id']}/pay"

        def paying(number: int) -> Callable[[], httpx.Response]:
            body = {"merchant_trade_no": f"T{number}", "payment": "10.00"}
            return lambda: api.post(path, json=body)

        answers = at_once([paying(number) for number in range(MANY)])
        assert statuses(answers) == {200: MANY}
        paid = api.get(f"/orders/{order['id']}").json()
    assert (paid["payment_total"], paid["payment_state"]) == ("500.00", "paid")
    assert paid["overpaid"] is False
    assert history(deployment, shop, order["id"]).count("order.paid") == 1


def test_payments_racing_an_expiry_leave_the_order_paid_or_expired(
    deployment: Deployment, make_shop: Callable[..., Shop]
) -> None:
    """Payments spread over the last moments before the deadline and the first ones after it, with
    the closing machine running all the while. Each round ends one way or the other; together
    they must have seen a payment that came in time and one that came too late."""
    shop = make_shop(payment_timeout=5)
    seen: set[int] = set()
    with shop.client() as api:
        # Cold starts first, on another order, so that the race is among requests.
        other = make_order(api)["id"]
        at_once([lambda: api.post(f"/orders/{other}/pay", json={})] * MANY)
        for seconds_before in (0.4, 0.2, 0.0):
            order_id = make_order(api, pieces=MANY // 2)["id"]
            seen |= race(deployment, shop, api, order_id, seconds_before)
    assert seen == {200, 422}


def race(
    deployment: Deployment, shop: Shop, api: httpx.Client, order_id: int, seconds_before: float
) -> set[int]:
    """Fifty payments of 10.00 around the deadline; proves the outcome, returns what was said."""
    due = deployment.application.desk.orders.get(shop.id, order_id)
    assert due is not None
    assert due.payment_due_at is not None
    deadline = due.payment_due_at.timestamp()

    def paying(number: int) -> Callable[[], httpx.Response]:
        body = {"merchant_trade_no": f"T{order_id}-{number}", "payment": "10.00"}

        def pay() -> httpx.Response:
            moment = deadline - seconds_before + number * 0.8 / MANY
            time.sleep(max(0.0, moment - time.time()))
            return api.post(f"/orders/{order_id}/pay", json=body)

        return pay

    def close() -> None:
        time.sleep(max(0.0, deadline - time.time()))
        for _ in range(3):
            deployment.run_machine("PaymentTimeoutArn")

    machine = threading.Thread(target=close)
    machine.start()
    answers = at_once([paying(number) for number in range(MANY)])
    machine.join()

    accepted = statuses(answers).get(200, 0)
    events = history(deployment, shop, order_id)
    assert set(statuses(answers)) <= {200, 422}
    assert events.count("payment.captured") == accepted
    assert (events.count("order.paid"), events.count("order.expired")) in {(1, 0), (0, 1)}
    order: dict[str, Any] = api.get(f"/orders/{order_id}").json()
    assert order["payment_total"] == f"{10 * accepted}.00"
    if accepted >= MANY // 2:
        assert (order["state"], order["payment_state"]) == ("open", "paid")
    else:
        paid_in_part = "partially_paid" if accepted else "voided"
        assert (order["state"], order["payment_state"]) == ("expired", paid_in_part)
    return set(statuses(answers))


def test_lines_added_at_once_are_all_there(deployment: Deployment, shop: Shop) -> None:
    with shop.client() as api:
        order = api.post("/orders", json=notification()).json()
        path = f"/orders/{order['id']}/line_items"

        def adding(pieces: int) -> Callable[[], httpx.Response]:
            body = {"product_id": "2", "price": "1.00", "quantity": pieces}
            return lambda: api.post(path, json=body)

        answers = at_once([adding(pieces) for pieces in range(1, 21)])
        assert statuses(answers) == {201: 20}
        seen = api.get(f"/orders/{order['id']}").json()
    assert seen["total"] == "210.00"
    assert sorted(line["id"] for line in seen["line_items"]) == list(range(1, 21))
    assert history(deployment, shop, order["id"]).count("order.lines_added") == 20
