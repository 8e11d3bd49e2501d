"""Payment links in the single table."""

import math
from typing import Any

from orderhub.domain.payment_link import PaymentLink

from . import items, keys
from .client import DynamoDBClient, translated
from .codec import decode


class DynamoLinks:
    """:class:`orderhub.ports.PaymentLinks` over one table, which forgets links by itself some
    time after their ``kept_until``."""

    def __init__(self, client: DynamoDBClient, table: str) -> None:
        self._client = client
        self._table = table

    def add(self, link: PaymentLink) -> None:
        item: dict[str, Any] = {
            **items.document(keys.payment_link(link.token_hash), keys.PAYMENT_LINK_ITEM, link),
            keys.EXPIRES_AT: {"N": str(math.ceil(link.kept_until.timestamp()))},
        }
        with translated():
            self._client.put_item(TableName=self._table, Item=item)

    def get(self, token_hash: str) -> PaymentLink | None:
        with translated():
            answer = self._client.get_item(
                TableName=self._table,
                Key={
                    "pk": {"S": keys.payment_link(token_hash)},
                    "sk": {"S": keys.PAYMENT_LINK_ITEM},
                },
                ConsistentRead=True,
            )
        item = answer.get("Item")
        return decode(items.body_of(item), PaymentLink) if item else None
