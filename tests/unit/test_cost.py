"""The formula behind docs/COST.md, held against sums by hand."""

import math
import re
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tools.cost import tables
from tools.cost.alternatives import (
    PEER,
    PRIVATE_NETWORK,
    break_even,
    closing_runs,
    peer,
    provisioned_writes,
    sleeping_runs,
)
from tools.cost.assumptions import ASSUMED
from tools.cost.bill import Charge, Part, Service, dollars
from tools.cost.deployment import Deployment, Poll, Sweep, deployment
from tools.cost.lives import PAID, UNPAID, Life
from tools.cost.measured import Units, measured
from tools.cost.prices import price_list
from tools.cost.usage import (
    MONTH,
    Traffic,
    distinct,
    life_bytes,
    month,
    per_poll,
    per_window,
    traced_share,
)

ROOT = Path(__file__).parents[2]
MILLION = 1_000_000
LIVES = pytest.mark.parametrize("life", [PAID, UNPAID], ids=lambda life: life.name)
FUNCTIONS = (
    *(request.function for request in PAID.requests),
    *("PublishEvents", "LayMilestones", "DeliverWebhook", "FindDue", "CloseDue"),
)

UNITS = {
    "Authenticate, first time in a minute": Units(("GetItem", "GetItem"), 2.0, 0, 0, 0),
    "Create an order with five lines": Units(("TransactWriteItems",), 0, 6, 4, 1_800),
    "Stripe reports a payment": Units(("Query", "TransactWriteItems"), 1.0, 6, 3, 1_200),
    "youhaosuda: get": Units(("Query",), 1.0, 0, 0, 0),
    "publish a change": Units(("Query",), 1.0, 0, 0, 0),
    "deliver a webhook": Units(("BatchGetItem", "UpdateItem"), 0.5, 1, 0, 300),
    "lay milestones, none due": Units(("GetItem", "Query"), 1.5, 0, 0, 0),
    "find due orders, none due": Units(("Query",) * 4, 2.0, 0, 0, 0),
    "expire an order": Units(("BatchGetItem", "TransactWriteItems"), 0.5, 4, 4, 900),
    "end a refund window": Units(("BatchGetItem", "TransactWriteItems"), 0.5, 4, 2, 900),
}
DEPLOYED = Deployment(
    memory=dict.fromkeys(FUNCTIONS, 1_024),
    polls={
        "PublishEvents": Poll("DynamoDB", 100, 0, is_limited=False),
        "LayMilestones": Poll("DynamoDB", 1_000, 300, is_limited=False),
        "DeliverWebhook": Poll("SQS", 10, 1, is_limited=True),
    },
    sweeps=(Sweep("payment_timeout", 60), Sweep("refund_window", 3_600)),
    alarms=20,
    dashboards=1,
    keys=1,
    due_shards=4,
    has_bus=False,
    is_traced=False,
    log_days=30,
)


def billed(orders: float, life: Life = PAID, deployed: Deployment = DEPLOYED) -> list[Charge]:
    return month(Traffic(orders, life), deployed, UNITS)


def changes(charges: Iterable[Charge]) -> list[Charge]:
    """Without webhooks, which share more of their costs the more there are."""
    return [charge for charge in charges if charge.what != "webhooks"]


def of_orders(charges: Iterable[Charge], service: Service) -> float:
    return dollars(charges, Part.ORDERS, service=service)


# -- what was measured and deployed ----------------------------------------------------------------


def test_a_million_orders_cost_no_more_than_the_document_promises() -> None:
    """Workflows included. Whoever makes an order dearer hears of it here."""
    assert tables.per_million(Traffic(MILLION, UNPAID)) <= 25
    assert tables.per_million(Traffic(MILLION, PAID)) <= 32
    assert tables.per_million(Traffic(10 * MILLION, PAID)) <= 26


def test_a_month_without_orders_costs_less_than_ten_dollars() -> None:
    assert tables.idle() < 10


def test_what_the_formula_names_is_deployed_and_measured() -> None:
    assert set(FUNCTIONS) <= deployment().memory.keys()
    assert UNITS.keys() <= measured().keys()
    assert deployment().polls.keys() == DEPLOYED.polls.keys()
    swept = {sweep.kind for sweep in deployment().sweeps}
    assert {PAID.closing.deadline, UNPAID.closing.deadline} <= swept


def test_every_price_is_used_and_from_a_page_of_aws() -> None:
    used = {charge.price for charge in (*billed(MILLION), *billed(0))}
    used |= {resource.price for resource in PEER + PRIVATE_NETWORK}
    used |= {"bus_event", "provisioned_write_hour", "trace", "transition"}
    assert used == price_list().prices.keys()
    for price in price_list().prices.values():
        assert price.source.url.startswith("https://aws.amazon.com/")


def test_the_template_is_read_as_it_stands() -> None:
    text = (ROOT / "template.yaml").read_text(encoding="utf-8")
    found = deployment()
    assert found.alarms == len(re.findall(r"Type: AWS::CloudWatch::Alarm\b", text)) > 10
    assert (found.keys, found.dashboards) == (1, 1)
    assert {sweep.every for sweep in found.sweeps} == {60, 600, 3_600}
    assert not found.has_bus
    assert not found.is_traced


# -- sums by hand ----------------------------------------------------------------------------------


def test_each_write_unit_of_a_life_costs_625_thousandths_of_a_dollar_per_million() -> None:
    # Created 6 and 4 in indexes, paid 6 and 3, closed 4 and 2; and milestones.
    units = 10 + 9 + 6 + ASSUMED.milestone_writes / 100
    written = of_orders(changes(billed(MILLION)), Service.WRITES)
    assert written == pytest.approx(units * 0.625)


def test_what_went_well_of_a_batch_of_webhooks_is_logged_in_one_write() -> None:
    few, many = (
        of_orders(billed(orders), Service.WRITES)
        - of_orders(changes(billed(orders)), Service.WRITES)
        for orders in (1_000, 1_000 * MILLION)
    )
    assert few / 1_000 == pytest.approx(3 * 0.625 / MILLION, rel=0.01)
    full = 3 / ASSUMED.logged_together
    assert many / (1_000 * MILLION) == pytest.approx(full * 0.625 / MILLION, rel=0.01)


def test_each_request_costs_a_dollar_per_million_at_the_gateway() -> None:
    assert of_orders(billed(MILLION), Service.HTTP) == pytest.approx(4.0)
    assert of_orders(billed(MILLION, UNPAID), Service.HTTP) == pytest.approx(3.0)


def test_the_bus_costs_a_dollar_per_million_events_where_it_is_on() -> None:
    assert of_orders(billed(MILLION), Service.BUS) == 0
    with_bus = replace(DEPLOYED, has_bus=True)
    assert of_orders(billed(MILLION, PAID, with_bus), Service.BUS) == pytest.approx(4.0)


def test_a_function_is_billed_by_its_memory_and_its_time() -> None:
    created = [
        charge
        for charge in billed(MILLION)
        if charge.what == "create" and charge.service is Service.COMPUTE
    ]
    milliseconds = ASSUMED.request_cpu * 1_769 / 1_024 + ASSUMED.transaction
    assert dollars(created) == pytest.approx(milliseconds * 1_000 * 0.0000133334)


def test_a_queue_is_asked_once_to_send_and_twice_a_batch_to_receive() -> None:
    rate = 3 * MILLION / MONTH
    polled = rate / ASSUMED.stream_shards / ASSUMED.stream_polls
    sent = 3 * MILLION / (polled / (1 - math.exp(-polled)))
    received = 3 * MILLION / (1 + rate / 5)
    expected = (sent + 2 * received) * 0.40 / MILLION
    assert of_orders(billed(MILLION), Service.QUEUE) == pytest.approx(expected)


def test_traces_are_billed_where_tracing_is_on() -> None:
    assert of_orders(billed(MILLION), Service.TRACES) == 0
    charges = billed(MILLION, PAID, replace(DEPLOYED, is_traced=True))
    created = [each for each in charges if each.what == "create"]
    # Less than one order a second, so each is the first of its second.
    assert of_orders(created, Service.TRACES) == pytest.approx(5.0)


def test_sweeps_cost_their_runs_whether_anything_is_due_or_not() -> None:
    runs = MONTH / 60 + MONTH / 3_600
    for orders in (0, MILLION):
        swept = [each for each in billed(orders) if each.part is Part.SWEEPS]
        assert dollars(swept, service=Service.SCHEDULER) == pytest.approx(runs / MILLION)
        assert dollars(swept, service=Service.READS) == pytest.approx(runs * 2 * 0.125 / MILLION)


def test_what_stands_is_alarms_metrics_a_dashboard_a_key_and_empty_polls() -> None:
    polls = 5 * MONTH / 20
    expected = 20 * 0.10 + 3.00 + 4 * 0.30 + 1.00 + polls * 0.40 / MILLION
    assert dollars(billed(0), Part.STANDING) == pytest.approx(expected)


def test_without_a_limit_of_concurrency_two_pollers_wait_and_fill_larger_batches() -> None:
    unlimited = replace(DEPLOYED.polls["DeliverWebhook"], is_limited=False)
    deployed = replace(DEPLOYED, polls={**DEPLOYED.polls, "DeliverWebhook": unlimited})
    for orders in (0, MILLION):
        parts = (Part.ORDERS, Part.STANDING)
        fewer = dollars(billed(orders, PAID, deployed), *parts, service=Service.QUEUE)
        assert fewer < dollars(billed(orders), *parts, service=Service.QUEUE)


def test_the_peer_costs_the_sum_of_its_resources() -> None:
    containers = 3 * 730 * (0.5 * 0.03238 + 2 * 0.00356 + 0.005)
    balancer = 730 * (0.0225 + 2 * 0.005)
    database = 730 * 0.064 + 20 * 0.23
    assert peer() == pytest.approx(containers + balancer + database + 2 * 730 * 0.0128)
    assert peer() == pytest.approx(sum(resource.dollars for resource in PEER))


def test_a_sleeping_execution_is_billed_for_each_state_and_sweeps_are_far_below() -> None:
    assert sleeping_runs(Traffic(MILLION)) == pytest.approx(125.0)
    assert sleeping_runs(Traffic(MILLION, UNPAID)) == pytest.approx(75.0)
    assert closing_runs(Traffic(MILLION), DEPLOYED, UNITS) < 1


def test_at_most_what_was_written_of_an_order_is_kept() -> None:
    items, entries = 3 + 3 + 2, 4 + 3 + 2
    expected = 1_800 + 1_200 + 900 + items * 100 + entries * ASSUMED.entry
    assert life_bytes(PAID, UNITS) == expected
    assert dollars(billed(MILLION), Part.KEPT) == pytest.approx(expected / 1_000 * (0.25 + 0.20))


def test_provisioned_writes_cost_an_hour_of_a_unit_for_3600_of_them() -> None:
    assert provisioned_writes(1.0) == pytest.approx(0.00065 * MILLION / 3_600)
    assert provisioned_writes(0.5) == pytest.approx(2 * provisioned_writes(1.0))


def test_at_the_break_even_the_bill_is_the_peer_s() -> None:
    orders = break_even(peer(), DEPLOYED, UNITS)
    assert dollars(billed(orders)) == pytest.approx(peer(), abs=0.01)


def test_there_is_no_break_even_below_an_idle_month() -> None:
    with pytest.raises(ValueError, match="idle"):
        break_even(1.0, DEPLOYED, UNITS)


# -- properties ------------------------------------------------------------------------------------


@LIVES
def test_without_orders_only_what_is_idle_is_billed(life: Life) -> None:
    assert {charge.part for charge in billed(0, life)} == {Part.SWEEPS, Part.STANDING}


@LIVES
@given(orders=st.floats(1, 1e9), factor=st.floats(1, 1e3))
def test_units_and_requests_are_in_proportion_to_orders(
    life: Life, orders: float, factor: float
) -> None:
    fewer, more = billed(orders, life), billed(orders * factor, life)
    for service in (Service.WRITES, Service.HTTP):
        expected = factor * of_orders(changes(fewer), service)
        assert of_orders(changes(more), service) == pytest.approx(expected)
    assert dollars(more, Part.KEPT) == pytest.approx(factor * dollars(fewer, Part.KEPT))


@LIVES
@given(orders=st.floats(100, 1e9), factor=st.floats(1, 1e3))
def test_with_more_orders_the_bill_grows_and_each_order_costs_no_more(
    life: Life, orders: float, factor: float
) -> None:
    fewer = dollars(billed(orders, life), Part.ORDERS)
    more = dollars(billed(orders * factor, life), Part.ORDERS)
    assert fewer <= more * (1 + 1e-9)
    # A batch of closings is rounded up to whole rounds of four.
    assert more / (orders * factor) <= fewer / orders * 1.01


@LIVES
@given(orders=st.floats(1_000, 1e8), hours=st.floats(1, 24))
def test_orders_that_come_in_fewer_hours_cost_no_more(
    life: Life, orders: float, hours: float
) -> None:
    evenly = dollars(billed(orders, life), Part.ORDERS)
    in_hours = month(Traffic(orders, life, hours=hours), DEPLOYED, UNITS)
    # A batch of closings is rounded up to whole rounds of four.
    assert dollars(in_hours, Part.ORDERS) <= evenly * 1.01


@given(rate=st.floats(0, 1e6), seconds=st.floats(0, 300), most=st.integers(1, 10_000))
def test_a_batch_has_from_one_member_to_as_many_as_it_may(
    rate: float, seconds: float, most: int
) -> None:
    assert 1 <= per_window(rate, seconds, most) <= most
    assert 1 - 1e-9 <= per_poll(rate, seconds, most) <= most


@given(shops=st.integers(1, 100_000), members=st.floats(1, 1_000))
def test_a_batch_is_of_one_shop_to_as_many_as_it_has_members(shops: int, members: float) -> None:
    assert 1 - 1e-6 <= distinct(shops, members) <= min(shops, members) + 1e-6


@given(rate=st.floats(1e-6, 1e6))
def test_the_first_run_of_each_second_is_traced_and_one_in_twenty_of_the_others(
    rate: float,
) -> None:
    assert 0.05 <= traced_share(rate) <= 1
    assert traced_share(rate) * rate >= min(rate, 1) * (1 - 1e-9)
