"""Failures as this API tells them: with HTTP 200, by ``meta`` alone, in the same envelope as
everything else."""

from collections.abc import Iterable, Mapping
from enum import Enum
from typing import TYPE_CHECKING, Final

from orderhub.domain.errors import (
    Busy,
    Forbidden,
    InvalidField,
    NotFound,
    OrderHubError,
    Refused,
    Unauthenticated,
    Unavailable,
)
from orderhub.wire.contract import (
    BodyTooLarge,
    MalformedBody,
    Problem,
    RequestError,
    Response,
    Unprocessable,
    UnsupportedMedia,
)

if TYPE_CHECKING:
    from . import answers

HTTP_OK: Final = 200
"""Of every answer."""


class Meta(Enum):
    """``code`` and ``message``, all that the vendor has."""

    OK = (200, "OK")
    OK_CREATED = (201, "OK_CREATED")
    OK_NO_CONTENT = (204, "OK_NO_CONTENT")
    INVALID_URI = (400, "INVALID_URI")
    INVALID_REQUEST_BODY = (400, "INVALID_REQUEST_BODY")
    PARAMETER_MISSING_OR_INVALID = (400, "PARAMETER_MISSING_OR_INVALID")
    BAD_OAUTH_REQUEST = (401, "BAD_OAUTH_REQUEST")
    PERMISSION_DENIED = (403, "PERMISSION_DENIED")
    RESOURCE_NOT_FOUND = (404, "RESOURCE_NOT_FOUND")
    METHOD_NOT_ALLOWED = (405, "METHOD_NOT_ALLOWED")
    UNSUPPORTED_MEDIA_TYPE = (415, "UNSUPPORTED_MEDIA_TYPE")
    RESOURCE_UPDATE_NOT_ALLOWED = (422, "RESOURCE_UPDATE_NOT_ALLOWED")
    INTERNAL_SERVER_ERROR = (500, "INTERNAL_SERVER_ERROR")

    def __init__(self, code: int, message: str) -> None:
        self.code = code
        self.message = message


class NotAllowed(OrderHubError):
    """The order's state forbids what a word asks for; the message says what to do instead."""

    code = "not_allowed"


class NoSuchPath(RequestError):
    """No operation has this path."""


class WrongMethod(RequestError):
    """The path is one of ours, but not with this method."""


NO_ADDRESS: Final = "the buyer's e-mail address is not known, or takes no mail"
NO_SHOP_ADDRESS: Final = "the shop has no e-mail address to send a copy to"
_LATER: Final = "The request could not be completed now. Nothing is wrong with it: try again."
_INTERNAL: Final = "Something went wrong on our side."

_FIELDS: Final[Mapping[str, str]] = {
    "tracking_number": "shipping.tracking_no",
    "tracking_url": "shipping.tracking_link",
    "sent_at": "shipping.date_shipped",
    "shipping": "cost.shipping",
    "insurance": "cost.insurance",
    "credit": "cost.credit",
    "etc1": "cost.etc1",
    "etc2": "cost.etc2",
}
"""The core's names for fields of this API."""

_MAIL: Final[Mapping[str, str]] = {"email": NO_ADDRESS, "copy_to": NO_SHOP_ADDRESS}

_REASONS: Final[Mapping[str, str]] = {
    "blank": "is missing",
    "not_a_number": "must be an amount like 10.0000",
    "not_an_integer": "must be an integer",
    "not_a_boolean": "must be true or false",
    "not_an_object": "must be an object",
    "not_a_time": "must be a time like 2013-12-01T18:05:46.123Z",
    "not_listed": "must be one of {choices}",
    "negative": "must not be negative",
    "too_small": "must not be less than {least}",
    "below_others": "can't be less than what other charges of the order come to",
    "too_precise": "has more decimals than its currency",
    "too_long": "has more than {longest} characters",
    "too_large": "is larger than an answer can be",
    "out_of_range": "is out of range",
    "taken": "belongs to another parcel of the order",
}
_INVALID: Final = "is not valid"


def render(error: Exception) -> Response:
    """This API's answer for ``error``; an opaque 500 for what nobody foresaw."""
    match error:
        case Unauthenticated():
            return failure(Meta.BAD_OAUTH_REQUEST, str(error))
        case Forbidden():
            return failure(Meta.PERMISSION_DENIED, str(error))
        case NoSuchPath():
            return failure(Meta.INVALID_URI, str(error))
        case WrongMethod():
            return failure(Meta.METHOD_NOT_ALLOWED, str(error))
        case NotFound():
            return failure(Meta.RESOURCE_NOT_FOUND, "There is no such order.")
        case UnsupportedMedia():
            return failure(Meta.UNSUPPORTED_MEDIA_TYPE, str(error))
        case MalformedBody() | BodyTooLarge():
            return failure(Meta.INVALID_REQUEST_BODY, str(error))
        case Unprocessable():
            return _unprocessable(error.problems)
        case InvalidField() if error.field in _MAIL:
            return failure(Meta.RESOURCE_UPDATE_NOT_ALLOWED, _MAIL[error.field])
        case InvalidField():
            field = _FIELDS.get(error.field, error.field)
            return _unprocessable([Problem(field, error.reason)])
        case NotAllowed() | Refused():
            return failure(Meta.RESOURCE_UPDATE_NOT_ALLOWED, str(error))
        case Busy() | Unavailable():
            return failure(Meta.INTERNAL_SERVER_ERROR, _LATER)
        case _:
            return failure(Meta.INTERNAL_SERVER_ERROR, _INTERNAL, is_fault=True)


def failure(meta: Meta, description: str, *, is_fault: bool = False) -> Response:
    body: answers.Failed = {
        "meta": {"description": description, "message": meta.message, "code": meta.code},
        "data": {},
    }
    return Response(HTTP_OK, body, about={"meta": f"{meta.code} {meta.message}"}, is_fault=is_fault)


def _unprocessable(problems: Iterable[Problem]) -> Response:
    problems = list(problems)
    if any(problem.field == "base" for problem in problems):
        return failure(Meta.INVALID_REQUEST_BODY, "The request body must be a JSON object.")
    return failure(Meta.PARAMETER_MISSING_OR_INVALID, "; ".join(map(_told, problems)))


def _told(problem: Problem) -> str:
    """``cost.shipping must be an amount like 10.0000``."""
    template = _REASONS.get(problem.reason, _INVALID)
    try:
        reason = template.format(**problem.context)
    except KeyError:
        reason = _REASONS["out_of_range"]
    return f"{problem.field} {reason}"
