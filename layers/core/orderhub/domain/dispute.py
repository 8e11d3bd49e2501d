"""Money that a buyer asks for by way of the bank or the provider."""

from datetime import datetime
from typing import Final

from .dataclass import dataclass
from .money import Money
from .report import DisputeState

MAX_DISPUTES: Final = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Dispute:
    """``id`` is the provider's own name for it. ``amount`` is in whatever currency it told."""

    provider: str
    id: str
    transaction_id: str
    state: DisputeState
    opened_at: datetime
    updated_at: datetime
    amount: Money | None = None
    reason: str = ""
