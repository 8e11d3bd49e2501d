"""Deadlines on the running stack: exact by themselves, written down by the state machines."""

import json
import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from orderhub.adapters.dynamodb import keys
from orderhub.adapters.dynamodb.orders import DynamoOrders
from orderhub.adapters.system import SystemClock
from orderhub.domain import commands
from orderhub.domain.commands import Change
from orderhub.services.replay_order import replay_order
from tests.e2e.conftest import ON_THE_CLOUD, Deployment, Shop, make_order
from tests.support.orders import TESTER, payment, placed

pytestmark = ON_THE_CLOUD


def output(run: dict[str, Any]) -> dict[str, Any]:
    assert run["status"] == "SUCCEEDED", run
    result: dict[str, Any] = json.loads(run["output"])
    return result


def events(deployment: Deployment, shop: Shop, order_id: int) -> list[str]:
    proof = replay_order(deployment.application.desk, shop.id, order_id)
    assert proof.agrees
    return [entry.event.TYPE for entry in proof.events]


def test_the_machine_expires_what_is_due_and_nothing_else(
    deployment: Deployment, make_shop: Callable[..., Shop]
) -> None:
    hasty, patient = make_shop(payment_timeout=4), make_shop(payment_timeout=600)
    with hasty.client() as api, patient.client() as other:
        unpaid, paid, later = make_order(api), make_order(api), make_order(other)
        assert later["state"] == "open"
        # Too late already or just in time: whichever, one of both and for good.
        answer = api.post(
            f"/orders/{paid['id']}/pay", json={"merchant_trade_no": "T1", "payment": "50"}
        )
        time.sleep(4.1)
        # Nothing has run for sure yet, and still nobody can pay.
        late = api.post(
            f"/orders/{unpaid['id']}/pay", json={"merchant_trade_no": "T2", "payment": "50"}
        )
        assert late.status_code == 422
        assert late.json()["errors"] == {"state": ["is expired"]}
        output(deployment.run_machine("PaymentTimeoutArn"))
        expired = api.get(f"/orders/{unpaid['id']}").json()
        assert (expired["state"], expired["payment_state"]) == ("expired", "voided")
        assert expired["expired_at"] == unpaid["payment_due_at"]
        assert other.get(f"/orders/{later['id']}").json() == later
    assert events(deployment, hasty, unpaid["id"])[-1] == "order.expired"
    last = "order.paid" if answer.status_code == 200 else "order.expired"
    assert events(deployment, hasty, paid["id"])[-1] == last


def test_the_schedule_expires_orders_though_nobody_starts_the_machine(
    deployment: Deployment, make_shop: Callable[..., Shop]
) -> None:
    shop = make_shop(payment_timeout=5)
    with shop.client() as api:
        order = make_order(api)
    end = time.monotonic() + 100
    while "order.expired" not in events(deployment, shop, order["id"]):
        assert time.monotonic() < end, "no scheduled run came within 100 seconds"
        time.sleep(1)


def test_hundreds_of_due_orders_are_all_expired_by_one_run(
    deployment: Deployment, make_shop: Callable[..., Shop], orders: DynamoOrders
) -> None:
    shop = make_shop()
    past = SystemClock().now() - timedelta(hours=1)
    made = [placed(shop.id, at=past, tail=tail, payment_timeout=60) for tail in range(300)]
    for change in made:
        orders.commit(change)
    run = output(deployment.run_machine("PaymentTimeoutArn"))
    assert run["batchesLeftDue"] == 0
    for change in made:
        stored = orders.get(shop.id, change.order.id)
        assert stored is not None
        assert (stored.status.value, stored.version) == ("expired", 2)


def test_an_order_that_can_not_be_closed_stays_due_and_stops_nobody_else(
    deployment: Deployment, make_shop: Callable[..., Shop], orders: DynamoOrders
) -> None:
    shop = make_shop()
    past = SystemClock().now() - timedelta(hours=1)
    broken, good = (placed(shop.id, at=past, tail=tail, payment_timeout=60) for tail in (0, 1))
    for change in (broken, good):
        orders.commit(change)
    where = {
        "TableName": deployment.outputs["TableName"],
        "Key": {
            "pk": {"S": keys.order(shop.id, broken.order.id)},
            "sk": {"S": keys.ORDER_HEADER},
        },
    }
    # A line count that doesn't fit makes the order unreadable.
    deployment.table.update_item(
        **where,
        UpdateExpression="SET line_count = :n",
        ExpressionAttributeValues={":n": {"N": "7"}},
    )
    run = output(deployment.run_machine("PaymentTimeoutArn"))
    assert run["batchesLeftDue"] == 1
    stored = orders.get(shop.id, good.order.id)
    assert stored is not None
    assert stored.status.value == "expired"

    deployment.table.update_item(
        **where,
        UpdateExpression="SET line_count = :n",
        ExpressionAttributeValues={":n": {"N": "1"}},
    )
    assert output(deployment.run_machine("PaymentTimeoutArn"))["batchesLeftDue"] == 0
    mended = orders.get(shop.id, broken.order.id)
    assert mended is not None
    assert mended.status.value == "expired"


def test_refund_windows_close_on_schedule_and_say_so(
    deployment: Deployment, make_shop: Callable[..., Shop], orders: DynamoOrders
) -> None:
    shop = make_shop()
    past = SystemClock().now() - timedelta(days=40)
    change = placed(shop.id, at=past, refund_window=86400)
    orders.commit(change)
    paying = Change(change.order, past, TESTER)
    commands.capture_payment(paying, payment("1.50", at=past))
    orders.commit(paying)
    output(deployment.run_machine("RefundWindowArn"))
    assert events(deployment, shop, change.order.id)[-1] == "order.refund_window_closed"
