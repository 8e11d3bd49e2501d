"""What stored payment accounts promise, whatever table is behind them."""

from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest

from orderhub.adapters.dynamodb.payment_accounts import DynamoPaymentAccounts
from orderhub.adapters.system import SystemClock
from orderhub.domain.payment_account import PaymentAccount
from orderhub.ports import SealedAccount, SealedSecret, VersionConflict


class PaymentAccountsContract:
    """For classes with fixtures ``client`` and ``table_name``."""

    @pytest.fixture
    def accounts(self, client: Any, table_name: str) -> DynamoPaymentAccounts:
        return DynamoPaymentAccounts(client, table_name)

    @pytest.fixture
    def account(self) -> SealedAccount:
        now = SystemClock().now()
        return SealedAccount(
            PaymentAccount(
                shop_id=f"shop-{uuid4().hex[:12]}",
                provider="wechatpay",
                created_at=now,
                updated_at=now,
                settings={"mchid": "1900000109", "appid": "wx-1"},
                public_keys={"0A" * 20: "-----BEGIN CERTIFICATE-----\n" + "A" * 16_000},
            ),
            (SealedSecret(1, now, b"\x00sealed\xff"), SealedSecret(3, now, b"other")),
        )

    @staticmethod
    def later(account: SealedAccount) -> SealedAccount:
        updated_at = account.account.updated_at + timedelta(milliseconds=1)
        return replace(account, account=replace(account.account, updated_at=updated_at))

    def test_an_account_is_read_as_it_was_written(
        self, accounts: DynamoPaymentAccounts, account: SealedAccount
    ) -> None:
        shop_id, provider = account.account.shop_id, account.account.provider
        assert accounts.get(shop_id, provider) is None
        accounts.put(account)
        assert accounts.get(shop_id, provider) == account
        assert accounts.get(shop_id, "stripe") is None
        assert accounts.get("other", provider) is None

    def test_a_shop_s_accounts_are_listed_by_provider(
        self, accounts: DynamoPaymentAccounts, account: SealedAccount
    ) -> None:
        stripe = SealedAccount(replace(account.account, provider="stripe"), account.secrets)
        accounts.put(account)
        accounts.put(stripe)
        assert list(accounts.of_shop(account.account.shop_id)) == [stripe, account]
        assert list(accounts.of_shop("other")) == []

    def test_an_account_is_made_once(
        self, accounts: DynamoPaymentAccounts, account: SealedAccount
    ) -> None:
        accounts.put(account)
        with pytest.raises(VersionConflict):
            accounts.put(self.later(account))
        assert accounts.get(account.account.shop_id, "wechatpay") == account

    def test_a_change_of_what_changed_meanwhile_is_not_written(
        self, accounts: DynamoPaymentAccounts, account: SealedAccount
    ) -> None:
        accounts.put(account)
        second = self.later(account)
        accounts.put(second, account)
        with pytest.raises(VersionConflict):
            accounts.put(replace(second, secrets=()), account)
        with pytest.raises(VersionConflict):
            accounts.remove(account.account)
        assert accounts.get(account.account.shop_id, "wechatpay") == second

    def test_a_removed_account_is_gone_and_is_not_changed(
        self, accounts: DynamoPaymentAccounts, account: SealedAccount
    ) -> None:
        accounts.put(account)
        accounts.remove(account.account)
        assert accounts.get(account.account.shop_id, "wechatpay") is None
        with pytest.raises(VersionConflict):
            accounts.put(self.later(account), account)
        accounts.put(account)
