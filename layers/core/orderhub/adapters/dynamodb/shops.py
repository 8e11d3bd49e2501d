"""Shops and their credentials in the single table."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, Final

from botocore.exceptions import ClientError

from orderhub.domain.errors import InvalidField, NotFound
from orderhub.domain.shop import Credential, Shop
from orderhub.ports import SealedCredential

from . import items, keys
from .client import DynamoDBClient, query, translated
from .codec import decode
from .directory import put_listed, shop_entry

_SEALED: Final = "sealed"


class DynamoShops:
    """:class:`orderhub.ports.ShopRepository` over one table."""

    def __init__(self, client: DynamoDBClient, table: str) -> None:
        self._client = client
        self._table = table

    def get(self, shop_id: str) -> Shop | None:
        item = self._get(keys.shop(shop_id), keys.SHOP_PROFILE)
        return decode(items.body_of(item), Shop) if item else None

    def put(self, shop: Shop) -> None:
        item = items.document(keys.shop(shop.id), keys.SHOP_PROFILE, shop)
        put_listed(self._client, self._table, item, shop_entry(shop))

    def enlist(self, shop: Shop) -> None:
        with translated():
            self._client.put_item(TableName=self._table, Item=shop_entry(shop))

    def add_credential(self, credential: Credential, sealed: bytes = b"") -> None:
        by_token = items.document(
            keys.credential(credential.token_hash), keys.CREDENTIAL_ITEM, credential
        )
        if sealed:
            # Here alone: nobody who lists credentials reads them.
            by_token[_SEALED] = {"B": sealed}
        in_shop = items.document(
            keys.shop(credential.shop_id), keys.CREDENTIAL_PREFIX + credential.id, credential
        )
        try:
            with translated():
                self._client.transact_write_items(
                    TransactItems=[
                        {
                            "Put": {
                                "TableName": self._table,
                                "Item": item,
                                "ConditionExpression": "attribute_not_exists(pk)",
                            }
                        }
                        for item in (by_token, in_shop)
                    ]
                )
        except ClientError as error:
            reasons: list[dict[str, Any]] = error.response.get("CancellationReasons", [])  # type: ignore[assignment]
            if reasons and reasons[0].get("Code") == "ConditionalCheckFailed":
                message = "this token belongs to another credential already"
                raise InvalidField("token", "taken", message) from error
            raise

    def credential(self, token_hash: str) -> Credential | None:
        item = self._get(keys.credential(token_hash), keys.CREDENTIAL_ITEM)
        return decode(items.body_of(item), Credential) if item else None

    def sealed_credential(self, token_hash: str) -> SealedCredential | None:
        item = self._get(keys.credential(token_hash), keys.CREDENTIAL_ITEM)
        if item is None:
            return None
        sealed = item.get(_SEALED, {}).get("B", b"")
        return SealedCredential(decode(items.body_of(item), Credential), sealed)

    def credentials(self, shop_id: str) -> Sequence[Credential]:
        found = query(self._client, self._table, keys.shop(shop_id), keys.CREDENTIAL_PREFIX)
        return [decode(items.body_of(item), Credential) for item in found]

    def revoke(self, shop_id: str, credential_id: str, at: datetime) -> Credential:
        for credential in self.credentials(shop_id):
            if credential.id == credential_id:
                break
        else:
            raise NotFound("credential", credential_id)
        if credential.revoked_at is not None:
            return credential
        revoked = replace(credential, revoked_at=at)
        by_token = items.document(
            keys.credential(revoked.token_hash), keys.CREDENTIAL_ITEM, revoked
        )
        in_shop = items.document(
            keys.shop(revoked.shop_id), keys.CREDENTIAL_PREFIX + revoked.id, revoked
        )
        with translated():
            self._client.transact_write_items(
                TransactItems=[
                    {"Put": {"TableName": self._table, "Item": item}}
                    for item in (by_token, in_shop)
                ]
            )
        return revoked

    def _get(self, pk: str, sk: str) -> dict[str, Any] | None:
        with translated():
            answer = self._client.get_item(
                TableName=self._table,
                Key={"pk": {"S": pk}, "sk": {"S": sk}},
                # A credential that was just issued works at once.
                ConsistentRead=True,
            )
        return answer.get("Item")
