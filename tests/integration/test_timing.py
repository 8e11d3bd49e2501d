"""How benchmarks time: requests become calls again, and processes answer as often as they are
asked."""

import json
from typing import Any

from benchmarks.bare import calls
from benchmarks.child import with_bytes
from benchmarks.operations import Run
from benchmarks.processes import Stage
from local.cloud import free_port


def exchange(target: str, **request: Any) -> dict[str, Any]:
    return {"target": target, "request": json.dumps(request)}


def test_requests_become_calls_of_the_client_that_would_have_sent_them() -> None:
    recorded = [
        exchange("DynamoDB_20120810.BatchGetItem", RequestItems={"t": {"Keys": []}}),
        exchange("AmazonSQS.SendMessage", QueueUrl="https://queue", MessageBody="hello"),
        exchange("TrentService.Decrypt", CiphertextBlob="YWJj"),
    ]
    sealed = {"CiphertextBlob": {"bytes": b"abc".hex()}}
    assert calls(recorded) == [
        ("dynamodb", "batch_get_item", {"RequestItems": {"t": {"Keys": []}}}),
        ("sqs", "send_message", {"QueueUrl": "https://queue", "MessageBody": "hello"}),
        ("kms", "decrypt", sealed),
    ]
    assert with_bytes(sealed) == {"CiphertextBlob": b"abc"}


def test_binary_attributes_are_bytes_again_wherever_they_stand() -> None:
    item = {"pk": {"S": "p"}, "packed": {"B": "YWJj"}}
    write = {"Put": {"TableName": "t", "Item": item}}
    ((_, _, given),) = calls(
        [exchange("DynamoDB_20120810.TransactWriteItems", TransactItems=[write])]
    )
    (put,) = with_bytes(given)["TransactItems"]
    assert put["Put"]["Item"] == {"pk": {"S": "p"}, "packed": {"B": b"abc"}}


def test_what_went_elsewhere_than_to_aws_is_no_call() -> None:
    assert calls([exchange("/subscriber", type="order.paid")]) == []


def test_a_process_is_timed_to_its_first_answer_and_for_as_many_more_as_it_is_asked() -> None:
    with Stage(Run([], {}, free_port())) as stage:
        floor = stage.floor()
        try:
            block = floor.again(3)
        finally:
            floor.end()
    assert len(block.milliseconds) == 3
    assert floor.first.milliseconds > max(block.milliseconds) > min(block.milliseconds) > 0
    assert floor.first.busy_milliseconds > block.busy_milliseconds > 0
    assert floor.first.memory_kib > 10_000
