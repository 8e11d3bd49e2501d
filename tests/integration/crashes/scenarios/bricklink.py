"""Sellers' systems, which sign every request anew."""

from collections.abc import Callable
from functools import partial

import httpx

from orderhub.domain import commands
from orderhub.domain.commands import Change
from orderhub.domain.details import Contact
from orderhub.services.issue_signer import issue_signer
from tests.integration.crashes.callers import Request
from tests.integration.crashes.scenario import Prepare, Scenario
from tests.integration.crashes.setting import PIECES, order, shop
from tests.integration.crashes.stage import SHOP, URL, Stage, Transport
from tests.support.oauth import SignedClient

GROUP = "bricklink"
SUPPLIER = "supplier"
BUYER = Contact(name="brickfan", email="fan@example.com")


class Seller:
    """One long order, one that holds pieces of the stock, and one bought at another shop."""

    def __init__(self, stage: Stage) -> None:
        shop(stage)
        shop(stage, SUPPLIER)
        application = stage.application
        issued = issue_signer(
            application.shops,
            application.vault,
            application.desk.clock,
            SHOP,
            wire=GROUP,
            label="tests",
        )

        def bind(contact: Contact) -> Callable[[Change], object]:
            return lambda change: commands.bind_customer(change, contact)

        self.long = order(stage, lines=51, payment_timeout=None, then=bind(BUYER)).id
        self.stocked = order(stage, tail=3, stock=PIECES, then=bind(BUYER)).id
        buying = Contact(name="brickfan", attributes={"shop_id": SHOP})
        self.bought = order(stage, tail=2, shop_id=SUPPLIER, then=bind(buying)).id
        self._client = SignedClient(
            issued.values, base_url=f"{URL}/api/store/v1", transport=Transport(stage)
        )

    def asks(self, method: str, path: str, body: object = None) -> Callable[[], httpx.Response]:
        return partial(self._client.request, method, path, json=body)

    def patches(self, field: str, value: str) -> Callable[[], httpx.Response]:
        return self.asks("PUT", f"/orders/{self.stocked}/{field}", {"field": field, "value": value})


def by(act: Callable[[Seller], Callable[[], httpx.Response]]) -> Prepare:
    def prepare(stage: Stage) -> Request:
        return Request(act(Seller(stage)))

    return prepare


def rejected(stage: Stage) -> Request:
    """Nothing is asked of anybody to say so."""
    shop(stage)
    send = partial(stage.api.get, "/api/store/v1/nothing")
    return Request(send, is_done=lambda answer: answer.json()["meta"]["code"] == 400)


def looks(part: str, name: str, function: str) -> list[Scenario]:
    return [
        Scenario(GROUP, name, function, by(lambda s: s.asks("GET", f"/orders/{s.long}{part}"))),
        Scenario(
            GROUP,
            f"{name} as the buyer",
            function,
            by(lambda s: s.asks("GET", f"/orders/{s.bought}{part}")),
        ),
    ]


EDIT = {
    "remarks": "box 7",
    "cost": {"shipping": "4.90", "insurance": "1.00"},
    "is_filed": True,
}
SCENARIOS = [
    Scenario(GROUP, "list", "BrickLinkListOrders", by(lambda s: s.asks("GET", "/orders"))),
    Scenario(
        GROUP,
        "list what was bought",
        "BrickLinkListOrders",
        by(lambda s: s.asks("GET", "/orders?direction=out")),
    ),
    *looks("", "read", "BrickLinkGetOrder"),
    *looks("/items", "read items", "BrickLinkGetItems"),
    *looks("/messages", "read messages", "BrickLinkGetMessages"),
    *looks("/feedback", "read feedback", "BrickLinkGetFeedback"),
    Scenario(
        GROUP,
        "edit",
        "BrickLinkUpdateOrder",
        by(lambda s: s.asks("PUT", f"/orders/{s.long}", EDIT)),
    ),
    Scenario(
        GROUP, "cancel", "BrickLinkUpdateStatus", by(lambda s: s.patches("status", "CANCELLED"))
    ),
    Scenario(GROUP, "ship", "BrickLinkUpdateStatus", by(lambda s: s.patches("status", "SHIPPED"))),
    Scenario(
        GROUP,
        "receive money",
        "BrickLinkUpdatePaymentStatus",
        by(lambda s: s.patches("payment_status", "Received")),
    ),
    Scenario(
        GROUP,
        "thank the buyer",
        "BrickLinkSendDriveThru",
        by(lambda s: s.asks("POST", f"/orders/{s.stocked}/drive_thru")),
        made_anew="The document's thanks go out each time that they are asked for.",
    ),
    Scenario(GROUP, "ask for nothing", "BrickLinkRejectRequest", rejected),
]
