"""What the services need from the outside, as protocols. Adapters fulfil them; tests fake them."""

import zlib
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import field
from datetime import datetime
from enum import StrEnum
from typing import Any, Final, Protocol

from .domain.commands import Change
from .domain.dataclass import dataclass
from .domain.delivery import Delivery
from .domain.details import Reference
from .domain.events import Recorded
from .domain.invoice import Invoice
from .domain.metafield import Metafield
from .domain.money import Money
from .domain.order import DeadlineKind, Order
from .domain.payment_account import PaymentAccount
from .domain.payment_link import PaymentLink
from .domain.people import Company, Membership, User
from .domain.report import PaymentReport
from .domain.shop import Cart, Credential, Product, Shop
from .domain.status import OrderStatus
from .domain.stock import StockItem
from .domain.subscription import Subscription


class Contention(Exception):
    """Another transaction was at the same items at the same time. Nothing was written."""


class VersionConflict(Contention):
    """Somebody else changed the order since it was read. Read it again and decide again."""


DAMAGE: Final = (LookupError, TypeError, ValueError, zlib.error)
"""What reading an item raises that is stored and damaged."""


class IdTaken(Exception):
    """Another order drew the same id. Draw again."""


@dataclass(frozen=True, slots=True)
class OrderKey:
    shop_id: str
    order_id: int


@dataclass(frozen=True, slots=True)
class DuePage:
    """A page of orders with something due, soonest first, and where the next page begins.

    ``cursor`` is ``None`` at the end; ``times`` are when the orders fall due, one each.
    ``unreadable`` are the keys of entries in it that are damaged and name no order.
    """

    orders: tuple[OrderKey, ...]
    cursor: str | None
    times: tuple[datetime, ...] = ()
    unreadable: tuple[str, ...] = ()

    @property
    def oldest(self) -> datetime | None:
        """When the first of them falls due."""
        return self.times[0] if self.times else None


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderSummary:
    """An order as the listing index shows it: what is searched for and seldom or never changes, so
    that what happens to the order doesn't rewrite its entry there."""

    id: int
    number: str
    customer_number: int | None = None

    @classmethod
    def of(cls, order: Order) -> "OrderSummary":
        """What the index shows of ``order``."""
        return cls(id=order.id, number=order.number, customer_number=order.customer_number)


@dataclass(frozen=True, slots=True)
class OrderPage:
    orders: tuple[OrderSummary, ...]
    next_after_id: int | None
    """Where the next page begins; ``None`` at the end."""


ORDER_EVENTS: Final = "orderhub.orders"
WEBHOOK_EVENTS: Final = "orderhub.webhooks"


@dataclass(frozen=True, slots=True, kw_only=True)
class OutgoingEvent:
    """An event on its way out. ``detail`` is the JSON text that consumers get; ``source`` tells
    orders' events from those of webhooks themselves. One that ``is_quiet`` was told to nobody when
    it was written. ``correlation_id`` is of what it follows from, empty where nobody knows;
    ``money`` is what came in or went back by it."""

    type: str
    occurred_at: str
    resource: str
    detail: str
    source: str = ORDER_EVENTS
    is_quiet: bool = False
    correlation_id: str = ""
    money: Money | None = None


@dataclass(frozen=True, slots=True)
class Published:
    """How many events were taken before the first that wasn't, and why it wasn't. ``is_lasting``
    says that it would not be taken the next time either."""

    count: int
    failure: str = ""
    is_lasting: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class UnreadableEvent:
    """What identifies a record of the outbox that nobody can be told of: where it stands in the
    table and in its stream, and the kind of error. Its content is left out."""

    event_id: str
    sequence_number: str
    keys: Mapping[str, str]
    why: str


class UnreadableEvents(Protocol):
    def put_aside(self, found: UnreadableEvent) -> None:
        """Keep it for an operator. Raises when it is not kept."""
        ...


class EventOutlet(Protocol):
    """Where events go out: a bus, or all ways together."""

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

    def glimpse(self, keys: Sequence[OrderKey]) -> Sequence[Order]:
        """:meth:`get_each`, without those that need a closer look: very long ones, and damaged
        ones, which must not stand in the way of the others."""
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

    def outgoing(self, shop_id: str, order_id: int) -> Iterator[OutgoingEvent]:
        """The same, as they went to the bus."""
        ...

    def page(
        self,
        shop_id: str,
        *,
        after_id: int = 0,
        before_id: int | None = None,
        limit: int = 50,
        newest_first: bool = False,
    ) -> OrderPage:
        """Orders by id, and so by the time they were created, oldest first unless told otherwise.

        The id where the next page begins is its ``after_id``, or with ``newest_first`` its
        ``before_id``."""
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
        """Ids of orders that changed after they were made, between these moments, both included, in
        the order of the changes, repeats included; read as they are asked for."""
        ...

    def due(
        self, kind: DeadlineKind, shard: int, until: datetime, *, limit: int, cursor: str | None
    ) -> DuePage:
        """Orders of every shop whose next deadline is of ``kind`` and passed by ``until``."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredOrder:
    """One order as it lies in the table, whole or damaged.

    ``snapshot`` is ``None`` where there is none or it can't be read; ``version`` is the one beside
    it, ``None`` without one, and ``version_inside`` the one that the snapshot itself has, which may
    be told though the rest can't be read. ``events`` are those that can be read, by sequence,
    ``unreadable`` the sequences of the others, ``strange`` the sort keys of items that stand among
    the events and have no sequence. ``wrong`` names attributes beside the snapshot that are not
    what it demands, ``not_found_in`` indexes that don't show the order though they should, and
    ``unlisted`` events that should stand in the index of changes and don't, or the other way round.
    """

    snapshot: Order | None
    version: int | None
    events: tuple[Recorded, ...]
    version_inside: int | None = None
    unreadable: tuple[int, ...] = ()
    strange: tuple[str, ...] = ()
    wrong: tuple[str, ...] = ()
    not_found_in: tuple[str, ...] = ()
    unlisted: tuple[int, ...] = ()


class OrderAudit(Protocol):
    """Orders as they are stored, for those who look after them. What it writes is derived from an
    order's events, and never over what somebody else wrote since."""

    def stored(self, shop_id: str, order_id: int) -> StoredOrder | None:
        """All of an order, read so that a write at the same time can't pass for damage; ``None``
        where nothing is stored of it. Indexes may lag behind."""
        ...

    def listed(
        self, shop_id: str, *, after_id: int = 0, before_id: int | None = None
    ) -> Iterator[int]:
        """The ids of the orders that the index of times has between these, lowest first, whatever
        else it says of them."""
        ...

    def owners(self, shop_id: str, names: Sequence[Reference]) -> Mapping[Reference, int]:
        """The ids of the orders that these names lead to; strongly consistent. A damaged name
        leads nowhere."""
        ...

    def rewrite(self, order: Order, read_version: int | None) -> None:
        """Write the snapshot and all that stands beside it, over the version that was read.

        Raises :class:`Contention` (:class:`VersionConflict`).
        """
        ...

    def list_change(self, order: Order, recorded: Recorded, *, is_last: bool) -> None:
        """Make an event stand in the index of changes, or not."""
        ...

    def claim(self, order: Order, name: Reference) -> None:
        """Make a name lead to the order, unless it leads somewhere already. A damaged one is
        written over."""
        ...


class OrderBackup(Protocol):
    """Orders as a backup of the table has them, to bring back what the table lost since."""

    def listed(self, shop_id: str) -> Iterator[int]:
        """The ids of the orders that the backup has, lowest first."""
        ...

    def stored(self, shop_id: str, order_id: int) -> StoredOrder | None:
        """All that the backup has of an order; ``None`` where it has nothing."""
        ...

    def put_back(self, shop_id: str, order_id: int, sequences: Sequence[int]) -> None:
        """Write these events as the backup has them, over what the table has now. Those before an
        interruption are there then.

        Raises :class:`Contention` where somebody else wrote one meanwhile.
        """
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
        self,
        shop_id: str,
        frontier: Frontier,
        order_id: int,
        held_until: datetime,
        *,
        in_batches: bool = False,
    ) -> bool:
        """Take away every milestone from ``order_id`` on, move the frontier back accordingly and
        hold it, unless it changed. ``in_batches`` is for those who may write so, and many."""
        ...


NumberedOrder = tuple[int, str]
"""An order's id and its number."""


class SegmentGone(Exception):
    """Another segment holds these orders by now. Read the manifest again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NumberSegment:
    """Some orders of a shop whose numbers were indexed together; it never changes.

    ``count`` orders have ids from ``first_id`` to ``last_id``, and positions in it from 0 on, by
    id. Their numbers are cut into grams of ``gram`` bytes (UTF-8), and shorter ones at the end;
    not at all where that is 0.
    """

    name: str
    count: int
    first_id: int
    last_id: int
    gram: int


@dataclass(frozen=True, slots=True, kw_only=True)
class NumberManifest:
    """Which segments a shop has. They hold each order up to ``frontier_id`` once, but for those
    that are noted as late.

    ``building`` is the name of a segment that is being written; ``retired`` are those that nobody
    needs any more and that are to be removed. ``taken_up`` are ids of orders that the segments
    hold although they may still be noted as late. ``frontier_id`` moves on no further before
    ``held_until``. Every change gives it another ``version``.
    """

    version: int = 0
    frontier_id: int = 0
    segments: tuple[NumberSegment, ...] = ()
    building: str = ""
    retired: tuple[str, ...] = ()
    taken_up: tuple[int, ...] = ()
    held_until: datetime | None = None


@dataclass(frozen=True, slots=True)
class LateOrder:
    """An order that was about to be made with an id in the past."""

    id: int
    number: str
    noted_at: datetime


class NumberIndex(Protocol):
    """The index of shops' order numbers by their parts
    (:mod:`orderhub.services.index_numbers`)."""

    def manifest(self, shop_id: str) -> NumberManifest:
        """Strongly consistent."""
        ...

    def replace(self, shop_id: str, read: NumberManifest, new: NumberManifest) -> bool:
        """Put ``new``, whose version is ``read``'s and one, unless ``read`` changed."""
        ...

    def note_late(self, shop_id: str, late: LateOrder) -> None:
        """Note an order, or note it anew. Raises :class:`IdTaken` where the note is of another
        number: of somebody who drew the same id."""
        ...

    def late(self, shop_id: str) -> Sequence[LateOrder]:
        """All that are noted, by id. Strongly consistent."""
        ...

    def forget_late(self, shop_id: str, late: LateOrder) -> None:
        """Unless it was noted anew meanwhile."""
        ...

    def write(
        self,
        shop_id: str,
        name: str,
        orders: Sequence[NumberedOrder],
        postings: Iterable[tuple[bytes, Sequence[int]]],
    ) -> None:
        """Write a segment: its orders by id, and for each gram, by gram, their positions."""
        ...

    def remove(self, shop_id: str, name: str) -> None:
        """Whatever there is of a segment. Harmless when repeated."""
        ...

    def orders(
        self, shop_id: str, segment: NumberSegment, positions: Sequence[int]
    ) -> Sequence[NumberedOrder]:
        """Those at ``positions``, one each. Raises :class:`SegmentGone`."""
        ...

    def all_orders(self, shop_id: str, segment: NumberSegment) -> Sequence[NumberedOrder]:
        """By id. Raises :class:`SegmentGone`."""
        ...

    def postings(
        self, shop_id: str, segment: NumberSegment, prefix: bytes
    ) -> Iterator[Sequence[int]]:
        """The positions of each gram that begins with ``prefix``, rising within each piece of a
        list; a long list comes in several. Raises :class:`SegmentGone`."""
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

    def enlist(self, shop: Shop) -> None:
        """See that it is in the list of shops, as every shop is that was put since there is one."""
        ...

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


class ListKind(StrEnum):
    """What a shop has that is listed."""

    PRODUCTS = "products"
    CARTS = "carts"
    USERS = "users"
    COMPANIES = "companies"


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """An entry in a list: enough to find the thing by. ``facts`` are a few more of it, by name."""

    id: str
    name: str = ""
    facts: Mapping[str, str | int | None] = field(default_factory=dict)


class Directory(Protocol):
    """Lists, each by id, strongly consistent, read page by page as they are asked for. What was
    last written before there were lists is in none."""

    def shops(self) -> Iterator[Listed]:
        """Those of the whole table: for operators, never for callers."""
        ...

    def of_shop(self, shop_id: str, kind: ListKind) -> Iterator[Listed]: ...


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


@dataclass(frozen=True, slots=True)
class SealedSecret:
    """One of an account's secrets, as the :class:`Vault` encrypted it. Operators call it by its
    ``number``."""

    number: int
    added_at: datetime
    sealed: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class SealedAccount:
    """A payment account with its secrets, in the order in which they were added."""

    account: PaymentAccount
    secrets: tuple[SealedSecret, ...] = ()


class PaymentAccounts(Protocol):
    """What shops' accounts with payment providers are known by. Reads are strongly consistent."""

    def get(self, shop_id: str, provider: str) -> SealedAccount | None: ...

    def of_shop(self, shop_id: str) -> Sequence[SealedAccount]:
        """By provider."""
        ...

    def put(self, after: SealedAccount, before: SealedAccount | None = None) -> None:
        """Write ``after`` over ``before``, which was read; without it, as the first.

        Raises :class:`VersionConflict` when it changed since: every change has an ``updated_at``
        of its own.
        """
        ...

    def remove(self, account: PaymentAccount) -> None:
        """Its secrets go with it. Raises :class:`VersionConflict` when it changed since it was
        read."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class StrayReport:
    """A report that could not be applied: ``no_order`` where it names none that is here, else the
    reason of the refusal. It is forgotten after ``kept_until``."""

    report: PaymentReport
    why: str
    kept_at: datetime
    kept_until: datetime


class StrayReports(Protocol):
    """Reports of payment providers that wait for their order, or for an operator. Reads are
    strongly consistent."""

    def keep(self, shop_id: str, stray: StrayReport) -> None:
        """The same report again takes the place of the first."""
        ...

    def of_transaction(
        self, shop_id: str, provider: str, transaction_id: str
    ) -> Sequence[StrayReport]: ...

    def of_shop(self, shop_id: str) -> Iterator[StrayReport]:
        """Read page by page as they are asked for; damaged ones are left out."""
        ...

    def unreadable(self, shop_id: str) -> Sequence[str]:
        """The sort keys of damaged ones."""
        ...

    def remove(self, shop_id: str, report: PaymentReport) -> None: ...


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
class SealedSubscription:
    """A subscription with its secrets as the :class:`Vault` encrypted them."""

    subscription: Subscription
    sealed: bytes = field(repr=False)


class UnreadableSubscription(Exception):
    """A stored subscription that can't be read."""


class Subscriptions(Protocol):
    """Whom a shop tells of its events. Reads are strongly consistent, and raise
    :class:`UnreadableSubscription` for what is damaged, unless they say otherwise."""

    def add(self, subscription: Subscription, sealed: bytes) -> None:
        """Raises :class:`IdTaken`."""
        ...

    def get(self, shop_id: str, subscription_id: int) -> SealedSubscription | None: ...

    def recent(
        self, names: Collection[tuple[str, int]]
    ) -> Mapping[tuple[str, int], SealedSubscription]:
        """Several at once, by shop and id, as they were up to a second ago; what is not found or
        damaged is left out."""
        ...

    def of_shop(self, shop_id: str) -> Sequence[Subscription]:
        """All of a shop, by id."""
        ...

    def replace(
        self, before: Subscription, after: Subscription, sealed: bytes | None = None
    ) -> None:
        """Write ``after`` over ``before``, which was read. Its secrets stay, unless others are
        given. Raises :class:`VersionConflict` when it changed since, or is gone."""
        ...

    def remove(self, subscription: Subscription) -> None:
        """Raises :class:`VersionConflict` when it changed since it was read. What is gone already
        is what was wanted."""
        ...


@dataclass(frozen=True, slots=True)
class DeliveryPage:
    """A page of the log, newest event first. ``cursor`` is where the next one begins; ``None`` at
    the end."""

    deliveries: tuple[Delivery, ...]
    cursor: str | None


class DeliveryLog(Protocol):
    """What became of each event for each subscription, as of its latest attempt."""

    def record(self, delivery: Delivery, *, kept_until: datetime) -> None:
        """Note an attempt: one write. ``delivery.attempts`` are added to those before."""
        ...

    def record_together(self, deliveries: Sequence[Delivery], *, kept_until: datetime) -> None:
        """Note several attempts of a group of :func:`~orderhub.domain.delivery.taken_together`,
        all of them successes: one write for some hundred bytes each."""
        ...

    def page(
        self, shop_id: str, subscription_id: int, *, limit: int, cursor: str | None = None
    ) -> DeliveryPage:
        """Raises ``ValueError`` for a cursor that no page ended with."""
        ...

    def of_event(
        self, shop_id: str, subscription_id: int, occurred_at: str, event_id: str
    ) -> Sequence[Delivery]:
        """What became of one event, by topic; ``occurred_at`` as events have it. Little is read
        but what happened within seconds of it."""
        ...


@dataclass(frozen=True, slots=True)
class QueuedDelivery:
    """One event for one subscription, under one topic. ``event`` is the event's detail as
    :class:`OutgoingEvent` has it."""

    shop_id: str
    subscription_id: int
    topic: str
    queued_at: datetime
    event: Mapping[str, Any] = field(repr=False)


@dataclass(frozen=True, slots=True)
class DeadDelivery:
    """A dead letter that was taken into the hand: nobody else sees it for a minute."""

    receipt: str
    delivery: QueuedDelivery


class DeliveryQueue(Protocol):
    """Deliveries that wait for their turn, and those that were given up. All methods raise
    :class:`~orderhub.domain.errors.Busy` or :class:`~orderhub.domain.errors.Unavailable`."""

    def send(self, deliveries: Sequence[QueuedDelivery]) -> None:
        """Queue all. When it raises, some may be queued."""
        ...

    def try_again(self, receipt: str, seconds: int) -> None:
        """Hand the delivery with this receipt out again after so long, at most 12 hours."""
        ...

    def dead(self) -> Iterator[DeadDelivery]:
        """Take up the dead letters, as they are asked for."""
        ...

    def bury(self, receipts: Sequence[str]) -> None:
        """Remove dead letters for good."""
        ...

    def put_back(self, receipts: Sequence[str]) -> None:
        """Let others see these dead letters again."""
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


class EndpointRefused(Exception):
    """A subscriber's endpoint that nothing is sent to. ``reason`` is a stable word:

    ``url`` for what is no plain absolute URL, ``scheme``, ``port``, ``host`` for a name that no
    public host has, ``address`` for one that stands for an address which is not public, and, when
    a URL is checked, ``unresolved`` for one that stands for none.
    """

    def __init__(self, reason: str) -> None:
        wanted = "; it must be https" if reason == "scheme" else ""
        super().__init__(f"a webhook's endpoint is refused: {reason}{wanted}")
        self.reason = reason


class EndpointFailed(Exception):
    """A subscriber's endpoint that did not answer. ``reason`` is a stable word:

    ``dns``, ``connect``, ``tls``, ``timeout``, ``closed``, ``too_large`` for headers past all
    bounds, or ``protocol`` for what is not HTTP.
    """

    def __init__(self, reason: str) -> None:
        super().__init__(f"a webhook's endpoint failed: {reason}")
        self.reason = reason


@dataclass(frozen=True, slots=True)
class WebhookAnswer:
    """``seconds`` is how long the status took; ``excerpt`` is how the body begins, printable."""

    status: int
    seconds: float
    excerpt: str = field(default="", repr=False)


class WebhookClient(Protocol):
    """Sends to endpoints that strangers chose. May be used by many threads at once.

    Plain ``http`` goes to hosts within the private networks that the operator allows, elsewhere
    only where ``allow_http`` says so.
    """

    def check(self, url: str, *, allow_http: bool = False) -> None:
        """Resolve the host and judge it as :meth:`post` will. Nothing is sent.

        Raises :class:`EndpointRefused`.
        """
        ...

    def post(
        self, url: str, headers: Mapping[str, str], body: bytes, *, allow_http: bool = False
    ) -> WebhookAnswer:
        """Send, once, and return what was answered, whatever its status; redirects are an answer
        like others.

        ``Host``, ``User-Agent``, ``Content-Length`` and headers about the connection are added.
        Raises :class:`EndpointRefused` before anything is sent, or :class:`EndpointFailed`.
        """
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
