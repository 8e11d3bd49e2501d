"""``orderhub reconcile`` on an emulated table."""

from datetime import timedelta
from typing import Any

import pytest

from orderhub.adapters.system import SystemClock
from orderhub.bootstrap import Application
from orderhub.domain.order import Order
from orderhub_cli import connection
from tests.integration.test_cli import Operator, tag_table
from tests.integration.test_cli import _environment as _environment
from tests.integration.test_cli import operator as operator
from tests.integration.test_cli import orderhub as orderhub
from tests.integration.test_reconciling import Bench
from tests.support.fakes import NOON
from tests.support.orders import placed


@pytest.fixture
def bench(
    operator: Operator, orderhub: Application, table: Any, monkeypatch: pytest.MonkeyPatch
) -> Bench:
    monkeypatch.setattr(SystemClock, "sleep", lambda self, seconds: None)
    tag_table(table, orderhub, "4")
    operator.make_shop()
    return Bench(orderhub)


@pytest.fixture
def order(bench: Bench) -> Order:
    return bench.sold()


def test_a_shop_without_damage(operator: Operator, order: Order) -> None:
    assert operator.ask("reconcile", "demo") == {"orders": 1, "clean": True, "findings": []}
    assert (
        "1 order found: all that was looked at agrees" in operator.run("reconcile", "demo").stdout
    )
    told = operator.ask("reconcile", "demo", "--order", "TB-1")
    assert (told["order_id"], told["number"], told["clean"]) == (order.id, order.number, True)
    assert f"order {order.number}" in operator.run("reconcile", "demo", "--order", "TB-1").stdout


def test_damage_is_shown_then_mended_then_gone(
    operator: Operator, bench: Bench, order: Order
) -> None:
    bench.change(order, desk_pk=None)
    told = operator.ask("reconcile", "demo", "--order", "TB-1", exit_code=1)
    assert told == {
        "orders": 1,
        "order_id": order.id,
        "number": order.number,
        "clean": False,
        "findings": [
            {
                "state": "mendable",
                "what": "index_differs",
                "order_id": order.id,
                "number": order.number,
                "details": "desk_pk",
            }
        ],
    }
    shown = operator.run("reconcile", "demo", exit_code=1)
    assert order.number in shown.stdout
    assert "--repair" in shown.stdout
    assert "1 thing wrong with shop demo" in shown.stderr
    told = operator.ask("reconcile", "demo", "--repair")
    assert [finding["state"] for finding in told["findings"]] == ["mended"]
    assert operator.ask("reconcile", "demo")["findings"] == []


def test_what_can_not_be_mended_stays_wrong(operator: Operator, bench: Bench, order: Order) -> None:
    bench.remove(order, "EVENT#000002")
    told = operator.ask("reconcile", "demo", "--repair", exit_code=1)
    assert [(f["state"], f["what"]) for f in told["findings"]] == [("wrong", "events_missing")]


def test_a_damaged_order_is_reconciled_by_its_name(
    operator: Operator, bench: Bench, order: Order
) -> None:
    bench.change(order, body={"S": "{"})
    operator.ask("reconcile", "demo", "--order", order.number, "--repair")
    assert operator.ask("order", "show", "demo", "TB-1")["id"] == order.id


def test_a_range_of_times(operator: Operator, bench: Bench, order: Order) -> None:
    bench.desk.orders.commit(placed(at=NOON + timedelta(hours=1), tail=2))
    late = f"{NOON + timedelta(minutes=30):%Y-%m-%dT%H:%M:%SZ}"
    assert operator.ask("reconcile", "demo")["orders"] == 2
    assert operator.ask("reconcile", "demo", "--since", late)["orders"] == 1
    assert operator.ask("reconcile", "demo", "--until", late)["orders"] == 1


def test_mistakes_in_the_command(operator: Operator, bench: Bench) -> None:
    assert "does not exist" in operator.complaint("reconcile", "nobody")
    operator.complaint("reconcile", "demo", "--order", "nobody")
    when = ("--since", "2026-11-21T12:00:00Z")
    operator.complaint("reconcile", "demo", "--order", "TB-1", *when, exit_code=2)
    operator.complaint("reconcile", "demo", "--since", "yesterday", exit_code=2)
    backwards = (*when, "--until", "2026-11-21T11:00:00Z")
    operator.complaint("reconcile", "demo", *backwards, exit_code=2)


def test_deadlines_are_not_judged_by_a_part_of_their_shards(
    operator: Operator, orderhub: Application
) -> None:
    operator.make_shop()
    assert connection.DUE_SHARDS_TAG in operator.complaint("reconcile", "demo")
