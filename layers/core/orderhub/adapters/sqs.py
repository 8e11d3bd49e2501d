"""What waits on SQS queues: deliveries, and events that can't be read."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from itertools import islice
from typing import TYPE_CHECKING, Any, Final, TypeVar, cast

from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from orderhub.domain.errors import Busy, Unavailable
from orderhub.ports import DeadDelivery, QueuedDelivery, UnreadableEvent

from . import aws

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient

_MOST_ENTRIES: Final = 10
_MOST_BYTES: Final = 240_000
"""SQS takes 256 KB a call."""
_IN_HAND_SECONDS: Final = 60
_LONGEST_SHOP_ID: Final = 64
_GREATEST_ID: Final = 2**63 - 1
_CONFIG: Final = Config(
    retries={"mode": "standard", "total_max_attempts": 3}, connect_timeout=1, read_timeout=5
)
_BUSY: Final = frozenset(
    {"ThrottlingException", "RequestThrottled", "Throttling", "KmsThrottled", "OverLimit"}
)
_REFUSED: Final = re.compile("[\ufffe\uffff]")
"""No characters to SQS, though others write them. JSON has another way to."""

_Entry = TypeVar("_Entry")


def connect() -> "SQSClient":
    return cast("SQSClient", aws.session().create_client("sqs", config=_CONFIG))


class SqsDeliveries:
    """:class:`orderhub.ports.DeliveryQueue` over a queue and its dead-letter queue, by URL."""

    def __init__(self, client: "SQSClient", queue: str, dead_queue: str = "") -> None:
        self._client = client
        self._queue = queue
        self._dead_queue = dead_queue

    def send(self, deliveries: Sequence[QueuedDelivery]) -> None:
        for batch in _batches([_body(delivery) for delivery in deliveries]):
            with _translated():
                answer = self._client.send_message_batch(
                    QueueUrl=self._queue,
                    Entries=[
                        {"Id": str(index), "MessageBody": body} for index, body in enumerate(batch)
                    ],
                )
            _require_all(answer)

    def try_again(self, receipt: str, seconds: int) -> None:
        with _translated():
            self._client.change_message_visibility(
                QueueUrl=self._queue, ReceiptHandle=receipt, VisibilityTimeout=seconds
            )

    def dead(self) -> Iterator[DeadDelivery]:
        while True:
            with _translated():
                answer = self._client.receive_message(
                    QueueUrl=self._dead_queue,
                    MaxNumberOfMessages=_MOST_ENTRIES,
                    VisibilityTimeout=_IN_HAND_SECONDS,
                    # A long poll asks all of SQS's servers, so that nothing means nothing.
                    WaitTimeSeconds=1,
                )
            messages = answer.get("Messages", [])
            if not messages:
                return
            for message in messages:
                try:
                    delivery = queued_delivery(message["Body"])
                except (KeyError, TypeError, ValueError):
                    # Not of our making. It stays for somebody to look at.
                    continue
                yield DeadDelivery(message["ReceiptHandle"], delivery)

    def bury(self, receipts: Sequence[str]) -> None:
        for batch in _chunks(receipts):
            with _translated():
                answer = self._client.delete_message_batch(
                    QueueUrl=self._dead_queue,
                    Entries=[
                        {"Id": str(index), "ReceiptHandle": receipt}
                        for index, receipt in enumerate(batch)
                    ],
                )
            _require_all(answer)

    def put_back(self, receipts: Sequence[str]) -> None:
        for batch in _chunks(receipts):
            with _translated():
                answer = self._client.change_message_visibility_batch(
                    QueueUrl=self._dead_queue,
                    Entries=[
                        {"Id": str(index), "ReceiptHandle": receipt, "VisibilityTimeout": 0}
                        for index, receipt in enumerate(batch)
                    ],
                )
            _require_all(answer)


class SqsUnreadableEvents:
    """:class:`orderhub.ports.UnreadableEvents` on a queue, by URL."""

    def __init__(self, client: "SQSClient", queue: str) -> None:
        self._client = client
        self._queue = queue

    def put_aside(self, found: UnreadableEvent) -> None:
        content = {
            "unreadable_event": found.keys,
            "why": found.why,
            "event_id": found.event_id,
            "sequence_number": found.sequence_number,
        }
        with _translated():
            self._client.send_message(
                QueueUrl=self._queue, MessageBody=json.dumps(content, ensure_ascii=False)
            )


def queued_delivery(body: str) -> QueuedDelivery:
    """The delivery in a message's body. Raises ``KeyError``, ``TypeError`` or ``ValueError`` for
    what is none: the subscriptions of several are read at once, which nonsense must not spoil."""
    content = json.loads(body)
    shop_id, subscription_id = content["shop_id"], content["subscription_id"]
    queued_at = datetime.fromisoformat(content["queued_at"])
    occurred_at = datetime.fromisoformat(content["event"]["occurred_at"])
    if not (
        isinstance(shop_id, str)
        and len(shop_id) <= _LONGEST_SHOP_ID
        and isinstance(subscription_id, int)
        and 0 <= subscription_id <= _GREATEST_ID
        and queued_at.tzinfo
        and occurred_at.tzinfo
    ):
        raise ValueError("no delivery of ours")
    return QueuedDelivery(shop_id, subscription_id, content["topic"], queued_at, content["event"])


def _body(delivery: QueuedDelivery) -> str:
    """The inverse of :func:`queued_delivery`."""
    content = {
        "shop_id": delivery.shop_id,
        "subscription_id": delivery.subscription_id,
        "topic": delivery.topic,
        "queued_at": delivery.queued_at.isoformat(),
        "event": delivery.event,
    }
    text = json.dumps(content, ensure_ascii=False, separators=(",", ":"))
    return _REFUSED.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def _batches(bodies: Sequence[str]) -> Iterator[list[str]]:
    """As many messages a call as SQS takes."""
    batch: list[str] = []
    size = 0
    for body in bodies:
        length = len(body.encode())
        if batch and (len(batch) == _MOST_ENTRIES or size + length > _MOST_BYTES):
            yield batch
            batch, size = [], 0
        batch.append(body)
        size += length
    if batch:
        yield batch


def _chunks(entries: Sequence[_Entry]) -> Iterator[list[_Entry]]:
    rest = iter(entries)
    while chunk := list(islice(rest, _MOST_ENTRIES)):
        yield chunk


def _require_all(answer: Mapping[str, Any]) -> None:
    failed = answer.get("Failed", [])
    if failed:
        raise Unavailable(f"the queue did not take all: {failed[0]['Code']}; try again")


@contextmanager
def _translated() -> Iterator[None]:
    """What remains (a missing permission, a queue that is gone) is ours to mend and stays."""
    try:
        yield
    except ClientError as error:
        code = error.response["Error"]["Code"]
        status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
        if code in _BUSY:
            raise Busy("the queue is busy; try again") from error
        if status >= 500:
            raise Unavailable("the queue did not answer; try again") from error
        raise
    except BotoCoreError as error:
        raise Unavailable("the queue did not answer; try again") from error
