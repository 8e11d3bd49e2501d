"""Every access pattern, run once against a table of the template's shape, and metered.

The figures that ``docs/ACCESS_PATTERNS.md`` shows come from here; ``make bench`` writes them down
and a test compares them with what it measures itself.
"""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, Final
from uuid import uuid4

from benchmarks import costs
from benchmarks.costs import Cost
from benchmarks.metering import metered
from orderhub.adapters.dynamodb.nonces import DynamoNonces
from orderhub.adapters.dynamodb.shops import DynamoShops
from orderhub.adapters.system import SystemClock
from orderhub.bootstrap import Application
from orderhub.domain.commands import Placement
from orderhub.domain.details import BUYING_SHOP, Actor, Address, Contact, Details, Reference
from orderhub.domain.events import Terms
from orderhub.domain.lines import LineRequest
from orderhub.domain.money import UnitPrice
from orderhub.domain.order import DeadlineKind, Order
from orderhub.domain.report import PaymentReport, ReportKind, payment_reference
from orderhub.domain.shop import CartLine, Price, Product, Scope, Variant
from orderhub.domain.stock import StockTaken
from orderhub.domain.subscription import SubscriptionKind
from orderhub.ports import DeadDelivery, OrderKey, QueuedDelivery, WebhookAnswer
from orderhub.services import close_due as closing
from orderhub.services import manage_people, manage_shops
from orderhub.services.add_line import WantedLine, add_line
from orderhub.services.apply_report import apply_report
from orderhub.services.authenticate import Authenticator
from orderhub.services.authenticate_signed import SignatureAuthenticator
from orderhub.services.cancel_order import cancel_order
from orderhub.services.change_details import change_details
from orderhub.services.complete_order import complete_order
from orderhub.services.desk_list import find_bought_order, orders_bought, orders_on_desk
from orderhub.services.find_order import find_order
from orderhub.services.identify import identify_salesperson
from orderhub.services.issue_signer import issue_signer
from orderhub.services.number_orders import dated_numbers
from orderhub.services.place_cart_order import CartOrder, place_cart_order
from orderhub.services.place_order import place_order
from orderhub.services.publish import Dispatcher
from orderhub.services.rank_orders import lay_milestones
from orderhub.services.read_order import newest_orders
from orderhub.services.record_payment import ReceivedPayment, record_payment
from orderhub.services.refund_order import WantedRefund, refund_order
from orderhub.services.search_orders import OrderQuery, search_orders
from orderhub.services.subscriptions import NewSubscription, subscribe
from orderhub.settings import Settings
from orderhub.webhooks.kinds import kind_of

RECORDED: Final = Path(__file__).with_name("access_patterns.json")

_ACTOR: Final = Actor("marketplace", "cred_0123456789ab", "Taobao")


class _Glass:
    """A vault that hides nothing: what KMS does costs the table nothing."""

    def encrypt(self, plain: bytes, context: Mapping[str, str]) -> bytes:
        return plain

    def decrypt(self, sealed: bytes, context: Mapping[str, str]) -> bytes:
        return sealed


class _Queue:
    """Nobody fails here, so nothing is queued and nothing tried again."""

    def send(self, deliveries: Sequence[QueuedDelivery]) -> None:
        return

    def try_again(self, receipt: str, seconds: int) -> None:
        return

    def dead(self) -> Iterator[DeadDelivery]:
        return iter(())

    def bury(self, receipts: Sequence[str]) -> None:
        return

    def put_back(self, receipts: Sequence[str]) -> None:
        return


class _Endpoint:
    """A subscriber who takes everything: what the network costs is none of the table's."""

    def check(self, url: str, *, allow_http: bool = False) -> None:
        return

    def post(
        self, url: str, headers: Mapping[str, str], body: bytes, *, allow_http: bool = False
    ) -> WebhookAnswer:
        return WebhookAnswer(204, 0.0)


@dataclass(frozen=True)
class _Signed:
    """A request whose signature is right."""

    consumer_key: str
    token: str
    timestamp: int
    nonce: str

    def is_signed_with(self, consumer_secret: str, token_secret: str) -> bool:
        return True


class Bench:
    """A shop of its own on a given table, and the patterns to run on it."""

    def __init__(self, client: Any, table: str) -> None:
        self._client = client
        self._table = table
        self.shops = DynamoShops(client, table)
        self._settings = Settings(table_name=table, event_bus_name="", due_shards=4)
        self.desk = Application(self._settings, client=client).desk
        self.shop_id = f"bench-{uuid4().hex[:10]}"
        self.costs: list[Cost] = []

    @contextmanager
    def measuring(self, pattern: str) -> Iterator[None]:
        with metered(self._client) as meter:
            yield
        self.costs.append(Cost.of(pattern, meter))

    def run(self) -> list[Cost]:
        """Run and meter all patterns; the list's order is the document's."""
        self._make_shop()
        self._ordinary_order()
        self._reported_payment()
        self._subscriber()
        self._stock()
        self._listing()
        self._closing()
        self._long_order()
        return self.costs

    # -- what there must be first --------------------------------------------------------------

    def _make_shop(self) -> None:
        manage_shops.create_shop(
            self.shops, self.desk.clock, shop_id=self.shop_id, name="Bench", currency="CNY"
        )
        token = manage_shops.issue_credential(
            self.shops, self.desk.clock, self.shop_id, wire="marketplace", label="Bench"
        ).token
        prices = {"CNY": Price(price=UnitPrice.of(64, "CNY"))}
        manage_shops.put_products(
            self.shops,
            self.desk.catalog,
            self.shop_id,
            [
                Product(
                    id=str(number),
                    name=f"Product {number}",
                    variants=(Variant(id="v", sku=f"SKU{number}", prices=prices),),
                )
                for number in range(1, 6)
            ],
        )
        authenticator = Authenticator(self.shops, self.desk.clock)
        with self.measuring("Authenticate, first time in a minute"):
            authenticator.authenticate("marketplace", token, Scope.READ_ORDERS)
        with self.measuring("Authenticate, remembered"):
            principal = authenticator.authenticate("marketplace", token, Scope.READ_ORDERS)
        self._check_signatures()
        self._make_salesperson()
        with self.measuring("Identify a salesperson"):
            identify_salesperson(self.desk, replace(principal, user_id=11), selling=True)

    def _check_signatures(self) -> None:
        vault, clock = _Glass(), self.desk.clock
        signer = issue_signer(
            self.shops, vault, clock, self.shop_id, wire="bricklink", label="Bench"
        ).values
        authenticator = SignatureAuthenticator(
            self.shops, vault, DynamoNonces(self._client, self._table), clock, window=300
        )

        def check(nonce: str) -> None:
            timestamp = int(clock.now().timestamp())
            request = _Signed(signer.consumer_key, signer.token_value, timestamp, nonce)
            authenticator.authenticate("bricklink", request, Scope.READ_ORDERS)

        with self.measuring("Check a signature, first time in a minute"):
            check("first")
        with self.measuring("Check a signature, signer remembered"):
            check("second")

    def _make_salesperson(self) -> None:
        people = self.desk.people
        manage_people.put_user(
            self.shops,
            people,
            self.shop_id,
            user_id=11,
            given_name="QQ",
            family_name="Wang",
            email="qq@shop.example",
        )
        manage_people.put_company(
            self.shops, people, self.shop_id, company_id=1, code="AAAA", name="Company A"
        )
        manage_people.add_member(self.shops, people, self.shop_id, company_id=1, user_id=11)
        manage_people.select_company(self.shops, people, self.shop_id, company_id=1, user_id=11)

    def _placement(
        self, name: str, lines: int = 0, *, payment_timeout: int | None = 259_200
    ) -> Placement:
        return Placement(
            wire="marketplace",
            currency="CNY",
            terms=Terms(payment_timeout=payment_timeout, refund_window=2_592_000),
            details=_DETAILS,
            references=(Reference("order", "marketplace:taobao", name),),
            lines=[
                LineRequest(
                    product_id="1",
                    variant_id="v",
                    sku="SKU1",
                    name=f"Brick 2 x {number}",
                    quantity=1,
                    unit_price=UnitPrice.of("1.25", "CNY"),
                )
                for number in range(lines)
            ],
        )

    def _place(self, lines: int = 0, **options: Any) -> Order:
        placement = self._placement(f"TB{uuid4().int % 10**16:016d}", lines, **options)
        return place_order(self.desk, self.shop_id, placement, _ACTOR).order

    # -- the patterns --------------------------------------------------------------------------

    def _ordinary_order(self) -> None:
        name = f"TB{uuid4().int % 10**16:016d}"
        place: Callable[[], Any] = lambda: place_order(  # noqa: E731 - it is run twice below
            self.desk, self.shop_id, self._placement(name), _ACTOR
        )
        with self.measuring("Create an order"):
            order: Order = place().order
        with self.measuring("Create it again (redelivered)"):
            place()
        with self.measuring("Create an order with five lines"):
            self._place(lines=5)
        with self.measuring("Read by id or number"):
            find_order(self.desk, self.shop_id, str(order.id))
        with self.measuring("Read by another system's name"):
            find_order(self.desk, self.shop_id, name)
        *four, fifth = (
            WantedLine(product_id=str(number), price=Decimal(64), quantity=2)
            for number in range(1, 6)
        )
        for wanted in four:
            self._add(order, wanted)
        with self.measuring("Add a line (the fifth)"):
            self._add(order, fifth)
        with self.measuring("Add it again (redelivered)"):
            self._add(order, fifth)
        with self.measuring("Change details"):
            order = find_order(self.desk, self.shop_id, str(order.id))
            change_details(self.desk, order, _moved, _ACTOR)
        self._pay(order)
        with self.measuring("Complete"):
            order = find_order(self.desk, self.shop_id, str(order.id))
            complete_order(self.desk, order, _ACTOR)
        with self.measuring("Read the history"):
            list(self.desk.orders.history(self.shop_id, order.id))
        with self.measuring("Read an order with its history"):
            self.desk.orders.get_with_history(self.shop_id, order.id)
        self._cart()

    def _cart(self) -> None:
        lines = [CartLine(str(number), "v", 2) for number in range(1, 6)]
        cart = manage_shops.put_cart(
            self.shops,
            self.desk.catalog,
            self.desk.clock,
            self.shop_id,
            cart_id=uuid4().hex,
            lines=lines,
        )
        wanted = CartOrder(
            cart_id=cart.id,
            wire="brandcloud",
            terms=Terms(payment_timeout=900, refund_window=2_592_000),
            details=Details(payment_method="cash"),
            number_of=dated_numbers(self.desk, "UTC", prefix="AAAA", suffix="OD"),
        )
        with self.measuring("Order a cart of five products"):
            placed = place_cart_order(self.desk, self.shop_id, wanted, _ACTOR)
        with self.measuring("Order it again"):
            place_cart_order(self.desk, self.shop_id, wanted, _ACTOR)
        with self.measuring("Read by a number of the wire's own"):
            order = find_order(self.desk, self.shop_id, placed.order.number)
        cash = ReceivedPayment(
            provider="cash", transaction_id="", amount=Decimal(order.total.decimal_text)
        )
        order = record_payment(self.desk, order, cash, _ACTOR).order
        with self.measuring("Refund"):
            refund_order(self.desk, order, WantedRefund(), _ACTOR)

    def _stock(self) -> None:
        items = [(str(number), "v") for number in range(1, 6)]
        for item in items:
            self.desk.catalog.set_stock(self.shop_id, *item, 1)
        placement = replace(
            self._placement(f"TB{uuid4().int % 10**16:016d}", lines=5),
            stock=tuple(StockTaken(*item, 1) for item in items),
        )
        with self.measuring("Create an order that takes five items from stock"):
            order = place_order(self.desk, self.shop_id, placement, _ACTOR).order
        with self.measuring("Cancel it, which gives them back"):
            order = find_order(self.desk, self.shop_id, str(order.id))
            cancel_order(self.desk, order, _ACTOR)

    def _add(self, order: Order, wanted: WantedLine) -> None:
        order = find_order(self.desk, self.shop_id, str(order.id))
        add_line(self.desk, self.shop_id, order, wanted, _ACTOR)

    def _pay(self, order: Order) -> None:
        def pay(amount: int, transaction: str) -> None:
            found = find_order(self.desk, self.shop_id, str(order.id))
            received = ReceivedPayment(
                provider="marketplace", transaction_id=transaction, amount=Decimal(amount)
            )
            record_payment(self.desk, found, received, _ACTOR)

        first, second = f"T{uuid4().hex}", f"T{uuid4().hex}"
        with self.measuring("Pay in part"):
            pay(100, first)
        with self.measuring("Pay the rest"):
            pay(540, second)
        with self.measuring("Pay again (redelivered)"):
            pay(540, second)

    def _listing(self) -> None:
        for _ in range(50):
            self._place()
        with self.measuring("List a page of 50 orders"):
            self.desk.orders.page(self.shop_id, limit=50)
        with self.measuring("List 50 whole orders, newest first"):
            newest_orders(self.desk, self.shop_id, ("1", ""), limit=50)
        with self.measuring("List the newest 50 orders that are not filed"):
            orders_on_desk(self.desk, self.shop_id, is_filed=False, limit=50)
        self._bought()
        with self.measuring("Search: a page of 50 whole orders"):
            search_orders(self.desk, self.shop_id, OrderQuery(), offset=0, limit=50)
        with self.measuring("Lay milestones, none due"):
            lay_milestones(self.desk, self.shop_id)

    def _bought(self) -> None:
        buyer = Contact(name="kim", attributes={BUYING_SHOP: f"{self.shop_id}-buys"})
        details = replace(_DETAILS, customer=buyer)
        placements = (self._placement(f"TB{uuid4().int % 10**16:016d}") for _ in range(50))
        *_, order = [
            place_order(self.desk, self.shop_id, replace(each, details=details), _ACTOR).order
            for each in placements
        ]
        with self.measuring("List the newest 50 orders that a shop bought"):
            orders_bought(self.desk, f"{self.shop_id}-buys", limit=50)
        with self.measuring("Read an order as the shop that bought it"):
            find_bought_order(self.desk, f"{self.shop_id}-buys", order.id)

    def _reported_payment(self) -> None:
        order = self._place(lines=1)

        def report(kind: ReportKind, **told: Any) -> PaymentReport:
            return PaymentReport(
                kind=kind,
                provider="stripe",
                event_id="evt_1PxT2eLkdIwHu7ix0aBcDeFg",
                at=order.created_at,
                transaction_id=f"pi_{order.id}",
                amount=order.total,
                **told,
            )

        captured = report(ReportKind.CAPTURED, reference=payment_reference(order.id))
        with self.measuring("A provider reports the payment"):
            apply_report(self.desk, self.shop_id, captured)
        with self.measuring("It reports that again"):
            apply_report(self.desk, self.shop_id, captured)
        with self.measuring("It reports a refund, naming the payment alone"):
            refund = report(ReportKind.REFUNDED, refund_id=f"re_{order.id}")
            apply_report(self.desk, self.shop_id, refund)

    def _subscriber(self) -> None:
        application = Application(
            self._settings,
            client=self._client,
            vault=_Glass(),
            delivery_queue=_Queue(),
            webhook_client=_Endpoint(),
        )
        wanted = NewSubscription(
            kind=SubscriptionKind.STANDARD, url="https://erp.example.com/orders", topics=("*",)
        )
        subscribe(application.subscription_desk, self.shop_id, wanted)
        order = self._place(lines=1)
        (event,) = self.desk.orders.outgoing(self.shop_id, order.id)
        dispatcher = Dispatcher(application.subscriptions, SystemClock(), kind_of)
        with self.measuring("Find whom to tell of an event"):
            (queued,) = dispatcher.dispatch(json.loads(event.detail))
        deliverer, name = application.deliverer, (queued.shop_id, queued.subscription_id)
        # The shop is kept while the function is warm.
        deliverer.deliver(queued, 1)
        with self.measuring("Tell a subscriber, and log it"):
            outcome = deliverer.deliver(queued, 1, deliverer.known([queued])[name])
            if outcome.unlogged:
                deliverer.log([outcome.unlogged])

    def _closing(self) -> None:
        # Far enough back that nothing else in the table is due.
        long_ago = datetime(2001, 1, 1, tzinfo=UTC)
        with self.measuring("Look for due orders, four shards, none due"):
            for shard in range(4):
                self.desk.orders.due(DeadlineKind.PAYMENT, shard, long_ago, limit=250, cursor=None)
        due = self._place(lines=1, payment_timeout=-1)
        key = OrderKey(self.shop_id, due.id)
        with self.measuring("Expire one order"):
            closing.close_due(self.desk, [key])

    def _long_order(self) -> None:
        with self.measuring("Create an order of 2,000 lines"):
            order = self._place(lines=2000)
        with self.measuring("Read an order of 2,000 lines"):
            find_order(self.desk, self.shop_id, str(order.id))
        with self.measuring("Add a line to 2,000"):
            self._add(order, WantedLine(product_id="2", price=Decimal(1), quantity=1))


def _moved(details: Details) -> Details:
    address = details.shipping_address or Address()
    return replace(details, shipping_address=replace(address, line1="科技园新西路8号"))


_DETAILS: Final = Details(
    sender=Contact(name="李雷", email="lilei@example.com", phone="13800000001"),
    shipping_address=Address(
        full_name="韩梅梅",
        phone="13900000002",
        province_code="440000",
        city_code="440300",
        district_code="440305",
        postal_code="518057",
        line1="科技园新西路7号兰光科技园B801",
    ),
    customer_note="Please ring twice.",
    extensions={
        "marketplace": {
            "kind": "taobao",
            "merchant_order_no": "TB0000000000000000",
            "ship_method_id": 2,
            "expected_date": "2026-11-25",
        }
    },
)


def recorded() -> list[Cost]:
    """The costs that the documents show."""
    return costs.read(RECORDED)


def record(measured: Sequence[Cost]) -> None:
    """Have the documents show these."""
    costs.write(RECORDED, measured)
