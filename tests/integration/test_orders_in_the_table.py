"""What the order repository promises, on every table at hand.

``tests/e2e/test_storage_on_the_local_cloud.py`` runs the same promises on the local cloud.
"""

import threading
import time
from collections import Counter
from functools import partial
from typing import Any, cast

import pytest
from botocore.exceptions import ClientError

from orderhub.bootstrap import Application
from orderhub.domain.errors import OutOfStock
from orderhub.domain.order import Order
from orderhub.services.desk import Desk
from tests.support.numbers import NumberIndexContract
from tests.support.storage import (
    RED,
    OrderRanksContract,
    OrderRepositoryContract,
    PlacingContract,
    StockContract,
    at_once,
    buys_a_red_pot,
    shop,
)

__all__ = ["shop"]


@pytest.fixture
def client(table: Any, application: Application) -> Any:
    return table


@pytest.fixture
def table_name(application: Application) -> str:
    return application.settings.table_name


class TestOnMoto(OrderRepositoryContract):
    pass


class TestRanksOnMoto(OrderRanksContract):
    pass


class TestNumbersOnMoto(NumberIndexContract):
    pass


class TestPlacingOnMoto(PlacingContract):
    pass


class InTurn:
    """A client whose calls take turns, since moto does not do several at once well.

    With ``conflicts``, transactions take ``seconds``, and one that comes for an item while another
    has it is turned away, as by DynamoDB.
    """

    def __init__(self, client: Any, *, conflicts: bool = False, seconds: float = 0.01) -> None:
        self._client = client
        self._turn = threading.Lock()
        self._conflicts = conflicts
        self._seconds = seconds
        self._taken: set[tuple[str, str]] = set()
        self.conflicts = 0

    def __getattr__(self, name: str) -> Any:
        call = getattr(self._client, name)

        def in_turn(**request: Any) -> Any:
            with self._turn:
                return call(**request)

        return in_turn

    def transact_write_items(self, **request: Any) -> Any:
        touched = [_key(write) for write in request["TransactItems"]]
        if self._conflicts:
            with self._turn:
                reasons = [
                    {"Code": "TransactionConflict" if key in self._taken else "None"}
                    for key in touched
                ]
                if any(reason["Code"] != "None" for reason in reasons):
                    self.conflicts += 1
                    raise _cancelled(reasons)
                self._taken.update(touched)
            time.sleep(self._seconds)
        try:
            with self._turn:
                return self._client.transact_write_items(**request)
        finally:
            self._taken.difference_update(touched)


def _key(write: dict[str, Any]) -> tuple[str, str]:
    [asked] = write.values()
    key = asked.get("Key") or asked["Item"]
    return key["pk"]["S"], key["sk"]["S"]


def _cancelled(reasons: list[dict[str, str]]) -> ClientError:
    response: Any = {
        "Error": {"Code": "TransactionCanceledException", "Message": "conflict"},
        "CancellationReasons": reasons,
    }
    return ClientError(response, "TransactWriteItems")


class TestStockOnMoto(StockContract):
    @pytest.fixture
    def client(self, table: Any, application: Application) -> Any:
        return InTurn(table)

    @pytest.fixture
    def table_name(self, application: Application) -> str:
        return application.settings.table_name

    @pytest.fixture
    def desk(self, client: Any, application: Application) -> Desk:
        return Application(application.settings, client=client).desk

    @pytest.mark.parametrize(("buyers", "pieces"), [(40, 8), (25, 25)])
    def test_nobody_is_turned_away_because_others_want_the_same(
        self, table: Any, application: Application, shop: str, buyers: int, pieces: int
    ) -> None:
        """All at once, on a table that lets one of them at the stock at a time."""
        client = InTurn(table, conflicts=True)
        desk = Application(application.settings, client=cast("Any", client)).desk
        desk.catalog.set_stock(shop, *RED, pieces)
        outcomes = at_once([partial(buys_a_red_pot, desk, shop) for _ in range(buyers)])
        assert Counter(map(type, outcomes)) == Counter({Order: pieces, OutOfStock: buyers - pieces})
        assert desk.catalog.stock(shop, [RED]) == {RED: 0}
        assert client.conflicts
