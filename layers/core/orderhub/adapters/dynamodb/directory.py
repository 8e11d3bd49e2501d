"""Lists of what a table has that no query would find: its shops, and what each shop was given.

An entry is written in the same transaction as the thing itself, so that the two never differ.
"""

from collections.abc import Iterator
from typing import Any, Final

from botocore.exceptions import ClientError

from orderhub.domain.errors import Busy
from orderhub.domain.people import Company, User
from orderhub.domain.shop import Cart, Product, Shop
from orderhub.ports import Listed, ListKind

from . import items, keys
from .client import DynamoDBClient, query, translated
from .codec import decode

_Facts = dict[str, str | int | None]

_PASSING: Final = {"TransactionConflict", "ThrottlingError", "ProvisionedThroughputExceeded"}
"""Why a transaction is cancelled that may go through the next time."""


class DynamoDirectory:
    """:class:`orderhub.ports.Directory` over one table."""

    def __init__(self, client: DynamoDBClient, table: str) -> None:
        self._client = client
        self._table = table

    def shops(self) -> Iterator[Listed]:
        return self._entries(keys.SHOPS)

    def of_shop(self, shop_id: str, kind: ListKind) -> Iterator[Listed]:
        return self._entries(keys.listed(shop_id, kind))

    def _entries(self, pk: str) -> Iterator[Listed]:
        for item in query(self._client, self._table, pk):
            yield decode(items.body_of(item), Listed)


def put_listed(
    client: DynamoDBClient, table: str, thing: dict[str, Any], entry: dict[str, Any]
) -> None:
    """Write an item and its entry in a list: both or neither. Raises :class:`Busy` while others
    write the same."""
    _write(client, [{"Put": {"TableName": table, "Item": item}} for item in (thing, entry)])


def delete_listed(
    client: DynamoDBClient, table: str, thing: tuple[str, str], entry: tuple[str, str]
) -> None:
    """Delete an item and its entry, by their keys: both or neither. Harmless when repeated. Raises
    as :func:`put_listed`."""
    deletes: list[Any] = [
        {"Delete": {"TableName": table, "Key": {"pk": {"S": pk}, "sk": {"S": sk}}}}
        for pk, sk in (thing, entry)
    ]
    _write(client, deletes)


def _write(client: DynamoDBClient, writes: list[Any]) -> None:
    try:
        with translated():
            client.transact_write_items(TransactItems=writes)
    except ClientError as error:
        reasons: Any = error.response.get("CancellationReasons", [])
        # They are on no condition: but for what is wrong with them, others are in their way.
        if {each.get("Code") for each in reasons} & _PASSING:
            raise Busy("others are writing the same; try again") from error
        raise


def shop_entry(shop: Shop) -> dict[str, Any]:
    facts: _Facts = {
        "currency": shop.currency,
        "timezone": shop.timezone,
        "created_at": keys.timestamp(shop.created_at),
    }
    return items.document(keys.SHOPS, shop.id, Listed(id=shop.id, name=shop.name, facts=facts))


def product_entry(shop_id: str, product: Product) -> dict[str, Any]:
    facts: _Facts = {"number": product.number, "variants": len(product.variants)}
    listed = Listed(id=product.id, name=product.name, facts=facts)
    return items.document(keys.listed(shop_id, ListKind.PRODUCTS), product.id, listed)


def cart_entry(shop_id: str, cart: Cart) -> dict[str, Any]:
    facts: _Facts = {
        "currency": cart.currency,
        "lines": len(cart.lines),
        "created_at": keys.timestamp(cart.created_at),
    }
    listed = Listed(id=cart.id, facts=facts)
    return items.document(keys.listed(shop_id, ListKind.CARTS), cart.id, listed)


def user_entry(user: User) -> dict[str, Any]:
    facts: _Facts = {"email": user.email, "company_id": user.current_company_id}
    listed = Listed(id=str(user.id), name=user.full_name, facts=facts)
    return items.document(
        keys.listed(user.shop_id, ListKind.USERS), keys.listed_number(user.id), listed
    )


def company_entry(company: Company) -> dict[str, Any]:
    listed = Listed(id=str(company.id), name=company.name, facts={"code": company.code})
    pk, sk = company_entry_key(company.shop_id, company.id)
    return items.document(pk, sk, listed)


def company_entry_key(shop_id: str, company_id: int) -> tuple[str, str]:
    return keys.listed(shop_id, ListKind.COMPANIES), keys.listed_number(company_id)
