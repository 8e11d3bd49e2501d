"""Every refusal there is has an answer of this API's own, and none tells more than it should."""

import re

import pytest

from orderhub.domain.errors import InvalidField, NotFound, OutOfStock, Reason, Refused
from orderhub.wire.contract import Problem, Unprocessable
from orderhub.wire.shoplazza import errors
from tests.support.table import ROOT

REASONS = [value for name, value in vars(Reason).items() if name.isupper()]

DOCUMENTED = {
    "The shipping address does not pass;ShippingAddress is nil",
    "Get transaction settings error;not exists checkout setting",
    "Failed to create order line items;record_not_found",
    "create_order_calculate_failed;order price calculate error",
    "create_order_build_failed;customer or paymentline information error",
    "Get Order Detail failed",
    "DecreaseInventory failed",
}
"""The document's 422s, but for ``order_id … CreateOrderBatchOption failed``: an order and all of
its parts are one transaction, so there is no order without them."""


def problems_in_the_code() -> set[str]:
    """Every reason that a field of this API's requests is given anywhere."""
    pattern = re.compile(r'(?:problem\(|Problem\([^,]+,\s*|append\(Problem\([^,]+,\s*)"(\w+)"')
    found: set[str] = set()
    for place in ("wire/fields.py", "wire/shoplazza"):
        source = ROOT / "layers/core/orderhub" / place
        for file in [source] if source.is_file() else source.rglob("*.py"):
            found |= set(pattern.findall(file.read_text(encoding="utf-8")))
    return found


def messages(error: Exception) -> list[str]:
    answer = errors.render(error)
    assert answer.status == 422
    assert isinstance(answer.body, dict)
    told: list[str] = answer.body["errors"]
    return told


def test_the_documents_words_are_all_there() -> None:
    spoken = (
        errors.NO_ADDRESS,
        errors.NO_CHECKOUT,
        errors.NO_RECORD,
        errors.NOT_CALCULABLE,
        errors.NOT_BUILDABLE,
        errors.NO_DETAIL,
        errors.SOLD_OUT,
    )
    assert set(spoken) == DOCUMENTED


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (Unprocessable(Problem("shipping_address", "blank")), errors.NO_ADDRESS),
        (InvalidField("currency", "unpriced"), errors.NO_CHECKOUT),
        (NotFound("product", "1"), errors.NO_RECORD),
        (NotFound("variant", "1"), errors.NO_RECORD),
        (InvalidField("discount", "exceeds_price"), errors.NOT_CALCULABLE),
        (InvalidField("tax", "exceeds_price"), errors.NOT_CALCULABLE),
        (Refused(Reason.TOTAL_OUT_OF_RANGE), errors.NOT_CALCULABLE),
        (Unprocessable(Problem("payment_line", "unusable_payment_line")), errors.NOT_BUILDABLE),
        (Refused(Reason.PAYMENT_REQUIRED), errors.NOT_BUILDABLE),
        (NotFound("order", 1), errors.NO_DETAIL),
        (OutOfStock((("1", "2"),)), errors.SOLD_OUT),
    ],
)
def test_what_the_document_has_words_for_is_told_in_those(error: Exception, told: str) -> None:
    assert messages(error) == [told]


@pytest.mark.parametrize("reason", REASONS)
def test_every_reason_for_a_refusal_is_told(reason: str) -> None:
    (message,) = messages(Refused(reason))
    assert message


@pytest.mark.parametrize("reason", sorted(problems_in_the_code()))
def test_every_reason_why_a_field_is_wrong_has_a_message(reason: str) -> None:
    (message,) = messages(InvalidField("note", reason))
    assert message.startswith("Note ")
    assert "{" not in message


def test_there_are_reasons_to_be_checked() -> None:
    assert {"blank", "not_a_time", "another_body", "exceeds_paid"} <= problems_in_the_code()


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("tax_total", "TaxTotal"),
        ("shipping_address.last_name", "ShippingAddress.LastName"),
        ("line_items.0.variant_id", "LineItems[0].VariantID"),
        ("tags.12", "Tags[12]"),
        ("Idempotency-Key", "Idempotency-Key"),
    ],
)
def test_fields_are_named_in_camel_case(path: str, name: str) -> None:
    assert errors.named(path) == name


def test_the_same_problem_is_told_once() -> None:
    twice = Unprocessable(Problem("tags", "invalid"), Problem("tags", "invalid"))
    assert messages(twice) == ["Tags is invalid"]
