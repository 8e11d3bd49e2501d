"""A shop that grows by a million orders a year, in a table in this process.

Orders are put there as the storage adapter writes them, and after them what a function on the
stream lays as orders come in: milestones and the index of order numbers.
"""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any, Final

from benchmarks.embedded import EmbeddedDynamoDB
from orderhub.adapters.dynamodb.orders import DynamoOrders
from orderhub.adapters.system import SystemEntropy
from orderhub.bootstrap import Application
from orderhub.domain import commands, identity
from orderhub.domain.commands import Change, Placement
from orderhub.domain.details import Actor, Contact, Details, Reference
from orderhub.domain.events import Terms
from orderhub.domain.lines import LineRequest
from orderhub.domain.money import Money, UnitPrice
from orderhub.domain.order import Order
from orderhub.domain.payment import Payment, PaymentState
from orderhub.services.index_numbers import index_numbers
from orderhub.services.place_order import place_order
from orderhub.services.rank_orders import lay_milestones
from orderhub.settings import Settings
from tests.support.fakes import FakeClock
from tests.support.table import create_table

SHOP: Final = "scale"
EVERY: Final = timedelta(days=365) / 1_000_000
"""From one order to the next."""

_TABLE: Final = "orderhub-scale"
_BEGAN: Final = datetime(2025, 1, 1, tzinfo=UTC)
_ACTOR: Final = Actor("marketplace", "cred_0123456789ab", "Taobao")


class GrowingShop:
    """``clock`` is where the shop has come to; the orders are ``desk``'s to find."""

    def __init__(self, file: Path) -> None:
        self._store = EmbeddedDynamoDB(file)
        self.client = self._store.client()
        create_table(self.client, _TABLE)
        settings = Settings(table_name=_TABLE, event_bus_name="", due_shards=4)
        self.clock = FakeClock(_BEGAN)
        application = Application(settings, client=self.client)
        self.desk = replace(application.desk, clock=self.clock)
        # Past the client, which would take longer than all the rest.
        store: Any = self._store
        self._batches = DynamoOrders(store, _TABLE, settings.due_shards)
        self._payments = count(1)
        self.came = 0
        """How many orders came by themselves."""
        self.orders = 0
        """How many there are, with those that were placed beside."""

    def close(self) -> None:
        self._store.close()

    def grow(self, size: int) -> None:
        """Have ``size`` orders, and all that is laid for finding them."""
        coming = range(self.came, self.came + size - self.orders)
        self._batches.put_all(map(_placed, coming))
        self.came, self.orders = coming.stop, size
        self.clock.time = _time_of(coming.stop) - EVERY / 2
        lay_milestones(self.desk, SHOP)
        while index_numbers(self.desk, SHOP):
            pass

    def place(self, lines: int) -> Order:
        """One order more, as a request makes it."""
        self.orders += 1
        return place_order(self.desk, SHOP, _placement("c", lines), _ACTOR).order

    def pay(self, order_id: int) -> None:
        """A whole payment, as a request makes it: of an order with one line."""
        transaction = f"P{next(self._payments)}"
        self.desk.change(SHOP, order_id, _ACTOR, lambda change: _pay(change, transaction))

    def name_of(self, order_id: int) -> str:
        """What another system calls the order."""
        order = self.desk.orders.get(SHOP, order_id)
        assert order
        return order.references[0].value


def order_id_of(number: int) -> int:
    """Of the order that came by itself after ``number`` others."""
    return identity.order_id(_time_of(number), number % (identity.MAX_TAIL + 1))


def customer_of(number: int) -> str:
    """Each customer has ten orders among a thousand that come one after the other."""
    return f"c{number // 1000}-{number % 100}"


def is_completed(number: int) -> bool:
    """Whether this order is paid and completed at once; the others are neither."""
    return number % 10 == 0


def _placed(number: int) -> Change:
    order_id = order_id_of(number)
    placement = _placement(customer_of(number), lines=1)
    change = commands.place(SHOP, order_id, placement, identity.created_at(order_id), _ACTOR)
    if is_completed(number):
        _pay(change, f"T{number}")
        commands.complete(change)
    return change


def _time_of(number: int) -> datetime:
    return _BEGAN + EVERY * number


def _placement(customer: str, lines: int) -> Placement:
    name = Reference("order", "marketplace:taobao", f"TB{_entropy.digits(16)}")
    return Placement(
        wire="marketplace",
        currency="CNY",
        terms=Terms(),
        details=Details(customer=Contact(id=customer, name="韩梅梅")),
        references=(name,),
        lines=[_LINE] * lines,
    )


def _pay(change: Change, transaction: str) -> None:
    payment = Payment(
        id=0,
        provider="marketplace",
        transaction_id=transaction,
        amount=Money.of("1.25", "CNY"),
        state=PaymentState.CAPTURED,
        created_at=change.now,
        updated_at=change.now,
    )
    commands.capture_payment(change, payment)


_entropy: Final = SystemEntropy()
_LINE: Final = LineRequest(
    product_id="1",
    variant_id="v",
    name="Brick 2 x 4",
    quantity=1,
    unit_price=UnitPrice.of("1.25", "CNY"),
)
