"""``orderhub export`` on an emulated table, and ``orderhub import`` of what it wrote."""

import json
import os
import stat
from collections.abc import Iterator
from datetime import timedelta
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from orderhub.adapters.dynamodb import keys
from orderhub.adapters.dynamodb.orders import DynamoOrders
from orderhub.bootstrap import Application
from orderhub.domain import commands
from orderhub.domain.commands import Change
from orderhub.domain.errors import Busy
from orderhub.domain.order import Order
from orderhub_cli import export_reading
from orderhub_cli.export_file import ExportFile
from tests.integration.test_cli import Operator
from tests.integration.test_cli import _environment as _environment
from tests.integration.test_cli import operator as operator
from tests.integration.test_cli import orderhub as orderhub
from tests.support.fakes import NOON
from tests.support.orders import TESTER, payment, placed

EXPORT = ("export", "demo", "--file")
LONG_AGO = NOON - timedelta(days=700)


@pytest.fixture
def orders(operator: Operator, orderhub: Application) -> list[Order]:
    """Seven orders, a day apart: unpaid, paid, sent, with a line of history each."""
    operator.make_shop()
    made = []
    for day in range(7):
        at = LONG_AGO + timedelta(days=day)
        windows: dict[str, Any] = {"payment_timeout": None, "refund_window": None}
        first = placed(at=at, name=f"TB-{day}", lines=1 + day % 2, **windows)
        orderhub.desk.orders.commit(first)
        change = Change(first.order, at + timedelta(minutes=5), TESTER)
        commands.add_note(change, f"day {day} – 第 {day} 天")
        if day % 2:
            commands.capture_payment(change, payment("3.00", f"ALI-{day}"))
        if day % 3 == 1:
            commands.ship(change, carrier="SF", tracking_number=f"SF{day}")
        orderhub.desk.orders.commit(change)
        made.append(change.order)
    return made


@pytest.fixture
def whole(operator: Operator, orders: list[Order]) -> bytes:
    """What an export that nothing disturbs writes."""
    operator.run(*EXPORT, "whole.jsonl")
    return Path("whole.jsonl").read_bytes()


def ids_in(text: bytes | str) -> list[int]:
    return [json.loads(line)["id"] for line in text.splitlines()]


def test_every_order_is_a_line_oldest_first(
    operator: Operator, orders: list[Order], whole: bytes
) -> None:
    assert ids_in(whole) == [order.id for order in orders]
    assert whole.endswith(b"\n")
    assert stat.S_IMODE(Path("whole.jsonl").stat().st_mode) == 0o600
    assert {path.name for path in Path.cwd().iterdir()} == {"whole.jsonl"}
    shown = operator.run(*EXPORT, "again.jsonl").stdout
    assert "Wrote 7 orders to again.jsonl." in shown


def test_orders_of_one_shop_are_the_same_orders_in_another(
    operator: Operator, whole: bytes
) -> None:
    operator.make_shop("other")

    told = operator.ask("import", "other", "--file", "whole.jsonl")
    operator.run("export", "other", "--file", "other.jsonl")

    assert told["new"] == 7
    assert Path("other.jsonl").read_bytes() == whole


@pytest.fixture
def interrupted(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The next export is stopped while its fourth order is written."""
    write, written = ExportFile.write, count(1)

    def write_some(self: ExportFile, line: bytes) -> None:
        if next(written) == 4:
            write(self, line[: len(line) // 2])
            raise KeyboardInterrupt
        write(self, line)

    monkeypatch.setattr(ExportFile, "write", write_some)
    yield
    monkeypatch.undo()


@pytest.mark.parametrize("lost", [0, 1, 1500, 1_000_000])
def test_an_export_that_was_stopped_goes_on_and_ends_as_if_nothing_had_been(
    operator: Operator, orders: list[Order], whole: bytes, interrupted: None, lost: int
) -> None:
    """``lost`` are bytes that a machine which fails may not have written."""
    part = Path("orders.jsonl.part")
    result = operator._runner.invoke(_app(), [*EXPORT, "orders.jsonl"])
    assert result.exit_code != 0
    assert "The same command goes on here." in result.stderr
    assert not Path("orders.jsonl").exists()
    os.truncate(part, max(0, part.stat().st_size - lost))

    told = operator.ask(*EXPORT, "orders.jsonl")

    assert Path("orders.jsonl").read_bytes() == whole
    assert told["orders"] == 7
    assert not part.exists()
    assert not Path("orders.jsonl.part.json").exists()


def _app() -> Any:
    from orderhub_cli.main import app

    return app


def test_what_another_export_began_is_not_gone_on_with(
    operator: Operator, orders: list[Order], whole: bytes, interrupted: None
) -> None:
    operator._runner.invoke(_app(), [*EXPORT, "orders.jsonl"])
    other = (*EXPORT, "orders.jsonl", "--wire", "marketplace")

    assert "is of another export: give --restart" in operator.complaint(*other, exit_code=2)
    operator.run(*other, "--restart")

    assert Path("orders.jsonl").read_bytes() == whole


def test_a_file_is_not_written_over_unasked(operator: Operator, whole: bytes) -> None:
    Path("orders.jsonl").write_text("mine")
    said = operator.complaint(*EXPORT, "orders.jsonl", exit_code=2)
    assert "is there already" in said
    assert Path("orders.jsonl").read_text() == "mine"
    operator.run(*EXPORT, "orders.jsonl", "--force")
    assert Path("orders.jsonl").read_bytes() == whole


def test_orders_that_can_not_be_read_are_told_and_passed_over(
    operator: Operator, orders: list[Order], table: Any, interrupted: None
) -> None:
    def event(order: Order, sequence: int) -> dict[str, Any]:
        pk = keys.order("demo", order.id)
        return {"pk": {"S": pk}, "sk": {"S": keys.event(sequence)}}

    name = os.environ["TABLE_NAME"]
    table.delete_item(TableName=name, Key=event(orders[1], 2))
    table.update_item(
        TableName=name,
        Key=event(orders[2], 1),
        UpdateExpression="SET packed = :rubbish, #types = :rubbish",
        ExpressionAttributeNames={"#types": "types"},
        ExpressionAttributeValues={":rubbish": {"S": "rubbish"}},
    )
    operator._runner.invoke(_app(), [*EXPORT, "orders.jsonl"])

    result = operator.run(*EXPORT, "orders.jsonl", exit_code=1)

    assert ids_in(Path("orders.jsonl").read_bytes()) == [
        order.id for index, order in enumerate(orders) if index not in (1, 2)
    ]
    assert "Error: 2 orders could not be read and are not in it" in result.stderr
    for order in orders[1:3]:
        assert f"  {order.id}: " in result.stderr


def test_a_table_that_is_too_busy_is_no_reason_to_leave_orders_out(
    operator: Operator, orders: list[Order], whole: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    read, throttled = DynamoOrders.get_with_history, count(1)

    def read_some(self: DynamoOrders, shop_id: str, order_id: int) -> Any:
        if next(throttled) >= 4:
            raise Busy("the table is throttled; try again") from OSError()
        return read(self, shop_id, order_id)

    with monkeypatch.context() as patch:
        patch.setattr(export_reading, "_ATTEMPTS", 2)
        patch.setattr(DynamoOrders, "get_with_history", read_some)
        said = operator.run(*EXPORT, "orders.jsonl", exit_code=1).stderr
    assert "Error: the table is throttled" in said
    assert not Path("orders.jsonl").exists()

    operator.run(*EXPORT, "orders.jsonl")

    assert Path("orders.jsonl").read_bytes() == whole


def test_some_orders_are_chosen_by_their_time_and_api(
    operator: Operator, orders: list[Order]
) -> None:
    def day(number: int) -> str:
        return f"{LONG_AGO + timedelta(days=number):%Y-%m-%dT%H:%M:%SZ}"

    chosen = operator.run(*EXPORT, "-", "--since", day(2), "--until", day(4)).stdout
    assert ids_in(chosen) == [order.id for order in orders[2:5]]
    assert operator.run(*EXPORT, "-", "--wire", "bricklink").stdout == ""
    assert ids_in(operator.run(*EXPORT, "-", "--wire", "marketplace").stdout) == [
        order.id for order in orders
    ]
    assert list(Path.cwd().iterdir()) == []


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        (("-", "--json"), "stdout can't have both"),
        (("x", "--wire", "ebay"), "'--wire'"),
        (("x", "--since", "noon"), "'--since'"),
        (("no/such/folder/x",), "can't write"),
    ],
)
def test_what_can_not_be_exported_is_a_mistake_in_the_command(
    operator: Operator, asked: tuple[str, ...], said: str
) -> None:
    operator.make_shop()
    assert said in operator.complaint(*EXPORT, *asked, exit_code=2)


def test_pages_are_read_on_whatever_their_size(
    operator: Operator, orders: list[Order], whole: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(export_reading, "_PAGE", 3)
    monkeypatch.setattr(export_reading, "_AHEAD", 2)
    assert operator.run(*EXPORT, "-").stdout_bytes == whole
