"""Text that people and other systems wrote, made fit to be kept and shown."""

import re
from typing import Final
from urllib.parse import urlsplit

from .errors import InvalidField

# Control characters, which steer terminals and break lines; halves of characters, which can't be
# stored; and what decoders put for bytes that were no text.
_UNREADABLE: Final = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff\ufffd]")
_LINES_MAY_HAVE: Final = str.maketrans("", "", "\n\t")
_BLANK: Final = re.compile(r"\s")


def readable(field: str, text: str, longest: int, *, multiline: bool = False) -> str:
    """``text`` without blanks around it, of at most ``longest`` characters; it may be empty.

    With ``multiline`` it may have line ends, which become ``\\n``, and tabs. Raises
    :class:`InvalidField`: ``too_long``, or ``invalid`` for control characters.
    """
    text = text.strip()
    if multiline:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    if len(text) > longest:
        raise InvalidField(field, "too_long", f"at most {longest} characters")
    if _UNREADABLE.search(text.translate(_LINES_MAY_HAVE) if multiline else text):
        raise InvalidField(field, "invalid", "control characters can't be taken")
    return text


def web_address(field: str, text: str, longest: int) -> str:
    """``text`` if it is an ``http`` or ``https`` URL of at most ``longest`` characters, or empty.

    Raises :class:`InvalidField`: ``too_long``, or ``invalid`` for anything else, other schemes
    (``javascript:``) above all.
    """
    text = readable(field, text, longest)
    if not text:
        return text
    try:
        parts = urlsplit(text)
        good = parts.scheme in ("http", "https") and bool(parts.hostname)
    except ValueError:
        good = False
    if not good or _BLANK.search(text):
        raise InvalidField(field, "invalid", f"{text!r} is not like https://carrier.example/SF1")
    return text
