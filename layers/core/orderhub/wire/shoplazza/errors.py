"""Failures as the document tells them: a list of ``errors``, or one ``error`` for a whole store.

One entry per problem. A field stands in CamelCase, as in ``ShippingAddress.LastName is required``;
what the document has words for is told in those words, what happened and why, with a semicolon.
"""

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Final

from orderhub.domain.errors import (
    Busy,
    Forbidden,
    InvalidField,
    NotFound,
    OutOfStock,
    Reason,
    Refused,
    ShopInactive,
    Unauthenticated,
    Unavailable,
)
from orderhub.wire.contract import (
    BodyTooLarge,
    MalformedBody,
    Problem,
    Response,
    Unprocessable,
    UnsupportedMedia,
)

if TYPE_CHECKING:
    from . import answers

NO_ADDRESS: Final = "The shipping address does not pass;ShippingAddress is nil"
NO_CHECKOUT: Final = "Get transaction settings error;not exists checkout setting"
NO_RECORD: Final = "Failed to create order line items;record_not_found"
NOT_CALCULABLE: Final = "create_order_calculate_failed;order price calculate error"
NOT_BUILDABLE: Final = "create_order_build_failed;customer or paymentline information error"
NO_DETAIL: Final = "Get Order Detail failed"
SOLD_OUT: Final = "DecreaseInventory failed"
CREATE_FAILED: Final = "Create order failed"

NOT_ACTIVE: Final = "store is not active"
BAD_TOKEN: Final = "The access-token is missing or not valid"  # noqa: S105 - a message
NO_SCOPE: Final = "The access-token lacks the scope write_order"
ABORTED: Final = "Aborted"
TIMED_OUT: Final = "DeadlineExceeded"

IDEMPOTENCY_KEY: Final = "Idempotency-Key"

MOST_ERRORS: Final = 100
"""Of one answer. A thousand bad lines are told by their first."""

_MESSAGES: Final[Mapping[str, str]] = {
    "blank": "is required",
    "invalid": "is invalid",
    "negative": "must be greater than or equal to 0",
    "too_small": "must be greater than or equal to {least}",
    "not_a_number": "is not a number",
    "not_an_integer": "must be an integer",
    "not_an_object": "must be an object",
    "not_a_list": "must be an array",
    "not_a_time": "must be a time like 2022-01-02T03:04:05Z",
    "not_listed": "is not included in the list",
    "out_of_range": "is out of range",
    "too_precise": "has too many decimals",
    "too_long": "is too long",
    "too_many": "has too many entries (maximum is {longest})",
    "unknown": "is unknown",
    "another_body": "was used before with another request body",
    "exceeds_paid": "is more than what was paid",
    "not_all_refunded": "is less than what was paid: send partially_refunded",
    "all_refunded": "is all that was paid: send refunded",
    "nothing_refunded": "needs a refund: send refund_total, or refunded",
    "before_created_at": "is before CreatedAt",
    "too_many_pieces": "has more pieces than were ordered",
    "refused": "{why}",
}
_FIGURES: Final = {"too_long": " (maximum is {longest} characters)"}
"""What is added when the figures are known."""

_TOLD_AS: Final[Mapping[tuple[str, str], str]] = {
    ("shipping_address", "blank"): NO_ADDRESS,
    ("payment_line", "unusable_payment_line"): NOT_BUILDABLE,
    ("currency", "unpriced"): NO_CHECKOUT,
    ("discount", "exceeds_price"): NOT_CALCULABLE,
    ("tax", "exceeds_price"): NOT_CALCULABLE,
    ("created_at", "out_of_range"): "CreatedAt must be from 2000-01-02 to now",
    ("updated_at", "out_of_range"): "UpdatedAt must be from CreatedAt to now",
}
"""Fields and reasons that the document has words for."""

_CORE_FIELDS: Final = {
    "amount": "refund_total",
    "currency": "currency_code",
    "payment": "payment_line",
    "quantity": "line_items",
    "refund_lines": "refund_line_items",
    "shipping": "shipping_line.shipping_price",
    "stock": "line_items",
    "tax": "tax_total",
}
"""The core's names for fields of this API."""

_REFUSALS: Final[Mapping[str, str]] = {
    Reason.TOTAL_OUT_OF_RANGE: NOT_CALCULABLE,
    Reason.TOO_MANY_LINES: "LineItems has too many different items for one order",
    Reason.ORDER_TOO_LARGE: "LineItems is too large for one order",
    Reason.NOTHING_CAPTURED: "RefundTotal is more than what was paid",
    Reason.REFUND_EXCEEDS_CAPTURED: "RefundTotal is more than what was paid",
}


def render(error: Exception) -> Response:
    """This API's answer for ``error``; an opaque 500 for what nobody foresaw."""
    match error:
        case ShopInactive():
            gone: answers.Failure = {"error": NOT_ACTIVE}
            return Response(401, gone)
        case Unauthenticated():
            return _errors(401, BAD_TOKEN)
        case Forbidden():
            return _errors(403, NO_SCOPE)
        case MalformedBody() | UnsupportedMedia() | BodyTooLarge():
            return _errors(406, CREATE_FAILED)
        case Unprocessable():
            return _unprocessable(error.problems)
        case InvalidField():
            return _unprocessable([Problem(error.field, error.reason)])
        case NotFound():
            found = error.kind not in ("product", "variant")
            return _errors(422, NO_DETAIL if found else NO_RECORD)
        case OutOfStock():
            return _errors(422, SOLD_OUT)
        case Refused():
            # What is left are payments and statuses of migrated orders that don't go together.
            return _errors(422, _REFUSALS.get(error.reason, NOT_BUILDABLE))
        case Busy():
            return _later(ABORTED)
        case Unavailable():
            return _later(TIMED_OUT)
        case _:
            return _errors(500, ABORTED)


def told(problem: Problem) -> str:
    """What is wrong with a field, in one sentence."""
    known = _TOLD_AS.get((problem.field, problem.reason))
    if known:
        return known
    field = named(_CORE_FIELDS.get(problem.field, problem.field))
    template = _MESSAGES.get(problem.reason, _MESSAGES["invalid"])
    if problem.context:
        template += _FIGURES.get(problem.reason, "")
    elif "{" in template:
        template = _MESSAGES["out_of_range"]
    return f"{field} {template.format(**problem.context)}"


def named(path: str) -> str:
    """``line_items.0.variant_id`` as ``LineItems[0].VariantID``."""
    name = ""
    for part in path.split("."):
        if part.isdecimal():
            name += f"[{part}]"
        else:
            words = "".join("ID" if word == "id" else _capital(word) for word in part.split("_"))
            name += f".{words}" if name else words
    return name


def _capital(word: str) -> str:
    return word[:1].upper() + word[1:]


def _unprocessable(problems: Iterable[Problem]) -> Response:
    problems = list(problems)
    if any(problem.field == "base" for problem in problems):
        # Not an order with mistakes, but no order at all.
        return _errors(406, CREATE_FAILED)
    return _errors(422, *dict.fromkeys(map(told, problems[:MOST_ERRORS])))


def _later(word: str) -> Response:
    body: answers.Failures = {"errors": [word]}
    return Response(503, body, headers={"retry-after": "1"})


def _errors(status: int, *messages: str) -> Response:
    body: answers.Failures = {"errors": list(messages)}
    return Response(status, body)
