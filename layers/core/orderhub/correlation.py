"""What everything that happens now follows from, and which order it is about.

The entrance of a function says what caused it (:func:`caused_by`): a request, or the run of a
state machine. Whoever writes an order's change keeps the cause with it, whoever reads or writes an
order by itself says so, and the log tells both. None of it decides anything, so it goes beside the
use cases and not through them: by way of a context variable.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar, copy_context
from typing import TypeVar

from orderhub.domain.dataclass import dataclass

_T = TypeVar("_T")
_A = TypeVar("_A")


@dataclass(slots=True)
class Cause:
    """``correlation_id`` is the same in all that follows from a cause; empty where nobody said
    what it is. ``order`` is the shop and the id of the order that was read or written last."""

    correlation_id: str = ""
    order: tuple[str, int] | None = None


_current: ContextVar[Cause] = ContextVar("cause")


@contextmanager
def caused_by(correlation_id: str) -> Iterator[Cause]:
    """All inside follows from that."""
    cause = Cause(correlation_id)
    before = _current.set(cause)
    try:
        yield cause
    finally:
        _current.reset(before)


def correlation_id() -> str:
    """Of what happens now; empty where nobody said what caused it."""
    cause = _current.get(None)
    return cause.correlation_id if cause else ""


def note_order(shop_id: str, order_id: int) -> None:
    """What happens now is about this order."""
    cause = _current.get(None)
    if cause:
        cause.order = (shop_id, order_id)


def in_threads(work: Callable[[_A], _T]) -> Callable[[_A], _T]:
    """``work``, for threads that don't know what they follow from: it follows from what causes
    this."""
    context = copy_context()

    def carried(argument: _A) -> _T:
        # A context is in one thread at a time.
        return context.copy().run(work, argument)

    return carried
