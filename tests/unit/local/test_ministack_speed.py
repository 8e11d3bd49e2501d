"""What makes the local cloud fast changes nothing of what it does."""

from __future__ import annotations

import queue
import threading
import time

import pytest

from local.ministack_speed import KeptThread, path_parameters, read_log

END = "\x1eEND r-2"


def logged(*lines: str | None) -> queue.Queue[str | None]:
    told: queue.Queue[str | None] = queue.Queue()
    for line in lines:
        told.put(line)
    return told


@pytest.mark.parametrize(
    ("lines", "log"),
    [
        ((END,), ""),
        (("one", "", "two", END), "one\n\ntwo"),
        (("one", f"two{END}", "of the next"), "one\ntwo"),
        (("\x1eEND r-1", "one", END), "one"),
        (("one", None), "one"),
        (("one",), "one"),
    ],
    ids=["nothing", "lines", "no break at the end", "an end too late", "it died", "no end"],
)
def test_a_log_ends_where_the_function_says(lines: tuple[str | None, ...], log: str) -> None:
    assert read_log(logged(*lines), END) == log


def test_the_next_log_is_still_there_when_one_was_read() -> None:
    told = logged("one", END, "two", "\x1eEND r-3")
    assert [read_log(told, END), read_log(told, "\x1eEND r-3")] == ["one", "two"]


def test_work_is_done_while_the_caller_goes_on() -> None:
    may_end, done = threading.Event(), threading.Event()
    thread = KeptThread(target=lambda wait, tell: (wait(), tell()), args=(may_end.wait, done.set))
    thread.start()
    thread.join(timeout=0.01)
    assert thread.is_alive()
    assert not done.is_set()
    may_end.set()
    thread.join()
    assert done.is_set()
    assert not thread.is_alive()


def test_threads_that_are_done_take_other_work() -> None:
    ran_on: list[int] = []
    for _ in range(20):
        thread = KeptThread(target=lambda: ran_on.append(threading.get_ident()))
        thread.start()
        thread.join()
        while not KeptThread.idle():
            time.sleep(0.001)
    assert len(set(ran_on)) < len(ran_on)


def test_work_that_waits_for_other_work_gets_it_done() -> None:
    def nested(depth: int) -> None:
        if depth:
            inner = KeptThread(target=nested, args=(depth - 1,))
            inner.start()
            inner.join()

    outermost = KeptThread(target=nested, args=(50,))
    outermost.start()
    outermost.join(timeout=10)
    assert not outermost.is_alive()


def test_work_that_fails_takes_no_thread_with_it() -> None:
    failing = KeptThread(target=lambda: 1 / 0)
    failing.start()
    failing.join(timeout=10)
    assert not failing.is_alive()
    after = KeptThread(target=lambda: None)
    after.start()
    after.join(timeout=10)
    assert not after.is_alive()


@pytest.mark.parametrize(
    ("route", "path", "parameters"),
    [
        ("/orders", "/orders", {}),
        ("/orders", "/orders/1", None),
        ("/orders/{id}", "/orders/a b", {"id": "a b"}),
        ("/orders/{id}", "/orders/1/pay", None),
        ("/orders/{id}/pay", "/orders/1/pay", {"id": "1"}),
        ("/orders/{id}.json", "/orders/1.json", {"id": "1"}),
        ("/orders/{id}.json", "/orders/1xjson", None),
        ("/pages/{rest+}", "/pages/a/b", {"rest": "a/b"}),
        ("/pages/{rest+}", "/pages/", None),
    ],
)
def test_a_path_belongs_to_the_route_that_it_did(
    route: str, path: str, parameters: dict[str, str] | None
) -> None:
    assert path_parameters(route, path) == parameters
