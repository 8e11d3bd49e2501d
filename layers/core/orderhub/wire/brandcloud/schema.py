"""Request bodies, field for field as the document lists them.

``api_key``, which every body holds, is the HTTP layer's matter (``api.py``).
"""

from enum import StrEnum
from typing import Annotated, Any, Final

from orderhub.wire.fields import (
    ADDRESS,
    AS_NULL,
    Check,
    Form,
    JsonSchema,
    as_text,
    email,
    integer,
    optional,
    problem,
    required_text,
    text,
)


class PaymentType(StrEnum):
    """``type`` and ``payment_method``."""

    CASH = "cash"
    CREDIT_CARD = "credit_card"
    PAYPAL = "PayPal"
    CASH_CONSUMER_APP = "cash_consumer_app"
    CREDIT_CARD_CONSUMER_APP = "credit_card_consumer_app"


BY_CARD: Final = (PaymentType.CREDIT_CARD, PaymentType.CREDIT_CARD_CONSUMER_APP)
"""Paid at a card terminal, whose transactions have ids."""

WITHOUT_QRCODE: Final = (PaymentType.CASH, PaymentType.CREDIT_CARD)
"""Nobody scans these: the salesperson takes the money."""

_NAME: Final = 255


def _payment_type(value: Any) -> PaymentType:
    try:
        return PaymentType(required_text(64).func(value))
    except ValueError:
        raise problem("not_listed") from None


def _payment_types() -> JsonSchema:
    words = [each.value for each in PaymentType]
    return {"anyOf": [{"type": "string", "enum": words}, as_text(f"({'|'.join(words)})")]}


def _or_empty(value: Any) -> Any:
    return "" if value is None else text(_NAME).func(value)


def _text_or_null() -> JsonSchema:
    takes: JsonSchema = text(_NAME).takes()
    return {**takes, "type": [*takes["type"], "null"]}


def _required_email(value: Any) -> Any:
    required_text(_NAME).func(value)
    return email().func(value)


def _object(value: Any) -> Any:
    return {} if value is None else value


OPTIONAL: Final = Check(_or_empty, takes=_text_or_null)
PAYMENT_TYPE: Final = Check(_payment_type, takes=_payment_types)
EMAIL: Final = Check(_required_email, takes=lambda: {"maxLength": 254, **as_text(ADDRESS)})

_Optional = Annotated[str, OPTIONAL]


class ListForm(Form):
    """``user/company/order/list``."""

    before: Annotated[str | None, optional(text(_NAME))] = None
    """An order's number; the list goes on with the orders made before it. An addition of ours: the
    document's list has no end."""


class OrderForm(Form):
    """The many requests that only name an order."""

    order_number: Annotated[str, required_text(_NAME)]
    """The order's number, or any other name by which the shop knows it."""


class CreateForm(Form):
    """``user/company/order/create``."""

    cart_id: Annotated[str, required_text(_NAME)]
    """The document's table calls it an integer, and its example is text: both are taken."""
    type: Annotated[PaymentType, PAYMENT_TYPE]
    """How it will be paid."""


class TransactionForm(OrderForm):
    """``user/company/order/payment`` and ``…/refund``."""

    transaction_id: _Optional
    """Must be there, and may be empty where no card terminal was at work."""


class PayPalForm(OrderForm):
    """``user/company/order/paypal/send``."""

    email: Annotated[str, EMAIL]
    """Whom the link is sent to."""


class BillingAddress(Form):
    """``billing_address`` of ``order/edit``: the document requires the name and the title."""

    given_name: Annotated[str, required_text(_NAME)]
    family_name: Annotated[str, required_text(_NAME)]
    title: Annotated[int, integer(0, 1)]
    """0 Mr., 1 Ms."""
    phone: _Optional = ""
    email: _Optional = ""
    street: _Optional = ""
    street2: _Optional = ""
    city: _Optional = ""
    state: _Optional = ""
    code: _Optional = ""
    """The postal code."""
    country: _Optional = ""


class EditForm(Form):
    """``order/edit``. Without an address, all that is required of one is missing."""

    billing_address: Annotated[BillingAddress, Check(_object)] = AS_NULL
