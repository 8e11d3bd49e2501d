"""Asks a deployed API whether it lives, as somebody whom nobody knows, and leaves nothing behind.

Every route of ``docs/openapi.json`` is called with credentials that are formed as they must be and
belong to nobody. Behind each stands a function of its own, which looks for them in the table; so a
refusal in its API's own words says that the route leads to the function, that its layers are there,
and that its role lets it read. Refusals write nothing down but a line of log.
"""

from __future__ import annotations

import json
import re
import time
from base64 import b64encode
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Final

import httpx
import jsonschema_rs
from oauthlib.oauth1 import Client as Signing

from local import project
from local.errors import LocalError

DOCUMENT: Final = project.ROOT / "docs" / "openapi.json"
AT_ONCE: Final = 8
"""Requests under way at a time: few enough for an account that may run ten functions at once."""
_SECONDS: Final = 30.0
"""After which API Gateway has given up."""

_NOBODY: Final = "0" * 40
_NOBODYS_SHOP: Final = "nobody-0000000000"
_JSON: Final = "application/json"
_METHODS: Final = frozenset({"get", "put", "post", "delete", "patch", "head", "options"})

Json = Mapping[str, Any]


@dataclass(frozen=True)
class Route:
    """One operation of the document."""

    method: str
    path: str
    api: str
    """Whose it is, such as ``bricklink``."""
    schemes: frozenset[str]
    """By which of the document's security schemes callers say who they are; none where the path or
    the body does."""
    responses: Mapping[int, Mapping[str, Json]]
    """The documented schema, by status and media type."""

    @property
    def key(self) -> str:
        return f"{self.method.upper()} {self.path}"


@dataclass(frozen=True)
class Answer:
    """What a route said."""

    route: Route
    milliseconds: float
    problem: str = ""
    """What is wrong with it; nothing when it was refused as documented."""


def routes_of(document: Json) -> list[Route]:
    """The operations that an OpenAPI document describes."""
    return [
        Route(
            method=method,
            path=path,
            api=next(iter(operation.get("tags", [])), ""),
            schemes=frozenset(
                scheme
                for choice in operation.get("security", document.get("security", []))
                for scheme in choice
            ),
            responses=_responses(operation, document),
        )
        for path, operations in document["paths"].items()
        for method, operation in operations.items()
        if method in _METHODS
    ]


def read_document() -> Json:
    """The document that callers have."""
    found: Json = json.loads(DOCUMENT.read_text(encoding="utf-8"))
    return found


def ask(
    base_url: str,
    document: Json,
    *,
    rounds: int = 1,
    transport: httpx.BaseTransport | None = None,
) -> Iterator[Answer]:
    """Call each route so many times, and say what came of it, in no order.

    Args:
        base_url: where the API answers.
        document: the OpenAPI document of the version that should answer there.
        rounds: how often to call each route: a release that goes out to a tenth of the requests is
            met by thirty rounds in all but a few routes.
        transport: what carries the requests; the network by default.

    Raises:
        LocalError: nothing answers there at all.
    """
    base_url = base_url.rstrip("/")
    with (
        httpx.Client(
            timeout=_SECONDS, limits=httpx.Limits(max_connections=AT_ONCE), transport=transport
        ) as client,
        ThreadPoolExecutor(AT_ONCE) as pool,
    ):
        _require_somebody(client, base_url)
        asking = _Asking(client, base_url, document)
        for _ in range(rounds):
            yield from pool.map(asking.ask, routes_of(document))


def slowest(answers: Iterable[Answer], count: int) -> list[Answer]:
    """Those that took longest, the slowest first."""
    return sorted(answers, key=lambda answer: -answer.milliseconds)[:count]


def _require_somebody(client: httpx.Client, base_url: str) -> None:
    try:
        client.get(base_url)
    except httpx.HTTPError as error:
        raise LocalError(
            f"Nothing answers at {base_url}: {error}",
            hint="Is the name known, the certificate good, and the default endpoint on?",
        ) from error


class _Asking:
    def __init__(self, client: httpx.Client, base_url: str, document: Json) -> None:
        self._client = client
        self._base_url = base_url
        self._components = {"components": {"schemas": document["components"]["schemas"]}}

    def ask(self, route: Route) -> Answer:
        request = self._request(route)
        started = time.perf_counter()
        try:
            response = self._client.send(request)
        except httpx.HTTPError as error:
            return Answer(route, _since(started), f"no answer: {type(error).__name__} {error}")
        return Answer(route, _since(started), self._trouble(route, response))

    def _request(self, route: Route) -> httpx.Request:
        url = self._base_url + re.sub(r"\{(\w+)\}", _in_place_of, route.path)
        body = {"api_key": _NOBODY, "grant_type": "client_credentials"}
        return self._client.build_request(
            route.method.upper(),
            url,
            headers=_credentials(route, url),
            json=body if route.method in {"post", "put", "patch"} else None,
        )

    def _trouble(self, route: Route, response: httpx.Response) -> str:
        media = response.headers.get("content-type", "").partition(";")[0].strip().lower()
        schema = route.responses.get(response.status_code, {}).get(media)
        said = f"{response.status_code} {response.text[:200]!r}"
        if response.status_code >= HTTPStatus.INTERNAL_SERVER_ERROR:
            return f"failed: {said}"
        if response.status_code == HTTPStatus.TOO_MANY_REQUESTS:
            return f"throttled: {said}"
        if "x-request-id" not in response.headers:
            return f"answered by something else than its function: {said}"
        if schema is None:
            return f"answered what no document has: {said}"
        content = _content(response) if media == _JSON else None
        if media == _JSON:
            validator = jsonschema_rs.Draft202012Validator({**schema, **self._components})
            if not validator.is_valid(content):
                return f"answered in another form than documented: {said}"
        return "" if _is_refusal(route, response.status_code, content) else f"took it: {said}"


def _is_refusal(route: Route, status: int, content: object) -> bool:
    if route.schemes and HTTPStatus.UNAUTHORIZED in route.responses:
        return status == HTTPStatus.UNAUTHORIZED
    if status == HTTPStatus.OK and isinstance(content, dict):
        # One API says in its envelope what others say by the status.
        meta = content.get("meta")
        return isinstance(meta, dict) and meta.get("code") == HTTPStatus.UNAUTHORIZED
    return HTTPStatus.BAD_REQUEST <= status < HTTPStatus.INTERNAL_SERVER_ERROR


def _content(response: httpx.Response) -> object:
    try:
        return response.json()
    except ValueError:
        return None


def _credentials(route: Route, url: str) -> dict[str, str]:
    """Credentials as the route wants them, of nobody."""
    schemes = route.schemes
    if "bricklink.oauth1" in schemes:
        signing = Signing(_NOBODY, _NOBODY, _NOBODY, _NOBODY)
        _, headers, _ = signing.sign(url, route.method.upper())
        return dict(headers)
    if "youhaosuda.app" in schemes:
        pair = b64encode(f"{_NOBODY}:{_NOBODY}".encode()).decode()
        return {"Authorization": f"Basic {pair}"}
    if "youhaosuda.token" in schemes:
        return {"X-API-ACCESS-TOKEN": _NOBODY}
    if "shoplazza.token" in schemes:
        return {"access-token": _NOBODY}
    if "marketplace.bearer" in schemes:
        return {"Authorization": f"Bearer {_NOBODY}"}
    return {"Authorization": _NOBODY}


def _in_place_of(parameter: re.Match[str]) -> str:
    name = parameter[1]
    if name == "shop_id":
        return _NOBODYS_SHOP
    return _NOBODY if name == "token" else "1"


def _responses(operation: Json, document: Json) -> dict[int, dict[str, Json]]:
    found = {}
    for status, response in operation["responses"].items():
        if status.isdigit():
            found[int(status)] = {
                media: described.get("schema", {})
                for media, described in _resolved(response, document).get("content", {}).items()
            }
    return found


def _resolved(response: Json, document: Json) -> Json:
    if "$ref" not in response:
        return response
    name = response["$ref"].rpartition("/")[2]
    found: Json = document["components"]["responses"][name]
    return found


def _since(started: float) -> float:
    return (time.perf_counter() - started) * 1000
