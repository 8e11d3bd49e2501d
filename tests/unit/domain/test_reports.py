"""What providers' reports do to an order, one by one."""

from dataclasses import replace

import pytest

from orderhub.domain import commands
from orderhub.domain.errors import InvalidField, Reason, Refused
from orderhub.domain.events import Terms
from orderhub.domain.money import Money
from orderhub.domain.payment import PaymentState
from orderhub.domain.refund import RefundState
from orderhub.domain.report import (
    DisputeState,
    PaymentReport,
    RefundOutcome,
    ReportKind,
    order_named_in,
    payment_reference,
)
from orderhub.domain.reported import PENDING_FOR, apply_report
from orderhub.domain.status import OrderStatus, PaymentStatus
from tests.support.fakes import NOON
from tests.support.story import DAY, HOUR, MINUTE, Story, money, payment


def report(
    kind: ReportKind = ReportKind.CAPTURED, amount: str | None = "100.00", **told: object
) -> PaymentReport:
    """Of payment ``pi_1`` by Stripe."""
    fields: dict[str, object] = {
        "kind": kind,
        "provider": "stripe",
        "event_id": "evt_1",
        "at": NOON,
        "transaction_id": "pi_1",
        "amount": None if amount is None else money(amount),
        **told,
    }
    return PaymentReport(**fields)  # type: ignore[arg-type]


def refund(amount: str | None = "100.00", refund_id: str = "re_1", **told: object) -> PaymentReport:
    return report(ReportKind.REFUNDED, amount, refund_id=refund_id, **told)


def refunded_total(total: str) -> PaymentReport:
    return report(ReportKind.REFUNDED, None, refunded_total=money(total))


def dispute(state: DisputeState, amount: str = "100.00") -> PaymentReport:
    return report(ReportKind.DISPUTED, amount, dispute_id="dp_1", dispute_state=state)


UNDER_WAY = RefundOutcome.UNDER_WAY
FAILED = RefundOutcome.FAILED


class Told(Story):
    """An order of 100.00 CNY, due in 15 minutes, that reports come for."""

    def tell(self, *reports: PaymentReport) -> list[str]:
        return [kind for each in reports for kind in self.do(apply_report, each)]

    @property
    def states(self) -> list[PaymentState]:
        return [p.state for p in self.order.payments]


def paid() -> Told:
    story = Told()
    story.tell(report())
    return story


# -- captures ------------------------------------------------------------------------------------


def test_what_was_due_pays_the_order_once() -> None:
    story = Told()
    assert story.tell(report()) == ["payment.captured", "order.paid"]
    assert story.tell(report(), report(event_id="evt_2")) == []
    assert story.order.captured == money("100.00")


def test_payments_and_refunds_bear_the_names_that_their_provider_has_for_them() -> None:
    story = paid()
    story.tell(refund())
    (captured,), (returned,) = story.order.payments, story.order.refunds
    assert (captured.provider, captured.transaction_id) == ("stripe", "pi_1")
    assert (returned.provider, returned.transaction_id) == ("stripe", "re_1")


@pytest.mark.parametrize("amount", ["99.99", "100.01", "0.01", "100000.00"])
def test_another_amount_is_held_and_pays_nothing(amount: str) -> None:
    story = Told()
    assert story.tell(report(amount=amount)) == ["payment.held"]
    assert story.order.payment_status is PaymentStatus.UNPAID
    assert story.order.held_payments[0].amount == money(amount)
    assert not story.order.captured
    assert story.tell(report(amount=amount)) == []


def test_another_currency_is_held_and_pays_nothing() -> None:
    story = Told()
    told = replace(report(), amount=Money.of("100.00", "USD"))
    assert story.tell(told) == ["payment.held"]
    assert story.order.payment_status is PaymentStatus.UNPAID
    with pytest.raises(InvalidField):
        story.do(commands.accept_payment, 1)


def test_an_operator_may_accept_held_money() -> None:
    story = Told()
    story.tell(report(amount="110.00"))
    assert story.do(commands.accept_payment, 1) == [
        "payment.accepted",
        "order.paid",
        "payment.overpaid",
    ]
    assert story.do(commands.accept_payment, 1) == []
    assert story.order.excess == money("10.00")


def test_too_little_accepted_leaves_the_rest_to_be_paid() -> None:
    story = Told()
    story.tell(report(amount="60.00"))
    assert story.do(commands.accept_payment, 1) == ["payment.accepted"]
    rest = report(amount="40.00", transaction_id="pi_2")
    assert story.tell(rest) == ["payment.captured", "order.paid"]


def test_only_what_is_held_as_a_whole_can_be_accepted() -> None:
    story = Told()
    story.tell(report(amount="60.00"), refund("10.00"))
    for payment_id, reason in ((1, Reason.PAYMENT_NOT_HELD), (2, Reason.PAYMENT_UNKNOWN)):
        with pytest.raises(Refused) as refusal:
            story.do(commands.accept_payment, payment_id)
        assert refusal.value.reason == reason


def test_what_is_outstanding_after_part_payments_is_the_amount_that_is_due() -> None:
    story = Told()
    story.pay("30.00", "T1")
    assert story.tell(report(amount="70.00")) == ["payment.captured", "order.paid"]


def test_money_that_comes_after_expiry_is_recorded_and_due_back() -> None:
    story = Told()
    story.wait(15 * MINUTE)
    assert story.tell(report()) == ["order.expired", "payment.captured", "payment.refund_due"]
    assert story.order.status is OrderStatus.EXPIRED
    assert story.order.refund_due == money("100.00")
    assert story.tell(report()) == []


def test_money_that_comes_after_cancellation_is_recorded_and_due_back() -> None:
    story = Told()
    story.do(commands.cancel)
    assert story.tell(report()) == ["payment.captured", "payment.refund_due"]
    assert story.order.status is OrderStatus.CANCELLED


def test_any_amount_for_a_dead_order_is_due_back_and_another_currency_is_held() -> None:
    story = Told()
    story.do(commands.cancel)
    assert story.tell(report(amount="1.00")) == ["payment.captured", "payment.refund_due"]
    dollars = replace(report(transaction_id="pi_2"), amount=Money.of("100.00", "USD"))
    assert story.tell(dollars) == ["payment.held"]


def test_a_second_payment_of_a_paid_order_is_flagged() -> None:
    story = paid()
    assert story.tell(report(transaction_id="pi_2")) == ["payment.captured", "payment.overpaid"]
    assert story.order.excess == money("100.00")


def test_who_passes_on_the_providers_name_for_a_payment_means_the_same_money() -> None:
    story = Told()
    story.do(commands.capture_payment, payment("100.00", "pi_1", provider="terminal"))
    assert story.tell(report()) == []
    story = paid()
    assert story.do(commands.capture_payment, payment("100.00", "pi_1", provider="terminal")) == []


# -- pending and failed --------------------------------------------------------------------------


def test_a_pending_payment_lets_the_order_wait() -> None:
    story = Told()
    assert story.tell(report(ReportKind.PENDING)) == ["payment.started"]
    assert story.order.payment_status is PaymentStatus.CONFIRMING
    assert story.order.payment_due_at == story.now + PENDING_FOR
    story.wait(2 * DAY)
    assert story.tell(report()) == ["payment.confirmed", "order.paid"]
    assert story.tell(report(ReportKind.PENDING)) == []


@pytest.mark.parametrize("amount", ["0.01", "100.01"])
def test_a_pending_payment_of_another_amount_keeps_no_order_waiting(amount: str) -> None:
    story = Told()
    assert story.tell(report(ReportKind.PENDING, amount)) == []


def test_a_pending_payment_that_captures_another_amount_is_held() -> None:
    story = Told()
    story.tell(report(ReportKind.PENDING))
    assert story.tell(report(amount="99.00")) == ["payment.held"]
    assert story.states == [PaymentState.HELD]
    assert story.order.payment_status is PaymentStatus.UNPAID


def test_a_failure_after_success_changes_nothing() -> None:
    story = paid()
    assert story.tell(report(ReportKind.FAILED, failure="card_declined: no")) == []
    assert story.order.is_paid


def test_a_failed_attempt_may_still_succeed() -> None:
    story = Told()
    failed = report(ReportKind.FAILED, failure="card_declined: Your card was declined.")
    assert story.tell(failed) == ["payment.started", "payment.failed"]
    assert story.order.payments[0].failure == "card_declined: Your card was declined."
    assert story.tell(failed) == []
    assert story.tell(report()) == ["payment.confirmed", "order.paid"]


def test_what_comes_to_nothing_on_a_closed_order_is_of_no_consequence() -> None:
    story = Told()
    story.do(commands.cancel)
    assert story.tell(report(ReportKind.PENDING), report(ReportKind.FAILED)) == []


# -- refunds -------------------------------------------------------------------------------------


def test_a_refund_at_the_provider_is_recorded_once() -> None:
    story = paid()
    assert story.tell(refund("30.00")) == ["refund.requested", "refund.succeeded"]
    assert story.tell(refund("30.00"), refund("30.00", event_id="evt_9")) == []
    assert story.order.refunded == money("30.00")
    assert story.order.refunds[0].payment_id == 1


def test_a_refund_at_the_provider_knows_no_window() -> None:
    story = Told(terms=Terms(payment_timeout=HOUR, refund_window=DAY))
    story.tell(report())
    story.wait(40 * DAY)
    story.do(commands.close_what_is_due)
    assert story.tell(refund()) == ["refund.requested", "refund.succeeded"]


def test_a_refund_before_its_capture_waits_for_it() -> None:
    story = Told()
    assert story.tell(refund("40.00")) == ["refund.reported_early"]
    assert story.tell(refund("40.00")) == []
    assert story.order.payment_status is PaymentStatus.UNPAID
    assert story.tell(report()) == [
        "payment.captured",
        "order.paid",
        "refund.requested",
        "refund.succeeded",
    ]
    assert story.order.refunded == money("40.00")
    assert story.tell(refund("40.00"), report()) == []


def test_a_refund_before_its_capture_waits_for_whoever_records_that() -> None:
    story = Told()
    story.tell(refund())
    recorded = story.do(commands.capture_payment, payment("100.00", "pi_1", provider="marketplace"))
    assert recorded[-1] == "refund.succeeded"


def test_a_total_before_its_capture_counts_once_however_often_it_grows() -> None:
    story = Told()
    story.tell(refunded_total("10.00"), refunded_total("25.00"), refunded_total("10.00"))
    story.tell(report())
    assert story.order.refunded == money("25.00")


def test_more_refunded_early_than_was_captured_does_not_keep_the_money_out() -> None:
    story = Told()
    story.tell(refund("500.00"))
    assert story.tell(report()) == ["payment.captured", "order.paid"]
    assert not story.order.refunded


def test_a_refund_under_way_and_its_end() -> None:
    story = paid()
    assert story.tell(refund(refund_outcome=UNDER_WAY)) == ["refund.requested"]
    assert story.order.payment_status is PaymentStatus.REFUNDING
    assert story.tell(refund()) == ["refund.succeeded"]
    assert story.tell(refund(refund_outcome=UNDER_WAY)) == []


def test_a_refund_that_fails_after_all_leaves_the_money_here() -> None:
    story = paid()
    story.tell(refund())
    assert story.tell(refund(refund_outcome=FAILED, failure="account_closed")) == ["refund.failed"]
    assert not story.order.refunded
    assert story.tell(refund()) == [], "a failure is final, whenever it is told"


def test_a_failure_told_before_the_success_is_final() -> None:
    story = paid()
    assert story.tell(refund(refund_outcome=FAILED)) == ["refund.requested", "refund.failed"]
    assert story.tell(refund(), refund(refund_outcome=UNDER_WAY)) == []


def test_a_failure_told_even_before_the_capture_is_final() -> None:
    story = Told()
    story.tell(refund(refund_outcome=FAILED), refund(), report())
    assert not story.order.refunded
    assert not story.order.refunds_pending


def test_a_refund_of_a_dead_order_that_fails_is_due_back_again() -> None:
    story = Told()
    story.do(commands.cancel)
    story.tell(report(), refund())
    assert not story.order.refund_due
    assert story.tell(refund(refund_outcome=FAILED)) == ["refund.failed", "payment.refund_due"]
    assert story.order.refund_due == money("100.00")


def test_a_refund_that_was_asked_for_here_is_the_one_that_the_provider_names() -> None:
    story = paid()
    story.do(commands.request_refund, money("30.00"), payment_id=1)
    assert story.tell(refund("30.00")) == ["refund.identified", "refund.succeeded"]
    assert story.tell(refund("30.00")) == []
    assert len(story.order.refunds) == 1


def test_a_refund_that_was_told_as_done_here_is_the_one_that_the_provider_names() -> None:
    story = paid()
    story.do(commands.request_refund, money("30.00"))
    story.do(commands.settle_refund, 1)
    assert story.tell(refund("30.00")) == ["refund.identified"]
    assert story.tell(refund("30.00", refund_id="re_2")) == ["refund.requested", "refund.succeeded"]
    assert story.order.refunded == money("60.00")


def test_totals_only_add_what_is_not_known_yet() -> None:
    story = paid()
    assert story.tell(refunded_total("10.00")) == ["refund.requested", "refund.succeeded"]
    assert story.tell(refunded_total("10.00")) == []
    story.tell(refunded_total("35.00"))
    assert [r.amount for r in story.order.refunds] == [money("10.00"), money("25.00")]
    assert story.tell(refunded_total("10.00")) == [], "an old one that comes late"


def test_a_total_settles_what_was_asked_for_here() -> None:
    story = paid()
    story.do(commands.request_refund, money("30.00"))
    assert story.tell(refunded_total("30.00")) == ["refund.succeeded"]


def test_a_part_that_gets_a_name_is_not_counted_besides_the_total() -> None:
    story = paid()
    story.tell(refunded_total("30.00"))
    story.tell(refund("10.00", "re_1"))
    assert story.order.refunded == money("30.00")
    story.tell(refund("20.00", "re_2"))
    assert story.order.refunded == money("30.00")
    story.tell(refund("5.00", "re_3"))
    assert story.order.refunded == money("35.00")


def test_named_refunds_and_their_total_are_the_same_money() -> None:
    story = paid()
    story.tell(refund("10.00", "re_1"), refunded_total("10.00"), refund("20.00", "re_2"))
    story.tell(refunded_total("30.00"))
    assert story.order.refunded == money("30.00")


def test_what_was_asked_for_gives_way_to_the_parts_that_really_went_back() -> None:
    story = paid()
    story.do(commands.request_refund, money("100.00"), payment_id=1)
    story.tell(refund("78.00", "re_1"))
    assert (story.order.refunded, story.order.refunds_pending) == (money("78.00"), money("22.00"))
    story.tell(refund("22.00", "re_2"))
    assert story.order.payment_status is PaymentStatus.REFUNDED


def test_what_was_asked_for_gives_way_to_a_total() -> None:
    story = paid()
    story.do(commands.request_refund, money("100.00"), payment_id=1)
    story.tell(refunded_total("28.00"))
    assert (story.order.refunded, story.order.refunds_pending) == (money("28.00"), money("72.00"))
    story.tell(refunded_total("100.00"))
    assert story.order.payment_status is PaymentStatus.REFUNDED


def test_a_request_for_all_payments_gives_way_to_a_refund_of_one() -> None:
    story = Told()
    story.pay("30.00", "T1")
    story.tell(report(amount="70.00"))
    story.do(commands.request_refund, money("100.00"))
    story.tell(refund("70.00"))
    assert (story.order.refunded, story.order.refunds_pending) == (money("70.00"), money("30.00"))


def test_what_others_told_as_done_only_gives_way_where_both_have_no_room() -> None:
    story = paid()
    story.do(commands.request_refund, money("30.00"), payment_id=1)
    story.do(commands.settle_refund, 1)
    story.tell(refund("60.00", "re_1"))
    assert story.order.refunded == money("90.00")
    story.tell(refund("40.00", "re_2"))
    assert story.order.refunded == money("100.00")


def test_a_total_counts_what_is_under_way_with_a_name_already() -> None:
    story = paid()
    story.tell(refund("2.00", "re_1", refund_outcome=UNDER_WAY), refund("1.00", "re_2"))
    story.tell(refunded_total("3.00"), refund("2.00", "re_1"), refund("1.00", "re_3"))
    assert story.order.refunded == money("4.00")


def test_refunds_never_exceed_what_was_captured() -> None:
    story = paid()
    story.tell(refund("80.00", "re_1"))
    for told in (refund("20.01", "re_2"), refunded_total("100.01")):
        with pytest.raises(Refused) as refusal:
            story.tell(told)
        assert refusal.value.reason == Reason.REFUND_EXCEEDS_CAPTURED


def test_a_refund_in_another_currency_is_not_of_this_payment() -> None:
    story = paid()
    with pytest.raises(InvalidField):
        story.tell(replace(refund(), amount=Money.of("100.00", "USD")))


def test_held_money_goes_back_in_parts() -> None:
    story = Told()
    story.tell(report(amount="60.00"))
    assert story.tell(refund("20.00", "re_1")) == ["refund.requested", "refund.succeeded"]
    assert story.tell(refund("20.00", "re_1")) == []
    assert not story.order.refunds
    assert not story.order.refunded
    assert story.states == [PaymentState.HELD]
    story.tell(refund("40.00", "re_2"))
    assert story.states == [PaymentState.RETURNED]
    assert not story.order.held_payments
    assert story.tell(report(amount="60.00")) == [], "it is the same payment still"


def test_an_old_total_does_not_bring_a_failed_refund_back() -> None:
    story = paid()
    story.tell(refund("10.00"), refund("10.00", refund_outcome=FAILED))
    assert story.tell(refunded_total("10.00")) == []


# -- disputes ------------------------------------------------------------------------------------


def test_a_dispute_is_recorded_and_its_decision_is_final() -> None:
    story = paid()
    assert story.tell(dispute(DisputeState.OPEN)) == ["payment.disputed"]
    assert story.tell(dispute(DisputeState.OPEN)) == []
    assert story.tell(dispute(DisputeState.WON)) == ["payment.dispute_decided"]
    assert story.tell(dispute(DisputeState.OPEN), dispute(DisputeState.LOST)) == []
    assert not story.order.refunded


def test_a_lost_dispute_takes_the_money_back() -> None:
    story = paid()
    story.tell(dispute(DisputeState.OPEN))
    assert story.tell(dispute(DisputeState.LOST)) == [
        "payment.dispute_decided",
        "refund.requested",
        "refund.succeeded",
    ]
    assert story.tell(dispute(DisputeState.LOST)) == []
    assert story.order.refunded == money("100.00")


def test_a_dispute_that_is_lost_in_part_takes_that_part_back() -> None:
    story = paid()
    story.tell(dispute(DisputeState.OPEN), dispute(DisputeState.LOST, "40.00"))
    assert story.order.refunded == story.order.disputes[0].amount == money("40.00")


def test_a_lost_dispute_is_recorded_whatever_went_back_or_was_asked_for() -> None:
    story = paid()
    story.do(commands.request_refund, money("100.00"), payment_id=1)
    story.tell(dispute(DisputeState.LOST))
    assert (story.order.refunded, story.order.refunds_pending) == (money("100.00"), money("0.00"))
    story = paid()
    story.tell(refund("80.00"), dispute(DisputeState.LOST))
    assert story.order.refunded == money("100.00")
    assert story.order.disputes[0].state is DisputeState.LOST


def test_nothing_that_came_in_is_no_payment() -> None:
    assert Told().tell(report(amount="0.00")) == []


def test_a_reversal_and_the_lost_dispute_behind_it_are_the_same_money() -> None:
    for first, second in (
        (refund(), dispute(DisputeState.LOST)),
        (dispute(DisputeState.LOST), refund()),
    ):
        story = paid()
        story.tell(dispute(DisputeState.OPEN), first, second)
        assert story.order.refunded == money("100.00")


def test_a_dispute_lost_before_its_capture_is_told_takes_the_money_back_then() -> None:
    story = Told()
    assert story.tell(dispute(DisputeState.LOST)) == ["payment.disputed"]
    story.tell(report())
    assert story.order.refunded == money("100.00")
    assert story.order.refunds[0].state is RefundState.SUCCEEDED


# -- references ----------------------------------------------------------------------------------


@pytest.mark.parametrize("attempt", [0, 1, 12])
def test_a_payment_request_names_its_order(attempt: int) -> None:
    reference = payment_reference(3475921619881989, attempt)
    assert order_named_in(reference) == "3475921619881989"
    assert len(reference) <= 32


def test_an_order_s_id_may_stand_behind_its_shop_s_number() -> None:
    assert order_named_in("11218-3475921619881989_2") == "3475921619881989"
    assert order_named_in("TB-3475921619881989") == "TB-3475921619881989"


@pytest.mark.parametrize(
    ("field", "value"),
    [("transaction_id", "x" * 256), ("refund_id", "a\nb"), ("event_id", "\ud800")],
)
def test_names_that_can_not_be_any_are_refused(field: str, value: str) -> None:
    with pytest.raises(InvalidField) as refusal:
        report(ReportKind.CAPTURED, "1.00", **{field: value})
    assert refusal.value.field == field


def test_texts_are_one_line_of_bounded_length() -> None:
    told = report(failure="a\x00b\n" + "c" * 5000)
    assert told.failure.startswith("a b c")
    assert len(told.failure) == 500
