"""The local cloud is killed under load, at a moment that nobody chose, and started again.

What it acknowledged is there, whole; what it had not acknowledged is there whole or not at all, and
asking again finishes it. What happened is told to subscribers, before or after.
"""

import json
import os
import random
import shutil
import signal
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final

import httpx
import pytest

from local.cloud import LocalCloud, free_port
from local.subscriber import Subscriber, subscriber
from orderhub.domain.subscription import SubscriptionKind
from orderhub.services.reconcile import Auditor, reconcile_shop
from orderhub.services.replay_order import replay_order
from orderhub.services.subscriptions import NewSubscription, subscribe
from tests.e2e.conftest import ON_THE_CLOUD, Deployment, Shop, new_shop, notification
from tests.support.figures import tried

pytestmark = ON_THE_CLOUD

KILLS: Final = 30 if os.environ.get("ORDERHUB_TORTURE") else 2
CLIENTS: Final = 4
LINE: Final = {"product_id": "1", "price": "10.00", "quantity": 2}


@pytest.fixture
def doomed(deployment: Deployment, tmp_path: Path) -> Iterator[Deployment]:
    """The deployment once more: a cloud of its own that begins with the state of the other one."""
    deployment.cloud.checkpoint()
    shutil.copytree(deployment.cloud.home / "state", tmp_path / "state")
    cloud = LocalCloud(home=tmp_path, port=free_port())
    cloud.start()
    path = deployment.api_url.removeprefix(deployment.cloud.endpoint_url)
    stack = replace(deployment.stack, api_url=f"{cloud.endpoint_url}{path}")
    try:
        yield Deployment(cloud, stack)
    finally:
        cloud.stop()


def kill(cloud: LocalCloud) -> None:
    description = json.loads((cloud.home / "cloud.json").read_text(encoding="utf-8"))
    os.kill(description["pid"], signal.SIGKILL)
    while cloud.is_running():
        time.sleep(0.01)


@dataclass
class Sale:
    """An order that a client makes, gives a line and pays, and how far that is acknowledged."""

    number: str
    acknowledged: list[str] = field(default_factory=list)
    order_id: int | None = None

    def proceed(self, api: httpx.Client) -> None:
        """Do all that there is to do, from the beginning; each step once, however often it is asked
        for, but the line: it is looked for first."""
        created = self._told("created", api, "/orders", notification(self.number))
        self.order_id = created.json()["id"]
        path = f"/orders/{self.order_id}"
        if not created.json()["line_items"]:
            self._told("line", api, f"{path}/line_items", LINE)
        body = {"merchant_trade_no": f"T{self.number}", "payment": "20.00"}
        self._told("paid", api, f"{path}/pay", body)

    def _told(self, step: str, api: httpx.Client, path: str, body: object) -> httpx.Response:
        """The answer, once nobody is too busy to give it."""
        answer = api.post(path, json=body)
        for _ in range(20):
            if answer.status_code != httpx.codes.SERVICE_UNAVAILABLE:
                break
            time.sleep(0.2)
            answer = api.post(path, json=body)
        assert answer.status_code in (200, 201), answer.text
        self.acknowledged.append(step)
        return answer


class Clients:
    """Some that sell until the cloud is gone."""

    def __init__(self, shop: Shop, round_number: int) -> None:
        self._shop, self._round = shop, round_number
        self._is_gone = threading.Event()
        self.sales: list[Sale] = []

    def sell_until_killed(self, cloud: LocalCloud, seconds: float) -> None:
        with ThreadPoolExecutor(CLIENTS) as pool:
            running = [pool.submit(self._sell, number) for number in range(CLIENTS)]
            try:
                time.sleep(seconds)
            finally:
                kill(cloud)
                self._is_gone.set()
            for each in running:
                each.result()

    def _sell(self, client: int) -> None:
        with self._shop.client() as api:
            for count in range(10_000):
                sale = Sale(f"K{self._round}-{client}-{count}")
                self.sales.append(sale)
                try:
                    sale.proceed(api)
                except httpx.TransportError:
                    # The gap between the cloud's end and ours to know of it.
                    assert self._is_gone.wait(10), "it broke before the cloud was killed"
                    return


def shown(api: httpx.Client, sale: Sale) -> dict[str, Any] | None:
    answer = api.get(f"/orders/{sale.order_id or sale.number}")
    if answer.status_code == 404:
        return None
    assert answer.status_code == 200, answer.text
    order: dict[str, Any] = answer.json()
    return order


def assert_kept(api: httpx.Client, sale: Sale) -> None:
    """All that was acknowledged is there."""
    order = shown(api, sale)
    if "created" in sale.acknowledged:
        assert order, f"{sale.number} was acknowledged and is gone"
    if order and "line" in sale.acknowledged:
        assert len(order["line_items"]) == 1
    if order and "paid" in sale.acknowledged:
        assert order["payment_total"] == "20.00"


def told_of(listener: Subscriber) -> set[tuple[int, int]]:
    return {(one.content["order_id"], one.content["sequence"]) for one in listener.taken}


def test_what_was_acknowledged_outlives_the_cloud_that_acknowledged_it(
    doomed: Deployment,
) -> None:
    moments = random.Random(20261122)  # noqa: S311 - when to kill
    shop = new_shop(doomed)
    wanted: set[tuple[int, int]] = set()
    with subscriber() as listener:
        kind = SubscriptionKind.STANDARD
        telling = NewSubscription(kind=kind, url=listener.url, topics=("*",))
        subscribe(doomed.application.subscription_desk, shop.id, telling)
        for round_number in range(KILLS):
            clients = Clients(shop, round_number)
            clients.sell_until_killed(doomed.cloud, moments.uniform(1, 4))
            doomed.cloud.start()
            with shop.client() as api:
                for sale in clients.sales:
                    assert_kept(api, sale)
                    if "paid" not in sale.acknowledged:
                        sale.proceed(api)
                    order = shown(api, sale)
                    assert order
                    assert (len(order["line_items"]), order["payment_total"]) == (1, "20.00")
            for sale in clients.sales:
                assert sale.order_id
                proof = replay_order(doomed.application.desk, shop.id, sale.order_id)
                assert proof.agrees
                wanted |= {(sale.order_id, entry.sequence) for entry in proof.events}
            tried("processes killed, the cloud under load", 1)
            tried("sales in progress or done, when the cloud was killed", len(clients.sales))
        listener.wait(lambda one: told_of(one) >= wanted, 240)

    orders = doomed.application.desk.orders.page(shop.id, limit=1000).orders
    assert len(orders) == len({order_id for order_id, _ in wanted}), "made twice"
    auditor = Auditor(doomed.application.desk, doomed.application.audit)
    assert all(each.is_clean for each in reconcile_shop(auditor, shop.id))
