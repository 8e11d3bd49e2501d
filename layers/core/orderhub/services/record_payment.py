"""Record money that came in for an order, once per transaction."""

from decimal import Decimal

from orderhub.domain import commands
from orderhub.domain.commands import Change
from orderhub.domain.dataclass import dataclass
from orderhub.domain.details import Actor
from orderhub.domain.money import Money
from orderhub.domain.order import Order
from orderhub.domain.payment import Payment, PaymentState

from .desk import Desk, Permit, anything_goes


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceivedPayment:
    """``amount`` is in major units of the order's currency; ``None`` for all that is to be paid at
    the moment of recording it."""

    provider: str
    transaction_id: str
    amount: Decimal | None = None
    method: str = ""
    subject: str = ""


def record_payment(
    desk: Desk,
    order: Order,
    received: ReceivedPayment,
    actor: Actor,
    *,
    permit: Permit = anything_goes,
) -> Change:
    """Add a captured payment. The same transaction again changes nothing.

    Raises what ``permit`` raises, :class:`InvalidField` for an amount that the currency can't
    hold, :class:`Refused` for orders that can't be paid (any more), :class:`ReferenceTaken` when
    the transaction paid another order.
    """
    told = None
    if received.amount is not None:
        told = Money.of(received.amount, order.currency, "payment")

    def decide(change: Change) -> None:
        permit(change.visible)
        amount = change.visible.outstanding if told is None else told
        commands.capture_payment(
            change,
            Payment(
                id=0,
                provider=received.provider,
                transaction_id=received.transaction_id,
                amount=amount,
                state=PaymentState.CAPTURED,
                created_at=change.now,
                updated_at=change.now,
                method=received.method,
                subject=received.subject,
            ),
        )

    return desk.change(order.shop_id, order.id, actor, decide, loaded=order)
