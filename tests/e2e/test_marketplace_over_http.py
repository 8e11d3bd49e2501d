"""The marketplace API as an outside system meets it: real HTTP, real gateway, real functions."""

import json
from collections.abc import Callable
from typing import Any
from urllib.parse import quote

import httpx
import pytest

from orderhub.services.replay_order import replay_order
from tests.e2e.conftest import ON_THE_CLOUD, Deployment, Shop, make_order, notification

pytestmark = ON_THE_CLOUD

NOT_FOUND = {"error": "The resource you were looking for could not be found."}


def test_an_order_is_created_filled_paid_and_completed(deployment: Deployment, shop: Shop) -> None:
    body = notification(special_instructions="Ring\ntwice", expected_date="2026-12-24")
    with shop.client() as api:
        created = api.post("/orders", json=body)
        assert created.status_code == 201
        assert created.headers["content-type"] == "application/json; charset=utf-8"
        order = created.json()
        assert {name: order[name] for name in body} == body
        path = f"/orders/{order['id']}"
        for product, pieces in (("1", 2), ("2", 1)):
            line = {"product_id": product, "price": 10, "quantity": pieces}
            assert api.post(f"{path}/line_items", json=line).status_code == 201
        first = api.post(f"{path}/pay", json={"merchant_trade_no": "T1", "payment": 12.5}).json()
        assert (first["payment_state"], first["outstanding_balance"]) == (
            "partially_paid",
            "17.50",
        )
        second = api.post(f"{path}/pay", json={"merchant_trade_no": "T2", "payment": "17.50"})
        assert second.json()["payment_state"] == "paid"
        update = api.put(path, json={**body, "address_phone": "139"})
        assert update.json()["address_phone"] == "139"
        done = api.post(f"{path}/complete").json()
        assert (done["state"], done["total"]) == ("completed", "30.00")
        assert api.get(path).json() == done
        assert api.get(f"/orders/{done['number']}").json() == done
        assert api.get(f"/orders/{body['merchant_order_no']}").json() == done
    proof = replay_order(deployment.application.desk, shop.id, order["id"])
    assert proof.agrees
    assert [entry.event.TYPE for entry in proof.events] == [
        "order.placed",
        "order.lines_added",
        "order.lines_added",
        "payment.captured",
        "payment.captured",
        "order.paid",
        "order.details_changed",
        "order.completed",
    ]


def test_the_whole_walk_works_with_forms(shop: Shop) -> None:
    body = notification(address_fullname="韩 梅+梅&=", gift_card_text="a%b")
    with shop.client() as api:
        order = api.post("/orders", data=body).json()
        assert {name: order[name] for name in body} == body
        path = f"/orders/{body['merchant_order_no']}"
        line = {"product_id": "3", "price": "9.99", "quantity": "3"}
        assert api.post(f"{path}/line_items", data=line).json()["total"] == "29.97"
        paid = api.post(f"{path}/pay", data={"merchant_trade_no": "T", "payment": "29.97"})
        assert paid.json()["payment_state"] == "paid"
        assert api.put(path, data={**body, "sender_name": "Jim"}).json()["sender_name"] == "Jim"
        assert api.post(f"{path}/complete", data={}).json()["state"] == "completed"


def test_redelivered_notifications_change_nothing(shop: Shop, deployment: Deployment) -> None:
    body = notification()
    with shop.client() as api:
        created = [api.post("/orders", json=body) for _ in range(3)]
        assert [answer.status_code for answer in created] == [201, 200, 200]
        order_id = created[0].json()["id"]
        path = f"/orders/{order_id}"
        line = {"product_id": "1", "price": "10", "quantity": 2}
        payment = {"merchant_trade_no": "T1", "payment": "20"}
        changed = {**body, "sender_name": "Jim"}
        notifications: list[tuple[Callable[[], httpx.Response], int]] = [
            (lambda: api.post(f"{path}/line_items", json=line), 201),
            (lambda: api.put(path, json=changed), 200),
            (lambda: api.post(f"{path}/pay", json=payment), 200),
            (lambda: api.post(f"{path}/complete"), 200),
        ]
        for send, first in notifications:
            answers = [send() for _ in range(3)]
            assert [answer.status_code for answer in answers] == [first, 200, 200]
            assert answers[0].json() == answers[1].json() == answers[2].json()
        # Even the first notifications, once more at the very end, find things as they are.
        final = api.get(path).json()
        assert api.post("/orders", json=body).json() == final
        assert api.post(f"{path}/line_items", json=line).json() == final
        assert api.post(f"{path}/pay", json=payment).json() == final
    history = list(deployment.application.desk.orders.history(shop.id, order_id))
    assert len(history) == 6


def test_the_spree_token_header_lets_in(shop: Shop) -> None:
    answer = httpx.post(
        f"{shop.api_url}/orders", json=notification(), headers={"X-Spree-Token": shop.token}
    )
    assert answer.status_code == 201


def test_nobody_gets_in_without_a_good_token(shop: Shop) -> None:
    for headers in (
        {},
        {"Authorization": "Bearer nonsense"},
        {"Authorization": shop.token},
        {"X-Spree-Token": f"{shop.token}x"},
    ):
        answer = httpx.post(f"{shop.api_url}/orders", json=notification(), headers=headers)
        assert answer.status_code == 401
        assert answer.json() == {"error": "You are not authorized to perform that action."}


def test_another_shops_orders_are_not_found(make_shop: Callable[..., Shop]) -> None:
    mine, theirs = make_shop(), make_shop()
    with mine.client() as api:
        order = make_order(api)
    with theirs.client() as api:
        for name in (order["id"], order["number"], order["merchant_order_no"]):
            for answer in (
                api.get(f"/orders/{name}"),
                api.put(f"/orders/{name}", json=notification()),
                api.post(
                    f"/orders/{name}/line_items",
                    json={"product_id": "1", "price": 1, "quantity": 1},
                ),
                api.post(f"/orders/{name}/pay", json={"merchant_trade_no": "X", "payment": 1}),
                api.post(f"/orders/{name}/complete"),
            ):
                assert (answer.status_code, answer.json()) == (404, NOT_FOUND)
    with mine.client() as api:
        assert api.get(f"/orders/{order['id']}").json() == order


@pytest.mark.parametrize(
    "name", ["1", "R1", "nope", "é", "a b", "a#b", "a%2Fb", "..", "x" * 2000, "%00", "-1"]
)
def test_unknown_names_are_not_found(shop: Shop, name: str) -> None:
    with shop.client() as api:
        answer = api.get(f"/orders/{quote(name, safe='')}")
    assert answer.status_code == 404


@pytest.mark.parametrize(
    ("content", "media", "status"),
    [
        (b"{", "application/json", 400),
        (b"\xff\xfe\x00", "application/json", 400),
        (b'{"kind": NaN}', "application/json", 400),
        (b"[" * 60_000, "application/json", 400),
        (b'{"kind": ' + b"9" * 50_000 + b"}", "application/json", 400),
        (b"x" * 1_000_000, "application/json", 413),
        (b"x" * 1_000_000, "application/x-www-form-urlencoded", 413),
        (b'{"a": "' + b"y" * 5_000_000 + b'"}', "application/json", 413),
        (b"x" * 10_000_000, "application/json", 413),
        (b"kind", "application/x-www-form-urlencoded", 400),
        (b"%ff=%ff", "application/x-www-form-urlencoded", 400),
        (b"<order/>", "application/xml", 415),
        (b"{}", "text/plain", 415),
        (b"{}", "application/json", 422),
        (b"[]", "application/json", 422),
        (b"", "application/json", 422),
    ],
    ids=range(16),
)
def test_what_is_no_order_gets_its_4xx(
    deployment: Deployment, shop: Shop, content: bytes, media: str, status: int
) -> None:
    with shop.client() as api:
        answer = api.post("/orders", content=content, headers={"Content-Type": media})
        assert answer.status_code == status
        assert isinstance(answer.json()["error"], str)
    assert deployment.application.desk.orders.page(shop.id).orders == ()


def test_wrong_fields_are_named_and_change_nothing(shop: Shop) -> None:
    with shop.client() as api:
        order = make_order(api)
        path = f"/orders/{order['id']}"
        wrong: list[tuple[str, dict[str, Any], str]] = [
            ("line_items", {"product_id": "99", "price": 1, "quantity": 1}, "product_id"),
            ("line_items", {"product_id": "1", "price": -1, "quantity": 1}, "price"),
            ("line_items", {"product_id": "1", "price": 1, "quantity": 0}, "quantity"),
            ("pay", {"payment": 1}, "merchant_trade_no"),
            ("pay", {"merchant_trade_no": "T", "payment": "much"}, "payment"),
        ]
        for operation, body, field in wrong:
            answer = api.post(f"{path}/{operation}", json=body)
            assert answer.status_code == 422
            assert list(answer.json()["errors"]) == [field]
        for field in ("kind", "address_post_code"):
            body = {k: v for k, v in notification().items() if k != field}
            for answer in (api.post("/orders", json=body), api.put(path, json=body)):
                assert answer.json()["errors"] == {field: ["can't be blank"]}
        assert api.post(f"{path}/complete").json()["errors"].keys() == {"payment"}
        assert api.get(path).json() == order


def test_an_order_of_sixty_lines_is_kept_whole(deployment: Deployment, shop: Shop) -> None:
    with shop.client() as api:
        order = api.post("/orders", json=notification()).json()
        path = f"/orders/{order['id']}"
        for pieces in range(1, 61):
            line = {"product_id": "1", "price": "0.01", "quantity": pieces}
            assert api.post(f"{path}/line_items", json=line).status_code == 201
        seen = api.get(path).json()
    assert [line["quantity"] for line in seen["line_items"]] == list(range(1, 61))
    assert seen["total"] == "18.30"
    assert replay_order(deployment.application.desk, shop.id, order["id"]).agrees


def test_a_revoked_token_does_not_work_where_nothing_remembers_it(
    deployment: Deployment, shop: Shop
) -> None:
    """A warm function may remember it for a minute; tests/unit/services/test_authenticate.py."""
    shops = deployment.application.shops
    (credential,) = shops.credentials(shop.id)
    shops.revoke(shop.id, credential.id, deployment.application.desk.clock.now())
    with shop.client() as api:
        # No request was made with it before, so nothing remembers it.
        assert api.post("/orders", json=notification()).status_code == 401


def test_answers_say_which_request_they_belong_to_and_are_not_cached(shop: Shop) -> None:
    with shop.client() as api:
        answer = api.get("/orders/1")
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["x-request-id"]
    assert json.loads(answer.text) == NOT_FOUND
