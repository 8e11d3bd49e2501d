"""BrickLink's store order API. Its costs, lots and statuses: ``docs/apis/bricklink.md``."""

from collections.abc import Iterable, Mapping
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


def _one_of(words: Iterable[str]) -> WithJsonSchema:
    """The words stand in the text as well: pages that draw the document show no patterns."""
    told = ", ".join(f"`{word}`" for word in words)
    return WithJsonSchema(
        {
            **as_text(schema.in_any_case(*words)),
            "examples": [*words],
            "description": f"In any case: {told}.",
        }
    )


class StatusPatch(schema.Patch):
    """Where the order stands now."""

    field: Annotated[str, WithJsonSchema(as_text("status"))]
    """Always ``status``."""
    value: Annotated[str, _one_of(StatusWord)]


class PaymentStatusPatch(schema.Patch):
    """What became of the money."""

    field: Annotated[str, WithJsonSchema(as_text("payment_status"))]
    """Always ``payment_status``."""
    value: Annotated[str, _one_of(PaymentWord)]


_ORDER: Final = {
    "order_id": Parameter(
        description="The order's `order_id`.",
        shape=Annotated[int, Field(ge=1, le=MAX_ORDER_ID)],
        example=3474690969600001,
    )
}

# -- answers ---------------------------------------------------------------------------------------


def _answer(description: str, shape: object) -> dict[int, Answer]:
    """The envelope with what was asked for, or with a failure."""
    return {
        errors.HTTP_OK: Answer(description=f"{description} Or, by `meta`, why not.", shape=shape)
    }


API: Final = Api(
    name="bricklink",
    title="BrickLink store",
    document="apis/bricklink.md",
    quickstart="quickstart/bricklink.md",
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
            answers=_answer("Orders in short.", answers.OrdersAnswer | NotListed),
        ),
        "get_order": Operation(
            summary="Look at an order",
            description="The shop's own, or one that it placed at another shop.",
            path=_ORDER,
            answers=_answer("The order as of now.", answers.OrderAnswer | NotShown),
        ),
        "get_items": Operation(
            summary="Look at an order's lots",
            description="More lots than 5 MB show (about ten thousand) are refused.",
            path=_ORDER,
            answers=_answer("The lots, batch by batch.", answers.ItemsAnswer | NotShown),
        ),
        "get_messages": Operation(
            summary="Read the letters about an order",
            description="Those that the shop received as the seller: none of an order that it "
            "placed.",
            path=_ORDER,
            answers=_answer("The letters.", answers.MessagesAnswer | NotShown),
        ),
        "get_feedback": Operation(
            summary="Read what both sides say of each other",
            path=_ORDER,
            answers=_answer("The feedback.", answers.FeedbackAnswer | NotShown),
        ),
        "update_order": Operation(
            summary="Change costs, parcel, remarks and filing",
            description="All that is said is written at once, or nothing. The sales tax follows "
            "the costs, where the marketplace collects it.",
            path=_ORDER,
            body=schema.OrderEdit,
            answers=_answer("The order after it.", answers.OrderAnswer | NotChanged),
        ),
        "update_status": Operation(
            summary="Say where an order stands",
            description="A word that is accepted is the word that is read back; setting it again "
            "changes nothing.",
            path=_ORDER,
            body=StatusPatch,
            answers=_answer("It is written.", answers.DoneAnswer | NotChanged),
        ),
        "update_payment_status": Operation(
            summary="Say what became of an order's money",
            description="`Received` and `Completed` record a payment over all that is still due, "
            "`Returned` a refund of all that is held. No money is moved: it was, elsewhere.",
            path=_ORDER,
            body=PaymentStatusPatch,
            answers=_answer("It is written.", answers.DoneAnswer | NotChanged),
        ),
        "send_drive_thru": Operation(
            summary="Thank the buyer by mail",
            description="Each time that it is asked for. Needs no body.",
            path=_ORDER,
            query=(schema.DriveThru,),
            answers=_answer("The mail is on its way.", answers.DoneAnswer | NotChanged),
        ),
    },
)
