"""Vendure, a commerce server in TypeScript, on SQLite, as ``vendure_server/`` sets it up."""

import json
import os
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final, cast

import httpx

from local.cloud import free_port
from local.console import Progress

FOLDER: Final = Path(__file__).with_name("vendure_server")

_SESSION: Final = "vendure-auth-token"
"""The header of an answer that begins a session."""
_ERRORS: Final = "... on ErrorResult { errorCode message }"
_ORDER: Final = f"{{ ... on Order {{ id code state totalWithTax }} {_ERRORS} }}"

_VARIANTS: Final = "{ products { items { variants { id } } } }"
_ADD: Final = (
    f"mutation($id: ID!) {{ addItemToOrder(productVariantId: $id, quantity: 1) {_ORDER} }}"
)
_CUSTOMER: Final = (
    f"mutation($input: CreateCustomerInput!) {{ setCustomerForOrder(input: $input) {_ORDER} }}"
)
_ADDRESS: Final = (
    f"mutation($input: CreateAddressInput!) {{ setOrderShippingAddress(input: $input) {_ORDER} }}"
)
_METHODS: Final = "{ eligibleShippingMethods { id } }"
_METHOD: Final = (
    f"mutation($ids: [ID!]!) {{ setOrderShippingMethod(shippingMethodId: $ids) {_ORDER} }}"
)
_ARRANGE: Final = f'mutation {{ transitionOrderToState(state: "ArrangingPayment") {_ORDER} }}'
_PAY: Final = f"mutation($input: PaymentInput!) {{ addPaymentToOrder(input: $input) {_ORDER} }}"
_READ: Final = """query($code: String!) { orderByCode(code: $code) {
    id code state totalWithTax currencyCode
    lines { productVariant { id sku name } quantity linePriceWithTax }
    shippingAddress { fullName phoneNumber province city postalCode streetLine1 }
    payments { id transactionId amount state method }
} }"""

_BUYER: Final = MappingProxyType(
    {"emailAddress": "mei@example.com", "firstName": "Meimei", "lastName": "Han"}
)
_HOME: Final = MappingProxyType(
    {
        "fullName": "Han Meimei",
        "phoneNumber": "13900000002",
        "province": "Guangdong",
        "city": "Shenzhen",
        "postalCode": "518057",
        "countryCode": "CN",
        "streetLine1": "Road 7",
    }
)


def version() -> str:
    """The version that ``vendure_server/package.json`` asks for."""
    package = json.loads((FOLDER / "package.json").read_text(encoding="utf-8"))
    return str(package["dependencies"]["@vendure/core"])


class Vendure:
    """A guest's checkout by the shop API. All orders come in one session, so that none pays for
    beginning another."""

    name = "Vendure"
    calls: Mapping[str, int] = MappingProxyType({"open": 1, "create": 5, "pay": 1, "read": 1})

    def __init__(self, client: httpx.Client) -> None:
        self._client = client
        self._variant = self._sent(_VARIANTS)["items"][0]["variants"][0]["id"]
        self._shipping_methods = self._eligible_shipping_methods()

    def open(self) -> str:
        """Add the line, which makes the order."""
        return str(self._sent(_ADD, id=self._variant)["code"])

    def fill(self, order: str) -> None:
        """Say who buys, where to and how it is sent, and that payment comes next."""
        self._sent(_CUSTOMER, input=dict(_BUYER))
        self._sent(_ADDRESS, input=dict(_HOME))
        self._sent(_METHOD, ids=self._shipping_methods)
        self._sent(_ARRANGE)

    def pay(self, order: str) -> None:
        """Pay by the method that always says yes at once."""
        self._sent(_PAY, input={"method": "dummy", "metadata": {}})

    def read(self, order: str) -> None:
        """Get the order."""
        self._sent(_READ, code=order)

    def _eligible_shipping_methods(self) -> list[str]:
        """The shop's only one. Vendure tells it for an order; asking is not timed."""
        self._sent(_ADD, id=self._variant)
        self._sent(_ADDRESS, input=dict(_HOME))
        return [self._sent(_METHODS)[0]["id"]]

    def _sent(self, query: str, **variables: Any) -> Any:
        answer = self._client.post("/shop-api", json={"query": query, "variables": variables})
        content = answer.raise_for_status().json()
        if token := answer.headers.get(_SESSION):
            self._client.headers["Authorization"] = f"Bearer {token}"
        (data,) = (content.get("data") or {"": None}).values()
        if not data or "errors" in content or "errorCode" in data:
            raise RuntimeError(f"Vendure answered: {answer.text[:300]}")
        return data


@contextmanager
def running(folder: Path, progress: Progress) -> Iterator[Vendure]:
    """Vendure with a product, for as long as the context lasts; its files go to ``folder``.

    Raises:
        RuntimeError: it did not start; what it said is in ``folder/vendure.log``.
    """
    folder.mkdir(parents=True, exist_ok=True)
    port = free_port()
    with (folder / "vendure.log").open("w", encoding="utf-8") as log:
        process = subprocess.Popen(
            ["node", "server.js"],
            cwd=FOLDER,
            env={
                **os.environ,
                "PORT": str(port),
                "FOLDER": str(folder),
                "NODE_ENV": "production",
                "VENDURE_DISABLE_TELEMETRY": "1",
            },
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
        )
    try:
        with progress.step("Starting Vendure on SQLite"):
            _await_ready(process, folder)
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=60) as client:
            yield Vendure(client)
    finally:
        process.terminate()
        process.communicate()


def _await_ready(process: subprocess.Popen[str], folder: Path) -> None:
    for line in cast("Iterator[str]", process.stdout):
        if line.strip() == "ready":
            return
    raise RuntimeError(f"Vendure did not start: {(folder / 'vendure.log').read_text()[-2000:]}")
