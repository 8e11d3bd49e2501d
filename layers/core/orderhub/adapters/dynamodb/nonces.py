"""Nonces in the single table."""

import math
import secrets
from datetime import datetime
from typing import Any, Final

from botocore.exceptions import ClientError

from . import keys
from .client import DynamoDBClient, translated

_SPENDER_BYTES: Final = 8


class DynamoNonces:
    """:class:`orderhub.ports.Nonces` over one table, which forgets them by itself some time after
    their ``until``."""

    def __init__(self, client: DynamoDBClient, table: str) -> None:
        self._client = client
        self._table = table

    def spend(self, nonce: str, until: datetime) -> bool:
        # When the answer to a write gets lost, the client writes again, and must not take itself
        # for somebody who was faster.
        spender = {"S": secrets.token_hex(_SPENDER_BYTES)}
        item: dict[str, Any] = {
            "pk": {"S": keys.nonce(nonce)},
            "sk": {"S": keys.NONCE_ITEM},
            "spender": spender,
            keys.EXPIRES_AT: {"N": str(math.ceil(until.timestamp()))},
        }
        try:
            with translated():
                self._client.put_item(
                    TableName=self._table,
                    Item=item,
                    ConditionExpression="attribute_not_exists(pk) OR spender = :spender",
                    ExpressionAttributeValues={":spender": spender},
                )
        except ClientError as error:
            if error.response["Error"]["Code"] == "ConditionalCheckFailedException":
                return False
            raise
        return True
