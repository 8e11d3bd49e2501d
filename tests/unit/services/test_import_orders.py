"""Orders of another system: brought in whole, once, and quietly."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, Final

import pytest

from orderhub.domain import commands, identity
from orderhub.domain.commands import Change, Placement
from orderhub.domain.details import Actor, Details, Reference
from orderhub.domain.errors import Busy, InvalidField, NameIsAnId, Refused, Unavailable
from orderhub.domain.events import Terms
from orderhub.domain.lines import LineRequest
from orderhub.domain.money import Money, UnitPrice
from orderhub.domain.order import Order
from orderhub.domain.payment import Payment, PaymentState
from orderhub.domain.status import OrderStatus
from orderhub.ports import Contention, IdTaken, OrderKey
from orderhub.services.close_due import CLOCK
from orderhub.services.desk import MAX_ATTEMPTS
from orderhub.services.hold_room import HeldRoom
from orderhub.services.import_orders import (
    ANOTHER_ORDERS,
    TOO_MANY_AT_ONCE,
    History,
    Imported,
    import_order,
)
from orderhub.services.replay_order import replay_order
from orderhub.services.resend import events_between
from tests.support.fakes import NOON, FakeDesk

SHOP: Final = "demo"
LEE: Final = Actor("operator", "lee")
MAY: Final = datetime.fromisoformat("2024-05-01T10:00:00.123+00:00")
DAY: Final = timedelta(days=1)
ID: Final = identity.order_id(MAY, 77)


def named(value: str, scope: str = "shoplazza") -> Reference:
    return Reference("order", scope, value)


def paid(transaction_id: str = "", at: datetime = MAY) -> Callable[[Change], None]:
    payment = Payment(
        id=0,
        provider="elsewhere",
        transaction_id=transaction_id,
        amount=Money.of("50.00", "CNY"),
        state=PaymentState.CAPTURED,
        created_at=at,
        updated_at=at,
    )

    def tell(change: Change) -> None:
        change.now = max(at, change.now)
        commands.capture_payment(change, payment)

    return tell


class Movers(FakeDesk):
    """A desk over fakes, and the shorthands of these tests."""

    def __init__(self) -> None:
        super().__init__()
        self.room = HeldRoom(self.desk, SHOP)

    def bring_in(
        self,
        *references: Reference,
        created_at: datetime | None = MAY,
        terms: Terms | None = None,
        currency: str = "CNY",
        is_quiet: bool = True,
        **more: Any,
    ) -> Imported:
        line = LineRequest(product_id="1", quantity=1, unit_price=UnitPrice.of("50.00", currency))
        placement = Placement(
            wire="shoplazza",
            currency=currency,
            terms=terms or Terms(),
            details=Details(),
            references=references,
            lines=(line,),
            created_at=created_at,
        )
        history = History(placement=placement, **more)
        return import_order(self.desk, self.room, SHOP, history, LEE, is_quiet=is_quiet)

    def order(self, imported: Imported) -> Order:
        return self.orders.snapshots[OrderKey(SHOP, imported.order_id)]

    def told_again(self) -> list[str]:
        found = events_between(self.orders, SHOP, MAY - DAY, self.clock.now())
        return [event.type for event in found]


@pytest.fixture
def movers() -> Movers:
    return Movers()


def test_an_order_comes_with_its_time_and_all_that_happened(movers: Movers) -> None:
    imported = movers.bring_in(named("A-1"), continue_with=paid("T-1", MAY + DAY))
    assert imported.is_new
    order = movers.order(imported)
    assert (order.created_at, order.number) == (MAY, identity.default_number(order.id))
    assert identity.created_at(order.id) == MAY
    assert order.is_paid
    assert replay_order(movers.desk, SHOP, order.id).agrees
    assert movers.orders.commits == 1
    assert movers.orders.reads == 1, "that of this test"


def test_an_order_that_says_no_time_is_of_now(movers: Movers) -> None:
    order = movers.order(movers.bring_in(named("A-1"), created_at=None))
    assert order.created_at == NOON


def test_a_repeat_is_known_by_its_reference(movers: Movers) -> None:
    first = movers.bring_in(named("A-1"), continue_with=paid("T-1"))
    again = movers.bring_in(named("A-1"), continue_with=paid("T-1"))
    assert again == replace(first, is_new=False)
    assert movers.orders.commits == 1


def test_a_repeat_that_draws_the_very_same_id_is_none_the_less_one(movers: Movers) -> None:
    first = movers.bring_in(named("A-1"))
    movers.entropy._given = [first.order_id % 4096]
    assert movers.bring_in(named("A-1")) == replace(first, is_new=False)


def test_an_order_keeps_its_id_and_number_and_a_repeat_is_known_by_them(movers: Movers) -> None:
    known: dict[str, Any] = {"order_id": ID, "number": "NO-7", "created_at": None}
    first = movers.bring_in(named("A-1"), **known)
    assert first == Imported(ID, "NO-7", is_new=True)
    assert movers.order(first).created_at == MAY
    again = movers.bring_in(named("A-1"), **known)
    assert again == replace(first, is_new=False)
    nameless = movers.bring_in(order_id=ID + 1)
    assert movers.bring_in(order_id=ID + 1) == replace(nameless, is_new=False)


@pytest.mark.parametrize(
    ("changed", "why"),
    [
        ({"number": "NO-8"}, "its number is not NO-8"),
        ({"number": None}, f"its number is not R{ID}"),
        ({"currency": "EUR"}, "in CNY, not EUR"),
    ],
)
def test_an_id_of_another_order_is_refused(
    movers: Movers, changed: dict[str, Any], why: str
) -> None:
    movers.bring_in(order_id=ID, number="NO-7")
    with pytest.raises(Refused, match=why) as refused:
        movers.bring_in(**{"order_id": ID, "number": "NO-7", **changed})
    assert refused.value.reason == ANOTHER_ORDERS
    assert "order NO-7 is there already" in str(refused.value)


def test_an_id_of_an_order_with_another_reference_is_refused(movers: Movers) -> None:
    movers.bring_in(named("A-1"), order_id=ID)
    with pytest.raises(Refused, match="without the order reference A-2"):
        movers.bring_in(named("A-2"), order_id=ID)
    with pytest.raises(Refused, match=f"order A-1 is order R{ID}'s already"):
        movers.bring_in(named("A-1"), order_id=ID + 1)


def test_a_second_name_that_the_order_does_not_have_is_refused(movers: Movers) -> None:
    movers.bring_in(named("A-1"))
    with pytest.raises(Refused, match="without the order reference A-2"):
        movers.bring_in(named("A-1"), named("A-2"))


@pytest.mark.parametrize("number", [None, "NO-7"])
def test_a_payment_of_another_order_is_refused_and_its_order_named(
    movers: Movers, number: str | None
) -> None:
    movers.bring_in(named("A-1"), order_id=ID, number=number, continue_with=paid("T-1"))
    with pytest.raises(Refused, match=f"payment T-1 is order {number or f'R{ID}'}'s already"):
        movers.bring_in(named("A-2"), continue_with=paid("T-1"))
    assert len(movers.orders.snapshots) == 1


def test_a_number_of_another_order_is_refused(movers: Movers) -> None:
    movers.bring_in(named("A-1"), number="NO-7")
    with pytest.raises(Refused, match="order NO-7 is order NO-7's already"):
        movers.bring_in(named("A-2"), number="NO-7")


def test_an_id_says_when_its_order_was_made(movers: Movers) -> None:
    with pytest.raises(InvalidField, match=r"made at 2024-05-01T10:00:00\.123"):
        movers.bring_in(order_id=ID, created_at=MAY + DAY)
    with pytest.raises(InvalidField, match="not an order's id"):
        movers.bring_in(order_id=7, created_at=None)
    with pytest.raises(InvalidField, match="from 2000-01-02 to now"):
        movers.bring_in(named("A-1"), created_at=NOON + DAY)


def test_what_another_system_calls_an_order_is_no_other_orders_id(movers: Movers) -> None:
    first = movers.bring_in(named("A-1"))
    with pytest.raises(NameIsAnId):
        movers.bring_in(named(str(first.order_id)))


def test_what_was_due_since_is_written_down_with_it(movers: Movers) -> None:
    """So that the closing machines find nothing, and tell nobody of each."""
    terms = Terms(payment_timeout=3600)
    order = movers.order(movers.bring_in(named("A-1"), terms=terms))
    assert order.status is OrderStatus.EXPIRED
    assert order.deadlines == ()
    *_, last = movers.orders.history(SHOP, order.id)
    assert (last.actor, last.at) == (CLOCK, NOON)


def test_deadlines_to_come_are_left_to_come(movers: Movers) -> None:
    terms = Terms(payment_timeout=3600)
    made_at = NOON - timedelta(minutes=30)
    order = movers.order(movers.bring_in(named("A-1"), terms=terms, created_at=made_at))
    assert [deadline.at for deadline in order.deadlines] == [made_at + timedelta(hours=1)]
    assert order.updated_at == made_at


def test_history_is_told_to_nobody_unless_it_is_wanted(movers: Movers) -> None:
    quiet = movers.bring_in(named("A-1"), continue_with=paid("T-1"))
    assert movers.told_again() == []
    sent = movers.desk.change(SHOP, quiet.order_id, LEE, commands.ship)
    assert movers.told_again() == ["shipment.sent"], "what happens later is as of any order"
    assert sent.order.shipments
    movers.bring_in(named("A-2"), is_quiet=False)
    assert sorted(movers.told_again()) == ["order.placed", "shipment.sent"]
    every = movers.orders.outgoing(SHOP, quiet.order_id)
    assert [event.is_quiet for event in every] == [True, True, True, False]


def test_ids_that_are_taken_are_drawn_again_until_there_are_none(movers: Movers) -> None:
    first = movers.bring_in(named("A-1"))
    movers.entropy._given = [first.order_id % 4096, 3000]
    second = movers.bring_in(named("A-2"))
    assert second.order_id % 4096 == 3000
    movers.orders.contend = [IdTaken() for _ in range(MAX_ATTEMPTS)]
    with pytest.raises(Refused) as refused:
        movers.bring_in(named("A-3"))
    assert refused.value.reason == TOO_MANY_AT_ONCE


def test_a_lost_race_is_run_again_and_a_silent_table_is_told(movers: Movers) -> None:
    movers.orders.contend = [Contention(), Contention()]
    assert movers.bring_in(named("A-1")).is_new
    assert len(movers.clock.slept) == 2
    movers.orders.contend = [Contention() for _ in range(MAX_ATTEMPTS)]
    with pytest.raises(Busy):
        movers.bring_in(named("A-2"))
    movers.orders.contend = [Unavailable("no answer")]
    with pytest.raises(Unavailable):
        movers.bring_in(named("A-3"))


def test_what_happened_is_told_anew_on_every_attempt(movers: Movers) -> None:
    movers.orders.contend = [Contention()]
    tell, calls = paid("T-1"), []

    def counting(change: Change) -> None:
        calls.append(change.order.version)
        tell(change)

    order = movers.order(movers.bring_in(named("A-1"), continue_with=counting))
    assert calls == [1, 1]
    assert len(order.payments) == 1


def test_room_is_held_before_the_order_is_written(movers: Movers) -> None:
    held: list[object] = []
    movers.orders.meanwhile.append(
        lambda: held.append(movers.ranks.frontier(SHOP).held_until is not None)
    )
    movers.bring_in(named("A-1"))
    assert held == [True]
    assert movers.numbers.late(SHOP) == []


def test_a_process_that_was_suspended_while_it_wrote_makes_room_again(movers: Movers) -> None:
    movers.orders.meanwhile.append(lambda: movers.clock.advance(3600))
    movers.bring_in(named("A-1"))
    held = movers.ranks.frontier(SHOP).held_until
    assert held is not None
    assert held > movers.clock.now()
