"""Events out to an EventBridge bus."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Final, cast

from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from orderhub.ports import OutgoingEvent, Published

from . import aws

if TYPE_CHECKING:
    from mypy_boto3_events import EventBridgeClient
    from mypy_boto3_events.type_defs import PutEventsRequestEntryTypeDef

_MOST_ENTRIES: Final = 10
_MOST_BYTES: Final = 240_000
_CONFIG: Final = Config(
    retries={"mode": "standard", "total_max_attempts": 3}, connect_timeout=1, read_timeout=4
)


def connect() -> "EventBridgeClient":
    return cast("EventBridgeClient", aws.session().create_client("events", config=_CONFIG))


class EventBridgeBus:
    """:class:`orderhub.ports.EventOutlet` over one bus."""

    def __init__(self, client: "EventBridgeClient", bus_name: str) -> None:
        self._client = client
        self._bus_name = bus_name

    def publish(self, events: Sequence[OutgoingEvent]) -> Published:
        published = 0
        for batch in _batches(events):
            try:
                answer = self._client.put_events(Entries=[self._entry(event) for event in batch])
            except (BotoCoreError, ClientError) as error:
                # What went out before it stays published; the rest is for the next try.
                return Published(published, str(error))
            for entry in answer["Entries"]:
                if "ErrorCode" in entry:
                    return Published(
                        published, f"{entry['ErrorCode']}: {entry.get('ErrorMessage')}"
                    )
                published += 1
        return Published(published)

    def _entry(self, event: OutgoingEvent) -> "PutEventsRequestEntryTypeDef":
        return {
            "EventBusName": self._bus_name,
            "Source": event.source,
            "DetailType": event.type,
            "Time": datetime.fromisoformat(event.occurred_at),
            "Resources": [event.resource],
            "Detail": event.detail,
        }


def _batches(events: Sequence[OutgoingEvent]) -> Iterator[list[OutgoingEvent]]:
    """As many events a call as EventBridge takes: ten, and 256 KB together."""
    batch: list[OutgoingEvent] = []
    size = 0
    for event in events:
        length = len(event.detail.encode())
        if batch and (len(batch) == _MOST_ENTRIES or size + length > _MOST_BYTES):
            yield batch
            batch, size = [], 0
        batch.append(event)
        size += length
    if batch:
        yield batch
