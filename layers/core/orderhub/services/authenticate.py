"""Turn a presented token into a principal. Cached for a minute in the warm function, no longer."""

import hashlib
from collections.abc import Callable
from typing import Final, Generic, TypeVar

from orderhub.domain.errors import Forbidden, ShopInactive, Unauthenticated
from orderhub.domain.shop import Credential, Principal, Shop
from orderhub.ports import Clock, ShopRepository

CACHE_SECONDS: Final = 60.0
_CACHE_SIZE: Final = 1024
_LONGEST_TOKEN: Final = 512

_Key = TypeVar("_Key")
_Found = TypeVar("_Found")


def token_hash(token: str) -> str:
    """SHA-256 in hex. Tokens are long and random, so a slow hash would only cost time."""
    return hashlib.sha256(token.encode(errors="surrogatepass")).hexdigest()


def principal_of(credential: Credential, shop: Shop) -> Principal:
    return Principal(
        shop=shop,
        credential_id=credential.id,
        label=credential.label,
        scopes=frozenset(credential.scopes),
        user_id=credential.user_id,
        expires_at=credential.expires_at,
    )


class Recent(Generic[_Key, _Found]):
    """What was found within the last ``CACHE_SECONDS``, as far as it isn't too much to keep."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._found: dict[_Key, tuple[float, _Found]] = {}

    def __len__(self) -> int:
        return len(self._found)

    def get(self, key: _Key, find: Callable[[], _Found]) -> _Found:
        """What was found for ``key``, or what ``find`` finds now. What it raises isn't kept."""
        now = self._clock.monotonic()
        kept = self._found.pop(key, None)
        if kept is None or kept[0] <= now:
            kept = (now + CACHE_SECONDS, find())
        if len(self._found) >= _CACHE_SIZE:
            self._found.clear()
        self._found[key] = kept
        return kept[1]


class Authenticator:
    """A revoked token, or changed windows of a shop, take effect within ``CACHE_SECONDS``; a token
    that expires is refused from its millisecond on.

    Only good credentials are cached: a newly issued one works at once.
    """

    def __init__(self, shops: ShopRepository, clock: Clock) -> None:
        self._shops = shops
        self._clock = clock
        self._cache: Recent[tuple[str, str], Principal] = Recent(clock)

    def authenticate(self, wire: str, token: str | None, scope: str) -> Principal:
        """Raises :class:`Unauthenticated` (:class:`ShopInactive` for a good credential of a shop
        that is not there), or :class:`Forbidden` when ``scope`` is missing."""
        if not token or len(token) > _LONGEST_TOKEN:
            raise Unauthenticated("no usable credential was given")
        hashed = token_hash(token)
        principal = self._cache.get((wire, hashed), lambda: self._find(wire, hashed))
        if principal.is_expired(self._clock.now()):
            raise Unauthenticated("the credential is not valid")
        if scope not in principal.scopes:
            raise Forbidden(scope)
        return principal

    def _find(self, wire: str, hashed: str) -> Principal:
        credential = self._shops.credential(hashed)
        if credential is None or credential.wire != wire or credential.revoked_at:
            raise Unauthenticated("the credential is not valid")
        shop = self._shops.get(credential.shop_id)
        if shop is None:
            raise ShopInactive("the credential's shop does not exist")
        return principal_of(credential, shop)
