"""A scenario, run once as it should be and once for everything that can go wrong in it."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import count

from .callers import Broken, Caller
from .cuts import Cut, Cutter, Recorder, cuts_of
from .oracle import Fingerprint, Reader
from .stage import Kept, Stage, functions

Prepare = Callable[[Stage], Caller]


@dataclass(frozen=True)
class Scenario:
    """``function`` is the template's name of what is tried; ``prepare`` makes what there must be
    and returns who calls it then.

    ``made_anew`` says why a repeat of what was not acknowledged may be done once more: for APIs
    that give callers nothing to be known again by. All must be as if it had been asked for once, or
    as if it had been asked for twice. Calls named in ``spared`` are not cut.
    ``in_any_order`` says that several threads call side by side, not always as often,
    ``is_never_thinned`` that all points are tried every day, since some found something once.
    """

    group: str
    name: str
    function: str
    prepare: Prepare
    made_anew: str = ""
    spared: frozenset[str] = frozenset()
    in_any_order: bool = False
    is_never_thinned: bool = False

    @property
    def id(self) -> str:
        return f"{self.group}-{self.name}".replace(" ", "-")


@dataclass(frozen=True)
class Clean:
    """What a scenario does when nothing goes wrong."""

    calls: tuple[str, ...]
    answer: str
    fingerprints: tuple[Fingerprint, ...]
    """Of one request, and of two where a repeat is one more."""


@dataclass(frozen=True)
class Point:
    """The call, by its place, and what becomes of it."""

    place: int
    name: str
    cut: Cut

    def __str__(self) -> str:
        return f"call {self.place + 1}, {self.name}, {self.cut.value}"


def play(stage: Stage, scenario: Scenario, wanted: Callable[[int], bool]) -> tuple[int, list[str]]:
    """How many points were tried, those whose running number is ``wanted``, and what went wrong
    at which."""
    with stage.wiretap.unwatched():
        caller = scenario.prepare(stage)
    kept = stage.kept()
    reader = Reader(stage.items(), caller.asked)
    clean = _clean(stage, scenario, caller, reader, kept)
    numbers = count()
    points = [each for each in _points(scenario, clean) if wanted(next(numbers))]
    wrong: list[str] = []
    for point in points:
        stage.put_back(kept)
        wrong += [
            f"{point}: {what}" for what in _tried(stage, scenario, caller, reader, clean, point)
        ]
    return len(points), wrong


def _points(scenario: Scenario, clean: Clean) -> Iterator[Point]:
    for place, name in enumerate(clean.calls):
        for cut in cuts_of(name) if name not in scenario.spared else ():
            yield Point(place, name, cut)


def _clean(stage: Stage, scenario: Scenario, caller: Caller, reader: Reader, kept: Kept) -> Clean:
    stage.put_back(kept)
    recorder = Recorder()
    stage.called.clear()
    with stage.wiretap.watched(recorder):
        answer = caller.get_through(stage, lambda: None)
    assert functions()[scenario.function] in stage.called
    fingerprint = reader.fingerprint(stage, recorder.happened)
    told = reader.answer(stage, answer)
    assert reader.flaws(stage) == []
    names = tuple(recorder.names)
    if not scenario.made_anew:
        return Clean(names, told, (fingerprint,))
    stage.new_process()
    with stage.wiretap.watched(recorder):
        caller.get_through(stage, lambda: None)
    twice = reader.fingerprint(stage, recorder.happened)
    return Clean(names, told, (fingerprint, twice))


def _tried(
    stage: Stage, scenario: Scenario, caller: Caller, reader: Reader, clean: Clean, point: Point
) -> Iterator[str]:
    cutter = Cutter(point.place, point.cut)

    def revive() -> None:
        if cutter.is_dead:
            cutter.is_dead = False
            stage.new_process()

    with stage.wiretap.watched(cutter):
        try:
            answer = caller.get_through(stage, revive)
        except Broken as broken:
            yield str(broken)
            return
    if cutter.name != point.name and not scenario.in_any_order:
        yield f"another call than in the clean run: {cutter.name!r}"
    told = reader.answer(stage, answer)
    if answer is not None and told != clean.answer:
        yield f"answered {told[_apart(told, clean.answer) :]}"
    found = reader.fingerprint(stage, cutter.happened)
    apart = [list(_differences(found, wanted)) for wanted in clean.fingerprints]
    yield from min(apart, key=len)
    yield from reader.flaws(stage)


def _differences(found: Fingerprint, wanted: Fingerprint) -> Iterator[str]:
    missing = sorted((wanted.items - found.items).elements())
    for item in missing:
        yield f"missing {item}"
    for item in sorted((found.items - wanted.items).elements()):
        like = max((_apart(item, other) for other in missing), default=0)
        yield f"too much {item[:60]} … {item[max(0, like - 60) :]}"
    for to, what in wanted.told - found.told:
        yield f"the {to} was not told {what}"
    for to, what in found.told - wanted.told:
        yield f"the {to} was told {what}"
    if set(found.mails) != set(wanted.mails):
        yield f"mails were {list(found.mails)}, not {list(wanted.mails)}"


def _apart(one: str, other: str) -> int:
    """Where they begin to differ."""
    pairs = zip(one, other, strict=False)
    return next((place for place, (a, b) in enumerate(pairs) if a != b), min(len(one), len(other)))
