"""The shapes of this API's answers, for the type checker and the OpenAPI document."""

from decimal import Decimal
from typing import Annotated, Literal, TypeAlias

from pydantic import WithJsonSchema
from typing_extensions import TypedDict

from orderhub.domain.metafield import FieldValue

from .status import OrderWord, PaymentWord, RefundWord, ShipmentStatusWord, ShipmentWord

Number: TypeAlias = Annotated[int | Decimal, WithJsonSchema({"type": "number"})]
Mode: TypeAlias = Literal["online", "offline"]
Preference: TypeAlias = Literal["promotion", "customer_level", "coupon", "reward_point"]


class Place(TypedDict):
    """What all addresses have. Text that is not known is empty."""

    country: str
    country_code: str
    district: str
    district_code: str
    email: str
    mobile: str
    name: str
    province: str
    province_code: str
    telephone: str
    zipcode: str | None


class Address(Place):
    """Where an order goes. Text that is not known is empty."""

    city: str
    city_code: str
    complete_address: str


class CustomerAddress(Place):
    """An address of the customer, as far as the order has it."""

    city: str
    city_code: str
    completed_address: str
    created_at: str
    detail: str
    id: int
    is_default: bool
    updated_at: str


class Customer(TypedDict):
    """Who ordered."""

    addresses: list[CustomerAddress]
    avatar: None
    created_at: str
    """The order's: older is not known."""
    id: int | None
    """The same for all orders of one customer."""
    name: str
    notify_email: str
    notify_phone: str
    reg_identity: str
    reg_type: Literal["mobile", "email"]
    updated_at: str


class Image(TypedDict):
    """A line's picture. It is always there; ``src`` is empty where there is none."""

    alt: str
    created_at: str
    file_name: str
    id: int
    position: int
    product_id: int | None
    src: str
    updated_at: str
    variant_ids: list[int]


class Item(TypedDict):
    """A line of the order, or the pieces of it that are in a parcel."""

    barcode: str
    """The SKU."""
    created_at: str
    id: int
    image: Image
    name: str
    options_desc: str
    price: Number
    """Of one piece, in yuan."""
    product_id: int | None
    quantity: int
    updated_at: str
    variant_id: int | None
    volume: int
    weight: Number
    """In kg."""


class PaymentMethod(TypedDict):
    """How an order is paid."""

    gateway: str
    id: int
    name: str
    pay_type: str


class Payment(TypedDict):
    """An attempt to pay, or the payment that is awaited."""

    amount: Number
    """In yuan."""
    bank_code: str
    created_at: str
    exipired_at: str | None
    """The order's deadline, or the one that it had. The misspelling is the vendor's."""
    gateway_payment_no: str | None
    """The payment provider's number."""
    id: int
    mode: Mode
    payment_method: PaymentMethod
    status: PaymentWord
    updated_at: str


class Supplier(TypedDict):
    """A carrier."""

    id: int
    code: str
    name: str


class Shipment(TypedDict):
    """A parcel, or what is left to send."""

    amount: Number
    """In yuan. The first one bears what the order charges for shipping."""
    auto_received_at: str | None
    """``null`` where parcels are never received by themselves."""
    created_at: str
    id: int
    items: list[Item]
    serial_number: str
    """``01``, ``02``, …"""
    ship_no: str
    """The tracking number."""
    ship_type: Literal["express"]
    shipment_supplier: Supplier | None
    status: ShipmentWord
    updated_at: str


class Refund(TypedDict):
    """Money that went back, or is to."""

    account_id: int
    """Not known: 0."""
    amount: int
    """In fen."""
    batch_no: str
    created_at: str
    fail_reason: str | None
    gateway_trade_no: str
    """The payment provider's number."""
    id: int
    is_dealing: bool
    pay_type: str
    payment_id: int
    payment_method_id: int
    payment_no: str
    """The order's number."""
    reason: str
    site_id: str
    status: RefundWord
    trade_item_id: int
    """Not known: 0."""
    trade_no: str
    """The order's number."""
    updated_at: str


class Note(TypedDict):
    """A remark of the seller's."""

    account: str
    created_at: str
    id: int
    note: str


class PreferentialRecord(TypedDict):
    """A discount."""

    amount: Number
    """In yuan."""
    coupon_code: str
    created_at: str
    customer_level_id: None
    customer_level_name: str
    delivery_type: int
    id: int
    promotion_id: None
    promotion_name: str
    shipment_id: None
    type: Preference
    updated_at: str


class Invoice(TypedDict):
    """Whom the invoice is made out to."""

    type: int
    """1 personal, 2 business, 3 special VAT invoice."""
    title: str
    tax_number: int | str | None
    invoice_style: int
    """0 electronic, 1 on paper."""
    invoice_content: int
    """0 the goods, 1 their kind."""
    e_invoice_mobile: str
    e_invoice_email: str


class Order(TypedDict, total=False):
    """An order as of now. All attributes are there, unless ``fields`` chose some.

    Amounts are in yuan (in the major unit of the order's currency). Times have milliseconds and
    the offset of the shop's zone: ``2015-04-29T23:09:51.200+08:00``.
    """

    address: Address
    auto_total_amount: Number
    """What all parts sum up to."""
    closed_at: str | None
    created_at: str
    customer: Customer | None
    """``null`` for orders of nobody in particular."""
    customer_remarks: str
    discount_amount: Number
    id: int
    """Below 2⁵³, and larger than those of older orders."""
    invoice: Invoice | None
    """``null`` when nobody asked for one."""
    item_amount: Number
    items: list[Item]
    notes: list[Note]
    order_no: str
    payment_method: PaymentMethod
    payment_method_type: Mode
    payment_status: PaymentWord
    payments: list[Payment]
    """Every attempt, and the payment that is awaited."""
    preferential_records: list[PreferentialRecord]
    """One for each discount."""
    processed_at: str
    processing_method: Literal["direct", "manual"]
    """``manual`` for orders that came by another API."""
    purchase_ip: str
    refunds: list[Refund]
    shipment_amount: Number
    shipment_status: ShipmentStatusWord
    shipments: list[Shipment]
    """Every parcel, and what is left to send."""
    status: OrderWord
    total_amount: Number
    """What is to be paid."""
    updated_at: str


class Metafield(TypedDict, total=False):
    """Fields that another system keeps beside an order. All attributes are there, unless
    ``fields`` chose some."""

    created_at: str
    description: str
    fields: dict[str, FieldValue]
    id: int
    name: str
    owner_id: int
    """The order's id."""
    owner_resource: str
    updated_at: str


class Webhook(TypedDict, total=False):
    """Whom a shop wants to be told of its events. All attributes are there, unless ``fields``
    chose some."""

    address: str
    created_at: str
    id: int
    topic: str
    """One topic; several stand between commas; ``*`` is all of them."""
    updated_at: str


class WebhookWithToken(Webhook):
    """A webhook with its token, which no other answer shows."""

    token: str
    """What its messages are signed by."""


class OrderAnswer(TypedDict):
    """An order."""

    order: Order


class OrderList(TypedDict):
    """A page of orders, by their ids."""

    orders: list[Order]


class MetafieldAnswer(TypedDict):
    """A metafield."""

    meta: Metafield


class MetafieldList(TypedDict):
    """A page of metafields, by their ids."""

    metas: list[Metafield]


class FieldsAnswer(TypedDict):
    """The fields of a metafield."""

    fields: dict[str, FieldValue]


class WebhookAnswer(TypedDict):
    """A webhook."""

    webhook: Webhook


class WebhookList(TypedDict):
    """A page of webhooks, by their ids."""

    webhooks: list[Webhook]


class Count(TypedDict):
    """How many there are."""

    count: int


class Token(TypedDict):
    """An app's token."""

    token: str
    """For the header ``X-API-ACCESS-TOKEN``. It never changes."""


class Failed(TypedDict):
    """What was not done, and why. Success never has a ``code``."""

    code: Literal[404, 422]
    errors: list[str]
    """One for each problem, naming its field."""


class Refused(TypedDict):
    """Who may not come in, or a fault of ours. ``code`` is the HTTP status."""

    code: Literal[401, 403, 500, 503]
    errors: list[str]


class NoToken(TypedDict):
    """No token was given. ``code`` is the HTTP status."""

    error: Literal["invalid_client", "invalid_grant"]
    """OAuth's word."""
    code: Literal[400, 401]
    errors: list[str]
    """The same word."""
