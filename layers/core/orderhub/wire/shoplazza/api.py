"""How this API authenticates and fails."""

from collections.abc import Mapping
from typing import Final

from orderhub.wire.contract import Response

from .errors import render


class Shoplazza:
    """``access-token``; bodies as JSON."""

    name: Final = "shoplazza"
    takes_forms: Final = False
    max_body_bytes: Final = 512 * 1024

    def token(self, headers: Mapping[str, str], body: object) -> str | None:
        return headers.get("access-token", "").strip() or None

    def error(self, error: Exception) -> Response:
        return render(error)


API: Final = Shoplazza()
