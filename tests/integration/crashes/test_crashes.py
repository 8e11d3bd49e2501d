"""Every function, cut off at every call that it makes, in every way, and tried again as its caller
would: nothing is lost, nothing is done twice, and every answer is true."""

import os
from zlib import crc32

import pytest

from tests.support.figures import tried

from .scenario import Scenario, play
from .scenarios import ALL
from .stage import Stage, functions

SHARE = 4
"""In everyday runs one point in so many is tried: every call, each with some of what can happen to
it. ``ORDERHUB_TORTURE=1`` tries all."""


@pytest.mark.parametrize("scenario", ALL, ids=lambda scenario: scenario.id)
def test_a_crash_at_any_call_loses_and_doubles_nothing(stage: Stage, scenario: Scenario) -> None:
    is_whole = os.environ.get("ORDERHUB_TORTURE") or scenario.is_never_thinned
    share = 1 if is_whole else SHARE
    offset = crc32(scenario.id.encode())
    points, wrong = play(stage, scenario, lambda number: (number + offset) % share == 0)
    tried(f"crash points, {scenario.group}", points)
    assert not wrong, "\n".join([f"{len(wrong)} of {points} points:", *wrong])


def test_every_function_is_cut_off() -> None:
    assert {scenario.function for scenario in ALL} == set(functions())
