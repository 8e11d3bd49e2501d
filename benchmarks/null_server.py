"""A DynamoDB, or any other AWS service, that has nothing to do: it answers at once what a real run
was answered, so that what is timed is the caller.

Run as a script, in a process of its own, with the standard library alone::

    python null_server.py <recording.json> <port>

It prints a line when it listens. The recording has, by the name of an operation, the exchanges that
were seen: ``{"target": …, "request": …, "status": …, "type": …, "answer": …}``. ``PUT
/<operation>`` chooses one. A request gets what the very same request was answered; one that was
never seen (an id or a time in it is new) gets what the same kind of request was answered, in turn.
"""

import json
import re
import socket
import sys
import threading
import zlib
from collections.abc import Iterator, Mapping, Sequence
from itertools import cycle
from pathlib import Path
from typing import Any

_LENGTH = re.compile(rb"\r\ncontent-length:\s*(\d+)", re.IGNORECASE)
_TARGET = re.compile(rb"\r\nx-amz-target:\s*([^\r\n]+)", re.IGNORECASE)
_CHOOSE = b"PUT /"
_CHOSEN = b"HTTP/1.1 204 No Content\r\nContent-Length: 0\r\n\r\n"
_UNKNOWN = b"HTTP/1.1 501 Not Implemented\r\nContent-Length: 0\r\n\r\n"
_AT_ONCE = 65536

Exchange = Mapping[str, Any]


class Answers:
    """What one operation's requests are answered."""

    def __init__(self, exchanges: Sequence[Exchange]) -> None:
        exactly: dict[tuple[bytes, bytes], list[bytes]] = {}
        by_target: dict[bytes, list[bytes]] = {}
        for exchange in exchanges:
            answer, target = response(exchange), exchange["target"].encode()
            exactly.setdefault((target, exchange["request"].encode()), []).append(answer)
            by_target.setdefault(target, []).append(answer)
        self._exactly: dict[tuple[bytes, bytes], Iterator[bytes]] = {
            request: cycle(answers) for request, answers in exactly.items()
        }
        self._by_target = {target: cycle(answers) for target, answers in by_target.items()}

    def to(self, target: bytes, body: bytes) -> bytes:
        answers = self._exactly.get((target, body)) or self._by_target.get(target)
        return next(answers) if answers else _UNKNOWN


def response(exchange: Exchange) -> bytes:
    """A recorded answer as it goes over the wire."""
    body: bytes = exchange["answer"].encode()
    head = (
        f"HTTP/1.1 {exchange['status']} -\r\n"
        f"Content-Type: {exchange['type']}\r\n"
        f"Content-Length: {len(body)}\r\n"
        "x-amzn-RequestId: 0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789ABCDEF\r\n"
        f"x-amz-crc32: {zlib.crc32(body)}\r\n\r\n"
    )
    return head.encode() + body


class Server:
    """One thread for each connection; connections are kept."""

    def __init__(self, recording: Mapping[str, Sequence[Exchange]]) -> None:
        self._answers = {name: Answers(exchanges) for name, exchanges in recording.items()}
        self._chosen = Answers([])

    def serve(self, listener: socket.socket) -> None:
        while True:
            connection, _ = listener.accept()
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            threading.Thread(target=self._talk, args=(connection,), daemon=True).start()

    def _talk(self, connection: socket.socket) -> None:
        received = b""
        with connection:
            while True:
                while (end := received.find(b"\r\n\r\n")) < 0:
                    part = connection.recv(_AT_ONCE)
                    if not part:
                        return
                    received += part
                head, received = received[:end], received[end + 4 :]
                told = _LENGTH.search(head)
                length = int(told[1]) if told else 0
                while len(received) < length:
                    part = connection.recv(_AT_ONCE)
                    if not part:
                        return
                    received += part
                body, received = received[:length], received[length:]
                connection.sendall(self._answer(head, body))

    def _answer(self, head: bytes, body: bytes) -> bytes:
        if head.startswith(_CHOOSE):
            name = head[len(_CHOOSE) :].split(b" ", 1)[0].decode()
            self._chosen = self._answers[name]
            return _CHOSEN
        target = _TARGET.search(head)
        # What has no target in its head is known by its path.
        return self._chosen.to(target[1] if target else head.split(b" ", 2)[1], body)


def main() -> None:
    recording = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    with socket.create_server(("127.0.0.1", int(sys.argv[2]))) as listener:
        print("listening", flush=True)
        Server(recording).serve(listener)


if __name__ == "__main__":
    main()
