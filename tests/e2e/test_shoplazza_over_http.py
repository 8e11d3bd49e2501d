"""The Shoplazza API as merchants' systems meet it: real HTTP, gateway and functions."""

import re
from collections import Counter as Count
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from orderhub.domain.details import Actor
from orderhub.services.cancel_order import cancel_order
from orderhub.services.find_order import find_order
from orderhub.services.replay_order import replay_order
from tests.e2e.conftest import ON_THE_CLOUD, Deployment, Store, new_store
from tests.e2e.test_races import at_once
from tests.support.store_orders import store_order

pytestmark = ON_THE_CLOUD

OLDER, NEWER = "/openapi/2022-01/orders", "/openapi/2026-01/orders"


@pytest.fixture
def store(deployment: Deployment) -> Store:
    return new_store(deployment)


def made(answer: httpx.Response) -> dict[str, Any]:
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "application/json; charset=utf-8"
    body = answer.json()
    found: dict[str, Any] = body["order"] if "order" in body else body["data"]["order"]
    return found


def stock(deployment: Deployment, store: Store) -> int:
    counted = deployment.application.desk.catalog.stock(store.shop.id, [("lamp", "lamp-1")])
    return counted["lamp", "lamp-1"]


def events(deployment: Deployment, store: Store, order: dict[str, Any]) -> list[str]:
    """The order's event types, after proving that they replay to its snapshot."""
    desk = deployment.application.desk
    found = find_order(desk, store.shop.id, order["number"])
    proof = replay_order(desk, store.shop.id, found.id)
    assert proof.agrees
    return [entry.event.TYPE for entry in proof.events]


def test_an_order_is_made_seen_paid_elsewhere_and_seen_again(
    deployment: Deployment, store: Store
) -> None:
    body = store_order(2, discount="10%", shipping_line={"name": "Post", "shipping_price": "5"})
    with store.client() as api:
        order = made(api.post(OLDER, json=body))
        assert (order["sub_total"], order["total_price"]) == ("50.00", "50.00")
        assert stock(deployment, store) == 28
        # The links are real ones, for anybody.
        page = httpx.get(order["checkout_url"], timeout=60)
        assert page.status_code == 200
        assert page.headers["content-type"] == "text/html; charset=utf-8"
        assert "default-src 'none'" in page.headers["content-security-policy"]
        assert "not paid yet" in page.text
        assert re.search(r"Still to pay</td><td class=n>50\.00", page.text)
        assert httpx.get(order["checkout_url"] + "x", timeout=60).status_code == 404
    with store.shop.client() as marketplace:
        paying = {"merchant_trade_no": "T1", "payment": "50.00"}
        paid = marketplace.post(f"/orders/{order['number']}/pay", json=paying)
        assert (paid.status_code, paid.json()["payment_state"]) == (200, "paid")
    assert "This order is paid." in httpx.get(order["invoice_url"], timeout=60).text
    assert events(deployment, store, order) == ["order.placed", "payment.captured", "order.paid"]


def test_both_versions_make_the_same_orders(store: Store) -> None:
    with store.client() as api:
        older = api.post(OLDER, json=store_order())
        newer = api.post(NEWER, json={"order": store_order()})
    assert set(older.json()) == {"order"}
    assert set(newer.json()) == {"code", "data"}
    assert newer.json()["code"] == "Success"
    assert set(made(older)) < set(made(newer))


def test_failures_have_the_documents_shapes(store: Store) -> None:
    with store.client() as api:
        assert api.post(OLDER, json={}).json()["errors"][0] == "LineItems is required"
        broken = api.post(OLDER, content="{", headers={"content-type": "application/json"})
        assert (broken.status_code, broken.json()) == (406, {"errors": ["Create order failed"]})
        sold_out = api.post(OLDER, json=store_order(31))
        assert (sold_out.status_code, sold_out.json()) == (
            422,
            {"errors": ["DecreaseInventory failed"]},
        )
    for headers in ({}, {"access-token": "nobodys-token-0000001"}):
        nobody = httpx.post(f"{store.shop.api_url}{OLDER}", headers=headers, json={}, timeout=60)
        assert (nobody.status_code, list(nobody.json())) == (401, ["errors"])


def test_a_hundred_orders_for_the_last_ten_pieces_sell_ten(
    deployment: Deployment, store: Store
) -> None:
    deployment.application.desk.catalog.set_stock(store.shop.id, "lamp", "lamp-1", 10)
    with store.client() as api:
        # A hundred environments at once take this machine a while to start, which is not the point.
        at_once([lambda: api.post(OLDER, json={})] * 100)
        answers = at_once([lambda: api.post(OLDER, json=store_order())] * 100)
    assert Count(answer.status_code for answer in answers) == {200: 10, 422: 90}
    refusals = [answer.json() for answer in answers if answer.status_code == 422]
    assert refusals == [{"errors": ["DecreaseInventory failed"]}] * 90
    assert stock(deployment, store) == 0
    orders = deployment.application.desk.orders.page(store.shop.id, limit=500).orders
    assert len(orders) == 10


def test_fifty_repeats_at_once_make_one_order(deployment: Deployment, store: Store) -> None:
    with store.client(**{"Idempotency-Key": "once"}) as api:
        answers = at_once([lambda: api.post(OLDER, json=store_order())] * 50)
        other = api.post(OLDER, json=store_order(2))
    assert Count(answer.status_code for answer in answers) == {200: 50}
    assert len({answer.text for answer in answers}) == 1
    assert stock(deployment, store) == 29
    assert other.status_code == 422


@pytest.mark.parametrize(
    ("told", "words", "happened"),
    [
        (
            {"order_status": "finished", "financial_status": "paid"},
            ("finished", "paid", "finished"),
            ["order.placed", "payment.captured", "order.paid", "order.completed"],
        ),
        (
            {"order_status": "canceled", "financial_status": "refunded"},
            ("cancelled", "refunded", "cancelled"),
            [
                "order.placed",
                "payment.captured",
                "order.paid",
                "refund.requested",
                "refund.succeeded",
                "order.cancelled",
            ],
        ),
        (
            {"order_status": "fulfilled", "financial_status": "unpaid"},
            ("placed", "waiting", "shipped"),
            ["order.placed", "shipment.sent"],
        ),
    ],
)
def test_an_order_from_elsewhere_arrives_as_it_was(
    deployment: Deployment,
    store: Store,
    told: dict[str, Any],
    words: tuple[str, str, str],
    happened: list[str],
) -> None:
    then = datetime.now(UTC).replace(microsecond=0) - timedelta(days=3)
    updated_at = then + timedelta(days=1)
    times: dict[str, Any] = {
        "created_at": then.isoformat(),
        "updated_at": updated_at.isoformat(),
    }
    with store.client() as api:
        order = made(api.post(OLDER, json=store_order(**times, **told)))
    assert (order["status"], order["financial_status"], order["fulfillment_status"]) == words
    assert order["created_at"] == f"{then:%Y-%m-%dT%H:%M:%SZ}"
    assert order["updated_at"] == f"{updated_at:%Y-%m-%dT%H:%M:%SZ}"
    assert events(deployment, store, order) == happened
    assert stock(deployment, store) == 30


def test_cancelling_gives_the_pieces_back(deployment: Deployment, store: Store) -> None:
    with store.client() as api:
        order = made(api.post(OLDER, json=store_order(4)))
    assert stock(deployment, store) == 26
    desk = deployment.application.desk
    cancel_order(desk, find_order(desk, store.shop.id, order["number"]), Actor("operator"))
    assert stock(deployment, store) == 30
    assert "cancelled" in httpx.get(order["checkout_url"], timeout=60).text
