"""Orders in the making, for storage and job tests."""

from datetime import datetime

from orderhub.domain import commands, identity
from orderhub.domain.commands import Change, Placement
from orderhub.domain.details import BUYING_SHOP, Actor, Address, Contact, Details, Reference
from orderhub.domain.events import Terms
from orderhub.domain.invoice import Invoicing, Seller
from orderhub.domain.lines import LineRequest
from orderhub.domain.money import Money, UnitPrice
from orderhub.domain.payment import Payment, PaymentState
from orderhub.domain.stock import StockTaken
from tests.support.fakes import NOON

TESTER = Actor("operator", "tester")


def placed(
    shop_id: str = "demo",
    *,
    at: datetime = NOON,
    tail: int = 1,
    lines: int = 1,
    payment_timeout: int | None = 900,
    name: str | None = None,
    refund_window: int | None = 86400,
    auto_receive: int | None = None,
    pieces: int = 1,
    customer_id: str = "",
    buying_shop_id: str = "",
    seller_id: str = "",
    number: str = "",
    stock: tuple[StockTaken, ...] = (),
    references: tuple[Reference, ...] = (),
) -> Change:
    """A new order of ``lines`` lines of ``pieces`` at 1.50 CNY each; ``name`` is its merchant
    number."""
    order_id = identity.order_id(at, tail)
    placement = Placement(
        number=number or identity.default_number(order_id),
        wire="marketplace",
        currency="CNY",
        terms=Terms(
            payment_timeout=payment_timeout,
            refund_window=refund_window,
            auto_receive=auto_receive,
        ),
        details=Details(
            shipping_address=Address(full_name="韩梅梅", city_code="440300"),
            customer=_customer(customer_id, buying_shop_id),
        ),
        invoicing=Invoicing(seller=Seller(id=seller_id, name="Kiosk")) if seller_id else None,
        references=(
            Reference("order", "marketplace:taobao", name or f"TB{order_id}"),
            *references,
        ),
        lines=requests(lines, pieces),
        stock=stock,
    )
    return commands.place(shop_id, order_id, placement, at, TESTER)


def _customer(customer_id: str, buying_shop_id: str) -> Contact | None:
    if buying_shop_id:
        return Contact(id=customer_id, attributes={BUYING_SHOP: buying_shop_id})
    return Contact(id=customer_id) if customer_id else None


def requests(count: int, pieces: int = 1) -> list[LineRequest]:
    return [
        LineRequest(
            product_id=str(3000 + index),
            name=f"Brick 2 x {index}",
            quantity=pieces,
            unit_price=UnitPrice.of("1.50", "CNY"),
        )
        for index in range(count)
    ]


def payment(amount: str, transaction_id: str = "t1", at: datetime = NOON) -> Payment:
    return Payment(
        id=0,
        provider="marketplace",
        transaction_id=transaction_id,
        amount=Money.of(amount, "CNY"),
        state=PaymentState.CAPTURED,
        created_at=at,
        updated_at=at,
    )
