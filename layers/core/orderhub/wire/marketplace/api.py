"""How this API authenticates and fails."""

from collections.abc import Mapping
from typing import Final

from orderhub.wire.contract import Response

from .errors import render


class Marketplace:
    """Bearer tokens or ``X-Spree-Token``; bodies as JSON or as forms."""

    name: Final = "marketplace"
    takes_forms: Final = True
    max_body_bytes: Final = 64 * 1024

    def token(self, headers: Mapping[str, str], body: object) -> str | None:
        scheme, _, token = headers.get("authorization", "").partition(" ")
        if scheme.lower() == "bearer" and token.strip():
            return token.strip()
        return headers.get("x-spree-token")

    def error(self, error: Exception) -> Response:
        return render(error)


API: Final = Marketplace()
