"""`make smoke` against the API in process: it finds what is ill, and leaves nothing behind."""

import os
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from local import smoke
from orderhub.bootstrap import Application
from tests.support.gateway import Gateway

# Beside others that load every function.
pytestmark = pytest.mark.xdist_group("two shops")

URL = "https://api.example"
ROUTE = "GET /v1/orders/count"
"""One of them, which some tests make ill."""


def few() -> dict[str, Any]:
    """The document with that route and two others."""
    whole, paths = smoke.read_document(), ("/v1/orders/count", "/v1/metas", "/api/store/v1/orders")
    return {**whole, "paths": {path: whole["paths"][path] for path in paths}}


def stored(table: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = table.scan(TableName=os.environ["TABLE_NAME"])["Items"]
    return found


class Ill(httpx.BaseTransport):
    """The API, but that one route answers otherwise."""

    def __init__(self, answer: Callable[[httpx.Response], httpx.Response]) -> None:
        self._gateway = Gateway.of_template()
        self._answer = answer

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        well = self._gateway.handle_request(request)
        return self._answer(well) if f"{request.method} {request.url.path}" == ROUTE else well


def test_an_api_that_lives_refuses_nobody_s_requests_on_every_route_and_writes_nothing(
    application: Application, table: Any
) -> None:
    before = stored(table)
    answers = list(smoke.ask(URL, smoke.read_document(), transport=Gateway.of_template()))
    assert [f"{each.route.key}: {each.problem}" for each in answers if each.problem] == []
    described = {each.key for each in smoke.routes_of(smoke.read_document())}
    assert {each.route.key for each in answers} == described
    assert stored(table) == before


def _by_the_gateway(_well: httpx.Response) -> httpx.Response:
    return httpx.Response(404, json={"message": "Not Found"})


def _without_its_function(_well: httpx.Response) -> httpx.Response:
    return httpx.Response(500, json={"message": "Internal Server Error"})


def _throttled(_well: httpx.Response) -> httpx.Response:
    return httpx.Response(429, json={"message": "Too Many Requests"})


def _let_in(well: httpx.Response) -> httpx.Response:
    return httpx.Response(200, json={"count": 0}, headers={"x-request-id": "1"})


def _in_another_form(well: httpx.Response) -> httpx.Response:
    return httpx.Response(401, json={"error": "Unauthorized"}, headers={"x-request-id": "1"})


def _by_a_page(well: httpx.Response) -> httpx.Response:
    return httpx.Response(401, html="<p>No.</p>", headers={"x-request-id": "1"})


def _never(_well: httpx.Response) -> httpx.Response:
    raise httpx.ReadTimeout("too late")


@pytest.mark.parametrize(
    ("answer", "problem"),
    [
        (_by_the_gateway, "answered by something else than its function: 404"),
        (_without_its_function, "failed: 500"),
        (_throttled, "throttled: 429"),
        (_let_in, "took it: 200"),
        (_in_another_form, "answered in another form than documented: 401"),
        (_by_a_page, "answered what no document has: 401"),
        (_never, "no answer: ReadTimeout"),
    ],
)
def test_a_route_that_is_ill_is_found_among_others(
    application: Application,
    answer: Callable[[httpx.Response], httpx.Response],
    problem: str,
) -> None:
    answers = smoke.ask(URL, few(), transport=Ill(answer))
    ill = [each for each in answers if each.problem]
    assert [each.route.key for each in ill] == [ROUTE]
    assert ill[0].problem.startswith(problem)


def test_every_route_is_called_as_often_as_is_asked(application: Application) -> None:
    answers = list(smoke.ask(URL, few(), rounds=3, transport=Gateway.of_template()))
    assert len(answers) == 3 * len(smoke.routes_of(few())) == 12
