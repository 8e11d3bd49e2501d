"""Shipping, receiving, taking back, notes and tags: who did what, once, also in a race.

Orders have lines of 3 and of 2 pieces, expire after 15 minutes unpaid, and their shipments receive
themselves after ten.
"""

from collections.abc import Callable
from decimal import Decimal
from typing import Final

import pytest

from orderhub.domain.commands import Change, Placement
from orderhub.domain.details import Actor, Details
from orderhub.domain.errors import InvalidField, Refused
from orderhub.domain.events import Terms
from orderhub.domain.lines import LineRequest
from orderhub.domain.money import UnitPrice
from orderhub.domain.order import DeadlineKind, Order
from orderhub.domain.shipment import ShipmentState, ShippedLine
from orderhub.domain.status import FulfilmentStatus, OrderStatus, PaymentStatus
from orderhub.ports import OrderKey
from orderhub.services.annotate_order import add_note, tag
from orderhub.services.cancel_order import cancel_order
from orderhub.services.close_due import close_due
from orderhub.services.complete_order import complete_order
from orderhub.services.place_order import place_order
from orderhub.services.receive_order import receive, take_back
from orderhub.services.record_payment import ReceivedPayment, record_payment
from orderhub.services.ship_order import WantedShipment, ship_order
from tests.support.fakes import FakeDesk

SHOP: Final = "demo"
MEI: Final = Actor("operator", "mei")
TEN_MINUTES: Final = 600
SF1: Final = WantedShipment(carrier="SF", tracking_number="SF1")


class Store(FakeDesk):
    """A desk over fakes, and the shorthands of these tests."""

    def order(self, *, paid: bool = False) -> Order:
        lines = [
            LineRequest(product_id=product, quantity=quantity, unit_price=UnitPrice.of(10, "CNY"))
            for product, quantity in (("3001", 3), ("3002", 2))
        ]
        placement = Placement(
            wire="marketplace",
            currency="CNY",
            terms=Terms(payment_timeout=900, auto_receive=TEN_MINUTES),
            details=Details(),
            lines=lines,
        )
        order = place_order(self.desk, SHOP, placement, MEI).order
        if paid:
            money = ReceivedPayment(provider="cash", transaction_id="", amount=Decimal(50))
            order = record_payment(self.desk, order, money, MEI).order
        return order

    def stored(self, order: Order) -> Order:
        return self.orders.snapshots[OrderKey(SHOP, order.id)]

    def history(self, order: Order) -> list[tuple[str, str]]:
        """All that happened to it: who, and what."""
        return [
            (entry.actor.kind, entry.event.TYPE)
            for entry in self.orders.history(SHOP, order.id)
            if entry.event.TYPE.startswith("shipment.")
        ]

    def ship(self, order: Order, *lines: tuple[int, int], tracking: str = "") -> Change:
        wanted = WantedShipment(lines=lines or None, carrier="SF", tracking_number=tracking)
        return ship_order(self.desk, order, wanted, MEI)


@pytest.fixture
def store() -> Store:
    return Store()


# -- shipping --------------------------------------------------------------------------------------


def test_a_shipment_is_kept_with_all_that_was_told(store: Store) -> None:
    order = store.order(paid=True)
    wanted = WantedShipment(
        lines=[(1, 2), (2, 1)],
        carrier="SF Express",
        tracking_number="SF1",
        tracking_url="https://sf.example/SF1",
        sent_at=store.clock.now(),
    )
    change = ship_order(store.desk, order, wanted, MEI)
    [parcel] = store.stored(order).shipments
    assert parcel.lines == (ShippedLine(1, 2), ShippedLine(2, 1))
    assert (parcel.carrier, parcel.tracking_number) == ("SF Express", "SF1")
    assert parcel.tracking_url == "https://sf.example/SF1"
    assert change.order.fulfilment_status is FulfilmentStatus.PARTIALLY_SHIPPED
    assert change.recorded[0].actor == MEI


def test_without_lines_all_that_is_left_goes(store: Store) -> None:
    order = store.order(paid=True)
    store.ship(order, (1, 2))
    change = store.ship(store.stored(order))
    assert change.order.shipments[1].lines == (ShippedLine(1, 1), ShippedLine(2, 2))
    assert change.order.fulfilment_status is FulfilmentStatus.SHIPPED
    with pytest.raises(Refused, match="nothing is left to ship"):
        store.ship(store.stored(order))


def test_an_unpaid_order_is_shipped_and_paid_on_delivery(store: Store) -> None:
    order = store.order()
    store.ship(order)
    store.clock.advance(900)
    assert store.stored(order).as_of(store.clock.now()).status is OrderStatus.OPEN
    money = ReceivedPayment(provider="cash", transaction_id="", amount=Decimal(50))
    paid = record_payment(store.desk, store.stored(order), money, MEI).order
    assert paid.payment_status is PaymentStatus.PAID


def test_what_is_over_is_not_shipped(store: Store) -> None:
    cancelled, late, done = store.order(), store.order(), store.order(paid=True)
    cancel_order(store.desk, cancelled, MEI)
    complete_order(store.desk, done, MEI)
    store.clock.advance(900)
    for order, why in (
        (cancelled, "order_cancelled"),
        (late, "order_expired"),
        (done, "order_completed"),
    ):
        with pytest.raises(Refused) as refused:
            store.ship(store.stored(order))
        assert refused.value.reason == why
        assert not store.stored(order).shipments


def test_a_line_given_twice_adds_up(store: Store) -> None:
    order = store.order(paid=True)
    change = store.ship(order, (1, 1), (1, 2))
    assert change.order.shipments[0].lines == (ShippedLine(1, 3),)
    with pytest.raises(Refused, match="of line 2, 2 can still be shipped, not 3"):
        store.ship(store.stored(order), (2, 1), (2, 2))


@pytest.mark.parametrize(
    ("line", "field", "why"),
    [((9, 1), "lines", "unknown"), ((1, 0), "quantity", "too_small")],
)
def test_what_is_no_line_is_refused(
    store: Store, line: tuple[int, int], field: str, why: str
) -> None:
    order = store.order(paid=True)
    with pytest.raises(InvalidField) as invalid:
        store.ship(order, line)
    assert (invalid.value.field, invalid.value.reason) == (field, why)
    assert store.orders.commits == 2, "placed and paid"


@pytest.mark.parametrize("lines", [(), ((1, 2),)])
def test_the_same_tracking_number_sends_once(
    store: Store, lines: tuple[tuple[int, int], ...]
) -> None:
    order = store.order(paid=True)
    store.ship(order, *lines, tracking="SF1")
    again = store.ship(order, *lines, tracking="SF1")
    assert not again.recorded
    assert store.stored(order).shipments == again.order.shipments
    assert len(again.order.shipments) == 1


def test_two_operators_at_once_send_once(store: Store) -> None:
    order = store.order(paid=True)
    store.orders.meanwhile = [lambda: ship_order(store.desk, order, SF1, MEI)]
    change = ship_order(store.desk, order, SF1, MEI)
    assert not change.recorded
    assert [parcel.id for parcel in store.stored(order).shipments] == [1]


def test_without_a_tracking_number_each_time_is_another_shipment(store: Store) -> None:
    order = store.order(paid=True)
    for _ in range(2):
        store.ship(store.stored(order), (1, 1))
    assert len(store.stored(order).shipments) == 2


# -- arriving, and coming back ---------------------------------------------------------------------


def test_one_shipment_arrives_or_all_do(store: Store) -> None:
    order = store.order(paid=True)
    for line in ((1, 1), (1, 2), (2, 2)):
        store.ship(store.stored(order), line)
    receive(store.desk, store.stored(order), MEI, shipment_id=2)
    assert [parcel.state.value for parcel in store.stored(order).shipments] == [
        "sent",
        "received",
        "sent",
    ]
    change = receive(store.desk, store.stored(order), MEI)
    assert len(change.recorded) == 2
    assert change.order.fulfilment_status is FulfilmentStatus.RECEIVED
    assert not receive(store.desk, change.order, MEI).recorded


def test_goods_come_back_also_when_the_order_is_over(store: Store) -> None:
    order = store.order(paid=True)
    store.ship(order)
    complete_order(store.desk, store.stored(order), MEI)
    change = take_back(store.desk, store.stored(order), MEI, shipment_id=1)
    assert change.order.fulfilment_status is FulfilmentStatus.RETURNED
    assert change.order.status is OrderStatus.COMPLETED
    assert not take_back(store.desk, change.order, MEI).recorded
    assert not receive(store.desk, change.order, MEI).recorded, "what came back is not received"


@pytest.mark.parametrize("move", [receive, take_back])
def test_what_was_never_sent_neither_arrives_nor_comes_back(
    store: Store, move: Callable[..., Change]
) -> None:
    order = store.order(paid=True)
    for shipment_id, why in ((None, "not_shipped"), (1, "shipment_unknown")):
        with pytest.raises(Refused) as refused:
            move(store.desk, order, MEI, shipment_id=shipment_id)
        assert refused.value.reason == why


@pytest.mark.parametrize("job_ran", [True, False])
def test_receiving_what_received_itself_changes_nothing_for_anybody(
    store: Store, job_ran: bool
) -> None:
    order = store.order(paid=True)
    store.ship(order)
    due = store.stored(order).shipments[0].auto_receive_at
    store.clock.advance(TEN_MINUTES + 60)
    if job_ran:
        close_due(store.desk, [OrderKey(SHOP, order.id)])
    seen = store.stored(order).as_of(store.clock.now())
    change = receive(store.desk, store.stored(order), MEI)
    assert not change.recorded
    assert change.order.shipments == seen.shipments
    assert change.order.shipments[0].updated_at == due
    assert store.history(order) == [("operator", "shipment.sent"), ("clock", "shipment.received")]


@pytest.mark.parametrize("job_ran", [True, False])
def test_what_received_itself_and_came_back_was_received_before(
    store: Store, job_ran: bool
) -> None:
    order = store.order(paid=True)
    store.ship(order)
    store.clock.advance(TEN_MINUTES)
    if job_ran:
        close_due(store.desk, [OrderKey(SHOP, order.id)])
    [parcel] = take_back(store.desk, store.stored(order), MEI).order.shipments
    assert (parcel.state, parcel.updated_at) == (ShipmentState.RETURNED, store.clock.now())
    assert store.history(order) == [
        ("operator", "shipment.sent"),
        ("clock", "shipment.received"),
        ("operator", "shipment.returned"),
    ]
    assert DeadlineKind.RECEIPT not in [due.kind for due in store.stored(order).deadlines]


def test_what_comes_back_in_time_was_never_received(store: Store) -> None:
    order = store.order(paid=True)
    store.ship(order)
    store.clock.advance(TEN_MINUTES - 1)
    take_back(store.desk, store.stored(order), MEI)
    store.clock.advance(TEN_MINUTES)
    assert close_due(store.desk, [OrderKey(SHOP, order.id)]).not_due == 1
    assert store.history(order)[-1] == ("operator", "shipment.returned")


# -- notes and tags --------------------------------------------------------------------------------


def test_a_note_shows_who_wrote_it(store: Store) -> None:
    order = store.order()
    add_note(store.desk, order, "  called twice\nno answer\n", MEI)
    [note] = store.stored(order).notes
    assert (note.author, note.text) == ("mei", "called twice\nno answer")


def test_notes_and_tags_are_taken_whatever_became_of_the_order(store: Store) -> None:
    order = store.order()
    store.clock.advance(900)
    add_note(store.desk, order, "too late", MEI)
    assert tag(store.desk, store.stored(order), MEI, add=["lost"]).order.tags == ("lost",)


def test_tags_are_replaced_added_and_removed(store: Store) -> None:
    order = store.order()
    for change, tags in (
        ({"add": ["vip", " gift "]}, ("vip", "gift")),
        ({"add": ["gift"]}, ("vip", "gift")),
        ({"remove": [" vip", "unknown"]}, ("gift",)),
        ({"replace": ["a", "b", "a"]}, ("a", "b")),
        ({"replace": ["c", "d"], "remove": ["d", "e"], "add": ["e", "f"]}, ("c", "e", "f")),
        ({"replace": []}, ()),
    ):
        assert tag(store.desk, store.stored(order), MEI, **change).order.tags == tags
    assert not tag(store.desk, store.stored(order), MEI, replace=[" "], remove=["a"]).recorded


def test_two_who_tag_at_once_both_count(store: Store) -> None:
    order = store.order()
    store.orders.meanwhile = [lambda: tag(store.desk, order, MEI, add=["theirs"])]
    assert tag(store.desk, order, MEI, add=["mine"]).order.tags == ("theirs", "mine")


def test_what_can_be_no_tag_or_note_is_not_written(store: Store) -> None:
    order = store.order()
    with pytest.raises(InvalidField, match="at most 64 characters"):
        tag(store.desk, order, MEI, add=["x" * 65])
    with pytest.raises(InvalidField, match="control characters"):
        add_note(store.desk, order, "\x1b[2J", MEI)
    assert store.stored(order) == order
