"""Turn a signed request into a principal: OAuth 1.0's consumers and tokens.

A signer has a consumer key and a token, which requests name, and a secret for each, which they
never do. The secrets stand with the credential, encrypted, since without them no signature can be
checked. Like tokens they are kept in the warm function for a minute, no longer.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import field
from datetime import UTC, datetime
from typing import Final, Protocol

from orderhub.domain.dataclass import dataclass
from orderhub.domain.errors import Forbidden, SignatureRefused
from orderhub.domain.shop import Credential, Principal
from orderhub.ports import Clock, Nonces, ShopRepository, Vault

from .authenticate import Recent, principal_of, token_hash

PURPOSE: Final = "request-signing"
"""Of these secrets in the vault. The template allows functions to decrypt by it."""

LONGEST_PART: Final = 256
"""Of a signer's keys and secrets, in characters."""

_CLOCK_SKEW: Final = 60
"""Seconds that a nonce is kept beyond its time, for clocks that disagree."""


class SignedRequest(Protocol):
    """A request as far as its signature is concerned. ``timestamp`` is in seconds since 1970."""

    @property
    def consumer_key(self) -> str: ...

    @property
    def token(self) -> str: ...

    @property
    def timestamp(self) -> int: ...

    @property
    def nonce(self) -> str: ...

    def is_signed_with(self, consumer_secret: str, token_secret: str) -> bool:
        """Takes as long for a wrong signature as for the right one."""
        ...


@dataclass(frozen=True, slots=True)
class SigningSecrets:
    """They show up in no log: not even ``repr`` tells them."""

    consumer_secret: str = field(repr=False)
    token_secret: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class _Signer:
    principal: Principal
    secrets: SigningSecrets


class SignatureAuthenticator:
    """A revoked signer, or changed windows of a shop, take effect within a minute; one that
    expires is refused from its millisecond on.

    Args:
        window: how many seconds a request's timestamp may be from our clock, either way.
    """

    def __init__(
        self, shops: ShopRepository, vault: Vault, nonces: Nonces, clock: Clock, *, window: int
    ) -> None:
        self._shops = shops
        self._vault = vault
        self._nonces = nonces
        self._clock = clock
        self._window = window
        self._recent: Recent[tuple[str, str], _Signer] = Recent(clock)

    def authenticate(self, wire: str, request: SignedRequest, scope: str) -> Principal:
        """Costs one write, and with an unknown signer two reads and a decryption.

        Raises :class:`SignatureRefused`, or :class:`Forbidden` when ``scope`` is missing. Only a
        request that is good otherwise uses up its nonce: who can't sign can't spend another's.
        """
        now = self._clock.now()
        if abs(now.timestamp() - request.timestamp) > self._window:
            raise SignatureRefused(SignatureRefused.OUT_OF_TIME)
        if not _can_be_signer(request):
            raise SignatureRefused(SignatureRefused.UNKNOWN)
        hashed = signer_hash(request.consumer_key, request.token)
        signer = self._recent.get((wire, hashed), lambda: self._find(wire, hashed))
        if signer.principal.is_expired(now):
            raise SignatureRefused(SignatureRefused.EXPIRED)
        secrets = signer.secrets
        if not request.is_signed_with(secrets.consumer_secret, secrets.token_secret):
            raise SignatureRefused(SignatureRefused.WRONG_SIGNATURE)
        if scope not in signer.principal.scopes:
            raise Forbidden(scope)
        self._spend_nonce(signer.principal.shop.id, request)
        return signer.principal

    def _find(self, wire: str, hashed: str) -> _Signer:
        found = self._shops.sealed_credential(hashed)
        if found is None or found.credential.wire != wire:
            raise SignatureRefused(SignatureRefused.UNKNOWN)
        if found.credential.revoked_at:
            raise SignatureRefused(SignatureRefused.REVOKED)
        shop = self._shops.get(found.credential.shop_id)
        if shop is None:
            raise SignatureRefused(SignatureRefused.UNKNOWN)
        secrets = unsealed(self._vault, found.credential, found.sealed)
        return _Signer(principal_of(found.credential, shop), secrets)

    def _spend_nonce(self, shop_id: str, request: SignedRequest) -> None:
        used = [shop_id, request.consumer_key, request.token, request.timestamp, request.nonce]
        digest = hashlib.sha256(json.dumps(used).encode()).hexdigest()
        # From then on its timestamp refuses it.
        until = datetime.fromtimestamp(request.timestamp + self._window + _CLOCK_SKEW, UTC)
        if not self._nonces.spend(digest, until):
            raise SignatureRefused(SignatureRefused.REPLAYED)


def _can_be_signer(request: SignedRequest) -> bool:
    return all(0 < len(part) <= LONGEST_PART for part in (request.consumer_key, request.token))


def signer_hash(consumer_key: str, token: str) -> str:
    """What a signer's credential is found by. No part holds the character between them, and no
    header, where bearers' tokens come from, can."""
    return token_hash(f"signer\0{consumer_key}\0{token}")


def sealed(vault: Vault, credential: Credential, secrets: SigningSecrets) -> bytes:
    """The credential's secrets, encrypted for it alone."""
    plain = {"consumer_secret": secrets.consumer_secret, "token_secret": secrets.token_secret}
    return vault.encrypt(json.dumps(plain).encode(), _context(credential))


def unsealed(vault: Vault, credential: Credential, content: bytes) -> SigningSecrets:
    """The inverse of :func:`sealed`."""
    return SigningSecrets(**json.loads(vault.decrypt(content, _context(credential))))


def _context(credential: Credential) -> Mapping[str, str]:
    return {"purpose": PURPOSE, "shop": credential.shop_id, "credential": credential.id}
