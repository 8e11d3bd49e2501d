"""What every use case works with, and the loop behind every change of an order."""

from collections.abc import Callable
from typing import Final

from orderhub.domain.commands import Change
from orderhub.domain.dataclass import dataclass
from orderhub.domain.details import Actor
from orderhub.domain.errors import Busy, NotFound
from orderhub.domain.order import Order
from orderhub.ports import (
    Catalog,
    Clock,
    Contention,
    Entropy,
    Metafields,
    NumberIndex,
    OrderRanks,
    OrderRepository,
    PaymentLinks,
    PeopleRepository,
    StrayReports,
)

MAX_ATTEMPTS: Final = 25
MAX_SECONDS: Final = 9.0
_FIRST_WAIT: Final = 0.02
_LONGEST_WAIT: Final = 0.8

Decide = Callable[[Change], None]

Permit = Callable[[Order], None]
"""Raises what a wire's own rules say against a request, given the order as it must be seen now.

A use case asks it at the moment of deciding, so that an order that changed meanwhile is judged
as it is."""


def anything_goes(_: Order) -> None:
    """The :data:`Permit` of wires that leave the decision to the core."""


@dataclass(frozen=True, slots=True)
class Desk:
    """The ports that use cases need. Stateless; one per warm function."""

    orders: OrderRepository
    ranks: OrderRanks
    numbers: NumberIndex
    catalog: Catalog
    people: PeopleRepository
    links: PaymentLinks
    metafields: Metafields
    strays: StrayReports
    clock: Clock
    entropy: Entropy

    def change(
        self,
        shop_id: str,
        order_id: int,
        actor: Actor,
        decide: Decide,
        *,
        loaded: Order | None = None,
    ) -> Change:
        """Read, decide, commit; and again when others were faster. Return what was committed.

        Optimistic concurrency: nobody locks an order. A lost race costs the loser one more read
        and a short, random wait, so that fifty writers on one order sort themselves out.

        ``loaded`` saves the first read when the caller just made it. ``decide`` may run several
        times and must depend on the change alone. When it records nothing, nothing is written.

        Raises :class:`NotFound`, whatever ``decide`` raises, or :class:`Busy` after
        ``MAX_ATTEMPTS`` lost races or ``MAX_SECONDS``; then nothing was changed.
        """
        started = self.clock.monotonic()
        for attempt in range(MAX_ATTEMPTS):
            order = loaded or self.orders.get(shop_id, order_id)
            loaded = None
            if order is None:
                raise NotFound("order", order_id)
            change = Change(order, self.clock.now(), actor)
            decide(change)
            if not change.recorded:
                return change
            try:
                self.orders.commit(change)
            except Contention:
                if self.clock.monotonic() - started > MAX_SECONDS:
                    break
                self.pause(attempt)
            else:
                return change
        raise Busy("others changed this order each time; nothing was changed, try again")

    def pause(self, attempt: int) -> None:
        """Wait a random share of a time that doubles with each attempt ("full jitter")."""
        self.clock.sleep(self.entropy.jitter(min(_LONGEST_WAIT, _FIRST_WAIT * 2.0**attempt)))
