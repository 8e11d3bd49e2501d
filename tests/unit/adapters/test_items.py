"""How orders and their events are spelled in the table."""

import hashlib
import secrets
import zlib
from dataclasses import replace
from datetime import timedelta

import pytest

from benchmarks.units import item_size
from orderhub.adapters.dynamodb import items, keys
from orderhub.adapters.dynamodb.codec import encode
from orderhub.adapters.dynamodb.vocabulary import VOCABULARY
from orderhub.domain import commands
from orderhub.domain.commands import Change
from orderhub.domain.details import Actor
from orderhub.domain.errors import Reason, Refused
from orderhub.domain.events import NoteAdded, Recorded
from tests.support.fakes import NOON
from tests.support.orders import TESTER, payment, placed


def paid_change(lines: int = 2) -> Change:
    first = placed(tail=1, lines=lines, name="TB-1")
    change = Change(first.order, NOON + timedelta(minutes=5), TESTER)
    commands.capture_payment(change, payment(f"{1.5 * lines:.2f}", "ALI-1"))
    return change


def note(sequence: int, text: str) -> Recorded:
    return Recorded(
        sequence=sequence,
        at=NOON + timedelta(minutes=5),
        actor=TESTER,
        event=NoteAdded(text=text),
        continues=sequence > 1,
    )


def test_the_vocabulary_that_stored_orders_are_read_with_never_changes() -> None:
    assert (len(VOCABULARY), hashlib.sha256(VOCABULARY).hexdigest()) == (
        4626,
        "9ad2f4ea12d07eb468cb771e63d5c41b2d7eca274014a751b4230904bbd638ef",
    )


def test_the_events_of_one_change_stand_in_one_item() -> None:
    change = paid_change()
    (item,) = items.events(change.order, change.recorded)
    assert item["sk"]["S"] == keys.event(2)
    assert item["types"]["S"] == " ".join(entry.event.TYPE for entry in change.recorded)
    assert items.recorded(item) == list(change.recorded)
    assert [entry.continues for entry in items.recorded(item)] == [False, True]


def test_events_of_one_change_may_have_other_actors_and_times() -> None:
    change = paid_change()
    first, second = change.recorded
    later = second.at + timedelta(seconds=1)
    told = [
        first,
        replace(second, actor=Actor("system", "clock"), at=later),
        replace(second, sequence=4, actor=Actor("system", "clock"), at=later),
    ]
    (item,) = items.events(change.order, told)
    assert items.recorded(item) == told
    assert item["change_sk"]["S"] == keys.timestamp(told[-1].at)


def test_events_too_large_for_one_item_have_one_each() -> None:
    order = placed(tail=1).order
    told = [note(1, secrets.token_hex(300_000)), note(2, secrets.token_hex(300_000))]
    first, second = items.events(order, told)
    assert [*items.recorded(first), *items.recorded(second)] == told
    assert ("change_pk" in first, "change_pk" in second) == (False, True)


def test_the_making_of_an_order_is_found_by_its_id_and_by_no_index_of_changes() -> None:
    made = placed(tail=1)
    (item,) = items.events(made.order, made.recorded)
    assert "change_pk" not in item
    changed = paid_change()
    (item,) = items.events(changed.order, changed.recorded)
    assert item["change_sk"]["S"] == keys.timestamp(changed.recorded[-1].at)


def test_an_event_too_large_for_any_item_is_refused() -> None:
    with pytest.raises(Refused) as refused:
        items.events(placed(tail=1).order, [note(1, secrets.token_hex(800_000))])
    assert refused.value.reason is Reason.ORDER_TOO_LARGE


def test_an_event_written_alone_as_once_is_still_read() -> None:
    change = paid_change()
    entry = change.recorded[1]
    item = {
        "pk": {"S": keys.order("demo", change.order.id)},
        "sk": {"S": keys.event(entry.sequence)},
        "type": {"S": entry.event.TYPE},
        "at": {"S": keys.timestamp(entry.at)},
        "continues": {"BOOL": True},
        "body": {"S": encode({"actor": entry.actor, "data": entry.event}).decode()},
    }
    assert items.recorded(item) == [entry]


def test_an_order_written_in_plain_or_packed_without_the_vocabulary_is_still_read() -> None:
    order = paid_change(lines=3).order
    head = items.header(order, 4)
    text = items.body_of(head)
    assert isinstance(text, bytes)
    plain = {name: value for name, value in head.items() if name != "packed"}
    assert items.order([{**plain, "body": {"S": text.decode()}}]) == order
    assert items.order([{**plain, "packed": {"B": zlib.compress(text)}}]) == order


def test_a_packed_text_that_was_cut_off_is_not_taken_for_whole() -> None:
    head = items.header(placed(tail=1).order, 4)
    with pytest.raises(zlib.error):
        items.body_of({**head, "packed": {"B": head["packed"]["B"][:-6]}})


@pytest.mark.parametrize("lines", [1, 5])
def test_an_order_of_few_lines_and_its_payment_fit_a_kilobyte_each(lines: int) -> None:
    """What DynamoDB bills at least."""
    change = paid_change(lines=lines)
    (event,) = items.events(change.order, change.recorded)
    assert item_size(items.header(change.order, 4)) <= 1024
    assert item_size(event) <= 1024
