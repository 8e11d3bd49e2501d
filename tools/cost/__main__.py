"""``make cost``: what OrderHub costs at list prices.

``docs/COST.md`` says what is counted, and from where.
"""

import argparse

from rich.console import Console
from rich.table import Table as Shown

from . import tables
from .prices import price_list
from .usage import Traffic


def main() -> None:
    """Print the bill."""
    parser = argparse.ArgumentParser(prog="python -m tools.cost", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("--orders", type=_positive, default=tables.MILLION, help="a month")
    parser.add_argument("--shops", type=_positive, default=1, help="that they are of, evenly")
    parser.add_argument("--hours", type=_hours, default=24.0, help="of a day, in which they come")
    asked = parser.parse_args()
    traffic = Traffic(asked.orders, shops=asked.shops, hours=asked.hours)
    console = Console(highlight=False)
    list_of = price_list()
    console.print(
        f"{asked.orders:,} orders a month in {asked.hours:g} hours of each day, "
        f"shops: {asked.shops:,}; "
        f"list prices of {list_of.region}, {list_of.known_on}"
    )
    for table in (
        tables.by_service(traffic),
        tables.by_step(traffic),
        tables.standing(),
        tables.workflows(),
        tables.peer_resources(),
    ):
        _print(console, table)
    public, private = tables.break_evens()
    console.print(f"Cheaper than the peer up to {public:,.0f} to {private:,.0f} orders a month")


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError("must be at least 1")
    return number


def _hours(text: str) -> float:
    hours = float(text)
    if not 0 < hours <= 24:
        raise argparse.ArgumentTypeError("must be more than 0 and at most 24")
    return hours


def _print(console: Console, table: tables.Table) -> None:
    shown = Shown()
    for place, name in enumerate(table.heading):
        shown.add_column(name, justify="left" if place < table.words else "right")
    for row in table.rows:
        shown.add_row(*(cell.replace("**", "") for cell in row))
    console.print(shown)


if __name__ == "__main__":
    main()
