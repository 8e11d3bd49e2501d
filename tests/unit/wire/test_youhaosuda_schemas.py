"""What this API's forms say that they take is what they take, and orders show what their shape
says."""

from decimal import Decimal
from typing import Any

import jsonschema_rs
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from orderhub.domain.errors import InvalidField
from orderhub.domain.metafield import ORDER, Metafield, require_sane
from orderhub.wire.fields import Check, Wrong
from orderhub.wire.youhaosuda import answers, outbound, schema, subscriptions
from orderhub.wire.youhaosuda.webhooks import YOUHAOSUDA
from tests.support.fakes import NOON
from tests.support.properties import examples

CHARACTERS = "az09AZ_-+., :/*!~\t\n\r\x00\x0b\x7fé梵\ufffd"
NUMBERS = st.integers(-20_000_000, 20_000_000) | st.integers(-(2**55), 2**55)
FRACTIONS = st.floats(allow_nan=False, allow_infinity=False)
TEXTS = st.text(CHARACTERS, max_size=12)


def taken(check: Check, value: Any) -> Any:
    """What the form makes of it; ``None`` where it is refused."""
    try:
        return check.func(value)
    except Wrong:
        return None


def fits(check: Check, value: Any) -> bool:
    """Whether it is what the form's schema says."""
    assert check.takes
    return jsonschema_rs.Draft202012Validator(check.takes()).is_valid(value)


def metafield(name: str = "erp", fields: Any = ()) -> Metafield:
    return Metafield(
        shop_id="demo",
        id=1,
        name=name,
        owner_resource=ORDER,
        owner_id=1,
        fields=dict(fields),
        created_at=NOON,
        updated_at=NOON,
    )


def decoded(fields: Any) -> Any:
    """As the HTTP layer reads them: fractions are decimals."""
    if not isinstance(fields, dict):
        return fields
    return {
        key: Decimal(repr(value)) if isinstance(value, float) else value
        for key, value in fields.items()
    }


def is_sane(one: Metafield) -> bool:
    try:
        require_sane(one)
    except InvalidField:
        return False
    return True


@given(st.lists(st.integers(-(10**20), 10**20).map(str) | TEXTS, max_size=4).map(",".join))
@example("1,,2")
@example(" +1 , -0 ,")
@example("9" * 19)
@example("9" * 20)
@example("1\n,2")
@example(",")
@examples(200)
def test_lists_of_ids_are_taken_where_their_schema_takes_them(ids: str) -> None:
    assert fits(schema.IDS, ids) == (taken(schema.IDS, ids) is not None)


@given(TEXTS)
@example("id, order_no,,")
@example("")
@examples(200)
def test_lists_of_names_are_taken_where_their_schema_takes_them(names: str) -> None:
    assert fits(schema.NAMES, names) == (taken(schema.NAMES, names) is not None)


@given(NUMBERS | st.none() | st.booleans() | TEXTS | st.text("!~aZ09", max_size=300))
@example(9_999_999)
@example(10_000_000)
@example(-999_999)
@example(-1_000_000)
@example("a" * 256)
@example("a" * 257)
@example("a b c d e f")
@examples(200)
def test_tokens_of_webhooks_are_taken_where_their_schema_takes_them(token: Any) -> None:
    assert fits(subscriptions.TOKEN, token) == (taken(subscriptions.TOKEN, token) is not None)


@given(NUMBERS | st.none() | st.booleans() | TEXTS | st.text("a9_-", max_size=300))
@example("a" * 200)
@example("a" * 201)
@example(" erp\n")
@example(-5)
@examples(200)
def test_names_of_metafields_are_taken_where_their_schema_takes_them(name: Any) -> None:
    given_name = taken(schema.METAFIELD_NAME, name)
    is_taken = given_name is not None and is_sane(metafield(name=given_name))
    assert fits(schema.METAFIELD_NAME, name) == is_taken


@given(
    st.none()
    | st.lists(st.none())
    | st.dictionaries(
        TEXTS,
        st.none() | st.booleans() | NUMBERS | FRACTIONS | TEXTS | st.just([]),
        max_size=4,
    )
)
@example({str(number): number for number in range(200)})
@example({str(number): number for number in range(201)})
@example({"a" * 200: ""})
@example({"a" * 201: ""})
@example({"": 1})
@example({"a": 2**53 - 1, "b": 1 - 2**53})
@example({"a": 2**53})
@example({"a": {}})
@examples(200)
def test_fields_of_metafields_are_taken_where_their_schema_takes_them(fields: Any) -> None:
    given_fields = taken(schema.FIELD_VALUES, decoded(fields))
    is_taken = given_fields is not None and is_sane(metafield(fields=given_fields))
    assert fits(schema.FIELD_VALUES, fields) == is_taken


@given(st.from_regex(schema.TIMES.takes()["pattern"] if schema.TIMES.takes else ""))
@example("2014-09-01")
@example("2014-09-01 01:00")
@example("2014-09-01T01:00:01")
@example("2014-09-01T01:00:01 08:00")
@example("0001-01-01T00:00:00.123456+23:59")
@example("9999-12-31T23:59:59-23:59")
@examples(100)
def test_every_time_that_the_schema_has_is_taken(time: str) -> None:
    assert fits(schema.TIMES, time)
    assert taken(schema.TIMES, time) is not None


@pytest.mark.parametrize(
    "time",
    ["2014-02-30", "2014-13-01", "0000-01-01", "2014-09-01T24:00", "2014-09-31", "today", "1"],
)
def test_what_is_no_time_is_refused_and_not_in_the_schema(time: str) -> None:
    assert not fits(schema.TIMES, time)
    assert taken(schema.TIMES, time) is None


@pytest.mark.parametrize("topic", YOUHAOSUDA.topics)
def test_every_topic_that_is_sent_is_in_the_schema(topic: str) -> None:
    assert fits(subscriptions.TOPICS, topic)
    assert taken(subscriptions.TOPICS, topic) == (topic,)


def test_orders_have_the_attributes_of_their_shape() -> None:
    assert outbound.ATTRIBUTES.keys() == answers.Order.__annotations__.keys()
