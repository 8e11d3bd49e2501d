"""Money is exact: what can't be held is refused, and rounding happens once per line."""

from decimal import ROUND_HALF_UP, Decimal, localcontext
from time import perf_counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orderhub.domain.errors import InvalidField
from orderhub.domain.money import MAX_MINOR_UNITS, MINOR_UNIT_DIGITS, Money, UnitPrice
from tests.support.properties import examples

DIGITS = {"JPY": 0, "CNY": 2, "KWD": 3, "CLF": 4}
ONE_OF_EACH = st.sampled_from(sorted(DIGITS))
MINOR_UNITS = st.integers(-MAX_MINOR_UNITS, MAX_MINOR_UNITS)


def exact(units: int, digits: int) -> Decimal:
    """``units`` / 10**digits without any rounding, whatever their number of digits."""
    with localcontext() as context:
        context.prec = 60
        return Decimal(units).scaleb(-digits)


# -- from and to major units ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "currency", "minor_units"),
    [
        ("128", "JPY", 128),
        ("128.00", "JPY", 128),
        ("128.00", "CNY", 12800),
        ("0.1", "CNY", 10),
        ("128.005", "KWD", 128005),
        ("1.2345", "CLF", 12345),
        ("-0.01", "CNY", -1),
        ("1E+2", "CNY", 10000),
        ("1e-2", "CNY", 1),
        ("0", "KWD", 0),
        ("-0.00", "CNY", 0),
        ("90071992547409.91", "CNY", MAX_MINOR_UNITS),
        ("-90071992547409.91", "CNY", -MAX_MINOR_UNITS),
    ],
)
def test_major_units_become_minor_units_exactly(text: str, currency: str, minor_units: int) -> None:
    assert Money.of(text, currency) == Money(minor_units, currency)
    assert Money.of(Decimal(text), currency).amount == minor_units


@pytest.mark.parametrize(
    ("minor_units", "currency", "text"),
    [
        (128, "JPY", "128"),
        (12800, "CNY", "128.00"),
        (5, "CNY", "0.05"),
        (-5, "CNY", "-0.05"),
        (0, "CNY", "0.00"),
        (128005, "KWD", "128.005"),
        (-12345, "CLF", "-1.2345"),
        (MAX_MINOR_UNITS, "CNY", "90071992547409.91"),
    ],
)
def test_is_written_with_the_decimals_of_its_currency(
    minor_units: int, currency: str, text: str
) -> None:
    assert Money(minor_units, currency).decimal_text == text


@examples(300)
@given(MINOR_UNITS, st.sampled_from(sorted(MINOR_UNIT_DIGITS)))
def test_what_is_written_reads_back_the_same_in_every_currency(amount: int, currency: str) -> None:
    money = Money(amount, currency)
    assert Money.of(money.decimal_text, currency) == money


@examples(300)
@given(MINOR_UNITS, ONE_OF_EACH)
def test_is_never_off_by_a_fraction(amount: int, currency: str) -> None:
    with localcontext() as context:
        context.prec = 60
        written = Decimal(Money(amount, currency).decimal_text)
        assert written * 10 ** DIGITS[currency] == amount


@pytest.mark.parametrize("kind", [Money, UnitPrice])
@pytest.mark.parametrize(
    ("value", "reason"),
    [
        ("NaN", "not_a_number"),
        ("sNaN", "not_a_number"),
        ("Infinity", "not_a_number"),
        ("-Infinity", "not_a_number"),
        ("", "not_a_number"),
        ("ten", "not_a_number"),
        ("1,5", "not_a_number"),
        ("1E+999999999", "out_of_range"),
        ("-1E+999999999", "out_of_range"),
        ("1E-999999999", "too_precise"),
        ("1E+20", "out_of_range"),
        ("0.00001", "too_precise"),
        ("-0.00001", "too_precise"),
        ("99999999999999999999", "out_of_range"),
        ("1" * 5000, "out_of_range"),
        ("1." + "3" * 5000, "too_precise"),
    ],
)
def test_refuses_what_no_currency_can_hold(
    kind: type[Money] | type[UnitPrice], value: str, reason: str
) -> None:
    with pytest.raises(InvalidField) as refused:
        kind.of(value, "CLF", "payment")
    assert (refused.value.field, refused.value.reason) == ("payment", reason)


@pytest.mark.parametrize("kind", [Money, UnitPrice])
@pytest.mark.parametrize("value", ["0E+999999999", "0E-999999999", "-0E+999999999"])
def test_a_zero_of_absurd_scale_costs_nothing(
    kind: type[Money] | type[UnitPrice], value: str
) -> None:
    """A JSON body can say this in twelve characters; scaled naively it fills the memory."""
    started = perf_counter()
    assert kind.of(Decimal(value), "CNY") == kind(0, "CNY")
    assert perf_counter() - started < 1


@pytest.mark.parametrize("kind", [Money, UnitPrice])
def test_thousands_of_decimals_are_a_refusal_and_no_crash(
    kind: type[Money] | type[UnitPrice],
) -> None:
    with pytest.raises(InvalidField) as refused:
        kind.of(Decimal("1." + "0" * 5000), "CNY")
    assert refused.value.reason == "too_precise"


@pytest.mark.parametrize(
    ("currency", "finest", "too_fine"),
    [
        ("JPY", "1", "0.1"),
        ("CNY", "0.01", "0.001"),
        ("KWD", "0.001", "0.0001"),
        ("CLF", "0.0001", "0.00001"),
    ],
)
def test_refuses_more_decimals_than_the_currency_has(
    currency: str, finest: str, too_fine: str
) -> None:
    assert Money.of(finest, currency).amount == 1
    with pytest.raises(InvalidField) as refused:
        Money.of(too_fine, currency, "price")
    assert (refused.value.field, refused.value.reason) == ("price", "too_precise")


@examples(200)
@given(st.decimals(allow_nan=False, allow_infinity=False), ONE_OF_EACH)
def test_any_decimal_is_held_exactly_or_refused(value: Decimal, currency: str) -> None:
    with localcontext() as context:
        context.prec = 10_000
        minor_units = value.scaleb(DIGITS[currency])
        fits = abs(minor_units) <= MAX_MINOR_UNITS and minor_units == int(minor_units)
    if fits:
        assert exact(Money.of(value, currency).amount, DIGITS[currency]) == value
    else:
        with pytest.raises(InvalidField):
            Money.of(value, currency)


def test_refuses_one_minor_unit_more_than_a_json_number_holds() -> None:
    with pytest.raises(InvalidField) as refused:
        Money.of("90071992547409.92", "CNY")
    assert refused.value.reason == "out_of_range"


@pytest.mark.parametrize("code", ["ZZZ", "BTC", "cny", "CN", "", "元"])
def test_refuses_currencies_that_iso_4217_does_not_know(code: str) -> None:
    for kind in (Money, UnitPrice):
        with pytest.raises(InvalidField) as refused:
            kind.of("1", code)
        assert (refused.value.field, refused.value.reason) == ("currency", "unknown")


# -- arithmetic ----------------------------------------------------------------------------------


@examples(200)
@given(st.lists(st.integers(-(10**12), 10**12)), ONE_OF_EACH)
def test_a_total_is_the_sum_of_its_parts(amounts: list[int], currency: str) -> None:
    parts = [Money(amount, currency) for amount in amounts]
    total = Money.total(parts, currency)
    assert total == Money(sum(amounts), currency)
    for part in parts:
        total = total - part
    assert total == Money.zero(currency)
    assert not total


@examples(100)
@given(st.integers(), st.integers())
def test_compares_as_its_amounts_do(one: int, other: int) -> None:
    left, right = Money(one, "CNY"), Money(other, "CNY")
    assert (left < right, left <= right, left > right, left >= right, left == right) == (
        one < other,
        one <= other,
        one > other,
        one >= other,
        one == other,
    )
    assert (left + right).amount == one + other
    assert (left - right).amount == one - other
    assert (hash(left) == hash(right)) or left != right


def test_currencies_never_mix() -> None:
    yuan, yen = Money(1, "CNY"), Money(1, "JPY")
    assert yuan != yen
    assert UnitPrice(1, "CNY") != UnitPrice(1, "JPY")
    for mix in (
        lambda: yuan + yen,
        lambda: yuan - yen,
        lambda: yuan < yen,
        lambda: yuan <= yen,
        lambda: Money.total([yuan, yen], "CNY"),
        lambda: Money.total([yuan], "JPY"),
    ):
        with pytest.raises(ValueError, match="don't mix"):
            mix()


# -- unit prices ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("price", "currency", "quantity", "total"),
    [
        ("0.0375", "USD", 1, "0.04"),  # 3.75 cents
        ("0.0375", "USD", 2, "0.08"),  # 7.5 cents: half goes up
        ("0.0375", "USD", 3, "0.11"),  # 11.25 cents; rounding each piece would make 12
        ("0.0049", "USD", 1, "0.00"),
        ("0.0050", "USD", 1, "0.01"),
        ("0.0049", "USD", 100, "0.49"),
        ("0.5", "JPY", 1, "1"),
        ("0.4999", "JPY", 1, "0"),
        ("0.5", "JPY", 3, "2"),
        ("0.0005", "KWD", 1, "0.001"),
        ("0.0004", "KWD", 1, "0.000"),
        ("0.0001", "CLF", 3, "0.0003"),
        ("-0.0050", "USD", 1, "-0.01"),  # away from zero, so a line and its reversal cancel out
        ("19.99", "CNY", 0, "0.00"),
    ],
)
def test_a_line_is_rounded_once_and_half_up(
    price: str, currency: str, quantity: int, total: str
) -> None:
    assert UnitPrice.of(price, currency).times(quantity).decimal_text == total


@examples(500)
@given(
    st.integers(-MAX_MINOR_UNITS, MAX_MINOR_UNITS),
    ONE_OF_EACH,
    st.integers(0, 1_000_000_000),
)
def test_a_line_total_is_what_exact_decimals_say(
    ten_thousandths: int, currency: str, quantity: int
) -> None:
    with localcontext() as context:
        context.prec = 60
        product = Decimal(ten_thousandths) / 10_000 * quantity
        smallest = Decimal(1).scaleb(-DIGITS[currency])
        expected = product.quantize(smallest, rounding=ROUND_HALF_UP)
        got = UnitPrice(ten_thousandths, currency).times(quantity)
        assert Decimal(got.decimal_text) == expected
        assert got.currency == currency


@pytest.mark.parametrize(
    ("price", "currency", "written", "four_decimals"),
    [
        ("128", "JPY", "128", "128.0000"),
        ("0.5", "JPY", "0.5", "0.5000"),
        ("128", "CNY", "128.00", "128.0000"),
        ("0.0375", "USD", "0.0375", "0.0375"),
        ("0.1250", "USD", "0.125", "0.1250"),
        ("-2.5", "USD", "-2.50", "-2.5000"),
        ("1.5", "KWD", "1.500", "1.5000"),
        ("0.1", "CLF", "0.1000", "0.1000"),
        ("100", "JPY", "100", "100.0000"),
    ],
)
def test_a_price_shows_the_decimals_it_needs(
    price: str, currency: str, written: str, four_decimals: str
) -> None:
    unit_price = UnitPrice.of(price, currency)
    assert (unit_price.decimal_text, unit_price.four_decimals) == (written, four_decimals)


@examples(300)
@given(MINOR_UNITS, ONE_OF_EACH)
def test_a_price_that_is_written_reads_back_the_same(amount: int, currency: str) -> None:
    price = UnitPrice(amount, currency)
    assert UnitPrice.of(price.decimal_text, currency) == price
    assert UnitPrice.of(price.four_decimals, currency) == price
    assert hash(UnitPrice.of(price.decimal_text, currency)) == hash(price)


@pytest.mark.parametrize(
    ("amount", "currency", "percentage", "expected"),
    [
        (128_00, "CNY", "10", 12_80),
        (1, "JPY", "50", 1),
        (1, "JPY", "49.9999", 0),
        (-1, "JPY", "50", -1),
        (1255, "KWD", "50", 628),
        (MAX_MINOR_UNITS, "CNY", "100", MAX_MINOR_UNITS),
        (0, "CNY", "10", 0),
        (100, "CNY", "0", 0),
    ],
)
def test_a_percentage_is_rounded_half_up(
    amount: int, currency: str, percentage: str, expected: int
) -> None:
    assert Money(amount, currency).percent(Decimal(percentage)) == Money(expected, currency)


@examples(300)
@given(MINOR_UNITS, ONE_OF_EACH, st.decimals(0, 100, places=4))
def test_a_percentage_is_off_by_half_a_minor_unit_at_most(
    amount: int, currency: str, percentage: Decimal
) -> None:
    with localcontext() as context:
        context.prec = 60
        expected = (Decimal(amount) * percentage / 100).quantize(Decimal(1), ROUND_HALF_UP)
        assert Money(amount, currency).percent(percentage).amount == expected
