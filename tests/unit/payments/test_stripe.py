"""Stripe's webhooks: who may send them, and what they say."""

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from stripe import WebhookSignature

from orderhub.domain.errors import Busy, InvalidField, NotFound, SignatureRefused, Unavailable
from orderhub.domain.money import Money
from orderhub.domain.payment_account import OpenedAccount, PaymentAccount
from orderhub.domain.report import DisputeState, PaymentReport, RefundOutcome, ReportKind
from orderhub.payments.contract import Notification
from orderhub.payments.stripe import STRIPE
from orderhub.wire.contract import BodyTooLarge, MalformedBody, RequestError
from tests.support.providers import stripe_event, stripe_payment_succeeded, stripe_request

NOW = datetime(2026, 3, 1, 4, 0, 0, tzinfo=UTC)
SECRET, NEXT_SECRET, FOREIGN_SECRET = "whsec_first", "whsec_second", "whsec_of_another_shop"
ORDER_ID = "1766543210987654"
INTENT, CHARGE = "pi_3PxT2eLkdIwHu7ix", "ch_3PxT2eLkdIwHu7ix"
PAID = Money(12800, "EUR")


def account(*secrets: str) -> OpenedAccount:
    kept = PaymentAccount(shop_id="demo", provider="stripe", created_at=NOW, updated_at=NOW)
    return OpenedAccount(kept, secrets or (SECRET,))


def signed(body: str, *, secret: str = SECRET, at: datetime = NOW) -> Notification:
    """As Stripe's own library signs."""
    header = WebhookSignature.generate_signature_header(body, secret, int(at.timestamp()))
    return Notification(body=body.encode(), headers={"stripe-signature": header}, query={}, now=NOW)


def paid(**more: Any) -> str:
    event = stripe_payment_succeeded(ORDER_ID, PAID, payment=INTENT, event_id="evt_1", at=NOW)
    return json.dumps(event | more)


def told(kind: str, thing: dict[str, Any]) -> list[PaymentReport]:
    """What Stripe's event ``kind`` about ``thing`` is read as."""
    event = stripe_event(kind, thing, event_id="evt_1", at=NOW)
    return list(STRIPE.reports(signed(json.dumps(event)), account()))


def one(kind: str, thing: dict[str, Any]) -> PaymentReport:
    (report,) = told(kind, thing)
    return report


def refusal(notification: Notification, opened: OpenedAccount) -> str:
    with pytest.raises(SignatureRefused) as refused:
        STRIPE.reports(notification, opened)
    return refused.value.reason


# -- signatures ------------------------------------------------------------------------------------


def test_what_stripes_own_library_signed_is_taken() -> None:
    assert STRIPE.reports(signed(paid()), account()) == [
        PaymentReport(
            kind=ReportKind.CAPTURED,
            provider="stripe",
            event_id="evt_1",
            at=NOW,
            transaction_id=INTENT,
            reference=ORDER_ID,
            amount=PAID,
            method="card",
        )
    ]


def test_what_is_signed_by_the_letter_of_the_scheme_is_taken() -> None:
    event = stripe_payment_succeeded(ORDER_ID, PAID, at=NOW)
    request = stripe_request(SECRET, event, at=NOW, more_secrets=[NEXT_SECRET])
    for secrets in ((SECRET,), (NEXT_SECRET,)):
        assert STRIPE.reports(request.notification(NOW), account(*secrets))


@pytest.mark.parametrize("secret", [SECRET, NEXT_SECRET])
def test_any_of_the_secrets_holds_while_one_follows_another(secret: str) -> None:
    assert STRIPE.reports(signed(paid(), secret=secret), account(SECRET, NEXT_SECRET))


def test_a_secret_that_was_taken_away_holds_no_more() -> None:
    assert refusal(signed(paid()), account(NEXT_SECRET)) == SignatureRefused.WRONG_SIGNATURE


def test_another_shops_notification_is_refused() -> None:
    notification = signed(paid(), secret=FOREIGN_SECRET)
    assert refusal(notification, account()) == SignatureRefused.WRONG_SIGNATURE


@pytest.mark.parametrize("seconds", [-301, 301, -86400, 86400])
def test_a_timestamp_far_from_our_clock_is_refused(seconds: int) -> None:
    notification = signed(paid(), at=NOW + timedelta(seconds=seconds))
    assert refusal(notification, account()) == SignatureRefused.OUT_OF_TIME


@pytest.mark.parametrize("seconds", [-300, 300])
def test_a_timestamp_within_the_tolerance_is_taken(seconds: int) -> None:
    assert STRIPE.reports(signed(paid(), at=NOW + timedelta(seconds=seconds)), account())


def test_a_timestamp_that_no_calendar_has_is_refused() -> None:
    body = paid()
    header = WebhookSignature.generate_signature_header(body, SECRET, 10**30)
    notification = replace(signed(body), headers={"stripe-signature": header})
    assert refusal(notification, account()) == SignatureRefused.OUT_OF_TIME


def bits(content: bytes) -> Iterator[bytes]:
    """``content`` with one bit changed, each in turn."""
    for at in range(len(content) * 8):
        changed = bytearray(content)
        changed[at // 8] ^= 1 << at % 8
        yield bytes(changed)


def test_a_body_with_any_bit_changed_is_refused() -> None:
    good = signed(paid())
    for body in bits(good.body):
        refusal(replace(good, body=body), account())


def test_a_signature_with_any_bit_changed_is_refused() -> None:
    good = signed(paid())
    stamp, _, signature = good.headers["stripe-signature"].partition(",v1=")
    for changed in bits(signature.encode()):
        header = f"{stamp},v1={changed.decode('latin-1')}"
        refusal(replace(good, headers={"stripe-signature": header}), account())


def test_a_later_timestamp_on_an_old_signature_is_refused() -> None:
    old = signed(paid(), at=NOW - timedelta(days=1))
    header = old.headers["stripe-signature"]
    later = f"t={int(NOW.timestamp())},{header.partition(',')[2]}"
    notification = replace(old, headers={"stripe-signature": later})
    assert refusal(notification, account()) == SignatureRefused.WRONG_SIGNATURE


def test_a_signature_of_another_scheme_counts_for_nothing() -> None:
    header = signed(paid()).headers["stripe-signature"].replace("v1=", "v0=")
    refusal(replace(signed(paid()), headers={"stripe-signature": header}), account())


def test_without_a_signature_nothing_is_taken() -> None:
    assert refusal(replace(signed(paid()), headers={}), account()) == SignatureRefused.UNSIGNED


@given(
    st.one_of(
        st.text(),
        st.text(alphabet="t=v10,9af-+_. \x00é", max_size=60),
        st.from_regex(r"t=\d{1,5000},v1=[0-9a-f]*", fullmatch=True),
    )
)
def test_no_header_is_more_than_refused(header: str) -> None:
    notification = replace(signed(paid()), headers={"stripe-signature": header})
    with pytest.raises(SignatureRefused):
        STRIPE.reports(notification, account())


@given(st.binary(max_size=200))
def test_no_body_is_more_than_refused(body: bytes) -> None:
    with pytest.raises(SignatureRefused):
        STRIPE.reports(replace(signed(paid()), body=body), account())


# -- payments --------------------------------------------------------------------------------------


def intent(**more: Any) -> dict[str, Any]:
    return {
        "id": INTENT,
        "object": "payment_intent",
        "amount": 12800,
        "amount_received": 0,
        "currency": "eur",
        "metadata": {"order_id": ORDER_ID},
        "payment_method_types": ["card", "link"],
        "last_payment_error": None,
        "cancellation_reason": None,
        **more,
    }


def charge(**more: Any) -> dict[str, Any]:
    return {
        "id": CHARGE,
        "object": "charge",
        "amount": 12800,
        "amount_captured": 0,
        "amount_refunded": 0,
        "captured": False,
        "currency": "eur",
        "failure_code": None,
        "failure_message": None,
        "metadata": {"order_id": ORDER_ID},
        "payment_intent": INTENT,
        "payment_method_details": {"type": "card", "card": {"brand": "visa", "last4": "4242"}},
        **more,
    }


def session(**more: Any) -> dict[str, Any]:
    return {
        "id": "cs_test_a1",
        "object": "checkout.session",
        "amount_total": 12800,
        "client_reference_id": ORDER_ID,
        "currency": "eur",
        "metadata": {},
        "payment_intent": INTENT,
        "payment_method_types": ["sepa_debit"],
        "payment_status": "paid",
        **more,
    }


CAPTURED = {"captured": True, "amount_captured": 12800}


@pytest.mark.parametrize(
    ("event", "thing", "kind"),
    [
        ("payment_intent.succeeded", intent(amount_received=12800), ReportKind.CAPTURED),
        ("payment_intent.processing", intent(), ReportKind.PENDING),
        ("payment_intent.amount_capturable_updated", intent(), ReportKind.PENDING),
        ("payment_intent.payment_failed", intent(), ReportKind.FAILED),
        ("payment_intent.canceled", intent(), ReportKind.FAILED),
        ("charge.succeeded", charge(**CAPTURED), ReportKind.CAPTURED),
        ("charge.succeeded", charge(), ReportKind.PENDING),
        ("charge.captured", charge(**CAPTURED), ReportKind.CAPTURED),
        ("charge.pending", charge(**CAPTURED), ReportKind.PENDING),
        ("charge.failed", charge(), ReportKind.FAILED),
        ("charge.expired", charge(), ReportKind.FAILED),
        ("checkout.session.completed", session(), ReportKind.CAPTURED),
        ("checkout.session.completed", session(payment_status="unpaid"), ReportKind.PENDING),
        ("checkout.session.async_payment_succeeded", session(), ReportKind.CAPTURED),
        (
            "checkout.session.async_payment_failed",
            session(payment_status="unpaid"),
            ReportKind.FAILED,
        ),
        ("checkout.session.expired", session(payment_status="unpaid"), ReportKind.FAILED),
    ],
)
def test_all_events_of_a_payment_name_the_same_payment(
    event: str, thing: dict[str, Any], kind: ReportKind
) -> None:
    report = one(event, thing)
    assert report.kind is kind
    assert (report.transaction_id, report.reference, report.amount, report.at) == (
        INTENT,
        ORDER_ID,
        PAID,
        NOW,
    )


def test_a_charge_without_a_payment_intent_is_its_own_payment() -> None:
    assert one("charge.succeeded", charge(payment_intent=None)).transaction_id == CHARGE


def test_of_a_part_that_was_captured_no_more_counts() -> None:
    part = {"captured": True, "amount_captured": 5000}
    assert one("charge.captured", charge(**part)).amount == Money(5000, "EUR")
    received = one("payment_intent.succeeded", intent(amount_received=5000))
    assert received.amount == Money(5000, "EUR")


@pytest.mark.parametrize(
    ("event", "thing", "failure"),
    [
        (
            "payment_intent.payment_failed",
            intent(
                last_payment_error={
                    "code": "card_declined",
                    "decline_code": "insufficient_funds",
                    "message": "Your card has insufficient funds.",
                }
            ),
            "insufficient_funds: Your card has insufficient funds.",
        ),
        ("payment_intent.canceled", intent(cancellation_reason="abandoned"), "canceled: abandoned"),
        (
            "charge.failed",
            charge(failure_code="expired_card", failure_message="Your card has expired."),
            "expired_card: Your card has expired.",
        ),
        ("checkout.session.expired", session(), "expired"),
    ],
)
def test_a_failure_says_why(event: str, thing: dict[str, Any], failure: str) -> None:
    assert one(event, thing).failure == failure


def test_what_humans_are_told_is_cut_off() -> None:
    error = {"code": "processing_error", "message": "x" * 100_000}
    failed = one("payment_intent.payment_failed", intent(last_payment_error=error))
    assert len(failed.failure) < 500


@pytest.mark.parametrize(
    ("metadata", "reference"),
    [
        ({"order": "3", "order_number": "2", "order_id": "1"}, "1"),
        ({"order": "3", "order_number": "2"}, "2"),
        ({"order": "3"}, "3"),
        ({"order_id": " "}, ORDER_ID),
        (None, ORDER_ID),
    ],
)
def test_the_order_is_named_by_metadata_or_else_by_the_sessions_reference(
    metadata: dict[str, str] | None, reference: str
) -> None:
    assert one("checkout.session.completed", session(metadata=metadata)).reference == reference


@pytest.mark.parametrize(
    "thing",
    [
        session(payment_intent=None, payment_status="unpaid"),
        session(payment_intent=None, payment_status="paid", amount_total=None),
        session(payment_status="no_payment_required", amount_total=0),
    ],
)
def test_a_session_without_a_payment_tells_of_none(thing: dict[str, Any]) -> None:
    assert told("checkout.session.completed", thing) == []
    assert told("checkout.session.expired", thing) == []


@pytest.mark.parametrize(
    ("currency", "amount", "money"),
    [
        ("usd", 1050, Money(1050, "USD")),
        ("jpy", 500, Money(500, "JPY")),
        # Stripe has no cents of it, ISO 4217 does.
        ("mga", 500, Money(50000, "MGA")),
        ("kwd", 5120, Money(5120, "KWD")),
        # Told as if they had two decimals.
        ("isk", 500, Money(5, "ISK")),
        ("ugx", 500, Money(5, "UGX")),
        # Two decimals in charges, none in payouts.
        ("huf", 1045, Money(1045, "HUF")),
        ("twd", 80045, Money(80045, "TWD")),
    ],
)
def test_minor_units_are_stripes_own(currency: str, amount: int, money: Money) -> None:
    thing = intent(currency=currency, amount_received=amount)
    assert one("payment_intent.succeeded", thing).amount == money


# -- refunds and disputes --------------------------------------------------------------------------


def refund(**more: Any) -> dict[str, Any]:
    return {
        "id": "re_1",
        "object": "refund",
        "amount": 2800,
        "charge": CHARGE,
        "currency": "eur",
        "metadata": {},
        "payment_intent": INTENT,
        "reason": "requested_by_customer",
        "status": "succeeded",
        **more,
    }


@pytest.mark.parametrize(
    "event", ["refund.created", "refund.updated", "refund.failed", "charge.refund.updated"]
)
@pytest.mark.parametrize(
    ("status", "outcome"),
    [
        ("pending", RefundOutcome.UNDER_WAY),
        ("requires_action", RefundOutcome.UNDER_WAY),
        ("succeeded", RefundOutcome.SUCCEEDED),
        ("failed", RefundOutcome.FAILED),
        ("canceled", RefundOutcome.FAILED),
    ],
)
def test_a_refund_is_what_its_status_says(event: str, status: str, outcome: RefundOutcome) -> None:
    report = one(event, refund(status=status, failure_reason="lost_or_stolen_card"))
    assert (report.kind, report.refund_id, report.refund_outcome) == (
        ReportKind.REFUNDED,
        "re_1",
        outcome,
    )
    assert (report.transaction_id, report.amount) == (INTENT, Money(2800, "EUR"))
    assert report.reason == "requested_by_customer"
    is_failed = outcome is RefundOutcome.FAILED
    assert report.failure == ("lost_or_stolen_card" if is_failed else "")


def test_a_refund_of_a_charge_alone_is_of_that() -> None:
    assert one("refund.created", refund(payment_intent=None)).transaction_id == CHARGE


def test_a_refund_of_no_payment_is_of_no_order() -> None:
    assert told("refund.created", refund(payment_intent=None, charge=None)) == []


def test_a_refunded_charge_tells_the_total_that_went_back() -> None:
    report = one("charge.refunded", charge(**CAPTURED, amount_refunded=5000))
    assert (report.kind, report.refund_id, report.amount) == (ReportKind.REFUNDED, "", None)
    assert (report.transaction_id, report.reference) == (INTENT, ORDER_ID)
    assert report.refunded_total == Money(5000, "EUR")


def test_a_refunded_charge_of_older_versions_tells_each_refund() -> None:
    # Their refunds are listed in the charge; each names its payment only by it.
    listed = [refund(id="re_2"), refund(id="re_1", amount=2200, payment_intent=None)]
    thing = charge(**CAPTURED, amount_refunded=5000, refunds={"object": "list", "data": listed})
    reports = told("charge.refunded", thing)
    assert [(r.refund_id, r.amount, r.refunded_total) for r in reports] == [
        ("re_2", Money(2800, "EUR"), None),
        ("re_1", Money(2200, "EUR"), None),
    ]
    assert {(r.transaction_id, r.reference) for r in reports} == {(INTENT, ORDER_ID)}


@pytest.mark.parametrize(
    ("status", "state"),
    [
        ("warning_needs_response", DisputeState.OPEN),
        ("warning_under_review", DisputeState.OPEN),
        ("warning_closed", DisputeState.WON),
        ("needs_response", DisputeState.OPEN),
        ("under_review", DisputeState.OPEN),
        ("won", DisputeState.WON),
        ("lost", DisputeState.LOST),
        ("something_new", DisputeState.OPEN),
    ],
)
@pytest.mark.parametrize(
    "event", ["created", "updated", "closed", "funds_withdrawn", "funds_reinstated"]
)
def test_a_dispute_is_what_its_status_says(event: str, status: str, state: DisputeState) -> None:
    dispute = {
        "id": "dp_1",
        "object": "dispute",
        "amount": 12800,
        "charge": CHARGE,
        "currency": "eur",
        "payment_intent": INTENT,
        "reason": "fraudulent",
        "status": status,
        "metadata": {},
    }
    report = one(f"charge.dispute.{event}", dispute)
    assert (report.kind, report.dispute_id, report.dispute_state) == (
        ReportKind.DISPUTED,
        "dp_1",
        state,
    )
    assert (report.transaction_id, report.amount, report.reason) == (INTENT, PAID, "fraudulent")


# -- what is signed and still no use ---------------------------------------------------------------


@pytest.mark.parametrize(
    "body",
    [
        paid(type="customer.created"),
        paid(type="invoice.paid", data={"object": 7}),
        '{"id": "evt_1", "object": "v2.core.event", "type": "v1.billing.meter.error"}',
        "{}",
    ],
    ids=count(),
)
def test_other_events_are_taken_and_come_to_nothing(body: str) -> None:
    assert STRIPE.reports(signed(body), account()) == []


DEEP = 10_000


@pytest.mark.parametrize(
    "body",
    [
        "",
        "null",
        "[]",
        '"text"',
        "{",
        paid() + "x",
        '{"type": 7}',
        '{"type": "payment_intent.succeeded"}',
        paid(data=None),
        paid(data={"object": []}),
        paid(id=None),
        paid(id="x" * 300),
        paid(id="evt 1"),
        paid(created="now"),
        paid(created=-1),
        paid(created=10**30),
        paid(extra="[" * DEEP + "]" * DEEP).replace('"[', "[").replace(']"', "]"),
        paid().replace("12800", "NaN"),
        paid().replace("12800", "12800.5"),
        paid().replace("12800", "-12800"),
        paid().replace("12800", "9" * 5000),
        paid().replace("12800", '"12800"'),
        paid().replace("12800", "true"),
        paid().replace(f'"{INTENT}"', "null"),
        paid().replace('"eur"', "978"),
        paid().replace(f'"{ORDER_ID}"', ORDER_ID),
    ],
    ids=count(),
)
def test_nonsense_is_refused_although_it_is_signed(body: str) -> None:
    with pytest.raises(MalformedBody):
        STRIPE.reports(signed(body), account())


@pytest.mark.parametrize(
    ("kind", "thing"),
    [
        ("payment_intent.succeeded", intent(currency="xxx")),
        ("payment_intent.succeeded", intent(currency="isk", amount_received=501)),
        ("refund.created", refund(status="something_new")),
        ("checkout.session.completed", session(amount_total=None)),
    ],
)
def test_what_means_nothing_to_us_is_refused(kind: str, thing: dict[str, Any]) -> None:
    with pytest.raises(InvalidField):
        told(kind, thing)


ANYTHING = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=9), inner),
    max_leaves=5,
)
THINGS = {
    "payment_intent.succeeded": intent(amount_received=12800),
    "payment_intent.payment_failed": intent(last_payment_error={"code": "x", "message": "y"}),
    "charge.refunded": charge(**CAPTURED, refunds={"data": [refund()]}),
    "checkout.session.completed": session(),
    "refund.created": refund(),
}


@given(st.data())
def test_a_field_of_any_other_kind_is_no_more_than_refused(data: st.DataObject) -> None:
    kind = data.draw(st.sampled_from(sorted(THINGS)))
    field = data.draw(st.sampled_from(sorted(THINGS[kind])))
    thing = THINGS[kind] | {field: data.draw(ANYTHING)}
    event = stripe_event(kind, thing, event_id="evt_1", at=NOW)
    try:
        reports = STRIPE.reports(signed(json.dumps(event)), account())
    except (RequestError, InvalidField):
        return
    assert all(report.provider == "stripe" for report in reports)


# -- answers ---------------------------------------------------------------------------------------


def test_what_is_taken_is_answered_as_stripe_expects() -> None:
    answer = STRIPE.accepted()
    assert (answer.status, answer.body) == (200, {"received": True})


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (SignatureRefused(SignatureRefused.OUT_OF_TIME), 400),
        (NotFound("payment_account", "stripe"), 400),
        (MalformedBody("no JSON"), 400),
        (InvalidField("currency", "unknown"), 400),
        (BodyTooLarge("too large"), 413),
        (Busy("try again"), 503),
        (Unavailable("try again"), 503),
        (KeyError("whatever"), 500),
    ],
)
def test_what_is_refused_is_tried_again(error: Exception, status: int) -> None:
    assert STRIPE.refused(error).status == status


def test_a_forger_learns_nothing_from_the_answer() -> None:
    reasons = [SignatureRefused.OUT_OF_TIME, SignatureRefused.WRONG_SIGNATURE, "whatever"]
    answers = {json.dumps(STRIPE.refused(SignatureRefused(each)).body) for each in reasons}
    answers.add(json.dumps(STRIPE.refused(NotFound("payment_account")).body))
    assert len(answers) == 1
