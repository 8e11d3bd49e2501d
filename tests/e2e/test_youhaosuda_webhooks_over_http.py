"""Webhooks that a shop system asks for by Youhaosuda's API, from its request to its endpoint."""

import base64
import hashlib
import hmac
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from local.subscriber import Subscriber, Told, subscriber
from orderhub.domain.subscription import SubscriptionKind
from orderhub.services.subscriptions import NewSubscription, subscribe
from tests.e2e.conftest import ON_THE_CLOUD, Deployment, Shop, make_order, new_app

pytestmark = ON_THE_CLOUD


@pytest.fixture
def api(deployment: Deployment, shop: Shop) -> Iterator[httpx.Client]:
    headers = {"X-API-ACCESS-TOKEN": new_app(deployment, shop).token}
    url = f"{deployment.api_url}/v1"
    with httpx.Client(base_url=url, headers=headers, timeout=60) as client:
        yield client


def done(answer: httpx.Response) -> Any:
    body = answer.json()
    assert answer.status_code == 200
    assert "code" not in body, body
    return body


def webhook(api: httpx.Client, address: str, topic: str, **more: str) -> dict[str, Any]:
    body = {"webhook": {"address": address, "topic": topic, **more}}
    made: dict[str, Any] = done(api.post("/webhooks", json=body))["webhook"]
    return made


def hmac_of(secret: str, told: Told) -> str:
    digest = hmac.new(secret.encode(), told.body, hashlib.sha256).digest()
    return base64.b64encode(digest).decode()


def by_path(found: Subscriber) -> dict[str, Told]:
    return {one.path: one for one in found.taken}


def paid(shop: Shop) -> int:
    """The id of an order over 10.00, placed by a marketplace and paid."""
    with shop.client() as marketplace:
        order_id: int = make_order(marketplace, pieces=1)["id"]
        body = {"merchant_trade_no": f"T{order_id}", "payment": "10.00"}
        assert marketplace.post(f"/orders/{order_id}/pay", json=body).status_code == 200
    return order_id


def test_a_shop_system_subscribes_and_hears_of_orders_as_reading_shows_them(
    shop: Shop, api: httpx.Client
) -> None:
    with subscriber() as listener:
        base = listener.url.removesuffix("/hook")
        created = webhook(api, f"{base}/created", "orders/create")
        on_paid = webhook(
            api, f"{base}/paid", "orders/paid", token="fbc7f83524f14e358a325a5066acd741"
        )
        payments = webhook(api, f"{base}/payments", "payments/update")
        order_id = paid(shop)
        listener.wait(lambda one: by_path(one).keys() == {"/created", "/paid", "/payments"})
    told = by_path(listener)
    for path, made in {"/created": created, "/paid": on_paid, "/payments": payments}.items():
        assert told[path].headers["x-yhsd-hmac-sha256"] == hmac_of(made["token"], told[path])
        assert told[path].headers["x-orderhub-topic"] == made["topic"]
    order = done(api.get(f"/orders/{order_id}"))["order"]
    assert told["/paid"].content == order
    assert told["/created"].content["id"] == order_id
    payment = {**order["payments"][0], "order_id": order_id, "order_no": order["order_no"]}
    assert told["/payments"].content == payment
    sequences = [int(told[path].headers["x-orderhub-sequence"]) for path in ("/created", "/paid")]
    assert sequences == sorted(sequences)
    assert sequences[0] == 1


def test_webhooks_are_found_changed_and_ended(shop: Shop, api: httpx.Client) -> None:
    made = webhook(api, "http://127.0.0.1:9099/orders", "orders/paid")
    other = webhook(api, "http://127.0.0.1:9099/orders", "orders/create")
    shown = {name: value for name, value in made.items() if name != "token"}
    assert done(api.get("/webhooks/count")) == {"count": 2}
    assert done(api.get("/webhooks", params={"topic": "orders/paid"})) == {"webhooks": [shown]}
    path = f"/webhooks/{made['id']}"
    assert done(api.get(path)) == {"webhook": shown}
    change = {"webhook": {"address": "http://127.0.0.1:9099/other", "token": "another-token"}}
    changed = done(api.put(path, json=change))["webhook"]
    assert changed["address"] == "http://127.0.0.1:9099/other"
    assert done(api.delete(path)) == {"webhook": changed}
    assert api.get(path).json() == {"code": 404, "errors": ["未找到Webhook"]}
    assert [each["id"] for each in done(api.get("/webhooks"))["webhooks"]] == [other["id"]]


@pytest.mark.parametrize(
    "address", ["https://10.0.0.1/", "https://169.254.169.254/latest/", "ftp://127.0.0.1/", "x"]
)
def test_addresses_that_nothing_may_be_sent_to_are_refused(api: httpx.Client, address: str) -> None:
    body = {"webhook": {"address": address, "topic": "orders/paid"}}
    answer = api.post("/webhooks", json=body)
    assert (answer.status_code, answer.json()) == (
        200,
        {"code": 422, "errors": ["address不允许使用"]},
    )


def test_an_app_for_shoplazza_hears_of_the_same_orders_in_its_own_words(
    deployment: Deployment, shop: Shop
) -> None:
    desk = deployment.application.subscription_desk
    with subscriber() as listener:
        wanted = NewSubscription(
            kind=SubscriptionKind.SHOPLAZZA,
            url=listener.url,
            topics=("orders/create", "orders/paid"),
            secret="client-secret",
        )
        subscribe(desk, shop.id, wanted)
        order_id = paid(shop)
        listener.wait(
            lambda one: len({told.headers["x-shoplazza-topic"] for told in one.taken}) == 2
        )
    for told in listener.taken:
        assert told.headers["x-shoplazza-hmac-sha256"] == hmac_of("client-secret", told)
        assert told.headers["x-shoplazza-shop-domain"] == shop.id
        assert told.content["order"]["number"] == str(order_id)
    (last,) = {told.body for told in listener.taken if "paid" in told.headers["x-shoplazza-topic"]}
    assert b'"financial_status":"paid"' in last
