"""Whether answers are what the OpenAPI document says: every answer that tests get is looked at.

The document is generated here, not read from ``docs/``, so that it is the code's own.
"""

import json
import re
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

import httpx
import jsonschema_rs

from tests.support.figures import tried
from tools.openapi.document import document
from tools.openapi.routes import Route, described_routes, routes
from tools.openapi.vocabulary import JSON

Schema = dict[str, Any]


class Undocumented(AssertionError):
    """An answer that the document doesn't have."""


def require_documented(
    key: str, status: int, headers: Mapping[str, str], body: str | bytes
) -> None:
    """That the document has an answer like this one to a request of the route ``key``, such as
    ``GET /orders/{id}``. Routes that are in no document may answer anything.

    Raises :class:`Undocumented`.
    """
    route = _routes().get(key)
    if route is None:
        return
    media = _media(headers)
    schema = _schemas(key).get((status, media))
    if schema is None:
        raise Undocumented(f"{key} answered {status} with {media}")
    tried(f"answers checked against the OpenAPI document, {route.api}")
    if media == JSON:
        _require_valid(f"{key} {status}", _validator(key, status), body)


def hooks(api_url: str) -> dict[str, list[Callable[..., Any]]]:
    """Event hooks of an ``httpx`` client, which hold every answer from ``api_url`` against the
    document."""
    base = httpx.URL(api_url).path.rstrip("/")

    def look(response: httpx.Response) -> None:
        request = response.request
        key = operation(request.url.path.removeprefix(base), request.method)
        if key is not None:
            require_documented(key, response.status_code, response.headers, response.read())

    return {"response": [look]}


def operation(path: str, method: str) -> str | None:
    """The key of the route that such a request takes, as API Gateway chooses; ``None`` for none,
    and for those that the document leaves out."""
    found = [
        route
        for route in routes()
        if route.method in (method, "ANY") and _pattern(route.path).fullmatch(path)
    ]
    best = min(
        found, key=lambda route: (route.path.count("+}"), route.path.count("{")), default=None
    )
    return None if best is None or best.is_catch_all else best.key


@cache
def _pattern(path: str) -> re.Pattern[str]:
    escaped = re.sub(r"\\\{\w+\\\+\\\}", ".+", re.escape(path))
    return re.compile(re.sub(r"\\\{\w+\\\}", "[^/]+", escaped))


def _require_valid(what: str, validator: Any, body: str | bytes) -> None:
    problems = list(validator.iter_errors(json.loads(body)))
    if problems:
        told = "\n".join(f"{list(each.instance_path)}: {each.message}" for each in problems[:5])
        raise Undocumented(f"{what} is not as documented:\n{told}")


def _media(headers: Mapping[str, str]) -> str:
    written = {name.lower(): value for name, value in headers.items()}.get("content-type", "")
    return written.partition(";")[0].strip().lower()


@cache
def _document() -> dict[str, Any]:
    return document()


@cache
def _routes() -> dict[str, Route]:
    return {route.key: route for route in described_routes()}


@cache
def _schemas(key: str) -> dict[tuple[int, str], Schema]:
    """By status and content type."""
    method, _, path = key.partition(" ")
    responses = _document()["paths"][path][method.lower()]["responses"]
    return {
        (int(status), media): described["schema"]
        for status, response in responses.items()
        for media, described in _resolved(response)["content"].items()
    }


def _resolved(response: Schema) -> Schema:
    if "$ref" not in response:
        return response
    name = response["$ref"].rpartition("/")[2]
    found: Schema = _document()["components"]["responses"][name]
    return found


@cache
def _validator(key: str, status: int) -> Any:
    return validator(_schemas(key)[status, JSON])


def validator(schema: Schema) -> Any:
    """A compiled validator of a schema of the document."""
    components = {"components": {"schemas": _document()["components"]["schemas"]}}
    return jsonschema_rs.Draft202012Validator({**schema, **components})
