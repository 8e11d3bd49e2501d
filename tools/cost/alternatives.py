"""What the same would cost in other ways: with one sleeping execution per order, or on a
conventional peer that runs all the time."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from .bill import Part, Service, dollars
from .deployment import Deployment
from .lives import CLOSING, PAID, UNPAID
from .measured import Units
from .prices import price_list
from .usage import HOURS, Traffic, month

# -- one sleeping execution per order --------------------------------------------------------------

TRANSITIONS: Final = {
    PAID.name: (
        "wait for the payment's deadline",
        "expire what is unpaid",
        "choose: paid?",
        "wait for the refund window's end",
        "close it",
    ),
    UNPAID.name: ("wait for the payment's deadline", "expire what is unpaid", "choose: paid?"),
}
"""The states that an order's own execution passes, at the least, by the life's name."""

OPEN_EXECUTIONS: Final = 1_000_000
"""How many an account may have open in a region."""
WINDOW_DAYS: Final = 30
"""A refund window, which an execution sleeps through."""
MOST_A_DAY: Final = OPEN_EXECUTIONS / WINDOW_DAYS
"""Orders a day, beyond which the quota refuses executions."""

_RUNNING: Final = frozenset(
    {Service.INVOCATIONS, Service.COMPUTE, Service.LOGS, Service.TRACES, Service.WORKFLOWS}
)


def closing_runs(traffic: Traffic, deployed: Deployment, units: Mapping[str, Units]) -> float:
    """Dollars a month for what closes these orders here: sweeps, machines and functions. What
    they write is the same either way."""
    charges = month(traffic, deployed, units)
    closing = [each for each in charges if each.what == CLOSING and each.service in _RUNNING]
    return dollars(closing) + dollars(charges, Part.SWEEPS)


def sleeping_runs(traffic: Traffic) -> float:
    """Dollars a month for the state transitions of an execution for each of these orders. The
    runs of its functions would come on top."""
    transitions = traffic.orders * len(TRANSITIONS[traffic.life.name])
    return price_list()["transition"].of(transitions)


# -- a conventional peer ---------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Resource:
    """So many of something that is there all the time, each with ``quantity`` of what its price
    counts in a month."""

    what: str
    count: int
    quantity: float
    price: str

    @property
    def dollars(self) -> float:
        """A month."""
        return price_list()[self.price].of(self.count * self.quantity)


_CONTAINERS: Final = 3
_CPU: Final = 0.5
_MEMORY: Final = 2.0
"""GB: what Medusa asks of a host, at the least."""
_DATABASE_GB: Final = 20.0
"""The least that RDS takes."""

PEER: Final = (
    Resource(
        "containers: two servers, a worker; 0.5 vCPU each",
        _CONTAINERS,
        _CPU * HOURS,
        "container_cpu_hour",
    ),
    Resource("their memory, 2 GB each", _CONTAINERS, _MEMORY * HOURS, "container_gb_hour"),
    Resource("their public addresses", _CONTAINERS, HOURS, "ipv4_hour"),
    Resource("load balancer", 1, HOURS, "balancer_hour"),
    Resource("its public addresses, one in each zone", 2, HOURS, "ipv4_hour"),
    Resource("PostgreSQL with a standby, db.t4g.small", 1, HOURS, "database_hour"),
    Resource("its storage, 20 GB", 1, _DATABASE_GB, "database_gb"),
    Resource("Redis with a replica, cache.t4g.micro", 2, HOURS, "cache_hour"),
)
"""The smallest deployment of Medusa that outlives the loss of a zone."""

PRIVATE_NETWORK: Final = (
    Resource("NAT gateways, one in each zone", 2, HOURS, "nat_hour"),
    Resource("their public addresses", 2, HOURS, "ipv4_hour"),
    Resource("less the containers' addresses", -_CONTAINERS, HOURS, "ipv4_hour"),
)
"""What it costs more to have its containers in private subnets."""


def peer(*more: Resource) -> float:
    """Dollars a month."""
    return sum(resource.dollars for resource in (*PEER, *more))


def break_even(
    fixed: float, deployed: Deployment, units: Mapping[str, Units], most: float = 1e9
) -> float:
    """Up to how many paid orders a month OrderHub costs less than ``fixed`` dollars, all that a
    month's bill has included. Raises ``ValueError`` where it costs more from the first order on."""

    def bill(orders: float) -> float:
        return dollars(month(Traffic(orders), deployed, units))

    if bill(0) >= fixed:
        raise ValueError(f"${fixed:.2f} is less than what an idle month costs")
    low, high = 0.0, most
    while high - low > 1:
        middle = (low + high) / 2
        low, high = (middle, high) if bill(middle) < fixed else (low, middle)
    return low


# -- provisioned capacity --------------------------------------------------------------------------


def provisioned_writes(use: float) -> float:
    """Dollars for a million write units of provisioned capacity of which the share ``use`` is
    used."""
    return price_list()["provisioned_write_hour"].of(1_000_000 / 3_600 / use)
