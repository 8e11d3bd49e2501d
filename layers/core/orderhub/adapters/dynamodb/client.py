"""The one DynamoDB client of a process, and what its errors mean."""

import secrets
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final, cast

from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from orderhub.adapters import aws
from orderhub.domain.errors import Busy, Unavailable

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient as DynamoDBClient
else:
    DynamoDBClient = object

_THROTTLED: Final = frozenset(
    {
        "ProvisionedThroughputExceededException",
        "ProvisionedThroughputExceeded",
        "RequestLimitExceeded",
        "ThrottlingException",
        "ThrottlingError",
    }
)
_CONFLICT: Final = "TransactionConflictException"
"""Somebody's transaction is writing the same item just now."""
_BATCH: Final = 100
_LONGEST_STUCK: Final = 4
_CONFIG: Final = Config(
    # A call that gets no answer is given up after five seconds, so that even several of them leave
    # time to tell the caller before the function's own time is over.
    retries={"mode": "standard", "total_max_attempts": 2},
    connect_timeout=1,
    read_timeout=2,
    tcp_keepalive=True,
)


def connect() -> DynamoDBClient:
    """A client for the environment's region and endpoint.

    botocore's own, the same that boto3 hands out: boto3 would be one more import in every cold
    start, for resources and S3 transfers that nobody here uses.
    """
    return cast("DynamoDBClient", aws.session().create_client("dynamodb", config=_CONFIG))


def query(
    client: DynamoDBClient, table: str, pk: str, prefix: str = ""
) -> Iterator[dict[str, Any]]:
    """All items of a partition whose sort key begins with ``prefix``, strongly consistent."""
    request: dict[str, Any] = {
        "TableName": table,
        "KeyConditionExpression": "pk = :pk",
        "ExpressionAttributeValues": {":pk": {"S": pk}},
        "ConsistentRead": True,
    }
    if prefix:  # an empty one would be refused
        request["KeyConditionExpression"] += " AND begins_with(sk, :prefix)"
        request["ExpressionAttributeValues"][":prefix"] = {"S": prefix}
    while True:
        with translated():
            answer = client.query(**request)
        yield from answer["Items"]
        if "LastEvaluatedKey" not in answer:
            return
        request["ExclusiveStartKey"] = answer["LastEvaluatedKey"]


def batch_get(
    client: DynamoDBClient,
    table: str,
    item_keys: Sequence[tuple[str, str]],
    *,
    consistent: bool = False,
) -> Iterator[dict[str, Any]]:
    """The items with these (different) keys, in no particular order, eventually consistent unless
    told otherwise."""
    waiting: list[Any] = [{"pk": {"S": pk}, "sk": {"S": sk}} for pk, sk in item_keys]
    stuck = 0
    while waiting:
        batch, waiting = waiting[:_BATCH], waiting[_BATCH:]
        with translated():
            asked: Any = {table: {"Keys": batch, "ConsistentRead": consistent}}
            answer = client.batch_get_item(RequestItems=asked)
        yield from answer["Responses"].get(table, [])
        # More than 16 MB, or throttled in part: the table says what is left.
        left = answer["UnprocessedKeys"][table]["Keys"] if answer.get("UnprocessedKeys") else []
        waiting = [*left, *waiting]
        stuck = stuck + 1 if len(left) == len(batch) else 0
        if stuck > _LONGEST_STUCK:
            raise Busy("the table is throttled; try again")
        if left:
            time.sleep(secrets.SystemRandom().uniform(0, 0.05 * 2**stuck))


def is_throttling(code: str) -> bool:
    return code in _THROTTLED


@contextmanager
def translated() -> Iterator[None]:
    """Turn a cloud that is busy or silent into errors that callers may retry.

    What remains (a missing permission, a wrong table name) is ours to mend and stays as it is.
    """
    try:
        yield
    except ClientError as error:
        code = error.response["Error"]["Code"]
        status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
        if is_throttling(code):
            raise Busy("the table is throttled; try again") from error
        if code == _CONFLICT:
            raise Busy("others are writing the same; try again") from error
        if status >= 500:
            raise Unavailable("the table did not answer; try again") from error
        raise
    except BotoCoreError as error:
        raise Unavailable("the table did not answer; try again") from error
