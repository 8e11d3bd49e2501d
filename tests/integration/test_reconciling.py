"""Orders that were damaged in the table: what is found, what is mended, what is left alone."""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from orderhub.adapters.dynamodb import items, keys
from orderhub.adapters.dynamodb.audit import DynamoAudit
from orderhub.adapters.system import SystemClock
from orderhub.bootstrap import Application
from orderhub.domain import commands
from orderhub.domain.commands import Change
from orderhub.domain.details import Reference
from orderhub.domain.errors import Busy, NotFound
from orderhub.domain.order import Order
from orderhub.domain.report import PaymentReport, ReportKind
from orderhub.domain.status import OrderStatus
from orderhub.domain.stock import StockTaken
from orderhub.ports import StrayReport
from orderhub.services import annotate_order, index_numbers, rank_orders, reconcile
from orderhub.services.apply_report import NO_ORDER
from orderhub.services.find_order import find_order
from orderhub.services.rank_orders import lay_milestones
from orderhub.services.reconcile import (
    Auditor,
    Flaw,
    Reconciled,
    order_id_of,
    reconcile_order,
    reconcile_shop,
)
from orderhub.services.search_orders import OrderQuery, count_orders
from tests.support.fakes import NOON
from tests.support.orders import TESTER, payment, placed


class Bench:
    """Orders of a shop, and a hammer."""

    def __init__(self, application: Application) -> None:
        self.application = application
        self.desk = application.desk
        self.auditor = Auditor(application.desk, application.audit)
        self.client: Any = application._dynamodb
        self.table = application.settings.table_name

    def sold(self, tail: int = 1, lines: int = 2) -> Order:
        """An order that was paid, partly refunded, and has a name of its own."""
        first = placed(
            tail=tail,
            lines=lines,
            name=f"TB-{tail}",
            customer_id="kim",
            seller_id="s1",
            buying_shop_id="other",
        )
        self.desk.orders.commit(first)
        change = Change(first.order, NOON + timedelta(minutes=5), TESTER)
        commands.capture_payment(change, payment(f"{1.5 * lines:.2f}", f"ALI-{tail}"))
        self.desk.orders.commit(change)
        change = Change(change.order, NOON + timedelta(minutes=6), TESTER)
        refund = commands.request_refund(change, payment("1.00").amount, transaction_id=f"R-{tail}")
        commands.settle_refund(change, refund.id)
        self.desk.orders.commit(change)
        return change.order

    def key(self, order: Order, sk: str = keys.ORDER_HEADER) -> dict[str, Any]:
        return {"pk": {"S": keys.order(order.shop_id, order.id)}, "sk": {"S": sk}}

    def read(self, order: Order, sk: str = keys.ORDER_HEADER) -> dict[str, Any]:
        answer = self.client.get_item(TableName=self.table, Key=self.key(order, sk))
        return dict(answer.get("Item", {}))

    def write(self, item: dict[str, Any]) -> None:
        self.client.put_item(TableName=self.table, Item=item)

    def change(self, order: Order, sk: str = keys.ORDER_HEADER, **attributes: Any) -> None:
        """Set attributes of an item; ``None`` removes one."""
        item = {**self.read(order, sk), **attributes}
        self.write({name: value for name, value in item.items() if value is not None})

    def remove(self, order: Order, sk: str = keys.ORDER_HEADER) -> None:
        self.client.delete_item(TableName=self.table, Key=self.key(order, sk))

    def remove_name(self, order: Order, kind: str, scope: str, value: str) -> None:
        key = {
            "pk": {"S": keys.reference(order.shop_id, kind, value)},
            "sk": {"S": keys.scope(scope)},
        }
        self.client.delete_item(TableName=self.table, Key=key)

    def check(self, order: Order, *, repair: bool = False) -> Reconciled:
        return reconcile_order(self.auditor, order.shop_id, order.id, repair=repair)


@pytest.fixture
def bench(application: Application, monkeypatch: pytest.MonkeyPatch) -> Bench:
    monkeypatch.setattr(SystemClock, "sleep", lambda self, seconds: None)
    return Bench(application)


def flaws(outcome: Reconciled) -> list[Flaw]:
    return [finding.flaw for finding in outcome.left]


def test_what_was_written_as_it_should_be_is_clean(bench: Bench) -> None:
    for order in (bench.sold(), bench.sold(2, lines=60)):
        outcome = bench.check(order)
        assert (outcome.left, outcome.mended) == ((), ())


def unreadable(bench: Bench, order: Order) -> None:
    bench.change(order, packed={"B": b"{"})


def headless(bench: Bench, order: Order) -> None:
    bench.remove(order)


def another_snapshot(bench: Bench, order: Order) -> None:
    wrong = replace(order, status=OrderStatus.CANCELLED)
    bench.change(order, packed=items.header(wrong, 4)["packed"])


def unread_version(bench: Bench, order: Order) -> None:
    bench.change(order, version=None)


def unlisted(bench: Bench, order: Order) -> None:
    bench.change(order, listing_pk=None, listing_sk=None)


def told_wrongly(bench: Bench, order: Order) -> None:
    summary = json.loads(bench.read(order)["listing"]["S"])
    bench.change(order, listing={"S": json.dumps({**summary, "number": "another"})})


def on_another_desk(bench: Bench, order: Order) -> None:
    bench.change(order, desk_pk={"S": "SHOP#demo#DESK#filed#expired"})


def of_nobody(bench: Bench, order: Order) -> None:
    bench.change(order, customer_pk=None, seller_pk={"S": "SHOP#demo#SELLER#x"}, buyer_pk=None)


def never_due(bench: Bench, order: Order) -> None:
    bench.change(order, due_pk=None, due_sk=None)


def due_another_time(bench: Bench, order: Order) -> None:
    bench.change(order, due_sk={"S": f"2020-01-01T00:00:00.000Z#demo#{order.id:016d}"})


def change_unlisted(bench: Bench, order: Order) -> None:
    bench.change(order, keys.event(2), change_pk=None, change_sk=None)


def change_listed_elsewhere(bench: Bench, order: Order) -> None:
    bench.change(order, keys.event(2), change_sk={"S": keys.timestamp(NOON)})


def nameless(bench: Bench, order: Order) -> None:
    bench.remove_name(order, "order", "marketplace:taobao", "TB-1")
    bench.remove_name(order, "payment", "marketplace", "ALI-1")


def half_named(bench: Bench, order: Order) -> None:
    item = items.reference("demo", Reference("order", "marketplace:taobao", "TB-1"), order.id, NOON)
    bench.write({name: value for name, value in item.items() if name != "order_id"})


Damage = Callable[[Bench, Order], None]


@pytest.mark.parametrize(
    ("damage", "found"),
    [
        (unreadable, {Flaw.SNAPSHOT_UNREADABLE}),
        (headless, {Flaw.SNAPSHOT_UNREADABLE}),
        (another_snapshot, {Flaw.SNAPSHOT_DIFFERS, Flaw.INDEX_DIFFERS}),
        (unread_version, {Flaw.INDEX_DIFFERS}),
        (half_named, {Flaw.REFERENCE_MISSING}),
        (unlisted, {Flaw.INDEX_DIFFERS}),
        (told_wrongly, {Flaw.INDEX_DIFFERS}),
        (on_another_desk, {Flaw.INDEX_DIFFERS}),
        (of_nobody, {Flaw.INDEX_DIFFERS}),
        (never_due, {Flaw.INDEX_DIFFERS}),
        (due_another_time, {Flaw.INDEX_DIFFERS}),
        (change_unlisted, {Flaw.CHANGE_NOT_LISTED}),
        (change_listed_elsewhere, {Flaw.CHANGE_NOT_LISTED}),
        (nameless, {Flaw.REFERENCE_MISSING}),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_what_follows_from_the_events_is_mended(
    bench: Bench, damage: Damage, found: set[Flaw]
) -> None:
    order = bench.sold()
    whole = [bench.read(order, sk) for sk in (keys.ORDER_HEADER, keys.event(1), keys.event(2))]
    damage(bench, order)
    dry = bench.check(order)
    assert set(flaws(dry)) == found
    assert not dry.is_clean
    assert set(flaws(bench.check(order))) == found, "a dry run changes nothing"
    mended = bench.check(order, repair=True)
    assert (mended.left, {finding.flaw for finding in mended.mended}) == ((), found)
    again = bench.check(order, repair=True)
    assert (again.left, again.mended) == ((), ())
    assert find_order(bench.desk, "demo", "TB-1") == order
    assert whole == [
        bench.read(order, sk) for sk in (keys.ORDER_HEADER, keys.event(1), keys.event(2))
    ]


def test_a_long_order_gets_its_lines_back_and_loses_none_too_many(bench: Bench) -> None:
    order = bench.sold(lines=250)
    bench.remove(order, keys.lines_chunk(1))
    bench.write({**bench.read(order, keys.lines_chunk(0)), **bench.key(order, keys.lines_chunk(7))})
    assert flaws(bench.check(order)) == [Flaw.SNAPSHOT_UNREADABLE]
    assert bench.check(order, repair=True).left == ()
    assert bench.desk.orders.get("demo", order.id) == order


def test_any_shard_that_is_swept_is_right_for_a_deadline(bench: Bench) -> None:
    order = bench.sold()
    bench.change(order, due_pk={"S": "DUE#refund_window#03"})
    assert bench.check(order).left == ()
    bench.change(order, due_pk={"S": "DUE#refund_window#77"})
    assert flaws(bench.check(order)) == [Flaw.INDEX_DIFFERS]


def test_missing_events_are_told_and_nothing_is_made_of_the_rest(bench: Bench) -> None:
    order = bench.sold()
    bench.remove(order, keys.event(2))
    before = bench.read(order)
    outcome = bench.check(order, repair=True)
    assert [(f.flaw, f.told) for f in outcome.left] == [(Flaw.EVENTS_MISSING, "2, 3, 4")]
    assert bench.read(order) == before


def test_nothing_of_an_order_without_all_its_events_is_mended(bench: Bench) -> None:
    order = bench.sold()
    bench.remove(order, keys.event(order.version - 1))
    bench.change(order, desk_pk={"S": "elsewhere"})
    before = bench.read(order)
    outcome = bench.check(order, repair=True)
    assert {Flaw.EVENTS_MISSING, Flaw.INDEX_DIFFERS} <= set(flaws(outcome))
    assert outcome.mended == ()
    assert not any(finding.is_mendable for finding in outcome.left)
    assert bench.read(order) == before


def damaged_body(bench: Bench, order: Order) -> None:
    """Nobody can read it any more, but that it is of the fifth version."""
    bench.change(
        order, version=None, packed=None, body={"S": json.dumps({"version": order.version})}
    )


@pytest.mark.parametrize("damage", [unread_version, damaged_body])
def test_the_last_events_are_missed_also_by_the_version_in_the_snapshot(
    bench: Bench, damage: Damage
) -> None:
    order = bench.sold()
    damage(bench, order)
    last = list(range(2, order.version + 1))
    for sequence in last:
        bench.remove(order, keys.event(sequence))
    before = bench.read(order)
    outcome = bench.check(order, repair=True)
    told = {finding.flaw: finding.told for finding in outcome.left}
    assert told[Flaw.EVENTS_MISSING] == ", ".join(map(str, last))
    assert outcome.mended == ()
    assert bench.read(order) == before


def test_an_unreadable_event_is_told(bench: Bench) -> None:
    order = bench.sold()
    bench.change(order, keys.event(5), packed=None, body={"S": '[{"data": {}}]'})
    outcome = bench.check(order, repair=True)
    assert [(f.flaw, f.told) for f in outcome.left] == [(Flaw.EVENT_UNREADABLE, "5, 6")]


@pytest.mark.parametrize("sk", ["EVENT#abc", "EVENT#", "EVENT#7", "EVENT#00000٣"])
def test_an_item_among_the_events_that_is_none_is_told(bench: Bench, sk: str) -> None:
    order = bench.sold()
    bench.write(bench.key(order, sk))
    outcome = bench.check(order, repair=True)
    assert [(f.flaw, f.told) for f in outcome.left] == [(Flaw.EVENT_UNREADABLE, sk)]


def test_a_name_that_leads_to_another_order_is_told_and_left(bench: Bench) -> None:
    order, other = bench.sold(1), bench.sold(2)
    name = Reference("payment", "marketplace", "ALI-1")
    bench.write(items.reference("demo", name, other.id, NOON))
    outcome = bench.check(order, repair=True)
    assert flaws(outcome) == [Flaw.REFERENCE_ELSEWHERE]
    assert outcome.left[0].told == f"payment marketplace ALI-1 leads to {other.id}"
    assert bench.check(other).left == ()


def captured_less(bench: Bench, order: Order) -> None:
    """An event says another amount than what happened."""
    paid = bench.read(order, keys.event(2))
    assert paid["types"]["S"] == "payment.captured order.paid invoice.issued"
    content = json.loads(items.body_of(paid))
    content[0]["data"]["payment"]["amount"] = [50, "CNY"]
    bench.change(order, keys.event(2), packed=None, body={"S": json.dumps(content)})


def unpaid(bench: Bench, order: Order) -> None:
    """A snapshot of before the payment."""
    bench.write(items.header(placed(tail=1, lines=2, name="TB-1").order, 4))


def stored_less(bench: Bench, order: Order) -> None:
    """A snapshot with another amount than what happened."""
    paid = replace(order.payments[0], amount=payment("2.00").amount)
    bench.change(order, packed=items.header(replace(order, payments=(paid,)), 4)["packed"])


@pytest.mark.parametrize(
    ("damage", "told"),
    [
        (captured_less, "captured marketplace 3.00 CNY in the order, 0.50 CNY in its events"),
        (
            unpaid,
            (
                "captured marketplace 0.00 CNY in the order, 3.00 CNY in its events; "
                "refunded unknown 0.00 CNY in the order, 1.00 CNY in its events"
            ),
        ),
        (stored_less, "captured marketplace 2.00 CNY in the order, 3.00 CNY in its events"),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_money_that_order_and_events_tell_differently_is_told_and_left(
    bench: Bench, damage: Damage, told: str
) -> None:
    order = bench.sold()
    damage(bench, order)
    bench.change(order, desk_pk=None)
    before = bench.read(order)
    outcome = bench.check(order, repair=True)
    assert [f.told for f in outcome.left if f.flaw is Flaw.MONEY_DIFFERS] == [told]
    assert not outcome.is_clean
    assert outcome.mended == ()
    assert bench.read(order) == before


def test_money_that_never_was_enough_is_told(bench: Bench) -> None:
    order = bench.sold()
    captured_less(bench, order)
    found = flaws(bench.check(order))
    assert {Flaw.MONEY_DIFFERS, Flaw.PAID_UNCOVERED, Flaw.REFUNDED_TOO_MUCH} <= set(found)


def test_a_name_that_leads_to_an_order_which_does_not_claim_it_is_told(bench: Bench) -> None:
    order, other = bench.sold(1), bench.sold(2)
    name = Reference("order", "marketplace:taobao", "TB-1")
    bench.write(items.reference("demo", name, other.id, NOON))
    found = order_id_of(bench.auditor, "demo", "TB-1")
    assert found == other.id
    outcome = reconcile_order(bench.auditor, "demo", found, name="TB-1", repair=True)
    told = "order marketplace:taobao TB-1 leads here"
    assert [(f.flaw, f.told, f.number) for f in outcome.left] == [
        (Flaw.REFERENCE_UNCLAIMED, told, other.number)
    ]
    assert not outcome.is_clean
    by_its_own = reconcile_order(bench.auditor, "demo", other.id, name="TB-2")
    assert by_its_own.left == ()
    assert flaws(bench.check(order)) == [Flaw.REFERENCE_ELSEWHERE]


def test_a_name_that_leads_nowhere_finds_nothing(bench: Bench) -> None:
    order = bench.sold()
    half_named(bench, order)
    with pytest.raises(NotFound):
        find_order(bench.desk, "demo", "TB-1")
    with pytest.raises(NotFound):
        order_id_of(bench.auditor, "demo", "TB-1")
    again = placed(tail=5, name="TB-1")
    with pytest.raises(Busy):
        bench.desk.orders.commit(again)


def stray(why: str = NO_ORDER, **named: Any) -> StrayReport:
    report = PaymentReport(
        kind=ReportKind.REFUNDED,
        provider="alipay",
        event_id=f"e{named}{why}",
        at=NOON,
        refund_id="R-7",
        amount=payment("1.00").amount,
        **named,
    )
    return StrayReport(report=report, why=why, kept_at=NOON, kept_until=NOON + timedelta(days=900))


def test_reports_of_an_order_that_could_not_be_applied_are_told_with_it(bench: Bench) -> None:
    order, other = bench.sold(1), bench.sold(2)
    for each in (
        stray(reference=str(order.id)),
        stray(reference=order.number),
        stray(transaction_id="ALI-1"),
        stray(transaction_id="nobody's"),
    ):
        bench.desk.strays.keep("demo", each)
    mine = bench.check(order)
    assert [(f.flaw, f.number) for f in mine.left] == [(Flaw.REPORT_STRAYED, order.number)] * 3
    assert mine.is_clean
    assert bench.check(other).left == ()
    (shop,) = [each for each in reconcile_shop(bench.auditor, "demo") if each.order_id is None]
    assert sorted(f.number for f in shop.left) == ["", *[order.number] * 3]
    assert shop.is_clean


def test_a_report_that_contradicts_its_order_is_no_mere_task(bench: Bench) -> None:
    order = bench.sold()
    bench.desk.strays.keep("demo", stray("too_much", transaction_id="ALI-1"))
    outcome = bench.check(order)
    assert flaws(outcome) == [Flaw.REPORT_NOT_APPLIED]
    assert not outcome.is_clean
    assert shop_flaws(bench) == {None: [Flaw.REPORT_NOT_APPLIED]}


def test_what_others_write_meanwhile_is_not_lost(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    order = bench.sold()
    on_another_desk(bench, order)
    rewrite, meanwhile = DynamoAudit.rewrite, ["one", "other"]

    def somebody_was_faster(self: DynamoAudit, wanted: Order, version: int | None) -> None:
        if meanwhile:
            stored = bench.desk.orders.get(order.shop_id, order.id)
            assert stored is not None
            annotate_order.add_note(bench.desk, stored, meanwhile.pop(), TESTER)
            on_another_desk(bench, order)
        rewrite(self, wanted, version)

    monkeypatch.setattr(DynamoAudit, "rewrite", somebody_was_faster)
    outcome = bench.check(order, repair=True)
    assert outcome.left == ()
    stored = bench.desk.orders.get("demo", order.id)
    assert stored is not None
    assert [note.text for note in stored.notes] == ["other", "one"]


def test_an_index_that_lags_behind_is_not_damage_unless_it_stays_so(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    order, query = bench.sold(), bench.client.query
    blind = [1]

    def lagging(**asked: Any) -> Any:
        answer = query(**asked)
        if asked.get("IndexName") == keys.DESK_INDEX and blind:
            blind.pop()
            return {**answer, "Items": []}
        return answer

    monkeypatch.setattr(bench.client, "query", lagging)
    assert bench.check(order).left == ()
    blind[:] = range(100)
    outcome = bench.check(order, repair=True)
    assert [(f.flaw, f.told) for f in outcome.left] == [(Flaw.INDEX_MISSES, "desk")]


def test_there_is_nothing_to_say_of_an_order_that_does_not_exist(bench: Bench) -> None:
    order = placed().order
    with pytest.raises(NotFound):
        bench.check(order)
    with pytest.raises(NotFound):
        order_id_of(bench.auditor, "demo", "nobody")


def test_a_damaged_order_is_found_by_its_names(bench: Bench) -> None:
    order = bench.sold()
    unreadable(bench, order)
    for name in (str(order.id), order.number, "TB-1"):
        assert order_id_of(bench.auditor, "demo", name) == order.id


# -- a shop --------------------------------------------------------------------------------------


def shop_flaws(bench: Bench, *, repair: bool = False) -> dict[int | None, list[Flaw]]:
    outcomes = reconcile_shop(bench.auditor, "demo", repair=repair)
    return {each.order_id: flaws(each) for each in outcomes if each.left}


def test_all_orders_of_a_shop_are_checked_also_those_that_one_index_lost(bench: Bench) -> None:
    orders = [bench.sold(tail) for tail in range(1, 6)]
    assert shop_flaws(bench) == {}
    unlisted(bench, orders[1])
    headless(bench, orders[3])
    assert shop_flaws(bench) == {
        orders[1].id: [Flaw.INDEX_DIFFERS],
        orders[3].id: [Flaw.SNAPSHOT_UNREADABLE],
    }
    assert shop_flaws(bench, repair=True) == {}
    assert [each.id for each in bench.desk.orders.page("demo").orders] == [o.id for o in orders]


def test_one_bad_order_keeps_nobody_from_the_others(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    orders = [bench.sold(tail) for tail in range(1, 5)]
    bench.write(bench.key(orders[0], "EVENT#abc"))
    bench.change(orders[1], listing={"S": "{"})
    judged = DynamoAudit.stored

    def stored(self: DynamoAudit, shop_id: str, order_id: int) -> Any:
        if order_id == orders[2].id:
            raise Busy("this order is being written all the time; try again")
        return judged(self, shop_id, order_id)

    monkeypatch.setattr(DynamoAudit, "stored", stored)
    bench.change(orders[3], desk_pk=None)
    assert shop_flaws(bench) == {
        orders[0].id: [Flaw.EVENT_UNREADABLE],
        orders[1].id: [Flaw.INDEX_DIFFERS],
        orders[2].id: [Flaw.CHECK_FAILED],
        orders[3].id: [Flaw.INDEX_DIFFERS],
    }


def test_a_range_of_times_has_what_was_made_or_changed_in_it(bench: Bench) -> None:
    old = bench.sold(1)
    late = placed(at=NOON + timedelta(hours=1), tail=2)
    bench.desk.orders.commit(late)

    def ids(**bounds: Any) -> list[int | None]:
        found = reconcile_shop(bench.auditor, "demo", **bounds)
        return [each.order_id for each in found if each.order_id]

    assert ids(since=NOON + timedelta(minutes=30)) == [late.order.id]
    assert ids(until=NOON + timedelta(minutes=30)) == [old.id]
    # Paid five minutes after it was made.
    assert ids(since=NOON + timedelta(minutes=4), until=NOON + timedelta(minutes=6)) == [old.id]
    assert ids(since=NOON + timedelta(hours=2)) == []


def test_stock_below_zero_is_told(bench: Bench) -> None:
    lamp = StockTaken("lamp", "l1", 2)
    bench.desk.catalog.set_stock("demo", "lamp", "l1", 5)
    bench.desk.orders.commit(placed(stock=(lamp,)))
    assert shop_flaws(bench) == {}
    bench.desk.catalog.set_stock("demo", "lamp", "l1", -1)
    assert shop_flaws(bench) == {None: [Flaw.STOCK_BELOW_ZERO]}


def test_wrong_ranks_are_told_and_forgotten(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(SystemClock, "now", lambda self: NOON + timedelta(hours=1))
    for module in (rank_orders, reconcile):
        monkeypatch.setattr(module, "STEP", 4)
    made = [placed(tail=tail) for tail in range(6)]
    for change in made:
        bench.desk.orders.commit(change)
    assert lay_milestones(bench.desk, "demo") == 1
    assert shop_flaws(bench) == {}
    # An order that was made beneath a milestone without anybody making room.
    bench.desk.orders.commit(placed(at=NOON - timedelta(days=1)))
    assert shop_flaws(bench) == {None: [Flaw.RANKS_DIFFER]}
    (outcome,) = [
        each for each in reconcile_shop(bench.auditor, "demo", repair=True) if each.order_id is None
    ]
    assert (outcome.left, [f.flaw for f in outcome.mended]) == ((), [Flaw.RANKS_DIFFER])
    assert shop_flaws(bench) == {}
    assert rank_orders.rank_of(bench.desk, "demo", made[0].order.id) == 2


def test_a_wrong_index_of_numbers_is_told_and_dropped(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(SystemClock, "now", lambda self: NOON + timedelta(hours=1))
    monkeypatch.setattr(index_numbers, "SMALLEST", 4)
    made = [placed(tail=tail) for tail in range(6)]
    for change in made:
        bench.desk.orders.commit(change)
    assert index_numbers.index_numbers(bench.desk, "demo") == 4
    assert shop_flaws(bench) == {}
    # An order that was made beneath the frontier without anybody noting it.
    late = placed(at=NOON - timedelta(days=1))
    bench.desk.orders.commit(late)
    query = OrderQuery(number_contains=late.order.number)
    assert count_orders(bench.desk, "demo", query) == 0
    assert shop_flaws(bench) == {None: [Flaw.NUMBERS_DIFFER]}
    (outcome,) = [
        each for each in reconcile_shop(bench.auditor, "demo", repair=True) if each.order_id is None
    ]
    assert (outcome.left, [f.flaw for f in outcome.mended]) == ((), [Flaw.NUMBERS_DIFFER])
    assert shop_flaws(bench) == {}
    assert count_orders(bench.desk, "demo", query) == 1


def test_money_that_somebody_has_to_give_back_is_listed_and_is_no_damage(bench: Bench) -> None:
    first = placed(tail=9)
    bench.desk.orders.commit(first)
    change = Change(first.order, NOON + timedelta(minutes=1), TESTER)
    commands.capture_payment(change, payment("9.50", "ALI-9"))
    bench.desk.orders.commit(change)
    outcome = bench.check(change.order)
    assert [(f.flaw, f.told) for f in outcome.left] == [(Flaw.REFUND_DUE, "8.00 CNY")]
    assert outcome.is_clean
