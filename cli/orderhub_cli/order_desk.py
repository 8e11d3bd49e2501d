"""``orderhub order file``, ``unfile``, ``remark``, ``message`` and ``feedback``: what buyer and
seller write, and where the seller keeps the order."""

from typing import Annotated, Final

import typer

from orderhub.domain.correspondence import LONGEST_REMARKS, Party, Rating
from orderhub.domain.order import Order
from orderhub.services import correspond
from orderhub.services.correspond import Letter, Opinion
from orderhub.services.file_order import file_order
from orderhub.services.remark_order import remark_order
from orderhub_cli import arguments
from orderhub_cli.arguments import AsJson, OrderName, ShopId, moment
from orderhub_cli.connection import connected_for_writing
from orderhub_cli.console import print_done
from orderhub_cli.help import examples
from orderhub_cli.order_changes import operator, print_change
from orderhub_cli.orders import find

app = typer.Typer()
_message = typer.Typer(help="Letters between buyer and seller.", no_args_is_help=True)
_feedback = typer.Typer(help="What buyer and seller say of each other.", no_args_is_help=True)
app.add_typer(_message, name="message")
app.add_typer(_feedback, name="feedback")

_RATINGS: Final = {rating.name.lower(): rating for rating in Rating}


@app.command("file", no_args_is_help=True, epilog=examples("orderhub order file demo BL-1"))
def file_(
    context: typer.Context, shop_id: ShopId, name: OrderName, as_json: AsJson = False
) -> None:
    """Put an order away: lists of current orders leave it out."""
    _file(context, shop_id, name, is_filed=True, as_json=as_json)


@app.command(no_args_is_help=True, epilog=examples("orderhub order unfile demo BL-1"))
def unfile(
    context: typer.Context, shop_id: ShopId, name: OrderName, as_json: AsJson = False
) -> None:
    """Take an order out again."""
    _file(context, shop_id, name, is_filed=False, as_json=as_json)


def _file(
    context: typer.Context, shop_id: str, name: str, *, is_filed: bool, as_json: bool
) -> None:
    at = connected_for_writing(context)
    change = file_order(at.desk, find(at, shop_id, name), operator(), is_filed=is_filed)
    if as_json:
        print_change(change)
        return
    how = "filed" if is_filed else "not filed"
    already = "" if change.recorded else " already"
    print_done(f"Order {change.order.number} is {how}{already}.")


@app.command(
    no_args_is_help=True,
    epilog=examples(
        "orderhub order remark demo BL-1 'Has ordered before: add a sticker'",
        "orderhub order remark demo BL-1 ''",
    ),
)
def remark(
    context: typer.Context,
    shop_id: ShopId,
    name: OrderName,
    text: Annotated[
        str,
        typer.Argument(
            metavar="TEXT", help=f"At most {LONGEST_REMARKS} characters; '' removes what there is."
        ),
    ],
    as_json: AsJson = False,
) -> None:
    """Write the seller's remarks on an order over. Notes are added to instead."""
    at = connected_for_writing(context)
    change = remark_order(at.desk, find(at, shop_id, name), text, operator())
    if as_json:
        print_change(change)
    elif change.order.remarks:
        print_done(f"Order {change.order.number} has these remarks.")
    else:
        print_done(f"Order {change.order.number} has no remarks.")


@_message.command(
    "add",
    no_args_is_help=True,
    epilog=examples(
        "orderhub order message add demo BL-1 --from kim --to brickshop --subject 'Shipping' "
        "--body 'Can you send it by Friday?'"
    ),
)
def add_message(
    context: typer.Context,
    shop_id: ShopId,
    name: OrderName,
    sender: Annotated[str, typer.Option("--from", help="Who wrote it.")],
    recipient: Annotated[str, typer.Option("--to", help="Who got it.")],
    body: Annotated[str, typer.Option("--body", help="What it says.")],
    subject: Annotated[str, typer.Option("--subject", help="What it is about.")] = "",
    sent_at: Annotated[
        str | None,
        typer.Option(
            "--at", metavar="TIME", help="When, like 2026-11-21T12:00:00Z.", show_default="now"
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Add a letter. The same again is another letter."""
    letter = Letter(
        subject=subject,
        body=body,
        sender=sender,
        recipient=recipient,
        sent_at=arguments.understood("--at", lambda: moment(sent_at)) if sent_at else None,
    )
    at = connected_for_writing(context)
    change = correspond.add_message(at.desk, find(at, shop_id, name), letter, operator())
    if as_json:
        print_change(change)
    else:
        count = len(change.order.messages)
        print_done(f"Added message {count} to order {change.order.number}.")


_Side = Annotated[
    Party, typer.Option("--of", help="Who is rated.", case_sensitive=False, show_default=False)
]


@_feedback.command(
    "add",
    no_args_is_help=True,
    epilog=examples(
        "orderhub order feedback add demo BL-1 --of seller --rating praise --from kim "
        "--to brickshop --comment 'Fast and safe'"
    ),
)
def add_feedback(
    context: typer.Context,
    shop_id: ShopId,
    name: OrderName,
    side: _Side,
    rating: Annotated[
        str, typer.Option("--rating", metavar="RATING", help=f"{', '.join(_RATINGS)}.")
    ],
    sender: Annotated[str, typer.Option("--from", help="The name of who rates.")],
    recipient: Annotated[str, typer.Option("--to", help="The name of who is rated.")],
    comment: Annotated[str, typer.Option("--comment", help="In words.")] = "",
    as_json: AsJson = False,
) -> None:
    """Rate the seller or the buyer of an order, once."""
    opinion = Opinion(
        side=side,
        rating=arguments.understood("--rating", lambda: _rating(rating)),
        sender=sender,
        recipient=recipient,
        comment=comment,
    )
    at = connected_for_writing(context)
    change = correspond.give_feedback(at.desk, find(at, shop_id, name), opinion, operator())
    if as_json:
        print_change(change)
    else:
        _print_feedback(change.order, side, "has feedback")


def _rating(text: str) -> Rating:
    if text.lower() not in _RATINGS:
        raise ValueError(f"{text!r} is not one of {', '.join(_RATINGS)}")
    return _RATINGS[text.lower()]


@_feedback.command(
    "reply",
    no_args_is_help=True,
    epilog=examples("orderhub order feedback reply demo BL-1 --of seller --text 'Thank you'"),
)
def reply(
    context: typer.Context,
    shop_id: ShopId,
    name: OrderName,
    side: _Side,
    text: Annotated[str, typer.Option("--text", help="What the one who was rated answers.")],
    as_json: AsJson = False,
) -> None:
    """Answer feedback, once."""
    at = connected_for_writing(context)
    order = find(at, shop_id, name)
    change = correspond.reply_to_feedback(at.desk, order, side, text, operator())
    if as_json:
        print_change(change)
    else:
        _print_feedback(change.order, side, "has replied")


def _print_feedback(order: Order, side: Party, what: str) -> None:
    print_done(f"The {side.value} of order {order.number} {what}.")
