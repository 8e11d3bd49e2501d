"""Puts the adapters behind the ports. The only module that knows both."""

from __future__ import annotations

from datetime import timedelta
from functools import cache, cached_property
from typing import TYPE_CHECKING

from . import settings
from .adapters.dynamodb import client as dynamodb
from .adapters.dynamodb.catalog import DynamoCatalog
from .adapters.dynamodb.links import DynamoLinks
from .adapters.dynamodb.metafields import DynamoMetafields
from .adapters.dynamodb.numbers import DynamoNumberIndex
from .adapters.dynamodb.orders import DynamoOrders
from .adapters.dynamodb.people import DynamoPeople
from .adapters.dynamodb.ranks import DynamoRanks
from .adapters.dynamodb.shops import DynamoShops
from .adapters.dynamodb.stray_reports import DynamoStrayReports
from .adapters.dynamodb.stream import order_of, outgoing_events, unreadable_event
from .adapters.system import SystemClock, SystemEntropy
from .ports import (
    DeliveryLog,
    DeliveryQueue,
    Directory,
    EventOutlet,
    InvoiceRenderer,
    Mailer,
    OrderAudit,
    OrderBackup,
    PaymentAccounts,
    QrCoder,
    QueuedDelivery,
    Subscriptions,
    UnreadableEvents,
    Vault,
    WebhookClient,
)
from .services.authenticate import Authenticator
from .services.desk import Desk
from .settings import Settings

if TYPE_CHECKING:
    from .services.authenticate_signed import SignatureAuthenticator
    from .services.deliver import Deliverer
    from .services.payment_accounts import AccountKeeper
    from .services.publish import Publisher
    from .services.resend import Resender
    from .services.subscriptions import SubscriptionDesk

__all__ = [
    "Application",
    "application",
    "order_of",
    "outgoing_events",
    "queued_delivery",
    "unreadable_event",
]


class Application:
    """Everything a function may need, made when first asked for and kept while it is warm.

    ``client``, ``bus``, ``vault``, ``delivery_queue`` and ``webhook_client`` stand in for what
    would be connected to otherwise.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        client: dynamodb.DynamoDBClient | None = None,
        bus: EventOutlet | None = None,
        vault: Vault | None = None,
        delivery_queue: DeliveryQueue | None = None,
        webhook_client: WebhookClient | None = None,
    ) -> None:
        self.settings = settings
        self._given_client = client
        self._given_bus = bus
        self._given_vault = vault
        self._given_delivery_queue = delivery_queue
        self._given_webhook_client = webhook_client

    @cached_property
    def desk(self) -> Desk:
        table, client = self.settings.table_name, self._dynamodb
        return Desk(
            orders=DynamoOrders(client, table, self.settings.due_shards),
            ranks=DynamoRanks(client, table),
            numbers=DynamoNumberIndex(client, table),
            catalog=DynamoCatalog(client, table),
            people=self.people,
            links=DynamoLinks(client, table),
            metafields=DynamoMetafields(client, table),
            strays=DynamoStrayReports(client, table),
            clock=SystemClock(),
            entropy=SystemEntropy(),
        )

    @cached_property
    def people(self) -> DynamoPeople:
        return DynamoPeople(self._dynamodb, self.settings.table_name)

    @cached_property
    def shops(self) -> DynamoShops:
        return DynamoShops(self._dynamodb, self.settings.table_name)

    @cached_property
    def authenticator(self) -> Authenticator:
        return Authenticator(self.shops, SystemClock())

    # What few functions need is imported by those alone.

    @cached_property
    def signature_authenticator(self) -> SignatureAuthenticator:
        from .adapters.dynamodb.nonces import DynamoNonces  # noqa: PLC0415
        from .services.authenticate_signed import SignatureAuthenticator  # noqa: PLC0415

        return SignatureAuthenticator(
            self.shops,
            self.vault,
            DynamoNonces(self._dynamodb, self.settings.table_name),
            SystemClock(),
            window=self.settings.signature_window,
        )

    @cached_property
    def audit(self) -> OrderAudit:
        from .adapters.dynamodb.audit import DynamoAudit  # noqa: PLC0415

        return DynamoAudit(self._dynamodb, self.settings.table_name, self.settings.due_shards)

    def backup(self, table: str) -> OrderBackup:
        """What a table that DynamoDB restored has of orders, beside the one in use."""
        from .adapters.dynamodb.backup import DynamoBackup  # noqa: PLC0415

        known = self.settings
        return DynamoBackup(self._dynamodb, known.table_name, table, known.due_shards)

    @cached_property
    def directory(self) -> Directory:
        from .adapters.dynamodb.directory import DynamoDirectory  # noqa: PLC0415

        return DynamoDirectory(self._dynamodb, self.settings.table_name)

    @cached_property
    def bus(self) -> EventOutlet | None:
        """Where consumers in the account listen, if the stack has such a bus."""
        if self._given_bus or not self.settings.event_bus_name:
            return self._given_bus
        from .adapters import eventbridge  # noqa: PLC0415

        return eventbridge.EventBridgeBus(eventbridge.connect(), self.settings.event_bus_name)

    @cached_property
    def payment_account_store(self) -> PaymentAccounts:
        from .adapters.dynamodb.payment_accounts import DynamoPaymentAccounts  # noqa: PLC0415

        return DynamoPaymentAccounts(self._dynamodb, self.settings.table_name)

    @cached_property
    def payment_accounts(self) -> AccountKeeper:
        from .services.payment_accounts import AccountKeeper  # noqa: PLC0415

        # Two of the providers have no secrets, and their functions no way to a vault.
        return AccountKeeper(self.payment_account_store, lambda: self.vault, SystemClock())

    @cached_property
    def subscriptions(self) -> Subscriptions:
        from .adapters.dynamodb.subscriptions import DynamoSubscriptions  # noqa: PLC0415

        return DynamoSubscriptions(self._dynamodb, self.settings.table_name)

    @cached_property
    def subscription_desk(self) -> SubscriptionDesk:
        from .services.subscriptions import SubscriptionDesk  # noqa: PLC0415
        from .webhooks.kinds import kind_of  # noqa: PLC0415

        return SubscriptionDesk(
            subscriptions=self.subscriptions,
            shops=self.shops,
            vault=self.vault,
            client=self.webhook_client,
            clock=SystemClock(),
            entropy=SystemEntropy(),
            kind_of=kind_of,
        )

    @cached_property
    def publisher(self) -> Publisher:
        from .services.publish import Publisher  # noqa: PLC0415
        from .webhooks.kinds import kind_of  # noqa: PLC0415

        return Publisher(
            subscriptions=self.subscriptions,
            queue=self.delivery_queue,
            clock=SystemClock(),
            kind_of=kind_of,
            bus=self.bus,
        )

    @cached_property
    def deliverer(self) -> Deliverer:
        from .services.deliver import Deliverer  # noqa: PLC0415
        from .webhooks.kinds import kind_of  # noqa: PLC0415

        known = self.settings
        return Deliverer(
            subscriptions=self.subscriptions,
            orders=self.desk.orders,
            shops=self.shops,
            vault=self.vault,
            client=self.webhook_client,
            log=self.delivery_log,
            outlet=self.publisher,
            clock=SystemClock(),
            entropy=SystemEntropy(),
            kind_of=kind_of,
            base_url=known.base_url(domain_name=known.api_domain, api_id=known.api_id),
            patience=timedelta(seconds=known.webhook_patience),
            retry_scale=known.webhook_retry_scale,
        )

    @cached_property
    def delivery_log(self) -> DeliveryLog:
        from .adapters.dynamodb.deliveries import DynamoDeliveries  # noqa: PLC0415

        return DynamoDeliveries(self._dynamodb, self.settings.table_name)

    @cached_property
    def resender(self) -> Resender:
        from .services.resend import Resender  # noqa: PLC0415
        from .webhooks.kinds import kind_of  # noqa: PLC0415

        return Resender(self.desk.orders, self.delivery_queue, SystemClock(), kind_of)

    @cached_property
    def vault(self) -> Vault:
        if self._given_vault:
            return self._given_vault
        from .adapters import kms  # noqa: PLC0415

        return kms.KmsVault(kms.connect(), self.settings.secrets_key)

    @cached_property
    def webhook_client(self) -> WebhookClient:
        if self._given_webhook_client:
            return self._given_webhook_client
        from .adapters.webhook_client import HttpWebhookClient  # noqa: PLC0415

        return HttpWebhookClient(self.settings.webhook_networks)

    @cached_property
    def delivery_queue(self) -> DeliveryQueue:
        if self._given_delivery_queue:
            return self._given_delivery_queue
        from .adapters import sqs  # noqa: PLC0415

        known = self.settings
        return sqs.SqsDeliveries(sqs.connect(), known.deliveries_queue, known.dead_deliveries_queue)

    @cached_property
    def unreadable_events(self) -> UnreadableEvents:
        from .adapters import sqs  # noqa: PLC0415

        return sqs.SqsUnreadableEvents(sqs.connect(), self.settings.unpublished_queue)

    @cached_property
    def mailer(self) -> Mailer:
        from .adapters import ses  # noqa: PLC0415

        return ses.SesMailer(ses.connect(), self.settings.mail_sender)

    @cached_property
    def qr_coder(self) -> QrCoder:
        from .adapters.qr import SegnoQrCoder  # noqa: PLC0415

        return SegnoQrCoder()

    @cached_property
    def invoice_renderer(self) -> InvoiceRenderer:
        # In a layer of its own, which only the function that needs it has.
        from .adapters.invoice_pdf import PdfInvoices  # noqa: PLC0415

        return PdfInvoices()

    @cached_property
    def _dynamodb(self) -> dynamodb.DynamoDBClient:
        return self._given_client or dynamodb.connect()


def queued_delivery(body: str) -> QueuedDelivery:
    """The delivery in a message's body."""
    from .adapters import sqs  # noqa: PLC0415

    return sqs.queued_delivery(body)


@cache
def application() -> Application:
    """The application of this process, from its environment."""
    return Application(settings.from_environment())
