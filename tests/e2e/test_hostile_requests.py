"""Hostile requests over HTTP, through the gateway: no fault, and nothing is made of them."""

import json
from collections.abc import Iterator
from typing import Final
from urllib.parse import quote

import httpx
import pytest

from tests.e2e.conftest import ON_THE_CLOUD, Deployment, Shop, make_order, new_app, notification
from tests.support.figures import tried
from tests.support.hostile import IDS, INJECTED, MARKUP, Body, bodies

pytestmark = ON_THE_CLOUD

SECONDS: Final = 10.0
_ONE_OF: Final = 4


def refused_bodies(turn: int) -> Iterator[Body]:
    """Some of the bodies that nobody may take. Bytes that are no text are aside: the gateway makes
    text of them, which has U+FFFD in their place."""
    for number, body in enumerate(bodies(notification(), 64 * 1024)):
        if body.refused and number % _ONE_OF == turn % _ONE_OF:
            try:
                body.content.decode()
            except UnicodeDecodeError:
                continue
            yield body


def require_no_fault(answer: httpx.Response, what: str) -> None:
    tried("hostile requests, over HTTP")
    assert answer.status_code < 500, (what, answer.text)
    assert INJECTED not in answer.headers, what
    assert answer.elapsed.total_seconds() < SECONDS, what
    if answer.headers.get("content-type", "").startswith("text/html"):
        assert MARKUP not in answer.text, what


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/orders"),
        ("POST", "/openapi/2022-01/orders"),
        ("POST", "/user/company/order/create"),
        ("POST", "/oauth2/token"),
        ("POST", "/v1/metas"),
        ("POST", "/webhooks/payments/stripe/demo"),
    ],
)
def test_hostile_bodies_are_no_fault(
    deployment: Deployment, shop: Shop, method: str, path: str
) -> None:
    app = new_app(deployment, shop)
    headers = {"access-token": shop.token, "x-api-access-token": app.token}
    with shop.client(**headers) as api:
        for body in refused_bodies(len(path)):
            media = {} if body.media is None else {"content-type": body.media}
            answer = api.request(method, path, content=body.content, headers=media)
            require_no_fault(answer, body.name)
            assert answer.status_code >= 400 or "code" in answer.json(), (body.name, answer.text)


@pytest.mark.parametrize(
    "path", ["/orders/{}", "/checkout/{}/a", "/pay/{}", "/transaction/{}/result", "/v1/orders/{}"]
)
def test_ids_that_are_none_lead_nowhere(deployment: Deployment, shop: Shop, path: str) -> None:
    app = new_app(deployment, shop)
    with shop.client(**{"x-api-access-token": app.token}) as api:
        for name, text in IDS.items():
            if text in ("", "..") or not text.isprintable() or len(text) > 1_000:
                continue
            answer = api.get(path.format(quote(text, safe="")))
            require_no_fault(answer, name)
            assert answer.status_code >= 400 or json.loads(answer.text)["code"] >= 400, name


def test_an_order_is_as_it_was_after_hostile_edits(shop: Shop) -> None:
    with shop.client() as api:
        made = make_order(api)
        path = f"/orders/{made['id']}"
        for body in refused_bodies(0):
            media = {} if body.media is None else {"content-type": body.media}
            answer = api.put(path, content=body.content, headers=media)
            require_no_fault(answer, body.name)
            assert answer.status_code >= 400, body.name
        assert api.get(path).json() == made
