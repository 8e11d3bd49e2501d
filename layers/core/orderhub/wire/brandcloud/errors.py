"""Failures as the document tells them: HTTP 403 and an ``error_name``, section by section.

Each endpoint speaks the vocabulary that its own section lists, and no other: the same thing is
``does not signin`` here and ``not_sign_in`` there. What a section has no name for is told by the
listed name that comes nearest; what its document could not foresee (we are busy, we failed) is no
403, so that a client doesn't take it for an answer.
"""

from collections.abc import Iterable, Mapping
from dataclasses import field
from typing import Final

from orderhub.domain.dataclass import dataclass
from orderhub.domain.errors import (
    Busy,
    Forbidden,
    InvalidField,
    InvalidProducts,
    NotFound,
    Reason,
    ReferenceTaken,
    Refused,
    Unauthenticated,
    Unavailable,
    Unidentified,
)
from orderhub.wire.contract import BodyTooLarge, Problem, RequestError, Response, Unprocessable

from .status import OrderIs, StateError

LACKING: Final = "lack of parameters"
NOT_SIGNED_IN: Final = "does not signin"
NO_ORDER: Final = "order not exist"
ILLEGAL_FORM: Final = "illegal_form_input"
REPEAT: Final = "repeat"
INVALID_PAYMENT: Final = "invalid payment"
REFUND_EXPIRED: Final = "refund expired"

BUSY: Final = "service busy"
INTERNAL: Final = "internal error"


class Forbids(Exception):
    """This API's own rules say no; ``error_name`` is the name that the section has for it."""

    code = "refused"

    def __init__(self, error_name: str) -> None:
        super().__init__(error_name)
        self.error_name = error_name


class RepeatedTransaction(Exception):
    """The transaction paid this very order before."""

    code = "reference_taken"


class ForeignOrder(Exception):
    """The order is another company's, or of a salesperson whom the caller may not stand in for."""

    code = "not_found"


@dataclass(frozen=True, slots=True, kw_only=True)
class Vocabulary:
    """The error names of one section.

    ``people`` has a name for each reason of :class:`Unidentified`, ``states`` for each reason of
    :class:`Refused` that can come up, ``missing`` for each kind of thing that is not there, and
    ``fields`` for fields whose wrong values have a name of their own.
    """

    not_signed_in: str = NOT_SIGNED_IN
    no_api_key: str = LACKING
    lacking: str = LACKING
    no_order: str = NO_ORDER
    foreign_order: str = NO_ORDER
    repeated: str = LACKING
    has_form: bool = False
    people: Mapping[str, str] = field(default_factory=dict)
    states: Mapping[str, str] = field(default_factory=dict)
    missing: Mapping[str, str] = field(default_factory=dict)
    fields: Mapping[str, str] = field(default_factory=dict)


_SALESPEOPLE: Final = {
    Unidentified.USER_UNKNOWN: NOT_SIGNED_IN,
    Unidentified.NO_COMPANY_SELECTED: "not select company yet",
    Unidentified.COMPANY_UNKNOWN: "company not exist",
    Unidentified.NOT_A_MEMBER: "not company member",
}

_MONEY: Final = {
    Reason.ORDER_EXPIRED: StateError.CLOSED.value,
    Reason.ORDER_CANCELLED: StateError.CLOSED.value,
    Reason.ORDER_COMPLETED: StateError.CLOSED.value,
    Reason.ORDER_PAID: StateError.PAID.value,
    Reason.PAYMENT_CONFIRMING: StateError.CONFIRMING.value,
    # Part of the money is there, which this API reads as a payment under way.
    Reason.MONEY_CAPTURED: StateError.CONFIRMING.value,
    Reason.TOO_MANY_PAYMENTS: StateError.CONFIRMING.value,
    # An order from elsewhere whose lines are still to come.
    Reason.NOTHING_TO_PAY: StateError.CONFIRMING.value,
}

_REFUNDS: Final = {
    Reason.NOTHING_CAPTURED: StateError.OPEN.value,
    Reason.NOTHING_TO_REFUND: StateError.REFUNDED.value,
    Reason.REFUND_EXCEEDS_CAPTURED: StateError.REFUNDED.value,
    Reason.TOO_MANY_REFUNDS: StateError.REFUNDED.value,
    Reason.REFUND_WINDOW_CLOSED: REFUND_EXPIRED,
}

_CONSUMERS: Final = Vocabulary(
    not_signed_in="not_sign_in",
    no_order="order_not_exist",
    foreign_order="order_not_exist",
    people={Unidentified.USER_UNKNOWN: "not_sign_in"},
    states={
        Reason.BOUND_TO_ANOTHER: "order_not_bound_same_user",
        Reason.ORDER_EXPIRED: OrderIs.TIMEOUT.value,
        Reason.ORDER_CANCELLED: OrderIs.ABORTED.value,
        Reason.ORDER_COMPLETED: OrderIs.FINISHED.value,
        Reason.ORDER_PAID: OrderIs.FINISHED.value,
    },
    fields={"order_number": "order_not_exist"},
)

_ORDER_NUMBER: Final = {"order_number": NO_ORDER}

LIST: Final = Vocabulary(people=_SALESPEOPLE)

CREATE: Final = Vocabulary(
    people=_SALESPEOPLE,
    states={
        Reason.CART_EMPTY: "no products",
        # A cart of more than any order can hold is none that can be ordered.
        Reason.TOTAL_OUT_OF_RANGE: "cart not exist",
        Reason.TOO_MANY_LINES: "cart not exist",
        Reason.ORDER_TOO_LARGE: "cart not exist",
    },
    missing={"cart": "cart not exist"},
    fields={"cart_id": "cart not exist"},
)

PAYMENT: Final = Vocabulary(
    people=_SALESPEOPLE, states=_MONEY, fields=_ORDER_NUMBER, repeated="repeated"
)

CANCEL: Final = Vocabulary(people=_SALESPEOPLE, states=_MONEY, fields=_ORDER_NUMBER)

REFUND: Final = Vocabulary(
    people=_SALESPEOPLE,
    # The document's spelling.
    foreign_order="not reatiler order",
    repeated="repeated",
    states={
        **_REFUNDS,
        Reason.REFUND_REPEATED: "repeated",
        Reason.PAYMENT_UNKNOWN: "transaction not found",
        Reason.PAYMENT_OF_ANOTHER_ORDER: "invalid transaction id",
    },
    fields={**_ORDER_NUMBER, "transaction_id": "transaction not found"},
)

REFUND_QUERY: Final = Vocabulary(people=_SALESPEOPLE, states=_REFUNDS, fields=_ORDER_NUMBER)

DETAIL: Final = Vocabulary(
    people={**_SALESPEOPLE, Unidentified.MAY_NOT_SELL: "no permission"}, fields=_ORDER_NUMBER
)

PAYPAL_SEND: Final = Vocabulary(
    # The section names no trouble with companies: who has none finds no order there.
    people={
        Unidentified.USER_UNKNOWN: NOT_SIGNED_IN,
        Unidentified.NO_COMPANY_SELECTED: NO_ORDER,
        Unidentified.COMPANY_UNKNOWN: NO_ORDER,
        Unidentified.NOT_A_MEMBER: NO_ORDER,
    },
    states={**_MONEY, Reason.OTHER_PAYMENT_METHOD: INVALID_PAYMENT},
    fields={**_ORDER_NUMBER, "email": "invalid email"},
)

TRANSACTION_RESULT: Final = Vocabulary(
    no_order="result not exist",
    lacking="result not exist",
    missing={"payment_link": "result not exist", "expired_payment_link": "log expired"},
    fields={"token": "result not exist"},
)

PARTIAL_DETAIL: Final = _CONSUMERS

CONFIRM: Final = _CONSUMERS

EDIT: Final = Vocabulary(
    not_signed_in=_CONSUMERS.not_signed_in,
    # This section alone knows nothing of lacking parameters.
    no_api_key=_CONSUMERS.not_signed_in,
    lacking=_CONSUMERS.no_order,
    has_form=True,
    no_order=_CONSUMERS.no_order,
    foreign_order=_CONSUMERS.no_order,
    people=_CONSUMERS.people,
    states=_CONSUMERS.states,
    fields=_CONSUMERS.fields,
)

INVOICE: Final = Vocabulary(
    people=_SALESPEOPLE, fields=_ORDER_NUMBER, missing={"invoice": "invoice not exist"}
)


def render(words: Vocabulary, error: Exception) -> Response:
    """The answer of a section with these ``words``; an opaque 500 for what nobody foresaw."""
    match error:
        case Unauthenticated() | Forbidden():
            return failure(words.not_signed_in)
        case Unidentified():
            return failure(words.people.get(error.reason, words.no_order))
        case Unprocessable():
            return _unprocessable(words, error.problems)
        case BodyTooLarge() if words.has_form:
            return failure(ILLEGAL_FORM, validation={})
        case RequestError():
            # What can't be read holds none of the parameters.
            return failure(words.lacking)
        case Forbids():
            return failure(error.error_name)
        case ForeignOrder():
            return failure(words.foreign_order)
        case RepeatedTransaction() | ReferenceTaken():
            return failure(words.repeated)
        case InvalidProducts():
            return failure("product invalid", products=list(error.numbers))
        case InvalidField():
            return failure(words.fields.get(error.field, words.lacking))
        case NotFound():
            return failure(words.missing.get(error.kind, words.no_order))
        case Refused() if error.reason in words.states:
            return failure(words.states[error.reason])
        case Busy() | Unavailable():
            return Response(503, {"error_name": BUSY}, headers={"retry-after": "1"})
        case _:
            return Response(500, {"error_name": INTERNAL})


def failure(error_name: str, **more: object) -> Response:
    """HTTP 403, as for every failure of this API, whatever the reason."""
    return Response(403, {"error_name": error_name, **more})


def _unprocessable(words: Vocabulary, problems: Iterable[Problem]) -> Response:
    """What is missing comes before what is wrong, and that before what the form holds."""
    form: dict[str, list[str]] = {}
    named = None
    for problem in problems:
        name, _, input_name = problem.field.partition(".")
        if name == "api_key":
            return failure(words.no_api_key)
        if name == "billing_address":
            said = "required" if problem.reason == "blank" else "invalid"
            form.setdefault(input_name or name, []).append(said)
        elif problem.reason == "blank" or problem.field not in words.fields:
            return failure(words.lacking)
        else:
            named = words.fields[problem.field]
    if named:
        return failure(named)
    return failure(ILLEGAL_FORM, validation=form)
