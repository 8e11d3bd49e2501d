"""A shop that every API shares, one order in it, and what may be asked of that order."""

import json
import pickle
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import partial
from itertools import permutations
from typing import Any, Final

from moto.dynamodb.models import DynamoDBBackend
from moto.dynamodb.models.table import Table

from orderhub.bootstrap import Application
from orderhub.domain import ledger
from orderhub.domain.errors import OrderHubError
from orderhub.domain.events import OrderPaid
from orderhub.domain.money import Money
from orderhub.domain.order import Order
from orderhub.domain.payment import PaymentState
from orderhub.domain.refund import RefundState
from orderhub.domain.status import FulfilmentStatus
from orderhub.services.accept_payment import accept_payment
from orderhub.services.reconcile import Auditor, Flaw, reconcile_order
from orderhub.services.replay_order import replay_order
from tests.integration.races import model
from tests.integration.races.model import DONE, REFUSED, World
from tests.support import interleaving, providers
from tests.support.api import Answer, Client, invoke, payload
from tests.support.bricklink import Seller
from tests.support.fakes import NOON
from tests.support.interleaving import Redundant, pause
from tests.support.orders import TESTER
from tests.support.store_orders import store_order
from tests.support.wiretap import Wiretap

SHOP: Final = "demo"
DUE_IN: Final = 3600
"""Seconds that orders of the marketplace have to be paid."""
LAMP: Final = ("lamp", "lamp-1")
AGENT_KEY: Final = "races-agent-key-0001"
STORE_TOKEN: Final = "races-store-token-0001"
_NOTIFICATION: Final[dict[str, Any]] = json.loads(payload("marketplace/create_order")["body"])


class Clock:
    """The time that functions see."""

    def __init__(self, now: datetime) -> None:
        self.now = now

    def advance(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)


class Chance:
    """What is drawn, the same in every run."""

    def __init__(self) -> None:
        self.drawn = 0

    def draw(self) -> int:
        self.drawn += 1
        return self.drawn


@dataclass(frozen=True)
class Operation:
    """A request: how it is sent, and what the model does instead."""

    name: str
    send: Callable[[], str]
    happens: Callable[[World], str]

    def __str__(self) -> str:
        return self.name


def _said(status: int) -> str:
    """A request is done, refused, or told to come again; nothing else is right."""
    assert status < 500 or status == 503, status
    if status == 503:
        return "busy"
    return DONE if status < 400 else REFUSED


@dataclass
class Town:
    """All the clients of a shop. ``order_id`` is the order that the operations are about."""

    application: Application
    wiretap: Wiretap
    backend: DynamoDBBackend
    table_name: str
    clock: Clock
    chance: Chance
    marketplace: Client
    till: Client
    shop_system: Client
    seller: Seller
    store: Client
    order_id: int = 0
    number: str = ""
    _kept: bytes = b""
    _drawn: int = 0
    _then: datetime = NOON
    _beginning: tuple[bytes, int, datetime] = (b"", 0, NOON)
    _proven: set[str] = field(default_factory=set)

    @property
    def table(self) -> Table:
        """As it is emulated."""
        return self.backend.tables[self.table_name]

    # -- to the same moment again ------------------------------------------------------------------

    def keep(self) -> None:
        """Remember everything as it is now."""
        self._kept = pickle.dumps(self.table.items)
        self._drawn, self._then = self.chance.drawn, self.clock.now

    def restore(self) -> None:
        """As it was when it was kept."""
        self.table.items = pickle.loads(self._kept)  # noqa: S301 - our own
        if self.table.stream_shard:
            self.table.stream_shard.items.clear()
        self.clock.now = self._then
        self.chance.drawn = self._drawn

    def keep_beginning(self) -> None:
        """Make now the moment to which :meth:`begin` leads back."""
        self._beginning = pickle.dumps(self.table.items), self.chance.drawn, self.clock.now

    def begin(self) -> None:
        self._kept, self._drawn, self._then = self._beginning
        self.restore()

    @contextmanager
    def for_a_while(self) -> Iterator[None]:
        """Whatever happens in it did not happen afterwards."""
        before = pickle.dumps(self.table.items), self.chance.drawn, self.clock.now
        try:
            yield
        finally:
            self._kept, self._drawn, self._then = before
            self.restore()

    def forget_credentials(self) -> None:
        """As a function is when it starts."""
        for name in ("authenticator", "signature_authenticator", "payment_accounts", "vault"):
            self.application.__dict__.pop(name, None)

    # -- orders ------------------------------------------------------------------------------------

    def new_order(self, *, pieces: int = 2) -> World:
        """An unpaid one of the marketplace over 50.00 a piece."""
        made = self.notify(f"TB{self.chance.draw()}").body
        self.order_id, self.number = made["id"], made["number"]
        assert self.add_line(50, pieces) == DONE
        return World(model.Order(5000 * pieces, lines=[(5000, pieces)]), stock=self.stock())

    def new_lamp_order(self, *, pieces: int = 1, stock: int = 1) -> World:
        """An unpaid one of the store, of lamps at 50.00, of which ``stock`` are left then."""
        self.set_stock(stock + pieces)
        made = self.store_order("first", pieces=pieces)
        assert made is not None
        self.order_id, self.number = int(made["number"]), made["number"]
        order = model.Order(5000 * pieces, takes_stock=pieces)
        return World(order, stock=stock)

    def stock(self) -> int:
        return self.application.desk.catalog.stock(SHOP, [LAMP]).get(LAMP, 0)

    def set_stock(self, pieces: int) -> None:
        self.application.desk.catalog.set_stock(SHOP, *LAMP, pieces)

    def stored(self) -> Order:
        order = self.application.desk.orders.get(SHOP, self.order_id)
        assert order is not None
        return order

    def seen(self) -> dict[str, object]:
        """As :meth:`World.seen`."""
        order = self.stored().as_of(self.clock.now)
        gone = [*order.refunds, *order.held_refunds]
        return {
            "status": order.status.value,
            "payment_status": order.payment_status.value,
            "total": order.total.amount,
            "captured": order.captured.amount,
            "held": sum(p.amount.amount for p in order.payments if p.state is PaymentState.HELD),
            "returned": sum(r.amount.amount for r in gone if r.state is RefundState.SUCCEEDED),
            "asked_back": sum(r.amount.amount for r in gone if r.state is RefundState.REQUESTED),
            "was_paid": order.is_paid,
            "is_sent": order.fulfilment_status is not FulfilmentStatus.UNFULFILLED,
            "stock": self.stock(),
            "strays": sum(1 for _ in self.application.desk.strays.of_shop(SHOP)),
        }

    def notify(self, name: str) -> Answer:
        """The marketplace has a new order, which it calls ``name``."""
        body = {**_NOTIFICATION, "merchant_order_no": name}
        return self.marketplace.call("create_order", body=body)

    def ring_up(self, cart_id: str) -> str:
        """The number of the order that a cart becomes."""
        body = {"api_key": AGENT_KEY, "cart_id": cart_id, "type": "cash"}
        number: str = self.till.call("create_order", body=body).body["order_number"]
        return number

    # -- requests ----------------------------------------------------------------------------------

    def add_line(self, price: int, pieces: int) -> str:
        body = {"product_id": "3531", "price": f"{price}.00", "quantity": pieces}
        return self._market("create_line_item", body)

    def _market(self, operation: str, body: object) -> str:
        path = {"id": str(self.order_id)}
        return _said(self.marketplace.call(operation, path=path, body=body).status)

    def _till(self, operation: str, **fields: object) -> str:
        body = {"api_key": AGENT_KEY, "order_number": self.number, **fields}
        return _said(self.till.call(operation, body=body).status)

    def _seller(self, status: str, word: str) -> str:
        field_name = "payment_status" if status == "payment_status" else "status"
        body = {"field": field_name, "value": word}
        answer = self.seller.put(f"/orders/{self.order_id}/{status}", body)
        return _said(int(answer.json()["meta"]["code"]))

    def _agree(self, total: int) -> str:
        body = {"order": {"total_amount": total / 100}}
        answer = self.shop_system.call("update_order", path={"id": str(self.order_id)}, body=body)
        return _said(answer.body.get("code", answer.status))

    def stripe(self, event: dict[str, Any]) -> str:
        request = providers.stripe_request(providers.STRIPE_SECRET, event, at=self.clock.now)
        sent = payload("payment_webhooks/stripe")
        sent |= {
            "headers": request.headers,
            "pathParameters": {"shop_id": SHOP},
            "body": request.body.decode(),
            "isBase64Encoded": False,
        }
        return _said(invoke("payment_webhooks/stripe", sent)["statusCode"])

    def _close(self) -> str:
        event = {"kind": "payment_timeout", "orders": [f"{SHOP}/{self.order_id}"]}
        invoke("workflows/close_due", event)
        return DONE

    def _tick(self) -> str:
        pause()
        self.clock.advance(DUE_IN + 1)
        return DONE

    def _accept(self, name: str) -> str:
        order = self.stored()
        (payment,) = (p for p in order.payments if p.transaction_id == name)
        try:
            accept_payment(self.application.desk, order, payment.id, TESTER)
        except OrderHubError:
            return REFUSED
        return DONE

    def store_order(self, name: str, *, pieces: int = 1, key: str = "") -> dict[str, Any] | None:
        """An order of lamps, or ``None`` when there are not enough. ``key`` is the request's own
        name."""
        headers = {"idempotency-key": key} if key else {}
        body = store_order(pieces, note=name)
        answer = self.store.call("create_order", body=body, headers=headers)
        if _said(answer.status) != DONE:
            return None
        made: dict[str, Any] = answer.body["order"]
        return made

    # -- operations --------------------------------------------------------------------------------

    def operation(self, name: str, *told: Any) -> Operation:
        """The one called ``name``, which is its method of :class:`World` as well."""
        label = "-".join(str(each) for each in (name, *told))
        send = partial(self._sender(name), *told)

        def happens(world: World) -> str:
            answer: str = getattr(world, name)(*told)
            return answer

        return Operation(label, send, happens)

    def _sender(self, name: str) -> Callable[..., str]:
        senders: dict[str, Callable[..., str]] = {
            "tick": self._tick,
            "close": self._close,
            "marketplace_pays": lambda name, amount: self._market(
                "pay_order", {"merchant_trade_no": name, "payment": f"{amount / 100:.2f}"}
            ),
            "till_pays": lambda name: self._till("pay_order", transaction_id=name),
            "seller_says_paid": lambda: self._seller("payment_status", "Completed"),
            "provider_reports": lambda name, amount: self.stripe(
                providers.stripe_payment_succeeded(
                    self.order_id,
                    Money(amount, "CNY"),
                    payment=name,
                    event_id=f"evt_{name}",
                    at=self.clock.now,
                )
            ),
            "operator_accepts": self._accept,
            "till_refunds": lambda name="": self._till("refund_order", transaction_id=name),
            "seller_says_returned": lambda: self._seller("payment_status", "Returned"),
            "provider_refunds": lambda payment, amount, name: self.stripe(
                providers.stripe_refund(
                    Money(amount, "CNY"),
                    payment=payment,
                    refund=name,
                    event_id=f"evt_{name}",
                    at=self.clock.now,
                )
            ),
            "adds_line": lambda price, pieces: self.add_line(price // 100, pieces),
            "agrees_on": self._agree,
            "till_cancels": lambda: self._till("cancel_order"),
            "seller_cancels": lambda: self._seller("status", "CANCELLED"),
            "completes": lambda: self._market("complete_order", {}),
            "seller_sends": lambda: self._seller("status", "SHIPPED"),
        }
        return senders[name]

    # -- what must hold ----------------------------------------------------------------------------

    def prove(self) -> None:
        """That the order is whole, whatever happened: its events, its money, its names."""
        state = self._stored_state()
        if state in self._proven:
            return
        desk = self.application.desk
        proof = replay_order(desk, SHOP, self.order_id)
        assert proof.agrees
        assert sum(isinstance(entry.event, OrderPaid) for entry in proof.events) <= 1
        told = ledger.of_events(proof.events)
        assert told.uncovered is None
        assert +told.balances == +ledger.of_order(self.stored())
        found = reconcile_order(Auditor(desk, self.application.audit), SHOP, self.order_id)
        # Strays are the model's to judge.
        faults = [f for f in found.left if not f.flaw.is_to_do]
        assert [f for f in faults if f.flaw is not Flaw.REPORT_NOT_APPLIED] == []
        self._proven.add(state)

    def _stored_state(self) -> str:
        """All of the table that doesn't differ from run to run."""
        items = (item for of_one in self.table.items.values() for item in of_one.values())
        kept = [item.to_json()["Attributes"] for item in items]
        return json.dumps(
            [each for each in kept if not each["pk"]["S"].startswith("NONCE#")], default=bytes.hex
        )

    def require_one_after_the_other(
        self, world: World, operations: Sequence[Operation], answers: Sequence[object]
    ) -> World:
        """That some sequence of the operations, each alone, gives these answers and leaves what is
        seen now. Returns what the model has after that.

        Time runs out for each of them by itself: one that is refused may have seen that before
        another, which had decided in time, was written. Nothing came of it.
        """
        is_running_out = any(each.name == "tick" for each in operations)
        seen = (list(answers), self.seen())
        wanted = []
        for sequence in permutations(range(len(operations))):
            after = deepcopy(world)
            given = {}
            for index in sequence:
                if is_running_out and answers[index] == REFUSED:
                    given[index] = operations[index].happens(_too_late(after))
                if given.get(index) != REFUSED:
                    given[index] = operations[index].happens(after)
            told = [given[index] for index in range(len(operations))]
            if (told, after.seen()) == seen:
                return after
            wanted.append((told, after.seen()))
        raise AssertionError(_difference(operations, seen, wanted))

    # -- all schedules -----------------------------------------------------------------------------

    def race(
        self,
        world: World,
        operations: Sequence[Operation],
        *,
        at_most: int = 400,
        is_warm: bool = True,
    ) -> int:
        """Try every schedule of ``operations``, up to ``at_most``; return how many those were.

        Every one begins with the order as it is now, and must end as if the operations had come one
        after the other.
        """
        return self.every_schedule(
            [each.send for each in operations],
            lambda answers: self._require_race(world, operations, answers),
            at_most=at_most,
            is_warm=is_warm,
        )

    def _require_race(
        self, world: World, operations: Sequence[Operation], answers: Sequence[object]
    ) -> None:
        try:
            self.prove()
            self.require_one_after_the_other(world, operations, answers)
        except BaseException as error:
            error.add_note(", ".join(each.name for each in operations))
            raise

    def every_schedule(
        self,
        requests: Sequence[Callable[[], object]],
        check: Callable[[list[Any]], None],
        *,
        at_most: int = 400,
        is_warm: bool = True,
    ) -> int:
        """Run ``requests`` in every schedule, each time from how it is now, and ``check`` the
        answers each time. Returns how many schedules those were."""
        self.keep()
        if is_warm:
            interleaving.run(self.wiretap, requests, interleaving.told([]))
        count = 0
        for schedule in interleaving.schedules(at_most):
            self.restore()
            if not is_warm:
                self.forget_credentials()
            try:
                check(interleaving.run(self.wiretap, requests, schedule.choose))
            except Redundant:
                continue
            except BaseException as error:
                error.add_note(f"scheduled as\n{schedule}")
                raise
            count += 1
        self.restore()
        return count


def _too_late(world: World) -> World:
    return replace(deepcopy(world), is_past_due=True)


def _difference(
    operations: Sequence[Operation],
    seen: tuple[list[object], dict[str, object]],
    wanted: Sequence[tuple[list[str], dict[str, object]]],
) -> str:
    lines = [f"{[o.name for o in operations]} answered {seen[0]} and left {seen[1]}"]
    for answers, state in wanted:
        other = {key: value for key, value in state.items() if seen[1][key] != value}
        lines.append(f"one after the other: {answers}, and left otherwise {other}")
    return "\n".join(lines)
