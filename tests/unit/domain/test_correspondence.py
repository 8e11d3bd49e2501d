"""What buyer and seller write, what the seller notes down, and corrected parcels."""

from datetime import UTC, datetime, timedelta, timezone
from typing import Any, Final

import pytest

from orderhub.domain import commands
from orderhub.domain.commands import Change
from orderhub.domain.correspondence import (
    LONGEST_BODY,
    LONGEST_REMARKS,
    MAX_MESSAGES,
    MOST_MESSAGE_BYTES,
    Party,
    Rating,
)
from orderhub.domain.shipment import ShipmentState, ShippedLine
from tests.support.fakes import NOON
from tests.support.story import DAY, HOUR, Story

LETTER: Final[dict[str, Any]] = {
    "subject": "Shipping",
    "body": "By Friday?",
    "sender": "kim",
    "recipient": "brickshop",
}


def shipped(**parcel: Any) -> Story:
    story = Story()
    story.pay("100.00")
    story.do(commands.ship, carrier="SF", tracking_number="SF1", **parcel)
    return story


def test_filing_is_undone_and_done_again_but_not_said_twice() -> None:
    story = Story()
    steps = [(False, []), (True, ["order.filed"]), (True, []), (False, ["order.filed"])]
    for is_filed, recorded in steps:
        assert story.do(commands.file, is_filed) == recorded
        assert story.order.is_filed is is_filed


def test_remarks_are_written_over_and_removed() -> None:
    story = Story()
    story.do(commands.remark, " add a sticker\r\nand a card ")
    assert story.order.remarks == "add a sticker\nand a card"
    assert story.do(commands.remark, "") == ["order.remarked"]
    assert story.order.remarks == ""
    assert story.do(commands.remark, "  ") == []
    assert story.refusal(commands.remark, "x" * (LONGEST_REMARKS + 1)) == "remarks too_long"
    assert story.refusal(commands.remark, "\x1b[2J") == "remarks invalid"


# -- messages --------------------------------------------------------------------------------------


def test_a_message_is_kept_as_it_was_sent_and_the_same_again_is_another() -> None:
    story = Story()
    evening = datetime(2026, 11, 20, 21, 0, tzinfo=timezone(timedelta(hours=9)))
    story.do(commands.add_message, **LETTER, sent_at=evening)
    story.do(commands.add_message, **LETTER)
    first, second = story.order.messages
    assert (first.subject, first.body) == ("Shipping", "By Friday?")
    assert (first.sender, first.recipient) == ("kim", "brickshop")
    assert first.sent_at == datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
    assert second.sent_at == story.now


@pytest.mark.parametrize(
    ("wrong", "refusal"),
    [
        ({"body": " \n"}, "body blank"),
        ({"body": "x" * (LONGEST_BODY + 1)}, "body too_long"),
        ({"subject": "x" * 201}, "subject too_long"),
        ({"subject": "two\nlines"}, "subject invalid"),
        ({"sender": ""}, "sender blank"),
        ({"recipient": "x" * 101}, "recipient too_long"),
        ({"sent_at": NOON + timedelta(days=2)}, "sent_at out_of_range"),
        ({"sent_at": NOON - timedelta(days=40 * 365)}, "sent_at out_of_range"),
    ],
)
def test_a_message_that_can_not_be_kept_is_refused_by_its_part(
    wrong: dict[str, Any], refusal: str
) -> None:
    assert Story().refusal(commands.add_message, **{**LETTER, **wrong}) == refusal


def test_an_order_has_room_for_a_hundred_messages() -> None:
    story = Story()
    change = Change(story.order, story.now, story.history[0].actor)
    for _ in range(MAX_MESSAGES):
        commands.add_message(change, **LETTER)
    story.order = change.order
    assert story.refusal(commands.add_message, **LETTER) == "too_many_messages"


def test_messages_together_leave_room_for_money() -> None:
    story = Story()
    long_letter = {**LETTER, "subject": "", "body": "一" * LONGEST_BODY}
    fit = MOST_MESSAGE_BYTES // (3 * LONGEST_BODY)
    for _ in range(fit):
        story.do(commands.add_message, **long_letter)
    assert story.refusal(commands.add_message, **long_letter) == "too_many_messages"
    story.do(commands.add_message, **LETTER)


# -- feedback --------------------------------------------------------------------------------------


def test_each_party_is_rated_once_and_may_answer_once() -> None:
    story = Story()
    names = {"sender": "kim", "recipient": "brickshop"}
    story.do(commands.give_feedback, Party.SELLER, Rating.PRAISE, **names, comment="Fast")
    story.wait(HOUR)
    assert story.do(commands.reply_to_feedback, Party.SELLER, "Thanks") == ["feedback.replied"]
    back = {"sender": "brickshop", "recipient": "kim"}
    story.do(commands.give_feedback, Party.BUYER, Rating.COMPLAINT, **back)
    seller, buyer = story.order.feedback
    assert (seller.side, seller.rating, seller.comment, seller.reply) == (
        "seller",
        0,
        "Fast",
        "Thanks",
    )
    assert (seller.rated_at, buyer.rated_at) == (NOON, NOON + timedelta(hours=1))
    assert (buyer.rating, buyer.comment, buyer.reply) == (2, "", "")
    assert seller.id < buyer.id


def test_the_same_feedback_again_is_a_repeat_and_another_is_refused() -> None:
    story = Story()
    rate = commands.give_feedback
    names = {"sender": "kim", "recipient": "brickshop"}
    story.do(rate, Party.SELLER, Rating.PRAISE, **names, comment="Fast")
    story.do(commands.reply_to_feedback, Party.SELLER, "Thanks")
    story.wait(HOUR)
    assert story.do(rate, Party.SELLER, Rating.PRAISE, **names, comment="Fast ") == []
    assert story.do(commands.reply_to_feedback, Party.SELLER, " Thanks") == []
    refused = story.refusal(rate, Party.SELLER, Rating.NEUTRAL, **names, comment="Fast")
    assert refused == "feedback_given"
    assert story.refusal(commands.reply_to_feedback, Party.SELLER, "Bah") == "feedback_replied"


def test_there_is_no_answer_to_what_nobody_said() -> None:
    story = Story()
    assert story.refusal(commands.reply_to_feedback, Party.BUYER, "Thanks") == "no_feedback"
    assert story.refusal(commands.reply_to_feedback, Party.BUYER, " ") == "reply blank"


def test_feedback_of_one_moment_has_ids_of_its_own() -> None:
    story = Story()
    for side in Party:
        story.do(commands.give_feedback, side, Rating.PRAISE, sender="a", recipient="b")
    ids = {each.id for each in story.order.feedback}
    assert len(ids) == 2
    assert all(0 < each <= 2**53 - 1 for each in ids)


def test_each_mail_of_thanks_is_noted() -> None:
    story = Story()
    story.do(commands.thank)
    assert story.order.thanked_at == NOON
    story.wait(HOUR)
    story.do(commands.thank)
    assert story.order.thanked_at == NOON + timedelta(hours=1)


# -- corrected parcels -----------------------------------------------------------------------------


def test_a_parcels_facts_are_corrected_one_by_one() -> None:
    story = shipped()
    due = story.order.shipments[0].auto_receive_at
    story.wait(HOUR)
    correct = commands.correct_shipment
    assert story.do(correct, 1, carrier="EMS") == ["shipment.corrected"]
    story.do(correct, 1, tracking_url="https://ems.example/1")
    story.do(correct, 1, sent_at=NOON - timedelta(days=1), tracking_number="E1")
    parcel = story.order.shipments[0]
    assert (parcel.carrier, parcel.tracking_number) == ("EMS", "E1")
    assert parcel.tracking_url == "https://ems.example/1"
    assert parcel.sent_at == NOON - timedelta(days=1)
    assert parcel.auto_receive_at == due, "nobody was told of another deadline"
    assert story.do(correct, 1, carrier="EMS", tracking_number="E1") == []
    assert story.do(correct, 1, tracking_number="") == ["shipment.corrected"]
    assert story.order.shipments[0].tracking_number == ""


def test_a_correction_does_not_touch_when_the_goods_arrived() -> None:
    story = shipped()
    story.wait(HOUR)
    story.do(commands.receive)
    story.do(commands.complete)
    story.wait(DAY)
    story.do(commands.correct_shipment, 1, carrier="EMS")
    parcel = story.order.shipments[0]
    assert (parcel.state, parcel.updated_at) == (
        ShipmentState.RECEIVED,
        NOON + timedelta(hours=1),
    )


def test_a_correction_of_what_received_itself_leaves_that_moment() -> None:
    story = shipped()
    due = story.order.shipments[0].auto_receive_at
    story.wait_until(due, less=-HOUR)
    story.do(commands.correct_shipment, 1, carrier="EMS")
    story.do(commands.close_what_is_due)
    parcel = story.order.shipments[0]
    assert (parcel.state, parcel.updated_at) == (ShipmentState.RECEIVED, due)


def test_two_parcels_can_not_be_corrected_into_one() -> None:
    story = Story()
    story.pay("100.00")
    story.do(commands.ship, [ShippedLine(1, 1)], carrier="SF", tracking_number="SF1")
    story.do(commands.ship, carrier="SF", tracking_number="SF2")
    refused = story.refusal(commands.correct_shipment, 2, tracking_number="SF1")
    assert refused == "tracking_number taken"
    assert story.do(commands.correct_shipment, 2, tracking_number="SF1", carrier="EMS")


@pytest.mark.parametrize(
    ("wrong", "refusal"),
    [
        ({"carrier": "x" * 101}, "carrier too_long"),
        ({"tracking_number": "x" * 101}, "tracking_number too_long"),
        ({"tracking_url": "javascript:alert(1)"}, "tracking_url invalid"),
        ({"sent_at": NOON + timedelta(days=2)}, "sent_at out_of_range"),
        ({"sent_at": datetime(1999, 1, 1, tzinfo=UTC)}, "sent_at out_of_range"),
    ],
)
def test_a_correction_that_can_not_be_is_refused(wrong: dict[str, Any], refusal: str) -> None:
    assert shipped().refusal(commands.correct_shipment, 1, **wrong) == refusal


def test_a_parcel_that_is_not_there_can_not_be_corrected() -> None:
    assert shipped().refusal(commands.correct_shipment, 2, carrier="EMS") == "shipment_unknown"
