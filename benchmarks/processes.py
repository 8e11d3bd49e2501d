"""The processes that take part in a timing: the server that answers, and those that are timed."""

import http.client
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

from benchmarks import layers
from benchmarks.bare import GET_ITEM, Call, calls
from benchmarks.emulated import ENVIRONMENT
from benchmarks.operations import Recording, Run

HERE: Final = Path(__file__).parent
_PATIENCE: Final = 60.0


@dataclass(frozen=True)
class First:
    """A fresh process's first answer."""

    milliseconds: float
    """Since the process was started."""
    busy_milliseconds: float
    """Of them the processor's, which other work on the machine disturbs less."""
    memory_kib: int
    """The most that it had in memory until then."""


@dataclass(frozen=True)
class Block:
    """Several answers of a process, one after the other."""

    milliseconds: tuple[float, ...]
    """Of each."""
    busy_milliseconds: float
    """Mean, of the processor's time."""


class Stage:
    """Where recordings are played again: an operation's own process, or bare boto3, against a
    server that answers at once. Open it as a context."""

    def __init__(self, run: Run) -> None:
        self._run = run
        self._folder = tempfile.TemporaryDirectory(prefix="orderhub-bench-")
        self._control: http.client.HTTPConnection | None = None

    def __enter__(self) -> Self:
        played = {
            str(number): [*recording.exchanges, *recording.first_exchanges]
            for number, recording in enumerate(self._run.recordings)
        }
        # What the floor asks for: one item that is not there.
        played["floor"] = [GET_ITEM]
        path = self._write("recording.json", played)
        script, port = str(HERE / "null_server.py"), self._run.port
        self._server = subprocess.Popen(
            [sys.executable, "-I", "-S", script, str(path), str(port)],
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self._server.stdout
        if not self._server.stdout.readline():
            raise RuntimeError(f"the server that answers at once does not listen on {port}")
        self._control = http.client.HTTPConnection("127.0.0.1", port, timeout=_PATIENCE)
        return self

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        assert self._control
        self._control.close()
        self._server.kill()
        self._server.communicate()
        self._folder.cleanup()

    def handler(self, recording: Recording) -> "Timed":
        """A new process of the operation's function."""
        spec = {
            "folders": layers.folders(recording.operation.function),
            "first_event": recording.first_event,
            "event": recording.event,
            "status": recording.operation.status,
        }
        return self._timed(self._choose(recording), spec)

    def bare(self, recording: Recording) -> "Timed":
        """A new process that makes the same calls by boto3."""
        return self._bare(self._choose(recording), calls(recording.exchanges))

    def floor(self) -> "Timed":
        """A new process that makes one call by boto3."""
        self._choose_name("floor")
        return self._bare("floor", calls([GET_ITEM]))

    def _bare(self, name: str, made: Sequence[Call]) -> "Timed":
        return self._timed(f"bare-{name}", {"folders": layers.bare(), "calls": made})

    def _choose(self, recording: Recording) -> str:
        name = str(self._run.recordings.index(recording))
        self._choose_name(name)
        return name

    def _choose_name(self, name: str) -> None:
        assert self._control
        self._control.request("PUT", f"/{name}")
        self._control.getresponse().read()

    def _timed(self, name: str, spec: Mapping[str, Any]) -> "Timed":
        environment = {
            **ENVIRONMENT,
            **self._run.environment,
            "AWS_ENDPOINT_URL": f"http://127.0.0.1:{self._run.port}",
            "PATH": os.environ["PATH"],
            "BENCH_SPEC": str(self._write(f"{name}.json", spec)),
        }
        return Timed(environment)

    def _write(self, name: str, content: object) -> Path:
        path = Path(self._folder.name) / name
        path.write_text(json.dumps(content), encoding="utf-8")
        return path


class Timed:
    """A process of ``child.py``. Close it by :meth:`end`."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        marks, to_marks = os.pipe()
        started = time.perf_counter()
        self._process = subprocess.Popen(
            [sys.executable, "-I", "-S", str(HERE / "child.py")],
            env={**environment, "BENCH_MARKS": str(to_marks)},
            pass_fds=[to_marks],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            text=True,
        )
        os.close(to_marks)
        self._marks = os.fdopen(marks, encoding="utf-8")
        answered = self._marks.readline()
        taken = (time.perf_counter() - started) * 1000
        if not answered:
            self.end()
            raise RuntimeError("a process that was to be timed ended without an answer")
        busy, memory = json.loads(self._marks.readline())
        self.first = First(taken, busy * 1000, memory)

    def again(self, times: int) -> Block:
        """Do it again, so often."""
        assert self._process.stdin
        self._process.stdin.write(f"{times}\n")
        self._process.stdin.flush()
        taken, busy = json.loads(self._marks.readline())
        return Block(tuple(each / 1e6 for each in taken), busy / 1e6 / times)

    def end(self) -> None:
        self._process.communicate()
        self._marks.close()
