"""Times the same steps of systems that take orders, and compares them."""

import statistics
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

STEPS: Final = ("open", "create", "pay", "read")
"""What is compared: the first call for an order; all calls until it waits for its payment, that one
among them; its payment; reading it whole."""


class System(Protocol):
    """A system that takes orders, and its one client."""

    @property
    def name(self) -> str: ...

    @property
    def calls(self) -> Mapping[str, int]:
        """How many requests each step takes, of :data:`STEPS`."""

    def open(self) -> str:
        """Send the first request for an order and return what the others name it by."""

    def fill(self, order: str) -> None:
        """Send what else it takes until the order waits for its payment."""

    def pay(self, order: str) -> None:
        """Pay the order in full."""

    def read(self, order: str) -> None:
        """Read the order with its line, its address and its payment."""


@dataclass(frozen=True)
class Comparison:
    """One step, here and there: medians in milliseconds."""

    step: str
    calls: int
    milliseconds: float
    peer_calls: int
    peer_milliseconds: float

    @property
    def ratio(self) -> float:
        """Ours over the peer's: below 1 where we are faster."""
        return self.milliseconds / self.peer_milliseconds


def compare(
    ours: System, peer: System, *, blocks: int, orders: int, rest: float
) -> list[Comparison]:
    """Time both by turns, in ``blocks`` of ``orders`` each after one block that doesn't count.

    Whatever else the machine does falls on both. After each block there are ``rest`` seconds, in
    which a system ends what it does after its answers, so that it is not the other one's burden.
    """
    times: dict[str, list[dict[str, float]]] = {ours.name: [], peer.name: []}
    for block in range(blocks + 1):
        for system in (ours, peer):
            found = list(_order_times(system, orders))
            if block:
                times[system.name] += found
            time.sleep(rest)
    return [
        Comparison(
            step=step,
            calls=ours.calls[step],
            milliseconds=_median(times[ours.name], step),
            peer_calls=peer.calls[step],
            peer_milliseconds=_median(times[peer.name], step),
        )
        for step in STEPS
    ]


def _order_times(system: System, orders: int) -> Iterator[dict[str, float]]:
    """The milliseconds of each step, for one order after another."""
    for _ in range(orders):
        started = time.perf_counter()
        order = system.open()
        opened = time.perf_counter()
        system.fill(order)
        filled = time.perf_counter()
        system.pay(order)
        paid = time.perf_counter()
        system.read(order)
        read = time.perf_counter()
        yield {
            "open": (opened - started) * 1000,
            "create": (filled - started) * 1000,
            "pay": (paid - filled) * 1000,
            "read": (read - paid) * 1000,
        }


def _median(times: Sequence[Mapping[str, float]], step: str) -> float:
    return statistics.median(each[step] for each in times)
