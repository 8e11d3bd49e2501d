"""A subscriber on this machine: an HTTP server that remembers what it was told."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Lock, Thread
from typing import Any


@dataclass(frozen=True)
class Told:
    """A request as it came. Header names are in lower case."""

    path: str
    headers: Mapping[str, str]
    body: bytes
    answered: int

    @property
    def content(self) -> Any:
        return json.loads(self.body)


Answer = Callable[[int], int]
"""The HTTP status of the n-th request, from 1."""


class Subscriber:
    """``told`` are all requests, in the order in which they came."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.told: list[Told] = []

    @property
    def taken(self) -> list[Told]:
        """What it answered with success."""
        return [one for one in list(self.told) if one.answered < 300]

    def wait(self, is_enough: Callable[[Subscriber], bool], seconds: float = 60) -> None:
        """Until it was told enough. Raises ``TimeoutError``."""
        end = time.monotonic() + seconds
        while not is_enough(self):
            if time.monotonic() > end:
                raise TimeoutError(f"the subscriber was told {len(self.told)} times only")
            time.sleep(0.05)


@contextmanager
def subscriber(answer: Answer = lambda _: 204) -> Iterator[Subscriber]:
    """Listen on a free port of loopback."""
    turn = Lock()
    told: list[Told] = []
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Handler, told, turn, answer))
    found = Subscriber(f"http://127.0.0.1:{server.server_port}/hook")
    found.told = told
    listening = Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    listening.start()
    try:
        yield found
    finally:
        server.shutdown()
        listening.join()
        server.server_close()


class _Handler(BaseHTTPRequestHandler):
    def __init__(self, told: list[Told], turn: Lock, answer: Answer, *rest: Any) -> None:
        self._told, self._turn, self._answer = told, turn, answer
        super().__init__(*rest)

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        headers = {name.lower(): value for name, value in self.headers.items()}
        with self._turn:
            status = self._answer(len(self._told) + 1)
            self._told.append(Told(self.path, headers, body, status))
        self.send_response(status)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Say nothing."""
