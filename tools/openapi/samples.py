"""A request of each operation, to copy: the example of ``events/`` as a line for the shell.

Credentials are the variables of ``.local/env.sh``, which ``make run`` writes. What must be signed
takes more than a line, so it is Python, with the library that signs.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pprint import pformat
from shlex import quote
from textwrap import indent
from typing import Any, Final
from urllib.parse import parse_qsl, urlencode

from .vocabulary import FORM, JSON

_CREDENTIALS: Final = {
    "marketplace.bearer": '-H "Authorization: Bearer $TOKEN"',
    "brandcloud.key": '-H "Authorization: $API_KEY"',
    "shoplazza.token": '-H "access-token: $ACCESS_TOKEN"',
    "youhaosuda.token": '-H "X-API-ACCESS-TOKEN: $APP"',
    "youhaosuda.app": '-u "$APP_KEY:$APP_SECRET"',
}
"""Security scheme → the arguments of curl that present it."""
SIGNED: Final = "bricklink.oauth1"
_KEY_IN_BODY: Final = "api_key"
_LINE: Final = 72


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """What is sent. ``path`` has its variables filled in; ``query`` is as it stands in a URL."""

    method: str
    path: str
    query: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    media: str = JSON
    body: Any = None
    """An object, or ``None`` for no body."""
    schemes: tuple[str, ...] = ()
    """Security schemes, any one of which will do."""
    is_of_consumer: bool = False
    """Whether a consumer asks, where others have keys as well."""


def samples(call: Call) -> list[dict[str, str]]:
    """What ``x-codeSamples`` takes."""
    if SIGNED in call.schemes:
        return [{"lang": "Python", "label": "Python", "source": _python(call)}]
    return [shell(_curl(call))]


def shell(source: str) -> dict[str, str]:
    return {"lang": "Shell", "label": "curl", "source": source}


def _curl(call: Call) -> str:
    query = _question(call.query)
    parts = ["curl"]
    if call.method != ("GET" if call.body is None else "POST"):
        parts[0] += f" -X {call.method}"
    parts[0] += f' "$API{call.path}{query}"'
    parts += [_CREDENTIALS[scheme] for scheme in call.schemes[:1]]
    if call.is_of_consumer:
        parts = [part.replace("$API_KEY", "$CONSUMER_API_KEY") for part in parts]
    parts += [f"-H {quote(f'{name}: {value}')}" for name, value in call.headers.items()]
    if call.body is not None:
        parts += _data(call)
    return " \\\n  ".join(parts)


def _question(query: str) -> str:
    """As a person would write it: what needs no escape has none."""
    return f"?{urlencode(parse_qsl(query), safe=',:/-')}" if query else ""


def _data(call: Call) -> Iterator[str]:
    if call.media == FORM:
        yield from (f"--data-urlencode {quote(f'{k}={v}')}" for k, v in call.body.items())
        return
    yield "-H 'Content-Type: application/json'"
    body = call.body
    if _KEY_IN_BODY in body:
        # A text that stands nowhere else, so that the shell puts the key in its place.
        body = {**body, _KEY_IN_BODY: "\0"}
    text = quote(_json(body))
    key = "$CONSUMER_API_KEY" if call.is_of_consumer else "$API_KEY"
    yield "-d " + text.replace(r"\u0000", f"'\"{key}\"'")


def _json(body: object) -> str:
    short = json.dumps(body, ensure_ascii=False)
    return short if len(short) <= _LINE else json.dumps(body, ensure_ascii=False, indent=2)


def _python(call: Call) -> str:
    query = _question(call.query)
    lines = [
        "import os",
        "",
        "from requests_oauthlib import OAuth1Session",
        "",
        "store = OAuth1Session(",
        '    os.environ["CONSUMER_KEY"],',
        '    os.environ["CONSUMER_SECRET"],',
        '    os.environ["TOKEN_VALUE"],',
        '    os.environ["TOKEN_SECRET"],',
        ")",
        *_assigned(call.body),
        f"answer = store.{call.method.lower()}(",
        f'    os.environ["API"] + "{call.path}{query}",',
    ]
    if call.body is not None:
        lines.append("    json=body,")
    return "\n".join((*lines, ")", "print(answer.json())"))


def _assigned(body: object) -> Iterator[str]:
    if body is not None:
        yield indent(pformat(body, width=_LINE, sort_dicts=False), " " * 7).replace(
            " " * 7, "body = ", 1
        )
