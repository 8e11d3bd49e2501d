"""What signers, nonces and the vault promise, whatever is behind them."""

import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest

from orderhub.adapters.dynamodb import keys
from orderhub.adapters.dynamodb.nonces import DynamoNonces
from orderhub.adapters.dynamodb.shops import DynamoShops
from orderhub.adapters.kms import KmsVault
from orderhub.adapters.system import SystemClock
from orderhub.domain.errors import InvalidField
from orderhub.domain.shop import Credential, Scope
from orderhub.ports import SealedCredential, Unreadable

CONTEXT = {"purpose": "testing", "shop": "demo"}


class SecretsContract:
    """For classes with fixtures ``client`` and ``table_name`` (the table's), ``vault``."""

    @pytest.fixture
    def nonces(self, client: Any, table_name: str) -> DynamoNonces:
        return DynamoNonces(client, table_name)

    @pytest.fixture
    def shops(self, client: Any, table_name: str) -> DynamoShops:
        return DynamoShops(client, table_name)

    @pytest.fixture
    def credential(self) -> Credential:
        return Credential(
            id=f"cred_{uuid4().hex[:12]}",
            shop_id=f"shop-{uuid4().hex[:12]}",
            wire="bricklink",
            label="Store",
            token_hash=uuid4().hex * 2,
            scopes=tuple(Scope),
            created_at=SystemClock().now(),
            app_key="consumer",
        )

    # -- nonces

    def test_a_nonce_is_spent_once(self, nonces: DynamoNonces) -> None:
        nonce, until = uuid4().hex, SystemClock().now() + timedelta(minutes=5)
        assert nonces.spend(nonce, until)
        assert not nonces.spend(nonce, until)
        assert not nonces.spend(nonce, until + timedelta(minutes=5))
        assert nonces.spend(nonce + "x", until)

    def test_of_many_who_spend_the_same_nonce_at_once_one_succeeds(
        self, nonces: DynamoNonces
    ) -> None:
        nonce, until = uuid4().hex, SystemClock().now() + timedelta(minutes=5)
        with ThreadPoolExecutor(10) as pool:
            outcomes = list(pool.map(lambda _: nonces.spend(nonce, until), range(20)))
        assert outcomes.count(True) == 1

    def test_the_table_is_told_when_to_forget_a_nonce(
        self, nonces: DynamoNonces, client: Any, table_name: str
    ) -> None:
        nonce, until = uuid4().hex, SystemClock().now() + timedelta(minutes=5)
        nonces.spend(nonce, until)
        item = client.get_item(
            TableName=table_name,
            Key={"pk": {"S": keys.nonce(nonce)}, "sk": {"S": keys.NONCE_ITEM}},
            ConsistentRead=True,
        )["Item"]
        assert 0 <= int(item["expires_at"]["N"]) - until.timestamp() < 1

    # -- credentials that expire

    def test_the_end_of_a_credential_is_kept_and_the_credential_too(
        self, shops: DynamoShops, client: Any, table_name: str, credential: Credential
    ) -> None:
        """The table forgets nothing of it: who looks it up later learns that it expired."""
        ending = replace(credential, expires_at=credential.created_at + timedelta(days=90))
        shops.add_credential(ending)
        assert shops.credential(ending.token_hash) == ending
        assert shops.credentials(ending.shop_id) == [ending]
        item = client.get_item(
            TableName=table_name,
            Key={"pk": {"S": keys.credential(ending.token_hash)}, "sk": {"S": "CREDENTIAL"}},
            ConsistentRead=True,
        )["Item"]
        assert keys.EXPIRES_AT not in item

    def test_what_was_stored_before_credentials_could_expire_never_does(
        self, shops: DynamoShops, client: Any, table_name: str, credential: Credential
    ) -> None:
        body = {
            "id": credential.id,
            "shop_id": credential.shop_id,
            "wire": "bricklink",
            "label": "Store",
            "token_hash": credential.token_hash,
            "scopes": ["read_orders", "write_orders"],
            "created_at": "2026-11-21T12:00:00.000Z",
            "app_key": "consumer",
        }
        client.put_item(
            TableName=table_name,
            Item={
                "pk": {"S": keys.credential(credential.token_hash)},
                "sk": {"S": "CREDENTIAL"},
                "body": {"S": json.dumps(body)},
            },
        )
        found = shops.credential(credential.token_hash)
        assert found is not None
        assert found.expires_at is None
        assert found.holds_at(datetime.max.replace(tzinfo=UTC))

    # -- signers

    def test_a_credential_is_found_with_its_secrets(
        self, shops: DynamoShops, credential: Credential
    ) -> None:
        assert shops.sealed_credential(credential.token_hash) is None
        shops.add_credential(credential, b"\x00sealed\xff")
        found = shops.sealed_credential(credential.token_hash)
        assert found == SealedCredential(credential, b"\x00sealed\xff")
        assert shops.credential(credential.token_hash) == credential

    def test_a_credential_without_secrets_has_none(
        self, shops: DynamoShops, credential: Credential
    ) -> None:
        shops.add_credential(credential)
        found = shops.sealed_credential(credential.token_hash)
        assert found == SealedCredential(credential, b"")

    def test_secrets_stand_where_nobody_lists_them(
        self, shops: DynamoShops, credential: Credential, client: Any, table_name: str
    ) -> None:
        shops.add_credential(credential, b"sealed")
        assert shops.credentials(credential.shop_id) == [credential]
        item = client.get_item(
            TableName=table_name,
            Key={
                "pk": {"S": keys.shop(credential.shop_id)},
                "sk": {"S": keys.CREDENTIAL_PREFIX + credential.id},
            },
            ConsistentRead=True,
        )["Item"]
        assert "sealed" not in str(item)

    def test_a_taken_name_keeps_its_secrets(
        self, shops: DynamoShops, credential: Credential
    ) -> None:
        shops.add_credential(credential, b"first")
        with pytest.raises(InvalidField):
            shops.add_credential(credential, b"second")
        found = shops.sealed_credential(credential.token_hash)
        assert found == SealedCredential(credential, b"first")

    def test_a_revocation_forgets_the_secrets(
        self, shops: DynamoShops, credential: Credential
    ) -> None:
        shops.add_credential(credential, b"sealed")
        revoked = shops.revoke(credential.shop_id, credential.id, SystemClock().now())
        found = shops.sealed_credential(credential.token_hash)
        assert found == SealedCredential(revoked, b"")

    # -- the vault

    def test_a_secret_is_read_as_it_was_written(self, vault: KmsVault) -> None:
        for plain in (b"s", bytes(range(256)), b"x" * 4096):
            sealed = vault.encrypt(plain, CONTEXT)
            assert plain == vault.decrypt(sealed, CONTEXT)

    def test_the_same_secret_looks_different_each_time(self, vault: KmsVault) -> None:
        plain = b"consumer-secret"
        first, second = (vault.encrypt(plain, CONTEXT) for _ in range(2))
        assert first != second
        assert plain not in first

    @pytest.mark.parametrize(
        "context",
        [
            {},
            {"purpose": "testing"},
            {"purpose": "testing", "shop": "other"},
            {"purpose": "webhook", "shop": "demo"},
            {**CONTEXT, "more": "x"},
        ],
    )
    def test_a_secret_opens_in_its_own_context_only(
        self, vault: KmsVault, context: dict[str, str]
    ) -> None:
        sealed = vault.encrypt(b"secret", CONTEXT)
        with pytest.raises(Unreadable):
            vault.decrypt(sealed, context)

    def test_the_order_of_the_context_does_not_matter(self, vault: KmsVault) -> None:
        sealed = vault.encrypt(b"secret", CONTEXT)
        assert vault.decrypt(sealed, dict(reversed(CONTEXT.items()))) == b"secret"
