"""What is timed: a fresh process, that of a function or that of bare boto3.

Run as a script, in a Python that sees the standard library alone. The environment has the rest::

    BENCH_SPEC     a file of JSON: ``folders`` to import from, as Lambda has its layers, and either
                   a function's ``first_event``, its ``event`` and the ``status`` that its answers
                   have, or the ``calls`` of boto3 clients
    BENCH_MARKS    a file descriptor, to which goes an empty line at the first answer, and then
                   lines of JSON: what the process took until then, of the processor in seconds
                   and of memory in KiB

Then it reads numbers from its standard input: how often to do that again. For each it writes a line
of JSON to the descriptor: how long each took, and the processor's time of all, in nanoseconds.
"""

import json
import os
import sys
import time
from collections.abc import Callable
from typing import Any

Run = Callable[[], None]


class Context:
    """What Lambda tells of an invocation."""

    function_name = "bench"
    memory_limit_in_mb = 512
    invoked_function_arn = "arn:aws:lambda:eu-central-1:123456789012:function:bench"
    aws_request_id = "8f5b1a3e-5a0c-4b6e-9d0f-0c1d2e3f4a5b"


def function(spec: dict[str, Any]) -> tuple[Run, Run]:
    """A function's handler, on its first event and on the one that comes again and again."""
    import app  # type: ignore[import-not-found]  # noqa: PLC0415 - in one of the folders

    def run(event: object) -> None:
        answer = app.handler(event, Context)
        status = answer.get("statusCode") if isinstance(answer, dict) else None
        if status != spec["status"]:
            raise RuntimeError(f"{spec['status']} was expected: {answer}")

    return lambda: run(spec["first_event"]), lambda: run(spec["event"])


def bare(spec: dict[str, Any]) -> tuple[Run, Run]:
    """boto3 clients that are made as everybody makes them, and calls that nobody looks at."""
    import boto3  # noqa: PLC0415 - not before its folder is known
    from botocore.exceptions import ClientError  # noqa: PLC0415

    clients: dict[str, Any] = {}
    calls = []
    for service, method, parameters in spec["calls"]:
        if service not in clients:
            clients[service] = boto3.client(service)
        calls.append((getattr(clients[service], method), with_bytes(parameters)))

    def run() -> None:
        for call, parameters in calls:
            try:
                call(**parameters)
            except ClientError:
                continue  # a condition that did not hold is an answer like any other

    return run, run


def with_bytes(value: Any) -> Any:
    """JSON has no bytes: ``{"bytes": hex}`` stands for some."""
    if isinstance(value, list):
        return [with_bytes(each) for each in value]
    if isinstance(value, dict):
        if value.keys() == {"bytes"}:
            return bytes.fromhex(value["bytes"])
        return {name: with_bytes(each) for name, each in value.items()}
    return value


def memory() -> int:
    """The most that this process had in memory, in KiB."""
    try:
        with open("/proc/self/status", encoding="ascii") as status:  # noqa: PTH123 - imports less
            return next(int(line.split()[1]) for line in status if line.startswith("VmHWM:"))
    except OSError:
        import resource  # noqa: PLC0415 - where there is no /proc

        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024


def main() -> None:
    with open(os.environ["BENCH_SPEC"], encoding="utf-8") as file:  # noqa: PTH123 - imports less
        spec = json.load(file)
    sys.path[:0] = spec["folders"]
    marks = int(os.environ["BENCH_MARKS"])
    first, run = function(spec) if "event" in spec else bare(spec)
    first()
    os.write(marks, b"\n")

    def tell(what: object) -> None:
        os.write(marks, f"{json.dumps(what)}\n".encode())

    tell([time.process_time(), memory()])
    for line in sys.stdin:
        taken = []
        busy = time.process_time_ns()
        for _ in range(int(line)):
            started = time.perf_counter_ns()
            run()
            taken.append(time.perf_counter_ns() - started)
        tell([taken, time.process_time_ns() - busy])


if __name__ == "__main__":
    main()
