"""A shop on an emulated table, and everything wired as in a deployed function."""

import os
from collections.abc import Callable, Iterator
from datetime import timedelta
from threading import Lock
from typing import Any
from uuid import uuid4

import boto3
import pytest
from moto import mock_aws
from moto.core.models import DEFAULT_ACCOUNT_ID as ACCOUNT_ID
from moto.dynamodb.models import dynamodb_backends
from moto.dynamodb.responses import DynamoHandler

from orderhub import bootstrap
from orderhub.adapters import kms
from orderhub.adapters.dynamodb import client as dynamodb
from orderhub.adapters.system import SystemClock
from orderhub.bootstrap import Application
from orderhub.domain.events import Terms
from orderhub.domain.money import UnitPrice
from orderhub.domain.shop import Credential, Price, Product, Scope, Shop, Variant
from orderhub.services.authenticate import token_hash
from tests.support import emulator
from tests.support.api import Client
from tests.support.fakes import NOON
from tests.support.table import create_table
from tests.support.wiretap import wiretap  # noqa: F401

TOKENS = {"demo": "demo-marketplace-token-0001", "other": "other-marketplace-token-001"}


@pytest.fixture(scope="session")
def cloud() -> Iterator[Any]:
    """An emulated DynamoDB in this process; its client is made once, since that is slow.

    It answers one request at a time: a transaction that fails puts the tables back as they were
    before it, and what other threads wrote meanwhile would be gone.
    """
    answer, turn = DynamoHandler.call_action, Lock()

    def answer_in_turn(handler: DynamoHandler) -> Any:
        with turn:
            return answer(handler)

    with mock_aws(), pytest.MonkeyPatch.context() as patch:
        patch.setattr(DynamoHandler, "call_action", answer_in_turn)
        emulator.make_light(patch)
        # As the functions configure theirs, so that it tries as often.
        yield boto3.client("dynamodb", config=dynamodb._CONFIG)


@pytest.fixture(scope="session")
def key_service(cloud: Any) -> Any:
    """An emulated KMS."""
    return boto3.client("kms")


@pytest.fixture(scope="session")
def secrets_key(key_service: Any) -> str:
    """The ARN of a key in it."""
    arn: str = key_service.create_key()["KeyMetadata"]["Arn"]
    return arn


@pytest.fixture
def table(
    cloud: Any, key_service: Any, secrets_key: str, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Any]:
    """A client, and a fresh table that the application finds in its environment, with a key for
    its secrets."""
    name = f"orderhub-{uuid4().hex}"
    create_table(cloud, name)
    monkeypatch.setenv("TABLE_NAME", name)
    monkeypatch.setenv("SECRETS_KEY", secrets_key)
    monkeypatch.setattr(dynamodb, "connect", lambda: cloud)
    monkeypatch.setattr(kms, "connect", lambda: key_service)
    application = bootstrap.application
    application.cache_clear()
    yield cloud
    application.cache_clear()
    emulated = dynamodb_backends[ACCOUNT_ID][os.environ["AWS_DEFAULT_REGION"]].tables[name]
    emulated.items.clear()
    if emulated.stream_shard:
        emulated.stream_shard.items.clear()


@pytest.fixture
def application(table: Any) -> Application:
    """Two shops with a product each and a marketplace credential each."""
    application = bootstrap.application()
    for shop_id, token in TOKENS.items():
        application.shops.put(
            Shop(
                id=shop_id,
                name=shop_id.title(),
                currency="CNY",
                created_at=NOON,
                terms={"marketplace": Terms(payment_timeout=3600, refund_window=86400)},
            )
        )
        application.shops.add_credential(
            Credential(
                id=f"cred-{shop_id}",
                shop_id=shop_id,
                wire="marketplace",
                label=f"{shop_id} marketplace",
                token_hash=token_hash(token),
                scopes=tuple(Scope),
                created_at=NOON,
            )
        )
        application.desk.catalog.put_product(
            shop_id,
            Product(
                id="3531" if shop_id == "demo" else "7777",
                name="梵·SCP200",
                variants=(
                    Variant(
                        id="12177",
                        name="尺码:白色,颜色:M",
                        sku="SPC00001",
                        prices={"CNY": Price(price=UnitPrice.of("64.00", "CNY"))},
                    ),
                ),
            ),
        )
    return application


@pytest.fixture
def marketplace(application: Application) -> Client:
    return Client("marketplace", {"authorization": f"Bearer {TOKENS['demo']}"})


@pytest.fixture
def other_marketplace(application: Application) -> Client:
    """The same API with the credential of another shop."""
    return Client("marketplace", {"authorization": f"Bearer {TOKENS['other']}"})


@pytest.fixture
def later(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    """Move the functions' clock forward by seconds."""
    real = SystemClock.now

    def advance(seconds: float) -> None:
        monkeypatch.setattr(
            SystemClock, "now", lambda self: real(self) + timedelta(seconds=seconds)
        )

    return advance
