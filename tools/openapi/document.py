"""The whole document, put together from the routes and what each API says of itself."""

import json
from base64 import b64decode
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any, Final
from urllib.parse import parse_qsl

from typing_extensions import TypedDict

from orderhub.http.answering import SLASH

from . import (
    brandcloud,
    bricklink,
    checkout,
    marketplace,
    payment_webhooks,
    samples,
    shoplazza,
    subscribers,
    youhaosuda,
)
from .recorded import Examples, recorded
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

_SAYS: Final[Mapping[int, str]] = {
    400: "Bad Request",
    404: "Not Found",
    413: "Request Entity Too Large",
    429: "Too Many Requests",
    500: "Internal Server Error",
    503: "Service Unavailable",
}
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
Each API has its own credentials, shapes and errors; what one of them makes the others find. A
client of one of them changes its base URL, and little else.

- Scopes that an operation asks for stand in its security requirement, or in its description where
  the credential is a field of the body.
- Requests may hold fields that no schema names; they are ignored. Answers hold none.
- A path may also be called with a slash at its end. Routes that the template has for that alone
  (`{{{SLASH}+}}`) are not listed again.
- API Gateway answers by itself what never reaches a function, with `{{"message": "…"}}`.

## Try it

`make run` starts all of it on your machine. The samples take the address and the credentials of its
demo shop from the shell's variables:

```sh
. .local/env.sh
```

Ids in the samples are those of the documents; your shop has its own.
"""

_GROUPS: Final[Mapping[str, tuple[str, ...]]] = {
    "Order APIs": tuple(
        api.title
        for api in (marketplace.API, brandcloud.API, shoplazza.API, youhaosuda.API, bricklink.API)
    ),
    "Around orders": (checkout.API.title, payment_webhooks.API.title),
    "What is sent": (subscribers.TITLE,),
}


def generate() -> str:
    """``docs/openapi.json``."""
    return json.dumps(document(), ensure_ascii=False, indent=2) + "\n"


@cache
def document() -> Json:
    """All of it. Everybody gets the same, so nobody may change it."""
    schemas = Schemas(_GATEWAY)
    schemas.want(Message, ANSWER)
    components: Json = schemas.make()
    responses: Json = {
        f"{_GATEWAY}.{status}": {
            "description": description,
            "content": {
                JSON: {
                    "schema": _MESSAGE,
                    "examples": {"gateway": {"value": {"message": _SAYS[status]}}},
                }
            },
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
    hooks, told = subscribers.webhooks()
    components |= told
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "OrderHub",
            "summary": "One order backend behind five order APIs.",
            "version": "1",
            "description": _DESCRIPTION,
        },
        "jsonSchemaDialect": "https://json-schema.org/draft/2020-12/schema",
        "servers": [
            {
                "url": "{base}",
                "description": "The stack's output `ApiUrl`.",
                "variables": {"base": {"default": "https://api.example.com"}},
            }
        ],
        "tags": [
            *(_tag(api.title, api.description, api.document, api.quickstart) for api in APIS),
            _tag(subscribers.TITLE, subscribers.DESCRIPTION, subscribers.DOCUMENT),
        ],
        "x-tagGroups": [{"name": name, "tags": [*tags]} for name, tags in _GROUPS.items()],
        "paths": paths,
        "webhooks": hooks,
        "components": {
            "schemas": _sorted(_used(components, paths, hooks, responses)),
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


def _tag(name: str, description: str, *documents: str) -> Json:
    # No `externalDocs`, which want an absolute URL: what lies beside this document is there without
    # a network too.
    links = ", ".join(f"[docs/{each}]({each})" for each in documents if each)
    return {"name": name, "description": f"{description}\n\nMore: {links}."}


def _used(schemas: Json, *users: Json) -> Json:
    """Those of ``schemas`` that something refers to. The forms of queries are told as parameters,
    field by field."""
    used: Json = {}
    waiting: list[Any] = [*users]
    while waiting:
        node = waiting.pop()
        if isinstance(node, list):
            waiting += node
        elif isinstance(node, dict):
            waiting += node.values()
            name = str(node.get("$ref", "")).rpartition("/")[2]
            if name in schemas and name not in used:
                used[name] = schemas[name]
                waiting.append(schemas[name])
    return used


def _sorted(values: Json) -> Json:
    return {name: values[name] for name in sorted(values)}


def _operations(api: Api, schemas: Json, responses: Json) -> Iterator[tuple[Route, Json]]:
    """Each route of ``api`` with its operation object. What these refer to is added to
    ``schemas`` and ``responses``."""
    wanted = Schemas(api.name)
    errors = {
        status: _Response(status, answer, wanted, recorded(api.name))
        for status, answer in sorted(api.errors.items())
    }
    order = [*api.operations]
    makers = [
        (route, _Maker(api, route, _described(api, route), wanted))
        for route in sorted(
            (route for route in described_routes() if route.api == api.name),
            key=lambda route: (order.index(_name_of(api, route)), route.path),
        )
    ]
    schemas |= wanted.make()
    responses |= {f"{api.name}.{status}": error.make() for status, error in errors.items()}
    for route, maker in makers:
        yield route, maker.make(schemas)


def _described(api: Api, route: Route) -> Operation:
    """Raises :class:`ValueError` for a route that its API doesn't describe, or not as it is."""
    operation = api.operations[_name_of(api, route)]
    if set(operation.path) != set(route.variables):
        raise ValueError(f"{route.key}: described are the variables {sorted(operation.path)}")
    unknown = set(operation.errors) - set(api.errors)
    if unknown:
        raise ValueError(f"{route.key}: {api.name} has no errors with {sorted(unknown)}")
    return operation


def _name_of(api: Api, route: Route) -> str:
    for name in (f"{route.operation}/{route.event}", route.operation):
        if name in api.operations:
            return name
    raise ValueError(f"{route.key} ({route.api}/{route.operation}) has no description")


# Schemas are made all at once for each API, so that they share definitions. What follows asks for
# its schemas when it is constructed, and has them when it is told to make something of them.


class _Response:
    """Makes a response object: an answer of ours, or API Gateway's with the same status."""

    def __init__(self, status: int, answer: Answer, schemas: Schemas, seen: Examples) -> None:
        self._status = status
        self._examples = {**seen.get(str(status), {}), **answer.examples}
        self._answer = answer
        self._schemas = schemas
        self._number = None if answer.shape is bytes else schemas.want(answer.shape, ANSWER)

    def make(self) -> Json:
        answer = self._answer
        schema: Json = {"type": "string", "format": "binary"}
        if self._number is not None:
            schema = self._schemas.of(self._number)
        content: Json = {answer.media: {"schema": schema}}
        if self._examples:
            content[answer.media]["examples"] = {
                name: {"value": value} for name, value in self._examples.items()
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
            status: _Response(status, answer, schemas, recorded(route.name))
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
        schemes = tuple(f"{self._api.name}.{name}" for name in self._schemes)
        security = [{name: scopes} for name in schemes]
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
        made["x-codeSamples"] = self._samples(schemes)
        return {name: value for name, value in made.items() if value or name == "security"}

    def _samples(self, schemes: tuple[str, ...]) -> list[dict[str, str]]:
        if self._operation.sample:
            return [samples.shell(self._operation.sample)]
        if not self._operation.is_called_by_hand:
            return []
        described = [*self._described_parameters()]
        values = {each["name"]: each["example"] for each in described if each["in"] == "path"}
        call = samples.Call(
            method=self._route.method,
            path=self._route.path.format(**values),
            query=self._event.get("rawQueryString", ""),
            headers={each["name"]: each["example"] for each in described if each["in"] == "header"},
            media=self._media[0],
            body=self._example() if self._body is not None else None,
            schemes=schemes,
            is_of_consumer=self._operation.is_of_consumer,
        )
        return samples.samples(call)

    @property
    def _event(self) -> Json:
        """The payload in ``events/``, where it is of this very route; else nothing."""
        event: Json = self._route.example
        return event if event["routeKey"] == self._route.key else {}

    def _described_parameters(self) -> Iterator[Json]:
        for (place, name), (parameter, number) in self._parameters.items():
            yield {
                "name": name,
                "in": place,
                "required": place == "path" or parameter.required,
                "description": parameter.description,
                "schema": self._schemas.of(number),
                **self._shown(name, parameter.example),
            }

    def _shown(self, name: str, example: object = None) -> Json:
        """What a parameter's object has of its example: ``example``, or what ``events/`` has."""
        if example is None:
            event = self._event
            said = {**event.get("headers", {}), **event.get("queryStringParameters", {})}
            example = said.get(name, said.get(name.lower(), self._api.query_examples.get(name)))
        return {} if example is None else {"example": example}

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
                    **self._shown(name),
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

    def _example(self) -> Any:
        """The body in ``events/``. Routes of one function take the same."""
        event = self._route.example
        body = event.get("body")
        if body is None:
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
