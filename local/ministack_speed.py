"""What makes ministack 1.5.33 slow, put right from outside: it waits where it need not, and does
again for every request what it could keep. What it answers stays the same.

Only :mod:`local.serve` uses this, in the emulator's own process.
"""

from __future__ import annotations

import functools
import logging
import queue
import re
import sys
import threading
import time
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any, ClassVar

logger = logging.getLogger(__name__)

_LAST_LOG_WAIT = 0.25
"""In seconds: for the rest of what an invocation logged, once its answer is there."""
_LOG_END = "\x1eEND "
"""Before the request's id, ends what an invocation logs; not part of it."""
_EXPRESSIONS = 1024
"""How many DynamoDB expressions are kept parsed."""
_LONGEST_TURN = 0.001
"""In seconds: how long one thread computes before another one that could gets its turn."""


def apply() -> None:
    """Apply everything; to be called before ministack starts to serve."""
    know_where_logs_end()
    keep_threads()
    keep_route_patterns()
    keep_parsed_expressions()
    sys.setswitchinterval(_LONGEST_TURN)


def know_where_logs_end() -> None:
    """Answer as soon as a function has, with all that it logged.

    ministack takes the log of an invocation to be complete when 5 ms have gone by without another
    line, or 50 ms without any. Here the worker says where it ends, before it answers.
    """
    from ministack.core import lambda_runtime
    from ministack.core.lambda_runtime import Worker

    # The last thing that ministack's worker script does for an invocation is to send the answer.
    script, send = lambda_runtime._PYTHON_WORKER_SCRIPT, "        _real_stdout.flush()\n\nrun()\n"
    if not script.endswith(send):
        raise RuntimeError("This version of ministack has another worker script.")
    say_end = f"        print({_LOG_END!r} + context.aws_request_id, file=sys.stderr, flush=True)\n"
    lambda_runtime._PYTHON_WORKER_SCRIPT = script.removesuffix(send) + say_end + send

    invoke, read = Worker.invoke, Worker._read_stderr

    @functools.wraps(invoke)
    def invoke_and_remember(
        worker: Any, event: Any, request_id: str, **context: Any
    ) -> dict[str, Any]:
        worker.log_end = _LOG_END + request_id
        answer: dict[str, Any] = invoke(worker, event, request_id, **context)
        return answer

    @functools.wraps(read)
    def read_to_the_end(worker: Any) -> None:
        lines = worker._stderr_queue
        try:
            read(worker)
        finally:
            lines.put(None)  # its process ended

    def rest_of_log(worker: Any) -> str:
        return read_log(worker._stderr_queue, worker.log_end)

    Worker.invoke, Worker._read_stderr = invoke_and_remember, read_to_the_end
    Worker._drain_stderr_bounded = Worker._drain_stderr = rest_of_log


def read_log(lines: queue.Queue[str | None], last: str) -> str:
    """Return the lines up to ``last``, which is not one of them, or up to ``None``; those that
    there are when neither comes in time. Ends of earlier logs, which came too late, are left out.
    """
    found: list[str] = []
    give_up_at = time.monotonic() + _LAST_LOG_WAIT
    while (left := give_up_at - time.monotonic()) > 0:
        try:
            line = lines.get(timeout=left)
        except queue.Empty:
            break
        if line is None:
            break
        # What was printed last may have had no line break.
        text, end, request_id = line.partition(_LOG_END)
        if text or not end:
            found.append(text)
        if end and end + request_id == last:
            break
    return "\n".join(found)


class KeptThread:
    """A ``threading.Thread`` as far as ministack uses one. When its work is done, the thread under
    it waits for other work, instead of ending."""

    _idle: ClassVar[list[queue.SimpleQueue[Callable[[], None]]]] = []

    def __init__(
        self,
        *,
        target: Callable[..., object],
        args: tuple[Any, ...] = (),
        name: str = "",
        daemon: bool = True,
    ) -> None:
        self._work = functools.partial(target, *args)
        self._done = threading.Event()
        self.name = name
        self.daemon = daemon

    def start(self) -> None:
        """Have the work done, by the thread that was idle for the shortest time or a new one."""
        try:
            tasks = self._idle.pop()
        except IndexError:
            tasks = queue.SimpleQueue()
            threading.Thread(target=self._serve, args=(tasks,), daemon=True).start()
        tasks.put(self._run)

    def join(self, timeout: float | None = None) -> None:
        """Wait until the work is done, or for ``timeout`` seconds."""
        self._done.wait(timeout)

    def is_alive(self) -> bool:
        """Whether the work is still being done."""
        return not self._done.is_set()

    def _run(self) -> None:
        try:
            self._work()
        except Exception:
            logger.exception("The thread %s failed.", self.name)
        finally:
            self._done.set()

    @classmethod
    def idle(cls) -> int:
        """How many threads wait for work."""
        return len(cls._idle)

    @classmethod
    def _serve(cls, tasks: queue.SimpleQueue[Callable[[], None]]) -> None:
        while True:
            tasks.get()()
            cls._idle.append(tasks)


def keep_threads() -> None:
    """Give the next request the threads of those that are answered. ministack starts two for each,
    and its event loop stands still until a new one runs."""
    from ministack.core import concurrency, lambda_runtime

    kept = SimpleNamespace(**{**vars(threading), "Thread": KeptThread})
    concurrency.threading = lambda_runtime.threading = kept


def keep_route_patterns() -> None:
    """Compile the pattern of a route once, instead of all routes' for every request, twice."""
    from ministack.services import apigateway

    apigateway._extract_path_params = path_parameters


def path_parameters(route_path: str, request_path: str) -> dict[str, str] | None:
    """What ``/orders/{id}`` names in a request's path, or None where it is another route's.
    ``{rest+}`` stands for one segment or more."""
    pattern, names = _compiled(route_path)
    match = pattern.fullmatch(request_path)
    return dict(zip(names, match.groups(), strict=True)) if match else None


@functools.cache
def _compiled(route_path: str) -> tuple[re.Pattern[str], list[str]]:
    literals_and_names = re.split(r"\{([^}]+)\}", route_path)
    pattern = ""
    for at, part in enumerate(literals_and_names):
        if at % 2 == 0:
            pattern += re.escape(part)
        else:
            pattern += "(.+)" if part.endswith("+") else "([^/]+)"
    return re.compile(pattern), [name.removesuffix("+") for name in literals_and_names[1::2]]


def keep_parsed_expressions() -> None:
    """Check and split an expression once, instead of once for each item that it is held against."""
    from ministack.services import dynamodb

    keep = functools.lru_cache(maxsize=_EXPRESSIONS)
    dynamodb._condition_syntax_error = keep(dynamodb._condition_syntax_error)
    split = keep(dynamodb._tokenize)
    dynamodb._tokenize = lambda expression: list(split(expression))
