"""Errors as clients of this style of API expect them.

One sentence in ``error``; for 422 also ``errors``, which names each field and what is wrong.
"""

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Final

from orderhub.domain.errors import (
    AmbiguousReference,
    Busy,
    Forbidden,
    InvalidField,
    NameIsAnId,
    NotFound,
    Reason,
    ReferenceTaken,
    Refused,
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

UNAUTHORIZED: Final = "You are not authorized to perform that action."
NOT_FOUND: Final = "The resource you were looking for could not be found."
INVALID: Final = "Invalid resource. Please fix errors and try again."
TRY_AGAIN: Final = "The service is busy. Nothing is lost; please try again."
INTERNAL: Final = "Something went wrong on our side."

_MESSAGES: Final = {
    "blank": "can't be blank",
    "invalid": "is invalid",
    "not_a_number": "is not a number",
    "not_an_integer": "must be an integer",
    "not_an_object": "must be an object with named fields",
    "not_a_date": "is not a date (use YYYY-MM-DD)",
    "not_listed": "is not included in the list",
    "too_small": "must be greater than or equal to {least}",
    "negative": "must not be negative",
    "not_positive": "must be greater than 0",
    "out_of_range": "is too large",
    "too_precise": "has more decimals than the currency",
    "too_long": "is too long",
    "unknown": "does not exist",
    "taken": "has already been taken",
    "wrong_currency": "is in another currency than the order",
}

_DETAILS: Final = {"too_long": " (maximum is {longest} characters)"}
"""What is added when the figures are known."""

_REFUSALS: Final = {
    Reason.ORDER_COMPLETED: ("state", "is completed"),
    Reason.ORDER_CANCELLED: ("state", "is cancelled"),
    Reason.ORDER_EXPIRED: ("state", "is expired"),
    Reason.ORDER_PAID: ("payment_state", "is paid, so lines and prices can't change"),
    Reason.PAYMENT_CONFIRMING: ("payment_state", "is confirming"),
    Reason.PAYMENT_REQUIRED: ("payment", "is required before the order can be completed"),
    Reason.NOTHING_TO_PAY: ("line_items", "can't be blank"),
    Reason.TOO_MANY_LINES: ("line_items", "are too many for one order"),
    Reason.TOO_MANY_PAYMENTS: ("payment", "is one too many for one order"),
    Reason.TOTAL_OUT_OF_RANGE: ("price", "makes the order's total too large"),
    Reason.MONEY_CAPTURED: ("payment_state", "holds money that must go back first"),
    Reason.NOTHING_CAPTURED: ("payment_state", "holds no money"),
    Reason.PAYMENT_UNKNOWN: ("payment", "does not exist"),
    Reason.PAYMENT_NOT_HELD: ("payment", "is not held"),
    Reason.TOO_MANY_DISPUTES: ("payment", "is disputed too often"),
    Reason.REFUND_EXCEEDS_CAPTURED: ("amount", "is more than can be refunded"),
    Reason.REFUND_WINDOW_CLOSED: ("payment_state", "can't be refunded any more"),
    Reason.REFUND_UNKNOWN: ("refund", "does not exist"),
    Reason.TOO_MANY_REFUNDS: ("refund", "is one too many for one order"),
    Reason.TOO_MANY_NOTES: ("note", "is one too many for one order"),
    Reason.TOO_MANY_MESSAGES: ("message", "is one too many for one order"),
    Reason.FEEDBACK_GIVEN: ("feedback", "has been given already"),
    Reason.NO_FEEDBACK: ("feedback", "does not exist"),
    Reason.FEEDBACK_REPLIED: ("feedback", "has been replied to already"),
    Reason.TOO_MANY_SHIPMENTS: ("shipment", "is one too many for one order"),
    Reason.NOTHING_TO_REFUND: ("payment_state", "leaves nothing to refund"),
    Reason.REFUND_REPEATED: ("refund", "has been made already"),
    Reason.OTHER_PAYMENT_METHOD: ("payment", "is by another method"),
    Reason.PAYMENT_OF_ANOTHER_ORDER: ("payment", "is another order's"),
    Reason.CART_EMPTY: ("cart", "can't be blank"),
    Reason.BOUND_TO_ANOTHER: ("customer", "is somebody else"),
    Reason.NOTHING_TO_SHIP: ("shipment_state", "leaves nothing to ship"),
    Reason.NOT_SHIPPED: ("shipment_state", "is not shipped"),
    Reason.SHIPMENT_UNKNOWN: ("shipment", "does not exist"),
    Reason.ORDER_TOO_LARGE: ("line_items", "are too large for one order"),
}

_FIELD_OF_REFERENCE: Final = {"order": "merchant_order_no", "payment": "merchant_trade_no"}


def render(error: Exception) -> Response:
    """This API's answer for ``error``; an opaque 500 for what nobody foresaw."""
    match error:
        case Unauthenticated():
            return _failure(401, UNAUTHORIZED)
        case Forbidden():
            return _failure(403, UNAUTHORIZED)
        case MalformedBody():
            return _failure(400, str(error))
        case BodyTooLarge():
            return _failure(413, str(error))
        case UnsupportedMedia():
            return _failure(415, str(error))
        case Unprocessable():
            return _invalid(error.problems)
        case InvalidField():
            return _invalid([Problem(error.field, _reason(error))])
        case NameIsAnId():
            return _invalid([Problem("merchant_order_no", "taken")])
        case ReferenceTaken():
            return _invalid([Problem(_FIELD_OF_REFERENCE.get(error.kind, "base"), "taken")])
        case AmbiguousReference():
            return _unprocessable(
                {"id": ["means several orders; use the order's id or number instead"]}
            )
        case NotFound():
            return _failure(404, NOT_FOUND)
        case Refused():
            field, message = _REFUSALS[error.reason]
            return _unprocessable({field: [message]})
        case Busy() | Unavailable():
            return _failure(503, TRY_AGAIN, headers={"retry-after": "1"})
        case _:
            return _failure(500, INTERNAL)


def _reason(error: InvalidField) -> str:
    return "not_positive" if error.reason == "too_small" else error.reason


def _invalid(problems: Iterable[Problem]) -> Response:
    errors: dict[str, list[str]] = {}
    for problem in problems:
        template = _MESSAGES[problem.reason]
        if problem.context:
            template += _DETAILS.get(problem.reason, "")
        errors.setdefault(problem.field, []).append(template.format(**problem.context))
    return _unprocessable(errors)


def _unprocessable(errors: dict[str, list[str]]) -> Response:
    body: answers.Invalid = {"error": INVALID, "errors": errors}
    return Response(422, body)


def _failure(status: int, message: str, headers: Mapping[str, str] | None = None) -> Response:
    body: answers.Failure = {"error": message}
    return Response(status, body, headers=headers or {})
