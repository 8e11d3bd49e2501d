"""The orders on a seller's desk, and those that a shop bought elsewhere."""

from datetime import timedelta

import pytest

from orderhub.domain import commands
from orderhub.domain.commands import Change
from orderhub.domain.errors import AmbiguousReference, NotFound
from orderhub.domain.order import Order
from orderhub.domain.status import OrderStatus
from orderhub.services.desk_list import find_bought_order, orders_bought, orders_on_desk
from orderhub.services.file_order import file_order
from tests.support.fakes import NOON, FakeDesk
from tests.support.orders import TESTER, placed

SHOP = "demo"
OPEN, COMPLETED, CANCELLED, EXPIRED = OrderStatus


class Office(FakeDesk):
    """A shop with an order a minute, which fall due after 15 minutes."""

    def made(self, minute: int, shop_id: str = SHOP, **about: str) -> Order:
        change = placed(shop_id, at=NOON + timedelta(minutes=minute), **about)  # type: ignore[arg-type]
        self.orders.commit(change)
        return change.order

    def listed(self, *statuses: OrderStatus, is_filed: bool = False, limit: int = 500) -> list[int]:
        found = orders_on_desk(
            self.desk, SHOP, is_filed=is_filed, statuses=statuses or tuple(OrderStatus), limit=limit
        )
        return [order.id for order in found]


def test_the_desk_shows_all_that_is_not_filed_newest_first() -> None:
    office = Office()
    first, second, third = [office.made(minute) for minute in range(3)]
    office.made(0, "another-shop")
    file_order(office.desk, second, TESTER, is_filed=True)
    cancelling = Change(third, NOON, TESTER)
    commands.cancel(cancelling)
    office.orders.commit(cancelling)

    assert office.listed() == [third.id, first.id]
    assert office.listed(is_filed=True) == [second.id]
    assert office.listed(CANCELLED) == [third.id]
    assert office.listed(OPEN, CANCELLED) == [third.id, first.id]
    assert office.listed(limit=1) == [third.id]


def test_an_overdue_order_is_expired_whether_that_is_written_down_or_not() -> None:
    office = Office()
    first, second = office.made(0), office.made(1)
    office.clock.advance(15 * 60)

    assert office.listed(OPEN) == [second.id]
    assert office.listed(EXPIRED) == [first.id]
    assert office.listed(COMPLETED) == []

    closing = Change(first, office.clock.now(), TESTER)
    commands.close_what_is_due(closing)
    office.orders.commit(closing)
    assert office.listed(EXPIRED) == [first.id]
    assert office.listed() == [second.id, first.id]


def test_a_limit_counts_what_is_wanted_alone() -> None:
    office = Office()
    made = [office.made(minute) for minute in range(150)]
    even = orders_on_desk(
        office.desk,
        SHOP,
        is_filed=False,
        fits=lambda order: made.index(order) % 2 == 0,
        limit=60,
    )
    assert even == made[148:28:-2]


def test_a_shop_sees_what_it_bought_at_others_and_nothing_else() -> None:
    office = Office()
    one = office.made(0, "seller-1", buying_shop_id=SHOP)
    two = office.made(1, "seller-2", buying_shop_id=SHOP)
    strangers = office.made(2, "seller-1", buying_shop_id="another-shop")
    own = office.made(3)

    assert orders_bought(office.desk, SHOP) == [two, one]
    assert orders_bought(office.desk, SHOP, limit=1) == [two]
    assert orders_bought(office.desk, SHOP, fits=lambda order: order.id == one.id) == [one]
    assert orders_bought(office.desk, "seller-1") == []
    assert find_bought_order(office.desk, SHOP, one.id) == one
    for order in (strangers, own):
        with pytest.raises(NotFound):
            find_bought_order(office.desk, SHOP, order.id)
    with pytest.raises(NotFound):
        find_bought_order(office.desk, "seller-1", one.id)


def test_what_was_bought_expires_for_the_buyer_too() -> None:
    office = Office()
    office.made(0, "seller-1", buying_shop_id=SHOP)
    office.clock.advance(15 * 60)
    assert [order.status for order in orders_bought(office.desk, SHOP)] == [EXPIRED]


def test_an_order_whose_buyer_was_corrected_since_is_no_longer_seen() -> None:
    office = Office()
    order = office.made(0, "seller-1", buying_shop_id=SHOP)
    change = Change(order, NOON, TESTER)
    commands.change_details(change, placed(buying_shop_id="another-shop").order.details)
    office.orders.commit(change)
    assert orders_bought(office.desk, SHOP) == []
    with pytest.raises(NotFound):
        find_bought_order(office.desk, SHOP, order.id)


def test_the_same_id_at_two_sellers_can_not_be_told_apart() -> None:
    office = Office()
    order = office.made(0, "seller-1", buying_shop_id=SHOP)
    office.made(0, "seller-2", buying_shop_id=SHOP)
    with pytest.raises(AmbiguousReference):
        find_bought_order(office.desk, SHOP, order.id)
