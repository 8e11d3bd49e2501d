"""What field types say that they take is what they take."""

import re
from typing import Any

import jsonschema_rs
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from orderhub.wire import fields
from orderhub.wire.fields import Check, Wrong
from tests.support.properties import examples

CHARACTERS = "ab 09+-.@/\t\n\r\x00\x0b\x1f\x7f\x85\xa0\u3000\ufffdé梵𝄞"

CHECKS = {
    "text": fields.text(8),
    "text of several lines": fields.text(8, multiline=True),
    "required text": fields.required_text(8),
    "integer from 1": fields.integer(1, 250),
    "integer from 0": fields.integer(0, 9007),
    "integer of either sign": fields.integer(-120, 120),
    "integer that is 0 or 1": fields.integer(0, 1),
    "one of": fields.one_of(4, 3, 2, 1, 5),
    "number": fields.number(),
    "email": fields.email(),
    "optional text": fields.optional(fields.text(8)),
    "optional integer": fields.optional(fields.integer(1, 250)),
    "optional email": fields.optional(fields.email()),
}

VALUES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-10_000, 10_000),
    st.integers(-300, 300).map(str),
    st.integers(-300, 300).map(lambda number: f"  +{number:03}\n"),
    st.text(CHARACTERS, max_size=8),
    st.from_regex(r"\A[+-]?[0-9]{1,5}(\.[0-9]{1,5})?\Z"),
    st.from_regex(r"\A[ab]{1,3}@[ab]{1,3}\Z"),
    st.just([]),
    st.just({}),
)


def takes(check: Check, value: Any) -> bool:
    try:
        check.func(value)
    except Wrong:
        return False
    return True


@pytest.mark.parametrize("name", CHECKS)
@given(value=VALUES)
@example(value="")
@example(value=" ")
@example(value="\u3000")
@example(value="a\nb")
@example(value="+00000000000000001")
@examples(150)
def test_a_value_is_taken_where_its_schema_takes_it_and_nowhere_else(name: str, value: Any) -> None:
    check = CHECKS[name]
    if isinstance(value, str) and _is_trimmed_more_than_schemas_can_say(value):
        return
    assert check.takes
    schema = jsonschema_rs.Draft202012Validator(check.takes())
    assert schema.is_valid(value) == takes(check, value), value


def _is_trimmed_more_than_schemas_can_say(value: str) -> bool:
    """Python trims rare blanks too, and it is after trimming that lengths count; a sign before
    zero, or zeros without end, are nothing that a pattern has to know."""
    trimmed = value.strip("\t\n\v\f\r ")
    return trimmed != value.strip() or "-0" in value


@pytest.mark.parametrize("day", ["2026-11-25", "2026-11-25T10:00:00Z", "2026-11-25T10:00:00+08:00"])
def test_days_are_taken_with_a_time_or_without(day: str) -> None:
    check = fields.day()
    assert check.takes
    validator = jsonschema_rs.Draft202012Validator(check.takes(), validate_formats=True)
    assert validator.is_valid(day)
    assert takes(check, day)


@pytest.mark.parametrize("most", [1, 5, 10, 99, 250, 1000, 2047])
@pytest.mark.parametrize("least", [0, 1])
def test_the_pattern_of_a_range_has_its_numbers_and_no_others(least: int, most: int) -> None:
    pattern = re.compile(fields.integers(least, most))
    found = [number for number in range(most * 11) if pattern.fullmatch(str(number))]
    assert found == list(range(least, most + 1))


def test_a_range_that_no_pattern_is_made_for_is_said() -> None:
    with pytest.raises(ValueError, match="above 1"):
        fields.integers(5, 9)
