"""The server that benchmarks are answered by at once."""

import http.client
import socket
import threading
from collections.abc import Iterator
from contextlib import suppress

import pytest

from benchmarks.null_server import Server


def exchange(target: str, request: str, answer: str, status: int = 200) -> dict[str, object]:
    return {
        "target": target,
        "request": request,
        "status": status,
        "type": "application/x-amz-json-1.0",
        "answer": answer,
    }


RECORDING = {
    "read": [exchange("D.Query", "one", "1"), exchange("D.Query", "two", "2")],
    "twice": [exchange("D.GetItem", "same", "before"), exchange("D.GetItem", "same", "after")],
    "refused": [exchange("D.PutItem", "old", '{"__type": "Refused"}', 400)],
    "post": [exchange("/subscriber", "hello", "", 204)],
}


def serve(listener: socket.socket) -> None:
    with suppress(OSError):  # once the listener is shut
        Server(RECORDING).serve(listener)


@pytest.fixture
def connection() -> Iterator[http.client.HTTPConnection]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=serve, args=(listener,), daemon=True)
        thread.start()
        connection = http.client.HTTPConnection(*listener.getsockname())
        yield connection
        connection.close()
        listener.shutdown(socket.SHUT_RDWR)
        thread.join()


def ask(connection: http.client.HTTPConnection, target: str, body: str) -> tuple[int, str]:
    connection.request("POST", "/", body, {"X-Amz-Target": target})
    answer = connection.getresponse()
    return answer.status, answer.read().decode()


def choose(connection: http.client.HTTPConnection, name: str) -> None:
    connection.request("PUT", f"/{name}")
    assert connection.getresponse().read() == b""


def test_a_request_that_was_recorded_gets_its_own_answer(
    connection: http.client.HTTPConnection,
) -> None:
    choose(connection, "read")
    assert [ask(connection, "D.Query", body)[1] for body in ("two", "one", "two")] == list("212")


def test_one_that_was_not_gets_those_of_its_kind_in_turn(
    connection: http.client.HTTPConnection,
) -> None:
    choose(connection, "read")
    assert [ask(connection, "D.Query", "new")[1] for _ in range(3)] == list("121")


def test_a_request_that_came_twice_is_answered_in_turn(
    connection: http.client.HTTPConnection,
) -> None:
    choose(connection, "twice")
    answers = [ask(connection, "D.GetItem", "same")[1] for _ in range(3)]
    assert answers == ["before", "after", "before"]


def test_refusals_are_played_again(connection: http.client.HTTPConnection) -> None:
    choose(connection, "refused")
    assert ask(connection, "D.PutItem", "new") == (400, '{"__type": "Refused"}')


def test_what_has_no_target_is_known_by_its_path(connection: http.client.HTTPConnection) -> None:
    choose(connection, "post")
    connection.request("POST", "/subscriber", "anything")
    answer = connection.getresponse()
    answer.read()
    assert answer.status == 204


def test_what_was_never_asked_is_not_answered(connection: http.client.HTTPConnection) -> None:
    choose(connection, "read")
    assert ask(connection, "D.PutItem", "one")[0] == 501
