"""The HTTP routes of ``template.yaml``, and what their handlers ask of callers."""

import ast
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

from tools.docs import ROOT
from tools.template import template

ANY: Final = "ANY"
FIRST_EVENT: Final = "Request"
"""Every function's main route is the event of this name."""

_VARIABLE: Final = re.compile(r"\{(\w+)\}")
_DECORATORS: Final = {"endpoint", "signed_endpoint", "open_endpoint", "notification_endpoint"}


@dataclass(frozen=True, slots=True)
class Route:
    """``function`` is its name in the template, ``api`` and ``operation`` are its folders, and
    ``event`` is the route's name."""

    method: str
    path: str
    function: str
    api: str
    operation: str
    event: str
    scope: str | None
    """What a caller's credential must allow; ``None`` where no credential is asked for."""

    @property
    def key(self) -> str:
        """As API Gateway names it: ``GET /orders/{id}``."""
        return f"{self.method} {self.path}"

    @property
    def name(self) -> str:
        """The operation's id: the function's name, and the event's where it has several."""
        return self.function if self.event == FIRST_EVENT else self.function + self.event

    @property
    def variables(self) -> tuple[str, ...]:
        return tuple(_VARIABLE.findall(self.path))

    @property
    def is_catch_all(self) -> bool:
        """Whether it takes what no other route does: the rest of a path, or any method. OpenAPI
        has no words for it, and callers no use."""
        return self.method == ANY or "+}" in self.path

    @property
    def example(self) -> Any:
        """The event of ``events/``, as API Gateway hands it over."""
        file = ROOT / "events" / self.api / f"{self.operation}.json"
        return json.loads(file.read_text(encoding="utf-8"))


@cache
def routes() -> tuple[Route, ...]:
    """All, in the template's order."""
    return tuple(_routes())


def described_routes() -> tuple[Route, ...]:
    """Those that the document has: all that are no catch-alls."""
    return tuple(route for route in routes() if not route.is_catch_all)


def _routes() -> Iterator[Route]:
    for function, resource in template()["Resources"].items():
        if resource["Type"] != "AWS::Serverless::Function":
            continue
        properties = resource["Properties"]
        for event, described in properties.get("Events", {}).items():
            if described["Type"] != "HttpApi":
                continue
            route = described["Properties"]
            _, api, operation = properties["CodeUri"].split("/")
            yield Route(
                method=route["Method"].upper(),
                path=route["Path"],
                function=function,
                api=api,
                operation=operation,
                event=event,
                scope=_scope(api, operation),
            )


def _scope(api: str, operation: str) -> str | None:
    """The ``scope`` of the handler's decorator."""
    source = ROOT / "functions" / api / operation / "app.py"
    for node in ast.walk(ast.parse(source.read_text(encoding="utf-8"))):
        if (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Name)
            and node.func.id in _DECORATORS
        ):
            scopes = [ast.literal_eval(each.value) for each in node.keywords if each.arg == "scope"]
            return str(scopes[0]) if scopes else None
    raise ValueError(f"{source.relative_to(ROOT)} has none of the decorators {_DECORATORS}")
