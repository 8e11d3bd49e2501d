"""The Youhaosuda API. What it means: ``docs/apis/youhaosuda.md``."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Final, Literal

from pydantic import Field, GetJsonSchemaHandler, WithJsonSchema
from pydantic_core import CoreSchema
from typing_extensions import TypedDict

from orderhub.domain.identity import MAX_ORDER_ID
from orderhub.domain.subscription import EVERYTHING
from orderhub.wire.fields import as_text
from orderhub.wire.youhaosuda import answers, schema, subscriptions
from orderhub.wire.youhaosuda.api import TOKEN_HEADER
from orderhub.wire.youhaosuda.webhooks import YOUHAOSUDA

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


_TOPICS: Final = (*YOUHAOSUDA.topics, EVERYTHING)
_BLANK: Final = r"[\t-\r ]*"
_TOPIC: Final = rf"({'|'.join(map(re.escape, _TOPICS))}){_BLANK}"
_Topics = Annotated[
    tuple[str, ...],
    WithJsonSchema({**as_text(rf"(,{_BLANK})*{_TOPIC}(,{_BLANK}({_TOPIC})?)*"), "maxLength": 1000}),
]


class NewWebhook(subscriptions.NewWebhook):
    """A new webhook."""

    topic: _Topics


class WebhookEdit(subscriptions.WebhookEdit):
    """Changes of a webhook. What is not named stays."""

    topic: _Topics = ()


class NewWebhookBody(TypedDict):
    """A new webhook."""

    webhook: NewWebhook


class WebhookBody(TypedDict):
    """Changes of a webhook."""

    webhook: WebhookEdit


class TokenBody(TypedDict):
    """What an app asks for: the one grant there is."""

    grant_type: Literal["client_credentials"]
    """The only one."""


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


# -- answers ---------------------------------------------------------------------------------------

_LIMIT: Final = {
    "X-YHSD-SHOP-API-CALL-LIMIT": "`1/100` to `99/100`: how many calls there were in the last "
    "second. Nobody is refused by it."
}


def _answer(description: str, shape: type) -> Mapping[int, Answer]:
    """The answer of this shape, or a failure."""
    return {
        200: Answer(
            description=f"{description} Or, with `code` and `errors`, why there is none.",
            shape=shape | answers.Failed,
            headers=_LIMIT,
        )
    }


def _refused(description: str, headers: Mapping[str, str] | None = None) -> Answer:
    return Answer(
        description=description, shape=answers.Refused, headers={**_LIMIT, **(headers or {})}
    )


def _no_token(description: str) -> Answer:
    return Answer(description=description, shape=answers.NoToken, headers=_LIMIT)


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
    title="Youhaosuda",
    document="apis/youhaosuda.md",
    quickstart="quickstart/youhaosuda.md",
    description=(
        "A shop's systems look through its orders, agree on another price, keep fields of their "
        "own beside orders, and have addresses of theirs told of what happens to orders. An app "
        "trades its key and secret for a token, which stands in a header of every request. "
        "Failures are HTTP 200 with `code` and `errors`; success never has a `code`. Bodies are "
        "JSON of at most 64 KB, and numbers in them may be quoted."
    ),
    security={
        "token": {
            "type": "apiKey",
            "in": "header",
            "name": TOKEN_HEADER.upper(),
            "description": "The app's token, which `POST /oauth2/token` hands out.",
        }
    },
    errors={
        401: _refused("No token, or not a good one."),
        403: _refused("The token lacks the scope."),
        500: _refused("A fault of ours."),
        503: _refused(
            "Busy. Nothing was changed; send it again.", {"Retry-After": "Seconds to wait."}
        ),
    },
    query_examples={
        "since_id": "3474690969600000",
        "id": "3474690969600001",
        "ids": "3474690969600001,3474690969600003",
        "created_at_min": "2026-11-21T00:00:00+08:00",
        "created_at_max": "2026-11-21T23:59:59+08:00",
        "updated_at_min": "2026-11-21T09:00:00",
        "updated_at_max": "2026-11-22",
        "customer_id": "4028",
        "name": "erp",
        "owner_resource": "order",
        "owner_id": "3474690969600001",
        "order_no": "948862351",
        "address": "https://erp.example.com/orders/paid",
        "topic": "orders/paid",
        "fields": "id,updated_at",
        "limit": "10",
        "page": "1",
    },
    operations={
        "issue_token": Operation(
            summary="Get an app's token",
            description="With the app's key and secret by HTTP Basic, in either alphabet of "
            "base64. The token never changes, so it may be kept.",
            security={
                "app": {
                    "type": "http",
                    "scheme": "basic",
                    "description": "The app's key and secret, as name and password.",
                }
            },
            body=TokenBody,
            media=(FORM, JSON),
            answers={
                200: Answer(
                    description="The token.",
                    shape=answers.Token,
                    headers=_LIMIT,
                ),
                400: _no_token("Another `grant_type`, or a body that can't be read."),
                401: _no_token("The key or the secret is wrong, no matter which."),
            },
            errors=(500, 503),
        ),
        "list_orders": Operation(
            summary="Look through orders",
            description=f"{_LISTED} An answer holds 6 MB; a page with more lines than that is "
            "refused: ask for fewer orders, or for `fields` without `items` or `shipments`.",
            query=(schema.OrderFilters, schema.Paging),
            answers=_answer("A page of orders.", answers.OrderList),
            errors=_ERRORS,
        ),
        "count_orders": Operation(
            summary="Count orders",
            description=_COUNTED,
            query=(schema.OrderFilters,),
            answers=_answer("How many there are.", answers.Count),
            errors=_ERRORS,
        ),
        "get_order": Operation(
            summary="Look at an order",
            path=_ORDER_ID,
            query=(schema.Shown,),
            answers=_answer("The order as of now.", answers.OrderAnswer),
            errors=_ERRORS,
        ),
        "update_order": Operation(
            summary="Agree on another price",
            description="While `payment_status` reads `pending`. A price that is covered makes "
            "the order paid.",
            path=_ORDER_ID,
            body=OrderBody,
            answers=_answer("The order after it.", ChangedOrderAnswer),
            errors=_ERRORS,
        ),
        "list_metafields": Operation(
            summary="Look through metafields",
            description=_LISTED,
            query=(schema.MetafieldFilters, schema.Paging),
            answers=_answer("A page of metafields.", answers.MetafieldList),
            errors=_ERRORS,
        ),
        "count_metafields": Operation(
            summary="Count metafields",
            description=_COUNTED,
            query=(schema.MetafieldFilters,),
            answers=_answer("How many there are.", answers.Count),
            errors=_ERRORS,
        ),
        "create_metafield": Operation(
            summary="Keep fields beside an order",
            body=NewMetafieldBody,
            answers=_answer("The new metafield.", WholeMetafieldAnswer),
            errors=_ERRORS,
        ),
        "get_metafield": Operation(
            summary="Look at a metafield",
            path=_METAFIELD_ID,
            query=(schema.Shown,),
            answers=_answer("The metafield.", answers.MetafieldAnswer),
            errors=_ERRORS,
        ),
        "update_metafield": Operation(
            summary="Change a metafield",
            path=_METAFIELD_ID,
            body=MetafieldBody,
            answers=_answer("The metafield after it.", WholeMetafieldAnswer),
            errors=_ERRORS,
        ),
        "delete_metafield": Operation(
            summary="Remove a metafield",
            path=_METAFIELD_ID,
            answers=_answer("The metafield, as it was.", WholeMetafieldAnswer),
            errors=_ERRORS,
        ),
        "get_fields": Operation(
            summary="Look at a metafield's fields",
            path=_METAFIELD_ID,
            answers=_answer("All fields.", answers.FieldsAnswer),
            errors=_ERRORS,
        ),
        "set_fields": Operation(
            summary="Add fields, or replace some",
            path=_METAFIELD_ID,
            body=schema.FieldsForm,
            answers=_answer("All fields after it.", answers.FieldsAnswer),
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
            answers=_answer("The fields that are left.", answers.FieldsAnswer),
            errors=_ERRORS,
        ),
        "list_webhooks": Operation(
            summary="Look through webhooks",
            description=_LISTED,
            query=(subscriptions.WebhookFilters, schema.Paging),
            answers=_answer("A page of webhooks.", answers.WebhookList),
            errors=_ERRORS,
        ),
        "count_webhooks": Operation(
            summary="Count webhooks",
            description=_COUNTED,
            query=(subscriptions.WebhookFilters, schema.Paging),
            answers=_answer("How many there are.", answers.Count),
            errors=_ERRORS,
        ),
        "create_webhook": Operation(
            summary="Have an address told of events",
            description="What is sent there: `docs/apis/youhaosuda.md`. A shop has at most 50.\n\n"
            f"Topics: {', '.join(f'`{topic}`' for topic in _TOPICS)}.",
            body=NewWebhookBody,
            answers=_answer("The new webhook, with its token.", NewWebhookAnswer),
            errors=_ERRORS,
        ),
        "get_webhook": Operation(
            summary="Look at a webhook",
            path=_WEBHOOK_ID,
            query=(schema.Shown,),
            answers=_answer("The webhook.", answers.WebhookAnswer),
            errors=_ERRORS,
        ),
        "update_webhook": Operation(
            summary="Change a webhook",
            description="One that was switched off because its endpoint failed is switched on "
            "again.",
            path=_WEBHOOK_ID,
            body=WebhookBody,
            answers=_answer("The webhook after it.", WholeWebhookAnswer),
            errors=_ERRORS,
        ),
        "delete_webhook": Operation(
            summary="End a webhook",
            path=_WEBHOOK_ID,
            answers=_answer("The webhook, as it was.", WholeWebhookAnswer),
            errors=_ERRORS,
        ),
    },
)
