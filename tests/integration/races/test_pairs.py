"""Every interleaving of two requests about one order, and of three: each ends as if they had come
one after the other. ``ORDERHUB_TORTURE=1`` races everything with everything."""

import os
import re
from collections.abc import Iterable
from itertools import combinations_with_replacement
from typing import Any, Final

import pytest

from tests.integration.races.model import World
from tests.integration.races.town import Operation, Town
from tests.support.figures import tried

TORTURE: Final = bool(os.environ.get("ORDERHUB_TORTURE"))

AT_MOST: Final = 100_000 if TORTURE else 16
"""Schedules of one set of requests; two requests have far fewer."""

Step = tuple[Any, ...]
"""A request: what :class:`World` calls it, and with what."""

TICK: Final[Step] = ("tick",)
CLOSE: Final[Step] = ("close",)
PAY: Final[Step] = ("marketplace_pays", "T1", 10000)
PAY_AGAIN: Final[Step] = ("marketplace_pays", "T2", 10000)
PAY_PART: Final[Step] = ("marketplace_pays", "T3", 4000)
TILL_PAYS: Final[Step] = ("till_pays", "C1")
SAID_PAID: Final[Step] = ("seller_says_paid",)
REPORT: Final[Step] = ("provider_reports", "pi_1", 10000)
REPORT_OTHER: Final[Step] = ("provider_reports", "pi_2", 10000)
REPORT_WRONG: Final[Step] = ("provider_reports", "pi_3", 9900)
ACCEPT: Final[Step] = ("operator_accepts", "pi_3")
TILL_REFUNDS: Final[Step] = ("till_refunds",)
REFUND_BY_NAME: Final[Step] = ("till_refunds", "T1")
SAID_RETURNED: Final[Step] = ("seller_says_returned",)
REPORT_REFUND: Final[Step] = ("provider_refunds", "pi_1", 10000, "re_1")
REPORT_PART: Final[Step] = ("provider_refunds", "pi_1", 6000, "re_2")
REPORT_OTHER_PART: Final[Step] = ("provider_refunds", "pi_1", 7000, "re_3")
ADD_LINE: Final[Step] = ("adds_line", 1500, 2)
ADD_OTHER_LINE: Final[Step] = ("adds_line", 1700, 1)
AGREE: Final[Step] = ("agrees_on", 7000)
AGREE_MORE: Final[Step] = ("agrees_on", 12000)
AGREE_ON_PART: Final[Step] = ("agrees_on", 4000)
TILL_CANCELS: Final[Step] = ("till_cancels",)
SELLER_CANCELS: Final[Step] = ("seller_cancels",)
COMPLETE: Final[Step] = ("completes",)
SEND: Final[Step] = ("seller_sends",)

RACES: Final[dict[str, list[tuple[tuple[Step, ...], tuple[Step, ...]]]]] = {
    # Name → what happened before, and what then happens at once.
    "pay/expire": [
        ((), (PAY, CLOSE, TICK)),
        ((), (TILL_PAYS, CLOSE, TICK)),
        ((), (SAID_PAID, CLOSE, TICK)),
        ((TICK,), (PAY, CLOSE)),
        ((PAY_PART,), (PAY_AGAIN, CLOSE, TICK)),
    ],
    "pay/cancel": [
        ((), (PAY, TILL_CANCELS)),
        ((), (PAY, SELLER_CANCELS)),
        ((), (TILL_PAYS, SELLER_CANCELS)),
        ((), (PAY_PART, TILL_CANCELS)),
    ],
    "pay/pay": [
        ((), (PAY, PAY)),
        ((), (PAY, PAY_AGAIN)),
        ((), (PAY_PART, PAY)),
        ((), (TILL_PAYS, TILL_PAYS)),
        ((), (TILL_PAYS, PAY)),
        ((), (SAID_PAID, PAY)),
        ((), (SAID_PAID, PAY_PART)),
        ((), (SAID_PAID, SAID_PAID)),
    ],
    "report/pay": [
        ((), (REPORT, PAY)),
        ((), (REPORT, TILL_PAYS)),
        ((), (REPORT, PAY_PART)),
        ((), (REPORT, ("marketplace_pays", "pi_1", 10000))),
        ((), (REPORT_WRONG, PAY)),
    ],
    "report/report": [
        ((), (REPORT, REPORT)),
        ((), (REPORT, REPORT_OTHER)),
        ((), (REPORT, REPORT_WRONG)),
    ],
    "report/expire": [
        ((), (REPORT, CLOSE, TICK)),
        ((TICK,), (REPORT, CLOSE)),
        ((TICK,), (REPORT, REPORT_OTHER, CLOSE)),
    ],
    "report/cancel": [((), (REPORT, TILL_CANCELS)), ((), (REPORT, SELLER_CANCELS))],
    "report/edit": [
        ((), (REPORT, ADD_LINE)),
        ((), (REPORT, AGREE)),
        ((), (REPORT, AGREE_MORE)),
    ],
    "refund/refund": [
        ((PAY,), (TILL_REFUNDS, TILL_REFUNDS)),
        ((PAY,), (REFUND_BY_NAME, REFUND_BY_NAME)),
        ((PAY,), (REFUND_BY_NAME, SAID_RETURNED)),
        ((PAY,), (SAID_RETURNED, SAID_RETURNED)),
        ((PAY, PAY_PART), (REFUND_BY_NAME, TILL_REFUNDS)),
    ],
    "refund/report": [
        ((REPORT,), (TILL_REFUNDS, REPORT_REFUND)),
        ((REPORT,), (TILL_REFUNDS, REPORT_PART)),
        ((REPORT,), (REPORT_PART, REPORT_OTHER_PART)),
        ((REPORT,), (REPORT_PART, REPORT_PART)),
        ((REPORT,), (REPORT_REFUND, REPORT_REFUND)),
        ((), (REPORT, REPORT_PART)),
        ((), (REPORT, REPORT_PART, REPORT_OTHER_PART)),
        ((PAY,), (TILL_REFUNDS, REPORT_OTHER)),
        ((PAY,), (SAID_RETURNED, PAY_AGAIN)),
    ],
    "edit/pay": [
        ((), (ADD_LINE, PAY)),
        ((), (ADD_LINE, TILL_PAYS)),
        ((), (ADD_LINE, SAID_PAID)),
        ((), (AGREE, PAY)),
        ((), (AGREE, TILL_PAYS)),
        ((), (AGREE_MORE, TILL_PAYS)),
        ((), (AGREE_ON_PART, PAY_PART)),
        ((PAY_PART,), (AGREE_ON_PART, PAY)),
    ],
    "edit/edit": [
        ((), (ADD_LINE, ADD_LINE)),
        ((), (ADD_LINE, ADD_OTHER_LINE)),
        ((), (AGREE, AGREE_MORE)),
        ((), (AGREE, AGREE)),
    ],
    "edit/cancel": [((), (ADD_LINE, TILL_CANCELS)), ((), (AGREE, SELLER_CANCELS))],
    "cancel/expire": [
        ((TICK,), (TILL_CANCELS, CLOSE)),
        ((), (TILL_CANCELS, CLOSE, TICK)),
        ((), (SELLER_CANCELS, CLOSE, TICK)),
    ],
    "cancel/cancel": [
        ((), (TILL_CANCELS, TILL_CANCELS)),
        ((), (TILL_CANCELS, SELLER_CANCELS)),
        ((), (SELLER_CANCELS, SELLER_CANCELS)),
    ],
    "expire/expire": [((TICK,), (CLOSE, CLOSE)), ((), (CLOSE, CLOSE, TICK))],
    "complete/refund": [
        ((PAY,), (COMPLETE, TILL_REFUNDS)),
        ((PAY,), (COMPLETE, SAID_RETURNED)),
        ((REPORT,), (COMPLETE, REPORT_PART)),
    ],
    "complete/pay": [((), (PAY, COMPLETE)), ((PAY,), (PAY_AGAIN, COMPLETE))],
    "ship/cancel": [((), (SEND, TILL_CANCELS)), ((), (SEND, SELLER_CANCELS))],
    "ship/expire": [((), (SEND, CLOSE, TICK)), ((), (SEND, PAY))],
    "accept/report": [
        ((REPORT_WRONG,), (ACCEPT, REPORT)),
        ((REPORT_WRONG,), (ACCEPT, PAY)),
        ((REPORT_WRONG,), (ACCEPT, ACCEPT)),
        ((REPORT_WRONG,), (ACCEPT, TILL_CANCELS)),
        ((REPORT_WRONG,), (ACCEPT, CLOSE, TICK)),
    ],
    "pay/cancel/expire": [
        ((), (PAY, TILL_CANCELS, CLOSE, TICK)),
        ((TICK,), (REPORT, TILL_CANCELS, CLOSE)),
    ],
    "pay/cancel as time runs out": [
        ((), (PAY, TILL_CANCELS, TICK)),
        ((), (PAY, SELLER_CANCELS, TICK)),
        ((), (TILL_PAYS, TILL_CANCELS, TICK)),
        ((), (PAY, PAY_AGAIN, TICK)),
        ((), (PAY_PART, PAY_AGAIN, TICK)),
        ((), (ADD_LINE, PAY, TICK)),
        ((), (AGREE, SEND, TICK)),
        ((), (PAY, SEND, TICK)),
        ((), (REPORT, PAY, TICK)),
        ((), (REPORT, TILL_CANCELS, TICK)),
    ],
    "pay/pay/edit": [((), (PAY, TILL_PAYS, ADD_LINE)), ((), (REPORT, PAY_PART, AGREE))],
    "pay/refund/report": [
        ((PAY,), (PAY_AGAIN, TILL_REFUNDS, REPORT_OTHER)),
        ((REPORT,), (TILL_REFUNDS, REPORT_PART, REPORT_OTHER_PART)),
    ],
}


FROM_COLD: Final = tuple(RACES) if TORTURE else ("pay/cancel", "report/pay")


def _named(names: Iterable[str]) -> list[Any]:
    return [pytest.param(name, id=re.sub(r"\W", "-", name)) for name in names]


def prepared(town: Town, before: tuple[Step, ...], *, lamps: bool = False) -> World:
    """An order to which ``before`` happened, and the model of it."""
    world = town.new_lamp_order(pieces=2) if lamps else town.new_order()
    for step in before:
        operation = town.operation(*step)
        assert operation.send() == operation.happens(world), step
    assert town.seen() == world.seen()
    return world


def operations(town: Town, steps: tuple[Step, ...]) -> list[Operation]:
    return [town.operation(*step) for step in steps]


@pytest.mark.parametrize("name", _named(RACES))
def test_requests_at_once_end_as_if_they_had_come_one_after_the_other(
    town: Town, name: str
) -> None:
    count = 0
    for before, at_once in RACES[name]:
        with town.for_a_while():
            world = prepared(town, before)
            count += town.race(world, operations(town, at_once), at_most=AT_MOST)
    assert count > len(RACES[name])
    tried(f"schedules of racing requests, {name}", count)


@pytest.mark.parametrize("name", _named(FROM_COLD))
def test_the_same_where_functions_have_just_started(town: Town, name: str) -> None:
    count = 0
    for before, at_once in RACES[name]:
        with town.for_a_while():
            world = prepared(town, before)
            count += town.race(world, operations(town, at_once), at_most=AT_MOST, is_warm=False)
    tried(f"schedules of racing requests, {name}", count)


BEFORE: Final[tuple[tuple[Step, ...], ...]] = (
    (),
    (TICK,),
    (PAY,),
    (PAY_PART,),
    (REPORT,),
    (REPORT_WRONG,),
    (PAY, REPORT_OTHER),
    (REPORT, REPORT_PART),
    (SEND,),
    (PAY, COMPLETE),
)
ANY: Final[tuple[Step, ...]] = (
    CLOSE,
    PAY,
    TILL_PAYS,
    SAID_PAID,
    REPORT,
    TILL_REFUNDS,
    SAID_RETURNED,
    REPORT_PART,
    ADD_LINE,
    AGREE,
    TILL_CANCELS,
    SELLER_CANCELS,
    COMPLETE,
    SEND,
)


@pytest.mark.skipif(not TORTURE, reason="make torture")
@pytest.mark.parametrize("lamps", [False, True], ids=["uncounted", "counted"])
@pytest.mark.parametrize("before", BEFORE, ids=lambda steps: "+".join(s[0] for s in steps) or "new")
def test_everything_races_everything(town: Town, before: tuple[Step, ...], lamps: bool) -> None:
    with town.for_a_while():
        world = prepared(town, before, lamps=lamps)
        for pair in combinations_with_replacement(ANY, 2):
            count = town.race(world, operations(town, pair))
            tried("schedules of racing requests, everything with everything", count)
