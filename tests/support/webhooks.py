"""Stand-ins for what delivering needs, and a subscription to deliver to."""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from orderhub.domain.delivery import Delivery
from orderhub.domain.errors import Unavailable
from orderhub.domain.shop import Shop
from orderhub.domain.subscription import Subscription, SubscriptionKind
from orderhub.ports import (
    DeadDelivery,
    DeliveryPage,
    EndpointRefused,
    IdTaken,
    OutgoingEvent,
    Published,
    QueuedDelivery,
    SealedSubscription,
    VersionConflict,
    WebhookAnswer,
)
from orderhub.services.deliver import Deliverer
from orderhub.services.subscriptions import (
    NewSubscription,
    Subscribed,
    SubscriptionDesk,
    subscribe,
)
from orderhub.webhooks.kinds import kind_of
from tests.support.fakes import NOON, FakeClock, FakeEntropy, FakeOrders, FakeShops, FakeVault

URL = "https://erp.example/orders"


class FakeSubscriptions:
    """``interfere`` runs once before the next write, as somebody else who was faster.

    ``stale`` is what reads see that may be late, ``broken`` why a shop's can't be read, and
    ``reads`` whose were.
    """

    def __init__(self) -> None:
        self.stale: dict[tuple[str, int], SealedSubscription] = {}
        self.broken: dict[str, Exception] = {}
        self.reads: list[str] = []
        self.kept: dict[tuple[str, int], SealedSubscription] = {}
        self.interfere: Callable[[], object] | None = None

    def add(self, subscription: Subscription, sealed: bytes) -> None:
        key = (subscription.shop_id, subscription.id)
        if key in self.kept:
            raise IdTaken
        self.kept[key] = SealedSubscription(subscription, sealed)

    def get(self, shop_id: str, subscription_id: int) -> SealedSubscription | None:
        return self.kept.get((shop_id, subscription_id))

    def recent(
        self, names: Collection[tuple[str, int]]
    ) -> Mapping[tuple[str, int], SealedSubscription]:
        return {name: found for name, found in self.stale.items() if name in names}

    def of_shop(self, shop_id: str) -> Sequence[Subscription]:
        self.reads.append(shop_id)
        if shop_id in self.broken:
            raise self.broken[shop_id]
        return [one.subscription for key, one in sorted(self.kept.items()) if key[0] == shop_id]

    def replace(
        self, before: Subscription, after: Subscription, sealed: bytes | None = None
    ) -> None:
        found = self._unchanged(before)
        kept = SealedSubscription(after, found.sealed if sealed is None else sealed)
        self.kept[after.shop_id, after.id] = kept

    def remove(self, subscription: Subscription) -> None:
        if (subscription.shop_id, subscription.id) in self.kept:
            self._unchanged(subscription)
            del self.kept[subscription.shop_id, subscription.id]

    def _unchanged(self, read: Subscription) -> SealedSubscription:
        interfere, self.interfere = self.interfere, None
        if interfere:
            interfere()
        found = self.kept.get((read.shop_id, read.id))
        if found is None or found.subscription.version != read.version:
            raise VersionConflict
        return found


class FakeLog:
    def __init__(self) -> None:
        self.records: list[Delivery] = []
        self.together: list[list[Delivery]] = []
        self.kept_until: list[datetime] = []

    def record(self, delivery: Delivery, *, kept_until: datetime) -> None:
        self.records.append(delivery)
        self.kept_until.append(kept_until)

    def record_together(self, deliveries: Sequence[Delivery], *, kept_until: datetime) -> None:
        self.together.append(list(deliveries))
        self.kept_until.append(kept_until)

    def page(
        self, shop_id: str, subscription_id: int, *, limit: int, cursor: str | None = None
    ) -> DeliveryPage:
        return DeliveryPage(tuple(self.records[:limit]), None)

    def of_event(
        self, shop_id: str, subscription_id: int, occurred_at: str, event_id: str
    ) -> Sequence[Delivery]:
        return [
            each
            for each in self.records
            if (each.subscription_id, each.event_id) == (subscription_id, event_id)
        ]


class FakeEndpoint:
    """Answers with ``answers`` in turn, the last of them for ever; an exception is raised."""

    def __init__(self) -> None:
        self.answers: list[int | Exception] = [204]
        self.sent: list[tuple[str, Mapping[str, str], bytes]] = []
        self.refused: set[str] = set()
        self.says = ""
        """How the body of each answer begins."""

    def check(self, url: str, *, allow_http: bool = False) -> None:
        if url in self.refused:
            raise EndpointRefused("address")
        if url.startswith("http:") and not allow_http:
            raise EndpointRefused("scheme")

    def post(
        self, url: str, headers: Mapping[str, str], body: bytes, *, allow_http: bool = False
    ) -> WebhookAnswer:
        self.check(url, allow_http=allow_http)
        self.sent.append((url, headers, body))
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, Exception):
            raise answer
        return WebhookAnswer(answer, 0.1, self.says)


class FakeOutlet:
    """Takes ``room`` events a call; none with a ``failure``."""

    def __init__(self) -> None:
        self.events: list[OutgoingEvent] = []
        self.failure = ""
        self.room = 1000

    def publish(self, events: Sequence[OutgoingEvent]) -> Published:
        taken = [] if self.failure else list(events[: self.room])
        self.events += taken
        if len(taken) == len(events):
            return Published(len(taken))
        return Published(len(taken), self.failure or "no room")


class FakeQueue:
    """``letters`` are the dead ones, by receipt. It takes no more than ``room`` deliveries."""

    def __init__(self) -> None:
        self.room = 1000
        self.sent: list[QueuedDelivery] = []
        self.letters: dict[str, QueuedDelivery] = {}
        self.in_hand: set[str] = set()
        self.again: list[tuple[str, int]] = []
        self.broken: Exception | None = None

    def send(self, deliveries: Sequence[QueuedDelivery]) -> None:
        if self.broken:
            raise self.broken
        if len(self.sent) + len(deliveries) > self.room:
            raise Unavailable("the queue is full")
        self.sent += deliveries

    def try_again(self, receipt: str, seconds: int) -> None:
        self.again.append((receipt, seconds))

    def dead(self) -> Iterator[DeadDelivery]:
        while waiting := [receipt for receipt in self.letters if receipt not in self.in_hand]:
            self.in_hand.add(waiting[0])
            yield DeadDelivery(waiting[0], self.letters[waiting[0]])

    def bury(self, receipts: Sequence[str]) -> None:
        for receipt in receipts:
            del self.letters[receipt]

    def put_back(self, receipts: Sequence[str]) -> None:
        self.in_hand -= set(receipts)


def order_event(sequence: int = 4, kind: str = "order.paid", **data: Any) -> dict[str, Any]:
    """An event's detail."""
    return {
        "id": f"demo/3475921619881989/{sequence}",
        "shop_id": "demo",
        "order_id": 3475921619881989,
        "sequence": sequence,
        "type": kind,
        "occurred_at": "2026-11-21T11:59:58.000Z",
        "actor": {"kind": "marketplace", "id": "cred-1", "name": "Mei Han"},
        "data": data or {"total": [12800, "CNY"]},
    }


@dataclass
class Office:
    """All of delivering on stand-ins, for the shop ``demo``."""

    clock: FakeClock = field(default_factory=FakeClock)
    subscriptions: FakeSubscriptions = field(default_factory=FakeSubscriptions)
    vault: FakeVault = field(default_factory=FakeVault)
    shops: FakeShops = field(default_factory=FakeShops)
    endpoint: FakeEndpoint = field(default_factory=FakeEndpoint)
    log: FakeLog = field(default_factory=FakeLog)
    outlet: FakeOutlet = field(default_factory=FakeOutlet)
    orders: FakeOrders = field(default_factory=FakeOrders)

    def __post_init__(self) -> None:
        self.shops.put(Shop(id="demo", name="Demo", currency="CNY", created_at=NOON))
        self.desk = SubscriptionDesk(
            subscriptions=self.subscriptions,
            shops=self.shops,
            vault=self.vault,
            client=self.endpoint,
            clock=self.clock,
            entropy=FakeEntropy(),
            kind_of=kind_of,
        )
        self.deliverer = self.new_deliverer()

    def new_deliverer(self, *, scale: float = 1.0) -> Deliverer:
        return Deliverer(
            subscriptions=self.subscriptions,
            orders=self.orders,
            shops=self.shops,
            vault=self.vault,
            client=self.endpoint,
            log=self.log,
            outlet=self.outlet,
            clock=self.clock,
            entropy=FakeEntropy(),
            kind_of=kind_of,
            base_url="https://api.example",
            patience=timedelta(days=3),
            retry_scale=scale,
        )

    def subscribe(self, *topics: str, url: str = URL, secret: str = "") -> Subscribed:
        wanted = NewSubscription(
            kind=SubscriptionKind.STANDARD, url=url, topics=topics or ("*",), secret=secret
        )
        return subscribe(self.desk, "demo", wanted)

    def current(self, subscription: Subscription) -> Subscription:
        found = self.subscriptions.get(subscription.shop_id, subscription.id)
        assert found
        return found.subscription

    def edit(self, subscription: Subscription, **changes: Any) -> None:
        """Change what is stored, past all services."""
        key = (subscription.shop_id, subscription.id)
        found = self.subscriptions.kept[key]
        version = found.subscription.version + 1
        changed = replace(found.subscription, version=version, **changes)
        self.subscriptions.kept[key] = replace(found, subscription=changed)

    def queued(self, subscription: Subscription, sequence: int = 4) -> QueuedDelivery:
        event = order_event(sequence)
        return QueuedDelivery("demo", subscription.id, "order.paid", self.clock.now(), event)
