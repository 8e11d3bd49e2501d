"""How this API authenticates and fails: one API, thirteen vocabularies of errors."""

from collections.abc import Mapping
from typing import ClassVar, Final

from orderhub.domain.dataclass import dataclass
from orderhub.wire.contract import Problem, Response, Unprocessable

from . import errors
from .errors import Vocabulary

WIRE: Final = "brandcloud"


@dataclass(frozen=True, slots=True)
class Section:
    """One section of the document, as the HTTP layer must know it.

    ``api_key`` stands in the JSON body; where ``in_header``, it is the whole of ``Authorization``.
    """

    words: Vocabulary
    in_header: bool = False

    name: ClassVar = WIRE
    takes_forms: ClassVar = False
    max_body_bytes: ClassVar = 64 * 1024

    def token(self, headers: Mapping[str, str], body: object) -> str:
        """The ``api_key``. Raises :class:`Unprocessable` when it is not there: this API tells a
        missing parameter from a wrong one."""
        given = headers.get("authorization") if self.in_header else _api_key(body)
        if given is None or not given.strip():
            raise Unprocessable(Problem("api_key", "blank"))
        return given.strip()

    def error(self, error: Exception) -> Response:
        return errors.render(self.words, error)


def _api_key(body: object) -> str | None:
    given = body.get("api_key") if isinstance(body, Mapping) else None
    return given if isinstance(given, str) else None


LIST: Final = Section(errors.LIST)
CREATE: Final = Section(errors.CREATE)
PAYMENT: Final = Section(errors.PAYMENT)
CANCEL: Final = Section(errors.CANCEL)
REFUND: Final = Section(errors.REFUND)
DETAIL: Final = Section(errors.DETAIL)
PAYPAL_SEND: Final = Section(errors.PAYPAL_SEND)
TRANSACTION_RESULT: Final = Section(errors.TRANSACTION_RESULT)
REFUND_QUERY: Final = Section(errors.REFUND_QUERY)
PARTIAL_DETAIL: Final = Section(errors.PARTIAL_DETAIL, in_header=True)
CONFIRM: Final = Section(errors.CONFIRM)
EDIT: Final = Section(errors.EDIT)
INVOICE: Final = Section(errors.INVOICE, in_header=True)
