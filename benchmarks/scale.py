"""``make bench-scale``: what reading costs as a shop grows.

Orders and milestones are put straight into an emulated table, as the adapter writes them; then
every way to list, find and count them is metered at each size. Read units follow AWS's rules from
the bytes that each call reads, so they hold on the real table too.
"""

import json
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import Any, Final

from rich.console import Console
from rich.table import Table

from benchmarks.metering import metered
from local.cloud import LocalCloud, free_port
from local.console import Progress
from orderhub.adapters.dynamodb import items
from orderhub.adapters.system import SystemEntropy
from orderhub.bootstrap import Application
from orderhub.domain import commands, identity
from orderhub.domain.commands import Placement
from orderhub.domain.details import Actor, Contact, Details, Reference
from orderhub.domain.events import Terms
from orderhub.domain.lines import LineRequest
from orderhub.domain.money import UnitPrice
from orderhub.services.desk import Desk
from orderhub.services.find_order import find_order
from orderhub.services.rank_orders import STEP
from orderhub.services.search_orders import OrderQuery, count_orders, search_orders
from orderhub.settings import Settings
from tests.support.table import create_table

RECORDED: Final = Path(__file__).with_name("scale.json")
SIZES: Final = (100, 1_000, 10_000, 100_000)
PAGE: Final = 50
RARE: Final = "One number by most of its digits"
LARGEST_READ_WHOLE: Final = 10_000
"""What reads the whole index is left out of larger shops: the emulator takes hours."""

_BEGAN: Final = datetime(2025, 1, 1, tzinfo=UTC)
_ACTOR: Final = Actor("marketplace", "cred_0123456789ab", "Taobao")


@dataclass(frozen=True)
class Figure:
    """What one way of reading costs in a shop of ``orders`` orders."""

    pattern: str
    orders: int
    calls: int
    read_units: float


def measure(sizes: tuple[int, ...], progress: Progress) -> list[Figure]:
    """Meter all patterns in shops of these sizes, on a local cloud of their own."""
    figures: list[Figure] = []
    with tempfile.TemporaryDirectory(prefix="orderhub-scale-") as home:
        cloud = LocalCloud(Path(home), port=free_port())
        cloud.start(progress)
        try:
            client = cloud.client("dynamodb")
            for size in sizes:
                name = f"scale-{size}"
                create_table(client, name)
                settings = Settings(table_name=name, event_bus_name="", due_shards=4)
                desk = Application(settings, client=client).desk
                with progress.step(f"Putting {size:,} orders"):
                    _fill(client, name, size)
                    _lay_milestones(desk, size)
                with progress.step("Reading them"):
                    figures += _figures(client, desk, size)
                client.delete_table(TableName=name)
        finally:
            cloud.stop(progress)
    return figures


def _figures(client: Any, desk: Desk, size: int) -> Iterator[Figure]:
    """Everything that reads, in a shop whose orders came evenly over a year."""
    step = timedelta(days=365) / size
    ids = _ids(size)
    week_ago = _BEGAN + step * size - timedelta(days=7)
    everything = OrderQuery()
    patterns: dict[str, Callable[[], object]] = {
        "Read an order": lambda: find_order(desk, "scale", str(ids[size // 2])),
        "First page": lambda: _search(desk, everything),
        "Last page": lambda: _search(desk, everything, offset=size - PAGE),
        "First page since an order": lambda: _search(desk, OrderQuery(since_id=ids[size // 2])),
        "First page of the last week": lambda: _search(desk, OrderQuery(created_from=week_ago)),
        "A customer's ten orders": lambda: _search(desk, OrderQuery(customer_id="c1")),
        "What changed in the last hundred orders' time": lambda: _search(
            desk, OrderQuery(updated_from=_BEGAN + step * (size - 100))
        ),
        "First page of numbers with 7 somewhere": lambda: _search(
            desk, OrderQuery(number_contains="7")
        ),
        RARE: lambda: _search(desk, OrderQuery(number_contains=str(ids[-1])[1:])),
        "Count all": lambda: count_orders(desk, "scale", everything),
        "Count half": lambda: count_orders(desk, "scale", OrderQuery(since_id=ids[size // 2])),
    }
    for pattern, run in patterns.items():
        if pattern == RARE and size > LARGEST_READ_WHOLE:
            continue
        with metered(client) as meter:
            run()
        yield Figure(pattern, size, len(meter.calls), meter.reads)


def _search(desk: Desk, query: OrderQuery, offset: int = 0) -> None:
    search_orders(desk, "scale", query, offset=offset, limit=PAGE)


def _ids(size: int) -> list[int]:
    step = timedelta(days=365) / size
    return [identity.order_id(_BEGAN + step * n, n % 4096) for n in range(size)]


def _lay_milestones(desk: Desk, size: int) -> None:
    """As :func:`orderhub.services.rank_orders.lay_milestones` does, without reading."""
    ids = _ids(size)
    for rank in range(STEP, size + 1, STEP):
        desk.ranks.lay("scale", desk.ranks.frontier("scale"), ids[rank - 1], rank)


def _fill(client: Any, table: str, size: int) -> None:
    """Put the orders as the repository would, without its transactions."""
    tail = SystemEntropy()
    rows = (row for n, order_id in enumerate(_ids(size)) for row in _rows(n, order_id, size, tail))
    while batch := list(islice(rows, 25)):
        client.batch_write_item(RequestItems={table: batch})


def _rows(n: int, order_id: int, size: int, tail: SystemEntropy) -> Iterator[dict[str, Any]]:
    at = identity.created_at(order_id)
    placement = Placement(
        number=identity.default_number(order_id),
        wire="marketplace",
        currency="CNY",
        terms=Terms(),
        details=Details(customer=Contact(id=f"c{n % max(1, size // 10)}", name="韩梅梅")),
        references=(Reference("order", "marketplace:taobao", f"TB{tail.digits(16)}"),),
        lines=[
            LineRequest(
                product_id="1",
                variant_id="v",
                name="Brick 2 x 4",
                quantity=1,
                unit_price=UnitPrice.of("1.25", "CNY"),
            )
        ],
    )
    change = commands.place("scale", order_id, placement, at, _ACTOR)
    yield {"PutRequest": {"Item": items.header(change.order, 4)}}
    yield {"PutRequest": {"Item": items.event(change.order, change.recorded[0], is_last=True)}}


def recorded() -> list[Figure]:
    """The figures that the documents show."""
    return [Figure(**row) for row in json.loads(RECORDED.read_text(encoding="utf-8"))]


def main() -> None:
    sizes = tuple(int(size) for size in sys.argv[1:]) or SIZES
    figures = measure(sizes, Progress())
    if sizes == SIZES:
        rows = [asdict(figure) for figure in figures]
        RECORDED.write_text(json.dumps(rows, indent=2) + "\n", encoding="utf-8")
    table = Table(title="Read units as a shop grows", title_justify="left")
    table.add_column("Pattern")
    for size in sizes:
        table.add_column(f"{size:,} orders", justify="right")
    for pattern in dict.fromkeys(figure.pattern for figure in figures):
        units = {f.orders: f.read_units for f in figures if f.pattern == pattern}
        table.add_row(pattern, *(f"{units[size]:g}" if size in units else "–" for size in sizes))
    Console().print(table)


if __name__ == "__main__":
    main()
