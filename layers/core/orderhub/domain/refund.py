"""Money that goes back."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

from .money import Money

MAX_REFUNDS: Final = 200


class RefundState(StrEnum):
    REQUESTED = "requested"
    SUCCEEDED = "succeeded"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class RefundedLine:
    """Pieces of an order's line whose money goes back, 1 at least."""

    line_id: int
    quantity: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Refund:
    """One refund. ``id`` counts from 1 within the order; ``transaction_id`` may be empty for
    refunds that no provider carries (cash)."""

    id: int
    provider: str
    transaction_id: str
    amount: Money
    state: RefundState
    created_at: datetime
    updated_at: datetime
    reason: str = ""
    failure: str = ""
    payment_id: int | None = None
    beyond_sale: Money | None = None
    """What of ``amount`` no sale stood behind when it was asked for: an excess, or part payments
    of an order that was not paid. From then on it doesn't count towards the total."""
    lines: tuple[RefundedLine, ...] = ()
    """What it is for, where that was said. ``amount`` is what goes back, whatever these cost."""
