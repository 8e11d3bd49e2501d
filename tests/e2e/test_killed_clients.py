"""Processes that run functions are killed at moments that nobody chose, over and over.

What they were answered is there, whole; what they had begun is there whole or not at all; asking
again finishes it, and nothing is done twice.
"""

import os
import random
from typing import Final

import pytest

from orderhub import bootstrap
from orderhub.domain.money import Money
from orderhub.domain.order import Order
from orderhub.domain.status import OrderStatus
from orderhub.services.reconcile import Auditor, reconcile_shop
from orderhub.services.replay_order import replay_order
from tests.e2e.conftest import ON_THE_CLOUD, Deployment, Shop
from tests.support.figures import tried
from tests.support.mortal import LINES, PRICE, Sale, marketplace, seller

pytestmark = ON_THE_CLOUD

KILLS: Final = 500 if os.environ.get("ORDERHUB_TORTURE") else 50
LONGEST: Final = 0.25
"""In seconds; a sale of six requests takes about as long."""


def environment(deployment: Deployment) -> dict[str, str]:
    """What a function of the deployment has, so that it runs here as well."""
    outputs = deployment.outputs
    return {
        **deployment.cloud.credentials,
        "TABLE_NAME": outputs["TableName"],
        "EVENT_BUS_NAME": outputs["EventBusName"],
        "DUE_SHARDS": outputs["DueShards"],
        "SECRETS_KEY": outputs["SecretsKeyArn"],
    }


def stored(deployment: Deployment, shop: Shop, number: str) -> Order | None:
    """The order with this name, whose events yield what is stored."""
    named = list(deployment.application.desk.orders.named(shop.id, "order", number))
    if not named:
        return None
    ((_, order_id),) = named
    proof = replay_order(deployment.application.desk, shop.id, order_id)
    assert proof.agrees
    return deployment.application.desk.orders.get(shop.id, order_id)


def assert_whole(order: Order | None, sale: Sale) -> None:
    """All that was answered is in the order, and nothing by half."""
    answers = sale.answers
    assert (order is not None) or "created" not in answers, f"{sale.number} is gone"
    if order is None:
        return
    assert order.id == answers.get("created", order.id)
    lines = sum(step.startswith("line ") for step in answers)
    assert lines <= len(order.lines) <= min(lines + 1, LINES)
    assert order.captured in (Money.zero("CNY"), PRICE)
    if "paid" in answers:
        assert order.captured == PRICE
    if "completed" in answers:
        assert order.status is OrderStatus.COMPLETED


def test_killed_processes_leave_whole_orders_that_a_repeat_finishes(
    deployment: Deployment, shop: Shop
) -> None:
    moments = random.Random(20261122)  # noqa: S311 - when to kill
    given = environment(deployment)
    sales: list[Sale] = []
    for number in range(KILLS):
        with seller(given, shop.token, f"M{number}") as mortal:
            mortal.live(moments.uniform(0, LONGEST))
        sales += mortal.sales.values()
    tried("processes killed, clients", KILLS)
    tried("sales in progress or done, when clients were killed", len(sales))
    begun = [sale for sale in sales if "completed" not in sale.answers]
    assert len(begun) > KILLS / 2, "hardly any was killed at work"
    for sale in sales:
        assert_whole(stored(deployment, shop, sale.number), sale)

    with pytest.MonkeyPatch.context() as patch:
        for name, value in given.items():
            patch.setenv(name, value)
        bootstrap.application.cache_clear()
        client = marketplace(shop.token)
        for sale in begun:
            sale.answers.update(sale.proceed(client))
    bootstrap.application.cache_clear()
    for sale in sales:
        order = stored(deployment, shop, sale.number)
        assert order
        assert (order.id, len(order.lines), order.captured) == (
            sale.answers["created"],
            LINES,
            PRICE,
        )
        assert order.status is OrderStatus.COMPLETED
    count = len(deployment.application.desk.orders.page(shop.id, limit=1000).orders)
    assert count == len(sales), "made twice"
    auditor = Auditor(deployment.application.desk, deployment.application.audit)
    assert all(each.is_clean for each in reconcile_shop(auditor, shop.id))
