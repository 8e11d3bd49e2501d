"""The Shoplazza API. What it means: ``docs/apis/shoplazza.md``."""

from typing import Annotated, Final

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


# -- operations ------------------------------------------------------------------------------------


def _failures(description: str, **headers: str) -> Answer:
    return Answer(
        description=description,
        shape=answers.Failures,
        headers={name.replace("_", "-"): said for name, said in headers.items()},
    )


_IDEMPOTENCY_KEY: Final = Parameter(
    description="With the same key the same request makes one order: for 24 hours a repeat gets "
    "the first answer, whatever became of the order since.",
    shape=Annotated[str, Field(min_length=1, max_length=inbound.LONGEST_KEY)],
    example="station-b-20261121-000001",
)

_CREATING: Final = (401, 403, 406, 422, 500, 503)


def _creating(version: str, description: str, shape: object) -> Operation:
    return Operation(
        summary=f"Make an order, version {version}",
        description=description,
        headers={errors.IDEMPOTENCY_KEY: _IDEMPOTENCY_KEY},
        body=_BODY,
        answers={
            200: Answer(
                description="The new order; for a repeat, as it was when it was made.",
                shape=shape,
            )
        },
        errors=_CREATING,
    )


API: Final = Api(
    name="shoplazza",
    title="Shoplazza",
    document="apis/shoplazza.md",
    quickstart="quickstart/shoplazza.md",
    description=(
        "A merchant's system makes orders on behalf of buyers: orders taken on another site, "
        "orders that a buyer is to pay by a link, orders that lived in another system until now. "
        'Failures are `{"errors": ["…"]}` in the vendor\'s words, and change nothing. Bodies are '
        "JSON of at most 512 KB."
    ),
    security={
        "token": {
            "type": "apiKey",
            "in": "header",
            "name": "access-token",
            "description": "The access token of the shop's app.",
        }
    },
    errors={
        401: Answer(
            description="No token, or not a good one; or the token is good and its shop is gone.",
            shape=answers.Failures | answers.Failure,
            examples={"store": {"error": errors.NOT_ACTIVE}},
        ),
        403: _failures("The token lacks the scope."),
        406: _failures(
            "Not an order at all: no JSON object, another content type, or too large.",
        ),
        422: Answer(
            description="Fields that are missing or wrong, in CamelCase; or what the order can't "
            "be made of, in the words of the vendor's document.",
            shape=answers.Failures,
            examples={
                "address": {"errors": [errors.NO_ADDRESS]},
                "amounts": {"errors": [errors.NOT_CALCULABLE]},
                "payment": {"errors": [errors.NOT_BUILDABLE]},
            },
        ),
        500: _failures("A fault of ours."),
        503: _failures(
            "Busy (`Aborted`), or a service did not answer (`DeadlineExceeded`). Nothing was "
            "changed; send it again.",
            Retry_After="Seconds to wait.",
        ),
    },
    operations={
        "create_order": _creating(
            "2022-01", "As the vendor's API has it since 2022-01.", answers.OrderAnswer
        ),
        "create_order/Newer": _creating(
            "2026-01", "The same with the answer of 2026-01.", answers.NewerAnswer
        ),
    },
)
