"""The Youhaosuda API. What it means: ``docs/apis/youhaosuda.md``."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Final, Literal

from pydantic import Field, GetJsonSchemaHandler, WithJsonSchema
from pydantic_core import CoreSchema
from typing_extensions import TypedDict

from orderhub.domain.identity import MAX_ORDER_ID
from orderhub.wire.youhaosuda import answers, errors, schema, subscriptions
from orderhub.wire.youhaosuda.api import TOKEN_HEADER

from .vocabulary import FORM, JSON, Answer, Api, Operation, Parameter

# -- bodies ----------------------------------------------------------------------------------------


class OrderBody(TypedDict):
    """Another price for an order."""

    order: schema.OrderEdit


class NewMetafieldBody(TypedDict):
    """A new metafield."""

    meta: schema.NewMeta


class MetafieldBody(TypedDict):
    """Changes of a metafield."""

    meta: schema.MetaEdit


class NewWebhookBody(TypedDict):
    """A new webhook."""

    webhook: subscriptions.NewWebhook


class WebhookBody(TypedDict):
    """Changes of a webhook."""

    webhook: subscriptions.WebhookEdit


class TokenBody(TypedDict):
    """What an app asks for: the one grant there is."""

    grant_type: Literal["client_credentials"]


_NAME: Final = r"[^\s,\x00-\x1f\x7f\ufffd][^,\x00-\x1f\x7f\ufffd]*"
_KEYS: Final = {
    "type": ["string", "integer"],
    "maxLength": 10_000,
    "pattern": f"^{_NAME}(,{_NAME})*$",
}
_Keys = Annotated[
    Any,
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "array", "items": {"type": "string"}, "minItems": 1},
                {"type": "object", "minProperties": 1},
                _KEYS,
            ]
        }
    ),
]


class Keys(TypedDict):
    """Which fields are taken away."""

    fields: _Keys
    """Their keys: a list, the keys of an object, or text with commas between them."""


_Nothing = Annotated[Any, WithJsonSchema({"type": "object", "maxProperties": 0})]

# -- answers that are whole ------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Always:
    """Marks a shape whose attributes may be left out: these are not."""

    names: frozenset[str]

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        return {**handler(schema), "required": sorted(self.names)}


def _names(shape: type) -> frozenset[str]:
    return frozenset(shape.__annotations__)


class ChangedOrderAnswer(TypedDict):
    """The order after a change. One that is too large to be shown whole comes without ``items``
    and ``shipments``."""

    order: Annotated[answers.Order, _Always(_names(answers.Order) - {"items", "shipments"})]


class WholeMetafieldAnswer(TypedDict):
    """A metafield, with all its attributes."""

    meta: Annotated[answers.Metafield, _Always(_names(answers.Metafield))]


class WholeWebhookAnswer(TypedDict):
    """A webhook, with all its attributes but the token."""

    webhook: Annotated[answers.Webhook, _Always(_names(answers.Webhook))]


class NewWebhookAnswer(TypedDict):
    """The new webhook, with its token, which no other answer shows."""

    webhook: Annotated[answers.WebhookWithToken, _Always(_names(answers.WebhookWithToken))]


# -- examples --------------------------------------------------------------------------------------

_AT: Final = "2015-04-29T23:10:57.778+08:00"
_PLACE: Final = {
    "city": "深圳市",
    "city_code": "440300",
    "country": "中国",
    "country_code": "CN",
    "district": "南山区",
    "district_code": "440305",
    "email": "",
    "mobile": "0755-83051027",
    "name": "友好速搭",
    "province": "广东省",
    "province_code": "440000",
    "telephone": "",
    "zipcode": None,
}
_COMPLETE: Final = "中国,广东省,深圳市,南山区,科技园新西路7号兰光科技园B801"
_ITEM: Final = {
    "barcode": "SPC00001",
    "created_at": _AT,
    "id": 6755399441055744,
    "image": {
        "alt": "",
        "created_at": _AT,
        "file_name": "s.jpeg",
        "id": 5629499534213120,
        "position": 1,
        "product_id": 3531,
        "src": "https://asset.ibanquan.com/image/552a256b8757db62920001ed/s.jpeg?v=1428825451",
        "updated_at": _AT,
        "variant_ids": [12177],
    },
    "name": "梵·SCP200",
    "options_desc": "尺码:白色,颜色:L",
    "price": 0.02,
    "product_id": 3531,
    "quantity": 3,
    "updated_at": _AT,
    "variant_id": 12177,
    "volume": 0,
    "weight": 0.2,
}
_METHOD: Final = {
    "gateway": "wppay",
    "id": 4785074604081152,
    "name": "微信支付",
    "pay_type": "wppay",
}
_ORDER: Final = {
    "address": {**_PLACE, "complete_address": _COMPLETE},
    "auto_total_amount": 0.06,
    "closed_at": "2015-04-29T23:15:06.909+08:00",
    "created_at": _AT,
    "customer": {
        "addresses": [
            {
                **_PLACE,
                "completed_address": _COMPLETE,
                "created_at": _AT,
                "detail": "科技园新西路7号兰光科技园B801",
                "id": 5066549580791808,
                "is_default": True,
                "updated_at": _AT,
            }
        ],
        "avatar": None,
        "created_at": _AT,
        "id": 4028,
        "name": "test",
        "notify_email": "test@yeezon.com",
        "notify_phone": "",
        "reg_identity": "test@yeezon.com",
        "reg_type": "email",
        "updated_at": _AT,
    },
    "customer_remarks": "",
    "discount_amount": 0,
    "id": 3474690969600001,
    "invoice": None,
    "item_amount": 0.06,
    "items": [_ITEM],
    "notes": [],
    "order_no": "2015042948963282",
    "payment_method": _METHOD,
    "payment_method_type": "online",
    "payment_status": "paid",
    "payments": [
        {
            "amount": 0.06,
            "bank_code": "",
            "created_at": _AT,
            "exipired_at": "2015-05-01T23:10:57.778+08:00",
            "gateway_payment_no": "1001760211201504290098766161",
            "id": 7881299347898368,
            "mode": "online",
            "payment_method": _METHOD,
            "status": "paid",
            "updated_at": "2015-04-29T23:13:32.897+08:00",
        }
    ],
    "preferential_records": [],
    "processed_at": _AT,
    "processing_method": "direct",
    "purchase_ip": "113.88.197.83",
    "refunds": [],
    "shipment_amount": 0,
    "shipment_status": "recieved",
    "shipments": [
        {
            "amount": 0,
            "auto_received_at": "2015-05-13T23:10:57.778+08:00",
            "created_at": _AT,
            "id": 8444249301319680,
            "items": [_ITEM],
            "serial_number": "01",
            "ship_no": "204997145429",
            "ship_type": "express",
            "shipment_supplier": {"id": 2, "code": "shunfeng", "name": "顺丰速递"},
            "status": "recieve",
            "updated_at": "2015-04-29T23:15:06.909+08:00",
        }
    ],
    "status": "achieved",
    "total_amount": 0.06,
    "updated_at": "2015-04-29T23:15:06.909+08:00",
}
_REPRICED: Final = {
    **_ORDER,
    "closed_at": None,
    "payment_status": "pending",
    "payments": [],
    "shipment_status": "pending",
    "shipments": [],
    "status": "processing",
    "total_amount": 63.8,
}
_SHOWN: Final = {name: _ORDER[name] for name in ("id", "order_no", "payment_status")}
_FIELDS: Final = {"warehouse": "SZ-2", "picked": True}
_METAFIELD: Final = {
    "created_at": _AT,
    "description": "仓库系统的备注",
    "fields": _FIELDS,
    "id": 3474690969600001,
    "name": "erp",
    "owner_id": 3474690969600001,
    "owner_resource": "order",
    "updated_at": _AT,
}
_WEBHOOK: Final = {
    "address": "https://erp.example.com/orders/paid",
    "created_at": _AT,
    "id": 3474690969600002,
    "topic": "orders/paid",
    "updated_at": _AT,
}

# -- answers ---------------------------------------------------------------------------------------

_LIMIT: Final = {
    "X-YHSD-SHOP-API-CALL-LIMIT": "`1/100` to `99/100`: how many calls there were in the last "
    "second. Nobody is refused by it."
}


def _answer(
    description: str, shape: type, example: object, *, others: Mapping[str, object]
) -> Mapping[int, Answer]:
    """The answer of this shape, or a failure. ``others`` are further examples."""
    return {
        200: Answer(
            description=f"{description} Or, with `code` and `errors`, why there is none.",
            shape=shape | answers.Failed,
            headers=_LIMIT,
            examples={"done": example, **others},
        )
    }


def _missing(message: str) -> Mapping[str, object]:
    return {"missing": {"code": 404, "errors": [message]}}


def _wrong(*messages: str) -> Mapping[str, object]:
    return {"wrong": {"code": 422, "errors": list(messages)}}


def _refused(
    description: str, code: int, error: str, headers: Mapping[str, str] | None = None
) -> Answer:
    return Answer(
        description=description,
        shape=answers.Refused,
        headers={**_LIMIT, **(headers or {})},
        examples={"refused": {"code": code, "errors": [error]}},
    )


def _no_token(description: str, code: int, error: str) -> Answer:
    return Answer(
        description=description,
        shape=answers.NoToken,
        headers=_LIMIT,
        examples={"refused": {"error": error, "code": code, "errors": [error]}},
    )


_BAD_LIMIT: Final = _wrong("limit必须是整数")
_NO_ORDER: Final = _missing("未找到订单")
_NO_METAFIELD: Final = _missing("未找到Metafield")
_NO_WEBHOOK: Final = _missing("未找到Webhook")


def _id(of: str, example: int) -> Mapping[str, Parameter]:
    shape = Annotated[int, Field(ge=1, le=MAX_ORDER_ID)]
    return {"id": Parameter(description=f"The {of}'s `id`.", shape=shape, example=example)}


_ORDER_ID: Final = _id("order", 3474690969600001)
_METAFIELD_ID: Final = _id("metafield", 3474690969600001)
_WEBHOOK_ID: Final = _id("webhook", 3474690969600002)
_ERRORS: Final = (401, 403, 500, 503)
_LISTED: Final = "By `id`, which grows with their creation. All filters combine."
_COUNTED: Final = "Takes the filters of the list, all of them."

API: Final = Api(
    name="youhaosuda",
    title="youhaosuda",
    description=(
        "A shop's systems look through its orders, agree on another price, keep fields of their "
        "own beside orders, and have addresses of theirs told of what happens to orders. An app "
        "trades its key and secret for a token, which stands in a header of every request. "
        "Failures are HTTP 200 with `code` and `errors`; success never has a `code`. Bodies are "
        "JSON of at most 64 KB, and numbers in them may be quoted."
    ),
    security={"token": {"type": "apiKey", "in": "header", "name": TOKEN_HEADER.upper()}},
    errors={
        401: _refused("No token, or not a good one.", 401, errors.BAD_TOKEN),
        403: _refused("The token lacks the scope.", 403, errors.FORBIDDEN),
        500: _refused("A fault of ours.", 500, errors.INTERNAL),
        503: _refused(
            "Busy. Nothing was changed; send it again.",
            503,
            errors.BUSY,
            {"Retry-After": "Seconds to wait."},
        ),
    },
    operations={
        "issue_token": Operation(
            summary="Get an app's token",
            description="With the app's key and secret by HTTP Basic, in either alphabet of "
            "base64. The token never changes, so it may be kept.",
            security={"app": {"type": "http", "scheme": "basic"}},
            body=TokenBody,
            media=(FORM, JSON),
            answers={
                200: Answer(
                    description="The token.",
                    shape=answers.Token,
                    headers=_LIMIT,
                    examples={"done": {"token": "2d60b4fbd8ae43e2a2b2bcbf1de7a9b0"}},
                ),
                400: _no_token(
                    "Another `grant_type`, or a body that can't be read.",
                    400,
                    errors.INVALID_GRANT,
                ),
                401: _no_token(
                    "The key or the secret is wrong, no matter which.", 401, errors.INVALID_CLIENT
                ),
            },
            errors=(500, 503),
        ),
        "list_orders": Operation(
            summary="Look through orders",
            description=f"{_LISTED} An answer holds 6 MB; a page with more lines than that is "
            "refused: ask for fewer orders, or for `fields` without `items` or `shipments`.",
            query=(schema.OrderFilters, schema.Paging),
            answers=_answer(
                "A page of orders.", answers.OrderList, {"orders": [_ORDER]}, others=_BAD_LIMIT
            ),
            errors=_ERRORS,
        ),
        "count_orders": Operation(
            summary="Count orders",
            description=_COUNTED,
            query=(schema.OrderFilters,),
            answers=_answer(
                "How many there are.",
                answers.Count,
                {"count": 3},
                others=_wrong("created_at_min不是有效的时间(格式2014-09-01T01:00:01)"),
            ),
            errors=_ERRORS,
        ),
        "get_order": Operation(
            summary="Look at an order",
            path=_ORDER_ID,
            query=(schema.Shown,),
            answers=_answer(
                "The order as of now.",
                answers.OrderAnswer,
                {"order": _ORDER},
                others={"some attributes": {"order": _SHOWN}, **_NO_ORDER},
            ),
            errors=_ERRORS,
        ),
        "update_order": Operation(
            summary="Agree on another price",
            description="While `payment_status` reads `pending`. A price that is covered makes "
            "the order paid.",
            path=_ORDER_ID,
            body=OrderBody,
            answers=_answer(
                "The order after it.",
                ChangedOrderAnswer,
                {"order": _REPRICED},
                others={**_wrong(errors.NOT_EDITABLE), **_NO_ORDER},
            ),
            errors=_ERRORS,
        ),
        "list_metafields": Operation(
            summary="Look through metafields",
            description=_LISTED,
            query=(schema.MetafieldFilters, schema.Paging),
            answers=_answer(
                "A page of metafields.",
                answers.MetafieldList,
                {"metas": [_METAFIELD]},
                others=_BAD_LIMIT,
            ),
            errors=_ERRORS,
        ),
        "count_metafields": Operation(
            summary="Count metafields",
            description=_COUNTED,
            query=(schema.MetafieldFilters,),
            answers=_answer(
                "How many there are.",
                answers.Count,
                {"count": 3},
                others=_wrong("owner_id必须是整数"),
            ),
            errors=_ERRORS,
        ),
        "create_metafield": Operation(
            summary="Keep fields beside an order",
            body=NewMetafieldBody,
            answers=_answer(
                "The new metafield.",
                WholeMetafieldAnswer,
                {"meta": _METAFIELD},
                others=_wrong("name已存在"),
            ),
            errors=_ERRORS,
        ),
        "get_metafield": Operation(
            summary="Look at a metafield",
            path=_METAFIELD_ID,
            query=(schema.Shown,),
            answers=_answer(
                "The metafield.",
                answers.MetafieldAnswer,
                {"meta": _METAFIELD},
                others=_NO_METAFIELD,
            ),
            errors=_ERRORS,
        ),
        "update_metafield": Operation(
            summary="Change a metafield",
            path=_METAFIELD_ID,
            body=MetafieldBody,
            answers=_answer(
                "The metafield after it.",
                WholeMetafieldAnswer,
                {"meta": _METAFIELD},
                others=_NO_METAFIELD,
            ),
            errors=_ERRORS,
        ),
        "delete_metafield": Operation(
            summary="Remove a metafield",
            path=_METAFIELD_ID,
            answers=_answer(
                "The metafield, as it was.",
                WholeMetafieldAnswer,
                {"meta": _METAFIELD},
                others=_NO_METAFIELD,
            ),
            errors=_ERRORS,
        ),
        "get_fields": Operation(
            summary="Look at a metafield's fields",
            path=_METAFIELD_ID,
            answers=_answer(
                "All fields.", answers.FieldsAnswer, {"fields": _FIELDS}, others=_NO_METAFIELD
            ),
            errors=_ERRORS,
        ),
        "set_fields": Operation(
            summary="Add fields, or replace some",
            path=_METAFIELD_ID,
            body=schema.FieldsForm,
            answers=_answer(
                "All fields after it.",
                answers.FieldsAnswer,
                {"fields": {**_FIELDS, "shelf": 14}},
                others={**_wrong("fields不能为空"), **_NO_METAFIELD},
            ),
            errors=_ERRORS,
        ),
        "delete_fields": Operation(
            summary="Take fields away",
            description="Those that `fields` names, in the query or the body; all of them where "
            "neither is sent.",
            path=_METAFIELD_ID,
            more_query={
                "fields": Parameter(
                    description="Keys between commas.",
                    shape=Annotated[str, WithJsonSchema({**_KEYS, "type": "string"})],
                    example="shelf",
                )
            },
            body=Keys | _Nothing,
            body_is_required=False,
            answers=_answer(
                "The fields that are left.",
                answers.FieldsAnswer,
                {"fields": _FIELDS},
                others={**_wrong("fields不能为空"), **_NO_METAFIELD},
            ),
            errors=_ERRORS,
        ),
        "list_webhooks": Operation(
            summary="Look through webhooks",
            description=_LISTED,
            query=(subscriptions.WebhookFilters, schema.Paging),
            answers=_answer(
                "A page of webhooks.",
                answers.WebhookList,
                {"webhooks": [_WEBHOOK]},
                others=_BAD_LIMIT,
            ),
            errors=_ERRORS,
        ),
        "count_webhooks": Operation(
            summary="Count webhooks",
            description=_COUNTED,
            query=(subscriptions.WebhookFilters, schema.Paging),
            answers=_answer("How many there are.", answers.Count, {"count": 3}, others=_BAD_LIMIT),
            errors=_ERRORS,
        ),
        "create_webhook": Operation(
            summary="Have an address told of events",
            description="What is sent there: `docs/apis/youhaosuda.md`. A shop has at most 50.",
            body=NewWebhookBody,
            answers=_answer(
                "The new webhook, with its token.",
                NewWebhookAnswer,
                {"webhook": {**_WEBHOOK, "token": "9d2f6fb1a8a54c1f8f3d7a51c0b2e6d4"}},
                others=_wrong("address不允许使用"),
            ),
            errors=_ERRORS,
        ),
        "get_webhook": Operation(
            summary="Look at a webhook",
            path=_WEBHOOK_ID,
            query=(schema.Shown,),
            answers=_answer(
                "The webhook.",
                answers.WebhookAnswer,
                {"webhook": _WEBHOOK},
                others=_NO_WEBHOOK,
            ),
            errors=_ERRORS,
        ),
        "update_webhook": Operation(
            summary="Change a webhook",
            description="One that was switched off because its endpoint failed is switched on "
            "again.",
            path=_WEBHOOK_ID,
            body=WebhookBody,
            answers=_answer(
                "The webhook after it.",
                WholeWebhookAnswer,
                {"webhook": _WEBHOOK},
                others=_NO_WEBHOOK,
            ),
            errors=_ERRORS,
        ),
        "delete_webhook": Operation(
            summary="End a webhook",
            path=_WEBHOOK_ID,
            answers=_answer(
                "The webhook, as it was.",
                WholeWebhookAnswer,
                {"webhook": _WEBHOOK},
                others=_NO_WEBHOOK,
            ),
            errors=_ERRORS,
        ),
    },
)
