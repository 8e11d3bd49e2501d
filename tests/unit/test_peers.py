"""OrderHub beside another system: what is timed, and what is told of it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from benchmarks.peers import figures, timing
from benchmarks.peers.timing import STEPS, Comparison, compare


class Clock:
    """Stands still but when told to go on."""

    def __init__(self) -> None:
        self.now = 0.0

    def perf_counter(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


class Shop:
    """Takes as many milliseconds for each step as it is told, and ten times that at first."""

    def __init__(self, name: str, clock: Clock, told: list[str], **milliseconds: float) -> None:
        self.name = name
        self.calls: Mapping[str, int] = dict.fromkeys(STEPS, 1)
        self._clock, self._told, self._milliseconds = clock, told, milliseconds
        self._cold = 2

    def open(self) -> str:
        self._told.append(self.name)
        self._take("open")
        return "1"

    def fill(self, order: str) -> None:
        self._take("fill")

    def pay(self, order: str) -> None:
        self._take("pay")

    def read(self, order: str) -> None:
        self._take("read")
        self._cold = max(0, self._cold - 1)

    def _take(self, step: str) -> None:
        self._clock.now += self._milliseconds[step] / 1000 * (10 if self._cold else 1)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(timing, "time", clock)
    return clock


def test_warm_systems_are_compared_by_turns(clock: Clock) -> None:
    told: list[str] = []
    ours = Shop("ours", clock, told, open=1, fill=2, pay=3, read=4)
    peer = Shop("peer", clock, told, open=10, fill=20, pay=6, read=2)
    found = compare(ours, peer, blocks=2, orders=2, rest=5)
    assert {each.step: round(each.ratio, 6) for each in found} == {
        "open": 0.1,
        "create": 0.1,
        "pay": 0.5,
        "read": 2.0,
    }
    assert [round(each.milliseconds, 6) for each in found] == [1, 3, 3, 4]
    assert told == ["ours", "ours", "peer", "peer"] * 3


def test_what_was_recorded_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(figures, "RECORDED", tmp_path / "figures.json")
    compared = [Comparison(step, 2, 10.04, 5, 40.0) for step in STEPS]
    figures.record(compared, peer="Peer 1.0", orders=100)
    told = figures.markdown()
    assert "Peer 1.0" in told
    assert "the median of 100 orders" in told
    assert "| pay it | 2 | 10.0 | 5 | 40.0 | 0.25 |" in told
