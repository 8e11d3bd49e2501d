"""How Youhaosuda's API writes ids, amounts and times, and counts its callers."""

from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orderhub.domain.errors import (
    Busy,
    InvalidField,
    OrderHubError,
    Reason,
    Refused,
    Unavailable,
)
from orderhub.domain.money import MINOR_UNIT_DIGITS, Money, UnitPrice
from orderhub.domain.numbers import number_of
from orderhub.domain.shop import Shop
from orderhub.wire.contract import Problem, RequestError, Unprocessable
from orderhub.wire.fields import parse
from orderhub.wire.youhaosuda import errors
from orderhub.wire.youhaosuda.schema import Filters
from orderhub.wire.youhaosuda.usage import HEADER, CallMeter
from orderhub.wire.youhaosuda.values import (
    fen,
    in_utc,
    part_number,
    written,
    yuan,
    zone_of,
)
from tests.support.fakes import NOON
from tests.unit.wire.test_marketplace_errors import reasons_in_the_code

CHINA = timezone(timedelta(hours=8))

# -- ids -------------------------------------------------------------------------------------------


@given(st.integers(0, 2**53 - 1))
def test_ids_that_are_numbers_stay_as_they_are(number: int) -> None:
    assert number_of(str(number)) == number


@given(st.text(min_size=1))
def test_every_other_id_has_a_number_that_json_can_carry(text: str) -> None:
    number = number_of(text)
    assert number is not None
    assert 0 <= number < 2**53
    assert number == number_of(text)
    if str(number) != text:
        assert number >= 2**52


@pytest.mark.parametrize("text", ["007", "+1", "1.0", " 1", "١", "9007199254740992", "1" * 400])
def test_what_only_looks_like_a_number_is_text(text: str) -> None:
    number = number_of(text)
    assert number is not None
    assert number >= 2**52


def test_no_id_has_no_number() -> None:
    assert number_of("") is None


def test_numbers_of_ids_never_change() -> None:
    """Clients keep them."""
    assert number_of("kim") == 5184092179109029
    assert part_number(3475969763371347, "item", 1) == 4770451748541743


def test_parts_of_orders_have_different_ids() -> None:
    made = {
        part_number(order_id, kind, position)
        for order_id in (1, 11, 111)
        for kind in ("item", "payment", "shipment")
        for position in range(1, 200)
    }
    assert len(made) == 3 * 3 * 199


# -- amounts ---------------------------------------------------------------------------------------


@given(st.integers(-(2**53), 2**53), st.sampled_from(sorted(MINOR_UNIT_DIGITS)))
def test_amounts_are_exact_and_have_no_zeros_at_their_end(amount: int, currency: str) -> None:
    shown = yuan(Money(amount, currency))
    assert Decimal(shown) * 10 ** MINOR_UNIT_DIGITS[currency] == amount
    text = str(shown)
    assert "E" not in text
    assert "." not in text or not text.endswith(("0", "."))
    assert fen(Money(amount, currency)) == amount


@pytest.mark.parametrize(
    ("price", "shown"), [("0.0375", "0.0375"), ("0.0001", "0.0001"), ("1.5000", "1.5"), ("2", "2")]
)
def test_prices_per_piece_keep_their_decimals(price: str, shown: str) -> None:
    assert str(yuan(UnitPrice.of(price, "CNY"))) == shown


# -- times -----------------------------------------------------------------------------------------


@given(st.datetimes(datetime(2000, 1, 2), datetime(2069, 1, 1)))  # noqa: DTZ001 - zones come next
def test_times_are_read_as_they_are_written(at: datetime) -> None:
    at = at.replace(microsecond=at.microsecond // 1000 * 1000, tzinfo=UTC)
    text = written(at, CHINA)
    assert text.endswith("+08:00")
    assert len(text) == len("2015-04-29T23:09:51.200+08:00")
    assert in_utc(datetime.fromisoformat(text), UTC) == at
    without_offset = text.removesuffix("+08:00")
    assert in_utc(datetime.fromisoformat(without_offset), CHINA) == at


TIMES: list[tuple[str, str]] = [
    ("2014-09-01T01:00:01", "2014-09-01T01:00:01"),
    ("2014-09-01 01:00:01", "2014-09-01T01:00:01"),
    ("2014-09-01T01:00:01.5", "2014-09-01T01:00:01.500000"),
    ("2014-09-01", "2014-09-01T00:00:00"),
    ("2014-09-01T01:00:01Z", "2014-09-01T01:00:01+00:00"),
    ("2014-09-01T01:00:01+08:00", "2014-09-01T01:00:01+08:00"),
    ("2014-09-01T01:00:01 08:00", "2014-09-01T01:00:01+08:00"),
    ("2014-09-01T01:00:01 0800", "2014-09-01T01:00:01+08:00"),
    ("2014-09-01 01:00:01 08:00", "2014-09-01T01:00:01+08:00"),
    ("2014-09-01 01:00", "2014-09-01T01:00:00"),
    ("  2014-09-01T01:00:01 ", "2014-09-01T01:00:01"),
]


@pytest.mark.parametrize(("given_", "meant"), TIMES)
def test_times_come_in_many_spellings(given_: str, meant: str) -> None:
    read = parse(Filters, {"created_at_min": given_}).created_at_min
    assert read is not None
    assert read.isoformat() == meant


def test_a_time_that_the_calendar_can_not_hold_is_its_end() -> None:
    west = timezone(timedelta(hours=-12))
    first, last = datetime.min.replace(tzinfo=CHINA), datetime.max.replace(tzinfo=west)
    assert in_utc(first, UTC) == datetime.min.replace(tzinfo=UTC)
    assert in_utc(last, UTC) == datetime.max.replace(tzinfo=UTC)


def test_a_shop_without_a_zone_of_its_own_is_in_china() -> None:
    shop = Shop(id="demo", name="Demo", currency="CNY", created_at=NOON)
    assert written(NOON, zone_of(shop)) == "2026-11-21T20:00:00.000+08:00"


# -- the call limit --------------------------------------------------------------------------------


class Meter:
    def __init__(self) -> None:
        self.now = 5.0
        self.meter = CallMeter(lambda: self.now)

    def call(self, caller: str = "a") -> str:
        self.meter.count(caller)
        return self.meter.headers()[HEADER]


def test_before_any_call_one_is_used() -> None:
    assert CallMeter().headers() == {HEADER: "1/100"}


def test_calls_of_the_last_second_are_counted_per_caller() -> None:
    meter = Meter()
    assert [meter.call() for _ in range(3)] == ["1/100", "2/100", "3/100"]
    assert meter.call("b") == "1/100"
    meter.now += 0.6
    assert meter.call() == "4/100"
    meter.now += 0.4
    assert meter.call() == "2/100"
    meter.now += 60
    assert meter.call() == "1/100"


def test_the_limit_is_never_reached() -> None:
    """Clients that evaluate the fraction stop at 1."""
    meter = Meter()
    assert [meter.call() for _ in range(500)][-1] == "99/100"


def test_callers_are_forgotten_before_they_fill_the_memory() -> None:
    meter = Meter()
    for n in range(5000):
        assert meter.call(str(n)) == "1/100"
    assert len(meter.meter._calls) <= 1000


# -- errors ----------------------------------------------------------------------------------------


def body(error: Exception) -> Any:
    answer = errors.render(error)
    assert HEADER in answer.headers
    return answer.body


@pytest.mark.parametrize("reason", sorted(v for n, v in vars(Reason).items() if n.isupper()))
def test_every_refusal_has_words(reason: str) -> None:
    told = body(Refused(reason))
    assert told["code"] == 422
    expected = (
        "total_amount超出范围" if reason == Reason.TOTAL_OUT_OF_RANGE else "订单状态不支持编辑"
    )
    assert told["errors"] == [expected]


@pytest.mark.parametrize("reason", sorted(reasons_in_the_code()))
def test_every_reason_why_a_field_is_wrong_has_words(reason: str) -> None:
    (told,) = body(InvalidField("name", reason))["errors"]
    assert told.startswith("name")
    assert told.removeprefix("name")


def test_every_problem_is_an_entry_of_its_own() -> None:
    error = Unprocessable(Problem("total", "blank"), Problem("base", "not_an_object"))
    assert body(error) == {"code": 422, "errors": ["total_amount不能为空", "请求内容必须是对象"]}


def test_what_can_not_be_read_is_unprocessable() -> None:
    assert body(RequestError("secret")) == {"code": 422, "errors": ["请求内容无法解析"]}


@pytest.mark.parametrize("error", [Busy("secret"), Unavailable("secret")])
@pytest.mark.parametrize("render", [errors.render, errors.render_token_error])
def test_what_may_be_tried_again_says_so(error: OrderHubError, render: Any) -> None:
    answer = render(error)
    assert (answer.status, answer.headers["retry-after"]) == (503, "1")
    assert answer.body == {"code": 503, "errors": ["服务繁忙,请稍后重试"]}


@pytest.mark.parametrize("render", [errors.render, errors.render_token_error])
def test_what_nobody_foresaw_is_an_opaque_500(render: Any) -> None:
    answer = render(RuntimeError("secret"))
    assert (answer.status, answer.body) == (500, {"code": 500, "errors": ["服务器内部错误"]})
