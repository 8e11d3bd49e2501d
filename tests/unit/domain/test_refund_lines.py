"""What a refund is for."""

import pytest

from orderhub.domain import commands
from orderhub.domain.commands import Change
from orderhub.domain.refund import Refund, RefundedLine
from tests.support.story import Story, line, money


def request(change: Change, *lines: RefundedLine, amount: str = "1.00") -> Refund:
    return commands.request_refund(change, money(amount), lines=lines)


def sold() -> Story:
    """Two pieces of line 1 and three of line 2, paid."""
    story = Story(line("50.00", 2), line("5.00", 3))
    story.pay("115.00")
    return story


def test_a_refund_says_which_pieces_it_is_for() -> None:
    story = sold()
    story.do(request, RefundedLine(1, 1), RefundedLine(2, 3), amount="65.00")
    [refund] = story.order.refunds
    assert refund.lines == (RefundedLine(1, 1), RefundedLine(2, 3))


def test_its_amount_is_what_was_agreed_whatever_the_pieces_cost() -> None:
    story = sold()
    story.do(request, RefundedLine(1, 2), amount="7.00")
    assert story.order.refunds[0].amount == money("7.00")


@pytest.mark.parametrize(
    ("lines", "refusal"),
    [
        ([RefundedLine(3, 1)], "refund_lines unknown"),
        ([RefundedLine(1, 0)], "refund_lines too_small"),
        ([RefundedLine(1, 3)], "refund_lines out_of_range"),
        ([RefundedLine(1, 2), RefundedLine(1, 1)], "refund_lines out_of_range"),
    ],
)
def test_no_more_pieces_are_refunded_than_were_ordered(
    lines: list[RefundedLine], refusal: str
) -> None:
    assert sold().refusal(request, *lines) == refusal


def test_pieces_are_refunded_once_unless_that_failed() -> None:
    story = sold()
    story.do(request, RefundedLine(1, 2))
    assert story.refusal(request, RefundedLine(1, 1)) == "refund_lines out_of_range"
    story.do(commands.settle_refund, 1, failure="account closed")
    story.do(request, RefundedLine(1, 2))
    assert len(story.order.refunds) == 2
