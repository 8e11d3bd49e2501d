"""Times and lengths of time on the command line."""

from datetime import UTC, datetime, timedelta

import pytest
import typer

from orderhub_cli.durations import roughly
from orderhub_cli.moments import bounds, moment_or_ago


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (-5, "0s"),
        (0.4, "0s"),
        (59, "59s"),
        (60, "1m"),
        (119, "1m"),
        (3600, "1h"),
        (3661, "1h1m"),
        (86399.9, "1d"),
        (90061, "1d1h"),
        (86400 + 60, "1d"),
        (14 * 86400, "14d"),
    ],
)
def test_lengths_of_time_are_told_in_two_units_at_most(seconds: float, said: str) -> None:
    assert roughly(seconds) == said


def test_a_time_is_a_moment_or_how_long_ago() -> None:
    assert moment_or_ago("2026-11-21T12:00:00+08:00") == datetime(2026, 11, 21, 4, tzinfo=UTC)
    ago = datetime.now(UTC) - moment_or_ago("2h")
    assert abs(ago - timedelta(hours=2)) < timedelta(minutes=1)


@pytest.mark.parametrize("text", ["", "never", "2026-11-21", "soon", "9999999999w", "2x", "-2h"])
def test_what_is_neither_is_a_mistake(text: str) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        moment_or_ago(text)


def test_an_end_before_the_beginning_is_a_mistake() -> None:
    assert bounds(None, None) == (None, None)
    first, last = bounds("2h", "1h")
    assert last
    assert first < last
    with pytest.raises(typer.BadParameter, match="before"):
        bounds("1h", "2h")
