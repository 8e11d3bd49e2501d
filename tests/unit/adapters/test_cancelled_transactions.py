"""What a transaction that the table cancelled means, by the reasons that it gives."""

from typing import Any

import pytest
from botocore.exceptions import ClientError

from orderhub.adapters.dynamodb.directory import delete_listed, put_listed
from orderhub.adapters.dynamodb.orders import DynamoOrders
from orderhub.domain.commands import Change
from orderhub.domain.errors import Busy, OutOfStock, ReferenceTaken
from orderhub.domain.stock import StockTaken
from orderhub.ports import Contention, IdTaken
from tests.support.orders import placed

NO, YES, CONFLICT = "ConditionalCheckFailed", "None", "TransactionConflict"
RED, BLUE = StockTaken("8802", "red", 1), StockTaken("8802", "blue", 1)


class Table:
    """A client whose transactions are cancelled, for these reasons in turn."""

    def __init__(self, *codes: str) -> None:
        self._codes = codes

    def transact_write_items(self, *, TransactItems: list[Any]) -> None:  # noqa: N803
        codes = [*self._codes, *[YES] * (len(TransactItems) - len(self._codes))]
        owner = {"order_id": {"N": "7"}}
        response: Any = {
            "Error": {"Code": "TransactionCanceledException", "Message": "cancelled"},
            "CancellationReasons": [{"Code": code, "Item": owner} for code in codes],
        }
        raise ClientError(response, "TransactWriteItems")


def came(*codes: str) -> Exception:
    """What comes of an order with one name that takes red and blue pots. ``codes`` are for its
    header, its name, the red ones, the blue ones and its event."""
    client: Any = Table(*codes)
    change: Change = placed(stock=(RED, BLUE))
    with pytest.raises(Exception) as raised:  # noqa: PT011
        DynamoOrders(client, "table", due_shards=1).commit(change)
    return raised.value


@pytest.mark.parametrize(
    ("codes", "short"),
    [
        ((YES, YES, NO, YES), (RED.item,)),
        ((YES, YES, NO, NO), (RED.item, BLUE.item)),
        # Others are just at the red ones; whatever comes of that, the blue ones are gone.
        ((YES, YES, CONFLICT, NO), (BLUE.item,)),
    ],
)
def test_what_is_short_is_named(codes: tuple[str, ...], short: tuple[Any, ...]) -> None:
    refusal = came(*codes)
    assert isinstance(refusal, OutOfStock)
    assert refusal.items == short


@pytest.mark.parametrize(
    "codes",
    [
        (YES, YES, CONFLICT, YES),
        (YES, CONFLICT, YES, YES),
        # Its twin may be writing the name, and have taken the last piece.
        (YES, CONFLICT, NO, YES),
        (CONFLICT, YES, NO, YES),
    ],
)
def test_who_came_at_the_same_time_tries_again(codes: tuple[str, ...]) -> None:
    assert type(came(*codes)) is Contention


def test_a_repeat_is_a_repeat_though_nothing_is_left() -> None:
    refusal = came(YES, NO, NO, NO)
    assert isinstance(refusal, ReferenceTaken)
    assert refusal.order_id == 7


def test_an_id_that_is_taken_is_drawn_again_whatever_is_left() -> None:
    assert isinstance(came(NO, YES, NO, YES), IdTaken)


def test_a_throttled_table_is_busy() -> None:
    assert isinstance(came(YES, YES, "ThrottlingError", YES), Busy)


@pytest.mark.parametrize("code", [CONFLICT, "ThrottlingError"])
def test_what_is_written_with_its_entry_in_a_list_may_go_well_later(code: str) -> None:
    client: Any = Table(YES, code)
    with pytest.raises(Busy):
        put_listed(client, "t", {}, {})
    with pytest.raises(Busy):
        delete_listed(client, "t", ("pk", "sk"), ("pk", "sk"))


def test_what_is_wrong_with_an_entry_in_a_list_stays_as_it_is() -> None:
    client: Any = Table(YES, "ValidationError")
    with pytest.raises(ClientError):
        put_listed(client, "t", {}, {})
