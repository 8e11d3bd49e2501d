"""OrderHub as the peer's counterpart: the whole stack on a local cloud, over HTTP."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http import HTTPStatus
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final
from uuid import uuid4

import httpx

from local.cloud import LocalCloud, free_port
from local.console import Progress
from local.deployment import Stack, deploy
from orderhub.bootstrap import Application
from orderhub.domain.money import UnitPrice
from orderhub.domain.shop import Price, Product, Variant
from orderhub.services import manage_shops
from orderhub.settings import Settings

_SHOP: Final = "peers"
_PRODUCT: Final = "1"
_PRICE: Final = 10
_CURRENCY: Final = "CNY"
_ADDRESS: Final = MappingProxyType(
    {
        "address_fullname": "Han Meimei",
        "address_phone": "13900000002",
        "address_province_id": 440000,
        "address_city_id": 440300,
        "address_post_code": "518057",
        "address_address": "Road 7",
    }
)


class OrderHub:
    """A marketplace that notifies us of its orders."""

    name = "OrderHub"
    calls: Mapping[str, int] = MappingProxyType({"open": 1, "create": 2, "pay": 1, "read": 1})

    def __init__(self, client: httpx.Client) -> None:
        self._client = client

    def open(self) -> str:
        """Send the order with its number and its address."""
        order = {"kind": "taobao", "merchant_order_no": uuid4().hex, **_ADDRESS}
        return f"/orders/{self._sent('POST', '/orders', order)['id']}"

    def fill(self, order: str) -> None:
        """Add the line."""
        line = {"product_id": _PRODUCT, "price": _PRICE, "quantity": 1}
        self._sent("POST", f"{order}/line_items", line)

    def pay(self, order: str) -> None:
        """Report the payment."""
        payment = {"merchant_trade_no": uuid4().hex, "payment": _PRICE}
        self._sent("POST", f"{order}/pay", payment)

    def read(self, order: str) -> None:
        """Get the order."""
        self._sent("GET", order)

    def _sent(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> Any:
        answer = self._client.request(method, path, json=body)
        if answer.status_code not in {HTTPStatus.OK, HTTPStatus.CREATED}:
            raise RuntimeError(f"OrderHub answered {answer.status_code}: {answer.text[:300]}")
        return answer.json()


@contextmanager
def running(folder: Path, progress: Progress) -> Iterator[OrderHub]:
    """OrderHub with a shop and a product, for as long as the context lasts; its files go to
    ``folder``."""
    cloud = LocalCloud(folder, port=free_port())
    cloud.start(progress)
    try:
        stack = deploy(cloud, progress=progress)
        headers = {"Authorization": f"Bearer {_opened_shop(cloud, stack)}"}
        with httpx.Client(base_url=stack.api_url, headers=headers, timeout=60) as client:
            yield OrderHub(client)
    finally:
        cloud.stop(progress)


def _opened_shop(cloud: LocalCloud, stack: Stack) -> str:
    """Make the shop and its product; return a token for its marketplace."""
    settings = Settings(
        table_name=stack.outputs["TableName"],
        event_bus_name="",
        due_shards=int(stack.outputs["DueShards"]),
    )
    application = Application(settings, client=cloud.client("dynamodb"))
    shops, desk = application.shops, application.desk
    manage_shops.create_shop(shops, desk.clock, shop_id=_SHOP, name="Peers", currency=_CURRENCY)
    variant = Variant(id="v", prices={_CURRENCY: Price(price=UnitPrice.of(_PRICE, _CURRENCY))})
    product = Product(id=_PRODUCT, name="Product", variants=(variant,))
    manage_shops.put_products(shops, desk.catalog, _SHOP, [product])
    return manage_shops.issue_credential(
        shops, desk.clock, _SHOP, wire="marketplace", label="Peers"
    ).token
