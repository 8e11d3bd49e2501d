"""The lines in docs/OPERATING.md are orders, and its table has every field."""

import json
import re
from pathlib import Path
from typing import Any, Final

import pytest

from orderhub.domain.status import FulfilmentStatus, OrderStatus, PaymentStatus
from orderhub_cli.interchange.entries import HistoryEntry, OrderEntry
from orderhub_cli.interchange.reading import CALCULATED, NOT_READ, ONLY_BY_EVENTS
from tests.support.interchange import brought_in

DOCUMENT: Final = (Path(__file__).parents[3] / "docs" / "OPERATING.md").read_text("utf-8")
SECTION: Final = DOCUMENT.split("### Orders as JSON Lines\n")[1].split("\n### ")[0]


@pytest.fixture
def lines() -> list[dict[str, Any]]:
    found = re.findall(r"```json\n(.*?)```", SECTION, re.DOTALL)
    return [json.loads(text) for text in found]


def test_the_least_that_a_line_needs_is_an_order(lines: list[dict[str, Any]]) -> None:
    order = brought_in(lines[0]).order
    assert (order.status, order.total.decimal_text) == (OrderStatus.OPEN, "10.00")


def test_a_full_line_is_all_that_happened(lines: list[dict[str, Any]]) -> None:
    order = brought_in(lines[1]).order
    assert order.number == "2024/0017"
    assert order.status is OrderStatus.COMPLETED
    assert order.payment_status is PaymentStatus.PARTIALLY_REFUNDED
    assert order.fulfilment_status is FulfilmentStatus.RECEIVED
    assert [payment.state.value for payment in order.payments] == ["failed", "captured"]
    assert order.invoices[0].number == "RE-17"
    assert (order.notes[0].author, order.feedback[0].reply) == ("Li", "Thanks")


def test_the_table_names_every_field() -> None:
    fields = {*HistoryEntry.model_fields, *CALCULATED, *NOT_READ, *ONLY_BY_EVENTS, "events"}
    named = set(re.findall(r"`(\w+)`", SECTION))
    assert fields - OrderEntry.model_fields.keys() <= named
