"""Products and carts in the single table."""

from collections.abc import Iterable, Mapping
from typing import Any, TypeVar

from orderhub.domain.shop import Cart, Product
from orderhub.domain.stock import StockItem

from . import items, keys
from .client import DynamoDBClient, batch_get, translated
from .codec import decode
from .directory import cart_entry, product_entry, put_listed

_T = TypeVar("_T")


class DynamoCatalog:
    """:class:`orderhub.ports.Catalog` over one table."""

    def __init__(self, client: DynamoDBClient, table: str) -> None:
        self._client = client
        self._table = table

    def product(self, shop_id: str, product_id: str) -> Product | None:
        return self._get(keys.product(shop_id, product_id), keys.PRODUCT_ITEM, Product)

    def products(self, shop_id: str, product_ids: Iterable[str]) -> Mapping[str, Product]:
        wanted = [(keys.product(shop_id, name), keys.PRODUCT_ITEM) for name in set(product_ids)]
        found = (
            decode(items.body_of(item), Product)
            for item in batch_get(self._client, self._table, wanted)
        )
        return {product.id: product for product in found}

    def put_product(self, shop_id: str, product: Product) -> None:
        item = items.document(keys.product(shop_id, product.id), keys.PRODUCT_ITEM, product)
        put_listed(self._client, self._table, item, product_entry(shop_id, product))

    def stock(self, shop_id: str, items: Iterable[StockItem]) -> Mapping[StockItem, int]:
        wanted = {keys.stock(shop_id, *item): item for item in items}
        counted = dict.fromkeys(wanted.values(), 0)
        found = batch_get(
            self._client,
            self._table,
            [(pk, keys.STOCK_ITEM) for pk in wanted],
            consistent=True,
        )
        for item in found:
            counted[wanted[item["pk"]["S"]]] = int(item["quantity"]["N"])
        return counted

    def set_stock(self, shop_id: str, product_id: str, variant_id: str, quantity: int) -> None:
        item: dict[str, Any] = {
            "pk": {"S": keys.stock(shop_id, product_id, variant_id)},
            "sk": {"S": keys.STOCK_ITEM},
            "quantity": {"N": str(quantity)},
        }
        with translated():
            self._client.put_item(TableName=self._table, Item=item)

    def cart(self, shop_id: str, cart_id: str) -> Cart | None:
        return self._get(keys.cart(shop_id, cart_id), keys.CART_ITEM, Cart)

    def put_cart(self, shop_id: str, cart: Cart) -> None:
        item = items.document(keys.cart(shop_id, cart.id), keys.CART_ITEM, cart)
        put_listed(self._client, self._table, item, cart_entry(shop_id, cart))

    def _get(self, pk: str, sk: str, kind: type[_T]) -> _T | None:
        with translated():
            answer = self._client.get_item(
                TableName=self._table, Key={"pk": {"S": pk}, "sk": {"S": sk}}
            )
        item = answer.get("Item")
        return decode(items.body_of(item), kind) if item else None
