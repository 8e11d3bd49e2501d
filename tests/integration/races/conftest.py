"""A town: a shop that every API shares, with a clock that stands still and chance that repeats."""

import os
from datetime import UTC, datetime
from typing import Any

import pytest
from moto.core.models import DEFAULT_ACCOUNT_ID as ACCOUNT_ID
from moto.dynamodb.models import dynamodb_backends

from orderhub.adapters.system import SystemClock, SystemEntropy
from orderhub.bootstrap import Application
from orderhub.domain.events import Terms
from orderhub.domain.money import UnitPrice
from orderhub.domain.people import Company, Membership, User
from orderhub.domain.shop import Credential, Price, Product, Scope, Variant
from orderhub.services import close_due, manage_shops
from orderhub.services.authenticate import token_hash
from orderhub.services.issue_app import issue_app
from orderhub.services.issue_signer import issue_signer
from orderhub.services.manage_payment_accounts import set_account
from tests.integration.conftest import TOKENS
from tests.integration.races.town import (
    AGENT_KEY,
    DUE_IN,
    SHOP,
    STORE_TOKEN,
    Chance,
    Clock,
    Town,
)
from tests.support import providers
from tests.support.api import Client
from tests.support.bricklink import Seller
from tests.support.fakes import NOON
from tests.support.interleaving import Workers
from tests.support.wiretap import Wiretap

COMPANY, AGENT = 1, 11


@pytest.fixture
def town(application: Application, wiretap: Wiretap, monkeypatch: pytest.MonkeyPatch) -> Town:
    clock, chance = Clock(datetime.now(UTC).replace(microsecond=0)), Chance()
    monkeypatch.setattr(SystemClock, "now", lambda self: clock.now)
    # What is remembered for a minute, and how long to try, must not depend on a test's pace.
    monkeypatch.setattr(SystemClock, "monotonic", lambda self: 0.0)
    # Whoever waits is overtaken at the next call, as it is.
    monkeypatch.setattr(SystemClock, "sleep", lambda self, seconds: None)
    monkeypatch.setattr(SystemEntropy, "order_id_tail", lambda self: chance.draw())
    monkeypatch.setattr(SystemEntropy, "digits", lambda self, n: f"{chance.draw():0{n}d}")
    monkeypatch.setattr(close_due, "ThreadPoolExecutor", Workers)
    shops, desk = application.shops, application.desk
    terms = Terms(payment_timeout=DUE_IN, refund_window=30 * 86400)
    for wire in ("marketplace", "brandcloud", "shoplazza"):
        manage_shops.change_windows(shops, SHOP, wire, lambda _: terms)
    _sell_lamps(application)
    _employ_agent(application)
    _credential(application, "shoplazza", STORE_TOKEN)
    set_account(
        shops,
        application.payment_account_store,
        lambda: application.vault,
        desk.clock,
        SHOP,
        "stripe",
        secrets=[providers.STRIPE_SECRET],
    )
    app = issue_app(shops, desk.clock, SHOP, wire="youhaosuda", label="Warehouse")
    signer = issue_signer(
        shops,
        application.vault,
        desk.clock,
        SHOP,
        wire="bricklink",
        label="Desk",
        scopes=tuple(Scope),
    )
    name = os.environ["TABLE_NAME"]
    backend = dynamodb_backends[ACCOUNT_ID][os.environ["AWS_DEFAULT_REGION"]]
    return Town(
        application=application,
        wiretap=wiretap,
        backend=backend,
        table_name=name,
        clock=clock,
        chance=chance,
        marketplace=Client("marketplace", {"authorization": f"Bearer {TOKENS[SHOP]}"}),
        till=Client("brandcloud", {}),
        shop_system=Client("youhaosuda", {"x-api-access-token": app.token}),
        seller=Seller(signer.values),
        store=Client("shoplazza", {"access-token": STORE_TOKEN}),
    )


def _sell_lamps(application: Application) -> None:
    price = Price(price=UnitPrice.of(50, "CNY"))
    lamp = Variant(id="lamp-1", name="", prices={"CNY": price}, tracks_stock=True)
    product = Product(id="lamp", name="Lamp", variants=(lamp,))
    application.desk.catalog.put_product(SHOP, product)


def _employ_agent(application: Application) -> None:
    people = application.people
    people.put_company(Company(id=COMPANY, shop_id=SHOP, code="AAAA", name="Company A"))
    people.put_user(
        User(
            id=AGENT,
            shop_id=SHOP,
            given_name="QQ",
            family_name="Wang",
            email="a@example.com",
            current_company_id=COMPANY,
        )
    )
    people.put_membership(SHOP, Membership(company_id=COMPANY, user_id=AGENT, may_sell=True))
    _credential(application, "brandcloud", AGENT_KEY, user_id=AGENT)


def _credential(application: Application, wire: str, token: str, **more: Any) -> None:
    application.shops.add_credential(
        Credential(
            id=f"cred-{wire}",
            shop_id=SHOP,
            wire=wire,
            label=wire,
            token_hash=token_hash(token),
            scopes=tuple(Scope),
            created_at=NOON,
            **more,
        )
    )
