"""An order as people and programs write it down in JSON: the fields, and what each may hold.

``orderhub order place`` takes an :class:`OrderEntry`, a line of ``orderhub import`` is an
:class:`HistoryEntry`. docs/OPERATING.md describes both.
"""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Annotated, Any, Final, Literal

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StrictBool,
    StrictStr,
    ValidationInfo,
)

from orderhub.domain.change import in_utc
from orderhub.domain.correspondence import Party
from orderhub.domain.identity import in_range
from orderhub.domain.lines import ChargeKind
from orderhub.domain.payment import PaymentState
from orderhub.domain.refund import RefundState
from orderhub.domain.shipment import ShipmentState
from orderhub.domain.status import OrderStatus, SellerMark
from orderhub.services.change_costs import COUPON, CREDIT
from orderhub.services.manage_shops import LONGEST_WINDOW
from orderhub.services.place_order import CLOCK_SKEW
from orderhub.services.place_product_order import DISCOUNT_KIND

_LONGEST_TEXT: Final = 1000
_LONGEST_NAME: Final = 255


def _written(value: Any) -> Any:
    """Numbers would be taken for seconds or milliseconds since 1970, as they are large or small."""
    if not isinstance(value, str):
        raise ValueError("not like 2026-11-21T12:00:00Z")
    return value


def _past(at: datetime, known: ValidationInfo) -> datetime:
    """To the millisecond, in UTC."""
    if not in_range(at):
        raise ValueError("not a time from 2000-01-02 on")
    require_past(at, known.context or datetime.now(UTC))
    return in_utc(at)


def require_past(at: datetime, now: datetime) -> None:
    """Raise ``ValueError`` for a time to come, as far as clocks agree."""
    if at > now + CLOCK_SKEW:
        raise ValueError("in the future")


Amount = Annotated[Decimal, Field(allow_inf_nan=False)]
Text = Annotated[StrictStr, Field(max_length=_LONGEST_TEXT)]
Name = Annotated[StrictStr, Field(max_length=_LONGEST_NAME)]
Moment = Annotated[AwareDatetime, BeforeValidator(_written), AfterValidator(_past)]
Facts = dict[str, str | int | bool | None]
_Seconds = Annotated[int, Field(ge=0, le=LONGEST_WINDOW, strict=True)]
_Number = Annotated[int, Field(ge=1, strict=True)]


class Entry(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=False, hide_input_in_errors=True)


# -- how an order begins ---------------------------------------------------------------------------


class LineEntry(Entry):
    product_id: StrictStr
    quantity: int
    unit_price: Amount
    variant_id: Text = ""
    name: Text = ""
    sku: Text = ""
    options: Text = ""
    image_url: Text = ""
    list_price: Amount | None = None
    weight_grams: Annotated[int, Field(ge=0)] = 0
    attributes: Facts = {}


class ContactEntry(Entry):
    id: Text = ""
    name: Text = ""
    email: Text = ""
    phone: Text = ""
    attributes: Facts = {}


class CustomerEntry(ContactEntry):
    shop_id: StrictStr = ""


class AddressEntry(Entry):
    full_name: Text = ""
    given_name: Text = ""
    family_name: Text = ""
    phone: Text = ""
    email: Text = ""
    line1: Text = ""
    line2: Text = ""
    city: Text = ""
    city_code: Text = ""
    district: Text = ""
    district_code: Text = ""
    province: Text = ""
    province_code: Text = ""
    country: Text = ""
    country_code: Text = ""
    postal_code: Text = ""
    attributes: Facts = {}


class ChargeEntry(Entry):
    kind: ChargeKind
    amount: Amount
    name: Text = ""
    description: Text = ""
    included: StrictBool = False


class DiscountEntry(Entry):
    amount: Amount
    kind: Annotated[StrictStr, Field(pattern=f"^({COUPON}|{CREDIT}|{DISCOUNT_KIND})$")] = COUPON
    code: Text = ""
    name: Text = ""


class OrderEntry(Entry):
    wire: StrictStr
    reference: Name = ""
    currency: StrictStr | None = None
    created_at: Moment | None = None
    customer: CustomerEntry | None = None
    sender: ContactEntry | None = None
    shipping_address: AddressEntry | None = None
    billing_address: AddressEntry | None = None
    customer_note: Text = ""
    payment_method: Text = ""
    tags: list[StrictStr] = []
    lines: list[LineEntry] = []
    charges: list[ChargeEntry] = []
    discounts: list[DiscountEntry] = []
    extensions: dict[str, Facts] = {}


# -- what happened to it since ---------------------------------------------------------------------


class BatchedLineEntry(LineEntry):
    batch: _Number = 1


class ReferenceEntry(Entry):
    kind: StrictStr = "order"
    scope: Name
    value: Annotated[Name, Field(min_length=1)]


class WindowsEntry(Entry):
    payment_timeout: _Seconds | None = None
    refund_window: _Seconds | None = None
    auto_receive: _Seconds | None = None


class PiecesEntry(Entry):
    line: _Number
    quantity: _Number


class PaymentEntry(Entry):
    amount: Amount
    provider: Name = ""
    transaction_id: Name = ""
    state: Literal[PaymentState.CAPTURED, PaymentState.PENDING, PaymentState.FAILED] = (
        PaymentState.CAPTURED
    )
    at: Moment | None = None
    updated_at: Moment | None = None
    method: Text = ""
    subject: Text = ""
    payer: Text = ""
    failure: Text = ""
    attributes: Facts = {}


class RefundEntry(Entry):
    amount: Amount
    provider: Name = ""
    transaction_id: Name = ""
    state: RefundState = RefundState.SUCCEEDED
    at: Moment | None = None
    updated_at: Moment | None = None
    reason: Text = ""
    failure: Text = ""
    payment: _Number | None = None
    lines: list[PiecesEntry] = []


class ShipmentEntry(Entry):
    lines: list[PiecesEntry] | None = None
    carrier: Text = ""
    tracking_number: Text = ""
    tracking_url: Text = ""
    state: ShipmentState | None = None
    sent_at: Moment | None = None
    received_at: Moment | None = None
    returned_at: Moment | None = None


class NoteEntry(Entry):
    text: StrictStr
    at: Moment | None = None
    author: Name = ""


class MessageEntry(Entry):
    body: StrictStr
    sender: StrictStr
    recipient: StrictStr
    subject: StrictStr = ""
    sent_at: Moment | None = None


class FeedbackEntry(Entry):
    side: Party
    rating: Literal["praise", "neutral", "complaint"]
    sender: StrictStr
    recipient: StrictStr
    comment: StrictStr = ""
    reply: StrictStr = ""
    rated_at: Moment | None = None


class SellerEntry(Entry):
    id: Text = ""
    name: Text = ""
    address: AddressEntry | None = None


class InvoicingEntry(Entry):
    seller: SellerEntry
    number: Name = ""


class HistoryEntry(OrderEntry):
    """An order with all that happened to it."""

    id: Annotated[int, Field(strict=True)] | None = None
    number: Name = ""
    references: list[ReferenceEntry] = []
    windows: WindowsEntry | Literal["shop"] | None = None
    """``shop`` are those that the shop has for new orders."""
    lines: list[BatchedLineEntry] = []  # type: ignore[assignment]  # read, never added to
    invoicing: InvoicingEntry | None = None
    agreed_total: Amount | None = None
    payments: list[PaymentEntry] = []
    refunds: list[RefundEntry] = []
    shipments: list[ShipmentEntry] = []
    status: OrderStatus = OrderStatus.OPEN
    closed_at: Moment | None = None
    cancel_reason: Text = ""
    seller_mark: SellerMark | None = None
    is_filed: StrictBool = False
    remarks: StrictStr = ""
    notes: list[NoteEntry] = []
    messages: list[MessageEntry] = []
    feedback: list[FeedbackEntry] = []
    thanked_at: Moment | None = None
