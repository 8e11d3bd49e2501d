"""Between the functions and the emulated cloud: sees every AWS call, and can break any.

moto answers botocore's requests where they would be sent. A :class:`Wiretap` stands in front of it,
so that what the SDK does of its own (its second attempt, its idempotency tokens) takes part.
"""

import io
import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from threading import Lock, local
from types import SimpleNamespace
from typing import Any
from urllib.parse import urlsplit

import pytest
from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from moto.core.botocore_stubber import BotocoreStubber
from moto.core.models import botocore_stubber

Answer = Callable[[], AWSResponse]


@dataclass(frozen=True)
class Call:
    """One attempt of the SDK to have something done.

    ``id`` is the same for all attempts of one call; ``attempt`` counts from 1.
    """

    service: str
    operation: str
    id: str
    attempt: int
    body: Any

    @property
    def name(self) -> str:
        return f"{self.service}:{self.operation}"


Watcher = Callable[[Call, Answer], AWSResponse]
"""Stands between a call and its answer: what it returns or raises is what the SDK sees. Whether and
when the call happens is for it to say, by calling the second argument."""


class Killed(BaseException):
    """The process ends here: no handler of errors runs, and nobody is answered."""


class Wiretap:
    """Lets a watcher see and answer calls, from whatever thread they come."""

    def __init__(self) -> None:
        self._watcher: Watcher | None = None
        self._tokens: dict[str, tuple[int, dict[str, str], bytes]] = {}
        self._turn = Lock()
        self._asleep = local()

    @contextmanager
    def watched(self, watcher: Watcher) -> Iterator[None]:
        """While this lasts, ``watcher`` is asked about every call."""
        before, self._watcher = self._watcher, watcher
        try:
            yield
        finally:
            self._watcher = before

    @contextmanager
    def unwatched(self) -> Iterator[None]:
        """The same thread's calls pass, those of the test itself for example."""
        before = getattr(self._asleep, "is_off", False)
        self._asleep.is_off = True
        try:
            yield
        finally:
            self._asleep.is_off = before

    def answer(self, request: AWSPreparedRequest, pass_on: Answer) -> AWSResponse:
        def happen() -> AWSResponse:
            return self._once(request, pass_on)

        return self.ask(call_of(request), happen)

    def ask(self, call: Call, happen: Answer) -> AWSResponse:
        """What the watcher makes of a call, be it to AWS or to anybody else."""
        if self._watcher is None or getattr(self._asleep, "is_off", False):
            return happen()
        return self._watcher(call, happen)

    def _once(self, request: AWSPreparedRequest, pass_on: Answer) -> AWSResponse:
        """DynamoDB answers a repeated transaction as it did before when its token is the same;
        moto would carry it out again."""
        token = None
        if call_of(request).operation == "TransactWriteItems":
            token = json.loads(_bytes(request.body)).get("ClientRequestToken")
        if token is None:
            return pass_on()
        with self._turn:
            if known := self._tokens.get(token):
                return _response(request, *known)
            answer = pass_on()
            content = answer.content or b""
            headers = dict(answer.headers.items())
            if answer.status_code == 200:
                self._tokens[token] = (200, headers, content)
            return _response(request, answer.status_code, headers, content)


def failure(call: Call, status: int, code: str, **more: Any) -> AWSResponse:
    """What DynamoDB, or another service that speaks JSON, answers when it refuses a call."""
    body = json.dumps({"__type": f"com.amazonaws#{code}", "message": code, **more}).encode()
    headers = {"content-type": "application/x-amz-json-1.0", "x-amzn-errortype": code}
    request = SimpleNamespace(url=f"https://{call.service}.amazonaws.com/")
    return _response(request, status, headers, body)


def call_of(request: AWSPreparedRequest) -> Call:
    target = _text(request.headers.get("X-Amz-Target", ""))
    attempts = dict(
        part.strip().split("=")
        for part in _text(request.headers.get("amz-sdk-request", "attempt=1")).split(";")
    )
    body = _bytes(request.body)
    service = (urlsplit(str(request.url)).hostname or "").split(".")[0]
    return Call(
        service=service,
        operation=target.rpartition(".")[2] or f"{request.method} {urlsplit(request.url).path}",
        id=_text(request.headers.get("amz-sdk-invocation-id", "")),
        attempt=int(attempts.get("attempt", 1)),
        body=json.loads(body) if body[:1] == b"{" else body,
    )


@pytest.fixture
def wiretap(monkeypatch: pytest.MonkeyPatch, cloud: Any) -> Wiretap:
    """A wiretap before the emulated cloud. Attempts of the SDK follow each other at once."""
    tap = Wiretap()
    answer_by_moto = BotocoreStubber.__call__

    def answer(
        stubber: BotocoreStubber, event_name: str, request: AWSPreparedRequest, **more: Any
    ) -> AWSResponse | None:
        if not stubber.enabled:
            return answer_by_moto(stubber, event_name, request, **more)

        def pass_on() -> AWSResponse:
            answered = answer_by_moto(stubber, event_name, request, **more)
            assert answered is not None, request.url
            return answered

        return tap.answer(request, pass_on)

    assert botocore_stubber.enabled
    monkeypatch.setattr(BotocoreStubber, "__call__", answer)
    hurried = SimpleNamespace(**{**vars(time), "sleep": lambda seconds: None})
    monkeypatch.setattr("botocore.endpoint.time", hurried)
    return tap


def _response(request: Any, status: int, headers: dict[str, str], content: bytes) -> AWSResponse:
    return AWSResponse(request.url, status, headers, _Stream(content))  # type: ignore[arg-type]


class _Stream(io.BytesIO):
    def stream(self, **_options: Any) -> Iterator[bytes]:
        while content := self.read():
            yield content


def _bytes(body: Any) -> bytes:
    if body is None:
        return b""
    return body.encode() if isinstance(body, str) else bytes(body)


def _text(value: Any) -> str:
    return value.decode() if isinstance(value, bytes) else str(value)
