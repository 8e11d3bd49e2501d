"""What surrounds every payment provider's notification: the body, the shop, the log, the answer."""

import io
import json
from base64 import b64encode
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest

from orderhub import bootstrap
from orderhub.domain.errors import Busy, NotFound, SignatureRefused
from orderhub.domain.money import Money
from orderhub.domain.payment_account import OpenedAccount
from orderhub.domain.report import PaymentReport, ReportKind
from orderhub.domain.shop import Shop
from orderhub.http import answering
from orderhub.http.notification import Reports, notification_endpoint
from orderhub.payments.contract import Notification
from orderhub.services.desk import Desk
from orderhub.services.manage_payment_accounts import set_account
from orderhub.services.payment_accounts import AccountKeeper
from orderhub.wire.contract import BodyTooLarge, MalformedBody, Response
from tests.support.api import LambdaContext
from tests.support.fakes import NOON, FakeDesk, FakePaymentAccounts, FakeShops, FakeVault

SECRET = "whsec_" + "s" * 32
LARGEST = 1000
REPORT = PaymentReport(
    kind=ReportKind.CAPTURED,
    provider="stripe",
    event_id="evt_1",
    at=NOON,
    transaction_id="pi_1",
    reference="1766543210987654",
    amount=Money(12800, "EUR"),
)


@dataclass
class Sender:
    """A provider that believes everybody, and keeps what it was given."""

    name: str = "stripe"
    max_body_bytes: int = LARGEST
    told: list[PaymentReport] = field(default_factory=lambda: [REPORT])
    problem: Exception | None = None
    seen: list[tuple[Notification, OpenedAccount]] = field(default_factory=list)

    def reports(
        self, notification: Notification, account: OpenedAccount
    ) -> Sequence[PaymentReport]:
        self.seen.append((notification, account))
        if self.problem:
            raise self.problem
        return self.told

    def accepted(self) -> Response:
        return Response(200, {"received": True})

    def refused(self, error: Exception) -> Response:
        match error:
            case SignatureRefused() | NotFound() | BodyTooLarge() | MalformedBody():
                return Response(400, {"received": False})
            case Busy():
                return Response(503, {"received": False})
        return Response(500, {"received": False})


class Site:
    """A function for ``sender``'s notifications, and the shop ``demo`` that has an account."""

    def __init__(self) -> None:
        self.fakes = FakeDesk()
        self.sender = Sender()
        self.applied: list[tuple[PaymentReport, str]] = []
        self.problem: Exception | None = None
        self.desk = self.fakes.desk
        shops, accounts, vault = FakeShops(), FakePaymentAccounts(), FakeVault()
        self.accounts = accounts
        shops.put(Shop(id="demo", name="Demo", currency="EUR", created_at=NOON))
        set_account(
            shops, accounts, lambda: vault, self.fakes.clock, "demo", "stripe", secrets=[SECRET]
        )
        self.payment_accounts = AccountKeeper(accounts, lambda: vault, self.fakes.clock)

        @notification_endpoint(self.sender)
        def handler(reports: Reports, shop_id: str, desk: Desk) -> None:
            assert desk is self.desk
            if self.problem:
                raise self.problem
            self.applied += [(report, shop_id) for report in reports]

        self.handler = handler

    def post(self, body: str | None = "{}", *, shop_id: str = "demo", **more: Any) -> Any:
        event = {
            "routeKey": "POST /webhooks/payments/stripe/{shop_id}",
            "headers": {"Stripe-Signature": "t=1,v1=2", "content-type": "application/json"},
            "requestContext": {"requestId": "request-1"},
            "pathParameters": {"shop_id": shop_id},
            "isBase64Encoded": False,
            **more,
        }
        if body is not None:
            event["body"] = body
        return self.handler(event, LambdaContext())


@pytest.fixture
def site(monkeypatch: pytest.MonkeyPatch) -> Site:
    site = Site()
    monkeypatch.setattr(bootstrap, "application", lambda: site)
    return site


@pytest.fixture
def lines(monkeypatch: pytest.MonkeyPatch) -> Callable[[], list[dict[str, Any]]]:
    """The log lines so far."""
    out = io.StringIO()
    monkeypatch.setattr(answering.logger.handlers[0], "stream", out)
    return lambda: [json.loads(line) for line in out.getvalue().splitlines()]


def test_what_a_provider_reports_is_applied_to_the_shop_of_the_path(site: Site) -> None:
    answer = site.post()
    assert (answer["statusCode"], answer["body"]) == (200, '{"received":true}')
    assert site.applied == [(REPORT, "demo")]


def test_the_provider_sees_the_request_as_it_came(site: Site) -> None:
    site.post('{"a": "ü"}', queryStringParameters={"x": "1"})
    ((notification, account),) = site.sender.seen
    assert notification.body == '{"a": "ü"}'.encode()
    assert notification.headers["stripe-signature"] == "t=1,v1=2"
    assert notification.query == {"x": "1"}
    assert notification.now == site.fakes.clock.now()
    assert account.account.shop_id == "demo"
    assert account.secrets == (SECRET,)


@pytest.mark.parametrize("raw", [b"", b"\x00\xff\xfe", b"a=%D6%D0", '{"a": "ü"}'.encode()])
def test_a_body_in_base64_arrives_byte_for_byte(site: Site, raw: bytes) -> None:
    site.post(b64encode(raw).decode(), isBase64Encoded=True)
    assert site.sender.seen[0][0].body == raw


def test_a_request_without_a_body_has_an_empty_one(site: Site) -> None:
    site.post(None)
    assert site.sender.seen[0][0].body == b""


@pytest.mark.parametrize("is_base64", [False, True])
def test_what_is_too_large_is_not_looked_at(site: Site, *, is_base64: bool) -> None:
    raw = "x" * (LARGEST + 1)
    body = b64encode(raw.encode()).decode() if is_base64 else raw
    answer = site.post(body, isBase64Encoded=is_base64)
    assert answer["statusCode"] == 400
    # The account is neither looked for nor opened.
    assert (site.sender.seen, site.accounts.reads) == ([], 1)


def test_the_largest_body_is_taken(site: Site) -> None:
    assert site.post("x" * LARGEST)["statusCode"] == 200


@pytest.mark.parametrize("body", ["no base64!", "YQ"])
def test_what_is_no_base64_is_refused(site: Site, body: str) -> None:
    assert site.post(body, isBase64Encoded=True)["statusCode"] == 400
    assert site.sender.seen == []


@pytest.mark.parametrize("shop_id", ["other", "", "demo ", "../demo", "x" * 5000, "\x00", "店"])
def test_a_shop_without_an_account_takes_no_notifications(site: Site, shop_id: str) -> None:
    assert site.post(shop_id=shop_id)["statusCode"] == 400
    assert (site.sender.seen, site.applied) == ([], [])


def test_another_providers_account_opens_nothing(site: Site) -> None:
    site.sender.name = "wechatpay"
    assert site.post()["statusCode"] == 400
    assert site.sender.seen == []


def test_what_is_refused_is_not_applied(site: Site) -> None:
    site.sender.problem = SignatureRefused(SignatureRefused.WRONG_SIGNATURE)
    assert site.post()["statusCode"] == 400
    assert site.applied == []


def test_what_cannot_be_applied_now_is_answered_so_that_it_comes_again(site: Site) -> None:
    site.problem = Busy("too many writers")
    assert site.post()["statusCode"] == 503


def test_a_notification_of_nothing_is_taken(site: Site) -> None:
    site.sender.told = []
    assert site.post()["statusCode"] == 200


def test_every_notification_leaves_one_line(
    site: Site, lines: Callable[[], list[dict[str, Any]]]
) -> None:
    site.post('{"payer": "Han Meimei"}')
    (line,) = lines()
    assert (line["wire"], line["provider"], line["shop_id"]) == ("payments", "stripe", "demo")
    assert (line["kinds"], line["event_ids"]) == (["captured"], ["evt_1"])
    assert (line["status"], line["correlation_id"]) == (200, "request-1")
    assert line["milliseconds"] >= 0
    for secret in ("Han Meimei", SECRET, "v1=2", "128"):
        assert secret not in json.dumps(line)


def test_a_refused_notification_says_why_in_the_log_alone(
    site: Site, lines: Callable[[], list[dict[str, Any]]]
) -> None:
    site.sender.problem = SignatureRefused(SignatureRefused.OUT_OF_TIME)
    answer = site.post()
    (line,) = lines()
    assert (line["shop_id"], line["reason"], line["status"]) == ("demo", "out_of_time", 400)
    assert "out_of_time" not in answer["body"]
    assert line["level"] == "INFO"
    assert "trace" not in line


def test_a_fault_of_ours_leaves_its_trace(
    site: Site, lines: Callable[[], list[dict[str, Any]]]
) -> None:
    site.problem = KeyError("nobody foresaw this")
    assert site.post()["statusCode"] == 500
    (line,) = lines()
    assert line["level"] == "ERROR"
    assert "nobody foresaw this" in line["trace"]
