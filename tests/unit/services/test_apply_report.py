"""Reports find their orders, or wait for them."""

from datetime import timedelta

import pytest

from orderhub.domain import commands
from orderhub.domain.commands import Change
from orderhub.domain.details import Reference
from orderhub.domain.errors import Busy
from orderhub.domain.money import Money
from orderhub.domain.order import Order
from orderhub.domain.report import (
    DisputeState,
    PaymentReport,
    ReportKind,
    payment_reference,
)
from orderhub.domain.status import OrderStatus, PaymentStatus
from orderhub.services.apply_report import KEPT, Applied, apply_report, retry_stray
from orderhub.services.find_order import NUMBER_SCOPE
from tests.support.fakes import NOON, FakeDesk
from tests.support.orders import TESTER, payment, placed

SHOP = "demo"


class Site:
    """A shop with one order of 1.50 CNY, and what waits in it."""

    def __init__(self) -> None:
        self.fake = FakeDesk()
        change = placed(SHOP, at=NOON, payment_timeout=600)
        self.order_id = change.order.id
        self.total = change.order.total
        self.fake.orders.commit(change)

    @property
    def order(self) -> Order:
        order = self.fake.orders.get(SHOP, self.order_id)
        assert order is not None
        return order

    @property
    def why(self) -> list[str]:
        return [stray.why for stray in self.fake.strays.of_shop(SHOP)]

    def report(self, kind: ReportKind = ReportKind.CAPTURED, **told: object) -> PaymentReport:
        fields: dict[str, object] = {
            "kind": kind,
            "provider": "stripe",
            "event_id": "evt_1",
            "at": NOON,
            "transaction_id": "pi_1",
            "amount": self.total,
            "reference": payment_reference(self.order_id),
            **told,
        }
        return PaymentReport(**fields)  # type: ignore[arg-type]

    def refund(self, **told: object) -> PaymentReport:
        return self.report(
            ReportKind.REFUNDED,
            **{"reference": "", "refund_id": "re_1", "event_id": "evt_2"} | told,
        )

    def apply(self, report: PaymentReport, shop_id: str = SHOP) -> Applied:
        return apply_report(self.fake.desk, shop_id, report)


@pytest.fixture
def site() -> Site:
    return Site()


@pytest.mark.parametrize("written", ["{id}", "R{id}", "{id}_3"])
def test_a_report_finds_its_order_by_what_our_request_carried(site: Site, written: str) -> None:
    report = site.report(reference=written.format(id=site.order_id))
    assert site.apply(report) is Applied.APPLIED
    assert site.order.is_paid
    assert site.apply(report) is Applied.REPEATED


def test_a_number_of_the_wires_own_format_names_its_order(site: Site) -> None:
    own = Reference("order", NUMBER_SCOPE, "AAAA160401000002OD")
    named = placed(SHOP, at=NOON, number=own.value, tail=7, references=(own,))
    site.fake.orders.commit(named)
    assert site.apply(site.report(reference="AAAA160401000002OD")) is Applied.APPLIED
    assert site.order.payment_status is PaymentStatus.UNPAID


def test_another_systems_name_for_an_order_is_none_of_ours(site: Site) -> None:
    named = placed(
        SHOP, at=NOON, tail=7, references=(Reference("order", "marketplace:taobao", "TB-1"),)
    )
    site.fake.orders.commit(named)
    assert site.apply(site.report(reference="TB-1")) is Applied.KEPT


def test_a_report_without_a_reference_finds_its_order_by_the_payment(site: Site) -> None:
    site.apply(site.report())
    assert site.apply(site.refund()) is Applied.APPLIED
    assert site.order.refunded == site.total


def test_another_providers_payment_of_the_same_name_is_another_payment(site: Site) -> None:
    site.apply(site.report(provider="paypal"))
    assert site.apply(site.refund()) is Applied.KEPT
    assert not site.order.refunds


def test_another_shops_order_is_not_found(site: Site) -> None:
    assert site.apply(site.report(), "other") is Applied.KEPT
    assert not site.order.payments
    assert [s.report.event_id for s in site.fake.strays.of_shop("other")] == ["evt_1"]


def test_a_refund_that_comes_before_its_payment_is_applied_with_it(site: Site) -> None:
    assert site.apply(site.refund()) is Applied.KEPT
    assert site.why == ["no_order"]
    assert site.apply(site.report()) is Applied.APPLIED
    assert site.order.refunded == site.total
    assert site.why == []


def test_a_dispute_that_comes_before_its_payment_is_applied_with_it(site: Site) -> None:
    lost = site.report(
        ReportKind.DISPUTED, reference="", dispute_id="dp_1", dispute_state=DisputeState.LOST
    )
    assert site.apply(lost) is Applied.KEPT
    site.apply(site.report())
    assert site.order.refunded == site.total


def test_a_refund_and_its_payment_at_the_same_moment_do_not_miss_each_other(site: Site) -> None:
    """The payment is recorded between the refund's look for it and its being kept."""
    keep = site.fake.strays.keep

    def pay_first(*given: object) -> None:
        site.fake.strays.keep = keep  # type: ignore[method-assign]
        site.apply(site.report())
        keep(*given)  # type: ignore[arg-type]

    site.fake.strays.keep = pay_first  # type: ignore[method-assign, assignment]
    assert site.apply(site.refund()) is Applied.APPLIED
    assert site.order.refunded == site.total
    assert site.why == []


def test_a_crash_before_the_strays_are_followed_up_is_mended_by_the_next_try(site: Site) -> None:
    site.apply(site.refund())

    def crash() -> None:
        raise Busy("the function was stopped here")

    site.fake.strays.before_reading.append(crash)
    with pytest.raises(Busy):
        site.apply(site.report())
    assert site.order.is_paid
    assert not site.order.refunded
    assert site.apply(site.report()) is Applied.REPEATED
    assert site.order.refunded == site.total


def test_money_that_names_no_order_of_ours_is_kept_for_an_operator(site: Site) -> None:
    assert site.apply(site.report(reference="somebody-elses-1001")) is Applied.KEPT
    (stray,) = site.fake.strays.of_shop(SHOP)
    assert (stray.why, stray.kept_until - stray.kept_at) == ("no_order", KEPT)


@pytest.mark.parametrize("kind", [ReportKind.CAPTURED, ReportKind.PENDING, ReportKind.FAILED])
def test_payments_that_our_requests_did_not_ask_for_are_none_of_ours(
    site: Site, kind: ReportKind
) -> None:
    assert site.apply(site.report(kind, reference="")) is Applied.IGNORED
    assert site.why == []


def test_what_can_not_be_of_its_order_is_kept_with_the_reason(site: Site) -> None:
    site.apply(site.report())
    too_much = site.refund(amount=Money(site.total.amount + 1, "CNY"))
    assert site.apply(too_much) is Applied.KEPT
    assert site.why == ["refund_exceeds_captured"]
    assert not site.order.refunded


def test_a_payment_of_two_orders_is_of_the_first(site: Site) -> None:
    second = placed(SHOP, at=NOON, tail=9)
    site.fake.orders.commit(second)
    site.apply(site.report())
    assert site.apply(site.report(reference=str(second.order.id))) is Applied.KEPT
    assert site.why == ["reference_taken"]


def test_a_stray_is_tried_again_and_goes_once_it_is_applied(site: Site) -> None:
    site.apply(site.refund())
    (stray,) = site.fake.strays.of_shop(SHOP)
    assert retry_stray(site.fake.desk, SHOP, stray) is Applied.KEPT
    assert site.why == ["no_order"]
    paying = Change(site.order, NOON, TESTER)
    commands.capture_payment(paying, payment("1.50", "pi_1"))
    site.fake.orders.commit(paying)
    assert retry_stray(site.fake.desk, SHOP, stray) is Applied.APPLIED
    assert site.order.refunded == site.total
    assert site.why == []


def test_money_that_comes_too_late_is_recorded_and_due_back(site: Site) -> None:
    site.fake.clock.advance(timedelta(minutes=11).total_seconds())
    assert site.apply(site.report()) is Applied.APPLIED
    assert site.order.status is OrderStatus.EXPIRED
    assert site.order.refund_due == site.total


def test_who_reported_stands_in_the_history(site: Site) -> None:
    site.apply(site.report())
    *_, last = site.fake.orders.history(SHOP, site.order_id)
    assert (last.actor.kind, last.actor.id, last.actor.name) == ("provider", "stripe", "evt_1")
