"""Finding and handing out invoices."""

import pytest

from orderhub.domain.commands import Placement
from orderhub.domain.details import Actor, Details
from orderhub.domain.errors import NotFound
from orderhub.domain.events import Terms
from orderhub.domain.invoice import Invoice, Invoicing, Seller
from orderhub.domain.lines import LineRequest
from orderhub.domain.money import UnitPrice
from orderhub.domain.order import Order
from orderhub.domain.shop import Shop
from orderhub.services.invoices import InvoiceDocument, find_invoice, invoice_document
from orderhub.services.place_order import place_order
from tests.support.fakes import NOON, FakeDesk

SHOP = Shop(id="demo", name="Demo", currency="EUR", timezone="Asia/Taipei", created_at=NOON)


class FakeRenderer:
    def render(self, invoice: Invoice, order: Order, *, timezone: str) -> bytes:
        return f"{invoice.number} for {order.number} in {timezone}".encode()


def placed(price: str = "0", **numbers: object) -> Order:
    """An order that is paid from the start when it costs nothing."""
    placement = Placement(
        wire="brandcloud",
        currency="EUR",
        terms=Terms(),
        details=Details(),
        lines=[LineRequest(product_id="1", quantity=1, unit_price=UnitPrice.of(price, "EUR"))],
        invoicing=Invoicing(seller=Seller(name="Company A")),
    )
    return place_order(
        FakeDesk().desk,
        "demo",
        placement,
        Actor("brandcloud"),
        **numbers,  # type: ignore[arg-type]
    ).order


def test_an_invoice_s_number_follows_from_its_order_s() -> None:
    order = placed(
        number_of=lambda _: "AAAA170329000006OD",
        invoice_number_of=lambda number: number.removesuffix("OD") + "IN",
    )
    assert [invoice.number for invoice in order.invoices] == ["AAAA170329000006IN"]


def test_a_wire_without_a_format_of_its_own_gets_one() -> None:
    order = placed()
    assert order.invoices[0].number == f"{order.number}-I"


def test_an_invoice_is_handed_out_by_its_number_in_the_shop_s_time() -> None:
    order = placed()
    document = invoice_document(FakeRenderer(), SHOP, order, f"{order.number}-I")
    assert document == InvoiceDocument(
        filename=f"{order.number}-I.pdf",
        content=f"{order.number}-I for {order.number} in Asia/Taipei".encode(),
    )


def test_other_numbers_and_unpaid_orders_have_none() -> None:
    paid, unpaid = placed(), placed("1.00")
    for order, number in ((paid, "AAAA170329000006IN"), (unpaid, f"{unpaid.number}-I")):
        with pytest.raises(NotFound) as missing:
            find_invoice(order, number)
        assert missing.value.kind == "invoice"
