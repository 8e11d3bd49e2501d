"""Many at once on one order, over HTTP, in as many execution environments."""

import threading
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest

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


@pytest.mark.parametrize("seconds_before", [0.0, 0.4])
def test_payments_racing_an_expiry_leave_the_order_paid_or_expired(
    deployment: Deployment, make_shop: Callable[..., Shop], seconds_before: float
) -> None:
    shop = make_shop(payment_timeout=4)
    with shop.client() as api:
        order = make_order(api, pieces=1)
        order_id = order["id"]
        # Warm the pool, so that the race is among requests and not among cold starts.
        at_once([lambda: api.post(f"/orders/{order_id}/pay", json={})] * MANY)
        stored = deployment.application.desk.orders.get(shop.id, order_id)
        assert stored is not None
        assert stored.payment_due_at is not None
        wait = stored.payment_due_at.timestamp() - time.time() - seconds_before
        time.sleep(max(0.0, wait))

        def paying(number: int) -> Callable[[], httpx.Response]:
            body = {"merchant_trade_no": f"T{number}", "payment": "10.00"}
            return lambda: api.post(f"/orders/{order_id}/pay", json=body)

        machine = threading.Thread(target=deployment.run_machine, args=("PaymentTimeoutArn",))
        machine.start()
        answers = at_once([paying(number) for number in range(MANY)])
        machine.join()
        deployment.run_machine("PaymentTimeoutArn")
        seen: dict[str, Any] = api.get(f"/orders/{order_id}").json()

    events = history(deployment, shop, order_id)
    assert set(statuses(answers)) <= {200, 422}
    accepted = statuses(answers).get(200, 0)
    assert events.count("payment.captured") == accepted
    assert (events.count("order.paid"), events.count("order.expired")) in {(1, 0), (0, 1)}
    if accepted:
        assert (seen["state"], seen["payment_state"]) == ("open", "paid")
        assert seen["payment_total"] == f"{10 * accepted}.00"
    else:
        assert (seen["state"], seen["payment_state"]) == ("expired", "voided")


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
