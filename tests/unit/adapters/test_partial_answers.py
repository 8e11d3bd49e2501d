"""Batches of which the bus or the queue takes a part: the rest is told and tried again."""

from typing import Any

import pytest

from orderhub.adapters.eventbridge import EventBridgeBus
from orderhub.adapters.sqs import SqsDeliveries
from orderhub.domain.errors import Unavailable
from orderhub.ports import OutgoingEvent, Published, QueuedDelivery
from tests.support.fakes import NOON


class PickyBus:
    """Takes every event but those of ``refused``, by their places over all calls."""

    def __init__(self, *refused: int) -> None:
        self.refused = refused
        self.seen = 0

    def put_events(self, *, Entries: list[Any]) -> dict[str, Any]:  # noqa: N803
        answered: list[dict[str, str]] = []
        for _ in Entries:
            if self.seen in self.refused:
                answered.append({"ErrorCode": "ThrottlingException", "ErrorMessage": "too fast"})
            else:
                answered.append({"EventId": str(self.seen)})
            self.seen += 1
        failed = sum("ErrorCode" in entry for entry in answered)
        return {"FailedEntryCount": failed, "Entries": answered}


EVENT = OutgoingEvent(
    type="order.paid", occurred_at="2026-11-21T12:00:00.000Z", resource="demo/1", detail="{}"
)


@pytest.mark.parametrize(
    ("refused", "count"), [((0,), 0), ((9,), 9), ((3, 5), 3), ((12,), 12), ((2, 12), 2)]
)
def test_events_count_as_published_up_to_the_first_that_was_not_taken(
    refused: tuple[int, ...], count: int
) -> None:
    """What comes behind it in the same call was taken, and goes out again with it."""
    client: Any = PickyBus(*refused)
    published = EventBridgeBus(client, "orders").publish([EVENT] * 23)
    assert published == Published(count, "ThrottlingException: too fast")


class PickyQueue:
    """Takes every message of a batch but one."""

    def send_message_batch(self, *, QueueUrl: str, Entries: list[Any]) -> dict[str, Any]:  # noqa: N803
        first, *others = Entries
        return {
            "Successful": [{"Id": each["Id"]} for each in others],
            "Failed": [{"Id": first["Id"], "SenderFault": False, "Code": "InternalError"}],
        }


def test_a_queue_that_takes_all_but_one_message_has_not_taken_them() -> None:
    client: Any = PickyQueue()
    delivery = QueuedDelivery("demo", 1, "order.paid", NOON, {})
    with pytest.raises(Unavailable):
        SqsDeliveries(client, "deliveries").send([delivery] * 3)
