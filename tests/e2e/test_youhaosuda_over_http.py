"""The Youhaosuda API as shop systems meet it: real HTTP, gateway and functions."""

import json
import re
from collections.abc import Iterator
from functools import partial
from typing import Any

import httpx
import pytest

from orderhub.services.issue_app import IssuedApp
from orderhub.services.replay_order import replay_order
from tests.e2e.conftest import ON_THE_CLOUD, Deployment, Shop, make_order, new_app
from tests.e2e.test_races import MANY, at_once

pytestmark = ON_THE_CLOUD

CALL_LIMIT = re.compile(r"[1-9][0-9]?/100")


def done(answer: httpx.Response) -> Any:
    """The body of a request that went well."""
    body = said(answer)
    assert "code" not in body, answer.text
    return body


def said(answer: httpx.Response, status: int = 200) -> Any:
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/json; charset=utf-8"
    assert CALL_LIMIT.fullmatch(answer.headers["X-YHSD-SHOP-API-CALL-LIMIT"])
    return answer.json()


def errors(answer: httpx.Response, code: int = 422, status: int = 200) -> list[str]:
    body = said(answer, status)
    assert body["code"] == code
    told: list[str] = body["errors"]
    return told


@pytest.fixture
def app(deployment: Deployment, shop: Shop) -> IssuedApp:
    return new_app(deployment, shop)


@pytest.fixture
def api(deployment: Deployment, app: IssuedApp) -> Iterator[httpx.Client]:
    with httpx.Client(
        base_url=f"{deployment.api_url}/v1",
        headers={"X-API-ACCESS-TOKEN": app.token},
        timeout=60,
    ) as client:
        yield client


@pytest.fixture
def order(shop: Shop) -> dict[str, Any]:
    """An unpaid order over 50.00, as its marketplace sees it."""
    with shop.client() as marketplace:
        return make_order(marketplace)


@pytest.mark.parametrize("path", ["/oauth2/token", "/oauth2/token/"])
def test_an_app_gets_its_token_as_the_vendors_libraries_ask_for_it(
    deployment: Deployment, app: IssuedApp, path: str
) -> None:
    """Form, Basic authentication; some libraries' path has a slash at its end."""
    url = f"{deployment.api_url}{path}"
    form = {"grant_type": "client_credentials"}
    good = httpx.post(url, auth=(app.key, app.secret), data=form, timeout=60)
    assert done(good) == {"token": app.token}
    wrong = httpx.post(url, auth=(app.key, "wrong"), data=form, timeout=60)
    unknown = httpx.post(url, auth=("unknown", app.secret), data=form, timeout=60)
    assert said(wrong, 401) == said(unknown, 401)
    assert wrong.json()["error"] == "invalid_client"
    other = httpx.post(url, auth=(app.key, app.secret), data={"grant_type": "x"}, timeout=60)
    assert said(other, 400)["error"] == "invalid_grant"


def test_an_order_is_found_priced_paid_and_seen_through_both_apis(
    deployment: Deployment, shop: Shop, api: httpx.Client, order: dict[str, Any]
) -> None:
    assert done(api.get("/orders/count")) == {"count": 1}
    (listed,) = done(api.get("/orders"))["orders"]
    assert listed["id"] == order["id"]
    seen = done(api.get(f"/orders/{order['id']}"))["order"]
    assert seen == listed
    assert (seen["total_amount"], seen["payment_status"]) == (50, "pending")
    assert seen["items"][0]["quantity"] == 5

    answer = api.put(f"/orders/{order['id']}", json={"order": {"total_amount": 48.8}})
    assert '"total_amount":48.8,' in answer.text
    assert done(answer)["order"]["payments"][0]["amount"] == 48.8
    with shop.client() as marketplace:
        body = {"merchant_trade_no": "T1", "payment": "48.80"}
        paid = marketplace.post(f"/orders/{order['id']}/pay", json=body).json()
    assert (paid["payment_state"], paid["total"]) == ("paid", "48.80")
    seen = done(api.get(f"/orders/{order['id']}"))["order"]
    assert (seen["payment_status"], seen["payments"][0]["gateway_payment_no"]) == ("paid", "T1")
    refused = api.put(f"/orders/{order['id']}", json={"order": {"total_amount": 63.8}})
    assert said(refused) == {"code": 422, "errors": ["订单状态不支持编辑"]}
    proof = replay_order(deployment.application.desk, shop.id, order["id"])
    assert proof.agrees
    assert [entry.event.TYPE for entry in proof.events][-3:] == [
        "order.price_adjusted",
        "payment.captured",
        "order.paid",
    ]


def test_filters_and_pages_go_by_the_query(shop: Shop, api: httpx.Client) -> None:
    with shop.client() as marketplace:
        ids = [make_order(marketplace)["id"] for _ in range(3)]

    def found(**params: object) -> list[int]:
        query = {name: str(value) for name, value in params.items()}
        assert done(api.get("/orders/count", params=query))["count"] >= 0
        orders = done(api.get("/orders", params={**query, "fields": "id"}))["orders"]
        assert all(set(each) == {"id"} for each in orders)
        return [each["id"] for each in orders]

    assert found() == ids
    assert found(limit=2, page=2) == ids[2:]
    assert found(since_id=ids[0]) == ids[1:]
    assert found(ids=f"{ids[2]},{ids[0]}") == [ids[0], ids[2]]
    assert found(order_no=str(ids[1])) == [ids[1]]
    created = done(api.get(f"/orders/{ids[1]}"))["order"]["created_at"]
    assert found(created_at_min=created) == ids[1:]
    # A '+' that a client leaves as it is becomes a blank on its way.
    raw = api.get(f"/orders?fields=id&created_at_max={created}")
    assert [each["id"] for each in done(raw)["orders"]] == ids[:2]
    assert found(updated_at_min="2000-01-01T00:00:01") == ids
    assert found(customer_id=4028) == []
    assert errors(api.get("/orders?limit=ten")) == ["limit必须是整数"]
    assert errors(api.get("/orders/count?created_at_min=x")) == [
        "created_at_min不是有效的时间(格式2014-09-01T01:00:01)"
    ]


def test_metafields_live_beside_an_order(api: httpx.Client, order: dict[str, Any]) -> None:
    meta = {"name": "erp", "owner_resource": "order", "owner_id": order["id"], "fields": {"a": "1"}}
    made = done(api.post("/metas", json={"meta": meta}))["meta"]
    path = f"/metas/{made['id']}"
    assert done(api.get(path)) == {"meta": made}
    assert done(api.get("/metas", params={"owner_id": order["id"]}))["metas"] == [made]
    assert done(api.get("/metas/count")) == {"count": 1}
    assert errors(api.post("/metas", json={"meta": meta})) == ["name已存在"]
    changed = done(api.put(path, json={"meta": {"description": "说明"}}))["meta"]
    assert (changed["description"], changed["fields"]) == ("说明", {"a": "1"})
    assert done(api.post(f"{path}/fields", json={"fields": {"b": 2}}))["fields"] == {
        "a": "1",
        "b": 2,
    }
    assert done(api.get(f"{path}/fields")) == {"fields": {"a": "1", "b": 2}}
    assert done(api.delete(f"{path}/fields?fields=a")) == {"fields": {"b": 2}}
    body = json.dumps({"fields": ["b"]})
    assert done(api.request("DELETE", f"{path}/fields", content=body)) == {"fields": {}}
    assert done(api.delete(path))["meta"]["id"] == made["id"]
    assert errors(api.get(path), 404) == ["未找到Metafield"]
    assert done(api.get("/metas")) == {"metas": []}


def test_what_can_not_be_is_said_in_the_body(
    deployment: Deployment, api: httpx.Client, order: dict[str, Any]
) -> None:
    assert errors(api.get("/orders/12345"), 404) == ["未找到订单"]
    assert errors(api.put(f"/orders/{order['id']}", content=b"{")) == ["请求内容无法解析"]
    assert errors(api.put(f"/orders/{order['id']}", json={})) == ["order不能为空"]
    for headers in ({}, {"X-API-ACCESS-TOKEN": "wrong"}):
        answer = httpx.get(f"{deployment.api_url}/v1/orders", headers=headers, timeout=60)
        assert errors(answer, 401, status=401) == ["token无效"]


def test_of_many_metafields_of_one_name_made_at_once_one_is_there(
    api: httpx.Client, order: dict[str, Any]
) -> None:
    meta = {"name": "erp", "owner_resource": "order", "owner_id": order["id"]}
    answers = at_once([lambda: api.post("/metas", json={"meta": meta})] * MANY)
    made = [answer for answer in answers if "meta" in said(answer)]
    assert len(made) == 1
    assert {tuple(a.json()["errors"]) for a in answers if a not in made} == {("name已存在",)}
    assert done(api.get("/metas/count")) == {"count": 1}


def test_of_many_fields_set_at_once_all_are_there(api: httpx.Client, order: dict[str, Any]) -> None:
    meta = {"name": "erp", "owner_resource": "order", "owner_id": order["id"]}
    made = done(api.post("/metas", json={"meta": meta}))["meta"]
    path = f"/metas/{made['id']}/fields"
    bodies = [{"fields": {str(n): n}} for n in range(20)]
    answers = at_once([partial(api.post, path, json=body) for body in bodies])
    assert [answer.status_code for answer in answers] == [200] * 20
    assert len(done(api.get(path))["fields"]) == 20
