"""``orderhub stray`` and ``orderhub order accept-payment`` on an emulated table."""

import pytest

from orderhub.bootstrap import Application
from orderhub.domain.money import Money
from orderhub.domain.report import PaymentReport, ReportKind
from orderhub.services.apply_report import apply_report
from tests.integration.test_cli import Operator
from tests.integration.test_cli import _environment as _environment
from tests.integration.test_cli import operator as operator
from tests.integration.test_cli import orderhub as orderhub
from tests.support.fakes import NOON
from tests.support.orders import placed


def captured(amount: int = 150, reference: str = "", event_id: str = "evt_1") -> PaymentReport:
    return PaymentReport(
        kind=ReportKind.CAPTURED,
        provider="stripe",
        event_id=event_id,
        at=NOON,
        transaction_id=f"pi_{event_id}",
        reference=reference,
        amount=Money(amount, "CNY"),
    )


@pytest.fixture
def order_id(operator: Operator, orderhub: Application) -> int:
    """Of an order of 1.50 CNY that never expires."""
    operator.run("shop", "create", "demo", "--name", "Demo", "--currency", "CNY")
    change = placed(payment_timeout=None)
    orderhub.desk.orders.commit(change)
    return change.order.id


def test_held_money_is_shown_and_accepted(
    operator: Operator, orderhub: Application, order_id: int
) -> None:
    apply_report(orderhub.desk, "demo", captured(200, reference=str(order_id)))
    shown = operator.run("order", "show", "demo", str(order_id)).stdout
    assert "held" in shown
    assert "accept-payment" in shown
    assert "2.00 CNY" in operator.run("order", "events", "demo", str(order_id)).stdout
    accepted = operator.ask("order", "accept-payment", "demo", str(order_id), "--payment", "1")
    assert (accepted["payment_status"], accepted["changed"]) == ("paid", True)
    again = operator.run("order", "accept-payment", "demo", str(order_id), "--payment", "1").stdout
    assert "counts already" in again
    assert "0.50 CNY more" in again


def test_only_held_money_can_be_accepted(operator: Operator, order_id: int) -> None:
    complaint = operator.complaint("order", "accept-payment", "demo", str(order_id), "--payment=1")
    assert "payment unknown" in complaint


def test_reports_that_wait_are_listed_tried_again_and_dismissed(
    operator: Operator, orderhub: Application, order_id: int
) -> None:
    assert "No reports wait." in operator.run("stray", "list", "demo").stdout
    apply_report(orderhub.desk, "demo", captured(reference="nobodys-order"))
    shown = operator.run("stray", "list", "demo").stdout
    assert "evt_1" in shown
    (stray,) = operator.ask("stray", "list", "demo")
    assert (stray["why"], stray["report"]["reference"]) == ("no_order", "nobodys-order")
    assert "evt_1: kept." in operator.run("stray", "retry", "demo", exit_code=1).stdout
    assert "evt_2" in operator.complaint("stray", "dismiss", "demo", "--event", "evt_2")
    operator.run("stray", "dismiss", "demo", "--event", "evt_1")
    assert operator.ask("stray", "list", "demo") == []
    assert "No reports wait." in operator.run("stray", "retry", "demo").stdout
    assert "nosuch" in operator.complaint("stray", "list", "nosuch")


def test_a_report_whose_order_has_come_meanwhile_is_applied(
    operator: Operator, orderhub: Application, order_id: int
) -> None:
    late = placed(payment_timeout=None, tail=5)
    apply_report(orderhub.desk, "demo", captured(reference=str(late.order.id)))
    orderhub.desk.orders.commit(late)
    assert [each["outcome"] for each in operator.ask("stray", "retry", "demo")] == ["applied"]
    assert operator.ask("order", "show", "demo", str(late.order.id))["payment_status"] == "paid"
    assert operator.ask("stray", "list", "demo") == []
