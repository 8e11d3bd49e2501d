"""Orders in the making, for storage and job tests."""

from datetime import datetime

from orderhub.domain import commands, identity
from orderhub.domain.commands import Change, Placement
from orderhub.domain.details import Actor, Address, Details, Reference
from orderhub.domain.events import Terms
from orderhub.domain.lines import LineRequest
from orderhub.domain.money import Money, UnitPrice
from orderhub.domain.payment import Payment, PaymentState
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
) -> Change:
    """A new order of ``lines`` lines at 1.50 CNY each; ``name`` is its merchant number."""
    order_id = identity.order_id(at, tail)
    placement = Placement(
        number=identity.default_number(order_id),
        wire="marketplace",
        currency="CNY",
        terms=Terms(payment_timeout=payment_timeout, refund_window=refund_window),
        details=Details(shipping_address=Address(full_name="韩梅梅", city_code="440300")),
        references=(Reference("order", "marketplace:taobao", name or f"TB{order_id}"),),
        lines=requests(lines),
    )
    return commands.place(shop_id, order_id, placement, at, TESTER)


def requests(count: int) -> list[LineRequest]:
    return [
        LineRequest(
            product_id=str(3000 + index),
            name=f"Brick 2 x {index}",
            quantity=1,
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
