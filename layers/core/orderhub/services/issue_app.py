"""Apps: systems that trade a key and a secret for their token.

An app's token follows from its key and secret, so trading them again gives the same token, and
nothing but the token's own hash needs to be stored: a wrong secret and an unknown key both lead to
a token that nobody has.
"""

import hashlib
import hmac
import secrets
from collections.abc import Iterable
from datetime import datetime
from typing import Final

from orderhub.domain.dataclass import dataclass
from orderhub.domain.errors import InvalidField, Unauthenticated
from orderhub.domain.shop import Credential
from orderhub.ports import Clock, ShopRepository

from .authenticate import token_hash
from .manage_shops import ALL_SCOPES, SHORTEST_TOKEN, issue_credential

LONGEST_PART: Final = 256
"""Of a key or a secret, in characters."""

_LABEL: Final = b"orderhub access token\0"
_RANDOM_BYTES: Final = 16


@dataclass(frozen=True, slots=True)
class IssuedApp:
    """``key``, ``secret`` and ``token`` are shown to the one who asked for them and kept nowhere.
    Revoking ``credential`` stops all three."""

    credential: Credential
    key: str
    secret: str
    token: str


def access_token(key: str, secret: str) -> str:
    """The token of the app with this key and secret, whether there is one or not: 64 digits in
    hex."""
    told = _LABEL + key.encode(errors="surrogatepass")
    return hmac.new(secret.encode(errors="surrogatepass"), told, hashlib.sha256).hexdigest()


def issue_app(
    shops: ShopRepository,
    clock: Clock,
    shop_id: str,
    *,
    wire: str,
    label: str,
    scopes: Iterable[str] = ALL_SCOPES,
    key: str | None = None,
    secret: str | None = None,
    expires_at: datetime | None = None,
) -> IssuedApp:
    """Let an external system in by a key and a secret, random ones unless it brings its own.

    Raises what :func:`~orderhub.services.manage_shops.issue_credential` raises; ``token`` is
    ``taken`` when any app has this key and this secret already.
    """
    key = secrets.token_hex(_RANDOM_BYTES) if key is None else _require("app_key", key, shortest=1)
    if secret is None:
        secret = secrets.token_hex(_RANDOM_BYTES)
    else:
        _require("app_secret", secret, shortest=SHORTEST_TOKEN)
    issued = issue_credential(
        shops,
        clock,
        shop_id,
        wire=wire,
        label=label,
        scopes=scopes,
        token=access_token(key, secret),
        app_key=key,
        expires_at=expires_at,
    )
    return IssuedApp(issued.credential, key, secret, issued.token)


@dataclass(frozen=True, slots=True)
class GrantedToken:
    credential: Credential
    token: str


def grant_token(
    shops: ShopRepository, clock: Clock, wire: str, key: str, secret: str
) -> GrantedToken:
    """The token of an app, for its key and secret; one read, no write.

    Raises :class:`Unauthenticated`, for all that can be wrong with them alike.
    """
    if 0 < len(key) <= LONGEST_PART and 0 < len(secret) <= LONGEST_PART:
        token = access_token(key, secret)
        credential = shops.credential(token_hash(token))
        if credential and credential.wire == wire and credential.holds_at(clock.now()):
            return GrantedToken(credential, token)
    raise Unauthenticated("the key or the secret is not valid")


def _require(field: str, text: str, *, shortest: int) -> str:
    if not shortest <= len(text) <= LONGEST_PART:
        raise InvalidField(
            field,
            "too_short" if len(text) < shortest else "too_long",
            f"{field} has from {shortest} to {LONGEST_PART} characters",
        )
    if not (text.isascii() and text.isprintable()) or " " in text or ":" in text:
        raise InvalidField(field, "invalid", f"{field} has no blanks, no ':', nothing but ASCII")
    return text
