"""Failures as clients of this API expect them: HTTP 200, and ``code`` with ``errors`` in the body.

Only who may not come in at all, and faults of our own, are told by the HTTP status as well.
"""

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Final, Literal

from orderhub.domain.errors import (
    Busy,
    Forbidden,
    InvalidField,
    NotFound,
    OrderHubError,
    Reason,
    Refused,
    Unauthenticated,
    Unavailable,
)
from orderhub.wire.contract import Problem, RequestError, Response, Unprocessable

from .usage import METER

if TYPE_CHECKING:
    from . import answers

NOT_EDITABLE: Final = "订单状态不支持编辑"
"""The document's own words."""

BAD_TOKEN: Final = "token无效"  # noqa: S105 - a message
FORBIDDEN: Final = "token没有该权限"
BUSY: Final = "服务繁忙,请稍后重试"
INTERNAL: Final = "服务器内部错误"
UNREADABLE: Final = "请求内容无法解析"

_MISSING: Final = {
    "order": "未找到订单",
    "metafield": "未找到Metafield",
    "webhook": "未找到Webhook",
}

_MESSAGES: Final = {
    "blank": "不能为空",
    "invalid": "格式不正确",
    "not_a_number": "必须是数字",
    "not_an_integer": "必须是整数",
    "not_an_object": "必须是对象",
    "not_a_time": "不是有效的时间(格式2014-09-01T01:00:01)",
    "not_listed": "不在支持的范围内",
    "too_small": "过小",
    "out_of_range": "超出范围",
    "too_precise": "小数位数过多",
    "too_long": "过长",
    "too_short": "过短",
    "too_many": "数量过多",
    "too_large": "过大,请用fields或limit减少返回内容",
    "taken": "已存在",
    "unknown": "不存在",
    "refused": "不允许使用",
}

_FIELDS: Final = {
    "total": "total_amount",
    "base": "请求内容",
    "url": "address",
    "topics": "topic",
    "secret": "token",
    "subscriptions": "Webhook",
}
"""Our names of fields → this API's, where they differ."""


class NotEditable(OrderHubError):
    """The order's ``payment_status`` isn't pending (any more)."""

    code = "not_editable"


def render(error: Exception) -> Response:
    """This API's answer for ``error``; an opaque 500 for what nobody foresaw."""
    match error:
        case Unauthenticated():
            return _refused(401, BAD_TOKEN)
        case Forbidden():
            return _refused(403, FORBIDDEN)
        case NotFound():
            return _failed(404, _MISSING.get(error.kind, "未找到"))
        case NotEditable():
            return _failed(422, NOT_EDITABLE)
        case Refused(reason=Reason.TOTAL_OUT_OF_RANGE):
            return _invalid([Problem("total", "out_of_range")])
        case Refused():
            # Nothing but an order's price can be changed here.
            return _failed(422, NOT_EDITABLE)
        case InvalidField():
            return _invalid([Problem(error.field, error.reason)])
        case Unprocessable():
            return _invalid(error.problems)
        case RequestError():
            return _failed(422, UNREADABLE)
        case Busy() | Unavailable():
            return _refused(503, BUSY, headers={"retry-after": "1"})
        case _:
            return _refused(500, INTERNAL)


def _failed(code: Literal[404, 422], *errors: str) -> Response:
    body: answers.Failed = {"code": code, "errors": list(errors)}
    return Response(200, body, headers=METER.headers())


def _refused(
    code: Literal[401, 403, 500, 503], error: str, headers: Mapping[str, str] | None = None
) -> Response:
    """``code`` is HTTP's status too."""
    body: answers.Refused = {"code": code, "errors": [error]}
    return Response(code, body, headers={**METER.headers(), **(headers or {})})


def _invalid(problems: Iterable[Problem]) -> Response:
    return _failed(422, *(_told(problem) for problem in problems))


def _told(problem: Problem) -> str:
    """``total_amount不能为空``."""
    message = _MESSAGES.get(problem.reason, _MESSAGES["invalid"])
    return _FIELDS.get(problem.field, problem.field) + message


# -- the token endpoint --------------------------------------------------------------------------

INVALID_CLIENT: Final = "invalid_client"
INVALID_GRANT: Final = "invalid_grant"


def render_token_error(error: Exception) -> Response:
    """OAuth's words. Clients read ``error``, and look for a token in answers with 200 alone."""
    match error:
        case Unauthenticated():
            return _no_token(401, INVALID_CLIENT)
        case RequestError():
            return _no_token(400, INVALID_GRANT)
        case _:
            return render(error)


def _no_token(
    code: Literal[400, 401], error: Literal["invalid_client", "invalid_grant"]
) -> Response:
    body: answers.NoToken = {"error": error, "code": code, "errors": [error]}
    return Response(code, body, headers=METER.headers())
