"""Money as figures: exact in each currency, and what CloudWatch reads is what was meant."""

import pytest
from aws_lambda_powertools.metrics import EphemeralMetrics, MetricUnit

from orderhub.domain.money import Money
from orderhub.jobs.measuring import NAMESPACE, causes, flush, summed
from tests.support.emf import figures

CAPTURED, REFUNDED = "MoneyCaptured", "MoneyRefunded"


@pytest.mark.parametrize(
    ("currency", "minor", "major"),
    [("CNY", 12_801, 128.01), ("JPY", 12_801, 12_801), ("KWD", 12_801, 12.801)],
)
def test_an_amount_is_told_in_what_people_call_one_of_its_currency(
    currency: str, minor: int, major: float
) -> None:
    assert summed([(CAPTURED, Money(minor, currency))]) == {currency: {CAPTURED: major}}


def test_amounts_are_summed_before_anything_is_rounded() -> None:
    pennies = [(CAPTURED, Money(1, "EUR"))] * 1_000
    assert summed([*pennies, (REFUNDED, Money(30, "EUR")), (CAPTURED, Money(5, "JPY"))]) == {
        "EUR": {CAPTURED: 10.0, REFUNDED: 0.3},
        "JPY": {CAPTURED: 5.0},
    }


def metrics() -> EphemeralMetrics:
    """Of the test's own, beside those of functions."""
    measured = EphemeralMetrics(namespace=NAMESPACE)
    measured.add_metric("OrdersPaid", MetricUnit.Count, 2)
    measured.add_metadata("correlation_ids", ["a"])
    return measured


@pytest.mark.parametrize(
    ("money", "lines"),
    [
        ({}, 1),
        ({"EUR": {CAPTURED: 10.0, REFUNDED: 0.3}}, 1),
        ({"EUR": {CAPTURED: 10.0}, "JPY": {REFUNDED: 5.0}}, 2),
    ],
)
def test_each_amount_is_of_one_stack_and_one_currency(
    money: dict[str, dict[str, float]], lines: int, capsys: pytest.CaptureFixture[str]
) -> None:
    flush(metrics(), money)
    written = capsys.readouterr().out.splitlines()
    assert len(written) == lines
    told = {each.name: each for each in figures(written)}
    assert told["OrdersPaid"].dimensions == (("service", "orderhub"),)
    assert sorted(
        (dict(each.dimensions)["currency"], each.name, each.values)
        for each in figures(written)
        if each.name != "OrdersPaid"
    ) == sorted(
        (currency, name, (value,))
        for currency, named in money.items()
        for name, value in named.items()
    )
    assert {each.dimensions[-1] for each in figures(written)} == {("service", "orderhub")}
    assert "correlation_ids" in written[0]


def test_causes_are_named_once_and_only_where_somebody_knows_them() -> None:
    assert causes(["b", "", "a", "b"]) == {"correlation_ids": ["a", "b"]}
    assert causes([""]) == {}
