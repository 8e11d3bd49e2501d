"""Shops' accounts with payment providers in the single table, beside the shop itself."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Final

from botocore.exceptions import ClientError

from orderhub.domain.payment_account import PaymentAccount
from orderhub.ports import SealedAccount, SealedSecret, VersionConflict

from . import items, keys
from .client import DynamoDBClient, query, translated
from .codec import decode, encode

_SECRETS: Final = "secrets"
_UPDATED_AT: Final = "updated_at"


class DynamoPaymentAccounts:
    """:class:`orderhub.ports.PaymentAccounts` over one table."""

    def __init__(self, client: DynamoDBClient, table: str) -> None:
        self._client = client
        self._table = table

    def get(self, shop_id: str, provider: str) -> SealedAccount | None:
        with translated():
            answer = self._client.get_item(
                TableName=self._table,
                Key=_key(shop_id, provider),
                # An account that was just set up works at once.
                ConsistentRead=True,
            )
        item = answer.get("Item")
        return _sealed_account(item) if item else None

    def of_shop(self, shop_id: str) -> Sequence[SealedAccount]:
        prefix = keys.PAYMENT_ACCOUNT_PREFIX
        found = query(self._client, self._table, keys.shop(shop_id), prefix)
        return [_sealed_account(item) for item in found]

    def put(self, after: SealedAccount, before: SealedAccount | None = None) -> None:
        account = after.account
        item = {
            **items.document(
                keys.shop(account.shop_id), keys.payment_account(account.provider), account
            ),
            _SECRETS: {"B": encode(after.secrets)},
            _UPDATED_AT: {"S": keys.timestamp(account.updated_at)},
        }
        condition: dict[str, Any] = (
            _unchanged(before.account)
            if before
            else {"ConditionExpression": "attribute_not_exists(pk)"}
        )
        with _conflicts_told():
            self._client.put_item(TableName=self._table, Item=item, **condition)

    def remove(self, account: PaymentAccount) -> None:
        condition: dict[str, Any] = _unchanged(account)
        with _conflicts_told():
            self._client.delete_item(
                TableName=self._table, Key=_key(account.shop_id, account.provider), **condition
            )


@contextmanager
def _conflicts_told() -> Iterator[None]:
    try:
        with translated():
            yield
    except ClientError as error:
        if error.response["Error"]["Code"] == "ConditionalCheckFailedException":
            raise VersionConflict from error
        raise


def _key(shop_id: str, provider: str) -> dict[str, Any]:
    return {"pk": {"S": keys.shop(shop_id)}, "sk": {"S": keys.payment_account(provider)}}


def _unchanged(account: PaymentAccount) -> dict[str, Any]:
    return {
        "ConditionExpression": f"{_UPDATED_AT} = :read",
        "ExpressionAttributeValues": {":read": {"S": keys.timestamp(account.updated_at)}},
    }


def _sealed_account(item: Mapping[str, Any]) -> SealedAccount:
    return SealedAccount(
        decode(items.body_of(item), PaymentAccount),
        decode(item[_SECRETS]["B"], tuple[SealedSecret, ...]),
    )
