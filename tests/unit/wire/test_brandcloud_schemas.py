"""What this API's forms say that they take is what they take, and each section's shape of failures
has the error names that the section can say."""

from collections.abc import Iterable, Iterator
from typing import Any, get_args, get_type_hints

import jsonschema_rs
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from orderhub.domain.errors import (
    InvalidField,
    InvalidProducts,
    NotFound,
    Refused,
    Unauthenticated,
    Unidentified,
)
from orderhub.wire.brandcloud import errors, schema, status
from orderhub.wire.brandcloud.errors import ForeignOrder, RepeatedTransaction, Vocabulary
from orderhub.wire.brandcloud.status import Endpoint
from orderhub.wire.contract import MalformedBody, Problem, Unprocessable
from orderhub.wire.fields import Check, Wrong
from orderhub.wire.statuses import Refuse, all_states
from tests.support.properties import examples
from tools.openapi.brandcloud import API

# -- what forms take -----------------------------------------------------------------------------

TEXTS = st.text("aé@. \t\n\x00\x7f\ufffd梵", max_size=8)
VALUES: st.SearchStrategy[Any] = (
    st.none() | st.booleans() | st.integers() | TEXTS | st.just([]) | st.just({})
)
TYPES = st.sampled_from([*schema.PaymentType, "paypal", "CASH"]).map(str)


def agree(check: Check, value: Any) -> bool:
    """Whether the form takes what its schema takes, and refuses what that refuses."""
    assert check.takes
    try:
        check.func(value)
    except Wrong:
        is_taken = False
    else:
        is_taken = True
    return jsonschema_rs.Draft202012Validator(check.takes()).is_valid(value) == is_taken


@given(VALUES | TYPES | TYPES.map(" {}\n".format))
@example("cashcredit_card")
@examples(150)
def test_ways_to_pay_are_taken_where_their_schema_takes_them(value: Any) -> None:
    assert agree(schema.PAYMENT_TYPE, value)


@given(VALUES | st.from_regex(r"\A[a.]{1,3}@[a.]{1,3}\Z"))
@example("")
@example("a@b")
@example("@")
@example("a@b@c")
@example("a" * 252 + "@b")
@example("a" * 253 + "@b")
@examples(150)
def test_addresses_of_mail_are_taken_where_their_schema_takes_them(value: Any) -> None:
    assert agree(schema.EMAIL, value)


@given(VALUES)
@example("a" * 255)
@example("a" * 256)
@examples(150)
def test_optional_texts_are_taken_where_their_schema_takes_them(value: Any) -> None:
    assert agree(schema.OPTIONAL, value)


# -- what failures say ---------------------------------------------------------------------------

SECTIONS: dict[str, tuple[Vocabulary, Endpoint | None]] = {
    "list_orders": (errors.LIST, None),
    "create_order": (errors.CREATE, None),
    "pay_order": (errors.PAYMENT, Endpoint.PAYMENT),
    "cancel_order": (errors.CANCEL, Endpoint.CANCEL),
    "refund_order": (errors.REFUND, Endpoint.REFUND),
    "query_refund": (errors.REFUND_QUERY, Endpoint.REFUND_QUERY),
    "get_order": (errors.DETAIL, None),
    "send_paypal_link": (errors.PAYPAL_SEND, Endpoint.PAYPAL_SEND),
    "get_transaction_result": (errors.TRANSACTION_RESULT, None),
    "get_partial_order": (errors.PARTIAL_DETAIL, Endpoint.PARTIAL_DETAIL),
    "confirm_purchase": (errors.CONFIRM, None),
    "edit_order": (errors.EDIT, Endpoint.EDIT),
    "download_invoice": (errors.INVOICE, None),
}
"""By operation: its words, and under which name ``status.REQUESTS`` knows it."""

WITHOUT_ORDERS = {"create_order", "get_transaction_result"}
"""They look for other things."""

WHATEVER_THE_STATE = {
    "confirm_purchase": {"order_is_finished", "order_is_aborted", "order_is_timeout"}
}
"""Names of the vocabulary, shared with other sections, that can't come up in this one."""


def documented(operation: str) -> set[str]:
    shape = API.operations[operation].answers[403].shape
    shapes = get_args(shape) or (shape,)
    return {name for each in shapes for name in _names(each)}


def _names(shape: Any) -> Iterable[str]:
    return get_args(get_type_hints(shape)["error_name"])


def sayable(operation: str) -> set[str]:
    words, endpoint = SECTIONS[operation]
    told = {named(errors.render(words, each)) for each in _failures(operation, words)}
    if endpoint:
        told |= set(_refusals(endpoint))
    if operation == "create_order":
        told.add(errors.REPEAT)
    return told


def named(response: Any) -> str:
    assert response.status == 403
    return str(response.body["error_name"])


def _failures(operation: str, words: Vocabulary) -> Iterator[Exception]:
    yield MalformedBody()
    if operation != "get_transaction_result":
        yield Unauthenticated()
        yield Unprocessable(Problem("api_key", "blank"))
    if operation not in WITHOUT_ORDERS:
        yield NotFound("order")
        yield ForeignOrder()
    if operation in ("pay_order", "refund_order"):
        yield RepeatedTransaction()
    if operation == "create_order":
        yield InvalidProducts(("AAAA0000000001",))
    if words.has_form:
        yield Unprocessable(Problem("billing_address.title", "blank"))
    yield from (Unidentified(reason) for reason in words.people)
    yield from (Refused(reason) for reason in words.states)
    yield from (NotFound(kind) for kind in words.missing)
    yield from (InvalidField(name, "invalid") for name in words.fields)


def _refusals(endpoint: Endpoint) -> Iterator[str]:
    for state in all_states():
        meaning = status.REQUESTS.meaning(endpoint, state)
        if isinstance(meaning, Refuse):
            yield str(meaning.reason)


@pytest.mark.parametrize("operation", API.operations)
def test_the_error_names_of_a_section_are_those_that_it_can_say(operation: str) -> None:
    assert sayable(operation) - WHATEVER_THE_STATE.get(operation, set()) == documented(operation)
