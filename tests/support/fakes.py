"""Hand-written stand-ins for the ports, for tests without input or output."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from orderhub.domain import identity
from orderhub.domain.commands import Change
from orderhub.domain.details import Reference
from orderhub.domain.errors import InvalidField, NameIsAnId, NotFound, ReferenceTaken
from orderhub.domain.events import Recorded, claims
from orderhub.domain.order import DeadlineKind, Order
from orderhub.domain.payment_link import PaymentLink
from orderhub.domain.people import Company, Membership, User
from orderhub.domain.shop import Cart, Credential, Product, Shop
from orderhub.ports import (
    Contention,
    DuePage,
    IdTaken,
    Mail,
    OrderKey,
    OrderPage,
    OrderSummary,
    VersionConflict,
)
from orderhub.services.desk import Desk

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
    references unique within a shop."""

    def __init__(self) -> None:
        self.snapshots: dict[OrderKey, Order] = {}
        self.events: dict[OrderKey, list[Recorded]] = {}
        self.references: dict[tuple[str, Reference], int] = {}
        self.reads = 0
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
        ]

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
            owner = self.references.get((after.shop_id, name))
            if owner is not None:
                raise ReferenceTaken(name.kind, name.scope, name.value, owner)
        for name in claimed:
            other = OrderKey(after.shop_id, identity.order_id_in(name.value) or 0)
            if name.kind == "order" and other != key and other in self.snapshots:
                raise NameIsAnId(name.value)
        if change.before is None and stored is not None:
            raise IdTaken
        self.snapshots[key] = after
        self.events.setdefault(key, []).extend(change.recorded)
        self.references.update({(after.shop_id, name): after.id for name in claimed})
        self.commits += 1

    def history(self, shop_id: str, order_id: int) -> Iterator[Recorded]:
        yield from self.events.get(OrderKey(shop_id, order_id), [])

    def page(
        self, shop_id: str, *, after_id: int = 0, before_id: int | None = None, limit: int = 50
    ) -> OrderPage:
        raise AssertionError("no use case lists orders oldest first yet")

    def latest(
        self, shop_id: str, *, before_id: int | None = None, limit: int = 50
    ) -> Sequence[OrderSummary]:
        self.reads += 1
        ids = (key.order_id for key in self.snapshots if key.shop_id == shop_id)
        chosen = sorted((i for i in ids if before_id is None or i < before_id), reverse=True)
        return [OrderSummary.of(self.snapshots[OrderKey(shop_id, i)]) for i in chosen[:limit]]

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
        page = [key for _, key in due[start : start + limit]]
        more = start + limit < len(due)
        return DuePage(tuple(page), str(start + limit) if more else None)


class FakeCatalog:
    def __init__(self) -> None:
        self.stock: dict[tuple[str, str], Product] = {}
        self.carts: dict[tuple[str, str], Cart] = {}

    def product(self, shop_id: str, product_id: str) -> Product | None:
        return self.stock.get((shop_id, product_id))

    def products(self, shop_id: str, product_ids: Iterable[str]) -> Mapping[str, Product]:
        found = {name: self.product(shop_id, name) for name in product_ids}
        return {name: product for name, product in found.items() if product}

    def put_product(self, shop_id: str, product: Product) -> None:
        self.stock[shop_id, product.id] = product

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
        self.reads = 0

    def get(self, shop_id: str) -> Shop | None:
        return self.shops.get(shop_id)

    def put(self, shop: Shop) -> None:
        self.shops[shop.id] = shop

    def add_credential(self, credential: Credential) -> None:
        if credential.token_hash in self.by_hash:
            raise InvalidField("token", "taken")
        self.by_hash[credential.token_hash] = credential

    def credential(self, token_hash: str) -> Credential | None:
        self.reads += 1
        return self.by_hash.get(token_hash)

    def credentials(self, shop_id: str) -> Sequence[Credential]:
        return [c for c in self.by_hash.values() if c.shop_id == shop_id]

    def revoke(self, shop_id: str, credential_id: str, at: datetime) -> Credential:
        for credential in self.credentials(shop_id):
            if credential.id == credential_id:
                revoked = replace(credential, revoked_at=credential.revoked_at or at)
                self.by_hash[credential.token_hash] = revoked
                return revoked
        raise NotFound("credential", credential_id)


class FakeDesk:
    """A desk over fakes, with the fakes in reach."""

    def __init__(self) -> None:
        self.orders = FakeOrders()
        self.catalog = FakeCatalog()
        self.people = FakePeople()
        self.clock = FakeClock()
        self.entropy = FakeEntropy()
        self.links = FakeLinks()
        self.desk = Desk(
            orders=self.orders,
            catalog=self.catalog,
            people=self.people,
            links=self.links,
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
    "FakeOrders",
    "FakePeople",
    "FakeShops",
]
