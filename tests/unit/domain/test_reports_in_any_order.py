"""Providers' reports shuffled, repeated and lost, while the order expires or is cancelled.

What was truly captured and refunded is decided first, from it follow the reports. Whatever becomes
of them on the way, the order must hold what those that arrived say, and all of it in the end.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from orderhub.domain import commands, ledger
from orderhub.domain.errors import Reason, Refused
from orderhub.domain.money import Money
from orderhub.domain.payment import PaymentState
from orderhub.domain.report import PaymentReport, RefundOutcome, ReportKind
from orderhub.domain.reported import apply_report
from tests.support.fakes import NOON
from tests.support.properties import examples
from tests.support.story import MINUTE, Story

DUE = 10000
"""What the order costs, in fen."""


@dataclass(frozen=True)
class TrueRefund:
    id: str
    amount: int
    fails: bool


@dataclass(frozen=True)
class TruePayment:
    id: str
    amount: int
    currency: str
    refunds: tuple[TrueRefund, ...]
    tells_totals: bool

    @property
    def refunded(self) -> int:
        return sum(refund.amount for refund in self.refunds if not refund.fails)

    def report(self, kind: ReportKind, amount: int | None, **told: object) -> PaymentReport:
        money = None if amount is None else Money(amount, self.currency)
        fields: dict[str, object] = {"kind": kind, "amount": money, "event_id": "evt", **told}
        return PaymentReport(provider="stripe", at=NOON, transaction_id=self.id, **fields)  # type: ignore[arg-type]

    def reports(self) -> list[PaymentReport]:
        """In the order in which it happened."""
        told = [
            self.report(ReportKind.PENDING, self.amount),
            self.report(ReportKind.FAILED, self.amount, failure="first attempt: declined"),
            self.report(ReportKind.CAPTURED, self.amount),
        ]
        total = 0
        for refund in self.refunds:
            end = RefundOutcome.FAILED if refund.fails else RefundOutcome.SUCCEEDED
            for outcome in (RefundOutcome.UNDER_WAY, RefundOutcome.SUCCEEDED, end):
                of_refund = self.report(
                    ReportKind.REFUNDED,
                    refund.amount,
                    refund_id=refund.id,
                    refund_outcome=outcome,
                )
                told.append(of_refund)
            total += 0 if refund.fails else refund.amount
            if self.tells_totals and total:
                of_total = Money(total, self.currency)
                told.append(self.report(ReportKind.REFUNDED, None, refunded_total=of_total))
        return told


@st.composite
def true_payments(draw: st.DrawFn, number: int) -> TruePayment:
    amount = draw(st.sampled_from([DUE, DUE, DUE - 1, DUE + 500, 1]))
    tells_totals = draw(st.booleans())
    refunds: list[TrueRefund] = []
    left = amount
    for index in range(draw(st.integers(0, 3))):
        if not left:
            break
        part = draw(st.integers(1, left) | st.just(left))
        # A provider that tells totals, and then of a part of them that it failed, without ever
        # having named that part, can't be understood by anybody.
        fails = not tells_totals and draw(st.booleans())
        refunds.append(TrueRefund(f"re_{number}_{index}", part, fails))
        left -= 0 if fails else part
    currency = draw(st.sampled_from(["CNY", "CNY", "CNY", "USD"]))
    return TruePayment(f"pi_{number}", amount, currency, tuple(refunds), tells_totals)


truths = st.integers(1, 3).flatmap(lambda n: st.tuples(*(true_payments(i) for i in range(n))))


class Arrivals(Story):
    """The order, and what arrived of each payment."""

    def __init__(self) -> None:
        super().__init__()
        self.captured: set[str] = set()
        self.strays: list[PaymentReport] = []
        """Refunds for which there was no room, since another one has not been told as failed."""

    def arrive(self, report: PaymentReport) -> None:
        waiting, self.strays = [report, *self.strays], []
        for each in waiting:
            try:
                self.do(apply_report, each)
            except Refused as refusal:
                if refusal.reason != Reason.REFUND_EXCEEDS_CAPTURED:
                    raise
                self.strays.append(each)
        if report.kind is ReportKind.CAPTURED:
            self.captured.add(report.transaction_id)

    def require_money(self, truth: tuple[TruePayment, ...]) -> None:
        with_money = {p.transaction_id: p for p in self.order.payments if p.state.has_money}
        assert set(with_money) == self.captured
        for payment in truth:
            if payment.id in with_money:
                held = with_money[payment.id]
                assert held.amount == Money(payment.amount, payment.currency)
        assert self.order.captured == Money.total(
            (p.amount for p in with_money.values() if p.state is PaymentState.CAPTURED), "CNY"
        )
        assert sum(entry.event.TYPE == "order.paid" for entry in self.history) <= 1
        assert self.order.refunded.amount <= self.order.captured.amount
        for payment in truth:
            assert self.gone_of(payment) <= payment.amount
        assert +ledger.of_events(self.history).balances == +ledger.of_order(self.order)

    def gone_of(self, payment: TruePayment) -> int:
        """What went back of a payment, in its minor units."""
        known = self.order.payment_of("stripe", payment.id)
        if known is None:
            return 0
        # What was asked for of an order with one payment is of that one.
        captured = [p for p in self.order.payments if p.state is PaymentState.CAPTURED]
        mine = {known.id, None} if captured == [known] else {known.id}
        return sum(
            refund.amount.amount
            for refund in (*self.order.refunds, *self.order.held_refunds)
            if refund.payment_id in mine and refund.state == "succeeded"
        )


interruptions = st.sampled_from(
    ["nothing", "nothing", "nothing", "expire", "sweep", "cancel", "ask"]
)


def interrupt(story: Arrivals, what: str) -> None:
    match what:
        case "expire":
            story.wait(20 * MINUTE)
        case "sweep":
            story.wait(20 * MINUTE)
            story.do(commands.close_what_is_due)
        case "cancel":
            _unless_refused(story, commands.cancel)
        case "ask":
            # Somebody asks for all that could go back; what is reported is done at the providers.
            wanted = story.order.refundable
            if wanted:
                _unless_refused(story, commands.request_refund, wanted)


def _unless_refused(story: Arrivals, command: Callable[..., object], *given: Money) -> None:
    try:
        story.do(command, *given)
    except Refused:
        return


@examples(200)
@given(truth=truths, data=st.data())
def test_reports_in_any_order_and_number_lead_to_what_truly_happened(
    truth: tuple[TruePayment, ...], data: st.DataObject
) -> None:
    story = Arrivals()
    told = [report for payment in truth for report in payment.reports()]
    repeated = data.draw(st.lists(st.sampled_from(told), max_size=5))
    for report in data.draw(st.permutations(told + repeated)):
        interrupt(story, data.draw(interruptions))
        story.arrive(report)
        story.require_money(truth)
    for payment in truth:
        assert story.gone_of(payment) == payment.refunded


@examples(100)
@given(truth=truths, data=st.data())
def test_reports_that_get_lost_leave_the_order_with_what_the_others_say(
    truth: tuple[TruePayment, ...], data: st.DataObject
) -> None:
    story = Arrivals()
    told = [report for payment in truth for report in payment.reports()]
    arriving = data.draw(st.lists(st.sampled_from(told), max_size=len(told)))
    for report in arriving:
        interrupt(story, data.draw(interruptions))
        story.arrive(report)
        story.require_money(truth)
    for payment in truth:
        assert story.gone_of(payment) <= sum(refund.amount for refund in payment.refunds)


@examples(100)
@given(truth=truths, data=st.data())
def test_what_is_told_again_in_full_changes_nothing(
    truth: tuple[TruePayment, ...], data: st.DataObject
) -> None:
    story = Arrivals()
    told = [report for payment in truth for report in payment.reports()]
    for report in data.draw(st.permutations(told)):
        story.arrive(report)
    before = story.order
    for report in data.draw(st.permutations(told)):
        story.arrive(replace(report, event_id="evt_again"))
    assert story.order == before


def test_a_paid_order_is_paid_once_whatever_comes_after() -> None:
    story = Arrivals()
    first, second = (TruePayment(f"pi_{n}", DUE, "CNY", (), False) for n in range(2))
    for payment in (first, second, first):
        for report in payment.reports():
            story.arrive(report)
    assert story.order.excess == Money.of(Decimal(DUE) / 100, "CNY")
