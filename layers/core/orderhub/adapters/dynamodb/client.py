"""The one DynamoDB client of a process, and what its errors mean."""

import secrets
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import islice
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
_WRITE_BATCH: Final = 25
_LONGEST_STUCK: Final = 4
_CONFIG: Final = Config(
    # A call that gets no answer is given up after five seconds, so that even several of them leave
    # time to tell the caller before the function's own time is over.
    retries={"mode": "standard", "total_max_attempts": 2},
    connect_timeout=1,
    read_timeout=2,
    tcp_keepalive=True,
    # Those who write with many threads would close and open connections all the time otherwise.
    max_pool_connections=64,
    # A fifth of what botocore does for a call, and nobody needs it: it would look at requests that
    # we made ourselves before the table does, and describe this machine to AWS in each.
    parameter_validation=False,
    user_agent="OrderHub",
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
        if left:
            _pause(stuck)


def batch_put(client: DynamoDBClient, table: str, items: Iterable[Mapping[str, Any]]) -> None:
    """Put these (different) items on no condition, a batch at a time.

    Raises :class:`Busy` when the table takes no more of them; then some are written.
    """
    _batch_write(client, table, ({"PutRequest": {"Item": item}} for item in items))


def batch_delete(client: DynamoDBClient, table: str, items: Iterable[Mapping[str, Any]]) -> None:
    """Delete the items with the keys of these (different) ones. Raises as :func:`batch_put`."""
    _batch_write(
        client,
        table,
        ({"DeleteRequest": {"Key": {"pk": item["pk"], "sk": item["sk"]}}} for item in items),
    )


def _batch_write(client: DynamoDBClient, table: str, remaining: Iterator[Any]) -> None:
    waiting: list[Any] = []
    stuck = 0
    while batch := [*waiting, *islice(remaining, _WRITE_BATCH - len(waiting))]:
        with translated():
            answer = client.batch_write_item(RequestItems={table: batch})
        waiting = answer.get("UnprocessedItems", {}).get(table, [])
        stuck = stuck + 1 if len(waiting) == len(batch) else 0
        if waiting:
            _pause(stuck)


def _pause(stuck: int) -> None:
    """Give a table that left something out time: longer, the more batches of which it took nothing.

    Raises :class:`Busy` after too many of those.
    """
    if stuck > _LONGEST_STUCK:
        raise Busy("the table is throttled; try again")
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
