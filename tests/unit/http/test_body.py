"""Bodies in every shape that clients, and attackers, send."""

import base64
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orderhub.http.body import decode_body
from orderhub.wire.contract import (
    BodyTooLarge,
    MalformedBody,
    RequestError,
    UnsupportedMedia,
)

FORM = "application/x-www-form-urlencoded"
JSON = "application/json"


def decode(body: str | None, media: str = JSON, *, packed: bool = False, forms: bool = True) -> Any:
    event = {"body": body, "isBase64Encoded": packed}
    return decode_body(event, {"content-type": media}, takes_forms=forms, max_bytes=1000)


def test_an_empty_body_is_none() -> None:
    assert decode(None) is None
    assert decode("") is None
    assert decode(" \r\n") is None


def test_fractions_are_exact() -> None:
    assert decode('{"price": 0.10}') == {"price": Decimal("0.10")}
    assert decode("[1, 2e3]") == [1, Decimal("2E+3")]


def test_a_byte_order_mark_is_ignored() -> None:
    assert decode(base64.b64encode(b'\xef\xbb\xbf{"a": 1}').decode(), packed=True) == {"a": 1}


def test_json_without_a_content_type_is_read() -> None:
    assert decode('{"a": 1}', "") == {"a": 1}


def test_json_of_any_flavour_is_read() -> None:
    assert decode('{"a": 1}', "application/vnd.api+json; charset=UTF-8") == {"a": 1}


def test_forms_are_read_as_utf_8() -> None:
    assert decode("name=%E9%9F%A9+%E6%A2%85&empty=", FORM) == {"name": "韩 梅", "empty": ""}


def test_forms_are_refused_where_the_api_takes_none() -> None:
    with pytest.raises(UnsupportedMedia):
        decode("a=1", FORM, forms=False)


def test_the_limit_is_on_bytes_not_on_characters() -> None:
    assert decode('"' + "x" * 998 + '"') == "x" * 998
    for body, packed in (
        ('"' + "x" * 999 + '"', False),
        ('"' + "韩" * 400 + '"', False),
        (base64.b64encode(b" " * 1001).decode(), True),
    ):
        with pytest.raises(BodyTooLarge):
            decode(body, packed=packed)


@pytest.mark.parametrize(
    "body",
    [
        "{",
        "{'a': 1}",
        '{"a": NaN}',
        '{"a": -Infinity}',
        '{"a": 1, "a": 1}',
        '{"a": {"b": 1, "b": 2}}',
        '"\\ud800"',
        '{"\\udfff": 1}',
        "[" * 40 + "]" * 40,
        "[" * 400,
        "1" * 900 + "e" + "9" * 50,
        "\ud800",
    ],
)
def test_what_is_no_json_or_means_two_things_is_refused(body: str) -> None:
    with pytest.raises(MalformedBody):
        decode(body)


@pytest.mark.parametrize("body", ["not base64!", "QQ", "//8="])
def test_bytes_that_are_no_text_are_refused(body: str) -> None:
    with pytest.raises(MalformedBody):
        decode(body, packed=True)


@given(st.text(max_size=300), st.sampled_from([JSON, FORM, "", "text/plain", "a;charset=x", ";"]))
def test_no_text_whatsoever_gets_further_than_a_request_error(body: str, media: str) -> None:
    try:
        decode(body, media)
    except RequestError:
        return


@given(st.binary(max_size=300), st.sampled_from([JSON, FORM]))
def test_no_bytes_whatsoever_get_further_than_a_request_error(body: bytes, media: str) -> None:
    try:
        decode(base64.b64encode(body).decode(), media, packed=True)
    except RequestError:
        return
