"""An order's money as its events tell it, summed without the order's own arithmetic.

Reconciliation holds both against each other.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import field
from enum import StrEnum

from . import events as happened
from .dataclass import dataclass
from .events import Recorded
from .money import Money
from .order import Order
from .payment import Payment, PaymentState
from .refund import Refund, RefundState


class Account(StrEnum):
    """What money is counted as."""

    CAPTURED = "captured"
    REFUNDED = "refunded"
    HELD = "held"
    """Captured, but not what was due, whether it went back since or not."""
    RETURNED = "returned"
    """Of what was held."""


Balances = Counter[tuple[Account, str, str]]
"""Minor units by account, provider and currency."""


@dataclass(slots=True)
class Ledger:
    """``balances`` are what providers and others reported. ``uncovered`` is what was missing of the
    total when the order was marked as paid, if anything was."""

    balances: Balances = field(default_factory=Counter)
    uncovered: Money | None = None

    @property
    def text(self) -> str:
        """Like ``captured stripe 10.00 EUR, refunded stripe 5.00 EUR``."""
        return written(self.balances)


def written(balances: Balances) -> str:
    """Balances on one line, nothing for those that are even."""
    return ", ".join(
        f"{account.value} {provider} {Money(amount, currency)}"
        for (account, provider, currency), amount in sorted(balances.items())
        if amount
    )


def of_events(history: Iterable[Recorded]) -> Ledger:
    """The ledger that an order's events make. Those that move no money are passed over.

    Raises ``LookupError`` for one about a payment or refund that never began.
    """
    ledger = Ledger()
    payments: dict[int, tuple[Account | None, Payment, Money]] = {}
    refunds: dict[int, tuple[RefundState, Refund]] = {}
    for recorded in history:
        match recorded.event:
            case happened.PaymentStarted(payment=payment):
                payments[payment.id] = (None, payment, payment.amount)
            case happened.PaymentCaptured(payment=payment):
                payments[payment.id] = (Account.CAPTURED, payment, payment.amount)
            case happened.PaymentConfirmed(payment_id=payment_id, amount=amount):
                payments[payment_id] = (Account.CAPTURED, payments[payment_id][1], amount)
            case happened.PaymentHeld(payment=payment):
                payments[payment.id] = (Account.HELD, payment, payment.amount)
            case happened.PaymentAccepted(payment_id=payment_id):
                payments[payment_id] = (Account.CAPTURED, *payments[payment_id][1:])
            case happened.PaymentFailed(payment_id=payment_id):
                payments[payment_id] = (None, *payments[payment_id][1:])
            case happened.RefundRequested(refund=refund):
                refunds[refund.id] = (RefundState.REQUESTED, refund)
            case happened.RefundSucceeded(refund_id=refund_id):
                refunds[refund_id] = (RefundState.SUCCEEDED, refunds[refund_id][1])
            case happened.RefundFailed(refund_id=refund_id):
                refunds[refund_id] = (RefundState.FAILED, refunds[refund_id][1])
            case happened.OrderPaid(total=total):
                ledger.uncovered = _uncovered(
                    total,
                    (money for to, _, money in payments.values() if to is Account.CAPTURED),
                    (
                        refund
                        for state, refund in refunds.values()
                        if state is not RefundState.FAILED and not refund.is_of_held
                    ),
                )
    for account, payment, amount in payments.values():
        if account:
            ledger.balances[account, payment.provider, amount.currency] += amount.amount
    for state, refund in refunds.values():
        if state is RefundState.SUCCEEDED:
            account = Account.RETURNED if refund.is_of_held else Account.REFUNDED
            key = (account, refund.provider, refund.amount.currency)
            ledger.balances[key] += refund.amount.amount
    return ledger


def _uncovered(total: Money, captured: Iterable[Money], refunds: Iterable[Refund]) -> Money | None:
    taken_back = Money.total((r.beyond_sale for r in refunds if r.beyond_sale), total.currency)
    missing = total - (Money.total(captured, total.currency) - taken_back)
    return missing if missing.amount > 0 else None


def of_order(order: Order) -> Balances:
    """The same balances as a snapshot has them."""
    balances: Balances = Counter()
    accounts = {
        PaymentState.CAPTURED: Account.CAPTURED,
        PaymentState.HELD: Account.HELD,
        PaymentState.RETURNED: Account.HELD,
    }
    for payment in order.payments:
        if account := accounts.get(payment.state):
            balances[account, payment.provider, payment.amount.currency] += payment.amount.amount
    for refund in (*order.refunds, *order.held_refunds):
        if refund.state is RefundState.SUCCEEDED:
            account = Account.RETURNED if refund.is_of_held else Account.REFUNDED
            key = (account, refund.provider, refund.amount.currency)
            balances[key] += refund.amount.amount
    return balances
