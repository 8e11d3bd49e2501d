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
from orderhub.domain.errors import OrderHubError
from orderhub.domain.shop import Principal
from orderhub.services.desk import Desk
from orderhub.wire.contract import (
    BodyTooLarge,
    OpenRequest,
    Request,
    RequestError,
    Response,
    TokenWire,
    Wire,
)

from .body import decode_body

Operation = Callable[[Request, Desk], Response]
OpenOperation = Callable[[OpenRequest, Desk], Response]
Handler = Callable[[dict[str, Any], Any], dict[str, Any]]

INTERNAL_ERROR = 500

SLASH: Final = "slash"
"""The variable of routes that end in ``{slash+}``. They are there for a path with a slash at its
end, which no other route can have; what stands behind the slash leads nowhere."""

_NO_ROUTE: Final = Response(404, {"message": "Not Found"})
"""Word for word what API Gateway says where there is no route."""

logger = Logger(service="orderhub")

# Amounts are exact: a Decimal goes out as the number that it is, never by way of a float.
_JSON: Final = msgspec.json.Encoder(decimal_format="number")


def endpoint(wire: TokenWire, scope: str) -> Callable[[Operation], Handler]:
    """Make an operation of ``wire`` a Lambda handler for API Gateway's HTTP API (payload 2.0).

    Callers need ``scope``. Every request leaves exactly one structured log line, without bodies,
    tokens or personal data.
    """

    def by_token(
        application: bootstrap.Application, received: "_Received", _event: Mapping[str, Any]
    ) -> Principal:
        try:
            token = wire.token(received.fields["headers"], received.fields["body"])
        except RequestError:
            if isinstance(received.problem, BodyTooLarge):
                # The credential may well stand in what was not read.
                raise received.problem from None
            raise
        return application.authenticator.authenticate(wire.name, token, scope)

    return _authenticated(wire, by_token)


def signed_endpoint(wire: Wire, scope: str) -> Callable[[Operation], Handler]:
    """Like :func:`endpoint`, for an API whose clients sign every request by OAuth 1.0.

    A signature stands for one request, so it is checked here and not by an authorizer of API
    Gateway, which sees no body and remembers its answers by header. The function needs what
    :class:`~orderhub.services.authenticate_signed.SignatureAuthenticator` does beside its own
    work: to read, to write nonces (``NONCE#…``), and to decrypt secrets for that purpose.
    """
    # Only functions whose requests are signed pay for what it imports.
    from .oauth1 import signed_request  # noqa: PLC0415

    def by_signature(
        application: bootstrap.Application, received: "_Received", event: Mapping[str, Any]
    ) -> Principal:
        fields = received.fields
        signed = signed_request(
            event, fields["headers"], base_url=fields["base_url"], max_bytes=wire.max_body_bytes
        )
        return application.signature_authenticator.authenticate(wire.name, signed, scope)

    if _in_lambda():
        _ = bootstrap.application().signature_authenticator
    return _authenticated(wire, by_signature)


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


def _authenticated(
    wire: Wire,
    identify: Callable[[bootstrap.Application, "_Received", Mapping[str, Any]], Principal],
) -> Callable[[Operation], Handler]:
    def decorate(operation: Operation) -> Handler:
        def answer(event: dict[str, Any], line: dict[str, object]) -> Response:
            application = bootstrap.application()
            received = _received(application, wire, event)
            principal = identify(application, received, event)
            line["shop_id"] = principal.shop.id
            line["credential_id"] = principal.credential_id
            if received.problem:
                raise received.problem
            request = Request(
                principal=principal,
                actor=Actor(wire.name, principal.credential_id, principal.label),
                **received.fields,
            )
            return operation(request, application.desk)

        return _handler(wire, operation, answer)

    return decorate


def _handler(
    wire: Wire,
    operation: Callable[..., Response],
    answer: Callable[[dict[str, Any], dict[str, object]], Response],
) -> Handler:
    if _in_lambda():
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
            response = _NO_ROUTE if _leads_nowhere(event) else answer(event, line)
        except Exception as error:  # noqa: BLE001 - whatever it is, the caller gets an answer
            line["error"] = getattr(error, "code", type(error).__name__)
            if isinstance(error, OrderHubError) and hasattr(error, "reason"):
                line["reason"] = error.reason
            response = _refusal(wire, error)
            if _is_fault(response):
                line["trace"] = traceback.format_exc()
        line |= response.about
        line["status"] = response.status
        line["milliseconds"] = round((time.perf_counter() - started) * 1000, 1)
        log = logger.error if _is_fault(response) else logger.info
        log("request", extra=line)
        return _answer(response, str(line["request_id"]))

    return handler


def _in_lambda() -> bool:
    """While Lambda starts a function, the processor is free: there clients are built at once, not
    at their first use."""
    return "AWS_LAMBDA_FUNCTION_NAME" in os.environ


def _leads_nowhere(event: Mapping[str, Any]) -> bool:
    return bool((event.get("pathParameters") or {}).get(SLASH))


def _is_fault(response: Response) -> bool:
    return response.is_fault or response.status == INTERNAL_ERROR


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
        "route": event.get("routeKey", ""),
        "path": event.get("pathParameters") or {},
        "query": event.get("queryStringParameters") or {},
        "headers": headers,
        "body": body,
        "base_url": application.settings.base_url(
            domain_name=called.get("domainName", ""), api_id=called.get("apiId", "")
        ),
    }
    return _Received(fields, problem)


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
