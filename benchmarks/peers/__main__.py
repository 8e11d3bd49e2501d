"""``make bench-peers``: OrderHub on the local cloud and Vendure on SQLite, timed by turns.

Each is one server on this machine with one client over HTTP. Prints a table and writes
``benchmarks/peers/figures.json``, which the documents show.
"""

import argparse
import tempfile
from pathlib import Path

from rich.console import Console
from rich.table import Table

from benchmarks.peers import figures, orderhub, vendure
from benchmarks.peers.timing import Comparison, compare
from local.console import Progress

BLOCKS = 5
ORDERS = 20
REST = 3.0
"""Seconds."""


def main() -> None:
    parser = argparse.ArgumentParser(prog="make bench-peers ARGS=…")
    parser.add_argument("--blocks", type=int, default=BLOCKS, help="how often each has its turn")
    parser.add_argument("--orders", type=int, default=ORDERS, help="orders in each turn")
    told = parser.parse_args()
    progress = Progress()
    with (
        tempfile.TemporaryDirectory(prefix="orderhub-peers-") as home,
        orderhub.running(Path(home) / "orderhub", progress) as ours,
        vendure.running(Path(home) / "vendure", progress) as peer,
        progress.step(f"Timing {told.blocks} × {told.orders} orders with each"),
    ):
        compared = compare(ours, peer, blocks=told.blocks, orders=told.orders, rest=REST)
    peer_name = f"Vendure {vendure.version()} on SQLite"
    figures.record(compared, peer=peer_name, orders=told.blocks * told.orders)
    Console(highlight=False).print(_table(compared))


def _table(compared: list[Comparison]) -> Table:
    table = Table(title="Median per order, in ms", title_justify="left")
    for heading in ("Step", "Calls", "OrderHub", "Calls", "Vendure", "OrderHub / Vendure"):
        table.add_column(heading, justify="left" if heading == "Step" else "right")
    for each in compared:
        table.add_row(
            each.step,
            str(each.calls),
            f"{each.milliseconds:.1f}",
            str(each.peer_calls),
            f"{each.peer_milliseconds:.1f}",
            f"{each.ratio:.2f}",
        )
    return table


if __name__ == "__main__":
    main()
