"""Every status word of every wire, both ways: proofs over all states, not samples."""

import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from enum import StrEnum
from itertools import combinations, product
from typing import Any

import pytest

from orderhub.domain.payment import PaymentState
from orderhub.domain.refund import RefundState
from orderhub.domain.shipment import ShipmentState
from orderhub.domain.status import FulfilmentStatus, OrderStatus, PaymentStatus, SellerMark
from orderhub.services.payment_link import Outcome
from orderhub.wire import statuses
from orderhub.wire.brandcloud import status as brandcloud
from orderhub.wire.bricklink import status as bricklink
from orderhub.wire.marketplace import status as marketplace
from orderhub.wire.shoplazza import status as shoplazza
from orderhub.wire.statuses import (
    NOTHING,
    Do,
    InboundTable,
    Intent,
    PartTable,
    Refuse,
    Row,
    State,
    StatusTable,
    When,
    WireStatuses,
    all_states,
    when,
)
from orderhub.wire.youhaosuda import status as youhaosuda

WIRES: tuple[WireStatuses, ...] = (
    marketplace.STATUSES,
    brandcloud.STATUSES,
    shoplazza.STATUSES,
    youhaosuda.STATUSES,
    bricklink.STATUSES,
)
STATES = tuple(all_states())
FRESH = State(OrderStatus.OPEN, PaymentStatus.UNPAID, FulfilmentStatus.UNFULFILLED)


def words(table: StatusTable[Any] | PartTable[Any] | InboundTable[Any]) -> tuple[StrEnum, ...]:
    vocabulary: type[StrEnum] = table.vocabulary
    return tuple(vocabulary)


def _named(kind: str) -> list[Any]:
    return [
        pytest.param(table, id=f"{wire.name}: {table.name}")
        for wire in WIRES
        for table in getattr(wire, kind)
    ]


each_outbound = pytest.mark.parametrize("table", _named("outbound"))
each_inbound = pytest.mark.parametrize("table", _named("inbound"))
# Notifications are redelivered long after; the core tells a repeat from news, not the table.
each_inbound_by_state = pytest.mark.parametrize(
    "table", [p for p in _named("inbound") if marketplace.NOTIFICATIONS not in p.values]
)
each_status_request = pytest.mark.parametrize(
    "table",
    [
        shoplazza.FINANCIAL_STATUS_REQUEST,
        shoplazza.ORDER_STATUS_REQUEST,
        bricklink.STATUS_REQUEST,
        bricklink.PAYMENT_STATUS_REQUEST,
    ],
    ids=lambda table: str(table.name),
)
each_part = pytest.mark.parametrize("table", _named("parts"))


# -- a tiny core -----------------------------------------------------------------------------------

OPEN = OrderStatus.OPEN
DEAD = (OrderStatus.CANCELLED, OrderStatus.EXPIRED)
ALIVE = (OrderStatus.OPEN, OrderStatus.COMPLETED)
NOT_PAID_YET = (PaymentStatus.UNPAID, PaymentStatus.CONFIRMING, PaymentStatus.PARTIALLY_PAID)
HOLDS_MONEY = (PaymentStatus.PARTIALLY_PAID, PaymentStatus.PAID, PaymentStatus.PARTIALLY_REFUNDED)
PAID_ONCE = (
    PaymentStatus.PAID,
    PaymentStatus.REFUNDING,
    PaymentStatus.PARTIALLY_REFUNDED,
    PaymentStatus.REFUNDED,
)
NOT_ALL_SENT = (FulfilmentStatus.UNFULFILLED, FulfilmentStatus.PARTIALLY_SHIPPED)
NEVER_PAID = (PaymentStatus.UNPAID, PaymentStatus.VOIDED)

# What each command does, as ``domain/commands.py`` has it: the first case that matches. In a state
# without a case the core refuses.
Case = tuple[When, dict[str, StrEnum | None]]
CASES: dict[Intent, tuple[Case, ...]] = {
    Intent.NOTHING: ((when(), {}),),
    Intent.PLACE: ((when(), {}),),
    Intent.EXPECT_PAYMENT: (
        (when(OPEN, PaymentStatus.UNPAID), {"payment": PaymentStatus.CONFIRMING}),
    ),
    Intent.RECORD_PAYMENT: (
        (when(ALIVE, NOT_PAID_YET), {"payment": PaymentStatus.PAID}),
        (when(ALIVE), {}),
    ),
    Intent.FAIL_PAYMENT: (
        (when(payment=PaymentStatus.CONFIRMING), {"payment": PaymentStatus.UNPAID}),
    ),
    Intent.REQUEST_REFUND: ((when(payment=HOLDS_MONEY), {"payment": PaymentStatus.REFUNDING}),),
    Intent.RECORD_REFUND: ((when(payment=HOLDS_MONEY), {"payment": PaymentStatus.REFUNDED}),),
    Intent.RECORD_PARTIAL_REFUND: (
        (when(payment=HOLDS_MONEY), {"payment": PaymentStatus.PARTIALLY_REFUNDED}),
    ),
    Intent.SHIP: ((when(OPEN, fulfilment=NOT_ALL_SENT), {"fulfilment": FulfilmentStatus.SHIPPED}),),
    Intent.RECEIVE: (
        (when(fulfilment=FulfilmentStatus.SHIPPED), {"fulfilment": FulfilmentStatus.RECEIVED}),
    ),
    Intent.COMPLETE: (
        (
            when(OPEN, PAID_ONCE, FulfilmentStatus.SHIPPED),
            {"order": OrderStatus.COMPLETED, "fulfilment": FulfilmentStatus.RECEIVED},
        ),
        (when(OPEN, PAID_ONCE), {"order": OrderStatus.COMPLETED}),
    ),
    Intent.CANCEL: (
        (when(OPEN, PaymentStatus.REFUNDED), {"order": OrderStatus.CANCELLED}),
        (
            when(OPEN, NEVER_PAID),
            {"order": OrderStatus.CANCELLED, "payment": PaymentStatus.VOIDED},
        ),
    ),
    Intent.UNMARK: ((when(), {"mark": None}),),
}


def after(state: State, meaning: Do) -> State:
    """What an order in ``state`` becomes. Fails when the core would refuse."""
    for intent in meaning.intents:
        if intent is Intent.MARK:
            state = state._replace(mark=meaning.mark)
            continue
        changes = next((then for case, then in CASES[intent] if case.matches(state)), None)
        if changes is None:
            pytest.fail(f"the core can't {intent} in {state}")
        state = State(**{**state._asdict(), **changes})
    return state


def accepted(table: InboundTable[Any]) -> Iterator[tuple[StrEnum, State, Do]]:
    for word, state in product(words(table), STATES):
        meaning = table.meaning(word, state)
        if isinstance(meaning, Do):
            yield word, state, meaning


# -- the mechanism ---------------------------------------------------------------------------------


def test_all_states_are_all_combinations_with_and_without_each_mark() -> None:
    assert len(STATES) == len(set(STATES)) == 4 * 8 * 5 * (len(SellerMark) + 1)


def test_a_pattern_matches_one_value_several_or_anything() -> None:
    paid = FRESH._replace(payment=PaymentStatus.PAID)
    assert when().matches(FRESH)
    assert when(payment=PaymentStatus.PAID).matches(paid)
    assert not when(payment=PaymentStatus.PAID).matches(FRESH)
    assert when(payment=(PaymentStatus.PAID, PaymentStatus.UNPAID)).matches(FRESH)
    assert when(mark=None).matches(FRESH)
    assert not when(mark=None).matches(FRESH._replace(mark=SellerMark.READY))


def test_the_first_row_that_matches_wins() -> None:
    word = marketplace.OrderState
    table = StatusTable("x", word, (Row(word.EXPIRED, when(mark=None)), Row(word.OPEN)))
    assert table.word(FRESH) is word.EXPIRED
    assert table.word(FRESH._replace(mark=SellerMark.READY)) is word.OPEN


def test_a_state_without_a_row_raises_rather_than_reading_as_something() -> None:
    word = marketplace.OrderState
    table = StatusTable("x", word, (Row(word.OPEN, when(mark=SellerMark.READY)),))
    with pytest.raises(LookupError, match="x has no word"):
        table.word(FRESH)


def test_a_word_without_a_meaning_raises_rather_than_doing_nothing() -> None:
    table = replace(marketplace.NOTIFICATIONS, rows=())
    with pytest.raises(LookupError, match="means nothing"):
        table.meaning(marketplace.Notification.PAID, FRESH)


def test_reading_a_status_again_costs_microseconds() -> None:
    for state in STATES:
        bricklink.STATUS.word(state)
    started = time.perf_counter()
    for state in STATES:
        bricklink.STATUS.word(state)
    assert (time.perf_counter() - started) / len(STATES) < 50e-6


# -- outbound --------------------------------------------------------------------------------------


@each_outbound
def test_every_state_reads_as_a_word_of_the_vocabulary(table: StatusTable[Any]) -> None:
    for state in STATES:
        assert isinstance(table.word(state), table.vocabulary)


@each_outbound
def test_every_word_is_produced_or_has_a_reason_why_not(table: StatusTable[Any]) -> None:
    produced = {table.word(state) for state in STATES}
    assert produced | set(table.never) == set(words(table))
    assert not produced & set(table.never)
    assert all(len(reason) > 20 for reason in table.never.values())


@each_outbound
def test_every_row_decides_some_state(table: StatusTable[Any]) -> None:
    for index, row in enumerate(table.rows):
        earlier = table.rows[:index]
        assert any(
            row.when.matches(state) and not any(before.when.matches(state) for before in earlier)
            for state in STATES
        ), f"{row} never decides"


@each_outbound
def test_the_states_of_all_words_partition_all_states(table: StatusTable[Any]) -> None:
    found = [(word, table.states(word)) for word in words(table)]
    assert sum(len(states) for _, states in found) == len(STATES)
    for (_, some), (_, others) in combinations(found, 2):
        assert not some & others
    for word, states in found:
        assert all(table.word(state) is word for state in states)


@each_outbound
def test_a_kept_word_is_read_back_exactly_while_what_it_stands_for_is_true(
    table: StatusTable[Any],
) -> None:
    for kept, stands_for in table.kept.items():
        assert kept in table.never
        assert stands_for not in table.kept
        for state in STATES:
            expected = kept if table.word(state) is stands_for else table.word(state)
            assert table.word(state, said=kept.value) is expected


def test_an_unknown_or_unkept_word_that_was_said_changes_nothing() -> None:
    paid = FRESH._replace(payment=PaymentStatus.PAID)
    for said in ("Nonsense", "None", ""):
        assert bricklink.PAYMENT_STATUS.word(paid, said) is bricklink.PaymentWord.COMPLETED


@each_part
def test_every_state_of_a_part_has_a_word_and_every_word_a_state(table: PartTable[Any]) -> None:
    kinds = {type(state) for state in table.words if state is not None}
    assert len(kinds) == 1
    assert set(table.words) - {None} == set(kinds.pop())
    assert set(table.words.values()) == set(words(table))


def test_youhaosuda_has_a_table_for_each_kind_of_part() -> None:
    kinds = {type(next(s for s in t.words if s)) for t in youhaosuda.STATUSES.parts}
    assert kinds == {PaymentState, ShipmentState, RefundState}


@pytest.mark.parametrize(
    "table",
    [p for wire in WIRES if wire.name != "bricklink" for p in wire.outbound],
    ids=lambda table: str(table.name),
)
def test_no_mark_changes_a_word_outside_bricklink(table: StatusTable[Any]) -> None:
    for state in STATES:
        assert table.word(state) is table.word(state._replace(mark=None))


# -- what the documents and DESIGN say, word for word ----------------------------------------------


def _words(wire: WireStatuses, state: State) -> list[str]:
    return [table.word(state).value for table in wire.outbound]


def test_vocabularies_are_spelled_as_the_documents_spell_them() -> None:
    def spelled(words: type[StrEnum]) -> str:
        return " ".join(words)

    assert spelled(youhaosuda.OrderWord) == "processing achieved cancel expired refunding refunded"
    assert spelled(youhaosuda.PaymentWord) == "pending paid expired"
    assert spelled(youhaosuda.ShipmentStatusWord) == "pending partial sending recieved"
    assert spelled(youhaosuda.ShipmentWord) == "pending sending recieve"
    assert spelled(bricklink.StatusWord) == (
        "PENDING UPDATED PROCESSING READY PAID PACKED SHIPPED RECEIVED COMPLETED "
        "OCR NPB NPX NRS NSS CANCELLED PURGED"
    )
    assert spelled(bricklink.PaymentWord) == (
        "None Sent Received Clearing Returned Bounced Completed"
    )
    assert spelled(shoplazza.StatusWord) == "opened placed finished cancelled"
    assert spelled(shoplazza.FinancialWord) == (
        "waiting paying paid cancelled failed refunding refund_failed refunded partially_refunded"
    )
    assert spelled(shoplazza.FulfillmentWord) == (
        "initialled waiting partially_shipped shipped partially_finished finished cancelled "
        "returning returned"
    )
    assert spelled(brandcloud.StateError) == "open confirming paid closed refunded"
    assert spelled(brandcloud.OrderIs) == "order_is_finished order_is_aborted order_is_timeout"


# Written by hand, so that no table proves itself. The core's words, which are marketplace's too,
# then brandcloud's (without transaction and product), shoplazza's, youhaosuda's and bricklink's.
READS = """
open      unpaid             unfulfilled       | Open Open            | opened waiting initialled                 | processing pending pending  | PENDING None
open      confirming         unfulfilled       | Open Confirming      | opened paying initialled                  | processing pending pending  | PENDING Clearing
open      partially_paid     unfulfilled       | Open Confirming      | opened paying initialled                  | processing pending pending  | PENDING Clearing
open      paid               unfulfilled       | Finished Paid        | placed paid waiting                       | processing paid pending     | PAID Completed
open      paid               partially_shipped | Finished Paid        | placed paid partially_shipped             | processing paid partial     | PACKED Completed
open      paid               shipped           | Finished Paid        | placed paid shipped                       | processing paid sending     | SHIPPED Completed
open      unpaid             shipped           | Open Open            | placed waiting shipped                    | processing pending sending  | SHIPPED None
open      paid               received          | Finished Paid        | placed paid finished                      | processing paid recieved    | RECEIVED Completed
open      paid               returned          | Finished Paid        | placed paid returned                      | processing paid recieved    | RECEIVED Completed
completed paid               received          | Finished Paid        | finished paid finished                    | achieved paid recieved      | COMPLETED Completed
completed paid               unfulfilled       | Finished Paid        | finished paid finished                    | achieved paid recieved      | COMPLETED Completed
completed partially_refunded received          | Finished Paid        | finished partially_refunded finished      | achieved paid recieved      | COMPLETED Completed
completed refunded           returned          | Finished Refunded    | finished refunded returned                | refunded paid recieved      | COMPLETED Returned
open      refunding          unfulfilled       | Finished Confirming  | placed refunding waiting                  | refunding paid pending      | PAID Completed
open      partially_refunded unfulfilled       | Finished Paid        | placed partially_refunded waiting         | processing paid pending     | PAID Completed
open      refunded           unfulfilled       | Finished Refunded    | placed refunded cancelled                 | refunded paid pending       | PENDING Returned
open      refunded           returned          | Finished Refunded    | finished refunded returned                | refunded paid recieved      | RECEIVED Returned
cancelled voided             unfulfilled       | Cancelled Closed     | cancelled cancelled cancelled             | cancel expired pending      | CANCELLED None
cancelled refunded           unfulfilled       | Cancelled Refunded   | cancelled refunded cancelled              | refunded paid pending       | CANCELLED Returned
cancelled voided             shipped           | Cancelled Closed     | cancelled cancelled shipped               | cancel expired sending      | CANCELLED None
expired   voided             unfulfilled       | Error Closed         | cancelled cancelled cancelled             | expired expired pending     | CANCELLED None
expired   partially_paid     unfulfilled       | Error Closed         | cancelled cancelled cancelled             | expired expired pending     | CANCELLED Clearing
expired   refunding          unfulfilled       | Error Closed         | cancelled refunding cancelled             | expired expired pending     | CANCELLED Completed
expired   refunded           unfulfilled       | Error Closed         | cancelled refunded cancelled              | expired expired pending     | CANCELLED Returned
"""  # noqa: E501


@pytest.mark.parametrize("line", READS.strip().splitlines(), ids=lambda s: s.split("|")[0])
def test_an_order_reads_as_each_api_calls_it(line: str) -> None:
    core, *expected = (" ".join(cell.split()) for cell in line.split("|"))
    order, payment, fulfilment = core.split()
    state = State(OrderStatus(order), PaymentStatus(payment), FulfilmentStatus(fulfilment))
    wires = [
        _words(brandcloud.STATUSES, state)[:2],
        _words(shoplazza.STATUSES, state),
        _words(youhaosuda.STATUSES, state),
        _words(bricklink.STATUSES, state),
    ]
    assert [" ".join(words) for words in wires] == expected
    assert _words(marketplace.STATUSES, state) == [order, payment, fulfilment]


def test_each_bricklink_word_that_is_not_a_mark_is_some_fact() -> None:
    facts = {bricklink.STATUS.word(state) for state in STATES if state.mark is None}
    assert set(bricklink.StatusWord) - facts == set(MARKING) - {bricklink.StatusWord.PACKED}


def test_the_end_of_an_order_shows_in_every_api_whatever_else_is_true() -> None:
    for state in STATES:
        if state.order is OrderStatus.COMPLETED:
            assert brandcloud.ORDER_STATUS.word(state) == "Finished"
            assert shoplazza.STATUS.word(state) == "finished"
        if state.order is OrderStatus.CANCELLED:
            assert brandcloud.ORDER_STATUS.word(state) == "Cancelled"
            assert youhaosuda.STATUS.word(state) in ("cancel", "refunding", "refunded")
        if state.order is OrderStatus.EXPIRED:
            assert youhaosuda.STATUS.word(state) == "expired"
            assert youhaosuda.PAYMENT_STATUS.word(state) == "expired"
        if state.order in DEAD:
            assert shoplazza.STATUS.word(state) == "cancelled"
            assert shoplazza.FINANCIAL_STATUS.word(state) not in ("waiting", "paying")
            assert youhaosuda.PAYMENT_STATUS.word(state) != "pending"


def test_a_voided_payment_never_reads_as_awaiting_money() -> None:
    for state in STATES:
        if state.payment is PaymentStatus.VOIDED:
            assert brandcloud.PAYMENT_STATUS.word(state) == "Closed"
            assert shoplazza.FINANCIAL_STATUS.word(state) == "cancelled"
            assert youhaosuda.PAYMENT_STATUS.word(state) == "expired"
            assert bricklink.PAYMENT_STATUS.word(state) == "None"


def test_brandclouds_transaction_result_says_what_came_of_its_link() -> None:
    assert dict(brandcloud.TRANSACTION_STATUS.words) == {
        Outcome.PAID: "success",
        Outcome.FAILED: "fail",
        Outcome.PENDING: "info",
    }


def test_every_expired_order_reads_error_and_closed_in_brandcloud() -> None:
    for state in STATES:
        if state.order is OrderStatus.EXPIRED:
            assert _words(brandcloud.STATUSES, state)[:2] == ["Error", "Closed"]


def test_a_cancelled_order_reads_cancelled_and_closed_in_brandcloud() -> None:
    cancelled = FRESH._replace(order=OrderStatus.CANCELLED, payment=PaymentStatus.VOIDED)
    assert _words(brandcloud.STATUSES, cancelled)[:2] == ["Cancelled", "Closed"]


def test_an_order_that_is_over_never_reads_as_awaiting_shipment() -> None:
    for state in STATES:
        if state.order is OrderStatus.COMPLETED:
            assert shoplazza.FULFILLMENT_STATUS.word(state) in ("finished", "returned")
            assert youhaosuda.SHIPMENT_STATUS.word(state) == "recieved"


def test_an_order_whose_money_went_back_never_asks_for_shipment() -> None:
    refunded = FRESH._replace(payment=PaymentStatus.REFUNDED)
    assert shoplazza.FULFILLMENT_STATUS.word(refunded) == "cancelled"
    assert bricklink.STATUS.word(refunded) == "PENDING"
    assert bricklink.PAYMENT_STATUS.word(refunded) == "Returned"


def test_no_mark_but_purged_hides_the_end_of_an_order_in_bricklink() -> None:
    ends = {
        OrderStatus.CANCELLED: bricklink.StatusWord.CANCELLED,
        OrderStatus.EXPIRED: bricklink.StatusWord.CANCELLED,
        OrderStatus.COMPLETED: bricklink.StatusWord.COMPLETED,
    }
    for state in STATES:
        if state.mark is SellerMark.PURGED:
            assert bricklink.STATUS.word(state) == "PURGED"
        elif state.order in ends:
            assert bricklink.STATUS.word(state) is ends[state.order]


def test_a_step_of_the_sellers_work_never_hides_goods_that_left_in_bricklink() -> None:
    steps = (SellerMark.UPDATED, SellerMark.PROCESSING, SellerMark.READY, SellerMark.PACKED, None)
    for state in STATES:
        if state.mark in steps and state.fulfilment is FulfilmentStatus.SHIPPED:
            assert bricklink.STATUS.word(state) in ("SHIPPED", "COMPLETED", "CANCELLED")


# -- inbound ---------------------------------------------------------------------------------------


@each_inbound
def test_every_word_means_something_or_is_refused_in_every_state(
    table: InboundTable[Any],
) -> None:
    for word, state in product(words(table), STATES):
        meaning = table.meaning(word, state)
        assert isinstance(meaning, Do | Refuse)
        if isinstance(meaning, Refuse):
            assert meaning.reason
        else:
            assert meaning.intents
            assert (Intent.MARK in meaning.intents) == (meaning.mark is not None)
            assert Intent.NOTHING not in meaning.intents or meaning == NOTHING


@each_inbound
def test_every_inbound_row_decides_some_word(table: InboundTable[Any]) -> None:
    undecided = set(product(words(table), STATES))
    for row in table.rows:
        decides = {(word, state) for word, state in undecided if word in row.words}
        decides = {(word, state) for word, state in decides if row.when.matches(state)}
        assert decides, f"{row} never decides"
        undecided -= decides
    assert not undecided


@each_inbound_by_state
def test_every_accepted_word_is_read_back_from_every_state(table: InboundTable[Any]) -> None:
    """Nor does an accepted word ever ask the core for what it would refuse."""
    for word, state, meaning in accepted(table):
        reached = after(state, meaning)
        if word in table.reads_as:
            reads_as = table.reads_as[word]
            read = reads_as.table.word(reached, said=word.value)
            assert read in reads_as.words, (word, state)
        else:
            assert meaning == NOTHING, f"{word} changes the order and can't be read back"


@pytest.mark.parametrize(
    "table", [bricklink.STATUS_REQUEST, bricklink.PAYMENT_STATUS_REQUEST], ids=lambda t: str(t.name)
)
def test_what_an_order_reads_as_can_be_said_again_and_changes_no_fact(
    table: InboundTable[Any],
) -> None:
    for state in STATES:
        read_from = next(iter(table.reads_as.values())).table
        meaning = table.meaning(read_from.word(state), state)
        assert isinstance(meaning, Do), state
        assert after(state, meaning)[:2] == state[:2]
        assert read_from.word(after(state, meaning)) is read_from.word(state)


@pytest.mark.parametrize(
    "table", [bricklink.STATUS_REQUEST, bricklink.PAYMENT_STATUS_REQUEST], ids=lambda t: str(t.name)
)
def test_a_word_that_was_accepted_is_accepted_again_and_changes_nothing(
    table: InboundTable[Any],
) -> None:
    for word, state, meaning in accepted(table):
        reached = after(state, meaning)
        again = table.meaning(word, reached)
        assert isinstance(again, Do), (word, reached)
        assert after(reached, again) == reached


@pytest.mark.parametrize("word", marketplace.Notification, ids=str)
def test_each_notification_is_read_back(word: marketplace.Notification) -> None:
    start = FRESH._replace(payment=PaymentStatus.PAID) if word == "completed" else FRESH
    meaning = marketplace.NOTIFICATIONS.meaning(word, start)
    assert isinstance(meaning, Do)
    reads_as = marketplace.NOTIFICATIONS.reads_as[word]
    assert (reads_as.table.word(after(start, meaning)),) == reads_as.words


@each_status_request
def test_a_word_reads_back_as_another_only_if_the_answer_has_no_such_word(
    table: InboundTable[Any],
) -> None:
    assert set(table.reads_as) == set(words(table))
    for word, reads_as in table.reads_as.items():
        assert set(reads_as.words) <= set(words(reads_as.table))
        if word.value in [known.value for known in words(reads_as.table)]:
            assert [answer.value for answer in reads_as.words] == [word.value]


@each_inbound
def test_every_word_can_be_set_somewhere_or_is_never_taken_on_purpose(
    table: InboundTable[Any],
) -> None:
    never_taken = {
        shoplazza.FinancialStatusRequest.FAILED,
        shoplazza.FinancialStatusRequest.REFUNDING,
        shoplazza.FinancialStatusRequest.REFUND_FAILED,
    }
    taken = {word for word, _, _ in accepted(table)}
    refused = set(words(table)) - taken
    assert refused == (never_taken if table is shoplazza.FINANCIAL_STATUS_REQUEST else set())


# -- BrickLink: what sellers do by hand ------------------------------------------------------------


def _set(state: State, word: bricklink.StatusWord) -> State:
    meaning = bricklink.STATUS_REQUEST.meaning(word, state)
    assert isinstance(meaning, Do), (word, state, meaning)
    return after(state, meaning)


def _set_payment(state: State, word: bricklink.PaymentWord) -> State:
    meaning = bricklink.PAYMENT_STATUS_REQUEST.meaning(word, state)
    assert isinstance(meaning, Do), (word, state, meaning)
    return after(state, meaning)


MARKING = {
    bricklink.StatusWord.OCR: SellerMark.CANCELLATION_REQUESTED,
    bricklink.StatusWord.NPB: SellerMark.NON_PAYING_BUYER,
    bricklink.StatusWord.NPX: SellerMark.NON_PAYMENT_CONCEDED,
    bricklink.StatusWord.NRS: SellerMark.NON_RESPONDING_SELLER,
    bricklink.StatusWord.NSS: SellerMark.NON_SHIPPING_SELLER,
    bricklink.StatusWord.UPDATED: SellerMark.UPDATED,
    bricklink.StatusWord.PROCESSING: SellerMark.PROCESSING,
    bricklink.StatusWord.READY: SellerMark.READY,
    bricklink.StatusWord.PACKED: SellerMark.PACKED,
    bricklink.StatusWord.PURGED: SellerMark.PURGED,
}


def test_every_mark_has_one_bricklink_word() -> None:
    assert set(MARKING.values()) == set(SellerMark)


@pytest.mark.parametrize("payment", [PaymentStatus.UNPAID, PaymentStatus.PAID])
@pytest.mark.parametrize("word", MARKING, ids=str)
def test_each_mark_survives_a_round_trip_on_orders_not_sent_yet(
    word: bricklink.StatusWord, payment: PaymentStatus
) -> None:
    for before in (None, *SellerMark):
        order = FRESH._replace(payment=payment, mark=before)
        marked = _set(order, word)
        assert marked == order._replace(mark=MARKING[word])
        assert bricklink.STATUS.word(marked) is word


def test_a_seller_walks_an_order_through_every_ordinary_status() -> None:
    word = bricklink.StatusWord
    order = FRESH
    for step in (
        word.UPDATED,
        word.PROCESSING,
        word.READY,
        word.PENDING,
        word.PAID,
        word.PACKED,
        word.SHIPPED,
        word.NSS,
        word.SHIPPED,
        word.RECEIVED,
        word.COMPLETED,
        word.PURGED,
        word.COMPLETED,
    ):
        order = _set(order, step)
        assert bricklink.STATUS.word(order) is step
    assert order == State(OrderStatus.COMPLETED, PaymentStatus.PAID, FulfilmentStatus.RECEIVED)


def test_a_complaint_ends_in_a_cancelled_order_that_still_knows_why() -> None:
    word = bricklink.StatusWord
    order = _set(_set(_set(FRESH, word.NPB), word.NPX), word.CANCELLED)
    assert bricklink.STATUS.word(order) is word.CANCELLED
    assert order.mark is SellerMark.NON_PAYMENT_CONCEDED


def test_a_purged_order_that_is_cancelled_comes_back_into_sight() -> None:
    word = bricklink.StatusWord
    order = _set(_set(FRESH, word.PURGED), word.CANCELLED)
    assert bricklink.STATUS.word(order) is word.CANCELLED


@pytest.mark.parametrize("word", bricklink.PaymentWord, ids=str)
def test_each_payment_word_survives_a_round_trip(word: bricklink.PaymentWord) -> None:
    start = FRESH._replace(payment=PaymentStatus.PAID) if word == "Returned" else FRESH
    order = _set_payment(start, word)
    assert bricklink.PAYMENT_STATUS.word(order, said=word.value) is word


def test_a_word_kept_for_the_seller_gives_way_to_what_happens_next() -> None:
    word = bricklink.PaymentWord
    sent = _set_payment(FRESH, word.SENT)
    paid = after(sent, Do((Intent.RECORD_PAYMENT,)))
    assert bricklink.PAYMENT_STATUS.word(paid, said="Sent") is word.COMPLETED
    received = _set_payment(FRESH, word.RECEIVED)
    refunded = after(received, Do((Intent.RECORD_REFUND,)))
    assert bricklink.PAYMENT_STATUS.word(refunded, said="Received") is word.RETURNED


@pytest.mark.parametrize("word", ["None", "Bounced"])
def test_a_payment_that_was_clearing_can_fail(word: str) -> None:
    clearing = _set_payment(FRESH, bricklink.PaymentWord.CLEARING)
    assert clearing.payment is PaymentStatus.CONFIRMING
    failed = _set_payment(clearing, bricklink.PaymentWord(word))
    assert failed == FRESH
    assert bricklink.PAYMENT_STATUS.word(failed, said=word) == word


def test_money_that_is_held_keeps_an_order_from_being_cancelled() -> None:
    paid = FRESH._replace(payment=PaymentStatus.PAID)
    refusal = bricklink.STATUS_REQUEST.meaning(bricklink.StatusWord.CANCELLED, paid)
    assert isinstance(refusal, Refuse)
    assert "Returned" in refusal.reason
    returned = _set_payment(paid, bricklink.PaymentWord.RETURNED)
    cancelled = _set(returned, bricklink.StatusWord.CANCELLED)
    assert _words(bricklink.STATUSES, cancelled) == ["CANCELLED", "Returned"]


# -- Shoplazza: orders migrated from elsewhere -----------------------------------------------------


def _migrate(financial: str | None, order: str | None) -> State | str:
    state = FRESH
    steps: list[tuple[InboundTable[Any], str | None]] = [
        (shoplazza.FINANCIAL_STATUS_REQUEST, financial),
        (shoplazza.ORDER_STATUS_REQUEST, order),
    ]
    for table, word in steps:
        if word is None:
            continue
        meaning = table.meaning(table.vocabulary(word), state)
        if isinstance(meaning, Refuse):
            return meaning.reason
        state = after(state, meaning)
    return state


@pytest.mark.parametrize(
    ("financial", "order", "reads"),
    [
        (None, None, "opened waiting initialled"),
        ("unpaid", "pending", "opened waiting initialled"),
        ("paid", "pending", "placed paid waiting"),
        ("paid", "fulfilled", "placed paid shipped"),
        ("unpaid", "fulfilled", "placed waiting shipped"),
        ("refunded", "canceled", "cancelled refunded cancelled"),
        ("unpaid", "canceled", "cancelled cancelled cancelled"),
        ("cancelled", "cancelled", "cancelled cancelled cancelled"),
        ("paid", "placed", "placed paid waiting"),
        ("paid", "finished", "finished paid finished"),
        ("partially_refunded", "finished", "finished partially_refunded finished"),
        ("paying", "opened", "opened paying initialled"),
    ],
)
def test_a_migrated_order_reads_as_it_stood(
    financial: str | None, order: str | None, reads: str
) -> None:
    state = _migrate(financial, order)
    assert isinstance(state, State), state
    assert " ".join(_words(shoplazza.STATUSES, state)) == reads


@pytest.mark.parametrize(
    ("financial", "order"),
    [
        ("paid", "canceled"),
        ("paid", "opened"),
        ("unpaid", "placed"),
        (None, "finished"),
        ("cancelled", "pending"),
        ("failed", None),
        ("refunding", "placed"),
    ],
)
def test_a_migrated_order_that_contradicts_itself_is_refused(
    financial: str | None, order: str | None
) -> None:
    assert isinstance(_migrate(financial, order), str)


@pytest.mark.parametrize(
    ("financial", "advice"),
    [("failed", "unpaid"), ("refunding", "send paid"), ("refund_failed", "partially_refunded")],
)
def test_a_status_that_cannot_be_migrated_is_refused_with_what_to_send_instead(
    financial: str, advice: str
) -> None:
    assert advice in str(_migrate(financial, None))


def test_shoplazzas_words_are_only_taken_when_the_order_is_created() -> None:
    sent = FRESH._replace(payment=PaymentStatus.PAID, fulfilment=FulfilmentStatus.SHIPPED)
    tables: tuple[InboundTable[Any], ...] = shoplazza.STATUSES.inbound
    for table in tables:
        for word in words(table):
            meaning = table.meaning(word, sent)
            assert isinstance(meaning, Refuse)
            assert "created" in meaning.reason


def test_whatever_is_migrated_is_refused_or_read_back_in_both_fields() -> None:
    financials = (None, *shoplazza.FinancialStatusRequest)
    orders = (None, *shoplazza.OrderStatusRequest)
    taken = 0
    for financial, order in product(financials, orders):
        state = _migrate(financial, order)
        if isinstance(state, str):
            continue
        taken += 1
        # Cancelling an unpaid order cancels its payment: the one case in which both fields speak.
        voided = order in ("canceled", "cancelled") and financial in ("unpaid", "waiting")
        if financial is not None and not voided:
            reads = shoplazza.FINANCIAL_STATUS_REQUEST.reads_as[financial]
            assert reads.table.word(state) in reads.words, (financial, order)
        if order is not None:
            reads = shoplazza.ORDER_STATUS_REQUEST.reads_as[order]
            assert reads.table.word(state) in reads.words, (financial, order)
    assert taken > 20


# -- BrandCloud: the state that forbids a request, by its name -------------------------------------


def _refusal(endpoint: brandcloud.Endpoint, state: State) -> str | None:
    meaning = brandcloud.REQUESTS.meaning(endpoint, state)
    return meaning.reason if isinstance(meaning, Refuse) else None


LISTED = {
    "PAYMENT": "confirming paid closed refunded",
    "CANCEL": "confirming paid closed refunded",
    "PAYPAL_SEND": "paid confirming closed refunded",
    "REFUND": "open confirming closed refunded",
    "REFUND_QUERY": "confirming closed refunded open",
    "PARTIAL_DETAIL": "order_is_finished order_is_aborted order_is_timeout",
    "EDIT": "order_is_timeout",
}
ORDER_ERRORS = {
    "Finished": "order_is_finished",
    "Cancelled": "order_is_aborted",
    "Error": "order_is_timeout",
}


@pytest.mark.parametrize("endpoint", brandcloud.Endpoint, ids=lambda endpoint: endpoint.name)
def test_an_endpoint_refuses_what_its_section_lists_by_the_status_that_was_read(
    endpoint: brandcloud.Endpoint,
) -> None:
    listed = LISTED[endpoint.name].split()
    for state in STATES:
        names = (
            brandcloud.PAYMENT_STATUS.word(state).lower(),
            ORDER_ERRORS.get(brandcloud.ORDER_STATUS.word(state)),
        )
        expected = next((name for name in names if name in listed), None)
        if endpoint is brandcloud.Endpoint.CANCEL and state.order is OrderStatus.EXPIRED:
            expected = None
        assert _refusal(endpoint, state) == expected, state


def test_an_order_can_be_paid_when_open_and_refunded_when_paid_and_never_both() -> None:
    for state in STATES:
        payable = _refusal(brandcloud.Endpoint.PAYMENT, state) is None
        refundable = _refusal(brandcloud.Endpoint.REFUND, state) is None
        assert payable == (brandcloud.PAYMENT_STATUS.word(state) == "Open")
        assert refundable == (brandcloud.PAYMENT_STATUS.word(state) == "Paid")


def test_cancelling_a_timed_out_order_succeeds_and_changes_nothing() -> None:
    timed_out = FRESH._replace(order=OrderStatus.EXPIRED, payment=PaymentStatus.VOIDED)
    meaning = brandcloud.REQUESTS.meaning(brandcloud.Endpoint.CANCEL, timed_out)
    assert meaning == NOTHING


# -- the domain stays free of vendors' words -------------------------------------------------------


def test_no_mark_is_called_by_a_vendors_abbreviation() -> None:
    abbreviations = {"OCR", "NPB", "NPX", "NRS", "NSS"}
    for name in (*SellerMark.__members__, *SellerMark):
        assert not abbreviations & set(name.upper().split("_"))


def test_a_states_statuses_are_taken_from_the_order() -> None:
    class Order:
        status = OrderStatus.COMPLETED
        payment_status = PaymentStatus.REFUNDED
        fulfilment_status = FulfilmentStatus.RETURNED
        seller_mark = SellerMark.PURGED

    state_of: Callable[[Any], State] = statuses.State.of
    assert state_of(Order()) == State(
        OrderStatus.COMPLETED,
        PaymentStatus.REFUNDED,
        FulfilmentStatus.RETURNED,
        SellerMark.PURGED,
    )
