"""Hostile requests: bodies that are none, values that are not what a field is for, ids that lead
elsewhere. What an API does about them is for the tests to say.

Values are JSON as text, since much of what is hostile can't be said by ``json.dumps``.
"""

import json
from base64 import b64encode
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

JSON: Final = "application/json"
FORM: Final = "application/x-www-form-urlencoded"
SIX_MEGABYTES: Final = 6 * 1024 * 1024
LEVELS: Final = 100_000

MARKUP: Final = "<script>alert(1)</script>"
INJECTED: Final = "x-injected"
"""The name of a header field that no answer and no mail may have."""

Path = tuple[str | int, ...]
"""Where a value stands in a body: keys of objects, indexes of arrays."""


@dataclass(frozen=True)
class Body:
    """A request's body as it is sent. ``refused`` says that nobody may take it."""

    name: str
    content: bytes
    media: str | None = JSON
    refused: bool = True


@dataclass(frozen=True)
class Value:
    """What stands where a field's value should. ``unreadable`` makes the whole body no JSON that
    anybody may take; ``type`` is JSON's name of what it is."""

    name: str
    text: str
    type: str = field(default="string")
    unreadable: bool = False


def _string(name: str, text: str) -> Value:
    return Value(name, json.dumps(text))


VALUES: Final = (
    # No JSON, or none that means one thing.
    Value("NaN", "NaN", unreadable=True),
    Value("Infinity", "Infinity", unreadable=True),
    Value("-Infinity", "-Infinity", unreadable=True),
    Value("an integer of 20,000 digits", "9" * 20_000, unreadable=True),
    Value("a lone surrogate", '"a\\ud800"', unreadable=True),
    Value("surrogates in the wrong order", '"\\udc00\\ud800"', unreadable=True),
    Value("a control character", '"a\x01b"', unreadable=True),
    Value("a key given twice", '{"a":1,"a":2}', unreadable=True),
    Value("500 levels", "[" * 500 + "]" * 500, unreadable=True),
    # Another type.
    Value("an object", "{}", "object"),
    Value("an attribute map", '{"S":"1"}', "object"),
    Value("an operator", '{"$ne":null}', "object"),
    Value("a prototype", '{"__proto__":{"isAdmin":true}}', "object"),
    Value("an empty list", "[]", "array"),
    Value("a list of texts", '["1"]', "array"),
    Value("a list of nothing", "[null]", "array"),
    Value("true", "true", "boolean"),
    Value("null", "null", "null"),
    # Numbers.
    Value("zero", "0", "number"),
    Value("minus zero", "-0", "number"),
    Value("minus zero with a fraction", "-0.0", "number"),
    Value("minus one", "-1", "number"),
    Value("a fraction", "0.5", "number"),
    Value("a tiny fraction", "1e-400", "number"),
    Value("1e400", "1e400", "number"),
    Value("an exponent beyond all", "1e999999999", "number"),
    Value("2**63", str(2**63), "number"),
    Value("400 digits", "9" * 400, "number"),
    Value("400 decimals", "0." + "3" * 400, "number"),
    # Text.
    _string("nothing", ""),
    _string("blanks", "  \t "),
    _string("4,000 characters", "x" * 4_000),
    _string("2,000 characters of four bytes", "😀" * 2_000),
    _string("NUL", "a\0b"),
    _string("an escape sequence", "a\x1b[31mb"),
    _string("a header field", f"a\r\n{INJECTED}: yes"),
    _string("a line", f"a\n{INJECTED}: yes"),
    _string("a line separator", f"a\u2028{INJECTED}: yes"),
    _string("a text that reads backwards", "a\u202eb\u2066"),
    _string("markup", MARKUP),
    _string("markup in an attribute", f"\"'>{MARKUP}"),
    _string("SQL", "' OR '1'='1'; DROP TABLE orders; --"),
    _string("a condition of DynamoDB", "attribute_exists(pk) OR #pk = :pk"),
    _string("a key of ours", "SHOP#other#ORDER#1"),
    _string("a format", "{0.__class__.__init__.__globals__} %s %n %(a)s {missing}"),
    _string("a template", "{{7*7}} ${7*7} #{7*7} ${jndi:ldap://127.0.0.1/a}"),
    _string("a path", "../../../../etc/passwd"),
    _string("digits of another script", "١٢٣"),
    _string("full-width digits", "１２３"),
    _string("1e3 as text", "1e3"),
    _string("hexadecimal", "0x10"),
    _string("NaN as text", "NaN"),
    _string("Infinity as text", "Infinity"),
    _string("underscores in a number", "1_000"),
    _string("a date that is not", "2026-02-30"),
    _string("a time beyond all", "9999-12-31T23:59:59.999999-23:59"),
    _string("a year of five digits", "99999-01-01T00:00:00Z"),
)

IDS: Final = {
    "a parent": "..",
    "parents": "../../orders",
    "parents, encoded": "%2e%2e%2f%2e%2e%2forders",
    "parents, encoded twice": "%252e%252e%252f",
    "Tomcat's parent": "..;/",
    "backslashes": "..\\..\\windows",
    "NUL": "1\0",
    "NUL, encoded": "%00",
    "a header field": f"1\r\n{INJECTED}: yes",
    "a header field, encoded": f"1%0d%0a{INJECTED}:%20yes",
    "10,000 digits": "9" * 10_000,
    "7,000 characters": "x" * 7_000,
    "3,000 bytes of Chinese": "单" * 1_000,
    "digits of another script": "١٢٣",
    "full-width digits": "１２３",
    "superscripts": "²³",
    "an exponent": "1e3",
    "hexadecimal": "0x10",
    "underscores": "1_000",
    "minus": "-1",
    "a fraction": "1.0",
    "NaN": "NaN",
    "blank": " ",
    "nothing": "",
    "2**64": str(2**64),
    "a key of ours": "SHOP#other#ORDER#1",
    "SQL": "1' OR '1'='1",
    "an operator": '{"$ne":null}',
    "markup": MARKUP,
    "a lone surrogate": "\ud800",
    "what decoders put for no text": "\ufffd",
    "a text that reads backwards": "\u202e1",
    "a format": "{0.__class__}%s%n",
    "a template": "${jndi:ldap://127.0.0.1/a}",
}
"""What stands where an id should, as API Gateway hands it over."""


def near(value: str) -> dict[str, str]:
    """Ids that a lenient reader might take for ``value``."""
    return {
        "leading zeros": f"000{value}",
        "a plus": f"+{value}",
        "a blank before": f" {value}",
        "a blank behind": f"{value} ",
        "a line end behind": f"{value}\n",
        "a fraction of nothing": f"{value}.0",
        "a slash behind": f"{value}/",
        "a NUL behind": f"{value}\0",
        "itself twice": f"{value},{value}",
        "itself, full-width": "".join(
            chr(ord(each) + 0xFEE0) if "!" <= each <= "~" else each for each in value
        ),
    }


QUERY_VALUES: Final = {
    **IDS,
    "repeated": "1,2",
    "an array": "[1,2]",
    "many": ",".join(["1"] * 3_000),
    "commas": "," * 5_000,
    "long": "x" * 7_000,
    "an escape that is none": "%zz",
    "half an escape": "%",
    "a plus": "+",
    "a year of five digits": "99999-01-01T00:00:00Z",
    "a time beyond all": "9999-12-31T23:59:59.999999-23:59",
    "the first of times": "0001-01-01T00:00:00+23:59",
    "a week": "2026-W01",
    "true": "true",
    "null": "null",
}

HEADERS: Final[Mapping[str, Mapping[str, str]]] = {
    "a content type of nothing": {"content-type": ""},
    "a content type of 7,000 characters": {"content-type": "a/" + "b" * 7_000},
    "parameters without end": {"content-type": JSON + ";charset" * 1_000},
    "two charsets": {"content-type": f"{JSON}; charset=utf-8; charset=utf-16"},
    "bytes beyond ASCII": {"user-agent": "\xff\xfe", "accept-language": "单"},
    "a lone surrogate": {"user-agent": "\ud800"},
    "another host": {"host": "evil.example", "x-forwarded-host": "evil.example"},
    "a header field": {
        "user-agent": f"a\r\n{INJECTED}: yes",
        "x-request-id": f"a\r\n{INJECTED}: 1",
    },
    "another method": {"x-http-method-override": "DELETE", "x-method": "DELETE"},
    "another path": {"x-original-url": "/admin", "x-rewrite-url": "/admin"},
    "7,000 characters": {"x-forwarded-for": "1.2.3.4," * 875, "cookie": "a=b;" * 1_700},
    "compressed": {"content-encoding": "gzip", "transfer-encoding": "chunked"},
    "a length that is none": {"content-length": "-1", "expect": "100-continue"},
    "an address that is none": {"x-forwarded-for": MARKUP, "forwarded": 'for="_hidden"'},
    "a time that is none": {"if-modified-since": "yesterday", "date": "9" * 100},
}

CREDENTIALS: Final = {
    "nothing": "",
    "blank": " ",
    "a scheme alone": "Bearer",
    "another scheme": "Negotiate YII=",
    "no base64": "Basic !!!!",
    "base64 of no text": "Basic " + b64encode(b"\xff\xfe:\xff").decode(),
    "base64 without a colon": "Basic " + b64encode(b"abc").decode(),
    "7,000 characters": "Bearer " + "x" * 7_000,
    "NUL": "Bearer \0",
    "a lone surrogate": "Bearer \ud800",
    "beyond ASCII": "Bearer 单",
    "a header field": f"Bearer a\r\n{INJECTED}: yes",
    "OAuth without anything": "OAuth",
    "OAuth's half": 'OAuth oauth_consumer_key="a',
    "OAuth's names alone": "OAuth " + ",".join(f"oauth_{n}" for n in range(500)),
    "OAuth's bytes that are no text": 'OAuth oauth_token="%ff%fe"',
    "a token of JSON": '{"alg":"none"}',
}


# -- bodies ----------------------------------------------------------------------------------------


def paths(value: Any, here: Path = ()) -> Iterator[Path]:
    """Where every value of a body stands, the body itself aside. Of a list, its first."""
    if here:
        yield here
    if isinstance(value, dict):
        for name, part in value.items():
            yield from paths(part, (*here, name))
    elif isinstance(value, list) and value:
        yield from paths(value[0], (*here, 0))


def at(value: Any, path: Path) -> Any:
    for step in path:
        value = value[step]
    return value


def put(body: Any, path: Path, text: str) -> str:
    """``body`` as JSON, with ``text`` where ``path`` leads."""
    hole = "\ue000hole\ue000"
    copy = json.loads(json.dumps(body))
    at(copy, path[:-1])[path[-1]] = hole
    return json.dumps(copy, ensure_ascii=False).replace(json.dumps(hole, ensure_ascii=False), text)


def beside(body: Mapping[str, Any], text: str, name: str = "unheard_of") -> str:
    """``body`` as JSON, with one more field whose value is ``text``."""
    return put({**body, name: None}, (name,), text)


def doubled(body: Mapping[str, Any], name: str) -> str:
    """``body`` as JSON, with a field given twice."""
    return json.dumps(body)[:-1] + f", {json.dumps(name)}: {json.dumps(body[name])}}}"


def bodies(good: Mapping[str, Any], limit: int) -> Iterator[Body]:
    """Bodies that are no JSON objects, made of a ``good`` one. ``limit`` is how many bytes the API
    reads."""
    text = json.dumps(good)
    sent = text.encode()
    yield Body("nothing", b"")
    yield Body("blanks", b" \r\n\t ")
    yield Body("a NUL", b"\0")
    for scalar in ("1", "-0.0", '"a"', "true", "null", "[]", "[[]]", "{}", "nul", "'a'"):
        yield Body(f"{scalar} alone", scalar.encode())
    yield Body("itself in a list", f"[{text}]".encode())
    yield Body("itself twice", sent + sent)
    yield Body("itself and more", sent + b"x")
    yield Body("itself and a NUL", sent + b"\0")
    yield Body("half of it", sent[: len(sent) // 2])
    yield Body("a comma too many", sent[:-1] + b",}")
    yield Body("a comment", b"/* */" + sent)
    yield Body("single quotes", text.replace('"', "'").encode())
    yield Body("as text", json.dumps(text).encode())
    yield Body("with a byte order mark", b"\xef\xbb\xbf" + sent, refused=False)
    yield Body("with two byte order marks", b"\xef\xbb\xbf" * 2 + sent)
    for name in good:
        yield Body(f"{name} twice", doubled(good, name).encode())
    for value in VALUES:
        if value.unreadable:
            yield Body(f"{value.name} beside it", beside(good, value.text).encode())
    yield Body("a key that is a lone surrogate", beside(good, '{"\\udfff": 1}').encode())
    yield Body("a prototype beside it", beside(good, "{}", "__proto__").encode(), refused=False)
    yield Body("more fields beside it", beside(good, '{"S": "x"}').encode(), refused=False)
    yield Body("a number beyond all beside it", beside(good, "1e999999999").encode(), refused=False)
    for name, raw in {
        "bytes that are no text": b"\xff\xfe",
        "half a character": b"\xc3",
        "an overlong slash": b"\xc0\xaf",
        "an overlong NUL": b"\xc0\x80",
        "an encoded surrogate": b"\xed\xa0\x80",
        "a character beyond Unicode": b"\xf4\x90\x80\x80",
    }.items():
        yield Body(name, beside(good, '"HERE"').encode().replace(b"HERE", raw))
    for charset in ("utf-16", "utf-32", "utf-7", "latin-1", "gbk", "shift_jis", "nonsense"):
        declared = f"{JSON}; charset={charset}"
        encoded = text.encode(charset) if charset != "nonsense" else sent
        yield Body(f"declared {charset}", encoded, declared)
    yield Body("UTF-16 that is not declared", text.encode("utf-16"))
    for media in ("text/plain", "application/xml", "multipart/form-data; boundary=a", "a", "*/*"):
        yield Body(f"declared {media}", sent, media)
    yield Body("JSON declared a form", sent, FORM)
    yield Body("a form declared JSON", b"a=1&b=2")
    yield Body("a form of nothing", b"&&&", FORM)
    yield Body("a form with bytes that are no text", b"a=%ff%fe", FORM)
    yield Body("a form without end", b"a&" * (limit // 2 - 1), FORM)
    yield Body("a form given twice", b"a=1&a=2", FORM)
    yield Body(f"{LEVELS} lists", b"[" * LEVELS)
    yield Body(f"{LEVELS} lists, closed", b"[" * LEVELS + b"]" * LEVELS)
    yield Body(f"{LEVELS} objects", b'{"a":' * LEVELS + b"1" + b"}" * LEVELS)
    most = limit // 2 - len(sent)
    yield Body("as many lists as fit", b"[" * most + b"]" * most)
    yield Body("as many lists as fit beside it", beside(good, "[" * most + "]" * most).encode())
    most = limit // 6 - len(sent)
    nested = '{"a":' * most + "1" + "}" * most
    yield Body("as many objects as fit beside it", beside(good, nested).encode())
    yield Body("as many open lists as fit", b"[" * (limit - 1))
    yield Body("as many quotes as fit", b'"' * (limit - 1))
    yield Body("as many backslashes as fit", b'"' + b"\\" * (limit - 2) + b'"')
    yield Body("an integer as long as fits", b"9" * (limit - 1))
    most = limit - len(sent) - 100
    yield Body("such an integer beside it", beside(good, "9" * most).encode())
    yield Body(
        "a fraction as long as fits", beside(good, "0." + "9" * most).encode(), refused=False
    )
    keys = ",".join(f'"{n:x}":0' for n in range(most // 9))
    yield Body("as many keys as fit", beside(good, f"{{{keys}}}").encode(), refused=False)
    yield Body("as long as may be", sent.ljust(limit), refused=False)
    yield Body("a byte too long", sent.ljust(limit + 1))
    yield Body("6 MB", sent.ljust(SIX_MEGABYTES))
    yield Body("a text of 6 MB", beside(good, f'"{"x" * SIX_MEGABYTES}"').encode())


def set_body(event: dict[str, Any], content: bytes, media: str | None) -> None:
    """Into API Gateway's event: as it is where it is text, else in base64."""
    if media is None:
        event["headers"].pop("content-type", None)
    else:
        event["headers"]["content-type"] = media
    try:
        event["body"], event["isBase64Encoded"] = content.decode(), False
    except UnicodeDecodeError:
        event["body"], event["isBase64Encoded"] = b64encode(content).decode(), True
