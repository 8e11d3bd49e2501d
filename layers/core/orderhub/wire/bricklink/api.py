"""How this API takes requests and fails."""

from typing import Final

from orderhub.wire.contract import Response

from . import facts
from .errors import render


class BrickLink:
    """Signed requests, so no token anywhere; bodies as JSON."""

    name: Final = facts.WIRE
    takes_forms: Final = False
    max_body_bytes: Final = 64 * 1024

    def error(self, error: Exception) -> Response:
        return render(error)


API: Final = BrickLink()
