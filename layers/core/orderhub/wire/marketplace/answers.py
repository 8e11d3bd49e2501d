"""The shapes of this API's answers, for the type checker and the OpenAPI document."""

from typing_extensions import TypedDict

from orderhub.domain.payment import PaymentState as StateOfPayment
from orderhub.domain.refund import RefundState
from orderhub.domain.shipment import ShipmentState as StateOfShipment

from .status import OrderState, PaymentState, ShipmentState


class LineItem(TypedDict):
    """A product of an order. Amounts are decimal text in the order's currency."""

    id: int
    product_id: str
    variant_id: str | None
    name: str | None
    sku: str | None
    price: str
    """Of one piece."""
    quantity: int
    total: str


class Payment(TypedDict):
    """Money that came in, or was to."""

    id: int
    merchant_trade_no: str
    amount: str
    currency: str
    state: StateOfPayment
    """`held`: a provider captured something else than was due. `returned`: that went back."""
    subject_text: str | None
    created_at: str


class Refund(TypedDict):
    """Money that went back, or is to."""

    id: int
    transaction_id: str | None
    amount: str
    state: RefundState
    reason: str | None
    created_at: str


class Shipment(TypedDict):
    """A parcel."""

    id: int
    state: StateOfShipment
    carrier: str | None
    tracking: str | None
    shipped_at: str | None


class OrderResource(TypedDict):
    """An order as of now. All fields are always there; what is not known is `null`.

    Amounts are decimal text in `currency`; times are UTC with milliseconds.
    """

    id: int
    """Below 2⁵³, and larger than those of older orders."""
    number: str
    """`R` and the id."""
    channel: str
    """The API that the order came by."""
    kind: str | None
    """Which marketplace, as told last."""
    merchant_order_no: str | None
    merchant_trade_no: str | None
    state: OrderState
    payment_state: PaymentState
    shipment_state: ShipmentState
    currency: str
    item_total: str
    adjustment_total: str
    """What `total` is more than `item_total`, or less."""
    total: str
    payment_total: str
    """What came in."""
    refund_total: str
    """What went back."""
    outstanding_balance: str
    """What is still to be paid."""
    refund_due: str
    """What is held though no sale stands behind it: an excess, or all that a dead order holds."""
    excess_payment: str
    """How much more came in than the order costs."""
    overpaid: bool
    total_quantity: int
    line_items: list[LineItem]
    payments: list[Payment]
    refunds: list[Refund]
    shipments: list[Shipment]
    sender_name: str | None
    sender_email: str | None
    sender_phone: str | None
    coupon_code: str | None
    gift_card_text: str | None
    special_instructions: str | None
    ship_method_id: int | None
    ship_method: str | None
    """The name of `ship_method_id`."""
    expected_date: str | None
    """As it was sent."""
    delivery_date: str | None
    """As it was sent."""
    address_fullname: str | None
    address_phone: str | None
    address_province_id: int | str | None
    """A number, or the code that another API has for it."""
    address_city_id: int | str | None
    address_area_id: int | str | None
    address_post_code: str | None
    address_address: str | None
    created_at: str
    updated_at: str
    payment_due_at: str | None
    """From this millisecond on an unpaid order is expired."""
    paid_at: str | None
    completed_at: str | None
    cancelled_at: str | None
    expired_at: str | None


class Failure(TypedDict):
    """What went wrong, in one sentence."""

    error: str


class Invalid(TypedDict):
    """Fields that are missing or wrong, or that forbid what was asked for."""

    error: str
    errors: dict[str, list[str]]
    """By field, what is wrong with it."""
