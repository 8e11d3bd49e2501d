"""The shapes of this API's answers, for the type checker and the OpenAPI document."""

from typing import Annotated, Literal

from pydantic import Field
from typing_extensions import TypedDict

from .errors import MOST_ERRORS
from .status import FinancialWord, FulfillmentWord, ParcelWord, StatusWord


class AdditionalPrice(TypedDict):
    """A charge that is neither tax, shipping nor tip."""

    name: str
    price: str


class ShippingLine(TypedDict):
    """How the order is sent. All is empty where the request did not say."""

    name: str
    desc: str
    shipping_price: str


class Customer(TypedDict):
    """Who the order is for. Times and figures are of this order alone."""

    id: str
    """The same e-mail address is the same id."""
    email: str
    first_name: str
    last_name: str
    phone: str
    created_at: str
    updated_at: str
    orders_count: int
    total_spent: str
    """What came in, less what went back."""


class ExtraInfo(TypedDict):
    """What some countries ask for."""

    cpf: str


class Address(TypedDict):
    """Where the order goes. What is not known is empty."""

    first_name: str
    last_name: str
    name: str
    address: str
    """The street."""
    address1: str
    """The street in 2022-01; what is added to it in 2026-01."""
    address2: str
    """What is added to the street."""
    phone: str
    phone_area_code: str
    email: str
    city: str
    area: str
    zip: str
    province: str
    province_code: str
    country: str
    country_code: str
    company: str
    latitude: str
    """As it was sent."""
    longitude: str
    extra_info: ExtraInfo


class PaymentLine(TypedDict):
    """How the order was paid, or is to be."""

    payment_channel: str
    payment_method: str
    transaction_no: str
    """The provider's, once money came in."""
    merchant_id: str
    merchant_email: str


class Property(TypedDict):
    """One of a variant's options."""

    name: str
    value: str


class CustomProperties(TypedDict):
    """Always empty."""


class LineItem(TypedDict):
    """A product of an order. Amounts are decimal text in the order's currency."""

    id: str
    product_id: str
    variant_id: str
    product_title: str
    variant_title: str
    product_handle: str
    quantity: int
    note: str
    fulfillment_status: FulfillmentWord
    """How far this line is."""
    sku: str
    weight: str
    """Of one piece, in `weight_unit`."""
    weight_unit: Literal["g"]
    vendor: str
    product_url: str
    compare_at_price: str
    """The price of one piece before it was reduced."""
    image: str
    price: str
    """Of one piece."""
    total: str
    total_price: str
    """The same as `total`."""
    properties: list[Property]
    custom_properties: CustomProperties
    refund_quantity: int
    """Pieces that the money went back for."""
    refund_total: str
    taxable: bool
    requires_shipping: bool


class FulfilledLineItem(LineItem):
    """A line of which a parcel holds pieces."""

    shipping_quantity: int
    """How many of them."""


class Fulfillment(TypedDict):
    """A parcel."""

    id: str
    order_id: str
    status: ParcelWord
    tracking_company: str
    tracking_number: str
    tracking_company_code: str
    tracking_url: str
    created_at: str
    """When it was sent."""
    updated_at: str
    line_items: list[FulfilledLineItem]


class MarketSetting(TypedDict):
    """Where the order was sold."""

    market_currency: str
    market_base_currency: str
    primary_market_currency: str
    market_country: str
    """The code of the country that the order goes to."""


class OrderConfig(TypedDict):
    """How the order's prices and its page are to be read."""

    page_type: Literal["single_page"]
    requires_shipping: bool
    checkout_business_type: int
    product_tax_included: bool
    """Whether prices contain the tax, so that `total_tax` is a part of `sub_total`."""
    checkout_template_type: int
    market_setting: MarketSetting


class LocationLine(TypedDict):
    """The warehouse. There is none here: all is empty."""

    id: str
    location_id: str
    location_name: str


class Order(TypedDict):
    """An order. All fields are always there.

    Amounts are decimal text in `currency`, with its own decimals; times are UTC, to the second.
    """

    id: str
    """The shop's number and the order's."""
    number: str
    """The order's id in digits, eight at least. The other APIs find the order by it."""
    note: str | None
    """The seller's last note."""
    status: StatusWord
    financial_status: FinancialWord
    fulfillment_status: FulfillmentWord
    email_status: Literal["waiting", ""]
    """`waiting` while the order is open and unpaid. Nothing is sent by itself."""
    cancel_reason: str | None
    recovery_status: Literal["waiting", ""]
    """The same as `email_status`."""
    payment_method: str
    """What was paid by, else what was suggested, else `online`."""
    discount_applications: str
    """JSON, as a text: a list of objects with `type`, `title`, `discount_code`, `value`,
    `value_type` and `amount`."""
    customer_note: str
    buyer_accepts_marketing: bool
    currency: str
    total_price: str
    """What the customer is to pay."""
    sub_total: str
    """The sum of price × quantity of all lines."""
    total_discount: str
    total_tax: str
    """Without `shipping_tax_total`."""
    total_shipping: str
    code_discount_total: str
    gift_card_total: str
    total_refund_price: str
    """What went back."""
    additional_total: str
    addtional_prices: list[AdditionalPrice]
    """Misspelt by the vendor."""
    shipping_tax_total: str
    customer_deleted_at: None
    created_at: str
    updated_at: str
    deleted_at: None
    """Orders are never deleted."""
    canceled_at: str | None
    """Of cancelled and of expired orders."""
    placed_at: str | None
    """When it was paid."""
    total_tip_received: str
    tags: str
    """One text, with commas."""
    total_paid: str
    """What came in."""
    shipping_line: ShippingLine
    customer: Customer
    shipping_address: Address
    billing_address: Address
    payment_line: PaymentLine
    line_items: list[LineItem]
    fulfillments: list[Fulfillment]
    logistics_code: str
    refer_info: str
    config: OrderConfig
    checkout_url: str
    """The order's page on the shop's domain. Needs no credential."""
    location_line: LocationLine
    invoice_url: str
    """The order's page on this API. Needs no credential."""


class NewerOrder(Order):
    """An order as 2026-01 shows it: with that version's names beside the older ones.

    Amounts are decimal text in `currency`, with its own decimals; times are UTC, to the second.
    """

    cancelled_at: str | None
    """The same as `canceled_at`."""
    additional_prices: list[AdditionalPrice]
    """The same as `addtional_prices`."""


class OrderAnswer(TypedDict):
    """What 2022-01 answers."""

    order: Order


class OrderData(TypedDict):
    """What 2026-01 answers with."""

    order: NewerOrder


class NewerAnswer(TypedDict):
    """What 2026-01 answers."""

    code: Literal["Success"]
    data: OrderData


class Failure(TypedDict):
    """What is wrong with the whole store."""

    error: str


class Failures(TypedDict):
    """What went wrong, one sentence for each problem."""

    errors: Annotated[list[str], Field(min_length=1, max_length=MOST_ERRORS)]
