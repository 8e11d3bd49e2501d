"""What the services need from the outside, as protocols. Adapters fulfil them; tests fake them."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from .domain.commands import Change
from .domain.details import Reference
from .domain.events import Recorded
from .domain.invoice import Invoice
from .domain.metafield import Metafield
from .domain.order import DeadlineKind, Order
from .domain.payment_link import PaymentLink
from .domain.people import Company, Membership, User
from .domain.shop import Cart, Credential, Product, Shop
from .domain.status import OrderStatus
from .domain.stock import StockItem


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
    customer_number: int | None = None

    @classmethod
    def of(cls, order: Order) -> "OrderSummary":
        """What the index shows of ``order`` as it stands."""
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
            customer_number=order.customer_number,
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
    """Orders, with their histories. Every method reads or writes one shop only, but those for jobs
    (``due``) and for buyers (``bought_by``, ``bought``, ``get_each``)."""

    def get(self, shop_id: str, order_id: int) -> Order | None:
        """One strongly consistent read."""
        ...

    def get_many(self, shop_id: str, order_ids: Sequence[int]) -> Sequence[Order]:
        """The orders with these ids, in their order; those that don't exist are left out.

        Read in batches and eventually consistent, so for lists.
        """
        ...

    def get_each(self, keys: Sequence[OrderKey]) -> Sequence[Order]:
        """:meth:`get_many` for orders of several shops."""
        ...

    def get_with_history(
        self, shop_id: str, order_id: int
    ) -> tuple[Order, Sequence[Recorded]] | None:
        """The order and all events up to its version: one strongly consistent query."""
        ...

    def named(self, shop_id: str, kind: str, value: str) -> Sequence[tuple[Reference, int]]:
        """All references of that kind and value, with the ids of the orders they name. Those past
        their lifetime name nothing any more."""
        ...

    def commit(self, change: Change) -> None:
        """Write a change as one transaction: all of it, or nothing.

        The shop's stock changes with it by what the order holds of it more or less than before.

        Raises :class:`Contention` (:class:`VersionConflict`), :class:`IdTaken` (new orders only),
        :class:`~orderhub.domain.errors.ReferenceTaken`,
        :class:`~orderhub.domain.errors.OutOfStock` (never for what goes back),
        :class:`~orderhub.domain.errors.Refused` (``order_too_large``) for more than one
        transaction holds,
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

    def count(self, shop_id: str, *, after_id: int, before_id: int) -> int:
        """How many orders have ids between these; the index entries in between are read."""
        ...

    def sold_by(
        self, shop_id: str, seller_id: str, *, before_id: int | None = None, limit: int
    ) -> Sequence[int]:
        """Ids of the newest orders of one seller made before the one with ``before_id``, newest
        first. Fewer than ``limit`` mean the end."""
        ...

    def of_customer(
        self, shop_id: str, number: int, *, after_id: int, before_id: int
    ) -> Iterator[int]:
        """Ids of the orders of the customer for whom ``number`` stands
        (:attr:`Order.customer_number`), ascending, read as they are asked for."""
        ...

    def on_desk(self, shop_id: str, *, is_filed: bool, status: OrderStatus) -> Iterator[int]:
        """Ids of a shop's orders that are filed, or not, and stored with that status, newest
        first, read as they are asked for."""
        ...

    def bought_by(self, buying_shop_id: str) -> Iterator[OrderKey]:
        """Orders of all shops whose customer is that shop, newest first, read as they are asked
        for."""
        ...

    def bought(self, buying_shop_id: str, order_id: int) -> Sequence[OrderKey]:
        """Those of them with that id: one, unless it bought at two shops under the same id."""
        ...

    def changed(self, shop_id: str, since: datetime, until: datetime | None) -> Iterator[int]:
        """Ids of orders that changed between these moments, both included, in the order of the
        changes, repeats included; read as they are asked for."""
        ...

    def due(
        self, kind: DeadlineKind, shard: int, until: datetime, *, limit: int, cursor: str | None
    ) -> DuePage:
        """Orders of every shop whose next deadline is of ``kind`` and passed by ``until``."""
        ...


@dataclass(frozen=True, slots=True)
class Milestone:
    """``rank`` orders of the shop have ids up to ``id``."""

    rank: int
    id: int


@dataclass(frozen=True, slots=True)
class Frontier:
    """The last milestone. None is laid beyond it before ``held_until``; every change of the
    frontier gives it another ``version``."""

    milestone: Milestone
    version: int
    held_until: datetime | None = None


class OrderRanks(Protocol):
    """Milestones of a shop's orders, for ranks (:mod:`orderhub.services.rank_orders`)."""

    def before_id(self, shop_id: str, order_id: int) -> Milestone:
        """The last milestone whose id is not greater; rank 0 and id 0 before the first."""
        ...

    def before_rank(self, shop_id: str, rank: int) -> Milestone:
        """The last milestone whose rank is not greater."""
        ...

    def frontier(self, shop_id: str) -> Frontier:
        """Strongly consistent."""
        ...

    def lay(self, shop_id: str, frontier: Frontier, order_id: int, rank: int) -> bool:
        """Lay the next milestone and move the frontier to it, unless the frontier changed."""
        ...

    def retreat(
        self, shop_id: str, frontier: Frontier, order_id: int, held_until: datetime
    ) -> bool:
        """Take away every milestone from ``order_id`` on, move the frontier back accordingly and
        hold it, unless it changed."""
        ...


@dataclass(frozen=True, slots=True)
class SealedCredential:
    """A credential with its secrets as the :class:`Vault` encrypted them; nothing (``b""``) where
    it has none, or none any more."""

    credential: Credential
    sealed: bytes = field(repr=False)


class ShopRepository(Protocol):
    def get(self, shop_id: str) -> Shop | None: ...

    def put(self, shop: Shop) -> None: ...

    def add_credential(self, credential: Credential, sealed: bytes = b"") -> None:
        """``sealed`` are secrets that go with it, encrypted. A revocation forgets them.

        Raises :class:`~orderhub.domain.errors.InvalidField` (``token``, ``taken``) when any
        credential has this token's hash.
        """
        ...

    def credential(self, token_hash: str) -> Credential | None: ...

    def sealed_credential(self, token_hash: str) -> SealedCredential | None:
        """One strongly consistent read."""
        ...

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

    def stock(self, shop_id: str, items: Iterable[StockItem]) -> Mapping[StockItem, int]:
        """How many pieces of each are there, strongly consistent; 0 of what was never counted."""
        ...

    def set_stock(self, shop_id: str, product_id: str, variant_id: str, quantity: int) -> None:
        """So many are there now, whatever was known before."""
        ...

    def cart(self, shop_id: str, cart_id: str) -> Cart | None: ...

    def put_cart(self, shop_id: str, cart: Cart) -> None: ...


class PaymentLinks(Protocol):
    """Links to pay by, found by the hash of their token, whatever shop they are of."""

    def add(self, link: PaymentLink) -> None: ...

    def get(self, token_hash: str) -> PaymentLink | None:
        """Strongly consistent: a link works as soon as its mail is there. One past its
        ``kept_until`` may still be found."""
        ...


class Metafields(Protocol):
    """Metafields of one shop at a time, strongly consistent."""

    def get(self, shop_id: str, metafield_id: int) -> Metafield | None: ...

    def get_many(self, shop_id: str, metafield_ids: Sequence[int]) -> Sequence[Metafield]:
        """Those that exist, each once, by id."""
        ...

    def of_owner(self, shop_id: str, owner_resource: str, owner_id: int) -> Sequence[Metafield]:
        """All that belong to one thing, by id."""
        ...

    def between(self, shop_id: str, *, after_id: int, before_id: int) -> Iterator[Metafield]:
        """By id, read page by page as they are asked for."""
        ...

    def count(self, shop_id: str, *, after_id: int, before_id: int) -> int: ...

    def add(self, metafield: Metafield) -> None:
        """Raises :class:`IdTaken`, :class:`Contention`, or
        :class:`~orderhub.domain.errors.InvalidField` (``name``, ``taken``) when its owner has one
        of that name."""
        ...

    def replace(self, before: Metafield, after: Metafield) -> None:
        """Write ``after`` over ``before``, which was read; the name goes along.

        Raises :class:`VersionConflict` when it changed since, :class:`Contention`, or
        :class:`~orderhub.domain.errors.InvalidField` (``name``, ``taken``).
        """
        ...

    def remove(self, metafield: Metafield) -> None:
        """Raises :class:`VersionConflict` when it changed since it was read, or
        :class:`Contention`."""
        ...


@dataclass(frozen=True, slots=True)
class Mail:
    """A plain text message to one person, and a copy to another if need be. Neither logged nor
    kept."""

    to: str
    subject: str
    text: str
    copy_to: str = ""


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


class Vault(Protocol):
    """Encrypts secrets that must be readable again.

    ``context`` says in plain words what a secret is for and whose it is. It is not kept with the
    secret, but the same context opens it and no other, so that what was meant for one shop or
    purpose is of no use for another. ``purpose`` must be one of its keys: functions are allowed
    to decrypt by purpose.
    """

    def encrypt(self, plain: bytes, context: Mapping[str, str]) -> bytes:
        """Raises :class:`~orderhub.domain.errors.Busy` or
        :class:`~orderhub.domain.errors.Unavailable`. At most 4096 bytes."""
        ...

    def decrypt(self, sealed: bytes, context: Mapping[str, str]) -> bytes:
        """Raises :class:`Unreadable`, :class:`~orderhub.domain.errors.Busy` or
        :class:`~orderhub.domain.errors.Unavailable`."""
        ...


class Unreadable(Exception):
    """A secret that its context, or the vault's key, does not open."""


class Nonces(Protocol):
    """Words that count once."""

    def spend(self, nonce: str, until: datetime) -> bool:
        """Whether nobody spent ``nonce`` before. It stays spent until ``until``, and may be
        forgotten then."""
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
