"""What the services need from the outside, as protocols. Adapters fulfil them; tests fake them."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from .domain.commands import Change
from .domain.details import Reference
from .domain.events import Recorded
from .domain.invoice import Invoice
from .domain.order import DeadlineKind, Order
from .domain.payment_link import PaymentLink
from .domain.people import Company, Membership, User
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

    @classmethod
    def of(cls, order: Order) -> "OrderSummary":
        """What the index shows of ``order`` as it stands."""
        customer = order.details.customer
        return cls(
            id=order.id,
            number=order.number,
            wire=order.wire,
            status=order.status.value,
            payment_status=order.payment_status.value,
            fulfilment_status=order.fulfilment_status.value,
            currency=order.currency,
            total=order.total.amount,
            updated_at=order.updated_at,
            seller_mark=order.seller_mark.value if order.seller_mark else "",
            customer_id=customer.id if customer else "",
        )


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

    def get_many(self, shop_id: str, order_ids: Sequence[int]) -> Sequence[Order]:
        """The orders with these ids, in their order; those that don't exist are left out.

        Read in batches and eventually consistent, so for lists.
        """
        ...

    def get_with_history(
        self, shop_id: str, order_id: int
    ) -> tuple[Order, Sequence[Recorded]] | None:
        """The order and all events up to its version: one strongly consistent query."""
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

    def latest(
        self, shop_id: str, *, before_id: int | None = None, limit: int = 50
    ) -> Sequence[OrderSummary]:
        """The newest orders made before the one with ``before_id``, newest first.

        Fewer than ``limit`` mean the end.
        """
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


class PeopleRepository(Protocol):
    """Users, companies, and who belongs to which. Nothing is read across shops."""

    def user(self, shop_id: str, user_id: int) -> User | None: ...

    def put_user(self, user: User) -> None: ...

    def company(self, shop_id: str, company_id: int) -> Company | None: ...

    def put_company(self, company: Company) -> None: ...

    def remove_company(self, shop_id: str, company_id: int) -> None:
        """Its memberships stay, should it come back."""
        ...

    def membership(self, shop_id: str, company_id: int, user_id: int) -> Membership | None: ...

    def members(self, shop_id: str, company_id: int) -> Sequence[Membership]:
        """By user id."""
        ...

    def put_membership(self, shop_id: str, membership: Membership) -> None: ...

    def remove_membership(self, shop_id: str, company_id: int, user_id: int) -> None: ...


class Catalog(Protocol):
    def product(self, shop_id: str, product_id: str) -> Product | None: ...

    def products(self, shop_id: str, product_ids: Iterable[str]) -> Mapping[str, Product]:
        """By id, those that exist; read in batches."""
        ...

    def put_product(self, shop_id: str, product: Product) -> None: ...

    def cart(self, shop_id: str, cart_id: str) -> Cart | None: ...

    def put_cart(self, shop_id: str, cart: Cart) -> None: ...


class PaymentLinks(Protocol):
    """Links to pay by, found by the hash of their token, whatever shop they are of."""

    def add(self, link: PaymentLink) -> None: ...

    def get(self, token_hash: str) -> PaymentLink | None:
        """Strongly consistent: a link works as soon as its mail is there. One past its
        ``kept_until`` may still be found."""
        ...


@dataclass(frozen=True, slots=True)
class Mail:
    """A plain text message to one person. Neither logged nor kept."""

    to: str
    subject: str
    text: str


class Mailer(Protocol):
    def send(self, mail: Mail) -> None:
        """Hand a message over for delivery.

        Raises :class:`~orderhub.domain.errors.InvalidField` (``email``) for an address that can't
        get mail, :class:`~orderhub.domain.errors.Busy` or
        :class:`~orderhub.domain.errors.Unavailable` when trying again may help.
        """
        ...


class QrCoder(Protocol):
    def png_base64(self, text: str) -> str:
        """A QR code that reads as ``text``: a PNG picture, in base64."""
        ...


class InvoiceRenderer(Protocol):
    def render(self, invoice: Invoice, order: Order, *, timezone: str) -> bytes:
        """A PDF. The same invoice gives the same bytes; days are those of ``timezone`` (IANA)."""
        ...


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

    def digits(self, count: int) -> str:
        """So many random decimal digits."""
        ...

    def jitter(self, at_most: float) -> float:
        """A random share of ``at_most`` seconds."""
        ...
