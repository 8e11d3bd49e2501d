"""The OpenAPI document: of every route, valid, and no other than what is answered."""

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from schemathesis.specs.openapi.definitions import OPENAPI_31_VALIDATOR

from tests.support.conformity import Undocumented, operation, require_documented, validator
from tools.openapi import document
from tools.openapi.document import APIS
from tools.openapi.routes import described_routes, routes

DOCUMENT = document.document()
ROUTES = described_routes()
OPERATIONS: dict[str, dict[str, Any]] = {
    f"{method.upper()} {path}": described
    for path, item in DOCUMENT["paths"].items()
    for method, described in item.items()
}
FAILURE = json.dumps({"error": "Something went wrong on our side."})
JSON_HEADERS = {"content-type": "application/json; charset=utf-8"}


def nodes(value: Any) -> Iterator[dict[str, Any]]:
    """All objects in it."""
    if isinstance(value, dict):
        yield value
        for each in value.values():
            yield from nodes(each)
    elif isinstance(value, list):
        for each in value:
            yield from nodes(each)


def test_it_is_valid_openapi() -> None:
    problems = [error.message for error in OPENAPI_31_VALIDATOR.iter_errors(DOCUMENT)]
    assert problems == []


def test_every_route_of_the_template_is_described_and_nothing_else_is() -> None:
    assert set(OPERATIONS) == {route.key for route in ROUTES}


def test_every_group_of_functions_with_routes_is_described() -> None:
    assert {api.name for api in APIS} == {route.api for route in routes()}


def test_no_description_is_of_an_operation_that_is_not_there() -> None:
    for api in APIS:
        known = {route.operation for route in ROUTES if route.api == api.name}
        known |= {f"{route.operation}/{route.event}" for route in ROUTES if route.api == api.name}
        assert api.operations.keys() <= known, api.name


def test_only_routes_that_no_caller_names_are_left_out() -> None:
    left_out = {route.key for route in routes()} - {route.key for route in described_routes()}
    for key in left_out:
        assert key.startswith("ANY ") or key.endswith("/{slash+}"), key


def test_a_route_without_a_description_is_an_error() -> None:
    (api,) = (each for each in APIS if each.name == "marketplace")
    route = next(each for each in ROUTES if each.api == "marketplace")
    with pytest.raises(ValueError, match="has no description"):
        document._described(replace(api, operations={}), route)


def test_every_operation_has_an_id_of_its_own() -> None:
    ids = [described["operationId"] for described in OPERATIONS.values()]
    assert len(set(ids)) == len(ids)


def test_every_reference_leads_somewhere() -> None:
    for node in nodes(DOCUMENT):
        reference = node.get("$ref")
        if reference is None:
            continue
        found: Any = DOCUMENT
        for part in reference.removeprefix("#/").split("/"):
            found = found[part]
        assert found, reference


def has_a_credential_in_its_body(key: str) -> bool:
    """Which OpenAPI has no security scheme for."""
    contents = OPERATIONS[key].get("requestBody", {}).get("content", {})
    names = [each["schema"].get("$ref", "").rpartition("/")[2] for each in contents.values()]
    bodies = [DOCUMENT["components"]["schemas"].get(name, {}) for name in names]
    return any("api_key" in body.get("required", ()) for body in bodies)


@pytest.mark.parametrize("key", sorted(OPERATIONS))
def test_a_credential_is_asked_for_where_the_handler_asks_for_a_scope(key: str) -> None:
    (route,) = (each for each in ROUTES if each.key == key)
    asked = OPERATIONS[key]["security"]
    scopes = {scope for each in asked for scopes in each.values() for scope in scopes}
    if has_a_credential_in_its_body(key):
        assert asked == []
        assert f"`{route.scope}`" in OPERATIONS[key]["description"]
    else:
        assert scopes == ({route.scope} if route.scope else set())
    assert all(name in DOCUMENT["components"]["securitySchemes"] for each in asked for name in each)


def contents(key: str) -> Iterator[dict[str, Any]]:
    """The media type objects of an operation: of its body and of its answers."""
    described = OPERATIONS[key]
    yield from described.get("requestBody", {}).get("content", {}).values()
    for response in described["responses"].values():
        reference = response.get("$ref", "").rpartition("/")[2]
        found = DOCUMENT["components"]["responses"][reference] if reference else response
        yield from found["content"].values()


@pytest.mark.parametrize("key", sorted(OPERATIONS))
def test_examples_are_what_their_schemas_say(key: str) -> None:
    for content in contents(key):
        judge = validator(content["schema"])
        for name, shown in content.get("examples", {}).items():
            problems = [error.message for error in judge.iter_errors(shown["value"])]
            assert problems == [], name
    for parameter in OPERATIONS[key].get("parameters", []):
        if "example" in parameter:
            assert validator(parameter["schema"]).is_valid(parameter["example"]), parameter["name"]


@pytest.mark.parametrize("key", sorted(OPERATIONS))
def test_an_operation_that_takes_a_body_shows_one(key: str) -> None:
    (route,) = (each for each in ROUTES if each.key == key)
    sent = route.example.get("body") if route.example["routeKey"] == key else None
    body = OPERATIONS[key].get("requestBody")
    if body is None:
        assert sent is None
    elif sent is not None:
        assert any("examples" in content for content in body["content"].values())


# -- what answers are held against ---------------------------------------------------------------


def test_an_answer_as_documented_passes() -> None:
    require_documented("GET /orders/{id}", 500, JSON_HEADERS, FAILURE)


def test_a_status_that_is_not_documented_is_found() -> None:
    with pytest.raises(Undocumented, match="answered 418"):
        require_documented("GET /orders/{id}", 418, JSON_HEADERS, FAILURE)


def test_a_content_type_that_is_not_documented_is_found() -> None:
    with pytest.raises(Undocumented, match="text/html"):
        require_documented("GET /orders/{id}", 500, {"Content-Type": "text/html"}, FAILURE)


@pytest.mark.parametrize(
    "body", ["{}", '{"error": 1}', '{"error": "x", "trace": "y"}', "[]", "null"]
)
def test_a_shape_that_is_not_documented_is_found(body: str) -> None:
    with pytest.raises(Undocumented, match="not as documented"):
        require_documented("GET /orders/{id}", 500, JSON_HEADERS, body)


def test_requests_find_their_operation_as_api_gateway_finds_it() -> None:
    assert operation("/orders/R1/pay", "POST") == "POST /orders/{id}/pay"
    assert operation("/v1/orders/count", "GET") == "GET /v1/orders/count"
    assert operation("/api/store/v1/nothing", "GET") is None
    assert operation("/nowhere", "GET") is None
