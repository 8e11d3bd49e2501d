"""Turn a presented token into a principal. Cached for a minute in the warm function, no longer."""

import hashlib
from typing import Final

from orderhub.domain.errors import Forbidden, Unauthenticated
from orderhub.domain.shop import Principal
from orderhub.ports import Clock, ShopRepository

CACHE_SECONDS: Final = 60.0
_CACHE_SIZE: Final = 1024
_LONGEST_TOKEN: Final = 512


def token_hash(token: str) -> str:
    """SHA-256 in hex. Tokens are long and random, so a slow hash would only cost time."""
    return hashlib.sha256(token.encode(errors="surrogatepass")).hexdigest()


class Authenticator:
    """A revoked token, or changed windows of a shop, take effect within ``CACHE_SECONDS``.

    Only good credentials are cached: a newly issued one works at once.
    """

    def __init__(self, shops: ShopRepository, clock: Clock) -> None:
        self._shops = shops
        self._clock = clock
        self._cache: dict[tuple[str, str], tuple[float, Principal]] = {}

    def authenticate(self, wire: str, token: str | None, scope: str) -> Principal:
        """Raises :class:`Unauthenticated`, or :class:`Forbidden` when ``scope`` is missing."""
        if not token or len(token) > _LONGEST_TOKEN:
            raise Unauthenticated("no usable credential was given")
        principal = self._principal(wire, token_hash(token))
        if scope not in principal.scopes:
            raise Forbidden(scope)
        return principal

    def _principal(self, wire: str, hashed: str) -> Principal:
        now = self._clock.monotonic()
        cached = self._cache.get((wire, hashed))
        if cached and cached[0] > now:
            return cached[1]
        credential = self._shops.credential(hashed)
        if credential is None or credential.wire != wire or credential.revoked_at:
            self._cache.pop((wire, hashed), None)
            raise Unauthenticated("the credential is not valid")
        shop = self._shops.get(credential.shop_id)
        if shop is None:
            raise Unauthenticated("the credential's shop does not exist")
        principal = Principal(
            shop=shop,
            credential_id=credential.id,
            label=credential.label,
            scopes=frozenset(credential.scopes),
            user_id=credential.user_id,
        )
        if len(self._cache) >= _CACHE_SIZE:
            self._cache.clear()
        self._cache[(wire, hashed)] = (now + CACHE_SECONDS, principal)
        return principal
