"""A pytest plugin: no secret, token or personal datum stands in any log line of the whole run.

While tests run, it notes what they send and what is sealed: tokens and secrets by where they stand,
personal data by the names of their fields. It hears every line that functions log in this process,
and those of the local cloud (:func:`hear_cloud`). When the process has run its tests, the ones are
looked for in the others; what is found makes the run fail.

Lines must also be what they should be: of known keys, with values that are not endless.
"""

import base64
import binascii
import json
import logging
import re
import time
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any, Final
from urllib.parse import parse_qsl, unquote

import httpx
import pytest
from aws_lambda_powertools.logging.formatter import LambdaPowertoolsFormatter

from local import logs
from local.cloud import LocalCloud
from orderhub.adapters.kms import KmsVault
from tests.support.figures import tried
from tests.support.hostile import VALUES

IN_PROCESS: Final = "in process"
ON_THE_CLOUD: Final = "local cloud"

SHORTEST_SECRET: Final = 8
SHORTEST_DATUM: Final = 6
SHORTEST_WIDE_DATUM: Final = 3
"""In characters beyond ASCII, of which names need fewer. What is shorter is in every second line by
chance."""
TOLD_FROM_CHANCE: Final = 16
"""In characters: what is that long is nobody's word."""
_LONGEST: Final = 200
"""As much of a value is looked for as makes it that one."""

_SECRET: Final = re.compile(
    r"api_key|.*(token|secret|signature|password)|sign|authorization|cookie|merchant_trade_no",
    re.IGNORECASE,
)
_PERSONAL: Final = re.compile(
    r".*(email|phone|fullname|full_name|given_name|family_name|first_name|last_name|sender_name)"
    r"|address|address_address|address[12]?|street2?|line[12]|payer|openid|buyer_id|cpf|latitude|longitude"
    r"|note|remarks|special_instructions|gift_card_text|comment|subject_text|message",
    re.IGNORECASE,
)
_TOKEN_HEADERS: Final = frozenset(
    {"authorization", "access-token", "x-api-access-token", "x-spree-token", "stripe-signature"}
    | {"paypal-transmission-sig", "wechatpay-signature", "webhook-signature"}
)

KEYS: Final = frozenset(
    {
        # Powertools' own.
        "level",
        "location",
        "message",
        "timestamp",
        "service",
        "exception",
        "exception_name",
        "exception_notes",
        "stack_trace",
        "function_name",
        "function_request_id",
        # Of requests.
        "wire",
        "route",
        "correlation_id",
        "caller_id",
        "trace_id",
        "error",
        "reason",
        "trace",
        "status",
        "milliseconds",
        "shop_id",
        "credential_id",
        "provider",
        "kinds",
        "event_ids",
        "order_id",
        "version",
        "meta",
        "metafield_id",
        "subscription_id",
    }
)
"""What lines of functions behind the API may say."""
LONGEST_VALUE: Final = 1_000
"""Of a line's values but traces, in characters."""
_TRACES: Final = frozenset({"trace", "exception", "stack_trace"})


_NOBODYS: Final = frozenset(
    text for value in VALUES for text in (value.text, value.text.strip('"'))
)
"""What hostile requests have in every field, so that it is in lines by other ways as well."""


class Listener:
    """What was said in secret, and what was said aloud."""

    def __init__(self) -> None:
        self._secret: dict[str, str] = {}
        self._aloud: dict[str, str] = {}
        self._strange: list[str] = []
        self._counted: dict[str, int] = {}

    # -- in secret ---------------------------------------------------------------------------------

    def keep(self, value: object, kind: str) -> None:
        """Nobody may say it, if it is long enough to be told from chance."""
        text = str(value).strip()[:_LONGEST]
        shortest = SHORTEST_SECRET if kind == "secret" else SHORTEST_DATUM
        if kind != "secret" and not text.isascii():
            shortest = SHORTEST_WIDE_DATUM
        if len(text) >= shortest and text not in _NOBODYS and not _is_a_word(text):
            self._secret.setdefault(text, kind)

    def read(self, value: Any, name: str = "") -> None:
        """Keep what a body has in fields whose names say that it is nobody's business."""
        if isinstance(value, Mapping):
            for key, part in value.items():
                self.read(part, str(key))
        elif isinstance(value, list):
            for part in value:
                self.read(part, name)
        elif isinstance(value, str):
            if _SECRET.fullmatch(name):
                self.keep(value, "secret")
            elif _PERSONAL.fullmatch(name):
                self.keep(value, "datum")

    def see_request(
        self, headers: Mapping[str, str], content: bytes | str, query: str = ""
    ) -> None:
        """Keep what a request tells of secrets and people."""
        for name, value in headers.items():
            if name.lower() in _TOKEN_HEADERS:
                self._see_credential(value)
        self.read(dict(parse_qsl(query, errors="replace")))
        text = content if isinstance(content, str) else content.decode(errors="replace")
        if text[:1] in ("{", "["):
            try:
                self.read(json.loads(text))
            except (ValueError, RecursionError):
                return
        elif "=" in text[:200]:
            self.read(dict(parse_qsl(text, errors="replace")))

    def see_event(self, event: object) -> None:
        """The same of API Gateway's event."""
        if not isinstance(event, Mapping) or "routeKey" not in event:
            return
        body = event.get("body") or ""
        content: bytes | str = body
        if event.get("isBase64Encoded"):
            try:
                content = base64.b64decode(body)
            except (binascii.Error, ValueError):
                content = b""
        self.see_request(event.get("headers") or {}, content, event.get("rawQueryString") or "")
        self.read(event.get("pathParameters") or {})

    def _see_credential(self, header: str) -> None:
        scheme, _, rest = header.partition(" ")
        self.keep(rest or scheme, "secret")
        if scheme.lower() == "basic":
            try:
                for part in base64.b64decode(rest).decode().split(":"):
                    self.keep(part, "secret")
            except ValueError:
                return
        for value in re.findall(r'\boauth_(?:signature|token|consumer_key)="([^"]*)"', rest):
            self.keep(unquote(value), "secret")

    # -- aloud -------------------------------------------------------------------------------------

    def hear(self, line: str, where: str) -> None:
        """A line that somebody logged."""
        self._counted[where] = self._counted.get(where, 0) + 1
        try:
            entry = json.loads(line)
        except ValueError:
            entry = line
        for text in _texts(entry):
            self._aloud.setdefault(text, where)
        if isinstance(entry, dict) and entry.get("message") == "request":
            self._strange += [f"{where}: {told}" for told in _strange(entry)]

    def faults(self) -> list[str]:
        """What was said aloud and should not, and lines that are not as they should be; without
        the words themselves."""
        found = list(dict.fromkeys(self._strange))
        everything = "\0".join(self._aloud)
        for secret, kind in self._secret.items():
            if secret in everything and _stands_alone(secret, everything):
                where = next(text for text in self._aloud if _stands_alone(secret, text))
                told = where.replace(secret, "█" * 8)[:500]
                found.append(
                    f"{self._aloud[where]}: a {kind} of {len(secret)} characters in: {told}"
                )
        return found

    def count(self) -> None:
        for where, lines in self._counted.items():
            tried(f"log lines searched, {where}", lines)
            tried(f"secrets and personal data looked for, {where}", len(self._secret))


def _is_a_word(text: str) -> bool:
    """Such as ``changed``: of a kind that the code's own words are of."""
    return len(text) < TOLD_FROM_CHANCE and text.isascii() and text.isalpha() and text.islower()


def _stands_alone(secret: str, text: str) -> bool:
    """Whether it is in a text, and where it is short, not as part of a longer word."""
    if len(secret) >= TOLD_FROM_CHANCE or not secret.isascii():
        return secret in text
    return bool(re.search(rf"(?<!\w){re.escape(secret)}(?!\w)", text))


def _texts(entry: Any) -> Iterator[str]:
    """What a line says, in the end. ``location`` and times are the logger's own."""
    if isinstance(entry, str):
        yield entry
    elif isinstance(entry, dict):
        for key, value in entry.items():
            if key not in ("location", "timestamp"):
                yield str(key)
                yield from _texts(value)
    elif isinstance(entry, list):
        for value in entry:
            yield from _texts(value)
    elif isinstance(entry, int) and abs(entry) > 10**SHORTEST_DATUM:
        yield str(entry)


def _strange(entry: Mapping[str, Any]) -> Iterator[str]:
    if unknown := set(entry) - KEYS:
        yield f"a line has the keys {sorted(unknown)}"
    for key, value in entry.items():
        if key not in _TRACES and len(str(value)) > LONGEST_VALUE:
            yield f"a line's {key} has {len(str(value))} characters"


LISTENER: Final = Listener()
_STARTED: Final = time.time()


def hear_cloud(cloud: LocalCloud, stack_name: str) -> None:
    """Hear what the functions of a local cloud logged since these tests began, and the emulator."""
    since = datetime.fromtimestamp(_STARTED, UTC)
    for line in logs.lines(cloud, stack_name, since=since):
        LISTENER.hear(line.message, ON_THE_CLOUD)
    if cloud.log.exists():
        with cloud.log.open(encoding="utf-8", errors="replace") as emulator:
            for text in emulator:
                # It plays the mail service too, which says to whom it sends.
                if " [ses" not in text:
                    LISTENER.hear(text.rstrip("\n"), ON_THE_CLOUD)


# -- the plugin ------------------------------------------------------------------------------------


class _Overhears(logging.Handler):
    """What libraries log beside us."""

    def emit(self, record: logging.LogRecord) -> None:
        LISTENER.hear(self.format(record), IN_PROCESS)


def pytest_configure(config: pytest.Config) -> None:
    """Listen at the three places that everything passes: the log's formatter, the clients of the
    tests, and the vault."""
    written = LambdaPowertoolsFormatter.format
    sent = httpx.Client.send
    sealed = KmsVault.encrypt

    def heard(formatter: LambdaPowertoolsFormatter, record: logging.LogRecord) -> str:
        line = written(formatter, record)
        LISTENER.hear(line, IN_PROCESS)
        return line

    def seen(client: httpx.Client, request: httpx.Request, **options: Any) -> httpx.Response:
        try:
            content = request.content
        except httpx.RequestNotRead:
            content = b""
        LISTENER.see_request(request.headers, content, request.url.query.decode(errors="replace"))
        return sent(client, request, **options)

    def kept(vault: KmsVault, plain: bytes, context: Mapping[str, str]) -> bytes:
        LISTENER.keep(plain.decode(errors="replace"), "secret")
        return sealed(vault, plain, context)

    LambdaPowertoolsFormatter.format = heard  # type: ignore[method-assign,assignment]
    httpx.Client.send = seen  # type: ignore[method-assign,assignment]
    KmsVault.encrypt = kept  # type: ignore[method-assign,assignment]
    logging.getLogger().addHandler(_Overhears(logging.WARNING))


@pytest.hookimpl(tryfirst=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """Search; a worker of xdist hands what it found to the process that it works for."""
    if getattr(session.config.option, "numprocesses", None) and not hasattr(
        session.config, "workeroutput"
    ):
        found = _of_workers
    else:
        LISTENER.count()
        found = LISTENER.faults()
    if hasattr(session.config, "workeroutput"):
        session.config.workeroutput["silence"] = json.dumps(found)
    elif found:
        _of_workers[:] = found
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


_of_workers: list[str] = []


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    _of_workers.extend(json.loads(getattr(node, "workeroutput", {}).get("silence", "[]")))


def pytest_terminal_summary(terminalreporter: Any) -> None:
    if _of_workers:
        terminalreporter.section("said in a log line, and should not be", red=True)
        for line in _of_workers:
            terminalreporter.write_line(line)
