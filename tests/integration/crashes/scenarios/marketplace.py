"""Marketplaces that notify us of orders."""

from functools import partial
from typing import Any

from tests.integration.crashes.callers import Request
from tests.integration.crashes.scenario import Prepare, Scenario
from tests.integration.crashes.setting import credential, order, shop
from tests.integration.crashes.stage import Stage

GROUP = "marketplace"


def notification(number: str = "TB1") -> dict[str, Any]:
    return {
        "kind": "taobao",
        "merchant_order_no": number,
        "address_fullname": "韩梅梅",
        "address_phone": "13900000002",
        "address_province_id": 440000,
        "address_city_id": 440300,
        "address_post_code": "518057",
        "address_address": "科技园新西路7号",
    }


def sends(method: str, path: str = "", body: object = None, **told: Any) -> Prepare:
    """A request about an order that is as ``told``."""

    def prepare(stage: Stage) -> Request:
        shop(stage)
        headers = {"authorization": f"Bearer {credential(stage, GROUP)}"}
        url = f"/orders/{order(stage, **told).id}{path}"
        return Request(partial(stage.api.request, method, url, headers=headers, json=body))

    return prepare


LINE = {"product_id": "1", "price": "10.00", "quantity": 3}
PAY = {"merchant_trade_no": "T1", "payment": "1.50"}


def creates(body: dict[str, Any]) -> Prepare:
    def prepare(stage: Stage) -> Request:
        shop(stage)
        headers = {"authorization": f"Bearer {credential(stage, GROUP)}"}
        return Request(partial(stage.api.post, "/orders", headers=headers, json=body))

    return prepare


SCENARIOS = [
    Scenario(GROUP, "create", "MarketplaceCreateOrder", creates(notification())),
    Scenario(
        GROUP,
        "create with a name like an id",
        "MarketplaceCreateOrder",
        creates(notification("3475921619881989")),
    ),
    Scenario(GROUP, "read", "MarketplaceGetOrder", sends("GET")),
    Scenario(GROUP, "correct", "MarketplaceUpdateOrder", sends("PUT", body=notification("TB2"))),
    Scenario(GROUP, "add a line", "MarketplaceCreateLineItem", sends("POST", "/line_items", LINE)),
    Scenario(
        GROUP,
        "add a line to a long order",
        "MarketplaceCreateLineItem",
        sends("POST", "/line_items", LINE, lines=450),
    ),
    Scenario(GROUP, "pay", "MarketplacePayOrder", sends("POST", "/pay", PAY)),
    Scenario(
        GROUP,
        "pay in part",
        "MarketplacePayOrder",
        sends("POST", "/pay", PAY, lines=2),
    ),
    Scenario(
        GROUP,
        "pay too much",
        "MarketplacePayOrder",
        sends("POST", "/pay", {**PAY, "payment": "7.00"}),
    ),
    Scenario(GROUP, "pay again", "MarketplacePayOrder", sends("POST", "/pay", PAY, paid="1.50")),
    Scenario(
        GROUP, "complete", "MarketplaceCompleteOrder", sends("POST", "/complete", paid="1.50")
    ),
]
