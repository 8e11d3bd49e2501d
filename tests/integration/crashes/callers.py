"""Who calls functions, and how each tries again."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Protocol

import httpx

from orderhub.wire.bricklink import errors as bricklink
from tests.support.wiretap import Killed

from .stage import BETWEEN_TRIES, Stage

TRIES: Final = 6
Revive = Callable[[], None]


class Broken(AssertionError):
    """A caller got what it must never get."""


class Caller(Protocol):
    @property
    def asked(self) -> object:
        """What is the same each time it asks, and holds ids."""
        ...

    def get_through(self, stage: Stage, revive: Revive) -> object:
        """Call until it is done; return what was answered. ``revive`` begins another process if
        this one has died.

        Raises :class:`Broken`.
        """
        ...


@dataclass(frozen=True)
class Request:
    """A client over HTTP sends the same until it is answered.

    ``send`` sends it. ``was_done`` knows the answer by which the API tells that a repeat was done
    before; without it a repeat is answered as the first would have been. ``is_done`` knows the
    answer that is wanted, where it is not the common one.
    """

    send: Callable[[], httpx.Response]
    was_done: Callable[[httpx.Response], bool] = lambda _: False
    is_done: Callable[[httpx.Response], bool] | None = None
    asked: object = None

    def get_through(self, stage: Stage, revive: Revive) -> object:
        for attempt in range(TRIES):
            try:
                answer = self.send()
            except Killed:
                revive()
            else:
                if (self.is_done or is_taken)(answer):
                    return shown(answer)
                if attempt and self.was_done(answer):
                    return None
                if not is_to_be_repeated(answer):
                    raise Broken(f"answer {attempt + 1}: {answer.status_code} {answer.text[:300]}")
            stage.wait(BETWEEN_TRIES)
        raise Broken("no end of it")


def is_taken(answer: httpx.Response) -> bool:
    """Whether an answer acknowledges, in whichever API's way."""
    if answer.status_code >= 300:
        return False
    content = _json(answer)
    if not isinstance(content, dict):
        return True
    # Two APIs tell failures in answers of HTTP 200.
    meta = content.get("meta")
    code = meta.get("code", 200) if isinstance(meta, dict) else content.get("code", 200)
    return not isinstance(code, int) or code < 300


def is_to_be_repeated(answer: httpx.Response) -> bool:
    """Whether an answer says that the same may be asked again, in its API's own shape."""
    content = _json(answer)
    if answer.status_code == 200 and isinstance(content, dict):
        return bool(content.get("meta", {}) == bricklink_later())
    if answer.status_code != 503:
        return False
    # A page for people, a provider's answer, or one of the APIs' own.
    if not isinstance(content, dict) or not content:
        return True
    return set(content) in _SHAPES


_SHAPES: Final = (
    {"error"},
    {"error_name"},
    {"errors"},
    {"code", "errors"},
    {"code", "message"},
    {"name", "message"},
)


def bricklink_later() -> Mapping[str, object]:
    meta = bricklink.Meta.INTERNAL_SERVER_ERROR
    return {"description": bricklink._LATER, "message": meta.message, "code": meta.code}


def shown(answer: httpx.Response) -> object:
    """What it says: that something was made is news the first time only."""
    content = _json(answer)
    return answer.text if content is None else content


def _json(answer: httpx.Response) -> Any:
    try:
        return answer.json()
    except ValueError:
        return None


@dataclass(frozen=True)
class Task:
    """A state machine's: what raises is tried again, and then by the machine's next run."""

    function: str
    event: Mapping[str, Any]
    says: Callable[[Any], object] = lambda _: None

    @property
    def asked(self) -> object:
        return self.event

    def get_through(self, stage: Stage, revive: Revive) -> object:
        for _ in range(TRIES):
            try:
                return self.says(stage.invoke(self.function, self.event))
            except (Killed, Exception):  # noqa: BLE001 - the machine retries States.ALL
                revive()
            stage.wait(BETWEEN_TRIES)
        raise Broken("no end of it")


@dataclass(frozen=True)
class Batch:
    """An event source mapping with ``ReportBatchItemFailures``: a stream tries everything again
    from the lowest failed record on, a queue what failed. Whoever was killed, or raised, gets all
    of it again."""

    function: str
    records: Sequence[Mapping[str, Any]]
    is_queue: bool = False
    rounds: int = TRIES
    """After so many, what is left failed for good reasons."""

    @property
    def asked(self) -> object:
        return self.records

    def get_through(self, stage: Stage, revive: Revive) -> object:
        left = [dict(record) for record in self.records]
        for _ in range(self.rounds):
            try:
                result = stage.invoke(self.function, {"Records": left})
            except (Killed, Exception):  # noqa: BLE001 - all of it failed, for the mapping
                revive()
            else:
                left = self._left(left, result)
            if not left:
                return None
            if self.is_queue:
                left = [_received_again(record) for record in left]
            stage.wait(BETWEEN_TRIES)
        raise Broken(f"{len(left)} records were never done")

    def _left(self, records: list[dict[str, Any]], result: Any) -> list[dict[str, Any]]:
        failed = {each["itemIdentifier"] for each in (result or {}).get("batchItemFailures", [])}
        if self.is_queue:
            return [record for record in records if record["messageId"] in failed]
        numbers = [record["dynamodb"]["SequenceNumber"] for record in records]
        places = [numbers.index(number) for number in failed]
        return records[min(places) :] if places else []


@dataclass(frozen=True)
class InTurn:
    """One caller after the other."""

    callers: Sequence[Caller]

    @property
    def asked(self) -> object:
        return [caller.asked for caller in self.callers]

    def get_through(self, stage: Stage, revive: Revive) -> object:
        return [caller.get_through(stage, revive) for caller in self.callers]


def _received_again(record: dict[str, Any]) -> dict[str, Any]:
    count = int(record["attributes"]["ApproximateReceiveCount"]) + 1
    return {
        **record,
        "attributes": {**record["attributes"], "ApproximateReceiveCount": str(count)},
    }
