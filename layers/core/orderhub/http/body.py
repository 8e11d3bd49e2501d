"""Request bodies: bytes to plain values, refusing what means two things or nothing.

Numbers with a fraction become ``Decimal``, never float. Refused: NaN and Infinity, keys given
twice, nesting beyond reason, integers of thousands of digits, text that is no valid UTF-8.
"""

import base64
import json
import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Final
from urllib.parse import parse_qsl

from orderhub.wire.contract import BodyTooLarge, MalformedBody, UnsupportedMedia

FORM: Final = "application/x-www-form-urlencoded"
MAX_FORM_FIELDS: Final = 1000
_MAX_DEPTH: Final = 32
_CHARSET: Final = re.compile(r"""charset\s*=\s*["']?([^"';\s]*)""")


def decode_body(
    event: Mapping[str, Any],
    headers: Mapping[str, str],
    *,
    takes_forms: bool,
    max_bytes: int,
) -> object:
    """The body's value; ``None`` for an empty body.

    Raises a :class:`~orderhub.wire.contract.RequestError`.
    """
    raw = raw_body(event, max_bytes)
    if not raw.strip():
        return None
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise MalformedBody("The request body is not valid UTF-8.") from None
    media, parameters = media_type(headers)
    charset = _CHARSET.search(parameters.lower())
    if charset and charset[1] not in ("utf-8", "utf8"):
        raise UnsupportedMedia("The request body must be UTF-8.")
    if media == FORM and takes_forms:
        return _form(text)
    if media in ("", "application/json", "text/json") or media.endswith("+json"):
        return _json(text)
    accepted = "application/json"
    if takes_forms:
        accepted += f" or {FORM}"
    raise UnsupportedMedia(f"The Content-Type must be {accepted}.")


def media_type(headers: Mapping[str, str]) -> tuple[str, str]:
    """The body's media type in small letters, and the parameters behind it."""
    media, _, parameters = headers.get("content-type", "").partition(";")
    return media.strip().lower(), parameters


def raw_body(event: Mapping[str, Any], max_bytes: int) -> bytes:
    """The body as it was sent. Raises a :class:`~orderhub.wire.contract.RequestError`."""
    body: str = event.get("body") or ""
    # Measured before decoding: base64 makes 3 bytes from 4 characters.
    characters = len(body) * 3 // 4 if event.get("isBase64Encoded") else len(body)
    if characters > max_bytes:
        raise BodyTooLarge(f"The request body is larger than {max_bytes} bytes.")
    try:
        if event.get("isBase64Encoded"):
            raw = base64.b64decode(body, validate=True)
        else:
            raw = body.encode()
    except ValueError:
        # Lone surrogates, what is no base64, and base64 of more than ASCII.
        raise MalformedBody("The request body is not valid UTF-8.") from None
    if len(raw) > max_bytes:
        raise BodyTooLarge(f"The request body is larger than {max_bytes} bytes.")
    return raw


def _json(text: str) -> object:
    try:
        value = json.loads(
            text,
            parse_float=_fraction,
            parse_constant=_no_constant,
            object_pairs_hook=_object,
        )
        _require_sane(value, _MAX_DEPTH)
    except MalformedBody:
        raise
    except (ValueError, ArithmeticError, RecursionError):
        # ValueError also covers an integer of more digits than Python converts.
        raise MalformedBody("The request body is not valid JSON.") from None
    return value


def _fraction(digits: str) -> Decimal:
    return Decimal(digits)


def _no_constant(name: str) -> object:
    raise MalformedBody(f"{name} is not a JSON value.")


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    if len(value) != len(pairs):
        raise MalformedBody("A key is given twice in the same JSON object.")
    return value


def _require_sane(value: object, depth: int) -> None:
    """Refuse nesting beyond reason, and text that UTF-8 can't carry (lone surrogates)."""
    if isinstance(value, str):
        try:
            value.encode()
        except UnicodeEncodeError:
            raise MalformedBody("The request body holds text that is not valid Unicode.") from None
    elif isinstance(value, dict | list):
        if depth == 0:
            raise MalformedBody("The request body is nested too deeply.")
        if isinstance(value, dict):
            for key in value:
                _require_sane(key, depth)
        for part in value.values() if isinstance(value, dict) else value:
            _require_sane(part, depth - 1)


def _form(text: str) -> dict[str, str]:
    try:
        pairs = parse_qsl(
            text.strip("&"),
            keep_blank_values=True,
            strict_parsing=True,
            errors="strict",
            max_num_fields=MAX_FORM_FIELDS,
        )
    except ValueError:  # also UnicodeDecodeError
        raise MalformedBody("The request body is not a valid form.") from None
    value = dict(pairs)
    if len(value) != len(pairs):
        raise MalformedBody("A field is given twice in the form.")
    return value
