"""Order ids: 53 bits, in the order of time, and recognised by the names that hold them."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orderhub.domain import identity
from tests.support.properties import examples

LAST_INTEGER_OF_JSON = 2**53 - 1
NOON = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
MILLISECOND = timedelta(milliseconds=1)

TIMES = st.datetimes(
    datetime(2000, 1, 2, 0, 0, 1),  # noqa: DTZ001 - the strategy adds the zone
    datetime(2069, 1, 1),  # noqa: DTZ001
    timezones=st.just(UTC),
).map(identity.milliseconds_precise)
TAILS = st.integers(0, 2**12 - 1)


@examples(200)
@given(TIMES, TAILS)
def test_an_id_fits_a_json_number_and_tells_its_time(at: datetime, tail: int) -> None:
    order_id = identity.order_id(at, tail)
    assert 0 < order_id <= LAST_INTEGER_OF_JSON
    assert int(float(order_id)) == order_id
    assert identity.created_at(order_id) == at


@examples(200)
@given(TIMES, TAILS, TIMES, TAILS)
def test_ids_are_in_the_order_of_time(
    one: datetime, tail: int, other: datetime, other_tail: int
) -> None:
    first, second = identity.order_id(one, tail), identity.order_id(other, other_tail)
    assert (first < second) == ((one, tail) < (other, other_tail))
    assert (first == second) == ((one, tail) == (other, other_tail))


@examples(200)
@given(TIMES, TAILS, TIMES, TAILS)
def test_a_time_is_a_bound_for_ids(
    since: datetime, tail: int, at: datetime, other_tail: int
) -> None:
    bound = identity.first_order_id(since)
    assert (identity.order_id(at, other_tail) >= bound) == (at >= since)
    assert identity.order_id(since, tail) >= bound
    assert identity.order_id(since - MILLISECOND, 2**12 - 1) < bound


def test_a_time_before_all_orders_bounds_nothing_out() -> None:
    assert identity.first_order_id(datetime(1970, 1, 1, tzinfo=UTC)) == 0


def test_the_zone_of_a_time_makes_no_difference() -> None:
    in_shanghai = NOON.astimezone(timezone(timedelta(hours=8)))
    assert identity.order_id(in_shanghai, 7) == identity.order_id(NOON, 7)
    assert identity.first_order_id(in_shanghai) == identity.first_order_id(NOON)


@pytest.mark.parametrize(
    ("at", "tail"),
    [
        (NOON, -1),
        (NOON, 2**12),
        (datetime(1999, 12, 31, tzinfo=UTC), 0),
        (datetime(2000, 1, 1, 23, 59, tzinfo=UTC), 0),  # too short to be told from other numbers
        (datetime(2070, 1, 1, tzinfo=UTC), 0),
    ],
)
def test_refuses_times_and_tails_that_do_not_fit(at: datetime, tail: int) -> None:
    with pytest.raises(ValueError, match="no order id"):
        identity.order_id(at, tail)


@pytest.mark.parametrize(
    ("microsecond", "kept"), [(0, 0), (999, 0), (1000, 1000), (999_999, 999_000)]
)
def test_times_are_cut_to_the_millisecond_and_never_rounded_up(microsecond: int, kept: int) -> None:
    given_time = NOON.replace(microsecond=microsecond)
    assert identity.milliseconds_precise(given_time) == NOON.replace(microsecond=kept)


@examples(200)
@given(st.integers(identity.MIN_ORDER_ID, LAST_INTEGER_OF_JSON))
def test_an_id_is_found_in_its_text_and_in_its_number(order_id: int) -> None:
    assert identity.order_id_in(str(order_id)) == order_id
    assert identity.order_id_in(identity.default_number(order_id)) == order_id


@pytest.mark.parametrize(
    "name",
    [
        "",
        "R",
        "RR1",
        "r1",
        "R 1",
        " 1",
        "1 ",
        "1\n",
        "0",
        "R0",
        "01",
        "R01",
        "-1",
        "+1",
        "1.0",
        "1e3",
        "1_000",
        "0x10",
        "M1",
        "1R",
        "１２３",  # full-width digits
        "²",
        "٣",
        str(2**53),
        "R" + str(2**53),
        "9" * 17,
        "9" * 10_000,
    ],
)
def test_other_names_hold_no_id(name: str) -> None:
    assert identity.order_id_in(name) is None
