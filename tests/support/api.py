"""Calling functions in process, with the payloads that ``events/`` holds for each."""

import copy
import importlib
import json
from base64 import b64decode
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.support.conformity import require_documented
from tests.support.silence import LISTENER

EVENTS = Path(__file__).parents[2] / "events"


@dataclass(frozen=True)
class LambdaContext:
    """What Powertools and the endpoint look at."""

    function_name: str = "test"
    memory_limit_in_mb: int = 512
    invoked_function_arn: str = "arn:aws:lambda:eu-central-1:123456789012:function:test"
    aws_request_id: str = "test-request"


@dataclass(frozen=True)
class Answer:
    status: int
    body: Any
    headers: dict[str, str]


def payload(name: str) -> dict[str, Any]:
    """``events/<name>.json``."""
    loaded: dict[str, Any] = json.loads((EVENTS / f"{name}.json").read_text(encoding="utf-8"))
    return loaded


def invoke(function: str, event: object) -> Any:
    """Run ``functions/<function>/app.py`` on an event. Answers must be what the OpenAPI document
    says."""
    module = importlib.import_module(f"functions.{function.replace('/', '.')}.app")
    LISTENER.see_event(event)
    answer = module.handler(event, LambdaContext())
    if isinstance(event, dict) and "routeKey" in event:
        require_documented(
            event["routeKey"], answer["statusCode"], answer["headers"], answer["body"]
        )
    return answer


class Client:
    """An outside system that speaks one wire, without a network in between."""

    def __init__(self, wire: str, headers: dict[str, str]) -> None:
        self._wire = wire
        self._headers = headers

    def call(
        self,
        operation: str,
        *,
        path: dict[str, str] | None = None,
        query: dict[str, str] | None = None,
        body: object = None,
        raw: str | None = None,
        base64: bool = False,
        headers: dict[str, str] | None = None,
    ) -> Answer:
        """``body`` is sent as JSON, ``raw`` as it is; neither means no body at all."""
        event = copy.deepcopy(payload(f"{self._wire}/{operation}"))
        for credential in ("authorization", "x-api-access-token"):
            event["headers"].pop(credential, None)
        event["headers"] |= {"content-type": "application/json", **self._headers}
        event["headers"] |= {name.lower(): value for name, value in (headers or {}).items()}
        event.pop("body", None)
        event.pop("queryStringParameters", None)
        if query:
            event["queryStringParameters"] = query
        if path is not None:
            # API Gateway hands them over decoded.
            event["pathParameters"] = path
        if body is not None:
            event["body"] = json.dumps(body)
        elif raw is not None:
            event["body"] = raw
            event["isBase64Encoded"] = base64
        answer = invoke(f"{self._wire}/{operation}", event)
        content = answer["body"]
        is_file = answer.get("isBase64Encoded", False)
        body = b64decode(content) if is_file else json.loads(content)
        return Answer(answer["statusCode"], body, answer["headers"])
