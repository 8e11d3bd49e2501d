"""The bill as tables of text, for the terminal and for the document."""

from collections.abc import Iterator
from dataclasses import dataclass, fields, replace
from typing import Final

from .alternatives import PEER, PRIVATE_NETWORK, break_even, closing_runs, peer, sleeping_runs
from .assumptions import ASSUMED, Assumptions
from .bill import Charge, Part, Service, dollars
from .deployment import deployment
from .lives import PAID, UNPAID
from .measured import measured
from .prices import price_list
from .usage import Traffic, month

MILLION: Final = 1_000_000
LIVES: Final = (PAID, UNPAID)
VOLUMES: Final = (10_000, 100_000, MILLION, 10 * MILLION)
BUSY_HOURS: Final = (24, 12, 6)
SHOPS: Final = (1, 10, 100, 1_000)


@dataclass(frozen=True, slots=True)
class Table:
    """The first columns are words, the others are numbers."""

    heading: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    words: int = 1


def charges(traffic: Traffic) -> list[Charge]:
    """A month as deployed and measured."""
    return month(traffic, deployment(), measured())


def per_million(traffic: Traffic) -> float:
    """What a million orders cost with this traffic, workflows included: dollars that would not be
    there without orders, and the sweeps."""
    billed = charges(traffic)
    return dollars(billed, Part.ORDERS, Part.SWEEPS) / traffic.orders * MILLION


def traces(traffic: Traffic) -> float:
    """What X-Ray would cost per million orders, were it told of them."""
    traced = replace(deployment(), is_traced=True)
    billed = month(traffic, traced, measured())
    return dollars(billed, service=Service.TRACES) / traffic.orders * MILLION


def idle() -> float:
    """Dollars of a month without a single order."""
    return dollars(charges(Traffic(0)))


def by_service(traffic: Traffic) -> Table:
    """Each service's dollars per million orders, of both lives."""
    billed = [charges(replace(traffic, life=life)) for life in LIVES]

    def row(name: str, service: Service | None) -> tuple[str, ...]:
        found = (dollars(each, Part.ORDERS, Part.SWEEPS, service=service) for each in billed)
        return (name, *(_dollars(each / traffic.orders * MILLION) for each in found))

    shown = [service for service in Service if service not in _NOT_PER_ORDER]
    rows = [row(service.value, service) for service in shown]
    heading = ("$ per million orders", *(life.name for life in LIVES))
    return Table(heading, (*rows, row("**all**", None)))


_NOT_PER_ORDER: Final = frozenset({Service.STORAGE, Service.METRICS})


def by_step(traffic: Traffic) -> Table:
    """What each step of a life costs, per million orders."""
    billed = [each for each in charges(traffic) if each.part is Part.ORDERS]
    rows = []
    for step in dict.fromkeys(each.what for each in billed):
        own = [each for each in billed if each.what == step]
        grouped = [[each for each in own if each.service in group] for group in _GROUPS.values()]
        others = [each for each in own if not any(each in group for group in grouped)]
        cells = (dollars(each) / traffic.orders * MILLION for each in (*grouped, others, own))
        rows.append((step, *(_dollars(each) for each in cells)))
    return Table(("$ per million orders", *_GROUPS, "others", "all"), tuple(rows))


_GROUPS: Final = {
    "DynamoDB": (Service.READS, Service.WRITES),
    "HTTP API": (Service.HTTP,),
    "Lambda": (Service.INVOCATIONS, Service.COMPUTE),
    "SQS": (Service.QUEUE,),
    "logs, traces": (Service.LOGS, Service.TRACES),
}


def by_volume() -> Table:
    """What changes with how many orders come."""
    rows = []
    for orders in VOLUMES:
        bill = dollars(charges(Traffic(orders)))
        rows.append((f"{orders:,}", *_both(Traffic(orders)), _dollars(bill)))
    return Table(("orders a month", *_PER_MILLION, "whole bill, $"), tuple(rows))


def by_hours() -> Table:
    """What changes with the hours of a day in which they come."""
    rows = [(f"{hours}", *_both(Traffic(MILLION, hours=hours))) for hours in BUSY_HOURS]
    return Table(("hours a day", *_PER_MILLION), tuple(rows))


def by_shops() -> Table:
    """What changes with how many shops they are of."""
    rows = [(f"{shops:,}", *_both(Traffic(MILLION, shops=shops))) for shops in SHOPS]
    return Table(("shops", *_PER_MILLION), tuple(rows))


_PER_MILLION: Final = tuple(f"{life.name}, $ per million" for life in LIVES)


def _both(traffic: Traffic) -> Iterator[str]:
    for life in LIVES:
        yield _dollars(per_million(replace(traffic, life=life)))


def standing() -> Table:
    """The idle month, charge by charge."""
    billed = charges(Traffic(0))
    sweeps = dollars(billed, Part.SWEEPS)
    alone = [each for each in billed if each.part is Part.STANDING]
    rows = [(f"{each.what}: {each.quantity:,.0f}", _dollars(each.dollars)) for each in alone]
    return Table(
        ("without orders", "$ a month"),
        (*rows, ("empty sweeps", _dollars(sweeps)), ("**all**", _dollars(dollars(billed)))),
    )


def workflows() -> Table:
    """Ending deadlines by sweeps, and by a sleeping execution for each order."""
    rows = []
    for life in LIVES:
        traffic = Traffic(MILLION, life)
        here = closing_runs(traffic, deployment(), measured())
        rows.append((life.name, _dollars(here), _dollars(sleeping_runs(traffic))))
    return Table(("$ per million orders", "sweeps", "an execution each"), tuple(rows))


def peer_resources() -> Table:
    """The peer's bill."""
    listed = [*PEER, *PRIVATE_NETWORK]
    rows = [(each.what, _dollars(each.dollars)) for each in listed[: len(PEER)]]
    rows.append(("**all**", _dollars(peer())))
    rows += [(each.what, _dollars(each.dollars)) for each in listed[len(PEER) :]]
    rows.append(("**all, in private subnets**", _dollars(peer(*PRIVATE_NETWORK))))
    return Table(("the peer", "$ a month"), tuple(rows))


def break_evens() -> tuple[float, float]:
    """Orders a month up to which OrderHub is cheaper than the peer, without and with a private
    network."""
    public, private = (
        break_even(fixed, deployment(), measured()) for fixed in (peer(), peer(*PRIVATE_NETWORK))
    )
    return public, private


def assumptions() -> Table:
    """What is assumed, and in which unit."""
    rows = [
        (str(field.metadata["told"]), f"{getattr(ASSUMED, field.name):,.4g}")
        for field in fields(Assumptions)
    ]
    return Table(("assumed", ""), tuple(rows))


def prices() -> Table:
    """The list prices, with links to their pages."""
    listed = sorted(price_list().prices.values(), key=lambda each: (each.source.page, each.unit))
    rows = [
        (f"[{each.source.page}]({each.source.url})", each.unit, _exact(each.dollars))
        for each in listed
    ]
    return Table(("page", "for each", "$"), tuple(rows), words=2)


def _dollars(amount: float) -> str:
    return f"{amount:,.2f}"


def _exact(price: float) -> str:
    """With two decimals, or as many as it has."""
    exact = f"{price:.10f}".rstrip("0")
    return max(exact, _dollars(price), key=len)
