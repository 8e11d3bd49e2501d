"""Signers: systems that sign each of their requests, by OAuth 1.0."""

import secrets as random
from collections.abc import Iterable
from dataclasses import field
from datetime import datetime
from typing import Final

from orderhub.domain.dataclass import dataclass
from orderhub.domain.errors import InvalidField
from orderhub.domain.shop import Credential
from orderhub.ports import Clock, ShopRepository, Vault

from .authenticate_signed import LONGEST_PART, SigningSecrets, sealed, signer_hash
from .manage_shops import ALL_SCOPES, SHORTEST_TOKEN, new_credential

_RANDOM_BYTES: Final = 16


@dataclass(frozen=True, slots=True)
class SignerValues:
    """The four values that a signer is told: two names and the secrets that go with them."""

    consumer_key: str
    consumer_secret: str = field(repr=False)
    token_value: str
    token_secret: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class IssuedSigner:
    """``values`` are shown to the one who asked for them. Of the names a hash is kept, and the
    consumer key; of the secrets what the vault made of them."""

    credential: Credential
    values: SignerValues


def random_values() -> SignerValues:
    """32 hexadecimal digits each."""
    return SignerValues(*(random.token_hex(_RANDOM_BYTES).upper() for _ in range(4)))


def issue_signer(
    shops: ShopRepository,
    vault: Vault,
    clock: Clock,
    shop_id: str,
    *,
    wire: str,
    label: str,
    scopes: Iterable[str] = ALL_SCOPES,
    values: SignerValues | None = None,
    expires_at: datetime | None = None,
) -> IssuedSigner:
    """Let a system use one wire for one shop that signs its requests, with random values unless
    it brings its own.

    Raises :class:`~orderhub.domain.errors.NotFound` for the shop, or :class:`InvalidField`:
    ``token`` is ``taken`` when any signer has this consumer key and this token value.
    """
    if values is None:
        values = random_values()
    else:
        _require("consumer_key", values.consumer_key, shortest=1)
        _require("consumer_secret", values.consumer_secret, shortest=SHORTEST_TOKEN)
        _require("token_value", values.token_value, shortest=1)
        _require("token_secret", values.token_secret, shortest=SHORTEST_TOKEN)
    credential = new_credential(
        shops,
        clock,
        shop_id,
        wire=wire,
        label=label,
        scopes=scopes,
        token_hash=signer_hash(values.consumer_key, values.token_value),
        app_key=values.consumer_key,
        expires_at=expires_at,
    )
    secrets = SigningSecrets(values.consumer_secret, values.token_secret)
    shops.add_credential(credential, sealed(vault, credential, secrets))
    return IssuedSigner(credential, values)


def _require(field_name: str, text: str, *, shortest: int) -> None:
    if not shortest <= len(text) <= LONGEST_PART:
        raise InvalidField(
            field_name,
            "too_short" if len(text) < shortest else "too_long",
            f"{field_name} has from {shortest} to {LONGEST_PART} characters",
        )
    if not (text.isascii() and text.isprintable()) or " " in text:
        message = f"{field_name} has no blanks and nothing but ASCII"
        raise InvalidField(field_name, "invalid", message)
