"""The marketplace API. Its errors and repeats: ``docs/apis/marketplace.md``."""

from typing import Final

from orderhub.wire.marketplace import answers, errors, schema

from .vocabulary import FORM, JSON, Answer, Api, Operation, Parameter, Segment

_ORDER: Final = {
    "id": Parameter(
        description="The order's `id`, its `number`, or its `merchant_order_no`, in this order of "
        "precedence.",
        shape=Segment,
        example="TB20261121000001",
    )
}

_LINE_ITEM: Final = {
    "id": 1,
    "product_id": "3531",
    "variant_id": "12177",
    "name": "梵·SCP200",
    "sku": "SPC00001",
    "price": "64.00",
    "quantity": 2,
    "total": "128.00",
}

_RESOURCE: Final = {
    "id": 3474213212160001,
    "number": "R3474213212160001",
    "channel": "marketplace",
    "kind": "taobao",
    "merchant_order_no": "TB20261121000001",
    "merchant_trade_no": "2026112122001100001",
    "state": "open",
    "payment_state": "unpaid",
    "shipment_state": "unfulfilled",
    "currency": "CNY",
    "item_total": "128.00",
    "adjustment_total": "0.00",
    "total": "128.00",
    "payment_total": "0.00",
    "refund_total": "0.00",
    "outstanding_balance": "128.00",
    "refund_due": "0.00",
    "excess_payment": "0.00",
    "overpaid": False,
    "total_quantity": 2,
    "line_items": [_LINE_ITEM],
    "payments": [],
    "refunds": [],
    "shipments": [],
    "sender_name": "李雷",
    "sender_email": "lilei@example.com",
    "sender_phone": "13800000001",
    "coupon_code": "SINGLES11",
    "gift_card_text": "生日快乐",
    "special_instructions": "Please ring twice.",
    "ship_method_id": 2,
    "ship_method": "顺风",
    "expected_date": "2026-11-25",
    "delivery_date": "2026-11-24",
    "address_fullname": "韩梅梅",
    "address_phone": "13900000002",
    "address_province_id": 440000,
    "address_city_id": 440300,
    "address_area_id": 440305,
    "address_post_code": "518057",
    "address_address": "科技园新西路7号兰光科技园B801",
    "created_at": "2026-11-21T09:00:00.000Z",
    "updated_at": "2026-11-21T09:00:01.250Z",
    "payment_due_at": "2026-11-22T09:00:00.000Z",
    "paid_at": None,
    "completed_at": None,
    "cancelled_at": None,
    "expired_at": None,
}


def _order(description: str) -> Answer:
    return Answer(
        description=description, shape=answers.OrderResource, examples={"order": _RESOURCE}
    )


def _failure(description: str, message: str, **headers: str) -> Answer:
    return Answer(
        description=description,
        shape=answers.Failure,
        headers={name.replace("_", "-"): said for name, said in headers.items()},
        examples={"failure": {"error": message}},
    )


_CREATING: Final = (400, 401, 403, 413, 415, 422, 500, 503)
_NAMING: Final = (*_CREATING, 404)
"""Of operations on an order. Bodies are looked at even where none is needed."""

API: Final = Api(
    name="marketplace",
    title="marketplace",
    description=(
        "Third-party order systems (Taobao, Tencent and the like) notify us of their orders. "
        "Notifications are redelivered until they are answered: every one may come twice and "
        "still happens once. Bodies are of at most 64 KB."
    ),
    security={
        "bearer": {"type": "http", "scheme": "bearer"},
        "spree": {"type": "apiKey", "in": "header", "name": "X-Spree-Token"},
    },
    media=(JSON, FORM),
    errors={
        400: _failure(
            "The body is not what its content type says.", "The request body is not valid JSON."
        ),
        401: _failure("No token, or not a good one.", errors.UNAUTHORIZED),
        403: _failure("The token lacks the scope.", errors.UNAUTHORIZED),
        404: _failure("The shop has no such order.", errors.NOT_FOUND),
        413: _failure("The body is too large.", "The request body is larger than 65536 bytes."),
        415: _failure(
            "The body is neither JSON nor a form, or not UTF-8.",
            "The Content-Type must be application/json or application/x-www-form-urlencoded.",
        ),
        422: Answer(
            description="Fields that are missing or wrong; or what the order's state forbids, "
            "on the field that forbids it; or an `id` that means several orders.",
            shape=answers.Invalid,
            examples={
                "fields": {
                    "error": errors.INVALID,
                    "errors": {"price": ["is not a number"], "quantity": ["can't be blank"]},
                },
                "state": {"error": errors.INVALID, "errors": {"state": ["is expired"]}},
            },
        ),
        500: _failure("A fault of ours.", errors.INTERNAL),
        503: _failure(
            "Busy. Nothing was changed; send it again.",
            errors.TRY_AGAIN,
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
