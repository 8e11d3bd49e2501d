"""One line for each request, which leads from it to all that followed."""

import io
import json
import re
import socket
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from orderhub.correlation import correlation_id, note_order
from orderhub.domain.errors import NotFound
from orderhub.http import answering
from orderhub.wire.contract import Response
from tests.support.api import LambdaContext

Asked = Callable[..., dict[str, Any]]


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> Asked:
    """Runs an operation for a request with these headers; returns the line that it leaves."""
    written = io.StringIO()
    for handler in answering.logger.handlers:
        monkeypatch.setattr(handler, "stream", written)

    def ask(work: Callable[[], Response] = lambda: Response(200, {}), **headers: str) -> Any:
        def operation() -> None: ...

        handler = answering.answering(
            "marketplace",
            operation,
            lambda _event, _line: work(),
            lambda _error: Response(404, {}),
        )
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        event = {"routeKey": "GET /", "headers": named, "requestContext": {"requestId": "req-1="}}
        answer = handler(event, LambdaContext())
        assert answer["headers"]["x-request-id"] == "req-1="
        return json.loads(written.getvalue().splitlines()[-1])

    return ask


def test_all_that_a_request_does_follows_from_it(asked: Asked) -> None:
    seen: list[str] = []

    def work() -> Response:
        seen.append(correlation_id())
        return Response(200, {})

    assert asked(work)["correlation_id"] == "req-1="
    assert seen == ["req-1="]
    assert correlation_id() == ""


def test_a_refusal_says_which_order_it_was_about(asked: Asked) -> None:
    def work() -> Response:
        note_order("demo", 3475921619881989)
        raise NotFound("payment", 2)

    line = asked(work)
    assert (line["shop_id"], line["order_id"]) == ("demo", 3475921619881989)
    assert (line["status"], line["error"]) == (404, "not_found")
    assert "order_id" not in asked()


def test_what_an_answer_says_of_its_order_goes_before_what_was_read_for_it(asked: Asked) -> None:
    def work() -> Response:
        note_order("other", 1)
        return Response(200, {}, about={"shop_id": "demo", "order_id": 2})

    line = asked(work)
    assert (line["shop_id"], line["order_id"]) == ("demo", 2)


@pytest.mark.parametrize(
    ("headers", "told"),
    [
        ({"x_correlation_id": "erp-4711"}, "erp-4711"),
        ({"X_Request_Id": "2f1c9d0e-7a52-4a4e-9d6a-1f2b3c4d5e6f"}, None),
        ({"x_correlation_id": "first", "x_request_id": "second"}, "first"),
        ({"x_correlation_id": "not\nfit", "x_request_id": "second"}, "second"),
        ({"x_correlation_id": "a" * 64}, "a" * 64),
        ({"x_correlation_id": "a" * 65}, ""),
        ({"x_correlation_id": ""}, ""),
        ({"x_correlation_id": 'a","level":"ERROR'}, ""),
        ({"x_correlation_id": "mei@example.com"}, ""),
        ({"x_correlation_id": "Bearer abc"}, ""),
        ({"x_correlation_id": "订单"}, ""),
    ],
    ids=range(11),
)
def test_a_caller_s_own_id_is_written_down_if_it_is_fit_and_never_takes_the_place_of_ours(
    asked: Asked, headers: dict[str, str], told: str | None
) -> None:
    line = asked(**headers)
    expected = next(iter(headers.values())) if told is None else told
    assert line.get("caller_id", "") == expected
    assert line["correlation_id"] == "req-1="


@pytest.mark.parametrize(
    ("header", "told"),
    [
        ("Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1", True),
        ("Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=0", False),
        ("Sampled=1", False),
        ("", False),
    ],
    ids=range(4),
)
def test_a_trace_is_named_where_there_is_one(
    asked: Asked, monkeypatch: pytest.MonkeyPatch, header: str, *, told: bool
) -> None:
    """Lambda gives every request the name of one."""
    monkeypatch.setenv("_X_AMZN_TRACE_ID", header)
    line = asked()
    assert line.get("trace_id") == ("1-5759e988-bd862e3fe1be46a994272793" if told else None)
    assert "xray_trace_id" not in line


TRACED = "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1"


@pytest.fixture
def daemon(monkeypatch: pytest.MonkeyPatch) -> Iterator[socket.socket]:
    """Where Lambda's X-Ray daemon listens."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as listening:
        listening.bind(("127.0.0.1", 0))
        listening.settimeout(5)
        monkeypatch.setenv("AWS_XRAY_DAEMON_ADDRESS", f"127.0.0.1:{listening.getsockname()[1]}")
        yield listening


def test_a_trace_is_found_by_shop_order_and_correlation_id(
    asked: Asked, daemon: socket.socket, monkeypatch: pytest.MonkeyPatch
) -> None:
    def work() -> Response:
        note_order("demo", 3475921619881989)
        raise NotFound("payment", 2)

    monkeypatch.setenv("_X_AMZN_TRACE_ID", TRACED)
    before = time.time()
    asked(work)
    header, _, body = daemon.recv(65_535).partition(b"\n")
    assert json.loads(header) == {"format": "json", "version": 1}
    segment = json.loads(body)
    assert re.fullmatch("[0-9a-f]{16}", segment.pop("id"))
    assert before <= segment.pop("start_time") <= segment.pop("end_time") <= time.time()
    assert segment == {
        "name": "marketplace",
        "type": "subsegment",
        "trace_id": "1-5759e988-bd862e3fe1be46a994272793",
        "parent_id": "53995c3f42cd8ad8",
        "error": True,
        "fault": False,
        "annotations": {
            "route": "GET /",
            "shop_id": "demo",
            "order_id": 3475921619881989,
            "correlation_id": "req-1=",
            "error": "not_found",
            "status": 404,
        },
    }


@pytest.mark.parametrize("address", ["", "127.0.0.1:1", "nonsense", "127.0.0.1:port"])
def test_a_daemon_that_is_not_there_is_no_fault(
    asked: Asked, monkeypatch: pytest.MonkeyPatch, address: str
) -> None:
    monkeypatch.setenv("_X_AMZN_TRACE_ID", TRACED)
    monkeypatch.setenv("AWS_XRAY_DAEMON_ADDRESS", address)
    assert asked()["status"] == 200


def test_what_is_not_traced_is_told_to_nobody(
    asked: Asked, daemon: socket.socket, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("_X_AMZN_TRACE_ID", TRACED.replace("Sampled=1", "Sampled=0"))
    asked()
    daemon.setblocking(False)
    with pytest.raises(BlockingIOError):
        daemon.recv(1)
