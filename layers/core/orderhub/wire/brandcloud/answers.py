"""The shapes of this API's answers, for the type checker and the OpenAPI document.

``…Refusal`` is what HTTP 403 holds, section by section: the error names that the document lists in
that section, and ours where it has none.
"""

from decimal import Decimal
from typing import Literal, NotRequired, TypeAlias

from typing_extensions import TypedDict

from .status import OrderWord, PaymentWord, ProductWord, TransactionWord


class Nothing(TypedDict):
    """An empty object."""


# -- parts of orders -----------------------------------------------------------------------------


class Retailer(TypedDict):
    """The company that sold it; of an order that came by another API, the one that looks."""

    id: int
    name: str


class Person(TypedDict):
    """Who acted. `id` is 0 for whom this API doesn't know."""

    id: int
    given_name: str
    family_name: str


class Agent(Person):
    """The salesperson. Nobody (0 and empty names) for what came by another API."""

    email: str


class ProductCompany(TypedDict):
    """Whose product it is."""

    id: int | str
    name: str


class Item(TypedDict):
    """What the product is one of."""

    id: int
    number: str
    name: str


class Variant(TypedDict):
    """The option that was chosen."""

    id: int | str
    name: str


class Sold(TypedDict):
    """What products have everywhere."""

    number: str
    company: ProductCompany
    item: Item
    quantity: NotRequired[int]
    """An addition of ours, for lines of several pieces."""
    price: Decimal
    """Of one piece, without the discount."""
    discount_price: Decimal
    """What is taken off the price of one piece."""


class Product(Sold):
    """A product, as salespeople see it."""

    variants: list[Variant]
    product_status: ProductWord


class History(TypedDict):
    """A change of the two statuses: what they were after it, and who did it."""

    order_status: OrderWord
    payment_status: PaymentWord
    comment: str
    """`request timeout` where the order was not paid in time."""
    create_at: int
    user: Person


class Address(TypedDict):
    """Text that is not known is `null`."""

    title: int | None
    """0 Mr., 1 Ms."""
    given_name: str | None
    family_name: str | None
    phone: str | None
    email: str | None
    street: str | None
    city: str | None
    state: str | None
    code: str | None
    country: str | None


class Brand(TypedDict):
    """Who wrote the invoice."""

    id: int
    name: str


class Invoice(TypedDict):
    """An invoice of the order."""

    number: str
    brand: Brand
    create_at: int
    comment: str
    """The order's number."""
    download: str
    """The URL of the PDF. It asks for the header `Authorization`."""


# -- orders --------------------------------------------------------------------------------------


class Standing(TypedDict):
    """What all orders have. Amounts are exact; times are whole seconds since 1970."""

    number: str
    currency: str
    total: Decimal
    order_status: OrderWord
    payment_status: PaymentWord


class OrderSummary(Standing):
    """An order of the list. Text that is not known is empty."""

    create_at: int
    refund_at: int | None
    """When money last went back."""
    retailer: Retailer
    agent: Agent
    payment_method: str
    """How it is to be paid: a word of this API, or of the one that the order came by."""
    transaction_id: str


class Orders(TypedDict):
    """Newest first, 500 at most."""

    orders: list[OrderSummary]


class OrderDetail(Standing):
    """All of an order as of now. Amounts are exact; times are whole seconds since 1970."""

    create_at: int
    refund_at: int | None
    """When money last went back."""
    retailer: Retailer
    agent: Agent
    payment_method: str | None
    """How it is to be paid: a word of this API, or of the one that the order came by."""
    transaction_id: str | None
    products: list[Product]
    histories: list[History]
    shipping_address: Address
    billing_address: Address
    invoices: list[Invoice]


class CreatedOrder(TypedDict):
    """The order that the cart became."""

    order_number: str
    payment_method: str
    qrcode: str | None
    """A PNG in base64, for the consumer to scan. `null` where nobody has to: for `cash` and
    `credit_card`."""


# -- what consumers see --------------------------------------------------------------------------


class Pictures(TypedDict):
    """URLs by height in pixels."""

    px240: str
    px480: str
    px720: str
    px1080: str


class Cover(TypedDict):
    """A picture."""

    resource: Pictures | Nothing
    """Empty where there is none."""


class OfferedVariant(Variant):
    """The option that was chosen, with its picture."""

    cover_img: Cover


class OfferedProduct(Sold):
    """A product, as the consumer sees it."""

    variant: OfferedVariant
    selling_price: Decimal
    """What one piece costs."""


class RetailerAddress(TypedDict):
    """Text that is not known is empty."""

    street: str
    city: str
    state: str
    postal_code: str
    country: str


class ShownRetailer(TypedDict):
    """The company that sold it; the shop itself, with 0, for what came by another API."""

    id: int
    name: str
    cover_img: Cover
    address: RetailerAddress


class PartialDetail(Standing):
    """What a consumer sees of an order before paying it. `subtotal` less `total_discount` is
    `total`."""

    subtotal: Decimal
    total_discount: Decimal
    payment_method: str | None
    retailer: ShownRetailer
    products: list[OfferedProduct]


class Profile(TypedDict):
    """A person."""

    given_name: str
    family_name: str
    title: int | None
    """0 Mr., 1 Ms."""
    phone: str


class DefaultAddress(TypedDict):
    """Text that is not known is empty."""

    street: str
    city: str
    state: str
    code: str
    country: str


class Consumer(TypedDict):
    """Whom the order is bound to."""

    profile: Profile
    default_address: DefaultAddress


# -- payment links -------------------------------------------------------------------------------


class PaidOrder(TypedDict):
    """The order that was paid."""

    number: str
    payment_method: str
    transaction: str
    """Empty where the money has none."""
    currency: str
    total: Decimal
    retailer: str
    """The name of the company that sold it."""
    payer: str
    """Whom PayPal names, else whom the link was sent to."""


class Fail(TypedDict):
    """Why nothing was paid."""

    refused_by: Literal["Server", "PayPal"]
    code: str
    """PayPal's; or ours: `link_expired`, `order_cancelled`, `order_completed`, `order_expired`."""
    description: str


class PaidResult(TypedDict):
    """The order is paid, by whichever means."""

    date: int
    """When it was."""
    status: Literal[TransactionWord.SUCCESS]
    order: PaidOrder


class FailedResult(TypedDict):
    """PayPal refused a payment, or the link or the order has ended."""

    date: int
    """When that was."""
    status: Literal[TransactionWord.FAIL]
    fail: Fail


class PendingResult(TypedDict):
    """Nothing has happened yet, or PayPal is at work."""

    date: int
    """When the link was sent."""
    status: Literal[TransactionWord.INFO]


TransactionResult: TypeAlias = PaidResult | FailedResult | PendingResult


# -- failures ------------------------------------------------------------------------------------

SalespersonError: TypeAlias = Literal[
    "lack of parameters",
    "does not signin",
    "not select company yet",
    "company not exist",
    "not company member",
]
ConsumerError: TypeAlias = Literal["not_sign_in", "order_not_exist", "order_not_bound_same_user"]


class ListRefusal(TypedDict):
    """`order not exist`, an addition of ours, is of `before`."""

    error_name: Literal[SalespersonError, "order not exist"]


class CreateRefusal(TypedDict):
    """Nothing was ordered."""

    error_name: Literal[SalespersonError, "cart not exist", "no products"]


class InvalidProducts(TypedDict):
    """Products that can't be sold any more: they are gone, or the option or its price is."""

    error_name: Literal["product invalid"]
    products: list[str]
    """Their numbers."""


class RepeatedOrder(CreatedOrder):
    """The cart became this order before."""

    error_name: Literal["repeat"]


class PaymentRefusal(TypedDict):
    """`repeated`: the transaction is known. The words after it say how the order stands."""

    error_name: Literal[
        SalespersonError,
        "order not exist",
        "repeated",
        "confirming",
        "paid",
        "closed",
        "refunded",
    ]


class CancelRefusal(TypedDict):
    """The last four say how the order stands."""

    error_name: Literal[
        SalespersonError, "order not exist", "confirming", "paid", "closed", "refunded"
    ]


class RefundRefusal(TypedDict):
    """`not reatiler order` (spelled so in the document) is of orders of other companies."""

    error_name: Literal[
        SalespersonError,
        "order not exist",
        "not reatiler order",
        "open",
        "confirming",
        "closed",
        "refunded",
        "refund expired",
        "repeated",
        "transaction not found",
        "invalid transaction id",
    ]


class DetailRefusal(TypedDict):
    """`no permission`: the user may not sell for the company."""

    error_name: Literal[SalespersonError, "no permission", "order not exist"]


class LinkRefusal(TypedDict):
    """`invalid payment`: the order is to be paid by other means. The last four say how it
    stands."""

    error_name: Literal[
        "lack of parameters",
        "does not signin",
        "order not exist",
        "invalid email",
        "invalid payment",
        "paid",
        "confirming",
        "closed",
        "refunded",
    ]


class ResultRefusal(TypedDict):
    """`log expired`: there was such a link, 30 days ago and more."""

    error_name: Literal["result not exist", "log expired"]


class RefundQueryRefusal(TypedDict):
    """It could not be refunded, for this reason."""

    error_name: Literal[
        SalespersonError,
        "order not exist",
        "refund expired",
        "confirming",
        "closed",
        "refunded",
        "open",
    ]


class PartialDetailRefusal(TypedDict):
    """`order_is_…` says how the order stands: there is nothing to pay any more."""

    error_name: Literal[
        "lack of parameters",
        ConsumerError,
        "order_is_finished",
        "order_is_aborted",
        "order_is_timeout",
    ]


class ConfirmRefusal(TypedDict):
    """`order_not_bound_same_user`: it is somebody else's."""

    error_name: Literal["lack of parameters", ConsumerError]


class EditRefusal(TypedDict):
    """`order_is_aborted` and `order_is_finished` are additions of ours."""

    error_name: Literal[ConsumerError, "order_is_timeout", "order_is_aborted", "order_is_finished"]


class IllegalForm(TypedDict):
    """What is wrong with the address, all at once."""

    error_name: Literal["illegal_form_input"]
    validation: dict[str, list[Literal["required", "invalid"]]]
    """By field. Empty for bodies that are too large."""


class InvoiceRefusal(TypedDict):
    """The document has no section of this request: these names are ours."""

    error_name: Literal[SalespersonError, "order not exist", "invoice not exist"]


class Busy(TypedDict):
    """Nothing was changed; send it again."""

    error_name: Literal["service busy"]


class Fault(TypedDict):
    """A fault of ours."""

    error_name: Literal["internal error"]
