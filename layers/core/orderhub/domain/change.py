"""A change of an order that is being decided: nothing is written before it is committed."""

from collections.abc import Callable
from datetime import UTC, datetime

from .details import Actor
from .errors import InvalidField
from .events import Event, Recorded
from .identity import in_range, milliseconds_precise
from .order import Order


class Change:
    """The events that commands add to an order, and the order that they lead to.

    ``now`` is the time of what is recorded next. An order's times never go back: where ``now`` is
    before the order's last event (clocks differ), that event's time holds.
    """

    def __init__(self, order: Order, now: datetime, actor: Actor) -> None:
        self.before: Order | None = order
        self.order = order
        self._now = max(now, order.updated_at)
        self.actor = actor
        self.recorded: list[Recorded] = []
        self.is_quiet = False
        """Whether subscribers are not told of it: history of an order that comes from elsewhere."""

    @property
    def now(self) -> datetime:
        return self._now

    @now.setter
    def now(self, at: datetime) -> None:
        """Move on to a later time: for orders whose history comes from elsewhere.

        Raises :class:`InvalidField` (``updated_at``) for an earlier one.
        """
        if not in_range(at) or at < self._now:
            message = f"{at.isoformat()} is not after {self._now.isoformat()}"
            raise InvalidField("updated_at", "out_of_range", message)
        self._now = in_utc(at)

    @property
    def visible(self) -> Order:
        """The order as everybody must see it now, deadlines that passed included."""
        return self.order.as_of(self.now)

    def record(self, event: Event, require: Callable[[Order], None] | None = None) -> None:
        """Add ``event``, unless ``require`` refuses the order that it leads to."""
        entry = Recorded(
            sequence=self.order.version + 1,
            at=self.now,
            actor=self.actor,
            event=event,
            continues=bool(self.recorded),
        )
        order = self.order.apply(entry)
        if require:
            require(order)
        self.order = order
        self.recorded.append(entry)


def in_utc(at: datetime) -> datetime:
    """A time that others told, as precise as all of the order's times."""
    return milliseconds_precise(at.astimezone(UTC))
