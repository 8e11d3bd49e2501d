"""The core's own vocabulary of states: three orthogonal statuses and the seller's mark.

Every wire maps these onto its own words in ``wire/<api>/status.py``; ``docs/STATUSES.md`` shows
all the maps side by side.
"""

from enum import StrEnum


class OrderStatus(StrEnum):
    """Where the order as a whole stands. Only ``OPEN`` is not an end state."""

    OPEN = "open"
    COMPLETED = "completed"
    CANCELLED = "cancelled"
    EXPIRED = "expired"

    @property
    def is_closed(self) -> bool:
        return self is not OrderStatus.OPEN


class PaymentStatus(StrEnum):
    """Where the order's money stands, derived from what was captured and refunded."""

    UNPAID = "unpaid"
    CONFIRMING = "confirming"
    """A provider holds a payment whose outcome it has not told yet."""
    PARTIALLY_PAID = "partially_paid"
    PAID = "paid"
    REFUNDING = "refunding"
    """A refund was asked for and its outcome is not known yet."""
    PARTIALLY_REFUNDED = "partially_refunded"
    REFUNDED = "refunded"
    VOIDED = "voided"
    """The order closed before any money was captured: nothing is owed either way."""


class FulfilmentStatus(StrEnum):
    """Where the order's goods stand."""

    UNFULFILLED = "unfulfilled"
    PARTIALLY_SHIPPED = "partially_shipped"
    SHIPPED = "shipped"
    RECEIVED = "received"
    RETURNED = "returned"


class SellerMark(StrEnum):
    """A remark on where the order stands between its two parties. It moves no money and no goods.

    Some order APIs show such remarks as the order's status. They must survive a round trip
    through the core, though nothing in the core depends on them. An order bears one at most.
    """

    UPDATED = "updated"
    """Lines were added or removed after the order was placed."""
    PROCESSING = "processing"
    """The seller has taken note of the order; it is not ready to be invoiced."""
    READY = "ready"
    """The goods are checked and the charges settled: the buyer can be asked to pay."""
    PACKED = "packed"
    """The parcel is sealed but has not left."""
    CANCELLATION_REQUESTED = "cancellation_requested"
    """One of the two parties asked to cancel; the seller has yet to decide."""
    NON_PAYING_BUYER = "non_paying_buyer"
    """The seller complains that the buyer does not pay."""
    NON_PAYMENT_CONCEDED = "non_payment_conceded"
    """The buyer answered that complaint: he won't pay and accepts the blame for a cancellation."""
    NON_RESPONDING_SELLER = "non_responding_seller"
    """The buyer, who has not paid yet, complains that the seller does not answer."""
    NON_SHIPPING_SELLER = "non_shipping_seller"
    """The buyer, who has paid, complains that the goods did not come, or not as ordered."""
    PURGED = "purged"
    """Removed from the seller's sight; kept here, since orders are never deleted."""
