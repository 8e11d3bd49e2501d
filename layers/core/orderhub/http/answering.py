"""What every handler does around its work: answer whatever happens, and log one line of it."""

import base64
import os
import re
import time
import traceback
from collections.abc import Callable, Mapping
from functools import wraps
from typing import Any, Final

import msgspec
from aws_lambda_powertools.logging import Logger

from orderhub.correlation import Cause, caused_by
from orderhub.domain.errors import OrderHubError
from orderhub.wire.contract import Response

from .tracing import annotate, trace

Handler = Callable[[dict[str, Any], Any], dict[str, Any]]

INTERNAL_ERROR: Final = 500

SLASH: Final = "slash"
"""The variable of routes that end in ``{slash+}``. They are there for a path with a slash at its
end, which no other route can have; what stands behind the slash leads nowhere."""

_NO_ROUTE: Final = Response(404, {"message": "Not Found"})
"""Word for word what API Gateway says where there is no route."""

OWN_ID: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:-]{0,63}")
"""What callers may call their request, for it to stand in the log as they sent it."""
_OWN_ID_HEADERS: Final = ("x-correlation-id", "x-request-id")

# Its lines all come from one place, so none says from where. Traces are named where there are any.
logger = Logger(location=None, xray_trace_id=None)

# Amounts are exact: a Decimal goes out as the number that it is, never by way of a float.
_JSON: Final = msgspec.json.Encoder(decimal_format="number")


def answering(
    wire: str,
    operation: Callable[..., object],
    answer: Callable[[dict[str, Any], dict[str, object]], Response],
    refuse: Callable[[Exception], Response],
) -> Handler:
    """A Lambda handler for API Gateway's HTTP API (payload 2.0), named as ``operation`` is.

    ``answer`` takes the event, and the line that will be logged, to add to it; ``refuse`` answers
    what ``answer`` raises.
    """

    @wraps(operation)
    def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
        started = time.perf_counter()
        line: dict[str, object] = {
            "wire": wire,
            "route": event.get("routeKey", ""),
            "correlation_id": event.get("requestContext", {}).get("requestId", ""),
            "function_name": getattr(context, "function_name", ""),
            "function_request_id": getattr(context, "aws_request_id", ""),
            **_of_the_caller(event),
            **_of_the_trace(),
        }
        with caused_by(str(line["correlation_id"])) as cause:
            try:
                response = _NO_ROUTE if _leads_nowhere(event) else answer(event, line)
            except Exception as error:  # noqa: BLE001 - whatever it is, the caller gets an answer
                line["error"] = getattr(error, "code", type(error).__name__)
                if isinstance(error, OrderHubError) and hasattr(error, "reason"):
                    line["reason"] = error.reason
                response = _refusal(refuse, error)
                if _is_fault(response):
                    line["trace"] = traceback.format_exc()
        line |= _of_the_order(cause, line) | dict(response.about)
        line["status"] = response.status
        seconds = time.perf_counter() - started
        line["milliseconds"] = round(seconds * 1000, 1)
        log = logger.error if _is_fault(response) else logger.info
        log("request", extra=line)
        now = time.time()
        annotate(line, now - seconds, now)
        return _answer(response, str(line["correlation_id"]))

    return handler


def in_lambda() -> bool:
    """While Lambda starts a function, the processor is free: there clients are built at once, not
    at their first use."""
    return "AWS_LAMBDA_FUNCTION_NAME" in os.environ


def header_fields(event: Mapping[str, Any]) -> dict[str, str]:
    """The request's header fields, their names in lower case."""
    return {name.lower(): value for name, value in (event.get("headers") or {}).items()}


def _of_the_caller(event: Mapping[str, Any]) -> dict[str, object]:
    """What the caller calls the request, if that is fit for a log. It is written down and used for
    nothing: ids of ours are unique and of a known length, and nobody can pass for another."""
    headers = header_fields(event)
    for name in _OWN_ID_HEADERS:
        if OWN_ID.fullmatch(own := headers.get(name, "")):
            return {"caller_id": own}
    return {}


def _of_the_trace() -> dict[str, object]:
    """X-Ray's name for the trace, where there is one."""
    found = trace()
    return {"trace_id": found["Root"]} if found else {}


def _of_the_order(cause: Cause, line: Mapping[str, object]) -> dict[str, object]:
    """Which order was worked on, for answers that don't say so: refusals, above all."""
    if not cause.order:
        return {}
    shop_id, order_id = cause.order
    return {"shop_id": line.get("shop_id", shop_id), "order_id": order_id}


def _leads_nowhere(event: Mapping[str, Any]) -> bool:
    return bool((event.get("pathParameters") or {}).get(SLASH))


def _is_fault(response: Response) -> bool:
    return response.is_fault or response.status == INTERNAL_ERROR


def _refusal(refuse: Callable[[Exception], Response], error: Exception) -> Response:
    try:
        return refuse(error)
    except Exception:  # noqa: BLE001
        # Whatever is wrong with the wire's own answer, the caller gets one and we get a trace.
        return Response(INTERNAL_ERROR, {"error": "Something went wrong on our side."})


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
