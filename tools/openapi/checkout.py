"""The pages that buyers open in a browser."""

from typing import Final

from orderhub.pages.paypal_button import APPROVED

from .vocabulary import HTML, Answer, Api, Operation, Parameter, Segment


def _page(description: str) -> Answer:
    return Answer(description=description, shape=str, media=HTML)


_APPROVED: Final = {
    APPROVED: Parameter(
        description="How often the page was looked at since the buyer paid. The page itself adds "
        "it; whatever is no small number says nothing.",
        example="1",
    )
}
_TOKEN: Final = Parameter(
    description="The secret of the link: who has it may look.",
    shape=Segment,
    example="0eVbSAnEnVcNaEqOXJgWC3KM0oDLgYVdD3eTYBb4mJQ",
)
_ERRORS: Final = (404, 500, 503)

API: Final = Api(
    name="checkout",
    title="Buyers' pages",
    document="apis/shoplazza.md",
    description="Pages for buyers, in HTML. Nobody presents a credential; the link itself is one.",
    errors={
        404: _page("This link leads nowhere (any more); or the request had a body."),
        500: _page("A fault of ours."),
        503: _page("Busy. Look again."),
    },
    operations={
        "show_order": Operation(
            summary="An order's page",
            description="What was ordered, and what is still to be paid; with PayPal's button "
            "where the shop takes PayPal.",
            path={
                "order_id": Parameter(
                    description="The shop's id, a hyphen, and the order's id.",
                    shape=Segment,
                    example="demo-3474213212160001",
                ),
                "token": _TOKEN,
            },
            more_query=_APPROVED,
            answers={200: _page("The page.")},
            errors=_ERRORS,
        ),
        "show_payment": Operation(
            summary="The page behind a mailed payment link",
            description="What there is to pay, and what came of it.",
            path={"token": _TOKEN},
            more_query=_APPROVED,
            answers={200: _page("The page.")},
            errors=_ERRORS,
        ),
    },
)
