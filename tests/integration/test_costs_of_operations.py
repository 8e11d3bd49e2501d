"""What operations ask of the table is what the documents say, and what was promised."""

import subprocess
import sys

import pytest

from benchmarks import operations
from tests.support.table import ROOT

READ, WRITE = "Query", "TransactWriteItems"


def test_operations_and_access_patterns_cost_what_is_documented() -> None:
    """In a process of its own: functions keep clients and settings for as long as theirs lives."""
    command = [sys.executable, "-m", "benchmarks", "costs", "--check"]
    checked = subprocess.run(  # noqa: S603 - our own program
        command, cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert checked.returncode == 0, checked.stderr


@pytest.mark.parametrize(
    ("operation", "calls"),
    [
        ("marketplace: create", WRITE),
        ("marketplace: get", READ),
        ("marketplace: pay", f"{READ} + {WRITE}"),
        ("marketplace: update", f"{READ} + {WRITE}"),
        ("marketplace: complete", f"{READ} + {WRITE}"),
        ("youhaosuda: get", READ),
        ("youhaosuda: agree on a price", f"{READ} + {WRITE}"),
    ],
)
def test_single_orders_take_one_read_and_one_write_at_the_most(operation: str, calls: str) -> None:
    measured = {cost.name: cost for cost in operations.recorded()}
    assert measured[operation].calls == calls
