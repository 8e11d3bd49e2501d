"""Which HTTP status tells a provider what became of its notification.

Every status here makes providers try again. They differ for us: API Gateway counts 4xx and 5xx
apart, and an alarm stands on the latter. What anybody can bring about by sending nonsense is a 4xx;
a 5xx is ours to mend.
"""

from orderhub.domain.errors import Busy, InvalidField, NotFound, Unauthenticated, Unavailable
from orderhub.wire.contract import BodyTooLarge, RequestError


def refusal_status(error: Exception) -> int:
    """404 for an account that is not there, 401 for a signature, 503 where the same will do later,
    500 for what nobody foresaw."""
    match error:
        case NotFound():
            return 404
        case Unauthenticated():
            return 401
        case BodyTooLarge():
            return 413
        case RequestError() | InvalidField():
            return 400
        case Busy() | Unavailable():
            return 503
        case _:
            return 500
