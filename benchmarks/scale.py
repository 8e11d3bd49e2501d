"""``make bench-scale``: what an order costs in a shop of a thousand orders and in one of a million.

One shop grows (:mod:`benchmarks.growing_shop`). At each size, every way to make, find, list, count
and change orders is metered and timed. Units follow AWS's rules from the items that each call
touches, so they hold on the real table too; times are those of this process and an embedded table,
and mean something as ratios between sizes only.
"""

import json
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import timedelta
from itertools import count
from pathlib import Path
from typing import Final

from rich.console import Console
from rich.table import Table

from benchmarks.growing_shop import EVERY, SHOP, GrowingShop, customer_of, is_completed, order_id_of
from benchmarks.metering import metered
from local.console import Progress
from orderhub.domain.status import OrderStatus
from orderhub.services.desk_list import LIMIT, orders_on_desk
from orderhub.services.find_order import find_order
from orderhub.services.search_orders import OrderQuery, count_orders, search_orders

RECORDED: Final = Path(__file__).with_name("scale.json")
SIZES: Final = (1_000, 10_000, 100_000, 1_000_000)
PAGE: Final = 50
FAR: Final = 1_000
"""The page far back: this one, or the last."""
MOST_GROWTH: Final = 1.2
"""What the largest shop may cost over the smallest."""
MOST_FOR_A_COUNT: Final = 5.0
"""Read units that counting all orders may take."""

COUNT_ALL: Final = "Count all"
FIND_PART: Final = "One number by most of its digits"
COUNT_PART: Final = "Count numbers with most of one's digits"
BY_PART: Final = frozenset({FIND_PART, COUNT_PART})
"""They look into every segment of the index of numbers (``services/index_numbers.py``), of which
a larger shop has some more."""
MOST_FOR_A_PART: Final = 25.0
"""Read units that these may take."""

RUNS: Final = 50
SMALLEST: Final = 1_000
"""Orders in the smallest shop in which everything is found that is looked for."""

_LATELY: Final = timedelta(hours=6)
_LEAST_RUNS: Final = 5
_SECONDS: Final = 1.0
"""Of one pattern's runs, beyond the least."""


@dataclass(frozen=True)
class Pattern:
    """Something that is done with orders, and how many of them it must find or count."""

    name: str
    run: Callable[[], object]
    finds: int = 1


@dataclass(frozen=True)
class Figure:
    """What one pattern costs in a shop of ``orders`` orders; write units include the indexes'."""

    pattern: str
    orders: int
    calls: int
    read_units: float
    write_units: float
    milliseconds: float

    @property
    def units(self) -> float:
        return self.read_units + self.write_units


@dataclass(frozen=True)
class Growth:
    """The figures of one pattern, from the smallest shop to the largest."""

    pattern: str
    figures: Sequence[Figure]

    @property
    def of_units(self) -> float:
        return self.figures[-1].units / self.figures[0].units

    @property
    def of_time(self) -> float:
        return self.figures[-1].milliseconds / self.figures[0].milliseconds


def measure(sizes: Sequence[int], progress: Progress, *, runs: int = RUNS) -> list[Figure]:
    """Meter all patterns in a shop that grows to each of these sizes, smallest first, and time
    them in up to so many runs."""
    figures: list[Figure] = []
    with tempfile.TemporaryDirectory(prefix="orderhub-scale-") as home:
        shop = GrowingShop(Path(home) / "table.db")
        try:
            for size in sizes:
                with progress.step(f"Growing to {size:,} orders"):
                    shop.grow(size)
                with progress.step("Working with them"):
                    figures += _figures(shop, size, runs)
        finally:
            shop.close()
    return figures


def _figures(shop: GrowingShop, size: int, runs: int) -> Iterator[Figure]:
    # What makes and changes orders comes last: the others find the shop as it grew.
    for pattern in (*_reading(shop, size), *_writing(shop, size)):
        with metered(shop.client) as meter:
            found = pattern.run()
        assert _how_many(found) == pattern.finds, f"{pattern.name}: {_how_many(found)}"
        yield Figure(
            pattern.name,
            size,
            len(meter.calls),
            meter.reads,
            meter.writes + meter.index_writes,
            round(_fastest(pattern.run, runs) * 1000, 3),
        )


def _how_many(found: object) -> int:
    match found:
        case int():
            return found
        case list():
            return len(found)
    return 1


def _fastest(run: Callable[[], object], runs: int) -> float:
    """Seconds of the fastest run: what others do on the machine only makes it slower."""
    fastest = float("inf")
    ends = time.perf_counter() + _SECONDS
    for number in range(runs):
        began = time.perf_counter()
        if began > ends and number >= _LEAST_RUNS:
            break
        run()
        fastest = min(fastest, time.perf_counter() - began)
    return fastest


# -- patterns --------------------------------------------------------------------------------------


def _reading(shop: GrowingShop, size: int) -> Iterator[Pattern]:
    # As many orders come before it at each size, but for whole milestones.
    middle = size // 2 - (shop.orders - shop.came)
    since = order_id_of(middle)
    now = shop.clock.now()
    name = shop.name_of(since)
    everything = OrderQuery()
    later = OrderQuery(since_id=since)
    lately = OrderQuery(created_from=now - _LATELY)
    customers = OrderQuery(customer_id=customer_of(middle))
    changed = OrderQuery(updated_from=now - 100 * EVERY)
    in_part = OrderQuery(number_contains=str(since)[1:])
    far = min((FAR - 1) * PAGE, size - PAGE)

    def page(query: OrderQuery, offset: int = 0) -> Callable[[], object]:
        return lambda: search_orders(shop.desk, SHOP, query, offset=offset, limit=PAGE)

    def number(query: OrderQuery) -> Callable[[], object]:
        return lambda: count_orders(shop.desk, SHOP, query)

    def open_on_desk() -> object:
        return orders_on_desk(shop.desk, SHOP, is_filed=False, statuses=[OrderStatus.OPEN])

    yield Pattern("Read an order", lambda: find_order(shop.desk, SHOP, str(since)))
    yield Pattern("Read it by another system's name", lambda: find_order(shop.desk, SHOP, name))
    yield Pattern("First page", page(everything), PAGE)
    yield Pattern(f"Page {FAR:,}, or the last", page(everything, far), PAGE)
    yield Pattern("First page since an order", page(later), PAGE)
    yield Pattern("First page of the last six hours", page(lately), PAGE)
    yield Pattern(f"Newest {LIMIT} on the desk that are open", open_on_desk, LIMIT)
    yield Pattern("A customer's ten orders", page(customers), 10)
    yield Pattern("What changed in the last hundred orders' time", page(changed), PAGE)
    yield Pattern(
        "First page of numbers with 7 somewhere", page(OrderQuery(number_contains="7")), PAGE
    )
    yield Pattern(FIND_PART, page(in_part))
    yield Pattern(COUNT_ALL, number(everything), size)
    yield Pattern("Count half", number(later), size - size // 2 - 1)
    yield Pattern("Count the last six hours", number(lately), round(_LATELY / EVERY))
    yield Pattern("Count a customer's", number(customers), 10)
    yield Pattern(COUNT_PART, number(in_part))


def _writing(shop: GrowingShop, size: int) -> Iterator[Pattern]:
    unpaid = (number for number in count(size // 2) if not is_completed(number))

    def pay() -> None:
        shop.pay(order_id_of(next(unpaid)))

    yield Pattern("Create an order with five lines", lambda: shop.place(lines=5))
    yield Pattern("Pay an order", pay)


# -- results ---------------------------------------------------------------------------------------


def growth(figures: Sequence[Figure]) -> list[Growth]:
    """What each pattern costs from size to size."""
    return [
        Growth(pattern, [figure for figure in figures if figure.pattern == pattern])
        for pattern in dict.fromkeys(figure.pattern for figure in figures)
    ]


def recorded() -> list[Figure]:
    """The figures that the documents show."""
    return [Figure(**row) for row in json.loads(RECORDED.read_text(encoding="utf-8"))]


def units(figure: Figure) -> str:
    """Read units, and write units where there are any: ``1 + 12 w``."""
    written = f"{figure.write_units:g} w" if figure.write_units else ""
    read = f"{figure.read_units:g}" if figure.read_units or not written else ""
    return " + ".join(filter(None, (read, written)))


def _print(console: Console, figures: Sequence[Figure]) -> None:
    table = Table(title="Read units (w: write units) as a shop grows", title_justify="left")
    table.add_column("Pattern")
    rows = growth(figures)
    for figure in rows[0].figures:
        table.add_column(f"{figure.orders:,}", justify="right")
    table.add_column("units ×", justify="right")
    table.add_column("time ×", justify="right")
    for row in rows:
        cells = map(units, row.figures)
        table.add_row(row.pattern, *cells, _judged(row.of_units), _judged(row.of_time))
    console.print(table)
    counted = next(row for row in rows if row.pattern == COUNT_ALL).figures[-1].read_units
    console.print(
        f"Growth: {MOST_GROWTH}× at most is wanted. Counting all orders takes {counted:g} read "
        f"units; {MOST_FOR_A_COUNT:g} at most are wanted."
    )


def _judged(ratio: float) -> str:
    return f"{ratio:.2f}" if ratio <= MOST_GROWTH else f"[red]{ratio:.2f}[/]"


def main() -> None:
    sizes = tuple(sorted(int(size) for size in sys.argv[1:])) or SIZES
    if sizes[0] < SMALLEST:
        sys.exit(f"The shop must have {SMALLEST:,} orders or more.")
    figures = measure(sizes, Progress())
    if sizes == SIZES:
        rows = [asdict(figure) for figure in figures]
        RECORDED.write_text(json.dumps(rows, indent=2) + "\n", encoding="utf-8")
    _print(Console(), figures)


if __name__ == "__main__":
    main()
