"""The real template, deployed on a local cloud of the tests' own: its port, its state.

One cloud serves the whole session. Its tests share one xdist group (``ON_THE_CLOUD``), so that they
run in one process, beside which the others run.
"""

import os
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path
from typing import Any
from uuid import uuid4

import boto3
import httpx
import pytest

from local import project
from local.cloud import LocalCloud, free_port
from local.deployment import Stack, deploy
from orderhub.adapters.dynamodb.orders import DynamoOrders
from orderhub.adapters.eventbridge import EventBridgeBus
from orderhub.adapters.kms import KmsVault
from orderhub.adapters.sqs import SqsDeliveries
from orderhub.adapters.system import SystemClock
from orderhub.bootstrap import Application
from orderhub.domain.events import Terms
from orderhub.domain.money import UnitPrice
from orderhub.domain.shop import CartLine, Price, Product, Variant
from orderhub.services import manage_people, manage_shops
from orderhub.services.issue_app import IssuedApp, issue_app
from orderhub.services.issue_signer import SignerValues, issue_signer
from orderhub.settings import Settings
from tests.support import silence
from tests.support.conformity import hooks

ON_THE_CLOUD = pytest.mark.xdist_group("local-cloud")
PARAMETERS = {"PublishAttempts": "5", "WebhookRetryScale": "0.0001"}
"""So that nobody has to wait for a hundred attempts to fail, or for a day of them."""

BUILD = project.ROOT / ".aws-sam" / "tests"
"""Kept from run to run: layers that did not change are not built again."""


@dataclass
class Shop:
    """A shop of a test's own, and its marketplace credential."""

    id: str
    token: str
    api_url: str

    def client(self, **headers: str) -> httpx.Client:
        return httpx.Client(
            base_url=self.api_url,
            headers={"Authorization": f"Bearer {self.token}", **headers},
            timeout=60,
            event_hooks=hooks(self.api_url),
        )


class Deployment:
    """The deployed stack, with clients that may do everything."""

    def __init__(self, cloud: LocalCloud, stack: Stack) -> None:
        self.cloud = cloud
        self.stack = stack
        self.api_url = stack.api_url
        self.outputs = stack.outputs
        self._clients: dict[str, Any] = {}

    def aws(self, service: str) -> Any:
        """A client of a service, made once: making it takes longer than most of its calls."""
        if service not in self._clients:
            self._clients[service] = boto3.client(
                service,  # type: ignore[call-overload]
                endpoint_url=self.cloud.endpoint_url,
                region_name=self.cloud.credentials["AWS_REGION"],
                aws_access_key_id=self.cloud.credentials["AWS_ACCESS_KEY_ID"],
                aws_secret_access_key=self.cloud.credentials["AWS_SECRET_ACCESS_KEY"],
            )
        return self._clients[service]

    @cached_property
    def table(self) -> Any:
        return self.aws("dynamodb")

    @cached_property
    def application(self) -> Application:
        settings = Settings(
            table_name=self.outputs["TableName"],
            event_bus_name=self.outputs["EventBusName"],
            due_shards=int(self.outputs["DueShards"]),
            secrets_key=self.outputs["SecretsKeyArn"],
            webhook_networks=("127.0.0.0/8",),
            deliveries_queue=self.outputs["DeliveriesUrl"],
            dead_deliveries_queue=self.outputs["DeadDeliveriesUrl"],
        )
        return Application(
            settings,
            client=self.table,
            bus=EventBridgeBus(self.aws("events"), settings.event_bus_name),
            vault=KmsVault(self.aws("kms"), settings.secrets_key),
            delivery_queue=SqsDeliveries(
                self.aws("sqs"), settings.deliveries_queue, settings.dead_deliveries_queue
            ),
        )

    def run_machine(self, output: str) -> dict[str, Any]:
        """Run a state machine to its end; return how it ended."""
        machines = self.aws("stepfunctions")
        started = machines.start_execution(stateMachineArn=self.outputs[output])
        end = time.monotonic() + 120
        while True:
            run: dict[str, Any] = machines.describe_execution(executionArn=started["executionArn"])
            if run["status"] != "RUNNING":
                return run
            assert time.monotonic() < end, "the state machine did not end"
            time.sleep(0.2)


@pytest.fixture(scope="session")
def deployment(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployment]:
    kept = os.environ.get("ORDERHUB_E2E_HOME")
    if kept:
        # For working on these tests: a cloud that stays up from one run to the next.
        cloud = LocalCloud(home=Path(kept))
        cloud.start()
        kept_stack = deploy(cloud, parameters=PARAMETERS)
        yield Deployment(cloud, kept_stack)
        silence.hear_cloud(cloud, kept_stack.name)
        return
    cloud = LocalCloud(home=tmp_path_factory.mktemp("cloud"), port=free_port())
    cloud.start()
    try:
        stack = deploy(cloud, parameters=PARAMETERS, build_folder=BUILD)
        yield Deployment(cloud, stack)
        silence.hear_cloud(cloud, stack.name)
    finally:
        cloud.stop()


def new_shop(
    deployment: Deployment,
    *,
    payment_timeout: int | None = 3600,
    refund_window: int | None = 86400,
) -> Shop:
    """A shop with products 1 to 3 at 10.00 CNY, and windows as told, in seconds."""
    application = deployment.application
    clock = SystemClock()
    shop_id = f"e2e-{uuid4().hex[:12]}"
    manage_shops.create_shop(application.shops, clock, shop_id=shop_id, name="E2E", currency="CNY")
    manage_shops.change_windows(
        application.shops,
        shop_id,
        "marketplace",
        lambda _: Terms(payment_timeout=payment_timeout, refund_window=refund_window),
    )
    price = Price(price=UnitPrice.of(10, "CNY"))
    manage_shops.put_products(
        application.shops,
        application.desk.catalog,
        shop_id,
        [
            Product(
                id=str(n),
                name=f"Product {n}",
                variants=(Variant(id=f"v{n}", prices={"CNY": price}),),
            )
            for n in (1, 2, 3)
        ],
    )
    issued = manage_shops.issue_credential(
        application.shops, clock, shop_id, wire="marketplace", label="e2e"
    )
    return Shop(shop_id, issued.token, deployment.api_url)


@pytest.fixture
def make_shop(deployment: Deployment) -> Callable[..., Shop]:
    """Makes shops as :func:`new_shop` does."""
    return partial(new_shop, deployment)


@pytest.fixture
def shop(make_shop: Callable[..., Shop]) -> Shop:
    return make_shop()


def new_app(deployment: Deployment, shop: Shop) -> IssuedApp:
    """A shop system that speaks Youhaosuda's API."""
    shops = deployment.application.shops
    return issue_app(shops, SystemClock(), shop.id, wire="youhaosuda", label="e2e")


@dataclass
class Store:
    """A shop of a test's own where 30 lamps are counted, and a system that makes its orders."""

    shop: Shop
    token: str

    def client(self, **headers: str) -> httpx.Client:
        headers = {"access-token": self.token, **headers}
        url = self.shop.api_url
        return httpx.Client(base_url=url, headers=headers, timeout=60, event_hooks=hooks(url))


def new_store(deployment: Deployment, *, lamps: int = 30, shop: Shop | None = None) -> Store:
    """Lamps at 25.00 CNY, beside what every shop here has; in a new shop unless there is one."""
    shop, application = shop or new_shop(deployment), deployment.application
    price = Price(price=UnitPrice.of(25, "CNY"))
    lamp = Variant(id="lamp-1", prices={"CNY": price}, tracks_stock=True)
    catalog = application.desk.catalog
    products = [Product(id="lamp", name="Lamp", variants=(lamp,))]
    manage_shops.put_products(application.shops, catalog, shop.id, products)
    catalog.set_stock(shop.id, "lamp", "lamp-1", lamps)
    issued = manage_shops.issue_credential(
        application.shops, SystemClock(), shop.id, wire="shoplazza", label="e2e"
    )
    return Store(shop, issued.token)


def new_signer(deployment: Deployment, shop: Shop) -> SignerValues:
    """What a system needs to sign its requests to BrickLink's API."""
    application = deployment.application
    issued = issue_signer(
        application.shops,
        application.vault,
        SystemClock(),
        shop.id,
        wire="bricklink",
        label="e2e",
    )
    return issued.values


COMPANY, AGENT, CONSUMER = 1, 11, 12
"""The ids that every counter's company and people have in its own shop."""
COMPANY_CODE = "AAAA"


@dataclass
class Counter:
    """Where one company of a shop of a test's own sells, with its agent's and a consumer's
    api_keys. ``api`` presents none by itself."""

    deployment: Deployment
    shop: Shop
    agent_key: str
    consumer_key: str
    api: httpx.Client

    def cart(self, *, pieces: int = 1) -> str:
        """A new cart with so many pieces of product 1; its id."""
        application = self.deployment.application
        cart = manage_shops.put_cart(
            application.shops,
            application.desk.catalog,
            SystemClock(),
            self.shop.id,
            cart_id=f"C{uuid4().hex[:12]}",
            lines=[CartLine("1", "v1", pieces)],
        )
        return cart.id

    def sell(self, path: str, **body: object) -> httpx.Response:
        """What the agent sends to ``/user/company/order/…``."""
        body = {"api_key": self.agent_key, **body}
        return self.api.post(f"/user/company/order/{path}", json=body)

    def buy(self, path: str, **body: object) -> httpx.Response:
        """What the consumer sends to ``/order/…``."""
        return self.api.post(f"/order/{path}", json={"api_key": self.consumer_key, **body})

    def look(self, url: str, key: str | None = None) -> httpx.Response:
        """``GET`` with an api_key as the header has it, the consumer's unless told otherwise."""
        return self.api.get(url, headers={"Authorization": key or self.consumer_key})


@pytest.fixture
def make_counter(
    deployment: Deployment, make_shop: Callable[..., Shop]
) -> Iterator[Callable[..., Counter]]:
    """Makes counters, in shops as ``make_shop`` makes them; their till's windows are as told, in
    seconds."""
    with ExitStack() as clients:

        def make(*, payment_timeout: int = 900, refund_window: int = 86400) -> Counter:
            shop = make_shop()
            terms = Terms(payment_timeout=payment_timeout, refund_window=refund_window)
            shops, people = deployment.application.shops, deployment.application.people
            manage_shops.change_windows(shops, shop.id, "brandcloud", lambda _: terms)
            manage_people.put_company(
                shops,
                people,
                shop.id,
                company_id=COMPANY,
                code=COMPANY_CODE,
                name="Company A",
            )
            for user_id, given_name in ((AGENT, "QQ"), (CONSUMER, "CC")):
                manage_people.put_user(
                    shops,
                    people,
                    shop.id,
                    user_id=user_id,
                    given_name=given_name,
                    family_name="Wang",
                    email=f"{given_name.lower()}@example.com",
                    title=1,
                )
            manage_people.add_member(shops, people, shop.id, company_id=COMPANY, user_id=AGENT)
            manage_people.select_company(shops, people, shop.id, company_id=COMPANY, user_id=AGENT)

            def key_of(user_id: int) -> str:
                user = manage_people.require_user(people, shop.id, user_id)
                issued = manage_shops.issue_credential(
                    shops, SystemClock(), shop.id, wire="brandcloud", label="e2e", user=user
                )
                return issued.token

            return Counter(
                deployment=deployment,
                shop=shop,
                agent_key=key_of(AGENT),
                consumer_key=key_of(CONSUMER),
                api=clients.enter_context(
                    httpx.Client(
                        base_url=deployment.api_url,
                        timeout=60,
                        event_hooks=hooks(deployment.api_url),
                    )
                ),
            )

        yield make


@pytest.fixture
def counter(make_counter: Callable[..., Counter]) -> Counter:
    return make_counter()


@pytest.fixture
def orders(deployment: Deployment) -> DynamoOrders:
    shards = int(deployment.outputs["DueShards"])
    return DynamoOrders(deployment.table, deployment.outputs["TableName"], shards)


def notification(number: str | None = None, **fields: Any) -> dict[str, Any]:
    """A creation notification with what the document requires."""
    return {
        "kind": "taobao",
        "merchant_order_no": number or f"TB{uuid4().hex}",
        "address_fullname": "韩梅梅",
        "address_phone": "13900000002",
        "address_province_id": 440000,
        "address_city_id": 440300,
        "address_post_code": "518057",
        "address_address": "科技园新西路7号",
        **fields,
    }


def make_order(api: httpx.Client, *, pieces: int = 5) -> dict[str, Any]:
    """An unpaid order over 10.00 a piece."""
    created = api.post("/orders", json=notification())
    assert created.status_code == 201, created.text
    line = {"product_id": "1", "price": "10.00", "quantity": pieces}
    answer = api.post(f"/orders/{created.json()['id']}/line_items", json=line)
    assert answer.status_code == 201, answer.text
    order: dict[str, Any] = answer.json()
    return order
