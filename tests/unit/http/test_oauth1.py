"""OAuth 1.0 as RFC 5849 has it, and as callers really send it."""

import base64
import json
from typing import Any
from urllib.parse import quote, urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orderhub.domain.errors import SignatureRefused
from orderhub.http.oauth1 import OAuth1Request, signed_request
from orderhub.services.issue_signer import SignerValues
from tests.support import oauth
from tests.support.oauth import FORM

ME = SignerValues("consumer-key", "consumer-secret", "token-value", "token-secret")
BASE_URL = "https://api.example.com"
ROUTE = "GET /orders"


def event(
    route: str = ROUTE,
    *,
    query: str = "",
    variables: dict[str, str] | None = None,
    raw_path: str | None = None,
    form: str = "",
) -> dict[str, Any]:
    """Of API Gateway, payload 2.0."""
    method, _, path = route.partition(" ")
    made: dict[str, Any] = {
        "routeKey": route,
        "rawPath": raw_path or path.format(**(variables or {})),
        "rawQueryString": query,
        "pathParameters": variables,
        "requestContext": {"http": {"method": method}},
        "isBase64Encoded": False,
    }
    if form:
        # As forms come on AWS.
        made["body"] = base64.b64encode(form.encode()).decode()
        made["isBase64Encoded"] = True
    return made


def read(
    sent: dict[str, Any],
    authorization: str = "",
    *,
    base_url: str = BASE_URL,
    media: str = "application/json",
) -> OAuth1Request:
    headers = {"content-type": media}
    if authorization:
        headers["authorization"] = authorization
    return signed_request(sent, headers, base_url=base_url, max_bytes=10_000)


def is_mine(request: OAuth1Request, values: SignerValues = ME) -> bool:
    return request.is_signed_with(values.consumer_secret, values.token_secret)


def mine(method: str, url: str, *, form: str = "", **changed: str) -> str:
    """A header that I signed."""
    return oauth.header(oauth.signed(ME, method, url, form=form, **changed))


def refusal(*args: Any, **options: Any) -> str:
    with pytest.raises(SignatureRefused) as refused:
        read(*args, **options)
    return refused.value.reason


# -- examples of the documents ---------------------------------------------------------------------


def test_the_example_of_rfc_5849_section_1_2_is_verified() -> None:
    request = read(
        event("GET /photos", query="file=vacation.jpg&size=original"),
        'OAuth realm="Photos", oauth_consumer_key="dpf43f3p2l4k3l03", '
        'oauth_token="nnch734d00sl2jdk", oauth_signature_method="HMAC-SHA1", '
        'oauth_timestamp="137131202", oauth_nonce="chapoH", '
        'oauth_signature="MdpQcU8iPSUjWoN%2FUDMsK2sui9I%3D"',
        base_url="http://photos.example.net",
    )
    assert (request.consumer_key, request.token) == ("dpf43f3p2l4k3l03", "nnch734d00sl2jdk")
    assert (request.timestamp, request.nonce) == (137131202, "chapoH")
    assert request.is_signed_with("kd94hf93k423kf44", "pfkkdhi9sl3r4s00")
    assert not request.is_signed_with("kd94hf93k423kf44", "pfkkdhi9sl3r4s01")
    assert not request.is_signed_with("kd94hf93k423kf45", "pfkkdhi9sl3r4s00")


def test_the_example_of_oauth_core_1_0_appendix_a_5_is_verified() -> None:
    request = read(
        event("GET /photos", query="size=original&file=vacation.jpg"),
        'OAuth realm="http://photos.example.net/", oauth_consumer_key="dpf43f3p2l4k3l03", '
        'oauth_token="nnch734d00sl2jdk", oauth_signature_method="HMAC-SHA1", '
        'oauth_signature="tR3%2BTy81lMeYAr%2FFid0kMTYa%2FWM%3D", '
        'oauth_timestamp="1191242096", oauth_nonce="kllo9940pd9333jh", oauth_version="1.0"',
        base_url="http://photos.example.net",
    )
    assert request.is_signed_with("kd94hf93k423kf44", "pfkkdhi9sl3r4s00")


def test_the_base_string_of_rfc_5849_section_3_4_1_comes_out() -> None:
    """With a query, a form, repeated names, empty values, and escapes of escapes."""
    request = read(
        event("POST /request", query="b5=%3D%253D&a3=a&c%40=&a2=r%20b", form="c2&a3=2+q"),
        'OAuth realm="Example", oauth_consumer_key="9djdj82h48djs9d2", '
        'oauth_token="kkk9d7dh3k39sjv7", oauth_signature_method="HMAC-SHA1", '
        'oauth_timestamp="137131201", oauth_nonce="7d8f3e4a", '
        'oauth_signature="bYT5CMsGcbgUdFHObYMEfcx6bsw%3D"',
        base_url="http://EXAMPLE.COM:80",
        media=FORM,
    )
    [base_string] = request.base_strings
    assert base_string == (
        "POST&http%3A%2F%2Fexample.com%2Frequest&a2%3Dr%2520b%26a3%3D2%2520q%26a3%3Da%26b5%3D%253D"
        "%25253D%26c%2540%3D%26c2%3D%26oauth_consumer_key%3D9djdj82h48djs9d2%26oauth_nonce%3D7d8f3e"
        "4a%26oauth_signature_method%3DHMAC-SHA1%26oauth_timestamp%3D137131201%26oauth_token%3Dkkk9"
        "d7dh3k39sjv7"
    )


def test_the_example_url_of_rfc_5849_section_3_4_1_2_comes_out() -> None:
    """``GET /r%20v/X?id=123`` on ``EXAMPLE.COM:80``."""
    request = read(
        event("GET /{name}/X", query="id=123", variables={"name": "r v"}),
        mine("GET", "http://example.com/r%20v/X?id=123"),
        base_url="http://EXAMPLE.COM:80",
    )
    assert request.base_strings[0].startswith("GET&http%3A%2F%2Fexample.com%2Fr%2520v%2FX&id%3D123")
    assert is_mine(request)


# -- what callers send -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "signed", ["pending,completed", "pending%2Ccompleted", "pending%2ccompleted"]
)
@pytest.mark.parametrize(
    "sent", ["pending,completed", "pending%2Ccompleted", "pending%2ccompleted"]
)
def test_a_comma_may_be_encoded_or_not_by_callers_and_on_the_way(signed: str, sent: str) -> None:
    header = mine("GET", f"{BASE_URL}/orders?status={signed}")
    assert is_mine(read(event(query=f"status={sent}"), header))


@pytest.mark.parametrize(
    ("signed", "sent"),
    [
        ("a=1&b=2", "b=2&a=1"),
        ("a=1&a=2", "a=2&a=1"),
        ("filed", "filed="),
        ("q=a%20b", "q=a+b"),
        ("q=%2B", "q=%2B"),
        ("q=%E9%92%A5", "q=钥"),
        ("q=%7e", "q=~"),
        ("q=-%2E_", "q=-._"),
        ("", ""),
    ],
)
def test_parameters_may_be_spelled_otherwise(signed: str, sent: str) -> None:
    header = mine("GET", f"{BASE_URL}/orders?{signed}")
    assert is_mine(read(event(query=sent), header))


@pytest.mark.parametrize(
    "dressed",
    [
        lambda h: h,
        lambda h: h.replace('realm="", ', ""),
        lambda h: h.replace('realm=""', 'realm="https://api.example.com/"'),
        lambda h: h.replace('realm=""', 'Realm="a, b"'),
        lambda h: h.replace(", ", ","),
        lambda h: h.replace(", ", " ,\t"),
        lambda h: h.replace("OAuth", "oauth"),
        lambda h: h.replace("OAuth", "OAUTH "),
        lambda h: h.replace("%3D", "="),
        lambda h: h.replace("%2B", "+").replace("%2F", "/").replace("%3D", "%3d"),
        lambda h: h.replace('"', ""),
    ],
)
def test_headers_may_be_written_as_people_write_them(dressed: Any) -> None:
    header = mine("GET", f"{BASE_URL}/orders", oauth_nonce="n1", oauth_timestamp="1795305600")
    assert is_mine(read(event(), dressed(header)))


def test_the_version_may_be_left_out() -> None:
    assert is_mine(read(event(), mine("GET", f"{BASE_URL}/orders", oauth_version="")))


def test_oauth_s_parameters_may_stand_in_the_query() -> None:
    parameters = oauth.signed(ME, "GET", f"{BASE_URL}/orders?filed=true")
    assert is_mine(read(event(query="filed=true&" + urlencode(parameters))))


def test_oauth_s_parameters_may_stand_in_a_form() -> None:
    parameters = oauth.signed(ME, "POST", f"{BASE_URL}/orders", form="a=1")
    sent = event("POST /orders", form="a=1&" + urlencode(parameters))
    assert is_mine(read(sent, media=f"{FORM}; charset=utf-8"))


@pytest.mark.parametrize(
    "encode", [lambda value: value, quote, lambda value: quote(value, safe="")]
)
def test_oauth_s_parameters_may_stand_in_the_query_as_a_json_object(encode: Any) -> None:
    """Which signs all but itself. The document that describes it percent-encodes some values."""
    parameters = oauth.signed(ME, "GET", f"{BASE_URL}/orders?direction=in")
    told = json.dumps({name: encode(value) for name, value in parameters.items()})
    query = "direction=in&" + urlencode({"Authorization": told})
    assert is_mine(read(event(query=query)))


def test_a_json_object_may_hold_the_timestamp_as_a_number_and_a_realm() -> None:
    parameters: dict[str, Any] = {"realm": "", **oauth.signed(ME, "GET", f"{BASE_URL}/orders")}
    parameters["oauth_timestamp"] = int(parameters["oauth_timestamp"])
    query = urlencode({"Authorization": json.dumps(parameters)})
    assert is_mine(read(event(query=query)))


def test_another_scheme_s_header_does_not_hide_a_signature_in_the_query() -> None:
    parameters = oauth.signed(ME, "GET", f"{BASE_URL}/orders")
    assert is_mine(read(event(query=urlencode(parameters)), "Basic eDp5"))


def test_a_body_of_json_is_not_signed() -> None:
    sent = {**event("PUT /orders"), "body": '{"a": 1}'}
    assert is_mine(read(sent, mine("PUT", f"{BASE_URL}/orders")))


def test_a_form_is_signed() -> None:
    header = mine("PUT", f"{BASE_URL}/orders", form="field=status&value=A+B%2B")
    sent = event("PUT /orders", form="value=A%20B%2b&field=status")
    assert is_mine(read(sent, header, media=FORM))


# -- the URL ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("base_url", "signed"),
    [
        ("https://api.example.com", "https://api.example.com"),
        ("https://API.Example.com", "https://api.example.com"),
        ("https://api.example.com", "HTTPS://API.EXAMPLE.COM"),
        ("https://api.example.com:443", "https://api.example.com"),
        ("https://api.example.com", "https://api.example.com:443"),
        ("http://api.example.com", "http://api.example.com:80"),
        ("http://127.0.0.1:4566/_aws/x", "http://127.0.0.1:4566/_aws/x"),
        ("https://shop.example.com/oh/v2", "https://shop.example.com/oh/v2"),
    ],
)
def test_the_url_is_the_public_one(base_url: str, signed: str) -> None:
    assert is_mine(read(event(), mine("GET", f"{signed}/orders"), base_url=base_url))


@pytest.mark.parametrize(
    "other",
    [
        "http://api.example.com/orders",
        "https://api.example.com:8443/orders",
        "https://api.example.org/orders",
        "https://api.example.com/Orders",
        "https://api.example.com/orders/",
        "https://api.example.com/v1/orders",
        "https://api.example.com/orders?filed",
    ],
)
def test_a_signature_for_another_url_is_none(other: str) -> None:
    assert not is_mine(read(event(), mine("GET", other)))


def test_the_base_path_that_api_gateway_adds_is_not_added_twice() -> None:
    sent = event(raw_path="/shop/orders")
    header = mine("GET", "https://api.example.com/shop/orders")
    assert is_mine(read(sent, header, base_url="https://api.example.com/shop"))


def test_a_slash_at_the_end_is_signed() -> None:
    sent = event(raw_path="/orders/")
    assert is_mine(read(sent, mine("GET", f"{BASE_URL}/orders/")))
    assert not is_mine(read(sent, mine("GET", f"{BASE_URL}/orders")))


@pytest.mark.parametrize("spelled", ["a,b:c@d", "a%2Cb%3Ac%40d"])
def test_a_path_may_be_encoded_as_far_as_it_must_or_all_of_it(spelled: str) -> None:
    sent = event("GET /orders/{id}/items", variables={"id": "a,b:c@d"})
    assert is_mine(read(sent, mine("GET", f"{BASE_URL}/orders/{spelled}/items")))


def test_a_path_of_other_letters_is_utf_8() -> None:
    sent = event("GET /orders/{id}", variables={"id": "订单 ~1"})
    path = "/orders/%E8%AE%A2%E5%8D%95%20~1"
    assert is_mine(read(sent, mine("GET", BASE_URL + path)))


def test_the_rest_of_a_path_keeps_its_slashes() -> None:
    sent = event("GET /api/{proxy+}", variables={"proxy": "a/b c"}, raw_path="/api/a/b c")
    assert is_mine(read(sent, mine("GET", f"{BASE_URL}/api/a/b%20c")))


def test_an_ordinary_path_is_spelled_in_one_way() -> None:
    sent = event("GET /orders/{id}", variables={"id": "1234"})
    assert len(read(sent, mine("GET", f"{BASE_URL}/orders/1234")).base_strings) == 1


# -- what is no signature --------------------------------------------------------------------------


@pytest.mark.parametrize("header", ["", "Bearer abc", "Basic eDp5", "OAuth", 'OAuth realm="x"'])
def test_a_request_without_oauth_s_parameters_is_unsigned(header: str) -> None:
    assert refusal(event(), header) == SignatureRefused.UNSIGNED


@pytest.mark.parametrize("method", ["HMAC-SHA256", "PLAINTEXT", "RSA-SHA1", "hmac-sha1", "none"])
def test_other_ways_to_sign_are_not_taken(method: str) -> None:
    header = mine("GET", f"{BASE_URL}/orders", oauth_signature_method=method)
    assert refusal(event(), header) == SignatureRefused.UNSUPPORTED


@pytest.mark.parametrize("version", ["1.0a", "2.0", "1"])
def test_other_versions_are_not_taken(version: str) -> None:
    header = mine("GET", f"{BASE_URL}/orders", oauth_version=version)
    assert refusal(event(), header) == SignatureRefused.UNSUPPORTED


@pytest.mark.parametrize(
    "name",
    [
        "oauth_consumer_key",
        "oauth_token",
        "oauth_signature_method",
        "oauth_signature",
        "oauth_timestamp",
        "oauth_nonce",
    ],
)
@pytest.mark.parametrize("value", [None, "", "x" * 513])
def test_each_parameter_of_oauth_must_be_there(name: str, value: str | None) -> None:
    parameters = oauth.signed(ME, "GET", f"{BASE_URL}/orders")
    if value is None:
        del parameters[name]
    else:
        parameters[name] = value
    assert refusal(event(), oauth.header(parameters)) == SignatureRefused.MALFORMED


@pytest.mark.parametrize(
    "timestamp", ["-1", "1.5", "1e9", " 1", "+1", "٣", "x", "1795305600000000", "0x10"]
)
def test_a_timestamp_is_a_number_of_seconds(timestamp: str) -> None:
    header = mine("GET", f"{BASE_URL}/orders", oauth_timestamp=timestamp)
    assert refusal(event(), header) == SignatureRefused.MALFORMED


def test_a_parameter_of_oauth_must_not_be_there_twice() -> None:
    """Or somebody could sign one and have another one taken."""
    header = mine("GET", f"{BASE_URL}/orders")
    twice = header + ', oauth_nonce="other"'
    assert refusal(event(), twice) == SignatureRefused.MALFORMED
    both = mine("GET", f"{BASE_URL}/orders?oauth_token=other")
    assert refusal(event(query="oauth_token=other"), both) == SignatureRefused.MALFORMED
    form = event("POST /orders", form="oauth_nonce=x")
    assert refusal(form, header, media=FORM) == SignatureRefused.MALFORMED


@pytest.mark.parametrize(
    ("query", "header"),
    [
        ("q=%FF", None),
        ("&".join("abc" for _ in range(1001)), None),
        ("", "OAuth oauth_nonce"),
        ("", 'OAuth oauth_nonce="%FF"'),
        ("Authorization=", ""),
        ("Authorization=5", ""),
        ("Authorization=[]", ""),
        ("Authorization=%7B", ""),
        ("Authorization=" + "[" * 100_000, ""),
        ("Authorization=%7B%22oauth_nonce%22:%22%5Cud800%22%7D", ""),
        ("Authorization=%7B%22oauth_signature%22:%7B%7D%7D", ""),
    ],
)
def test_what_can_not_be_read_is_malformed(query: str, header: str | None) -> None:
    header = mine("GET", f"{BASE_URL}/orders") if header is None else header
    assert refusal(event(query=query), header) == SignatureRefused.MALFORMED


def test_text_that_no_signature_can_cover_is_malformed() -> None:
    parameters = oauth.signed(ME, "GET", f"{BASE_URL}/orders")
    told = json.dumps({**parameters, "oauth_nonce": "\ud800"})
    sent = event(query=urlencode({"Authorization": told}))
    assert refusal(sent) == SignatureRefused.MALFORMED


@pytest.mark.parametrize(
    "body",
    [
        {"body": "x" * 20_000, "isBase64Encoded": False},
        {"body": "###", "isBase64Encoded": True},
        {"body": "/w==", "isBase64Encoded": True},
    ],
)
def test_a_form_that_can_not_be_read_is_malformed(body: dict[str, Any]) -> None:
    sent = {**event("POST /orders"), **body}
    header = mine("POST", f"{BASE_URL}/orders")
    assert refusal(sent, header, media=FORM) == SignatureRefused.MALFORMED


def test_a_signature_that_is_no_base64_is_wrong_and_no_more() -> None:
    for signature in ("x", "钥", "\x00"):
        parameters = oauth.signed(ME, "GET", f"{BASE_URL}/orders") | {"oauth_signature": signature}
        assert not is_mine(read(event(), oauth.header(parameters)))


def test_neither_signature_nor_what_it_covers_is_in_the_repr() -> None:
    request = read(event(query="email=a@example.com"), mine("GET", f"{BASE_URL}/orders"))
    assert request.signature not in repr(request)
    assert "email" not in repr(request)


# -- every bit counts ------------------------------------------------------------------------------

URL = f"{BASE_URL}/orders/1234?status=PAID"
FORM_BODY = "field=status"


def _flipped(text: str) -> list[str]:
    """``text`` with each bit of it changed in turn, as far as that is ASCII still."""
    return [
        text[:at] + chr(ord(char) ^ 1 << bit) + text[at + 1 :]
        for at, char in enumerate(text)
        for bit in range(7)
    ]


def _sent(
    parameters: dict[str, str],
    *,
    method: str = "PUT",
    order_id: str = "1234",
    query: str = "status=PAID",
    form: str = FORM_BODY,
    base_url: str = BASE_URL,
) -> OAuth1Request | None:
    """The request, or ``None`` where it can't be read any more."""
    sent = event(f"{method} /orders/{{id}}", variables={"id": order_id}, query=query, form=form)
    try:
        return read(sent, oauth.header(parameters), base_url=base_url, media=FORM)
    except SignatureRefused:
        return None


@pytest.fixture(scope="module")
def parameters() -> dict[str, str]:
    return oauth.signed(
        ME, "PUT", URL, form=FORM_BODY, oauth_timestamp="1795305600", oauth_nonce="n0nce"
    )


def test_the_request_before_any_bit_is_changed_is_mine(parameters: dict[str, str]) -> None:
    request = _sent(parameters)
    assert request is not None
    assert is_mine(request)


@pytest.mark.parametrize(
    "name",
    ["oauth_signature", "oauth_nonce", "oauth_timestamp", "oauth_consumer_key", "oauth_token"],
)
def test_a_changed_bit_of_a_parameter_breaks_the_signature(
    parameters: dict[str, str], name: str
) -> None:
    for value in _flipped(parameters[name]):
        request = _sent({**parameters, name: value})
        assert request is None or not is_mine(request), value


@pytest.mark.parametrize(
    ("part", "text"),
    [
        ("order_id", "1234"),
        ("query", "status=PAID"),
        ("form", FORM_BODY),
        ("method", "PUT"),
    ],
)
def test_a_changed_bit_of_the_request_breaks_the_signature(
    parameters: dict[str, str], part: str, text: str
) -> None:
    for changed in _flipped(text):
        if part == "method" and changed.upper() == text:
            continue  # methods are signed in capitals
        if part == "order_id" and "/" in changed:
            continue  # a segment of a path has none
        request = _sent(parameters, **{part: changed})
        assert request is None or not is_mine(request), changed


def test_a_changed_bit_of_the_host_breaks_the_signature(parameters: dict[str, str]) -> None:
    for host in _flipped("api.example.com"):
        if host.lower() == "api.example.com" or not host.isprintable() or "@" in host:
            continue  # another spelling of the same host, or no host
        try:
            request = _sent(parameters, base_url=f"https://{host}")
        except ValueError:
            continue
        assert request is None or not is_mine(request), host


_TEXT = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=12)


@given(
    query=st.lists(st.tuples(_TEXT, _TEXT), max_size=4),
    form=st.lists(st.tuples(_TEXT, _TEXT), max_size=4),
    order_id=st.text(st.characters(codec="ascii", categories=["L", "N"]), min_size=1, max_size=9),
    secrets=st.tuples(_TEXT, _TEXT),
)
def test_whatever_is_sent_our_signature_is_that_of_the_rfc_s_letter(
    query: list[tuple[str, str]],
    form: list[tuple[str, str]],
    order_id: str,
    secrets: tuple[str, str],
) -> None:
    values = SignerValues("k", secrets[0], "t", secrets[1])
    # A parameter of OAuth's own, or one that may hold them, is none of the caller's.
    query = [pair for pair in query if pair[0] != "Authorization"]
    url = f"{BASE_URL}/orders/{order_id}?{urlencode(query)}"
    body = urlencode(form)
    header = oauth.header(oauth.signed(values, "POST", url, form=body))
    sent = event("POST /orders/{id}", variables={"id": order_id}, query=urlencode(query), form=body)
    request = read(sent, header, media=FORM)
    assert is_mine(request, values)
    assert not request.is_signed_with(secrets[0] + "x", secrets[1])
    assert not request.is_signed_with(secrets[0], secrets[1] + "x")
