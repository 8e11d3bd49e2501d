"""What this API's forms say that they take is what they take, and what may be told of a failure is
documented."""

from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from enum import StrEnum
from typing import Any

import jsonschema_rs
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from pydantic import TypeAdapter

from orderhub.domain.correspondence import LONGEST_REMARKS
from orderhub.domain.errors import InvalidField
from orderhub.domain.shipment import LONGEST_TRACKING_NUMBER, LONGEST_TRACKING_URL
from orderhub.domain.text import readable, web_address
from orderhub.wire.bricklink import schema
from orderhub.wire.bricklink.errors import Meta
from orderhub.wire.bricklink.status import PaymentWord, StatusWord
from orderhub.wire.fields import Check, Wrong
from tests.support.properties import examples
from tools.openapi import bricklink

CHARACTERS = "aZ09-_+., :/#?@\t\n\r\x00\x0b\x1f\x7fé梵\x85\xa0\u2028\ufffd"
TEXTS = st.text(CHARACTERS, max_size=12)
ANYTHING: st.SearchStrategy[Any] = (
    st.none() | st.booleans() | st.integers() | TEXTS | st.just([]) | st.just({})
)
BLANKS = st.text(" \t", max_size=2)


def in_some_case(words: type[StrEnum]) -> st.SearchStrategy[str]:
    """Words of the vocabulary in small letters and capitals, and what is not quite one."""
    word = st.sampled_from([word.value for word in words])
    cased = st.builds(
        lambda word, capitals: "".join(
            letter.upper() if capitals >> place & 1 else letter.lower()
            for place, letter in enumerate(word)
        ),
        word,
        st.integers(0, 2**10),
    )
    return cased | cased.map(lambda word: word[:-1]) | cased.map(lambda word: f"{word}s")


def taken(check: Check, value: Any) -> Any:
    """What the form makes of it; ``None`` where it is refused."""
    try:
        return check.func(value)
    except Wrong:
        return None


def fits(check: Check, value: Any) -> bool:
    """Whether it is what the form's schema says."""
    assert check.takes
    validator = jsonschema_rs.Draft202012Validator(check.takes(), validate_formats=True)
    return validator.is_valid(value)


def is_trimmed_more_than_schemas_can_say(value: Any) -> bool:
    return isinstance(value, str) and value.strip() != value.strip("\t\n\v\f\r ")


@given(ANYTHING | st.sampled_from(["true", " FALSE\n", "True", "tru", "yes", "truefalse"]))
@examples(150)
def test_truths_are_taken_where_their_schema_takes_them(value: Any) -> None:
    assert fits(schema.TRUTH, value) == (taken(schema.TRUTH, value) is not None)


@given(ANYTHING | in_some_case(schema.Direction))
@example(" Out ")
@example("in out")
@examples(150)
def test_directions_are_taken_where_their_schema_takes_them(value: Any) -> None:
    assert fits(schema.DIRECTION, value) == (taken(schema.DIRECTION, value) is not None)


@given(
    TEXTS
    | st.lists(
        st.builds(
            "{}{}{}{}".format,
            BLANKS,
            st.sampled_from(["", "-", "- ", "--"]),
            in_some_case(StatusWord) | st.just(""),
            BLANKS,
        ),
        max_size=3,
    ).map(",".join)
)
@example("")
@example("-purged")
@example("pending,completed")
@example(",PAID, ,-purged,")
@example("paid\n,purged")
@example("\npaid\n")
@example("paid" + ",paid" * 199)
@example("paid" + ",paid" * 200)
@examples(200)
def test_filters_by_status_are_taken_where_their_schema_takes_them(value: str) -> None:
    if not is_trimmed_more_than_schemas_can_say(value):
        assert fits(schema.STATUSES, value) == (taken(schema.STATUSES, value) is not None)


@given(ANYTHING | st.text("aé", min_size=95, max_size=105))
@example("RR123456785DE")
@example("a\tb")
@example("a" * 100)
@example("a" * 101)
@examples(200)
def test_tracking_numbers_are_taken_where_their_schema_takes_them(value: Any) -> None:
    if is_trimmed_more_than_schemas_can_say(value):
        return
    given_text = taken(schema.TRACKING_NUMBER, value)
    is_taken = given_text is not None and is_readable(given_text, LONGEST_TRACKING_NUMBER)
    assert fits(schema.TRACKING_NUMBER, value) == is_taken


@given(ANYTHING)
@example("Two\nlines\tand more\r\n")
@example("a" * LONGEST_REMARKS)
@example("a" * (LONGEST_REMARKS + 1))
@examples(200)
def test_remarks_are_taken_where_their_schema_takes_them(value: Any) -> None:
    if is_trimmed_more_than_schemas_can_say(value):
        return
    given_text = taken(schema.REMARKS, value)
    is_taken = given_text is not None and is_readable(given_text, LONGEST_REMARKS, multiline=True)
    assert fits(schema.REMARKS, value) == is_taken


def is_readable(text: str, longest: int, *, multiline: bool = False) -> bool:
    try:
        readable("text", text, longest, multiline=multiline)
    except InvalidField:
        return False
    return True


assert schema.TRACKING_LINK.takes
LINKS = st.from_regex(schema.TRACKING_LINK.takes()["pattern"])


@given(LINKS)
@example("")
@example("https://carrier.example")
@example("http://carrier.example:8080/RR1?x=[1]#y")
@example("https://carrier.example/梵")
@examples(200)
def test_every_link_that_the_schema_has_is_taken(link: str) -> None:
    if len(link) > LONGEST_TRACKING_URL:
        return
    assert fits(schema.TRACKING_LINK, link)
    web_address("tracking_url", taken(schema.TRACKING_LINK, link), LONGEST_TRACKING_URL)


@pytest.mark.parametrize(
    "link",
    [
        "javascript:alert(1)",
        "carrier.example/RR1",
        "https://",
        "https:///RR1",
        "https://carrier.example/a b",
        "ftp://carrier.example",
        "https://carrier.example/" + "a" * LONGEST_TRACKING_URL,
    ],
)
def test_what_is_no_link_is_refused_and_not_in_the_schema(link: str) -> None:
    assert not fits(schema.TRACKING_LINK, link)
    with pytest.raises((InvalidField, Wrong)):
        web_address("tracking_url", schema.TRACKING_LINK.func(link), LONGEST_TRACKING_URL)


@given(
    st.datetimes(
        min_value=datetime(1000, 1, 2),  # noqa: DTZ001 - the strategy adds zones
        max_value=datetime(2999, 12, 30),  # noqa: DTZ001
        timezones=st.integers(-1439, 1439).map(
            lambda minutes: timezone(timedelta(minutes=minutes))
        ),
    ).map(datetime.isoformat)
    | st.dates(date(1000, 1, 1), date(2999, 12, 31)).map(date.isoformat)
)
@example("2013-12-01T18:05:46.123Z")
@example("1000-01-01T00:00:00+23:59")
@example("2999-12-31T23:59:59-23:59")
@example("2024-02-29")
@examples(150)
def test_every_time_that_the_schema_has_is_taken_in_utc(time: str) -> None:
    assert fits(schema.TIME, time)
    assert taken(schema.TIME, time).tzinfo is UTC


@pytest.mark.parametrize(
    "time", ["2014-02-30", "2014-13-01", "0000-01-01", "2014-09-01T24:00:00Z", "today", "1"]
)
def test_what_is_no_time_is_refused_and_not_in_the_schema(time: str) -> None:
    assert not fits(schema.TIME, time)
    assert taken(schema.TIME, time) is None


@given(
    st.none()
    | st.booleans()
    | st.integers(-(10**6), 10**6)
    | TEXTS
    | st.from_regex(r"\A ?[+-]?[0-9]{1,5}(\.[0-9]{1,5})?\n?\Z")
)
@example("10.0000")
@example(-1)
@example("-1")
@example("1" * 40)
@example("1" * 41)
@examples(200)
def test_amounts_are_taken_where_their_schema_takes_them(value: Any) -> None:
    if isinstance(value, str) and (is_trimmed_more_than_schemas_can_say(value) or "-0" in value):
        return
    amount = taken(schema.AMOUNT, value)
    assert fits(schema.AMOUNT, value) == (amount is not None and amount >= Decimal(0))


@pytest.mark.parametrize(
    ("form", "field", "words"),
    [
        (bricklink.StatusPatch, "status", StatusWord),
        (bricklink.PaymentStatusPatch, "payment_status", PaymentWord),
    ],
    ids=["status", "payment status"],
)
def test_patches_take_the_words_of_their_field(
    form: type, field: str, words: type[StrEnum]
) -> None:
    validator = jsonschema_rs.Draft202012Validator(TypeAdapter(form).json_schema())
    for word in words:
        for written in (word.value, word.value.lower(), f" {word.value.title()} "):
            assert validator.is_valid({"field": field, "value": written})
    assert not validator.is_valid({"field": field, "value": "SHIPPEDS"})
    assert not validator.is_valid({"field": field})
    assert not validator.is_valid({"field": "remarks", "value": next(iter(words)).value})


def test_every_failure_but_those_of_no_operation_is_documented() -> None:
    failures = {meta for meta in Meta if meta.code >= 400}
    assert bricklink._WHEN.keys() == failures - {Meta.INVALID_URI, Meta.METHOD_NOT_ALLOWED}
