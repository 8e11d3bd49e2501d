"""Searching and counting over the table's own indexes, against a plain list of the orders."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from orderhub.bootstrap import Application
from orderhub.domain.order import Order
from orderhub.services import index_numbers
from orderhub.services.desk import Desk
from orderhub.services.rank_orders import lay_milestones, rank_of
from orderhub.services.search_orders import OrderQuery, count_orders, search_orders
from orderhub.settings import Settings
from tests.support.search import expected, queries, some_orders
from tests.support.table import create_table

SHOP: Final = "demo"


@dataclass(frozen=True)
class Shelved:
    desk: Desk
    orders: list[Order]


@pytest.fixture(scope="module")
def shelved(cloud: Any) -> Iterator[Shelved]:
    """Some orders of the past, with most of their numbers indexed, and one of another shop between
    them."""
    name = f"orderhub-{uuid4().hex}"
    create_table(cloud, name)
    settings = Settings(table_name=name, event_bus_name="", due_shards=4)
    desk = Application(settings, client=cloud).desk
    orders: dict[int, Order] = {}
    for change in some_orders(SHOP, count=130):
        desk.orders.commit(change)
        orders[change.order.id] = change.order
    for change in some_orders("other", count=1):
        desk.orders.commit(change)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(index_numbers, "SMALLEST", 20)
        patch.setattr(index_numbers, "FAN", 2)
        patch.setattr(index_numbers, "LARGEST", 80)
        patch.setattr(index_numbers, "UNINDEXED", 40)
        assert [index_numbers.index_numbers(desk, SHOP) for _ in range(3)] == [80, 40, 0]
    yield Shelved(desk, [orders[order_id] for order_id in sorted(orders)])
    cloud.delete_table(TableName=name)


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(data=st.data())
def test_any_filters_together_find_and_count_what_a_look_at_every_order_does(
    shelved: Shelved, data: st.DataObject
) -> None:
    query = data.draw(queries(shelved.orders))
    offset = data.draw(st.integers(0, 40))
    limit = data.draw(st.integers(1, 60))
    fitting = expected(shelved.orders, query)
    found = search_orders(shelved.desk, SHOP, query, offset=offset, limit=limit)
    assert found == fitting[offset : offset + limit]
    assert count_orders(shelved.desk, SHOP, query) == len(fitting)


def test_milestones_change_nothing_but_the_cost(shelved: Shelved) -> None:
    desk, orders = shelved.desk, shelved.orders
    before = [rank_of(desk, SHOP, order.id) for order in orders[::37]]
    assert lay_milestones(desk, SHOP) == 1
    assert [rank_of(desk, SHOP, order.id) for order in orders[::37]] == before
    assert count_orders(desk, SHOP, OrderQuery()) == len(orders)
    last = search_orders(desk, SHOP, OrderQuery(), offset=len(orders) - 5, limit=50)
    assert last == orders[-5:]
