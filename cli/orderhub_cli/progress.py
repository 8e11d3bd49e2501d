"""How far long work has come, on stderr: a bar for people, a line now and then for logs.

::

    with progress("Writing products", "product", total=len(products)) as step:
        for product in products:
            put(product)
            step.advance()

    for outcome in followed(outcomes, "Checking", "order"):
        ...

Where stderr is no terminal, work that is done within seconds says nothing. Nothing is ever written
to stdout, so commands with ``--json`` may show it too.
"""

import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from threading import Lock
from typing import Final, Protocol, TypeVar

from orderhub_cli.console import errors, plural

_T = TypeVar("_T")

_SECONDS_BETWEEN_LINES: Final = 10.0
_SMOOTHED_OVER: Final = 30.0
"""Seconds over which the bar's speed is averaged."""


class Step(Protocol):
    """One piece of work under way. All methods may be called from several threads."""

    def advance(self, by: int = 1) -> None:
        """So many more are done."""
        ...

    def reach(self, done: int) -> None:
        """So many are done in all."""
        ...

    def expect(self, total: int | None) -> None:
        """So many there are; ``None`` where nobody knows."""
        ...

    def say(self, note: str) -> None:
        """What else is to be told: a few words behind the count, ``""`` for nothing."""
        ...


@contextmanager
def progress(
    what: str,
    noun: str = "",
    *,
    total: int | None = None,
    done: int = 0,
    every: float = _SECONDS_BETWEEN_LINES,
    clock: Callable[[], float] = time.monotonic,
) -> Iterator[Step]:
    """Show how far ``what`` ("Checking") has come while the block runs.

    ``noun`` is one of what is counted ("order"), ``total`` how many there are, if that is known,
    ``done`` how many of them an earlier run did. ``every`` is how many seconds lie between two
    lines where there is no terminal.
    """
    if not errors().is_terminal:
        yield _Lines(what, noun, total, done, every, clock)
        return
    with _bar(what, noun, total, done) as step:
        yield step


def followed(
    items: Iterable[_T], what: str, noun: str = "", *, total: int | None = None
) -> Iterator[_T]:
    """``items``, with their progress shown while they are gone through."""
    with progress(what, noun, total=total) as step:
        for item in items:
            yield item
            step.advance()


class _Lines:
    """A line of text now and then, none before the first ``every`` seconds are over."""

    def __init__(
        self,
        what: str,
        noun: str,
        total: int | None,
        done: int,
        every: float,
        clock: Callable[[], float],
    ) -> None:
        self._what = what
        self._noun = noun
        self._total = total
        self._done = self._began_with = done
        self._note = ""
        self._every = every
        self._clock = clock
        self._began = self._told = clock()
        self._lock = Lock()

    def advance(self, by: int = 1) -> None:
        with self._lock:
            self._done += by
            self._tell()

    def reach(self, done: int) -> None:
        with self._lock:
            self._done = done
            self._tell()

    def expect(self, total: int | None) -> None:
        with self._lock:
            self._total = total

    def say(self, note: str) -> None:
        with self._lock:
            self._note = note
            self._tell()

    def _tell(self) -> None:
        now = self._clock()
        if now - self._told < self._every:
            return
        self._told = now
        rate = (self._done - self._began_with) / (now - self._began)
        errors().print(
            f"{self._what}: {counted_of(self._done, self._total, self._noun)}"
            f"{_speed(rate, self._done, self._total)}"
            f"{f', {self._note}' if self._note else ''}",
            soft_wrap=True,
        )


@contextmanager
def _bar(what: str, noun: str, total: int | None, done: int) -> Iterator[Step]:
    # Not needed by --help, nor by any command whose errors go into a file.
    from rich.progress import (  # noqa: PLC0415
        BarColumn,
        Progress,
        ProgressColumn,
        SpinnerColumn,
        Task,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )
    from rich.text import Text  # noqa: PLC0415

    class Count(ProgressColumn):
        def render(self, task: Task) -> Text:
            known = None if task.total is None else int(task.total)
            return Text(counted_of(int(task.completed), known, noun))

    class Speed(ProgressColumn):
        max_refresh = 1.0

        def render(self, task: Task) -> Text:
            return Text(f"{task.speed:,.0f}/s" if task.speed else "", style="dim")

    class Left(TimeRemainingColumn):
        def render(self, task: Task) -> Text:
            return Text("") if task.total is None else super().render(task)

    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        Count(),
        Speed(),
        TimeElapsedColumn(),
        Left(),
        TextColumn("{task.fields[note]}", style="dim"),
    )
    shown = Progress(
        *columns, console=errors(), transient=True, speed_estimate_period=_SMOOTHED_OVER
    )
    with shown:
        task = shown.add_task(what, total=total, completed=done, note="")

        class Bar:
            def advance(self, by: int = 1) -> None:
                shown.advance(task, by)

            def reach(self, done: int) -> None:
                shown.update(task, completed=done)

            def expect(self, total: int | None) -> None:
                # A total of None would leave the one that there is.
                shown.tasks[0].total = total

            def say(self, note: str) -> None:
                shown.update(task, note=note)

        yield Bar()


def counted_of(done: int, total: int | None, noun: str) -> str:
    """``1,200 of 100,000 orders``; without ``total`` ``1,200 orders``."""
    of = done if total is None else total
    count = f"{done:,}" if total is None else f"{done:,} of {total:,}"
    return " ".join(filter(None, [count, noun and (noun if of == 1 else plural(noun))]))


def _speed(rate: float, done: int, total: int | None) -> str:
    """How many a second, and how long the rest will take."""
    if rate <= 0:
        return ""
    told = f", {rate:,.0f}/s" if rate >= 1 else f", {rate * 60:,.0f}/min"
    if total is None or total <= done:
        return told
    seconds = round((total - done) / rate)
    minutes, seconds = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    left = f"{hours}h{minutes:02d}m" if hours else f"{minutes}m{seconds:02d}s"
    return f"{told}, {left} left"
