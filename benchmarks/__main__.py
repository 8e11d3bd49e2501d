"""``make bench``: measure every access pattern on a local cloud of its own, and how long requests
take on it; print tables, write the figures down.

``benchmarks/access_patterns.json`` is what the documents show, so commit it when it changes.
Times depend on the machine and stay in ``benchmarks/results/``.
"""

import json
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final
from uuid import uuid4

import boto3
import httpx
from rich.console import Console
from rich.table import Table

from benchmarks import access_patterns
from local.cloud import LocalCloud, free_port
from local.console import Progress
from local.deployment import Stack, deploy
from orderhub.adapters.system import SystemClock
from orderhub.domain.money import UnitPrice
from orderhub.domain.shop import Price, Product, Variant
from orderhub.services import manage_shops

RESULTS: Final = Path(__file__).with_name("results")
ROUNDS: Final = 30

Json = dict[str, Any]


def main() -> None:
    console, progress = Console(highlight=False), Progress()
    with tempfile.TemporaryDirectory(prefix="orderhub-bench-") as home:
        cloud = LocalCloud(Path(home), port=free_port())
        cloud.start(progress)
        try:
            stack = deploy(cloud, progress=progress)
            bench = access_patterns.Bench(_dynamodb(cloud), stack.outputs["TableName"])
            with progress.step("Metering access patterns"):
                costs = bench.run()
            with progress.step(f"Timing requests, {ROUNDS} of each"):
                times = _request_times(bench, stack)
        finally:
            cloud.stop(progress)
    access_patterns.record(costs)
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / "requests.json").write_text(json.dumps(times, indent=2) + "\n", encoding="utf-8")
    _print(console, costs, times)


def _dynamodb(cloud: LocalCloud) -> Any:
    credentials = cloud.credentials
    return boto3.client(
        "dynamodb",
        endpoint_url=cloud.endpoint_url,
        region_name=credentials["AWS_REGION"],
        aws_access_key_id=credentials["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=credentials["AWS_SECRET_ACCESS_KEY"],
    )


def _request_times(bench: access_patterns.Bench, stack: Stack) -> list[Json]:
    """Milliseconds per request, one client, warm functions; the first request of each apart."""
    shop_id = f"timing-{uuid4().hex[:8]}"
    clock = SystemClock()
    manage_shops.create_shop(bench.shops, clock, shop_id=shop_id, name="Timing", currency="CNY")
    prices = {"CNY": Price(price=UnitPrice.of(10, "CNY"))}
    product = Product(id="1", name="Product", variants=(Variant(id="v", prices=prices),))
    manage_shops.put_products(bench.shops, bench.desk.catalog, shop_id, [product])
    token = manage_shops.issue_credential(
        bench.shops, clock, shop_id, wire="marketplace", label="Timing"
    ).token
    headers = {"Authorization": f"Bearer {token}"}
    with httpx.Client(base_url=stack.api_url, headers=headers, timeout=60) as api:
        steps: dict[str, Callable[[str], httpx.Response]] = {
            "create": lambda _: api.post("/orders", json=_notification()),
            "add a line": lambda path: api.post(
                f"{path}/line_items", json={"product_id": "1", "price": 10, "quantity": 1}
            ),
            "pay": lambda path: api.post(
                f"{path}/pay", json={"merchant_trade_no": uuid4().hex, "payment": 10}
            ),
            "complete": lambda path: api.post(f"{path}/complete"),
            "read": api.get,
        }
        taken: dict[str, list[float]] = {name: [] for name in steps}
        for _ in range(ROUNDS):
            path = ""
            for name, step in steps.items():
                started = time.perf_counter()
                answer = step(path)
                taken[name].append((time.perf_counter() - started) * 1000)
                answer.raise_for_status()
                path = path or f"/orders/{answer.json()['id']}"
    return [
        {
            "request": name,
            "first_ms": round(milliseconds[0], 1),
            "median_ms": round(statistics.median(milliseconds[1:]), 1),
            "slowest_ms": round(max(milliseconds[1:]), 1),
        }
        for name, milliseconds in taken.items()
    ]


def _notification() -> Json:
    return {
        "kind": "taobao",
        "merchant_order_no": uuid4().hex,
        "address_fullname": "韩梅梅",
        "address_phone": "13900000002",
        "address_province_id": 440000,
        "address_city_id": 440300,
        "address_post_code": "518057",
        "address_address": "科技园新西路7号",
    }


def _print(console: Console, costs: list[access_patterns.Cost], times: list[Json]) -> None:
    table = Table(title="What each access pattern asks of the table", title_justify="left")
    for heading in ("Pattern", "Calls", "Read units", "Write units, with indexes"):
        table.add_column(heading, justify="right" if "units" in heading else "left")
    for cost in costs:
        table.add_row(
            cost.pattern, cost.calls, f"{cost.read_units:g}", f"{cost.reported_write_units:g}"
        )
    console.print(table)
    table = Table(title="Requests on the local cloud, in ms", title_justify="left")
    for heading in ("Request", "First (cold)", "Median (warm)", "Slowest (warm)"):
        table.add_column(heading, justify="left" if heading == "Request" else "right")
    for row in times:
        table.add_row(*(str(value) for value in row.values()))
    console.print(table)


if __name__ == "__main__":
    main()
