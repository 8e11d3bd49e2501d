"""Two shops, and a way to the whole API.

Making the shops takes seconds, so they are made once and put into the table of each test.
"""

import copy
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import pytest

from orderhub import bootstrap
from orderhub.adapters import kms
from orderhub.adapters.dynamodb import client as dynamodb
from orderhub.adapters.webhook_client import HttpWebhookClient
from orderhub.bootstrap import Application
from tests.integration.security.houses import Callers, House, build, emulated
from tests.support.fakes import FakeMailer
from tests.support.table import create_table


@dataclass
class Town:
    """The two shops as they were made, and all items of their table."""

    ours: House
    theirs: House
    items: Any


@pytest.fixture(scope="session")
def town(cloud: Any, key_service: Any, secrets_key: str) -> Iterator[Town]:
    name, outbox, application = f"town-{uuid4().hex}", FakeMailer(), bootstrap.application
    create_table(cloud, name)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TABLE_NAME", name)
        patch.setenv("SECRETS_KEY", secrets_key)
        patch.setattr(dynamodb, "connect", lambda: cloud)
        patch.setattr(kms, "connect", lambda: key_service)
        patch.setattr(Application, "mailer", outbox)
        _resolve_all_hosts(patch)
        application.cache_clear()
        ours = build(application(), Callers(), outbox, "alder", seed=1)
        theirs = build(application(), Callers(), outbox, "birch", seed=2)
        application.cache_clear()
    yield Town(ours, theirs, copy.deepcopy(emulated(name).items))
    emulated(name).items.clear()


def _resolve_all_hosts(patch: pytest.MonkeyPatch) -> None:
    """Subscribers' hosts have an address without a network."""
    made = HttpWebhookClient.__init__
    patch.setattr(
        HttpWebhookClient,
        "__init__",
        lambda self, networks: made(self, networks, resolve=lambda host: ["93.184.216.34"]),
    )


@pytest.fixture
def outbox(monkeypatch: pytest.MonkeyPatch) -> FakeMailer:
    outbox = FakeMailer()
    monkeypatch.setattr(Application, "mailer", outbox)
    return outbox


@pytest.fixture
def orderhub(
    town: Town, table: Any, monkeypatch: pytest.MonkeyPatch, outbox: FakeMailer
) -> Application:
    """Everything wired as in a deployed function, over a table with both shops in it."""
    _resolve_all_hosts(monkeypatch)
    application = bootstrap.application()
    emulated(application.settings.table_name).items.update(copy.deepcopy(town.items))
    return application


@pytest.fixture
def callers(orderhub: Application) -> Callers:
    return Callers()


@pytest.fixture
def ours(town: Town) -> House:
    """The shop that is attacked."""
    return copy.deepcopy(town.ours)


@pytest.fixture
def theirs(town: Town) -> House:
    """The shop that attacks, with credentials of its own."""
    return copy.deepcopy(town.theirs)
