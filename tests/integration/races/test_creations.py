"""Every interleaving of two requests that make orders, or of one that makes and one that ends one:
what is named once is made once, and what is in stock is sold once."""

from collections.abc import Callable
from typing import Any

import pytest

from orderhub.domain.money import Money
from orderhub.domain.shop import CartLine
from orderhub.services import manage_shops
from tests.integration.races.model import DONE
from tests.integration.races.town import SHOP, Town
from tests.support import providers
from tests.support.figures import tried

Request = Callable[[], object]


def race(
    town: Town, what: str, requests: list[Request], check: Callable[[list[Any]], None]
) -> None:
    """Try every schedule, warm and cold; ``check`` looks at each one's answers."""
    count = sum(town.every_schedule(requests, check, is_warm=is_warm) for is_warm in (True, False))
    assert count > 1
    tried(f"schedules of racing requests, {what}", count)


def ids(town: Town) -> list[int]:
    return [order.id for order in town.application.desk.orders.page(SHOP).orders]


def whole(town: Town) -> None:
    for order_id in ids(town):
        town.order_id = order_id
        town.prove()


def test_a_notification_that_comes_twice_makes_one_order(town: Town) -> None:
    def check(answers: list[Any]) -> None:
        assert sorted(status for status, _ in answers) == [200, 201]
        assert {order_id for _, order_id in answers} == set(ids(town))
        assert len(ids(town)) == 1
        whole(town)

    def notify() -> tuple[int, int]:
        answer = town.notify("TB1")
        return answer.status, answer.body["id"]

    race(town, "create/create, same reference", [notify] * 2, check)


def test_different_notifications_make_an_order_each(town: Town) -> None:
    def check(answers: list[Any]) -> None:
        assert sorted(answers) == [201, 201]
        assert len(ids(town)) == 2
        whole(town)

    requests: list[Request] = [lambda: town.notify("TB1").status, lambda: town.notify("TB2").status]
    race(town, "create/create, other reference", requests, check)


@pytest.mark.parametrize("stock", [1, 5])
def test_a_request_with_a_name_that_comes_twice_takes_its_pieces_once(
    town: Town, stock: int
) -> None:
    town.set_stock(stock)

    def check(answers: list[Any]) -> None:
        assert all(answers)
        assert answers[0] == answers[1]
        assert [str(order_id) in answers[0]["number"] for order_id in ids(town)] == [True]
        assert town.stock() == stock - 1
        whole(town)

    race(town, "create/create, same key", [lambda: town.store_order("a", key="once")] * 2, check)


def test_a_cart_becomes_one_order(town: Town) -> None:
    manage_shops.put_cart(
        town.application.shops,
        town.application.desk.catalog,
        town.application.desk.clock,
        SHOP,
        cart_id="C1",
        lines=[CartLine("lamp", "lamp-1", 1)],
    )

    def check(answers: list[Any]) -> None:
        assert answers[0] == answers[1]
        assert len(ids(town)) == 1
        whole(town)

    race(town, "create/create, same cart", [lambda: town.ring_up("C1")] * 2, check)


def test_the_last_piece_is_sold_once(town: Town) -> None:
    town.set_stock(1)

    def check(answers: list[Any]) -> None:
        assert sum(made is not None for made in answers) == 1
        assert len(ids(town)) == 1
        assert town.stock() == 0
        whole(town)

    requests: list[Request] = [lambda: town.store_order("a"), lambda: town.store_order("b")]
    race(town, "last stock", requests, check)


@pytest.mark.parametrize("ending", ["till_cancels", "seller_cancels", "close"])
def test_pieces_that_come_back_are_sold_again_or_are_there(town: Town, ending: str) -> None:
    town.new_lamp_order(stock=0)
    first = town.order_id
    end = town.operation(ending)
    if ending == "close":
        town.operation("tick").send()

    def restock() -> str:
        town.order_id = first
        return end.send()

    def check(answers: list[Any]) -> None:
        ended, made = answers
        assert ended == DONE
        assert town.stock() == (0 if made else 1)
        assert len(ids(town)) == (2 if made else 1)
        whole(town)

    race(town, "last stock, given back", [restock, lambda: town.store_order("next")], check)


def test_a_report_of_money_for_an_order_that_is_just_made_is_never_lost(town: Town) -> None:
    town.set_stock(5)
    with town.for_a_while():
        made = town.store_order("first")
        assert made
        order_id = int(made["number"])

    def report() -> str:
        event = providers.stripe_payment_succeeded(
            order_id, Money(5000, "CNY"), payment="pi_1", event_id="evt_1", at=town.clock.now
        )
        return town.stripe(event)

    def check(answers: list[Any]) -> None:
        told, made = answers
        assert (told, int(made["number"])) == (DONE, order_id)
        town.order_id = order_id
        seen = town.seen()
        assert (seen["captured"], seen["strays"]) in {(5000, 0), (0, 1)}
        whole(town)

    race(town, "stray report/create", [report, lambda: town.store_order("first")], check)
