"""Many orders due in the same minute: all closed in time, each once."""

import json
import os
import time
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from itertools import islice
from typing import Any, Final

import pytest

from orderhub.adapters.dynamodb import items
from orderhub.adapters.dynamodb.orders import DynamoOrders
from orderhub.adapters.system import SystemClock
from orderhub.domain.commands import Change
from orderhub.domain.status import OrderStatus
from tests.e2e.conftest import ON_THE_CLOUD, Deployment, Shop
from tests.support.orders import placed

pytestmark = ON_THE_CLOUD

MANY: Final = 1_000
VERY_MANY: Final = 10_000
SECONDS: Final = {MANY: 30, VERY_MANY: 120}
"""From the start of the machine until the last order is closed; room enough for a busy computer."""

torture = pytest.mark.skipif(
    not os.environ.get("ORDERHUB_TORTURE"), reason="takes minutes: ORDERHUB_TORTURE=1"
)


def due_in_one_minute(shop_id: str, count: int, minute: datetime) -> Iterator[Change]:
    for n in range(count):
        at = minute + timedelta(milliseconds=n * 59_000 // count)
        yield placed(shop_id, at=at, tail=n % 4096, payment_timeout=60)


def put(deployment: Deployment, orders: Iterator[Change]) -> list[int]:
    """Write the orders as the repository would, without its transactions; return their ids."""
    table, shards = deployment.outputs["TableName"], int(deployment.outputs["DueShards"])
    written: list[int] = []
    while batch := list(islice(orders, 12)):
        rows: list[dict[str, Any]] = []
        for change in batch:
            rows.append(items.header(change.order, shards))
            rows += items.events(change.order, change.recorded)
            written.append(change.order.id)
        requests = [{"PutRequest": {"Item": row}} for row in rows]
        answer = deployment.table.batch_write_item(RequestItems={table: requests})
        assert not answer["UnprocessedItems"]
    return written


@pytest.mark.parametrize("count", [MANY, pytest.param(VERY_MANY, marks=torture)])
def test_orders_due_in_the_same_minute_all_expire_in_time_and_once(
    count: int, deployment: Deployment, make_shop: Callable[..., Shop], orders: DynamoOrders
) -> None:
    shop = make_shop()
    minute = (SystemClock().now() - timedelta(hours=1)).replace(second=0, microsecond=0)
    ids = put(deployment, due_in_one_minute(shop.id, count, minute))
    started = time.monotonic()
    run = deployment.run_machine("PaymentTimeoutArn")
    took = time.monotonic() - started
    assert run["status"] == "SUCCEEDED", run
    assert json.loads(run["output"])["batchesLeftDue"] == 0
    assert took < SECONDS[count]

    # A scheduled run may have been at it as well, and each order was expired by one of the two.
    stored = orders.get_many(shop.id, ids)
    assert len(stored) == count
    assert {(order.status, order.version) for order in stored} == {(OrderStatus.EXPIRED, 2)}
    changes = Counter(orders.changed(shop.id, minute, None))
    assert set(changes.values()) == {1}
    assert len(changes) == count
    print(f"{count} orders expired in {took:.1f} s")
