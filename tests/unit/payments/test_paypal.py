"""PayPal's webhooks: who may send them, and what they say."""

import json
import socket
import ssl
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any, ClassVar

import certifi
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import CertificateBuilder
from hypothesis import given
from hypothesis import strategies as st

from orderhub.domain.errors import Busy, InvalidField, NotFound, SignatureRefused, Unavailable
from orderhub.domain.money import Money
from orderhub.domain.payment_account import OpenedAccount, PaymentAccount
from orderhub.domain.report import DisputeState, PaymentReport, RefundOutcome, ReportKind
from orderhub.payments import paypal
from orderhub.payments.contract import Notification
from orderhub.payments.paypal import PAYPAL, Certificates, PayPal, fetch, public_roots
from orderhub.wire.contract import BodyTooLarge, MalformedBody, RequestError
from tests.support.providers import (
    PAYPAL_CERTIFICATE_URL,
    PAYPAL_WEBHOOK_ID,
    KeyPair,
    SignedKeyPair,
    key_pair,
    paypal_capture,
    paypal_dispute,
    paypal_keys,
    paypal_refund,
    paypal_request,
)

NOW = datetime(2026, 3, 1, 4, 0, 0, tzinfo=UTC)
ORDER_ID = "1766543210987654"
CAPTURE, REFUND = "42311647XV020574X", "09E71677NS257044M"
PAID = Money(12800, "USD")
LIVE_URL = "https://api.paypal.com/v1/notifications/certs/CERT-360caa42-fca2a594-1d93a270"
SANDBOX_SIGNER = "messageverificationcerts.sandbox.paypal.com"


def account(*, own: Mapping[str, str] | None = None, **settings: str) -> OpenedAccount:
    """Which keeps the certificate itself unless told otherwise."""
    kept = {PAYPAL_CERTIFICATE_URL: paypal_keys().certificate_pem} if own is None else own
    return OpenedAccount(
        PaymentAccount(
            shop_id="demo",
            provider="paypal",
            created_at=NOW,
            updated_at=NOW,
            settings={"webhook_id": PAYPAL_WEBHOOK_ID, **settings},
            public_keys=kept,
        )
    )


def captured(**more: Any) -> dict[str, Any]:
    event = paypal_capture(ORDER_ID, PAID, capture=CAPTURE, event_id="WH-1", at=NOW)
    return event | more


def signed(
    event: Mapping[str, Any] | None = None,
    *,
    at: datetime = NOW,
    keys: KeyPair | None = None,
    webhook_id: str = PAYPAL_WEBHOOK_ID,
    url: str = PAYPAL_CERTIFICATE_URL,
) -> Notification:
    event = captured() if event is None else event
    return paypal_request(
        keys or paypal_keys(), webhook_id, event, at=at, certificate_url=url
    ).notification(NOW)


def signed_body(body: str) -> Notification:
    """Whatever it is, signed by the letter of the scheme."""
    good, raw = signed(), body.encode()
    headers = dict(good.headers)
    named = (headers["paypal-transmission-id"], headers["paypal-transmission-time"])
    message = "|".join((*named, PAYPAL_WEBHOOK_ID, str(zlib.crc32(raw))))
    headers["paypal-transmission-sig"] = paypal_keys().sign(message.encode())
    return replace(good, headers=headers, body=raw)


def with_header(name: str, value: str) -> Notification:
    good = signed()
    return replace(good, headers={**good.headers, name: value})


def told(kind: str, resource: Mapping[str, Any]) -> list[PaymentReport]:
    """What PayPal's event ``kind`` about ``resource`` is read as."""
    event = captured(event_type=kind, resource=resource)
    return list(PAYPAL.reports(signed(event), account()))


def one(kind: str, resource: Mapping[str, Any]) -> PaymentReport:
    (report,) = told(kind, resource)
    return report


def refusal(
    notification: Notification, opened: OpenedAccount | None = None, *, by: PayPal = PAYPAL
) -> str:
    with pytest.raises(SignatureRefused) as refused:
        by.reports(notification, opened or account())
    return refused.value.reason


# -- signatures ------------------------------------------------------------------------------------


def test_what_paypal_signed_is_taken() -> None:
    assert PAYPAL.reports(signed(), account()) == [
        PaymentReport(
            kind=ReportKind.CAPTURED,
            provider="paypal",
            event_id="WH-1",
            at=NOW,
            transaction_id=CAPTURE,
            reference=ORDER_ID,
            amount=PAID,
        )
    ]


def bits(content: bytes) -> Iterator[bytes]:
    """``content`` with one bit changed, each in turn."""
    for at in range(len(content) * 8):
        changed = bytearray(content)
        changed[at // 8] ^= 1 << at % 8
        yield bytes(changed)


def test_a_body_with_any_bit_changed_is_refused() -> None:
    good = signed()
    for body in bits(good.body):
        assert refusal(replace(good, body=body)) == SignatureRefused.WRONG_SIGNATURE


def test_a_signature_with_any_bit_changed_is_refused() -> None:
    good = signed()
    signature = good.headers["paypal-transmission-sig"].encode()
    for changed in bits(signature):
        headers = {**good.headers, "paypal-transmission-sig": changed.decode("latin-1")}
        refusal(replace(good, headers=headers))


@pytest.mark.parametrize("header", ["paypal-transmission-id", "paypal-transmission-time"])
def test_what_is_signed_beside_the_body_can_not_be_exchanged(header: str) -> None:
    other = {
        "paypal-transmission-id": "another",
        "paypal-transmission-time": (NOW - timedelta(seconds=1)).isoformat(),
    }
    refused = refusal(with_header(header, other[header]))
    assert refused == SignatureRefused.WRONG_SIGNATURE


def test_another_shops_notification_is_refused() -> None:
    foreign = signed(webhook_id="1JE4291016473214C")
    assert refusal(foreign) == SignatureRefused.WRONG_SIGNATURE


def test_another_key_than_the_certificates_signs_nothing() -> None:
    forged = signed(keys=key_pair("somebody"))
    assert refusal(forged) == SignatureRefused.WRONG_SIGNATURE


@pytest.mark.parametrize("age", [timedelta(days=4, seconds=1), timedelta(minutes=-6)])
def test_a_time_far_from_our_clock_is_refused(age: timedelta) -> None:
    assert refusal(signed(at=NOW - age)) == SignatureRefused.OUT_OF_TIME


@pytest.mark.parametrize("age", [timedelta(days=3, hours=1), timedelta(minutes=-4)])
def test_paypals_own_last_attempt_is_taken(age: timedelta) -> None:
    assert PAYPAL.reports(signed(at=NOW - age), account())


@pytest.mark.parametrize(
    ("header", "value", "reason"),
    [
        ("paypal-transmission-id", "", SignatureRefused.UNSIGNED),
        ("paypal-transmission-time", "", SignatureRefused.UNSIGNED),
        ("paypal-transmission-sig", "", SignatureRefused.UNSIGNED),
        ("paypal-auth-algo", "", SignatureRefused.UNSUPPORTED),
        ("paypal-auth-algo", "SHA1withRSA", SignatureRefused.UNSUPPORTED),
        ("paypal-transmission-time", "yesterday", SignatureRefused.MALFORMED),
        ("paypal-transmission-time", "2026-03-01T04:00:00", SignatureRefused.MALFORMED),
        ("paypal-transmission-sig", "not base64", SignatureRefused.MALFORMED),
        ("paypal-cert-url", "", SignatureRefused.UNKNOWN),
    ],
)
def test_what_is_missing_or_odd_is_refused(header: str, value: str, reason: str) -> None:
    assert refusal(with_header(header, value)) == reason


HEADERS = (
    "paypal-transmission-id",
    "paypal-transmission-time",
    "paypal-transmission-sig",
    "paypal-auth-algo",
    "paypal-cert-url",
)


@given(st.sampled_from(HEADERS), st.text() | st.datetimes().map(str))
def test_no_header_is_more_than_refused(header: str, value: str) -> None:
    with pytest.raises(SignatureRefused):
        PAYPAL.reports(with_header(header, value), account())


# -- certificates ----------------------------------------------------------------------------------


class Web:
    """What PayPal serves, whatever the URL, and which were asked for."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.content: bytes | Exception = b""

    def __call__(self, url: str) -> bytes:
        self.asked.append(url)
        if isinstance(self.content, Exception):
            raise self.content
        return self.content


@pytest.fixture
def web() -> Web:
    return Web()


MakePayPal = Callable[[SignedKeyPair], PayPal]


@pytest.fixture
def paypal_of(web: Web) -> MakePayPal:
    """PayPal's certificates as ``web`` serves them, by an authority that is trusted."""

    def make(keys: SignedKeyPair) -> PayPal:
        web.content = keys.certificate_pem.encode()
        return PayPal(Certificates(web, lambda: [keys.authority.certificate]))

    return make


@pytest.mark.parametrize(
    "url",
    [
        LIVE_URL,
        LIVE_URL.replace("api.", "api-m."),
        PAYPAL_CERTIFICATE_URL,
        PAYPAL_CERTIFICATE_URL.replace("api.", "api-m."),
    ],
)
def test_a_certificate_is_fetched_from_paypal_once(
    web: Web, paypal_of: MakePayPal, url: str
) -> None:
    fetching = paypal_of(paypal_keys())
    for _ in range(2):
        assert fetching.reports(signed(url=url), account(own={}))
    assert web.asked == [url]


def test_a_certificate_that_the_account_has_is_not_fetched(web: Web, paypal_of: MakePayPal) -> None:
    assert paypal_of(paypal_keys()).reports(signed(), account())
    assert web.asked == []


@pytest.mark.parametrize(
    "url",
    [
        "http://api.paypal.com/v1/notifications/certs/CERT-1",
        "https://paypal.com/v1/notifications/certs/CERT-1",
        "https://api.paypal.com.example.com/v1/notifications/certs/CERT-1",
        "https://example.com/v1/notifications/certs/CERT-1",
        "https://example.com/https://api.paypal.com/v1/notifications/certs/CERT-1",
        "https://api.paypal.com@example.com/v1/notifications/certs/CERT-1",
        "https://user@api.paypal.com/v1/notifications/certs/CERT-1",
        "https://api.paypal.com:8443/v1/notifications/certs/CERT-1",
        "https://api.paypal.com\\@example.com/v1/notifications/certs/CERT-1",
        "https://apixpaypal.com/v1/notifications/certs/CERT-1",
        "https://api.paypal.com/v1/notifications/certs/../../oauth2/token",
        "https://api.paypal.com/v1/notifications/certs/%2e%2e/x",
        "https://api.paypal.com/v1/notifications/certs/",
        "https://api.paypal.com/v1/notifications/certs/CERT-1?x=1",
        "https://api.paypal.com/v1/notifications/certs/CERT-1#x",
        "https://api.paypal.com/v1/notifications/certs/CERT-1\n",
        "https://api.paypal.com/v2/notifications/certs/CERT-1",
        "HTTPS://API.PAYPAL.COM/v1/notifications/certs/CERT-1",
        "file:///etc/passwd",
    ],
)
def test_nothing_is_fetched_from_elsewhere(web: Web, paypal_of: MakePayPal, url: str) -> None:
    fetching = paypal_of(paypal_keys())
    # Not even by an account that has a certificate under such a URL.
    own = {url: paypal_keys().certificate_pem}
    assert refusal(signed(url=url), account(own=own), by=fetching) == SignatureRefused.UNKNOWN
    assert web.asked == []


def test_nothing_is_fetched_for_a_request_that_is_refused_anyway(
    web: Web, paypal_of: MakePayPal
) -> None:
    fetching = paypal_of(paypal_keys())
    refusal(signed(at=NOW - timedelta(days=30)), account(own={}), by=fetching)
    refusal(with_header("paypal-transmission-sig", "!"), account(own={}), by=fetching)
    assert web.asked == []


def test_a_certificate_that_nobody_vouches_for_is_refused(web: Web) -> None:
    web.content = paypal_keys().certificate_pem.encode()
    fetching = PayPal(Certificates(web, public_roots))
    assert refusal(signed(), account(own={}), by=fetching) == SignatureRefused.UNKNOWN


def test_another_sites_certificate_is_refused(paypal_of: MakePayPal) -> None:
    keys = paypal_keys("www.example.com")
    refused = refusal(signed(keys=keys), account(own={}), by=paypal_of(keys))
    assert refused == SignatureRefused.UNKNOWN


def test_the_sandboxs_certificate_counts_in_the_sandbox_alone(paypal_of: MakePayPal) -> None:
    keys = paypal_keys(SANDBOX_SIGNER)
    fetching = paypal_of(keys)
    assert fetching.reports(signed(keys=keys), account(own={}))
    live = signed(keys=keys, url=LIVE_URL)
    assert refusal(live, account(own={}), by=fetching) == SignatureRefused.UNKNOWN


def test_a_certificate_that_has_run_out_is_refused(paypal_of: MakePayPal) -> None:
    later = datetime(2046, 1, 1, tzinfo=UTC)
    late = replace(signed(at=later), now=later)
    assert refusal(late, by=PAYPAL) == SignatureRefused.OUT_OF_TIME
    refused = refusal(late, account(own={}), by=paypal_of(paypal_keys()))
    assert refused == SignatureRefused.UNKNOWN


def test_a_certificate_that_ran_out_while_it_was_kept_is_refused(paypal_of: MakePayPal) -> None:
    fetching = paypal_of(paypal_keys())
    assert fetching.reports(signed(), account(own={}))
    later = datetime(2046, 1, 1, tzinfo=UTC)
    late = replace(signed(at=later), now=later)
    assert refusal(late, account(own={}), by=fetching) == SignatureRefused.OUT_OF_TIME


@pytest.mark.parametrize("content", [b"", b"<html>", b"\xff" * 100, b"-----BEGIN CERTIFICATE-----"])
def test_what_is_no_certificate_is_refused(web: Web, content: bytes) -> None:
    web.content = content
    fetching = PayPal(Certificates(web, public_roots))
    assert refusal(signed(), account(own={}), by=fetching) == SignatureRefused.MALFORMED


def test_a_key_of_another_kind_is_refused() -> None:
    keys, private = paypal_keys(), ec.generate_private_key(ec.SECP256R1())
    certificate = (
        CertificateBuilder()
        .subject_name(keys.certificate.subject)
        .issuer_name(keys.certificate.issuer)
        .public_key(private.public_key())
        .serial_number(1)
        .not_valid_before(keys.certificate.not_valid_before_utc)
        .not_valid_after(keys.certificate.not_valid_after_utc)
        .sign(keys.authority.private, SHA256())
    )
    own = {PAYPAL_CERTIFICATE_URL: certificate.public_bytes(Encoding.PEM).decode()}
    assert refusal(signed(), account(own=own)) == SignatureRefused.UNSUPPORTED


def test_while_paypal_serves_no_certificate_it_is_asked_to_try_again(web: Web) -> None:
    web.content = Unavailable("PayPal did not serve its certificate")
    with pytest.raises(Unavailable):
        PayPal(Certificates(web, public_roots)).reports(signed(), account(own={}))


def test_the_public_roots_can_be_read() -> None:
    issuers = {root.subject.rfc4514_string() for root in public_roots()}
    assert any("DigiCert Global Root G2" in issuer for issuer in issuers)


# -- payments --------------------------------------------------------------------------------------


def capture(kind: str, **more: Any) -> dict[str, Any]:
    event = paypal_capture(ORDER_ID, PAID, capture=CAPTURE, kind=kind, at=NOW)
    resource: dict[str, Any] = event["resource"]
    return resource | more


def sale(**more: Any) -> dict[str, Any]:
    """Of version 1."""
    return {
        "id": CAPTURE,
        "state": "completed",
        "amount": {"total": "128.00", "currency": "USD", "details": {"subtotal": "128.00"}},
        "payment_mode": "INSTANT_TRANSFER",
        "custom": ORDER_ID,
        "invoice_number": "57e3028db8d1b",
        "parent_payment": "PAY-7F371669SL612941HK7RQFDQ",
        **more,
    }


@pytest.mark.parametrize(
    ("kind", "resource", "reported"),
    [
        ("PAYMENT.CAPTURE.COMPLETED", capture, ReportKind.CAPTURED),
        ("PAYMENT.CAPTURE.PENDING", capture, ReportKind.PENDING),
        ("PAYMENT.CAPTURE.DECLINED", capture, ReportKind.FAILED),
        ("PAYMENT.CAPTURE.DENIED", capture, ReportKind.FAILED),
        ("PAYMENT.SALE.COMPLETED", lambda _: sale(), ReportKind.CAPTURED),
        ("PAYMENT.SALE.PENDING", lambda _: sale(state="pending"), ReportKind.PENDING),
        ("PAYMENT.SALE.DENIED", lambda _: sale(state="denied"), ReportKind.FAILED),
    ],
)
def test_a_payment_is_what_its_event_says(
    kind: str, resource: Callable[[str], dict[str, Any]], reported: ReportKind
) -> None:
    report = one(kind, resource(kind))
    assert report.kind is reported
    assert (report.transaction_id, report.reference, report.amount, report.at) == (
        CAPTURE,
        ORDER_ID,
        PAID,
        NOW,
    )


@pytest.mark.parametrize("value", ["-128.00", "1.28e2", "NaN", "128,00", "", "1" * 30])
def test_an_amount_that_paypal_would_not_write_is_none(value: str) -> None:
    with pytest.raises(InvalidField):
        one(
            "PAYMENT.CAPTURE.COMPLETED",
            captured(amount={"value": value, "currency_code": "USD"}),
        )


@pytest.mark.parametrize(
    ("resource", "failure"),
    [
        ({"status_details": {"reason": "BUYER_COMPLAINT"}}, "DECLINED: BUYER_COMPLAINT"),
        ({}, "DECLINED"),
        ({"status": None, "state": "denied", "reason_code": "ECHECK"}, "denied: ECHECK"),
    ],
)
def test_a_failure_says_why(resource: dict[str, Any], failure: str) -> None:
    thing = capture("PAYMENT.CAPTURE.DECLINED", **resource)
    assert one("PAYMENT.CAPTURE.DECLINED", thing).failure == failure


@pytest.mark.parametrize(
    ("named", "reference"),
    [
        ({"custom_id": "1", "invoice_id": "2"}, "1"),
        ({"custom_id": None, "invoice_id": "2"}, "2"),
        ({"custom_id": "", "custom": "3", "invoice_number": "4"}, "3"),
        ({"custom_id": "", "invoice_number": "4"}, "4"),
        ({"custom_id": None}, ""),
    ],
)
def test_the_order_is_named_by_what_the_payment_request_carried(
    named: dict[str, Any], reference: str
) -> None:
    thing = capture("PAYMENT.CAPTURE.COMPLETED", **named)
    assert one("PAYMENT.CAPTURE.COMPLETED", thing).reference == reference


def test_money_is_in_major_units() -> None:
    yen = {"currency_code": "JPY", "value": "500"}
    thing = capture("PAYMENT.CAPTURE.COMPLETED", amount=yen)
    assert one("PAYMENT.CAPTURE.COMPLETED", thing).amount == Money(500, "JPY")


# -- refunds and disputes --------------------------------------------------------------------------


def refund(kind: str = "PAYMENT.CAPTURE.REFUNDED", **more: Any) -> dict[str, Any]:
    part = Money(2800, "USD")
    event = paypal_refund(ORDER_ID, part, capture=CAPTURE, refund=REFUND, kind=kind, at=NOW)
    resource: dict[str, Any] = event["resource"]
    return resource | more


@pytest.mark.parametrize(
    "resource",
    [
        refund(),
        refund(links=[], supplementary_data={"related_ids": {"capture_id": CAPTURE}}),
        # Version 1: of captures, of sales, with amounts below zero.
        {
            "id": REFUND,
            "amount": {"total": "-28.00", "currency": "USD"},
            "custom": ORDER_ID,
            "capture_id": CAPTURE,
            "state": "completed",
        },
        {
            "id": REFUND,
            "amount": {"total": "-28.00", "currency": "USD"},
            "custom": ORDER_ID,
            "sale_id": CAPTURE,
            "state": "completed",
        },
        {
            "id": REFUND,
            "amount": {"total": "28.00", "currency": "USD"},
            "invoice_number": ORDER_ID,
            "links": [
                {"rel": "self", "href": f"https://api.paypal.com/v1/payments/refund/{REFUND}"},
                {"rel": "parent_payment", "href": "https://api.paypal.com/v1/payments/payment/P"},
                {"rel": "sale", "href": f"https://api.paypal.com/v1/payments/sale/{CAPTURE}"},
            ],
        },
    ],
)
def test_a_refund_names_the_payment_that_it_is_of(resource: dict[str, Any]) -> None:
    report = one("PAYMENT.CAPTURE.REFUNDED", resource)
    assert (report.kind, report.refund_id, report.refund_outcome) == (
        ReportKind.REFUNDED,
        REFUND,
        RefundOutcome.SUCCEEDED,
    )
    assert (report.transaction_id, report.reference) == (CAPTURE, ORDER_ID)
    assert (report.amount, report.refunded_total) == (Money(2800, "USD"), None)


@pytest.mark.parametrize(
    ("kind", "status", "outcome"),
    [
        ("PAYMENT.CAPTURE.REFUNDED", "COMPLETED", RefundOutcome.SUCCEEDED),
        ("PAYMENT.CAPTURE.REFUNDED", "PENDING", RefundOutcome.UNDER_WAY),
        ("PAYMENT.CAPTURE.REFUNDED", "FAILED", RefundOutcome.FAILED),
        ("PAYMENT.CAPTURE.REFUNDED", "CANCELLED", RefundOutcome.FAILED),
        ("PAYMENT.CAPTURE.REFUNDED", None, RefundOutcome.SUCCEEDED),
        ("PAYMENT.CAPTURE.REVERSED", "COMPLETED", RefundOutcome.SUCCEEDED),
        ("PAYMENT.REFUND.PENDING", "PENDING", RefundOutcome.UNDER_WAY),
        ("PAYMENT.REFUND.PENDING", None, RefundOutcome.UNDER_WAY),
        ("PAYMENT.REFUND.FAILED", None, RefundOutcome.FAILED),
        ("PAYMENT.REFUND.COMPLETED", None, RefundOutcome.SUCCEEDED),
        ("PAYMENT.SALE.REFUNDED", None, RefundOutcome.SUCCEEDED),
    ],
)
def test_a_refund_is_what_its_status_says(
    kind: str, status: str | None, outcome: RefundOutcome
) -> None:
    report = one(kind, refund(kind, status=status, status_details={"reason": "ECHECK"}))
    assert (report.refund_outcome, report.refund_id) == (outcome, REFUND)
    assert report.failure == ("ECHECK" if outcome is RefundOutcome.FAILED else "")


def test_a_sale_that_was_reversed_went_back_as_a_whole() -> None:
    amount = {"total": "-128.00", "currency": "USD"}
    report = one("PAYMENT.SALE.REVERSED", sale(amount=amount))
    assert (report.transaction_id, report.refund_id) == (CAPTURE, "")
    assert (report.amount, report.refunded_total) == (None, PAID)


def dispute(outcome: str = "", **more: Any) -> dict[str, Any]:
    event = paypal_dispute(
        ORDER_ID, PAID, capture=CAPTURE, dispute="PP-D-1", outcome=outcome, at=NOW
    )
    resource: dict[str, Any] = event["resource"]
    return resource | more


@pytest.mark.parametrize(
    ("outcome", "state"),
    [
        ("", DisputeState.OPEN),
        ("RESOLVED_BUYER_FAVOUR", DisputeState.LOST),
        ("ACCEPTED", DisputeState.LOST),
        ("RESOLVED_SELLER_FAVOUR", DisputeState.WON),
        ("RESOLVED_WITH_PAYOUT", DisputeState.WON),
        ("CANCELED_BY_BUYER", DisputeState.WON),
        ("DENIED", DisputeState.WON),
        ("NONE", DisputeState.WON),
        ("SOMETHING_NEW", DisputeState.OPEN),
    ],
)
@pytest.mark.parametrize("event", ["CREATED", "UPDATED", "RESOLVED"])
def test_a_dispute_is_what_its_outcome_says(event: str, outcome: str, state: DisputeState) -> None:
    report = one(f"CUSTOMER.DISPUTE.{event}", dispute(outcome))
    assert (report.kind, report.dispute_id, report.dispute_state) == (
        ReportKind.DISPUTED,
        "PP-D-1",
        state,
    )
    assert (report.transaction_id, report.reference, report.amount) == (CAPTURE, ORDER_ID, PAID)


def test_of_a_lost_dispute_what_went_back_counts() -> None:
    part = {"currency_code": "USD", "value": "50.00"}
    outcome = {"outcome_code": "RESOLVED_BUYER_FAVOUR", "amount_refunded": part}
    report = one("CUSTOMER.DISPUTE.RESOLVED", dispute("ACCEPTED", dispute_outcome=outcome))
    assert report.amount == Money(5000, "USD")


def test_a_dispute_of_two_payments_is_told_of_each() -> None:
    disputed = [
        {
            "seller_transaction_id": capture,
            "custom": order,
            "gross_amount": {"currency_code": "USD", "value": value},
        }
        for capture, order, value in (("C1", "1", "10.00"), ("C2", "2", "20.00"))
    ]
    reports = told("CUSTOMER.DISPUTE.CREATED", dispute(disputed_transactions=disputed))
    assert [(r.transaction_id, r.reference, r.amount) for r in reports] == [
        ("C1", "1", Money(1000, "USD")),
        ("C2", "2", Money(2000, "USD")),
    ]


# -- what is signed and still no use ---------------------------------------------------------------


@pytest.mark.parametrize(
    "kind",
    [
        # Their ids are not the capture's: they would stand as payments of their own.
        "CHECKOUT.ORDER.APPROVED",
        "CHECKOUT.ORDER.COMPLETED",
        "PAYMENT.AUTHORIZATION.CREATED",
        "PAYMENT.AUTHORIZATION.VOIDED",
        "BILLING.SUBSCRIPTION.ACTIVATED",
    ],
)
def test_other_events_are_taken_and_come_to_nothing(kind: str) -> None:
    assert told(kind, {"id": "5O190127TN364715T"}) == []


DEEP = "[" * 10_000 + "]" * 10_000
BODY = json.dumps(captured())


@pytest.mark.parametrize(
    "body",
    [
        "",
        "null",
        "[]",
        "{",
        '{"event_type": 7}',
        '{"event_type": "PAYMENT.CAPTURE.COMPLETED"}',
        f'{{"event_type": "PAYMENT.CAPTURE.COMPLETED", "deep": {DEEP}}}',
        json.dumps(captured(resource=None)),
        json.dumps(captured(resource=[])),
        json.dumps(captured(id=7)),
        json.dumps(captured(create_time=7)),
        BODY.replace('"128.00"', "128.00"),
        BODY.replace('"128.00"', "NaN"),
        BODY.replace(f'"{CAPTURE}"', "null"),
        BODY.replace(f'"{CAPTURE}"', '""'),
        BODY.replace(f'"{ORDER_ID}"', ORDER_ID),
    ],
)
def test_nonsense_is_refused_although_it_is_signed(body: str) -> None:
    with pytest.raises(MalformedBody):
        PAYPAL.reports(signed_body(body), account())


@pytest.mark.parametrize(
    ("kind", "resource"),
    [
        ("PAYMENT.CAPTURE.COMPLETED", capture("COMPLETED", amount={})),
        ("PAYMENT.CAPTURE.COMPLETED", capture("COMPLETED", amount={"value": "1.00"})),
        *(
            (
                "PAYMENT.CAPTURE.COMPLETED",
                capture("COMPLETED", amount={"value": value, "currency_code": "USD"}),
            )
            for value in ("", "NaN", "Infinity", "1e999999999", "9" * 5000, "1.001", "ten")
        ),
        (
            "PAYMENT.CAPTURE.COMPLETED",
            capture("COMPLETED", amount={"value": "1.00", "currency_code": "QQQ"}),
        ),
        ("PAYMENT.CAPTURE.REFUNDED", refund(links=[])),
        ("PAYMENT.CAPTURE.REFUNDED", refund(links=[{"rel": "up", "href": "http://[/"}])),
    ],
)
def test_what_means_nothing_to_us_is_refused(kind: str, resource: dict[str, Any]) -> None:
    with pytest.raises(InvalidField):
        told(kind, resource)


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
    "PAYMENT.CAPTURE.COMPLETED": capture("PAYMENT.CAPTURE.COMPLETED"),
    "PAYMENT.CAPTURE.REFUNDED": refund(),
    "CUSTOMER.DISPUTE.RESOLVED": dispute("RESOLVED_BUYER_FAVOUR"),
}


@given(st.data())
def test_a_field_of_any_other_kind_is_no_more_than_refused(data: st.DataObject) -> None:
    kind = data.draw(st.sampled_from(sorted(THINGS)))
    field = data.draw(st.sampled_from(sorted(THINGS[kind])))
    try:
        reports = told(kind, THINGS[kind] | {field: data.draw(ANYTHING)})
    except (RequestError, InvalidField):
        return
    assert all(report.provider == "paypal" for report in reports)


# -- answers ---------------------------------------------------------------------------------------


def test_what_is_taken_is_answered_as_paypal_expects() -> None:
    answer = PAYPAL.accepted()
    assert (answer.status, answer.body) == (200, {})


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (SignatureRefused(SignatureRefused.OUT_OF_TIME), 401),
        (NotFound("payment_account", "paypal"), 404),
        (MalformedBody("no JSON"), 400),
        (InvalidField("currency", "unknown"), 400),
        (BodyTooLarge("too large"), 413),
        (Busy("try again"), 503),
        (Unavailable("try again"), 503),
        (KeyError("whatever"), 500),
    ],
)
def test_what_is_refused_is_tried_again(error: Exception, status: int) -> None:
    assert PAYPAL.refused(error).status == status


def test_a_forger_learns_nothing_from_the_answer() -> None:
    reasons = [SignatureRefused.OUT_OF_TIME, SignatureRefused.WRONG_SIGNATURE, "whatever"]
    assert len({json.dumps(PAYPAL.refused(SignatureRefused(each)).body) for each in reasons}) == 1


# -- fetching --------------------------------------------------------------------------------------


class Site(BaseHTTPRequestHandler):
    """Answers by path, and keeps what was asked for."""

    asked: ClassVar[list[str]] = []

    def do_GET(self) -> None:
        self.asked.append(self.path)
        status = int(self.path.rpartition("/")[2])
        content = b"x" * (status if status == 100_000 else 100)
        self.send_response(200 if status == 100_000 else status)
        self.send_header("Content-Length", str(len(content)))
        if status == 302:
            self.send_header("Location", "/200")
        self.end_headers()
        with suppress(OSError):
            self.wfile.write(content)

    def log_request(self, *_args: object) -> None:
        """Keep quiet."""


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A site of our own with TLS, whose authority is trusted."""
    folder, keys = tmp_path_factory.mktemp("site"), paypal_keys("localhost")
    authority, own = folder / "authority.pem", folder / "own.pem"
    authority.write_text(keys.authority.certificate_pem)
    own.write_text(keys.private_pem + keys.certificate_pem)
    server = ThreadingHTTPServer(("127.0.0.1", 0), Site)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(own)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(certifi, "where", lambda: str(authority))
        yield f"https://localhost:{server.server_port}"
    server.shutdown()
    server.server_close()


def test_what_is_served_is_fetched(site: str) -> None:
    assert fetch(f"{site}/200") == b"x" * 100


@pytest.mark.parametrize("status", [400, 403, 404, 410])
def test_what_is_not_there_is_no_certificate(site: str, status: int) -> None:
    with pytest.raises(SignatureRefused):
        fetch(f"{site}/{status}")


@pytest.mark.parametrize("status", [302, 429, 500, 503])
def test_what_is_not_served_now_may_be_later(site: str, status: int) -> None:
    Site.asked.clear()
    with pytest.raises(Unavailable):
        fetch(f"{site}/{status}")
    assert Site.asked == [f"/{status}"]  # and no redirect was followed


def test_of_an_endless_answer_no_more_is_read_than_a_certificate_has(site: str) -> None:
    with pytest.raises(SignatureRefused):
        fetch(f"{site}/100000")


def test_a_site_that_nobody_vouches_for_is_not_asked(
    site: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    other = tmp_path / "other.pem"
    other.write_text(paypal_keys().authority.certificate_pem)
    monkeypatch.setattr(certifi, "where", lambda: str(other))
    Site.asked.clear()
    with pytest.raises(Unavailable):
        fetch(f"{site}/200")
    assert Site.asked == []


def test_nobody_waits_long_for_silence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(paypal, "FETCH_SECONDS", 0.1)
    with socket.create_server(("127.0.0.1", 0)) as silent, pytest.raises(Unavailable):
        fetch(f"https://localhost:{silent.getsockname()[1]}/200")
