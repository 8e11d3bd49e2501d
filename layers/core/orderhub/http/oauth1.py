"""OAuth 1.0 (RFC 5849): who says to have signed a request, and what they must have signed.

What is signed follows from the request alone: its method, its URL as the caller saw it, and its
parameters, which are those of the query, of a form in the body, and OAuth's own. OAuth's own stand
in the ``Authorization`` header, in the query, or in the query as one parameter ``Authorization``
whose value is a JSON object.

Parameters are decoded and encoded again as the RFC has it, so it doesn't matter how callers or
gateways spell them (``,`` or ``%2C``). The URL's path can't be had as it was sent: API Gateway
decodes it (all but ``%25``), and puts the base path of a domain's mapping before it. So it is made
from the route and its variables, under the base URL that we know.
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import field
from hmac import compare_digest
from typing import Any, Final
from urllib.parse import parse_qsl, quote, unquote
from urllib.request import parse_http_list

from oauthlib.oauth1.rfc5849 import signature

from orderhub.domain.dataclass import dataclass
from orderhub.domain.errors import SignatureRefused
from orderhub.wire.contract import RequestError

from .body import FORM, MAX_FORM_FIELDS, media_type, raw_body

_METHOD: Final = "HMAC-SHA1"
_VERSION: Final = "1.0"
_REQUIRED: Final = (
    "oauth_consumer_key",
    "oauth_token",
    "oauth_signature_method",
    "oauth_signature",
    "oauth_timestamp",
    "oauth_nonce",
)
_IN_QUERY: Final = "Authorization"
_TIMESTAMP: Final = re.compile(r"[0-9]{1,12}")
_LONGEST: Final = 512
"""Of each of OAuth's own parameters, in characters."""

_VARIABLE: Final = re.compile(r"\{(\w+)(\+?)\}")
_ENCODINGS: Final = ("", "!$&'()*+,;=:@")
"""What callers may leave as it is in a segment of a path: nothing but what never needs encoding,
or all that RFC 3986 allows."""

_Pairs = list[tuple[str, str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class OAuth1Request:
    """:class:`orderhub.services.authenticate_signed.SignedRequest`."""

    consumer_key: str
    token: str
    timestamp: int
    nonce: str
    signature: str = field(repr=False)
    base_strings: Sequence[str] = field(repr=False)
    """What may have been signed. More than one only for paths that can be spelled in two ways."""

    def is_signed_with(self, consumer_secret: str, token_secret: str) -> bool:
        secrets = _Secrets(consumer_secret, token_secret)
        matches = [
            compare_digest(
                signature.sign_hmac_sha1_with_client(text, secrets).encode(),
                self.signature.encode(),
            )
            for text in self.base_strings
        ]
        return any(matches)


@dataclass(frozen=True, slots=True)
class _Secrets:
    """As oauthlib calls them."""

    client_secret: str = field(repr=False)
    resource_owner_secret: str = field(repr=False)


def signed_request(
    event: Mapping[str, Any], headers: Mapping[str, str], *, base_url: str, max_bytes: int
) -> OAuth1Request:
    """How a request is signed, for API Gateway's event (payload 2.0). ``headers`` are its headers
    with their names in small letters, ``max_bytes`` is how long a form may be.

    Raises :class:`SignatureRefused`: ``unsigned``, ``malformed`` or ``unsupported``.
    """
    try:
        pairs = [*_in_query(event), *_in_header(headers), *_in_form(event, headers, max_bytes)]
        return _understood(event, pairs, base_url)
    except (ValueError, RecursionError, RequestError):
        # ValueError is also what oauthlib and the decoders raise.
        raise SignatureRefused(SignatureRefused.MALFORMED) from None


def _understood(event: Mapping[str, Any], pairs: _Pairs, base_url: str) -> OAuth1Request:
    own = [(name, value) for name, value in pairs if name.startswith("oauth_")]
    if not own:
        raise SignatureRefused(SignatureRefused.UNSIGNED)
    given = dict(own)
    if len(given) != len(own):
        raise ValueError("a parameter of OAuth is given twice")
    if any(not 0 < len(given.get(name, "")) <= _LONGEST for name in _REQUIRED):
        raise ValueError("a parameter of OAuth is missing or too long")
    if given["oauth_signature_method"] != _METHOD or given.get("oauth_version", "1.0") != _VERSION:
        raise SignatureRefused(SignatureRefused.UNSUPPORTED)
    if not _TIMESTAMP.fullmatch(given["oauth_timestamp"]):
        raise ValueError("the timestamp is no number of seconds")
    return OAuth1Request(
        consumer_key=given["oauth_consumer_key"],
        token=given["oauth_token"],
        timestamp=int(given["oauth_timestamp"]),
        nonce=given["oauth_nonce"],
        signature=given["oauth_signature"],
        base_strings=tuple(_base_strings(event, pairs, base_url)),
    )


def _base_strings(event: Mapping[str, Any], pairs: _Pairs, base_url: str) -> Iterator[str]:
    method = event["requestContext"]["http"]["method"]
    signed = [(name, value) for name, value in pairs if name != "oauth_signature"]
    parameters = signature.normalize_parameters(signed)
    for path in dict.fromkeys(_path(event, safe) for safe in _ENCODINGS):
        uri = signature.base_string_uri(base_url + path)
        yield signature.signature_base_string(method, uri, parameters)


def _path(event: Mapping[str, Any], safe: str) -> str:
    """The request's path below the base URL, with its variables percent-encoded."""
    _, _, route = event["routeKey"].partition(" ")
    values = event.get("pathParameters") or {}

    def encoded(variable: re.Match[str]) -> str:
        # "{path+}" stands for several segments.
        return quote(values[variable[1]], safe=safe + "/" if variable[2] else safe)

    path = _VARIABLE.sub(encoded, route)
    # API Gateway takes a slash at the end for nothing, but it was signed.
    return path + "/" if event["rawPath"].endswith("/") else path


def _in_query(event: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for name, value in _decoded(event.get("rawQueryString") or ""):
        if name == _IN_QUERY:
            yield from _in_json(value)
        else:
            yield name, value


def _in_json(text: str) -> Iterator[tuple[str, str]]:
    """OAuth's parameters as a JSON object, their values percent-encoded or not: what they consist
    of reads the same either way."""
    parameters = json.loads(text)
    if not isinstance(parameters, dict):
        raise ValueError("no JSON object")
    for name, value in parameters.items():
        if name != "realm":
            yield name, unquote(str(value), errors="strict")


def _in_header(headers: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    scheme, _, parameters = headers.get("authorization", "").strip().partition(" ")
    if scheme.lower() != "oauth":
        return
    for part in parse_http_list(parameters):
        name, equals, value = part.partition("=")
        if not equals:
            raise ValueError("a parameter without a value")
        name, value = name.strip(), value.strip()
        if value[:1] == '"':
            value = value[1:-1]
        if name.lower() != "realm":
            yield unquote(name, errors="strict"), unquote(value, errors="strict")


def _in_form(
    event: Mapping[str, Any], headers: Mapping[str, str], max_bytes: int
) -> Iterator[tuple[str, str]]:
    if media_type(headers)[0] == FORM:
        yield from _decoded(raw_body(event, max_bytes).decode())


def _decoded(text: str) -> _Pairs:
    return parse_qsl(text, keep_blank_values=True, errors="strict", max_num_fields=MAX_FORM_FIELDS)
