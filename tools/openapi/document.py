"""The whole document, put together from the routes and what each API says of itself."""

import json
from base64 import b64decode
from collections.abc import Iterator, Mapping
from typing import Any, Final
from urllib.parse import parse_qsl

from typing_extensions import TypedDict

from orderhub.http.answering import SLASH

from . import brandcloud, bricklink, checkout, marketplace, payment_webhooks, shoplazza, youhaosuda
from .routes import Route, described_routes
from .schemas import ANSWER, REQUEST, Schemas, without_nothing
from .vocabulary import JSON, Answer, Api, Operation

APIS: Final[tuple[Api, ...]] = (
    marketplace.API,
    youhaosuda.API,
    brandcloud.API,
    shoplazza.API,
    bricklink.API,
    checkout.API,
    payment_webhooks.API,
)

_GATEWAY: Final = "gateway"
_REQUEST_ID: Final = {"X-Request-Id": {"$ref": "#/components/headers/X-Request-Id"}}

Json = dict[str, Any]


class Message(TypedDict):
    """What API Gateway itself says, of what never reached a function or found none."""

    message: str


_MESSAGE: Final = {"$ref": f"#/components/schemas/{_GATEWAY}.{Message.__name__}"}

GATEWAY_STATUSES: Final[Mapping[int, str]] = {
    400: "The request is no HTTP that API Gateway takes.",
    404: "No route has this path.",
    413: "The request is larger than a function can be given: 6 MB.",
    429: "Too many requests at once. Try again later.",
    500: "The function failed.",
    503: "The function did not answer in time, or could not be started. Try again later.",
}
"""What API Gateway answers by itself, whichever the operation."""

_DESCRIPTION: Final = f"""\
One order core behind five documented order APIs. Each tag is an API of its own, with its own
credentials, shapes and errors; what one of them makes the others find.

- Scopes that an operation asks for stand in its security requirement, or in its description where
  the credential is a field of the body.
- Requests may hold fields that no schema names; they are ignored. Answers hold none.
- A path may also be called with a slash at its end. Routes that the template has for that alone
  (`{{{SLASH}+}}`) are not listed again.
- API Gateway answers by itself what never reaches a function, with `{{"message": "…"}}`.
"""


def generate() -> str:
    """``docs/openapi.json``."""
    return json.dumps(document(), ensure_ascii=False, indent=2) + "\n"


def document() -> Json:
    schemas = Schemas(_GATEWAY)
    schemas.want(Message, ANSWER)
    components: Json = schemas.make()
    responses: Json = {
        f"{_GATEWAY}.{status}": {
            "description": description,
            "content": {JSON: {"schema": _MESSAGE}},
        }
        for status, description in GATEWAY_STATUSES.items()
    }
    paths: Json = {}
    schemes: Json = {}
    for api in APIS:
        for route, operation in _operations(api, components, responses):
            paths.setdefault(route.path, {})[route.method.lower()] = operation
        for asked in (api.security, *(each.security or {} for each in api.operations.values())):
            schemes |= {f"{api.name}.{name}": scheme for name, scheme in asked.items()}
    return {
        "openapi": "3.1.0",
        "info": {"title": "OrderHub", "version": "1", "description": _DESCRIPTION},
        "servers": [
            {
                "url": "{base}",
                "description": "The stack's output `ApiUrl`.",
                "variables": {"base": {"default": "https://api.example.com"}},
            }
        ],
        "tags": [{"name": api.title, "description": api.description} for api in APIS],
        "paths": _sorted(paths),
        "components": {
            "schemas": _sorted(components),
            "responses": _sorted(responses),
            "headers": {
                "X-Request-Id": {
                    "description": "By which our logs know the request.",
                    "schema": {"type": "string"},
                }
            },
            "securitySchemes": _sorted(schemes),
        },
    }


def _sorted(values: Json) -> Json:
    return {name: values[name] for name in sorted(values)}


def _operations(api: Api, schemas: Json, responses: Json) -> Iterator[tuple[Route, Json]]:
    """Each route of ``api`` with its operation object. What these refer to is added to
    ``schemas`` and ``responses``."""
    wanted = Schemas(api.name)
    errors = {
        status: _Response(status, answer, wanted) for status, answer in sorted(api.errors.items())
    }
    makers = [
        (route, _Maker(api, route, _described(api, route), wanted))
        for route in described_routes()
        if route.api == api.name
    ]
    schemas |= wanted.make()
    responses |= {f"{api.name}.{status}": error.make() for status, error in errors.items()}
    for route, maker in makers:
        yield route, maker.make(schemas)


def _described(api: Api, route: Route) -> Operation:
    """Raises :class:`ValueError` for a route that its API doesn't describe, or not as it is."""
    named = f"{route.operation}/{route.event}"
    operation = api.operations.get(named) or api.operations.get(route.operation)
    if operation is None:
        raise ValueError(f"{route.key} ({route.api}/{named}) has no description")
    if set(operation.path) != set(route.variables):
        raise ValueError(f"{route.key}: described are the variables {sorted(operation.path)}")
    unknown = set(operation.errors) - set(api.errors)
    if unknown:
        raise ValueError(f"{route.key}: {api.name} has no errors with {sorted(unknown)}")
    return operation


# Schemas are made all at once for each API, so that they share definitions. What follows asks for
# its schemas when it is constructed, and has them when it is told to make something of them.


class _Response:
    """Makes a response object: an answer of ours, or API Gateway's with the same status."""

    def __init__(self, status: int, answer: Answer, schemas: Schemas) -> None:
        self._status = status
        self._answer = answer
        self._schemas = schemas
        self._number = None if answer.shape is bytes else schemas.want(answer.shape, ANSWER)

    def make(self) -> Json:
        answer = self._answer
        schema: Json = {"type": "string", "format": "binary"}
        if self._number is not None:
            schema = self._schemas.of(self._number)
        content: Json = {answer.media: {"schema": schema}}
        if answer.examples:
            content[answer.media]["examples"] = {
                name: {"value": value} for name, value in answer.examples.items()
            }
        description = answer.description
        if self._status in GATEWAY_STATUSES:
            description += f" Or, from API Gateway: {GATEWAY_STATUSES[self._status]}"
            if answer.media == JSON:
                content[JSON]["schema"] = {"anyOf": [schema, _MESSAGE]}
            else:
                content[JSON] = {"schema": _MESSAGE}
        headers = {
            name: {"description": said, "schema": {"type": "string"}}
            for name, said in answer.headers.items()
        }
        return {
            "description": description,
            "headers": {**_REQUEST_ID, **headers},
            "content": content,
        }


class _Maker:
    """Makes one operation object."""

    def __init__(self, api: Api, route: Route, operation: Operation, schemas: Schemas) -> None:
        self._api = api
        self._route = route
        self._operation = operation
        self._schemas = schemas
        self._body = None if operation.body is None else schemas.want(operation.body, REQUEST)
        self._forms = [schemas.want(form, REQUEST) for form in operation.query]
        self._parameters = {
            (place, name): (parameter, schemas.want(parameter.shape, REQUEST))
            for place, several in (
                ("path", operation.path),
                ("query", operation.more_query),
                ("header", operation.headers),
            )
            for name, parameter in several.items()
        }
        self._answers = {
            status: _Response(status, answer, schemas)
            for status, answer in operation.answers.items()
        }

    @property
    def _schemes(self) -> Mapping[str, Mapping[str, object]]:
        """Security scheme objects, by name."""
        if self._operation.security is not None:
            return self._operation.security
        return self._api.security if self._route.scope else {}

    def make(self, schemas: Json) -> Json:
        """``schemas`` has the definitions that parameters are read from."""
        operation, route = self._operation, self._route
        description = [operation.description] if operation.description else []
        if route.scope:
            description.append(f"Needs the scope `{route.scope}`.")
        scopes = [route.scope] if route.scope else []
        security = [{f"{self._api.name}.{name}": scopes} for name in self._schemes]
        made: Json = {
            "operationId": route.name,
            "tags": [self._api.title],
            "summary": operation.summary,
            "description": "\n\n".join(description),
            "security": security,
            "parameters": [*self._described_parameters(), *self._form_parameters(schemas)],
        }
        if self._body is not None:
            made["requestBody"] = self._request_body(self._body)
        made["responses"] = self._responses()
        return {name: value for name, value in made.items() if value or name == "security"}

    def _described_parameters(self) -> Iterator[Json]:
        for (place, name), (parameter, number) in self._parameters.items():
            yield {
                "name": name,
                "in": place,
                "required": place == "path" or parameter.required,
                "description": parameter.description,
                "schema": self._schemas.of(number),
                **({} if parameter.example is None else {"example": parameter.example}),
            }

    def _form_parameters(self, schemas: Json) -> Iterator[Json]:
        """Each field of the query's forms; of those with one name, the first."""
        told = set()
        for number in self._forms:
            schema = self._schemas.of(number)
            if "$ref" in schema:
                schema = schemas[schema["$ref"].rpartition("/")[2]]
            for name, field in schema.get("properties", {}).items():
                if name in told:
                    continue
                told.add(name)
                shown = without_nothing(field)
                description = shown.pop("description", None)
                yield {
                    "name": name,
                    "in": "query",
                    "required": name in schema.get("required", ()),
                    **({"description": description} if description else {}),
                    "schema": shown,
                }

    def _request_body(self, number: int) -> Json:
        schema = self._schemas.of(number)
        content: Json = {media: {"schema": schema} for media in self._media}
        example = self._example()
        if example is not None:
            content[self._media[0]]["examples"] = {self._route.operation: {"value": example}}
        return {"required": self._operation.body_is_required, "content": content}

    @property
    def _media(self) -> tuple[str, ...]:
        return self._operation.media or self._api.media

    def _example(self) -> object:
        """The body in ``events/``, where it is of this very route."""
        event = self._route.example
        body = event.get("body")
        if body is None or event["routeKey"] != self._route.key:
            return None
        if event.get("isBase64Encoded"):
            body = b64decode(body).decode()
        if self._media[0] == JSON:
            return json.loads(body)
        return dict(parse_qsl(body, keep_blank_values=True))

    def _responses(self) -> Json:
        named = dict.fromkeys(GATEWAY_STATUSES, _GATEWAY)
        named |= dict.fromkeys(self._operation.errors, self._api.name)
        made = {
            status: {"$ref": f"#/components/responses/{name}.{status}"}
            for status, name in named.items()
        }
        made |= {status: answer.make() for status, answer in self._answers.items()}
        return {str(status): made[status] for status in sorted(made)}
