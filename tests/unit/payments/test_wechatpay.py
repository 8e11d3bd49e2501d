"""WeChat Pay's notifications: who may send them, and what they say."""

import json
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from wechatpayv3 import WeChatPay, WeChatPayType
from wechatpayv3.utils import rsa_sign

from orderhub.domain.errors import (
    Busy,
    InvalidField,
    NotFound,
    SignatureRefused,
    Unavailable,
)
from orderhub.domain.money import Money
from orderhub.domain.payment_account import OpenedAccount, PaymentAccount
from orderhub.domain.report import PaymentReport, RefundOutcome, ReportKind
from orderhub.payments.wechatpay import WECHATPAY
from orderhub.wire.contract import BodyTooLarge, MalformedBody
from tests.support.providers import (
    WECHATPAY_APPID,
    WECHATPAY_KEY,
    WECHATPAY_MCHID,
    KeyPair,
    SignedRequest,
    key_pair,
    wechatpay_refund,
    wechatpay_request,
    wechatpay_signed,
    wechatpay_transaction,
)

NOW = datetime(2026, 3, 1, 4, 0, 0, tzinfo=UTC)
PAID = Money(12800, "CNY")
ORDER_ID = "1766543210987654"
TRANSACTION = "4200002026030112345678901234"
PUBLIC_KEY_ID = "PUB_KEY_ID_0119000001092026030100331000000000"
OTHER_KEY = "vutsrqponmlkjihgfedcba9876543210"


@pytest.fixture(scope="module")
def keys() -> KeyPair:
    return key_pair("wechatpay")


def account(
    *secrets: str, public_keys: dict[str, str] | None = None, **settings: str
) -> OpenedAccount:
    keys = key_pair("wechatpay")
    kept = {keys.serial: keys.certificate_pem} if public_keys is None else public_keys
    return OpenedAccount(
        PaymentAccount(
            shop_id="demo",
            provider="wechatpay",
            created_at=NOW,
            updated_at=NOW,
            settings={"mchid": WECHATPAY_MCHID, "appid": WECHATPAY_APPID, **settings},
            public_keys=kept,
        ),
        secrets or (WECHATPAY_KEY,),
    )


def transaction(**more: Any) -> dict[str, Any]:
    return wechatpay_transaction(ORDER_ID, PAID, transaction_id=TRANSACTION, at=NOW) | more


def refund(**more: Any) -> dict[str, Any]:
    back = Money(2800, "CNY")
    return wechatpay_refund(ORDER_ID, PAID, back, transaction_id=TRANSACTION, at=NOW) | more


def paid(keys: KeyPair, **more: Any) -> SignedRequest:
    told = transaction(**more)
    return wechatpay_request(keys, WECHATPAY_KEY, "TRANSACTION.SUCCESS", told, at=NOW)


def read(
    request: SignedRequest, opened: OpenedAccount | None = None, *, now: datetime = NOW
) -> list[PaymentReport]:
    return list(WECHATPAY.reports(request.notification(now), opened or account()))


def refusal(request: SignedRequest, opened: OpenedAccount | None = None, **more: Any) -> str:
    with pytest.raises(SignatureRefused) as refused:
        read(request, opened, **more)
    return refused.value.reason


# -- what it says ----------------------------------------------------------------------------------


def test_a_successful_transaction_is_a_capture(keys: KeyPair) -> None:
    request = wechatpay_request(
        keys,
        WECHATPAY_KEY,
        "TRANSACTION.SUCCESS",
        transaction(success_time="2026-03-01T11:59:30+08:00"),
        event_id="EV-2018022511223320873",
        at=NOW,
    )
    assert read(request) == [
        PaymentReport(
            kind=ReportKind.CAPTURED,
            provider="wechatpay",
            event_id="EV-2018022511223320873",
            at=NOW - timedelta(seconds=30),
            transaction_id=TRANSACTION,
            reference=ORDER_ID,
            amount=PAID,
            method="JSAPI",
        )
    ]


@pytest.mark.parametrize(
    ("state", "kind"),
    [
        ("SUCCESS", ReportKind.CAPTURED),
        ("REFUND", ReportKind.CAPTURED),
        ("NOTPAY", ReportKind.PENDING),
        ("USERPAYING", ReportKind.PENDING),
        ("ACCEPT", ReportKind.PENDING),
        ("CLOSED", ReportKind.FAILED),
        ("REVOKED", ReportKind.FAILED),
        ("PAYERROR", ReportKind.FAILED),
    ],
)
def test_each_state_is_reported(keys: KeyPair, state: str, kind: ReportKind) -> None:
    [report] = read(paid(keys, trade_state=state))
    assert report.kind is kind
    assert bool(report.failure) is (kind is ReportKind.FAILED)


def test_a_failure_says_why(keys: KeyPair) -> None:
    [report] = read(paid(keys, trade_state="PAYERROR", trade_state_desc="余额不足"))
    assert report.failure == "PAYERROR: 余额不足"


def test_what_is_not_paid_yet_has_no_transaction(keys: KeyPair) -> None:
    waiting = transaction(trade_state="NOTPAY", success_time="")
    del waiting["transaction_id"], waiting["amount"]
    [report] = read(wechatpay_request(keys, WECHATPAY_KEY, "TRANSACTION.SUCCESS", waiting, at=NOW))
    assert (report.transaction_id, report.reference, report.amount) == ("", ORDER_ID, None)
    assert report.at == NOW


def test_an_amount_without_a_currency_is_in_yuan(keys: KeyPair) -> None:
    [report] = read(paid(keys, amount={"total": 1}))
    assert report.amount == Money(1, "CNY")


def test_another_currency_is_told(keys: KeyPair) -> None:
    [report] = read(paid(keys, amount={"total": 12800, "currency": "HKD"}))
    assert report.amount == Money(12800, "HKD")


@pytest.mark.parametrize(
    ("event_type", "outcome"),
    [
        ("REFUND.SUCCESS", RefundOutcome.SUCCEEDED),
        ("REFUND.ABNORMAL", RefundOutcome.UNDER_WAY),
        ("REFUND.CLOSED", RefundOutcome.FAILED),
    ],
)
def test_a_refund_has_a_name_an_amount_and_an_outcome(
    keys: KeyPair, event_type: str, outcome: RefundOutcome
) -> None:
    told = refund(refund_status=event_type.removeprefix("REFUND."))
    [report] = read(wechatpay_request(keys, WECHATPAY_KEY, event_type, told, at=NOW))
    assert report.kind is ReportKind.REFUNDED
    assert (report.transaction_id, report.reference) == (TRANSACTION, ORDER_ID)
    assert (report.refund_id, report.amount) == (told["refund_id"], Money(2800, "CNY"))
    assert report.refund_outcome is outcome
    assert bool(report.failure) is (outcome is RefundOutcome.FAILED)


@pytest.mark.parametrize(
    "kind", ["SECURITY_ECHO.SUCCESS", "COMPLAINT.CREATE", "PAYSCORE.USER_PAID"]
)
def test_other_events_report_nothing(keys: KeyPair, kind: str) -> None:
    assert read(wechatpay_signed(keys, json.dumps({"event_type": kind}).encode(), at=NOW)) == []


@pytest.mark.parametrize(
    "wrong",
    [
        {"trade_state": "ODD"},
        {"trade_state": 1},
        {"amount": None},
        {"amount": []},
        {"amount": {"total": 0}},
        {"amount": {"total": -1}},
        {"amount": {"total": "12800"}},
        {"amount": {"total": 128.5}},
        {"amount": {"total": True}},
        {"amount": {"total": 2**53}},
        {"amount": {"total": 10**400}},
        {"amount": {"total": 1, "currency": "QQQ"}},
        {"transaction_id": None},
        {"transaction_id": ""},
        {"transaction_id": "x" * 256},
        {"out_trade_no": ""},
        {"out_trade_no": "订单"},
        {"out_trade_no": ["1"]},
        {"success_time": "2026-03-01"},
        {"success_time": "2026-03-01T12:00:00"},
        {"success_time": "0001-01-01T00:00:00+08:00"},
        {"success_time": 1},
    ],
)
def test_what_it_signed_and_nobody_can_read_is_refused(
    keys: KeyPair, wrong: dict[str, Any]
) -> None:
    with pytest.raises((InvalidField, MalformedBody)):
        read(paid(keys, **wrong))


# -- who sent it -----------------------------------------------------------------------------------


def test_a_public_key_may_stand_in_for_a_certificate(keys: KeyPair) -> None:
    told = transaction()
    request = wechatpay_request(
        keys, WECHATPAY_KEY, "TRANSACTION.SUCCESS", told, serial=PUBLIC_KEY_ID, at=NOW
    )
    for kept in (keys.public_pem, keys.public_base64):
        assert read(request, account(public_keys={PUBLIC_KEY_ID: kept}))


def test_any_key_that_is_still_kept_opens_it(keys: KeyPair) -> None:
    assert read(paid(keys), account("too short", OTHER_KEY, WECHATPAY_KEY))


def test_what_another_librarys_sender_signs_is_taken(keys: KeyPair) -> None:
    request = paid(keys)
    stamp, nonce = request.headers["wechatpay-timestamp"], request.headers["wechatpay-nonce"]
    theirs = rsa_sign(keys.private, f"{stamp}\n{nonce}\n{request.body.decode()}\n")
    headers = {**request.headers, "wechatpay-signature": theirs}
    assert read(SignedRequest(headers, request.body)) == read(request)


def test_another_library_takes_what_our_tests_sign(keys: KeyPair) -> None:
    theirs = WeChatPay(
        WeChatPayType.JSAPI,
        WECHATPAY_MCHID,
        keys.private_pem,
        keys.serial,
        WECHATPAY_APPID,
        apiv3_key=WECHATPAY_KEY,
        public_key=keys.public_pem,
        public_key_id=PUBLIC_KEY_ID,
    )
    told = transaction()
    request = wechatpay_request(
        keys, WECHATPAY_KEY, "TRANSACTION.SUCCESS", told, serial=PUBLIC_KEY_ID
    )
    assert theirs.callback(dict(request.headers), request.body)["resource"] == told


def test_another_key_is_refused(keys: KeyPair) -> None:
    told = transaction()
    forged = wechatpay_request(
        key_pair("somebody else"),
        WECHATPAY_KEY,
        "TRANSACTION.SUCCESS",
        told,
        serial=keys.serial,
        at=NOW,
    )
    assert refusal(forged) == SignatureRefused.WRONG_SIGNATURE


@pytest.mark.parametrize("serial", ["0", "PUB_KEY_ID_", "../etc"])
def test_a_key_that_is_not_kept_is_refused(keys: KeyPair, serial: str) -> None:
    told = transaction()
    request = wechatpay_request(
        keys, WECHATPAY_KEY, "TRANSACTION.SUCCESS", told, serial=serial, at=NOW
    )
    assert refusal(request) == SignatureRefused.UNKNOWN


def test_a_key_that_is_none_can_be_mended(keys: KeyPair) -> None:
    with pytest.raises(Unavailable):
        read(paid(keys), account(public_keys={keys.serial: "nonsense"}))


@pytest.mark.parametrize("secrets", [(OTHER_KEY,), ("short",)])
def test_what_was_encrypted_for_another_account_is_refused(
    keys: KeyPair, secrets: tuple[str, ...]
) -> None:
    assert refusal(paid(keys), account(*secrets)) == SignatureRefused.UNKNOWN


@pytest.mark.parametrize("other", [{"mchid": "1900000110"}, {"appid": "wx0000000000000000"}])
def test_a_notification_for_another_merchant_is_refused(
    keys: KeyPair, other: dict[str, str]
) -> None:
    assert refusal(paid(keys, **other)) == SignatureRefused.UNKNOWN


def test_a_refund_for_another_merchant_is_refused(keys: KeyPair) -> None:
    told = refund(mchid="1900000110")
    request = wechatpay_request(keys, WECHATPAY_KEY, "REFUND.SUCCESS", told, at=NOW)
    assert refusal(request) == SignatureRefused.UNKNOWN


def test_the_app_is_looked_at_only_where_the_account_names_one(keys: KeyPair) -> None:
    assert read(paid(keys, appid="wx0000000000000000"), account(appid=""))


def test_an_account_without_a_merchant_takes_nothing(keys: KeyPair) -> None:
    opened = account()
    unset = OpenedAccount(replace(opened.account, settings={}), opened.secrets)
    assert refusal(paid(keys), unset) == SignatureRefused.UNKNOWN


@pytest.mark.parametrize("seconds", [-300, 0, 300])
def test_clocks_may_differ_by_five_minutes(keys: KeyPair, seconds: int) -> None:
    assert read(paid(keys), now=NOW + timedelta(seconds=seconds))


@pytest.mark.parametrize("seconds", [-301, 301, 86400])
def test_what_was_sent_earlier_or_later_is_refused(keys: KeyPair, seconds: int) -> None:
    later = NOW + timedelta(seconds=seconds)
    assert refusal(paid(keys), now=later) == SignatureRefused.OUT_OF_TIME


# -- changed on its way ----------------------------------------------------------------------------


def changed(request: SignedRequest) -> Iterator[SignedRequest]:
    """The request with one bit changed, each of its body and of its signature in turn."""
    for bit in range(len(request.body) * 8):
        body = bytearray(request.body)
        body[bit // 8] ^= 1 << bit % 8
        yield SignedRequest(request.headers, bytes(body))
    for name in ("signature", "timestamp", "nonce", "serial"):
        value = request.headers[f"wechatpay-{name}"].encode()
        for bit in range(len(value) * 8):
            flipped = bytearray(value)
            flipped[bit // 8] ^= 1 << bit % 8
            headers = {**request.headers, f"wechatpay-{name}": flipped.decode("latin-1")}
            yield SignedRequest(headers, request.body)


def test_a_changed_bit_is_refused_wherever_it_is(keys: KeyPair) -> None:
    for request in changed(paid(keys)):
        refusal(request)


def test_probes_of_wechat_pay_are_refused(keys: KeyPair) -> None:
    request = paid(keys)
    probe = "WECHATPAY/SIGNTEST/" + request.headers["wechatpay-signature"][19:]
    headers = {**request.headers, "wechatpay-signature": probe}
    assert refusal(SignedRequest(headers, request.body)) == SignatureRefused.WRONG_SIGNATURE


@pytest.mark.parametrize("name", ["signature", "timestamp", "nonce", "serial"])
@pytest.mark.parametrize("blank", [True, False])
def test_without_one_of_its_headers_it_is_not_signed(keys: KeyPair, name: str, blank: bool) -> None:
    request = paid(keys)
    headers = dict(request.headers)
    del headers[f"wechatpay-{name}"]
    if blank:
        headers[f"wechatpay-{name}"] = ""
    assert refusal(SignedRequest(headers, request.body)) == SignatureRefused.UNSIGNED


def test_another_scheme_is_refused(keys: KeyPair) -> None:
    request = paid(keys)
    headers = {**request.headers, "wechatpay-signature-type": "WECHATPAY2-SM2-WITH-SM3"}
    assert refusal(SignedRequest(headers, request.body)) == SignatureRefused.UNSUPPORTED


_HEADER = st.text(max_size=40) | st.text(st.characters(categories=["Cs"]), max_size=3)


@given(
    headers=st.fixed_dictionaries(
        {},
        optional={
            "wechatpay-signature": _HEADER | st.just("AAAA"),
            "wechatpay-timestamp": _HEADER | st.just(str(int(NOW.timestamp()))),
            "wechatpay-nonce": _HEADER,
            "wechatpay-serial": _HEADER | st.just(key_pair("wechatpay").serial),
            "wechatpay-signature-type": _HEADER,
        },
    ),
    body=st.binary(max_size=50),
)
def test_no_header_is_a_surprise(headers: dict[str, str], body: bytes) -> None:
    refusal(SignedRequest(headers, body))


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=8,
)


@given(body=st.binary(max_size=80) | _JSON.map(lambda value: json.dumps(value).encode()))
def test_no_signed_body_is_a_surprise(body: bytes) -> None:
    with pytest.raises(MalformedBody):
        read(wechatpay_signed(key_pair("wechatpay"), body, at=NOW))


@pytest.mark.parametrize(
    "body",
    [
        b'{"event_type":"TRANSACTION.SUCCESS","x":' + b"[" * 10_000 + b"]" * 10_000 + b"}",
        b'{"event_type":"TRANSACTION.SUCCESS","id":NaN}',
        b'{"event_type":"TRANSACTION.SUCCESS","id":"\\ud800"}',
        b'{"event_type":"TRANSACTION.SUCCESS","id":"\xff"}',
        b'{"event_type":"TRANSACTION.SUCCESS","id":' + b"9" * 10_000 + b"}",
        b'\xef\xbb\xbf{"event_type":"TRANSACTION.SUCCESS"}',
    ],
)
def test_hostile_json_is_refused(keys: KeyPair, body: bytes) -> None:
    with pytest.raises(MalformedBody):
        read(wechatpay_signed(keys, body, at=NOW))


@pytest.mark.parametrize(
    "change",
    [
        {"algorithm": "AEAD_SM4_GCM"},
        {"ciphertext": "!"},
        {"ciphertext": "密文"},
        {"nonce": None},
        {"associated_data": 1},
    ],
)
def test_a_resource_that_is_none_is_refused(keys: KeyPair, change: dict[str, Any]) -> None:
    event = json.loads(paid(keys).body)
    event["resource"] |= change
    with pytest.raises(MalformedBody):
        read(wechatpay_signed(keys, json.dumps(event).encode(), at=NOW))


@pytest.mark.parametrize(
    "change", [{"ciphertext": ""}, {"nonce": ""}, {"nonce": "n" * 200}, {"associated_data": None}]
)
def test_a_resource_that_no_key_opens_is_refused(keys: KeyPair, change: dict[str, Any]) -> None:
    event = json.loads(paid(keys).body)
    event["resource"] |= change
    request = wechatpay_signed(keys, json.dumps(event).encode(), at=NOW)
    assert refusal(request) == SignatureRefused.UNKNOWN


@given(
    event_type=st.sampled_from(["TRANSACTION.SUCCESS", "REFUND.SUCCESS"]),
    changes=st.dictionaries(
        st.sampled_from(sorted({*transaction(), *refund()})), _JSON, max_size=3
    ),
)
def test_nothing_that_it_encrypts_is_a_surprise(event_type: str, changes: dict[str, Any]) -> None:
    told = {**transaction(), **refund(), **changes}
    request = wechatpay_request(key_pair("wechatpay"), WECHATPAY_KEY, event_type, told, at=NOW)
    with suppress(SignatureRefused, InvalidField, MalformedBody):
        read(request)


# -- answers ---------------------------------------------------------------------------------------


def test_it_is_told_that_we_have_it() -> None:
    answer = WECHATPAY.accepted()
    assert (answer.status, answer.body) == (200, {"code": "SUCCESS", "message": "成功"})


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (SignatureRefused(SignatureRefused.WRONG_SIGNATURE), 401),
        (NotFound("payment_account"), 404),
        (MalformedBody(), 400),
        (InvalidField("amount", "blank"), 400),
        (BodyTooLarge(), 413),
        (Busy(), 503),
        (Unavailable(), 503),
        (KeyError("boom"), 500),
    ],
)
def test_it_is_told_that_we_don_t_and_not_why(error: Exception, status: int) -> None:
    answer = WECHATPAY.refused(error)
    assert (answer.status, answer.body) == (status, {"code": "FAIL", "message": "失败"})
