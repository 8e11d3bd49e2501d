"""What operators do with shops' accounts with payment providers: keep what their notifications are
verified with.

Each secret is sealed by itself, so that one can be added or removed without opening the others:
whoever looks after accounts encrypts, and only the functions that verify decrypt.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from orderhub.domain.dataclass import dataclass
from orderhub.domain.errors import Busy, InvalidField, NotFound
from orderhub.domain.payment_account import (
    ALIPAY,
    PAYPAL,
    PROVIDERS,
    STRIPE,
    WECHATPAY,
    PaymentAccount,
)
from orderhub.ports import (
    Clock,
    PaymentAccounts,
    SealedAccount,
    SealedSecret,
    ShopRepository,
    Vault,
    VersionConflict,
)

from .manage_shops import require_shop
from .payment_accounts import ALIPAY_KEY, context_of, find_account

MOST_SECRETS: Final = 5
MOST_PUBLIC_KEYS: Final = 10
LONGEST_PUBLIC_KEY: Final = 16_384
"""In characters: a chain of certificates."""
LONGEST_SETTING: Final = 128
SHORTEST_SECRET: Final = 20
LONGEST_SECRET: Final = 256

STRIPE_PREFIX: Final = "whsec_"
API_V3_KEY_BYTES: Final = 32

_SETTING: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]*")
_DIGITS: Final = re.compile(r"[0-9]{6,32}")
_KEY_ID: Final = re.compile(r"[A-Za-z0-9_]{8,80}")
"""A certificate's serial number in hex, or ``PUB_KEY_ID_`` and digits."""
_CERTIFICATE_URL: Final = re.compile(
    r"https://api(?:-m)?(?:\.sandbox)?\.paypal\.com/v1/notifications/certs/[A-Za-z0-9_-]{1,128}"
)
_PRIVATE: Final = "PRIVATE KEY-----"


@dataclass(frozen=True, slots=True, kw_only=True)
class Needs:
    """What an account with a provider is made of: names of settings, how many public keys, and
    whether there are secrets, of which it then needs one at least."""

    required: tuple[str, ...] = ()
    optional: tuple[str, ...] = ()
    fewest_keys: int = 0
    most_keys: int = 0
    has_secrets: bool = False

    @property
    def settings(self) -> tuple[str, ...]:
        return (*self.required, *self.optional)


NEEDS: Final[Mapping[str, Needs]] = {
    STRIPE: Needs(has_secrets=True),
    PAYPAL: Needs(required=("webhook_id",), optional=("client_id",), most_keys=MOST_PUBLIC_KEYS),
    ALIPAY: Needs(required=("app_id",), optional=("seller_id",), fewest_keys=1, most_keys=1),
    WECHATPAY: Needs(
        required=("mchid",),
        optional=("appid",),
        fewest_keys=1,
        most_keys=MOST_PUBLIC_KEYS,
        has_secrets=True,
    ),
}


def webhook_path(shop_id: str, provider: str) -> str:
    """Where the provider is to send its notifications, below the API's base URL."""
    return f"/webhooks/payments/{provider}/{shop_id}"


def set_account(
    shops: ShopRepository,
    accounts: PaymentAccounts,
    vault: Callable[[], Vault],
    clock: Clock,
    shop_id: str,
    provider: str,
    *,
    settings: Mapping[str, str] | None = None,
    public_keys: Mapping[str, str] | None = None,
    secrets: Sequence[str] = (),
) -> SealedAccount:
    """Make a shop's account with a provider, or change what is given of it.

    Settings and public keys are set by name and others stay; an empty text takes one away.
    ``secrets``, if there are any, take the place of all that were there. That public keys can be
    read is for the caller to check.

    Raises :class:`NotFound` for the shop, :class:`Busy` when somebody else changed it meanwhile,
    or :class:`InvalidField`: ``provider``, the name of a setting, ``public_key``, ``secret``.
    """
    needs = _needs(provider)
    require_shop(shops, shop_id)
    before = accounts.get(shop_id, provider)
    now = clock.now()
    old = before.account if before else None
    account = PaymentAccount(
        shop_id=shop_id,
        provider=provider,
        created_at=old.created_at if old else now,
        updated_at=_next_version(old, now),
        settings=_merged(old.settings if old else {}, settings or {}),
        public_keys=_merged(old.public_keys if old else {}, public_keys or {}),
    )
    _require_settings(needs, account.settings)
    _require_public_keys(needs, provider, account.public_keys)
    if secrets:
        wanted = tuple(dict.fromkeys(require_secret(provider, text) for text in secrets))
        _require_room(len(wanted))
        sealed = _sealed(vault(), account, wanted, before.secrets if before else (), now)
    else:
        sealed = before.secrets if before else ()
    if needs.has_secrets and not sealed:
        raise InvalidField("secret", "blank", f"an account with {provider} needs a secret")
    return _put(accounts, SealedAccount(account, sealed), before)


def add_secret(
    shops: ShopRepository,
    accounts: PaymentAccounts,
    vault: Callable[[], Vault],
    clock: Clock,
    shop_id: str,
    provider: str,
    secret: str,
) -> SealedAccount:
    """Let a further secret verify notifications, beside those that do.

    Raises :class:`NotFound` (``shop``, ``payment_account``), :class:`Busy`, or
    :class:`InvalidField` (``provider``, ``secret``).
    """
    require_secret(provider, secret)
    before = require_account(shops, accounts, shop_id, provider)
    _require_room(len(before.secrets) + 1)
    now = clock.now()
    account = replace(before.account, updated_at=_next_version(before.account, now))
    added = _sealed(vault(), account, (secret,), before.secrets, now)
    return _put(accounts, SealedAccount(account, (*before.secrets, *added)), before)


def remove_secret(
    shops: ShopRepository,
    accounts: PaymentAccounts,
    clock: Clock,
    shop_id: str,
    provider: str,
    number: int,
) -> SealedAccount:
    """Let a secret verify nothing any more.

    Raises :class:`NotFound` (``shop``, ``payment_account``, ``payment_secret``), :class:`Busy`, or
    :class:`InvalidField` (``secret``) for the last one: without any no notification is taken.
    """
    before = require_account(shops, accounts, shop_id, provider)
    kept = tuple(each for each in before.secrets if each.number != number)
    if len(kept) == len(before.secrets):
        raise NotFound("payment_secret", number)
    if not kept:
        message = "it is the only secret: add another one before, or remove the account"
        raise InvalidField("secret", "blank", message)
    account = replace(before.account, updated_at=_next_version(before.account, clock.now()))
    return _put(accounts, SealedAccount(account, kept), before)


def remove_account(
    shops: ShopRepository, accounts: PaymentAccounts, shop_id: str, provider: str
) -> PaymentAccount:
    """Forget an account and its secrets, and return what it was.

    Raises :class:`NotFound` (``shop``, ``payment_account``) or :class:`Busy`.
    """
    account = require_account(shops, accounts, shop_id, provider).account
    try:
        accounts.remove(account)
    except VersionConflict:
        raise _changed_meanwhile(account) from None
    return account


def require_account(
    shops: ShopRepository, accounts: PaymentAccounts, shop_id: str, provider: str
) -> SealedAccount:
    """Raises :class:`NotFound` for the shop or the account."""
    require_shop(shops, shop_id)
    return find_account(accounts, shop_id, provider)


def list_accounts(
    shops: ShopRepository, accounts: PaymentAccounts, shop_id: str
) -> Sequence[SealedAccount]:
    """A shop's accounts by provider. Raises :class:`NotFound` for the shop."""
    require_shop(shops, shop_id)
    return accounts.of_shop(shop_id)


# -- what can be judged by looking at it -----------------------------------------------------------


def require_provider(name: str) -> str:
    """Return ``name`` if it is a provider's, else raise :class:`InvalidField`."""
    if name not in PROVIDERS:
        raise InvalidField("provider", "unknown", f"{name!r} is none of {', '.join(PROVIDERS)}")
    return name


def require_secret(provider: str, text: str) -> str:
    """Return ``text`` if it looks like a secret of the provider's, else raise
    :class:`InvalidField`, whose message doesn't repeat it."""
    if not _needs(provider).has_secrets:
        raise InvalidField("secret", "unknown", f"an account with {provider} has no secrets")
    if not (text.isascii() and text.isprintable()) or " " in text:
        raise InvalidField("secret", "invalid", "a secret has no blanks and nothing but ASCII")
    if provider == WECHATPAY and len(text) != API_V3_KEY_BYTES:
        raise InvalidField("secret", "invalid", f"an APIv3 key has {API_V3_KEY_BYTES} characters")
    if provider == STRIPE and not text.startswith(STRIPE_PREFIX):
        message = f"Stripe's signing secrets begin with {STRIPE_PREFIX}"
        raise InvalidField("secret", "invalid", message)
    if not SHORTEST_SECRET <= len(text) <= LONGEST_SECRET:
        message = f"a secret has from {SHORTEST_SECRET} to {LONGEST_SECRET} characters"
        raise InvalidField("secret", "invalid", message)
    return text


def require_certificate_url(url: str) -> str:
    """Return ``url`` if it is one that PayPal may name its certificate by, else raise
    :class:`InvalidField`."""
    if not _CERTIFICATE_URL.fullmatch(url):
        message = f"{url!r} is not like https://api.paypal.com/v1/notifications/certs/CERT-…"
        raise InvalidField("public_key", "invalid", message)
    return url


def _require_settings(needs: Needs, settings: Mapping[str, str]) -> None:
    for name, text in settings.items():
        if name not in needs.settings:
            known = ", ".join(needs.settings) or "none"
            raise InvalidField(name, "unknown", f"such an account's settings are: {known}")
        pattern = _DIGITS if name in ("app_id", "mchid", "seller_id") else _SETTING
        if len(text) > LONGEST_SETTING or not pattern.fullmatch(text):
            raise InvalidField(name, "invalid", f"{text!r} is no {name}")
    for name in needs.required:
        if name not in settings:
            raise InvalidField(name, "blank", "this is needed")


def _require_public_keys(needs: Needs, provider: str, public_keys: Mapping[str, str]) -> None:
    if public_keys and not needs.most_keys:
        message = f"an account with {provider} has no public keys"
        raise InvalidField("public_key", "unknown", message)
    for name, text in public_keys.items():
        _require_key_name(provider, name)
        if len(text) > LONGEST_PUBLIC_KEY or not text.isascii():
            message = f"a public key is text of at most {LONGEST_PUBLIC_KEY} ASCII characters"
            raise InvalidField("public_key", "invalid", message)
        if _PRIVATE in text:
            message = "this is a private key; the provider's public one is needed"
            raise InvalidField("public_key", "invalid", message)
    if len(public_keys) < needs.fewest_keys:
        message = f"an account with {provider} needs the provider's public key"
        raise InvalidField("public_key", "blank", message)
    if len(public_keys) > needs.most_keys:
        message = f"an account with {provider} has at most {needs.most_keys} public keys"
        raise InvalidField("public_key", "too_many", message)


def _require_key_name(provider: str, name: str) -> None:
    if provider == PAYPAL:
        require_certificate_url(name)
    elif provider == ALIPAY and name != ALIPAY_KEY:
        raise InvalidField("public_key", "invalid", f"Alipay's key is called {ALIPAY_KEY}")
    elif provider == WECHATPAY and not _KEY_ID.fullmatch(name):
        message = f"{name!r} is neither a serial number nor the id of a public key"
        raise InvalidField("public_key", "invalid", message)


# -- details ---------------------------------------------------------------------------------------


def _needs(provider: str) -> Needs:
    return NEEDS[require_provider(provider)]


def _merged(before: Mapping[str, str], given: Mapping[str, str]) -> dict[str, str]:
    return {name: text for name, text in {**before, **given}.items() if text}


def _next_version(before: PaymentAccount | None, now: datetime) -> datetime:
    """No two states of an account have the same ``updated_at``, whatever the clocks say."""
    return max(now, before.updated_at + timedelta(milliseconds=1)) if before else now


def _sealed(
    vault: Vault,
    account: PaymentAccount,
    secrets: Iterable[str],
    before: Sequence[SealedSecret],
    now: datetime,
) -> tuple[SealedSecret, ...]:
    """Numbered on from those that are or were there ``before``."""
    last = max((each.number for each in before), default=0)
    context = context_of(account)
    return tuple(
        SealedSecret(number, now, vault.encrypt(text.encode(), context))
        for number, text in enumerate(secrets, start=last + 1)
    )


def _require_room(count: int) -> None:
    if count > MOST_SECRETS:
        message = f"an account has at most {MOST_SECRETS} secrets at a time; remove old ones"
        raise InvalidField("secret", "too_many", message)


def _put(
    accounts: PaymentAccounts, after: SealedAccount, before: SealedAccount | None
) -> SealedAccount:
    try:
        accounts.put(after, before)
    except VersionConflict:
        raise _changed_meanwhile(after.account) from None
    return after


def _changed_meanwhile(account: PaymentAccount) -> Busy:
    return Busy(f"somebody else changed the account with {account.provider}; try again")
