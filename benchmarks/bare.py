"""Requests that went over the wire, as calls of boto3 clients."""

import base64
import json
from collections.abc import Iterable
from functools import cache
from typing import Any, Final

import botocore.session
from botocore import xform_name
from botocore.model import OperationModel, Shape

from benchmarks.emulated import Exchange

Call = tuple[str, str, dict[str, Any]]
"""A service, a method of its client, and what that is given, bytes as ``{"bytes": hex}``."""

_SERVICES: Final = {
    "DynamoDB_20120810": "dynamodb",
    "AWSEvents": "events",
    "AmazonSQS": "sqs",
    "TrentService": "kms",
}

GET_ITEM: Final[Exchange] = {
    "target": "DynamoDB_20120810.GetItem",
    "request": '{"TableName": "orderhub", "Key": {"pk": {"S": "none"}, "sk": {"S": "none"}}}',
    "status": 200,
    "type": "application/x-amz-json-1.0",
    "answer": "{}",
}


def calls(exchanges: Iterable[Exchange]) -> list[Call]:
    """What a client would be asked to send these requests. What went to a path and not to a JSON
    protocol's target is left out: webhooks to subscribers, and mail."""
    return [_call(exchange) for exchange in exchanges if not exchange["target"].startswith("/")]


def _call(exchange: Exchange) -> Call:
    prefix, _, action = exchange["target"].partition(".")
    service = _SERVICES[prefix]
    request = json.loads(exchange["request"])
    return service, xform_name(action), _given(request, _model(service, action).input_shape)


@cache
def _model(service: str, action: str) -> OperationModel:
    return botocore.session.get_session().get_service_model(service).operation_model(action)


def _given(value: Any, shape: Shape | None) -> Any:
    """``value`` as clients take it: blobs are base64 on the wire."""
    match getattr(shape, "type_name", ""):
        case "blob":
            return {"bytes": base64.b64decode(value).hex()}
        case "structure":
            members: Any = getattr(shape, "members", {})
            return {name: _given(part, members[name]) for name, part in value.items()}
        case "map":
            kind: Any = getattr(shape, "value", None)
            return {name: _given(part, kind) for name, part in value.items()}
        case "list":
            element: Any = getattr(shape, "member", None)
            return [_given(part, element) for part in value]
    return value
