"""What an order costs doesn't depend on how many there are."""

import pytest

from benchmarks import scale
from benchmarks.scale import Figure
from local.console import Progress

SMALL, LARGER = 1_000, 3_000


@pytest.fixture(scope="module")
def measured() -> list[Figure]:
    return scale.measure((SMALL, LARGER), Progress(quiet=True), runs=1)


def check(figures: list[Figure]) -> None:
    """Nothing costs more in the largest shop than in the smallest, beyond what is allowed."""
    for row in scale.growth(figures):
        if row.pattern in scale.BY_PART:
            assert row.figures[-1].units <= scale.MOST_FOR_A_PART, row.pattern
        else:
            assert row.of_units <= scale.MOST_GROWTH, row.pattern
            assert row.figures[-1].calls <= row.figures[0].calls, row.pattern


def test_nothing_costs_more_in_a_larger_shop(measured: list[Figure]) -> None:
    check(measured)


def test_what_the_documents_say_of_a_small_shop_is_so(measured: list[Figure]) -> None:
    def costs(figures: list[Figure]) -> dict[str, tuple[int, float, float]]:
        return {
            figure.pattern: (figure.calls, figure.read_units, figure.write_units)
            for figure in figures
            if figure.orders == SMALL
        }

    assert costs(measured) == costs(scale.recorded())


def test_a_million_orders_cost_what_was_promised() -> None:
    figures = scale.recorded()
    assert {figure.orders for figure in figures} == set(scale.SIZES)
    check(figures)
    (most,) = (f for f in figures if (f.pattern, f.orders) == (scale.COUNT_ALL, scale.SIZES[-1]))
    assert most.read_units <= scale.MOST_FOR_A_COUNT
