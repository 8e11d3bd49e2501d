"""``orderhub due`` on an emulated table."""

from datetime import timedelta
from typing import Any

import pytest

from orderhub.adapters.dynamodb import items, keys
from orderhub.adapters.system import SystemClock
from orderhub.bootstrap import Application
from orderhub.domain.order import DeadlineKind
from orderhub_cli import connection
from tests.integration.test_cli import Operator, tag_table
from tests.integration.test_cli import _environment as _environment
from tests.integration.test_cli import operator as operator
from tests.integration.test_cli import orderhub as orderhub
from tests.support.fakes import NOON
from tests.support.orders import placed


@pytest.fixture
def due_orders(orderhub: Application, table: Any, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The numbers of three orders, due for 45, 40 and in 15 minutes, in as many shards."""
    tag_table(table, orderhub, "4")
    monkeypatch.setattr(SystemClock, "now", lambda self: NOON + timedelta(hours=1))
    made = [
        placed(shop, tail=tail, payment_timeout=minutes * 60)
        for tail, (shop, minutes) in enumerate([("demo", 15), ("other", 20), ("demo", 75)])
    ]
    for change in made:
        orderhub.desk.orders.commit(change)
    return [change.order.number for change in made]


def test_due_orders_are_shown_with_how_late_they_are(
    operator: Operator, due_orders: list[str]
) -> None:
    told = operator.ask("due", "--kind", "payment_timeout")["kinds"]
    assert [(of["overdue"], of["coming"], of["late_seconds"]) for of in told] == [(2, 1, 2700)]
    assert [order["number"] for order in told[0]["orders"]] == due_orders
    assert [of["kind"] for of in operator.ask("due")["kinds"]] == [
        "payment_timeout",
        "refund_window",
        "auto_receive",
    ]
    shown = operator.run("due").stdout
    assert all(number in shown for number in due_orders)
    assert "45m" in shown


def test_due_orders_of_one_shop_and_of_a_shorter_time(
    operator: Operator, due_orders: list[str]
) -> None:
    operator.make_shop()
    (of, *_) = operator.ask("due", "--shop", "demo", "--within", "10m")["kinds"]
    assert [order["number"] for order in of["orders"]] == due_orders[:1]


def test_a_script_can_ask_whether_anything_is_late(
    operator: Operator, due_orders: list[str]
) -> None:
    operator.run("due", "--late", "1h")
    result = operator.run("due", "--late", "10m", exit_code=1)
    assert "payment_timeout" in result.stderr


def test_an_entry_that_is_damaged_is_listed_and_keeps_no_others_back(
    operator: Operator, orderhub: Application, due_orders: list[str]
) -> None:
    damaged = placed(tail=8, payment_timeout=60).order
    partition, sort = keys.due_partition(DeadlineKind.PAYMENT, 0), "2026-01-01T00:00:00.000Z"
    item = {**items.header(damaged, 4), "due_pk": {"S": partition}, "due_sk": {"S": sort}}
    orderhub._dynamodb.put_item(TableName=orderhub.settings.table_name, Item=item)
    key = f"{keys.order('demo', damaged.id)} {sort}"
    (of,) = operator.ask("due", "--kind", "payment_timeout")["kinds"]
    assert [order["number"] for order in of["orders"]] == due_orders
    assert (of["overdue"], of["unreadable"]) == (2, [key])
    assert "Unreadable" in operator.run("due").stdout


def test_mistakes_in_the_command(operator: Operator, due_orders: list[str]) -> None:
    assert "does not exist" in operator.complaint("due", "--shop", "nobody")
    operator.complaint("due", "--late", "never", exit_code=2)
    operator.complaint("due", "--within", "never", exit_code=2)


def test_a_part_of_the_index_does_not_pass_for_all_of_it(
    operator: Operator, orderhub: Application
) -> None:
    assert connection.DUE_SHARDS_TAG in operator.complaint("due")
