"""What this API's form says that it takes is what it takes."""

from decimal import Decimal
from typing import Any

import jsonschema_rs
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from pydantic import TypeAdapter

from orderhub.domain.money import MINOR_UNIT_DIGITS
from orderhub.domain.status import FulfilmentStatus, OrderStatus, PaymentStatus
from orderhub.wire.contract import Unprocessable
from orderhub.wire.fields import Check, Wrong, parse
from orderhub.wire.shoplazza import schema, status
from orderhub.wire.statuses import Refuse, State
from tests.support.properties import examples
from tests.support.store_orders import ADDRESS

CHARACTERS = "az09@%-+. \t\n\r\x00\x0b\x7fé梵\ufffd"
OTHERS: st.SearchStrategy[Any] = st.none() | st.booleans() | st.just([]) | st.just({})
INTEGERS = st.integers(-400, 400)
NUMBERS = INTEGERS | st.floats(-400, 400)
TEXTS = st.text(CHARACTERS, max_size=8)
DECIMALS = st.from_regex(r"\A[ +-]?[0-9]{1,4}(\.[0-9]{1,6})?[ %]{0,2}\Z")
WHOLE = [str(number) for number in range(1000)]


def is_taken(check: Check, value: Any) -> bool:
    """As the HTTP layer reads it: fractions are decimals."""
    decoded = Decimal(repr(value)) if isinstance(value, float) else value
    try:
        check.func(decoded)
    except Wrong:
        return False
    return True


def fits(check: Check, value: Any) -> bool:
    """Whether it is what the form's schema says."""
    assert check.takes
    return jsonschema_rs.Draft202012Validator(check.takes()).is_valid(value)


@given(OTHERS | NUMBERS | DECIMALS | TEXTS)
@example("-0.00")
@example(-0.0)
@example("+9.99")
@example(" 9.99\n")
@example("9.")
@example(".5")
@example("1e3")
@example("-0.01")
@example("")
@examples(200)
def test_amounts_are_taken_where_their_schema_takes_them(amount: Any) -> None:
    assert fits(schema.AMOUNT, amount) == is_taken(schema.AMOUNT, amount)


@given(OTHERS | NUMBERS | DECIMALS | TEXTS)
@example("10%")
@example("10 \t%")
@example("10.12345%")
@example("10.123400000%")
@example("10.1234000000%")
@example("-10%")
@example("+10%")
@example("10\n%")
@example("%")
@example("1" * 10 + "%")
@examples(200)
def test_discounts_are_taken_where_their_schema_takes_them(discount: Any) -> None:
    assert fits(schema.DISCOUNT, discount) == is_taken(schema.DISCOUNT, discount)


@pytest.mark.parametrize("name", ["LATITUDE", "LONGITUDE"])
@given(place=OTHERS | NUMBERS | DECIMALS | TEXTS)
@example(place="90.000")
@example(place="90.001")
@example(place="-180.0")
@example(place="+179.999")
@example(place="180.1")
@example(place="0090")
@example(place="1" + "0" * 31)
@example(place="0." + "0" * 30)
@example(place="0." + "0" * 31)
@examples(200)
def test_places_are_taken_where_their_schema_takes_them(name: str, place: Any) -> None:
    check = getattr(schema, name)
    assert fits(check, place) == is_taken(check, place)


@pytest.mark.parametrize("name", ["LATITUDE", "LONGITUDE"])
def test_whole_degrees_are_taken_where_their_schema_takes_them(name: str) -> None:
    check = getattr(schema, name)
    assert [each for each in WHOLE if fits(check, each)] == [
        each for each in WHOLE if is_taken(check, each)
    ]


@given(OTHERS | NUMBERS | TEXTS | st.from_regex(r"\A ?[a-z%]{0,3}@[a-z.]{0,3}\Z"))
@example("")
@example("@")
@example("mei@example.com\n")
@example("mei han@example.com")
@example("a" * 252 + "@b")
@example("a" * 253 + "@b")
@examples(200)
def test_e_mail_addresses_are_taken_where_their_schema_takes_them(email: Any) -> None:
    assert fits(schema.EMAIL, email) == is_taken(schema.EMAIL, email)


@given(OTHERS | INTEGERS | TEXTS | st.lists(OTHERS | INTEGERS | TEXTS, max_size=3))
@example(["vip", "phone order"])
@example("vip, phone order")
@example(["a\nb"])
@example([7, 7.5])
@example("a" * 10_000)
@example("a" * 10_001)
@examples(200)
def test_tags_are_taken_where_their_schema_takes_them(tags: Any) -> None:
    assert fits(schema.TAGS, tags) == is_taken(schema.TAGS, tags)


@pytest.mark.parametrize("currency", ["CNY", "JPY", "KWD", "QQQ", "cn", "", None, 156, "CNYY"])
def test_currencies_are_taken_where_their_schema_takes_them(currency: Any) -> None:
    assert fits(schema.CURRENCY, currency) == is_taken(schema.CURRENCY, currency)


def test_every_currency_is_in_the_schema() -> None:
    assert all(fits(schema.CURRENCY, currency) for currency in MINOR_UNIT_DIGITS)


@given(st.from_regex(schema.MOMENT.takes()["pattern"] if schema.MOMENT.takes else ""))
@example("2000-01-01T00:00:00+23:59")
@example("2999-12-31t23:59:59.123456789-23:59")
@example("2024-02-29 00:00:00z")
@example(" 2022-01-02T03:04:05Z\n")
@examples(100)
def test_every_time_that_the_schema_has_is_taken(time: str) -> None:
    assert fits(schema.MOMENT, time)
    assert is_taken(schema.MOMENT, time)


@pytest.mark.parametrize("month", range(1, 13))
@pytest.mark.parametrize("year", [2000, 2023, 2024, 2100, 2400, 2900])
def test_the_schema_has_exactly_the_days_that_there_are(year: int, month: int) -> None:
    days = [f"{year}-{month:02}-{day:02}T03:04:05Z" for day in range(33)]
    assert [each for each in days if fits(schema.MOMENT, each)] == [
        each for each in days if is_taken(schema.MOMENT, each)
    ]


@pytest.mark.parametrize(
    "time",
    ["2022-01-02", "2022-01-02T03:04Z", "2022-01-02T03:04:05", "2022-01-02T24:00:00Z", 2022, ""],
)
def test_what_is_no_time_is_refused_and_not_in_the_schema(time: Any) -> None:
    assert not fits(schema.MOMENT, time)
    assert not is_taken(schema.MOMENT, time)


def test_the_schema_has_the_words_that_an_order_can_have_been_in() -> None:
    placed = State(OrderStatus.OPEN, PaymentStatus.UNPAID, FulfilmentStatus.UNFULFILLED)
    table = status.FINANCIAL_STATUS_REQUEST
    for word in status.FinancialStatusRequest:
        assert is_taken(schema.FINANCIAL_STATUS, word.value)
        refused = isinstance(table.meaning(word, placed), Refuse)
        assert fits(schema.FINANCIAL_STATUS, word.value) == (not refused), word
    for order_word in status.OrderStatusRequest:
        assert is_taken(schema.ORDER_STATUS, order_word.value)
        assert fits(schema.ORDER_STATUS, order_word.value)
    for check in (schema.FINANCIAL_STATUS, schema.ORDER_STATUS):
        assert not fits(check, "done")
        assert not is_taken(check, "done")


@pytest.mark.parametrize("lines", [0, 1, schema.MAX_LINE_ITEMS, schema.MAX_LINE_ITEMS + 1])
def test_as_many_lines_are_taken_as_the_schema_says(lines: int) -> None:
    wanted = {"line_items": [{"product_id": "1", "variant_id": "2", "quantity": 3}] * lines}
    assert form_fits(wanted) == form_takes(wanted) == (1 <= lines <= schema.MAX_LINE_ITEMS)


@pytest.mark.parametrize("refunded", [None, [], [{"quantity": 1}], {}, "", [None]])
def test_refunded_lines_are_taken_where_the_schema_takes_them(refunded: Any) -> None:
    wanted = {"refund_line_items": refunded}
    assert form_fits(wanted) == form_takes(wanted)


@pytest.mark.parametrize("name", ["shipping_address", "shipping_line", "line_items"])
@pytest.mark.parametrize("value", [None, {}, [], "", 1])
def test_objects_are_taken_where_the_schema_takes_them(name: str, value: Any) -> None:
    wanted = {name: value}
    assert form_fits(wanted) == form_takes(wanted)


ORDER = {
    "line_items": [{"product_id": "3531", "variant_id": "12177", "quantity": 2}],
    "shipping_address": ADDRESS,
    "tax_total": "9.99",
    "currency_code": "CNY",
}
FORM = jsonschema_rs.Draft202012Validator(TypeAdapter(schema.NewOrder).json_schema())


def form_fits(changes: dict[str, Any]) -> bool:
    return FORM.is_valid({**ORDER, **changes})


def form_takes(changes: dict[str, Any]) -> bool:
    try:
        parse(schema.NewOrder, {**ORDER, **changes})
    except Unprocessable:
        return False
    return True


@pytest.mark.parametrize("name", ORDER)
def test_what_the_schema_requires_is_required(name: str) -> None:
    assert form_fits({})
    assert form_takes({})
    without = {key: value for key, value in ORDER.items() if key != name}
    assert not FORM.is_valid(without)
    with pytest.raises(Unprocessable):
        parse(schema.NewOrder, without)
