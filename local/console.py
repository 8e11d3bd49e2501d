"""Shows a person what is happening: a spinner on a terminal, plain lines elsewhere."""

from __future__ import annotations

import subprocess
import time
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console
from rich.markup import escape

from local.errors import LocalError

TAIL_LINES = 25


class Progress:
    """Reports the steps of a longer task.

    Args:
        quiet: report nothing, for callers that are not a person's command (tests).
    """

    def __init__(self, *, quiet: bool = False) -> None:
        self.console = Console(quiet=quiet, highlight=False)

    @contextmanager
    def step(self, title: str) -> Iterator[None]:
        """Report one step: while it runs, and how long it took once it ended."""
        started = time.monotonic()
        failed = True
        try:
            if self.console.is_terminal:
                with self.console.status(f"{escape(title)} …"):
                    yield
            else:
                self.console.print(f"{escape(title)} …")
                yield
            failed = False
        finally:
            seconds = time.monotonic() - started
            mark = "[red]✗[/]" if failed else "[green]✓[/]"
            self.console.print(f"{mark} {escape(title)} [dim]{seconds:.1f} s[/]")

    def note(self, text: str) -> None:
        """Report something in one line (rich markup is understood)."""
        self.console.print(text, soft_wrap=True)


def run_logged(
    command: Sequence[str | Path],
    *,
    log: Path,
    env: Mapping[str, str],
    cwd: Path,
    failure: str,
) -> None:
    """Run a command with its output in a log file, kept from the last run only.

    Raises:
        LocalError: the command failed; the error shows the end of its output.
    """
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("wb") as output:
        result = subprocess.run(
            [str(part) for part in command],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            env=dict(env),
            cwd=cwd,
            check=False,
        )
    if result.returncode != 0:
        raise LocalError(failure, hint=f"{tail(log)}\n\nAll of its output: {log}")


def tail(log: Path, lines: int = TAIL_LINES) -> str:
    """Return the last lines of a log file, or nothing when there is none."""
    if not log.exists():
        return ""
    with log.open(errors="replace") as file:
        return "".join(deque(file, maxlen=lines)).rstrip()
