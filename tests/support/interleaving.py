"""Several requests at once, one AWS call at a time, in an order that a test chooses.

Each request runs in a thread of its own and stops before every call. Whoever schedules lets one of
them go on, to just before its next call. So a run is told whole by a list of choices, and all runs
can be enumerated, as a model checker does it: depth first, and of runs that differ only in the
order of calls that don't concern each other one is enough ("sleep sets", Godefroid 1996).
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextvars import ContextVar, copy_context
from dataclasses import dataclass, field
from threading import Semaphore, Thread
from typing import Any, Final

from botocore.awsrequest import AWSResponse

from tests.support.wiretap import Answer, Call, Killed, Wiretap

_LONGEST_WAIT: Final = 60.0
"""Seconds within which local code between two calls ends; longer is a deadlock."""

MOST_CALLS: Final = 400
"""Of one run. More means that requests keep each other from ending."""


# -- what a call concerns --------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Footprint:
    """What a step reads or writes: the partitions ``items``, or anything where that is ``None``."""

    name: str
    writes: bool
    items: frozenset[str] | None

    def concerns(self, other: "Footprint") -> bool:
        """Whether it may matter which of the two comes first."""
        if not (self.writes or other.writes):
            return False
        return self.items is None or other.items is None or bool(self.items & other.items)


ANYTHING: Final = Footprint("anything", writes=True, items=None)

_READS: Final = ("GetItem", "BatchGetItem", "Query")


def footprint_of(call: Call) -> Footprint:
    """Of a call; whatever is not known well counts as concerning everything."""
    body = call.body if isinstance(call.body, dict) else {}
    match call.service, call.operation:
        case "kms", _:
            return Footprint(call.name, writes=False, items=frozenset())
        case "dynamodb", "Query" if "IndexName" in body:
            return Footprint(call.name, writes=False, items=None)
        case "dynamodb", "Query":
            values = body.get("ExpressionAttributeValues", {}).values()
            asked = frozenset(value["S"] for value in values if "S" in value)
            return Footprint(call.name, writes=False, items=asked)
        case "dynamodb", "BatchGetItem":
            tables = body["RequestItems"].values()
            asked = frozenset(key["pk"]["S"] for table in tables for key in table["Keys"])
            return Footprint(call.name, writes=False, items=asked)
        case "dynamodb", "GetItem" | "PutItem" | "UpdateItem" | "DeleteItem":
            writes = call.operation not in _READS
            return Footprint(call.name, writes=writes, items=frozenset([_partition(body)]))
        case "dynamodb", "TransactWriteItems":
            written = [each for part in body["TransactItems"] for each in part.values()]
            items = frozenset(_partition(each) for each in written)
            return Footprint(call.name, writes=True, items=items)
    return ANYTHING


def _partition(write: Mapping[str, Any]) -> str:
    key = write.get("Key") or write["Item"]
    pk: str = key["pk"]["S"]
    return pk


# -- one run ---------------------------------------------------------------------------------------

Choose = Callable[[Mapping[int, Footprint]], int]
"""Which of the requests that have not ended goes on, given what each does next.

Raises :class:`Redundant` when nothing new can come of the run."""


class Redundant(Exception):
    """Every way on was tried already, in a run that can't be told from this one."""


class _Actor:
    """A request in its thread."""

    def __init__(self, request: Callable[[], object]) -> None:
        self._request = request
        self._goes_on = Semaphore(0)
        self._stopped = Semaphore(0)
        self._is_killed = False
        self.answer: object = None
        self.error: BaseException | None = None
        self.next: Footprint | None = None
        """``None`` once it has ended."""
        self._thread = Thread(target=copy_context().run, args=(self._run,), daemon=True)

    def start(self) -> None:
        self._thread.start()
        self._wait()

    def go_on(self) -> None:
        self._goes_on.release()
        self._wait()

    def kill(self) -> None:
        """End it before its next call."""
        self._is_killed = True
        while self.next is not None:
            self.go_on()

    def stop_before(self, step: Footprint) -> None:
        """Called in its thread, or in one that works for it."""
        self.next = step
        self._stopped.release()
        self._goes_on.acquire()
        if self._is_killed:
            raise Killed

    def _wait(self) -> None:
        assert self._stopped.acquire(timeout=_LONGEST_WAIT), "a request neither ends nor calls"

    def _run(self) -> None:
        _actor.set(self)
        try:
            self.answer = self._request()
        except BaseException as error:  # noqa: BLE001 - told to the scheduler, in its thread
            self.error = error
        self.next = None
        self._stopped.release()


_actor: ContextVar[_Actor | None] = ContextVar("actor", default=None)


def pause(step: Footprint = ANYTHING) -> None:
    """A place where a request may be overtaken, beside its calls."""
    actor = _actor.get()
    if actor is not None:
        actor.stop_before(step)


class Workers(ThreadPoolExecutor):
    """Threads that count as the request that starts them. It must have one at work at a time."""

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        return super().submit(copy_context().run, fn, *args, **kwargs)


def run(wiretap: Wiretap, requests: Sequence[Callable[[], object]], choose: Choose) -> list[object]:
    """What the requests answer, run as ``choose`` has it. Raises what one of them raises."""

    def watch(call: Call, happen: Answer) -> AWSResponse:
        pause(footprint_of(call))
        return happen()

    actors = [_Actor(request) for request in requests]
    with wiretap.watched(watch):
        try:
            for actor in actors:
                actor.start()
            for _ in range(MOST_CALLS):
                ahead = {n: actor.next for n, actor in enumerate(actors) if actor.next}
                if not ahead:
                    break
                actors[choose(ahead)].go_on()
            else:
                raise AssertionError(f"{MOST_CALLS} calls, and no end")
        finally:
            for actor in actors:
                actor.kill()
    for actor in actors:
        if actor.error is not None:
            raise actor.error
    return [actor.answer for actor in actors]


# -- all runs --------------------------------------------------------------------------------------


@dataclass(slots=True)
class _Node:
    """A moment in a run: what could be done next, and what need not be tried any more."""

    ahead: dict[int, Footprint]
    asleep: dict[int, Footprint]
    chosen: int
    tried: dict[int, Footprint] = field(default_factory=dict)

    def turn(self) -> bool:
        """Choose what was not tried yet; ``False`` when nothing is left."""
        self.tried[self.chosen] = self.ahead[self.chosen]
        for actor in self.ahead:
            if actor not in self.tried and actor not in self.asleep:
                self.chosen = actor
                return True
        return False

    def asleep_after(self) -> dict[int, Footprint]:
        done = self.ahead[self.chosen]
        sleeping = {**self.asleep, **self.tried}
        return {actor: step for actor, step in sleeping.items() if not step.concerns(done)}


class Schedule:
    """One run's choices, made as it goes; ``str()`` tells them."""

    def __init__(self, path: list[_Node]) -> None:
        self._path = path
        self._depth = 0

    def choose(self, ahead: Mapping[int, Footprint]) -> int:
        if self._depth == len(self._path):
            asleep = self._path[-1].asleep_after() if self._path else {}
            awake = [actor for actor in ahead if actor not in asleep]
            if not awake:
                raise Redundant
            self._path.append(_Node(dict(ahead), asleep, awake[0]))
        node = self._path[self._depth]
        assert list(node.ahead) == list(ahead), "the same choices led somewhere else"
        self._depth += 1
        return node.chosen

    @property
    def choices(self) -> list[int]:
        return [node.chosen for node in self._path[: self._depth]]

    def __str__(self) -> str:
        steps = (f"{node.chosen}: {node.ahead[node.chosen].name}" for node in self._path)
        return "\n".join(steps)


def schedules(at_most: int) -> Iterator[Schedule]:
    """All schedules that can be told apart, each to be run before the next is asked for.

    Ends after ``at_most`` of them.
    """
    path: list[_Node] = []
    for _ in range(at_most):
        yield Schedule(path)
        while path and not path[-1].turn():
            path.pop()
        if not path:
            return


def told(choices: Sequence[int]) -> Choose:
    """Choose as the numbers say, each modulo the requests that there are then; the first request
    that has not ended once there are no more of them."""
    left = iter(choices)

    def choose(ahead: Mapping[int, Footprint]) -> int:
        waiting = list(ahead)
        return waiting[next(left, 0) % len(waiting)]

    return choose
