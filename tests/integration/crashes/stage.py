"""Where scenarios run: the functions in process, on an emulated cloud that can be put back to how
it was, under a clock that goes on by itself."""

import copy
import importlib
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any, Final
from uuid import uuid4

import httpx
import pytest
from botocore.awsrequest import AWSResponse
from moto.core.models import DEFAULT_ACCOUNT_ID as ACCOUNT_ID
from moto.dynamodb.models import dynamodb_backends

from orderhub import bootstrap
from orderhub.adapters.system import SystemClock
from orderhub.bootstrap import Application
from orderhub.domain.identity import milliseconds_precise
from orderhub.ports import EndpointFailed, WebhookAnswer
from tests.support.api import LambdaContext
from tests.support.gateway import Gateway
from tests.support.table import streamed, template
from tests.support.wiretap import Call, Wiretap

URL: Final = "https://api.example.com"
SHOP: Final = "demo"
ENDPOINT: Final = "https://erp.example/orders"
BETWEEN_TRIES: Final = 2
"""Seconds by the functions' clock."""

SENDS: Final = "subscriber:POST"


def functions() -> dict[str, str]:
    """The template's functions, each with the module that it runs."""
    return {
        name: resource["Properties"]["CodeUri"].replace("/", ".")
        for name, resource in template()["Resources"].items()
        if resource["Type"] == "AWS::Serverless::Function"
    }


@dataclass
class Stage:
    """``table`` is the one that the functions find; ``called`` are modules of those that ran.

    ``endpoint`` is what the subscriber's endpoint answers in turn, the last of it for ever.
    """

    wiretap: Wiretap
    table: str
    now: datetime
    patch: pytest.MonkeyPatch
    endpoint: list[int] = field(default_factory=lambda: [204])
    called: set[str] = field(default_factory=set)

    @property
    def application(self) -> Application:
        """Of the process that runs now, for what a scenario prepares or looks at."""
        return bootstrap.application()

    @property
    def api(self) -> httpx.Client:
        return httpx.Client(transport=Transport(self), base_url=URL)

    def invoke(self, function: str, event: object) -> Any:
        """What ``functions/<function>/app.py`` returns."""
        module = f"functions.{function.replace('/', '.')}"
        self.called.add(module)
        return importlib.import_module(f"{module}.app").handler(event, LambdaContext())

    def new_process(self) -> None:
        bootstrap.application.cache_clear()

    def wait(self, seconds: float) -> None:
        """Let the functions' clock go on."""
        self.now += timedelta(seconds=seconds)

    def kept(self) -> "Kept":
        return Kept(self.now, tuple(self.endpoint), copy.deepcopy(self._emulated.items))

    def put_back(self, kept: "Kept") -> None:
        """The table and the time as they were; the stream begins anew, and a new process."""
        self.now = kept.now
        self.endpoint = list(kept.endpoint)
        emulated = self._emulated
        emulated.items = copy.deepcopy(kept.items)
        emulated.stream_shard.items.clear()
        self.new_process()

    def items(self) -> list[dict[str, Any]]:
        """Everything in the table, as its stream shows it."""
        return [
            streamed(item.to_json()["Attributes"])
            for partition in self._emulated.items.values()
            for item in partition.values()
        ]

    def stream(self) -> list[dict[str, Any]]:
        """What the table's stream told since the table was put back."""
        return [
            {
                **record,
                "dynamodb": {
                    **record["dynamodb"],
                    "NewImage": streamed(record["dynamodb"].get("NewImage", {})),
                },
            }
            for record in (each.to_json() for each in self._emulated.stream_shard.items)
        ]

    @property
    def _emulated(self) -> Any:
        return dynamodb_backends[ACCOUNT_ID][os.environ["AWS_DEFAULT_REGION"]].tables[self.table]


@dataclass(frozen=True)
class Kept:
    now: datetime
    endpoint: tuple[int, ...]
    items: Any


class Transport(httpx.BaseTransport):
    """API Gateway, noting which functions it asks."""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        gateway = Gateway.of_template()
        gateway._routes = {
            route: self._noting(handler.args[0], handler)  # type: ignore[attr-defined]
            for route, handler in gateway._routes.items()
        }
        self._gateway = gateway

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        return self._gateway.handle_request(request)

    def _noting(self, module: str, handler: Callable[..., Any]) -> Callable[..., Any]:
        def handle(event: dict[str, Any], context: Any) -> Any:
            self._stage.called.add(module)
            return handler(event, context)

        return handle


class Subscriber:
    """:class:`orderhub.ports.WebhookClient` to one endpoint, over which the wiretap watches."""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage

    def check(self, url: str, *, allow_http: bool = False) -> None:
        """Every URL is fit."""

    def post(
        self, url: str, headers: Mapping[str, str], body: bytes, *, allow_http: bool = False
    ) -> WebhookAnswer:
        answers: list[int] = []

        def happen() -> AWSResponse:
            left = self._stage.endpoint
            answers.append(left.pop(0) if len(left) > 1 else left[0])
            return SimpleNamespace(status_code=200)  # type: ignore[return-value]

        told = {"url": url, "headers": dict(headers), "body": body.decode()}
        call = Call("subscriber", "POST", uuid4().hex, 1, told)
        try:
            answer = self._stage.wiretap.ask(call, happen)
        except Exception as error:
            raise EndpointFailed("timeout") from error
        if answer.status_code >= 300:
            return WebhookAnswer(answer.status_code, 0.1)
        return WebhookAnswer(answers[0], 0.1)


def set_up(stage: Stage) -> None:
    """Let the functions see the stage's clock and subscriber."""
    monkeypatch = stage.patch
    monkeypatch.setattr(SystemClock, "now", lambda self: stage.now)
    monkeypatch.setattr(SystemClock, "sleep", lambda self, seconds: None)
    monkeypatch.setattr(
        "orderhub.adapters.webhook_client.HttpWebhookClient", lambda _networks: Subscriber(stage)
    )


def present() -> datetime:
    return milliseconds_precise(datetime.now(UTC))
