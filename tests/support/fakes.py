"""Hand-written stand-ins for the ports, for tests without input or output."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TypeVar

from orderhub.adapters.dynamodb import items, stream
from orderhub.adapters.dynamodb.items import stands_in_changes
from orderhub.domain import identity
from orderhub.domain.commands import Change
from orderhub.domain.details import Reference
from orderhub.domain.errors import (
    InvalidField,
    NameIsAnId,
    NotFound,
    OutOfStock,
    ReferenceTaken,
)
from orderhub.domain.events import Recorded, claims
from orderhub.domain.metafield import Metafield
from orderhub.domain.order import DeadlineKind, Order
from orderhub.domain.payment_account import PaymentAccount
from orderhub.domain.payment_link import PaymentLink
from orderhub.domain.people import Company, Membership, User
from orderhub.domain.report import PaymentReport
from orderhub.domain.shop import Cart, Credential, Product, Shop
from orderhub.domain.status import OrderStatus
from orderhub.domain.stock import StockItem
from orderhub.ports import (
    Contention,
    DuePage,
    Frontier,
    IdTaken,
    LateOrder,
    Mail,
    Milestone,
    NumberedOrder,
    NumberManifest,
    NumberSegment,
    OrderKey,
    OrderPage,
    OrderSummary,
    OutgoingEvent,
    SealedAccount,
    SealedCredential,
    SegmentGone,
    StrayReport,
    Unreadable,
    VersionConflict,
)
from orderhub.services.desk import Desk

_T = TypeVar("_T")

NOON = datetime(2026, 11, 21, 12, 0, 0, tzinfo=UTC)


class FakeClock:
    """Time that moves when it is told to, and while somebody sleeps."""

    def __init__(self, now: datetime = NOON) -> None:
        self.time = now
        self.slept: list[float] = []

    def now(self) -> datetime:
        return self.time

    def monotonic(self) -> float:
        return (self.time - NOON).total_seconds()

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.advance(seconds)

    def advance(self, seconds: float) -> None:
        self.time += timedelta(seconds=seconds)


class FakeEntropy:
    """Chance that can be foreseen: tails and digits count up (or are given), jitter is all of
    it."""

    def __init__(self, tails: Sequence[int] = (), digits: Sequence[str] = ()) -> None:
        self._given = list(tails)
        self._next = 0
        self._given_digits = list(digits)
        self._next_digits = 0

    def order_id_tail(self) -> int:
        if self._given:
            return self._given.pop(0)
        self._next += 1
        return self._next

    def digits(self, count: int) -> str:
        if self._given_digits:
            return self._given_digits.pop(0)
        self._next_digits += 1
        return f"{self._next_digits:0{count}d}"

    def jitter(self, at_most: float) -> float:
        return at_most


class FakeOrders:
    """Orders in memory, with the table's promises: all of a change or nothing, versions checked,
    references unique within a shop, nothing taken from the stock that isn't there."""

    def __init__(self, clock: FakeClock | None = None) -> None:
        self.clock = clock or FakeClock()
        self.snapshots: dict[OrderKey, Order] = {}
        self.events: dict[OrderKey, list[Recorded]] = {}
        self.references: dict[tuple[str, Reference], int] = {}
        self.claimed_at: dict[tuple[str, Reference], datetime] = {}
        self.quiet: set[tuple[OrderKey, int]] = set()
        """Events that subscribers are not told of, by order and sequence."""
        self.stock: dict[tuple[str, StockItem], int] = {}
        self.reads = 0
        self.entries_counted = 0
        self.commits = 0
        self.contend: list[Exception] = []
        """Raised by the next commits, first come first served."""
        self.meanwhile: list[Callable[[], object]] = []
        """What others do just before the next commits, one thing before each."""
        self.broken: dict[OrderKey, Exception] = {}
        """Orders that can't be read, and what happens instead."""

    def get(self, shop_id: str, order_id: int) -> Order | None:
        self.reads += 1
        if OrderKey(shop_id, order_id) in self.broken:
            raise self.broken[OrderKey(shop_id, order_id)]
        return self.snapshots.get(OrderKey(shop_id, order_id))

    def get_many(self, shop_id: str, order_ids: Sequence[int]) -> Sequence[Order]:
        self.reads += 1
        found = (self.snapshots.get(OrderKey(shop_id, order_id)) for order_id in order_ids)
        return [order for order in found if order]

    def get_with_history(
        self, shop_id: str, order_id: int
    ) -> tuple[Order, Sequence[Recorded]] | None:
        order = self.get(shop_id, order_id)
        return (order, list(self.history(shop_id, order_id))) if order else None

    def named(self, shop_id: str, kind: str, value: str) -> Sequence[tuple[Reference, int]]:
        return [
            (reference, order_id)
            for (shop, reference), order_id in self.references.items()
            if (shop, reference.kind, reference.value) == (shop_id, kind, value)
            and self._owner(shop, reference)
        ]

    def _owner(self, shop_id: str, name: Reference) -> int | None:
        """The order with that name, unless the name is past its lifetime."""
        if (shop_id, name) not in self.references:
            return None
        age = (self.clock.now() - self.claimed_at.get((shop_id, name), NOON)).total_seconds()
        if name.lifetime is not None and age >= name.lifetime:
            return None
        return self.references[shop_id, name]

    def commit(self, change: Change) -> None:
        if self.meanwhile:
            self.meanwhile.pop(0)()
        if self.contend:
            raise self.contend.pop(0)
        after = change.order
        key = OrderKey(after.shop_id, after.id)
        stored = self.snapshots.get(key)
        if change.before is not None and (
            stored is None or stored.version != change.before.version
        ):
            raise VersionConflict
        claimed = [name for entry in change.recorded for name in claims(entry.event)]
        for name in claimed:
            owner = self._owner(after.shop_id, name)
            if owner is not None:
                raise ReferenceTaken(name.kind, name.scope, name.value, owner)
        for name in claimed:
            other = OrderKey(after.shop_id, identity.order_id_in(name.value) or 0)
            if name.kind == "order" and other != key and other in self.snapshots:
                raise NameIsAnId(name.value)
        if change.before is None and stored is not None:
            raise IdTaken
        stock = Counter({(after.shop_id, t.item): t.quantity for t in after.stock_taken})
        if change.before:
            stock.subtract({(after.shop_id, t.item): t.quantity for t in change.before.stock_taken})
        short = [item for item, taken in stock.items() if taken > max(0, self.stock.get(item, 0))]
        if short:
            raise OutOfStock(tuple(item for _, item in short))
        for item, taken in stock.items():
            self.stock[item] = self.stock.get(item, 0) - taken
        self.snapshots[key] = after
        self.events.setdefault(key, []).extend(change.recorded)
        if change.is_quiet:
            self.quiet.update((key, entry.sequence) for entry in change.recorded)
        self.references.update({(after.shop_id, name): after.id for name in claimed})
        self.claimed_at.update({(after.shop_id, name): self.clock.now() for name in claimed})
        self.commits += 1

    def history(self, shop_id: str, order_id: int) -> Iterator[Recorded]:
        yield from self.events.get(OrderKey(shop_id, order_id), [])

    def outgoing(self, shop_id: str, order_id: int) -> Iterator[OutgoingEvent]:
        order = self.snapshots.get(OrderKey(shop_id, order_id))
        for recorded in self.history(shop_id, order_id):
            assert order
            is_quiet = (OrderKey(shop_id, order_id), recorded.sequence) in self.quiet
            yield from stream.outgoing(*items.events(order, [recorded], is_quiet=is_quiet))

    def page(
        self,
        shop_id: str,
        *,
        after_id: int = 0,
        before_id: int | None = None,
        limit: int = 50,
        newest_first: bool = False,
    ) -> OrderPage:
        self.reads += 1
        found = [
            OrderSummary.of(self.snapshots[OrderKey(shop_id, order_id)])
            for order_id in self._ids(shop_id, after_id, before_id)
        ]
        if newest_first:
            found.reverse()
        page = tuple(found[:limit])
        return OrderPage(page, page[-1].id if len(found) >= limit else None)

    def count(self, shop_id: str, *, after_id: int, before_id: int) -> int:
        self.reads += 1
        counted = len(self._ids(shop_id, after_id, before_id))
        self.entries_counted += counted
        return counted

    def sold_by(
        self, shop_id: str, seller_id: str, *, before_id: int | None = None, limit: int
    ) -> Sequence[int]:
        self.reads += 1
        newest = reversed(self._ids(shop_id, 0, before_id))
        orders = (self.snapshots[OrderKey(shop_id, order_id)] for order_id in newest)
        return [order.id for order in orders if order.seller_id == seller_id][:limit]

    def of_customer(
        self, shop_id: str, number: int, *, after_id: int, before_id: int
    ) -> Iterator[int]:
        self.reads += 1
        for order_id in self._ids(shop_id, after_id, before_id):
            if self.snapshots[OrderKey(shop_id, order_id)].customer_number == number:
                yield order_id

    def get_each(self, keys: Sequence[OrderKey]) -> Sequence[Order]:
        self.reads += 1
        found = (self.snapshots.get(key) for key in keys)
        return [order for order in found if order]

    def glimpse(self, keys: Sequence[OrderKey]) -> Sequence[Order]:
        return self.get_each([key for key in keys if key not in self.broken])

    def on_desk(self, shop_id: str, *, is_filed: bool, status: OrderStatus) -> Iterator[int]:
        self.reads += 1
        for order_id in reversed(self._ids(shop_id, 0, None)):
            order = self.snapshots[OrderKey(shop_id, order_id)]
            if (order.is_filed, order.status) == (is_filed, status):
                yield order_id

    def bought_by(self, buying_shop_id: str) -> Iterator[OrderKey]:
        self.reads += 1
        found = [
            key
            for key, order in self.snapshots.items()
            if buying_shop_id and order.buying_shop_id == buying_shop_id
        ]
        yield from sorted(found, key=lambda key: key.order_id, reverse=True)

    def bought(self, buying_shop_id: str, order_id: int) -> Sequence[OrderKey]:
        return [key for key in self.bought_by(buying_shop_id) if key.order_id == order_id]

    def changed(self, shop_id: str, since: datetime, until: datetime | None) -> Iterator[int]:
        self.reads += 1
        changes = sorted(
            (recorded.at, key.order_id)
            for key, events in self.events.items()
            for recorded in events
            if key.shop_id == shop_id and stands_in_changes(key.order_id, recorded.at)
        )
        for at, order_id in changes:
            if since <= at and (until is None or at <= until):
                yield order_id

    def _ids(self, shop_id: str, after_id: int, before_id: int | None) -> list[int]:
        return sorted(
            key.order_id
            for key in self.snapshots
            if key.shop_id == shop_id
            and after_id < key.order_id
            and (before_id is None or key.order_id < before_id)
        )

    def due(
        self, kind: DeadlineKind, shard: int, until: datetime, *, limit: int, cursor: str | None
    ) -> DuePage:
        due = sorted(
            (order.deadlines[0].at, key)
            for key, order in self.snapshots.items()
            if shard == 0
            and order.deadlines
            and order.deadlines[0].kind is kind
            and order.deadlines[0].at <= until
        )
        start = int(cursor or 0)
        page = due[start : start + limit]
        more = start + limit < len(due)
        return DuePage(
            tuple(key for _, key in page),
            str(start + limit) if more else None,
            tuple(at for at, _ in page),
        )


class FakeRanks:
    """Milestones in memory."""

    def __init__(self) -> None:
        self.milestones: dict[str, list[Milestone]] = {}
        self.frontiers: dict[str, Frontier] = {}
        self.meanwhile: list[Callable[[], object]] = []
        """What others do just before the next changes of a frontier."""

    def before_id(self, shop_id: str, order_id: int) -> Milestone:
        return self._last(m for m in self.milestones.get(shop_id, []) if m.id <= order_id)

    def before_rank(self, shop_id: str, rank: int) -> Milestone:
        return self._last(m for m in self.milestones.get(shop_id, []) if m.rank <= rank)

    def frontier(self, shop_id: str) -> Frontier:
        return self.frontiers.get(shop_id, Frontier(Milestone(0, 0), 0))

    def lay(self, shop_id: str, frontier: Frontier, order_id: int, rank: int) -> bool:
        if not self._is_unchanged(shop_id, frontier):
            return False
        milestone = Milestone(rank, order_id)
        self.milestones.setdefault(shop_id, []).append(milestone)
        self.frontiers[shop_id] = Frontier(milestone, frontier.version + 1)
        return True

    def retreat(
        self,
        shop_id: str,
        frontier: Frontier,
        order_id: int,
        held_until: datetime,
        *,
        in_batches: bool = False,
    ) -> bool:
        if not self._is_unchanged(shop_id, frontier):
            return False
        kept = [m for m in self.milestones.get(shop_id, []) if m.id < order_id]
        self.milestones[shop_id] = kept
        self.frontiers[shop_id] = Frontier(self._last(kept), frontier.version + 1, held_until)
        return True

    def _is_unchanged(self, shop_id: str, frontier: Frontier) -> bool:
        if self.meanwhile:
            self.meanwhile.pop(0)()
        return self.frontier(shop_id).version == frontier.version

    @staticmethod
    def _last(milestones: Iterable[Milestone]) -> Milestone:
        return max(milestones, key=lambda m: m.id, default=Milestone(0, 0))


class FakeNumberIndex:
    """Segments of the index of numbers in memory."""

    def __init__(self) -> None:
        self.manifests: dict[str, NumberManifest] = {}
        self.notes: dict[str, dict[int, LateOrder]] = {}
        self.segments: dict[
            tuple[str, str],
            tuple[Sequence[NumberedOrder], Sequence[tuple[bytes, Sequence[int]]]],
        ] = {}
        self.meanwhile: list[Callable[[], object]] = []
        """What others do just before the next changes of a manifest."""
        self.between_reads: list[Callable[[], object]] = []
        """What others do just after the next reads of anything."""
        self.reads = 0

    def manifest(self, shop_id: str) -> NumberManifest:
        return self._read(self.manifests.get(shop_id, NumberManifest()))

    def replace(self, shop_id: str, read: NumberManifest, new: NumberManifest) -> bool:
        if self.meanwhile:
            self.meanwhile.pop(0)()
        if self.manifests.get(shop_id, NumberManifest()).version != read.version:
            return False
        self.manifests[shop_id] = replace(new, version=read.version + 1)
        return True

    def note_late(self, shop_id: str, late: LateOrder) -> None:
        notes = self.notes.setdefault(shop_id, {})
        if late.id in notes and notes[late.id].number != late.number:
            raise IdTaken
        notes[late.id] = late

    def late(self, shop_id: str) -> Sequence[LateOrder]:
        notes = self.notes.get(shop_id, {})
        return self._read([notes[order_id] for order_id in sorted(notes)])

    def forget_late(self, shop_id: str, late: LateOrder) -> None:
        if self.notes[shop_id].get(late.id) == late:
            del self.notes[shop_id][late.id]

    def write(
        self,
        shop_id: str,
        name: str,
        orders: Sequence[NumberedOrder],
        postings: Iterable[tuple[bytes, Sequence[int]]],
    ) -> None:
        self.segments[shop_id, name] = (orders, list(postings))

    def remove(self, shop_id: str, name: str) -> None:
        self.segments.pop((shop_id, name), None)

    def orders(
        self, shop_id: str, segment: NumberSegment, positions: Sequence[int]
    ) -> Sequence[NumberedOrder]:
        orders, _ = self._segment(shop_id, segment)
        return self._read([orders[position] for position in positions])

    def all_orders(self, shop_id: str, segment: NumberSegment) -> Sequence[NumberedOrder]:
        return self._segment(shop_id, segment)[0]

    def postings(
        self, shop_id: str, segment: NumberSegment, prefix: bytes
    ) -> Iterator[Sequence[int]]:
        _, postings = self._segment(shop_id, segment)
        yield from self._read([found for gram, found in postings if gram.startswith(prefix)])

    def _segment(
        self, shop_id: str, segment: NumberSegment
    ) -> tuple[Sequence[NumberedOrder], Sequence[tuple[bytes, Sequence[int]]]]:
        if (shop_id, segment.name) not in self.segments:
            raise SegmentGone(segment.name)
        return self.segments[shop_id, segment.name]

    def _read(self, found: _T) -> _T:
        self.reads += 1
        if self.between_reads:
            self.between_reads.pop(0)()
        return found


class FakeCatalog:
    def __init__(self) -> None:
        self.shelves: dict[tuple[str, str], Product] = {}
        self.counted: dict[tuple[str, StockItem], int] = {}
        self.carts: dict[tuple[str, str], Cart] = {}

    def product(self, shop_id: str, product_id: str) -> Product | None:
        return self.shelves.get((shop_id, product_id))

    def products(self, shop_id: str, product_ids: Iterable[str]) -> Mapping[str, Product]:
        found = {name: self.product(shop_id, name) for name in product_ids}
        return {name: product for name, product in found.items() if product}

    def put_product(self, shop_id: str, product: Product) -> None:
        self.shelves[shop_id, product.id] = product

    def stock(self, shop_id: str, items: Iterable[StockItem]) -> Mapping[StockItem, int]:
        return {item: self.counted.get((shop_id, item), 0) for item in items}

    def set_stock(self, shop_id: str, product_id: str, variant_id: str, quantity: int) -> None:
        self.counted[shop_id, (product_id, variant_id)] = quantity

    def cart(self, shop_id: str, cart_id: str) -> Cart | None:
        return self.carts.get((shop_id, cart_id))

    def put_cart(self, shop_id: str, cart: Cart) -> None:
        self.carts[shop_id, cart.id] = cart


class FakePeople:
    def __init__(self) -> None:
        self.users: dict[tuple[str, int], User] = {}
        self.companies: dict[tuple[str, int], Company] = {}
        self.memberships: dict[tuple[str, int, int], Membership] = {}

    def user(self, shop_id: str, user_id: int) -> User | None:
        return self.users.get((shop_id, user_id))

    def put_user(self, user: User) -> None:
        self.users[user.shop_id, user.id] = user

    def company(self, shop_id: str, company_id: int) -> Company | None:
        return self.companies.get((shop_id, company_id))

    def put_company(self, company: Company) -> None:
        self.companies[company.shop_id, company.id] = company

    def remove_company(self, shop_id: str, company_id: int) -> None:
        self.companies.pop((shop_id, company_id), None)

    def membership(self, shop_id: str, company_id: int, user_id: int) -> Membership | None:
        return self.memberships.get((shop_id, company_id, user_id))

    def members(self, shop_id: str, company_id: int) -> Sequence[Membership]:
        return [
            membership
            for key, membership in sorted(self.memberships.items())
            if key[:2] == (shop_id, company_id)
        ]

    def put_membership(self, shop_id: str, membership: Membership) -> None:
        key = (shop_id, membership.company_id, membership.user_id)
        self.memberships[key] = membership

    def remove_membership(self, shop_id: str, company_id: int, user_id: int) -> None:
        self.memberships.pop((shop_id, company_id, user_id), None)


class FakeLinks:
    def __init__(self) -> None:
        self.by_hash: dict[str, PaymentLink] = {}

    def add(self, link: PaymentLink) -> None:
        self.by_hash[link.token_hash] = link

    def get(self, token_hash: str) -> PaymentLink | None:
        return self.by_hash.get(token_hash)


class FakeStrayReports:
    """What was kept, in the order in which it was first kept."""

    def __init__(self) -> None:
        self.kept: dict[tuple[str, ...], tuple[str, StrayReport]] = {}
        self.before_reading: list[Callable[[], object]] = []
        """What others do just before these are looked at; each once."""

    def keep(self, shop_id: str, stray: StrayReport) -> None:
        self.kept[self._name(shop_id, stray.report)] = (shop_id, stray)

    def of_transaction(
        self, shop_id: str, provider: str, transaction_id: str
    ) -> Sequence[StrayReport]:
        while self.before_reading:
            self.before_reading.pop()()
        return [
            stray
            for stray in self.of_shop(shop_id)
            if (stray.report.provider, stray.report.transaction_id) == (provider, transaction_id)
        ]

    def of_shop(self, shop_id: str) -> Iterator[StrayReport]:
        return iter([stray for owner, stray in self.kept.values() if owner == shop_id])

    def unreadable(self, shop_id: str) -> Sequence[str]:
        return []

    def remove(self, shop_id: str, report: PaymentReport) -> None:
        self.kept.pop(self._name(shop_id, report), None)

    @staticmethod
    def _name(shop_id: str, report: PaymentReport) -> tuple[str, ...]:
        told = (report.event_id, report.kind.value, report.refund_id, report.dispute_id)
        return (shop_id, report.provider, report.transaction_id, *told)


class FakeMetafields:
    """Metafields in memory, with the table's promises: names once per owner, versions checked."""

    def __init__(self) -> None:
        self.by_id: dict[tuple[str, int], Metafield] = {}
        self.meanwhile: list[Callable[[], object]] = []
        """What others do just before the next writes, one thing before each."""

    def get(self, shop_id: str, metafield_id: int) -> Metafield | None:
        return self.by_id.get((shop_id, metafield_id))

    def get_many(self, shop_id: str, metafield_ids: Sequence[int]) -> Sequence[Metafield]:
        found = (self.get(shop_id, i) for i in sorted(set(metafield_ids)))
        return [metafield for metafield in found if metafield]

    def of_owner(self, shop_id: str, owner_resource: str, owner_id: int) -> Sequence[Metafield]:
        return [
            metafield
            for _, metafield in sorted(self.by_id.items())
            if (metafield.shop_id, metafield.owner_resource, metafield.owner_id)
            == (shop_id, owner_resource, owner_id)
        ]

    def between(self, shop_id: str, *, after_id: int, before_id: int) -> Iterator[Metafield]:
        for (shop, metafield_id), metafield in sorted(self.by_id.items()):
            if shop == shop_id and after_id < metafield_id < before_id:
                yield metafield

    def count(self, shop_id: str, *, after_id: int, before_id: int) -> int:
        return len(list(self.between(shop_id, after_id=after_id, before_id=before_id)))

    def add(self, metafield: Metafield) -> None:
        self._let_others()
        self._require_free_name(metafield)
        if (metafield.shop_id, metafield.id) in self.by_id:
            raise IdTaken
        self.by_id[metafield.shop_id, metafield.id] = metafield

    def replace(self, before: Metafield, after: Metafield) -> None:
        self._let_others()
        if self.get(before.shop_id, before.id) != before:
            raise VersionConflict
        self._require_free_name(after)
        self.by_id[after.shop_id, after.id] = after

    def remove(self, metafield: Metafield) -> None:
        self._let_others()
        if self.get(metafield.shop_id, metafield.id) != metafield:
            raise VersionConflict
        del self.by_id[metafield.shop_id, metafield.id]

    def _let_others(self) -> None:
        if self.meanwhile:
            self.meanwhile.pop(0)()

    def _require_free_name(self, metafield: Metafield) -> None:
        siblings = self.of_owner(metafield.shop_id, metafield.owner_resource, metafield.owner_id)
        if any(other.name == metafield.name and other.id != metafield.id for other in siblings):
            raise InvalidField("name", "taken")


class FakeMailer:
    """Keeps what was sent; ``broken`` is raised instead."""

    def __init__(self) -> None:
        self.sent: list[Mail] = []
        self.broken: Exception | None = None

    def send(self, mail: Mail) -> None:
        if self.broken:
            raise self.broken
        self.sent.append(mail)


class FakeShops:
    def __init__(self) -> None:
        self.shops: dict[str, Shop] = {}
        self.by_hash: dict[str, Credential] = {}
        self.sealed: dict[str, bytes] = {}
        self.reads = 0

    def get(self, shop_id: str) -> Shop | None:
        return self.shops.get(shop_id)

    def put(self, shop: Shop) -> None:
        self.shops[shop.id] = shop

    def enlist(self, shop: Shop) -> None:
        """All that it has are listed."""

    def add_credential(self, credential: Credential, sealed: bytes = b"") -> None:
        if credential.token_hash in self.by_hash:
            raise InvalidField("token", "taken")
        self.by_hash[credential.token_hash] = credential
        self.sealed[credential.token_hash] = sealed

    def credential(self, token_hash: str) -> Credential | None:
        self.reads += 1
        return self.by_hash.get(token_hash)

    def sealed_credential(self, token_hash: str) -> SealedCredential | None:
        credential = self.credential(token_hash)
        return SealedCredential(credential, self.sealed[token_hash]) if credential else None

    def credentials(self, shop_id: str) -> Sequence[Credential]:
        return [c for c in self.by_hash.values() if c.shop_id == shop_id]

    def revoke(self, shop_id: str, credential_id: str, at: datetime) -> Credential:
        for credential in self.credentials(shop_id):
            if credential.id == credential_id:
                revoked = replace(credential, revoked_at=credential.revoked_at or at)
                self.by_hash[credential.token_hash] = revoked
                self.sealed[credential.token_hash] = b""
                return revoked
        raise NotFound("credential", credential_id)


class FakeVault:
    """Keeps what it encrypts, and gives it back for the same context."""

    def __init__(self) -> None:
        self.kept: dict[bytes, tuple[bytes, dict[str, str]]] = {}
        self.decryptions = 0
        self.broken: Exception | None = None

    def encrypt(self, plain: bytes, context: Mapping[str, str]) -> bytes:
        sealed = f"sealed {len(self.kept) + 1}".encode()
        self.kept[sealed] = plain, dict(context)
        return sealed

    def decrypt(self, sealed: bytes, context: Mapping[str, str]) -> bytes:
        self.decryptions += 1
        if self.broken:
            raise self.broken
        plain, needed = self.kept.get(sealed, (b"", {"": ""}))
        if needed != context:
            raise Unreadable
        return plain


class FakePaymentAccounts:
    """Accounts in memory, with the table's promise: nothing is written over what wasn't read."""

    def __init__(self) -> None:
        self.kept: dict[tuple[str, str], SealedAccount] = {}
        self.reads = 0
        self.meanwhile: list[Callable[[], object]] = []
        """What others do just before the next writes, one thing before each."""

    def get(self, shop_id: str, provider: str) -> SealedAccount | None:
        self.reads += 1
        return self.kept.get((shop_id, provider))

    def of_shop(self, shop_id: str) -> Sequence[SealedAccount]:
        return [kept for key, kept in sorted(self.kept.items()) if key[0] == shop_id]

    def put(self, after: SealedAccount, before: SealedAccount | None = None) -> None:
        self._require_unchanged(after.account, before.account if before else None)
        self.kept[after.account.shop_id, after.account.provider] = after

    def remove(self, account: PaymentAccount) -> None:
        self._require_unchanged(account, account)
        del self.kept[account.shop_id, account.provider]

    def _require_unchanged(self, account: PaymentAccount, read: PaymentAccount | None) -> None:
        if self.meanwhile:
            self.meanwhile.pop(0)()
        kept = self.kept.get((account.shop_id, account.provider))
        if (kept.account.updated_at if kept else None) != (read.updated_at if read else None):
            raise VersionConflict


class FakeNonces:
    """Nonces in memory, forgotten as soon as they may be."""

    def __init__(self, clock: FakeClock) -> None:
        self.clock = clock
        self.spent: dict[str, datetime] = {}
        self.writes = 0

    def spend(self, nonce: str, until: datetime) -> bool:
        self.writes += 1
        self.spent = {word: end for word, end in self.spent.items() if end > self.clock.now()}
        if nonce in self.spent:
            return False
        self.spent[nonce] = until
        return True


class FakeDesk:
    """A desk over fakes, with the fakes in reach."""

    def __init__(self) -> None:
        self.clock = FakeClock()
        self.orders = FakeOrders(self.clock)
        self.ranks = FakeRanks()
        self.numbers = FakeNumberIndex()
        self.catalog = FakeCatalog()
        self.catalog.counted = self.orders.stock
        self.people = FakePeople()
        self.entropy = FakeEntropy()
        self.links = FakeLinks()
        self.metafields = FakeMetafields()
        self.strays = FakeStrayReports()
        self.desk = Desk(
            orders=self.orders,
            ranks=self.ranks,
            numbers=self.numbers,
            catalog=self.catalog,
            people=self.people,
            links=self.links,
            metafields=self.metafields,
            strays=self.strays,
            clock=self.clock,
            entropy=self.entropy,
        )


__all__ = [
    "NOON",
    "Contention",
    "FakeCatalog",
    "FakeClock",
    "FakeDesk",
    "FakeEntropy",
    "FakeLinks",
    "FakeMailer",
    "FakeMetafields",
    "FakeNonces",
    "FakeNumberIndex",
    "FakeOrders",
    "FakePaymentAccounts",
    "FakePeople",
    "FakeRanks",
    "FakeShops",
    "FakeStrayReports",
    "FakeVault",
]
