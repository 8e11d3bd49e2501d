"""API Gateway in process: HTTP requests become the events that functions get on AWS.

It is a transport for ``httpx``, so that any client library that works with it can be tried without
a network in between.
"""

import base64
import importlib
import re
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any
from urllib.parse import parse_qsl, unquote_to_bytes

import httpx

from tests.support.api import LambdaContext
from tests.support.conformity import require_documented
from tests.support.silence import LISTENER
from tests.support.table import routes

Handler = Callable[[dict[str, Any], Any], dict[str, Any]]

_TEXT = ("application/json", "application/xml", "application/javascript")


class Gateway(httpx.BaseTransport):
    """An HTTP API.

    Args:
        routes: handlers by route, such as ``GET /orders/{id}``.
        base_path: what a mapping of a custom domain, or a proxy in front, puts before paths. As on
            AWS functions see it in ``rawPath``.
    """

    def __init__(self, routes: Mapping[str, Handler], *, base_path: str = "") -> None:
        self._routes = routes
        self._base_path = base_path

    @classmethod
    def of_wire(cls, wire: str) -> "Gateway":
        """The functions of ``functions/<wire>`` under their routes of the template."""
        return cls._of(f"{wire}/")

    @classmethod
    def of_template(cls) -> "Gateway":
        """The whole API."""
        return cls._of("")

    @classmethod
    def _of(cls, folder: str) -> "Gateway":
        found = {
            route: partial(_handle, f"functions.{function.replace('/', '.')}")
            for route, function in routes().items()
            if function.startswith(folder)
        }
        return cls(found)

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        sent, _, query = request.url.raw_path.partition(b"?")
        path = decoded_path(sent.decode())
        found = self._match(request.method, path.removeprefix(self._base_path))
        if found is None:
            return httpx.Response(404, json={"message": "Not Found"}, request=request)
        route, variables = found
        event = _event(request, route, path, query.decode(), variables)
        LISTENER.see_event(event)
        answer = self._routes[route](event, LambdaContext())
        body = answer["body"].encode()
        if answer.get("isBase64Encoded"):
            body = base64.b64decode(body)
        return httpx.Response(
            answer["statusCode"], headers=answer["headers"], content=body, request=request
        )

    def _match(self, method: str, path: str) -> tuple[str, dict[str, str]] | None:
        if len(path) > 1:
            path = path.removesuffix("/")
        # Literal segments win over variables, these over the rest of a path.
        for route in sorted(self._routes, key=lambda route: (route.count("+}"), route.count("{"))):
            wanted, _, pattern = route.partition(" ")
            pattern = re.sub(r"\\\{(\w+)\\\+\\\}", r"(?P<\1>.+)", re.escape(pattern))
            pattern = re.sub(r"\\\{(\w+)\\\}", r"(?P<\1>[^/]+)", pattern)
            found = re.fullmatch(pattern, path)
            if found and wanted in (method, "ANY"):
                return route, found.groupdict()
        return None


def decoded_path(sent: str) -> str:
    """A path as HTTP APIs hand it over: every escape decoded but ``%25``."""
    return unquote_to_bytes(sent.replace("%25", "%2525")).decode()


def _handle(module: str, event: dict[str, Any], context: Any) -> dict[str, Any]:
    answer: dict[str, Any] = importlib.import_module(f"{module}.app").handler(event, context)
    require_documented(event["routeKey"], answer["statusCode"], answer["headers"], answer["body"])
    return answer


def _event(
    request: httpx.Request, route: str, path: str, query: str, variables: dict[str, str]
) -> dict[str, Any]:
    """Payload 2.0."""
    content = request.read()
    media = request.headers.get("content-type", "").partition(";")[0]
    is_text = media.startswith("text/") or media in _TEXT
    event: dict[str, Any] = {
        "version": "2.0",
        "routeKey": route,
        "rawPath": path,
        "rawQueryString": query,
        "headers": dict(request.headers),
        "requestContext": {
            "apiId": "api",
            "domainName": request.url.host,
            "http": {"method": request.method, "path": path, "protocol": "HTTP/1.1"},
            "requestId": "test-request-id",
            "routeKey": route,
            "stage": "$default",
        },
        "isBase64Encoded": bool(content) and not is_text,
    }
    if variables:
        event["pathParameters"] = variables
    if query:
        parameters: dict[str, str] = {}
        for name, value in parse_qsl(query, keep_blank_values=True):
            parameters[name] = f"{parameters[name]},{value}" if name in parameters else value
        event["queryStringParameters"] = parameters
    if content:
        text = content.decode(errors="replace")
        event["body"] = text if is_text else base64.b64encode(content).decode()
    return event
