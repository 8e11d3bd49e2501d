"""The point-of-sale API. Its errors and what its words mean: ``docs/apis/brandcloud.md``."""

from typing import Annotated, Final

from pydantic import Field

from orderhub.wire.brandcloud import answers, schema
from orderhub.wire.fields import Form

from .vocabulary import Answer, Api, Operation, Parameter, Segment

# -- bodies: the forms, and the credential beside them -------------------------------------------


class Keyed(Form):
    """What every body holds."""

    api_key: Annotated[str, Field(pattern=r"\S")]
    """The user's key: the credential of this API."""


class ListBody(Keyed, schema.ListForm):
    """Which orders."""


class OrderBody(Keyed, schema.OrderForm):
    """Which order."""


class CreateBody(Keyed, schema.CreateForm):
    """Which cart, and how it will be paid."""


class TransactionBody(Keyed, schema.TransactionForm):
    """Which order, and by which transaction of the card terminal."""


class LinkBody(Keyed, schema.PayPalForm):
    """Which order, and who will pay it."""


class EditBody(Keyed, schema.OrderForm):
    """Which order, and whom its invoice is for."""

    billing_address: schema.BillingAddress


# -- what comes back -----------------------------------------------------------------------------


def _nothing(description: str) -> Answer:
    return Answer(description=description, shape=answers.Nothing)


def _refused(shape: object) -> Answer:
    return Answer(
        description="Every failure that is the caller's, whatever the reason. Nothing was changed.",
        shape=shape,
    )


# -- operations ----------------------------------------------------------------------------------

_NUMBER: Final = {
    "order_number": Parameter(
        description="The order's number, or any other name by which the shop knows it.",
        shape=Segment,
        example="AAAA160401000003OD",
    )
}

_IN_BODY: Final[dict[str, dict[str, object]]] = {}
"""The security schemes of operations whose credential is a field of the body: OpenAPI has none."""

_ERRORS: Final = (500, 503)

API: Final = Api(
    name="brandcloud",
    title="BrandCloud point of sale",
    document="apis/brandcloud.md",
    quickstart="quickstart/brandcloud.md",
    description=(
        "A point of sale. Salespeople's tills ring up carts, take money and give it back; "
        "consumers' apps scan an order, make it theirs and say whom the invoice is for. The "
        "credential is the user's `api_key`: a field of every body, and where there is no body "
        "the whole of the header `Authorization`. Bodies are JSON of at most 64 KB. Failures are "
        "HTTP 403 with an `error_name`, and each operation has its own words."
    ),
    security={
        "key": {
            "type": "apiKey",
            "in": "header",
            "name": "Authorization",
            "description": "The user's `api_key`, by itself: no word such as `Bearer` before it. "
            "Operations with a body take it there, as the field `api_key`.",
        }
    },
    errors={
        500: Answer(
            description="A fault of ours.",
            shape=answers.Fault,
        ),
        503: Answer(
            description="Busy. Nothing was changed; send it again.",
            shape=answers.Busy,
            headers={"Retry-After": "Seconds to wait."},
        ),
    },
    operations={
        "list_orders": Operation(
            summary="List the company's orders",
            description="The newest 500. A client that wants older ones sends the last number as "
            "`before`.",
            security=_IN_BODY,
            body=ListBody,
            answers={
                200: Answer(
                    description="The orders, newest first.",
                    shape=answers.Orders,
                ),
                403: _refused(answers.ListRefusal),
            },
            errors=_ERRORS,
        ),
        "create_order": Operation(
            summary="Make a cart an order",
            description="At the products' own prices of now. A cart becomes one order, however "
            "often it is sent: afterwards the answer is `repeat`, with that order. "
            f"`type`: {', '.join(f'`{each}`' for each in schema.PaymentType)}.",
            security=_IN_BODY,
            body=CreateBody,
            answers={
                200: Answer(
                    description="The new order.",
                    shape=answers.CreatedOrder,
                ),
                403: _refused(
                    answers.CreateRefusal | answers.InvalidProducts | answers.RepeatedOrder
                ),
            },
            errors=_ERRORS,
        ),
        "pay_order": Operation(
            summary="Tell that an order was paid",
            description="All that is outstanding, by one transaction. It may be empty for cash "
            "and not for cards. A transaction pays one order, once.",
            security=_IN_BODY,
            body=TransactionBody,
            answers={200: _nothing("It is paid."), 403: _refused(answers.PaymentRefusal)},
            errors=_ERRORS,
        ),
        "cancel_order": Operation(
            summary="Call off an order that is not paid",
            description="One that timed out may be called off too, which changes nothing.",
            security=_IN_BODY,
            body=OrderBody,
            answers={200: _nothing("It is called off."), 403: _refused(answers.CancelRefusal)},
            errors=_ERRORS,
        ),
        "refund_order": Operation(
            summary="Tell that an order's money went back",
            description="All of it, until 30 days after the payment. The transaction is that of "
            "the payment which goes back, or empty where it had none; shops that trust their "
            "terminals also take the refund's own. Money that PayPal holds is PayPal's to give "
            "back: until it has, the order reads `Confirming`.",
            security=_IN_BODY,
            body=TransactionBody,
            answers={
                200: _nothing("It is refunded, or will be."),
                403: _refused(answers.RefundRefusal),
            },
            errors=_ERRORS,
        ),
        "query_refund": Operation(
            summary="Ask whether an order could be refunded now",
            security=_IN_BODY,
            body=OrderBody,
            answers={200: _nothing("It could."), 403: _refused(answers.RefundQueryRefusal)},
            errors=_ERRORS,
        ),
        "get_order": Operation(
            summary="Look at all of an order",
            security=_IN_BODY,
            body=OrderBody,
            answers={
                200: Answer(
                    description="The order as of now.",
                    shape=answers.OrderDetail,
                ),
                403: _refused(answers.DetailRefusal),
            },
            errors=_ERRORS,
        ),
        "send_paypal_link": Operation(
            summary="Mail the consumer a link to pay by",
            description="Good for 15 minutes, and never longer than the order can be paid.",
            security=_IN_BODY,
            body=LinkBody,
            answers={200: _nothing("The mail is on its way."), 403: _refused(answers.LinkRefusal)},
            errors=_ERRORS,
        ),
        "get_transaction_result": Operation(
            summary="Ask what came of a payment link",
            description="The token is all that one needs.",
            path={
                "token": Parameter(
                    description="The link's.", shape=Segment, example="e4cbcdc2faff41a7e311"
                )
            },
            answers={
                200: Answer(
                    description="What came of it, as of now.",
                    shape=answers.TransactionResult,
                ),
                403: _refused(answers.ResultRefusal),
            },
            errors=_ERRORS,
        ),
        "get_partial_order": Operation(
            summary="Look at an order before paying it",
            is_of_consumer=True,
            description="The URL that the QR code of a new order says.",
            path=_NUMBER,
            answers={
                200: Answer(
                    description="What a consumer sees of it.",
                    shape=answers.PartialDetail,
                ),
                403: _refused(answers.PartialDetailRefusal),
            },
            errors=_ERRORS,
        ),
        "confirm_purchase": Operation(
            summary="Make an order one's own",
            is_of_consumer=True,
            description="For good. Twice changes nothing.",
            security=_IN_BODY,
            body=OrderBody,
            answers={
                200: Answer(
                    description="Whose it is now.",
                    shape=answers.Consumer,
                ),
                403: _refused(answers.ConfirmRefusal),
            },
            errors=_ERRORS,
        ),
        "edit_order": Operation(
            summary="Say whom the invoice is for",
            is_of_consumer=True,
            description="The address replaces the one that was there. What is written already "
            "stays as it is.",
            security=_IN_BODY,
            body=EditBody,
            answers={
                200: _nothing("It is set."),
                403: _refused(answers.EditRefusal | answers.IllegalForm),
            },
            errors=_ERRORS,
        ),
        "download_invoice": Operation(
            summary="Get an invoice",
            description="As it was written when the order was paid: each download is the same.",
            path={
                **_NUMBER,
                "invoice_number": Parameter(
                    description="The invoice's number.",
                    shape=Segment,
                    example="AAAA160401000003IN",
                ),
            },
            answers={
                200: Answer(
                    description="The file.",
                    shape=bytes,
                    media="application/pdf",
                    headers={"Content-Disposition": "Its name."},
                ),
                403: _refused(answers.InvoiceRefusal),
            },
            errors=_ERRORS,
        ),
    },
)
