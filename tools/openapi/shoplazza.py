"""The Shoplazza API. What it means: ``docs/apis/shoplazza.md``."""

from collections.abc import Mapping
from typing import Annotated, Any, Final

from pydantic import Field
from typing_extensions import TypedDict

from orderhub.wire.shoplazza import answers, errors, inbound, schema

from .vocabulary import Answer, Api, Operation, Parameter

# -- bodies ----------------------------------------------------------------------------------------


class OrderBody(TypedDict):
    """The same with `order` around it."""

    order: schema.NewOrder


# Where there is an `order`, what stands beside it does not count.
_FLAT: Final = Field(json_schema_extra={"not": {"required": ["order"]}})
_BODY: Final = Annotated[schema.NewOrder, _FLAT] | OrderBody


# -- examples --------------------------------------------------------------------------------------

_ADDRESS: Final[dict[str, Any]] = {
    "first_name": "Mei",
    "last_name": "Han",
    "name": "Mei Han",
    "address": "1 Rue des Carrieres",
    "address1": "1 Rue des Carrieres",
    "address2": "Suite 1234",
    "phone": "+86 150 1447 1143",
    "phone_area_code": "",
    "email": "mei.han@example.com",
    "city": "San Jose",
    "area": "",
    "zip": "87036",
    "province": "New Mexico",
    "province_code": "NM",
    "country": "United States",
    "country_code": "US",
    "company": "",
    "latitude": "22.54",
    "longitude": "114.06",
    "extra_info": {"cpf": ""},
}

_LINE_ITEM: Final = {
    "id": "3474213212160001-1",
    "product_id": "3531",
    "variant_id": "12177",
    "product_title": "梵·SCP200",
    "variant_title": "颜色:黑",
    "product_handle": "",
    "quantity": 2,
    "note": "",
    "fulfillment_status": "initialled",
    "sku": "SPC00001",
    "weight": "0",
    "weight_unit": "g",
    "vendor": "",
    "product_url": "",
    "compare_at_price": "64.00",
    "image": "",
    "price": "64.00",
    "total": "128.00",
    "total_price": "128.00",
    "properties": [{"name": "颜色", "value": "黑"}],
    "custom_properties": {},
    "refund_quantity": 0,
    "refund_total": "0.00",
    "taxable": True,
    "requires_shipping": True,
}

_LINK: Final = "/checkout/3474213212160001/0Yk3pXv1mB7cQ5rT9wZ2sD4fG6hJ8kLnMqRtVxYbAc0"

_ORDER: Final[dict[str, Any]] = {
    "id": "11218-3474213212160001",
    "number": "3474213212160001",
    "note": "Gift wrap, please.",
    "status": "opened",
    "financial_status": "waiting",
    "fulfillment_status": "initialled",
    "email_status": "waiting",
    "cancel_reason": None,
    "recovery_status": "waiting",
    "payment_method": "cod",
    "discount_applications": '[{"type":"manual","title":"10%","discount_code":"","value":"10%",'
    '"value_type":"percentage","amount":"12.80"}]',
    "customer_note": "",
    "buyer_accepts_marketing": False,
    "currency": "CNY",
    "total_price": "135.19",
    "sub_total": "128.00",
    "total_discount": "12.80",
    "total_tax": "9.99",
    "total_shipping": "10.00",
    "code_discount_total": "0.00",
    "gift_card_total": "0.00",
    "total_refund_price": "0.00",
    "additional_total": "0.00",
    "addtional_prices": [],
    "shipping_tax_total": "0.00",
    "customer_deleted_at": None,
    "created_at": "2026-11-21T09:00:00Z",
    "updated_at": "2026-11-21T09:00:00Z",
    "deleted_at": None,
    "canceled_at": None,
    "placed_at": None,
    "total_tip_received": "0.00",
    "tags": "vip, phone order",
    "total_paid": "0.00",
    "shipping_line": {
        "name": "Standard Shipping",
        "desc": "3 to 5 days",
        "shipping_price": "10.00",
    },
    "customer": {
        "id": "0f5b2f0e-58a7-5a3e-9f0e-2f6b7c1d4e88",
        "email": "mei.han@example.com",
        "first_name": "Mei",
        "last_name": "Han",
        "phone": "+86 150 1447 1143",
        "created_at": "2026-11-21T09:00:00Z",
        "updated_at": "2026-11-21T09:00:00Z",
        "orders_count": 1,
        "total_spent": "0.00",
    },
    "shipping_address": _ADDRESS,
    "billing_address": _ADDRESS,
    "payment_line": {
        "payment_channel": "cod",
        "payment_method": "cod",
        "transaction_no": "",
        "merchant_id": "",
        "merchant_email": "",
    },
    "line_items": [_LINE_ITEM],
    "fulfillments": [],
    "logistics_code": "",
    "refer_info": "",
    "config": {
        "page_type": "single_page",
        "requires_shipping": True,
        "checkout_business_type": 0,
        "product_tax_included": False,
        "checkout_template_type": 0,
        "market_setting": {
            "market_currency": "CNY",
            "market_base_currency": "CNY",
            "primary_market_currency": "CNY",
            "market_country": "US",
        },
    },
    "checkout_url": f"https://shop.example.com{_LINK}",
    "location_line": {"id": "", "location_id": "", "location_name": ""},
    "invoice_url": f"https://api.example.com{_LINK}",
}

_NEWER_ADDRESS: Final = {**_ADDRESS, "address1": _ADDRESS["address2"]}
_NEWER_ORDER: Final = {
    **_ORDER,
    "shipping_address": _NEWER_ADDRESS,
    "billing_address": _NEWER_ADDRESS,
    "cancelled_at": None,
    "additional_prices": [],
}

# -- operations ------------------------------------------------------------------------------------


def _failures(description: str, *messages: str, **headers: str) -> Answer:
    return Answer(
        description=description,
        shape=answers.Failures,
        headers={name.replace("_", "-"): said for name, said in headers.items()},
        examples={"failures": {"errors": list(messages)}},
    )


_IDEMPOTENCY_KEY: Final = Parameter(
    description="With the same key the same request makes one order: for 24 hours a repeat gets "
    "the first answer, whatever became of the order since.",
    shape=Annotated[str, Field(min_length=1, max_length=inbound.LONGEST_KEY)],
    example="station-b-20261121-000001",
)

_CREATING: Final = (401, 403, 406, 422, 500, 503)


def _creating(description: str, shape: object, example: Mapping[str, object]) -> Operation:
    return Operation(
        summary="Make an order",
        description=description,
        headers={errors.IDEMPOTENCY_KEY: _IDEMPOTENCY_KEY},
        body=_BODY,
        answers={
            200: Answer(
                description="The new order; for a repeat, as it was when it was made.",
                shape=shape,
                examples={"order": example},
            )
        },
        errors=_CREATING,
    )


API: Final = Api(
    name="shoplazza",
    title="shoplazza",
    description=(
        "A merchant's system makes orders on behalf of buyers: orders taken on another site, "
        "orders that a buyer is to pay by a link, orders that lived in another system until now. "
        "An error changes nothing. Bodies are of at most 512 KB."
    ),
    security={"token": {"type": "apiKey", "in": "header", "name": "access-token"}},
    errors={
        401: Answer(
            description="No token, or not a good one; or the token is good and its shop is gone.",
            shape=answers.Failures | answers.Failure,
            examples={
                "token": {"errors": [errors.BAD_TOKEN]},
                "store": {"error": errors.NOT_ACTIVE},
            },
        ),
        403: _failures("The token lacks the scope.", errors.NO_SCOPE),
        406: _failures(
            "Not an order at all: no JSON object, another content type, or too large.",
            errors.CREATE_FAILED,
        ),
        422: Answer(
            description="Fields that are missing or wrong, in CamelCase; or what the order can't "
            "be made of, in the words of the vendor's document.",
            shape=answers.Failures,
            examples={
                "fields": {
                    "errors": ["TaxTotal is required", "LineItems[0].VariantID is required"]
                },
                "address": {"errors": [errors.NO_ADDRESS]},
                "currency": {"errors": [errors.NO_CHECKOUT]},
                "product": {"errors": [errors.NO_RECORD]},
                "amounts": {"errors": [errors.NOT_CALCULABLE]},
                "payment": {"errors": [errors.NOT_BUILDABLE]},
                "stock": {"errors": [errors.SOLD_OUT]},
                "key": {"errors": ["Idempotency-Key was used before with another request body"]},
            },
        ),
        500: _failures("A fault of ours.", errors.ABORTED),
        503: _failures(
            "Busy (`Aborted`), or a service did not answer (`DeadlineExceeded`). Nothing was "
            "changed; send it again.",
            errors.ABORTED,
            Retry_After="Seconds to wait.",
        ),
    },
    operations={
        "create_order": _creating(
            "As the vendor's API has it since 2022-01.", answers.OrderAnswer, {"order": _ORDER}
        ),
        "create_order/Newer": _creating(
            "The same with the answer of 2026-01.",
            answers.NewerAnswer,
            {"code": "Success", "data": {"order": _NEWER_ORDER}},
        ),
    },
)
