"""Money that came in."""

from dataclasses import field
from datetime import datetime
from enum import StrEnum
from typing import Final

from .dataclass import dataclass
from .lines import Attributes
from .money import Money

MAX_PAYMENTS: Final = 200
"""More attempts on one order are a fault of the sender, and would crowd the snapshot."""


class PaymentState(StrEnum):
    PENDING = "pending"
    CAPTURED = "captured"
    FAILED = "failed"
    HELD = "held"
    """Captured by its provider, but not the amount or the currency that was due: it counts for
    nothing until an operator accepts it or it goes back."""
    RETURNED = "returned"
    """It was held, and went back as a whole."""

    @property
    def has_money(self) -> bool:
        """Whether its provider captured it: what it reports of that again is known."""
        return self in (PaymentState.CAPTURED, PaymentState.HELD, PaymentState.RETURNED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Payment:
    """One attempt to pay. ``id`` counts from 1 within the order.

    ``transaction_id`` is the provider's own name for it, unique per provider within the shop.
    ``amount`` is in the order's currency, unless it is held.
    """

    id: int
    provider: str
    transaction_id: str
    amount: Money
    state: PaymentState
    created_at: datetime
    updated_at: datetime
    method: str = ""
    subject: str = ""
    payer: str = ""
    failure: str = ""
    attributes: Attributes = field(default_factory=dict)
