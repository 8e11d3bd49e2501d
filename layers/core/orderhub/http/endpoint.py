"""The one decorator around every operation: decode, authenticate, run, answer, log a line.

An operation is a function from a :class:`~orderhub.wire.contract.Request` and the use cases'
:class:`~orderhub.services.desk.Desk` to a :class:`~orderhub.wire.contract.Response`; whatever it
raises becomes its API's own error. The route itself lives in the template, so nothing here
dispatches.
"""

import base64
import os
import time
import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import wraps
from typing import Any, Final

import msgspec
from aws_lambda_powertools.logging import Logger

from orderhub import bootstrap
from orderhub.domain.details import Actor
from orderhub.services.desk import Desk
from orderhub.wire.contract import OpenRequest, Request, RequestError, Response, Wire

from .body import decode_body

Operation = Callable[[Request, Desk], Response]
OpenOperation = Callable[[OpenRequest, Desk], Response]
Handler = Callable[[dict[str, Any], Any], dict[str, Any]]

INTERNAL_ERROR = 500

logger = Logger(service="orderhub")

# Amounts are exact: a Decimal goes out as the number that it is, never by way of a float.
_JSON: Final = msgspec.json.Encoder(decimal_format="number")


def endpoint(wire: Wire, scope: str) -> Callable[[Operation], Handler]:
    """Make an operation of ``wire`` a Lambda handler for API Gateway's HTTP API (payload 2.0).

    Callers need ``scope``. Every request leaves exactly one structured log line, without bodies,
    tokens or personal data.
    """

    def decorate(operation: Operation) -> Handler:
        def answer(event: dict[str, Any], line: dict[str, object]) -> Response:
            application = bootstrap.application()
            request = _request(application, wire, scope, event, line)
            return operation(request, application.desk)

        return _handler(wire, operation, answer)

    return decorate


def open_endpoint(wire: Wire) -> Callable[[OpenOperation], Handler]:
    """Like :func:`endpoint`, for an operation that anybody may call: what its path or body holds
    is all the proof that it asks for."""

    def decorate(operation: OpenOperation) -> Handler:
        def answer(event: dict[str, Any], _line: dict[str, object]) -> Response:
            application = bootstrap.application()
            received = _received(application, wire, event)
            if received.problem:
                raise received.problem
            return operation(OpenRequest(**received.fields), application.desk)

        return _handler(wire, operation, answer)

    return decorate


def _handler(
    wire: Wire,
    operation: Callable[..., Response],
    answer: Callable[[dict[str, Any], dict[str, object]], Response],
) -> Handler:
    if "AWS_LAMBDA_FUNCTION_NAME" in os.environ:
        # While Lambda starts the function, the processor is free: build clients now, not at first
        # use.
        _warm_up(bootstrap.application())

    @wraps(operation)
    def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
        started = time.perf_counter()
        line: dict[str, object] = {
            "wire": wire.name,
            "route": event.get("routeKey", ""),
            "request_id": event.get("requestContext", {}).get("requestId", ""),
            "function_name": getattr(context, "function_name", ""),
            "function_request_id": getattr(context, "aws_request_id", ""),
        }
        try:
            response = answer(event, line)
        except Exception as error:  # noqa: BLE001 - whatever it is, the caller gets an answer
            line["error"] = getattr(error, "code", type(error).__name__)
            response = _refusal(wire, error)
            if response.status == INTERNAL_ERROR:
                line["trace"] = traceback.format_exc()
        line |= response.about
        line["status"] = response.status
        line["milliseconds"] = round((time.perf_counter() - started) * 1000, 1)
        log = logger.error if response.status == INTERNAL_ERROR else logger.info
        log("request", extra=line)
        return _answer(response, str(line["request_id"]))

    return handler


def _refusal(wire: Wire, error: Exception) -> Response:
    try:
        return wire.error(error)
    except Exception:  # noqa: BLE001
        # Whatever is wrong with the wire's own answer, the caller gets one and we get a trace.
        return Response(INTERNAL_ERROR, {"error": "Something went wrong on our side."})


def _warm_up(application: bootstrap.Application) -> None:
    _ = application.desk, application.authenticator


@dataclass(frozen=True, slots=True)
class _Received:
    """A request before anybody asked whose it is. ``problem`` is told only to callers who may be
    here at all."""

    fields: dict[str, Any]
    problem: RequestError | None


def _received(
    application: bootstrap.Application, wire: Wire, event: Mapping[str, Any]
) -> _Received:
    now = application.desk.clock.now()
    headers = {name.lower(): value for name, value in (event.get("headers") or {}).items()}
    problem: RequestError | None = None
    body: object = None
    try:
        body = decode_body(
            event, headers, takes_forms=wire.takes_forms, max_bytes=wire.max_body_bytes
        )
    except RequestError as error:
        problem = error
    called = event.get("requestContext") or {}
    fields = {
        "now": now,
        "path": event.get("pathParameters") or {},
        "query": event.get("queryStringParameters") or {},
        "headers": headers,
        "body": body,
        "base_url": application.settings.base_url(
            domain_name=called.get("domainName", ""), api_id=called.get("apiId", "")
        ),
    }
    return _Received(fields, problem)


def _request(
    application: bootstrap.Application,
    wire: Wire,
    scope: str,
    event: Mapping[str, Any],
    line: dict[str, object],
) -> Request:
    received = _received(application, wire, event)
    token = wire.token(received.fields["headers"], received.fields["body"])
    principal = application.authenticator.authenticate(wire.name, token, scope)
    line["shop_id"] = principal.shop.id
    line["credential_id"] = principal.credential_id
    if received.problem:
        raise received.problem
    return Request(
        principal=principal,
        actor=Actor(wire.name, principal.credential_id, principal.label),
        **received.fields,
    )


def _answer(response: Response, request_id: str) -> dict[str, Any]:
    return {
        "statusCode": response.status,
        "headers": {
            "content-type": "application/json; charset=utf-8",
            "cache-control": "no-store",
            "x-request-id": request_id,
            **response.headers,
        },
        **_content(response.body),
    }


def _content(body: object) -> dict[str, Any]:
    if isinstance(body, bytes):
        return {"body": base64.b64encode(body).decode(), "isBase64Encoded": True}
    return {"body": _JSON.encode(body).decode()}
