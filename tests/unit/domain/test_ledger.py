"""Money summed from events alone."""

import pytest

from orderhub.domain import commands, ledger
from orderhub.domain.ledger import Account
from orderhub.domain.report import PaymentReport, RefundOutcome, ReportKind
from orderhub.domain.reported import apply_report
from tests.support.story import Story, line, money


def balances(story: Story) -> dict[str, int]:
    """What the events add up to, which must be what the snapshot says."""
    told = ledger.of_events(story.history)
    assert +told.balances == +ledger.of_order(story.order)
    return {account.value: amount for (account, _, _), amount in told.balances.items() if amount}


def reported(story: Story, kind: ReportKind, amount: str, **fields: object) -> None:
    report = PaymentReport(
        kind=kind,
        provider="stripe",
        event_id=f"evt_{len(story.history)}",
        at=story.now,
        amount=money(amount),
        **{"transaction_id": "pi_1", **fields},  # type: ignore[arg-type]
    )
    story.do(apply_report, report)


def test_nothing_moved_is_nothing() -> None:
    assert balances(Story()) == {}


def test_captures_and_refunds_by_provider() -> None:
    story = Story()
    story.pay("40.00", "T1")
    story.pay("60.00", "T2")
    story.give_back("25.00")
    story.refund("10.00")
    assert balances(story) == {"captured": 10000, "refunded": 2500}
    told = ledger.of_events(story.history)
    assert told.text == "captured alipay 100.00 CNY, refunded alipay 25.00 CNY"
    assert told.uncovered is None


def test_a_started_payment_counts_once_it_is_confirmed() -> None:
    story = Story()
    reported(story, ReportKind.PENDING, "100.00")
    assert balances(story) == {}
    reported(story, ReportKind.CAPTURED, "100.00")
    assert balances(story) == {"captured": 10000}


def test_a_payment_that_failed_and_a_refund_that_failed_count_for_nothing() -> None:
    story = Story()
    reported(story, ReportKind.PENDING, "100.00")
    reported(story, ReportKind.FAILED, "100.00")
    assert balances(story) == {}
    story.pay("100.00")
    story.refund("30.00")
    story.do(commands.settle_refund, story.order.refunds[-1].id, failure="declined")
    assert balances(story) == {"captured": 10000}


def test_held_money_is_counted_apart() -> None:
    story = Story()
    reported(story, ReportKind.CAPTURED, "99.00")
    assert balances(story) == {"held": 9900}
    reported(
        story,
        ReportKind.REFUNDED,
        "99.00",
        refund_id="re_1",
        refund_outcome=RefundOutcome.SUCCEEDED,
    )
    assert balances(story) == {"held": 9900, "returned": 9900}


def test_held_money_that_is_accepted_was_captured() -> None:
    story = Story()
    reported(story, ReportKind.CAPTURED, "120.00")
    story.do(commands.accept_payment, 1)
    assert balances(story) == {"captured": 12000}
    assert ledger.of_events(story.history).uncovered is None


def test_an_order_that_was_called_paid_without_its_money_is_uncovered() -> None:
    story = Story(line("50.00", 2))
    story.pay("100.00")
    short = [entry for entry in story.history if entry.event.TYPE != "payment.captured"]
    assert ledger.of_events(short).uncovered == money("100.00")


def test_an_event_about_a_payment_that_never_began_is_an_error() -> None:
    story = Story()
    reported(story, ReportKind.PENDING, "100.00")
    reported(story, ReportKind.CAPTURED, "100.00")
    torn = [entry for entry in story.history if entry.event.TYPE != "payment.started"]
    with pytest.raises(LookupError):
        ledger.of_events(torn)


def test_what_the_snapshot_has_more_than_the_events_shows() -> None:
    story = Story()
    story.pay("100.00")
    key = (Account.CAPTURED, "alipay", "CNY")
    assert ledger.of_order(story.order)[key] == 10000
    assert ledger.of_events(story.history[:1]).balances[key] == 0
