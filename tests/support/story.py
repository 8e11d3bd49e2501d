"""An order that things happen to, one command after the other, for tests of the domain.

Every step proves what holds for all of them: a refusal records nothing, and what is recorded
replays to the order that came out.
"""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, Concatenate, Final, ParamSpec

from orderhub.domain import commands, identity
from orderhub.domain.commands import Change, Placement
from orderhub.domain.details import Actor, Details, Reference
from orderhub.domain.errors import InvalidField, Refused
from orderhub.domain.events import Recorded, Terms
from orderhub.domain.invoice import Invoicing
from orderhub.domain.lines import Charge, Discount, LineRequest
from orderhub.domain.money import Money, UnitPrice
from orderhub.domain.order import Order
from orderhub.domain.payment import Payment, PaymentState
from orderhub.domain.status import FulfilmentStatus, OrderStatus, PaymentStatus
from orderhub.domain.stock import StockTaken
from tests.support.fakes import NOON

P = ParamSpec("P")

CLERK: Final = Actor("operator", "7", "Clerk")
MILLISECOND: Final = 0.001
MINUTE: Final = 60
HOUR: Final = 3600
DAY: Final = 24 * HOUR
TERMS: Final = Terms(payment_timeout=15 * MINUTE, refund_window=30 * DAY, auto_receive=14 * DAY)


def line(price: str = "50.00", quantity: int = 2, currency: str = "CNY") -> LineRequest:
    return LineRequest(
        product_id="3001", quantity=quantity, unit_price=UnitPrice.of(price, currency)
    )


def money(amount: str, currency: str = "CNY") -> Money:
    return Money.of(amount, currency)


def payment(
    amount: str, transaction_id: str = "T1", provider: str = "alipay", currency: str = "CNY"
) -> Payment:
    return Payment(
        id=0,
        provider=provider,
        transaction_id=transaction_id,
        amount=money(amount, currency),
        state=PaymentState.PENDING,
        created_at=NOON,
        updated_at=NOON,
    )


class Story:
    """One order and its clock. It begins with two pieces at 50.00 CNY, to be paid in 15 minutes."""

    def __init__(
        self,
        *lines: LineRequest,
        currency: str = "CNY",
        terms: Terms = TERMS,
        charges: tuple[Charge, ...] = (),
        discounts: tuple[Discount, ...] = (),
        references: tuple[Reference, ...] = (),
        now: datetime = NOON,
        empty: bool = False,
        invoicing: Invoicing | None = None,
        details: Details | None = None,
        tags: tuple[str, ...] = (),
        created_at: datetime | None = None,
        stock: tuple[StockTaken, ...] = (),
    ) -> None:
        self.now = now
        placement = Placement(
            number="R1",
            wire="marketplace",
            currency=currency,
            terms=terms,
            details=details or Details(),
            references=references,
            lines=() if empty else lines or (line(),),
            charges=charges,
            discounts=discounts,
            tags=tags,
            invoicing=invoicing,
            created_at=created_at,
            stock=stock,
        )
        order_id = identity.order_id(created_at or now, 1)
        placed = commands.place("demo", order_id, placement, now, CLERK)
        self.order: Order = placed.order
        self.history: list[Recorded] = list(placed.recorded)

    def do(
        self, command: Callable[Concatenate[Change, P], Any], *args: P.args, **kwargs: P.kwargs
    ) -> list[str]:
        """Give a command now; return the types of the events that it recorded."""
        change = Change(self.order, self.now, CLERK)
        try:
            command(change, *args, **kwargs)
        except (Refused, InvalidField):
            assert not change.recorded, "a refused command must not record anything"
            assert change.order == self.order
            raise
        self.history += change.recorded
        self.order = change.order
        assert self.order == Order.replay("demo", self.order.id, self.history)
        return [entry.event.TYPE for entry in change.recorded]

    def refusal(
        self, command: Callable[Concatenate[Change, P], Any], *args: P.args, **kwargs: P.kwargs
    ) -> str:
        """The reason for which a command is refused now."""
        try:
            recorded = self.do(command, *args, **kwargs)
        except Refused as refused:
            return refused.reason
        except InvalidField as invalid:
            return f"{invalid.field} {invalid.reason}"
        raise AssertionError(f"not refused, but recorded {recorded}")

    def pay(self, amount: str, transaction_id: str = "T1") -> list[str]:
        return self.do(commands.capture_payment, payment(amount, transaction_id))

    def refund(self, amount: str, transaction_id: str = "") -> list[str]:
        """Request a refund; its outcome is still to come."""
        return self.do(
            commands.request_refund,
            money(amount, self.order.currency),
            provider="alipay",
            transaction_id=transaction_id,
        )

    def give_back(self, amount: str) -> None:
        """A refund that succeeded."""
        self.refund(amount)
        self.do(commands.settle_refund, self.order.refunds[-1].id)

    def wait(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)

    def wait_until(self, at: datetime | None, *, less: float = 0) -> None:
        """Let time pass until ``at``, or until ``less`` seconds before."""
        assert at is not None
        self.now = at - timedelta(seconds=less)

    @property
    def seen(self) -> Order:
        """The order as everybody sees it now."""
        return self.order.as_of(self.now)

    def status(self) -> OrderStatus:
        return self.seen.status

    def payment_status(self) -> PaymentStatus:
        return self.seen.payment_status

    def fulfilment_status(self) -> FulfilmentStatus:
        return self.seen.fulfilment_status
