"""What is decided upon is read as it is now, not as it was a moment ago.

The emulators' reads are always up to date, so nothing else would notice.
"""

from collections.abc import Callable
from typing import Any

import pytest

from orderhub.adapters.dynamodb.orders import DynamoOrders
from orderhub.adapters.dynamodb.payment_accounts import DynamoPaymentAccounts
from orderhub.adapters.dynamodb.shops import DynamoShops
from orderhub.adapters.dynamodb.stray_reports import DynamoStrayReports
from orderhub.adapters.dynamodb.subscriptions import DynamoSubscriptions


class EmptyTable:
    """Notes how it was asked."""

    def __init__(self) -> None:
        self.asked: list[dict[str, Any]] = []

    def query(self, **asked: Any) -> dict[str, Any]:
        self.asked.append(asked)
        return {"Items": [], "Count": 0}

    def get_item(self, **asked: Any) -> dict[str, Any]:
        self.asked.append(asked)
        return {}


READS: dict[str, Callable[[Any], object]] = {
    "order": lambda client: DynamoOrders(client, "orders", 1).get("demo", 1),
    "order with history": lambda client: DynamoOrders(client, "orders", 1).get_with_history(
        "demo", 1
    ),
    "names": lambda client: DynamoOrders(client, "orders", 1).named("demo", "order", "A"),
    "strays": lambda client: DynamoStrayReports(client, "orders").of_transaction(
        "demo", "stripe", "pi_1"
    ),
    "payment account": lambda client: DynamoPaymentAccounts(client, "orders").get("demo", "stripe"),
    "credential": lambda client: DynamoShops(client, "orders").credential("0" * 64),
    "subscription": lambda client: DynamoSubscriptions(client, "orders").get("demo", 1),
}


@pytest.mark.parametrize("what", READS)
def test_what_is_decided_upon_is_read_as_it_is_now(what: str) -> None:
    client: Any = EmptyTable()
    READS[what](client)
    assert client.asked
    assert all(asked.get("ConsistentRead") is True for asked in client.asked)
