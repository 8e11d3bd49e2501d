"""``orderhub order``: lists, the timeline, and an order's money, facts and end, on an emulated
table."""

import re
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from orderhub.bootstrap import Application
from orderhub.domain import commands
from orderhub.domain.commands import Change
from orderhub.domain.money import Money
from orderhub.domain.order import Order
from orderhub.domain.report import PaymentReport, ReportKind
from orderhub.services.apply_report import apply_report
from tests.integration.test_cli import Operator
from tests.integration.test_cli import _environment as _environment
from tests.integration.test_cli import operator as operator
from tests.integration.test_cli import orderhub as orderhub
from tests.support.fakes import NOON
from tests.support.orders import payment, placed


def commit(orderhub: Application, change: Change) -> Order:
    orderhub.desk.orders.commit(change)
    return change.order


def spoil(table: Any, orderhub: Application, order: Order) -> None:
    """Make the stored order unreadable."""
    key = {"pk": {"S": f"SHOP#demo#ORDER#{order.id:016d}"}, "sk": {"S": "ORDER"}}
    name = orderhub.settings.table_name
    head = table.get_item(TableName=name, Key=key)["Item"]
    head.pop("packed", None)
    table.put_item(TableName=name, Item={**head, "body": {"S": '{"id": '}})


def numbers(answer: Any) -> list[str]:
    return [order["number"] for order in answer["orders"]]


@pytest.fixture
def four(operator: Operator, orderhub: Application) -> list[Order]:
    """Of kim's and Li's in turn, an hour apart; the third is cancelled, the fourth is filed."""
    operator.make_shop()
    changes = [
        placed(
            at=NOON + timedelta(hours=index),
            tail=index + 1,
            customer_id="kim" if index % 2 else "Li",
            payment_timeout=None,
        )
        for index in range(4)
    ]
    commands.cancel(changes[2])
    commands.file(changes[3], is_filed=True)
    return [commit(orderhub, change) for change in changes]


def test_orders_are_listed_from_either_end_and_read_on(
    operator: Operator, four: list[Order]
) -> None:
    named = [order.number for order in four]
    first = operator.ask("order", "list", "demo", "--limit", "3")
    rest = operator.ask("order", "list", "demo", "--after", str(first["next_after"]))
    newest = operator.ask("order", "list", "demo", "--newest", "--limit", "3")
    older = operator.ask(
        "order", "list", "demo", "--newest", "--before", str(newest["next_before"])
    )

    assert numbers(first) + numbers(rest) == named
    assert numbers(newest) + numbers(older) == named[::-1]
    assert rest["next_after"] is older["next_before"] is None
    said = operator.run("order", "list", "demo", "--newest", "--limit", "1").stdout
    assert f"--before {four[3].id}" in said


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (("--status", "cancelled"), [2]),
        (("--status", "open"), [3, 1, 0]),
        (("--status", "open", "--not-filed"), [1, 0]),
        (("--filed",), [3]),
        (("--customer", "kim"), [1, 3]),
        (("--customer", "kim", "--newest", "--limit", "1"), [3]),
        (("--customer", "kim", "--status", "open", "--not-filed"), [1]),
        (("--payment", "voided"), [2]),
        (("--since", "2026-11-21T13:00:00Z", "--until", "2026-11-21T14:00:00Z"), [1, 2]),
        (("--until", "2026-11-21T12:00:00Z"), [0]),
        (("--since", "2027-01-01T00:00:00Z"), []),
    ],
)
def test_orders_are_listed_by_what_is_known_of_them(
    operator: Operator, four: list[Order], options: tuple[str, ...], expected: list[int]
) -> None:
    found = operator.ask("order", "list", "demo", *options)

    assert numbers(found) == [four[index].number for index in expected]


def test_an_order_past_its_deadline_is_listed_as_expired(
    operator: Operator, orderhub: Application
) -> None:
    operator.make_shop()
    order = commit(orderhub, placed(payment_timeout=60))

    (listed,) = operator.ask("order", "list", "demo", "--status", "expired")["orders"]

    assert (listed["number"], listed["status"]) == (order.number, "expired")
    assert operator.ask("order", "list", "demo", "--status", "open")["orders"] == []


def test_a_damaged_order_is_listed_and_in_nobodys_way(
    operator: Operator, orderhub: Application, table: Any, four: list[Order]
) -> None:
    spoil(table, orderhub, four[1])

    listed = operator.ask("order", "list", "demo")
    said = operator.run("order", "list", "demo").stdout
    by_status = operator.ask("order", "list", "demo", "--status", "cancelled")

    assert numbers(listed) == [four[index].number for index in (0, 2, 3)]
    assert listed["unreadable"] == [{"id": four[1].id, "number": four[1].number}]
    assert f"1 order can't be read: {four[1].number}" in said
    assert numbers(by_status) == [four[2].number]
    sought = operator.ask("order", "find", "demo", four[1].number)
    assert [each["id"] for each in sought["unreadable"]] == [four[1].id]
    shown = operator.complaint("order", "show", "demo", four[1].number)
    assert f"orderhub reconcile demo --order {four[1].number}" in shown


def test_orders_are_found_by_part_of_a_number_and_by_a_whole_name(
    operator: Operator, four: list[Order]
) -> None:
    part = operator.ask("order", "find", "demo", four[2].number[3:])
    name = operator.ask("order", "find", "demo", f"TB{four[1].id}")
    whole = operator.ask("order", "find", "demo", four[0].number)
    page = operator.ask("order", "find", "demo", "R", "--limit", "3")
    rest = operator.ask("order", "find", "demo", "R", "--after", str(page["next_after"]))

    assert numbers(part) == [four[2].number]
    assert numbers(name) == [four[1].number]
    assert numbers(whole) == [four[0].number]
    assert len(numbers(page)) == 3
    assert numbers(rest) == [four[3].number]
    assert "No orders." in operator.run("order", "find", "demo", "nothing-of-ours").stdout


@pytest.fixture
def order(operator: Operator, orderhub: Application) -> Order:
    """Two lines for 6.00 CNY that never expire, open for refunds and arriving in a day."""
    operator.make_shop()
    change = placed(name="TB-1", lines=2, pieces=2, payment_timeout=None, auto_receive=86400)
    return commit(orderhub, change)


def test_a_timeline_tells_what_happened_with_the_money_and_what_is_to_come(
    operator: Operator, order: Order
) -> None:
    operator.run("order", "pay", "demo", "TB-1", "--method", "cash")
    operator.run("order", "ship", "demo", "TB-1", "--line", "1=1")

    told = operator.ask("order", "timeline", "demo", "TB-1")["entries"]
    said = operator.run("order", "timeline", "demo", "TB-1").stdout

    happened = [each for each in told if not each["is_to_come"]]
    to_come = [each for each in told if each["is_to_come"]]
    assert [each["type"] for each in happened] == [
        "order.placed",
        "payment.captured",
        "order.paid",
        "shipment.sent",
    ]
    assert [each["captured"]["amount"] for each in happened] == ["0.00", "6.00", "6.00", "6.00"]
    assert {each["type"] for each in to_come} == {"refund_window", "auto_receive"}
    assert [each["at"] for each in to_come] == sorted(each["at"] for each in to_come)
    assert all(86000 < each["seconds_from_now"] <= 86400 for each in to_come)
    assert re.search("in (23h59m|1d) ", said)
    for words in ("6.00 of 6.00", "shipment 1 counts as received"):
        assert words in said


def test_a_timeline_tells_of_a_deadline_that_nobody_has_written_down(
    operator: Operator, orderhub: Application
) -> None:
    operator.make_shop()
    commit(orderhub, placed(name="TB-1", payment_timeout=60))

    said = operator.run("order", "timeline", "demo", "TB-1").stdout

    assert "expired" in said
    assert "to be written down" in said


def test_money_by_hand_pays_once_and_in_parts(operator: Operator, order: Order) -> None:
    pay = ("order", "pay", "demo", "TB-1", "--method", "bank transfer")
    part = (*pay, "--amount", "2.50", "--transaction", "B-1")

    assert operator.ask(*part)["outstanding"]["amount"] == "3.50"
    again = operator.run(*part).stdout
    assert "has that payment already" in again
    assert "3.50 CNY outstanding" in again
    paid = operator.ask(*pay)
    assert (paid["payment_status"], paid["captured"]["amount"]) == ("paid", "6.00")
    assert "is paid already: nothing was changed" in operator.run(*pay).stdout
    assert operator.ask(*pay)["changed"] is False
    assert [each["method"] for each in paid["payments"]] == ["bank transfer"] * 2


def test_an_amount_needs_a_name_so_that_a_repeat_is_known(operator: Operator, order: Order) -> None:
    for verb, option in (("pay", ("--method", "cash")), ("refund", ())):
        words = ("order", verb, "demo", "TB-1", *option, "--amount", "1.00")
        assert "--transaction" in operator.complaint(*words, exit_code=2)
        wrong = (*words[:-1], "1,00", "--transaction", "x")
        assert "not an amount" in operator.complaint(*wrong, exit_code=2)


def test_money_goes_back_in_parts_and_then_the_rest(operator: Operator, order: Order) -> None:
    operator.run("order", "pay", "demo", "TB-1", "--method", "cash")
    refund = ("order", "refund", "demo", "TB-1")
    part = (*refund, "--amount", "1.50", "--transaction", "R-1", "--line", "1=1")

    first = operator.ask(*part, "--reason", "chipped")
    assert (first["refunded"]["amount"], first["refund"]["state"]) == ("1.50", "succeeded")
    assert first["refund"]["lines"] == [{"line_id": 1, "quantity": 1}]
    assert operator.ask(*part)["changed"] is False
    assert "has that refund already" in operator.run(*part).stdout
    assert operator.ask(*refund)["payment_status"] == "refunded"
    assert "nothing is left" in operator.complaint(*refund)
    more = (*refund, "--amount", "9", "--transaction", "R-2")
    assert "payment 1 was 6.00 CNY" in operator.complaint(*more)


def test_what_a_provider_took_is_refunded_once_that_is_told(
    operator: Operator, orderhub: Application
) -> None:
    operator.make_shop()
    change = placed(name="TB-1", payment_timeout=None, refund_window=None)
    commands.capture_payment(change, replace(payment("1.50", "pi_1"), provider="stripe"))
    commit(orderhub, change)
    refund = ("order", "refund", "demo", "TB-1", "--amount", "1", "--transaction", "R-1")

    said = operator.run(*refund).stdout
    assert "is to go back" in said
    assert "Give it back at the provider" in said
    shown = operator.ask("order", "show", "demo", "TB-1")
    assert (shown["payment_status"], shown["refunded"]["amount"]) == ("refunding", "0.00")
    report = PaymentReport(
        kind=ReportKind.REFUNDED,
        provider="stripe",
        event_id="evt_1",
        at=NOON,
        transaction_id="pi_1",
        refund_id="re_1",
        amount=Money(100, "CNY"),
    )
    apply_report(orderhub.desk, "demo", report)
    told = operator.ask("order", "show", "demo", "TB-1")
    assert (told["payment_status"], told["refunded"]["amount"]) == ("partially_refunded", "1.00")
    assert [each["reported_as"] for each in told["refunds"]] == ["re_1"]
    rest = ("order", "refund", "demo", "TB-1", "--transaction", "R-2")
    assert operator.ask(*rest)["refunded"]["amount"] == "1.00"
    assert operator.ask(*rest, "--done")["payment_status"] == "refunded"
    too_much = ("order", "refund", "demo", "TB-1", "--payment", "1", "--amount", "2")
    assert "was 1.50" in operator.complaint(*too_much, "--transaction", "R-3")
    assert "no payment 2" in operator.complaint("order", "refund", "demo", "TB-1", "--payment", "2")


def test_an_order_is_repriced_and_its_costs_are_set_until_it_is_paid(
    operator: Operator, order: Order
) -> None:
    costs = operator.ask("order", "costs", "demo", "TB-1", "--shipping", "4", "--credit", "1")
    assert costs["total"]["amount"] == "9.00"
    assert operator.ask("order", "reprice", "demo", "TB-1", "--total", "8")["changed"] is True
    same = operator.run("order", "reprice", "demo", "TB-1", "--total", "8.00").stdout
    assert "costs 8.00 CNY already" in same
    operator.run("order", "pay", "demo", "TB-1", "--method", "cash")
    late = operator.run("order", "costs", "demo", "TB-1", "--shipping", "1").stdout
    assert "it is paid or closed" in late
    assert "paid" in operator.complaint("order", "reprice", "demo", "TB-1", "--total", "1")
    assert "one cost" in operator.complaint("order", "costs", "demo", "TB-1", exit_code=2)


def test_addresses_are_corrected_part_by_part(operator: Operator, order: Order) -> None:
    address = ("order", "address", "demo", "TB-1")

    changed = operator.ask(*address, "--phone", "139", "--city", "Shenzhen")
    assert changed["details"]["shipping_address"]["phone"] == "139"
    assert changed["details"]["shipping_address"]["full_name"] == "韩梅梅"
    assert "was that already" in operator.run(*address, "--phone", "139").stdout
    billed = operator.ask(*address, "--of", "billing", "--full-name", "Kim")
    assert billed["details"]["billing_address"]["full_name"] == "Kim"
    emptied = operator.ask(*address, "--city", "")
    assert emptied["details"]["shipping_address"]["city"] == ""
    assert "one part" in operator.complaint(*address, exit_code=2)
    assert "control" in operator.complaint(*address, "--city", "a\nb", exit_code=2)


def test_a_shipment_is_corrected(operator: Operator, order: Order) -> None:
    operator.run("order", "ship", "demo", "TB-1", "--carrier", "SF", "--tracking", "1")
    correct = ("order", "correct-shipment", "demo", "TB-1", "--shipment")

    changed = operator.ask(*correct, "1", "--carrier", "EMS", "--sent-at", "2026-11-21T12:30:00Z")
    shipment = changed["shipments"][0]
    assert (shipment["carrier"], shipment["tracking_number"]) == ("EMS", "1")
    assert shipment["sent_at"] == "2026-11-21T12:30:00.000Z"
    assert "Nothing was changed" in operator.run(*correct, "1", "--carrier", "EMS").stdout
    assert "no shipment 2" in operator.complaint(*correct, "2", "--carrier", "EMS")
    assert "--carrier" in operator.complaint(*correct, "1", exit_code=2)


def test_an_order_is_marked_completed_or_cancelled(
    operator: Operator, orderhub: Application, order: Order
) -> None:
    mark = ("order", "mark", "demo", "TB-1")
    assert operator.ask(*mark, "--as", "packed")["seller_mark"] == "packed"
    assert "marked packed already" in operator.run(*mark, "--as", "packed").stdout
    assert operator.ask(*mark, "--remove")["seller_mark"] is None
    assert re.search(r"order\.marked +no mark", operator.run("order", "events", *mark[2:]).stdout)
    assert "--as" in operator.complaint(*mark, exit_code=2)
    assert "paid" in operator.complaint("order", "complete", "demo", "TB-1")
    operator.run("order", "pay", "demo", "TB-1", "--method", "cash")
    assert "money back" in operator.complaint("order", "cancel", "demo", "TB-1")
    assert operator.ask("order", "complete", "demo", "TB-1")["status"] == "completed"
    assert "completed already" in operator.run("order", "complete", "demo", "TB-1").stdout
    other = commit(orderhub, placed(name="TB-2", tail=2, payment_timeout=None))
    gone = operator.ask("order", "cancel", "demo", "TB-2", "--reason", "mistake")
    assert (gone["status"], gone["cancel_reason"]) == ("cancelled", "mistake")
    again = operator.run("order", "cancel", "demo", "TB-2").stdout
    assert f"{other.number} is cancelled already" in again


def test_an_invoice_is_written_into_a_file(
    operator: Operator, orderhub: Application, tmp_path: Path
) -> None:
    operator.make_shop()
    change = placed(name="TB-1", seller_id="7", payment_timeout=None)
    commit(orderhub, change)
    invoice = ("order", "invoice", "demo", "TB-1")
    assert "invoice of order" in operator.complaint(*invoice)
    operator.run("order", "pay", "demo", "TB-1", "--method", "cash")

    told = operator.ask(*invoice)
    operator.run(*invoice, "--file", "other.pdf", "--number", told["number"])

    written = (tmp_path / told["file"]).read_bytes()
    assert written.startswith(b"%PDF")
    assert (tmp_path / "other.pdf").read_bytes() == written
    assert "can't write" in operator.complaint(*invoice, "--file", "no/such/x.pdf", exit_code=2)
    assert "nothing" in operator.complaint(*invoice, "--number", "nothing")


def test_ctrl_c_ends_a_command_without_a_traceback(
    operator: Operator, order: Order, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("orderhub_cli.order_list.browse_orders", interrupted)

    operator.run("order", "list", "demo", exit_code=130)
