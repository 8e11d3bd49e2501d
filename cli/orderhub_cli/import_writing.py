"""The second pass over a file of orders: each is written, by many threads at once."""

import random
import signal
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as NotYet
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from threading import Event
from types import FrameType
from typing import Final

from orderhub.domain.details import Actor
from orderhub.domain.errors import Busy, OrderHubError, Unavailable
from orderhub.domain.shop import Shop
from orderhub.services.desk import Desk
from orderhub.services.hold_room import HeldRoom
from orderhub.services.import_orders import import_order
from orderhub_cli.failures import CommandFailed, in_words
from orderhub_cli.import_check import BadOrder, history_of, read_order
from orderhub_cli.import_lines import FileLine
from orderhub_cli.interchange.imported import BadLine

_AHEAD: Final = 16
"""Lines that are read ahead for each thread."""
_TICK: Final = 0.25
_FIRST_WAIT: Final = 0.2
_LONGEST_WAIT: Final = 10.0
_PATIENCE: Final = 900.0
"""Seconds for which one order is tried again."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a line came to. ``problems`` are of one that was refused; ``is_new`` tells an order that
    was made from one that was there."""

    line: FileLine
    is_new: bool = False
    problems: tuple[str, ...] = ()


class Stopped(Exception):
    """Somebody asked to stop."""


class Stop:
    """Whether to stop, asked for by Ctrl-C or SIGTERM: then by signal number. A second time the
    process ends as it would have at first, which does no harm either."""

    def __init__(self) -> None:
        self.asked = Event()
        self.signal = 0
        """0 where no signal asked."""

    @contextmanager
    def listening(self) -> Iterator[None]:
        before = {each: signal.getsignal(each) for each in (signal.SIGINT, signal.SIGTERM)}

        def ask(number: int, _: FrameType | None) -> None:
            self.signal = number
            self.asked.set()
            for each, handler in before.items():
                signal.signal(each, handler)

        try:
            for each in before:
                signal.signal(each, ask)
            yield
        finally:
            for each, handler in before.items():
                signal.signal(each, handler)


class Writer:
    """Brings in orders of one shop. Threads share it."""

    def __init__(
        self, desk: Desk, room: HeldRoom, shop: Shop, actor: Actor, stop: Stop, *, is_quiet: bool
    ) -> None:
        self._desk = desk
        self._room = room
        self._shop = shop
        self._actor = actor
        self._stop = stop
        self._is_quiet = is_quiet
        self.waiting = 0
        """How many threads wait for a table that has no time."""

    def write(self, line: FileLine) -> Outcome:
        """What the line comes to, however long the table has no time.

        Raises :class:`Stopped`, and what another try doesn't mend; no other line is begun then.
        """
        if self._stop.asked.is_set():
            raise Stopped
        try:
            return self._written(line)
        except BaseException:
            self._stop.asked.set()
            raise

    def _written(self, line: FileLine) -> Outcome:
        wait, began = _FIRST_WAIT, time.monotonic()
        while True:
            try:
                return self._write(line)
            except (Busy, Unavailable) as error:
                if time.monotonic() - began > _PATIENCE:
                    raise CommandFailed(f"line {line.number}: {in_words(error)}") from error
            self.waiting += 1
            try:
                # Not all at once again.
                if self._stop.asked.wait(random.uniform(wait / 2, wait)):  # noqa: S311
                    raise Stopped
            finally:
                self.waiting -= 1
            wait = min(_LONGEST_WAIT, wait * 2)

    def _write(self, line: FileLine) -> Outcome:
        try:
            order = read_order(line, self._shop)
            made = import_order(
                self._desk,
                self._room,
                self._shop.id,
                history_of(order),
                order.actor or self._actor,
                is_quiet=self._is_quiet,
            )
        except (BadOrder, BadLine) as error:
            return Outcome(line, problems=error.problems)
        except (Busy, Unavailable):
            raise
        except OrderHubError as error:
            return Outcome(line, problems=(in_words(error),))
        return Outcome(line, is_new=made.is_new)


def written(
    lines: Iterable[FileLine],
    write: Callable[[FileLine], Outcome],
    *,
    jobs: int,
    stop: Stop,
    tick: Callable[[], None],
) -> Iterator[Outcome]:
    """The outcomes of all lines, in their order, ``jobs`` at a time; ``tick`` is called now and
    then while there is none. Ends by raising what ``write`` raises, after all that came before; the
    other threads are told to ``stop`` then."""
    ahead: deque[Future[Outcome]] = deque()
    coming = iter(lines)
    # By this thread alone: what is loaded, compiled and connected at its first use is so once.
    for first in islice(coming, 1):
        yield write(first)
    with ThreadPoolExecutor(jobs) as threads:
        try:
            for line in coming:
                if len(ahead) >= jobs * _AHEAD:
                    yield _next(ahead, tick)
                ahead.append(threads.submit(write, line))
            while ahead:
                yield _next(ahead, tick)
        finally:
            if ahead:
                stop.asked.set()
            for waiting in ahead:
                waiting.cancel()


def _next(ahead: deque[Future[Outcome]], tick: Callable[[], None]) -> Outcome:
    while True:
        try:
            outcome = ahead[0].result(timeout=_TICK)
        except NotYet:
            if ahead[0].done():
                raise
            tick()
        else:
            ahead.popleft()
            return outcome
