"""What is wrong with an index of order numbers is told in words."""

from dataclasses import replace
from typing import Any, Final

import pytest

from orderhub.domain.errors import Busy
from orderhub.ports import LateOrder, NumberManifest
from orderhub.services import index_numbers
from orderhub.services.check_numbers import wrong_with_numbers
from tests.support.fakes import NOON, FakeDesk
from tests.support.orders import placed

SHOP: Final = "demo"


class Indexed(FakeDesk):
    """A desk with eight orders, of which the index holds four and four."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        super().__init__()
        for name, size in {"SMALLEST": 4, "LARGEST": 4, "UNINDEXED": 0}.items():
            patch.setattr(index_numbers, name, size)
        changes = [placed(SHOP, tail=tail) for tail in range(9)]
        for change in changes:
            self.orders.commit(change)
        self.ids = [change.order.id for change in changes]
        self.clock.advance(3600)
        while index_numbers.index_numbers(self.desk, SHOP):
            pass
        self.first, self.second = self.numbers.manifest(SHOP).segments

    def wrong(self) -> str:
        return wrong_with_numbers(self.desk, SHOP, self.ids)

    def change(self, **fields: Any) -> None:
        read = self.numbers.manifest(SHOP)
        assert self.numbers.replace(SHOP, read, replace(read, **fields))


@pytest.fixture
def indexed(monkeypatch: pytest.MonkeyPatch) -> Indexed:
    return Indexed(monkeypatch)


def test_an_index_that_holds_every_order_once_is_right(indexed: Indexed) -> None:
    assert indexed.wrong() == ""
    indexed.numbers.note_late(SHOP, LateOrder(indexed.ids[8], "in the rest", NOON))
    assert indexed.wrong() == ""


def test_an_order_that_no_segment_holds_is_missing(indexed: Indexed) -> None:
    indexed.change(segments=(indexed.second,))
    assert indexed.wrong() == f"missing orders: 4, {indexed.ids[0]} first"


def test_an_order_that_is_held_and_noted_is_there_twice(indexed: Indexed) -> None:
    indexed.numbers.note_late(SHOP, LateOrder(indexed.ids[2], "R", NOON))
    assert indexed.wrong() == f"orders that are there twice: 1, {indexed.ids[2]} first"
    indexed.change(taken_up=(indexed.ids[2],))
    assert indexed.wrong() == ""


def test_an_order_that_is_held_and_was_never_made_is_told(indexed: Indexed) -> None:
    orders, postings = indexed.numbers.segments[SHOP, indexed.first.name]
    indexed.numbers.segments[SHOP, indexed.first.name] = (
        [(7, orders[0][1]), *orders[1:]],
        postings,
    )
    indexed.ids.remove(orders[0][0])
    assert indexed.wrong() == "order 7 is there and doesn't exist"


def test_a_segment_with_other_grams_than_its_orders_have_is_told(indexed: Indexed) -> None:
    orders, postings = indexed.numbers.segments[SHOP, indexed.first.name]
    indexed.numbers.segments[SHOP, indexed.first.name] = (orders, postings[1:])
    told = f"segment {indexed.first.name} has other grams than its orders' numbers"
    assert indexed.wrong() == told


def test_a_segment_without_its_pages_is_told(indexed: Indexed) -> None:
    indexed.numbers.remove(SHOP, indexed.first.name)
    assert indexed.wrong() == f"segment {indexed.first.name} has lost some of its pages"


def test_an_index_that_is_written_all_the_time_can_not_be_judged(
    indexed: Indexed, monkeypatch: pytest.MonkeyPatch
) -> None:
    indexed.numbers.remove(SHOP, indexed.first.name)
    read = indexed.numbers.manifest
    versions = iter(range(100))

    def always_another(shop_id: str) -> NumberManifest:
        return replace(read(shop_id), version=next(versions) // 2)

    monkeypatch.setattr(indexed.numbers, "manifest", always_another)
    with pytest.raises(Busy):
        indexed.wrong()
