"""What alarms and the dashboard show is in what functions log, and in the documents."""

import re
from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Any

import pytest

from orderhub import bootstrap
from orderhub.adapters.dynamodb import items
from orderhub.adapters.system import SystemClock
from orderhub.bootstrap import Application
from orderhub.correlation import caused_by
from orderhub.domain import commands
from orderhub.domain.commands import Change
from orderhub.domain.delivery import DeliveryState
from orderhub.domain.money import Money
from orderhub.domain.order import DeadlineKind
from orderhub.jobs.measuring import NAMESPACE
from orderhub.services.deliver import Outcome
from tests.integration.test_jobs import aside, bus, queue, record, subscription
from tests.support.api import invoke, payload
from tests.support.dashboard import alarm_metrics, dashboard_metrics
from tests.support.emf import Figure, figures
from tests.support.fakes import NOON
from tests.support.orders import TESTER, payment, placed
from tests.support.table import ROOT
from tests.support.webhooks import FakeOutlet, FakeQueue

__all__ = ["aside", "bus", "queue"]

TOLD = (
    *("order.placed", "order.paid", "order.completed", "order.cancelled", "order.expired"),
    *("payment.overpaid", "payment.refund_due", "payment.disputed"),
)
"""Events of which nothing is measured but that they happened."""
MONEY: Mapping[str, Any] = {
    "payment.captured": {"payment": {"amount": [12800, "CNY"]}},
    "payment.confirmed": {"amount": [200, "CNY"]},
    "payment.held": {"payment": {"amount": [500, "JPY"]}},
    "refund.succeeded": {"refund_id": 1, "amount": [2800, "CNY"]},
}


def written(number: int, kind: str, data: object) -> dict[str, Any]:
    """A stream record of an event of that type."""
    (item,) = items.events((change := placed("demo")).order, change.recorded)
    told = {
        **item,
        "types": {"S": kind},
        **items.body([{"data": data, "at": NOON, "actor": TESTER}]),
    }
    if "body" in told:
        told.pop("packed")
    return record(number, told)


class Everything:
    """A deliverer to which everything happens, one after the other."""

    def __init__(self, outcomes: Iterator[Outcome | Exception]) -> None:
        self._outcomes = outcomes

    def known(self, _batch: object) -> Mapping[Any, Any]:
        return {}

    def deliver(self, *_: object) -> Outcome:
        outcome = next(self._outcomes)
        if isinstance(outcome, Exception):
            raise outcome
        return outcome


def publish() -> None:
    records = [written(n, kind, {}) for n, kind in enumerate(TOLD, start=1)]
    records += [written(50 + n, kind, data) for n, (kind, data) in enumerate(MONEY.items())]
    assert invoke(
        "streams/publish_events", {"Records": [*records, record(99, {"pk": {"S": "nonsense"}})]}
    ) == {"batchItemFailures": []}


def deliver(monkeypatch: pytest.MonkeyPatch) -> None:
    outcomes = (
        Outcome(DeliveryState.DELIVERED),
        Outcome(DeliveryState.RETRYING, 5),
        Outcome(DeliveryState.DEAD, 0),
        Outcome(DeliveryState.SKIPPED, switched_off=True),
        ValueError("a fault of ours"),
    )
    everything = Everything(iter(outcomes))
    monkeypatch.setitem(vars(bootstrap.application()), "deliverer", everything)
    shown = payload("streams/deliver_webhook")["Records"][0]
    records = [{**shown, "messageId": f"m{n}"} for n in range(len(outcomes))]
    invoke("streams/deliver_webhook", {"Records": records})


def close(kind: DeadlineKind, application: Application) -> None:
    with caused_by("a request"):
        application.desk.orders.commit(placed("demo", tail=list(DeadlineKind).index(kind)))
    damaged = items.header(placed("demo", tail=90).order, application.settings.due_shards)
    damaged["due_sk"] = {"S": "2026-01-01"}
    client: Any = application._dynamodb
    client.put_item(TableName=application.settings.table_name, Item=damaged)
    invoke("workflows/find_due", {"kind": kind.value, "cursors": None, "run": "a-run"})
    order = f"demo/{placed('demo', tail=list(DeadlineKind).index(kind)).order.id}"
    invoke("workflows/close_due", {"kind": kind.value, "orders": [order], "run": "a-run"})


@pytest.fixture
def logged(
    bus: FakeOutlet,
    queue: FakeQueue,
    aside: object,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> list[Figure]:
    """Whatever can be measured, as it happens."""
    monkeypatch.setattr(SystemClock, "now", lambda self: NOON + timedelta(hours=1))
    subscription("demo")
    publish()
    for kind in DeadlineKind:
        close(kind, bootstrap.application())
    deliver(monkeypatch)
    return list(figures(capsys.readouterr().out.splitlines()))


def documented() -> dict[tuple[str, str], frozenset[str]]:
    """Names and units, with their dimensions, as operators read them."""
    text = (ROOT / "docs/OPERATING.md").read_text(encoding="utf-8")
    table = text.partition("\n## Metrics\n")[2].partition("\n## ")[0]
    rows = re.findall(r"^\| `(\w+)` \| (\w+) \| ([^|]+) \|", table, re.MULTILINE)
    return {
        (name, unit): frozenset(re.findall(r"`(\w+)`", dimensions))
        for name, unit, dimensions in rows
    }


def test_what_is_measured_is_what_the_document_says_and_nothing_else(logged: list[Figure]) -> None:
    found = {(each.name, each.unit): each.names for each in logged}
    assert found == documented()
    assert {each.namespace for each in logged} == {NAMESPACE}


def test_alarms_and_the_dashboard_look_at_figures_that_there_are(logged: list[Figure]) -> None:
    """With the very dimensions: another one would be another metric, which nobody sends."""
    told = {(each.name, each.dimensions) for each in logged}
    shown = {
        each for each in (*alarm_metrics(), *dashboard_metrics()) if each.namespace == NAMESPACE
    }
    own = {each for each in shown if each.dimensions}
    assert len(own) > 20
    for each in own:
        known = tuple(
            (name, {"AWS::StackName": "orderhub"}.get(v, v)) for name, v in each.dimensions
        )
        assert (each.name, known) in told, each


def test_money_is_summed_by_currency_and_what_came_in_is_not_what_went_back(
    logged: list[Figure],
) -> None:
    money = {
        (each.name, dict(each.dimensions)["currency"]): each.values
        for each in logged
        if "currency" in each.names
    }
    assert money == {
        ("MoneyCaptured", "CNY"): (130.0,),
        ("MoneyCaptured", "JPY"): (500.0,),
        ("MoneyRefunded", "CNY"): (28.0,),
    }


def test_a_payment_and_its_refund_are_measured_as_they_are_stored(
    bus: FakeOutlet, capsys: pytest.CaptureFixture[str]
) -> None:
    change = placed("demo")
    commands.capture_payment(change, payment("1.50"))
    refunding = Change(change.order, NOON + timedelta(minutes=1), TESTER)
    commands.request_refund(refunding, Money.of("0.50", "CNY"))
    commands.settle_refund(refunding, 1)
    records = [
        record(n, item)
        for n, each in enumerate((change, refunding), start=1)
        for item in items.events(each.order, each.recorded)
    ]
    invoke("streams/publish_events", {"Records": records})
    told = {each.name: each.values for each in figures(capsys.readouterr().out.splitlines())}
    assert (told["MoneyCaptured"], told["MoneyRefunded"]) == ((1.5,), (0.5,))
