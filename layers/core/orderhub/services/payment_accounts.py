"""Shops' accounts with payment providers, opened for the functions that verify notifications.

``manage_payment_accounts`` is what operators do with them.
"""

from collections.abc import Callable, Mapping
from typing import Final

from orderhub.domain.errors import InvalidField, NotFound
from orderhub.domain.payment_account import OpenedAccount, PaymentAccount
from orderhub.domain.shop import require_identifier
from orderhub.ports import Clock, PaymentAccounts, SealedAccount, Vault

from .authenticate import Recent

PURPOSE: Final = "payment-notifications"
"""Of these secrets in the vault. The template allows functions to decrypt by it."""

ALIPAY_KEY: Final = "alipay"
"""The name of Alipay's only public key."""

ACCOUNT: Final = "payment_account"
"""What :class:`NotFound` calls one."""


class AccountKeeper:
    """Opens accounts, and keeps them open for a minute, no longer: so soon a change takes effect.

    Args:
        vault: makes the vault. It is not called before there is a secret to open.
    """

    def __init__(self, accounts: PaymentAccounts, vault: Callable[[], Vault], clock: Clock) -> None:
        self._accounts = accounts
        self._vault = vault
        self._recent: Recent[tuple[str, str], OpenedAccount] = Recent(clock)

    def open(self, shop_id: str, provider: str) -> OpenedAccount:
        """The shop's account with its secrets.

        Raises :class:`NotFound` (``payment_account``), :class:`~orderhub.ports.Unreadable`,
        :class:`~orderhub.domain.errors.Busy` or :class:`~orderhub.domain.errors.Unavailable`. An
        account that was not there is looked for again the next time.
        """
        return self._recent.get((shop_id, provider), lambda: self._open(shop_id, provider))

    def _open(self, shop_id: str, provider: str) -> OpenedAccount:
        try:
            require_identifier("shop_id", shop_id)
        except InvalidField:
            raise NotFound(ACCOUNT, provider) from None
        found = find_account(self._accounts, shop_id, provider)
        context = context_of(found.account)
        secrets = tuple(
            self._vault().decrypt(each.sealed, context).decode() for each in found.secrets
        )
        return OpenedAccount(found.account, secrets)


def find_account(accounts: PaymentAccounts, shop_id: str, provider: str) -> SealedAccount:
    """Raises :class:`NotFound` (``payment_account``)."""
    found = accounts.get(shop_id, provider)
    if found is None:
        raise NotFound(ACCOUNT, provider)
    return found


def context_of(account: PaymentAccount) -> Mapping[str, str]:
    """What the vault seals the account's secrets for."""
    return {"purpose": PURPOSE, "shop": account.shop_id, "provider": account.provider}
