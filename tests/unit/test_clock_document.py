"""``docs/CLOCK.md`` names every time limit that the code has."""

import pytest

from orderhub.domain import details
from orderhub.domain.order import DeadlineKind
from tests.support.table import ROOT

DOCUMENT = (ROOT / "docs/CLOCK.md").read_text(encoding="utf-8")
ROWS = [line for line in DOCUMENT.splitlines() if line.startswith("| ")]
ADAPTERS = ROOT / "layers/core/orderhub/adapters/dynamodb"
FORGOTTEN = sorted(
    f"adapters/dynamodb/{module.name}"
    for module in ADAPTERS.glob("*.py")
    if "keys.EXPIRES_AT:" in module.read_text(encoding="utf-8")
    or "[keys.EXPIRES_AT]" in module.read_text(encoding="utf-8")
)
"""The modules that write items which the table forgets."""


def test_the_modules_that_write_what_is_forgotten_are_found() -> None:
    assert {"adapters/dynamodb/items.py", "adapters/dynamodb/links.py"} < set(FORGOTTEN)


@pytest.mark.parametrize(
    "named", [*(kind.value for kind in DeadlineKind), *details._LIFETIMES, *FORGOTTEN]
)
def test_every_limit_stands_in_a_table(named: str) -> None:
    assert any(f"`{named}`" in row for row in ROWS)


@pytest.mark.parametrize("kind", DeadlineKind)
def test_a_kind_of_deadline_has_one_row_with_what_closes_it_and_its_alarms(
    kind: DeadlineKind,
) -> None:
    (row,) = [line for line in ROWS if line.startswith(f"| `{kind.value}`:")]
    assert f"<stack>-{kind.value.replace('_', '-')}" in row
    assert row.count("Alarm") == (5 if kind is DeadlineKind.PAYMENT else 4)
