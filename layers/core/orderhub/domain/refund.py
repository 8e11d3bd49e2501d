"""Money that goes back."""

from datetime import datetime
from enum import StrEnum
from typing import Final

from .dataclass import dataclass
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
    reported_as: str = ""
    """Its provider's own name for it, once told of a refund that was asked for without."""
    is_of_total: bool = False
    """Whether its provider told no more than a total so far: parts of it may be named yet."""
    is_of_held: bool = False
    """Whether it gives back money that was held (:attr:`Order.held_refunds`), in the currency of
    that."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EarlyRefund:
    """A refund that was reported before its payment was. It takes effect together with that.

    ``amount`` is in whatever currency the provider told. ``is_total`` says that it is all that went
    back of the payment so far, and not one refund.
    """

    provider: str
    transaction_id: str
    """Of the payment."""
    amount: Money
    refund_id: str = ""
    is_total: bool = False
    has_failed: bool = False
    reason: str = ""
