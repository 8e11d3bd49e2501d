"""Alipay's notifications: who may send them, and what they say."""

from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qsl, quote_plus

import alipay as alipay_sdk
import pytest
from hypothesis import given
from hypothesis import strategies as st

from orderhub.domain.errors import (
    Busy,
    InvalidField,
    NotFound,
    SignatureRefused,
    Unavailable,
)
from orderhub.domain.money import Money
from orderhub.domain.payment_account import OpenedAccount, PaymentAccount
from orderhub.domain.report import PaymentReport, ReportKind
from orderhub.payments.alipay import ALIPAY
from orderhub.wire.contract import BodyTooLarge, MalformedBody, RequestError
from tests.support.providers import (
    ALIPAY_APP_ID,
    ALIPAY_SELLER_ID,
    KeyPair,
    SignedRequest,
    alipay_refund,
    alipay_request,
    alipay_trade,
    alipay_trade_closed,
    alipay_trade_success,
    key_pair,
)

NOW = datetime(2026, 3, 1, 4, 0, 0, tzinfo=UTC)
PAID = Money(12800, "CNY")
ORDER_ID = "1766543210987654"
TRADE_NO = "2026030122001103030200089909"


@pytest.fixture(scope="module")
def keys() -> KeyPair:
    return key_pair("alipay")


def account(public_key: str, **settings: str) -> OpenedAccount:
    return OpenedAccount(
        PaymentAccount(
            shop_id="demo",
            provider="alipay",
            created_at=NOW,
            updated_at=NOW,
            settings={"app_id": ALIPAY_APP_ID, "seller_id": ALIPAY_SELLER_ID, **settings},
            public_keys={"alipay": public_key},
        )
    )


def paid(**more: str) -> dict[str, str]:
    return alipay_trade_success(ORDER_ID, PAID, trade_no=TRADE_NO, at=NOW, **more)


def read(
    request: SignedRequest, opened: OpenedAccount | None = None, *, now: datetime = NOW
) -> list[PaymentReport]:
    known = opened or account(key_pair("alipay").public_pem)
    return list(ALIPAY.reports(request.notification(now), known))


def form(body: bytes) -> list[tuple[str, str]]:
    return parse_qsl(body.decode("latin-1"), keep_blank_values=True, encoding="latin-1")


def refusal(request: SignedRequest, opened: OpenedAccount | None = None, **more: Any) -> str:
    with pytest.raises(SignatureRefused) as refused:
        read(request, opened, **more)
    return refused.value.reason


# -- what it says ----------------------------------------------------------------------------------


def test_a_paid_trade_is_a_capture(keys: KeyPair) -> None:
    fields = paid()
    assert read(alipay_request(keys, fields)) == [
        PaymentReport(
            kind=ReportKind.CAPTURED,
            provider="alipay",
            event_id=fields["notify_id"],
            at=NOW,
            transaction_id=TRADE_NO,
            reference=ORDER_ID,
            amount=PAID,
        )
    ]


@pytest.mark.parametrize(
    ("status", "kinds"),
    [
        ("WAIT_BUYER_PAY", [ReportKind.PENDING]),
        ("TRADE_SUCCESS", [ReportKind.CAPTURED]),
        ("TRADE_FINISHED", [ReportKind.CAPTURED]),
        ("TRADE_CLOSED", [ReportKind.FAILED]),
        ("SOMETHING_NEW", []),
        ("", []),
    ],
)
def test_each_status_is_reported(keys: KeyPair, status: str, kinds: list[ReportKind]) -> None:
    fields = alipay_trade(ORDER_ID, PAID, status, trade_no=TRADE_NO, at=NOW)
    reports = read(alipay_request(keys, fields))
    assert [report.kind for report in reports] == kinds
    assert all(report.amount == PAID for report in reports)


def test_a_trade_that_nobody_paid_says_why_it_failed_and_when(keys: KeyPair) -> None:
    fields = alipay_trade_closed(ORDER_ID, PAID, at=NOW - timedelta(minutes=3))
    [report] = read(alipay_request(keys, fields))
    assert report.failure == "TRADE_CLOSED"
    assert report.at == NOW - timedelta(minutes=3)


def test_a_refund_tells_the_sum_so_far_and_that_the_trade_was_paid(keys: KeyPair) -> None:
    fields = alipay_refund(
        ORDER_ID,
        PAID,
        Money(2800, "CNY"),
        trade_no=TRADE_NO,
        at=NOW,
    )
    fields["gmt_payment"] = "2026-02-28 12:00:00"
    fields["gmt_refund"] = "2026-03-01 11:59:58.250"
    capture, refund = read(alipay_request(keys, fields))
    assert (capture.kind, capture.amount) == (ReportKind.CAPTURED, PAID)
    assert capture.at == NOW - timedelta(days=1)
    assert (refund.kind, refund.refunded_total) == (ReportKind.REFUNDED, Money(2800, "CNY"))
    assert refund.at == NOW - timedelta(seconds=1, milliseconds=750)
    assert {report.transaction_id for report in (capture, refund)} == {TRADE_NO}


def test_no_part_of_a_sum_has_the_name_of_one_refund(keys: KeyPair) -> None:
    fields = alipay_refund(ORDER_ID, PAID, Money(2800, "CNY"), trade_no=TRADE_NO, at=NOW)
    assert fields["out_biz_no"]
    _, refund = read(alipay_request(keys, fields))
    assert (refund.refund_id, refund.amount) == ("", None)


def test_a_fee_of_nothing_is_no_refund(keys: KeyPair) -> None:
    [report] = read(alipay_request(keys, paid(refund_fee="0.00", gmt_close="")))
    assert report.kind is ReportKind.CAPTURED


@pytest.mark.parametrize(
    "how",
    [
        {"gmt_payment": "2026-03-01 11:00:00"},
        {"refund_fee": "128.00"},
        {"refund_fee": "0.00", "gmt_payment": "2026-03-01 11:00:00"},
    ],
)
def test_a_trade_that_was_paid_and_closed_went_back_in_full(
    keys: KeyPair, how: dict[str, str]
) -> None:
    fields = alipay_trade_closed(ORDER_ID, PAID, at=NOW, **how)
    capture, refund = read(alipay_request(keys, fields))
    assert capture.kind is ReportKind.CAPTURED
    assert (refund.kind, refund.refunded_total) == (ReportKind.REFUNDED, PAID)


def test_a_trade_in_another_currency_says_so(keys: KeyPair) -> None:
    [report] = read(alipay_request(keys, paid(trans_currency="USD")))
    assert report.amount == Money(12800, "USD")


def test_what_is_no_notification_of_a_trade_reports_nothing(keys: KeyPair) -> None:
    agreed = {
        "app_id": ALIPAY_APP_ID,
        "seller_id": ALIPAY_SELLER_ID,
        "notify_id": "1",
        "notify_time": "2026-03-01 12:00:00",
        "notify_type": "dut_user_sign",
    }
    assert read(alipay_request(keys, agreed)) == []


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("total_amount", ""),
        ("total_amount", "0.00"),
        ("total_amount", "1,28"),
        ("total_amount", "-1.00"),
        ("total_amount", "NaN"),
        ("total_amount", "１２８"),
        ("total_amount", "128.001"),
        ("total_amount", "9" * 13),
        ("trade_no", ""),
        ("trade_no", "x" * 129),
        ("trade_no", "交易"),
        ("trade_no", "a b"),
        ("out_trade_no", "a\nb"),
        ("notify_id", ""),
        ("trans_currency", "QQQ"),
        ("gmt_payment", "yesterday"),
        ("gmt_payment", "2026-13-01 00:00:00"),
        ("gmt_payment", "0001-01-01 00:00:00"),
        ("refund_fee", "all"),
        ("notify_time", "now"),
    ],
)
def test_what_it_signed_and_nobody_can_read_is_refused(
    keys: KeyPair, field: str, value: str
) -> None:
    with pytest.raises(InvalidField) as refused:
        read(alipay_request(keys, paid() | {field: value}))
    assert refused.value.field in (field, "currency")


# -- who sent it -----------------------------------------------------------------------------------


@pytest.mark.parametrize("kept", ["public_pem", "public_base64", "certificate_pem"])
def test_the_key_may_be_kept_in_any_of_its_usual_shapes(keys: KeyPair, kept: str) -> None:
    assert read(alipay_request(keys, paid()), account(getattr(keys, kept)))


@pytest.mark.parametrize("charset", ["utf-8", "UTF-8", "gbk", "gb2312", "gb18030"])
def test_forms_come_in_chinese_charsets_too(keys: KeyPair, charset: str) -> None:
    [report] = read(alipay_request(keys, paid(subject="白色"), charset=charset))
    assert report.amount == PAID


def test_fields_without_a_value_may_belong_to_what_is_signed_or_not(keys: KeyPair) -> None:
    fields = paid(body="", gmt_close="")
    assert read(alipay_request(keys, fields, signs_blanks=True))
    assert read(alipay_request(keys, fields, signs_blanks=False))


def test_what_another_library_signs_is_taken(keys: KeyPair) -> None:
    theirs = alipay_sdk.AliPay(
        ALIPAY_APP_ID,
        app_private_key_string=keys.private_pem,
        alipay_public_key_string=keys.public_pem,
    )
    fields = paid()
    body = f"{theirs.sign_data({**fields, 'charset': 'utf-8'})}&sign_type=RSA2"
    assert read(SignedRequest({}, body.encode())) == read(alipay_request(keys, fields))


def test_another_library_takes_what_our_tests_sign(keys: KeyPair) -> None:
    theirs = alipay_sdk.AliPay(
        ALIPAY_APP_ID,
        app_private_key_string=keys.private_pem,
        alipay_public_key_string=keys.public_pem,
    )
    sent = dict(parse_qsl(alipay_request(keys, paid()).body.decode()))
    assert theirs.verify(sent, sent.pop("sign"))


def test_another_key_is_refused(keys: KeyPair) -> None:
    forged = alipay_request(key_pair("somebody else"), paid())
    assert refusal(forged) == SignatureRefused.WRONG_SIGNATURE


@pytest.mark.parametrize("kept", ["", "nonsense", "-----BEGIN PUBLIC KEY-----\nAAAA\n"])
def test_a_key_that_is_none_can_be_mended(keys: KeyPair, kept: str) -> None:
    with pytest.raises(Unavailable):
        read(alipay_request(keys, paid()), account(kept))


@pytest.mark.parametrize(
    "other", [{"app_id": "2021000000000000"}, {"app_id": ""}, {"seller_id": "2088000000000000"}]
)
def test_a_notification_for_another_merchant_is_refused(
    keys: KeyPair, other: dict[str, str]
) -> None:
    assert refusal(alipay_request(keys, paid(**other))) == SignatureRefused.UNKNOWN


def test_the_seller_is_looked_at_only_where_the_account_names_one(keys: KeyPair) -> None:
    nameless = account(keys.public_pem, seller_id="")
    assert read(alipay_request(keys, paid(seller_id="2088000000000000")), nameless)


def test_an_account_without_an_app_takes_nothing(keys: KeyPair) -> None:
    unset = PaymentAccount(
        shop_id="demo",
        provider="alipay",
        created_at=NOW,
        updated_at=NOW,
        public_keys={"alipay": keys.public_pem},
    )
    request = alipay_request(keys, paid(app_id=""))
    assert refusal(request, OpenedAccount(unset)) == SignatureRefused.UNKNOWN


@pytest.mark.parametrize("sign_type", ["RSA", "MD5", "rsa2", ""])
def test_older_ways_of_signing_are_refused(keys: KeyPair, sign_type: str) -> None:
    request = alipay_request(keys, paid(), sign_type=sign_type)
    assert refusal(request) == SignatureRefused.UNSUPPORTED


@pytest.mark.parametrize("late", [timedelta(0), timedelta(hours=25), timedelta(days=2)])
def test_what_alipay_repeats_is_taken_again(keys: KeyPair, late: timedelta) -> None:
    request = alipay_request(keys, paid())
    assert read(request, now=NOW + late) == read(request)


@pytest.mark.parametrize("late", [timedelta(days=2, seconds=1), -timedelta(minutes=5, seconds=1)])
def test_what_was_sent_long_ago_or_is_yet_to_be_sent_is_refused(
    keys: KeyPair, late: timedelta
) -> None:
    assert refusal(alipay_request(keys, paid()), now=NOW + late) == SignatureRefused.OUT_OF_TIME


def test_no_time_at_all_is_refused(keys: KeyPair) -> None:
    assert refusal(alipay_request(keys, paid(notify_time=""))) == SignatureRefused.OUT_OF_TIME


# -- changed on its way ----------------------------------------------------------------------------


def test_a_changed_bit_is_refused_wherever_it_is(keys: KeyPair) -> None:
    original = alipay_request(keys, paid())
    for bit in range(len(original.body) * 8):
        body = bytearray(original.body)
        body[bit // 8] ^= 1 << bit % 8
        if form(bytes(body)) == form(original.body):
            # The same form, spelled another way: %2b for %2B.
            continue
        with pytest.raises((SignatureRefused, MalformedBody)):
            read(SignedRequest(original.headers, bytes(body)))


@pytest.mark.parametrize(
    "change",
    [
        {"total_amount": "0.01"},
        {"out_trade_no": "1766543210987655"},
        {"refund_fee": "128.00"},
        {"notify_time": "2026-03-02 12:00:00"},
        {"x": "y"},
    ],
)
def test_a_changed_or_added_field_is_refused(keys: KeyPair, change: dict[str, str]) -> None:
    fields = dict(parse_qsl(alipay_request(keys, paid()).body.decode())) | change
    body = "&".join(f"{name}={quote_plus(value)}" for name, value in fields.items())
    assert refusal(SignedRequest({}, body.encode())) == SignatureRefused.WRONG_SIGNATURE


def test_a_field_that_is_given_twice_is_refused(keys: KeyPair) -> None:
    body = alipay_request(keys, paid()).body
    with pytest.raises(MalformedBody):
        read(SignedRequest({}, body + b"&total_amount=0.01"))
    with pytest.raises(MalformedBody):
        read(SignedRequest({}, b"total%5Famount=0.01&" + body))


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"", SignatureRefused.UNSIGNED),
        (b"a=b", SignatureRefused.UNSIGNED),
        (b"sign=&sign_type=RSA2", SignatureRefused.UNSIGNED),
        (b"sign=AAAA", SignatureRefused.UNSUPPORTED),
        (b"sign=!&sign_type=RSA2", SignatureRefused.MALFORMED),
        (b"sign=%FF&sign_type=RSA2", SignatureRefused.MALFORMED),
        (b"sign=AAAA&sign_type=RSA2", SignatureRefused.WRONG_SIGNATURE),
    ],
)
def test_what_is_not_signed_is_refused(body: bytes, reason: str) -> None:
    assert refusal(SignedRequest({}, body)) == reason


@given(body=st.binary(max_size=300))
def test_no_body_is_a_surprise(body: bytes) -> None:
    with pytest.raises((SignatureRefused, RequestError)):
        read(SignedRequest({}, body))


@given(
    fields=st.dictionaries(
        st.sampled_from(["sign", "sign_type", "app_id", "notify_time", "trade_status", "x"]),
        st.text(max_size=30) | st.just("RSA2"),
    )
)
def test_no_form_is_a_surprise(fields: dict[str, str]) -> None:
    body = "&".join(
        f"{k}={quote_plus(v.encode('utf-8', 'surrogatepass'))}" for k, v in fields.items()
    )
    with pytest.raises((SignatureRefused, RequestError)):
        read(SignedRequest({}, body.encode()))


_ANYTHING = st.text(max_size=40) | st.sampled_from(["0", "-1", "1e9", "2026-02-30 25:61:00", "CNY"])


@given(
    changes=st.dictionaries(
        st.sampled_from([*paid(), "refund_fee", "trans_currency", "gmt_refund", "gmt_close"]),
        _ANYTHING.filter(lambda text: text.isprintable()),
        max_size=4,
    )
)
def test_nothing_that_it_signs_is_a_surprise(changes: dict[str, str]) -> None:
    request = alipay_request(key_pair("alipay"), paid() | changes)
    with suppress(SignatureRefused, InvalidField):
        read(request)


# -- answers ---------------------------------------------------------------------------------------


def test_it_is_told_success_in_exactly_seven_characters() -> None:
    answer = ALIPAY.accepted()
    assert (answer.status, answer.body) == (200, b"success")
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (SignatureRefused(SignatureRefused.WRONG_SIGNATURE), 401),
        (NotFound("payment_account"), 404),
        (MalformedBody(), 400),
        (InvalidField("total_amount", "blank"), 400),
        (BodyTooLarge(), 413),
        (Busy(), 503),
        (Unavailable(), 503),
        (KeyError("boom"), 500),
    ],
)
def test_it_is_told_failure_and_tries_again(error: Exception, status: int) -> None:
    answer = ALIPAY.refused(error)
    assert (answer.status, answer.body) == (status, b"failure")
