"""Everything the core can refuse, each with a stable ``code`` that wires turn into their own words.

::

    OrderHubError
    ├── InvalidField          a value that can't be taken, named by its field
    ├── NotFound              no such thing in this shop
    │   └── AmbiguousReference    more than one thing answers to that name
    ├── Refused               a valid request that the order's state forbids
    ├── InvalidProducts       products that were sellable once and are no longer
    ├── OutOfStock            fewer pieces in stock than were ordered
    ├── ReferenceTaken        an external reference that already belongs to an order
    ├── NameIsAnId            a name for an order that is another order's id or number
    ├── Unauthenticated       no credential, or one that we don't know (any more)
    │   ├── ShopInactive          a good credential of a shop that is not there
    │   └── SignatureRefused      a request that nobody we know signed, or not now, or not once
    ├── Forbidden             a known credential without the needed scope
    ├── Unidentified          a known credential whose person or company can't do what is asked
    ├── Busy                  others were faster each time; nothing was changed, try again
    └── Unavailable           a service we need did not answer; whatever happened, try again
"""

from typing import ClassVar


class OrderHubError(Exception):
    """The root of all refusals. ``code`` never changes; the message is for humans."""

    code: ClassVar[str] = "error"


class InvalidField(OrderHubError):
    """A value that can't be taken. ``reason`` is a stable word, ``field`` the core's field name."""

    code = "invalid_field"

    def __init__(self, field: str, reason: str, message: str = "") -> None:
        super().__init__(message or f"{field}: {reason}")
        self.field = field
        self.reason = reason


class NotFound(OrderHubError):
    """``kind`` says what was looked for: ``order``, ``product``, ``cart``, ``shop``, …"""

    code = "not_found"

    def __init__(self, kind: str, identifier: object = "") -> None:
        super().__init__(f"{kind} {identifier} does not exist")
        self.kind = kind
        self.identifier = identifier


class AmbiguousReference(NotFound):
    """Several orders answer to the same name; the caller must use the id or the number."""

    code = "ambiguous_reference"

    def __str__(self) -> str:
        return f"several orders are called {self.identifier}"


class Refused(OrderHubError):
    """A valid request that the order's present state forbids.

    ``reason`` is one of the constants in :class:`Reason`.
    """

    code = "refused"

    def __init__(self, reason: str, message: str = "") -> None:
        super().__init__(message or reason.replace("_", " "))
        self.reason = reason


class InvalidProducts(OrderHubError):
    """Products in a cart that can't be sold (any more), by their numbers, in the cart's order."""

    code = "invalid_products"

    def __init__(self, numbers: tuple[str, ...]) -> None:
        super().__init__(f"can't be sold: {', '.join(numbers)}")
        self.numbers = numbers


class OutOfStock(OrderHubError):
    """Fewer pieces are in stock than were ordered. ``items`` are the product's and the variant's
    id of all that are short."""

    code = "out_of_stock"

    def __init__(self, items: tuple[tuple[str, str], ...]) -> None:
        named = ", ".join(
            f"{variant_id} of product {product_id}" for product_id, variant_id in items
        )
        super().__init__(f"not enough in stock: variant {named}")
        self.items = items


class Reason:
    """Why a command was refused; wires map each onto their own error."""

    ORDER_COMPLETED = "order_completed"
    ORDER_CANCELLED = "order_cancelled"
    ORDER_EXPIRED = "order_expired"
    ORDER_PAID = "order_paid"
    PAYMENT_CONFIRMING = "payment_confirming"
    PAYMENT_REQUIRED = "payment_required"
    NOTHING_TO_PAY = "nothing_to_pay"
    MONEY_CAPTURED = "money_captured"
    NOTHING_CAPTURED = "nothing_captured"
    REFUND_EXCEEDS_CAPTURED = "refund_exceeds_captured"
    REFUND_WINDOW_CLOSED = "refund_window_closed"
    REFUND_UNKNOWN = "refund_unknown"
    NOTHING_TO_REFUND = "nothing_to_refund"
    REFUND_REPEATED = "refund_repeated"
    """A refund of this transaction exists already, on whichever order."""
    PAYMENT_UNKNOWN = "payment_unknown"
    PAYMENT_NOT_HELD = "payment_not_held"
    OTHER_PAYMENT_METHOD = "other_payment_method"
    PAYMENT_OF_ANOTHER_ORDER = "payment_of_another_order"
    CART_EMPTY = "cart_empty"
    BOUND_TO_ANOTHER = "bound_to_another"
    """The order belongs to another customer."""
    TOO_MANY_NOTES = "too_many_notes"
    TOO_MANY_MESSAGES = "too_many_messages"
    FEEDBACK_GIVEN = "feedback_given"
    """The party was rated before, otherwise."""
    NO_FEEDBACK = "no_feedback"
    FEEDBACK_REPLIED = "feedback_replied"
    TOO_MANY_REFUNDS = "too_many_refunds"
    TOO_MANY_PAYMENTS = "too_many_payments"
    TOO_MANY_DISPUTES = "too_many_disputes"
    NOTHING_TO_SHIP = "nothing_to_ship"
    TOO_MANY_SHIPMENTS = "too_many_shipments"
    SHIPMENT_UNKNOWN = "shipment_unknown"
    NOT_SHIPPED = "not_shipped"
    TOO_MANY_LINES = "too_many_lines"
    ORDER_TOO_LARGE = "order_too_large"
    TOTAL_OUT_OF_RANGE = "total_out_of_range"


class ReferenceTaken(OrderHubError):
    """An external reference that already belongs to the order with ``order_id``."""

    code = "reference_taken"

    def __init__(self, kind: str, scope: str, value: str, order_id: int) -> None:
        super().__init__(f"{kind} {value} already belongs to order {order_id}")
        self.kind = kind
        self.scope = scope
        self.value = value
        self.order_id = order_id


class NameIsAnId(OrderHubError):
    """Another system's name for an order is the id or number of another order already. Whoever
    used it would reach the wrong one."""

    code = "name_is_an_id"

    def __init__(self, name: str) -> None:
        super().__init__(f"{name} is the id or number of another order")
        self.name = name


class Unauthenticated(OrderHubError):
    code = "unauthenticated"


class ShopInactive(Unauthenticated):
    """The credential is good, but there is no shop (any more) that it is for."""


class SignatureRefused(Unauthenticated):
    """A signed request that doesn't count.

    ``reason``, one of the constants here, is for our log alone: callers, who could learn from it
    what is right about a forgery, get the same answer for all of them.
    """

    UNSIGNED = "unsigned"
    MALFORMED = "malformed"
    UNSUPPORTED = "unsupported"
    """Signed by a method or in a version that isn't taken here."""
    OUT_OF_TIME = "out_of_time"
    """Its timestamp is too far from our clock."""
    UNKNOWN = "unknown"
    """No such pair of consumer key and token, or none whose shop is there."""
    REVOKED = "revoked"
    EXPIRED = "expired"
    WRONG_SIGNATURE = "wrong_signature"
    REPLAYED = "replayed"

    def __init__(self, reason: str) -> None:
        super().__init__("the request's signature is not valid")
        self.reason = reason


class Forbidden(OrderHubError):
    """The credential lacks ``scope``."""

    code = "forbidden"

    def __init__(self, scope: str) -> None:
        super().__init__(f"the credential lacks the scope {scope}")
        self.scope = scope


class Unidentified(OrderHubError):
    """The credential is good, but not for a person (or company) that may do what is asked.

    ``reason`` is one of the constants here.
    """

    code = "unidentified"

    USER_UNKNOWN = "user_unknown"
    NO_COMPANY_SELECTED = "no_company_selected"
    COMPANY_UNKNOWN = "company_unknown"
    NOT_A_MEMBER = "not_a_member"
    MAY_NOT_SELL = "may_not_sell"

    def __init__(self, reason: str) -> None:
        super().__init__(reason.replace("_", " "))
        self.reason = reason


class Busy(OrderHubError):
    """Too many writers at once on one order, or the table is throttled. Safe to try again."""

    code = "busy"


class Unavailable(OrderHubError):
    """A service that we need did not answer. Trying the same again is safe: every write is
    idempotent by its references."""

    code = "unavailable"
