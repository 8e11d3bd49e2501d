"""What a payment provider reports: one notification of its own, in the core's words."""

from datetime import datetime
from enum import StrEnum
from typing import Final

from .dataclass import dataclass
from .errors import InvalidField
from .money import Money

LONGEST_NAME: Final = 255
LONGEST_TEXT: Final = 500
"""In characters."""

_ATTEMPT: Final = "_"


class ReportKind(StrEnum):
    CAPTURED = "captured"
    """The payment's money came in."""
    PENDING = "pending"
    """The provider holds the payment; its outcome is still to come."""
    FAILED = "failed"
    """The payment, or one attempt at it, came to nothing."""
    REFUNDED = "refunded"
    """Money goes back, went back, or could not go back (:class:`RefundOutcome`)."""
    DISPUTED = "disputed"
    """The buyer asks for the money back by way of the bank or the provider
    (:class:`DisputeState`)."""


class RefundOutcome(StrEnum):
    UNDER_WAY = "under_way"
    SUCCEEDED = "succeeded"
    FAILED = "failed"


class DisputeState(StrEnum):
    OPEN = "open"
    WON = "won"
    """The money stays."""
    LOST = "lost"
    """The money went back to the buyer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentReport:
    """One notification of a provider, verified.

    ``event_id`` is the provider's own name for it. ``transaction_id`` names the payment that it is
    about, ``reference`` is what our payment request carried (:func:`payment_reference`), empty
    where the provider doesn't repeat it: one of the two at least is there. ``at`` is when it
    happened, as the provider tells.

    ``amount`` is, in whatever currency the provider tells, of what ``kind`` says: what the payment
    captured (or would), what this refund gives back, what is disputed.

    A refund has a ``refund_id``, or the provider tells no more than the ``refunded_total``: all
    that went back of the payment until then. Both may be there. A dispute has a ``dispute_id``.
    """

    kind: ReportKind
    provider: str
    event_id: str
    at: datetime
    transaction_id: str = ""
    reference: str = ""
    amount: Money | None = None
    method: str = ""
    failure: str = ""
    """Of a failed payment or refund: ``code: description``, or a text without a code."""
    refund_id: str = ""
    refund_outcome: RefundOutcome = RefundOutcome.SUCCEEDED
    refunded_total: Money | None = None
    reason: str = ""
    """Of a refund or dispute, in the provider's words."""
    dispute_id: str = ""
    dispute_state: DisputeState = DisputeState.OPEN

    def __post_init__(self) -> None:
        """Raises :class:`InvalidField` for names that can't be any; tidies what is only read."""
        if not (self.transaction_id or self.reference):
            raise InvalidField("transaction_id", "blank")
        for name in ("event_id", "transaction_id", "reference", "refund_id", "dispute_id"):
            value = getattr(self, name)
            if len(value) > LONGEST_NAME:
                raise InvalidField(name, "too_long")
            if not value.isprintable():
                raise InvalidField(name, "invalid")
        for name in ("method", "failure", "reason"):
            object.__setattr__(self, name, _tidied(getattr(self, name)))


def payment_reference(order_id: int, attempt: int = 0) -> str:
    """What a payment request carries so that reports of it find their order: the order's id, and
    for providers that take each reference once, ``_`` and the number of the attempt.

    Digits and one underscore suit Stripe's ``metadata.order_id`` and ``client_reference_id``,
    PayPal's ``custom_id``, and the ``out_trade_no`` of Alipay and WeChat Pay (32 characters).
    """
    return f"{order_id}{_ATTEMPT}{attempt}" if attempt else str(order_id)


def order_named_in(reference: str) -> str:
    """The order's id, or number, in what came back of :func:`payment_reference`. The id may stand
    behind a shop's number, as one of the order APIs (Shoplazza) writes it: ``11218-1234…``."""
    name = reference.partition(_ATTEMPT)[0]
    shop_number, _, order_id = name.partition("-")
    return order_id if shop_number.isdecimal() and order_id.isdecimal() else name


def _tidied(text: str) -> str:
    """One line that can be shown, cut where it is too long."""
    shown = "".join(char if char.isprintable() else " " for char in text[: 2 * LONGEST_TEXT])
    return " ".join(shown.split())[:LONGEST_TEXT]
