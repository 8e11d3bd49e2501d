"""How BrickLink's money, times, weights and countries are written."""

from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal

import pytest

from orderhub.domain.errors import (
    InvalidField,
    OutOfStock,
    Reason,
    ReferenceTaken,
    Refused,
    ShopInactive,
)
from orderhub.domain.money import Money, UnitPrice
from orderhub.wire.bricklink import errors, values
from orderhub.wire.bricklink.schema import OrderEdit, OrderFilters
from orderhub.wire.contract import Problem, RequestError, Unprocessable
from orderhub.wire.fields import parse


@pytest.mark.parametrize(
    ("amount", "written"),
    [
        (Money.of("10", "EUR"), "10.0000"),
        (Money.of("0.05", "EUR"), "0.0500"),
        (Money.of("7", "JPY"), "7.0000"),
        (Money.of("1.005", "KWD"), "1.0050"),
        (Money.of("90071992547409.91", "EUR"), "90071992547409.9100"),
        (UnitPrice.of("0.0001", "EUR"), "0.0001"),
    ],
)
def test_money_is_written_with_four_decimals(amount: Money | UnitPrice, written: str) -> None:
    assert values.money(amount) == written


def test_times_are_written_in_utc_with_milliseconds() -> None:
    at = datetime(2013, 12, 1, 19, 5, 46, 123_999, tzinfo=timezone(timedelta(hours=1)))

    assert values.time(at) == "2013-12-01T18:05:46.123Z"
    assert values.time(datetime(2026, 1, 1, tzinfo=UTC)) == "2026-01-01T00:00:00.000Z"


@pytest.mark.parametrize(
    ("grams", "written"),
    [("0", "0.00"), ("2.5", "2.50"), ("2.320", "2.32"), ("0.035", "0.035"), ("1200", "1200.00")],
)
def test_weights_have_two_decimals_and_more_where_they_need_them(grams: str, written: str) -> None:
    assert values.weight(Decimal(grams)) == written


@pytest.mark.parametrize(("code", "written"), [("GB", "UK"), ("gb", "UK"), ("DE", "DE"), ("", "")])
def test_the_united_kingdom_is_uk(code: str, written: str) -> None:
    assert values.country(code) == written


@pytest.mark.parametrize("fact", ["", "x", "-1", "1.5", True, None, "1" * 30, "１"])
def test_a_fact_that_is_no_integer_is_not_known(fact: object) -> None:
    assert values.integer_in({"n": fact}, "n") is None


@pytest.mark.parametrize("fact", ["", "x", "-1", "1e9", "NaN", True, None])
def test_a_fact_that_is_no_number_is_not_known(fact: object) -> None:
    assert values.number_in({"n": fact}, "n") is None


@pytest.mark.parametrize(
    "fact", ["", "soon", 7, True, None, "0000-01-01", "9999-12-31T23:59-12:00"]
)
def test_a_fact_that_is_no_moment_is_not_known(fact: object) -> None:
    """Orders that come from elsewhere may say anything."""
    assert values.moment_in({"n": fact}, "n") is None
    assert values.moment_in({"n": "2024-03-01T08:00:00+08:00"}, "n") == datetime(
        2024, 3, 1, tzinfo=UTC
    )


def test_zero_and_false_are_there_and_nothing_is_not() -> None:
    assert values.present({"a": 0, "b": False, "c": "", "e": {}}) == {"a": 0, "b": False, "e": {}}


def test_whatever_was_not_said_is_none() -> None:
    edit = parse(OrderEdit, {})
    assert {edit.shipping, edit.cost, edit.is_filed, edit.remarks} == {None}
    assert not edit.said
    assert parse(OrderFilters, {"status": ", ,"}).status is not None


FORESEEN = [
    (InvalidField("tracking_number", "taken"), 400, "shipping.tracking_no belongs to another"),
    (InvalidField("etc1", "negative"), 400, "cost.etc1 must not be negative"),
    (InvalidField("payment", "too_small"), 400, "payment is out of range"),
    (InvalidField("remarks", "unheard_of"), 400, "remarks is not valid"),
    (InvalidField("email", "invalid"), 422, "e-mail address is not known"),
    (Refused(Reason.REFUND_WINDOW_CLOSED), 422, "refund window closed"),
    (ShopInactive("x"), 401, "x"),
    (Unprocessable(Problem("base", "not_an_object")), 400, "must be a JSON object"),
    (RequestError("x"), 500, "our side"),
    (OutOfStock((("1", "2"),)), 500, "our side"),
    (ReferenceTaken("payment", "p", "t", 1), 500, "our side"),
]


@pytest.mark.parametrize(("error", "code", "said"), FORESEEN, ids=[repr(e) for e, _, _ in FORESEEN])
def test_every_refusal_of_the_core_has_an_answer(error: Exception, code: int, said: str) -> None:
    answer = errors.render(error)

    assert answer.status == 200
    body = answer.body
    assert isinstance(body, dict)
    assert body["meta"]["code"] == code
    assert said in body["meta"]["description"]
    assert body["data"] == {}
    assert answer.is_fault is (said == "our side")
