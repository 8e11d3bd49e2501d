"""Facts of one API beside an order."""

from datetime import timedelta

from orderhub.domain import commands
from orderhub.domain.commands import Change
from orderhub.domain.order import Order
from tests.support.orders import TESTER, placed


def change_of(order: Order) -> Change:
    return Change(order, order.updated_at + timedelta(seconds=1), TESTER)


def test_facts_are_added_changed_and_forgotten_one_by_one() -> None:
    change = placed()
    commands.keep_facts(change, "bricklink", {"a": 1, "b": "x"})
    commands.keep_facts(change, "bricklink", {"a": None, "c": True})
    commands.keep_facts(change, "other", {"a": 2})

    kept = change.order.details.extensions
    assert kept == {"bricklink": {"b": "x", "c": True}, "other": {"a": 2}}


def test_the_same_facts_again_record_nothing() -> None:
    change = placed()
    commands.keep_facts(change, "bricklink", {"a": 1})
    again = change_of(change.order)

    commands.keep_facts(again, "bricklink", {"a": 1, "b": None})
    commands.keep_facts(again, "unknown", {"a": None})

    assert again.recorded == []


def test_facts_are_kept_of_closed_orders_and_leave_the_rest_of_the_details() -> None:
    change = placed()
    commands.cancel(change)
    details = change.order.details

    commands.keep_facts(change, "bricklink", {"a": 1})

    assert change.order.details.shipping_address == details.shipping_address
    assert change.order.closed_at
    history = change.recorded
    assert Order.replay("demo", change.order.id, history) == change.order
