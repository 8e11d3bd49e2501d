"""How this API authenticates and fails."""

from collections.abc import Callable, Mapping
from typing import ClassVar, Final

from orderhub.domain.dataclass import dataclass
from orderhub.wire.contract import Response

from . import errors
from .usage import METER

WIRE: Final = "youhaosuda"
TOKEN_HEADER: Final = "x-api-access-token"  # noqa: S105 - a name


@dataclass(frozen=True, slots=True)
class Youhaosuda:
    """A token in a header of its own; bodies as JSON. ``render`` tells failures."""

    render: Callable[[Exception], Response]
    takes_forms: bool = False

    name: ClassVar = WIRE
    max_body_bytes: ClassVar = 64 * 1024

    def token(self, headers: Mapping[str, str], body: object) -> str | None:
        token = headers.get(TOKEN_HEADER, "").strip()
        METER.count(token)
        return token or None

    def error(self, error: Exception) -> Response:
        return self.render(error)


API: Final = Youhaosuda(errors.render)
TOKENS: Final = Youhaosuda(errors.render_token_error, takes_forms=True)
"""Where apps get their tokens: forms too, and OAuth's words for what is wrong."""
