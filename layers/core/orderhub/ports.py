"""What the services need from the outside, as protocols. Adapters fulfil them; tests fake them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from .domain.commands import Change
from .domain.details import Reference
from .domain.events import Recorded
from .domain.order import DeadlineKind, Order
from .domain.shop import Cart, Credential, Product, Shop


class Contention(Exception):
    """Another transaction was at the same items at the same time. Nothing was written."""


class VersionConflict(Contention):
    """Somebody else changed the order since it was read. Read it again and decide again."""


class IdTaken(Exception):
    """Another order drew the same id. Draw again."""


@dataclass(frozen=True, slots=True)
class OrderKey:
    shop_id: str
    order_id: int


@dataclass(frozen=True, slots=True)
class DuePage:
    """A page of orders with something due, soonest first, and where the next page begins.

    ``cursor`` is ``None`` at the end; ``oldest`` is when the first of them fell due.
    """

    orders: tuple[OrderKey, ...]
    cursor: str | None
    oldest: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderSummary:
    """An order as the listing index shows it: enough to choose by, one cheap read for a page."""

    id: int
    number: str
    wire: str
    status: str
    payment_status: str
    fulfilment_status: str
    currency: str
    total: int
    """In minor units of ``currency``."""
    updated_at: datetime
    seller_mark: str = ""
    customer_id: str = ""


@dataclass(frozen=True, slots=True)
class OrderPage:
    orders: tuple[OrderSummary, ...]
    next_after_id: int | None
    """Where the next page begins; ``None`` at the end."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OutgoingEvent:
    """An order's event on its way to the bus. ``detail`` is the JSON text that consumers get."""

    type: str
    occurred_at: str
    resource: str
    detail: str


@dataclass(frozen=True, slots=True)
class Published:
    """How many events were taken before the first that wasn't, and why it wasn't."""

    count: int
    failure: str = ""


class EventBus(Protocol):
    def publish(self, events: Sequence[OutgoingEvent]) -> Published:
        """Publish in order, up to the first event that is not taken."""
        ...


class OrderRepository(Protocol):
    """Orders, with their histories. Every method reads or writes one shop only."""

    def get(self, shop_id: str, order_id: int) -> Order | None:
        """One strongly consistent read."""
        ...

    def named(self, shop_id: str, kind: str, value: str) -> Sequence[tuple[Reference, int]]:
        """All references of that kind and value, with the ids of the orders they name."""
        ...

    def commit(self, change: Change) -> None:
        """Write a change as one transaction: all of it, or nothing.

        Raises :class:`Contention` (:class:`VersionConflict`), :class:`IdTaken` (new orders only),
        :class:`~orderhub.domain.errors.ReferenceTaken`,
        :class:`~orderhub.domain.errors.NameIsAnId`, or
        :class:`~orderhub.domain.errors.Busy` when the table is throttled.
        """
        ...

    def history(self, shop_id: str, order_id: int) -> Iterator[Recorded]:
        """The order's events in the order in which they happened."""
        ...

    def page(
        self, shop_id: str, *, after_id: int = 0, before_id: int | None = None, limit: int = 50
    ) -> OrderPage:
        """Orders by id, and so by the time they were created, oldest first."""
        ...

    def due(
        self, kind: DeadlineKind, shard: int, until: datetime, *, limit: int, cursor: str | None
    ) -> DuePage:
        """Orders of every shop whose next deadline is of ``kind`` and passed by ``until``."""
        ...


class ShopRepository(Protocol):
    def get(self, shop_id: str) -> Shop | None: ...

    def put(self, shop: Shop) -> None: ...

    def add_credential(self, credential: Credential) -> None: ...

    def credential(self, token_hash: str) -> Credential | None: ...

    def credentials(self, shop_id: str) -> Sequence[Credential]: ...

    def revoke(self, shop_id: str, credential_id: str, at: datetime) -> Credential:
        """Raises :class:`~orderhub.domain.errors.NotFound`."""
        ...


class Catalog(Protocol):
    def product(self, shop_id: str, product_id: str) -> Product | None: ...

    def put_product(self, shop_id: str, product: Product) -> None: ...

    def cart(self, shop_id: str, cart_id: str) -> Cart | None: ...

    def put_cart(self, shop_id: str, cart: Cart) -> None: ...


class Clock(Protocol):
    def now(self) -> datetime:
        """UTC, to the millisecond."""
        ...

    def monotonic(self) -> float:
        """Seconds that never go back, for ages and time limits."""
        ...

    def sleep(self, seconds: float) -> None: ...


class Entropy(Protocol):
    def order_id_tail(self) -> int:
        """Twelve random bits."""
        ...

    def jitter(self, at_most: float) -> float:
        """A random share of ``at_most`` seconds."""
        ...
