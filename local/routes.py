"""Gives the local HTTP API the routes that its definition asks for.

SAM turns every ``HttpApi`` event into a path of one OpenAPI document, which AWS imports when it
creates the API. ministack (1.5.33) keeps the document but does not import it, so that the API
would answer 404 to everything. This module reads the document back from the deployed stack and
makes the integrations and routes through the ordinary API. It can go once the emulator imports
API bodies; nothing outside ``local/`` knows of it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from local.errors import LocalError

if TYPE_CHECKING:
    from mypy_boto3_apigatewayv2 import ApiGatewayV2Client
    from mypy_boto3_cloudformation import CloudFormationClient

_HTTP_API = "AWS::ApiGatewayV2::Api"
_ALIAS = "AWS::Lambda::Alias"
_ANY = "x-amazon-apigateway-any-method"
_DEFAULT_PATH = "/$default"
_INTEGRATION = "x-amazon-apigateway-integration"
_METHODS = frozenset({"get", "put", "post", "delete", "options", "head", "patch", "trace", _ANY})
_REFERENCE = re.compile(r"\$\{(?P<logical_id>[A-Za-z0-9]+)\}/invocations$")


@dataclass(frozen=True)
class Route:
    """One route of the API definition: ``POST /orders`` and the function behind it."""

    key: str
    alias: str
    """The logical id of the function's alias."""
    payload_format: str


@dataclass(frozen=True)
class RouteChanges:
    """What :func:`import_routes` had to do; all zero when the API was already right."""

    added: int = 0
    removed: int = 0
    total: int = 0


def routes_of(definition: Mapping[str, Any]) -> Iterator[Route]:
    """Yield the routes of an API definition as SAM generates it.

    Raises:
        LocalError: a route has an authorizer or an integration that is not a function's alias,
            which this local import does not know how to make.
    """
    for path, operations in definition.get("paths", {}).items():
        for method, operation in operations.items():
            if method not in _METHODS:
                continue
            key = _route_key(path, method)
            if operation.get("security"):
                raise LocalError(
                    f"The local cloud can't give the route {key!r} its authorizer.",
                    hint="Authenticate in the function, or teach local/routes.py authorizers.",
                )
            integration = operation.get(_INTEGRATION, {})
            yield Route(
                key=key,
                alias=_alias_behind(key, integration.get("uri")),
                payload_format=str(integration.get("payloadFormatVersion", "2.0")),
            )


def import_routes(
    cloudformation: CloudFormationClient, apigateway: ApiGatewayV2Client, stack_name: str
) -> RouteChanges:
    """Make each HTTP API of the stack have exactly the routes of its definition."""
    physical_ids: dict[str, str] = {}
    pages = cloudformation.get_paginator("list_stack_resources").paginate(StackName=stack_name)
    for page in pages:
        for resource in page["StackResourceSummaries"]:
            physical_ids[resource["LogicalResourceId"]] = resource.get("PhysicalResourceId", "")
    identity = cloudformation.describe_stacks(StackName=stack_name)["Stacks"][0]["StackId"]
    region = identity.split(":")[3]

    template = _processed_template(cloudformation, stack_name)
    # What CloudFormation calls an alias is its ARN.
    arns = {
        logical_id: physical_ids[logical_id]
        for logical_id, resource in template["Resources"].items()
        if resource["Type"] == _ALIAS
    }
    changes = RouteChanges()
    for logical_id, resource in template["Resources"].items():
        if resource["Type"] == _HTTP_API:
            wanted = list(routes_of(resource["Properties"].get("Body", {})))
            changed = _reconcile(apigateway, physical_ids[logical_id], wanted, arns, region)
            changes = RouteChanges(
                added=changes.added + changed.added,
                removed=changes.removed + changed.removed,
                total=changes.total + changed.total,
            )
    return changes


def _reconcile(
    apigateway: ApiGatewayV2Client,
    api_id: str,
    wanted: list[Route],
    arns: Mapping[str, str],
    region: str,
) -> RouteChanges:
    integrations = {
        (item.get("IntegrationUri", ""), item.get("PayloadFormatVersion", "")): item[
            "IntegrationId"
        ]
        for page in apigateway.get_paginator("get_integrations").paginate(ApiId=api_id)
        for item in page["Items"]
        if "IntegrationId" in item
    }
    existing = {
        item["RouteKey"]: item
        for page in apigateway.get_paginator("get_routes").paginate(ApiId=api_id)
        for item in page["Items"]
    }

    added = 0
    used: set[str] = set()
    for route in wanted:
        uri = _invocation_uri(arns[route.alias], region)
        integration_id = integrations.get((uri, route.payload_format))
        if integration_id is None:
            integration_id = apigateway.create_integration(
                ApiId=api_id,
                IntegrationType="AWS_PROXY",
                IntegrationMethod="POST",
                IntegrationUri=uri,
                PayloadFormatVersion=route.payload_format,
            )["IntegrationId"]
            integrations[(uri, route.payload_format)] = integration_id
        used.add(integration_id)

        target = f"integrations/{integration_id}"
        present = existing.get(route.key)
        if present is None:
            apigateway.create_route(ApiId=api_id, RouteKey=route.key, Target=target)
            added += 1
        elif present.get("Target") != target:
            apigateway.update_route(ApiId=api_id, RouteId=present["RouteId"], Target=target)
            added += 1

    stale = existing.keys() - {route.key for route in wanted}
    for key in stale:
        apigateway.delete_route(ApiId=api_id, RouteId=existing[key]["RouteId"])
    for integration_id in set(integrations.values()) - used:
        apigateway.delete_integration(ApiId=api_id, IntegrationId=integration_id)
    return RouteChanges(added=added, removed=len(stale), total=len(wanted))


def _processed_template(cloudformation: CloudFormationClient, stack_name: str) -> Mapping[str, Any]:
    """Return the deployed template after the SAM transform, as CloudFormation holds it."""
    body: Any = cloudformation.get_template(StackName=stack_name, TemplateStage="Processed")[
        "TemplateBody"
    ]
    if not isinstance(body, Mapping):
        raise LocalError("The local cloud returned the stack's template in an unknown form.")
    return body


def _route_key(path: str, method: str) -> str:
    if path == _DEFAULT_PATH:
        return "$default"
    return f"{'ANY' if method == _ANY else method.upper()} {path}"


def _alias_behind(key: str, uri: Any) -> str:
    text = uri.get("Fn::Sub") if isinstance(uri, Mapping) else uri
    match = _REFERENCE.search(text) if isinstance(text, str) else None
    if match is None:
        raise LocalError(
            f"The route {key!r} does not lead to a function's alias.",
            hint=f"Its integration is {uri!r}; local/routes.py knows ${{Alias}} only.",
        )
    return match["logical_id"]


def _invocation_uri(alias_arn: str, region: str) -> str:
    return f"arn:aws:apigateway:{region}:lambda:path/2015-03-31/functions/{alias_arn}/invocations"
