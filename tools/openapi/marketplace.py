"""The marketplace API. Its errors and repeats: ``docs/apis/marketplace.md``."""

from typing import Final

from orderhub.wire.marketplace import answers, schema

from .vocabulary import FORM, JSON, Answer, Api, Operation, Parameter, Segment

_ORDER: Final = {
    "id": Parameter(
        description="The order's `id`, its `number`, or its `merchant_order_no`, in this order of "
        "precedence.",
        shape=Segment,
        example="TB20261121000001",
    )
}


def _order(description: str) -> Answer:
    return Answer(description=description, shape=answers.OrderResource)


def _failure(description: str, **headers: str) -> Answer:
    return Answer(
        description=description,
        shape=answers.Failure,
        headers={name.replace("_", "-"): said for name, said in headers.items()},
    )


_CREATING: Final = (400, 401, 403, 413, 415, 422, 500, 503)
_NAMING: Final = (*_CREATING, 404)
"""Of operations on an order. Bodies are looked at even where none is needed."""

API: Final = Api(
    name="marketplace",
    title="Marketplace notifications",
    document="apis/marketplace.md",
    quickstart="quickstart/marketplace.md",
    description=(
        "Third-party order systems (Taobao, Tencent and the like) notify us of their orders. "
        "Notifications are redelivered until they are answered: every one may come twice and "
        'still happens once. Failures are `{"error": "…"}`, with `errors` by field where fields '
        "are wrong. Bodies are JSON or forms of at most 64 KB."
    ),
    security={
        "bearer": {
            "type": "http",
            "scheme": "bearer",
            "description": "The shop's marketplace token: `Authorization: Bearer <token>`.",
        },
        "spree": {
            "type": "apiKey",
            "in": "header",
            "name": "X-Spree-Token",
            "description": "The same token in the header of the older clients.",
        },
    },
    media=(JSON, FORM),
    errors={
        400: _failure("The body is not what its content type says."),
        401: _failure("No token, or not a good one."),
        403: _failure("The token lacks the scope."),
        404: _failure("The shop has no such order."),
        413: _failure("The body is too large."),
        415: _failure(
            "The body is neither JSON nor a form, or not UTF-8.",
        ),
        422: Answer(
            description="Fields that are missing or wrong; or what the order's state forbids, "
            "on the field that forbids it; or an `id` that means several orders.",
            shape=answers.Invalid,
        ),
        500: _failure("A fault of ours."),
        503: _failure(
            "Busy. Nothing was changed; send it again.",
            Retry_After="Seconds to wait.",
        ),
    },
    operations={
        "create_order": Operation(
            summary="Tell of a new order",
            description="The same `kind` and `merchant_order_no` again returns the order that "
            "exists, as it now is, and changes nothing.",
            body=schema.OrderNotification,
            answers={
                200: _order("A repeat: the order as it now is."),
                201: _order("The new order, still without lines."),
            },
            errors=_CREATING,
        ),
        "get_order": Operation(
            summary="Look at an order",
            description="An addition of ours: the document has no such request.",
            path=_ORDER,
            answers={200: _order("The order as of now.")},
            errors=_NAMING,
        ),
        "update_order": Operation(
            summary="Correct an order's details",
            description="Sets what it names, clears what is `null` or empty, keeps what it leaves "
            "out. Another `kind` or `merchant_order_no` is one more name for the order.",
            path=_ORDER,
            body=schema.OrderNotification,
            answers={200: _order("The order after it.")},
            errors=_NAMING,
        ),
        "create_line_item": Operation(
            summary="Add a product to an order",
            description="The same product, price and quantity again are a repeat and change "
            "nothing. A paid order takes no lines.",
            path=_ORDER,
            body=schema.LineItemNotification,
            answers={
                200: _order("A repeat: the order as it now is."),
                201: _order("The order with the line."),
            },
            errors=_NAMING,
        ),
        "pay_order": Operation(
            summary="Tell of a payment",
            description="Partial payments add up. The same `merchant_trade_no` again changes "
            "nothing. What exceeds the total is kept and flagged.",
            path=_ORDER,
            body=schema.PaymentNotification,
            answers={200: _order("The order after it.")},
            errors=_NAMING,
        ),
        "complete_order": Operation(
            summary="Tell that an order is completed",
            description="The buyer has the goods, or the sender closed the order. Needs no body.",
            path=_ORDER,
            answers={200: _order("The order after it.")},
            errors=_NAMING,
        ),
    },
)
