"""Puts the adapters behind the ports. The only module that knows both."""

from __future__ import annotations

from functools import cache, cached_property

from . import settings
from .adapters.dynamodb import client as dynamodb
from .adapters.dynamodb.catalog import DynamoCatalog
from .adapters.dynamodb.links import DynamoLinks
from .adapters.dynamodb.metafields import DynamoMetafields
from .adapters.dynamodb.nonces import DynamoNonces
from .adapters.dynamodb.orders import DynamoOrders
from .adapters.dynamodb.people import DynamoPeople
from .adapters.dynamodb.ranks import DynamoRanks
from .adapters.dynamodb.shops import DynamoShops
from .adapters.dynamodb.stream import order_of, outgoing_event
from .adapters.system import SystemClock, SystemEntropy
from .ports import EventBus, InvoiceRenderer, Mailer, QrCoder, Vault
from .services.authenticate import Authenticator
from .services.authenticate_signed import SignatureAuthenticator
from .services.desk import Desk
from .settings import Settings

__all__ = ["Application", "application", "order_of", "outgoing_event"]


class Application:
    """Everything a function may need, made when first asked for and kept while it is warm.

    ``client``, ``bus`` and ``vault`` stand in for what would be connected to otherwise.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        client: dynamodb.DynamoDBClient | None = None,
        bus: EventBus | None = None,
        vault: Vault | None = None,
    ) -> None:
        self.settings = settings
        self._given_client = client
        self._given_bus = bus
        self._given_vault = vault

    @cached_property
    def desk(self) -> Desk:
        table, client = self.settings.table_name, self._dynamodb
        return Desk(
            orders=DynamoOrders(client, table, self.settings.due_shards),
            ranks=DynamoRanks(client, table),
            catalog=DynamoCatalog(client, table),
            people=self.people,
            links=DynamoLinks(client, table),
            metafields=DynamoMetafields(client, table),
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

    @cached_property
    def signature_authenticator(self) -> SignatureAuthenticator:
        return SignatureAuthenticator(
            self.shops,
            self.vault,
            DynamoNonces(self._dynamodb, self.settings.table_name),
            SystemClock(),
            window=self.settings.signature_window,
        )

    @cached_property
    def bus(self) -> EventBus:
        if self._given_bus:
            return self._given_bus
        # Only the publisher needs it.
        from .adapters import eventbridge  # noqa: PLC0415

        return eventbridge.EventBridgeBus(eventbridge.connect(), self.settings.event_bus_name)

    # What few functions need is imported by those alone.

    @cached_property
    def vault(self) -> Vault:
        if self._given_vault:
            return self._given_vault
        from .adapters import kms  # noqa: PLC0415

        return kms.KmsVault(kms.connect(), self.settings.secrets_key)

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


@cache
def application() -> Application:
    """The application of this process, from its environment."""
    return Application(settings.from_environment())
