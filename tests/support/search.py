"""Some orders to search in, and the plain answer to what a search must find."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Final

from hypothesis import strategies as st

from orderhub.domain import commands
from orderhub.domain.commands import Change
from orderhub.domain.order import Order
from orderhub.services.search_orders import OrderQuery
from tests.support.fakes import NOON
from tests.support.orders import TESTER, placed

CUSTOMERS: Final = ("", "4028", "kim", "kimberley")
COUNT: Final = 300
TIMES: Final = tuple(NOON + timedelta(minutes=n) for n in range(-10, COUNT + 200, 7))


def some_orders(shop_id: str, count: int = COUNT) -> Iterator[Change]:
    """Changes to be committed in this order: an order a minute, some with a customer or a number
    of its own, some changed again much later."""
    for n in range(count):
        at = NOON + timedelta(minutes=n)
        number = f"2026{n:04d}82651" if n % 3 == 0 else f"AAAA26112{n:05d}OD" if n % 3 == 1 else ""
        change = placed(
            shop_id,
            at=at,
            tail=n,
            customer_id=CUSTOMERS[n % 4],
            number=number,
            payment_timeout=None,
        )
        yield change
        if n % 5 == 0:
            later = Change(change.order, at + timedelta(minutes=(n * 37) % 211), TESTER)
            commands.tag(later, [str(n)])
            yield later


def expected(orders: Sequence[Order], query: OrderQuery) -> list[Order]:
    """A look at every order, which must be sorted by id."""

    def fits(order: Order) -> bool:
        customer = order.details.customer
        bounds = (
            (query.created_from, order.created_at, 1),
            (query.created_until, order.created_at, -1),
            (query.updated_from, order.updated_at, 1),
            (query.updated_until, order.updated_at, -1),
        )
        return (
            order.id > query.since_id
            and (query.ids is None or order.id in query.ids)
            and (not query.customer_id or bool(customer and customer.id == query.customer_id))
            and query.number_contains in order.number
            and all(
                bound is None or (at >= bound if sign > 0 else at <= bound)
                for bound, at, sign in bounds
            )
        )

    return [order for order in orders if fits(order)]


def queries(orders: Sequence[Order]) -> st.SearchStrategy[OrderQuery]:
    """Filters alone and together, mostly such as fit some of ``orders``."""
    ids = st.sampled_from([order.id for order in orders])
    moments: st.SearchStrategy[datetime | None] = st.none() | st.sampled_from(TIMES)
    parts = st.sampled_from(["", "2026", "82651", "OD", "R", "11", "26112000", "0000", "nowhere"])
    whole = st.sampled_from([order.number for order in orders])
    return st.builds(
        OrderQuery,
        since_id=st.just(0) | ids | ids.map(lambda i: i - 1),
        ids=st.none() | st.lists(ids | st.integers(0, 2**60), max_size=30).map(tuple),
        customer_id=st.just("") | st.sampled_from([*CUSTOMERS, "nobody"]),
        number_contains=parts | whole,
        created_from=moments,
        created_until=moments,
        updated_from=moments,
        updated_until=moments,
    )
