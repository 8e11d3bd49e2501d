"""Reports without an order, on an emulated table."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from orderhub.adapters.dynamodb.stray_reports import DynamoStrayReports
from orderhub.bootstrap import Application
from orderhub.domain.money import Money
from orderhub.domain.report import PaymentReport, RefundOutcome, ReportKind
from orderhub.ports import StrayReport
from tests.support.fakes import NOON
from tests.support.table import template


def refund(**changes: Any) -> PaymentReport:
    report = PaymentReport(
        kind=ReportKind.REFUNDED,
        provider="stripe",
        event_id="evt_1",
        at=NOON,
        transaction_id="pi_1#x",
        amount=Money(1250, "USD"),
        refund_id="re_1",
        refund_outcome=RefundOutcome.UNDER_WAY,
        refunded_total=Money(2500, "USD"),
        reason="要求退款",
    )
    return replace(report, **changes)


def stray(report: PaymentReport, why: str = "no_order") -> StrayReport:
    kept_until = NOON + timedelta(days=90, milliseconds=1)
    return StrayReport(report=report, why=why, kept_at=NOON, kept_until=kept_until)


@pytest.fixture
def strays(application: Application, table: Any) -> DynamoStrayReports:
    return DynamoStrayReports(table, application.settings.table_name)


def test_what_was_kept_is_found_by_its_payment_and_in_its_shop(strays: DynamoStrayReports) -> None:
    one = stray(refund())
    others = [
        stray(refund(transaction_id="pi_1")),
        stray(refund(provider="paypal")),
        stray(refund(transaction_id="", reference="42")),
    ]
    for each in (one, *others):
        strays.keep("demo", each)
    assert strays.of_transaction("demo", "stripe", "pi_1#x") == [one]
    assert {s.report for s in strays.of_shop("demo")} == {s.report for s in (one, *others)}
    assert list(strays.of_shop("other")) == []
    assert strays.of_transaction("other", "stripe", "pi_1#x") == []


def test_the_same_report_again_takes_the_place_of_the_first(strays: DynamoStrayReports) -> None:
    strays.keep("demo", stray(refund()))
    strays.keep("demo", stray(refund(), why="refund_exceeds_captured"))
    (kept,) = strays.of_shop("demo")
    assert kept.why == "refund_exceeds_captured"


def test_reports_of_one_event_stand_side_by_side_and_go_one_by_one(
    strays: DynamoStrayReports,
) -> None:
    first, second = refund(), refund(refund_id="re_2")
    strays.keep("demo", stray(first))
    strays.keep("demo", stray(second))
    strays.remove("demo", first)
    assert [s.report for s in strays.of_shop("demo")] == [second]
    strays.remove("demo", first)


def test_names_of_any_length_can_be_kept(strays: DynamoStrayReports) -> None:
    long = refund(transaction_id="月" * 255, event_id="#" * 255, refund_id="r" * 255)
    strays.keep("demo", stray(long))
    assert strays.of_transaction("demo", "stripe", "月" * 255) == [stray(long)]


def test_the_table_forgets_it_in_the_end(
    strays: DynamoStrayReports, application: Application, table: Any
) -> None:
    strays.keep("demo", stray(refund()))
    items = table.scan(TableName=application.settings.table_name)["Items"]
    (item,) = (item for item in items if item["pk"]["S"].endswith("#STRAYS"))
    ttl = template()["Resources"]["Table"]["Properties"]["TimeToLiveSpecification"]
    forgotten_at = int(item[ttl["AttributeName"]]["N"])
    assert 0 <= forgotten_at - stray(refund()).kept_until.timestamp() < 1
