"""The cloud fails while several systems use every API at once, and everything still happens once.

Between the functions and the cloud stands a proxy that throttles, cancels, breaks and delays their
calls (:mod:`tests.support.faults`). Whoever is told that it did not work sends the same again.
"""

import json
import os
import random
import threading
import time
from collections import Counter as Count
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from itertools import count
from typing import Any, Final
from uuid import uuid4

import httpx
import pytest

from local.subscriber import Subscriber, subscriber
from orderhub.adapters.system import SystemClock
from orderhub.domain import ledger
from orderhub.domain.money import Money
from orderhub.domain.status import OrderStatus
from orderhub.domain.subscription import SubscriptionKind
from orderhub.services import resend, subscriptions
from orderhub.services.find_order import find_order
from orderhub.services.reconcile import Auditor, reconcile_shop
from orderhub.services.replay_order import replay_order
from orderhub.services.subscriptions import NewSubscription
from tests.e2e.conftest import (
    ON_THE_CLOUD,
    Counter,
    Deployment,
    Shop,
    Store,
    new_app,
    new_signer,
    new_store,
    notification,
)
from tests.e2e.test_events_out import Listener
from tests.e2e.test_payment_webhooks_over_http import PROVIDERS, Provider, account_with
from tests.support.faults import Storm, behind, storm
from tests.support.figures import tried
from tests.support.oauth import SignedClient
from tests.support.providers import SignedRequest
from tests.support.store_orders import store_order

pytestmark = ON_THE_CLOUD

TORTURE: Final = bool(os.environ.get("ORDERHUB_TORTURE"))
RATES: Final = {0.01: "1 %", 0.1: "10 %", 0.5: "50 %"}
CLIENTS: Final = 8 if TORTURE else 4
ROUNDS: Final = 12 if TORTURE else 1
"""Of all stories, at each rate."""
PATIENCE: Final = 120.0
"""In seconds: how long a system sends the same again, and a subscriber waits."""
HIDDEN: Final = 10
"""In seconds: how soon queues hand out again what a function failed to work off. They wait for
minutes otherwise."""
LAMPS: Final = 1000

FUNCTIONS: Final = (
    "MarketplaceCreateOrder",
    "MarketplaceCreateLineItem",
    "MarketplacePayOrder",
    "ShoplazzaCreateOrder",
    "BrandCloudCreateOrder",
    "BrandCloudPayOrder",
    "BrandCloudRefundOrder",
    "YouhaosudaUpdateOrder",
    "BrickLinkUpdatePaymentStatus",
    "BrickLinkGetOrder",
    "NotifyStripe",
    "NotifyPayPal",
    "NotifyAlipay",
    "NotifyWeChatPay",
    "FindDue",
    "CloseDue",
    "PublishEvents",
    "DeliverWebhook",
)


# -- who calls -------------------------------------------------------------------------------------


def _marketplace_is_busy(answer: httpx.Response) -> bool:
    return answer.status_code == 503 and list(answer.json()) == ["error"]


def _brandcloud_is_busy(answer: httpx.Response) -> bool:
    return answer.status_code == 503 and answer.json() == {"error_name": "service busy"}


def _shoplazza_is_busy(answer: httpx.Response) -> bool:
    words = {"errors": ["Aborted"]}, {"errors": ["DeadlineExceeded"]}
    return answer.status_code == 503 and answer.json() in words


def _youhaosuda_is_busy(answer: httpx.Response) -> bool:
    return answer.status_code == 503 and answer.json()["code"] == 503


def _bricklink_is_busy(answer: httpx.Response) -> bool:
    """Its HTTP status is always 200."""
    meta = answer.json()["meta"]
    return (meta["code"], meta["message"]) == (500, "INTERNAL_SERVER_ERROR") and (
        "try again" in meta["description"]
    )


def _stripe_is_to_try_again(answer: httpx.Response) -> bool:
    return answer.status_code == 503 and answer.json()["error"]["type"] == "api_error"


def _paypal_is_to_try_again(answer: httpx.Response) -> bool:
    return answer.status_code == 503 and answer.json()["name"] == "INTERNAL_SERVER_ERROR"


def _wechatpay_is_to_try_again(answer: httpx.Response) -> bool:
    return answer.status_code == 503 and answer.json()["code"] == "FAIL"


IS_BUSY: Final[Mapping[str, Callable[[httpx.Response], bool]]] = {
    "marketplace": _marketplace_is_busy,
    "brandcloud": _brandcloud_is_busy,
    "shoplazza": _shoplazza_is_busy,
    "youhaosuda": _youhaosuda_is_busy,
    "bricklink": _bricklink_is_busy,
    "stripe": _stripe_is_to_try_again,
    "paypal": _paypal_is_to_try_again,
    "alipay": lambda answer: (answer.status_code, answer.content) == (503, b"failure"),
    "wechatpay": _wechatpay_is_to_try_again,
}
"""How each API says that the same may be sent again."""

RETRY_AFTER: Final = frozenset({"marketplace", "brandcloud", "shoplazza", "youhaosuda"})


@dataclass
class Requests:
    """Sends requests until they are answered, and counts them. ``answers`` is by API and whether
    it was busy."""

    answers: Count[tuple[str, bool]] = field(default_factory=Count)
    _turn: threading.Lock = field(default_factory=threading.Lock)

    def until_answered(
        self, api: str, send: Callable[[], httpx.Response], *, repeat: str = ""
    ) -> httpx.Response:
        """The answer to ``send``, which is repeated while its API is busy. ``repeat`` is the
        failure by which BrandCloud tells that it had happened before."""
        end = time.monotonic() + PATIENCE
        for attempt in count(1):
            answer = send()
            is_busy = IS_BUSY[api](answer)
            with self._turn:
                self.answers[api, is_busy] += 1
            if not is_busy:
                is_repeat = attempt > 1 and answer.status_code == 403 and bool(repeat)
                assert answer.is_success or is_repeat, (api, answer.status_code, answer.text)
                if is_repeat:
                    assert answer.json()["error_name"] == repeat, answer.text
                return answer
            if api in RETRY_AFTER:
                assert answer.headers["retry-after"] == "1"
            assert time.monotonic() < end, (api, answer.text)
            time.sleep(0.1)
        raise AssertionError("unreachable")


@dataclass(frozen=True)
class Outcome:
    """What must have become of an order, its money in minor units."""

    order_id: int
    captured: int = 0
    refunded: int = 0
    status: OrderStatus | None = None
    payments: int = 1


@dataclass
class Town:
    """A shop that all APIs share, and one whose orders fall due within seconds."""

    deployment: Deployment
    counter: Counter
    store: Store
    hasty: Shop
    marketplace: httpx.Client
    in_haste: httpx.Client
    shoplazza: httpx.Client
    youhaosuda: httpx.Client
    bricklink: SignedClient
    providers: Mapping[str, Provider]
    requests: Requests = field(default_factory=Requests)

    @property
    def shop(self) -> Shop:
        return self.counter.shop

    def to_marketplace(self, path: str, body: object) -> dict[str, Any]:
        answer = self.requests.until_answered(
            "marketplace", lambda: self.marketplace.post(path, json=body)
        )
        found: dict[str, Any] = answer.json()
        return found

    def order(self, pieces: int) -> int:
        """An unpaid order of the marketplace's over 10.00 a piece."""
        made = self.to_marketplace("/orders", notification())
        line = {"product_id": "1", "price": "10.00", "quantity": pieces}
        self.to_marketplace(f"/orders/{made['id']}/line_items", line)
        return int(made["id"])

    def notify(self, provider: Provider, request: SignedRequest) -> None:
        url = f"{self.shop.api_url}/webhooks/payments/{provider.name}/{self.shop.id}"
        self.requests.until_answered(
            provider.name,
            lambda: httpx.post(
                url, content=request.body, headers=dict(request.headers), timeout=60
            ),
        )

    def from_bricklink(self, send: Callable[[], httpx.Response]) -> dict[str, Any]:
        answer = self.requests.until_answered("bricklink", send)
        body: dict[str, Any] = answer.json()
        assert body["meta"]["code"] == 200, answer.text
        found: dict[str, Any] = body["data"]
        return found

    def sell(self, path: str, *, repeat: str, **body: object) -> dict[str, Any]:
        answer = self.requests.until_answered(
            "brandcloud", lambda: self.counter.sell(path, **body), repeat=repeat
        )
        found: dict[str, Any] = answer.json()
        return found


# -- what they do ----------------------------------------------------------------------------------


def _paid_at_a_marketplace(town: Town) -> Outcome:
    order_id = town.order(pieces=5)
    trade_no = f"T{uuid4().hex}"
    for amount in ("20.00", "30.00"):
        body = {"merchant_trade_no": f"{trade_no}-{amount}", "payment": amount}
        town.to_marketplace(f"/orders/{order_id}/pay", body)
    return Outcome(order_id, captured=5000, payments=2)


def _said_to_be_paid_by_a_seller(town: Town) -> Outcome:
    order_id = town.order(pieces=1)
    body = {"field": "payment_status", "value": "Received"}
    town.from_bricklink(lambda: town.bricklink.put(f"/orders/{order_id}/payment_status", json=body))
    shown = town.from_bricklink(lambda: town.bricklink.get(f"/orders/{order_id}"))
    assert shown["payment"]["status"] == "Received"
    return Outcome(order_id, captured=1000)


def _refunded_at_a_till(town: Town) -> Outcome:
    cart, transaction = town.counter.cart(pieces=2), uuid4().hex[:16].upper()
    number = town.sell("create", repeat="repeat", cart_id=cart, type="cash")["order_number"]
    paid = {"order_number": number, "transaction_id": transaction}
    town.sell("payment", repeat="repeated", **paid)
    town.sell("refund", repeat="refunded", **paid)
    found = find_order(town.deployment.application.desk, town.shop.id, number)
    return Outcome(found.id, captured=2000, refunded=2000)


def _priced_and_paid_by(name: str) -> Callable[[Town], Outcome]:
    """Two lamps of a store, agreed on at 48.80 by its system, paid and given back in part by a
    provider, which tells everything twice."""

    def story(town: Town) -> Outcome:
        key = {"Idempotency-Key": uuid4().hex}
        body = store_order(2)
        made = town.requests.until_answered(
            "shoplazza",
            lambda: town.shoplazza.post("/openapi/2022-01/orders", json=body, headers=key),
        )
        order_id = int(made.json()["order"]["number"])
        priced = {"order": {"total_amount": 48.8}}
        answer = town.requests.until_answered(
            "youhaosuda", lambda: town.youhaosuda.put(f"/orders/{order_id}", json=priced)
        )
        assert answer.json()["order"]["total_amount"] == 48.8, answer.text
        provider, payment = town.providers[name], f"{uuid4().int % 10**20:020}"
        total, part = Money(4880, "CNY"), Money(1000, "CNY")
        paid = provider.paid(order_id, total, payment)
        refunded = provider.refunded(order_id, total, part, payment)
        for request in (paid, paid, refunded, refunded):
            town.notify(provider, request)
        return Outcome(order_id, captured=4880, refunded=1000)

    return story


def _left_unpaid(town: Town) -> Outcome:
    body = notification()
    made = town.requests.until_answered(
        "marketplace", lambda: town.in_haste.post("/orders", json=body)
    )
    return Outcome(int(made.json()["id"]), status=OrderStatus.EXPIRED, payments=0)


STORIES: Final = (
    _paid_at_a_marketplace,
    _said_to_be_paid_by_a_seller,
    _refunded_at_a_till,
    *(_priced_and_paid_by(name) for name in sorted(PROVIDERS)),
    _left_unpaid,
)


# -- where -----------------------------------------------------------------------------------------


@pytest.fixture
def town(
    deployment: Deployment, counter: Counter, make_shop: Callable[..., Shop]
) -> Iterator[Town]:
    shop, hasty = counter.shop, make_shop(payment_timeout=2)
    store = new_store(deployment, lamps=LAMPS, shop=shop)
    providers = {name: make() for name, make in PROVIDERS.items()}
    for provider in providers.values():
        account_with(deployment, shop, provider)
    app = {"X-API-ACCESS-TOKEN": new_app(deployment, shop).token}
    signer = new_signer(deployment, shop)
    with ExitStack() as clients:
        yield Town(
            deployment=deployment,
            counter=counter,
            store=store,
            hasty=hasty,
            marketplace=clients.enter_context(shop.client()),
            in_haste=clients.enter_context(hasty.client()),
            shoplazza=clients.enter_context(store.client()),
            youhaosuda=clients.enter_context(
                httpx.Client(base_url=f"{deployment.api_url}/v1", headers=app, timeout=60)
            ),
            bricklink=clients.enter_context(
                SignedClient(signer, base_url=f"{deployment.api_url}/api/store/v1")
            ),
            providers=providers,
        )


@contextmanager
def impatient_queue(deployment: Deployment) -> Iterator[None]:
    """A queue that hands out again sooner, and a stream that is tried as often as in production."""
    sqs, functions = deployment.aws("sqs"), deployment.aws("lambda")
    url, name = deployment.outputs["DeliveriesUrl"], "VisibilityTimeout"
    found = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=[name])["Attributes"]
    hidden = found[name]
    publisher = deployment.stack.resources["PublishEvents"]
    (source,) = functions.list_event_source_mappings(FunctionName=publisher)["EventSourceMappings"]
    attempts = int(source["MaximumRetryAttempts"])
    try:
        sqs.set_queue_attributes(QueueUrl=url, Attributes={name: str(HIDDEN)})
        functions.update_event_source_mapping(UUID=source["UUID"], MaximumRetryAttempts=100)
        yield
    finally:
        functions.update_event_source_mapping(UUID=source["UUID"], MaximumRetryAttempts=attempts)
        sqs.set_queue_attributes(QueueUrl=url, Attributes={name: hidden})


@pytest.fixture
def sky(deployment: Deployment) -> Iterator[Storm]:
    names = [deployment.stack.resources[function] for function in FUNCTIONS]
    with (
        impatient_queue(deployment),
        storm(deployment.cloud.endpoint_url) as made,
        behind(deployment.aws("lambda"), names, made.url),
    ):
        yield made


# -- what must be true -----------------------------------------------------------------------------


def live_through(town: Town, rng: random.Random) -> list[Outcome]:
    """All stories, by several systems at once, while the closing machine runs."""
    stories = [*STORIES] * ROUNDS
    rng.shuffle(stories)
    is_over = threading.Event()

    def close() -> None:
        # How a run ends while the cloud fails is no matter: there is a next one.
        machines = town.deployment.aws("stepfunctions")
        while not is_over.wait(2):
            machines.start_execution(stateMachineArn=town.deployment.outputs["PaymentTimeoutArn"])

    machine = threading.Thread(target=close)
    machine.start()
    try:
        with ThreadPoolExecutor(CLIENTS) as systems:
            return list(systems.map(lambda story: story(town), stories))
    finally:
        is_over.set()
        machine.join()


def require_right(town: Town, outcomes: list[Outcome]) -> set[str]:
    """Every order is there once, and its money right. Returns the ids of all events."""
    application = town.deployment.application
    desk, auditor = application.desk, Auditor(application.desk, application.audit)
    ids: set[str] = set()
    for shop in (town.shop, town.hasty):
        meant = {outcome.order_id: outcome for outcome in outcomes if _is_of(town, shop, outcome)}
        page = desk.orders.page(shop.id, limit=1000)
        assert page.next_after_id is None
        assert sorted(order.id for order in page.orders) == sorted(meant)
        for order_id, outcome in meant.items():
            proof = replay_order(desk, shop.id, order_id)
            assert proof.agrees, order_id
            order = proof.snapshot
            told = ledger.of_events(proof.events)
            assert told.balances == ledger.of_order(order), order_id
            assert (order.captured.amount, order.refunded.amount) == (
                outcome.captured,
                outcome.refunded,
            )
            assert len(order.payments) == outcome.payments
            if outcome.status:
                assert order.status is outcome.status
            types = Count(entry.event.TYPE for entry in proof.events)
            once = ("order.placed", "order.paid", "order.expired", "order.price_adjusted")
            assert all(types[name] <= 1 for name in once), types
            ids |= {f"{shop.id}/{order_id}/{entry.sequence}" for entry in proof.events}
        assert [each.left for each in reconcile_shop(auditor, shop.id) if each.left] == []
    lamps = desk.catalog.stock(town.shop.id, [("lamp", "lamp-1")])["lamp", "lamp-1"]
    assert lamps == LAMPS - 2 * sum(outcome.captured == 4880 for outcome in outcomes)
    return ids


def _is_of(town: Town, shop: Shop, outcome: Outcome) -> bool:
    return (outcome.status is OrderStatus.EXPIRED) is (shop is town.hasty)


def subscribe(town: Town, url: str) -> None:
    desk = town.deployment.application.subscription_desk
    wanted = NewSubscription(kind=SubscriptionKind.STANDARD, url=url, topics=("*",))
    for shop in (town.shop, town.hasty):
        subscriptions.subscribe(desk, shop.id, wanted)


def told_of(one: Subscriber) -> set[str]:
    return {told.content["id"] for told in one.taken}


def require_told(town: Town, one: Subscriber, wanted: set[str]) -> int:
    """The subscriber hears of all events and no others: what was given up while nothing worked is
    sent again by an operator. Returns how many that were."""
    queue, redriven = town.deployment.application.delivery_queue, 0
    end = time.monotonic() + PATIENCE
    while not told_of(one) >= wanted:
        assert time.monotonic() < end, f"not told of {sorted(wanted - told_of(one))}"
        for shop in (town.shop, town.hasty):
            redriven += resend.redrive(queue, SystemClock(), shop_id=shop.id)
    assert told_of(one) == wanted
    return redriven


def test_whatever_the_cloud_refuses_delays_or_loses_everything_happens_once_and_is_told(
    deployment: Deployment, town: Town, sky: Storm
) -> None:
    outcomes: list[Outcome] = []
    with ExitStack() as ends:
        listeners = [Listener(deployment, shop.id) for shop in (town.shop, town.hasty)]
        for listener in listeners:
            ends.callback(listener.close)
        listening = ends.enter_context(subscriber())
        subscribe(town, listening.url)
        for rate, name in RATES.items():
            before = town.requests.answers.total()
            sky.rise(rate)
            outcomes += live_through(town, random.Random(name))  # noqa: S311 - a shuffle
            tried(f"requests under cloud faults, {name}", town.requests.answers.total() - before)
        sky.rise(0)
        run = deployment.run_machine("PaymentTimeoutArn")
        assert run["status"] == "SUCCEEDED", run
        assert json.loads(run["output"])["batchesLeftDue"] == 0
        wanted = require_right(town, outcomes)

        heard = set()
        for shop, listener in zip((town.shop, town.hasty), listeners, strict=True):
            expected = {id_ for id_ in wanted if id_.startswith(f"{shop.id}/")}
            heard |= {event["detail"]["id"] for event in listener.hear(len(expected), PATIENCE)}
        assert heard == wanted
        redriven = require_told(town, listening, wanted)

    for fault, many in sky.injected().items():
        tried(f"faults injected, {fault.value}", many)
    tried("calls under cloud faults, of AWS", sky.calls)
    busy = sum(many for (_, is_busy), many in town.requests.answers.items() if is_busy)
    tried("requests under cloud faults, told to try again", busy)
    tried("events under cloud faults, published and told", len(wanted))
    tried("events under cloud faults, told by an operator's redrive", redriven)
