"""What holds of every answer to a hostile request, whichever API it is of."""

import copy
from typing import Final

from orderhub.wire.shoplazza.errors import (
    CREATE_FAILED,
    NO_RECORD,
    NOT_BUILDABLE,
    NOT_CALCULABLE,
    named,
)
from tests.integration.hostile.place import Answer, Event, Items, Operation, Place, answer
from tests.support.fakes import FakeMailer
from tests.support.figures import tried
from tests.support.hostile import INJECTED, MARKUP, Path, at

SECONDS: Final = 1.0
"""Of processor time, for the longest body that anybody reads."""
NO_ROUTE: Final = (404, '{"message":"Not Found"}')
"""Word for word what API Gateway says where there is no route."""
TRIES: Final = 3
"""So that a busy machine makes nothing look slow that is not."""
LONGEST: Final = 1_000_000
"""No answer repeats what was sent so often that it is as long, in characters."""


class Besieged:
    """A shop that hostile requests come to."""

    def __init__(self, place: Place, items: Items, outbox: FakeMailer, warm: set[str]) -> None:
        self._items, self._outbox, self._warm = items, outbox, warm
        self.operations = place.operations

    def takes(self, operation: Operation) -> None:
        """The good request is taken; what functions need has been imported then, once for all."""
        if operation.route in self._warm:
            return
        self._warm.add(operation.route)
        event = operation.reseal(operation.body) if operation.reseal else operation.request()
        given = answer(operation, event)
        refuses = operation.function == "bricklink/reject_request"
        assert self._is_taken(operation, given, "itself") is not refuses, given
        self._items.restore()

    def sends(self, operation: Operation, event: Event, what: str) -> bool:
        """Send a request; what is refused changes nothing, whatever is answered has the API's
        shape. Returns whether it was taken, which is undone."""
        tried("hostile requests, in process")
        what = f"{operation.route}, {what}"
        before = len(self._outbox.sent)
        given = self._answer(operation, event, what)
        is_taken = self._is_taken(operation, given, what)
        _require_clean(given, what)
        if not is_taken:
            assert self._items.are_unchanged(), f"{what}: {self._items.changed()}"
            assert len(self._outbox.sent) == before, f"{what}: a mail was sent"
        elif not self._items.are_unchanged():
            self._items.restore()
        self.last = given
        return is_taken

    def _answer(self, operation: Operation, event: Event, what: str) -> Answer:
        seconds = []
        for _ in range(TRIES):
            try:
                given = answer(operation, copy.deepcopy(event))
            except Exception as error:
                raise AssertionError(f"{what}: {error!r}") from error
            seconds.append(given.seconds)
            if given.seconds < SECONDS:
                return given
            self._items.restore()
        raise AssertionError(f"{what}: {seconds} s")

    def _is_taken(self, operation: Operation, given: Answer, what: str) -> bool:
        told = f"{what}: {given.status} {given.text[:500]}"
        assert given.status < 500, told
        media = given.headers["content-type"]
        if (given.status, given.text) == NO_ROUTE:
            return False
        if operation.wire == "checkout":
            assert media == "text/html; charset=utf-8", told
            assert "<!doctype html>" in given.text
            assert given.status in (200, 404), told
            return given.status == 200
        if operation.function == "payment_webhooks/alipay":
            assert given.text == ("success" if given.status == 200 else "failure"), told
            return given.status == 200
        if media == "application/pdf":
            return given.status == 200
        assert media == "application/json; charset=utf-8", f"{what}: {media}"
        assert _SHAPES[operation.wire](given), told
        return _is_success(operation, given)


def _require_clean(given: Answer, what: str) -> None:
    """Nothing of a request may become a header field, or a part of a page."""
    for name, value in given.headers.items():
        assert name.lower() != INJECTED, what
        assert "\r" not in value, what
        assert "\n" not in value, what
        value.encode("latin-1")
    assert len(given.text) < LONGEST, what
    if given.headers["content-type"].startswith("text/html"):
        assert MARKUP not in given.text, what


# -- each API's own shape --------------------------------------------------------------------------


def _is_text_list(value: object) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(one, str) for one in value)


def _marketplace(given: Answer) -> bool:
    body = given.body
    if given.status in (200, 201):
        return isinstance(body["id"], int)
    errors = body.get("errors")
    return (
        given.status in (400, 401, 403, 404, 413, 415, 422)
        and isinstance(body["error"], str)
        and (errors is None) is (given.status != 422)
        and (errors is None or all(map(_is_text_list, errors.values())))
    )


def _shoplazza(given: Answer) -> bool:
    if given.status == 200:
        return "order" in given.body or "order" in given.body["data"]
    return given.status in (401, 403, 406, 422) and _is_text_list(given.body["errors"])


def _brandcloud(given: Answer) -> bool:
    if given.status == 200:
        return isinstance(given.body, dict | list)
    return given.status == 403 and isinstance(given.body["error_name"], str)


def _youhaosuda(given: Answer) -> bool:
    if "code" not in given.body:
        return given.status == 200
    return given.status in (200, 400, 401, 403) and _is_text_list(given.body["errors"])


def _bricklink(given: Answer) -> bool:
    body = given.body
    meta = body["meta"]
    return (
        given.status == 200
        and set(body) == {"meta", "data"}
        and set(meta) == {"description", "message", "code"}
        and all(isinstance(meta[name], str) for name in ("description", "message"))
        and meta["code"] < 500
    )


def _payment_webhooks(given: Answer) -> bool:
    return given.status in (200, 400, 401, 404, 413) and isinstance(given.body, dict)


_SHAPES: Final = {
    "marketplace": _marketplace,
    "shoplazza": _shoplazza,
    "brandcloud": _brandcloud,
    "youhaosuda": _youhaosuda,
    "bricklink": _bricklink,
    "payment_webhooks": _payment_webhooks,
}


def _is_success(operation: Operation, given: Answer) -> bool:
    match operation.wire:
        case "bricklink":
            return bool(given.body["meta"]["code"] < 300)
        case "youhaosuda":
            return "code" not in given.body
    return given.status < 300


_DOCUMENTED_WORDS: Final = (CREATE_FAILED, NO_RECORD, NOT_BUILDABLE, NOT_CALCULABLE)
"""What Shoplazza's document says instead of naming a field."""


def names_field(operation: Operation, given: Answer, path: Path) -> bool:
    """Whether an answer that finds fault with fields names this one, what it belongs to, or what
    belongs to it."""
    part = at(operation.body, path)
    inner = list(part) if isinstance(part, dict) else []
    fields = [*map(str, path), *inner]
    match operation.wire:
        case "marketplace" if given.status == 422:
            return path[0] in given.body["errors"]
        case "shoplazza" if given.status == 422:
            names = [named(".".join(fields[:length])) for length in range(1, len(path) + 1)]
            return all(
                error in _DOCUMENTED_WORDS or any(name in error for name in names)
                for error in given.body["errors"]
            )
        case "youhaosuda" if given.status == 200 and given.body["code"] == 422:
            return all(error.startswith(tuple(fields)) for error in given.body["errors"])
        case "bricklink" if given.body["meta"]["message"] == "PARAMETER_MISSING_OR_INVALID":
            return any(field in given.body["meta"]["description"] for field in fields)
        case "brandcloud" if "validation" in given.body:
            return set(given.body["validation"]) <= set(fields)
    return True
