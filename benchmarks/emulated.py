"""AWS in this process, behind a port of loopback: what functions ask of it, whatever client they
ask with, is recorded and metered."""

import json
import os
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Lock, Thread
from types import TracebackType
from typing import Any, Final, Self

import requests
from moto import mock_aws

from benchmarks.embedded import EmbeddedDynamoDB, Refusal
from benchmarks.metering import Meter
from local.cloud import free_port

REGION: Final = "eu-central-1"
ENVIRONMENT: Final = {
    "AWS_ACCESS_KEY_ID": "testing",
    "AWS_SECRET_ACCESS_KEY": "testing",
    "AWS_REGION": REGION,
    "AWS_DEFAULT_REGION": REGION,
}
SUBSCRIBER: Final = "/subscriber"
"""Whoever posts there is thanked: an endpoint of a subscriber to webhooks."""

_SERVICE: Final = re.compile(r"Credential=[^/]+/\d+/[^/]+/([^/]+)/aws4_request")
_DYNAMODB: Final = "DynamoDB_20120810."

Exchange = dict[str, Any]
"""A request and its answer, as :mod:`benchmarks.null_server` reads it."""


class EmulatedCloud:
    """Open as a context, it answers at ``url``; what it holds is gone afterwards.

    DynamoDB is our own (:mod:`benchmarks.embedded`), the rest is moto's. Requests take turns.
    """

    def __init__(self) -> None:
        self._mock = mock_aws()
        self._turn = Lock()
        self._table = EmbeddedDynamoDB()
        self._server = ThreadingHTTPServer(("127.0.0.1", free_port()), self._talk())
        self.port = self._server.server_port
        self.url = f"http://127.0.0.1:{self.port}"
        self._forget()

    def __enter__(self) -> Self:
        os.environ |= {**ENVIRONMENT, "AWS_ENDPOINT_URL": self.url}
        self._mock.start()
        Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._mock.stop()
        self._table.close()
        del os.environ["AWS_ENDPOINT_URL"]

    @contextmanager
    def recording(self) -> Iterator[tuple[list[Exchange], Meter]]:
        """What is asked while this is open, and what that costs."""
        self._forget()
        yield self._exchanges, self._meter
        self._forget()

    def _forget(self) -> None:
        self._exchanges: list[Exchange] = []
        self._meter = Meter(self._table.answer)

    def answer(self, method: str, path: str, headers: Message, body: str) -> tuple[int, str, str]:
        """Status, media type and body."""
        target = headers.get("X-Amz-Target", path)
        with self._turn:
            if target == SUBSCRIBER:
                status, media, answer = 204, "text/plain", ""
            elif target.startswith(_DYNAMODB):
                status, answer = self._metered(target.removeprefix(_DYNAMODB), json.loads(body))
                media = "application/x-amz-json-1.0"
            else:
                status, media, answer = self._forwarded(method, path, headers, body)
            self._exchanges.append(
                {
                    "target": target,
                    "request": body,
                    "status": status,
                    "type": media,
                    "answer": answer,
                }
            )
        return status, media, answer

    def _metered(self, action: str, request: Mapping[str, Any]) -> tuple[int, str]:
        told = self._meter.begin(action, request)
        try:
            answer = self._table.answer(action, request)
        except Refusal as refusal:
            told(None)
            return 400, json.dumps(refusal.answer, separators=(",", ":"))
        told(answer)
        return 200, json.dumps(answer, separators=(",", ":"))

    def _forwarded(
        self, method: str, path: str, headers: Message, body: str
    ) -> tuple[int, str, str]:
        signed = _SERVICE.search(headers.get("Authorization", ""))
        assert signed, f"a request to nobody: {method} {path}"
        kept = {name: value for name, value in headers.items() if name.lower() != "host"}
        service = {"ses": "email"}.get(signed[1], signed[1])
        return _sent(method, service, path, kept, body)

    def _talk(self) -> type[BaseHTTPRequestHandler]:
        cloud = self

        class Talk(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def handle_any(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                status, media, answer = cloud.answer(
                    self.command, self.path, self.headers, body.decode()
                )
                content = answer.encode()
                self.send_response(status)
                self.send_header("Content-Type", media)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            do_GET = do_POST = do_PUT = do_DELETE = handle_any  # noqa: N815 - http.server's names

            def log_message(self, format: str, *arguments: object) -> None:  # noqa: A002
                """Nothing: what was asked is recorded."""

        return Talk


def _sent(
    method: str, service: str, path: str, headers: Mapping[str, str], body: str
) -> tuple[int, str, str]:
    # The emulator answers what this library would send to AWS.
    answer = requests.request(
        method,
        f"https://{service}.{REGION}.amazonaws.com{path}",
        headers=dict(headers),
        data=body.encode(),
        timeout=60,
    )
    return answer.status_code, answer.headers.get("Content-Type", ""), answer.text
