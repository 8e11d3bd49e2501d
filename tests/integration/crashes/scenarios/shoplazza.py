"""Merchants' systems that make orders, and buyers' page of an order."""

from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import Any

from orderhub.domain import commands
from orderhub.services import rank_orders, reconcile
from orderhub.services.visit_checkout import CHECKOUT_TOKEN, checkout_path, new_checkout_token
from tests.integration.crashes.callers import Request
from tests.integration.crashes.scenario import Prepare, Scenario
from tests.integration.crashes.setting import credential, order, shop
from tests.integration.crashes.stage import SHOP, Stage
from tests.support.orders import placed
from tests.support.store_orders import store_order

GROUP = "shoplazza"


def creates(body: dict[str, Any], *, key: str = "k1") -> Prepare:
    def prepare(stage: Stage) -> Request:
        shop(stage)
        headers = {"access-token": credential(stage, GROUP)}
        if key:
            headers["Idempotency-Key"] = key
        told = dict(body)
        if age := told.pop("age", None):
            told["created_at"] = (stage.now - timedelta(seconds=age)).isoformat()
        return Request(
            partial(stage.api.post, "/openapi/2026-01/orders", headers=headers, json=told)
        )

    return prepare


def of_the_past(stage: Stage) -> Request:
    """One whose place is before a milestone that was laid."""
    stage.patch.setattr(rank_orders, "STEP", 2)
    stage.patch.setattr(reconcile, "STEP", 2)
    caller = creates(store_order(2, age=86400, financial_status="paid"))(stage)
    for tail in range(1, 5):
        order(stage, age=3600, tail=tail)
    rank_orders.lay_milestones(stage.application.desk, SHOP)
    assert isinstance(caller, Request)
    return caller


def page(stage: Stage) -> Request:
    shop(stage)
    change = placed(SHOP, at=stage.now)
    token = new_checkout_token()
    extensions = {GROUP: {CHECKOUT_TOKEN: token}}
    commands.change_details(change, replace(change.order.details, extensions=extensions))
    stage.application.desk.orders.commit(change)
    return Request(partial(stage.api.get, checkout_path(change.order, token)))


CREATE = "ShoplazzaCreateOrder"
SCENARIOS = [
    Scenario(GROUP, "create", CREATE, creates(store_order(2))),
    Scenario(
        GROUP,
        "create without a key",
        CREATE,
        creates(store_order(2), key=""),
        made_anew="Without an Idempotency-Key nothing tells a repeat from a second order.",
    ),
    Scenario(
        GROUP,
        "bring in one that was paid",
        CREATE,
        creates(store_order(2, age=20, financial_status="paid")),
    ),
    Scenario(
        GROUP,
        "bring in one of the past",
        CREATE,
        of_the_past,
        is_never_thinned=True,
    ),
    Scenario("checkout", "read an order", "CheckoutShowOrder", page),
]
