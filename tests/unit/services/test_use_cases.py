"""The use cases over fakes: what is read, decided and written, and what happens in a race."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Final

import pytest

from orderhub.domain import commands, identity
from orderhub.domain.commands import Change, Placement
from orderhub.domain.details import Actor, Address, Details, Reference
from orderhub.domain.errors import (
    AmbiguousReference,
    Busy,
    InvalidField,
    NameIsAnId,
    NotFound,
    ReferenceTaken,
    Refused,
)
from orderhub.domain.events import Terms
from orderhub.domain.lines import LineRequest
from orderhub.domain.money import Money, UnitPrice
from orderhub.domain.order import DeadlineKind, Order
from orderhub.domain.shop import Product, Variant
from orderhub.domain.status import OrderStatus
from orderhub.ports import Contention, IdTaken, OrderKey, VersionConflict
from orderhub.services.add_line import WantedLine, add_line
from orderhub.services.change_details import change_details
from orderhub.services.close_due import close_due, find_due
from orderhub.services.complete_order import complete_order
from orderhub.services.desk import MAX_ATTEMPTS
from orderhub.services.find_order import find_order
from orderhub.services.place_order import Placed, place_order
from orderhub.services.record_payment import ReceivedPayment, record_payment
from orderhub.services.replay_order import replay_order
from tests.support.fakes import NOON, FakeDesk, FakeEntropy, FakeOrders
from tests.support.story import MILLISECOND

SHOP: Final = "demo"
SYSTEM: Final = Actor("marketplace", "c1", "Taobao sync")
TAOBAO: Final = "marketplace:taobao"


def name(value: str, scope: str = TAOBAO) -> Reference:
    return Reference("order", scope, value)


def placement(
    *references: Reference, lines: int = 1, price: str = "50.00", currency: str = "CNY"
) -> Placement:
    return Placement(
        wire="marketplace",
        currency=currency,
        terms=Terms(payment_timeout=900, refund_window=3600, auto_receive=600),
        details=Details(),
        references=references,
        lines=[LineRequest(product_id="3001", quantity=2, unit_price=UnitPrice.of(price, currency))]
        * lines,
    )


def note(text: str) -> Callable[[Change], None]:
    return lambda change: commands.add_note(change, text)


class Office(FakeDesk):
    """A desk over fakes, and the shorthands of these tests."""

    def place(self, *references: Reference, lines: int = 1, shop: str = SHOP) -> Placed:
        placed = place_order(self.desk, shop, placement(*references, lines=lines), SYSTEM)
        self.clock.advance(1)
        return placed

    def new(self, *references: Reference, lines: int = 1) -> Order:
        return self.place(*references, lines=lines).order

    def pay(self, order: Order, amount: str, transaction_id: str = "T1") -> Change:
        received = ReceivedPayment(
            provider=TAOBAO, transaction_id=transaction_id, amount=Decimal(amount)
        )
        return record_payment(self.desk, order, received, SYSTEM)

    def stored(self, order: Order) -> Order:
        return self.orders.snapshots[OrderKey(order.shop_id, order.id)]

    def rival_notes(self, order: Order) -> Callable[[], object]:
        """Somebody else's change of the order."""
        return lambda: self.desk.change(SHOP, order.id, SYSTEM, note("rival"))


@pytest.fixture
def office() -> Office:
    return Office()


# -- placing -------------------------------------------------------------------------------------


def test_placing_is_one_write_and_no_read(office: Office) -> None:
    placed = office.place(name("TB1"))
    assert placed.is_new
    assert (office.orders.commits, office.orders.reads) == (1, 0)
    assert office.stored(placed.order) == placed.order
    assert placed.order.number == f"R{placed.order.id}"
    assert placed.order.created_at == NOON == identity.created_at(placed.order.id)


def test_a_wire_may_number_orders_its_own_way(office: Office) -> None:
    placed = place_order(
        office.desk, SHOP, placement(), SYSTEM, number_of=lambda order_id: f"M{order_id % 10}"
    )
    assert placed.order.number == f"M{placed.order.id % 10}"


def test_a_repeat_returns_the_first_order_as_it_is_now(office: Office) -> None:
    first = office.new(name("TB1"))
    paid = office.pay(first, "100.00").order
    again = office.place(name("TB1"), lines=3)
    assert (again.is_new, again.order) == (False, paid)
    assert len(office.orders.snapshots) == 1


def test_one_name_in_common_makes_it_a_repeat(office: Office) -> None:
    first = office.new(name("TB1"), Reference("cart", "", "C1"))
    again = office.place(name("TB2"), Reference("cart", "", "C1"))
    assert (again.is_new, again.order) == (False, first)
    assert (SHOP, name("TB2")) not in office.orders.references, "nothing of it was written"


def test_names_are_told_apart_by_scope_and_by_shop(office: Office) -> None:
    placed = [
        office.place(name("TB1")),
        office.place(name("TB1", "marketplace:jd")),
        office.place(Reference("cart", TAOBAO, "TB1")),
        office.place(name("TB1"), shop="other"),
    ]
    assert all(one.is_new for one in placed)
    assert len(office.orders.snapshots) == 4


def test_orders_without_names_are_never_repeats(office: Office) -> None:
    assert office.place().is_new
    assert office.place().is_new


def test_an_id_that_is_taken_is_drawn_again(office: Office) -> None:
    office.desk = replace(office.desk, entropy=FakeEntropy([5, 5, 5, 6]))
    one = place_order(office.desk, SHOP, placement(name("TB1")), SYSTEM)
    other = place_order(office.desk, SHOP, placement(name("TB2")), SYSTEM)
    assert (one.order.id & 4095, other.order.id & 4095) == (5, 6)
    assert other.is_new
    assert other.order.number == f"R{other.order.id}"
    assert office.stored(one.order) == one.order


def test_a_number_of_a_wires_own_finds_its_order(office: Office) -> None:
    def number_of(order_id: int) -> str:
        return f"AAAA261121{order_id % 1_000_000:06d}OD"

    order = place_order(office.desk, SHOP, placement(), SYSTEM, number_of).order
    assert order.number.startswith("AAAA261121")
    assert find_order(office.desk, SHOP, order.number) == order


def test_two_orders_that_draw_the_same_number_stay_two_orders(office: Office) -> None:
    drawn = iter(["N1", "N1", "N2"])
    first = place_order(office.desk, SHOP, placement(), SYSTEM, lambda _: next(drawn))
    second = place_order(office.desk, SHOP, placement(), SYSTEM, lambda _: next(drawn))
    assert (first.is_new, first.order.number) == (True, "N1")
    assert (second.is_new, second.order.number) == (True, "N2")
    assert first.order.id != second.order.id


def test_a_lost_race_for_a_name_returns_the_winners_order(office: Office) -> None:
    """The same notification, delivered twice at once."""
    office.orders.contend = []
    won: list[Placed] = []
    office.orders.meanwhile = [
        lambda: won.append(place_order(office.desk, SHOP, placement(name("TB1")), SYSTEM))
    ]
    lost = place_order(office.desk, SHOP, placement(name("TB1")), SYSTEM)
    assert won[0].is_new
    assert (lost.is_new, lost.order) == (False, won[0].order)
    assert len(office.orders.snapshots) == 1


def test_contention_is_waited_out(office: Office) -> None:
    office.orders.contend = [Contention(), Contention(), IdTaken(), Contention()]
    placed = office.place(name("TB1"))
    assert placed.is_new
    assert len(office.clock.slept) == 3
    assert office.clock.slept == sorted(office.clock.slept)
    assert len(office.orders.snapshots) == 1
    assert identity.created_at(placed.order.id) == placed.order.created_at


@pytest.mark.parametrize("refusal", [Contention, IdTaken])
def test_placing_gives_up_without_a_trace(
    office: Office, refusal: type[Contention] | type[IdTaken]
) -> None:
    office.orders.contend = [refusal() for _ in range(1000)]
    with pytest.raises(Busy):
        office.place(name("TB1"))
    assert not office.orders.snapshots
    assert not office.orders.references
    assert sum(office.clock.slept) < 10, "the caller has only so much time"


def test_an_order_that_can_not_be_is_not_written(office: Office) -> None:
    with pytest.raises(Refused, match="total out of range"):
        place_order(office.desk, SHOP, placement(price="900719925474.00", lines=100), SYSTEM)
    assert not office.orders.snapshots


def test_a_name_of_an_order_that_is_gone_is_not_found(office: Office) -> None:
    order = office.new(name("TB1"))
    del office.orders.snapshots[OrderKey(SHOP, order.id)]
    with pytest.raises(NotFound):
        office.place(name("TB1"))


# -- finding -------------------------------------------------------------------------------------


def test_an_order_is_found_by_any_of_its_names(office: Office) -> None:
    order = office.new(name("TB1"), name("JD-9", "marketplace:jd"))
    for known in (str(order.id), order.number, "TB1", "JD-9"):
        assert find_order(office.desk, SHOP, known) == order


@pytest.mark.parametrize("known_by", ["id", "number"])
def test_an_id_is_found_by_one_read(office: Office, known_by: str) -> None:
    order = office.new()
    find_order(office.desk, SHOP, str(getattr(order, known_by)))
    assert office.orders.reads == 1


@pytest.mark.parametrize("known_by", ["id", "number"])
def test_an_orders_id_or_number_can_not_become_anothers_name(office: Office, known_by: str) -> None:
    order = office.new()
    with pytest.raises(NameIsAnId):
        office.new(name(str(getattr(order, known_by))))
    assert find_order(office.desk, SHOP, str(getattr(order, known_by))) == order
    assert len(office.orders.snapshots) == 1


def test_a_name_of_digits_that_is_no_id_is_a_name(office: Office) -> None:
    order = office.new(name("1234567890"))
    assert find_order(office.desk, SHOP, "1234567890") == order


def test_a_number_in_a_wires_own_format_wins_over_others_names(office: Office) -> None:
    numbered = office.new(name("11218-1", "number"))
    office.new(name("11218-1"))
    assert find_order(office.desk, SHOP, "11218-1", preferred_scope=TAOBAO) == numbered


def test_the_preferred_scope_wins_among_external_names(office: Office) -> None:
    taobao = office.new(name("X1"))
    jd = office.new(name("X1", "marketplace:jd"))
    assert find_order(office.desk, SHOP, "X1", preferred_scope=TAOBAO) == taobao
    assert find_order(office.desk, SHOP, "X1", preferred_scope="marketplace:jd") == jd


@pytest.mark.parametrize("preferred", [None, "marketplace:pdd"])
def test_a_name_that_two_orders_share_is_ambiguous(office: Office, preferred: str | None) -> None:
    office.new(name("X1"))
    office.new(name("X1", "marketplace:jd"))
    with pytest.raises(AmbiguousReference):
        find_order(office.desk, SHOP, "X1", preferred_scope=preferred)


def test_one_order_with_the_same_name_twice_is_not_ambiguous(office: Office) -> None:
    order = office.new(name("X1"), name("X1", "marketplace:jd"))
    assert find_order(office.desk, SHOP, "X1") == order


def test_names_of_other_things_are_no_names_of_orders(office: Office) -> None:
    order = office.new(Reference("cart", "", "C1"))
    office.pay(order, "10.00", "T1")
    for other in ("C1", "T1"):
        with pytest.raises(NotFound):
            find_order(office.desk, SHOP, other)


def test_no_shop_finds_anothers_orders(office: Office) -> None:
    order = office.new(name("TB1"))
    for known in (str(order.id), order.number, "TB1"):
        with pytest.raises(NotFound):
            find_order(office.desk, "other", known)


@pytest.mark.parametrize("absurd", ["", "x" * 256, "9" * 100_000])
def test_absurd_names_are_not_even_looked_up(office: Office, absurd: str) -> None:
    with pytest.raises(NotFound) as refused:
        find_order(office.desk, SHOP, absurd)
    assert office.orders.reads == 0
    assert len(str(refused.value)) < 400


def test_the_longest_names_are_found(office: Office) -> None:
    order = office.new(name("x" * 255))
    assert find_order(office.desk, SHOP, "x" * 255) == order


# -- the loop behind every change ----------------------------------------------------------------


def test_a_change_is_read_decided_and_committed(office: Office) -> None:
    order = office.new()
    change = office.desk.change(SHOP, order.id, SYSTEM, note("hello"))
    assert office.stored(order) == change.order
    assert [entry.event.TYPE for entry in change.recorded] == ["order.note_added"]
    assert change.recorded[0].actor == SYSTEM
    assert change.recorded[0].at == office.clock.now()
    assert office.orders.reads == 1


def test_what_was_just_loaded_is_not_read_again(office: Office) -> None:
    order = office.new()
    office.desk.change(SHOP, order.id, SYSTEM, note("hello"), loaded=order)
    assert office.orders.reads == 0


def test_what_records_nothing_writes_nothing(office: Office) -> None:
    order = office.new()
    same = Details()
    change = office.desk.change(
        SHOP, order.id, SYSTEM, lambda change: commands.change_details(change, same)
    )
    assert not change.recorded
    assert office.orders.commits == 1, "the placing only"


def test_an_unknown_order_is_not_found(office: Office) -> None:
    order = office.new()
    for shop, order_id in (("other", order.id), (SHOP, order.id + 1)):
        with pytest.raises(NotFound):
            office.desk.change(shop, order_id, SYSTEM, note("hello"))


def test_who_loses_a_race_decides_again_on_what_the_winner_wrote(office: Office) -> None:
    order = office.new()
    office.orders.meanwhile = [office.rival_notes(order), office.rival_notes(order)]
    seen: list[int] = []

    def decide(change: Change) -> None:
        seen.append(change.order.version)
        commands.add_note(change, "mine")

    office.desk.change(SHOP, order.id, SYSTEM, decide, loaded=order)
    assert seen == [1, 3], "the rival's own change was overtaken by its rival's"
    assert [noted.text for noted in office.stored(order).notes] == ["rival", "rival", "mine"]
    assert replay_order(office.desk, SHOP, order.id).agrees


def test_waits_are_short_random_and_grow(office: Office) -> None:
    order = office.new()
    office.orders.contend = [VersionConflict() for _ in range(10)]
    office.desk.change(SHOP, order.id, SYSTEM, note("mine"))
    assert len(office.clock.slept) == 10
    assert office.clock.slept == sorted(office.clock.slept)
    assert 0 < office.clock.slept[0] < 0.1
    assert office.clock.slept[-1] < 1


def test_a_hopeless_race_is_given_up_without_a_trace(office: Office) -> None:
    order = office.new()
    office.orders.contend = [VersionConflict() for _ in range(1000)]
    with pytest.raises(Busy):
        office.desk.change(SHOP, order.id, SYSTEM, note("mine"))
    assert office.stored(order) == order
    assert 1000 - len(office.orders.contend) <= MAX_ATTEMPTS
    assert sum(office.clock.slept) < 20, "API Gateway waits for 29 seconds"


def test_a_slow_table_is_not_waited_for_beyond_the_time_limit(office: Office) -> None:
    order = office.new()
    office.orders.contend = [VersionConflict() for _ in range(1000)]
    office.orders.meanwhile = [lambda: office.clock.advance(5)] * 1000
    with pytest.raises(Busy):
        office.desk.change(SHOP, order.id, SYSTEM, note("mine"))
    assert (office.clock.now() - NOON).total_seconds() < 20


def test_a_refusal_is_final_and_writes_nothing(office: Office) -> None:
    order = office.new()
    with pytest.raises(Refused):
        office.desk.change(SHOP, order.id, SYSTEM, commands.complete)
    assert office.stored(order) == order
    assert not office.clock.slept


def test_time_moves_on_while_waiting(office: Office) -> None:
    """Who waited past the deadline has missed it."""
    order = office.new()
    office.clock.time = NOON + timedelta(seconds=900 - MILLISECOND)
    office.orders.contend = [VersionConflict()]
    with pytest.raises(Refused) as refused:
        office.pay(order, "100.00")
    assert refused.value.reason == "order_expired"


# -- adding a line -------------------------------------------------------------------------------

BRICK: Final = Product(
    id="3001",
    name="Brick 2 x 4",
    image_url="https://img.example/3001.png",
    variants=(
        Variant(id="red", name="Red", sku="3001-R", weight_grams=2),
        Variant(id="blue", name="Blue", sku="3001-B", image_url="https://img.example/b.png"),
    ),
)


def wanted(
    price: str = "19.99", quantity: int = 3, product_id: str = "3001", variant_id: str = "red"
) -> WantedLine:
    return WantedLine(
        product_id=product_id, price=Decimal(price), quantity=quantity, variant_id=variant_id
    )


@pytest.fixture
def catalog(office: Office) -> None:
    office.catalog.put_product(SHOP, BRICK)
    office.catalog.put_product(SHOP, Product(id="plain", name="Plain"))


@pytest.mark.usefixtures("catalog")
def test_a_line_takes_its_looks_from_the_catalogue_and_its_price_from_the_caller(
    office: Office,
) -> None:
    order = office.new(lines=0)
    added = add_line(office.desk, SHOP, order, wanted(variant_id="blue"), SYSTEM).order
    assert added == office.stored(order)
    [line] = added.lines
    assert (line.product_id, line.variant_id, line.sku, line.options) == (
        "3001",
        "blue",
        "3001-B",
        "Blue",
    )
    assert (line.name, line.image_url) == ("Brick 2 x 4", "https://img.example/b.png")
    assert (line.quantity, line.total) == (3, Money.of("59.97", "CNY"))


@pytest.mark.usefixtures("catalog")
def test_a_product_without_variants_is_a_line_without_one(office: Office) -> None:
    order = office.new(lines=0)
    plain = wanted(product_id="plain", variant_id="")
    [line] = add_line(office.desk, SHOP, order, plain, SYSTEM).order.lines
    assert (line.name, line.variant_id, line.sku) == ("Plain", "", "")


@pytest.mark.usefixtures("catalog")
@pytest.mark.parametrize(
    ("line", "field", "reason"),
    [
        (wanted(product_id="9999"), "product_id", "unknown"),
        (wanted(product_id=""), "product_id", "unknown"),
        (wanted(variant_id="green"), "variant_id", "unknown"),
        (wanted(product_id="plain", variant_id="red"), "variant_id", "unknown"),
        (wanted(quantity=0), "quantity", "too_small"),
        (wanted(quantity=-1), "quantity", "too_small"),
        (wanted(quantity=1_000_000_001), "quantity", "out_of_range"),
        (wanted(price="-0.01"), "price", "negative"),
        (wanted(price="0.001"), "price", "too_precise"),
        (wanted(price="NaN"), "price", "not_a_number"),
        (wanted(price="1E+999999999"), "price", "out_of_range"),
        (wanted(price="900719925475.00"), "price", "out_of_range"),
    ],
)
def test_a_line_that_can_not_be_is_refused_by_its_field(
    office: Office, line: WantedLine, field: str, reason: str
) -> None:
    order = office.new()
    with pytest.raises(InvalidField) as refused:
        add_line(office.desk, SHOP, order, line, SYSTEM)
    assert (refused.value.field, refused.value.reason) == (field, reason)
    assert office.stored(order) == order


@pytest.mark.usefixtures("catalog")
def test_another_shops_products_are_unknown(office: Office) -> None:
    order = office.place(shop="other").order
    with pytest.raises(InvalidField) as refused:
        add_line(office.desk, "other", order, wanted(), SYSTEM)
    assert refused.value.field == "product_id"


@pytest.mark.usefixtures("catalog")
def test_prices_have_the_decimals_of_the_orders_currency(office: Office) -> None:
    order = place_order(office.desk, SHOP, placement(currency="JPY", price="5"), SYSTEM).order
    with pytest.raises(InvalidField) as refused:
        add_line(office.desk, SHOP, order, wanted("0.5"), SYSTEM)
    assert refused.value.reason == "too_precise"
    added = add_line(office.desk, SHOP, order, wanted("500"), SYSTEM).order
    assert added.total == Money(1510, "JPY")


@pytest.mark.usefixtures("catalog")
def test_the_very_same_line_again_adds_nothing(office: Office) -> None:
    order = office.new(lines=0)
    once = add_line(office.desk, SHOP, order, wanted(), SYSTEM).order
    for loaded in (once, order):
        again = add_line(office.desk, SHOP, loaded, wanted(), SYSTEM)
        assert (again.order, again.recorded) == (once, [])
    assert office.stored(order) == once


@pytest.mark.usefixtures("catalog")
@pytest.mark.parametrize(
    "other", [wanted(price="19.98"), wanted(quantity=4), wanted(variant_id="blue")]
)
def test_a_line_that_differs_is_another_line(office: Office, other: WantedLine) -> None:
    order = office.new(lines=0)
    order = add_line(office.desk, SHOP, order, wanted(), SYSTEM).order
    assert len(add_line(office.desk, SHOP, order, other, SYSTEM).order.lines) == 2


@pytest.mark.usefixtures("catalog")
def test_the_same_line_sent_twice_at_once_is_added_once(office: Office) -> None:
    order = office.new(lines=0)
    office.orders.meanwhile = [
        lambda: add_line(office.desk, SHOP, order, wanted(), SYSTEM),
    ]
    late = add_line(office.desk, SHOP, order, wanted(), SYSTEM)
    assert not late.recorded
    assert len(office.stored(order).lines) == 1


@pytest.mark.usefixtures("catalog")
def test_a_paid_order_takes_no_line_but_knows_those_it_has(office: Office) -> None:
    order = office.new(lines=0)
    order = add_line(office.desk, SHOP, order, wanted(), SYSTEM).order
    paid = office.pay(order, "59.97").order
    assert not add_line(office.desk, SHOP, paid, wanted(), SYSTEM).recorded
    with pytest.raises(Refused) as refused:
        add_line(office.desk, SHOP, paid, wanted("1.00"), SYSTEM)
    assert refused.value.reason == "order_paid"


# -- payments ------------------------------------------------------------------------------------


def test_a_payment_pays(office: Office) -> None:
    order = office.new()
    change = office.pay(order, "100.00")
    assert change.order == office.stored(order)
    assert change.order.paid_at == office.clock.now()
    [known] = change.order.payments
    assert (known.id, known.provider, known.transaction_id) == (1, TAOBAO, "T1")
    assert known.amount == Money(10000, "CNY")


def test_the_same_transaction_changes_nothing(office: Office) -> None:
    order = office.new()
    once = office.pay(order, "40.00").order
    for loaded in (order, once):
        assert not office.pay(loaded, "40.00").recorded
    assert office.stored(order) == once


def test_a_transaction_pays_one_order_only(office: Office) -> None:
    one, other = office.new(), office.new()
    office.pay(one, "100.00")
    with pytest.raises(ReferenceTaken) as refused:
        office.pay(other, "100.00")
    assert refused.value.order_id == one.id
    assert office.stored(other) == other


def test_two_payments_at_once_both_count(office: Office) -> None:
    order = office.new()
    office.orders.meanwhile = [lambda: office.pay(order, "60.00", "T2")]
    assert office.pay(order, "40.00", "T1").order.is_paid
    stored = office.stored(order)
    assert (stored.captured, stored.excess) == (Money(10000, "CNY"), Money(0, "CNY"))
    assert [known.id for known in stored.payments] == [1, 2]


def test_one_payment_reported_twice_at_once_counts_once(office: Office) -> None:
    order = office.new()
    office.orders.meanwhile = [lambda: office.pay(order, "40.00")]
    assert not office.pay(order, "40.00").recorded
    assert office.stored(order).captured == Money(4000, "CNY")


def test_a_payment_that_races_with_the_closing_job_loses_or_wins_but_not_both(
    office: Office,
) -> None:
    order = office.new()
    office.clock.time = NOON + timedelta(seconds=900 - MILLISECOND)

    def the_job_comes() -> None:
        office.clock.advance(MILLISECOND)
        close_due(office.desk, [OrderKey(SHOP, order.id)])

    office.orders.meanwhile = [the_job_comes]
    with pytest.raises(Refused) as refused:
        office.pay(order, "100.00")
    assert refused.value.reason == "order_expired"
    stored = office.stored(order)
    assert (stored.status, stored.payments) == (OrderStatus.EXPIRED, ())


@pytest.mark.parametrize(
    ("amount", "reason"),
    [
        ("0", "too_small"),
        ("-1", "too_small"),
        ("0.001", "too_precise"),
        ("NaN", "not_a_number"),
        ("1E+999999999", "out_of_range"),
        ("0E+999999999", "too_small"),
    ],
)
def test_no_absurd_amount_is_a_payment(office: Office, amount: str, reason: str) -> None:
    order = office.new()
    with pytest.raises(InvalidField) as refused:
        office.pay(order, amount)
    assert (refused.value.field, refused.value.reason) == ("payment", reason)
    assert office.stored(order) == order


# -- details and completing ----------------------------------------------------------------------


def revised(details: Details) -> Details:
    return replace(details, shipping_address=Address(city="深圳"))


def test_details_are_revised_and_names_added(office: Office) -> None:
    order = office.new(name("TB1"))
    change = change_details(office.desk, order, revised, SYSTEM, [name("TB1"), name("TB1-new")])
    assert change.order == office.stored(order)
    assert change.order.details.shipping_address == Address(city="深圳")
    assert change.order.references == (name("TB1"), name("TB1-new"))
    assert find_order(office.desk, SHOP, "TB1-new") == change.order
    assert not change_details(office.desk, change.order, revised, SYSTEM).recorded


def test_a_revision_applies_to_what_a_rival_wrote(office: Office) -> None:
    order = office.new()

    def with_note(details: Details) -> Details:
        return replace(details, customer_note="ring twice")

    office.orders.meanwhile = [lambda: change_details(office.desk, order, revised, SYSTEM)]
    change_details(office.desk, order, with_note, SYSTEM)
    assert office.stored(order).details == Details(
        shipping_address=Address(city="深圳"), customer_note="ring twice"
    )


def test_another_orders_name_can_not_be_taken(office: Office) -> None:
    one, other = office.new(name("TB1")), office.new()
    with pytest.raises(ReferenceTaken) as refused:
        change_details(office.desk, other, revised, SYSTEM, [name("TB1")])
    assert refused.value.order_id == one.id
    assert office.stored(other) == other


def test_completing_twice_is_harmless(office: Office) -> None:
    order = office.new()
    with pytest.raises(Refused) as refused:
        complete_order(office.desk, order, SYSTEM)
    assert refused.value.reason == "payment_required"
    paid = office.pay(order, "100.00").order
    done = complete_order(office.desk, paid, SYSTEM).order
    assert done.status is OrderStatus.COMPLETED
    assert not complete_order(office.desk, done, SYSTEM).recorded
    assert not complete_order(office.desk, paid, SYSTEM).recorded, "even when it was read before"


# -- closing what is due -------------------------------------------------------------------------


def due_now(office: Office, kind: DeadlineKind = DeadlineKind.PAYMENT) -> list[OrderKey]:
    return list(find_due(office.desk, kind, {0: None}, limit=100).orders)


def test_due_orders_are_found_by_kind_and_from_their_second_on(office: Office) -> None:
    unpaid, paid = office.new(), office.new()
    office.pay(paid, "100.00")
    office.clock.time = NOON + timedelta(seconds=900 - MILLISECOND)
    assert due_now(office) == []
    office.clock.advance(MILLISECOND)
    assert due_now(office) == [OrderKey(SHOP, unpaid.id)]
    assert due_now(office, DeadlineKind.REFUND) == []
    office.clock.advance(3600)
    assert due_now(office, DeadlineKind.REFUND) == [OrderKey(SHOP, paid.id)]


def test_due_orders_are_read_page_by_page(office: Office) -> None:
    orders = [office.new() for _ in range(5)]
    office.clock.advance(1000)
    found: list[OrderKey] = []
    cursors: dict[int, str | None] = {0: None, 1: None}
    while cursors:
        due = find_due(office.desk, DeadlineKind.PAYMENT, cursors, limit=2)
        assert len(due.orders) <= 2
        found += due.orders
        cursors = dict(due.cursors)
    assert found == [OrderKey(SHOP, order.id) for order in orders]


def test_closing_writes_down_and_tells_how_late(office: Office) -> None:
    one, other = office.new(), office.new()
    office.clock.time = NOON + timedelta(seconds=907)
    closed = close_due(office.desk, due_now(office))
    assert (closed.closed, closed.not_due, closed.failed) == (2, 0, [])
    assert closed.latest == 7
    for order in (one, other):
        assert office.stored(order).status is OrderStatus.EXPIRED
    assert office.orders.events[OrderKey(SHOP, one.id)][-1].actor.kind == "clock"
    assert due_now(office) == []


def test_closing_twice_changes_nothing(office: Office) -> None:
    order = office.new()
    office.clock.advance(1000)
    due = due_now(office)
    close_due(office.desk, due)
    written = office.stored(order)
    again = close_due(office.desk, due)
    assert (again.closed, again.not_due, again.latest) == (0, 1, 0)
    assert office.stored(order) == written


def test_an_order_that_was_paid_in_the_meantime_is_left_alone(office: Office) -> None:
    order = office.new()
    paid = office.pay(order, "100.00").order
    assert close_due(office.desk, [OrderKey(SHOP, order.id)]).not_due == 1
    assert office.stored(order) == paid


@pytest.mark.parametrize("broken_first", [True, False])
@pytest.mark.parametrize(
    "trouble",
    [
        Busy("throttled"),
        NotFound("order"),
        ValueError("a snapshot that can't be read"),
        KeyError("type"),
    ],
    ids=lambda trouble: type(trouble).__name__,
)
def test_one_order_that_fails_is_reported_and_holds_up_no_other(
    office: Office, trouble: Exception, broken_first: bool
) -> None:
    orders = [office.new(), office.new()]
    office.clock.advance(1000)
    due = due_now(office)
    broken = due[0] if broken_first else due[-1]
    office.orders.broken[broken] = trouble
    closed = close_due(office.desk, due)
    assert closed.failed == [(broken, trouble)]
    assert closed.closed == 1
    assert due_now(office) == [broken], "it stays due"
    office.orders.broken.clear()
    assert close_due(office.desk, due).closed == 1
    assert {office.stored(order).status for order in orders} == {OrderStatus.EXPIRED}


# -- replaying -----------------------------------------------------------------------------------


def test_a_replayed_order_agrees_with_its_snapshot(office: Office) -> None:
    order = office.new(name("TB1"))
    office.pay(order, "40.00", "T1")
    office.pay(order, "60.00", "T2")
    complete_order(office.desk, office.stored(order), SYSTEM)
    replayed = replay_order(office.desk, SHOP, order.id)
    assert replayed.agrees
    assert replayed.replayed == replayed.snapshot == office.stored(order)
    assert [entry.event.TYPE for entry in replayed.events] == [
        "order.placed",
        "payment.captured",
        "payment.captured",
        "order.paid",
        "order.completed",
    ]


def test_a_snapshot_that_was_tampered_with_does_not_agree(office: Office) -> None:
    order = office.new()
    office.pay(order, "40.00")
    stored = office.stored(order)
    office.orders.snapshots[OrderKey(SHOP, order.id)] = replace(stored, cancel_reason="hush")
    assert not replay_order(office.desk, SHOP, order.id).agrees


def test_a_snapshot_ahead_of_its_events_does_not_agree(office: Office) -> None:
    order = office.new()
    office.pay(order, "40.00")
    office.orders.events[OrderKey(SHOP, order.id)].pop()
    assert not replay_order(office.desk, SHOP, order.id).agrees


def test_events_that_came_after_the_snapshot_was_read_are_left_out(office: Office) -> None:
    order = office.new()

    class ReadBeforeARivalWrote(FakeOrders):
        def get(self, shop_id: str, order_id: int) -> Order | None:
            return order

    behind = ReadBeforeARivalWrote()
    office.pay(order, "40.00")
    behind.events = office.orders.events
    replayed = replay_order(replace(office.desk, orders=behind), SHOP, order.id)
    assert replayed.agrees
    assert len(replayed.events) == 1


def test_an_unknown_order_can_not_be_replayed(office: Office) -> None:
    order = office.new()
    with pytest.raises(NotFound):
        replay_order(office.desk, "other", order.id)
