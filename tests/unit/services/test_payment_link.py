"""Links to pay by: whom they are sent to, how long they hold, what came of them."""

import re
from dataclasses import replace
from datetime import timedelta

import pytest

from orderhub.domain import commands
from orderhub.domain.commands import Change, Placement
from orderhub.domain.details import Actor, Details
from orderhub.domain.errors import InvalidField, NotFound, Reason, Refused, Unavailable
from orderhub.domain.events import Terms
from orderhub.domain.lines import LineRequest
from orderhub.domain.money import Money, UnitPrice
from orderhub.domain.order import Order
from orderhub.domain.payment import Payment, PaymentState
from orderhub.services.authenticate import token_hash
from orderhub.services.payment_link import (
    Failure,
    LinkRequest,
    Outcome,
    RefusedBy,
    send_payment_link,
    transaction_result,
)
from orderhub.services.place_order import place_order
from tests.support.fakes import NOON, FakeDesk, FakeMailer

CLERK = Actor("brandcloud", "1", "QQ Wang")
PAGE = "https://pay.example.com/pay/{token}"


class Till:
    """A desk, a mailbox and an order of 100 EUR, to be paid by PayPal within 15 minutes."""

    def __init__(self) -> None:
        self.fake = FakeDesk()
        self.desk = self.fake.desk
        self.mailer = FakeMailer()
        self.order = self.place()

    def place(self, method: str = "PayPal", timeout: int | None = 900, lines: int = 1) -> Order:
        wanted = LineRequest(product_id="1", quantity=1, unit_price=UnitPrice.of("100", "EUR"))
        placement = Placement(
            wire="brandcloud",
            currency="EUR",
            terms=Terms(payment_timeout=timeout, refund_window=86400),
            details=Details(payment_method=method),
            lines=[wanted] * lines,
        )
        return place_order(self.desk, "demo", placement, CLERK).order

    def send(self, order: Order | None = None, email: str = "a@example.com") -> str:
        """The token that is in the mail."""
        wanted = LinkRequest(email=email, seller="TW Shop", page_url=PAGE)
        send_payment_link(self.desk, self.mailer, order or self.order, wanted)
        found = re.search(r"/pay/(\S+)", self.mailer.sent[-1].text)
        assert found
        return found[1]

    def happen(self, command: object, *args: object, order: Order | None = None) -> Order:
        target = order or self.order

        def decide(change: Change) -> None:
            command(change, *args)  # type: ignore[operator]

        change = self.desk.change("demo", target.id, CLERK, decide)
        if order is None:
            self.order = change.order
        return change.order

    def payment(self, transaction: str = "PP1", provider: str = "paypal") -> Payment:
        return Payment(
            id=0,
            provider=provider,
            transaction_id=transaction,
            amount=Money.of("100", "EUR"),
            state=PaymentState.PENDING,
            created_at=NOON,
            updated_at=NOON,
            method="PayPal" if provider == "paypal" else "cash",
            payer="payer@example.com" if provider == "paypal" else "",
        )

    def start(self, transaction: str = "PP1") -> None:
        self.happen(commands.start_payment, self.payment(transaction), None)

    def fail(self, failure: str, transaction: str = "PP1") -> None:
        self.happen(commands.fail_payment, "paypal", transaction, failure)

    def capture(self, transaction: str = "PP1", provider: str = "paypal") -> None:
        self.happen(commands.capture_payment, self.payment(transaction, provider))

    def refusal(self, order: Order | None = None, email: str = "a@example.com") -> str:
        with pytest.raises(Refused) as refused:
            self.send(order, email)
        assert not self.mailer.sent
        assert not self.fake.links.by_hash
        return refused.value.reason


@pytest.fixture
def till() -> Till:
    return Till()


# -- sending -------------------------------------------------------------------------------------


def test_the_consumer_gets_one_mail_with_all_that_is_needed_to_pay(till: Till) -> None:
    token = till.send()
    (mail,) = till.mailer.sent
    assert mail.to == "a@example.com"
    assert till.order.number in mail.subject
    for needed in (PAGE.replace("{token}", token), "100.00 EUR", "TW Shop", "15 minutes"):
        assert needed in mail.text


def test_tokens_can_not_be_guessed_and_only_their_hashes_are_stored(till: Till) -> None:
    tokens = {till.send() for _ in range(50)}
    assert len(tokens) == 50
    assert all(len(token) >= 43 for token in tokens)
    assert set(till.fake.links.by_hash) == {token_hash(token) for token in tokens}
    assert not any(token in repr(till.fake.links.by_hash) for token in tokens)


@pytest.mark.parametrize(
    ("timeout", "waited", "lives"),
    [(3600, 0, 900), (900, 300, 600), (None, 5000, 900)],
)
def test_a_link_holds_15_minutes_and_never_longer_than_the_order(
    till: Till, timeout: int | None, waited: int, lives: int
) -> None:
    order = till.place(timeout=timeout)
    till.fake.clock.advance(waited)
    link = till.fake.links.by_hash[token_hash(till.send(order))]
    assert link.expires_at - till.fake.clock.now() == timedelta(seconds=lives)
    assert f"{lives // 60} minutes" in till.mailer.sent[-1].text


def test_only_orders_to_be_paid_by_paypal_get_a_link(till: Till) -> None:
    assert till.refusal(till.place("cash")) == Reason.OTHER_PAYMENT_METHOD
    assert till.refusal(till.place("")) == Reason.OTHER_PAYMENT_METHOD


def test_a_paid_order_gets_none_nor_does_a_refunded_one(till: Till) -> None:
    till.capture()
    assert till.refusal() == Reason.ORDER_PAID
    till.happen(commands.request_refund, Money.of("100", "EUR"))
    till.happen(commands.settle_refund, 1)
    assert till.refusal() == Reason.ORDER_PAID


def test_an_order_whose_payment_is_under_way_gets_none(till: Till) -> None:
    till.start()
    assert till.refusal() == Reason.PAYMENT_CONFIRMING


def test_a_closed_order_gets_none_and_a_timed_out_one_at_once(till: Till) -> None:
    cancelled = till.happen(commands.cancel, order=till.place())
    assert till.refusal(cancelled) == Reason.ORDER_CANCELLED
    till.fake.clock.advance(900)
    assert till.refusal() == Reason.ORDER_EXPIRED


def test_an_order_without_lines_gets_none(till: Till) -> None:
    assert till.refusal(till.place(lines=0)) == Reason.NOTHING_TO_PAY


def test_a_wire_may_forbid_more_and_is_asked_first(till: Till) -> None:
    class Forbidden(Exception):
        pass

    def permit(order: Order) -> None:
        raise Forbidden(order.status)

    till.fake.clock.advance(900)
    wanted = LinkRequest(email="nonsense", seller="", page_url=PAGE)
    with pytest.raises(Forbidden, match="expired"):
        send_payment_link(till.desk, till.mailer, till.order, wanted, permit=permit)


@pytest.mark.parametrize(
    "email",
    [
        "",
        "a",
        "a@b",
        "@example.com",
        "a@",
        "a b@example.com",
        "a@example.com ",
        "a@example.com\nBcc: b@example.com",
        "a@example.com,b@example.com",
        "A <a@example.com>",
        "a@exa_mple.com",
        "a..b@example.com",
        "a@-example.com",
        "a@example.com\x00",
        "王@example.com",
        "a" * 250 + "@example.com",
    ],
)
def test_an_address_that_is_not_plainly_one_is_refused(till: Till, email: str) -> None:
    with pytest.raises(InvalidField) as invalid:
        till.send(email=email)
    assert (invalid.value.field, invalid.value.reason) == ("email", "invalid")
    assert not till.mailer.sent
    assert not till.fake.links.by_hash


@pytest.mark.parametrize(
    "email", ["a@gmail.com", "a.b+tag@sub.example.co.uk", "o'neil@xn--bcher-kva.example", "1@1.tw"]
)
def test_usual_addresses_get_mail(till: Till, email: str) -> None:
    till.send(email=email)
    assert till.mailer.sent[-1].to == email


def test_a_seller_can_not_write_into_the_mail_s_head(till: Till) -> None:
    wanted = LinkRequest(email="a@example.com", seller="TW\r\nBcc: x@example.com", page_url=PAGE)
    send_payment_link(till.desk, till.mailer, till.order, wanted)
    assert "\n" not in till.mailer.sent[0].subject
    assert "\r" not in till.mailer.sent[0].subject


def test_a_mail_that_could_not_be_sent_can_be_sent_again(till: Till) -> None:
    till.mailer.broken = Unavailable("no answer")
    with pytest.raises(Unavailable):
        till.send()
    till.mailer.broken = None
    assert transaction_result(till.desk, till.send()).outcome is Outcome.PENDING


# -- what came of it -----------------------------------------------------------------------------


def test_while_nobody_has_paid_there_is_nothing_to_tell(till: Till) -> None:
    result = transaction_result(till.desk, till.send())
    assert (result.outcome, result.at, result.failure) == (Outcome.PENDING, NOON, None)


def test_a_captured_payment_is_a_success_with_all_that_there_is_to_tell(till: Till) -> None:
    token = till.send()
    till.fake.clock.advance(60)
    till.start()
    assert transaction_result(till.desk, token).outcome is Outcome.PENDING
    till.fake.clock.advance(60)
    till.capture()
    result = transaction_result(till.desk, token)
    assert result.outcome is Outcome.PAID
    assert result.at == NOON + timedelta(seconds=120)
    assert result.order.number == till.order.number
    assert result.payment is not None
    assert (result.payment.transaction_id, result.payment.payer) == ("PP1", "payer@example.com")
    assert result.email == "a@example.com"


@pytest.mark.parametrize(
    ("told", "code", "description"),
    [
        ("012: card expired", "012", "card expired"),
        ("INSTRUMENT_DECLINED:  no: really", "INSTRUMENT_DECLINED", "no: really"),
        ("card expired", "", "card expired"),
        ("", "", ""),
    ],
)
def test_paypal_s_refusal_is_told_in_its_words(
    till: Till, told: str, code: str, description: str
) -> None:
    token = till.send()
    till.start()
    till.fake.clock.advance(30)
    till.fail(told)
    result = transaction_result(till.desk, token)
    assert result.outcome is Outcome.FAILED
    assert result.at == NOON + timedelta(seconds=30)
    assert result.failure == Failure(
        refused_by=RefusedBy.PROVIDER, code=code, description=description
    )


def test_a_second_try_that_succeeds_is_a_success(till: Till) -> None:
    token = till.send()
    till.start("PP1")
    till.fail("012: card expired")
    till.start("PP2")
    assert transaction_result(till.desk, token).outcome is Outcome.PENDING
    till.capture("PP2")
    result = transaction_result(till.desk, token)
    assert result.outcome is Outcome.PAID
    assert result.payment is not None
    assert result.payment.transaction_id == "PP2"


def test_what_failed_before_a_link_was_sent_is_not_its_result(till: Till) -> None:
    till.start()
    till.fail("012: card expired")
    till.fake.clock.advance(1)
    assert transaction_result(till.desk, till.send()).outcome is Outcome.PENDING


def test_an_order_that_was_paid_otherwise_needs_no_more_payment(till: Till) -> None:
    token = till.send()
    till.capture("", provider="cash")
    result = transaction_result(till.desk, token)
    assert result.outcome is Outcome.PAID
    assert result.payment is not None
    assert result.payment.method == "cash"


def test_a_refund_does_not_undo_that_it_was_paid(till: Till) -> None:
    token = till.send()
    till.capture()
    till.happen(commands.request_refund, Money.of("100", "EUR"))
    assert transaction_result(till.desk, token).outcome is Outcome.PAID


@pytest.mark.parametrize("written", [False, True])
def test_an_order_that_timed_out_is_our_refusal_whether_a_job_wrote_it_down_or_not(
    till: Till, written: bool
) -> None:
    token = till.send()
    till.fake.clock.advance(900)
    if written:
        till.happen(commands.close_what_is_due)
    result = transaction_result(till.desk, token)
    assert result.at == NOON + timedelta(seconds=900)
    assert result.failure == Failure(
        refused_by=RefusedBy.US, code="order_expired", description="order expired"
    )


def test_a_cancelled_order_is_our_refusal(till: Till) -> None:
    token = till.send()
    till.happen(commands.cancel)
    result = transaction_result(till.desk, token)
    assert result.failure is not None
    assert result.failure.code == "order_cancelled"


def test_a_link_that_nobody_used_in_time_is_spent_though_its_order_lives(till: Till) -> None:
    token = till.send(till.place(timeout=None))
    till.fake.clock.advance(899.999)
    assert transaction_result(till.desk, token).outcome is Outcome.PENDING
    till.fake.clock.advance(0.001)
    result = transaction_result(till.desk, token)
    assert result.failure is not None
    assert (result.failure.refused_by, result.failure.code) == (RefusedBy.US, "link_expired")


def test_looking_changes_nothing(till: Till) -> None:
    token = till.send()
    before = (dict(till.fake.orders.snapshots), till.fake.orders.commits)
    assert transaction_result(till.desk, token) == transaction_result(till.desk, token)
    assert before == (till.fake.orders.snapshots, till.fake.orders.commits)


@pytest.mark.parametrize("token", ["", "nonsense", "x" * 5000, "\udc80", "王"])
def test_a_token_that_never_was_has_no_result(till: Till, token: str) -> None:
    till.send()
    with pytest.raises(NotFound) as missing:
        transaction_result(till.desk, token)
    assert missing.value.kind == "payment_link"


def test_neither_does_its_hash_nor_a_token_that_was_forgotten(till: Till) -> None:
    token = till.send()
    till.capture()
    with pytest.raises(NotFound):
        transaction_result(till.desk, token_hash(token))
    link = till.fake.links.by_hash[token_hash(token)]
    till.fake.clock.time = link.kept_until - timedelta(milliseconds=1)
    assert transaction_result(till.desk, token).outcome is Outcome.PAID
    till.fake.clock.time = link.kept_until
    with pytest.raises(NotFound):
        transaction_result(till.desk, token)


def test_a_link_whose_order_is_gone_has_no_result(till: Till) -> None:
    token = till.send()
    link = till.fake.links.by_hash[token_hash(token)]
    till.fake.links.add(replace(link, shop_id="other"))
    with pytest.raises(NotFound):
        transaction_result(till.desk, token)
