"""Orders that take from the stock, that were made elsewhere, that are asked for twice."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from typing import Final

import pytest

from orderhub.domain import commands, identity
from orderhub.domain.commands import Change, Placement
from orderhub.domain.details import IDEMPOTENCY, Actor, Details, Reference
from orderhub.domain.errors import Busy, InvalidField, NotFound, OutOfStock, Refused
from orderhub.domain.events import Terms
from orderhub.domain.lines import LineRequest
from orderhub.domain.money import Money, UnitPrice
from orderhub.domain.payment import Payment, PaymentState
from orderhub.domain.shop import Product, Variant
from orderhub.domain.stock import StockTaken
from orderhub.ports import Contention, IdTaken, OrderKey
from orderhub.services.cancel_order import cancel_order
from orderhub.services.close_due import close_due
from orderhub.services.desk import MAX_ATTEMPTS, MAX_SECONDS
from orderhub.services.place_order import CLOCK_SKEW, Placed, as_placed, place_order
from orderhub.services.rank_orders import lay_milestones, rank_of
from orderhub.services.replay_order import replay_order
from orderhub.services.stock import stock_for
from tests.support.fakes import NOON, FakeDesk, FakeEntropy

SHOP: Final = "demo"
API: Final = Actor("shoplazza", "c1", "App")
MAY: Final = datetime.fromisoformat("2024-05-01T10:00:00.000+00:00")
DAY: Final = timedelta(days=1)


def line(variant_id: str = "red", quantity: int = 1, product_id: str = "8802") -> LineRequest:
    return LineRequest(
        product_id=product_id,
        variant_id=variant_id,
        quantity=quantity,
        unit_price=UnitPrice.of("50.00", "CNY"),
    )


def key(text: str) -> Reference:
    return Reference(IDEMPOTENCY, "shoplazza", text)


def payment(amount: str) -> Payment:
    return Payment(
        id=0,
        provider="elsewhere",
        transaction_id="",
        amount=Money.of(amount, "CNY"),
        state=PaymentState.CAPTURED,
        created_at=NOON,
        updated_at=NOON,
    )


def note(text: str) -> Callable[[Change], None]:
    return lambda change: commands.add_note(change, text)


class Office(FakeDesk):
    """A desk over fakes, and the shorthands of these tests."""

    def place(
        self,
        *references: Reference,
        lines: tuple[LineRequest, ...] = (line(),),
        stock: tuple[StockTaken, ...] = (),
        created_at: datetime | None = None,
        terms: Terms | None = None,
        follow_up: Callable[[Change], None] | None = None,
    ) -> Placed:
        placement = Placement(
            wire="shoplazza",
            currency="CNY",
            terms=terms or Terms(),
            details=Details(),
            references=references,
            lines=lines,
            stock=stock,
            created_at=created_at,
        )
        return place_order(self.desk, SHOP, placement, API, follow_up=follow_up)

    def left(self, product_id: str = "8802", variant_id: str = "red") -> int:
        item = (product_id, variant_id)
        return self.catalog.stock(SHOP, [item])[item]


@pytest.fixture
def office() -> Office:
    """Ten red pots are there."""
    office = Office()
    office.catalog.set_stock(SHOP, "8802", "red", 10)
    return office


# -- stock ---------------------------------------------------------------------------------------


def test_an_order_takes_its_pieces_from_the_stock(office: Office) -> None:
    office.place(stock=(StockTaken("8802", "red", 3),))
    assert office.left() == 7


def test_an_order_of_what_is_not_there_is_not_made(office: Office) -> None:
    office.catalog.set_stock(SHOP, "8802", "blue", 1)
    wanted = (
        StockTaken("8802", "red", 11),
        StockTaken("8802", "blue", 1),
        StockTaken("8810", "white", 1),
    )
    with pytest.raises(OutOfStock) as refused:
        office.place(stock=wanted)
    assert refused.value.items == (("8802", "red"), ("8810", "white"))
    assert not office.orders.snapshots
    assert (office.left(), office.left("8802", "blue")) == (10, 1)


def test_the_last_piece_is_sold_once(office: Office) -> None:
    office.place(stock=(StockTaken("8802", "red", 10),))
    with pytest.raises(OutOfStock):
        office.place(stock=(StockTaken("8802", "red", 1),))
    assert office.left() == 0


def test_a_cancelled_order_puts_its_pieces_back(office: Office) -> None:
    order = office.place(stock=(StockTaken("8802", "red", 3),)).order
    cancel_order(office.desk, order, API)
    assert office.left() == 10
    cancel_order(office.desk, office.orders.snapshots[OrderKey(SHOP, order.id)], API)
    assert office.left() == 10


def test_an_expired_order_puts_its_pieces_back_once(office: Office) -> None:
    taken = (StockTaken("8802", "red", 3),)
    order = office.place(stock=taken, terms=Terms(payment_timeout=60)).order
    office.clock.advance(61)
    for _ in range(2):
        close_due(office.desk, [OrderKey(SHOP, order.id)])
    assert office.left() == 10
    assert replay_order(office.desk, SHOP, order.id).agrees


def test_an_order_that_is_cancelled_as_it_is_made_takes_nothing(office: Office) -> None:
    taken = (StockTaken("8802", "red", 99),)
    order = office.place(stock=taken, follow_up=commands.cancel).order
    assert (order.status, office.left()) == ("cancelled", 10)


def test_others_who_take_the_same_at_the_same_time_are_waited_out(office: Office) -> None:
    office.orders.contend = [Contention()] * 15
    office.place(stock=(StockTaken("8802", "red", 1),))
    assert office.left() == 9
    assert len(office.clock.slept) == 15


def test_they_are_not_waited_for_beyond_the_time_limit(office: Office) -> None:
    office.orders.contend = [Contention()] * MAX_ATTEMPTS
    office.orders.meanwhile = [lambda: office.clock.advance(MAX_SECONDS / 2)] * MAX_ATTEMPTS
    with pytest.raises(Busy):
        office.place(stock=(StockTaken("8802", "red", 1),))
    assert len(office.orders.contend) == MAX_ATTEMPTS - 2
    assert office.left() == 10


def product(product_id: str, **tracks_stock: bool) -> Product:
    variants = (Variant(id=name, tracks_stock=tracks) for name, tracks in tracks_stock.items())
    return Product(id=product_id, name="Tea pot", variants=tuple(variants))


def test_lines_take_what_their_variants_count() -> None:
    products = {
        "8802": product("8802", red=True, blue=False),
        "8810": product("8810", red=True),
    }
    lines = [
        line("red", 2),
        line("blue", 9),
        line("green", 9),
        line("red", 1, product_id="8810"),
        line("red", 9, product_id="9999"),
        line("red", 3),
    ]
    assert stock_for(products, lines) == (
        StockTaken("8802", "red", 5),
        StockTaken("8810", "red", 1),
    )
    assert stock_for({}, lines) == ()


# -- orders that were made elsewhere -------------------------------------------------------------


def test_an_order_made_elsewhere_stands_where_it_belongs_in_time(office: Office) -> None:
    order = office.place(created_at=MAY).order
    assert order.created_at == identity.created_at(order.id) == MAY
    assert order.number == f"R{order.id}"


def test_all_that_happened_to_it_elsewhere_is_written_with_it(office: Office) -> None:
    def history(change: Change) -> None:
        commands.capture_payment(change, payment("50.00"))
        change.now = MAY + DAY
        refund = commands.request_refund(change, Money.of("20.00", "CNY"))
        commands.settle_refund(change, refund.id)
        commands.ship(change)
        commands.complete(change)

    order = office.place(created_at=MAY, follow_up=history).order
    assert office.orders.commits == 1
    assert (order.status, order.payment_status) == ("completed", "partially_refunded")
    assert (order.paid_at, order.updated_at) == (MAY, MAY + DAY)
    assert replay_order(office.desk, SHOP, order.id).agrees


def test_it_is_told_again_on_every_attempt(office: Office) -> None:
    told: list[int] = []

    def history(change: Change) -> None:
        told.append(change.order.id)
        commands.capture_payment(change, payment("50.00"))

    office.orders.contend = [IdTaken(), Contention()]
    order = office.place(created_at=MAY, follow_up=history).order
    assert len(set(told)) == 3
    assert order.id == told[-1]
    assert len(order.payments) == 1


def test_deadlines_that_passed_elsewhere_are_written_down_with_it(office: Office) -> None:
    def history(change: Change) -> None:
        change.now = MAY + 3 * DAY

    order = office.place(
        created_at=MAY, terms=Terms(payment_timeout=86400), follow_up=history
    ).order
    assert order.status == "expired"
    assert (order.closed_at, order.updated_at) == (MAY + DAY, MAY + 3 * DAY)


def test_a_history_that_can_not_be_makes_no_order(office: Office) -> None:
    with pytest.raises(Refused):
        office.place(created_at=MAY, follow_up=commands.complete)
    assert not office.orders.snapshots


@pytest.mark.parametrize(
    "at",
    [
        datetime.fromisoformat("1999-12-31T23:59:59+00:00"),
        datetime.fromisoformat("2000-01-01T12:00:00+00:00"),
        NOON + CLOCK_SKEW + timedelta(milliseconds=1),
        datetime.max.replace(tzinfo=timezone(-timedelta(hours=8))),
        datetime.min.replace(tzinfo=timezone(timedelta(hours=8))),
    ],
)
def test_no_order_is_from_before_2000_or_from_the_future(office: Office, at: datetime) -> None:
    with pytest.raises(InvalidField) as refused:
        office.place(created_at=at)
    assert (refused.value.field, refused.value.reason) == ("created_at", "out_of_range")
    assert not office.orders.snapshots


def test_anothers_clock_may_be_a_little_ahead(office: Office) -> None:
    at = NOON + CLOCK_SKEW
    assert office.place(created_at=at).order.created_at == at


def test_nothing_happened_to_an_order_in_the_future(office: Office) -> None:
    def history(change: Change) -> None:
        change.now = NOON + CLOCK_SKEW + timedelta(seconds=1)

    with pytest.raises(InvalidField) as refused:
        office.place(created_at=MAY, follow_up=history)
    assert (refused.value.field, refused.value.reason) == ("updated_at", "out_of_range")


def test_orders_that_come_from_the_past_are_counted_among_the_others(office: Office) -> None:
    others = [office.place().order for _ in range(200)]
    office.clock.advance(600)
    assert lay_milestones(office.desk, SHOP) == 2
    office.place(created_at=MAY)
    assert rank_of(office.desk, SHOP, others[-1].id) == 201


# -- asked for twice -----------------------------------------------------------------------------


def test_a_request_with_the_same_key_makes_one_order(office: Office) -> None:
    taken = (StockTaken("8802", "red", 10),)
    first = office.place(key("K1"), stock=taken)
    again = office.place(key("K1"), stock=taken)
    assert first.is_new
    assert (again.is_new, again.order) == (False, first.order)
    assert office.left() == 0


def test_a_key_holds_for_a_day(office: Office) -> None:
    office.place(key("K1"))
    office.clock.advance(24 * 60 * 60 - 1)
    assert not office.place(key("K1")).is_new
    assert office.desk.orders.named(SHOP, IDEMPOTENCY, "K1")
    office.clock.advance(1)
    assert office.desk.orders.named(SHOP, IDEMPOTENCY, "K1") == []
    second = office.place(key("K1"))
    assert second.is_new
    assert not office.place(key("K1")).is_new
    named = office.desk.orders.named(SHOP, IDEMPOTENCY, "K1")
    assert named == [(key("K1"), second.order.id)]


def test_a_repeat_can_be_answered_as_the_first_time(office: Office) -> None:
    def pay(change: Change) -> None:
        commands.capture_payment(change, payment("50.00"))
        change.now = MAY + DAY
        commands.add_note(change, "by telephone")

    first = office.place(key("K1"), created_at=MAY, follow_up=pay).order
    for text in ("later", "later still"):
        office.clock.advance(1)
        office.desk.change(SHOP, first.id, API, note(text))
    again = office.place(key("K1"), created_at=MAY, follow_up=pay)
    assert len(again.order.notes) == 3
    assert as_placed(office.desk, SHOP, again.order.id) == first


def test_an_order_as_it_was_placed_may_be_one_event(office: Office) -> None:
    first = office.place().order
    # In the same millisecond, and yet another change.
    office.desk.change(SHOP, first.id, API, note("hello"))
    assert as_placed(office.desk, SHOP, first.id) == first


def test_an_unknown_order_was_never_placed(office: Office) -> None:
    with pytest.raises(NotFound):
        as_placed(office.desk, SHOP, 12345)


def test_orders_of_one_moment_get_different_ids(office: Office) -> None:
    office.desk = replace(office.desk, entropy=FakeEntropy([1, 1, 2]))
    made = [office.place(created_at=MAY).order for _ in range(2)]
    assert made[0].id + 1 == made[1].id
