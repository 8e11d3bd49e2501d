"""Signers, nonces and the vault, emulated."""

from typing import Any

import pytest

from orderhub.adapters.kms import KmsVault
from orderhub.bootstrap import Application
from orderhub.ports import Unreadable
from tests.support.secrets import CONTEXT, SecretsContract
from tests.support.table import template


class TestOnMoto(SecretsContract):
    @pytest.fixture
    def client(self, table: Any) -> Any:
        return table

    @pytest.fixture
    def table_name(self, application: Application) -> str:
        return application.settings.table_name

    @pytest.fixture
    def vault(self, key_service: Any, secrets_key: str) -> KmsVault:
        return KmsVault(key_service, secrets_key)

    def test_a_secret_that_was_tampered_with_is_unreadable(self, vault: KmsVault) -> None:
        """Not on the local cloud, whose encryption is none."""
        sealed = vault.encrypt(b"secret", CONTEXT)
        with pytest.raises(Unreadable):
            vault.decrypt(sealed[:-1] + bytes([sealed[-1] ^ 1]), CONTEXT)


def test_the_table_forgets_nonces_by_the_attribute_that_they_have() -> None:
    ttl = template()["Resources"]["Table"]["Properties"]["TimeToLiveSpecification"]
    assert ttl == {"AttributeName": "expires_at", "Enabled": True}
