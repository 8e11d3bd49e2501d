"""BrickLink's store order API. Its costs, lots and statuses: ``docs/apis/bricklink.md``."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Final

from pydantic import Field, GetJsonSchemaHandler, WithJsonSchema
from pydantic_core import CoreSchema
from typing_extensions import TypedDict

from orderhub.domain.identity import MAX_ORDER_ID
from orderhub.wire.bricklink import answers, errors, schema
from orderhub.wire.bricklink.errors import Meta
from orderhub.wire.bricklink.status import PaymentWord, StatusWord
from orderhub.wire.fields import as_text

from .vocabulary import Answer, Api, Operation, Parameter

# -- failures --------------------------------------------------------------------------------------

_WHEN: Final[Mapping[Meta, str]] = {
    Meta.INVALID_REQUEST_BODY: "The body is no JSON object, or too large.",
    Meta.PARAMETER_MISSING_OR_INVALID: "A value can't be taken. `description` names all of them.",
    Meta.BAD_OAUTH_REQUEST: "Not signed, signed wrongly, too late, a second time, or by a signer "
    "that was revoked.",
    Meta.PERMISSION_DENIED: "The signer lacks the scope.",
    Meta.RESOURCE_NOT_FOUND: "No such order, or another shop's.",
    Meta.UNSUPPORTED_MEDIA_TYPE: "The body is not JSON by its content type, or not UTF-8.",
    Meta.RESOURCE_UPDATE_NOT_ALLOWED: "The order's state forbids it. `description` says why.",
    Meta.INTERNAL_SERVER_ERROR: "A fault of ours; or busy, which `description` says: send it "
    "again.",
}
"""Those that operations have: wrong paths and methods belong to none."""


@dataclass(frozen=True, slots=True)
class _AllBut:
    """Marks what may be told of a failure: each code with its message, ``never`` left out."""

    never: tuple[Meta, ...] = ()

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        told = [
            {
                "description": when,
                "properties": {"code": {"const": meta.code}, "message": {"const": meta.message}},
            }
            for meta, when in _WHEN.items()
            if meta not in self.never
        ]
        return {"allOf": [handler(schema), {"oneOf": told}]}


class NotListed(TypedDict):
    """Why there is no list."""

    meta: Annotated[
        answers.FailedMeta, _AllBut((Meta.RESOURCE_NOT_FOUND, Meta.RESOURCE_UPDATE_NOT_ALLOWED))
    ]
    data: answers.Nothing


class NotShown(TypedDict):
    """Why there is nothing to show."""

    meta: Annotated[answers.FailedMeta, _AllBut((Meta.RESOURCE_UPDATE_NOT_ALLOWED,))]
    data: answers.Nothing


class NotChanged(TypedDict):
    """Why nothing was changed."""

    meta: Annotated[answers.FailedMeta, _AllBut()]
    data: answers.Nothing


# -- requests --------------------------------------------------------------------------------------


class StatusPatch(schema.Patch):
    """Where the order stands now."""

    field: Annotated[str, WithJsonSchema(as_text("status"))]
    """Always ``status``."""
    value: Annotated[
        str,
        WithJsonSchema({**as_text(schema.in_any_case(*StatusWord)), "examples": [*StatusWord]}),
    ]
    """The word, in any case."""


class PaymentStatusPatch(schema.Patch):
    """What became of the money."""

    field: Annotated[str, WithJsonSchema(as_text("payment_status"))]
    """Always ``payment_status``."""
    value: Annotated[
        str,
        WithJsonSchema({**as_text(schema.in_any_case(*PaymentWord)), "examples": [*PaymentWord]}),
    ]
    """The word, in any case."""


_ORDER: Final = {
    "order_id": Parameter(
        description="The order's `order_id`.",
        shape=Annotated[int, Field(ge=1, le=MAX_ORDER_ID)],
        example=3474690969600001,
    )
}

# -- examples --------------------------------------------------------------------------------------

_COST: Final = {
    "currency_code": "EUR",
    "subtotal": "25.4200",
    "grand_total": "30.8200",
    "salesTax_collected_by_BL": "0.0000",
    "final_total": "30.8200",
    "etc1": "0.0000",
    "etc2": "0.0000",
    "insurance": "1.0000",
    "shipping": "4.9000",
    "credit": "0.5000",
    "coupon": "0.0000",
}

_HEADING: Final = {
    "order_id": 3474690969600001,
    "date_ordered": "2026-11-21T09:00:00.000Z",
    "seller_name": "demo",
    "store_name": "Demo shop",
    "buyer_name": "brickfan",
    "total_count": 12,
    "unique_count": 2,
    "status": "PENDING",
    "payment": {"method": "PayPal.com", "currency_code": "EUR", "status": "None"},
}

_SUMMARY: Final = {
    **_HEADING,
    "cost": {
        "currency_code": "EUR",
        "subtotal": "25.4200",
        "grand_total": "30.8200",
        "grandtotal": "30.8200",
    },
}

_RESOURCE: Final = {
    **_HEADING,
    "date_status_changed": "2026-11-21T09:00:00.000Z",
    "buyer_email": "brickfan@example.com",
    "buyer_order_count": 3,
    "require_insurance": False,
    "is_invoiced": False,
    "is_filed": False,
    "drive_thru_sent": False,
    "salesTax_collected_by_bl": False,
    "remarks": "Packed in a small box",
    "total_weight": "27.84",
    "shipping": {
        "method_id": 17862,
        "tracking_no": "RR123456785DE",
        "tracking_link": "https://carrier.example/RR123456785DE",
        "date_shipped": "2026-11-21T09:00:00.000Z",
        "address": {
            "name": {"full": "Erika Mustermann", "first": "Erika", "last": "Mustermann"},
            "full": "Heidestraße 17\n51147 Köln\nGermany",
            "address1": "Heidestraße 17",
            "country_code": "DE",
            "city": "Köln",
            "postal_code": "51147",
        },
    },
    "cost": _COST,
    "disp_cost": _COST,
}

_ITEM: Final = {
    "inventory_id": 41907,
    "item": {"no": "3001", "name": "Brick 2 x 4", "type": "PART", "category_id": 5},
    "color_id": 5,
    "color_name": "Red",
    "quantity": 10,
    "new_or_used": "N",
    "unit_price": "0.5420",
    "unit_price_final": "0.5420",
    "disp_unit_price": "0.5420",
    "disp_unit_price_final": "0.5420",
    "currency_code": "EUR",
    "disp_currency_code": "EUR",
    "weight": "2.32",
}

_MESSAGE: Final = {
    "subject": "Delivery",
    "body": "When will it be sent?",
    "from": "brickfan",
    "to": "demo",
    "dateSent": "2026-11-21T10:00:00.000Z",
}

_FEEDBACK: Final = {
    "feedback_id": 3474691185600001,
    "order_id": 3474690969600001,
    "from": "brickfan",
    "to": "demo",
    "date_rated": "2026-11-28T09:00:00.000Z",
    "rating": 0,
    "rating_of_bs": "S",
    "comment": "Thank you!",
}

# -- answers ---------------------------------------------------------------------------------------


def _failed(meta: Meta, description: str) -> Mapping[str, object]:
    return {
        "meta": {"description": description, "message": meta.message, "code": meta.code},
        "data": {},
    }


def _answer(description: str, shape: object, data: object, **failures: object) -> dict[int, Answer]:
    """The envelope with ``data``, or with a failure; ``failures`` are examples of those."""
    done = {"meta": {"description": "OK", "message": "OK", "code": 200}, "data": data}
    return {
        errors.HTTP_OK: Answer(
            description=f"{description} Or, by `meta`, why not.",
            shape=shape,
            examples={"done": done, **failures},
        )
    }


_NO_ORDER: Final = _failed(Meta.RESOURCE_NOT_FOUND, "There is no such order.")

API: Final = Api(
    name="bricklink",
    title="bricklink",
    description=(
        "A seller's systems look through orders, change costs, say where an order stands and what "
        "became of its money, and thank the buyer. HTTP's status is always 200: what became of a "
        "request stands in `meta`, whose `code` is 200 where it is done. What isn't known is left "
        "out of answers, never `null`. Bodies are of at most 64 KB."
    ),
    security={
        "oauth1": {
            "type": "apiKey",
            "in": "header",
            "name": "Authorization",
            "description": "OAuth 1.0 (RFC 5849) by HMAC-SHA1, with a consumer key and a token: "
            "each request is signed. A timestamp is good for five minutes, a nonce once. The "
            "parameters may also stand in the query, or there as one JSON object called "
            "`Authorization`.",
        }
    },
    operations={
        "list_orders": Operation(
            summary="List orders",
            description="The newest 500 that fit, newest first.",
            query=(schema.OrderFilters,),
            answers=_answer(
                "Orders in short.",
                answers.OrdersAnswer | NotListed,
                [_SUMMARY],
                invalid=_failed(
                    Meta.PARAMETER_MISSING_OR_INVALID, "direction must be one of in, out"
                ),
            ),
        ),
        "get_order": Operation(
            summary="Look at an order",
            description="The shop's own, or one that it placed at another shop.",
            path=_ORDER,
            answers=_answer(
                "The order as of now.",
                answers.OrderAnswer | NotShown,
                _RESOURCE,
                missing=_NO_ORDER,
            ),
        ),
        "get_items": Operation(
            summary="Look at an order's lots",
            description="More lots than 5 MB show (about ten thousand) are refused.",
            path=_ORDER,
            answers=_answer(
                "The lots, batch by batch.",
                answers.ItemsAnswer | NotShown,
                [[_ITEM]],
                missing=_NO_ORDER,
            ),
        ),
        "get_messages": Operation(
            summary="Read the letters about an order",
            description="Those that the shop received as the seller: none of an order that it "
            "placed.",
            path=_ORDER,
            answers=_answer(
                "The letters.",
                answers.MessagesAnswer | NotShown,
                [_MESSAGE],
                missing=_NO_ORDER,
            ),
        ),
        "get_feedback": Operation(
            summary="Read what both sides say of each other",
            path=_ORDER,
            answers=_answer(
                "The feedback.",
                answers.FeedbackAnswer | NotShown,
                [_FEEDBACK],
                missing=_NO_ORDER,
            ),
        ),
        "update_order": Operation(
            summary="Change costs, parcel, remarks and filing",
            description="All that is said is written at once, or nothing. The sales tax follows "
            "the costs, where the marketplace collects it.",
            path=_ORDER,
            body=schema.OrderEdit,
            answers=_answer(
                "The order after it.",
                answers.OrderAnswer | NotChanged,
                _RESOURCE,
                invalid=_failed(
                    Meta.PARAMETER_MISSING_OR_INVALID, "cost.shipping must not be negative"
                ),
                missing=_NO_ORDER,
            ),
        ),
        "update_status": Operation(
            summary="Say where an order stands",
            description="A word that is accepted is the word that is read back; setting it again "
            "changes nothing.",
            path=_ORDER,
            body=StatusPatch,
            answers=_answer(
                "It is written.",
                answers.DoneAnswer | NotChanged,
                {},
                forbidden=_failed(
                    Meta.RESOURCE_UPDATE_NOT_ALLOWED,
                    "PAID is not possible: the order is cancelled",
                ),
                missing=_NO_ORDER,
            ),
        ),
        "update_payment_status": Operation(
            summary="Say what became of an order's money",
            description="`Received` and `Completed` record a payment over all that is still due, "
            "`Returned` a refund of all that is held. No money is moved: it was, elsewhere.",
            path=_ORDER,
            body=PaymentStatusPatch,
            answers=_answer(
                "It is written.",
                answers.DoneAnswer | NotChanged,
                {},
                forbidden=_failed(
                    Meta.RESOURCE_UPDATE_NOT_ALLOWED,
                    "Sent is not possible: the payment is past being sent",
                ),
                missing=_NO_ORDER,
            ),
        ),
        "send_drive_thru": Operation(
            summary="Thank the buyer by mail",
            description="Each time that it is asked for. Needs no body.",
            path=_ORDER,
            query=(schema.DriveThru,),
            answers=_answer(
                "The mail is on its way.",
                answers.DoneAnswer | NotChanged,
                {},
                forbidden=_failed(Meta.RESOURCE_UPDATE_NOT_ALLOWED, errors.NO_ADDRESS),
                missing=_NO_ORDER,
            ),
        ),
    },
)
