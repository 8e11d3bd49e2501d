"""One shop for all hostile requests of a process: it is put back as it was after each that
changed something."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from moto.core.models import DEFAULT_ACCOUNT_ID as ACCOUNT_ID
from moto.dynamodb.models import dynamodb_backends

from orderhub import bootstrap
from orderhub.adapters import kms
from orderhub.adapters.dynamodb import client as dynamodb
from orderhub.bootstrap import Application
from orderhub.domain.shop import Shop
from tests.integration.hostile.attacks import Besieged
from tests.integration.hostile.place import Items, Place
from tests.support.fakes import NOON, FakeMailer
from tests.support.table import create_table

TABLE = "besieged"

_Shop = tuple[Place, Items, FakeMailer, set[str]]
"""With the routes whose functions have run before."""


@contextmanager
def _wired(cloud: Any, key_service: Any, secrets_key: str, outbox: FakeMailer) -> Iterator[None]:
    """Functions find the table, and what else they need, while this lasts."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TABLE_NAME", TABLE)
        patch.setenv("EVENT_BUS_NAME", "orders")
        patch.setenv("SECRETS_KEY", secrets_key)
        patch.setattr(dynamodb, "connect", lambda: cloud)
        patch.setattr(kms, "connect", lambda: key_service)
        patch.setattr(Application, "mailer", outbox)
        # One for all while this lasts, so that not every request connects anew.
        application = bootstrap.application
        application.cache_clear()
        yield
        application.cache_clear()


@pytest.fixture(scope="session")
def _shop(cloud: Any, key_service: Any, secrets_key: str) -> _Shop:
    outbox = FakeMailer()
    with _wired(cloud, key_service, secrets_key, outbox):
        create_table(cloud, TABLE)
        application = bootstrap.application()
        application.shops.put(Shop(id="demo", name="Demo", currency="CNY", created_at=NOON))
        place = Place(application, outbox)
    emulated = dynamodb_backends[ACCOUNT_ID][os.environ["AWS_DEFAULT_REGION"]].tables[TABLE]
    return place, Items(emulated), outbox, set()


@pytest.fixture
def besieged(_shop: _Shop, cloud: Any, key_service: Any, secrets_key: str) -> Iterator[Besieged]:
    place, items, outbox, warm = _shop
    with _wired(cloud, key_service, secrets_key, outbox):
        yield Besieged(place, items, outbox, warm)
        if not items.are_unchanged():
            items.restore()
