"""Many items at once, read from and written to a table that doesn't always do all of it."""

from typing import Any

import pytest

from orderhub.adapters.dynamodb.client import batch_get, batch_put
from orderhub.domain.errors import Busy


class PartialTable:
    """Does at most ``at_most`` keys or items of a batch, and hands back the others."""

    def __init__(self, at_most: int) -> None:
        self.at_most = at_most
        self.batches: list[int] = []
        self.written: list[Any] = []

    def batch_get_item(self, *, RequestItems: dict[str, Any]) -> dict[str, Any]:  # noqa: N803
        keys = RequestItems["orders"]["Keys"]
        self.batches.append(len(keys))
        answered, left = keys[: self.at_most], keys[self.at_most :]
        return {
            "Responses": {"orders": answered},
            "UnprocessedKeys": {"orders": {"Keys": left}} if left else {},
        }

    def batch_write_item(self, *, RequestItems: dict[str, Any]) -> dict[str, Any]:  # noqa: N803
        puts = RequestItems["orders"]
        self.batches.append(len(puts))
        taken, left = puts[: self.at_most], puts[self.at_most :]
        self.written += [put["PutRequest"]["Item"]["pk"]["S"] for put in taken]
        return {"UnprocessedItems": {"orders": left} if left else {}}


@pytest.fixture(autouse=True)
def slept(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    waits: list[float] = []
    monkeypatch.setattr("time.sleep", waits.append)
    return waits


def read(table: PartialTable, count: int) -> list[str]:
    client: Any = table
    wanted = [(f"p{number}", "s") for number in range(count)]
    return [item["pk"]["S"] for item in batch_get(client, "orders", wanted)]


@pytest.mark.parametrize("count", [0, 1, 100, 101, 250])
def test_a_batch_has_a_hundred_keys_at_most(count: int, slept: list[float]) -> None:
    table = PartialTable(at_most=100)
    assert read(table, count) == [f"p{number}" for number in range(count)]
    assert sum(table.batches) == count
    assert max(table.batches, default=0) <= 100
    assert slept == []


def test_what_was_left_out_is_asked_for_again(slept: list[float]) -> None:
    table = PartialTable(at_most=60)
    assert sorted(read(table, 150)) == sorted(f"p{number}" for number in range(150))
    assert slept, "a table that is throttled gets time"


def test_a_table_that_answers_nothing_is_busy(slept: list[float]) -> None:
    table = PartialTable(at_most=0)
    with pytest.raises(Busy):
        read(table, 3)
    assert len(table.batches) == len(slept) + 1


def write(table: PartialTable, count: int) -> None:
    client: Any = table
    batch_put(client, "orders", ({"pk": {"S": f"p{number}"}} for number in range(count)))


@pytest.mark.parametrize("count", [0, 1, 25, 26, 70])
def test_a_batch_writes_25_items_at_most(count: int, slept: list[float]) -> None:
    table = PartialTable(at_most=25)
    write(table, count)
    assert table.written == [f"p{number}" for number in range(count)]
    assert max(table.batches, default=0) <= 25
    assert slept == []


def test_what_was_not_written_is_written_again(slept: list[float]) -> None:
    table = PartialTable(at_most=20)
    write(table, 60)
    assert sorted(table.written) == sorted(f"p{number}" for number in range(60))
    assert max(table.batches) <= 25
    assert slept, "a table that is throttled gets time"


def test_a_table_that_writes_nothing_is_busy(slept: list[float]) -> None:
    table = PartialTable(at_most=0)
    with pytest.raises(Busy):
        write(table, 3)
    assert len(table.batches) == len(slept) + 1
