"""The shapes of this API's answers, for the type checker and the OpenAPI document.

What isn't known is left out: many fields may be absent, and none is ever null.
"""

from typing import Annotated, Literal, NotRequired

from pydantic import Field, WithJsonSchema
from typing_extensions import TypedDict

from orderhub.domain.correspondence import Rating

from .status import PaymentWord, StatusWord

Amount = Annotated[str, Field(pattern=r"^-?[0-9]+\.[0-9]{4}$")]
Weight = Annotated[str, Field(pattern=r"^[0-9]+\.[0-9]{2,6}$")]
Time = Annotated[str, WithJsonSchema({"type": "string", "format": "date-time"})]
Side = Literal["S", "B"]

# -- orders ----------------------------------------------------------------------------------------


class Payment(TypedDict):
    """What became of the money."""

    method: NotRequired[str]
    currency_code: str
    date_paid: NotRequired[Time]
    """When the total was covered."""
    status: PaymentWord


class SummaryCost(TypedDict):
    """What an order costs, in short. The document spells the total both ways."""

    currency_code: str
    subtotal: Amount
    grand_total: Amount
    grandtotal: Amount


class Cost(TypedDict):
    """What an order costs.

    ``grand_total`` is the sum of ``subtotal``, ``shipping``, ``insurance``, ``etc1`` and ``etc2``,
    less ``credit`` and ``coupon``.
    """

    currency_code: str
    subtotal: Amount
    """The sum of the lots, each rounded half up to the currency's minor unit."""
    grand_total: Amount
    salesTax_collected_by_BL: Amount
    final_total: Amount
    """``grand_total`` and the sales tax: what the buyer pays."""
    etc1: Amount
    etc2: Amount
    """With what other APIs charge and this one has no name for."""
    insurance: Amount
    shipping: Amount
    credit: Amount
    coupon: Amount
    """With what other APIs take off."""
    vat_rate: NotRequired[Amount]
    """A percentage."""
    vat_amount: NotRequired[Amount]
    """Tax that the prices include."""


class Name(TypedDict):
    """The name on a parcel."""

    full: NotRequired[str]
    first: NotRequired[str]
    last: NotRequired[str]


class Address(TypedDict):
    """Where the goods go."""

    name: NotRequired[Name]
    full: NotRequired[str]
    """As one writes it on a parcel, below the name."""
    address1: NotRequired[str]
    address2: NotRequired[str]
    country_code: NotRequired[str]
    """ISO's two letters, but ``UK``."""
    city: NotRequired[str]
    state: NotRequired[str]
    postal_code: NotRequired[str]
    phone_number: NotRequired[str]


class Shipping(TypedDict):
    """The last parcel that went out; before there is one, what was told of it."""

    method: NotRequired[str]
    method_id: NotRequired[int]
    tracking_no: NotRequired[str]
    tracking_link: NotRequired[str]
    date_shipped: NotRequired[Time]
    address: NotRequired[Address]


class Heading(TypedDict):
    """What all views of an order begin with."""

    order_id: int
    """Below 2⁵³."""
    date_ordered: Time
    seller_name: str
    """The selling shop's id."""
    store_name: NotRequired[str]
    """The selling shop's name."""
    buyer_name: NotRequired[str]
    total_count: int
    """Pieces."""
    unique_count: int
    """Different lots."""
    status: StatusWord
    payment: Payment


class Summary(Heading):
    """An order as lists show it."""

    cost: SummaryCost


class Purchases(TypedDict):
    """What is known of the buyer."""

    buyer_order_count: NotRequired[int]
    """How many orders this customer has placed here, this one too. Buyers don't see it."""


class Order(Heading, Purchases):
    """An order as of now."""

    date_status_changed: Time
    """When ``status`` began to read as it does."""
    buyer_email: NotRequired[str]
    require_insurance: bool
    is_invoiced: bool
    is_filed: bool
    """The seller's own: ``false`` to the buyer."""
    drive_thru_sent: bool
    salesTax_collected_by_bl: bool
    remarks: NotRequired[str]
    """The seller's own: the buyer doesn't see them."""
    total_weight: Weight
    """In grams; ``0.00`` when the weight of a lot isn't known."""
    shipping: Shipping
    cost: Cost
    disp_cost: Cost
    """The same: orders are shown in their own currency."""


# -- lots ------------------------------------------------------------------------------------------


class CatalogItem(TypedDict):
    """What it is. Goods of other APIs are in no catalogue: their type is ``UNSORTED_LOT``."""

    no: str
    name: NotRequired[str]
    type: str
    category_id: NotRequired[int]


class Item(TypedDict):
    """A lot of an order."""

    inventory_id: int
    """From 2³⁰ on, it stands for goods of other APIs and follows from product and variant."""
    item: CatalogItem
    color_id: int
    """0 for none."""
    color_name: NotRequired[str]
    quantity: int
    new_or_used: str
    """``N`` or ``U``."""
    completeness: NotRequired[str]
    """``C``, ``B`` or ``S``."""
    unit_price: Amount
    """Before a reduction."""
    unit_price_final: Amount
    """The one that counts."""
    disp_unit_price: Amount
    disp_unit_price_final: Amount
    currency_code: str
    disp_currency_code: str
    remarks: NotRequired[str]
    """The seller's own: the buyer doesn't see them."""
    description: NotRequired[str]
    weight: NotRequired[Weight]
    """Of one piece, in grams."""


# -- what was written ------------------------------------------------------------------------------

Parties = TypedDict("Parties", {"from": str, "to": str})


class Message(Parties):
    """A letter that the seller received."""

    subject: NotRequired[str]
    body: str
    dateSent: Time  # noqa: N815 - the document's name


class Feedback(Parties):
    """What one side says of the other."""

    feedback_id: int
    order_id: int
    date_rated: Time
    rating: Rating
    """0 is praise, 1 neutral, 2 a complaint."""
    rating_of_bs: Side
    """Who is rated: the seller or the buyer."""
    comment: NotRequired[str]
    reply: NotRequired[str]


# -- the envelope ----------------------------------------------------------------------------------


class Nothing(TypedDict):
    """Nothing to say."""


class Done(TypedDict):
    """That it is done."""

    description: str
    message: Literal["OK"]
    code: Literal[200]


class FailedMeta(TypedDict):
    """Why it is not done."""

    description: str
    """For people."""
    message: str
    code: int


class Failed(TypedDict):
    """A failure. Nothing was changed."""

    meta: FailedMeta
    data: Nothing


class OrdersAnswer(TypedDict):
    """Orders, newest first."""

    meta: Done
    data: list[Summary]


class OrderAnswer(TypedDict):
    """An order."""

    meta: Done
    data: Order


class ItemsAnswer(TypedDict):
    """An order's lots, batch by batch: what was added later is a later batch."""

    meta: Done
    data: list[list[Item]]


class MessagesAnswer(TypedDict):
    """Letters about an order."""

    meta: Done
    data: list[Message]


class FeedbackAnswer(TypedDict):
    """What both sides say of each other."""

    meta: Done
    data: list[Feedback]


class DoneAnswer(TypedDict):
    """A change that is made."""

    meta: Done
    data: Nothing
