"""The shop that benchmarks ask for orders: what it sells, who its clients are, what they know."""

import os
from decimal import Decimal
from functools import cached_property
from typing import Any, Final
from uuid import uuid4

import boto3

from orderhub.adapters.dynamodb import client as dynamodb
from orderhub.bootstrap import Application
from orderhub.domain.commands import Placement
from orderhub.domain.details import Actor, Address, Contact, Details, Reference
from orderhub.domain.events import Terms
from orderhub.domain.lines import LineRequest
from orderhub.domain.money import UnitPrice
from orderhub.domain.order import Order
from orderhub.domain.shop import CartLine, Price, Product, Variant
from orderhub.domain.subscription import SubscriptionKind
from orderhub.services import manage_people, manage_shops
from orderhub.services.issue_app import issue_app
from orderhub.services.issue_signer import SignerValues, issue_signer
from orderhub.services.manage_payment_accounts import set_account
from orderhub.services.place_order import place_order
from orderhub.services.record_payment import ReceivedPayment, record_payment
from orderhub.services.subscriptions import NewSubscription, subscribe
from orderhub.services.visit_checkout import CHECKOUT_TOKEN
from orderhub.settings import from_environment
from tests.support import providers
from tests.support.table import create_table

SHOP: Final = "bench"
TABLE: Final = "orderhub"
CURRENCY: Final = "CNY"
LISTED: Final = 60
"""Orders that are there before anything is asked: more than a page."""
COUNTED: Final = "counted"
"""What the ids of products begin with whose pieces are counted."""
ENVIRONMENT: Final = {
    "TABLE_NAME": TABLE,
    "DUE_SHARDS": "4",
    "PUBLIC_URL": "https://api.example.com",
    "MAIL_SENDER": "orders@example.com",
    "SIGNATURE_WINDOW": "3600",
    "WEBHOOK_PRIVATE_NETWORKS": "127.0.0.0/8",
    "API_ID": "api",
    "API_DOMAIN": "api.example.com",
    "POWERTOOLS_LOG_LEVEL": "INFO",
    "POWERTOOLS_SERVICE_NAME": "orderhub",
    "AWS_LAMBDA_FUNCTION_NAME": "bench",
}
"""What the template, and Lambda, tell the functions, beside what :class:`BenchShop` makes."""

PAGE_TOKEN: Final = "page-of-an-order-0123456789-0123456789-0123"  # noqa: S105
"""What opens the page of any order that is put there."""

_ACTOR: Final = Actor("marketplace", "cred_0123456789ab", "Taobao")
TERMS: Final = Terms(payment_timeout=3 * 24 * 60 * 60, refund_window=30 * 24 * 60 * 60)
_DETAILS: Final = Details(
    sender=Contact(name="李雷", email="lilei@example.com", phone="13800000001"),
    shipping_address=Address(
        full_name="韩梅梅",
        phone="13900000002",
        province_code="440000",
        city_code="440300",
        postal_code="518057",
        line1="科技园新西路7号兰光科技园B801",
    ),
    customer_note="Please ring twice.",
    extensions={"shoplazza": {CHECKOUT_TOKEN: PAGE_TOKEN}},
)


class BenchShop:
    """The shop in a table of the template's shape, on a cloud that the environment names."""

    def __init__(self) -> None:
        client = boto3.client("dynamodb")
        create_table(client, TABLE)
        queues = boto3.client("sqs")
        key = boto3.client("kms").create_key()["KeyMetadata"]["Arn"]
        boto3.client("sesv2").create_email_identity(EmailIdentity=ENVIRONMENT["MAIL_SENDER"])
        self.environment = {
            **ENVIRONMENT,
            "SECRETS_KEY": key,
            "DELIVERIES_QUEUE": queues.create_queue(QueueName="deliveries")["QueueUrl"],
            "UNPUBLISHED_QUEUE": queues.create_queue(QueueName="unpublished")["QueueUrl"],
        }
        os.environ |= self.environment
        self.queues = queues
        self.application = Application(from_environment(), client=dynamodb.connect())
        self._make_shop()
        for _ in range(LISTED):
            self.order()

    # -- what is there -----------------------------------------------------------------------------

    def _make_shop(self) -> None:
        known = self.application
        manage_shops.create_shop(
            known.shops, known.desk.clock, shop_id=SHOP, name="Bench", currency=CURRENCY
        )
        for wire in ("marketplace", "brandcloud", "shoplazza"):
            manage_shops.change_windows(known.shops, SHOP, wire, lambda _: TERMS)
        ids = [str(number) for number in range(1, 6)]
        products = [_product(name) for name in (*ids, *(f"{COUNTED}-{number}" for number in ids))]
        manage_shops.put_products(known.shops, known.desk.catalog, SHOP, products)
        for number in ids:
            manage_shops.set_stock(
                known.shops,
                known.desk.catalog,
                SHOP,
                product_id=f"{COUNTED}-{number}",
                variant_id="v",
                quantity=1000,
            )

    @cached_property
    def marketplace_token(self) -> str:
        return self._token("marketplace")

    @cached_property
    def shoplazza_token(self) -> str:
        return self._token("shoplazza")

    @cached_property
    def youhaosuda_token(self) -> str:
        known = self.application
        app = issue_app(known.shops, known.desk.clock, SHOP, wire="youhaosuda", label="Warehouse")
        return app.token

    @cached_property
    def till_key(self) -> str:
        """The ``api_key`` of somebody who sells for a company."""
        shops, people = self.application.shops, self.application.people
        user = manage_people.put_user(
            shops,
            people,
            SHOP,
            user_id=11,
            given_name="QQ",
            family_name="Wang",
            email="qq@shop.example",
        )
        manage_people.put_company(shops, people, SHOP, company_id=1, code="AAAA", name="Company A")
        manage_people.add_member(shops, people, SHOP, company_id=1, user_id=11)
        manage_people.select_company(shops, people, SHOP, company_id=1, user_id=11)
        return self._token("brandcloud", user=user)

    @cached_property
    def signer(self) -> SignerValues:
        known = self.application
        return issue_signer(
            known.shops, known.vault, known.desk.clock, SHOP, wire="bricklink", label="Desk"
        ).values

    def _token(self, wire: str, **more: Any) -> str:
        known = self.application
        return manage_shops.issue_credential(
            known.shops, known.desk.clock, SHOP, wire=wire, label="Bench", **more
        ).token

    @cached_property
    def provider_keys(self) -> providers.KeyPair:
        """Which the providers sign with; an account with each is made for them."""
        keys = providers.paypal_keys()
        accounts: dict[str, dict[str, Any]] = {
            "stripe": {"secrets": [providers.STRIPE_SECRET]},
            "paypal": {
                "settings": {"webhook_id": providers.PAYPAL_WEBHOOK_ID},
                "public_keys": {providers.PAYPAL_CERTIFICATE_URL: keys.certificate_pem},
            },
            "alipay": {
                "settings": {"app_id": providers.ALIPAY_APP_ID},
                "public_keys": {"alipay": keys.public_pem},
            },
            "wechatpay": {
                "settings": {"mchid": providers.WECHATPAY_MCHID},
                "public_keys": {keys.serial: keys.certificate_pem},
                "secrets": [providers.WECHATPAY_KEY],
            },
        }
        known = self.application
        for provider, account in accounts.items():
            set_account(
                known.shops,
                known.payment_account_store,
                lambda: known.vault,
                known.desk.clock,
                SHOP,
                provider,
                **account,
            )
        return keys

    @cached_property
    def subscription(self) -> int:
        """The id of a subscription to all events, whose endpoint is the emulated cloud's."""
        url = f"{os.environ['AWS_ENDPOINT_URL']}/subscriber"
        wanted = NewSubscription(kind=SubscriptionKind.STANDARD, url=url, topics=("*",))
        made = subscribe(self.application.subscription_desk, SHOP, wanted)
        return made.subscription.id

    # -- what happens ------------------------------------------------------------------------------

    def order(self, terms: Terms = TERMS) -> Order:
        """A new order of five lines, to be paid; a window of its terms may end before it begins."""
        placement = Placement(
            wire="marketplace",
            currency=CURRENCY,
            terms=terms,
            details=_DETAILS,
            references=(Reference("order", "marketplace:taobao", _name()),),
            lines=[
                LineRequest(
                    product_id=str(number),
                    variant_id="v",
                    sku=f"SKU{number}",
                    name=f"Product {number}",
                    quantity=2,
                    unit_price=UnitPrice.of(64, CURRENCY),
                )
                for number in range(1, 6)
            ],
        )
        return place_order(self.application.desk, SHOP, placement, _ACTOR).order

    def paid(self, order: Order) -> Order:
        received = ReceivedPayment(
            provider="cash", transaction_id="", amount=Decimal(order.total.decimal_text)
        )
        return record_payment(self.application.desk, order, received, _ACTOR).order

    def cart(self) -> str:
        """The id of a new cart of five products."""
        known = self.application
        lines = [CartLine(str(number), "v", 2) for number in range(1, 6)]
        return manage_shops.put_cart(
            known.shops, known.desk.catalog, known.desk.clock, SHOP, cart_id=_name(), lines=lines
        ).id

    def queued_delivery(self) -> dict[str, Any]:
        """The message that one event of a new order became."""
        assert self.subscription
        desk, publisher = self.application.desk, self.application.publisher
        publisher.tell(list(desk.orders.outgoing(SHOP, self.order().id))[:1])
        url = self.environment["DELIVERIES_QUEUE"]
        (message,) = self.queues.receive_message(QueueUrl=url)["Messages"]
        return dict(message)

    def items(self, order: Order) -> list[dict[str, Any]]:
        """All that the table holds of an order, as its stream tells it."""
        answer = boto3.client("dynamodb").query(
            TableName=TABLE,
            KeyConditionExpression="pk = :pk",
            ExpressionAttributeValues={":pk": {"S": f"SHOP#{SHOP}#ORDER#{order.id}"}},
        )
        return answer["Items"]


def _product(name: str) -> Product:
    prices = {CURRENCY: Price(price=UnitPrice.of(64, CURRENCY))}
    return Product(
        id=name,
        name=f"Product {name}",
        variants=(Variant(id="v", sku=f"SKU{name}", prices=prices),),
    )


def _name() -> str:
    return f"TB{uuid4().int % 10**16:016d}"
