"""What an order takes from the stock, and what goes back when nothing comes of it."""

from collections.abc import Sequence
from dataclasses import replace

import pytest

from orderhub.domain import commands
from orderhub.domain.errors import InvalidField, OutOfStock, Refused
from orderhub.domain.events import OrderCancelled, OrderExpired, OrderPlaced
from orderhub.domain.lines import MAX_QUANTITY
from orderhub.domain.shipment import ShippedLine
from orderhub.domain.stock import MAX_STOCK_ITEMS, StockTaken, summed, without
from tests.support.story import HOUR, Story, line

POTS = StockTaken("8802", "red", 3)
CUPS = StockTaken("8810", "white", 2)


def tea_set() -> Story:
    """Three pots and two cups, which it takes from the stock."""
    pots = replace(line("50.00", 3), product_id="8802", variant_id="red")
    cups = replace(line("5.00", 2), product_id="8810", variant_id="white")
    return Story(pots, cups, stock=(POTS, CUPS))


def returned(story: Story) -> Sequence[StockTaken]:
    """What the order's end gave back."""
    event = story.history[-1].event
    assert isinstance(event, OrderCancelled | OrderExpired)
    return event.stock_returned


def test_an_order_takes_from_the_stock_as_it_is_placed() -> None:
    story = tea_set()
    placed = story.history[0].event
    assert isinstance(placed, OrderPlaced)
    assert placed.stock == story.order.stock_taken == (POTS, CUPS)


def test_the_same_item_twice_is_taken_once_with_all_its_pieces() -> None:
    story = Story(stock=(POTS, CUPS, POTS))
    assert story.order.stock_taken == (StockTaken("8802", "red", 6), CUPS)


def test_an_order_takes_nothing_unless_told() -> None:
    assert Story().order.stock_taken == ()


@pytest.mark.parametrize(
    ("pieces", "reason"), [(0, "too_small"), (-1, "too_small"), (MAX_QUANTITY + 1, "out_of_range")]
)
def test_no_absurd_number_of_pieces_is_taken(pieces: int, reason: str) -> None:
    with pytest.raises(InvalidField) as refused:
        Story(stock=(StockTaken("8802", "red", pieces),))
    assert (refused.value.field, refused.value.reason) == ("stock", reason)


def test_an_order_takes_no_more_items_than_one_transaction_can_give_back() -> None:
    items = tuple(StockTaken("8802", str(number), 1) for number in range(MAX_STOCK_ITEMS))
    assert Story(stock=items).order.stock_taken == items
    with pytest.raises(Refused) as refused:
        Story(stock=(*items, CUPS))
    assert refused.value.reason == "too_many_lines"
    assert "90" in str(refused.value)


def test_a_cancelled_order_gives_everything_back() -> None:
    story = tea_set()
    story.do(commands.cancel)
    assert returned(story) == (POTS, CUPS)
    assert story.order.stock_taken == ()


def test_cancelling_again_gives_nothing_more_back() -> None:
    story = tea_set()
    story.do(commands.cancel)
    assert story.do(commands.cancel) == []


def test_an_expired_order_holds_its_stock_until_that_is_written_down() -> None:
    story = tea_set()
    story.wait(HOUR)
    assert story.seen.status == "expired"
    assert story.seen.stock_taken == (POTS, CUPS)
    story.do(commands.close_what_is_due)
    assert returned(story) == (POTS, CUPS)
    assert story.order.stock_taken == ()


def test_pieces_that_were_sent_do_not_go_back_to_the_shelf() -> None:
    story = tea_set()
    story.do(commands.ship, [ShippedLine(1, 2), ShippedLine(2, 2)])
    story.do(commands.take_back)
    story.do(commands.cancel)
    assert returned(story) == (StockTaken("8802", "red", 1),)
    assert story.order.stock_taken == (StockTaken("8802", "red", 2), CUPS)


def test_a_sold_order_keeps_what_it_took() -> None:
    story = tea_set()
    story.pay("160.00")
    story.do(commands.ship)
    story.do(commands.complete)
    assert story.order.stock_taken == (POTS, CUPS)


def test_a_refund_gives_no_pieces_back() -> None:
    story = tea_set()
    story.pay("160.00")
    story.give_back("160.00")
    assert story.order.stock_taken == (POTS, CUPS)
    story.do(commands.cancel)
    assert returned(story) == (POTS, CUPS)


def test_lines_that_come_later_take_nothing() -> None:
    story = tea_set()
    story.do(commands.add_lines, [replace(line("50.00", 3), product_id="8802", variant_id="red")])
    assert story.order.stock_taken == (POTS, CUPS)


def test_pieces_add_up_by_product_and_variant() -> None:
    other = StockTaken("8802", "blue", 1)
    assert summed([POTS, other, POTS]) == (StockTaken("8802", "red", 6), other)
    assert without([POTS, other], [StockTaken("8802", "red", 1), CUPS]) == (
        StockTaken("8802", "red", 2),
        other,
    )
    assert without([POTS], [POTS, POTS]) == ()


def test_what_is_short_is_named() -> None:
    error = OutOfStock((("8802", "red"), ("8810", "white")))
    assert error.items == (("8802", "red"), ("8810", "white"))
    assert str(error) == "not enough in stock: variant red of product 8802, white of product 8810"
    assert error.code == "out_of_stock"
