"""BrickLink's API without a network in between, and an order as its sellers get them."""

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import httpx

from orderhub.adapters.system import SystemClock
from orderhub.bootstrap import Application
from orderhub.domain.commands import Change, Placement
from orderhub.domain.details import Actor, Address, Contact, Details
from orderhub.domain.events import Terms
from orderhub.domain.lines import Attributes, Charge, ChargeKind, Discount, LineRequest
from orderhub.domain.money import Money, UnitPrice
from orderhub.domain.order import Order
from orderhub.services.issue_signer import SignerValues
from orderhub.services.place_order import place_order
from tests.support.gateway import Gateway
from tests.support.oauth import OAuth1

WIRE = "bricklink"
URL = "https://api.example.com/api/store/v1"
SELLER = Actor(WIRE, "cred_1", "Desk")

Do = Callable[[Change], object]


class Seller:
    """A shop's own system, which signs its requests."""

    def __init__(self, values: SignerValues) -> None:
        self.values = values
        self._gateway = Gateway.of_wire(WIRE)

    def get(self, path: str, query: str = "") -> httpx.Response:
        return self.call("GET", path, query=query)

    def put(self, path: str, body: object) -> httpx.Response:
        return self.call("PUT", path, raw=json.dumps(body))

    def call(
        self,
        method: str,
        path: str,
        *,
        query: str = "",
        raw: str | None = None,
        media: str = "application/json",
        signature: str | None = None,
    ) -> httpx.Response:
        """What is answered to ``raw``, sent as it is; ``None`` is no body and no content type.

        ``signature`` stands in for the right one.
        """
        headers = {} if raw is None else {"content-type": media}
        auth = None if signature else self._auth()
        if signature:
            headers["authorization"] = signature
        with httpx.Client(transport=self._gateway, base_url=URL) as client:
            url = f"{path}?{query}" if query else path
            return client.request(method, url, content=raw, headers=headers, auth=auth)

    def _auth(self) -> OAuth1:
        # By the clock that functions see.
        now = int(SystemClock().now().timestamp())
        return OAuth1(self.values, realm="", timestamp=str(now))


# -- an order --------------------------------------------------------------------------------------

BUYER = Contact(id="57", name="brickfan", email="fan@example.com")
ADDRESS = Address(
    full_name="Ada Brick",
    given_name="Ada",
    family_name="Brick",
    phone="+44 20 7946 0000",
    line1="1 Stud Street",
    line2="Flat 2",
    city="London",
    province="Greater London",
    postal_code="E1 6AN",
    country="United Kingdom",
    country_code="GB",
)
EXTENSIONS: Attributes = {
    "shipping_method": "Royal Mail",
    "shipping_method_id": 17862,
    "require_insurance": True,
}


def lot(
    number: int, price: str, quantity: int, currency: str = "EUR", **facts: str | int
) -> LineRequest:
    """A used brick, of one of 200 colours."""
    attributes: Attributes = {
        "inventory_id": 180_000_000 + number,
        "type": "PART",
        "category_id": 5,
        "color_id": number % 200 + 1,
        "color_name": f"Color {number % 200 + 1}",
        "new_or_used": "U",
        "weight": "2.32",
        **facts,
    }
    return LineRequest(
        product_id=f"{3000 + number % 1000}",
        quantity=quantity,
        unit_price=UnitPrice.of(price, currency),
        name=f"Brick 2 x {number}",
        attributes=attributes,
    )


def placement(**changes: Any) -> Placement:
    """Two lots over 6.75 EUR, with 4.90 for the parcel, 1.00 insurance and 0.65 off."""
    given = Placement(
        wire=WIRE,
        currency="EUR",
        terms=Terms(),
        details=Details(
            customer=BUYER,
            shipping_address=ADDRESS,
            payment_method="PayPal",
            extensions={WIRE: EXTENSIONS},
        ),
        lines=[
            lot(1, "0.0375", 100, remarks="box 7", description="light scratches"),
            lot(2, "1.5", 2, completeness="C", type="SET"),
        ],
        charges=(
            Charge(kind=ChargeKind.SHIPPING, amount=Money.of("4.90", "EUR")),
            Charge(kind=ChargeKind.INSURANCE, amount=Money.of("1.00", "EUR")),
        ),
        discounts=(
            Discount(amount=Money.of("0.50", "EUR"), kind="coupon"),
            Discount(amount=Money.of("0.15", "EUR"), kind="credit"),
        ),
    )
    return replace(given, **changes)


def make(application: Application, *steps: Do, shop_id: str = "demo", **changes: Any) -> Order:
    """An order of the shop, ``steps`` done to it."""

    def follow_up(change: Change) -> None:
        for step in steps:
            step(change)

    wanted = placement(**changes)
    return place_order(application.desk, shop_id, wanted, SELLER, follow_up=follow_up).order
