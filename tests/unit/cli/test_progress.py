"""How far long work has come, where nobody watches."""

import pytest

from orderhub_cli.progress import counted_of, followed, progress


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def test_a_line_is_written_now_and_then_and_none_for_short_work(
    capsys: pytest.CaptureFixture[str],
) -> None:
    clock = Clock()
    with progress("Checking", "order", total=100_000, clock=clock) as step:
        for _ in range(9):
            clock.now += 1
            step.advance(120)
        assert capsys.readouterr().err == ""
        clock.now += 1
        step.advance(120)
        step.advance(120)
        first = capsys.readouterr()
        clock.now += 10
        step.say("2 refused")
        second = capsys.readouterr()

    assert first.out == second.out == ""
    assert first.err == "Checking: 1,200 of 100,000 orders, 120/s, 13m43s left\n"
    assert second.err == "Checking: 1,320 of 100,000 orders, 66/s, 24m55s left, 2 refused\n"


def test_what_an_earlier_run_did_counts_and_is_no_speed(
    capsys: pytest.CaptureFixture[str],
) -> None:
    clock = Clock()
    with progress("Writing", "product", total=50, done=40, every=1, clock=clock) as step:
        clock.now += 2
        step.reach(41)

    assert capsys.readouterr().err == "Writing: 41 of 50 products, 30/min, 0m18s left\n"


def test_work_whose_end_nobody_knows_is_counted(capsys: pytest.CaptureFixture[str]) -> None:
    clock = Clock()
    with progress("Looking", "delivery", every=1, clock=clock) as step:
        clock.now += 2
        step.advance(4)
        clock.now += 2
        step.expect(8)
        step.advance(4)

    assert capsys.readouterr().err == (
        "Looking: 4 deliveries, 2/s\nLooking: 8 of 8 deliveries, 2/s\n"
    )


def test_items_are_followed_each_once() -> None:
    assert list(followed(iter("abc"), "Trying", "letter")) == ["a", "b", "c"]


def test_a_terminal_gets_a_bar_that_goes_away(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    with progress("Checking", "order", total=2, done=1) as step:
        step.advance()
        step.say("all well")
        step.expect(3)
        step.reach(3)

    written = capsys.readouterr()
    assert written.out == ""
    assert "3 of 3 orders" in written.err
    assert "all well" in written.err


@pytest.mark.parametrize(
    ("done", "total", "noun", "said"),
    [
        (0, None, "order", "0 orders"),
        (1, None, "order", "1 order"),
        (1, 1, "order", "1 of 1 order"),
        (1, 2, "order", "1 of 2 orders"),
        (7, None, "", "7"),
        (2, None, "company", "2 companies"),
        (2, None, "day", "2 days"),
    ],
)
def test_things_are_counted_in_words(done: int, total: int | None, noun: str, said: str) -> None:
    assert counted_of(done, total, noun) == said
