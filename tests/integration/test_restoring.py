"""A shop that was damaged is made whole from a table that DynamoDB restored to a point in time."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest

from orderhub.adapters.dynamodb import items, keys
from orderhub.adapters.system import SystemClock
from orderhub.bootstrap import Application
from orderhub.domain import commands
from orderhub.domain.commands import Change
from orderhub.domain.errors import NotFound
from orderhub.domain.order import Order
from orderhub.domain.status import OrderStatus
from orderhub.ports import Contention, OrderBackup
from orderhub.services.reconcile import reconcile_shop
from orderhub.services.restore_orders import RestoredOrder, restore_order, restore_shop
from tests.integration.test_cli import Operator, tag_table
from tests.integration.test_cli import _environment as _environment
from tests.integration.test_cli import operator as operator
from tests.integration.test_cli import orderhub as orderhub
from tests.integration.test_reconciling import Bench
from tests.support.fakes import NOON
from tests.support.figures import tried
from tests.support.orders import TESTER, placed


class RestoreBench(Bench):
    """A bench with a backup: the table as it was when ``restored`` was called."""

    def __init__(self, application: Application) -> None:
        super().__init__(application)
        self.copies: list[str] = []

    def restored(self) -> str:
        """What ``aws dynamodb restore-table-to-point-in-time`` gives, which the emulator knows for
        the present moment alone; its name."""
        name = f"restored-{uuid4().hex}"
        self.client.restore_table_to_point_in_time(
            SourceTableName=self.table, TargetTableName=name, UseLatestRestorableTime=True
        )
        self.copies.append(name)
        return name

    def restore(self, copy: str, **options: bool) -> list[RestoredOrder]:
        backup = self.application.backup(copy)
        found = restore_shop(self.auditor, backup, "demo", **options)
        return [each for each in found if not each.is_same]

    def is_clean(self) -> bool:
        return all(each.is_clean for each in reconcile_shop(self.auditor, "demo"))


@pytest.fixture
def bench(
    operator: Operator, orderhub: Application, table: Any, monkeypatch: pytest.MonkeyPatch
) -> Iterator[RestoreBench]:
    monkeypatch.setattr(SystemClock, "sleep", lambda self, seconds: None)
    tag_table(table, orderhub, "4")
    operator.make_shop()
    bench = RestoreBench(orderhub)
    yield bench
    for name in bench.copies:
        table.delete_table(TableName=name)


# -- what can happen to an order -------------------------------------------------------------------


def loses_events(bench: Bench, order: Order) -> None:
    bench.remove(order, keys.event(2))


def loses_its_last_events(bench: Bench, order: Order) -> None:
    bench.remove(order, keys.event(order.version - 1))


def has_an_event_nobody_can_read(bench: Bench, order: Order) -> None:
    bench.change(
        order, keys.event(2), types={"S": "payment.from_the_future order.paid invoice.issued"}
    )


def loses_its_snapshot_and_an_event(bench: Bench, order: Order) -> None:
    bench.remove(order)
    bench.remove(order, keys.event(1))


def is_gone(bench: Bench, order: Order) -> None:
    for sequence in range(1, order.version + 1):
        bench.remove(order, keys.event(sequence))
    bench.remove(order)
    bench.remove_name(order, "order", "marketplace:taobao", "TB-1")


def has_other_money_in_its_snapshot(bench: Bench, order: Order) -> None:
    wrong = replace(order, payments=())
    bench.change(order, packed=items.header(wrong, 4)["packed"])


DAMAGE: list[Callable[[Bench, Order], None]] = [
    loses_events,
    loses_its_last_events,
    has_an_event_nobody_can_read,
    loses_its_snapshot_and_an_event,
    is_gone,
    has_other_money_in_its_snapshot,
]


@pytest.mark.parametrize("damage", DAMAGE, ids=lambda damage: damage.__name__)
def test_what_an_order_lost_comes_back(
    bench: RestoreBench, damage: Callable[[Bench, Order], None]
) -> None:
    order, other = bench.sold(), bench.sold(2, lines=60)
    copy = bench.restored()
    damage(bench, order)
    before = bench.read(order)

    (found,) = bench.restore(copy)
    assert (found.order_id, found.restored) == (order.id, ())
    assert bench.read(order) == before, "it was only looked at"

    (found,) = bench.restore(copy, apply=True)
    assert found.is_whole
    assert bench.desk.orders.get("demo", order.id) == order
    assert bench.desk.orders.get("demo", other.id) == other
    assert bench.restore(copy) == []
    assert bench.is_clean()
    tried("damages mended from a backup, orders")


def test_what_happened_since_the_backup_stays(bench: RestoreBench) -> None:
    order = bench.sold()
    copy = bench.restored()
    change = Change(order, NOON + timedelta(minutes=9), TESTER)
    commands.add_note(change, "Called the buyer")
    bench.desk.orders.commit(change)
    younger = bench.sold(2)
    bench.remove(order, keys.event(1))

    (found,) = bench.restore(copy, apply=True)
    assert (found.missing, found.restored, found.is_whole) == ((1,), (1,), True)
    assert bench.desk.orders.get("demo", order.id) == change.order
    assert bench.desk.orders.get("demo", younger.id) == younger


def test_a_restored_order_goes_on(bench: RestoreBench) -> None:
    """Its next event has the next sequence, and whoever asks for its name finds it, not a second
    order."""
    order = bench.sold()
    copy = bench.restored()
    is_gone(bench, order)
    bench.restore(copy, apply=True)
    current = bench.desk.orders.get("demo", order.id)
    assert current
    change = Change(current, NOON + timedelta(minutes=9), TESTER)
    commands.complete(change)
    bench.desk.orders.commit(change)
    sequences = [entry.sequence for entry in bench.desk.orders.history("demo", order.id)]
    assert sequences == list(range(1, change.order.version + 1))
    ((_, owner),) = bench.desk.orders.named("demo", "order", "TB-1")
    assert owner == order.id
    assert change.order.status is OrderStatus.COMPLETED
    assert bench.is_clean()


def test_an_event_that_tells_another_story_is_shown_and_overwritten_when_told_so(
    bench: RestoreBench,
) -> None:
    order = bench.sold()
    copy = bench.restored()
    bench.remove(order, keys.event(5))
    elsewhere = Change(order, NOON + timedelta(minutes=9), TESTER)
    commands.add_note(elsewhere, "Called the buyer")
    (note,) = elsewhere.recorded
    others = [replace(note, sequence=sequence) for sequence in (5, 6)]
    for other in others:
        bench.write(*items.events(order, [other]))

    (found,) = bench.restore(copy, apply=True)
    assert (found.differing, found.restored, found.is_whole) == ((5, 6), (), False)
    assert items.recorded(bench.read(order, keys.event(6))) == others[1:]
    (found,) = bench.restore(copy, apply=True, overwrite=True)
    assert (found.restored, found.is_whole) == ((5, 6), True)
    assert bench.desk.orders.get("demo", order.id) == order
    assert bench.is_clean()


def test_an_event_within_a_change_is_brought_back_with_its_change(bench: RestoreBench) -> None:
    order = bench.sold()
    copy = bench.restored()
    told = items.recorded(bench.read(order, keys.event(2)))
    other = [told[0], replace(told[1], at=told[1].at + timedelta(milliseconds=1)), *told[2:]]
    bench.write(*items.events(order, other))

    (found,) = bench.restore(copy, apply=True, overwrite=True)
    assert (found.differing, found.restored, found.is_whole) == ((3,), (3,), True)
    assert items.recorded(bench.read(order, keys.event(2))) == told
    assert bench.is_clean()


def test_an_event_that_comes_back_by_itself_meanwhile_is_not_written_over(
    bench: RestoreBench, monkeypatch: pytest.MonkeyPatch
) -> None:
    order = bench.sold()
    copy = bench.restored()
    event = bench.read(order, keys.event(2))
    bench.remove(order, keys.event(2))
    backup: OrderBackup = bench.application.backup(copy)
    write = bench.client.put_item

    def put_after_somebody_else(**asked: Any) -> Any:
        write(TableName=bench.table, Item=event)
        return write(**asked)

    monkeypatch.setattr(bench.client, "put_item", put_after_somebody_else)
    with pytest.raises(Contention):
        backup.put_back("demo", order.id, [2])
    assert bench.read(order, keys.event(2)) == event


def test_an_order_that_the_backup_does_not_know_can_not_be_restored(bench: RestoreBench) -> None:
    copy = bench.restored()
    order = bench.sold()
    with pytest.raises(NotFound):
        restore_order(bench.auditor, bench.application.backup(copy), "demo", order.id)
    assert bench.restore(copy, apply=True) == []


# -- the drill of docs/RESTORE.md ------------------------------------------------------------------


def test_the_drill_after_a_bad_deploy(bench: RestoreBench, operator: Operator) -> None:
    orders = [bench.sold(tail) for tail in range(1, len(DAMAGE) + 1)]
    copy = bench.restored()
    for damage, order in zip(DAMAGE, orders, strict=True):
        if damage is is_gone:
            bench.remove_name(order, "order", "marketplace:taobao", f"TB-{order.id}")
        damage(bench, order)
    change = placed("demo", tail=99, name="TB-99")
    bench.desk.orders.commit(change)

    told = operator.ask("restore", "demo", "--from", copy, exit_code=1)
    assert (told["orders"], len(told["differing"])) == (len(orders), len(orders))
    shown = operator.run("restore", "demo", "--from", copy, exit_code=1)
    assert orders[0].number in shown.stdout
    assert "--apply" in shown.stdout
    one = operator.ask("restore", "demo", "--from", copy, "--order", "TB-2", "--apply")
    assert [each["order_id"] for each in one["differing"]] == [orders[1].id]
    told = operator.ask("restore", "demo", "--from", copy, "--apply")
    assert len(told["differing"]) == len(orders) - 1
    assert operator.ask("restore", "demo", "--from", copy)["differing"] == []
    told = operator.ask("reconcile", "demo")
    assert (told["orders"], told["clean"]) == (len(orders) + 1, True)
    for order in orders:
        assert bench.desk.orders.get("demo", order.id) == order
    assert "all of their events" in operator.run("restore", "demo", "--from", copy).stdout


def test_mistakes_in_the_command_are_told(bench: RestoreBench, operator: Operator) -> None:
    operator.run("restore", "demo", "--from", bench.table, exit_code=2)
    operator.run("restore", "demo", "--from", "other", "--overwrite", exit_code=2)
